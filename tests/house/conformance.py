#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""conformance.py [--update] [--root DIR] -- holds docs/conformance.md to the tree.

A row of its tables is | ID | who | what is asked | code | tests |.  The code is files below lib/, include/ or
examples/; the tests are files below tests/ that name the ID.  A row that is not met has "not met: <why>" in place of
the code.
Checked: every file is there, every row has code and a test or says why not, no row stands twice, no test names a row
that does not exist, and the last column is what the tests say.  --update writes that column."""
import argparse
import collections
import os
import re
import sys

HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join("docs", "conformance.md")
NAME = re.compile(r"\b(?:STARDEL|STAR)-[0-9A-Z][0-9A-Za-z.]*-[0-9]+\b")
# "STAR-3.3-02, -03" and "STAR-3.3-02 to -04" name each of them, over the end of a comment's line too
MORE = re.compile(r"(,?)[\s*#]+(?:(to|and)[\s*#]+)?-([0-9]{2})\b")
CODE_PLACES = ("lib", "include", "examples")
NOT_TESTS = ("corpus", "vectors", "__pycache__", "house")
NOT_MET = "not met:"
CELLS = 5

Row = collections.namedtuple("Row", "line id who what code tests")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def rows_of(text):
    """The rows of all tables, in the page's order."""
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and NAME.fullmatch(cells[0]):
            if len(cells) != CELLS:
                raise SystemExit(f"{PAGE}:{number}: {len(cells)} cells, not {CELLS}")
            yield Row(number, *cells)


def names_in(text):
    """Every row a text names, written out."""
    for match in NAME.finditer(text):
        section, _, number = match[0].rpartition("-")
        last = int(number)
        yield match[0]
        more = MORE.match(text, match.end())
        while more and (more[1] or more[2]):
            first = last + 1 if more[2] == "to" else int(more[3])
            last = int(more[3])
            for between in range(first, last + 1):
                yield f"{section}-{between:02}"
            more = MORE.match(text, more.end())


def citations(root):
    """Which test files name which row: id -> sorted paths below tests/."""
    found = collections.defaultdict(set)
    tests = os.path.join(root, "tests")
    for folder, folders, names in os.walk(tests):
        folders[:] = [name for name in folders if name not in NOT_TESTS]
        for name in names:
            if name.endswith((".c", ".h", ".py", ".sh")):
                path = os.path.join(folder, name)
                for row in names_in(read(path)):
                    found[row].add(os.path.relpath(path, tests))
    return {row: sorted(paths) for row, paths in found.items()}


def files_in(cell):
    return re.findall(r"`([^`]+)`", cell)


def tests_cell(paths):
    return " ".join(f"`{path}`" for path in paths)


def code_complaints(root, code):
    if code.startswith(NOT_MET):
        if not code[len(NOT_MET):].strip():
            yield "says \"not met\" without a reason"
        return
    if not files_in(code):
        yield "names no code"
    for name in files_in(code):
        if not any(os.path.isfile(os.path.join(root, place, name)) for place in CODE_PLACES):
            yield f"names {name}, which is not below {', '.join(CODE_PLACES)}"


def row_complaints(root, row, cited):
    """What is wrong with one row."""
    yield from code_complaints(root, row.code)
    if not cited.get(row.id) and not row.code.startswith(NOT_MET):
        yield "has no test that names it"
    if row.tests != tests_cell(cited.get(row.id, [])):
        yield "does not list the tests that name it: run tests/house/conformance.py --update"


def complaints(root):
    """What is wrong with the page and the tests, a line each."""
    cited = citations(root)
    rows = list(rows_of(read(os.path.join(root, PAGE))))
    if not rows:
        yield f"{PAGE}: there are no rows"
    for row_id, count in collections.Counter(row.id for row in rows).items():
        if count > 1:
            yield f"{PAGE}: {row_id} stands {count} times"
    for row in rows:
        for complaint in row_complaints(root, row, cited):
            yield f"{PAGE}:{row.line}: {row.id} {complaint}"
    for unknown in sorted(set(cited) - {row.id for row in rows}):
        yield f"{', '.join('tests/' + path for path in cited[unknown])}: {unknown} is no row of {PAGE}"


def update(root):
    """Writes the last column."""
    path = os.path.join(root, PAGE)
    text = read(path)
    cited = citations(root)
    lines = text.splitlines()
    for row in rows_of(text):
        cells = [row.id, row.who, row.what, row.code, tests_cell(cited.get(row.id, []))]
        lines[row.line - 1] = "| " + " | ".join(cells) + " |"
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--root", default=HOME, help="the tree, if it is not this one")
    options = parser.parse_args()
    if options.update:
        update(options.root)
    found = list(complaints(options.root))
    print("1..1")
    print(f"{'not ok' if found else 'ok'} 1 - docs/conformance.md fits the code and the tests")
    for complaint in found:
        print(f"# {complaint}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

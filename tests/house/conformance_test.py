#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""conformance_test.py -- conformance.py on small trees, each with one fault or none."""
import os
import subprocess
import sys
import tempfile

CHECKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "conformance.py")

GOOD = "| STAR-1-01 | CA | is done | `a/b.c` | `unit/x_test.c` |"
OTHER = "| STAR-1-02 | CA | too | `a/b.c` `pub/b.h` | `unit/x_test.c` `unit/y_test.c` |"
CITING = {"unit/x_test.c": "/* STAR-1-01, -02 */", "unit/y_test.c": "/* STAR-1-02 */"}

# title, rows, tests, what is said; "" if nothing is wrong
CASES = (
    ("a page that is right", (GOOD, OTHER), CITING, ""),
    ("a range, broken between lines", (GOOD, OTHER),
     {"unit/x_test.c": "/* STAR-1-01 to\n * -02: both */", "unit/y_test.c": "STAR-1-02"}, ""),
    ("no code", (GOOD.replace("`a/b.c`", ""), OTHER), CITING, "STAR-1-01 names no code"),
    ("code that is gone", (GOOD.replace("a/b.c", "a/c.c"), OTHER), CITING, "STAR-1-01 names a/c.c, which is not below"),
    ("no test", ("| STAR-1-01 | CA | is done | `a/b.c` | |",), {"unit/x_test.c": ""}, "STAR-1-01 has no test"),
    ("a test of data only", ("| STAR-1-01 | CA | is done | `a/b.c` | |",), {"vectors/x.c": "STAR-1-01"},
     "STAR-1-01 has no test"),
    ("a row twice", (GOOD, GOOD, OTHER), CITING, "STAR-1-01 stands 2 times"),
    ("a test of an unknown row", (GOOD,), CITING, "tests/unit/x_test.c, tests/unit/y_test.c: STAR-1-02 is no row"),
    ("a range that goes too far", (GOOD, OTHER), {**CITING, "unit/y_test.c": "STAR-1-02 to -04"},
     "tests/unit/y_test.c: STAR-1-03 is no row"),
    ("a column that is not up to date", (GOOD, OTHER), {**CITING, "unit/z_test.c": "STAR-1-01"},
     "STAR-1-01 does not list the tests"),
    ("a column with a test that says nothing", (GOOD.replace("x_test.c`", "x_test.c` `unit/y_test.c`"), OTHER), CITING,
     "STAR-1-01 does not list the tests"),
    ("not met, with a reason", (GOOD.replace("`a/b.c`", "not met: too hard").replace("`unit/x_test.c`", ""),),
     {"unit/x_test.c": ""}, ""),
    ("not met, and no reason", (GOOD.replace("`a/b.c`", "not met:"), OTHER), CITING, "without a reason"),
    ("too many cells", (GOOD + " more |",), CITING, "6 cells, not 5"),
    ("no rows", (), {}, "there are no rows"),
)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def run(root, *options):
    return subprocess.run([sys.executable, "-B", CHECKER, "--root", root, *options], capture_output=True, text=True,
                          check=False)


def make(root, rows, tests):
    write(os.path.join(root, "lib", "a", "b.c"), "")
    write(os.path.join(root, "include", "pub", "b.h"), "")
    write(os.path.join(root, "docs", "conformance.md"),
          "# Page\n\n| Row | Who | What | Code | Tests |\n| --- | --- | --- | --- | --- |\n" + "\n".join(rows) + "\n")
    for name, text in tests.items():
        write(os.path.join(root, "tests", name), text)


def is_as_wanted(rows, tests, said):
    """Said once, and the exit status with it."""
    with tempfile.TemporaryDirectory() as root:
        make(root, rows, tests)
        done = run(root)
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("# ") or "cells" in line]
        if said == "":
            return done.returncode == 0 and lines == [], done
        return done.returncode == 1 and any(said in line for line in lines), done


def update_mends():
    with tempfile.TemporaryDirectory() as root:
        make(root, (GOOD, OTHER.replace("`unit/x_test.c` ", "")), CITING)
        before = run(root).returncode
        return before == 1 and run(root, "--update").returncode == 0 and run(root).returncode == 0


def main():
    failed = 0
    print(f"1..{len(CASES) + 1}")
    for number, (title, rows, tests, said) in enumerate(CASES, 1):
        good, done = is_as_wanted(rows, tests, said)
        print(f"{'ok' if good else 'not ok'} {number} - {title}")
        if not good:
            failed = 1
            for line in (done.stdout + done.stderr).splitlines():
                print(f"#   {line}")
    good = update_mends()
    print(f"{'ok' if good else 'not ok'} {len(CASES) + 1} - --update writes the column")
    return 1 if failed or not good else 0


if __name__ == "__main__":
    sys.exit(main())

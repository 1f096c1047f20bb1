# SPDX-License-Identifier: Apache-2.0
"""source.py -- the files of the tree, C text without comments and strings, and the table of modules."""
import functools
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE_SUFFIXES = (".c", ".h", ".py", ".sh", ".cmake", ".cddl", ".js", ".html", ".css", ".map")
SOURCE_NAMES = ("CMakeLists.txt", "Doxyfile", "run")
# Data that came from elsewhere, is checked by its own tests, or is what other programs left behind.
NOT_OURS = re.compile(r"^(build[^/]*|\.git|\.cache|tests/vectors/(?!.*\.(py|sh)$).*|tests/fuzz/corpus/.*)(/|$)")
TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<][^">]+[">])', re.M)


@functools.lru_cache(maxsize=None)
def files():
    """Every source file, relative to the root."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        relative = os.path.relpath(folder, ROOT)
        prefix = "" if relative == "." else relative + "/"
        folders[:] = sorted(f for f in folders if not NOT_OURS.match(prefix + f) and f != "__pycache__")
        for name in sorted(names):
            if (name.endswith(SOURCE_SUFFIXES) or name in SOURCE_NAMES) and not NOT_OURS.match(prefix + name):
                found.append(prefix + name)
    return found


def c_files(*prefixes):
    """C sources and headers below the given folders."""
    return [f for f in files() if f.endswith((".c", ".h")) and f.startswith(prefixes)]


def is_generated(path):
    """Tables that the CDDL compiler wrote."""
    return path.endswith(("_schema.c", "_schema.h"))


@functools.lru_cache(maxsize=None)
def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def blank(match):
    """A comment becomes blanks, a literal an empty one; lines stay where they are."""
    token = match.group(0)
    if token[0] == "/":
        return " " + "\n" * token.count("\n")
    return token[0] * 2


@functools.lru_cache(maxsize=None)
def code(path):
    """The C text without comments and contents of literals, line by line as it was."""
    return TOKEN.sub(blank, text(path))


@functools.lru_cache(maxsize=None)
def includes(path):
    """(line, name, is_quoted) of each include."""
    found = []
    plain = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text(path), flags=re.S)
    for match in INCLUDE.finditer(plain):
        found.append((plain.count("\n", 0, match.start(1)) + 1, match.group(1)[1:-1], match.group(1)[0] == '"'))
    return found


def functions(path):
    """(name, first line, lines) of each function: from the brace in column 0 to the one that closes it."""
    lines = code(path).split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            yield name_above(lines, start), start, number - start + 1
            start = None


def name_above(lines, start):
    """The name in the signature that ends above line |start|."""
    signature = ""
    for line in reversed(lines[max(0, start - 12):start - 1]):
        if line == "" or line.endswith((";", "}")) or line.startswith("#"):
            break
        signature = line + " " + signature
    match = re.search(r"(\w+)\s*\(", signature)
    return match.group(1) if match else "?"


class Module:
    """A row of the table in lib/CMakeLists.txt."""

    def __init__(self, name, folder, sees):
        self.name, self.folder, self.sees = name, folder, sees


@functools.lru_cache(maxsize=None)
def modules():
    """The core's modules by name."""
    table = {}
    for body in re.findall(r"^sdg_module\(([^)]*)\)", text("lib/CMakeLists.txt"), re.M):
        words = body.split()
        parts, key = {"FOLDER": [], "SEES": [], "LINK": []}, None
        for word in words[1:]:
            if word in parts:
                key = word
            else:
                parts[key].append(word)
        folder = parts["FOLDER"][0] if parts["FOLDER"] else words[0]
        table[words[0]] = Module(words[0], folder, parts["SEES"])
    return table


@functools.lru_cache(maxsize=None)
def adapters():
    """Folder of each adapter by its name."""
    return dict(re.findall(r"^\s*sdg_adapter\((\w+) ([\w/]+)", text("lib/CMakeLists.txt"), re.M))


def owner(path):
    """The name of the module or adapter that a path below lib/ belongs to; None for the compiler of schemas."""
    if path.startswith("lib/"):
        path = path[4:]
    if path.startswith("cddl/gen/"):
        return None
    best = None
    for name, folder in [(m.name, m.folder) for m in modules().values()] + list(adapters().items()):
        if path.startswith(folder + "/") and (best is None or len(folder) > len(best[1])):
            best = (name, folder)
    return best[0] if best else None

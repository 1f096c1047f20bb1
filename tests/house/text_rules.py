# SPDX-License-Identifier: Apache-2.0
"""text_rules.py -- rules that can be read off the files.  Each rule yields what breaks it, one line per place."""
import os
import re

import source

COLUMNS_MAX = 120
FUNCTION_MAX = 80
FUNCTION_AIM = 40
FILE_MAX = 600

# Who may include what: a pattern of headers, the folder that is the door, and who else may (programs and tests bring
# TLS servers, peers and second opinions of their own; nobody but its door touches cJSON or mbedTLS).
DOORS = (
    ("cJSON", r"^(cjson/|cJSON)", "lib/json/", ()),
    ("mbedTLS", r"^(mbedtls|psa)/", "lib/crypto/mbedtls/", ()),
    ("OpenSSL", r"^openssl/", "lib/crypto/openssl/", ("examples/", "tests/")),
    ("libcurl", r"^curl/", "lib/transport/curl/", ("examples/", "tests/")),
    ("libunbound", r"^unbound\.h", "lib/dns/unbound/", ("examples/", "tests/")),
    ("SQLite", r"^sqlite3", "lib/store/sqlite/", ("examples/", "tests/")),
    ("libpq", r"^(libpq-|postgresql/)", "lib/store/postgres/", ("examples/", "tests/")),
    ("libmicrohttpd", r"^microhttpd\.h", "examples/", ("tests/",)),
)
BANNED = ("strcpy strcat stpcpy strncat sprintf vsprintf gets scanf strtok atoi atol atoll atof strtol strtoll strtoul "
          "strtoull localtime localtime_r gmtime gmtime_r ctime ctime_r asctime mktime alloca tmpnam tempnam mktemp "
          "system popen rand srand rand_r random srandom drand48 setenv putenv").split()
# Tests read their own arguments and set their own environment.
ALLOWED_IN_TESTS = {"setenv", "strtoul", "strtoull", "system", "popen"}


def doors():
    for path in source.c_files("lib/", "examples/", "tests/", "include/"):
        for line, name, _ in source.includes(path):
            for what, pattern, door, others in DOORS:
                if re.match(pattern, name) and not path.startswith((door,) + others):
                    yield f"{path}:{line}: {what} is included outside of {door}"


def public_only():
    """Adapters and programs see public headers only."""
    for path in source.c_files("lib/"):
        name = source.owner(path)
        if name not in source.adapters():
            continue
        folder = os.path.dirname(path)
        for line, header, is_quoted in source.includes(path):
            if is_quoted and not os.path.exists(os.path.join(source.ROOT, folder, header)):
                yield f"{path}:{line}: an adapter includes {header}"


def edges():
    """Every include between modules is in the table of lib/CMakeLists.txt."""
    for path in source.c_files("lib/"):
        module = source.modules().get(source.owner(path))
        if module is None:
            continue
        for line, header, is_quoted in source.includes(path):
            target = source.owner("lib/" + header) if is_quoted else None
            if is_quoted and target is None:
                yield f"{path}:{line}: {header} belongs to no module"
            elif target is not None and target != module.name and target not in module.sees:
                yield f"{path}:{line}: {module.name} includes {header}, but does not see {target}"


def generator_edges():
    """The compiler of schemas knows no more of the library than its run-time tables."""
    for path in source.c_files("lib/cddl/gen/"):
        for line, header, is_quoted in source.includes(path):
            if is_quoted and source.owner("lib/" + header) not in (None, "cddl", "json", "base"):
                yield f"{path}:{line}: the CDDL compiler includes {header}"


def rings():
    """Modules that include one another, by the table and by what is really included."""
    graph = {name: set(module.sees) for name, module in source.modules().items()}
    for path in source.c_files("lib/"):
        name = source.owner(path)
        if name in graph:
            for _, header, is_quoted in source.includes(path):
                target = source.owner("lib/" + header) if is_quoted else None
                if target in graph and target != name:
                    graph[name].add(target)
    unknown = {t for targets in graph.values() for t in targets} - set(graph)
    for name in sorted(unknown):
        yield f"lib/CMakeLists.txt: no module {name}"
    while True:
        ready = [name for name, targets in graph.items() if not targets & set(graph)]
        if not ready:
            break
        for name in ready:
            del graph[name]
    if graph:
        yield "a ring of includes among: " + " ".join(sorted(graph))


def plain_includes():
    for path in source.c_files("lib/", "examples/", "tests/", "include/"):
        for line, header, _ in source.includes(path):
            if ".." in header.split("/"):
                yield f"{path}:{line}: {header} goes upwards"
            if header.endswith(".c"):
                yield f"{path}:{line}: {header} is no header"


def function_lengths():
    for path in source.c_files("lib/", "examples/", "tests/"):
        for name, line, length in source.functions(path):
            if length > FUNCTION_MAX:
                yield f"{path}:{line}: {name} has {length} lines, at most {FUNCTION_MAX}"


def long_functions():
    """What is allowed but over the aim: for information."""
    return [f"{length} {name} {path}:{line}" for path in source.c_files("lib/")
            for name, line, length in source.functions(path) if length > FUNCTION_AIM]


def file_lengths():
    for path in source.files():
        count = source.text(path).count("\n")
        if count > FILE_MAX and not source.is_generated(path):
            yield f"{path}: {count} lines, at most {FILE_MAX}"


def line_lengths():
    for path in source.files():
        if source.is_generated(path):
            continue
        for number, line in enumerate(source.text(path).split("\n"), 1):
            if len(line) > COLUMNS_MAX:
                yield f"{path}:{number}: {len(line)} columns, at most {COLUMNS_MAX}"


def licences():
    for path in source.files():
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(source.text(path).split("\n")[:3]):
            yield f"{path}: no SPDX-License-Identifier in its first lines"


def banned_calls():
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    for path in source.c_files("lib/", "examples/", "tests/", "include/"):
        for number, line in enumerate(source.code(path).split("\n"), 1):
            for call in pattern.findall(line):
                if not (path.startswith("tests/") and call in ALLOWED_IN_TESTS):
                    yield f"{path}:{number}: {call} is not used here"


def hidden_exits():
    """No macro of the library hides a return or a goto."""
    for path in source.c_files("lib/", "include/"):
        body = re.sub(r"\\\n", " ", source.code(path))
        for define in re.findall(r"^[ \t]*#[ \t]*define[^\n]*", body, re.M):
            if re.search(r"\b(return|goto)\b", define):
                yield f"{path}: a macro hides an exit: {define.split('(')[0].split()[-1]}"


def unfinished():
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    for path in source.files():
        for number, line in enumerate(source.text(path).split("\n"), 1):
            if words.search(line):
                yield f"{path}:{number}: {line.strip()[:80]}"


def own_header_first():
    """A file whose header has its name includes it first: so each header stands alone."""
    for path in source.c_files("lib/"):
        header = path[:-2] + ".h"
        names = (header[4:], os.path.basename(header))
        found = source.includes(path)
        if path.endswith(".c") and header in source.files() and found and found[0][1] not in names:
            yield f"{path}: does not include {header[4:]} first"


def test_names():
    """tests/unit/<module>_<part>_test.c."""
    names = tuple(name + "_" for name in source.modules())
    for path in source.c_files("tests/unit/"):
        name = os.path.basename(path)
        if not name.startswith(names) or (name.endswith(".c") and not re.match(r"^[a-z0-9_]+_test\.c$", name)):
            yield f"{path}: not <module>_<part>_test.c"


def tested_modules():
    """Every module has a unit test."""
    tests = [os.path.basename(path) for path in source.c_files("tests/unit/")]
    names = sorted(source.modules(), key=len, reverse=True)
    owners = {next((n for n in names if test.startswith(n + "_")), None) for test in tests}
    for name in source.modules():
        if name not in owners and name.split("_")[0] not in owners:
            yield f"lib/{source.modules()[name].folder}: no tests/unit/{name}_*_test.c"


def readme_example():
    """The README shows the example as it is in the file."""
    readme = os.path.join(source.ROOT, "README.md")
    if not os.path.exists(readme):
        yield "README.md: missing"
        return
    blocks = re.findall(r"<!-- from (\S+) -->\n```c\n(.*?)```", source.text("README.md"), re.S)
    if not blocks:
        yield "README.md: no example from a file"
    for path, block in blocks:
        if not os.path.exists(os.path.join(source.ROOT, path)) or block not in source.text(path):
            yield f"README.md: the block from {path} is not in it word by word"


def links():
    """Links between documents lead somewhere."""
    for folder in ("", "docs", "examples"):
        top = os.path.join(source.ROOT, folder)
        for name in sorted(os.listdir(top)) if os.path.isdir(top) else ():
            if name.endswith(".md"):
                path = os.path.join(folder, name)
                for target in re.findall(r"\]\(([^)#\s]+)", source.text(path)):
                    if not re.match(r"^[a-z]+:", target) and not os.path.exists(os.path.join(top, target)):
                        yield f"{path}: {target} is not there"


RULES = (
    ("every dependency has one door", doors),
    ("adapters see public headers only", public_only),
    ("modules include what the table allows", edges),
    ("the CDDL compiler stands apart", generator_edges),
    ("no rings of includes", rings),
    ("includes go neither upwards nor to .c files", plain_includes),
    ("a file includes its own header first", own_header_first),
    (f"functions have at most {FUNCTION_MAX} lines", function_lengths),
    (f"files have at most {FILE_MAX} lines", file_lengths),
    (f"lines have at most {COLUMNS_MAX} columns", line_lengths),
    ("every file names its licence", licences),
    ("no banned call", banned_calls),
    ("no macro hides an exit", hidden_exits),
    ("nothing is marked unfinished", unfinished),
    ("tests are named after modules", test_names),
    ("every module has a unit test", tested_modules),
    ("the README's example is the file's", readme_example),
    ("links between documents lead somewhere", links),
)

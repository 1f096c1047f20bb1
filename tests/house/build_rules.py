# SPDX-License-Identifier: Apache-2.0
"""build_rules.py -- rules that take a compiler, or what it made.  Each rule yields what breaks it, a line per place."""
import concurrent.futures
import os
import re
import shutil
import subprocess
import tempfile

import source

WARNINGS = "-Wall -Wextra -Wpedantic -Werror".split()
# What the core may ask of the system.  Nothing here reads a clock, draws a random number, or does input and output.
ALLOWED = {
    "memory": "malloc calloc realloc free",
    "bytes": "memchr memcmp memcpy memmove memset",
    "strings": "strchr strcmp strncmp strlen strpbrk strrchr strspn strcspn strnlen strstr",
    "numbers to text, into rooms of known size": "snprintf vsnprintf __snprintf_chk __vsnprintf_chk",
    "order of arrays": "qsort bsearch",
    "what compilers put in": "__stack_chk_fail _GLOBAL_OFFSET_TABLE_ __memcpy_chk __memset_chk __memmove_chk",
    "assertions": "__assert_fail",
    # The memory store and the mbedTLS provider serve many threads; a provider keeps its state per thread.
    "locks": "pthread_mutex_init pthread_mutex_destroy pthread_mutex_lock pthread_mutex_unlock pthread_once",
    "per-thread state": "pthread_key_create pthread_key_delete pthread_getspecific pthread_setspecific",
    # crypto/mbedtls/thread.c: a generator that crossed fork() is seeded again.
    "fork detection": "getpid",
}
ALLOWED_PREFIXES = ("cJSON_", "mbedtls_", "psa_")
CORE_NEEDS = r"^lib(cjson|mbedx509|mbedcrypto|c|pthread)\.so"
# Which public headers belong to a library of their own.
ADAPTER_HEADERS = {"files": "secrets_files.h", "exec": "dns_exec.h", "openssl": "crypto_openssl.h",
                   "pkcs11": "crypto_pkcs11.h", "sqlite": "store_sqlite.h", "postgres": "store_postgres.h",
                   "curl": "curl.h",
                   "unbound": "dns_unbound.h"}
INCLUDE = "-I" + os.path.join(source.ROOT, "include")
PROGRAM = """#include <stardeleg/base.h>
int main(void)
{
  return stardeleg_version() == STARDELEG_VERSION ? 0 : 1;
}
"""


class Build:
    """A build directory and its compilers."""

    def __init__(self, directory, cc, cxx, doxygen):
        self.directory, self.cc, self.cxx, self.doxygen = directory, cc, cxx, doxygen

    def lib(self, name):
        return os.path.join(self.directory, "lib", name)


def output(*command, **options):
    """What a program writes; its failure is an exception."""
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def public_headers():
    return [f for f in source.files() if f.startswith("include/stardeleg/") and f.endswith(".h")]


def compile_alone(command, header):
    """None, or the first complaint about a file that only includes |header|."""
    done = subprocess.run(command + ["-fsyntax-only", "-"], input=f"#include {header}\n", capture_output=True,
                          text=True, check=False)
    if done.returncode == 0:
        return None
    first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:200])
    return f"{header}: {first}"


def compile_all(jobs):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [said for said in pool.map(lambda job: compile_alone(*job), jobs) if said]


def public_headers_in_c(build):
    command = [build.cc, "-x", "c", "-std=c11", *WARNINGS, INCLUDE]
    return compile_all([(command, f"<{h[8:]}>") for h in public_headers()])


def public_headers_in_cxx(build):
    command = [build.cxx, "-x", "c++", "-std=c++11", *WARNINGS, INCLUDE]
    return compile_all([(command, f"<{h[8:]}>") for h in public_headers()])


def module_headers(build):
    """Each header of lib/ compiles alone and with what its module may see."""
    base = [build.cc, "-x", "c", "-std=c11", *WARNINGS, "-D_POSIX_C_SOURCE=200809L", INCLUDE]
    jobs = []
    for path in source.c_files("lib/"):
        name = source.owner(path)
        if not path.endswith(".h"):
            continue
        if name in source.adapters():
            folder, header = "lib/" + source.adapters()[name], os.path.basename(path)
            see = os.path.join(source.ROOT, folder)
        else:
            see, header = os.path.join(build.directory, "see", name or "cddl_gen"), path[4:]
        jobs.append((base + ["-I" + see], f'"{header}"'))
    return compile_all(jobs)


def declared(headers):
    """Functions that the headers mark for export."""
    names = set()
    for header in headers:
        for match in re.finditer(r"\bSTARDELEG_API\b(?!\s*(?:$|__))([^;{]*)", source.code(header), re.M):
            found = re.search(r"\b(stardeleg_\w+)\s*\(", match.group(1))
            if found:
                names.add(found.group(1))
    return names


def exports(build):
    """A shared library exports what its headers declare, no less and no more."""
    own = {name: "include/stardeleg/" + header for name, header in ADAPTER_HEADERS.items()}
    core = [h for h in public_headers() if h not in own.values()]
    wanted = {"libstardeleg.so": declared(core)}
    for name in source.adapters():
        wanted[f"libstardeleg_{name}.so"] = declared([own[name]])
    for library, names in wanted.items():
        if library != "libstardeleg.so" and not os.path.exists(build.lib(library)):
            continue
        lines = output("nm", "-D", "--defined-only", build.lib(library)).splitlines()
        found = {line.split()[2].split("@")[0] for line in lines if line.split()[1] != "A"}
        for name in sorted(names - found):
            yield f"{library}: {name} is declared, but not there"
        for name in sorted(found - names):
            yield f"{library}: {name} is exported, but not declared"


def symbols(archive):
    """(defined, undefined names) of an archive."""
    defined, undefined = set(), {}
    member = "?"
    for line in output("nm", archive).splitlines():
        words = line.split()
        if line.endswith(":"):
            member = line[:-1]
        elif len(words) == 3:
            defined.add(words[2])
        elif len(words) == 2 and words[0] in ("U", "w"):
            undefined.setdefault(words[1], member)
    return defined, undefined


def pure_core(build):
    """The core asks nothing of the system but what is listed above: no clock, no chance, no input or output."""
    allowed = {name for names in ALLOWED.values() for name in names.split()}
    defined, undefined = symbols(build.lib("libstardeleg.a"))
    for name, member in sorted(undefined.items()):
        if name not in defined and name not in allowed and not name.startswith(ALLOWED_PREFIXES):
            yield f"{member}: uses {name}"


def named_symbols(build):
    """Everything the core's objects share is named so that it cannot meet a program's own names."""
    for line in output("nm", "--defined-only", "--extern-only", build.lib("libstardeleg.a")).splitlines():
        words = line.split()
        if len(words) == 3 and not words[2].startswith(("stardeleg_", "sdg_")):
            yield f"libstardeleg.a: {words[2]} is neither stardeleg_ nor sdg_"


def no_writable_data(build):
    """The core has no variable that can be written."""
    member = "?"
    for line in output("readelf", "-SW", build.lib("libstardeleg.a")).splitlines():
        if line.startswith("File: "):
            member = line[6:]
        match = re.match(r"\s*\[ *\d+\] (\S+)\s+\S+\s+[0-9a-f]{8,16} [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +(\w*)\s", line)
        if match and "W" in match.group(3) and not match.group(1).startswith(".data.rel.ro"):
            if int(match.group(2), 16) > 0:
                yield f"{member}: {match.group(1)} has {int(match.group(2), 16)} bytes that can be written"


def core_alone(build):
    """A program with the whole core needs mbedTLS, cJSON and the C library only."""
    with tempfile.TemporaryDirectory() as folder:
        main, program = os.path.join(folder, "main.c"), os.path.join(folder, "main")
        with open(main, "w", encoding="ascii") as file:
            file.write(PROGRAM)
        command = [build.cc, INCLUDE, main, "-o", program, "-Wl,--whole-archive", build.lib("libstardeleg.a"),
                   "-Wl,--no-whole-archive", "-lmbedx509", "-lmbedcrypto", "-lcjson", "-pthread"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield "does not link: " + done.stderr.strip()[-400:]
            return
        if subprocess.run([program], check=False).returncode != 0:
            yield "the library's version is not its headers'"
        for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-dW", program)):
            if not re.match(CORE_NEEDS, needed):
                yield f"needs {needed}"


def documented(build):
    """Every public item is documented: Doxygen has nothing to say."""
    with tempfile.TemporaryDirectory() as folder:
        settings = f"{source.text('Doxyfile')}\nOUTPUT_DIRECTORY = {folder}\nGENERATE_HTML = NO\nGENERATE_XML = YES\n"
        done = subprocess.run([build.doxygen, "-"], input=settings, cwd=source.ROOT, capture_output=True, text=True,
                              check=False)
        for line in done.stderr.splitlines():
            yield line
        if done.returncode != 0 and not done.stderr:
            yield f"doxygen ended with {done.returncode}"


def rules(build):
    """(title, rule, reason to skip it or None)."""
    doxygen = None if shutil.which(build.doxygen) else "no doxygen"
    cxx = None if shutil.which(build.cxx) else "no C++ compiler"
    return (
        ("public headers compile alone in C", public_headers_in_c, None),
        ("public headers compile alone in C++", public_headers_in_cxx, cxx),
        ("headers of modules compile alone", module_headers, None),
        ("shared libraries export what is declared", exports, None),
        ("the core asks nothing of the system", pure_core, None),
        ("names of the core keep to themselves", named_symbols, None),
        ("the core has no writable data", no_writable_data, None),
        ("the core links alone", core_alone, None),
        ("everything public is documented", documented, doxygen),
    )

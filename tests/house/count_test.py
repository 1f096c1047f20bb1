#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""count_test.py -- count.py on reports as ctest writes them."""
import os
import subprocess
import sys
import tempfile

COUNT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "count.py")

# title, test cases (status, rest of the element), options, last line, exit status
ROWS = (
    ("a program without TAP is one case",
     [("run", "<system-out>fine</system-out>")], [], "1 passed, 0 failed", 0),
    ("TAP counts case by case",
     [("run", "<system-out>1..3\nok 1 - a\nok 2 - b # SKIP no node\nok 3 - c\n</system-out>")], [],
     "2 passed, 0 failed, 1 skipped", 0),
    ("several groups in one program",
     [("run", "<system-out>1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - c\n</system-out>")], [], "3 passed, 0 failed", 0),
    ("a case lost between other lines still ran",
     [("run", "<system-out>1..2\nsaid without a line feedok 1 - a\nok 2 - b\n</system-out>")], [],
     "2 passed, 0 failed", 0),
    ("failed cases",
     [("fail", "<failure/><system-out>1..2\nok 1 - a\nnot ok 2 - b\n</system-out>")], [], "1 passed, 1 failed", 1),
    ("a crash after good cases",
     [("fail", "<failure/><system-out>1..2\nok 1 - a\n</system-out>")], [], "1 passed, 1 failed", 1),
    ("a program that fails without a word",
     [("fail", "<failure/>")], [], "0 passed, 1 failed", 1),
    ("skipped on purpose",
     [("notrun", '<skipped message="SKIP_RETURN_CODE=77"/>'), ("run", "")], [], "1 passed, 0 failed, 1 skipped", 0),
    ("a program that is not there",
     [("notrun", '<skipped message="Unable to find executable"/>')], [], "0 passed, 1 failed", 1),
    ("a build that failed", [("run", "")], ["--broken", "1"], "1 passed, 1 failed", 1),
    ("no test at all", [], [], "0 passed, 1 failed", 1),
)


def count(cases, options):
    """Last line and exit status of count.py."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "tests.xml")
        with open(report, "w", encoding="utf-8") as file:
            file.write("<testsuite>")
            for number, (status, rest) in enumerate(cases):
                file.write(f'<testcase name="t{number}" status="{status}">{rest}</testcase>')
            file.write("</testsuite>")
        done = subprocess.run([sys.executable, COUNT, *options, report], capture_output=True, text=True, check=False)
        return done.stdout.splitlines()[-1], done.returncode


def main():
    failed = 0
    print(f"1..{len(ROWS) + 1}")
    for number, (title, cases, options, line, code) in enumerate(ROWS, 1):
        got = count(cases, options)
        print(f"{'ok' if got == (line, code) else 'not ok'} {number} - {title}")
        if got != (line, code):
            print(f"#   {got}, wanted {(line, code)}")
            failed = 1
    done = subprocess.run([sys.executable, COUNT, "/nonexistent/tests.xml"], capture_output=True, text=True,
                          check=False)
    missing = done.returncode == 1 and done.stdout.endswith("0 passed, 1 failed\n")
    print(f"{'ok' if missing else 'not ok'} {len(ROWS) + 1} - a report that is not there")
    return 1 if failed or not missing else 0


if __name__ == "__main__":
    sys.exit(main())

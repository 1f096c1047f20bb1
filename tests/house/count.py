#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""count.py [--broken N] REPORT... -- adds up the cases in the JUnit reports of ctest.

A program that speaks TAP counts case by case; another one is one case.  A program that ended badly has at least one
failed case, whatever it said.  The last line is "N passed, N failed[, N skipped]"."""
import argparse
import re
import sys
import xml.etree.ElementTree as tree

PLAN = re.compile(r"^1\.\.(\d+)", re.M)
CASE = re.compile(r"^(not ok|ok)\b(.*)$", re.M)
SKIP = re.compile(r"#\s*SKIP", re.I)


class Sum:
    """What was counted so far."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.bad = []

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def count_tap(output):
    """passed, failed, skipped cases of a program's output."""
    passed = failed = skipped = 0
    for verdict, rest in CASE.findall(output):
        if SKIP.search(rest):
            skipped += 1
        elif verdict == "ok":
            passed += 1
        else:
            failed += 1
    return passed, failed, skipped


def is_skipped_on_purpose(case):
    """Not run because the program said so, not because it could not be started."""
    skipped = case.find("skipped")
    return skipped is not None and skipped.get("message", "").startswith("SKIP_")


def add_program(total, where, case):
    """Counts one testcase element."""
    output = case.findtext("system-out") or ""
    passed, failed, skipped = count_tap(output)
    status = case.get("status")
    if status == "disabled" or (status == "notrun" and is_skipped_on_purpose(case)):
        skipped += 1
    elif status == "run" and passed + failed + skipped == 0:
        passed = 1
    elif status == "run" and failed == 0:
        # Cases that a program announced and that got lost between its other lines still ran: it ended well.
        planned = sum(int(n) for n in PLAN.findall(output))
        passed = max(passed, planned - skipped)
    elif status != "run" and failed == 0:
        failed = 1
    if failed:
        total.bad.append(f"{where}: {case.get('name')}: {failed} failed")
    total.add(passed, failed, skipped)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken", type=int, default=0, help="builds that failed: one failed case each")
    parser.add_argument("reports", nargs="*")
    options = parser.parse_args()
    total = Sum()
    total.failed += options.broken
    for report in options.reports:
        try:
            cases = list(tree.parse(report).getroot().iter("testcase"))
        except (OSError, tree.ParseError) as error:
            total.bad.append(f"{report}: {error}")
            total.failed += 1
            continue
        if not cases:
            total.bad.append(f"{report}: no test in it")
            total.failed += 1
        for case in cases:
            add_program(total, report, case)
    for line in total.bad:
        print(line)
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())

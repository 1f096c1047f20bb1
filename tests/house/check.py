#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py [--build DIR [--cc CC] [--cxx CXX]] -- the rules of the house, one TAP line each.

Without --build only the rules that need no compiler are checked."""
import argparse
import subprocess
import sys

import build_rules
import text_rules

SHOWN_MAX = 200


def tell(number, title, places):
    """One TAP line and, where the rule is broken, its places."""
    print(f"{'not ok' if places else 'ok'} {number} - {title}")
    for place in places[:SHOWN_MAX]:
        print(f"#   {place}")
    if len(places) > SHOWN_MAX:
        print(f"#   and {len(places) - SHOWN_MAX} more")
    return 1 if places else 0


def places_of(rule):
    """What breaks the rule; a rule that cannot be looked at, because something was not built, is broken."""
    try:
        return list(rule())
    except (OSError, subprocess.CalledProcessError) as error:
        return [str(error)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", help="a build directory")
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--cxx", default="g++")
    parser.add_argument("--doxygen", default="doxygen")
    parser.add_argument("--long", action="store_true", help="also list functions over the aim")
    options = parser.parse_args()
    rules = [(title, rule, None) for title, rule in text_rules.RULES]
    if options.build:
        build = build_rules.Build(options.build, options.cc, options.cxx, options.doxygen)
        for title, rule, reason in build_rules.rules(build):
            rules.append((title, lambda rule=rule: rule(build), reason))
    print(f"1..{len(rules)}")
    broken = 0
    for number, (title, rule, reason) in enumerate(rules, 1):
        if reason:
            print(f"ok {number} - {title} # SKIP {reason}")
        else:
            broken += tell(number, title, places_of(rule))
    if options.long:
        for line in sorted(text_rules.long_functions()):
            print(f"# {line}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

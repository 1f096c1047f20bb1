# SPDX-License-Identifier: Apache-2.0
# cddl/regex_compare.py -- three opinions on random regular expressions: the compiler's automata, derivatives
# (cddl_regex.py) and, where it is there, libxml2.  The first two must agree on everything.  libxml2 (2.9.14) takes some
# expressions for deterministic that are not ("[^a]+[^b]", "(x)+|") and then errs in a few strings of a thousand; where
# it stands alone, against the two, that is counted as its fault and limited.
# Usage: regex_compare.py ORACLE EXPRESSIONS [SEED]
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import cddl_regex


def judge(job):
    oracle, count, seed = job
    done = subprocess.run([oracle, str(count), str(seed)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return ["regex_oracle failed (%d): %s" % (done.returncode, done.stderr[-1000:])], 0, 0, 0, 0
    bad = []
    strings = matches = asked = alone = 0
    for line in done.stdout.splitlines():
        expression, *pairs = line.split(" ")
        if not pairs:
            continue
        expression = bytes.fromhex(expression).decode()
        regex = cddl_regex.Regex(expression)
        for pair in pairs:
            text, verdicts = pair.split(":")
            text = bytes.fromhex(text).decode()
            expected = "1" if regex.matches(text) else "0"
            strings += 1
            matches += expected == "1"
            asked += verdicts[1] != "-"
            alone += verdicts[1] not in ("-", expected)
            if verdicts[0] != expected:
                bad.append("%r on %r: automaton %s, derivatives %s, libxml2 %s" % (expression, text, verdicts[0],
                                                                                   expected, verdicts[1]))
    return bad, strings, matches, asked, alone


def main():
    oracle, count = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 8610
    parts = 8
    bad = []
    totals = [0, 0, 0, 0]
    with ProcessPoolExecutor(2) as pool:
        for found, *numbers in pool.map(judge, [(oracle, count // parts, seed * 100 + i) for i in range(parts)]):
            bad += found
            totals = [a + b for a, b in zip(totals, numbers)]
    strings, matches, asked, alone = totals
    print("seed %d: %d strings, %d matches, %d differences; libxml2 asked %d times, alone %d times"
          % (seed, strings, matches, len(bad), asked, alone))
    if asked == 0:
        print("libxml2 is not there: its opinion was not asked")
    for text in bad[:10]:
        print(text)
    sys.exit(0 if not bad and matches > strings // 50 and alone * 200 <= asked else 1)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
# cddl/cddl_compare.py -- two opinions on the same texts: the compiled tables (cddl_driver, C) and cddl_interp.py.
# Usage: cddl_compare.py templates|schemas DRIVER SCHEMA COUNT [SEED]
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor

import cddl_interp
import cddl_random


def run_driver(driver, arguments, lines):
    done = subprocess.run([driver] + arguments, input="\n".join(lines) + "\n", capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit("cddl_driver failed (%d): %s" % (done.returncode, done.stderr[-2000:]))
    # With -v an invalid text is followed by what is wrong with it, two blanks in front.
    out = []
    for line in done.stdout.splitlines():
        if line.startswith("  "):
            out[-1] = (out[-1][0], out[-1][1] + 1)
        else:
            out.append((line, 0))
    return out


def differences(driver, arguments, schema, lines):
    """Lines on which the two disagree, or whose refusal comes without a reason; and how many were valid."""
    bad = []
    valid = 0
    verdicts = run_driver(driver, ["-v"] + arguments, lines)
    if len(verdicts) != len(lines):
        sys.exit("cddl_driver gave %d verdicts for %d texts" % (len(verdicts), len(lines)))
    for line, (verdict, findings) in zip(lines, verdicts):
        expected = schema.validate(cddl_interp.load_json(line))
        valid += expected
        if verdict != ("valid" if expected else "invalid") or (findings == 0) != expected or findings > 64:
            bad.append("%s\n    C: %s with %d findings, Python: %s" % (line, verdict, findings, expected))
    return bad, valid


def compare_templates(job):
    driver, path, count, seed = job
    rng = random.Random(seed)
    with open(path, encoding="utf-8") as file:
        schema = cddl_interp.Schema(file.read())
    lines = [cddl_random.dumps(cddl_random.document(rng)) for _ in range(count)]
    return differences(driver, [], schema, lines)


def compare_schemas(job):
    driver, _, count, seed = job
    rng = random.Random(seed)
    bad = []
    valid = 0
    with tempfile.TemporaryDirectory() as folder:
        for i in range(count):
            source = cddl_random.schema(rng)
            path = os.path.join(folder, "%d.cddl" % i)
            with open(path, "w", encoding="utf-8") as file:
                file.write(source)
            schema = cddl_interp.Schema(source)
            lines = [cddl_random.dumps(cddl_random.small_document(rng, schema)) for _ in range(100)]
            found, good = differences(driver, [path], schema, lines)
            bad += [source + text for text in found]
            valid += good
    return bad, valid


def main():
    what, driver, path, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 9115
    parts = 16
    jobs = [(driver, path, (count + parts - 1) // parts, seed * 1000 + i) for i in range(parts)]
    compare = compare_templates if what == "templates" else compare_schemas
    bad = []
    valid = 0
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        for found, good in pool.map(compare, jobs):
            bad += found
            valid += good
    total = sum(job[2] for job in jobs) * (1 if what == "templates" else 100)
    print("%s: seed %d: %d texts compared, %d valid, %d differences" % (what, seed, total, valid, len(bad)))
    for text in bad[:5]:
        print(text)
    # A comparison in which nearly all is valid or nearly nothing is would prove little.
    lively = total // 50 < valid < total - total // 50
    if not lively:
        print("the texts are one-sided")
    sys.exit(0 if not bad and lively else 1)


if __name__ == "__main__":
    main()

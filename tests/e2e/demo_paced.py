#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration, at the pace that the machine allows.  Usage: demo_paced.py LIFETIME OPTION... (of demo.py)"""
import os
import shutil
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(ROOT, "examples", "demo"), os.path.join(ROOT, "tests", "support")]
import demo  # noqa: E402  (its path is known only now)
import pace  # noqa: E402
import processes  # noqa: E402

folders = []


def attempt(stretch):
    folders.append(tempfile.mkdtemp(prefix="stardeleg-demo-"))
    return demo.main([*sys.argv[2:], "--dir", folders[-1], "--lifetime", str(int(sys.argv[1]) * stretch)])


processes.end_well()
status = pace.play(attempt)
if status == 0:
    for folder in folders:
        shutil.rmtree(folder)
sys.exit(status)

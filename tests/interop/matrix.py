#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the matrix of docs/interop.md from the rows that the runs have left.

Usage: matrix.py BUILD_DIR           writes the section between the markers; tables of runs without rows stay
       matrix.py BUILD_DIR --check   says which peers and features the page has and the runs have not, or the other way
"""
import glob
import json
import os
import sys

from results import SKIPPED

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "interop.md")
BEGIN, END = "<!-- matrix:begin -->", "<!-- matrix:end -->"


def read_rows(build):
    rows = []
    for path in sorted(glob.glob(os.path.join(build, "interop-results", "*.json"))):
        with open(path, encoding="utf-8") as file:
            rows += [{**row, "run": os.path.basename(path)[:-5]} for row in json.load(file)]
    return rows


def clean(text):
    return text.replace("|", "\\|").replace("\n", " ")


def write_tables(rows, matrix):
    """A table for each run; of runs that were not made, the one that was there."""
    tables = {}
    for part in ("\n" + matrix).split("\n### ")[1:]:
        title, *table = part.strip().splitlines()
        tables[title.replace(" ", "_")] = table
    for run in dict.fromkeys(row["run"] for row in rows):
        tables[run] = ["", "| peer | feature | result |", "|---|---|---|"]
        for row in (row for row in rows if row["run"] == run):
            note = f": {clean(row['note'])}" if row["note"] else ""
            tables[run].append(f"| {clean(row['peer'])} | {clean(row['feature'])} | {row['result']}{note} |")
    lines = []
    for run in sorted(tables):
        lines += ["", f"### {run.replace('_', ' ')}", *tables[run]]
    return lines + [""]


def read_page():
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    head, rest = text.split(BEGIN, 1)
    matrix, tail = rest.split(END, 1)
    return head, matrix, tail


def cells(matrix):
    """Peer and feature of every row of the page, by run."""
    found, run = set(), ""
    for line in matrix.splitlines():
        if line.startswith("### "):
            run = line[4:].replace(" ", "_")
        parts = [part.strip() for part in line.strip("|").split(" | ")]
        if line.startswith("| ") and parts[0] != "peer" and len(parts) == 3:
            found.add((run, parts[0], parts[1]))
    return found


def main():
    all_rows = read_rows(sys.argv[1])
    rows = [row for row in all_rows if row["result"] != SKIPPED]
    head, matrix, tail = read_page()
    if len(sys.argv) > 2:
        runs = {row["run"] for row in rows}
        there = {(row["run"], clean(row["peer"]), clean(row["feature"])) for row in rows}
        skipped = {(row["run"], clean(row["peer"])) for row in all_rows if row["result"] == SKIPPED}
        listed = {cell for cell in cells(matrix) if cell[0] in runs and cell[:2] not in skipped}
        faults = [f"not in docs/interop.md: {cell}" for cell in sorted(there - listed)]
        faults += [f"not tried any more: {cell}" for cell in sorted(listed - there)]
        faults += [f"differs: {row['peer']}: {row['feature']}" for row in rows if row["result"] == "differs"]
        for fault in faults:
            print("#", fault)
        print(f"{'not ok' if faults else 'ok'} 1 - the matrix of docs/interop.md is that of the runs\n1..1")
        return 1 if faults else 0
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(head + BEGIN + "\n".join(write_tables(rows, matrix)) + END + tail)
    return 0


if __name__ == "__main__":
    sys.exit(main())

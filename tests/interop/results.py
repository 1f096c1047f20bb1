# SPDX-License-Identifier: Apache-2.0
"""Rows of the matrix: what was tried with whom, and how it went."""
import json
import os

OK, NOT_OFFERED, DIFFERS = "ok", "not offered", "differs"
SKIPPED = "skipped"  # not on the page


class Results:
    """Prints TAP while it collects; the file says the same to matrix.py."""

    def __init__(self, build, name):
        self.path = os.path.join(build, "interop-results", f"{name}.json")
        self.rows = []
        self.failures = 0
        self.count = 0

    def add(self, peer, feature, outcome, note=""):
        self.rows.append({"peer": peer, "feature": feature, "result": outcome, "note": note})
        good = outcome in (OK, NOT_OFFERED)
        self.failures += 0 if good else 1
        self.count += 1
        text = f"{'ok' if good else 'not ok'} {self.count} - {peer}: {feature}"
        print(text + (f" # {outcome}" if outcome != OK else "") + (f": {note}" if note else ""), flush=True)

    def run(self, peer, feature, action, *args):
        """One row: what |action| raises is what differs.  Answers what it answers, None after a failure."""
        try:
            answer = action(*args)
            self.add(peer, feature, OK)
            return answer if answer is not None else True
        except NotOffered as why:
            self.add(peer, feature, NOT_OFFERED, str(why))
        except Exception as why:  # whatever it is: the matrix shows it
            self.add(peer, feature, DIFFERS, " ".join(str(why).split())[:300])
        return None

    def take(self, collected):
        """The rows of somebody who worked beside."""
        for row in collected.rows:
            if row["result"] == SKIPPED:
                self.rows.append(row)
                print(f"# {row['peer']}: {row['note']}")
            else:
                self.add(row["peer"], row["feature"], row["result"], row["note"])

    def finish(self, keep=True):
        if keep:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            with open(self.path, "w", encoding="utf-8") as file:
                json.dump(self.rows, file, indent=1)
                file.write("\n")
        print(f"1..{self.count}")
        return 1 if self.failures else 0


class Collected(Results):
    """Rows for take(): nothing is printed by those who work beside each other."""

    def __init__(self):
        super().__init__("", "")
        self.logs = []

    def add(self, peer, feature, outcome, note=""):
        self.rows.append({"peer": peer, "feature": feature, "result": outcome, "note": note})


class NotOffered(Exception):
    """The peer does not have it."""

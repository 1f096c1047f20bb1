# SPDX-License-Identifier: Apache-2.0
"""pace.py -- scenes in which seconds count, on machines that have none to spare.

A scene that fails while the machine was disturbed is played again with its seconds stretched; on a machine that was
not, and at the slowest pace, its failure stands.
"""
import contextlib
import io
import threading
import time

STRETCHES = (1, 3, 8)
NAP_S = 0.05
LATE_S = 0.25  # somebody who has nothing to compute should not have to wait longer for a processor
IDLE_MIN = 0.6  # of all processors: what is left of a machine that plays one scene


def processor_times():
    """(idle, all) so far."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            values = [int(word) for word in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return 0, 0
    return values[3], sum(values)


class Watch:
    """Looks at the machine from its making to disturbance()."""

    def __init__(self):
        self.worst = 0.0
        self.over = threading.Event()
        self.before = processor_times()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        last = time.monotonic()
        while not self.over.wait(NAP_S):
            now = time.monotonic()
            self.worst = max(self.worst, now - last - NAP_S)
            last = now

    def disturbance(self):
        """What it was; None."""
        self.over.set()
        self.thread.join()
        idle, total = (after - before for after, before in zip(processor_times(), self.before))
        share = idle / total if total > 0 else 1.0
        if self.worst > LATE_S:
            return f"{self.worst:.2f} s without a processor"
        return f"processors idle for {100 * share:.0f} % only" if share < IDLE_MIN else None


def play(attempt):
    """attempt(stretch) prints TAP and returns the number of failures; so does this, of the attempt that counts."""
    for stretch in STRETCHES:
        said = io.StringIO()
        watch = Watch()
        try:
            with contextlib.redirect_stdout(said):
                failures = attempt(stretch)
        except BaseException:
            print(said.getvalue(), end="", flush=True)
            raise
        disturbance = watch.disturbance()
        if failures == 0 or disturbance is None or stretch == STRETCHES[-1]:
            break
        print("".join(f"# {line}\n" for line in said.getvalue().splitlines()), end="")
        print(f"# again, slower: {disturbance}", flush=True)
    print(said.getvalue(), end="", flush=True)
    return failures

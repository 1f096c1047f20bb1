#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pace_test.py -- which attempt of a scene counts, and what is told of the others."""
import contextlib
import io
import os
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pace  # noqa: E402  (its path is known only now)


class PaceTest(unittest.TestCase):
    def play(self, disturbances, failing):
        """(failures, stretches that were tried, what was printed)"""
        tried = []

        class Watch:
            def disturbance(self):
                return disturbances[len(tried) - 1]

        def attempt(stretch):
            tried.append(stretch)
            print("not ok 1 - x" if stretch in failing else "ok 1 - x")
            return 1 if stretch in failing else 0

        said = io.StringIO()
        real, pace.Watch = pace.Watch, Watch
        try:
            with contextlib.redirect_stdout(said):
                failures = pace.play(attempt)
        finally:
            pace.Watch = real
        return failures, tried, said.getvalue()

    def test_first(self):
        self.assertEqual(self.play(["noise"], ()), (0, [1], "ok 1 - x\n"))

    def test_failure_in_peace_stands(self):
        self.assertEqual(self.play([None], (1,)), (1, [1], "not ok 1 - x\n"))

    def test_failure_in_noise_is_tried_again(self):
        failures, tried, said = self.play(["noise", "noise"], (1,))
        self.assertEqual((failures, tried), (0, [1, 3]))
        self.assertEqual(said, "# not ok 1 - x\n# again, slower: noise\nok 1 - x\n")

    def test_the_slowest_counts(self):
        failures, tried, said = self.play(["noise"] * 3, (1, 3, 8))
        self.assertEqual((failures, tried), (1, [1, 3, 8]))
        self.assertEqual([line for line in said.split("\n") if line.startswith("not ok")], ["not ok 1 - x"])

    def test_what_is_measured(self):
        watch = pace.Watch()
        watch.worst = 2 * pace.LATE_S
        self.assertIn("without a processor", watch.disturbance())


if __name__ == "__main__":
    unittest.main()

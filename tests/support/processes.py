# SPDX-License-Identifier: Apache-2.0
"""processes.py -- how processes that tests have started are ended."""
import subprocess

PATIENCE_S = 30  # for what is written before the end


def end(process):
    """Asks, and then insists; None or one that has ended is well."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

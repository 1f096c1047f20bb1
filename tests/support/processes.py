# SPDX-License-Identifier: Apache-2.0
"""processes.py -- how processes that tests have started are ended."""
import signal
import subprocess
import sys

PATIENCE_S = 30  # for what is written before the end


def end_well():
    """From now on SIGTERM is an exception: what was started is ended on its way out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


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

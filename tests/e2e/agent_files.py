#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ndc-agent's files: a bundle of roots as large as systems have, one that is too large, one that is not there.

Prints TAP.  Usage: agent_files.py BUILD_DIR
"""
import json
import os
import subprocess
import sys
import tempfile

# One root of 400 bytes, so many times; its signature is of no matter for being read.
ROOT = """-----BEGIN CERTIFICATE-----
MIIBJjCBzqADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFJvb3QwHhcN
MjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAwWjAPMQ0wCwYDVQQDDARSb290MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg
9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9aMbMBkwFwYD
VR0RBBAwDoIMcm9vdC5leGFtcGxlMAoGCCqGSM49BAMCA0cAMEQCIAEBAQEBAQEB
AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAiABAQEBAQEBAQEBAQEBAQEBAQEBAQEB
AQEBAQEBAQEBAQ==
-----END CERTIFICATE-----
"""


def status(build, folder, roots):
    config = {"directory": "https://ido.example/acme/directory", "state": os.path.join(folder, "state"),
              "live": os.path.join(folder, "live"), "roots": roots}
    path = os.path.join(folder, "ndc-agent.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f)
    return subprocess.run([os.path.join(build, "examples", "ndc-agent", "ndc-agent"), "status", "--config", path],
                          capture_output=True, text=True, timeout=60, check=False)


def check(build, folder, size, wanted):
    """The agent starts, or says |wanted| and where."""
    roots = os.path.join(folder, "roots.pem")
    with open(roots, "w", encoding="ascii") as f:
        # Blanks between the blocks make it as large as asked for, without more roots than may be.
        count = min(size // len(ROOT), 900)
        f.write((ROOT + " " * ((size - count * len(ROOT)) // count - 1) + "\n") * count)
    done = status(build, folder, roots)
    if wanted is None:
        return done.returncode == 0 and done.stdout == "account=in-use\n", done.stdout + done.stderr
    return done.returncode == 1 and wanted in done.stderr and "/roots" in done.stderr, done.stdout + done.stderr


def missing(build, folder):
    done = status(build, folder, os.path.join(folder, "nothing.pem"))
    return done.returncode == 1 and "No such file" in done.stderr, done.stdout + done.stderr


def main():
    cases = [("300 KiB of roots", lambda b, f: check(b, f, 300 * 1024, None)),
             ("a MiB of roots", lambda b, f: check(b, f, 1024 * 1024 - 2048, None)),
             ("more than a MiB", lambda b, f: check(b, f, 1024 * 1024 + 2048, "File too large")),
             ("no roots", missing)]
    failed = 0

    print(f"1..{len(cases)}")
    for number, (name, play) in enumerate(cases, 1):
        with tempfile.TemporaryDirectory(prefix="stardeleg-agent-") as folder:
            good, said = play(sys.argv[1], folder)
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        if not good:
            print("# " + said.strip()[:500].replace("\n", "\n# "))
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

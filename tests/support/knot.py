# SPDX-License-Identifier: Apache-2.0
"""knot.py -- a Knot DNS server with zones that are changed by signed updates, on a free port of 127.0.0.1."""
import base64
import os
import secrets
import shutil
import subprocess
import time

import processes

ZONE = """$ORIGIN {name}.
$TTL 60
@ SOA ns.{name}. hostmaster.{name}. 1 3600 600 86400 1
@ NS ns.{name}.
ns A 127.0.0.1
{records}
"""


def missing(server="knotd"):
    """What is not installed; None."""
    for program in (server, "kdig", "nsupdate"):
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin") is None:
            return program
    return None


class Knot:
    """zones: name -> (records, is signed)."""

    def __init__(self, folder, port, zones):
        self.folder, self.port = folder, port
        self.process = None
        os.makedirs(folder, exist_ok=True)
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.key_file = self.write_key("update.key", self.key)
        for name, (records, _) in zones.items():
            self.write(f"{name}.zone", ZONE.format(name=name, records=records))
        self.config = self.write_config(zones)

    def write_config(self, zones):
        os.makedirs(self.path("db"), exist_ok=True)
        text = f"""server:
    rundir: "{self.folder}"
    listen: 127.0.0.1@{self.port}
database:
    storage: "{self.folder}/db"
key:
  - id: update
    algorithm: hmac-sha256
    secret: {self.key}
acl:
  - id: update
    address: 127.0.0.1
    key: update
    action: update
template:
  - id: default
    storage: "{self.folder}"
    zonefile-load: difference-no-serial
    journal-content: all
    acl: update
policy:
  - id: quick
    algorithm: ECDSAP256SHA256
    single-type-signing: on
zone:
"""
        for name, (_, is_signed) in zones.items():
            text += f"  - domain: {name}\n    file: {name}.zone\n"
            if is_signed:
                text += "    dnssec-signing: on\n    dnssec-policy: quick\n"
        return self.write("knot.conf", text)

    def command(self):
        return ["/usr/sbin/knotd", "-c", self.config]

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def write_key(self, name, secret):
        path = self.write(name, f'key "update" {{\n  algorithm hmac-sha256;\n  secret "{secret}";\n}};\n')
        os.chmod(path, 0o600)
        return path

    def start(self):
        with open(self.path("knot.log"), "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                with open(self.path("knot.log"), encoding="utf-8") as file:
                    raise OSError("the name server does not answer: " + file.read())
            time.sleep(0.05)
        return self

    def stop(self):
        processes.end(self.process)

    def ask(self, record, name, *more):
        """The records of a name as lines of text; none is not the same as no answer."""
        done = self.kdig(record, name, "+time=20", "+retry=2", *more)
        if done.returncode != 0:
            raise OSError(f"{record} of {name}: {done.stdout}{done.stderr}")
        return [line for line in done.stdout.splitlines() if line and not line.startswith(";")]

    def answers(self):
        done = self.kdig("SOA", "example.org", "+time=1", "+retry=0")
        return done.returncode == 0 and done.stdout != ""

    def kdig(self, record, name, *more):
        return subprocess.run(["kdig", "@127.0.0.1", "-p", str(self.port), "+short", *more, record, name],
                              capture_output=True, text=True, timeout=90, check=False)

    def update(self, *lines):
        """As an administrator does it by hand."""
        script = "\n".join([f"server 127.0.0.1 {self.port}", *(f"update {line}" for line in lines), "send", ""])
        subprocess.run(["nsupdate", "-k", self.key_file], input=script, text=True, timeout=60, check=True)

    def anchor(self, zone):
        """A file with the key of a signed zone, for a resolver to trust."""
        deadline = time.monotonic() + 60
        while True:
            keys = self.ask("DNSKEY", zone)
            if keys or time.monotonic() > deadline:
                return self.write(f"{zone}.anchor", "".join(f"{zone}. 60 IN DNSKEY {key}\n" for key in keys))
            time.sleep(0.05)

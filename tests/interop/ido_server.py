# SPDX-License-Identifier: Apache-2.0
"""ido-server as a process, with a plain CA behind it."""
import json
import os
import subprocess
import time

import peers


class IdoServer(peers.Peer):
    """An owner whose certificates come from |ca|, which validates at |http_port|."""

    name = "ido-server"

    def __init__(self, build, ca, http_port, **config):
        super().__init__()
        self.program = os.path.join(build, "examples", "ido-server", "ido-server")
        self.root, key = peers.make_tls_pair(self.dir, ["localhost", "127.0.0.1"])
        self.config = os.path.join(self.dir, "ido-server.json")
        self.port_file = os.path.join(self.dir, "state", "port")
        settings = {"listen": "127.0.0.1:0", "base-url": "https://localhost:{port}/acme",
                    "state": os.path.join(self.dir, "state"), "tls": {"cert": self.root, "key": key},
                    "http-01-listen": f"127.0.0.1:{http_port}", "trust": ca.trust, "threads": 4,
                    "resolve": [f"localhost:{ca.port}:127.0.0.1"], "order-poll-ms": 100, "backoff-min-ms": 100,
                    "issuers": [{"name": "public", "kind": "renew", "directory": ca.directory(),
                                 "terms-agreed": True, "validity": 90 * 86400}]}
        settings.update(config)
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(settings, file)

    def start(self):
        self.spawn([self.program, "run", "--config", self.config])
        self.wait_for(self.is_up)
        return self

    def is_up(self):
        try:
            return bool(peers.fetch(self.directory(), trust=self.root)) and bool(self.command("ndc-list", "--json"))
        except (OSError, ValueError, RuntimeError):
            return False

    def directory(self):
        with open(self.port_file, encoding="ascii") as file:
            return f"https://localhost:{int(file.read())}/acme/directory"

    def command(self, *words):
        """One command of the owner's; what it prints."""
        argv = [self.program, words[0], "--config", self.config, *words[1:]]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=peers.START_S, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr}{done.stdout}")
        return done.stdout

    def write_template(self, name, template):
        path = os.path.join(self.dir, f"{name}.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(template, file)
        return path

    def add_delegate(self, name, template, *scope):
        """A delegate whose orders are under one delegation, named or not; its binding."""
        mac_key = self.command("ndc-add", name).split()[-1]
        self.command("delegation-add", "--ndc", name, "--id", name, "--template", self.write_template(name, template),
                     "--order-kinds", "plain", *scope)
        self.command("ndc-default", name, "--delegation", name)
        return name, mac_key

    def add_key(self, name, path):
        """An account for a public key, for clients that know no binding."""
        return self.command("ndc-key", name, "--key", path)

    def wait_for_end(self, name, seconds=peers.START_S):
        """Ends a delegation and waits until its orders are over."""
        self.command("end", name)
        deadline = time.monotonic() + seconds
        while '"ended"' not in self.command("show", name, "--json"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not end: {self.command('list', name)}")
            time.sleep(0.2)

# SPDX-License-Identifier: Apache-2.0
"""star-ca as a process, and what the names it validates answer with."""
import functools
import http.server
import json
import os
import subprocess
import threading

import peers


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Nothing is said of requests."""


class Webroot:
    """Serves a directory to the CA's validator, as the web servers of the names would."""

    def __init__(self, path, port):
        self.path = path
        self.challenges = os.path.join(path, ".well-known", "acme-challenge")
        os.makedirs(self.challenges, exist_ok=True)
        handler = functools.partial(Quiet, directory=path)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class StarCa(peers.Peer):
    """One CA with its state in a directory that goes with it."""

    name = "star-ca"

    def __init__(self, build, names, **config):
        super().__init__()
        self.program = os.path.join(build, "examples", "star-ca", "star-ca")
        self.http01_port = peers.free_port()
        self.config = os.path.join(self.dir, "star-ca.json")
        self.root = os.path.join(self.dir, "ca", "root.pem")
        self.port_file = os.path.join(self.dir, "ca", "port")
        self.settings = {"listen": "127.0.0.1:0", "base-url": "https://localhost:{port}/acme",
                         "state": os.path.join(self.dir, "ca"), "tls-names": ["localhost", "127.0.0.1"],
                         "http-01-port": self.http01_port,
                         "resolve": [f"{name}:{self.http01_port}:127.0.0.1" for name in names]}
        self.reconfigure(**config)

    def reconfigure(self, **config):
        """Before it is started."""
        self.settings.update(config)
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(self.settings, file)

    def start(self):
        self.spawn([self.program, "run", "--config", self.config])
        self.wait_for(self.is_up)
        return self

    def is_up(self):
        try:
            return bool(peers.fetch(self.directory(), trust=self.root))
        except (OSError, ValueError):
            return False

    def directory(self):
        with open(self.port_file, encoding="ascii") as file:
            return f"https://localhost:{int(file.read())}/acme/directory"

    def make_binding(self, name):
        """Key identifier and MAC key of a new external account binding."""
        done = subprocess.run([self.program, "eab-add", "--config", self.config, name], check=True, capture_output=True,
                              text=True)
        return name, done.stdout.split()[-1]

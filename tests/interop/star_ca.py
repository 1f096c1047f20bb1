# SPDX-License-Identifier: Apache-2.0
"""star-ca as a process, and what the names it validates answer with."""
import functools
import http.server
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time

START_S = 15


def free_port():
    """A port nobody listens on at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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


class StarCa:
    """One CA with its state in a directory that goes with it."""

    def __init__(self, build, names, **config):
        self.program = os.path.join(build, "examples", "star-ca", "star-ca")
        self.dir = tempfile.mkdtemp(prefix="stardeleg-interop-")
        self.http01_port = free_port()
        self.config = os.path.join(self.dir, "star-ca.json")
        self.root = os.path.join(self.dir, "ca", "root.pem")
        self.log = os.path.join(self.dir, "star-ca.log")
        self.process = None
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
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program, "run", "--config", self.config], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        port_file = os.path.join(self.dir, "ca", "port")
        deadline = time.monotonic() + START_S
        while not (os.path.exists(port_file) and answers(port_file)):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"star-ca does not start: {self.log_text()}")
            time.sleep(0.05)
        return self

    def directory(self):
        with open(os.path.join(self.dir, "ca", "port"), encoding="ascii") as file:
            return f"https://localhost:{int(file.read())}/acme/directory"

    def make_binding(self, name):
        """Key identifier and MAC key of a new external account binding."""
        done = subprocess.run([self.program, "eab-add", "--config", self.config, name], check=True, capture_output=True,
                              text=True)
        return name, done.stdout.split()[-1]

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def answers(port_file):
    with open(port_file, encoding="ascii") as file:
        text = file.read().strip()
    if not text:
        return False
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", int(text))) == 0

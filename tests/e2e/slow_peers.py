#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""acme-client proves addresses by tls-alpn-01 and http-01 while others keep its ports busy: connections that say
nothing, half a handshake, and more of them than it has room for.  It asks the CA how things stand once it was asked.

Prints TAP.  Usage: slow_peers.py BUILD_DIR
"""
import json
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "interop"), os.path.join(HERE, "..", "peers")]  # both have a star_ca
try:
    import peers
    import star_ca
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

ROOM = 64  # connections that the responder keeps
HALF_A_HELLO = bytes.fromhex("1603010200010001fc0303")


def say_half(peer):
    try:
        peer.sendall(HALF_A_HELLO)
    except ConnectionError:
        pass  # one too many


class Client:
    def __init__(self, build, ca):
        self.program = os.path.join(build, "examples", "acme-client", "acme-client")
        self.ca = ca
        self.port = ca.settings["tls-alpn-01-port"]
        self.config = os.path.join(ca.dir, "client.json")

    def configure(self, kind):
        listen = {"tls-alpn-01": "tls-listen", "http-01": "http-listen"}[kind]
        self.port = self.ca.settings[f"{kind}-port"]
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump({"directory": self.ca.directory(), "state": os.path.join(self.ca.dir, "client"),
                       "trust": self.ca.root, "challenges": [kind], listen: f"127.0.0.1:{self.port}",
                       "order-poll-ms": 200, "patience-ms": 240000, "backoff-min-ms": 50}, file)

    def start(self, name):
        return subprocess.Popen([self.program, "--config", self.config, "order", name, "127.0.0.1"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def connect(self, process):
        """The program listens before it does anything else; None: it is done already."""
        deadline = time.monotonic() + 60
        while process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", self.port), 60)
            except ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        return None

    def order(self, name, silent, half):
        """Seconds that it took."""
        begin = time.monotonic()
        process = self.start(name)
        held = []
        try:
            for i in range(silent + half):
                peer = self.connect(process)
                if peer is None:
                    break
                held.append(peer)
                if i >= silent:
                    say_half(peer)
            output = process.communicate(timeout=300)[0]
        finally:
            process.kill()
            process.wait()
            for s in held:
                s.close()
        if process.returncode != 0 or "state=held" not in output:
            raise AssertionError(f"{process.returncode}: {output}")
        return time.monotonic() - begin


def main(build):
    ca = star_ca.StarCa(build, [], **{"challenges": ["http-01", "tls-alpn-01"], "tls-alpn-01-port": peers.free_port(),
                                      "http-01-port": peers.free_port(), "allowed-networks": ["127.0.0.1"],
                                      "validation-retry-ms": 100, "resolve": ["localhost:1:127.0.0.1"]})
    scenes = [("tls-alpn-01", 0, 0), ("tls-alpn-01", 3, 0), ("tls-alpn-01", 20, 20), ("tls-alpn-01", ROOM, ROOM),
              ("http-01", 0, 0), ("http-01", 10, 0)]
    failed = 0
    try:
        ca.start()
        client = Client(build, ca)
        print(f"1..{len(scenes)}")
        for number, (kind, silent, half) in enumerate(scenes, 1):
            what = f"{kind} beside {silent} silent connections and {half} half handshakes"
            try:
                client.configure(kind)
                taken = client.order(f"order{number}", silent, half)
                print(f"ok {number} - {what} # {taken:.1f} s")
            except (AssertionError, OSError, subprocess.TimeoutExpired) as wrong:
                failed += 1
                print(f"not ok {number} - {what}: {wrong}")
    finally:
        ca.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))

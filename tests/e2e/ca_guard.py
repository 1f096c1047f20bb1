#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""star-ca on its own ground: that its root stays, and what a client can make it connect to where no name server is
configured, so that the system finds the addresses: nothing in the CA's own network but what its operator wrote down
(RFC 8555 section 10.4).

libcurl and glibc take every name below "localhost" for a loopback address: a zone that answers 127.0.0.1, without one.

Prints TAP.  Usage: ca_guard.py BUILD_DIR
"""
import http.server
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "interop"), os.path.join(HERE, "..", "peers")]  # both have a star_ca
try:
    import acme_client
    import peers
    import star_ca
    import strict
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

HOSTILE = "inside.localhost"
OWN = "web.example.org"


class Bait(http.server.BaseHTTPRequestHandler):
    """Counts who comes; redirects OWN to where the test says."""
    asked = []
    target = None

    def do_GET(self):
        """Everything is answered."""
        Bait.asked.append(self.headers.get("Host", "").split(":")[0])
        self.send_response(302 if Bait.target else 200)
        if Bait.target:
            self.send_header("Location", Bait.target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Nothing is said of requests."""


def bait(address, port):
    server = http.server.ThreadingHTTPServer((address, port), Bait)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Scene:
    def __init__(self, build, **config):
        self.ca = star_ca.StarCa(build, [], **{"validation-retry-ms": 50, "resolve": ["localhost:1:127.0.0.1"]})
        self.ca.reconfigure(**config)
        self.port = self.ca.settings["http-01-port"]
        self.ca.start()
        self.client = acme_client.Client(self.ca.root, self.ca.directory())
        self.client.register(termsOfServiceAgreed=True)
        Bait.asked, Bait.target = [], None

    def error(self, name):
        """The type of the error that ends the authorization of |name|."""
        _, document = self.client.order({"identifiers": [{"type": "dns", "value": name}]})
        url = document["authorizations"][0]
        challenge = self.client.fetch(url).json()["challenges"][0]
        self.client.post(challenge["url"], {})
        deadline = time.monotonic() + 60
        while (authz := self.client.fetch(url).json())["status"] == "pending":
            strict.must(time.monotonic() < deadline, "8555 7.5.1", f"{name}: still pending")
            time.sleep(0.05)
        return authz["challenges"][0]["error"]["type"].split(":")[-1]


def with_scene(check, build, **config):
    scene = Scene(build, **config)
    servers = [bait("127.0.0.1", scene.port), bait("127.0.0.2", scene.port)]
    try:
        check(scene)
    finally:
        scene.ca.stop()
        for server in servers:
            server.shutdown()
            server.server_close()


def names_that_lead_inside(build):
    def check(scene):
        strict.must(scene.error(HOSTILE) == "connection", "8555 10.4", "the name was validated")
        strict.must(not Bait.asked, "8555 10.4", f"somebody came: {Bait.asked}")

    with_scene(check, build)


def redirects_that_lead_inside(build):
    """OWN's server is on 127.0.0.2, which the operator allows; it sends the CA to 127.0.0.1 by name and by number."""
    def check(scene):
        for host in (HOSTILE, "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"):
            Bait.asked, Bait.target = [], f"http://{host}:{scene.port}/secret"
            strict.must(scene.error(OWN) == "connection", "8555 10.4", f"the redirect to {host} was followed")
            strict.must(set(Bait.asked) == {OWN}, "8555 10.4", f"{host}: {Bait.asked}")

    port = peers.free_port()
    with_scene(check, build, **{"http-01-port": port, "resolve": [f"{OWN}:{port}:127.0.0.2"]})


def what_the_operator_allows(build):
    def check(scene):
        strict.must(scene.error(HOSTILE) == "incorrectResponse", "8555 8.3", "it was not asked")
        strict.must(HOSTILE in Bait.asked, "8555 8.3", f"{Bait.asked}")

    with_scene(check, build, **{"allowed-networks": ["127.0.0.0/8", "::1"]})


def the_root_stays(build):
    """Lost, its certificate is made again for the same key; without the key there is no second root."""
    ca = star_ca.StarCa(build, [OWN])

    def start():
        ca.start()
        ca.process.terminate()
        ca.process.wait(10)
        return subprocess.run(["openssl", "x509", "-in", ca.root, "-noout", "-pubkey"], check=True,
                              capture_output=True).stdout

    try:
        first = start()
        os.remove(ca.root)
        strict.must(start() == first, "root", "another key")
        secrets = os.path.join(ca.dir, "ca", "secrets")
        os.rename(secrets, secrets + ".lost")
        strict.must(subprocess.run([ca.program, "run", "--config", ca.config], capture_output=True, timeout=20,
                                   check=False).returncode == 1, "root", "started without its key")
        shutil.rmtree(secrets, ignore_errors=True)
        os.rename(secrets + ".lost", secrets)
        strict.must(start() == first, "root", "the root was replaced")
    finally:
        ca.stop()


CASES = (names_that_lead_inside, redirects_that_lead_inside, what_the_operator_allows, the_root_stays)


def main():
    peers.processes.end_well()
    failed = 0
    print(f"1..{len(CASES)}", flush=True)
    for number, case in enumerate(CASES, 1):
        try:
            case(sys.argv[1])
            print(f"ok {number} - {case.__name__}", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {case.__name__}\n# {error!r}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

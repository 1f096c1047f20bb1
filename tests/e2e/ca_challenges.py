#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates from star-ca by every kind of challenge, with the challenge test server of pebble as the world's DNS,
web and TLS servers; and what is refused: wrong answers, CAA, addresses of the CA's own network.

Prints TAP.  Usage: ca_challenges.py BUILD_DIR
"""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "interop"), os.path.join(HERE, "..", "peers")]  # both have a star_ca
try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    import acme_client
    import acme_wire as wire
    import peers
    import star_ca
    import strict
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

SERVER = "pebble-challtestsrv"
PATIENCE_S = 60
TYPES = ("http-01", "dns-01", "tls-alpn-01", "dns-account-01")


class World:
    """The test server: its ports, and what it is told."""

    def __init__(self):
        self.ports = {name: peers.free_port() for name in ("management", "dns01", "http01", "tlsalpn01")}
        flags = [f"-{name}=127.0.0.1:{port}" for name, port in self.ports.items()]
        self.process = subprocess.Popen([SERVER, *flags, "-https01=", "-defaultIPv6=", "-defaultIPv4=127.0.0.1"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.tell("clear-txt", host="nobody.example.")
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def tell(self, what, **values):
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['management']}/{what}",
                                         json.dumps(values).encode(), {"Content-Type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE_S) as reply:
            reply.read()

    def caa(self, host, *values, tag="issue"):
        self.tell("add-caa", host=f"{host}.", policies=[{"tag": tag, "value": value} for value in values])

    def stop(self):
        peers.processes.end(self.process)


class Scene:
    def __init__(self, build, world):
        self.world = world
        self.ca = star_ca.StarCa(build, [], **{
            "challenges": list(TYPES), "dns-servers": [f"127.0.0.1@{world.ports['dns01']}"], "dns-cache": 0,
            "http-01-port": world.ports["http01"], "tls-alpn-01-port": world.ports["tlsalpn01"],
            "allowed-networks": ["127.0.0.1"], "caa-identities": ["ca.example"], "validation-retry-ms": 100,
            "resolve": ["localhost:1:127.0.0.1"]}).start()
        self.client = acme_client.Client(self.ca.root, self.ca.directory(), star=True)
        self.client.register(termsOfServiceAgreed=True)

    def account_label(self):
        digest = hashlib.sha256(self.client.kid.encode()).digest()[:10]
        return "_" + base64.b32encode(digest).decode().lower()

    def publish(self, authz, challenge, wrong=False):
        """Makes the answer visible; a wrong one if it is to fail."""
        name, token = authz["identifier"]["value"], challenge["token"]
        content = f"{token}.{wire.thumbprint(wire.jwk_of(self.client.key.public_key()))}" + ("x" if wrong else "")
        digest = wire.b64u(hashlib.sha256(content.encode()).digest())
        if challenge["type"] == "http-01":
            self.world.tell("add-http01", token=token, content=content)
        elif challenge["type"] == "tls-alpn-01":
            self.world.tell("add-tlsalpn01", host=name, content=content)
        else:
            label = self.account_label() + "." if challenge["type"] == "dns-account-01" else ""
            self.world.tell("set-txt", host=f"{label}_acme-challenge.{name}.", value=digest)

    def prove(self, document, kind, wrong=False):
        """The final authorizations."""
        done = []
        for url in document["authorizations"]:
            authz = self.client.fetch(url).json()
            challenge = next(c for c in authz["challenges"] if c["type"] == kind)
            self.publish(authz, challenge, wrong)
            reply = self.client.post(challenge["url"], {})
            strict.must(reply.status == 200 and reply.json()["status"] != "pending", "8555 7.5.1", f"{reply!r}")
            deadline = time.monotonic() + PATIENCE_S
            while (authz := self.client.fetch(url).json())["status"] == "pending":
                strict.must(time.monotonic() < deadline, "8555 7.5.1", f"still pending: {authz}")
                time.sleep(0.05)
            done.append(authz)
        return done

    def order(self, *names):
        return self.client.order({"identifiers": [{"type": "dns", "value": name} for name in names]})

    def finish(self, url, document, *names):
        """The order as it ends."""
        key = ec.generate_private_key(ec.SECP256R1())
        san = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(san, False)
        csr = csr.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        document = self.client.poll(url, ("ready", "invalid"))
        strict.must(document["status"] == "ready", "8555 7.1.6", f"{document}")
        strict.must(self.client.finalize(document, csr).status == 200, "8555 7.4", "finalize")
        return self.client.poll(url)

    def obtain(self, kind, *names):
        url, document = self.order(*names)
        for authz in self.prove(document, kind):
            strict.must(authz["status"] == "valid" and len(authz["challenges"]) == 1, "8555 7.1.4", f"{authz}")
            strict.must(authz["challenges"][0]["type"] == kind, "8555 7.1.4", f"{authz}")
        document = self.finish(url, document, *names)
        strict.must(document["status"] == "valid", "8555 7.4", f"{document}")
        chain = strict.chain(self.client.post(document["certificate"]))
        strict.must(sorted(strict.names_of(chain[0])) == sorted(names), "8555 7.4", f"{strict.names_of(chain[0])}")


def every_type(scene):
    for kind in TYPES:
        scene.obtain(kind, f"{kind}.example.org", f"second.{kind}.example.org")


def wildcards(scene):
    """Name and wildcard one after the other: the test server keeps several TXT values."""
    url, document = scene.order("*.wild.example.org", "wild.example.org")
    kinds = [{c["type"] for c in scene.client.fetch(u).json()["challenges"]} for u in document["authorizations"]]
    strict.must(kinds[0] == {"dns-01", "dns-account-01"} and kinds[1] == set(TYPES), "8555 8.3", f"{kinds}")
    scene.prove(document, "dns-01")
    document = scene.finish(url, document, "*.wild.example.org", "wild.example.org")
    strict.must(document["status"] == "valid", "8555 7.4", f"{document}")


def delegated_dns(scene):
    """_acme-challenge is an alias into another zone."""
    scene.world.tell("set-cname", host="_acme-challenge.alias.example.org.",
                     target="_acme-challenge.elsewhere.example.net.")
    url, document = scene.order("alias.example.org")
    authz = scene.client.fetch(document["authorizations"][0]).json()
    challenge = next(c for c in authz["challenges"] if c["type"] == "dns-01")
    content = f"{challenge['token']}.{wire.thumbprint(wire.jwk_of(scene.client.key.public_key()))}"
    scene.world.tell("set-txt", host="_acme-challenge.elsewhere.example.net.",
                     value=wire.b64u(hashlib.sha256(content.encode()).digest()))
    scene.client.post(challenge["url"], {})
    document = scene.client.poll(url, ("ready", "invalid"))
    strict.must(document["status"] == "ready", "8555 8.4", f"{document}")


def wrong_answers(scene):
    for number, kind in enumerate(TYPES):
        _, document = scene.order(f"wrong{number}.example.org")
        authz = scene.prove(document, kind, wrong=True)[0]
        challenge = authz["challenges"][0]
        strict.must(authz["status"] == "invalid" and challenge["status"] == "invalid", "8555 7.1.6", f"{authz}")
        strict.must(challenge["error"]["type"].endswith(":incorrectResponse"), "8555 8.2", f"{challenge}")


def fails(scene, kind, name, redirect=None):
    """The type of the error that ends the authorization."""
    _, document = scene.order(name)
    url = document["authorizations"][0]
    challenge = next(c for c in scene.client.fetch(url).json()["challenges"] if c["type"] == kind)
    if redirect:
        scene.world.tell("add-redirect", path=f"/.well-known/acme-challenge/{challenge['token']}", targetURL=redirect)
    scene.client.post(challenge["url"], {})
    deadline = time.monotonic() + PATIENCE_S
    while (authz := scene.client.fetch(url).json())["status"] == "pending":
        strict.must(time.monotonic() < deadline, "8555 7.5.1", f"{kind} {name}: still pending")
        time.sleep(0.05)
    return authz["challenges"][0]["error"]["type"].split(":")[-1]


def kinds_of_failure(scene):
    scene.world.tell("set-servfail", host="_acme-challenge.broken.example.org.")
    scene.world.tell("add-a", host="inside.example.org.", addresses=["10.1.2.3"])
    cases = (("dns-01", "broken.example.org", ("dns",)), ("dns-01", "nothing.example.org", ("dns", "unauthorized")),
             ("http-01", "inside.example.org", ("connection",)), ("tls-alpn-01", "inside.example.org", ("connection",)),
             ("http-01", "missing.example.org", ("unauthorized", "incorrectResponse")),
             ("tls-alpn-01", "missing.example.org", ("tls", "incorrectResponse")))
    for kind, name, wanted in cases:
        error = fails(scene, kind, name)
        strict.must(error in wanted, "8555 6.7", f"{kind} {name}: {error}")
    for target in ("http://10.9.9.9/secret", "http://inside.example.org/secret", "http://169.254.169.254/latest",
                   "https://[::1]/secret"):
        error = fails(scene, "http-01", "redirect.example.org", target)
        strict.must(error == "connection", "8555 10.4", f"{target}: {error}")
    port = scene.world.ports["tlsalpn01"]
    strict.must(fails(scene, "http-01", "redirect.example.org", f"http://127.0.0.1:{port}/x") == "unauthorized",
                "8555 8.3", "a redirect to another port was followed")


def caa(scene):
    """By tree, account and method; the error names the name."""
    def refused(*names, kind="dns-01"):
        url, document = scene.order(*names)
        scene.prove(document, kind)
        document = scene.finish(url, document, *names)
        strict.must(document["status"] == "invalid", "8659 3", f"{document}")
        error = document["error"]
        strict.must(error["type"].endswith(":caa"), "8555 6.7", f"{error}")
        return [sub["identifier"]["value"] for sub in error["subproblems"]]

    scene.world.caa("closed.example.com", ";")
    scene.world.caa("ours.example.com", f"ca.example; accounturi={scene.client.kid}; validationmethods=dns-01")
    scene.world.caa("theirs.example.com", "ca.example; accounturi=https://ca.example/acct/1")
    strict.must(scene.client.directory["meta"]["caaIdentities"] == ["ca.example"], "8555 7.1.1", "caaIdentities")
    scene.obtain("dns-01", "a.ours.example.com")
    strict.must(refused("b.ours.example.com", kind="http-01") == ["b.ours.example.com"], "8657 4", "method")
    strict.must(refused("www.theirs.example.com") == ["www.theirs.example.com"], "8657 3", "account")
    names = ["a.open.example.com", "b.open.example.com", "deep.under.closed.example.com", "c.open.example.com"]
    strict.must(refused(*names) == ["deep.under.closed.example.com"], "8659 3", "every name")
    scene.world.tell("set-servfail", host="lost.example.com.")
    scene.world.tell("set-txt", host="_acme-challenge.lost.example.com.", value="x")
    strict.must(refused("lost.example.com") == ["lost.example.com"], "8659 3", "no answer is not an empty one")


CASES = (every_type, wildcards, delegated_dns, wrong_answers, kinds_of_failure, caa)


def main():
    peers.processes.end_well()
    if shutil.which(SERVER) is None:
        print(f"1..0 # SKIP {SERVER} is not installed")
        return 0
    world = World()
    failed = 0
    try:
        scene = Scene(sys.argv[1], world)
        print(f"1..{len(CASES)}", flush=True)
        try:
            for number, case in enumerate(CASES, 1):
                try:
                    case(scene)
                    print(f"ok {number} - {case.__name__}", flush=True)
                except Exception as error:  # pylint: disable=broad-except
                    failed += 1
                    print(f"not ok {number} - {case.__name__}\n# {error!r}", flush=True)
            if failed:
                print("".join(f"# {line}\n" for line in scene.ca.log_text().splitlines()[-40:]))
        finally:
            scene.ca.stop()
    finally:
        world.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

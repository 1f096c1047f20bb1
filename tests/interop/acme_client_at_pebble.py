#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our ACME client at pebble: the full life of an account, feature by feature.

Prints TAP and writes rows for matrix.py.  Usage: acme_client_at_pebble.py BUILD_DIR
"""
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

import peers
from results import NotOffered, Results

EAB = ("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W")
RUN_S = 300


class Ours:
    """The example program with a state of its own, at one CA."""

    def __init__(self, build, ca, http_port, tls_port, hook, **more):
        self.program = os.path.join(build, "examples", "acme-client", "acme-client")
        self.dir = tempfile.mkdtemp(prefix="stardeleg-client-")
        self.ca = ca
        self.config = {"directory": ca.directory(), "state": os.path.join(self.dir, "state"), "trust": ca.trust,
                       "resolve": [f"localhost:{ca.port}:127.0.0.1"], "terms-agreed": True,
                       "http-listen": f"127.0.0.1:{http_port}", "tls-listen": f"127.0.0.1:{tls_port}",
                       "order-poll-ms": 100, "backoff-min-ms": 100, "backoff-max-ms": 500, "patience-ms": 240000}
        if hook:
            self.config["dns-hook"] = hook
        self.config.update(more)

    def run(self, *command, fails=False, **more):
        path = os.path.join(self.dir, "config.json")
        config = {**self.config, **more}
        with open(path, "w", encoding="utf-8") as file:
            json.dump({key: value for key, value in config.items() if value is not None}, file)
        done = subprocess.run([self.program, "--config", path, *command], capture_output=True, text=True,
                              timeout=RUN_S, check=False)
        if (done.returncode != 0) != fails:
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr[-1500:]}")
        return done.stdout + (done.stderr if fails else "")

    def live(self, name, suffix):
        return os.path.join(self.dir, "state", "live", f"{name}.{suffix}")

    def chain(self, name):
        with open(self.live(name, "pem"), "rb") as file:
            return x509.load_pem_x509_certificates(file.read())

    def stop(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def check(condition, what):
    if not condition:
        raise RuntimeError(what)


def public_bytes(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class Life:
    """The features, each a method; the docstring is its name in the matrix."""

    def __init__(self, ours):
        self.ours = ours

    def obtain(self, name, *identifiers, **more):
        output = self.ours.run("order", name, *identifiers, **more)
        check("state=held" in output, output)
        chain = self.ours.chain(name)
        san = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [str(n.value) for n in san]
        check(sorted(names) == sorted(identifiers), f"names {names}")
        with open(self.ours.live(name, "key"), "rb") as file:
            key = serialization.load_pem_private_key(file.read(), None)
        check(public_bytes(key.public_key()) == public_bytes(chain[0].public_key()), "another key")
        for child, parent in zip(chain, chain[1:]):
            check(child.issuer == parent.subject, "the chain is not in order")
        return chain

    def register(self):
        check("account=https://" in self.ours.run("register"), "no account")

    def facts(self):
        check("key-change=1" in self.ours.run("facts"), "no keyChange in the directory")

    def only_existing(self):
        other = os.path.join(self.ours.dir, "other")
        output = self.ours.run("register", fails=True, state=other, **{"only-existing": True, "patience-ms": 2000})
        check("not done" in output, output)

    def http01(self):
        self.obtain("http", "a.example.test", "b.example.test", challenges=["http-01"])

    def tls_alpn01(self):
        self.obtain("tls", "c.example.test", challenges=["tls-alpn-01"])

    def dns01(self):
        self.obtain("dns", "d.example.test", challenges=["dns-01"])

    def wildcard(self):
        self.obtain("wild", "*.w.example.test", challenges=["http-01", "dns-01"])

    def wildcard_and_apex(self):
        self.obtain("both", "x.example.test", "*.x.example.test", challenges=["dns-01"])

    def address(self):
        self.obtain("ip", "127.0.0.1", challenges=["http-01", "tls-alpn-01"])

    def again(self):
        before = self.ours.chain("http")[0].serial_number
        after = self.obtain("http", "a.example.test", "b.example.test", challenges=["http-01"])
        check(after[0].serial_number != before, "the same certificate again")

    def rsa(self):
        self.obtain("rsa", "r.example.test", key="rsa2048", challenges=["http-01"])

    def failed_type(self):
        """The preferred challenge cannot be met from outside: the next order takes another type."""
        closed = f"127.0.0.1:{peers.free_port()}"
        self.obtain("second", "e.example.test", challenges=["tls-alpn-01", "http-01"], **{"tls-listen": closed})

    def profile(self):
        self.offered("profiles")
        leaf = self.obtain("short", "p.example.test", challenges=["http-01"], profile="six-days")[0]
        check(leaf.not_valid_after - leaf.not_valid_before <= datetime.timedelta(days=6), "a longer certificate")

    def dns_account01(self):
        self.by_dns("dns-account-01")

    def dns_persist01(self):
        self.by_dns("dns-persist-01")

    def by_dns(self, kind):
        self.offered("renewalInfo")  # as old as these types
        self.obtain(kind, f"{kind}.example.test", challenges=[kind])

    def replaces(self):
        """The CA has understood which certificate the new order replaces (RFC 9773 5)."""
        self.offered("renewalInfo")
        self.obtain("again", "ari.example.test", challenges=["http-01"])
        self.obtain("again", "ari.example.test", challenges=["http-01"])
        check("has been marked as replaced" in self.ours.ca.log_text(), "no replacement is in the CA's log")

    def offered(self, what):
        directory = json.loads(peers.fetch(self.ours.ca.directory(), trust=self.ours.ca.trust))
        if what not in directory and what not in directory["meta"]:
            raise NotOffered("this version has none")

    def contacts(self):
        self.ours.run("contacts", "mailto:owner@example.test")

    def orders(self):
        output = self.ours.run("orders")
        check(output.count("order=https://") >= 5, output)

    def change_key(self):
        self.ours.run("change-key")
        self.ours.run("register")

    def after_change(self):
        self.obtain("later", "l.example.test", challenges=["http-01"])

    def revoke(self):
        self.ours.run("revoke", "http", "4")
        self.revoked("http")

    def revoke_by_key(self):
        self.ours.run("revoke", "dns", "1", "--by-key")
        self.revoked("dns")

    def revoke_twice(self):
        self.ours.run("revoke", "http", "4")

    def revoked(self, name):
        if hasattr(self.ours.ca, "status"):
            status = self.ours.ca.status(self.ours.chain(name)[0].serial_number)
            check(status["Status"] == "Revoked", str(status))

    def deactivate(self):
        self.ours.run("deactivate")

    def closed(self):
        output = self.ours.run("order", "none", "n.example.test", fails=True)
        check("not allowed in this state" in output or "state" in output, output)


FULL = (("register", "account"), ("facts", "directory facts"), ("only_existing", "look-up without making an account"),
        ("http01", "http-01, two names"), ("tls_alpn01", "tls-alpn-01"), ("dns01", "dns-01"),
        ("wildcard", "wildcard"), ("wildcard_and_apex", "wildcard and its apex"), ("address", "IP address"),
        ("rsa", "RSA key"), ("again", "renewal under the same key"),
        ("failed_type", "next order after a failed challenge"), ("contacts", "new contact"),
        ("orders", "list of orders"), ("change_key", "new account key"), ("after_change", "order with the new key"),
        ("revoke", "revocation by the account"), ("revoke_by_key", "revocation by the certificate's key"),
        ("revoke_twice", "revocation of what is revoked"), ("deactivate", "deactivation"),
        ("closed", "nothing after deactivation"))
NEWER = (("register", "account"), ("profile", "profile, chosen by name"), ("dns_account01", "dns-account-01"),
         ("dns_persist01", "dns-persist-01"), ("replaces", "renewal that replaces (RFC 9773)"))
PROFILES = {"default": {"description": "the usual", "validityPeriod": 7776000},
            "six-days": {"description": "short", "validityPeriod": 518400}}
SHORT = ("register", "http01", "dns01", "change_key", "after_change", "revoke")


class Stage:
    """Ports for our responders, and the DNS that the CA asks."""

    def __init__(self, build, http_port=None, tls_port=None, dns_port=None):
        self.build = build
        self.http_port, self.tls_port = http_port or peers.free_port(), tls_port or peers.free_port()
        self.dns = peers.ChallTestSrv(dns_port).start()
        self.hook = self.dns.write_hook(os.path.join(self.dns.dir, "hook"))

    def pebble(self, **options):
        return peers.Pebble(self.dns, self.http_port, self.tls_port, **options)

    def ours(self, ca, **more):
        return Ours(self.build, ca, self.http_port, self.tls_port, self.hook, **more)

    def stop(self):
        self.dns.stop()


def live(results, peer, life, features):
    for method, feature in features:
        results.run(peer, feature, getattr(life, method))


def at_pebble(stage, results):
    """Full life with external account binding, five per cent of good nonces refused."""
    with stage.pebble(eab=EAB, va_nosleep=1, wfe_noncereject=5, authzreuse=0, wfe_orders_per_page=3) as ca:
        key_file = os.path.join(ca.dir, "mac")
        with open(key_file, "w", encoding="ascii") as file:
            file.write(EAB[1])
        ours = stage.ours(ca, eab={"key-id": EAB[0], "mac-key-file": key_file})
        bare = stage.ours(ca)
        try:
            results.run("pebble", "external account binding demanded", refused_without_binding, bare)
            live(results, "pebble", Life(ours), FULL)
        finally:
            ours.stop()
            bare.stop()


def refused_without_binding(ours):
    for patience_ms in (1500, 10000, 60000):  # it keeps trying as long as it may
        output = ours.run("register", fails=True, **{"patience-ms": patience_ms})
        if "external" in output.lower():
            return
    raise RuntimeError(output)


def harder(stage, results, peer, **options):
    with stage.pebble(**options) as ca:
        ours = stage.ours(ca)
        try:
            live(results, peer, Life(ours), [(m, f) for m, f in FULL if m in SHORT])
        finally:
            ours.stop()


def chains(stage, results):
    with stage.pebble(va_nosleep=1, alternate_roots=2, chain_length=2, wfe_noncereject=0) as ca:
        ours = stage.ours(ca)
        try:
            results.run("pebble", "alternate chains, one chosen", choose_chain, ours, ca)
        finally:
            ours.stop()


def choose_chain(ours, ca):
    life = Life(ours)
    roots = [x509.load_pem_x509_certificate(ca.root(i)).subject for i in range(3)]
    for index in range(3):
        chain = life.obtain(f"chain{index}", f"f{index}.example.test", challenges=["http-01"], chain=index)
        check(len(chain) > 2, f"{len(chain)} certificates in chain {index}")
        check(chain[-1].issuer == roots[index], f"chain {index} leads to {chain[-1].issuer.rfc4514_string()}")


def newer(stage, results):
    """What pebble 2.4 does not have yet."""
    with stage.pebble(va_nosleep=1, wfe_noncereject=0, authzreuse=0, profiles=PROFILES) as ca:
        ours = stage.ours(ca)
        try:
            live(results, "pebble, with profiles", Life(ours), NEWER)
        finally:
            ours.stop()


def slow(stage, results):
    with stage.pebble(va_sleeptime=2, wfe_noncereject=0) as ca:
        ours = stage.ours(ca)
        try:
            results.run("pebble", "slow validation", slow_order, ours)
        finally:
            ours.stop()


def slow_order(ours):
    Life(ours).obtain("slow", "s.example.test", challenges=["http-01"])


def main():
    peers.processes.end_well()
    build = sys.argv[1]
    results = Results(build, "acme_client_at_pebble")
    began = time.monotonic()
    try:
        stage = Stage(build)
    except peers.Missing as why:
        print(f"1..0 # SKIP {why}")
        return 0
    try:
        at_pebble(stage, results)
        harder(stage, results, "pebble, 50 % of nonces refused, authorizations reused", va_nosleep=1,
               wfe_noncereject=50, authzreuse=50)
        harder(stage, results, "pebble, 90 % of nonces refused", va_nosleep=1, wfe_noncereject=90, authzreuse=0)
        chains(stage, results)
        newer(stage, results)
        slow(stage, results)
    finally:
        stage.stop()
    print(f"# {time.monotonic() - began:.0f} s")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())

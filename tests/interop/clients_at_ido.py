#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients of other people at ido-server, over pebble: none of them knows of delegation.

Prints TAP and writes rows for matrix.py.  Usage: clients_at_ido.py BUILD_DIR [CLIENT...]
"""
import concurrent.futures
import os
import shutil
import sys
import tempfile
import time

import clients
import ido_server
import peers
from clients import Failure, certificate_of
from results import SKIPPED, Collected, NotOffered, Results


def names_of(certificate):
    san = certificate.extensions.get_extension_for_class(clients.x509.SubjectAlternativeName).value
    return sorted(san.get_values_for_type(clients.x509.DNSName))


KEYS = {
    "P-256": {"PublicKeyType": "id-ecPublicKey", "namedCurve": "secp256r1", "SignatureType": "ecdsa-with-SHA256"},
    "RSA": {"PublicKeyType": "rsaEncryption", "PublicKeyLength": 2048, "SignatureType": "sha256WithRSAEncryption"},
}
# What a template has to allow beside the names, because the client puts it into every request.
WANTS = {
    "lego": {"common_name": True},
    "dehydrated": {"common_name": True},
    "acme-tiny": {"keys": ["RSA"]},  # the request is its user's: here RSA, without a common name
    "uacme": {"common_name": True, "keyUsage": ["digitalSignature"]},
}


def template_of(names, keys=("P-256",), common_name=False, **extensions):
    template = {"keyTypes": [KEYS[key] for key in keys],
                "extensions": {"subjectAltName": {"DNS": names}, **extensions}}
    if common_name:
        template["subject"] = {"commonName": "*"}
    return template


class Nowhere:
    """A web root that no server shows: nothing has to be proven by the client."""

    def __init__(self, path):
        self.path = path
        self.challenges = os.path.join(path, ".well-known", "acme-challenge")
        os.makedirs(self.challenges, exist_ok=True)


class Life:
    """The features; each client has a delegate, a delegation and names of its own."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.names = [f"{label}.{client.name}.example.org" for label in ("a", "b")][:client.name_count]
        self.template = template_of(self.names, **WANTS.get(client.name, {}))
        self.last = None

    def look(self, path):
        certificate = certificate_of(path)
        if names_of(certificate) != self.names:
            raise Failure(f"names {names_of(certificate)}")
        if self.last is not None and certificate.serial_number == self.last.serial_number:
            raise Failure("the same certificate again")
        self.last = certificate

    def register(self):
        binding = self.server.add_delegate(self.client.name, self.template)
        if self.client.name == "acme-tiny":
            self.client.register()
            public = self.client.path("public.pem")
            self.client.run("openssl", "pkey", "-in", self.client.path("account.key"), "-pubout", "-out", public)
            self.server.add_key(self.client.name, public)
        else:
            self.client.register(binding)

    def obtain(self):
        self.look(self.client.obtain_p256(self.names))

    def renew(self):
        self.look(self.client.renew(self.names))

    def foreign_name(self):
        """One name more than the template has."""
        foreign = "x." + self.names[0]
        if self.client.name_count == 1:
            self.must_fail(lambda: self.client.obtain([foreign]), "the template demands this name, and it is missing")
        else:
            self.must_fail(lambda: self.client.obtain([foreign, *self.names]), "the template does not name it")

    def foreign_key(self):
        self.may("obtain_rsa")
        self.must_fail(lambda: self.client.obtain_rsa(self.names), "the template lists no key of this type")

    def revoke(self):
        self.may("revoke")
        self.must_fail(lambda: self.client.revoke(self.names), "revoked by the owner of the names")

    def ended(self):
        """The owner ends it: revoked at the CA, no renewal any more."""
        self.server.wait_for_end(self.client.name)
        status = self.server.ca.status(self.last.serial_number)
        if status["Status"] != "Revoked":
            raise Failure(f"at the CA: {status}")
        self.must_fail(lambda: self.client.renew(self.names), "has ended")

    def may(self, method):
        if not hasattr(self.client, method):
            raise NotOffered("")

    def must_fail(self, action, text):
        try:
            action()
        except Failure as why:
            if text not in " ".join(str(why).split()):
                raise Failure(f"does not show \"{text}\": {why}") from why
            return
        raise Failure("was not refused")


FEATURES = (("register", "account for a delegate"), ("obtain", "delegated certificate"), ("renew", "renewal"),
            ("revoke", "revocation: refused, it is the owner's"),
            ("foreign_key", "key outside the template: refused"),
            ("foreign_name", "name outside the template: refused, the client shows why"),
            ("ended", "the owner ends the delegation: revoked at the CA, renewal refused"))


def live(kind, server, root_dir):
    rows = Collected()
    peer = kind.name
    if not kind.is_installed():
        rows.add(peer, "", SKIPPED, "cannot be run here")
        return rows
    life = Life(kind(server, Nowhere(os.path.join(root_dir, "www")), root_dir), server)
    for method, feature in FEATURES:
        if rows.run(peer, feature, getattr(life, method)) is None and method in ("register", "obtain"):
            break
    return rows


def main():
    peers.processes.end_well()
    wanted = sys.argv[2:]
    results = Results(sys.argv[1], "clients_at_ido")
    root_dir = tempfile.mkdtemp(prefix="stardeleg-clients-")
    began = time.monotonic()
    try:
        http_port = peers.free_port()
        with peers.ChallTestSrv() as dns, \
                peers.Pebble(dns, http_port, peers.free_port(), va_nosleep=1, wfe_noncereject=0) as ca, \
                ido_server.IdoServer(sys.argv[1], ca, http_port) as server:
            server.tls_port, server.ca = peers.free_port(), ca
            kinds = [kind for kind in clients.ALL if not wanted or kind.name in wanted]
            with concurrent.futures.ThreadPoolExecutor(len(clients.ALL)) as pool:
                for rows in pool.map(lambda kind: live(kind, server, root_dir), kinds):
                    results.take(rows)
            if results.failures:
                print("# " + server.log_text()[-3000:].replace("\n", "\n# "))
    except peers.Missing as why:
        print(f"1..0 # SKIP {why}")
        return 0
    finally:
        if "STARDELEG_KEEP" not in os.environ:
            shutil.rmtree(root_dir, ignore_errors=True)
    print(f"# {time.monotonic() - began:.0f} s")
    return results.finish(keep=not wanted)


if __name__ == "__main__":
    sys.exit(main())

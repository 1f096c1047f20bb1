#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients of other people at star-ca: the life of an account and its certificates, feature by feature.

Prints TAP.  Usage: clients_at_star_ca.py BUILD_DIR [CLIENT...]
"""
import datetime
import os
import shutil
import sys
import tempfile

from cryptography.hazmat.primitives.asymmetric import ec, rsa

import clients
import star_ca
from clients import Failure, certificate_of

NAMES = ["a.example.org", "b.example.org"]


def names_of(certificate):
    san = certificate.extensions.get_extension_for_class(clients.x509.SubjectAlternativeName).value
    return sorted(san.get_values_for_type(clients.x509.DNSName))


class Life:
    """The features, in the order in which a client meets them."""

    def __init__(self, client, server):
        self.client = client
        self.server = server
        self.last = None

    def look(self, path, key=None):
        """What a new certificate has to be like."""
        certificate = certificate_of(path)
        if names_of(certificate) != NAMES:
            raise Failure(f"names {names_of(certificate)}")
        if self.last is not None and certificate.serial_number == self.last.serial_number:
            raise Failure("the same certificate again")
        if certificate.not_valid_after < datetime.datetime.utcnow():
            raise Failure("has ended already")
        if key and not key(certificate.public_key()):
            raise Failure(f"has a key of {type(certificate.public_key()).__name__}")
        self.last = certificate

    def register(self):
        self.client.register(self.server.make_binding(f"{self.client.name}-{os.getpid()}"))

    def obtain(self):
        self.look(self.client.obtain(NAMES))

    def obtain_rsa(self):
        self.look(self.client.obtain_rsa(NAMES), lambda key: isinstance(key, rsa.RSAPublicKey))

    def obtain_p384(self):
        self.look(self.client.obtain_p384(NAMES),
                  lambda key: isinstance(key, ec.EllipticCurvePublicKey) and key.key_size == 384)

    def renew(self):
        self.look(self.client.renew(NAMES))

    def revoke(self):
        self.client.revoke(NAMES)
        self.must_be_revoked()

    def revoke_by_key(self):
        self.look(self.client.renew(NAMES))
        self.client.revoke_by_key(NAMES)
        self.must_be_revoked()

    def must_be_revoked(self):
        serial = f"{self.last.serial_number:x}"
        if not any("revoked" in line and serial in line for line in self.server.log_text().splitlines()):
            raise Failure(f"{serial} is not revoked")

    def update_contact(self):
        self.client.update_contact()

    def change_key(self):
        self.client.change_key()
        self.look(self.client.renew(NAMES))

    def deactivate(self):
        self.client.deactivate()
        try:
            self.client.renew(NAMES)
        except Failure:
            return
        raise Failure("a deactivated account got a certificate")


FEATURES = (("register", "account, bound to the CA's customer"), ("obtain", "certificate for two names by http-01"),
            ("obtain_rsa", "certificate for an RSA key"), ("obtain_p384", "certificate for a P-384 key"),
            ("renew", "renewal"), ("revoke", "revocation by the account"),
            ("revoke_by_key", "revocation by the certificate's key"), ("update_contact", "new contact"),
            ("change_key", "new account key"), ("deactivate", "deactivation"))


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def say(self, ok, what, skip=None, detail=""):
        self.count += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.count} - {what}{' # SKIP ' + skip if skip else ''}", flush=True)
        for line in detail.splitlines():
            print("# " + line)


def live(tap, client, server):
    life = Life(client, server)
    for method, feature in FEATURES:
        what = f"{client.name}: {feature}"
        if not hasattr(client, method):
            continue
        try:
            getattr(life, method)()
            tap.say(True, what)
        except Exception as error:  # whatever a client does is its result
            tap.say(False, what, detail=f"{error}\n{server.log_text()[-1500:]}")


def main():
    wanted = sys.argv[2:]
    root_dir = tempfile.mkdtemp(prefix="stardeleg-clients-")
    server = star_ca.StarCa(sys.argv[1], NAMES)
    webroot = None
    tap = Tap()
    try:
        server.start()
        webroot = star_ca.Webroot(os.path.join(root_dir, "www"), server.http01_port)
        for kind in clients.ALL:
            if wanted and kind.name not in wanted:
                continue
            if not kind.is_installed():
                tap.say(True, kind.name, skip="cannot be run here")
                continue
            live(tap, kind(server, webroot, root_dir), server)
    finally:
        server.stop()
        if webroot:
            webroot.stop()
        shutil.rmtree(root_dir, ignore_errors=True)
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())

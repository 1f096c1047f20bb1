#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients of other people at star-ca: the life of an account and its certificates, feature by feature.

Each client has a CA of its own, so that they can live side by side.
Prints TAP and writes rows for matrix.py.  Usage: clients_at_star_ca.py BUILD_DIR [CLIENT...]
"""
import concurrent.futures
import datetime
import os
import shutil
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

import clients
import peers
import star_ca
from clients import Failure, certificate_of
from results import SKIPPED, Collected, NotOffered, Results

NAMES = ["a.example.org", "b.example.org"]
WILD = ["c.example.org", "*.c.example.org"]
OTHER_ROOT = "Another Root"


def names_of(certificate):
    san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(san.get_values_for_type(x509.DNSName))


def valid_until(certificate):
    """Old and new releases of the library say it differently."""
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_after_utc
    return certificate.not_valid_after.replace(tzinfo=datetime.timezone.utc)


class Life:
    """The features, in the order in which a client meets them."""

    def __init__(self, client, server, dns):
        self.client = client
        self.server = server
        self.dns_hook = dns.hook
        self.names = NAMES[:client.name_count]
        self.last = None

    def look(self, path, key=None, names=None):
        """What a new certificate has to be like."""
        certificate = certificate_of(path)
        if names_of(certificate) != sorted(names or self.names):
            raise Failure(f"names {names_of(certificate)}")
        if self.last is not None and certificate.serial_number == self.last.serial_number:
            raise Failure("the same certificate again")
        if valid_until(certificate) < datetime.datetime.now(datetime.timezone.utc):
            raise Failure("has ended already")
        if key and not key(certificate.public_key()):
            raise Failure(f"has a key of {type(certificate.public_key()).__name__}")
        self.last = certificate

    def register(self):
        self.client.register(self.server.make_binding(f"{self.client.name}-{os.getpid()}"))

    def obtain(self):
        self.look(self.client.obtain(self.names))

    def obtain_rsa(self):
        self.look(self.client.obtain_rsa(self.names), lambda key: isinstance(key, rsa.RSAPublicKey))

    def obtain_p384(self):
        self.look(self.client.obtain_p384(self.names),
                  lambda key: isinstance(key, ec.EllipticCurvePublicKey) and key.key_size == 384)

    def obtain_by_tls(self):
        names = ["t.example.org"]
        self.look(self.client.obtain_by_tls(names), names=names)

    def obtain_by_dns(self):
        self.look(self.client.obtain_by_dns(WILD, self.dns_hook), names=WILD)

    def obtain_chain(self):
        path = self.client.obtain_chain(self.names, OTHER_ROOT)
        with open(path, "rb") as file:
            chain = x509.load_pem_x509_certificates(file.read())
        issuers = [issuer.value for c in chain for issuer in c.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if OTHER_ROOT not in issuers:
            raise Failure(f"issuers {issuers}")
        self.look(path)

    def renew(self):
        self.look(self.client.renew(self.names))

    def revoke(self):
        self.client.revoke(self.names)
        self.must_be_revoked()

    def revoke_by_key(self):
        self.look(self.client.renew(self.names))
        self.client.revoke_by_key(self.names)
        self.must_be_revoked()

    def must_be_revoked(self):
        serial = f"{self.last.serial_number:x}"
        if not any("revoked" in line and serial in line for line in self.server.log_text().splitlines()):
            raise Failure(f"{serial} is not revoked")

    def update_contact(self):
        self.client.update_contact()

    def change_key(self):
        self.client.change_key()
        self.look(self.client.renew(self.names))

    def deactivate(self):
        self.client.deactivate()
        try:
            self.client.renew(self.names)
        except Failure:
            return
        raise Failure("a deactivated account got a certificate")


FEATURES = (("register", "account, bound to the CA's customer"), ("obtain", "certificate for its names"),
            ("obtain_rsa", "certificate for an RSA key"), ("obtain_p384", "certificate for a P-384 key"),
            ("renew", "renewal"), ("revoke", "revocation by the account"),
            ("revoke_by_key", "revocation by the certificate's key"), ("obtain_by_tls", "tls-alpn-01"),
            ("obtain_by_dns", "dns-01: a wildcard and its apex"), ("obtain_chain", "alternate chain, chosen"),
            ("update_contact", "new contact"), ("change_key", "new account key"), ("deactivate", "deactivation"))


def cross_sign(server, path):
    """The CA's root, signed by another one: how a new CA begins its life."""
    with open(server.root, "rb") as file:
        root = x509.load_pem_x509_certificate(file.read())
    key = ec.generate_private_key(ec.SECP256R1())
    # dehydrated finds no common name that stands alone.
    other = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
                       x509.NameAttribute(NameOID.COMMON_NAME, OTHER_ROOT)])
    builder = (x509.CertificateBuilder().subject_name(root.subject).issuer_name(other).public_key(root.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(valid_until(root) - datetime.timedelta(days=3650)).not_valid_after(valid_until(root)))
    for extension in root.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    with open(path, "wb") as file:
        file.write(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def start_ca(build, dns, root_dir):
    cross = os.path.join(root_dir, "cross.pem")
    server = star_ca.StarCa(build, [])
    tls_port = peers.free_port()
    server.reconfigure(**{"challenges": ["http-01", "dns-01", "tls-alpn-01"], "resolve": ["localhost:1:127.0.0.1"],
                          "dns-servers": [f"127.0.0.1@{dns.dns_port}"], "dns-cache": 0, "validation-retry-ms": 200,
                          "allowed-networks": ["127.0.0.1"], "tls-alpn-01-port": tls_port})
    subprocess.run([server.program, "server-cert", "--config", server.config, "--cert",
                    os.path.join(root_dir, "unused.pem"), "--key", os.path.join(root_dir, "unused.key"), "localhost"],
                   check=True, capture_output=True)  # makes the root
    cross_sign(server, cross)
    server.reconfigure(**{"alternate-chains": [cross]})
    server.tls_port, server.dns_port = tls_port, dns.dns_port
    return server.start()


def live(kind, build, top):
    """One client at a CA and with a DNS of its own: all clients take the same names, and take records away again."""
    rows = Collected()
    if not kind.is_installed():
        rows.add(kind.name, "", SKIPPED, "cannot be run here")
        return rows
    root_dir = os.path.join(top, kind.name + "-life")
    os.makedirs(root_dir)
    with peers.ChallTestSrv() as dns:
        dns.hook = dns.write_hook(os.path.join(dns.dir, "hook"))
        play(rows, kind, build, dns, root_dir)
    return rows


def play(rows, kind, build, dns, root_dir):
    server = start_ca(build, dns, root_dir)
    webroot = star_ca.Webroot(os.path.join(root_dir, "www"), server.http01_port)
    try:
        life = Life(kind(server, webroot, root_dir), server, dns)
        for method, feature in FEATURES:
            if method != "register" and not hasattr(life.client, method):
                rows.add(kind.name, feature, "not offered")
            elif rows.run(kind.name, feature, getattr(life, method)) is None:
                rows.logs.append(server.log_text()[-1500:])
    finally:
        webroot.stop()
        server.stop()


def main():
    peers.processes.end_well()
    wanted = sys.argv[2:]
    results = Results(sys.argv[1], "clients_at_star_ca")
    top = tempfile.mkdtemp(prefix="stardeleg-clients-")
    began = time.monotonic()
    try:
        kinds = [kind for kind in clients.ALL if not wanted or kind.name in wanted]
        with concurrent.futures.ThreadPoolExecutor(len(clients.ALL)) as pool:
            for rows in pool.map(lambda kind: live(kind, sys.argv[1], top), kinds):
                results.take(rows)
                for log in rows.logs:
                    print("# " + log.replace("\n", "\n# "))
    except peers.Missing as why:
        print(f"1..0 # SKIP {why}")
        return 0
    finally:
        shutil.rmtree(top, ignore_errors=True)
    print(f"# {time.monotonic() - began:.0f} s")
    return results.finish(keep=not wanted)


if __name__ == "__main__":
    sys.exit(main())

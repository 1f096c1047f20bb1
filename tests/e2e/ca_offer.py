#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""star-ca as an ordinary CA: profiles, renewal information and its drill, replacement, revocation and the list that
openssl reads, by a client in Python.

Prints TAP.  Usage: ca_offer.py BUILD_DIR
"""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
try:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    import acme_wire as wire
    import csr_template
    import stage as play
    import star_ours_test as owner
    import strict
    from ido import prove
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

NAME = owner.NAME
CLIENT_AUTH = x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH


class Scene:
    def __init__(self, stage):
        self.stage = stage
        self.client, self.tokens = owner.open_scene(stage, **{
            "crl-lifetime": 3600, "renewal-info": 900, "plain-lifetime": 600,
            "profiles": [{"name": "classic", "description": "as asked"},
                         {"name": "short", "orders": "plain", "lifetime": 120, "client-auth": "always",
                          "subject-key-id": False, "common-name": "always"}]})

    def obtain(self, **more):
        """(order document, certificates)"""
        url, document = self.client.order({"identifiers": [{"type": "dns", "value": NAME}], **more})
        prove(self.client, document, self.tokens)
        document = self.client.poll(url, ("ready", "invalid"))
        parts = csr_template.parts_from(play.template_for(NAME))
        strict.must(self.client.finalize(document, parts.der()).status == 200, "8555 7.4", "finalize")
        document = self.client.poll(url)
        strict.must(document["status"] == "valid", "8555 7.4", f"{document}")
        return document, strict.chain(self.client.post(document["certificate"]))

    def renewal_info(self, leaf):
        key_id = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1, "big")
        name = f"{wire.b64u(key_id)}.{wire.b64u(serial)}"
        reply = self.client.get(f"{self.client.directory['renewalInfo']}/{name}")
        strict.must(reply.status == 200 and reply.header("Retry-After") == "900", "9773 4.3", f"{reply!r}")
        window = reply.json()["suggestedWindow"]
        start, end = wire.parse_rfc3339(window["start"]), wire.parse_rfc3339(window["end"])
        strict.must(start < end, "9773 4.2", f"{window}")
        return name, start, end

    def renew(self, *words, status=0):
        return self.stage.run(self.stage.program("star-ca"), "renew", "--config", self.stage.star_ca_config, *words,
                              status=status)

    def openssl_verify(self, leaf, chain):
        """What openssl says of the leaf with the list that the leaf names."""
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        reply = self.client.get(points[0].full_name[0].value)
        kind = reply.header("Content-Type")
        strict.must(reply.status == 200 and kind == "application/pkix-crl", "5280 5", f"{reply!r}")
        crl = x509.load_der_x509_crl(reply.body)
        self.stage.write("crl.pem", crl.public_bytes(serialization.Encoding.PEM))
        self.stage.write("leaf.pem", leaf.public_bytes(serialization.Encoding.PEM))
        self.stage.write("root.pem", chain[-1].public_bytes(serialization.Encoding.PEM))
        text = subprocess.run(["openssl", "crl", "-in", self.stage.path("crl.pem"), "-noout", "-CAfile",
                               self.stage.path("root.pem"), "-verify"], capture_output=True, text=True, check=False)
        strict.must("verify OK" in text.stdout + text.stderr, "5280 5", f"openssl crl: {text.stderr}")
        done = subprocess.run(["openssl", "verify", "-x509_strict", "-crl_check", "-CRLfile",
                               self.stage.path("crl.pem"), "-CAfile", self.stage.path("root.pem"),
                               self.stage.path("leaf.pem")], capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout + done.stderr


def profiles(scene):
    meta = scene.client.directory["meta"]
    strict.must(meta.get("profiles") == {"classic": "as asked", "short": ""}, "profiles 3", f"{meta}")
    document, chain = scene.obtain()
    strict.must(document.get("profile") == "classic", "profiles 4", f"{document}")
    document, chain = scene.obtain(profile="short")
    strict.must(document.get("profile") == "short", "profiles 4", f"{document}")
    leaf = chain[0]
    begins, ends = strict.validity(leaf)
    strict.must(ends - begins == 120, "profiles 4", f"valid for {ends - begins} s")
    usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    strict.must(CLIENT_AUTH in usages and leaf.subject.rfc4514_string() == f"CN={NAME}", "profiles 4", f"{leaf}")
    url = scene.client.directory["newOrder"]
    names = {"identifiers": [{"type": "dns", "value": NAME}]}
    for bad in ({**names, "profile": "long"}, {**owner.star_payload(), "profile": "short"}):
        reply = scene.client.post(url, bad)
        strict.must(reply.status == 400 and reply.kind() == "invalidProfile", "profiles 4", f"{reply!r}")


def renewal(scene):
    _, chain = scene.obtain()
    leaf = chain[0]
    name, start, end = scene.renewal_info(leaf)
    begins, ends = strict.validity(leaf)
    strict.must(begins < start < end < ends, "9773 4.2", "the window is not in the certificate's life")
    scene.renew("all", "now")
    strict.must(scene.renewal_info(leaf)[2] <= time.time() + 1, "9773 4.2", "not moved to now")
    before = time.time()
    scene.renew(f"{leaf.serial_number:032x}", "in", "2")
    moved = scene.renewal_info(leaf)[2] - 7200
    strict.must(before - 30 < moved < time.time() + 30, "9773 4.2", "not moved by two hours")
    scene.renew(f"{leaf.serial_number:032x}", "as-usual")
    scene.renew("all", "as-usual")
    strict.must(scene.renewal_info(leaf)[1:] == (start, end), "9773 4.2", "not as before")
    for bad in (["all"], ["all", "in"], ["all", "in", "x"], ["all", "in", "0"], ["all", "in", "99999"],
                ["all", "soon"]):
        scene.renew(*bad, status=2)
    scene.renew("00", "now", status=1)
    document, _ = scene.obtain(replaces=name)
    strict.must(document.get("replaces") == name, "9773 5", f"{document}")
    reply = scene.client.post(scene.client.directory["newOrder"],
                              {"identifiers": [{"type": "dns", "value": NAME}], "replaces": name})
    strict.must(reply.status == 409 and reply.kind() == "alreadyReplaced", "9773 5", f"{reply!r}")


def revocation(scene):
    _, chain = scene.obtain()
    good, text = scene.openssl_verify(chain[0], chain)
    strict.must(good, "5280 6.3", text)
    payload = {"certificate": wire.b64u(chain[0].public_bytes(serialization.Encoding.DER)), "reason": 4}
    reply = scene.client.post(scene.client.directory["revokeCert"], payload)
    strict.must(reply.status == 200, "8555 7.6", f"{reply!r}")
    scene.stage.until("the revocation in the list", lambda: not scene.openssl_verify(chain[0], chain)[0])
    strict.must("certificate revoked" in scene.openssl_verify(chain[0], chain)[1], "5280 6.3", "another reason")
    strict.must(scene.renewal_info(chain[0])[2] <= time.time() + 1, "9773 4.2", "revoked, but not to be renewed")


def operator(scene):
    """The operator revokes; the running CA's list has it."""
    _, chain = scene.obtain()
    serial = f"{chain[0].serial_number:032x}"
    command = [scene.stage.program("star-ca"), "revoke", "--config", scene.stage.star_ca_config]
    for words, status in (([serial, "7"], 1), ([serial, "x"], 2), ([], 2), (["00"], 1), ([serial, "1"], 0),
                          ([serial], 1)):
        scene.stage.run(*command, *words, status=status)
    scene.stage.until("the revocation in the list", lambda: not scene.openssl_verify(chain[0], chain)[0])


def plain_ca(stage):
    scene = Scene(stage)
    for case in (profiles, renewal, revocation, operator):
        yield case.__name__, lambda case=case: case(scene)


if __name__ == "__main__":
    sys.exit(play.play(sys.argv[1], [plain_ca]))

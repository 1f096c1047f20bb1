#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CSR templates: does our IdO take the same ones as the Python reading of appendix A, and do all kinds of key and name
lead to certificates?

Prints TAP.  Usage: templates_test.py BUILD_DIR
"""
import copy
import json
import subprocess

import csr_template
import ndc_ours_test
import refusals
import spoiled
import stage as play
import strict
from ndc import Follower, Ndc
from spoiled import RSA2048

NAME = "video.cp.example"
SECOND = "second.cp.example"
GOOD = spoiled.rich_template(NAME)


def edit(*path, **how):
    """GOOD with the value at a path set, or taken away where none is given."""
    template = copy.deepcopy(GOOD)
    place = template
    for step in path[:-1]:
        place = place[step]
    if "to" in how:
        place[path[-1]] = how["to"]
    else:
        del place[path[-1]]
    return template


SAN = ("extensions", "subjectAltName")
USE, PURPOSE = ("extensions", "keyUsage"), ("extensions", "extendedKeyUsage")
P384 = {"PublicKeyType": "id-ecPublicKey", "namedCurve": "secp384r1", "SignatureType": "ecdsa-with-SHA384"}
P521 = {"PublicKeyType": "id-ecPublicKey", "namedCurve": "secp521r1", "SignatureType": "ecdsa-with-SHA512"}
PSS = {"PublicKeyType": "rsaEncryption", "PublicKeyLength": 2048, "SignatureType": "sha256WithRSAandMGF1"}

# (what, template).  What the CDDL says of each is left to csr_template.template_faults().
TEMPLATES = [
    ("as it is", GOOD), ("no keyTypes", edit("keyTypes")), ("empty keyTypes", edit("keyTypes", to=[])),
    ("keyTypes as object", edit("keyTypes", to=play.P256)), ("no subject", edit("subject")),
    ("an empty subject", edit("subject", to={})), ("no extensions", edit("extensions")),
    ("an unknown member", edit("validity", to=90)), ("an unknown key type", edit("keyTypes", 0, to={
        "PublicKeyType": "id-Ed25519", "SignatureType": "id-Ed25519"})),
    ("RSA without length", edit("keyTypes", 1, "PublicKeyLength")),
    ("RSA length as text", edit("keyTypes", 1, "PublicKeyLength", to="2048")),
    ("RSA length negative", edit("keyTypes", 1, "PublicKeyLength", to=-2048)),
    ("RSA length 2048.5", edit("keyTypes", 1, "PublicKeyLength", to=2048.5)),
    ("RSA with a curve", edit("keyTypes", 1, "namedCurve", to="secp256r1")),
    ("RSA with SHA-1", edit("keyTypes", 1, "SignatureType", to="sha1WithRSAEncryption")),
    ("EC without curve", edit("keyTypes", 0, "namedCurve")), ("prime256v1", edit("keyTypes", 0, "namedCurve",
                                                                              to="prime256v1")),
    ("P-256 with SHA-384", edit("keyTypes", 0, "SignatureType", to="ecdsa-with-SHA384")),
    ("no SignatureType", edit("keyTypes", 0, "SignatureType")),
    ("a subject field as number", edit("subject", "country", to=7)),
    ("an empty subject field", edit("subject", "country", to="")),
    ("three stars in the subject", edit("subject", "locality", to="***")),
    ("an unknown subject field", edit("subject", "title", to="**")),
    ("a null subject field", edit("subject", "locality", to=None)),
    ("no subjectAltName", edit(*SAN)), ("an empty subjectAltName", edit(*SAN, to={})),
    ("DNS as text", edit(*SAN, "DNS", to=NAME)), ("empty DNS", edit(*SAN, "DNS", to=[])),
    ("DNS with an empty name", edit(*SAN, "DNS", to=[""])), ("DNS with a number", edit(*SAN, "DNS", to=[1])),
    ("DNS as object, as akamu", edit(*SAN, "DNS", to={})), ("DNS null, as akamu", edit(*SAN, "DNS", to=None)),
    ("an optional name more", edit(*SAN, "DNS", to=[NAME, "*"])),
    ("a mandatory name more", edit(*SAN, "DNS", to=[NAME, "**"])),
    ("a wildcard name", edit(*SAN, "DNS", to=["*." + NAME])),
    ("an Email", edit(*SAN, "Email", to=["a@cp.example"])), ("Email **", edit(*SAN, "Email", to=["**"])),
    ("a URI", edit(*SAN, "URI", to=["https://cp.example/x"])), ("URI *", edit(*SAN, "URI", to=["*"])),
    ("an unknown kind of name", edit(*SAN, "IP", to=["192.0.2.1"])),
    ("an unknown extension", edit("extensions", "basicConstraints", to={})),
    ("empty keyUsage", edit(*USE, to=[])), ("an unknown usage", edit(*USE, to=["signing"])),
    ("contentCommitment", edit(*USE, to=["contentCommitment"])),
    ("keyUsage as text", edit(*USE, to="digitalSignature")),
    ("keyUsage **", edit(*USE, to=["**"])), ("every other usage", edit(*USE, to=[
        "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "encipherOnly",
        "decipherOnly"])),
    ("empty extendedKeyUsage", edit(*PURPOSE, to=[])), ("an unknown purpose", edit(*PURPOSE, to=["tls"])),
    ("a purpose by OID", edit(*PURPOSE, to=["1.3.6.1.5.5.7.3.1"])),
    ("an OID with a leading zero", edit(*PURPOSE, to=["1.03.6"])), ("an OID from 3", edit(*PURPOSE, to=["3.1"])),
    ("every purpose", edit(*PURPOSE, to=list(csr_template.PURPOSES))), ("no keyUsage", edit(*USE)),
    ("no extendedKeyUsage", edit(*PURPOSE)),
    ("RSA alone, PSS", edit("keyTypes", to=[PSS])), ("all EC", edit("keyTypes", to=[play.P256, P384, P521])),
]


def offered(stage):
    """delegation-add against the CDDL."""
    ndc_ours_test.open_ours(stage)
    stage.ido("ndc-add", "cdn")
    for what, template in TEMPLATES:
        def case(what=what, template=template):
            path = stage.write("template.json", json.dumps(template))
            done = subprocess.run([stage.program("ido-server"), "delegation-add", "--config", stage.ido_config, "--ndc",
                                   "cdn", "--template", path], capture_output=True, text=True,
                                  timeout=play.PATIENCE_S, check=False)
            faults = csr_template.template_faults(template)
            strict.must((done.returncode == 0) == (not faults), "9115 appendix A",
                        f"ours: {done.returncode} {done.stderr.strip()}; Python: {faults}")
            if done.returncode:
                print(f"# {what}: {done.stderr.strip()[-110:]}")
        yield "template: " + what, case


def kinds(stage):
    """A certificate for every kind of key, for several names, without what is optional."""
    ndc_ours_test.open_ours(stage, (NAME, SECOND))
    mac = stage.ido("ndc-add", "cdn")
    cases = {}
    for kind in (play.P256, P384, P521, RSA2048, PSS):
        template = {**play.template_for(NAME), "keyTypes": [kind]}
        cases[stage.delegate("cdn", template)] = kind["SignatureType"]
    two = stage.delegate("cdn", play.template_for(NAME, SECOND))
    optional = stage.delegate("cdn", play.template_for(NAME, "*"))
    mandatory = stage.delegate("cdn", play.template_for(NAME, "**"))
    ndc = Ndc(stage.trust, stage.start_ido())
    ndc.register(externalAccountBinding=ndc.eab("cdn", mac))
    offer = ndc.delegations()

    def url_of(delegation):
        return next(url for url in offer if url.endswith("/" + delegation))

    def obtain(url, names):
        parts = csr_template.parts_from(offer[url]["csr-template"])
        _, document, certificate = ndc.obtain(ndc.star_payload(url, names, 4), parts)
        Follower(ndc, certificate, document, parts.key).look()
    for delegation, kind in cases.items():
        yield "key: " + kind, lambda delegation=delegation: obtain(url_of(delegation), [NAME])
    yield "two names", lambda: obtain(url_of(two), [SECOND, NAME])
    yield "an optional name left out", lambda: obtain(url_of(optional), [NAME])
    names = ("rejectedIdentifier",)
    for what, delegation, given in (("one of two names", two, [NAME]),
                                    ("a third name", two, [NAME, SECOND, "c." + NAME]),
                                    ("a chosen name without policy", optional, [NAME, "c." + NAME]),
                                    ("a mandatory choice without policy", mandatory, [NAME, "c." + NAME]),
                                    ("a mandatory choice left out", mandatory, [NAME])):
        yield "refused: " + what, lambda what=what, delegation=delegation, given=given: refusals.refused(
            what, ndc.try_order(ndc.star_payload(url_of(delegation), given, 4)), (403,), names, "9115 2.3.2, 4.1")

    def half_csr():
        url = url_of(two)
        parts = csr_template.parts_from(offer[url]["csr-template"])
        parts.dns.remove(SECOND)
        _, document = ndc.delegated_order(ndc.star_payload(url, [NAME, SECOND], 4))
        refusals.refused("half the names in the CSR", ndc.finalize(document, parts.der()), (403,), names, "9115 4.1")
    yield "refused: half the names in the CSR", half_csr


if __name__ == "__main__":
    play.main(offered, kinds)

# SPDX-License-Identifier: Apache-2.0
"""spoiled.py -- certification requests that break a template, one in each way that the CDDL of RFC 9115 knows."""
import functools
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import csr_template
import der
import stage as play

CSR = ("badCSR",)
NAMES = ("rejectedIdentifier", "badCSR")
RSA2048 = {"PublicKeyType": "rsaEncryption", "PublicKeyLength": 2048, "SignatureType": "sha256WithRSAEncryption"}
CHOICES = {"stateOrProvince": "Ontario"}


def rich_template(name):
    """Every kind of field: literals, a mandatory and an optional choice, two key types, usages and purposes."""
    return {"keyTypes": [play.P256, RSA2048],
            "subject": {"country": "CA", "stateOrProvince": "**", "locality": "*"},
            "extensions": {"keyUsage": ["digitalSignature", "keyAgreement"],
                           "extendedKeyUsage": ["serverAuth", "1.3.6.1.5.5.7.3.2"],
                           "subjectAltName": {"DNS": [name]}}}


def change(**members):
    """A spoiler that sets members of the parts."""
    def spoil(parts):
        for name, value in members.items():
            setattr(parts, name, value(parts) if callable(value) else value)
    return spoil


def subject(**changes):
    """A spoiler of the subject; None takes a field away."""
    def spoil(parts):
        merged = {**parts.subject, **changes}
        parts.subject = {k: v for k, v in merged.items() if v is not None}
    return spoil


def doubled_subject(parts):
    fields = list(parts.subject.items()) + [("country", "CA")]
    name = x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(csr_template.SUBJECT[k], v)])
                      for k, v in fields])
    extensions = [(x509.SubjectAlternativeName([x509.DNSName(n) for n in parts.dns]), False),
                  (csr_template.usage_of(parts.usage), True),
                  (x509.ExtendedKeyUsage([csr_template.purpose_of(p) for p in parts.purposes]), False)]
    return der.request(parts.key, parts.signature_type, name, extensions)


def key(make, signature_type):
    return lambda parts: change(key=make(), signature_type=signature_type)(parts)


@functools.lru_cache
def made_rsa(bits):
    """One key of a length is enough for all cases, and takes long to make."""
    return rsa.generate_private_key(65537, bits)


def rsa_key(bits):
    return lambda: made_rsa(bits)


def curve(kind):
    return lambda: ec.generate_private_key(kind())


# (what, types of the problem, spoiler: changes the parts, or returns a request)
SPOILED = [
    ("country differs", CSR, subject(country="US")),
    ("country in lower case", CSR, subject(country="ca")),
    ("country missing", CSR, subject(country=None)),
    ("a mandatory choice missing", CSR, subject(stateOrProvince=None)),
    ("an organization that is not in it", CSR, subject(organization="NDC")),
    ("a unit that is not in it", CSR, subject(organizationalUnit="NDC")),
    ("an emailAddress that is not in it", CSR, subject(emailAddress="a@ndc.example")),
    ("a commonName that is not in it", CSR, lambda parts: subject(commonName=parts.dns[0])(parts)),
    ("country twice", CSR, doubled_subject),
    ("no subjectAltName", NAMES, change(dns=[])),
    ("another name", NAMES, change(dns=["evil.example"])),
    ("a name more", NAMES, change(dns=lambda parts: parts.dns + ["evil.example"])),
    ("a name twice", NAMES, change(dns=lambda parts: parts.dns * 2)),
    ("a wildcard in its place", NAMES, change(dns=lambda parts: ["*." + parts.dns[0]])),
    ("a subdomain", NAMES, change(dns=lambda parts: ["a." + parts.dns[0]])),
    ("an address", NAMES, change(others=[x509.IPAddress(ipaddress.ip_address("192.0.2.1"))])),
    ("an email name", NAMES, change(email=["a@ndc.example"])),
    ("a URI", NAMES, change(uri=["https://ndc.example/"])),
    ("a directory name", NAMES, change(others=[x509.DirectoryName(x509.Name([]))])),
    ("no keyUsage", CSR, change(usage=None)),
    ("a usage more", CSR, change(usage=["digitalSignature", "keyAgreement", "keyEncipherment"])),
    ("a usage less", CSR, change(usage=["digitalSignature"])),
    ("keyCertSign instead", CSR, change(usage=["keyCertSign", "keyAgreement"])),
    ("no extendedKeyUsage", CSR, change(purposes=None)),
    ("a purpose more", CSR, change(purposes=["serverAuth", "clientAuth", "codeSigning"])),
    ("a purpose less", CSR, change(purposes=["serverAuth"])),
    ("anyExtendedKeyUsage", CSR, change(purposes=["serverAuth", "clientAuth", "2.5.29.37.0"])),
    ("basicConstraints of a CA", CSR, change(more=[(x509.BasicConstraints(True, None), True)])),
    ("basicConstraints of no CA", CSR, change(more=[(x509.BasicConstraints(False, None), True)])),
    ("a key identifier", CSR, lambda parts: change(
        more=[(x509.SubjectKeyIdentifier.from_public_key(parts.key.public_key()), False)])(parts)),
    ("must-staple", CSR, change(more=[(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)])),
    ("an unknown extension", CSR, change(more=[(x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00"), False)])),
    ("a challengePassword", CSR, change(attributes=[csr_template.challenge_password()])),
    ("RSA of 3072 bits", CSR, key(rsa_key(3072), "sha256WithRSAEncryption")),
    ("RSA signed with SHA-384", CSR, key(rsa_key(2048), "sha384WithRSAEncryption")),
    ("RSA signed with PSS", CSR, key(rsa_key(2048), "sha256WithRSAandMGF1")),
    ("P-384", CSR, key(curve(ec.SECP384R1), "ecdsa-with-SHA384")),
    ("P-521", CSR, key(curve(ec.SECP521R1), "ecdsa-with-SHA512")),
    ("P-256 signed with SHA-384", CSR, change(signature_type="ecdsa-with-SHA384")),
    ("secp256k1", CSR, key(curve(ec.SECP256K1), "ecdsa-with-SHA256")),
    ("a signature over something else", CSR, change(flip=True)),
    ("octets after the request", ("badCSR", "malformed"), lambda parts: parts.der() + b"\x05\x00"),
    ("half a request", ("badCSR", "malformed"), lambda parts: parts.der()[:200]),
]

# What the template allows, though it looks different: (what, spoiler)
ALLOWED = [
    ("the optional field left out", change()),
    ("the optional field given", subject(locality="Laval")),
    ("purposes in another order", change(purposes=["clientAuth", "serverAuth"])),
    ("the second key type", key(rsa_key(2048), "sha256WithRSAEncryption")),
]

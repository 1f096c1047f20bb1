#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""For every good template of the vectors: requests written by other programs (python3-cryptography, the openssl
command) are accepted, the same with one thing wrong are refused, and what our builder writes is read and verified by
both.

Prints TAP.  Usage: foreign_csrs.py CSR_TEMPLATE VECTORS
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

CURVES = {"secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1, "secp521r1": ec.SECP521R1}
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
SUBJECT = {"country": (NameOID.COUNTRY_NAME, "C", "CA"),
           "stateOrProvince": (NameOID.STATE_OR_PROVINCE_NAME, "ST", "Quebec"),
           "locality": (NameOID.LOCALITY_NAME, "L", "Laval"),
           "organization": (NameOID.ORGANIZATION_NAME, "O", "NDC"),
           "organizationalUnit": (NameOID.ORGANIZATIONAL_UNIT_NAME, "OU", "Edge"),
           "emailAddress": (NameOID.EMAIL_ADDRESS, "emailAddress", "edge@ndc.example"),
           "commonName": (NameOID.COMMON_NAME, "CN", None)}
KEY_USAGES = {"digitalSignature": "digital_signature", "nonRepudiation": "content_commitment",
              "contentCommitment": "content_commitment", "keyEncipherment": "key_encipherment",
              "dataEncipherment": "data_encipherment", "keyAgreement": "key_agreement",
              "keyCertSign": "key_cert_sign", "cRLSign": "crl_sign", "encipherOnly": "encipher_only",
              "decipherOnly": "decipher_only"}
EXTENDED = {"serverAuth": ExtendedKeyUsageOID.SERVER_AUTH, "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
            "codeSigning": ExtendedKeyUsageOID.CODE_SIGNING, "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
            "timeStamping": ExtendedKeyUsageOID.TIME_STAMPING, "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING}
RSA_KEYS = {}


def make_key(key_type):
    """A key as a member of keyTypes wants it; RSA keys are made once per length."""
    if key_type["PublicKeyType"] == "id-ecPublicKey":
        return ec.generate_private_key(CURVES[key_type["namedCurve"]]())
    length = key_type["PublicKeyLength"]
    if length not in RSA_KEYS:
        RSA_KEYS[length] = rsa.generate_private_key(65537, length)
    return RSA_KEYS[length]


def other_key(template):
    """A key that no member allows."""
    allowed = {member.get("namedCurve") for member in template["keyTypes"]}
    return next(ec.generate_private_key(curve()) for name, curve in CURVES.items() if name not in allowed)


def is_wild(value):
    return value in ("*", "**")


class Wish:
    """What a request has to say: the template's literals, and a value for each wildcard."""

    def __init__(self, template):
        extensions = template["extensions"]
        san = extensions["subjectAltName"]
        chosen = iter(f"chosen{number}.ido.example" for number in range(200))
        self.key_type = template["keyTypes"][0]
        self.dns = [next(chosen) if is_wild(name) else name for name in san.get("DNS", [])]
        self.email = list(san.get("Email", []))
        self.uri = list(san.get("URI", []))
        self.key_usage = list(extensions.get("keyUsage", []))
        self.extended = list(extensions.get("extendedKeyUsage", []))
        self.subject = {}
        for member, value in template.get("subject", {}).items():
            example = SUBJECT[member][2] or (self.dns or ["abc.ido.example"])[0]
            self.subject[member] = example if is_wild(value) else value
        self.choices = [f"{member}={self.subject[member]}" for member, value in template.get("subject", {}).items()
                        if is_wild(value)]
        self.choices += [f"DNS={name}" for name, value in zip(self.dns, san.get("DNS", [])) if is_wild(value)]


def by_cryptography(wish, key):
    """The request as python3-cryptography writes it, DER."""
    names = [x509.NameAttribute(SUBJECT[member][0], value) for member, value in wish.subject.items()]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    san = [x509.DNSName(name) for name in wish.dns] + [x509.RFC822Name(name) for name in wish.email]
    san += [x509.UniformResourceIdentifier(name) for name in wish.uri]
    builder = builder.add_extension(x509.SubjectAlternativeName(san), critical=False)
    if wish.key_usage:
        bits = {KEY_USAGES[name] for name in wish.key_usage}
        flags = {flag: flag in bits for flag in set(KEY_USAGES.values())}
        builder = builder.add_extension(x509.KeyUsage(**flags), critical=True)
    if wish.extended:
        oids = [EXTENDED.get(name) or ObjectIdentifier(name) for name in wish.extended]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
    request = builder.sign(key, HASHES[digest_of(wish)]())
    return request.public_bytes(serialization.Encoding.DER)


def digest_of(wish):
    signature = wish.key_type["SignatureType"]
    return next(size for size in HASHES if f"sha{size}" in signature.lower())


def is_pss(wish):
    return "MGF1" in wish.key_type["SignatureType"]


def escaped(value):
    """A value in openssl's configuration syntax; the quotes keep blanks at its end."""
    return '"' + "".join("\\" + letter if letter in "\\\"$" else letter for letter in value) + '"'


def openssl_config(wish):
    """The same request as a configuration of "openssl req"."""
    lines = ["[req]", "prompt=no", "utf8=yes", "string_mask=utf8only", "distinguished_name=dn", "req_extensions=ext",
             "[dn]"]
    lines += [f"{SUBJECT[member][1]}={escaped(value)}" for member, value in wish.subject.items()]
    lines += ["[ext]", "subjectAltName=@san"]
    if wish.key_usage:
        names = ["nonRepudiation" if name == "contentCommitment" else name for name in wish.key_usage]
        lines.append("keyUsage=critical," + ",".join(names))
    if wish.extended:
        lines.append("extendedKeyUsage=" + ",".join(wish.extended))
    lines.append("[san]")
    for kind, values in (("DNS", wish.dns), ("email", wish.email), ("URI", wish.uri)):
        lines += [f"{kind}.{number}={escaped(value)}" for number, value in enumerate(values, 1)]
    return "\n".join(lines) + "\n"


class Bench:
    def __init__(self, program, vectors):
        self.program = program
        self.vectors = vectors
        self.dir = tempfile.mkdtemp(prefix="stardeleg-csr-")
        self.count = 0
        self.failed = 0

    def path(self, name):
        return os.path.join(self.dir, name)

    def tell(self, ok, what, detail=""):
        self.count += 1
        print(f"{'ok' if ok else 'not ok'} {self.count} - {what}")
        if not ok:
            self.failed += 1
            print("\n".join("# " + line for line in detail.splitlines()[:20]))

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def write_key(self, key):
        return self.write("key.pem", key.private_bytes(serialization.Encoding.PEM,
                                                       serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))

    def by_openssl(self, wish, key):
        """The request as "openssl req" writes it, DER."""
        config = self.write("req.cnf", openssl_config(wish).encode())
        command = ["openssl", "req", "-new", "-key", self.write_key(key), "-config", config, "-outform", "DER",
                   f"-sha{digest_of(wish)}"]
        if not wish.subject:
            command += ["-subj", "/"]
        if is_pss(wish):
            command += ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def match(self, template_path, request):
        """Exit code and words of our matcher."""
        done = subprocess.run([self.program, "match", "--allow", "ido.example", template_path, "-"], input=request,
                              capture_output=True)
        return done.returncode, (done.stdout + done.stderr).decode()

    def accepts(self, what, template_path, request):
        code, said = self.match(template_path, request)
        self.tell(code == 0, f"{what} is accepted", said)

    def refuses(self, what, template_path, request):
        code, said = self.match(template_path, request)
        self.tell(code == 1 and "[" in said, f"{what} is refused", said)

    def check_builder(self, name, template_path, wish):
        """Our request for the template, read and verified by others."""
        key = self.write_key(make_key(wish.key_type))
        command = [self.program, "build", "--key", key, "--out", self.path("built.pem"), template_path]
        for choice in wish.choices:
            command += ["--choose", choice]
        done = subprocess.run(command, capture_output=True)
        if done.returncode:
            self.tell(False, f"{name}: built", (done.stdout + done.stderr).decode())
            return
        verified = subprocess.run(["openssl", "req", "-verify", "-noout", "-in", self.path("built.pem")],
                                  capture_output=True)
        self.tell(verified.returncode == 0 and b"OK" in verified.stdout + verified.stderr,
                  f"{name}: openssl verifies what is built", verified.stderr.decode())
        if not knows_usages(wish):
            return
        with open(self.path("built.pem"), "rb") as file:
            request = x509.load_pem_x509_csr(file.read())
        self.tell(has_wish(request, wish), f"{name}: cryptography reads what is built", repr(request.subject))

    def spoil(self, name, template_path, template, wish):
        """One thing wrong at a time."""
        self.refuses(f"{name}: another key", template_path, by_cryptography(wish, other_key(template)))
        spoiled = [("a name too many", "dns", wish.dns + ["other.ido.example"] * (len(wish.dns) < 100)),
                   ("a mailbox too many", "email", wish.email + ["x@ido.example"]),
                   ("a URI too many", "uri", wish.uri + ["https://other.example/"]),
                   ("another usage", "key_usage", wish.key_usage + ["keyCertSign"]),
                   ("another purpose", "extended", wish.extended + ["1.3.6.1.4.1.32473.9"])]
        if len(wish.email) + len(wish.uri) + len(wish.dns) > 1:
            kind = "email" if wish.email else "uri" if wish.uri else "dns"
            literal = is_literal_kind(template, kind)
            spoiled += [("a literal missing", kind, getattr(wish, kind)[1:])] if literal else []
        for what, member, value in spoiled:
            if value == getattr(wish, member):
                continue
            changed = Wish(template)
            setattr(changed, member, value)
            self.refuses(f"{name}: {what}", template_path, by_cryptography(changed, make_key(wish.key_type)))
        absent = next((member for member in SUBJECT if member not in wish.subject), None)
        if absent:
            changed = Wish(template)
            changed.subject[absent] = SUBJECT[absent][2] or "other.ido.example"
            self.refuses(f"{name}: {absent} in the subject", template_path,
                         by_cryptography(changed, make_key(wish.key_type)))

    def run(self, template_path):
        name = os.path.basename(template_path)[len("GOOD_"):-len(".json")]
        with open(template_path, encoding="utf-8") as file:
            template = json.load(file)
        wish = Wish(template)
        if not is_pss(wish) and knows_usages(wish):
            key = make_key(wish.key_type)
            self.accepts(f"{name}: a request by cryptography", template_path, by_cryptography(wish, key))
            self.spoil(name, template_path, template, wish)
        self.accepts(f"{name}: a request by openssl", template_path, self.by_openssl(wish, make_key(wish.key_type)))
        self.check_builder(name, template_path, wish)


def is_literal_kind(template, kind):
    member = {"dns": "DNS", "email": "Email", "uri": "URI"}[kind]
    values = template["extensions"]["subjectAltName"].get(member, [])
    return bool(values) and not is_wild(values[0])


def knows_usages(wish):
    """cryptography refuses encipherOnly and decipherOnly without keyAgreement, which the template may have."""
    return not {"encipherOnly", "decipherOnly"} & set(wish.key_usage) or "keyAgreement" in wish.key_usage


def has_wish(request, wish):
    """Whether the request says what was wished, and its signature holds."""
    san = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    dns = sorted(name.lower() for name in san.get_values_for_type(x509.DNSName))
    subject = {SUBJECT[member][0]: value for member, value in wish.subject.items()}
    same = {attribute.oid: attribute.value for attribute in request.subject} == subject
    signed = True if is_pss(wish) else request.is_signature_valid
    if is_pss(wish):
        size = HASHES[digest_of(wish)]()
        request.public_key().verify(request.signature, request.tbs_certrequest_bytes,
                                    padding.PSS(padding.MGF1(size), size.digest_size), size)
    return dns == sorted(name.lower() for name in wish.dns) and same and signed


def main():
    program, vectors = sys.argv[1:3]
    bench = Bench(program, vectors)
    try:
        for template_path in sorted(glob.glob(os.path.join(vectors, "GOOD_*.json"))):
            bench.run(template_path)
    finally:
        shutil.rmtree(bench.dir)
    print(f"1..{bench.count}")
    return 1 if bench.failed or not bench.count else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""strict.py -- one reading of RFC 8555, 8739 and 9115, as checks on what a server answered.

A breach of a MUST is a Disagreement.  A SHOULD that was not followed is noted in NOTES and shown at the end.
"""
import datetime
import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtensionOID

import acme_wire as wire

STATUSES = ("pending", "ready", "processing", "valid", "invalid", "canceled")
NOTES = set()
CERTIFICATES = re.compile(rb"-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n")


class Disagreement(Exception):
    """The answer is not what this reading of the text demands."""


def must(condition, section, text):
    if not condition:
        raise Disagreement(f"{section}: {text}")


def should(condition, section, text):
    if not condition:
        NOTES.add(f"{section}: {text}")


def is_url(value):
    return isinstance(value, str) and re.match(r"^https://[^/\s]+(/\S*)?$", value) is not None


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def member(obj, name, kind, section, required=True):
    if name not in obj:
        must(not required, section, f"{name} is missing in {obj}")
        return None
    value = obj[name]
    good = {"url": is_url, "int": is_int, "text": lambda v: isinstance(v, str), "bool": lambda v: isinstance(v, bool),
            "list": lambda v: isinstance(v, list), "object": lambda v: isinstance(v, dict), "time": is_time}[kind]
    must(good(value), section, f"{name} is no {kind}: {value!r}")
    return value


def is_time(value):
    try:
        wire.parse_rfc3339(value)
    except ValueError:
        return False
    return True


# --- Every answer ---

def media_type(reply):
    return (reply.header("Content-Type") or "").split(";")[0].strip().lower()


def common(reply, directory_url, posted):
    """What every answer but the directory's has."""
    must(reply.links("index") == [directory_url], "8555 7.1", f"no Link rel=index: {reply.all('Link')}")
    nonce = reply.header("Replay-Nonce")
    if posted and reply.status < 400:
        must(nonce is not None, "8555 6.5", "no Replay-Nonce after a successful POST")
    elif posted:
        should(nonce is not None, "8555 6.5", "no Replay-Nonce in an error answer")
    if nonce is not None:
        must(re.match(r"^[A-Za-z0-9_-]+$", nonce), "8555 6.5.1", f"Replay-Nonce is not base64url: {nonce}")
        should(len(nonce) >= 22, "8555 6.5 (erratum 6950)", "a nonce has less than 128 bits")


def problem(reply, statuses, kinds, section):
    """An error answer, with one of the statuses and one of the types; returns the document."""
    must(reply.status in statuses, section, f"status {reply.status} instead of {statuses}: {reply.body[:200]!r}")
    should(media_type(reply) == "application/problem+json", "8555 6.7", f"{media_type(reply)} for a problem document")
    try:
        document = reply.json()
    except ValueError as wrong:
        raise Disagreement(f"8555 6.7: no problem document: {reply.body[:80]!r}") from wrong
    must(isinstance(document, dict), "7807 3.1", "a problem document is an object")
    member(document, "type", "text", "7807 3.1")
    member(document, "detail", "text", "8555 6.7")
    if "status" in document:
        must(document["status"] == reply.status, "7807 3.1", "status of document and answer differ")
    must(reply.kind() in kinds, section, f"type {document['type']} instead of {kinds}: {document['detail']}")
    must(not any(ord(c) < 32 for c in document["detail"]), "7807 3.1", "control characters in the detail")
    must(reply.header("Cert-Not-After") is None and reply.header("Cert-Not-Before") is None, "8739 3.3",
         "Cert-Not-* beside something that is no certificate")
    for part in document.get("subproblems", []):
        member(part, "type", "text", "8555 6.7.1")
        if "identifier" in part:
            member(part["identifier"], "type", "text", "8555 6.7.1")
            member(part["identifier"], "value", "text", "8555 6.7.1")
    must("identifier" not in document, "8555 6.7.1", "identifier at the top level of a problem")
    return document


def directory(reply, delegation=False, star=False):
    must(reply.status == 200, "8555 7.1.1", f"directory answers {reply!r}")
    must(media_type(reply) == "application/json", "8555 7.1.1", "a directory is application/json")
    document = reply.json()
    for name in ("newNonce", "newAccount", "newOrder"):
        member(document, name, "url", "8555 7.1.1")
    for name in ("revokeCert", "keyChange", "newAuthz", "renewalInfo"):
        member(document, name, "url", "8555 7.1.1", required=False)
    meta = member(document, "meta", "object", "8555 7.1.1", required=delegation or star) or {}
    member(meta, "termsOfService", "url", "8555 7.1.1", required=False)
    member(meta, "externalAccountRequired", "bool", "8555 7.1.1", required=False)
    member(meta, "allow-certificate-get", "bool", "9115 2.3.5", required=False)
    if delegation:
        must(meta.get("delegation-enabled") is True, "9115 2.3.4", "delegation-enabled is not true")
    if star:
        renewal = member(meta, "auto-renewal", "object", "8739 3.2")
        must(member(renewal, "min-lifetime", "int", "8739 3.2") > 0, "8739 3.2", "min-lifetime")
        must(member(renewal, "max-duration", "int", "8739 3.2") > 0, "8739 3.2", "max-duration")
        member(renewal, "allow-certificate-get", "bool", "8739 3.2", required=False)
    return document


def account(document, delegation):
    must(member(document, "status", "text", "8555 7.1.2") in ("valid", "deactivated", "revoked"), "8555 7.1.2",
         "account status")
    member(document, "contact", "list", "8555 7.1.2", required=False)
    member(document, "termsOfServiceAgreed", "bool", "8555 7.1.2", required=False)
    member(document, "orders", "url", "8555 7.1.2")
    if delegation:
        member(document, "delegations", "url", "9115 2.3.1.1")
    return document


# --- Orders ---

def auto_renewal(value):
    member(value, "start-date", "time", "8739 3.1.1", required=False)
    member(value, "end-date", "time", "8739 3.1.1")
    member(value, "lifetime", "int", "8739 3.1.1")
    member(value, "lifetime-adjust", "int", "8739 3.1.1", required=False)
    member(value, "allow-certificate-get", "bool", "8739 3.1.1", required=False)
    known = {"start-date", "end-date", "lifetime", "lifetime-adjust", "allow-certificate-get"}
    should(set(value) <= known | {"x-unknown"}, "8739 3.1.1", f"unregistered members {set(value) - known}")


def order(document):
    """An order object by itself."""
    status = member(document, "status", "text", "8555 7.1.3")
    must(status in STATUSES, "8555 7.1.6, 8739 3.1.2", f"status {status}")
    member(document, "expires", "time", "8555 7.1.3", required=status in ("pending", "valid"))
    names = member(document, "identifiers", "list", "8555 7.1.3")
    must(names, "8555 7.1.3", "no identifiers")
    for name in names:
        must(set(name) == {"type", "value"}, "8555 7.1.3", f"identifier {name}")
    for url in member(document, "authorizations", "list", "8555 7.1.3"):
        must(is_url(url), "8555 7.1.3", f"authorization {url}")
    member(document, "finalize", "url", "8555 7.1.3")
    member(document, "error", "object", "8555 7.1.3", required=False)
    member(document, "certificate", "url", "8555 7.1.3", required=False)
    member(document, "star-certificate", "url", "8739 3.1.1", required=False)
    if "auto-renewal" in document:
        auto_renewal(member(document, "auto-renewal", "object", "8739 3.1.1"))
        must("notBefore" not in document and "notAfter" not in document, "8739 3.1.1", "notBefore in a STAR order")
        must("certificate" not in document, "8739 3.1.1", "certificate instead of star-certificate")
        if status == "valid":
            member(document, "star-certificate", "url", "8739 3.1.1")
    elif status == "valid":
        member(document, "certificate", "url", "8555 7.1.3")
    return document


def delegated_order(document, asked):
    """Order1 at its creation, against the request (RFC 9115 sections 2.3.2, 2.3.3)."""
    order(document)
    must(document["status"] == "ready", "9115 2.3.2", f"starts as {document['status']}")
    must(document["authorizations"] == [], "9115 2.3.2", "authorizations is not empty")
    must(document.get("delegation") == asked["delegation"], "9115 2.3.2", "delegation is not echoed")
    key = lambda n: (n["type"], n["value"])  # noqa: E731
    must(sorted(document["identifiers"], key=key) == sorted(asked["identifiers"], key=key), "9115 2.3.2",
         "other identifiers")
    should("expires" in document, "8555 7.1.3", "a ready order without expires")
    if "auto-renewal" in asked:
        got, want = member(document, "auto-renewal", "object", "9115 2.3.2"), asked["auto-renewal"]
        for name, value in want.items():
            must(name in got, "9115 2.3.2", f"auto-renewal without the indicated {name}")
            same = (wire.parse_rfc3339(got[name]) == wire.parse_rfc3339(value)) if name.endswith("date") else (
                got[name] == value)
            must(same, "9115 2.3.2", f"{name} is {got[name]} instead of {value}")
    else:
        must(document.get("allow-certificate-get") is True, "9115 2.3.3", "allow-certificate-get is not echoed")
    return document


# --- Certificates ---

def validity(certificate):
    """(notBefore, notAfter) in seconds, on old and new versions of the Python package."""
    if hasattr(certificate, "not_valid_before_utc"):
        return certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    epoch = datetime.datetime(1970, 1, 1)
    return ((certificate.not_valid_before - epoch).total_seconds(),
            (certificate.not_valid_after - epoch).total_seconds())


def check_signature(certificate, issuer):
    public = issuer.public_key()
    args = (certificate.signature, certificate.tbs_certificate_bytes)
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(*args, padding.PKCS1v15(), certificate.signature_hash_algorithm)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(*args, ec.ECDSA(certificate.signature_hash_algorithm))


def chain(reply):
    """The certificates of a download, leaf first (RFC 8555 sections 7.4.2, 9.1, 11.4)."""
    must(reply.status == 200, "8555 7.4.2", f"download answers {reply!r}")
    must(media_type(reply) == "application/pem-certificate-chain", "8555 9.1", f"type {media_type(reply)}")
    body = reply.body.replace(b"\r\n", b"\n")
    must(CERTIFICATES.sub(b"", body if body.endswith(b"\n") else body + b"\n") == b"", "8555 9.1",
         "something but certificates, or text between them")
    certificates = [x509.load_pem_x509_certificate(pem) for pem in CERTIFICATES.findall(body)]
    must(certificates, "8555 9.1", "no certificate")
    for lower, upper in zip(certificates, certificates[1:]):
        should(lower.issuer == upper.subject, "8555 9.1", "the chain is not in order")
        try:
            check_signature(lower, upper)
        except InvalidSignature as wrong:
            raise Disagreement("8555 9.1: a certificate is not signed by the next one") from wrong
    return certificates


def names_of(certificate):
    extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    return sorted(extension.value.get_values_for_type(x509.DNSName))


def star_certificate(reply, document, client_pad=0):
    """A rolling certificate: header fields, times of section 3.5, freshness of section 4.3."""
    certificates = chain(reply)
    leaf = certificates[0]
    before, after = validity(leaf)
    renewal = document["auto-renewal"]
    life, end = renewal["lifetime"], wire.parse_rfc3339(renewal["end-date"])
    for name, value in (("Cert-Not-Before", before), ("Cert-Not-After", after)):
        text = reply.header(name)
        should(text is not None, "8739 3.3", f"no {name}")
        if text is not None:
            must(wire.parse_http_date(text) == value, "8739 3.3", f"{name} differs from the certificate's")
    must(before <= reply.came_at, "8739 3.3", f"published {before - reply.came_at:.1f} s before it is valid")
    must(after >= reply.asked_at - 1, "8739 2.2", "the certificate has expired")
    must(after <= end, "8739 3.3", "notAfter is beyond end-date")
    pad = max(min(life, client_pad), life - 1)
    must(after - before <= life + pad + 1, "8739 3.5", f"valid for {after - before} s with a lifetime of {life}")
    must(names_of(leaf) == sorted(n["value"] for n in document["identifiers"]), "8555 7.4", "other names")
    freshness(reply, after)
    return leaf


def freshness(reply, after):
    """Fresh no longer than the certificate is valid; silence would let caches guess."""
    control = reply.header("Cache-Control") or ""
    age = re.search(r"(?:^|[\s,])max-age=(\d+)", control)
    if re.search(r"no-store|no-cache", control):
        return
    must(age is not None or reply.header("Expires") is not None, "8739 4.3", f"no freshness lifetime: {control!r}")
    if age is not None:
        must(reply.asked_at + int(age.group(1)) <= after + 1, "8739 4.3",
             f"max-age={age.group(1)}, valid {after - reply.asked_at:.1f} s")
    else:
        must(wire.parse_http_date(reply.header("Expires")) <= after, "8739 4.3", "Expires is after notAfter")


def sha256(certificate):
    return certificate.fingerprint(hashes.SHA256()).hex()


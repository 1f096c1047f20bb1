# SPDX-License-Identifier: Apache-2.0
"""acme_wire.py -- what ACME messages are made of (RFC 8555 section 6): JWS, thumbprints, problems, times, HTTPS.

Written from the RFC texts alone, beside the library and without it.
"""
import base64
import calendar
import datetime
import hashlib
import hmac
import http.client
import json
import re
import socket
import ssl
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

URN = "urn:ietf:params:acme:error:"
B64U = re.compile(r"^[A-Za-z0-9_-]*$")
RFC3339 = re.compile(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$")
IMF_FIXDATE = re.compile(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
                         r"\d{4} \d\d:\d\d:\d\d GMT$")


class Problem(Exception):
    """An error answer in the making, RFC 7807 with ACME's types."""

    def __init__(self, status, kind, detail, headers=None, **more):
        super().__init__(f"{status} {kind}: {detail}")
        self.status = status
        self.headers = dict(headers or {})
        self.document = {"type": URN + kind, "detail": detail, "status": status, **more}


# --- base64url, JSON, time ---

def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def un_b64u(text):
    """Strict: no padding, no other alphabet, no leftover bits (RFC 8555 section 6.1)."""
    if not isinstance(text, str) or not B64U.match(text) or len(text) % 4 == 1:
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64u(data) != text:
        raise ValueError("not base64url")
    return data


def no_doubles(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a member stands twice")
    return dict(pairs)


def read_json(data):
    return json.loads(data, object_pairs_hook=no_doubles)


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def parse_rfc3339(text):
    if not isinstance(text, str) or not RFC3339.match(text):
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    return datetime.datetime.fromisoformat(text.upper().replace("Z", "+00:00")).timestamp()


def http_date(seconds):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(seconds))


def parse_http_date(text):
    if not IMF_FIXDATE.match(text):
        raise ValueError(f"not an HTTP-date: {text!r}")
    return calendar.timegm(time.strptime(text, "%a, %d %b %Y %H:%M:%S GMT"))


# --- JWS ---

def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def jwk_of(public):
    numbers = public.public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": b64u(numbers.x.to_bytes(32, "big")),
            "y": b64u(numbers.y.to_bytes(32, "big"))}


def key_of(jwk):
    """The public key of a P-256 JWK; coordinates keep their full length (erratum 7565)."""
    if not isinstance(jwk, dict) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise ValueError("not a P-256 key")
    x, y = un_b64u(jwk.get("x")), un_b64u(jwk.get("y"))
    if len(x) != 32 or len(y) != 32:
        raise ValueError("coordinates of the wrong length")
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"),
                                         ec.SECP256R1()).public_key()


def thumbprint(jwk):
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return b64u(hashlib.sha256(json.dumps(required, separators=(",", ":"), sort_keys=True).encode()).digest())


def sign_raw(key, message):
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def jws(protected, payload, sign):
    """Flattened serialisation; payload: bytes, already what is to be signed."""
    head, body = b64u(json.dumps(protected).encode()), b64u(payload)
    return {"protected": head, "payload": body, "signature": b64u(sign(f"{head}.{body}".encode()))}


def payload_of(value):
    """None is POST-as-GET: a payload of no octets at all (RFC 8555 section 6.3)."""
    return b"" if value is None else json.dumps(value).encode()


def verify_es256(public, message):
    signature = un_b64u(message["signature"])
    if len(signature) != 64:
        raise ValueError("an ES256 signature has 64 octets")
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        public.verify(der, f"{message['protected']}.{message['payload']}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as wrong:
        raise ValueError("the signature does not verify") from wrong


def hs256(mac_key):
    return lambda message: hmac.new(mac_key, message, hashlib.sha256).digest()


def eab_of(jwk, url, key_id, mac_key, **changes):
    """External account binding, RFC 8555 section 7.3.4."""
    return jws({"alg": "HS256", "kid": key_id, "url": url, **changes}, json.dumps(jwk).encode(), hs256(mac_key))


# --- HTTPS, client side ---

class Reply:
    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body
        self.asked_at = self.came_at = None  # the server spoke in between

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def header(self, name):
        """The one value of a field, or None.  Twice is never right for those that are asked for."""
        values = self.all(name)
        if len(values) > 1:
            raise ValueError(f"{name} stands {len(values)} times")
        return values[0] if values else None

    def links(self, rel):
        found = []
        for value in self.all("Link"):
            for target, rest in re.findall(r"<([^>]*)>([^<]*)", value):
                if re.search(rf';\s*rel="?{rel}"?', rest):
                    found.append(target)
        return found

    def json(self):
        return read_json(self.body)

    def kind(self):
        """The short name of the problem's type, or None."""
        try:
            kind = self.json().get("type", "")
        except (ValueError, AttributeError):
            return None
        return kind[len(URN):] if kind.startswith(URN) else kind

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class LoopbackConnection(http.client.HTTPSConnection):
    """Every name is this machine; the name is still what the certificate must bear."""

    def __init__(self, host, port, context):
        super().__init__(host, port, timeout=60, context=context)
        self.tls = context

    def connect(self):
        self.sock = self.tls.wrap_socket(socket.create_connection(("127.0.0.1", self.port), self.timeout),
                                         server_hostname=self.host)


class Wire:
    def __init__(self, trust_pem):
        self.context = ssl.create_default_context(cafile=trust_pem)
        self.count = 0

    def request(self, method, url, body=None, fields=None):
        parts = urllib.parse.urlsplit(url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        headers = {"User-Agent": "peers/1", "Accept-Language": "en", **(fields or {})}
        connection = LoopbackConnection(parts.hostname, parts.port or 443, self.context)
        asked_at = time.time()
        try:
            connection.request(method, target, body=body, headers=headers)
            answer = connection.getresponse()
            self.count += 1
            reply = Reply(answer.status, answer.getheaders(), answer.read())
            reply.asked_at, reply.came_at = asked_at, time.time()
            return reply
        finally:
            connection.close()

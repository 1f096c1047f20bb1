# SPDX-License-Identifier: Apache-2.0
"""star_ca.py -- a CA in Python: RFC 8555's orders with http-01, RFC 8739's rolling certificates.

A certificate is made when it is first asked for after its time has come: from outside that is the schedule of section
3.5.  What was issued, when, stands in |issued|.
"""
import datetime
import math
import secrets
import time
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

import acme_wire as wire
import strict
from acme_server import AcmeServer, Answer, csr_of
from acme_wire import Problem
from stage import Root

FRACTION = 0.5
HOSTILE = {"wrong-key", "extra-name", "other-name", "beyond-end", "not-yet", "long-gone", "other-root"}


def utc(seconds):
    return datetime.datetime.utcfromtimestamp(seconds)


def check_renewal(value, min_lifetime, max_duration):
    """The auto-renewal object of a request (8739 3.1.1, 3.2), as a fresh dict with times in seconds."""
    try:
        strict.auto_renewal(value)
    except (strict.Disagreement, TypeError) as wrong:
        raise Problem(400, "malformed", str(wrong)) from wrong
    now = time.time()
    start = wire.parse_rfc3339(value["start-date"]) if "start-date" in value else now
    end = wire.parse_rfc3339(value["end-date"])
    if end <= now or end <= start or end - start > max_duration:
        raise Problem(400, "malformed", "end-date: not later than it may be, and not past")
    if value["lifetime"] < min_lifetime or value.get("lifetime-adjust", 0) < 0:
        raise Problem(400, "malformed", f"lifetime: {min_lifetime} s or more")


class StarCa(AcmeServer):
    def __init__(self, stage, dialects=(), http01_port=None, min_lifetime=2, max_duration=86400):
        self.root = Root("Python STAR CA")
        self.http01_port = http01_port
        self.min_lifetime, self.max_duration = min_lifetime, max_duration
        self.certificates, self.up = {}, {}
        self.by_serial = {}
        self.issued = []
        self.canceled_at = None
        self.stumbles = 0
        super().__init__(stage, "ca.example", dialects)

    def meta(self):
        meta = {"allow-certificate-get": True, "website": "https://ca.example/"}
        renewal = {"min-lifetime": self.min_lifetime, "max-duration": self.max_duration, "allow-certificate-get": True}
        if self.speaks("no-get"):
            del meta["allow-certificate-get"], renewal["allow-certificate-get"]
        if not self.speaks("no-star"):
            meta["auto-renewal"] = renewal
        return meta

    # --- Orders ---

    def stumble(self):
        """What a busy CA does: twice, then no more."""
        for dialect, problem in (("fault-500", Problem(500, "serverInternal", "a fault")),
                                 ("rate-limited", Problem(429, "rateLimited", "slower", headers={"Retry-After": "1"}))):
            if self.speaks(dialect) and self.stumbles < 2:
                self.stumbles += 1
                raise problem

    def new_order(self, request):
        self.stumble()
        asked = request.payload if isinstance(request.payload, dict) else {}
        names = asked.get("identifiers")
        if not isinstance(names, list) or not names:
            raise Problem(400, "malformed", "identifiers")
        if any(not isinstance(n, dict) or n.get("type") != "dns" for n in names):
            raise Problem(400, "unsupportedIdentifier", "dns names only")
        if "delegation" in asked:
            raise Problem(400, "malformed", "a CA knows no delegation (RFC 9115 section 2.3.2: strip it)")
        order = {"status": "pending", "identifiers": names}
        renewal = asked.get("auto-renewal")
        if renewal is not None:
            if "notBefore" in asked or "notAfter" in asked:
                raise Problem(400, "malformed", "notBefore does not go with auto-renewal")
            check_renewal(renewal, self.min_lifetime, self.max_duration)
            order["auto-renewal"] = dict(renewal)
            if self.speaks("get-not-reflected"):
                order["auto-renewal"].pop("allow-certificate-get", None)
            if self.speaks("adjust-dropped"):
                order["auto-renewal"].pop("lifetime-adjust", None)
        elif asked.get("allow-certificate-get") is True and not self.speaks("get-not-reflected"):
            order["allow-certificate-get"] = True
        if self.speaks("star-ignored"):
            order.pop("auto-renewal", None)
        order["authorizations"] = [self.authorization(request, name) for name in names]
        return self.keep_order(request, order)

    def show_order(self, order):
        if order["status"] == "processing" and time.time() >= order["due"] and not self.speaks("stalled"):
            self.begin(order)
        if order["status"] == "pending":
            states = [self.objects[url][2]["status"] for url in order["authorizations"]]
            if all(s == "valid" for s in states):
                order["status"] = "ready"
            elif "invalid" in states:
                order["status"] = "invalid"
        return self.shown(order, "auto-renewal", "allow-certificate-get", "certificate", "star-certificate")

    def order_object(self, request, order):
        if request.payload is None:
            return Answer(200, self.show_order(order))
        if request.payload.get("status") != "canceled":
            raise Problem(400, "malformed", "an order is only read or canceled")
        if self.speaks("cancel-refused"):
            raise Problem(400, "malformed", "cancel what?")
        if self.speaks("cancel-unavailable"):
            raise Problem(503, "serverInternal", "later", headers={"Retry-After": "1"})
        if "auto-renewal" not in order or order["status"] != "valid":
            raise Problem(400, "autoRenewalCancellationInvalid", f"the order is {order['status']}")
        order["status"] = "canceled"
        order["expires"] = time.time() + order["auto-renewal"]["lifetime"] * 2
        self.canceled_at = time.time()
        return Answer(200, self.show_order(order))

    # --- Authorizations (8555 7.5, 8.3) ---

    def authorization(self, request, name):
        url, challenge_url = self.new_url("authz"), self.new_url("challenge")
        challenge = {"type": "http-01", "url": challenge_url, "status": "pending",
                     "token": wire.b64u(secrets.token_bytes(24))}
        authz = {"status": "pending", "identifier": name, "challenges": [challenge]}
        self.objects[url] = (request.account, self.authorization_object, authz)
        self.objects[challenge_url] = (request.account, self.challenge_object, authz)
        self.up[challenge_url] = url
        return url

    def authorization_object(self, request, authz):
        return Answer(200, {**authz, "expires": wire.rfc3339(time.time() + 3600)})

    def challenge_object(self, request, authz):
        challenge = authz["challenges"][0]
        if request.payload is not None and challenge["status"] == "pending":
            good = self.http01_port is None or self.fetch_token(request.account, authz)
            good = good and not self.speaks("challenge-fails")
            challenge["status"] = authz["status"] = "valid" if good else "invalid"
            if good:
                challenge["validated"] = wire.rfc3339(time.time())
            else:
                challenge["error"] = Problem(403, "incorrectResponse", "not the key authorization").document
        answer = Answer(200, challenge)
        answer.fields.append(("Link", f'<{self.up[challenge["url"]]}>;rel="up"'))
        return answer

    def fetch_token(self, account, authz):
        token = authz["challenges"][0]["token"]
        url = f"http://127.0.0.1:{self.http01_port}/.well-known/acme-challenge/{token}"
        asked = urllib.request.Request(url, headers={"Host": authz["identifier"]["value"]})
        try:
            with urllib.request.urlopen(asked, timeout=60) as reply:
                text = reply.read(1000).decode().rstrip()
        except (OSError, ValueError):
            return False
        return text == f"{token}.{wire.thumbprint(account['jwk'])}"

    # --- Issuing ---

    def finalize(self, request, order):
        self.show_order(order)
        if order["status"] != "ready":
            raise Problem(403, "orderNotReady", f"the order is {order['status']}")
        csr_der = csr_of(request)
        try:
            csr = x509.load_der_x509_csr(csr_der)
            names = {n.lower() for n in csr.extensions.get_extension_for_class(
                x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)}
        except (ValueError, x509.ExtensionNotFound) as wrong:
            raise Problem(400, "badCSR", str(wrong)) from wrong
        if names != {n["value"] for n in order["identifiers"]}:
            raise Problem(400, "badCSR", "other names than the order's")
        if wire.thumbprint(request.account["jwk"]) == self.thumbprint_of(csr):
            raise Problem(400, "badCSR", "the account's key")
        if self.speaks("csr-refused"):
            raise Problem(400, "badCSR", "not this key")
        order["csr"] = csr
        if self.speaks("order-fails"):
            order["status"] = "invalid"
            order["error"] = Problem(403, "caa", "CAA forbids it").document
            return Answer(200, self.show_order(order))
        order["status"] = "processing"
        order["due"] = time.time() + (2 if self.speaks("slow") else 0)
        return Answer(200, self.show_order(order), Retry_After="1")

    def begin(self, order):
        """The first certificate."""
        order["status"] = "valid"
        star = "auto-renewal" in order
        url = self.new_url("cert")
        order["star-certificate" if star else "certificate"] = url
        self.certificates[url] = order
        self.objects[url] = (order["account"], self.certificate_object, order)
        order["chain"] = []
        order["nrd"] = math.floor(time.time())
        if star and "start-date" in order["auto-renewal"]:
            order["nrd"] = max(order["nrd"], math.floor(wire.parse_rfc3339(order["auto-renewal"]["start-date"])))
        self.publish(order)

    @staticmethod
    def thumbprint_of(csr):
        try:
            return wire.thumbprint(wire.jwk_of(csr.public_key()))
        except (AttributeError, OverflowError):
            return None

    def times_of(self, order, number):
        """notBefore and notAfter of section 3.5; the first is never before start-date."""
        renewal = order["auto-renewal"]
        life = renewal["lifetime"]
        fraction = 0.05 if self.speaks("late") else FRACTION
        due = order["nrd"] + number * life
        before = due - max(min(life, renewal.get("lifetime-adjust", 0)), math.ceil(fraction * life))
        if number == 0:
            before = order["nrd"]
        return before, min(due + life, math.floor(wire.parse_rfc3339(renewal["end-date"])))

    def publish(self, order):
        """Issues whatever is due."""
        if "auto-renewal" not in order:
            if not order["chain"]:
                now = math.floor(time.time())
                order["chain"].append(self.issue(order, now - 60, now + 86400))
            return
        end = wire.parse_rfc3339(order["auto-renewal"]["end-date"])
        while order["status"] == "valid":
            number = len(order["chain"])
            before, after = self.times_of(order, number)
            if before > time.time() or order["nrd"] + number * order["auto-renewal"]["lifetime"] >= end:
                return
            order["chain"].append(self.issue(order, before, after))

    def issue(self, order, before, after):
        csr = order["csr"]
        extensions = [(e.value, e.critical) for e in csr.extensions]
        if not any(isinstance(e, x509.ExtendedKeyUsage) for e, _ in extensions):
            extensions.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))
        extensions += [(x509.BasicConstraints(False, None), True),
                       (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root.key.public_key()), False)]
        public, signer = csr.public_key(), self.root
        if self.dialects & HOSTILE:
            public, signer, before, after, extensions = self.spoil(public, before, after, extensions)
        leaf = signer.sign(csr.subject, public, utc(before), utc(after), extensions)
        self.issued.append((time.time(), before, after, leaf))
        self.by_serial[leaf.serial_number] = order
        return (before, after, leaf.public_bytes(serialization.Encoding.PEM))

    def spoil(self, public, before, after, extensions):
        """Certificates that no NDC should take."""
        if self.speaks("wrong-key"):
            public = wire.new_key().public_key()
        if self.speaks("extra-name") or self.speaks("other-name"):
            mine = [] if self.speaks("other-name") else ["video.cp.example"]
            names = x509.SubjectAlternativeName([x509.DNSName(n) for n in mine + ["evil.example"]])
            extensions = [(names, False)] + [e for e in extensions if not isinstance(e[0], x509.SubjectAlternativeName)]
        if self.speaks("beyond-end"):
            after += 30 * 86400
        if self.speaks("not-yet"):
            before, after = before + 7200, after + 7200
        if self.speaks("long-gone"):
            before, after = before - 7200, after - 7200
        return public, Root("Another Root") if self.speaks("other-root") else self.root, before, after, extensions

    def bundle(self, pem):
        """The download; or something else."""
        key = wire.new_key().private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption())
        bodies = {"html": b"<html>Hello</html>", "text-in-pem": b"the leaf:\n" + pem + self.root.pem(),
                  "key-in-pem": pem + key, "reversed": self.root.pem() + pem, "nothing": b"\n",
                  "cut": pem[:200], "no-issuer": pem, "crlf": (pem + self.root.pem()).replace(b"\n", b"\r\n"),
                  "thousand": pem + self.root.pem() * 1000}
        for name, body in bodies.items():
            if self.speaks(name):
                return body
        return pem + self.root.pem()

    # --- Certificates ---

    def plain_get(self, request):
        order = self.certificates.get(request.url)
        if order is None:
            return super().plain_get(request)
        granted = (order.get("auto-renewal") or order).get("allow-certificate-get") is True
        if not granted or self.speaks("get-401"):
            raise Problem(401 if self.speaks("get-401") else 405, "unauthorized", "POST-as-GET, please")
        return self.certificate_object(request, order)

    def certificate_object(self, request, order):
        if order["status"] == "canceled":
            if self.speaks("canceled-404"):
                raise Problem(404, "malformed", "gone")
            raise Problem(403, "autoRenewalCanceled", "canceled by the owner")
        self.publish(order)
        before, after, pem = order["chain"][-1]
        if "auto-renewal" in order and after <= time.time() and not self.speaks("long-gone"):
            if self.speaks("expired-400"):
                raise Problem(400, "serverInternal", "order expired")
            raise Problem(403, "autoRenewalExpired", "expired")
        if self.speaks("not-yet-404") and len(order["chain"]) == 1 and order.setdefault("misses", 0) < 3:
            order["misses"] += 1
            raise Problem(404, "malformed", "not issued yet")
        answer = Answer(200, body=self.bundle(pem), kind="text/html" if self.speaks("html") else
                        "application/pem-certificate-chain")
        if not self.speaks("no-cache-fields"):
            answer.fields.append(("Cache-Control", f"public, max-age={self.fresh_for(order, after)}"))
        answer.fields += self.time_fields(before, after)
        return answer

    def fresh_for(self, order, after):
        """Until the next one is there, and never beyond notAfter (section 4.3)."""
        following = self.times_of(order, len(order["chain"]))[0] if "auto-renewal" in order else after
        return max(0, math.floor(min(following, after) - time.time()))

    def time_fields(self, before, after):
        if self.speaks("no-cert-fields"):
            return []
        if self.speaks("wrong-cert-fields"):
            before, after = before - 3600, after + 86400
        fields = [("Cert-Not-Before", wire.http_date(before)), ("Cert-Not-After", wire.http_date(after))]
        if self.speaks("old-dates"):  # the form of RFC 850, which senders have left behind
            fields = [(name, time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(at)))
                      for (name, _), at in zip(fields, (before, after))]
        if self.speaks("short-dates"):  # as in figure 6 of RFC 8739: the day without its zero
            fields = [(name, text.replace(", 0", ", ")) for name, text in fields]
        return fields

    def revoke(self, request):
        payload = request.payload if isinstance(request.payload, dict) else {}
        try:
            certificate = x509.load_der_x509_certificate(wire.un_b64u(payload["certificate"]))
        except (ValueError, KeyError, TypeError) as wrong:
            raise Problem(400, "malformed", f"certificate: {wrong}") from wrong
        order = self.by_serial.get(certificate.serial_number)
        if order is None:
            raise Problem(404, "malformed", "not mine")
        if "auto-renewal" in order:
            raise Problem(403, "autoRenewalRevocationNotSupported", "STAR certificates are not revoked")
        if order["account"] is not request.account:
            raise Problem(403, "unauthorized", "not yours")
        order["revoked"] = time.time()
        return Answer(200)

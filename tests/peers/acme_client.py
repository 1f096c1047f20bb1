# SPDX-License-Identifier: Apache-2.0
"""acme_client.py -- an ACME account in Python: nonces, signed requests, registration; every answer is held to
strict.py."""
import json
import time

import acme_wire as wire
import strict

JOSE = {"Content-Type": "application/jose+json"}


class Client:
    def __init__(self, trust_pem, directory_url, key=None, delegation=False, star=False):
        self.wire, self.trust = wire.Wire(trust_pem), trust_pem
        self.directory_url = directory_url
        self.key = key or wire.new_key()
        self.kid = None
        self.nonces = []
        self.delegation = delegation
        self.directory = strict.directory(self.wire.request("GET", directory_url), delegation, star)

    # --- Requests ---

    def get(self, url, method="GET", **fields):
        reply = self.wire.request(method, url, fields=fields)
        return reply

    def nonce(self):
        if self.nonces:
            return self.nonces.pop()
        reply = self.get(self.directory["newNonce"], "HEAD")
        strict.common(reply, self.directory_url, False)
        strict.must(reply.status == 200, "8555 7.2", f"HEAD newNonce answers {reply.status}")
        strict.must("no-store" in (reply.header("Cache-Control") or ""), "8555 7.2", "newNonce may be cached")
        return reply.header("Replay-Nonce")

    def header(self, url, use_jwk=False):
        who = {"jwk": wire.jwk_of(self.key.public_key())} if use_jwk or self.kid is None else {"kid": self.kid}
        return {"alg": "ES256", "nonce": self.nonce(), "url": url, **who}

    def send(self, url, message, fields=None):
        """Any body whatever, for what must be refused."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        reply = self.wire.request("POST", url, body, {**JOSE, **(fields or {})})
        strict.common(reply, self.directory_url, True)
        if reply.header("Replay-Nonce") is not None:
            self.nonces.append(reply.header("Replay-Nonce"))
        return reply

    def post(self, url, value=None, use_jwk=False, **changes):
        """Signed; value None is POST-as-GET.  Keyword arguments change the protected header; None drops a member."""
        for _ in range(3):
            header = {**self.header(url, use_jwk), **changes}
            header = {k: v for k, v in header.items() if v is not None}
            message = wire.jws(header, wire.payload_of(value), lambda text: wire.sign_raw(self.key, text))
            reply = self.send(url, message)
            if reply.kind() != "badNonce" or reply.status != 400 or "nonce" in changes:
                break
        return reply

    def fetch(self, url, section="8555 6.3"):
        """POST-as-GET of an object."""
        reply = self.post(url)
        strict.must(reply.status == 200, section, f"POST-as-GET of {url}: {reply!r}")
        strict.must(strict.media_type(reply) == "application/json", section, f"type {strict.media_type(reply)}")
        return reply

    # --- Accounts ---

    def eab(self, key_id, mac_key, **changes):
        return wire.eab_of(wire.jwk_of(self.key.public_key()), self.directory["newAccount"], key_id,
                           wire.un_b64u(mac_key), **changes)

    def try_register(self, **payload):
        return self.post(self.directory["newAccount"], {"termsOfServiceAgreed": True, **payload}, use_jwk=True)

    def register(self, **payload):
        reply = self.try_register(**payload)
        strict.must(reply.status in (200, 201), "8555 7.3", f"newAccount answers {reply!r}")
        self.kid = reply.header("Location")
        strict.must(strict.is_url(self.kid), "8555 7.3", f"Location {self.kid}")
        return strict.account(reply.json(), self.delegation)

    def account(self):
        return strict.account(self.fetch(self.kid).json(), self.delegation)

    def pages(self, url, name, section):
        """All entries of a list that may come in pages."""
        found, pages = [], 0
        while url is not None:
            reply = self.fetch(url, section)
            document = reply.json()
            strict.must(isinstance(document, dict), section, "the list is not inside an object")
            found += strict.member(document, name, "list", section)
            pages += 1
            following = reply.links("next")
            strict.must(len(following) < 2 and pages < 1000, "8555 7.1.2.1", "pages without end")
            url = following[0] if following else None
        strict.must(all(strict.is_url(u) for u in found), section, "not an array of URLs")
        return found, pages

    # --- Orders ---

    def try_order(self, payload):
        return self.post(self.directory["newOrder"], payload)

    def order(self, payload):
        reply = self.try_order(payload)
        strict.must(reply.status == 201, "8555 7.4", f"newOrder answers {reply!r}")
        url = reply.header("Location")
        strict.must(strict.is_url(url), "8555 7.4 (erratum 5979)", f"Location {url}")
        return url, reply.json()

    def poll(self, url, until=("valid", "invalid"), seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            document = strict.order(self.fetch(url).json())
            if document["status"] in until:
                return document
            strict.must(time.monotonic() < deadline, "8555 7.4", f"still {document['status']} after {seconds} s")
            time.sleep(0.1)

    def finalize(self, document, csr):
        return self.post(document["finalize"], {"csr": wire.b64u(csr)})

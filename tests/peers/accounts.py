# SPDX-License-Identifier: Apache-2.0
"""accounts.py -- what an ACME server has to refuse around accounts (RFC 8555 sections 7.3 to 7.3.5)."""
import json

import acme_wire as wire
import strict
from refusals import PLAIN, refused

CONTACT = ("unsupportedContact", "invalidContact")


# --- newAccount and updates (8555 7.3, 7.3.2) ---

def payload_cases(ndc, mac):
    """Before the account is made; the MAC key must survive all of it."""
    def attempt(**payload):
        return ndc.post(ndc.directory["newAccount"], {"termsOfServiceAgreed": True, "externalAccountBinding": ndc.eab(
            "cdn", mac), **payload}, use_jwk=True)
    cases = [
        ("a telephone as contact", {"contact": ["tel:+12025551212"]}, CONTACT),
        ("no URL as contact", {"contact": ["a@ndc.example"]}, CONTACT),
        ("two addresses in one contact", {"contact": ["mailto:a@ndc.example,b@ndc.example"]}, CONTACT),
        ("hfields in a contact", {"contact": ["mailto:a@ndc.example?subject=x"]}, CONTACT),
        ("contact as text", {"contact": "mailto:a@ndc.example"}, PLAIN + CONTACT),
        ("a number as contact", {"contact": [7]}, PLAIN + CONTACT),
        ("the terms not agreed to", {"termsOfServiceAgreed": False}, PLAIN + ("userActionRequired",)),
        ("terms as text", {"termsOfServiceAgreed": "yes"}, PLAIN),
    ]
    for what, payload, kinds in cases:
        yield "newAccount: " + what, lambda what=what, payload=payload, kinds=kinds: refused(
            what, attempt(**payload), (400, 403), kinds, "8555 7.3")

    def made():
        reply = attempt(**{"contact": ["mailto:a@ndc.example"], "orders": "https://evil.example/", "x-unknown": 1,
                           "status": "revoked", "delegations": "https://evil.example/", "onlyReturnExisting": False})
        strict.must(reply.status == 201, "8555 7.3", f"{reply!r}")
        document = strict.account(reply.json(), True)
        ndc.kid = reply.header("Location")
        strict.must(not {"x-unknown", "onlyReturnExisting"} & set(document), "8555 7.3", f"reflected: {document}")
        strict.must("evil" not in str(document) and document["status"] == "valid", "8555 7.3", f"{document}")
        strict.must(document.get("contact") == ["mailto:a@ndc.example"], "8555 7.1.2", "another contact")
    yield "newAccount: members that are not the client's are ignored", made

    def update():
        reply = ndc.post(ndc.kid, {"contact": ["mailto:b@ndc.example"], "x-unknown": 1})
        strict.must(reply.status == 200, "8555 7.3.2", f"{reply!r}")
        strict.must(ndc.account().get("contact") == ["mailto:b@ndc.example"], "8555 7.3.2", "not updated")
        reply = ndc.post(ndc.kid, {"contact": ["tel:1"]})
        refused("a bad update", reply, (400, 403), CONTACT, "8555 7.3.2")
        reply = ndc.post(ndc.kid, {"status": "revoked", "orders": "https://evil.example/",
                                   "termsOfServiceAgreed": False})
        strict.must(reply.status == 200, "8555 7.3.2", f"what is not the client's is ignored: {reply!r}")
        strict.must(ndc.account()["status"] == "valid" and "evil" not in str(ndc.account()), "8555 7.3.2", "taken over")
        strict.must(ndc.account()["contact"] == ["mailto:b@ndc.example"], "8555 7.3.2", "changed all the same")
    yield "update of contacts", update


# --- A new key (8555 7.3.5) ---

def key_change_cases(ndc, rival):
    url = ndc.directory["keyChange"]
    new = wire.new_key()
    old_jwk, new_jwk = wire.jwk_of(ndc.key.public_key()), wire.jwk_of(new.public_key())

    def inner(key=new, payload=None, **changes):
        header = {"alg": "ES256", "jwk": wire.jwk_of(key.public_key()), "url": url, **changes}
        header = {k: v for k, v in header.items() if v is not None}
        body = {"account": ndc.kid, "oldKey": old_jwk, **(payload or {})}
        return wire.jws(header, json.dumps(body).encode(), lambda text: wire.sign_raw(key, text))

    broken = inner()
    cases = [
        ("another url inside", inner(url=url + "x"), (400, 401, 403)), ("no jwk inside", inner(jwk=None), (400,)),
        ("a nonce inside", inner(nonce=wire.b64u(b"n" * 16)), (400,)), ("a kid inside", inner(kid=ndc.kid), (400,)),
        ("another account", inner(payload={"account": rival.kid}), (400, 401, 403)),
        ("another old key", inner(payload={"oldKey": new_jwk}), (400, 401, 403)),
        ("a spoiled signature", {**broken, "signature": wire.b64u(bytes(64))}, (400, 401, 403)),
        ("no inner JWS", {"account": ndc.kid, "oldKey": old_jwk}, (400,)),
    ]
    for what, payload, statuses in cases:
        yield "key change: " + what, lambda what=what, payload=payload, statuses=statuses: refused(
            what, ndc.post(url, payload), statuses, PLAIN, "8555 7.3.5")

    def taken():
        refused("the key of another account", ndc.post(url, inner(key=rival.key)), (409,), PLAIN, "8555 7.3.5")

    def changed():
        reply = ndc.post(url, inner())
        strict.must(reply.status == 200, "8555 7.3.5", f"{reply!r}")
        old, ndc.key = ndc.key, new
        strict.must(ndc.account()["status"] == "valid", "8555 7.3.5", "the new key is not in force")
        ndc.key = old
        refused("the old key", ndc.post(ndc.kid), (400, 401, 403), PLAIN, "8555 7.3.5")
        ndc.key = new
    yield "key change: to another account's key: 409", taken
    yield "key change: the new key serves, the old does not", changed

# SPDX-License-Identifier: Apache-2.0
"""refusals.py -- what an IdO's server has to refuse, and how (RFC 8555 sections 6 and 7, RFC 9115 section 2.3).

Where the text fixes no status, any of those that fit are taken; what was answered is told as a TAP comment.
"""
import functools
import json
import time

import acme_wire as wire
import csr_template
import stage as play
import strict
from spoiled import SPOILED

PLAIN = ("malformed", "unauthorized")
STALE_NONCES = 3


def told(what, reply):
    detail = reply.json().get("detail", "") if reply.body else ""
    print(f"# {what}: {reply.status} {reply.kind()}: {detail}")


def refused(what, reply, statuses, kinds, section):
    document = strict.problem(reply, statuses, kinds, section)
    told(what, reply)
    return document


# --- External account binding (8555 7.3.4) ---

def binding_cases(ndc, mac):
    other = wire.jwk_of(wire.new_key().public_key())
    url = ndc.directory["newAccount"]
    key = wire.un_b64u(mac)
    own = wire.jwk_of(ndc.key.public_key())
    good = wire.eab_of(own, url, "cdn", key)
    cases = [
        ("no binding", None, (403, 401, 400), ("externalAccountRequired",)),
        ("an unknown key id", wire.eab_of(own, url, "nobody", key), (400, 401, 403), PLAIN),
        ("a wrong MAC key", wire.eab_of(own, url, "cdn", b"x" * 32), (400, 401, 403), PLAIN),
        ("another url inside", wire.eab_of(own, url + "/x", "cdn", key), (400, 401, 403), PLAIN),
        ("a nonce inside", wire.eab_of(own, url, "cdn", key, nonce=ndc.nonce()), (400, 401, 403), PLAIN),
        ("another key as payload", wire.eab_of(other, url, "cdn", key), (400, 401, 403), PLAIN),
        ("alg none inside", wire.eab_of(own, url, "cdn", key, alg="none"), (400, 401, 403),
         PLAIN + ("badSignatureAlgorithm",)),
        ("alg ES256 inside", wire.eab_of(own, url, "cdn", key, alg="ES256"), (400, 401, 403),
         PLAIN + ("badSignatureAlgorithm",)),
        ("a spoiled MAC", {**good, "signature": wire.b64u(b"\0" * 32)}, (400, 401, 403), PLAIN),
        ("a text for a binding", "cdn", (400,), PLAIN),
    ]
    for name, binding, statuses, kinds in cases:
        def case(name=name, binding=binding, statuses=statuses, kinds=kinds):
            payload = {} if binding is None else {"externalAccountBinding": binding}
            refused(name, ndc.try_register(**payload), statuses, kinds, "8555 7.3.4")
        yield "binding: " + name, case
    yield "no account was made by them", lambda: refused(
        "onlyReturnExisting", ndc.try_register(onlyReturnExisting=True), (400,), ("accountDoesNotExist",), "8555 7.3.1")


# --- JWS (8555 6.2 to 6.5) ---

def fresh_nonce(ndc):
    """One of its own, whatever lies in the pool."""
    ndc.nonces.clear()
    return ndc.nonce()


def es256(ndc):
    return lambda text: wire.sign_raw(ndc.key, text)


def jws_cases(ndc):
    url = ndc.kid
    stranger = wire.new_key()
    jwk = wire.jwk_of(ndc.key.public_key())

    def message(sign=None, payload=b"", **changes):
        header = {**ndc.header(url), **changes}
        return wire.jws({k: v for k, v in header.items() if v is not None}, payload, sign or es256(ndc))

    def changed(**members):
        return {**message(), **members}

    algorithms = ("badSignatureAlgorithm",)
    cases = [
        ("no JSON", lambda: b"hello", (400,), PLAIN),
        ("an empty body", lambda: b"", (400,), PLAIN),
        ("an array", lambda: [message()], (400,), PLAIN),
        ("a member twice", lambda: json.dumps(message()).replace("{", '{"payload":"",', 1).encode(), (400,), PLAIN),
        ("alg none", lambda: message(lambda _: b"", alg="none"), (400,), algorithms),
        ("alg HS256", lambda: message(wire.hs256(b"k" * 32), alg="HS256"), (400,), algorithms),
        ("an unknown alg", lambda: message(alg="ES1024"), (400,), algorithms),
        ("no alg", lambda: message(alg=None), (400,), PLAIN + algorithms),
        ("another key's signature", lambda: message(lambda text: wire.sign_raw(stranger, text)), (400, 401, 403),
         PLAIN),
        ("a signature of 63 octets", lambda: changed(signature=wire.b64u(b"\1" * 63)), (400, 401, 403), PLAIN),
        ("a signature of zeros", lambda: changed(signature=wire.b64u(bytes(64))), (400, 401, 403), PLAIN),
        ("jwk and kid", lambda: message(jwk=jwk), (400,), PLAIN),
        ("neither jwk nor kid", lambda: message(kid=None), (400,), PLAIN),
        ("jwk where kid belongs", lambda: message(kid=None, jwk=jwk), (400, 401, 403), PLAIN),
        ("an unknown kid", lambda: message(kid=url + "x"), (400, 401, 403), PLAIN + ("accountDoesNotExist",)),
        ("a relative kid", lambda: message(kid="/account"), (400, 401, 403), PLAIN + ("accountDoesNotExist",)),
        ("no url", lambda: message(url=None), (400, 401, 403), PLAIN),
        ("another url", lambda: message(url=url + "?"), (401, 403), ("unauthorized",)),
        ("the url in another letter case", lambda: message(url=url.upper()), (401, 403), ("unauthorized",)),
        ("a nonce that nobody gave", lambda: message(nonce=wire.b64u(b"n" * 20)), (400,), ("badNonce",)),
        ("no nonce", lambda: message(nonce=None), (400,), ("badNonce",) + PLAIN),
        ("a nonce with padding", lambda: message(nonce="AAAA="), (400,), ("malformed", "badNonce")),
        ("crit", lambda: message(crit=["b64"], b64=False), (400,), PLAIN),
        ("an unprotected header", lambda: changed(header={"kid": url}), (400,), PLAIN),
        ("several signatures", lambda: {"payload": "", "signatures": [message()]}, (400,), PLAIN),
        ("a padded payload", lambda: changed(payload="eA=="), (400,), PLAIN),
        ("a detached payload", lambda: {k: v for k, v in message().items() if k != "payload"}, (400,), PLAIN),
    ]
    for name, make, statuses, kinds in cases:
        def case(name=name, make=make, statuses=statuses, kinds=kinds):
            document = refused(name, ndc.send(url, make()), statuses, kinds, "8555 6.2-6.5")
            if kinds == algorithms:
                strict.must("ES256" in document.get("algorithms", []), "8555 6.2", "no algorithms in the problem")
        yield "JWS: " + name, case
    yield "JWS: a replay", lambda: replay(ndc, message())
    yield "JWS: kid for newAccount", lambda: refused("kid for newAccount", ndc.post(
        ndc.directory["newAccount"], {}), (400, 401, 403), PLAIN, "8555 6.2")


def replay(ndc, message):
    strict.must(ndc.send(ndc.kid, message).status == 200, "8555 6.5", "the first one is fine")
    for _ in range(STALE_NONCES):
        reply = ndc.send(ndc.kid, message)
        refused("a replay", reply, (400,), ("badNonce",), "8555 6.5")
        strict.must(reply.header("Replay-Nonce") is not None, "8555 6.5", "badNonce without a fresh nonce")


# --- HTTP (8555 6.1, 6.2, 6.3) ---

def transport_cases(ndc):
    account = ndc.account()
    delegation = list(ndc.delegations())[0]
    for name, url in (("account", ndc.kid), ("orders", account["orders"]), ("delegations", account["delegations"]),
                      ("delegation", delegation), ("newOrder", ndc.directory["newOrder"])):
        yield f"GET of {name}: 405", lambda name=name, url=url: refused(
            f"GET of {name}", ndc.get(url), (405,), ("malformed",), "8555 6.3")

    def content_type(value):
        message = wire.jws(ndc.header(ndc.kid), b"", es256(ndc))
        refused(f"Content-Type {value}", ndc.send(ndc.kid, message, {"Content-Type": value}), (415,), ("malformed",),
                "8555 6.2")
    yield "application/json: 415", lambda: content_type("application/json")
    yield "text/plain: 415", lambda: content_type("text/plain")

    def nonce_by_get():
        reply = ndc.get(ndc.directory["newNonce"])
        strict.must(reply.status == 204 and reply.header("Replay-Nonce"), "8555 7.2", f"GET newNonce: {reply!r}")
        strict.must("no-store" in (reply.header("Cache-Control") or ""), "8555 7.2", "newNonce may be cached")
    yield "GET newNonce: 204", nonce_by_get

    def too_long():
        try:
            reply = ndc.wire.request("POST", ndc.kid, b"{" + b" " * 300000, {"Content-Type": "application/jose+json"})
        except OSError:
            return  # closed while it was still being sent, as RFC 9110 section 15.5.14 allows
        strict.must(400 <= reply.status < 500, "9110 15.5.14", f"300 kB: {reply!r}")
        strict.should(reply.links("index") == [ndc.directory_url], "8555 7.1", "413 without Link rel=index")
    yield "a body of 300 kB", too_long

    def nowhere():
        base = ndc.directory["newOrder"].rsplit("/", 1)[0]
        reply = ndc.post(base + "/nowhere", {})
        strict.must(reply.status == 404, "9110 15.5.5", f"an unknown path: {reply!r}")
    yield "an unknown path: 404", nowhere


def unchanged(ndc, before):
    strict.must(ndc.delegations() == before, "8555 6", "delegations changed")
    orders, _ = ndc.pages(ndc.account()["orders"], "orders", "8555 7.1.2.1")
    strict.must(orders == [], "8555 6", "orders were made")


# --- newOrder (9115 2.3.2, 8739 3.1.1) ---

def cancel_by_ndc(ndc, order_url):
    """Cancelling is the owner's alone (RFC 9115 section 2.3.6.1)."""
    reply = ndc.post(order_url, {"status": "canceled"})
    refused("cancel by the NDC", reply, (400, 403), PLAIN + ("autoRenewalCancellationInvalid",), "9115 2.3.6.1")
    strict.must(ndc.poll(order_url)["status"] == "valid", "9115 2.3.6.1", "the NDC ended the order")


def order_of_ended(ndc, payload):
    refused("order of an ended delegation", ndc.try_order(payload), (403,), ("unknownDelegation",), "9115 2.3.1.3")


def bad_orders(good, name, other):
    """(what, payload, statuses, types, section)"""
    renewal = good["auto-renewal"]

    def with_renewal(**changes):
        return {**good, "auto-renewal": {k: v for k, v in {**renewal, **changes}.items() if v is not None}}

    past, soon = wire.rfc3339(time.time() - 100), wire.rfc3339(time.time() + 2)
    unknown, star = ("unknownDelegation",), ("malformed", "malformedRequest")
    names = ("malformed", "rejectedIdentifier", "unsupportedIdentifier")
    ids = lambda *v: {**good, "identifiers": [{"type": "dns", "value": n} for n in v]}  # noqa: E731
    here = good["delegation"]
    return [
        ("no delegation", {k: v for k, v in good.items() if k != "delegation"}, (400, 403), PLAIN + unknown),
        ("a number as delegation", {**good, "delegation": 7}, (400,), PLAIN),
        ("an unknown delegation", {**good, "delegation": here + "x"}, (403,), unknown),
        ("a delegation on another host", {**good, "delegation": here.replace("ido.", "evil.")}, (403,), unknown),
        ("an empty delegation", {**good, "delegation": ""}, (400, 403), PLAIN + unknown),
        ("no identifiers", {k: v for k, v in good.items() if k != "identifiers"}, (400,), PLAIN),
        ("empty identifiers", {**good, "identifiers": []}, (400, 403), names),
        ("identifiers as text", {**good, "identifiers": name}, (400,), PLAIN),
        ("another name", ids(other), (400, 403), names),
        ("a name more", ids(name, other), (400, 403), names),
        ("a wildcard", ids("*." + name), (400, 403), names),
        ("a name twice", ids(name, name), (400, 403), names),
        ("an address", {**good, "identifiers": [{"type": "ip", "value": "192.0.2.1"}]}, (400, 403), names),
        ("notBefore", {**good, "notBefore": past}, (400,), star),
        ("notAfter", {**good, "notAfter": renewal["end-date"]}, (400,), star),
        ("auto-renewal as text", {**good, "auto-renewal": "yes"}, (400,), star),
        ("an empty auto-renewal", {**good, "auto-renewal": {}}, (400, 403), star),
        ("no end-date", with_renewal(**{"end-date": None}), (400,), star),
        ("an end-date that is none", with_renewal(**{"end-date": "tomorrow"}), (400,), star),
        ("an end-date without zone", with_renewal(**{"end-date": "2030-01-01T00:00:00"}), (400,), star),
        ("an end-date in the past", with_renewal(**{"end-date": past}), (400, 403), star),
        ("start-date after end-date", with_renewal(**{"start-date": "2099-01-01T00:00:00Z"}), (400, 403), star),
        ("no lifetime", with_renewal(lifetime=None), (400,), star),
        ("lifetime 0", with_renewal(lifetime=0), (400, 403), star),
        ("a negative lifetime", with_renewal(lifetime=-4), (400, 403), star),
        ("lifetime as text", with_renewal(lifetime="4"), (400,), star),
        ("lifetime 4.5", with_renewal(lifetime=4.5), (400,), star),
        ("lifetime below the delegation's bound", with_renewal(lifetime=3), (400, 403), star + ("unauthorized",)),
        ("lifetime above the delegation's bound", with_renewal(lifetime=1001), (400, 403), star + ("unauthorized",)),
        ("a negative lifetime-adjust", with_renewal(**{"lifetime-adjust": -1}), (400,), star),
        ("lifetime-adjust as text", with_renewal(**{"lifetime-adjust": "1"}), (400,), star),
        ("no allow-certificate-get", with_renewal(**{"allow-certificate-get": None}), (400, 403), PLAIN),
        ("allow-certificate-get false", with_renewal(**{"allow-certificate-get": False}), (400, 403), PLAIN),
        ("allow-certificate-get as text", with_renewal(**{"allow-certificate-get": "true"}), (400,), PLAIN),
        ("no auto-renewal and no grant", {k: v for k, v in good.items() if k != "auto-renewal"}, (400, 403), PLAIN),
        ("an end-date too near for one certificate", with_renewal(**{"end-date": soon}), (201, 400, 403), star),
    ]


def order_cases(ndc, name, other):
    good = ndc.star_payload(list(ndc.delegations())[0], [name], 4)
    for what, payload, statuses, kinds in bad_orders(good, name, other):
        def case(what=what, payload=payload, statuses=statuses, kinds=kinds):
            reply = ndc.try_order(payload)
            if reply.status == 201 and 201 in statuses:
                strict.delegated_order(reply.json(), payload)
                print(f"# {what}: accepted")
            else:
                refused(what, reply, statuses, kinds, "9115 2.3.2, 8739 3.1.1")
        yield "newOrder: " + what, case

    def none_was_made():
        orders, _ = ndc.pages(ndc.account()["orders"], "orders", "8555 7.1.2.1")
        strict.must(len(orders) <= 1, "8555 7.4", f"refused requests made orders: {orders}")
    yield "newOrder: none was made by them", none_was_made


# --- Other people's objects ---

def foreign_cases(ndc, rival, name, other):
    delegation = list(ndc.delegations())[0]
    order_url, document = ndc.delegated_order(ndc.star_payload(delegation, [name], 4))
    account = ndc.account()
    parts = csr_template.parts_from(play.template_for(name))
    csr = {"csr": wire.b64u(parts.der())}
    for what, url, payload in (("account", ndc.kid, None), ("orders", account["orders"], None),
                               ("delegations", account["delegations"], None), ("delegation", delegation, None),
                               ("order", order_url, None), ("finalize", document["finalize"], csr),
                               ("cancel", order_url, {"status": "canceled"}),
                               ("account update", ndc.kid, {"status": "deactivated"})):
        def case(what=what, url=url, payload=payload):
            reply = rival.post(url, payload)
            refused(f"foreign {what}", reply, (401, 403, 404), PLAIN + ("unknownDelegation",), "8555 6.3")
            strict.must(name.encode() not in reply.body, "8555 6.3", "the answer tells of the other account")
        yield "another account's " + what, case
    yield "another account's delegation in an order", lambda: refused("foreign delegation", rival.try_order(
        rival.star_payload(delegation, [name], 4)), (403,), ("unknownDelegation",), "9115 2.3.1.3")
    yield "the order is as it was", lambda: strict.must(
        ndc.fetch(order_url).json() == document, "8555 6.3", "a stranger changed the order")
    yield "the account is as it was", lambda: strict.must(ndc.account() == account, "8555 6.3", "the account changed")


# --- finalize (9115 2.3.2, 4.1; 8555 7.4, 11.1) ---

def finalize_cases(ndc, name):
    delegation = list(ndc.delegations())[0]
    payload = ndc.star_payload(delegation, [name], 4)
    kinds = ("badCSR", "malformed")
    for what, body in (("no csr", {}), ("a number as csr", {"csr": 7}), ("an empty csr", {"csr": ""}),
                       ("no base64url", {"csr": "!"}), ("no DER", {"csr": wire.b64u(b"hello")})):
        def case(what=what, body=body):
            url, document = ndc.delegated_order(payload)
            refused(what, ndc.post(document["finalize"], body), (400, 403), kinds, "8555 7.4")
            tell_state(ndc, url, what)
        yield "finalize: " + what, case

    def own_key():
        url, document = ndc.delegated_order(payload)
        parts = csr_template.parts_from(play.template_for(name), key=ndc.key)
        refused("the account's key", ndc.finalize(document, parts.der()), (400, 403), ("badCSR", "badPublicKey"),
                "8555 11.1")
        tell_state(ndc, url, "the account's key")
    yield "finalize: the account's key", own_key
    yield "finalize: twice", functools.partial(finalize_twice, ndc, payload, name)
    yield "every open order is listed", functools.partial(order_list, ndc, payload)


def order_list(ndc, payload):
    """Orders come in pages; every open one is there, none that has failed (RFC 8555 section 7.1.2.1)."""
    made = {ndc.delegated_order(payload)[0] for _ in range(70)}
    listed, pages = ndc.pages(ndc.account()["orders"], "orders", "8555 7.1.2.1")
    strict.must(len(set(listed)) == len(listed), "8555 7.1.2.1", "an order is listed twice")
    strict.should(made <= set(listed), "8555 7.1.2.1", f"{len(made - set(listed))} open orders are not listed")
    failed = [url for url in listed[:100] if ndc.fetch(url).json()["status"] == "invalid"]
    strict.should(not failed, "8555 7.1.2.1", f"{len(failed)} orders are listed that have failed")
    print(f"# {len(listed)} orders in {pages} pages")


def finalize_twice(ndc, payload, name):
    parts = csr_template.parts_from(play.template_for(name))
    _, document, url = ndc.obtain(payload, parts)
    reply = ndc.finalize(document, parts.der())
    refused("finalize of a valid order", reply, (403,), ("orderNotReady",), "8555 7.4")
    strict.must(ndc.get(url).status == 200, "8555 7.4", "the certificate is gone")


def tell_state(ndc, url, what):
    status = strict.order(ndc.fetch(url).json())["status"]
    strict.must(status in ("ready", "invalid"), "9115 2.2, 8555 7.4", f"the order is {status} after a bad CSR")
    print(f"# {what}: the order is then {status}")
    return status


def template_cases(ndc, template, choices, payload_of):
    """Each way of breaking a template, one order each; then requests that the template allows."""
    for what, kinds, spoil in SPOILED:
        def case(what=what, kinds=kinds, spoil=spoil):
            parts = csr_template.parts_from(template, choices)
            csr = spoil(parts) or parts.der()
            faults, _ = csr_template.match(template, csr)
            strict.must(faults, "test", "the Python IdO would take it")
            url, document = ndc.delegated_order(payload_of())
            problem = refused(what, ndc.finalize(document, csr), (403,), kinds, "9115 2.3.2")
            if problem["type"].endswith("rejectedIdentifier"):
                named = [p for p in problem.get("subproblems", []) if "identifier" in p]
                strict.should(named, "9115 2.3.2", f"no subproblem names an identifier: {what}")
            tell_state(ndc, url, what)
        yield "template: " + what, case



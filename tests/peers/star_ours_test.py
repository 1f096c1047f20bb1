#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Python owner before our star-ca: RFC 8739 by itself, with http-01, renewals, cancellation and its errors.

Prints TAP.  Usage: star_ours_test.py BUILD_DIR
"""
import functools
import time

from cryptography.hazmat.primitives import serialization

import acme_wire as wire
import csr_template
import refusals
import stage as play
import strict
from acme_client import Client
from ido import Tokens, prove
from ndc import Follower, follow_all

NAME = "star.cp.example"
SECOND = "second.cp.example"
STAR = ("malformed", "malformedRequest")


def open_scene(stage, **ca):
    tokens = Tokens(stage)
    directory = stage.start_star_ca(tokens.http.server_address[1], [NAME, SECOND], **ca)
    client = Client(stage.trust, directory, star=True)
    client.register(contact=["mailto:owner@cp.example"])
    return client, tokens.tokens


def star_payload(lifetime=4, seconds=3600, names=(NAME,), **more):
    return {"identifiers": [{"type": "dns", "value": n} for n in names],
            "auto-renewal": {"end-date": wire.rfc3339(time.time() + seconds), "lifetime": lifetime,
                             "allow-certificate-get": True, **more}}


def created(client, payload):
    """A new order, as RFC 8739 section 3.1.1 has it."""
    url, document = client.order(payload)
    strict.order(document)
    strict.must(document["status"] in ("pending", "ready"), "8555 7.1.6", f"starts as {document['status']}")
    strict.must("auto-renewal" in document, "8739 3.1.1", "auto-renewal is not returned")
    if payload["auto-renewal"].get("allow-certificate-get"):
        strict.must(document["auto-renewal"].get("allow-certificate-get") is True, "8739 3.4", "GET is not granted")
    return url, document


def ready(client, tokens, payload):
    url, document = created(client, payload)
    prove(client, document, tokens)
    return url, client.poll(url, ("ready", "invalid"))


def issued(client, tokens, payload, key=None):
    """(order URL, valid order, certificate URL, key)"""
    url, document = ready(client, tokens, payload)
    parts = csr_template.parts_from(play.template_for(*[n["value"] for n in payload["identifiers"]]), key=key)
    reply = client.finalize(document, parts.der())
    strict.must(reply.status == 200, "8555 7.4", f"finalize: {reply!r}")
    document = client.poll(url)
    strict.must(document["status"] == "valid", "8739 3.1.1", f"{document}")
    return url, document, document["star-certificate"], parts.key


def refused_cancel(client, url, what, statuses=(400,), kinds=("autoRenewalCancellationInvalid",)):
    refusals.refused(what, client.post(url, {"status": "canceled"}), statuses, kinds, "8739 3.1.2")


@play.counts_seconds
def rolling(stage):
    """Orders, renewals, cancellation."""
    client, tokens = open_scene(stage)
    stranger = Client(stage.trust, client.directory_url, star=True)
    stranger.register()
    pending, _ = created(client, star_payload(names=(SECOND,)))
    yield "cancel of a pending order", lambda: refused_cancel(client, pending, "cancel of a pending order")
    got = {}

    def obtained():
        got["url"], got["document"], got["cert"], got["key"] = issued(client, tokens, star_payload(
            4 * stage.stretch))
        got["follower"] = Follower(client, got["cert"], got["document"], got["key"])
        got["follower"].look()
    yield "order, http-01, finalize", obtained
    yield "POST-as-GET beside GET", lambda: post_as_get(client, got)
    yield "no If-None-Match is needed, an ETag helps", lambda: strict.should(
        client.get(got["cert"]).header("ETag") is not None, "9110 8.8.3", "no ETag for a certificate")
    yield "a stranger cannot cancel", lambda: refused_cancel(
        stranger, got["url"], "cancel by a stranger", (401, 403, 404), refusals.PLAIN)
    for by_key in (False, True):
        yield f"revocation is refused, certificate key: {by_key}", functools.partial(revoke, client, got, by_key)
    yield "one renewal", lambda: got["follower"].follow(1)
    yield "an unknown status", lambda: refusals.refused("status deactivated", client.post(
        got["url"], {"status": "deactivated"}), (400, 403), refusals.PLAIN, "8739 3.1.2")

    def cancel():
        reply = client.post(got["url"], {"status": "canceled"})
        strict.must(reply.status == 200, "8739 3.1.2", f"cancel: {reply!r}")
        document = strict.order(reply.json())
        strict.must(document["status"] == "canceled" and "expires" in document, "8739 3.1.2", f"{document}")
        got["follower"].look()
        strict.must(got["follower"].ended["type"].endswith("autoRenewalCanceled"), "8739 3.1.2", "another type")
    yield "cancel: 403 at once", cancel
    yield "POST-as-GET: 403 too", lambda: refusals.refused("POST-as-GET", client.post(got["cert"]), (403,), (
        "autoRenewalCanceled",), "8739 3.1.2")
    yield "cancel twice", lambda: refused_cancel(client, got["url"], "cancel of a canceled order")
    yield "without the grant there is no GET", lambda: not_granted(client, tokens)


def post_as_get(client, got):
    reply = client.post(got["cert"])
    leaf = strict.star_certificate(reply, got["document"])
    strict.must(leaf.public_key().public_numbers() == got["key"].public_key().public_numbers(), "8739 3.4", "a key")


def revoke(client, got, by_key):
    leaf = got["follower"].seen[-1][1]
    payload = {"certificate": wire.b64u(leaf.public_bytes(serialization.Encoding.DER))}
    url = client.directory["revokeCert"]
    if by_key:
        header = {"alg": "ES256", "nonce": client.nonce(), "url": url, "jwk": wire.jwk_of(got["key"].public_key())}
        reply = client.send(url, wire.jws(header, wire.payload_of(payload),
                                          lambda text: wire.sign_raw(got["key"], text)))
    else:
        reply = client.post(url, payload)
    refusals.refused("revocation", reply, (403,), ("autoRenewalRevocationNotSupported",), "8739 3.1.2")


def not_granted(client, tokens):
    payload = star_payload()
    del payload["auto-renewal"]["allow-certificate-get"]
    url, document, cert, _ = issued(client, tokens, payload)
    strict.must(document["auto-renewal"].get("allow-certificate-get") is not True, "8739 3.4", "granted unasked")
    reply = client.get(cert)
    strict.must(reply.status in (401, 403, 405), "8739 3.4", f"a plain GET without the grant: {reply!r}")
    strict.star_certificate(client.post(cert), document)
    stranger = Client(client.trust, client.directory_url)
    stranger.register()
    refusals.refused("another account's certificate", stranger.post(cert), (401, 403, 404), refusals.PLAIN, "8555 6.3")
    for who in (client, stranger):
        refusals.refused("no such certificate", who.post(cert + "x"), (401, 403, 404), refusals.PLAIN, "8555 6.3")
    client.post(url, {"status": "canceled"})


@play.counts_seconds
def times(stage):
    """The arithmetic of section 3.5: padding, start-date, the end."""
    client, tokens = open_scene(stage)
    got = {}

    def short_order():
        payload = star_payload(4 * stage.stretch, 7 * stage.stretch)
        got["url"], got["document"], got["cert"], key = issued(client, tokens, payload)
        got["follower"] = Follower(client, got["cert"], got["document"], key)
        got["follower"].look()
    yield "an order that ends before its second renewal", short_order
    yield "lifetime-adjust of the client", lambda: adjusted(client, tokens, stage.stretch)
    yield "no certificate before start-date", lambda: started(client, tokens, stage.stretch)

    def expired():
        document = got["follower"].follow_to_end(60 + 7 * stage.stretch)
        strict.must(document["type"].endswith("autoRenewalExpired"), "8739 3.3", document["type"])
        end = wire.parse_rfc3339(got["document"]["auto-renewal"]["end-date"])
        strict.must(time.time() >= end - 1, "8739 3.3", "expired before its end-date")
        strict.must(len(got["follower"].seen) <= 2, "8739 3.5", "more than two certificates in less than two lifetimes")
        strict.must(client.poll(got["url"])["status"] == "valid", "8739 3.3", "an expired order stays valid")
    yield "at the end: 403 autoRenewalExpired, the order valid", expired


def adjusted(client, tokens, stretch):
    """Pads of 3 s in place of the server's 2 s, times |stretch|; the first one is told of below."""
    life, pad = 4 * stretch, 3 * stretch
    _, document, cert, key = issued(client, tokens, star_payload(life, **{"lifetime-adjust": pad}))
    strict.must(document["auto-renewal"].get("lifetime-adjust", 0) >= pad, "8739 3.1.1", "not reflected")
    follower = Follower(client, cert, document, key, client_pad=pad)
    follower.follow(1)
    (_, first), (_, second) = follower.seen[:2]
    before, after = strict.validity(second)
    strict.must(after - before == life + pad, "8739 3.5", f"the second is valid for {after - before} s")
    before, after = strict.validity(first)
    print(f"# the first, without start-date: valid for {after - before:.0f} s with T {life} and a pad of {pad}")


@play.counts_seconds
def padded(stage):
    """The larger of both pads counts, and the client's is never longer than T (section 3.5)."""
    client, tokens = open_scene(stage, **{"server-fraction": 750})
    life = 4 * stage.stretch
    followers = []
    pads = [(adjust * stage.stretch, pad * stage.stretch) for adjust, pad in ((0, 3), (2, 3), (10, 4))]

    def obtained():
        for adjust, _ in pads:
            _, document, cert, key = issued(client, tokens, star_payload(life, **{"lifetime-adjust": adjust}))
            followers.append(Follower(client, cert, document, key, client_pad=adjust))
        follow_all(followers, 1)  # from now on, so that none is left out
    yield "three orders, one renewal of each", obtained
    for number, (adjust, pad) in enumerate(pads):
        def case(number=number, pad=pad):
            before, after = strict.validity(followers[number].seen[1][1])
            strict.must(after - before == life + pad, "8739 3.5", f"valid for {after - before} s, not for {life + pad}")
        yield f"T {life}, f .75, lifetime-adjust {adjust}: a pad of {pad}", case


def started(client, tokens, stretch):
    start = time.time() + 3 * stretch
    url, document = ready(client, tokens, star_payload(4 * stretch, **{"start-date": wire.rfc3339(start)}))
    parts = csr_template.parts_from(play.template_for(NAME))
    client.finalize(document, parts.der())
    deadline = start + 60
    while True:
        document = strict.order(client.fetch(url).json())
        if document["status"] == "valid":
            reply = client.get(document["star-certificate"])
            if reply.status == 200:
                break
            refusals.told("before start-date", reply)
        strict.must(time.time() < deadline, "8739 3.1.1", "no certificate after start-date")
        time.sleep(0.3)
    before, _ = strict.validity(strict.chain(reply)[0])
    strict.must(before >= int(start), "8739 3.5", "notBefore of the first is before start-date")


def bad_orders(stage):
    """What newOrder and finalize refuse; external accounts."""
    client, tokens = open_scene(stage)
    good = star_payload()
    renewal = good["auto-renewal"]
    late = wire.rfc3339(time.time() + 100000)
    change = lambda **v: {**good, "auto-renewal": {  # noqa: E731
        k: w for k, w in {**renewal, **v}.items() if w is not None}}
    cases = [
        ("notBefore beside auto-renewal", {**good, "notBefore": renewal["end-date"]}),
        ("notAfter beside auto-renewal", {**good, "notAfter": renewal["end-date"]}),
        ("no end-date", change(**{"end-date": None})), ("no lifetime", change(lifetime=None)),
        ("lifetime below min-lifetime", change(lifetime=1)), ("lifetime 0", change(lifetime=0)),
        ("duration above max-duration", change(**{"end-date": late})),
        ("end-date in the past", change(**{"end-date": "2020-01-01T00:00:00Z"})),
        ("end-date before start-date", change(**{"start-date": late})),
        ("lifetime as text", change(lifetime="4")), ("auto-renewal as array", {**good, "auto-renewal": []}),
        ("allow-certificate-get as text", change(**{"allow-certificate-get": "yes"})),
    ]
    for what, payload in cases:
        yield "newOrder: " + what, lambda what=what, payload=payload: refusals.refused(
            what, client.try_order(payload), (400, 403), STAR, "8739 3.1.1, 3.2")
    for what, value in (("an address as dns", "192.0.2.1"), ("a label only", "localhost"),
                        ("a bad label", "-a.example"), ("a final dot", NAME + "."),
                        ("a wildcard inside", "a.*.example")):
        yield "newOrder: " + what, lambda what=what, value=value: refusals.refused(
            what, client.try_order({**good, "identifiers": [{"type": "dns", "value": value}]}), (400, 403),
            ("malformed", "rejectedIdentifier", "unsupportedIdentifier"), "8555 7.1.4")
    yield "newOrder: an unknown kind", lambda: refusals.refused("an unknown kind", client.try_order(
        {**good, "identifiers": [{"type": "phone", "value": "1"}]}), (400, 403), (
            "unsupportedIdentifier", "rejectedIdentifier", "malformed"), "8555 7.4")
    yield "finalize before validation", lambda: too_early(client)
    yield from csr_cases(client, tokens)
    yield from refusals.jws_cases(client)


def too_early(client):
    _, document = created(client, star_payload(names=(SECOND,)))
    parts = csr_template.parts_from(play.template_for(SECOND))
    refusals.refused("finalize too early", client.finalize(document, parts.der()), (403,), ("orderNotReady",),
                     "8555 7.4")


def csr_cases(client, tokens):
    for what, names, key in (("other names", [SECOND], None), ("a name more", [NAME, SECOND], None),
                             ("the account's key", [NAME], client.key)):
        def case(what=what, names=names, key=key):
            url, document = ready(client, tokens, star_payload())
            parts = csr_template.parts_from(play.template_for(*names), key=key)
            refusals.refused(what, client.finalize(document, parts.der()), (400, 403), ("badCSR",), "8555 7.4, 11.1")
            status = client.fetch(url).json()["status"]
            strict.should(status == "ready", "8555 7.4", f"{status} after a bad CSR at a CA")
        yield "finalize: " + what, case


def plain(stage):
    """Certificates of RFC 8555 with the plain GET of RFC 9115 section 2.3.5, and their revocation."""
    client, tokens = open_scene(stage)
    names = {"identifiers": [{"type": "dns", "value": NAME}]}
    got = {}

    def obtained(key, payload):
        url, document = client.order(payload)
        strict.order(document)
        prove(client, document, tokens)
        document = client.poll(url, ("ready", "invalid"))
        parts = csr_template.parts_from(play.template_for(NAME))
        strict.must(client.finalize(document, parts.der()).status == 200, "8555 7.4", "finalize")
        got[key] = client.poll(url)
        strict.must(got[key]["status"] == "valid", "8555 7.4", f"{got[key]}")
        leaf = strict.chain(client.post(got[key]["certificate"]))[0]
        strict.must(strict.names_of(leaf) == [NAME], "8555 7.4", f"{strict.names_of(leaf)}")
        got[key + " leaf"] = leaf
        return url

    def granted():
        strict.must(client.directory["meta"].get("allow-certificate-get") is True, "9115 3", "not advertised")
        got["url"] = obtained("open", {**names, "allow-certificate-get": True})
        strict.must(got["open"].get("allow-certificate-get") is True, "9115 2.3.5", "not reflected")
        reply = client.get(got["open"]["certificate"])
        strict.must(strict.chain(reply)[0] == got["open leaf"], "9115 2.3.5", "GET and POST-as-GET differ")
        strict.must(client.get(got["open"]["certificate"], "HEAD").status == 200, "9115 2.3.5", "no HEAD")
    yield "allow-certificate-get: GET, HEAD and POST-as-GET", granted

    def closed():
        obtained("closed", names)
        strict.must(got["closed"].get("allow-certificate-get") is not True, "9115 2.3.5", "granted unasked")
        reply = client.get(got["closed"]["certificate"])
        refusals.refused("GET without the grant", reply, (401, 403, 405), refusals.PLAIN, "8555 6.3")
    yield "not asked for: no plain GET", closed
    yield "cancel of a plain order", lambda: refused_cancel(client, got["url"], "cancel of a plain order", (400, 403),
                                                            ("autoRenewalCancellationInvalid", "malformed"))
    yield "revocation", lambda: revoked(client, got["open leaf"])


def revoked(client, leaf):
    """RFC 8555 section 7.6: 200, then alreadyRevoked; a stranger may not."""
    payload = {"certificate": wire.b64u(leaf.public_bytes(serialization.Encoding.DER))}
    url = client.directory["revokeCert"]
    stranger = Client(client.trust, client.directory_url)
    stranger.register()
    refusals.refused("revocation by a stranger", stranger.post(url, payload), (401, 403), ("unauthorized",),
                     "8555 7.6")
    refusals.refused("a bad reason", client.post(url, {**payload, "reason": 7}), (400, 403), (
        "badRevocationReason", "malformed"), "8555 7.6")
    reply = client.post(url, {**payload, "reason": 1})
    strict.must(reply.status == 200, "8555 7.6", f"{reply!r}")
    refusals.refused("revocation again", client.post(url, payload), (400,), ("alreadyRevoked",), "8555 7.6")


if __name__ == "__main__":
    play.main(rolling, times, padded, bad_orders, plain)

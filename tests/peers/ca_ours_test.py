#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our ido-server before the Python STAR CA: with the Python NDC, and with our ndc-agent.

Prints TAP.  Usage: ca_ours_test.py BUILD_DIR
"""
import os
import time

import csr_template
import refusals
import stage as play
import strict
from ndc import Follower, Ndc
from star_ca import StarCa

NAME = "video.cp.example"


def open_scene(stage, dialects=(), template=None, **ido):
    """(Python CA, our IdO's directory, MAC key, delegation's id)"""
    http01_port = stage.free_port()
    ca = StarCa(stage, dialects, http01_port)
    stage.configure_ido(ca.directory_url, http01_port, **ido)
    mac = stage.ido("ndc-add", "cdn")
    ended = stage.delegate("cdn", template or play.template_for(NAME))
    return ca, stage.start_ido(), mac, ended


def new_ndc(stage, directory, mac):
    ndc = Ndc(stage.trust, directory)
    ndc.register(externalAccountBinding=ndc.eab("cdn", mac))
    return ndc


def last_order(ca):
    return [payload for method, path, payload in ca.requests if path.endswith("/newOrder") and payload][-1]


@play.counts_seconds
def python_ndc(stage):
    """Python on both sides of our IdO."""
    ca, directory, mac, ended = open_scene(stage)
    ndc = new_ndc(stage, directory, mac)
    delegation, offered = list(ndc.delegations().items())[0]
    parts = csr_template.parts_from(offered["csr-template"])
    got = {}
    pad = 3 * stage.stretch
    payload = ndc.star_payload(delegation, [NAME], 4 * stage.stretch, 3600, **{"lifetime-adjust": pad})

    def obtained():
        got["order"], got["document"], got["url"] = ndc.obtain(payload, parts)
    yield "order, finalize, valid", obtained

    def order2():
        sent = last_order(ca)
        strict.must(sent["identifiers"] == payload["identifiers"], "9115 2.3.2", f"identifiers: {sent}")
        strict.must(sent.get("auto-renewal") == payload["auto-renewal"], "9115 2.3.2",
                    f"auto-renewal is no copy: {sent}")
        strict.must(set(sent) == {"identifiers", "auto-renewal"}, "9115 2.3.2", f"more than that: {sent}")
    yield "Order2 is what section 2.3.2 says", order2

    def same_url():
        order = [o for o in ca.certificates.values()][-1]
        strict.must(got["url"] == order["star-certificate"], "9115 2.3.2", "star-certificate is no copy")
        strict.must(order["csr"].public_key().public_numbers() == parts.key.public_key().public_numbers(),
                    "9115 2.4", "another CSR reached the CA")
    yield "star-certificate and CSR are copies", same_url
    follower = Follower(ndc, got["url"], got["document"], parts.key, client_pad=pad)
    yield "two renewals", lambda: follower.follow(2)
    yield "the NDC may not cancel", lambda: refusals.cancel_by_ndc(ndc, got["order"])
    stage.ido("end", ended)
    yield "the owner's end reaches the CA", lambda: stage.until("a cancellation", lambda: ca.canceled_at)
    yield "403 afterwards", lambda: strict.must(follower.follow_to_end()["type"].endswith("autoRenewalCanceled"),
                                                "8739 3.1.2", "another type")
    yield "Order1 is canceled", lambda: ndc.poll(got["order"], ("canceled",))


@play.counts_seconds
def our_ndc(stage):
    """Only the CA is Python."""
    ca, directory, mac, ended = open_scene(stage)
    stage.start_agent(directory, mac, [f"ido.example:{play.port_of(directory)}:127.0.0.1",
                                       f"ca.example:{play.port_of(ca.origin)}:127.0.0.1"],
                      stage.write("root.pem", ca.root.pem()))
    live = stage.live(NAME)
    yield "a certificate", lambda: stage.until("a certificate", lambda: os.path.exists(live))
    yield "two renewals", lambda: stage.until("renewals", lambda: stage.log_of("ndc-agent").count(
        f"agent.certificate name={NAME} ") >= 3, 60 + 12 * stage.stretch)

    def in_time():
        """What it holds is the newest or was so a moment ago."""
        with open(live, "rb") as file:
            text = file.read()
        newest = [leaf for _, _, _, leaf in ca.issued[-2:]]
        strict.must(any(leaf.public_bytes(play.serialization.Encoding.PEM) in text for leaf in newest), "8739 2.2",
                    "an old certificate is live")
    yield "the newest is live", in_time
    stage.ido("end", ended)
    yield "the owner's end reaches the CA", lambda: stage.until("a cancellation", lambda: ca.canceled_at)
    yield "the agent is told", lambda: stage.until_logged("ndc-agent", "agent.ended")

    def quiet():
        count = len(ca.issued)
        time.sleep(1)
        strict.must(len(ca.issued) == count, "8739 3.1.2", "issued after the cancellation")
        strict.must(not [r for r in ca.requests if r[0] == "fault"], "test", f"the Python CA failed: {ca.requests}")
    yield "nothing is issued any more", quiet
    yield "our servers and agents are polite", lambda: polite(ca)


def polite(server):
    """Retry-After is kept (RFC 8555 section 7.4), clients say who they are (6.1), nobody hammers."""
    pauses = server.pauses()
    strict.must(pauses and min(pauses) >= 0.9, "8555 7.4", f"Retry-After: 1, looked again after {pauses}")
    for agent, language in server.agents:
        strict.should(language is not None, "8555 6.1", f"no Accept-Language from {agent}")
    fetched = [path for method, path, _ in server.requests if method == "GET" and "/cert/" in path]
    print(f"# {len(fetched)} fetches of {len(server.issued)} certificates, by {sorted(a for a, _ in server.agents)}")
    strict.must(len(fetched) <= 4 * len(server.issued) + 20, "8739 3.5.1", f"{len(fetched)} fetches")


def ends(stage):
    """The owner's end at awkward moments: nothing may be issued after it, whatever was under way."""
    ca, directory, mac, first = open_scene(stage)
    ids = [first] + [stage.delegate("cdn", play.template_for(NAME)) for _ in range(3)]
    ndc = new_ndc(stage, directory, mac)
    offer = list(ndc.delegations())
    urls = [next(u for u in offer if u.endswith("/" + i)) for i in ids]
    csr = csr_template.parts_from(play.template_for(NAME)).der()

    def order(number):
        return ndc.delegated_order(ndc.star_payload(urls[number], [NAME], 4))

    def between():
        _, document = order(0)
        stage.ido("end", ids[0])
        count = len(ca.requests)
        refusals.refused("finalize after the end", ndc.finalize(document, csr), (403,), (
            "unknownDelegation", "unauthorized", "orderNotReady"), "9115 7.2")
        time.sleep(0.5)
        strict.must(len(ca.requests) == count, "9115 7.2", "the CA was asked nevertheless")
    yield "between newOrder and finalize", between

    def under_way():
        ca.dialects.add("stalled")
        url, document = order(1)
        strict.must(ndc.finalize(document, csr).status == 200, "8555 7.4", "finalize")
        stage.until("the CA's finalize", lambda: [1 for _, path, p in ca.requests if p and "csr" in p])
        stage.ido("end", ids[1])
        time.sleep(0.5)
        ca.dialects.discard("stalled")
        stage.until("a cancellation", lambda: ca.canceled_at)
        status = ndc.poll(url, ("canceled", "invalid"))["status"]
        print(f"# Order1 is then {status}")
    yield "while the CA is at work", under_way

    def twice():
        ca.canceled_at = None
        url, document, certificate = ndc.obtain(ndc.star_payload(urls[2], [NAME], 4),
                                                csr_template.parts_from(play.template_for(NAME)))
        other = ndc.obtain(ndc.star_payload(urls[3], [NAME], 4), csr_template.parts_from(play.template_for(NAME)))
        stage.ido("end", ids[2])
        stage.until("a cancellation", lambda: ca.canceled_at)
        strict.must(ndc.poll(url, ("canceled",))["status"] == "canceled", "8739 3.1.2", "Order1")
        strict.must(ndc.get(certificate).status == 403, "8739 3.1.2", "the certificate")
        strict.must(ndc.get(other[2]).status == 200, "9115 2.3.6", "another delegation suffered")
        strict.must(urls[3] in ndc.delegations() and urls[2] not in ndc.delegations(), "9115 2.3.1.2", "the list")
    yield "one of two delegations of a name", twice
    yield "all others went on", lambda: strict.must(
        len([1 for o in ca.certificates.values() if o["status"] == "valid"]) == 1, "9115 2.3.6", "live orders")


def plain_orders(stage):
    """Delegation without STAR (RFC 9115 section 2.3.3) and its end by revocation (2.3.6.2)."""
    ca, directory, mac, star = open_scene(stage)
    plain = stage.delegate("cdn", play.template_for(NAME), "--order-kinds", "plain")
    ndc = new_ndc(stage, directory, mac)
    offer = list(ndc.delegations())
    urls = {i: next(u for u in offer if u.endswith("/" + i)) for i in (star, plain)}
    parts = csr_template.parts_from(play.template_for(NAME))
    payload = ndc.plain_payload(urls[plain], [NAME])
    got = {}

    def obtained():
        got["order"], got["document"], got["url"] = ndc.obtain(payload, parts)
        strict.must("auto-renewal" not in got["document"] and "star-certificate" not in got["document"], "9115 2.3.3",
                    f"{got['document']}")
    yield "order, finalize, valid", obtained

    def order2():
        strict.must(last_order(ca) == {"identifiers": payload["identifiers"], "allow-certificate-get": True},
                    "9115 2.3.3", f"Order2: {last_order(ca)}")
        strict.must(got["url"] == list(ca.certificates.values())[-1]["certificate"], "9115 2.3.3", "no copy")
        leaf = strict.chain(ndc.get(got["url"]))[0]
        strict.must(leaf.public_key().public_numbers() == parts.key.public_key().public_numbers(), "9115 2.3.3", "key")
    yield "Order2 and certificate are copies", order2
    for what, changed in (("false", {**payload, "allow-certificate-get": False}),
                          ("as text", {**payload, "allow-certificate-get": "true"}),
                          ("only inside auto-renewal", ndc.star_payload(urls[plain], [NAME], 4))):
        yield "allow-certificate-get " + what, lambda what=what, changed=changed: refusals.refused(
            what, ndc.try_order(changed), (400, 403), refusals.PLAIN, "9115 2.3.3")
    yield "a plain order under a STAR delegation", lambda: told_kind(ndc, ndc.plain_payload(urls[star], [NAME]))

    def denied():
        ca.dialects.add("get-not-reflected")
        url, document = ndc.delegated_order(payload)
        ndc.finalize(document, parts.der())
        document = ndc.poll(url)
        ca.dialects.clear()
        strict.must(document["status"] == "invalid" and document["allow-certificate-get"] is False, "9115 2.3.3",
                    f"the CA grants no GET: {document}")
    yield "no grant by the CA: invalid, and false", denied
    yield "the NDC may not cancel", lambda: refusals.cancel_by_ndc(ndc, got["order"])
    stage.ido("end", plain)
    yield "the owner's end: revoked at the CA", lambda: stage.until("a revocation", lambda: any(
        "revoked" in order for order in ca.certificates.values()))
    yield "no new order", lambda: refusals.order_of_ended(ndc, payload)


def told_kind(ndc, payload):
    """Either kind may be what the owner lets be ordered by default."""
    reply = ndc.try_order(payload)
    if reply.status == 201:
        strict.delegated_order(reply.json(), payload)
        print("# accepted")
    else:
        refusals.refused("a plain order", reply, (403,), ("unauthorized",), "9115 2.3.3")


if __name__ == "__main__":
    play.main(python_ndc, our_ndc, ends, plain_orders)

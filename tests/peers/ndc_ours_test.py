#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Python NDC before our ido-server and star-ca: the whole life of a delegation, then everything that has to be
refused.

Prints TAP.  Usage: ndc_ours_test.py BUILD_DIR
"""
import functools
import time

import accounts as account_refusals
import acme_wire as wire
import csr_template
import refusals
import spoiled
import stage as play
import strict
from ndc import Follower, Ndc

NAME = "video.cp.example"
OTHER = "other.cp.example"


def open_ours(stage, names=(NAME, OTHER), **ca):
    """Our CA and, still without delegations, our IdO."""
    http01_port = stage.free_port()
    directory = stage.start_star_ca(http01_port, names, **ca)
    stage.configure_ido(directory, http01_port, **{"terms-of-service": "https://ido.example/terms"})
    return directory


@play.counts_seconds
def life(stage):
    ca_directory = open_ours(stage)
    mac = stage.ido("ndc-add", "cdn")
    stage.write_json("cnames.json", {NAME + ".": "edge.cdn.example."})
    ended = stage.delegate("cdn", play.template_for(NAME), "--cname-map", stage.path("cnames.json"))
    for number in range(69):
        stage.delegate("cdn", play.template_for(f"n{number}.cp.example"))
    directory = stage.start_ido()
    ndc = Ndc(stage.trust, directory)
    offer = {}
    yield "an account by external account binding", lambda: ndc.register(
        externalAccountBinding=ndc.eab("cdn", mac))
    yield "the same key again: 200 and the same account", functools.partial(same_account, ndc)

    def offered():
        offer.update(ndc.delegations())
        strict.must(len(offer) == 70 and ndc.page_count > 1, "9115 2.3.1.2",
                    f"{len(offer)} delegations in {ndc.page_count} pages")
        print(f"# 70 delegations in {ndc.page_count} pages")
        strict.must([d.get("cname-map") for d in offer.values() if NAME in str(d)] == [{
            NAME + ".": "edge.cdn.example."}], "9115 2.3.1.3", "the cname-map is not shown")
    yield "every delegation, page by page", offered
    delegation = next(url for url, d in offer.items() if NAME in csr_template.dns_names(d["csr-template"]))
    parts = csr_template.parts_from(offer[delegation]["csr-template"])
    got = {}

    def ordered():
        payload = ndc.star_payload(delegation, [NAME], 4 * stage.stretch, 3600)
        got["order"], got["document"], got["url"] = ndc.obtain(payload, parts)
        strict.must(got["url"].startswith(ca_directory.rsplit("/", 1)[0]), "9115 2.3.2",
                    f"star-certificate is not the CA's: {got['url']}")
    yield "order, finalize, a certificate of the CA", ordered
    follower = Follower(ndc, got["url"], got["document"], parts.key)
    yield "two renewals by plain GET", lambda: follower.follow(2)
    yield "HEAD answers like GET", lambda: head(ndc, got["url"])
    yield "the order is in the account's list", lambda: in_list(ndc, got["order"])
    yield "the NDC may not cancel", lambda: refusals.cancel_by_ndc(ndc, got["order"])
    stage.ido("end", ended)
    yield "the owner ends it: 403 autoRenewalCanceled", lambda: canceled(follower)
    yield "the order is no longer valid", lambda: order_after_end(ndc, got["order"])
    yield "no new order under it", lambda: refusals.order_of_ended(ndc, ndc.star_payload(delegation, [NAME], 4))


def same_account(ndc):
    again = ndc.try_register(onlyReturnExisting=True)
    strict.must(again.status == 200, "8555 7.3.1", f"onlyReturnExisting: {again!r}")
    strict.must(again.header("Location") == ndc.kid, "8555 7.3.1", "another account URL")


def head(ndc, url):
    """GET and HEAD are both granted (RFC 8739 section 3.4)."""
    reply = ndc.get(url, "HEAD")
    strict.must(reply.status == 200 and reply.body == b"", "8739 3.4", f"HEAD: {reply!r}")
    strict.must(strict.media_type(reply) == "application/pem-certificate-chain", "8739 3.4", "type of HEAD")


def in_list(ndc, order_url):
    orders, _ = ndc.pages(ndc.account()["orders"], "orders", "8555 7.1.2.1")
    strict.should(order_url in orders, "8555 7.1.2.1", "orders does not list a valid order")


def canceled(follower):
    """After the end nothing new appears, and the answer is 403 with the type of the RFC."""
    document = follower.follow_to_end()
    strict.must(document["type"] == wire.URN + "autoRenewalCanceled", "8739 3.1.2", document["type"])
    count = len(follower.seen)
    for _ in range(5):
        time.sleep(0.2)
        follower.look()
    strict.must(len(follower.seen) == count, "8739 3.1.2", "a certificate after the cancellation")


def order_after_end(ndc, order_url):
    document = ndc.poll(order_url, ("canceled", "invalid"))
    strict.must(document["status"] == "canceled", "8739 3.1.2", f"Order1 is {document['status']}")
    strict.must("expires" in document, "8739 3.1.2", "a canceled order without an appropriate expires date")


def signatures(stage):
    """What every signed request has to be."""
    open_ours(stage)
    mac = stage.ido("ndc-add", "cdn")
    stage.delegate("cdn", play.template_for(NAME))
    ndc = Ndc(stage.trust, stage.start_ido())
    yield from refusals.binding_cases(ndc, mac)
    yield from account_refusals.payload_cases(ndc, mac)
    before = ndc.delegations()
    yield from refusals.jws_cases(ndc)
    yield from refusals.transport_cases(ndc)
    yield "nothing has changed", lambda: refusals.unchanged(ndc, before)


def orders(stage):
    """What newOrder and finalize have to refuse."""
    open_ours(stage)
    mac = stage.ido("ndc-add", "cdn")
    mac2 = stage.ido("ndc-add", "rival")
    stage.delegate("cdn", play.template_for(NAME), "--lifetime-min", "4", "--lifetime-max", "1000")
    stage.delegate("rival", play.template_for(OTHER))
    directory = stage.start_ido()
    ndc, rival = Ndc(stage.trust, directory), Ndc(stage.trust, directory)
    ndc.register(externalAccountBinding=ndc.eab("cdn", mac))
    rival.register(externalAccountBinding=rival.eab("rival", mac2))
    yield from refusals.order_cases(ndc, NAME, OTHER)
    yield from refusals.foreign_cases(ndc, rival, NAME, OTHER)
    yield from refusals.finalize_cases(ndc, NAME)


def templates(stage):
    """Requests held against a template, by us and by them."""
    open_ours(stage)
    mac = stage.ido("ndc-add", "cdn")
    template = spoiled.rich_template(NAME)
    stage.delegate("cdn", template)
    ndc = Ndc(stage.trust, stage.start_ido())
    ndc.register(externalAccountBinding=ndc.eab("cdn", mac))
    delegation, offered = list(ndc.delegations().items())[0]
    yield "the template is shown as it was given", lambda: strict.must(
        offered["csr-template"] == template, "9115 2.3.1.3", f"shown as {offered['csr-template']}")
    yield from refusals.template_cases(ndc, template, spoiled.CHOICES,
                                       lambda: ndc.star_payload(delegation, [NAME], 4))
    for what, change in spoiled.ALLOWED:
        def case(change=change):
            parts = csr_template.parts_from(template, spoiled.CHOICES)
            change(parts)
            strict.must(csr_template.match(template, parts.der())[0] == [], "test", "the Python IdO refuses it")
            _, document, url = ndc.obtain(ndc.star_payload(delegation, [NAME], 4), parts)
            Follower(ndc, url, document, parts.key).look()
        yield "allowed: " + what, case


def accounts(stage):
    """New keys and the end of an account (RFC 8555 sections 7.3.5, 7.3.6; RFC 9115 section 7.2)."""
    open_ours(stage)
    macs = {name: stage.ido("ndc-add", name) for name in ("cdn", "rival")}
    stage.delegate("cdn", play.template_for(NAME))
    directory = stage.start_ido()
    ndc, rival = Ndc(stage.trust, directory), Ndc(stage.trust, directory)
    for client, name in ((ndc, "cdn"), (rival, "rival")):
        client.register(externalAccountBinding=client.eab(name, macs[name]))
    yield from account_refusals.key_change_cases(ndc, rival)
    parts = csr_template.parts_from(play.template_for(NAME))
    got = {}

    def obtained():
        got["order"], got["document"], got["url"] = ndc.obtain(
            ndc.star_payload(list(ndc.delegations())[0], [NAME], 4), parts)
    yield "an order under the new key", obtained

    def deactivated():
        reply = ndc.post(ndc.kid, {"status": "deactivated"})
        strict.must(reply.status == 200 and reply.json()["status"] == "deactivated", "8555 7.3.6", f"{reply!r}")
        refusals.refused("after deactivation", ndc.post(ndc.kid), (401, 403), ("unauthorized",), "8555 7.3.6")
        refusals.refused("newOrder after deactivation", ndc.try_order(ndc.star_payload("https://x/", [NAME], 4)),
                         (401, 403), ("unauthorized",), "8555 7.3.6")
        reply = ndc.try_register(onlyReturnExisting=True)
        print(f"# newAccount with a deactivated key: {reply.status} {reply.kind() or reply.json().get('status')}")
    yield "deactivation", deactivated

    def renewals_after():
        status = ndc.get(got["url"]).status
        print(f"# the star-certificate of a deactivated account: {status} at once")
    yield "the certificate then", renewals_after


@play.counts_seconds
def restarts(stage):
    """Both of our servers are killed: orders, delegations and renewals go on, nonces of before do not."""
    open_ours(stage)
    mac = stage.ido("ndc-add", "cdn")
    stage.delegate("cdn", play.template_for(NAME))
    ndc = Ndc(stage.trust, stage.start_ido())
    ndc.register(externalAccountBinding=ndc.eab("cdn", mac))
    offer = ndc.delegations()
    parts = csr_template.parts_from(play.template_for(NAME))
    url, document, certificate = ndc.obtain(
        ndc.star_payload(list(offer)[0], [NAME], 4 * stage.stretch), parts)
    follower = Follower(ndc, certificate, document, parts.key)
    follower.look()
    old_nonce = ndc.nonce()

    def again(who, config):
        stage.processes[who].kill()
        stage.processes.pop(who).wait()
        stage.spawn(who, stage.program(who), "run", "--config", config)
        stage.until(f"a new {who}", lambda: answers(ndc, ndc.directory_url if who == "ido-server" else certificate))
    yield "ido-server is killed", lambda: again("ido-server", stage.ido_config)
    yield "star-ca is killed", lambda: again("star-ca", stage.star_ca_config)
    yield "its delegations are the same", lambda: strict.must(ndc.delegations() == offer, "9115 2.3.1", "changed")
    yield "its order is the same", lambda: strict.must(ndc.poll(url) == document, "8555 7.4", "changed")
    yield "a nonce of before: badNonce", lambda: refusals.refused("an old nonce", ndc.post(ndc.kid, nonce=old_nonce), (
        400,), ("badNonce",), "8555 6.5")
    yield "renewals go on", lambda: follower.follow(2)


def answers(ndc, url):
    try:
        return ndc.get(url).status == 200
    except OSError:
        return False


if __name__ == "__main__":
    play.main(life, signatures, orders, templates, accounts, restarts)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What only one may win: a nonce, a MAC key, an order.  Eight threads at our ido-server at once.

Prints TAP.  Usage: races_test.py BUILD_DIR
"""
import threading

import acme_wire as wire
import csr_template
import ndc_ours_test
import refusals
import stage as play
import strict
from ndc import Follower, Ndc

NAME = "video.cp.example"
THREADS = 8


def at_once(jobs):
    """Runs the jobs side by side from one signal on; their results in order."""
    barrier = threading.Barrier(len(jobs))
    results = [None] * len(jobs)

    def run(number):
        barrier.wait(60)
        results[number] = jobs[number]()
    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def one_wins(replies, good, kinds, section):
    won = [r for r in replies if r is not None and r.status == good]
    strict.must(len(won) == 1, section, f"{len(won)} of {len(replies)} won: {replies}")
    for reply in replies:
        if reply is not won[0]:
            strict.problem(reply, (400, 401, 403), kinds, section)
    return replies.index(won[0])


def races(stage):
    ndc_ours_test.open_ours(stage)
    mac = stage.ido("ndc-add", "cdn")
    mac2 = stage.ido("ndc-add", "rival")
    stage.delegate("cdn", play.template_for(NAME))
    directory = stage.start_ido()
    ndc = Ndc(stage.trust, directory)
    ndc.register(externalAccountBinding=ndc.eab("cdn", mac))

    def nonce():
        message = wire.jws(ndc.header(ndc.kid), b"", refusals.es256(ndc))
        one_wins(at_once([lambda: ndc.send(ndc.kid, message)] * THREADS), 200, ("badNonce",), "8555 6.5")
    yield "one request, sent eight times", nonce

    def mac_key():
        clients = [Ndc(stage.trust, directory) for _ in range(THREADS)]
        for client in clients:
            client.nonces.append(client.nonce())
        one_wins(at_once([lambda c=c: c.try_register(externalAccountBinding=c.eab("rival", mac2)) for c in clients]),
                 201, refusals.PLAIN, "8555 7.3.4")
    yield "one MAC key, eight accounts", mac_key

    def finalize():
        url, document = ndc.delegated_order(ndc.star_payload(list(ndc.delegations())[0], [NAME], 4))
        parts = [csr_template.parts_from(play.template_for(NAME)) for _ in range(THREADS)]
        messages = [wire.jws({"alg": "ES256", "nonce": refusals.fresh_nonce(ndc), "url": document["finalize"],
                              "kid": ndc.kid}, wire.payload_of({"csr": wire.b64u(p.der())}), refusals.es256(ndc))
                    for p in parts]
        winner = one_wins(at_once([lambda m=m: ndc.send(document["finalize"], m) for m in messages]), 200,
                          ("orderNotReady",), "8555 7.4")
        document = ndc.poll(url)
        Follower(ndc, document["star-certificate"], document, parts[winner].key).look()
    yield "one order, eight requests: the winner's key is certified", finalize


if __name__ == "__main__":
    play.main(races)

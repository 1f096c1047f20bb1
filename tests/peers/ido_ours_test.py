#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our ndc-agent before the Python IdO, which stands before the Python CA or before our star-ca.  And, so that the
Python side is no better than its word, Python from end to end.

Prints TAP.  Usage: ido_ours_test.py BUILD_DIR
"""
import os

import csr_template
import refusals
import spoiled
import stage as play
import strict
from ido import PythonIdo, Tokens
from ndc import Follower, Ndc
from star_ca import StarCa

NAME = "video.cp.example"
MAC = "cGVlcnMtbWFjLWtleS1vZi0zMi1vY3RldHMtbG9uZyE"


def open_scene(stage, dialects=(), ca_dialects=(), template=None):
    tokens = Tokens(stage)
    ca = StarCa(stage, ca_dialects, tokens.http.server_address[1])
    ido = PythonIdo(stage, ca.directory_url, tokens.tokens, dialects)
    ido.mac_keys["cdn"] = ido.mac_keys["rival"] = refusals.wire.un_b64u(MAC)
    url = ido.delegate("cdn", template or play.template_for(NAME), {NAME + ".": "edge.cdn.example."})
    return ca, ido, url


def start_agent(stage, ido, ca_url, root_pem, **more):
    stage.start_agent(ido.directory_url, MAC, [f"ido.example:{play.port_of(ido.directory_url)}:127.0.0.1",
                                               f"ca.example:{play.port_of(ca_url)}:127.0.0.1"],
                      stage.write("root.pem", root_pem), **more)


def whole_life(stage, ido, url, canceled):
    """What the agent does from its start to the owner's end."""
    yield "a certificate for the name", lambda: stage.until("a certificate", lambda: os.path.exists(
        stage.live(NAME)))
    yield "two renewals", lambda: stage.until("renewals", lambda: stage.log_of("ndc-agent").count(
        f"agent.certificate name={NAME} ") >= 3, 60 + 12 * stage.stretch)
    yield "nothing it sent was refused", lambda: strict.must(not ido.faults, "9115 4.1", f"{ido.faults}")
    yield "the owner ends it", lambda: ido.end(url)
    yield "the agent is told", lambda: stage.until_logged("ndc-agent", "agent.ended")
    yield "by autoRenewalCanceled or its like", lambda: canceled(stage.log_of("ndc-agent"))

    def forbidden():
        posts = [p for m, path, p in ido.requests if isinstance(p, dict) and p.get("status") == "canceled"]
        strict.must(posts == [], "9115 2.3.6.1", f"the NDC tried to cancel: {posts}")
    yield "it never tried to cancel", forbidden


def told_why(log):
    line = [text for text in log.splitlines() if "agent.ended" in text][-1]
    print(f"# {line[line.index('agent.ended'):]}")
    strict.must("autoRenewalCanceled" in line or "unknownDelegation" in line, "8739 3.1.2", line)


@play.counts_seconds
def python_ca(stage):
    """Our ndc-agent, Python IdO, Python CA; a template with every kind of field; five delegations on three pages."""
    template = spoiled.rich_template(NAME)
    ca, ido, url = open_scene(stage, template=template)
    for number in range(4):
        ido.delegate("cdn", play.template_for(f"n{number}.cp.example"))
    ido.delegate("rival", play.template_for("rival.cp.example"))
    start_agent(stage, ido, ca.origin, ca.root.pem(), choices=[{"field": "stateOrProvince", "value": "Ontario"}])
    yield from whole_life(stage, ido, url, told_why)

    def all_five():
        for number in range(4):
            path = stage.live(f"n{number}.cp.example")
            stage.until(f"a certificate of delegation {number}, of a later page", lambda p=path: os.path.exists(p))
        strict.must(not os.path.exists(stage.live("rival.cp.example")), "9115 2.3.1", "another's name")
    yield "every page was read", all_five

    def requests():
        sent = [p for _, path, p in ido.requests if path.endswith("/newOrder") and p]
        strict.must(all(set(p) == {"identifiers", "auto-renewal", "delegation"} for p in sent), "9115 2.3.2", f"{sent}")
        strict.must(all(p["auto-renewal"]["allow-certificate-get"] is True for p in sent), "9115 2.3.2", f"{sent}")
    yield "its orders are as section 2.3.2 has them", requests
    yield "the Python servers never failed", lambda: strict.must(
        not [r for r in ca.requests + ido.requests if r[0] == "fault"], "test", "a fault")


@play.counts_seconds
def our_ca(stage):
    """Our ndc-agent, Python IdO, our star-ca."""
    tokens = Tokens(stage)
    directory = stage.start_star_ca(tokens.http.server_address[1], [NAME])
    ido = PythonIdo(stage, directory, tokens.tokens)
    ido.mac_keys["cdn"] = refusals.wire.un_b64u(MAC)
    url = ido.delegate("cdn", play.template_for(NAME))
    with open(stage.path("star-ca", "root.pem"), "rb") as file:
        start_agent(stage, ido, directory, file.read())
    yield from whole_life(stage, ido, url, told_why)
    yield "Retry-After is kept", lambda: strict.must(min(ido.pauses()) >= 0.9, "8555 7.4", f"{ido.pauses()}")


def plain_only(stage):
    """Our ndc-agent before a Python IdO that takes no STAR orders; its CA is ours."""
    tokens = Tokens(stage)
    directory = stage.start_star_ca(tokens.http.server_address[1], [NAME])
    ido = PythonIdo(stage, directory, tokens.tokens, {"plain-only"})
    ido.mac_keys["cdn"] = refusals.wire.un_b64u(MAC)
    url = ido.delegate("cdn", play.template_for(NAME))
    with open(stage.path("star-ca", "root.pem"), "rb") as file:
        start_agent(stage, ido, directory, file.read())
    yield "a certificate for the name", lambda: stage.until("a certificate", lambda: os.path.exists(stage.live(NAME)))

    def request():
        sent = [p for _, path, p in ido.requests if path.endswith("/newOrder") and p]
        # The agent's configuration names a lifetime: it asks for STAR first, once.
        strict.must(sent[-1] == ndc_payload(url) and len(sent) <= 2, "9115 2.3.3", f"{sent}")
        strict.must(all("auto-renewal" in p for p in sent[:-1]), "9115 2.3.3", f"{sent}")
    yield "its order is as section 2.3.3 has it", request
    yield "the owner ends it: revoked at the CA", lambda: ido.end(url)
    yield "the agent is told", lambda: stage.until_logged("ndc-agent", "agent.ended")


def ndc_payload(url):
    return {"identifiers": [{"type": "dns", "value": NAME}], "allow-certificate-get": True, "delegation": url}


@play.counts_seconds
def all_python(stage):
    """No program of ours: the Python side is held to the same checks and refuses the same requests."""
    ca, ido, url = open_scene(stage)
    refusals.told = lambda *args: None
    ndc, rival = Ndc(stage.trust, ido.directory_url), Ndc(stage.trust, ido.directory_url)
    mac = refusals.wire.un_b64u(MAC)
    for client, name in ((ndc, "cdn"), (rival, "rival")):
        client.register(externalAccountBinding=refusals.wire.eab_of(
            refusals.wire.jwk_of(client.key.public_key()), client.directory["newAccount"], name, mac))
    ido.delegate("rival", play.template_for("other.cp.example"))
    yield from refusals.jws_cases(ndc)
    yield from refusals.transport_cases(ndc)
    yield from refusals.foreign_cases(ndc, rival, NAME, "other.cp.example")
    parts = csr_template.parts_from(play.template_for(NAME))
    got = {}

    def obtained():
        got["order"], got["document"], got["url"] = ndc.obtain(
            ndc.star_payload(url, [NAME], 4 * stage.stretch), parts)
        got["follower"] = Follower(ndc, got["url"], got["document"], parts.key)
    yield "order, finalize, valid", obtained
    yield "one renewal", lambda: got["follower"].follow(1)
    yield "the NDC may not cancel", lambda: refusals.cancel_by_ndc(ndc, got["order"])
    yield "a plain order", lambda: strict.chain(ndc.get(ndc.obtain(ndc.plain_payload(url, [NAME]), parts)[2]))
    yield "the owner ends it", lambda: ido.end(url)
    yield "403 afterwards", lambda: got["follower"].follow_to_end()


if __name__ == "__main__":
    play.main(python_ca, our_ca, plain_only, all_python)

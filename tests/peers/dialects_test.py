#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers that do not speak as the RFCs have it, as seen in the field: ours copes, or says clearly what is wrong.

Prints TAP; comments tell what happened.  Usage: dialects_test.py BUILD_DIR
"""
import os
import time

import acme_wire as wire
import csr_template
import refusals
import stage as play
import strict
from ido import PythonIdo, Tokens
from ndc import Ndc
from star_ca import StarCa

MAC = "cGVlcnMtbWFjLWtleS1vZi0zMi1vY3RldHMtbG9uZyE"
NAME = "video.cp.example"
COPES, REFUSES = "copes", "refuses"


# --- Our ido-server before NDCs ---

def requests_of(good):
    """(what, payload, what the answer must be, word in its detail)"""
    renewal = good["auto-renewal"]
    without = lambda *names: {k: v for k, v in renewal.items() if k not in names}  # noqa: E731
    asks = lambda value, **more: {**good, "auto-renewal": value, **more}  # noqa: E731
    plain = {k: v for k, v in good.items() if k != "auto-renewal"}
    end, life = renewal["end-date"], renewal["lifetime"]
    return [
        ("endDate", asks({**without("end-date"), "endDate": end}), REFUSES, "end-date"),
        ("lifetimeAdjust", asks({**renewal, "lifetimeAdjust": 2}), None, ""),
        ("allowCertificateGet", asks({**without("allow-certificate-get"), "allowCertificateGet": True}), REFUSES,
         "allow-certificate-get"),
        ("recurrent-*", {**plain, "recurrent": True, "recurrent-end-date": end,
                         "recurrent-certificate-validity": life}, REFUSES, "auto-renewal"),
        ("recurrent-* inside auto-renewal", asks({"recurrent-end-date": end, "lifetime": life,
                                                  "allow-certificate-get": True}), REFUSES, "end-date"),
        ("end-date dropped", asks(without("end-date")), REFUSES, "end-date"),
        ("allow-certificate-get at the top", asks(without("allow-certificate-get"), **{
            "allow-certificate-get": True}), REFUSES, "allow-certificate-get"),
        ("allow-certificate-get in both places", {**good, "allow-certificate-get": True}, None, ""),
        ("an unknown member", {**good, "x-unknown": {"a": 1}}, COPES, ""),
        ("an unknown member of auto-renewal", asks({**renewal, "x-unknown": 1}), None, ""),
        ("a profile", {**good, "profile": "shortlived"}, None, ""),
        ("null for start-date", asks({**renewal, "start-date": None}), None, ""),
        ("an offset in place of Z", asks({**renewal, "end-date": end.replace("Z", "+00:00")}), COPES, ""),
        ("a small z", asks({**renewal, "end-date": end.lower()}), COPES, ""),
        ("a fraction of a second", asks({**renewal, "end-date": end.replace("Z", ".5Z")}), COPES, ""),
        ("a blank in place of T", asks({**renewal, "end-date": end.replace("T", " ")}), None, ""),
        ("lifetime 4.0", asks({**renewal, "lifetime": 4.0}), None, ""),
        ("the name in capitals", {**good, "identifiers": [{"type": "dns", "value": NAME.upper()}]}, None, ""),
        ("the name with a final dot", {**good, "identifiers": [{"type": "dns", "value": NAME + "."}]}, None, ""),
        ("the delegation's path only", {**good, "delegation": good["delegation"].split("example", 1)[1][6:]},
         REFUSES, "delegation"),
        ("no delegation, as plain ACME clients", {"identifiers": good["identifiers"]}, REFUSES, "delegation"),
        ("a start-date just past", asks({**renewal, "start-date": wire.rfc3339(time.time() - 5)}), None, ""),
        ("lifetime-adjust above lifetime", asks({**renewal, "lifetime-adjust": 400}), None, ""),
    ]


def ndc_dialects(stage):
    http01_port = stage.free_port()
    ca = StarCa(stage, (), http01_port)
    stage.configure_ido(ca.directory_url, http01_port)
    mac = stage.ido("ndc-add", "cdn")
    stage.delegate("cdn", play.template_for(NAME))
    ndc = Ndc(stage.trust, stage.start_ido())
    ndc.register(externalAccountBinding=ndc.eab("cdn", mac))
    good = ndc.star_payload(list(ndc.delegations())[0], [NAME], 4)
    for what, payload, wanted, word in requests_of(good):
        def case(what=what, payload=payload, wanted=wanted, word=word):
            reply = ndc.try_order(payload)
            if reply.status == 201:
                print(f"# {what}: accepted")
                strict.must(wanted != REFUSES, "dialect", "accepted")
                strict.order(reply.json())
            else:
                document = refusals.refused(what, reply, (400, 403), ("malformed", "unknownDelegation", "unauthorized",
                                                                      "rejectedIdentifier"), "dialect")
                strict.must(wanted != COPES, "dialect", "refused")
                strict.must(word in str(document), "dialect", f"the answer does not name {word}")
        yield "NDC: " + what, case
    yield from habits(ndc, good)


def habits(ndc, good):
    """Ways of sending."""
    def told(what, reply):
        print(f"# {what}: {reply.status} {reply.kind() or ''}")
        strict.must(reply.status in (200, 400, 403, 415), "dialect", f"{what}: {reply!r}")

    url, _ = ndc.delegated_order(good)

    def signed(**fields):
        message = wire.jws(ndc.header(ndc.kid), b"", lambda text: wire.sign_raw(ndc.key, text))
        return ndc.send(ndc.kid, message, fields)
    yield "NDC: {} in place of an empty payload", lambda: told("an order read with {}", ndc.post(url, {}))
    yield "NDC: a charset beside the type", lambda: told("a charset", signed(**{
        "Content-Type": "application/jose+json; charset=utf-8"}))
    yield "NDC: the type in capitals", lambda: told("capitals", signed(**{"Content-Type": "Application/JOSE+JSON"}))
    yield "NDC: Accept of something else", lambda: told("Accept", signed(Accept="text/html"))


# --- Our ido-server before CAs ---

CA_DIALECTS = [
    ("", COPES), ("no-star", "denied"), ("no-get", "denied"), ("get-not-reflected", "denied"),
    ("star-ignored", REFUSES), ("camel", REFUSES), ("lurk", REFUSES), ("adjust-dropped", None), ("no-expires", None),
    ("no-location", None), ("no-index-link", COPES), ("bare-account", COPES), ("problem-as-json", COPES),
    ("no-problem-status", COPES), ("unknown-members", COPES), ("nonces-refused", COPES), ("no-cert-fields", COPES),
    ("no-cache-fields", COPES), ("cancel-refused", COPES), ("cancel-unavailable", COPES),
    ("fault-500", COPES), ("rate-limited", COPES), ("slow", COPES), ("challenge-fails", REFUSES),
    ("csr-refused", REFUSES), ("order-fails", REFUSES),
]


def name_of(dialect):
    return f"{dialect or 'none'}.cp.example"


def ca_dialects(stage):
    yield from under_cas(stage, CA_DIALECTS[:8])


def ca_dialects_2(stage):
    yield from under_cas(stage, CA_DIALECTS[8:16])


def ca_dialects_3(stage):
    yield from under_cas(stage, CA_DIALECTS[16:23])


def ca_dialects_4(stage):
    yield from under_cas(stage, CA_DIALECTS[23:])


def under_cas(stage, dialects):
    """One IdO, as many CAs as dialects: an order under each."""
    http01_port = stage.free_port()
    cas = {d: StarCa(stage, {d}, http01_port) for d, _ in dialects}
    stage.configure_ido(next(iter(cas.values())).directory_url, http01_port, issuers=[
        {"name": d or "none", "kind": "star", "directory": ca.directory_url} for d, ca in cas.items()],
                        resolve=[f"ca.example:{play.port_of(ca.origin)}:127.0.0.1" for ca in cas.values()])
    mac = stage.ido("ndc-add", "cdn")
    ids = {d: stage.delegate("cdn", play.template_for(name_of(d)), "--issuer", d or "none") for d in cas}
    ndc = Ndc(stage.trust, stage.start_ido())
    ndc.register(externalAccountBinding=ndc.eab("cdn", mac))
    urls = {csr_template.dns_names(d["csr-template"])[0]: url for url, d in ndc.delegations().items()}
    orders = {}
    for dialect in cas:
        template = play.template_for(name_of(dialect))
        payload = ndc.star_payload(urls[name_of(dialect)], [name_of(dialect)], 4, **{"lifetime-adjust": 3})
        orders[dialect], document = ndc.delegated_order(payload)
        ndc.finalize(document, csr_template.parts_from(template).der())
    for dialect, wanted in dialects:
        yield f"CA: {dialect or 'none'}", lambda dialect=dialect, wanted=wanted: outcome(
            ndc, cas[dialect], orders[dialect], dialect, wanted)
    for dialect in [d for d in cas if d.startswith("cancel")]:
        yield f"CA: {dialect}: the end is kept up", lambda dialect=dialect: kept_up(
            stage, ndc, cas[dialect], ids[dialect], orders[dialect])


def outcome(ndc, ca, order_url, dialect, wanted):
    """What came of an order under a CA that speaks otherwise."""
    deadline = time.monotonic() + (6 if wanted is None else play.PATIENCE_S)
    document = strict.order(ndc.fetch(order_url).json())
    while document["status"] == "processing" and time.monotonic() < deadline:
        time.sleep(0.2)
        document = strict.order(ndc.fetch(order_url).json())
    sent = len([1 for _, path, payload in ca.requests if path.endswith("/newOrder") and payload])
    error = document.get("error", {})
    print(f"# {dialect}: {document['status']}, {sent} newOrder at the CA, "
          f"{error.get('type', '-').rsplit(':', 1)[-1]}: {error.get('detail', '-')}")
    denied = document["auto-renewal"].get("allow-certificate-get") is False
    if wanted == COPES:
        strict.must(document["status"] == "valid", "dialect", f"{document}")
    elif wanted in (REFUSES, "denied"):
        strict.must(document["status"] == "invalid", "9115 2.3.2", f"{document['status']} instead of invalid")
        strict.must(denied or wanted != "denied", "9115 2.3.2", "allow-certificate-get is not false")
        strict.must(sent == 0 or dialect not in ("no-get", "no-star"), "9115 2.3.2", "the order was forwarded")


def kept_up(stage, ndc, ca, delegation, order_url):
    stage.ido("end", delegation)
    time.sleep(1.5)
    strict.must(ca.canceled_at is None, "test", "canceled in spite of the dialect")
    ca.dialects.clear()
    stage.until("the cancellation", lambda: ca.canceled_at)
    strict.must(ndc.poll(order_url, ("canceled",))["status"] == "canceled", "8739 3.1.2", "Order1")


# --- Our ndc-agent before IdOs and CAs ---

IDO_DIALECTS = [
    ("", COPES), ("camel", REFUSES), ("lurk", REFUSES), ("renewal-off", REFUSES), ("no-delegation-echo", None),
    ("no-expires", COPES), ("no-location", None), ("bare-account", COPES), ("unknown-members", COPES),
    ("problem-as-json", COPES), ("no-index-link", COPES), ("nonces-refused", COPES), ("pending-first", None),
    ("delegation-unsaid", None), ("csr-refused-once", COPES), ("get-denied", REFUSES), ("any-template", REFUSES),
    ("relaxed-order", None), ("no-delegations-member", REFUSES), ("star-unsaid", COPES), ("plain-only", COPES),
]
FETCH_DIALECTS = [
    ("no-cert-fields", COPES), ("wrong-cert-fields", None), ("old-dates", COPES), ("short-dates", COPES),
    ("no-cache-fields", COPES), ("get-401", REFUSES), ("not-yet-404", COPES), ("late", COPES),
    ("nonces-refused", COPES),
]
END_DIALECTS = ["canceled-404", "expired-400", "problem-as-json"]
AKAMU = {"keyTypes": [{"type": "EC", "curve": "P-256"}], "extensions": {"subjectAltName": {"DNS": {}}}}


class Trio:
    """A Python CA, a Python IdO before it, our agent before that."""

    def __init__(self, stage, number, ido_dialect="", ca_dialect=""):
        self.who = f"agent{number}"
        self.stage = stage
        self.began = time.monotonic()
        tokens = Tokens(stage)
        self.ca = StarCa(stage, {ca_dialect}, tokens.http.server_address[1])
        self.ido = PythonIdo(stage, self.ca.directory_url, tokens.tokens, {ido_dialect})
        self.ido.mac_keys["cdn"] = wire.un_b64u(MAC)
        self.url = self.ido.delegate("cdn", AKAMU if ido_dialect == "any-template" else play.template_for(NAME))
        stage.start_agent(self.ido.directory_url, MAC, [
            f"ido.example:{play.port_of(self.ido.origin)}:127.0.0.1",
            f"ca.example:{play.port_of(self.ca.origin)}:127.0.0.1"], stage.write(f"root{number}.pem",
                                                                                 self.ca.root.pem()), self.who)

    def has_certificate(self):
        return os.path.exists(self.stage.live(NAME, self.who))

    def certificates(self):
        return self.stage.log_of(self.who).count("agent.certificate")

    def has_done(self, wanted, renewals=0):
        """What is wanted of it, before it is judged; what it does later will not change that."""
        if wanted == COPES:
            return self.has_certificate() and self.certificates() > renewals
        return wanted is None or self.complaints() != [] or "failed" in self.stage.log_of(self.who)

    def complaints(self):
        return [line.split("agent.failed", 1)[1] for line in self.stage.log_of(self.who).splitlines()
                if "agent.failed" in line]

    def judge(self, dialect, wanted, renewals=0):
        complaints = self.complaints()
        said = complaints[-1] if complaints else " -"
        got = self.certificates()
        seconds = time.monotonic() - self.began
        orders = len([1 for _, path, p in self.ido.requests if path.endswith("/newOrder") and p])
        print(f"# {dialect or 'none'}: {got} certificates, {orders} orders, {len(complaints)} complaints, last:{said}")
        if wanted == COPES:
            strict.must(self.has_certificate() and got > renewals, "dialect", "no certificate, or no renewal")
        elif wanted == REFUSES:
            strict.must(not self.has_certificate(), "dialect", "a certificate was installed")
            strict.must(complaints or "failed" in self.stage.log_of(self.who), "dialect", "nothing was said")
        strict.must(orders < 40 + 4 * seconds, "dialect", f"{orders} orders in {seconds:.0f} s")
        faults = [r for r in self.ido.requests + self.ca.requests if r[0] == "fault"]
        strict.must(not [f for f in faults if "Disagreement" not in f[1]], "test", f"{faults[:2]}")


@play.counts_seconds
def ido_dialects(stage):
    trios = [(Trio(stage, n, dialect), dialect, wanted) for n, (dialect, wanted) in enumerate(IDO_DIALECTS)]
    yield "time to work", lambda: settle(trios)
    for trio, dialect, wanted in trios:
        yield f"IdO: {dialect or 'none'}", lambda trio=trio, dialect=dialect, wanted=wanted: trio.judge(dialect, wanted)


def settle(trios, renewals=0, seconds=2):
    """Until all have done what is wanted of them, and then long enough for more mistakes."""
    deadline = time.monotonic() + play.PATIENCE_S
    while time.monotonic() < deadline and not all(t.has_done(wanted, renewals) for t, _, wanted in trios):
        time.sleep(0.1)
    time.sleep(seconds)


@play.counts_seconds
def fetch_dialects(stage):
    trios = [(Trio(stage, n, "", dialect), dialect, wanted) for n, (dialect, wanted) in enumerate(FETCH_DIALECTS)]
    yield "time for a renewal", lambda: settle(trios, 1)
    for trio, dialect, wanted in trios:
        yield f"fetch: {dialect}", lambda trio=trio, dialect=dialect, wanted=wanted: trio.judge(dialect, wanted, 1)


HOSTILE = [
    ("wrong-key", REFUSES), ("extra-name", REFUSES), ("other-name", REFUSES), ("beyond-end", None),
    ("not-yet", REFUSES), ("long-gone", REFUSES), ("other-root", REFUSES), ("html", REFUSES), ("key-in-pem", REFUSES),
    ("reversed", REFUSES), ("nothing", REFUSES), ("cut", REFUSES), ("text-in-pem", None), ("no-issuer", COPES),
    ("crlf", COPES), ("thousand", None),
]


@play.counts_seconds
def hostile_ca(stage):
    """Certificates that must not be installed, and a few that may."""
    trios = [(Trio(stage, n, "", dialect), dialect, wanted) for n, (dialect, wanted) in enumerate(HOSTILE)]
    yield "time to work", lambda: settle(trios)
    for trio, dialect, wanted in trios:
        yield f"certificate: {dialect}", lambda trio=trio, dialect=dialect, wanted=wanted: trio.judge(dialect, wanted)
    late = next(t.who for t, dialect, _ in trios if dialect == "beyond-end")
    yield "certificate: beyond-end is warned of", lambda: stage.until_logged(
        late, "the certificate ends after the order's end-date")


def end_dialects(stage):
    """Cancellation told in another way: a 4xx, then the order is asked."""
    trios = [(Trio(stage, n, "", dialect), dialect, COPES) for n, dialect in enumerate(END_DIALECTS)]
    yield "certificates", lambda: settle(trios, 0, 0)
    for trio, _, _ in trios:
        trio.ido.end(trio.url)
    for trio, dialect, _ in trios:
        yield f"end: {dialect}", lambda trio=trio: stage.until_logged(trio.who, "agent.ended")


if __name__ == "__main__":
    play.main(ndc_dialects, ca_dialects, ca_dialects_2, ca_dialects_3, ca_dialects_4, ido_dialects,
              fetch_dialects, hostile_ca, end_dialects)

# SPDX-License-Identifier: Apache-2.0
"""ndc.py -- the delegate of RFC 9115 in Python: what it does from its account to the last certificate."""
import time

import acme_wire as wire
import csr_template
import strict
from acme_client import Client

PATIENCE_S = 60


def check_delegation(document):
    template = strict.member(document, "csr-template", "object", "9115 2.3.1.3")
    faults = csr_template.template_faults(template)
    strict.must(not faults, "9115 appendix A", f"template: {faults}")
    for name, value in (strict.member(document, "cname-map", "object", "9115 2.3.1.3", required=False) or {}).items():
        strict.must(name.endswith(".") and isinstance(value, str) and value.endswith("."), "9115 2.3.1.3",
                    f"no final dot: {name} {value}")
    return document


class Ndc(Client):
    def __init__(self, trust_pem, directory_url, key=None):
        super().__init__(trust_pem, directory_url, key, delegation=True)

    def delegations(self):
        """All that is on offer: URL -> object."""
        urls, self.page_count = self.pages(self.account()["delegations"], "delegations", "9115 2.3.1.2")
        return {url: check_delegation(self.fetch(url, "9115 2.3.1.3").json()) for url in urls}

    def star_payload(self, delegation, names, lifetime, seconds=3600, **more):
        return {"identifiers": [{"type": "dns", "value": name} for name in names],
                "auto-renewal": {"end-date": wire.rfc3339(time.time() + seconds), "lifetime": lifetime,
                                 "allow-certificate-get": True, **more},
                "delegation": delegation}

    def plain_payload(self, delegation, names):
        return {"identifiers": [{"type": "dns", "value": name} for name in names], "delegation": delegation,
                "allow-certificate-get": True}

    def delegated_order(self, payload):
        url, document = self.order(payload)
        return url, strict.delegated_order(document, payload)

    def obtain(self, payload, parts):
        """From order to certificate URL: (order URL, valid order, URL)."""
        url, document = self.delegated_order(payload)
        reply = self.finalize(document, parts.der())
        strict.must(reply.status == 200, "8555 7.4", f"finalize answers {reply!r}")
        strict.must(strict.order(reply.json())["status"] in ("processing", "valid"), "9115 2.3.2",
                    f"after finalize: {reply.json()['status']}")
        document = self.poll(url)
        strict.must(document["status"] == "valid", "9115 2.3.2", f"the order came to {document}")
        strict.must(document["authorizations"] == [] and document["delegation"] == payload["delegation"],
                    "9115 figure 6", "a valid order without delegation or with authorizations")
        return url, document, document["star-certificate" if "auto-renewal" in payload else "certificate"]


class Follower:
    """Fetches a rolling certificate by plain GET and keeps every one that it sees."""

    def __init__(self, client, url, document, key, client_pad=0):
        self.client, self.url, self.document = client, url, document
        self.key, self.client_pad = key, client_pad
        self.seen = []  # (when it was not there yet for certain, certificate)
        self.last_asked = None
        self.ended = None

    def look(self):
        reply = self.client.get(self.url, Accept="application/pem-certificate-chain")
        if reply.status == 403:
            self.ended = strict.problem(reply, (403,), ("autoRenewalCanceled", "autoRenewalExpired"), "8739 3.1.2")
            return
        leaf = strict.star_certificate(reply, self.document, self.client_pad)
        strict.must(leaf.public_key().public_numbers() == self.key.public_key().public_numbers(), "8739 2.2",
                    "the certificate has another key")
        if not self.seen or strict.sha256(self.seen[-1][1]) != strict.sha256(leaf):
            self.seen.append((self.last_asked, leaf))
            self.check_step()
        self.last_asked = reply.asked_at

    def check_step(self):
        """The cadence of section 3.5 and the publication half-way at the latest, counted on nominal times."""
        if len(self.seen) < 2:
            return
        life = self.document["auto-renewal"]["lifetime"]
        end = wire.parse_rfc3339(self.document["auto-renewal"]["end-date"])
        (_, old), (not_yet, new) = self.seen[-2:]
        old_after, (new_before, new_after) = strict.validity(old)[1], strict.validity(new)
        step = new_after - old_after
        strict.must(step % life == 0 or new_after == end, "8739 3.5", f"notAfter moved by {step}, T is {life}")
        strict.must(step == life or new_after == end, "8739 3.5", f"a certificate was left out: {step}")
        strict.must(not_yet <= old_after - life / 2 + life / 4, "8739 3.3",
                    f"published less than {old_after - not_yet:.1f} s before the old one ends, T is {life}")
        strict.must(not_yet <= new_before + 3 * life / 8, "8739 3.5.1", "not published at its notBefore")

    def follow(self, renewals):
        follow_all([self], renewals)

    def follow_to_end(self, seconds=PATIENCE_S):
        deadline = time.monotonic() + seconds
        while self.ended is None:
            strict.must(time.monotonic() < deadline, "8739 3.1.2", f"no 403 after {seconds} s")
            self.look()
            time.sleep(0.1)
        return self.ended


def follow_all(followers, renewals):
    """Until each has seen so many, or an end."""
    seconds = (renewals + 1) * max(f.document["auto-renewal"]["lifetime"] for f in followers) + PATIENCE_S
    deadline = time.monotonic() + seconds
    while any(len(f.seen) <= renewals and f.ended is None for f in followers):
        strict.must(time.monotonic() < deadline, "8739 3.3",
                    f"{[len(f.seen) for f in followers]} certificates after {seconds} s")
        for follower in followers:
            follower.look()
        time.sleep(0.15)

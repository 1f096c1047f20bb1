#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the checks bite?  The Python NDC before Python servers that break the RFCs on purpose: each breach must be seen.

Prints TAP.  Usage: teeth_test.py BUILD_DIR
"""
import csr_template
import ido_ours_test
import stage as play
import strict
from ido import PythonIdo, Tokens
from ndc import Follower, Ndc
from star_ca import StarCa

NAME = "video.cp.example"
TO_THE_NDC = ["no-index-link", "no-delegation-echo", "renewal-off", "camel", "lurk", "no-location", "bare-account",
              "delegation-unsaid", "no-delegations-member", "pending-first", "relaxed-order", "any-template",
              "get-denied"]
OF_THE_CERTIFICATE = ["wrong-key", "extra-name", "other-name", "beyond-end", "not-yet", "long-gone", "key-in-pem",
                      "html", "reversed", "nothing", "cut", "text-in-pem", "wrong-cert-fields", "old-dates",
                      "no-cache-fields", "get-401", "late"]
TEMPLATE = {"keyTypes": [{"type": "EC", "curve": "P-256"}], "extensions": {"subjectAltName": {"DNS": {}}}}


def first_certificates(stage, ido_dialect, ca_dialect):
    tokens = Tokens(stage)
    ca = StarCa(stage, {ca_dialect}, tokens.http.server_address[1])
    ido = PythonIdo(stage, ca.directory_url, tokens.tokens, {ido_dialect})
    ido.mac_keys["cdn"] = mac = b"m" * 32
    template = play.template_for(NAME)
    url = ido.delegate("cdn", TEMPLATE if ido_dialect == "any-template" else template)
    ndc = Ndc(stage.trust, ido.directory_url)
    ndc.register(externalAccountBinding=ido_ours_test.refusals.wire.eab_of(
        ido_ours_test.refusals.wire.jwk_of(ndc.key.public_key()), ndc.directory["newAccount"], "cdn", mac))
    ndc.delegations()
    parts = csr_template.parts_from(template)
    is_late = ca_dialect == "late"  # half of its lifetime has to be longer than the second that it renews before
    _, document, certificate = ndc.obtain(ndc.star_payload(url, [NAME], (8 if is_late else 4) * stage.stretch), parts)
    Follower(ndc, certificate, document, parts.key).follow(1 if is_late else 0)


@play.counts_seconds
def teeth(stage):
    yield "nothing is wrong with good servers", lambda: first_certificates(stage, "", "")
    for ido_dialect, ca_dialect in [(d, "") for d in TO_THE_NDC] + [("", d) for d in OF_THE_CERTIFICATE]:
        def case(ido_dialect=ido_dialect, ca_dialect=ca_dialect):
            try:
                first_certificates(stage, ido_dialect, ca_dialect)
            except (strict.Disagreement, ValueError) as seen:
                print(f"# {ido_dialect or ca_dialect}: {str(seen)[:100]}")
                return
            raise strict.Disagreement("test: nobody noticed")
        yield "seen: " + (ido_dialect or ca_dialect), case


if __name__ == "__main__":
    play.main(teeth)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""star-ca's limits, HSTS and terms, as its configuration sets them (RFC 8555 sections 6.6, 7.3, 7.3.3).

Prints TAP.  Usage: ca_limits.py BUILD_DIR
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
import stage as play  # noqa: E402
from acme_client import Client  # noqa: E402
from strict import must  # noqa: E402

TERMS = "https://ca.example/terms/1"


def limited(stage):
    """ACME-6.6-01: refused as rateLimited with Retry-After; the limits are the configuration's."""
    directory = stage.start_star_ca(stage.free_port(), ["a.example"], **{
        "limits": {"accounts-per-source": {"burst": 3, "every-ms": 3600000}},
        "limits-url": "https://ca.example/limits", "terms-of-service": TERMS, "shared-nonces": True})

    def headers():
        reply = Client(stage.trust, directory).get(directory)
        must(reply.header("Strict-Transport-Security"), "6797 6.1", "no HSTS")
        must(reply.json()["meta"]["termsOfService"] == TERMS, "8555 7.1.1", "no terms")

    def accounts():
        replies = [Client(stage.trust, directory).try_register(termsOfServiceAgreed=True) for _ in range(5)]
        must([r.status for r in replies] == [201] * 3 + [429] * 2, "8555 6.6", f"{[r.status for r in replies]}")
        must(replies[3].kind() == "rateLimited" or "rateLimited" in replies[3].json()["type"], "8555 6.6", "the type")
        must(int(replies[3].header("Retry-After")) > 60, "8555 6.6", "no Retry-After")
        must(any("limits" in v for v in replies[3].all("Link")), "8555 6.6", "no link to the limits")

    yield "HSTS and terms", headers
    yield "accounts are limited", accounts


def usual(stage):
    """Without a word about limits a loopback test of hundreds of accounts goes through; "off" is off."""
    directory = stage.start_star_ca(stage.free_port(), ["a.example"])

    def many():
        for _ in range(150):
            reply = Client(stage.trust, directory).try_register()
            must(reply.status == 201, "test", f"{reply!r}")

    yield "150 accounts at once", many


def wrong(stage):
    def refused(**more):
        try:
            stage.start_star_ca(stage.free_port(), ["a.example"], **more)
        except Exception:  # pylint: disable=broad-except
            return
        must(False, "test", f"started with {more}")

    yield "a rate of nothing is no rate", lambda: refused(limits={"orders-per-account": {"burst": 1, "every-ms": 0}})
    yield "no such limit", lambda: refused(limits={"orders": {"burst": 1, "every-ms": 1}})


if __name__ == "__main__":
    play.main(limited, usual, wrong)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our ACME client at caddy's acme_server, in a network of its own: the CA insists on ports 80, 443 and 53.

Prints TAP and writes rows for matrix.py.  Usage: acme_client_at_caddy.py BUILD_DIR
"""
import sys

import peers
from acme_client_at_pebble import FULL, Life, Stage, live
from results import NotOffered, Results


class LifeAtCaddy(Life):
    """Where this CA goes ways of its own."""

    def change_key(self):
        output = self.ours.run("change-key", fails=True)
        self.ours.run("register")  # by the old key, which stays
        if "status 501" in output or "status 404" in output or "status 405" in output:
            raise NotOffered("keyChange is listed and not there; the old key stays")
        raise RuntimeError(output)

    def after_change(self):
        raise NotOffered("there is no new key")

    def orders(self):
        output = self.ours.run("orders", fails=True, **{"patience-ms": 5000})
        raise NotOffered(" ".join(output.split())[:120])

    def deactivate(self):
        self.ours.run("deactivate")


def main():
    peers.processes.end_well()
    results = Results(sys.argv[1], "acme_client_at_caddy")
    try:
        peers.find("caddy")
        peers.find("pebble-challtestsrv")
        peers.enter_network("127.0.0.1")
        stage = Stage(sys.argv[1], http_port=80, tls_port=443, dns_port=53)
    except peers.Missing as why:
        print(f"1..0 # SKIP {why}")
        return 0
    try:
        with peers.Caddy() as ca:
            ours = stage.ours(ca)
            try:
                live(results, "caddy", LifeAtCaddy(ours), FULL)
            finally:
                ours.stop()
    finally:
        stage.stop()
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())

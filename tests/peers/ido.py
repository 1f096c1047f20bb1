# SPDX-License-Identifier: Apache-2.0
"""ido.py -- the owner of names of RFC 9115 in Python: delegations and orders towards NDCs, a client towards its CA."""
import http.server
import threading
import time

from cryptography.hazmat.primitives import serialization

import acme_wire as wire
import csr_template
import strict
from acme_client import Client
from acme_server import AcmeServer, Answer, csr_of
from acme_wire import Problem

PAGE = 2


class TokenHandler(http.server.BaseHTTPRequestHandler):
    """http-01 (RFC 8555 section 8.3)."""

    def log_message(self, *args):
        """Nothing is logged."""

    def do_GET(self):
        text = self.server.tokens.get(self.path.rsplit("/", 1)[-1])
        good = text is not None and self.path.startswith("/.well-known/acme-challenge/")
        body = text.encode() if good else b"no such token"
        self.send_response(200 if good else 404)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Tokens:
    def __init__(self, stage, port=0):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", port), TokenHandler)
        self.http.daemon_threads = True
        self.http.tokens = self.tokens = {}
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        stage.servers.append(self)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def prove(client, document, tokens):
    """Answers the http-01 challenge of every authorization of an order."""
    mine = wire.thumbprint(wire.jwk_of(client.key.public_key()))
    for url in document["authorizations"]:
        authz = client.fetch(url, "8555 7.5").json()
        if authz["status"] == "valid":
            continue
        challenge = next(c for c in authz["challenges"] if c["type"] == "http-01")
        tokens[challenge["token"]] = f"{challenge['token']}.{mine}"
        reply = client.post(challenge["url"], {})
        strict.must(reply.status == 200, "8555 7.5.1", f"a challenge answers {reply!r}")
        strict.must(reply.links("up") == [url], "8555 7.5.1", f"no Link rel=up: {reply.all('Link')}")
        deadline = time.monotonic() + 60
        while client.fetch(url, "8555 7.5.1").json()["status"] == "pending":
            strict.must(time.monotonic() < deadline, "8555 7.5.1", "the authorization stays pending")
            time.sleep(0.1)


class PythonIdo(AcmeServer):
    def __init__(self, stage, ca_directory, tokens, dialects=()):
        self.delegations = {}
        self.tokens = tokens
        self.lists = {}
        self.client = Client(stage.trust, ca_directory)
        self.client.register()
        self.faults = []
        super().__init__(stage, "ido.example", dialects)

    def meta(self):
        meta = {"externalAccountRequired": bool(self.mac_keys), "delegation-enabled": True, "auto-renewal": {
            "min-lifetime": 1, "max-duration": 31622400, "allow-certificate-get": True}}
        if self.speaks("delegation-unsaid"):
            del meta["delegation-enabled"]
        if self.speaks("star-unsaid") or self.speaks("plain-only"):
            del meta["auto-renewal"]
        return meta

    # --- Delegations ---

    def delegate(self, name, template, cname_map=None):
        """Returns the delegation's URL."""
        faults = csr_template.template_faults(template)
        if faults and not self.speaks("any-template"):
            raise ValueError(faults)
        url = self.new_url("delegation")
        self.delegations[url] = {"name": name, "csr-template": template, "cname-map": cname_map, "orders": []}
        return url

    def mine(self, account):
        return [url for url, d in self.delegations.items() if d["name"] == account.get("name") and not d.get("ended")]

    def added_account(self, account):
        url = account["delegations"] = self.new_url("delegations")
        self.objects[url] = (account, self.delegation_list, account)

    def more_of_account(self, account):
        return {} if self.speaks("no-delegations-member") else {"delegations": account["delegations"]}

    def delegation_list(self, request, account):
        start = int(request.query.get("cursor", ["0"])[0])
        urls = self.mine(account)
        for url in urls:
            self.objects.setdefault(url, (account, self.delegation_object, self.delegations[url]))
        answer = Answer(200, {"delegations": urls[start:start + PAGE]})
        if len(urls) > start + PAGE:
            answer.fields.append(("Link", f'<{account["delegations"]}?cursor={start + PAGE}>;rel="next"'))
        return answer

    def delegation_object(self, request, delegation):
        if delegation.get("ended"):
            raise Problem(403, "unknownDelegation", "no longer")
        shown = {"csr-template": delegation["csr-template"]}
        if delegation["cname-map"] is not None:
            shown["cname-map"] = delegation["cname-map"]
        if self.speaks("unknown-members"):
            shown["x-note"] = "hello"
        return Answer(200, shown)

    # --- Order1 ---

    def new_order(self, request):
        asked = request.payload if isinstance(request.payload, dict) else {}
        url = asked.get("delegation")
        delegation = self.delegations.get(url)
        if url not in self.mine(request.account):
            raise Problem(403, "unknownDelegation", "not a delegation of this account")
        names = asked.get("identifiers")
        self.check_names(delegation["csr-template"], names)
        if ("auto-renewal" in asked) == self.speaks("plain-only") and self.dialects & {"plain-only", "star-unsaid"}:
            raise Problem(403, "unauthorized", "not this kind of order")
        order = {"status": "ready", "identifiers": names, "authorizations": [], "delegation": url}
        if "auto-renewal" in asked:
            order["auto-renewal"] = self.star_settings(asked)
        elif asked.get("allow-certificate-get") is True:
            order["allow-certificate-get"] = True
        else:
            raise Problem(400, "malformed", "allow-certificate-get has to be true (RFC 9115 section 2.3.3)")
        if self.speaks("pending-first"):
            order["status"] = "pending"
        delegation["orders"].append(order)
        return self.keep_order(request, order)

    def check_names(self, template, names):
        if not isinstance(names, list) or any(not isinstance(n, dict) or set(n) != {"type", "value"} for n in names):
            raise Problem(400, "malformed", "identifiers")
        given = [n["value"].lower() for n in names if n["type"] == "dns"]
        missing = [n for n in csr_template.dns_names(template) if n.lower() not in given]
        if missing or len(given) != len(names):
            raise Problem(403, "rejectedIdentifier", f"the delegation is for {missing}")

    def star_settings(self, asked):
        if "notBefore" in asked or "notAfter" in asked:
            raise Problem(400, "malformed", "notBefore does not go with auto-renewal")
        renewal = asked["auto-renewal"]
        try:
            strict.auto_renewal(renewal)
        except (strict.Disagreement, TypeError) as wrong:
            raise Problem(400, "malformed", str(wrong)) from wrong
        if renewal.get("allow-certificate-get") is not True:
            raise Problem(400, "malformed", "allow-certificate-get has to be true (RFC 9115 section 2.3.2)")
        return dict(renewal)

    def show_order(self, order):
        more = ["auto-renewal", "allow-certificate-get", "certificate", "star-certificate", "delegation"]
        if self.speaks("no-delegation-echo"):
            more.remove("delegation")
        return self.shown(order, *more)

    def order_object(self, request, order):
        if request.payload is not None:
            raise Problem(403, "unauthorized", "the owner cancels (RFC 9115 section 2.3.6.1)")
        if order["status"] == "pending":
            order["status"] = "ready"
        return Answer(200, self.show_order(order))

    def finalize(self, request, order):
        if order["status"] != "ready":
            raise Problem(403, "orderNotReady", f"the order is {order['status']}")
        csr = csr_of(request)
        template = self.delegations[order["delegation"]]["csr-template"]
        faults, names = csr_template.match(template, csr)
        if sorted(names) != sorted(n["value"] for n in order["identifiers"]):
            faults.append(csr_template.fault("rejectedIdentifier", "other names than the order's"))
        if self.speaks("csr-refused-once") and not order["account"].setdefault("refused", False):
            order["account"]["refused"] = True
            order["status"] = "invalid"
            raise Problem(400, "badCSR", "not in the mood")
        if faults:
            order["status"] = "invalid"
            raise self.csr_problem(faults)
        order["status"] = "processing"
        threading.Thread(target=self.work, args=(order, csr), daemon=True).start()
        return Answer(200, self.show_order(order), Retry_After="1")

    def csr_problem(self, faults):
        self.faults += faults
        kind = "rejectedIdentifier" if any(f["kind"] == "rejectedIdentifier" for f in faults) else "badCSR"
        parts = [{"type": wire.URN + f["kind"], "detail": f["text"],
                  **({"identifier": {"type": "dns", "value": f["name"]}} if f["name"] else {})} for f in faults]
        return Problem(403, kind, "; ".join(f["text"] for f in faults), subproblems=parts)

    # --- Order2 ---

    def work(self, order, csr):
        """The twin order at the CA (RFC 9115 section 2.3.2)."""
        try:
            if self.speaks("get-denied") or not self.grants_get(order):
                self.deny_get(order)
                return
            asked = {"identifiers": order["identifiers"]}
            for name in ("auto-renewal", "allow-certificate-get"):
                if name in order:
                    asked[name] = order[name]
            url, document = self.client.order(asked)
            granted = (document.get("auto-renewal") or document).get("allow-certificate-get") is True
            if not granted or ("auto-renewal" in order) != ("auto-renewal" in document):
                self.deny_get(order)
                return
            prove(self.client, document, self.tokens)
            document = self.client.poll(url, ("ready", "invalid"))
            reply = self.client.finalize(document, csr)
            strict.must(reply.status == 200, "8555 7.4", f"finalize: {reply!r}")
            document = self.client.poll(url)
            with self.lock:
                order["order2"] = url
                for name in ("star-certificate", "certificate"):
                    if name in document:
                        order[name] = document[name]
                order["status"] = document["status"]
        except (strict.Disagreement, ValueError, KeyError, OSError) as wrong:
            self.fault(wrong)
            with self.lock:
                order["status"] = "invalid"
                order["error"] = Problem(500, "serverInternal", str(wrong)).document

    def grants_get(self, order):
        meta = self.client.directory.get("meta", {})
        place = meta.get("auto-renewal", {}) if "auto-renewal" in order else meta
        return place.get("allow-certificate-get") is True

    def deny_get(self, order):
        """Invalid, and the denied member: the signal of sections 2.3.2 and 2.3.3."""
        with self.lock:
            place = order["auto-renewal"] if "auto-renewal" in order else order
            place["allow-certificate-get"] = False
            order["status"] = "invalid"

    def end(self, url):
        """Ends a delegation: STAR orders are canceled at the CA, other certificates revoked (2.3.6)."""
        delegation = self.delegations[url]
        delegation["ended"] = True
        for order in delegation["orders"]:
            if order["status"] == "valid" and "star-certificate" in order:
                reply = self.client.post(order["order2"], {"status": "canceled"})
                strict.must(reply.status == 200 and reply.json()["status"] == "canceled", "8739 3.1.2", f"{reply!r}")
                order["status"] = "canceled"
            elif order["status"] == "valid":
                leaf = strict.chain(self.client.post(order["certificate"]))[0]
                reply = self.client.post(self.client.directory["revokeCert"], {
                    "certificate": wire.b64u(leaf.public_bytes(serialization.Encoding.DER))})
                strict.must(reply.status == 200, "8555 7.6", f"{reply!r}")

    def revoke(self, request):
        raise Problem(403, "unauthorized", "the owner revokes")

# SPDX-License-Identifier: Apache-2.0
"""acme_server.py -- an ACME server in Python (RFC 8555 sections 6 and 7.1 to 7.3): directory, nonces, accounts, signed
requests.  star_ca.py and ido.py stand on it.

dialects: a set of names; each bends what is sent away from the RFCs, as implementations in the field do or did.
"""
import http.server
import json
import secrets
import socket
import ssl
import threading
import time
import urllib.parse

import acme_wire as wire
from acme_wire import Problem

BODY_MAX = 65536


class Request:
    def __init__(self, method, path, query, fields, body):
        self.method, self.path, self.query, self.fields, self.body = method, path, query, fields, body
        self.account = self.payload = None


class Answer:
    def __init__(self, status, value=None, body=b"", kind="application/json", **fields):
        self.status = status
        self.body = body if value is None else json.dumps(value).encode()
        self.fields = [("Content-Type", kind)] if self.body or status == 200 else []
        self.fields += [(name.replace("_", "-"), text) for name, text in fields.items()]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "peers"

    def log_message(self, *args):
        """Nothing is logged."""

    def answer(self):
        parts = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, BODY_MAX + 1))
        request = Request(self.command, parts.path, urllib.parse.parse_qs(parts.query), self.headers, body)
        request.url = self.server.acme.origin + self.path
        reply = self.server.acme.handle(request)
        self.send_response(reply.status)
        for name, value in reply.fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_POST = do_HEAD = answer


class TlsServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, acme, context):
        super().__init__(("127.0.0.1", 0), Handler)
        self.acme = acme
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def finish_request(self, request, client_address):
        request.settimeout(120)
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        """A client that went away is nobody's fault."""


class AcmeServer:
    def __init__(self, stage, host, dialects=()):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(stage.cert, stage.key)
        self.stage = stage
        self.dialects = set(dialects)
        self.lock = threading.RLock()
        self.nonces, self.accounts, self.objects = set(), {}, {}
        self.mac_keys = {}
        self.requests, self.times, self.agents = [], [], set()
        self.http = TlsServer(self, context)
        self.origin = f"https://{host}:{self.http.server_address[1]}"
        self.directory_url = self.origin + "/acme/directory"
        self.routes = {"newAccount": self.new_account, "newOrder": self.new_order, "revokeCert": self.revoke,
                       "keyChange": self.key_change}
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        stage.servers.append(self)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def speaks(self, dialect):
        return dialect in self.dialects

    def url(self, *parts):
        return "/".join((self.origin, "acme") + parts)

    def new_url(self, kind):
        """Not guessable (RFC 8739 section 6.3)."""
        return self.url(kind, wire.b64u(secrets.token_bytes(16)))

    def fault(self, wrong):
        self.requests.append(("fault", repr(wrong), None))
        self.times.append(time.time())

    def pauses(self):
        """Seconds between each finalize and the next look at an order; finalize is answered with Retry-After: 1."""
        found, begun = [], None
        for (method, path, payload), at in zip(self.requests, self.times):
            if method == "POST" and "/finalize/" in path:
                begun = at
            elif method == "POST" and "/order/" in path and begun is not None:
                found.append(at - begun)
                begun = None
        return found

    # --- Answering ---

    def nonce(self):
        nonce = wire.b64u(secrets.token_bytes(16))
        self.nonces.add(nonce)
        return nonce

    def handle(self, request):
        with self.lock:
            try:
                answer = self.dispatch(request)
            except Problem as problem:
                answer = self.problem(problem)
            except Exception as wrong:  # pylint: disable=broad-except
                self.fault(wrong)
                answer = self.problem(Problem(500, "serverInternal", f"fault: {wrong!r}"))
            if request.url != self.directory_url and not self.speaks("no-index-link"):
                answer.fields.append(("Link", f'<{self.directory_url}>;rel="index"'))
            if request.method == "POST":
                answer.fields.append(("Replay-Nonce", self.nonce()))
            return answer

    def problem(self, problem):
        kind = "application/json" if self.speaks("problem-as-json") else "application/problem+json"
        document = {k: v for k, v in problem.document.items() if k != "status" or not self.speaks("no-problem-status")}
        return Answer(problem.status, document, kind=kind, **problem.headers)

    def dispatch(self, request):
        self.requests.append((request.method, request.path, None))
        self.times.append(time.time())
        if request.url == self.directory_url:
            return Answer(200, self.directory())
        if request.url == self.url("newNonce"):
            status = 204 if request.method == "GET" else 200
            return Answer(status, Replay_Nonce=self.nonce(), Cache_Control="no-store")
        if request.method in ("GET", "HEAD"):
            return self.plain_get(request)
        self.authenticate(request)
        self.requests[-1] = (request.method, request.path, request.payload)
        name = request.path.rsplit("/", 1)[-1]
        if request.url == self.url(name) and name in self.routes:
            return self.routes[name](request)
        target = request.url.split("?", 1)[0]
        if target not in self.objects:
            raise Problem(404, "malformed", "nothing here")
        owner, method, thing = self.objects[target]
        if owner is not request.account:
            raise Problem(403, "unauthorized", "not yours")
        return method(request, thing)

    def plain_get(self, request):
        raise Problem(405, "malformed", "POST-as-GET, please")

    def directory(self):
        return {**{name: self.url(name) for name in ("newNonce", *self.routes)}, "meta": self.meta()}

    # --- Signed requests (8555 6.2 to 6.5) ---

    def authenticate(self, request):
        if request.fields.get("Content-Type") != "application/jose+json":
            raise Problem(415, "malformed", "application/jose+json, please")
        if not request.fields.get("User-Agent"):
            raise Problem(400, "malformed", "clients send a User-Agent")
        self.agents.add((request.fields["User-Agent"], request.fields.get("Accept-Language")))
        try:
            message = wire.read_json(request.body)
            if set(message) != {"protected", "payload", "signature"}:
                raise ValueError("a flattened JWS has three members")
            header = wire.read_json(wire.un_b64u(message["protected"]))
            payload = wire.un_b64u(message["payload"])
        except (ValueError, TypeError, KeyError) as wrong:
            raise Problem(400, "malformed", f"no JWS: {wrong}") from wrong
        if header.get("alg") != "ES256":
            raise Problem(400, "badSignatureAlgorithm", "ES256, please", algorithms=["ES256"])
        if ("jwk" in header) == ("kid" in header) or "crit" in header:
            raise Problem(400, "malformed", "either jwk or kid")
        self.check_key(request, header, message)
        if header.get("url") != request.url:
            raise Problem(401, "unauthorized", "url of another request")
        if header.get("nonce") not in self.nonces:
            raise Problem(400, "badNonce", "not a nonce of mine")
        self.nonces.remove(header["nonce"])
        if self.speaks("nonces-refused") and len(self.requests) % 3 == 0:
            raise Problem(400, "badNonce", "not this one")
        try:
            request.payload = wire.read_json(payload) if payload else None
        except ValueError as wrong:
            raise Problem(400, "malformed", "the payload is no JSON") from wrong

    def check_key(self, request, header, message):
        new_account = request.url == self.url("newAccount")
        try:
            if "jwk" in header:
                if not new_account and request.url != self.url("revokeCert"):
                    raise Problem(400, "malformed", "kid, please")
                request.jwk = header["jwk"]
                public = wire.key_of(request.jwk)
            else:
                if new_account:
                    raise Problem(400, "malformed", "jwk, please")
                request.account = self.accounts.get(header["kid"])
                if request.account is None:
                    raise Problem(400, "accountDoesNotExist", "no such account")
                if request.account["status"] != "valid":
                    raise Problem(401, "unauthorized", "not a valid account")
                public = wire.key_of(request.account["jwk"])
            wire.verify_es256(public, message)
        except (ValueError, KeyError, TypeError) as wrong:
            raise Problem(400, "malformed", f"the signature: {wrong}") from wrong

    # --- Accounts (8555 7.3) ---

    def new_account(self, request):
        payload = request.payload or {}
        mine = wire.thumbprint(request.jwk)
        for url, account in self.accounts.items():
            if wire.thumbprint(account["jwk"]) == mine:
                return Answer(200, self.show_account(account), Location=url)
        if payload.get("onlyReturnExisting"):
            raise Problem(400, "accountDoesNotExist", "no account with this key")
        account = {"jwk": request.jwk, "status": "valid", "contact": payload.get("contact", []), "orders": []}
        if self.mac_keys:
            account["name"] = self.check_binding(request, payload.get("externalAccountBinding"))
            account["eab"] = payload["externalAccountBinding"]
        url = account["url"] = self.new_url("account")
        account["lists"] = self.new_url("orders")
        self.accounts[url] = account
        self.objects[url] = (account, self.account_object, account)
        self.objects[account["lists"]] = (account, self.orders_of, account)
        self.added_account(account)
        return Answer(201, self.show_account(account), Location=url)

    def check_binding(self, request, binding):
        if not isinstance(binding, dict):
            raise Problem(403, "externalAccountRequired", "who are you?")
        try:
            header = wire.read_json(wire.un_b64u(binding["protected"]))
            text = f"{binding['protected']}.{binding['payload']}".encode()
            good = (header["alg"] == "HS256" and "nonce" not in header and header["url"] == request.url and
                    wire.read_json(wire.un_b64u(binding["payload"])) == request.jwk and
                    wire.hs256(self.mac_keys[header["kid"]])(text) == wire.un_b64u(binding["signature"]))
        except (ValueError, KeyError, TypeError) as wrong:
            raise Problem(403, "unauthorized", f"the binding: {wrong}") from wrong
        if not good:
            raise Problem(403, "unauthorized", "the binding does not hold")
        return header["kid"]

    def show_account(self, account):
        shown = {"status": account["status"], "contact": account["contact"], "orders": account["lists"],
                 "termsOfServiceAgreed": True, **self.more_of_account(account)}
        if "eab" in account:
            shown["externalAccountBinding"] = account["eab"]
        if self.speaks("bare-account"):
            shown = {k: v for k, v in shown.items() if k in ("status", "delegations")}
        return shown

    def account_object(self, request, account):
        if request.payload and request.payload.get("status") == "deactivated":
            account["status"] = "deactivated"
        return Answer(200, self.show_account(account))

    def orders_of(self, request, account):
        return Answer(200, {"orders": account["orders"]})

    def added_account(self, account):
        """For those who hang more on it."""

    def more_of_account(self, account):
        return {}

    def key_change(self, request):
        raise Problem(403, "unauthorized", "keys stay here")

    # --- Orders: what both servers share ---

    def keep_order(self, request, order):
        order["url"] = self.new_url("order")
        order["finalize"] = self.new_url("finalize")
        order.setdefault("expires", time.time() + 86400)
        order["account"] = request.account
        self.objects[order["url"]] = (request.account, self.order_object, order)
        self.objects[order["finalize"]] = (request.account, self.finalize, order)
        request.account["orders"].append(order["url"])
        fields = {} if self.speaks("no-location") else {"Location": order["url"]}
        return Answer(201, self.show_order(order), **fields)

    def shown(self, order, *more):
        """The members of an order object, with dialects."""
        names = ("status", "identifiers", "authorizations", "finalize", "error") + more
        document = {name: order[name] for name in names if name in order}
        if not self.speaks("no-expires"):
            document["expires"] = wire.rfc3339(order["expires"])
        if self.speaks("unknown-members"):
            document["x-unknown"] = {"a": [1, None]}
        if self.speaks("relaxed-order") and not document["authorizations"]:
            del document["authorizations"]
        if "auto-renewal" in document:
            bend_renewal(document, self.dialects)
        return document


def bend_renewal(document, dialects):
    """Names of the drafts and of early implementations."""
    renewal = dict(document["auto-renewal"])
    if "camel" in dialects:
        names = {"start-date": "startDate", "end-date": "endDate", "lifetime-adjust": "lifetimeAdjust",
                 "allow-certificate-get": "allowCertificateGet"}
        document["auto-renewal"] = {names.get(k, k): v for k, v in renewal.items()}
    if "lurk" in dialects:
        del document["auto-renewal"]
        document.update({"recurrent": True, "recurrent-end-date": renewal["end-date"],
                         "recurrent-certificate-validity": renewal["lifetime"]})
    if "renewal-off" in dialects:
        document.pop("auto-renewal", None)


def csr_of(request):
    """The CSR of a finalize request, as DER."""
    try:
        return wire.un_b64u((request.payload or {})["csr"])
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise Problem(400, "malformed", f"csr: {wrong}") from wrong

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""star-ca as a plain CA beside pebble: orders per second, and processor time of the server per order.

The same driver places the same orders at both, one CA after the other: newOrder, authorization, http-01 (really
validated), finalize, certificate.  star-ca is measured with its database in memory and on disk; pebble keeps all in
memory.  By hand, on a quiet machine.  Usage: ca_beside_pebble.py BUILD_DIR [ORDERS [WORKERS]]
"""
import base64
import hashlib
import http.client
import http.server
import json
import multiprocessing
import os
import ssl
import sys
import tempfile
import threading
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import peers  # noqa: E402
import star_ca  # noqa: E402

POLL_S = 0.02


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Client:
    """One account, one connection."""

    def __init__(self, directory_url, trust):
        url = urllib.parse.urlsplit(directory_url)
        self.connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=30,
                                                      context=ssl.create_default_context(cafile=trust))
        self.key = ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.jwk = {"crv": "P-256", "kty": "EC", "x": b64(numbers.x.to_bytes(32, "big")),
                    "y": b64(numbers.y.to_bytes(32, "big"))}
        self.thumbprint = b64(hashlib.sha256(json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode())
                              .digest())
        self.kid = None
        self.directory = json.loads(self.send("GET", directory_url)[1])
        self.send("HEAD", self.directory["newNonce"])
        headers, _ = self.post(self.directory["newAccount"], {"termsOfServiceAgreed": True})
        self.kid = headers["Location"]

    def send(self, method, url, body=None):
        path = urllib.parse.urlsplit(url)._replace(scheme="", netloc="").geturl()
        self.connection.request(method, path, body, {"Content-Type": "application/jose+json"} if body else {})
        response = self.connection.getresponse()
        text = response.read()
        self.nonce = response.getheader("Replay-Nonce") or getattr(self, "nonce", None)
        if response.status >= 400:
            raise RuntimeError(f"{url}: {response.status} {text.decode()}")
        return response.headers, text

    def post(self, url, value=None):
        header = {"alg": "ES256", "nonce": self.nonce, "url": url,
                  **({"kid": self.kid} if self.kid else {"jwk": self.jwk})}
        signed = b64(json.dumps(header).encode()) + "." + (b64(json.dumps(value).encode()) if value is not None else "")
        r, s = utils.decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        protected, payload = signed.split(".")
        return self.send("POST", url, json.dumps({
            "protected": protected, "payload": payload,
            "signature": b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))}))

    def poll(self, url, final):
        while True:
            document = json.loads(self.post(url)[1])
            if document["status"] in final:
                return document
            if document["status"] == "invalid":
                raise RuntimeError(json.dumps(document))
            time.sleep(POLL_S)

    def order(self, name, csr):
        headers, body = self.post(self.directory["newOrder"], {"identifiers": [{"type": "dns", "value": name}]})
        url, order = headers["Location"], json.loads(body)
        authorization = json.loads(self.post(order["authorizations"][0])[1])
        for challenge in authorization["challenges"]:
            if challenge["type"] == "http-01":
                self.post(challenge["url"], {})
        self.poll(order["authorizations"][0], ("valid",))
        self.poll(url, ("ready",))
        self.post(order["finalize"], {"csr": csr})
        self.post(self.poll(url, ("valid",))["certificate"])


def make_csr(name):
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(name)]), False).sign(key, hashes.SHA256())
    return b64(request.public_bytes(serialization.Encoding.DER))


class Responder:
    """Answers every token for the account that the second label of the name stands for."""

    def __init__(self):
        self.thumbprints = multiprocessing.Manager().dict()
        thumbprints = self.thumbprints

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                worker = self.headers["Host"].split(".")[1]
                body = f"{self.path.rsplit('/', 1)[1]}.{thumbprints[worker]}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def work(directory_url, trust, worker, count, thumbprints, ready, go):
    client = Client(directory_url, trust)
    thumbprints[worker] = client.thumbprint
    orders = [(name, make_csr(name)) for name in (f"n{i}.{worker}.bench.example" for i in range(count))]
    client.order(f"warm.{worker}.bench.example", make_csr(f"warm.{worker}.bench.example"))
    ready.release()
    go.wait()
    for name, csr in orders:
        client.order(name, csr)


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(what, ca, trust, responder, count, workers):
    ready, go = multiprocessing.Semaphore(0), multiprocessing.Event()
    crowd = [multiprocessing.Process(target=work, args=(ca.directory(), trust, f"w{i}", count // workers,
                                                        responder.thumbprints, ready, go)) for i in range(workers)]
    for one in crowd:
        one.start()
    for _ in crowd:
        if not ready.acquire(timeout=60):
            raise RuntimeError(f"{what}: a worker does not get ready")
    began, cpu = time.monotonic(), cpu_s(ca.process.pid)
    go.set()
    for one in crowd:
        one.join()
        if one.exitcode != 0:
            raise RuntimeError(f"{what}: a worker failed")
    seconds, cpu = time.monotonic() - began, cpu_s(ca.process.pid) - cpu
    done = count // workers * workers
    rate, each = done / seconds, cpu / done * 1000
    print(f"{what:<28} {rate:8.1f} orders/s {each:8.2f} ms of server CPU per order", flush=True)
    return rate, each


def star(build, port, dns, state_root):
    previous = tempfile.tempdir
    tempfile.tempdir = state_root
    try:
        return star_ca.StarCa(build, [], **{
            "http-01-port": port, "dns-servers": [f"127.0.0.1@{dns.dns_port}"], "allowed-networks": ["127.0.0.1"],
            "resolve": ["localhost:1:127.0.0.1"], "log": "warning"}).start()
    finally:
        tempfile.tempdir = previous


def main():
    build = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    workers = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    responder = Responder()
    results = {}
    with peers.ChallTestSrv() as dns:
        with peers.Pebble(dns, responder.port, peers.free_port(), va_nosleep=1, wfe_noncereject=0, authzreuse=0) as ca:
            results["pebble"] = measure("pebble", ca, ca.trust, responder, count, workers)
        for what, root in (("in memory", "/dev/shm"), ("on disk", tempfile.gettempdir())):
            ca = star(build, responder.port, dns, root)
            try:
                results[what] = measure(f"star-ca, state {what}", ca, ca.root, responder, count, workers)
            finally:
                ca.stop()
    for what in ("in memory", "on disk"):
        print(f"star-ca, state {what}, to pebble: {results[what][0] / results['pebble'][0]:.2f} of its orders/s, "
              f"{results[what][1] / results['pebble'][1]:.2f} of its CPU per order")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ido-server's admin socket and commands as processes: with a running server, on the store, with hostile requests.

Prints TAP.  Usage: ido_admin.py BUILD_DIR
"""
import datetime
import http.client
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "demo"))
import ports  # noqa: E402  (its path is known only now)

TEMPLATE = {"keyTypes": [{"PublicKeyType": "id-ecPublicKey", "namedCurve": "secp256r1",
                          "SignatureType": "ecdsa-with-SHA256"}],
            "extensions": {"subjectAltName": {"DNS": ["abc.ido.example"]}}}
PATIENCE_S = 60
CNAMES = {"abc.ido.example.": "abc.cdn.example."}


class Failure(Exception):
    """Something is not as it should be."""


def check(condition, what):
    if not condition:
        raise Failure(str(what))


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix-domain socket."""

    def __init__(self, path):
        super().__init__("admin", timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(self.path)


class Scene:
    """A server, its files, and the commands."""

    def __init__(self, build):
        self.program = os.path.join(build, "examples", "ido-server", "ido-server")
        self.dir = tempfile.mkdtemp(prefix="sdg-admin-")
        self.socket = self.path("state", "admin.sock")
        self.popen = None
        self.make_certificate()
        self.config = self.write("ido.json", json.dumps({
            "listen": f"127.0.0.1:{ports.free_port()}", "base-url": "https://ido.example:{port}/acme",
            "state": self.path("state"), "tls": {"cert": self.path("tls.pem"), "key": self.path("tls.key")},
            "audit-keep-days": 30,
            "issuers": [{"name": "ca", "kind": "star", "directory": "https://127.0.0.1:1/directory"}]}))
        self.template = self.write("template.json", json.dumps(TEMPLATE))
        self.cnames = self.write("cnames.json", json.dumps(CNAMES))

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def make_certificate(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ido.example")])
        now = datetime.datetime.utcnow()
        cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
                .sign(key, hashes.SHA256()))
        self.write("tls.pem", cert.public_bytes(serialization.Encoding.PEM).decode())
        self.write("tls.key", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                serialization.NoEncryption()).decode())
        self.write("ndc.pem", ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode())

    def start(self):
        begin = len(self.log())
        with open(self.path("log"), "ab") as log:
            self.popen = subprocess.Popen([self.program, "run", "--config", self.config], stdout=log, stderr=log,
                                          stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while "ido.ready" not in self.log()[begin:]:
            check(self.popen.poll() is None and time.monotonic() < deadline, self.log())
            time.sleep(0.02)

    def log(self):
        if not os.path.exists(self.path("log")):
            return ""
        with open(self.path("log"), encoding="utf-8", errors="surrogateescape") as file:
            return file.read()

    def stop(self, number=signal.SIGTERM):
        if self.popen is not None:
            self.popen.send_signal(number)
            code = self.popen.wait(PATIENCE_S)
            self.popen = None
            check(code in (0, -number), f"the server ended with {code}:\n" + self.log()[-2000:])

    def run(self, command, *words, code=0):
        done = subprocess.run([self.program, command, "--config", self.config, *words], capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False)
        check(done.returncode == code, f"{command} {words}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout.strip() if code == 0 else done.stderr.strip()

    def request(self, target, body=b"{}", method="POST", headers=None):
        connection = Connection(self.socket)
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None, answer
        finally:
            connection.close()

    def ask(self, command, status=200, **members):
        found, answer, response = self.request("/" + command, json.dumps(members).encode())
        check(found == status, f"{command} {members}: {found} {answer}")
        kind = "application/json" if found == 200 else "application/problem+json"
        check(response.headers["Content-Type"] == kind, response.headers)
        check(response.headers["Cache-Control"] == "no-store", response.headers)
        if found != 200:
            check(answer["status"] == found and answer["title"], answer)
        return answer

    def state(self):
        return json.dumps([self.ask("ndc-list"), self.ask("delegation-list"), self.ask("audit", limit=1000)])

    def close(self):
        self.stop()
        text = self.log()
        check(not any(ord(c) < 0x20 and c != "\n" for c in text), "control characters in the log")
        check("PRIVATE" not in text, "a key in the log")
        shutil.rmtree(self.dir)


# --- Cases ---

def commands(scene):
    """Every command; the same answers from a server and from the store."""
    for serves in (True, False):
        tag = "a" if serves else "b"
        if serves:
            scene.start()
        mac_key = scene.run("ndc-add", "cdn-" + tag)
        check(len(mac_key) == 43, mac_key)
        check("409" not in scene.run("ndc-add", "cdn-" + tag, code=1), "a status instead of a sentence")
        account = scene.run("ndc-key", "edge-" + tag, "--key", scene.path("ndc.pem")) if serves else \
            scene.run("ndc-key", "edge-" + tag, "--key", scene.path("ndc.pem"), code=1)
        check(not serves or "/acme/acct/" in account, account)
        if serves:
            scene.run("terms-agreed", account)
            scene.run("terms-agreed", account + "x", code=1)
            check("event=ndc-terms-agreed" in scene.run("audit", "--ndc", "edge-" + tag), "not told")
        check(len(scene.run("ndc-mac-key", "cdn-" + tag, "--key-id", "second-" + tag)) == 43, "no key")
        delegation = scene.run("delegation-add", "--ndc", "cdn-" + tag, "--template", scene.template, "--cname-map",
                               scene.cnames, "--id", "d-" + tag, "--lifetime-max", "604800", "--names",
                               "x.ido.example,*.ido.example", "--key-kinds", "P-256", "--order-kinds", "star",
                               "--orders-max", "10", "--orders-period", "3600", "--certificates-max", "4",
                               "--expires-at", "2099-01-01T00:00:00Z")
        check(delegation == "d-" + tag, delegation)
        shown = json.loads(scene.run("show", delegation, "--json"))
        check(shown["csr-template"] == TEMPLATE and shown["cname-map"] == CNAMES, shown)
        check(shown["names"] == ["x.ido.example", "*.ido.example"] and shown["key-kinds"] == ["P-256"] and
              shown["order-kinds"] == ["star"] and shown["orders-max"] == 10 and shown["orders-period"] == 3600 and
              shown["certificates-max"] == 4 and shown["expires-at"] == "2099-01-01T00:00:00Z", shown)
        scene.run("delegation-change", delegation, "--names", "", "--orders-max", "20", "--expires-at", "never")
        shown = json.loads(scene.run("show", delegation, "--json"))
        check("names" not in shown and "expires-at" not in shown and shown["orders-max"] == 20 and
              shown["orders-period"] == 3600 and shown["key-kinds"] == ["P-256"], shown)
        scene.run("delegation-change", delegation, "--upstream", "https://up.example/delegation/7")
        check("upstream=https://up.example/delegation/7" in scene.run("show", delegation), "no upstream")
        check("state=active" in scene.run("list", delegation), "not listed")
        check(scene.run("cnames", delegation) == "", "CNAMEs without an order")
        check(scene.run("cname-removed", delegation, "--name", "abc.ido.example.", code=1) != "", "nothing to remove")
        scene.run("end", delegation)
        check("state=active" not in scene.run("delegations", "--ndc", "cdn-" + tag), "still active")
        audit = scene.run("audit", delegation)
        check([line.split("event=")[1].split()[0] for line in audit.split("\n")][:4] ==
              ["delegation-added", "delegation-changed", "delegation-changed", "delegation-ending"], audit)
        check(f"by=\"uid {os.getuid()}\"" in audit, audit)
        scene.run("delegation-add", "--ndc", "cdn-" + tag, "--template", scene.template, "--id", "-d" + tag)
        check("state=active" in scene.run("delegations", "--ndc", "cdn-" + tag), "an id like an option")
        scene.run("end", "-d" + tag)
        scene.run("ndc-mac-key-remove", "cdn-" + tag, "--key-id", "second-" + tag)
        scene.run("ndc-disable", "cdn-" + tag)
        check(f"ndc=cdn-{tag} state=disabled" in scene.run("ndc-list"), "not disabled")
        check("kind=" not in scene.run("ndc-show", "cdn-" + tag), "credentials are left")
        if serves:
            deadline = time.monotonic() + PATIENCE_S
            while scene.run("delegations", "--ndc", "cdn-" + tag).count("state=ended") < 2:
                check(time.monotonic() < deadline, "the delegation does not end")
                time.sleep(0.05)
            scene.run("ndc-remove", "cdn-" + tag)
            check("cdn-" + tag not in scene.run("ndc-list"), "not removed")
            check(mac_key not in scene.log(), "a MAC key in the log")
            scene.stop()


def at_once(scene):
    """Of changes made at the same time none is lost, nor one made since the delegation was looked at."""
    scene.start()
    scene.ask("ndc-add", name="cdn")
    scene.ask("delegation-add", **{"id": "both", "ndc": "cdn", "csr-template": TEMPLATE})
    for i in range(1, 21):
        threads = [threading.Thread(target=scene.ask, args=("delegation-change",),
                                    kwargs={"id": "both", member: value})
                   for member, value in (("lifetime-min", i), ("lifetime-max", 1000 + i))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        shown = scene.ask("delegation-show", id="both")
        check(shown["lifetime-min"] == i and shown["lifetime-max"] == 1000 + i, shown)
    revision = shown["revision"]
    scene.run("delegation-change", "both", "--revision", str(revision), "--lifetime-min", "30")
    answer = scene.ask("delegation-change", status=409, id="both", revision=revision, **{"lifetime-min": 40})
    check(answer["place"] == "revision", answer)
    check(scene.ask("delegation-show", id="both")["lifetime-min"] == 30, "overwritten")
    scene.stop()


def words(scene):
    """Mistakes on the command line are told, and nothing is done."""
    for line in (["ndc-add"], ["ndc-add", "a", "b"], ["end"], ["nonsense"], ["ndc-add", "--nonsense", "x"],
                 ["delegation-add"], ["delegation-add", "--ndc", "cdn"], ["ndc-add", "../../etc"],
                 ["delegation-add", "--ndc", "cdn", "--template", scene.path("none")],
                 ["delegation-add", "--ndc", "cdn", "--template", scene.path("tls.pem")],
                 ["delegation-add", "--ndc", "cdn", "--template", scene.template, "--lifetime-max", "-5"],
                 ["delegation-add", "--ndc", "cdn", "--template", scene.template, "--lifetime-max", "5x"],
                 ["delegation-add", "--ndc", "cdn", "--template", scene.template, "--expires-at", "tomorrow"],
                 ["ndc-add", "a\x1b[2J"]):
        done = subprocess.run([scene.program, line[0], "--config", scene.config, *line[1:]], capture_output=True,
                              text=True, timeout=PATIENCE_S, check=False)
        check(done.returncode in (1, 2) and done.stderr and done.stdout == "" and "\x1b" not in done.stderr,
              f"{line}: {done}")
    check(scene.run("ndc-list") == "" and scene.run("delegations") == "", "something was done")


def the_socket(scene):
    """Only the owner can open it; a left-behind one is replaced; a second server does not take it."""
    scene.start()
    mode = os.stat(scene.socket).st_mode
    check(stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600, oct(mode))
    scene.stop(signal.SIGKILL)
    check(os.path.exists(scene.socket), "nothing left behind")
    scene.run("ndc-add", "while-down")  # on the store
    scene.start()
    check("while-down" in json.dumps(scene.ask("ndc-list")), "not seen by the server")
    second = subprocess.run([scene.program, "run", "--config", scene.config], capture_output=True, text=True,
                            timeout=PATIENCE_S, check=False)
    check(second.returncode == 1 and "admin socket" in second.stderr, second)
    check("while-down" in json.dumps(scene.ask("ndc-list")), "the first server is gone")
    scene.stop()
    check(not os.path.exists(scene.socket), "the socket stays behind a server that ended well")


VIOLATIONS = [
    ("ndc-add", {}, "", "name"),
    ("ndc-add", {"name": 1}, "/name", "name"),
    ("ndc-add", {"name": ""}, "/name", "name"),
    ("ndc-add", {"name": ".hidden"}, "/name", "name"),
    ("ndc-add", {"name": "../../etc/passwd"}, "/name", "name"),
    ("ndc-add", {"name": "a\u0000b"}, None, None),
    ("ndc-add", {"name": "a\nb"}, "/name", "name"),
    ("ndc-add", {"name": "a" * 65}, "/name", "name"),
    ("ndc-add", {"name": "x", "more": 1}, "", "more"),
    ("ndc-add", {"name": "x", "by": "\u202e"}, "/by", "who"),
    ("ndc-key-add", {"name": "x", "key": 5}, "/key", ""),
    ("ndc-key-add", {"name": "x", "key": {"kty": 5}}, "/key", ""),
    ("delegation-add", {"ndc": "cdn", "csr-template": "{}"}, "/csr-template", "object"),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "lifetime-max": -1}, "/lifetime-max", "seconds"),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "lifetime-max": 1.5}, "/lifetime-max", "seconds"),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "lifetime-max": 10 ** 30}, "/lifetime-max", ""),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "orders-max": 1001}, "/orders-max", ""),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "key-kinds": ["RSA-512"]}, "/key-kinds/0", "key-kind"),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "names": [1]}, "/names/0", ""),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "expires-at": "never"}, "/expires-at", "scope"),
    ("delegation-change", {"id": "a/b"}, "/id", "id"),
    ("audit", {"limit": 0}, "/limit", ""),
    ("audit", {"from": 5}, "/from", "date"),
]
REFUSED = [
    ("delegation-add", {"ndc": "nobody", "csr-template": TEMPLATE}, 404, "ndc"),
    ("delegation-add", {"ndc": "cdn", "csr-template": {}}, 400, None),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "issuer": "none"}, 404, "issuer"),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "cname-map": {"a.example": "b.example."}}, 400,
     "/cname-map/a.example"),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "names": ["not a"]}, 400, None),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "names": ["a"]}, 400, "names/0"),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "orders-max": 1}, 400, "orders_period_s"),
    ("delegation-add", {"ndc": "cdn", "csr-template": TEMPLATE, "expires-at": "2026-02-30T00:00:00Z"}, 400,
     "/expires-at"),
    ("delegation-change", {"id": "nothing"}, 404, None),
    ("delegation-change", {"id": "d1"}, 400, None),
    ("delegation-end", {"id": "nothing"}, 404, None),
    ("delegation-show", {"id": "nothing"}, 404, None),
    ("inspect", {"id": "nothing"}, 404, None),
    ("ndc-add", {"name": "cdn"}, 409, None),
    ("ndc-key-add", {"name": "x", "key": "no key"}, 400, None),
    ("ndc-key-add", {"name": "x", "key": {"kty": "oct", "k": "AAAA"}}, 400, None),
    ("ndc-mac-key-add", {"name": "nobody", "key-id": "k"}, 404, None),
    ("ndc-mac-key-remove", {"name": "cdn", "key-id": "nothing"}, 404, None),
    ("ndc-disable", {"name": "nobody"}, 404, None),
    ("ndc-remove", {"name": "cdn"}, 409, None),
    ("ndc-show", {"name": "nobody"}, 404, None),
    ("cname-list", {"delegation": "nothing"}, 404, None),
    ("cname-removed", {"delegation": "d1", "name": "x.example."}, 404, None),
]


def hostile(scene):
    """Every bad request is answered with the place and the rule, and changes nothing."""
    scene.start()
    scene.ask("ndc-add", name="cdn")
    scene.ask("delegation-add", **{"id": "d1", "ndc": "cdn", "csr-template": TEMPLATE})
    before = scene.state()
    for command, body, place, rule in VIOLATIONS:
        answer = scene.ask(command, status=400, **body)
        if place is not None:
            text = json.dumps(answer["violations"])
            check(any(v["place"].startswith(place) for v in answer["violations"]), f"{command} {body}: {text}")
            check(rule in text, f"{command} {body}: {text}")
    for command, body, status, place in REFUSED:
        answer = scene.ask(command, status=status, **body)
        check(place is None or answer.get("place", "").startswith(place), f"{command} {body}: {answer}")
    for text in (b"{", b"[]", b"null", b"5", b"\"x\"", b"{\"name\":\"a\",\"name\":\"b\"}", b"{\"name\":\"\xff\"}",
                 b"{\"name\":\"a\"} x", b"\xef\xbb\xbf{}", b"[" * 100000, b"{\"a\":" * 5000, b"\x00" * 100):
        status, answer, _ = scene.request("/ndc-add", text)
        check(status == 400 and answer["status"] == 400, f"{text[:40]}: {status} {answer}")
    for method, target, wanted in (("GET", "/ndc-list", 405), ("PUT", "/ndc-add", 405), ("DELETE", "/ndc-list", 405),
                                   ("POST", "/", 404), ("POST", "/../etc/passwd", 404), ("POST", "/ndc-add/", 404),
                                   ("POST", "/ndc-add?x=1", 404), ("GET", "/directory", 404),
                                   ("POST", "/" + "a" * 5000, 404)):
        status, answer, _ = scene.request(target, b"{\"name\":\"zz\"}", method)
        check(status == wanted, f"{method} {target[:40]}: {status} {answer}")
    try:
        status, _, _ = scene.request("/ndc-add", b"{\"name\":\"" + b"a" * 600000 + b"\"}")
        check(status == 413, status)
    except ConnectionError:
        pass  # refused before the end was sent
    for raw in (b"\x16\x03\x01\x02\x00" + b"\x01" * 100, b"POST\r\n\r\n", b"POST /ndc-list HTTP/1.1\r\n\r\n",
                b"POST /ndc-list HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                b"POST /ndc-list HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", b"A" * 100000):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(1)
            peer.connect(scene.socket)
            try:
                peer.sendall(raw)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass
            except (ConnectionError, TimeoutError):
                pass
    idle = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    for peer in idle:
        peer.connect(scene.socket)
        peer.send(b"POST /ndc-li")
    check(scene.state() == before, "a refused request has changed something")
    for peer in idle:
        peer.close()
    scene.stop()


def pages(scene):
    """Long lists come in pages."""
    scene.start()
    scene.ask("ndc-add", name="cdn")
    for number in range(25):
        scene.ask("delegation-add", **{"id": f"d{number:02}", "ndc": "cdn", "csr-template": TEMPLATE})
    for command, name, key in (("delegation-list", "delegations", "delegation"), ("audit", "events", "delegation")):
        seen, after, turns = [], None, 0
        while turns == 0 or after is not None:
            answer = scene.ask(command, limit=10, **({"after": after} if after else {}))
            seen += [entry.get(key) for entry in answer[name]]
            after = answer.get("next")
            turns += 1
        wanted = [f"d{number:02}" for number in range(25)]
        check([s for s in seen if s] == wanted and turns == 3, f"{command}: {turns} {seen}")
    now = datetime.datetime.utcnow() + datetime.timedelta(hours=1)
    check(scene.ask("audit", **{"from": now.strftime("%Y-%m-%dT%H:%M:%SZ")})["events"] == [], "from the future")
    scene.ask("ndc-add", name="other", by="alice")
    events = scene.ask("audit", ndc="other")["events"]
    check([(e["event"], e["by"]) for e in events] == [("ndc-added", "alice"), ("ndc-mac-key-added", "alice")], events)
    scene.stop()


CASES = [commands, at_once, words, the_socket, hostile, pages]


def main():
    failed = 0
    for number, case in enumerate(CASES, 1):
        scene = Scene(sys.argv[1])
        try:
            case(scene)
            scene.close()
            print(f"ok {number} - {case.__name__}", flush=True)
        except (Failure, subprocess.TimeoutExpired, OSError, KeyError, ValueError,
                http.client.HTTPException) as failure:
            failed += 1
            if scene.popen is not None:
                scene.popen.kill()
                scene.popen.wait()
            print(f"not ok {number} - {case.__name__}", flush=True)
            for line in f"{type(failure).__name__}: {failure}".splitlines():
                print(f"# {line}")
            print(f"# files are in {scene.dir}", flush=True)
    print(f"1..{len(CASES)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

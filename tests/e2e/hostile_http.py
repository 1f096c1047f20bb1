#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""star-ca and ido-server against clients on raw sockets: drips, wrong lengths, chunks, heads of megabytes, pipelines,
bad TLS.  After each of them both servers answer an ordinary request at once, with the memory they had.

Prints TAP.  Usage: hostile_http.py BUILD_DIR
"""
import os
import socket
import ssl
import sys
import time
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bad_input  # noqa: E402  (its path is known only now)

MEMORY_GROWTH_MAX = 64 << 20
PATIENCE_S = bad_input.story.PATIENCE_S


class Target:
    """A server, by TLS or by plain TCP."""

    def __init__(self, scene, who, port, name, tls=True):
        self.scene = scene
        self.who = who
        self.port = port
        self.name = name
        self.tls = tls
        self.context = ssl.create_default_context(cafile=scene.path("star-ca", "root.pem")) if tls else None

    def connect(self, timeout=PATIENCE_S):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        return self.context.wrap_socket(sock, server_hostname=self.name) if self.tls else sock

    def memory(self):
        with open(f"/proc/{self.scene.processes[self.who].popen.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def directory(self):
        host = f"{self.name}:{self.port}"
        answer = talk(self, f"GET /acme/directory HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        if not answer.startswith(b"HTTP/1.1 200") or b"newOrder" not in answer:
            raise bad_input.story.Failure(f"{self.who} does not answer: {answer[:200]!r}")


def read_all(sock, most=1 << 20):
    data = b""
    try:
        while len(data) < most:
            piece = sock.recv(65536)
            if not piece:
                break
            data += piece
    except (ssl.SSLError, ConnectionError, TimeoutError):
        pass
    return data


def talk(target, request, timeout=PATIENCE_S):
    """Sends all of it, as far as the server takes it; returns all that comes back."""
    with target.connect(timeout) as sock:
        try:
            sock.sendall(request)
        except (ssl.SSLError, ConnectionError, TimeoutError):
            pass
        return read_all(sock)


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def must_refuse(target, request, *allowed):
    status = status_of(talk(target, request))
    if not target.tls and status in (404, 405):
        return  # the listener for challenges does not even come to the body
    if status not in allowed:
        raise bad_input.story.Failure(f"{target.who} answers {status}, not {allowed}: {request[:80]!r}")


def head(target, method="POST", path="/acme/new-order", more=""):
    return (f"{method} {path} HTTP/1.1\r\nHost: {target.name}:{target.port}\r\n"
            f"Content-Type: application/jose+json\r\n{more}").encode()


# --- The cases: each is told one server ---

def wrong_lengths(target):
    for length in ("-1", "99999999999999999999999999", "0x10", "10, 11", "1 1", "abc", "+5", ""):
        must_refuse(target, head(target, more=f"Content-Length: {length}\r\nConnection: close\r\n\r\n") + b"{}",
                    0, 400, 413)
    # two that differ, a length besides chunks: the ways requests are smuggled
    must_refuse(target, head(target, more="Content-Length: 2\r\nContent-Length: 40\r\n\r\n") + b"{}", 400)
    both = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = talk(target, head(target, more=both)
                  + b"0\r\n\r\nGET /acme/directory HTTP/1.1\r\nHost: x\r\n\r\n")
    if answer.count(b"HTTP/1.1 ") > 1:
        raise bad_input.story.Failure(f"{target.who} takes the rest of a body for a request: {answer[:300]!r}")


def too_short_and_too_long(target):
    with target.connect() as sock:  # says 100 bytes, sends two, and goes
        sock.sendall(head(target, more="Content-Length: 100\r\n\r\n") + b"{}")
    body = b"[" * (8 << 20)
    must_refuse(target, head(target, more=f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n") + body, 0, 413)


def chunks(target):
    for body in (b"ffffffffffffffffff\r\n", b"-1\r\n\r\n", b"zz\r\n\r\n",
                 b"5;" + b"x" * 100000 + b"\r\nhello\r\n0\r\n\r\n",
                 b"2\r\n{}XX0\r\n\r\n"):
        must_refuse(target, head(target, more="Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n") + body,
                    0, 400, 413, 431, 500)  # 500: the HTTP library's own, for an extension it has no room for
    must_refuse(target, head(target, more="Transfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n")
                + b"2\r\n{}\r\n0\r\n\r\n", 400)
    endless = b"1000\r\n" + b"a" * 4096 + b"\r\n"
    must_refuse(target, head(target, more="Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n") + endless * 2000,
                0, 413)


def huge_heads(target):
    must_refuse(target, head(target, more="X-Big: " + "a" * (10 << 20) + "\r\n\r\n"), 0, 400, 413, 431)
    must_refuse(target, head(target, more="".join(f"X-{i}: y\r\n" for i in range(20000)) + "\r\n"), 0, 400, 413, 431)
    must_refuse(target, head(target, path="/acme/" + "a" * (1 << 20), more="\r\n"), 0, 400, 404, 414, 431)
    must_refuse(target, b"G" * (1 << 20), 0, 400, 405, 414, 431, 501)


def odd_requests(target):
    for line in ("GET", "GET /acme/directory", "GET /acme/directory HTTP/9.9", "GET /../../etc/passwd HTTP/1.1",
                 "CONNECT 127.0.0.1:22 HTTP/1.1", "PRI * HTTP/2.0", "GET http://169.254.169.254/ HTTP/1.1",
                 "\0\0\0\0", "OPTIONS * HTTP/1.1", "TRACE /acme/directory HTTP/1.1"):
        answer = talk(target, (line + "\r\nHost: x\r\nConnection: close\r\nX-Echo: canary\r\n\r\n").encode())
        if status_of(answer) == 200 and "directory" not in line:
            raise bad_input.story.Failure(f"{target.who} answers {line!r}: {answer[:200]!r}")
        if b"canary" in answer or b"Access-Control" in answer:
            raise bad_input.story.Failure(f"{target.who} echoes: {answer[:300]!r}")
    must_refuse(target, b"GET /acme/directory HTTP/1.1\r\nHost: x\r\nBad Header\r\nConnection: close\r\n\r\n",
                0, 200, 400)


def pipeline(target):
    """A thousand requests at once on one connection: an answer each, or an end; in their order."""
    one = f"GET /acme/directory HTTP/1.1\r\nHost: {target.name}:{target.port}\r\n\r\n".encode()
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    answer = talk(target, one * 200 + last)
    if answer.count(b"HTTP/1.1 200") != 201:
        raise bad_input.story.Failure(f"{answer.count(b'HTTP/1.1 200')} answers to 201 requests")


def drips(target):
    """200 clients that send a byte now and then do not keep anybody else out."""
    began = time.monotonic()
    target.directory()
    usual = time.monotonic() - began
    slow = []
    for _ in range(200):
        sock = socket.create_connection(("127.0.0.1", target.port), timeout=PATIENCE_S)
        if target.tls:
            sock = target.context.wrap_socket(sock, server_hostname=target.name)
        sock.sendall(b"POST /acme/new-order HTTP/1.1\r\nHost: x\r\nContent-Len")
        slow.append(sock)
    for _ in range(3):
        for sock in slow:
            try:
                sock.sendall(b"g")
            except (ssl.SSLError, ConnectionError):
                pass
        began = time.monotonic()
        target.directory()
        took = time.monotonic() - began
        if took > 3 + 20 * usual:
            raise bad_input.story.Failure(f"{target.who} took {took:.1f} s beside slow clients, not {usual:.1f} s")
    for sock in slow:
        sock.close()


def bad_tls(target):
    """Half handshakes, plain HTTP, old versions, noise."""
    if not target.tls:
        return
    half = [socket.create_connection(("127.0.0.1", target.port), timeout=PATIENCE_S) for _ in range(100)]
    for number, sock in enumerate(half):
        sock.sendall([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/1.1\r\n\r\n",
                      b"\x16\x03\x01\xff\xff" + os.urandom(2000), os.urandom(64), b""][number % 5])
    target.directory()
    for sock in half:
        sock.close()
    warnings.simplefilter("ignore", DeprecationWarning)  # which is the point
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # ACME-6.1-02
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    try:
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    except (ValueError, ssl.SSLError):
        return  # this machine's library has no such version to offer
    try:
        with socket.create_connection(("127.0.0.1", target.port), timeout=PATIENCE_S) as sock:
            with old.wrap_socket(sock, server_hostname=target.name) as wrapped:
                raise bad_input.story.Failure(f"{target.who} speaks {wrapped.version()}")
    except (ssl.SSLError, ConnectionError):
        pass


def challenge_listener(target):
    """The plain listener knows challenges and nothing else."""
    if target.tls:
        return
    for path in ("/", "/acme/directory", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/../../x",
                 "/.well-known/acme-challenge/%2e%2e", "/.well-known/acme-challenge/" + "a" * 300, "/.well-known/x",
                 "//.well-known/acme-challenge/abc"):
        must_refuse(target, head(target, "GET", path, "Connection: close\r\n\r\n"), 400, 404)


CASES = [wrong_lengths, too_short_and_too_long, chunks, huge_heads, odd_requests, pipeline, drips, bad_tls,
         challenge_listener]


def check(case, target):
    """The case, and what must be true after it."""
    if not target.tls and case in (pipeline, drips):
        return
    before = target.memory()
    case(target)
    if target.tls:
        target.directory()
    if target.scene.processes[target.who].is_dead():
        raise bad_input.story.Failure(f"{target.who} is dead")
    if target.memory() - before > MEMORY_GROWTH_MAX:
        raise bad_input.story.Failure(f"{target.who} grew by {(target.memory() - before) >> 20} MB")


def main():
    bad_input.processes.end_well()
    failed = 0
    scene = bad_input.Scene(sys.argv[1])
    try:
        http01_port = bad_input.ports.free_port()
        scene.ca_port = scene.start_ca(http01_port)
        scene.ido_port = scene.start_ido(scene.ca_port, http01_port)
        targets = [Target(scene, "star-ca", scene.ca_port, "ca.example"),
                   Target(scene, "ido-server", scene.ido_port, "ido.example"),
                   Target(scene, "ido-server", http01_port, "video.cp.example", tls=False)]
        for number, case in enumerate(CASES, 1):
            try:
                for target in targets:
                    check(case, target)
                print(f"ok {number} - {case.__name__}", flush=True)
            except (bad_input.story.Failure, OSError) as failure:
                failed += 1
                print(f"not ok {number} - {case.__name__}\n# {failure}", flush=True)
    finally:
        scene.close()
    print(f"1..{len(CASES)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

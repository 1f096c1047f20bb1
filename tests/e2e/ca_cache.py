#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""star-ca behind real caches: one nginx and two in a row never hand out a certificate that has ended, see a new one
when it is there, and learn of a cancellation (RFC 8739 4.3, RFC 9111).

Prints TAP; everything is skipped, with the reason, where there is no nginx.  Usage: ca_cache.py BUILD_DIR
"""
import http.client
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
try:
    from cryptography import x509

    import acme_wire as wire
    import stage as play
    import star_ours_test as owner
    import strict
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

LIFETIME = 6
CANCELED_LIFETIME = 12
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

CONFIG = """
worker_processes 1;
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  proxy_cache_path {dir}/near keys_zone=near:1m;
  proxy_cache_path {dir}/far keys_zone=far:1m;
  proxy_cache_revalidate on;
  proxy_http_version 1.1;
  server {{
    listen 127.0.0.1:{near};
    location / {{
      proxy_pass https://127.0.0.1:{ca};
      proxy_set_header Host ca.example:{ca};
      proxy_ssl_name ca.example;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate {trust};
      proxy_cache near;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
  server {{
    listen 127.0.0.1:{far};
    location / {{
      proxy_pass http://127.0.0.1:{near};
      proxy_hide_header X-Cache;
      proxy_cache far;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


class Cache:
    """One of the two servers, as a client of it sees it."""

    def __init__(self, port):
        self.port = port
        self.seen = {}
        self.slowest = 0.0  # of the answers that came from further away: seconds that no cache could know of

    def ask(self, url, method="GET", **fields):
        began = time.time()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, "/" + url.split("/", 3)[3], headers=fields)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        reply = wire.Reply(response.status, response.getheaders(), body)
        state = reply.header("X-Cache") or "-"
        self.seen[state] = self.seen.get(state, 0) + 1
        if state != "HIT":
            self.slowest = max(self.slowest, time.time() - began)
        return reply


def start_nginx(stage, directory):
    folder = stage.path("nginx")
    os.mkdir(folder)
    near, far = stage.free_port(), stage.free_port()
    config = stage.write("nginx.conf", CONFIG.format(dir=folder, near=near, far=far, ca=play.port_of(directory),
                                                     trust=stage.trust))
    stage.spawn("nginx", NGINX, "-c", config, "-p", folder)
    caches = [Cache(near), Cache(far)]

    def answers():
        try:
            return caches[1].ask(directory).status == 200
        except OSError:
            return False

    stage.until("an answer of nginx", answers)
    for cache in caches:
        cache.seen.clear()
    return caches


def leaf_of(reply):
    return x509.load_pem_x509_certificates(reply.body)[0]


def check_fresh(cache, reply, before, after):
    """A 200 that was asked for at |before| and here at |after|: valid when it was handed out, headers of its own."""
    leaf = leaf_of(reply)
    begins, ends = strict.validity(leaf)
    strict.must(begins <= after, "8739 3.3", "a certificate that is not valid yet")
    strict.must(before < ends + 1 + cache.slowest, "8739 4.3", f"a certificate that ended {before - ends:.1f} s ago")
    strict.must(reply.header("Cert-Not-Before") == wire.http_date(begins), "8739 3.3", "Cert-Not-Before of another one")
    strict.must(reply.header("Cert-Not-After") == wire.http_date(ends), "8739 3.3", "Cert-Not-After of another one")
    strict.must(reply.header("Vary") is None, "9110 12.5.5", f"Vary: {reply.header('Vary')}")
    return leaf.serial_number


def watch(stage, client, url, caches, end):
    """Asks the origin and both caches until the order has ended; (serials, worst delay of each cache).

    A new certificate may be published between two questions, so a cache may be the first to show it.
    """
    serials, late = [], [0.0, 0.0]
    changed_at = {}

    def seen(serial):
        if serial not in changed_at:
            changed_at[serial] = time.time()
            serials.append(serial)

    while True:
        began = time.time()
        reply = client.get(url)
        if reply.status == 403:
            strict.must(reply.kind() == "autoRenewalExpired", "8739 3.3", f"{reply!r}")
            strict.must(time.time() >= end - 1, "8739 3.3", "ended too early")
            return serials, late
        strict.must(reply.status == 200, "8739 3.3", f"{reply!r}")
        seen(leaf_of(reply).serial_number)
        for number, cache in enumerate(caches):
            before = time.time()
            cached = cache.ask(url)
            if cached.status == 403:
                strict.must(time.time() >= end - 1, "8739 3.3", "the cache says it has ended, too early")
                continue
            strict.must(cached.status == 200, "8739 4.3", f"{cached!r}")
            serial = check_fresh(cache, cached, before, time.time())
            seen(serial)
            if serial != serials[-1]:
                late[number] = max(late[number], before - changed_at[serials[-1]])
        strict.must(time.time() < end + 60, "test", "the order does not end")
        time.sleep(max(0.0, 0.05 - (time.time() - began)))


@play.counts_seconds
def life(stage):
    client, tokens = owner.open_scene(stage)
    caches = start_nginx(stage, client.directory_url)
    shared = {}

    def whole_life():
        lifetime = LIFETIME * stage.stretch
        payload = owner.star_payload(lifetime, lifetime * 5 // 2)
        end = wire.parse_rfc3339(payload["auto-renewal"]["end-date"])
        _, _, url, _ = owner.issued(client, tokens, payload)
        serials, late = watch(stage, client, url, caches, end)
        strict.must(len(serials) >= 3, "8739 2.2", f"{len(serials)} certificates")
        # one second for the rounding of max-age, one for the cache's clock, each, and the ways
        allowed = 2.2 + caches[0].slowest, 4.2 + caches[0].slowest + caches[1].slowest
        for number, which in enumerate(("first", "second")):
            strict.must(late[number] <= allowed[number], "8739 4.3",
                        f"the {which} cache was {late[number]:.1f} s behind")
        for cache in caches:
            asked = sum(cache.seen.values())
            strict.must(2 * cache.seen.get("HIT", 0) > asked, "8739 4.3", f"little was cached: {cache.seen}")
        shared["url"] = url
        print(f"# behind the origin by {late[0]:.2f} s and {late[1]:.2f} s at most; {caches[0].seen} {caches[1].seen}")

    def after_the_end():
        for cache in caches:
            stage.until("403 from the caches", lambda c=cache: c.ask(shared["url"]).status == 403)
            for method in ("GET", "HEAD"):
                reply = cache.ask(shared["url"], method)
                strict.must(reply.status == 403, "8739 3.3", f"{reply!r}")
                strict.must(reply.header("Cert-Not-After") is None, "8739 3.3", "a header of a certificate on a 403")
                strict.must(reply.header("X-Cache") != "HIT", "9111 3", "a refusal was cached")

    yield "renewals are seen, nothing ended is served", whole_life
    yield "after end-date the caches refuse", after_the_end


def requests(stage):
    client, tokens = owner.open_scene(stage)
    near, far = start_nginx(stage, client.directory_url)
    url = owner.issued(client, tokens, owner.star_payload(3600, 7200))[2]

    def warm():
        near.ask(url)
        reply = near.ask(url)
        strict.must(reply.header("X-Cache") == "HIT", "8739 4.3", f"{reply!r}")
        return reply

    def head():
        get = warm()
        for cache in (near, far):
            reply = cache.ask(url, "HEAD")
            strict.must(reply.status == 200 and reply.body == b"", "9110 9.3.2", f"{reply!r}")
            for name in ("Cert-Not-Before", "Cert-Not-After", "ETag", "Content-Type"):
                strict.must(reply.header(name) == get.header(name), "8739 3.3", f"{name} differs on HEAD")

    def conditional():
        tag = warm().header("ETag")
        for cache in (near, far):
            cache.ask(url)
            for value, status in ((tag, 304), (f'"x", {tag}', 304), ('"x"', 200)):
                reply = cache.ask(url, **{"If-None-Match": value})
                strict.must(reply.status == status, "9110 13.1.2", f"If-None-Match: {value} gives {reply.status}")
        strict.must(near.ask(url).header("X-Cache") == "HIT", "9111 4.3", "a conditional request emptied the cache")

    def accept():
        body = warm().body
        for value in ("*/*", "application/pem-certificate-chain", "text/html"):
            reply = near.ask(url, Accept=value)
            strict.must(reply.status == 200 and reply.body == body and reply.header("Vary") is None, "9110 12.5.5",
                        f"Accept: {value}: {reply!r}")

    def revalidation():
        """A stale copy of what is still the newest is renewed by a 304."""
        short = owner.issued(client, tokens, owner.star_payload(16, 7200))[2]
        near.seen.clear()
        stage.until("a revalidation", lambda: near.ask(short).status == 200 and "REVALIDATED" in near.seen)

    def signed_is_not_cached():
        reply = client.post(url)
        strict.must(reply.status == 200 and reply.header("Cache-Control") == "no-store", "8555 6.5", f"{reply!r}")

    for case in (head, conditional, accept, revalidation, signed_is_not_cached):
        yield case.__name__.replace("_", " "), case


@play.counts_seconds
def cancellation(stage):
    client, tokens = owner.open_scene(stage)
    caches = start_nginx(stage, client.directory_url)

    def canceled():
        order, _, url, _ = owner.issued(client, tokens, owner.star_payload(CANCELED_LIFETIME * stage.stretch, 7200))
        for cache in caches:
            strict.must(cache.ask(url).status == 200, "8739 3.4", "no certificate")
        ends = strict.validity(leaf_of(client.get(url)))[1]
        strict.must(client.post(order, {"status": "canceled"}).status == 200, "8739 3.1.2", "not canceled")
        canceled_at = time.time()
        strict.must(client.get(url).status == 403, "8739 3.1.2", "the origin goes on")
        # two caches in a row, a quarter of what was left each, and the seconds that are rounded
        within = 2 * ((ends - canceled_at) / 4 + 2) + caches[0].slowest + caches[1].slowest
        while any(cache.ask(url).status == 200 for cache in caches):
            strict.must(time.time() < min(canceled_at + within, ends), "8739 4.3", "the caches go on")
            time.sleep(0.05)
        for cache in caches:
            reply = cache.ask(url)
            strict.must(reply.status == 403 and reply.kind() == "autoRenewalCanceled", "8739 3.1.2", f"{reply!r}")
            strict.must(cache.ask(url).header("X-Cache") != "HIT", "9111 3", "a refusal was cached")
        print(f"# the caches refuse {time.time() - canceled_at:.1f} s after the cancellation")

    yield "a cancellation gets through", canceled


if __name__ == "__main__":
    if NGINX is None:
        print("1..0 # SKIP there is no nginx")
        sys.exit(0)
    sys.exit(play.play(sys.argv[1], [life, requests, cancellation]))

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One delegation, from its first certificate to its end, by four processes on loopback.

star-ca (CA), ido-server (owner of video.cp.example), ndc-agent (the CDN's agent) and edge (its TLS server) talk HTTPS
with verification on; tls-load keeps opening fresh TLS connections to the edge.  The program follows their logs, prints
what happens as a timeline, and ends with 0 only if all of it was seen: five renewals, no failed handshake, the owner's
end, the CA's cancellation, the agent told so, the edge refusing in time.
"""
import argparse
import datetime
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import ports

NAME = "video.cp.example"
LIFETIME_S = 6
RENEWALS = 5
PATIENCE_S = 60

TEMPLATE = {
    "keyTypes": [{"PublicKeyType": "id-ecPublicKey", "namedCurve": "secp256r1", "SignatureType": "ecdsa-with-SHA256"}],
    "extensions": {"keyUsage": ["digitalSignature"], "extendedKeyUsage": ["serverAuth"],
                   "subjectAltName": {"DNS": [NAME]}},
}
CNAMES = {NAME + ".": "edge.cdn.example."}

LINE = re.compile(r"^(\S+Z) (?:(?:debug|info|warning|error) )?(.*)$")


class Failure(Exception):
    """Something that had to be seen was not."""


def parse_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Follower:
    """Reads the lines that were added to a process's log."""

    def __init__(self, path):
        self.path = path
        self.offset = 0
        self.rest = ""

    def lines(self):
        try:
            with open(self.path, encoding="utf-8", errors="replace") as file:
                file.seek(self.offset)
                text = file.read()
                self.offset = file.tell()
        except FileNotFoundError:
            return []
        *whole, self.rest = (self.rest + text).split("\n")
        return whole


class Process:
    """One of the programs; may be killed and started again."""

    def __init__(self, demo, who, argv):
        self.demo = demo
        self.who = who
        self.argv = argv
        self.log = os.path.join(demo.dir, who + ".log")
        self.follower = Follower(self.log)
        self.popen = None

    def start(self):
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(self.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def kill(self):
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()

    def stop(self):
        if self.popen is not None and self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def is_dead(self):
        return self.popen is not None and self.popen.poll() is not None


class Demo:
    def __init__(self, options):
        self.options = options
        self.bin = options.bin
        self.dir = options.dir or tempfile.mkdtemp(prefix="stardeleg-demo-")
        self.began = time.time()
        self.time_limit = PATIENCE_S + 4 * RENEWALS * options.lifetime
        self.processes = {}
        self.seen = {"issued": [], "taken": [], "swapped": [], "restarts": []}
        self.current_expiry = None

    # --- Telling ---

    def tell(self, at, who, what, detail=""):
        print(f"{at - self.began:8.3f}s  {who:<10}  {what:<32} {detail}", flush=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write_json(self, name, value):
        with open(self.path(name), "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
        return self.path(name)

    # --- Programs ---

    def program(self, name):
        folder = "demo" if name == "tls-load" else name
        return os.path.join(self.bin, "examples", folder, name)

    def run(self, *argv):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        if done.returncode != 0:
            raise Failure(f"{os.path.basename(argv[0])} {argv[1]}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    def spawn(self, who, *argv):
        process = Process(self, who, list(argv))
        self.processes[who] = process
        process.start()
        return process

    def wait_for_port(self, file):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                with open(file, encoding="ascii") as f:
                    text = f.read().strip()
                if text:
                    return int(text)
            except FileNotFoundError:
                pass
            time.sleep(0.02)
        raise Failure(f"no port in {file}")

    # --- Setting up ---

    def with_crypto(self, config):
        if self.options.crypto:
            config["crypto"] = self.options.crypto
        return config

    def start_ca(self, http01_port):
        config = self.write_json("star-ca.json", self.with_crypto({
            "listen": f"127.0.0.1:{ports.free_port()}", "base-url": "https://ca.example:{port}/acme",
            "state": self.path("star-ca"),
            "tls-names": ["ca.example"], "root-name": "Demonstration Root", "min-lifetime": 4, "lease-ms": 1000,
            "http-01-port": http01_port, "resolve": [f"{NAME}:{http01_port}:127.0.0.1"]}))
        self.run(self.program("star-ca"), "server-cert", "--config", config, "--cert", self.path("ido.pem"),
                 "--key", self.path("ido.key"), "ido.example")
        self.spawn("star-ca", self.program("star-ca"), "run", "--config", config)
        return self.wait_for_port(self.path("star-ca", "port"))

    def start_ido(self, ca_port, http01_port):
        config = self.write_json("ido-server.json", self.with_crypto({
            "listen": f"127.0.0.1:{ports.free_port()}", "base-url": "https://ido.example:{port}/acme",
            "state": self.path("ido-server"),
            "tls": {"cert": self.path("ido.pem"), "key": self.path("ido.key")},
            "http-01-listen": f"127.0.0.1:{http01_port}", "trust": self.path("star-ca", "root.pem"),
            "resolve": [f"ca.example:{ca_port}:127.0.0.1"], "lease-ms": 1000, "order-poll-ms": 200,
            "backoff-min-ms": 300, "backoff-max-ms": 2000,
            "issuers": [{"name": "star-ca", "kind": "star",
                         "directory": f"https://ca.example:{ca_port}/acme/directory"}]}))
        mac_key = self.run(self.program("ido-server"), "ndc-add", "--config", config, "cdn")
        with open(self.path("eab.key"), "w", encoding="ascii") as file:
            os.chmod(file.fileno(), 0o600)
            file.write(mac_key + "\n")
        template = self.write_json("template.json", TEMPLATE)
        cnames = self.write_json("cnames.json", CNAMES)
        self.delegation = self.run(self.program("ido-server"), "delegation-add", "--config", config, "--ndc", "cdn",
                                   "--template", template, "--cname-map", cnames)
        self.ido_config = config
        self.spawn("ido-server", self.program("ido-server"), "run", "--config", config)
        return self.wait_for_port(self.path("ido-server", "port"))

    def start_cdn(self, ido_port, ca_port):
        os.mkdir(self.path("live"), 0o700)
        self.spawn("edge", self.program("edge"), "--listen", "127.0.0.1:0", "--certs", self.path("live"),
                   "--port-file", self.path("edge.port"))
        config = self.write_json("ndc-agent.json", self.with_crypto({
            "directory": f"https://ido.example:{ido_port}/acme/directory", "state": self.path("ndc-agent"),
            "live": self.path("live"), "eab": {"key-id": "cdn", "mac-key-file": self.path("eab.key")},
            "lifetime": self.options.lifetime, "order-duration": 86400, "discovery-interval": 5, "order-poll-ms": 200,
            "backoff-min-ms": 300, "backoff-max-ms": 2000, "roots": self.path("star-ca", "root.pem"),
            "trust": self.path("star-ca", "root.pem"),
            "resolve": [f"ido.example:{ido_port}:127.0.0.1", f"ca.example:{ca_port}:127.0.0.1"]}))
        self.spawn("ndc-agent", self.program("ndc-agent"), "run", "--config", config)
        return self.wait_for_port(self.path("edge.port"))

    def start_load(self, edge_port):
        self.spawn("client", self.program("tls-load"), "--connect", f"127.0.0.1:{edge_port}", "--name", NAME,
                   "--root", self.path("star-ca", "root.pem"), "--summary", self.path("load.json"),
                   "--threads", "2", "--pause-ms", "10", "--until-refused")

    # --- Watching ---

    def fields(self, text):
        return dict(part.split("=", 1) for part in text.split() if "=" in part)

    def validity(self, fields):
        short = [fields.get(k, "-")[11:19] for k in ("not_before", "not_after")]
        return f"serial={fields.get('serial', '-')[:12]}  valid {short[0]} .. {short[1]}"

    def take_line(self, who, line):
        found = LINE.match(line)
        if not found:
            return
        at, text = parse_time(found.group(1)), found.group(2)
        f = self.fields(text)
        if text.startswith("ca.validated"):
            self.tell(at, who, "name proven by http-01", f.get("name", ""))
        elif text.startswith("ca.issued"):
            self.seen["issued"].append(f["serial"])
            self.tell(at, who, f"certificate {len(self.seen['issued'])} published", self.validity(f))
        elif text.startswith("ca.canceled"):
            self.seen["canceled"] = at
            self.tell(at, who, "order canceled", f"serial={f.get('serial', '-')[:12]} was the last")
        elif text.startswith("ido.cname."):
            self.tell(at, who, text.split()[0][4:], " ".join(text.split()[1:]))
        elif text.startswith("agent.certificate"):
            self.take_certificate(at, who, f)
        elif text.startswith("agent.ended"):
            self.seen["told"] = f.get("reason", "")
            self.tell(at, who, "told that the delegation ended", f.get("reason", "").rsplit(":", 1)[-1])
        elif text.startswith("edge swap"):
            self.seen["swapped"].append(f["serial"])
            self.tell(at, who, "serves a new certificate", self.validity(f))
        elif text.startswith("edge drop"):
            self.seen["dropped"] = (at, parse_time(f["not_after"]))
            self.tell(at, who, "dropped the certificate", self.validity(f))

    def take_certificate(self, at, who, f):
        again = f["serial"] in self.seen["taken"]
        if not again:
            self.seen["taken"].append(f["serial"])
        what = "found its certificate again" if again else "took and checked the certificate"
        self.tell(at, who, what, self.validity(f))

    def look(self):
        for who, process in self.processes.items():
            for line in process.follower.lines():
                self.take_line(who, line)
        for who in ("star-ca", "ido-server", "ndc-agent", "edge"):
            process = self.processes.get(who)
            if process is not None and process.is_dead():
                raise Failure(f"{who} ended by itself with status {process.popen.returncode}; see {process.log}")
        if time.time() - self.began > self.time_limit:
            raise Failure(f"not done after {self.time_limit} s")

    def wait(self, what, done):
        while not done():
            self.look()
            if what == "five renewals":
                self.maybe_kill()
            time.sleep(0.05)

    # --- Chaos ---

    def plan_chaos(self):
        self.kills = []
        if self.options.chaos:
            dice = random.Random(self.options.seed)
            print(f"chaos: every process is killed once at a random moment (seed {self.options.seed})")
            for who in ("star-ca", "ido-server", "ndc-agent"):
                self.kills.append((time.time() + dice.uniform(0, self.options.lifetime * (RENEWALS - 1)), who))
            self.kills.sort()

    def maybe_kill(self):
        while self.kills and time.time() >= self.kills[0][0]:
            who = self.kills.pop(0)[1]
            process = self.processes[who]
            process.kill()
            self.tell(time.time(), "chaos", f"kill -9 {who}")
            time.sleep(0.3)
            process.start()
            self.seen["restarts"].append(who)
            self.tell(time.time(), "chaos", f"{who} started again")

    # --- The story ---

    def play(self):
        http01_port = ports.free_port()
        ca_port = self.start_ca(http01_port)
        ido_port = self.start_ido(ca_port, http01_port)
        edge_port = self.start_cdn(ido_port, ca_port)
        self.tell(time.time(), "demo", "four processes are up", f"state in {self.dir}")
        self.plan_chaos()
        self.wait("five renewals", lambda: len(self.seen["swapped"]) > 0)
        self.start_load(edge_port)
        self.tell(time.time(), "client", "opens fresh TLS connections", f"SNI {NAME}")
        self.wait("five renewals", lambda: len(set(self.seen["swapped"])) > RENEWALS and not self.kills)
        self.tell(time.time(), "owner", "ends the delegation", "ido-server end " + self.delegation)
        self.run(self.program("ido-server"), "end", "--config", self.ido_config, self.delegation)
        self.wait("cancellation", lambda: "canceled" in self.seen)
        self.wait("the agent to be told", lambda: "told" in self.seen)
        self.wait("the edge to drop it", lambda: "dropped" in self.seen)
        self.wait("the client", lambda: self.processes["client"].is_dead())

    def judge(self):
        with open(self.path("load.json"), encoding="utf-8") as file:
            load = json.load(file)
        renewals = load["distinct_serials"] - 1
        _, expired_at = self.seen["dropped"]
        faults = []
        if renewals < RENEWALS:
            faults.append(f"clients saw {renewals} renewals, not {RENEWALS}")
        if load["failures"] != 0:
            faults.append(f"{load['failures']} handshakes failed: {load['reasons']}")
        if load["successes_after_refusal"] != 0:
            faults.append("a handshake succeeded after the first refusal")
        if "autoRenewalCanceled" not in self.seen["told"]:
            faults.append(f"the agent was told {self.seen['told']}, not autoRenewalCanceled")
        if parse_time(load["last_success_began_at"]) >= expired_at:
            faults.append("the edge served the certificate beyond its notAfter")
        if load["refusals"] == 0:
            faults.append("no handshake was refused after the end")
        if self.options.chaos and len(self.seen["restarts"]) != 3:
            faults.append("not every process was killed")
        print(f"\nrenewals: {renewals}  handshakes: {load['handshakes']}  failed: {load['failures']}  "
              f"refused after the end: {load['refusals']}  kills: {len(self.seen['restarts'])}  "
              f"seconds: {time.time() - self.began:.1f}")
        return faults

    def stop(self):
        for process in reversed(list(self.processes.values())):
            process.stop()


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="build directory")
    parser.add_argument("--dir", help="directory for state and logs; default: a temporary one, removed after success")
    parser.add_argument("--lifetime", type=int, default=LIFETIME_S, help="seconds; default: %(default)s")
    parser.add_argument("--crypto", choices=["openssl", "mbedtls"], help="crypto backend; default: the build's")
    parser.add_argument("--chaos", action="store_true", help="kill -9 every process but the edge once")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32), help="for --chaos")
    demo = Demo(parser.parse_args(argv))
    if demo.options.dir:
        os.makedirs(demo.dir, exist_ok=True)
    try:
        demo.play()
        faults = demo.judge()
    except (Failure, subprocess.TimeoutExpired) as failure:
        faults = [str(failure)]
    finally:
        demo.stop()
    if faults:
        print("FAILED: " + "; ".join(faults) + f"\nlogs are in {demo.dir}")
        return 1
    print("the delegation was issued, renewed, ended, and nobody noticed but the owner: OK")
    if not demo.options.dir:
        shutil.rmtree(demo.dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())

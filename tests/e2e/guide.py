#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/guide.md, played: its files are written, its commands are run in their order against pebble, and what they print
must have the shape the page shows.

Marks in the page, as comments before a fenced block:
  file: SIDE PATH                 the block is this file, on this side (owner, cdn, ...)
  run: SIDE [service] [restart] [until] [needs PROGRAM]
                                  a console block: lines that begin with "$ " are commands, what follows is their
                                  output; service: left running, once it has printed what is shown; restart: the
                                  services named by the last words of the commands are; until: repeated until it fits
  copy: SIDE PATH SIDE PATH       stands alone: a file that is handed over
In output "..." stands for anything within a line, and alone in a line for any number of lines.

Prints TAP.  Usage: guide.py BUILD_DIR
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "guide.md")
PATIENCE_S = 60
CA_URL = "https://acme-v02.api.letsencrypt.org/directory"
SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
FOLDERS = ("etc/stardeleg", "etc/haproxy", "var/lib", "var/backups", "root", "run")
HOSTS = ("ido.example.org", "video.example.org", "ca.example.org", "ido.cdn.example.net")
PROGRAMS = ("ido-server", "ndc-agent", "csr-template", "star-ca", "acme-client")
HOOK = """#!/usr/bin/env python3
import json, sys, urllib.request
action, kind, name, value = sys.argv[1:5]
path, body = {"TXT": ("txt", {"value": value}), "CNAME": ("cname", {"target": value + "."})}[kind]
what = "set-" if action == "upsert" else "clear-"
urllib.request.urlopen("http://127.0.0.1:%d/" + what + path, json.dumps({"host": name + ".", **body}).encode(), 60)
"""
MARK = re.compile(r"^<!-- (file|run|copy): (.*?) -->$")


class Failure(Exception):
    """The page and the programs disagree."""


# --- The page ---

class Step:
    def __init__(self, kind, words, line, text=""):
        self.kind, self.words, self.line, self.text = kind, words, line, text
        self.side = words[0]

    def needs(self):
        return self.words[self.words.index("needs") + 1] if "needs" in self.words else None

    def name(self):
        what = self.words[1] if self.kind == "file" else self.text.split("\n", 1)[0].lstrip("$ ")
        return f"line {self.line}, {self.side}: {what or ' '.join(self.words)}"


def read_page(path):
    """The marked steps in their order; a console block without a mark is an error."""
    steps, waiting, fence, block = [], None, None, []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            if fence is not None:
                if line == "```":
                    if waiting:
                        waiting.text = "\n".join(block) + "\n"
                        steps.append(waiting)
                    elif fence == "```console":
                        raise Failure(f"line {number}: a console block that is not run")
                    waiting, fence, block = None, None, []
                else:
                    block.append(line)
                continue
            mark = MARK.match(line)
            if line.startswith("```"):
                fence = line
            elif waiting:
                raise Failure(f"line {number}: a mark without a block")
            elif mark:
                step = Step(mark.group(1), mark.group(2).split(), number)
                if step.kind == "copy":
                    steps.append(step)
                else:
                    waiting = step
    return steps


def split_console(text):
    """(command, lines of output) for each command of a console block."""
    found = []
    lines = iter(text.rstrip("\n").split("\n"))
    for line in lines:
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\"):
                command = command[:-1] + next(lines).strip()
            found.append((command, []))
        else:
            found[-1][1].append(line)
    return found


def shape(lines, whole=True):
    """What output of these lines looks like, as a regular expression."""
    parts = [r"(?:[^\n]*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", r"[^\n]*") + r"\n"
             for line in lines]
    return re.compile("".join(parts) + (r"\Z" if whole else ""))


class Service:
    """A program that is left running."""


# --- The world it is played in ---

def pebble_class(peers, validity_s):
    class Pebble(peers.Pebble):
        def spawn(self, argv, env=None):
            path = argv[argv.index("-config") + 1]
            with open(path, encoding="utf-8") as file:
                settings = json.load(file)
            settings["pebble"]["certificateValidityPeriod"] = validity_s
            with open(path, "w", encoding="utf-8") as file:
                json.dump(settings, file)
            super().spawn(argv, env)
    return Pebble


class World:
    def __init__(self, build, peers):
        self.peers = peers
        self.dir = tempfile.mkdtemp(prefix="sdg-guide-")
        self.services = []
        self.ports = {host: peers.free_port() for host in HOSTS}
        self.http_port = peers.free_port()
        folders = [os.path.join(build, "examples", name) for name in PROGRAMS]
        self.environment = {**os.environ, "LC_ALL": "C", "CURL_CA_BUNDLE": self.path("roots.pem"),
                            "PATH": os.pathsep.join(folders + [os.environ["PATH"], "/usr/sbin", "/sbin"])}

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def open(self, sides, validity_s):
        self.dns = self.peers.ChallTestSrv().start()
        self.ca = pebble_class(self.peers, validity_s)(self.dns, self.http_port, self.peers.free_port(), va_nosleep=1,
                                                       wfe_noncereject=0).start()
        with open(self.path("zone-hook"), "w", encoding="ascii") as file:
            file.write(HOOK % self.dns.port)
            os.fchmod(file.fileno(), 0o755)
        pair = self.peers.make_tls_pair(self.dir, HOSTS)
        for side in sides:
            for folder in FOLDERS:
                os.makedirs(self.path(side, folder))
            for path in pair:
                shutil.copy(path, self.path(side, "etc", "stardeleg"))
        with open(self.path("roots.pem"), "wb") as file:
            file.write(self.ca.root())
            for path in (pair[0], self.ca.trust):
                with open(path, "rb") as part:
                    file.write(part.read())

    def close(self, keep):
        for service in reversed(self.services):
            self.stop(service)
        for peer in (getattr(self, "ca", None), getattr(self, "dns", None)):
            if peer is not None:
                peer.stop()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    def stop(self, service):
        self.peers.processes.end(service.process)

    # --- Between the page's names and the test's ---

    def to_test(self, side, text):
        text = text.replace(CA_URL, self.ca.directory()).replace(SYSTEM_ROOTS, self.path("roots.pem"))
        for host, port in self.ports.items():
            text = text.replace(f"{host}:443:", f"{host}:{port}:")
            text = re.sub(rf"https://{re.escape(host)}(?=[/\"\s]|$)", f"https://{host}:{port}", text)
        return re.sub(rf"(?<![\w/.])/(?=({'|'.join(FOLDERS)})(/|\b))", self.path(side) + "/", text)

    def to_page(self, side, text):
        for host, port in self.ports.items():
            text = text.replace(f"https://{host}:{port}", f"https://{host}")
        return text.replace(self.ca.directory(), CA_URL).replace(self.path(side), "")

    def adapt(self, name, config):
        """What a configuration has beyond the page, to work on loopback and at once."""
        quick = {"order-poll-ms": 100, "backoff-min-ms": 100, "backoff-max-ms": 1000}
        known = {"trust": config.get("trust", self.path("roots.pem")),
                 "resolve": [f"{host}:{port}:127.0.0.1" for host, port in self.ports.items()]}
        host = re.sub(r"^https://([^:/]*).*", r"\1", config.get("base-url", ""))
        if "listen" in config:
            config["listen"] = f"127.0.0.1:{self.ports[host]}"
        if "http-01-listen" in config:
            config["http-01-listen"] = f"127.0.0.1:{self.http_port}"
        for issuer in config.get("issuers", ()):
            issuer.pop("profile", None)
            if issuer["kind"] == "renew":
                issuer["caa-identities"] = ["letsencrypt.org"]  # pebble's directory has none
            self.adapt_zone(issuer, "dns-update")
        if self.adapt_zone(config, "cname-update"):
            config["dns-servers"] = [f"127.0.0.1@{self.dns.dns_port}"]
        if name == "ido-server.json":
            config.update(quick, **known)
        elif name == "ndc-agent.json":
            config.update(quick, **known, **{"discovery-interval": 2})
        elif name == "acme-client.json":
            config.update(quick, **known)
        elif name == "star-ca.json":
            config.update({"http-01-port": self.http_port,
                           "resolve": [f"video.example.org:{self.http_port}:127.0.0.1"]})
        return config

    def adapt_zone(self, holder, member):
        """The zone is that of the CA's own resolver, and its hook a program of ours."""
        if member in holder:
            holder[member] = {"style": "exec", "program": self.path("zone-hook"), "poll-ms": 100}
        return member in holder

    # --- Steps ---

    def write(self, step):
        path = self.to_test(step.side, step.words[1])
        text = self.to_test(step.side, step.text)
        name = os.path.basename(path)
        if name in [program + ".json" for program in PROGRAMS]:
            text = json.dumps(self.adapt(name, json.loads(text)), indent=2)
        text = text.replace("bind :443 ", f"bind 127.0.0.1:{self.ports['video.example.org']} ")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def copy(self, step):
        source, target = step.words[1], step.words[3]
        shutil.copy(self.to_test(step.words[0], source), self.to_test(step.words[2], target))

    def start(self, step):
        (command, lines), = split_console(step.text)
        service = Service()
        service.name, service.step = command.split()[0], step
        service.argv = ["bash", "-c", "exec " + self.to_test(step.side, command)]
        service.log = self.path(f"service-{len(self.services)}.log")
        service.wanted = shape(lines, False)
        self.services.append(service)
        self.spawn(service)

    def spawn(self, service):
        with open(service.log, "wb") as file:
            service.process = subprocess.Popen(service.argv, stdout=file, stderr=file, stdin=subprocess.DEVNULL,
                                               cwd=self.path(service.step.side), env=self.environment)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with open(service.log, encoding="utf-8", errors="replace") as file:
                text = self.to_page(service.step.side, file.read())
            if service.process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"not what is shown, or it has ended:\n{text}")
            if service.wanted.match(text):
                return
            time.sleep(0.05)

    def restart(self, step):
        for command, _ in split_console(step.text):
            for service in self.services:
                if (service.name, service.step.side) == (command.split()[-1], step.side):
                    service.wanted = shape(["...", "... info ...ready directory=..."], False)
                    self.stop(service)
                    self.spawn(service)

    def run(self, step):
        deadline = time.monotonic() + (PATIENCE_S if "until" in step.words else 0)
        while True:
            try:
                self.run_once(step)
                return
            except Failure:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def run_once(self, step):
        for command, lines in split_console(step.text):
            done = subprocess.run(["bash", "-c", self.to_test(step.side, command)], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, cwd=self.path(step.side), env=self.environment,
                                  timeout=PATIENCE_S, check=False)
            text = self.to_page(step.side, done.stdout)
            text += "\n" if text and not text.endswith("\n") else ""
            if done.returncode != 0 or not shape(lines).match(text):
                raise Failure(f"{command}\nexit {done.returncode}; shown:\n" + "\n".join(lines) + f"\nprinted:\n{text}")

    def play(self, step):
        if step.kind == "file":
            self.write(step)
        elif step.kind == "copy":
            self.copy(step)
        elif "service" in step.words:
            self.start(step)
        elif "restart" in step.words:
            self.restart(step)
        else:
            self.run(step)


def validity_of(steps):
    """The validity that the page's first renewing issuer counts on: the CA is made to keep it."""
    for step in steps:
        if step.kind == "file" and step.words[1].endswith("/ido-server.json"):
            return json.loads(step.text)["issuers"][0]["validity"]
    raise Failure("the page configures no server")


def main():
    build = sys.argv[1]
    sys.path.insert(0, os.path.join(ROOT, "tests", "interop"))
    try:
        import peers
        peers.processes.end_well()
        for program in ("pebble", "pebble-challtestsrv", "openssl", "curl"):
            peers.find(program)
    except ImportError as missing:
        print(f"1..0 # SKIP {missing}")
        return 0
    except peers.Missing as missing:
        print(f"1..0 # SKIP {missing}")
        return 0
    world, failed, number = None, False, 0
    try:
        steps = read_page(PAGE)
        world = World(build, peers)
        world.open(sorted({step.side for step in steps}), validity_of(steps))
        for number, step in enumerate(steps, 1):
            needed = step.needs()
            if needed and not shutil.which(needed, path=world.environment["PATH"]):
                print(f"ok {number} - {step.name()} # SKIP {needed} is not installed", flush=True)
                continue
            began = time.monotonic()
            world.play(step)
            print(f"ok {number} - {step.name()} ({time.monotonic() - began:.1f} s)", flush=True)
        print(f"1..{len(steps)}")
    except (Failure, OSError, ValueError, RuntimeError, subprocess.TimeoutExpired) as failure:
        failed = True
        print(f"not ok {max(number, 1)} - " + (step.name() if number else "the page"))
        for line in str(failure).split("\n"):
            print(f"# {line}")
        if world:
            print(f"# files are in {world.dir}", flush=True)
    finally:
        if world:
            world.close(failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the programs do when their surroundings are wrong: a clear message, another try, the old certificate kept,
nothing secret in the logs.

Prints TAP.  Usage: bad_input.py BUILD_DIR
"""
import argparse
import datetime
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(ROOT, "examples", "demo"), os.path.join(ROOT, "tests", "support")]
import demo as story  # noqa: E402  (its path is known only now)
import pace  # noqa: E402
import ports  # noqa: E402
import processes  # noqa: E402

DAY_MS = 86400 * 1000
LIFETIME_S = 4


class Scene(story.Demo):
    """CA, owner and agent of the demonstration, without edge and clients."""

    def __init__(self, build, stretch=1):
        super().__init__(argparse.Namespace(bin=build, dir=tempfile.mkdtemp(prefix="stardeleg-e2e-"), crypto=None,
                                            chaos=False, seed=0, lifetime=LIFETIME_S * stretch))
        self.stretch = stretch

    def tell(self, at, who, what, detail=""):
        """The story is not told here."""

    def open(self):
        http01_port = ports.free_port()
        self.ca_port = self.start_ca(http01_port)
        self.ido_port = self.start_ido(self.ca_port, http01_port)
        os.mkdir(self.path("live"), 0o700)

    def agent_config(self, **changes):
        config = {"directory": f"https://ido.example:{self.ido_port}/acme/directory", "state": self.path("ndc-agent"),
                  "live": self.path("live"), "eab": {"key-id": "cdn", "mac-key-file": self.path("eab.key")},
                  "lifetime": self.options.lifetime, "order-duration": 86400, "discovery-interval": 5,
                  "order-poll-ms": 100, "backoff-min-ms": 200, "backoff-max-ms": 1000,
                  "roots": self.path("star-ca", "root.pem"),
                  "trust": self.path("star-ca", "root.pem"),
                  "resolve": [f"ido.example:{self.ido_port}:127.0.0.1", f"wrong.example:{self.ido_port}:127.0.0.1",
                              f"ca.example:{self.ca_port}:127.0.0.1"]}
        config.update(changes)
        return self.write_json("ndc-agent.json", config)

    def start_agent(self, environment=None, preexec=None, **changes):
        process = story.Process(self, "ndc-agent", [self.program("ndc-agent"), "run", "--config",
                                                    self.agent_config(**changes)])
        self.processes["ndc-agent"] = process
        with open(process.log, "ab") as log:
            process.popen = subprocess.Popen(process.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                             env={**os.environ, **(environment or {})}, preexec_fn=preexec)
        return process

    def log_of(self, who):
        with open(self.path(who + ".log"), encoding="utf-8") as file:
            return file.read()

    def until(self, what, done, seconds=story.PATIENCE_S):
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise story.Failure(f"{what} did not happen; the agent says:\n" + self.log_of("ndc-agent")[-1500:])
            time.sleep(0.05)

    def until_logged(self, text, who="ndc-agent"):
        self.until(f'"{text}" in the log of {who}', lambda: text in self.log_of(who))

    def until_certificate(self):
        self.until("a certificate", lambda: os.path.exists(self.path("live", story.NAME + ".pem")))

    def close(self):
        self.stop()
        for who in self.processes:
            self.check_secrets(who)
        shutil.rmtree(self.dir)

    def check_secrets(self, who):
        """No log holds a MAC key, a private key or a token."""
        with open(self.path("eab.key"), encoding="ascii") as file:
            mac_key = file.read().strip()
        text = self.log_of(who)
        for secret in (mac_key, "PRIVATE KEY"):
            if secret in text:
                raise story.Failure(f"a secret stands in the log of {who}")
        if any(ord(c) < 0x20 and c != "\n" for c in text):
            raise story.Failure(f"control characters in the log of {who}")


def counts_seconds(case):
    """Marks a case that may be played again at a slower pace: all of its seconds are times |scene.stretch|."""
    case.counts_seconds = True
    return case


class Play:
    """One case, on a scene of its own."""

    def __init__(self, make_scene, number, case):
        self.make_scene, self.number, self.case = make_scene, number, case
        self.kept = []

    def attempt(self, stretch=1):
        scene = self.make_scene(sys.argv[1], stretch)
        began = time.monotonic()
        title = f"{self.number} - {self.case.__name__}"
        try:
            scene.open()
            said = self.case(scene)
            scene.close()
            print(f"ok {title}" + (f": {said}" if said else "") + f" ({time.monotonic() - began:.0f} s)", flush=True)
            return 0
        except (story.Failure, subprocess.TimeoutExpired, OSError) as failure:
            scene.stop()
            self.kept.append(scene.dir)
            print(f"not ok {title}", flush=True)
            for line in str(failure).splitlines():
                print(f"# {line}")
            print(f"# logs are in {scene.dir}", flush=True)
            return 1
        except BaseException:
            scene.stop()
            raise

    def play(self):
        if not getattr(self.case, "counts_seconds", False):
            return self.attempt()
        failures = pace.play(self.attempt)
        if failures == 0:
            for folder in self.kept:
                shutil.rmtree(folder)
        return failures


def play(make_scene, cases):
    """cases: (function, program that it needs or None).  Returns the exit status."""
    processes.end_well()
    failed = 0
    for number, (case, needs) in enumerate(cases, 1):
        if needs and not shutil.which(needs):
            print(f"ok {number} - {case.__name__} # SKIP {needs} is not installed", flush=True)
        else:
            failed += Play(make_scene, number, case).play()
    print(f"1..{len(cases)}")
    return 1 if failed else 0


# --- Configuration files ---

def broken_configs(scene):
    good = json.loads(open(scene.agent_config(), encoding="utf-8").read())
    ido = json.loads(open(scene.ido_config, encoding="utf-8").read())
    ca = json.loads(open(scene.path("star-ca.json"), encoding="utf-8").read())
    cases = [
        ("ndc-agent", {k: v for k, v in good.items() if k != "directory"}, ["directory"]),
        ("ndc-agent", {**good, "lifetime": "6"}, ["/lifetime", "rule"]),
        ("ndc-agent", {**good, "directory": "http://ido.example/"}, ["/directory", "rule url"]),
        ("ndc-agent", {**good, "eab": {"key-id": "cdn"}}, ["/eab", "mac-key-file"]),
        ("ndc-agent", {**good, "lifetme": 6}, ["lifetme"]),
        ("ido-server", {**ido, "issuers": []}, ["/issuers"]),
        ("ido-server", {**ido, "issuers": [{**ido["issuers"][0], "kind": "sun"}]}, ["/issuers/0/kind", "star"]),
        ("star-ca", {**ca, "http-01-port": 0}, ["/http-01-port"]),
        ("star-ca", {**ca, "listen": "nowhere"}, ["/listen", "rule address"]),
    ]
    for program, config, wanted in cases:
        path = scene.write_json("broken.json", config)
        done = subprocess.run([scene.program(program), "run", "--config", path], capture_output=True, text=True,
                              timeout=story.PATIENCE_S, check=False)
        line = done.stderr.strip()
        if done.returncode != 2 or not all(w in line for w in wanted) or f"{path}:" not in line:
            raise story.Failure(f"{program}: status {done.returncode}: {line}")
        number = line.split(path + ":", 1)[1].split(":", 1)[0]
        if not number.isdigit() or int(number) < 1:
            raise story.Failure(f"no line number: {line}")


def broken_json(scene):
    for text, wanted in ((b'{"listen": "a:1",\n "listen": "b:1"}', ":2:"), (b'{"a": 1} x', ":1:"), (b"", ":1:"),
                         (b'{"a": "\xff"}', ":1:"), (b'{"a": 01}', ":1:")):
        path = scene.path("broken.json")
        with open(path, "wb") as file:
            file.write(text)
        done = subprocess.run([scene.program("star-ca"), "run", "--config", path], capture_output=True, text=True,
                              timeout=story.PATIENCE_S, check=False)
        if done.returncode != 2 or path + wanted not in done.stderr:
            raise story.Failure(f"{text}: status {done.returncode}: {done.stderr}")


# --- The network ---

def unreachable_ido(scene):
    def tries():
        lines = [line for line in scene.log_of("ndc-agent").splitlines() if "acme.session.failed" in line]
        return [story.parse_time(line.split()[0]) for line in lines]

    scene.start_agent(resolve=[f"ido.example:{scene.ido_port}:127.0.0.1:1"])
    scene.until("six tries", lambda: len(tries()) >= 6)
    seconds = tries()[5] - tries()[0]
    if seconds < 1:
        raise story.Failure(f"six tries in {seconds:.1f} s")


def wrong_tls_name(scene):
    scene.start_agent(directory=f"https://wrong.example:{scene.ido_port}/acme/directory")
    scene.until_logged("TLS refused")


def expired_root(scene):
    """The trust anchor for TLS has expired."""
    scene.start_agent(trust=make_expired_root(scene))
    scene.until_logged("TLS refused")


def make_expired_root(scene):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Demonstration Root")])
    now = datetime.datetime.utcnow()
    root = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=20)).not_valid_after(now - datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    path = scene.path("expired.pem")
    with open(path, "wb") as file:
        file.write(root.public_bytes(serialization.Encoding.PEM))
    return path


def wrong_roots(scene):
    """Certificates do not lead to the configured roots: never installed."""
    scene.start_agent(roots=make_expired_root(scene))
    scene.until_logged("agent.failed")
    time.sleep(1)
    if os.path.exists(scene.path("live", story.NAME + ".pem")):
        raise story.Failure("a certificate without a trusted root was installed")


# --- The clock ---

def with_clock(scene, offset_ms):
    """Warned of, and gone by the IdO's: what is ordered and installed is what is valid for everybody else."""
    scene.start_agent(environment={"STARDELEG_EXAMPLE_CLOCK_OFFSET_MS": str(offset_ms)})
    scene.until_logged("ndc.clock.wrong")
    scene.until_certificate()
    scene.until("three certificates", lambda: scene.log_of("ndc-agent").count("agent.certificate") >= 3,
                story.PATIENCE_S + 3 * scene.options.lifetime)
    if scene.log_of("ido-server").count("order.valid") > 1 or "agent.failed" in scene.log_of("ndc-agent"):
        raise story.Failure("a wrong clock makes it order again: " + scene.log_of("ndc-agent")[-1500:])


@counts_seconds
def clock_a_day_ahead(scene):
    with_clock(scene, DAY_MS)


@counts_seconds
def clock_a_day_behind(scene):
    with_clock(scene, -DAY_MS)


def ca_down(scene):
    """The CA dies: the certificate stays; it comes back: renewals go on."""
    scene.start_agent()
    scene.until_certificate()
    before = open(scene.path("live", story.NAME + ".pem"), encoding="ascii").read()
    scene.processes["star-ca"].kill()
    scene.until_logged("cannot connect")
    if open(scene.path("live", story.NAME + ".pem"), encoding="ascii").read() == "":
        raise story.Failure("the certificate is gone")
    scene.processes["star-ca"].start()
    scene.until("a renewal", lambda: open(scene.path("live", story.NAME + ".pem"), encoding="ascii").read() != before)


# --- The disk ---

def full_disk(scene):
    """No file of the agent may grow beyond 20 KiB: its database cannot be made."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20 * 1024, 20 * 1024))

    process = story.Process(scene, "ndc-agent", [scene.program("ndc-agent"), "run", "--config", scene.agent_config()])
    scene.processes["ndc-agent"] = process
    done = subprocess.run(process.argv, capture_output=True, text=True, timeout=story.PATIENCE_S, check=False,
                          preexec_fn=limit)
    with open(process.log, "w", encoding="utf-8") as file:
        file.write(done.stderr)
    if done.returncode != 1 or "database" not in done.stderr:
        raise story.Failure(f"status {done.returncode}: {done.stderr}")
    scene.start_agent()
    scene.until_certificate()


CASES = [broken_configs, broken_json, unreachable_ido, wrong_tls_name, expired_root, wrong_roots, clock_a_day_ahead,
         clock_a_day_behind, ca_down, full_disk]


if __name__ == "__main__":
    sys.exit(play(Scene, [(case, None) for case in CASES]))

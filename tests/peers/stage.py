# SPDX-License-Identifier: Apache-2.0
"""stage.py -- where a test is played: a folder, a throw-away root for TLS, our programs as processes on free ports,
and the list of cases told as TAP."""
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "..", "examples", "demo")]
import acme_wire as wire  # noqa: E402
import pace  # noqa: E402
import ports  # noqa: E402
import processes  # noqa: E402
import strict  # noqa: E402

PATIENCE_S = 60  # for what happens at once where nobody is in the way
P256 = {"PublicKeyType": "id-ecPublicKey", "namedCurve": "secp256r1", "SignatureType": "ecdsa-with-SHA256"}


def template_for(*names, **more):
    """An everyday template for these names."""
    return {"keyTypes": [P256], "extensions": {"keyUsage": ["digitalSignature"], "extendedKeyUsage": ["serverAuth"],
                                               "subjectAltName": {"DNS": list(names)}}, **more}


def port_of(url):
    return url.split(":")[2].split("/")[0]


class Root:
    """A CA of a few lines: for TLS, and the issuing key of the Python STAR CA."""

    def __init__(self, name):
        self.key = wire.new_key()
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.utcnow()
        self.certificate = self.sign(self.name, self.key.public_key(), now - datetime.timedelta(hours=1),
                                     now + datetime.timedelta(days=7), [
            (x509.BasicConstraints(True, None), True),
            (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)])

    def sign(self, subject, public, before, after, extensions):
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
                   .serial_number(x509.random_serial_number()).not_valid_before(before).not_valid_after(after))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def server(self, names):
        """(certificate PEM, key PEM) of a TLS server."""
        key = wire.new_key()
        now = datetime.datetime.utcnow()
        certificate = self.sign(x509.Name([]), key.public_key(), now - datetime.timedelta(hours=1),
                                now + datetime.timedelta(days=6), [
            (x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), True),
            (x509.BasicConstraints(False, None), True),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)])
        return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Stage:
    def __init__(self, build, stretch=1):
        self.build = build
        self.stretch = stretch  # of the seconds that count: see pace.py
        self.dir = tempfile.mkdtemp(prefix="stardeleg-peers-")
        self.processes, self.listening = {}, {}
        self.servers = []
        self.roots = Root("Throw-away TLS Root")
        self.trust = self.write("trust.pem", self.roots.pem())
        cert, key = self.roots.server(["ido.example", "ca.example"])
        self.cert, self.key = self.write("tls.pem", cert), self.write("tls.key", key)

    # --- Files and ports ---

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            os.chmod(file.fileno(), 0o600)
            file.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def write_json(self, name, value):
        return self.write(name, json.dumps(value, indent=2))

    @staticmethod
    def free_port():
        return ports.free_port()

    def listen(self, name):
        """An address for a server that may be started again: the same one."""
        if name not in self.listening:
            self.listening[name] = f"127.0.0.1:{ports.free_port()}"
        return self.listening[name]

    def trust_also(self, pem_path):
        with open(pem_path, "rb") as file, open(self.trust, "ab") as trust:
            trust.write(file.read())

    # --- Processes ---

    def program(self, name):
        return os.path.join(self.build, "examples", name, name)

    def run(self, *argv, status=0):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        if done.returncode != status:
            raise strict.Disagreement(f"{os.path.basename(argv[0])} {argv[1]}: {done.stderr or done.stdout}")
        return done.stdout.strip()

    def spawn(self, who, *argv):
        with open(self.path(who + ".log"), "ab") as log:
            self.processes[who] = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        return self.processes[who]

    def end_process(self, who):
        processes.end(self.processes.pop(who, None))

    def port_of(self, file):
        self.until(f"a port in {file}", lambda: os.path.exists(file) and os.path.getsize(file) > 0)
        with open(file, encoding="ascii") as text:
            return int(text.read())

    def log_of(self, who):
        with open(self.path(who + ".log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def until(self, what, done, seconds=PATIENCE_S):
        deadline = time.monotonic() + seconds
        while not done():
            strict.must(time.monotonic() < deadline, "test", f"{what} did not happen in {seconds} s")
            time.sleep(0.05)

    def until_logged(self, who, text, seconds=PATIENCE_S):
        self.until(f'"{text}" in the log of {who}', lambda: text in self.log_of(who), seconds)

    # --- Our programs ---

    @staticmethod
    def with_crypto(config):
        """PEERS_CRYPTO chooses the programs' crypto backend."""
        return {**config, "crypto": os.environ["PEERS_CRYPTO"]} if "PEERS_CRYPTO" in os.environ else config

    def start_star_ca(self, http01_port, names, **more):
        config = self.write_json("star-ca.json", self.with_crypto({
            "listen": self.listen("star-ca"), "base-url": "https://ca.example:{port}/acme",
            "state": self.path("star-ca"), "tls-names": ["ca.example"], "root-name": "Our Root", "min-lifetime": 2,
            "max-duration": 86400, "lease-ms": 500, "http-01-port": http01_port,
            "resolve": [f"{n}:{http01_port}:127.0.0.1" for n in names], **more}))
        self.run(self.program("star-ca"), "server-cert", "--config", config, "--cert", self.path("unused.pem"),
                 "--key", self.path("unused.key"), "unused.example")
        self.trust_also(self.path("star-ca", "root.pem"))
        self.spawn("star-ca", self.program("star-ca"), "run", "--config", config)
        self.star_ca_config = config
        return f"https://ca.example:{self.port_of(self.path('star-ca', 'port'))}/acme/directory"

    def configure_ido(self, ca_directory, http01_port, **more):
        ca_port = port_of(ca_directory)
        self.ido_config = self.write_json("ido-server.json", self.with_crypto({
            "listen": self.listen("ido-server"), "base-url": "https://ido.example:{port}/acme",
            "state": self.path("ido-server"), "tls": {"cert": self.cert, "key": self.key},
            "http-01-listen": f"127.0.0.1:{http01_port}",
            "trust": self.trust, "resolve": [f"ca.example:{ca_port}:127.0.0.1"], "order-poll-ms": 100,
            "backoff-min-ms": 200, "backoff-max-ms": 1000, "lease-ms": 1000,
            "issuers": [{"name": "ca", "kind": "star", "directory": ca_directory}], **more}))

    def ido(self, *argv, status=0):
        return self.run(self.program("ido-server"), argv[0], "--config", self.ido_config, *argv[1:], status=status)

    def delegate(self, ndc, template, *more):
        """Adds a delegation; its name."""
        return self.ido("delegation-add", "--ndc", ndc, "--template", self.write_json("template.json", template), *more)

    def start_ido(self):
        self.spawn("ido-server", self.program("ido-server"), "run", "--config", self.ido_config)
        return f"https://ido.example:{self.port_of(self.path('ido-server', 'port'))}/acme/directory"

    def start_agent(self, directory, mac_key, resolve, roots=None, who="ndc-agent", **more):
        live = self.path("live-" + who)
        os.makedirs(live, mode=0o700, exist_ok=True)
        config = self.write_json(who + ".json", self.with_crypto({
            "directory": directory, "state": self.path(who), "live": live,
            "eab": {"key-id": "cdn", "mac-key-file": self.write(who + ".eab", mac_key + "\n")},
            "lifetime": 4 * self.stretch, "order-duration": 3600, "discovery-interval": 1, "order-poll-ms": 100,
            "backoff-min-ms": 200, "backoff-max-ms": 1000, "trust": self.trust,
            "roots": roots or self.trust, "resolve": resolve, **more}))
        self.spawn(who, self.program("ndc-agent"), "run", "--config", config)

    def live(self, name, who="ndc-agent"):
        return self.path("live-" + who, name + ".pem")

    def close(self, keep=False):
        for who in list(self.processes):
            self.end_process(who)
        for server in self.servers:
            server.close()
        if not keep:
            shutil.rmtree(self.dir)


# --- TAP ---

def trial(case):
    """Runs one case; what was wrong, or None."""
    try:
        case()
    except Exception as wrong:  # pylint: disable=broad-except
        place = traceback.extract_tb(wrong.__traceback__)[-1]
        return f"{type(wrong).__name__}: {wrong} ({os.path.basename(place.filename)}:{place.lineno})"
    return None


class Play:
    """One scene: cases, told with their numbers from |first| on."""

    def __init__(self, build, scene, first):
        self.build, self.scene, self.first = build, scene, first
        self.number = first
        self.kept = []

    def attempt(self, stretch=1):
        """The number of failures."""
        self.number = self.first
        stage = Stage(self.build, stretch)
        failures = 0
        try:
            for name, case in cases_of(self.scene, stage):
                error = trial(case)
                print(f"{'not ok' if error else 'ok'} {self.number} - {self.scene.__name__}: {name}", flush=True)
                self.number += 1
                if error:
                    print("".join(f"# {line}\n" for line in error.splitlines()), end="", flush=True)
                    failures += 1
                    if "did not happen in" in error:
                        break
        finally:
            if failures:
                print(f"# logs are in {stage.dir}")
                self.kept.append(stage.dir)
            stage.close(keep=failures > 0 or "KEEP" in os.environ)
        return failures

    def play(self):
        if not getattr(self.scene, "counts_seconds", False):
            return self.attempt()
        failures = pace.play(self.attempt)
        if failures == 0 and "KEEP" not in os.environ:
            for folder in self.kept:
                shutil.rmtree(folder)
        return failures


def counts_seconds(scene):
    """Marks a scene that may be played again at a slower pace: all of its seconds are times |stage.stretch|."""
    scene.counts_seconds = True
    return scene


def play(build, scenes):
    """scenes: generators of (name, function) cases, each on a stage of its own.  One that waits in vain is left."""
    number, failed = 1, 0
    for scene in scenes:
        one = Play(build, scene, number)
        failed += one.play()
        number = one.number
    for note in sorted(strict.NOTES):
        print(f"# not as a SHOULD has it: {note}")
    print(f"1..{number - 1}")
    return 1 if failed else 0


def cases_of(scene, stage):
    """The cases of a scene, one after the other; what fails between them is a case too."""
    try:
        yield from scene(stage)
    except Exception as wrong:  # pylint: disable=broad-except
        def fail(wrong=wrong):
            raise wrong
        yield "setting up", fail


def main(*scenes):
    processes.end_well()
    chosen = [s for s in scenes if len(sys.argv) < 3 or s.__name__ in sys.argv[2:]]
    sys.exit(play(sys.argv[1], chosen))

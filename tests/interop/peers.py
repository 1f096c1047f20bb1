# SPDX-License-Identifier: Apache-2.0
"""CAs of other people as processes: pebble with its DNS server, and caddy's built-in CA.

Each starts on free ports of loopback, is waited for until it answers, and is ended by its process id.  The state is in
a directory of its own that goes with it.
"""
import datetime
import ipaddress
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "..", "examples", "demo")]
import processes  # noqa: E402  (its path is known only now)
from ports import free_port  # noqa: E402

START_S = 60


class Missing(Exception):
    """The program is not installed."""


def find(program):
    path = shutil.which(program)
    if path is None:
        raise Missing(f"{program} is not installed")
    return path


def make_tls_pair(directory, names):
    """A self-signed server certificate: its own trust anchor.  Answers the paths of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.utcnow()
    san = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName(san), False)
            .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    cert_path, key_path = os.path.join(directory, "tls.pem"), os.path.join(directory, "tls.key")
    with open(cert_path, "wb") as file:
        file.write(cert.public_bytes(serialization.Encoding.PEM))
    with open(key_path, "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
    return cert_path, key_path


def enter_network(resolver):
    """Runs the program again in a network of its own, where ports 80 and 443 of loopback are free and DNS is at
    |resolver|.  Comes back in there; raises Missing where the system does not allow it."""
    if os.environ.get("STARDELEG_OWN_NETWORK") == "1":
        return
    script = ('ip link set lo up && printf "nameserver %s\\n" "$1" > "$2" && mount --bind "$2" /etc/resolv.conf && '
              'shift 2 && exec "$@"')
    for tool in ("unshare", "ip", "mount"):
        find(tool)
    handle, conf = tempfile.mkstemp(prefix="stardeleg-resolv-")
    os.close(handle)
    try:
        argv = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", script, "sh", resolver, conf]
        if subprocess.run([*argv, "true"], capture_output=True, check=False).returncode != 0:
            raise Missing("no network of its own can be made here")
        environment = {**os.environ, "STARDELEG_OWN_NETWORK": "1"}
        done = subprocess.run([*argv, sys.executable, "-B", *sys.argv], env=environment, check=False)
    finally:
        os.unlink(conf)
    sys.exit(done.returncode)


class Peer:
    """A process and its directory."""

    name = "peer"

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix=f"stardeleg-{self.name}-")
        self.log = os.path.join(self.dir, "log")
        self.process = None

    def spawn(self, argv, env=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.dir,
                                            env={**os.environ, **(env or {})})

    def wait_for(self, is_up):
        deadline = time.monotonic() + START_S
        while not is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = self.log_text()[-2000:]
                self.stop()
                raise RuntimeError(f"{self.name} does not start: {text}")
            time.sleep(0.05)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        processes.end(self.process)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def fetch(url, data=None, trust=None):
    """The body of |url|; HTTP errors are raised."""
    context = ssl.create_default_context(cafile=trust) if trust else None
    request = urllib.request.Request(url, data=json.dumps(data).encode() if data is not None else None)
    with urllib.request.urlopen(request, timeout=START_S, context=context) as response:
        return response.read()


class ChallTestSrv(Peer):
    """pebble-challtestsrv: the DNS that pebble asks.  Every name is 127.0.0.1; TXT records by its management port."""

    name = "challtestsrv"

    def __init__(self, dns_port=None):
        super().__init__()
        self.dns_port = dns_port or free_port()

    def start(self):
        self.port = free_port()
        program = find("pebble-challtestsrv")
        usage = subprocess.run([program, "-help"], capture_output=True, text=True, check=False).stderr
        dns = ["-dnsserver"] if "-dnsserver" in usage else ["-dns01"]  # its name from 2.8 on, and before
        doh = ["-doh", ""] if "-doh" in usage else []
        self.spawn([program, *dns, f"127.0.0.1:{self.dns_port}", *doh,
                    "-defaultIPv6", "", "-http01", "",
                    "-https01", "", "-tlsalpn01", "", "-management", f"127.0.0.1:{self.port}"])
        self.wait_for(self.is_up)
        return self

    def is_up(self):
        try:
            self.post("clear-txt", {"host": "nobody.example."})
            return True
        except OSError:
            return False

    def post(self, path, data):
        fetch(f"http://127.0.0.1:{self.port}/{path}", data)

    def write_hook(self, path):
        """A program for dns hooks: present|cleanup NAME VALUE."""
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/usr/bin/env python3\nimport json, sys, urllib.request\n"
                       "what, name, value = sys.argv[1:4]\n"
                       "path = 'set-txt' if what == 'present' else 'clear-txt'\n"
                       "data = json.dumps({'host': name + '.', 'value': value}).encode()\n"
                       f"urllib.request.urlopen('http://127.0.0.1:{self.port}/' + path, data=data, timeout=60)\n")
        os.chmod(path, 0o755)
        return path


class Pebble(Peer):
    """The test CA of Let's Encrypt.  Options are its environment variables in lower case without the prefix."""

    name = "pebble"

    def __init__(self, dns, http_port, tls_port, eab=None, profiles=None, **environment):
        super().__init__()
        self.profiles = profiles
        self.dns, self.http_port, self.tls_port, self.eab = dns, http_port, tls_port, eab
        self.environment = {f"PEBBLE_{key.upper()}": str(value) for key, value in environment.items()}

    def start(self):
        self.port, self.management = free_port(), free_port()
        self.trust, key = make_tls_pair(self.dir, ["localhost", "127.0.0.1"])
        settings = {"listenAddress": f"127.0.0.1:{self.port}",
                    "managementListenAddress": f"127.0.0.1:{self.management}",
                    "certificate": self.trust, "privateKey": key, "httpPort": self.http_port, "tlsPort": self.tls_port,
                    "ocspResponderURL": "", "externalAccountBindingRequired": self.eab is not None}
        if self.profiles is not None:
            settings["profiles"] = self.profiles
        if self.eab is not None:
            settings["externalAccountMACKeys"] = dict([self.eab])
        config = os.path.join(self.dir, "pebble.json")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"pebble": settings}, file)
        self.spawn([find("pebble"), "-strict", "-config", config, "-dnsserver", f"127.0.0.1:{self.dns.dns_port}"],
                   self.environment)
        self.wait_for(self.is_up)
        return self

    def is_up(self):
        try:
            fetch(self.directory(), trust=self.trust)
            return True
        except OSError:
            return False

    def directory(self):
        return f"https://localhost:{self.port}/dir"

    def root(self, index=0):
        """The PEM of the root of chain |index|."""
        return fetch(f"https://localhost:{self.management}/roots/{index}", trust=self.trust)

    def status(self, serial):
        """What the CA says of a certificate: "Valid", "Revoked"."""
        return json.loads(fetch(f"https://localhost:{self.management}/cert-status-by-serial/{serial:x}",
                                trust=self.trust))


class Caddy(Peer):
    """caddy's acme_server: the CA of smallstep inside caddy.  It asks the system's resolver and ports 80 and 443: only
    enter_network() makes its challenges solvable."""

    name = "caddy"

    def start(self):
        self.port = free_port()
        settings = {
            "admin": {"disabled": True},
            "storage": {"module": "file_system", "root": os.path.join(self.dir, "storage")},
            "apps": {
                "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
                "http": {"servers": {"ca": {
                    "listen": [f"127.0.0.1:{self.port}"],
                    "automatic_https": {"disable_redirects": True},
                    "routes": [{"match": [{"host": ["localhost"]}], "handle": [{"handler": "acme_server"}]}],
                    "tls_connection_policies": [{}]}}},
                "tls": {"automation": {"policies": [{"issuers": [{"module": "internal"}]}]}}}}
        config = os.path.join(self.dir, "caddy.json")
        with open(config, "w", encoding="utf-8") as file:
            json.dump(settings, file)
        home = {"HOME": self.dir, "XDG_DATA_HOME": self.dir, "XDG_CONFIG_HOME": self.dir}
        self.spawn([find("caddy"), "run", "--config", config], home)
        self.trust = os.path.join(self.dir, "storage", "pki", "authorities", "local", "root.crt")
        self.wait_for(self.is_up)
        return self

    def is_up(self):
        try:
            fetch(self.directory(), trust=self.trust)
            return True
        except OSError:
            return False

    def directory(self):
        return f"https://localhost:{self.port}/acme/local/directory"

    def root(self, index=0):
        with open(self.trust, "rb") as file:
            return file.read()

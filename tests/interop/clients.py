# SPDX-License-Identifier: Apache-2.0
"""ACME clients of other people, each as its users run it: one class for each, a method for each thing it can do.

A method that is missing says that the client does not offer it."""
import glob
import json
import os
import shutil
import subprocess
import time

from cryptography import x509

import peers

TIME_LIMIT_S = 300
HERE = os.path.dirname(os.path.abspath(__file__))
DNS_HOOK = os.path.join(HERE, "dns-hook.sh")


class Failure(Exception):
    """A client did not do what it was asked for."""


def certificate_of(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


class Client:
    """What they have in common: a directory of their own, a CA, and how they are started."""
    name = "?"
    program = "?"
    name_count = 2  # most names it orders at once

    def __init__(self, server, webroot, root_dir):
        self.server = server
        self.webroot = webroot
        self.dir = os.path.join(root_dir, self.name)
        os.makedirs(self.dir, exist_ok=True)
        self.root = server.root

    @classmethod
    def is_installed(cls):
        return shutil.which(cls.program) is not None

    def obtain_p256(self, names):
        """What most of them do by themselves."""
        return self.obtain(names)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def run(self, *argv, **environment):
        """Runs the client; its words are the failure."""
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TIME_LIMIT_S, stdin=subprocess.DEVNULL,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": self.dir, **environment}, cwd=self.dir)
        if done.returncode:
            raise Failure(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
        return done.stdout + done.stderr


class Certbot(Client):
    name = "certbot"
    program = "certbot"

    def certbot(self, *argv, **environment):
        try:
            return self.run("certbot", *argv, "-n", "--server", self.server.directory(), "--config-dir",
                            self.path("c"), "--work-dir", self.path("w"), "--logs-dir", self.path("l"),
                            REQUESTS_CA_BUNDLE=self.root, **environment)
        except Failure as why:
            # 2.1.0 under Python 3.11 trips over itself when it tells of an error; its log has what the server said.
            with open(self.path("l", "letsencrypt.log"), encoding="utf-8", errors="replace") as file:
                raise Failure(f"{why}\n{file.read()[-6000:]}") from why

    def register(self, binding=None):
        eab = ["--eab-kid", binding[0], "--eab-hmac-key", binding[1]] if binding else []
        self.certbot("register", "--agree-tos", "-m", "edge@cdn.example", *eab)

    def obtain(self, names, *options, key="ecdsa"):
        self.certonly(names, "--webroot", "-w", self.webroot.path, "--key-type", key, *options)
        return self.certificate(names)

    def certonly(self, names, *options, **environment):
        domains = [word for name in names for word in ("-d", name)]
        self.certbot("certonly", "--cert-name", names[0], *options, *domains, **environment)

    def obtain_by_dns(self, names, dns_hook):
        self.certonly(names, "--manual", "--preferred-challenges", "dns", "--manual-auth-hook",
                      DNS_HOOK + " certbot-auth", "--manual-cleanup-hook", DNS_HOOK + " certbot-cleanup",
                      DNS_HOOK=dns_hook)
        return self.certificate(names)

    def obtain_chain(self, names, root):
        self.obtain(names, "--preferred-chain", root, "--force-renewal")
        return self.path("c", "live", names[0], "fullchain.pem")

    def certificate(self, names):
        return self.path("c", "live", names[0], "cert.pem")

    def obtain_rsa(self, names):
        return self.obtain(names, "--force-renewal", key="rsa")

    def renew(self, names):
        self.certbot("renew", "--force-renewal", "--cert-name", names[0], "--no-random-sleep-on-renew")
        return self.certificate(names)

    def revoke(self, names):
        self.certbot("revoke", "--cert-name", names[0], "--reason", "superseded", "--no-delete-after-revoke")

    def revoke_by_key(self, names):
        live = self.path("c", "live", names[0])
        self.certbot("revoke", "--cert-path", os.path.join(live, "cert.pem"), "--key-path",
                     os.path.join(live, "privkey.pem"), "--no-delete-after-revoke")

    def update_contact(self):
        self.certbot("update_account", "-m", "other@cdn.example")

    def deactivate(self):
        self.certbot("unregister")


class Lego(Client):
    name = "lego"
    program = "lego"

    def lego(self, *argv, options=(), challenge=None, **environment):
        return self.run("lego", "--server", self.server.directory(), "--accept-tos", "--email", "edge@cdn.example",
                        "--path", self.path("lego"), *self.binding, *(challenge or self.challenge()), *options, *argv,
                        LEGO_CA_CERTIFICATES=self.root, **environment)

    def challenge(self):
        return ["--http", "--http.webroot", self.webroot.path]

    def with_names(self, names, *argv, options=(), **more):
        domains = [word for name in names for word in ("--domains", name)]
        self.lego(*argv, options=[*domains, *options], **more)
        return self.path("lego", "certificates", names[0].replace("*", "_") + ".crt")

    def register(self, binding=None):
        """With the first order; it wants to see the binding each time after that."""
        self.binding = ["--eab", "--kid", binding[0], "--hmac", binding[1]] if binding else []

    def obtain(self, names):
        return self.with_names(names, "run")

    def obtain_rsa(self, names):
        return self.obtain_anew(names, "rsa2048")

    def obtain_p384(self, names):
        return self.obtain_anew(names, "ec384")

    def obtain_by_dns(self, names, dns_hook):
        challenge = ["--dns", "exec", "--dns.disable-cp", "--dns.resolvers", f"127.0.0.1:{self.server.dns_port}"]
        return self.with_names(names, "run", challenge=challenge, EXEC_PATH=DNS_HOOK, DNS_HOOK=dns_hook,
                               EXEC_SEQUENCE_INTERVAL="0", EXEC_POLLING_INTERVAL="1")

    def obtain_by_tls(self, names):
        return self.with_names(names, "run", challenge=["--tls", "--tls.port", f"127.0.0.1:{self.server.tls_port}"])

    def obtain_chain(self, names, root):
        return self.with_names(names, "run", "--preferred-chain", root)

    def obtain_anew(self, names, key_type):
        """It takes the key that is there, if there is one."""
        there, aside = self.path("lego", "certificates"), self.path("aside")
        os.rename(there, aside)
        try:
            path = self.with_names(names, "run", options=["--key-type", key_type])
        except Failure:
            shutil.rmtree(there, ignore_errors=True)
            os.rename(aside, there)
            raise
        shutil.rmtree(aside)
        return path

    def renew(self, names):
        return self.with_names(names, "renew", "--days", "100000", "--no-random-sleep")

    def revoke(self, names):
        self.with_names(names, "revoke", "--keep", "--reason", "4")


class Dehydrated(Client):
    name = "dehydrated"
    program = "dehydrated"
    algorithm = "secp384r1"  # its default
    environment = {}

    def dehydrated(self, *argv, **settings):
        values = {"CA": self.server.directory(), "BASEDIR": self.dir, "WELLKNOWN": self.webroot.challenges,
                  "CONTACT_EMAIL": "edge@cdn.example", "CURL_OPTS": f"--cacert {self.root}", "LOCKFILE":
                  self.path("lock"), "KEY_ALGO": self.algorithm, **settings}
        with open(self.path("config"), "w", encoding="utf-8") as file:
            file.writelines(f"{name}=\"{value}\"\n" for name, value in values.items())
        return self.run("dehydrated", "-f", self.path("config"), *argv, **self.environment)

    def with_names(self, names, *argv, **settings):
        domains = [word for name in names for word in ("-d", name)]
        self.dehydrated("-c", *domains, *argv, **settings)
        return self.path("certs", names[0], "cert.pem")

    def register(self, binding=None):
        settings = {"EAB_KID": binding[0], "EAB_HMAC_KEY": binding[1]} if binding else {}
        self.dehydrated("--register", "--accept-terms", **settings)

    def obtain(self, names):
        """Its own choice of key: P-384, the request signed with SHA-256."""
        return self.with_names(names)

    def obtain_p256(self, names):
        self.algorithm = "prime256v1"
        return self.with_names(names)

    def obtain_by_dns(self, names, dns_hook):
        """A wildcard lives under another name; those after the first are on the same line of domains.txt."""
        self.environment = {"DNS_HOOK": dns_hook}
        with open(self.path("domains.txt"), "w", encoding="ascii") as file:
            file.write(" ".join(names) + " > wildcard\n")
        self.dehydrated("-c", "-t", "dns-01", "-k", DNS_HOOK)
        return self.path("certs", "wildcard", "cert.pem")

    def obtain_chain(self, names, root):
        self.with_names(names, "-x", PREFERRED_CHAIN=root)
        return self.path("certs", names[0], "fullchain.pem")

    def obtain_rsa(self, names):
        return self.with_names(names, "-x", "-a", "rsa", KEYSIZE="2048")

    def renew(self, names):
        return self.with_names(names, "-x")

    def revoke(self, names):
        self.dehydrated("-r", self.path("certs", names[0], "cert.pem"))

    def update_contact(self):
        self.dehydrated("--account", CONTACT_EMAIL="other@cdn.example")

    def deactivate(self):
        self.dehydrated("--deactivate")


class AcmeTiny(Client):
    name = "acme-tiny"
    program = "acme-tiny"

    def register(self, binding=None):
        """Has no external account binding; the account comes with the first order."""
        self.run("openssl", "genrsa", "-out", self.path("account.key"), "2048")

    def obtain(self, names):
        self.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path("key.pem"), "-subj",
                 "/", "-addext", "subjectAltName=" + ",".join("DNS:" + name for name in names), "-out",
                 self.path("csr.pem"))
        chain = self.run("acme-tiny", "--quiet", "--account-key", self.path("account.key"), "--csr",
                         self.path("csr.pem"), "--acme-dir", self.webroot.challenges, "--directory-url",
                         self.server.directory(), "--disable-check", "--contact", "mailto:edge@cdn.example",
                         SSL_CERT_FILE=self.root)
        with open(self.path("chain.pem"), "w", encoding="ascii") as file:
            file.write(chain[chain.index("-----BEGIN"):])
        return self.path("chain.pem")

    renew = obtain


class Uacme(Client):
    """Reads the system's roots only: the test's root is mounted over them, for this process alone."""
    name = "uacme"
    program = "uacme"

    @classmethod
    def is_installed(cls):
        if not super().is_installed():
            return False
        return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0

    def uacme(self, *argv, **environment):
        command = "mount --bind \"$0\" /etc/ssl/certs/ca-certificates.crt && exec uacme \"$@\""
        return self.run("unshare", "-m", "sh", "-c", command, self.root, "-v", "-y", "-c", self.path("conf"), "-a",
                        self.server.directory(), *argv, CHALLENGES=self.webroot.challenges, **environment)

    def register(self, binding=None):
        eab = ["-e", ":".join(binding)] if binding else []
        self.uacme(*eab, "new", "edge@cdn.example")

    def issue(self, names, *options, hook=os.path.join(HERE, "uacme-hook.sh"), **environment):
        # It keeps the last certificate under a name of whole seconds, and gives up where that is taken.
        for path in glob.glob(self.path("conf", names[0], "cert-*.pem")):
            os.remove(path)
        self.uacme(*options, "-h", hook, "issue", *names, **environment)
        return self.path("conf", names[0], "cert.pem")

    def obtain(self, names):
        return self.issue(names, "-t", "EC", "-b", "256")

    def obtain_by_dns(self, names, dns_hook):
        return self.issue(names, hook=DNS_HOOK, DNS_HOOK=dns_hook)

    def obtain_by_tls(self, names):
        """By its companion ualpn, which answers handshakes."""
        socket_path = self.path("ualpn.sock")
        command = ["ualpn", "-v", "-b", f"127.0.0.1@{self.server.tls_port}", "-s", socket_path, "-S", "600",
                   "-c", "127.0.0.1@1"]  # where handshakes that are none of its business would go
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as ualpn:
            try:
                deadline = time.monotonic() + peers.START_S
                while not os.path.exists(socket_path):
                    if ualpn.poll() is not None or time.monotonic() > deadline:
                        raise Failure("ualpn does not start")
                    time.sleep(0.05)
                return self.issue(names, UALPN_SOCKET=socket_path)
            finally:
                peers.processes.end(ualpn)

    def obtain_chain(self, names, root):
        return self.issue(names, "-f", "-l", "1")

    def obtain_p384(self, names):
        for path in glob.glob(self.path("conf", "private", names[0], "*")):
            os.remove(path)
        return self.issue(names, "-f", "-t", "EC", "-b", "384")

    def renew(self, names):
        return self.issue(names, "-f")

    def revoke(self, names):
        self.uacme("-r", "4", "revoke", self.path("conf", names[0], "cert.pem"))

    def revoke_by_key(self, names):
        self.uacme("revoke", self.path("conf", names[0], "cert.pem"), self.path("conf", "private", names[0],
                                                                                  "key.pem"))

    def update_contact(self):
        self.uacme("update", "other@cdn.example")

    def change_key(self):
        self.uacme("newkey")

    def deactivate(self):
        self.uacme("deactivate")


class PythonAcme(Client):
    """Debian's library, under Debian's Python."""
    name = "python3-acme"
    program = "/usr/bin/python3"

    @classmethod
    def is_installed(cls):
        return super().is_installed() and subprocess.run([cls.program, "-c", "import acme"], capture_output=True,
                                                         check=False).returncode == 0

    def acme(self, *argv):
        return self.run(self.program, os.path.join(HERE, "python_acme.py"), self.dir, self.server.directory(), *argv,
                        REQUESTS_CA_BUNDLE=self.root)

    def register(self, binding=None):
        self.acme("register", *(binding or ()))

    def obtain(self, names, key="ec"):
        self.acme("obtain", self.webroot.challenges if self.webroot else "-", key, *names)
        return self.path("cert.pem")

    def obtain_rsa(self, names):
        return self.obtain(names, "rsa")

    def renew(self, names):
        return self.obtain(names)

    def revoke(self, names):
        self.acme("revoke")

    def update_contact(self):
        self.acme("contact", "other@cdn.example")

    def deactivate(self):
        self.acme("deactivate")


class Caddy(Client):
    """A web server that sees to its certificates itself: one for each name."""
    name = "caddy"
    program = "caddy"
    name_count = 1

    def settings(self, names, ratio):
        issuer = {"module": "acme", "ca": self.server.directory(), "email": "edge@cdn.example",
                  "trusted_roots_pem_files": [self.root],
                  "challenges": {"http": {"disabled": True},
                                 "tls-alpn": {"alternate_port": self.server.tls_port}}}
        if self.binding:
            issuer["external_account"] = {"key_id": self.binding[0], "mac_key": self.binding[1]}
        policy = {"subjects": names, "issuers": [issuer], "renewal_window_ratio": ratio}
        return {"admin": {"disabled": True}, "storage": {"module": "file_system", "root": self.path("storage")},
                "apps": {"http": {"http_port": peers.free_port(), "https_port": peers.free_port(), "servers": {
                    "edge": {"listen": [f"127.0.0.1:{self.port}"], "automatic_https": {"disable_redirects": True},
                             "routes": [{"match": [{"host": names}], "handle": [
                                 {"handler": "static_response", "body": "ok"}]}]}}},
                         "tls": {"automation": {"policies": [policy]}, "certificates": {"automate": names}}}}

    def serve(self, names, ratio=0.01):
        """Runs it until it serves another certificate than the last."""
        self.port = peers.free_port()
        with open(self.path("caddy.json"), "w", encoding="utf-8") as file:
            json.dump(self.settings(names, ratio), file)
        before = self.stored(names)
        with open(self.path("log"), "w+b") as log:
            process = subprocess.Popen([self.program, "run", "--config", self.path("caddy.json")], stdout=log,
                                       stderr=log, stdin=subprocess.DEVNULL, cwd=self.dir, env={
                                           **os.environ, "HOME": self.dir, "XDG_DATA_HOME": self.dir})
            try:
                self.wait_for_another(names, before, process)
            finally:
                peers.processes.end(process)
        return self.path("cert.pem")

    def wait_for_another(self, names, before, process):
        deadline = time.monotonic() + TIME_LIMIT_S / 2
        while self.stored(names) in (None, before):
            words = self.words()
            if time.monotonic() > deadline or process.poll() is not None or "will retry" in words:
                raise Failure(f"caddy: {words[-3000:]}")
            time.sleep(0.1)
        with open(self.path("cert.pem"), "wb") as file:
            file.write(self.stored(names))
        self.handshake(names[0])

    def handshake(self, name):
        """What it serves is what it got."""
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", name,
                               "-showcerts"], capture_output=True, stdin=subprocess.DEVNULL, timeout=peers.START_S,
                              check=False)
        with open(self.path("cert.pem"), encoding="ascii") as file:
            leaf = file.read().split("-----END")[0]
        if leaf.strip() not in done.stdout.decode(errors="replace"):
            raise Failure("caddy serves another certificate")

    def words(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stored(self, names):
        for path in glob.glob(self.path("storage", "certificates", "*", names[0], names[0] + ".crt")):
            with open(path, "rb") as file:
                return file.read()
        return None

    def register(self, binding=None):
        """With the first order."""
        self.binding = binding

    def obtain_by_tls(self, names):
        return self.serve(names)

    obtain = obtain_by_tls

    def renew(self, names):
        """It renews at once what it holds for too old."""
        return self.serve(names, 0.9999999999)


ALL = (Certbot, Lego, Dehydrated, AcmeTiny, Uacme, PythonAcme, Caddy)

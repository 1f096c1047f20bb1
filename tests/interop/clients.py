# SPDX-License-Identifier: Apache-2.0
"""ACME clients of other people, each as its users run it: one class for each, a method for each thing it can do.

A method that is missing says that the client does not offer it."""
import glob
import os
import shutil
import subprocess

from cryptography import x509

TIME_LIMIT_S = 60
HERE = os.path.dirname(os.path.abspath(__file__))


class Failure(Exception):
    """A client did not do what it was asked for."""


def certificate_of(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


class Client:
    """What they have in common: a directory of their own, a CA, and how they are started."""
    name = "?"
    program = "?"

    def __init__(self, server, webroot, root_dir):
        self.server = server
        self.webroot = webroot
        self.dir = os.path.join(root_dir, self.name)
        os.makedirs(self.dir, exist_ok=True)
        self.root = server.root

    @classmethod
    def is_installed(cls):
        return shutil.which(cls.program) is not None

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

    def certbot(self, *argv):
        return self.run("certbot", *argv, "-n", "--server", self.server.directory(), "--config-dir", self.path("c"),
                        "--work-dir", self.path("w"), "--logs-dir", self.path("l"), REQUESTS_CA_BUNDLE=self.root)

    def register(self, binding=None):
        eab = ["--eab-kid", binding[0], "--eab-hmac-key", binding[1]] if binding else []
        self.certbot("register", "--agree-tos", "-m", "edge@cdn.example", *eab)

    def obtain(self, names, key="ecdsa", force=False):
        argv = ["certonly", "--webroot", "-w", self.webroot.path, "--cert-name", names[0], "--key-type", key]
        if force:
            argv.append("--force-renewal")
        for name in names:
            argv += ["-d", name]
        self.certbot(*argv)
        return self.certificate(names)

    def certificate(self, names):
        return self.path("c", "live", names[0], "cert.pem")

    def obtain_rsa(self, names):
        return self.obtain(names, key="rsa", force=True)

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

    def lego(self, *argv, options=()):
        return self.run("lego", "--server", self.server.directory(), "--accept-tos", "--email", "edge@cdn.example",
                        "--path", self.path("lego"), "--http", "--http.webroot", self.webroot.path, *options, *argv,
                        LEGO_CA_CERTIFICATES=self.root)

    def with_names(self, names, *argv, options=()):
        domains = [word for name in names for word in ("--domains", name)]
        self.lego(*argv, options=[*domains, *options])
        return self.path("lego", "certificates", names[0] + ".crt")

    def register(self, binding=None):
        """With the first order; what was bound is used then."""
        self.binding = ["--eab", "--kid", binding[0], "--hmac", binding[1]] if binding else []

    def obtain(self, names):
        return self.with_names(names, "run", options=self.binding)

    def obtain_rsa(self, names):
        shutil.rmtree(self.path("lego", "certificates"), ignore_errors=True)
        return self.with_names(names, "run", options=["--key-type", "rsa2048"])

    def obtain_p384(self, names):
        shutil.rmtree(self.path("lego", "certificates"), ignore_errors=True)
        return self.with_names(names, "run", options=["--key-type", "ec384"])

    def renew(self, names):
        return self.with_names(names, "renew", "--days", "1000", "--no-random-sleep")

    def revoke(self, names):
        self.with_names(names, "revoke", "--keep", "--reason", "4")


class Dehydrated(Client):
    name = "dehydrated"
    program = "dehydrated"

    def dehydrated(self, *argv, **settings):
        values = {"CA": self.server.directory(), "BASEDIR": self.dir, "WELLKNOWN": self.webroot.challenges,
                  "CONTACT_EMAIL": "edge@cdn.example", "CURL_OPTS": f"--cacert {self.root}", "LOCKFILE":
                  self.path("lock"), **settings}
        with open(self.path("config"), "w", encoding="utf-8") as file:
            file.writelines(f"{name}=\"{value}\"\n" for name, value in values.items())
        return self.run("dehydrated", "-f", self.path("config"), *argv)

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

    def uacme(self, *argv):
        command = "mount --bind \"$0\" /etc/ssl/certs/ca-certificates.crt && exec uacme \"$@\""
        return self.run("unshare", "-m", "sh", "-c", command, self.root, "-v", "-y", "-c", self.path("conf"), "-a",
                        self.server.directory(), *argv, CHALLENGES=self.webroot.challenges)

    def register(self, binding=None):
        eab = ["-e", ":".join(binding)] if binding else []
        self.uacme(*eab, "new", "edge@cdn.example")

    def issue(self, names, *options):
        # It keeps the last certificate under a name of whole seconds, and gives up where that is taken.
        for path in glob.glob(self.path("conf", names[0], "cert-*.pem")):
            os.remove(path)
        self.uacme(*options, "-h", os.path.join(HERE, "uacme-hook.sh"), "issue", *names)
        return self.path("conf", names[0], "cert.pem")

    def obtain(self, names):
        return self.issue(names, "-t", "EC", "-b", "256")

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


ALL = (Certbot, Lego, Dehydrated, AcmeTiny, Uacme)

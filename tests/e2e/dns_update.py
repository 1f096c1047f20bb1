#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The owner's zone in a real name server: dns-01 and the CNAMEs of delegations by signed updates, aliases of
_acme-challenge, restarts, and what `check` says of the DNS.

Prints TAP.  Usage: dns_update.py BUILD_DIR [SCENE...]; NAME_SERVER=bind9 in the environment: not Knot DNS but BIND.
"""
import json
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "peers"), os.path.join(HERE, "..", "support")]
try:
    import bind9
    import csr_template
    import knot
    import stage as play
    import strict
    from ndc import Ndc
except ImportError as wrong:
    print(f"1..0 # SKIP {wrong}")
    sys.exit(0)

NAME = "www.example.org"
IS_BIND = os.environ.get("NAME_SERVER") == "bind9"
HOOK = """#!/bin/sh
echo "$@" >>"$0.log"
case $1 in
  present) echo "server 127.0.0.1 {port}
update add $2 60 TXT \\"$3\\"
send" ;;
  cleanup) echo "server 127.0.0.1 {port}
update delete $2 TXT \\"$3\\"
send" ;;
esac | nsupdate -k {key}
"""
RECORDS = "_acme-challenge.alias CNAME alias.acme.example.net."


class Scene:
    def __init__(self, stage):
        self.stage = stage
        zones = {"org": ("", False), "example": ("edge.cdn A 192.0.2.1", False), "example.org": (RECORDS, True),
                 "acme.example.net": ("", False)}
        server = bind9.Bind9 if IS_BIND else knot.Knot
        self.knot = server(stage.path("zones"), stage.free_port(), zones).start()
        self.server = f"127.0.0.1@{self.knot.port}"
        stage.servers.append(self)
        directory = stage.start_star_ca(stage.free_port(), [NAME], **{
            "challenges": ["dns-01"], "dns-servers": [self.server], "dns-cache": 0, "validation-retry-ms": 100,
            "caa-identities": ["ca.example"]})
        hook = stage.write("lego-hook", HOOK.format(port=self.knot.port, key=self.knot.key_file))
        os.chmod(hook, 0o700)
        self.hook_log = hook + ".log"
        issuers = [{"name": name, "kind": "star", "directory": directory, "dns-update": update} for name, update in (
            ("ca", self.nsupdate()),
            ("hooked", {"style": "lego", "program": hook, "poll-ms": 50}),
            ("locked", self.nsupdate(key=self.knot.write_key("wrong.key", "d3Jvbmc="))))]
        stage.configure_ido(directory, stage.free_port(), **{
            "issuers": issuers, "dns-servers": [self.server], "cname-update": self.nsupdate(),
            "dns-trust-anchor": self.knot.anchor("example.org")})
        self.directory = self.start()
        self.mac_key = stage.ido("ndc-add", "cdn")
        self.ndc = Ndc(stage.trust, self.directory)
        self.ndc.register(externalAccountBinding=self.ndc.eab("cdn", self.mac_key))

    def start(self):
        def starts():
            log = self.stage.path("ido-server.log")
            return self.stage.log_of("ido-server").count("ido.ready") if os.path.exists(log) else 0
        before = starts()
        directory = self.stage.start_ido()
        self.stage.until("the server is ready", lambda: starts() > before)
        return directory

    def close(self):
        self.knot.stop()

    def nsupdate(self, key=None):
        return {"style": "nsupdate", "key-file": key or self.knot.key_file, "server": self.server, "poll-ms": 50,
                "wait": 60, "timeout": 60}

    def delegate(self, delegation, *names, more=()):
        self.stage.delegate("cdn", play.template_for(*names), "--id", delegation, *more)

    def obtain(self, delegation, *names, lifetime=3600):
        """Orders; the certificate's URL."""
        url = next(u for u in self.ndc.delegations() if u.endswith("/" + delegation))
        parts = csr_template.parts_from(play.template_for(*names))
        return self.ndc.obtain(self.ndc.star_payload(url, list(names), lifetime, seconds=7200), parts)

    def until_gone(self, record, name):
        self.stage.until(f"{record} of {name} is gone", lambda: not self.knot.ask(record, name))

    def until_there(self, record, name, value):
        self.stage.until(f"{name} {record} {value}", lambda: self.knot.ask(record, name) == [value])


def zone(stage):
    """dns-01 and CNAMEs in knot by nsupdate with TSIG."""
    s = Scene(stage)
    cnames = stage.write_json("map.json", {NAME + ".": "edge.cdn.example."})

    def installed():
        s.delegate("d1", NAME, more=("--cname-map", cnames))
        strict.must(not s.knot.ask("CNAME", NAME), "test", "a CNAME before there is a certificate")
        s.obtain("d1", NAME)
        s.until_gone("TXT", "_acme-challenge." + NAME)
        s.until_there("CNAME", NAME, "edge.cdn.example.")
        stage.until_logged("ido-server", f"ido.cname.installed {NAME}.")
    yield "dns-01 by nsupdate; the value vanishes; the CNAME is installed and seen", installed

    def changed():
        other = stage.write_json("other.json", {NAME + ".": "other.cdn.example."})
        stage.ido("delegation-change", "d1", "--cname-map", other)
        s.until_there("CNAME", NAME, "other.cdn.example.")
        stage.until("the old one is noted as gone", lambda: "edge.cdn.example" not in stage.ido("cnames", "d1"))
        strict.must(s.knot.ask("CNAME", NAME) == ["other.cdn.example."], "test", "the new one was removed with the old")
    yield "another map: the CNAME is replaced", changed

    def two_values():
        s.delegate("wild", "w.example.org", "*.w.example.org")
        s.obtain("wild", "w.example.org", "*.w.example.org")
        s.until_gone("TXT", "_acme-challenge.w.example.org")
    yield "a name and its wildcard: two values at one name", two_values  # ACME-8.4-01

    def over_tcp():
        """ACME-11.2-01: what others left there does not fit into a datagram; the CA's resolver asks again by TCP."""
        name = "_acme-challenge.tcp.example.org"
        s.knot.update(*(f'add {name}. 60 TXT "{number:043}"' for number in range(40)))
        strict.must(len(s.knot.ask("TXT", name, "+ignore")) < 40 == len(s.knot.ask("TXT", name)), "test", "no TC")
        s.delegate("tcp", "tcp.example.org")
        s.obtain("tcp", "tcp.example.org")
        stage.until("only our value is taken away", lambda: len(s.knot.ask("TXT", name)) == 40)
    yield "forty values of others at the name: look-ups by TCP", over_tcp

    def alias():
        s.delegate("alias", "alias.example.org")
        s.obtain("alias", "alias.example.org")
        s.until_gone("TXT", "alias.acme.example.net")
        strict.must("TXT of alias.acme.example.net" in stage.log_of("ido-server") or
                    "TXT of _acme-challenge.alias.example.org" in stage.log_of("ido-server"), "test", "not logged")
        strict.must(s.knot.ask("CNAME", "_acme-challenge.alias.example.org") == ["alias.acme.example.net."], "test",
                    "the alias was touched")
    yield "an alias of _acme-challenge into another zone is followed", alias

    def hooked():
        s.delegate("hooked", "hooked.example.org", more=("--issuer", "hooked"))
        s.obtain("hooked", "hooked.example.org")
        s.until_gone("TXT", "_acme-challenge.hooked.example.org")
        with open(s.hook_log, encoding="ascii") as file:
            lines = [line.split() for line in file]
        strict.must([line[:2] for line in lines] == [["present", "_acme-challenge.hooked.example.org."],
                                                     ["cleanup", "_acme-challenge.hooked.example.org."]] and
                    lines[0][2] == lines[1][2], "test", f"the hook got {lines}")
    yield "a hook written for lego", hooked

    def locked():
        s.delegate("locked", "locked.example.org", more=("--issuer", "locked"))
        url = next(u for u in s.ndc.delegations() if u.endswith("/locked"))
        _, document = s.ndc.order(s.ndc.star_payload(url, ["locked.example.org"], 3600, seconds=7200))
        s.ndc.finalize(document, csr_template.parts_from(play.template_for("locked.example.org")).der())
        stage.until_logged("ido-server", "dns.exec nsupdate upsert TXT _acme-challenge.locked.example.org: exit status")
        strict.must(not s.knot.ask("TXT", "_acme-challenge.locked.example.org"), "test", "written with a wrong key")
        stage.ido("end", "locked")
    yield "a wrong key: nothing is written, and the log says why", locked

    def removed():
        stage.ido("end", "d1")
        s.until_gone("CNAME", NAME)
        stage.until("the CNAME is noted as gone", lambda: stage.ido("cnames", "d1") == "")
    yield "the end of the delegation removes the CNAME", removed

    def restarted():
        other = stage.write_json("map2.json", {"r.example.org.": "edge.cdn.example."})
        s.delegate("d2", "r.example.org", more=("--cname-map", other))
        s.obtain("d2", "r.example.org")
        s.until_there("CNAME", "r.example.org", "edge.cdn.example.")
        stage.processes["ido-server"].send_signal(signal.SIGKILL)
        stage.processes.pop("ido-server").wait(60)
        s.knot.update("delete r.example.org. CNAME")  # somebody took it away meanwhile
        s.start()
        s.until_there("CNAME", "r.example.org", "edge.cdn.example.")
        stage.end_process("ido-server")
        stage.ido("end", "d2")  # on the store
        s.start()
        s.until_gone("CNAME", "r.example.org")
        stage.until("the CNAME is noted as gone", lambda: stage.ido("cnames", "d2") == "")
    yield "CNAMEs after restarts: put back, and removed", restarted


def check(stage):
    """What `check` says of CAA, the CNAME and _acme-challenge (STARDEL-7.4-01)."""
    s = Scene(stage)
    s.delegate("d1", NAME, more=("--cname-map", stage.write_json("map.json", {NAME + ".": "edge.cdn.example."})))
    s.delegate("d2", "plain.example.org")
    s.obtain("d1", NAME)
    s.until_there("CNAME", NAME, "edge.cdn.example.")
    account = None

    def look(delegation, status):
        rows = json.loads(stage.ido("check", delegation, "--json", status=status))["names"]
        strict.must(len(rows) == 1, "test", f"{rows}")
        return rows[0]

    def says(delegation, caa, *words, **members):
        row = look(delegation, 3 if words else 0)
        strict.must(row["caa"] == caa, "test", f"{row}")
        strict.must(len(row["findings"]) == len(words) and all(w in " ".join(row["findings"]) for w in words), "test",
                    f"{row['findings']}")
        for name, value in members.items():
            strict.must(row.get(name.replace("_", "-")) == value, "test", f"{name}: {row}")
        return row

    def caa(name, *values):
        s.knot.update(f"delete {name}. CAA", *(f'add {name}. 60 CAA 0 issue "{value}"' for value in values))

    def add_lines(row):
        """The printed lines, added as they are."""
        for line in row["add"]:
            name, rest = line.split(None, 1)
            s.knot.update(f"add {name} 60 {rest}")

    def opened():
        nonlocal account
        row = says("d2", "open", "whoever answers")
        strict.must(len(row["add"]) == 1 and row["add"][0].startswith("plain.example.org. ") and
                    'validationmethods=dns-01"' in row["add"][0], "9115 7.4", f"{row['add']}")
        account = row["add"][0].split("accounturi=")[1].split(";")[0].strip()
        strict.must(account.startswith("https://ca.example:"), "9115 7.4", account)
        add_lines(row)
        says("d2", "ours", caa_at="plain.example.org", dnssec="secure", cname="none")  # ACME-11.2-01: validated
    yield "nothing holds: the records to add; with them all is well", opened

    def loose():
        # CAA-5.6-02: what lets others than our account in, or other ways than dns-01, is a finding
        good = f"ca.example; accounturi={account}; validationmethods=dns-01"
        for values, state, words in (
                (["ca.example"], "ours", ("accounturi", "validationmethods")),
                ([f"ca.example; accounturi={account}"], "ours", ("validationmethods",)),
                ([f"ca.example; accounturi={account}; validationmethods=dns-01,http-01"], "ours",
                 ("validationmethods",)),
                (["ca.example; validationmethods=dns-01"], "ours", ("accounturi",)),
                ([good, "other.example"], "ours", ("another CA",)),
                (["other.example"], "refused", ("cannot issue", "another CA")),
                ([";"], "refused", ("cannot issue",)),
                ([f"ca.example; accounturi={account}x; validationmethods=dns-01"], "refused", ("cannot issue",)),
                ([good], "ours", ())):
            caa("plain.example.org", *values)
            says("d2", state, *words)
    yield "accounturi, validationmethods, other CAs", loose

    def aliased():
        row = says("d1", "open", "whoever answers", cname="in-place", cname_target="edge.cdn.example")
        strict.must(row["add"][0].startswith("example.org. "), "8659 3", f"beside a CNAME: {row['add']}")
        s.knot.update('add edge.cdn.example. 60 CAA 0 issue "ca.example"')
        says("d1", "ours", "the delegate decides", "accounturi", "validationmethods")
        s.knot.update("delete edge.cdn.example. CAA")
        add_lines(row)
        says("d1", "ours", caa_at="example.org")
    yield "a name with a CNAME: its target's records count, then its parent's", aliased

    def led_away():
        s.knot.update(f"add {NAME}. 60 CNAME elsewhere.cdn.example.")
        says("d1", "ours", "leads to elsewhere.cdn.example", cname="other")
        s.knot.update(f"delete {NAME}. CNAME")
        says("d1", "ours", "is not there", cname="missing")
        s.knot.update(f"add {NAME}. 60 CNAME edge.cdn.example.")
        s.knot.update(f"add _acme-challenge.{NAME}. 60 CNAME x.cdn.example.")
        says("d1", "ours", "the delegate controls", acme_challenge="x.cdn.example")
        s.knot.update(f"add _acme-challenge.{NAME}. 60 CNAME x.acme.example.net.")
        says("d1", "ours", acme_challenge="x.acme.example.net")  # another zone of the owner's
    yield "a CNAME that leads elsewhere, an _acme-challenge in the delegate's hands", led_away

    def for_people():
        caa("plain.example.org", "other.example")
        text = stage.ido("check", status=3)
        strict.must(f"name={NAME} " in text and "name=plain.example.org" in text and "  ! " in text and
                    '  + plain.example.org. CAA' in text.replace(" IN ", " "), "test", text)
        stage.end_process("ido-server")  # on the store
        strict.must(stage.ido("check", "d2", status=3) in text, "test", "another answer without the server")
        stage.ido("check", "nobody", status=1)
    yield "lines for people, with and without a server", for_people

    def unreachable():
        s.knot.stop()
        row = look("d2", 3)
        strict.must(row["caa"] == "unknown" and row["dnssec"] != "secure" and "add" not in row, "8659 3", f"{row}")
    yield "a DNS that does not answer is not taken for an empty one", unreachable


def settings(stage):
    """What the configuration refuses, with its place."""
    def refused(update, *said, top="cname-update"):
        directory = "https://ca.example:1/directory"
        more = {top: update} if top == "cname-update" else {
            "issuers": [{"name": "ca", "kind": "star", "directory": directory, top: update}]}
        stage.configure_ido(directory, stage.free_port(), **more)
        process = stage.spawn("ido-server", stage.program("ido-server"), "run", "--config", stage.ido_config)
        strict.must(process.wait(60) != 0, "test", "it starts")
        for text in said:
            strict.must(text in stage.log_of("ido-server"), "test", f"{text!r} is not in {stage.log_of('ido-server')}")
        os.remove(stage.path("ido-server.log"))
    yield "TXT-only style for CNAMEs", lambda: refused({"style": "lego", "program": "/bin/true"}, "/cname-update/style",
                                                       "TXT records only")
    yield "no such style", lambda: refused({"style": "telepathy"}, "/cname-update/style")
    yield "a program without a path", lambda: refused({"style": "exec", "program": "hook.sh"}, "/cname-update/program")
    yield "an issuer's lexicon without a zone", lambda: refused({"style": "lexicon", "provider": "gandi"},
                                                               "/issuers/0/dns-update", "zone", top="dns-update")
    yield "a server with a line break", lambda: refused({"style": "nsupdate", "server": "127.0.0.1\nzone x"},
                                                        "/cname-update/server")


if __name__ == "__main__":
    absent = bind9.missing() if IS_BIND else knot.missing()
    if absent is not None:
        print(f"1..0 # SKIP {absent} is not installed")
        sys.exit(0)
    play.main(zone, check, settings)

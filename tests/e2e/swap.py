#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates swapped inside real servers under handshake load: haproxy by its runtime API, nginx by reload.

Four delegations with certificates of four seconds make a swap a second; tls-load keeps opening connections for each of
the names until twenty swaps were seen.  Not one handshake may fail.  Prints TAP; a server that is not installed is
skipped.
Usage: swap.py BUILD_DIR
"""
import json
import os
import re
import shutil
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bad_input  # noqa: E402  (its path is known only now)
from bad_input import ports, story  # noqa: E402

NAMES = [story.NAME] + [f"{word}.cp.example" for word in ("audio", "image", "text")]
SWAPS = 20


class Scene(bad_input.Scene):
    """The scene of bad_input.py with four names, and a server of somebody else's."""

    def write_json(self, name, value):
        if name == "star-ca.json":
            port = value["http-01-port"]
            value["resolve"] = [f"{name_}:{port}:127.0.0.1" for name_ in NAMES]
        return super().write_json(name, value)

    def spawn(self, who, *argv):
        if who == "ido-server":
            for name in NAMES[1:]:
                template = {**story.TEMPLATE, "extensions": {**story.TEMPLATE["extensions"],
                                                             "subjectAltName": {"DNS": [name]}}}
                self.run(self.program("ido-server"), "delegation-add", "--config", argv[-1], "--ndc", "cdn",
                         "--template", self.write_json(name + ".json", template), "--cname-map",
                         self.write_json(name + "-cname.json", {name + ".": "edge.cdn.example."}))
        return super().spawn(who, *argv)

    def short(self):
        """Certificates that live for four seconds and three before that."""
        return {"lifetime": 4 * self.stretch, "lifetime-adjust": 3 * self.stretch}

    def pem(self, name):
        return self.path("live", name + ".pem")

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def until_all(self):
        self.until("four certificates", lambda: all(os.path.exists(self.pem(name)) for name in NAMES))

    def swaps_seen(self):
        return sum(max(0, self.log_of("load-" + name).count("tls-load.serial") - 1) for name in NAMES)

    def load(self, port):
        for name in NAMES:
            self.spawn("load-" + name, self.program("tls-load"), "--connect", f"127.0.0.1:{port}", "--name", name,
                       "--root", self.path("star-ca", "root.pem"), "--summary", self.path(name + ".load.json"),
                       "--threads", "1", "--pause-ms", "15")
        self.until("twenty swaps", lambda: self.swaps_seen() >= SWAPS, story.PATIENCE_S + 30 * self.stretch)
        for name in NAMES:
            self.processes["load-" + name].stop()
        swaps, handshakes = 0, 0
        for name in NAMES:
            with open(self.path(name + ".load.json"), encoding="ascii") as file:
                summary = json.load(file)
            if summary["failures"] or summary["refusals"]:
                raise story.Failure(f"{name}: {summary['failures']} failed, {summary['refusals']} refused: "
                                    f"{summary['reasons']}")
            swaps += summary["distinct_serials"] - 1
            handshakes += summary["handshakes"]
        if swaps < SWAPS:
            raise story.Failure(f"only {swaps} swaps were seen, {SWAPS} wanted")
        return f"{handshakes} handshakes over {swaps} swaps, none failed"


def wait_for_listener(scene, who, port):
    def is_open():
        if scene.processes[who].is_dead():
            raise story.Failure(f"{who} ended: " + scene.log_of(who)[-1500:])
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    scene.until(f"{who} listening", is_open)


@bad_input.counts_seconds
def haproxy(scene):
    port = ports.free_port()
    scene.start_agent(**{**scene.short(), "haproxy": {"socket": scene.path("haproxy.sock")}})
    scene.until_all()
    config = scene.write("haproxy.cfg", f"""
global
  stats socket {scene.path('haproxy.sock')} mode 600 level admin
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend tls
  bind 127.0.0.1:{port} ssl crt {scene.path('live')}/
  http-request return status 200 content-type text/plain string ok
""")
    scene.spawn("haproxy", shutil.which("haproxy"), "-db", "-f", config)
    wait_for_listener(scene, "haproxy", port)
    return scene.load(port)


@bad_input.counts_seconds
def nginx(scene):
    port = ports.free_port()
    servers = "".join(f"""
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate {scene.pem(name)};
    ssl_certificate_key {scene.pem(name)};
    return 200 "ok";
  }}""" for name in NAMES)
    paths = "".join(f"  {kind}_temp_path {scene.path('temp')};\n"
                    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = scene.write("nginx.conf", f"""
{"user root;" if os.geteuid() == 0 else ""}
daemon off;
worker_processes 1;
pid {scene.path('nginx.pid')};
error_log {scene.path('nginx-errors.log')};
events {{ worker_connections 256; }}
http {{
  access_log off;
  ssl_protocols TLSv1.3;
  ssl_session_cache off;
{paths}{servers}
}}
""")
    reload_ = [shutil.which("nginx"), "-e", scene.path("nginx-errors.log"), "-c", config, "-s", "reload"]
    scene.start_agent(**scene.short())
    scene.until_all()
    scene.spawn("nginx", shutil.which("nginx"), "-e", scene.path("nginx-errors.log"), "-c", config)
    wait_for_listener(scene, "nginx", port)
    scene.processes["ndc-agent"].stop()  # started again, now with somebody to tell
    scene.start_agent(**{**scene.short(), "reload": reload_})
    return scene.load(port)


def publishing(scene):
    """Mode 0600, key first, one file; a reload that fails, hangs or is no program is told and tried again."""
    scene.start_agent(**{"lifetime": 4, "reload": ["/bin/sleep", "60"], "reload-timeout-ms": 300})
    scene.until_logged("agent.reload")
    scene.until("its certificate", lambda: os.path.exists(scene.pem(NAMES[0])))  # another name may have been first
    mode = os.stat(scene.pem(NAMES[0])).st_mode & 0o777
    with open(scene.pem(NAMES[0]), encoding="ascii") as file:
        labels = re.findall("-----BEGIN ([A-Z ]+)-----", file.read())
    if mode != 0o600 or labels[0] != "PRIVATE KEY" or set(labels[1:]) != {"CERTIFICATE"}:
        raise story.Failure(f"mode {mode:o}, labels {labels}")
    if "agent.certificate" in scene.log_of("ndc-agent"):
        raise story.Failure("a certificate counts as taken although the reload failed")
    scene.processes["ndc-agent"].stop()
    scene.start_agent(**{"reload": ["/bin/true"]})
    scene.until_logged("agent.certificate")
    return "reload program"


def deactivating(scene):
    """STARDEL-7.2-01: one command; the status says so ever after."""
    config = scene.agent_config()
    agent = scene.program("ndc-agent")
    scene.run(agent, "run", "--config", config, "--once")
    if "account=in-use" not in scene.run(agent, "status", "--config", config):
        raise story.Failure("the account is not in use")
    scene.run(agent, "deactivate", "--config", config)
    status = scene.run(agent, "status", "--config", config)
    if "account=deactivated" not in status or "state=active" not in status:
        raise story.Failure(status)
    scene.run(agent, "deactivate", "--config", config)
    return "account deactivated"


CASES = [(haproxy, "haproxy"), (nginx, "nginx"), (publishing, None), (deactivating, None)]


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where Debian has servers
    sys.exit(bad_input.play(Scene, CASES))

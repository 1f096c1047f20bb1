# SPDX-License-Identifier: Apache-2.0
"""bind9.py -- the same zones in BIND 9."""
import knot


def missing():
    """What is not installed; None."""
    return knot.missing("named")


class Bind9(knot.Knot):
    """zones: name -> (records, is signed)."""

    def write_config(self, zones):
        text = f"""options {{
  directory "{self.folder}";
  listen-on port {self.port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile "{self.folder}/session.key";
  recursion no;
  dnssec-validation no;
}};
controls {{ }};
key "update" {{ algorithm hmac-sha256; secret "{self.key}"; }};
"""
        for name, (_, is_signed) in zones.items():
            signed = f'dnssec-policy default; key-directory "{self.folder}";' if is_signed else ""
            text += f'zone "{name}" {{ type primary; file "{name}.zone"; {signed} allow-update {{ key update; }}; }};\n'
        return self.write("named.conf", text)

    def command(self):
        return ["/usr/sbin/named", "-g", "-c", self.config]

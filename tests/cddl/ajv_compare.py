# SPDX-License-Identifier: Apache-2.0
# cddl/ajv_compare.py -- the compiled CDDL of RFC 9115 appendix A against the JSON Schema of its appendix B, run by ajv.
# The two schemas do not mean the same; where they differ is listed below, and each entry is itself checked.  Everywhere
# else they agree.
# Usage: ajv_compare.py DRIVER SCHEMA.json WORKDIR; ends with 77 if node or the npm package cannot be had.
import json
import os
import random
import re
import shutil
import subprocess
import sys

import cddl_random

COUNT = 20000
SKIPPED = 77

VALIDATE = """
const Ajv = require("ajv"); const formats = require("ajv-formats");
const fs = require("fs");
const ajv = new Ajv({strict: false}); formats(ajv);
const schema = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
// ajv 8 does not know "$id": "#name" of draft 7; references by path mean the same.
const text = JSON.stringify(schema).replace(/"\\$ref":"#([A-Za-z-]+)"/g, '"$ref":"#/$defs/$1"')
  .replace(/"\\$id":"#[A-Za-z-]+",/g, "");
const check = ajv.compile(JSON.parse(text));
for (const line of fs.readFileSync(0, "utf8").split("\\n")) {
  if (line !== "") console.log(check(JSON.parse(line)) ? "valid" : "invalid");
}
"""

RSA = {"PublicKeyType": "rsaEncryption", "PublicKeyLength": 2048, "SignatureType": "sha256WithRSAEncryption"}


def template(**changes):
    out = {"keyTypes": [dict(RSA)], "extensions": {"subjectAltName": {"DNS": ["a.example"]}}}
    out.update(changes)
    return out


def names(**values):
    return template(extensions={"subjectAltName": values})


# What the two schemas are known to see differently: (what, a template, CDDL says, JSON Schema says).
KNOWN = [
    ("negative key length", template(keyTypes=[dict(RSA, PublicKeyLength=-1)]), False, True),
    ("integral number with a fraction", template(keyTypes=[dict(RSA, PublicKeyLength=cddl_random.Raw("2048.0"))]),
     False, True),
    ("empty subject attribute", template(subject={"country": ""}), False, True),
    ("line break in a subject attribute", template(subject={"country": "a\nb"}), False, True),
    ("underscore in a DNS name", names(DNS=["a_b.example"]), True, False),
    ("wildcard as a DNS literal", names(DNS=["*.example.com"]), True, False),
    ("mail address without a domain", names(Email=["a"]), True, False),
    ("URI without a scheme", names(URI=["a"]), True, False),
]


def fits_formats(value):
    """Is the template in the common ground?  False where one of the KNOWN differences may speak."""
    if isinstance(value, dict):
        for key, child in value.items():
            if key == "PublicKeyLength" and (isinstance(child, cddl_random.Raw) or
                                             (isinstance(child, int) and not isinstance(child, bool) and child < 0)):
                return False
            if key in cddl_random.SUBJECT and isinstance(child, str) and (child == "" or re.search(r"[\r\n]", child)):
                return False
            if key in ("DNS", "Email", "URI") and isinstance(child, list) and any(isinstance(c, str) for c in child):
                if not all(is_common(key, c) for c in child):
                    return False
            if key == "extendedKeyUsage" and isinstance(child, list) and \
                    any(isinstance(c, str) and re.search(r"[\r\n\u2028\u2029]", c) for c in child):
                return False
            if not fits_formats(child):
                return False
    if isinstance(value, list):
        return all(fits_formats(child) for child in value)
    # Numbers that a double cannot tell from integers.
    return not (isinstance(value, cddl_random.Raw))


def is_common(kind, text):
    """Names that both take, or that no format has an opinion about."""
    if not isinstance(text, str):
        return True
    return text in {"DNS": ("*", "**", "a.example", "cdn.ido.example"), "Email": ("a@b.example",),
                    "URI": ("https://a.example/",)}[kind]


def random_common(rng):
    """A random document whose names are of the common ground, most of the time."""
    value = cddl_random.document(rng)
    if isinstance(value, dict) and isinstance(value.get("extensions"), dict) and \
            isinstance(value["extensions"].get("subjectAltName"), dict):
        san = value["extensions"]["subjectAltName"]
        for kind, good in (("DNS", ["*", "**", "a.example"]), ("Email", ["a@b.example"]),
                           ("URI", ["https://a.example/"])):
            if isinstance(san.get(kind), list):
                san[kind] = [rng.choice(good) if isinstance(t, str) else t for t in san[kind]]
    return value


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIPPED)


def install(folder):
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        skip("node and npm are not installed")
    os.makedirs(folder, exist_ok=True)
    if not os.path.isdir(os.path.join(folder, "node_modules", "ajv-formats")):
        with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as file:
            json.dump({"name": "cddl-ajv", "private": True,
                       "dependencies": {"ajv": "^8.17.0", "ajv-formats": "^3.0.0"}}, file)
        try:
            done = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder,
                                  capture_output=True,
                                  text=True, timeout=240, check=False)
        except subprocess.TimeoutExpired:
            skip("npm install takes too long")
        if done.returncode != 0:
            skip("npm install failed: " + done.stderr.strip()[-300:])
    with open(os.path.join(folder, "validate.js"), "w", encoding="utf-8") as file:
        file.write(VALIDATE)
    return node


def verdicts(command, lines, folder=None):
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, cwd=folder,
                          check=False)
    if done.returncode != 0:
        sys.exit("%s failed: %s" % (command[0], done.stderr[-1000:]))
    return [line == "valid" for line in done.stdout.splitlines()]


def main():
    driver, schema, folder = sys.argv[1:4]
    node = install(folder)
    rng = random.Random(9115)
    bad = []
    lines = [cddl_random.dumps(case[1]) for case in KNOWN]
    ours = verdicts([driver], lines)
    theirs = verdicts([node, "validate.js", schema], lines, folder)
    for (what, _, cddl, jsonschema), a, b in zip(KNOWN, ours, theirs):
        if (a, b) != (cddl, jsonschema):
            bad.append("known difference %r: CDDL %s, JSON Schema %s" % (what, a, b))
    common = []
    while len(common) < COUNT:
        value = random_common(rng)
        if fits_formats(value):
            common.append(cddl_random.dumps(value))
    ours = verdicts([driver], common)
    theirs = verdicts([node, "validate.js", schema], common, folder)
    bad += ["%s: CDDL %s, JSON Schema %s" % (t, a, b) for t, a, b in zip(common, ours, theirs) if a != b]
    print("%d templates, %d valid, %d known differences, %d surprises" % (len(common), sum(ours), len(KNOWN), len(bad)))
    for text in bad[:10]:
        print(text)
    sys.exit(1 if bad or len(ours) != COUNT or len(theirs) != COUNT else 0)


if __name__ == "__main__":
    main()

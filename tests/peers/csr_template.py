# SPDX-License-Identifier: Apache-2.0
"""csr_template.py -- RFC 9115 section 4 and appendix A, both ways: a request made from a template, a request held
against one.

The CDDL is put into words here once more: maps are closed, `*` and `**` are wildcards only where `wildcard` stands.
"""
import re

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID as Purpose, ExtensionOID, NameOID

import der

SUBJECT = {"country": NameOID.COUNTRY_NAME, "stateOrProvince": NameOID.STATE_OR_PROVINCE_NAME,
           "locality": NameOID.LOCALITY_NAME, "organization": NameOID.ORGANIZATION_NAME,
           "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME, "emailAddress": NameOID.EMAIL_ADDRESS,
           "commonName": NameOID.COMMON_NAME}
CURVES = {"secp256r1": (ec.SECP256R1, "ecdsa-with-SHA256"), "secp384r1": (ec.SECP384R1, "ecdsa-with-SHA384"),
          "secp521r1": (ec.SECP521R1, "ecdsa-with-SHA512")}
RSA_SIGNATURES = [f"sha{n}WithRSA{how}" for n in (256, 384, 512) for how in ("Encryption", "andMGF1")]
USAGES = {"digitalSignature": "digital_signature", "nonRepudiation": "content_commitment",
          "keyEncipherment": "key_encipherment", "dataEncipherment": "data_encipherment",
          "keyAgreement": "key_agreement", "keyCertSign": "key_cert_sign", "cRLSign": "crl_sign",
          "encipherOnly": "encipher_only", "decipherOnly": "decipher_only"}
PURPOSES = {"serverAuth": Purpose.SERVER_AUTH, "clientAuth": Purpose.CLIENT_AUTH,
            "codeSigning": Purpose.CODE_SIGNING, "emailProtection": Purpose.EMAIL_PROTECTION,
            "timeStamping": Purpose.TIME_STAMPING, "OCSPSigning": Purpose.OCSP_SIGNING}
OID = re.compile(r"([0-2])((\.0)|(\.[1-9][0-9]*))*")
REGTEXT = re.compile(r"([^*].*)|([*][^*].*)|([*][*].+)")


# --- The CDDL ---

def map_faults(value, name, required, optional):
    if not isinstance(value, dict):
        return [f"{name} is no object"]
    return ([f"{name}.{key} is missing" for key in required if key not in value] +
            [f"{name}.{key} is unknown" for key in value if key not in required and key not in optional])


def text_faults(value, name, wildcards):
    if not isinstance(value, str):
        return [f"{name} is no text"]
    if value in ("*", "**"):
        return [] if wildcards else [f"{name} may be no wildcard"]
    return [] if REGTEXT.fullmatch(value) else [f"{name} is empty"]


def array_faults(value, name, each):
    if not isinstance(value, list) or not value:
        return [f"{name} is no array with one element or more"]
    return [fault for item in value for fault in each(item)]


def key_type_faults(value):
    kind = value.get("PublicKeyType") if isinstance(value, dict) else None
    if kind == "rsaEncryption":
        faults = map_faults(value, "keyTypes", ("PublicKeyType", "PublicKeyLength", "SignatureType"), ())
        size = value.get("PublicKeyLength")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            faults.append("PublicKeyLength is no unsigned integer")
        return faults + ([] if value.get("SignatureType") in RSA_SIGNATURES else ["SignatureType is unknown"])
    if kind == "id-ecPublicKey":
        faults = map_faults(value, "keyTypes", ("PublicKeyType", "namedCurve", "SignatureType"), ())
        pair = CURVES.get(value.get("namedCurve"))
        if pair is None or pair[1] != value.get("SignatureType"):
            faults.append("namedCurve and SignatureType are no pair of appendix A")
        return faults
    return ["PublicKeyType is unknown"]


def template_faults(template):
    """What breaks the CDDL; empty for a good template."""
    faults = map_faults(template, "template", ("keyTypes", "extensions"), ("subject",))
    if faults:
        return faults
    faults += array_faults(template["keyTypes"], "keyTypes", key_type_faults)
    if "subject" in template:
        subject = template["subject"]
        faults += map_faults(subject, "subject", (), SUBJECT) or ([] if subject else ["subject is empty"])
        if not faults:
            faults += [f for k, v in subject.items() for f in text_faults(v, k, True)]
    extensions = template["extensions"]
    wrong = map_faults(extensions, "extensions", ("subjectAltName",), ("keyUsage", "extendedKeyUsage"))
    if wrong:
        return faults + wrong
    names = extensions["subjectAltName"]
    faults += map_faults(names, "subjectAltName", (), ("DNS", "Email", "URI")) or (
        [] if names else ["subjectAltName is empty"])
    for kind, values in names.items() if isinstance(names, dict) else ():
        faults += array_faults(values, kind, lambda v, kind=kind: text_faults(v, kind, kind == "DNS"))
    for kind, known in (("keyUsage", USAGES), ("extendedKeyUsage", PURPOSES)):
        if kind in extensions:
            faults += array_faults(extensions[kind], kind, lambda v, kind=kind, known=known: [] if v in known or (
                kind != "keyUsage" and isinstance(v, str) and OID.fullmatch(v)) else [f"{kind} {v}"])
    return faults


# --- A request from a template (the NDC's side) ---

def purpose_of(value):
    return PURPOSES.get(value) or x509.ObjectIdentifier(value)


def usage_of(values):
    return x509.KeyUsage(**{name: usage in values for usage, name in USAGES.items()})


def new_key(key_type):
    if key_type["PublicKeyType"] == "rsaEncryption":
        return rsa.generate_private_key(65537, key_type["PublicKeyLength"])
    return ec.generate_private_key(CURVES[key_type["namedCurve"]][0]())


class Parts:
    """What goes into a request; tests spoil it before it is signed."""

    def __init__(self, key, signature_type):
        self.key = key
        self.signature_type = signature_type
        self.subject = {}
        self.dns, self.email, self.uri, self.others = [], [], [], []
        self.usage = self.purposes = None
        self.more = []
        self.attributes = []
        self.flip = False

    def der(self):
        subject = x509.Name([x509.NameAttribute(SUBJECT[k], v) for k, v in self.subject.items()])
        names = ([x509.DNSName(n) for n in self.dns] + [x509.RFC822Name(n) for n in self.email] +
                 [x509.UniformResourceIdentifier(n) for n in self.uri] + self.others)
        extensions = [(x509.SubjectAlternativeName(names), not self.subject)] if names else []
        if self.usage is not None:
            extensions.append((usage_of(self.usage), True))
        if self.purposes is not None:
            extensions.append((x509.ExtendedKeyUsage([purpose_of(p) for p in self.purposes]), False))
        return der.request(self.key, self.signature_type, subject, extensions + self.more, self.attributes, self.flip)


def parts_from(template, choices=None, key=None, key_type=0):
    """Literals as they stand; `**` and `*` from choices (name of the field -> value; for DNS a list)."""
    choices = choices or {}
    kind = template["keyTypes"][key_type]
    parts = Parts(key or new_key(kind), kind["SignatureType"])
    for field, value in template.get("subject", {}).items():
        chosen = choices.get(field) if value in ("*", "**") else value
        if chosen is None and value == "**":
            raise ValueError(f"the template wants a {field}")
        if chosen is not None:
            parts.subject[field] = chosen
    extensions = template["extensions"]
    names = extensions["subjectAltName"]
    wanted = list(choices.get("DNS", []))
    for value in names.get("DNS", []):
        if value == "**" or (value == "*" and wanted):
            parts.dns.append(wanted.pop(0))
        elif value != "*":
            parts.dns.append(value)
    parts.email, parts.uri = list(names.get("Email", [])), list(names.get("URI", []))
    parts.usage, parts.purposes = extensions.get("keyUsage"), extensions.get("extendedKeyUsage")
    return parts


# --- A request against a template (the IdO's side) ---

def fault(kind, text, name=None):
    return {"kind": kind, "text": text, "name": name}


def key_faults(template, request, request_der):
    public = request.public_key()
    info, algorithm, signature = der.parts_of(request_der)
    for kind in template["keyTypes"]:
        if isinstance(public, rsa.RSAPublicKey):
            fits = kind.get("PublicKeyLength") == public.key_size
        else:
            fits = isinstance(public, ec.EllipticCurvePublicKey) and kind.get("namedCurve") == public.curve.name
        if fits and algorithm == der.algorithm(kind["SignatureType"]):
            if der.verifies(public, kind["SignatureType"], info, signature):
                return []
            return [fault("badCSR", "the request's signature does not verify")]
    return [fault("badCSR", "no keyTypes member fits the key")]


def subject_faults(template, request):
    faults, wanted = [], template.get("subject", {})
    known = {oid: field for field, oid in SUBJECT.items()}
    found = {}
    for attribute in request.subject:
        field = known.get(attribute.oid)
        if field not in wanted or field in found:
            faults.append(fault("badCSR", f"subject field {attribute.oid.dotted_string} is not allowed"))
        found[field] = attribute.value
    for field, value in wanted.items():
        if value != "*" and field not in found:
            faults.append(fault("badCSR", f"{field} is missing"))
        elif field in found and (not found[field] or (value not in ("*", "**") and found[field] != value)):
            faults.append(fault("badCSR", f"{field} is not as the template has it"))
    return faults


def name_faults(template, names, policy):
    faults, wanted = [], template["extensions"]["subjectAltName"]
    kinds = {x509.DNSName: "DNS", x509.RFC822Name: "Email", x509.UniformResourceIdentifier: "URI"}
    rest = {"DNS": [], "Email": [], "URI": []}
    for name in names:
        if type(name) not in kinds:
            faults.append(fault("rejectedIdentifier", "a kind of name that the template does not know"))
        else:
            rest[kinds[type(name)]].append(name.value.lower() if isinstance(name, x509.DNSName) else name.value)
    for kind, found in rest.items():
        literals = [v for v in wanted.get(kind, []) if v not in ("*", "**")]
        for literal in literals:
            if literal.lower() in found or literal in found:
                found.remove(literal.lower() if kind == "DNS" else literal)
            else:
                faults.append(fault("rejectedIdentifier", "a literal name is missing", literal))
        low = wanted.get(kind, []).count("**")
        if not low <= len(found) <= low + wanted.get(kind, []).count("*"):
            faults += [fault("rejectedIdentifier", "not in the template", name) for name in found or [None]]
        faults += [fault("rejectedIdentifier", "refused by policy", name) for name in found if not policy(name)]
    return faults


def extension_faults(template, request):
    faults, wanted = [], template["extensions"]
    allowed = {ExtensionOID.SUBJECT_ALTERNATIVE_NAME: "subjectAltName", ExtensionOID.KEY_USAGE: "keyUsage",
               ExtensionOID.EXTENDED_KEY_USAGE: "extendedKeyUsage"}
    seen = {}
    for extension in request.extensions:
        name = allowed.get(extension.oid)
        if name not in wanted:
            faults.append(fault("badCSR", f"extension {extension.oid.dotted_string} is not in the template"))
        seen[name] = extension.value
    faults += [fault("badCSR", f"{name} is missing") for name in wanted if name not in seen]
    if "keyUsage" in seen and "keyUsage" in wanted and seen["keyUsage"] != usage_of(wanted["keyUsage"]):
        faults.append(fault("badCSR", "keyUsage differs"))
    if "extendedKeyUsage" in seen and "extendedKeyUsage" in wanted and (
            set(seen["extendedKeyUsage"]) != {purpose_of(p) for p in wanted["extendedKeyUsage"]}):
        faults.append(fault("badCSR", "extendedKeyUsage differs"))
    return faults, seen.get("subjectAltName", [])


def match(template, request_der, policy=lambda name: False):
    """Every way in which a request breaks the template."""
    try:
        request = x509.load_der_x509_csr(request_der)
        faults = key_faults(template, request, request_der)
        more, names = extension_faults(template, request)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as wrong:
        return [fault("badCSR", str(wrong))], []
    extension_request = der.oid((1, 2, 840, 113549, 1, 9, 14))
    if der.attributes_of(request_der) != [extension_request]:
        faults.append(fault("badCSR", "attributes beside the one extension request"))
    faults += subject_faults(template, request) + more + name_faults(template, names, policy)
    return faults, [n.value.lower() for n in names if isinstance(n, x509.DNSName)]


def dns_names(template):
    """Every delegated name that the configuration itself lists."""
    return [n for n in template["extensions"]["subjectAltName"].get("DNS", []) if n not in ("*", "**")]


def challenge_password():
    return (AttributeOID.CHALLENGE_PASSWORD, b"secret")

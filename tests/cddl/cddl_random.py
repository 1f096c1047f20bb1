# SPDX-License-Identifier: Apache-2.0
# cddl/cddl_random.py -- random CSR templates, ways to spoil them, and random schemas with values that nearly fit.
import json

import cddl_interp

KEY_USAGES = ["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
              "keyCertSign", "cRLSign",
              "encipherOnly", "decipherOnly"]
PURPOSES = ["serverAuth", "clientAuth", "codeSigning", "emailProtection", "timeStamping", "OCSPSigning",
            "1.3.6.1.5.5.7.3.1", "1.2.0.3", "0",
            "2.999", "1"]
RSA_SIGNATURES = ["sha256WithRSAEncryption", "sha384WithRSAEncryption", "sha512WithRSAEncryption",
                  "sha256WithRSAandMGF1",
                  "sha384WithRSAandMGF1", "sha512WithRSAandMGF1"]
CURVES = ["secp256r1", "secp384r1", "secp521r1"]
EC_SIGNATURES = ["ecdsa-with-SHA256", "ecdsa-with-SHA384", "ecdsa-with-SHA512"]
SUBJECT = ["country", "stateOrProvince", "locality", "organization", "organizationalUnit", "emailAddress", "commonName"]
NAMES = ["*", "**", "***", "*.ido.example", "cdn.ido.example", "a", "*a", "**a", "\u00fcn\u00ef\u00e7ode", "\U0001f512",
         "* ", " *", "a b"]
BAD_TEXTS = ["", "\n", "a\n", "\ra", "*\n", "**\n", "a\rb", "3.1", "1.02", "1..2", "1.", ".1", "1x2", "01", "1.2\n",
             "\u2028", "**\u0001", "\u0085"]
MEMBERS = SUBJECT + ["keyTypes", "subject", "extensions", "keyUsage", "extendedKeyUsage", "subjectAltName", "DNS",
                     "Email", "URI", "IP",
                     "PublicKeyType", "PublicKeyLength", "SignatureType", "namedCurve", "x", "", "dns", "KeyTypes"]


class Raw(str):
    """A piece of JSON that is written as it is."""


def dumps(value):
    """Like json.dumps, but Raw pieces stand as they are; one line."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k) + ":" + dumps(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dumps(v) for v in value) + "]"
    return json.dumps(value)


NUMBERS = [0, 1, -1, 2, 7, 255, 256, 2048, 4096, -2048, 9007199254740991, -9007199254740991] + [
    Raw(t) for t in ("2048.0", "-0", "-0.0", "1e3", "1.5", "0.0", "-0.5", "9007199254740992", "1E+2", "10e-1", "-1e-3",
                     "123456789012345678901234567890")]


def scalar(rng):
    return rng.choice([None, True, False, rng.choice(NUMBERS), rng.choice(NAMES), rng.choice(BAD_TEXTS),
                       rng.choice(KEY_USAGES + PURPOSES),
                       rng.choice(RSA_SIGNATURES + EC_SIGNATURES + CURVES + ["rsaEncryption", "id-ecPublicKey"])])


def junk(rng, depth=2):
    what = rng.randrange(8 if depth else 6)
    if what == 6:
        return [junk(rng, depth - 1) for _ in range(rng.randrange(3))]
    if what == 7:
        return {rng.choice(MEMBERS): junk(rng, depth - 1) for _ in range(rng.randrange(3))}
    return scalar(rng)


def some(rng, items, most=4):
    return [rng.choice(items) for _ in range(rng.randint(1, most))]


def rsa_key(rng):
    return {"PublicKeyType": "rsaEncryption", "PublicKeyLength": rng.choice([2048, 3072, 4096, 0, 1]),
            "SignatureType": rng.choice(RSA_SIGNATURES)}


def ec_key(rng):
    return {"PublicKeyType": "id-ecPublicKey", "namedCurve": rng.choice(CURVES),
            "SignatureType": rng.choice(EC_SIGNATURES)}


def template(rng):
    """A template that conforms."""
    literals = [n for n in NAMES if n not in ("*", "**")]
    names = {}
    for member, values in (("DNS", NAMES), ("Email", literals), ("URI", literals)):
        if rng.random() < 0.5:
            names[member] = some(rng, values)
    if not names:
        names["DNS"] = some(rng, NAMES)
    extensions = {"subjectAltName": names}
    if rng.random() < 0.6:
        extensions["keyUsage"] = some(rng, KEY_USAGES)
    if rng.random() < 0.6:
        extensions["extendedKeyUsage"] = some(rng, PURPOSES)
    out = {"keyTypes": [rng.choice([rsa_key, ec_key])(rng) for _ in range(rng.randint(1, 3))], "extensions": extensions}
    if rng.random() < 0.7:
        out["subject"] = {m: rng.choice(NAMES) for m in rng.sample(SUBJECT, rng.randint(1, 4))}
    return out if rng.random() < 0.5 else shuffled(rng, out)


def shuffled(rng, value):
    if isinstance(value, dict):
        items = list(value.items())
        rng.shuffle(items)
        return {k: shuffled(rng, v) for k, v in items}
    return [shuffled(rng, v) for v in value] if isinstance(value, list) else value


def containers(value):
    if isinstance(value, (dict, list)):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from containers(child)


def spoil(rng, value):
    """Changes one thing somewhere; the result may still conform."""
    place = rng.choice(list(containers(value)) or [None])
    if place is None:
        return junk(rng)
    if isinstance(place, dict):
        spoil_map(rng, place)
    else:
        spoil_list(rng, place)
    return value


def spoil_map(rng, place):
    what = rng.randrange(5)
    names = list(place)
    if what == 0 or not names:
        place[rng.choice(MEMBERS)] = junk(rng)
    elif what == 1:
        del place[rng.choice(names)]
    elif what == 2:
        place[rng.choice(MEMBERS)] = place.pop(rng.choice(names))
    elif what == 3:
        place[rng.choice(names)] = junk(rng)
    else:
        name = rng.choice(names)
        if isinstance(place[name], str) and place[name]:
            at = rng.randrange(len(place[name]))
            other = rng.choice(["", "*", "\n", "1", "."])
            place[name] = type(place[name])(place[name][:at] + other + place[name][at + 1:]) \
                if not isinstance(place[name], Raw) else 1
        else:
            place[name] = [place[name]]


def spoil_list(rng, place):
    what = rng.randrange(5)
    if what == 0 or not place:
        place.insert(rng.randint(0, len(place)), junk(rng))
    elif what == 1:
        del place[rng.randrange(len(place))]
    elif what == 2:
        place[rng.randrange(len(place))] = junk(rng)
    elif what == 3:
        place.append(place[0])
    else:
        place.clear()


def document(rng):
    """A template: as it should be, spoiled a little or more, or anything."""
    kind = rng.random()
    if kind < 0.02:
        return junk(rng, 4)
    value = template(rng)
    if kind < 0.25:
        return value
    for _ in range(1 if kind < 0.75 else rng.randint(2, 4)):
        value = json_copy(value)
        value = spoil(rng, value)
    return value


def json_copy(value):
    if isinstance(value, dict):
        return {k: json_copy(v) for k, v in value.items()}
    return [json_copy(v) for v in value] if isinstance(value, list) else value


# --- random schemas ---

WORDS = ["a", "b", "c", "d", "type", "value"]
TEXT_TYPES = ['"a"', '"b"', '"type"', "text", "tstr .size 1", "text .size (1..2)", 'text .regexp "[a-c]+"',
              'text .regexp "(a|bc)*d?"',
              'tstr .regexp "[^a].{0,2}"', "text .size (0...3)"]
LEAF_TYPES = TEXT_TYPES + ["int", "uint", "nint", "number", "bool", "null", "any", "true", "1", "-1", "1.5", "0..7",
                           "0...7", "-1.5..2.0",
                           "int .ge 1", "number .lt 2.5", "uint .size 1", "(int .gt -2) .le 7"]
OCCURRENCES = ["", "", "", "? ", "* ", "+ ", "2*3 ", "0*1 ", "1* ", "*2 "]


def random_type(rng, depth):
    what = rng.randrange(10 if depth else 5)
    if what < 4:
        return rng.choice(LEAF_TYPES)
    if what == 4:
        return "r%d" % rng.randrange(4)
    if what == 5:
        return "(" + " / ".join(random_type(rng, depth - 1) for _ in range(rng.randint(2, 3))) + ")"
    if what in (6, 7):
        return "{ " + random_group(rng, depth - 1, True) + " }"
    if what == 8:
        return "[ " + random_group(rng, depth - 1, False) + " ]"
    return "non-empty<{ " + random_group(rng, depth - 1, True) + " }>"


def random_entry(rng, depth, in_map):
    occurrence = rng.choice(OCCURRENCES)
    what = rng.randrange(12)
    if what == 0 and depth:
        return occurrence + "( " + random_group(rng, depth - 1, in_map) + " )"
    if what == 1:
        return occurrence + ("$$more" if in_map else "$$items")
    if what == 2 and in_map:
        return occurrence + rng.choice(["named", "pair<int>", 'pair<"a">'])
    type_ = random_type(rng, depth)
    if not in_map:
        return occurrence + (rng.choice(WORDS) + ": " if rng.random() < 0.3 else "") + type_
    if rng.random() < 0.75:
        return occurrence + rng.choice(WORDS) + ": " + type_
    return occurrence + rng.choice(TEXT_TYPES) + rng.choice([" => ", " ^ => "]) + type_


def random_group(rng, depth, in_map):
    branches = 1 if rng.random() < 0.8 else 2
    return " // ".join(rng.choice([", ", " "]).join(random_entry(rng, depth, in_map) for _ in range(rng.randint(0, 4)))
                       for _ in range(branches))


def schema(rng):
    """Four rules that only refer to later ones, so that no rule leads to itself except through arrays and maps."""
    out = ["root = " + rng.choice(["{ ", "[ "])]
    in_map = out[0].endswith("{ ")
    out[0] += random_group(rng, 3, in_map) + (" }" if in_map else " ]")
    for i in range(4):
        body = random_type(rng, 2)
        for j in range(i + 1):
            body = body.replace("r%d" % j, "leaf")
        out.append("r%d = %s" % (i, body))
    out.append("leaf = " + rng.choice(LEAF_TYPES + ["[ * root ]", "{ * text => root }"]))
    out.append("leaf /= " + rng.choice(LEAF_TYPES))
    out.append("non-empty<M> = (M) .and ({ + any => any })")
    members = (rng.choice(OCCURRENCES[:6]) + w + ": " + rng.choice(LEAF_TYPES) for w in rng.sample(WORDS, 2))
    out.append("named = (" + ", ".join(members) + ")")
    out.append("pair<T> = (a: T, ? b: [+ T])")
    if rng.random() < 0.5:
        out.append("$$more //= (c: int)")
        out.append("$$more //= (" + rng.choice(WORDS) + ": text // d: 1)")
        out.append("$$items //= (int, text)")
    return "\n".join(out) + "\n"


SMALL = [0, 1, -1, 2, 7, 8, 300, Raw("1.5"), Raw("2.0"), Raw("-1.50"), Raw("15e-1"), "a", "b", "c", "d", "bc", "abc",
         "type", "", "\u00e9", True,
         False, None]


def small(rng, depth):
    what = rng.randrange(10)
    if depth == 0 or what < 6:
        return rng.choice(SMALL)
    if what < 8:
        return {rng.choice(WORDS): small(rng, depth - 1) for _ in range(rng.randrange(4))}
    return [small(rng, depth - 1) for _ in range(rng.randrange(4))]


class Fitting:
    """Values that a schema (as parsed by cddl_interp) is likely to take."""

    def __init__(self, schema, rng):
        self.schema, self.rng = schema, rng

    def value(self, t, env, depth=6):
        kind = t[0]
        if kind == "name" and (t[1] in env or t[1] in self.schema.rules or t[1].startswith("$")):
            found = self.schema.lookup(t[1], t[2], env)
            if not found or depth == 0:
                return small(self.rng, 0)
            entry, inner = self.rng.choice(found)
            return self.value(entry[4], inner, depth - 1)
        if kind == "choice":
            return self.value(self.rng.choice(t[1]), env, depth)
        if kind == "paren":
            return self.value(t[1][0][0][4], env, depth)
        if kind == "ctl" and t[1] in ("and", "within"):
            return self.value(t[2], env, depth)
        if kind == "map":
            return dict(m for m in self.members(t[1], env, depth - 1) if m is not None)
        if kind == "array":
            return [m[1] for m in self.members(t[1], env, depth - 1) if m is not None]
        return self.leaf(t, env)

    def leaf(self, t, env):
        """A leaf is found by trying."""
        for _ in range(30):
            value = self.rng.choice(SMALL)
            if self.schema.match(t, env, cddl_interp.load_json(dumps(value))):
                return value
        return self.rng.choice(SMALL)

    def members(self, group, env, depth):
        if depth <= 0:
            return
        for entry in self.rng.choice(group):
            least, most, key, _, what = entry[:5]
            for _ in range(self.rng.randint(least, least + 2 if most is None else min(most, least + 2))):
                if key is not None:
                    name = self.value(key, env, depth)
                    yield (name, self.value(what, env, depth)) if type(name) is str else None
                elif self.schema.is_group(what, env):
                    yield from self.group_members(what, env, depth)
                else:
                    yield ("", self.value(what, env, depth))

    def group_members(self, what, env, depth):
        if what[0] == "paren":
            yield from self.members(what[1], env, depth)
            return
        found = self.schema.lookup(what[1], what[2], env)
        if found:
            entry, inner = self.rng.choice(found)
            yield from self.members([[entry]], inner, depth)


def small_document(rng, schema):
    """Fits the schema, perhaps; or is spoiled; or is anything."""
    kind = rng.random()
    if kind < 0.1:
        return small(rng, 3)
    value = Fitting(schema, rng).value(("name", schema.syntax.first, []), {})
    if kind > 0.5:
        value = spoil(rng, value)
    return value

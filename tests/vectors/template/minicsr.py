# SPDX-License-Identifier: Apache-2.0
"""DER, keys, signatures and PKCS#10 requests in plain Python, right or wrong as told, the same bytes on each run."""
import hashlib
import random

# --- DER ---


def tlv(tag, content):
    n = len(content)
    if n < 0x80:
        head = bytes([n])
    else:
        size = n.to_bytes((n.bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(size)]) + size
    return bytes([tag]) + head + content


def seq(*items):
    return tlv(0x30, b"".join(items))


def set_of(*items):
    return tlv(0x31, b"".join(items))


def integer(n):
    size = max(1, (n.bit_length() + 8) // 8)
    return tlv(0x02, n.to_bytes(size, "big", signed=True))


def bits(content, unused=0):
    return tlv(0x03, bytes([unused]) + content)


def octets(content):
    return tlv(0x04, content)


def null():
    return tlv(0x05, b"")


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    out = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        part = [arc & 0x7F]
        arc >>= 7
        while arc:
            part.append(0x80 | (arc & 0x7F))
            arc >>= 7
        out += bytes(reversed(part))
    return tlv(0x06, out)


def utf8(text):
    return tlv(0x0C, text if isinstance(text, bytes) else text.encode())


def printable(text):
    return tlv(0x13, text.encode())


def teletex(text):
    return tlv(0x14, text.encode("latin-1"))


def ia5(text):
    return tlv(0x16, text if isinstance(text, bytes) else text.encode())


def bmp(text):
    return tlv(0x1E, text.encode("utf-16-be"))


# --- Elliptic curves: y^2 = x^3 - 3x + b over p ---

CURVES = {
    "p256": dict(
        oid="1.2.840.10045.3.1.7", bits=256, hash="sha256",
        p=2**256 - 2**224 + 2**192 + 2**96 - 1,
        b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        g=(0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
           0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)),
    "p384": dict(
        oid="1.3.132.0.34", bits=384, hash="sha384",
        p=2**384 - 2**128 - 2**96 + 2**32 - 1,
        b=0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        g=(0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
           0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F)),
    "p521": dict(
        oid="1.3.132.0.35", bits=521, hash="sha512",
        p=2**521 - 1,
        b=int("0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF07"
              "3573DF883D2C34F1EF451FD46B503F00", 16),
        n=int("01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5"
              "D03BB5C9B8899C47AEBB6FB71E91386409", 16),
        g=(int("00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE"
               "3348B3C1856A429BF97E7E31C2E5BD66", 16),
           int("011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD076"
               "1353C7086A272C24088BE94769FD16650", 16))),
}


def ec_add(c, a, b):
    if a is None or b is None:
        return a or b
    p = c["p"]
    if a[0] == b[0]:
        if (a[1] + b[1]) % p == 0:
            return None
        s = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, p) % p
    else:
        s = (b[1] - a[1]) * pow(b[0] - a[0], -1, p) % p
    x = (s * s - a[0] - b[0]) % p
    return x, (s * (a[0] - x) - a[1]) % p


def ec_mul(c, k, point):
    out = None
    while k:
        if k & 1:
            out = ec_add(c, out, point)
        point = ec_add(c, point, point)
        k >>= 1
    return out


def seeded(label, bound):
    n = int.from_bytes(hashlib.shake_256(label.encode()).digest(80), "big")
    return n % (bound - 1) + 1


# --- Keys: objects with spki() and sign(hash, message) ---


class EcKey:
    def __init__(self, curve, label=None):
        self.c = CURVES[curve]
        self.d = seeded("stardeleg test key " + (label or curve), self.c["n"])
        self.q = ec_mul(self.c, self.d, self.c["g"])
        self.len = (self.c["bits"] + 7) // 8

    def point(self, form="uncompressed"):
        x, y = (v.to_bytes(self.len, "big") for v in self.q)
        if form == "compressed":
            return bytes([2 + (self.q[1] & 1)]) + x
        if form == "infinity":
            return b"\0"
        if form == "off-curve":
            return b"\4" + x + (self.q[1] ^ 1).to_bytes(self.len, "big")
        return b"\4" + x + y

    def parameters(self, form="named"):
        if form == "named":
            return oid(self.c["oid"])
        if form == "implicit":
            return null()
        size = self.len
        a = (self.c["p"] - 3).to_bytes(size, "big")
        g = b"\4" + b"".join(v.to_bytes(size, "big") for v in self.c["g"])
        field = seq(oid("1.2.840.10045.1.1"), integer(self.c["p"]))
        return seq(integer(1), field, seq(octets(a), octets(self.c["b"].to_bytes(size, "big"))), octets(g),
                   integer(self.c["n"]), integer(1))

    def spki(self, parameters="named", point="uncompressed"):
        return seq(seq(oid("1.2.840.10045.2.1"), self.parameters(parameters)), bits(self.point(point)))

    def pkcs8(self):
        inner = seq(integer(1), octets(self.d.to_bytes(self.len, "big")), tlv(0xA1, bits(self.point())))
        return seq(integer(0), seq(oid("1.2.840.10045.2.1"), oid(self.c["oid"])), octets(inner))

    def sign(self, name, message):
        n = self.c["n"]
        digest = hashlib.new(name, message).digest()
        e = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - n.bit_length())
        k = seeded("k %x %s" % (self.d, digest.hex()), n)
        r = ec_mul(self.c, k, self.c["g"])[0] % n
        s = pow(k, -1, n) * (e + r * self.d) % n
        return seq(integer(r), integer(s))


def is_prime(n, rng):
    if any(n % p == 0 for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)):
        return False
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for _ in range(24):
        x = pow(rng.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


class RsaKey:
    def __init__(self, size, e=65537):
        rng = random.Random("stardeleg test key rsa %d" % size)
        self.e = e
        while True:
            self.p, self.q = (self.prime(size // 2, rng) for _ in range(2))
            phi = (self.p - 1) * (self.q - 1)
            self.n = self.p * self.q
            if self.p != self.q and self.n.bit_length() == size and phi % e != 0:
                break
        self.d = pow(e, -1, phi)
        self.len = (size + 7) // 8

    def prime(self, size, rng):
        while True:
            n = rng.getrandbits(size) | (3 << (size - 2)) | 1
            if (n - 1) % self.e != 0 and is_prime(n, rng):
                return n

    def spki(self, algorithm=None, n=None, e=None):
        algorithm = algorithm or seq(oid("1.2.840.113549.1.1.1"), null())
        return seq(algorithm, bits(seq(integer(n or self.n), integer(e or self.e))))

    def pkcs8(self):
        inner = seq(integer(0), integer(self.n), integer(self.e), integer(self.d), integer(self.p), integer(self.q),
                    integer(self.d % (self.p - 1)), integer(self.d % (self.q - 1)), integer(pow(self.q, -1, self.p)))
        return seq(integer(0), seq(oid("1.2.840.113549.1.1.1"), null()), octets(inner))

    def power(self, em):
        return pow(int.from_bytes(em, "big"), self.d, self.n).to_bytes(self.len, "big")

    def sign(self, name, message):
        digest = hashlib.new(name, message).digest()
        info = seq(seq(oid(HASHES[name]), null()), octets(digest))
        return self.power(b"\0\1" + b"\xff" * (self.len - 3 - len(info)) + b"\0" + info)

    def sign_pss(self, name, message, salt_len, mgf=None):
        """RFC 8017 9.1.1, with a salt that is not random."""
        salt = hashlib.shake_256(b"salt" + message).digest(salt_len)
        digest = hashlib.new(name, message).digest()
        em_bits = self.n.bit_length() - 1
        em_len = (em_bits + 7) // 8
        h = hashlib.new(name, b"\0" * 8 + digest + salt).digest()
        db = b"\0" * (em_len - salt_len - len(h) - 2) + b"\1" + salt
        mask, counter = b"", 0
        while len(mask) < len(db):
            mask += hashlib.new(mgf or name, h + counter.to_bytes(4, "big")).digest()
            counter += 1
        masked = bytearray(a ^ b for a, b in zip(db, mask))
        masked[0] &= 0xFF >> (8 * em_len - em_bits)
        return self.power((bytes(masked) + h + b"\xbc").rjust(self.len, b"\0"))


HASHES = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2",
          "sha512": "2.16.840.1.101.3.4.2.3"}


class EdKey:
    """Ed25519 (RFC 8032 5.1)."""
    P = 2**255 - 19
    L = 2**252 + 27742317777372353535851937790883648493
    D = -121665 * pow(121666, -1, P) % P

    def __init__(self):
        self.seed = hashlib.sha256(b"stardeleg test key ed25519").digest()
        h = hashlib.sha512(self.seed).digest()
        self.a = (int.from_bytes(h[:32], "little") & ((1 << 254) - 8)) | (1 << 254)
        self.prefix = h[32:]
        y = 4 * pow(5, -1, self.P) % self.P
        self.g = (self.recover(y), y)
        self.public = self.encode(self.mul(self.a, self.g))

    def recover(self, y):
        p = self.P
        xx = (y * y - 1) * pow(self.D * y * y + 1, -1, p) % p
        x = pow(xx, (p + 3) // 8, p)
        if (x * x - xx) % p:
            x = x * pow(2, (p - 1) // 4, p) % p
        return p - x if x & 1 else x

    def add(self, a, b):
        p = self.P
        t = self.D * a[0] * b[0] * a[1] * b[1] % p
        x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, p) % p
        return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, p) % p

    def mul(self, k, point):
        out = (0, 1)
        while k:
            if k & 1:
                out = self.add(out, point)
            point = self.add(point, point)
            k >>= 1
        return out

    def encode(self, point):
        return (point[1] | ((point[0] & 1) << 255)).to_bytes(32, "little")

    def spki(self):
        return seq(seq(oid("1.3.101.112")), bits(self.public))

    def sign(self, _name, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % self.L
        big_r = self.encode(self.mul(r, self.g))
        h = int.from_bytes(hashlib.sha512(big_r + self.public + message).digest(), "little") % self.L
        return big_r + ((r + h * self.a) % self.L).to_bytes(32, "little")


# --- PKCS#10 ---

NAMES = {"C": "2.5.4.6", "ST": "2.5.4.8", "L": "2.5.4.7", "O": "2.5.4.10", "OU": "2.5.4.11", "CN": "2.5.4.3",
         "E": "1.2.840.113549.1.9.1", "SN": "2.5.4.5", "DC": "0.9.2342.19200300.100.1.25"}
EKU = {"serverAuth": 1, "clientAuth": 2, "codeSigning": 3, "emailProtection": 4, "timeStamping": 8, "OCSPSigning": 9}


def attribute(kind, value):
    if isinstance(value, str):
        value = printable(value) if kind == "C" else ia5(value) if kind == "E" else utf8(value)
    return seq(oid(NAMES[kind]), value)


def name(*pairs):
    """Each pair an RDN: (kind, value), or a list of pairs for an RDN of several."""
    rdns = []
    for pair in pairs:
        items = pair if isinstance(pair, list) else [pair]
        rdns.append(set_of(*sorted(attribute(k, v) for k, v in items)))
    return seq(*rdns)


def extension(number, value, critical=False):
    return seq(oid(number), *([tlv(0x01, b"\xff")] if critical else []), octets(value))


def key_usage(*numbers):
    word = 0
    for n in numbers:
        word |= 0x8000 >> n
    raw = word.to_bytes(2, "big")
    raw = raw if max(numbers) > 7 else raw[:1]
    last = max(numbers) % 8
    return bits(raw, 7 - last)


def eku_value(*purposes):
    return seq(*(oid("1.3.6.1.5.5.7.3.%d" % EKU[p]) if p in EKU else oid(p) for p in purposes))


GN = {"email": 0x81, "dns": 0x82, "uri": 0x86, "ip": 0x87}


def san_value(*names):
    return seq(*(n if isinstance(n, bytes) else tlv(GN[n[0]], n[1] if isinstance(n[1], bytes) else n[1].encode())
                 for n in names))


def request(*extensions):
    """The extensionRequest attribute."""
    return seq(oid("1.2.840.113549.1.9.14"), set_of(seq(*extensions)))


def pss_algorithm(hash_name, salt, mgf_hash=None, trailer=None):
    parts = [tlv(0xA0, seq(oid(HASHES[hash_name]), null())),
             tlv(0xA1, seq(oid("1.2.840.113549.1.1.8"), seq(oid(HASHES[mgf_hash or hash_name]), null()))),
             tlv(0xA2, integer(salt))]
    if trailer is not None:
        parts.append(tlv(0xA3, integer(trailer)))
    return seq(oid("1.2.840.113549.1.1.10"), seq(*parts))


def ecdsa_algorithm(hash_name, *parameters):
    return seq(oid("1.2.840.10045.4.3.%d" % {"sha256": 2, "sha384": 3, "sha512": 4}[hash_name]), *parameters)


def rsa_algorithm(hash_name):
    return seq(oid("1.2.840.113549.1.1.%d" % {"sha1": 5, "sha256": 11, "sha384": 12, "sha512": 13}[hash_name]), null())

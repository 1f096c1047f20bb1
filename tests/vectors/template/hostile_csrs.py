# SPDX-License-Identifier: Apache-2.0
"""Requests of somebody who knows DER and the algorithms: each would pass with a reader that is a little too kind."""
import hashlib

from minicsr import (HASHES, attribute, bits, bmp, ecdsa_algorithm, eku_value, extension, ia5, integer, key_usage, name,
                     null, octets, oid, printable, request, rsa_algorithm, san_value, seq, set_of, tlv, utf8)

ABC = ("dns", "abc.ido.example")
EVIL = ("dns", "evil.example")
A = tlv(0x82, b"abc.ido.example")
O = ("O", "IdO Inc")
KU, EKU, SAN = "2.5.29.15", "2.5.29.37", "2.5.29.17"
REQUEST, MICROSOFT = "1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"
NONE = dict(subject=seq(), ku=None, eku=None)


def indefinite(tag, content):
    return bytes([tag, 0x80]) + content + b"\0\0"


def ec_spki(key, x, y, form=4, curve=None, more=(), unused=0):
    point = bytes([form]) + x.to_bytes(key.len, "big") + y.to_bytes(key.len, "big")
    return seq(seq(oid("1.2.840.10045.2.1"), curve or oid(key.c["oid"]), *more), bits(point, unused))


def small_point(c):
    """The point of the smallest x: there x + p has no more octets than x may have."""
    p, x = c["p"], 0
    while True:
        x += 1
        square = (x ** 3 - 3 * x + c["b"]) % p
        y = pow(square, (p + 1) // 4, p)
        if y * y % p == square:
            return x, y


def ec_keys(put, p256, p521):
    x, y = p521.q
    p = p521.c["p"]
    put("p521_good", p521, **NONE)
    put("p521_x_plus_p", p521, spki=ec_spki(p521, x + p, y), **NONE)
    put("p521_y_plus_p", p521, spki=ec_spki(p521, x, y + p), **NONE)
    x, y = small_point(p256.c)
    p = p256.c["p"]
    put("key_p256_small_x", spki=ec_spki(p256, x, y))
    put("key_p256_x_plus_p", spki=ec_spki(p256, x + p, y))
    put("key_p256_zero", spki=ec_spki(p256, 0, 0))
    x, y = p256.q
    put("key_p256_hybrid", spki=ec_spki(p256, x, y, 6 + (y & 1)))
    put("key_p256_on_p384", spki=ec_spki(p256, x, y, curve=oid("1.3.132.0.34")))
    put("key_p256_as_sect239k1", spki=ec_spki(p256, x, y, curve=oid("1.3.132.0.3")))
    put("key_p256_more_parameters", spki=ec_spki(p256, x, y, more=[null()]))
    put("key_p256_unused_bits", spki=ec_spki(p256, x, y & ~1, unused=1))
    put("key_p256_more_behind", spki=seq(p256.spki()[2:], null()))


def ecdsa_values(put, p256):
    n = p256.c["n"]

    def with_values(fn):
        def sign(message):
            der = p256.sign("sha256", message)
            r_len = der[3]
            r = int.from_bytes(der[4:4 + r_len], "big")
            return fn(r, int.from_bytes(der[6 + r_len:], "big"))
        return ecdsa_algorithm("sha256"), sign

    put("ecdsa_other_s", signature=with_values(lambda r, s: seq(integer(r), integer(n - s))))
    for label, fn in (("r_zero", lambda r, s: seq(integer(0), integer(s))),
                      ("s_zero", lambda r, s: seq(integer(r), integer(0))),
                      ("r_order", lambda r, s: seq(integer(n), integer(s))),
                      ("s_plus_order", lambda r, s: seq(integer(r), integer(s + n))),
                      ("r_negative", lambda r, s: seq(integer(r - 2 ** 256), integer(s))),
                      ("r_not_minimal", lambda r, s: seq(tlv(2, b"\0\0" + r.to_bytes(32, "big")), integer(s))),
                      ("third_number", lambda r, s: seq(integer(r), integer(s), integer(1))),
                      ("trailing_byte", lambda r, s: seq(integer(r), integer(s)) + b"\0"),
                      ("not_der", lambda r, s: r.to_bytes(32, "big") + s.to_bytes(32, "big"))):
        put("ecdsa_" + label, signature=with_values(fn))


def rsa_values(put, rsa, p256):
    def padded(info, kind=b"\0\1", tail=b""):
        return rsa.power(kind + b"\xff" * (rsa.len - 3 - len(info) - len(tail)) + b"\0" + info + tail)

    def info(message, parameters=null()):
        return seq(seq(oid(HASHES["sha256"]), parameters), octets(hashlib.sha256(message).digest()))

    def plus_modulus(message):
        value = int.from_bytes(rsa.sign("sha256", message), "big") + rsa.n
        return value.to_bytes(rsa.len + (value.bit_length() > 8 * rsa.len), "big")

    def short(message):
        text = b"\0\1" + b"\xff" * 8 + b"\0" + info(message)
        return rsa.power(text + b"\x11" * (rsa.len - len(text)))

    for label, fn in (("plus_modulus", plus_modulus),
                      ("long", lambda m: b"\0" + rsa.sign("sha256", m)),
                      ("without_null", lambda m: padded(info(m, b""))),
                      ("bare_hash", lambda m: padded(hashlib.sha256(m).digest())),
                      ("block_type_2", lambda m: padded(info(m), b"\0\2")),
                      ("garbage_behind", lambda m: padded(info(m), tail=b"\x55" * 32)),
                      ("short_padding", short),
                      ("zero", lambda m: b"\0" * rsa.len),
                      ("minus_one", lambda m: (rsa.n - 1).to_bytes(rsa.len, "big"))):
        put("rsa_" + label, rsa, signature=(rsa_algorithm("sha256"), fn))
    put("rsa_null_absent", rsa, signature=(seq(oid("1.2.840.113549.1.1.11")), lambda m: rsa.sign("sha256", m)))
    put("rsa_null_twice", rsa, signature=(seq(oid("1.2.840.113549.1.1.11"), null(), null()),
                                          lambda m: rsa.sign("sha256", m)))
    put("rsa_key_ecdsa_signature", rsa, signature=(ecdsa_algorithm("sha256"), lambda m: p256.sign("sha256", m)))
    put("ec_key_rsa_signature", signature=(rsa_algorithm("sha256"), lambda m: rsa.sign("sha256", m)))


def rsa_keys(put, rsa):
    def spki(n=None, e=None, parameters=None, more=b""):
        algorithm = seq(oid("1.2.840.113549.1.1.1"), null() if parameters is None else parameters)
        return seq(algorithm, bits(seq(n or integer(rsa.n), e or integer(rsa.e), more)))

    for label, parts in (("exponent_1", dict(e=integer(1))), ("exponent_negative", dict(e=tlv(2, b"\xff"))),
                         ("exponent_long_zero", dict(e=tlv(2, b"\0\1\0\1"))),
                         ("modulus_2047", dict(n=integer(rsa.n >> 1 | 1))),
                         ("modulus_1023", dict(n=integer(rsa.n >> 1025 | 1))),
                         ("modulus_8193", dict(n=integer(1 << 8192 | 1))),
                         ("modulus_negative", dict(n=tlv(2, rsa.n.to_bytes(rsa.len, "big")))),
                         ("third_number", dict(more=integer(1))), ("parameters_absent", dict(parameters=b"")),
                         ("parameters_twice", dict(parameters=null() + null()))):
        put("key_rsa_" + label, rsa, spki=spki(**parts))


def pss_parameters(put, rsa):
    def hash_id(hash_name="sha256", parameters=null()):
        return seq(oid(HASHES[hash_name]), parameters)

    def mgf(inside):
        return seq(oid("1.2.840.113549.1.1.8"), inside)

    def put_pss(label, *fields, salt=32, mask=None):
        algorithm = seq(oid("1.2.840.113549.1.1.10"), seq(*fields))
        put("pss_" + label, rsa, signature=(algorithm, lambda m: rsa.sign_pss("sha256", m, salt, mask)), **NONE)

    f0, f1, f2 = tlv(0xA0, hash_id()), tlv(0xA1, mgf(hash_id())), tlv(0xA2, integer(32))
    put_pss("nulls_absent", tlv(0xA0, hash_id(parameters=b"")), tlv(0xA1, mgf(hash_id(parameters=b""))), f2)
    put_pss("trailer_1", f0, f1, f2, tlv(0xA3, integer(1)))
    put_pss("fifth_field", f0, f1, f2, tlv(0xA4, integer(1)))
    put_pss("other_order", f1, f0, f2)
    put_pss("salt_negative", f0, f1, tlv(0xA2, integer(-32)))
    put_pss("salt_not_minimal", f0, f1, tlv(0xA2, tlv(2, b"\0\x20")))
    put_pss("salt_as_long_as_fits", f0, f1, tlv(0xA2, integer(222)), salt=222)
    put_pss("salt_other_than_said", f0, f1, f2, salt=20)
    put_pss("mask_other_than_said", f0, f1, f2, mask="sha1")


def structure(put, exts):
    good, evil = request(*exts()), seq(oid(MICROSOFT), set_of(seq(*exts(san=(EVIL,)))))
    put("attribute_microsoft_extensions", attributes=[good, evil])
    put("attribute_microsoft_extensions_first", attributes=[evil, good])
    put("attribute_primitive", raw_attributes=tlv(0x80, good))
    put("attribute_third_field", attributes=[seq(oid(REQUEST), set_of(seq(*exts())), null())])
    put("attribute_values_sequence", attributes=[seq(oid(REQUEST), seq(seq(*exts())))])
    put("attribute_extensions_set", attributes=[seq(oid(REQUEST), set_of(set_of(*exts())))])
    put("attribute_second_value_empty", attributes=[seq(oid(REQUEST), set_of(seq(*exts()), seq()))])
    put("attribute_split_in_two", attributes=[request(*exts(san=None)), request(*exts(ku=None, eku=None))])
    put("attribute_oid_not_minimal",
        attributes=[seq(tlv(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x80\x0e"), set_of(seq(*exts())))])
    put("attribute_indefinite", raw_attributes=indefinite(0xA0, good))
    put("attributes_twice", raw_attributes=tlv(0xA0, good) + tlv(0xA0, good))
    put("version_enumerated", version=tlv(0x0A, b"\0"))
    put("version_twice", version=integer(0) + integer(0))


def extensions(put, exts):
    def put_usage(label, *fields):
        put("extension_" + label, attributes=[request(seq(oid(KU), *fields), *exts(ku=None))])

    usage, true = octets(key_usage(0)), tlv(1, b"\xff")
    put_usage("fourth_field", true, usage, null())
    put_usage("critical_twice", true, true, usage)
    put_usage("critical_behind", usage, true)
    put_usage("constructed", tlv(0x24, usage))
    put("extension_order", attributes=[request(*reversed(exts()))])
    put("extension_names_twice", attributes=[request(*exts(), extension(SAN, san_value(EVIL)))])
    put("extension_names_twice_first", attributes=[request(extension(SAN, san_value(EVIL)), *exts())])
    put("extension_oid_not_minimal",
        attributes=[request(*exts(), seq(tlv(6, b"\x55\x80\x1d\x11"), octets(san_value(EVIL))))])
    for label, number in (("issuer_alt_name", "2.5.29.18"), ("old_alt_name", "2.5.29.7"),
                          ("name_constraints", "2.5.29.30"), ("acme_identifier", "1.3.6.1.5.5.7.1.31"),
                          ("precertificate_poison", "1.3.6.1.4.1.11129.2.4.3")):
        put("extension_" + label, more=[extension(number, san_value(EVIL), True)])
    put("ku_trailing_byte", ku=key_usage(0) + b"\0")
    put("ku_octet_too_many", ku=bits(b"\x80\0", 7))
    put("ku_nine_unused", ku=tlv(3, b"\x09\x80"))
    put("ku_constructed", ku=tlv(0x23, key_usage(0)))
    both = oid("1.3.6.1.5.5.7.3.1") + oid("1.3.6.1.5.5.7.3.2")
    put("eku_set", eku=set_of(both))
    put("eku_any_too", eku=seq(both, oid("2.5.29.37.0")))
    put("eku_longer_oid", eku=seq(oid("1.3.6.1.5.5.7.3.1.1"), oid("1.3.6.1.5.5.7.3.2")))
    put("eku_oid_not_minimal", eku=seq(oid("1.3.6.1.5.5.7.3.1"), tlv(6, b"\x2b\6\1\5\5\7\x80\3\2")))
    put("eku_trailing_byte", eku=eku_value("serverAuth", "clientAuth") + b"\0")


def alt_names(put):
    for label, other in (("constructed", tlv(0xA2, ia5("evil.example"))), ("tag_9", tlv(0x89, b"x")),
                         ("utf8", utf8("evil.example")), ("ip_5", tlv(0x87, b"\1\2\3\4\5")),
                         ("ip_16", tlv(0x87, bytes(16))), ("x400", tlv(0xA3, b"")), ("edi", tlv(0xA5, b"")),
                         ("directory_bare", tlv(0xA4, b"")), ("other_name_bare", tlv(0xA0, oid("1.2.3"))),
                         ("registered_id_cut", tlv(0x88, b"\x2a\x83")), ("dns_empty", tlv(0x82, b"")),
                         ("email_no_address", tlv(0x81, b"nobody")), ("uri_relative", tlv(0x86, b"x"))):
        put("san_plus_" + label, san=seq(other, A))
    put("san_set", san=set_of(A))
    put("san_trailing_byte", san=san_value(ABC) + b"\0")
    put("san_indefinite", san=indefinite(0x30, A))
    put("san_length_not_minimal", san=seq(b"\x82\x81\x0fabc.ido.example"))


NAMES = ("a.ido.example.", ".ido.example", "a..ido.example", "-a.ido.example", "*", "*.example", "*.*.ido.example",
         "*a.ido.example", "*.ido.example.", "a.ido.example\n", " a.ido.example", "a.ido.example:443", "a/b.example",
         "127.1", "0x7f.1", "a.0x7f", "1.2.3.4.", "::1", "xn--.example", "xn--a.example", "xn--abc-.example",
         "xn--ls8h.example", "XN--A.example")


def subjects(put):
    def put_o(label, *values, ku=None):
        put("o_" + label, subject=name(*(("O", value) for value in values)), ku=ku, eku=None)

    put_o("universal", tlv(0x1C, "IdO Inc".encode("utf-32-be")))
    put_o("visible", tlv(0x1A, b"IdO Inc"))
    put_o("bmp", bmp("IdO Inc"))
    put_o("printable", printable("IdO Inc"))
    put_o("octets", octets(b"IdO Inc"))
    put_o("nul_behind", utf8(b"IdO Inc\0"))
    put_o("decomposed", utf8("IdO I\u0301nc"))
    put_o("no_break", utf8("IdO\u00a0Inc"))
    put_o("constructed", tlv(0x2C, utf8("IdO Inc")))
    put_o("third_field", utf8("IdO Inc") + null())
    for label, subject in (("one_rdn_twice", name([O, O])), ("one_rdn_common_name", name([O, ("CN", "evil.example")])),
                           ("domain_component", name(O, ("DC", ia5("example")))),
                           ("rdn_sequence", seq(seq(attribute(*O)))), ("rdn_empty", seq(set_of(attribute(*O)), set_of())),
                           ("set", set_of(set_of(attribute(*O)))),
                           ("oid_not_minimal", seq(set_of(seq(tlv(6, b"\x55\4\x80\x0a"), utf8("IdO Inc")))))):
        put("subject_" + label, subject=subject, ku=None, eku=None)


def hostile(put, exts, p256, p521, rsa):
    ec_keys(put, p256, p521)
    ecdsa_values(put, p256)
    rsa_values(put, rsa, p256)
    rsa_keys(put, rsa)
    pss_parameters(put, rsa)
    structure(put, exts)
    extensions(put, exts)
    alt_names(put)
    for i, text in enumerate(NAMES):
        put("name_%02d" % i, san=(("dns", text),), **NONE)
    subjects(put)

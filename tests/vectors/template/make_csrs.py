#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rebuilds keys/ and csr/: the same bytes on each run, with nothing but Python.  --check only compares."""
import base64
import os
import sys

from hostile_csrs import hostile
from minicsr import (EcKey, EdKey, RsaKey, bits, bmp, ecdsa_algorithm, eku_value, extension, ia5, integer,
                     key_usage, name, null, octets, oid, printable, pss_algorithm, request, rsa_algorithm, san_value,
                     seq, set_of, teletex, tlv, utf8)

HERE = os.path.dirname(os.path.abspath(__file__))
P256, P384, P521 = EcKey("p256"), EcKey("p384"), EcKey("p521")
RSA2048, RSA3072 = RsaKey(2048), RsaKey(3072)
ED = EdKey()
KEYS = {"p256": P256, "p384": P384, "p521": P521, "rsa2048": RSA2048, "rsa3072": RSA3072}

C, ST, L = ("C", "CA"), ("ST", "Quebec"), ("L", "Laval")
ABC = ("dns", "abc.ido.example")
BOTH = ("serverAuth", "clientAuth")
KU, EKU, SAN, BC, SKI = "2.5.29.15", "2.5.29.37", "2.5.29.17", "2.5.29.19", "2.5.29.14"

out = {}


def exts(san=(ABC,), ku=(0,), eku=BOTH, more=()):
    """The three extensions; None leaves one out, bytes are taken as its value."""
    items = []
    if ku is not None:
        items.append(extension(KU, ku if isinstance(ku, bytes) else key_usage(*ku), True))
    if eku is not None:
        items.append(extension(EKU, eku if isinstance(eku, bytes) else eku_value(*eku)))
    if san is not None:
        items.append(extension(SAN, san if isinstance(san, bytes) else san_value(*san)))
    return items + list(more)


def sign(key, info, signature=None):
    """How a key signs: a name for the usual ways, or (algorithm, function)."""
    if isinstance(signature, tuple):
        algorithm, fn = signature
        return algorithm, fn(info)
    if key is ED:
        return seq(oid("1.3.101.112")), key.sign(None, info)
    if isinstance(key, EcKey):
        hash_name = signature or key.c["hash"]
        return ecdsa_algorithm(hash_name), key.sign(hash_name, info)
    hash_name = signature or "sha256"
    return rsa_algorithm(hash_name), key.sign(hash_name, info)


def put(label, key=P256, subject=None, attributes=None, signature=None, version=None, spki=None, flip=False, tail=b"",
        raw_attributes=None, **parts):
    subject = name(C, ST, L) if subject is None else subject
    attributes = [request(*exts(**parts))] if attributes is None else attributes
    attributes = tlv(0xA0, b"".join(attributes)) if raw_attributes is None else raw_attributes
    info = seq(version or integer(0), subject, spki or key.spki(), attributes)
    algorithm, value = sign(key, info, signature)
    if flip:
        value = value[:-1] + bytes([value[-1] ^ 1])
    assert label not in out
    out[label] = seq(info, algorithm, bits(value)) + tail


def pss(key, hash_name, salt, mgf_hash=None, trailer=None):
    return pss_algorithm(hash_name, salt, mgf_hash, trailer), lambda m: key.sign_pss(hash_name, m, salt, mgf_hash)


def figure_10():
    """Against GOOD_figure10.json: right ones and one mistake at a time."""
    put("figure10_p256")
    put("figure10_rsa2048", RSA2048)
    put("figure10_subject_reversed", subject=name(L, ST, C))
    put("figure10_eku_reversed", eku=("clientAuth", "serverAuth"))
    put("figure10_san_upper_case", san=(("dns", "ABC.IDO.EXAMPLE"),))
    put("figure10_no_locality", subject=name(C, ST))
    put("figure10_locality_empty", subject=name(C, ST, ("L", "")))
    put("figure10_country_us", subject=name(("C", "US"), ST, L))
    put("figure10_country_lower_case", subject=name(("C", "ca"), ST, L))
    put("figure10_country_utf8", subject=name(("C", utf8("CA")), ST, L))
    put("figure10_plus_organization", subject=name(C, ST, L, ("O", "NDC")))
    put("figure10_plus_common_name", subject=name(C, ST, L, ("CN", "abc.ido.example")))
    put("figure10_plus_serial_number", subject=name(C, ST, L, ("SN", printable("1"))))
    put("figure10_empty_subject", subject=seq())
    put("figure10_san_xyz", san=(("dns", "xyz.ido.example"),))
    put("figure10_san_abc_xyz", san=(ABC, ("dns", "xyz.ido.example")))
    put("figure10_san_twice", san=(ABC, ABC))
    put("figure10_san_twice_other_case", san=(ABC, ("dns", "Abc.ido.example")))
    put("figure10_san_final_dot", san=(("dns", "abc.ido.example."),))
    put("figure10_no_san", san=None)
    put("figure10_san_empty", san=seq())
    put("figure10_san_plus_ip", san=(ABC, ("ip", bytes([192, 0, 2, 1]))))
    put("figure10_san_plus_email", san=(ABC, ("email", "a@ido.example")))
    put("figure10_san_plus_uri", san=(ABC, ("uri", "https://ido.example/")))
    put("figure10_san_plus_other_name", san=(ABC, tlv(0xA0, oid("1.2.3.4") + tlv(0xA0, utf8("x")))))
    put("figure10_san_plus_directory_name", san=(ABC, tlv(0xA4, name(C))))
    put("figure10_san_plus_registered_id", san=(ABC, tlv(0x88, oid("1.2.3.4")[2:])))
    put("figure10_san_nul", san=(("dns", b"abc.ido.example\0.evil.example"),))
    put("figure10_san_twice_as_extension", attributes=[request(*exts(), extension(SAN, san_value(ABC)))])
    put("figure10_ku_more", ku=(0, 2))
    put("figure10_ku_other", ku=(2,))
    put("figure10_no_ku", ku=None)
    put("figure10_ku_zero", ku=bits(b"\0", 7))
    put("figure10_ku_empty", ku=bits(b""))
    put("figure10_ku_unused_bits", ku=bits(b"\x80", 0))
    put("figure10_ku_dirty_bits", ku=bits(b"\x81", 7))
    put("figure10_ku_above_8", ku=bits(b"\x80\x40", 6))
    put("figure10_eku_one", eku=("serverAuth",))
    put("figure10_eku_three", eku=BOTH + ("codeSigning",))
    put("figure10_eku_twice", eku=BOTH + ("serverAuth",))
    put("figure10_no_eku", eku=None)
    put("figure10_eku_empty", eku=seq())
    put("figure10_basic_constraints", more=[extension(BC, seq())])
    put("figure10_basic_constraints_ca", more=[extension(BC, seq(tlv(1, b"\xff")), True)])
    put("figure10_subject_key_id", more=[extension(SKI, octets(b"\1" * 20))])
    put("figure10_tls_feature", more=[extension("1.3.6.1.5.5.7.1.24", seq(integer(5)))])
    put("figure10_policies", more=[extension("2.5.29.32", seq(seq(oid("2.23.140.1.2.1"))))])
    put("figure10_tn_auth_list", more=[extension("1.3.6.1.5.5.7.1.26", seq(tlv(0xA0, ia5("1234"))))])
    put("figure10_private_extension", more=[extension("1.3.6.1.4.1.55555.1", null())])
    put("figure10_ku_twice", more=[extension(KU, key_usage(0), True)])
    put("figure10_criticality_unusual",
        attributes=[request(extension(KU, key_usage(0)), extension(EKU, eku_value(*BOTH), True),
                            extension(SAN, san_value(ABC), True))])
    put("figure10_challenge_password",
        attributes=[request(*exts()), seq(oid("1.2.840.113549.1.9.7"), set_of(printable("secret")))])
    put("figure10_unstructured_name",
        attributes=[request(*exts()), seq(oid("1.2.840.113549.1.9.2"), set_of(ia5("x")))])
    put("figure10_microsoft_version",
        attributes=[seq(oid("1.3.6.1.4.1.311.13.2.3"), set_of(ia5("10.0"))), request(*exts())])
    put("figure10_two_requests", attributes=[request(*exts()), request(*exts())])
    put("figure10_two_values",
        attributes=[seq(oid("1.2.840.113549.1.9.14"), set_of(seq(*exts()), seq(*exts(eku=("codeSigning",)))))])
    put("figure10_request_without_value", attributes=[seq(oid("1.2.840.113549.1.9.14"), set_of())])
    put("figure10_no_request", attributes=[])
    put("figure10_attributes_missing", raw_attributes=b"")
    put("figure10_multi_valued_rdn", subject=name(C, [ST, L]))
    put("figure10_locality_twice", subject=name(C, ST, L, ("L", "Montreal")))
    put("figure10_locality_control", subject=name(C, ST, ("L", "La\x07val")))
    put("figure10_locality_c1_control", subject=name(C, ST, ("L", "La\u0085val")))
    put("figure10_locality_bad_utf8", subject=name(C, ST, ("L", utf8(b"La\xffval"))))
    put("figure10_locality_nul", subject=name(C, ST, ("L", utf8(b"Laval\0x"))))
    put("figure10_locality_128", subject=name(C, ST, ("L", "\u00e9" * 128)))
    put("figure10_locality_129", subject=name(C, ST, ("L", "x" * 129)))
    put("figure10_locality_teletex", subject=name(C, ST, ("L", teletex("Laval"))))
    put("figure10_locality_printable", subject=name(C, ST, ("L", printable("Laval"))))
    put("figure10_locality_printable_star", subject=name(C, ST, ("L", printable("La*val"))))
    put("figure10_locality_ia5", subject=name(C, ST, ("L", ia5("Laval"))))


def keys_and_signatures():
    put("key_rsa3072", RSA3072)
    put("key_rsa2048_sha512", RSA2048, signature="sha512")
    put("key_rsa2048_sha1", RSA2048, signature="sha1")
    put("key_rsa2048_pss", RSA2048, signature=pss(RSA2048, "sha256", 32))
    put("key_p384", P384)
    put("key_p521", P521)
    put("key_p256_sha384", signature="sha384")
    put("key_p256_flipped", flip=True)
    put("key_rsa2048_flipped", RSA2048, flip=True)
    put("key_p256_other_key_signs", signature=(ecdsa_algorithm("sha256"),
                                               lambda m: EcKey("p256", "other").sign("sha256", m)))
    put("key_p256_explicit", spki=P256.spki(parameters="explicit"))
    put("key_p256_implicit", spki=P256.spki(parameters="implicit"))
    put("key_p256_compressed", spki=P256.spki(point="compressed"))
    put("key_p256_infinity", spki=P256.spki(point="infinity"))
    put("key_p256_off_curve", spki=P256.spki(point="off-curve"))
    put("key_p256_algorithm_null", signature=(ecdsa_algorithm("sha256", null()), lambda m: P256.sign("sha256", m)))
    put("key_ed25519", ED)
    put("key_rsa2048_exponent_3", RSA2048, spki=RSA2048.spki(e=3))
    put("key_rsa2048_exponent_even", RSA2048, spki=RSA2048.spki(e=65538))
    put("key_rsa2048_exponent_long", RSA2048, spki=RSA2048.spki(e=2**65 + 1))
    put("key_rsa2048_modulus_even", RSA2048, spki=RSA2048.spki(n=RSA2048.n - 1))
    put("key_rsa1024", RSA2048, spki=RSA2048.spki(n=(RSA2048.n >> 1024) | 1 | 1 << 1023))
    none = dict(subject=seq(), ku=None, eku=None)
    pss_spki = RSA2048.spki(algorithm=seq(oid("1.2.840.113549.1.1.10")))
    put("pss_salt_32", RSA2048, signature=pss(RSA2048, "sha256", 32), **none)
    put("pss_salt_20", RSA2048, signature=pss(RSA2048, "sha256", 20), **none)
    put("pss_mgf_sha1", RSA2048, signature=pss(RSA2048, "sha256", 32, "sha1"), **none)
    put("pss_trailer_2", RSA2048, signature=pss(RSA2048, "sha256", 32, None, 2), **none)
    put("pss_sha384", RSA2048, signature=pss(RSA2048, "sha384", 48), **none)
    put("pss_sha512", RSA2048, signature=pss(RSA2048, "sha512", 64), **none)
    put("pss_default_parameters", RSA2048,
        signature=(seq(oid("1.2.840.113549.1.1.10"), seq()), lambda m: RSA2048.sign_pss("sha1", m, 20)), **none)
    put("pss_key", RSA2048, spki=pss_spki, signature=pss(RSA2048, "sha256", 32), **none)
    put("pss_rsa_encryption", RSA2048, **none)


def names_only():
    """Empty subject, no usages: against the templates that are about names."""
    def put_names(label, *names, **more):
        put(label, subject=seq(), ku=None, eku=None, san=names, **more)

    def dns(label, *names):
        put_names(label, *(("dns", n) for n in names))

    uri = ("uri", "https://ido.example/x")
    dns("dns_wildcard", "*.ido.example")
    dns("dns_a", "a.ido.example")
    dns("dns_a_b", "a.ido.example", "b.ido.example")
    dns("dns_abc", "abc.ido.example")
    dns("dns_abc_def", "abc.ido.example", "def.ido.example")
    dns("dns_def_abc", "def.ido.example", "abc.ido.example")
    dns("dns_abc_def_ghi", "abc.ido.example", "def.ido.example", "ghi.ido.example")
    dns("dns_alabel_upper", "XN--BCHER-KVA.example")
    dns("dns_alabel_bad", "xn--99999999.ido.example")
    dns("dns_underscore", "_a.ido.example")
    dns("dns_address", "192.0.2.1")
    dns("dns_one_label", "localhost")
    dns("dns_empty", "")
    dns("dns_label_64", "a" * 64 + ".ido.example")
    dns("dns_length_254", ".".join(["a" * 61] * 4) + ".ido.ex")
    dns("dns_star_inside", "a.*.ido.example")
    dns("dns_star_partial", "a*.ido.example")
    dns("dns_blank", "a b.ido.example")
    dns("dns_ulabel", b"b\xc3\xbccher.example")
    put_names("uri_only", uri)
    put_names("uri_host_upper_case", ("uri", "HTTPS://IDO.Example/x"))
    put_names("uri_path_upper_case", ("uri", "https://ido.example/X"))
    put_names("uri_sip", ("uri", "sip:alice@ido.example"))
    put_names("email_same", ABC, ("email", "Hostmaster@ido.example"))
    put_names("email_domain_upper_case", ABC, ("email", "Hostmaster@IDO.example"))
    put_names("email_local_lower_case", ABC, ("email", "hostmaster@ido.example"))
    put_names("email_missing", ABC)
    put_names("names_other_order", ("uri", "urn:example:a"), ("email", "Hostmaster@ido.example"), ABC)
    put("no_subject_eku", subject=seq(), ku=None, eku=("serverAuth",))
    put("no_subject_ku", subject=seq(), ku=(0,), eku=None)
    for n in range(1, 5):
        for bad in range(n):
            dns("many_%d_bad_%d" % (n, bad), *("evil.example" if i == bad else "n%d.ido.example" % i for i in range(n)))
        dns("many_%d_good" % n, *("n%d.ido.example" % i for i in range(n)))
    dns("many_100", *("n%d.ido.example" % i for i in range(100)))
    dns("many_300", *("n%d.ido.example" % i for i in range(300)))


def subjects():
    """No usages, abc.ido.example: against the templates that are about the subject."""
    def put_subject(label, *pairs, **more):
        put(label, subject=name(*pairs), ku=None, eku=None, **more)

    put_subject("cn_abc", ("CN", "abc.ido.example"))
    put_subject("cn_abc_upper", ("CN", "ABC.ido.example"))
    put_subject("cn_evil", ("CN", "evil.example"))
    put_subject("cn_evil_blank", ("CN", " evil.example"))
    put_subject("cn_evil_dot", ("CN", "evil.example."))
    put_subject("cn_evil_underscore", ("CN", "_evil.example"))
    put_subject("cn_evil_wildcard", ("CN", "*.ido.example"))
    put_subject("cn_address", ("CN", "192.0.2.1"))
    put_subject("cn_address_6", ("CN", "2001:db8::1"))
    put_subject("cn_person", ("CN", "IdO Inc."))
    put_subject("cn_65", ("CN", "x" * 65))
    put_subject("cn_64", ("CN", "x" * 64))
    put_subject("cn_email", ("CN", "alice@ido.example"))
    put_subject("o_ido", ("O", "IdO Inc"))
    put_subject("o_two_blanks", ("O", "IdO  Inc"))
    put_subject("o_other_case", ("O", "IDO Inc"))
    put_subject("o_twice", ("O", "IdO Inc"), ("O", "IdO Inc"))
    put_subject("c_bmp", ("C", bmp("CA")))
    put_subject("c_ca", C)
    put_subject("c_lower_case", ("C", "ca"))
    put_subject("c_three", ("C", "CAN"))
    put_subject("c_digits", ("C", "12"))
    put_subject("e_ia5", ("E", "alice@ido.example"))
    put_subject("e_utf8", ("E", utf8("alice@ido.example")))
    put_subject("e_no_address", ("E", "alice"))
    put_subject("all_seven", C, ST, L, ("O", "NDC"), ("OU", "Edge"), ("CN", "Edge 1"), ("E", "alice@ido.example"))


def encodings():
    good = out["figure10_p256"]
    put("der_version_1", version=integer(1))
    put("der_version_long", version=tlv(2, b"\0\0"))
    put("der_version_negative", version=tlv(2, b"\xff"))
    put("der_trailing_byte", tail=b"\0")
    body = good[3:] if good[1] == 0x81 else good[4:]
    out["der_length_not_minimal"] = b"\x30\x83" + len(body).to_bytes(3, "big") + body
    out["der_length_indefinite"] = b"\x30\x80" + body + b"\0\0"
    out["der_truncated"] = good[:-1]
    out["der_empty"] = b""
    out["der_pem"] = (b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.encodebytes(good)
                      + b"-----END CERTIFICATE REQUEST-----\n")


def key_files():
    files = {}
    for label, key in KEYS.items():
        text = base64.b64encode(key.pkcs8()).decode()
        lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
        files["keys/%s.pem" % label] = ("-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n" % lines).encode()
        files["keys/%s.spki.der" % label] = key.spki()
    return files


def main():
    figure_10()
    keys_and_signatures()
    names_only()
    subjects()
    encodings()
    hostile(put, exts, P256, P521, RSA2048)
    files = key_files()
    files.update(("csr/%s.der" % label, der) for label, der in out.items())
    wrong = 0
    for path, data in sorted(files.items()):
        full = os.path.join(HERE, path)
        if "--check" in sys.argv:
            with open(full, "rb") as f:
                same = f.read() == data
            if not same:
                print("differs:", path)
                wrong = 1
            continue
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data)
    print(len(files), "files")
    return wrong


if __name__ == "__main__":
    sys.exit(main())

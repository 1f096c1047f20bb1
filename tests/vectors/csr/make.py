#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# vectors/csr/make.py -- builds the CSRs beside it, anew: keys and signatures differ each time, the names do not.
#
#   GOOD_*         parse, and their signature verifies
#   FAIL_parse_*   are refused by the reader: not DER, or not a CSR
#   FAIL_verify_*  parse, for the template is to say what it dislikes, but their proof of possession is refused
#
# "openssl" in a name: written by the openssl program; "py": by python3-cryptography; the others are put together here
# byte by byte and signed by python3-cryptography.
import os
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, ed448, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = os.path.dirname(os.path.abspath(__file__))
SHA = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}
EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
CHALLENGE_PASSWORD = '1.2.840.113549.1.9.7'


# --- DER ---

def length(n):
    if n < 0x80:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, 'big')
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag, *parts):
    content = b''.join(parts)
    return bytes([tag]) + length(len(content)) + content


def seq(*parts):
    return tlv(0x30, *parts)


def integer(n):
    return tlv(0x02, n.to_bytes(n.bit_length() // 8 + 1, 'big'))


def oid(text):
    arcs = [int(a) for a in text.split('.')]
    out = b''
    for arc in [40 * arcs[0] + arcs[1]] + arcs[2:]:
        groups = [arc & 0x7f]
        while arc > 0x7f:
            arc >>= 7
            groups.insert(0, 0x80 | arc & 0x7f)
        out += bytes(groups)
    return tlv(0x06, out)


def bits(content):
    return tlv(0x03, b'\0' + content)


NULL = tlv(0x05)
TRUE = tlv(0x01, b'\xff')


# --- Parts of a CSR ---

def rdn(*pairs):
    return tlv(0x31, *sorted(seq(oid(o), tlv(tag, value)) for o, tag, value in pairs))


def name(*pairs):
    return seq(*(rdn(p) for p in pairs))


def extension(o, value, critical=b''):
    return seq(oid(o), critical, tlv(0x04, value))


def dns(*names):
    return extension('2.5.29.17', seq(*(tlv(0x82, n.encode()) for n in names)))


def attribute(o, *values):
    return seq(oid(o), tlv(0x31, *values))


def request_of(*extensions):
    return attribute(EXTENSION_REQUEST, seq(*extensions))


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


ECDSA = {256: seq(oid('1.2.840.10045.4.3.2')), 384: seq(oid('1.2.840.10045.4.3.3')),
         512: seq(oid('1.2.840.10045.4.3.4'))}
HASH_OID = {256: '2.16.840.1.101.3.4.2.1', 384: '2.16.840.1.101.3.4.2.2', 512: '2.16.840.1.101.3.4.2.3'}


def pss(hash_bits, salt, mask_bits=None, parameters=NULL):
    def hash_id(n):
        return seq(oid(HASH_OID[n]), parameters)
    return seq(oid('1.2.840.113549.1.1.10'),
               seq(tlv(0xa0, hash_id(hash_bits)),
                   tlv(0xa1, seq(oid('1.2.840.113549.1.1.8'), hash_id(mask_bits or hash_bits))),
                   tlv(0xa2, integer(salt))))


def sign_ec(key, hash_bits=256):
    return lambda info: key.sign(info, ec.ECDSA(SHA[hash_bits]))


def sign_pss(key, hash_bits, salt, mask_bits=None):
    scheme = padding.PSS(padding.MGF1(SHA[mask_bits or hash_bits]), salt)
    return lambda info: key.sign(info, scheme, SHA[hash_bits])


def info_of(key_info, subject=name(), attributes=(), version=integer(0)):
    return seq(version, subject, key_info, tlv(0xa0, *attributes))


def finish(info, algorithm, sign):
    return seq(info, algorithm, bits(sign(info)))


def p256(**parts):
    """A CSR with a P-256 key; the parts are those of info_of."""
    return finish(info_of(spki(EC256), **parts), ECDSA[256], sign_ec(EC256))


# --- Files ---

def save(file, der):
    with open(os.path.join(HERE, file + '.der'), 'wb') as f:
        f.write(der)


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


CONFIG = '''[req]
distinguished_name=dn
req_extensions=ext
prompt=no
string_mask=utf8only
attributes=att
[dn]
C=CA
ST=Qu\u00e9bec
L=Laval
O=IdO Inc
OU=Edge
CN=abc.ido.example
emailAddress=ops@ido.example
[ext]
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=DNS:abc.ido.example,email:ops@ido.example,URI:https://ido.example/x,IP:192.0.2.1,IP:2001:db8::1
[att]
'''


def by_openssl():
    with tempfile.TemporaryDirectory() as d:
        key, config, out = (os.path.join(d, n) for n in ('key', 'config', 'out.der'))
        kinds = {
            'rsa2048': ['RSA', 'rsa_keygen_bits:2048'], 'rsa3072': ['RSA', 'rsa_keygen_bits:3072'],
            'p256': ['EC', 'ec_paramgen_curve:P-256'], 'p384': ['EC', 'ec_paramgen_curve:P-384'],
            'p521': ['EC', 'ec_paramgen_curve:P-521'], 'ed25519': ['ED25519'],
            'p256_explicit': ['EC', 'ec_paramgen_curve:P-256', 'ec_param_enc:explicit'],
        }
        digest = {'p384': '-sha384', 'p521': '-sha512', 'rsa3072': '-sha512'}
        for kind, (algorithm, *options) in kinds.items():
            openssl('genpkey', '-algorithm', algorithm, '-out', key, *(a for o in options for a in ('-pkeyopt', o)))
            with open(config, 'w', encoding='utf-8') as f:
                f.write(CONFIG)
            openssl('req', '-new', '-utf8', '-config', config, '-key', key, '-outform', 'DER', '-out', out,
                    digest.get(kind, '-sha256'))
            prefix = 'FAIL_verify_openssl_' if 'explicit' in kind else 'GOOD_openssl_'
            save(prefix + kind, open(out, 'rb').read())
        # What openssl and the clients that call it write where nobody names a digest: SHA-256 on any curve.
        for curve, n in (('256', 512), ('384', 256), ('521', 256)):
            openssl('genpkey', '-algorithm', 'EC', '-out', key, '-pkeyopt', f'ec_paramgen_curve:P-{curve}')
            openssl('req', '-new', '-utf8', '-config', config, '-key', key, '-outform', 'DER', '-out', out, f'-sha{n}')
            save(f'GOOD_openssl_p{curve}_sha{n}', open(out, 'rb').read())
        openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', key)
        for n in (256, 384, 512):
            openssl('req', '-new', '-utf8', '-config', config, '-key', key, '-outform', 'DER', '-out', out, f'-sha{n}',
                    '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest')
            save(f'GOOD_openssl_pss_sha{n}', open(out, 'rb').read())
        with open(config, 'w', encoding='utf-8') as f:
            f.write(CONFIG.replace('[att]', '[att]\nchallengePassword=correct horse'))
        openssl('req', '-new', '-utf8', '-config', config, '-key', key, '-outform', 'DER', '-out', out, '-sha256')
        save('GOOD_openssl_challenge_password', open(out, 'rb').read())


def by_python():
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, 'CA'), x509.NameAttribute(NameOID.COMMON_NAME, 'abc.ido.example')]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName('abc.ido.example')]), False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    save('GOOD_py_p256', builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
    save('GOOD_py_ed25519',
         builder.sign(ed25519.Ed25519PrivateKey.generate(), None).public_bytes(serialization.Encoding.DER))
    save('GOOD_py_rsa2048', builder.sign(RSA, hashes.SHA384()).public_bytes(serialization.Encoding.DER))
    many = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(f'n{i}.ido.example') for i in range(256)]), True)
    save('GOOD_py_many_sans', many.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
    save('FAIL_verify_py_ed448',
         builder.sign(ed448.Ed448PrivateKey.generate(), None).public_bytes(serialization.Encoding.DER))
    save('FAIL_verify_py_secp256k1', builder.sign(ec.generate_private_key(ec.SECP256K1()), hashes.SHA256())
         .public_bytes(serialization.Encoding.DER))
    save('FAIL_verify_py_dsa', builder.sign(dsa.generate_private_key(2048), hashes.SHA256())
         .public_bytes(serialization.Encoding.DER))
    save('FAIL_verify_py_rsa1024', builder.sign(rsa.generate_private_key(65537, 1024), hashes.SHA256())
         .public_bytes(serialization.Encoding.DER))


def odd_but_good():
    cn, o = '2.5.4.3', '2.5.4.10'
    strings = {
        'utf8': (0x0c, 'Zo\u00eb \u2603 \U0001f511'.encode()), 'printable': (0x13, b"A-Z (0:9)'+,./=?"),
        'ia5': (0x16, b'a@b_c'), 'teletex': (0x14, b'caf\xe9'), 'bmp': (0x1e, 'na\u00efve'.encode('utf-16-be')),
        'universal': (0x1c, 'x\U0001f511'.encode('utf-32-be')), 'empty': (0x0c, b''),
    }
    for kind, (tag, value) in strings.items():
        save('GOOD_string_' + kind, p256(subject=name((o, tag, value)), attributes=[request_of(dns('a.ido.example'))]))
    save('GOOD_no_attribute', p256())
    save('GOOD_p256_with_sha384', finish(info_of(spki(EC256)), ECDSA[384], sign_ec(EC256, 384)))
    save('GOOD_empty_subject', p256(attributes=[request_of(dns('a.ido.example'))]))
    save('GOOD_two_attributes_in_rdn', p256(subject=seq(rdn((cn, 0x0c, b'a.ido.example'), (o, 0x0c, b'IdO')))))
    save('GOOD_same_attribute_twice', p256(subject=name((o, 0x0c, b'IdO'), (o, 0x0c, b'NDC'))))
    save('GOOD_two_extension_requests',
         p256(attributes=[request_of(dns('a.ido.example')), request_of(dns('b.ido.example'))]))
    save('GOOD_two_extension_request_values', p256(attributes=[
        attribute(EXTENSION_REQUEST, seq(dns('a.ido.example')), seq(dns('b.ido.example')))]))
    save('GOOD_extension_twice', p256(attributes=[request_of(dns('a.ido.example'), dns('b.ido.example'))]))
    save('GOOD_unknown_attribute', p256(attributes=[
        attribute('1.3.6.1.4.1.311.13.2.3', tlv(0x16, b'10.0.1')), request_of(dns('a.ido.example'))]))
    save('GOOD_unknown_extension', p256(attributes=[request_of(extension('1.3.6.1.4.1.55555.1', b'\1\2\3', TRUE))]))
    save('GOOD_empty_eku', p256(attributes=[request_of(extension('2.5.29.37', seq()))]))
    label = 'a' * 63
    longest = '.'.join([label, label, label, 'b' * 61])
    assert len(longest) == 253
    save('GOOD_longest_name', p256(attributes=[request_of(dns(longest))]))
    save('GOOD_rsa_parameters_absent', finish(info_of(spki(RSA)), seq(oid('1.2.840.113549.1.1.11')),
                                              lambda info: RSA.sign(info, padding.PKCS1v15(), SHA[256])))
    save('GOOD_pss_hash_parameters_absent', finish(info_of(spki(RSA)), pss(256, 32, parameters=b''),
                                                   sign_pss(RSA, 256, 32)))


def unverifiable():
    info = info_of(spki(EC256))
    # what mbedTLS 2.28 writes (RFC 5758 3.2 wants the parameters absent)
    save('FAIL_verify_ecdsa_null_parameters',
         finish(info, seq(oid('1.2.840.10045.4.3.2'), NULL), sign_ec(EC256)))
    save('FAIL_verify_ecdsa_sha1', finish(info, seq(oid('1.2.840.10045.4.1')),
                                          lambda i: EC256.sign(i, ec.ECDSA(hashes.SHA1()))))
    save('FAIL_verify_foreign_key', finish(info, ECDSA[256], sign_ec(ec.generate_private_key(ec.SECP256R1()))))
    save('FAIL_verify_signature_of_zeroes', seq(info, ECDSA[256], bits(seq(integer(0), integer(0)))))
    save('FAIL_verify_signature_empty', seq(info, ECDSA[256], bits(b'')))
    raw = sign_ec(EC256)(info)
    save('FAIL_verify_signature_trailing', seq(info, ECDSA[256], bits(raw + b'\0')))
    good = p256(subject=name(('2.5.4.3', 0x0c, b'abc.ido.example')))
    save('FAIL_verify_subject_changed', good.replace(b'abc.ido', b'abd.ido'))
    for salt, mask, file in ((20, 256, 'pss_salt_20'), (32, 512, 'pss_mask_hash_differs'), (48, 256, 'pss_salt_48')):
        save('FAIL_verify_' + file, finish(info_of(spki(RSA)), pss(256, salt, mask), sign_pss(RSA, 256, salt, mask)))
    save('FAIL_verify_pss_defaults', finish(info_of(spki(RSA)), seq(oid('1.2.840.113549.1.1.10'), seq()),
         lambda i: RSA.sign(i, padding.PSS(padding.MGF1(hashes.SHA1()), 20), hashes.SHA1())))
    save('FAIL_verify_rsa_sha1', finish(info_of(spki(RSA)), seq(oid('1.2.840.113549.1.1.5'), NULL),
                                        lambda i: RSA.sign(i, padding.PKCS1v15(), hashes.SHA1())))
    numbers = RSA.public_key().public_numbers()
    body = bits(seq(integer(numbers.n), integer(numbers.e)))
    save('FAIL_verify_pss_key', finish(info_of(seq(seq(oid('1.2.840.113549.1.1.10')), body)), pss(256, 32),
                                       sign_pss(RSA, 256, 32)))
    save('FAIL_verify_rsa_key_parameters_absent', finish(info_of(seq(seq(oid('1.2.840.113549.1.1.1')), body)),
         seq(oid('1.2.840.113549.1.1.11'), NULL), lambda i: RSA.sign(i, padding.PKCS1v15(), SHA[256])))
    point = EC256.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    curve = seq(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7'))
    save('FAIL_verify_compressed_point', finish(info_of(seq(curve, bits(point))), ECDSA[256], sign_ec(EC256)))
    save('FAIL_verify_point_not_on_curve', finish(info_of(seq(curve, bits(b'\4' + b'\1' * 64))), ECDSA[256],
                                                  sign_ec(EC256)))
    save('FAIL_verify_point_at_infinity', finish(info_of(seq(curve, bits(b'\0'))), ECDSA[256], sign_ec(EC256)))


def unreadable():
    good = p256(attributes=[request_of(dns('a.ido.example'))])
    save('FAIL_parse_trailing_byte', good + b'\0')
    save('FAIL_parse_truncated', good[:-1])
    save('FAIL_parse_empty', b'')
    save('FAIL_parse_length_non_minimal', b'\x30\x83\x00' + good[2:])
    info = info_of(spki(EC256))
    inner = finish(info, ECDSA[256], sign_ec(EC256))
    save('FAIL_parse_length_indefinite', b'\x30\x80' + inner[len(b'\x30') + len(length(len(inner) - 3)):] + b'\0\0')
    save('FAIL_parse_version_1', p256(version=integer(1)))
    save('FAIL_parse_version_negative', p256(version=tlv(0x02, b'\xff')))
    save('FAIL_parse_version_non_minimal', p256(version=tlv(0x02, b'\0\0')))
    save('FAIL_parse_version_missing', p256(version=b''))
    save('FAIL_parse_version_twice', p256(version=integer(0) + integer(0)))
    bare = seq(integer(0), name(), spki(EC256))
    save('FAIL_parse_attributes_missing', finish(bare, ECDSA[256], sign_ec(EC256)))
    twice = seq(integer(0), name(), spki(EC256), tlv(0xa0), tlv(0xa0))
    save('FAIL_parse_attributes_twice', finish(twice, ECDSA[256], sign_ec(EC256)))
    save('FAIL_parse_extensions_empty', p256(attributes=[attribute(EXTENSION_REQUEST, seq())]))
    save('FAIL_parse_extension_request_not_sequence', p256(attributes=[attribute(EXTENSION_REQUEST, NULL)]))
    save('FAIL_parse_attribute_without_value', p256(attributes=[attribute(CHALLENGE_PASSWORD)]))
    save('FAIL_parse_critical_01',
         p256(attributes=[request_of(extension('2.5.29.15', b'\3\2\7\x80', tlv(0x01, b'\1')))]))
    save('FAIL_parse_critical_false',
         p256(attributes=[request_of(extension('2.5.29.15', b'\3\2\7\x80', tlv(0x01, b'\0')))]))
    save('FAIL_parse_high_tag', p256(attributes=[attribute(CHALLENGE_PASSWORD, b'\x1f\x81\x01\x00')]))
    save('FAIL_parse_constructed_string', p256(subject=name(('2.5.4.3', 0x2c, tlv(0x0c, b'a')))))
    save('FAIL_parse_oid_non_minimal',
         p256(subject=seq(tlv(0x31, seq(tlv(0x06, b'\x55\x80\x04\x03'), tlv(0x0c, b'a'))))))
    save('FAIL_parse_rdn_empty', p256(subject=seq(tlv(0x31))))
    save('FAIL_parse_signature_unused_bits', seq(info, ECDSA[256], tlv(0x03, b'\1\2')))
    save('FAIL_parse_signature_missing', seq(info, ECDSA[256]))
    save('FAIL_parse_element_behind_signature', seq(info, ECDSA[256], bits(sign_ec(EC256)(info)), NULL))
    negative = seq(seq(oid('1.2.840.113549.1.1.1'), NULL), bits(seq(tlv(0x02, b'\x80' + b'\1' * 255), integer(65537))))
    save('FAIL_parse_modulus_negative', finish(info_of(negative), ECDSA[256], sign_ec(EC256)))
    save('FAIL_parse_extensions_65', p256(attributes=[
        request_of(*(extension(f'1.3.6.1.4.1.55555.{i}', NULL) for i in range(65)))]))
    save('FAIL_parse_attributes_65', p256(attributes=[attribute(f'1.3.6.1.4.1.55555.{i}', NULL) for i in range(65)]))
    save('FAIL_parse_subject_65', p256(subject=name(*(('2.5.4.10', 0x0c, b'x') for _ in range(65)))))
    save('FAIL_parse_too_long', p256(attributes=[request_of(dns(*(f'name-{i}.ido.example' for i in range(3000))))]))


EC256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)

if __name__ == '__main__':
    for file in os.listdir(HERE):
        if file.endswith('.der'):
            os.remove(os.path.join(HERE, file))
    by_openssl()
    by_python()
    odd_but_good()
    unverifiable()
    unreadable()
    sys.stdout.write(f"{sum(f.endswith('.der') for f in os.listdir(HERE))} files\n")

# SPDX-License-Identifier: Apache-2.0
"""der.py -- as much DER as it takes to put a certification request together by hand, and to spoil one."""
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

HASHES = {"256": (hashes.SHA256, 1, 32), "384": (hashes.SHA384, 2, 48), "512": (hashes.SHA512, 3, 64)}
OID_SHA2 = (2, 16, 840, 1, 101, 3, 4, 2)
OID_RSA = (1, 2, 840, 113549, 1, 1)
OID_ECDSA_SHA2 = (1, 2, 840, 10045, 4, 3)
NULL = b"\x05\x00"


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def oid(arcs):
    out = bytearray([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        group = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            group.append(0x80 | (arc & 0x7F))
        out += bytes(reversed(group))
    return tlv(0x06, bytes(out))


def items(data):
    """The elements of a DER string, each with its head."""
    at = 0
    found = []
    while at < len(data):
        length, start = data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, start = int.from_bytes(data[start:start + count], "big"), start + count
        if start + length > len(data):
            raise ValueError("DER ends early")
        found.append((data[at], data[at:start + length], data[start:start + length]))
        at = start + length
    return found


def algorithm(signature_type):
    """The AlgorithmIdentifier that a template's SignatureType stands for (RFC 9115 appendix A, comments)."""
    digest = next(d for d in HASHES if d in signature_type)
    number, salt = HASHES[digest][1:]
    if signature_type.startswith("ecdsa"):
        return tlv(0x30, oid(OID_ECDSA_SHA2 + (number + 1,)))
    if signature_type.endswith("WithRSAEncryption"):
        return tlv(0x30, oid(OID_RSA + (10 + number,)), NULL)
    hashed = tlv(0x30, oid(OID_SHA2 + (number,)), NULL)
    return tlv(0x30, oid(OID_RSA + (10,)), tlv(0x30, tlv(0xA0, hashed),
                                               tlv(0xA1, tlv(0x30, oid(OID_RSA + (8,)), hashed)),
                                               tlv(0xA2, tlv(0x02, bytes([salt])))))


def pss(digest, salt):
    return padding.PSS(padding.MGF1(digest()), salt)


def sign(key, signature_type, message):
    digest, _, salt = HASHES[next(d for d in HASHES if d in signature_type)]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(digest()))
    scheme = pss(digest, salt) if signature_type.endswith("MGF1") else padding.PKCS1v15()
    return key.sign(message, scheme, digest())


def verifies(public, signature_type, message, signature):
    digest, _, salt = HASHES[next(d for d in HASHES if d in signature_type)]
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, message, ec.ECDSA(digest()))
        else:
            scheme = pss(digest, salt) if signature_type.endswith("MGF1") else padding.PKCS1v15()
            public.verify(signature, message, scheme, digest())
    except InvalidSignature:
        return False
    return True


def request(key, signature_type, subject, extensions, attributes=(), flip=False):
    """A PKCS#10 request of exactly this content: subject an x509.Name, extensions (object, critical) pairs."""
    digest = HASHES["256"][0]()
    if isinstance(key.public_key(), ec.EllipticCurvePublicKey) and key.curve.key_size > 256:
        digest = hashes.SHA512()
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    for attribute, value in attributes:
        builder = builder.add_attribute(attribute, value)
    info = builder.sign(key, digest).tbs_certrequest_bytes
    signature = sign(key, signature_type, info)
    if flip:
        signature = sign(key, signature_type, info + b"\0")
    return tlv(0x30, info, algorithm(signature_type), tlv(0x03, b"\0", signature))


def parts_of(request_der):
    """(info, algorithm identifier, signature) of a request."""
    outer = items(request_der)
    if len(outer) != 1 or outer[0][0] != 0x30:
        raise ValueError("a request is one SEQUENCE")
    inner = items(outer[0][2])
    if [tag for tag, _, _ in inner] != [0x30, 0x30, 0x03] or inner[2][2][:1] != b"\0":
        raise ValueError("a request has three parts")
    return inner[0][1], inner[1][1], inner[2][2][1:]


def attributes_of(request_der):
    """The OIDs of the request's attributes, as DER."""
    info = items(items(parts_of(request_der)[0])[0][2])
    return [items(items(whole)[0][2])[0][1] for tag, _, body in info[3:] if tag == 0xA0
            for _, whole, _ in items(body)]

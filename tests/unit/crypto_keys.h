/* SPDX-License-Identifier: Apache-2.0 */
/* unit/crypto_keys.h -- published keys and signatures (RFC 6979 A.2, RFC 8032 7.1), for the crypto tests. */
#ifndef SDG_TESTS_UNIT_CRYPTO_KEYS_H
#define SDG_TESTS_UNIT_CRYPTO_KEYS_H

#include "support/test.h"

#include "crypto/crypto.h"
#include "der/der.h"

/* Everything in hex; the signature is r and s, over |message|. */
typedef struct key_vector {
  stardeleg_alg alg;
  stardeleg_key_spec spec;
  unsigned bits;
  const char *x, *y, *d, *message, *signature, *order;
} key_vector;

static const key_vector key_vectors[] = {
    {STARDELEG_ALG_ES256, STARDELEG_KEY_P256, 256, "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
     "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
     "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", "73616d706c65",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
    {STARDELEG_ALG_ES384, STARDELEG_KEY_P384, 384,
     "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13",
     "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
     "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5", "73616d706c65",
     "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"
     "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
     "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"},
    {STARDELEG_ALG_ES512, STARDELEG_KEY_P521, 521,
     "01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb633155d38ffa16d2bd76"
     "1dc"
     "ac474b9a2f5023a4",
     "00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0db25741b5b34a828008b22acc23f924faafbd4d33f81e"
     "a66"
     "956dfeaa2bfdfcf5",
     "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db8"
     "9ec"
     "0c08b0e996b83538",
     "73616d706c65",
     "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91"
     "f9b"
     "15bf05ec36e377fa"
     "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc4"
     "399"
     "7f1ee0e44da4a67a",
     "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b889"
     "9c47aebb6fb71e91386409"},
    {STARDELEG_ALG_EDDSA, STARDELEG_KEY_ED25519, 255,
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "",
     "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
     ""},
};
#define KEY_VECTOR_COUNT (sizeof(key_vectors) / sizeof(key_vectors[0]))

static inline stardeleg_bytes from_hex(const char *hex)
{
  size_t len = 0;
  uint8_t *bytes = test_hex(hex, &len);

  return (stardeleg_bytes){bytes, len};
}

static inline void drop(stardeleg_bytes bytes)
{
  free((void *)(uintptr_t)bytes.base);
}

static inline bool can_verify(stardeleg_alg alg)
{
  return (test_crypto()->ops->verify_algs & (UINT32_C(1) << alg)) != 0;
}

static inline void vector_spki(sdg_buf *out, const key_vector *v)
{
  sdg_spki parts = {.info = {v->bits == 255 ? STARDELEG_FAMILY_ED : STARDELEG_FAMILY_EC, v->bits}};

  parts.x = from_hex(v->x);
  parts.y = from_hex(v->y);
  sdg_spki_write(out, &parts);
  assert_ok(sdg_buf_error(out));
  drop(parts.x);
  drop(parts.y);
}

/* PKCS#8 (RFC 5958, RFC 5915, RFC 8410) with scalar |d|; the point is left out, so that the backend derives it. */
static inline void vector_pkcs8(sdg_buf *out, const key_vector *v, stardeleg_bytes d)
{
  sdg_buf spki;
  sdg_der reader;
  sdg_der inside;
  stardeleg_bytes algorithm;
  stardeleg_bytes content;
  size_t outer = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t octets;

  sdg_buf_init(&spki, SDG_SPKI_MAX);
  vector_spki(&spki, v);
  reader = sdg_der_open(sdg_buf_bytes(&spki));
  assert_ok(sdg_der_enter(&reader, SDG_DER_SEQUENCE, &inside));
  assert_ok(sdg_der_get(&inside, SDG_DER_SEQUENCE, &content, &algorithm));
  sdg_der_put_uint(out, 0);
  sdg_der_put_raw(out, algorithm);
  octets = sdg_der_put_begin(out, SDG_DER_OCTET_STRING);
  if (v->bits == 255) {
    sdg_der_put(out, SDG_DER_OCTET_STRING, d);
  } else {
    size_t sequence = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

    sdg_der_put_uint(out, 1);
    sdg_der_put(out, SDG_DER_OCTET_STRING, d);
    sdg_der_put_end(out, sequence);
  }
  sdg_der_put_end(out, octets);
  sdg_der_put_end(out, outer);
  assert_ok(sdg_buf_error(out));
  sdg_buf_clear(&spki);
}

#endif /* SDG_TESTS_UNIT_CRYPTO_KEYS_H */

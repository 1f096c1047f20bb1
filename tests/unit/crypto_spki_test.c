/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_spki_test.c -- which public keys are taken, from one good key of each kind with one thing spoiled. */
#include "support/test.h"

#include <stardeleg/problem.h>

#include "base/bytes.h"
#include "unit/crypto_keys.h"

static uint8_t modulus[1100]; /* odd, no small number of bits; not a product of two primes, which nobody can see */

/* |read|: what reading alone says; the numbers are the backend's to judge. */
static void check(const char *what, stardeleg_bytes spki, stardeleg_err read, stardeleg_err expected)
{
  stardeleg_problem problem;
  sdg_spki parts;
  sdg_pubkey *key = NULL;
  stardeleg_err got;

  memset(&problem, 0, sizeof(problem));
  got = sdg_spki_read(&parts, spki, &problem);
  if (got != read) {
    fail_msg("%s: read says %s", what, stardeleg_strerror(got));
  }
  assert_int_equal(problem.acme, got == STARDELEG_OK ? STARDELEG_ACME_NONE : STARDELEG_ACME_BAD_PUBLIC_KEY);
  assert_int_equal(problem.detail[0] == '\0', got == STARDELEG_OK);
  assert_int_equal(sdg_spki_read(&parts, spki, NULL), got);
  got = sdg_pubkey_import(&key, test_crypto(), spki, &problem);
  if (got != expected) {
    fail_msg("%s: import says %s", what, stardeleg_strerror(got));
  }
  assert_int_equal(key == NULL, got != STARDELEG_OK);
  assert_int_equal(problem.acme, got == STARDELEG_OK ? STARDELEG_ACME_NONE : STARDELEG_ACME_BAD_PUBLIC_KEY);
  sdg_pubkey_free(key);
  if (expected != STARDELEG_OK) {
    /* The backend on its own, as a provider's other user would call it, must refuse as well. */
    stardeleg_key_info info;
    void *handle = NULL;

    got = test_crypto()->ops->public_import(test_crypto()->self, &handle, &info, spki);
    if (got != STARDELEG_ERR_BAD_KEY) {
      fail_msg("%s: the backend says %s", what, stardeleg_strerror(got));
    }
  }
}

static void read_and_import(const char *what, stardeleg_bytes spki, stardeleg_err expected)
{
  check(what, spki, expected, expected);
}

/* RSA from numbers: |bits| of modulus, |e|, and what stands as parameters (NULL: a NULL). */
static void rsa_spki(sdg_buf *out, unsigned bits, stardeleg_bytes e, stardeleg_bytes params, bool even)
{
  const stardeleg_bytes oid = from_hex("2a864886f70d010101");
  const size_t len = (bits + 7u) / 8u;
  uint8_t saved_first = modulus[0];
  uint8_t saved_last = modulus[len - 1];
  size_t outer;
  size_t inner;

  modulus[0] = (uint8_t)(1u << ((bits - 1) % 8));
  modulus[len - 1] = even ? 0xfe : 0xff;
  outer = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  inner = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  sdg_der_put_oid(out, oid);
  sdg_der_put_raw(out, params);
  sdg_der_put_end(out, inner);
  inner = sdg_der_put_begin(out, SDG_DER_BIT_STRING);
  sdg_buf_add_byte(out, 0);
  {
    size_t numbers = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

    sdg_der_put_magnitude(out, (stardeleg_bytes){modulus, len});
    sdg_der_put_magnitude(out, e);
    sdg_der_put_end(out, numbers);
  }
  sdg_der_put_end(out, inner);
  sdg_der_put_end(out, outer);
  modulus[0] = saved_first;
  modulus[len - 1] = saved_last;
  drop(oid);
  assert_ok(sdg_buf_error(out));
}

static void test_rsa(void **state)
{
  static const struct {
    const char *what;
    unsigned bits;
    const char *e;
    const char *params;
    bool even;
    stardeleg_err expected;
  } rows[] = {
      {"2048", 2048, "010001", "0500", false, STARDELEG_OK},
      {"2049 bits", 2049, "010001", "0500", false, STARDELEG_OK},
      {"8192", 8192, "010001", "0500", false, STARDELEG_OK},
      {"e of 33 bits", 2048, "0100000001", "0500", false, STARDELEG_OK},
      {"e of 64 bits", 2048, "ffffffffffffffff", "0500", false, STARDELEG_OK},
      {"2047 bits", 2047, "010001", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"1024 bits", 1024, "010001", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"512 bits", 512, "010001", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"8193 bits", 8193, "010001", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"8200 bits", 8200, "010001", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"even modulus", 2048, "010001", "0500", true, STARDELEG_ERR_BAD_KEY},
      {"e = 0", 2048, "00", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"e = 1", 2048, "01", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"e = 3", 2048, "03", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"e = 17", 2048, "11", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"e = 65535", 2048, "ffff", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"e = 65536", 2048, "010000", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"e even", 2048, "010002", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"e of 65 bits", 2048, "010000000000000001", "0500", false, STARDELEG_ERR_BAD_KEY},
      {"e of 65 bits, 65537 without the first", 2048, "010000000000010001", "0500", false, STARDELEG_ERR_BAD_KEY},
  };

  (void)state;
  memset(modulus, 0xa5, sizeof(modulus));
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const stardeleg_bytes e = from_hex(rows[i].e);
    const stardeleg_bytes params = from_hex(rows[i].params);
    sdg_buf spki;

    sdg_buf_init(&spki, 2000);
    rsa_spki(&spki, rows[i].bits, e, params, rows[i].even);
    read_and_import(rows[i].what, sdg_buf_bytes(&spki), rows[i].expected);
    sdg_buf_clear(&spki);
    drop(e);
    drop(params);
  }
}

/* RFC 3279 2.3.1; only the strict reader looks, backends are told that the caller has. */
static void test_rsa_parameters(void **state)
{
  static const char *const params[] = {"", "3000", "0400", "05000500", "06032a0304"};
  const stardeleg_bytes e = from_hex("010001");

  (void)state;
  memset(modulus, 0xa5, sizeof(modulus));
  for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
    const stardeleg_bytes bytes = from_hex(params[i]);
    sdg_pubkey *key = NULL;
    sdg_buf spki;

    sdg_buf_init(&spki, 2000);
    rsa_spki(&spki, 2048, e, bytes, false);
    assert_err(STARDELEG_ERR_BAD_KEY, sdg_pubkey_import(&key, test_crypto(), sdg_buf_bytes(&spki), NULL));
    sdg_buf_clear(&spki);
    drop(bytes);
  }
  drop(e);
}

/* RFC 8017 A.1.1: RSAPublicKey is a SEQUENCE of two numbers, and the BIT STRING holds nothing else. */
static void test_rsa_public_key(void **state)
{
  enum { GOOD, THIRD_NUMBER, BEHIND, CASES };
  const stardeleg_bytes oid = from_hex("2a864886f70d010101");
  const stardeleg_bytes e = from_hex("010001");

  (void)state;
  memset(modulus, 0xa5, sizeof(modulus));
  for (int i = 0; i < CASES; i++) {
    sdg_pubkey *key = NULL;
    sdg_buf spki;
    size_t outer;
    size_t inner;
    size_t numbers;

    sdg_buf_init(&spki, 2000);
    outer = sdg_der_put_begin(&spki, SDG_DER_SEQUENCE);
    inner = sdg_der_put_begin(&spki, SDG_DER_SEQUENCE);
    sdg_der_put_oid(&spki, oid);
    sdg_der_put_null(&spki);
    sdg_der_put_end(&spki, inner);
    inner = sdg_der_put_begin(&spki, SDG_DER_BIT_STRING);
    sdg_buf_add_byte(&spki, 0);
    numbers = sdg_der_put_begin(&spki, SDG_DER_SEQUENCE);
    sdg_der_put_magnitude(&spki, (stardeleg_bytes){modulus, 256});
    sdg_der_put_magnitude(&spki, e);
    if (i == THIRD_NUMBER) {
      sdg_der_put_magnitude(&spki, e);
    }
    sdg_der_put_end(&spki, numbers);
    if (i == BEHIND) {
      sdg_der_put_null(&spki);
    }
    sdg_der_put_end(&spki, inner);
    sdg_der_put_end(&spki, outer);
    assert_ok(sdg_buf_error(&spki));
    assert_err(i == GOOD ? STARDELEG_OK : STARDELEG_ERR_MALFORMED,
               sdg_pubkey_import(&key, test_crypto(), sdg_buf_bytes(&spki), NULL));
    sdg_pubkey_free(key);
    sdg_buf_clear(&spki);
  }
  drop(oid);
  drop(e);
}

/* Every key of the vectors is taken and comes out again, byte for byte. */
static void test_round_trip(void **state)
{
  (void)state;
  for (size_t i = 0; i < KEY_VECTOR_COUNT; i++) {
    sdg_buf spki;
    sdg_buf again;
    sdg_spki parts;
    sdg_pubkey *key = NULL;

    sdg_buf_init(&spki, SDG_SPKI_MAX);
    sdg_buf_init(&again, SDG_SPKI_MAX);
    vector_spki(&spki, &key_vectors[i]);
    assert_ok(sdg_spki_read(&parts, sdg_buf_bytes(&spki), NULL));
    assert_int_equal(parts.info.bits, key_vectors[i].bits);
    sdg_spki_write(&again, &parts);
    assert_true(sdg_bytes_equal(sdg_buf_bytes(&spki), sdg_buf_bytes(&again)));
    if (can_verify(key_vectors[i].alg)) {
      assert_ok(sdg_pubkey_import(&key, test_crypto(), sdg_buf_bytes(&spki), NULL));
      assert_true(sdg_bytes_equal(sdg_buf_bytes(&spki), sdg_pubkey_spki(key)));
      assert_int_equal(sdg_pubkey_info(key)->bits, key_vectors[i].bits);
      assert_int_equal(sdg_pubkey_info(key)->family, parts.info.family);
      sdg_pubkey_free(key);
    } else {
      stardeleg_problem problem;

      assert_err(STARDELEG_ERR_UNSUPPORTED, sdg_pubkey_import(&key, test_crypto(), sdg_buf_bytes(&spki), &problem));
      assert_int_equal(problem.acme, STARDELEG_ACME_BAD_PUBLIC_KEY);
    }
    sdg_buf_clear(&spki);
    sdg_buf_clear(&again);
  }
  sdg_pubkey_free(NULL);
}

/* Whatever single bit flips, a key is either refused or another one; a P-256 point is off the curve nearly always. */
static void test_flipped_bits(void **state)
{
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    const size_t half = (key_vectors[i].bits + 7u) / 8u;
    sdg_buf spki;

    sdg_buf_init(&spki, SDG_SPKI_MAX);
    vector_spki(&spki, &key_vectors[i]);
    for (size_t bit = 0; bit < spki.len * 8; bit++) {
      sdg_pubkey *key = NULL;
      stardeleg_err rv;

      spki.base[bit / 8] ^= (uint8_t)(1u << (bit % 8));
      rv = sdg_pubkey_import(&key, test_crypto(), sdg_buf_bytes(&spki), NULL);
      if (bit / 8 >= spki.len - 2 * half) {
        assert_err(STARDELEG_ERR_BAD_KEY, rv); /* off the curve, or beyond the field */
      } else {
        assert_true(rv == STARDELEG_ERR_BAD_KEY || rv == STARDELEG_ERR_MALFORMED);
      }
      spki.base[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t len = 0; len < spki.len; len++) {
      sdg_pubkey *key = NULL;

      assert_err(STARDELEG_ERR_MALFORMED, sdg_pubkey_import(&key, test_crypto(), sdg_bytes(spki.base, len), NULL));
    }
    sdg_buf_clear(&spki);
  }
}

/* P-256 written by hand, so that each part can be spoiled. */
#define X "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define Y "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define P256_FIELD "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define EC_P256 "301306072a8648ce3d020106082a8648ce3d030107"

static void test_ec_forms(void **state)
{
  static const struct {
    const char *what;
    const char *hex;
    stardeleg_err expected;
  } rows[] = {
      {"good", "3059" EC_P256 "03420004" X Y, STARDELEG_OK},
      {"compressed", "3039" EC_P256 "03220003" X, STARDELEG_ERR_BAD_KEY},
      {"hybrid", "3059" EC_P256 "03420007" X Y, STARDELEG_ERR_BAD_KEY},
      {"point at infinity", "3019" EC_P256 "03020000", STARDELEG_ERR_BAD_KEY},
      {"no point", "3018" EC_P256 "030100", STARDELEG_ERR_BAD_KEY},
      {"secp256k1", "3056301006072a8648ce3d020106052b8104000a03420004" X Y, STARDELEG_ERR_BAD_KEY},
      {"another curve's name", "3056301006072a8648ce3d020106052b8104002203420004" X Y, STARDELEG_ERR_BAD_KEY},
      {"no parameters", "304f300906072a8648ce3d020103420004" X Y, STARDELEG_ERR_BAD_KEY},
      {"something behind the curve",
       "305b301506072a8648ce3d020106082a8648ce3d0301070500"
       "03420004" X Y,
       STARDELEG_ERR_BAD_KEY},
      {"an OID below id-ecPublicKey",
       "305a301406082a8648ce3d02010106082a8648ce3d030107"
       "03420004" X Y,
       STARDELEG_ERR_BAD_KEY},
      {"implicit curve", "3051300b06072a8648ce3d0201050003420004" X Y, STARDELEG_ERR_BAD_KEY},
      {"id-ecDH",
       "30563010"
       "06052b8104010c"
       "06072a8648ce3d0107"
       "03420004" X Y,
       STARDELEG_ERR_BAD_KEY},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const stardeleg_bytes spki = from_hex(rows[i].hex);

    read_and_import(rows[i].what, spki, rows[i].expected);
    drop(spki);
  }
}

static void test_ec_numbers(void **state)
{
  static const struct {
    const char *what;
    const char *hex;
  } rows[] = {
      {"zero point", "3059" EC_P256 "03420004" ZERO ZERO},
      {"x = p", "3059" EC_P256 "03420004" P256_FIELD Y},
      {"y = p", "3059" EC_P256 "03420004" X P256_FIELD},
      {"x and y swapped", "3059" EC_P256 "03420004" Y X},
      {"y off by one", "3059" EC_P256 "03420004" X "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462298"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const stardeleg_bytes spki = from_hex(rows[i].hex);

    check(rows[i].what, spki, STARDELEG_OK, STARDELEG_ERR_BAD_KEY);
    drop(spki);
  }
}

/* The numbers of P-256 itself, but sent along: whoever takes them, takes a generator of the sender's choice. */
static void test_explicit_parameters(void **state)
{
  const stardeleg_bytes spki =
      from_hex("3082014b3082010306072a8648ce3d02013081f7020101302c06072a8648ce3d0101022100" P256_FIELD
               "305b0420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769"
               "886bc651d06b0cc53"
               "b0f63bce3c3e27d2604b031500c49d360886e704936a6678e1139d26b7819f7e900441046b17d1f2e12c4247f8bce6e563a440f"
               "277037d812deb33a0"
               "f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100ffffffff00000000f"
               "fffffffffffffffbc"
               "e6faada7179e84f3b9cac2fc63255102010103420004" X Y);

  (void)state;
  read_and_import("explicit parameters", spki, STARDELEG_ERR_BAD_KEY);
  drop(spki);
}

static void test_other_forms(void **state)
{
  static const struct {
    const char *what;
    const char *hex;
    stardeleg_err expected;
  } rows[] = {
      {"empty", "", STARDELEG_ERR_MALFORMED},
      {"bytes behind", "3059" EC_P256 "03420004" X Y "00", STARDELEG_ERR_MALFORMED},
      {"bytes behind, inside", "305a" EC_P256 "03420004" X Y "00", STARDELEG_ERR_MALFORMED},
      {"long form of a short length", "308159" EC_P256 "03420004" X Y, STARDELEG_ERR_MALFORMED},
      {"unused bits", "3059" EC_P256 "03420104" X Y, STARDELEG_ERR_MALFORMED},
      {"octets for bits", "3059" EC_P256 "04420004" X Y, STARDELEG_ERR_MALFORMED},
      {"no algorithm", "304403420004" X Y, STARDELEG_ERR_MALFORMED},
      {"Ed25519, 31 bytes",
       "3029300506032b6570032000"
       "00112233445566778899aabbccddeeff00112233445566778899aabbccddee",
       STARDELEG_ERR_BAD_KEY},
      {"Ed25519, NULL", "302c300706032b65700500032100" X, STARDELEG_ERR_BAD_KEY},
      {"X25519", "302a300506032b656e032100" X, STARDELEG_ERR_BAD_KEY},
      {"id-RSASSA-PSS", "3012300b06092a864886f70d01010a0303000000", STARDELEG_ERR_BAD_KEY},
      {"RSA, a number short", "3015300d06092a864886f70d0101010500030400300100", STARDELEG_ERR_MALFORMED},
      {"unknown algorithm", "300a300406022a03030200ff", STARDELEG_ERR_BAD_KEY},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const stardeleg_bytes spki = from_hex(rows[i].hex);
    sdg_pubkey *key = NULL;
    stardeleg_err got = sdg_pubkey_import(&key, test_crypto(), spki, NULL);

    if (got != rows[i].expected) {
      fail_msg("%s: %s", rows[i].what, stardeleg_strerror(got));
    }
    drop(spki);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rsa),
      cmocka_unit_test(test_rsa_parameters),
      cmocka_unit_test(test_rsa_public_key),
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_flipped_bits),
      cmocka_unit_test(test_ec_forms),
      cmocka_unit_test(test_ec_numbers),
      cmocka_unit_test(test_explicit_parameters),
      cmocka_unit_test(test_other_forms),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

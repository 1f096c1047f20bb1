/* SPDX-License-Identifier: Apache-2.0 */
/* unit/x509_algorithm_test.c -- AlgorithmIdentifiers and the two forms of signatures. */
#include "support/test.h"

#include "base/bytes.h"
#include "x509/x509.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RSA "06092a864886f70d0101"
#define ECDSA "06082a8648ce3d0403"
#define SHA "06096086480165030402"
/* RSASSA-PSS-params for SHA-256 from three pieces of hex: hash, mask, salt and what follows */
#define PSS_HASH256 "a00f300d" SHA "010500"
#define PSS_MASK256 "a11c301a06092a864886f70d010108300d" SHA "010500"
#define PSS256(parts, inner, outer)                                                                                    \
  "30" outer RSA "0a"                                                                                                  \
  "30" inner parts

static stardeleg_alg read(const char *hex, stardeleg_err *rv)
{
  size_t len = 0;
  uint8_t *identifier = test_hex(hex, &len);
  stardeleg_alg alg = STARDELEG_ALG_HS256;

  print_message("case %s\n", hex);
  *rv = sdg_x509_read_algorithm(&alg, sdg_bytes(identifier, len));
  free(identifier);
  return alg;
}

static void reads_algorithms(void **state)
{
  static const struct {
    const char *hex;
    stardeleg_alg alg;
  } cases[] = {
      {"300a" ECDSA "02", STARDELEG_ALG_ES256},
      {"300a" ECDSA "03", STARDELEG_ALG_ES384},
      {"300a" ECDSA "04", STARDELEG_ALG_ES512},
      {"300d" RSA "0b0500", STARDELEG_ALG_RS256},
      {"300d" RSA "0c0500", STARDELEG_ALG_RS384},
      {"300d" RSA "0d0500", STARDELEG_ALG_RS512},
      {"300b" RSA "0b", STARDELEG_ALG_RS256},
      {"300506032b6570", STARDELEG_ALG_EDDSA},
      {PSS256(PSS_HASH256 PSS_MASK256 "a203020120", "34", "41"), STARDELEG_ALG_PS256},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stardeleg_err rv;

    assert_int_equal(read(cases[i].hex, &rv), cases[i].alg);
    assert_ok(rv);
  }
}

static void knows_no_others(void **state)
{
  static const char *const cases[] = {
      "300c" ECDSA "020500",      /* ECDSA with NULL (mbedTLS 2.28; RFC 5758 3.2: absent) */
      "300d" ECDSA "0206012a",    /* ECDSA with an OID */
      "300a" ECDSA "01",          /* ecdsa-with-SHA224 */
      "300906072a8648ce3d0401",   /* ecdsa-with-SHA1 */
      "300d" RSA "050500",        /* sha1WithRSAEncryption */
      "300d" RSA "040500",        /* md5WithRSAEncryption */
      "300d" RSA "010500",        /* rsaEncryption */
      "300e" RSA "0b06012a",      /* RSA with an OID */
      "300e" RSA "0b050100",      /* RSA with a NULL that has content */
      "300d" RSA "0b3000",        /* RSA with a SEQUENCE */
      "300706032b65700500",       /* Ed25519 with NULL (RFC 8410 3) */
      "300506032b6571",           /* Ed448 */
      "300506032b656e",           /* X25519 */
      "300d" RSA "0a3000",        /* PSS with the defaults: SHA-1 */
      "300d" RSA "0a0500",        /* PSS with NULL */
      "300b" RSA "0a",            /* PSS without parameters */
      "300a06086086480165030403", /* nothing we know */
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stardeleg_err rv;

    assert_int_equal(read(cases[i], &rv), STARDELEG_ALG_NONE);
    assert_err(STARDELEG_ERR_UNSUPPORTED, rv);
  }
}

/* csr-template decision 24: hash, mask hash and salt exactly as expected, trailer left out */
static void knows_three_pss(void **state)
{
  static const struct {
    const char *hex;
    const char *what;
  } cases[] = {
      {PSS256(PSS_HASH256 PSS_MASK256 "a203020114", "34", "41"), "salt of 20"},
      {PSS256(PSS_HASH256 PSS_MASK256 "a20302011f", "34", "41"), "salt of 31"},
      {PSS256(PSS_HASH256 PSS_MASK256 "a203020121", "34", "41"), "salt of 33"},
      {PSS256(PSS_HASH256 PSS_MASK256 "a203020100", "34", "41"), "salt of 0"},
      {PSS256(PSS_HASH256 PSS_MASK256 "a2030201a0", "34", "41"), "negative salt"},
      {PSS256(PSS_HASH256 PSS_MASK256 "a20402020020", "35", "42"), "non-minimal salt"},
      {PSS256(PSS_HASH256 PSS_MASK256, "2f", "3c"), "no salt: 20"},
      {PSS256(PSS_MASK256 "a203020120", "23", "30"), "no hash: SHA-1"},
      {PSS256(PSS_HASH256 "a203020120", "16", "23"), "no mask: SHA-1"},
      {PSS256(PSS_MASK256 PSS_HASH256 "a203020120", "34", "41"), "order"},
      {PSS256(PSS_HASH256 PSS_MASK256 "a203020120a303020101", "39", "46"), "trailer 1 written out"},
      {PSS256(PSS_HASH256 PSS_MASK256 "a203020120a303020102", "39", "46"), "trailer 2"},
      {PSS256(PSS_HASH256 PSS_MASK256 "a203020120a203020120", "39", "46"), "salt twice"},
      {PSS256("a00f300d" SHA "020500" PSS_MASK256 "a203020120", "34", "41"), "hash SHA-384, mask SHA-256"},
      {PSS256(PSS_HASH256 "a11c301a06092a864886f70d010108300d" SHA "020500"
                          "a203020120",
              "34", "41"),
       "hash SHA-256, mask SHA-384"},
      {PSS256("a011300f" SHA "0105000500" PSS_MASK256 "a203020120", "36", "43"), "something behind the hash's NULL"},
      {PSS256("a011300d" SHA "0105000500" PSS_MASK256 "a203020120", "36", "43"), "something behind the hash"},
      {PSS256(PSS_HASH256 "a11e301c06092a864886f70d010108300d" SHA "0105000500"
                          "a203020120",
              "36", "43"),
       "something behind the mask's hash"},
      {PSS256(PSS_HASH256 "a11e301a06092a864886f70d010108300d" SHA "0105000500"
                          "a203020120",
              "36", "43"),
       "something behind the mask"},
      {PSS256("a00f300d" SHA "040500" PSS_MASK256 "a203020120", "34", "41"), "hash SHA-224"},
      {PSS256(PSS_HASH256 "a11c301a06092a864886f70d010109300d" SHA "010500"
                          "a203020120",
              "34", "41"),
       "another mask"},
      {PSS256("a010300e" SHA "0106012a" PSS_MASK256 "a203020120", "35", "42"), "hash with an OID behind"},
      {PSS256("80"
              "0f300d" SHA "010500" PSS_MASK256 "a203020120",
              "34", "41"),
       "primitive tag"},
      {PSS256(PSS_HASH256 PSS_MASK256 "a2050201200500", "36", "43"), "something behind the salt"},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stardeleg_err rv;

    print_message("%s\n", cases[i].what);
    assert_int_equal(read(cases[i].hex, &rv), STARDELEG_ALG_NONE);
    assert_err(STARDELEG_ERR_UNSUPPORTED, rv);
  }
}

static void refuses_what_is_none(void **state)
{
  static const char *const cases[] = {"",
                                      "3000",                  /* no OID */
                                      "30020500",              /* NULL for it */
                                      "310a" ECDSA "02",       /* SET */
                                      "300a" ECDSA "0200",     /* trailing octet */
                                      "300a" ECDSA,            /* cut */
                                      "300f" RSA "0b05000500", /* two parameters */
                                      "300c" ECDSA "020580",   /* indefinite */
                                      "30810a" ECDSA "02"};    /* non-minimal length */

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stardeleg_err rv;

    assert_int_equal(read(cases[i], &rv), STARDELEG_ALG_NONE);
    assert_err(STARDELEG_ERR_MALFORMED, rv);
  }
}

static void writes_what_it_reads(void **state)
{
  (void)state;
  for (stardeleg_alg alg = STARDELEG_ALG_ES256; alg <= STARDELEG_ALG_EDDSA; alg = (stardeleg_alg)((int)alg + 1)) {
    stardeleg_alg back = STARDELEG_ALG_NONE;
    sdg_buf buf;

    sdg_buf_init(&buf, 100);
    sdg_x509_put_algorithm(&buf, alg);
    assert_ok(sdg_buf_error(&buf));
    assert_ok(sdg_x509_read_algorithm(&back, sdg_buf_bytes(&buf)));
    assert_int_equal(back, alg);
    sdg_buf_clear(&buf);
  }
}

static void turns_signatures_both_ways(void **state)
{
  static const struct {
    stardeleg_alg alg;
    stardeleg_key_info key;
    size_t len;
  } cases[] = {{STARDELEG_ALG_ES256, {STARDELEG_FAMILY_EC, 256}, 64},
               {STARDELEG_ALG_ES384, {STARDELEG_FAMILY_EC, 384}, 96},
               {STARDELEG_ALG_ES512, {STARDELEG_FAMILY_EC, 521}, 132},
               {STARDELEG_ALG_ECDSA_SHA512, {STARDELEG_FAMILY_EC, 256}, 64},
               {STARDELEG_ALG_ECDSA_SHA256, {STARDELEG_FAMILY_EC, 521}, 132},
               {STARDELEG_ALG_RS256, {STARDELEG_FAMILY_RSA, 2048}, 256},
               {STARDELEG_ALG_PS512, {STARDELEG_FAMILY_RSA, 3072}, 384},
               {STARDELEG_ALG_EDDSA, {STARDELEG_FAMILY_ED, 255}, 64},
               {STARDELEG_ALG_RS384, {STARDELEG_FAMILY_RSA, 8192}, 1024}};
  uint8_t raw[1024];

  (void)state;
  for (size_t i = 0; i < sizeof raw; i++) {
    raw[i] = (uint8_t)(i % 66 == 0 ? 0 : i * 37); /* leading zeros in r and s */
  }
  for (size_t i = 0; i < COUNT(cases); i++) {
    stardeleg_bytes bits = {NULL, 0};
    unsigned unused = 9;
    sdg_buf der;
    sdg_buf back;
    sdg_der reader;

    sdg_buf_init(&der, 2000);
    sdg_buf_init(&back, 2000);
    sdg_x509_put_signature(&der, cases[i].alg, sdg_bytes(raw, cases[i].len));
    reader = sdg_der_open(sdg_buf_bytes(&der));
    assert_ok(sdg_der_get_bits(&reader, &bits, &unused));
    assert_int_equal(unused, 0);
    assert_ok(sdg_der_end(&reader));
    assert_ok(sdg_x509_signature_to_raw(&back, cases[i].alg, &cases[i].key, bits));
    assert_true(sdg_bytes_equal(sdg_buf_bytes(&back), sdg_bytes(raw, cases[i].len)));
    sdg_buf_clear(&der);
    sdg_buf_clear(&back);
  }
}

static void refuses_bad_ecdsa_values(void **state)
{
  static const stardeleg_key_info p256 = {STARDELEG_FAMILY_EC, 256};
  sdg_buf out;

  (void)state;
  sdg_buf_init(&out, 1000);
  assert_err(STARDELEG_ERR_MALFORMED, sdg_x509_signature_to_raw(&out, STARDELEG_ALG_ES256, &p256, sdg_bytes(NULL, 0)));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_x509_signature_to_raw(&out, STARDELEG_ALG_ES256, &p256,
                                                                sdg_bytes("\x30\x06\x02\x01\x01\x02\x01\x02\x00", 9)));
  assert_int_equal(out.len, 0);
  sdg_buf_clear(&out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_algorithms),         cmocka_unit_test(knows_no_others),
      cmocka_unit_test(knows_three_pss),          cmocka_unit_test(refuses_what_is_none),
      cmocka_unit_test(writes_what_it_reads),     cmocka_unit_test(turns_signatures_both_ways),
      cmocka_unit_test(refuses_bad_ecdsa_values),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

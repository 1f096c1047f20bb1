/* SPDX-License-Identifier: Apache-2.0 */
/* unit/x509_csr_test.c -- reading requests: all vectors, what the view says of them, and each octet spoiled. */
#include "support/test.h"

#include "base/bytes.h"
#include "x509/csr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define VECTORS "vectors/csr"

/* Reads a file into a block of exactly its length. */
static uint8_t *load(const char *path, size_t *len)
{
  char *wide = test_file(path, len);
  uint8_t *exact = malloc(*len > 0 ? *len : 1);

  assert_non_null(exact);
  memcpy(exact, wide, *len);
  free(wide);
  return exact;
}

static void parse_vector(sdg_csr *csr, const char *name)
{
  char path[256];
  size_t len = 0;
  uint8_t *der;

  (void)snprintf(path, sizeof path, "%s/%s.der", VECTORS, name);
  der = load(path, &len);
  assert_ok(sdg_csr_parse(csr, sdg_bytes(der, len), NULL));
  free(der); /* the view owns its bytes */
}

static void take_good(const char *path, const char *name)
{
  size_t len = 0;
  uint8_t *der = load(path, &len);
  stardeleg_problem problem;
  sdg_csr csr;

  print_message("%s\n", name);
  assert_ok(sdg_csr_parse(&csr, sdg_bytes(der, len), &problem));
  assert_true(sdg_bytes_equal(sdg_buf_bytes(&csr.der), sdg_bytes(der, len)));
  assert_true(csr.key_is_known);
  assert_true(csr.alg != STARDELEG_ALG_NONE);
  if ((test_crypto()->ops->verify_algs & 1u << csr.alg) != 0) {
    assert_ok(sdg_csr_verify(&csr, test_crypto(), &problem));
  } else { /* mbedTLS 2.28 has no Ed25519 */
    assert_err(STARDELEG_ERR_UNSUPPORTED, sdg_csr_verify(&csr, test_crypto(), &problem));
    assert_int_equal(problem.acme, STARDELEG_ACME_BAD_CSR);
  }
  sdg_csr_clear(&csr);
  free(der);
}

static void takes_good_ones(void **state)
{
  (void)state;
  assert_true(test_files(VECTORS, "GOOD_", take_good) >= 30);
}

static void refuse_to_parse(const char *path, const char *name)
{
  size_t len = 0;
  uint8_t *der = load(path, &len);
  stardeleg_problem problem;
  sdg_csr csr;
  stardeleg_err rv;

  print_message("%s\n", name);
  memset(&csr, 0x55, sizeof csr);
  rv = sdg_csr_parse(&csr, sdg_bytes(der, len), &problem);
  assert_true(rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT);
  assert_int_equal(problem.acme, STARDELEG_ACME_BAD_CSR);
  assert_true(problem.detail[0] != '\0');
  assert_null(csr.der.base);
  assert_null(csr.subject);
  sdg_csr_clear(&csr);
  free(der);
}

static void refuses_bad_ones(void **state)
{
  (void)state;
  assert_true(test_files(VECTORS, "FAIL_parse_", refuse_to_parse) >= 25);
}

/* STARDEL-4.1-12: no certificate for a key whose holder has not signed for it */
static void refuse_to_verify(const char *path, const char *name)
{
  size_t len = 0;
  uint8_t *der = load(path, &len);
  stardeleg_problem problem;
  sdg_csr csr;
  stardeleg_err rv;

  print_message("%s\n", name);
  assert_ok(sdg_csr_parse(&csr, sdg_bytes(der, len), NULL));
  rv = sdg_csr_verify(&csr, test_crypto(), &problem);
  assert_true(rv == STARDELEG_ERR_SIGNATURE || rv == STARDELEG_ERR_BAD_KEY || rv == STARDELEG_ERR_UNSUPPORTED);
  assert_int_equal(problem.acme, STARDELEG_ACME_BAD_CSR);
  assert_true(problem.place[0] == '/');
  assert_int_equal(sdg_csr_verify(&csr, test_crypto(), NULL), rv);
  sdg_csr_clear(&csr);
  free(der);
}

static void refuses_bad_proofs(void **state)
{
  (void)state;
  assert_true(test_files(VECTORS, "FAIL_verify_", refuse_to_verify) >= 15);
}

/* Which error, and where. */
static void tells_what_and_where(void **state)
{
  static const struct {
    const char *name;
    stardeleg_err err;
    const char *place;
  } cases[] = {
      {"FAIL_parse_version_1", STARDELEG_ERR_MALFORMED, "/version"},
      {"FAIL_parse_rdn_empty", STARDELEG_ERR_MALFORMED, "/subject"},
      {"FAIL_parse_subject_65", STARDELEG_ERR_LIMIT, "/subject"},
      {"FAIL_parse_modulus_negative", STARDELEG_ERR_MALFORMED, "/subjectPKInfo"},
      {"FAIL_parse_attributes_missing", STARDELEG_ERR_MALFORMED, "/attributes"},
      {"FAIL_parse_attributes_twice", STARDELEG_ERR_MALFORMED, "/attributes"},
      {"FAIL_parse_extensions_empty", STARDELEG_ERR_MALFORMED, "/attributes/0"},
      {"FAIL_parse_attributes_65", STARDELEG_ERR_LIMIT, "/attributes/64"},
      {"FAIL_parse_extensions_65", STARDELEG_ERR_LIMIT, "/attributes/0"},
      {"FAIL_parse_signature_unused_bits", STARDELEG_ERR_MALFORMED, "/signature"},
      {"FAIL_parse_signature_missing", STARDELEG_ERR_MALFORMED, "/signature"},
      {"FAIL_parse_trailing_byte", STARDELEG_ERR_MALFORMED, ""},
      {"FAIL_parse_too_long", STARDELEG_ERR_LIMIT, ""},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    char path[256];
    size_t len = 0;
    uint8_t *der;
    stardeleg_problem problem;
    sdg_csr csr;

    print_message("%s\n", cases[i].name);
    (void)snprintf(path, sizeof path, "%s/%s.der", VECTORS, cases[i].name);
    der = load(path, &len);
    assert_err(cases[i].err, sdg_csr_parse(&csr, sdg_bytes(der, len), &problem));
    assert_string_equal(problem.place, cases[i].place);
    free(der);
  }
}

static void tells_why_no_proof(void **state)
{
  static const struct {
    const char *name;
    stardeleg_err err;
    bool key_is_known;
    const char *alg_oid;
  } cases[] = {
      {"FAIL_verify_ecdsa_null_parameters", STARDELEG_ERR_UNSUPPORTED, true, "1.2.840.10045.4.3.2"},
      {"FAIL_verify_ecdsa_sha1", STARDELEG_ERR_UNSUPPORTED, true, "1.2.840.10045.4.1"},
      {"FAIL_verify_pss_salt_20", STARDELEG_ERR_UNSUPPORTED, true, "1.2.840.113549.1.1.10"},
      {"FAIL_verify_foreign_key", STARDELEG_ERR_SIGNATURE, true, "1.2.840.10045.4.3.2"},
      {"FAIL_verify_signature_of_zeroes", STARDELEG_ERR_SIGNATURE, true, "1.2.840.10045.4.3.2"},
      {"FAIL_verify_signature_empty", STARDELEG_ERR_SIGNATURE, true, "1.2.840.10045.4.3.2"},
      {"FAIL_verify_signature_trailing", STARDELEG_ERR_SIGNATURE, true, "1.2.840.10045.4.3.2"},
      {"FAIL_verify_subject_changed", STARDELEG_ERR_SIGNATURE, true, "1.2.840.10045.4.3.2"},
      {"FAIL_verify_point_not_on_curve", STARDELEG_ERR_BAD_KEY, true, "1.2.840.10045.4.3.2"},
      {"FAIL_verify_compressed_point", STARDELEG_ERR_BAD_KEY, false, "1.2.840.10045.4.3.2"},
      {"FAIL_verify_openssl_p256_explicit", STARDELEG_ERR_BAD_KEY, false, "1.2.840.10045.4.3.2"},
      {"FAIL_verify_pss_key", STARDELEG_ERR_BAD_KEY, false, "1.2.840.113549.1.1.10"},
      {"FAIL_verify_py_rsa1024", STARDELEG_ERR_BAD_KEY, false, "1.2.840.113549.1.1.11"},
      {"FAIL_verify_py_ed448", STARDELEG_ERR_BAD_KEY, false, "1.3.101.113"},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    sdg_csr csr;

    print_message("%s\n", cases[i].name);
    parse_vector(&csr, cases[i].name);
    assert_int_equal(csr.key_is_known, cases[i].key_is_known);
    assert_int_equal(csr.key_fault[0] == '\0', cases[i].key_is_known);
    assert_true(csr.key_is_known || csr.key.info.family == 0);
    assert_string_equal(csr.alg_oid, csr.alg == STARDELEG_ALG_NONE ? cases[i].alg_oid : "");
    assert_int_equal(csr.alg == STARDELEG_ALG_NONE,
                     cases[i].err == STARDELEG_ERR_UNSUPPORTED || strcmp(cases[i].alg_oid, "1.3.101.113") == 0);
    assert_err(cases[i].err, sdg_csr_verify(&csr, test_crypto(), NULL));
    sdg_csr_clear(&csr);
  }
}

static void reads_keys_and_algorithms(void **state)
{
  static const struct {
    const char *name;
    stardeleg_alg alg;
    int family;
    unsigned bits;
  } cases[] = {
      {"GOOD_openssl_rsa2048", STARDELEG_ALG_RS256, STARDELEG_FAMILY_RSA, 2048},
      {"GOOD_openssl_rsa3072", STARDELEG_ALG_RS512, STARDELEG_FAMILY_RSA, 3072},
      {"GOOD_py_rsa2048", STARDELEG_ALG_RS384, STARDELEG_FAMILY_RSA, 2048},
      {"GOOD_openssl_p256", STARDELEG_ALG_ES256, STARDELEG_FAMILY_EC, 256},
      {"GOOD_openssl_p384", STARDELEG_ALG_ES384, STARDELEG_FAMILY_EC, 384},
      {"GOOD_openssl_p521", STARDELEG_ALG_ES512, STARDELEG_FAMILY_EC, 521},
      {"GOOD_openssl_p256_sha512", STARDELEG_ALG_ES512, STARDELEG_FAMILY_EC, 256},
      {"GOOD_openssl_p384_sha256", STARDELEG_ALG_ES256, STARDELEG_FAMILY_EC, 384},
      {"GOOD_openssl_p521_sha256", STARDELEG_ALG_ES256, STARDELEG_FAMILY_EC, 521},
      {"GOOD_p256_with_sha384", STARDELEG_ALG_ES384, STARDELEG_FAMILY_EC, 256},
      {"GOOD_openssl_ed25519", STARDELEG_ALG_EDDSA, STARDELEG_FAMILY_ED, 255},
      {"GOOD_openssl_pss_sha256", STARDELEG_ALG_PS256, STARDELEG_FAMILY_RSA, 2048},
      {"GOOD_openssl_pss_sha384", STARDELEG_ALG_PS384, STARDELEG_FAMILY_RSA, 2048},
      {"GOOD_openssl_pss_sha512", STARDELEG_ALG_PS512, STARDELEG_FAMILY_RSA, 2048},
      {"GOOD_rsa_parameters_absent", STARDELEG_ALG_RS256, STARDELEG_FAMILY_RSA, 2048},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    sdg_csr csr;

    print_message("%s\n", cases[i].name);
    parse_vector(&csr, cases[i].name);
    assert_int_equal(csr.alg, cases[i].alg);
    assert_int_equal(csr.key.info.family, cases[i].family);
    assert_int_equal(csr.key.info.bits, cases[i].bits);
    sdg_csr_clear(&csr);
  }
}

static void reads_subject_and_extensions(void **state)
{
  static const struct {
    const stardeleg_bytes *oid;
    int tag;
    const char *value;
  } subject[] = {
      {&sdg_oid_country, SDG_DER_PRINTABLE_STRING, "CA"},
      {&sdg_oid_state, SDG_DER_UTF8_STRING,
       "Qu\xc3\xa9"
       "bec"},
      {&sdg_oid_locality, SDG_DER_UTF8_STRING, "Laval"},
      {&sdg_oid_organization, SDG_DER_UTF8_STRING, "IdO Inc"},
      {&sdg_oid_unit, SDG_DER_UTF8_STRING, "Edge"},
      {&sdg_oid_common_name, SDG_DER_UTF8_STRING, "abc.ido.example"},
      {&sdg_oid_email, SDG_DER_IA5_STRING, "ops@ido.example"},
  };
  static const struct {
    sdg_name_kind kind;
    size_t len;
  } names[] = {{SDG_GN_DNS, 15}, {SDG_GN_EMAIL, 15}, {SDG_GN_URI, 21}, {SDG_GN_IP, 4}, {SDG_GN_IP, 16}};
  sdg_general_name found[8];
  stardeleg_bytes eku[8];
  unsigned key_usage = 0;
  size_t count = 0;
  sdg_csr csr;

  (void)state;
  parse_vector(&csr, "GOOD_openssl_p256");
  assert_int_equal(csr.subject_count, COUNT(subject));
  for (size_t i = 0; i < COUNT(subject); i++) {
    assert_true(sdg_bytes_equal(csr.subject[i].oid, *subject[i].oid));
    assert_int_equal(csr.subject[i].tag, subject[i].tag);
    assert_true(sdg_bytes_is(csr.subject[i].value, subject[i].value));
  }
  assert_int_equal(csr.extension_requests, 1);
  assert_int_equal(csr.attribute_count, 0);
  assert_int_equal(csr.extension_count, 3);
  assert_true(sdg_bytes_equal(csr.extensions[0].oid, sdg_oid_key_usage));
  assert_true(csr.extensions[0].critical);
  assert_ok(sdg_x509_read_key_usage(&key_usage, csr.extensions[0].value));
  assert_int_equal(key_usage, SDG_KU_DIGITAL_SIGNATURE);
  assert_true(sdg_bytes_equal(csr.extensions[1].oid, sdg_oid_ext_key_usage));
  assert_false(csr.extensions[1].critical);
  assert_ok(sdg_x509_read_eku(eku, COUNT(eku), &count, csr.extensions[1].value));
  assert_int_equal(count, 2);
  assert_true(sdg_bytes_equal(csr.extensions[2].oid, sdg_oid_subject_alt_name));
  assert_ok(sdg_x509_read_san(found, COUNT(found), &count, csr.extensions[2].value));
  assert_int_equal(count, COUNT(names));
  for (size_t i = 0; i < COUNT(names); i++) {
    assert_int_equal(found[i].kind, names[i].kind);
    assert_int_equal(found[i].value.len, names[i].len);
  }
  sdg_csr_clear(&csr);
}

/* What the template has to report must come out as it stands. */
static void is_neutral(void **state)
{
  static const struct {
    const char *name;
    size_t subject;
    size_t requests;
    size_t extensions;
    size_t attributes;
    int tag; /* of the first subject attribute */
  } cases[] = {
      {"GOOD_no_attribute", 0, 0, 0, 0, 0},
      {"GOOD_empty_subject", 0, 1, 1, 0, 0},
      {"GOOD_two_extension_requests", 0, 2, 2, 0, 0},
      {"GOOD_two_extension_request_values", 0, 2, 2, 0, 0},
      {"GOOD_extension_twice", 0, 1, 2, 0, 0},
      {"GOOD_unknown_extension", 0, 1, 1, 0, 0},
      {"GOOD_unknown_attribute", 0, 1, 1, 1, 0},
      {"GOOD_openssl_challenge_password", 7, 1, 3, 1, SDG_DER_PRINTABLE_STRING},
      {"GOOD_same_attribute_twice", 2, 0, 0, 0, SDG_DER_UTF8_STRING},
      {"GOOD_two_attributes_in_rdn", 2, 0, 0, 0, SDG_DER_UTF8_STRING},
      {"GOOD_empty_eku", 0, 1, 1, 0, 0},
      {"GOOD_string_empty", 1, 1, 1, 0, SDG_DER_UTF8_STRING},
      {"GOOD_string_bmp", 1, 1, 1, 0, SDG_DER_BMP_STRING},
      {"GOOD_string_teletex", 1, 1, 1, 0, SDG_DER_TELETEX_STRING},
      {"GOOD_string_universal", 1, 1, 1, 0, SDG_DER_UNIVERSAL_STRING},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    sdg_csr csr;

    print_message("%s\n", cases[i].name);
    parse_vector(&csr, cases[i].name);
    assert_int_equal(csr.subject_count, cases[i].subject);
    assert_int_equal(csr.extension_requests, cases[i].requests);
    assert_int_equal(csr.extension_count, cases[i].extensions);
    assert_int_equal(csr.attribute_count, cases[i].attributes);
    assert_true(csr.subject_count == 0 || csr.subject[0].tag == cases[i].tag);
    sdg_csr_clear(&csr);
  }
}

static void reads_longest_and_most(void **state)
{
  sdg_general_name *names = calloc(SDG_X509_NAMES_MAX, sizeof *names);
  size_t count = 0;
  sdg_csr csr;

  (void)state;
  assert_non_null(names);
  parse_vector(&csr, "GOOD_longest_name");
  assert_ok(sdg_x509_read_san(names, SDG_X509_NAMES_MAX, &count, csr.extensions[0].value));
  assert_int_equal(names[0].value.len, 253);
  sdg_csr_clear(&csr);
  parse_vector(&csr, "GOOD_py_many_sans");
  assert_true(csr.extensions[0].critical);
  assert_ok(sdg_x509_read_san(names, SDG_X509_NAMES_MAX, &count, csr.extensions[0].value));
  assert_int_equal(count, 256);
  sdg_csr_clear(&csr);
  parse_vector(&csr, "GOOD_empty_eku");
  assert_err(STARDELEG_ERR_MALFORMED,
             sdg_x509_read_eku(&names[0].value, 1, &count, csr.extensions[0].value)); /* CVE-2026-40097 of step-ca */
  sdg_csr_clear(&csr);
  free(names);
}

/* Every cut is refused, every changed octet is refused by the reader or by the proof of possession. */
static void notices_every_change(void **state)
{
  size_t len = 0;
  uint8_t *der = load(VECTORS "/GOOD_openssl_p256.der", &len);
  size_t unnoticed = 0;

  (void)state;
  for (size_t i = 0; i < len; i++) {
    sdg_csr csr;
    uint8_t *cut = malloc(i + 1);

    assert_non_null(cut);
    memcpy(cut, der, i);
    assert_int_not_equal(sdg_csr_parse(&csr, sdg_bytes(cut, i), NULL), STARDELEG_OK);
    free(cut);
    der[i] ^= (uint8_t)(1u << i % 8);
    if (sdg_csr_parse(&csr, sdg_bytes(der, len), NULL) == STARDELEG_OK) {
      unnoticed += sdg_csr_verify(&csr, test_crypto(), NULL) == STARDELEG_OK;
      sdg_csr_clear(&csr);
    }
    der[i] ^= (uint8_t)(1u << i % 8);
  }
  assert_int_equal(unnoticed, 0);
  free(der);
}

static void put_hex(sdg_buf *out, const char *hex)
{
  size_t len = 0;
  uint8_t *bytes = test_hex(hex, &len);

  sdg_der_put_raw(out, sdg_bytes(bytes, len));
  free(bytes);
}

/* A request with the attributes and the algorithm given, a key on P-256 and no signature to speak of. */
static void put_request(sdg_buf *out, const char *attributes, const char *algorithm)
{
  size_t all = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t info = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t inside;

  put_hex(out, "0201003000"
               "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
               "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
               "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
  inside = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(0));
  put_hex(out, attributes);
  sdg_der_put_end(out, inside);
  sdg_der_put_end(out, info);
  put_hex(out, algorithm);
  put_hex(out, "030100");
  sdg_der_put_end(out, all);
  assert_ok(sdg_buf_error(out));
}

/* RFC 2986 4.1, 4.2: an Attribute is an OID and one SET, an AlgorithmIdentifier an OID and at most one more. */
static void reads_parts_exactly(void **state)
{
#define ES256 "300a06082a8648ce3d040302"
#define ATTRIBUTE "300906032a030431020500"
  static const struct {
    const char *attributes;
    const char *algorithm;
    const char *place; /* NULL: well-formed */
  } cases[] = {
      {"", ES256, NULL},
      {ATTRIBUTE, ES256, NULL},
      {"300b06032a0304310205000500", ES256, "/attributes/0"},               /* something behind the values */
      {ATTRIBUTE "300d06032a03043102050031020500", ES256, "/attributes/1"}, /* two sets of them */
      {"300506032a0304", ES256, "/attributes/0"},                           /* none */
      {"300706032a03043100", ES256, "/attributes/0"},                       /* an empty one */
      {"300906032a030430020500", ES256, "/attributes/0"},                   /* a SEQUENCE */
      {"3004310205"
       "00",
       ES256, "/attributes/0"},                           /* no type */
      {"310906032a030431020500", ES256, "/attributes/0"}, /* a SET around it */
      {ATTRIBUTE "0500", ES256, "/attributes/1"},
      {"", "3000", "/signatureAlgorithm"},
      {"", "30020500", "/signatureAlgorithm"},
      {"", "310a06082a8648ce3d040302", "/signatureAlgorithm"},
      {"", "06082a8648ce3d040302", "/signatureAlgorithm"},
      {"", "300e06082a8648ce3d04030205000500", "/signatureAlgorithm"},
      {"", "300c06082a8648ce3d0403020500", NULL}, /* another algorithm than ours, but well-formed */
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    stardeleg_problem problem;
    sdg_buf der;
    sdg_csr csr;
    stardeleg_err rv;

    sdg_buf_init(&der, 4096);
    put_request(&der, cases[i].attributes, cases[i].algorithm);
    rv = sdg_csr_parse(&csr, sdg_buf_bytes(&der), &problem);
    print_message("case %zu\n", i);
    assert_int_equal(rv, cases[i].place == NULL ? STARDELEG_OK : STARDELEG_ERR_MALFORMED);
    if (cases[i].place == NULL) {
      sdg_csr_clear(&csr);
    } else {
      assert_string_equal(problem.place, cases[i].place);
      assert_int_equal(problem.acme, STARDELEG_ACME_BAD_CSR);
    }
    sdg_buf_clear(&der);
  }
}

static void clears_nothing(void **state)
{
  sdg_csr csr = {.subject = NULL};

  (void)state;
  sdg_csr_clear(NULL);
  sdg_csr_clear(&csr);
  assert_err(STARDELEG_ERR_MALFORMED, sdg_csr_parse(&csr, sdg_bytes(NULL, 0), NULL));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_good_ones),
      cmocka_unit_test(refuses_bad_ones),
      cmocka_unit_test(refuses_bad_proofs),
      cmocka_unit_test(tells_what_and_where),
      cmocka_unit_test(tells_why_no_proof),
      cmocka_unit_test(reads_keys_and_algorithms),
      cmocka_unit_test(reads_subject_and_extensions),
      cmocka_unit_test(is_neutral),
      cmocka_unit_test(reads_longest_and_most),
      cmocka_unit_test(notices_every_change),
      cmocka_unit_test(reads_parts_exactly),
      cmocka_unit_test(clears_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

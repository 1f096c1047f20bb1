/* SPDX-License-Identifier: Apache-2.0 */
/* unit/x509_acme_identifier_test.c -- challenge certificates of tls-alpn-01: made, read, refused. */
#include "support/test.h"

#include "base/bytes.h"
#include "x509/acme_identifier.h"
#include "x509/signed.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW INT64_C(1769817600000)
#define DNS(name) ((stardeleg_identifier){"dns", name})
#define IP(text) ((stardeleg_identifier){"ip", text})

static uint8_t digest[SDG_ACME_IDENTIFIER_LEN];
static stardeleg_key *key;

static int set_up(void **state)
{
  (void)state;
  memset(digest, 0x5a, sizeof(digest));
  return stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256) == STARDELEG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  stardeleg_key_free(key);
  return 0;
}

static sdg_challenge_fault check(const sdg_buf *der, stardeleg_identifier identifier)
{
  sdg_challenge_fault fault = SDG_CHALLENGE_CERT_OK;

  assert_ok(sdg_acme_identifier_check(&fault, test_crypto(), sdg_buf_bytes(der), &identifier, digest));
  return fault;
}

/* ALPN-3-02, ALPN-3-03, ALPN-3-08, ALPN-3-09 (its U-label is refused below), IP-6-01 */
static void builds_what_it_accepts(void **state)
{
  static const stardeleg_identifier good[] = {
      {"dns", "www.example.org"}, {"dns", "xn--bcher-kva.example"}, {"ip", "192.0.2.1"}, {"ip", "2001:db8::1"}};
  sdg_buf der;

  (void)state;
  sdg_buf_init(&der, 10000);
  for (size_t i = 0; i < COUNT(good); i++) {
    sdg_buf_reset(&der);
    assert_ok(sdg_acme_identifier_build(&der, key, &good[i], digest, NOW));
    assert_int_equal(check(&der, good[i]), SDG_CHALLENGE_CERT_OK);
    for (size_t k = 0; k < COUNT(good); k++) {
      if (k != i) {
        assert_int_equal(check(&der, good[k]), SDG_CHALLENGE_CERT_NAME);
      }
    }
  }
  sdg_buf_reset(&der);
  assert_ok(sdg_acme_identifier_build(&der, key, &DNS("WWW.example.ORG"), digest, NOW));
  assert_int_equal(check(&der, DNS("www.EXAMPLE.org")), SDG_CHALLENGE_CERT_OK);
  sdg_buf_clear(&der);
}

/* A challenge certificate is good for a challenge only: everyone else does not know its critical extension. */
static void is_no_certificate_for_others(void **state)
{
  sdg_cert *cert = malloc(sizeof(*cert));
  stardeleg_bytes value;
  sdg_buf der;

  (void)state;
  assert_non_null(cert);
  sdg_buf_init(&der, 10000);
  assert_ok(sdg_acme_identifier_build(&der, key, &DNS("www.example.org"), digest, NOW));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_cert_parse(cert, sdg_buf_bytes(&der)));
  assert_ok(sdg_cert_parse_challenge(cert, &value, sdg_buf_bytes(&der)));
  assert_int_equal(value.len, 34);
  assert_memory_equal(value.base, "\x04\x20", 2);
  sdg_buf_clear(&der);
  free(cert);
}

/* ALPN-3-08: every other digest, bit by bit of the first octet and of the last */
static void refuses_another_digest(void **state)
{
  sdg_buf der;

  (void)state;
  sdg_buf_init(&der, 10000);
  assert_ok(sdg_acme_identifier_build(&der, key, &DNS("www.example.org"), digest, NOW));
  for (unsigned bit = 0; bit < 8; bit++) {
    digest[0] ^= (uint8_t)(1u << bit);
    assert_int_equal(check(&der, DNS("www.example.org")), SDG_CHALLENGE_CERT_DIGEST);
    digest[0] ^= (uint8_t)(1u << bit);
    digest[31] ^= (uint8_t)(1u << bit);
    assert_int_equal(check(&der, DNS("www.example.org")), SDG_CHALLENGE_CERT_DIGEST);
    digest[31] ^= (uint8_t)(1u << bit);
  }
  sdg_buf_clear(&der);
}

static void reads_exactly_the_extension(void **state)
{
  static const struct {
    const char *hex;
    const char *what;
  } bad[] = {
      {"", "empty"},
      {"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "bare 32 octets"},
      {"041f5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "31 octets"},
      {"04215a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "33 octets"},
      {"04205a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "cut"},
      {"04205a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a00", "something behind"},
      {"0481205a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "long length"},
      {"03205a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "BIT STRING"},
      {"24205a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "constructed"},
  };
  uint8_t read[SDG_ACME_IDENTIFIER_LEN];
  sdg_buf value;

  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    size_t len = 0;
    uint8_t *octets = test_hex(bad[i].hex, &len);

    print_message("%s\n", bad[i].what);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_acme_identifier_read(read, sdg_bytes(octets, len)));
    free(octets);
  }
  sdg_buf_init(&value, 100);
  sdg_acme_identifier_put(&value, digest);
  assert_ok(sdg_acme_identifier_read(read, sdg_buf_bytes(&value)));
  assert_memory_equal(read, digest, sizeof(read));
  sdg_buf_clear(&value);
}

/* --- Certificates that are almost right --- */

typedef struct almost {
  const char *what;
  sdg_challenge_fault fault;
  sdg_general_name names[3];
  size_t name_count;
  size_t identifiers;
  bool critical;
  bool other_issuer;
  bool unknown_critical;
} almost;

#define GN(kind, text) {kind, {(const uint8_t *)(text), sizeof(text) - 1}}

/* ALPN-3-02, ALPN-3-03, ALPN-3-08 and their negatives */
static const almost cases[] = {
    {"right", SDG_CHALLENGE_CERT_OK, {GN(SDG_GN_DNS, "www.example.org")}, 1, 1, true, false, false},
    {"not critical", SDG_CHALLENGE_CERT_MALFORMED, {GN(SDG_GN_DNS, "www.example.org")}, 1, 1, false, false, false},
    {"no identifier", SDG_CHALLENGE_CERT_MALFORMED, {GN(SDG_GN_DNS, "www.example.org")}, 1, 0, true, false, false},
    {"another critical one", SDG_CHALLENGE_CERT_MALFORMED,
     {GN(SDG_GN_DNS, "www.example.org")}, 1, 1, true, false, true},
    {"no names", SDG_CHALLENGE_CERT_NAME, {GN(SDG_GN_DNS, "")}, 0, 1, true, false, false},
    {"two names", SDG_CHALLENGE_CERT_NAME,
     {GN(SDG_GN_DNS, "www.example.org"), GN(SDG_GN_DNS, "evil.example")}, 2, 1, true, false, false},
    {"the same twice", SDG_CHALLENGE_CERT_NAME,
     {GN(SDG_GN_DNS, "www.example.org"), GN(SDG_GN_DNS, "www.example.org")}, 2, 1, true, false, false},
    {"a mail address too", SDG_CHALLENGE_CERT_NAME,
     {GN(SDG_GN_DNS, "www.example.org"), GN(SDG_GN_EMAIL, "a@example.org")}, 2, 1, true, false, false},
    {"other name", SDG_CHALLENGE_CERT_NAME, {GN(SDG_GN_DNS, "example.org")}, 1, 1, true, false, false},
    {"wildcard", SDG_CHALLENGE_CERT_NAME, {GN(SDG_GN_DNS, "*.example.org")}, 1, 1, true, false, false},
    {"final dot", SDG_CHALLENGE_CERT_NAME, {GN(SDG_GN_DNS, "www.example.org.")}, 1, 1, true, false, false},
    {"as a URI", SDG_CHALLENGE_CERT_NAME, {GN(SDG_GN_URI, "www.example.org")}, 1, 1, true, false, false},
    {"not self-issued", SDG_CHALLENGE_CERT_SIGNATURE, {GN(SDG_GN_DNS, "www.example.org")}, 1, 1, true, true, false},
};

static void build_almost(sdg_buf *der, const almost *a)
{
  static const uint8_t name[] = "\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x03\x0c\x06Test A";
  static const uint8_t other[] = "\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x03\x0c\x06Test B";
  sdg_x509_extension extensions[3];
  sdg_buf values[2];
  sdg_cert_plan plan = {0};
  size_t n = 0;

  sdg_buf_init(&values[0], 1000);
  sdg_buf_init(&values[1], 1000);
  if (a->name_count > 0) {
    sdg_x509_put_san(&values[0], a->names, a->name_count);
    extensions[n++] = (sdg_x509_extension){sdg_oid_subject_alt_name, false, sdg_buf_bytes(&values[0])};
  }
  sdg_acme_identifier_put(&values[1], digest);
  if (a->identifiers > 0) {
    extensions[n++] = (sdg_x509_extension){sdg_oid_acme_identifier, a->critical, sdg_buf_bytes(&values[1])};
  }
  if (a->unknown_critical) {
    extensions[n++] = (sdg_x509_extension){SDG_BYTES_LITERAL("\x2b\x06\x01"), true, SDG_BYTES_LITERAL("\x05\x00")};
  }
  plan.serial = SDG_BYTES_LITERAL("\x01");
  plan.issuer = sdg_bytes(a->other_issuer ? other : name, sizeof(name) - 1);
  plan.subject = sdg_bytes(name, sizeof(name) - 1);
  plan.not_before = NOW;
  plan.not_after = NOW + 1000;
  plan.spki = stardeleg_key_spki(key);
  plan.extensions = extensions;
  plan.extension_count = n;
  sdg_buf_reset(der);
  assert_ok(sdg_cert_build(der, &plan, key));
  sdg_buf_clear(&values[0]);
  sdg_buf_clear(&values[1]);
}

static void refuses_what_is_almost_right(void **state)
{
  sdg_buf der;

  (void)state;
  sdg_buf_init(&der, 10000);
  for (size_t i = 0; i < COUNT(cases); i++) {
    print_message("%s\n", cases[i].what);
    build_almost(&der, &cases[i]);
    assert_int_equal(check(&der, DNS("www.example.org")), cases[i].fault);
    assert_true(strlen(sdg_challenge_fault_text(cases[i].fault)) > 0);
  }
  sdg_buf_clear(&der);
}

/* A self-signed certificate with these two times. */
static void build_with_times(sdg_buf *der, const char *validity_hex)
{
  static const uint8_t name[] = "\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x03\x0c\x06Test A";
  sdg_general_name san = {SDG_GN_DNS, SDG_BYTES_LITERAL("www.example.org")};
  size_t len = 0;
  uint8_t *validity = test_hex(validity_hex, &len);
  sdg_buf values[2];
  sdg_buf tbs;
  size_t mark;
  size_t field;

  sdg_buf_init(&values[0], 1000);
  sdg_buf_init(&values[1], 1000);
  sdg_buf_init(&tbs, 10000);
  sdg_x509_put_san(&values[0], &san, 1);
  sdg_acme_identifier_put(&values[1], digest);
  mark = sdg_der_put_begin(&tbs, SDG_DER_SEQUENCE);
  field = sdg_der_put_begin(&tbs, SDG_DER_CONTEXT_CONSTRUCTED(0));
  sdg_der_put_uint(&tbs, 2);
  sdg_der_put_end(&tbs, field);
  sdg_der_put_uint(&tbs, 1);
  sdg_x509_put_algorithm(&tbs, STARDELEG_ALG_ES256);
  sdg_der_put_raw(&tbs, sdg_bytes(name, sizeof(name) - 1));
  sdg_der_put_raw(&tbs, sdg_bytes(validity, len));
  sdg_der_put_raw(&tbs, sdg_bytes(name, sizeof(name) - 1));
  sdg_der_put_raw(&tbs, stardeleg_key_spki(key));
  field = sdg_der_put_begin(&tbs, SDG_DER_CONTEXT_CONSTRUCTED(3));
  sdg_x509_put_extensions(&tbs,
                          (sdg_x509_extension[]){{sdg_oid_subject_alt_name, true, sdg_buf_bytes(&values[0])},
                                                 {sdg_oid_acme_identifier, true, sdg_buf_bytes(&values[1])}},
                          2);
  sdg_der_put_end(&tbs, field);
  sdg_der_put_end(&tbs, mark);
  sdg_buf_reset(der);
  assert_ok(sdg_x509_put_signed(der, sdg_buf_bytes(&tbs), STARDELEG_ALG_ES256, key));
  sdg_buf_clear(&values[0]);
  sdg_buf_clear(&values[1]);
  sdg_buf_clear(&tbs);
  free(validity);
}

/* Responders in use leave their language's zero time there. */
static void does_not_look_at_the_validity(void **state)
{
  static const struct {
    const char *hex;
    sdg_challenge_fault fault;
  } rows[] = {
      {"301e170d3236303133313030303030305a170d3236303230373030303030305a", SDG_CHALLENGE_CERT_OK},
      {"3022180f30303031303130313030303030305a180f30303031303130313030303030305a", SDG_CHALLENGE_CERT_OK},
      {"301e170d3236303230373030303030305a170d3236303133313030303030305a", SDG_CHALLENGE_CERT_OK},
      {"300f170d3236303230373030303030305a", SDG_CHALLENGE_CERT_MALFORMED},
      {"3000", SDG_CHALLENGE_CERT_MALFORMED},
      {"3020170d3236303230373030303030305a170d3236303133313030303030305a0500", SDG_CHALLENGE_CERT_MALFORMED},
      {"300405000500", SDG_CHALLENGE_CERT_MALFORMED},
  };
  sdg_cert *cert = malloc(sizeof(*cert));
  sdg_buf der;

  (void)state;
  assert_non_null(cert);
  sdg_buf_init(&der, 10000);
  for (size_t i = 0; i < COUNT(rows); i++) {
    build_with_times(&der, rows[i].hex);
    assert_int_equal(check(&der, DNS("www.example.org")), rows[i].fault);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_cert_parse(cert, sdg_buf_bytes(&der)));
  }
  sdg_buf_clear(&der);
  free(cert);
}

/* ALPN-4-03; and no byte of it can be changed without notice. */
static void refuses_every_changed_byte(void **state)
{
  sdg_buf der;

  (void)state;
  sdg_buf_init(&der, 10000);
  assert_ok(sdg_acme_identifier_build(&der, key, &DNS("www.example.org"), digest, NOW));
  for (size_t i = 0; i < der.len; i++) {
    sdg_challenge_fault fault;

    der.base[i] ^= 1;
    fault = check(&der, DNS("www.example.org"));
    /* The algorithm's name may become one we lack, in both places; anything else shows. */
    assert_true(fault != SDG_CHALLENGE_CERT_OK);
    der.base[i] ^= 1;
  }
  for (size_t len = 0; len < der.len; len++) {
    sdg_challenge_fault fault = SDG_CHALLENGE_CERT_OK;

    assert_ok(sdg_acme_identifier_check(&fault, test_crypto(), sdg_bytes(der.base, len), &DNS("www.example.org"),
                                        digest));
    assert_int_equal(fault, SDG_CHALLENGE_CERT_MALFORMED);
  }
  sdg_buf_clear(&der);
}

/* IP-6-02 */
static void asks_for_the_right_name(void **state)
{
  static const struct {
    stardeleg_identifier identifier;
    const char *sni;
  } good[] = {
      {{"dns", "www.example.org"}, "www.example.org"},
      {{"ip", "192.0.2.1"}, "1.2.0.192.in-addr.arpa"},
      {{"ip", "255.255.255.255"}, "255.255.255.255.in-addr.arpa"},
      {{"ip", "2001:db8::1"}, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
  };
  static const stardeleg_identifier bad[] = {{"dns", "192.0.2.1"}, {"dns", ""},         {"dns", "a b.example"},
                                             {"ip", "1.2.3"},      {"ip", "[::1]"},     {"ip", "www.example.org"},
                                             {"ip", "fe80::1%1"},  {"email", "a@b.example"},
                                             {"dns", "b\xc3\xbc" "cher.example"}}; /* ALPN-3-09 */
  char sni[SDG_ACME_SNI_SIZE];
  sdg_buf der;

  (void)state;
  for (size_t i = 0; i < COUNT(good); i++) {
    assert_ok(sdg_acme_identifier_sni(sni, &good[i].identifier));
    assert_string_equal(sni, good[i].sni);
  }
  sdg_buf_init(&der, 10000);
  for (size_t i = 0; i < COUNT(bad); i++) {
    sdg_challenge_fault fault;

    assert_err(STARDELEG_ERR_ARGUMENT, sdg_acme_identifier_sni(sni, &bad[i]));
    assert_err(STARDELEG_ERR_ARGUMENT, sdg_acme_identifier_build(&der, key, &bad[i], digest, NOW));
    assert_err(STARDELEG_ERR_ARGUMENT,
               sdg_acme_identifier_check(&fault, test_crypto(), sdg_buf_bytes(&der), &bad[i], digest));
  }
  assert_int_equal(der.len, 0);
  sdg_buf_clear(&der);
}

static void digests_the_key_authorization(void **state)
{
  uint8_t out[SDG_ACME_IDENTIFIER_LEN];
  size_t len = 0;
  uint8_t *abc = test_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &len);

  (void)state;
  assert_ok(sdg_acme_identifier_digest(out, test_crypto(), SDG_BYTES_LITERAL("abc")));
  assert_memory_equal(out, abc, sizeof(out));
  free(abc);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(builds_what_it_accepts),     cmocka_unit_test(is_no_certificate_for_others),
      cmocka_unit_test(refuses_another_digest),     cmocka_unit_test(reads_exactly_the_extension),
      cmocka_unit_test(refuses_what_is_almost_right), cmocka_unit_test(refuses_every_changed_byte),
      cmocka_unit_test(does_not_look_at_the_validity),
      cmocka_unit_test(asks_for_the_right_name),    cmocka_unit_test(digests_the_key_authorization),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}

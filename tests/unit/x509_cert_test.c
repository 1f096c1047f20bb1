/* SPDX-License-Identifier: Apache-2.0 */
/* unit/x509_cert_test.c -- certificates: built by us, read back, spoiled field by field. */
#include "support/test.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "der/pem.h"
#include "x509/cert.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOT_BEFORE INT64_C(1769817600000) /* 2026-01-31T00:00:00Z */
#define NOT_AFTER INT64_C(4102444799000)  /* 2099-12-31T23:59:59Z */
#define NAME "\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x03\x0c\x06Test A"
#define VERSION3 "a003020102"
#define SERIAL "020101"
#define ES256 "300a06082a8648ce3d040302"
#define VALIDITY "301e170d3236303133313030303030305a170d3236303230373030303030305a"
#define EMPTY_NAME "3000"
#define SPKI "30050603550403" /* not a key: the reader hands it out as it is */

extern char **environ;

/* --- Reading what is put together here --- */

/* Wraps the hex parts of a tbsCertificate into a certificate with an empty signature. */
static stardeleg_err parse_parts(sdg_cert *out, sdg_buf *der, const char *const *parts, size_t count, const char *alg)
{
  size_t cert;
  size_t tbs;

  sdg_buf_reset(der);
  cert = sdg_der_put_begin(der, SDG_DER_SEQUENCE);
  tbs = sdg_der_put_begin(der, SDG_DER_SEQUENCE);
  for (size_t i = 0; i <= count; i++) {
    size_t len = 0;
    uint8_t *octets = test_hex(i < count ? parts[i] : alg, &len);

    if (i == count) {
      sdg_der_put_end(der, tbs);
    }
    sdg_buf_add(der, octets, len);
    free(octets);
  }
  sdg_der_put_bits(der, sdg_bytes("\x30\x06\x02\x01\x01\x02\x01\x01", 8), 0);
  sdg_der_put_end(der, cert);
  assert_ok(sdg_buf_error(der));
  return sdg_cert_parse(out, sdg_buf_bytes(der));
}

enum { P_VERSION, P_SERIAL, P_ALG, P_ISSUER, P_VALIDITY, P_SUBJECT, P_SPKI, P_MORE, P_COUNT };
static const char *const valid[P_COUNT] = {VERSION3, SERIAL, ES256, EMPTY_NAME, VALIDITY, EMPTY_NAME, SPKI, ""};

static void refuses_missing_and_doubled_fields(void **state)
{
  sdg_cert *cert = malloc(sizeof *cert);
  sdg_buf der;

  (void)state;
  assert_non_null(cert);
  sdg_buf_init(&der, 10000);
  assert_ok(parse_parts(cert, &der, valid, P_COUNT, ES256));
  for (size_t field = 0; field < P_MORE; field++) {
    for (int doubled = 0; doubled < 2; doubled++) {
      const char *parts[P_COUNT];
      char twice[256];

      memcpy(parts, valid, sizeof parts);
      (void)snprintf(twice, sizeof twice, "%s%s", valid[field], valid[field]);
      parts[field] = doubled ? twice : "";
      print_message("field %zu %s\n", field, doubled ? "twice" : "missing");
      assert_err(STARDELEG_ERR_MALFORMED, parse_parts(cert, &der, parts, P_COUNT, ES256));
    }
  }
  sdg_buf_clear(&der);
  free(cert);
}

static void refuses_spoiled_fields(void **state)
{
  static const struct {
    size_t field;
    const char *hex;
    const char *what;
  } cases[] = {
      {P_VERSION, "a003020100", "version 1"},
      {P_VERSION, "a003020101", "version 2"},
      {P_VERSION, "a003020103", "version 4"},
      {P_VERSION, "a0030201ff", "negative version"},
      {P_VERSION, "a00402020002", "non-minimal version"},
      {P_VERSION, "a0050201020500", "something behind the version"},
      {P_VERSION, "020102", "version without its tag"},
      {P_SERIAL, "0200", "empty serial"},
      {P_SERIAL, "0201ff", "negative serial"},
      {P_SERIAL, "02020001", "non-minimal serial"},
      {P_SERIAL, "02160102030405060708090a0b0c0d0e0f10111213141516", "serial of 22 octets"},
      {P_SERIAL, "040101", "serial of another type"},
      {P_ALG, "300a06082a8648ce3d040303", "inner algorithm differs from the outer one"},
      {P_ALG, "300c06082a8648ce3d0403020500", "inner algorithm with NULL"},
      {P_ISSUER, "3100", "issuer a SET"},
      {P_ISSUER, "30023100", "issuer with an empty RDN"},
      {P_SUBJECT, "300c310a300806035584030c01", "subject cut"},
      {P_VALIDITY, "300f170d3236303133313030303030305a", "no notAfter"},
      {P_VALIDITY, "301e170d3236303230373030303030305a170d3236303133313030303030305a", "notAfter before notBefore"},
      {P_VALIDITY, "301e170d3236303133313030303030305a170d3236303233303030303030305a", "30th of February"},
      {P_VALIDITY, "3020170d3236303133313030303030305a170f32303439303133313030303030305a", "too short by one"},
      {P_VALIDITY, "3020170d3236303133313030303030305a180f32303236303230373030303030305a", "GeneralizedTime in 2026"},
      {P_VALIDITY, "3020170d3236303133313030303030305a170d3236303230373030303030305a0500", "something behind"},
      {P_SPKI, "3105060355040300", "key a SET"},
      {P_MORE, "a2020500", "unique identifier, constructed"},
      {P_MORE, "820100810100", "unique identifiers in the wrong order"},
      {P_MORE, "a300", "extensions field empty"},
      {P_MORE, "a3023000", "extensions list empty"},
      {P_MORE, "a30430020500", "extension of another type"},
      {P_MORE, "a30c300a30080603551d0e040204", "extension cut"},
      {P_MORE, "0500", "something else"},
  };
  sdg_cert *cert = malloc(sizeof *cert);
  sdg_buf der;

  (void)state;
  assert_non_null(cert);
  sdg_buf_init(&der, 10000);
  for (size_t i = 0; i < COUNT(cases); i++) {
    const char *parts[P_COUNT];

    memcpy(parts, valid, sizeof parts);
    parts[cases[i].field] = cases[i].hex;
    print_message("%s\n", cases[i].what);
    assert_err(STARDELEG_ERR_MALFORMED, parse_parts(cert, &der, parts, P_COUNT, ES256));
  }
  sdg_buf_clear(&der);
  free(cert);
}

static void takes_odd_fields(void **state)
{
  static const struct {
    size_t field;
    const char *hex;
  } cases[] = {
      {P_SERIAL, "020100"},                                         /* RFC 5280 4.1.2.2: handle zero gracefully */
      {P_SERIAL, "021500ff02030405060708090a0b0c0d0e0f1011121314"}, /* 20 octets and the sign */
      {P_MORE, "810100820100"},                                     /* both unique identifiers (4.1.2.8) */
      {P_MORE, "820100"},
      {P_VALIDITY, "3020170d3236303133313030303030305a180f32303530303133313030303030305a"},
      {P_VALIDITY, "301e170d3236303133313030303030305a170d3236303133313030303030305a"}, /* one second */
  };
  sdg_cert *cert = malloc(sizeof *cert);
  sdg_buf der;

  (void)state;
  assert_non_null(cert);
  sdg_buf_init(&der, 10000);
  for (size_t i = 0; i < COUNT(cases); i++) {
    const char *parts[P_COUNT];

    memcpy(parts, valid, sizeof parts);
    parts[cases[i].field] = cases[i].hex;
    print_message("%s\n", cases[i].hex);
    assert_ok(parse_parts(cert, &der, parts, P_COUNT, ES256));
  }
  sdg_buf_clear(&der);
  free(cert);
}

static stardeleg_err parse_with_extension(sdg_cert *cert, sdg_buf *der, const char *hex)
{
  const char *parts[P_COUNT];
  char more[512];
  size_t len = strlen(hex) / 2;

  assert_true(len + 2 < 0x80);
  (void)snprintf(more, sizeof more, "a3%02x30%02x%s", (unsigned)len + 2, (unsigned)len, hex);
  memcpy(parts, valid, sizeof parts);
  parts[P_MORE] = more;
  return parse_parts(cert, der, parts, P_COUNT, ES256);
}

static void judges_extensions(void **state)
{
  static const struct {
    const char *hex;
    bool good;
  } cases[] = {
      {"300a06042a03040504020500", true},           /* unknown, not critical */
      {"300d06042a0304050101ff04020500", false},    /* unknown, critical */
      {"300d06042a03040501010004020500", false},    /* FALSE written out */
      {"300f0603551d1e0101ff040530030c0161", true}, /* nameConstraints, critical: for the path */
      {"300f0603551d200101ff040530030c0161", true}, /* certificatePolicies, the same */
      {"300c0603551d130101ff04023000", true},       /* not a CA */
      {"300f0603551d130101ff040530030101ff", true}, /* a CA */
      {"30120603551d130101ff040830060101ff020100", true},
      {"300f0603551d130101ff04053003010100", false},       /* cA FALSE written out */
      {"300f0603551d130101ff04053003010101", false},       /* BOOLEAN 01 */
      {"30120603551d130101ff040830060101ff0201ff", false}, /* negative path length */
      {"30120603551d130101ff040830060201000101ff", false}, /* order */
      {"300d0603551d130101ff0403300000", false},           /* trailing octet */
      {"300b0603551d0f040403020780", true},                /* keyUsage */
      {"300b0603551d0f040403020700", false},               /* keyUsage without bits */
      {"30090603551d2504023000", false},                   /* empty extKeyUsage */
      {"30090603551d1104023000", false},                   /* empty subjectAltName */
      {"300c0603551d1104053003820161", true},
      {"300c0603551d1104053003820180", false}, /* not ASCII */
      {"30090603551d0e04020400", true},        /* subjectKeyIdentifier */
      {"30090603551d0e04020500", false},       /* of another type */
      {"300a0603551d0e0403040000", false},     /* trailing octet */
      {"30090603551d2304023000", true},        /* authorityKeyIdentifier without fields */
      {"300c0603551d2304053003800101", true},
      {"300c0603551d2304053003830101", false},                         /* no such field */
      {"300f0603551d2304083006800101800101", false},                   /* keyIdentifier twice */
      {"300f0603551d2304083006820101800101", false},                   /* order */
      {"300b0603551d0f040403020780300b0603551d0f040403020780", false}, /* twice (4.2) */
      {"300a06042a03040504020500300a06042a03040504020500", false},     /* twice, unknown */
  };
  sdg_cert *cert = malloc(sizeof *cert);
  sdg_buf der;

  (void)state;
  assert_non_null(cert);
  sdg_buf_init(&der, 10000);
  for (size_t i = 0; i < COUNT(cases); i++) {
    print_message("%s\n", cases[i].hex);
    if (cases[i].good) {
      assert_ok(parse_with_extension(cert, &der, cases[i].hex));
    } else {
      assert_err(STARDELEG_ERR_MALFORMED, parse_with_extension(cert, &der, cases[i].hex));
    }
  }
  sdg_buf_clear(&der);
  free(cert);
}

static void knows_algorithms_or_not(void **state)
{
  const char *parts[P_COUNT];
  sdg_cert *cert = malloc(sizeof *cert);
  sdg_buf der;

  (void)state;
  assert_non_null(cert);
  sdg_buf_init(&der, 10000);
  memcpy(parts, valid, sizeof parts);
  assert_ok(parse_parts(cert, &der, parts, P_COUNT, ES256));
  assert_int_equal(cert->alg, STARDELEG_ALG_ES256);
  parts[P_ALG] = "300906072a8648ce3d0401"; /* ecdsa-with-SHA1 */
  assert_ok(parse_parts(cert, &der, parts, P_COUNT, parts[P_ALG]));
  assert_int_equal(cert->alg, STARDELEG_ALG_NONE);
  parts[P_ALG] = "3000";
  assert_err(STARDELEG_ERR_MALFORMED, parse_parts(cert, &der, parts, P_COUNT, "3000"));
  sdg_buf_clear(&der);
  free(cert);
}

/* --- Building --- */

/* A certificate for |names|, signed by |issuer| (NULL: itself), with all that the CA role writes. */
static void build(sdg_buf *out, stardeleg_key *key, stardeleg_key *issuer, const sdg_general_name *names, size_t count)
{
  uint8_t ids[2][20];
  sdg_buf values[4];
  sdg_x509_extension extensions[4];
  bool is_ca = issuer == NULL;
  sdg_cert_plan plan = {sdg_bytes("\x01\x02\x03", 3),
                        sdg_bytes(NAME, 19),
                        sdg_bytes(is_ca ? NAME : "\x30\x00", is_ca ? 19 : 2),
                        NOT_BEFORE,
                        NOT_AFTER,
                        stardeleg_key_spki(key),
                        extensions,
                        4};
  size_t mark;

  issuer = is_ca ? key : issuer;
  assert_ok(sdg_cert_key_id(ids[0], test_crypto(), plan.spki));
  assert_ok(sdg_cert_key_id(ids[1], test_crypto(), stardeleg_key_spki(issuer)));
  for (size_t i = 0; i < 4; i++) {
    sdg_buf_init(&values[i], 1u << 20);
  }
  sdg_der_put(&values[0], SDG_DER_OCTET_STRING, sdg_bytes(ids[0], 20));
  mark = sdg_der_put_begin(&values[1], SDG_DER_SEQUENCE);
  sdg_der_put(&values[1], SDG_DER_CONTEXT(0), sdg_bytes(ids[1], 20));
  sdg_der_put_end(&values[1], mark);
  sdg_x509_put_key_usage(&values[2], is_ca ? SDG_KU_KEY_CERT_SIGN | SDG_KU_CRL_SIGN : SDG_KU_DIGITAL_SIGNATURE);
  if (is_ca) {
    mark = sdg_der_put_begin(&values[3], SDG_DER_SEQUENCE);
    sdg_der_put_bool(&values[3], true);
    sdg_der_put_end(&values[3], mark);
  } else {
    sdg_x509_put_san(&values[3], names, count);
  }
  extensions[0] = (sdg_x509_extension){sdg_oid_subject_key_id, false, sdg_buf_bytes(&values[0])};
  extensions[1] = (sdg_x509_extension){sdg_oid_authority_key_id, false, sdg_buf_bytes(&values[1])};
  extensions[2] = (sdg_x509_extension){sdg_oid_key_usage, true, sdg_buf_bytes(&values[2])};
  extensions[3] = (sdg_x509_extension){is_ca ? sdg_oid_basic_constraints : sdg_oid_subject_alt_name, true,
                                       sdg_buf_bytes(&values[3])};
  assert_ok(sdg_cert_build(out, &plan, issuer));
  for (size_t i = 0; i < 4; i++) {
    sdg_buf_clear(&values[i]);
  }
}

static void save_pem(const char *path, const sdg_buf *der)
{
  FILE *file = fopen(path, "wb");
  sdg_buf pem;

  assert_non_null(file);
  sdg_buf_init(&pem, 1u << 20);
  sdg_pem_write(&pem, "CERTIFICATE", sdg_buf_bytes(der));
  assert_ok(sdg_buf_error(&pem));
  assert_int_equal(fwrite(pem.base, 1, pem.len, file), pem.len);
  assert_int_equal(fclose(file), 0);
  sdg_buf_clear(&pem);
}

/* Runs "openssl verify": 0 if it agrees, -1 if there is no such program. */
static int ask_openssl(const sdg_buf *root, const sdg_buf *leaf)
{
  const char *folder = test_directory();
  char paths[2][512];
  char words[4][16] = {"openssl", "verify", "-x509_strict", "-CAfile"}; /* argv is not of const text */
  char *argv[] = {words[0], words[1], words[2], words[3], paths[0], paths[1], NULL};
  posix_spawn_file_actions_t actions;
  pid_t child;
  int status = 0;

  (void)snprintf(paths[0], sizeof paths[0], "%s/root.pem", folder);
  (void)snprintf(paths[1], sizeof paths[1], "%s/leaf.pem", folder);
  save_pem(paths[0], root);
  save_pem(paths[1], leaf);
  assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
  assert_int_equal(posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0), 0);
  if (posix_spawnp(&child, argv[0], &actions, NULL, argv, environ) != 0) {
    status = -1;
  } else {
    assert_int_equal(waitpid(child, &status, 0), child);
    status = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
  }
  (void)posix_spawn_file_actions_destroy(&actions);
  return status == 127 ? -1 : status;
}

static void check_leaf(const sdg_cert *cert, const sdg_cert *root)
{
  char serial[16];

  sdg_cert_serial_text(serial, sizeof serial, cert);
  assert_string_equal(serial, "10203");
  assert_true(cert->not_before == NOT_BEFORE);
  assert_true(cert->not_after == NOT_AFTER);
  assert_false(cert->is_ca);
  assert_true(cert->has_key_usage);
  assert_int_equal(cert->key_usage, SDG_KU_DIGITAL_SIGNATURE);
  assert_int_equal(cert->name_count, 2);
  assert_true(sdg_cert_has_dns(cert, sdg_bytes_str("abc.IDO.example")));
  assert_true(sdg_cert_has_dns(cert, sdg_bytes_str("*.ido.example")));
  assert_false(sdg_cert_has_dns(cert, sdg_bytes_str("def.ido.example"))); /* a wildcard is a name, not a pattern */
  assert_false(sdg_cert_has_dns(cert, sdg_bytes_str("ido.example")));
  assert_false(sdg_cert_has_dns(cert, sdg_bytes_str("")));
  assert_true(root->is_ca);
  assert_int_equal(root->key_usage, SDG_KU_KEY_CERT_SIGN | SDG_KU_CRL_SIGN);
  assert_int_equal(cert->authority_key_id.len, 20);
  assert_true(sdg_bytes_equal(cert->authority_key_id, root->subject_key_id));
  assert_true(sdg_bytes_equal(cert->issuer, root->subject));
}

static void check_signature(const sdg_cert *cert, const sdg_cert *root)
{
  sdg_pubkey *key = NULL;

  assert_ok(sdg_pubkey_import(&key, test_crypto(), root->spki, NULL));
  assert_ok(sdg_x509_verify(key, cert->alg, cert->tbs, cert->signature));
  sdg_pubkey_free(key);
}

static void builds_what_openssl_takes(void **state)
{
  static const stardeleg_key_spec specs[] = {STARDELEG_KEY_P256, STARDELEG_KEY_P384, STARDELEG_KEY_P521,
                                             STARDELEG_KEY_RSA2048, STARDELEG_KEY_ED25519};
  const sdg_general_name names[] = {{SDG_GN_DNS, sdg_bytes_str("ABC.ido.example")},
                                    {SDG_GN_DNS, sdg_bytes_str("*.ido.example")}};
  sdg_cert *certs = calloc(2, sizeof *certs);

  (void)state;
  assert_non_null(certs);
  for (size_t i = 0; i < COUNT(specs); i++) {
    stardeleg_key *issuer = NULL;
    stardeleg_key *key = NULL;
    sdg_buf root;
    sdg_buf leaf;
    int verdict;

    if ((test_crypto()->ops->key_specs & 1u << specs[i]) == 0) {
      continue;
    }
    print_message("key %d\n", (int)specs[i]);
    sdg_buf_init(&root, 10000);
    sdg_buf_init(&leaf, 10000);
    assert_ok(stardeleg_key_generate(&issuer, test_crypto(), specs[i]));
    assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
    build(&root, issuer, NULL, NULL, 0);
    build(&leaf, key, issuer, names, COUNT(names));
    assert_ok(sdg_cert_parse(&certs[0], sdg_buf_bytes(&root)));
    assert_ok(sdg_cert_parse(&certs[1], sdg_buf_bytes(&leaf)));
    check_leaf(&certs[1], &certs[0]);
    check_signature(&certs[1], &certs[0]);
    verdict = ask_openssl(&root, &leaf);
    assert_true(verdict <= 0);
    stardeleg_key_free(issuer);
    stardeleg_key_free(key);
    sdg_buf_clear(&root);
    sdg_buf_clear(&leaf);
  }
  free(certs);
}

static void refuses_bad_plans(void **state)
{
  const sdg_x509_extension twice[] = {{sdg_oid_key_usage, true, sdg_bytes("\x03\x02\x07\x80", 4)},
                                      {sdg_oid_key_usage, true, sdg_bytes("\x03\x02\x07\x80", 4)}};
  sdg_cert_plan good;
  sdg_cert_plan plan;
  stardeleg_key *key = NULL;
  sdg_buf out;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  sdg_buf_init(&out, 10000);
  good = (sdg_cert_plan){sdg_bytes("\x7f"
                                   "9012345678901234567",
                                   20),
                         sdg_bytes(NAME, 19),
                         sdg_bytes(NAME, 19),
                         NOT_BEFORE,
                         STARDELEG_TIME_NEVER,
                         stardeleg_key_spki(key),
                         NULL,
                         0};
  plan = good;
  plan.serial = sdg_bytes(NULL, 0);
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_cert_build(&out, &plan, key));
  plan.serial = sdg_bytes("\x00\x00", 2);
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_cert_build(&out, &plan, key));
  plan.serial = sdg_bytes("\x80"
                          "9012345678901234567",
                          20); /* 21 octets as INTEGER */
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_cert_build(&out, &plan, key));
  plan.serial = sdg_bytes("\x01"
                          "90123456789012345678",
                          21);
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_cert_build(&out, &plan, key));
  plan = good;
  plan.not_after = NOT_BEFORE - 1000;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_cert_build(&out, &plan, key));
  plan = good;
  plan.not_before = STARDELEG_TIME_NONE;
  assert_err(STARDELEG_ERR_LIMIT, sdg_cert_build(&out, &plan, key));
  plan = good;
  plan.extensions = twice;
  plan.extension_count = 2;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_cert_build(&out, &plan, key));
  plan.extension_count = SDG_X509_EXTENSIONS_MAX + 1;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_cert_build(&out, &plan, key));
  assert_int_equal(out.len, 0);
  assert_ok(sdg_cert_build(&out, &good, key));
  sdg_buf_clear(&out);
  stardeleg_key_free(key);
}

static void writes_serial_texts(void **state)
{
  static const struct {
    const char *serial;
    size_t len;
    size_t size;
    const char *text;
  } cases[] = {{"\x00", 1, 16, "0"},          {"\x0a", 1, 16, "a"},
               {"\x10", 1, 16, "10"},         {"\x01\x02\xff", 3, 16, "102ff"},
               {"\xab\xcd\xef", 3, 4, "abc"}, {"\xab\xcd", 2, 1, ""},
               {"\xab\xcd", 2, 5, "abcd"}};
  sdg_cert *cert = calloc(1, sizeof *cert);
  char text[16];

  (void)state;
  assert_non_null(cert);
  for (size_t i = 0; i < COUNT(cases); i++) {
    cert->serial = sdg_bytes(cases[i].serial, cases[i].len);
    sdg_cert_serial_text(text, cases[i].size, cert);
    assert_string_equal(text, cases[i].text);
  }
  free(cert);
}

/* RFC 5280 4.2.1.2 (1), over a key of known hash */
static void hashes_key_ids(void **state)
{
  static const char *const bad[] = {"", "3000", "30020500", "300730050603550403", "300b30050603550403030200ff00"};
  uint8_t id[20];
  size_t len = 0;
  uint8_t *spki = test_hex("300b3005060355040303020061", &len); /* BIT STRING "a" */

  (void)state;
  assert_ok(sdg_cert_key_id(id, test_crypto(), sdg_bytes(spki, len)));
  assert_memory_equal(id, "\x86\xf7\xe4\x37\xfa\xa5\xa7\xfc\xe1\x5d\x1d\xdc\xb9\xea\xea\xea\x37\x76\x67\xb8", 20);
  free(spki);
  for (size_t i = 0; i < COUNT(bad); i++) {
    spki = test_hex(bad[i], &len);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_cert_key_id(id, test_crypto(), sdg_bytes(spki, len)));
    free(spki);
  }
}

static void stops_at_too_many_names(void **state)
{
  sdg_general_name *names = calloc(10000, sizeof *names);
  sdg_cert *cert = malloc(sizeof *cert);
  stardeleg_key *key = NULL;
  sdg_buf out;

  (void)state;
  assert_non_null(names);
  assert_non_null(cert);
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  for (size_t i = 0; i < 10000; i++) {
    names[i] = (sdg_general_name){SDG_GN_DNS, sdg_bytes_str("a.ido.example")};
  }
  sdg_buf_init(&out, 1u << 20);
  build(&out, key, key, names, 10000);
  assert_err(STARDELEG_ERR_LIMIT, sdg_cert_parse(cert, sdg_buf_bytes(&out)));
  sdg_buf_reset(&out);
  build(&out, key, key, names, SDG_X509_NAMES_MAX);
  assert_ok(sdg_cert_parse(cert, sdg_buf_bytes(&out)));
  sdg_buf_clear(&out);
  stardeleg_key_free(key);
  free(names);
  free(cert);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_missing_and_doubled_fields),
      cmocka_unit_test(refuses_spoiled_fields),
      cmocka_unit_test(takes_odd_fields),
      cmocka_unit_test(judges_extensions),
      cmocka_unit_test(knows_algorithms_or_not),
      cmocka_unit_test(builds_what_openssl_takes),
      cmocka_unit_test(refuses_bad_plans),
      cmocka_unit_test(writes_serial_texts),
      cmocka_unit_test(hashes_key_ids),
      cmocka_unit_test(stops_at_too_many_names),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ca_csr_test.c -- what is refused in a CSR leaves the order ready; what is granted stands in the certificate. */
#include "support/test.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "support/ca_world.h"

static int set_up(void **state)
{
  static ca_world w;

  ca_world_start(&w);
  assert_int_equal(ca_world_new_order(&w, ca_world_json("{'identifiers':[{'type':'dns','value':'a.example.org'},"
                                                        "{'type':'dns','value':'b.example.org'}],"
                                                        "'allow-certificate-get':true}")),
                   201);
  ca_world_validate(&w);
  *state = &w;
  return 0;
}

/* ACME-7.4-12, ACME-7.4-13 */
static void refuse(ca_world *w, const char *csr)
{
  (void)ca_world_finalize(w, csr);
  acme_peer_assert_problem(&w->peer, 400, "badCSR");
  assert_string_equal(ca_world_status(w), "ready");
}

static void grant(ca_world *w, const char *csr, ca_leaf *leaf)
{
  if (ca_world_finalize(w, csr) != 200) {
    fail_msg("%d %s", w->peer.status, w->peer.body);
  }
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  ca_world_get_leaf(w, leaf);
}

/* A CSR of |plan|'s parts with the given key. */
static const char *build(const sdg_csr_plan *given, stardeleg_key *key)
{
  static char room[16384];
  sdg_csr_plan plan = *given;
  sdg_buf der;
  sdg_buf text;

  plan.alg = plan.alg != STARDELEG_ALG_NONE ? plan.alg : sdg_alg_for_key(sdg_key_info(key));
  sdg_buf_init(&der, 1 << 16);
  sdg_buf_init(&text, 1 << 16);
  assert_ok(sdg_csr_build(&der, &plan, key));
  sdg_base64url_write(&text, sdg_buf_bytes(&der));
  (void)snprintf(room, sizeof(room), "%s", sdg_buf_str(&text));
  sdg_buf_clear(&der);
  sdg_buf_clear(&text);
  return room;
}

/* --- Names (ACME-7.4-11) --- */

static void test_names(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;

  refuse(w, ca_world_csr(w, NULL, "a.example.org", NULL));
  refuse(w, ca_world_csr(w, NULL, "a.example.org", "a.example.org", NULL));
  refuse(w, ca_world_csr(w, NULL, "a.example.org", "b.example.org", "c.example.org", NULL));
  refuse(w, ca_world_csr(w, NULL, "a.example.org", "*.example.org", NULL));
  refuse(w, ca_world_csr(w, NULL, "a.example.org", "b.example.org.evil", NULL));
  refuse(w, ca_world_csr(w, NULL, "a.example.org", "b.example.or", NULL));
  refuse(w, ca_world_csr(w, NULL, NULL));
  refuse(w, ca_world_csr(w, "a.example.org", NULL));
  refuse(w, ca_world_csr(w, "c.example.org", "a.example.org", "b.example.org", NULL));
  refuse(w, ca_world_csr(w, "a.example.org b.example.org", "a.example.org", "b.example.org", NULL));
  refuse(w, ca_world_csr(w, "", "a.example.org", "b.example.org", NULL));
  /* any order, any case, the common name among them, one of them twice */
  grant(w, ca_world_csr(w, "A.example.org", "B.EXAMPLE.ORG", "a.example.org", "a.example.org", NULL), &leaf);
  assert_int_equal(leaf.cert.name_count, 2);
  assert_true(sdg_cert_has_dns(&leaf.cert, sdg_bytes_str("a.example.org")));
  assert_true(sdg_cert_has_dns(&leaf.cert, sdg_bytes_str("b.example.org")));
  ca_leaf_clear(&leaf);
}

/* RFC 8555 7.4: in the common name, or in subjectAltName, or both */
static void test_common_name_alone(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;

  grant(w, ca_world_csr(w, "b.example.org", "a.example.org", NULL), &leaf);
  assert_int_equal(leaf.cert.name_count, 2);
  ca_leaf_clear(&leaf);
  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'a.example.org'}],"
                                                       "'allow-certificate-get':true}")),
                   201);
  ca_world_validate(w);
  grant(w, ca_world_csr(w, "a.example.org", NULL), &leaf);
  assert_int_equal(leaf.cert.name_count, 1);
  assert_true(sdg_cert_has_dns(&leaf.cert, sdg_bytes_str("a.example.org")));
  ca_leaf_clear(&leaf);
}

/* Other kinds of names are names that were not ordered. */
static void test_name_kinds(void **state)
{
  static const sdg_name_kind kinds[] = {SDG_GN_EMAIL, SDG_GN_URI,       SDG_GN_IP,
                                        SDG_GN_RID,   SDG_GN_DIRECTORY, SDG_GN_OTHER};
  static const uint8_t values[6][4] = {"a@b",        "x:y", {192, 0, 2, 1}, {0x2a, 3, 4, 5}, {0x30, 2, 0x31, 0},
                                       {6, 1, 42, 0}};
  static const size_t lens[] = {3, 3, 4, 4, 2, 3};
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    sdg_general_name names[3] = {{SDG_GN_DNS, SDG_BYTES_LITERAL("a.example.org")},
                                 {SDG_GN_DNS, SDG_BYTES_LITERAL("b.example.org")},
                                 {kinds[i], {values[i], lens[i]}}};
    sdg_x509_extension extension = {.oid = sdg_oid_subject_alt_name};
    sdg_csr_plan plan = {.extensions = &extension, .extension_count = 1};
    sdg_buf san;

    sdg_buf_init(&san, 4096);
    sdg_x509_put_san(&san, names, 3);
    extension.value = sdg_buf_bytes(&san);
    refuse(w, build(&plan, w->key));
    sdg_buf_clear(&san);
  }
}

/* --- Extensions --- */

typedef struct asked {
  sdg_x509_extension list[4];
  sdg_buf san;
  sdg_csr_plan plan;
} asked;

static void ask(asked *a, stardeleg_bytes oid, const void *value, size_t len)
{
  static const sdg_general_name names[2] = {{SDG_GN_DNS, {(const uint8_t *)"a.example.org", 13}},
                                            {SDG_GN_DNS, {(const uint8_t *)"b.example.org", 13}}};

  memset(a, 0, sizeof(*a));
  sdg_buf_init(&a->san, 4096);
  sdg_x509_put_san(&a->san, names, 2);
  a->list[0] = (sdg_x509_extension){.oid = sdg_oid_subject_alt_name, .value = sdg_buf_bytes(&a->san)};
  a->list[1] = (sdg_x509_extension){.oid = oid, .value = {value, len}};
  a->plan.extensions = a->list;
  a->plan.extension_count = 2;
}

static void test_extensions(void **state)
{
  static const uint8_t ca_true[] = {0x30, 0x03, 0x01, 0x01, 0xff};
  static const uint8_t ca_path[] = {0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00};
  static const uint8_t ca_none[] = {0x30, 0x00};
  static const uint8_t sign_and_issue[] = {0x03, 0x02, 0x02, 0x84}; /* digitalSignature, keyCertSign */
  static const uint8_t rubbish[] = {0x05};
  ca_world *w = *state;
  ca_leaf leaf;
  asked a;

  ask(&a, sdg_oid_basic_constraints, ca_true, sizeof(ca_true));
  refuse(w, build(&a.plan, w->key));
  sdg_buf_clear(&a.san);
  ask(&a, sdg_oid_basic_constraints, ca_path, sizeof(ca_path));
  refuse(w, build(&a.plan, w->key));
  sdg_buf_clear(&a.san);
  ask(&a, sdg_oid_subject_alt_name, rubbish, sizeof(rubbish)); /* two of them */
  refuse(w, build(&a.plan, w->key));
  sdg_buf_clear(&a.san);
  ask(&a, sdg_oid_subject_alt_name, rubbish, sizeof(rubbish));
  a.list[0] = a.list[1];
  a.plan.extension_count = 1;
  refuse(w, build(&a.plan, w->key));
  sdg_buf_clear(&a.san);
  ask(&a, sdg_oid_basic_constraints, ca_none, sizeof(ca_none));
  a.list[2] = (sdg_x509_extension){.oid = sdg_oid_key_usage, .value = {sign_and_issue, sizeof(sign_and_issue)}};
  a.plan.extension_count = 3;
  grant(w, build(&a.plan, w->key), &leaf);
  sdg_buf_clear(&a.san);
  assert_false(leaf.cert.is_ca);
  assert_true(leaf.cert.has_key_usage);
  assert_int_equal(leaf.cert.key_usage, SDG_KU_DIGITAL_SIGNATURE);
  assert_int_equal(leaf.cert.eku_count, 1);
  assert_true(leaf.cert.authority_key_id.len > 0 && leaf.cert.subject_key_id.len > 0);
  ca_leaf_clear(&leaf);
}

/* --- Keys and signatures --- */

static void test_keys(void **state)
{
  ca_world *w = *state;
  stardeleg_key *own = w->key;
  acme_peer other;

  /* ACME-11.1-03: the key of an account, one's own or another's */
  w->key = w->peer.key;
  refuse(w, ca_world_csr(w, NULL, "a.example.org", "b.example.org", NULL));
  ca_world_peer(w, &other);
  w->key = other.key;
  refuse(w, ca_world_csr(w, NULL, "a.example.org", "b.example.org", NULL));
  w->key = own;
  acme_peer_clear(&other);
}

/* tests/vectors would do as well; these are made here: one byte of a good one spoiled at every place */
static void test_spoiled(void **state)
{
  ca_world *w = *state;
  const char *good = ca_world_csr(w, NULL, "a.example.org", "b.example.org", NULL);
  ca_leaf leaf;
  sdg_buf der;
  sdg_buf text;

  sdg_buf_init(&der, 1 << 16);
  sdg_buf_init(&text, 1 << 16);
  assert_ok(sdg_base64url_read(&der, sdg_bytes_str(good)));
  for (size_t i = 0; i < der.len; i += 3) {
    der.base[i] ^= 0x01;
    sdg_buf_reset(&text);
    sdg_base64url_write(&text, sdg_buf_bytes(&der));
    refuse(w, sdg_buf_str(&text));
    der.base[i] ^= 0x01;
  }
  for (size_t i = 1; i < der.len; i += 11) { /* and cut */
    sdg_buf_reset(&text);
    sdg_base64url_write(&text, sdg_bytes(der.base, i));
    refuse(w, sdg_buf_str(&text));
  }
  grant(w, good, &leaf);
  ca_leaf_clear(&leaf);
  sdg_buf_clear(&der);
  sdg_buf_clear(&text);
}

/* ACME-6.1-08: base64url, nothing else */
static void test_encodings(void **state)
{
  static const char *const bad[] = {
      "{}",          "{\"csr\":1}", "{\"csr\":null}", "{\"csr\":\"AAA=\"}", "{\"csr\":\"A A\"}", "{\"csr\":\"+/+/\"}",
      "{\"csr\":[]}"};
  ca_world *w = *state;
  char *large = malloc(60000);

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)acme_peer_post(&w->peer, w->finalize, bad[i]);
    acme_peer_assert_problem(&w->peer, 400, "malformed");
    assert_string_equal(ca_world_status(w), "ready");
  }
  refuse(w, "");
  refuse(w, "AAAA");
  assert_non_null(large);
  memset(large, 'A', 60000);
  memcpy(large, "{\"csr\":\"", 8);
  memcpy(large + 30000, "\"}", 3);
  (void)acme_peer_post(&w->peer, w->finalize, large);
  assert_true(w->peer.status == 400);
  free(large);
  assert_string_equal(ca_world_status(w), "ready");
}

/* Every kind of key that can be made is certified, RSA with keyEncipherment if it asks. */
static void test_key_kinds(void **state)
{
  static const stardeleg_key_spec specs[] = {STARDELEG_KEY_P384, STARDELEG_KEY_P521, STARDELEG_KEY_RSA2048,
                                             STARDELEG_KEY_ED25519};
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
    ca_leaf leaf;

    if ((test_crypto()->ops->key_specs & (1u << specs[i])) == 0 || specs[i] == STARDELEG_KEY_ED25519) {
      continue;
    }
    stardeleg_key_free(w->key);
    w->key = NULL;
    assert_ok(stardeleg_key_generate(&w->key, test_crypto(), specs[i]));
    assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'a.example.org'}],"
                                                         "'allow-certificate-get':true}")),
                     201);
    ca_world_validate(w);
    grant(w, ca_world_csr(w, NULL, "a.example.org", NULL), &leaf);
    ca_leaf_clear(&leaf);
  }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_names), T(test_common_name_alone), T(test_name_kinds), T(test_extensions),
      T(test_keys),  T(test_spoiled),           T(test_encodings),  T(test_key_kinds),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

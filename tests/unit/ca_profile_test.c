/* SPDX-License-Identifier: Apache-2.0 */
/* ca_profile_test.c -- profiles (draft-ietf-acme-profiles) and alternate chains. */
#include "support/test.h"

#include "base/bytes.h"
#include "base/time.h"
#include "ca/ca_issuer.h"
#include "crypto/chain.h"
#include "der/pem.h"
#include "support/ca_world.h"

#define ONE_NAME "'identifiers':[{'type':'dns','value':'www.example.org'}]"

static stardeleg_ca_profile profiles[4];

static int set_up(void **state)
{
  static ca_world w;

  ca_world_init(&w);
  for (size_t i = 0; i < 4; i++) {
    stardeleg_ca_profile_default(&profiles[i]);
  }
  profiles[0].name = "classic";
  profiles[0].description = "as the request asks";
  profiles[1].name = "tlsserver";
  profiles[1].description = "https://ca.example/profiles#tlsserver";
  profiles[1].client_auth = STARDELEG_CA_NEVER;
  profiles[1].common_name = STARDELEG_CA_NEVER;
  profiles[1].no_subject_key_id = 1;
  profiles[1].plain_lifetime_s = 86400;
  profiles[1].lifetime_max_s = 2 * 86400;
  profiles[2].name = "mutual";
  profiles[2].client_auth = STARDELEG_CA_ALWAYS;
  profiles[2].common_name = STARDELEG_CA_ALWAYS;
  profiles[2].no_star = 1;
  profiles[3].name = "star";
  profiles[3].no_plain = 1;
  w.options.profiles = profiles;
  w.options.profile_count = 4;
  ca_world_open(&w);
  *state = &w;
  return 0;
}

static void issue(ca_world *w, const char *members, const char *cn)
{
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'allow-certificate-get':true%s}", members)), 201);
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, cn, "www.example.org", NULL)), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
}

static void assert_profile(ca_world *w, const char *name)
{
  assert_string_equal(acme_peer_string(&w->peer, "profile"), name);
  (void)ca_world_status(w);
  assert_string_equal(acme_peer_string(&w->peer, "profile"), name);
}

/* --- What is offered and chosen --- */

/* PROF-3-01 */
static void test_offered(void **state)
{
  ca_world *w = *state;
  const sdg_json *offered;

  assert_int_equal(acme_peer_get(&w->peer, CA_BASE "/directory"), 200);
  offered = sdg_json_member(sdg_json_member(w->peer.json, "meta"), "profiles");
  assert_int_equal(sdg_json_count(offered), 4);
  assert_string_equal(sdg_json_string(sdg_json_member(offered, "classic")), "as the request asks");
  assert_string_equal(sdg_json_string(sdg_json_member(offered, "tlsserver")), "https://ca.example/profiles#tlsserver");
  assert_int_equal(sdg_json_type_of(sdg_json_member(offered, "mutual")), SDG_JSON_STRING);
  w->options.profile_count = 0;
  ca_world_restart(w);
  assert_int_equal(acme_peer_get(&w->peer, CA_BASE "/directory"), 200);
  assert_null(sdg_json_member(sdg_json_member(w->peer.json, "meta"), "profiles"));
  (void)ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'profile':'classic'}"));
  acme_peer_assert_problem(&w->peer, 400, "invalidProfile");
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  assert_null(sdg_json_member(w->peer.json, "profile"));
}

/* PROF-4-04, PROF-4-05 */
static void test_chosen(void **state)
{
  ca_world *w = *state;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'profile':'mutual'}")), 201);
  assert_profile(w, "mutual");
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  assert_profile(w, "classic");
  profiles[0].no_star = 1;
  profiles[1].no_star = 1;
  ca_world_restart(w);
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'auto-renewal':{'end-date':"
                                                       "'2026-02-01T00:00:00Z','lifetime':86400}}")),
                   201);
  assert_profile(w, "star"); /* the first that fits */
}

/* PROF-4-02, PROF-4-03 */
static void test_refused(void **state)
{
  static const char *const bad[] = {
      "'profile':'unknown'",
      "'profile':''",
      "'profile':'Classic'",
      "'profile':'mutual','auto-renewal':{'end-date':'2026-02-01T00:00:00Z','lifetime':86400}",
      "'profile':'star'",
      "'profile':'tlsserver','notAfter':'2026-01-12T00:00:01Z'",
      "'profile':'tlsserver','notBefore':'2026-01-11T00:00:00Z','notAfter':'2026-01-13T00:00:01Z'",
      "'profile':'tlsserver','auto-renewal':{'end-date':'2026-02-01T00:00:00Z','lifetime':172801}",
  };
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)ca_world_new_order(w, ca_world_json("{" ONE_NAME ",%s}", bad[i]));
    acme_peer_assert_problem(&w->peer, 400, "invalidProfile");
  }
  (void)ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'profile':1}"));
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  (void)ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'profile':'classic','auto-renewal':{}}"));
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  assert_int_equal(acme_peer_fetch(&w->peer, ca_world_json("%s/orders", w->peer.kid)), 200);
  assert_int_equal(sdg_json_count(sdg_json_member(w->peer.json, "orders")), 0);
  assert_int_equal(
      ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'profile':'tlsserver','notAfter':'2026-01-12T00:00:00Z'}")),
      201);
}

/* PROF-4-06: withdrawn before finalize */
static void test_withdrawn(void **state)
{
  ca_world *w = *state;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'profile':'mutual'}")), 201);
  ca_world_validate(w);
  profiles[2].name = "mutual2";
  ca_world_restart(w);
  (void)ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL));
  acme_peer_assert_problem(&w->peer, 400, "invalidProfile");
  assert_string_equal(ca_world_status(w), "ready");
  profiles[2].name = "mutual";
  ca_world_restart(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
}

/* --- What is in the certificates --- */

static bool has_eku(const sdg_cert *cert, uint8_t last)
{
  for (size_t i = 0; i < cert->eku_count; i++) {
    if (cert->eku[i].base[cert->eku[i].len - 1] == last) {
      return true;
    }
  }
  return false;
}

static void test_contents(void **state)
{
  static const struct {
    const char *profile;
    const char *cn; /* asked for */
    size_t subject_min;
    bool client;
    bool key_id;
    int64_t lifetime_s;
  } cases[] = {{"classic", NULL, 0, false, true, 7 * 86400},
               {"classic", "www.example.org", 10, false, true, 7 * 86400},
               {"tlsserver", "www.example.org", 0, false, false, 86400},
               {"mutual", NULL, 10, true, true, 7 * 86400}};
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    ca_leaf leaf;

    issue(w, ca_world_json(",'profile':'%s'", cases[i].profile), cases[i].cn);
    ca_world_get_leaf(w, &leaf);
    assert_int_equal(leaf.cert.subject.len > 2, cases[i].subject_min > 0);
    assert_true(has_eku(&leaf.cert, 1));
    assert_int_equal(has_eku(&leaf.cert, 2), cases[i].client);
    assert_int_equal(leaf.cert.subject_key_id.len > 0, cases[i].key_id);
    assert_true(leaf.cert.authority_key_id.len > 0);
    assert_int_equal(leaf.cert.not_after - leaf.cert.not_before, cases[i].lifetime_s * 1000);
    assert_true(sdg_cert_has_dns(&leaf.cert, sdg_bytes_str("www.example.org")));
    ca_leaf_clear(&leaf);
  }
}

/* A STAR order's certificates stay what they were, whatever becomes of the configuration (STAR-2.2-01). */
static void test_star_keeps_its_rules(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;

  issue(w,
        ",'profile':'tlsserver','auto-renewal':{'end-date':'2026-01-20T00:00:00Z','lifetime':86400,"
        "'allow-certificate-get':true}",
        "www.example.org");
  w->options.profile_count = 0;
  ca_world_restart(w);
  for (unsigned day = 0; day < 3; day++) {
    w->now += CA_DAY;
    (void)ca_world_run(w);
    ca_world_get_leaf(w, &leaf);
    assert_int_equal(leaf.cert.subject_key_id.len, 0);
    assert_int_equal(leaf.cert.subject.len, 2);
    ca_leaf_clear(&leaf);
  }
}

/* --- Configuration --- */

static void refuse(ca_world *w)
{
  stardeleg_problem problem;
  stardeleg_ca *ca = NULL;

  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ca_new(&ca, &w->options, &problem));
  assert_null(ca);
  assert_true(problem.detail[0] != '\0');
}

#define REFUSE(member, value)                                                                                          \
  do {                                                                                                                 \
    stardeleg_ca_profile good_ = profiles[1];                                                                          \
    profiles[1].member = value;                                                                                        \
    refuse(w);                                                                                                         \
    profiles[1] = good_;                                                                                               \
  } while (0)

static void test_bad_profiles(void **state)
{
  ca_world *w = *state;
  char longest[80];

  memset(longest, 'a', sizeof(longest));
  longest[65] = '\0';
  REFUSE(size, 1);
  REFUSE(name, NULL);
  REFUSE(name, "");
  REFUSE(name, "a b");
  REFUSE(name, "a\n");
  REFUSE(name, longest);
  REFUSE(name, "classic");
  REFUSE(description, "\xff");
  REFUSE(server_auth, STARDELEG_CA_AS_ASKED);
  REFUSE(server_auth, STARDELEG_CA_NEVER);
  REFUSE(client_auth, (stardeleg_ca_choice)3);
  REFUSE(plain_lifetime_s, -1);
  REFUSE(plain_lifetime_s, 2 * 86400 + 1);
  REFUSE(lifetime_max_s, -1);
  REFUSE(lifetime_max_s, INT64_MAX);
  profiles[1].no_plain = 1;
  REFUSE(no_star, 1);
  w->options.profile_count = 17;
  refuse(w);
}

/* --- Alternate chains --- */

typedef struct cross {
  stardeleg_key *key; /* of the other root */
  char *root_pem;
  sdg_buf pem; /* the issuer's name and key, signed by the other root */
} cross;

static void cross_make(ca_world *w, cross *x, const char *subject_of, stardeleg_key *key)
{
  sdg_ca_extensions extensions;
  sdg_cert_plan plan = {0};
  sdg_chain own;
  sdg_chain other;
  sdg_cert *subject = calloc(1, sizeof(*subject));
  sdg_cert *issuer = calloc(1, sizeof(*issuer));
  uint8_t serial[16] = {0x55};
  sdg_buf der;

  assert_true(subject != NULL && issuer != NULL);
  assert_ok(stardeleg_key_generate(&x->key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_ca_make_root(&x->root_pem, x->key, "Other Root", w->now - CA_DAY, w->now + 3650 * CA_DAY));
  assert_ok(sdg_chain_parse(&own, sdg_bytes_str(subject_of)));
  assert_ok(sdg_chain_parse(&other, sdg_bytes_str(x->root_pem)));
  assert_ok(sdg_cert_parse(subject, own.certs[0]));
  assert_ok(sdg_cert_parse(issuer, other.certs[0]));
  plan.serial = sdg_bytes(serial, sizeof(serial));
  plan.issuer = issuer->subject;
  plan.subject = subject->subject;
  plan.spki = stardeleg_key_spki(key);
  plan.not_before = w->now - CA_DAY;
  plan.not_after = w->now + 1000 * CA_DAY;
  sdg_ca_extensions_init(&extensions);
  assert_ok(sdg_ca_extensions_common(&extensions, test_crypto(), true, plan.spki, issuer->subject_key_id));
  assert_ok(sdg_ca_extensions_close(&extensions));
  plan.extensions = extensions.items;
  plan.extension_count = extensions.count;
  sdg_buf_init(&der, 1 << 16);
  sdg_buf_init(&x->pem, 1 << 16);
  assert_ok(sdg_cert_build(&der, &plan, x->key));
  sdg_pem_write(&x->pem, "CERTIFICATE", sdg_buf_bytes(&der));
  sdg_buf_add_str(&x->pem, x->root_pem);
  assert_ok(sdg_buf_error(&x->pem));
  sdg_buf_clear(&der);
  sdg_ca_extensions_clear(&extensions);
  sdg_chain_clear(&own);
  sdg_chain_clear(&other);
  free(subject);
  free(issuer);
}

static void cross_clear(cross *x)
{
  stardeleg_key_free(x->key);
  free(x->root_pem);
  sdg_buf_clear(&x->pem);
}

static size_t count_alternates(const ca_world *w, const char *not_this)
{
  const stardeleg_http_response *reply = stardeleg_http_reply_view(w->peer.reply);
  size_t n = 0;

  for (size_t i = 0; i < reply->header_count; i++) {
    char text[1024];

    if (!sdg_bytes_is(reply->headers[i].name, "Link")) {
      continue;
    }
    (void)snprintf(text, sizeof(text), "%.*s", (int)reply->headers[i].value.len,
                   (const char *)reply->headers[i].value.base);
    if (strstr(text, "rel=\"alternate\"") != NULL) {
      assert_null(strstr(text, ca_world_json("<%s>", not_this)));
      n++;
    }
  }
  return n;
}

static void assert_leads_to(const ca_world *w, const char *root_pem, bool expected)
{
  sdg_chain chain;
  sdg_chain root;
  char why[256];

  assert_ok(sdg_chain_parse(&chain, sdg_bytes_str(w->peer.body)));
  assert_ok(sdg_chain_parse(&root, sdg_bytes_str(root_pem)));
  assert_int_equal(sdg_chain_verify(chain.certs, chain.count, root.certs, 1, w->now, why, sizeof(why)) == STARDELEG_OK,
                   expected);
  sdg_chain_clear(&chain);
  sdg_chain_clear(&root);
}

/* ACME-7.4.2-02, ACME-7.4.2-03, ACME-9.1-02 */
static void test_alternates(void **state)
{
  ca_world *w = *state;
  cross x;
  stardeleg_bytes chains[1];
  ca_leaf first;
  ca_leaf second;
  char alternate[600];

  cross_make(w, &x, w->root_pem, w->root_key);
  chains[0] = sdg_buf_bytes(&x.pem);
  w->options.alternate_chains_pem = chains;
  w->options.alternate_chain_count = 1;
  ca_world_restart(w);
  for (unsigned star = 0; star < 2; star++) {
    if (star == 0) {
      ca_world_plain(w);
    } else {
      ca_world_star(w, 10, 86400, 0);
    }
    ca_world_get_leaf(w, &first);
    assert_int_equal(count_alternates(w, w->star), 1);
    (void)snprintf(alternate, sizeof(alternate), "%s", acme_peer_link(&w->peer, "alternate"));
    assert_string_equal(alternate, ca_world_json("%s/1", w->star));
    assert_int_equal(acme_peer_fetch(&w->peer, w->star), 200);
    assert_int_equal(count_alternates(w, w->star), 1);
    assert_int_equal(acme_peer_fetch(&w->peer, alternate), 200);
    assert_int_equal(acme_peer_get(&w->peer, alternate), 200);
    assert_int_equal(count_alternates(w, alternate), 1);
    assert_string_equal(acme_peer_link(&w->peer, "alternate"), w->star);
    assert_non_null(acme_peer_header(&w->peer, "Cert-Not-After"));
    assert_leads_to(w, x.root_pem, true);
    ca_world_leaf(w, &w->peer, &second); /* by its key it leads to the first root, too */
    assert_true(sdg_bytes_equal(first.cert.der, second.cert.der));
    assert_int_equal(second.chain.count, 3);
    ca_leaf_clear(&second);
    assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
    assert_leads_to(w, x.root_pem, false);
    assert_int_equal(acme_peer_get(&w->peer, ca_world_json("%s/2", w->star)), 404);
    assert_int_equal(acme_peer_get(&w->peer, ca_world_json("%s/0", w->star)), 404);
    assert_int_equal(acme_peer_get(&w->peer, ca_world_json("%s/01", w->star)), 404);
    assert_int_equal(acme_peer_get(&w->peer, ca_world_json("%s/x", w->star)), 404);
    assert_int_equal(acme_peer_get(&w->peer, ca_world_json("%s/-1", w->star)), 404);
    ca_leaf_clear(&first);
  }
  /* the alternate ends with the order as well (STAR-3.1.2-04) */
  assert_int_equal(acme_peer_post(&w->peer, w->order, "{\"status\":\"canceled\"}"), 200);
  (void)acme_peer_get(&w->peer, alternate);
  acme_peer_assert_problem(&w->peer, 403, "autoRenewalCanceled");
  cross_clear(&x);
}

static void test_bad_alternates(void **state)
{
  ca_world *w = *state;
  cross x;
  cross other;
  stardeleg_bytes chains[9];

  cross_make(w, &x, w->root_pem, w->root_key);
  w->options.alternate_chains_pem = chains;
  w->options.alternate_chain_count = 1;
  chains[0] = sdg_bytes_str("x");
  refuse(w);
  chains[0] = sdg_bytes_str(x.root_pem); /* another name and key */
  refuse(w);
  cross_make(w, &other, x.root_pem, w->root_key); /* another name */
  chains[0] = sdg_buf_bytes(&other.pem);
  refuse(w);
  cross_clear(&other);
  cross_make(w, &other, w->root_pem, w->key); /* another key */
  chains[0] = sdg_buf_bytes(&other.pem);
  refuse(w);
  cross_clear(&other);
  for (size_t i = 0; i < 9; i++) {
    chains[i] = sdg_buf_bytes(&x.pem);
  }
  w->options.alternate_chain_count = 9;
  refuse(w);
  cross_clear(&x);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_offered),      T(test_chosen),     T(test_refused),
      T(test_withdrawn),    T(test_contents),   T(test_star_keeps_its_rules),
      T(test_bad_profiles), T(test_alternates), T(test_bad_alternates),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

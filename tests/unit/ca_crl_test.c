/* SPDX-License-Identifier: Apache-2.0 */
/* ca_crl_test.c -- the list of revoked certificates: what is in it, when it is made anew, and what openssl reads. */
#include "support/test.h"

#include <unistd.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"
#include "der/der.h"
#include "der/pem.h"
#include "support/ca_world.h"
#include "support/counting_store.h"

#define CRL CA_BASE "/crl"

static int revoke(ca_world *w, const ca_leaf *leaf, const char *more)
{
  char payload[8192];
  sdg_buf text;

  sdg_buf_init(&text, sizeof(payload));
  sdg_base64url_write(&text, leaf->cert.der);
  (void)snprintf(payload, sizeof(payload), "{\"certificate\":\"%s\"%s}", sdg_buf_str(&text), more);
  sdg_buf_clear(&text);
  return acme_peer_post(&w->peer, CA_BASE "/revoke-cert", payload);
}

static bool has_text(const ca_leaf *leaf, const char *text)
{
  size_t len = strlen(text);

  for (size_t i = 0; i + len <= leaf->cert.der.len; i++) {
    if (memcmp(leaf->cert.der.base + i, text, len) == 0) {
      return true;
    }
  }
  return false;
}

/* --- Reading --- */

typedef struct crl {
  stardeleg_time this_update;
  stardeleg_time next_update;
  size_t entries;
  char serials[16][48];
  int reasons[16]; /* -1: not said */
  uint64_t number;
} crl;

static void hex(char *out, stardeleg_bytes b)
{
  for (size_t i = 0; i < b.len; i++) {
    (void)snprintf(out + 2 * i, 3, "%02x", b.base[i]);
  }
}

static void read_entries(crl *out, sdg_der *list)
{
  while (!sdg_der_is_empty(list)) {
    sdg_der entry;
    stardeleg_bytes serial;
    stardeleg_bytes rest;
    stardeleg_time at;

    assert_true(out->entries < 16);
    assert_ok(sdg_der_enter(list, SDG_DER_SEQUENCE, &entry));
    assert_ok(sdg_der_get_magnitude(&entry, &serial));
    assert_ok(sdg_der_get_time(&entry, &at));
    hex(out->serials[out->entries], serial);
    rest = sdg_der_rest(&entry);
    out->reasons[out->entries] = rest.len > 0 ? rest.base[rest.len - 1] : -1;
    out->entries++;
  }
}

/* The list just answered: strict DER, signed by the root. */
static void parse_crl(const ca_world *w, crl *out)
{
  const stardeleg_http_response *reply = stardeleg_http_reply_view(w->peer.reply);
  sdg_der outer = sdg_der_open(reply->body);
  sdg_der list;
  sdg_der tbs;
  sdg_der inside;
  stardeleg_bytes whole;
  uint64_t version;

  memset(out, 0, sizeof(*out));
  assert_ok(sdg_der_enter(&outer, SDG_DER_SEQUENCE, &list));
  assert_ok(sdg_der_end(&outer));
  assert_ok(sdg_der_enter(&list, SDG_DER_SEQUENCE, &tbs));
  assert_ok(sdg_der_get_uint(&tbs, &version, 9));
  assert_int_equal(version, 1);
  assert_ok(sdg_der_get(&tbs, SDG_DER_SEQUENCE, &whole, NULL)); /* algorithm */
  assert_ok(sdg_der_get(&tbs, SDG_DER_SEQUENCE, &whole, NULL)); /* issuer */
  assert_ok(sdg_der_get_time(&tbs, &out->this_update));
  assert_ok(sdg_der_get_time(&tbs, &out->next_update));
  if (sdg_der_peek(&tbs) == SDG_DER_SEQUENCE) {
    assert_ok(sdg_der_enter(&tbs, SDG_DER_SEQUENCE, &inside));
    assert_false(sdg_der_is_empty(&inside)); /* RFC 5280 5.1.2.6 */
    read_entries(out, &inside);
  }
  assert_ok(sdg_der_enter(&tbs, SDG_DER_CONTEXT_CONSTRUCTED(0), &inside));
  assert_ok(sdg_der_end(&tbs));
  assert_ok(sdg_der_enter(&inside, SDG_DER_SEQUENCE, &tbs));
  assert_ok(sdg_der_get(&tbs, SDG_DER_SEQUENCE, &whole, NULL)); /* authorityKeyIdentifier */
  assert_ok(sdg_der_get(&tbs, SDG_DER_SEQUENCE, &whole, NULL)); /* cRLNumber: the last octets are the number */
  out->number = whole.base[whole.len - 1];
  assert_ok(sdg_der_end(&tbs));
}

static void get_crl(ca_world *w, crl *out)
{
  (void)ca_world_run(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_string_equal(acme_peer_header(&w->peer, "Content-Type"), "application/pkix-crl");
  parse_crl(w, out);
  assert_true(out->this_update <= w->now && out->next_update > w->now);
}

static bool lists(const crl *list, const char *serial, int reason)
{
  for (size_t i = 0; i < list->entries; i++) {
    if (strcmp(list->serials[i], serial) == 0) {
      assert_int_equal(list->reasons[i], reason);
      return true;
    }
  }
  return false;
}

/* --- Its life --- */

/* No list before a certificate needs one; STAR certificates need none (RFC 8739 3.1.2). */
static void test_none_before_it_is_needed(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;

  ca_world_star(w, 10, 86400, 0);
  (void)ca_world_run(w);
  (void)acme_peer_get(&w->peer, CRL);
  acme_peer_assert_problem(&w->peer, 404, "malformed");
  ca_world_get_leaf(w, &leaf);
  assert_false(has_text(&leaf, "/crl"));
  ca_leaf_clear(&leaf);
  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  assert_true(has_text(&leaf, CRL));
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  (void)acme_peer_post(&w->peer, CRL, "{}");
  assert_int_equal(w->peer.status, 405);
  ca_leaf_clear(&leaf);
}

/* ACME-7.6-05: revoked is what the list says */
static void test_revoked_is_listed(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf[3];
  crl list;

  for (size_t i = 0; i < 3; i++) {
    ca_world_plain(w);
    ca_world_get_leaf(w, &leaf[i]);
  }
  get_crl(w, &list);
  assert_int_equal(list.entries, 0);
  assert_int_equal(list.number, 1);
  assert_int_equal(revoke(w, &leaf[0], ",\"reason\":4"), 200);
  get_crl(w, &list);
  assert_int_equal(list.entries, 1);
  assert_int_equal(list.number, 2);
  assert_true(lists(&list, leaf[0].serial, 4));
  assert_int_equal(revoke(w, &leaf[1], ""), 200);
  (void)revoke(w, &leaf[1], "");
  acme_peer_assert_problem(&w->peer, 400, "alreadyRevoked");
  (void)revoke(w, &leaf[2], ",\"reason\":6"); /* ACME-7.6-02: nothing is written */
  acme_peer_assert_problem(&w->peer, 400, "badRevocationReason");
  ca_world_restart(w);
  get_crl(w, &list);
  assert_int_equal(list.entries, 2);
  assert_true(lists(&list, leaf[0].serial, 4));
  assert_true(lists(&list, leaf[1].serial, -1));
  assert_false(lists(&list, leaf[2].serial, 0));
  for (size_t i = 0; i < 3; i++) {
    ca_leaf_clear(&leaf[i]);
  }
}

/* Made anew in time, on its own; entries go when one list has shown them beyond their certificate's end
 * (RFC 5280 3.3). */
static void test_refreshed(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;
  crl list;
  crl before;
  stardeleg_time not_after;
  bool seen_after = false;

  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  not_after = leaf.cert.not_after;
  assert_int_equal(revoke(w, &leaf, ",\"reason\":1"), 200);
  get_crl(w, &before);
  for (unsigned hour = 0; hour < 24 * 9; hour++) {
    w->now += CA_HOUR;
    get_crl(w, &list);
    assert_true(list.number == before.number || list.number == before.number + 1);
    assert_true(w->now < list.this_update + CA_DAY / 2 + CA_HOUR);
    assert_int_equal(list.next_update, list.this_update + CA_DAY);
    if (list.this_update <= not_after) {
      assert_int_equal(list.entries, 1);
    }
    seen_after = seen_after || (list.this_update > not_after && list.entries == 1);
    before = list;
  }
  assert_true(seen_after);
  assert_int_equal(list.entries, 0);
  ca_leaf_clear(&leaf);
}

static int64_t max_age(const ca_world *w)
{
  const char *at = strstr(acme_peer_header(&w->peer, "Cache-Control"), "max-age=");
  uint64_t seconds = 0;

  assert_non_null(at);
  at += strlen("max-age=");
  assert_true(sdg_bytes_to_uint(&seconds, sdg_bytes(at, strcspn(at, ",")), INT32_MAX));
  return (int64_t)seconds;
}

/* No cache keeps a list for long; one the engine has not made anew is not fresh at all. */
static void test_caching(void **state)
{
  ca_world *w = *state;
  crl list;

  ca_world_plain(w);
  get_crl(w, &list);
  assert_int_equal(max_age(w), 300);
  w->now += CA_DAY / 2 - 100 * 1000;
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(max_age(w), 100);
  w->now += CA_DAY;
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(max_age(w), 0);
}

static void revoke_now(void *ctx)
{
  ca_world *w = ctx;
  ca_leaf leaf;

  ca_world_get_leaf(w, &leaf);
  assert_int_equal(revoke(w, &leaf, ""), 200);
  ca_leaf_clear(&leaf);
}

/* A revocation while the engine signs: its list is dropped, the next one has it. */
static void test_revoked_in_between(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  crl list;

  ca_world_plain(w);
  get_crl(w, &list);
  ca_world_count(w, &c);
  w->now += CA_DAY / 2;
  c.before_crl = revoke_now;
  c.ctx = w;
  (void)ca_world_run(w);
  assert_null(c.before_crl);
  get_crl(w, &list);
  assert_int_equal(list.entries, 1);
}

/* The store fails at each place of a revocation: both the mark and the entry, or neither. */
static void test_store_failures(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  ca_leaf leaf;
  crl list;

  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  ca_world_count(w, &c);
  c.fail_at = c.batches + 1;
  assert_int_equal(revoke(w, &leaf, ""), 503);
  get_crl(w, &list);
  assert_int_equal(list.entries, 0);
  assert_int_equal(revoke(w, &leaf, ""), 200);
  c.fail_at = c.batches + 1; /* the engine's write of the list */
  (void)ca_world_run(w);
  w->now += w->options.lease_ms;
  get_crl(w, &list);
  assert_int_equal(list.entries, 1);
  ca_leaf_clear(&leaf);
}

static void test_off(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;
  crl list;

  w->options.crl_lifetime_s = 0;
  ca_world_restart(w);
  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  assert_false(has_text(&leaf, "/crl"));
  assert_int_equal(revoke(w, &leaf, ""), 200);
  (void)ca_world_run(w);
  (void)acme_peer_get(&w->peer, CRL);
  acme_peer_assert_problem(&w->peer, 404, "malformed");
  /* switched on later: what was revoked is there */
  w->options.crl_lifetime_s = 3600;
  w->options.crl_url = "http://crl.example/ca.crl";
  ca_world_restart(w);
  ca_world_plain(w);
  get_crl(w, &list);
  assert_true(lists(&list, leaf.serial, -1));
  assert_int_equal(list.next_update, list.this_update + CA_HOUR);
  ca_leaf_clear(&leaf);
  ca_world_get_leaf(w, &leaf);
  assert_true(has_text(&leaf, "http://crl.example/ca.crl"));
  ca_leaf_clear(&leaf);
}

/* Another issuer on the same store: its own list at once, without the first one's certificates. */
static void test_other_issuer(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;
  crl list;

  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  assert_int_equal(revoke(w, &leaf, ""), 200);
  get_crl(w, &list);
  stardeleg_ca_free(w->ca);
  w->ca = NULL;
  stardeleg_key_free(w->root_key);
  w->root_key = NULL;
  free(w->root_pem);
  w->root_pem = NULL;
  assert_ok(stardeleg_key_generate(&w->root_key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_ca_make_root(&w->root_pem, w->root_key, "Next Root", w->now - CA_DAY, w->now + 3650 * CA_DAY));
  w->options.issuer_chain_pem = sdg_bytes_str(w->root_pem);
  w->options.issuer_key = w->root_key;
  ca_world_restart(w);
  ca_world_plain(w);
  get_crl(w, &list);
  assert_int_equal(list.entries, 0);
  assert_int_equal(list.number, 3);
  ca_leaf_clear(&leaf);
}

/* By the operator: the same, without a request. */
static void test_operator(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;
  ca_leaf star;
  crl list;
  unsigned work;

  ca_world_star(w, 10, 86400, 0);
  ca_world_get_leaf(w, &star);
  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_revoke(NULL, leaf.serial, 0, w->now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_revoke(w->ca, NULL, 0, w->now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_revoke(w->ca, "", 0, w->now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_revoke(w->ca, leaf.serial, 6, w->now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_revoke(w->ca, leaf.serial, -1, w->now));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ca_revoke(w->ca, "00", 0, w->now));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ca_revoke(w->ca, star.serial, 0, w->now)); /* STAR-3.1.2-10 */
  get_crl(w, &list);
  assert_int_equal(list.entries, 0);
  work = w->work;
  assert_ok(stardeleg_ca_revoke(w->ca, leaf.serial, 9, w->now));
  assert_int_equal(w->work, work + 1);
  assert_err(STARDELEG_ERR_STATE, stardeleg_ca_revoke(w->ca, leaf.serial, 9, w->now));
  (void)revoke(w, &leaf, "");
  acme_peer_assert_problem(&w->peer, 400, "alreadyRevoked");
  get_crl(w, &list);
  assert_true(lists(&list, leaf.serial, 9));
  ca_leaf_clear(&leaf);
  ca_leaf_clear(&star);
}

/* --- A second opinion --- */

static void write_file(const char *path, stardeleg_bytes bytes)
{
  FILE *file = fopen(path, "wb");

  assert_non_null(file);
  assert_int_equal(fwrite(bytes.base, 1, bytes.len, file), bytes.len);
  assert_int_equal(fclose(file), 0);
}

static int verify(const ca_world *w, const char *folder)
{
  char command[1200];

  (void)snprintf(command, sizeof(command),
                 "openssl verify -x509_strict -crl_check -purpose sslserver -attime %lld -CRLfile %s/crl.pem "
                 "-CAfile %s/root.pem %s/leaf.pem > /dev/null 2>&1",
                 (long long)(w->now / 1000 + 1), folder, folder, folder);
  return system(command);
}

static void test_openssl_verify(void **state)
{
  ca_world *w = *state;
  const char *folder = test_directory();
  char path[300];
  char command[1200];

  if (system("openssl version > /dev/null 2>&1") != 0) {
    skip();
  }
  (void)snprintf(path, sizeof(path), "%s/root.pem", folder);
  write_file(path, sdg_bytes_str(w->root_pem));
  for (unsigned i = 0; i < 2; i++) {
    ca_leaf leaf;
    crl list;

    ca_world_plain(w);
    assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
    (void)snprintf(path, sizeof(path), "%s/leaf.pem", folder);
    write_file(path, sdg_bytes_str(w->peer.body));
    ca_world_leaf(w, &w->peer, &leaf);
    for (unsigned revoked = 0; revoked < 2; revoked++) {
      if (revoked == 1) {
        assert_int_equal(revoke(w, &leaf, i == 0 ? ",\"reason\":1" : ""), 200);
      }
      get_crl(w, &list);
      (void)snprintf(path, sizeof(path), "%s/crl.der", folder);
      write_file(path, stardeleg_http_reply_view(w->peer.reply)->body);
      (void)snprintf(command, sizeof(command),
                     "openssl crl -inform DER -in %s/crl.der -CAfile %s/root.pem -verify -out %s/crl.pem "
                     "> /dev/null 2> %s/out && grep -q 'verify OK' %s/out",
                     folder, folder, folder, folder, folder);
      assert_int_equal(system(command), 0);
      assert_int_equal(verify(w, folder) == 0, revoked == 0);
    }
    ca_leaf_clear(&leaf);
  }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_none_before_it_is_needed),
      T(test_revoked_is_listed),
      T(test_refreshed),
      T(test_caching),
      T(test_revoked_in_between),
      T(test_store_failures),
      T(test_off),
      T(test_other_issuer),
      T(test_operator),
      T(test_openssl_verify),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

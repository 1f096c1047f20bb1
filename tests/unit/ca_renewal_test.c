/* SPDX-License-Identifier: Apache-2.0 */
/* ca_renewal_test.c -- renewal information, its changes by the operator, and replacing certificates (RFC 9773). */
#include "support/test.h"

#include "acme/renewal_info.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"
#include "support/ca_world.h"
#include "support/counting_store.h"

#define ONE_NAME "'identifiers':[{'type':'dns','value':'www.example.org'}]"

/* The certificate's identifier; static room good for the next three calls. */
static const char *id_of(const ca_leaf *leaf)
{
  static char room[4][256];
  static unsigned turn;
  char *out = room[turn++ % 4];
  sdg_buf text;

  sdg_buf_init(&text, sizeof(room[0]) - 1);
  assert_ok(sdg_acme_certificate_id_write(&text, leaf->cert.authority_key_id, leaf->cert.serial_octets));
  (void)snprintf(out, sizeof(room[0]), "%s", sdg_buf_str(&text));
  sdg_buf_clear(&text);
  return out;
}

static int ask(ca_world *w, const char *id)
{
  char url[512];

  (void)snprintf(url, sizeof(url), "%s/renewal-info/%s", CA_BASE, id);
  return acme_peer_get(&w->peer, url);
}

static void read_window(ca_world *w, const ca_leaf *leaf, sdg_acme_renewal_info *out)
{
  if (ask(w, id_of(leaf)) != 200) {
    fail_msg("%d %s", w->peer.status, w->peer.body);
  }
  assert_ok(sdg_acme_renewal_info_parse(out, sdg_bytes_str(w->peer.body), NULL));
}

static void assert_window(ca_world *w, const ca_leaf *leaf, stardeleg_time start, stardeleg_time end, const char *url)
{
  sdg_acme_renewal_info info;

  read_window(w, leaf, &info);
  assert_int_equal(info.start, start);
  assert_int_equal(info.end, end);
  if (url == NULL) {
    assert_null(info.explanation_url);
  } else {
    assert_string_equal(info.explanation_url, url);
  }
  sdg_acme_renewal_info_clear(&info);
}

static void revoke(ca_world *w, const ca_leaf *leaf)
{
  char payload[8192];
  sdg_buf text;

  sdg_buf_init(&text, sizeof(payload));
  sdg_base64url_write(&text, leaf->cert.der);
  (void)snprintf(payload, sizeof(payload), "{\"certificate\":\"%s\"}", sdg_buf_str(&text));
  sdg_buf_clear(&text);
  assert_int_equal(acme_peer_post(&w->peer, CA_BASE "/revoke-cert", payload), 200);
}

/* --- The window --- */

/* ARI-3-01, ARI-4.1-03, ARI-4.2-01 */
static void test_window(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;
  int64_t life;

  assert_int_equal(acme_peer_get(&w->peer, CA_BASE "/directory"), 200);
  assert_string_equal(acme_peer_string(&w->peer, "renewalInfo"), CA_BASE "/renewal-info");
  assert_null(sdg_json_member(sdg_json_member(w->peer.json, "meta"), "renewalInfo"));
  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  life = leaf.cert.not_after - leaf.cert.not_before;
  assert_window(w, &leaf, leaf.cert.not_before + life * 2 / 3, leaf.cert.not_before + life * 3 / 4, NULL);
  assert_string_equal(acme_peer_header(&w->peer, "Retry-After"), "21600");
  (void)acme_peer_fetch(&w->peer, ca_world_json("%s/renewal-info/%s", CA_BASE, id_of(&leaf)));
  assert_int_equal(w->peer.status, 405);
  w->options.renewal_info_s = 60;
  ca_world_restart(w);
  assert_int_equal(ask(w, id_of(&leaf)), 200);
  assert_string_equal(acme_peer_header(&w->peer, "Retry-After"), "60");
  w->options.renewal_info_s = 0;
  ca_world_restart(w);
  assert_int_equal(ask(w, id_of(&leaf)), 404);
  assert_int_equal(acme_peer_get(&w->peer, CA_BASE "/directory"), 200);
  assert_null(sdg_json_member(w->peer.json, "renewalInfo"));
  ca_leaf_clear(&leaf);
}

/* ARI-4.2-02: a certificate of a second, too */
static void test_shortest(void **state)
{
  ca_world *w = *state;
  sdg_acme_renewal_info info;
  ca_leaf leaf;

  w->options.plain_lifetime_s = 1;
  ca_world_restart(w);
  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  read_window(w, &leaf, &info);
  assert_true(info.end > info.start);
  ca_leaf_clear(&leaf);
}

static void test_unknown(void **state)
{
  ca_world *w = *state;
  char text[256];
  char *dot;
  ca_leaf leaf;
  ca_leaf star;

  ca_world_star(w, 10, 86400, 0);
  ca_world_get_leaf(w, &star);
  assert_int_equal(ask(w, id_of(&star)), 404); /* renewed without being asked */
  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  assert_int_equal(ask(w, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"), 404); /* of RFC 9773's appendix A */
  (void)snprintf(text, sizeof(text), "%s", id_of(&leaf));
  dot = strchr(text, '.');
  assert_int_equal(ask(w, dot + 1), 404);
  assert_int_equal(ask(w, dot), 404);
  assert_int_equal(ask(w, ca_world_json("%s==", text)), 404); /* ARI-4.1-02 */
  assert_int_equal(ask(w, ca_world_json("%s.", text)), 404);
  assert_int_equal(ask(w, ca_world_json("%s/1", text)), 404);
  assert_int_equal(ask(w, ca_world_json("x%s", text)), 404);
  *dot = '\0';
  assert_int_equal(ask(w, text), 404);
  assert_int_equal(ask(w, ca_world_json("%s.AIdlQyE", text)), 404);
  assert_int_equal(ask(w, ca_world_json("%s.", text)), 404);
  ca_leaf_clear(&leaf);
  ca_leaf_clear(&star);
}

/* Revoked: at once. */
static void test_revoked(void **state)
{
  ca_world *w = *state;
  sdg_acme_renewal_info info;
  ca_leaf leaf;

  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  revoke(w, &leaf);
  read_window(w, &leaf, &info);
  assert_true(info.end <= w->now && info.start < info.end);
  ca_leaf_clear(&leaf);
}

/* --- The operator --- */

static stardeleg_ca_renewal change_to(stardeleg_time start, stardeleg_time end)
{
  stardeleg_ca_renewal change;

  stardeleg_ca_renewal_default(&change);
  change.start_at = start;
  change.end_at = end;
  return change;
}

static void test_moved(void **state)
{
  ca_world *w = *state;
  stardeleg_time soon = w->now + CA_HOUR;
  stardeleg_ca_renewal change = change_to(soon, soon + CA_HOUR);
  sdg_acme_renewal_info usual;
  ca_leaf leaf[3];

  for (size_t i = 0; i < 2; i++) {
    ca_world_plain(w);
    ca_world_get_leaf(w, &leaf[i]);
  }
  read_window(w, &leaf[0], &usual);
  change.issued_before = w->now + 1;
  change.explanation_url = "https://ca.example/why";
  assert_ok(stardeleg_ca_renewal_move(w->ca, &change));
  ca_world_restart(w);
  w->now += 60 * 1000;
  ca_world_plain(w); /* the replacement keeps its usual time */
  ca_world_get_leaf(w, &leaf[2]);
  assert_window(w, &leaf[0], soon, soon + CA_HOUR, "https://ca.example/why");
  assert_window(w, &leaf[1], soon, soon + CA_HOUR, "https://ca.example/why");
  assert_window(w, &leaf[2], usual.start + 60 * 1000, usual.end + 60 * 1000, NULL);
  /* one goes before all; the last change counts */
  change = change_to(w->now - CA_DAY, w->now);
  change.serial = leaf[1].serial;
  assert_ok(stardeleg_ca_renewal_move(w->ca, &change));
  assert_ok(stardeleg_ca_renewal_move(w->ca, &change));
  assert_window(w, &leaf[0], soon, soon + CA_HOUR, "https://ca.example/why");
  assert_window(w, &leaf[1], w->now - CA_DAY, w->now, NULL);
  /* revoked goes before both */
  revoke(w, &leaf[0]);
  assert_window(w, &leaf[0], w->now - CA_HOUR, w->now, "https://ca.example/why");
  /* taken back */
  change.start_at = STARDELEG_TIME_NONE;
  assert_ok(stardeleg_ca_renewal_move(w->ca, &change));
  assert_ok(stardeleg_ca_renewal_move(w->ca, &change));
  assert_window(w, &leaf[1], soon, soon + CA_HOUR, "https://ca.example/why");
  stardeleg_ca_renewal_default(&change);
  assert_ok(stardeleg_ca_renewal_move(w->ca, &change));
  assert_window(w, &leaf[1], usual.start, usual.end, NULL);
  for (size_t i = 0; i < 3; i++) {
    ca_leaf_clear(&leaf[i]);
  }
}

static void test_bad_changes(void **state)
{
  ca_world *w = *state;
  stardeleg_ca_renewal good = change_to(w->now, w->now + CA_HOUR);
  stardeleg_ca_renewal bad;
  ca_leaf star;

  bad = good;
  bad.end_at = bad.start_at;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_renewal_move(w->ca, &bad));
  bad.end_at = bad.start_at + 999;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_renewal_move(w->ca, &bad));
  bad.end_at = STARDELEG_TIME_NEVER;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_renewal_move(w->ca, &bad));
  bad = good;
  bad.explanation_url = "javascript:alert(1)";
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_renewal_move(w->ca, &bad));
  bad = good;
  bad.serial = "4";
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_renewal_move(w->ca, &bad));
  bad.serial = "4G00000000000000000000000000000x";
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_renewal_move(w->ca, &bad));
  bad.serial = "40000000000000000000000000000000";
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ca_renewal_move(w->ca, &bad));
  ca_world_star(w, 10, 86400, 0);
  ca_world_get_leaf(w, &star);
  bad.serial = star.serial;
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ca_renewal_move(w->ca, &bad));
  bad = good;
  bad.size--;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_renewal_move(w->ca, &bad));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_renewal_move(w->ca, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_renewal_move(NULL, &good));
  ca_leaf_clear(&star);
}

/* --- Replacing --- */

static int order_replacing(ca_world *w, const char *members, const char *id)
{
  return ca_world_new_order(w, ca_world_json("{%s,'replaces':'%s'}", members, id));
}

/* ARI-5-02, ARI-5-03, ARI-5-04 */
static void test_replaces(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;
  const char *id;
  size_t orders;

  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  id = id_of(&leaf);
  assert_int_equal(order_replacing(w, ONE_NAME, id), 201);
  assert_string_equal(acme_peer_string(&w->peer, "replaces"), id);
  assert_string_equal(ca_world_status(w), "pending");
  assert_string_equal(acme_peer_string(&w->peer, "replaces"), id);
  ca_world_restart(w);
  (void)order_replacing(w, ONE_NAME, id);
  acme_peer_assert_problem(&w->peer, 409, "alreadyReplaced");
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201); /* without it: ARI-5-05 */
  assert_null(sdg_json_member(w->peer.json, "replaces"));
  assert_int_equal(acme_peer_fetch(&w->peer, ca_world_json("%s/orders", w->peer.kid)), 200);
  orders = sdg_json_count(sdg_json_member(w->peer.json, "orders"));
  assert_int_equal(orders, 3);
  /* the order that was to replace it comes to nothing: another one may */
  w->now += CA_DAY;
  (void)ca_world_run(w);
  assert_int_equal(order_replacing(w, ONE_NAME, id), 201);
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  assert_string_equal(acme_peer_string(&w->peer, "replaces"), id);
  (void)order_replacing(w, ONE_NAME, id);
  acme_peer_assert_problem(&w->peer, 409, "alreadyReplaced");
  ca_leaf_clear(&leaf);
}

static void test_replaces_refused(void **state)
{
  static const char *const junk[] = {"", "x", ".", "x.y", "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", "../../x"};
  ca_world *w = *state;
  acme_peer other;
  acme_peer first;
  ca_leaf leaf;
  ca_leaf star;

  ca_world_star(w, 10, 86400, 0);
  ca_world_get_leaf(w, &star);
  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
    (void)order_replacing(w, ONE_NAME, junk[i]);
    acme_peer_assert_problem(&w->peer, 400, "malformed");
  }
  (void)ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'replaces':1}"));
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  (void)order_replacing(w, ONE_NAME, id_of(&star));
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  (void)order_replacing(w, "'identifiers':[{'type':'dns','value':'other.example.org'}]", id_of(&leaf));
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  /* another account's looks like none */
  ca_world_peer(w, &other);
  first = w->peer;
  w->peer = other;
  (void)order_replacing(w, ONE_NAME, id_of(&leaf));
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  other = w->peer;
  w->peer = first;
  w->peer.nonce[0] = '\0';
  /* one name in common is enough, in any case */
  assert_int_equal(order_replacing(w,
                                   "'identifiers':[{'type':'dns','value':'a.example.org'},"
                                   "{'type':'dns','value':'WWW.example.org'}]",
                                   id_of(&leaf)),
                   201);
  ca_leaf_clear(&leaf);
  ca_leaf_clear(&star);
  acme_peer_clear(&other);
}

/* Two orders at the same moment: one of them. */
static const char *racing_id;

/* The same account at another place. */
static void race(void *ctx)
{
  ca_world *w = ctx;
  acme_peer second = w->peer;

  second.key = stardeleg_key_ref(w->peer.key);
  second.reply = NULL;
  second.json = NULL;
  second.nonce[0] = '\0';
  assert_int_equal(
      acme_peer_post(&second, CA_BASE "/new-order", ca_world_json("{" ONE_NAME ",'replaces':'%s'}", racing_id)), 201);
  acme_peer_clear(&second);
}

static void test_race(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  ca_leaf leaf;

  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  ca_world_count(w, &c);
  racing_id = id_of(&leaf);
  c.before_cert = race;
  c.ctx = w;
  (void)order_replacing(w, ONE_NAME, racing_id);
  acme_peer_assert_problem(&w->peer, 409, "alreadyReplaced");
  ca_leaf_clear(&leaf);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_window),      T(test_shortest), T(test_unknown),          T(test_revoked), T(test_moved),
      T(test_bad_changes), T(test_replaces), T(test_replaces_refused), T(test_race),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

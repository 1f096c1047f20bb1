/* SPDX-License-Identifier: Apache-2.0 */
/* hostile_server_test.c -- clients that want what is not theirs, or the same thing twice, or at odd hours. */
#include "support/ido_world.h"

#include <pthread.h>

#include "base/bytes.h"
#include "base/time.h"
#include "support/ca_world.h"
#if STARDELEG_HAVE_SQLITE
#include <stardeleg/store_sqlite.h>
#endif

#define THREADS 64u

/* --- Objects and accounts (row 26) --- */

typedef struct attempt {
  const char *what;
  const char *path; /* behind the object's URL */
  const char *payload;
} attempt;

static const attempt attempts[] = {
    {"fetch", "", ""},
    {"empty object", "", "{}"},
    {"cancel", "", "{\"status\":\"canceled\"}"},
    {"deactivate", "", "{\"status\":\"deactivated\"}"},
    {"finalize", "/finalize", "{\"csr\":\"MIIB\"}"},
    {"list", "/orders", ""},
};

/* Every attempt at |url| by |peer| is refused, and in the same words as at an object that does not exist: nobody learns
 * what there is. */
static void assert_closed(acme_peer *peer, const char *url, const char *nowhere)
{
  for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
    char target[512];
    char detail[300];
    int status;

    (void)snprintf(target, sizeof(target), "%s%s", nowhere, attempts[i].path);
    status = acme_peer_post(peer, target, attempts[i].payload);
    (void)snprintf(detail, sizeof(detail), "%s", acme_peer_string(peer, "detail"));
    (void)snprintf(target, sizeof(target), "%s%s", url, attempts[i].path);
    if (acme_peer_post(peer, target, attempts[i].payload) < 400) {
      fail_msg("%s of %s: %d", attempts[i].what, url, peer->status);
    }
    assert_int_equal(peer->status, status);
    assert_string_equal(acme_peer_string(peer, "detail"), detail);
  }
}

static void copy_list(char out[256], acme_peer *peer)
{
  (void)acme_peer_post(peer, peer->kid, "{}");
  (void)snprintf(out, 256, "%s", acme_peer_string(peer, "delegations"));
}

static void field_26_objects_of_another_delegate(void **state)
{
  static ido_world w;
  char order[256];
  char list[256];
  char account[512];

  (void)state;
  ido_world_init(&w);
  ido_world_open(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_ndc(&w, 1, "other");
  ido_world_delegate(&w, "cdn", "one", WORLD_ONE, NULL);
  ido_world_order(&w, 0, "one", "abc.ido.example", order);
  copy_list(list, &w.ndc[0]);
  (void)snprintf(account, sizeof(account), "%s", w.ndc[0].kid);
  assert_closed(&w.ndc[1], order, WORLD_IDO "/order/AAAAAAAAAAAAAAAAAAAAAA");
  assert_closed(&w.ndc[1], list, WORLD_IDO "/delegations/AAAAAAAAAAAAAAAAAAAAAA");
  assert_closed(&w.ndc[1], WORLD_IDO "/delegation/one", WORLD_IDO "/delegation/AAAAAAAAAAAAAAAAAAAAAA");
  assert_closed(&w.ndc[1], account, WORLD_IDO "/acct/AAAAAAAAAAAAAAAAAAAAAA");
  /* ordering on somebody else's delegation */
  assert_true(acme_peer_post(&w.ndc[1], WORLD_IDO "/new-order", ido_world_new_order("one", "abc.ido.example")) >= 400);
  assert_int_equal(ido_world_count(&w, "order"), 1);
  assert_string_equal(ido_world_status(&w, 0, order), "ready");
  assert_string_equal(ido_world_record(&w, "delegation", "one", "state"), "active");
  ido_world_clear(&w);
}

static void field_26_objects_of_another_account(void **state)
{
  static ca_world w;
  acme_peer other;
  char authz[512];
  char challenge[512];
  char nowhere[512];
  char account[512];

  (void)state;
  ca_world_start(&w);
  assert_int_equal(ca_world_new_order(&w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}]}")),
                   201);
  (void)snprintf(authz, sizeof(authz), "%s", ca_world_authz(&w, 0));
  (void)snprintf(challenge, sizeof(challenge), "%s", ca_world_challenge(&w, authz));
  (void)snprintf(account, sizeof(account), "%s", w.peer.kid);
  ca_world_peer(&w, &other);
  assert_closed(&other, w.order, CA_BASE "/order/AAAAAAAAAAAAAAAAAAAAAA");
  assert_closed(&other, authz, CA_BASE "/authz/AAAAAAAAAAAAAAAAAAAAAA");
  /* the same form of URL with another authorization in it */
  (void)snprintf(nowhere, sizeof(nowhere), "%s", challenge);
  memset(nowhere + strlen(CA_BASE "/chall/"), 'A', 22);
  assert_closed(&other, challenge, nowhere);
  assert_closed(&other, account, CA_BASE "/acct/AAAAAAAAAAAAAAAAAAAAAA");
  assert_string_equal(ca_world_status(&w), "pending");
  assert_int_equal(w.asked, 0);
  acme_peer_clear(&other);
  ca_world_clear(&w);
}

/* --- Issuance without the right to it (row 22) --- */

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  (*(size_t *)ctx)++;
  return 0;
}

static void field_22_every_way_to_a_certificate(void **state)
{
  static ca_world w;
  acme_peer gone;
  acme_peer other;
  char finalize[512];
  char payload[4096];
  size_t certs = 0;

  (void)state;
  ca_world_start(&w);
  assert_int_equal(ca_world_new_order(&w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}]}")),
                   201);
  (void)snprintf(finalize, sizeof(finalize), "%s", w.finalize);
  (void)snprintf(payload, sizeof(payload), "{\"csr\":\"%s\"}", ca_world_csr(&w, NULL, "www.example.org", NULL));
  /* before validation */
  (void)acme_peer_post(&w.peer, finalize, payload);
  acme_peer_assert_problem(&w.peer, 403, "orderNotReady");
  /* by nobody, by a key without an account, by another account, by a deactivated one */
  ca_world_validate(&w);
  assert_string_equal(ca_world_status(&w), "ready");
  assert_int_equal(acme_peer_send(&w.peer, &(acme_peer_jws){.url = finalize, .payload = payload, .by_jwk = true}), 400);
  assert_int_equal(acme_peer_send(&w.peer, &(acme_peer_jws){.url = finalize,
                                                            .payload = payload,
                                                            .kid = "\"" CA_BASE "/acct/AAAAAAAAAAAAAAAAAAAAAA\""}),
                   400);
  ca_world_peer(&w, &other);
  assert_true(acme_peer_post(&other, finalize, payload) >= 400);
  ca_world_peer(&w, &gone);
  assert_int_equal(acme_peer_post(&gone, gone.kid, "{\"status\":\"deactivated\"}"), 200);
  assert_int_equal(acme_peer_post(&gone, finalize, payload), 401);
  /* somebody else's signature under the owner's name */
  assert_int_equal(acme_peer_send(&w.peer, &(acme_peer_jws){.url = finalize, .payload = payload, .signer = other.key}),
                   400);
  (void)ca_world_run(&w);
  assert_string_equal(ca_world_status(&w), "ready");
  /* the authorization ends before the order is finalized (ACME-7.5.2-03) */
  assert_int_equal(acme_peer_post(&w.peer, ca_world_authz(&w, 0), "{\"status\":\"deactivated\"}"), 200);
  assert_int_equal(acme_peer_post(&w.peer, finalize, payload), 403);
  (void)ca_world_run(&w);
  /* and an order that waits for too long */
  assert_int_equal(ca_world_new_order(&w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}]}")),
                   201);
  ca_world_validate(&w);
  w.now += 30 * CA_DAY;
  assert_true(acme_peer_post(&w.peer, w.finalize, payload) >= 400);
  (void)ca_world_run(&w);
  assert_ok(w.store->ops->scan(w.store->self, "cert", NULL, NULL, 100, count_one, &certs));
  assert_int_equal(certs, 0);
  acme_peer_clear(&gone);
  acme_peer_clear(&other);
  ca_world_clear(&w);
}

/* --- Races on two nodes (row 25) --- */

#if STARDELEG_HAVE_SQLITE
typedef struct nodes {
  ido_world w;
  stardeleg_store *files[2];
  stardeleg_ido *second;
} nodes;

static void open_nodes(nodes *n, const char *name)
{
  stardeleg_problem problem;
  char path[600];

  memset(n, 0, sizeof(*n));
  ido_world_init(&n->w);
  (void)snprintf(path, sizeof(path), "%s/%s.db", test_directory(), name);
  for (size_t i = 0; i < 2; i++) {
    assert_ok(stardeleg_store_sqlite_open(&n->files[i], path, NULL, NULL, 0));
  }
  n->w.options.store = n->files[1];
  assert_ok(stardeleg_ido_new(&n->second, &n->w.options, &problem));
  n->w.options.store = n->files[0];
  ido_world_open(&n->w);
}

static void close_nodes(nodes *n)
{
  stardeleg_ido_free(n->second);
  ido_world_clear(&n->w);
  stardeleg_store_free(n->files[0]);
  stardeleg_store_free(n->files[1]);
}

typedef struct racer {
  stardeleg_ido *ido;
  acme_peer peer;
  sdg_buf body;
  char target[300];
  stardeleg_time now;
  pthread_barrier_t *start;
  int status;
} racer;

static stardeleg_err handle_one(void *server, const stardeleg_http_request *request, stardeleg_time now,
                                stardeleg_http_reply **reply)
{
  return stardeleg_ido_handle(server, request, now, reply);
}

static void *race(void *arg)
{
  racer *r = arg;
  stardeleg_http_header type = {SDG_BYTES_LITERAL("Content-Type"), SDG_BYTES_LITERAL("application/jose+json")};
  stardeleg_http_request request = {
      .method = "POST", .url = r->target, .headers = &type, .header_count = 1, .body = sdg_buf_bytes(&r->body)};
  stardeleg_http_reply *reply = NULL;

  (void)pthread_barrier_wait(r->start);
  if (stardeleg_ido_handle(r->ido, &request, r->now, &reply) == STARDELEG_OK) {
    r->status = stardeleg_http_reply_view(reply)->status;
  }
  stardeleg_http_reply_free(reply);
  return NULL;
}

/* All at once; how many were answered with |status|. */
static unsigned race_all(racer *racers, int status)
{
  pthread_barrier_t start;
  pthread_t threads[THREADS];
  unsigned won = 0;

  assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
  for (size_t i = 0; i < THREADS; i++) {
    racers[i].start = &start;
    assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    won += racers[i].status == status ? 1 : 0;
  }
  (void)pthread_barrier_destroy(&start);
  return won;
}

/* One binding, 64 keys, two processes: one account. */
static void field_25_one_binding(void **state)
{
  static nodes n;
  static racer racers[THREADS];
  char mac_key[64];
  sdg_buf eab;

  (void)state;
  open_nodes(&n, "binding");
  assert_ok(stardeleg_ido_ndc_add(n.w.ido, "cdn", mac_key, n.w.now));
  sdg_buf_init(&eab, 1 << 16);
  for (size_t i = 0; i < THREADS; i++) {
    racer *r = &racers[i];
    char payload[8192];

    memset(r, 0, sizeof(*r));
    r->ido = i % 2 == 0 ? n.w.ido : n.second;
    r->now = n.w.now;
    acme_peer_init(&r->peer, handle_one, r->ido, WORLD_IDO, &n.w.now, STARDELEG_KEY_P256);
    acme_peer_eab(&r->peer, &eab, "cdn", mac_key);
    (void)snprintf(payload, sizeof(payload), "{\"externalAccountBinding\":%s}", sdg_buf_str(&eab));
    sdg_buf_init(&r->body, 1 << 16);
    acme_peer_build(&r->peer, &r->body,
                    &(acme_peer_jws){.url = WORLD_IDO "/new-account", .payload = payload, .by_jwk = true});
    (void)snprintf(r->target, sizeof(r->target), "/acme/new-account");
  }
  assert_int_equal(race_all(racers, 201), 1);
  for (size_t i = 0; i < 2; i++) {
    size_t found = 0;

    assert_ok(n.files[i]->ops->scan(n.files[i]->self, i == 0 ? "account" : "account-key", NULL, NULL, 100, count_one,
                                    &found));
    assert_int_equal(found, 1);
  }
  for (size_t i = 0; i < THREADS; i++) {
    acme_peer_clear(&racers[i].peer);
    sdg_buf_clear(&racers[i].body);
  }
  sdg_buf_clear(&eab);
  close_nodes(&n);
}

/* One order, 64 CSRs with keys of their own, two processes: one is taken. */
static void field_25_one_order(void **state)
{
  static nodes n;
  static racer racers[THREADS];
  char order[256];

  (void)state;
  open_nodes(&n, "order");
  ido_world_ndc(&n.w, 0, "cdn");
  ido_world_delegate(&n.w, "cdn", "one", WORLD_ONE, NULL);
  ido_world_order(&n.w, 0, "one", "abc.ido.example", order);
  for (size_t i = 0; i < THREADS; i++) {
    racer *r = &racers[i];
    char url[300];
    char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

    memset(r, 0, sizeof(*r));
    r->ido = i % 2 == 0 ? n.w.ido : n.second;
    r->now = n.w.now;
    r->peer = n.w.ndc[0];
    r->peer.handle = handle_one;
    r->peer.server = r->ido;
    r->peer.reply = NULL;
    r->peer.json = NULL;
    r->peer.nonce[0] = '\0';
    (void)snprintf(url, sizeof(url), "%s/finalize", order);
    (void)snprintf(r->target, sizeof(r->target), "%s", strchr(url + 8, '/'));
    sdg_buf_init(&r->body, 1 << 16);
    acme_peer_build(&r->peer, &r->body, &(acme_peer_jws){.url = url, .payload = csr});
    free(csr);
    stardeleg_http_reply_free(r->peer.reply);
    sdg_json_free(r->peer.json);
  }
  assert_int_equal(race_all(racers, 200), 1);
  for (size_t i = 0; i < THREADS; i++) {
    assert_true(racers[i].status == 200 || racers[i].status == 403);
    sdg_buf_clear(&racers[i].body);
  }
  assert_string_equal(ido_world_status(&n.w, 0, order), "processing");
  close_nodes(&n);
}
#endif

/* --- Odd hours (row 2) --- */

/* The clock at the edges of what dates can say, orders that end there: an answer each, never a crash. */
static void field_02_time_extremes(void **state)
{
  static const stardeleg_time instants[] = {0,
                                            -1,
                                            INT64_C(2147483647000),
                                            INT64_C(2147483648000),
                                            INT64_C(4294967296000),
                                            INT64_C(253402300799000),
                                            INT64_C(253402300800000)};
  static const char *const ends[] = {"1970-01-01T00:00:00Z",
                                     "2038-01-19T03:14:08Z",
                                     "2106-02-07T06:28:16Z",
                                     "9999-12-31T23:59:59Z",
                                     "9999-12-31T23:59:60Z",
                                     "0000-01-01T00:00:00Z",
                                     "2026-02-30T00:00:00Z",
                                     "2026-13-01T00:00:00Z",
                                     "2026-01-01T00:00:00",
                                     "2026-01-01T00:00:00+99:99",
                                     "10000-01-01T00:00:00Z",
                                     "2026-01-01",
                                     "",
                                     "now"};
  static ca_world w;

  (void)state;
  for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
    ca_world_init(&w);
    w.now = instants[i];
    ca_world_open(&w);
    for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
      int status = ca_world_new_order(&w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}],"
                                                        "'auto-renewal':{'end-date':'%s','lifetime':%s}}",
                                                        ends[k], k % 2 == 0 ? "86400" : "9007199254740991"));

      assert_true(status == 201 || (status >= 400 && status < 500));
      status = ca_world_new_order(&w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}],"
                                                    "'notBefore':'%s','notAfter':'%s'}",
                                                    ends[k], ends[(k + 1) % 4]));
      assert_true(status == 201 || (status >= 400 && status < 500));
      (void)ca_world_run(&w);
    }
    ca_world_clear(&w);
  }
}

/* --- Days of failures (rows 1 and 38) --- */

/* The CA is away for long: the pauses grow to the longest one, are never nothing, and there is one order in the end. */
static void field_01_days_of_failures(void **state)
{
  static ido_world w;
  char order[256];
  size_t before;

  (void)state;
  ido_world_init(&w);
  ido_world_ca_init(&w);
  ido_world_ca_open(&w);
  ido_world_open(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "one", WORLD_ONE, NULL);
  w.ca_is_down = true;
  ido_world_place(&w, 0, "one", order);
  for (int day = 0; day < 6; day++) {
    before = w.exchanges;
    ido_world_run(&w, WORLD_DAY);
    assert_true(w.exchanges - before <= (day == 0 ? 80u : 60u)); /* about once an hour after the first */
    assert_true(w.exchanges - before >= 12);
  }
  w.ca_is_down = false;
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, order), "valid");
  assert_int_equal(ido_world_ca_valid(&w), 1);
  ido_world_clear(&w);
}

#define T(fn) cmocka_unit_test(fn)

int main(void)
{
  const struct CMUnitTest tests[] = {
    T(field_26_objects_of_another_delegate),
    T(field_26_objects_of_another_account),
    T(field_22_every_way_to_a_certificate),
#if STARDELEG_HAVE_SQLITE
    T(field_25_one_binding),
    T(field_25_one_order),
#endif
    T(field_02_time_extremes),
    T(field_01_days_of_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_limits_test.c -- rate limits, changed terms, and closing a deactivated account. */
#include "support/test.h"

#include <pthread.h>

#include "base/bytes.h"
#include "base/time.h"
#include "support/server_world.h"

#define THING SERVER_BASE "/thing/abc"
#define NOW ((stardeleg_time)1700000000000)

/* --- The ready-made limiter --- */

static stardeleg_limiter *buckets(uint32_t burst, int64_t every_ms)
{
  stardeleg_buckets_options options;
  stardeleg_limiter *limiter = NULL;

  stardeleg_buckets_options_default(&options);
  for (size_t i = 0; i < STARDELEG_LIMIT_ACTS; i++) {
    options.per_source[i] = (stardeleg_rate){burst, every_ms};
    options.per_account[i] = (stardeleg_rate){burst, every_ms};
  }
  assert_ok(stardeleg_buckets_new(&limiter, test_crypto(), &options));
  return limiter;
}

static stardeleg_time ask(stardeleg_limiter *limiter, const char *source, const char *account, stardeleg_time now)
{
  stardeleg_limit_query query = {sizeof(query), STARDELEG_LIMIT_ORDER, source, account, now};

  return limiter->ask(limiter->self, &query);
}

/* ACME-6.6-02: the instant is the one at which it is allowed again. */
static void test_burst_and_refill(void **state)
{
  stardeleg_limiter *limiter = buckets(3, 1000);

  (void)state;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(ask(limiter, NULL, "a", NOW), STARDELEG_TIME_NONE);
  }
  assert_int_equal(ask(limiter, NULL, "a", NOW), NOW + 1000);
  assert_int_equal(ask(limiter, NULL, "a", NOW + 999), NOW + 1000); /* asking too early costs nothing */
  assert_int_equal(ask(limiter, NULL, "b", NOW), STARDELEG_TIME_NONE);
  assert_int_equal(ask(limiter, NULL, "a", NOW + 1000), STARDELEG_TIME_NONE);
  assert_int_equal(ask(limiter, NULL, "a", NOW + 1000), NOW + 2000);
  /* full again after a while, and not more than full */
  for (int i = 0; i < 3; i++) {
    assert_int_equal(ask(limiter, NULL, "a", NOW + 86400000), STARDELEG_TIME_NONE);
  }
  assert_true(ask(limiter, NULL, "a", NOW + 86400000) > NOW + 86400000);
  assert_int_equal(ask(limiter, NULL, NULL, NOW), STARDELEG_TIME_NONE); /* nobody known: no limit */
  stardeleg_buckets_free(limiter);
  stardeleg_buckets_free(NULL);
}

/* One limit does not use up another, an account not that of its source. */
static void test_apart(void **state)
{
  stardeleg_limiter *limiter = buckets(1, 60000);
  stardeleg_limit_query query = {sizeof(query), STARDELEG_LIMIT_ORDER, NULL, "same", NOW};

  (void)state;
  assert_int_equal(limiter->ask(limiter->self, &query), STARDELEG_TIME_NONE);
  assert_true(limiter->ask(limiter->self, &query) > NOW);
  query.act = STARDELEG_LIMIT_SIGNED;
  assert_int_equal(limiter->ask(limiter->self, &query), STARDELEG_TIME_NONE);
  query.account = NULL;
  query.source = "same";
  assert_int_equal(limiter->ask(limiter->self, &query), STARDELEG_TIME_NONE);
  assert_true(limiter->ask(limiter->self, &query) > NOW);
  query.act = (stardeleg_limit_act)7;
  assert_int_equal(limiter->ask(limiter->self, &query), STARDELEG_TIME_NONE);
  stardeleg_buckets_free(limiter);
}

/* What is refused by one limit does not count against the other. */
static void test_refused_counts_nothing(void **state)
{
  stardeleg_limiter *limiter = buckets(2, 60000);

  (void)state;
  assert_int_equal(ask(limiter, "192.0.2.1", "x", NOW), STARDELEG_TIME_NONE);
  assert_int_equal(ask(limiter, "192.0.2.1", "y", NOW), STARDELEG_TIME_NONE);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(ask(limiter, "192.0.2.1", "a", NOW), NOW + 60000);
  }
  assert_int_equal(ask(limiter, "192.0.2.2", "a", NOW), STARDELEG_TIME_NONE);
  assert_int_equal(ask(limiter, "192.0.2.2", "a", NOW), STARDELEG_TIME_NONE);
  assert_int_equal(ask(limiter, "192.0.2.3", "a", NOW), NOW + 60000);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(ask(limiter, "192.0.2.4", "a", NOW), NOW + 60000);
  }
  assert_int_equal(ask(limiter, "192.0.2.4", "b", NOW), STARDELEG_TIME_NONE);
  assert_int_equal(ask(limiter, "192.0.2.4", "c", NOW), STARDELEG_TIME_NONE);
  stardeleg_buckets_free(limiter);
}

/* A network of IPv6 is one source, however its addresses are written. */
static void test_sources(void **state)
{
  static const struct {
    const char *first;
    const char *second;
    bool same;
  } rows[] = {
      {"2001:db8:1:2::7", "2001:db8:1:2:ffff:0:0:1", true},
      {"2001:DB8:1:2::7", "2001:0db8:0001:0002::8", true},
      {"2001:db8:1:2::7", "2001:db8:1:3::7", false},
      {"2001:db8::1", "2001:db8:0:0::2", true},
      {"::1", "::2", true},
      {"fe80::1%eth0", "fe80::2%eth1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
      {"x:y", "x:z", false},
      {"", "", true},
      {"12345::1", "12345::2", false}, /* no address: as it is written */
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    stardeleg_limiter *limiter = buckets(1, 1000);

    assert_int_equal(ask(limiter, rows[i].first, NULL, NOW), STARDELEG_TIME_NONE);
    if ((ask(limiter, rows[i].second, NULL, NOW) != STARDELEG_TIME_NONE) != rows[i].same) {
      fail_msg("%s and %s", rows[i].first, rows[i].second);
    }
    stardeleg_buckets_free(limiter);
  }
}

/* A clock that was a year ahead once does not lock anybody out for a year; no arithmetic overflows. */
static void test_clock_jumps(void **state)
{
  static const stardeleg_time instants[] = {0,   -1, NOW,           NOW + 366 * SDG_TIME_DAY,
                                            NOW, 1,  INT64_MAX / 4, -INT64_MAX / 4};
  stardeleg_limiter *limiter = buckets(1000000000u, 30 * SDG_TIME_DAY);

  (void)state;
  for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
    assert_int_equal(ask(limiter, NULL, "a", instants[i]), STARDELEG_TIME_NONE);
  }
  stardeleg_buckets_free(limiter);
  limiter = buckets(2, 1000);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(ask(limiter, NULL, "a", NOW + 366 * SDG_TIME_DAY), STARDELEG_TIME_NONE);
  }
  assert_int_equal(ask(limiter, NULL, "a", NOW), STARDELEG_TIME_NONE);
  stardeleg_buckets_free(limiter);
}

/* Ten times as many clients as buckets: the memory is what it was, and most are not kept from their first request. */
static void test_many_clients(void **state)
{
  stardeleg_buckets_options options;
  stardeleg_limiter *limiter = NULL;
  char name[32];
  size_t refused = 0;

  (void)state;
  stardeleg_buckets_options_default(&options);
  options.buckets = 256;
  options.per_account[STARDELEG_LIMIT_ORDER] = (stardeleg_rate){1, 1000};
  assert_ok(stardeleg_buckets_new(&limiter, test_crypto(), &options));
  for (unsigned i = 0; i < 128; i++) {
    (void)snprintf(name, sizeof(name), "%u", i);
    refused += ask(limiter, NULL, name, NOW) != STARDELEG_TIME_NONE ? 1 : 0;
  }
  assert_true(refused < 32); /* both places taken by others */
  for (unsigned i = 0; i < 2560; i++) {
    (void)snprintf(name, sizeof(name), "x%u", i);
    (void)ask(limiter, NULL, name, NOW);
  }
  assert_int_equal(ask(limiter, NULL, "0", NOW + 1000000), STARDELEG_TIME_NONE);
  stardeleg_buckets_free(limiter);
}

static void test_bad_options(void **state)
{
  stardeleg_buckets_options good;
  stardeleg_limiter *limiter = NULL;

  (void)state;
  stardeleg_buckets_options_default(&good);
  for (int i = 0; i < 8; i++) {
    stardeleg_buckets_options options = good;

    options.size += i == 0 ? 1 : 0;
    options.buckets = i == 1 ? 255 : (i == 2 ? (1u << 20) + 1 : options.buckets);
    options.per_source[3].burst = i >= 3 ? 1 : 0;
    options.per_source[3].every_ms = i == 3 ? 0 : (i == 4 ? -1 : (i == 5 ? 31 * SDG_TIME_DAY : 1));
    options.per_account[0].burst = i == 6 ? 1000000001u : 0;
    options.per_account[0].every_ms = 1;
    assert_err(i == 7 ? STARDELEG_OK : STARDELEG_ERR_ARGUMENT,
               stardeleg_buckets_new(&limiter, test_crypto(), &options));
  }
  stardeleg_buckets_free(limiter);
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_buckets_new(NULL, test_crypto(), &good));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_buckets_new(&limiter, NULL, &good));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_buckets_new(&limiter, test_crypto(), NULL));
}

typedef struct asker {
  stardeleg_limiter *limiter;
  unsigned allowed;
} asker;

static void *ask_often(void *arg)
{
  asker *a = arg;

  for (int i = 0; i < 500; i++) {
    a->allowed += ask(a->limiter, "192.0.2.1", "a", NOW) == STARDELEG_TIME_NONE ? 1 : 0;
  }
  return NULL;
}

/* Eight threads get together what one would get. */
static void test_asked_in_threads(void **state)
{
  stardeleg_limiter *limiter = buckets(100, 1000);
  pthread_t threads[8];
  asker askers[8];
  unsigned allowed = 0;

  (void)state;
  for (size_t i = 0; i < 8; i++) {
    askers[i] = (asker){limiter, 0};
    assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &askers[i]), 0);
  }
  for (size_t i = 0; i < 8; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    allowed += askers[i].allowed;
  }
  assert_int_equal(allowed, 100);
  stardeleg_buckets_free(limiter);
}

/* --- In the server --- */

typedef struct script {
  stardeleg_limiter limiter;
  stardeleg_limit_act refused;
  stardeleg_time back_at;
  unsigned asked[STARDELEG_LIMIT_ACTS];
  char source[64];
  char account[SDG_ID_SIZE];
} script;

static stardeleg_time ask_script(void *self, const stardeleg_limit_query *query)
{
  script *s = self;

  assert_int_equal(query->size, sizeof(*query));
  s->asked[query->act]++;
  (void)snprintf(s->source, sizeof(s->source), "%s", query->source != NULL ? query->source : "-");
  (void)snprintf(s->account, sizeof(s->account), "%s", query->account != NULL ? query->account : "-");
  return query->act == s->refused ? s->back_at : STARDELEG_TIME_NONE;
}

static void open_limited(server_world *w, script *s)
{
  memset(s, 0, sizeof(*s));
  s->limiter = (stardeleg_limiter){s, ask_script};
  s->refused = (stardeleg_limit_act)99;
  server_world_init(w);
  w->options.limiter = &s->limiter;
  w->options.limits_url = "https://ca.example/limits";
  server_world_open(w);
}

/* ACME-6.6-01, ACME-6.6-02, ACME-6.6-03, ACME-6.5-02 */
static void test_refused(void **state)
{
  static server_world w;
  script s;

  (void)state;
  open_limited(&w, &s);
  acme_peer_register(&w.peer);
  assert_int_equal(s.asked[STARDELEG_LIMIT_ACCOUNT], 1);
  for (int act = 0; act < STARDELEG_LIMIT_ACTS; act++) {
    s.refused = (stardeleg_limit_act)act;
    for (int i = 0; i < 3; i++) {
      /* an instant that is past already is said to be soon: never zero */
      s.back_at = w.now + (i == 0 ? 90500 : -i * 100000);
      if (act == STARDELEG_LIMIT_ACCOUNT) {
        acme_peer other;

        server_world_peer(&w, &other, STARDELEG_KEY_P256);
        (void)acme_peer_new_account(&other, "{}");
        acme_peer_assert_problem(&other, 429, "rateLimited");
        acme_peer_clear(&other);
        continue;
      }
      (void)acme_peer_post(&w.peer, act == STARDELEG_LIMIT_ORDER ? SERVER_BASE "/new-thing" : THING, "{}");
      acme_peer_assert_problem(&w.peer, 429, "rateLimited");
      assert_string_equal(acme_peer_header(&w.peer, "Retry-After"), i == 0 ? "91" : "1");
      assert_string_equal(acme_peer_link(&w.peer, "help"), "https://ca.example/limits");
    }
  }
  assert_int_equal(w.calls, 0);
  assert_int_equal(server_world_count(&w, "account"), 1); /* nothing has happened */
  s.refused = (stardeleg_limit_act)99;
  assert_int_equal(acme_peer_post(&w.peer, THING, "{}"), 200);
  assert_string_equal(s.account, w.peer.kid + strlen(SERVER_BASE "/acct/"));
  assert_int_equal(acme_peer_post(&w.peer, SERVER_BASE "/new-thing", "{}"), 200);
  server_world_clear(&w);
}

/* Who looks up an account makes none, and a plain GET is not limited here. */
static void test_not_asked(void **state)
{
  static server_world w;
  script s;

  (void)state;
  open_limited(&w, &s);
  acme_peer_register(&w.peer);
  memset(s.asked, 0, sizeof(s.asked));
  assert_int_equal(acme_peer_new_account(&w.peer, "{}"), 200);
  (void)acme_peer_get(&w.peer, SERVER_BASE "/directory");
  assert_int_equal(s.asked[STARDELEG_LIMIT_ACCOUNT], 0);
  assert_int_equal(s.asked[STARDELEG_LIMIT_REQUEST], 1);
  /* a stranger's bad signature costs its source something, the account nothing */
  memset(s.asked, 0, sizeof(s.asked));
  (void)acme_peer_send(&w.peer, &(acme_peer_jws){.url = THING, .payload = "{}", .signature_member = "\"AAAA\""});
  assert_int_equal(s.asked[STARDELEG_LIMIT_REQUEST], 1);
  assert_int_equal(s.asked[STARDELEG_LIMIT_SIGNED], 0);
  server_world_clear(&w);
}

static void test_source_is_told(void **state)
{
  static server_world w;
  stardeleg_http_header type = {SDG_BYTES_LITERAL("Content-Type"), SDG_BYTES_LITERAL("application/jose+json")};
  stardeleg_http_request request = {.method = "POST",
                                    .url = "/acme/thing/abc",
                                    .headers = &type,
                                    .header_count = 1,
                                    .body = SDG_BYTES_LITERAL("{}"),
                                    .source = "192.0.2.77"};
  stardeleg_http_reply *reply = NULL;
  script s;

  (void)state;
  open_limited(&w, &s);
  assert_ok(sdg_server_handle(w.server, &request, w.now, &reply));
  assert_string_equal(s.source, "192.0.2.77");
  assert_string_equal(s.account, "-");
  stardeleg_http_reply_free(reply);
  server_world_clear(&w);
}

/* --- Terms that changed --- */

/* ACME-7.3.3-01 */
static void test_changed_terms(void **state)
{
  static server_world w;
  const char *instance;

  (void)state;
  server_world_init(&w);
  w.options.terms_of_service = "https://ca.example/terms/1";
  server_world_open(&w);
  assert_int_equal(acme_peer_new_account(&w.peer, "{\"termsOfServiceAgreed\":true}"), 201);
  w.options.terms_of_service = "https://ca.example/terms/2";
  server_world_restart(&w);
  w.peer.nonce[0] = '\0';
  assert_int_equal(acme_peer_post(&w.peer, SERVER_BASE "/new-thing", "{}"), 200); /* willing, unless told otherwise */
  w.options.current_terms_required = true;
  w.options.terms_action_url = "https://ca.example/agree";
  server_world_restart(&w);
  w.peer.nonce[0] = '\0';
  (void)acme_peer_post(&w.peer, SERVER_BASE "/new-thing", "{}");
  acme_peer_assert_problem(&w.peer, 403, "userActionRequired");
  instance = acme_peer_string(&w.peer, "instance");
  assert_string_equal(instance, "https://ca.example/agree");
  assert_string_equal(acme_peer_link(&w.peer, "terms-of-service"), "https://ca.example/terms/2");
  /* only orders; and the protocol has no way to agree (ACME-7.3.2-01) */
  assert_int_equal(acme_peer_post(&w.peer, THING, "{}"), 200);
  assert_int_equal(acme_peer_post(&w.peer, w.peer.kid, "{\"termsOfServiceAgreed\":true}"), 200);
  (void)acme_peer_post(&w.peer, SERVER_BASE "/new-thing", "{}");
  acme_peer_assert_problem(&w.peer, 403, "userActionRequired");
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_server_account_agreed(w.server, SERVER_BASE "/acct/nobody"));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_server_account_agreed(w.server, "https://other.example/acct/x"));
  assert_ok(sdg_server_account_agreed(w.server, w.peer.kid));
  assert_int_equal(acme_peer_post(&w.peer, SERVER_BASE "/new-thing", "{}"), 200);
  server_world_clear(&w);
}

/* --- Closing --- */

static stardeleg_err fail_closing(void *role, const sdg_server_account *account, stardeleg_time now)
{
  (void)account;
  (void)now;
  ((server_world *)role)->deactivations++;
  return STARDELEG_ERR_STORE;
}

/* ACME-7.3.6-04: what cannot be closed now is closed later, by another process if need be; once is enough. */
static void test_closing_is_finished(void **state)
{
  static server_world w;
  stardeleg_err (*works)(void *role, const sdg_server_account *account, stardeleg_time now);
  acme_peer other;

  (void)state;
  server_world_init(&w);
  works = w.options.on_deactivated;
  w.options.on_deactivated = fail_closing;
  server_world_open(&w);
  acme_peer_register(&w.peer);
  assert_int_equal(acme_peer_post(&w.peer, w.peer.kid, "{\"status\":\"deactivated\"}"), 200);
  assert_string_equal(acme_peer_string(&w.peer, "status"), "deactivated");
  assert_int_equal(w.deactivations, 1);
  (void)acme_peer_fetch(&w.peer, THING);
  acme_peer_assert_problem(&w.peer, 401, "unauthorized");
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_server_account_agreed(w.server, w.peer.kid)); /* does not finish it either */
  w.options.on_deactivated = works;
  server_world_restart(&w);
  server_world_peer(&w, &other, STARDELEG_KEY_P256);
  acme_peer_register(&other);
  assert_int_equal(w.deactivations, 1); /* not due yet: the request itself may be at it */
  w.now += 2 * SDG_TIME_MINUTE;
  assert_int_equal(acme_peer_fetch(&other, THING), 200);
  assert_int_equal(w.deactivations, 2);
  for (int i = 0; i < 5; i++) {
    w.now += 2 * SDG_TIME_MINUTE;
    assert_int_equal(acme_peer_fetch(&other, THING), 200);
  }
  assert_int_equal(w.deactivations, 2);
  acme_peer_clear(&other);
  server_world_clear(&w);
}

/* ACME-7.3.2-02: the same change twice is the same account, and no write. */
static void test_same_update_twice(void **state)
{
  static server_world w;
  stardeleg_record record = {0};
  uint64_t versions[3];

  (void)state;
  server_world_start(&w);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(acme_peer_post(&w.peer, w.peer.kid,
                                    i < 2 ? "{\"contact\":[\"mailto:b@example.org\",\"mailto:c@example.org\"]}" : "{}"),
                     200);
    assert_int_equal(sdg_json_count(sdg_json_member(w.peer.json, "contact")), 2);
    assert_ok(sdg_store_get(w.store, "account", w.peer.kid + strlen(SERVER_BASE "/acct/"), &record));
    versions[i] = record.version;
    stardeleg_record_clear(&record);
  }
  assert_int_equal(versions[0], versions[1]);
  assert_int_equal(versions[0], versions[2]);
  assert_int_equal(acme_peer_post(&w.peer, w.peer.kid, "{\"contact\":[]}"), 200);
  assert_int_equal(sdg_json_count(sdg_json_member(w.peer.json, "contact")), 0);
  server_world_clear(&w);
}

#define T(fn) cmocka_unit_test(fn)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_burst_and_refill),  T(test_apart),          T(test_sources),          T(test_clock_jumps),
      T(test_many_clients),      T(test_bad_options),    T(test_asked_in_threads), T(test_refused),
      T(test_not_asked),         T(test_source_is_told), T(test_changed_terms),    T(test_closing_is_finished),
      T(test_same_update_twice), T(test_refused_counts_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

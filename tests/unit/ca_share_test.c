/* SPDX-License-Identifier: Apache-2.0 */
/* ca_share_test.c -- validations take long: whose turn it is, and when it is enough (RFC 8555 10.3, 10.4). */
#include "support/test.h"

#include "base/bytes.h"
#include "support/net_world.h"

#define TARPIT_MS 30000
#define NAMES_MAX 100
#define PLACES 32u
#define QUARTER 8u

typedef struct visit {
  uint64_t id;
  stardeleg_time until;
  char url[300];
} visit;

/* Web servers that take their time: those of names with "dead" in them 30 s, and then there was no answer. */
typedef struct street {
  ca_world *w;
  int64_t takes_ms;     /* all others, which answer with their client's key authorization */
  const char *location; /* NULL, or where all lead on to */
  visit open[64];
  size_t open_count;
  size_t open_max;         /* most at once */
  unsigned dead, alive;    /* visits */
  stardeleg_time alive_at; /* the first of them */
  unsigned waits;          /* how often the engine went to sleep */
} street;

/* --- The store's small writes --- */

static stardeleg_store_ops counted_ops;
static const stardeleg_store_ops *real_ops;
static unsigned renewals;

static stardeleg_err count_renew(void *self, const char *kind, const char *key, uint64_t fence, stardeleg_time now,
                                 int64_t ttl_ms)
{
  renewals++;
  return real_ops->renew(self, kind, key, fence, now, ttl_ms);
}

static void count_renewals(ca_world *w, stardeleg_store *store)
{
  real_ops = w->store->ops;
  counted_ops = *real_ops;
  counted_ops.renew = count_renew;
  *store = (stardeleg_store){&counted_ops, w->store->self};
  renewals = 0;
  w->options.store = store;
  ca_world_restart(w);
}

/* --- The street --- */

static void answer(street *s, const visit *v)
{
  const stardeleg_engine *engine = stardeleg_ca_engine(s->w->ca);
  stardeleg_http_header location = {SDG_BYTES_LITERAL("Location"), sdg_bytes_str(s->location)};
  stardeleg_http_response response = {.status = 200};
  stardeleg_outcome outcome = {.response = &response};
  const acme_peer *peer = s->w->web_peer != NULL ? s->w->web_peer : &s->w->peer;
  sdg_buf body;

  sdg_buf_init(&body, 4096);
  if (strstr(v->url, "dead") != NULL) {
    outcome.response = NULL;
    outcome.failure = STARDELEG_TRANSPORT_TIMEOUT;
    outcome.failure_text = "nobody there";
  } else if (s->location != NULL) {
    response.status = 302;
    response.headers = &location;
    response.header_count = 1;
  } else {
    assert_ok(sdg_jwk_key_authorization(&body, test_crypto(), sdg_bytes_str(strrchr(v->url, '/') + 1),
                                        stardeleg_key_spki(peer->key)));
    response.body = sdg_buf_bytes(&body);
  }
  assert_ok(engine->answer(engine->self, v->id, &outcome, s->w->now));
  sdg_buf_clear(&body);
}

static void visit_begins(street *s, const stardeleg_ask *ask)
{
  visit *v = &s->open[s->open_count++];
  bool dead = strstr(ask->request.url, "dead") != NULL;

  assert_true(s->open_count < sizeof(s->open) / sizeof(s->open[0]));
  s->open_max = s->open_count > s->open_max ? s->open_count : s->open_max;
  *v = (visit){.id = ask->id, .until = s->w->now + (dead ? TARPIT_MS : s->takes_ms)};
  assert_true(snprintf(v->url, sizeof(v->url), "%s", ask->request.url) < (int)sizeof(v->url));
  s->dead += dead ? 1 : 0;
  s->alive_at = !dead && s->alive == 0 ? s->w->now : s->alive_at;
  s->alive += dead ? 0 : 1;
}

/* Everything that happens for |span_ms|. */
static void pass(street *s, int64_t span_ms)
{
  const stardeleg_engine *engine = stardeleg_ca_engine(s->w->ca);
  stardeleg_time end = s->w->now + span_ms;
  stardeleg_ask ask;

  while (s->w->now < end) {
    stardeleg_time next;

    assert_ok(engine->next(engine->self, &ask, s->w->now));
    if (ask.want == STARDELEG_WANT_EXCHANGE) {
      visit_begins(s, &ask);
      continue;
    }
    assert_true(ask.until > s->w->now);
    s->waits++;
    next = ask.until < end ? ask.until : end;
    for (size_t i = 0; i < s->open_count; i++) {
      next = s->open[i].until < next ? s->open[i].until : next;
    }
    s->w->now = next;
    for (size_t i = 0; i < s->open_count;) {
      if (s->open[i].until <= s->w->now) {
        visit done = s->open[i];

        s->open[i] = s->open[--s->open_count];
        answer(s, &done);
      } else {
        i++;
      }
    }
  }
}

/* --- Orders --- */

/* An order of |n| names below |domain|, all challenges answered; its URL. */
static void order_names(acme_peer *peer, size_t n, const char *domain, char order[512])
{
  static char text[8192];
  static char authz[NAMES_MAX][512];
  size_t len = (size_t)snprintf(text, sizeof(text), "{\"identifiers\":[");
  const sdg_json *item;

  for (size_t i = 0; i < n; i++) {
    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{\"type\":\"dns\",\"value\":\"n%zu.%s\"}",
                            i > 0 ? "," : "", i, domain);
  }
  (void)snprintf(text + len, sizeof(text) - len, "]}");
  assert_int_equal(acme_peer_post(peer, CA_BASE "/new-order", text), 201);
  (void)snprintf(order, 512, "%s", acme_peer_header(peer, "Location"));
  item = sdg_json_first(sdg_json_member(peer->json, "authorizations"));
  for (size_t i = 0; i < n; i++, item = sdg_json_next(item)) {
    (void)snprintf(authz[i], sizeof(authz[i]), "%s", sdg_json_string(item));
  }
  for (size_t i = 0; i < n; i++) {
    const sdg_json *challenge;
    char url[512];

    assert_int_equal(acme_peer_fetch(peer, authz[i]), 200);
    challenge = sdg_json_first(sdg_json_member(peer->json, "challenges"));
    (void)snprintf(url, sizeof(url), "%s", sdg_json_string(sdg_json_member(challenge, "url")));
    assert_int_equal(acme_peer_post(peer, url, "{}"), 200);
  }
}

static const char *order_status(acme_peer *peer, const char *order)
{
  assert_int_equal(acme_peer_fetch(peer, order), 200);
  return acme_peer_string(peer, "status");
}

/* How many challenges of the order have come to their end, invalid. */
static size_t count_invalid(acme_peer *peer, const char *order)
{
  static char authz[NAMES_MAX][512];
  const sdg_json *item;
  size_t count = 0;
  size_t n = 0;

  assert_int_equal(acme_peer_fetch(peer, order), 200);
  item = sdg_json_first(sdg_json_member(peer->json, "authorizations"));
  for (; item != NULL; item = sdg_json_next(item)) {
    (void)snprintf(authz[n++], sizeof(authz[0]), "%s", sdg_json_string(item));
  }
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(acme_peer_fetch(peer, authz[i]), 200);
    count += strcmp(acme_peer_string(peer, "status"), "invalid") == 0 ? 1 : 0;
  }
  return count;
}

/* An honest name does not wait for an order of a hundred names whose servers never answer: these get a quarter of the
 * places, all their attempts, and no more of the store than that takes. */
static void test_honest_beside_dead(void **state)
{
  ca_world *w = *state;
  street s = {.w = w, .takes_ms = 50};
  static stardeleg_store store;
  acme_peer honest;
  char dead_order[512];
  char order[512];
  stardeleg_time posted_at;

  count_renewals(w, &store);
  order_names(&w->peer, NAMES_MAX, "dead.example", dead_order);
  pass(&s, 1000);
  assert_int_equal(s.open_count, QUARTER);
  ca_world_peer(w, &honest);
  w->web_peer = &honest;
  order_names(&honest, 1, "honest.example", order);
  posted_at = w->now;
  pass(&s, 1000);
  assert_int_equal(s.alive, 1);
  assert_true(s.alive_at - posted_at <= 20);
  assert_string_equal(order_status(&honest, order), "ready");
  /* 300 visits of 30 s, 8 at a time, take 19 minutes; places stay empty for little of it */
  pass(&s, 22 * 60000);
  assert_int_equal(s.dead, 3 * NAMES_MAX);
  assert_int_equal(s.open_max, QUARTER + 1);
  assert_int_equal(count_invalid(&w->peer, dead_order), NAMES_MAX);
  assert_true(renewals < 8 * 3 * NAMES_MAX);
  assert_true(s.waits < 20 * 3 * NAMES_MAX);
  acme_peer_clear(&honest);
}

/* The more accounts have names of dead servers, the fewer places each of them has: the next one finds one. */
static void test_many_accounts(void **state)
{
  enum { ACCOUNTS = 12 };
  ca_world *w = *state;
  street s = {.w = w, .takes_ms = 50};
  static acme_peer peers[ACCOUNTS];
  acme_peer honest;
  char order[512];

  for (size_t i = 0; i < ACCOUNTS; i++) {
    char domain[64];

    ca_world_peer(w, &peers[i]);
    (void)snprintf(domain, sizeof(domain), "dead%zu.example", i);
    order_names(&peers[i], 12, domain, order);
    pass(&s, 100);
  }
  pass(&s, 5 * 60000);
  assert_true(s.open_count > PLACES / 2 && s.open_count < PLACES && s.open_max <= PLACES);
  ca_world_peer(w, &honest);
  w->web_peer = &honest;
  order_names(&honest, 3, "honest.example", order);
  pass(&s, 1000);
  assert_int_equal(s.alive, 3);
  assert_string_equal(order_status(&honest, order), "ready");
  acme_peer_clear(&honest);
  for (size_t i = 0; i < ACCOUNTS; i++) {
    acme_peer_clear(&peers[i]);
  }
}

/* Somebody with many names whose servers answer does not feel much of it. */
static void test_many_good_names(void **state)
{
  ca_world *w = *state;
  street s = {.w = w, .takes_ms = 80};
  char order[512];

  order_names(&w->peer, NAMES_MAX, "honest.example", order);
  pass(&s, 2000); /* 100 times 80 ms, 8 at a time, is one second */
  assert_string_equal(order_status(&w->peer, order), "ready");
  assert_int_equal(s.alive, NAMES_MAX);
  assert_int_equal(s.open_max, QUARTER);
}

/* What waits for its turn expires like everything. */
static void test_expires_while_it_waits(void **state)
{
  ca_world *w = *state;
  street s = {.w = w};
  char order[512];

  w->options.order_pending_s = 60;
  ca_world_restart(w);
  order_names(&w->peer, 60, "dead.example", order);
  pass(&s, 61000);
  assert_int_equal(count_invalid(&w->peer, order), 60 - QUARTER); /* those under way come to their own end */
  pass(&s, 60000);
  assert_int_equal(count_invalid(&w->peer, order), 60);
  assert_string_equal(order_status(&w->peer, order), "invalid");
}

/* --- The time of one attempt --- */

static void assert_timeout(acme_peer *peer, const char *url)
{
  const sdg_json *error;

  assert_int_equal(acme_peer_fetch(peer, url), 200);
  error = sdg_json_member(peer->json, "error");
  assert_non_null(error);
  assert_string_equal(sdg_json_string(sdg_json_member(error, "type")), "urn:ietf:params:acme:error:connection");
  assert_non_null(strstr(sdg_json_string(sdg_json_member(error, "detail")), "timeout"));
}

/* Four addresses of 30 s each: the third is not waited for to its end, the fourth not asked. */
static void test_many_addresses(void **state)
{
  net_world *n = *state;
  ca_world *w = &n->w;
  street s = {.w = w};
  char order[512];
  char url[512];

  w->options.validation_timeout_ms = 70000;
  w->options.validation_attempts = 2;
  net_reopen(n, STARDELEG_CA_HTTP_01);
  for (size_t i = 0; i < 4; i++) {
    fake_dns_add(&n->dns, "n0.dead.example", i < 2 ? STARDELEG_DNS_AAAA : STARDELEG_DNS_A,
                 ((const char *const[]){"2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"})[i]);
  }
  order_names(&w->peer, 1, "dead.example", order);
  (void)snprintf(w->order, sizeof(w->order), "%s", order);
  (void)snprintf(url, sizeof(url), "%s", ca_world_challenge(w, ca_world_authz(w, 0)));
  pass(&s, 69999);
  assert_int_equal(s.dead, 3);
  assert_int_equal(acme_peer_fetch(&w->peer, url), 200);
  assert_null(sdg_json_member(w->peer.json, "error"));
  pass(&s, 2);
  assert_timeout(&w->peer, url);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "processing"); /* one attempt of two */
  assert_int_equal(s.open_count, 1);                                       /* its answer will be nobody's */
  pass(&s, 4000);
  assert_int_equal(s.dead, 3);
  pass(&s, 1000 + 70000);
  assert_int_equal(s.dead, 6);
  assert_timeout(&w->peer, url);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "invalid");
  pass(&s, 60000);
  assert_int_equal(s.dead, 6);
}

/* Servers that answer slowly, and lead on and on. */
static void test_slow_redirects(void **state)
{
  ca_world *w = *state;
  street s = {.w = w, .takes_ms = 25000, .location = "http://other.example/.well-known/acme-challenge/x"};
  char order[512];

  w->options.validation_attempts = 1;
  ca_world_restart(w);
  order_names(&w->peer, 1, "www.example", order);
  (void)snprintf(w->order, sizeof(w->order), "%s", order);
  pass(&s, 60001);
  assert_int_equal(s.alive, 3);
  assert_timeout(&w->peer, ca_world_challenge(w, ca_world_authz(w, 0)));
  assert_string_equal(order_status(&w->peer, order), "invalid");
}

/* A resolver that never has the answer. */
static void test_slow_dns(void **state)
{
  static const unsigned ways[] = {STARDELEG_CA_HTTP_01, STARDELEG_CA_DNS_01, STARDELEG_CA_TLS_ALPN_01};
  net_world *n = *state;
  street s = {.w = &n->w};
  char order[512];

  n->w.options.validation_attempts = 1;
  for (size_t i = 0; i < 3; i++) {
    net_reopen(n, ways[i]);
    n->dns.delay = UINT32_MAX;
    order_names(&n->w.peer, 1, "www.example", order);
    (void)snprintf(n->w.order, sizeof(n->w.order), "%s", order);
    pass(&s, 59000);
    assert_string_equal(order_status(&n->w.peer, order), "pending");
    pass(&s, 1001);
    assert_timeout(&n->w.peer, ca_world_challenge(&n->w, ca_world_authz(&n->w, 0)));
    assert_string_equal(order_status(&n->w.peer, order), "invalid");
  }
  assert_int_equal(n->dns.open, 0);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, ca_world_set_up, ca_world_tear_down)
#define IN_NET(f) cmocka_unit_test_setup_teardown(f, net_set_up, net_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {IN_WORLD(test_honest_beside_dead),
                                     IN_WORLD(test_many_accounts),
                                     IN_WORLD(test_many_good_names),
                                     IN_WORLD(test_expires_while_it_waits),
                                     IN_NET(test_many_addresses),
                                     IN_WORLD(test_slow_redirects),
                                     IN_NET(test_slow_dns)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

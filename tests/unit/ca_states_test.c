/* SPDX-License-Identifier: Apache-2.0 */
/* ca_states_test.c -- every state of a CA's order against everything that can happen to it (RFC 8555 7.1.6, RFC 8739
 * 3.1.2): what is allowed leads where the texts say, all else is refused by name and changes nothing. */
#include "support/test.h"

#include "base/bytes.h"
#include "store/store.h"
#include "support/ca_world.h"

#define WWW "'identifiers':[{'type':'dns','value':'www.example.org'}]"
#define DATES "'end-date':'2026-01-15T00:00:00Z','lifetime':86400"

typedef enum order_state {
  PENDING = 0,
  READY,
  PROCESSING,
  VALID,
  INVALID,
  CANCELED,
  PAST_END,
  STATES,
  GONE = STATES
} order_state;

static const char *const state_names[STATES + 1] = {"pending", "ready",    "processing", "valid",
                                                    "invalid", "canceled", "valid",      "gone"};

/* --- Looking --- */

typedef struct snapshot {
  char status[16];
  uint64_t version;
  stardeleg_time due;
  size_t certs;
} snapshot;

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  ++*(size_t *)ctx;
  return 0;
}

/* By the record: the account may be gone. */
static snapshot look(const ca_world *w)
{
  snapshot s = {.version = 0};
  stardeleg_record record = {0};
  sdg_json *tree = NULL;

  if (sdg_store_get(w->store, "order", strrchr(w->order, '/') + 1, &record) == STARDELEG_ERR_NOT_FOUND) {
    return (snapshot){.status = "gone"};
  }
  assert_ok(sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL));
  (void)snprintf(s.status, sizeof(s.status), "%s",
                 sdg_json_string(sdg_json_member(sdg_json_member(tree, "order"), "status")));
  s.version = record.version;
  s.due = record.due;
  assert_ok(sdg_store_scan(w->store, "cert", NULL, NULL, SIZE_MAX, count_one, &s.certs));
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return s;
}

static void assert_same(const snapshot *a, const snapshot *b)
{
  assert_string_equal(a->status, b->status);
  assert_true(a->version == b->version && a->due == b->due && a->certs == b->certs);
}

/* No dead ends: every order is looked at again by itself, one that rests to be removed when nobody asks for it. */
static void assert_state(const ca_world *w, bool star, order_state state)
{
  snapshot s = look(w);
  bool rests = state == INVALID || state == CANCELED || (state == VALID && !star);

  assert_string_equal(s.status, state_names[state]);
  if (state == GONE) {
    return;
  }
  assert_true(s.due != STARDELEG_TIME_NEVER);
  assert_true(!rests || s.due > w->now + CA_DAY);
}

/* --- Getting there --- */

static void cancel(ca_world *w)
{
  assert_int_equal(acme_peer_post(&w->peer, w->order, "{\"status\":\"canceled\"}"), 200);
}

static int deactivate_authz(ca_world *w)
{
  return acme_peer_post(&w->peer, ca_world_authz(w, 0), "{\"status\":\"deactivated\"}");
}

static void reach(ca_world *w, bool star, order_state state)
{
  w->now = CA_START;
  assert_int_equal(
      ca_world_new_order(w, star ? ca_world_json("{" WWW ",'auto-renewal':{" DATES ",'allow-certificate-get':true}}")
                                 : ca_world_json("{" WWW ",'allow-certificate-get':true}")),
      201);
  if (state == INVALID) {
    assert_int_equal(deactivate_authz(w), 200);
  } else if (state != PENDING) {
    ca_world_validate(w);
  }
  if (state == PROCESSING || state == VALID || state == CANCELED || state == PAST_END) {
    assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  }
  if (state == VALID || state == CANCELED || state == PAST_END) {
    (void)ca_world_run(w);
    (void)ca_world_status(w);
  }
  if (state == CANCELED) {
    cancel(w);
  } else if (state == PAST_END) {
    w->now += 6 * CA_DAY;
    (void)ca_world_run(w);
  }
  assert_state(w, star, state);
}

/* --- What is refused --- */

typedef struct answer {
  int status; /* 0: not refused */
  const char *type;
} answer;

typedef struct refusal {
  const char *payload; /* to the order; "csr", "bad csr": to finalize, as is what has a "csr" in it */
  answer star[STATES];
  answer plain[VALID + 2]; /* up to INVALID */
} refusal;

#define OK                                                                                                             \
  {                                                                                                                    \
    0, ""                                                                                                              \
  }
#define NOT_READY                                                                                                      \
  {                                                                                                                    \
    403, "orderNotReady"                                                                                               \
  }
#define MALFORMED                                                                                                      \
  {                                                                                                                    \
    400, "malformed"                                                                                                   \
  }
#define TOO_SOON                                                                                                       \
  {                                                                                                                    \
    400, "autoRenewalCancellationInvalid"                                                                              \
  }
#define BAD_CSR                                                                                                        \
  {                                                                                                                    \
    400, "badCSR"                                                                                                      \
  }

static const refusal refusals[] = {
    {"csr",
     {NOT_READY, OK, NOT_READY, NOT_READY, NOT_READY, NOT_READY, NOT_READY},
     {NOT_READY, OK, NOT_READY, NOT_READY, NOT_READY}},
    {"bad csr",
     {NOT_READY, BAD_CSR, NOT_READY, NOT_READY, NOT_READY, NOT_READY, NOT_READY},
     {NOT_READY, BAD_CSR, NOT_READY, NOT_READY, NOT_READY}},
    {"{\"csr\":7}",
     {NOT_READY, MALFORMED, NOT_READY, NOT_READY, NOT_READY, NOT_READY, NOT_READY},
     {NOT_READY, MALFORMED, NOT_READY, NOT_READY, NOT_READY}},
    /* STAR-3.1.2-07, -08 */
    {"{\"status\":\"canceled\"}",
     {TOO_SOON, TOO_SOON, TOO_SOON, OK, TOO_SOON, TOO_SOON, OK},
     {MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {"{\"status\":\"cancelled\"}",
     {MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED},
     {MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {"{\"status\":\"valid\"}",
     {MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED},
     {MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {"{}",
     {MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED},
     {MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
};

static void try_it(ca_world *w, const char *payload)
{
  if (strcmp(payload, "csr") == 0) {
    (void)ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL));
  } else if (strcmp(payload, "bad csr") == 0) {
    (void)ca_world_finalize(w, ca_world_csr(w, NULL, "evil.example.org", NULL));
  } else {
    (void)acme_peer_post(&w->peer, strstr(payload, "csr") != NULL ? w->finalize : w->order, payload);
  }
}

/* Other accounts are told the same as of an order that does not exist. */
static void check_foreign(ca_world *w, acme_peer *other)
{
  const char *const paths[] = {"", "", "/finalize"};
  const char *const payloads[] = {"", "{\"status\":\"canceled\"}", "{\"csr\":\"AAAA\"}"};

  for (size_t i = 0; i < 3; i++) {
    char said[512];
    char url[600];

    (void)snprintf(url, sizeof(url), CA_BASE "/order/AAAAAAAAAAAAAAAAAAAAAA%s", paths[i]);
    (void)acme_peer_post(other, url, payloads[i]);
    acme_peer_assert_problem(other, 404, "unauthorized");
    (void)snprintf(said, sizeof(said), "%s", other->body);
    (void)snprintf(url, sizeof(url), "%s%s", w->order, paths[i]);
    (void)acme_peer_post(other, url, payloads[i]);
    acme_peer_assert_problem(other, 404, "unauthorized");
    assert_string_equal(other->body, said);
  }
}

static void test_refused(void **state)
{
  ca_world *w = *state;
  acme_peer other;

  ca_world_peer(w, &other);
  for (int star = 0; star < 2; star++) {
    for (order_state s = PENDING; s < (star != 0 ? STATES : CANCELED); s++) {
      snapshot before;

      reach(w, star != 0, s);
      before = look(w);
      for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const answer *a = star != 0 ? &refusals[i].star[s] : &refusals[i].plain[s];
        snapshot after;

        if (a->status == 0) {
          continue;
        }
        print_message("%s %s: %s\n", star != 0 ? "STAR" : "plain", state_names[s], refusals[i].payload);
        try_it(w, refusals[i].payload);
        acme_peer_assert_problem(&w->peer, a->status, a->type);
        after = look(w);
        assert_same(&before, &after);
      }
      check_foreign(w, &other);
      {
        snapshot after = look(w);

        assert_same(&before, &after);
      }
    }
  }
  acme_peer_clear(&other);
}

/* --- What leads on --- */

typedef enum happening {
  VALIDATION,       /* the names' servers answer */
  WRONG_VALIDATION, /* with something else, to the last attempt */
  CSR,
  CANCEL,
  AUTHZ_DEACTIVATED,
  ACCOUNT_GONE,
  ENGINE,  /* works */
  ONE_DAY, /* passes, and the engine works */
  TEN_DAYS,
  RESTART
} happening;

typedef struct transition {
  order_state from;
  happening what;
  order_state star;
  order_state plain;
} transition;

static const transition transitions[] = {
    {PENDING, VALIDATION, READY, READY},
    {PENDING, WRONG_VALIDATION, INVALID, INVALID},
    {PENDING, AUTHZ_DEACTIVATED, INVALID, INVALID},
    {PENDING, ACCOUNT_GONE, INVALID, INVALID},
    {PENDING, ENGINE, PENDING, PENDING},
    {PENDING, ONE_DAY, INVALID, INVALID},
    {PENDING, RESTART, PENDING, PENDING},
    {READY, CSR, PROCESSING, PROCESSING},
    {READY, AUTHZ_DEACTIVATED, INVALID, INVALID},
    {READY, ACCOUNT_GONE, INVALID, INVALID},
    {READY, ENGINE, READY, READY},
    {READY, ONE_DAY, INVALID, INVALID},
    {READY, RESTART, READY, READY},
    {PROCESSING, ENGINE, VALID, VALID},
    {PROCESSING, AUTHZ_DEACTIVATED, INVALID, INVALID},
    {PROCESSING, ACCOUNT_GONE, INVALID, INVALID},
    {PROCESSING, ONE_DAY, VALID, VALID},
    {PROCESSING, RESTART, PROCESSING, PROCESSING},
    /* STAR-3.1.1-12, STAR-3.1.2-09: nothing but cancelling leads out of it */
    {VALID, ENGINE, VALID, VALID},
    {VALID, ONE_DAY, VALID, VALID},
    {VALID, TEN_DAYS, PAST_END, VALID},
    {VALID, AUTHZ_DEACTIVATED, VALID, VALID},
    {VALID, ACCOUNT_GONE, CANCELED, VALID},
    {VALID, RESTART, VALID, VALID},
    {INVALID, ENGINE, INVALID, INVALID},
    {INVALID, ACCOUNT_GONE, INVALID, INVALID},
    {INVALID, ONE_DAY, INVALID, INVALID},
    {INVALID, TEN_DAYS, GONE, GONE},
};

static const transition star_transitions[] = {
    {VALID, CANCEL, CANCELED, CANCELED},          {CANCELED, ENGINE, CANCELED, CANCELED},
    {CANCELED, ACCOUNT_GONE, CANCELED, CANCELED}, {CANCELED, TEN_DAYS, CANCELED, CANCELED},
    {CANCELED, RESTART, CANCELED, CANCELED},      {PAST_END, CANCEL, CANCELED, CANCELED},
    {PAST_END, ACCOUNT_GONE, CANCELED, CANCELED}, {PAST_END, ENGINE, PAST_END, PAST_END},
    {PAST_END, ONE_DAY, PAST_END, PAST_END},
    {PAST_END, TEN_DAYS, GONE, GONE},
};

static void let_pass(ca_world *w, int64_t ms)
{
  stardeleg_time end = w->now + ms;

  while (w->now < end) {
    w->now += CA_HOUR;
    (void)ca_world_run(w);
  }
}

static void happen(ca_world *w, happening what)
{
  switch (what) {
  case VALIDATION:
    ca_world_validate(w);
    return;
  case WRONG_VALIDATION:
    w->web = CA_WEB_WRONG;
    assert_int_equal(acme_peer_post(&w->peer, ca_world_challenge(w, ca_world_authz(w, 0)), "{}"), 200);
    let_pass(w, 12 * CA_HOUR); /* an attempt each */
    w->web = CA_WEB_RIGHT;
    return;
  case CSR:
    assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
    return;
  case CANCEL:
    cancel(w);
    return;
  case AUTHZ_DEACTIVATED:
    assert_int_equal(deactivate_authz(w), 200);
    return;
  case ACCOUNT_GONE:
    assert_int_equal(acme_peer_post(&w->peer, w->peer.kid, "{\"status\":\"deactivated\"}"), 200);
    (void)ca_world_run(w);
    return;
  case ENGINE:
    (void)ca_world_run(w);
    return;
  case ONE_DAY:
    let_pass(w, CA_DAY);
    return;
  case TEN_DAYS:
    let_pass(w, 10 * CA_DAY);
    return;
  case RESTART:
    ca_world_restart(w);
    return;
  }
}

static void walk(const transition *t, bool star)
{
  static ca_world w;

  print_message("%s %s: %d\n", star ? "STAR" : "plain", state_names[t->from], (int)t->what);
  ca_world_start(&w);
  reach(&w, star, t->from);
  happen(&w, t->what);
  assert_state(&w, star, star ? t->star : t->plain);
  ca_world_clear(&w);
}

static void test_transitions(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
    walk(&transitions[i], true);
    walk(&transitions[i], false);
  }
  for (size_t i = 0; i < sizeof(star_transitions) / sizeof(star_transitions[0]); i++) {
    walk(&star_transitions[i], true);
  }
}

/* --- The two doors --- */

/* STARDEL-2.3.5-05, -06: each place of allow-certificate-get opens its own kind of certificate, and no other. */
static void test_doors(void **state)
{
  static const struct {
    const char *payload;
    int status;
  } cases[] = {
      {"{" WWW ",'auto-renewal':{" DATES ",'allow-certificate-get':true}}", 200},
      {"{" WWW ",'auto-renewal':{" DATES "},'allow-certificate-get':true}", 405},
      {"{" WWW ",'auto-renewal':{" DATES "}}", 405},
      {"{" WWW ",'allow-certificate-get':true}", 200},
      {"{" WWW ",'allow-certificate-get':false}", 405},
      {"{" WWW "}", 405},
  };
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    print_message("%s\n", cases[i].payload);
    assert_int_equal(ca_world_new_order(w, ca_world_json("%s", cases[i].payload)), 201);
    ca_world_validate(w);
    assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
    (void)ca_world_run(w);
    assert_string_equal(ca_world_status(w), "valid");
    assert_int_equal(acme_peer_get(&w->peer, w->star), cases[i].status);
    if (cases[i].status != 200) {
      acme_peer_assert_problem(&w->peer, 405, "malformed");
    }
    assert_int_equal(acme_peer_head(&w->peer, w->star), cases[i].status);
    assert_int_equal(acme_peer_fetch(&w->peer, w->star), 200); /* STARDEL-2.3.5-04 */
  }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_refused),
      cmocka_unit_test(test_transitions),
      T(test_doors),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

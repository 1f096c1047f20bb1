/* SPDX-License-Identifier: Apache-2.0 */
/* ido_states_test.c -- every state of a delegate's order against everything that can happen to it (RFC 8555 7.1.6, RFC
 * 9115 2.2, 2.3.6): what is allowed leads where the texts say, all else is refused by name and changes nothing. */
#include "support/ido_world.h"

#include "base/bytes.h"
#include "ido/ido_order.h"

#define PENDING_S (2 * 86400)
#define GRACE_S (10 * 86400)
#define EVIL WORLD_TEMPLATE("\"evil.example\"")

typedef enum order_state { READY = 0, PROCESSING, VALID, INVALID, CANCELED, STATES } order_state;

static const char *const state_names[STATES] = {"ready", "processing", "valid", "invalid", "canceled"};

typedef struct rig {
  ido_world w;
  char *good; /* finalize payloads */
  char *bad;
  unsigned made; /* delegations so far */
  char delegation[32];
  char url[256]; /* of the last order */
} rig;

static void begin(rig *r)
{
  memset(r, 0, sizeof(*r));
  r->good = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  r->bad = ido_world_csr(EVIL, NULL, NULL, 0);
  ido_world_init(&r->w);
  r->w.options.order_pending_s = PENDING_S;
  r->w.options.order_grace_s = GRACE_S;
  ido_world_ca_init(&r->w);
  r->w.ca_options.poll_ms = 0;
  r->w.options.poll_ms = 0;
  ido_world_ca_open(&r->w);
  ido_world_open(&r->w);
  ido_world_ndc(&r->w, 0, "cdn");
  ido_world_ndc(&r->w, 1, "other");
}

static void end(rig *r)
{
  free(r->good);
  free(r->bad);
  ido_world_clear(&r->w);
}

/* --- Looking --- */

static const char *id_of(const char *url)
{
  return strrchr(url, '/') + 1;
}

typedef struct snapshot {
  uint64_t version;
  stardeleg_time due;
  size_t orders;
  size_t certificates; /* orders of the CA that are valid */
} snapshot;

static snapshot look(rig *r)
{
  snapshot s = {0};
  stardeleg_record record = {0};

  assert_ok(r->w.real->ops->get(r->w.real->self, "order", id_of(r->url), &record));
  s.version = record.version;
  s.due = record.due;
  s.orders = ido_world_count(&r->w, "order");
  s.certificates = ido_world_ca_valid(&r->w);
  stardeleg_record_clear(&record);
  return s;
}

static void assert_same(const snapshot *a, const snapshot *b, const char *what)
{
  if (a->version != b->version || a->due != b->due || a->orders != b->orders || a->certificates != b->certificates) {
    fail_msg("%s has changed something", what);
  }
}

/* By the record: the delegate may not be let in any more.  Somebody will look at it again, whatever state it is in. */
static void assert_state(rig *r, order_state expected)
{
  sdg_ido_order order;
  bool has_certificate;

  assert_ok(sdg_ido_order_load(r->w.real, id_of(r->url), &order));
  assert_string_equal(sdg_order_status_name(order.wire.status), state_names[expected]);
  assert_int_equal(order.wire.error != NULL, expected == INVALID);
  has_certificate = order.wire.star_certificate != NULL || order.wire.certificate != NULL;
  if (expected != INVALID) { /* that one has it if it was valid once */
    assert_int_equal(has_certificate, expected == VALID || expected == CANCELED);
  }
  sdg_ido_order_clear(&order);
  assert_true(look(r).due != STARDELEG_TIME_NEVER);
}

/* --- Getting there --- */

static const char *payload_of(const rig *r, bool star)
{
  static char text[1024];

  if (star) {
    return ido_world_new_order(r->delegation, "abc.ido.example");
  }
  (void)snprintf(text, sizeof(text),
                 "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"allow-certificate-get\":true,"
                 "\"delegation\":\"" WORLD_IDO "/delegation/%s\"}",
                 r->delegation);
  return text;
}

static void end_delegation(rig *r)
{
  assert_ok(stardeleg_ido_delegation_end(r->w.ido, r->delegation, r->w.now));
  ido_world_run(&r->w, 1200 * WORLD_S);
}

/* An order of its own delegation in that state. */
static void reach(rig *r, bool star, order_state state)
{
  (void)snprintf(r->delegation, sizeof(r->delegation), "s%u", r->made++);
  ido_world_delegate(&r->w, "cdn", r->delegation, WORLD_ONE, NULL);
  if (acme_peer_post(&r->w.ndc[0], WORLD_IDO "/new-order", payload_of(r, star)) != 201) {
    fail_msg("%s", r->w.ndc[0].body);
  }
  (void)snprintf(r->url, sizeof(r->url), "%s", acme_peer_header(&r->w.ndc[0], "Location"));
  if (state == INVALID) {
    assert_int_equal(ido_world_finalize(&r->w, 0, r->url, r->bad), 403);
  } else if (state != READY) {
    assert_int_equal(ido_world_finalize(&r->w, 0, r->url, r->good), 200);
    r->w.ca_is_down = state == PROCESSING;
    /* Behind an order whose CA was away, the session is in a pause of minutes. */
    ido_world_run(&r->w, (state == PROCESSING ? 120 : 1200) * WORLD_S);
  }
  if (state == CANCELED) {
    end_delegation(r);
  }
  assert_state(r, state);
}

/* --- What is refused --- */

typedef struct refusal {
  const char *path;    /* behind the order's URL */
  const char *payload; /* NULL: a good CSR; "!": a bad one */
  struct {
    int status; /* 0: not refused */
    const char *type;
  } answers[STATES];
} refusal;

#define NOT_READY                                                                                                      \
  {                                                                                                                    \
    403, "orderNotReady"                                                                                               \
  }
#define MALFORMED                                                                                                      \
  {                                                                                                                    \
    400, "malformed"                                                                                                   \
  }
#define NOT_YOURS                                                                                                      \
  {                                                                                                                    \
    403, "unauthorized"                                                                                                \
  }
#define ALWAYS(what)                                                                                                   \
  {                                                                                                                    \
    what, what, what, what, what                                                                                       \
  }

static const refusal refusals[] = {
    {"/finalize", NULL, {{0, ""}, NOT_READY, NOT_READY, NOT_READY, NOT_READY}},
    {"/finalize", "!", {{0, ""}, NOT_READY, NOT_READY, NOT_READY, NOT_READY}},
    {"/finalize", "{}", {MALFORMED, NOT_READY, NOT_READY, NOT_READY, NOT_READY}},
    {"/finalize", "{\"csr\":7}", {MALFORMED, NOT_READY, NOT_READY, NOT_READY, NOT_READY}},
    /* STARDEL-2.3.6.1-02: whatever state it is in */
    {"", "{\"status\":\"canceled\"}", ALWAYS(NOT_YOURS)},
    {"", "{\"status\":\"valid\"}", ALWAYS(MALFORMED)},
    {"", "{\"status\":\"invalid\"}", ALWAYS(MALFORMED)},
    {"", "{\"status\":\"cancelled\"}", ALWAYS(MALFORMED)},
    {"", "{\"status\":7}", ALWAYS(MALFORMED)},
    {"", "{}", ALWAYS(MALFORMED)},
};

static const char *payload_for(const rig *r, const char *payload)
{
  return payload == NULL ? r->good : strcmp(payload, "!") == 0 ? r->bad : payload;
}

static void check_refusals(rig *r, order_state state)
{
  snapshot before = look(r);

  for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
    const refusal *f = &refusals[i];
    snapshot after;
    char url[512];

    if (f->answers[state].status == 0) {
      continue;
    }
    (void)snprintf(url, sizeof(url), "%s%s", r->url, f->path);
    print_message("%s: %s %.40s\n", state_names[state], f->path, payload_for(r, f->payload));
    (void)acme_peer_post(&r->w.ndc[0], url, payload_for(r, f->payload));
    acme_peer_assert_problem(&r->w.ndc[0], f->answers[state].status, f->answers[state].type);
    after = look(r);
    assert_same(&before, &after, f->path);
  }
  assert_int_equal(acme_peer_get(&r->w.ndc[0], r->url), 405);
}

/* Another delegate is told the same as of an order that does not exist, in every state, and gets no word of it. */
static void check_foreign(rig *r, order_state state)
{
  static const char *const paths[] = {"", "", "/finalize", "/finalize"};
  const char *const payloads[] = {"", "{\"status\":\"canceled\"}", r->good, r->bad};
  acme_peer *other = &r->w.ndc[1];
  snapshot before = look(r);
  snapshot after;

  for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
    char url[512];
    char said[512];

    (void)snprintf(url, sizeof(url), WORLD_IDO "/order/AAAAAAAAAAAAAAAAAAAAAA%s", paths[i]);
    (void)acme_peer_post(other, url, payloads[i]);
    acme_peer_assert_problem(other, 403, "unauthorized");
    (void)snprintf(said, sizeof(said), "%s", other->body);
    (void)snprintf(url, sizeof(url), "%s%s", r->url, paths[i]);
    (void)acme_peer_post(other, url, payloads[i]);
    acme_peer_assert_problem(other, 403, "unauthorized");
    assert_string_equal(other->body, said);
    assert_null(acme_peer_header(other, "Location"));
    assert_null(acme_peer_header(other, "Retry-After"));
  }
  /* its delegation, by name: not to be seen, nothing to be ordered */
  (void)snprintf(r->w.cnames, sizeof(r->w.cnames), WORLD_IDO "/delegation/%s", r->delegation);
  assert_true(acme_peer_fetch(other, r->w.cnames) >= 400);
  assert_null(strstr(other->body, "template"));
  (void)acme_peer_post(other, WORLD_IDO "/new-order", payload_of(r, true));
  acme_peer_assert_problem(other, 403, "unknownDelegation");
  (void)snprintf(r->w.cnames, sizeof(r->w.cnames), "%s/orders", other->kid);
  assert_int_equal(acme_peer_fetch(other, r->w.cnames), 200);
  assert_int_equal(sdg_json_count(sdg_json_member(other->json, "orders")), 0);
  r->w.cnames[0] = '\0';
  after = look(r);
  assert_same(&before, &after, state_names[state]);
}

/* STARDEL-2.3.6.1-02, STARDEL-7.2-05 */
static void test_refused(void **state)
{
  static rig r;

  (void)state;
  begin(&r);
  for (int star = 0; star < 2; star++) {
    for (order_state s = READY; s < STATES; s++) {
      if (s == CANCELED && star == 0) {
        continue; /* there is no such state without auto-renewal */
      }
      reach(&r, star != 0, s);
      check_refusals(&r, s);
      check_foreign(&r, s);
      assert_state(&r, s);
      r.w.ca_is_down = false;
    }
  }
  end(&r);
}

/* --- What leads on --- */

typedef enum happening {
  FINALIZE_GOOD,
  FINALIZE_BAD,
  CA_ANSWERS, /* it is up again, and issues */
  END,        /* of the delegation, by the owner */
  END_TWICE,
  SHUT_OUT,    /* the delegate's account is deactivated, by itself */
  TIME_PASSES, /* as long as an order may be unfinished; the CA is away */
  RESTART      /* of the owner's process: nothing at all */
} happening;

typedef struct transition {
  order_state from;
  happening what;
  order_state star;
  order_state plain;
  const char *error; /* type, "" without; NULL: as it was */
} transition;

#define GONE "unknownDelegation"

static const transition transitions[] = {
    /* STARDEL-2.2-03, -04 */
    {READY, FINALIZE_GOOD, PROCESSING, PROCESSING, ""},
    {READY, FINALIZE_BAD, INVALID, INVALID, "rejectedIdentifier"},
    {READY, END, INVALID, INVALID, GONE},
    {READY, SHUT_OUT, INVALID, INVALID, GONE},
    {READY, TIME_PASSES, INVALID, INVALID, "malformed"},
    {READY, CA_ANSWERS, READY, READY, ""},
    {READY, RESTART, READY, READY, ""},
    {PROCESSING, CA_ANSWERS, VALID, VALID, ""},
    {PROCESSING, END, INVALID, INVALID, GONE},
    {PROCESSING, SHUT_OUT, INVALID, INVALID, GONE},
    {PROCESSING, TIME_PASSES, INVALID, INVALID, "serverInternal"},
    {PROCESSING, RESTART, PROCESSING, PROCESSING, ""},
    /* STARDEL-2.3.6.1-01, STARDEL-2.3.6.2-01 */
    {VALID, END, CANCELED, INVALID, GONE},
    {VALID, END_TWICE, CANCELED, INVALID, GONE},
    {VALID, SHUT_OUT, CANCELED, INVALID, GONE},
    {VALID, TIME_PASSES, VALID, VALID, ""},
    {VALID, RESTART, VALID, VALID, ""},
    {INVALID, CA_ANSWERS, INVALID, INVALID, NULL},
    {INVALID, END, INVALID, INVALID, NULL},
    {INVALID, SHUT_OUT, INVALID, INVALID, NULL},
    {INVALID, TIME_PASSES, INVALID, INVALID, NULL},
    {CANCELED, CA_ANSWERS, CANCELED, CANCELED, ""},
    {CANCELED, END, CANCELED, CANCELED, ""},
    {CANCELED, SHUT_OUT, CANCELED, CANCELED, ""},
    {CANCELED, TIME_PASSES, CANCELED, CANCELED, ""},
    {CANCELED, RESTART, CANCELED, CANCELED, ""},
};

static void happen(rig *r, happening what)
{
  switch (what) {
  case FINALIZE_GOOD:
    assert_int_equal(ido_world_finalize(&r->w, 0, r->url, r->good), 200);
    return;
  case FINALIZE_BAD:
    assert_int_equal(ido_world_finalize(&r->w, 0, r->url, r->bad), 403);
    return;
  case CA_ANSWERS:
    r->w.ca_is_down = false;
    ido_world_run(&r->w, 3600 * WORLD_S);
    return;
  case END_TWICE:
    end_delegation(r);
    end_delegation(r);
    return;
  case END:
    end_delegation(r);
    return;
  case SHUT_OUT:
    assert_int_equal(acme_peer_post(&r->w.ndc[0], r->w.ndc[0].kid, "{\"status\":\"deactivated\"}"), 200);
    ido_world_run(&r->w, 120 * WORLD_S);
    return;
  case TIME_PASSES:
    r->w.ca_is_down = true;
    ido_world_run(&r->w, PENDING_S * WORLD_S + WORLD_DAY); /* and the longest pause between two tries */
    return;
  case RESTART:
    ido_world_restart(&r->w);
    ido_world_run(&r->w, 120 * WORLD_S);
    return;
  }
}

static void assert_error(rig *r, const char *type)
{
  sdg_ido_order order;
  const char *text;

  assert_ok(sdg_ido_order_load(r->w.real, id_of(r->url), &order));
  text = order.wire.error != NULL ? sdg_json_string(sdg_json_member(order.wire.error, "type")) : "";
  text = strrchr(text, ':') != NULL ? strrchr(text, ':') + 1 : text;
  assert_string_equal(text, type);
  sdg_ido_order_clear(&order);
}

static void walk(const transition *t, bool star)
{
  static rig r;

  print_message("%s: %d, %s\n", state_names[t->from], (int)t->what, star ? "STAR" : "plain");
  begin(&r);
  reach(&r, star, t->from);
  happen(&r, t->what);
  assert_state(&r, star ? t->star : t->plain);
  if (t->error != NULL) {
    assert_error(&r, (star ? t->star : t->plain) == INVALID ? t->error : "");
  }
  /* STARDEL-7.2-04: after an end the CA has no order left that is valid, but for single certificates, which it has
   * been asked to revoke */
  if (star && (t->what == END || t->what == END_TWICE || t->what == SHUT_OUT)) {
    assert_int_equal(ido_world_ca_valid(&r.w), 0);
  }
  end(&r);
}

static void test_transitions(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
    walk(&transitions[i], true);
    if (transitions[i].from != CANCELED) {
      walk(&transitions[i], false);
    }
  }
}

/* No state is for ever: whichever an order has come to, it ends by itself, and its record goes. */
static void test_no_dead_ends(void **state)
{
  static rig r;

  (void)state;
  begin(&r);
  for (order_state s = READY; s < STATES; s++) {
    reach(&r, true, s);
    r.w.ca_is_down = false;
  }
  reach(&r, true, PROCESSING);
  r.w.ca_is_down = true; /* for good */
  assert_int_equal(ido_world_count(&r.w, "order"), STATES + 1);
  for (int day = 0; day < 59 + 10 + 1; day++) {
    ido_world_run(&r.w, WORLD_DAY);
  }
  assert_int_equal(ido_world_count(&r.w, "order"), 0);
  (void)acme_peer_fetch(&r.w.ndc[0], r.url);
  acme_peer_assert_problem(&r.w.ndc[0], 403, "unauthorized");
  end(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_transitions),
      cmocka_unit_test(test_no_dead_ends),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

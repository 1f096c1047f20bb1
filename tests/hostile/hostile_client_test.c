/* SPDX-License-Identifier: Apache-2.0 */
/* hostile_client_test.c -- an order at a CA that answers anything but what it should, once or always.
 *
 * Whatever comes: requests go to the CA's own origin only, they do not come in storms, a solver sees clean tokens only
 * (support/order_rig.c asserts it), nothing is left behind, and the order ends or waits for a better answer. */
#include "support/order_rig.h"

#include "base/bytes.h"
#include "base/time.h"

#define HUGE_LEN (10u << 20)
#define ASKED_MAX 200u
#define PLAIN_STEPS 10u /* exchanges of an order that nobody spoils */

/* What the CA does with one of its answers. */
typedef struct spoiling {
  const char *what;
  int status;         /* 0: as it should be */
  const char *header; /* one more, or the only one of its name */
  const char *value;  /* of |header|; "HUGE": 10 MB */
  const char *body;   /* instead; "HUGE": 10 MB; NULL: the right one, changed by |change| */
  void (*change)(char *body, size_t room, unsigned seed);
  stardeleg_transport_failure failure; /* no answer at all */
  bool no_nonce;
} spoiling;

typedef struct hostile {
  order_rig rig;
  const spoiling *how;
  size_t at; /* which answer; SIZE_MAX: all */
  size_t asked;
  unsigned seed;
  unsigned solved; /* challenges that were answered */
  bool finalized;
  unsigned polls;
} hostile;

static char huge[HUGE_LEN + 1];

/* --- The right answers --- */

static void write_authz(hostile *h, unsigned n)
{
  char challenge[300];

  (void)snprintf(challenge, sizeof(challenge),
                 "{\"type\":\"http-01\",\"url\":\"" RIG_BASE "/chall/%u\",\"token\":\"token%u\",\"status\":\"%s\"}", n,
                 n, h->solved >= n ? "valid" : "pending");
  (void)order_rig_authz(&h->rig, h->solved >= n ? "valid" : "pending", n == 1 ? "a.ido.example" : "b.ido.example",
                        challenge);
}

/* Returns the status; the body is in the rig. */
static int answer_rightly(hostile *h, const char *method, const char *url)
{
  const char *path = url + strlen(RIG_BASE);

  h->rig.body[0] = '\0';
  if (strcmp(path, "/directory") == 0) {
    (void)snprintf(h->rig.body, sizeof(h->rig.body),
                   "{\"newNonce\":\"" RIG_BASE "/nonce\",\"newAccount\":\"" RIG_BASE
                   "/account\",\"newOrder\":\"" RIG_BASE "/new-order\"}");
    return 200;
  }
  if (strcmp(path, "/nonce") == 0) {
    return strcmp(method, "HEAD") == 0 ? 200 : 204;
  }
  if (strcmp(path, "/new-order") == 0) {
    (void)order_rig_order(&h->rig, "pending", 2, NULL);
    return 201;
  }
  if (strncmp(path, "/authz/", 7) == 0) {
    write_authz(h, (unsigned)(path[7] - '0'));
    return 200;
  }
  if (strncmp(path, "/chall/", 7) == 0) {
    unsigned n = (unsigned)(path[7] - '0');

    h->solved = n > h->solved ? n : h->solved;
    (void)snprintf(
        h->rig.body, sizeof(h->rig.body),
        "{\"type\":\"http-01\",\"url\":\"" RIG_BASE "/chall/%u\",\"token\":\"token%u\",\"status\":\"valid\"}", n, n);
    return 200;
  }
  if (strcmp(path, "/order/1/finalize") == 0) {
    h->finalized = true;
    (void)order_rig_order(&h->rig, "processing", 2, NULL);
    return 200;
  }
  assert_string_equal(path, "/order/1");
  if (h->finalized) {
    (void)order_rig_order(&h->rig, "valid", 2, ",\"certificate\":\"" RIG_CERTIFICATE "\"");
  } else {
    (void)order_rig_order(&h->rig, h->solved == 2 ? "ready" : "pending", 2, NULL);
  }
  return 200;
}

/* --- Spoiled --- */

static void send(hostile *h, const stardeleg_ask *ask, int status, const spoiling *how)
{
  stardeleg_http_header list[4];
  stardeleg_http_response response = {.status = status, .headers = list};
  stardeleg_outcome outcome = {.response = &response};
  char nonce[32];
  size_t n = 0;
  bool own_location = how != NULL && how->header != NULL && strcmp(how->header, "Location") == 0;

  (void)snprintf(nonce, sizeof(nonce), "fresh%zu", h->asked);
  if (how != NULL && how->failure != STARDELEG_TRANSPORT_OK) {
    outcome = (stardeleg_outcome){.failure = how->failure, .failure_text = "cut\x1b[2J\n$(id)"};
    assert_ok(h->rig.engine.answer(&h->rig, ask->id, &outcome, h->rig.server.now));
    return;
  }
  if (how == NULL || !how->no_nonce) {
    list[n++] = (stardeleg_http_header){SDG_BYTES_LITERAL("Replay-Nonce"), sdg_bytes_str(nonce)};
  }
  if (status == 201 && !own_location) {
    list[n++] = (stardeleg_http_header){SDG_BYTES_LITERAL("Location"), SDG_BYTES_LITERAL(RIG_ORDER)};
  }
  if (how != NULL && how->header != NULL) {
    list[n++] = (stardeleg_http_header){sdg_bytes_str(how->header), strcmp(how->value, "HUGE") == 0
                                                                        ? sdg_bytes(huge, HUGE_LEN)
                                                                        : sdg_bytes_str(how->value)};
  }
  response.header_count = n;
  response.body = sdg_bytes_str(h->rig.body);
  if (how != NULL && how->body != NULL) {
    response.body = strcmp(how->body, "HUGE") == 0 ? sdg_bytes(huge, HUGE_LEN) : sdg_bytes_str(how->body);
  } else if (how != NULL && how->change != NULL) {
    how->change(h->rig.body, sizeof(h->rig.body), h->seed);
    response.body = sdg_bytes_str(h->rig.body);
  }
  assert_ok(h->rig.engine.answer(&h->rig, ask->id, &outcome, h->rig.server.now));
}

/* At most two days and ASKED_MAX exchanges, or until nothing more is wanted.  Returns how many exchanges there were in
 * the busiest hour. */
static size_t play(hostile *h)
{
  const stardeleg_time end = h->rig.server.now + 2 * SDG_TIME_DAY;
  stardeleg_time hour = h->rig.server.now;
  size_t in_hour = 0;
  size_t most = 0;

  while (h->rig.server.now < end && h->asked < ASKED_MAX) {
    stardeleg_ask ask;

    assert_ok(h->rig.engine.next(&h->rig, &ask, h->rig.server.now));
    if (ask.want == STARDELEG_WANT_WAIT) {
      assert_true(ask.until > h->rig.server.now); /* field row 1: a pause is never nothing */
      h->rig.server.now = ask.until < end ? ask.until : end;
      continue;
    }
    assert_true(strncmp(ask.request.url, RIG_BASE "/", strlen(RIG_BASE) + 1) == 0); /* nobody else is asked */
    if (h->rig.server.now - hour >= SDG_TIME_HOUR) {
      hour = h->rig.server.now;
      in_hour = 0;
    }
    most = ++in_hour > most ? in_hour : most;
    {
      int status = answer_rightly(h, ask.request.method, ask.request.url);
      bool spoil = h->how != NULL && (h->at == SIZE_MAX || h->at == h->asked);

      h->asked++;
      send(h, &ask, spoil && h->how->status != 0 ? h->how->status : status, spoil ? h->how : NULL);
    }
  }
  return most;
}

static hostile *begin(const spoiling *how, size_t at, unsigned seed)
{
  static hostile h;

  memset(&h, 0, sizeof(h));
  order_rig_begin(&h.rig, NULL);
  h.rig.flow.backoff_min_ms = 1000;
  h.how = how;
  h.at = at;
  h.seed = seed;
  return &h;
}

static void finish(hostile *h, const char *what, size_t at)
{
  if (h->rig.flow.state != SDG_FLOW_VALID && h->rig.flow.state != SDG_FLOW_FAILED) {
    /* still waiting for a better answer: given up by whoever owns the order */
    sdg_order_flow_cancel(&h->rig.flow);
    sdg_agent_set_due(h->rig.agent, &h->rig.job, h->rig.server.now);
    h->how = NULL;
    h->asked = 0;
    (void)play(h);
  }
  if (h->rig.shown != 0) {
    fail_msg("%s at %zu leaves a challenge behind in %s", what, at, sdg_flow_state_name(h->rig.flow.state));
  }
  order_rig_end(&h->rig);
}

/* Each spoiling once at every place; then always. */
static void walk(const spoiling *list, size_t count, bool must_recover)
{
  for (size_t i = 0; i < count; i++) {
    for (size_t at = 0; at <= PLAIN_STEPS; at++) {
      hostile *h = begin(&list[i], at == PLAIN_STEPS ? SIZE_MAX : at, (unsigned)at);
      size_t most = play(h);

      if (most >= ASKED_MAX) {
        fail_msg("%s at %zu: %zu requests in an hour", list[i].what, at, most);
      }
      if (must_recover && at < PLAIN_STEPS && h->rig.flow.state != SDG_FLOW_VALID) {
        fail_msg("%s at %zu: %s, %s", list[i].what, at, sdg_flow_state_name(h->rig.flow.state),
                 h->rig.flow.problem.detail);
      }
      finish(h, list[i].what, at);
    }
  }
}

#define WALK(list, recover) walk(list, sizeof(list) / sizeof((list)[0]), recover)

/* --- The rows --- */

static void plain_order(void **state)
{
  hostile *h = begin(NULL, 0, 0);

  (void)state;
  (void)play(h);
  assert_int_equal(h->rig.flow.state, SDG_FLOW_VALID);
  assert_int_equal(h->rig.presents, 2);
  assert_in_range(h->asked, 8, 20);
  finish(h, "nothing", 0);
}

/* Lost, cut and slow answers are asked for again. */
static void field_13_lost_answers(void **state)
{
  static const spoiling list[] = {
      {.what = "timeout", .failure = STARDELEG_TRANSPORT_TIMEOUT},
      {.what = "connect", .failure = STARDELEG_TRANSPORT_CONNECT},
      {.what = "broken", .failure = STARDELEG_TRANSPORT_BROKEN},
      {.what = "tls", .failure = STARDELEG_TRANSPORT_TLS},
      {.what = "too large", .failure = STARDELEG_TRANSPORT_TOO_LARGE},
      {.what = "500", .status = 500, .body = "<html>oops</html>"},
      {.what = "502", .status = 502, .body = ""},
      {.what = "503", .status = 503, .header = "Retry-After", .value = "7", .body = "{}"},
  };

  (void)state;
  WALK(list, true);
}

/* Row 4: text of the CA stays text. */
static void field_04_text_of_the_ca(void **state)
{
#define PROBLEM(text) "{\"type\":\"urn:ietf:params:acme:error:" text "\",\"detail\":\"" text "\"}"
  static const spoiling list[] = {
      {.what = "shell in detail", .status = 403, .body = PROBLEM("$(touch /tmp/x); `id` | sh")},
      {.what = "newline in detail", .status = 400, .body = PROBLEM("a\\nERROR all is well\\u001b[2J")},
      {.what = "quotes in type",
       .status = 400,
       .body = "{\"type\":\"\\\"><script>alert(1)</script>\",\"detail\":\"x\"}"},
      {.what = "shell in nonce", .header = "Replay-Nonce", .value = "$(id)"},
      {.what = "blank in nonce", .header = "Replay-Nonce", .value = "a b"},
      {.what = "padded nonce", .header = "Replay-Nonce", .value = "YWJj="},
      {.what = "empty nonce", .header = "Replay-Nonce", .value = ""},
      {.what = "10 MB nonce", .header = "Replay-Nonce", .value = "HUGE", .no_nonce = true},
      {.what = "shell in link", .header = "Link", .value = "<https://evil.example/$(id)>;rel=\"index\""},
      {.what = "broken link", .header = "Link", .value = "<<<>>>;;;rel=\"up\",,,<"},
      {.what = "10 MB link", .header = "Link", .value = "HUGE"},
  };

  (void)state;
  WALK(list, false);
#undef PROBLEM
}

static void replace(char *body, size_t room, const char *what, const char *with)
{
  char *at = strstr(body, what);
  char rest[4096];

  if (at != NULL && strlen(body) + strlen(with) < room) {
    (void)snprintf(rest, sizeof(rest), "%s", at + strlen(what));
    (void)snprintf(at, room - (size_t)(at - body), "%s%s", with, rest);
  }
}

/* Row 5: a token that is no token reaches no solver; order_rig asserts that of each call. */
static void field_05_token(char *body, size_t room, unsigned seed)
{
  static const char *const tokens[] = {"../../etc/passwd", "..",  "a/b",       "a\\u0000b", "a\\nb", "$(id)", "`id`",
                                       "tok.en",           "%2e", "t\\u00f6k", " ",         "",      "a=",    "a+b"};

  replace(body, room, "token1", tokens[seed % (sizeof(tokens) / sizeof(tokens[0]))]);
  replace(body, room, "token2", tokens[(seed + 1) % (sizeof(tokens) / sizeof(tokens[0]))]);
}

static void field_05_token_with_dots(void **state)
{
  const spoiling one = {.what = "token", .change = field_05_token};

  (void)state;
  for (unsigned seed = 0; seed < 14; seed++) {
    hostile *h = begin(&one, SIZE_MAX, seed);

    (void)play(h);
    assert_int_equal(h->rig.flow.state, SDG_FLOW_FAILED);
    assert_int_equal(h->rig.presents, 0);
    finish(h, "token", seed);
  }
}

/* Row 6, and row 1: no value makes a pause of nothing or of years. */
static void field_06_retry_after(void **state)
{
  static const char *const values[] = {"-1",
                                       "0",
                                       "9223372036854775807",
                                       "99999999999999999999999999",
                                       "1e9",
                                       "Thu, 01 Jan 1970 00:00:00 GMT",
                                       "Fri, 31 Dec 9999 23:59:59 GMT",
                                       "Xxx, 99 Foo 0000 99:99:99 GMT",
                                       "",
                                       "120, 7",
                                       "HUGE"};

  (void)state;
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    const spoiling list[] = {
        {.what = values[i], .status = 503, .header = "Retry-After", .value = values[i], .body = "{}"},
        {.what = values[i],
         .status = 429,
         .header = "Retry-After",
         .value = values[i],
         .body = "{\"type\":\"urn:ietf:params:acme:error:rateLimited\"}"},
        {.what = values[i], .header = "Retry-After", .value = values[i]},
    };

    WALK(list, true);
  }
}

/* Row 9: answers without a usable nonce are no reason to hammer newNonce. */
static void field_09_no_nonce_at_all(void **state)
{
  const spoiling list[] = {{.what = "no nonce", .no_nonce = true},
                           {.what = "no nonce, 204", .status = 204, .body = "", .no_nonce = true}};

  (void)state;
  WALK(list, false);
}

/* Row 9: badNonce for ever is a few tries with a nonce each, then a pause. */
static void field_09_bad_nonce_for_ever(void **state)
{
  const spoiling bad = {
      .what = "badNonce", .status = 400, .body = "{\"type\":\"urn:ietf:params:acme:error:badNonce\"}"};
  hostile *h = begin(&bad, SIZE_MAX, 0);
  size_t most = play(h);

  (void)state;
  assert_in_range(most, 2, ASKED_MAX - 1);
  assert_int_equal(h->finalized, false);
  finish(h, "badNonce", SIZE_MAX);
  walk(&bad, 1, true);
}

/* Rows 21 and 4: nobody sends us anywhere else. */
static void field_21_redirects(void **state)
{
  static const char *const targets[] = {"http://127.0.0.1/",
                                        "https://169.254.169.254/latest/meta-data",
                                        "//evil.example/",
                                        "https://[::1]/",
                                        "file:///etc/passwd",
                                        "javascript:alert(1)",
                                        "/acme/order/2",
                                        "https://ca.example@evil.example/",
                                        "https://ca.example.evil.example/x",
                                        "",
                                        "HUGE"};

  (void)state;
  for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
    const spoiling list[] = {
        {.what = targets[i], .status = 301, .header = "Location", .value = targets[i], .body = ""},
        {.what = targets[i], .status = 307, .header = "Location", .value = targets[i], .body = ""},
    };

    WALK(list, false);
    if (strcmp(targets[i], "/acme/order/2") != 0) {
      const spoiling created = {.what = targets[i], .header = "Location", .value = targets[i]};
      hostile *h = begin(&created, 0, 0); /* on newOrder, where Location counts */

      (void)play(h);
      finish(h, targets[i], 0);
    }
  }
}

/* URLs inside of objects that lead elsewhere. */
static void lead_elsewhere(char *body, size_t room, unsigned seed)
{
  static const char *const elsewhere[] = {"https://evil.example/acme/", "http://ca.example/acme/",
                                          "https://127.0.0.1/",         "https://ca.example:8443/acme/",
                                          "ftp://ca.example/acme/",     ""};
  static const char *const which[] = {"/authz/1\"", "/order/1/finalize\"", "/chall/1\"", "/cert/1\""};
  const char *to = elsewhere[seed % 6];

  for (size_t i = 0; i < 4; i++) {
    char from[128];
    char with[128];

    (void)snprintf(from, sizeof(from), RIG_BASE "%s", which[i]);
    (void)snprintf(with, sizeof(with), "%s%s", to, which[i] + 1);
    replace(body, room, from, with);
  }
}

static void field_21_urls_elsewhere(void **state)
{
  const spoiling one = {.what = "url", .change = lead_elsewhere};

  (void)state;
  for (unsigned seed = 0; seed < 6; seed++) {
    for (size_t at = 0; at <= PLAIN_STEPS; at++) {
      hostile *h = begin(&one, at == PLAIN_STEPS ? SIZE_MAX : at, seed);

      (void)play(h);
      finish(h, "url", at);
    }
  }
}

/* Row 30, 31, 32: shapes of JSON. */
static void cut(char *body, size_t room, unsigned seed)
{
  (void)room;
  body[strlen(body) * (seed % 11) / 11] = '\0';
}

static void double_member(char *body, size_t room, unsigned seed)
{
  static const char *const names[] = {"status",   "identifiers", "authorizations",
                                      "finalize", "challenges",  "identifier"};
  char with[64];
  char from[64];

  (void)snprintf(from, sizeof(from), "\"%s\":", names[seed % 6]);
  (void)snprintf(with, sizeof(with), "\"%s\":null,\"%s\":", names[seed % 6], names[seed % 6]);
  replace(body, room, from, with);
}

static void drop_member(char *body, size_t room, unsigned seed)
{
  static const char *const names[] = {"status",     "identifiers", "authorizations", "finalize", "challenges",
                                      "identifier", "url",         "token",          "type"};

  (void)room;
  for (size_t i = 0; i < 9; i++) {
    char from[64];

    if ((seed + i) % 9 < 2) {
      (void)snprintf(from, sizeof(from), "\"%s\":", names[i]);
      replace(body, room, from, "\"x-unknown\":");
    }
  }
}

static void other_type(char *body, size_t room, unsigned seed)
{
  static const char *const values[] = {
      "null", "true", "-1", "1e999999999", "[]", "{}", "\"\"", "[[[[]]]]", "99999999999999999999999", "\"\\ud800\""};
  char from[64];
  char with[64];

  (void)snprintf(from, sizeof(from), "\"status\":\"");
  (void)snprintf(with, sizeof(with), "\"status\":%s,\"was\":\"", values[seed % 10]);
  replace(body, room, from, with);
}

static void field_31_shapes(void **state)
{
  static char deep[20001];
  const spoiling list[] = {
      {.what = "cut", .change = cut},
      {.what = "doubled", .change = double_member},
      {.what = "dropped", .change = drop_member},
      {.what = "typed", .change = other_type},
      {.what = "deep", .body = deep},
      {.what = "10 MB", .body = "HUGE"},
      {.what = "not UTF-8", .body = "{\"status\":\"\xff\xfe\"}"},
      {.what = "number", .body = "1e999999999"},
      {.what = "nothing", .body = ""},
      {.what = "HTML", .body = "<!doctype html><title>Captive portal</title>"},
      {.what = "zero", .body = "{\"status\":\"valid\\u0000\"}"},
      {.what = "204", .status = 204, .body = ""},
      {.what = "418", .status = 418, .body = "{\"type\":7,\"detail\":[],\"subproblems\":{}}"},
      {.what = "early", .status = 103, .body = ""},
  };

  (void)state;
  memset(deep, '[', sizeof(deep) - 1);
  WALK(list, false);
}

/* Row 11: every status of order and authorizations, any number of them, in any order of events. */
static void any_status(char *body, size_t room, unsigned seed)
{
  static const char *const words[] = {"pending",  "ready",   "processing",  "valid",   "invalid",
                                      "canceled", "expired", "deactivated", "revoked", "Valid"};
  static const char *const was[] = {"pending", "ready", "processing", "valid"};
  char from[64];
  char with[64];

  for (size_t i = 0; i < 4; i++) {
    (void)snprintf(from, sizeof(from), "\"status\":\"%s\"", was[i]);
    if (strstr(body, from) != NULL) {
      (void)snprintf(with, sizeof(with), "\"status\":\"%s\"", words[seed % 10]);
      replace(body, room, from, with);
      return;
    }
  }
}

static void field_11_any_status(void **state)
{
  const spoiling one = {.what = "status", .change = any_status};

  (void)state;
  for (unsigned seed = 0; seed < 10; seed++) {
    for (size_t at = 0; at <= PLAIN_STEPS; at++) {
      hostile *h = begin(&one, at == PLAIN_STEPS ? SIZE_MAX : at, seed);

      h->rig.restarts = at % 2 == 0;
      (void)play(h); /* polls every 30 s for a day at most are in order */
      finish(h, "status", at);
    }
  }
}

#define T(fn) cmocka_unit_test(fn)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(plain_order),
      T(field_13_lost_answers),
      T(field_04_text_of_the_ca),
      T(field_05_token_with_dots),
      T(field_06_retry_after),
      T(field_09_no_nonce_at_all),
      T(field_09_bad_nonce_for_ever),
      T(field_21_redirects),
      T(field_21_urls_elsewhere),
      T(field_31_shapes),
      T(field_11_any_status),
  };

  memset(huge, 'A', HUGE_LEN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* support/scripted.c -- drives an engine by hand. */
#include "support/scripted.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "json/json.h"

void scripted_clear(scripted *s)
{
  free(s->body);
  free(s->payload);
  s->body = NULL;
  s->payload = NULL;
  s->header[0] = '\0';
}

static char *decode(const sdg_json *tree, const char *name)
{
  sdg_buf out;
  char *text = NULL;

  sdg_buf_init(&out, 1u << 20);
  assert_ok(sdg_base64url_read(&out, sdg_bytes_str(sdg_json_string(sdg_json_member(tree, name)))));
  assert_ok(sdg_buf_take(&out, &text, NULL));
  sdg_buf_clear(&out);
  return text;
}

static void read_jws(scripted *s)
{
  sdg_json *tree = NULL;
  char *header;

  if (sdg_json_parse(&tree, sdg_bytes_str(s->body), NULL, NULL) != STARDELEG_OK) {
    return;
  }
  if (sdg_json_member(tree, "protected") != NULL) {
    header = decode(tree, "protected");
    (void)snprintf(s->header, sizeof(s->header), "%.255s", header);
    free(header);
    s->payload = decode(tree, "payload");
  }
  sdg_json_free(tree);
}

/* Nonces that were not used for long are thrown away. */
static bool may_want_nonce(const scripted *s, const stardeleg_ask *ask, const char *method)
{
  return ask->want == STARDELEG_WANT_EXCHANGE && strcmp(ask->request.method, "HEAD") == 0 &&
         strcmp(method, "POST") == 0 && (s->now > s->nonce_at + 7200000 || s->now < s->nonce_at);
}

/* The exchange that is wanted becomes the open one. */
static void take(scripted *s, stardeleg_ask *ask, const char *method, const char *url)
{
  if (may_want_nonce(s, ask, method)) {
    s->id = ask->id;
    (void)snprintf(s->method, sizeof(s->method), "HEAD");
    scripted_answer(s, 200, NULL, NULL);
    assert_ok(s->engine->next(s->engine->self, ask, s->now));
  }
  if (ask->want != STARDELEG_WANT_EXCHANGE) {
    fail_msg("expected %s %s, but the engine waits", method, url);
  }
  s->id = ask->id;
  (void)snprintf(s->method, sizeof(s->method), "%s", ask->request.method);
  (void)snprintf(s->url, sizeof(s->url), "%s", ask->request.url);
  assert_string_equal(s->method, method);
  assert_string_equal(s->url, url);
  if (ask->request.body.len > 0) {
    s->body = malloc(ask->request.body.len + 1);
    assert_non_null(s->body);
    memcpy(s->body, ask->request.body.base, ask->request.body.len);
    s->body[ask->request.body.len] = '\0';
    read_jws(s);
  }
}

/* What a client has to ask again every now and then. */
static bool is_by_the_way(const scripted *s, const stardeleg_ask *ask)
{
  return s->directory != NULL && ask->want == STARDELEG_WANT_EXCHANGE &&
         (strcmp(ask->request.method, "HEAD") == 0 || strstr(ask->request.url, "/directory") != NULL);
}

stardeleg_time scripted_await(scripted *s, const char *method, const char *url, int64_t max_ms)
{
  stardeleg_time end = s->now + max_ms;
  stardeleg_ask ask;

  scripted_clear(s);
  assert_ok(s->engine->next(s->engine->self, &ask, s->now));
  while (is_by_the_way(s, &ask) || (ask.want == STARDELEG_WANT_WAIT && ask.until <= end)) {
    if (ask.want == STARDELEG_WANT_WAIT) {
      assert_true(ask.until > s->now);
      s->now = ask.until;
    } else {
      s->id = ask.id;
      (void)snprintf(s->method, sizeof(s->method), "%s", ask.request.method);
      scripted_answer(s, 200, NULL, strcmp(s->method, "HEAD") == 0 ? NULL : s->directory);
    }
    assert_ok(s->engine->next(s->engine->self, &ask, s->now));
  }
  take(s, &ask, method, url);
  return s->now;
}

void scripted_expect(scripted *s, const char *method, const char *url)
{
  stardeleg_ask ask;

  scripted_clear(s);
  assert_ok(s->engine->next(s->engine->self, &ask, s->now));
  take(s, &ask, method, url);
}

stardeleg_time scripted_wait(scripted *s)
{
  stardeleg_ask ask;

  assert_ok(s->engine->next(s->engine->self, &ask, s->now));
  if (ask.want != STARDELEG_WANT_WAIT) {
    fail_msg("expected a wait, but the engine asks %s %s", ask.request.method, ask.request.url);
  }
  return ask.until;
}

void scripted_sleep(scripted *s, int64_t max_ms)
{
  stardeleg_time until = scripted_wait(s);

  assert_true(until > s->now);
  assert_true(until <= s->now + max_ms);
  s->now = until;
}

void scripted_answer(scripted *s, int status, const char *const *headers, const char *body)
{
  stardeleg_http_header list[16];
  stardeleg_http_response response = {0};
  stardeleg_outcome outcome = {0};
  char nonce[32];
  size_t n = 0;
  bool has_nonce = false;

  for (; headers != NULL && headers[n] != NULL; n++) {
    const char *colon = strchr(headers[n], ':');

    list[n].name = sdg_bytes(headers[n], (size_t)(colon - headers[n]));
    list[n].value = sdg_bytes_str(colon + 2);
    has_nonce = has_nonce || sdg_bytes_is_nocase(list[n].name, "Replay-Nonce");
  }
  if (!has_nonce && strcmp(s->method, "GET") != 0) {
    (void)snprintf(nonce, sizeof(nonce), "nonce%u", ++s->nonces);
    list[n].name = sdg_bytes_str("Replay-Nonce");
    list[n++].value = sdg_bytes_str(nonce);
    s->nonce_at = s->now;
  }
  response.status = status;
  response.headers = list;
  response.header_count = n;
  response.body = sdg_bytes_str(body);
  outcome.response = &response;
  assert_ok(s->engine->answer(s->engine->self, s->id, &outcome, s->now));
}

void scripted_lose(scripted *s, stardeleg_transport_failure failure)
{
  stardeleg_outcome outcome = {0};

  outcome.failure = failure;
  outcome.failure_text = "lost on the way";
  assert_ok(s->engine->answer(s->engine->self, s->id, &outcome, s->now));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* transport/script.c -- an engine that asks for a list of requests at once and keeps what came of them. */
#include "support/test.h"

#include "script.h"

#include <strings.h>

void script_init(script *list)
{
  memset(list, 0, sizeof(*list));
  list->steps = calloc(SCRIPT_MAX, sizeof(list->steps[0]));
  assert_non_null(list->steps);
  list->until = STARDELEG_TIME_NEVER;
}

void script_clear(script *list)
{
  for (size_t i = 0; i < list->count; i++) {
    free(list->steps[i].answer);
  }
  free(list->steps);
  list->steps = NULL;
}

script_step *script_add_url(script *list, const char *method, const char *url)
{
  script_step *step = &list->steps[list->count++];

  assert_true(list->count <= SCRIPT_MAX);
  step->method = method;
  (void)snprintf(step->url, sizeof(step->url), "%s", url);
  return step;
}

script_step *script_add(script *list, const char *method, uint16_t port, const char *path)
{
  char url[300];

  (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", (unsigned)port, path);
  return script_add_url(list, method, url);
}

static stardeleg_err next(void *self, stardeleg_ask *ask, stardeleg_time now)
{
  script *list = self;
  script_step *step;

  (void)now;
  list->wrong_calls += list->in_call ? 1 : 0;
  list->next_calls++;
  if (list->next_error_at < 4 && list->next_errors[list->next_error_at] != STARDELEG_OK) {
    return list->next_errors[list->next_error_at++];
  }
  if (list->asked == list->count) {
    ask->want = STARDELEG_WANT_WAIT;
    ask->until = list->until;
    return STARDELEG_OK;
  }
  step = &list->steps[list->asked++];
  ask->want = STARDELEG_WANT_EXCHANGE;
  ask->id = list->asked;
  ask->request.method = step->method;
  ask->request.url = step->url;
  ask->request.headers = step->headers;
  ask->request.header_count = step->header_count;
  ask->request.response_max = step->response_max;
  if (step->body != NULL) {
    ask->request.body.base = (const uint8_t *)step->body;
    ask->request.body.len = strlen(step->body);
  }
  return STARDELEG_OK;
}

static void keep_response(script_step *step, const stardeleg_http_response *response)
{
  step->status = response->status;
  step->fields = response->header_count;
  for (size_t i = 0; i < response->header_count && i < 110; i++) {
    const stardeleg_http_header *field = &response->headers[i];

    (void)snprintf(step->names[i], sizeof(step->names[i]), "%.*s", (int)field->name.len,
                   (const char *)field->name.base);
    (void)snprintf(step->values[i], sizeof(step->values[i]), "%.*s", (int)field->value.len,
                   (const char *)field->value.base);
  }
  step->answer = malloc(response->body.len + 1);
  assert_non_null(step->answer);
  if (response->body.len > 0) {
    memcpy(step->answer, response->body.base, response->body.len);
  }
  step->answer[response->body.len] = '\0';
  step->answer_len = response->body.len;
}

static stardeleg_err answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  script *list = self;
  script_step *step;
  stardeleg_err rv = list->answer_error;

  (void)now;
  list->answer_error = STARDELEG_OK;
  if (id == 0 || id > list->asked || list->steps[id - 1].answered) {
    list->wrong_calls++;
    return STARDELEG_ERR_ARGUMENT;
  }
  step = &list->steps[id - 1];
  step->answered = true;
  step->failure = outcome->failure;
  if (outcome->failure == STARDELEG_TRANSPORT_OK) {
    assert_non_null(outcome->response);
    keep_response(step, outcome->response);
  } else {
    assert_null(outcome->response);
    (void)snprintf(step->text, sizeof(step->text), "%s", outcome->failure_text != NULL ? outcome->failure_text : "");
  }
  list->answers++;
  return rv;
}

stardeleg_engine script_engine(script *list)
{
  stardeleg_engine engine = {.self = list, .next = next, .answer = answer};

  return engine;
}

int script_done(void *ctx)
{
  const script *list = ctx;

  return list->answers == list->count;
}

const char *script_field(const script_step *step, const char *name)
{
  for (size_t i = 0; i < step->fields && i < 110; i++) {
    if (strcasecmp(step->names[i], name) == 0) {
      return step->values[i];
    }
  }
  return NULL;
}

void script_options(stardeleg_curl_options *options)
{
  stardeleg_curl_options_default(options);
  options->allow_http = 1;
  options->connect_timeout_ms = 60000;
  options->total_timeout_ms = 120000;
}

void script_run(script *list, const stardeleg_curl_options *options)
{
  stardeleg_curl *curl = NULL;
  stardeleg_engine engine = script_engine(list);

  assert_ok(stardeleg_curl_new(&curl, options));
  assert_ok(stardeleg_curl_add(curl, &engine));
  assert_ok(stardeleg_curl_run(curl, script_done, list));
  stardeleg_curl_free(curl);
  assert_int_equal(list->wrong_calls, 0);
}

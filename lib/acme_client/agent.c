/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/agent.c -- the loop of jobs: who is due, what it asks for, where the answer goes. */
#include "acme_client/agent.h"

#include <string.h>

#include "acme/problem_document.h"
#include "acme_client/agent_internal.h"
#include "acme_client/job_heap.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "transport/http_message.h"

#define EXCHANGES_MAX 64u
#define NONCE_TRIES_MAX 10u
#define RESPONSE_MAX (64u * 1024u)
#define REQUEST_MAX (256u * 1024u)
/* The pause after a failure of our own (memory, store): short, because nobody else is to blame. */
#define OWN_FAILURE_PAUSE SDG_TIME_S

/* A request that is out. */
typedef struct exchange {
  uint64_t id;
  sdg_job *job; /* NULL: the job was removed meanwhile */
  char *url;
  bool is_signed;
  bool by_account; /* signed by the session's account */
} exchange;

struct sdg_agent {
  const stardeleg_crypto *crypto;
  const stardeleg_log *log;
  sdg_job_heap heap;
  exchange *open;
  size_t open_count;
  size_t open_max;
  uint64_t last_id;
  /* the request handed out last */
  sdg_buf url;
  sdg_buf body;
  sdg_buf payload;
  stardeleg_http_header headers[3];
  sdg_buf etag;
};

stardeleg_err sdg_agent_new(sdg_agent **out, const stardeleg_crypto *crypto, const stardeleg_log *log)
{
  sdg_agent *agent = sdg_calloc(1, sizeof(*agent));

  if (agent == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  agent->open = sdg_calloc(EXCHANGES_MAX, sizeof(*agent->open));
  if (agent->open == NULL) {
    sdg_free(agent);
    return STARDELEG_ERR_NOMEM;
  }
  agent->crypto = crypto;
  agent->log = log;
  agent->open_max = EXCHANGES_MAX;
  sdg_buf_init(&agent->url, SDG_URL_MAX);
  sdg_buf_init(&agent->body, REQUEST_MAX);
  sdg_buf_init(&agent->payload, REQUEST_MAX);
  sdg_buf_init(&agent->etag, 512);
  *out = agent;
  return STARDELEG_OK;
}

void sdg_agent_free(sdg_agent *agent)
{
  if (agent == NULL) {
    return;
  }
  for (size_t i = 0; i < agent->open_count; i++) {
    sdg_free(agent->open[i].url);
  }
  sdg_free(agent->open);
  sdg_job_heap_clear(&agent->heap);
  sdg_buf_clear(&agent->url);
  sdg_buf_clear(&agent->body);
  sdg_buf_clear(&agent->payload);
  sdg_buf_clear(&agent->etag);
  sdg_free(agent);
}

void sdg_agent_set_exchanges_max(sdg_agent *agent, size_t max)
{
  agent->open_max = max < 1 ? 1 : (max > EXCHANGES_MAX ? EXCHANGES_MAX : max);
}

uint32_t sdg_agent_random(sdg_agent *agent)
{
  uint8_t bytes[4] = {0};

  if (sdg_random(agent->crypto, bytes, sizeof(bytes)) != STARDELEG_OK) {
    return 0;
  }
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* --- Jobs in and out --- */

stardeleg_err sdg_agent_add(sdg_agent *agent, sdg_job *job, stardeleg_time due)
{
  stardeleg_err err = sdg_job_heap_reserve(&agent->heap);

  if (err != STARDELEG_OK) {
    return err;
  }
  job->exchange = 0;
  job->nonce_tries = 0;
  job->parked_next = NULL;
  job->due = due;
  job->place = SDG_PLACE_HEAP;
  sdg_job_heap_push(&agent->heap, job);
  return STARDELEG_OK;
}

/* The heap has room for every job that was ever added, so putting one back cannot fail. */
void sdg_agent_wake(sdg_agent *agent, sdg_job *job, stardeleg_time due)
{
  job->due = due;
  if (job->place == SDG_PLACE_HEAP) {
    sdg_job_heap_moved(&agent->heap, job);
    return;
  }
  job->place = SDG_PLACE_HEAP;
  sdg_job_heap_push(&agent->heap, job);
}

void sdg_agent_set_due(sdg_agent *agent, sdg_job *job, stardeleg_time due)
{
  if (job->place == SDG_PLACE_HEAP) {
    sdg_agent_wake(agent, job, due);
  }
}

bool sdg_agent_has(const sdg_agent *agent, const sdg_job *job)
{
  (void)agent;
  return job->place != SDG_PLACE_NONE;
}

/* Its exchange stays open, and the answer is nobody's. */
static void disown(sdg_agent *agent, sdg_job *job)
{
  for (size_t i = 0; i < agent->open_count; i++) {
    if (agent->open[i].job == job) {
      agent->open[i].job = NULL;
    }
  }
  job->exchange = 0;
}

void sdg_agent_restart(sdg_agent *agent, sdg_job *job, stardeleg_time due)
{
  if (job->place == SDG_PLACE_OPEN) {
    disown(agent, job);
    sdg_agent_wake(agent, job, due);
  } else {
    sdg_agent_set_due(agent, job, due);
  }
}

void sdg_agent_remove(sdg_agent *agent, sdg_job *job)
{
  if (job->place == SDG_PLACE_NONE) {
    return;
  }
  if (job->place == SDG_PLACE_HEAP) {
    sdg_job_heap_remove(&agent->heap, job);
  } else if (job->place == SDG_PLACE_PARKED) {
    sdg_session_unpark(job->session, job);
  }
  disown(agent, job);
  job->place = SDG_PLACE_NONE;
  sdg_job_heap_unreserve(&agent->heap);
  if (job->session != NULL) {
    sdg_session_pass_on(job->session);
  }
}

bool sdg_agent_is_quiet(const sdg_agent *agent, const sdg_job *job)
{
  for (size_t i = 0; i < agent->open_count; i++) {
    const sdg_job *other = agent->open[i].job;

    if (other != NULL && other != job && other->session == job->session) {
      return false;
    }
  }
  return true;
}

/* --- next --- */

static bool is_signed(const sdg_step *step)
{
  return step->kind == SDG_STEP_POST || step->kind == SDG_STEP_FETCH;
}

/* Fills in the request; everything it points to lives in the agent until the next call. */
static stardeleg_err fill_request(sdg_agent *agent, const sdg_step *step, stardeleg_http_request *request)
{
  size_t n = 0;

  sdg_buf_reset(&agent->url);
  sdg_buf_add_str(&agent->url, step->url);
  sdg_buf_reset(&agent->etag);
  if (step->if_none_match != NULL && step->kind == SDG_STEP_GET) {
    sdg_buf_add_str(&agent->etag, step->if_none_match);
    agent->headers[n++] =
        (stardeleg_http_header){SDG_BYTES_LITERAL("If-None-Match"), sdg_buf_bytes(&agent->etag)};
  }
  if (step->accept != NULL) {
    agent->headers[n++] = (stardeleg_http_header){SDG_BYTES_LITERAL("Accept"), sdg_bytes_str(step->accept)};
  }
  memset(request, 0, sizeof(*request));
  if (is_signed(step) || step->kind == SDG_STEP_RAW) {
    agent->headers[n++] = (stardeleg_http_header){SDG_BYTES_LITERAL("Content-Type"),
                                                  SDG_BYTES_LITERAL("application/jose+json")};
    request->method = "POST";
    request->body = sdg_buf_bytes(step->kind == SDG_STEP_RAW ? &agent->payload : &agent->body);
  } else {
    request->method = step->kind == SDG_STEP_HEAD ? "HEAD" : "GET";
  }
  request->url = sdg_buf_str(&agent->url);
  request->headers = agent->headers;
  request->header_count = n;
  request->response_max = step->response_max != 0 ? step->response_max : RESPONSE_MAX;
  request->address = step->address;
  if (sdg_buf_error(&agent->url) != STARDELEG_OK) {
    return sdg_buf_error(&agent->url);
  }
  return sdg_buf_error(&agent->etag);
}

/* Sends the job's step out as an exchange. */
static stardeleg_err open_exchange(sdg_agent *agent, sdg_job *job, const sdg_step *step, stardeleg_ask *ask)
{
  stardeleg_err err;
  char *url;

  if (is_signed(step)) {
    stardeleg_bytes payload = {NULL, 0};

    if (step->kind == SDG_STEP_POST) {
      payload = sdg_buf_bytes(&agent->payload);
    }
    sdg_buf_reset(&agent->body);
    err = sdg_session_sign(job->session, step->signer, step->url, payload, &agent->body);
    if (err != STARDELEG_OK) {
      return err;
    }
  }
  err = fill_request(agent, step, &ask->request);
  if (err != STARDELEG_OK) {
    return err;
  }
  url = sdg_strdup(step->url);
  if (url == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  agent->last_id++;
  agent->open[agent->open_count++] = (exchange){agent->last_id, job, url, is_signed(step), step->signer == NULL};
  job->exchange = agent->last_id;
  job->place = SDG_PLACE_OPEN;
  ask->want = STARDELEG_WANT_EXCHANGE;
  ask->id = agent->last_id;
  return STARDELEG_OK;
}

/* A step that may not go out (foreign origin, bad URL) is answered to the job as the server's fault. */
static stardeleg_err refuse_step(sdg_job *job, const sdg_step *step, stardeleg_time now)
{
  stardeleg_problem problem;
  char text[256];
  sdg_result result = {0};

  sdg_text_escape(text, sizeof(text), sdg_bytes_str(step->url));
  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the server names a URL that may not be used: %s", text);
  problem.status = 0;
  result.err = STARDELEG_ERR_PROTOCOL;
  result.url = step->url;
  result.problem = &problem;
  result.retry_at = STARDELEG_TIME_NONE;
  return job->ops->take(job, &result, now);
}

/* What came of one due job: 1: an exchange is in |ask|; 0: go on with the next job; negative: an error to report. */
static int run_job(sdg_agent *agent, sdg_job *job, stardeleg_ask *ask, stardeleg_time now)
{
  sdg_step step = {0};
  sdg_session_lack lack = SDG_LACK_NOTHING;
  stardeleg_err err;

  sdg_buf_reset(&agent->payload);
  step.payload = &agent->payload;
  err = job->ops->ask(job, &step, now);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&agent->payload);
  }
  if (err != STARDELEG_OK) {
    if (job->place == SDG_PLACE_HEAP) {
      sdg_agent_wake(agent, job, sdg_time_add(now, OWN_FAILURE_PAUSE));
    }
    return (int)err;
  }
  if (job->place == SDG_PLACE_NONE) {
    return 0; /* removed itself */
  }
  if (step.kind == SDG_STEP_DONE) {
    sdg_agent_remove(agent, job);
    return 0;
  }
  if (step.kind == SDG_STEP_WAIT) {
    sdg_agent_wake(agent, job, step.at > now ? step.at : now + 1);
    return 0;
  }
  if (is_signed(&step) || step.kind == SDG_STEP_SESSION) {
    lack = sdg_session_lacks(job->session, job, is_signed(&step), now);
  }
  if (lack != SDG_LACK_NOTHING) {
    sdg_job_heap_remove(&agent->heap, job);
    sdg_session_park(job->session, job, lack);
    return 0;
  }
  if (step.kind == SDG_STEP_SESSION) {
    sdg_agent_wake(agent, job, now);
    return 0;
  }
  if (is_signed(&step) && sdg_session_check_url(job->session, step.url) != STARDELEG_OK) {
    err = refuse_step(job, &step, now);
    if (job->place == SDG_PLACE_HEAP) {
      sdg_agent_wake(agent, job, err != STARDELEG_OK ? sdg_time_add(now, OWN_FAILURE_PAUSE) : now);
    }
    return (int)err;
  }
  err = open_exchange(agent, job, &step, ask);
  if (err != STARDELEG_OK) {
    sdg_agent_wake(agent, job, sdg_time_add(now, OWN_FAILURE_PAUSE));
    return (int)err;
  }
  sdg_job_heap_remove(&agent->heap, job);
  return 1;
}

stardeleg_err sdg_agent_next(sdg_agent *agent, stardeleg_ask *ask, stardeleg_time now)
{
  sdg_job *job;
  int outcome = 0;

  memset(ask, 0, sizeof(*ask));
  while (outcome == 0) {
    if (agent->open_count >= agent->open_max) {
      ask->until = STARDELEG_TIME_NEVER;
      return STARDELEG_OK;
    }
    job = sdg_job_heap_top(&agent->heap);
    if (job == NULL || job->due > now) {
      ask->until = job == NULL ? STARDELEG_TIME_NEVER : job->due;
      return STARDELEG_OK;
    }
    outcome = run_job(agent, job, ask, now);
    if (outcome <= 0 && job->place != SDG_PLACE_NONE && job->session != NULL) {
      sdg_session_pass_on(job->session);
    }
  }
  return outcome > 0 ? STARDELEG_OK : (stardeleg_err)outcome;
}

/* --- answer --- */

static void describe_failure(stardeleg_problem *problem, const stardeleg_outcome *outcome)
{
  static const char *const kinds[] = {"",
                                      "host name not found",
                                      "cannot connect",
                                      "timeout",
                                      "TLS refused",
                                      "answer too large",
                                      "not allowed",
                                      "connection broken"};
  size_t kind = (size_t)outcome->failure;
  char text[256];

  sdg_text_escape(text, sizeof(text), sdg_bytes_str(outcome->failure_text));
  sdg_problem_set(problem, STARDELEG_ACME_NONE, "%s%s%s", kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[kind] : "",
                  text[0] != '\0' ? ": " : "", text);
  problem->status = 0;
}

/* Where people read more: the problem's own instance (RFC 8555 7.3.3: the terms of service to be agreed to), or else
 * what the answer links to as terms or as help (6.6). */
static void add_help(stardeleg_problem *problem, const char *url, const stardeleg_http_response *response)
{
  static const char *const relations[] = {"terms-of-service", "help"};
  sdg_buf link;

  for (size_t i = 0; i < 2 && problem->instance[0] == '\0'; i++) {
    if (i == 0 && problem->acme != STARDELEG_ACME_USER_ACTION_REQUIRED) {
      continue;
    }
    sdg_buf_init(&link, sizeof(problem->instance) - 1);
    if (sdg_http_link(&link, response, relations[i], sdg_bytes_str(url)) == STARDELEG_OK) {
      sdg_text_escape(problem->instance, sizeof(problem->instance), sdg_buf_bytes(&link));
    }
    sdg_buf_clear(&link);
  }
}

static void fill_result(sdg_result *result, stardeleg_problem *problem, const exchange *open,
                        const stardeleg_outcome *outcome, stardeleg_time now)
{
  memset(result, 0, sizeof(*result));
  result->url = open->url;
  result->retry_at = STARDELEG_TIME_NONE;
  if (outcome->failure != STARDELEG_TRANSPORT_OK || outcome->response == NULL) {
    describe_failure(problem, outcome);
    result->err =
        outcome->failure == STARDELEG_TRANSPORT_TOO_LARGE ? STARDELEG_ERR_LIMIT : STARDELEG_ERR_TRANSPORT;
    result->problem = problem;
    return;
  }
  result->response = outcome->response;
  result->status = outcome->response->status;
  result->retry_at = sdg_http_retry_after(outcome->response, now, SDG_TIME_DAY);
  if (result->status >= 200 && (result->status < 300 || result->status == 304)) {
    return;
  }
  sdg_problem_from_response(problem, outcome->response, now);
  add_help(problem, open->url, outcome->response);
  result->problem = problem;
  result->err = result->status >= 400 ? STARDELEG_ERR_PROBLEM : STARDELEG_ERR_PROTOCOL;
}

/* RFC 8555 6.5: a bad nonce is no failure of the step; it goes out again with the nonce of the error response. */
static bool repeat_step(sdg_job *job, const exchange *open, const sdg_result *result, stardeleg_time now)
{
  if (result->err != STARDELEG_ERR_PROBLEM) {
    return false;
  }
  if (sdg_problem_is(result->problem, STARDELEG_ACME_BAD_NONCE) && job->nonce_tries < NONCE_TRIES_MAX) {
    job->nonce_tries++;
    return true;
  }
  if (sdg_problem_is(result->problem, STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST) && job->session != NULL &&
      open->by_account) {
    return sdg_session_account_gone(job->session, now);
  }
  return false;
}

static exchange *find_exchange(sdg_agent *agent, uint64_t id)
{
  for (size_t i = 0; i < agent->open_count; i++) {
    if (agent->open[i].id == id) {
      return &agent->open[i];
    }
  }
  return NULL;
}

stardeleg_err sdg_agent_answer(sdg_agent *agent, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  exchange *found = find_exchange(agent, id);
  exchange open;
  stardeleg_problem problem;
  sdg_result result;
  sdg_session *session;
  stardeleg_err err = STARDELEG_OK;

  if (found == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  open = *found;
  *found = agent->open[--agent->open_count];
  if (open.job == NULL) {
    sdg_free(open.url);
    return STARDELEG_OK;
  }
  fill_result(&result, &problem, &open, outcome, now);
  open.job->exchange = 0;
  /* A plain GET may go anywhere, to a CA's certificate for one: nonces of others are none of ours. */
  session = open.is_signed ? open.job->session : sdg_session_of_setup(open.job);
  if (session != NULL && outcome->response != NULL) {
    sdg_session_see(session, outcome->response, now);
  }
  /* Back into the heap before take, so that take may remove the job or move its moment. */
  sdg_agent_wake(agent, open.job, now);
  if (!repeat_step(open.job, &open, &result, now)) {
    open.job->nonce_tries = 0;
    err = open.job->ops->take(open.job, &result, now);
    if (err != STARDELEG_OK) {
      sdg_agent_set_due(agent, open.job, sdg_time_add(now, OWN_FAILURE_PAUSE));
    }
  }
  sdg_free(open.url);
  return err;
}

/* --- Helpers for jobs --- */

int64_t sdg_backoff_ms(uint32_t tries, int64_t min_ms, int64_t max_ms, uint32_t random)
{
  int64_t pause = min_ms < 1 ? 1 : min_ms;

  for (uint32_t i = 1; i < tries && pause < max_ms; i++) {
    pause = pause > max_ms / 2 ? max_ms : pause * 2;
  }
  if (pause > max_ms) {
    pause = max_ms < 1 ? 1 : max_ms;
  }
  return pause - pause / 2 + (int64_t)((uint64_t)random * (uint64_t)(pause / 2) >> 32);
}

stardeleg_err sdg_result_location(sdg_buf *out, const sdg_result *result)
{
  stardeleg_bytes location;

  if (result->response == NULL ||
      !sdg_http_header(&location, result->response->headers, result->response->header_count, "Location", NULL)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  return sdg_url_resolve(out, sdg_bytes_str(result->url), location);
}

bool sdg_result_is_type(const sdg_result *result, const char *type)
{
  stardeleg_bytes value;

  return result->response != NULL &&
         sdg_http_header(&value, result->response->headers, result->response->header_count, "Content-Type", NULL) &&
         sdg_http_media_type_is(value, type);
}

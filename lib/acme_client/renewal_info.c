/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/renewal_info.c -- when the CA would like a certificate to be renewed. */
#include "acme_client/renewal_info.h"

#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "x509/cert.h"

#define ID_MAX 400u
/* RFC 9773 4.3.2: "values under one minute could be treated as if they were one minute, and values over one day could
 * be treated as if they were one day." */
#define CHECK_MIN SDG_TIME_MINUTE
#define CHECK_MAX SDG_TIME_DAY
/* 4.3.3: after a long-term error "as soon as possible after six hours have passed". */
#define LONG_PAUSE (6 * SDG_TIME_HOUR)
/* Temporary errors in a row that count as one long-term error. */
#define TRIES_MAX 6u
/* What JSON takes for an exact integer (RFC 7493 2.2). */
#define EXACT_MAX (((int64_t)1 << 53) - 1)

/* --- The certificate's identifier --- */

stardeleg_err sdg_certificate_id(sdg_buf *out, stardeleg_bytes der)
{
  sdg_cert *cert = sdg_calloc(1, sizeof(*cert));
  stardeleg_err err;

  if (cert == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_cert_parse(cert, der);
  if (err == STARDELEG_OK) {
    err = sdg_acme_certificate_id_write(out, cert->authority_key_id, cert->serial_octets);
  }
  sdg_free(cert);
  return err;
}

stardeleg_err sdg_certificate_id_of_chain(sdg_buf *out, stardeleg_bytes pem)
{
  sdg_chain chain;
  stardeleg_err err = sdg_chain_parse(&chain, pem);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_certificate_id(out, chain.certs[0]);
  sdg_chain_clear(&chain);
  return err;
}

/* --- In and out --- */

stardeleg_err sdg_renewal_watch_init(sdg_renewal_watch *watch, const char *id, stardeleg_time not_after)
{
  memset(watch, 0, sizeof(*watch));
  watch->id = sdg_strdup(id);
  if (watch->id == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  watch->not_after = not_after;
  watch->start = STARDELEG_TIME_NONE;
  watch->end = STARDELEG_TIME_NONE;
  watch->selected_at = STARDELEG_TIME_NONE;
  watch->check_at = STARDELEG_TIME_NONE;
  sdg_problem_clear(&watch->problem);
  return STARDELEG_OK;
}

void sdg_renewal_watch_clear(sdg_renewal_watch *watch)
{
  sdg_free(watch->id);
  sdg_free(watch->explanation_url);
  sdg_free(watch->url);
  memset(watch, 0, sizeof(*watch));
}

/* --- Asking --- */

static stardeleg_err build_url(sdg_renewal_watch *watch, const char *resource)
{
  size_t len = strlen(resource);
  sdg_buf url;
  char *text = NULL;
  stardeleg_err err;

  sdg_buf_init(&url, SDG_URL_MAX);
  sdg_buf_add_str(&url, resource);
  if (len > 0 && resource[len - 1] != '/') {
    sdg_buf_add_byte(&url, '/');
  }
  sdg_buf_add_str(&url, watch->id);
  err = sdg_buf_take(&url, &text, NULL);
  sdg_buf_clear(&url);
  if (err == STARDELEG_OK) {
    sdg_free(watch->url);
    watch->url = text;
  }
  return err;
}

static void pause_long(sdg_renewal_watch *watch, stardeleg_time now)
{
  watch->tries = 0;
  watch->check_at = sdg_time_add(now, LONG_PAUSE);
}

stardeleg_err sdg_renewal_watch_ask(sdg_renewal_watch *watch, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  const sdg_acme_directory *directory = sdg_session_directory(session);
  stardeleg_err err;

  step->kind = SDG_STEP_WAIT;
  if (watch->replaced || now > watch->not_after) {
    step->at = STARDELEG_TIME_NEVER; /* RFC 9773 4.3: "Clients MUST NOT check" */
    return STARDELEG_OK;
  }
  /* A clock that was set back must not make the pause longer than any pause is. */
  if (watch->check_at != STARDELEG_TIME_NONE && watch->check_at > now &&
      watch->check_at <= sdg_time_add(now, CHECK_MAX)) {
    step->at = watch->check_at;
    return STARDELEG_OK;
  }
  if (directory == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  if (directory->renewal_info == NULL) {
    pause_long(watch, now);
    step->at = watch->check_at;
    return STARDELEG_OK;
  }
  err = build_url(watch, directory->renewal_info);
  if (err == STARDELEG_OK && sdg_session_check_url(session, watch->url) != STARDELEG_OK) {
    pause_long(watch, now); /* at an origin that was not allowed: no renewalInfo for us */
    step->at = watch->check_at;
    return STARDELEG_OK;
  }
  if (err == STARDELEG_OK) {
    step->kind = SDG_STEP_GET;
    step->url = watch->url;
    step->accept = "application/json";
  }
  return err;
}

/* --- Taking --- */

/* |share| of 2^32 of |span|, without overflow for any span. */
static int64_t part_of(int64_t span, uint32_t share)
{
  uint64_t whole = (uint64_t)span;

  return (int64_t)((whole >> 32) * share + ((whole & UINT32_MAX) * share >> 32));
}

static void drop_window(sdg_renewal_watch *watch)
{
  watch->start = STARDELEG_TIME_NONE;
  watch->end = STARDELEG_TIME_NONE;
  watch->selected_at = STARDELEG_TIME_NONE;
}

static void take_window(sdg_renewal_watch *watch, sdg_agent *agent, sdg_acme_renewal_info *info)
{
  /* The same window keeps its moment: one drawn anew at every look would move towards the beginning. */
  if (watch->selected_at == STARDELEG_TIME_NONE || watch->start != info->start || watch->end != info->end) {
    watch->start = info->start;
    watch->end = info->end;
    watch->selected_at = sdg_time_add(info->start, part_of(info->end - info->start, sdg_agent_random(agent)));
  }
  sdg_free(watch->explanation_url);
  watch->explanation_url = info->explanation_url;
  info->explanation_url = NULL;
}

static stardeleg_err take_answer(sdg_renewal_watch *watch, sdg_agent *agent, const sdg_result *result,
                                 stardeleg_time now)
{
  sdg_acme_renewal_info info;
  stardeleg_problem problem;
  stardeleg_err err = sdg_acme_renewal_info_parse(&info, result->response->body, &problem);

  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  pause_long(watch, now);
  if (err != STARDELEG_OK) {
    watch->problem = problem; /* 4.2: as if there had been no answer */
    watch->problem.status = 0;
    return STARDELEG_OK;
  }
  take_window(watch, agent, &info);
  sdg_acme_renewal_info_clear(&info);
  sdg_problem_clear(&watch->problem);
  if (result->retry_at != STARDELEG_TIME_NONE) {
    watch->check_at =
        sdg_time_max(sdg_time_add(now, CHECK_MIN), sdg_time_min(result->retry_at, sdg_time_add(now, CHECK_MAX)));
  }
  return STARDELEG_OK;
}

/* RFC 9773 4.3.3: time-outs and 5xx are temporary, everything else is long-term. */
static bool is_temporary(const sdg_result *result)
{
  return result->err == STARDELEG_ERR_TRANSPORT || result->status >= 500 || result->status == 429 ||
         result->status == 408;
}

static void take_failure(sdg_renewal_watch *watch, sdg_agent *agent, const sdg_result *result, stardeleg_time now)
{
  int64_t least = watch->backoff_min_ms > 0 ? watch->backoff_min_ms : SDG_TIME_MINUTE;

  watch->problem = *result->problem;
  watch->tries++;
  if (is_temporary(result) && watch->tries < TRIES_MAX) {
    watch->check_at = sdg_time_add(now, sdg_backoff_ms(watch->tries, least, LONG_PAUSE, sdg_agent_random(agent)));
    if (result->retry_at != STARDELEG_TIME_NONE && result->retry_at > watch->check_at) {
      watch->check_at = result->retry_at;
    }
    return;
  }
  if (result->status == 404 || result->status == 410) {
    drop_window(watch); /* the CA does not know the certificate (any more): the role's own rule counts */
  }
  pause_long(watch, now);
}

stardeleg_err sdg_renewal_watch_take(sdg_renewal_watch *watch, sdg_agent *agent, const sdg_result *result,
                                     stardeleg_time now, bool *changed)
{
  stardeleg_time before = watch->selected_at;
  stardeleg_err err = STARDELEG_OK;

  if (result->err == STARDELEG_OK) {
    err = take_answer(watch, agent, result, now);
  } else {
    take_failure(watch, agent, result, now);
  }
  *changed = err == STARDELEG_OK && (watch->selected_at != before || result->err == STARDELEG_OK);
  return err;
}

stardeleg_time sdg_renewal_watch_moment(const sdg_renewal_watch *watch, stardeleg_time own_at, stardeleg_time latest_at)
{
  if (watch->selected_at == STARDELEG_TIME_NONE) {
    return own_at;
  }
  return sdg_time_min(watch->selected_at, latest_at);
}

/* --- As a record --- */

static void write_time(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  if (at >= -EXACT_MAX && at <= EXACT_MAX) {
    sdg_jw_int(w, name, at);
  }
}

void sdg_renewal_watch_write(sdg_json_writer *w, const char *name, const sdg_renewal_watch *watch)
{
  sdg_jw_object(w, name);
  sdg_jw_string(w, "id", watch->id);
  write_time(w, "notAfter", watch->not_after);
  write_time(w, "start", watch->start);
  write_time(w, "end", watch->end);
  write_time(w, "selectedAt", watch->selected_at);
  sdg_jw_string_opt(w, "explanationUrl", watch->explanation_url);
  write_time(w, "checkAt", watch->check_at);
  sdg_jw_int(w, "tries", (int64_t)watch->tries);
  sdg_jw_bool(w, "replaced", watch->replaced);
  sdg_jw_object_end(w);
}

static stardeleg_err read_members(sdg_renewal_watch *out, const sdg_json *tree)
{
  const struct {
    stardeleg_time *out;
    const char *name;
  } times[] = {{&out->start, "start"},
               {&out->end, "end"},
               {&out->selected_at, "selectedAt"},
               {&out->check_at, "checkAt"}};
  const char *url = NULL;
  int64_t tries = 0;
  stardeleg_err err = STARDELEG_OK;

  for (size_t i = 0; i < sizeof(times) / sizeof(times[0]) && err == STARDELEG_OK; i++) {
    err = sdg_json_get_int(times[i].out, tree, times[i].name, SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&tries, tree, "tries", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&out->replaced, tree, "replaced", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&url, tree, "explanationUrl", SDG_JSON_OPTIONAL, NULL);
  }
  out->tries = (uint32_t)tries;
  if (err == STARDELEG_OK && url != NULL) {
    out->explanation_url = sdg_strdup(url);
    err = out->explanation_url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return err;
}

stardeleg_err sdg_renewal_watch_read(sdg_renewal_watch *out, const sdg_json *tree)
{
  sdg_renewal_watch watch;
  const char *id = NULL;
  int64_t not_after = STARDELEG_TIME_NEVER;
  stardeleg_err err = sdg_json_get_string(&id, tree, "id", SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&not_after, tree, "notAfter", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK && strlen(id) > ID_MAX) {
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err == STARDELEG_OK) {
    err = sdg_renewal_watch_init(&watch, id, not_after);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = read_members(&watch, tree);
  if (err != STARDELEG_OK) {
    sdg_renewal_watch_clear(&watch);
    return err;
  }
  *out = watch;
  return STARDELEG_OK;
}

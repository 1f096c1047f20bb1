/* SPDX-License-Identifier: Apache-2.0 */
/* client/client_entry.c -- one name's job: order, download, then waiting for the time to renew. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "client/client_internal.h"

#define TELL_AGAIN_PAUSE SDG_TIME_MINUTE
/* Between an order that a challenge has spoiled and the next one. */
#define ATTEMPT_PAUSE (5 * SDG_TIME_S)

stardeleg_err sdg_client_entry_new(sdg_client_entry **out, stardeleg_client *client, const char *name)
{
  sdg_client_entry *entry = sdg_calloc(1, sizeof(*entry));

  if (entry == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  entry->name = sdg_strdup(name);
  if (entry->name == NULL) {
    sdg_free(entry);
    return STARDELEG_ERR_NOMEM;
  }
  entry->client = client;
  entry->job.ops = &sdg_client_entry_ops;
  entry->job.session = client->session;
  entry->not_before = STARDELEG_TIME_NONE;
  entry->not_after = STARDELEG_TIME_NONE;
  entry->tell_at = STARDELEG_TIME_NONE;
  sdg_problem_clear(&entry->problem);
  *out = entry;
  return STARDELEG_OK;
}

static void clear_flow(sdg_client_entry *entry)
{
  if (entry->has_flow) {
    sdg_order_flow_clear(&entry->flow);
  }
  if (entry->has_download) {
    sdg_download_clear(&entry->download);
  }
  entry->has_flow = false;
  entry->has_download = false;
}

void sdg_client_entry_free(sdg_client_entry *entry)
{
  if (entry == NULL) {
    return;
  }
  sdg_agent_remove(entry->client->agent, &entry->job);
  clear_flow(entry);
  if (entry->has_watch) {
    sdg_renewal_watch_clear(&entry->watch);
  }
  sdg_free(entry->chain);
  sdg_free(entry->certificate_url);
  sdg_free(entry->name);
  sdg_free(entry);
}

void sdg_client_flow_settings(sdg_client_entry *entry)
{
  const stardeleg_client_options *o = &entry->client->options;

  entry->flow.solver = o->solver;
  entry->flow.backoff_min_ms = o->backoff_min_ms;
  entry->flow.backoff_max_ms = o->backoff_max_ms;
  entry->flow.poll_min_ms = o->order_poll_ms;
  entry->flow.patience_ms = o->order_patience_ms;
}

/* Two thirds of the lifetime where the CA has no opinion; never in its last twelfth. */
stardeleg_time sdg_client_renew_at(const sdg_client_entry *entry)
{
  int64_t lifetime = entry->not_after - entry->not_before;
  stardeleg_time own_at = sdg_time_add(entry->not_before, lifetime / 3 * 2);
  stardeleg_time latest_at = sdg_time_add(entry->not_after, -(lifetime / 12));

  if (entry->chain == NULL) {
    return STARDELEG_TIME_NONE;
  }
  return entry->has_watch ? sdg_renewal_watch_moment(&entry->watch, own_at, latest_at) : own_at;
}

/* --- Telling --- */

static stardeleg_client_event describe(const sdg_client_entry *entry, stardeleg_client_event_kind kind)
{
  stardeleg_client_event event = {.kind = kind, .name = entry->name};

  event.not_before = entry->not_before;
  event.not_after = entry->not_after;
  if (kind == STARDELEG_CLIENT_CERTIFICATE) {
    event.chain_pem = sdg_bytes_str(entry->chain);
    event.url = entry->certificate_url;
  } else if (kind == STARDELEG_CLIENT_RENEW) {
    event.url = entry->has_watch ? entry->watch.explanation_url : NULL;
  } else {
    event.problem = &entry->problem;
  }
  return event;
}

static void tell_failed(sdg_client_entry *entry)
{
  stardeleg_client_event event = describe(entry, STARDELEG_CLIENT_FAILED);

  entry->reported = true;
  (void)sdg_client_tell(entry->client, &event);
}

static void tell_certificate(sdg_client_entry *entry, stardeleg_time now)
{
  stardeleg_client_event event = describe(entry, STARDELEG_CLIENT_CERTIFICATE);

  entry->told = sdg_client_tell(entry->client, &event) == 0;
  entry->tell_at = sdg_time_add(now, TELL_AGAIN_PAUSE);
}

static stardeleg_err tell_renew(sdg_client_entry *entry)
{
  stardeleg_client_event event = describe(entry, STARDELEG_CLIENT_RENEW);
  stardeleg_err err;

  entry->renew_told = true;
  err = sdg_client_entry_save(entry);
  if (err != STARDELEG_OK) {
    entry->renew_told = false;
    return err;
  }
  (void)sdg_client_tell(entry->client, &event);
  return STARDELEG_OK;
}

/* --- The end of an order --- */

/* The order is lost.  A certificate from before stays what is held. */
static void fail(sdg_client_entry *entry, const stardeleg_problem *problem)
{
  entry->problem = *problem;
  if (entry->problem.detail[0] == '\0') {
    sdg_problem_set(&entry->problem, problem->acme, "%s", problem->type);
    entry->problem.status = problem->status;
  }
  entry->reported = false;
  entry->phase = entry->chain != NULL ? SDG_CLIENT_HELD : SDG_CLIENT_FAILED;
  clear_flow(entry);
  entry->unsaved = true;
}

/* T-41: where a failed challenge has ended the order, the next one begins with another type. */
static bool try_again(sdg_client_entry *entry, unsigned failed_before, stardeleg_time now)
{
  if (entry->flow.failed_types == failed_before || entry->attempts + 1 >= entry->client->options.order_attempts ||
      sdg_order_flow_again(&entry->flow) != STARDELEG_OK) {
    return false;
  }
  entry->attempts++;
  entry->flow.wait_until = sdg_time_add(now, ATTEMPT_PAUSE);
  entry->unsaved = true;
  return true;
}

static void follow_flow(sdg_client_entry *entry, unsigned failed_before, stardeleg_time now)
{
  stardeleg_problem problem;

  if (entry->flow.state == SDG_FLOW_VALID && entry->flow.order.certificate != NULL) {
    entry->phase = SDG_CLIENT_DOWNLOAD;
  } else if (entry->flow.state == SDG_FLOW_FAILED) {
    problem = entry->flow.problem;
    if (!try_again(entry, failed_before, now)) {
      fail(entry, &problem);
    }
  } else {
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the order has ended without a certificate");
    problem.status = 0;
    fail(entry, &problem);
  }
}

/* --- Asking --- */

/* The flow may come to its end without a request: look at it. */
static stardeleg_err ask_flow(sdg_client_entry *entry, sdg_step *step, stardeleg_time now)
{
  unsigned failed_before = entry->flow.failed_types;
  stardeleg_err err =
      sdg_order_flow_ask(&entry->flow, entry->client->session, entry->client->agent, step, now);

  if (err == STARDELEG_OK && entry->flow.state == SDG_FLOW_FAILED) {
    follow_flow(entry, failed_before, now);
    step->kind = SDG_STEP_WAIT;
    step->at = now; /* saved and told in the next round */
  }
  return err;
}

static stardeleg_err ask_held(sdg_client_entry *entry, sdg_step *step, stardeleg_time now)
{
  stardeleg_time renew_at = sdg_client_renew_at(entry);
  stardeleg_err err = STARDELEG_OK;

  if (!entry->told && (entry->tell_at == STARDELEG_TIME_NONE || entry->tell_at <= now)) {
    tell_certificate(entry, now);
  }
  if (!entry->renew_told && renew_at <= now) {
    err = tell_renew(entry);
    if (err != STARDELEG_OK) {
      return err;
    }
  }
  step->at = STARDELEG_TIME_NEVER;
  if (entry->has_watch) {
    err = sdg_renewal_watch_ask(&entry->watch, entry->client->session, step, now);
  }
  if (err == STARDELEG_OK && step->kind == SDG_STEP_WAIT) {
    step->at = entry->renew_told ? step->at : sdg_time_min(step->at, renew_at);
    step->at = entry->told ? step->at : sdg_time_min(step->at, entry->tell_at);
  }
  return err;
}

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_client_entry *entry = (sdg_client_entry *)job;
  stardeleg_err err;

  if (entry->unsaved) {
    err = sdg_client_entry_save(entry);
    if (err != STARDELEG_OK) {
      return err;
    }
  }
  if (!entry->reported && entry->problem.detail[0] != '\0' &&
      (entry->phase == SDG_CLIENT_FAILED || entry->phase == SDG_CLIENT_HELD)) {
    tell_failed(entry);
  }
  switch (entry->phase) {
  case SDG_CLIENT_ORDERING:
    return ask_flow(entry, step, now);
  case SDG_CLIENT_DOWNLOAD:
    if (!entry->has_download) {
      err = sdg_download_init(&entry->download, entry->flow.order.certificate,
                              entry->client->options.choose_chain != NULL);
      entry->download.drop_roots = entry->client->options.drop_roots != 0;
      entry->has_download = true;
      if (err != STARDELEG_OK) {
        return err;
      }
    }
    return sdg_download_ask(&entry->download, step, now);
  case SDG_CLIENT_HELD:
    return ask_held(entry, step, now);
  default:
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
}

/* --- Taking --- */

static stardeleg_err take_flow(sdg_client_entry *entry, const sdg_result *result, stardeleg_time now)
{
  unsigned failed_before = entry->flow.failed_types;
  sdg_flow_change change;
  stardeleg_err err = sdg_order_flow_take(&entry->flow, entry->client->session, entry->client->agent, result, now,
                                          &change);

  if (err != STARDELEG_OK) {
    return err;
  }
  entry->unsaved = entry->unsaved || change != SDG_FLOW_SAME;
  if (change == SDG_FLOW_ENDED) {
    follow_flow(entry, failed_before, now);
  }
  return STARDELEG_OK;
}

static size_t choose(const sdg_client_entry *entry)
{
  const stardeleg_client_options *o = &entry->client->options;
  stardeleg_bytes chains[SDG_DOWNLOAD_CHAINS_MAX];
  size_t count = entry->download.chain_count;
  size_t chosen;

  if (o->choose_chain == NULL || count < 2) {
    return 0;
  }
  for (size_t i = 0; i < count; i++) {
    chains[i] = sdg_buf_bytes(&entry->download.chains[i]);
  }
  chosen = o->choose_chain(o->ctx, entry->name, chains, count);
  return chosen < count ? chosen : 0;
}

/* The watch over the new certificate; without an authority key identifier there is none (RFC 9773 4.1). */
static stardeleg_err make_watch(sdg_renewal_watch *watch, bool *has, stardeleg_bytes chain, stardeleg_time not_after)
{
  sdg_buf id;
  stardeleg_err err;

  sdg_buf_init(&id, 400);
  *has = false;
  err = sdg_certificate_id_of_chain(&id, chain);
  if (err == STARDELEG_OK) {
    err = sdg_renewal_watch_init(watch, sdg_buf_str(&id), not_after);
    *has = err == STARDELEG_OK;
  }
  sdg_buf_clear(&id);
  return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK;
}

static stardeleg_err keep_chain(sdg_client_entry *entry, stardeleg_bytes chain, const stardeleg_time validity[2])
{
  sdg_renewal_watch watch;
  bool has_watch = false;
  char *copy = sdg_bytes_dup(chain);
  char *url = sdg_strdup(entry->flow.order.certificate);

  if (copy == NULL || url == NULL || make_watch(&watch, &has_watch, chain, validity[1]) != STARDELEG_OK) {
    sdg_free(copy);
    sdg_free(url);
    return STARDELEG_ERR_NOMEM;
  }
  /* Commit point: nothing below can fail. */
  if (entry->has_watch) {
    sdg_renewal_watch_clear(&entry->watch);
  }
  entry->has_watch = has_watch;
  if (has_watch) {
    entry->watch = watch;
  }
  sdg_free(entry->chain);
  sdg_free(entry->certificate_url);
  entry->chain = copy;
  entry->certificate_url = url;
  entry->not_before = validity[0];
  entry->not_after = validity[1];
  entry->told = false;
  entry->renew_told = false;
  entry->tell_at = STARDELEG_TIME_NONE;
  entry->phase = SDG_CLIENT_HELD;
  sdg_problem_clear(&entry->problem);
  clear_flow(entry);
  entry->unsaved = true;
  return STARDELEG_OK;
}

static stardeleg_err take_download(sdg_client_entry *entry, const sdg_result *result, stardeleg_time now)
{
  stardeleg_time validity[2] = {STARDELEG_TIME_NONE, STARDELEG_TIME_NONE};
  stardeleg_problem problem;
  stardeleg_bytes chain;
  stardeleg_err err =
      sdg_download_take(&entry->download, entry->client->session, entry->client->agent, result, now);

  if (err != STARDELEG_OK || entry->download.errand.state == SDG_ERRAND_OPEN) {
    return err;
  }
  if (entry->download.errand.state == SDG_ERRAND_FAILED) {
    problem = entry->download.errand.problem;
    fail(entry, &problem);
    return STARDELEG_OK;
  }
  sdg_problem_clear(&problem);
  chain = sdg_buf_bytes(&entry->download.chains[choose(entry)]);
  err = sdg_client_check(entry, chain, validity, &problem);
  if (err == STARDELEG_OK) {
    return keep_chain(entry, chain, validity);
  }
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  problem.status = 0;
  fail(entry, &problem);
  return STARDELEG_OK;
}

static stardeleg_err take_held(sdg_client_entry *entry, const sdg_result *result, stardeleg_time now)
{
  bool changed = false;
  stardeleg_err err = sdg_renewal_watch_take(&entry->watch, entry->client->agent, result, now, &changed);

  entry->unsaved = entry->unsaved || changed;
  return err;
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_client_entry *entry = (sdg_client_entry *)job;
  stardeleg_err err;

  switch (entry->phase) {
  case SDG_CLIENT_ORDERING:
    err = take_flow(entry, result, now);
    break;
  case SDG_CLIENT_DOWNLOAD:
    err = take_download(entry, result, now);
    break;
  case SDG_CLIENT_HELD:
    err = entry->has_watch ? take_held(entry, result, now) : STARDELEG_OK;
    break;
  default:
    return STARDELEG_OK;
  }
  if (err == STARDELEG_OK && entry->unsaved) {
    err = sdg_client_entry_save(entry);
  }
  return err;
}

const sdg_job_ops sdg_client_entry_ops = {ask, take};

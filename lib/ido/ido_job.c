/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_job.c -- one order being worked on under its lease: the issuer takes steps, the store keeps them. */
#include "ido/ido_job.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_publication.h"

void sdg_ido_job_finish(sdg_ido_job *j)
{
  j->finished = true;
  sdg_agent_remove(j->ido->agent, &j->job);
}

/* --- Saving --- */

static void write_work(const void *ctx, sdg_json_writer *w, const char *name)
{
  const sdg_issuance *issuance = ctx;

  issuance->ops->write(issuance, w, name);
}

/* Somebody has written the record although the lease is ours.  The only thing others may do to an order that is worked
 * on is to demand its end, and say why; that is taken over, and our work is not lost. */
static stardeleg_err merge(sdg_ido_job *j)
{
  stardeleg_record record = {0};
  sdg_ido_order fresh;
  stardeleg_err err = sdg_store_get(j->ido->options.store, "order", j->order.id, &record);

  if (err == STARDELEG_OK && record.fence != j->order.fence) {
    err = STARDELEG_ERR_CONFLICT; /* the lease ran out, and somebody else has the order */
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_order_read(&fresh, &record);
  }
  if (err == STARDELEG_OK) {
    j->order.version = fresh.version;
    if (fresh.cancel) {
      j->park_until = j->order.cancel ? j->park_until : STARDELEG_TIME_NONE; /* nothing to wait for any more */
      j->order.cancel = true;
      j->order.seen.cancel = true; /* told by who demanded it */
      if (j->order.wire.error == NULL) {
        j->order.wire.error = fresh.wire.error;
        fresh.wire.error = NULL;
      }
      sdg_ido_publication_withhold(&j->order);
    }
    sdg_ido_order_clear(&fresh);
  }
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_ERR_CONFLICT : err;
}

static stardeleg_err put(sdg_ido_job *j, stardeleg_time now)
{
  for (int i = 0; i < SDG_IDO_CAS_TRIES; i++) {
    stardeleg_time due = sdg_ido_order_due(j->ido, &j->order, now);
    stardeleg_err err;

    if (j->closing && j->park_until != STARDELEG_TIME_NONE) {
      due = j->park_until;
    }
    j->order.now = now;
    err = sdg_ido_order_put(j->ido->options.store, &j->order, due, j->closing, write_work, &j->issuance);
    if (err == STARDELEG_OK) {
      j->order.version++;
    }
    if (err != STARDELEG_ERR_CONFLICT) {
      return err;
    }
    err = merge(j);
    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return STARDELEG_ERR_STORE; /* it is still ours: others write what goes with it, again and again */
}

/* Writes what the record lacks.  If the order is no longer ours, the job is dropped: whoever has it will go on from the
 * record. */
static stardeleg_err save(sdg_ido_job *j, stardeleg_time now)
{
  stardeleg_err err = put(j, now);

  if (err == STARDELEG_ERR_CONFLICT) {
    sdg_log(&j->ido->options.log, STARDELEG_LOG_INFO, "ido.order.lost", "order=%s: the lease is somebody else's",
            j->order.id);
    sdg_ido_job_finish(j);
    return STARDELEG_OK;
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  j->unsaved = false;
  if (j->closing) {
    sdg_ido_job_finish(j);
    if (sdg_ido_order_is_final(&j->order) && j->order.cancel) {
      sdg_ido_nudge_delegation(j->ido, j->order.delegation, now);
    }
  }
  return STARDELEG_OK;
}

/* --- News --- */

static void tell(const sdg_ido_job *j, stardeleg_log_level level, const char *event)
{
  const sdg_ido_order *order = &j->order;
  const char *detail = sdg_json_string(sdg_json_member(order->wire.error, "detail"));
  char text[256];

  if (order->wire.status != SDG_ORDER_INVALID || (sdg_ido_order_is_disowned(order) && order->reason[0] != '\0')) {
    detail = order->reason;
  }
  sdg_text_escape(text, sizeof(text), sdg_bytes_str(detail));
  sdg_log(&j->ido->options.log, level, event, "delegation=%s order=%s issuer=%s%s%s", order->delegation, order->id,
          order->issuer, text[0] != '\0' ? ": " : "", text);
}

static void become_valid(sdg_ido_job *j)
{
  if (j->order.wire.status == SDG_ORDER_VALID) { /* one of those that follow the first */
    if (j->order.publication != NULL) {
      tell(j, STARDELEG_LOG_INFO, "ido.order.renewed");
    }
    return;
  }
  j->order.cnames = true; /* the write that says so makes the chore of telling them */
  j->order.wire.status = SDG_ORDER_VALID;
  tell(j, STARDELEG_LOG_INFO, "ido.order.valid");
}

static void become_final(sdg_ido_job *j, sdg_order_status status, stardeleg_time now)
{
  sdg_acme_order *wire = &j->order.wire;
  stardeleg_time shown_until = sdg_time_add(now, j->ido->options.order_grace_s * SDG_TIME_S);

  if (j->order.keep_until != STARDELEG_TIME_NONE) { /* what expires says may be over already */
    j->order.keep_until = sdg_time_min(sdg_ido_order_keep_until(j->ido, &j->order), shown_until);
  }
  j->order.cnames = false;
  wire->status = status;
  if (status == SDG_ORDER_INVALID) {
    wire->expires = sdg_time_min(wire->expires, shown_until);
    tell(j, STARDELEG_LOG_WARNING, "ido.order.invalid");
  } else {
    tell(j, STARDELEG_LOG_INFO, "ido.order.canceled");
  }
}

static void take_news(sdg_ido_job *j, stardeleg_time now)
{
  switch (j->issuance.news) {
  case SDG_NEWS_VALID:
    become_valid(j);
    break;
  case SDG_NEWS_CANCELED:
    become_final(j, SDG_ORDER_CANCELED, now);
    break;
  case SDG_NEWS_FAILED:
  case SDG_NEWS_DISOWNED:
    become_final(j, SDG_ORDER_INVALID, now);
    break;
  case SDG_NEWS_RELEASED:
    j->order.disown_until = STARDELEG_TIME_NONE;
    tell(j, STARDELEG_LOG_INFO, "ido.order.released");
    break;
  default:
    break;
  }
}

/* Puts the issuer's news into the order and the order into the store. */
static stardeleg_err apply(sdg_ido_job *j, stardeleg_time now)
{
  bool ends = j->issuance.news != SDG_NEWS_MOVED && j->issuance.news != SDG_NEWS_DISOWNED;

  j->unsaved = true;
  (void)snprintf(j->order.reason, sizeof(j->order.reason), "%s", j->issuance.reason);
  take_news(j, now);
  j->issuance.news = SDG_NEWS_NONE;
  j->closing = ends;
  (void)snprintf(j->order.step, sizeof(j->order.step), "%s",
                 ends ? "" : j->issuance.ops->step_name(&j->issuance));
  if (!j->issuance.failed_try) {
    j->order.last_success = now;
  } else {
    tell(j, STARDELEG_LOG_WARNING, "ido.order.retry");
  }
  return save(j, now);
}

/* --- The job --- */

bool sdg_ido_job_is_idle(const sdg_ido_job *j)
{
  return !j->finished && !j->unsaved && j->job.exchange == 0 && j->issuance.news == SDG_NEWS_NONE;
}

stardeleg_time sdg_ido_job_latest(const sdg_ido_job *j)
{
  const sdg_ido_order *order = &j->order;
  stardeleg_time keep_until = sdg_ido_order_keep_until(j->ido, order);
  int64_t patience_ms = j->ido->options.order_pending_s * SDG_TIME_S;
  sdg_auto_renewal renewal;

  if (sdg_ido_order_is_disowned(order)) {
    return order->disown_until;
  }
  if (order->wire.status == SDG_ORDER_VALID || order->cancel) {
    return keep_until;
  }
  if (sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL) != STARDELEG_OK) {
    return sdg_time_min(keep_until, sdg_time_add(order->finalized_at, patience_ms));
  }
  /* A CA may well wait for start-date before it issues. */
  return sdg_time_min(sdg_time_min(keep_until, renewal.end_at),
                      sdg_time_add(sdg_time_max(order->finalized_at, renewal.start_at), patience_ms));
}

/* Once it cannot have a certificate any more there is nothing left that a CA would have to be told; before that, what
 * was begun is cancelled. */
static stardeleg_err check_time(sdg_ido_job *j, stardeleg_time now)
{
  sdg_ido_order *order = &j->order;
  stardeleg_problem problem;
  stardeleg_err err = STARDELEG_OK;

  if (now < sdg_ido_job_latest(j)) {
    return STARDELEG_OK;
  }
  if (sdg_ido_order_is_disowned(order)) {
    j->issuance.news = SDG_NEWS_RELEASED;
    return STARDELEG_OK;
  }
  if (order->wire.status == SDG_ORDER_VALID && order->wire.error == NULL) {
    j->issuance.news = SDG_NEWS_CANCELED;
    return STARDELEG_OK;
  }
  if (order->wire.error == NULL) {
    sdg_problem_set(&problem, STARDELEG_ACME_SERVER_INTERNAL, "the CA did not issue in time");
    problem.status = 0;
    err = sdg_ido_order_set_error(order, &problem);
  }
  if (err == STARDELEG_OK) {
    order->cancel = true;
    j->issuance.news = now >= sdg_ido_order_keep_until(j->ido, order) ? SDG_NEWS_FAILED : SDG_NEWS_NONE;
  }
  return err;
}

stardeleg_err sdg_ido_job_park(sdg_ido_job *j, stardeleg_time until, stardeleg_time now)
{
  j->closing = true;
  j->unsaved = true;
  j->park_until = until;
  return save(j, now);
}

static stardeleg_err ask_job(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_ido_job *j = (sdg_ido_job *)job;
  stardeleg_err err;

  step->at = now;
  if (j->issuance.news != SDG_NEWS_NONE) {
    return apply(j, now);
  }
  if (j->unsaved) {
    return save(j, now);
  }
  err = check_time(j, now);
  if (err == STARDELEG_OK) {
    err = sdg_ido_order_see_end(j->ido, &j->order, now); /* before each step: none follows an acknowledged end */
  }
  if (err == STARDELEG_OK && j->issuance.news == SDG_NEWS_NONE) {
    err = j->issuance.ops->ask(&j->issuance, step, now);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (j->issuance.news != SDG_NEWS_NONE) {
    step->kind = SDG_STEP_WAIT;
    step->at = now;
    return apply(j, now);
  }
  if (step->kind == SDG_STEP_WAIT && step->at > sdg_time_add(now, j->ido->options.lease_ms)) {
    return sdg_ido_job_park(j, step->at, now);
  }
  return STARDELEG_OK;
}

static stardeleg_err take_job(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_ido_job *j = (sdg_ido_job *)job;
  stardeleg_err err = j->issuance.ops->take(&j->issuance, result, now);

  if (err != STARDELEG_OK) {
    j->unsaved = true; /* it may have moved before it failed */
    return err;
  }
  return j->issuance.news != SDG_NEWS_NONE ? apply(j, now) : STARDELEG_OK;
}

const sdg_job_ops sdg_ido_job_ops = {ask_job, take_job};

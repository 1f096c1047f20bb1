/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_caa.c -- CAA before issuing: every name of the order, looked up afresh (RFC 8659, RFC 8657). */
#include <stdio.h>
#include <string.h>

#include <stardeleg/caa.h>
#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ca/ca_names.h"
#include "ca/ca_task.h"

/* How long a renewal waits that the records do not allow, and how often a look-up that fails is tried. */
#define RETRY_RENEWAL_MS SDG_TIME_HOUR
#define LOOKUP_TRIES 3u

typedef struct caa_task {
  sdg_ca_task task;
  sdg_ca_order order;
  stardeleg_problem problem;
  size_t at;            /* the name under way */
  stardeleg_caa *caa;   /* NULL: it has not been begun */
  unsigned tries;       /* of the look-up under way */
  stardeleg_time retry_at;
} caa_task;

stardeleg_err sdg_ca_caa_describe(const stardeleg_ca *ca, sdg_acme_directory *directory)
{
  size_t n = 0;

  while (ca->caa_identities[n] != NULL) {
    n++;
  }
  directory->caa_identities = sdg_calloc(n, sizeof(*directory->caa_identities));
  if (directory->caa_identities == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < n; i++) {
    directory->caa_identities[i] = sdg_strdup(ca->caa_identities[i]);
    if (directory->caa_identities[i] == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    directory->caa_identity_count++;
  }
  return STARDELEG_OK;
}

bool sdg_ca_needs_caa(const stardeleg_ca *ca, const sdg_ca_order *order, stardeleg_time now)
{
  if (ca->caa_identities == NULL || (order->wire.status == SDG_ORDER_VALID && ca->options.caa_at_renewal == 0)) {
    return false;
  }
  /* A clock that was turned back makes an answer no fresher. */
  return order->caa_checked_at == STARDELEG_TIME_NONE || now < order->caa_checked_at ||
         now > sdg_time_add(order->caa_checked_at, ca->options.caa_age_max_s * SDG_TIME_S);
}

/* --- The end --- */

static void free_caa_task(sdg_ca_task *task)
{
  caa_task *t = (caa_task *)task;

  sdg_ca_order_clear(&t->order);
  stardeleg_caa_free(t->caa);
  sdg_free(t);
}

/* A first certificate that is not allowed ends the order; a renewal waits: what stands in the DNS today may be a
 * mistake, and the certificate there is ends soon by itself. */
static stardeleg_err set_refused(caa_task *t, stardeleg_time now)
{
  sdg_json *tree = NULL;
  stardeleg_err err;

  if (t->order.wire.status == SDG_ORDER_VALID) {
    t->order.caa_retry_at = sdg_time_add(now, RETRY_RENEWAL_MS);
    return STARDELEG_OK;
  }
  err = sdg_problem_to_tree(&tree, &t->problem);
  if (err == STARDELEG_OK) {
    sdg_json_free(t->order.wire.error);
    t->order.wire.error = tree;
    t->order.wire.status = SDG_ORDER_INVALID;
  }
  return err;
}

static stardeleg_err conclude(caa_task *t, stardeleg_time now)
{
  const stardeleg_log *log = &t->task.ca->options.log;
  bool allowed = t->problem.subproblem_count == 0;
  stardeleg_err err = STARDELEG_OK;

  if (allowed) {
    t->order.caa_checked_at = now;
    t->order.caa_retry_at = STARDELEG_TIME_NONE;
  } else {
    err = set_refused(t, now);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_save_order(t->task.ca, &t->order, true);
  }
  if (err != STARDELEG_OK) {
    /* As with every task: the lease runs out, and it begins anew, or somebody else has the order now. */
    sdg_log(log, STARDELEG_LOG_WARNING, "ca.caa.unsaved", "order=%s: %s", t->order.id, stardeleg_strerror(err));
  } else if (!allowed) {
    sdg_log(log, STARDELEG_LOG_WARNING, "ca.caa.refused", "order=%s: %s: %s", t->order.id,
            t->problem.subproblems[0].identifier_value, t->problem.subproblems[0].detail);
  }
  sdg_ca_task_finish(&t->task);
  return STARDELEG_OK;
}

/* --- One name --- */

static const stardeleg_identifier *identifier_of(const caa_task *t)
{
  return &t->order.wire.identifiers.items[t->at];
}

static void next_name(caa_task *t)
{
  stardeleg_caa_free(t->caa);
  t->caa = NULL;
  t->tries = 0;
  t->at++;
}

static void refuse_name(caa_task *t, stardeleg_acme_error acme, const char *detail)
{
  sdg_problem_add_sub(&t->problem, acme, identifier_of(t)->type, sdg_bytes_str(identifier_of(t)->value), detail);
  next_name(t);
}

/* The authorization knows how the name was validated. */
static stardeleg_err begin_name(caa_task *t)
{
  stardeleg_ca *ca = t->task.ca;
  char *uri = sdg_server_url_dup(ca->server, "/acct/", t->order.account, NULL);
  const char *const uris[] = {uri, NULL};
  stardeleg_caa_question question = {.size = sizeof(question), .account_uris = uris};
  sdg_ca_authz authz;
  stardeleg_err err = uri != NULL ? sdg_ca_authz_load(ca, t->order.authz[t->at], &authz) : STARDELEG_ERR_NOMEM;

  if (err == STARDELEG_OK) {
    question.name = identifier_of(t)->value;
    question.issuers = (const char *const *)ca->caa_identities;
    question.method = authz.wire.challenges[0].type;
    err = stardeleg_caa_new(&t->caa, &question);
    sdg_ca_authz_clear(&authz);
  }
  sdg_free(uri);
  return err;
}

static void judge_name(caa_task *t)
{
  const stardeleg_caa_result *result = stardeleg_caa_get(t->caa);
  char detail[256];

  if (result->allowed != 0) {
    next_name(t);
    return;
  }
  (void)snprintf(detail, sizeof(detail), "%s (at %.64s: %.96s)", stardeleg_caa_reason_text(result->reason),
                 result->found_at, result->record);
  refuse_name(t, STARDELEG_ACME_CAA, detail);
}

/* RFC 8659 3: an answer that cannot be had is not "no records". */
static void take_failure(caa_task *t, const stardeleg_dns_answer *answer, stardeleg_time now)
{
  char detail[200];
  char why[120];

  if (++t->tries < LOOKUP_TRIES) {
    t->retry_at = sdg_time_add(now, t->task.ca->options.validation_retry_ms);
    return;
  }
  sdg_text_escape(why, sizeof(why),
                  sdg_bytes_str(answer != NULL && answer->failure_text != NULL ? answer->failure_text : "no answer"));
  (void)snprintf(detail, sizeof(detail), "CAA records cannot be looked up: %s", why);
  refuse_name(t, STARDELEG_ACME_DNS, detail);
}

/* False: there is no answer yet, |step| says when to ask again. */
static bool look_up(caa_task *t, sdg_step *step, stardeleg_time now, stardeleg_err *err)
{
  const stardeleg_dns *dns = t->task.ca->options.dns;
  const stardeleg_dns_answer *answer = NULL;

  step->kind = SDG_STEP_WAIT;
  step->at = now;
  if (dns->lookup(dns->ctx, stardeleg_caa_next(t->caa), STARDELEG_DNS_CAA, now, &step->at, &answer) != STARDELEG_OK) {
    take_failure(t, NULL, now);
    return true;
  }
  if (answer == NULL) {
    return false;
  }
  if (answer->status == STARDELEG_DNS_OK || answer->status == STARDELEG_DNS_NO_NAME) {
    t->tries = 0;
    *err = stardeleg_caa_take(t->caa, answer->records, answer->record_count);
  } else {
    take_failure(t, answer, now);
  }
  dns->release(dns->ctx, answer);
  return true;
}

static stardeleg_err ask_caa(sdg_ca_task *task, sdg_step *step, stardeleg_time now)
{
  caa_task *t = (caa_task *)task;
  stardeleg_err err = STARDELEG_OK;

  while (t->at < t->order.wire.identifiers.count && err == STARDELEG_OK) {
    if (now < t->retry_at) {
      step->kind = SDG_STEP_WAIT;
      step->at = t->retry_at;
      return STARDELEG_OK;
    }
    if (sdg_ca_is_ip(identifier_of(t))) {
      next_name(t); /* RFC 8738: CAA is about names */
    } else if (t->caa == NULL) {
      err = begin_name(t);
    } else if (stardeleg_caa_next(t->caa) == NULL) {
      judge_name(t);
    } else if (!look_up(t, step, now, &err)) {
      return STARDELEG_OK;
    }
  }
  return err == STARDELEG_OK ? conclude(t, now) : err;
}

static const sdg_ca_task_ops caa_ops = {"order", ask_caa, NULL, free_caa_task};

stardeleg_err sdg_ca_begin_caa(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_time now)
{
  caa_task *t = sdg_calloc(1, sizeof(*t));

  if (t == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  t->order = *order;
  sdg_ca_order_init(order);
  t->retry_at = STARDELEG_TIME_NONE;
  sdg_problem_set(&t->problem, STARDELEG_ACME_CAA, "CAA records do not allow this CA to issue for all names");
  return sdg_ca_task_begin(ca, &t->task, &caa_ops, t->order.id, t->order.fence, now);
}

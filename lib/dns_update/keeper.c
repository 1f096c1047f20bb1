/* SPDX-License-Identifier: Apache-2.0 */
/* dns_update/keeper.c -- the solver, the sink for CNAMEs, and the engine behind both. */
#include "dns_update/keeper.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"

/* Removals of TXT records: what stays behind answers a challenge that is over. */
#define TXT_TRIES 10u
/* Programs and look-ups at once on behalf of the engine. */
#define ACTIVE_MAX 32u
/* How often an engine looks that nobody wakes. */
#define LOOK_MS 1000
/* A record whose solver's caller has gone. */
#define FORGOTTEN_MS SDG_TIME_DAY

static void tell_work(const stardeleg_dns_keeper *keeper)
{
  if (keeper->options.on_work != NULL) {
    keeper->options.on_work(keeper->options.on_work_ctx);
  }
}

/* --- Outcomes --- */

static void tell_settled(const stardeleg_dns_keeper *keeper, const sdg_dns_item *item, stardeleg_err err)
{
  char name[SDG_DNS_NAME_SIZE + 1];
  char target[SDG_DNS_NAME_SIZE + 1];

  if (item->type != STARDELEG_DNS_CNAME || keeper->options.on_settled == NULL) {
    return;
  }
  (void)snprintf(name, sizeof(name), "%s.", item->name);
  (void)snprintf(target, sizeof(target), "%.253s.", item->value);
  keeper->options.on_settled(keeper->options.on_settled_ctx, name, target, item->want == STARDELEG_DNS_UPSERT, err);
}

static int64_t pause_of(const stardeleg_dns_keeper *keeper, uint32_t failures)
{
  int64_t pause = keeper->options.backoff_min_ms;

  for (uint32_t i = 1; i < failures && pause < keeper->options.backoff_max_ms; i++) {
    pause *= 2;
  }
  return pause < keeper->options.backoff_max_ms ? pause : keeper->options.backoff_max_ms;
}

/* True if the item is over. */
static bool take_failure(const stardeleg_dns_keeper *keeper, sdg_dns_item *item, stardeleg_err err, stardeleg_time now)
{
  bool for_good = err == STARDELEG_ERR_UNSUPPORTED || err == STARDELEG_ERR_ARGUMENT;

  item->failures += item->failures < UINT32_MAX ? 1 : 0;
  for_good = for_good ||
             (item->type == STARDELEG_DNS_TXT && item->want == STARDELEG_DNS_REMOVE && item->failures >= TXT_TRIES);
  sdg_log(&keeper->options.log, for_good ? STARDELEG_LOG_ERROR : STARDELEG_LOG_WARNING, "dns.update.failed",
          "%s %s of %s, try %lu: %s%s", item->want == STARDELEG_DNS_UPSERT ? "installing" : "removing",
          item->type == STARDELEG_DNS_TXT ? "TXT" : "CNAME", item->name, (unsigned long)item->failures,
          stardeleg_strerror(err), for_good ? "; given up" : "");
  tell_settled(keeper, item, err);
  item->next_at = sdg_time_add(now, pause_of(keeper, item->failures));
  return for_good;
}

/* --- The solver --- */

static int can_solve(void *ctx, const char *type, const char *identifier_type)
{
  const stardeleg_dns_keeper *keeper = ctx;

  if (strcmp(identifier_type, "dns") != 0) {
    return 0;
  }
  if (strcmp(type, "dns-01") == 0) {
    return 2;
  }
  return strcmp(type, "dns-account-01") == 0 && keeper->options.no_account_label == 0 ? 1 : 0;
}

/* The token is the CA's and goes to hooks: one that is not what RFC 8555 8.1 allows goes nowhere. */
static stardeleg_err check_challenge(const stardeleg_challenge *challenge)
{
  stardeleg_dns_change change = {.size = sizeof(change),
                                 .action = STARDELEG_DNS_UPSERT,
                                 .type = STARDELEG_DNS_TXT,
                                 .name = challenge->record_name,
                                 .value = challenge->record_value,
                                 .token = challenge->token};

  return stardeleg_dns_change_check(&change);
}

static stardeleg_err present(void *ctx, const stardeleg_challenge *challenge, stardeleg_time now,
                             stardeleg_time *ready_at)
{
  stardeleg_dns_keeper *keeper = ctx;
  sdg_dns_item *item = NULL;
  stardeleg_err err = check_challenge(challenge);

  if (err == STARDELEG_OK) {
    err = sdg_dns_item_get(&item, keeper, STARDELEG_DNS_TXT, challenge->record_name, challenge->record_value);
  }
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_CALLBACK;
  }
  (void)snprintf(item->token, sizeof(item->token), "%s", challenge->token);
  sdg_dns_item_want(item, STARDELEG_DNS_UPSERT);
  item->asked_at = now;
  if (sdg_dns_item_is_early(keeper, item, now)) {
    *ready_at = item->next_at;
    return STARDELEG_OK;
  }
  err = sdg_dns_item_advance(keeper, item, now);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOMEM) {
    /* An error would hold up whoever asks, and all that is beside this order; it ends by a deadline of its own. */
    (void)take_failure(keeper, item, err, now);
  } else if (err != STARDELEG_OK) {
    return err;
  }
  *ready_at = item->step == SDG_DNS_DONE ? now : item->next_at;
  return STARDELEG_OK;
}

static void cleanup(void *ctx, const stardeleg_challenge *challenge)
{
  stardeleg_dns_keeper *keeper = ctx;
  sdg_dns_item *item = NULL;

  if (check_challenge(challenge) != STARDELEG_OK) {
    return;
  }
  if (sdg_dns_item_get(&item, keeper, STARDELEG_DNS_TXT, challenge->record_name, challenge->record_value) !=
      STARDELEG_OK) {
    sdg_log(&keeper->options.log, STARDELEG_LOG_WARNING, "dns.update.left", "TXT %s stays", challenge->record_name);
    return;
  }
  (void)snprintf(item->token, sizeof(item->token), "%s", challenge->token);
  sdg_dns_item_want(item, STARDELEG_DNS_REMOVE);
  tell_work(keeper);
}

/* --- CNAMEs --- */

static bool take_fqdn(char out[SDG_DNS_NAME_SIZE], const char *fqdn)
{
  size_t len = fqdn != NULL ? strlen(fqdn) : 0;

  len -= len > 0 && fqdn[len - 1] == '.' ? 1 : 0;
  if (len >= SDG_DNS_NAME_SIZE) {
    return false;
  }
  (void)snprintf(out, SDG_DNS_NAME_SIZE, "%.*s", (int)len, fqdn);
  return sdg_dns_is_owner_name(out);
}

static void take_cname(stardeleg_dns_keeper *keeper, const char *name, const char *target, bool install,
                       bool look_first)
{
  char owner[SDG_DNS_NAME_SIZE];
  char value[SDG_DNS_NAME_SIZE];
  sdg_dns_item *item = NULL;
  bool is_new;

  if (!take_fqdn(owner, name) || !take_fqdn(value, target) ||
      sdg_dns_item_get(&item, keeper, STARDELEG_DNS_CNAME, owner, value) != STARDELEG_OK) {
    char shown[300];

    sdg_text_escape(shown, sizeof(shown), sdg_bytes_str(name));
    sdg_log(&keeper->options.log, STARDELEG_LOG_ERROR, "dns.update.refused", "CNAME %s cannot be %s", shown,
            install ? "installed" : "removed");
    return;
  }
  /* A name has one CNAME: whoever was still to be put there is not any more. */
  for (sdg_dns_item *other = keeper->items; install && other != NULL; other = other->next) {
    if (other != item && other->type == STARDELEG_DNS_CNAME &&
        sdg_bytes_equal_nocase(sdg_bytes_str(other->name), sdg_bytes_str(owner))) {
      sdg_dns_item_want(other, STARDELEG_DNS_REMOVE);
    }
  }
  is_new = item->want == 0;
  sdg_dns_item_want(item, install ? STARDELEG_DNS_UPSERT : STARDELEG_DNS_REMOVE);
  item->look_first = look_first && is_new;
  tell_work(keeper);
}

void stardeleg_dns_keeper_on_cname(void *keeper, const char *name, const char *target, int install)
{
  take_cname(keeper, name, target, install != 0, false);
}

void stardeleg_dns_keeper_restore_cname(stardeleg_dns_keeper *keeper, const char *name, const char *target)
{
  take_cname(keeper, name, target, true, true);
}

/* --- The engine --- */

static bool is_ours(const sdg_dns_item *item)
{
  return item->type == STARDELEG_DNS_CNAME || item->want == STARDELEG_DNS_REMOVE;
}

static bool is_forgotten(const sdg_dns_item *item, stardeleg_time now)
{
  return !is_ours(item) && now - item->asked_at > FORGOTTEN_MS;
}

/* True if the item is over. */
static bool work(stardeleg_dns_keeper *keeper, sdg_dns_item *item, stardeleg_time now)
{
  stardeleg_err err = sdg_dns_item_advance(keeper, item, now);

  if (err != STARDELEG_OK) {
    return take_failure(keeper, item, err, now);
  }
  if (item->step != SDG_DNS_DONE) {
    return false;
  }
  sdg_log(&keeper->options.log, STARDELEG_LOG_INFO, "dns.update.done", "%s %s of %s",
          item->want == STARDELEG_DNS_UPSERT ? "installed" : "removed",
          item->type == STARDELEG_DNS_TXT ? "TXT" : "CNAME", item->name);
  tell_settled(keeper, item, STARDELEG_OK);
  return true;
}

static stardeleg_err next(void *self, stardeleg_ask *ask, stardeleg_time now)
{
  stardeleg_dns_keeper *keeper = self;
  size_t active = 0;

  ask->want = STARDELEG_WANT_WAIT;
  ask->until = keeper->options.on_work != NULL ? STARDELEG_TIME_NEVER : sdg_time_add(now, LOOK_MS);
  for (sdg_dns_item *item = keeper->items, *following; item != NULL; item = following) {
    bool over = is_forgotten(item, now);

    following = item->next;
    if (!over && !is_ours(item)) {
      continue;
    }
    if (!over && !sdg_dns_item_is_early(keeper, item, now)) {
      if (active >= ACTIVE_MAX && !item->pending && item->step == SDG_DNS_ALIAS) {
        ask->until = sdg_time_min(ask->until, sdg_time_add(now, LOOK_MS));
        continue;
      }
      over = work(keeper, item, now);
    }
    if (over) {
      sdg_dns_item_drop(keeper, item);
      continue;
    }
    active += item->step != SDG_DNS_ALIAS || item->failures == 0 ? 1 : 0;
    ask->until = sdg_time_min(ask->until, item->next_at);
  }
  return STARDELEG_OK;
}

static stardeleg_err answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  (void)self;
  (void)id;
  (void)outcome;
  (void)now;
  return STARDELEG_ERR_ARGUMENT; /* it never asked */
}

/* --- In and out --- */

void stardeleg_dns_keeper_options_default(stardeleg_dns_keeper_options *options)
{
  *options = (stardeleg_dns_keeper_options){.size = sizeof(*options),
                                            .ttl_s = 60,
                                            .poll_ms = 2 * SDG_TIME_S,
                                            .wait_max_ms = 5 * SDG_TIME_MINUTE,
                                            .backoff_min_ms = 5 * SDG_TIME_S,
                                            .backoff_max_ms = SDG_TIME_HOUR};
}

static bool options_are_good(const stardeleg_dns_keeper_options *o)
{
  return o != NULL && o->size >= sizeof(*o) && o->update != NULL && o->update->change != NULL &&
         o->ttl_s <= INT32_MAX && o->delay_ms >= 0 && o->poll_ms > 0 && o->wait_max_ms >= 0 && o->backoff_min_ms > 0 &&
         o->backoff_max_ms >= o->backoff_min_ms && o->backoff_max_ms <= INT64_MAX / 4;
}

stardeleg_err stardeleg_dns_keeper_new(stardeleg_dns_keeper **out, const stardeleg_dns_keeper_options *options)
{
  stardeleg_dns_keeper *keeper;

  if (out == NULL || !options_are_good(options)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  keeper = sdg_calloc(1, sizeof(*keeper));
  if (keeper == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  keeper->options = *options;
  keeper->solver = (stardeleg_solver){
      .size = sizeof(keeper->solver), .ctx = keeper, .can_solve = can_solve, .present = present, .cleanup = cleanup};
  keeper->engine = (stardeleg_engine){.self = keeper, .next = next, .answer = answer};
  *out = keeper;
  return STARDELEG_OK;
}

const stardeleg_solver *stardeleg_dns_keeper_solver(stardeleg_dns_keeper *keeper)
{
  return &keeper->solver;
}

const stardeleg_engine *stardeleg_dns_keeper_engine(stardeleg_dns_keeper *keeper)
{
  return &keeper->engine;
}

size_t stardeleg_dns_keeper_pending(const stardeleg_dns_keeper *keeper)
{
  size_t count = 0;

  for (const sdg_dns_item *item = keeper->items; item != NULL; item = item->next) {
    count += is_ours(item) || item->step != SDG_DNS_DONE ? 1 : 0;
  }
  return count;
}

void stardeleg_dns_keeper_free(stardeleg_dns_keeper *keeper)
{
  if (keeper == NULL) {
    return;
  }
  while (keeper->items != NULL) {
    sdg_dns_item_drop(keeper, keeper->items);
  }
  sdg_free(keeper);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* dns_update/item.c -- one record: follow the alias, change the zone, look until it shows. */
#include "dns_update/keeper.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"

#define ITEMS_MAX ((size_t)65536)

/* --- The list --- */

static bool same_name(const char *a, const char *b)
{
  return sdg_bytes_equal_nocase(sdg_bytes_str(a), sdg_bytes_str(b));
}

sdg_dns_item *sdg_dns_item_find(const stardeleg_dns_keeper *keeper, stardeleg_dns_type type, const char *name,
                                const char *value)
{
  for (sdg_dns_item *item = keeper->items; item != NULL; item = item->next) {
    bool same_value = type == STARDELEG_DNS_CNAME ? same_name(item->value, value) : strcmp(item->value, value) == 0;

    if (item->type == type && same_value && same_name(item->name, name)) {
      return item;
    }
  }
  return NULL;
}

stardeleg_err sdg_dns_item_get(sdg_dns_item **out, stardeleg_dns_keeper *keeper, stardeleg_dns_type type,
                               const char *name, const char *value)
{
  sdg_dns_item **link = &keeper->items;

  *out = sdg_dns_item_find(keeper, type, name, value);
  if (*out != NULL) {
    return STARDELEG_OK;
  }
  if (keeper->count >= ITEMS_MAX) {
    return STARDELEG_ERR_LIMIT;
  }
  *out = sdg_calloc(1, sizeof(**out));
  if (*out == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (*out)->type = type;
  (void)snprintf((*out)->name, sizeof((*out)->name), "%s", name);
  (void)snprintf((*out)->value, sizeof((*out)->value), "%s", value);
  (*out)->next_at = STARDELEG_TIME_NONE;
  while (*link != NULL) { /* in the order of arrival: the removal of one CNAME before its successor */
    link = &(*link)->next;
  }
  *link = *out;
  keeper->count++;
  return STARDELEG_OK;
}

void sdg_dns_item_drop(stardeleg_dns_keeper *keeper, sdg_dns_item *item)
{
  for (sdg_dns_item **link = &keeper->items; *link != NULL; link = &(*link)->next) {
    if (*link == item) {
      *link = item->next;
      keeper->count--;
      sdg_free(item);
      return;
    }
  }
}

void sdg_dns_item_want(sdg_dns_item *item, stardeleg_dns_action action)
{
  if (item->want == action) {
    return;
  }
  item->want = action;
  item->look_first = false;
  item->failures = 0;
  item->next_at = STARDELEG_TIME_NONE;
  if (!item->pending) {
    item->step = SDG_DNS_ALIAS;
  }
}

/* --- Looking --- */

/* One look-up; true if there is an answer or an error.  Else |next_at| is set. */
static bool look(const stardeleg_dns_keeper *keeper, sdg_dns_item *item, stardeleg_time now, stardeleg_err *err,
                 const stardeleg_dns_answer **answer)
{
  const stardeleg_dns *dns = keeper->options.dns;
  stardeleg_time ready_at = now;

  *answer = NULL;
  *err = dns->lookup(dns->ctx, item->name, item->type, now, &ready_at, answer);
  if (*err == STARDELEG_OK && *answer == NULL) {
    item->next_at = ready_at > now ? ready_at : sdg_time_add(now, 1);
    return false;
  }
  return true;
}

static bool is_known(const stardeleg_dns_answer *answer)
{
  return answer->status == STARDELEG_DNS_OK || answer->status == STARDELEG_DNS_NO_NAME;
}

/* "_acme-challenge" may be an alias into another zone of ours (RFC 8555 8.4): the record goes there. */
static stardeleg_err take_alias(const stardeleg_dns_keeper *keeper, sdg_dns_item *item,
                                const stardeleg_dns_answer *answer)
{
  const char *target = answer->canonical_name != NULL ? answer->canonical_name : item->name;

  if (!is_known(answer)) {
    sdg_log(&keeper->options.log, STARDELEG_LOG_WARNING, "dns.update.alias", "%s cannot be looked up: status %d",
            item->name, (int)answer->status);
    return STARDELEG_ERR_CALLBACK;
  }
  if (!sdg_dns_is_owner_name(target)) {
    sdg_log(&keeper->options.log, STARDELEG_LOG_WARNING, "dns.update.alias",
            "%s leads to a name that is not written to", item->name);
    return STARDELEG_ERR_ARGUMENT;
  }
  (void)snprintf(item->target, sizeof(item->target), "%s", target);
  return STARDELEG_OK;
}

static bool shows_record(const sdg_dns_item *item, stardeleg_bytes rdata)
{
  char text[STARDELEG_DNS_NAME_SIZE];
  size_t len = 0;

  if (item->type == STARDELEG_DNS_CNAME) {
    return stardeleg_dns_read_name(text, rdata) == STARDELEG_OK && same_name(text, item->value);
  }
  return stardeleg_dns_read_txt(text, sizeof(text), &len, rdata) == STARDELEG_OK &&
         sdg_bytes_is(sdg_bytes(text, len), item->value);
}

static bool shows(const sdg_dns_item *item, const stardeleg_dns_answer *answer)
{
  for (size_t i = 0; i < answer->record_count; i++) {
    if (shows_record(item, answer->records[i])) {
      return true;
    }
  }
  return false;
}

static stardeleg_err find_target(const stardeleg_dns_keeper *keeper, sdg_dns_item *item, stardeleg_time now)
{
  const stardeleg_dns_answer *answer = NULL;
  stardeleg_err err = STARDELEG_OK;

  if (item->want == STARDELEG_DNS_REMOVE && item->target[0] != '\0') {
    item->step = SDG_DNS_CHANGE; /* where we put it, whatever the alias is now */
    return STARDELEG_OK;
  }
  if (keeper->options.dns == NULL || (item->type != STARDELEG_DNS_TXT && !item->look_first)) {
    (void)snprintf(item->target, sizeof(item->target), "%s", item->name);
    item->step = SDG_DNS_CHANGE;
    return STARDELEG_OK;
  }
  if (!look(keeper, item, now, &err, &answer)) {
    return STARDELEG_OK;
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (item->type == STARDELEG_DNS_TXT) {
    err = take_alias(keeper, item, answer);
    item->step = err == STARDELEG_OK ? SDG_DNS_CHANGE : item->step;
  } else {
    item->look_first = false;
    item->step = is_known(answer) && shows(item, answer) ? SDG_DNS_DONE : item->step;
  }
  keeper->options.dns->release(keeper->options.dns->ctx, answer);
  return err;
}

static void begin_delay(const stardeleg_dns_keeper *keeper, sdg_dns_item *item, stardeleg_time now)
{
  int64_t delay = item->type == STARDELEG_DNS_TXT && item->want == STARDELEG_DNS_UPSERT ? keeper->options.delay_ms : 0;

  item->step = delay > 0 ? SDG_DNS_DELAY : SDG_DNS_DONE;
  item->next_at = sdg_time_add(now, delay);
}

static stardeleg_err see(const stardeleg_dns_keeper *keeper, sdg_dns_item *item, stardeleg_time now)
{
  const stardeleg_dns_answer *answer = NULL;
  bool wanted = item->want == STARDELEG_DNS_UPSERT;
  bool settled = false;
  stardeleg_err err = STARDELEG_OK;

  if (!look(keeper, item, now, &err, &answer)) {
    return STARDELEG_OK;
  }
  if (err == STARDELEG_OK) {
    settled = is_known(answer) && shows(item, answer) == wanted;
    keeper->options.dns->release(keeper->options.dns->ctx, answer);
  }
  if (settled) {
    begin_delay(keeper, item, now);
    return STARDELEG_OK;
  }
  if (now >= item->deadline) {
    sdg_log(&keeper->options.log, STARDELEG_LOG_WARNING, "dns.update.unseen",
            "%s was changed, but the DNS does not show it in time", item->name);
    return STARDELEG_ERR_CALLBACK;
  }
  item->next_at = sdg_time_add(now, keeper->options.poll_ms);
  return STARDELEG_OK;
}

/* --- Changing --- */

/* Two programs at one CNAME could end in either order. */
static bool is_held_up(const stardeleg_dns_keeper *keeper, const sdg_dns_item *item)
{
  for (const sdg_dns_item *other = keeper->items; other != NULL; other = other->next) {
    if (other != item && other->pending && other->type == STARDELEG_DNS_CNAME && same_name(other->name, item->name)) {
      return true;
    }
  }
  return false;
}

static stardeleg_err change(const stardeleg_dns_keeper *keeper, sdg_dns_item *item, stardeleg_time now)
{
  const stardeleg_dns_keeper_options *options = &keeper->options;
  stardeleg_dns_change request = {.size = sizeof(request),
                                  .type = item->type,
                                  .name = item->target,
                                  .value = item->value,
                                  .ttl_s = options->ttl_s,
                                  .token = item->token};
  stardeleg_time ready_at = now;
  stardeleg_err err;

  if (!item->pending) {
    if (item->type == STARDELEG_DNS_CNAME && is_held_up(keeper, item)) {
      item->next_at = sdg_time_add(now, 50);
      return STARDELEG_OK;
    }
    item->doing = item->want;
    item->pending = true;
  }
  request.action = item->doing;
  err = stardeleg_dns_change_check(&request);
  if (err == STARDELEG_OK) {
    err = options->update->change(options->update->ctx, &request, now, &ready_at);
  }
  if (err == STARDELEG_OK && ready_at > now) {
    item->next_at = ready_at;
    return STARDELEG_OK;
  }
  item->pending = false;
  if (item->doing != item->want) {
    return STARDELEG_OK; /* overtaken: once more, the other way round */
  }
  if (err == STARDELEG_OK) {
    bool look_for_it = options->dns != NULL && (item->want == STARDELEG_DNS_UPSERT || item->type != STARDELEG_DNS_TXT);

    item->deadline = sdg_time_add(now, options->wait_max_ms);
    item->step = SDG_DNS_SEE;
    if (!look_for_it) {
      begin_delay(keeper, item, now);
    }
  }
  return err;
}

/* A clock that was turned back must not make anything wait longer than it ever would. */
bool sdg_dns_item_is_early(const stardeleg_dns_keeper *keeper, const sdg_dns_item *item, stardeleg_time now)
{
  const stardeleg_dns_keeper_options *o = &keeper->options;
  int64_t longest = o->backoff_max_ms > o->delay_ms ? o->backoff_max_ms : o->delay_ms;

  longest = longest > o->wait_max_ms ? longest : o->wait_max_ms;
  return item->next_at > now && item->next_at <= sdg_time_add(now, longest);
}

stardeleg_err sdg_dns_item_advance(stardeleg_dns_keeper *keeper, sdg_dns_item *item, stardeleg_time now)
{
  stardeleg_err err = STARDELEG_OK;

  while (err == STARDELEG_OK && item->step != SDG_DNS_DONE && !sdg_dns_item_is_early(keeper, item, now)) {
    switch (item->step) {
    case SDG_DNS_ALIAS:
      err = find_target(keeper, item, now);
      break;
    case SDG_DNS_CHANGE:
      err = change(keeper, item, now);
      break;
    case SDG_DNS_SEE:
      err = see(keeper, item, now);
      break;
    default:
      item->step = SDG_DNS_DONE;
      break;
    }
  }
  if (err != STARDELEG_OK) {
    item->step = SDG_DNS_ALIAS;
    item->next_at = STARDELEG_TIME_NONE;
  }
  return err;
}

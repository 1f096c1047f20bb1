/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/turn.c -- one turn of the crank: outcomes to the engines, their wishes to libcurl. */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MS 1000
/* Wall clocks step: no sleep towards an instant is longer. */
#define SLEEP_MAX_MS 60000
#define IDLE_MAX 32
/* One engine does not keep the others waiting. */
#define ASKS_PER_TURN 64
/* Two addresses tried at once, a resolver's pipe, and one being closed. */
#define SOCKETS_PER_EXCHANGE 4

static void warn(const stardeleg_curl *curl, const char *event, const char *text)
{
  const stardeleg_log *log = &curl->settings.options.log;

  if (log->write != NULL) {
    log->write(log->ctx, STARDELEG_LOG_WARNING, event, text);
  }
}

/* An error that may pass puts the engine off; any other is kept for the caller. */
static void take_error(stardeleg_curl *curl, sdg_curl_member *member, stardeleg_err err, stardeleg_err *first)
{
  if (err == STARDELEG_OK) {
    return;
  }
  member->due = true;
  member->retry_at = sdg_curl_ticks() + RETRY_MS;
  if (stardeleg_err_is_retryable(err)) {
    warn(curl, "transport.engine.retry", stardeleg_strerror(err));
  } else if (*first == STARDELEG_OK) {
    *first = err;
  }
}

static void answer(stardeleg_curl *curl, sdg_curl_member *member, uint64_t id, const stardeleg_outcome *outcome,
                   stardeleg_err *first)
{
  stardeleg_err rv;

  member->due = true;
  member->retry_at = 0;
  curl->depth++;
  rv = member->engine.answer(member->engine.self, id, outcome, sdg_curl_now(&curl->settings));
  curl->depth--;
  take_error(curl, member, rv, first);
}

static void unlink_open(stardeleg_curl *curl, sdg_curl_exchange *exchange)
{
  sdg_curl_exchange **link = &curl->open;

  while (*link != NULL && *link != exchange) {
    link = &(*link)->next;
  }
  if (*link != NULL) {
    *link = exchange->next;
    curl->open_count--;
  }
}

static void put_away(stardeleg_curl *curl, sdg_curl_exchange *exchange)
{
  if (curl->idle_count >= IDLE_MAX) {
    sdg_curl_exchange_free(exchange);
    return;
  }
  sdg_curl_exchange_reset(exchange);
  exchange->next = curl->idle;
  curl->idle = exchange;
  curl->idle_count++;
}

static stardeleg_err take_idle(sdg_curl_exchange **out, stardeleg_curl *curl)
{
  if (curl->idle == NULL) {
    return sdg_curl_exchange_new(out, &curl->settings);
  }
  *out = curl->idle;
  curl->idle = (*out)->next;
  curl->idle_count--;
  return STARDELEG_OK;
}

/* Gives the request to libcurl, or answers at once why not. */
static void begin(stardeleg_curl *curl, sdg_curl_member *member, const stardeleg_ask *ask, stardeleg_err *first)
{
  sdg_curl_exchange *exchange = NULL;
  stardeleg_outcome outcome;
  stardeleg_err rv = sdg_curl_watch_reserve(curl, SOCKETS_PER_EXCHANGE * (curl->open_count + 1));

  if (rv == STARDELEG_OK) {
    rv = take_idle(&exchange, curl);
  }
  if (rv == STARDELEG_OK) {
    rv = sdg_curl_exchange_begin(exchange, &ask->request);
  }
  if (rv == STARDELEG_OK && curl_multi_add_handle(curl->multi, exchange->easy) != CURLM_OK) {
    rv = STARDELEG_ERR_NOMEM;
  }
  if (rv == STARDELEG_OK) {
    exchange->owner = member;
    exchange->id = ask->id;
    exchange->next = curl->open;
    curl->open = exchange;
    curl->open_count++;
    return;
  }
  if (exchange != NULL) {
    put_away(curl, exchange);
  }
  sdg_curl_exchange_refused(rv, &outcome);
  answer(curl, member, ask->id, &outcome, first);
}

/* Asks until the engine waits. */
static void ask_member(stardeleg_curl *curl, sdg_curl_member *member, stardeleg_err *first)
{
  stardeleg_ask ask;
  stardeleg_err rv;

  member->due = true;
  member->retry_at = 0;
  for (int i = 0; i < ASKS_PER_TURN && member->retry_at == 0 && !member->removed; i++) {
    memset(&ask, 0, sizeof(ask));
    curl->depth++;
    rv = member->engine.next(member->engine.self, &ask, sdg_curl_now(&curl->settings));
    curl->depth--;
    if (rv != STARDELEG_OK) {
      take_error(curl, member, rv, first);
      return;
    }
    if (ask.want != STARDELEG_WANT_EXCHANGE) {
      member->until = ask.until;
      member->due = false;
      return;
    }
    if (!member->removed) {
      begin(curl, member, &ask, first);
    }
  }
}

static void sweep_removed(stardeleg_curl *curl)
{
  sdg_curl_member **link = &curl->members;

  if (curl->depth > 0 || !curl->has_removed) {
    return;
  }
  while (*link != NULL) {
    sdg_curl_member *member = *link;

    if (member->removed) {
      *link = member->next;
      free(member);
    } else {
      link = &member->next;
    }
  }
  curl->has_removed = false;
}

static void finish(stardeleg_curl *curl, sdg_curl_exchange *exchange, CURLcode code, stardeleg_err *first)
{
  sdg_curl_member *member = exchange->owner;
  stardeleg_outcome outcome;

  unlink_open(curl, exchange);
  sdg_curl_exchange_outcome(exchange, code, &outcome);
  (void)curl_multi_remove_handle(curl->multi, exchange->easy);
  if (!member->removed) {
    answer(curl, member, exchange->id, &outcome, first);
  }
  put_away(curl, exchange);
}

static void answer_finished(stardeleg_curl *curl, stardeleg_err *first)
{
  CURLMsg *message;
  int left;

  while ((message = curl_multi_info_read(curl->multi, &left)) != NULL) {
    CURLcode code = message->data.result;
    char *exchange = NULL;

    if (message->msg == CURLMSG_DONE &&
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange) == CURLE_OK && exchange != NULL) {
      finish(curl, (sdg_curl_exchange *)(void *)exchange, code, first);
    }
  }
}

static bool is_due(const sdg_curl_member *member, stardeleg_time now, int64_t ticks)
{
  if (member->removed) {
    return false;
  }
  if (member->retry_at != 0) {
    return ticks >= member->retry_at;
  }
  return member->due || member->until <= now;
}

stardeleg_err sdg_curl_turn(stardeleg_curl *curl)
{
  stardeleg_err first = STARDELEG_OK;
  stardeleg_time now;
  int64_t ticks;

  answer_finished(curl, &first);
  now = sdg_curl_now(&curl->settings);
  ticks = sdg_curl_ticks();
  for (sdg_curl_member *member = curl->members; member != NULL; member = member->next) {
    if (is_due(member, now, ticks)) {
      ask_member(curl, member, &first);
    }
  }
  sweep_removed(curl);
  if (curl->attached) {
    curl->hooks.timer(curl->hooks.ctx, sdg_curl_delay(curl));
  }
  return first;
}

/* Time from |now| to |at|, both of one clock, without overflow. */
static int64_t time_to(int64_t at, int64_t now)
{
  if (at <= now) {
    return 0;
  }
  if (now < 0 && at > INT64_MAX + now) {
    return INT64_MAX;
  }
  return at - now;
}

static int64_t member_delay(const sdg_curl_member *member, stardeleg_time now, int64_t ticks)
{
  int64_t delay;

  if (member->removed) {
    return INT64_MAX;
  }
  if (member->retry_at != 0) {
    return time_to(member->retry_at, ticks);
  }
  if (member->due) {
    return 0;
  }
  if (member->until == STARDELEG_TIME_NEVER) {
    return INT64_MAX;
  }
  delay = time_to(member->until, now);
  return delay < SLEEP_MAX_MS ? delay : SLEEP_MAX_MS;
}

int64_t sdg_curl_delay(const stardeleg_curl *curl)
{
  stardeleg_time now = sdg_curl_now(&curl->settings);
  int64_t ticks = sdg_curl_ticks();
  int64_t least = curl->curl_at == SDG_CURL_TICKS_NEVER ? INT64_MAX : time_to(curl->curl_at, ticks);

  for (const sdg_curl_member *member = curl->members; member != NULL; member = member->next) {
    int64_t delay = member_delay(member, now, ticks);

    least = delay < least ? delay : least;
  }
  return least == INT64_MAX ? -1 : least;
}

stardeleg_err sdg_curl_kick(stardeleg_curl *curl, curl_socket_t fd, int mask)
{
  int running = 0;
  CURLMcode code;

  if (fd == CURL_SOCKET_TIMEOUT) {
    curl->curl_at = SDG_CURL_TICKS_NEVER; /* it names the next one while it works */
  }
  code = curl_multi_socket_action(curl->multi, fd, mask, &running);
  if (code == CURLM_OK || code == CURLM_BAD_SOCKET) {
    return STARDELEG_OK; /* a descriptor that libcurl has let go of meanwhile is no error */
  }
  warn(curl, "transport.multi", curl_multi_strerror(code));
  return code == CURLM_OUT_OF_MEMORY ? STARDELEG_OK : STARDELEG_ERR_TRANSPORT;
}

void sdg_curl_drop(stardeleg_curl *curl, const sdg_curl_member *member)
{
  sdg_curl_exchange **link = &curl->open;

  while (*link != NULL) {
    sdg_curl_exchange *exchange = *link;

    if (member == NULL || exchange->owner == member) {
      *link = exchange->next;
      curl->open_count--;
      (void)curl_multi_remove_handle(curl->multi, exchange->easy);
      put_away(curl, exchange);
    } else {
      link = &exchange->next;
    }
  }
}

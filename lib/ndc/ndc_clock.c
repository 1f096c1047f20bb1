/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_clock.c -- a clock that is far off must neither drop certificates nor order everything anew.
 *
 * Two witnesses: the Date of the IdO's answers, which come over TLS and are needed for every order anyway, and that of
 * a CA elsewhere.  If the IdO's is far from ours and no CA agrees with us, what is due is decided by the IdO's time: in
 * the worst case its orders then follow its own wrong clock, evenly. */
#include "ndc/ndc_internal.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/time.h"
#include "base/url.h"
#include "transport/http_message.h"

/* Clocks within this are the same clock. */
#define TOLERATED (5 * SDG_TIME_MINUTE)
/* A CA's clock is a witness for so long: it is seen with every STAR certificate. */
#define WITNESS_MAX (4 * SDG_TIME_DAY)
/* Less than this back is a correction that nobody's pause suffers from. */
#define STEP_BACK SDG_TIME_MINUTE

void sdg_ndc_clock_init(sdg_ndc_clock *clock)
{
  *clock = (sdg_ndc_clock){0};
  clock->last_now = STARDELEG_TIME_NONE;
  clock->told_at = STARDELEG_TIME_NONE;
}

static bool is_far(int64_t ahead_ms)
{
  return ahead_ms > TOLERATED || ahead_ms < -TOLERATED;
}

/* A CA's word from before our clock jumped is none; how long ago that was, only our clock could tell. */
static bool is_vouched(const sdg_ndc_clock *clock)
{
  return clock->has_ca && !is_far(clock->ca_ahead_ms) && clock->last_now - clock->ca_seen_at < WITNESS_MAX;
}

static int64_t offset(const sdg_ndc_clock *clock)
{
  if (!clock->has_ido || !is_far(clock->ido_ahead_ms) || is_vouched(clock)) {
    return 0;
  }
  return clock->ido_ahead_ms;
}

stardeleg_time sdg_ndc_time(const stardeleg_ndc *ndc, stardeleg_time now)
{
  return sdg_time_add(now, offset(&ndc->clock));
}

stardeleg_time sdg_ndc_wait_for(const stardeleg_ndc *ndc, stardeleg_time at)
{
  return at == STARDELEG_TIME_NONE || at == STARDELEG_TIME_NEVER ? at : sdg_time_add(at, -offset(&ndc->clock));
}

/* --- When the clock has moved under the waiting --- */

static stardeleg_time forget_future(stardeleg_time at, stardeleg_time limit)
{
  return at != STARDELEG_TIME_NEVER && at > limit ? STARDELEG_TIME_NONE : at;
}

/* Moments written down by a clock that was ahead would let us sleep for as long as it was ahead.  No pause ends after
 * |limit|. */
static void wake_one(sdg_ndc_delegation *d, stardeleg_time limit, stardeleg_time now)
{
  d->wait_until = forget_future(d->wait_until, limit);
  d->tell_at = forget_future(d->tell_at, limit);
  d->ordered_at = forget_future(d->ordered_at, now);
  d->checked_at = forget_future(d->checked_at, now);
  d->kind_refused_at = forget_future(d->kind_refused_at, now);
  if (d->pending != NULL) {
    sdg_order_flow *flow = &d->pending->flow;

    flow->wait_until = forget_future(flow->wait_until, limit);
    /* The patience of a state begins anew with its next answer. */
    flow->deadline = forget_future(flow->deadline, sdg_time_add(now, SDG_TIME_DAY));
    d->pending->give_up_at = sdg_time_min(d->pending->give_up_at, sdg_time_add(now, SDG_TIME_DAY));
  }
  d->fetch_at = sdg_ndc_wait_for(d->ndc, sdg_ndc_next_fetch(d));
  d->check_at = forget_future(d->check_at, sdg_time_add(now, d->ndc->options.certificate_interval_s * SDG_TIME_S));
  sdg_ndc_wake_order(d, now);
  sdg_ndc_wake_holder(d, now);
}

static void wake_delegations(stardeleg_ndc *ndc, int64_t pause_max_ms, stardeleg_time now)
{
  for (size_t i = 0; i < ndc->count; i++) {
    wake_one(ndc->delegations[i], sdg_time_add(now, pause_max_ms), now);
  }
}

static void wake_all(stardeleg_ndc *ndc, stardeleg_time now)
{
  wake_delegations(ndc, ndc->options.backoff_max_ms, now);
  sdg_ndc_chore_wake(&ndc->discovery.chore, now);
  sdg_ndc_chore_wake(&ndc->leaving, now);
  sdg_session_clock_back(ndc->session, now);
}

void sdg_ndc_clock_tick(stardeleg_ndc *ndc, stardeleg_time now)
{
  sdg_ndc_clock *clock = &ndc->clock;
  stardeleg_time before = clock->last_now;
  int64_t pause_max_ms = ndc->options.backoff_max_ms;

  clock->last_now = now;
  if (before == STARDELEG_TIME_NONE) {
    /* What is in the records may come from a clock that was ahead before the restart; Retry-After goes up to a day. */
    wake_delegations(ndc, pause_max_ms > SDG_TIME_DAY ? pause_max_ms : SDG_TIME_DAY, now);
  } else if (now < before - STEP_BACK) {
    clock->has_ido = false; /* measured against the old one */
    clock->has_ca = false;
    clock->told_at = STARDELEG_TIME_NONE;
    sdg_log(&ndc->options.log, STARDELEG_LOG_WARNING, "ndc.clock.back",
            "the clock was set back; looking at everything");
    wake_all(ndc, now);
  }
}

/* --- Witnesses --- */

static bool read_date(stardeleg_time *out, const sdg_result *result, stardeleg_time now)
{
  stardeleg_bytes value;

  /* What a cache hands out bears the date of long ago (RFC 9110 6.6.1, RFC 9111 5.1). */
  if (result->response == NULL ||
      sdg_http_header(&value, result->response->headers, result->response->header_count, "Age", NULL) ||
      !sdg_http_header(&value, result->response->headers, result->response->header_count, "Date", NULL)) {
    return false;
  }
  return sdg_time_read_http(out, value, now) == STARDELEG_OK;
}

static bool is_ido(const stardeleg_ndc *ndc, const char *text)
{
  sdg_url url;
  sdg_url directory;

  return sdg_url_parse(&url, sdg_bytes_str(text)) == STARDELEG_OK &&
         sdg_url_parse(&directory, sdg_bytes_str(ndc->options.directory_url)) == STARDELEG_OK &&
         sdg_url_same_origin(&url, &directory);
}

static void tell(stardeleg_ndc *ndc, stardeleg_time now)
{
  sdg_ndc_clock *clock = &ndc->clock;
  int64_t ahead = offset(clock);

  if (ahead == 0 || (clock->told_at != STARDELEG_TIME_NONE && now - clock->told_at < SDG_TIME_HOUR)) {
    return;
  }
  clock->told_at = now;
  sdg_log(&ndc->options.log, STARDELEG_LOG_WARNING, "ndc.clock.wrong",
          "this machine's clock is %lld s %s the IdO's; what is due is decided by the IdO's",
          (long long)((ahead > 0 ? ahead : -ahead) / SDG_TIME_S), ahead > 0 ? "behind" : "ahead of");
}

void sdg_ndc_clock_see(stardeleg_ndc *ndc, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_clock *clock = &ndc->clock;
  int64_t before = offset(clock);
  int64_t moved;
  stardeleg_time theirs;

  if (!read_date(&theirs, result, now)) {
    return;
  }
  if (is_ido(ndc, result->url)) {
    clock->ido_ahead_ms = theirs - now;
    clock->has_ido = true;
  } else {
    clock->ca_ahead_ms = theirs - now;
    clock->ca_seen_at = now;
    clock->has_ca = true;
  }
  moved = offset(clock) - before;
  if (is_far(moved)) {
    tell(ndc, now);
    wake_all(ndc, now);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_pace.c -- when the URL of a certificate is asked next: for its successor (RFC 8739 3.3, 3.5), and in between
 * to see whether it still stands. */
#include "ndc/ndc_commit.h"

#include "base/time.h"
#include "star/schedule.h"
#include "transport/http_message.h"

/* However short answers stay fresh: a fleet behind one CA must not ask it all day long. */
#define CHECK_MIN (6 * SDG_TIME_HOUR)

/* |random| of 2^32 of |span_ms|, in whole seconds. */
static int64_t share_of(int64_t span_ms, uint32_t random)
{
  return (int64_t)((uint64_t)(span_ms / SDG_TIME_S) * random >> 32) * SDG_TIME_S;
}

static int64_t interval_ms(const sdg_ndc_delegation *d)
{
  return d->ndc->options.certificate_interval_s * SDG_TIME_S;
}

/* RFC 8739 4.3: answers tell how long caches may repeat them (RFC 9111 4.2).  Who asks earlier may hear the cache, so
 * the next look waits for the end of that time; but a CA that lets its answers be cached for half a certificate's life
 * does not decide how late a revocation is noticed: the interval is never exceeded. */
static stardeleg_time next_check(const sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  int64_t pause = interval_ms(d);
  int64_t fresh = result != NULL && result->response != NULL ? sdg_http_fresh_ms(result->response, pause) : 0;

  if (fresh > 0) {
    fresh += fresh / 8; /* so that the share taken off below does not lead back into it */
    fresh = fresh > CHECK_MIN ? fresh : CHECK_MIN;
    pause = fresh < pause ? fresh : pause;
  }
  return sdg_time_add(now, pause - share_of(pause / 10, sdg_agent_random(d->ndc->agent)));
}

stardeleg_time sdg_ndc_next_fetch(const sdg_ndc_delegation *d)
{
  return d->current == NULL || !d->current->star
             ? STARDELEG_TIME_NEVER
             : sdg_star_fetch_at(&d->current->renewal, d->current->not_before, d->current->not_after);
}

static stardeleg_time due_at(const sdg_ndc_delegation *d)
{
  return sdg_ndc_wait_for(d->ndc, sdg_ndc_next_fetch(d));
}

stardeleg_time sdg_ndc_pace_due(sdg_ndc_delegation *d, stardeleg_time now)
{
  if (d->check_at == STARDELEG_TIME_NONE) {
    /* After a restart; a fleet that was started at once does not ask at once. */
    d->check_at = sdg_time_add(now, share_of(interval_ms(d) / 4, sdg_agent_random(d->ndc->agent)));
  }
  return sdg_time_min(d->fetch_at, d->check_at);
}

void sdg_ndc_pace_fresh(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  d->fetch_tries = 0;
  d->fetch_at = due_at(d);
  d->check_at = next_check(d, result, now);
}

void sdg_ndc_pace_unchanged(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  stardeleg_time t = sdg_ndc_time(d->ndc, now);

  sdg_ndc_pace_fresh(d, result, now);
  if (d->fetch_at <= now) {
    d->fetch_at = sdg_time_add(now, sdg_star_poll_pause_ms(t, d->current->not_after));
  }
}

bool sdg_ndc_pace_can_wait(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  int64_t pause = interval_ms(d) / 8;
  stardeleg_time retry_at = sdg_time_min(result->retry_at, sdg_time_add(now, interval_ms(d)));

  if (d->withdrawn || due_at(d) <= now) {
    return false;
  }
  d->fetch_at = due_at(d);
  d->check_at = sdg_time_max(sdg_time_add(now, pause - share_of(pause / 2, sdg_agent_random(d->ndc->agent))), retry_at);
  return true;
}

void sdg_ndc_pace_failed(sdg_ndc_delegation *d, stardeleg_time retry_at, stardeleg_time now)
{
  int64_t max = sdg_ndc_pause_max(d, true, now);

  d->fetch_tries += d->fetch_tries < UINT32_MAX ? 1 : 0;
  d->fetch_at = sdg_time_add(
      now, sdg_backoff_ms(d->fetch_tries, d->ndc->options.backoff_min_ms, max, sdg_agent_random(d->ndc->agent)));
  d->check_at = next_check(d, NULL, now);
  if (retry_at != STARDELEG_TIME_NONE && retry_at > d->fetch_at) {
    /* The server's wish counts, but not for longer than the certificate can bear. */
    int64_t left = d->current->not_after - sdg_ndc_time(d->ndc, now);
    int64_t bearable = left > 0 ? left / 4 : max;

    d->fetch_at = sdg_time_min(retry_at, sdg_time_add(now, bearable > max ? bearable : max));
  }
}

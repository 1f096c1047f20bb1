/* SPDX-License-Identifier: Apache-2.0 */
/* star/schedule.c -- the arithmetic of RFC 8739 3.5, in whole seconds because certificates have no finer ones. */
#include "star/schedule.h"

#include "base/time.h"

/* adjust_server = f * T, rounded up to a whole second but below T (f < 1). */
static int64_t server_padding_s(int64_t lifetime_s, unsigned fraction_permille)
{
  int64_t padding = (lifetime_s * (int64_t)fraction_permille + 999) / 1000;

  return padding < lifetime_s ? padding : lifetime_s - 1;
}

int64_t sdg_star_adjust_s(const sdg_auto_renewal *renewal, unsigned fraction_permille)
{
  int64_t client_s =
      renewal->lifetime_adjust_s < renewal->lifetime_s ? renewal->lifetime_adjust_s : renewal->lifetime_s;
  int64_t server_s = server_padding_s(renewal->lifetime_s, fraction_permille);

  return client_s > server_s ? client_s : server_s;
}

stardeleg_err sdg_star_schedule_init(sdg_star_schedule *out, const sdg_auto_renewal *renewal,
                                     stardeleg_time first_issue_at, unsigned fraction_permille)
{
  sdg_star_schedule schedule;

  if (fraction_permille < SDG_STAR_FRACTION_MIN || fraction_permille > SDG_STAR_FRACTION_MAX ||
      renewal->lifetime_s < 1 || renewal->lifetime_s > SDG_STAR_LIFETIME_MAX_S || renewal->lifetime_adjust_s < 0) {
    return STARDELEG_ERR_ARGUMENT;
  }
  schedule.nrd0 = sdg_time_floor_s(first_issue_at);
  if (renewal->start_at != STARDELEG_TIME_NONE) {
    /* A start-date with a fraction of a second: no certificate may begin before it. */
    schedule.nrd0 = sdg_time_max(schedule.nrd0, sdg_time_floor_s(sdg_time_add(renewal->start_at, SDG_TIME_S - 1)));
  }
  schedule.end_at = sdg_time_floor_s(renewal->end_at);
  schedule.lifetime_ms = renewal->lifetime_s * SDG_TIME_S;
  schedule.adjust_ms = sdg_star_adjust_s(renewal, fraction_permille) * SDG_TIME_S;
  if (schedule.nrd0 >= schedule.end_at) {
    return STARDELEG_ERR_EXPIRED;
  }
  *out = schedule;
  return STARDELEG_OK;
}

stardeleg_err sdg_star_schedule_period(const sdg_star_schedule *schedule, uint64_t index, sdg_star_period *out)
{
  /* nrd[i] < end is asked first, as a division, so that no product can overflow. */
  int64_t room = schedule->end_at - schedule->nrd0;
  stardeleg_time nrd;

  if (room <= 0 || index > (uint64_t)((room - 1) / schedule->lifetime_ms)) {
    return STARDELEG_ERR_EXPIRED;
  }
  nrd = schedule->nrd0 + (int64_t)index * schedule->lifetime_ms;
  out->index = index;
  out->nrd = nrd;
  out->not_after = sdg_time_min(sdg_time_add(nrd, schedule->lifetime_ms), schedule->end_at);
  /* RFC 8739 3.5: the first certificate never begins before start-date; without one it begins with its issuance. */
  out->not_before = index == 0 ? nrd : sdg_time_add(nrd, -schedule->adjust_ms);
  /* It is published when it becomes valid (3.3, 3.5.1); not before nrd0, as the adjustment is at most T. */
  out->publish_at = out->not_before;
  return STARDELEG_OK;
}

stardeleg_err sdg_star_schedule_at(const sdg_star_schedule *schedule, stardeleg_time now, sdg_star_period *out)
{
  uint64_t index = 0;
  uint64_t last;

  if (now >= schedule->end_at) {
    return STARDELEG_ERR_EXPIRED;
  }
  if (now >= schedule->nrd0) {
    /* publish_at(i) = nrd0 + i*T - adjust <= now */
    index = (uint64_t)((now - schedule->nrd0 + schedule->adjust_ms) / schedule->lifetime_ms);
    last = (uint64_t)((schedule->end_at - schedule->nrd0 - 1) / schedule->lifetime_ms);
    index = index < last ? index : last;
  }
  return sdg_star_schedule_period(schedule, index, out);
}

/* --- The fetching side --- */

stardeleg_time sdg_star_fetch_at(const sdg_auto_renewal *renewal, stardeleg_time not_before, stardeleg_time not_after)
{
  int64_t lifetime_ms = renewal->lifetime_s * SDG_TIME_S;
  int64_t adjust_ms = renewal->lifetime_adjust_s * SDG_TIME_S;

  if (not_after >= sdg_time_floor_s(renewal->end_at)) {
    return STARDELEG_TIME_NEVER;
  }
  if (adjust_ms > lifetime_ms) {
    adjust_ms = lifetime_ms;
  }
  if (adjust_ms < lifetime_ms / 2) {
    adjust_ms = lifetime_ms / 2;
  }
  return sdg_time_max(sdg_time_add(not_after, -adjust_ms), not_before);
}

int64_t sdg_star_poll_pause_ms(stardeleg_time now, stardeleg_time not_after)
{
  int64_t left = not_after > now ? not_after - now : 0;
  int64_t pause = left / 20;

  if (pause < SDG_TIME_S) {
    return SDG_TIME_S;
  }
  return pause > SDG_TIME_HOUR ? SDG_TIME_HOUR : pause;
}

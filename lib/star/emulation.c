/* SPDX-License-Identifier: Apache-2.0 */
/* star/emulation.c -- STAR orders over CAs with certificates of a fixed validity, or with notAfter. */
#include "star/emulation.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"

/* The last certificate is ordered so much earlier than would just do: its issuance takes a while. */
#define LAST_SLACK SDG_TIME_HOUR

static stardeleg_err refuse(stardeleg_problem *problem, const char *place, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", detail);
  if (problem != NULL) {
    sdg_problem_set_place(problem, sdg_bytes_str(place));
  }
  return STARDELEG_ERR_MALFORMED;
}

/* V/2 < T */
int64_t sdg_star_supply_min_s(const sdg_star_supply *supply)
{
  return supply->takes_not_after ? 1 : supply->validity_s / 2 + 1;
}

/* T <= V/1.5 */
int64_t sdg_star_supply_max_s(const sdg_star_supply *supply)
{
  return supply->validity_s * 2 / 3;
}

/* The bounds are told with the refusal: the delegate can order again without asking anybody. */
static stardeleg_err check_lifetime(const sdg_star_supply *supply, const sdg_auto_renewal *renewal,
                                    stardeleg_problem *problem)
{
  int64_t min_s = sdg_star_supply_min_s(supply);
  int64_t max_s = sdg_star_supply_max_s(supply);
  char detail[192];

  if (renewal->lifetime_s >= min_s && renewal->lifetime_s <= max_s) {
    return STARDELEG_OK;
  }
  (void)snprintf(detail, sizeof(detail),
                 "lifetime is %lld s; with the certificates of this CA, valid for %lld s, it can be %lld to %lld s",
                 (long long)renewal->lifetime_s, (long long)supply->validity_s, (long long)min_s, (long long)max_s);
  return refuse(problem, "/auto-renewal/lifetime", detail);
}

static stardeleg_err check_adjust(const sdg_star_supply *supply, const sdg_auto_renewal *renewal,
                                  stardeleg_problem *problem)
{
  int64_t room_s = supply->validity_s - renewal->lifetime_s;
  int64_t adjust_s = sdg_time_min(renewal->lifetime_adjust_s, renewal->lifetime_s); /* RFC 8739 3.5: min(T, la) */
  char detail[160];

  if (adjust_s <= room_s) {
    return STARDELEG_OK;
  }
  (void)snprintf(detail, sizeof(detail), "lifetime-adjust is %lld s; with this lifetime and this CA it can be %lld s",
                 (long long)renewal->lifetime_adjust_s, (long long)room_s);
  return refuse(problem, "/auto-renewal/lifetime-adjust", detail);
}

static stardeleg_time earliest(const sdg_star_supply *supply, const sdg_auto_renewal *renewal, stardeleg_time now)
{
  return renewal->start_at == STARDELEG_TIME_NONE
             ? now
             : sdg_time_max(now, sdg_time_add(renewal->start_at, supply->backdate_s * SDG_TIME_S));
}

/* The latest moment to order a certificate that must be over at end-date. */
static stardeleg_time latest(const sdg_star_supply *supply, const sdg_auto_renewal *renewal)
{
  return sdg_time_add(renewal->end_at, -supply->validity_s * SDG_TIME_S);
}

static stardeleg_err check_end(const sdg_star_supply *supply, const sdg_auto_renewal *renewal, stardeleg_time now,
                               stardeleg_problem *problem)
{
  stardeleg_time first = earliest(supply, renewal, now);
  char text[SDG_TIME_TEXT_SIZE];
  char detail[192];

  if (supply->takes_not_after ? first < renewal->end_at : first <= latest(supply, renewal)) {
    return STARDELEG_OK;
  }
  sdg_time_write_rfc3339(text, sdg_time_add(first, (supply->validity_s + 3600) * SDG_TIME_S));
  (void)snprintf(detail, sizeof(detail),
                 "end-date is too early: the certificates of this CA are valid for %lld s, so it can be %s or later",
                 (long long)supply->validity_s, text);
  return refuse(problem, "/auto-renewal/end-date", detail);
}

stardeleg_err sdg_star_supply_check(const sdg_star_supply *supply, const sdg_auto_renewal *renewal, stardeleg_time now,
                                    stardeleg_problem *problem)
{
  stardeleg_err err = check_lifetime(supply, renewal, problem);

  if (err == STARDELEG_OK) {
    err = check_adjust(supply, renewal, problem);
  }
  return err == STARDELEG_OK ? check_end(supply, renewal, now, problem) : err;
}

/* --- The orders --- */

/* With notAfter: RFC 8739 3.5 itself.  The period of the moment it was ordered at has its certificate. */
static stardeleg_time next_period(const sdg_auto_renewal *renewal, stardeleg_time first_at, stardeleg_time ordered_at)
{
  sdg_star_schedule schedule;
  sdg_star_period period;

  if (sdg_star_schedule_init(&schedule, renewal, first_at, SDG_STAR_FRACTION_MIN) != STARDELEG_OK ||
      sdg_star_schedule_at(&schedule, ordered_at, &period) != STARDELEG_OK ||
      sdg_star_schedule_period(&schedule, period.index + 1, &period) != STARDELEG_OK) {
    return STARDELEG_TIME_NEVER;
  }
  return period.publish_at;
}

stardeleg_time sdg_star_supply_first(const sdg_star_supply *supply, const sdg_auto_renewal *renewal,
                                     stardeleg_time now)
{
  stardeleg_time first = earliest(supply, renewal, now);
  bool is_late = supply->takes_not_after ? first >= sdg_time_floor_s(renewal->end_at) : first > latest(supply, renewal);

  return is_late ? STARDELEG_TIME_NEVER : first;
}

stardeleg_time sdg_star_supply_next(const sdg_star_supply *supply, const sdg_auto_renewal *renewal,
                                    stardeleg_time first_at, const sdg_star_held *held)
{
  stardeleg_time last = sdg_time_add(latest(supply, renewal), -LAST_SLACK);
  stardeleg_time at = sdg_time_add(held->ordered_at, renewal->lifetime_s * SDG_TIME_S);

  if (supply->takes_not_after) {
    return next_period(renewal, first_at, held->ordered_at);
  }
  if (held->ordered_at >= last) {
    return STARDELEG_TIME_NEVER;
  }
  /* Every T; but in any case before the delegate asks for it, should the CA have dated it otherwise than usual. */
  at = sdg_time_min(at, sdg_star_fetch_at(renewal, held->not_before, held->not_after));
  return sdg_time_max(sdg_time_min(at, last), sdg_time_add(held->ordered_at, SDG_TIME_MINUTE));
}

stardeleg_err sdg_star_supply_period(const sdg_star_supply *supply, const sdg_auto_renewal *renewal,
                                     stardeleg_time first_at, stardeleg_time now, sdg_star_period *out)
{
  sdg_star_schedule schedule;
  stardeleg_err err;

  if (supply->takes_not_after) {
    err = sdg_star_schedule_init(&schedule, renewal, first_at, SDG_STAR_FRACTION_MIN);
    return err == STARDELEG_OK ? sdg_star_schedule_at(&schedule, now, out) : err;
  }
  *out = (sdg_star_period){0, now, now, STARDELEG_TIME_NONE, STARDELEG_TIME_NONE};
  return now <= latest(supply, renewal) ? STARDELEG_OK : STARDELEG_ERR_EXPIRED;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_policy.c -- what to ask for: the options, as the program changes them for one delegation. */
#include "ndc/ndc_internal.h"

#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"

#define RENEW_MIN 500
#define RENEW_MAX 950

stardeleg_err sdg_ndc_setting_refused(stardeleg_problem *problem, const char *place, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s: %s", place, detail);
  if (problem != NULL) {
    problem->status = 0;
    sdg_problem_set_place(problem, sdg_bytes_str(place));
  }
  return STARDELEG_ERR_CONFIG;
}

static bool is_within(int64_t value, int64_t min)
{
  return value >= min && value <= SDG_STAR_LIFETIME_MAX_S;
}

static stardeleg_err check_plain(const stardeleg_ndc_policy *p, stardeleg_problem *problem)
{
  if (!is_within(p->not_before_s, -SDG_STAR_LIFETIME_MAX_S)) {
    return sdg_ndc_setting_refused(problem, "not_before_s", "must be within 100 years");
  }
  if (!is_within(p->not_after_s, 0) || (p->not_after_s > 0 && p->not_after_s <= p->not_before_s)) {
    return sdg_ndc_setting_refused(problem, "not_after_s", "must be after not_before_s and at most 100 years");
  }
  if (p->mode == STARDELEG_NDC_MODE_STAR && (p->not_before_s != 0 || p->not_after_s != 0)) {
    /* RFC 9115 2.3.2: a STAR order "MUST NOT include the notBefore and notAfter fields". */
    return sdg_ndc_setting_refused(problem, "not_after_s", "a STAR order has neither notBefore nor notAfter");
  }
  if (p->renew_permille < RENEW_MIN || p->renew_permille > RENEW_MAX) {
    return sdg_ndc_setting_refused(problem, "renew_permille", "must be 500 to 950");
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_ndc_policy_check(const stardeleg_ndc_policy *p, stardeleg_problem *problem)
{
  if ((int)p->mode < STARDELEG_NDC_MODE_OFFERED || (int)p->mode > STARDELEG_NDC_MODE_STAR_FIRST) {
    return sdg_ndc_setting_refused(problem, "mode", "there is no such mode");
  }
  if (!is_within(p->lifetime_s, 1)) {
    return sdg_ndc_setting_refused(problem, "lifetime_s", "must be positive and at most 100 years");
  }
  if (!is_within(p->lifetime_adjust_s, 0)) {
    return sdg_ndc_setting_refused(problem, "lifetime_adjust_s", "must not be negative, and at most 100 years");
  }
  if (!is_within(p->order_duration_s, 1)) {
    return sdg_ndc_setting_refused(problem, "order_duration_s", "must be positive and at most 100 years");
  }
  if (!is_within(p->key_lifetime_s, STARDELEG_NDC_KEY_KEPT)) {
    return sdg_ndc_setting_refused(problem, "key_lifetime_s", "must be at most 100 years, or one of the two constants");
  }
  return check_plain(p, problem);
}

stardeleg_err sdg_ndc_policy_of(const stardeleg_ndc *ndc, const char *url, stardeleg_ndc_policy *out,
                                stardeleg_problem *problem)
{
  const stardeleg_ndc_options *o = &ndc->options;

  *out = (stardeleg_ndc_policy){sizeof(*out),        o->mode,         o->lifetime_s,  o->lifetime_adjust_s,
                                o->order_duration_s, o->not_before_s, o->not_after_s, o->renew_permille,
                                o->key_lifetime_s};
  if (o->policy != NULL) {
    o->policy(o->policy_ctx, url, out);
  }
  return sdg_ndc_policy_check(out, problem);
}

stardeleg_time sdg_ndc_renew_at(stardeleg_time not_before, stardeleg_time not_after, int64_t permille, uint32_t random,
                                stardeleg_time now)
{
  int64_t life = not_after - not_before;
  int64_t jitter = (int64_t)((uint64_t)(life / 50 / SDG_TIME_S) * random >> 32) * SDG_TIME_S;
  stardeleg_time at = sdg_time_add(not_before, life / 1000 * permille - jitter);
  int64_t left = not_after > now ? not_after - now : 0;

  /* One that was fetched late, or lives for minutes: never in the first half of what is left of it, or orders would
   * follow each other without end. */
  return sdg_time_max(at, sdg_time_add(now, left / 2));
}

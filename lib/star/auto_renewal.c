/* SPDX-License-Identifier: Apache-2.0 */
/* star/auto_renewal.c -- reading, checking and writing the auto-renewal object (RFC 8739 3.1.1, 3.2). */
#include "star/auto_renewal.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"

/* Members of drafts that never became the RFC; still met in the field.  Reading them as unknown members would silently
 * drop what the client asked for. */
static const struct {
  const char *name;
  const char *now;
} draft_names[] = {
    {"startDate", "start-date"},
    {"endDate", "end-date"},
    {"lifetimeAdjust", "lifetime-adjust"},
    {"recurrent", "the auto-renewal object"},
    {"recurrent-start-date", "start-date"},
    {"recurrent-end-date", "end-date"},
    {"recurrent-certificate-validity", "lifetime"},
    {"recurrent-total-lifetime", "end-date"},
};

/* Problems of members name the object they stand in. */
static stardeleg_err in_object(stardeleg_err err, stardeleg_problem *problem)
{
  char place[STARDELEG_PROBLEM_PLACE_SIZE];

  if (err == STARDELEG_ERR_MALFORMED && problem != NULL) {
    (void)snprintf(place, sizeof(place), "/auto-renewal%.200s", problem->place);
    sdg_problem_set_place(problem, sdg_bytes_str(place));
  }
  return err;
}

static stardeleg_err refuse(stardeleg_problem *problem, const char *place, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", detail);
  if (problem != NULL) {
    sdg_problem_set_place(problem, sdg_bytes_str(place));
  }
  return STARDELEG_ERR_MALFORMED;
}

static stardeleg_err refuse_draft_names(const sdg_json *object, stardeleg_problem *problem)
{
  char place[96];

  for (size_t i = 0; i < sizeof(draft_names) / sizeof(draft_names[0]); i++) {
    if (sdg_json_member(object, draft_names[i].name) != NULL) {
      sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "member \"%s\" is of an early draft; RFC 8739 has \"%s\"",
                      draft_names[i].name, draft_names[i].now);
      (void)snprintf(place, sizeof(place), "/auto-renewal/%s", draft_names[i].name);
      if (problem != NULL) {
        sdg_problem_set_place(problem, sdg_bytes_str(place));
      }
      return STARDELEG_ERR_MALFORMED;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err read_members(sdg_auto_renewal *out, const sdg_json *object, stardeleg_problem *problem)
{
  stardeleg_err err;

  err = sdg_json_get_time(&out->start_at, object, "start-date", SDG_JSON_OPTIONAL, problem);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_time(&out->end_at, object, "end-date", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_OK) {
    err =
        sdg_json_get_int(&out->lifetime_s, object, "lifetime", SDG_JSON_REQUIRED, 1, SDG_STAR_LIFETIME_MAX_S, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->lifetime_adjust_s, object, "lifetime-adjust", SDG_JSON_OPTIONAL, 0,
                           SDG_STAR_LIFETIME_MAX_S, problem);
  }
  if (err == STARDELEG_OK) {
    out->has_certificate_get = sdg_json_member(object, "allow-certificate-get") != NULL;
    err = sdg_json_get_bool(&out->certificate_get, object, "allow-certificate-get", SDG_JSON_OPTIONAL, problem);
  }
  return in_object(err, problem);
}

stardeleg_err sdg_auto_renewal_parse(sdg_auto_renewal *out, const sdg_json *object, stardeleg_problem *problem)
{
  sdg_auto_renewal renewal;
  stardeleg_err err;

  memset(&renewal, 0, sizeof(renewal));
  renewal.start_at = STARDELEG_TIME_NONE;
  renewal.end_at = STARDELEG_TIME_NONE;
  if (sdg_json_type_of(object) != SDG_JSON_OBJECT) {
    return refuse(problem, "/auto-renewal", "member \"auto-renewal\" must be an object");
  }
  err = refuse_draft_names(object, problem);
  if (err == STARDELEG_OK) {
    err = read_members(&renewal, object, problem);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (renewal.start_at != STARDELEG_TIME_NONE && renewal.end_at <= renewal.start_at) {
    return refuse(problem, "/auto-renewal/end-date", "end-date is not after start-date");
  }
  *out = renewal;
  return STARDELEG_OK;
}

stardeleg_err sdg_auto_renewal_check(const sdg_auto_renewal *renewal, stardeleg_time now, int64_t min_lifetime_s,
                                     int64_t max_duration_s, stardeleg_problem *problem)
{
  /* Measured from the start-date that was asked for, or from now (RFC 8739 3.2). */
  stardeleg_time start = renewal->start_at != STARDELEG_TIME_NONE ? renewal->start_at : now;
  char detail[128];

  if (renewal->end_at <= now) {
    return refuse(problem, "/auto-renewal/end-date", "end-date is in the past");
  }
  if (renewal->lifetime_s < min_lifetime_s) {
    (void)snprintf(detail, sizeof(detail), "lifetime is %lld s; the shortest here is %lld s",
                   (long long)renewal->lifetime_s, (long long)min_lifetime_s);
    return refuse(problem, "/auto-renewal/lifetime", detail);
  }
  if (max_duration_s > 0 && (renewal->end_at - start + SDG_TIME_S - 1) / SDG_TIME_S > max_duration_s) {
    (void)snprintf(detail, sizeof(detail), "end-date is %lld s after the start; the longest here is %lld s",
                   (long long)((renewal->end_at - start) / SDG_TIME_S), (long long)max_duration_s);
    return refuse(problem, "/auto-renewal/end-date", detail);
  }
  return STARDELEG_OK;
}

void sdg_auto_renewal_write(sdg_json_writer *w, const char *name, const sdg_auto_renewal *renewal)
{
  sdg_jw_object(w, name);
  if (renewal->start_at != STARDELEG_TIME_NONE) {
    sdg_jw_time(w, "start-date", renewal->start_at);
  }
  sdg_jw_time(w, "end-date", renewal->end_at);
  sdg_jw_int(w, "lifetime", renewal->lifetime_s);
  if (renewal->lifetime_adjust_s > 0) {
    sdg_jw_int(w, "lifetime-adjust", renewal->lifetime_adjust_s);
  }
  if (renewal->certificate_get || renewal->has_certificate_get) {
    sdg_jw_bool(w, "allow-certificate-get", renewal->certificate_get);
  }
  sdg_jw_object_end(w);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* json/json_get.c -- members by name and type. */
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"
#include "json/json_pointer.h"

static void set_place(stardeleg_problem *problem, const char *name)
{
  char pointer[STARDELEG_PROBLEM_PLACE_SIZE] = "";

  sdg_json_pointer_add(pointer, sizeof(pointer), name);
  sdg_problem_set_place(problem, sdg_bytes_str(pointer));
}

static stardeleg_err refuse(stardeleg_problem *problem, const char *name, const char *what)
{
  char shown[128];

  sdg_text_escape(shown, sizeof(shown), sdg_bytes_str(name));
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "member \"%s\" %s", shown, what);
  set_place(problem, name);
  return STARDELEG_ERR_MALFORMED;
}

/* The member |name| if it has the type that |wanted| describes; |*out| NULL: it is absent and may be. */
static stardeleg_err find(const sdg_json **out, const sdg_json *object, const char *name, sdg_json_need need,
                          sdg_json_type type, stardeleg_problem *problem)
{
  static const char *const wanted[] = {"absent",   "null",     "true or false", "an integer",
                                       "a number", "a string", "an array",      "an object"};
  const sdg_json *member = sdg_json_member(object, name);
  char what[96];

  *out = NULL;
  if (sdg_json_type_of(object) != SDG_JSON_OBJECT) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "a JSON object is expected, not %s",
                    sdg_json_type_name(sdg_json_type_of(object)));
    return STARDELEG_ERR_MALFORMED;
  }
  if (member == NULL) {
    return need != SDG_JSON_REQUIRED ? STARDELEG_OK : refuse(problem, name, "is missing");
  }
  if (need == SDG_JSON_NULLABLE && sdg_json_type_of(member) == SDG_JSON_NULL) {
    return STARDELEG_OK;
  }
  if (sdg_json_type_of(member) != type) {
    (void)snprintf(what, sizeof(what), "must be %s, not %s", wanted[type],
                   type == SDG_JSON_INT && sdg_json_type_of(member) == SDG_JSON_NUMBER
                       ? "a number with fraction, exponent or more than 53 bits"
                       : sdg_json_type_name(sdg_json_type_of(member)));
    return refuse(problem, name, what);
  }
  *out = member;
  return STARDELEG_OK;
}

stardeleg_err sdg_json_get_string(const char **out, const sdg_json *object, const char *name, sdg_json_need need,
                                  stardeleg_problem *problem)
{
  const sdg_json *member = NULL;
  stardeleg_err rv = find(&member, object, name, need, SDG_JSON_STRING, problem);

  if (rv == STARDELEG_OK && member != NULL) {
    *out = sdg_json_string(member);
  }
  return rv;
}

stardeleg_err sdg_json_get_bool(bool *out, const sdg_json *object, const char *name, sdg_json_need need,
                                stardeleg_problem *problem)
{
  const sdg_json *member = NULL;
  stardeleg_err rv = find(&member, object, name, need, SDG_JSON_BOOL, problem);

  if (rv == STARDELEG_OK && member != NULL) {
    *out = sdg_json_bool(member);
  }
  return rv;
}

stardeleg_err sdg_json_get_int(int64_t *out, const sdg_json *object, const char *name, sdg_json_need need, int64_t min,
                               int64_t max, stardeleg_problem *problem)
{
  const sdg_json *member = NULL;
  stardeleg_err rv = find(&member, object, name, need, SDG_JSON_INT, problem);
  char what[96];

  if (rv != STARDELEG_OK || member == NULL) {
    return rv;
  }
  if (sdg_json_int(member) < min || sdg_json_int(member) > max) {
    (void)snprintf(what, sizeof(what), "must be from %" PRId64 " to %" PRId64, min, max);
    return refuse(problem, name, what);
  }
  *out = sdg_json_int(member);
  return STARDELEG_OK;
}

stardeleg_err sdg_json_get_time(stardeleg_time *out, const sdg_json *object, const char *name, sdg_json_need need,
                                stardeleg_problem *problem)
{
  const sdg_json *member = NULL;
  stardeleg_err rv = find(&member, object, name, need, SDG_JSON_STRING, problem);
  stardeleg_time at = 0;

  if (rv != STARDELEG_OK || member == NULL) {
    return rv;
  }
  if (sdg_time_read_rfc3339(&at, sdg_bytes_str(sdg_json_string(member))) != STARDELEG_OK) {
    return refuse(problem, name, "must be a date in the form of RFC 3339");
  }
  *out = at;
  return STARDELEG_OK;
}

stardeleg_err sdg_json_get_object(const sdg_json **out, const sdg_json *object, const char *name, sdg_json_need need,
                                  stardeleg_problem *problem)
{
  const sdg_json *member = NULL;
  stardeleg_err rv = find(&member, object, name, need, SDG_JSON_OBJECT, problem);

  if (rv == STARDELEG_OK && member != NULL) {
    *out = member;
  }
  return rv;
}

stardeleg_err sdg_json_get_array(const sdg_json **out, const sdg_json *object, const char *name, sdg_json_need need,
                                 stardeleg_problem *problem)
{
  const sdg_json *member = NULL;
  stardeleg_err rv = find(&member, object, name, need, SDG_JSON_ARRAY, problem);

  if (rv == STARDELEG_OK && member != NULL) {
    *out = member;
  }
  return rv;
}

stardeleg_err sdg_json_get_base64url(sdg_buf *out, const sdg_json *object, const char *name, sdg_json_need need,
                                     stardeleg_problem *problem)
{
  const sdg_json *member = NULL;
  stardeleg_err rv = find(&member, object, name, need, SDG_JSON_STRING, problem);

  if (rv != STARDELEG_OK || member == NULL) {
    return rv;
  }
  rv = sdg_base64url_read(out, sdg_bytes_str(sdg_json_string(member)));
  if (rv == STARDELEG_ERR_MALFORMED) {
    return refuse(problem, name, "must be base64url text without padding");
  }
  if (rv == STARDELEG_ERR_LIMIT) {
    (void)refuse(problem, name, "is too long");
  }
  return rv;
}

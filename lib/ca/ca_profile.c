/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_profile.c -- profiles (draft-ietf-acme-profiles). */
#include "ca/ca_profile.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"

#define NAME_MAX_LEN 64u
#define DESCRIPTION_MAX 1024u

void stardeleg_ca_profile_default(stardeleg_ca_profile *profile)
{
  memset(profile, 0, sizeof(*profile));
  profile->size = sizeof(*profile);
  profile->server_auth = STARDELEG_CA_ALWAYS;
  profile->client_auth = STARDELEG_CA_AS_ASKED;
  profile->key_encipherment = STARDELEG_CA_AS_ASKED;
  profile->common_name = STARDELEG_CA_AS_ASKED;
}

stardeleg_ca_choice sdg_ca_rule(uint64_t rules, sdg_ca_rule_name name)
{
  return (stardeleg_ca_choice)(rules >> (2 * (unsigned)name) & 3);
}

static uint64_t rules_of(const stardeleg_ca_profile *profile)
{
  return (uint64_t)profile->server_auth << 2 * SDG_CA_RULE_SERVER_AUTH |
         (uint64_t)profile->client_auth << 2 * SDG_CA_RULE_CLIENT_AUTH |
         (uint64_t)profile->key_encipherment << 2 * SDG_CA_RULE_KEY_ENCIPHERMENT |
         (uint64_t)profile->common_name << 2 * SDG_CA_RULE_COMMON_NAME |
         (uint64_t)(profile->no_subject_key_id != 0 ? STARDELEG_CA_NEVER : STARDELEG_CA_ALWAYS)
             << 2 * SDG_CA_RULE_SUBJECT_KEY_ID;
}

/* --- Loading --- */

static bool is_choice(stardeleg_ca_choice choice)
{
  return choice == STARDELEG_CA_NEVER || choice == STARDELEG_CA_ALWAYS || choice == STARDELEG_CA_AS_ASKED;
}

static bool is_name(const char *name)
{
  size_t len = name != NULL ? strlen(name) : 0;

  for (size_t i = 0; i < len; i++) {
    if (name[i] < 0x21 || name[i] > 0x7e) {
      return false;
    }
  }
  return len > 0 && len <= NAME_MAX_LEN;
}

static const char *fault_of(const stardeleg_ca_profile *profile)
{
  if (profile->size != sizeof(*profile)) {
    return "a profile is not set by stardeleg_ca_profile_default()";
  }
  if (!is_name(profile->name)) {
    return "a profile's name must be 1 to 64 printable characters";
  }
  if (profile->description != NULL &&
      (strlen(profile->description) > DESCRIPTION_MAX || !sdg_utf8_is_valid(sdg_bytes_str(profile->description)))) {
    return "a profile's description must be UTF-8 of at most 1024 bytes";
  }
  if (!is_choice(profile->server_auth) || !is_choice(profile->client_auth) || !is_choice(profile->key_encipherment) ||
      !is_choice(profile->common_name)) {
    return "a profile has a choice that is none";
  }
  if (profile->server_auth != STARDELEG_CA_ALWAYS && profile->client_auth != STARDELEG_CA_ALWAYS) {
    return "a profile must always have serverAuth or clientAuth";
  }
  if (profile->plain_lifetime_s < 0 || profile->lifetime_max_s < 0 ||
      (profile->lifetime_max_s > 0 && profile->plain_lifetime_s > profile->lifetime_max_s)) {
    return "a profile's lifetimes must not be negative, and the usual one not above the longest";
  }
  if (profile->plain_lifetime_s > SDG_STAR_LIFETIME_MAX_S || profile->lifetime_max_s > SDG_STAR_LIFETIME_MAX_S) {
    return "a profile's lifetimes must not be longer than a hundred years";
  }
  return profile->no_star != 0 && profile->no_plain != 0 ? "a profile is for no kind of order" : NULL;
}

static const stardeleg_ca_profile *find(const stardeleg_ca *ca, const char *name)
{
  for (size_t i = 0; i < ca->profile_count; i++) {
    if (strcmp(ca->profiles[i].name, name) == 0) {
      return &ca->profiles[i];
    }
  }
  return NULL;
}

static stardeleg_err load(stardeleg_ca *ca, const stardeleg_ca_profile *profile, stardeleg_problem *problem)
{
  stardeleg_ca_profile *copy = &ca->profiles[ca->profile_count];
  const char *fault = fault_of(profile);

  if (fault == NULL && find(ca, profile->name) != NULL) {
    fault = "two profiles have the same name";
  }
  if (fault != NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", fault);
    return STARDELEG_ERR_CONFIG;
  }
  *copy = *profile;
  copy->name = sdg_strdup(profile->name);
  copy->description = sdg_strdup(profile->description != NULL ? profile->description : "");
  ca->profile_count++;
  return copy->name != NULL && copy->description != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

stardeleg_err sdg_ca_profiles_load(stardeleg_ca *ca, stardeleg_problem *problem)
{
  stardeleg_err err = STARDELEG_OK;

  if (ca->options.profile_count > SDG_CA_PROFILES_MAX) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "there are too many profiles");
    return STARDELEG_ERR_CONFIG;
  }
  if (ca->options.profile_count == 0) {
    return STARDELEG_OK;
  }
  ca->profiles = sdg_calloc(ca->options.profile_count, sizeof(*ca->profiles));
  if (ca->profiles == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < ca->options.profile_count && err == STARDELEG_OK; i++) {
    err = load(ca, &ca->options.profiles[i], problem);
  }
  return err;
}

void sdg_ca_profiles_clear(stardeleg_ca *ca)
{
  for (size_t i = 0; i < ca->profile_count; i++) {
    sdg_free((char *)(uintptr_t)ca->profiles[i].name);
    sdg_free((char *)(uintptr_t)ca->profiles[i].description);
  }
  sdg_free(ca->profiles);
}

bool sdg_ca_profiles_allow_star(const stardeleg_ca *ca)
{
  for (size_t i = 0; i < ca->profile_count; i++) {
    if (ca->profiles[i].no_star == 0 && (ca->profiles[i].lifetime_max_s == 0 ||
                                         ca->profiles[i].lifetime_max_s >= ca->options.min_lifetime_s)) {
      return true;
    }
  }
  return ca->profile_count == 0;
}

stardeleg_err sdg_ca_profiles_describe(const stardeleg_ca *ca, sdg_json **out)
{
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err;

  sdg_buf_init(&text, 64u * 1024u);
  sdg_jw_init(&w, &text);
  sdg_jw_object(&w, NULL);
  for (size_t i = 0; i < ca->profile_count; i++) {
    sdg_jw_string(&w, ca->profiles[i].name, ca->profiles[i].description);
  }
  sdg_jw_object_end(&w);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = sdg_json_parse(out, sdg_buf_bytes(&text), NULL, NULL);
  }
  sdg_buf_clear(&text);
  return err;
}

/* --- Choosing --- */

/* How long what is asked for would be valid, in seconds; 0: the request does not say. */
static int64_t asked_lifetime_s(const sdg_call *call, const sdg_acme_new_order *request)
{
  sdg_auto_renewal renewal;
  stardeleg_time from = request->not_before != STARDELEG_TIME_NONE ? request->not_before : call->now;

  if (request->auto_renewal != NULL) {
    /* One that cannot be read is refused for that, a little later. */
    return sdg_auto_renewal_parse(&renewal, request->auto_renewal, NULL) == STARDELEG_OK ? renewal.lifetime_s : 0;
  }
  return request->not_after != STARDELEG_TIME_NONE ? (request->not_after - from) / SDG_TIME_S : 0;
}

static const char *misfit_of(const stardeleg_ca_profile *profile, const sdg_call *call,
                             const sdg_acme_new_order *request)
{
  if (request->auto_renewal != NULL ? profile->no_star != 0 : profile->no_plain != 0) {
    return request->auto_renewal != NULL ? "this profile is not for orders with auto-renewal"
                                         : "this profile is for orders with auto-renewal only";
  }
  if (profile->lifetime_max_s > 0 && asked_lifetime_s(call, request) > profile->lifetime_max_s) {
    return "the validity is longer than this profile's";
  }
  return NULL;
}

static stardeleg_err refuse(sdg_call *call, const char *detail)
{
  stardeleg_err err = sdg_call_fail(call, STARDELEG_ACME_INVALID_PROFILE, "%s", detail);

  sdg_problem_set_place(&call->problem, sdg_bytes_str("/profile"));
  return err;
}

/* "RECOMMENDED that the server select a profile" where none is named: the first that fits. */
static const stardeleg_ca_profile *first_fit(const stardeleg_ca *ca, const sdg_call *call,
                                             const sdg_acme_new_order *request)
{
  for (size_t i = 0; i < ca->profile_count; i++) {
    if (misfit_of(&ca->profiles[i], call, request) == NULL) {
      return &ca->profiles[i];
    }
  }
  return NULL;
}

stardeleg_err sdg_ca_choose_profile(const stardeleg_ca *ca, sdg_call *call, const sdg_acme_new_order *request,
                                    sdg_ca_order *order)
{
  const stardeleg_ca_profile *profile;
  const char *misfit;

  if (request->profile == NULL && ca->profile_count == 0) {
    return STARDELEG_OK;
  }
  profile = request->profile != NULL ? find(ca, request->profile) : first_fit(ca, call, request);
  if (profile == NULL) {
    return refuse(call, request->profile != NULL ? "no such profile" : "no profile fits this order");
  }
  misfit = misfit_of(profile, call, request);
  if (misfit != NULL) {
    return refuse(call, misfit);
  }
  order->rules = rules_of(profile);
  order->plain_lifetime_s = profile->plain_lifetime_s;
  if (order->plain_lifetime_s == 0 && profile->lifetime_max_s > 0 &&
      profile->lifetime_max_s < ca->options.plain_lifetime_s) {
    order->plain_lifetime_s = profile->lifetime_max_s;
  }
  order->wire.profile = sdg_strdup(profile->name);
  return order->wire.profile != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

stardeleg_err sdg_ca_profile_is_offered(const stardeleg_ca *ca, sdg_call *call, const sdg_ca_order *order)
{
  if (order->wire.profile != NULL && find(ca, order->wire.profile) == NULL) {
    return refuse(call, "certificates of this profile are no longer issued");
  }
  return STARDELEG_OK;
}

int64_t sdg_ca_plain_lifetime_s(const stardeleg_ca *ca, const sdg_ca_order *order)
{
  return order->plain_lifetime_s > 0 ? order->plain_lifetime_s : ca->options.plain_lifetime_s;
}

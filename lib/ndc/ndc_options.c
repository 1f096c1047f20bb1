/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_options.c -- the role's options: defaults, checks, copies. */
#include "ndc/ndc_internal.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "der/pem.h"

#define LIST_MAX 100000u
#define ROOTS_MAX 1000u
#define ROOTS_BYTES_MAX (4u * 1024u * 1024u)
#define SECONDS_MAX ((int64_t)100 * 366 * 86400)

void stardeleg_ndc_options_default(stardeleg_ndc_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
  options->lifetime_s = 4 * 86400;
  options->order_duration_s = (int64_t)90 * 86400;
  options->discovery_interval_s = 3600;
  options->backoff_min_ms = SDG_TIME_S;
  options->backoff_max_ms = SDG_TIME_HOUR;
  options->order_poll_ms = SDG_TIME_S;
}

static stardeleg_err refuse(stardeleg_problem *problem, const char *place, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s: %s", place, detail);
  if (problem != NULL) {
    problem->status = 0;
    sdg_problem_set_place(problem, sdg_bytes_str(place));
  }
  return STARDELEG_ERR_CONFIG;
}

static stardeleg_err check_numbers(const stardeleg_ndc_options *o, stardeleg_problem *problem)
{
  if (o->lifetime_s < 1 || o->lifetime_s > SDG_STAR_LIFETIME_MAX_S) {
    return refuse(problem, "lifetime_s", "must be positive and at most 100 years");
  }
  if (o->lifetime_adjust_s < 0 || o->lifetime_adjust_s > SDG_STAR_LIFETIME_MAX_S) {
    return refuse(problem, "lifetime_adjust_s", "must not be negative, and at most 100 years");
  }
  if (o->order_duration_s < 1 || o->order_duration_s > SECONDS_MAX) {
    return refuse(problem, "order_duration_s", "must be positive and at most 100 years");
  }
  if (o->discovery_interval_s < 1 || o->discovery_interval_s > SECONDS_MAX) {
    return refuse(problem, "discovery_interval_s", "must be positive and at most 100 years");
  }
  if (o->backoff_min_ms < 1 || o->backoff_max_ms < o->backoff_min_ms || o->backoff_max_ms > SDG_TIME_DAY * 365) {
    return refuse(problem, "backoff_max_ms", "pauses must be positive, the longest not below the shortest");
  }
  if (o->order_poll_ms < 1 || o->order_poll_ms > SDG_TIME_DAY) {
    return refuse(problem, "order_poll_ms", "must be positive and at most a day");
  }
  return STARDELEG_OK;
}

static stardeleg_err check_choices(const stardeleg_ndc_options *o, stardeleg_problem *problem)
{
  for (size_t i = 0; i < o->choice_count; i++) {
    if (o->choices == NULL || o->choices[i].field == NULL || o->choices[i].value == NULL) {
      return refuse(problem, "choices", "a choice without field or value");
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err check_urls(const stardeleg_ndc_options *o, stardeleg_problem *problem)
{
  sdg_url url;

  for (size_t i = 0; o->delegations != NULL && o->delegations[i] != NULL; i++) {
    if (sdg_url_parse(&url, sdg_bytes_str(o->delegations[i])) != STARDELEG_OK) {
      return refuse(problem, "delegations", "one is not an absolute http or https URL");
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err check_options(const stardeleg_ndc_options *o, stardeleg_problem *problem)
{
  stardeleg_err err;

  sdg_problem_clear(problem);
  if (o->size != sizeof(*o)) {
    return refuse(problem, "size", "not the size of this version's options");
  }
  if (o->crypto == NULL || o->store == NULL || o->secrets == NULL || o->directory_url == NULL) {
    return refuse(problem, "directory_url", "crypto, store, secrets and directory_url are required");
  }
  err = check_numbers(o, problem);
  if (err == STARDELEG_OK) {
    err = check_choices(o, problem);
  }
  return err == STARDELEG_OK ? check_urls(o, problem) : err;
}

/* --- Copies --- */

static void free_list(const char *const *list)
{
  for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
    sdg_free((void *)(uintptr_t)list[i]);
  }
  sdg_free((void *)(uintptr_t)list);
}

static stardeleg_err copy_list(const char *const **out, const char *const *list)
{
  char **copy;
  size_t count = 0;

  *out = NULL;
  if (list == NULL) {
    return STARDELEG_OK;
  }
  while (list[count] != NULL) {
    if (++count > LIST_MAX) {
      return STARDELEG_ERR_LIMIT;
    }
  }
  copy = sdg_calloc(count + 1, sizeof(*copy));
  if (copy == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    copy[i] = sdg_strdup(list[i]);
    if (copy[i] == NULL) {
      free_list((const char *const *)copy);
      return STARDELEG_ERR_NOMEM;
    }
  }
  *out = (const char *const *)copy;
  return STARDELEG_OK;
}

static void free_choices(const stardeleg_choice *choices, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    sdg_free((void *)(uintptr_t)choices[i].field);
    sdg_free((void *)(uintptr_t)choices[i].value);
  }
  sdg_free((void *)(uintptr_t)choices);
}

static stardeleg_err copy_choices(stardeleg_ndc_options *copy, const stardeleg_ndc_options *o)
{
  stardeleg_choice *choices;

  if (o->choice_count == 0) {
    return STARDELEG_OK;
  }
  choices = sdg_calloc(o->choice_count, sizeof(*choices));
  if (choices == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < o->choice_count; i++) {
    choices[i].field = sdg_strdup(o->choices[i].field);
    choices[i].value = sdg_strdup(o->choices[i].value);
    if (choices[i].field == NULL || choices[i].value == NULL) {
      free_choices(choices, i + 1);
      return STARDELEG_ERR_NOMEM;
    }
  }
  copy->choices = choices;
  copy->choice_count = o->choice_count;
  return STARDELEG_OK;
}

/* The anchors as DER.  The lengths come first: the buffer moves while it grows. */
static stardeleg_err read_roots(stardeleg_ndc *ndc, stardeleg_bytes pem, stardeleg_problem *problem)
{
  size_t lens[ROOTS_MAX];
  char label[64];
  size_t offset = 0;
  size_t at = 0;
  stardeleg_err err = STARDELEG_OK;

  sdg_buf_init(&ndc->roots_der, ROOTS_BYTES_MAX);
  while (pem.len > 0) {
    size_t before = ndc->roots_der.len;

    err = sdg_pem_next(&ndc->roots_der, label, pem, &offset);
    if (err == STARDELEG_ERR_NOT_FOUND) {
      break;
    }
    if (err == STARDELEG_ERR_NOMEM) {
      return err;
    }
    if (err != STARDELEG_OK || strcmp(label, "CERTIFICATE") != 0 || ndc->root_count == ROOTS_MAX) {
      return refuse(problem, "roots_pem", "not a list of PEM certificates, or too long");
    }
    lens[ndc->root_count++] = ndc->roots_der.len - before;
  }
  if (pem.len > 0 && ndc->root_count == 0) {
    return refuse(problem, "roots_pem", "no certificate in it");
  }
  ndc->roots = sdg_calloc(ndc->root_count + 1, sizeof(*ndc->roots));
  if (ndc->roots == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < ndc->root_count; i++) {
    ndc->roots[i] = sdg_bytes(ndc->roots_der.base + at, lens[i]);
    at += lens[i];
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_ndc_options_copy(stardeleg_ndc *ndc, const stardeleg_ndc_options *options, stardeleg_problem *problem)
{
  stardeleg_ndc_options *copy = &ndc->options;
  stardeleg_err err = check_options(options, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  *copy = *options;
  copy->contacts = NULL;
  copy->delegations = NULL;
  copy->choices = NULL;
  copy->choice_count = 0;
  copy->eab_key_id = NULL;
  copy->eab_mac_key = NULL;
  copy->roots_pem = sdg_bytes(NULL, 0);
  copy->directory_url = sdg_strdup(options->directory_url);
  if (copy->directory_url == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = copy_list(&copy->contacts, options->contacts);
  if (err == STARDELEG_OK) {
    err = copy_list(&copy->delegations, options->delegations);
  }
  if (err == STARDELEG_OK) {
    err = copy_choices(copy, options);
  }
  if (err == STARDELEG_OK) {
    err = read_roots(ndc, options->roots_pem, problem);
  }
  return err == STARDELEG_ERR_LIMIT ? refuse(problem, "delegations", "too many") : err;
}

void sdg_ndc_options_clear(stardeleg_ndc *ndc)
{
  stardeleg_ndc_options *copy = &ndc->options;

  sdg_free((void *)(uintptr_t)copy->directory_url);
  free_list(copy->contacts);
  free_list(copy->delegations);
  free_choices(copy->choices, copy->choice_count);
  sdg_free(ndc->roots);
  sdg_buf_clear(&ndc->roots_der);
  memset(copy, 0, sizeof(*copy));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_options.c -- the role's options: defaults, checks, copies. */
#include "ndc/ndc_internal.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "der/pem.h"
#include "template/shape.h"

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
  options->renew_permille = 667;
  options->template_interval_s = 86400;
  options->certificate_interval_s = 86400;
}

/* The options themselves, as a policy. */
static stardeleg_err check_policy(const stardeleg_ndc_options *o, stardeleg_problem *problem)
{
  const stardeleg_ndc_policy policy = {sizeof(policy),      o->mode,         o->lifetime_s,  o->lifetime_adjust_s,
                                       o->order_duration_s, o->not_before_s, o->not_after_s, o->renew_permille,
                                       o->key_lifetime_s};

  return sdg_ndc_policy_check(&policy, problem);
}

static stardeleg_err check_numbers(const stardeleg_ndc_options *o, stardeleg_problem *problem)
{
  if (o->discovery_interval_s < 1 || o->discovery_interval_s > SECONDS_MAX) {
    return sdg_ndc_setting_refused(problem, "discovery_interval_s", "must be positive and at most 100 years");
  }
  if (o->backoff_min_ms < 1 || o->backoff_max_ms < o->backoff_min_ms || o->backoff_max_ms > SDG_TIME_DAY * 365) {
    return sdg_ndc_setting_refused(problem, "backoff_max_ms",
                                   "pauses must be positive, the longest not below the shortest");
  }
  if (o->order_poll_ms < 1 || o->order_poll_ms > SDG_TIME_DAY) {
    return sdg_ndc_setting_refused(problem, "order_poll_ms", "must be positive and at most a day");
  }
  if (o->template_interval_s < 1 || o->template_interval_s > SECONDS_MAX) {
    return sdg_ndc_setting_refused(problem, "template_interval_s", "must be positive and at most 100 years");
  }
  if (o->certificate_interval_s < 60 || o->certificate_interval_s > SECONDS_MAX) {
    return sdg_ndc_setting_refused(problem, "certificate_interval_s", "must be a minute to 100 years");
  }
  return check_policy(o, problem);
}

static stardeleg_err check_choices(const stardeleg_ndc_options *o, stardeleg_problem *problem)
{
  char place[64];

  for (size_t i = 0; i < o->choice_count; i++) {
    (void)snprintf(place, sizeof(place), "choices[%zu]", i);
    if (o->choices == NULL || o->choices[i].field == NULL || o->choices[i].value == NULL) {
      return sdg_ndc_setting_refused(problem, place, "a choice without field or value");
    }
    if (!sdg_template_is_field(o->choices[i].field)) {
      (void)snprintf(place, sizeof(place), "choices[%zu].field", i);
      return sdg_ndc_setting_refused(problem, place, "no template has such a field; it is \"DNS\" or a subject member");
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err check_urls(const char *const *delegations, stardeleg_problem *problem)
{
  sdg_url url;

  for (size_t i = 0; delegations != NULL && delegations[i] != NULL; i++) {
    if (i >= LIST_MAX) {
      return sdg_ndc_setting_refused(problem, "delegations", "too many");
    }
    if (sdg_url_parse(&url, sdg_bytes_str(delegations[i])) != STARDELEG_OK) {
      return sdg_ndc_setting_refused(problem, "delegations", "one is not an absolute http or https URL");
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err check_options(const stardeleg_ndc_options *o, stardeleg_problem *problem)
{
  stardeleg_err err;

  sdg_problem_clear(problem);
  if (o->crypto == NULL || o->store == NULL || o->secrets == NULL || o->directory_url == NULL) {
    return sdg_ndc_setting_refused(problem, "directory_url", "crypto, store, secrets and directory_url are required");
  }
  if (o->make_key != NULL && o->find_key == NULL) {
    return sdg_ndc_setting_refused(problem, "find_key", "a program that makes keys must find them again");
  }
  err = check_numbers(o, problem);
  if (err == STARDELEG_OK) {
    err = check_choices(o, problem);
  }
  return err == STARDELEG_OK ? check_urls(o->delegations, problem) : err;
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
    count++;
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

static int compare(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_wanted(stardeleg_ndc *ndc)
{
  const char **list = (const char **)(uintptr_t)ndc->options.delegations;

  ndc->wanted_count = 0;
  while (list != NULL && list[ndc->wanted_count] != NULL) {
    ndc->wanted_count++;
  }
  if (ndc->wanted_count > 1) {
    qsort(list, ndc->wanted_count, sizeof(*list), compare);
  }
}

bool sdg_ndc_is_wanted(const stardeleg_ndc *ndc, const char *url)
{
  const char *const *list = ndc->options.delegations;

  return list == NULL ||
         (ndc->wanted_count > 0 && bsearch(&url, list, ndc->wanted_count, sizeof(*list), compare) != NULL);
}

stardeleg_err stardeleg_ndc_set_delegations(stardeleg_ndc *ndc, const char *const *delegations)
{
  const char *const *copy = NULL;
  stardeleg_err err = check_urls(delegations, NULL);

  if (err == STARDELEG_OK) {
    err = copy_list(&copy, delegations);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  free_list(ndc->options.delegations);
  ndc->options.delegations = copy;
  sort_wanted(ndc);
  ndc->wanted_changed = true;
  stardeleg_ndc_discover(ndc);
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
      return sdg_ndc_setting_refused(problem, "roots_pem", "not a list of PEM certificates, or too long");
    }
    lens[ndc->root_count++] = ndc->roots_der.len - before;
  }
  if (pem.len > 0 && ndc->root_count == 0) {
    return sdg_ndc_setting_refused(problem, "roots_pem", "no certificate in it");
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

/* |given| over the defaults, as far as it goes: programs compiled with an older version know fewer options. */
static stardeleg_err take_options(stardeleg_ndc_options *out, const stardeleg_ndc_options *given,
                                  stardeleg_problem *problem)
{
  if (given->size < offsetof(stardeleg_ndc_options, mode) || given->size > sizeof(*out)) {
    sdg_problem_clear(problem);
    return sdg_ndc_setting_refused(problem, "size", "not the size of any version's options");
  }
  stardeleg_ndc_options_default(out);
  memcpy(out, given, given->size);
  return check_options(out, problem);
}

stardeleg_err sdg_ndc_options_copy(stardeleg_ndc *ndc, const stardeleg_ndc_options *given, stardeleg_problem *problem)
{
  stardeleg_ndc_options *copy = &ndc->options;
  stardeleg_ndc_options o;
  stardeleg_err err = take_options(&o, given, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  *copy = o;
  copy->contacts = NULL;
  copy->delegations = NULL;
  copy->choices = NULL;
  copy->choice_count = 0;
  copy->eab_key_id = NULL;
  copy->eab_mac_key = NULL;
  copy->roots_pem = sdg_bytes(NULL, 0);
  copy->directory_url = sdg_strdup(o.directory_url);
  if (copy->directory_url == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = copy_list(&copy->contacts, o.contacts);
  if (err == STARDELEG_OK) {
    err = copy_list(&copy->delegations, o.delegations);
  }
  if (err == STARDELEG_OK) {
    sort_wanted(ndc);
    err = copy_choices(copy, &o);
  }
  return err == STARDELEG_OK ? read_roots(ndc, o.roots_pem, problem) : err;
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

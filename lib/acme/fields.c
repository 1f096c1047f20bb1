/* SPDX-License-Identifier: Apache-2.0 */
/* acme/fields.c -- members that several ACME objects have alike. */
#include "acme/fields.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/url.h"

/* No ACME object needs more than half of it.  Parts that are kept as they came go into records, a few levels further
 * down, and must be readable there. */
#define DEPTH_MAX 10u

stardeleg_err sdg_field_refuse(stardeleg_problem *problem, const char *place, const char *detail)
{
  if (problem != NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", detail);
    sdg_problem_set_place(problem, sdg_bytes_str(place));
  }
  return STARDELEG_ERR_MALFORMED;
}

stardeleg_err sdg_field_object(sdg_json **out, stardeleg_bytes body, const char *what, stardeleg_problem *problem)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json_fault fault;
  sdg_json *tree = NULL;
  stardeleg_err err;

  limits.items_max = SDG_FIELD_URLS_MAX;
  limits.bytes_max = 256u * 1024u;
  limits.depth_max = DEPTH_MAX;
  err = sdg_json_parse(&tree, body, &limits, &fault);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    if (problem != NULL) {
      sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s is not acceptable JSON: %s (line %zu, column %zu)", what,
                      fault.reason, fault.line, fault.column);
      sdg_problem_set_place(problem, sdg_bytes_str(fault.pointer));
    }
    return STARDELEG_ERR_MALFORMED;
  }
  if (sdg_json_type_of(tree) != SDG_JSON_OBJECT) {
    sdg_json_free(tree);
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s is no JSON object", what);
    return STARDELEG_ERR_MALFORMED;
  }
  *out = tree;
  return STARDELEG_OK;
}

stardeleg_err sdg_field_text(char **out, const sdg_json *object, const char *name, sdg_json_need need,
                             stardeleg_problem *problem)
{
  const char *text = NULL;
  char *copy;
  stardeleg_err err = sdg_json_get_string(&text, object, name, need, problem);

  if (err != STARDELEG_OK || text == NULL) {
    return err;
  }
  copy = sdg_strdup(text);
  if (copy == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  *out = copy;
  return STARDELEG_OK;
}

static bool is_url(const char *text)
{
  sdg_url url;

  return sdg_url_parse(&url, sdg_bytes_str(text)) == STARDELEG_OK;
}

stardeleg_err sdg_field_url(char **out, const sdg_json *object, const char *name, sdg_json_need need,
                            stardeleg_problem *problem)
{
  const char *text = NULL;
  char place[64];
  stardeleg_err err = sdg_json_get_string(&text, object, name, need, problem);

  if (err != STARDELEG_OK || text == NULL) {
    return err;
  }
  if (!is_url(text)) {
    (void)snprintf(place, sizeof(place), "/%.60s", name);
    return sdg_field_refuse(problem, place, "not an absolute http or https URL");
  }
  return sdg_field_text(out, object, name, need, problem);
}

void sdg_field_urls_free(char **urls, size_t count)
{
  for (size_t i = 0; urls != NULL && i < count; i++) {
    sdg_free(urls[i]);
  }
  sdg_free(urls);
}

static stardeleg_err copy_urls(char **urls, size_t *count, const sdg_json *array, const char *name,
                               stardeleg_problem *problem)
{
  char place[96];

  for (const sdg_json *item = sdg_json_first(array); item != NULL; item = sdg_json_next(item)) {
    if (sdg_json_type_of(item) != SDG_JSON_STRING || !is_url(sdg_json_string(item))) {
      (void)snprintf(place, sizeof(place), "/%.60s/%zu", name, *count);
      return sdg_field_refuse(problem, place, "not an absolute http or https URL");
    }
    urls[*count] = sdg_strdup(sdg_json_string(item));
    if (urls[*count] == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    (*count)++;
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_field_urls(char ***out, size_t *count, const sdg_json *object, const char *name, sdg_json_need need,
                             stardeleg_problem *problem)
{
  const sdg_json *array = NULL;
  char place[64];
  char **urls;
  size_t n = 0;
  stardeleg_err err = sdg_json_get_array(&array, object, name, need, problem);

  if (err != STARDELEG_OK || array == NULL || sdg_json_count(array) == 0) {
    return err;
  }
  if (sdg_json_count(array) > SDG_FIELD_URLS_MAX) {
    (void)snprintf(place, sizeof(place), "/%.60s", name);
    return sdg_field_refuse(problem, place, "too many elements");
  }
  urls = sdg_calloc(sdg_json_count(array), sizeof(char *));
  if (urls == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = copy_urls(urls, &n, array, name, problem);
  if (err != STARDELEG_OK) {
    sdg_field_urls_free(urls, n);
    return err;
  }
  *out = urls;
  *count = n;
  return STARDELEG_OK;
}

static stardeleg_err copy_texts(char **texts, size_t *count, const sdg_json *array, const char *name,
                                stardeleg_problem *problem)
{
  char place[96];

  for (const sdg_json *item = sdg_json_first(array); item != NULL; item = sdg_json_next(item)) {
    if (sdg_json_type_of(item) != SDG_JSON_STRING) {
      (void)snprintf(place, sizeof(place), "/%.60s/%zu", name, *count);
      return sdg_field_refuse(problem, place, "not a string");
    }
    texts[*count] = sdg_strdup(sdg_json_string(item));
    if (texts[*count] == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    (*count)++;
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_field_texts(char ***out, size_t *count, const sdg_json *object, const char *name, size_t max,
                              stardeleg_problem *problem)
{
  const sdg_json *array = NULL;
  char place[64];
  char **texts;
  size_t n = 0;
  stardeleg_err err = sdg_json_get_array(&array, object, name, SDG_JSON_NULLABLE, problem);

  if (err != STARDELEG_OK || array == NULL || sdg_json_count(array) == 0) {
    return err;
  }
  if (sdg_json_count(array) > max) {
    (void)snprintf(place, sizeof(place), "/%.60s", name);
    return sdg_field_refuse(problem, place, "too many elements");
  }
  texts = sdg_calloc(sdg_json_count(array), sizeof(char *));
  if (texts == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = copy_texts(texts, &n, array, name, problem);
  if (err != STARDELEG_OK) {
    sdg_field_urls_free(texts, n);
    return err;
  }
  *out = texts;
  *count = n;
  return STARDELEG_OK;
}

static stardeleg_err copy_tree(sdg_json **out, const sdg_json *object, const char *name, sdg_json_need need,
                               stardeleg_problem *problem)
{
  const sdg_json *tree = NULL;
  sdg_json *copy;
  stardeleg_err err = sdg_json_get_object(&tree, object, name, need, problem);

  if (err != STARDELEG_OK || tree == NULL) {
    return err;
  }
  copy = sdg_json_copy(tree);
  if (copy == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  *out = copy;
  return STARDELEG_OK;
}

stardeleg_err sdg_field_tree(sdg_json **out, const sdg_json *object, const char *name, stardeleg_problem *problem)
{
  return copy_tree(out, object, name, SDG_JSON_OPTIONAL, problem);
}

stardeleg_err sdg_field_tree_or_null(sdg_json **out, const sdg_json *object, const char *name,
                                     stardeleg_problem *problem)
{
  return copy_tree(out, object, name, SDG_JSON_NULLABLE, problem);
}

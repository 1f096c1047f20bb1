/* SPDX-License-Identifier: Apache-2.0 */
/* acme/identifier.c -- lists of identifiers. */
#include "acme/identifier.h"

#include <stdio.h>
#include <string.h>

#include "acme/fields.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"

#define TYPE_MAX 64u
#define VALUE_MAX 2048u

void sdg_identifiers_clear(sdg_identifiers *list)
{
  for (size_t i = 0; i < list->count; i++) {
    sdg_free((char *)(uintptr_t)list->items[i].type);
    sdg_free((char *)(uintptr_t)list->items[i].value);
  }
  sdg_free(list->items);
  list->items = NULL;
  list->count = 0;
}

static stardeleg_err append(sdg_identifiers *list, const char *type, const char *value)
{
  stardeleg_identifier *item = &list->items[list->count];

  item->type = sdg_strdup(type);
  item->value = sdg_strdup(value);
  list->count++;
  return item->type != NULL && item->value != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

stardeleg_err sdg_identifiers_copy(sdg_identifiers *out, const stardeleg_identifier *items, size_t count)
{
  sdg_identifiers list = {NULL, 0};
  stardeleg_err err = STARDELEG_OK;

  list.items = sdg_calloc(count > 0 ? count : 1, sizeof(*list.items));
  if (list.items == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < count && err == STARDELEG_OK; i++) {
    err = append(&list, items[i].type, items[i].value);
  }
  if (err != STARDELEG_OK) {
    sdg_identifiers_clear(&list);
    return err;
  }
  *out = list;
  return STARDELEG_OK;
}

static stardeleg_err read_item(sdg_identifiers *list, const sdg_json *item, stardeleg_problem *problem)
{
  const char *type = NULL;
  const char *value = NULL;
  char place[64];
  stardeleg_err err;

  (void)snprintf(place, sizeof(place), "/identifiers/%zu", list->count);
  if (sdg_json_type_of(item) != SDG_JSON_OBJECT) {
    return sdg_field_refuse(problem, place, "an identifier must be an object");
  }
  err = sdg_json_get_string(&type, item, "type", SDG_JSON_REQUIRED, problem);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&value, item, "value", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_ERR_MALFORMED) {
    return sdg_field_refuse(problem, place, "an identifier needs the strings \"type\" and \"value\"");
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (type[0] == '\0' || value[0] == '\0' || strlen(type) > TYPE_MAX || strlen(value) > VALUE_MAX) {
    return sdg_field_refuse(problem, place, "\"type\" or \"value\" is empty or too long");
  }
  return append(list, type, value);
}

stardeleg_err sdg_identifiers_parse(sdg_identifiers *out, const sdg_json *array, stardeleg_problem *problem)
{
  sdg_identifiers list = {NULL, 0};
  stardeleg_err err = STARDELEG_OK;

  if (sdg_json_type_of(array) != SDG_JSON_ARRAY || sdg_json_count(array) == 0) {
    return sdg_field_refuse(problem, "/identifiers", "must be an array with at least one identifier");
  }
  if (sdg_json_count(array) > SDG_IDENTIFIERS_MAX) {
    return sdg_field_refuse(problem, "/identifiers", "too many identifiers");
  }
  list.items = sdg_calloc(sdg_json_count(array), sizeof(*list.items));
  if (list.items == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (const sdg_json *item = sdg_json_first(array); item != NULL && err == STARDELEG_OK; item = sdg_json_next(item)) {
    err = read_item(&list, item, problem);
  }
  if (err != STARDELEG_OK) {
    sdg_identifiers_clear(&list);
    return err;
  }
  *out = list;
  return STARDELEG_OK;
}

void sdg_identifiers_write(sdg_json_writer *w, const char *name, const sdg_identifiers *list)
{
  sdg_jw_array(w, name);
  for (size_t i = 0; i < list->count; i++) {
    sdg_jw_object(w, NULL);
    sdg_jw_string(w, "type", list->items[i].type);
    sdg_jw_string(w, "value", list->items[i].value);
    sdg_jw_object_end(w);
  }
  sdg_jw_array_end(w);
}

static bool same(const stardeleg_identifier *a, const stardeleg_identifier *b)
{
  if (strcmp(a->type, b->type) != 0) {
    return false;
  }
  if (strcmp(a->type, "dns") == 0) {
    return sdg_name_equal_dns(sdg_bytes_str(a->value), sdg_bytes_str(b->value));
  }
  return strcmp(a->value, b->value) == 0;
}

static bool contains(const sdg_identifiers *list, const stardeleg_identifier *wanted)
{
  for (size_t i = 0; i < list->count; i++) {
    if (same(&list->items[i], wanted)) {
      return true;
    }
  }
  return false;
}

bool sdg_identifiers_same_set(const sdg_identifiers *a, const sdg_identifiers *b)
{
  for (size_t i = 0; i < a->count; i++) {
    if (!contains(b, &a->items[i])) {
      return false;
    }
  }
  for (size_t i = 0; i < b->count; i++) {
    if (!contains(a, &b->items[i])) {
      return false;
    }
  }
  return true;
}

bool sdg_identifiers_share(const sdg_identifiers *a, const sdg_identifiers *b)
{
  for (size_t i = 0; i < a->count; i++) {
    if (contains(b, &a->items[i])) {
      return true;
    }
  }
  return false;
}

static stardeleg_err check_twice(const sdg_identifiers *list, stardeleg_problem *problem)
{
  char place[64];

  for (size_t i = 1; i < list->count; i++) {
    for (size_t k = 0; k < i; k++) {
      if (same(&list->items[i], &list->items[k])) {
        (void)snprintf(place, sizeof(place), "/identifiers/%zu", i);
        return sdg_field_refuse(problem, place, "the same identifier twice");
      }
    }
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_identifiers_check_dns(const sdg_identifiers *list, unsigned flags, stardeleg_problem *problem)
{
  size_t faults = 0;

  for (size_t i = 0; i < list->count; i++) {
    const stardeleg_identifier *item = &list->items[i];
    bool is_dns = strcmp(item->type, "dns") == 0;
    stardeleg_acme_error acme = is_dns ? STARDELEG_ACME_REJECTED_IDENTIFIER : STARDELEG_ACME_UNSUPPORTED_IDENTIFIER;
    sdg_name_fault fault = is_dns ? sdg_name_check_dns(sdg_bytes_str(item->value), flags) : SDG_NAME_OK;
    const char *detail = is_dns ? sdg_name_fault_text(fault) : "identifiers of this type are not supported";

    if (is_dns && fault == SDG_NAME_OK) {
      continue;
    }
    if (faults == 0) {
      sdg_problem_set(problem, acme, "%s", detail);
    }
    faults++;
    sdg_problem_add_sub(problem, acme, item->type, sdg_bytes_str(item->value), detail);
  }
  return faults > 0 ? STARDELEG_ERR_POLICY : check_twice(list, problem);
}

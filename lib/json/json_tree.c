/* SPDX-License-Identifier: Apache-2.0 */
/* json/json_tree.c -- looking at a tree. */
#include "json/json.h"

#include <string.h>

#include <cjson/cJSON.h>

void sdg_json_free(sdg_json *root)
{
  cJSON_Delete(root);
}

sdg_json *sdg_json_copy(const sdg_json *value)
{
  cJSON *copy = cJSON_Duplicate(value, 1);

  if (copy != NULL && copy->string != NULL) { /* a root has no name, though the original was a member */
    cJSON_free(copy->string);
    copy->string = NULL;
  }
  return copy;
}

sdg_json_type sdg_json_type_of(const sdg_json *value)
{
  static const struct {
    int of_cjson;
    sdg_json_type type;
  } types[] = {{cJSON_NULL, SDG_JSON_NULL},   {cJSON_False, SDG_JSON_BOOL},   {cJSON_True, SDG_JSON_BOOL},
               {cJSON_Number, SDG_JSON_INT},  {cJSON_Raw, SDG_JSON_NUMBER},   {cJSON_String, SDG_JSON_STRING},
               {cJSON_Array, SDG_JSON_ARRAY}, {cJSON_Object, SDG_JSON_OBJECT}};

  for (size_t i = 0; value != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
    if ((value->type & 0xff) == types[i].of_cjson) {
      return types[i].type;
    }
  }
  return SDG_JSON_NONE;
}

const char *sdg_json_type_name(sdg_json_type type)
{
  static const char *const names[] = {"nothing", "null", "boolean", "integer", "number", "string", "array", "object"};

  return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : names[0];
}

bool sdg_json_bool(const sdg_json *value)
{
  return cJSON_IsTrue(value) != 0;
}

int64_t sdg_json_int(const sdg_json *value)
{
  /* Exact: the reader admits no integer that a double would round. */
  return sdg_json_type_of(value) == SDG_JSON_INT ? (int64_t)value->valuedouble : 0;
}

const char *sdg_json_string(const sdg_json *value)
{
  return sdg_json_type_of(value) == SDG_JSON_STRING ? value->valuestring : "";
}

const char *sdg_json_number_text(const sdg_json *value)
{
  return sdg_json_type_of(value) == SDG_JSON_NUMBER ? value->valuestring : "";
}

const sdg_json *sdg_json_first(const sdg_json *value)
{
  return value != NULL ? value->child : NULL;
}

const sdg_json *sdg_json_next(const sdg_json *value)
{
  return value != NULL ? value->next : NULL;
}

const char *sdg_json_name(const sdg_json *value)
{
  return value != NULL ? value->string : NULL;
}

size_t sdg_json_count(const sdg_json *value)
{
  size_t n = 0;

  for (const cJSON *item = sdg_json_first(value); item != NULL; item = item->next) {
    n++;
  }
  return n;
}

const sdg_json *sdg_json_member(const sdg_json *object, const char *name)
{
  if (sdg_json_type_of(object) != SDG_JSON_OBJECT) {
    return NULL;
  }
  for (const cJSON *item = object->child; item != NULL; item = item->next) {
    if (item->string != NULL && strcmp(item->string, name) == 0) {
      return item;
    }
  }
  return NULL;
}

static bool is_equal_array(const cJSON *a, const cJSON *b)
{
  const cJSON *x = a->child;
  const cJSON *y = b->child;

  while (x != NULL && y != NULL && sdg_json_equal(x, y)) {
    x = x->next;
    y = y->next;
  }
  return x == NULL && y == NULL;
}

/* Names are unique on both sides, so it is enough to find each member of one and to compare how many there are. */
static bool is_equal_object(const cJSON *a, const cJSON *b)
{
  const cJSON *guess = b->child; /* most often the order is the same */

  if (sdg_json_count(a) != sdg_json_count(b)) {
    return false;
  }
  for (const cJSON *x = a->child; x != NULL; x = x->next) {
    const cJSON *y = guess != NULL && strcmp(guess->string, x->string) == 0 ? guess : sdg_json_member(b, x->string);

    if (y == NULL || !sdg_json_equal(x, y)) {
      return false;
    }
    guess = y->next;
  }
  return true;
}

bool sdg_json_equal(const sdg_json *a, const sdg_json *b)
{
  sdg_json_type type = sdg_json_type_of(a);

  if (type != sdg_json_type_of(b)) {
    return false;
  }
  switch (type) {
  case SDG_JSON_BOOL:
    return sdg_json_bool(a) == sdg_json_bool(b);
  case SDG_JSON_INT:
    return sdg_json_int(a) == sdg_json_int(b);
  case SDG_JSON_NUMBER:
  case SDG_JSON_STRING:
    return strcmp(a->valuestring, b->valuestring) == 0;
  case SDG_JSON_ARRAY:
    return is_equal_array(a, b);
  case SDG_JSON_OBJECT:
    return is_equal_object(a, b);
  case SDG_JSON_NONE:
  case SDG_JSON_NULL:
    break;
  }
  return true;
}

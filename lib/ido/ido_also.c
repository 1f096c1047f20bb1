/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_also.c -- a batch being put together. */
#include "ido/ido_also.h"

#include <stdio.h>
#include <string.h>

#define FIRST_MAX 4u

void sdg_ido_also_init(sdg_ido_also *also)
{
  also->count = 0;
  also->err = STARDELEG_OK;
  for (size_t i = 0; i < SDG_ALSO_MAX; i++) {
    sdg_buf_init(&also->values[i], STARDELEG_STORE_VALUE_MAX);
  }
}

void sdg_ido_also_clear(sdg_ido_also *also)
{
  for (size_t i = 0; i < SDG_ALSO_MAX; i++) {
    sdg_buf_clear(&also->values[i]);
  }
  also->count = 0;
  also->err = STARDELEG_OK;
}

stardeleg_store_op *sdg_ido_also_put(sdg_ido_also *also, const char *kind, const char *key, const char *index)
{
  size_t i = also->count;

  if (also->err == STARDELEG_OK && i == SDG_ALSO_MAX) {
    also->err = STARDELEG_ERR_LIMIT;
  }
  if (also->err != STARDELEG_OK) {
    return NULL;
  }
  if ((size_t)snprintf(also->keys[i], SDG_ALSO_NAME_SIZE, "%s", key) >= SDG_ALSO_NAME_SIZE ||
      (size_t)snprintf(also->indexes[i], SDG_ALSO_NAME_SIZE, "%s", index) >= SDG_ALSO_NAME_SIZE) {
    also->err = STARDELEG_ERR_LIMIT;
    return NULL;
  }
  memset(&also->ops[i], 0, sizeof(also->ops[i]));
  also->ops[i].verb = STARDELEG_STORE_PUT;
  also->ops[i].kind = kind;
  also->ops[i].key = also->keys[i];
  also->ops[i].index = also->indexes[i];
  also->ops[i].due = STARDELEG_TIME_NEVER;
  also->count++;
  return &also->ops[i];
}

sdg_buf *sdg_ido_also_value(sdg_ido_also *also)
{
  return &also->values[also->count > 0 ? also->count - 1 : 0];
}

stardeleg_err sdg_ido_also_write(sdg_ido_also *also, const stardeleg_store *store, const stardeleg_store_op *first,
                                 size_t count)
{
  stardeleg_store_op ops[FIRST_MAX + SDG_ALSO_MAX];
  size_t n = 0;

  if (count > FIRST_MAX) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (size_t i = 0; i < count; i++) {
    ops[n++] = first[i];
  }
  for (size_t i = 0; i < also->count && also->err == STARDELEG_OK; i++) {
    also->err = sdg_buf_error(&also->values[i]);
    also->ops[i].value = sdg_buf_bytes(&also->values[i]);
    ops[n++] = also->ops[i];
  }
  return also->err == STARDELEG_OK ? sdg_store_batch(store, ops, n) : also->err;
}

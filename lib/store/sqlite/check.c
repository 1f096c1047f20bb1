/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/check.c -- the limits of store.h, which an adapter must check by itself. */
#include "sqlite_store.h"

bool sdg_sqlite_is_name(const char *name)
{
  size_t len = 0;

  if (name == NULL) {
    return false;
  }
  for (; name[len] != '\0'; len++) {
    if (len == STARDELEG_STORE_NAME_MAX || name[len] < 0x20 || name[len] > 0x7e) {
      return false;
    }
  }
  return len > 0;
}

bool sdg_sqlite_is_text(const char *text)
{
  return text == NULL || text[0] == '\0' || sdg_sqlite_is_name(text);
}

static bool is_put(const stardeleg_store_op *op)
{
  return (op->value.base != NULL || op->value.len == 0) && op->value.len <= STARDELEG_STORE_VALUE_MAX &&
         sdg_sqlite_is_text(op->index) && op->due != STARDELEG_TIME_NONE;
}

bool sdg_sqlite_is_op(const stardeleg_store_op *op)
{
  if (!sdg_sqlite_is_name(op->kind) || !sdg_sqlite_is_name(op->key)) {
    return false;
  }
  switch (op->verb) {
  case STARDELEG_STORE_PUT:
    return is_put(op);
  case STARDELEG_STORE_DEL:
    return op->expected_version != 0;
  }
  return false;
}

bool sdg_sqlite_lease_end(stardeleg_time *out, stardeleg_time now, int64_t ttl_ms)
{
  if (now == STARDELEG_TIME_NONE || now == STARDELEG_TIME_NEVER || ttl_ms <= 0) {
    return false;
  }
  /* A lease always ends, if late: NEVER would hide the record for good. */
  *out = now > STARDELEG_TIME_NEVER - 1 - ttl_ms ? STARDELEG_TIME_NEVER - 1 : now + ttl_ms;
  return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* store/check.c -- the limits that every backend keeps. */
#include "store/store.h"

bool sdg_store_name_is_valid(const char *name)
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

bool sdg_store_text_is_valid(const char *text)
{
  return text == NULL || text[0] == '\0' || sdg_store_name_is_valid(text);
}

static bool is_valid_put(const stardeleg_store_op *op)
{
  /* "No instant" would sort before every instant, that is, be due at once: surely not what was meant. */
  return (op->value.base != NULL || op->value.len == 0) && op->value.len <= STARDELEG_STORE_VALUE_MAX &&
         sdg_store_text_is_valid(op->index) && op->due != STARDELEG_TIME_NONE;
}

stardeleg_err sdg_store_op_check(const stardeleg_store_op *op)
{
  if (op == NULL || !sdg_store_name_is_valid(op->kind) || !sdg_store_name_is_valid(op->key)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  switch (op->verb) {
  case STARDELEG_STORE_PUT:
    return is_valid_put(op) ? STARDELEG_OK : STARDELEG_ERR_ARGUMENT;
  case STARDELEG_STORE_DEL:
    /* Version 0 means "must not exist": nothing could be removed. */
    return op->expected_version != 0 ? STARDELEG_OK : STARDELEG_ERR_ARGUMENT;
  }
  return STARDELEG_ERR_ARGUMENT;
}

stardeleg_err sdg_store_lease_end(stardeleg_time *out, stardeleg_time now, int64_t ttl_ms)
{
  if (now == STARDELEG_TIME_NONE || now == STARDELEG_TIME_NEVER || ttl_ms <= 0) {
    return STARDELEG_ERR_ARGUMENT;
  }
  /* A lease always ends, if late: NEVER would hide the record for good. */
  *out = now > STARDELEG_TIME_NEVER - 1 - ttl_ms ? STARDELEG_TIME_NEVER - 1 : now + ttl_ms;
  return STARDELEG_OK;
}

static bool is_name_character(char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

int sdg_secrets_name_is_valid(const char *name)
{
  size_t len = 0;

  if (name == NULL || name[0] == '.') {
    return 0;
  }
  for (; name[len] != '\0'; len++) {
    if (len == SDG_SECRETS_NAME_MAX || !is_name_character(name[len])) {
      return 0;
    }
  }
  return len > 0;
}

stardeleg_err sdg_secrets_put_check(const char *name, stardeleg_bytes secret)
{
  if (!sdg_secrets_name_is_valid(name) || secret.base == NULL || secret.len == 0 || secret.len > SDG_SECRETS_LEN_MAX) {
    return STARDELEG_ERR_ARGUMENT;
  }
  return STARDELEG_OK;
}

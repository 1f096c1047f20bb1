/* SPDX-License-Identifier: Apache-2.0 */
/* dns_update/change.c -- what a change may look like. */
#include <stardeleg/dns_update.h>

#include <string.h>

#include "base/bytes.h"
#include "dns_update/keeper.h"

#define LABEL_MAX 63u
#define TOKEN_MAX 256u

static bool is_name_byte(uint8_t c)
{
  uint8_t lower = sdg_ascii_lower(c);

  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool sdg_dns_is_owner_name(const char *name)
{
  size_t len = name != NULL ? strlen(name) : 0;
  size_t label = 0;

  if (len == 0 || len >= SDG_DNS_NAME_SIZE || name[0] == '-') {
    return false; /* a hyphen in front would look like an option to a program */
  }
  for (size_t i = 0; i < len; i++) {
    if (name[i] == '.') {
      if (label == 0) {
        return false;
      }
      label = 0;
    } else if (!is_name_byte((uint8_t)name[i]) || ++label > LABEL_MAX) {
      return false;
    }
  }
  return label > 0;
}

/* Nothing that quotes, ends a line, or ends a quoted text. */
static bool is_text(const char *value)
{
  size_t len = value != NULL ? strlen(value) : 0;

  for (size_t i = 0; i < len; i++) {
    if (value[i] < ' ' || value[i] > '~' || value[i] == '"' || value[i] == '\\') {
      return false;
    }
  }
  return len > 0 && len <= 255;
}

static bool is_token(const char *token)
{
  size_t len = token != NULL ? strlen(token) : 0;

  for (size_t i = 0; i < len; i++) {
    if (token[i] == '.' || !is_name_byte((uint8_t)token[i])) {
      return false;
    }
  }
  return token != NULL && len <= TOKEN_MAX;
}

stardeleg_err stardeleg_dns_change_check(const stardeleg_dns_change *change)
{
  if (change == NULL || change->size < sizeof(*change) || !sdg_dns_is_owner_name(change->name) ||
      (change->action != STARDELEG_DNS_UPSERT && change->action != STARDELEG_DNS_REMOVE) || !is_token(change->token) ||
      change->ttl_s > INT32_MAX) {
    return STARDELEG_ERR_ARGUMENT;
  }
  switch (change->type) {
  case STARDELEG_DNS_TXT:
    return is_text(change->value) ? STARDELEG_OK : STARDELEG_ERR_ARGUMENT;
  case STARDELEG_DNS_CNAME:
    return sdg_dns_is_owner_name(change->value) ? STARDELEG_OK : STARDELEG_ERR_ARGUMENT;
  default:
    return STARDELEG_ERR_ARGUMENT;
  }
}

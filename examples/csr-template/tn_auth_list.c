/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/tn_auth_list.c -- the extension TNAuthList for templates: a worked example of template_extension.h.
 *
 * The member lists literals, so the rule is the DER that a CSR must have, made once when the template is loaded:
 *   TNAuthorizationList ::= SEQUENCE SIZE (1..MAX) OF TNEntry           -- RFC 8226 9, explicit tags
 *   TNEntry ::= CHOICE { spc [0] IA5String, range [1] SEQUENCE { start IA5String, count INTEGER (2..MAX) },
 *                        one [2] IA5String } */
#include "tn_auth_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tn_auth_list_schema.h"

#define DER_MAX 8192
#define ENTRY_MAX 64

typedef struct rule {
  size_t len;
  uint8_t der[DER_MAX];
} rule;

/* Appends an element of at most 127 bytes. */
static size_t put(uint8_t *out, uint8_t tag, const void *content, size_t len)
{
  out[0] = tag;
  out[1] = (uint8_t)len;
  memcpy(out + 2, content, len);
  return len + 2;
}

/* A positive INTEGER of at most nine digits. */
static size_t put_count(uint8_t *out, unsigned long n)
{
  uint8_t bytes[5];
  size_t len = 0;

  for (int shift = 32; shift >= 0; shift -= 8) {
    uint8_t byte = (uint8_t)((unsigned long long)n >> shift & 0xff);

    if (len > 0 || byte != 0 || shift == 0) {
      if (len == 0 && byte >= 0x80) {
        bytes[len++] = 0;
      }
      bytes[len++] = byte;
    }
  }
  return put(out, 0x02, bytes, len);
}

/* "12155551000+100"; 0 for a count below 2, which no range has. */
static size_t put_range(uint8_t *out, const char *text, size_t len)
{
  uint8_t inside[ENTRY_MAX];
  const char *plus = memchr(text, '+', len);
  unsigned long count = 0;
  size_t at;

  if (plus == NULL) {
    return 0;
  }
  for (const char *digit = plus + 1; digit < text + len; digit++) {
    count = count * 10 + (unsigned long)(*digit - '0');
  }
  at = put(inside, 0x16, text, (size_t)(plus - text));
  at += put_count(inside + at, count);
  return count >= 2 ? put(out, 0x30, inside, at) : 0;
}

/* One entry, as the schema has it; 0 if it means nothing. */
static size_t put_entry(uint8_t *out, const char *text, size_t len)
{
  uint8_t inside[ENTRY_MAX];
  uint8_t tag = 0xa1;
  size_t at = 0;

  if (len > 40) {
    return 0; /* cannot be: the schema's longest is shorter */
  }
  if (strncmp(text, "spc:", 4) == 0) {
    tag = 0xa0;
    at = put(inside, 0x16, text + 4, len - 4);
  } else if (strncmp(text, "one:", 4) == 0) {
    tag = 0xa2;
    at = put(inside, 0x16, text + 4, len - 4);
  } else {
    at = put_range(inside, text + 6, len - 6);
  }
  return at != 0 ? put(out, tag, inside, at) : 0;
}

/* The compact JSON is ["...","..."], and no entry needs an escape. */
static stardeleg_err load(void *ctx, void **out, stardeleg_bytes json, stardeleg_extension_fault *fault)
{
  const char *text = (const char *)json.base;
  uint8_t body[DER_MAX];
  size_t len = 0;
  size_t index = 0;
  size_t at = 0;
  rule *made;

  (void)ctx;
  while (at + 1 < json.len) {
    const char *start = text + at + 2; /* behind [" or ," */
    const char *end = memchr(start, '"', json.len - at - 2);
    size_t size =
        end != NULL && len + ENTRY_MAX < DER_MAX - 4 ? put_entry(body + len, start, (size_t)(end - start)) : 0;

    if (size == 0) {
      (void)snprintf(fault->place, sizeof(fault->place), "/%zu", index);
      (void)snprintf(fault->detail, sizeof(fault->detail),
                     "a range has two numbers or more, and there is an end to a list");
      return STARDELEG_ERR_MALFORMED;
    }
    len += size;
    at = (size_t)(end - text) + 1;
    index++;
    if (text[at] == ']') {
      break;
    }
  }
  made = calloc(1, sizeof(*made));
  if (made == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  made->der[made->len++] = 0x30;
  if (len >= 256) {
    made->der[made->len++] = 0x82;
    made->der[made->len++] = (uint8_t)(len >> 8);
  } else if (len >= 128) {
    made->der[made->len++] = 0x81;
  }
  made->der[made->len++] = (uint8_t)len;
  memcpy(made->der + made->len, body, len);
  made->len += len;
  *out = made;
  return STARDELEG_OK;
}

static void unload(void *ctx, void *loaded)
{
  (void)ctx;
  free(loaded);
}

static int is_same(const rule *r, stardeleg_bytes value)
{
  return value.base != NULL && value.len == r->len && memcmp(value.base, r->der, r->len) == 0;
}

static stardeleg_err match(void *ctx, const void *loaded, stardeleg_bytes value, stardeleg_extension_fault *fault)
{
  (void)ctx;
  if (is_same(loaded, value)) {
    return STARDELEG_OK;
  }
  (void)snprintf(fault->detail, sizeof(fault->detail), "%s",
                 value.base == NULL ? "missing" : "not the numbers that the template has, in its order");
  return STARDELEG_ERR_POLICY;
}

static stardeleg_err build(void *ctx, const void *loaded, const stardeleg_choice *choices, size_t choice_count,
                           uint8_t *out, size_t cap, size_t *len, stardeleg_extension_fault *fault)
{
  const rule *r = loaded;

  (void)ctx;
  (void)choices;
  if (choice_count != 0) {
    (void)snprintf(fault->detail, sizeof(fault->detail), "the template has fixed values here");
    return STARDELEG_ERR_POLICY;
  }
  if (r->len > cap) {
    return STARDELEG_ERR_LIMIT;
  }
  memcpy(out, r->der, r->len);
  *len = r->len;
  return STARDELEG_OK;
}

static void explain(void *ctx, const void *loaded, char *out, size_t size)
{
  (void)ctx;
  (void)loaded;
  (void)snprintf(out, size, "TNAuthList must have exactly the telephone numbers and codes that the template lists.");
}

/* RFC 9448 3: the identifier's value is the base64url of the DER. */
static int has_identifier(void *ctx, const void *loaded, stardeleg_bytes value, const char *identifier)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const rule *r = loaded;
  unsigned long word = 0;
  unsigned bits = 0;

  (void)ctx;
  if (value.base != NULL && !is_same(r, value)) {
    return 0;
  }
  for (size_t i = 0; i < r->len; i++) {
    word = (word << 8 | r->der[i]) & 0xffff;
    for (bits += 8; bits >= 6; bits -= 6) {
      if (*identifier++ != digits[word >> (bits - 6) & 63]) {
        return 0;
      }
    }
  }
  if (bits > 0 && *identifier++ != digits[word << (6 - bits) & 63]) {
    return 0;
  }
  return *identifier == '\0';
}

const stardeleg_template_extension tn_auth_list = {
    .size = sizeof(tn_auth_list),
    .name = "TNAuthList",
    .oid = "1.3.6.1.5.5.7.1.26",
    .schema = &tn_auth_list_schema,
    .identifier_type = "TNAuthList",
    .load = load,
    .unload = unload,
    .match = match,
    .build = build,
    .explain = explain,
    .has_identifier = has_identifier,
};

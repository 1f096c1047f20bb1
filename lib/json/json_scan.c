/* SPDX-License-Identifier: Apache-2.0 */
/* json/json_scan.c -- the tokens of a JSON text: strings, numbers, literals. */
#include "json/json_scan.h"

#include <string.h>

#include "base/bytes.h"

stardeleg_err sdg_json_scan_fail(sdg_json_scan *s, stardeleg_err err, size_t at, const char *reason)
{
  s->fault_at = at;
  s->reason = reason;
  return err;
}

int sdg_json_scan_peek(const sdg_json_scan *s)
{
  return s->at < s->len ? s->base[s->at] : -1;
}

void sdg_json_scan_space(sdg_json_scan *s)
{
  int c = sdg_json_scan_peek(s);

  while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
    s->at++;
    c = sdg_json_scan_peek(s);
  }
}

/* The four digits behind a "\u" at |at|. */
static bool read_hex4(uint32_t *out, const sdg_json_scan *s, size_t at)
{
  uint32_t value = 0;

  if (s->len < 4 || at > s->len - 4) {
    return false;
  }
  for (size_t i = at; i < at + 4; i++) {
    uint8_t c = s->base[i];
    uint32_t digit;

    if (c >= '0' && c <= '9') {
      digit = (uint32_t)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = (uint32_t)(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = (uint32_t)(c - 'A' + 10);
    } else {
      return false;
    }
    value = value << 4 | digit;
  }
  *out = value;
  return true;
}

/* |s| stands on the backslash of a "\u". */
static stardeleg_err read_unicode_escape(uint32_t *out, sdg_json_scan *s)
{
  size_t begin = s->at;
  uint32_t c = 0;
  uint32_t low = 0;

  if (!read_hex4(&c, s, begin + 2)) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, begin, "\\u without four hexadecimal digits");
  }
  s->at += 6;
  if (c == 0) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, begin, "\\u0000 in a string");
  }
  if (c >= 0xd800 && c < 0xdc00 && s->len - s->at >= 6 && s->base[s->at] == '\\' && s->base[s->at + 1] == 'u' &&
      read_hex4(&low, s, s->at + 2) && low >= 0xdc00 && low < 0xe000) {
    s->at += 6;
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }
  if (c >= 0xd800 && c < 0xe000) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, begin, "lone surrogate in a string");
  }
  *out = c;
  return STARDELEG_OK;
}

/* |s| stands on a backslash. */
static stardeleg_err read_escape(uint32_t *out, sdg_json_scan *s)
{
  static const char names[] = "\"\\/bfnrt";
  static const char values[] = "\"\\/\b\f\n\r\t";
  int c = s->at + 1 < s->len ? s->base[s->at + 1] : 0;
  const char *found;

  if (c == 'u') {
    return read_unicode_escape(out, s);
  }
  found = c == 0 ? NULL : strchr(names, c);
  if (found == NULL) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "unknown escape in a string");
  }
  s->at += 2;
  *out = (uint32_t)values[found - names];
  return STARDELEG_OK;
}

/* Reads one character of a string (not its closing quote) as UTF-8. */
static stardeleg_err read_character(uint8_t out[4], size_t *n, sdg_json_scan *s)
{
  int c = sdg_json_scan_peek(s);
  uint32_t point = 0;
  stardeleg_err rv;

  if (c < 0) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "string without end");
  }
  if (c < 0x20) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "raw control character in a string");
  }
  if (c == '\\') {
    rv = read_escape(&point, s);
    if (rv == STARDELEG_OK) {
      *n = sdg_utf8_encode(out, point);
    }
    return rv;
  }
  /* Noncharacters pass: they are well-formed, and refusing them would protect nobody. */
  *n = sdg_utf8_decode(&point, sdg_bytes(s->base + s->at, s->len - s->at));
  if (*n == 0) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "invalid UTF-8");
  }
  memcpy(out, s->base + s->at, *n);
  s->at += *n;
  return STARDELEG_OK;
}

/* How many bytes from here on are printable ASCII that stands for itself: nearly all that ACME sends. */
static size_t plain_len(const sdg_json_scan *s)
{
  size_t at = s->at;

  while (at < s->len && s->base[at] >= 0x20 && s->base[at] < 0x80 && s->base[at] != '"' && s->base[at] != '\\') {
    at++;
  }
  return at - s->at;
}

/* Runs over a string up to its closing quote; |out| NULL: only counts. */
static stardeleg_err decode(uint8_t *out, size_t *len, sdg_json_scan *s)
{
  size_t begin = s->at;
  size_t total = 0;

  while (sdg_json_scan_peek(s) != '"') {
    const uint8_t *from = s->base + s->at;
    size_t n = plain_len(s);
    uint8_t c[4];

    if (n > 0) {
      s->at += n;
    } else {
      stardeleg_err rv = read_character(c, &n, s);

      if (rv != STARDELEG_OK) {
        return rv;
      }
      from = c;
    }
    if (n > s->string_max - total) {
      return sdg_json_scan_fail(s, STARDELEG_ERR_LIMIT, begin, "string too long");
    }
    if (out != NULL) {
      memcpy(out + total, from, n);
    }
    total += n;
  }
  *len = total;
  return STARDELEG_OK;
}

stardeleg_err sdg_json_scan_string(char **out, sdg_json_scan *s)
{
  size_t begin = s->at + 1;
  size_t len = 0;
  char *text;
  stardeleg_err rv;

  s->at = begin;
  rv = decode(NULL, &len, s);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  text = cJSON_malloc(len + 1);
  if (text == NULL) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_NOMEM, begin, "out of memory");
  }
  if (s->at - begin == len) { /* every escape is longer than what it stands for: there is none */
    memcpy(text, s->base + begin, len);
  } else {
    s->at = begin;
    rv = decode((uint8_t *)text, &len, s); /* has been through once: cannot fail */
    if (rv != STARDELEG_OK) {
      cJSON_free(text);
      return rv;
    }
  }
  text[len] = '\0';
  s->at++;
  *out = text;
  return STARDELEG_OK;
}

/* Takes digits; false if there is none. */
static bool skip_digits(sdg_json_scan *s)
{
  size_t begin = s->at;
  int c = sdg_json_scan_peek(s);

  while (c >= '0' && c <= '9') {
    s->at++;
    c = sdg_json_scan_peek(s);
  }
  return s->at > begin;
}

/* The grammar of RFC 8259 6; |*integer|: neither fraction nor exponent. */
static stardeleg_err skip_number(bool *integer, sdg_json_scan *s)
{
  size_t first;

  *integer = true;
  if (sdg_json_scan_peek(s) == '-') {
    s->at++;
  }
  first = s->at;
  if (!skip_digits(s)) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "number without digits");
  }
  if (s->base[first] == '0' && s->at - first > 1) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, first, "number with a leading zero");
  }
  if (sdg_json_scan_peek(s) == '.') {
    *integer = false;
    s->at++;
    if (!skip_digits(s)) {
      return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "fraction without digits");
    }
  }
  if (sdg_json_scan_peek(s) == 'e' || sdg_json_scan_peek(s) == 'E') {
    *integer = false;
    s->at++;
    if (sdg_json_scan_peek(s) == '+' || sdg_json_scan_peek(s) == '-') {
      s->at++;
    }
    if (!skip_digits(s)) {
      return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "exponent without digits");
    }
  }
  return STARDELEG_OK;
}

/* False if the integer does not survive a double (RFC 8259 6, RFC 7493 2.2). */
static bool read_exact(int64_t *out, const uint8_t *text, size_t len)
{
  bool negative = text[0] == '-';
  int64_t value = 0;

  for (size_t i = negative ? 1 : 0; i < len; i++) {
    value = value * 10 + (text[i] - '0');
    if (value > SDG_JSON_INT_MAX) {
      return false;
    }
  }
  *out = negative ? -value : value;
  return true;
}

stardeleg_err sdg_json_scan_number(cJSON **out, sdg_json_scan *s)
{
  size_t begin = s->at;
  bool integer = false;
  int64_t value = 0;
  stardeleg_err rv = skip_number(&integer, s);
  char *text;

  if (rv != STARDELEG_OK) {
    return rv;
  }
  if (integer && read_exact(&value, s->base + begin, s->at - begin)) {
    *out = cJSON_CreateNumber((double)value);
  } else {
    /* The text is kept and never evaluated: a huge exponent costs its bytes and no more. */
    text = cJSON_malloc(s->at - begin + 1);
    *out = text == NULL ? NULL : cJSON_CreateNull();
    if (*out == NULL) {
      cJSON_free(text);
    } else {
      memcpy(text, s->base + begin, s->at - begin);
      text[s->at - begin] = '\0';
      (*out)->type = cJSON_Raw;
      (*out)->valuestring = text;
    }
  }
  return *out != NULL ? STARDELEG_OK : sdg_json_scan_fail(s, STARDELEG_ERR_NOMEM, begin, "out of memory");
}

stardeleg_err sdg_json_scan_literal(cJSON **out, sdg_json_scan *s)
{
  static const struct {
    const char *text;
    size_t len;
    cJSON *(*create)(void);
  } literals[] = {{"true", 4, cJSON_CreateTrue}, {"false", 5, cJSON_CreateFalse}, {"null", 4, cJSON_CreateNull}};

  for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
    if (s->len - s->at >= literals[i].len && memcmp(s->base + s->at, literals[i].text, literals[i].len) == 0) {
      *out = literals[i].create();
      if (*out == NULL) {
        return sdg_json_scan_fail(s, STARDELEG_ERR_NOMEM, s->at, "out of memory");
      }
      s->at += literals[i].len;
      return STARDELEG_OK;
    }
  }
  return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, s->at < s->len ? "not a JSON value" : "unexpected end");
}

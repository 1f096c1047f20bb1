/* SPDX-License-Identifier: Apache-2.0 */
/* base/base64.c -- base64url without padding (RFC 7515 2) and plain base64 (RFC 4648 4). */
#include "base/base64.h"

static const char standard_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What a reader takes. */
typedef struct dialect {
  bool standard; /* "+" and "/" */
  bool url;      /* "-" and "_" */
  bool blanks;   /* skips white space */
  bool padded;   /* "=" may stand at the end */
  bool must_be_padded;
} dialect;

/* What there is in the text. */
typedef struct tally {
  size_t symbols;
  size_t pads;
  unsigned last; /* value of the last symbol */
} tally;

/* The value of a symbol, or 64. */
static unsigned symbol_value(uint8_t c, const dialect *d)
{
  if (c >= 'A' && c <= 'Z') {
    return (unsigned)(c - 'A');
  }
  if (c >= 'a' && c <= 'z') {
    return (unsigned)(c - 'a') + 26;
  }
  if (c >= '0' && c <= '9') {
    return (unsigned)(c - '0') + 52;
  }
  if ((c == '+' && d->standard) || (c == '-' && d->url)) {
    return 62;
  }
  if ((c == '/' && d->standard) || (c == '_' && d->url)) {
    return 63;
  }
  return 64;
}

static bool is_skipped(uint8_t c, const dialect *d)
{
  return d->blanks && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

static bool count(tally *out, stardeleg_bytes in, const dialect *d)
{
  tally t = {0, 0, 0};

  for (size_t i = 0; i < in.len; i++) {
    unsigned value = symbol_value(in.base[i], d);

    if (is_skipped(in.base[i], d)) {
      continue;
    }
    if (value < 64 && t.pads == 0) {
      t.symbols++;
      t.last = value;
    } else if (in.base[i] == '=' && d->padded && t.pads < 2) {
      t.pads++;
    } else {
      return false;
    }
  }
  *out = t;
  return true;
}

/* RFC 4648, Section 3.5: bits that carry nothing have to be zero; else one value would have several texts. */
static bool is_complete(const tally *t, const dialect *d)
{
  size_t rest = t->symbols % 4;
  size_t pads = rest == 0 ? 0 : 4 - rest;

  if (rest == 1 || (rest == 2 && (t->last & 0xf) != 0) || (rest == 3 && (t->last & 0x3) != 0)) {
    return false;
  }
  return t->pads == pads || (t->pads == 0 && !d->must_be_padded);
}

static stardeleg_err decode(sdg_buf *out, stardeleg_bytes in, const dialect *d)
{
  tally t;
  uint8_t *to;
  unsigned bits = 0;
  unsigned bit_count = 0;

  if (!count(&t, in, d) || !is_complete(&t, d)) {
    return STARDELEG_ERR_MALFORMED;
  }
  if (t.symbols == 0) {
    return sdg_buf_error(out);
  }
  to = sdg_buf_add_room(out, t.symbols / 4 * 3 + t.symbols % 4 * 3 / 4);
  if (to == NULL) {
    return sdg_buf_error(out);
  }
  for (size_t i = 0; i < in.len; i++) {
    unsigned value = symbol_value(in.base[i], d);

    if (value == 64) {
      continue;
    }
    bits = (bits << 6 | value) & 0xffff;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      *to++ = (uint8_t)(bits >> bit_count);
    }
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_base64url_read(sdg_buf *out, stardeleg_bytes in)
{
  return decode(out, in, &(dialect){.url = true});
}

stardeleg_err sdg_base64_read_tolerant(sdg_buf *out, stardeleg_bytes in)
{
  return decode(out, in, &(dialect){.standard = true, .url = true, .blanks = true, .padded = true});
}

stardeleg_err sdg_base64_read(sdg_buf *out, stardeleg_bytes in)
{
  return decode(out, in, &(dialect){.standard = true, .blanks = true, .padded = true, .must_be_padded = true});
}

/* Up to three bytes from |in| as four symbols; how many of them count. */
static size_t encode_group(char symbols[4], stardeleg_bytes in, const char *alphabet)
{
  uint32_t bits = (uint32_t)in.base[0] << 16;

  bits |= in.len > 1 ? (uint32_t)in.base[1] << 8 : 0;
  bits |= in.len > 2 ? (uint32_t)in.base[2] : 0;
  for (unsigned i = 0; i < 4; i++) {
    symbols[i] = alphabet[bits >> (18 - 6 * i) & 0x3f];
  }
  return in.len > 2 ? 4 : in.len + 1;
}

void sdg_base64url_write(sdg_buf *out, stardeleg_bytes in)
{
  char symbols[4];

  for (size_t at = 0; at < in.len; at += 3) {
    size_t used = encode_group(symbols, (stardeleg_bytes){in.base + at, in.len - at}, url_alphabet);

    sdg_buf_add(out, symbols, used);
  }
}

void sdg_base64_write(sdg_buf *out, stardeleg_bytes in, size_t line)
{
  size_t column = 0;

  for (size_t at = 0; at < in.len; at += 3) {
    char symbols[4];
    size_t used = encode_group(symbols, (stardeleg_bytes){in.base + at, in.len - at}, standard_alphabet);

    for (; used < 4; used++) {
      symbols[used] = '=';
    }
    sdg_buf_add(out, symbols, 4);
    column += 4;
    if (line != 0 && (column >= line || in.len - at <= 3)) {
      sdg_buf_add_byte(out, '\n');
      column = 0;
    }
  }
}

bool sdg_base64url_is_text(stardeleg_bytes in)
{
  const dialect url = {.url = true};

  for (size_t i = 0; i < in.len; i++) {
    if (symbol_value(in.base[i], &url) == 64) {
      return false;
    }
  }
  return in.len != 0;
}

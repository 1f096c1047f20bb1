/* SPDX-License-Identifier: Apache-2.0 */
/* base/punycode.c -- Punycode (RFC 3492), for one label without its "xn--". */
#include "base/punycode.h"

#include <string.h>

#include "base/bytes.h"

/* RFC 3492, Section 5 */
#define BASE 36u
#define T_MIN 1u
#define T_MAX 26u
#define SKEW 38u
#define DAMP 700u
#define INITIAL_BIAS 72u
#define INITIAL_N 0x80u

#define CODE_MAX 0x10ffffu
#define DELETE 0x7f

/* Section 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t count, bool first)
{
  uint32_t k = 0;

  delta = first ? delta / DAMP : delta / 2;
  delta += delta / count;
  while (delta > (BASE - T_MIN) * T_MAX / 2) {
    delta /= BASE - T_MIN;
    k += BASE;
  }
  return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
  if (k <= bias + T_MIN) {
    return T_MIN;
  }
  return k >= bias + T_MAX ? T_MAX : k - bias;
}

/* The value of a digit, or BASE. */
static uint32_t digit_value(uint8_t c)
{
  c = sdg_ascii_lower(c);
  if (c >= 'a' && c <= 'z') {
    return (uint32_t)(c - 'a');
  }
  return c >= '0' && c <= '9' ? (uint32_t)(c - '0') + 26 : BASE;
}

static char digit_symbol(uint32_t value)
{
  return "abcdefghijklmnopqrstuvwxyz0123456789"[value % BASE];
}

/* Takes one variable-length integer off |text| and adds it to |*i|. */
static bool take_delta(uint32_t *i, stardeleg_bytes *text, uint32_t bias)
{
  uint32_t weight = 1;

  for (uint32_t k = BASE;; k += BASE) {
    uint32_t digit = text->len != 0 ? digit_value(text->base[0]) : BASE;
    uint32_t t = threshold(k, bias);

    if (digit == BASE || digit > (UINT32_MAX - *i) / weight) {
      return false;
    }
    *text = sdg_bytes_from(*text, 1);
    *i += digit * weight;
    if (digit < t) {
      return true;
    }
    if (weight > UINT32_MAX / (BASE - t)) {
      return false;
    }
    weight *= BASE - t;
  }
}

/* What stands before the last hyphen is copied; |*text| becomes the rest. */
static bool take_basic(sdg_code_points *out, stardeleg_bytes *text)
{
  size_t basic = 0;

  out->count = 0;
  for (size_t i = 0; i < text->len; i++) {
    basic = text->base[i] == '-' ? i : basic;
  }
  for (; out->count < basic; out->count++) {
    if (text->base[out->count] <= ' ' || text->base[out->count] >= DELETE) {
      return false;
    }
    out->code[out->count] = text->base[out->count];
  }
  *text = sdg_bytes_from(*text, basic != 0 ? basic + 1 : 0);
  return true;
}

/* Section 6.2 */
bool sdg_punycode_decode(sdg_code_points *out, stardeleg_bytes text)
{
  uint32_t n = INITIAL_N;
  uint32_t i = 0;
  uint32_t bias = INITIAL_BIAS;

  if (text.len > SDG_PUNYCODE_MAX || !take_basic(out, &text)) {
    return false;
  }
  while (text.len != 0) {
    uint32_t before = i;
    uint32_t count = (uint32_t)out->count + 1;

    if (count > SDG_PUNYCODE_MAX || !take_delta(&i, &text, bias)) {
      return false;
    }
    bias = adapt(i - before, count, before == 0);
    if (i / count > CODE_MAX - n) {
      return false;
    }
    n += i / count;
    i %= count;
    if (n >= 0xd800 && n <= 0xdfff) {
      return false;
    }
    memmove(&out->code[i + 1], &out->code[i], (out->count - i) * sizeof(out->code[0]));
    out->code[i++] = n;
    out->count++;
  }
  return true;
}

/* An output of fixed room. */
typedef struct text_out {
  char *base;
  size_t len;
} text_out;

static bool put(text_out *out, char c)
{
  if (out->len >= SDG_PUNYCODE_MAX) {
    return false;
  }
  out->base[out->len++] = c;
  return true;
}

static bool put_delta(text_out *out, uint32_t delta, uint32_t bias)
{
  for (uint32_t k = BASE;; k += BASE) {
    uint32_t t = threshold(k, bias);

    if (delta < t) {
      return put(out, digit_symbol(delta));
    }
    if (!put(out, digit_symbol(t + (delta - t) % (BASE - t)))) {
      return false;
    }
    delta = (delta - t) / (BASE - t);
  }
}

static uint32_t least_from(const sdg_code_points *in, uint32_t n)
{
  uint32_t least = UINT32_MAX;

  for (size_t j = 0; j < in->count; j++) {
    if (in->code[j] >= n && in->code[j] < least) {
      least = in->code[j];
    }
  }
  return least;
}

static bool put_basic(text_out *out, const sdg_code_points *in)
{
  for (size_t j = 0; j < in->count; j++) {
    if (in->code[j] < INITIAL_N && !put(out, (char)in->code[j])) {
      return false;
    }
  }
  return out->len == 0 || put(out, '-');
}

/* Where the encoder stands (Section 6.3). */
typedef struct encoder {
  uint32_t delta;
  uint32_t bias;
  uint32_t handled;
  uint32_t basic;
} encoder;

/* Writes the places of code point |n|. */
static bool put_code(text_out *out, encoder *e, const sdg_code_points *in, uint32_t n)
{
  for (size_t j = 0; j < in->count; j++) {
    if (in->code[j] < n) {
      if (e->delta == UINT32_MAX) {
        return false;
      }
      e->delta++;
    } else if (in->code[j] == n) {
      if (!put_delta(out, e->delta, e->bias)) {
        return false;
      }
      e->bias = adapt(e->delta, e->handled + 1, e->handled == e->basic);
      e->delta = 0;
      e->handled++;
    }
  }
  return true;
}

bool sdg_punycode_encode(char out[SDG_PUNYCODE_MAX + 1], const sdg_code_points *in)
{
  text_out text = {out, 0};
  encoder e = {0, INITIAL_BIAS, 0, 0};
  uint32_t n = INITIAL_N;

  if (in->count > SDG_PUNYCODE_MAX || !put_basic(&text, in)) {
    return false;
  }
  e.basic = text.len != 0 ? (uint32_t)text.len - 1 : 0;
  e.handled = e.basic;
  while (e.handled < in->count) {
    uint32_t m = least_from(in, n);

    if (m > CODE_MAX || m - n > (UINT32_MAX - e.delta) / (e.handled + 1)) {
      return false;
    }
    e.delta += (m - n) * (e.handled + 1);
    if (!put_code(&text, &e, in, m)) {
      return false;
    }
    e.delta++;
    n = m + 1;
  }
  out[text.len] = '\0';
  return true;
}

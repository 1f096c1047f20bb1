/* SPDX-License-Identifier: Apache-2.0 */
/* caa/caa_value.c -- the value of an issue or issuewild property (RFC 8659 4.2) and its parameters (RFC 8657). */
#include "caa/caa_value.h"

#include "base/bytes.h"

static bool is_alnum(uint8_t c)
{
  c = sdg_ascii_lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The rest behind *WSP. */
static stardeleg_bytes skip_blanks(stardeleg_bytes text)
{
  while (text.len > 0 && (text.base[0] == ' ' || text.base[0] == '\t')) {
    text = sdg_bytes_from(text, 1);
  }
  return text;
}

/* label, tag = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT)) */
static bool is_label(stardeleg_bytes text)
{
  if (text.len == 0 || text.base[0] == '-' || text.base[text.len - 1] == '-') {
    return false;
  }
  for (size_t i = 0; i < text.len; i++) {
    if (!is_alnum(text.base[i]) && text.base[i] != '-') {
      return false;
    }
  }
  return true;
}

static size_t find(stardeleg_bytes text, char c)
{
  size_t at = 0;

  while (at < text.len && text.base[at] != (uint8_t)c) {
    at++;
  }
  return at;
}

bool sdg_caa_is_issuer(stardeleg_bytes text)
{
  for (;;) {
    size_t dot = find(text, '.');

    if (!is_label(sdg_bytes_part(text, 0, dot))) {
      return false;
    }
    if (dot == text.len) {
      return true;
    }
    text = sdg_bytes_from(text, dot + 1);
  }
}

bool sdg_caa_is_parameter_value(stardeleg_bytes text)
{
  for (size_t i = 0; i < text.len; i++) {
    if (text.base[i] < 0x21 || text.base[i] > 0x7e || text.base[i] == ';') {
      return false;
    }
  }
  return true;
}

/* parameter = tag *WSP "=" *WSP value */
static bool read_parameter(sdg_caa_parameter *out, stardeleg_bytes text)
{
  size_t equals;

  text = sdg_bytes_trim(text);
  equals = find(text, '=');
  if (equals == text.len) {
    return false;
  }
  out->tag = sdg_bytes_trim(sdg_bytes_part(text, 0, equals));
  out->value = skip_blanks(sdg_bytes_from(text, equals + 1));
  return is_label(out->tag) && sdg_caa_is_parameter_value(out->value);
}

bool sdg_caa_value_next(sdg_caa_parameter *out, sdg_caa_value *value)
{
  size_t end = find(value->rest, ';');

  if (value->rest.len == 0 || !read_parameter(out, sdg_bytes_part(value->rest, 0, end))) {
    return false;
  }
  value->rest = sdg_bytes_from(value->rest, end + 1);
  return true;
}

/* [";" *WSP [parameters *WSP]]: one semicolon may stand alone; behind a parameter it announces another. */
static bool are_parameters(stardeleg_bytes text)
{
  sdg_caa_parameter parameter;

  text = sdg_bytes_trim(text);
  while (text.len > 0) {
    size_t end = find(text, ';');

    if (!read_parameter(&parameter, sdg_bytes_part(text, 0, end))) {
      return false;
    }
    if (end + 1 == text.len) {
      return false;
    }
    text = skip_blanks(sdg_bytes_from(text, end + 1));
  }
  return true;
}

bool sdg_caa_value_open(sdg_caa_value *out, stardeleg_bytes text)
{
  size_t end = find(text, ';');

  out->issuer = sdg_bytes_trim(sdg_bytes_part(text, 0, end));
  out->rest = sdg_bytes_trim(sdg_bytes_from(text, end + 1));
  return (out->issuer.len == 0 || sdg_caa_is_issuer(out->issuer)) && are_parameters(out->rest);
}

/* value = [*(label ",") label], label = 1*(ALPHA / DIGIT / "-") */
bool sdg_caa_is_methods(stardeleg_bytes text)
{
  bool empty = true;

  if (text.len == 0) {
    return true;
  }
  for (size_t i = 0; i < text.len; i++) {
    if (text.base[i] == ',' ? empty : !is_alnum(text.base[i]) && text.base[i] != '-') {
      return false;
    }
    empty = text.base[i] == ',';
  }
  return !empty;
}

bool sdg_caa_has_method(stardeleg_bytes methods, const char *method)
{
  while (methods.len > 0) {
    size_t comma = find(methods, ',');

    if (sdg_bytes_is(sdg_bytes_part(methods, 0, comma), method)) {
      return true;
    }
    methods = sdg_bytes_from(methods, comma + 1);
  }
  return false;
}

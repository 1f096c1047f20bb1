/* SPDX-License-Identifier: Apache-2.0 */
/* base/name.c -- DNS names as identifiers (RFC 5280 4.2.1.6, RFC 8555 7.1.4). */
#include "base/name.h"

#include "base/address.h"
#include "base/bytes.h"
#include "base/idna.h"
#include "base/punycode.h"

#define LABEL_MAX 63

static bool is_letter_or_digit(uint8_t c)
{
  c = sdg_ascii_lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* RFC 5890, Section 2.3.2.1: an A-label is what ToASCII makes of its own U-label, so it has to come back the same. */
static bool is_alabel(stardeleg_bytes label)
{
  sdg_code_points points;
  char again[SDG_PUNYCODE_MAX + 1];
  stardeleg_bytes text = sdg_bytes_from(label, 4);
  bool ascii = true;

  if (!sdg_punycode_decode(&points, text)) {
    return false;
  }
  for (size_t i = 0; i < points.count; i++) {
    ascii = ascii && points.code[i] < 0x80;
  }
  return !ascii && sdg_idna_may_be_label(&points) && sdg_punycode_encode(again, &points) &&
         sdg_bytes_is_nocase(text, again);
}

static sdg_name_fault check_label(stardeleg_bytes label)
{
  if (label.len == 0) {
    return SDG_NAME_BAD_LABEL;
  }
  for (size_t i = 0; i < label.len; i++) {
    if (label.base[i] == '*') {
      return SDG_NAME_BAD_WILDCARD;
    }
    if (!is_letter_or_digit(label.base[i]) && label.base[i] != '-') {
      return SDG_NAME_BAD_CHARACTER;
    }
  }
  if (label.len > LABEL_MAX) {
    return SDG_NAME_TOO_LONG;
  }
  if (label.base[0] == '-' || label.base[label.len - 1] == '-') {
    return SDG_NAME_BAD_LABEL;
  }
  if (label.len >= 4 && sdg_bytes_is_nocase(sdg_bytes(label.base, 4), "xn--") && !is_alabel(label)) {
    return SDG_NAME_BAD_ALABEL;
  }
  return SDG_NAME_OK;
}

static sdg_name_fault check_labels(stardeleg_bytes name, size_t *count)
{
  size_t start = 0;

  *count = 0;
  for (size_t i = 0; i <= name.len; i++) {
    if (i == name.len || name.base[i] == '.') {
      sdg_name_fault fault = check_label(sdg_bytes_part(name, start, i - start));

      if (fault != SDG_NAME_OK) {
        return fault;
      }
      start = i + 1;
      ++*count;
    }
  }
  return SDG_NAME_OK;
}

sdg_name_fault sdg_name_check_dns(stardeleg_bytes name, unsigned flags)
{
  bool wildcard = sdg_name_is_wildcard(name);
  sdg_name_fault fault;
  size_t count;

  if (name.len == 0) {
    return SDG_NAME_EMPTY;
  }
  if (name.len > SDG_NAME_MAX) {
    return SDG_NAME_TOO_LONG;
  }
  if (sdg_name_is_address(name) || sdg_address_ends_in_number(name)) {
    return SDG_NAME_IS_ADDRESS;
  }
  if (wildcard && (flags & SDG_NAME_ALLOW_WILDCARD) == 0) {
    return SDG_NAME_BAD_WILDCARD;
  }
  fault = check_labels(sdg_bytes_from(name, wildcard ? 2 : 0), &count);
  if (fault != SDG_NAME_OK) {
    return fault;
  }
  if (count < 2 && wildcard) {
    return SDG_NAME_BAD_WILDCARD;
  }
  if (count < 2 && (flags & SDG_NAME_ALLOW_ONE_LABEL) == 0) {
    return SDG_NAME_ONE_LABEL;
  }
  return SDG_NAME_OK;
}

const char *sdg_name_fault_text(sdg_name_fault fault)
{
  switch (fault) {
  case SDG_NAME_OK:
    return "is well-formed";
  case SDG_NAME_EMPTY:
    return "is empty";
  case SDG_NAME_TOO_LONG:
    return "is longer than 253 octets or has a label longer than 63";
  case SDG_NAME_BAD_LABEL:
    return "has an empty label, a hyphen at the end of a label or a final dot";
  case SDG_NAME_BAD_CHARACTER:
    return "has a character other than letters, digits and hyphens";
  case SDG_NAME_ONE_LABEL:
    return "has a single label";
  case SDG_NAME_IS_ADDRESS:
    return "is an address, not a name";
  case SDG_NAME_BAD_WILDCARD:
    return "has a wildcard where none is allowed";
  case SDG_NAME_BAD_ALABEL:
    return "has an xn-- label that stands for no internationalized label";
  }
  return "is not a name";
}

bool sdg_name_is_wildcard(stardeleg_bytes name)
{
  return sdg_bytes_has_prefix(name, "*.");
}

bool sdg_name_equal_dns(stardeleg_bytes a, stardeleg_bytes b)
{
  return sdg_bytes_equal_nocase(a, b);
}

bool sdg_name_is_address(stardeleg_bytes name)
{
  uint8_t octets[16];
  size_t len;

  if (name.len > 2 && name.base[0] == '[' && name.base[name.len - 1] == ']') {
    return sdg_address_parse(octets, &len, sdg_bytes(name.base + 1, name.len - 2)) && len == 16;
  }
  return sdg_address_parse(octets, &len, name);
}

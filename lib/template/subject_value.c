/* SPDX-License-Identifier: Apache-2.0 */
/* template/subject_value.c -- what may stand in a subject's attribute, chosen or literal. */
#include "template/template_internal.h"

#include <string.h>

#include "base/bytes.h"
#include "base/name.h"

/* C0, DEL, C1, line separators and what turns the direction of writing or cannot be seen: all of them would show up as
 * something else in every panel and log.  The joiners U+200C and U+200D stay: some languages cannot be written without
 * them. */
static bool is_control(uint32_t c)
{
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200b || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || c == 0x2060 || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* The spaces of Unicode (category Zs). */
static bool is_blank(uint32_t c)
{
  return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

/* True if |is_one| answers |wanted| for each character. */
static bool is_all(stardeleg_bytes utf8, bool (*is_one)(uint32_t c), bool wanted)
{
  uint32_t c = 0;

  for (size_t at = 0, len; at < utf8.len; at += len) {
    len = sdg_utf8_decode(&c, sdg_bytes_from(utf8, at));
    if (len == 0 || is_one(c) != wanted) {
      return false;
    }
  }
  return true;
}

static bool is_upper(uint8_t c)
{
  return c >= 'A' && c <= 'Z';
}

const char *sdg_subject_value_fault(int member, stardeleg_bytes utf8)
{
  if (utf8.len == 0) {
    return "empty";
  }
  if (!sdg_utf8_is_valid(utf8)) {
    return "not valid UTF-8";
  }
  if (!is_all(utf8, is_control, false)) {
    return "has control characters";
  }
  /* As good as empty (decision 15): a blank stands for nothing. */
  if (is_all(utf8, is_blank, true)) {
    return "nothing but blanks";
  }
  if (sdg_utf8_count(utf8) > sdg_subject_kinds[member].chars_max) {
    return "longer than RFC 5280 allows";
  }
  if (member == SDG_SUBJECT_COUNTRY && (utf8.len != 2 || !is_upper(utf8.base[0]) || !is_upper(utf8.base[1]))) {
    return "not a country code of two upper-case letters";
  }
  if (member == SDG_SUBJECT_EMAIL && !sdg_name_is_email(utf8)) {
    return "not a mail address";
  }
  return NULL;
}

static stardeleg_bytes trim_blanks_and_dot(stardeleg_bytes text)
{
  text = sdg_bytes_trim(text);
  if (text.len > 0 && text.base[text.len - 1] == '.') {
    text.len--;
  }
  return text;
}

/* How long the full stop at the beginning of |text| is: "." itself, those that IDNA takes for it (RFC 3490 3.1: U+3002,
 * U+FF0E, U+FF61) and those that NFKC makes one (U+2024, U+FE52).  0: there is none. */
static size_t full_stop(stardeleg_bytes text)
{
  static const char *const stops[] = {".",           "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1", "\xe2\x80\xa4",
                                      "\xef\xb9\x92"};

  for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
    if (sdg_bytes_has_prefix(text, stops[i])) {
      return strlen(stops[i]);
    }
  }
  return 0;
}

/* Software that still reads host names from the common name is generous; so is this: everything without blanks and "@"
 * that has a dot inside counts, whether or not it is a valid name.  "IdO Inc." and "Acme." do not. */
bool sdg_common_name_is_host(stardeleg_bytes common_name)
{
  stardeleg_bytes text = trim_blanks_and_dot(common_name);
  bool dot = false;
  size_t stop;

  if (sdg_name_is_address(text)) {
    return true;
  }
  for (size_t i = 0; i < text.len; i++) {
    if (text.base[i] == ' ' || text.base[i] == '@') {
      return false;
    }
    stop = full_stop(sdg_bytes_from(text, i));
    dot = dot || (stop > 0 && i > 0 && i + stop < text.len);
  }
  return dot;
}

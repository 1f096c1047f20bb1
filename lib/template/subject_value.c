/* SPDX-License-Identifier: Apache-2.0 */
/* template/subject_value.c -- what may stand in a subject's attribute, chosen or literal. */
#include "template/template_internal.h"

#include <string.h>

#include "base/bytes.h"
#include "base/name.h"

/* C0, DEL and C1 (two octets in UTF-8): they would show up as something else in every panel and log. */
static bool has_control(stardeleg_bytes utf8)
{
  for (size_t i = 0; i < utf8.len; i++) {
    uint8_t c = utf8.base[i];

    if (c < 0x20 || c == 0x7f) {
      return true;
    }
    if (c == 0xc2 && i + 1 < utf8.len && utf8.base[i + 1] < 0xa0) {
      return true;
    }
  }
  return false;
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
  if (has_control(utf8)) {
    return "has control characters";
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

/* Software that still reads host names from the common name is generous; so is this: everything without blanks and "@"
 * that has a dot inside counts, whether or not it is a valid name.  "IdO Inc." and "Acme." do not. */
bool sdg_common_name_is_host(stardeleg_bytes common_name)
{
  stardeleg_bytes text = trim_blanks_and_dot(common_name);
  bool dot = false;

  if (sdg_name_is_address(text)) {
    return true;
  }
  for (size_t i = 0; i < text.len; i++) {
    if (text.base[i] == ' ' || text.base[i] == '@') {
      return false;
    }
    dot = dot || (text.base[i] == '.' && i > 0);
  }
  return dot;
}

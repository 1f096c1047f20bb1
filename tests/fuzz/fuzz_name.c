/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_name.c -- names, addresses, Punycode, and text made safe to show. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/name.h"
#include "base/punycode.h"

static void check_names(stardeleg_bytes text)
{
  for (unsigned flags = 0; flags < 4; flags++) {
    if (sdg_name_check_dns(text, flags) == SDG_NAME_OK) {
      FUZZ_CHECK(text.len > 0 && text.len <= SDG_NAME_MAX && !sdg_name_is_address(text));
      FUZZ_CHECK(sdg_name_equal_dns(text, text));
      FUZZ_CHECK(!sdg_name_is_wildcard(text) || (flags & SDG_NAME_ALLOW_WILDCARD) != 0);
    }
  }
  if (sdg_name_is_email(text)) {
    FUZZ_CHECK(sdg_utf8_is_valid(text) && sdg_name_equal_email(text, text));
  }
  (void)sdg_name_is_uri(text);
  FUZZ_CHECK(sdg_name_equal_uri(text, text));
  (void)sdg_address_ends_in_number(text);
}

static void check_punycode(stardeleg_bytes text)
{
  sdg_code_points points;
  sdg_code_points again;
  char written[SDG_PUNYCODE_MAX + 1];

  if (!sdg_punycode_decode(&points, text)) {
    return;
  }
  FUZZ_CHECK(points.count <= text.len && points.count <= SDG_PUNYCODE_MAX);
  /* One text may stand for the same code points as the canonical one; that one comes back the same. */
  if (sdg_punycode_encode(written, &points)) {
    FUZZ_CHECK(sdg_punycode_decode(&again, sdg_bytes_str(written)));
    FUZZ_CHECK(again.count == points.count);
    FUZZ_CHECK(memcmp(again.code, points.code, points.count * sizeof(points.code[0])) == 0);
  }
}

static void check_escape(stardeleg_bytes text)
{
  char out[200];
  size_t size = 1 + text.len % sizeof(out);

  sdg_text_escape(out, size, text);
  FUZZ_CHECK(strlen(out) < size && sdg_utf8_is_valid(sdg_bytes_str(out)));
  for (const char *c = out; *c != '\0'; c++) {
    FUZZ_CHECK((uint8_t)*c >= 0x20 && *c != 0x7f);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  stardeleg_bytes text = sdg_bytes(data, size);

  check_names(text);
  check_punycode(text);
  check_escape(text);
  return 0;
}

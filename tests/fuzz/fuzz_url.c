/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_url.c -- URLs: parse, and resolve the second line against the first. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "base/url.h"

static void check_url(stardeleg_bytes text)
{
  sdg_url url;

  if (sdg_url_parse(&url, text) != STARDELEG_OK) {
    return;
  }
  FUZZ_CHECK(text.len <= SDG_URL_MAX && url.host.len > 0 && url.port != 0);
  FUZZ_CHECK(url.path.len == 0 || url.path.base[0] == '/' || url.path.base[0] == '?');
  FUZZ_CHECK(sdg_url_same_origin(&url, &url));
  for (size_t i = 0; i < text.len; i++) {
    FUZZ_CHECK(text.base[i] > 0x20 && text.base[i] < 0x7f && text.base[i] != '#' && text.base[i] != '\\');
  }
  for (size_t i = 0; i < url.host.len; i++) {
    FUZZ_CHECK(strchr("@/?%", url.host.base[i]) == NULL);
  }
}

/* A result resolves to itself: there is nothing left to be removed. */
static void check_resolve(stardeleg_bytes base, stardeleg_bytes reference)
{
  sdg_buf once;
  sdg_buf twice;
  sdg_url url;

  sdg_buf_init(&once, SDG_URL_MAX);
  sdg_buf_init(&twice, SDG_URL_MAX);
  if (sdg_url_resolve(&once, base, reference) == STARDELEG_OK) {
    FUZZ_CHECK(sdg_url_parse(&url, sdg_buf_bytes(&once)) == STARDELEG_OK);
    if (reference.len != 0 && reference.base[0] != '?') {
      FUZZ_CHECK(sdg_url_resolve(&twice, base, sdg_buf_bytes(&once)) == STARDELEG_OK);
      FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(&once), sdg_buf_bytes(&twice)));
    }
  }
  sdg_buf_clear(&once);
  sdg_buf_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  stardeleg_bytes all = sdg_bytes(data, size);
  size_t line = 0;

  while (line < size && data[line] != '\n') {
    line++;
  }
  check_url(all);
  check_url(sdg_bytes_part(all, 0, line));
  check_resolve(sdg_bytes_part(all, 0, line), sdg_bytes_from(all, line + 1));
  return 0;
}

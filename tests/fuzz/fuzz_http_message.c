/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_http_message.c -- header values of a response; each line is "name: value". */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "base/url.h"
#include "transport/http_message.h"

#define HEADER_MAX 16
#define NOW INT64_C(1767225600000)

static stardeleg_bytes take_until(stardeleg_bytes *text, uint8_t stop)
{
  size_t len = 0;
  stardeleg_bytes part;

  while (len < text->len && text->base[len] != stop) {
    len++;
  }
  part = sdg_bytes_part(*text, 0, len);
  *text = sdg_bytes_from(*text, len + 1);
  return part;
}

static int count_target(void *ctx, stardeleg_bytes target)
{
  size_t *count = ctx;

  FUZZ_CHECK(target.base != NULL && (target.len == 0 || memchr(target.base, '>', target.len) == NULL));
  return ++*count >= 1000;
}

static void check_links(const stardeleg_http_response *response)
{
  static const char *const relations[] = {"next", "alternate", "index"};

  for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
    size_t count = 0;
    sdg_buf out;
    sdg_url url;
    stardeleg_err err;

    sdg_buf_init(&out, SDG_URL_MAX);
    sdg_http_links(response, relations[i], count_target, &count);
    err = sdg_http_link(&out, response, relations[i], SDG_BYTES_LITERAL("https://example.org/acme/x?y"));
    FUZZ_CHECK((err == STARDELEG_ERR_NOT_FOUND) == (count == 0));
    FUZZ_CHECK(err != STARDELEG_OK || sdg_url_parse(&url, sdg_buf_bytes(&out)) == STARDELEG_OK);
    sdg_buf_clear(&out);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  stardeleg_http_header headers[HEADER_MAX];
  stardeleg_http_response response = {200, headers, 0, {NULL, 0}};
  stardeleg_bytes rest = sdg_bytes(data, size);
  stardeleg_time at;
  int64_t fresh_ms;

  while (rest.len != 0 && response.header_count < HEADER_MAX) {
    stardeleg_bytes line = take_until(&rest, '\n');
    stardeleg_http_header *header = &headers[response.header_count++];

    header->name = take_until(&line, ':');
    header->value = sdg_bytes_trim(line);
    (void)sdg_http_media_type_is(header->value, "application/jose+json");
  }
  at = sdg_http_retry_after(&response, NOW, SDG_TIME_DAY);
  FUZZ_CHECK(at == STARDELEG_TIME_NONE || (at >= NOW && at <= NOW + SDG_TIME_DAY));
  fresh_ms = sdg_http_fresh_ms(&response, SDG_TIME_DAY);
  FUZZ_CHECK(fresh_ms >= 0 && fresh_ms <= SDG_TIME_DAY);
  check_links(&response);
  return 0;
}

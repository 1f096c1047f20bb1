/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_time.c -- dates as text: what is read is written back to the same instant. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "base/time.h"

static void check_round_trip(stardeleg_time at)
{
  char text[SDG_TIME_TEXT_SIZE];
  stardeleg_time again;
  sdg_civil civil;

  FUZZ_CHECK(sdg_time_to_civil(&civil, at) == STARDELEG_OK);
  FUZZ_CHECK(sdg_time_from_civil(&again, &civil) == STARDELEG_OK);
  FUZZ_CHECK(again == sdg_time_floor_s(at));
  sdg_time_write_rfc3339(text, at);
  FUZZ_CHECK(sdg_time_read_rfc3339(&again, sdg_bytes_str(text)) == STARDELEG_OK && again == sdg_time_floor_s(at));
  sdg_time_write_http(text, at);
  FUZZ_CHECK(sdg_time_read_http(&again, sdg_bytes_str(text), at) == STARDELEG_OK && again == sdg_time_floor_s(at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  stardeleg_bytes text = sdg_bytes(data, size);
  stardeleg_time now = 0;
  stardeleg_time at;
  sdg_civil civil;

  if (sdg_time_read_rfc3339(&at, text) == STARDELEG_OK) {
    check_round_trip(at);
  }
  if (sdg_time_read_http(&at, text, INT64_C(1767225600000)) == STARDELEG_OK) {
    check_round_trip(at);
  }
  if (size > sizeof(now)) {
    memcpy(&now, data, sizeof(now));
    text = sdg_bytes_from(text, sizeof(now));
    if (sdg_time_read_http(&at, text, now) == STARDELEG_OK) {
      check_round_trip(at);
    }
    at = sdg_time_add(now, (int64_t)size - 40);
    (void)sdg_time_floor_s(at);
    if (sdg_time_to_civil(&civil, now) == STARDELEG_OK) {
      check_round_trip(now);
    }
  }
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_der.c -- DER is one form of each value: what the reader takes, the writer writes again octet by octet. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "der/der.h"

#define DEPTH_MAX 16
#define HALF_MAX 66

static void check_same(sdg_buf *out, stardeleg_bytes whole)
{
  FUZZ_CHECK(sdg_buf_error(out) == STARDELEG_OK);
  FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(out), whole));
  sdg_buf_reset(out);
}

static void check_numbers(sdg_der der, stardeleg_bytes whole, sdg_buf *out)
{
  sdg_der again = der;
  stardeleg_bytes magnitude;
  uint64_t number = 0;
  bool yes = false;

  if (sdg_der_get_bool(&der, &yes) == STARDELEG_OK) {
    sdg_der_put_bool(out, yes);
    check_same(out, whole);
  }
  if (sdg_der_get_magnitude(&der, &magnitude) == STARDELEG_OK) {
    FUZZ_CHECK(magnitude.len > 0);
    sdg_der_put_magnitude(out, magnitude);
    check_same(out, whole);
  }
  if (sdg_der_get_uint(&again, &number, UINT64_MAX) == STARDELEG_OK) {
    sdg_der_put_uint(out, number);
    check_same(out, whole);
  }
}

static void check_others(sdg_der der, stardeleg_bytes whole, sdg_buf *out)
{
  stardeleg_bytes bits;
  stardeleg_time at = 0;
  unsigned unused = 0;

  if (sdg_der_get_bits(&der, &bits, &unused) == STARDELEG_OK) {
    FUZZ_CHECK(unused < 8);
    sdg_der_put_bits(out, bits, unused);
    check_same(out, whole);
  }
  if (sdg_der_get_null(&der) == STARDELEG_OK) {
    sdg_der_put_null(out);
    check_same(out, whole);
  }
  if (sdg_der_get_time(&der, &at) == STARDELEG_OK) {
    sdg_der_put_time(out, at);
    check_same(out, whole);
  }
}

static void check_oid(sdg_der der, stardeleg_bytes whole, sdg_buf *out)
{
  stardeleg_bytes oid;
  char text[256];
  char cut[8];
  stardeleg_err rv;

  if (sdg_der_get_oid(&der, &oid) != STARDELEG_OK) {
    return;
  }
  FUZZ_CHECK(sdg_der_is_oid(oid));
  sdg_der_put_oid(out, oid);
  check_same(out, whole);
  (void)sdg_der_oid_text(cut, sizeof cut, oid);
  FUZZ_CHECK(memchr(cut, 0, sizeof cut) != NULL);
  if (!sdg_der_oid_text(text, sizeof text, oid)) {
    return;
  }
  rv = sdg_der_oid_from_text(out, text);
  /* The text of a template may have 20 arcs, an OID on the wire more. */
  FUZZ_CHECK(rv == STARDELEG_OK || (rv == STARDELEG_ERR_MALFORMED && oid.len > 9));
  if (rv == STARDELEG_OK) {
    check_same(out, oid);
  }
}

static void check_ecdsa(stardeleg_bytes whole, sdg_buf *out)
{
  uint8_t raw[2 * HALF_MAX];

  for (size_t half = 32; half <= HALF_MAX; half += 17) {
    if (sdg_der_ecdsa_to_raw(raw, half, whole) == STARDELEG_OK) {
      sdg_der_ecdsa_from_raw(out, sdg_bytes(raw, 2 * half));
      check_same(out, whole);
    }
  }
}

static void walk(stardeleg_bytes bytes, sdg_buf *out, unsigned depth)
{
  sdg_der der = sdg_der_open(bytes);

  while (!sdg_der_is_empty(&der)) {
    sdg_der before = der;
    stardeleg_bytes content = {NULL, 0};
    stardeleg_bytes whole = {NULL, 0};
    int tag = -1;
    size_t mark;

    if (sdg_der_get_any(&der, &tag, &content, &whole) != STARDELEG_OK) {
      FUZZ_CHECK(der.at == before.at && der.end == before.end);
      return;
    }
    FUZZ_CHECK(tag == sdg_der_peek(&before));
    FUZZ_CHECK(content.base + content.len == der.at && whole.base == before.at);
    sdg_der_put(out, tag, content);
    check_same(out, whole);
    mark = sdg_der_put_begin(out, tag);
    sdg_der_put_raw(out, content);
    sdg_der_put_end(out, mark);
    check_same(out, whole);
    check_numbers(sdg_der_open(whole), whole, out);
    check_others(sdg_der_open(whole), whole, out);
    check_oid(sdg_der_open(whole), whole, out);
    check_ecdsa(whole, out);
    if ((tag & 0x20) != 0 && depth < DEPTH_MAX) {
      walk(content, out, depth + 1);
    }
  }
  FUZZ_CHECK(sdg_der_end(&der) == STARDELEG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  sdg_buf out;

  sdg_buf_init(&out, 1u << 22);
  walk(sdg_bytes(data, size), &out, 0);
  sdg_buf_clear(&out);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* unit/der_write_test.c -- the writer's octets, and object identifiers both ways. */
#include "support/test.h"

#include "base/bytes.h"
#include "der/der.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void assert_octets(sdg_buf *buf, const char *hex)
{
  size_t len = 0;
  uint8_t *expected = test_hex(hex, &len);

  assert_ok(sdg_buf_error(buf));
  assert_int_equal(buf->len, len);
  assert_memory_equal(buf->base, expected, len);
  free(expected);
  sdg_buf_reset(buf);
}

static void writes_values(void **state)
{
  sdg_buf buf;

  (void)state;
  sdg_buf_init(&buf, 1000);
  sdg_der_put_bool(&buf, true);
  sdg_der_put_bool(&buf, false);
  assert_octets(&buf, "0101ff010100");
  sdg_der_put_null(&buf);
  assert_octets(&buf, "0500");
  sdg_der_put_uint(&buf, 0);
  sdg_der_put_uint(&buf, 127);
  sdg_der_put_uint(&buf, 128);
  sdg_der_put_uint(&buf, 256);
  sdg_der_put_uint(&buf, UINT64_MAX);
  assert_octets(&buf, "02010002017f0202008002020100020900ffffffffffffffff");
  sdg_der_put_magnitude(&buf, sdg_bytes("\x00\x00\x80", 3));
  sdg_der_put_magnitude(&buf, sdg_bytes("\x00", 1));
  sdg_der_put_magnitude(&buf, sdg_bytes(NULL, 0));
  assert_octets(&buf, "02020080020100020100");
  sdg_der_put_bits(&buf, sdg_bytes("\x80", 1), 7);
  sdg_der_put_bits(&buf, sdg_bytes(NULL, 0), 0);
  assert_octets(&buf, "03020780030100");
  sdg_der_put_oid(&buf, sdg_bytes("\x55\x1d\x11", 3));
  assert_octets(&buf, "0603551d11");
  sdg_der_put_raw(&buf, sdg_bytes("\x05\x00", 2));
  assert_octets(&buf, "0500");
  sdg_buf_clear(&buf);
}

static void writes_times(void **state)
{
  sdg_buf buf;

  (void)state;
  sdg_buf_init(&buf, 1000);
  sdg_der_put_time(&buf, 999); /* rounded down */
  assert_octets(&buf, "170d3730303130313030303030305a");
  sdg_der_put_time(&buf, INT64_C(2524607999000)); /* the last of 2049 */
  assert_octets(&buf, "170d3439313233313233353935395a");
  sdg_der_put_time(&buf, INT64_C(2524608000000)); /* the first of 2050 */
  assert_octets(&buf, "180f32303530303130313030303030305a");
  sdg_der_put_time(&buf, STARDELEG_TIME_NEVER); /* RFC 5280 4.1.2.5 */
  assert_octets(&buf, "180f39393939313233313233353935395a");
  sdg_der_put_time(&buf, INT64_C(-631152000000)); /* 1950 */
  assert_octets(&buf, "170d3530303130313030303030305a");
  sdg_der_put_time(&buf, INT64_C(-631152001000)); /* 1949 has no form */
  assert_err(STARDELEG_ERR_LIMIT, sdg_buf_error(&buf));
  sdg_buf_clear(&buf);
}

static void wraps_at_every_length(void **state)
{
  static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 65535, 65536};
  uint8_t *filler = malloc(65536);

  (void)state;
  assert_non_null(filler);
  for (size_t i = 0; i < 65536; i++) {
    filler[i] = (uint8_t)(i * 7);
  }
  for (size_t i = 0; i < COUNT(lengths); i++) {
    sdg_buf buf;
    sdg_der outer;
    sdg_der inner;
    stardeleg_bytes content;
    size_t a;
    size_t b;

    sdg_buf_init(&buf, 100000);
    a = sdg_der_put_begin(&buf, SDG_DER_SEQUENCE);
    b = sdg_der_put_begin(&buf, SDG_DER_CONTEXT_CONSTRUCTED(0));
    sdg_der_put(&buf, SDG_DER_OCTET_STRING, sdg_bytes(filler, lengths[i]));
    sdg_der_put_end(&buf, b);
    sdg_der_put_null(&buf);
    sdg_der_put_end(&buf, a);
    assert_ok(sdg_buf_error(&buf));
    outer = sdg_der_open(sdg_buf_bytes(&buf));
    assert_ok(sdg_der_enter(&outer, SDG_DER_SEQUENCE, &inner));
    assert_ok(sdg_der_end(&outer));
    outer = inner;
    assert_ok(sdg_der_enter(&outer, SDG_DER_CONTEXT_CONSTRUCTED(0), &inner));
    assert_ok(sdg_der_get(&inner, SDG_DER_OCTET_STRING, &content, NULL));
    assert_true(sdg_bytes_equal(content, sdg_bytes(filler, lengths[i])));
    assert_ok(sdg_der_end(&inner));
    assert_ok(sdg_der_get_null(&outer));
    assert_ok(sdg_der_end(&outer));
    sdg_buf_clear(&buf);
  }
  free(filler);
}

/* Whatever the ceiling, the writer stops at it and says so. */
static void keeps_the_ceiling(void **state)
{
  uint8_t filler[300] = {0};

  (void)state;
  for (size_t max = 0; max < 320; max++) {
    sdg_buf buf;
    size_t mark;

    sdg_buf_init(&buf, max);
    mark = sdg_der_put_begin(&buf, SDG_DER_SEQUENCE);
    sdg_der_put(&buf, SDG_DER_OCTET_STRING, sdg_bytes(filler, sizeof filler));
    sdg_der_put_end(&buf, mark);
    assert_int_equal(sdg_buf_error(&buf), max < 308 ? STARDELEG_ERR_LIMIT : STARDELEG_OK);
    sdg_buf_clear(&buf);
  }
}

static void turns_ecdsa_both_ways(void **state)
{
  static const struct {
    const char *raw;
    const char *der;
  } cases[] = {{"00010002", "3006020101020102"},
               {"00800080", "300802020080"
                            "02020080"},
               {"ffffffff", "300a020300ffff020300ffff"},
               {"7fff0100", "300802027fff02020100"}};

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    sdg_buf buf;
    size_t len = 0;
    uint8_t *raw = test_hex(cases[i].raw, &len);
    uint8_t back[4];

    sdg_buf_init(&buf, 100);
    sdg_der_ecdsa_from_raw(&buf, sdg_bytes(raw, len));
    assert_ok(sdg_der_ecdsa_to_raw(back, 2, sdg_buf_bytes(&buf)));
    assert_memory_equal(back, raw, 4);
    assert_octets(&buf, cases[i].der);
    sdg_buf_clear(&buf);
    free(raw);
  }
}

static const struct {
  const char *text;
  const char *hex;
} oids[] = {
    {"0.0", "00"},
    {"0.39", "27"},
    {"1.0", "28"},
    {"1.39", "4f"},
    {"2.0", "50"},
    {"2.39", "77"},
    {"2.47", "7f"},
    {"2.48", "8100"},
    {"2.999", "8837"},
    {"2.5.29.17", "551d11"},
    {"1.2.840.10045.2.1", "2a8648ce3d0201"},
    {"1.2.840.113549.1.9.14", "2a864886f70d01090e"},
    {"1.3.6.1.4.1.18446744073709551615", "2b0601040181ffffffffffffffff7f"},
    {"2.18446744073709551535", "81ffffffffffffffff7f"},
};

static void turns_oids_both_ways(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(oids); i++) {
    sdg_buf buf;
    char text[64];

    print_message("case %s\n", oids[i].text);
    sdg_buf_init(&buf, 100);
    assert_ok(sdg_der_oid_from_text(&buf, oids[i].text));
    assert_true(sdg_der_is_oid(sdg_buf_bytes(&buf)));
    assert_true(sdg_der_oid_text(text, sizeof text, sdg_buf_bytes(&buf)));
    assert_string_equal(text, oids[i].text);
    assert_octets(&buf, oids[i].hex);
    sdg_buf_clear(&buf);
  }
}

static void refuses_bad_oid_texts(void **state)
{
  /* csr-template decision 29: two arcs, second at most 39 under 0 and 1, 20 arcs, 64 bits */
  static const char *const bad[] = {"",
                                    "1",
                                    "1.",
                                    ".1",
                                    "1..2",
                                    "1.2.",
                                    "3.1",
                                    "0.40",
                                    "1.40",
                                    "1.50",
                                    "01.2",
                                    "1.02",
                                    "1.2.03",
                                    "-1.2",
                                    "1.-2",
                                    "1.2 ",
                                    " 1.2",
                                    "1.2.x",
                                    "1,2",
                                    "+1.2",
                                    "1.2.18446744073709551616",
                                    "2.18446744073709551615",
                                    "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21",
                                    "1.2.99999999999999999999999999999999"};
  sdg_buf buf;

  (void)state;
  sdg_buf_init(&buf, 100);
  for (size_t i = 0; i < COUNT(bad); i++) {
    print_message("case '%s'\n", bad[i]);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_der_oid_from_text(&buf, bad[i]));
    assert_int_equal(buf.len, 0);
  }
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_oid_from_text(&buf, NULL));
  assert_ok(sdg_der_oid_from_text(&buf, "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20"));
  sdg_buf_clear(&buf);
}

static void refuses_bad_oids(void **state)
{
  static const char *const bad[] = {"0600", "060180", "06022a80", "0603558001", "06028001", "060455800403", "0601ff"};

  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    size_t len = 0;
    uint8_t *octets = test_hex(bad[i], &len);
    sdg_der der = sdg_der_open(sdg_bytes(octets, len));
    stardeleg_bytes oid;
    char text[32] = "x";

    assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_oid(&der, &oid));
    assert_ptr_equal(der.at, octets);
    assert_false(sdg_der_oid_text(text, sizeof text, sdg_bytes(octets + 2, len - 2)));
    assert_string_equal(text, "");
    free(octets);
  }
}

static void cuts_oid_texts(void **state)
{
  const stardeleg_bytes san = sdg_bytes("\x55\x1d\x11", 3); /* 2.5.29.17 */
  /* 2.25 and 128 bits, as made of a UUID: an OID, but not one with a text here */
  const stardeleg_bytes uuid =
      sdg_bytes("\x69\x83\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 20);
  char text[32] = "xxxxxxxxxx";

  (void)state;
  assert_false(sdg_der_oid_text(text, 0, san));
  assert_string_equal(text, "xxxxxxxxxx");
  assert_false(sdg_der_oid_text(text, 1, san));
  assert_string_equal(text, "");
  assert_false(sdg_der_oid_text(text, 9, san));
  assert_string_equal(text, "2.5.29");
  assert_true(sdg_der_oid_text(text, 10, san));
  assert_string_equal(text, "2.5.29.17");
  assert_true(sdg_der_is_oid(uuid));
  assert_false(sdg_der_oid_text(text, sizeof text, uuid));
  assert_string_equal(text, "2.25");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_values),         cmocka_unit_test(writes_times),
      cmocka_unit_test(wraps_at_every_length), cmocka_unit_test(keeps_the_ceiling),
      cmocka_unit_test(turns_ecdsa_both_ways), cmocka_unit_test(turns_oids_both_ways),
      cmocka_unit_test(refuses_bad_oid_texts), cmocka_unit_test(refuses_bad_oids),
      cmocka_unit_test(cuts_oid_texts),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* unit/base_base64_test.c -- base64url, base64, and what people paste. */
#include "support/test.h"

#include "base/base64.h"
#include "base/bytes.h"

typedef stardeleg_err reader(sdg_buf *out, stardeleg_bytes in);

static void assert_refused(reader *read, const char *text)
{
  sdg_buf out;

  sdg_buf_init(&out, 100);
  sdg_buf_add_str(&out, "before");
  if (read(&out, sdg_bytes_str(text)) != STARDELEG_ERR_MALFORMED) {
    fail_msg("taken: \"%s\"", text);
  }
  assert_ok(sdg_buf_error(&out));
  assert_string_equal(sdg_buf_str(&out), "before");
  sdg_buf_clear(&out);
}

static void assert_reads(reader *read, const char *text, const void *expected, size_t len)
{
  sdg_buf out;

  sdg_buf_init(&out, 100);
  sdg_buf_add_byte(&out, '>');
  if (read(&out, sdg_bytes_str(text)) != STARDELEG_OK) {
    fail_msg("refused: \"%s\"", text);
  }
  assert_int_equal(out.len, len + 1);
  assert_memory_equal(out.base + 1, expected, len);
  sdg_buf_clear(&out);
}

static const struct vector {
  const char *plain;
  const char *url;
  const char *standard;
} vectors[] = {
    /* RFC 4648, Section 10 */
    {"", "", ""},
    {"f", "Zg", "Zg=="},
    {"fo", "Zm8", "Zm8="},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg", "Zm9vYg=="},
    {"fooba", "Zm9vYmE", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xff\xff\xff\xfb\xef\xbe", "____----", "////++++"},
};

static void test_vectors(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
    stardeleg_bytes plain = sdg_bytes_str(vectors[i].plain);
    sdg_buf out;

    sdg_buf_init(&out, 100);
    sdg_base64url_write(&out, plain);
    assert_string_equal(sdg_buf_str(&out), vectors[i].url);
    sdg_buf_reset(&out);
    sdg_base64_write(&out, plain, 0);
    assert_string_equal(sdg_buf_str(&out), vectors[i].standard);
    sdg_buf_clear(&out);
    assert_reads(sdg_base64url_read, vectors[i].url, plain.base, plain.len);
    assert_reads(sdg_base64_read, vectors[i].standard, plain.base, plain.len);
    assert_reads(sdg_base64_read_tolerant, vectors[i].url, plain.base, plain.len);
    assert_reads(sdg_base64_read_tolerant, vectors[i].standard, plain.base, plain.len);
  }
}

static void test_url_strict(void **state)
{
  static const char *const bad[] = {
      "Z",     "Zm9vY", "Zg==", "Zg=",  "Zm8=",  "=",     "====",     "Zm9v====", " Zg",    "Zg ",
      "Zm\n8", "Zm+8",  "Zm/8", "Zm.8", "Zm9v.", "Zm9v$", "Zh",       "Zn",       "Zv",     "Z_",
      "Zm9",   "Zm-",   "Zm_",  "AB",   "AAB",   "\xc3",  "Zm\x80zz", "Zg\r\n",   "%5A%67",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_refused(sdg_base64url_read, bad[i]);
  }
}

/* Each text of two or three symbols is either refused or the only text of its bytes. */
static void test_url_canonical(void **state)
{
  size_t taken = 0;

  (void)state;
  for (unsigned n = 0; n < 128u * 128u * 8u; n++) {
    char text[4] = {(char)(n & 127), (char)(n >> 7 & 127), (char)(n >> 14 != 0 ? "AEBQ_4g"[(n >> 14) - 1] : 0), 0};
    size_t len = n >> 14 != 0 ? 3 : 2;
    sdg_buf out;
    sdg_buf again;

    sdg_buf_init(&out, 8);
    sdg_buf_init(&again, 8);
    if (sdg_base64url_read(&out, sdg_bytes(text, len)) == STARDELEG_OK) {
      sdg_base64url_write(&again, sdg_buf_bytes(&out));
      assert_true(sdg_bytes_equal(sdg_buf_bytes(&again), sdg_bytes(text, len)));
      taken++;
    }
    sdg_buf_clear(&out);
    sdg_buf_clear(&again);
  }
  /* 64 * 4 of two symbols; of three: A E Q 4 g have two zero bits, B and _ do not */
  assert_int_equal(taken, 64 * 4 + 5 * 64 * 64);
}

static void test_standard(void **state)
{
  static const char *const bad[] = {"Zg",   "Zg=",      "Zg===",        "Zm8",    "Zm8==", "Zm9v=",
                                    "=",    "Z===",     "Zm9vYmFy====", "Zh==",   "Zm9=",  "Zm-8",
                                    "Zm_8", "Zg==Zg==", "Zg==A",        "Zm8=\v", "Zm,8",  "Z g = = ="};

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_refused(sdg_base64_read, bad[i]);
  }
  assert_reads(sdg_base64_read, " Zm9v\r\nYm\tFy \n", "foobar", 6);
  assert_reads(sdg_base64_read, "Zg=\n=\n", "f", 1);
  assert_reads(sdg_base64_read, " \r\n", "", 0);
}

/* ACME-7.3.4-05: padded or not, either alphabet, as CAs hand keys out. */
static void test_tolerant(void **state)
{
  static const char *const bad[] = {"Zg=", "Zg===", "Z", "Zh", "Zh==", "Zm9v=", "Zg==Zg", "Zm.8", "k\xc3\xa4se"};

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_refused(sdg_base64_read_tolerant, bad[i]);
  }
  assert_reads(sdg_base64_read_tolerant, "-_-_", "\xfb\xff\xbf", 3);
  assert_reads(sdg_base64_read_tolerant, "+/+/", "\xfb\xff\xbf", 3);
  assert_reads(sdg_base64_read_tolerant, "\n Zm8=\r\n", "fo", 2);
}

static void test_lines(void **state)
{
  static const uint8_t zeros[100] = {0};
  sdg_buf out;

  (void)state;
  sdg_buf_init(&out, 1000);
  sdg_base64_write(&out, sdg_bytes(zeros, 48), 64);
  assert_int_equal(out.len, 65);
  assert_int_equal(out.base[64], '\n');
  sdg_buf_reset(&out);
  sdg_base64_write(&out, sdg_bytes(zeros, 49), 64);
  assert_int_equal(out.len, 70);
  assert_string_equal(sdg_buf_str(&out) + 64, "\nAA==\n");
  sdg_buf_reset(&out);
  sdg_base64_write(&out, sdg_bytes(zeros, 0), 64);
  assert_int_equal(out.len, 0);
  sdg_base64_write(&out, sdg_bytes(zeros, 100), 0);
  assert_int_equal(out.len, 136);
  sdg_buf_clear(&out);
}

static void test_round_trip_and_limit(void **state)
{
  uint8_t data[64];
  sdg_buf text;
  sdg_buf back;

  (void)state;
  for (size_t i = 0; i < sizeof(data); i++) {
    data[i] = (uint8_t)(i * 37 + 200);
  }
  sdg_buf_init(&text, 200);
  for (size_t len = 0; len <= sizeof(data); len++) {
    sdg_buf_reset(&text);
    sdg_base64url_write(&text, sdg_bytes(data, len));
    sdg_buf_init(&back, len);
    assert_ok(sdg_base64url_read(&back, sdg_buf_bytes(&text)));
    assert_true(sdg_bytes_equal(sdg_buf_bytes(&back), sdg_bytes(data, len)));
    sdg_buf_clear(&back);
    if (len > 0) {
      sdg_buf_init(&back, len - 1);
      assert_err(STARDELEG_ERR_LIMIT, sdg_base64url_read(&back, sdg_buf_bytes(&text)));
      assert_err(STARDELEG_ERR_LIMIT, sdg_buf_error(&back));
      sdg_buf_clear(&back);
    }
  }
  sdg_buf_clear(&text);
}

/* ACME-8.3-01: the alphabet of tokens */
static void test_is_text(void **state)
{
  static const char *const bad[] = {"", "a=", "a+", "a/", "a.b", "../x", "a b", "a\n", "a%", "\xc3\xa4"};

  (void)state;
  assert_true(sdg_base64url_is_text(sdg_bytes_str("ABCabc019-_")));
  assert_false(sdg_base64url_is_text(sdg_bytes("a\0b", 3)));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_false(sdg_base64url_is_text(sdg_bytes_str(bad[i])));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_vectors),
      cmocka_unit_test(test_url_strict),
      cmocka_unit_test(test_url_canonical),
      cmocka_unit_test(test_standard),
      cmocka_unit_test(test_tolerant),
      cmocka_unit_test(test_lines),
      cmocka_unit_test(test_round_trip_and_limit),
      cmocka_unit_test(test_is_text),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* unit/der_read_test.c -- one form of each value passes, every other spelling is refused and nothing is consumed. */
#include "support/test.h"

#include "base/bytes.h"
#include "der/der.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Hex in a block of exactly its length, so that a read beyond it shows. */
typedef struct input {
  uint8_t *base;
  stardeleg_bytes bytes;
} input;

static input open_hex(const char *hex)
{
  size_t len = 0;
  uint8_t *wide = test_hex(hex, &len);
  uint8_t *exact = malloc(len > 0 ? len : 1);

  assert_non_null(exact);
  memcpy(exact, wide, len);
  free(wide);
  return (input){exact, sdg_bytes(exact, len)};
}

static void assert_untouched(const sdg_der *der, const input *in)
{
  assert_ptr_equal(der->at, in->bytes.base);
  assert_ptr_equal(der->end, in->bytes.base + in->bytes.len);
}

static void takes_elements(void **state)
{
  input in = open_hex("0c0161"
                      "a003020105"
                      "048180");
  sdg_der der = sdg_der_open(sdg_bytes(in.base, 8));
  sdg_der inside;
  stardeleg_bytes content;
  stardeleg_bytes whole;
  uint64_t n = 0;
  int tag = 0;

  (void)state;
  assert_int_equal(sdg_der_peek(&der), SDG_DER_UTF8_STRING);
  assert_ok(sdg_der_get_any(&der, &tag, &content, &whole));
  assert_int_equal(tag, SDG_DER_UTF8_STRING);
  assert_true(sdg_bytes_is(content, "a"));
  assert_int_equal(whole.len, 3);
  assert_int_equal(sdg_der_rest(&der).len, 5);
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_end(&der));
  assert_ok(sdg_der_enter(&der, SDG_DER_CONTEXT_CONSTRUCTED(0), &inside));
  assert_ok(sdg_der_end(&der));
  assert_true(sdg_der_is_empty(&der));
  assert_int_equal(sdg_der_peek(&der), -1);
  assert_ok(sdg_der_get_uint(&inside, &n, 5));
  assert_int_equal(n, 5);
  assert_ok(sdg_der_end(&inside));
  free(in.base);
}

static void takes_long_lengths(void **state)
{
  static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 70000};

  (void)state;
  for (size_t i = 0; i < COUNT(lengths); i++) {
    sdg_buf buf;
    uint8_t *filler = calloc(1, lengths[i] + 1);
    sdg_der der;
    stardeleg_bytes content;

    assert_non_null(filler);
    sdg_buf_init(&buf, 100000);
    sdg_der_put(&buf, SDG_DER_OCTET_STRING, sdg_bytes(filler, lengths[i]));
    assert_ok(sdg_buf_error(&buf));
    der = sdg_der_open(sdg_buf_bytes(&buf));
    assert_ok(sdg_der_get(&der, SDG_DER_OCTET_STRING, &content, NULL));
    assert_int_equal(content.len, lengths[i]);
    assert_ok(sdg_der_end(&der));
    sdg_buf_clear(&buf);
    free(filler);
  }
}

/* All that the length counts is there: only the spelling of the length itself is wrong (X.690 10.1). */
static void refuses_long_spellings(void **state)
{
  static const char *const heads[] = {
      "04820080",               /* 128 in two octets */
      "0483000080",             /* in three */
      "0484000000ff",           /* 255 in four */
      "04850000000080",         /* in five */
      "04890000000000000080",   /* in nine, one of them cut off */
      "0489010000000000000080", /* in nine: over 64 bits */
  };

  (void)state;
  for (size_t i = 0; i < COUNT(heads); i++) {
    input head = open_hex(heads[i]);
    uint8_t bytes[16 + 255] = {0};
    stardeleg_bytes content;
    sdg_der der;
    int tag = 0;

    memcpy(bytes, head.base, head.bytes.len);
    der = sdg_der_open(sdg_bytes(bytes, head.bytes.len + 255));
    print_message("case %s\n", heads[i]);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_any(&der, &tag, &content, NULL));
    assert_ptr_equal(der.at, bytes);
    free(head.base);
  }
}

static void refuses_bad_elements(void **state)
{
  static const char *const cases[] = {
      "",                               /* nothing */
      "04",                             /* no length */
      "0401",                           /* no content */
      "04020a",                         /* half the content */
      "30800000",                       /* indefinite length */
      "04800000",                       /* the same, primitive */
      "04810161",                       /* long form where the short one does */
      "04817f",                         /* the same, and no content */
      "0482008061",                     /* leading zero in the length */
      "048000",                         /* no octets of length */
      "04ff",                           /* X.690 8.1.3.5 c: reserved */
      "0485000000000161",               /* five octets of length */
      "04850100000000",                 /* more than 4 GiB */
      "0484ffffffff",                   /* more than there is */
      "0481",                           /* length cut */
      "048201",                         /* length cut */
      "1f0100",                         /* high tag number */
      "1f810100",                       /* the same */
      "bf810100",                       /* the same, context */
      "9f2000",                         /* the same, primitive */
      "0000",                           /* end-of-contents */
      "2000",                           /* end-of-contents, constructed */
      "24030401aa",                     /* OCTET STRING in pieces */
      "2c030c0161",                     /* UTF8String in pieces */
      "2304030200ff",                   /* BIT STRING in pieces */
      "3303130141",                     /* PrintableString in pieces */
      "2203020101",                     /* constructed INTEGER */
      "2500",                           /* constructed NULL */
      "1000",                           /* primitive SEQUENCE */
      "1100",                           /* primitive SET */
      "370d3236303130313030303030305a", /* constructed UTCTime */
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    input in = open_hex(cases[i]);
    sdg_der der = sdg_der_open(in.bytes);
    stardeleg_bytes content;
    int tag = 0;

    print_message("case %s\n", cases[i]);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_any(&der, &tag, &content, NULL));
    assert_untouched(&der, &in);
    free(in.base);
  }
}

static void refuses_other_tags(void **state)
{
  input in = open_hex("040161");
  sdg_der der = sdg_der_open(in.bytes);
  sdg_der inside;
  stardeleg_bytes content;
  unsigned unused;
  uint64_t n;
  bool yes;
  stardeleg_time at;

  (void)state;
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get(&der, SDG_DER_UTF8_STRING, &content, NULL));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_enter(&der, SDG_DER_SEQUENCE, &inside));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_bool(&der, &yes));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_uint(&der, &n, 1));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_magnitude(&der, &content));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_oid(&der, &content));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_bits(&der, &content, &unused));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_null(&der));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_time(&der, &at));
  assert_untouched(&der, &in);
  free(in.base);
}

static void reads_booleans(void **state)
{
  static const struct {
    const char *hex;
    int value; /* -1: refused */
  } cases[] = {{"0101ff", 1}, {"010100", 0},    {"010101", -1}, {"0101fe", -1},
               {"0100", -1},  {"0102ffff", -1}, {"01", -1}};

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    input in = open_hex(cases[i].hex);
    sdg_der der = sdg_der_open(in.bytes);
    bool value = false;

    if (cases[i].value < 0) {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_bool(&der, &value));
      assert_untouched(&der, &in);
    } else {
      assert_ok(sdg_der_get_bool(&der, &value));
      assert_int_equal(value, cases[i].value);
      assert_ok(sdg_der_end(&der));
    }
    free(in.base);
  }
}

static void reads_integers(void **state)
{
  static const struct {
    const char *hex;
    uint64_t max;
    uint64_t value;
    bool good;
  } cases[] = {
      {"020100", 0, 0, true},
      {"02017f", 127, 127, true},
      {"02020080", 255, 128, true},
      {"02020100", 256, 256, true},
      {"020900ffffffffffffffff", UINT64_MAX, UINT64_MAX, true},
      {"02087fffffffffffffff", UINT64_MAX, INT64_MAX, true},
      {"020101", 0, 0, false},                          /* over the maximum */
      {"02020100", 255, 0, false},                      /* over the maximum */
      {"0209010000000000000000", UINT64_MAX, 0, false}, /* does not fit */
      {"0200", UINT64_MAX, 0, false},                   /* empty */
      {"0201ff", UINT64_MAX, 0, false},                 /* negative */
      {"020180", UINT64_MAX, 0, false},                 /* negative */
      {"02020000", UINT64_MAX, 0, false},               /* leading zero */
      {"0202007f", UINT64_MAX, 0, false},               /* leading zero */
      {"0202ff80", UINT64_MAX, 0, false},               /* negative and non-minimal */
      {"0203000080", UINT64_MAX, 0, false},             /* two leading zeros */
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    input in = open_hex(cases[i].hex);
    sdg_der der = sdg_der_open(in.bytes);
    uint64_t value = 0;

    print_message("case %s\n", cases[i].hex);
    if (cases[i].good) {
      assert_ok(sdg_der_get_uint(&der, &value, cases[i].max));
      assert_true(value == cases[i].value);
      assert_ok(sdg_der_end(&der));
    } else {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_uint(&der, &value, cases[i].max));
      assert_untouched(&der, &in);
    }
    free(in.base);
  }
}

static void reads_magnitudes(void **state)
{
  static const struct {
    const char *hex;
    size_t len; /* 0: refused */
    uint8_t first;
  } cases[] = {{"020100", 1, 0}, {"02020080", 1, 0x80}, {"0203010000", 3, 1}, {"02030080ff", 2, 0x80},
               {"0200", 0, 0},   {"0201ff", 0, 0},      {"02020001", 0, 0},   {"0203ff0000", 0, 0}};

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    input in = open_hex(cases[i].hex);
    sdg_der der = sdg_der_open(in.bytes);
    stardeleg_bytes magnitude = {NULL, 0};

    if (cases[i].len == 0) {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_magnitude(&der, &magnitude));
      assert_untouched(&der, &in);
    } else {
      assert_ok(sdg_der_get_magnitude(&der, &magnitude));
      assert_int_equal(magnitude.len, cases[i].len);
      assert_int_equal(magnitude.base[0], cases[i].first);
    }
    free(in.base);
  }
}

static void reads_bits(void **state)
{
  static const struct {
    const char *hex;
    int unused; /* -1: refused */
    size_t len;
  } cases[] = {
      {"030100", 0, 0},     {"030200ff", 0, 1}, {"03020780", 7, 1},
      {"0303070080", 7, 2}, {"0300", -1, 0}, /* not even the count */
      {"030101", -1, 0},                     /* empty with unused bits */
      {"030107", -1, 0},                     /* the same */
      {"03020880", -1, 0},                   /* more than seven */
      {"0302ff00", -1, 0},                   /* far more */
      {"03020781", -1, 0},                   /* an unused bit is set */
      {"03020101", -1, 0},                   /* the same */
      {"030207c0", -1, 0},                   /* the same, next to the used one */
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    input in = open_hex(cases[i].hex);
    sdg_der der = sdg_der_open(in.bytes);
    stardeleg_bytes bits = {NULL, 0};
    unsigned unused = 99;

    print_message("case %s\n", cases[i].hex);
    if (cases[i].unused < 0) {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_bits(&der, &bits, &unused));
      assert_untouched(&der, &in);
    } else {
      assert_ok(sdg_der_get_bits(&der, &bits, &unused));
      assert_int_equal(unused, cases[i].unused);
      assert_int_equal(bits.len, cases[i].len);
    }
    free(in.base);
  }
}

static void reads_null(void **state)
{
  static const char *const bad[] = {"050100", "05", "058100", "0580"};
  input in = open_hex("0500");
  sdg_der der = sdg_der_open(in.bytes);

  (void)state;
  assert_ok(sdg_der_get_null(&der));
  assert_ok(sdg_der_end(&der));
  free(in.base);
  for (size_t i = 0; i < COUNT(bad); i++) {
    in = open_hex(bad[i]);
    der = sdg_der_open(in.bytes);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_null(&der));
    assert_untouched(&der, &in);
    free(in.base);
  }
}

static void read_time_text(int tag, const char *text, bool good, stardeleg_time expected)
{
  sdg_buf buf;
  sdg_der der;
  stardeleg_time at = 12345;

  print_message("case %s\n", text);
  sdg_buf_init(&buf, 100);
  sdg_der_put(&buf, tag, sdg_bytes_str(text));
  der = sdg_der_open(sdg_buf_bytes(&buf));
  if (good) {
    assert_ok(sdg_der_get_time(&der, &at));
    assert_true(at == expected);
    assert_ok(sdg_der_end(&der));
  } else {
    assert_err(STARDELEG_ERR_MALFORMED, sdg_der_get_time(&der, &at));
    assert_true(at == 12345);
    assert_false(sdg_der_is_empty(&der));
  }
  sdg_buf_clear(&buf);
}

static void reads_times(void **state)
{
  (void)state;
  read_time_text(SDG_DER_UTC_TIME, "700101000000Z", true, 0);
  read_time_text(SDG_DER_UTC_TIME, "260131235959Z", true, INT64_C(1769903999000));
  read_time_text(SDG_DER_UTC_TIME, "491231235959Z", true, INT64_C(2524607999000));
  read_time_text(SDG_DER_UTC_TIME, "500101000000Z", true, INT64_C(-631152000000)); /* 1950 */
  read_time_text(SDG_DER_UTC_TIME, "240229000000Z", true, INT64_C(1709164800000));
  read_time_text(SDG_DER_GENERALIZED_TIME, "20500101000000Z", true, INT64_C(2524608000000));
  read_time_text(SDG_DER_GENERALIZED_TIME, "99991231235959Z", true, INT64_C(253402300799000));
}

static void refuses_bad_times(void **state)
{
  static const char *const utc[] = {"",
                                    "2601312359Z",
                                    "260131235959",
                                    "260131235959+0000",
                                    "260131235959z",
                                    "260131235959ZZ",
                                    "260131235960Z",
                                    "260131236000Z",
                                    "260131245959Z",
                                    "260132235959Z",
                                    "260229000000Z",
                                    "261301000000Z",
                                    "260001000000Z",
                                    "260100000000Z",
                                    "26013123595.Z",
                                    "-60131235959Z",
                                    " 60131235959Z",
                                    "26013123595aZ",
                                    "20260131235959Z",
                                    "260131235959\xc3"};
  static const char *const generalized[] = {"20491231235959Z", "20260131235959Z", "20500101000000.5Z",
                                            "20500101000000",  "2050010100000Z",  "20500101000000+0100",
                                            "20500230000000Z", "20501301000000Z", "205001010000Z",
                                            "-0500101000000Z", "500101000000Z",   "00000101000000Z"};

  (void)state;
  for (size_t i = 0; i < COUNT(utc); i++) {
    read_time_text(SDG_DER_UTC_TIME, utc[i], false, 0);
  }
  for (size_t i = 0; i < COUNT(generalized); i++) {
    read_time_text(SDG_DER_GENERALIZED_TIME, generalized[i], false, 0);
  }
  read_time_text(SDG_DER_UTF8_STRING, "260131235959Z", false, 0);
}

static void reads_ecdsa_signatures(void **state)
{
  static const char *const bad[] = {
      "",
      "3006020101020102ff",     /* a byte behind */
      "300602010102010200",     /* the same */
      "3009020101020102020103", /* a third number */
      "3003020101",             /* only r */
      "30070202000102010a",     /* non-minimal r */
      "30060201ff020102",       /* negative r */
      "30060201010201ff",       /* negative s */
      "300702030100000201",     /* cut */
      "30080203010000020102",   /* r longer than half */
      "30080201020203010000",   /* s longer than half */
      "3080020101020102",       /* indefinite */
      "310602010102010a",       /* a SET */
  };
  uint8_t raw[4] = {9, 9, 9, 9};
  input in = open_hex("3007020101020200ff");

  (void)state;
  assert_ok(sdg_der_ecdsa_to_raw(raw, 2, in.bytes));
  assert_memory_equal(raw, "\x00\x01\x00\xff", 4);
  free(in.base);
  for (size_t i = 0; i < COUNT(bad); i++) {
    in = open_hex(bad[i]);
    print_message("case %s\n", bad[i]);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_der_ecdsa_to_raw(raw, 2, in.bytes));
    free(in.base);
  }
  assert_memory_equal(raw, "\x00\x01\x00\xff", 4);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_elements),
      cmocka_unit_test(takes_long_lengths),
      cmocka_unit_test(refuses_bad_elements),
      cmocka_unit_test(refuses_other_tags),
      cmocka_unit_test(reads_booleans),
      cmocka_unit_test(reads_integers),
      cmocka_unit_test(reads_magnitudes),
      cmocka_unit_test(reads_bits),
      cmocka_unit_test(reads_null),
      cmocka_unit_test(reads_times),
      cmocka_unit_test(refuses_bad_times),
      cmocka_unit_test(reads_ecdsa_signatures),
      cmocka_unit_test(refuses_long_spellings),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

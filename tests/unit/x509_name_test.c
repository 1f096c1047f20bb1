/* SPDX-License-Identifier: Apache-2.0 */
/* unit/x509_name_test.c -- Names and the string types in them. */
#include "support/test.h"

#include "base/bytes.h"
#include "x509/x509.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void reads_names(void **state)
{
  static const struct {
    const char *hex;
    int count; /* -1: refused */
  } cases[] = {
      {"3000", 0},
      {"300c310a300806035504030c0161", 1},
      {"300b3109300706035504030c00", 1},                           /* an empty value is for the template to refuse */
      {"30163114300806035504030c01613008060355040a0c0162", 2},     /* one RDN of two */
      {"3018310a300806035504030c0161310a3008060355040a0c0162", 2}, /* two RDNs */
      {"300c310a30080603550403300161", 1},                         /* a value that is no string: its tag tells */
      {"300d310b3009060355040330030500", -1},                      /* value longer than its attribute */
      {"", -1},
      {"30023100", -1},                           /* empty RDN */
      {"300430023000", -1},                       /* SEQUENCE for SET */
      {"300431023000", -1},                       /* empty attribute */
      {"3009310730050603550403", -1},             /* no value */
      {"3007310530030c0161", -1},                 /* no type */
      {"300f310d300b06035504030c01610c0162", -1}, /* two values */
      {"300c310a300806035504030c016100", -1},     /* trailing octet */
      {"310c310a300806035504030c0161", -1},       /* SET for SEQUENCE */
      {"300c310a300806035584030c0161", 1},        /* 2.5.516.3, unknown but an OID */
      {"300c310a300806035504830c0161", -1},       /* unfinished OID */
      {"300c310a300806038004030c0161", -1},       /* non-minimal OID */
      {"300e310c300a06035504032c030c0161", -1},   /* string in pieces */
  };
  sdg_x509_attribute attributes[2];
  size_t count = 9;

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t len = 0;
    uint8_t *name = test_hex(cases[i].hex, &len);

    print_message("case %s\n", cases[i].hex);
    if (cases[i].count < 0) {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_x509_read_name(attributes, 2, &count, sdg_bytes(name, len)));
      assert_int_equal(count, 0);
    } else {
      assert_ok(sdg_x509_read_name(attributes, 2, &count, sdg_bytes(name, len)));
      assert_int_equal(count, cases[i].count);
    }
    if (cases[i].count > 0) {
      assert_err(STARDELEG_ERR_LIMIT, sdg_x509_read_name(attributes, count - 1, &count, sdg_bytes(name, len)));
    }
    free(name);
  }
}

/* csr-template decision 18 needs the shape of the RDNs. */
static void tells_the_shape(void **state)
{
  size_t len = 0;
  uint8_t *name = test_hex("3022310a300806035504030c01613114300806035504060c01613008060355040a130162", &len);
  sdg_x509_attribute a[3];
  size_t count = 0;

  (void)state;
  assert_ok(sdg_x509_read_name(a, 3, &count, sdg_bytes(name, len)));
  assert_int_equal(count, 3);
  assert_true(sdg_bytes_equal(a[0].oid, sdg_oid_common_name));
  assert_int_equal(a[0].rdn, 0);
  assert_int_equal(a[0].rdn_size, 1);
  assert_true(sdg_bytes_equal(a[1].oid, sdg_oid_country));
  assert_int_equal(a[1].rdn, 1);
  assert_int_equal(a[1].rdn_size, 2);
  assert_true(sdg_bytes_equal(a[2].oid, sdg_oid_organization));
  assert_int_equal(a[2].rdn, 1);
  assert_int_equal(a[2].rdn_size, 2);
  assert_int_equal(a[2].tag, SDG_DER_PRINTABLE_STRING);
  assert_true(sdg_bytes_is(a[2].value, "b"));
  free(name);
}

static void writes_names(void **state)
{
  const sdg_x509_attribute a[] = {
      {sdg_oid_country, SDG_DER_PRINTABLE_STRING, sdg_bytes_str("CA"), 0, 0},
      {sdg_oid_state, SDG_DER_UTF8_STRING,
       sdg_bytes_str("Qu\xc3\xa9"
                     "bec"),
       0, 0},
      {sdg_oid_locality, SDG_DER_UTF8_STRING, sdg_bytes_str("Laval"), 0, 0},
      {sdg_oid_organization, SDG_DER_UTF8_STRING, sdg_bytes_str("IdO"), 0, 0},
      {sdg_oid_unit, SDG_DER_UTF8_STRING, sdg_bytes_str("Edge"), 0, 0},
      {sdg_oid_email, SDG_DER_IA5_STRING, sdg_bytes_str("a@ido.example"), 0, 0},
      {sdg_oid_common_name, SDG_DER_UTF8_STRING, sdg_bytes_str("a.ido.example"), 0, 0},
  };
  sdg_x509_attribute back[COUNT(a)];
  size_t count = 0;
  sdg_buf buf;

  (void)state;
  sdg_buf_init(&buf, 1000);
  sdg_x509_put_name(&buf, a, COUNT(a));
  assert_ok(sdg_x509_read_name(back, COUNT(back), &count, sdg_buf_bytes(&buf)));
  assert_int_equal(count, COUNT(a));
  for (size_t i = 0; i < count; i++) {
    assert_true(sdg_bytes_equal(back[i].oid, a[i].oid));
    assert_true(sdg_bytes_equal(back[i].value, a[i].value));
    assert_int_equal(back[i].tag, a[i].tag);
    assert_int_equal(back[i].rdn, i);
    assert_int_equal(back[i].rdn_size, 1);
  }
  sdg_buf_reset(&buf);
  sdg_x509_put_name(&buf, NULL, 0);
  assert_true(sdg_bytes_equal(sdg_buf_bytes(&buf), sdg_bytes("\x30\x00", 2)));
  sdg_buf_clear(&buf);
}

static void decodes_strings(void **state)
{
  static const struct {
    int tag;
    const char *value;
    size_t len;
    const char *text; /* NULL: refused */
  } cases[] = {
      {SDG_DER_UTF8_STRING, "", 0, ""},
      {SDG_DER_UTF8_STRING, "caf\xc3\xa9", 5, "caf\xc3\xa9"},
      {SDG_DER_UTF8_STRING, "\xc0\x80", 2, NULL},         /* overlong */
      {SDG_DER_UTF8_STRING, "\xed\xa0\x80", 3, NULL},     /* surrogate */
      {SDG_DER_UTF8_STRING, "\xf4\x90\x80\x80", 4, NULL}, /* beyond Unicode */
      {SDG_DER_UTF8_STRING, "\xc3", 1, NULL},             /* cut */
      {SDG_DER_UTF8_STRING, "\xe9", 1, NULL},             /* Latin-1 */
      {SDG_DER_PRINTABLE_STRING, "A-Z (0:9)'+,./=?", 16, "A-Z (0:9)'+,./=?"},
      {SDG_DER_PRINTABLE_STRING, "a@b", 3, NULL},
      {SDG_DER_PRINTABLE_STRING, "a_b", 3, NULL},
      {SDG_DER_PRINTABLE_STRING, "a*b", 3, NULL},
      {SDG_DER_PRINTABLE_STRING, "a&b", 3, NULL},
      {SDG_DER_PRINTABLE_STRING, "a\0b", 3, NULL},
      {SDG_DER_PRINTABLE_STRING, "a\nb", 3, NULL},
      {SDG_DER_PRINTABLE_STRING, "\xe9", 1, NULL},
      {SDG_DER_IA5_STRING, "a@b_*", 5, "a@b_*"},
      {SDG_DER_IA5_STRING, "a\x80", 2, NULL},
      {SDG_DER_TELETEX_STRING, "caf\xe9", 4, "caf\xc3\xa9"},
      {SDG_DER_TELETEX_STRING, "\xff", 1, "\xc3\xbf"},
      {SDG_DER_BMP_STRING, "\0c\0\xe9", 4, "c\xc3\xa9"},
      {SDG_DER_BMP_STRING, "\x26\x03", 2, "\xe2\x98\x83"},
      {SDG_DER_BMP_STRING, "\0c\0", 3, NULL},            /* odd */
      {SDG_DER_BMP_STRING, "\xd8\x3d\xdd\x11", 4, NULL}, /* surrogates: that would be UTF-16 */
      {SDG_DER_BMP_STRING, "\xdf\xff", 2, NULL},
      {SDG_DER_UNIVERSAL_STRING, "\0\1\xf5\x11", 4, "\xf0\x9f\x94\x91"},
      {SDG_DER_UNIVERSAL_STRING, "\0\0\0a", 4, "a"},
      {SDG_DER_UNIVERSAL_STRING, "\0\0\0", 3, NULL},
      {SDG_DER_UNIVERSAL_STRING, "\0\x11\0\0", 4, NULL}, /* beyond Unicode */
      {SDG_DER_UNIVERSAL_STRING, "\xff\0\0\0", 4, NULL},
      {SDG_DER_UNIVERSAL_STRING, "\0\0\xd8\0", 4, NULL}, /* surrogate */
      {SDG_DER_OCTET_STRING, "a", 1, NULL},
      {0x12 /* NumericString */, "1", 1, NULL},
      {0x1a /* VisibleString */, "a", 1, NULL},
      {SDG_DER_SEQUENCE, "", 0, NULL},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    sdg_buf buf;

    print_message("case %zu\n", i);
    sdg_buf_init(&buf, 100);
    sdg_buf_add_str(&buf, "<");
    if (cases[i].text == NULL) {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_x509_string(&buf, cases[i].tag, sdg_bytes(cases[i].value, cases[i].len)));
      assert_string_equal(sdg_buf_str(&buf), "<");
    } else {
      assert_ok(sdg_x509_string(&buf, cases[i].tag, sdg_bytes(cases[i].value, cases[i].len)));
      assert_string_equal(sdg_buf_str(&buf) + 1, cases[i].text);
      assert_true(sdg_utf8_is_valid(sdg_buf_bytes(&buf)));
    }
    sdg_buf_clear(&buf);
  }
}

/* Whole range of the wide decoder against the checker of UTF-8. */
static void decodes_every_code_point(void **state)
{
  sdg_buf buf;

  (void)state;
  sdg_buf_init(&buf, 16);
  for (uint32_t c = 0; c <= 0x11ffff; c += c < 0x11000 ? 1 : 0x101) {
    uint8_t wide[4] = {(uint8_t)(c >> 24), (uint8_t)(c >> 16), (uint8_t)(c >> 8), (uint8_t)c};
    bool good = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

    sdg_buf_reset(&buf);
    assert_int_equal(sdg_x509_string(&buf, SDG_DER_UNIVERSAL_STRING, sdg_bytes(wide, 4)),
                     good ? STARDELEG_OK : STARDELEG_ERR_MALFORMED);
    if (good) {
      assert_true(sdg_utf8_is_valid(sdg_buf_bytes(&buf)));
      assert_int_equal(sdg_utf8_count(sdg_buf_bytes(&buf)), 1);
    }
  }
  sdg_buf_clear(&buf);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_names),     cmocka_unit_test(tells_the_shape),          cmocka_unit_test(writes_names),
      cmocka_unit_test(decodes_strings), cmocka_unit_test(decodes_every_code_point),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* unit/x509_extension_test.c -- values of extensions: one good form, everything else refused. */
#include "support/test.h"

#include "base/bytes.h"
#include "x509/x509.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* csr-template decision 57 */
static void reads_key_usage(void **state)
{
  static const struct {
    const char *hex;
    unsigned bits; /* 0: refused */
  } cases[] = {
      {"03020780", 1u << 0},
      {"030205a0", 1u << 0 | 1u << 2},
      {"03020106", 1u << 5 | 1u << 6},
      {"03020001", 1u << 7},
      {"0303070080", 1u << 8},
      {"030307ff80", 0x1ff},
      {"", 0},
      {"030100", 0},       /* no bits */
      {"03020700", 0},     /* all zero */
      {"03020000", 0},     /* all zero */
      {"0303000000", 0},   /* all zero */
      {"03020080", 0},     /* trailing zero bits (X.690 11.2.2) */
      {"03020680", 0},     /* one of them */
      {"0303078000", 0},   /* a trailing zero octet */
      {"0303068080", 0},   /* non-minimal second octet */
      {"0303060040", 0},   /* bit 9 */
      {"0303000001", 0},   /* bit 15 */
      {"030400000080", 0}, /* bit 16 */
      {"03020781", 0},     /* unused bit set */
      {"03020880", 0},     /* unused bits over 7 */
      {"0302078000", 0},   /* trailing octet */
      {"04020780", 0},     /* another type */
      {"2304030207", 0},   /* constructed */
      {"0381020780", 0},   /* non-minimal length */
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t len = 0;
    uint8_t *value = test_hex(cases[i].hex, &len);
    unsigned bits = 0;

    print_message("case %s\n", cases[i].hex);
    if (cases[i].bits == 0) {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_x509_read_key_usage(&bits, sdg_bytes(value, len)));
    } else {
      assert_ok(sdg_x509_read_key_usage(&bits, sdg_bytes(value, len)));
      assert_int_equal(bits, cases[i].bits);
    }
    free(value);
  }
}

static void writes_every_key_usage(void **state)
{
  (void)state;
  for (unsigned bits = 1; bits < 1u << 9; bits++) {
    sdg_buf buf;
    unsigned back = 0;

    sdg_buf_init(&buf, 16);
    sdg_x509_put_key_usage(&buf, bits);
    assert_ok(sdg_x509_read_key_usage(&back, sdg_buf_bytes(&buf)));
    assert_int_equal(back, bits);
    sdg_buf_clear(&buf);
  }
}

static void reads_eku(void **state)
{
  static const struct {
    const char *hex;
    size_t count; /* 0: refused */
  } cases[] = {
      {"300a06082b06010505070301", 1},
      {"301406082b0601050507030106082b06010505070302", 2},
      {"3004060155" /* cut */, 0},
      {"3000", 0},                         /* empty: the panic of others */
      {"", 0},                             /* nothing */
      {"300a06082b0601050507030100", 0},   /* trailing octet */
      {"300c06082b060105050703010500", 0}, /* something else among them */
      {"310a06082b06010505070301", 0},     /* SET */
      {"06082b06010505070301", 0},         /* no SEQUENCE */
      {"30020600", 0},                     /* empty OID */
      {"300406025580", 0},                 /* unfinished OID */
      {"308006082b060105050703010000", 0}, /* indefinite */
  };
  stardeleg_bytes oids[4];
  size_t count = 9;

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t len = 0;
    uint8_t *value = test_hex(cases[i].hex, &len);

    print_message("case %s\n", cases[i].hex);
    if (cases[i].count == 0) {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_x509_read_eku(oids, COUNT(oids), &count, sdg_bytes(value, len)));
      assert_int_equal(count, 0);
    } else {
      assert_ok(sdg_x509_read_eku(oids, COUNT(oids), &count, sdg_bytes(value, len)));
      assert_int_equal(count, cases[i].count);
      assert_err(STARDELEG_ERR_LIMIT, sdg_x509_read_eku(oids, cases[i].count - 1, &count, sdg_bytes(value, len)));
      assert_int_equal(count, 0);
    }
    free(value);
  }
}

static void writes_eku(void **state)
{
  const stardeleg_bytes oids[] = {sdg_bytes("\x2b\x06\x01\x05\x05\x07\x03\x01", 8), sdg_bytes("\x55\x1d\x25\x00", 4)};
  stardeleg_bytes back[2];
  size_t count = 0;
  sdg_buf buf;

  (void)state;
  sdg_buf_init(&buf, 100);
  sdg_x509_put_eku(&buf, oids, COUNT(oids));
  assert_ok(sdg_x509_read_eku(back, COUNT(back), &count, sdg_buf_bytes(&buf)));
  assert_int_equal(count, 2);
  assert_true(sdg_bytes_equal(back[0], oids[0]));
  assert_true(sdg_bytes_equal(back[1], oids[1]));
  sdg_buf_clear(&buf);
}

static void reads_one_name(void **state)
{
  static const struct {
    const char *hex;
    int kind; /* -1: refused */
  } cases[] = {
      {"3003820161", SDG_GN_DNS},
      {"30028200", SDG_GN_DNS}, /* an empty name is for the reader of names to refuse */
      {"30058103614062", SDG_GN_EMAIL},
      {"30058603613a62", SDG_GN_URI},
      {"30068704c0000201", SDG_GN_IP},
      {"3012871020010db8000000000000000000000001", SDG_GN_IP},
      {"30058803551d11", SDG_GN_RID},
      {"3004a4023000", SDG_GN_DIRECTORY},
      {"3009a00706022a03a0010c" /* inside cut */, -1},
      {"300ba00906022a03a0030c0161", SDG_GN_OTHER},
      {"3002a300", SDG_GN_X400},
      {"3002a500", SDG_GN_EDI},
      {"3000", -1},                     /* none at all (RFC 5280 4.2.1.6) */
      {"", -1},                         /* nothing */
      {"300382016100", -1},             /* trailing octet */
      {"3103820161", -1},               /* SET */
      {"300482026100", -1},             /* NUL at the end */
      {"30058203610062", -1},           /* NUL within */
      {"3004820261ff", -1},             /* not ASCII */
      {"300482028061", -1},             /* the same */
      {"3004810261ff", -1},             /* the same, e-mail */
      {"3004860200ff", -1},             /* the same, URI */
      {"30058703c00002", -1},           /* address of three octets */
      {"30078705c000020101", -1},       /* of five */
      {"300a8708c0000201ffffff00", -1}, /* address and mask: name constraints only */
      {"30028700", -1},                 /* of none */
      {"30028800", -1},                 /* empty OID */
      {"3003880180", -1},               /* unfinished OID */
      {"3002a400", -1},                 /* explicit tag around nothing */
      {"3006a40430000500", -1},         /* around two things */
      {"3004a4020500", -1},             /* around something else */
      {"3002a000", -1},                 /* other name without type */
      {"3006a00406022a03", -1},         /* other name without value */
      {"3005a203820161", -1},           /* constructed dNSName */
      {"3002a200", -1},                 /* constructed dNSName */
      {"30028400", -1},                 /* primitive directoryName */
      {"30028900", -1},                 /* no such kind */
      {"30030c0161", -1},               /* a string without a kind */
      {"3004820561", -1},               /* longer than there is */
      {"30808201610000", -1},           /* indefinite */
      {"308103820161", -1},             /* non-minimal */
  };
  sdg_general_name names[2];
  size_t count = 9;

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t len = 0;
    uint8_t *value = test_hex(cases[i].hex, &len);

    print_message("case %s\n", cases[i].hex);
    if (cases[i].kind < 0) {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_x509_read_san(names, COUNT(names), &count, sdg_bytes(value, len)));
      assert_int_equal(count, 0);
    } else {
      assert_ok(sdg_x509_read_san(names, COUNT(names), &count, sdg_bytes(value, len)));
      assert_int_equal(count, 1);
      assert_int_equal(names[0].kind, cases[i].kind);
    }
    free(value);
  }
}

/* One bad name among good ones is found wherever it stands. */
static void checks_every_name(void **state)
{
  sdg_general_name names[20];
  sdg_general_name back[20];
  size_t count = 0;

  (void)state;
  for (size_t bad = 0; bad < COUNT(names); bad++) {
    sdg_buf buf;

    for (size_t i = 0; i < COUNT(names); i++) {
      names[i] = (sdg_general_name){SDG_GN_DNS, sdg_bytes_str(i == bad ? "a\x80"
                                                                         "b"
                                                                       : "a.example")};
    }
    sdg_buf_init(&buf, 1000);
    sdg_x509_put_san(&buf, names, COUNT(names));
    assert_err(STARDELEG_ERR_MALFORMED, sdg_x509_read_san(back, COUNT(back), &count, sdg_buf_bytes(&buf)));
    sdg_buf_clear(&buf);
  }
}

static void writes_every_kind(void **state)
{
  const sdg_general_name names[] = {
      {SDG_GN_DNS, sdg_bytes_str("*.ido.example")},
      {SDG_GN_EMAIL, sdg_bytes_str("a@ido.example")},
      {SDG_GN_URI, sdg_bytes_str("sip:a@ido.example")},
      {SDG_GN_IP, sdg_bytes("\xc0\x00\x02\x01", 4)},
      {SDG_GN_DIRECTORY, sdg_bytes("\x30\x00", 2)},
      {SDG_GN_RID, sdg_bytes("\x55\x1d\x11", 3)},
      {SDG_GN_OTHER, sdg_bytes("\x06\x01\x2a\xa0\x02\x05\x00", 7)},
  };
  sdg_general_name back[COUNT(names)];
  size_t count = 0;
  sdg_buf buf;

  (void)state;
  sdg_buf_init(&buf, 1000);
  sdg_x509_put_san(&buf, names, COUNT(names));
  assert_ok(sdg_x509_read_san(back, COUNT(back), &count, sdg_buf_bytes(&buf)));
  assert_int_equal(count, COUNT(names));
  for (size_t i = 0; i < COUNT(names); i++) {
    assert_int_equal(back[i].kind, names[i].kind);
    assert_true(sdg_bytes_equal(back[i].value, names[i].value));
  }
  sdg_buf_clear(&buf);
}

static void stops_at_too_many_names(void **state)
{
  sdg_general_name *names = calloc(10000, sizeof *names);
  sdg_general_name *back = calloc(SDG_X509_NAMES_MAX, sizeof *back);
  size_t count = 0;
  sdg_buf buf;

  (void)state;
  assert_non_null(names);
  assert_non_null(back);
  for (size_t i = 0; i < 10000; i++) {
    names[i] = (sdg_general_name){SDG_GN_DNS, sdg_bytes_str("a.ido.example")};
  }
  sdg_buf_init(&buf, 1u << 20);
  sdg_x509_put_san(&buf, names, 10000);
  assert_err(STARDELEG_ERR_LIMIT, sdg_x509_read_san(back, SDG_X509_NAMES_MAX, &count, sdg_buf_bytes(&buf)));
  assert_int_equal(count, 0);
  sdg_buf_reset(&buf);
  sdg_x509_put_san(&buf, names, SDG_X509_NAMES_MAX + 1);
  assert_err(STARDELEG_ERR_LIMIT, sdg_x509_read_san(back, SDG_X509_NAMES_MAX, &count, sdg_buf_bytes(&buf)));
  sdg_buf_reset(&buf);
  sdg_x509_put_san(&buf, names, SDG_X509_NAMES_MAX);
  assert_ok(sdg_x509_read_san(back, SDG_X509_NAMES_MAX, &count, sdg_buf_bytes(&buf)));
  assert_int_equal(count, SDG_X509_NAMES_MAX);
  sdg_buf_clear(&buf);
  free(names);
  free(back);
}

static void reads_extension_lists(void **state)
{
  static const struct {
    const char *hex;
    int count; /* 0: refused */
  } cases[] = {
      {"30080603551d0f0401aa", 1},
      {"300b0603551d0f0101ff0401aa", 1},
      {"30080603551d0f0401aa30080603551d0f0401aa", 2}, /* twice the same: not for this reader to refuse */
      {"30070603551d0f0400", 1},
      {"", 0},
      {"3000", 0},                             /* empty extension */
      {"30050603551d0f", 0},                   /* no value */
      {"30030401aa", 0},                       /* no OID */
      {"300b0603551d0f0101000401aa", 0},       /* critical FALSE written out */
      {"300b0603551d0f0101010401aa", 0},       /* BOOLEAN 01 */
      {"300e0603551d0f0101ff0101ff0401aa", 0}, /* critical twice */
      {"300b0603551d0f0401aa0101ff", 0},       /* order */
      {"300b0603551d0f0401aa0401aa", 0},       /* value twice */
      {"30080603551d0f0301aa", 0},             /* value of another type */
      {"300c0603551d0f240504010a0500", 0},     /* value in pieces */
      {"31080603551d0f0401aa", 0},             /* SET */
      {"30080603551d0f0401aa00", 0},           /* trailing octet */
      {"30080603551d0f0401", 0},               /* cut */
  };
  sdg_x509_extension extensions[2];
  size_t count = 9;

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t len = 0;
    uint8_t *value = test_hex(cases[i].hex, &len);
    stardeleg_bytes list = sdg_bytes(value, len);

    print_message("case %s\n", cases[i].hex);
    if (cases[i].count == 0) {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_x509_read_extensions(extensions, COUNT(extensions), &count, list));
      assert_int_equal(count, 0);
    } else {
      assert_ok(sdg_x509_read_extensions(extensions, COUNT(extensions), &count, list));
      assert_int_equal(count, cases[i].count);
      assert_true(sdg_bytes_equal(extensions[0].oid, sdg_oid_key_usage));
      assert_err(STARDELEG_ERR_LIMIT, sdg_x509_read_extensions(extensions, count - 1, &count, list));
    }
    free(value);
  }
}

static void writes_extensions(void **state)
{
  sdg_x509_extension back[2];
  size_t count = 0;
  sdg_buf buf;

  (void)state;
  sdg_buf_init(&buf, 100);
  sdg_x509_put_extension(&buf, sdg_oid_key_usage, true, sdg_bytes("\x03\x02\x07\x80", 4));
  sdg_x509_put_extension(&buf, sdg_oid_subject_key_id, false, sdg_bytes("\x04\x00", 2));
  assert_ok(sdg_x509_read_extensions(back, COUNT(back), &count, sdg_buf_bytes(&buf)));
  assert_int_equal(count, 2);
  assert_true(back[0].critical);
  assert_false(back[1].critical);
  assert_true(sdg_bytes_equal(back[1].oid, sdg_oid_subject_key_id));
  assert_int_equal(back[0].value.len, 4);
  sdg_buf_clear(&buf);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_key_usage),
      cmocka_unit_test(writes_every_key_usage),
      cmocka_unit_test(reads_eku),
      cmocka_unit_test(writes_eku),
      cmocka_unit_test(reads_one_name),
      cmocka_unit_test(checks_every_name),
      cmocka_unit_test(writes_every_kind),
      cmocka_unit_test(stops_at_too_many_names),
      cmocka_unit_test(reads_extension_lists),
      cmocka_unit_test(writes_extensions),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

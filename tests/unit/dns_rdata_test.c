/* SPDX-License-Identifier: Apache-2.0 */
/* unit/dns_rdata_test.c -- the data of DNS records; addresses that nobody reaches for others; networks. */
#include "support/test.h"

#include <stardeleg/dns.h>
#include "base/address.h"
#include "base/bytes.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* In room that is as long as the data. */
static stardeleg_bytes exact(const char *hex, uint8_t **room)
{
  size_t len = 0;

  *room = test_hex(hex, &len);
  return sdg_bytes(*room, len);
}

static void reads_txt(void **state)
{
  static const struct {
    const char *hex;
    stardeleg_err err;
    const char *text;
    size_t len;
  } rows[] = {
      {"00", STARDELEG_OK, "", 0},
      {"03616263", STARDELEG_OK, "abc", 3},
      {"0361626300", STARDELEG_OK, "abc", 3},
      {"0161026263", STARDELEG_OK, "abc", 3},
      {"03610063", STARDELEG_OK, "a", 3},
      {"", STARDELEG_ERR_MALFORMED, "", 0},
      {"01", STARDELEG_ERR_MALFORMED, "", 0},
      {"046162", STARDELEG_ERR_MALFORMED, "", 0},
      {"0161ff62", STARDELEG_ERR_MALFORMED, "", 0},
      {"046162636405", STARDELEG_ERR_MALFORMED, "", 0},
      {"06616263646566", STARDELEG_ERR_LIMIT, "", 0},
      {"0361626303646566", STARDELEG_ERR_LIMIT, "", 0},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    uint8_t *room;
    stardeleg_bytes rdata = exact(rows[i].hex, &room);
    char *text = malloc(6);
    size_t len = 99;

    assert_non_null(text);
    assert_err(rows[i].err, stardeleg_dns_read_txt(text, 6, &len, rdata));
    if (rows[i].err == STARDELEG_OK) {
      assert_int_equal(len, rows[i].len);
      assert_string_equal(text, rows[i].text);
      assert_ok(stardeleg_dns_read_txt(text, 6, NULL, rdata));
    }
    assert_err(STARDELEG_ERR_LIMIT, stardeleg_dns_read_txt(text, 0, &len, rdata));
    free(text);
    free(room);
  }
}

static void reads_names(void **state)
{
  static const struct {
    const char *hex;
    const char *text; /* NULL: MALFORMED */
  } rows[] = {
      {"00", "."},
      {"0377777703636f6d00", "www.com"},
      {"055f61636d6500", "_acme"},
      {"03612e6200", "a\\046b"},
      {"030a1b2200", "\\010\\027\\034"},
      {"", NULL},
      {"03", NULL},
      {"0377777700ff", NULL},
      {"0377777703636f6d", NULL},
      {"03777777", NULL},
      {"c000", NULL},
      {"0377777700c0", NULL},
      {"0377c00c", NULL},
      {"4077", NULL},
      {"01", NULL},
  };
  char text[STARDELEG_DNS_NAME_SIZE];

  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    uint8_t *room;
    stardeleg_bytes rdata = exact(rows[i].hex, &room);

    assert_err(rows[i].text != NULL ? STARDELEG_OK : STARDELEG_ERR_MALFORMED, stardeleg_dns_read_name(text, rdata));
    assert_string_equal(text, rows[i].text != NULL ? rows[i].text : "");
    free(room);
  }
}

/* The longest name there is, of bytes that take four characters each; and one byte more. */
static void reads_the_longest_name(void **state)
{
  char *text = malloc(STARDELEG_DNS_NAME_SIZE);
  uint8_t wire[257];
  size_t at = 0;

  (void)state;
  assert_non_null(text);
  memset(wire, 0xff, sizeof(wire));
  for (int i = 0; i < 3; i++) {
    wire[at] = 63;
    at += 64;
  }
  wire[at] = 61;
  wire[254] = 0;
  assert_ok(stardeleg_dns_read_name(text, sdg_bytes(wire, 255)));
  assert_int_equal(strlen(text), 250 * 4 + 3);
  wire[at] = 62;
  wire[254] = 0xff;
  wire[255] = 0;
  assert_err(STARDELEG_ERR_MALFORMED, stardeleg_dns_read_name(text, sdg_bytes(wire, 256)));
  free(text);
}

/* IP-3-01: one form of each address */
static void writes_addresses(void **state)
{
  static const struct {
    const char *hex;
    const char *text;
  } rows[] = {
      {"c0000201", "192.0.2.1"},
      {"ffffffff", "255.255.255.255"},
      {"00000000000000000000000000000000", "::"},
      {"00000000000000000000000000000001", "::1"},
      {"20010db8000000000000000000000001", "2001:db8::1"},
      {"20010db8000000010000000000000001", "2001:db8:0:1::1"},
      {"20010db8000000000001000000000001", "2001:db8::1:0:0:1"},
      {"20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"},
      {"20010db8aaaabbbbccccddddeeee0000", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:0"},
      {"20010db8aaaabbbbcccc000000000000", "2001:db8:aaaa:bbbb:cccc::"},
      {"00000000aaaabbbbccccddddeeeeffff", "::aaaa:bbbb:cccc:dddd:eeee:ffff"},
      {"00010000000000000000000000000000", "1::"},
      {"00000000000000000000ffffc0000201", "::ffff:192.0.2.1"},
      {"ffffffffffffffffffffffffffffffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  };
  static const char *const bad[] = {"", "c00002", "c000020100", "20010db80000000000000000000000",
                                    "20010db800000000000000000000000100"};
  char text[STARDELEG_ADDRESS_SIZE];
  uint8_t octets[16];
  uint8_t *room;
  size_t len;

  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    stardeleg_bytes rdata = exact(rows[i].hex, &room);

    assert_ok(stardeleg_dns_read_address(text, rdata));
    assert_string_equal(text, rows[i].text);
    assert_true(sdg_address_parse(octets, &len, sdg_bytes_str(text)));
    assert_int_equal(len, rdata.len);
    assert_memory_equal(octets, rdata.base, len);
    free(room);
  }
  for (size_t i = 0; i < COUNT(bad); i++) {
    assert_err(STARDELEG_ERR_MALFORMED, stardeleg_dns_read_address(text, exact(bad[i], &room)));
    free(room);
  }
}

static stardeleg_bytes octets_of(const char *text, uint8_t octets[16])
{
  size_t len = 0;

  assert_true(sdg_address_parse(octets, &len, sdg_bytes_str(text)));
  return sdg_bytes(octets, len);
}

static void knows_special_addresses(void **state)
{
  static const char *const special[] = {
      "0.0.0.0",         "0.1.2.3",     "10.0.0.1",    "10.255.255.255",  "100.64.0.1",      "127.0.0.1",
      "127.255.255.254", "169.254.0.1", "172.16.0.1",  "172.31.255.255",  "192.0.0.1",       "192.0.2.1",
      "192.168.1.1",     "198.18.0.1",  "224.0.0.1",   "255.255.255.255", "::",              "::1",
      "fe80::1",         "fc00::1",     "fd00::1",     "ff02::1",         "2001:db8::1",     "2002:7f00:1::",
      "::ffff:10.0.0.1", "2001::1",     "64:ff9b::7f00:1", "::127.0.0.1", "169.254.169.254", "203.0.113.9"};
  static const char *const ordinary[] = {"1.1.1.1",         "9.255.255.255", "11.0.0.0",       "100.63.255.255",
                                         "100.128.0.0",     "172.15.255.255", "172.32.0.0",    "192.167.255.255",
                                         "2606:4700::1111", "2a00::1",        "::ffff:1.1.1.1", "64:ff9b::101:101"};
  uint8_t octets[16];

  (void)state;
  for (size_t i = 0; i < COUNT(special); i++) {
    print_message("%s\n", special[i]);
    assert_true(stardeleg_address_is_special(octets_of(special[i], octets)) != 0);
  }
  for (size_t i = 0; i < COUNT(ordinary); i++) {
    assert_false(stardeleg_address_is_special(octets_of(ordinary[i], octets)) != 0);
  }
  assert_true(stardeleg_address_is_special(sdg_bytes(octets, 5)) != 0);
  assert_true(stardeleg_address_is_special(sdg_bytes(NULL, 0)) != 0);
}

static void knows_networks(void **state)
{
  static const struct {
    const char *network;
    const char *address;
    int has;
  } rows[] = {
      {"192.0.2.0/24", "192.0.2.255", 1},   {"192.0.2.0/24", "192.0.3.0", 0},    {"192.0.2.0/25", "192.0.2.128", 0},
      {"192.0.2.128/25", "192.0.2.128", 1}, {"0.0.0.0/0", "8.8.8.8", 1},         {"0.0.0.0/0", "::1", 0},
      {"127.0.0.1", "127.0.0.1", 1},        {"127.0.0.1", "127.0.0.2", 0},       {"127.0.0.1/32", "127.0.0.1", 1},
      {"::/0", "2001:db8::1", 1},           {"::1", "::1", 1},                   {"fd00::/8", "fdff::1", 1},
      {"fd00::/8", "fe00::1", 0},           {"2001:db8::/33", "2001:db8:8000::", 0},
      {"127.0.0.1/33", "127.0.0.1", 0},     {"127.0.0.1/", "127.0.0.1", 0},      {"127.0.0.1/x", "127.0.0.1", 0},
      {"127.0.0.1/ 8", "127.0.0.1", 0},     {"127.0.0.1/-1", "127.0.0.1", 0},    {"127.1/8", "127.0.0.1", 0},
      {"", "127.0.0.1", 0},                 {"/8", "127.0.0.1", 0},              {"localhost", "127.0.0.1", 0},
      {"::/129", "::1", 0},                 {NULL, "127.0.0.1", 0},              {"10.0.0.0/8/8", "10.0.0.1", 0},
  };
  uint8_t octets[16];

  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    print_message("%s %s\n", rows[i].network != NULL ? rows[i].network : "-", rows[i].address);
    assert_int_equal(stardeleg_network_has(rows[i].network, octets_of(rows[i].address, octets)) != 0, rows[i].has);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_txt),        cmocka_unit_test(reads_names),
      cmocka_unit_test(reads_the_longest_name), cmocka_unit_test(writes_addresses),
      cmocka_unit_test(knows_special_addresses), cmocka_unit_test(knows_networks),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

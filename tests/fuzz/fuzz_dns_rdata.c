/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_dns_rdata.c -- record data as it comes from the network, read as each type. */
#include "fuzz/fuzz.h"

#include <string.h>

#include <stardeleg/dns.h>
#include "base/address.h"
#include "base/bytes.h"

static void check_name(stardeleg_bytes rdata)
{
  char name[STARDELEG_DNS_NAME_SIZE];

  if (stardeleg_dns_read_name(name, rdata) != STARDELEG_OK) {
    FUZZ_CHECK(name[0] == '\0');
    return;
  }
  FUZZ_CHECK(name[0] != '\0' && strlen(name) < sizeof(name));
  for (const char *c = name; *c != '\0'; c++) {
    FUZZ_CHECK(*c > ' ' && *c < 0x7f);
  }
}

static void check_address(stardeleg_bytes rdata)
{
  char text[STARDELEG_ADDRESS_SIZE];
  uint8_t octets[16];
  size_t len = 0;

  if (stardeleg_dns_read_address(text, rdata) == STARDELEG_OK) {
    FUZZ_CHECK(sdg_address_parse(octets, &len, sdg_bytes_str(text)) && len == rdata.len);
    FUZZ_CHECK(memcmp(octets, rdata.base, len) == 0);
    FUZZ_CHECK(stardeleg_network_has(text, rdata) != 0);
  }
  (void)stardeleg_address_is_special(rdata);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  stardeleg_bytes rdata = sdg_bytes(data, size);
  char text[256];
  size_t len = 0;

  for (size_t room = 0; room <= sizeof(text); room += 51) {
    if (stardeleg_dns_read_txt(text, room, &len, rdata) == STARDELEG_OK) {
      FUZZ_CHECK(len < room && text[len] == '\0' && len < size);
    }
  }
  check_name(rdata);
  check_address(rdata);
  memset(text, 0, sizeof(text));
  for (size_t i = 0; i < size && i + 1 < sizeof(text); i++) {
    text[i] = (char)data[i];
  }
  (void)stardeleg_network_has(text, sdg_bytes("\x7f\0\0\1", 4));
  return 0;
}

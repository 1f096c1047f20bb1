/* SPDX-License-Identifier: Apache-2.0 */
/* dns/network.c -- which addresses are not the public internet (IANA special-purpose registries), and networks. */
#include <stardeleg/dns.h>

#include <stdbool.h>
#include <string.h>

#include "base/address.h"
#include "base/bytes.h"

static const struct {
  uint32_t base;
  int bits;
} ipv4_special[] = {
    {0x00000000, 8},  /* "this network" */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared, carrier NAT */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, cloud metadata */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 4},  /* multicast */
    {0xf0000000, 4},  /* reserved, broadcast */
};

/* Global unicast is 2000::/3; these parts of it are not. */
static const struct {
  uint8_t base[4];
  int bits;
} ipv6_special[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02, 0x00, 0x00}, 16}, /* 6to4: leads to any IPv4 address */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* documentation */
};

static uint32_t read_32(const uint8_t *bytes)
{
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool has_prefix(uint32_t address, uint32_t base, int bits)
{
  return ((address ^ base) >> (32 - bits)) == 0;
}

static bool ipv4_is_special(uint32_t address)
{
  for (size_t i = 0; i < sizeof(ipv4_special) / sizeof(ipv4_special[0]); i++) {
    if (has_prefix(address, ipv4_special[i].base, ipv4_special[i].bits)) {
      return true;
    }
  }
  return false;
}

static bool ipv6_is_special(const uint8_t *address)
{
  static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};

  /* Both carry an IPv4 address; behind NAT64 that is the only way to reach one. */
  if (memcmp(address, mapped, 12) == 0 || memcmp(address, nat64, 12) == 0) {
    return ipv4_is_special(read_32(address + 12));
  }
  if ((address[0] & 0xe0) != 0x20) {
    return true;
  }
  for (size_t i = 0; i < sizeof(ipv6_special) / sizeof(ipv6_special[0]); i++) {
    if (has_prefix(read_32(address), read_32(ipv6_special[i].base), ipv6_special[i].bits)) {
      return true;
    }
  }
  return false;
}

int stardeleg_address_is_special(stardeleg_bytes address)
{
  if (address.len == 4) {
    return ipv4_is_special(read_32(address.base)) ? 1 : 0;
  }
  return address.len != 16 || ipv6_is_special(address.base) ? 1 : 0;
}

/* The first |bits| of both are the same. */
static bool same_bits(const uint8_t *a, const uint8_t *b, uint64_t bits)
{
  size_t whole = (size_t)(bits / 8);
  unsigned rest = (unsigned)(bits % 8);

  return memcmp(a, b, whole) == 0 && (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

int stardeleg_network_has(const char *network, stardeleg_bytes address)
{
  stardeleg_bytes text = sdg_bytes_str(network);
  const char *slash = network != NULL ? strchr(network, '/') : NULL;
  uint8_t base[16];
  uint64_t bits;
  size_t len;

  if (slash != NULL) {
    text.len = (size_t)(slash - network);
  }
  if (!sdg_address_parse(base, &len, text) || len != address.len) {
    return 0;
  }
  bits = len * 8;
  if (slash != NULL && !sdg_bytes_to_uint(&bits, sdg_bytes_str(slash + 1), len * 8)) {
    return 0;
  }
  return same_bits(base, address.base, bits) ? 1 : 0;
}

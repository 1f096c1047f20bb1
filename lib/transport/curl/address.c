/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/address.c -- which addresses are not the public internet (IANA special-purpose registries). */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

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

static bool ipv4_is_private(uint32_t address)
{
  for (size_t i = 0; i < sizeof(ipv4_special) / sizeof(ipv4_special[0]); i++) {
    if (has_prefix(address, ipv4_special[i].base, ipv4_special[i].bits)) {
      return true;
    }
  }
  return false;
}

static bool ipv6_is_private(const uint8_t *address)
{
  static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};

  /* Both carry an IPv4 address; behind NAT64 that is the only way to reach one. */
  if (memcmp(address, mapped, 12) == 0 || memcmp(address, nat64, 12) == 0) {
    return ipv4_is_private(read_32(address + 12));
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

bool sdg_curl_address_is_private(const struct sockaddr *address, size_t len)
{
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;

  if (address->sa_family == AF_INET && len >= sizeof(ipv4)) {
    memcpy(&ipv4, address, sizeof(ipv4));
    return ipv4_is_private(ntohl(ipv4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6 && len >= sizeof(ipv6)) {
    memcpy(&ipv6, address, sizeof(ipv6));
    return ipv6_is_private(ipv6.sin6_addr.s6_addr);
  }
  return true;
}

static bool ends_with(const char *text, size_t len, const char *tail)
{
  size_t tail_len = strlen(tail);

  return len >= tail_len && strncasecmp(text + len - tail_len, tail, tail_len) == 0;
}

bool sdg_curl_host_is_private(const char *host)
{
  char text[INET6_ADDRSTRLEN] = "";
  size_t len = strlen(host);
  uint8_t address[16];

  if (len > 2 && host[0] == '[' && host[len - 1] == ']' && len - 2 < sizeof(text)) {
    memcpy(text, host + 1, len - 2);
    text[len - 2] = '\0';
    return inet_pton(AF_INET6, text, address) != 1 || ipv6_is_private(address);
  }
  if (inet_pton(AF_INET, host, address) == 1) {
    return ipv4_is_private(read_32(address));
  }
  if (len > 0 && host[len - 1] == '.') {
    len--;
  }
  return (len == 9 && strncasecmp(host, "localhost", 9) == 0) || ends_with(host, len, ".localhost");
}

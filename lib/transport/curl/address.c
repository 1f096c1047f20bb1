/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/address.c -- which addresses are not the public internet. */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stardeleg/dns.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool is_special(const void *octets, size_t len)
{
  return stardeleg_address_is_special((stardeleg_bytes){octets, len}) != 0;
}

bool sdg_curl_address_is_private(const struct sockaddr *address, size_t len)
{
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;

  if (address->sa_family == AF_INET && len >= sizeof(ipv4)) {
    memcpy(&ipv4, address, sizeof(ipv4));
    return is_special(&ipv4.sin_addr, 4);
  }
  if (address->sa_family == AF_INET6 && len >= sizeof(ipv6)) {
    memcpy(&ipv6, address, sizeof(ipv6));
    return is_special(&ipv6.sin6_addr, 16);
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
    return inet_pton(AF_INET6, text, address) != 1 || is_special(address, 16);
  }
  if (inet_pton(AF_INET, host, address) == 1) {
    return is_special(address, 4);
  }
  if (len > 0 && host[len - 1] == '.') {
    len--;
  }
  return (len == 9 && strncasecmp(host, "localhost", 9) == 0) || ends_with(host, len, ".localhost");
}

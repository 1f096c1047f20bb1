/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/allowed.c -- what |deny_private| lets pass. */
#include "allowed.h"

#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stardeleg/dns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETWORKS_MAX 64u

/* "address" or "address/bits": it holds its own first address. */
static bool is_network(const char *text)
{
  char address[INET6_ADDRSTRLEN];
  uint8_t octets[16];
  size_t len = strcspn(text, "/");

  if (len >= sizeof(address)) {
    return false;
  }
  memcpy(address, text, len);
  address[len] = '\0';
  if (inet_pton(AF_INET6, address, octets) == 1) {
    len = 16;
  } else if (inet_pton(AF_INET, address, octets) == 1) {
    len = 4;
  } else {
    return false;
  }
  return stardeleg_network_has(text, (stardeleg_bytes){octets, len}) != 0;
}

stardeleg_err sdg_curl_allowed_init(sdg_curl_settings *settings, const char *const *networks)
{
  size_t count = 0;

  while (networks != NULL && networks[count] != NULL) {
    if (count == NETWORKS_MAX || !is_network(networks[count])) {
      return STARDELEG_ERR_ARGUMENT;
    }
    count++;
  }
  if (count == 0) {
    return STARDELEG_OK;
  }
  settings->allowed_networks = calloc(count + 1, sizeof(char *));
  if (settings->allowed_networks == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    size_t size = strlen(networks[i]) + 1;

    settings->allowed_networks[i] = malloc(size);
    if (settings->allowed_networks[i] == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    memcpy(settings->allowed_networks[i], networks[i], size);
  }
  return STARDELEG_OK;
}

void sdg_curl_allowed_clear(sdg_curl_settings *settings)
{
  for (size_t i = 0; settings->allowed_networks != NULL && settings->allowed_networks[i] != NULL; i++) {
    free(settings->allowed_networks[i]);
  }
  free(settings->allowed_networks);
}

/* The address as |resolve| entries have it at their end: "192.0.2.1:80", "[2001:db8::1]:80". */
static bool write_endpoint(char out[INET6_ADDRSTRLEN + 10], stardeleg_bytes *octets, const struct sockaddr *address,
                           size_t len)
{
  char text[INET6_ADDRSTRLEN];

  if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
    const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)(const void *)address;

    *octets = (stardeleg_bytes){(const uint8_t *)&ipv4->sin_addr, 4};
    (void)inet_ntop(AF_INET, &ipv4->sin_addr, text, sizeof(text));
    (void)snprintf(out, INET6_ADDRSTRLEN + 10, "%s:%u", text, (unsigned)ntohs(ipv4->sin_port));
    return true;
  }
  if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
    const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)address;

    *octets = (stardeleg_bytes){(const uint8_t *)&ipv6->sin6_addr, 16};
    (void)inet_ntop(AF_INET6, &ipv6->sin6_addr, text, sizeof(text));
    (void)snprintf(out, INET6_ADDRSTRLEN + 10, "[%s]:%u", text, (unsigned)ntohs(ipv6->sin6_port));
    return true;
  }
  return false;
}

/* Whoever runs the program has written this address and port down himself; nothing else is behind it. */
static bool is_own_entry(const sdg_curl_settings *settings, const char *endpoint)
{
  for (const struct curl_slist *item = settings->connect_to; item != NULL; item = item->next) {
    const char *at = strchr(item->data, ':');

    at = at != NULL ? strchr(at + 1, ':') : NULL;
    if (at != NULL && strcmp(at + 1, endpoint) == 0) {
      return true;
    }
  }
  return false;
}

bool sdg_curl_may_connect(const sdg_curl_settings *settings, const struct sockaddr *address, size_t len)
{
  char endpoint[INET6_ADDRSTRLEN + 10];
  stardeleg_bytes octets;

  if (!settings->options.deny_private || !sdg_curl_address_is_private(address, len)) {
    return true;
  }
  if (!write_endpoint(endpoint, &octets, address, len)) {
    return false;
  }
  for (size_t i = 0; settings->allowed_networks != NULL && settings->allowed_networks[i] != NULL; i++) {
    if (stardeleg_network_has(settings->allowed_networks[i], octets) != 0) {
      return true;
    }
  }
  return is_own_entry(settings, endpoint);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/rate.c -- the arithmetic of a bucket, and whose it is. */
#include "acme_server/rate.h"

#include <string.h>

#include "base/bytes.h"

#define IPV6_GROUPS 4u /* of the first 64 bits */

stardeleg_time sdg_rate_look(stardeleg_time *full_at, const stardeleg_rate *rate, stardeleg_time now)
{
  /* No bucket is ever emptier than empty. */
  if (*full_at > now && *full_at - now > (int64_t)rate->burst * rate->every_ms) {
    *full_at = now;
  }
  return *full_at - ((int64_t)rate->burst - 1) * rate->every_ms;
}

stardeleg_time sdg_rate_take(stardeleg_time full_at, const stardeleg_rate *rate, stardeleg_time now)
{
  const stardeleg_time empty_at = now + (int64_t)rate->burst * rate->every_ms;

  full_at = (full_at > now ? full_at : now) + rate->every_ms;
  return full_at < empty_at ? full_at : empty_at;
}

/* --- Whose --- */

static size_t hex_value(char c)
{
  if (c >= '0' && c <= '9') {
    return (size_t)(c - '0');
  }
  if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
    return (size_t)((c | 0x20) - 'a') + 10;
  }
  return 16;
}

/* The first four groups of an IPv6 address: whoever has one address of a network has all of them.  Anything that is no
 * such address counts as it is written. */
static bool take_network(uint8_t network[2 * IPV6_GROUPS], const char *source)
{
  size_t n = 0;

  memset(network, 0, 2 * IPV6_GROUPS);
  if (strchr(source, ':') == NULL || strchr(source, '.') != NULL) {
    return false;
  }
  for (const char *at = source; n < IPV6_GROUPS && *at != '\0' && *at != '%'; n++) {
    unsigned value = 0;
    size_t digits = 0;

    for (; hex_value(*at) < 16 && digits < 4; at++, digits++) {
      value = value << 4 | (unsigned)hex_value(*at);
    }
    if (*at != ':' && *at != '\0' && *at != '%') {
      return false;
    }
    if (digits == 0) {
      return true; /* "::": what it leaves out in front of the 64th bit is taken as zero */
    }
    network[2 * n] = (uint8_t)(value >> 8);
    network[2 * n + 1] = (uint8_t)value;
    at += *at == ':' ? 1 : 0;
  }
  return true;
}

bool sdg_rate_describe(sdg_rate_subject *out, sdg_rates rates, const stardeleg_limit_query *query, size_t per)
{
  const char *who = per == SDG_PER_ACCOUNT ? query->account : query->source;

  if (who == NULL || rates[per][query->act].burst == 0) {
    return false;
  }
  out->head[0] = (uint8_t)per;
  out->head[1] = (uint8_t)query->act;
  out->pieces[0] = sdg_bytes(out->head, sizeof(out->head));
  out->pieces[1] = per == SDG_PER_SOURCE && take_network(out->network, who)
                       ? sdg_bytes(out->network, sizeof(out->network))
                       : sdg_bytes_str(who);
  return true;
}

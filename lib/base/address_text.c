/* SPDX-License-Identifier: Apache-2.0 */
/* base/address_text.c -- IP addresses to text (RFC 5952). */
#include "base/address.h"

#include <stdio.h>
#include <string.h>

#define GROUPS 8u

static size_t write_quad(char *out, size_t room, const uint8_t *octets)
{
  return (size_t)snprintf(out, room, "%u.%u.%u.%u", octets[0], octets[1], octets[2], octets[3]);
}

static unsigned group(const uint8_t *octets, size_t i)
{
  return (unsigned)octets[2 * i] << 8 | octets[2 * i + 1];
}

/* RFC 5952 4.2: the longest run of zero groups, the first of several, and no run of one. */
static size_t find_run(const uint8_t *octets, size_t count, size_t *len)
{
  size_t best = count;

  *len = 1;
  for (size_t i = 0; i < count; i++) {
    size_t n = 0;

    while (i + n < count && group(octets, i + n) == 0) {
      n++;
    }
    if (n > *len) {
      best = i;
      *len = n;
    }
  }
  return best;
}

static size_t write_groups(char *out, const uint8_t *octets, size_t count)
{
  size_t run_len;
  size_t run = find_run(octets, count, &run_len);
  size_t at = 0;

  for (size_t i = 0; i < count;) {
    if (i == run) {
      out[at++] = ':';
      out[at++] = ':';
      i += run_len;
    } else {
      at += (size_t)snprintf(out + at, SDG_ADDRESS_SIZE - at, "%s%x", at > 0 && out[at - 1] != ':' ? ":" : "",
                             group(octets, i));
      i++;
    }
  }
  out[at] = '\0';
  return at;
}

void sdg_address_write(char out[SDG_ADDRESS_SIZE], const uint8_t *octets, size_t len)
{
  static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

  if (len == 4) {
    (void)write_quad(out, SDG_ADDRESS_SIZE, octets);
  } else if (memcmp(octets, mapped, sizeof(mapped)) == 0) {
    memcpy(out, "::ffff:", sizeof("::ffff:"));
    (void)write_quad(out + 7, SDG_ADDRESS_SIZE - 7, octets + 12);
  } else {
    (void)write_groups(out, octets, GROUPS);
  }
}

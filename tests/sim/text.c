/* SPDX-License-Identifier: Apache-2.0 */
/* sim/text.c -- picking pieces out of bodies and log lines. */
#include "sim/text.h"

#include <string.h>

const char *sim_text_find(stardeleg_bytes in, const char *text)
{
  size_t len = strlen(text);

  for (size_t i = 0; i + len <= in.len; i++) {
    if (memcmp(in.base + i, text, len) == 0) {
      return (const char *)in.base + i;
    }
  }
  return NULL;
}

bool sim_text_between(char *out, size_t size, stardeleg_bytes in, const char *before, const char *after)
{
  const char *at = sim_text_find(in, before);
  const char *end = (const char *)in.base + in.len;
  size_t n = 0;

  if (at == NULL) {
    return false;
  }
  at += strlen(before);
  while (at < end && strchr(after, *at) == NULL && n + 1 < size) {
    out[n++] = *at++;
  }
  out[n] = '\0';
  return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* base/mem.c -- memory: checked sizes, wiping. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Nothing asks for more than the half of the address space: pointer differences stay within ptrdiff_t. */
static int multiply(size_t *out, size_t count, size_t size)
{
  if (size != 0 && count > (size_t)PTRDIFF_MAX / size) {
    return 0;
  }
  *out = count * size;
  return 1;
}

void *sdg_calloc(size_t count, size_t size)
{
  size_t total;

  if (!multiply(&total, count, size)) {
    return NULL;
  }
  /* calloc(0) may give NULL, which callers would take for lack of memory. */
  return calloc(1, total != 0 ? total : 1);
}

void *sdg_realloc(void *old, size_t count, size_t size)
{
  size_t total;

  if (!multiply(&total, count, size)) {
    return NULL;
  }
  return realloc(old, total != 0 ? total : 1);
}

void sdg_free(void *p)
{
  free(p);
}

void sdg_wipe(void *p, size_t len)
{
  if (p == NULL || len == 0) {
    return;
  }
#if defined(__GNUC__)
  memset(p, 0, len);
  /* The compiler has to believe that somebody reads the zeroes. */
  __asm__ __volatile__("" : : "r"(p) : "memory");
#else
  volatile unsigned char *byte = p;

  for (size_t i = 0; i < len; i++) {
    byte[i] = 0;
  }
#endif
}

char *sdg_strdup(const char *s)
{
  if (s == NULL) {
    return NULL;
  }
  return sdg_bytes_dup((stardeleg_bytes){(const uint8_t *)s, strlen(s)});
}

char *sdg_bytes_dup(stardeleg_bytes b)
{
  char *copy;

  if (b.len >= (size_t)PTRDIFF_MAX) {
    return NULL;
  }
  copy = malloc(b.len + 1);
  if (copy == NULL) {
    return NULL;
  }
  if (b.len != 0) {
    memcpy(copy, b.base, b.len);
  }
  copy[b.len] = '\0';
  return copy;
}

void sdg_strings_free(char **list)
{
  for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
    sdg_free(list[i]);
  }
  sdg_free(list);
}

stardeleg_err sdg_strings_dup(char ***out, const char *const *list, size_t max)
{
  size_t n = 0;
  char **copy;

  *out = NULL;
  while (list != NULL && list[n] != NULL) {
    if (n++ == max) {
      return STARDELEG_ERR_LIMIT;
    }
  }
  if (n == 0) {
    return STARDELEG_OK;
  }
  copy = sdg_calloc(n + 1, sizeof(*copy));
  if (copy == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < n; i++) {
    copy[i] = sdg_strdup(list[i]);
    if (copy[i] == NULL) {
      sdg_strings_free(copy);
      return STARDELEG_ERR_NOMEM;
    }
  }
  *out = copy;
  return STARDELEG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* json/json_pointer.c -- JSON pointers (RFC 6901). */
#include "json/json_pointer.h"

#include <stdio.h>
#include <string.h>

static size_t put(char *pointer, size_t size, size_t at, char c)
{
  if (at + 1 < size) {
    pointer[at++] = c;
  }
  return at;
}

void sdg_json_pointer_add(char *pointer, size_t size, const char *name)
{
  size_t at = strlen(pointer);

  at = put(pointer, size, at, '/');
  for (; *name != '\0'; name++) {
    if (*name == '~' || *name == '/') {
      at = put(pointer, size, at, '~');
      at = put(pointer, size, at, *name == '~' ? '0' : '1');
    } else {
      at = put(pointer, size, at, *name);
    }
  }
  pointer[at] = '\0';
}

void sdg_json_pointer_add_index(char *pointer, size_t size, size_t index)
{
  char text[24];

  (void)snprintf(text, sizeof(text), "%zu", index);
  sdg_json_pointer_add(pointer, size, text);
}

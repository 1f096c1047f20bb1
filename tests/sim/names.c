/* SPDX-License-Identifier: Apache-2.0 */
/* sim/names.c -- open addressing, never more than half full. */
#include "sim/names.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const char *text)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325);

  for (size_t i = 0; text[i] != '\0' && i + 1 < SIM_NAME_MAX; i++) {
    h = (h ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
  }
  return h;
}

/* Where it is or would be. */
static sim_name *find(const sim_names *names, const char *text)
{
  size_t i = (size_t)hash(text) & (names->cap - 1);

  while (names->slots[i].text[0] != '\0' && strncmp(names->slots[i].text, text, SIM_NAME_MAX - 1) != 0) {
    i = (i + 1) & (names->cap - 1);
  }
  return &names->slots[i];
}

static void grow(sim_names *names)
{
  sim_names larger = {NULL, names->count, names->cap == 0 ? 256 : names->cap * 2};

  larger.slots = calloc(larger.cap, sizeof(*larger.slots));
  if (larger.slots == NULL) {
    abort();
  }
  for (size_t i = 0; i < names->cap; i++) {
    if (names->slots[i].text[0] != '\0') {
      *find(&larger, names->slots[i].text) = names->slots[i];
    }
  }
  free(names->slots);
  *names = larger;
}

void sim_names_put(sim_names *names, const char *text, size_t number)
{
  sim_name *slot;

  if (names->cap < 2 * (names->count + 1)) {
    grow(names);
  }
  slot = find(names, text);
  names->count += slot->text[0] == '\0' ? 1 : 0;
  (void)snprintf(slot->text, sizeof(slot->text), "%s", text);
  slot->number = number;
}

size_t sim_names_get(const sim_names *names, const char *text)
{
  const sim_name *slot = names->cap > 0 && text[0] != '\0' ? find(names, text) : NULL;

  return slot != NULL && slot->text[0] != '\0' ? slot->number : SIZE_MAX;
}

void sim_names_clear(sim_names *names)
{
  free(names->slots);
  *names = (sim_names){NULL, 0, 0};
}

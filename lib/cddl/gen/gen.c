/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/gen.c -- memory and complaints. */
#include "cddl/gen/gen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything of one compilation hangs on this list. */
typedef struct sdg_gen_chunk {
  struct sdg_gen_chunk *next;
  size_t used, size;
  max_align_t data[];
} sdg_gen_chunk;

#define CHUNK_SIZE 65536u

void sdg_gen_init(sdg_gen *gen)
{
  memset(gen, 0, sizeof *gen);
}

void sdg_gen_clear(sdg_gen *gen)
{
  while (gen->chunks != NULL) {
    sdg_gen_chunk *next = gen->chunks->next;
    free(gen->chunks);
    gen->chunks = next;
  }
}

static sdg_gen_chunk *add_chunk(sdg_gen *gen, size_t size)
{
  sdg_gen_chunk *chunk = calloc(1, sizeof *chunk + size);

  if (chunk == NULL) {
    (void)fprintf(stderr, "sdg_cddl_gen: out of memory\n");
    exit(3);
  }
  chunk->size = size;
  chunk->next = gen->chunks;
  gen->chunks = chunk;
  return chunk;
}

void *sdg_gen_alloc(sdg_gen *gen, size_t count, size_t size)
{
  sdg_gen_chunk *chunk = gen->chunks;
  size_t align = sizeof(max_align_t);
  size_t need;
  void *out;

  if (count == 0) {
    count = 1;
  }
  if (size == 0 || count > (SIZE_MAX / 4) / size) {
    (void)fprintf(stderr, "sdg_cddl_gen: out of memory\n");
    exit(3);
  }
  need = (count * size + align - 1) / align * align;
  if (chunk == NULL || chunk->size - chunk->used < need) {
    chunk = add_chunk(gen, need > CHUNK_SIZE ? need : CHUNK_SIZE);
  }
  out = (unsigned char *)chunk->data + chunk->used;
  chunk->used += need;
  return out;
}

char *sdg_gen_copy(sdg_gen *gen, const char *text, size_t len)
{
  char *out = sdg_gen_alloc(gen, len + 1, 1);

  if (len > 0) {
    memcpy(out, text, len);
  }
  return out;
}

void *sdg_gen_more(sdg_gen *gen, void *items, size_t count, size_t *cap, size_t size)
{
  void *out;

  if (count < *cap) {
    return items;
  }
  *cap = *cap == 0 ? 8 : *cap * 2;
  out = sdg_gen_alloc(gen, *cap, size);
  if (count > 0) {
    memcpy(out, items, count * size);
  }
  return out;
}

bool sdg_gen_fail(sdg_gen *gen, sdg_gen_place place, const char *format, ...)
{
  va_list args;

  if (!gen->failed) {
    gen->failed = true;
    gen->place = place;
    va_start(args, format);
    (void)vsnprintf(gen->message, sizeof gen->message, format, args);
    va_end(args);
  }
  return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* torture/alloc.c -- memory that runs out at a chosen moment.  One thread. */
#include "alloc.h"

#include <stdlib.h>

/* As in cJSON.h, which nobody but lib/json includes. */
typedef struct cJSON_Hooks {
  void *(*malloc_fn)(size_t size);
  void (*free_fn)(void *memory);
} cJSON_Hooks;
void cJSON_InitHooks(cJSON_Hooks *hooks);

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static size_t nth;
static size_t counted;
static bool counts;

void alloc_fail(size_t number)
{
  nth = number;
  counted = 0;
}

size_t alloc_counted(void)
{
  return counted;
}

bool alloc_failed(void)
{
  return nth != 0 && counted >= nth;
}

/* The JSON library is linked at run time: it is asked to allocate here. */
static void *json_malloc(size_t size)
{
  return __wrap_malloc(size);
}

static __attribute__((constructor)) void hook_json(void)
{
  cJSON_Hooks hooks = {json_malloc, free};

  cJSON_InitHooks(&hooks);
}

void alloc_scope(bool yes)
{
  counts = yes;
}

static bool fails(void)
{
  return counts && ++counted == nth;
}

void *__wrap_malloc(size_t size)
{
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
  return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
  return fails() ? NULL : __real_realloc(old, size);
}

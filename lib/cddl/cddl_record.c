/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_record.c -- findings while they are collected, and the path they belong to. */
#include <stdio.h>
#include <string.h>
#include "base/bytes.h"
#include "base/mem.h"
#include "cddl/cddl_run.h"

#define POINTER_MAX 512

static void clear_records(sdg_cddl_run *run, size_t from, size_t to)
{
  for (size_t i = from; i < to; i++) {
    sdg_free(run->records[i].pointer);
    sdg_free(run->records[i].expected);
  }
}

static bool is_known(const sdg_cddl_run *run, const char *pointer, const char *expected)
{
  for (size_t i = run->block; i < run->record_count; i++) {
    if (strcmp(run->records[i].pointer, pointer) == 0 && strcmp(run->records[i].expected, expected) == 0) {
      return true;
    }
  }
  return false;
}

static bool grow_records(sdg_cddl_run *run)
{
  size_t cap = run->record_cap == 0 ? 16 : run->record_cap * 2;
  sdg_cddl_record *records;

  if (run->record_count < run->record_cap) {
    return true;
  }
  records = sdg_realloc(run->records, cap, sizeof *records);
  if (records == NULL) {
    run->err = STARDELEG_ERR_NOMEM;
    return false;
  }
  run->records = records;
  run->record_cap = cap;
  return true;
}

void sdg_cddl_record_add(sdg_cddl_run *run, const char *rule, size_t weight, const char *expected)
{
  char pointer[POINTER_MAX];
  sdg_cddl_record record = {NULL, NULL, rule};

  run->weight += weight;
  if (run->err != STARDELEG_OK || run->record_count - run->block >= SDG_CDDL_FINDINGS_MAX) {
    return;
  }
  sdg_text_escape(pointer, sizeof pointer, sdg_buf_bytes(&run->path));
  if (is_known(run, pointer, expected) || !grow_records(run)) {
    return;
  }
  record.pointer = sdg_strdup(pointer);
  record.expected = sdg_strdup(expected);
  if (record.pointer == NULL || record.expected == NULL) {
    sdg_free(record.pointer);
    sdg_free(record.expected);
    run->err = STARDELEG_ERR_NOMEM;
    return;
  }
  run->records[run->record_count++] = record;
}

void sdg_cddl_block_open(sdg_cddl_run *run, sdg_cddl_block *block)
{
  *block = (sdg_cddl_block){run->block, run->weight, run->record_count, 0, 0, false};
  run->block = run->record_count;
  run->weight = 0;
}

bool sdg_cddl_block_weigh(sdg_cddl_run *run, sdg_cddl_block *block)
{
  size_t from = block->begin + block->best_count;
  size_t count = run->record_count - from;
  bool better = !block->have || run->weight < block->best_weight;

  if (better) {
    clear_records(run, block->begin, from);
    if (count > 0 && from != block->begin) {
      memmove(&run->records[block->begin], &run->records[from], count * sizeof *run->records);
    }
    block->best_count = count;
    block->best_weight = run->weight;
    block->have = true;
  } else {
    clear_records(run, from, run->record_count);
  }
  run->record_count = block->begin + block->best_count;
  run->block = run->record_count;
  run->weight = 0;
  return better;
}

void sdg_cddl_block_close(sdg_cddl_run *run, sdg_cddl_block *block)
{
  run->block = block->block;
  run->weight = block->weight + block->best_weight;
}

void sdg_cddl_records_free(sdg_cddl_run *run)
{
  clear_records(run, 0, run->record_count);
  sdg_free(run->records);
  run->records = NULL;
  run->record_count = 0;
  run->record_cap = 0;
}

size_t sdg_cddl_path_push_name(sdg_cddl_run *run, const char *name)
{
  size_t mark = run->path.len;

  sdg_buf_add_byte(&run->path, '/');
  for (; *name != '\0'; name++) {
    if (*name == '~') {
      sdg_buf_add_str(&run->path, "~0");
    } else if (*name == '/') {
      sdg_buf_add_str(&run->path, "~1");
    } else {
      sdg_buf_add_byte(&run->path, (uint8_t)*name);
    }
  }
  if (sdg_buf_error(&run->path) != STARDELEG_OK && run->err == STARDELEG_OK) {
    run->err = sdg_buf_error(&run->path);
  }
  return mark;
}

size_t sdg_cddl_path_push_index(sdg_cddl_run *run, size_t index)
{
  char text[24];

  (void)snprintf(text, sizeof text, "%zu", index);
  return sdg_cddl_path_push_name(run, text);
}

void sdg_cddl_path_pop(sdg_cddl_run *run, size_t mark)
{
  if (run->err == STARDELEG_OK) {
    sdg_buf_truncate(&run->path, mark);
  }
}

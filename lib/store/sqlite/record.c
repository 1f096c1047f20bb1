/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/record.c -- a row as a record. */
#include "sqlite_store.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN_KEY, COLUMN_IDX, COLUMN_DUE, COLUMN_FENCE, COLUMN_VER, COLUMN_VAL };

static stardeleg_time read_due(sqlite3_stmt *statement)
{
  return sqlite3_column_type(statement, COLUMN_DUE) == SQLITE_NULL ? STARDELEG_TIME_NEVER
                                                                   : sqlite3_column_int64(statement, COLUMN_DUE);
}

static uint8_t *copy_column(sqlite3_stmt *statement, int column, size_t *len)
{
  const void *base = sqlite3_column_blob(statement, column);
  size_t size = (size_t)sqlite3_column_bytes(statement, column);
  uint8_t *copy;

  /* NULL stands for an empty value, or for lack of memory: the number of bytes tells which. */
  if (base == NULL && size > 0) {
    return NULL;
  }
  copy = malloc(size + 1);
  if (copy != NULL) {
    if (size > 0) {
      memcpy(copy, base, size);
    }
    copy[size] = '\0';
  }
  if (len != NULL) {
    *len = size;
  }
  return copy;
}

static void read_numbers(stardeleg_record *out, sqlite3_stmt *statement)
{
  out->due = read_due(statement);
  out->fence = (uint64_t)sqlite3_column_int64(statement, COLUMN_FENCE);
  out->version = (uint64_t)sqlite3_column_int64(statement, COLUMN_VER);
}

stardeleg_err sdg_sqlite_copy_row(stardeleg_record *out, sqlite3_stmt *statement)
{
  stardeleg_record copy = {0};

  copy.key = (char *)copy_column(statement, COLUMN_KEY, NULL);
  copy.index = (char *)copy_column(statement, COLUMN_IDX, NULL);
  copy.value = copy_column(statement, COLUMN_VAL, &copy.value_len);
  if (copy.key == NULL || copy.index == NULL || copy.value == NULL) {
    stardeleg_record_clear(&copy);
    return STARDELEG_ERR_NOMEM;
  }
  read_numbers(&copy, statement);
  *out = copy;
  return STARDELEG_OK;
}

static stardeleg_err make_room(uint8_t **room, size_t *room_len, size_t wanted)
{
  uint8_t *grown;

  if (wanted <= *room_len) {
    return STARDELEG_OK;
  }
  grown = realloc(*room, wanted);
  if (grown == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  *room = grown;
  *room_len = wanted;
  return STARDELEG_OK;
}

stardeleg_err sdg_sqlite_view_row(stardeleg_record *out, sqlite3_stmt *statement, uint8_t **room, size_t *room_len)
{
  const char *key = (const char *)sqlite3_column_text(statement, COLUMN_KEY);
  const char *index = (const char *)sqlite3_column_text(statement, COLUMN_IDX);
  const void *value = sqlite3_column_blob(statement, COLUMN_VAL);
  size_t len = (size_t)sqlite3_column_bytes(statement, COLUMN_VAL);

  /* A BLOB column has no NUL behind it, and records promise one. */
  if (key == NULL || index == NULL || (value == NULL && len > 0) ||
      make_room(room, room_len, len + 1) != STARDELEG_OK) {
    return STARDELEG_ERR_NOMEM;
  }
  if (len > 0) {
    memcpy(*room, value, len);
  }
  (*room)[len] = '\0';
  /* The record is handed out as const; its members are not, for the records people own. */
  *out = (stardeleg_record){
      .key = (char *)(uintptr_t)key, .index = (char *)(uintptr_t)index, .value = *room, .value_len = len};
  read_numbers(out, statement);
  return STARDELEG_OK;
}

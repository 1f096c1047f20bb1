/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_view.c -- which part of an array or object is still to be matched, and stepping back. */
#include <string.h>
#include "cddl/cddl_run.h"

static bool push_marks(sdg_cddl_run *run, size_t count, size_t *at)
{
  uint8_t *room;

  *at = run->marks.len;
  if (count == 0) {
    return true;
  }
  room = sdg_buf_add_room(&run->marks, count);
  if (room == NULL) {
    run->err = sdg_buf_error(&run->marks);
    return false;
  }
  memset(room, 0, count);
  return true;
}

bool sdg_cddl_view_open(sdg_cddl_run *run, sdg_cddl_view *view, const sdg_json *container)
{
  memset(view, 0, sizeof *view);
  view->container = container;
  view->map = sdg_json_type_of(container) == SDG_JSON_OBJECT;
  view->next = view->map ? NULL : sdg_json_first(container);
  view->count = sdg_json_count(container);
  return run->err == STARDELEG_OK && push_marks(run, view->map ? view->count : 0, &view->marks);
}

void sdg_cddl_view_close(sdg_cddl_run *run, const sdg_cddl_view *view)
{
  if (run->err == STARDELEG_OK) {
    sdg_buf_truncate(&run->marks, view->marks);
  }
}

bool sdg_cddl_view_is_taken(const sdg_cddl_run *run, const sdg_cddl_view *view, size_t index)
{
  return run->marks.base[view->marks + index] != 0;
}

void sdg_cddl_view_take(sdg_cddl_run *run, sdg_cddl_view *view, size_t index)
{
  run->marks.base[view->marks + index] = 1;
  view->taken++;
}

bool sdg_cddl_view_save(sdg_cddl_run *run, const sdg_cddl_view *view, sdg_cddl_saved *saved)
{
  size_t count = view->map ? view->count : 0;

  saved->view = *view;
  if (run->err != STARDELEG_OK || !push_marks(run, count, &saved->copy)) {
    return false;
  }
  if (count > 0) {
    memcpy(run->marks.base + saved->copy, run->marks.base + view->marks, count);
  }
  return true;
}

void sdg_cddl_view_keep(sdg_cddl_run *run, const sdg_cddl_view *view, sdg_cddl_saved *saved)
{
  saved->view = *view;
  if (view->map && view->count > 0 && run->err == STARDELEG_OK) {
    memcpy(run->marks.base + saved->copy, run->marks.base + view->marks, view->count);
  }
}

void sdg_cddl_view_restore(sdg_cddl_run *run, sdg_cddl_view *view, const sdg_cddl_saved *saved)
{
  *view = saved->view;
  if (view->map && view->count > 0 && run->err == STARDELEG_OK) {
    memcpy(run->marks.base + view->marks, run->marks.base + saved->copy, view->count);
  }
}

void sdg_cddl_view_drop(sdg_cddl_run *run, const sdg_cddl_saved *saved)
{
  if (run->err == STARDELEG_OK) {
    sdg_buf_truncate(&run->marks, saved->copy);
  }
}

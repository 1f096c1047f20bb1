/* SPDX-License-Identifier: Apache-2.0 */
/* support/spoil.c -- one fault at a time. */
#include "support/spoil.h"

#include "base/bytes.h"
#include "json/json_write.h"
#include <stardeleg/problem.h>

/* A name that will not be met twice; it is put in by hand, so that even unfit values can be tried. */
#define HOLE "\"@@\""

static sdg_json *read_object(const char *text)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json *tree = NULL;

  limits.bytes_max = 1u << 20;
  limits.items_max = 100000;
  assert_ok(sdg_json_parse(&tree, sdg_bytes_str(text), &limits, NULL));
  return tree;
}

/* The object with "@@" where the member's value belongs; |twice|: behind the value it has. */
static char *write_with_hole(const char *object, const char *member, bool leave_out, bool twice)
{
  sdg_json *tree = read_object(object);
  sdg_json_writer w;
  char *text = NULL;
  bool found = false;
  sdg_buf out;

  sdg_buf_init(&out, 1u << 20);
  sdg_jw_init(&w, &out);
  sdg_jw_object(&w, NULL);
  for (const sdg_json *item = sdg_json_first(tree); item != NULL; item = sdg_json_next(item)) {
    bool is_it = strcmp(sdg_json_name(item), member) == 0;

    found = found || is_it;
    if (!is_it || twice) {
      sdg_jw_tree(&w, sdg_json_name(item), item);
    }
    if (is_it && !leave_out) {
      sdg_jw_string(&w, member, "@@");
    }
  }
  if (!found && !leave_out) {
    sdg_jw_string(&w, member, "@@");
  }
  sdg_jw_object_end(&w);
  assert_ok(sdg_buf_take(&out, &text, NULL));
  sdg_buf_clear(&out);
  sdg_json_free(tree);
  return text;
}

static char *fill_hole(char *text, const char *value)
{
  char *hole = strstr(text, HOLE);
  size_t size = strlen(text) + strlen(value) + 1;
  char *filled = malloc(size);

  assert_non_null(hole);
  assert_non_null(filled);
  *hole = '\0';
  (void)snprintf(filled, size, "%s%s%s", text, value, hole + strlen(HOLE));
  free(text);
  return filled;
}

char *spoil_member(const char *object, const char *member, const char *value)
{
  char *text = write_with_hole(object, member, value == NULL, false);

  return value == NULL ? text : fill_hole(text, value);
}

static void expect(spoil_parser parser, char *text, bool taken, const char *place)
{
  stardeleg_problem problem = {0};
  stardeleg_err err = parser(text, &problem);

  if ((err == STARDELEG_OK) != taken || (!taken && err != STARDELEG_ERR_MALFORMED)) {
    fail_msg("%s (%d): %s", taken ? "refused" : "taken", (int)err, text);
  }
  if (!taken) {
    assert_true(problem.detail[0] != '\0');
    assert_int_equal(problem.acme, STARDELEG_ACME_MALFORMED);
    assert_err(STARDELEG_ERR_MALFORMED, parser(text, NULL));
  }
  if (!taken && place != NULL) {
    assert_string_equal(problem.place, place);
  }
  free(text);
}

void spoil_all(spoil_parser parser, const char *object, const spoiling *cases, size_t count)
{
  sdg_json *tree = read_object(object);

  expect(parser, spoil_member(object, "none", NULL), true, NULL);
  expect(parser, spoil_member(object, "x-unknown", "[null,{\"a\":-1.5e300}]"), true, NULL);
  for (const sdg_json *item = sdg_json_first(tree); item != NULL; item = sdg_json_next(item)) {
    expect(parser, fill_hole(write_with_hole(object, sdg_json_name(item), false, true), "1"), false, NULL);
  }
  sdg_json_free(tree);
  for (size_t i = 0; i < count; i++) {
    expect(parser, spoil_member(object, cases[i].member, cases[i].value), cases[i].taken, cases[i].place);
  }
}

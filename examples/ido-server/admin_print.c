/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_print.c -- JSON answers as lines of name=value, safe for a terminal. */
#include "ido-server/admin_print.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "json/json_write.h"

#define TEXT_MAX ((size_t)64 * 1024)

static sdg_json *parse(const char *body)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json *tree = NULL;

  limits.bytes_max = (size_t)32 * 1024 * 1024;
  limits.items_max = (size_t)1024 * 1024;
  if (body == NULL || sdg_json_parse(&tree, sdg_bytes_str(body), &limits, NULL) != STARDELEG_OK) {
    (void)fprintf(stderr, "the answer is no JSON\n");
    return NULL;
  }
  return tree;
}

/* Strings without blanks stand as they are, others in quotes; all else is JSON. */
static void print_value(const sdg_json *value)
{
  char text[1024];
  sdg_json_writer w;
  sdg_buf out;

  if (sdg_json_type_of(value) == SDG_JSON_STRING) {
    bool plain = strpbrk(sdg_json_string(value), " \"") == NULL;

    sdg_text_escape(text, sizeof(text), sdg_bytes_str(sdg_json_string(value)));
    (void)printf(plain ? "%s" : "\"%s\"", text);
    return;
  }
  sdg_buf_init(&out, TEXT_MAX);
  sdg_jw_init(&w, &out);
  sdg_jw_tree(&w, NULL, value);
  (void)printf("%s", sdg_buf_error(&out) == STARDELEG_OK ? sdg_buf_str(&out) : "...");
  sdg_buf_clear(&out);
}

static void print_line(const sdg_json *object)
{
  for (const sdg_json *item = sdg_json_first(object); item != NULL; item = sdg_json_next(item)) {
    (void)printf("%s%s=", item == sdg_json_first(object) ? "" : " ", sdg_json_name(item));
    print_value(item);
  }
  (void)fputc('\n', stdout);
}

static void print_members(const sdg_json *answer)
{
  for (const sdg_json *item = sdg_json_first(answer); item != NULL; item = sdg_json_next(item)) {
    const sdg_json *first = sdg_json_first(item);

    if (strcmp(sdg_json_name(item), "next") == 0) {
      (void)fprintf(stderr, "more: --after %s\n", sdg_json_string(item));
    } else if (sdg_json_type_of(item) == SDG_JSON_ARRAY && sdg_json_type_of(first) != SDG_JSON_STRING) {
      for (; first != NULL; first = sdg_json_next(first)) {
        print_line(first);
      }
    } else {
      (void)printf("%s=", sdg_json_name(item));
      print_value(item);
      (void)fputc('\n', stdout);
    }
  }
}

int admin_print_answer(const char *body, const char *shown, bool as_json)
{
  sdg_json *answer;

  if (as_json) {
    (void)fputs(body, stdout);
    return 0;
  }
  answer = parse(body);
  if (answer == NULL) {
    return 1;
  }
  if (shown != NULL) {
    (void)printf("%s\n", sdg_json_string(sdg_json_member(answer, shown)));
  } else {
    print_members(answer);
  }
  sdg_json_free(answer);
  return 0;
}

/* Lines below a line, as they are in the array. */
static void print_texts(const sdg_json *array, const char *mark)
{
  char text[1024];

  for (const sdg_json *item = sdg_json_first(array); item != NULL; item = sdg_json_next(item)) {
    sdg_text_escape(text, sizeof(text), sdg_bytes_str(sdg_json_string(item)));
    (void)printf("  %s %s\n", mark, text);
  }
}

static void print_checked(const sdg_json *row)
{
  for (const sdg_json *item = sdg_json_first(row); item != NULL; item = sdg_json_next(item)) {
    if (sdg_json_type_of(item) == SDG_JSON_STRING) {
      (void)printf("%s%s=", item == sdg_json_first(row) ? "" : " ", sdg_json_name(item));
      print_value(item);
    }
  }
  (void)fputc('\n', stdout);
  print_texts(sdg_json_member(row, "findings"), "!");
  print_texts(sdg_json_member(row, "add"), "+");
}

int admin_print_check(const char *body, bool as_json)
{
  sdg_json *answer = parse(body);
  int rc;

  if (answer == NULL) {
    return 1;
  }
  rc = sdg_json_int(sdg_json_member(answer, "wrong")) == 0 ? 0 : 3;
  if (as_json) {
    (void)fputs(body, stdout);
  } else {
    const sdg_json *row = sdg_json_first(sdg_json_member(answer, "names"));

    for (; row != NULL; row = sdg_json_next(row)) {
      print_checked(row);
    }
  }
  sdg_json_free(answer);
  return rc;
}

static const char *text_of(const sdg_json *object, const char *name)
{
  return sdg_json_string(sdg_json_member(object, name));
}

void admin_print_problem(const char *body, bool as_json)
{
  sdg_json *problem = NULL;
  const sdg_json *item;
  char text[1024];

  if (as_json) {
    (void)fputs(body != NULL ? body : "{}\n", stdout);
    return;
  }
  problem = parse(body);
  if (problem == NULL) {
    return;
  }
  sdg_text_escape(text, sizeof(text), sdg_bytes_str(text_of(problem, "detail")));
  (void)fprintf(stderr, "%s%s%s%s%s\n", text_of(problem, "title"), text[0] != '\0' ? ": " : "", text,
                text_of(problem, "place")[0] != '\0' ? " at " : "", text_of(problem, "place"));
  for (item = sdg_json_first(sdg_json_member(problem, "violations")); item != NULL; item = sdg_json_next(item)) {
    sdg_text_escape(text, sizeof(text), sdg_bytes_str(text_of(item, "expected")));
    (void)fprintf(stderr, "  %s: expected %s (rule %s)\n",
                  text_of(item, "place")[0] != '\0' ? text_of(item, "place") : "/", text, text_of(item, "rule"));
  }
  sdg_json_free(problem);
}

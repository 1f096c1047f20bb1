/* SPDX-License-Identifier: Apache-2.0 */
/* acme/problem_document.c -- problem documents on the wire. */
#include "acme/problem_document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"
#include "transport/http_message.h"

/* The member if it is a string; "" for everything else: readers of problems forgive. */
static const char *text_of(const sdg_json *tree, const char *name)
{
  return sdg_json_string(sdg_json_member(tree, name));
}

/* How a text comes in: a peer's is escaped; our own record's is so already, and escaping is not to be done twice. */
typedef void (*text_reader)(char *out, size_t size, const char *text);

static void read_peer(char *out, size_t size, const char *text)
{
  sdg_text_escape(out, size, sdg_bytes_str(text));
}

static void format_plain(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void format_plain(char *out, size_t size, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  sdg_text_format(out, size, format, args);
  va_end(args);
}

static void read_own(char *out, size_t size, const char *text)
{
  format_plain(out, size, "%s", text);
}

static void read_type(const sdg_json *tree, char *out, size_t size, stardeleg_acme_error *acme, text_reader read)
{
  const char *type = text_of(tree, "type");

  *acme = stardeleg_acme_error_from_urn(type);
  if (*acme != STARDELEG_ACME_NONE) {
    (void)snprintf(out, size, "%s", stardeleg_acme_error_urn(*acme));
  } else if (type[0] != '\0') {
    read(out, size, type);
  } else {
    (void)snprintf(out, size, "about:blank");
  }
}

static void read_subproblem(stardeleg_subproblem *out, const sdg_json *tree, text_reader read)
{
  const sdg_json *identifier = sdg_json_member(tree, "identifier");

  memset(out, 0, sizeof(*out));
  read_type(tree, out->type, sizeof(out->type), &out->acme, read);
  read(out->detail, sizeof(out->detail), text_of(tree, "detail"));
  read(out->identifier_type, sizeof(out->identifier_type), text_of(identifier, "type"));
  read(out->identifier_value, sizeof(out->identifier_value), text_of(identifier, "value"));
}

static void read_problem(stardeleg_problem *out, const sdg_json *tree, text_reader read)
{
  const sdg_json *list = sdg_json_member(tree, "subproblems");
  int64_t status = sdg_json_int(sdg_json_member(tree, "status"));
  const char *detail = text_of(tree, "detail");

  sdg_problem_clear(out);
  read_type(tree, out->type, sizeof(out->type), &out->acme, read);
  out->status = status >= 100 && status <= 599 ? (int)status : 0;
  read(out->detail, sizeof(out->detail), detail[0] != '\0' ? detail : text_of(tree, "title"));
  read(out->instance, sizeof(out->instance), text_of(tree, "instance"));
  if (sdg_json_type_of(list) != SDG_JSON_ARRAY) {
    return;
  }
  for (const sdg_json *item = sdg_json_first(list); item != NULL; item = sdg_json_next(item)) {
    if (out->subproblem_count == STARDELEG_PROBLEM_SUB_MAX) {
      out->subproblems_dropped++;
    } else {
      read_subproblem(&out->subproblems[out->subproblem_count++], item, read);
    }
  }
}

void sdg_problem_from_tree(stardeleg_problem *out, const sdg_json *tree)
{
  read_problem(out, tree, read_peer);
}

void sdg_problem_from_record(stardeleg_problem *out, const sdg_json *tree)
{
  int64_t dropped = sdg_json_int(sdg_json_member(tree, "dropped"));

  read_problem(out, tree, read_own);
  read_own(out->place, sizeof(out->place), text_of(tree, "place"));
  out->subproblems_dropped = dropped > 0 ? (size_t)dropped : 0;
  if (sdg_json_type_of(sdg_json_member(tree, "retryAt")) == SDG_JSON_INT) {
    out->retry_at = sdg_json_int(sdg_json_member(tree, "retryAt"));
  }
}

void sdg_problem_from_response(stardeleg_problem *out, const stardeleg_http_response *response, stardeleg_time now)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json *tree = NULL;

  /* A CA may have a hundred names to complain about; only the ceiling on bytes counts. */
  limits.items_max = limits.bytes_max;
  sdg_problem_clear(out);
  if (sdg_json_parse(&tree, response->body, &limits, NULL) == STARDELEG_OK &&
      sdg_json_type_of(tree) == SDG_JSON_OBJECT) {
    sdg_problem_from_tree(out, tree);
  } else {
    (void)snprintf(out->type, sizeof(out->type), "about:blank");
  }
  sdg_json_free(tree);
  out->status = response->status;
  if (out->detail[0] == '\0') {
    (void)snprintf(out->detail, sizeof(out->detail), "the server answered with HTTP status %d", response->status);
  }
  out->retry_at = sdg_http_retry_after(response, now, SDG_TIME_DAY);
}

static void write_subproblem(sdg_json_writer *w, const stardeleg_subproblem *sub)
{
  sdg_jw_object(w, NULL);
  sdg_jw_string(w, "type", sub->type);
  sdg_jw_string_opt(w, "detail", sub->detail);
  if (sub->identifier_type[0] != '\0') {
    sdg_jw_object(w, "identifier");
    sdg_jw_string(w, "type", sub->identifier_type);
    sdg_jw_string(w, "value", sub->identifier_value);
    sdg_jw_object_end(w);
  }
  sdg_jw_object_end(w);
}

static void write_subproblems(sdg_json_writer *w, const stardeleg_problem *problem)
{
  if (problem->subproblem_count == 0) {
    return;
  }
  sdg_jw_array(w, "subproblems");
  for (size_t i = 0; i < problem->subproblem_count; i++) {
    write_subproblem(w, &problem->subproblems[i]);
  }
  sdg_jw_array_end(w);
}

static void write_head(sdg_json_writer *w, const stardeleg_problem *problem, const char *detail)
{
  sdg_jw_string(w, "type", problem->type[0] != '\0' ? problem->type : "about:blank");
  sdg_jw_string_opt(w, "detail", detail);
  if (problem->status != 0) {
    sdg_jw_int(w, "status", problem->status);
  }
  sdg_jw_string_opt(w, "instance", problem->instance);
}

void sdg_problem_write(sdg_json_writer *w, const char *name, const stardeleg_problem *problem)
{
  char detail[STARDELEG_PROBLEM_DETAIL_SIZE + STARDELEG_PROBLEM_PLACE_SIZE + 8];
  bool is_placed = problem->detail[0] != '\0' && problem->place[0] != '\0';

  if (is_placed) {
    (void)snprintf(detail, sizeof(detail), "%s (at %s)", problem->detail, problem->place);
  }
  sdg_jw_object(w, name);
  write_head(w, problem, is_placed ? detail : problem->detail);
  write_subproblems(w, problem);
  sdg_jw_object_end(w);
}

void sdg_problem_write_record(sdg_json_writer *w, const char *name, const stardeleg_problem *problem)
{
  sdg_jw_object(w, name);
  write_head(w, problem, problem->detail);
  sdg_jw_string_opt(w, "place", problem->place);
  if (problem->retry_at != STARDELEG_TIME_NONE && problem->retry_at != STARDELEG_TIME_NEVER) {
    sdg_jw_int(w, "retryAt", problem->retry_at);
  }
  write_subproblems(w, problem);
  if (problem->subproblems_dropped > 0) {
    sdg_jw_int(w, "dropped", (int64_t)problem->subproblems_dropped);
  }
  sdg_jw_object_end(w);
}

stardeleg_err sdg_problem_to_tree(sdg_json **out, const stardeleg_problem *problem)
{
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err;

  sdg_buf_init(&text, 64u * 1024u);
  sdg_jw_init(&w, &text);
  sdg_problem_write(&w, NULL, problem);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = sdg_json_parse(out, sdg_buf_bytes(&text), NULL, NULL);
  }
  sdg_buf_clear(&text);
  return err;
}

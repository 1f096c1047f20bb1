/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_http.c -- finds the command, checks the body by the schema, writes the answer. */
#include "ido-server/admin_http.h"

#include <stdio.h>
#include <string.h>

#include "admin_schema.h"
#include "base/bytes.h"
#include "base/time.h"
#include "cddl/cddl.h"
#include "common/clock.h"
#include "ido-server/admin_call.h"

#define ANSWER_MAX ((size_t)16 * 1024 * 1024)
#define LIMIT_DEFAULT 100

static const struct {
  const char *name;
  admin_fn run;
} commands[] = {{"ndc-add", admin_ndc_add},
                {"ndc-key-add", admin_ndc_key_add},
                {"ndc-mac-key-add", admin_ndc_mac_key_add},
                {"ndc-mac-key-remove", admin_ndc_mac_key_remove},
                {"terms-agreed", admin_terms_agreed},
                {"ndc-default", admin_ndc_default},
                {"ndc-disable", admin_ndc_disable},
                {"ndc-remove", admin_ndc_remove},
                {"ndc-list", admin_ndc_list},
                {"ndc-show", admin_ndc_show},
                {"delegation-add", admin_delegation_add},
                {"delegation-change", admin_delegation_change},
                {"delegation-end", admin_delegation_end},
                {"delegation-list", admin_delegation_list},
                {"delegation-show", admin_delegation_show},
                {"inspect", admin_inspect},
                {"cname-list", admin_cname_list},
                {"cname-removed", admin_cname_removed},
                {"audit", admin_audit},
                {"check", admin_check}};

/* --- For the commands --- */

const char *admin_text(const admin_call *call, const char *name)
{
  const sdg_json *member = sdg_json_member(call->body, name);

  return sdg_json_type_of(member) == SDG_JSON_STRING ? sdg_json_string(member) : NULL;
}

int64_t admin_int(const admin_call *call, const char *name, int64_t otherwise)
{
  const sdg_json *member = sdg_json_member(call->body, name);

  return sdg_json_type_of(member) == SDG_JSON_INT ? sdg_json_int(member) : otherwise;
}

size_t admin_limit(const admin_call *call)
{
  return (size_t)admin_int(call, "limit", LIMIT_DEFAULT);
}

void admin_write_next(admin_call *call, size_t count, const char *last)
{
  if (count == admin_limit(call)) {
    sdg_jw_string(&call->w, "next", last);
  }
}

void admin_write_time(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  if (at != STARDELEG_TIME_NONE && at != STARDELEG_TIME_NEVER) {
    sdg_jw_time(w, name, at);
  }
}

/* --- Problems --- */

typedef struct answer {
  sdg_buf text;
  int status;
} answer;

/* RFC 9457; |more| of a problem is left open for its caller. */
static void begin_problem(answer *a, sdg_json_writer *w, int status, const char *title, const char *detail)
{
  sdg_buf_reset(&a->text);
  a->status = status;
  sdg_jw_init(w, &a->text);
  sdg_jw_object(w, NULL);
  sdg_jw_string(w, "type", "about:blank");
  sdg_jw_string(w, "title", title);
  sdg_jw_int(w, "status", status);
  sdg_jw_string_opt(w, "detail", detail);
}

static void refuse(answer *a, int status, const char *title, const char *detail)
{
  sdg_json_writer w;

  begin_problem(a, &w, status, title, detail);
  sdg_jw_object_end(&w);
}

static int status_of(stardeleg_err err)
{
  switch (err) {
  case STARDELEG_ERR_NOT_FOUND:
    return 404;
  case STARDELEG_ERR_EXISTS:
  case STARDELEG_ERR_STATE:
  case STARDELEG_ERR_CONFLICT:
    return 409;
  case STARDELEG_ERR_LIMIT:
    return 413;
  case STARDELEG_ERR_STORE:
  case STARDELEG_ERR_SECRETS:
  case STARDELEG_ERR_NOMEM:
  case STARDELEG_ERR_RANDOM:
  case STARDELEG_ERR_CRYPTO:
    return 503;
  default:
    return 400;
  }
}

static void refuse_err(answer *a, stardeleg_err err, const stardeleg_problem *problem)
{
  sdg_json_writer w;

  begin_problem(a, &w, status_of(err), stardeleg_strerror(err), problem->detail);
  sdg_jw_string_opt(&w, "place", problem->place);
  sdg_jw_object_end(&w);
}

/* --- The body --- */

static int write_violation(void *ctx, const sdg_cddl_finding *finding)
{
  sdg_json_writer *w = ctx;

  sdg_jw_object(w, NULL);
  sdg_jw_string(w, "place", finding->pointer);
  sdg_jw_string(w, "rule", finding->rule);
  sdg_jw_string(w, "expected", finding->expected);
  sdg_jw_object_end(w);
  return 0;
}

/* True if the body fits; else the answer tells each place and rule. */
static bool check_schema(answer *a, const char *command, const sdg_json *body)
{
  sdg_json_writer w;
  stardeleg_err err;

  begin_problem(a, &w, 400, "the request does not fit the schema", "");
  sdg_jw_array(&w, "violations");
  err = sdg_cddl_check(&ido_admin_schema, command, body, NULL, 0, write_violation, &w);
  if (err == STARDELEG_OK) {
    sdg_buf_reset(&a->text);
    a->status = 200;
    return true;
  }
  sdg_jw_array_end(&w);
  sdg_jw_object_end(&w);
  if (err != STARDELEG_ERR_MALFORMED) {
    refuse(a, status_of(err), stardeleg_strerror(err), "");
  }
  return false;
}

static sdg_json *parse_body(answer *a, stardeleg_bytes request)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json_fault fault;
  sdg_json *body = NULL;
  char detail[512];
  stardeleg_err err;

  limits.bytes_max = ADMIN_BODY_MAX;
  err = sdg_json_parse(&body, request.len > 0 ? request : SDG_BYTES_LITERAL("{}"), &limits, &fault);
  if (err == STARDELEG_ERR_NOMEM) {
    refuse(a, 503, stardeleg_strerror(err), "");
  } else if (err != STARDELEG_OK) {
    (void)snprintf(detail, sizeof(detail), "line %zu, column %zu, at \"%s\": %s", fault.line, fault.column,
                   fault.pointer, fault.reason);
    refuse(a, 400, "the request is not acceptable JSON", detail);
  }
  return body;
}

static void run(answer *a, stardeleg_ido *ido, size_t which, const sdg_json *body)
{
  admin_call call = {.ido = ido, .body = body, .now = clock_now(NULL)};
  stardeleg_err err;

  sdg_jw_init(&call.w, &a->text);
  sdg_jw_object(&call.w, NULL);
  err = commands[which].run(&call);
  sdg_jw_object_end(&call.w);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&a->text);
  }
  if (err != STARDELEG_OK) {
    refuse_err(a, err, &call.problem);
  }
}

static void dispatch(answer *a, stardeleg_ido *ido, stardeleg_bytes method, const char *target, stardeleg_bytes request)
{
  size_t which = 0;
  sdg_json *body;

  while (which < sizeof(commands) / sizeof(commands[0]) &&
         (target[0] != '/' || strcmp(commands[which].name, target + 1) != 0)) {
    which++;
  }
  if (which == sizeof(commands) / sizeof(commands[0])) {
    refuse(a, 404, "there is no such command", "");
    return;
  }
  if (!sdg_bytes_is(method, "POST")) {
    refuse(a, 405, "commands are POSTed", "");
    return;
  }
  body = parse_body(a, request);
  if (body != NULL && check_schema(a, commands[which].name, body)) {
    run(a, ido, which, body);
  }
  sdg_json_free(body);
}

int admin_answer(stardeleg_ido *ido, stardeleg_bytes method, const char *target, stardeleg_bytes request, char **body,
                 size_t *len)
{
  answer a = {.status = 503};

  *body = NULL;
  *len = 0;
  sdg_buf_init_secret(&a.text, ANSWER_MAX); /* it may be a MAC key */
  dispatch(&a, ido, method, target, request);
  sdg_buf_add_byte(&a.text, '\n');
  if (sdg_buf_take(&a.text, body, len) != STARDELEG_OK) {
    a.status = 503;
  }
  sdg_buf_clear(&a.text);
  return a.status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow_json.c -- an order under way as a record, and back. */
#include <string.h>

#include "acme/problem_document.h"
#include "acme_client/order_flow_internal.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"

/* What JSON takes for an exact integer (RFC 7493 2.2). */
#define EXACT_MAX (((int64_t)1 << 53) - 1)

static void write_time(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  if (at >= -EXACT_MAX && at <= EXACT_MAX) {
    sdg_jw_int(w, name, at);
  }
}

static bool has_problem(const stardeleg_problem *problem)
{
  return problem->status != 0 || problem->detail[0] != '\0' || problem->acme != STARDELEG_ACME_NONE ||
         strcmp(problem->type, "about:blank") != 0;
}

void sdg_order_flow_write(sdg_json_writer *w, const char *name, const sdg_order_flow *flow)
{
  sdg_jw_object(w, name);
  sdg_jw_string(w, "state", sdg_flow_state_name(flow->state));
  sdg_jw_string(w, "newOrder", flow->new_order);
  sdg_jw_string_opt(w, "csr", flow->csr);
  sdg_jw_string_opt(w, "orderUrl", flow->order_url);
  if (flow->has_order) {
    sdg_acme_order_write(w, "order", &flow->order);
  }
  sdg_jw_int(w, "authorization", (int64_t)flow->authz_index);
  sdg_jw_string_opt(w, "challengeUrl", flow->challenge_url);
  sdg_jw_string_opt(w, "challengeType", flow->challenge_type);
  if (flow->challenge_token != NULL) {
    sdg_jw_string(w, "challengeToken", flow->challenge_token); /* "" for those without one */
  }
  sdg_jw_string_opt(w, "challengeIssuer", flow->challenge_issuer);
  if (flow->challenge_wildcard) {
    sdg_jw_bool(w, "challengeWildcard", true);
  }
  if (flow->answers != 0) {
    sdg_jw_int(w, "answers", (int64_t)flow->answers);
  }
  if (flow->failed_types != 0) {
    sdg_jw_int(w, "failedTypes", (int64_t)flow->failed_types);
  }
  sdg_jw_string_opt(w, "challengeName", flow->challenge_name);
  sdg_jw_string_opt(w, "challengeNameType", flow->challenge_name_type);
  write_time(w, "waitUntil", flow->wait_until);
  write_time(w, "deadline", flow->deadline);
  sdg_jw_int(w, "tries", (int64_t)flow->tries);
  sdg_jw_int(w, "finalizes", (int64_t)flow->finalizes);
  sdg_jw_int(w, "unreadable", (int64_t)flow->unreadable);
  sdg_jw_bool(w, "cancel", flow->cancel_wanted);
  sdg_gone_write(w, &flow->gone);
  if (flow->replaces_refused) {
    sdg_jw_bool(w, "replacesRefused", true);
  }
  if (has_problem(&flow->problem)) {
    sdg_problem_write_record(w, "problem", &flow->problem);
  }
  sdg_jw_object_end(w);
}

static stardeleg_err read_state(sdg_order_flow *flow, const sdg_json *tree)
{
  const char *name = NULL;
  stardeleg_err err = sdg_json_get_string(&name, tree, "state", SDG_JSON_REQUIRED, NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  for (int state = SDG_FLOW_NEW; state <= SDG_FLOW_FAILED; state++) {
    if (strcmp(sdg_flow_state_name((sdg_flow_state)state), name) == 0) {
      flow->state = (sdg_flow_state)state;
      return STARDELEG_OK;
    }
  }
  return STARDELEG_ERR_MALFORMED;
}

static stardeleg_err read_text(char **out, const sdg_json *tree, const char *name)
{
  const char *text = NULL;
  stardeleg_err err = sdg_json_get_string(&text, tree, name, SDG_JSON_OPTIONAL, NULL);

  if (err != STARDELEG_OK || text == NULL) {
    return err;
  }
  *out = sdg_strdup(text);
  return *out != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

static stardeleg_err read_numbers(sdg_order_flow *flow, const sdg_json *tree)
{
  int64_t authz = 0;
  int64_t tries = 0;
  int64_t finalizes = 0;
  int64_t unreadable = 0;
  int64_t failed_types = 0;
  int64_t answers = 0;
  stardeleg_err err;

  err = sdg_json_get_int(&authz, tree, "authorization", SDG_JSON_REQUIRED, 0, 100000, NULL);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&tries, tree, "tries", SDG_JSON_REQUIRED, 0, UINT32_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&finalizes, tree, "finalizes", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&unreadable, tree, "unreadable", SDG_JSON_OPTIONAL, 0, UINT32_MAX - 1, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&flow->wait_until, tree, "waitUntil", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&flow->deadline, tree, "deadline", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&flow->cancel_wanted, tree, "cancel", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&failed_types, tree, "failedTypes", SDG_JSON_OPTIONAL, 0, 255, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&flow->challenge_wildcard, tree, "challengeWildcard", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&answers, tree, "answers", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);
  }
  flow->failed_types = (unsigned)failed_types;
  flow->answers = (uint32_t)answers;
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&flow->replaces_refused, tree, "replacesRefused", SDG_JSON_OPTIONAL, NULL);
  }
  flow->authz_index = (size_t)authz;
  flow->tries = (uint32_t)tries;
  flow->finalizes = (uint32_t)finalizes;
  flow->unreadable = (uint32_t)unreadable;
  return err;
}

static stardeleg_err read_texts(sdg_order_flow *flow, const sdg_json *tree)
{
  const struct {
    char **out;
    const char *name;
  } texts[] = {{&flow->csr, "csr"},
               {&flow->order_url, "orderUrl"},
               {&flow->challenge_url, "challengeUrl"},
               {&flow->challenge_type, "challengeType"},
               {&flow->challenge_token, "challengeToken"},
               {&flow->challenge_issuer, "challengeIssuer"},
               {&flow->challenge_name, "challengeName"},
               {&flow->challenge_name_type, "challengeNameType"}};

  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    stardeleg_err err = read_text(texts[i].out, tree, texts[i].name);

    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return STARDELEG_OK;
}

static bool has_answer(const sdg_order_flow *flow)
{
  if (strcmp(flow->challenge_type, "dns-persist-01") == 0) {
    return flow->challenge_issuer != NULL;
  }
  return sdg_base64url_is_text(sdg_bytes_str(flow->challenge_token));
}

/* True if there is what the state works with: a record that was spoiled is refused here, not met half-way. */
static bool is_whole(const sdg_order_flow *flow)
{
  switch (flow->state) {
  case SDG_FLOW_CHALLENGE:
    if (flow->challenge_url == NULL || flow->challenge_type == NULL || flow->challenge_token == NULL ||
        flow->challenge_name == NULL || !has_answer(flow)) {
      return false;
    }
    return flow->has_order && flow->order_url != NULL && flow->authz_index < flow->order.authorization_count;
  case SDG_FLOW_AUTHZ:
  case SDG_FLOW_AUTHZ_POLL:
    return flow->has_order && flow->order_url != NULL && flow->authz_index < flow->order.authorization_count;
  case SDG_FLOW_FINALIZE:
  case SDG_FLOW_VALID:
    return flow->has_order && flow->order_url != NULL;
  case SDG_FLOW_READY_POLL:
  case SDG_FLOW_POLL:
  case SDG_FLOW_CANCEL:
  case SDG_FLOW_CANCEL_LOOK:
    return flow->order_url != NULL;
  default:
    return true;
  }
}

stardeleg_err sdg_order_flow_read(sdg_order_flow *out, const sdg_json *tree)
{
  sdg_order_flow flow;
  const char *new_order = NULL;
  const sdg_json *order = NULL;
  stardeleg_err err = sdg_json_get_string(&new_order, tree, "newOrder", SDG_JSON_REQUIRED, NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_order_flow_init(&flow, new_order);
  if (err == STARDELEG_OK) {
    err = read_state(&flow, tree);
  }
  if (err == STARDELEG_OK) {
    err = read_texts(&flow, tree);
  }
  if (err == STARDELEG_OK) {
    err = read_numbers(&flow, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_gone_read(&flow.gone, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&order, tree, "order", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && order != NULL) {
    err = sdg_acme_order_from_tree(&flow.order, order, NULL);
    flow.has_order = err == STARDELEG_OK;
  }
  if (err == STARDELEG_OK && sdg_json_member(tree, "problem") != NULL) {
    sdg_problem_from_record(&flow.problem, sdg_json_member(tree, "problem"));
  }
  if (err == STARDELEG_OK && !is_whole(&flow)) {
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err != STARDELEG_OK) {
    sdg_order_flow_clear(&flow);
    return err;
  }
  *out = flow;
  return STARDELEG_OK;
}

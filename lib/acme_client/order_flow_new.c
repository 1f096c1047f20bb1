/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow_new.c -- newOrder and its answer (RFC 8555 7.4, RFC 9773 5). */
#include "acme_client/order_flow_internal.h"

#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"

/* The payload without "replaces". */
static stardeleg_err write_without_replaces(sdg_buf *out, const sdg_json *tree)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  for (const sdg_json *member = sdg_json_first(tree); member != NULL; member = sdg_json_next(member)) {
    if (strcmp(sdg_json_name(member), "replaces") != 0) {
      sdg_jw_tree(&w, sdg_json_name(member), member);
    }
  }
  sdg_jw_object_end(&w);
  return sdg_buf_error(out);
}

/* The profiles draft, section 4: what the directory does not list is not asked for. */
static bool is_profile_offered(const sdg_order_flow *flow, const sdg_acme_directory *directory, const sdg_json *tree)
{
  const sdg_json *profile = sdg_json_member(tree, "profile");

  return profile == NULL || flow->any_profile ||
         sdg_acme_directory_has_profile(directory, sdg_json_string(profile));
}

static stardeleg_err write_new_order(const sdg_order_flow *flow, const sdg_acme_directory *directory,
                                     const sdg_json *tree, sdg_buf *out)
{
  /* RFC 9773 5: not "if the ACME server has not indicated that it supports this protocol". */
  if (sdg_json_member(tree, "replaces") != NULL && (flow->replaces_refused || directory->renewal_info == NULL)) {
    return write_without_replaces(out, tree);
  }
  sdg_buf_add_str(out, flow->new_order);
  return STARDELEG_OK;
}

stardeleg_err sdg_flow_ask_new(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  const sdg_acme_directory *directory = sdg_session_directory(session);
  sdg_flow_turn turn = {.session = session, .now = now};
  sdg_json *tree = NULL;
  stardeleg_err err;

  if (directory == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  err = sdg_json_parse(&tree, sdg_bytes_str(flow->new_order), NULL, NULL);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (is_profile_offered(flow, directory, tree)) {
    step->kind = SDG_STEP_POST;
    step->url = directory->new_order;
    err = write_new_order(flow, directory, tree, step->payload);
  } else {
    sdg_flow_fail_text(flow, &turn, STARDELEG_ACME_INVALID_PROFILE, "the CA does not offer the profile");
    step->at = STARDELEG_TIME_NEVER;
  }
  sdg_json_free(tree);
  return err;
}

/* The order's URL, NULL if there is none that may be used. */
static stardeleg_err read_location(char **out, sdg_flow_turn *turn)
{
  sdg_buf location;
  char *url = NULL;
  stardeleg_err err;

  sdg_buf_init(&location, 2048);
  err = sdg_result_location(&location, turn->result);
  if (err == STARDELEG_OK) {
    err = sdg_buf_take(&location, &url, NULL);
  }
  sdg_buf_clear(&location);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err == STARDELEG_OK && sdg_session_check_url(turn->session, url) == STARDELEG_OK) {
    *out = url;
  } else {
    sdg_free(url);
  }
  return STARDELEG_OK;
}

/* The profiles draft, section 4: a server shows the profile that it has chosen. */
static bool has_profile(const sdg_order_flow *flow, const sdg_json *wanted)
{
  return wanted == NULL ||
         (flow->order.profile != NULL && strcmp(flow->order.profile, sdg_json_string(wanted)) == 0);
}

/* RFC 8555 7.4: the server must not make another order of ours than the one we asked for. */
stardeleg_err sdg_flow_compare(const sdg_order_flow *flow, stardeleg_problem *problem)
{
  sdg_identifiers wanted = {NULL, 0};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_json_parse(&tree, sdg_bytes_str(flow->new_order), NULL, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_identifiers_parse(&wanted, sdg_json_member(tree, "identifiers"), NULL);
  }
  if (err == STARDELEG_OK && !sdg_identifiers_same_set(&wanted, &flow->order.identifiers)) {
    sdg_problem_set(problem, STARDELEG_ACME_NONE, "the server made an order for other identifiers");
    err = STARDELEG_ERR_PROTOCOL;
  }
  if (err == STARDELEG_OK && !has_profile(flow, sdg_json_member(tree, "profile"))) {
    sdg_problem_set(problem, STARDELEG_ACME_INVALID_PROFILE, "the server made an order of another profile");
    err = STARDELEG_ERR_PROTOCOL;
  }
  sdg_json_free(tree);
  sdg_identifiers_clear(&wanted);
  return err == STARDELEG_ERR_PROTOCOL || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK;
}

/* RFC 9773 5: a refusal that may be due to "replaces" (the server "SHOULD check" account, names and whether it has been
 * replaced before) must not cost the certificate. */
static bool is_about_replaces(const sdg_result *result)
{
  stardeleg_acme_error acme = result->problem->acme;

  return result->status == 409 || result->status == 404 || acme == STARDELEG_ACME_ALREADY_REPLACED ||
         acme == STARDELEG_ACME_MALFORMED || acme == STARDELEG_ACME_UNAUTHORIZED;
}

static bool has_sent_replaces(const sdg_order_flow *flow, const sdg_flow_turn *turn)
{
  const sdg_acme_directory *directory = sdg_session_directory(turn->session);
  sdg_json *tree = NULL;
  bool has;

  if (flow->replaces_refused || directory == NULL || directory->renewal_info == NULL ||
      sdg_json_parse(&tree, sdg_bytes_str(flow->new_order), NULL, NULL) != STARDELEG_OK) {
    return false;
  }
  has = sdg_json_member(tree, "replaces") != NULL;
  sdg_json_free(tree);
  return has;
}

static stardeleg_err take_refusal(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  if (turn->result->err == STARDELEG_ERR_PROBLEM && is_about_replaces(turn->result) && has_sent_replaces(flow, turn)) {
    flow->replaces_refused = true; /* once: there is nothing left to take away */
    turn->change = SDG_FLOW_MOVED;
    return STARDELEG_OK;
  }
  if (turn->result->status == 404 || turn->result->status == 410) {
    sdg_session_refresh(turn->session); /* the resource may have moved: the next order is to find it */
  }
  sdg_flow_fail(flow, turn, turn->result->problem);
  return STARDELEG_OK;
}

stardeleg_err sdg_flow_take_new(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  stardeleg_problem problem;
  char *url = NULL;
  stardeleg_err err;

  if (turn->result->err != STARDELEG_OK) {
    return take_refusal(flow, turn);
  }
  err = read_location(&url, turn);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (url == NULL) {
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "newOrder was answered without a usable Location");
    return STARDELEG_OK;
  }
  err = sdg_flow_keep_order(flow, turn, &problem);
  if (err == STARDELEG_OK) {
    err = sdg_flow_compare(flow, &problem);
  }
  if (err == STARDELEG_ERR_NOMEM) {
    sdg_free(url);
    return err;
  }
  sdg_free(flow->order_url);
  flow->order_url = url;
  if (err == STARDELEG_ERR_PROTOCOL) {
    return sdg_flow_take_unreadable(flow, turn, err, &problem);
  }
  if (err != STARDELEG_OK) {
    sdg_flow_enter(flow, turn, SDG_FLOW_READY_POLL); /* the order is there; its own URL will tell */
    return STARDELEG_OK;
  }
  sdg_flow_follow_status(flow, turn);
  return STARDELEG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/revoke.c -- revocation of one certificate. */
#include "acme_client/revoke.h"

#include <string.h>

#include "acme/problem_document.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "json/json_write.h"

#define CERTIFICATE_TEXT_MAX (128u * 1024u)

/* RFC 5280 5.3.1: 0 to 10 without 7. */
static bool is_reason(int reason)
{
  return reason == SDG_REVOKE_NO_REASON || (reason >= 0 && reason <= 10 && reason != 7);
}

stardeleg_err sdg_revoke_init(sdg_revoke *revoke, stardeleg_bytes der, int reason, stardeleg_key *key)
{
  sdg_buf text;
  stardeleg_err err;

  memset(revoke, 0, sizeof(*revoke));
  sdg_errand_init(&revoke->errand);
  if (!is_reason(reason) || der.len == 0) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_buf_init(&text, CERTIFICATE_TEXT_MAX);
  sdg_base64url_write(&text, der);
  err = sdg_buf_take(&text, &revoke->certificate, NULL);
  sdg_buf_clear(&text);
  if (err != STARDELEG_OK) {
    return err;
  }
  revoke->reason = reason;
  revoke->by_key = key != NULL;
  revoke->key = stardeleg_key_ref(key);
  return STARDELEG_OK;
}

void sdg_revoke_clear(sdg_revoke *revoke)
{
  sdg_free(revoke->certificate);
  stardeleg_key_free(revoke->key);
  memset(revoke, 0, sizeof(*revoke));
}

stardeleg_err sdg_revoke_ask(sdg_revoke *revoke, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  const sdg_acme_directory *directory = sdg_session_directory(session);
  sdg_json_writer w;

  if (sdg_errand_waits(&revoke->errand, step, now)) {
    return STARDELEG_OK;
  }
  if (directory == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  if (directory->revoke_cert == NULL) {
    sdg_errand_fail_text(&revoke->errand, STARDELEG_ACME_NONE, "the CA offers no revocation");
  }
  if (directory->revoke_cert == NULL || (revoke->by_key && revoke->key == NULL)) {
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_POST;
  step->url = directory->revoke_cert;
  step->signer = revoke->key;
  sdg_jw_init(&w, step->payload);
  sdg_jw_object(&w, NULL);
  sdg_jw_string(&w, "certificate", revoke->certificate);
  if (revoke->reason != SDG_REVOKE_NO_REASON) {
    sdg_jw_int(&w, "reason", revoke->reason);
  }
  sdg_jw_object_end(&w);
  return STARDELEG_OK;
}

stardeleg_err sdg_revoke_take(sdg_revoke *revoke, sdg_session *session, sdg_agent *agent, const sdg_result *result,
                              stardeleg_time now)
{
  if (result->err == STARDELEG_OK) {
    sdg_errand_done(&revoke->errand);
    return STARDELEG_OK;
  }
  if (sdg_errand_retries(&revoke->errand, agent, result, now)) {
    return STARDELEG_OK;
  }
  if (sdg_problem_is(result->problem, STARDELEG_ACME_ALREADY_REVOKED)) {
    sdg_errand_done(&revoke->errand); /* by a request whose answer was lost, or by somebody else: it is what we want */
    return STARDELEG_OK;
  }
  if (result->status == 404 || result->status == 410) {
    sdg_session_refresh(session);
    if (!revoke->looked_up) { /* it may have moved: once more, where the directory says */
      revoke->looked_up = true;
      sdg_errand_again(&revoke->errand, agent, result, result->problem, now);
      return STARDELEG_OK;
    }
    revoke->looked_up = false;
  }
  sdg_errand_fail(&revoke->errand, result->problem);
  return STARDELEG_OK;
}

/* --- As a record --- */

static const char *const state_names[] = {"open", "done", "failed"};

void sdg_revoke_write(sdg_json_writer *w, const char *name, const sdg_revoke *revoke)
{
  sdg_jw_object(w, name);
  sdg_jw_string(w, "state", state_names[revoke->errand.state]);
  sdg_jw_string(w, "certificate", revoke->certificate);
  if (revoke->reason != SDG_REVOKE_NO_REASON) {
    sdg_jw_int(w, "reason", revoke->reason);
  }
  sdg_jw_bool(w, "byKey", revoke->by_key);
  sdg_jw_int(w, "tries", (int64_t)revoke->errand.tries);
  if (revoke->errand.wait_until != STARDELEG_TIME_NONE) {
    sdg_jw_int(w, "waitUntil", revoke->errand.wait_until);
  }
  if (revoke->errand.problem.detail[0] != '\0') {
    sdg_problem_write_record(w, "problem", &revoke->errand.problem);
  }
  sdg_jw_object_end(w);
}

static stardeleg_err read_state(sdg_revoke *out, const sdg_json *tree)
{
  const char *state = NULL;
  const char *certificate = NULL;
  stardeleg_err err = sdg_json_get_string(&state, tree, "state", SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&certificate, tree, "certificate", SDG_JSON_REQUIRED, NULL);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  for (int i = 0; i < 3; i++) {
    if (strcmp(state, state_names[i]) == 0 && sdg_base64url_is_text(sdg_bytes_str(certificate))) {
      out->errand.state = (sdg_errand_state)i;
      out->certificate = sdg_strdup(certificate);
      return out->certificate != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    }
  }
  return STARDELEG_ERR_MALFORMED;
}

stardeleg_err sdg_revoke_read(sdg_revoke *out, const sdg_json *tree)
{
  sdg_revoke revoke;
  int64_t reason = SDG_REVOKE_NO_REASON;
  int64_t tries = 0;
  stardeleg_err err;

  memset(&revoke, 0, sizeof(revoke));
  sdg_errand_init(&revoke.errand);
  err = read_state(&revoke, tree);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&reason, tree, "reason", SDG_JSON_OPTIONAL, 0, 10, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&revoke.by_key, tree, "byKey", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&tries, tree, "tries", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&revoke.errand.wait_until, tree, "waitUntil", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK && sdg_json_member(tree, "problem") != NULL) {
    sdg_problem_from_record(&revoke.errand.problem, sdg_json_member(tree, "problem"));
  }
  revoke.reason = (int)reason;
  revoke.errand.tries = (uint32_t)tries;
  if (err == STARDELEG_OK && !is_reason(revoke.reason)) {
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err != STARDELEG_OK) {
    sdg_revoke_clear(&revoke);
    return err;
  }
  *out = revoke;
  return STARDELEG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/account_errand.c -- requests about an account and its authorizations. */
#include "acme_client/account_errand.h"

#include <string.h>

#include "acme/problem_document.h"
#include "base/mem.h"
#include "base/problem.h"
#include "json/json_write.h"

static stardeleg_err write_contacts(sdg_buf *out, const char *const *contacts, stardeleg_problem *problem)
{
  sdg_json_writer w;
  stardeleg_err err;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_array(&w, "contact");
  for (size_t i = 0; contacts != NULL && contacts[i] != NULL; i++) {
    if (i >= SDG_CONTACTS_MAX) {
      return STARDELEG_ERR_ARGUMENT;
    }
    err = sdg_acme_contact_check(contacts[i], problem);
    if (err != STARDELEG_OK) {
      return err;
    }
    sdg_jw_string(&w, NULL, contacts[i]);
  }
  sdg_jw_array_end(&w);
  sdg_jw_object_end(&w);
  return sdg_buf_error(out);
}

static stardeleg_err write_payload(sdg_buf *out, sdg_account_task task, const char *const *contacts,
                                   stardeleg_problem *problem)
{
  switch (task) {
  case SDG_ACCOUNT_UPDATE:
    return write_contacts(out, contacts, problem);
  case SDG_ACCOUNT_AGREE:
    sdg_buf_add_str(out, "{\"termsOfServiceAgreed\":true}");
    break;
  case SDG_ACCOUNT_DEACTIVATE:
  case SDG_AUTHORIZATION_DEACTIVATE:
    sdg_buf_add_str(out, "{\"status\":\"deactivated\"}");
    break;
  default:
    break;
  }
  return sdg_buf_error(out);
}

stardeleg_err sdg_account_errand_init(sdg_account_errand *errand, sdg_account_task task, const char *const *contacts,
                                      const char *url, stardeleg_problem *problem)
{
  sdg_buf payload;
  stardeleg_err err;

  memset(errand, 0, sizeof(*errand));
  sdg_errand_init(&errand->errand);
  errand->task = task;
  if ((task == SDG_AUTHORIZATION_DEACTIVATE) != (url != NULL)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_buf_init(&payload, 16384);
  err = write_payload(&payload, task, contacts, problem);
  if (err == STARDELEG_OK && payload.len > 0) {
    err = sdg_buf_take(&payload, &errand->payload, NULL);
  }
  sdg_buf_clear(&payload);
  if (err == STARDELEG_OK && url != NULL) {
    errand->url = sdg_strdup(url);
    err = errand->url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  if (err != STARDELEG_OK) {
    sdg_account_errand_clear(errand);
  }
  return err;
}

void sdg_account_errand_clear(sdg_account_errand *errand)
{
  sdg_free(errand->payload);
  sdg_free(errand->url);
  sdg_acme_account_clear(&errand->account);
  memset(errand, 0, sizeof(*errand));
}

stardeleg_err sdg_account_errand_ask(sdg_account_errand *errand, sdg_session *session, sdg_step *step,
                                     stardeleg_time now)
{
  if (sdg_errand_waits(&errand->errand, step, now)) {
    return STARDELEG_OK;
  }
  if (sdg_session_kid(session) == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  step->kind = errand->payload != NULL ? SDG_STEP_POST : SDG_STEP_FETCH;
  step->url = errand->url != NULL ? errand->url : sdg_session_kid(session);
  if (errand->payload != NULL) {
    sdg_buf_add_str(step->payload, errand->payload);
  }
  return STARDELEG_OK;
}

static bool is_deactivation(const sdg_account_errand *errand)
{
  return errand->task == SDG_ACCOUNT_DEACTIVATE || errand->task == SDG_AUTHORIZATION_DEACTIVATE;
}

/* The answer to a deactivation proves itself by its status; what else it holds does not matter. */
static stardeleg_err take_account(sdg_account_errand *errand, const sdg_result *result)
{
  sdg_acme_account account;
  stardeleg_problem problem;
  stardeleg_err err;

  if (is_deactivation(errand)) {
    sdg_errand_done(&errand->errand);
    return STARDELEG_OK;
  }
  err = sdg_acme_account_parse(&account, result->response->body, &problem);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err == STARDELEG_OK) {
    sdg_acme_account_clear(&errand->account);
    errand->account = account;
    errand->has_account = true;
    if (errand->task == SDG_ACCOUNT_FETCH && account.status != SDG_ACCOUNT_VALID) {
      sdg_errand_fail_text(&errand->errand, STARDELEG_ACME_UNAUTHORIZED, "the account is not valid any more");
      return STARDELEG_OK;
    }
  } else if (errand->task == SDG_ACCOUNT_FETCH) {
    problem.status = 0;
    sdg_errand_fail(&errand->errand, &problem);
    return STARDELEG_OK;
  }
  sdg_errand_done(&errand->errand); /* a 2xx means that it was taken, whatever the body shows (T-60) */
  return STARDELEG_OK;
}

/* RFC 8555 7.3.6: requests of a deactivated account are answered "unauthorized": the sign that a request whose answer
 * was lost has done its work.  An authorization that is gone cannot be given up any more either. */
static bool has_been_deactivated(const sdg_account_errand *errand, const sdg_result *result)
{
  if (errand->task == SDG_AUTHORIZATION_DEACTIVATE) {
    return result->status == 404 || result->status == 410;
  }
  return errand->task == SDG_ACCOUNT_DEACTIVATE && errand->sent &&
         (sdg_problem_is(result->problem, STARDELEG_ACME_UNAUTHORIZED) ||
          sdg_problem_is(result->problem, STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST));
}

stardeleg_err sdg_account_errand_take(sdg_account_errand *errand, sdg_agent *agent, const sdg_result *result,
                                      stardeleg_time now)
{
  if (result->err == STARDELEG_OK) {
    return take_account(errand, result);
  }
  if (sdg_errand_retries(&errand->errand, agent, result, now)) {
    errand->sent = true;
  } else if (has_been_deactivated(errand, result)) {
    sdg_errand_done(&errand->errand);
  } else {
    sdg_errand_fail(&errand->errand, result->problem);
  }
  return STARDELEG_OK;
}

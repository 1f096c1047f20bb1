/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow_challenge.c -- a challenge and the solver that makes its answer visible (RFC 8555 8). */
#include "acme_client/order_flow_internal.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "jose/jwk.h"

/* Everything the solver may need; |texts| own what |challenge| points to. */
static stardeleg_err describe_challenge(const sdg_order_flow *flow, sdg_session *session, sdg_buf texts[2],
                                        stardeleg_challenge *challenge)
{
  const stardeleg_crypto *crypto = sdg_key_crypto(sdg_session_key(session));
  uint8_t digest[STARDELEG_HASH_MAX];
  stardeleg_bytes piece;
  stardeleg_err err;

  err = sdg_jwk_key_authorization(&texts[0], crypto, sdg_bytes_str(flow->challenge_token),
                                  stardeleg_key_spki(sdg_session_key(session)));
  if (err != STARDELEG_OK) {
    return err;
  }
  piece = sdg_buf_bytes(&texts[0]);
  err = sdg_hash(crypto, STARDELEG_HASH_SHA256, &piece, 1, digest);
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_base64url_write(&texts[1], sdg_bytes(digest, 32));
  challenge->type = flow->challenge_type;
  challenge->identifier_type = flow->challenge_name_type != NULL ? flow->challenge_name_type : "dns";
  challenge->identifier = flow->challenge_name;
  challenge->token = flow->challenge_token;
  challenge->key_authorization = sdg_buf_str(&texts[0]);
  challenge->dns_value = sdg_buf_str(&texts[1]);
  return sdg_buf_error(&texts[1]);
}

void sdg_flow_clear_challenge(sdg_order_flow *flow)
{
  sdg_free(flow->challenge_url);
  sdg_free(flow->challenge_type);
  sdg_free(flow->challenge_token);
  sdg_free(flow->challenge_name);
  sdg_free(flow->challenge_name_type);
  flow->challenge_url = NULL;
  flow->challenge_type = NULL;
  flow->challenge_token = NULL;
  flow->challenge_name = NULL;
  flow->challenge_name_type = NULL;
}

void sdg_flow_drop_challenge(sdg_order_flow *flow, sdg_session *session)
{
  sdg_buf texts[2];
  stardeleg_challenge challenge = {0};

  if (flow->challenge_token != NULL && flow->solver != NULL && flow->solver->cleanup != NULL) {
    sdg_buf_init(&texts[0], 1024);
    sdg_buf_init(&texts[1], 64);
    if (describe_challenge(flow, session, texts, &challenge) == STARDELEG_OK) {
      flow->solver->cleanup(flow->solver->ctx, &challenge);
    }
    sdg_buf_clear(&texts[0]);
    sdg_buf_clear(&texts[1]);
  }
  sdg_flow_clear_challenge(flow);
}

static stardeleg_err present(const sdg_order_flow *flow, sdg_session *session, stardeleg_time now,
                             stardeleg_time *ready_at)
{
  sdg_buf texts[2];
  stardeleg_challenge challenge = {0};
  stardeleg_err err;

  sdg_buf_init(&texts[0], 1024);
  sdg_buf_init(&texts[1], 64);
  err = describe_challenge(flow, session, texts, &challenge);
  if (err == STARDELEG_OK) {
    err = flow->solver->present(flow->solver->ctx, &challenge, now, ready_at);
  }
  sdg_buf_clear(&texts[0]);
  sdg_buf_clear(&texts[1]);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOMEM) {
    return STARDELEG_ERR_CALLBACK;
  }
  return err;
}

stardeleg_err sdg_flow_ask_challenge(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  sdg_flow_turn turn = {.session = session, .now = now};
  stardeleg_time ready_at = now;
  stardeleg_err err;

  if (flow->deadline != STARDELEG_TIME_NONE && now > flow->deadline) {
    if (flow->problem.detail[0] != '\0') {
      sdg_flow_fail(flow, &turn, &flow->problem);
    } else {
      sdg_flow_fail_text(flow, &turn, STARDELEG_ACME_NONE, "the answer to the challenge was not visible in time");
    }
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  if (flow->solver == NULL) {
    sdg_flow_fail_text(flow, &turn, STARDELEG_ACME_NONE, "there is no solver for the challenge");
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  err = present(flow, session, now, &ready_at);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (ready_at > now) {
    step->at =
        flow->deadline != STARDELEG_TIME_NONE ? sdg_time_min(ready_at, sdg_time_add(flow->deadline, 1)) : ready_at;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_POST;
  step->url = flow->challenge_url;
  sdg_buf_add_str(step->payload, "{}"); /* RFC 8555 7.5.1, erratum 5729 */
  return STARDELEG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow_challenge.c -- choosing a challenge, and the solver that meets it (RFC 8555 8). */
#include "acme_client/order_flow_internal.h"

#include <stddef.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/time.h"
#include "jose/jwk.h"

#define PERSIST "dns-persist-01"
#define ACCOUNT_LABEL_LEN 10u
/* One character-string of a TXT record (RFC 1035 3.3). */
#define RECORD_MAX 255u

static const char *const types[] = {"http-01", "dns-01", "tls-alpn-01", "dns-account-01", PERSIST};
#define TYPES (sizeof(types) / sizeof(types[0]))

static unsigned type_bit(const char *type)
{
  for (unsigned i = 0; i < TYPES; i++) {
    if (strcmp(types[i], type) == 0) {
      return 1u << i;
    }
  }
  return 1u << TYPES;
}

void sdg_flow_blame_challenge(sdg_order_flow *flow)
{
  if (flow->challenge_type != NULL) {
    flow->failed_types |= type_bit(flow->challenge_type);
  }
}

/* --- Choosing --- */

/* The name that goes into the record of dns-persist-01; NULL if there is none that could. */
static const char *issuer_of(const sdg_acme_challenge *challenge)
{
  for (size_t i = 0; i < challenge->issuer_count; i++) {
    if (sdg_name_check_dns(sdg_bytes_str(challenge->issuers[i]), 0) == SDG_NAME_OK) {
      return challenge->issuers[i];
    }
  }
  return NULL;
}

/* How much it is wanted; 0: not at all. */
static int64_t rank_of(const sdg_order_flow *flow, const sdg_session *session, const sdg_acme_authorization *authz,
                       const sdg_acme_challenge *challenge)
{
  bool by_http = strcmp(challenge->type, "http-01") == 0 || strcmp(challenge->type, "tls-alpn-01") == 0;
  int64_t wish;

  if (flow->solver == NULL || challenge->status == SDG_CHALLENGE_INVALID ||
      sdg_session_check_url(session, challenge->url) != STARDELEG_OK) {
    return 0;
  }
  if (strcmp(challenge->type, PERSIST) == 0 ? issuer_of(challenge) == NULL : challenge->token == NULL) {
    return 0;
  }
  if (authz->wildcard && by_http) {
    return 0; /* RFC 8555 8.3, RFC 8737 3: no host answers for a wildcard */
  }
  wish = (int64_t)(unsigned)flow->solver->can_solve(flow->solver->ctx, challenge->type, authz->identifier.type);
  if (wish != 0 && (flow->failed_types & type_bit(challenge->type)) == 0) {
    wish += (int64_t)1 << 32;
  }
  return wish;
}

const sdg_acme_challenge *sdg_flow_choose(const sdg_order_flow *flow, const sdg_session *session,
                                          const sdg_acme_authorization *authz)
{
  const sdg_acme_challenge *chosen = NULL;
  int64_t best = 0;

  for (size_t i = 0; i < authz->challenge_count; i++) {
    int64_t rank = rank_of(flow, session, authz, &authz->challenges[i]);

    if (rank > best) {
      best = rank;
      chosen = &authz->challenges[i];
    }
  }
  return chosen;
}

stardeleg_err sdg_flow_keep_challenge(sdg_order_flow *flow, const sdg_acme_authorization *authz,
                                      const sdg_acme_challenge *chosen)
{
  const char *issuer = strcmp(chosen->type, PERSIST) == 0 ? issuer_of(chosen) : NULL;

  sdg_flow_clear_challenge(flow);
  flow->challenge_url = sdg_strdup(chosen->url);
  flow->challenge_type = sdg_strdup(chosen->type);
  flow->challenge_token = sdg_strdup(chosen->token != NULL ? chosen->token : "");
  flow->challenge_name = sdg_strdup(authz->identifier.value);
  flow->challenge_name_type = sdg_strdup(authz->identifier.type);
  flow->challenge_issuer = sdg_strdup(issuer);
  flow->challenge_wildcard = authz->wildcard;
  flow->answers = 0;
  if (flow->challenge_url == NULL || flow->challenge_type == NULL || flow->challenge_token == NULL ||
      flow->challenge_name == NULL || flow->challenge_name_type == NULL ||
      (issuer != NULL && flow->challenge_issuer == NULL)) {
    sdg_flow_clear_challenge(flow);
    return STARDELEG_ERR_NOMEM;
  }
  return STARDELEG_OK;
}

/* --- Describing it to the solver --- */

/* Own the texts that a challenge points to. */
typedef struct describing {
  sdg_buf authorization;
  sdg_buf digest;
  sdg_buf name;
  sdg_buf value;
} describing;

static void describing_init(describing *d)
{
  sdg_buf_init(&d->authorization, 1024);
  sdg_buf_init(&d->digest, 64);
  sdg_buf_init(&d->name, 1024);
  sdg_buf_init(&d->value, RECORD_MAX);
}

static void describing_clear(describing *d)
{
  sdg_buf_clear(&d->authorization);
  sdg_buf_clear(&d->digest);
  sdg_buf_clear(&d->name);
  sdg_buf_clear(&d->value);
}

/* "_" and the first 80 bits of the SHA-256 of the account URL in base32, lower case (draft-ietf-acme-dns-account-label
 * 3.2): 16 characters. */
static stardeleg_err put_account_label(sdg_buf *out, const stardeleg_crypto *crypto, const char *kid)
{
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  uint8_t digest[STARDELEG_HASH_MAX];
  stardeleg_bytes piece = sdg_bytes_str(kid);
  stardeleg_err err = sdg_hash(crypto, STARDELEG_HASH_SHA256, &piece, 1, digest);
  unsigned bits = 0;
  unsigned held = 0;

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_add_byte(out, '_');
  for (size_t i = 0; i < ACCOUNT_LABEL_LEN; i++) {
    held = (held << 8 | digest[i]) & 0xfffu;
    for (bits += 8; bits >= 5; bits -= 5) {
      sdg_buf_add_byte(out, (uint8_t)alphabet[held >> (bits - 5) & 31u]);
    }
  }
  sdg_buf_add_byte(out, '.');
  return STARDELEG_OK;
}

/* The TXT record of the dns types. */
static stardeleg_err describe_record(const sdg_order_flow *flow, const stardeleg_crypto *crypto, const char *kid,
                                     describing *d)
{
  stardeleg_err err = STARDELEG_OK;

  if (strcmp(flow->challenge_type, PERSIST) == 0) {
    sdg_buf_add_str(&d->name, "_validation-persist.");
    sdg_buf_add_str(&d->value, flow->challenge_issuer);
    sdg_buf_add_str(&d->value, "; accounturi=");
    sdg_buf_add_str(&d->value, kid);
    sdg_buf_add_str(&d->value, flow->challenge_wildcard ? "; policy=wildcard" : "");
  } else if (strcmp(flow->challenge_type, "dns-01") == 0 || strcmp(flow->challenge_type, "dns-account-01") == 0) {
    if (strcmp(flow->challenge_type, "dns-account-01") == 0) {
      err = put_account_label(&d->name, crypto, kid);
    }
    sdg_buf_add_str(&d->name, "_acme-challenge.");
    sdg_buf_add_bytes(&d->value, sdg_buf_bytes(&d->digest));
  } else {
    return STARDELEG_OK;
  }
  sdg_buf_add_str(&d->name, flow->challenge_name);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&d->name);
  }
  return err == STARDELEG_OK ? sdg_buf_error(&d->value) : err;
}

static stardeleg_err describe_authorization(const sdg_order_flow *flow, sdg_session *session,
                                            const stardeleg_crypto *crypto, describing *d)
{
  uint8_t digest[STARDELEG_HASH_MAX];
  stardeleg_bytes piece;
  stardeleg_err err;

  if (flow->challenge_token[0] == '\0') {
    return STARDELEG_OK;
  }
  err = sdg_jwk_key_authorization(&d->authorization, crypto, sdg_bytes_str(flow->challenge_token),
                                  stardeleg_key_spki(sdg_session_key(session)));
  if (err != STARDELEG_OK) {
    return err;
  }
  piece = sdg_buf_bytes(&d->authorization);
  err = sdg_hash(crypto, STARDELEG_HASH_SHA256, &piece, 1, digest);
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_base64url_write(&d->digest, sdg_bytes(digest, 32));
  return sdg_buf_error(&d->digest);
}

/* Everything the solver may need; |d| owns what |challenge| points to. */
static stardeleg_err describe_challenge(const sdg_order_flow *flow, sdg_session *session, describing *d,
                                        stardeleg_challenge *challenge)
{
  const stardeleg_crypto *crypto = sdg_key_crypto(sdg_session_key(session));
  const char *kid = sdg_session_kid(session) != NULL ? sdg_session_kid(session) : "";
  stardeleg_err err = describe_authorization(flow, session, crypto, d);

  if (err == STARDELEG_OK) {
    err = describe_record(flow, crypto, kid, d);
  }
  challenge->type = flow->challenge_type;
  challenge->identifier_type = flow->challenge_name_type != NULL ? flow->challenge_name_type : "dns";
  challenge->identifier = flow->challenge_name;
  challenge->token = flow->challenge_token;
  challenge->key_authorization = sdg_buf_str(&d->authorization);
  challenge->dns_value = sdg_buf_str(&d->digest);
  challenge->record_name = sdg_buf_str(&d->name);
  challenge->record_value = sdg_buf_str(&d->value);
  challenge->account_url = kid;
  challenge->wildcard = flow->challenge_wildcard ? 1 : 0;
  return err;
}

void sdg_flow_clear_challenge(sdg_order_flow *flow)
{
  sdg_free(flow->challenge_url);
  sdg_free(flow->challenge_type);
  sdg_free(flow->challenge_token);
  sdg_free(flow->challenge_name);
  sdg_free(flow->challenge_name_type);
  sdg_free(flow->challenge_issuer);
  flow->challenge_url = NULL;
  flow->challenge_type = NULL;
  flow->challenge_token = NULL;
  flow->challenge_name = NULL;
  flow->challenge_name_type = NULL;
  flow->challenge_issuer = NULL;
  flow->challenge_wildcard = false;
}

void sdg_flow_drop_challenge(sdg_order_flow *flow, sdg_session *session)
{
  stardeleg_challenge challenge = {0};
  describing d;

  if (flow->challenge_type != NULL && strcmp(flow->challenge_type, PERSIST) != 0 && flow->solver != NULL &&
      flow->solver->cleanup != NULL) {
    describing_init(&d);
    if (describe_challenge(flow, session, &d, &challenge) == STARDELEG_OK) {
      flow->solver->cleanup(flow->solver->ctx, &challenge);
    }
    describing_clear(&d);
  }
  sdg_flow_clear_challenge(flow);
}

static stardeleg_err present(const sdg_order_flow *flow, sdg_session *session, stardeleg_time now,
                             stardeleg_time *ready_at)
{
  stardeleg_challenge challenge = {0};
  describing d;
  stardeleg_err err;

  describing_init(&d);
  err = describe_challenge(flow, session, &d, &challenge);
  if (err == STARDELEG_OK) {
    err = flow->solver->present(flow->solver->ctx, &challenge, now, ready_at);
  }
  describing_clear(&d);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOMEM) {
    return STARDELEG_ERR_CALLBACK;
  }
  return err;
}

/* A solver from before the member was there has a smaller size. */
static bool has_seen(const stardeleg_solver *solver)
{
  return solver != NULL && solver->size >= offsetof(stardeleg_solver, seen) + sizeof(solver->seen) &&
         solver->seen != NULL;
}

bool sdg_flow_is_seen(const sdg_order_flow *flow, sdg_session *session)
{
  stardeleg_challenge challenge = {0};
  describing d;
  bool seen = true;

  if (flow->challenge_type == NULL || !has_seen(flow->solver)) {
    return true;
  }
  describing_init(&d);
  if (describe_challenge(flow, session, &d, &challenge) == STARDELEG_OK) {
    seen = flow->solver->seen(flow->solver->ctx, &challenge) != 0;
  }
  describing_clear(&d);
  return seen;
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

/* SPDX-License-Identifier: Apache-2.0 */
/* acme/authorization.c -- authorization and challenge objects. */
#include "acme/authorization.h"

#include <string.h>

#include "acme/fields.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"

#define ISSUERS_MAX 10u

static const char *const authz_names[] = {"pending", "valid", "invalid", "deactivated", "expired", "revoked"};
static const char *const challenge_names[] = {"pending", "processing", "valid", "invalid"};

const char *sdg_authz_status_name(sdg_authz_status status)
{
  return authz_names[(size_t)status < 6 ? (size_t)status : (size_t)SDG_AUTHZ_INVALID];
}

const char *sdg_challenge_status_name(sdg_challenge_status status)
{
  return challenge_names[(size_t)status < 4 ? (size_t)status : (size_t)SDG_CHALLENGE_INVALID];
}

static stardeleg_err find_name(size_t *out, const char *const *names, size_t count, const char *name,
                               stardeleg_problem *problem)
{
  for (size_t i = 0; i < count; i++) {
    if (strcmp(names[i], name) == 0) {
      *out = i;
      return STARDELEG_OK;
    }
  }
  return sdg_field_refuse(problem, "/status", "unknown status");
}

/* --- Challenges --- */

static stardeleg_err read_challenge(sdg_acme_challenge *out, const sdg_json *tree, stardeleg_problem *problem)
{
  const char *status = "pending";
  size_t index = 0;
  stardeleg_err err = sdg_field_text(&out->type, tree, "type", SDG_JSON_REQUIRED, problem);

  if (err == STARDELEG_OK) {
    err = sdg_field_url(&out->url, tree, "url", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&status, tree, "status", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = find_name(&index, challenge_names, 4, status, problem);
  }
  if (err == STARDELEG_OK) {
    out->status = (sdg_challenge_status)index;
    err = sdg_field_text(&out->token, tree, "token", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_time(&out->validated, tree, "validated", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_tree_or_null(&out->error, tree, "error", problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_texts(&out->issuers, &out->issuer_count, tree, "issuer-domain-names", ISSUERS_MAX, problem);
  }
  return err;
}

stardeleg_err sdg_acme_challenge_parse(sdg_acme_challenge *out, const sdg_json *tree, stardeleg_problem *problem)
{
  sdg_acme_challenge challenge;
  stardeleg_err err;

  memset(&challenge, 0, sizeof(challenge));
  challenge.validated = STARDELEG_TIME_NONE;
  err = read_challenge(&challenge, tree, problem);
  if (err != STARDELEG_OK) {
    sdg_acme_challenge_clear(&challenge);
    return err;
  }
  /* RFC 8555 8.3, 11.3: a token goes into paths and files; one with other characters is never used. */
  if (challenge.token != NULL &&
      (!sdg_base64url_is_text(sdg_bytes_str(challenge.token)) || strlen(challenge.token) > SDG_TOKEN_MAX)) {
    sdg_free(challenge.token);
    challenge.token = NULL;
  }
  *out = challenge;
  return STARDELEG_OK;
}

void sdg_acme_challenge_write(sdg_json_writer *w, const char *name, const sdg_acme_challenge *challenge)
{
  sdg_jw_object(w, name);
  sdg_jw_string(w, "type", challenge->type);
  sdg_jw_string(w, "url", challenge->url);
  sdg_jw_string(w, "status", sdg_challenge_status_name(challenge->status));
  sdg_jw_string_opt(w, "token", challenge->token);
  if (challenge->validated != STARDELEG_TIME_NONE) {
    sdg_jw_time(w, "validated", challenge->validated);
  }
  if (challenge->error != NULL) {
    sdg_jw_tree(w, "error", challenge->error);
  }
  if (challenge->issuer_count > 0) {
    sdg_jw_array(w, "issuer-domain-names");
    for (size_t i = 0; i < challenge->issuer_count; i++) {
      sdg_jw_string(w, NULL, challenge->issuers[i]);
    }
    sdg_jw_array_end(w);
  }
  sdg_jw_object_end(w);
}

void sdg_acme_challenge_clear(sdg_acme_challenge *challenge)
{
  sdg_free(challenge->type);
  sdg_free(challenge->url);
  sdg_free(challenge->token);
  sdg_json_free(challenge->error);
  sdg_field_urls_free(challenge->issuers, challenge->issuer_count);
  memset(challenge, 0, sizeof(*challenge));
}

/* --- Authorizations --- */

static stardeleg_err read_identifier(sdg_acme_authorization *out, const sdg_json *tree, stardeleg_problem *problem)
{
  const sdg_json *identifier = NULL;
  char *type = NULL;
  char *value = NULL;
  stardeleg_err err = sdg_json_get_object(&identifier, tree, "identifier", SDG_JSON_REQUIRED, problem);

  if (err == STARDELEG_OK) {
    err = sdg_field_text(&type, identifier, "type", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&value, identifier, "value", SDG_JSON_REQUIRED, problem);
  }
  out->identifier.type = type;
  out->identifier.value = value;
  return err;
}

static stardeleg_err read_challenges(sdg_acme_authorization *out, const sdg_json *tree, stardeleg_problem *problem)
{
  const sdg_json *array = NULL;
  /* It has to be there, but some servers write an empty list as null. */
  sdg_json_need need = sdg_json_member(tree, "challenges") != NULL ? SDG_JSON_NULLABLE : SDG_JSON_REQUIRED;
  stardeleg_err err = sdg_json_get_array(&array, tree, "challenges", need, problem);

  for (const sdg_json *item = err == STARDELEG_OK ? sdg_json_first(array) : NULL;
       item != NULL && out->challenge_count < SDG_CHALLENGES_MAX; item = sdg_json_next(item)) {
    err = sdg_acme_challenge_parse(&out->challenges[out->challenge_count], item, problem);
    if (err != STARDELEG_OK) {
      return err;
    }
    out->challenge_count++;
  }
  return err;
}

static stardeleg_err read_authorization(sdg_acme_authorization *out, const sdg_json *tree, stardeleg_problem *problem)
{
  const char *status = NULL;
  size_t index = 0;
  stardeleg_err err = read_identifier(out, tree, problem);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&status, tree, "status", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_OK) {
    err = find_name(&index, authz_names, 6, status, problem);
    out->status = (sdg_authz_status)index;
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_time(&out->expires, tree, "expires", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&out->wildcard, tree, "wildcard", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = read_challenges(out, tree, problem);
  }
  return err;
}

stardeleg_err sdg_acme_authorization_from_tree(sdg_acme_authorization *out, const sdg_json *tree,
                                               stardeleg_problem *problem)
{
  sdg_acme_authorization authz;
  stardeleg_err err;

  memset(&authz, 0, sizeof(authz));
  authz.expires = STARDELEG_TIME_NONE;
  err = read_authorization(&authz, tree, problem);
  if (err != STARDELEG_OK) {
    sdg_acme_authorization_clear(&authz);
    return err;
  }
  *out = authz;
  return STARDELEG_OK;
}

stardeleg_err sdg_acme_authorization_parse(sdg_acme_authorization *out, stardeleg_bytes body,
                                           stardeleg_problem *problem)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_field_object(&tree, body, "authorization", problem);

  if (err == STARDELEG_OK) {
    err = sdg_acme_authorization_from_tree(out, tree, problem);
  }
  sdg_json_free(tree);
  return err;
}

void sdg_acme_authorization_write(sdg_json_writer *w, const char *name, const sdg_acme_authorization *authz)
{
  sdg_jw_object(w, name);
  sdg_jw_object(w, "identifier");
  sdg_jw_string(w, "type", authz->identifier.type);
  sdg_jw_string(w, "value", authz->identifier.value);
  sdg_jw_object_end(w);
  sdg_jw_string(w, "status", sdg_authz_status_name(authz->status));
  if (authz->expires != STARDELEG_TIME_NONE) {
    sdg_jw_time(w, "expires", authz->expires);
  }
  if (authz->wildcard) {
    sdg_jw_bool(w, "wildcard", true);
  }
  sdg_jw_array(w, "challenges");
  for (size_t i = 0; i < authz->challenge_count; i++) {
    sdg_acme_challenge_write(w, NULL, &authz->challenges[i]);
  }
  sdg_jw_array_end(w);
  sdg_jw_object_end(w);
}

void sdg_acme_authorization_clear(sdg_acme_authorization *authz)
{
  sdg_free((char *)(uintptr_t)authz->identifier.type);
  sdg_free((char *)(uintptr_t)authz->identifier.value);
  for (size_t i = 0; i < authz->challenge_count; i++) {
    sdg_acme_challenge_clear(&authz->challenges[i]);
  }
  memset(authz, 0, sizeof(*authz));
}

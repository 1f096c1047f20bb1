/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_proof.c -- what an account has proven, for its later orders (RFC 8555 7.1.3).
 *
 * A record for each account and identifier, the wildcard's apart from the name's, keeps how and when.  A later order
 * gets an authorization of its own that is valid from the beginning, so each can expire or be deactivated by itself;
 * who deactivates one is not believed any longer for new orders either.  Orders with auto-renewal are never built on
 * it: their certificates go on for long without anybody being asked again. */
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "ca/ca_check.h"
#include "ca/ca_names.h"
#include "ca/ca_record_internal.h"

/* What is left of a proof has to do for the order. */
#define LEFT_MIN SDG_TIME_HOUR

typedef struct proof {
  char *type;
  char *token;
  stardeleg_time validated;
  uint64_t version;
} proof;

static void clear(proof *p)
{
  sdg_free(p->type);
  sdg_free(p->token);
}

/* base64url(SHA-256(account, type, value, "*" or nothing)), a NUL behind each; names in lower case. */
static stardeleg_err write_key(char out[SDG_ID_SIZE], const stardeleg_ca *ca, const sdg_ca_authz *authz)
{
  const char *const parts[] = {authz->account, authz->wire.identifier.type, authz->wire.identifier.value,
                               authz->wire.wildcard ? "*" : ""};
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_bytes all;
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, 8192);
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
    for (const char *c = parts[i]; *c != '\0'; c++) {
      sdg_buf_add_byte(&text, i == 2 ? sdg_ascii_lower((uint8_t)*c) : (uint8_t)*c);
    }
    sdg_buf_add_byte(&text, 0);
  }
  err = sdg_buf_error(&text);
  all = sdg_buf_bytes(&text);
  if (err == STARDELEG_OK) {
    err = sdg_hash(ca->options.crypto, STARDELEG_HASH_SHA256, &all, 1, hash);
  }
  sdg_buf_reset(&text);
  if (err == STARDELEG_OK) {
    sdg_base64url_write(&text, sdg_bytes(hash, 32));
    err = sdg_buf_error(&text);
  }
  if (err == STARDELEG_OK) {
    memcpy(out, sdg_buf_str(&text), text.len + 1);
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err read_proof(const stardeleg_record *record, proof *out)
{
  const char *type = NULL;
  const char *token = NULL;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ca_parse_record(&tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&type, tree, "type", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&token, tree, "token", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->validated, tree, "validated", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    out->type = sdg_strdup(type);
    out->token = sdg_strdup(token);
    err = out->type != NULL && out->token != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  sdg_json_free(tree);
  return err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_STORE : err;
}

/* NOT_FOUND: there is none.  To be cleared in each case. */
static stardeleg_err find(const stardeleg_ca *ca, const sdg_ca_authz *authz, char key[SDG_ID_SIZE], proof *out)
{
  stardeleg_record record = {0};
  stardeleg_err err = write_key(key, ca, authz);

  memset(out, 0, sizeof(*out));
  if (err == STARDELEG_OK) {
    err = sdg_store_get(ca->options.store, SDG_CA_PROOF_KIND, key, &record);
  }
  if (err == STARDELEG_OK) {
    err = read_proof(&record, out);
    out->version = record.version;
  }
  stardeleg_record_clear(&record);
  return err;
}

/* --- Kept --- */

static void write_proof(sdg_buf *value, const sdg_acme_challenge *challenge)
{
  sdg_json_writer w;

  sdg_jw_init(&w, value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "type", challenge->type);
  sdg_jw_string(&w, "token", challenge->token);
  sdg_jw_int(&w, "validated", challenge->validated);
  sdg_jw_object_end(&w);
}

stardeleg_err sdg_ca_put_proof(const stardeleg_ca *ca, const sdg_ca_authz *authz, char key[SDG_ID_SIZE],
                               stardeleg_store_op *ops, sdg_buf *value, size_t *n)
{
  bool given_up = authz->wire.status == SDG_AUTHZ_DEACTIVATED;
  proof before;
  stardeleg_err err;

  if (ca->options.authz_reuse_s == 0 || (!given_up && !authz->just_proven)) {
    return STARDELEG_OK;
  }
  err = find(ca, authz, key, &before);
  if (err == STARDELEG_OK && given_up) {
    ops[(*n)++] = (stardeleg_store_op){
        .verb = STARDELEG_STORE_DEL, .kind = SDG_CA_PROOF_KIND, .key = key, .expected_version = before.version};
  } else if ((err == STARDELEG_OK || err == STARDELEG_ERR_NOT_FOUND) && !given_up) {
    write_proof(value, &authz->wire.challenges[0]);
    err = sdg_buf_error(value);
    ops[(*n)++] = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                                       .kind = SDG_CA_PROOF_KIND,
                                       .key = key,
                                       .value = sdg_buf_bytes(value),
                                       .index = authz->account,
                                       .due = sdg_time_add(authz->wire.challenges[0].validated,
                                                           ca->options.authz_reuse_s * SDG_TIME_S),
                                       .expected_version = before.version};
  }
  clear(&before);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

stardeleg_err sdg_ca_end_proof(const stardeleg_ca *ca, const stardeleg_record *record)
{
  const stardeleg_store_op op = {.verb = STARDELEG_STORE_DEL,
                                 .kind = SDG_CA_PROOF_KIND,
                                 .key = record->key,
                                 .expected_version = record->version,
                                 .fence = record->fence};

  return sdg_store_batch(ca->options.store, &op, 1);
}

/* --- Used --- */

/* Not from the future, as a clock that was turned back makes a proof no fresher; and by a way that is offered still. */
static bool is_good(const stardeleg_ca *ca, const sdg_ca_authz *authz, const proof *p, stardeleg_time now)
{
  const sdg_ca_method *method = sdg_ca_method_of(p->type);
  stardeleg_time until = sdg_time_add(p->validated, ca->options.authz_reuse_s * SDG_TIME_S);

  return p->validated <= now && sdg_time_add(now, LEFT_MIN) <= until && method != NULL &&
         (ca->options.challenges & method->flag) != 0 && (!authz->wire.wildcard || method->for_wildcard) &&
         (strcmp(authz->wire.identifier.type, "ip") != 0 || method->for_ip);
}

/* The challenge that was proven then, alone (7.1.4). */
static stardeleg_err take(const stardeleg_ca *ca, sdg_ca_authz *authz, const proof *p)
{
  sdg_acme_challenge *challenge = &authz->wire.challenges[0];
  stardeleg_err err = sdg_ca_fill_challenge(challenge, p->type);

  authz->wire.challenge_count = 1;
  challenge->token = sdg_strdup(p->token);
  challenge->status = SDG_CHALLENGE_VALID;
  challenge->validated = p->validated;
  authz->wire.status = SDG_AUTHZ_VALID;
  authz->expires_at =
      sdg_time_min(authz->expires_at, sdg_time_add(p->validated, ca->options.authz_reuse_s * SDG_TIME_S));
  authz->wire.expires = authz->expires_at;
  return challenge->token != NULL ? err : STARDELEG_ERR_NOMEM;
}

stardeleg_err sdg_ca_use_proof(const stardeleg_ca *ca, sdg_ca_authz *authz, stardeleg_time now)
{
  char key[SDG_ID_SIZE];
  proof p;
  stardeleg_err err;

  if (ca->options.authz_reuse_s == 0) {
    return STARDELEG_OK;
  }
  err = find(ca, authz, key, &p);
  if (err == STARDELEG_OK && is_good(ca, authz, &p, now)) {
    err = take(ca, authz, &p);
  }
  clear(&p);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer.c -- the kinds of issuers; account key, account URL and session of those that speak ACME. */
#include "ido/issuer.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "ido/ido_internal.h"

static const sdg_issuer_ops *const kinds[] = {&sdg_issuer_star, &sdg_issuer_proxy, &sdg_issuer_renew,
                                              &sdg_issuer_local};

/* --- The account key: made once, never anywhere but in the secret store --- */

static stardeleg_err make_key(const sdg_issuer *issuer, const char *secret_name)
{
  stardeleg_key *key = NULL;
  char *pem = NULL;
  size_t len = 0;
  stardeleg_err err = stardeleg_key_generate(&key, issuer->ido->options.crypto, STARDELEG_KEY_P256);

  if (err == STARDELEG_OK) {
    err = stardeleg_key_export_pem(key, &pem, &len);
  }
  if (err == STARDELEG_OK) {
    err = sdg_secrets_put(issuer->ido->options.secrets, secret_name, sdg_bytes(pem, len));
  }
  stardeleg_secret_free(pem, len);
  stardeleg_key_free(key);
  return err == STARDELEG_ERR_EXISTS ? STARDELEG_OK : err; /* another process was faster: its key counts */
}

static stardeleg_err load_key(sdg_issuer *issuer)
{
  const stardeleg_ido_options *options = &issuer->ido->options;
  char name[SDG_ID_SIZE + 8];
  uint8_t *pem = NULL;
  size_t len = 0;
  stardeleg_err err;

  (void)snprintf(name, sizeof(name), "ido-ca-%s", issuer->name);
  err = sdg_secrets_get(options->secrets, name, &pem, &len);
  if (err == STARDELEG_ERR_NOT_FOUND) {
    err = make_key(issuer, name);
    if (err == STARDELEG_OK) {
      err = sdg_secrets_get(options->secrets, name, &pem, &len);
    }
  }
  if (err == STARDELEG_OK) {
    err = stardeleg_key_import(&issuer->key, options->crypto, sdg_bytes(pem, len));
  }
  stardeleg_secret_free(pem, len);
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_BAD_KEY ? STARDELEG_ERR_SECRETS : err;
}

/* --- The account URL: record "issuer" --- */

/* An account of another server is none of this one: it counts only with the same directory. */
static stardeleg_err read_account(const sdg_issuer *issuer, const char *directory_url, char **kid, uint64_t *version)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_store_get(issuer->ido->options.store, "issuer", issuer->name, &record);

  *kid = NULL;
  *version = 0;
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return STARDELEG_OK;
  }
  if (err == STARDELEG_OK) {
    *version = record.version;
    err = sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL);
  }
  if (err == STARDELEG_OK && strcmp(sdg_json_string(sdg_json_member(tree, "directory")), directory_url) == 0) {
    const char *account = sdg_json_string(sdg_json_member(tree, "account"));

    if (account[0] != '\0') {
      *kid = sdg_strdup(account);
      err = *kid != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    }
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_STORE : err;
}

/* RFC 8555 9.7.6: for the owner's CAA records. */
static void write_identities(const sdg_issuer *issuer, sdg_json_writer *w)
{
  const sdg_acme_directory *directory = sdg_session_directory(issuer->session);

  if (directory == NULL || directory->caa_identity_count == 0) {
    return;
  }
  sdg_jw_array(w, "caaIdentities");
  for (size_t i = 0; i < directory->caa_identity_count && i < 16; i++) {
    sdg_jw_string(w, NULL, directory->caa_identities[i]);
  }
  sdg_jw_array_end(w);
}

static stardeleg_err keep_account(void *ctx, const char *kid)
{
  const sdg_issuer *issuer = ctx;
  const char *directory_url = issuer->directory_url;
  char *ignored = NULL;
  uint64_t version = 0;
  sdg_buf value;
  sdg_json_writer w;
  stardeleg_err err = read_account(issuer, directory_url, &ignored, &version);

  sdg_free(ignored);
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&value, 8192);
  sdg_jw_init(&w, &value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "directory", directory_url);
  sdg_jw_string(&w, "account", kid);
  write_identities(issuer, &w);
  sdg_jw_object_end(&w);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_put(issuer->ido->options.store, "issuer", issuer->name, sdg_buf_bytes(&value), NULL, version);
  }
  sdg_buf_clear(&value);
  return err;
}

/* --- The session --- */

static stardeleg_err start_session(sdg_issuer *issuer, const stardeleg_issuer_options *options, const char *kid,
                                   stardeleg_problem *problem)
{
  const stardeleg_ido_options *role = &issuer->ido->options;
  sdg_session_options session = {0};

  session.directory_url = options->directory_url;
  session.key = issuer->key;
  session.kid = kid;
  session.contacts = options->contacts;
  session.terms_agreed = options->terms_agreed != 0;
  session.eab_key_id = options->eab_key_id;
  session.eab_mac_key = options->eab_mac_key;
  session.backoff_min_ms = role->backoff_min_ms;
  session.backoff_max_ms = role->backoff_max_ms;
  session.on_account = keep_account;
  session.ctx = issuer;
  session.log = &role->log;
  return sdg_session_new(&issuer->session, issuer->ido->agent, &session, problem);
}

stardeleg_err sdg_issuer_open_session(sdg_issuer *issuer, const stardeleg_issuer_options *options,
                                      stardeleg_problem *problem)
{
  char *kid = NULL;
  uint64_t version = 0;
  stardeleg_err err;

  if (options->directory_url == NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "issuer %s: directory_url is required", issuer->name);
    return STARDELEG_ERR_CONFIG;
  }
  issuer->directory_url = sdg_strdup(options->directory_url);
  if (issuer->directory_url == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  issuer->solver = options->solver != NULL ? options->solver : &issuer->ido->http01;
  err = load_key(issuer);
  if (err == STARDELEG_OK) {
    err = read_account(issuer, options->directory_url, &kid, &version);
  }
  if (err == STARDELEG_OK) {
    err = start_session(issuer, options, kid, problem);
  }
  sdg_free(kid);
  return err;
}

void sdg_issuer_close_session(sdg_issuer *issuer)
{
  sdg_session_free(issuer->session);
  stardeleg_key_free(issuer->key);
  sdg_free(issuer->directory_url);
  issuer->session = NULL;
  issuer->key = NULL;
  issuer->directory_url = NULL;
}

/* --- Any kind --- */

static bool is_name(const char *name)
{
  size_t len = name != NULL ? strlen(name) : 0;

  for (size_t i = 0; i < len; i++) {
    if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') || name[i] == '-')) {
      return false;
    }
  }
  return len > 0 && len < SDG_ID_SIZE;
}

stardeleg_err sdg_issuer_open(sdg_issuer *issuer, stardeleg_ido *ido, const stardeleg_issuer_options *options,
                              stardeleg_problem *problem)
{
  const char *kind = options->kind != NULL ? options->kind : "star";

  issuer->ido = ido;
  if (!is_name(options->name)) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "an issuer's name is 1 to 64 characters of a-z, 0-9 and -");
    return STARDELEG_ERR_CONFIG;
  }
  (void)snprintf(issuer->name, sizeof(issuer->name), "%s", options->name);
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (strcmp(kinds[i]->kind, kind) == 0) {
      issuer->ops = kinds[i];
      return issuer->ops->open(issuer, options, problem);
    }
  }
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "issuer %s: there is no such kind of issuer", issuer->name);
  return STARDELEG_ERR_CONFIG;
}

void sdg_issuer_close(sdg_issuer *issuer)
{
  if (issuer->ops != NULL) {
    issuer->ops->close(issuer);
  }
  sdg_free(issuer->profile);
  issuer->profile = NULL;
}

const sdg_issuer_ops *sdg_issuer_ops_for(const sdg_issuer *issuer, const sdg_ido_order *order)
{
  bool to_be_published = order->compat && !sdg_ido_order_is_star(order) && issuer->ops == &sdg_issuer_star;

  return to_be_published ? &sdg_issuer_renew : issuer->ops;
}

int64_t sdg_issuers_min_lifetime_s(const stardeleg_ido_options *options)
{
  int64_t least = INT64_MAX;

  for (size_t i = 0; i < options->issuer_count; i++) {
    const stardeleg_issuer_options *each = &options->issuers[i];
    sdg_star_supply supply = {each->validity_s, 0, each->takes_not_after != 0};
    bool is_renew = each->kind != NULL && strcmp(each->kind, sdg_issuer_renew.kind) == 0;
    int64_t own = is_renew && each->validity_s > 0 ? sdg_star_supply_min_s(&supply) : SDG_IDO_MIN_LIFETIME_S;

    least = own < least ? own : least;
  }
  return least != INT64_MAX ? least : SDG_IDO_MIN_LIFETIME_S;
}

/* --- One order --- */

void sdg_issuance_tell_try(sdg_issuance *issuance, uint32_t tries, const stardeleg_problem *problem)
{
  issuance->failed_try = tries > 0;
  issuance->reason[0] = '\0';
  if (issuance->failed_try) {
    (void)snprintf(issuance->reason, sizeof(issuance->reason), "%.255s",
                   problem->detail[0] != '\0' ? problem->detail : problem->type);
    issuance->news = SDG_NEWS_MOVED; /* kept too: a restart must not begin with the shortest pause again */
  }
}

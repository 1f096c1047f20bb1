/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_credentials.c -- what delegates can show: accounts registered by public key, accounts and MAC keys listed. */
#include <stdio.h>
#include <string.h>

#include "acme_server/account_admin.h"
#include "acme_server/eab.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "der/pem.h"
#include "ido/ido_internal.h"
#include "jose/jwk.h"

/* --- Public keys --- */

static stardeleg_err read_jwk(sdg_pubkey **out, const stardeleg_crypto *crypto, stardeleg_bytes text,
                              stardeleg_problem *problem)
{
  sdg_json *jwk = NULL;
  sdg_json_fault fault;
  stardeleg_err err = sdg_json_parse(&jwk, text, NULL, &fault);

  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOMEM) {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY, "the JWK is not acceptable JSON: %s (line %zu)",
                    fault.reason, fault.line);
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err == STARDELEG_OK) {
    err = sdg_jwk_parse(out, crypto, jwk, problem);
  }
  sdg_json_free(jwk);
  return err;
}

static stardeleg_err read_pem(sdg_pubkey **out, const stardeleg_crypto *crypto, stardeleg_bytes text,
                              stardeleg_problem *problem)
{
  char label[64];
  size_t offset = 0;
  sdg_buf der;
  stardeleg_err err;

  sdg_buf_init(&der, SDG_SPKI_MAX);
  err = sdg_pem_next(&der, label, text, &offset);
  if (err == STARDELEG_OK && strcmp(label, "PUBLIC KEY") != 0) {
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err == STARDELEG_OK) {
    err = sdg_pubkey_import(out, crypto, sdg_buf_bytes(&der), problem);
  } else if (err != STARDELEG_ERR_NOMEM) {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY, "the PEM text has no block \"PUBLIC KEY\"");
    err = STARDELEG_ERR_MALFORMED;
  }
  sdg_buf_clear(&der);
  return err;
}

static stardeleg_err read_key(sdg_pubkey **out, const stardeleg_crypto *crypto, stardeleg_bytes key,
                              stardeleg_problem *problem)
{
  size_t i = 0;

  while (i < key.len && (key.base[i] == ' ' || key.base[i] == '\n' || key.base[i] == '\r' || key.base[i] == '\t')) {
    i++;
  }
  if (i < key.len && key.base[i] == '{') {
    return read_jwk(out, crypto, key, problem);
  }
  if (i < key.len && key.base[i] == '-') {
    return read_pem(out, crypto, key, problem);
  }
  return sdg_pubkey_import(out, crypto, key, problem);
}

/* The answers of the reader that are about the key, and those that are about this process. */
static stardeleg_err as_key_error(stardeleg_err err, stardeleg_problem *problem)
{
  if (err == STARDELEG_ERR_PROTOCOL || err == STARDELEG_ERR_LIMIT) {
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err == STARDELEG_ERR_MALFORMED && problem->detail[0] == '\0') {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY, "this is no public key in JWK, PEM or DER");
  }
  return err;
}

static stardeleg_err add_account(stardeleg_ido *ido, const char *name, const sdg_pubkey *key, const char *by,
                                 stardeleg_time now, char **url)
{
  char thumbprint[SDG_THUMBPRINT_TEXT_SIZE];
  char id[SDG_ID_SIZE];
  char *made = NULL;
  stardeleg_err err = sdg_ido_ndc_register(ido, name, by, now);

  if (err == STARDELEG_OK) {
    err = sdg_jwk_thumbprint(thumbprint, ido->options.crypto, sdg_pubkey_spki(key));
  }
  if (err == STARDELEG_OK) {
    err = sdg_server_account_add(ido->server, name, key, now, id);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_ndc_register(ido, name, by, now); /* disabled meanwhile: nobody would revoke this account */
    if (err == STARDELEG_ERR_STATE) {
      stardeleg_err revoked = sdg_server_accounts_revoke(ido->server, name);

      err = revoked == STARDELEG_OK ? err : revoked;
    }
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_ndc_tell(ido, "ndc-key-added", name, by, thumbprint, now);
  }
  if (err == STARDELEG_OK && url != NULL) {
    made = sdg_server_url_dup(ido->server, "/acct/", id, NULL);
    err = made != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    *url = made;
  }
  return err;
}

stardeleg_err stardeleg_ido_ndc_add_key(stardeleg_ido *ido, const char *name, stardeleg_bytes key, const char *by,
                                        stardeleg_time now, char **url, stardeleg_problem *problem)
{
  stardeleg_problem ignored;
  stardeleg_problem *told = problem != NULL ? problem : &ignored;
  sdg_pubkey *pubkey = NULL;
  stardeleg_err err;

  sdg_problem_clear(told);
  if (ido == NULL || name == NULL || strlen(name) > SDG_EAB_NAME_MAX || sdg_secrets_name_is_valid(name) == 0 ||
      (key.base == NULL && key.len > 0)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = as_key_error(read_key(&pubkey, ido->options.crypto, key, told), told);
  if (err == STARDELEG_OK) {
    err = add_account(ido, name, pubkey, by, now, url);
  }
  sdg_pubkey_free(pubkey);
  return err;
}

/* --- Terms of service --- */

static stardeleg_err name_of_account(stardeleg_ido *ido, const char *url, char name[SDG_ID_SIZE])
{
  const sdg_server_account *account = NULL;
  char id[SDG_ID_SIZE];
  stardeleg_err err = sdg_server_id_from_url(ido->server, url, "/acct/", NULL, id);

  if (err == STARDELEG_OK) {
    err = sdg_server_account_get(ido->server, id, &account);
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(name, SDG_ID_SIZE, "%s", account->name);
    sdg_server_account_release(ido->server, account);
  }
  return err;
}

stardeleg_err stardeleg_ido_account_agreed_by(stardeleg_ido *ido, const char *account_url, const char *by,
                                              stardeleg_time now)
{
  char name[SDG_ID_SIZE];
  stardeleg_err err;

  if (ido == NULL || account_url == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = name_of_account(ido, account_url, name);
  if (err == STARDELEG_OK) {
    err = sdg_server_account_agreed(ido->server, account_url);
  }
  return err == STARDELEG_OK ? sdg_ido_ndc_tell(ido, "ndc-terms-agreed", name, by, account_url, now) : err;
}

/* --- Listing --- */

typedef struct listing {
  stardeleg_ido *ido;
  int (*each)(void *ctx, const stardeleg_ido_credential *credential);
  void *ctx;
  bool stopped;
  stardeleg_err err;
} listing;

static int tell_account(void *ctx, const sdg_server_account_info *info)
{
  listing *l = ctx;
  char *url = sdg_server_url_dup(l->ido->server, "/acct/", info->id, NULL);
  stardeleg_ido_credential credential = {.size = sizeof(credential),
                                         .kind = "account",
                                         .id = url,
                                         .status = sdg_account_status_name(info->status),
                                         .thumbprint = info->thumbprint};

  if (url == NULL) {
    l->err = STARDELEG_ERR_NOMEM;
    return 1;
  }
  l->stopped = l->each(l->ctx, &credential) != 0;
  sdg_free(url);
  return l->stopped;
}

static int tell_mac_key(void *ctx, const stardeleg_record *record)
{
  listing *l = ctx;
  sdg_json *tree = NULL;
  stardeleg_ido_credential credential = {
      .size = sizeof(credential), .kind = "mac-key", .id = record->key, .thumbprint = ""};

  l->err = sdg_ido_delegation_tree(&tree, record);
  if (l->err == STARDELEG_OK) {
    credential.status = sdg_json_string(sdg_json_member(tree, "account"))[0] != '\0' ? "used" : "unused";
    l->stopped = l->each(l->ctx, &credential) != 0;
  }
  sdg_json_free(tree);
  return l->err != STARDELEG_OK || l->stopped;
}

stardeleg_err stardeleg_ido_ndc_credentials(stardeleg_ido *ido, const char *name,
                                            int (*each)(void *ctx, const stardeleg_ido_credential *credential),
                                            void *ctx)
{
  listing l = {ido, each, ctx, false, STARDELEG_OK};
  bool active = false;
  stardeleg_err err;

  if (ido == NULL || name == NULL || each == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = sdg_ido_ndc_is_active(ido->options.store, name, &active);
  if (err == STARDELEG_OK) {
    err = sdg_server_accounts_each(ido->server, name, tell_account, &l);
  }
  if (err == STARDELEG_OK && l.err == STARDELEG_OK && !l.stopped) {
    err = sdg_store_scan(ido->options.store, "eab", name, NULL, SIZE_MAX, tell_mac_key, &l);
  }
  return err == STARDELEG_OK ? l.err : err;
}

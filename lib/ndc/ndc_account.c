/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_account.c -- the account at the IdO: its key, its URL, its session (RFC 9115 2.1, 2.3.1). */
#include "ndc/ndc_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store.h"

#define KIND "ndc.account"
#define KEY "account"
#define NUMBER_MAX 1000000

typedef struct account {
  int64_t number;   /* of the key */
  uint64_t version; /* 0: no record yet */
  char *kid;        /* or NULL */
  bool same_server; /* the record is about this directory */
  stardeleg_ndc_account_state state;
} account;

static const char *const state_names[] = {"valid", "deactivating", "deactivated"};

static stardeleg_err read_state(account *out, const sdg_json *tree)
{
  const char *name = state_names[0];
  stardeleg_err err = sdg_json_get_string(&name, tree, "state", SDG_JSON_OPTIONAL, NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  for (size_t i = 0; i < sizeof(state_names) / sizeof(state_names[0]); i++) {
    if (strcmp(name, state_names[i]) == 0) {
      out->state = (stardeleg_ndc_account_state)i;
      return STARDELEG_OK;
    }
  }
  return STARDELEG_ERR_MALFORMED;
}

static stardeleg_err read_account(account *out, const stardeleg_ndc *ndc, const stardeleg_record *record)
{
  sdg_json *tree = NULL;
  const char *kid = NULL;
  const char *directory = "";
  stardeleg_err err = sdg_json_parse(&tree, sdg_bytes(record->value, record->value_len), NULL, NULL);

  out->version = record->version;
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->number, tree, "key", SDG_JSON_REQUIRED, 1, NUMBER_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&directory, tree, "directory", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&kid, tree, "kid", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = read_state(out, tree);
  }
  if (err == STARDELEG_OK) {
    out->same_server = strcmp(directory, ndc->options.directory_url) == 0;
    if (out->same_server && kid != NULL) {
      out->kid = sdg_strdup(kid);
      err = out->kid != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    }
  }
  sdg_json_free(tree);
  return err;
}

/* As for delegations: a write that failed may have been done. */
static stardeleg_err put(stardeleg_ndc *ndc, stardeleg_bytes text)
{
  const stardeleg_store *store = ndc->options.store;
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_put(store, KIND, KEY, text, NULL, ndc->account_version);

  if (err == STARDELEG_ERR_CONFLICT && ndc->account_unsure) {
    if (sdg_store_get(store, KIND, KEY, &record) == STARDELEG_OK && record.version == ndc->account_version + 1) {
      ndc->account_version++;
      err = sdg_store_put(store, KIND, KEY, text, NULL, ndc->account_version);
    }
    stardeleg_record_clear(&record);
  }
  ndc->account_unsure = err != STARDELEG_OK;
  return err;
}

stardeleg_err sdg_ndc_account_save(stardeleg_ndc *ndc, const char *kid, stardeleg_ndc_account_state state)
{
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err;

  sdg_buf_init(&text, 64u * 1024u);
  sdg_jw_init(&w, &text);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_int(&w, "key", ndc->account_number);
  sdg_jw_string(&w, "directory", ndc->options.directory_url);
  sdg_jw_string_opt(&w, "kid", kid);
  sdg_jw_string(&w, "state", state_names[state]);
  sdg_jw_object_end(&w);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = put(ndc, sdg_buf_bytes(&text));
  }
  if (err == STARDELEG_OK) {
    ndc->account_version++;
    ndc->account_state = state;
  }
  sdg_buf_clear(&text);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

static void name_key(const stardeleg_ndc *ndc, char name[SDG_NDC_KEY_NAME_SIZE])
{
  (void)snprintf(name, SDG_NDC_KEY_NAME_SIZE, "ndc-account-%lld", (long long)ndc->account_number);
}

/* Another account, with a key of its own. */
static stardeleg_err begin_anew(stardeleg_ndc *ndc, account *found)
{
  ndc->account_number += found->number >= 1 ? 1 : 0;
  sdg_free(found->kid);
  found->kid = NULL;
  return sdg_ndc_account_save(ndc, NULL, STARDELEG_NDC_ACCOUNT_IN_USE);
}

/* The session has registered. */
static stardeleg_err keep_kid(void *ctx, const char *kid)
{
  stardeleg_ndc *ndc = ctx;

  return sdg_ndc_account_save(ndc, kid, ndc->account_state);
}

static stardeleg_err open_key(stardeleg_ndc *ndc, account *found, bool *is_new)
{
  char name[SDG_NDC_KEY_NAME_SIZE];
  stardeleg_err err;

  name_key(ndc, name);
  err = sdg_ndc_key_load(ndc, name, &ndc->account_key);
  if (err == STARDELEG_ERR_NOT_FOUND && found->kid != NULL && found->state == STARDELEG_NDC_ACCOUNT_IN_USE) {
    /* A new key can sign nothing for the account of the old one. */
    sdg_log(&ndc->options.log, STARDELEG_LOG_ERROR, "ndc.account.key", "secret %s is gone; registering anew", name);
    err = begin_anew(ndc, found);
    name_key(ndc, name);
    err = err == STARDELEG_OK ? sdg_ndc_key_load(ndc, name, &ndc->account_key) : err;
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    err = sdg_ndc_key_make(ndc, name, STARDELEG_KEY_P256, &ndc->account_key);
    *is_new = err == STARDELEG_OK;
  }
  if (err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_BAD_KEY) {
    sdg_log(&ndc->options.log, STARDELEG_LOG_ERROR, "ndc.account.key", "secret %s is no key", name);
    return STARDELEG_ERR_SECRETS;
  }
  return err;
}

static stardeleg_err open_session(stardeleg_ndc *ndc, const char *kid, const char *eab_key_id, const char *eab_mac_key,
                                  stardeleg_problem *problem)
{
  const stardeleg_ndc_options *o = &ndc->options;
  sdg_session_options options = {0};

  options.directory_url = o->directory_url;
  options.key = ndc->account_key;
  options.kid = kid;
  options.contacts = o->contacts;
  options.terms_agreed = o->terms_agreed != 0;
  options.eab_key_id = eab_key_id;
  options.eab_mac_key = eab_mac_key;
  options.allow_other_origins = o->allow_other_origins != 0;
  options.backoff_min_ms = o->backoff_min_ms;
  options.backoff_max_ms = o->backoff_max_ms;
  options.on_account = keep_kid;
  options.ctx = ndc;
  options.log = &ndc->options.log;
  return sdg_session_new(&ndc->session, ndc->agent, &options, problem);
}

stardeleg_err sdg_ndc_account_open(stardeleg_ndc *ndc, const char *eab_key_id, const char *eab_mac_key,
                                   stardeleg_problem *problem)
{
  account found = {0};
  stardeleg_record record = {0};
  char name[SDG_NDC_KEY_NAME_SIZE];
  bool is_new = false;
  stardeleg_err err = sdg_store_get(ndc->options.store, KIND, KEY, &record);

  if (err == STARDELEG_OK) {
    err = read_account(&found, ndc, &record);
    if (err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT) {
      sdg_log(&ndc->options.log, STARDELEG_LOG_ERROR, "ndc.account.record",
              "the account record cannot be read; registering anew");
      err = STARDELEG_OK;
    }
  } else if (err == STARDELEG_ERR_NOT_FOUND) {
    err = STARDELEG_OK;
  }
  if (err != STARDELEG_OK) {
    goto out;
  }
  ndc->account_version = found.version;
  ndc->account_number = found.number < 1 ? 1 : found.number;
  if (!found.same_server || (found.state == STARDELEG_NDC_ACCOUNT_DEACTIVATED && ndc->options.new_account != 0)) {
    /* At another server, or after a deactivated one. */
    err = begin_anew(ndc, &found);
  } else {
    ndc->account_state = found.state;
  }
  if (err == STARDELEG_OK) {
    err = open_key(ndc, &found, &is_new);
  }
  if (err == STARDELEG_OK) {
    err = open_session(ndc, found.kid, eab_key_id, eab_mac_key, problem);
  }
  if (err != STARDELEG_OK && is_new) {
    /* What was refused leaves no key behind: nobody has seen it yet. */
    name_key(ndc, name);
    sdg_ndc_key_remove(ndc, name);
  }
out:
  sdg_free(found.kid);
  stardeleg_record_clear(&record);
  return err;
}

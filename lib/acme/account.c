/* SPDX-License-Identifier: Apache-2.0 */
/* acme/account.c -- the account object, the newAccount request, contacts. */
#include "acme/account.h"

#include <string.h>

#include "acme/fields.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"

static const char *const status_names[] = {"valid", "deactivated", "revoked"};

const char *sdg_account_status_name(sdg_account_status status)
{
  return status_names[(size_t)status < 3 ? (size_t)status : (size_t)SDG_ACCOUNT_REVOKED];
}

static stardeleg_err read_status(sdg_account_status *out, const sdg_json *tree, stardeleg_problem *problem)
{
  const char *name = NULL;
  stardeleg_err err = sdg_json_get_string(&name, tree, "status", SDG_JSON_REQUIRED, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  for (size_t i = 0; i < 3; i++) {
    if (strcmp(name, status_names[i]) == 0) {
      *out = (sdg_account_status)i;
      return STARDELEG_OK;
    }
  }
  return sdg_field_refuse(problem, "/status", "unknown account status");
}

/* A CA may leave contacts out, or keep more than we show: they are information only. */
static stardeleg_err read_contacts(sdg_acme_account *account, const sdg_json *tree, stardeleg_problem *problem)
{
  const sdg_json *array = NULL;
  stardeleg_err err = sdg_json_get_array(&array, tree, "contact", SDG_JSON_NULLABLE, problem);

  for (const sdg_json *item = err == STARDELEG_OK ? sdg_json_first(array) : NULL; item != NULL;
       item = sdg_json_next(item)) {
    if (sdg_json_type_of(item) != SDG_JSON_STRING || account->contact_count == SDG_CONTACTS_MAX) {
      continue;
    }
    account->contacts[account->contact_count] = sdg_strdup(sdg_json_string(item));
    if (account->contacts[account->contact_count] == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    account->contact_count++;
  }
  return err;
}

stardeleg_err sdg_acme_account_parse(sdg_acme_account *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  sdg_acme_account account;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_field_object(&tree, body, "account", problem);

  memset(&account, 0, sizeof(account));
  if (err == STARDELEG_OK) {
    err = read_status(&account.status, tree, problem);
  }
  if (err == STARDELEG_OK) {
    err = read_contacts(&account, tree, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&account.terms_agreed, tree, "termsOfServiceAgreed", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_url(&account.orders, tree, "orders", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_url(&account.delegations, tree, "delegations", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_tree_or_null(&account.eab, tree, "externalAccountBinding", problem);
  }
  sdg_json_free(tree);
  if (err != STARDELEG_OK) {
    sdg_acme_account_clear(&account);
    return err;
  }
  *out = account;
  return STARDELEG_OK;
}

void sdg_acme_account_write_members(sdg_json_writer *w, const sdg_acme_account *account)
{
  sdg_jw_string(w, "status", sdg_account_status_name(account->status));
  if (account->contact_count > 0) {
    sdg_jw_array(w, "contact");
    for (size_t i = 0; i < account->contact_count; i++) {
      sdg_jw_string(w, NULL, account->contacts[i]);
    }
    sdg_jw_array_end(w);
  }
  if (account->terms_agreed) {
    sdg_jw_bool(w, "termsOfServiceAgreed", true);
  }
  if (account->eab != NULL) {
    sdg_jw_tree(w, "externalAccountBinding", account->eab);
  }
  sdg_jw_string_opt(w, "orders", account->orders);
  sdg_jw_string_opt(w, "delegations", account->delegations);
}

void sdg_acme_account_clear(sdg_acme_account *account)
{
  for (size_t i = 0; i < account->contact_count; i++) {
    sdg_free(account->contacts[i]);
  }
  sdg_free(account->orders);
  sdg_free(account->delegations);
  sdg_json_free(account->eab);
  memset(account, 0, sizeof(*account));
}

/* --- Contacts (RFC 8555 7.3) --- */

stardeleg_err sdg_acme_contact_check(const char *contact, stardeleg_problem *problem)
{
  stardeleg_bytes all = sdg_bytes_str(contact);
  stardeleg_bytes scheme = {all.base, 7};

  if (all.len < 7 || !sdg_bytes_is_nocase(scheme, "mailto:")) {
    sdg_problem_set(problem, STARDELEG_ACME_UNSUPPORTED_CONTACT, "contacts must be \"mailto:\" URLs");
    return STARDELEG_ERR_MALFORMED;
  }
  /* One addr-spec, no header fields: both "?" and "," are no part of a plain address. */
  if (!sdg_name_is_email(sdg_bytes_from(all, 7))) {
    sdg_problem_set(problem, STARDELEG_ACME_INVALID_CONTACT,
                    "a mailto contact is one plain address, without header fields");
    return STARDELEG_ERR_MALFORMED;
  }
  return STARDELEG_OK;
}

static stardeleg_err check_contacts(sdg_acme_new_account *out, const sdg_json *array, stardeleg_problem *problem)
{
  for (const sdg_json *item = sdg_json_first(array); item != NULL; item = sdg_json_next(item)) {
    stardeleg_err err;

    if (sdg_json_type_of(item) != SDG_JSON_STRING) {
      return sdg_field_refuse(problem, "/contact", "contacts must be strings");
    }
    if (out->contact_count == SDG_CONTACTS_MAX) {
      sdg_problem_set(problem, STARDELEG_ACME_INVALID_CONTACT, "more than %d contacts", SDG_CONTACTS_MAX);
      return STARDELEG_ERR_MALFORMED;
    }
    err = sdg_acme_contact_check(sdg_json_string(item), problem);
    if (err != STARDELEG_OK) {
      return err;
    }
    out->contacts[out->contact_count++] = sdg_json_string(item);
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_acme_new_account_parse(sdg_acme_new_account *out, const sdg_json *payload, stardeleg_problem *problem)
{
  sdg_acme_new_account request;
  const sdg_json *contacts = NULL;
  stardeleg_err err;

  memset(&request, 0, sizeof(request));
  err = sdg_json_get_array(&contacts, payload, "contact", SDG_JSON_OPTIONAL, problem);
  if (err == STARDELEG_OK) {
    request.has_contacts = contacts != NULL;
    err = check_contacts(&request, contacts, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&request.terms_agreed, payload, "termsOfServiceAgreed", SDG_JSON_OPTIONAL, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&request.only_return_existing, payload, "onlyReturnExisting", SDG_JSON_OPTIONAL, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&request.eab, payload, "externalAccountBinding", SDG_JSON_OPTIONAL, problem);
  }
  if (err == STARDELEG_OK) {
    *out = request;
  }
  return err;
}

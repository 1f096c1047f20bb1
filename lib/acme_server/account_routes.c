/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/account_routes.c -- directory, nonces, and an account's own resources (RFC
 * 8555 7.1.1, 7.2, 7.3.2, 7.3.6). */
#include <string.h>

#include "acme_server/server_internal.h"
#include "base/mem.h"
#include "base/time.h"

/* How long closing an account is left to the request that deactivates it. */
#define CLOSING_MS SDG_TIME_MINUTE

stardeleg_err sdg_route_directory(void *role, sdg_call *call)
{
  sdg_server *server = role;

  sdg_buf_add_bytes(sdg_http_reply_body(call->reply), sdg_buf_bytes(&server->directory));
  return sdg_http_reply_add_header(call->reply, "Content-Type", "application/json");
}

stardeleg_err sdg_route_new_nonce(void *role, sdg_call *call)
{
  (void)role;
  /* RFC 8555 7.2: 200 for HEAD, 204 for GET. */
  sdg_http_reply_set_status(call->reply, strcmp(call->request->method, "HEAD") == 0 ? 200 : 204);
  return STARDELEG_OK;
}

/* --- The account --- */

/* Only the member that counts is read: a wrong type elsewhere is ignored with the rest (RFC 8555 7.3.2). */
static stardeleg_err read_contacts(sdg_call *call, sdg_acme_new_account *out)
{
  const sdg_json *array = NULL;
  stardeleg_err err = sdg_json_get_array(&array, call->payload, "contact", SDG_JSON_OPTIONAL, &call->problem);

  memset(out, 0, sizeof(*out));
  out->has_contacts = array != NULL;
  for (const sdg_json *item = sdg_json_first(array); err == STARDELEG_OK && item != NULL; item = sdg_json_next(item)) {
    if (sdg_json_type_of(item) != SDG_JSON_STRING) {
      return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "contacts must be strings");
    }
    if (out->contact_count == SDG_CONTACTS_MAX) {
      return sdg_call_fail(call, STARDELEG_ACME_INVALID_CONTACT, "more than %d contacts", SDG_CONTACTS_MAX);
    }
    err = sdg_acme_contact_check(sdg_json_string(item), &call->problem);
    out->contacts[out->contact_count++] = sdg_json_string(item);
  }
  return err;
}

static stardeleg_err replace_contacts(sdg_account_record *record, const sdg_acme_new_account *request)
{
  char *copies[SDG_CONTACTS_MAX] = {NULL};
  size_t n = 0;

  for (; n < request->contact_count; n++) {
    copies[n] = sdg_strdup(request->contacts[n]);
    if (copies[n] == NULL) {
      for (size_t i = 0; i < n; i++) {
        sdg_free(copies[i]);
      }
      return STARDELEG_ERR_NOMEM;
    }
  }
  for (size_t i = 0; i < record->object.contact_count; i++) {
    sdg_free(record->object.contacts[i]);
  }
  memcpy(record->object.contacts, copies, sizeof(copies));
  record->object.contact_count = n;
  return STARDELEG_OK;
}

static bool contacts_are(const sdg_account_record *record, const sdg_acme_new_account *request)
{
  for (size_t i = 0; i < request->contact_count; i++) {
    if (i >= record->object.contact_count || strcmp(record->object.contacts[i], request->contacts[i]) != 0) {
      return false;
    }
  }
  return record->object.contact_count == request->contact_count;
}

/* Only contacts and the status "deactivated" can be changed; the rest of the payload does not count (RFC 8555 7.3.2).
 */
static stardeleg_err change(sdg_call *call, sdg_account_record *record)
{
  sdg_acme_new_account request;
  const sdg_json *status = sdg_json_member(call->payload, "status");
  bool changed = false;
  stardeleg_err err = read_contacts(call, &request);

  if (err == STARDELEG_OK && request.has_contacts && !contacts_are(record, &request)) {
    err = replace_contacts(record, &request);
    changed = true;
  }
  if (err == STARDELEG_OK && strcmp(sdg_json_string(status), "deactivated") == 0) {
    record->object.status = SDG_ACCOUNT_DEACTIVATED;
    record->closing = call->server->options.on_deactivated != NULL;
    changed = true;
  }
  if (err == STARDELEG_OK && record->object.status != SDG_ACCOUNT_VALID &&
      call->server->options.on_deactivating != NULL) {
    err = call->server->options.on_deactivating(call->server->options.role, call->account, call->now);
  }
  if (err != STARDELEG_OK || !changed) {
    return err;
  }
  return sdg_account_record_put_due(call->server, record,
                                    record->closing ? call->now + CLOSING_MS : STARDELEG_TIME_NEVER, 0);
}

static stardeleg_err update(sdg_call *call)
{
  sdg_server *server = call->server;
  sdg_account_record record;
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  for (int i = 0; i < SDG_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = sdg_account_record_load(server, call->account->id, &record);
    if (err != STARDELEG_OK) {
      return err;
    }
    err = sdg_account_still(call, &record);
    if (err == STARDELEG_OK) {
      err = change(call, &record);
    }
    if (err == STARDELEG_OK) {
      err = sdg_account_reply(call, &record, 200);
    }
    if (err == STARDELEG_OK && record.closing) {
      /* The account is deactivated whatever comes of it: what stays open is closed later. */
      (void)!sdg_account_close(server, record.id, 0, call->now);
    }
    sdg_account_record_clear(&record);
  }
  return err;
}

stardeleg_err sdg_route_account(void *role, sdg_call *call)
{
  sdg_account_record record;
  stardeleg_err err;

  (void)role;
  /* RFC 8555 6.3: other accounts are none of the client's business; the same answer whether they exist or not. */
  if (strcmp(call->parts[0], call->account->id) != 0) {
    return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "not your account");
  }
  if (call->payload != NULL) {
    return update(call);
  }
  err = sdg_account_record_load(call->server, call->account->id, &record);
  if (err == STARDELEG_OK) {
    err = sdg_account_reply(call, &record, 200);
    sdg_account_record_clear(&record);
  }
  return err;
}

stardeleg_err sdg_route_orders(void *role, sdg_call *call)
{
  sdg_server *server = role;

  if (strcmp(call->parts[0], call->account->id) != 0) {
    return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "not your account");
  }
  if (server->options.list_orders == NULL) {
    return sdg_call_page(call, "orders", NULL, 0, NULL);
  }
  return server->options.list_orders(server->options.role, call);
}

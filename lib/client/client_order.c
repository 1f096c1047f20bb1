/* SPDX-License-Identifier: Apache-2.0 */
/* client/client_order.c -- placing an order, forgetting and looking. */
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "client/client_internal.h"
#include "store/store.h"
#include "x509/csr.h"

#define KIND "client.order"
#define NAME_LEN_MAX 200u

sdg_client_entry *sdg_client_entry_find(const stardeleg_client *client, const char *name)
{
  for (sdg_client_entry *entry = client->entries; entry != NULL; entry = entry->next) {
    if (strcmp(entry->name, name) == 0) {
      return entry;
    }
  }
  return NULL;
}

static stardeleg_err check_spec(const stardeleg_client *client, const char *name,
                                const stardeleg_client_order_spec *spec)
{
  sdg_csr csr;
  bool is_account_key;
  stardeleg_err err;

  if (name == NULL || spec == NULL || spec->size < offsetof(stardeleg_client_order_spec, profile) ||
      !sdg_store_name_is_valid(name) || strlen(name) > NAME_LEN_MAX || spec->identifiers == NULL ||
      spec->identifier_count == 0 || spec->identifier_count > SDG_IDENTIFIERS_MAX) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (size_t i = 0; i < spec->identifier_count; i++) {
    if (spec->identifiers[i].type == NULL || spec->identifiers[i].value == NULL) {
      return STARDELEG_ERR_ARGUMENT;
    }
  }
  err = sdg_csr_parse(&csr, spec->csr, NULL);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    return STARDELEG_ERR_ARGUMENT;
  }
  /* RFC 8555 11.1: a key that is known to be used for something else is not an account's. */
  is_account_key = sdg_bytes_equal(csr.spki, stardeleg_key_spki(sdg_session_key(client->session)));
  sdg_csr_clear(&csr);
  return is_account_key ? STARDELEG_ERR_ARGUMENT : STARDELEG_OK;
}

/* RFC 9773 5: "if there is a clear predecessor certificate". */
static const char *predecessor(const sdg_client_entry *entry, const stardeleg_client_order_spec *spec)
{
  if (spec->replaces != NULL) {
    return spec->replaces[0] != '\0' ? spec->replaces : NULL;
  }
  return entry != NULL && entry->has_watch ? entry->watch.id : NULL;
}

static stardeleg_err write_payload(sdg_buf *out, const sdg_client_entry *entry, const stardeleg_client_order_spec *spec)
{
  sdg_acme_new_order order = {0};
  const char *replaces = predecessor(entry, spec);
  sdg_json_writer w;
  stardeleg_err err = sdg_identifiers_copy(&order.identifiers, spec->identifiers, spec->identifier_count);

  if (err != STARDELEG_OK) {
    return err;
  }
  order.not_before = spec->not_before;
  order.not_after = spec->not_after;
  order.profile = sdg_strdup(spec->profile);
  order.replaces = sdg_strdup(replaces);
  if ((spec->profile != NULL && order.profile == NULL) || (replaces != NULL && order.replaces == NULL)) {
    err = STARDELEG_ERR_NOMEM;
  } else {
    sdg_jw_init(&w, out);
    sdg_acme_new_order_write(&w, &order);
    err = sdg_buf_error(out);
  }
  sdg_acme_new_order_clear(&order);
  return err;
}

static stardeleg_err make_flow(sdg_order_flow *flow, const sdg_client_entry *entry,
                               const stardeleg_client_order_spec *spec)
{
  sdg_buf payload;
  stardeleg_err err;

  sdg_buf_init(&payload, 65536);
  err = write_payload(&payload, entry, spec);
  if (err == STARDELEG_OK) {
    err = sdg_order_flow_init(flow, sdg_buf_str(&payload));
  }
  sdg_buf_clear(&payload);
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_order_flow_set_csr(flow, spec->csr);
  if (err != STARDELEG_OK) {
    sdg_order_flow_clear(flow);
  }
  return err;
}

/* A new name joins when its record is there. */
static stardeleg_err begin_new(stardeleg_client *client, const char *name, sdg_order_flow *flow)
{
  sdg_client_entry *entry = NULL;
  stardeleg_err err = sdg_client_entry_new(&entry, client, name);

  if (err != STARDELEG_OK) {
    sdg_order_flow_clear(flow);
    return err;
  }
  entry->flow = *flow;
  entry->has_flow = true;
  sdg_client_flow_settings(entry);
  err = sdg_agent_add(client->agent, &entry->job, STARDELEG_TIME_NONE);
  if (err == STARDELEG_OK) {
    err = sdg_client_entry_save(entry);
  }
  if (err != STARDELEG_OK) {
    sdg_client_entry_free(entry);
    return err;
  }
  entry->next = client->entries;
  client->entries = entry;
  return STARDELEG_OK;
}

/* A known name, at rest, orders again; what is held stays until there is something better. */
static stardeleg_err begin_again(sdg_client_entry *entry, sdg_order_flow *flow)
{
  sdg_client_phase before = entry->phase;
  stardeleg_err err;

  entry->flow = *flow;
  entry->has_flow = true;
  entry->phase = SDG_CLIENT_ORDERING;
  entry->attempts = 0;
  sdg_client_flow_settings(entry);
  err = sdg_client_entry_save(entry);
  if (err != STARDELEG_OK) {
    sdg_order_flow_clear(&entry->flow);
    entry->has_flow = false;
    entry->phase = before;
    entry->unsaved = false;
    return err;
  }
  sdg_problem_clear(&entry->problem);
  /* An answer about the certificate that is held (RFC 9773) must not be taken for one to the order. */
  sdg_agent_restart(entry->client->agent, &entry->job, STARDELEG_TIME_NONE);
  return STARDELEG_OK;
}

stardeleg_err stardeleg_client_order(stardeleg_client *client, const char *name,
                                     const stardeleg_client_order_spec *spec)
{
  sdg_client_entry *entry;
  sdg_order_flow flow;
  stardeleg_err err = check_spec(client, name, spec);

  if (err != STARDELEG_OK) {
    return err;
  }
  entry = sdg_client_entry_find(client, name);
  if (client->deactivated || (entry != NULL && entry->has_flow)) {
    return STARDELEG_ERR_STATE;
  }
  err = make_flow(&flow, entry, spec);
  if (err != STARDELEG_OK) {
    return err;
  }
  flow.any_profile = spec->any_profile != 0;
  return entry == NULL ? begin_new(client, name, &flow) : begin_again(entry, &flow);
}

stardeleg_err stardeleg_client_forget(stardeleg_client *client, const char *name)
{
  sdg_client_entry **at = &client->entries;
  sdg_client_entry *entry;
  stardeleg_err err;

  while (*at != NULL && strcmp((*at)->name, name) != 0) {
    at = &(*at)->next;
  }
  entry = *at;
  if (entry == NULL) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  err = sdg_store_del(client->options.store, KIND, name, entry->version);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOT_FOUND) {
    return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
  }
  *at = entry->next;
  sdg_client_entry_free(entry);
  return STARDELEG_OK;
}

stardeleg_err stardeleg_client_look(const stardeleg_client *client, const char *name, stardeleg_client_status *status)
{
  static const char *const states[] = {"ordering", "download", "held", "failed"};
  const sdg_client_entry *entry = sdg_client_entry_find(client, name);

  if (entry == NULL) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  memset(status, 0, sizeof(*status));
  status->state = states[entry->phase];
  status->chain_pem = sdg_bytes_str(entry->chain);
  status->not_before = entry->not_before;
  status->not_after = entry->not_after;
  status->renew_at = sdg_client_renew_at(entry);
  status->certificate_id = entry->has_watch ? entry->watch.id : "";
  status->reason = entry->has_flow ? entry->flow.problem.detail : entry->problem.detail;
  return STARDELEG_OK;
}

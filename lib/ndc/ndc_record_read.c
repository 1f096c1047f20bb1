/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_record_read.c -- a record becomes a delegation again. */
#include "ndc/ndc_record.h"

#include <stdio.h>
#include <string.h>

#include "acme/fields.h"
#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/mem.h"

static stardeleg_err get_time(stardeleg_time *out, const sdg_json *tree, const char *name, sdg_json_need need)
{
  return sdg_json_get_int(out, tree, name, need, INT64_MIN, INT64_MAX, NULL);
}

static stardeleg_err get_fixed(char *out, size_t size, const sdg_json *tree, const char *name)
{
  const char *text = "";
  stardeleg_err err = sdg_json_get_string(&text, tree, name, SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK && snprintf(out, size, "%s", text) >= (int)size) {
    err = STARDELEG_ERR_MALFORMED;
  }
  return err;
}

/* An order with auto-renewal is STAR; without, the certificate is renewed by another order. */
static stardeleg_err read_kind(sdg_ndc_current *current, const sdg_json *tree)
{
  const sdg_json *object = NULL;
  stardeleg_err err = sdg_json_get_object(&object, tree, "autoRenewal", SDG_JSON_OPTIONAL, NULL);

  current->star = object != NULL;
  current->renew_at = STARDELEG_TIME_NEVER;
  if (err == STARDELEG_OK && object != NULL) {
    err = sdg_auto_renewal_parse(&current->renewal, object, NULL);
  } else if (err == STARDELEG_OK) {
    err = get_time(&current->renew_at, tree, "renewAt", SDG_JSON_REQUIRED);
    if (err == STARDELEG_OK) {
      err = sdg_ndc_window_read(&current->window, sdg_json_member(tree, "window"));
    }
  }
  return err == STARDELEG_OK ? sdg_json_get_bool(&current->is_signed, tree, "signedGet", SDG_JSON_OPTIONAL, NULL) : err;
}

static stardeleg_err read_current_numbers(sdg_ndc_current *current, const sdg_json *tree)
{
  int64_t over = 0;
  stardeleg_err err = get_time(&current->ordered_at, tree, "orderedAt", SDG_JSON_REQUIRED);

  if (err == STARDELEG_OK) {
    current->key_made_at = current->ordered_at;
    err = get_time(&current->key_made_at, tree, "keyMadeAt", SDG_JSON_OPTIONAL);
  }
  if (err == STARDELEG_OK) {
    err = get_time(&current->not_before, tree, "notBefore", SDG_JSON_REQUIRED);
  }
  if (err == STARDELEG_OK) {
    err = get_time(&current->not_after, tree, "notAfter", SDG_JSON_REQUIRED);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&over, tree, "over", SDG_JSON_REQUIRED, SDG_NDC_LIVE, SDG_NDC_CANCELED, NULL);
    current->over = (sdg_ndc_over)over;
  }
  return err;
}

static stardeleg_err read_current(sdg_ndc_delegation *d, const sdg_json *tree)
{
  sdg_ndc_current *current = sdg_calloc(1, sizeof(*current));
  stardeleg_err err;

  if (current == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  d->current = current;
  err = get_fixed(current->key, sizeof(current->key), tree, "key");
  if (err == STARDELEG_OK) {
    err = get_fixed(current->template_id, sizeof(current->template_id), tree, "template");
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&current->order_url, tree, "orderUrl", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&current->certificate_url, tree, "certificateUrl", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&current->etag, tree, "etag", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&current->serial, tree, "serial", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = read_kind(current, tree);
  }
  return err == STARDELEG_OK ? read_current_numbers(current, tree) : err;
}

static stardeleg_err read_pending_kind(sdg_ndc_pending *pending, const sdg_json *tree)
{
  stardeleg_err err;

  pending->star = true; /* records of old know no other */
  pending->key_made_at = pending->ordered_at;
  err = sdg_json_get_bool(&pending->star, tree, "star", SDG_JSON_OPTIONAL, NULL);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&pending->is_signed, tree, "signedGet", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = get_time(&pending->key_made_at, tree, "keyMadeAt", SDG_JSON_OPTIONAL);
  }
  return err == STARDELEG_OK ? sdg_field_text(&pending->template_text, tree, "templateText", SDG_JSON_OPTIONAL, NULL)
                             : err;
}

static stardeleg_err read_pending(sdg_ndc_delegation *d, const sdg_json *tree)
{
  sdg_ndc_pending *pending = sdg_calloc(1, sizeof(*pending));
  const sdg_json *flow = NULL;
  const sdg_json *identifiers = NULL;
  stardeleg_err err;

  if (pending == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  d->pending = pending;
  pending->give_up_at = STARDELEG_TIME_NONE;
  err = get_fixed(pending->key, sizeof(pending->key), tree, "key");
  if (err == STARDELEG_OK) {
    err = get_fixed(pending->template_id, sizeof(pending->template_id), tree, "template");
  }
  if (err == STARDELEG_OK) {
    err = get_time(&pending->ordered_at, tree, "orderedAt", SDG_JSON_REQUIRED);
  }
  if (err == STARDELEG_OK) {
    err = get_time(&pending->give_up_at, tree, "giveUpAt", SDG_JSON_OPTIONAL);
  }
  if (err == STARDELEG_OK) {
    err = read_pending_kind(pending, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_array(&identifiers, tree, "identifiers", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_identifiers_parse(&pending->names, identifiers, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&flow, tree, "flow", SDG_JSON_REQUIRED, NULL);
  }
  return err == STARDELEG_OK ? sdg_order_flow_read(&pending->flow, flow) : err;
}

static stardeleg_err read_state(sdg_ndc_delegation *d, const sdg_json *tree)
{
  const char *name = "";
  stardeleg_err err = sdg_json_get_string(&name, tree, "state", SDG_JSON_REQUIRED, NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  for (int state = SDG_NDC_REST; state <= SDG_NDC_ENDED; state++) {
    if (strcmp(sdg_ndc_state_name((sdg_ndc_state)state), name) == 0) {
      d->state = (uint8_t)state;
      return STARDELEG_OK;
    }
  }
  return STARDELEG_ERR_MALFORMED;
}

static stardeleg_err read_times(sdg_ndc_delegation *d, const sdg_json *tree)
{
  stardeleg_err err = get_time(&d->wait_until, tree, "waitUntil", SDG_JSON_OPTIONAL);

  if (err == STARDELEG_OK) {
    err = get_time(&d->ordered_at, tree, "orderedAt", SDG_JSON_OPTIONAL);
  }
  if (err == STARDELEG_OK) {
    err = get_time(&d->checked_at, tree, "checkedAt", SDG_JSON_OPTIONAL);
  }
  if (err == STARDELEG_OK) {
    err = get_time(&d->last_success, tree, "lastSuccess", SDG_JSON_OPTIONAL);
  }
  return err;
}

static stardeleg_err read_kinds(sdg_ndc_delegation *d, const sdg_json *tree)
{
  int64_t kinds = 0;
  stardeleg_err err = sdg_json_get_int(&kinds, tree, "kindsRefused", SDG_JSON_OPTIONAL, 0,
                                       SDG_NDC_PLAIN_REFUSED | SDG_NDC_STAR_REFUSED, NULL);

  d->kinds_refused = (uint8_t)kinds;
  return err == STARDELEG_OK ? get_time(&d->kind_refused_at, tree, "kindRefusedAt", SDG_JSON_OPTIONAL) : err;
}

static stardeleg_err read_scalars(sdg_ndc_delegation *d, const sdg_json *tree)
{
  int64_t tries = 0;
  stardeleg_err err = sdg_field_text(&d->url, tree, "url", SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK) {
    err = read_state(d, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&d->was_ended, tree, "wasEnded", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&tries, tree, "orderTries", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);
    d->order_tries = (uint32_t)tries;
  }
  if (err == STARDELEG_OK) {
    err = read_kinds(d, tree);
  }
  if (err == STARDELEG_OK) {
    err = read_times(d, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&d->reason, tree, "reason", SDG_JSON_OPTIONAL, NULL);
  }
  return err == STARDELEG_OK ? sdg_field_text(&d->garbage, tree, "garbage", SDG_JSON_OPTIONAL, NULL) : err;
}

static stardeleg_err read_cause(sdg_ndc_delegation *d, const sdg_json *tree)
{
  const sdg_json *cause = sdg_json_member(tree, "cause");

  if (cause == NULL) {
    return STARDELEG_OK;
  }
  d->cause = sdg_calloc(1, sizeof(*d->cause));
  if (d->cause == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_problem_from_record(d->cause, cause);
  return STARDELEG_OK;
}

/* What is there must fit the state; the first name is kept for people. */
static stardeleg_err settle(sdg_ndc_delegation *d, const sdg_json *tree)
{
  const char *name = sdg_json_string(sdg_json_first(sdg_json_member(tree, "names")));
  bool orders = d->state == SDG_NDC_ORDER || d->state == SDG_NDC_PICKUP;

  if (orders && d->pending == NULL) {
    d->state = SDG_NDC_OBJECT;
  }
  if (d->pending != NULL && (!orders || d->pending->flow.csr == NULL)) {
    /* Killed between naming the key and keeping its CSR: begun again with a new key. */
    sdg_ndc_drop_pending(d);
    d->state = orders ? SDG_NDC_OBJECT : d->state;
  }
  if (d->pending != NULL) {
    d->pending->flow.backoff_min_ms = d->ndc->options.backoff_min_ms;
    d->pending->flow.backoff_max_ms = d->ndc->options.backoff_max_ms;
    d->pending->flow.poll_min_ms = d->ndc->options.order_poll_ms;
    name = name[0] != '\0' ? name : d->pending->names.items[0].value;
  }
  if (name[0] != '\0') {
    d->name = sdg_strdup(name);
    return d->name != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_ndc_record_read(sdg_ndc_delegation *d, const sdg_json_limits *limits, const stardeleg_record *record)
{
  sdg_json *tree = NULL;
  const sdg_json *part = NULL;
  char id[SDG_NDC_ID_SIZE];
  stardeleg_err err = sdg_json_parse(&tree, sdg_bytes(record->value, record->value_len), limits, NULL);

  if (err == STARDELEG_OK) {
    err = read_scalars(d, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ndc_id_of(d->ndc, d->url, id);
  }
  if (err == STARDELEG_OK && strcmp(id, record->key) != 0) {
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(d->id, sizeof(d->id), "%s", id);
    d->version = record->version;
    err = read_cause(d, tree);
  }
  if (err == STARDELEG_OK && (part = sdg_json_member(tree, "current")) != NULL) {
    err = read_current(d, part);
  }
  if (err == STARDELEG_OK && (part = sdg_json_member(tree, "pending")) != NULL) {
    err = read_pending(d, part);
  }
  if (err == STARDELEG_OK) {
    err = settle(d, tree);
  }
  sdg_json_free(tree);
  return err;
}

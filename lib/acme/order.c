/* SPDX-License-Identifier: Apache-2.0 */
/* acme/order.c -- the order object, on the wire of either side. */
#include "acme/order.h"

#include <stdio.h>
#include <string.h>

#include "acme/fields.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"

/* Of an auto-renewal object in a request; RFC 8739's own members need less than 200. */
#define AUTO_RENEWAL_MAX 4096u

static const char *const status_names[] = {"pending", "ready", "processing", "valid", "invalid", "canceled"};

const char *sdg_order_status_name(sdg_order_status status)
{
  return status_names[(size_t)status < sizeof(status_names) / sizeof(status_names[0]) ? (size_t)status
                                                                                     : (size_t)SDG_ORDER_INVALID];
}

stardeleg_err sdg_order_status_from_name(sdg_order_status *out, const char *name)
{
  for (size_t i = 0; i < sizeof(status_names) / sizeof(status_names[0]); i++) {
    if (strcmp(status_names[i], name) == 0) {
      *out = (sdg_order_status)i;
      return STARDELEG_OK;
    }
  }
  return STARDELEG_ERR_MALFORMED;
}

/* --- Reading --- */

static stardeleg_err read_status(sdg_acme_order *order, const sdg_json *tree, stardeleg_problem *problem)
{
  const char *name = NULL;
  stardeleg_err err = sdg_json_get_string(&name, tree, "status", SDG_JSON_REQUIRED, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  /* RFC 8555 7.4: a status we do not know must not pass for success. */
  if (sdg_order_status_from_name(&order->status, name) != STARDELEG_OK) {
    return sdg_field_refuse(problem, "/status", "unknown order status");
  }
  return STARDELEG_OK;
}

static stardeleg_err read_certificate_get(sdg_tristate *out, const sdg_json *tree, sdg_json_need need,
                                          stardeleg_problem *problem)
{
  bool value = false;
  stardeleg_err err = sdg_json_get_bool(&value, tree, "allow-certificate-get", need, problem);

  if (err == STARDELEG_OK && sdg_json_type_of(sdg_json_member(tree, "allow-certificate-get")) == SDG_JSON_BOOL) {
    *out = value ? SDG_TRUE : SDG_FALSE;
  }
  return err;
}

static stardeleg_err read_dates(sdg_acme_order *order, const sdg_json *tree, stardeleg_problem *problem)
{
  stardeleg_err err = sdg_json_get_time(&order->expires, tree, "expires", SDG_JSON_NULLABLE, problem);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_time(&order->not_before, tree, "notBefore", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_time(&order->not_after, tree, "notAfter", SDG_JSON_NULLABLE, problem);
  }
  return err;
}

static stardeleg_err read_urls(sdg_acme_order *order, const sdg_json *tree, stardeleg_problem *problem)
{
  const sdg_json *list = sdg_json_member(tree, "authorizations");
  stardeleg_err err;

  /* It has to be there, but some servers write an empty list as null. */
  err = sdg_field_urls(&order->authorizations, &order->authorization_count, tree, "authorizations",
                       list != NULL ? SDG_JSON_NULLABLE : SDG_JSON_REQUIRED, problem);
  if (err == STARDELEG_OK && order->authorization_count > SDG_AUTHORIZATIONS_MAX) {
    return sdg_field_refuse(problem, "/authorizations", "too many elements");
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_url(&order->finalize, tree, "finalize", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_url(&order->certificate, tree, "certificate", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_url(&order->star_certificate, tree, "star-certificate", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&order->delegation, tree, "delegation", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&order->replaces, tree, "replaces", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&order->profile, tree, "profile", SDG_JSON_NULLABLE, problem);
  }
  return err;
}

stardeleg_err sdg_acme_order_from_tree(sdg_acme_order *out, const sdg_json *tree, stardeleg_problem *problem)
{
  sdg_acme_order order;
  const sdg_json *identifiers = NULL;
  stardeleg_err err;

  memset(&order, 0, sizeof(order));
  order.expires = STARDELEG_TIME_NONE;
  order.not_before = STARDELEG_TIME_NONE;
  order.not_after = STARDELEG_TIME_NONE;
  err = read_status(&order, tree, problem);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_array(&identifiers, tree, "identifiers", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_identifiers_parse(&order.identifiers, identifiers, problem);
  }
  if (err == STARDELEG_OK) {
    err = read_dates(&order, tree, problem);
  }
  if (err == STARDELEG_OK) {
    err = read_urls(&order, tree, problem);
  }
  if (err == STARDELEG_OK) {
    err = read_certificate_get(&order.certificate_get, tree, SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_tree_or_null(&order.error, tree, "error", problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_tree_or_null(&order.auto_renewal, tree, "auto-renewal", problem);
  }
  if (err != STARDELEG_OK) {
    sdg_acme_order_clear(&order);
    return err;
  }
  *out = order;
  return STARDELEG_OK;
}

stardeleg_err sdg_acme_order_parse(sdg_acme_order *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_field_object(&tree, body, "order", problem);

  if (err == STARDELEG_OK) {
    err = sdg_acme_order_from_tree(out, tree, problem);
  }
  sdg_json_free(tree);
  return err;
}

/* --- Writing --- */

static void write_certificate_get(sdg_json_writer *w, sdg_tristate value)
{
  if (value != SDG_ABSENT) {
    sdg_jw_bool(w, "allow-certificate-get", value == SDG_TRUE);
  }
}

/* Absent and "" are not the same here: what was read is what is written. */
static void write_text(sdg_json_writer *w, const char *name, const char *value)
{
  if (value != NULL) {
    sdg_jw_string(w, name, value);
  }
}

static void write_time_opt(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  if (at != STARDELEG_TIME_NONE) {
    sdg_jw_time(w, name, at);
  }
}

void sdg_acme_order_write(sdg_json_writer *w, const char *name, const sdg_acme_order *order)
{
  sdg_jw_object(w, name);
  sdg_jw_string(w, "status", sdg_order_status_name(order->status));
  write_time_opt(w, "expires", order->expires);
  sdg_identifiers_write(w, "identifiers", &order->identifiers);
  write_time_opt(w, "notBefore", order->not_before);
  write_time_opt(w, "notAfter", order->not_after);
  if (order->auto_renewal != NULL) {
    sdg_jw_tree(w, "auto-renewal", order->auto_renewal);
  }
  write_text(w, "delegation", order->delegation);
  write_text(w, "replaces", order->replaces);
  write_text(w, "profile", order->profile);
  write_certificate_get(w, order->certificate_get);
  sdg_jw_array(w, "authorizations");
  for (size_t i = 0; i < order->authorization_count; i++) {
    sdg_jw_string(w, NULL, order->authorizations[i]);
  }
  sdg_jw_array_end(w);
  write_text(w, "finalize", order->finalize);
  write_text(w, "certificate", order->certificate);
  write_text(w, "star-certificate", order->star_certificate);
  if (order->error != NULL) {
    sdg_jw_tree(w, "error", order->error);
  }
  sdg_jw_object_end(w);
}

void sdg_acme_order_clear(sdg_acme_order *order)
{
  sdg_identifiers_clear(&order->identifiers);
  sdg_json_free(order->error);
  sdg_field_urls_free(order->authorizations, order->authorization_count);
  sdg_free(order->finalize);
  sdg_free(order->certificate);
  sdg_json_free(order->auto_renewal);
  sdg_free(order->star_certificate);
  sdg_free(order->delegation);
  sdg_free(order->replaces);
  sdg_free(order->profile);
  memset(order, 0, sizeof(*order));
}

/* --- newOrder --- */

/* Early drafts of RFC 8739 had these beside the identifiers.  Ignored like other unknown members (RFC 8555 7.1), they
 * would silently turn a rolling certificate into a single one. */
static stardeleg_err refuse_draft(const sdg_json *payload, stardeleg_problem *problem)
{
  char name[64];
  char place[80];

  for (const sdg_json *item = sdg_json_first(payload); item != NULL; item = sdg_json_next(item)) {
    if (sdg_bytes_has_prefix(sdg_bytes_str(sdg_json_name(item)), "recurrent")) {
      sdg_text_escape(name, sizeof(name), sdg_bytes_str(sdg_json_name(item)));
      sdg_problem_set(problem, STARDELEG_ACME_MALFORMED,
                      "member \"%s\" is of an early draft; RFC 8739 has the object \"auto-renewal\"", name);
      (void)snprintf(place, sizeof(place), "/%s", name);
      if (problem != NULL) {
        sdg_problem_set_place(problem, sdg_bytes_str(place));
      }
      return STARDELEG_ERR_MALFORMED;
    }
  }
  return STARDELEG_OK;
}

/* Unknown members are kept for as long as the order is: the object must not be as long as a request may be. */
static stardeleg_err bound_auto_renewal(const sdg_json *object, stardeleg_problem *problem)
{
  sdg_json_writer w;
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, AUTO_RENEWAL_MAX);
  sdg_jw_init(&w, &text);
  sdg_jw_tree(&w, NULL, object);
  err = sdg_buf_error(&text);
  sdg_buf_clear(&text);
  if (err != STARDELEG_ERR_LIMIT) {
    return err;
  }
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "\"auto-renewal\" is longer than %u bytes",
                  (unsigned)AUTO_RENEWAL_MAX);
  if (problem != NULL) {
    sdg_problem_set_place(problem, sdg_bytes_str("/auto-renewal"));
  }
  return STARDELEG_ERR_MALFORMED;
}

static stardeleg_err read_new_order(sdg_acme_new_order *order, const sdg_json *payload, stardeleg_problem *problem)
{
  const sdg_json *identifiers = NULL;
  stardeleg_err err = sdg_json_get_array(&identifiers, payload, "identifiers", SDG_JSON_REQUIRED, problem);

  if (err == STARDELEG_OK) {
    err = sdg_identifiers_parse(&order->identifiers, identifiers, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_time(&order->not_before, payload, "notBefore", SDG_JSON_OPTIONAL, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_time(&order->not_after, payload, "notAfter", SDG_JSON_OPTIONAL, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_tree(&order->auto_renewal, payload, "auto-renewal", problem);
  }
  if (err == STARDELEG_OK && order->auto_renewal != NULL) {
    err = bound_auto_renewal(order->auto_renewal, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&order->delegation, payload, "delegation", SDG_JSON_OPTIONAL, problem);
  }
  if (err == STARDELEG_OK) {
    err = read_certificate_get(&order->certificate_get, payload, SDG_JSON_OPTIONAL, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&order->replaces, payload, "replaces", SDG_JSON_OPTIONAL, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&order->profile, payload, "profile", SDG_JSON_OPTIONAL, problem);
  }
  if (err == STARDELEG_OK) {
    err = refuse_draft(payload, problem);
  }
  return err;
}

stardeleg_err sdg_acme_new_order_parse(sdg_acme_new_order *out, const sdg_json *payload, stardeleg_problem *problem)
{
  sdg_acme_new_order order;
  stardeleg_err err;

  memset(&order, 0, sizeof(order));
  order.not_before = STARDELEG_TIME_NONE;
  order.not_after = STARDELEG_TIME_NONE;
  err = read_new_order(&order, payload, problem);
  if (err != STARDELEG_OK) {
    sdg_acme_new_order_clear(&order);
    return err;
  }
  *out = order;
  return STARDELEG_OK;
}

void sdg_acme_new_order_write(sdg_json_writer *w, const sdg_acme_new_order *order)
{
  sdg_jw_object(w, NULL);
  sdg_identifiers_write(w, "identifiers", &order->identifiers);
  write_time_opt(w, "notBefore", order->not_before);
  write_time_opt(w, "notAfter", order->not_after);
  if (order->auto_renewal != NULL) {
    sdg_jw_tree(w, "auto-renewal", order->auto_renewal);
  }
  write_text(w, "delegation", order->delegation);
  write_certificate_get(w, order->certificate_get);
  write_text(w, "replaces", order->replaces);
  write_text(w, "profile", order->profile);
  sdg_jw_object_end(w);
}

void sdg_acme_new_order_clear(sdg_acme_new_order *order)
{
  sdg_identifiers_clear(&order->identifiers);
  sdg_json_free(order->auto_renewal);
  sdg_free(order->delegation);
  sdg_free(order->replaces);
  sdg_free(order->profile);
  memset(order, 0, sizeof(*order));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sim/watch_wire.c -- what servers answer and what the CA logs: orders at the CA, their cancellation, and that nothing
 * comes after it. */
#include "base/bytes.h"
#include "base/time.h"
#include "sim/text.h"
#include "sim/watch.h"
#include "support/test.h"

static bool find_header(char *out, size_t size, const stardeleg_http_response *response, const char *name)
{
  for (size_t i = 0; i < response->header_count; i++) {
    if (sdg_bytes_is_nocase(response->headers[i].name, name)) {
      (void)snprintf(out, size, "%.*s", (int)response->headers[i].value.len,
                     (const char *)response->headers[i].value.base);
      return true;
    }
  }
  return false;
}

static const char *last_segment(const char *url)
{
  const char *slash = strrchr(url, '/');

  return slash != NULL ? slash + 1 : url;
}

/* Which delegation an order object is about: by the name in it. */
static size_t find_delegation(const sim_watch *watch, stardeleg_bytes body)
{
  char name[64];

  return sim_text_between(name, sizeof(name), body, "\"value\":\"", "\"") ? sim_watch_find(watch, name) : SIM_NOBODY;
}

/* The names in an order object are those of the template, as it is or was. */
static bool has_names(const sim_delegation *d, stardeleg_bytes body, bool *both)
{
  static const char key[] = "\"value\":\"";
  char name[64];
  size_t count = 0;

  *both = false;
  while (sim_text_between(name, sizeof(name), body, key, "\"")) {
    const char *at = sim_text_find(body, key) + sizeof(key) - 1;

    count++;
    *both = *both || strcmp(name, d->other) == 0;
    if (strcmp(name, d->name) != 0 && strcmp(name, d->other) != 0) {
      return false;
    }
    body = (stardeleg_bytes){(const uint8_t *)at, body.len - (size_t)((const uint8_t *)at - body.base)};
  }
  return count == (*both ? 2 : 1) && (!*both || d->changed_at != STARDELEG_TIME_NONE || d->both);
}

static void note_new_order(sim_watch *watch, const stardeleg_http_response *response)
{
  size_t number = find_delegation(watch, response->body);
  char location[200];
  char date[SDG_TIME_TEXT_SIZE];
  bool both;
  sim_order *order;

  if (number == SIM_NOBODY || !find_header(location, sizeof(location), response, "Location")) {
    sim_world_fail(sim_watch_world(watch), "a new order at the CA that nobody knows");
    return;
  }
  if (!has_names(sim_watch_at(watch, number), response->body, &both)) {
    sim_world_fail(sim_watch_world(watch), "an order at the CA for names that no template of %s has",
                   sim_watch_at(watch, number)->id);
  }
  order = sim_watch_add_order(watch, last_segment(location));
  order->delegation = number;
  order->acked_at = STARDELEG_TIME_NEVER;
  order->end_at = STARDELEG_TIME_NEVER;
  order->star = sim_text_find(response->body, "\"auto-renewal\"") != NULL;
  if (sim_text_between(date, sizeof(date), response->body, "\"end-date\":\"", "\"")) {
    assert_ok(sdg_time_read_rfc3339(&order->end_at, sdg_bytes_str(date)));
  }
  sim_watch_at(watch, number)->orders++;
}

static void note_order(sim_watch *watch, sim_order *order, const stardeleg_http_response *response)
{
  sim_world *world = sim_watch_world(watch);
  char status[24] = "";
  char url[200];

  if (sim_text_between(url, sizeof(url), response->body, order->star ? "\"star-certificate\":\"" : "\"certificate\":\"",
                       "\"")) {
    sim_watch_set_cert(watch, order, last_segment(url));
  }
  (void)sim_text_between(status, sizeof(status), response->body, "\"status\":\"", "\"");
  if (strcmp(status, "canceled") == 0 && order->acked_at == STARDELEG_TIME_NEVER) {
    sim_delegation *d = sim_watch_at(watch, order->delegation);

    order->acked_at = world->now;
    d->acked_at = world->now;
    sim_trace_event(world->trace, world->now, "ca", "has cancelled an order of %s", d->name);
    if (d->ended_at == STARDELEG_TIME_NEVER) {
      sim_world_fail(world, "an order of %s was cancelled, which is live", d->name);
    }
  }
}

static void note_certificate(sim_watch *watch, const char *cert)
{
  sim_world *world = sim_watch_world(watch);

  const sim_order *order = sim_watch_find_cert(watch, cert);

  /* RFC 8739 3.1.2: "a GET to the star-certificate URL ... MUST result in 403" (autoRenewalCanceled). */
  if (order != NULL && order->star && order->acked_at != STARDELEG_TIME_NEVER) {
    sim_world_fail(world, "the CA hands out a certificate of %s after its cancellation",
                   sim_watch_at(watch, order->delegation)->name);
  }
}

static void see_ca(sim_watch *watch, const char *target, const stardeleg_http_response *response)
{
  static const char orders[] = "/acme/order/";
  static const char certs[] = "/acme/cert/";
  sim_order *order;
  char id[80];

  if (strcmp(target, "/acme/new-order") == 0 && response->status == 201) {
    note_new_order(watch, response);
  } else if (strncmp(target, orders, sizeof(orders) - 1) == 0 && response->status == 200) {
    (void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(target + sizeof(orders) - 1, "/"), target + sizeof(orders) - 1);
    order = sim_watch_find_order(watch, id);
    if (order != NULL) {
      note_order(watch, order, response);
    }
  } else if (strncmp(target, certs, sizeof(certs) - 1) == 0 && response->status == 200) {
    note_certificate(watch, target + sizeof(certs) - 1);
  }
}

/* Which delegation an order object of an IdO is under. */
static size_t find_delegated(const sim_watch *watch, stardeleg_bytes body)
{
  char url[120];

  return sim_text_between(url, sizeof(url), body, "\"delegation\":\"", "\"") ? sim_watch_find(watch, last_segment(url))
                                                                             : SIM_NOBODY;
}

/* RFC 9115 2.3.2: an ended delegation takes no orders; and at each moment only names of the template are taken. */
static void see_ido(sim_watch *watch, size_t level, const char *target, const stardeleg_http_response *response)
{
  bool is_new = strcmp(target, "/acme/new-order") == 0 && response->status == 201;
  bool is_final = strstr(target, "/finalize") != NULL && response->status == 200;
  const sim_delegation *d;
  size_t number;
  bool both;

  if (!is_new && !is_final) {
    return;
  }
  number = find_delegated(watch, response->body);
  d = number != SIM_NOBODY ? sim_watch_at(watch, number) : NULL;
  if (d == NULL || d->level_ended[level]) {
    sim_world_fail(sim_watch_world(watch), "%s takes an order for a delegation that has ended",
                   sim_ido(sim_watch_world(watch), level)->name);
  } else if (!has_names(d, response->body, &both) || (is_new && both != d->level_both[level])) {
    sim_world_fail(sim_watch_world(watch), "%s takes an order for names that the template of %s does not have",
                   sim_ido(sim_watch_world(watch), level)->name, d->id);
  }
}

void sim_watch_reply(sim_watch *watch, size_t server, const stardeleg_http_request *request, const char *target,
                     const stardeleg_http_response *response)
{
  (void)request;
  if (server == SIM_CA && sim_watch_world(watch)->setup.names_for > 1) {
    return; /* names do not tell which delegation an order is for */
  }
  if (server == SIM_CA) {
    see_ca(watch, target, response);
  } else {
    see_ido(watch, server == SIM_IDO ? 0 : server - SIM_NDC - sim_watch_world(watch)->ndc_count + 1, target, response);
  }
}

/* --- What the CA logs: seen even where no answer ever tells of it --- */

/* "order=<id> ... not_after=<date>" */
static void note_issued(sim_watch *watch, sim_order *order, const char *text)
{
  char date[SDG_TIME_TEXT_SIZE];

  order->issued++;
  if (order->acked_at != STARDELEG_TIME_NEVER) {
    sim_world_fail(sim_watch_world(watch), "the CA issues for %s after its cancellation",
                   sim_watch_at(watch, order->delegation)->name);
  }
  if (!order->star && sim_text_between(date, sizeof(date), sdg_bytes_str(text), "not_after=", " ")) {
    assert_ok(sdg_time_read_rfc3339(&order->end_at, sdg_bytes_str(date)));
  }
}

void sim_watch_log(sim_watch *watch, size_t actor, const char *event, const char *text)
{
  bool issued = strcmp(event, "ca.issued") == 0;
  sim_order *order;
  char id[80];

  if (actor != SIM_CA || sim_watch_world(watch)->setup.names_for > 1 || (!issued && strcmp(event, "ca.revoked") != 0) ||
      !sim_text_between(id, sizeof(id), sdg_bytes_str(text), "order=", " ")) {
    return;
  }
  order = sim_watch_find_order(watch, id);
  if (order == NULL) {
    sim_world_fail(sim_watch_world(watch), "the CA issues for an order that nobody has seen");
  } else if (issued) {
    note_issued(watch, order, text);
  } else if (order->acked_at == STARDELEG_TIME_NEVER) {
    order->acked_at = sim_watch_world(watch)->now;
  }
}

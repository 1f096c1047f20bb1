/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_compat.c -- ordinary ACME clients: which delegation their orders are under, and their authorizations. */
#include "ido/ido_compat.h"

#include <stdio.h>
#include <string.h>

#include "acme/authorization.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_publication.h"

static stardeleg_err refuse_at(sdg_call *call, const char *place, const char *detail)
{
  (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "%s", detail);
  sdg_problem_set_place(&call->problem, sdg_bytes_str(place));
  return STARDELEG_ERR_PROTOCOL;
}

/* --- newOrder --- */

/* The owner may have moved the delegation to another owner's names since it became the default one. */
static stardeleg_err check_issuer(const stardeleg_ido *ido, sdg_call *call, const sdg_acme_new_order *request,
                                  const sdg_ido_delegation *delegation)
{
  const sdg_issuer *issuer = sdg_ido_find_issuer(ido, delegation->issuer);

  if (request->auto_renewal == NULL && issuer != NULL && issuer->ops == &sdg_issuer_proxy) {
    return refuse_at(call, "/delegation", "these names are passed on from another owner: orders need a delegation");
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_ido_compat_delegation(stardeleg_ido *ido, sdg_call *call, const sdg_acme_new_order *request,
                                        const sdg_ido_delegation **out)
{
  char id[SDG_ID_SIZE];
  stardeleg_err err = sdg_ido_ndc_default(ido->options.store, call->account->name, id);

  if (err == STARDELEG_ERR_NOT_FOUND) { /* AMB-24 */
    return refuse_at(call, "/delegation", "orders here need a delegation (RFC 9115 2.3.2)");
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_own_delegation(ido, call, id, out);
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return sdg_call_fail(call, STARDELEG_ACME_UNKNOWN_DELEGATION,
                         "the delegation that orders of this account are under has ended");
  }
  if (err == STARDELEG_OK) {
    err = check_issuer(ido, call, request, *out);
    if (err != STARDELEG_OK) {
      sdg_ido_delegations_release(ido->delegations, *out);
      *out = NULL;
    }
  }
  return err;
}

void sdg_ido_compat_end(const stardeleg_ido *ido, const sdg_call *call, sdg_acme_new_order *request,
                        const sdg_ido_delegation *delegation)
{
  const sdg_issuer *issuer = sdg_ido_find_issuer(ido, delegation->issuer);
  const sdg_star_supply *supply = issuer != NULL && issuer->ops->publishes ? &issuer->supply : NULL;
  stardeleg_time end_at = delegation->expires_at;

  if (delegation->lifetime_max_s > 0) {
    end_at = sdg_time_min(end_at, sdg_time_add(call->now, delegation->lifetime_max_s * SDG_TIME_S));
  }
  if (request->auto_renewal != NULL || request->not_after != STARDELEG_TIME_NONE || end_at == STARDELEG_TIME_NEVER) {
    return;
  }
  if (supply != NULL && supply->validity_s > 0 &&
      (sdg_time_add(call->now, supply->validity_s * SDG_TIME_S) <= end_at || !supply->takes_not_after)) {
    return; /* what would live too long is refused, like others' orders */
  }
  request->not_after = sdg_time_floor_s(end_at);
}

/* --- "replaces" (RFC 9773 5) --- */

void sdg_ido_replacing_clear(sdg_ido_replacing *replacing)
{
  sdg_ido_order_clear(&replacing->before);
  sdg_buf_clear(&replacing->value);
  replacing->op_count = 0;
}

/* The order of what is to be replaced; NOT_FOUND if it is nothing of this account's with one of these names. */
static stardeleg_err find_replaced(const stardeleg_ido *ido, const sdg_call *call, const sdg_ido_order *order,
                                   sdg_ido_order *before)
{
  sdg_ido_published found;
  stardeleg_err err = sdg_ido_publication_find(ido->options.store, order->wire.replaces, &found);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = strcmp(found.account, call->account->id) == 0 ? STARDELEG_OK : STARDELEG_ERR_NOT_FOUND;
  if (err == STARDELEG_OK) {
    err = sdg_ido_order_load(ido->options.store, found.order, before);
  }
  sdg_ido_published_clear(&found);
  if (err == STARDELEG_OK && !sdg_identifiers_share(&before->wire.identifiers, &order->wire.identifiers)) {
    err = STARDELEG_ERR_NOT_FOUND;
  }
  return err;
}

/* "marked as replaced by a different Order that is not "invalid"": one whose successor was lost may be replaced again.
 */
static stardeleg_err check_free(const stardeleg_ido *ido, sdg_call *call, const sdg_ido_order *before)
{
  sdg_ido_order other;
  stardeleg_err err;

  if (before->replaced_by[0] == '\0') {
    return STARDELEG_OK;
  }
  err = sdg_ido_order_load(ido->options.store, before->replaced_by, &other);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  if (other.wire.status != SDG_ORDER_INVALID) {
    err = sdg_call_fail(call, STARDELEG_ACME_ALREADY_REPLACED, "another order replaces that certificate");
  }
  sdg_ido_order_clear(&other);
  return err;
}

/* An order that is being ended is left to whoever does that. */
static stardeleg_err mark_replaced(const stardeleg_ido *ido, const sdg_call *call, const sdg_ido_order *order,
                                   sdg_ido_replacing *out)
{
  sdg_ido_order *before = &out->before;
  stardeleg_err err;

  if (before->cancel && !sdg_ido_order_is_final(before)) {
    return STARDELEG_OK;
  }
  (void)snprintf(before->replaced_by, sizeof(before->replaced_by), "%s", order->id);
  err = sdg_ido_order_op(before, sdg_ido_order_due(ido, before, call->now), &out->op, &out->value);
  out->op_count = err == STARDELEG_OK ? 1 : 0;
  return err;
}

stardeleg_err sdg_ido_compat_replaces(const stardeleg_ido *ido, sdg_call *call, const sdg_ido_order *order,
                                      sdg_ido_replacing *out)
{
  stardeleg_err err;

  sdg_ido_order_init(&out->before);
  sdg_buf_init(&out->value, STARDELEG_STORE_VALUE_MAX);
  out->op_count = 0;
  if (order->wire.replaces == NULL) {
    return STARDELEG_OK;
  }
  err = find_replaced(ido, call, order, &out->before);
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return refuse_at(call, "/replaces", "no certificate of yours with one of these names goes by that identifier");
  }
  if (err == STARDELEG_OK) {
    err = check_free(ido, call, &out->before);
  }
  return err == STARDELEG_OK ? mark_replaced(ido, call, order, out) : err;
}

/* --- Authorizations --- */

void sdg_ido_compat_urls_free(char **urls, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    sdg_free(urls[i]);
  }
  sdg_free(urls);
}

static char *dup_url(const stardeleg_ido *ido, const sdg_ido_order *order, size_t index, const char *suffix)
{
  char number[24];

  (void)snprintf(number, sizeof(number), "%zu", index);
  return sdg_server_url_dup(ido->server, "/order/", order->id, "/authz/", number, suffix, NULL);
}

stardeleg_err sdg_ido_compat_urls(const stardeleg_ido *ido, const sdg_ido_order *order, char ***urls, size_t *count)
{
  size_t n = order->compat ? order->wire.identifiers.count : 0;

  *urls = NULL;
  *count = 0;
  if (n == 0) {
    return STARDELEG_OK;
  }
  *urls = sdg_calloc(n, sizeof(**urls));
  for (size_t i = 0; *urls != NULL && i < n; i++) {
    (*urls)[i] = dup_url(ido, order, i, "");
    *count = i + 1;
    if ((*urls)[i] == NULL) {
      sdg_ido_compat_urls_free(*urls, *count);
      *urls = NULL;
      *count = 0;
    }
  }
  return *urls != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

/* An index as it was written, or |count|. */
static size_t read_index(const char *text, size_t count)
{
  char number[24];

  for (size_t i = 0; i < count; i++) {
    (void)snprintf(number, sizeof(number), "%zu", i);
    if (strcmp(number, text) == 0) {
      return i;
    }
  }
  return count;
}

static stardeleg_err find_authorization(stardeleg_ido *ido, sdg_call *call, sdg_ido_order *order, size_t *index)
{
  stardeleg_err err = sdg_ido_own_order(ido, call, order);

  if (err != STARDELEG_OK) {
    return err;
  }
  *index = read_index(call->parts[1], order->wire.identifiers.count);
  if (!order->compat || *index == order->wire.identifiers.count) {
    sdg_ido_order_clear(order);
    return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "no such order of yours");
  }
  return STARDELEG_OK;
}

/* |url| and everything of |order| is borrowed. */
static void fill_challenge(sdg_acme_challenge *challenge, sdg_ido_order *order, bool wildcard, char *url)
{
  memset(challenge, 0, sizeof(*challenge));
  challenge->type = (char *)(uintptr_t)(wildcard ? "dns-01" : "http-01"); /* borrowed; the writer only reads */
  challenge->url = url;
  challenge->status = SDG_CHALLENGE_VALID;
  challenge->token = order->id; /* 128 random bits; nothing is ever looked for under it */
  challenge->validated = order->created_at;
}

/* Nothing had to be proven: the names are the owner's, who delegates them.  What has been taken back is revoked. */
static void fill_authorization(sdg_acme_authorization *authorization, sdg_ido_order *order, size_t index, char *url)
{
  const stardeleg_identifier *name = &order->wire.identifiers.items[index];
  bool wildcard = strcmp(name->type, "dns") == 0 && strncmp(name->value, "*.", 2) == 0;

  memset(authorization, 0, sizeof(*authorization));
  authorization->identifier = *name;
  authorization->identifier.value += wildcard ? 2 : 0; /* RFC 8555 7.1.4 */
  authorization->wildcard = wildcard;
  authorization->status = order->cancel ? SDG_AUTHZ_REVOKED : SDG_AUTHZ_VALID;
  authorization->expires = order->wire.expires;
  authorization->challenge_count = 1;
  fill_challenge(&authorization->challenges[0], order, wildcard, url);
}

static stardeleg_err reply_authorization(const stardeleg_ido *ido, sdg_call *call, sdg_ido_order *order, size_t index,
                                         bool challenge_only)
{
  sdg_acme_authorization *authorization = sdg_calloc(1, sizeof(*authorization));
  char *url = dup_url(ido, order, index, "/challenge");
  char *up = dup_url(ido, order, index, "");
  sdg_json_writer w;
  sdg_buf link;
  stardeleg_err err = authorization != NULL && url != NULL && up != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;

  sdg_buf_init(&link, 4096);
  if (err == STARDELEG_OK && challenge_only) {
    sdg_buf_add_str(&link, "<");
    sdg_buf_add_str(&link, up);
    sdg_buf_add_str(&link, ">;rel=\"up\"");
    err = sdg_buf_error(&link);
    if (err == STARDELEG_OK) {
      err = sdg_http_reply_add_header(call->reply, "Link", sdg_buf_str(&link));
    }
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_json(call, &w);
  }
  if (err == STARDELEG_OK) {
    fill_authorization(authorization, order, index, url);
    if (challenge_only) {
      sdg_acme_challenge_write(&w, NULL, &authorization->challenges[0]);
    } else {
      sdg_acme_authorization_write(&w, NULL, authorization);
    }
  }
  sdg_buf_clear(&link);
  sdg_free(url);
  sdg_free(up);
  sdg_free(authorization); /* it owns nothing */
  return err;
}

stardeleg_err sdg_ido_route_authorization(void *role, sdg_call *call)
{
  sdg_ido_order order;
  size_t index = 0;
  stardeleg_err err = find_authorization(role, call, &order, &index);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (call->payload != NULL) {
    err = sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED,
                        "the names are delegated by their owner: there is no authorization to change");
  } else {
    err = reply_authorization(role, call, &order, index, false);
  }
  sdg_ido_order_clear(&order);
  return err;
}

/* RFC 8555 7.5.1: a client that answers a challenge all the same finds it valid. */
stardeleg_err sdg_ido_route_challenge(void *role, sdg_call *call)
{
  sdg_ido_order order;
  size_t index = 0;
  stardeleg_err err = find_authorization(role, call, &order, &index);

  if (err == STARDELEG_OK) {
    err = reply_authorization(role, call, &order, index, true);
    sdg_ido_order_clear(&order);
  }
  return err;
}

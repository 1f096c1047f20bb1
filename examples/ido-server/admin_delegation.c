/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_delegation.c -- commands that make, change and end delegations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/problem.h"
#include "ido-server/admin_call.h"

const admin_key_kind admin_key_kinds[ADMIN_KEY_KINDS] = {
    {"P-256", STARDELEG_KEY_P256},       {"P-384", STARDELEG_KEY_P384},       {"P-521", STARDELEG_KEY_P521},
    {"RSA-2048", STARDELEG_KEY_RSA2048}, {"RSA-3072", STARDELEG_KEY_RSA3072}, {"RSA-4096", STARDELEG_KEY_RSA4096},
    {"Ed25519", STARDELEG_KEY_ED25519}};

/* Which members of the request make up which member of a change. */
static const struct {
  const char *name;
  unsigned member;
} members[] = {{"csr-template", STARDELEG_IDO_TEMPLATE},
               {"cname-map", STARDELEG_IDO_CNAME_MAP},
               {"lifetime-min", STARDELEG_IDO_LIFETIME},
               {"lifetime-max", STARDELEG_IDO_LIFETIME},
               {"expires-at", STARDELEG_IDO_EXPIRY},
               {"names", STARDELEG_IDO_NAMES},
               {"key-kinds", STARDELEG_IDO_KEY_KINDS},
               {"order-kinds", STARDELEG_IDO_ORDER_KINDS},
               {"orders-max", STARDELEG_IDO_QUOTA},
               {"orders-period", STARDELEG_IDO_QUOTA},
               {"certificates-max", STARDELEG_IDO_CERTIFICATES},
               {"issuer", STARDELEG_IDO_ISSUER},
               {"upstream", STARDELEG_IDO_ISSUER}};

/* A delegation of a request, with what it borrows. */
typedef struct request {
  stardeleg_ido_delegation delegation;
  sdg_buf csr_template;
  sdg_buf cname_map;
  const char **names;
  unsigned members;
} request;

static stardeleg_err write_object(sdg_buf *out, const sdg_json *value)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  if (sdg_json_type_of(value) == SDG_JSON_OBJECT) {
    sdg_jw_tree(&w, NULL, value);
  }
  return sdg_buf_error(out);
}

static stardeleg_err read_names(const admin_call *call, request *r)
{
  const sdg_json *array = sdg_json_member(call->body, "names");
  size_t n = 0;

  r->names = calloc(sdg_json_count(array) + 1, sizeof(*r->names));
  if (r->names == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (const sdg_json *item = sdg_json_first(array); item != NULL; item = sdg_json_next(item)) {
    r->names[n++] = sdg_json_string(item);
  }
  r->delegation.names = r->names;
  return STARDELEG_OK;
}

static void read_kinds(const admin_call *call, request *r)
{
  const sdg_json *item = sdg_json_first(sdg_json_member(call->body, "key-kinds"));

  for (; item != NULL; item = sdg_json_next(item)) {
    for (size_t i = 0; i < ADMIN_KEY_KINDS; i++) {
      const admin_key_kind *kind = &admin_key_kinds[i];

      r->delegation.key_kinds |= strcmp(kind->name, sdg_json_string(item)) == 0 ? 1u << kind->spec : 0;
    }
  }
  for (item = sdg_json_first(sdg_json_member(call->body, "order-kinds")); item != NULL; item = sdg_json_next(item)) {
    r->delegation.order_kinds |= strcmp(sdg_json_string(item), "star") == 0 ? STARDELEG_IDO_STAR : STARDELEG_IDO_PLAIN;
  }
}

static stardeleg_err read_request(admin_call *call, request *r)
{
  stardeleg_ido_delegation *d = &r->delegation;
  stardeleg_err err = write_object(&r->csr_template, sdg_json_member(call->body, "csr-template"));

  if (err == STARDELEG_OK) {
    err = write_object(&r->cname_map, sdg_json_member(call->body, "cname-map"));
  }
  if (err == STARDELEG_OK) {
    err = read_names(call, r);
  }
  d->expires_at = STARDELEG_TIME_NEVER;
  if (err == STARDELEG_OK && admin_text(call, "expires-at") != NULL) {
    err = sdg_json_get_time(&d->expires_at, call->body, "expires-at", SDG_JSON_REQUIRED, &call->problem);
  }
  read_kinds(call, r);
  d->size = sizeof(*d);
  d->id = admin_text(call, "id");
  d->ndc = admin_text(call, "ndc");
  d->issuer = admin_text(call, "issuer");
  d->upstream = admin_text(call, "upstream");
  d->csr_template = sdg_buf_bytes(&r->csr_template);
  d->cname_map = sdg_buf_bytes(&r->cname_map);
  d->lifetime_min_s = admin_int(call, "lifetime-min", 0);
  d->lifetime_max_s = admin_int(call, "lifetime-max", 0);
  d->orders_max = admin_int(call, "orders-max", 0);
  d->orders_period_s = admin_int(call, "orders-period", 0);
  d->certificates_max = admin_int(call, "certificates-max", 0);
  d->by = admin_text(call, "by");
  for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
    r->members |= sdg_json_member(call->body, members[i].name) != NULL ? members[i].member : 0;
  }
  return err;
}

static void open_request(request *r)
{
  memset(r, 0, sizeof(*r));
  sdg_buf_init(&r->csr_template, 1024u * 1024u);
  sdg_buf_init(&r->cname_map, 1024u * 1024u);
}

static void close_request(request *r)
{
  sdg_buf_clear(&r->csr_template);
  sdg_buf_clear(&r->cname_map);
  free(r->names);
}

stardeleg_err admin_delegation_add(admin_call *call)
{
  request r;
  char id[65];
  stardeleg_err err;

  open_request(&r);
  err = read_request(call, &r);
  if (err == STARDELEG_OK) {
    err = stardeleg_ido_delegation_add(call->ido, &r.delegation, id, call->now, &call->problem);
  }
  if (err == STARDELEG_OK) {
    sdg_jw_string(&call->w, "id", id);
  }
  close_request(&r);
  return err;
}

#define PENDING_TEXT_SIZE 2048
/* Others may change the delegation between the look and the change: then both are done again. */
#define CHANGE_TRIES 5

typedef struct pending {
  const admin_call *call;
  request *r;
  char issuer[65];
  char upstream[PENDING_TEXT_SIZE];
} pending;

/* A lifetime's bounds, a quota's two numbers, an issuer and what is upstream of it are changed together: what is not
 * given stays. */
static int keep_rest(void *ctx, const stardeleg_ido_delegation_view *view)
{
  pending *both = ctx;
  stardeleg_ido_delegation *d = &both->r->delegation;

  if (admin_text(both->call, "issuer") == NULL) {
    (void)snprintf(both->issuer, sizeof(both->issuer), "%s", view->delegation.issuer);
    d->issuer = both->issuer;
  }
  if (sdg_json_member(both->call->body, "upstream") == NULL) {
    (void)snprintf(both->upstream, sizeof(both->upstream), "%s", view->delegation.upstream);
    d->upstream = both->upstream[0] != '\0' ? both->upstream : NULL;
  }
  d->lifetime_min_s = admin_int(both->call, "lifetime-min", view->delegation.lifetime_min_s);
  d->lifetime_max_s = admin_int(both->call, "lifetime-max", view->delegation.lifetime_max_s);
  d->orders_max = admin_int(both->call, "orders-max", view->delegation.orders_max);
  d->orders_period_s = admin_int(both->call, "orders-period", view->delegation.orders_period_s);
  if (d->orders_max == 0) {
    d->orders_period_s = 0;
  }
  d->revision = (uint64_t)admin_int(both->call, "revision", (int64_t)view->delegation.revision);
  return 0;
}

static stardeleg_err show_and_change(admin_call *call, pending *both)
{
  request *r = both->r;
  stardeleg_err err = stardeleg_ido_delegation_show(call->ido, r->delegation.id, keep_rest, both);

  if (err == STARDELEG_OK && r->members == 0) {
    sdg_problem_set(&call->problem, STARDELEG_ACME_NONE, "there is nothing to change");
    err = STARDELEG_ERR_ARGUMENT;
  }
  return err == STARDELEG_OK ? stardeleg_ido_delegation_change(call->ido, r->delegation.id, &r->delegation, r->members,
                                                               call->now, &call->problem)
                             : err;
}

stardeleg_err admin_delegation_change(admin_call *call)
{
  request r;
  pending both = {.call = call, .r = &r};
  stardeleg_err err;

  open_request(&r);
  err = read_request(call, &r);
  if (err == STARDELEG_OK) {
    err = show_and_change(call, &both);
  }
  for (int i = 1; err == STARDELEG_ERR_CONFLICT && admin_int(call, "revision", 0) == 0 && i < CHANGE_TRIES; i++) {
    err = show_and_change(call, &both);
  }
  close_request(&r);
  return err;
}

stardeleg_err admin_delegation_end(admin_call *call)
{
  return stardeleg_ido_delegation_end_by(call->ido, admin_text(call, "id"), admin_text(call, "by"), call->now);
}

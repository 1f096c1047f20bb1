/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_remove.c -- what is over is removed: an order with its authorizations, its certificate and what finds that.
 *
 * The order's own "due" brings it here, under a lease like all other work, so that a store holds what is in use and the
 * grace behind it, however long the CA has been running.  One batch: after a kill there is all of it or nothing. */
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "ca/ca_internal.h"

/* Order, certificate, and three by its serial: "serial", "renewal", "revoked". */
#define OPS_BESIDE_AUTHZ 5u
/* A certificate that is still on the list of revoked ones is looked at again. */
#define REVOKED_PAUSE SDG_TIME_DAY

typedef struct removal {
  stardeleg_store_op *ops;
  size_t n;
} removal;

/* The record as it is now, to be removed; none is as good. */
static stardeleg_err remove_record(const stardeleg_ca *ca, removal *r, const char *kind, const char *key, bool *found)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ca->options.store, kind, key, &record);

  *found = err == STARDELEG_OK;
  if (*found) {
    r->ops[r->n++] = (stardeleg_store_op){
        .verb = STARDELEG_STORE_DEL, .kind = kind, .key = key, .expected_version = record.version};
  }
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

static stardeleg_err remove_authz(const stardeleg_ca *ca, removal *r, const sdg_ca_order *order)
{
  stardeleg_err err = STARDELEG_OK;
  bool found;

  for (size_t i = 0; i < order->authz_count && err == STARDELEG_OK; i++) {
    err = remove_record(ca, r, "authz", order->authz[i], &found);
  }
  return err;
}

/* |*listed|: it is revoked, and the list has it still (RFC 5280 3.3: until one list beyond its validity).  The engine
 * takes it off then; without a list there is nobody to wait for. */
static stardeleg_err remove_cert(const stardeleg_ca *ca, removal *r, const sdg_ca_cert *cert, bool *listed)
{
  bool found = false;
  stardeleg_err err;

  r->ops[r->n++] = (stardeleg_store_op){
      .verb = STARDELEG_STORE_DEL, .kind = "cert", .key = cert->id, .expected_version = cert->version};
  if (cert->is_star) {
    return STARDELEG_OK; /* found by its order only */
  }
  err = remove_record(ca, r, "serial", cert->serial, &found);
  if (err == STARDELEG_OK) {
    err = remove_record(ca, r, "renewal", cert->serial, &found);
  }
  if (err == STARDELEG_OK) {
    err = remove_record(ca, r, "revoked", cert->serial, &found);
    *listed = err == STARDELEG_OK && found && ca->has_crl;
  }
  return err;
}

static stardeleg_err keep_on(const stardeleg_ca *ca, const sdg_ca_order *order, stardeleg_time now)
{
  sdg_buf value;
  stardeleg_store_op op;
  stardeleg_err err;

  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  sdg_ca_put_order(ca, &op, &value, order, true);
  op.due = sdg_time_add(now, REVOKED_PAUSE);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, &op, 1);
  }
  sdg_buf_clear(&value);
  return err;
}

stardeleg_err sdg_ca_remove_order(stardeleg_ca *ca, const sdg_ca_order *order, stardeleg_time now)
{
  removal r = {sdg_calloc(order->authz_count + OPS_BESIDE_AUTHZ, sizeof(stardeleg_store_op)), 1};
  sdg_ca_cert cert;
  bool has_cert = false;
  bool listed = false;
  stardeleg_err err;

  if (r.ops == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  r.ops[0] = (stardeleg_store_op){.verb = STARDELEG_STORE_DEL,
                                  .kind = "order",
                                  .key = order->id,
                                  .expected_version = order->version,
                                  .fence = order->fence};
  err = remove_authz(ca, &r, order);
  if (err == STARDELEG_OK) {
    err = sdg_ca_cert_load(ca, order->cert_id, &cert);
    has_cert = err == STARDELEG_OK;
    err = err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  if (has_cert) {
    err = remove_cert(ca, &r, &cert, &listed);
  }
  if (err == STARDELEG_OK) {
    err = listed ? keep_on(ca, order, now) : sdg_store_batch(ca->options.store, r.ops, r.n);
  }
  if (err == STARDELEG_OK && !listed) {
    sdg_log(&ca->options.log, STARDELEG_LOG_DEBUG, "ca.removed", "order=%s records=%zu", order->id, r.n);
  }
  if (has_cert) {
    sdg_ca_cert_clear(&cert);
  }
  sdg_free(r.ops);
  return err;
}

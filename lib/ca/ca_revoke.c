/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_revoke.c -- revokeCert (RFC 8555 7.6, RFC 8739 3.1.2).
 *
 * Which of our certificates is it?  The signature says that it is ours, a bit of the serial whether it belongs to a
 * STAR order, an index by serial where the others are.  So nobody makes the server search by sending it certificates.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ca/ca_internal.h"
#include "ca/ca_issuer.h"
#include "ca/ca_names.h"
#include "ca/ca_orders.h"

/* How many of an account's orders are looked at for authorizations. */
#define ORDERS_MAX 500u

static stardeleg_err refuse_unknown(sdg_call *call)
{
  (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "not a certificate of this CA");
  call->problem.status = 404;
  return STARDELEG_ERR_PROTOCOL;
}

static stardeleg_err check_ours(stardeleg_ca *ca, sdg_call *call, const sdg_cert *cert)
{
  stardeleg_err err;

  if (!sdg_bytes_equal(cert->issuer, sdg_buf_bytes(&ca->issuer_name)) || cert->alg == STARDELEG_ALG_NONE) {
    return refuse_unknown(call);
  }
  err = sdg_x509_verify(ca->issuer_public, cert->alg, cert->tbs, cert->signature);
  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : refuse_unknown(call);
}

/* --- Who may --- */

static bool is_wanted(const sdg_cert *cert, const stardeleg_identifier *identifier, const bool *covered)
{
  for (size_t i = 0; i < cert->name_count; i++) {
    if (!covered[i] && sdg_ca_is_name(identifier, &cert->names[i])) {
      return true;
    }
  }
  return false;
}

/* Marks the names that |order|'s account has a valid authorization for.  Only those for names that count are read:
 * anybody may ask, about any certificate, with as many orders as an account can have. */
static stardeleg_err mark_names(stardeleg_ca *ca, const sdg_cert *cert, const sdg_ca_order *order, stardeleg_time now,
                                bool *covered)
{
  for (size_t i = 0; i < order->authz_count && i < order->wire.identifiers.count; i++) {
    sdg_ca_authz authz;
    stardeleg_err err;

    if (!is_wanted(cert, &order->wire.identifiers.items[i], covered)) {
      continue;
    }
    err = sdg_ca_authz_load(ca, order->authz[i], &authz);
    if (err != STARDELEG_OK) {
      return err;
    }
    for (size_t j = 0; j < cert->name_count; j++) {
      if (authz.wire.status == SDG_AUTHZ_VALID && now < authz.expires_at &&
          sdg_ca_authorizes(&authz.wire, &cert->names[j])) {
        covered[j] = true;
      }
    }
    sdg_ca_authz_clear(&authz);
  }
  return STARDELEG_OK;
}

static bool all_covered(const bool *covered, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (!covered[i]) {
      return false;
    }
  }
  return count > 0;
}

/* RFC 8555 7.6: "an account that holds authorizations for all of the identifiers in the certificate" */
static stardeleg_err holds_all_names(stardeleg_ca *ca, sdg_call *call, const sdg_cert *cert, bool *out)
{
  bool covered[SDG_X509_NAMES_MAX] = {false};
  char id[SDG_ID_SIZE] = "";
  stardeleg_err err = STARDELEG_OK;

  for (unsigned i = 0; i < ORDERS_MAX && err == STARDELEG_OK && !all_covered(covered, cert->name_count); i++) {
    sdg_ca_order order;

    err = sdg_ca_next_order(ca, call->account->id, id, &order);
    if (err == STARDELEG_OK) {
      err = mark_names(ca, cert, &order, call->now, covered);
      sdg_ca_order_clear(&order);
    }
  }
  *out = all_covered(covered, cert->name_count);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

static stardeleg_err check_right(stardeleg_ca *ca, sdg_call *call, const sdg_cert *cert, const sdg_ca_cert *found)
{
  bool may = false;
  stardeleg_err err = STARDELEG_OK;

  if (call->jwk != NULL) {
    may = sdg_bytes_equal(sdg_pubkey_spki(call->jwk), cert->spki);
  } else if (strcmp(call->account->id, found->account) == 0) {
    may = true;
  } else {
    err = holds_all_names(ca, call, cert, &may);
  }
  if (err != STARDELEG_OK || may) {
    return err;
  }
  return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "neither its account or key, nor authorized for its names");
}

/* --- Revoking --- */

/* The certificate and its place in the list in one batch: whoever was told "revoked" will find it there. */
static stardeleg_err mark_revoked(stardeleg_ca *ca, sdg_ca_cert *found, int64_t reason, stardeleg_time now)
{
  sdg_buf values[1 + SDG_CA_CRL_OPS];
  stardeleg_store_op ops[1 + SDG_CA_CRL_OPS];
  size_t n = 1;
  stardeleg_err err;

  found->revoked = true;
  found->revoked_at = now;
  found->reason = reason;
  for (size_t i = 0; i < 1 + SDG_CA_CRL_OPS; i++) {
    sdg_buf_init(&values[i], STARDELEG_STORE_VALUE_MAX);
  }
  sdg_ca_put_cert(&ops[0], &values[0], found);
  err = sdg_ca_crl_add(ca, found, now, ops, values, &n);
  for (size_t i = 0; i < n && err == STARDELEG_OK; i++) {
    err = sdg_buf_error(&values[i]);
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, ops, n);
  }
  if (err == STARDELEG_OK) {
    sdg_log(&ca->options.log, STARDELEG_LOG_INFO, "ca.revoked", "order=%s serial=%s reason=%lld", found->order,
            found->serial, (long long)reason);
  }
  for (size_t i = 0; i < 1 + SDG_CA_CRL_OPS; i++) {
    sdg_buf_clear(&values[i]);
  }
  return err;
}

static stardeleg_err revoke_found(stardeleg_ca *ca, sdg_call *call, const sdg_cert *cert, int64_t reason)
{
  sdg_ca_cert found;
  char serial[48];
  stardeleg_err err;

  sdg_cert_serial_text(serial, sizeof(serial), cert);
  err = sdg_ca_cert_by_serial(ca, serial, &found);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? refuse_unknown(call) : err;
  }
  err = check_right(ca, call, cert, &found);
  if (err == STARDELEG_OK && found.revoked) {
    err = sdg_call_fail(call, STARDELEG_ACME_ALREADY_REVOKED, "revoked before");
  }
  if (err == STARDELEG_OK) {
    err = mark_revoked(ca, &found, reason, call->now);
  }
  sdg_ca_cert_clear(&found);
  return err;
}

/* RFC 5280 5.3.1: 7 is unused, 6, 8 and 10 are no reasons for a final revocation by a subscriber. */
static bool is_reason(int64_t n)
{
  return n == 0 || n == 1 || n == 3 || n == 4 || n == 5 || n == 9;
}

static stardeleg_err read_reason(sdg_call *call, int64_t *reason)
{
  int64_t n = 0;
  stardeleg_err err =
      sdg_json_get_int(&n, call->payload, "reason", SDG_JSON_OPTIONAL, INT32_MIN, INT32_MAX, &call->problem);

  *reason = n;
  if (err == STARDELEG_OK && !is_reason(n)) {
    return sdg_call_fail(call, STARDELEG_ACME_BAD_REVOCATION_REASON, "allowed reasons: 0, 1, 3, 4, 5, 9");
  }
  return err;
}

static stardeleg_err revoke(stardeleg_ca *ca, sdg_call *call, const sdg_cert *cert, int64_t reason)
{
  stardeleg_err err = check_ours(ca, call, cert);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (sdg_ca_serial_is_star(cert->serial)) {
    return sdg_call_fail(call, STARDELEG_ACME_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED,
                         "STAR certificates are not revoked: cancel the order (RFC 8739 3.1.2)");
  }
  err = STARDELEG_ERR_CONFLICT;
  for (int i = 0; i < SDG_CA_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = revoke_found(ca, call, cert, reason);
  }
  return err;
}

stardeleg_err sdg_ca_route_revoke(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_cert *cert = sdg_calloc(1, sizeof(*cert));
  sdg_buf der;
  int64_t reason = 0;
  stardeleg_err err = cert != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;

  sdg_buf_init(&der, 64u * 1024u);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_base64url(&der, call->payload, "certificate", SDG_JSON_REQUIRED, &call->problem);
  }
  if (err == STARDELEG_OK && sdg_cert_parse(cert, sdg_buf_bytes(&der)) != STARDELEG_OK) {
    err = sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "\"certificate\" is no certificate");
  }
  if (err == STARDELEG_OK) {
    err = read_reason(call, &reason);
  }
  if (err == STARDELEG_OK) {
    err = revoke(ca, call, cert, reason);
  }
  if (err == STARDELEG_OK) {
    sdg_ca_work_waits(ca); /* the list */
  }
  sdg_buf_clear(&der);
  sdg_free(cert);
  return err;
}

/* --- By the operator --- */

stardeleg_err stardeleg_ca_revoke(stardeleg_ca *ca, const char *serial, int reason, stardeleg_time now)
{
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  if (ca == NULL || serial == NULL || !is_reason(reason) || !sdg_store_name_is_valid(serial)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (int i = 0; i < SDG_CA_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    sdg_ca_cert found;

    err = sdg_ca_cert_by_serial(ca, serial, &found);
    if (err != STARDELEG_OK) {
      return err;
    }
    err = found.revoked ? STARDELEG_ERR_STATE : mark_revoked(ca, &found, reason, now);
    sdg_ca_cert_clear(&found);
  }
  if (err == STARDELEG_OK) {
    sdg_ca_work_waits(ca);
  }
  return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_compat_certificate.c -- ordinary ACME clients: when their certificates should be renewed (RFC 9773), and
 * revokeCert (RFC 8555 7.6). */
#include <stdio.h>
#include <string.h>

#include "acme/renewal_info.h"
#include "acme_client/renewal_info.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_compat.h"
#include "ido/ido_publication.h"
#include "x509/cert.h"

#define ASK_AGAIN_S "21600"

/* --- renewalInfo --- */

/* What the CA wants counts, as far as it is known; else from two thirds to three quarters of its life.  For what was
 * taken back, a window that has passed: "immediately" (RFC 9773 4.2). */
static stardeleg_err choose_window(const stardeleg_ido *ido, const sdg_ido_published *cert, sdg_acme_renewal_info *out)
{
  int64_t life = cert->not_after - cert->not_before;
  stardeleg_err err;

  memset(out, 0, sizeof(*out));
  out->start = sdg_time_add(cert->not_before, life * 2 / 3);
  out->end = sdg_time_add(cert->not_before, life * 3 / 4);
  if (cert->canceled) {
    out->start = cert->not_before;
    out->end = cert->not_before;
    err = STARDELEG_OK;
  } else {
    err = sdg_ido_order_window(ido->options.store, cert->order, &out->start, &out->end);
  }
  out->start = sdg_time_floor_s(out->start);
  out->end = sdg_time_max(sdg_time_floor_s(out->end), sdg_time_add(out->start, SDG_TIME_S));
  return err;
}

stardeleg_err sdg_ido_route_renewal_info(void *role, sdg_call *call)
{
  const stardeleg_ido *ido = role;
  char id[2 * SDG_ID_SIZE];
  sdg_ido_published found;
  sdg_acme_renewal_info info;
  sdg_json_writer w;
  stardeleg_err err;

  (void)snprintf(id, sizeof(id), "%s.%s", call->parts[0], call->parts[1]);
  err = sdg_ido_publication_find(ido->options.store, id, &found);
  if (err == STARDELEG_ERR_NOT_FOUND) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "no certificate that would be renewed by an order");
    call->problem.status = 404;
    return STARDELEG_ERR_PROTOCOL;
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = choose_window(ido, &found, &info);
  sdg_ido_published_clear(&found);
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_add_header(call->reply, "Retry-After", ASK_AGAIN_S);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_json(call, &w);
  }
  if (err == STARDELEG_OK) {
    sdg_acme_renewal_info_write(&w, &info);
  }
  return err;
}

/* --- revokeCert --- */

static stardeleg_err refuse_unknown(sdg_call *call)
{
  (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "no certificate of a plain order that was published here");
  call->problem.status = 404;
  return STARDELEG_ERR_PROTOCOL;
}

/* Whose the certificate is shows by the account, or by its own key (RFC 8555 7.6). */
static stardeleg_err check_right(sdg_call *call, stardeleg_bytes der, const sdg_ido_published *found)
{
  sdg_cert *cert = sdg_calloc(1, sizeof(*cert));
  stardeleg_err err = cert != NULL ? sdg_cert_parse(cert, der) : STARDELEG_ERR_NOMEM;
  bool may = false;

  if (err == STARDELEG_OK) {
    may = call->jwk != NULL ? sdg_bytes_equal(sdg_pubkey_spki(call->jwk), cert->spki)
                            : strcmp(call->account->id, found->account) == 0;
  }
  sdg_free(cert);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK || !may) {
    return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "neither its account nor its key");
  }
  return found->canceled ? sdg_call_fail(call, STARDELEG_ACME_ALREADY_REVOKED, "revoked before") : STARDELEG_OK;
}

/* The order ends as it would with its delegation (RFC 9115 2.3.6.2): withdrawn here, and revoked at the CA by the
 * engine, again and again until that is done. */
static stardeleg_err end_order(stardeleg_ido *ido, sdg_call *call, const char *id)
{
  stardeleg_problem problem;
  sdg_ido_order order;
  stardeleg_err err = sdg_ido_order_load(ido->options.store, id, &order);

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? refuse_unknown(call) : err;
  }
  order.now = call->now;
  if (!order.compat) { /* RFC 9115 2.3.6.2 holds for those who know of it */
    err = refuse_unknown(call);
  } else if (order.cancel || sdg_ido_order_is_final(&order)) {
    err = sdg_call_fail(call, STARDELEG_ACME_ALREADY_REVOKED, "revoked before");
  } else {
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the certificate was revoked by its delegate");
    problem.status = 0;
    order.cancel = true;
    err = sdg_ido_order_set_error(&order, &problem);
    if (err == STARDELEG_OK) {
      err = sdg_ido_order_put(ido->options.store, &order, call->now, false, NULL, NULL);
    }
  }
  sdg_ido_order_clear(&order);
  return err;
}

static stardeleg_err revoke(stardeleg_ido *ido, sdg_call *call, stardeleg_bytes der)
{
  sdg_ido_published found;
  sdg_buf id;
  stardeleg_err err;

  sdg_buf_init(&id, 512);
  err = sdg_certificate_id(&id, der);
  if (err == STARDELEG_OK) {
    err = sdg_ido_publication_find(ido->options.store, sdg_buf_str(&id), &found);
  }
  sdg_buf_clear(&id);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM || err == STARDELEG_ERR_STORE ? err : refuse_unknown(call);
  }
  if (found.leaf.len > 0 && !sdg_bytes_equal(sdg_buf_bytes(&found.leaf), der)) {
    err = refuse_unknown(call); /* of the same name, but another one */
  } else {
    err = check_right(call, der, &found);
  }
  if (err == STARDELEG_OK) {
    err = STARDELEG_ERR_CONFLICT;
    for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
      err = end_order(ido, call, found.order);
    }
  }
  if (err == STARDELEG_OK) {
    sdg_log(&ido->options.log, STARDELEG_LOG_INFO, "ido.revoked", "order=%s by its delegate", found.order);
    sdg_ido_work_waits(ido);
  }
  sdg_ido_published_clear(&found);
  return err;
}

stardeleg_err sdg_ido_route_revoke(void *role, sdg_call *call)
{
  stardeleg_ido *ido = role;
  sdg_buf der;
  stardeleg_err err;

  if (ido->options.delegates_may_revoke == 0) { /* STARDEL-2.3.6.2: it is the owner who does */
    return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED,
                         "certificates of delegated names are revoked by the owner of the names, who ends the "
                         "delegation");
  }
  sdg_buf_init(&der, 64u * 1024u);
  err = sdg_json_get_base64url(&der, call->payload, "certificate", SDG_JSON_REQUIRED, &call->problem);
  if (err == STARDELEG_OK) {
    err = revoke(ido, call, sdg_buf_bytes(&der));
  }
  sdg_buf_clear(&der);
  return err;
}

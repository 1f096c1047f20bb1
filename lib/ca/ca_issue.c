/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_issue.c -- an order whose time has come: first certificate, renewal, expiry (RFC 8739 2.2, 3.5). */
#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/problem.h"
#include "base/time.h"
#include "ca/ca_internal.h"
#include "ca/ca_orders.h"
#include "ca/ca_profile.h"

/* Behind every period there can be, and still an integer in JSON. */
#define NO_PERIOD ((uint64_t)1 << 52)

/* revokeCert finds certificates by their serial; those of STAR orders are not to be found. */
static void put_serial(stardeleg_store_op *op, sdg_buf *value, const sdg_ca_cert *cert)
{
  sdg_json_writer w;

  sdg_jw_init(&w, value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "cert", cert->id);
  sdg_jw_object_end(&w);
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                             .kind = "serial",
                             .key = cert->serial,
                             .value = sdg_buf_bytes(value),
                             .due = STARDELEG_TIME_NEVER};
}

/* Order and certificate in one batch under the lease; a cancellation that came first makes it fail as a whole. */
static stardeleg_err publish(stardeleg_ca *ca, sdg_ca_order *order, sdg_ca_cert *cert)
{
  sdg_buf values[3];
  stardeleg_store_op ops[3];
  size_t n = cert->is_star ? 2 : 3;
  stardeleg_err err = STARDELEG_OK;

  for (size_t i = 0; i < 3; i++) {
    sdg_buf_init(&values[i], STARDELEG_STORE_VALUE_MAX);
  }
  sdg_ca_put_order(ca, &ops[0], &values[0], order, true);
  cert->next_at = sdg_ca_order_next_at(ca, order);
  sdg_ca_put_cert(&ops[1], &values[1], cert);
  put_serial(&ops[2], &values[2], cert);
  for (size_t i = 0; i < n && err == STARDELEG_OK; i++) {
    err = sdg_buf_error(&values[i]);
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, ops, n);
  }
  for (size_t i = 0; i < 3; i++) {
    sdg_buf_clear(&values[i]);
  }
  return err;
}

stardeleg_err sdg_ca_order_fail(sdg_ca_order *order, stardeleg_acme_error acme, const char *detail)
{
  stardeleg_problem problem;
  sdg_json *tree = NULL;
  stardeleg_err err;

  sdg_problem_set(&problem, acme, "%s", detail);
  err = sdg_problem_to_tree(&tree, &problem);
  if (err == STARDELEG_OK) {
    sdg_json_free(order->wire.error);
    order->wire.error = tree;
    order->wire.status = SDG_ORDER_INVALID;
  }
  return err;
}

static stardeleg_err make_invalid(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_acme_error acme, const char *detail)
{
  stardeleg_err err = sdg_ca_order_fail(order, acme, detail);

  return err == STARDELEG_OK ? sdg_ca_save_order(ca, order, true) : err;
}

static stardeleg_err open_cert(stardeleg_ca *ca, const sdg_ca_order *order, sdg_ca_cert *cert)
{
  stardeleg_err err = sdg_ca_cert_load(ca, order->cert_id, cert);

  if (err != STARDELEG_ERR_NOT_FOUND) {
    return err;
  }
  sdg_ca_cert_init(cert);
  memcpy(cert->id, order->cert_id, sizeof(cert->id));
  memcpy(cert->order, order->id, sizeof(cert->order));
  memcpy(cert->account, order->account, sizeof(cert->account));
  return STARDELEG_OK;
}

static void tell(stardeleg_ca *ca, const sdg_ca_order *order, const sdg_ca_cert *cert)
{
  char from[SDG_TIME_TEXT_SIZE];
  char until[SDG_TIME_TEXT_SIZE];
  char name[256];

  sdg_time_write_rfc3339(from, cert->not_before);
  sdg_time_write_rfc3339(until, cert->not_after);
  sdg_text_escape(name, sizeof(name), sdg_bytes_str(order->wire.identifiers.items[0].value));
  sdg_log(&ca->options.log, STARDELEG_LOG_INFO, "ca.issued", "order=%s name=%s serial=%s not_before=%s not_after=%s",
          order->id, name, cert->serial, from, until);
}

/* The period to issue: the first one first; after an outage the newest, as a missed one is of no use to anybody. */
static stardeleg_err choose_period(stardeleg_ca *ca, sdg_ca_order *order, const sdg_auto_renewal *renewal,
                                   stardeleg_time now, sdg_star_period *period)
{
  sdg_star_schedule schedule;
  stardeleg_err err;

  if (order->first_issue_at == STARDELEG_TIME_NONE) {
    order->first_issue_at = now;
  }
  err = sdg_star_schedule_init(&schedule, renewal, order->first_issue_at, ca->options.fraction_permille);
  if (err == STARDELEG_OK && order->next_index == 0) {
    return sdg_star_schedule_period(&schedule, 0, period);
  }
  if (err == STARDELEG_OK) {
    err = sdg_star_schedule_at(&schedule, now, period);
  }
  if (err == STARDELEG_OK && period->index < order->next_index) {
    err = STARDELEG_ERR_STATE; /* the clock has been turned back: nothing is due yet */
  }
  return err;
}

static stardeleg_err issue_star(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_time now)
{
  sdg_auto_renewal renewal;
  sdg_star_period period;
  sdg_ca_cert cert;
  stardeleg_err err = sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL);

  if (err == STARDELEG_OK) {
    err = choose_period(ca, order, &renewal, now, &period);
  }
  if (err == STARDELEG_ERR_EXPIRED && order->next_index == 0) {
    return make_invalid(ca, order, STARDELEG_ACME_MALFORMED, "end-date passed before issuance");
  }
  if (err == STARDELEG_ERR_EXPIRED) {
    order->next_index = NO_PERIOD; /* periods missed before end-date are not made up for: nothing is due any more */
    return sdg_ca_save_order(ca, order, true);
  }
  if (err == STARDELEG_ERR_STATE) {
    return sdg_ca_save_order(ca, order, true);
  }
  if (err == STARDELEG_OK) {
    err = open_cert(ca, order, &cert);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_ca_build_chain(ca, order, period.not_before, period.not_after, &cert);
  if (err == STARDELEG_OK) {
    cert.issued_at = now;
    cert.is_star = true;
    cert.certificate_get = renewal.certificate_get;
    cert.end_at = renewal.end_at;
    order->wire.status = SDG_ORDER_VALID;
    /* AMB-15: the order can be fetched for a while after its end. */
    order->wire.expires = sdg_time_add(renewal.end_at, ca->options.order_grace_s * SDG_TIME_S);
    order->next_index = period.index + 1;
    err = publish(ca, order, &cert);
  }
  if (err == STARDELEG_OK) {
    tell(ca, order, &cert);
  }
  sdg_ca_cert_clear(&cert);
  return err;
}

static stardeleg_err issue_plain(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_time now)
{
  stardeleg_time from = order->wire.not_before != STARDELEG_TIME_NONE ? order->wire.not_before : sdg_time_floor_s(now);
  stardeleg_time until = order->wire.not_after != STARDELEG_TIME_NONE
                             ? order->wire.not_after
                             : sdg_time_add(from, sdg_ca_plain_lifetime_s(ca, order) * SDG_TIME_S);
  sdg_ca_cert cert;
  stardeleg_problem problem;
  stardeleg_err err;

  until = sdg_time_min(until, ca->issuer_not_after);
  if (until <= from || until <= now) {
    return make_invalid(ca, order, STARDELEG_ACME_MALFORMED, "the validity that was ordered has passed");
  }
  err = sdg_ca_crl_check_room(ca, now, &problem);
  if (err == STARDELEG_ERR_POLICY) {
    return make_invalid(ca, order, problem.acme, problem.detail);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_crl_begin(ca, now);
  }
  if (err == STARDELEG_OK) {
    err = open_cert(ca, order, &cert);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_ca_build_chain(ca, order, from, until, &cert);
  if (err == STARDELEG_OK) {
    cert.issued_at = now;
    cert.certificate_get = order->wire.certificate_get == SDG_TRUE;
    order->wire.status = SDG_ORDER_VALID;
    order->wire.expires = sdg_time_add(cert.not_after, ca->options.order_grace_s * SDG_TIME_S);
    order->next_index = 1;
    err = publish(ca, order, &cert);
  }
  if (err == STARDELEG_OK) {
    tell(ca, order, &cert);
  }
  sdg_ca_cert_clear(&cert);
  return err;
}

/* Nothing is issued for an account that is no longer (RFC 8555 7.3.6), whoever ended it and whether or not that one
 * got as far as this order. */
static stardeleg_err check_account(stardeleg_ca *ca, const sdg_ca_order *order, bool *gone)
{
  const sdg_server_account *account = NULL;
  stardeleg_err err = sdg_server_account_get(ca->server, order->account, &account);

  *gone = err == STARDELEG_ERR_NOT_FOUND || (err == STARDELEG_OK && account->status != SDG_ACCOUNT_VALID);
  if (err == STARDELEG_OK) {
    sdg_server_account_release(ca->server, account);
  }
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

static stardeleg_err issue(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_time now)
{
  bool gone = false;
  stardeleg_err err = check_account(ca, order, &gone);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (gone && order->wire.status == SDG_ORDER_VALID) {
    return sdg_ca_cancel_order(ca, order, now, true);
  }
  if (gone) {
    return make_invalid(ca, order, STARDELEG_ACME_UNAUTHORIZED, SDG_CA_ACCOUNT_GONE);
  }
  if (sdg_ca_needs_caa(ca, order, now)) {
    return sdg_ca_begin_caa(ca, order, now);
  }
  return order->wire.auto_renewal != NULL ? issue_star(ca, order, now) : issue_plain(ca, order, now);
}

static stardeleg_err work(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_time now)
{
  if (now >= sdg_ca_order_over_at(ca, order)) {
    return sdg_ca_remove_order(ca, order, now);
  }
  switch (order->wire.status) {
  case SDG_ORDER_PENDING:
  case SDG_ORDER_READY:
    return make_invalid(ca, order, STARDELEG_ACME_MALFORMED, "the order was not finalized in time");
  case SDG_ORDER_PROCESSING:
    return issue(ca, order, now);
  case SDG_ORDER_VALID:
    return order->wire.auto_renewal != NULL ? issue(ca, order, now) : sdg_ca_save_order(ca, order, true);
  default:
    return sdg_ca_save_order(ca, order, true);
  }
}

stardeleg_err sdg_ca_work_order(stardeleg_ca *ca, const stardeleg_record *record, stardeleg_time now)
{
  sdg_ca_order order;
  stardeleg_err err = sdg_ca_order_read(&order, record);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = work(ca, &order, now);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_CONFLICT) {
    sdg_log(&ca->options.log, STARDELEG_LOG_ERROR, "ca.issue.failed", "order=%s: %s", order.id,
            stardeleg_strerror(err));
  }
  sdg_ca_order_clear(&order);
  return err;
}

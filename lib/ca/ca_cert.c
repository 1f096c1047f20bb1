/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_cert.c -- the certificate as a resource (RFC 8739 3.3, 3.4, 4.3; RFC 8555 7.4.2; RFC 9115 2.3.5) and
 * revokeCert. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ca/ca_internal.h"

static bool is_plain_get(const sdg_call *call)
{
  return call->jws == NULL;
}

static stardeleg_err check_access(sdg_call *call, const sdg_ca_cert *cert)
{
  if (is_plain_get(call)) {
    if (!cert->certificate_get) {
      (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED,
                          "unauthenticated GET was not negotiated for this certificate");
      call->problem.status = 405;
      return STARDELEG_ERR_PROTOCOL;
    }
    return STARDELEG_OK;
  }
  if (strcmp(cert->account, call->account->id) != 0) {
    (void)sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "no such certificate of yours");
    call->problem.status = 404;
    return STARDELEG_ERR_PROTOCOL;
  }
  return STARDELEG_OK;
}

static stardeleg_err check_life(sdg_call *call, const sdg_ca_cert *cert)
{
  if (cert->canceled) {
    return sdg_call_fail(call, STARDELEG_ACME_AUTO_RENEWAL_CANCELED, "the order was canceled");
  }
  if (cert->is_star && call->now >= cert->end_at) {
    return sdg_call_fail(call, STARDELEG_ACME_AUTO_RENEWAL_EXPIRED, "the order has reached its end-date");
  }
  return STARDELEG_OK;
}

/* RFC 8739 4.3: no cache may keep it beyond its life, and better not beyond the moment its successor is here. */
static stardeleg_err add_caching(sdg_call *call, const sdg_ca_cert *cert)
{
  char text[64];
  stardeleg_time until = sdg_time_min(cert->not_after, cert->next_at);
  int64_t seconds = (until - call->now) / SDG_TIME_S;

  if (!is_plain_get(call)) {
    return STARDELEG_OK; /* answers to POST get the common no-store */
  }
  (void)snprintf(text, sizeof(text), "public, max-age=%lld, must-revalidate", (long long)(seconds > 0 ? seconds : 0));
  return sdg_http_reply_add_header(call->reply, "Cache-Control", text);
}

static stardeleg_err add_headers(sdg_call *call, const sdg_ca_cert *cert)
{
  char date[SDG_TIME_TEXT_SIZE];
  char etag[64];
  stardeleg_err err;

  (void)snprintf(etag, sizeof(etag), "\"%s\"", cert->serial);
  err = sdg_http_reply_add_header(call->reply, "ETag", etag);
  if (err == STARDELEG_OK) {
    sdg_time_write_http(date, cert->not_before);
    err = sdg_http_reply_add_header(call->reply, "Cert-Not-Before", date);
  }
  if (err == STARDELEG_OK) {
    sdg_time_write_http(date, cert->not_after);
    err = sdg_http_reply_add_header(call->reply, "Cert-Not-After", date);
  }
  return err == STARDELEG_OK ? add_caching(call, cert) : err;
}

static bool has_it_already(const sdg_call *call, const sdg_ca_cert *cert)
{
  stardeleg_bytes tag;

  if (!sdg_http_header(&tag, call->request->headers, call->request->header_count, "If-None-Match", NULL)) {
    return false;
  }
  return tag.len == strlen(cert->serial) + 2 && tag.base[0] == '"' &&
         memcmp(tag.base + 1, cert->serial, tag.len - 2) == 0 && tag.base[tag.len - 1] == '"';
}

static stardeleg_err reply_chain(sdg_call *call, const sdg_ca_cert *cert)
{
  stardeleg_err err = add_headers(call, cert);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (is_plain_get(call) && has_it_already(call, cert)) {
    sdg_http_reply_set_status(call->reply, 304);
    return STARDELEG_OK;
  }
  sdg_buf_add_str(sdg_http_reply_body(call->reply), cert->chain_pem);
  return sdg_http_reply_add_header(call->reply, "Content-Type", "application/pem-certificate-chain");
}

stardeleg_err sdg_ca_route_cert(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_ca_cert cert;
  stardeleg_err err = sdg_ca_cert_load(ca, call->parts[0], &cert);

  if (err == STARDELEG_ERR_NOT_FOUND) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "no such certificate");
    call->problem.status = 404;
    return STARDELEG_ERR_PROTOCOL;
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = check_access(call, &cert);
  if (err == STARDELEG_OK) {
    err = check_life(call, &cert);
  }
  if (err == STARDELEG_OK) {
    err = reply_chain(call, &cert);
  }
  sdg_ca_cert_clear(&cert);
  return err;
}

/* --- revokeCert --- */

/* Which of our certificates is it?  The names of resources are random, so it is looked for by serial among what is
 * published. */
typedef struct search {
  stardeleg_ca *ca;
  char serial[48];
  sdg_ca_cert found;
  bool has;
  stardeleg_err err;
} search;

static int compare_serial(void *ctx, const stardeleg_record *record)
{
  search *s = ctx;
  sdg_json *tree = NULL;
  bool same = false;

  if (sdg_json_parse(&tree, sdg_bytes(record->value, record->value_len), NULL, NULL) == STARDELEG_OK) {
    same = strcmp(sdg_json_string(sdg_json_member(tree, "serial")), s->serial) == 0;
  }
  sdg_json_free(tree);
  if (same) {
    (void)snprintf(s->found.id, sizeof(s->found.id), "%s", record->key);
    s->has = true;
  }
  return same;
}

static stardeleg_err find_by_serial(search *s)
{
  char id[SDG_ID_SIZE];
  stardeleg_err err = sdg_store_scan(s->ca->options.store, "cert", NULL, NULL, 1000000, compare_serial, s);

  if (err != STARDELEG_OK || !s->has) {
    return err;
  }
  memcpy(id, s->found.id, sizeof(id));
  return sdg_ca_cert_load(s->ca, id, &s->found);
}

static stardeleg_err check_right(sdg_call *call, const sdg_cert *cert, const search *s)
{
  bool by_key = call->jwk != NULL && sdg_bytes_equal(sdg_pubkey_spki(call->jwk), cert->spki);
  bool by_account = call->account != NULL && strcmp(call->account->id, s->found.account) == 0;

  return by_key || by_account
             ? STARDELEG_OK
             : sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "neither the account nor the key of this certificate");
}

static stardeleg_err mark_revoked(search *s)
{
  sdg_buf value;
  stardeleg_store_op op;
  stardeleg_err err;

  s->found.revoked = true;
  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  sdg_ca_put_cert(&op, &value, &s->found);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(s->ca->options.store, &op, 1);
  }
  sdg_buf_clear(&value);
  return err;
}

/* RFC 5280 5.3.1: 7 is unused, 6, 8 and 10 are no reasons for a final revocation by a subscriber. */
static stardeleg_err check_reason(sdg_call *call)
{
  int64_t reason = 0;
  stardeleg_err err =
      sdg_json_get_int(&reason, call->payload, "reason", SDG_JSON_OPTIONAL, INT32_MIN, INT32_MAX, &call->problem);

  if (err == STARDELEG_OK && reason != 0 && reason != 1 && reason != 3 && reason != 4 && reason != 5 && reason != 9) {
    return sdg_call_fail(call, STARDELEG_ACME_BAD_REVOCATION_REASON, "allowed reasons: 0, 1, 3, 4, 5, 9");
  }
  return err;
}

static stardeleg_err revoke(sdg_call *call, const sdg_cert *cert, search *s)
{
  stardeleg_err err = find_by_serial(s);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (!s->has) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "not a certificate that this CA publishes now");
    call->problem.status = 404;
    return STARDELEG_ERR_PROTOCOL;
  }
  err = check_right(call, cert, s);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (s->found.is_star) {
    return sdg_call_fail(call, STARDELEG_ACME_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED,
                         "STAR certificates are not revoked: cancel the order (RFC 8739 3.1.2)");
  }
  if (s->found.revoked) {
    return sdg_call_fail(call, STARDELEG_ACME_ALREADY_REVOKED, "revoked before");
  }
  return mark_revoked(s);
}

stardeleg_err sdg_ca_route_revoke(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_cert *cert = sdg_calloc(1, sizeof(*cert));
  search *s = sdg_calloc(1, sizeof(*s));
  sdg_buf der;
  stardeleg_err err = cert != NULL && s != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;

  sdg_buf_init(&der, 64u * 1024u);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_base64url(&der, call->payload, "certificate", SDG_JSON_REQUIRED, &call->problem);
  }
  if (err == STARDELEG_OK && sdg_cert_parse(cert, sdg_buf_bytes(&der)) != STARDELEG_OK) {
    err = sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "\"certificate\" is no certificate");
  }
  if (err == STARDELEG_OK) {
    err = check_reason(call);
  }
  if (err == STARDELEG_OK) {
    s->ca = ca;
    sdg_cert_serial_text(s->serial, sizeof(s->serial), cert);
    err = revoke(call, cert, s);
    sdg_ca_cert_clear(&s->found);
  }
  sdg_buf_clear(&der);
  sdg_free(s);
  sdg_free(cert);
  return err;
}

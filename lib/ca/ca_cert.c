/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_cert.c -- the certificate as a resource (RFC 8739 3.3, 3.4, 4.3; RFC 8555 7.4.2; RFC 9115 2.3.5). */
#include <string.h>

#include "acme_server/certificate_reply.h"
#include "base/bytes.h"
#include "ca/ca_internal.h"

/* --- Which chain (RFC 8555 7.4.2) --- */

/* "/cert/<id>" is the chain of the day it was issued, "/cert/<id>/1" the first alternate. */
static bool read_which(const stardeleg_ca *ca, const sdg_call *call, size_t *which)
{
  uint64_t n = 0;

  *which = 0;
  if (call->parts[1][0] == '\0') {
    return true;
  }
  if (call->parts[1][0] == '0' || !sdg_bytes_to_uint(&n, sdg_bytes_str(call->parts[1]), ca->alternate_count) ||
      n == 0) {
    return false;
  }
  *which = (size_t)n;
  return true;
}

/* Links to the others, never to itself. */
static stardeleg_err add_links(const stardeleg_ca *ca, sdg_call *call, const sdg_ca_cert *cert, size_t which)
{
  stardeleg_err err = STARDELEG_OK;

  for (size_t i = 0; i <= ca->alternate_count && err == STARDELEG_OK; i++) {
    sdg_buf link;

    if (i == which) {
      continue;
    }
    sdg_buf_init(&link, 2400);
    sdg_buf_add_byte(&link, '<');
    sdg_server_url(ca->server, &link, "/cert/", cert->id, NULL);
    if (i > 0) {
      sdg_buf_add_byte(&link, '/');
      sdg_buf_add_int(&link, (int64_t)i);
    }
    sdg_buf_add_str(&link, ">;rel=\"alternate\"");
    err = sdg_buf_error(&link);
    if (err == STARDELEG_OK) {
      err = sdg_http_reply_add_header(call->reply, "Link", sdg_buf_str(&link));
    }
    sdg_buf_clear(&link);
  }
  return err;
}

static void add_body(const stardeleg_ca *ca, sdg_call *call, const sdg_ca_cert *cert, size_t which)
{
  static const char end[] = "-----END CERTIFICATE-----\n";
  sdg_buf *body = sdg_http_reply_body(call->reply);
  const char *leaf_end = strstr(cert->chain_pem, end);

  if (which == 0 || leaf_end == NULL) {
    sdg_buf_add_str(body, cert->chain_pem);
    return;
  }
  sdg_buf_add(body, cert->chain_pem, (size_t)(leaf_end - cert->chain_pem) + sizeof(end) - 1);
  sdg_buf_add_bytes(body, sdg_buf_bytes(&ca->alternates[which - 1]));
}

static stardeleg_err reply(const stardeleg_ca *ca, sdg_call *call, const sdg_ca_cert *cert, size_t which)
{
  sdg_certificate_view view = {.account = cert->account,
                               .tag = cert->serial,
                               .not_before = cert->not_before,
                               .not_after = cert->not_after,
                               .next_at = cert->next_at,
                               .end_at = cert->end_at,
                               .star = cert->is_star,
                               .canceled = cert->canceled,
                               .certificate_get = cert->certificate_get};
  bool body = false;
  stardeleg_err err = sdg_call_certificate_head(call, &view, &body);

  if (err == STARDELEG_OK) {
    err = add_links(ca, call, cert, which);
  }
  if (err == STARDELEG_OK && body) {
    add_body(ca, call, cert, which);
  }
  return err;
}

stardeleg_err sdg_ca_route_cert(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_ca_cert cert;
  size_t which = 0;
  stardeleg_err err;

  if (!read_which(ca, call, &which)) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "no certificate has such an alternate");
    call->problem.status = 404;
    return STARDELEG_ERR_PROTOCOL;
  }
  err = sdg_ca_cert_load(ca, call->parts[0], &cert);
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return sdg_call_no_certificate(call);
  }
  if (err == STARDELEG_OK) {
    err = reply(ca, call, &cert, which);
    sdg_ca_cert_clear(&cert);
  }
  return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_cert.c -- the certificate as a resource (RFC 8739 3.3, 3.4, 4.3; RFC 8555 7.4.2; RFC 9115 2.3.5). */
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
      call->allow = "POST";
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

/* Of what is left of its life.  Caches that pass an answer on without Age (RFC 9111 5.1) each give it its whole
 * freshness again: a few of them in a row must not outlive the certificate. */
#define FRESH_PART 4

/* RFC 8739 4.3: no cache may keep it beyond its life, and better not beyond the moment its successor is here. */
static int64_t freshness_s(const sdg_call *call, const sdg_ca_cert *cert)
{
  int64_t left = sdg_time_min(cert->not_after, cert->end_at) - call->now;
  int64_t ms = left / FRESH_PART;

  if (cert->next_at - call->now < ms) {
    ms = cert->next_at - call->now;
  }
  return ms > 0 ? ms / SDG_TIME_S : 0;
}

/* Expires says the same to caches that know no max-age. */
static stardeleg_err add_caching(sdg_call *call, const sdg_ca_cert *cert)
{
  char text[64];
  int64_t seconds = freshness_s(call, cert);
  stardeleg_err err;

  if (!is_plain_get(call)) {
    return STARDELEG_OK; /* answers to POST get the common no-store */
  }
  (void)snprintf(text, sizeof(text), "public, max-age=%lld, must-revalidate", (long long)seconds);
  err = sdg_http_reply_add_header(call->reply, "Cache-Control", text);
  if (err == STARDELEG_OK) {
    sdg_time_write_http(text, sdg_time_add(call->now, seconds * SDG_TIME_S));
    err = sdg_http_reply_add_header(call->reply, "Expires", text);
  }
  return err;
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

/* One entity tag, compared weakly (RFC 9110 13.1.2). */
static bool is_tag_of(stardeleg_bytes tag, const sdg_ca_cert *cert)
{
  size_t len = strlen(cert->serial);

  tag = sdg_bytes_trim(tag);
  if (sdg_bytes_is(tag, "*")) {
    return true;
  }
  if (sdg_bytes_has_prefix(tag, "W/")) {
    tag = sdg_bytes_from(tag, 2);
  }
  return tag.len == len + 2 && tag.base[0] == '"' && memcmp(tag.base + 1, cert->serial, len) == 0 &&
         tag.base[len + 1] == '"';
}

/* Our tags hold no comma, so a list is cut at them. */
static bool has_it_already(const sdg_call *call, const sdg_ca_cert *cert)
{
  stardeleg_bytes tags;
  size_t len;

  if (!sdg_http_header(&tags, call->request->headers, call->request->header_count, "If-None-Match", NULL)) {
    return false;
  }
  for (; tags.len > 0; tags = sdg_bytes_from(tags, len + 1)) {
    for (len = 0; len < tags.len && tags.base[len] != ','; len++) {
    }
    if (is_tag_of(sdg_bytes(tags.base, len), cert)) {
      return true;
    }
    if (len == tags.len) {
      break;
    }
  }
  return false;
}

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

static stardeleg_err reply_chain(const stardeleg_ca *ca, sdg_call *call, const sdg_ca_cert *cert, size_t which)
{
  stardeleg_err err = add_headers(call, cert);

  if (err == STARDELEG_OK) {
    err = add_links(ca, call, cert, which);
  }

  if (err != STARDELEG_OK) {
    return err;
  }
  if (is_plain_get(call) && has_it_already(call, cert)) {
    sdg_http_reply_set_status(call->reply, 304);
    return STARDELEG_OK;
  }
  add_body(ca, call, cert, which);
  return sdg_http_reply_add_header(call->reply, "Content-Type", "application/pem-certificate-chain");
}

stardeleg_err sdg_ca_route_cert(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_ca_cert cert;
  size_t which = 0;
  stardeleg_err err = STARDELEG_ERR_NOT_FOUND;

  if (read_which(ca, call, &which)) {
    err = sdg_ca_cert_load(ca, call->parts[0], &cert);
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "no such certificate");
    call->problem.status = 404;
    return STARDELEG_ERR_PROTOCOL;
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  /* RFC 8739 3.1.2, 3.3: "403 (Forbidden) to any requests" once it has ended, negotiated or not; but strangers with an
   * account are told nothing. */
  err = is_plain_get(call) ? check_life(call, &cert) : check_access(call, &cert);
  if (err == STARDELEG_OK) {
    err = is_plain_get(call) ? check_access(call, &cert) : check_life(call, &cert);
  }
  if (err == STARDELEG_OK) {
    err = reply_chain(ca, call, &cert, which);
  }
  sdg_ca_cert_clear(&cert);
  return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/certificate_reply.c -- who may have a certificate, for how long, and its headers. */
#include "acme_server/certificate_reply.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"

static bool is_plain_get(const sdg_call *call)
{
  return call->jws == NULL;
}

/* RFC 8555 10.5: what is not yours, or not for everybody, and what does not exist look the same.  For a plain GET that
 * is 405 (RFC 8555 6.3, RFC 9115 2.3.5). */
stardeleg_err sdg_call_no_certificate(sdg_call *call)
{
  if (is_plain_get(call)) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "no certificate with which unauthenticated GET was negotiated");
    call->problem.status = 405;
    call->allow = "POST";
  } else {
    (void)sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "no such certificate of yours");
    call->problem.status = 404;
  }
  return STARDELEG_ERR_PROTOCOL;
}

static stardeleg_err check_access(sdg_call *call, const sdg_certificate_view *view)
{
  bool may = is_plain_get(call) ? view->certificate_get : strcmp(view->account, call->account->id) == 0;

  return may ? STARDELEG_OK : sdg_call_no_certificate(call);
}

static stardeleg_err check_life(sdg_call *call, const sdg_certificate_view *view)
{
  if (view->canceled) {
    return sdg_call_fail(call, STARDELEG_ACME_AUTO_RENEWAL_CANCELED, "the order was canceled");
  }
  if (view->star && call->now >= view->end_at) {
    return sdg_call_fail(call, STARDELEG_ACME_AUTO_RENEWAL_EXPIRED, "the order has reached its end-date");
  }
  return STARDELEG_OK;
}

/* Of what is left of its life.  Caches that pass an answer on without Age (RFC 9111 5.1) each give it its whole
 * freshness again: a few of them in a row must not outlive the certificate. */
#define FRESH_PART 4

/* RFC 8739 4.3: no cache may keep it beyond its life, and better not beyond the moment its successor is here. */
static int64_t freshness_s(const sdg_call *call, const sdg_certificate_view *view)
{
  int64_t left = sdg_time_min(view->not_after, view->end_at) - call->now;
  int64_t ms = left / FRESH_PART;

  if (view->next_at - call->now < ms) {
    ms = view->next_at - call->now;
  }
  return ms > 0 ? ms / SDG_TIME_S : 0;
}

/* Expires says the same to caches that know no max-age. */
static stardeleg_err add_caching(sdg_call *call, const sdg_certificate_view *view)
{
  char text[64];
  int64_t seconds = freshness_s(call, view);
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

static stardeleg_err add_headers(sdg_call *call, const sdg_certificate_view *view)
{
  char date[SDG_TIME_TEXT_SIZE];
  char etag[80];
  stardeleg_err err;

  (void)snprintf(etag, sizeof(etag), "\"%.64s\"", view->tag);
  err = sdg_http_reply_add_header(call->reply, "ETag", etag);
  if (err == STARDELEG_OK) {
    sdg_time_write_http(date, view->not_before);
    err = sdg_http_reply_add_header(call->reply, "Cert-Not-Before", date);
  }
  if (err == STARDELEG_OK) {
    sdg_time_write_http(date, view->not_after);
    err = sdg_http_reply_add_header(call->reply, "Cert-Not-After", date);
  }
  return err == STARDELEG_OK ? add_caching(call, view) : err;
}

/* One entity tag, compared weakly (RFC 9110 13.1.2). */
static bool is_tag_of(stardeleg_bytes tag, const sdg_certificate_view *view)
{
  size_t len = strlen(view->tag);

  tag = sdg_bytes_trim(tag);
  if (sdg_bytes_is(tag, "*")) {
    return true;
  }
  if (sdg_bytes_has_prefix(tag, "W/")) {
    tag = sdg_bytes_from(tag, 2);
  }
  return tag.len == len + 2 && tag.base[0] == '"' && memcmp(tag.base + 1, view->tag, len) == 0 &&
         tag.base[len + 1] == '"';
}

/* Our tags hold no comma, so a list is cut at them. */
static bool has_it_already(const sdg_call *call, const sdg_certificate_view *view)
{
  stardeleg_bytes tags;
  size_t len;

  if (!sdg_http_header(&tags, call->request->headers, call->request->header_count, "If-None-Match", NULL)) {
    return false;
  }
  for (; tags.len > 0; tags = sdg_bytes_from(tags, len + 1)) {
    for (len = 0; len < tags.len && tags.base[len] != ','; len++) {
    }
    if (is_tag_of(sdg_bytes(tags.base, len), view)) {
      return true;
    }
    if (len == tags.len) {
      break;
    }
  }
  return false;
}

/* RFC 8739 3.1.2, 3.3: "403 (Forbidden) to any requests" once it has ended, negotiated or not; but strangers with an
 * account are told nothing. */
stardeleg_err sdg_call_certificate_head(sdg_call *call, const sdg_certificate_view *view, bool *body)
{
  stardeleg_err err = is_plain_get(call) ? check_life(call, view) : check_access(call, view);

  *body = false;
  if (err == STARDELEG_OK) {
    err = is_plain_get(call) ? check_access(call, view) : check_life(call, view);
  }
  if (err == STARDELEG_OK) {
    err = add_headers(call, view);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (is_plain_get(call) && has_it_already(call, view)) {
    sdg_http_reply_set_status(call->reply, 304);
    return STARDELEG_OK;
  }
  *body = true;
  return sdg_http_reply_add_header(call->reply, "Content-Type", "application/pem-certificate-chain");
}

stardeleg_err sdg_call_certificate(sdg_call *call, const sdg_certificate_view *view)
{
  bool body = false;
  stardeleg_err err = sdg_call_certificate_head(call, view, &body);

  if (err == STARDELEG_OK && body) {
    sdg_buf_add_str(sdg_http_reply_body(call->reply), view->chain_pem);
  }
  return err;
}

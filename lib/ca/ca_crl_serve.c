/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_crl_serve.c -- the list of revoked certificates as a resource (RFC 5280 5, RFC 2585 3). */
#include <stdio.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ca/ca_crl.h"

/* Kept as it is served: a long list is many records, and anybody may ask for it. */
typedef struct kept_list {
  sdg_cached cached;
  sdg_ca_crl list;
} kept_list;

static void free_kept(sdg_cached *cached)
{
  kept_list *kept = (kept_list *)cached;

  sdg_buf_clear(&kept->list.der);
  sdg_free(kept);
}

stardeleg_err sdg_ca_crl_open(stardeleg_ca *ca)
{
  return sdg_version_cache_new(&ca->crl_kept, 1, free_kept);
}

/* Fresh until it is to be made anew, so that a revocation is seen in time; without validators a cache that has an old
 * one fetches it whole. */
static stardeleg_err reply_list(const stardeleg_ca *ca, sdg_call *call, const sdg_ca_crl *list)
{
  stardeleg_time until = sdg_time_add(list->this_update, ca->options.crl_lifetime_s * SDG_TIME_S / 2);
  int64_t seconds = (sdg_time_min(until, list->next_update) - call->now) / SDG_TIME_S;
  char text[64];
  stardeleg_err err;

  if (seconds > SDG_CA_CRL_FRESH_MAX_S) {
    seconds = SDG_CA_CRL_FRESH_MAX_S;
  }
  (void)snprintf(text, sizeof(text), "public, max-age=%lld, must-revalidate", (long long)(seconds > 0 ? seconds : 0));
  err = sdg_http_reply_add_header(call->reply, "Cache-Control", text);
  if (err == STARDELEG_OK) {
    sdg_time_write_http(text, list->this_update);
    err = sdg_http_reply_add_header(call->reply, "Last-Modified", text);
  }
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_add_header(call->reply, "Content-Type", "application/pkix-crl");
  }
  sdg_buf_add_bytes(sdg_http_reply_body(call->reply), sdg_buf_bytes(&list->der));
  return err;
}

/* |list| with its parts, which moves into what is kept.  CONFLICT: it is being replaced. */
static stardeleg_err keep(const stardeleg_ca *ca, sdg_ca_crl *list, const kept_list **out)
{
  kept_list *kept;
  stardeleg_err err = sdg_ca_crl_load_parts(ca, list);

  if (err != STARDELEG_OK) {
    return err;
  }
  kept = sdg_calloc(1, sizeof(*kept));
  if (kept == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  kept->list = *list;
  sdg_buf_init(&list->der, SDG_CA_CRL_MAX);
  kept->cached.id = SDG_CA_CRL_KIND;
  kept->cached.version = (uint64_t)kept->list.number; /* no two lists have the same */
  sdg_version_cache_put(ca->crl_kept, &kept->cached);
  *out = kept;
  return STARDELEG_OK;
}

/* To be released.  NOT_FOUND: there is none yet. */
static stardeleg_err find_list(const stardeleg_ca *ca, const kept_list **out)
{
  sdg_ca_crl list;
  stardeleg_err err = sdg_ca_crl_load(ca, &list);

  if (err != STARDELEG_OK) {
    return err;
  }
  *out = NULL;
  if (list.number == 0) {
    err = STARDELEG_ERR_NOT_FOUND;
  } else {
    *out = (const kept_list *)sdg_version_cache_get(ca->crl_kept, SDG_CA_CRL_KIND, (uint64_t)list.number);
  }
  if (err == STARDELEG_OK && *out == NULL) {
    err = keep(ca, &list, out);
  }
  sdg_buf_clear(&list.der);
  return err;
}

stardeleg_err sdg_ca_route_crl(void *role, sdg_call *call)
{
  const stardeleg_ca *ca = role;
  const kept_list *kept = NULL;
  stardeleg_err err = ca->has_crl ? STARDELEG_ERR_CONFLICT : STARDELEG_ERR_NOT_FOUND;

  for (int i = 0; i < SDG_CA_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = find_list(ca, &kept);
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "there is no list of revoked certificates");
    call->problem.status = 404;
    return STARDELEG_ERR_PROTOCOL;
  }
  if (err == STARDELEG_OK) {
    err = reply_list(ca, call, &kept->list);
    sdg_version_cache_release(ca->crl_kept, &kept->cached);
  }
  return err;
}

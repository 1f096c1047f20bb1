/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/route.c -- from a request target to the function that answers it. */
#include <string.h>

#include "acme_server/server_internal.h"
#include "base/base64.h"
#include "base/bytes.h"

static const sdg_route common_routes[] = {
    {"/directory", SDG_ROUTE_GET | SDG_ROUTE_FETCH, sdg_route_directory},
    {"/new-nonce", SDG_ROUTE_GET | SDG_ROUTE_FETCH | SDG_ROUTE_NONCE, sdg_route_new_nonce},
    {"/new-account", SDG_ROUTE_POST | SDG_ROUTE_JWK_ONLY, sdg_route_new_account},
    {"/key-change", SDG_ROUTE_POST, sdg_route_key_change},
    {"/acct/{}", SDG_ROUTE_POST | SDG_ROUTE_FETCH, sdg_route_account},
    {"/acct/{}/orders", SDG_ROUTE_FETCH, sdg_route_orders},
};

/* Takes the first segment of |path| ("/abc") off; false if there is none. */
static bool cut_segment(stardeleg_bytes *path, stardeleg_bytes *segment)
{
  size_t len = 1;

  if (path->len == 0 || path->base[0] != '/') {
    return false;
  }
  while (len < path->len && path->base[len] != '/') {
    len++;
  }
  *segment = sdg_bytes(path->base + 1, len - 1);
  *path = sdg_bytes_from(*path, len);
  return true;
}

static bool keep_part(sdg_call *call, size_t *parts, stardeleg_bytes segment)
{
  if (*parts == SDG_PATH_PARTS_MAX || segment.len >= SDG_ID_SIZE || !sdg_base64url_is_text(segment)) {
    return false;
  }
  memcpy(call->parts[*parts], segment.base, segment.len);
  call->parts[*parts][segment.len] = '\0';
  (*parts)++;
  return true;
}

/* What stands before and behind the dot are two parts. */
static bool keep_pair(sdg_call *call, size_t *parts, stardeleg_bytes segment)
{
  const uint8_t *dot = segment.len > 0 ? memchr(segment.base, '.', segment.len) : NULL;
  size_t left = dot != NULL ? (size_t)(dot - segment.base) : 0;

  return dot != NULL && keep_part(call, parts, sdg_bytes(segment.base, left)) &&
         keep_part(call, parts, sdg_bytes_from(segment, left + 1));
}

static bool matches(sdg_call *call, const char *pattern, stardeleg_bytes path)
{
  stardeleg_bytes rest = sdg_bytes_str(pattern);
  stardeleg_bytes want;
  stardeleg_bytes have;
  size_t parts = 0;

  memset(call->parts, 0, sizeof(call->parts));
  while (cut_segment(&rest, &want)) {
    if (!cut_segment(&path, &have)) {
      return false;
    }
    bool good = sdg_bytes_is(want, "{}")    ? keep_part(call, &parts, have)
                : sdg_bytes_is(want, "{.}") ? keep_pair(call, &parts, have)
                                            : sdg_bytes_equal(want, have);

    if (!good) {
      return false;
    }
  }
  return path.len == 0;
}

/* The only query the server knows: "cursor=<text>" (RFC 9115 2.3.1.2 shows one).  Anything else makes the target
 * unknown. */
static bool read_query(sdg_call *call, stardeleg_bytes query)
{
  call->cursor[0] = '\0';
  if (query.len == 0) {
    return true;
  }
  if (!sdg_bytes_has_prefix(query, "?cursor=")) {
    return false;
  }
  query = sdg_bytes_from(query, 8);
  if (query.len >= sizeof(call->cursor) || !sdg_base64url_is_text(query)) {
    return false;
  }
  memcpy(call->cursor, query.base, query.len);
  call->cursor[query.len] = '\0';
  return true;
}

const sdg_route *sdg_route_find(sdg_server *server, sdg_call *call, void **role)
{
  stardeleg_bytes target = sdg_bytes_str(call->request->url);
  stardeleg_bytes path;
  size_t len = 0;

  if (target.len < server->path_len ||
      memcmp(target.base, server->base_url + strlen(server->origin), server->path_len) != 0) {
    return NULL;
  }
  path = sdg_bytes_from(target, server->path_len);
  while (len < path.len && path.base[len] != '?') {
    len++;
  }
  if (!read_query(call, sdg_bytes_from(path, len))) {
    return NULL;
  }
  path.len = len;
  for (size_t i = 0; i < sizeof(common_routes) / sizeof(common_routes[0]); i++) {
    if (matches(call, common_routes[i].pattern, path)) {
      *role = server;
      return &common_routes[i];
    }
  }
  for (size_t i = 0; i < server->options.route_count; i++) {
    if (matches(call, server->options.routes[i].pattern, path)) {
      *role = server->options.role;
      return &server->options.routes[i];
    }
  }
  return NULL;
}

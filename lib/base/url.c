/* SPDX-License-Identifier: Apache-2.0 */
/* base/url.c -- http and https URLs as peers and configurations give them (RFC 3986, strict). */
#include "base/url.h"

#include <string.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/name.h"
#include "base/uri_text.h"

#define LABEL_MAX 63

static bool is_host_character(uint8_t c)
{
  c = sdg_ascii_lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Looser than a name in a certificate (underscores, single labels), but nothing that two parsers could read in two
 * ways: no escapes, no empty labels, no numbers that some resolvers take for addresses. */
static bool is_host_name(stardeleg_bytes host)
{
  size_t label = 0;

  if (host.len == 0 || host.len > SDG_NAME_MAX || sdg_address_ends_in_number(host)) {
    return false;
  }
  for (size_t i = 0; i < host.len; i++) {
    if (host.base[i] == '.' ? label == 0 : !is_host_character(host.base[i]) || label == LABEL_MAX) {
      return false;
    }
    label = host.base[i] == '.' ? 0 : label + 1;
  }
  return label != 0;
}

static bool is_host(stardeleg_bytes host)
{
  bool bracketed = host.len != 0 && host.base[0] == '[';

  if (sdg_name_is_address(host)) {
    return bracketed || memchr(host.base, ':', host.len) == NULL;
  }
  return is_host_name(host);
}

/* "host" or "host:port"; user info falls to the characters that a host may have. */
static bool parse_authority(sdg_url *url, stardeleg_bytes text)
{
  bool bracketed = text.len != 0 && text.base[0] == '[';
  size_t close = bracketed ? sdg_uri_find(text, "]") : 0;
  size_t colon = close + sdg_uri_find(sdg_bytes_from(text, close), ":");
  stardeleg_bytes port = sdg_bytes_from(text, colon + 1);
  uint64_t number = url->https ? 443 : 80;

  if (colon < text.len && (port.len > 5 || !sdg_bytes_to_uint(&number, port, UINT16_MAX) || number == 0)) {
    return false;
  }
  url->host = sdg_bytes(text.base, colon);
  url->port = (uint16_t)number;
  return is_host(url->host);
}

stardeleg_err sdg_url_parse(sdg_url *out, stardeleg_bytes text)
{
  sdg_url url = {0};
  size_t scheme_len;
  size_t authority_len;

  if (text.len > SDG_URL_MAX) {
    return STARDELEG_ERR_LIMIT;
  }
  scheme_len = sdg_uri_scheme_len(text);
  url.scheme = sdg_bytes(text.base, scheme_len);
  url.https = sdg_bytes_is_nocase(url.scheme, "https");
  if ((!url.https && !sdg_bytes_is_nocase(url.scheme, "http")) ||
      !sdg_bytes_has_prefix(sdg_bytes_from(text, scheme_len), "://")) {
    return STARDELEG_ERR_MALFORMED;
  }
  text = sdg_bytes_from(text, scheme_len + 3);
  authority_len = sdg_uri_find(text, "/?#");
  url.path = sdg_bytes_from(text, authority_len);
  if (!parse_authority(&url, sdg_bytes(text.base, authority_len)) || !sdg_uri_is_text(url.path, ":@/?")) {
    return STARDELEG_ERR_MALFORMED;
  }
  *out = url;
  return STARDELEG_OK;
}

bool sdg_url_same_origin(const sdg_url *a, const sdg_url *b)
{
  return a->https == b->https && a->port == b->port && sdg_bytes_equal_nocase(a->host, b->host);
}

/* RFC 3986, Section 5.2.4, for paths that begin with "/": appends |path| without its dot segments, never going back
 * before |start| of |out|. */
static void add_without_dots(sdg_buf *out, stardeleg_bytes path)
{
  size_t start = out->len;

  while (path.len != 0) {
    size_t end = 1 + sdg_uri_find(sdg_bytes_from(path, 1), "/");
    stardeleg_bytes segment = sdg_bytes(path.base + 1, end - 1);
    bool last = end == path.len;

    path = sdg_bytes_from(path, end);
    if (sdg_bytes_is(segment, "..")) {
      size_t len = out->len;

      while (len > start && out->base[--len] != '/') {
      }
      sdg_buf_truncate(out, len);
    } else if (!sdg_bytes_is(segment, ".")) {
      sdg_buf_add_byte(out, '/');
      sdg_buf_add_bytes(out, segment);
      continue;
    }
    if (last) {
      sdg_buf_add_byte(out, '/');
    }
  }
}

/* Section 5.2.3: appends the path of |base| up to its last "/", then |reference|. */
static void merge_paths(sdg_buf *out, const sdg_url *base, stardeleg_bytes reference)
{
  size_t len = sdg_uri_find(base->path, "?");

  while (len > 0 && base->path.base[len - 1] != '/') {
    len--;
  }
  if (len == 0) {
    sdg_buf_add_byte(out, '/');
  }
  sdg_buf_add(out, base->path.base, len);
  sdg_buf_add_bytes(out, reference);
}

/* Appends |path| (no query) and |query| (with its "?"). */
static void add_path(sdg_buf *out, stardeleg_bytes path, stardeleg_bytes query)
{
  add_without_dots(out, path);
  sdg_buf_add_bytes(out, query);
}

/* From the start of |base| to the end of its authority. */
static stardeleg_bytes origin_of(stardeleg_bytes base, const sdg_url *url)
{
  return sdg_bytes(base.base, base.len - url->path.len);
}

/* An absolute URL in which only the dot segments are to be removed. */
static stardeleg_err add_absolute(sdg_buf *out, stardeleg_bytes text)
{
  sdg_url url;
  stardeleg_err err = sdg_url_parse(&url, text);
  size_t query;

  if (err != STARDELEG_OK) {
    return err;
  }
  query = sdg_uri_find(url.path, "?");
  sdg_buf_add_bytes(out, origin_of(text, &url));
  add_path(out, sdg_bytes(url.path.base, query), sdg_bytes_from(url.path, query));
  return sdg_buf_error(out);
}

/* A reference without scheme and authority. */
static stardeleg_err add_relative(sdg_buf *out, stardeleg_bytes base, const sdg_url *url, stardeleg_bytes reference)
{
  size_t query_at = sdg_uri_find(reference, "?");
  stardeleg_bytes query = sdg_bytes_from(reference, query_at);
  size_t base_query_at = sdg_uri_find(url->path, "?");
  sdg_buf merged;
  stardeleg_err err;

  sdg_buf_init(&merged, SDG_URL_MAX);
  sdg_buf_add_bytes(out, origin_of(base, url));
  if (query_at != 0 && reference.base[0] == '/') {
    add_path(out, sdg_bytes(reference.base, query_at), query);
  } else if (query_at != 0) {
    merge_paths(&merged, url, sdg_bytes(reference.base, query_at));
    add_path(out, sdg_buf_bytes(&merged), query);
  } else {
    /* RFC 3986, Section 5.2.2: an empty path keeps that of the base, and its query too unless there is a new one. */
    sdg_buf_add(out, url->path.base, base_query_at);
    sdg_buf_add_bytes(out, reference.len != 0 ? query : sdg_bytes_from(url->path, base_query_at));
  }
  err = sdg_buf_error(&merged);
  sdg_buf_clear(&merged);
  return err != STARDELEG_OK ? err : sdg_buf_error(out);
}

stardeleg_err sdg_url_resolve(sdg_buf *out, stardeleg_bytes base, stardeleg_bytes reference)
{
  sdg_buf joined;
  sdg_buf result;
  sdg_url url;
  stardeleg_err err;

  sdg_buf_init(&joined, SDG_URL_MAX);
  sdg_buf_init(&result, SDG_URL_MAX);
  err = sdg_url_parse(&url, base);
  if (err != STARDELEG_OK) {
    goto out;
  }
  if (reference.len > SDG_URL_MAX) {
    err = STARDELEG_ERR_LIMIT;
  } else if (sdg_uri_scheme_len(reference) != 0) {
    err = add_absolute(&result, reference);
  } else if (sdg_bytes_has_prefix(reference, "//")) {
    sdg_buf_add(&joined, base.base, url.scheme.len + 1);
    sdg_buf_add_bytes(&joined, reference);
    err = sdg_buf_error(&joined);
    err = err != STARDELEG_OK ? err : add_absolute(&result, sdg_buf_bytes(&joined));
  } else {
    err = add_relative(&result, base, &url, reference);
  }
  if (err != STARDELEG_OK) {
    goto out;
  }
  /* What came in with a relative reference has not been looked at yet. */
  err = sdg_url_parse(&url, sdg_buf_bytes(&result));
  if (err != STARDELEG_OK) {
    goto out;
  }
  sdg_buf_add_bytes(out, sdg_buf_bytes(&result));
  err = sdg_buf_error(out);
out:
  sdg_buf_clear(&joined);
  sdg_buf_clear(&result);
  return err;
}

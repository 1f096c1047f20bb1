/* SPDX-License-Identifier: Apache-2.0 */
/* base/name_uri.c -- mail addresses and URIs as names of a certificate (RFC 5280 4.2.1.6, 7.4, 7.5). */
#include <string.h>

#include "base/bytes.h"
#include "base/name.h"
#include "base/uri_text.h"

#define EMAIL_MAX 254
#define LOCAL_PART_MAX 64

/* RFC 5322, Section 3.2.3 */
static bool is_atext(uint8_t c)
{
  uint8_t lower = sdg_ascii_lower(c);

  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
         (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_dot_atom(stardeleg_bytes text)
{
  bool after_dot = true;

  for (size_t i = 0; i < text.len; i++) {
    bool dot = text.base[i] == '.';

    if (dot ? after_dot : !is_atext(text.base[i])) {
      return false;
    }
    after_dot = dot;
  }
  return !after_dot;
}

bool sdg_name_is_email(stardeleg_bytes name)
{
  size_t at = sdg_uri_find(name, "@");

  return at < name.len && at <= LOCAL_PART_MAX && name.len <= EMAIL_MAX && is_dot_atom(sdg_bytes(name.base, at)) &&
         sdg_name_check_dns(sdg_bytes_from(name, at + 1), 0) == SDG_NAME_OK;
}

bool sdg_name_equal_email(stardeleg_bytes a, stardeleg_bytes b)
{
  size_t at = sdg_uri_find(a, "@");

  if (at >= a.len || a.len != b.len || at != sdg_uri_find(b, "@")) {
    return sdg_bytes_equal(a, b);
  }
  return sdg_bytes_equal(sdg_bytes(a.base, at), sdg_bytes(b.base, at)) &&
         sdg_bytes_equal_nocase(sdg_bytes_from(a, at), sdg_bytes_from(b, at));
}

/* Where things are in a URI; all of them may be empty. */
typedef struct uri_parts {
  stardeleg_bytes scheme;
  bool has_authority;
  stardeleg_bytes before_host; /* ":", "//" and user info */
  stardeleg_bytes host;
  stardeleg_bytes port; /* with its colon */
  stardeleg_bytes rest; /* path, query, fragment */
} uri_parts;

static void split_authority(uri_parts *out, stardeleg_bytes text, size_t start)
{
  size_t end = start + sdg_uri_find(sdg_bytes_from(text, start), "/?#");
  stardeleg_bytes authority = sdg_bytes_part(text, start, end - start);
  size_t user = sdg_uri_find(authority, "@");
  size_t host_at = user < authority.len ? user + 1 : 0;
  stardeleg_bytes host = sdg_bytes_from(authority, host_at);
  bool bracketed = host.len != 0 && host.base[0] == '[';
  size_t close = bracketed ? sdg_uri_find(host, "]") : 0;
  size_t colon = close + sdg_uri_find(sdg_bytes_from(host, close), ":");

  out->before_host = sdg_bytes(out->scheme.base + out->scheme.len, 3 + host_at);
  out->host = sdg_bytes_part(host, 0, colon);
  out->port = sdg_bytes_from(host, colon);
  out->rest = sdg_bytes_from(text, end);
}

static bool split_uri(uri_parts *out, stardeleg_bytes text)
{
  size_t colon = sdg_uri_scheme_len(text);

  if (colon == 0) {
    return false;
  }
  *out = (uri_parts){.scheme = sdg_bytes(text.base, colon)};
  out->has_authority = sdg_bytes_has_prefix(sdg_bytes_from(text, colon), "://");
  if (out->has_authority) {
    split_authority(out, text, colon + 3);
  } else {
    out->rest = sdg_bytes_from(text, colon);
  }
  return true;
}

static bool is_port(stardeleg_bytes port)
{
  uint64_t number;

  /* RFC 3986, Section 3.2.3: the digits may be missing. */
  return port.len <= 1 || (port.len <= 6 && sdg_bytes_to_uint(&number, sdg_bytes_from(port, 1), UINT16_MAX));
}

/* RFC 5280, Section 4.2.1.6: a URI with an authority "MUST include a fully qualified domain name or IP address as the
 * host". */
static bool is_authority(const uri_parts *uri)
{
  stardeleg_bytes user = sdg_bytes_from(uri->before_host, 3);
  bool v6 = uri->host.len != 0 && uri->host.base[0] == '[';
  bool host = sdg_name_is_address(uri->host) ? v6 == (memchr(uri->host.base, ':', uri->host.len) != NULL)
                                             : sdg_name_check_dns(uri->host, 0) == SDG_NAME_OK;

  if (user.len != 0) {
    user.len--; /* the "@" */
  }
  return host && is_port(uri->port) && sdg_uri_is_text(user, ":");
}

bool sdg_name_is_uri(stardeleg_bytes name)
{
  uri_parts uri;
  size_t hash;

  if (!split_uri(&uri, name) || name.len - uri.scheme.len <= 1) {
    return false;
  }
  if (uri.has_authority && !is_authority(&uri)) {
    return false;
  }
  if (!uri.has_authority) {
    uri.rest = sdg_bytes_from(uri.rest, 1); /* the colon */
  }
  hash = sdg_uri_find(uri.rest, "#");
  return sdg_uri_is_text(sdg_bytes(uri.rest.base, hash), ":@/?") &&
         sdg_uri_is_text(sdg_bytes_from(uri.rest, hash + 1), ":@/?");
}

bool sdg_name_equal_uri(stardeleg_bytes a, stardeleg_bytes b)
{
  uri_parts x;
  uri_parts y;

  if (!split_uri(&x, a) || !split_uri(&y, b)) {
    return sdg_bytes_equal(a, b);
  }
  return x.has_authority == y.has_authority && sdg_bytes_equal_nocase(x.scheme, y.scheme) &&
         sdg_bytes_equal(x.before_host, y.before_host) && sdg_bytes_equal_nocase(x.host, y.host) &&
         sdg_bytes_equal(x.port, y.port) && sdg_bytes_equal(x.rest, y.rest);
}

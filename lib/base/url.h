/* SPDX-License-Identifier: Apache-2.0 */
/* base/url.h -- http and https URLs as peers and configurations give them (RFC 3986, strict). */
#ifndef SDG_BASE_URL_H
#define SDG_BASE_URL_H

#include <stdbool.h>
#include "base/buf.h"

#define SDG_URL_MAX 2048

/* The parts point into the text. */
typedef struct sdg_url {
  stardeleg_bytes scheme; /* "http" or "https" in any case */
  stardeleg_bytes host;   /* with brackets if it is an IPv6 literal; never empty */
  uint16_t port;          /* explicit or the scheme's own */
  bool https;
  stardeleg_bytes path;   /* from the "/" on, query included, fragment excluded; may be empty */
} sdg_url;

/* MALFORMED for: other schemes, user info, control characters, blanks, bytes over 0x7e, empty host, bad port,
 * fragments, bad percent-escapes; LIMIT over SDG_URL_MAX. */
STARDELEG_MUST_CHECK stardeleg_err sdg_url_parse(sdg_url *out, stardeleg_bytes text);

/* Same scheme, host (case-insensitive) and port. */
bool sdg_url_same_origin(const sdg_url *a, const sdg_url *b);

/* Resolves |reference| (absolute, "//host/p", "/path", "path", "?q") against the absolute URL |base| (RFC 3986
 * 5.2, dot segments removed) and appends the result to |out|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_url_resolve(sdg_buf *out, stardeleg_bytes base, stardeleg_bytes reference);

#endif /* SDG_BASE_URL_H */

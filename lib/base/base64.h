/* SPDX-License-Identifier: Apache-2.0 */
/* base/base64.h -- base64url without padding (RFC 7515 2) and plain base64 (RFC 4648 4). */
#ifndef SDG_BASE_BASE64_H
#define SDG_BASE_BASE64_H

#include <stdbool.h>
#include "base/buf.h"

void sdg_base64url_write(sdg_buf *out, stardeleg_bytes in);

/* Strict: no padding, no white space, no other alphabet, no length of 1 mod 4, no stray trailing bits;
 * else MALFORMED and |out| as it was. */
STARDELEG_MUST_CHECK stardeleg_err sdg_base64url_read(sdg_buf *out, stardeleg_bytes in);

/* For what people paste (EAB keys): takes either alphabet, with or without padding, and skips white space. */
STARDELEG_MUST_CHECK stardeleg_err sdg_base64_read_tolerant(sdg_buf *out, stardeleg_bytes in);

/* Standard alphabet with padding.  |line| 0: one line, no line break; else |line| characters (a multiple of 4) a line,
 * and each line, the last one too, ends in LF. */
void sdg_base64_write(sdg_buf *out, stardeleg_bytes in, size_t line);
/* Standard alphabet, padding required, white space (CR LF blank tab) skipped, else strict. */
STARDELEG_MUST_CHECK stardeleg_err sdg_base64_read(sdg_buf *out, stardeleg_bytes in);

/* True if all of |in| is [A-Za-z0-9_-] and it is not empty. */
bool sdg_base64url_is_text(stardeleg_bytes in);

#endif /* SDG_BASE_BASE64_H */

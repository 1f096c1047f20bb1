/* SPDX-License-Identifier: Apache-2.0 */
/* base/uri_text.h -- what URLs and URI names have in common: the characters of RFC 3986. */
#ifndef SDG_BASE_URI_TEXT_H
#define SDG_BASE_URI_TEXT_H

#include <stdbool.h>
#include <stardeleg/base.h>

/* Place of the first byte of |text| that is one of |any|; |text.len| if there is none. */
size_t sdg_uri_find(stardeleg_bytes text, const char *any);

/* Length of the scheme |text| begins with, without its colon; 0 if it does not begin with one. */
size_t sdg_uri_scheme_len(stardeleg_bytes text);

/* True if |text| is only unreserved characters, whole percent-escapes, sub-delims and the characters of |more|. */
bool sdg_uri_is_text(stardeleg_bytes text, const char *more);

#endif /* SDG_BASE_URI_TEXT_H */

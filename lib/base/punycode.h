/* SPDX-License-Identifier: Apache-2.0 */
/* base/punycode.h -- Punycode (RFC 3492), for one label without its "xn--". */
#ifndef SDG_BASE_PUNYCODE_H
#define SDG_BASE_PUNYCODE_H

#include <stdbool.h>
#include <stardeleg/base.h>

/* A label has 63 octets at most, and each gives one code point at most. */
#define SDG_PUNYCODE_MAX 63

typedef struct sdg_code_points {
  uint32_t code[SDG_PUNYCODE_MAX];
  size_t count;
} sdg_code_points;

/* False if |text| is no Punycode, too long, or stands for ASCII controls, surrogates or anything over U+10FFFF. */
bool sdg_punycode_decode(sdg_code_points *out, stardeleg_bytes text);

/* Writes the one Punycode text of |in| (basic code points as they are), NUL-terminated; false if it does not fit. */
bool sdg_punycode_encode(char out[SDG_PUNYCODE_MAX + 1], const sdg_code_points *in);

#endif /* SDG_BASE_PUNYCODE_H */

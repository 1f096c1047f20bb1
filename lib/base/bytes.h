/* SPDX-License-Identifier: Apache-2.0 */
/* base/bytes.h -- looking at borrowed bytes. */
#ifndef SDG_BASE_BYTES_H
#define SDG_BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stardeleg/base.h>

#define SDG_BYTES_LITERAL(s) ((stardeleg_bytes){(const uint8_t *)(s), sizeof(s) - 1})

stardeleg_bytes sdg_bytes(const void *base, size_t len);
stardeleg_bytes sdg_bytes_str(const char *s); /* without the NUL; NULL gives empty */
bool sdg_bytes_equal(stardeleg_bytes a, stardeleg_bytes b);
bool sdg_bytes_is(stardeleg_bytes a, const char *s);
bool sdg_bytes_is_nocase(stardeleg_bytes a, const char *s); /* ASCII only, locale-free */
bool sdg_bytes_equal_nocase(stardeleg_bytes a, stardeleg_bytes b);
bool sdg_bytes_has_prefix(stardeleg_bytes a, const char *prefix);
stardeleg_bytes sdg_bytes_from(stardeleg_bytes a, size_t skip);
/* |len| bytes from |at| on, or as many of them as there are. */
stardeleg_bytes sdg_bytes_part(stardeleg_bytes a, size_t at, size_t len);
stardeleg_bytes sdg_bytes_trim(stardeleg_bytes a); /* spaces and tabs on both sides */
uint8_t sdg_ascii_lower(uint8_t c);

/* Compares secrets in time that depends on |len| only. */
bool sdg_equal_consttime(const void *a, const void *b, size_t len);

/* Decimal digits only, no sign, no blanks, at most |max|; false otherwise. */
bool sdg_bytes_to_uint(uint64_t *out, stardeleg_bytes a, uint64_t max);

/* True if |a| is well-formed UTF-8 (no surrogates, no overlong forms, <= U+10FFFF). */
bool sdg_utf8_is_valid(stardeleg_bytes a);

/* The first code point of |a| and how many bytes it takes; 0 if |a| is empty or does not begin with well-formed
 * UTF-8. */
size_t sdg_utf8_decode(uint32_t *out, stardeleg_bytes a);

/* Writes the code point |c|, at most U+10FFFF; returns how many bytes. */
size_t sdg_utf8_encode(uint8_t out[4], uint32_t c);

/* How many code points well-formed UTF-8 has. */
size_t sdg_utf8_count(stardeleg_bytes a);

/* Writes |a| so that it is safe in a log line, a terminal or a problem: valid UTF-8 without control
 * characters (C0, DEL, C1, line and paragraph separators, bidi controls), which become \xNN or \u{NNNN}, as do
 * the backslash's own twin "\\" and bytes that are no UTF-8.  Cuts at |size| - 1, always NUL-terminated; a
 * cut text ends in "...". */
void sdg_text_escape(char *out, size_t size, stardeleg_bytes a);

/* printf into fixed room; a cut text ends in "..." behind a whole character, and a control character that was not
 * escaped becomes "?".  Arguments must not point into |out|. */
void sdg_text_format(char *out, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

#endif /* SDG_BASE_BYTES_H */

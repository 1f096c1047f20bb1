/* SPDX-License-Identifier: Apache-2.0 */
/* der/der.h -- strict DER: a reader that borrows, a writer into a buffer.  BER forms are refused: indefinite and
 * non-minimal lengths, non-minimal integers, high tag numbers, BOOLEAN other than 00 and FF, constructed strings. */
#ifndef SDG_DER_DER_H
#define SDG_DER_DER_H

#include <stdbool.h>
#include "base/buf.h"

enum {
  SDG_DER_BOOLEAN = 0x01,
  SDG_DER_INTEGER = 0x02,
  SDG_DER_BIT_STRING = 0x03,
  SDG_DER_OCTET_STRING = 0x04,
  SDG_DER_NULL = 0x05,
  SDG_DER_OID = 0x06,
  SDG_DER_UTF8_STRING = 0x0c,
  SDG_DER_PRINTABLE_STRING = 0x13,
  SDG_DER_TELETEX_STRING = 0x14,
  SDG_DER_IA5_STRING = 0x16,
  SDG_DER_UTC_TIME = 0x17,
  SDG_DER_GENERALIZED_TIME = 0x18,
  SDG_DER_UNIVERSAL_STRING = 0x1c,
  SDG_DER_BMP_STRING = 0x1e,
  SDG_DER_SEQUENCE = 0x30,
  SDG_DER_SET = 0x31
};
#define SDG_DER_CONTEXT(n) (0x80 | (n))             /* primitive, implicit */
#define SDG_DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* constructed or explicit */

/* What is left to read.  A reader is a value: copy it to look ahead. */
typedef struct sdg_der {
  const uint8_t *at;
  const uint8_t *end;
} sdg_der;

sdg_der sdg_der_open(stardeleg_bytes bytes);
bool sdg_der_is_empty(const sdg_der *der);
/* The tag byte of the next element; -1 at the end. */
int sdg_der_peek(const sdg_der *der);
stardeleg_bytes sdg_der_rest(const sdg_der *der);

/* All readers return 0 or MALFORMED and leave |der| as it was on failure. */
/* The next element, which must have tag |tag|: |content| without, |whole| (may be NULL) with its header. */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_get(sdg_der *der, int tag, stardeleg_bytes *content, stardeleg_bytes *whole);
/* The same for any tag. */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_get_any(sdg_der *der, int *tag, stardeleg_bytes *content,
                                                   stardeleg_bytes *whole);
/* Opens a constructed element. */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_enter(sdg_der *der, int tag, sdg_der *inside);
/* MALFORMED unless everything is read. */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_end(const sdg_der *der);
STARDELEG_MUST_CHECK stardeleg_err sdg_der_get_bool(sdg_der *der, bool *out);
/* A non-negative INTEGER that fits. */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_get_uint(sdg_der *der, uint64_t *out, uint64_t max);
/* A non-negative INTEGER as magnitude without leading zero (zero is one byte 00). */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_get_magnitude(sdg_der *der, stardeleg_bytes *out);
/* A valid OID's content octets (at least one arc pair, minimal arcs). */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_get_oid(sdg_der *der, stardeleg_bytes *out);
/* True if |content| is that of an OID, for implicit tags. */
bool sdg_der_is_oid(stardeleg_bytes content);
/* A BIT STRING: |bits| the octets, |unused| 0 to 7; unused bits must be zero. */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_get_bits(sdg_der *der, stardeleg_bytes *bits, unsigned *unused);
STARDELEG_MUST_CHECK stardeleg_err sdg_der_get_null(sdg_der *der);
/* UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 wants them. */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_get_time(sdg_der *der, stardeleg_time *out);
/* "1.2.840.10045.2.1"; cut to |size|, always NUL-terminated; false if cut or malformed. */
bool sdg_der_oid_text(char *out, size_t size, stardeleg_bytes oid);
/* Content octets from dotted text: 2 to 20 arcs of up to 64 bits, first 0 to 2, second at most 39 unless the first
 * is 2. */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_oid_from_text(sdg_buf *out, const char *text);

/* --- Writer: errors stick in the buffer. --- */
/* Begins a constructed or wrapping element; give the returned mark to _end. */
size_t sdg_der_put_begin(sdg_buf *out, int tag);
void sdg_der_put_end(sdg_buf *out, size_t mark);
void sdg_der_put(sdg_buf *out, int tag, stardeleg_bytes content);
void sdg_der_put_raw(sdg_buf *out, stardeleg_bytes whole);
void sdg_der_put_bool(sdg_buf *out, bool value);
void sdg_der_put_uint(sdg_buf *out, uint64_t value);
void sdg_der_put_magnitude(sdg_buf *out, stardeleg_bytes magnitude); /* leading zeros dropped, 00 added where needed */
void sdg_der_put_oid(sdg_buf *out, stardeleg_bytes oid);
void sdg_der_put_bits(sdg_buf *out, stardeleg_bytes bits, unsigned unused);
void sdg_der_put_null(sdg_buf *out);
void sdg_der_put_time(sdg_buf *out, stardeleg_time at); /* UTCTime until 2049, GeneralizedTime from 2050 */

/* ECDSA signatures: r and s at |half| bytes each, and SEQUENCE { r, s }. */
STARDELEG_MUST_CHECK stardeleg_err sdg_der_ecdsa_to_raw(uint8_t *out, size_t half, stardeleg_bytes der);
void sdg_der_ecdsa_from_raw(sdg_buf *out, stardeleg_bytes raw);

#endif /* SDG_DER_DER_H */

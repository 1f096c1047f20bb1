/* SPDX-License-Identifier: Apache-2.0 */
/* base/buf.h -- a growable buffer with a ceiling.  An error sticks: append as much as you like, then
 * ask sdg_buf_error() once.  After an error the contents do not count. */
#ifndef SDG_BASE_BUF_H
#define SDG_BASE_BUF_H

#include <stdbool.h>
#include <stardeleg/base.h>

typedef struct sdg_buf {
  uint8_t *base;      /* NULL while empty; otherwise there is a NUL at base[len] */
  size_t len;
  size_t cap;
  size_t max;         /* most bytes of |len| */
  stardeleg_err err;  /* 0, NOMEM or LIMIT */
  bool secret;        /* wipe on growth and clear */
} sdg_buf;

void sdg_buf_init(sdg_buf *buf, size_t max);
void sdg_buf_init_secret(sdg_buf *buf, size_t max);
void sdg_buf_clear(sdg_buf *buf);                 /* frees; the buffer may be used again (same max) */
void sdg_buf_reset(sdg_buf *buf);                 /* len = 0, err = 0, keeps the memory */

/* What is added must not lie in |buf| itself. */
void sdg_buf_add(sdg_buf *buf, const void *data, size_t len);
void sdg_buf_add_bytes(sdg_buf *buf, stardeleg_bytes b);
void sdg_buf_add_str(sdg_buf *buf, const char *s);
void sdg_buf_add_byte(sdg_buf *buf, uint8_t b);
void sdg_buf_add_int(sdg_buf *buf, int64_t n);    /* decimal */
uint8_t *sdg_buf_add_room(sdg_buf *buf, size_t len); /* |len| bytes to fill in; NULL after an error */
void sdg_buf_truncate(sdg_buf *buf, size_t len);  /* no effect if it is that short already */

STARDELEG_MUST_CHECK stardeleg_err sdg_buf_error(const sdg_buf *buf);
stardeleg_bytes sdg_buf_bytes(const sdg_buf *buf);
const char *sdg_buf_str(const sdg_buf *buf);      /* NUL-terminated; "" if empty */

/* Hands the contents over (malloc'd, NUL behind, never NULL on success) and leaves |buf| empty. */
STARDELEG_MUST_CHECK stardeleg_err sdg_buf_take(sdg_buf *buf, char **out, size_t *len);
void sdg_buf_swap(sdg_buf *a, sdg_buf *b);

#endif /* SDG_BASE_BUF_H */

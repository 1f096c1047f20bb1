/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_also.h -- writes that go into the store in one batch, with the room for what they hold. */
#ifndef SDG_IDO_IDO_ALSO_H
#define SDG_IDO_IDO_ALSO_H

#include "base/buf.h"
#include "store/store.h"

#define SDG_ALSO_MAX 8
#define SDG_ALSO_NAME_SIZE (STARDELEG_STORE_NAME_MAX + 1)

typedef struct sdg_ido_also {
  stardeleg_store_op ops[SDG_ALSO_MAX];
  sdg_buf values[SDG_ALSO_MAX];
  char keys[SDG_ALSO_MAX][SDG_ALSO_NAME_SIZE];
  char indexes[SDG_ALSO_MAX][SDG_ALSO_NAME_SIZE];
  size_t count;
  stardeleg_err err; /* the first failure; the batch is not written then */
} sdg_ido_also;

void sdg_ido_also_init(sdg_ido_also *also);
void sdg_ido_also_clear(sdg_ido_also *also);
/* Adds a put of |key| with |index|, without due, that must create the record; the returned operation may be changed.
 * Its value is written into sdg_ido_also_value(), by sdg_ido_also_end() at the latest.  NULL after a failure. */
stardeleg_store_op *sdg_ido_also_put(sdg_ido_also *also, const char *kind, const char *key, const char *index);
/* Where the value of the last operation goes. */
sdg_buf *sdg_ido_also_value(sdg_ido_also *also);
/* Writes |first| (|count| operations, may be none) and all that was added, or nothing. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_also_write(sdg_ido_also *also, const stardeleg_store *store,
                                                      const stardeleg_store_op *first, size_t count);

#endif /* SDG_IDO_IDO_ALSO_H */

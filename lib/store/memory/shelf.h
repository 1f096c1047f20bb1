/* SPDX-License-Identifier: Apache-2.0 */
/* store/memory/shelf.h -- the records of a memory store in their three orders.  No locking here. */
#ifndef SDG_STORE_MEMORY_SHELF_H
#define SDG_STORE_MEMORY_SHELF_H

#include <stardeleg/store.h>

#include "store/memory/tree.h"

/* Where a record stands: in the tree by key, by index, and by the instant at which it can be claimed. */
typedef struct sdg_item_place {
  const char *kind;
  const char *key;
  const char *index;
  stardeleg_time ready; /* the later of due and end of lease; NEVER if not due at all */
} sdg_item_place;

/* A record.  A put makes a new one; only lease and fence of an item ever change. */
typedef struct sdg_item {
  sdg_tree_link by_key;
  sdg_tree_link by_index;
  sdg_tree_link by_ready;
  sdg_item_place place;
  uint8_t *value;
  size_t value_len;
  uint64_t version;
  uint64_t fence;
  stardeleg_time due;
  stardeleg_time lease_until; /* NONE: no lease */
  unsigned pins;              /* scans that are looking at it */
  int is_off;                 /* no longer on the shelf; freed with the last pin */
  char text[];                /* value, NUL, kind, key, index */
} sdg_item;

typedef struct sdg_shelf {
  sdg_tree by_key;
  sdg_tree by_index;
  sdg_tree by_ready;
} sdg_shelf;

void sdg_shelf_init(sdg_shelf *shelf);
void sdg_shelf_clear(sdg_shelf *shelf);

/* An item with the names, value and due of a put, not on any shelf; NULL for lack of memory. */
sdg_item *sdg_item_new(const stardeleg_store_op *op);
/* Frees an item that is not on a shelf as soon as nobody looks at it any more. */
void sdg_item_drop(sdg_item *item);
void sdg_item_pin(sdg_item *item);
void sdg_item_unpin(sdg_item *item);
/* Shows |item| as a record that borrows everything. */
void sdg_item_view(stardeleg_record *out, const sdg_item *item);
/* Copies |item| into |out|.  Returns 0 or NOMEM. */
STARDELEG_MUST_CHECK stardeleg_err sdg_item_copy(stardeleg_record *out, const sdg_item *item);

/* Puts |item| on the shelf or takes it off; its key must be free, or its own. */
void sdg_shelf_add(sdg_shelf *shelf, sdg_item *item);
void sdg_shelf_take(sdg_shelf *shelf, sdg_item *item);
/* Changes the lease of an item on the shelf; |until| NONE drops it. */
void sdg_shelf_lease(sdg_shelf *shelf, sdg_item *item, stardeleg_time until);

sdg_item *sdg_shelf_find(const sdg_shelf *shelf, const char *kind, const char *key);
/* The first item of |kind| (with |index|, unless NULL) behind the key |after|; NULL if there is none. */
sdg_item *sdg_shelf_next(const sdg_shelf *shelf, const char *kind, const char *index, const char *after);
/* The item of |kind| that can be claimed first, behind |last| unless that is NULL; NULL if there is none. */
sdg_item *sdg_shelf_next_ready(const sdg_shelf *shelf, const char *kind, const sdg_item *last);

#endif /* SDG_STORE_MEMORY_SHELF_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_publication.h -- certificates that are published here, not by who issued them: kind "published", key an
 * unguessable id, index the order.  GET is one read of one record.
 *
 * The record is written in the batch of its order, by whoever has the order's lease: the two never disagree. */
#ifndef SDG_IDO_IDO_PUBLICATION_H
#define SDG_IDO_IDO_PUBLICATION_H

#include "ido/ido_order.h"

/* What is to be published with the order's next write. */
struct sdg_ido_publication {
  char *chain_pem;           /* "" once canceled */
  char serial[64];
  stardeleg_time not_before;
  stardeleg_time not_after;
  stardeleg_time next_at;    /* when its successor is due; NEVER */
  stardeleg_time end_at;     /* end-date; NEVER for orders without */
  bool canceled;
};

void sdg_ido_publication_free(sdg_ido_publication *publication);
/* The operation that writes order->publication; |value| is empty on entry and holds the record. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_publication_put(const sdg_ido_order *order, stardeleg_store_op *op,
                                                           sdg_buf *value);
/* It is in the store. */
void sdg_ido_publication_done(sdg_ido_order *order);
/* The operation that removes it with its order; false if there is none. */
bool sdg_ido_publication_del(const sdg_ido_order *order, stardeleg_store_op *op);

/* GET, HEAD and POST-as-GET of /cert/{}. */
stardeleg_err sdg_ido_route_certificate(void *role, sdg_call *call);

#endif /* SDG_IDO_IDO_PUBLICATION_H */

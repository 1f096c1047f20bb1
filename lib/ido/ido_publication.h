/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_publication.h -- certificates that are published here, not by who issued them: kind "published", key an
 * unguessable id.  GET is one read of one record.  Index: those of plain orders by the certificate's identifier (RFC
 * 9773 4.1), others by their order.
 *
 * The record is written in the batch of its order, by whoever has the order's lease: the two never disagree. */
#ifndef SDG_IDO_IDO_PUBLICATION_H
#define SDG_IDO_IDO_PUBLICATION_H

#include "ido/ido_order.h"

#define SDG_PUBLISHED_ID_SIZE (STARDELEG_STORE_NAME_MAX + 1)

/* What is to be published with the order's next write. */
struct sdg_ido_publication {
  char *chain_pem;           /* "" once canceled */
  char serial[64];
  char certificate_id[SDG_PUBLISHED_ID_SIZE]; /* RFC 9773 4.1, of plain orders; "": none */
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
/* What was to be published with the next write is shown to nobody: the end came first. */
void sdg_ido_publication_withhold(sdg_ido_order *order);
/* The operation that removes it with its order; false if there is none. */
bool sdg_ido_publication_del(const sdg_ido_order *order, stardeleg_store_op *op);

/* A published certificate of a plain order. */
typedef struct sdg_ido_published {
  char order[SDG_ID_SIZE];
  char account[SDG_ID_SIZE];
  stardeleg_time not_before;
  stardeleg_time not_after;
  bool canceled; /* withdrawn */
  sdg_buf leaf;  /* DER; empty if it was withdrawn */
} sdg_ido_published;
/* By the certificate's identifier; NOT_FOUND if none goes by it. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_publication_find(const stardeleg_store *store, const char *certificate_id,
                                                            sdg_ido_published *out);
void sdg_ido_published_clear(sdg_ido_published *published);

/* GET, HEAD and POST-as-GET of /cert/{}. */
stardeleg_err sdg_ido_route_certificate(void *role, sdg_call *call);

#endif /* SDG_IDO_IDO_PUBLICATION_H */

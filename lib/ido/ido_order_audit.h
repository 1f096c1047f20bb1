/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_order_audit.h -- what the audit record says of an order: read off the difference to what was stored. */
#ifndef SDG_IDO_IDO_ORDER_AUDIT_H
#define SDG_IDO_IDO_ORDER_AUDIT_H

#include "ido/ido_order.h"

/* The order is in the store as it is now. */
void sdg_ido_order_note_seen(sdg_ido_order *order);
/* Writes |op|, which puts the order, and all that goes with it. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_write_audited(const stardeleg_store *store, sdg_ido_order *order,
                                                               const stardeleg_store_op *op);

#endif /* SDG_IDO_IDO_ORDER_AUDIT_H */

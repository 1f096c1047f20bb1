/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_order.h -- an order of a delegate, as the store keeps it: kind "order", index the delegation. */
#ifndef SDG_IDO_IDO_ORDER_H
#define SDG_IDO_IDO_ORDER_H

#include "acme/order.h"
#include "acme_server/server.h"
#include <stardeleg/problem.h>
#include "store/store.h"

#define SDG_IDO_CSR_MAX (64u * 1024u)

#define SDG_IDO_ALSO_OPS_MAX 2
#define SDG_IDO_KEY_SIZE 65 /* SHA-256 in hexadecimal, with the NUL */

/* What the audit record knows of an order already: what differs at the next write is told with it. */
typedef struct sdg_ido_order_seen {
  bool stored;
  sdg_order_status status;
  bool cancel;
  bool cnames;
  bool disowned;
} sdg_ido_order_seen;

/* A certificate the owner got to see, for the audit record. */
typedef struct sdg_ido_order_certificate {
  char serial[48]; /* hexadecimal; "": none to be told */
  stardeleg_time not_after;
} sdg_ido_order_certificate;

typedef struct sdg_ido_publication sdg_ido_publication;

typedef struct sdg_ido_order {
  char id[SDG_ID_SIZE];
  char account[SDG_ID_SIZE];
  char delegation[SDG_ID_SIZE];
  char issuer[SDG_ID_SIZE];
  sdg_acme_order wire; /* without a finalize URL: that is made from the id when it is shown */
  char *tmpl;          /* the template as it was at newOrder (AMB-19); NULL from a good finalize on */
  sdg_buf csr;         /* DER; from finalize on, until the issuer has taken it over */
  bool cancel;         /* to be cancelled: its delegation ends, or wire.error says why else */
  bool compat;         /* ordered without naming a delegation (ido_compat.h) */
  bool cnames;         /* its CNAMEs have been handed out for installation */
  char replaced_by[SDG_ID_SIZE]; /* the order that said it replaces this one's certificate (RFC 9773 5); "": none */
  stardeleg_time created_at;
  stardeleg_time finalized_at; /* or NONE */
  stardeleg_time last_success; /* of a step towards the issuer; or NONE */
  stardeleg_time due;          /* as the record was read */
  stardeleg_time disown_until; /* invalid, but to be ended at the issuer yet, until then at most; NONE: it is not */
  stardeleg_time keep_until;   /* there may be something of it to be ended until then, although wire.expires, which may
                                  be upstream's, comes earlier; NONE: nothing but wire.expires is known */
  stardeleg_time renew_at;     /* valid: when the issuer has something to do again; NEVER */
  char published[SDG_ID_SIZE]; /* the id under which its certificate is shown here; "": none is */
  sdg_json *aliases;           /* object: a name of the order to our name that the upstream owner's zone leads to, as
                                  upstream's cname-map has them, "" for one that it may not lead to; NULL: none */
  uint64_t publications;       /* writes of that record so far: its version */
  sdg_ido_publication *publication; /* to be written with the order, by whoever has its lease; owned; NULL */
  char step[40];               /* what is being done at the issuer; "" if nothing */
  char reason[256];            /* why the last step failed; "" */
  const sdg_json *work;        /* the issuer's state as saved, within |tree|; NULL: none yet */
  sdg_json *tree;              /* the record as it was read: members we do not know are kept */
  uint64_t version;            /* 0: new */
  uint64_t fence;              /* of our lease, or 0 */
  /* For the audit record, which is written with the order: */
  char key[SDG_IDO_KEY_SIZE];   /* of the CSR's SubjectPublicKeyInfo; "" before finalize */
  const stardeleg_problem *refusal; /* borrowed: why finalize refuses a CSR, for its write; or NULL */
  stardeleg_time now;           /* of the change; set by whoever makes it */
  sdg_ido_order_certificate certificate; /* set by issuers that see it, told once */
  sdg_ido_order_seen seen;
  const stardeleg_store_op *also; /* borrowed: what goes into the batch of the next write besides */
  size_t also_count;              /* at most SDG_IDO_ALSO_OPS_MAX */
} sdg_ido_order;

void sdg_ido_order_init(sdg_ido_order *order);
void sdg_ido_order_clear(sdg_ido_order *order);
/* STORE for a record that cannot be read. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_read(sdg_ido_order *out, const stardeleg_record *record);
/* When the CA would like its certificate to be renewed; |*start| and |*end| stay as they are if it is not known to
 * (RFC 9773 4.2). */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_window(const stardeleg_store *store, const char *id,
                                                        stardeleg_time *start, stardeleg_time *end);
/* Reads it from the store, without the right to anybody's lease. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_load(const stardeleg_store *store, const char *id, sdg_ido_order *out);

/* Writes the issuer's state as member |name|. */
typedef void (*sdg_ido_write_work)(const void *ctx, sdg_json_writer *w, const char *name);
/* Writes the record, and with it what the audit record says of the change and the chore of CNAMEs.  |write_work| NULL:
 * the state stays as it was read. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_put(const stardeleg_store *store, sdg_ido_order *order,
                                                     stardeleg_time due, bool release, sdg_ido_write_work write_work,
                                                     const void *ctx);
/* The operation that writes it where there is nothing to be told of the change; |value| is empty on entry and holds the
 * record, |order| is borrowed. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_op(const sdg_ido_order *order, stardeleg_time due,
                                                    stardeleg_store_op *op, sdg_buf *value);
/* The problem becomes the order's error, to be shown with the status that comes of it. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_set_error(sdg_ido_order *order, const stardeleg_problem *problem);
/* The order becomes invalid, with the problem as its error. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_fail(sdg_ido_order *order, const stardeleg_problem *problem);
/* True for an order with auto-renewal (AMB-18). */
static inline bool sdg_ido_order_is_star(const sdg_ido_order *order)
{
  return order->wire.auto_renewal != NULL;
}
/* True for an invalid order that the issuer may go on with: it is worked on until that has ended. */
static inline bool sdg_ido_order_is_disowned(const sdg_ido_order *order)
{
  return order->disown_until != STARDELEG_TIME_NONE;
}
/* True if nothing will ever change any more. */
bool sdg_ido_order_is_final(const sdg_ido_order *order);

#endif /* SDG_IDO_IDO_ORDER_H */

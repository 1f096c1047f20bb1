/* SPDX-License-Identifier: Apache-2.0 */
/* acme/order.h -- the order object (RFC 8555 7.1.3, RFC 8739 3.1.1, RFC 9115 2.3). */
#ifndef SDG_ACME_ORDER_H
#define SDG_ACME_ORDER_H

#include "acme/identifier.h"

typedef enum sdg_order_status {
  SDG_ORDER_PENDING = 0,
  SDG_ORDER_READY,
  SDG_ORDER_PROCESSING,
  SDG_ORDER_VALID,
  SDG_ORDER_INVALID,
  SDG_ORDER_CANCELED /* RFC 8739 3.1.2, one l */
} sdg_order_status;
const char *sdg_order_status_name(sdg_order_status status);
/* MALFORMED for names we do not know. */
STARDELEG_MUST_CHECK stardeleg_err sdg_order_status_from_name(sdg_order_status *out, const char *name);

typedef enum sdg_tristate { SDG_ABSENT = 0, SDG_FALSE, SDG_TRUE } sdg_tristate;

/* One authorization for each identifier is the most there can be. */
#define SDG_AUTHORIZATIONS_MAX SDG_IDENTIFIERS_MAX

/* An order, on the wire of either side.  Owns everything. */
typedef struct sdg_acme_order {
  sdg_order_status status;
  stardeleg_time expires;      /* or NONE */
  sdg_identifiers identifiers;
  stardeleg_time not_before;   /* or NONE */
  stardeleg_time not_after;    /* or NONE */
  sdg_json *error;             /* problem object or NULL */
  char **authorizations;
  size_t authorization_count;
  char *finalize;
  char *certificate;           /* or NULL */
  sdg_json *auto_renewal;      /* RFC 8739: the object as it came, unknown members kept; or NULL */
  char *star_certificate;      /* or NULL */
  char *delegation;            /* RFC 9115; or NULL */
  sdg_tristate certificate_get; /* RFC 9115 2.3.5, top level */
  char *replaces;               /* RFC 9773 5; or NULL */
  char *profile;                /* the profile the CA chose or was asked for; or NULL */
} sdg_acme_order;

/* Reads a server's answer.  status, identifiers, authorizations and finalize are required; unknown members ignored. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_order_parse(sdg_acme_order *out, stardeleg_bytes body,
                                                        stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_order_from_tree(sdg_acme_order *out, const sdg_json *tree,
                                                            stardeleg_problem *problem);
/* A whole object; |name| NULL at the top and in arrays. */
void sdg_acme_order_write(sdg_json_writer *w, const char *name, const sdg_acme_order *order);
void sdg_acme_order_clear(sdg_acme_order *order);

/* The newOrder request as a server reads it (form only).  Owns its members. */
typedef struct sdg_acme_new_order {
  sdg_identifiers identifiers;
  stardeleg_time not_before, not_after; /* or NONE */
  sdg_json *auto_renewal;               /* copied object or NULL */
  char *delegation;                     /* or NULL; a value that is no string is malformed */
  sdg_tristate certificate_get;
  char *replaces;                       /* RFC 9773, or NULL */
  char *profile;                        /* or NULL */
} sdg_acme_new_order;
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_new_order_parse(sdg_acme_new_order *out, const sdg_json *payload,
                                                            stardeleg_problem *problem);
/* Writes the request's payload (a whole object): members that are absent are left out. */
void sdg_acme_new_order_write(sdg_json_writer *w, const sdg_acme_new_order *order);
void sdg_acme_new_order_clear(sdg_acme_new_order *order);

#endif /* SDG_ACME_ORDER_H */

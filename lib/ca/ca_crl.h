/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_crl.h -- the list of revoked certificates: its record and its DER. */
#ifndef SDG_CA_CA_CRL_H
#define SDG_CA_CA_CRL_H

#include "ca/ca_internal.h"

/* An entry has at most 55 octets: some 300,000 certificates that are revoked and not yet over.  What a list has besides
 * its entries and its issuer's name is below SDG_CA_CRL_FRAME. */
#define SDG_CA_CRL_MAX (16u * 1024u * 1024u)
#define SDG_CA_CRL_MIN (64u * 1024u)
#define SDG_CA_CRL_FRAME 2048u
/* Longer ones are kept in parts, as a record has room for four thirds of such a part. */
#define SDG_CA_CRL_INLINE_MAX (64u * 1024u)
#define SDG_CA_CRL_PART_SIZE (512u * 1024u)
#define SDG_CA_CRL_PARTS_MAX (SDG_CA_CRL_MAX / SDG_CA_CRL_PART_SIZE)
#define SDG_CA_CRL_PURGE_MAX 1024u
/* Longest freshness given to caches, in seconds: a revocation makes a new list at once. */
#define SDG_CA_CRL_FRESH_MAX_S 300
#define SDG_CA_ISSUER_TEXT 129 /* hex of a key identifier, with the NUL */

typedef struct sdg_ca_crl {
  int64_t number; /* cRLNumber; 0: never signed */
  stardeleg_time this_update;
  stardeleg_time next_update;
  char issuer[SDG_CA_ISSUER_TEXT];
  sdg_buf der;   /* empty before the first, and while it is in parts only */
  int64_t parts; /* how many records hold the DER; 0: it is in the list's own */
  uint64_t version;
} sdg_ca_crl;

/* A revoked certificate. */
typedef struct sdg_ca_crl_entry {
  char serial[48]; /* hex, lower case */
  stardeleg_time at;
  int64_t reason;
  stardeleg_time not_after;
  char issuer[SDG_CA_ISSUER_TEXT];
} sdg_ca_crl_entry;

/* The list as its record has it: with its parts still to come. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_load(const stardeleg_ca *ca, sdg_ca_crl *out);

/* --- ca_crl_room.c: lists that are nearly full --- */
/* A list of |len| bytes is one after which nothing more is to be issued. */
bool sdg_ca_crl_is_nearly_full(const stardeleg_ca *ca, size_t len);
/* Appends the operation that says so to all processes, or no longer; none if it is as before. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_mark_full(const stardeleg_ca *ca, bool full, stardeleg_store_op *ops,
                                                        size_t *n);

/* --- ca_crl_parts.c: lists that are too long for one record --- */
/* Fills |list->der|.  CONFLICT: it is being replaced, to be read again. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_load_parts(const stardeleg_ca *ca, sdg_ca_crl *list);
/* The operations that bring |list->parts| up to date with |list->der|, where there were |before|: appended to |ops|
 * (room for SDG_CA_CRL_PARTS_MAX more), with the text in |values| (the same). */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_put_parts(const stardeleg_ca *ca, const sdg_ca_crl *list, int64_t before,
                                                        stardeleg_store_op *ops, sdg_buf *values, size_t *n);
/* How many a list of that length takes. */
int64_t sdg_ca_crl_parts_of(size_t len);

/* Appends the entry's SEQUENCE. */
void sdg_ca_crl_put_entry(sdg_buf *out, const sdg_ca_crl_entry *entry);
/* Signs: number and dates of |list|, |entries| (DER, may be empty), into |list->der|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_build(stardeleg_ca *ca, sdg_ca_crl *list, stardeleg_bytes entries);
/* The value of cRLDistributionPoints (RFC 5280 4.2.1.13) with one URL. */
void sdg_ca_crl_put_point(sdg_buf *out, const char *url);
extern const stardeleg_bytes sdg_ca_oid_crl_points;

#endif /* SDG_CA_CA_CRL_H */

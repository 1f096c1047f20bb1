/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_search.h -- which delegation of ours at another owner an order is passed on under (RFC 9115 2.4): the one
 * that is configured, or else the first of the list whose template takes the order's CSR.
 *
 * It makes nothing anywhere, so nothing of it is kept: after a restart it begins anew. */
#ifndef SDG_IDO_ISSUER_SEARCH_H
#define SDG_IDO_ISSUER_SEARCH_H

#include "acme_client/errand.h"
#include "deleg/delegation.h"
#include "ido/issuer.h"

typedef struct sdg_search {
  sdg_errand errand; /* DONE: |found| is set; FAILED: its problem says why not */
  char *page_url;    /* of the list; NULL: the account is asked for it first */
  sdg_delegation_list page;
  bool has_page;
  size_t next;       /* of |page|: to be looked at */
  char *next_url;    /* of the next page, or NULL */
  unsigned pages;
  char *configured;  /* the only one to be looked at, or NULL */
  char *found;
} sdg_search;

/* |configured| NULL: none is. */
STARDELEG_MUST_CHECK stardeleg_err sdg_search_new(sdg_search **out, const sdg_issuer *issuer, const char *configured);
void sdg_search_free(sdg_search *search);
STARDELEG_MUST_CHECK stardeleg_err sdg_search_ask(sdg_search *search, const sdg_issuance *issuance, sdg_step *step,
                                                  stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_search_take(sdg_search *search, const sdg_issuance *issuance,
                                                   const sdg_result *result, stardeleg_time now);

#endif /* SDG_IDO_ISSUER_SEARCH_H */

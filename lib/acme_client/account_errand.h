/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/account_errand.h -- what can be done to an account and its authorizations (RFC 8555 7.3.2, 7.3.6, 7.5.2),
 * one request each, stepped by a role's job. */
#ifndef SDG_ACME_CLIENT_ACCOUNT_ERRAND_H
#define SDG_ACME_CLIENT_ACCOUNT_ERRAND_H

#include "acme_client/errand.h"

typedef enum sdg_account_task {
  SDG_ACCOUNT_FETCH = 0,        /* how the account stands */
  SDG_ACCOUNT_UPDATE,           /* new contacts */
  SDG_ACCOUNT_AGREE,            /* to the terms of service as they are now */
  SDG_ACCOUNT_DEACTIVATE,       /* for good */
  SDG_AUTHORIZATION_DEACTIVATE  /* gives a proof of control up */
} sdg_account_task;

typedef struct sdg_account_errand {
  sdg_errand errand;
  sdg_account_task task;
  char *payload;            /* NULL: POST-as-GET */
  char *url;                /* of the authorization; NULL: the account */
  bool sent;                /* a request whose answer is not known may have got through */
  sdg_acme_account account; /* FETCH, UPDATE, AGREE, DONE: as the server shows it; contacts may be missing (T-60) */
  bool has_account;
} sdg_account_errand;

/* |contacts|: UPDATE: at most SDG_CONTACTS_MAX, none takes all away (ARGUMENT for more, for bad ones MALFORMED with
 * |problem|).  |url|: AUTHORIZATION_DEACTIVATE; copied. */
STARDELEG_MUST_CHECK stardeleg_err sdg_account_errand_init(sdg_account_errand *errand, sdg_account_task task,
                                                           const char *const *contacts, const char *url,
                                                           stardeleg_problem *problem);
void sdg_account_errand_clear(sdg_account_errand *errand);
STARDELEG_MUST_CHECK stardeleg_err sdg_account_errand_ask(sdg_account_errand *errand, sdg_session *session,
                                                          sdg_step *step, stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_account_errand_take(sdg_account_errand *errand, sdg_agent *agent,
                                                           const sdg_result *result, stardeleg_time now);

/* --- The account's orders (RFC 8555 7.1.2.1), all pages --- */

#define SDG_ORDER_LIST_MAX 1000u

typedef struct sdg_order_list {
  sdg_errand errand;   /* DONE: |urls| are all there are, or the first SDG_ORDER_LIST_MAX */
  sdg_account_errand account;
  char *next;          /* the page to be read; NULL: the account object first */
  char **urls;
  size_t count;
  unsigned pages;      /* read so far */
} sdg_order_list;

STARDELEG_MUST_CHECK stardeleg_err sdg_order_list_init(sdg_order_list *list);
void sdg_order_list_clear(sdg_order_list *list);
STARDELEG_MUST_CHECK stardeleg_err sdg_order_list_ask(sdg_order_list *list, sdg_session *session, sdg_step *step,
                                                      stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_order_list_take(sdg_order_list *list, sdg_session *session, sdg_agent *agent,
                                                       const sdg_result *result, stardeleg_time now);

#endif /* SDG_ACME_CLIENT_ACCOUNT_ERRAND_H */

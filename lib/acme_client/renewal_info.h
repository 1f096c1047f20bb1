/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/renewal_info.h -- when the CA would like a certificate to be renewed (RFC 9773), as a watch that a role's
 * job steps like an order flow.
 *
 * The watch keeps no pointers to peers and can be written to JSON and read back: a restart neither asks at once nor
 * draws another moment. */
#ifndef SDG_ACME_CLIENT_RENEWAL_INFO_H
#define SDG_ACME_CLIENT_RENEWAL_INFO_H

#include "acme/renewal_info.h"
#include "acme_client/session.h"

/* The identifier of a certificate (DER), to be put into URLs and "replaces".  NOT_FOUND if it has no authority key
 * identifier: the certificate then has no renewalInfo (RFC 9773 4.1).  MALFORMED, NOMEM. */
STARDELEG_MUST_CHECK stardeleg_err sdg_certificate_id(sdg_buf *out, stardeleg_bytes der);
/* The same for the first certificate of a PEM chain. */
STARDELEG_MUST_CHECK stardeleg_err sdg_certificate_id_of_chain(sdg_buf *out, stardeleg_bytes pem);

typedef struct sdg_renewal_watch {
  char *id;                     /* the certificate's identifier */
  stardeleg_time not_after;     /* nothing is asked after that */
  stardeleg_time start, end;    /* the window as last told; NONE: none */
  stardeleg_time selected_at;   /* the moment drawn in it; NONE without a window */
  char *explanation_url;        /* for people; or NULL */
  stardeleg_time check_at;      /* the next question; NONE: at once */
  uint32_t tries;               /* temporary failures in a row */
  bool replaced;                /* a successor is in use: nothing is asked any more */
  stardeleg_problem problem;    /* why the last question brought nothing; cleared by an answer */
  /* not written to JSON */
  int64_t backoff_min_ms;       /* first pause after a temporary failure; default 1 min */
  char *url;                    /* of the question under way */
} sdg_renewal_watch;

/* |id| is copied. */
STARDELEG_MUST_CHECK stardeleg_err sdg_renewal_watch_init(sdg_renewal_watch *watch, const char *id,
                                                          stardeleg_time not_after);
void sdg_renewal_watch_clear(sdg_renewal_watch *watch);
/* GET of the renewalInfo when it is time; WAIT otherwise, with NEVER when nothing will be asked any more (replaced,
 * expired).  A CA without renewalInfo is looked at again every 6 hours, without a request. */
STARDELEG_MUST_CHECK stardeleg_err sdg_renewal_watch_ask(sdg_renewal_watch *watch, sdg_session *session,
                                                         sdg_step *step, stardeleg_time now);
/* |*changed|: the watch should be saved, and the role should look at sdg_renewal_watch_moment() again. */
STARDELEG_MUST_CHECK stardeleg_err sdg_renewal_watch_take(sdg_renewal_watch *watch, sdg_agent *agent,
                                                          const sdg_result *result, stardeleg_time now, bool *changed);
/* When to renew: the moment drawn in the CA's window, but never later than |latest_at|; without a window |own_at|, what
 * the role would do by itself.  In the past: now. */
stardeleg_time sdg_renewal_watch_moment(const sdg_renewal_watch *watch, stardeleg_time own_at,
                                        stardeleg_time latest_at);
void sdg_renewal_watch_write(sdg_json_writer *w, const char *name, const sdg_renewal_watch *watch);
STARDELEG_MUST_CHECK stardeleg_err sdg_renewal_watch_read(sdg_renewal_watch *out, const sdg_json *tree);

#endif /* SDG_ACME_CLIENT_RENEWAL_INFO_H */

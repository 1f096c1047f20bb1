/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/certificate_reply.h -- a certificate as a resource (RFC 8739 3.3, 3.4, 4.3; RFC 8555 7.4.2; RFC 9115
 * 2.3.5), whoever has issued it. */
#ifndef SDG_ACME_SERVER_CERTIFICATE_REPLY_H
#define SDG_ACME_SERVER_CERTIFICATE_REPLY_H

#include "acme_server/server.h"

/* What there is to show.  Borrowed. */
typedef struct sdg_certificate_view {
  const char *account;       /* id of the one that may fetch it by POST-as-GET */
  const char *chain_pem;     /* for sdg_call_certificate() */
  const char *tag;           /* names this very certificate, for ETag: no quotes, no commas */
  stardeleg_time not_before;
  stardeleg_time not_after;
  stardeleg_time next_at;    /* when its successor is to be here; NEVER if none will be */
  stardeleg_time end_at;     /* STAR: nothing is served from then on; NEVER */
  bool star;
  bool canceled;
  bool certificate_get;      /* unauthenticated GET was negotiated */
} sdg_certificate_view;

/* The first half of the reply to GET, HEAD and POST-as-GET: the headers, or the problem of one that is not shown.
 * |*body|: a body is to follow; else it is 304. */
STARDELEG_MUST_CHECK stardeleg_err sdg_call_certificate_head(sdg_call *call, const sdg_certificate_view *view,
                                                             bool *body);
/* All of it. */
STARDELEG_MUST_CHECK stardeleg_err sdg_call_certificate(sdg_call *call, const sdg_certificate_view *view);
/* The problem of a certificate that does not exist. */
stardeleg_err sdg_call_no_certificate(sdg_call *call);

#endif /* SDG_ACME_SERVER_CERTIFICATE_REPLY_H */

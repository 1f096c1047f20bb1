/* SPDX-License-Identifier: Apache-2.0 */
/* acme/renewal_info.h -- the renewalInfo object and the identifiers of certificates (RFC 9773 4). */
#ifndef SDG_ACME_RENEWAL_INFO_H
#define SDG_ACME_RENEWAL_INFO_H

#include <stardeleg/problem.h>
#include "json/json_write.h"

typedef struct sdg_acme_renewal_info {
  stardeleg_time start;
  stardeleg_time end;    /* after |start| */
  char *explanation_url; /* owned; NULL: none, or none that is an http or https URL */
} sdg_acme_renewal_info;

/* MALFORMED without a window, or with one that ends at or before its start (RFC 9773 4.2: no answer at all). */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_renewal_info_parse(sdg_acme_renewal_info *out, stardeleg_bytes body,
                                                               stardeleg_problem *problem);
/* A whole object.  Dates have whole seconds: |end| must be a second after |start| or more. */
void sdg_acme_renewal_info_write(sdg_json_writer *w, const sdg_acme_renewal_info *info);
void sdg_acme_renewal_info_clear(sdg_acme_renewal_info *info);

/* The identifier of a certificate (4.1): |key_id| the authority key identifier, |serial| the content octets of the
 * serial number as they stand.  NOT_FOUND if either is empty. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_certificate_id_write(sdg_buf *out, stardeleg_bytes key_id,
                                                                 stardeleg_bytes serial);
/* Takes it apart; MALFORMED unless it is exactly two parts in base64url without padding. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_certificate_id_read(sdg_buf *key_id, sdg_buf *serial, stardeleg_bytes text);

#endif /* SDG_ACME_RENEWAL_INFO_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/download.h -- a certificate and its alternate chains (RFC 8555 7.4.2), stepped by a role's job. */
#ifndef SDG_ACME_CLIENT_DOWNLOAD_H
#define SDG_ACME_CLIENT_DOWNLOAD_H

#include "acme_client/errand.h"

/* The chain at the certificate URL and as many alternates. */
#define SDG_DOWNLOAD_CHAINS_MAX 9u

typedef struct sdg_download {
  sdg_errand errand;       /* DONE: |chains| are there */
  char *url;
  bool alternates_wanted;
  bool drop_roots;         /* leave a self-signed certificate at the end of a chain out */
  char *links[SDG_DOWNLOAD_CHAINS_MAX]; /* of the alternates, each once */
  size_t link_count;
  size_t link_next;
  uint32_t unreadable;     /* answers in a row that were no chain */
  sdg_buf leaf;            /* DER of the certificate: what all chains are for */
  sdg_buf chains[SDG_DOWNLOAD_CHAINS_MAX]; /* PEM, written anew: end-entity first; the default chain is the first */
  size_t chain_count;
} sdg_download;

/* |url| is copied. */
STARDELEG_MUST_CHECK stardeleg_err sdg_download_init(sdg_download *download, const char *url, bool alternates_wanted);
void sdg_download_clear(sdg_download *download);
STARDELEG_MUST_CHECK stardeleg_err sdg_download_ask(sdg_download *download, sdg_step *step, stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_download_take(sdg_download *download, sdg_session *session, sdg_agent *agent,
                                                     const sdg_result *result, stardeleg_time now);

#endif /* SDG_ACME_CLIENT_DOWNLOAD_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/request.h -- the request side of an easy handle: security settings, then one request. */
#ifndef SDG_TRANSPORT_CURL_REQUEST_H
#define SDG_TRANSPORT_CURL_REQUEST_H

#include "settings.h"

/* What every request of a driver has in common.  Returns 0, NOMEM or UNSUPPORTED. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_request_settings(CURL *easy, const sdg_curl_settings *settings);
/* Method, URL, fields and body; |*fields| must outlive the transfer.  Returns 0, NOMEM or POLICY. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_request_write(CURL *easy, struct curl_slist **fields,
                                                          const sdg_curl_settings *settings,
                                                          const stardeleg_http_request *request);

/* Connects to |address| in the place of looking the host up, but what the settings say of the host goes before.
 * |*list| must outlive the transfer.  Returns 0, NOMEM, UNSUPPORTED, or POLICY for what is no address. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_request_connect_to(CURL *easy, struct curl_slist **list,
                                                               const sdg_curl_settings *settings, const char *address);

#endif /* SDG_TRANSPORT_CURL_REQUEST_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/allowed.h -- what |deny_private| lets pass: networks, and where the operator's own entries lead. */
#ifndef SDG_TRANSPORT_CURL_ALLOWED_H
#define SDG_TRANSPORT_CURL_ALLOWED_H

#include "settings.h"

#include <sys/socket.h>

/* Copies |networks| (NULL-terminated; NULL: none).  Returns 0, NOMEM, or ARGUMENT for what is no network. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_allowed_init(sdg_curl_settings *settings, const char *const *networks);
void sdg_curl_allowed_clear(sdg_curl_settings *settings);
/* May be connected to under these settings.  |len|: bytes at |address|. */
bool sdg_curl_may_connect(const sdg_curl_settings *settings, const struct sockaddr *address, size_t len);

#endif /* SDG_TRANSPORT_CURL_ALLOWED_H */

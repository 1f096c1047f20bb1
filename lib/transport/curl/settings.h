/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/settings.h -- the options of a driver, checked and owned. */
#ifndef SDG_TRANSPORT_CURL_SETTINGS_H
#define SDG_TRANSPORT_CURL_SETTINGS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stardeleg/curl.h>

typedef struct sdg_curl_settings {
  stardeleg_curl_options
      options;           /* the numbers, clock and log; its strings are copies, lists and |user_agent| are NULL */
  char *user_agent;      /* whole field value */
  char *accept_language; /* whole header line */
  struct curl_slist *connect_to; /* |resolve| in libcurl's own form */
  char **allowed_networks;       /* copies, NULL-terminated; NULL: none */
  long http_version;             /* CURL_HTTP_VERSION_* */
} sdg_curl_settings;

/* Copies |options| (NULL: the defaults).  Returns 0, NOMEM or ARGUMENT; clear it in each case. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_settings_init(sdg_curl_settings *settings,
                                                          const stardeleg_curl_options *options);
void sdg_curl_settings_clear(sdg_curl_settings *settings);

/* Wall time, and a clock that never steps, both in milliseconds. */
stardeleg_time sdg_curl_now(const sdg_curl_settings *settings);
int64_t sdg_curl_ticks(void);

#endif /* SDG_TRANSPORT_CURL_SETTINGS_H */

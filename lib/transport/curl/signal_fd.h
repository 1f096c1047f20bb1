/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/signal_fd.h -- a descriptor that other threads and signal handlers make readable. */
#ifndef SDG_TRANSPORT_CURL_SIGNAL_FD_H
#define SDG_TRANSPORT_CURL_SIGNAL_FD_H

#include <stdbool.h>

typedef struct sdg_curl_signal {
  int read_fd;
  int write_fd; /* the same as |read_fd| with an eventfd */
} sdg_curl_signal;

bool sdg_curl_signal_open(sdg_curl_signal *signal);
/* Async-signal-safe; leaves errno alone. */
void sdg_curl_signal_raise(const sdg_curl_signal *signal);
void sdg_curl_signal_drain(const sdg_curl_signal *signal);
void sdg_curl_signal_close(sdg_curl_signal *signal);

#endif /* SDG_TRANSPORT_CURL_SIGNAL_FD_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* common/service.h -- what every server of the examples has: crypto, store, secrets below one state directory, signals,
 * a port that stays. */
#ifndef EXAMPLE_COMMON_SERVICE_H
#define EXAMPLE_COMMON_SERVICE_H

#include <stardeleg/crypto.h>
#include <stardeleg/curl.h>
#include <stardeleg/secrets.h>
#include <stardeleg/store.h>
#include "common/config.h"

typedef struct service {
  const config *cfg;
  stardeleg_crypto *crypto;
  stardeleg_store *store;
  stardeleg_secrets *secrets;
  char state[512];
  const struct stardeleg_server_options *serves; /* how an ACME server serves (serving.h); NULL: none does */
} service;

/* Opens all of it by the members "state", "crypto", "log" of the configuration; the database is <state>/<name>.db.
 * Returns 0, or -1 after a line on standard error. */
int service_open(service *s, const config *cfg, const char *name);
void service_close(service *s);

/* "<state>/<name>" into |out|.  Returns |out|. */
char *service_path(const service *s, const char *name, char out[600]);

/* The address to listen on: that of the configuration, but port 0 becomes the port of the last start if there was one,
 * so that URLs handed out stay good. */
void service_listen_address(const service *s, const char *configured, const char *port_file, char out[256]);

/* |base_url| of the configuration with "{port}" replaced. */
void service_base_url(const char *configured, unsigned port, char out[512]);

/* SIGTERM and SIGINT end stardeleg_curl_run() on |curl|; SIGPIPE is ignored. */
void service_end_on_signals(stardeleg_curl *curl);

/* A driver by the members "resolve" and "trust" (a PEM file) of the configuration.  |allow_http|: for a CA's validator
 * and nothing else, plain http too, https with any certificate, and of special addresses those of the member
 * "allowed-networks" and of "resolve" only.  Returns NULL after a line on standard error. */
stardeleg_curl *service_driver(const service *s, const char *user_agent, int allow_http);

#endif /* EXAMPLE_COMMON_SERVICE_H */

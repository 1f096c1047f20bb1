/* SPDX-License-Identifier: Apache-2.0 */
/* support/server_world.h -- an ACME server with next to nothing in it, for tests of what all servers do alike. */
#ifndef SDG_TESTS_SUPPORT_SERVER_WORLD_H
#define SDG_TESTS_SUPPORT_SERVER_WORLD_H

#include "support/acme_peer.h"

#include <stardeleg/secrets.h>
#include "acme_server/server.h"

#define SERVER_BASE "https://ca.example/acme"
#define SERVER_MAIL "mailto:a@example.org"

/* The server's own routes: /thing/{} by POST and POST-as-GET, /open/{} by GET and POST-as-GET, /either by jwk or kid,
 * /new-thing by POST counts as an order, /list by POST-as-GET in pages, /fail/{} fails as the last segment says
 * ("store", "nomem", "status"...). */
typedef struct server_world {
  stardeleg_store *store;
  stardeleg_secrets *secrets;
  sdg_server *server;
  sdg_server_options options; /* to be changed before server_world_open */
  stardeleg_time now;
  acme_peer peer;
  unsigned calls; /* of the routes above */
  char seen[256]; /* what the last one was told of who signed */
  unsigned deactivations;
  size_t orders; /* how many the list has */
} server_world;

/* Stores and options. */
void server_world_init(server_world *w);
/* The server, and a client without an account. */
void server_world_open(server_world *w);
/* Both, and the client has an account. */
void server_world_start(server_world *w);
/* The same stores under a new server. */
void server_world_restart(server_world *w);
void server_world_clear(server_world *w);
/* For tests of which each has a world of its own, started. */
int server_world_set_up(void **state);
int server_world_tear_down(void **state);
/* Another client. */
void server_world_peer(server_world *w, acme_peer *peer, stardeleg_key_spec spec);
/* How many records of a kind there are. */
size_t server_world_count(const server_world *w, const char *kind);

#endif /* SDG_TESTS_SUPPORT_SERVER_WORLD_H */

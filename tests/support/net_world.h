/* SPDX-License-Identifier: Apache-2.0 */
/* support/net_world.h -- a CA that offers several challenges, with a DNS and TLS servers that are tables. */
#ifndef SDG_TESTS_SUPPORT_NET_WORLD_H
#define SDG_TESTS_SUPPORT_NET_WORLD_H

#include <stdbool.h>

#include "support/ca_world.h"
#include "support/fake_net.h"

#define NET_ONE "{'identifiers':[{'type':'dns','value':'www.example.org'}]}"
#define NET_ALL (STARDELEG_CA_HTTP_01 | STARDELEG_CA_DNS_01 | STARDELEG_CA_TLS_ALPN_01)

typedef struct net_world {
  ca_world w;
  fake_dns dns;
  fake_tls tls;
  sdg_buf certificate;
} net_world;

/* As cmocka wants them; NET_ALL is offered. */
int net_set_up(void **state);
int net_tear_down(void **state);
/* With other options. */
void net_reopen(net_world *n, unsigned challenges);
/* newOrder, which must succeed. */
void net_order(net_world *n, const char *payload);
/* The challenge of a type in authorization |i|: its URL, or NULL.  |token| gets its token. */
const char *net_find(net_world *n, size_t i, const char *type, char token[300]);
size_t net_count_challenges(net_world *n, size_t i);
void net_key_authorization(net_world *n, const char *token, sdg_buf *out);
void net_dns_value(net_world *n, const char *token, char out[64]);
/* Answers the challenge. */
void net_start(net_world *n, const char *url);
const char *net_authz_status(net_world *n, size_t i);
/* The challenge's error must be of this type, and show nothing that is not for people. */
void net_assert_error(net_world *n, const char *url, const char *type);

#endif /* SDG_TESTS_SUPPORT_NET_WORLD_H */

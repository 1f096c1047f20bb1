/* SPDX-License-Identifier: Apache-2.0 */
/* support/ido_chain.h -- owners one behind the other: a delegate orders from the last of three, the first has a CA. */
#ifndef SDG_TESTS_SUPPORT_IDO_CHAIN_H
#define SDG_TESTS_SUPPORT_IDO_CHAIN_H

#include "support/acme_peer.h"

#include <stardeleg/ca.h>
#include <stardeleg/ido.h>
#include <stardeleg/ido_admin.h>

#include "support/ido_world.h"

#define CHAIN_OWNERS 3

extern const char *const chain_bases[CHAIN_OWNERS];

typedef struct chain_owner {
  stardeleg_store *store;
  stardeleg_secrets *secrets;
  stardeleg_issuer_options issuer;
  stardeleg_ido_options options;
  stardeleg_ido *ido;
  char directory[64];
  char eab_name[32];
  char mac_key[64]; /* what this one registers upstream with */
  char log[16384];  /* requests it got: "POST /acme/new-order " */
  char last_new_order[4096];
  char last_finalize[16384];
  char last_headers[4096]; /* protected headers of these, joined */
  char cnames[512];
} chain_owner;

typedef struct ido_chain {
  stardeleg_time now;
  chain_owner owners[CHAIN_OWNERS]; /* [0] has the CA, each other one has the one before it */
  stardeleg_store *ca_store;
  stardeleg_key *ca_key;
  char *ca_pem;
  stardeleg_ca *ca;
  acme_peer ndc; /* of the last one */
  char url[256];
  bool dead[CHAIN_OWNERS]; /* does not answer */
} ido_chain;

#define CHAIN_NAME "\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}]"
#define CHAIN_STAR                                                                                                     \
  "\"auto-renewal\":{\"x-more\":[1],\"end-date\":\"" WORLD_END "\",\"lifetime\":345600,\"allow-certificate-get\":"     \
                                                               "true}"
#define CHAIN_MINE "\"delegation\":\"https://dcdn.example/acme/delegation/edge\""

const char *chain_target_of(const char *url);
void chain_run(ido_chain *r, int64_t ms);
void chain_begin(ido_chain *r);
void chain_end(ido_chain *r);
void chain_delegate(ido_chain *r, int i, const char *ndc, const char *id, const char *csr_template,
                    const char *upstream);
void chain_begin_ndc(ido_chain *r);
void chain_begin_all(ido_chain *r);
void chain_order(ido_chain *r, const char *payload);
int chain_finalize(ido_chain *r, const char *csr);
const char *chain_status(ido_chain *r);

#endif /* SDG_TESTS_SUPPORT_IDO_CHAIN_H */

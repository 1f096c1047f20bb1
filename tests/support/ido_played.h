/* SPDX-License-Identifier: Apache-2.0 */
/* support/ido_played.h -- an owner whose CA is played by hand, step by step. */
#ifndef SDG_TESTS_SUPPORT_IDO_PLAYED_H
#define SDG_TESTS_SUPPORT_IDO_PLAYED_H

#include "support/ido_world.h"
#include "support/scripted.h"

#define DIRECTORY(meta)                                                                                                \
  "{\"newNonce\":\"" WORLD_CA "/new-nonce\",\"newAccount\":\"" WORLD_CA "/new-account\",\"newOrder\":\"" WORLD_CA      \
  "/new-order\",\"meta\":{" meta "}}"
#define STAR_META "\"auto-renewal\":{\"min-lifetime\":1,\"max-duration\":99999999,\"allow-certificate-get\":true}"
#define RENEWAL "\"end-date\":\"" WORLD_END "\",\"lifetime\":345600,\"allow-certificate-get\":true"
#define ORDER2 WORLD_CA "/order/7"
#define UPSTREAM WORLD_CA "/delegation/u1"
#define CERT "https://cdn.ca.example/STAR/x?y=%20Z"
#define NAMES "\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}]"

typedef struct played {
  ido_world w;
  scripted ca;
  char url[256]; /* of Order1 */
} played;

/* A "Location" for newAccount and for newOrder; to be handed to scripted_answer. */
extern const char *const played_account_location[];
extern const char *const played_order_location[];

/* The body of Order2; static until the next call. */
const char *played_order2(const char *status, const char *renewal, const char *more);
/* An owner with delegate "cdn" and delegation "d1". */
void played_open(played *p);
/* An owner whose "d1" is a delegation of another owner, UPSTREAM. */
void played_open_proxy(played *p, unsigned order_kinds);
/* finalize of Order1 with a good CSR. */
void played_finalize(played *p);
/* All of it: Order1 is processing. */
void played_begin(played *p);
void played_end(played *p);

void played_give_directory(played *p, const char *directory);
/* Directory, nonce and account; then newOrder is out. */
void played_reach_new_order(played *p);
/* Order2 is ready; then its finalize is out. */
void played_reach_finalize(played *p);
void played_assert_rests(played *p);
/* All that the end of "d1" asks for has been done; |status| of Order1. */
void played_assert_ended(played *p, const char *status);

/* Order1 as the delegate sees it, now; the others look at the same answer. */
const char *played_status(played *p);
const sdg_json *played_renewal_member(played *p, const char *name);
const char *played_error_text(played *p, const char *name);

#endif /* SDG_TESTS_SUPPORT_IDO_PLAYED_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* support/dns_rig.h -- a keeper of a zone in memory, driven by a virtual clock. */
#ifndef SDG_TESTS_SUPPORT_DNS_RIG_H
#define SDG_TESTS_SUPPORT_DNS_RIG_H

#include "support/dns_zone.h"

#define T0 ((stardeleg_time)1700000000000)

typedef struct dns_settled {
  size_t count;
  char name[256];
  char target[256];
  int installed;
  stardeleg_err err;
} dns_settled;

typedef struct dns_rig {
  dns_zone z;
  stardeleg_dns dns;
  stardeleg_dns_update update;
  stardeleg_dns_keeper_options options;
  stardeleg_dns_keeper *keeper;
  dns_settled told;
  size_t woken;
} dns_rig;

/* Options as they are by default, on a zone of its own; change them, then open. */
void dns_rig_start(dns_rig *r, bool with_dns);
void dns_rig_open(dns_rig *r);
void dns_rig_stop(dns_rig *r);
stardeleg_challenge dns_rig_challenge(const char *value);
/* Asks as the engine of an order does, until it stands; how long that took, or the error. */
int64_t dns_rig_present(dns_rig *r, const stardeleg_challenge *c);
/* Once: how long the order is told to wait, or the error. */
int64_t dns_rig_ask(dns_rig *r, const stardeleg_challenge *c);
void dns_rig_clean(dns_rig *r, const stardeleg_challenge *c);
/* Turns the engine for |ms|. */
void dns_rig_run(dns_rig *r, int64_t ms);

#endif /* SDG_TESTS_SUPPORT_DNS_RIG_H */

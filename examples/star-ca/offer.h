/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/offer.h -- what the CA offers besides STAR: profiles, further chains, revocation, renewal information. */
#ifndef STAR_CA_OFFER_H
#define STAR_CA_OFFER_H

#include <stardeleg/ca.h>
#include "common/service.h"

#define OFFER_PROFILES_MAX 16
#define OFFER_CHAINS_MAX 8

/* Holds what the options point to until the role is made. */
typedef struct offer {
  stardeleg_ca_profile profiles[OFFER_PROFILES_MAX];
  stardeleg_bytes chains[OFFER_CHAINS_MAX];
  char *chain_texts[OFFER_CHAINS_MAX];
} offer;

/* Sets the options from the configuration; -1 with a line on standard error for a file that cannot be read. */
int offer_read(offer *o, const config *cfg, stardeleg_ca_options *options);
void offer_clear(offer *o);
/* "renew": tells clients when to renew (RFC 9773).  |argv| is SERIAL or "all", then "now", "in" HOURS, or "as-usual".
 * The program's status; 2 for a command line that is none. */
int offer_renew(stardeleg_ca *ca, int argc, char **argv);
/* "revoke": |argv| is SERIAL and perhaps the number of a reason (RFC 5280 5.3.1). */
int offer_revoke(stardeleg_ca *ca, int argc, char **argv);

#endif /* STAR_CA_OFFER_H */

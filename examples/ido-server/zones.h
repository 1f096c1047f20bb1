/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/zones.h -- the owner's zones: who answers dns-01 for which issuer, who installs CNAMEs; the resolver. */
#ifndef EXAMPLE_IDO_SERVER_ZONES_H
#define EXAMPLE_IDO_SERVER_ZONES_H

#include <stardeleg/curl.h>
#include <stardeleg/dns.h>
#include <stardeleg/ido.h>
#include "common/service.h"

typedef struct zones zones;

/* What the members "cname-update" and "dns-update" of the issuers say; |wake| is called when there is work for the
 * engines.  Returns 0, or -1 after a line on standard error. */
int zones_open(zones **out, const service *s, void (*wake)(void *ctx), void *ctx);
/* Programs that take records away get a moment more.  NULL allowed. */
void zones_close(zones *z);

/* The solver of issuer |i|; NULL: it has none of its own. */
const stardeleg_solver *zones_solver(const zones *z, size_t i);
/* Sets what is told of CNAMEs: they are installed, or a line of the log says that somebody has to. */
void zones_take_cnames(zones *z, stardeleg_ido_options *options);
/* Begins: what an earlier run left undone is taken up.  Returns 0, or -1 after a line on standard error. */
int zones_start(zones *z, stardeleg_ido *ido, stardeleg_curl *curl);

/* A resolver by the members "dns-servers" and "dns-trust-anchor" that keeps nothing; NULL after a line on standard
 * error.  Free with zones_resolver_free(). */
stardeleg_dns *zones_resolver_new(const config *cfg);
void zones_resolver_free(stardeleg_dns *dns);

#endif /* EXAMPLE_IDO_SERVER_ZONES_H */

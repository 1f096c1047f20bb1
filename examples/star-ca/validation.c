/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/validation.c -- what validates: resolver, TLS probe, and the members of the configuration about them. */
#include "star-ca/validation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if STARDELEG_HAVE_UNBOUND
#include <stardeleg/dns_unbound.h>
#endif
#include "star-ca/tls_probe.h"

static const struct {
  const char *type;
  unsigned flag;
} challenges[] = {{"http-01", STARDELEG_CA_HTTP_01},
                  {"dns-01", STARDELEG_CA_DNS_01},
                  {"tls-alpn-01", STARDELEG_CA_TLS_ALPN_01},
                  {"dns-account-01", STARDELEG_CA_DNS_ACCOUNT_01}};

static void read_challenges(validation *v)
{
  const char **types = config_texts(v->cfg, "challenges");

  for (size_t i = 0; types != NULL && types[i] != NULL; i++) {
    for (size_t k = 0; k < sizeof(challenges) / sizeof(challenges[0]); k++) {
      v->challenges |= strcmp(types[i], challenges[k].type) == 0 ? challenges[k].flag : 0;
    }
  }
  if (v->challenges == 0) {
    v->challenges = STARDELEG_CA_HTTP_01;
  }
  free(types);
}

static int open_dns(validation *v)
{
#if STARDELEG_HAVE_UNBOUND
  const char **servers = config_texts(v->cfg, "dns-servers");
  stardeleg_dns_unbound_options options;
  stardeleg_err err;

  stardeleg_dns_unbound_options_default(&options);
  options.servers = servers;
  options.trust_anchor = config_text(v->cfg, "dns-trust-anchor", NULL);
  options.cache_max_s = (unsigned)config_int(v->cfg, "dns-cache", options.cache_max_s);
  err = stardeleg_dns_unbound_new(&v->dns, &options);
  free(servers);
  if (err != STARDELEG_OK) {
    config_complain(v->cfg, "dns-servers", stardeleg_strerror(err));
    return -1;
  }
  return 0;
#else
  config_complain(v->cfg, "challenges", "this program was built without libunbound: no DNS challenges, no CAA");
  return -1;
#endif
}

int validation_open(validation *v, const config *cfg)
{
  const unsigned dns_flags = STARDELEG_CA_DNS_01 | STARDELEG_CA_DNS_ACCOUNT_01;

  memset(v, 0, sizeof(*v));
  v->cfg = cfg;
  read_challenges(v);
  v->networks = config_texts(cfg, "allowed-networks");
  v->identities = config_texts(cfg, "caa-identities");
  if (((v->challenges & dns_flags) != 0 || v->identities != NULL || config_count(cfg, "dns-servers") > 0) &&
      open_dns(v) != 0) {
    return -1;
  }
  if ((v->challenges & STARDELEG_CA_TLS_ALPN_01) != 0 && tls_probe_open(&v->probe, v->networks) != 0) {
    config_complain(cfg, "challenges", "tls-alpn-01 is not possible: no libssl, or it does not work");
    return -1;
  }
  return 0;
}

void validation_apply(const validation *v, stardeleg_ca_options *options)
{
  options->challenges = v->challenges;
  options->dns = v->dns;
  options->tls_probe = v->probe;
  options->allowed_networks = v->networks;
  options->caa_identities = v->identities;
  options->caa_at_renewal = config_flag(v->cfg, "caa-at-renewal", options->caa_at_renewal);
  options->tls_alpn01_port = (uint16_t)config_int(v->cfg, "tls-alpn-01-port", options->tls_alpn01_port);
  options->https_port = (uint16_t)config_int(v->cfg, "https-port", options->https_port);
  options->authz_reuse_s = config_int(v->cfg, "authz-reuse", options->authz_reuse_s);
  options->validation_retry_ms = config_int(v->cfg, "validation-retry-ms", options->validation_retry_ms);
}

void validation_close(validation *v)
{
#if STARDELEG_HAVE_UNBOUND
  stardeleg_dns_unbound_free(v->dns);
#endif
  tls_probe_close(v->probe);
  free(v->networks);
  free(v->identities);
  memset(v, 0, sizeof(*v));
}

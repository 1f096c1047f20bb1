/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_challenge.c -- which challenges there are, and for what (RFC 8555 8, RFC 8737, RFC 8738). */
#include <string.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"
#include "ca/ca_check.h"
#include "ca/ca_names.h"

#define TOKEN_BYTES 32u /* 43 characters; RFC 8555 8.3 asks for 128 bits */
#define NETWORKS_MAX 64u
#define IDENTITIES_MAX 32u /* of one question about CAA */

static const sdg_ca_method *const methods[] = {&sdg_ca_http_01, &sdg_ca_dns_01, &sdg_ca_tls_alpn_01,
                                               &sdg_ca_dns_account_01};
#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))
#define ALL_CHALLENGES                                                                                                 \
  (STARDELEG_CA_HTTP_01 | STARDELEG_CA_DNS_01 | STARDELEG_CA_TLS_ALPN_01 | STARDELEG_CA_DNS_ACCOUNT_01)

const sdg_ca_method *sdg_ca_method_of(const char *type)
{
  for (size_t i = 0; i < METHOD_COUNT; i++) {
    if (strcmp(methods[i]->type, type) == 0) {
      return methods[i];
    }
  }
  return NULL;
}

/* --- Options --- */

/* It holds its own first address. */
static bool is_network(const char *text)
{
  const char *slash = strchr(text, '/');
  stardeleg_bytes address = slash != NULL ? sdg_bytes(text, (size_t)(slash - text)) : sdg_bytes_str(text);
  uint8_t octets[16];
  size_t len = 0;

  return sdg_address_parse(octets, &len, address) && stardeleg_network_has(text, sdg_bytes(octets, len)) != 0;
}

static const char *find_fault(const stardeleg_ca_options *options)
{
  if (options->challenges == 0 || (options->challenges & ~ALL_CHALLENGES) != 0) {
    return "challenges must name at least one, and only known ones";
  }
  if ((options->challenges & (STARDELEG_CA_DNS_01 | STARDELEG_CA_DNS_ACCOUNT_01)) != 0 && options->dns == NULL) {
    return "dns-01 and dns-account-01 need dns";
  }
  if ((options->challenges & STARDELEG_CA_TLS_ALPN_01) != 0 && options->tls_probe == NULL) {
    return "tls-alpn-01 needs tls_probe";
  }
  if (options->tls_alpn01_port == 0 || options->https_port == 0 || options->caa_age_max_s < 0) {
    return "tls_alpn01_port and https_port must be positive, caa_age_max_s not negative";
  }
  if (options->caa_identities != NULL && options->caa_identities[0] != NULL && options->dns == NULL) {
    return "caa_identities need dns";
  }
  /* RFC 8555 9.7.6, RFC 8659 4.2: a name without final dot, not a URL. */
  for (size_t i = 0; options->caa_identities != NULL && options->caa_identities[i] != NULL; i++) {
    if (sdg_name_check_dns(sdg_bytes_str(options->caa_identities[i]), 0) != SDG_NAME_OK) {
      return "caa_identities must be names";
    }
  }
  for (size_t i = 0; options->allowed_networks != NULL && options->allowed_networks[i] != NULL; i++) {
    if (!is_network(options->allowed_networks[i])) {
      return "allowed_networks must be networks: \"192.168.0.0/16\"";
    }
  }
  return NULL;
}

stardeleg_err sdg_ca_challenges_load(stardeleg_ca *ca, stardeleg_problem *problem)
{
  const char *fault = find_fault(&ca->options);
  stardeleg_err err;

  if (fault != NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", fault);
    return STARDELEG_ERR_CONFIG;
  }
  for (size_t i = 0; i < METHOD_COUNT; i++) {
    ca->can_wildcard =
        ca->can_wildcard || ((ca->options.challenges & methods[i]->flag) != 0 && methods[i]->for_wildcard);
  }
  err = sdg_strings_dup(&ca->allowed_networks, ca->options.allowed_networks, NETWORKS_MAX);
  if (err == STARDELEG_OK) {
    err = sdg_strings_dup(&ca->caa_identities, ca->options.caa_identities, IDENTITIES_MAX);
  }
  if (err == STARDELEG_ERR_LIMIT) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "allowed_networks or caa_identities are too many");
    err = STARDELEG_ERR_CONFIG;
  }
  return err;
}

void sdg_ca_challenges_clear(stardeleg_ca *ca)
{
  sdg_strings_free(ca->allowed_networks);
  sdg_strings_free(ca->caa_identities);
}

/* --- Of one authorization --- */

static bool can_prove(const stardeleg_ca *ca, const sdg_ca_method *method, bool is_ip, bool is_wildcard)
{
  return (ca->options.challenges & method->flag) != 0 && (!is_wildcard || method->for_wildcard) &&
         (!is_ip || method->for_ip);
}

stardeleg_err sdg_ca_check_provable(const stardeleg_ca *ca, const sdg_identifiers *list, stardeleg_problem *problem)
{
  static const char detail[] = "no challenge of this CA can prove it";
  size_t faults = 0;

  for (size_t i = 0; i < list->count; i++) {
    bool provable = false;

    for (size_t k = 0; k < METHOD_COUNT; k++) {
      provable = provable || can_prove(ca, methods[k], sdg_ca_is_ip(&list->items[i]),
                                       sdg_name_is_wildcard(sdg_bytes_str(list->items[i].value)));
    }
    if (!provable) {
      if (faults++ == 0) {
        sdg_problem_set(problem, STARDELEG_ACME_REJECTED_IDENTIFIER, "%s", detail);
      }
      sdg_problem_add_sub(problem, STARDELEG_ACME_REJECTED_IDENTIFIER, list->items[i].type,
                          sdg_bytes_str(list->items[i].value), detail);
    }
  }
  return faults > 0 ? STARDELEG_ERR_POLICY : STARDELEG_OK;
}

stardeleg_err sdg_ca_fill_challenge(sdg_acme_challenge *challenge, const char *type)
{
  challenge->validated = STARDELEG_TIME_NONE;
  challenge->type = sdg_strdup(type);
  /* A place holder: the real URL is made when the authorization is shown. */
  challenge->url = sdg_strdup("https://challenge.invalid/");
  return challenge->type != NULL && challenge->url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

static stardeleg_err fill_new(stardeleg_ca *ca, sdg_acme_challenge *challenge, const sdg_ca_method *method)
{
  sdg_buf token;
  stardeleg_err err = sdg_ca_fill_challenge(challenge, method->type);

  sdg_buf_init(&token, 128);
  if (err == STARDELEG_OK) {
    err = sdg_random_name(ca->options.crypto, &token, TOKEN_BYTES);
  }
  if (err == STARDELEG_OK) {
    err = sdg_buf_take(&token, &challenge->token, NULL);
  }
  sdg_buf_clear(&token);
  return err;
}

stardeleg_err sdg_ca_fill_challenges(stardeleg_ca *ca, sdg_acme_authorization *authz)
{
  stardeleg_err err = STARDELEG_OK;

  for (size_t i = 0; i < METHOD_COUNT && err == STARDELEG_OK; i++) {
    if (can_prove(ca, methods[i], sdg_ca_is_ip(&authz->identifier), authz->wildcard)) {
      err = fill_new(ca, &authz->challenges[authz->challenge_count++], methods[i]);
    }
  }
  return err;
}

/* RFC 8555 7.1.4: a decided authorization shows the challenge that decided it. */
void sdg_ca_drop_other_challenges(sdg_acme_authorization *authz)
{
  while (authz->challenge_count > 1) {
    sdg_acme_challenge_clear(&authz->challenges[--authz->challenge_count]);
  }
}

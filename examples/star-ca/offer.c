/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/offer.c -- what the CA offers besides STAR, from its configuration. */
#include "star-ca/offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/config.h"

#define CHAIN_FILE_MAX 65536
#define HOUR_MS ((int64_t)3600 * 1000)

/* --- Profiles --- */

static stardeleg_ca_choice choice_of(const config *cfg, const char *path, stardeleg_ca_choice otherwise)
{
  const char *text = config_text(cfg, path, "");

  if (strcmp(text, "never") == 0) {
    return STARDELEG_CA_NEVER;
  }
  if (strcmp(text, "always") == 0) {
    return STARDELEG_CA_ALWAYS;
  }
  return strcmp(text, "as-asked") == 0 ? STARDELEG_CA_AS_ASKED : otherwise;
}

static const char *member(char path[64], size_t index, const char *name)
{
  (void)snprintf(path, 64, "profiles.%zu.%s", index, name);
  return path;
}

static void read_profile(const config *cfg, size_t i, stardeleg_ca_profile *out)
{
  char path[64];
  const char *orders;

  stardeleg_ca_profile_default(out);
  out->name = config_text(cfg, member(path, i, "name"), "");
  out->description = config_text(cfg, member(path, i, "description"), NULL);
  orders = config_text(cfg, member(path, i, "orders"), "all");
  out->no_star = strcmp(orders, "plain") == 0;
  out->no_plain = strcmp(orders, "star") == 0;
  out->plain_lifetime_s = config_int(cfg, member(path, i, "lifetime"), 0);
  out->lifetime_max_s = config_int(cfg, member(path, i, "lifetime-max"), 0);
  out->server_auth = choice_of(cfg, member(path, i, "server-auth"), out->server_auth);
  out->client_auth = choice_of(cfg, member(path, i, "client-auth"), out->client_auth);
  out->key_encipherment = choice_of(cfg, member(path, i, "key-encipherment"), out->key_encipherment);
  out->common_name = choice_of(cfg, member(path, i, "common-name"), out->common_name);
  out->no_subject_key_id = !config_flag(cfg, member(path, i, "subject-key-id"), 1);
}

/* --- Chains --- */

static char *read_chain(const char *path)
{
  FILE *file = fopen(path, "rb");
  char *text = malloc(CHAIN_FILE_MAX + 1);
  size_t len = 0;

  if (file != NULL && text != NULL) {
    len = fread(text, 1, CHAIN_FILE_MAX + 1, file);
  }
  if (file == NULL || text == NULL || len == 0 || len > CHAIN_FILE_MAX || ferror(file) != 0) {
    (void)fprintf(stderr, "cannot read the chain %s\n", path);
    free(text);
    text = NULL;
  } else {
    text[len] = '\0';
  }
  if (file != NULL) {
    (void)fclose(file);
  }
  return text;
}

static int read_chains(offer *o, const config *cfg, size_t count)
{
  char path[64];

  for (size_t i = 0; i < count; i++) {
    (void)snprintf(path, sizeof(path), "alternate-chains.%zu", i);
    o->chain_texts[i] = read_chain(config_text(cfg, path, ""));
    if (o->chain_texts[i] == NULL) {
      return -1;
    }
    o->chains[i] = (stardeleg_bytes){(const uint8_t *)o->chain_texts[i], strlen(o->chain_texts[i])};
  }
  return 0;
}

int offer_read(offer *o, const config *cfg, stardeleg_ca_options *options)
{
  memset(o, 0, sizeof(*o));
  options->plain_lifetime_s = config_int(cfg, "plain-lifetime", options->plain_lifetime_s);
  options->crl_lifetime_s = config_int(cfg, "crl-lifetime", options->crl_lifetime_s);
  options->crl_max = (size_t)config_int(cfg, "crl-max", (int64_t)options->crl_max);
  options->crl_url = config_text(cfg, "crl-url", NULL);
  options->renewal_info_s = config_int(cfg, "renewal-info", options->renewal_info_s);
  options->profile_count = config_count(cfg, "profiles"); /* the schema bounds both */
  for (size_t i = 0; i < options->profile_count; i++) {
    read_profile(cfg, i, &o->profiles[i]);
  }
  options->profiles = o->profiles;
  options->alternate_chain_count = config_count(cfg, "alternate-chains");
  options->alternate_chains_pem = o->chains;
  return read_chains(o, cfg, options->alternate_chain_count);
}

void offer_clear(offer *o)
{
  for (size_t i = 0; i < OFFER_CHAINS_MAX; i++) {
    free(o->chain_texts[i]);
    o->chain_texts[i] = NULL;
  }
}

/* --- Renewal --- */

/* Up to a year of hours; -1 for anything else. */
static int64_t read_number(const char *text)
{
  int64_t hours = 0;
  size_t len = strlen(text);

  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9' || len > 4) {
      return -1;
    }
    hours = 10 * hours + (text[i] - '0');
  }
  return len > 0 && hours <= 24 * 366 ? hours : -1;
}

/* The window: one that has passed for "now", else from now on, so that clients spread over it. */
static int read_window(stardeleg_ca_renewal *change, stardeleg_time now, int argc, char **argv)
{
  int64_t hours;

  if (argc == 1 && strcmp(argv[0], "now") == 0) {
    change->start_at = now - HOUR_MS;
    change->end_at = now;
    return 0;
  }
  if (argc == 1 && strcmp(argv[0], "as-usual") == 0) {
    return 0;
  }
  if (argc != 2 || strcmp(argv[0], "in") != 0) {
    return -1;
  }
  hours = read_number(argv[1]);
  if (hours < 1) {
    return -1;
  }
  change->start_at = now;
  change->end_at = now + hours * HOUR_MS;
  return 0;
}

int offer_renew(stardeleg_ca *ca, int argc, char **argv)
{
  stardeleg_ca_renewal change;
  stardeleg_time now = clock_now(NULL);
  stardeleg_err err;

  stardeleg_ca_renewal_default(&change);
  if (argc < 2 || read_window(&change, now, argc - 1, argv + 1) != 0) {
    return 2;
  }
  change.serial = strcmp(argv[0], "all") == 0 ? NULL : argv[0];
  change.issued_before = now;
  err = stardeleg_ca_renewal_move(ca, &change);
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot move the renewal: %s\n", stardeleg_strerror(err));
    return 1;
  }
  return 0;
}

/* --- Revocation --- */

int offer_revoke(stardeleg_ca *ca, int argc, char **argv)
{
  int64_t reason = argc > 1 ? read_number(argv[1]) : 0;
  stardeleg_err err;

  if (argc < 1 || argc > 2 || reason < 0) {
    return 2;
  }
  err = stardeleg_ca_revoke(ca, argv[0], (int)reason, clock_now(NULL));
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot revoke: %s\n", stardeleg_strerror(err));
    return 1;
  }
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/role.c -- from the configuration to the IdO role. */
#include "ido-server/role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/log.h"

#define ISSUERS_MAX 16u
#define MIB ((int64_t)1024 * 1024)

typedef struct issuer_texts {
  const char **contacts;
  const char **alias_names;
  char *mac_key;
} issuer_texts;

static const char *member(char path[64], size_t i, const char *name)
{
  (void)snprintf(path, 64, "issuers.%zu.%s", i, name);
  return path;
}

/* What kinds other than "star" know; which kind takes what is the library's to say. */
static void read_kind(const config *cfg, size_t i, stardeleg_issuer_options *out)
{
  char path[64];

  out->assume_certificate_get = config_flag(cfg, member(path, i, "assume-certificate-get"), 0);
  out->validity_s = config_int(cfg, member(path, i, "validity"), 0);
  out->backdate_s = config_int(cfg, member(path, i, "backdate"), 0);
  out->takes_not_after = config_flag(cfg, member(path, i, "takes-not-after"), 0);
  out->profile = config_text(cfg, member(path, i, "profile"), NULL);
  out->set_limit = (size_t)config_int(cfg, member(path, i, "set-limit"), 0);
  out->set_window_s = config_int(cfg, member(path, i, "set-window"), 0);
  out->set_reserve = (size_t)config_int(cfg, member(path, i, "set-reserve"), 0);
  out->revoke_at_end = config_flag(cfg, member(path, i, "revoke-at-end"), 0);
}

static int read_issuer(const config *cfg, size_t i, stardeleg_issuer_options *out, issuer_texts *texts)
{
  char path[64];
  const char *file = config_text(cfg, member(path, i, "eab.mac-key-file"), NULL);

  memset(out, 0, sizeof(*out));
  out->size = sizeof(*out);
  out->name = config_text(cfg, member(path, i, "name"), NULL);
  out->kind = config_text(cfg, member(path, i, "kind"), NULL);
  out->directory_url = config_text(cfg, member(path, i, "directory"), NULL);
  out->terms_agreed = config_flag(cfg, member(path, i, "terms-agreed"), 0);
  read_kind(cfg, i, out);
  texts->contacts = config_texts(cfg, member(path, i, "contacts"));
  out->contacts = texts->contacts;
  texts->alias_names = config_texts(cfg, member(path, i, "alias-names"));
  out->alias_names = texts->alias_names;
  if (file == NULL) {
    return 0;
  }
  out->eab_key_id = config_text(cfg, member(path, i, "eab.key-id"), NULL);
  if (file_read(&texts->mac_key, NULL, file, 4096) != 0) {
    config_complain(cfg, member(path, i, "eab.mac-key-file"), "cannot be read");
    return -1;
  }
  texts->mac_key[strcspn(texts->mac_key, "\r\n")] = '\0';
  out->eab_mac_key = texts->mac_key;
  return 0;
}

static void fill_options(const service *s, stardeleg_ido_options *options, const char *base_url, role_wake wake,
                         void *ctx)
{
  const config *cfg = s->cfg;

  stardeleg_ido_options_default(options);
  options->crypto = s->crypto;
  options->store = s->store;
  options->secrets = s->secrets;
  options->base_url = base_url;
  options->terms_of_service = config_text(cfg, "terms-of-service", NULL);
  options->website = config_text(cfg, "website", NULL);
  options->lease_ms = config_int(cfg, "lease-ms", options->lease_ms);
  options->order_poll_ms = config_int(cfg, "order-poll-ms", options->order_poll_ms);
  options->backoff_min_ms = config_int(cfg, "backoff-min-ms", options->backoff_min_ms);
  options->backoff_max_ms = config_int(cfg, "backoff-max-ms", options->backoff_max_ms);
  options->audit_keep_s = config_int(cfg, "audit-keep-days", options->audit_keep_s / 86400) * 86400;
  options->audit_max_bytes = config_int(cfg, "audit-max-mib", options->audit_max_bytes / MIB) * MIB;
  options->delegates_may_revoke = config_flag(cfg, "delegates-may-revoke", 0);
  options->on_work = wake;
  options->on_work_ctx = ctx;
  options->log = log_receiver();
}

stardeleg_ido *role_new(const service *s, const char *base_url, zones *z, role_wake wake, void *ctx)
{
  stardeleg_issuer_options issuers[ISSUERS_MAX];
  issuer_texts texts[ISSUERS_MAX];
  stardeleg_ido_options options;
  stardeleg_problem problem;
  stardeleg_ido *ido = NULL;
  size_t count = config_count(s->cfg, "issuers");
  stardeleg_err err = STARDELEG_OK;
  int bad = 0;

  memset(texts, 0, sizeof(texts));
  if (count > ISSUERS_MAX) {
    config_complain(s->cfg, "issuers", "too many");
    return NULL;
  }
  fill_options(s, &options, base_url, wake, ctx);
  if (z != NULL) {
    zones_take_cnames(z, &options);
  }
  for (size_t i = 0; i < count && bad == 0; i++) {
    bad = read_issuer(s->cfg, i, &issuers[i], &texts[i]);
    issuers[i].solver = zones_solver(z, i);
  }
  options.server = s->serves;
  options.issuers = issuers;
  options.issuer_count = count;
  if (bad == 0) {
    err = stardeleg_ido_new(&ido, &options, &problem);
  }
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot start the IdO: %s: %s\n", stardeleg_strerror(err), problem.detail);
  }
  for (size_t i = 0; i < ISSUERS_MAX; i++) {
    free(texts[i].contacts);
    free(texts[i].alias_names);
    stardeleg_secret_free(texts[i].mac_key, texts[i].mac_key != NULL ? strlen(texts[i].mac_key) : 0);
  }
  return ido;
}

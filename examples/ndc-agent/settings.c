/* SPDX-License-Identifier: Apache-2.0 */
/* ndc-agent/settings.c -- the configuration file as options of the role. */
#include "ndc-agent/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/log.h"

/* Systems' bundles have more than 200 KiB and grow. */
#define PEM_MAX (1024u * 1024u)
#define CHOICES_MAX SETTINGS_CHOICES_MAX

/* The file that the member names, if it is there. */
static int read_named(char **out, size_t *len, const config *cfg, const char *member, size_t max)
{
  const char *path = config_text(cfg, member, NULL);
  char why[300];
  int rc = path != NULL ? file_read(out, len, path, max) : 0;

  if (rc != 0) {
    (void)snprintf(why, sizeof(why), "%.200s: %s", path, strerror(rc));
    config_complain(cfg, member, why);
    return -1;
  }
  return 0;
}

static int read_files(const config *cfg, settings *s)
{
  if (read_named(&s->mac_key, NULL, cfg, "eab.mac-key-file", 4096) != 0) {
    return -1;
  }
  if (s->mac_key != NULL) {
    s->mac_key[strcspn(s->mac_key, "\r\n")] = '\0';
  }
  return read_named(&s->roots, &s->roots_len, cfg, "roots", PEM_MAX);
}

static size_t read_choices(const config *cfg, settings *s)
{
  size_t count = config_count(cfg, "choices");
  char path[64];

  for (size_t i = 0; i < count && i < CHOICES_MAX; i++) {
    (void)snprintf(path, sizeof(path), "choices.%zu.field", i);
    s->choices[i].field = config_text(cfg, path, "");
    (void)snprintf(path, sizeof(path), "choices.%zu.value", i);
    s->choices[i].value = config_text(cfg, path, "");
  }
  return count < CHOICES_MAX ? count : CHOICES_MAX;
}

static stardeleg_ndc_mode read_mode(const config *cfg)
{
  static const struct {
    const char *word;
    stardeleg_ndc_mode mode;
  } words[] = {{"star", STARDELEG_NDC_MODE_STAR},
               {"plain", STARDELEG_NDC_MODE_PLAIN},
               {"star-first", STARDELEG_NDC_MODE_STAR_FIRST},
               {"offered", STARDELEG_NDC_MODE_OFFERED}};
  const char *mode = config_text(cfg, "mode", NULL);

  for (size_t i = 0; mode != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
    if (strcmp(mode, words[i].word) == 0) {
      return words[i].mode;
    }
  }
  /* Who says how long certificates shall live wants the kind that has such a length. */
  return config_int(cfg, "lifetime", 0) != 0 || config_int(cfg, "lifetime-adjust", 0) != 0 ||
                 config_int(cfg, "order-duration", 0) != 0
             ? STARDELEG_NDC_MODE_STAR_FIRST
             : STARDELEG_NDC_MODE_OFFERED;
}

static int64_t read_key(const config *cfg)
{
  const char *word = config_text(cfg, "key", NULL);

  if (word == NULL) {
    return config_int(cfg, "key", STARDELEG_NDC_KEY_EACH_ORDER);
  }
  return strcmp(word, "kept") == 0 ? STARDELEG_NDC_KEY_KEPT : STARDELEG_NDC_KEY_EACH_ORDER;
}

static void fill_orders(stardeleg_ndc_options *options, const config *cfg)
{
  options->mode = read_mode(cfg);
  options->lifetime_s = config_int(cfg, "lifetime", options->lifetime_s);
  options->lifetime_adjust_s = config_int(cfg, "lifetime-adjust", 0);
  options->order_duration_s = config_int(cfg, "order-duration", options->order_duration_s);
  options->not_before_s = config_int(cfg, "not-before", 0);
  options->not_after_s = config_int(cfg, "not-after", 0);
  options->renew_permille = config_int(cfg, "renew-permille", options->renew_permille);
  options->key_lifetime_s = read_key(cfg);
  options->template_interval_s = config_int(cfg, "template-interval", options->template_interval_s);
  options->certificate_interval_s = config_int(cfg, "certificate-interval", options->certificate_interval_s);
  options->discovery_interval_s = config_int(cfg, "discovery-interval", options->discovery_interval_s);
  options->backoff_min_ms = config_int(cfg, "backoff-min-ms", options->backoff_min_ms);
  options->backoff_max_ms = config_int(cfg, "backoff-max-ms", options->backoff_max_ms);
  options->order_poll_ms = config_int(cfg, "order-poll-ms", options->order_poll_ms);
}

int settings_read(settings *out, const service *svc)
{
  const config *cfg = svc->cfg;
  stardeleg_ndc_options *options = &out->options;

  memset(out, 0, sizeof(*out));
  if (read_files(cfg, out) != 0) {
    return -1;
  }
  stardeleg_ndc_options_default(options);
  options->crypto = svc->crypto;
  options->store = svc->store;
  options->secrets = svc->secrets;
  options->directory_url = config_text(cfg, "directory", NULL);
  options->eab_key_id = config_text(cfg, "eab.key-id", NULL);
  options->eab_mac_key = out->mac_key;
  out->contacts = config_texts(cfg, "contacts");
  options->contacts = out->contacts;
  out->delegations = config_texts(cfg, "delegations");
  options->delegations = out->delegations;
  options->terms_agreed = config_flag(cfg, "terms-agreed", 0);
  options->new_account = config_flag(cfg, "new-account", 0);
  options->roots_pem = (stardeleg_bytes){(const uint8_t *)out->roots, out->roots_len};
  options->choices = out->choices;
  options->choice_count = read_choices(cfg, out);
  options->log = log_receiver();
  fill_orders(options, cfg);
  return 0;
}

void settings_clear(settings *s)
{
  stardeleg_secret_free(s->mac_key, s->mac_key != NULL ? strlen(s->mac_key) : 0);
  free(s->roots);
  free(s->contacts);
  free(s->delegations);
}

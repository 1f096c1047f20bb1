/* SPDX-License-Identifier: Apache-2.0 */
/* ndc-agent/settings.h -- the configuration file as options of the role. */
#ifndef EXAMPLE_NDC_AGENT_SETTINGS_H
#define EXAMPLE_NDC_AGENT_SETTINGS_H

#include <stardeleg/ndc.h>
#include "common/service.h"

#define SETTINGS_CHOICES_MAX 64u

/* What the role copies from, kept until it has. */
typedef struct settings {
  char *mac_key;
  char *roots;
  size_t roots_len;
  const char **contacts;
  const char **delegations;
  stardeleg_choice choices[SETTINGS_CHOICES_MAX];
  stardeleg_ndc_options options;
} settings;

/* Returns 0, or -1 after a line on standard error; settings_clear() in both cases. */
int settings_read(settings *out, const service *svc);
void settings_clear(settings *s);

#endif /* EXAMPLE_NDC_AGENT_SETTINGS_H */

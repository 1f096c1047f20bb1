/* SPDX-License-Identifier: Apache-2.0 */
/* common/serving.c -- what the configurations of both ACME servers say of limits, nonces and terms. */
#include "common/serving.h"

#include <stdio.h>
#include <string.h>

/* Without a word in the configuration: wide enough for a CDN with thousands of names behind one address, and for tests
 * on the loopback; narrow enough that nobody fills the store or the processors overnight. */
static const stardeleg_rate usual_requests = {20000, 5}; /* of one source */
static const stardeleg_rate usual_signed = {10000, 10};  /* of one account */
static const stardeleg_rate usual_accounts = {1000, 60000};
static const stardeleg_rate usual_orders = {5000, 2000};

static stardeleg_rate read_rate(const config *cfg, const char *name, stardeleg_rate usual)
{
  char path[64];
  stardeleg_rate rate = usual;

  (void)snprintf(path, sizeof(path), "limits.%s.burst", name);
  rate.burst = (uint32_t)config_int(cfg, path, usual.burst);
  (void)snprintf(path, sizeof(path), "limits.%s.every-ms", name);
  rate.every_ms = config_int(cfg, path, usual.every_ms);
  return rate;
}

static stardeleg_err make_limiter(serving *s, const service *svc)
{
  const config *cfg = svc->cfg;
  const char *word = config_text(cfg, "limits", "");
  stardeleg_buckets_options options;

  if (strcmp(word, "off") == 0) {
    return STARDELEG_OK;
  }
  stardeleg_buckets_options_default(&options);
  options.store = config_flag(cfg, "shared-nonces", 0) != 0 ? svc->store : NULL; /* one of several processes */
  if (strcmp(word, "strict") != 0) {
    options.per_source[STARDELEG_LIMIT_REQUEST] = read_rate(cfg, "requests-per-source", usual_requests);
    options.per_source[STARDELEG_LIMIT_ACCOUNT] = read_rate(cfg, "accounts-per-source", usual_accounts);
    options.per_account[STARDELEG_LIMIT_SIGNED] = read_rate(cfg, "requests-per-account", usual_signed);
    options.per_account[STARDELEG_LIMIT_ORDER] = read_rate(cfg, "orders-per-account", usual_orders);
  }
  return stardeleg_buckets_new(&s->limiter, svc->crypto, &options);
}

int serving_open(serving *s, service *svc)
{
  const config *cfg = svc->cfg;
  stardeleg_err err;

  memset(s, 0, sizeof(*s));
  stardeleg_server_options_default(&s->options);
  if (config_flag(cfg, "terms-must-be-current", 0) != 0 && config_text(cfg, "terms-of-service", NULL) == NULL) {
    config_complain(cfg, "terms-must-be-current", "without \"terms-of-service\" there are no terms");
    return -1;
  }
  err = make_limiter(s, svc);
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot set up the limits: %s\n", stardeleg_strerror(err));
    return -1;
  }
  s->options.limiter = s->limiter;
  s->options.limits_url = config_text(cfg, "limits-url", NULL);
  s->options.shared_nonces = config_flag(cfg, "shared-nonces", 0);
  s->options.current_terms_required = config_flag(cfg, "terms-must-be-current", 0);
  s->options.terms_action_url = config_text(cfg, "terms-action-url", NULL);
  svc->serves = &s->options;
  return 0;
}

void serving_close(serving *s)
{
  stardeleg_buckets_free(s->limiter);
  s->limiter = NULL;
}

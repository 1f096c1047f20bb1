/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/zones.c -- keepers of zones made from the configuration, and the CNAMEs that they were asked for. */
#include "ido-server/zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stardeleg/dns_exec.h>
#include <stardeleg/dns_update.h>
#include <stardeleg/ido_admin.h>
#include "common/clock.h"
#include "common/log.h"
#if STARDELEG_HAVE_UNBOUND
#include <stardeleg/dns_unbound.h>
#endif

/* One for each issuer, and the one for CNAMEs behind them. */
#define ISSUERS_MAX 16u
#define CNAMES ISSUERS_MAX
#define PATIENCE_MS 3000

typedef struct zone {
  stardeleg_dns_update *update;
  stardeleg_dns_keeper *keeper;
} zone;

/* A CNAME that is being removed: whose it was. */
typedef struct removal {
  struct removal *next;
  char delegation[65];
  char name[256];
  char target[256];
} removal;

struct zones {
  const config *cfg;
  stardeleg_dns *dns;
  zone items[ISSUERS_MAX + 1];
  removal *removals;
  stardeleg_ido *ido;
  void (*wake)(void *ctx);
  void *wake_ctx;
};

/* --- The resolver --- */

stardeleg_dns *zones_resolver_new(const config *cfg)
{
#if STARDELEG_HAVE_UNBOUND
  const char **servers = config_texts(cfg, "dns-servers");
  stardeleg_dns_unbound_options options;
  stardeleg_dns *dns = NULL;
  stardeleg_err err;

  stardeleg_dns_unbound_options_default(&options);
  options.servers = servers;
  options.trust_anchor = config_text(cfg, "dns-trust-anchor", NULL);
  options.cache_max_s = 0; /* it is about changes */
  err = stardeleg_dns_unbound_new(&dns, &options);
  free(servers);
  if (err != STARDELEG_OK) {
    config_complain(cfg, "dns-servers", stardeleg_strerror(err));
  }
  return dns;
#else
  config_complain(cfg, "", "this program was built without libunbound: it cannot look at the DNS");
  return NULL;
#endif
}

void zones_resolver_free(stardeleg_dns *dns)
{
#if STARDELEG_HAVE_UNBOUND
  stardeleg_dns_unbound_free(dns);
#else
  (void)dns;
#endif
}

/* --- Removals under way --- */

static void note_removal(zones *z, const char *delegation, const char *name, const char *target)
{
  removal *r = calloc(1, sizeof(*r));

  if (r != NULL) { /* else it is removed, and told of again at the next start */
    (void)snprintf(r->delegation, sizeof(r->delegation), "%s", delegation);
    (void)snprintf(r->name, sizeof(r->name), "%s", name);
    (void)snprintf(r->target, sizeof(r->target), "%s", target);
    r->next = z->removals;
    z->removals = r;
  }
}

static void end_removals(zones *z, const char *name, const char *target)
{
  removal **link = &z->removals;

  while (*link != NULL) {
    removal *r = *link;
    stardeleg_err err;

    if (strcmp(r->name, name) != 0 || strcmp(r->target, target) != 0) {
      link = &r->next;
      continue;
    }
    err = stardeleg_ido_cname_removed(z->ido, r->delegation, r->name, clock_now(NULL));
    if (err != STARDELEG_OK && err != STARDELEG_ERR_NOT_FOUND) { /* wanted again meanwhile */
      log_line(STARDELEG_LOG_WARNING, "ido.cname.note", "%s: %s", r->name, stardeleg_strerror(err));
    }
    *link = r->next;
    free(r);
  }
}

/* Called by the keeper. */
static void settled(void *ctx, const char *name, const char *target, int installed, stardeleg_err err)
{
  zones *z = ctx;

  if (err == STARDELEG_OK) {
    log_line(STARDELEG_LOG_INFO, installed != 0 ? "ido.cname.installed" : "ido.cname.removed", "%s CNAME %s", name,
             target);
    if (installed == 0) {
      end_removals(z, name, target);
    }
  }
}

/* --- Called by the role --- */

static void tell_cname(void *ctx, const char *delegation, const char *name, const char *target, int install)
{
  zones *z = ctx;

  log_line(STARDELEG_LOG_INFO, install != 0 ? "ido.cname.install" : "ido.cname.remove", "%s CNAME %s", name, target);
  if (z->items[CNAMES].keeper == NULL) {
    return;
  }
  if (install == 0) {
    note_removal(z, delegation, name, target);
  }
  stardeleg_dns_keeper_on_cname(z->items[CNAMES].keeper, name, target, install);
}

void zones_take_cnames(zones *z, stardeleg_ido_options *options)
{
  options->on_cname_of = tell_cname;
  options->on_cname_ctx = z;
}

const stardeleg_solver *zones_solver(const zones *z, size_t i)
{
  return z != NULL && i < ISSUERS_MAX && z->items[i].keeper != NULL ? stardeleg_dns_keeper_solver(z->items[i].keeper)
                                                                    : NULL;
}

/* --- In --- */

static const char *member(char path[96], const char *place, const char *name)
{
  (void)snprintf(path, 96, "%s.%s", place, name);
  return path;
}

static int open_update(zones *z, zone *item, const char *place)
{
  stardeleg_dns_exec_options options;
  const char *why = "";
  char path[96];
  stardeleg_err err;

  stardeleg_dns_exec_options_default(&options);
  options.style = config_text(z->cfg, member(path, place, "style"), NULL);
  options.program = config_text(z->cfg, member(path, place, "program"), NULL);
  options.cleanup_program = config_text(z->cfg, member(path, place, "cleanup-program"), NULL);
  options.key_file = config_text(z->cfg, member(path, place, "key-file"), NULL);
  options.server = config_text(z->cfg, member(path, place, "server"), NULL);
  options.zone = config_text(z->cfg, member(path, place, "zone"), NULL);
  options.provider = config_text(z->cfg, member(path, place, "provider"), NULL);
  options.plugin = config_text(z->cfg, member(path, place, "plugin"), NULL);
  options.timeout_ms = config_int(z->cfg, member(path, place, "timeout"), options.timeout_ms / 1000) * 1000;
  options.log = log_receiver();
  err = stardeleg_dns_exec_new(&item->update, &options, &why);
  if (err != STARDELEG_OK) {
    config_complain(z->cfg, place, err == STARDELEG_ERR_CONFIG ? why : stardeleg_strerror(err));
    return -1;
  }
  return 0;
}

static int open_keeper(zones *z, zone *item, const char *place)
{
  stardeleg_dns_keeper_options options;
  char path[96];
  stardeleg_err err;

  stardeleg_dns_keeper_options_default(&options);
  if (config_flag(z->cfg, member(path, place, "verify"), 1) != 0) {
    if (z->dns == NULL) {
      z->dns = zones_resolver_new(z->cfg);
    }
    if (z->dns == NULL) {
      return -1;
    }
    options.dns = z->dns;
  }
  options.update = item->update;
  options.ttl_s = (uint32_t)config_int(z->cfg, member(path, place, "ttl"), options.ttl_s);
  options.delay_ms = config_int(z->cfg, member(path, place, "delay"), 0) * 1000;
  options.wait_max_ms = config_int(z->cfg, member(path, place, "wait"), options.wait_max_ms / 1000) * 1000;
  options.poll_ms = config_int(z->cfg, member(path, place, "poll-ms"), options.poll_ms);
  options.no_account_label =
      stardeleg_dns_exec_can(config_text(z->cfg, member(path, place, "style"), ""), STARDELEG_DNS_TXT) == 0;
  options.on_settled = settled;
  options.on_settled_ctx = z;
  options.on_work = z->wake;
  options.on_work_ctx = z->wake_ctx;
  options.log = log_receiver();
  err = stardeleg_dns_keeper_new(&item->keeper, &options);
  if (err != STARDELEG_OK) {
    config_complain(z->cfg, place, stardeleg_strerror(err));
    return -1;
  }
  return 0;
}

static int open_zone(zones *z, size_t i, const char *place)
{
  char path[96];
  const char *style = config_text(z->cfg, member(path, place, "style"), NULL);

  if (style == NULL) {
    return 0;
  }
  if (i == CNAMES && stardeleg_dns_exec_can(style, STARDELEG_DNS_CNAME) == 0) {
    config_complain(z->cfg, path, "programs of this style know TXT records only");
    return -1;
  }
  return open_update(z, &z->items[i], place) == 0 ? open_keeper(z, &z->items[i], place) : -1;
}

int zones_open(zones **out, const service *s, void (*wake)(void *ctx), void *ctx)
{
  zones *z = calloc(1, sizeof(*z));
  char place[64];
  int bad;

  if (z == NULL) {
    return -1;
  }
  *out = z;
  z->cfg = s->cfg;
  z->wake = wake;
  z->wake_ctx = ctx;
  bad = open_zone(z, CNAMES, "cname-update");
  for (size_t i = 0; i < ISSUERS_MAX && bad == 0; i++) {
    (void)snprintf(place, sizeof(place), "issuers.%zu.dns-update", i);
    bad = open_zone(z, i, place);
  }
  return bad;
}

static int take_up(void *ctx, const stardeleg_ido_cname *cname)
{
  zones *z = ctx;

  if (strcmp(cname->state, "remove") == 0) {
    note_removal(z, cname->delegation, cname->name, cname->target);
    stardeleg_dns_keeper_on_cname(z->items[CNAMES].keeper, cname->name, cname->target, 0);
  } else if (strcmp(cname->state, "installed") == 0) {
    stardeleg_dns_keeper_restore_cname(z->items[CNAMES].keeper, cname->name, cname->target);
  }
  return 0;
}

int zones_start(zones *z, stardeleg_ido *ido, stardeleg_curl *curl)
{
  stardeleg_err err = STARDELEG_OK;

  z->ido = ido;
  if (z->items[CNAMES].keeper != NULL) {
    err = stardeleg_ido_cname_list(ido, NULL, take_up, z);
  }
  for (size_t i = 0; i <= CNAMES && err == STARDELEG_OK; i++) {
    if (z->items[i].keeper != NULL) {
      err = stardeleg_curl_add(curl, stardeleg_dns_keeper_engine(z->items[i].keeper));
    }
  }
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot take up the zones: %s\n", stardeleg_strerror(err));
  }
  return err == STARDELEG_OK ? 0 : -1;
}

void zones_close(zones *z)
{
  if (z == NULL) {
    return;
  }
  for (size_t i = 0; i <= CNAMES; i++) {
    stardeleg_dns_keeper_free(z->items[i].keeper);
    stardeleg_dns_exec_free(z->items[i].update, PATIENCE_MS);
  }
  while (z->removals != NULL) {
    removal *r = z->removals;

    z->removals = r->next;
    free(r);
  }
  zones_resolver_free(z->dns);
  free(z);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ndc-agent/main.c -- the delegate's agent: keeps <name>.pem files fresh for the servers beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stardeleg/ndc.h>
#include "common/clock.h"
#include "common/files.h"
#include "common/log.h"
#include "common/service.h"
#include "ndc-agent/live.h"
#include "ndc_agent_schema.h"

#define PEM_MAX (256u * 1024u)
#define CHOICES_MAX 64u

typedef struct program {
  service svc;
  stardeleg_curl *curl;
  stardeleg_ndc *ndc;
  const char *live;
  const char **reload;
  int once;         /* end after the first certificate */
  int certificates; /* how many were taken */
} program;

/* What the configuration gives by files, kept until the role has copied it. */
typedef struct given {
  char *mac_key;
  char *roots;
  size_t roots_len;
  const char **contacts;
  const char **delegations;
  stardeleg_choice choices[CHOICES_MAX];
} given;

static int on_event(void *ctx, const stardeleg_ndc_event *event)
{
  program *p = ctx;
  char from[CLOCK_TEXT_SIZE] = "-";
  char until[CLOCK_TEXT_SIZE] = "-";
  const char *name = event->name_count > 0 ? event->names[0] : "-";

  if (event->not_before != STARDELEG_TIME_NONE) {
    clock_write(from, event->not_before);
    clock_write(until, event->not_after);
  }
  switch (event->kind) {
  case STARDELEG_NDC_CERTIFICATE:
    if (live_write(p->live, event) != 0) {
      return 1;
    }
    live_reload(p->reload);
    p->certificates++;
    log_line(STARDELEG_LOG_INFO, "agent.certificate", "name=%s serial=%s not_before=%s not_after=%s", name,
             event->serial, from, until);
    return 0;
  case STARDELEG_NDC_ENDED:
    log_line(STARDELEG_LOG_WARNING, "agent.ended", "name=%s reason=%s serial=%s not_after=%s detail=%s", name,
             event->problem != NULL ? event->problem->type : "-", event->serial, until,
             event->problem != NULL ? event->problem->detail : "-");
    return 0;
  default:
    log_line(STARDELEG_LOG_WARNING, "agent.failed", "name=%s %s (type %s); not_after=%s", name,
             event->problem != NULL ? event->problem->detail : "", event->problem != NULL ? event->problem->type : "-",
             until);
    return 0;
  }
}

static int is_done(void *ctx)
{
  const program *p = ctx;

  return p->once != 0 && p->certificates > 0;
}

static int read_files(const config *cfg, given *g)
{
  const char *mac_file = config_text(cfg, "eab.mac-key-file", NULL);
  const char *roots_file = config_text(cfg, "roots", NULL);

  if (mac_file != NULL && file_read(&g->mac_key, NULL, mac_file, 4096) != 0) {
    config_complain(cfg, "eab.mac-key-file", "cannot be read");
    return -1;
  }
  if (g->mac_key != NULL) {
    g->mac_key[strcspn(g->mac_key, "\r\n")] = '\0';
  }
  if (roots_file != NULL && file_read(&g->roots, &g->roots_len, roots_file, PEM_MAX) != 0) {
    config_complain(cfg, "roots", "cannot be read");
    return -1;
  }
  return 0;
}

static size_t read_choices(const config *cfg, given *g)
{
  size_t count = config_count(cfg, "choices");
  char path[64];

  for (size_t i = 0; i < count && i < CHOICES_MAX; i++) {
    (void)snprintf(path, sizeof(path), "choices.%zu.field", i);
    g->choices[i].field = config_text(cfg, path, "");
    (void)snprintf(path, sizeof(path), "choices.%zu.value", i);
    g->choices[i].value = config_text(cfg, path, "");
  }
  return count < CHOICES_MAX ? count : CHOICES_MAX;
}

static void fill_options(program *p, given *g, stardeleg_ndc_options *options)
{
  const config *cfg = p->svc.cfg;

  stardeleg_ndc_options_default(options);
  options->crypto = p->svc.crypto;
  options->store = p->svc.store;
  options->secrets = p->svc.secrets;
  options->directory_url = config_text(cfg, "directory", NULL);
  options->eab_key_id = config_text(cfg, "eab.key-id", NULL);
  options->eab_mac_key = g->mac_key;
  g->contacts = config_texts(cfg, "contacts");
  options->contacts = g->contacts;
  g->delegations = config_texts(cfg, "delegations");
  options->delegations = g->delegations;
  options->terms_agreed = config_flag(cfg, "terms-agreed", 0);
  options->lifetime_s = config_int(cfg, "lifetime", options->lifetime_s);
  options->lifetime_adjust_s = config_int(cfg, "lifetime-adjust", 0);
  options->order_duration_s = config_int(cfg, "order-duration", options->order_duration_s);
  options->discovery_interval_s = config_int(cfg, "discovery-interval", options->discovery_interval_s);
  options->backoff_min_ms = config_int(cfg, "backoff-min-ms", options->backoff_min_ms);
  options->backoff_max_ms = config_int(cfg, "backoff-max-ms", options->backoff_max_ms);
  options->order_poll_ms = config_int(cfg, "order-poll-ms", options->order_poll_ms);
  options->roots_pem = (stardeleg_bytes){(const uint8_t *)g->roots, g->roots_len};
  options->choices = g->choices;
  options->choice_count = read_choices(cfg, g);
  options->on_event = on_event;
  options->on_event_ctx = p;
  options->log = log_receiver();
}

static int make_role(program *p)
{
  given g;
  stardeleg_ndc_options options;
  stardeleg_problem problem;
  stardeleg_err err = STARDELEG_OK;
  int rc;

  memset(&g, 0, sizeof(g));
  memset(&problem, 0, sizeof(problem));
  rc = read_files(p->svc.cfg, &g);
  if (rc == 0) {
    fill_options(p, &g, &options);
    err = stardeleg_ndc_new(&p->ndc, &options, &problem);
  }
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot start the agent: %s: %s\n", stardeleg_strerror(err), problem.detail);
    rc = -1;
  }
  stardeleg_secret_free(g.mac_key, g.mac_key != NULL ? strlen(g.mac_key) : 0);
  free(g.roots);
  free(g.contacts);
  free(g.delegations);
  return rc;
}

static int run(program *p)
{
  stardeleg_err err;

  p->curl = service_driver(&p->svc, "ndc-agent", 0);
  if (p->curl == NULL || make_role(p) != 0) {
    return 1;
  }
  err = stardeleg_curl_add(p->curl, stardeleg_ndc_engine(p->ndc));
  if (err == STARDELEG_OK) {
    service_end_on_signals(p->curl);
    log_line(STARDELEG_LOG_INFO, "ndc.ready", "directory=%s crypto=%s", config_text(p->svc.cfg, "directory", ""),
             p->svc.crypto->ops->name);
    err = stardeleg_curl_run(p->curl, is_done, p);
  }
  if (err != STARDELEG_OK) {
    log_line(STARDELEG_LOG_ERROR, "ndc.stopped", "%s", stardeleg_strerror(err));
  }
  return err == STARDELEG_OK ? 0 : 1;
}

static int print_status(void *ctx, const stardeleg_ndc_status *status)
{
  char until[CLOCK_TEXT_SIZE] = "-";
  char next[CLOCK_TEXT_SIZE] = "-";

  (void)ctx;
  if (status->not_after != STARDELEG_TIME_NONE) {
    clock_write(until, status->not_after);
  }
  if (status->next_try != STARDELEG_TIME_NEVER) {
    clock_write(next, status->next_try);
  }
  (void)printf("delegation=%s name=%s state=%s not_after=%s next_try=%s reason=\"%s\"\n", status->delegation,
               status->name, status->state, until, next, status->reason);
  return 0;
}

static int show_status(program *p)
{
  if (make_role(p) != 0) {
    return 1;
  }
  stardeleg_ndc_inspect(p->ndc, print_status, NULL);
  return 0;
}

int main(int argc, char **argv)
{
  program p;
  config *cfg = NULL;
  int rc = 1;

  memset(&p, 0, sizeof(p));
  p.once = argc == 5 && strcmp(argv[4], "--once") == 0;
  if (argc < 4 || argc > 5 || strcmp(argv[2], "--config") != 0 || (argc == 5 && p.once == 0) ||
      (strcmp(argv[1], "run") != 0 && strcmp(argv[1], "status") != 0)) {
    (void)fputs("usage: ndc-agent run --config FILE [--once]\n       ndc-agent status --config FILE\n", stderr);
    return 2;
  }
  if (config_load(&cfg, argv[3], &ndc_agent_schema) != 0) {
    return 2;
  }
  p.live = config_text(cfg, "live", ".");
  p.reload = config_texts(cfg, "reload");
  if (service_open(&p.svc, cfg, "ndc-agent") == 0) {
    rc = strcmp(argv[1], "run") == 0 ? run(&p) : show_status(&p);
  }
  stardeleg_curl_free(p.curl);
  stardeleg_ndc_free(p.ndc);
  service_close(&p.svc);
  free(p.reload);
  config_free(cfg);
  return rc;
}

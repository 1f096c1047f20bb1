/* SPDX-License-Identifier: Apache-2.0 */
/* ndc-agent/main.c -- the delegate's agent: keeps <name>.pem files fresh for the servers beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stardeleg/ndc.h>
#include "common/clock.h"
#include "common/log.h"
#include "common/service.h"
#include "ndc-agent/live.h"
#include "ndc-agent/settings.h"
#include "ndc_agent_schema.h"

typedef struct program {
  service svc;
  stardeleg_curl *curl;
  stardeleg_ndc *ndc;
  live_place place;
  const char **reload;
  int deactivate;   /* end when the account is deactivated */
  int status;       /* tell how things stand, and end */
  int once;         /* end after the first certificate */
  int certificates; /* how many were taken */
} program;

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
    if (live_publish(&p->place, event) != 0) {
      return 1;
    }
    p->certificates++;
    log_line(STARDELEG_LOG_INFO, "agent.certificate", "name=%s serial=%s not_before=%s not_after=%s%s%s", name,
             event->serial, from, until, event->findings[0] != '\0' ? " findings=" : "", event->findings);
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

  if (p->deactivate != 0) {
    return stardeleg_ndc_account(p->ndc) == STARDELEG_NDC_ACCOUNT_DEACTIVATED;
  }
  return p->once != 0 && p->certificates > 0;
}

static int make_role(program *p)
{
  settings given;
  stardeleg_problem problem;
  stardeleg_err err = STARDELEG_OK;
  int rc = settings_read(&given, &p->svc);

  memset(&problem, 0, sizeof(problem));
  if (rc == 0) {
    given.options.on_event = on_event;
    given.options.on_event_ctx = p;
    err = stardeleg_ndc_new(&p->ndc, &given.options, &problem);
  }
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot start the agent: %s: %s\n", stardeleg_strerror(err), problem.detail);
    rc = -1;
  }
  settings_clear(&given);
  return rc;
}

static int run(program *p)
{
  stardeleg_err err;

  p->curl = service_driver(&p->svc, "ndc-agent", 0);
  if (p->curl == NULL || make_role(p) != 0) {
    return 1;
  }
  err = p->deactivate != 0 ? stardeleg_ndc_deactivate(p->ndc) : STARDELEG_OK;
  if (err == STARDELEG_OK) {
    err = stardeleg_curl_add(p->curl, stardeleg_ndc_engine(p->ndc));
  }
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
  char last[CLOCK_TEXT_SIZE] = "-";

  (void)ctx;
  if (status->last_success != STARDELEG_TIME_NONE) {
    clock_write(last, status->last_success);
  }
  if (status->not_after != STARDELEG_TIME_NONE) {
    clock_write(until, status->not_after);
  }
  if (status->next_try != STARDELEG_TIME_NEVER && status->next_try != STARDELEG_TIME_NONE) {
    clock_write(next, status->next_try);
  }
  (void)printf("delegation=%s name=%s state=%s kind=%s not_after=%s last_success=%s next_try=%s reason=\"%s\"\n",
               status->delegation, status->name, status->state,
               status->not_after == STARDELEG_TIME_NONE ? "-" : (status->is_star != 0 ? "star" : "plain"), until, last,
               next, status->reason);
  return 0;
}

static int show_status(program *p)
{
  static const char *const accounts[] = {"in-use", "deactivating", "deactivated"};

  if (make_role(p) != 0) {
    return 1;
  }
  (void)printf("account=%s\n", accounts[stardeleg_ndc_account(p->ndc)]);
  stardeleg_ndc_inspect(p->ndc, print_status, NULL);
  return 0;
}

static int usage(void)
{
  (void)fputs("usage: ndc-agent run --config FILE [--once]\n"
              "       ndc-agent status --config FILE\n"
              "       ndc-agent deactivate --config FILE   (gives the account up for good: its key is compromised)\n",
              stderr);
  return 2;
}

static int read_arguments(program *p, int argc, char **argv)
{
  if (argc < 4 || strcmp(argv[2], "--config") != 0) {
    return -1;
  }
  p->deactivate = strcmp(argv[1], "deactivate") == 0;
  p->status = strcmp(argv[1], "status") == 0;
  p->once = argc == 5 && strcmp(argv[1], "run") == 0 && strcmp(argv[4], "--once") == 0;
  if (p->deactivate == 0 && p->status == 0 && strcmp(argv[1], "run") != 0) {
    return -1;
  }
  return argc == 4 || p->once != 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
  program p;
  config *cfg = NULL;
  int rc = 1;

  memset(&p, 0, sizeof(p));
  if (read_arguments(&p, argc, argv) != 0) {
    return usage();
  }
  if (config_load(&cfg, argv[3], &ndc_agent_schema) != 0) {
    return 2;
  }
  p.reload = config_texts(cfg, "reload");
  p.place = (live_place){config_text(cfg, "live", "."), config_text(cfg, "haproxy.socket", NULL), p.reload,
                         (int)config_int(cfg, "reload-timeout-ms", 10000)};
  if (service_open(&p.svc, cfg, "ndc-agent") == 0) {
    rc = p.status != 0 ? show_status(&p) : run(&p);
  }
  stardeleg_curl_free(p.curl);
  stardeleg_ndc_free(p.ndc);
  service_close(&p.svc);
  free(p.reload);
  config_free(cfg);
  return rc;
}

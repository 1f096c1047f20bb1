/* SPDX-License-Identifier: Apache-2.0 */
/* acme-client/main.c -- a plain ACME client: one command, one run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acme-client/commands.h"
#include "acme-client/solver.h"
#include "acme_client_schema.h"
#include "common/clock.h"
#include "common/files.h"
#include "common/log.h"

#define MAC_KEY_MAX 4096

typedef struct run_state {
  program *p;
  int64_t until; /* ticks */
} run_state;

static size_t choose_chain(void *ctx, const char *name, const stardeleg_bytes *chains, size_t count)
{
  const program *p = ctx;
  size_t chosen = (size_t)config_int(p->svc.cfg, "chain", 0);

  (void)chains;
  log_line(STARDELEG_LOG_INFO, "client.chains", "name=%s chains=%zu chosen=%zu", name, count, chosen);
  return chosen;
}

static int is_done(void *ctx)
{
  const run_state *state = ctx;

  return state->p->over != 0 || clock_ticks() > state->until;
}

static int make_client(program *p, const stardeleg_solver *table)
{
  const config *cfg = p->svc.cfg;
  const char *mac_file = config_text(cfg, "eab.mac-key-file", NULL);
  stardeleg_client_options options;
  stardeleg_problem problem;
  char *mac_key = NULL;
  stardeleg_err err;

  if (mac_file != NULL && file_read(&mac_key, NULL, mac_file, MAC_KEY_MAX) != 0) {
    config_complain(cfg, "eab.mac-key-file", "cannot be read");
    return -1;
  }
  memset(&problem, 0, sizeof(problem));
  stardeleg_client_options_default(&options);
  options.crypto = p->svc.crypto;
  options.store = p->svc.store;
  options.secrets = p->svc.secrets;
  options.directory_url = config_text(cfg, "directory", NULL);
  options.contacts = config_texts(cfg, "contacts");
  options.terms_agreed = config_flag(cfg, "terms-agreed", 0);
  options.eab_key_id = config_text(cfg, "eab.key-id", NULL);
  options.eab_mac_key = mac_key;
  options.only_existing = config_flag(cfg, "only-existing", 0);
  options.solver = table;
  options.order_poll_ms = config_int(cfg, "order-poll-ms", options.order_poll_ms);
  options.backoff_min_ms = config_int(cfg, "backoff-min-ms", options.backoff_min_ms);
  options.backoff_max_ms = config_int(cfg, "backoff-max-ms", options.backoff_max_ms);
  options.choose_chain = config_int(cfg, "chain", -1) >= 0 ? choose_chain : NULL;
  options.on_event = command_on_event;
  options.ctx = p;
  options.log = log_receiver();
  err = stardeleg_client_new(&p->client, &options, &problem);
  free((void *)(uintptr_t)options.contacts);
  stardeleg_secret_free(mac_key, mac_key != NULL ? strlen(mac_key) : 0);
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot start the client: %s: %s\n", stardeleg_strerror(err), problem.detail);
    return -1;
  }
  return 0;
}

static int run(program *p, const char *command, char **args)
{
  solver *s = solver_start(p->svc.cfg, p->svc.crypto);
  stardeleg_curl *curl = s != NULL ? service_driver(&p->svc, "acme-client", 0) : NULL;
  run_state state = {p, clock_ticks() + config_int(p->svc.cfg, "patience-ms", 600000)};
  const stardeleg_problem *problem;
  stardeleg_err err = STARDELEG_OK;
  int rc = 1;

  if (curl == NULL || make_client(p, solver_table(s)) != 0) {
    goto out;
  }
  rc = command_begin(p, command, args);
  if (rc == 0 && p->over == 0) {
    service_end_on_signals(curl);
    err = stardeleg_curl_add(curl, stardeleg_client_engine(p->client));
    err = err == STARDELEG_OK ? stardeleg_curl_run(curl, is_done, &state) : err;
    rc = err == STARDELEG_OK && p->failed == 0 && p->over != 0 ? 0 : 1;
  }
  if (rc == 0) {
    command_end(p, command, args);
  } else if (p->over == 0) {
    problem = stardeleg_client_problem(p->client);
    (void)fprintf(stderr, "not done: %s\n",
                  problem != NULL ? problem->detail : (err != STARDELEG_OK ? stardeleg_strerror(err) : "time is over"));
  }
out:
  stardeleg_curl_free(curl);
  stardeleg_client_free(p->client);
  solver_stop(s);
  return rc;
}

int main(int argc, char **argv)
{
  program p;
  config *cfg = NULL;
  int rc = 1;

  memset(&p, 0, sizeof(p));
  if (argc < 4 || strcmp(argv[1], "--config") != 0 || !command_is_good(argv[3], argc - 4)) {
    (void)fputs("usage: acme-client --config FILE COMMAND\n"
                "  register | facts | orders | change-key | agree | deactivate | contacts [URL...]\n"
                "  order NAME IDENTIFIER... | look NAME | revoke NAME [REASON] [--by-key]\n"
                "  deactivate-authorization URL\n",
                stderr);
    return 2;
  }
  if (config_load(&cfg, argv[2], &acme_client_schema) != 0) {
    return 2;
  }
  if (service_open(&p.svc, cfg, "acme-client") == 0) {
    rc = run(&p, argv[3], argv + 4);
  }
  service_close(&p.svc);
  config_free(cfg);
  return rc;
}

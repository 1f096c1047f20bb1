/* SPDX-License-Identifier: Apache-2.0 */
/* common/service.c -- opening and ending a server of the examples. */
#include "common/service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <stardeleg/secrets_files.h>
#include "common/clock.h"
#include "common/crypto_choice.h"
#include "common/files.h"
#include "common/log.h"
#if STARDELEG_HAVE_SQLITE
#include <stardeleg/store_sqlite.h>
#endif

/* With the name of a file behind it. */
#define STATE_MAX 500

char *service_path(const service *s, const char *name, char out[600])
{
  (void)snprintf(out, 600, "%.500s/%.90s", s->state, name);
  return out;
}

static int fail(const char *what, const char *path, const char *why)
{
  (void)fprintf(stderr, "%s %s: %s\n", what, path, why);
  return -1;
}

static int open_store(service *s, const char *name)
{
#if STARDELEG_HAVE_SQLITE
  char file[80];
  char path[600];
  char why[256] = "";
  stardeleg_sqlite_options options;
  stardeleg_err err;

  (void)snprintf(file, sizeof(file), "%s.db", name);
  stardeleg_sqlite_options_default(&options);
  options.log = log_receiver();
  err = stardeleg_store_sqlite_open(&s->store, service_path(s, file, path), &options, why, sizeof(why));
  return err == STARDELEG_OK ? 0
                             : fail("cannot open the database", path, why[0] != '\0' ? why : stardeleg_strerror(err));
#else
  (void)s;
  return fail("this build has no SQLite store for", name, "install SQLite's headers and build again");
#endif
}

int service_open(service *s, const config *cfg, const char *name)
{
  stardeleg_log_level level = STARDELEG_LOG_INFO;
  const char *crypto = config_text(cfg, "crypto", NULL);
  char path[600];
  stardeleg_err err;

  memset(s, 0, sizeof(*s));
  s->cfg = cfg;
  if (snprintf(s->state, sizeof(s->state), "%s", config_text(cfg, "state", ".")) > STATE_MAX) {
    config_complain(cfg, "state", "the path is too long"); /* cut, it would be another one */
    return -1;
  }
  if (log_level_parse(&level, config_text(cfg, "log", "info")) == 0) {
    log_set_level(level);
  }
  if (mkdir(s->state, 0700) != 0 && errno != EEXIST) {
    return fail("cannot make the directory", s->state, strerror(errno));
  }
  err = crypto_choose(&s->crypto, crypto);
  if (err != STARDELEG_OK) {
    return fail("cannot start the crypto backend", crypto != NULL ? crypto : "(default)", stardeleg_strerror(err));
  }
  err = stardeleg_secrets_files_new(&s->secrets, service_path(s, "secrets", path));
  if (err != STARDELEG_OK) {
    return fail("cannot open the secrets below", path, stardeleg_strerror(err));
  }
  return open_store(s, name);
}

void service_close(service *s)
{
  stardeleg_store_free(s->store);
  stardeleg_secrets_free(s->secrets);
  stardeleg_crypto_free(s->crypto);
  memset(s, 0, sizeof(*s));
}

void service_listen_address(const service *s, const char *configured, const char *port_file, char out[256])
{
  size_t len = strlen(configured);
  char path[600];
  char *port = NULL;

  (void)snprintf(out, 256, "%s", configured);
  if (len < 2 || strcmp(configured + len - 2, ":0") != 0 ||
      file_read(&port, NULL, service_path(s, port_file, path), 16) != 0) {
    return;
  }
  port[strcspn(port, "\n")] = '\0';
  (void)snprintf(out, 256, "%.*s%s", (int)(len - 1), configured, port);
  free(port);
}

void service_base_url(const char *configured, unsigned port, char out[512])
{
  const char *mark = strstr(configured, "{port}");

  if (mark == NULL) {
    (void)snprintf(out, 512, "%s", configured);
  } else {
    (void)snprintf(out, 512, "%.*s%u%s", (int)(mark - configured), configured, port, mark + 6);
  }
}

/* --- Signals --- */

static stardeleg_curl *to_end;

static void end_on_signal(int number)
{
  (void)number;
  stardeleg_curl_stop(to_end);
}

void service_end_on_signals(stardeleg_curl *curl)
{
  struct sigaction action;

  to_end = curl;
  memset(&action, 0, sizeof(action));
  action.sa_handler = end_on_signal;
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGINT, &action, NULL);
  action.sa_handler = SIG_IGN;
  (void)sigaction(SIGPIPE, &action, NULL);
}

/* --- The driver --- */

stardeleg_curl *service_driver(const service *s, const char *user_agent, int allow_http)
{
  stardeleg_curl_options options;
  stardeleg_curl *curl = NULL;
  const char **resolve = config_texts(s->cfg, "resolve");
  const char **networks = allow_http ? config_texts(s->cfg, "allowed-networks") : NULL;
  stardeleg_err err;

  stardeleg_curl_options_default(&options);
  options.user_agent = user_agent;
  options.ca_file = config_text(s->cfg, "trust", NULL);
  options.resolve = resolve;
  options.allow_http = allow_http;
  options.any_certificate = allow_http; /* who validates http-01 is redirected to servers without a certificate yet */
  options.deny_private = allow_http;    /* strangers choose the names */
  options.allowed_networks = networks;
  options.clock = clock_now;
  options.log = log_receiver();
  err = stardeleg_curl_new(&curl, &options);
  free(resolve);
  free(networks);
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot start the HTTP client: %s\n", stardeleg_strerror(err));
    return NULL;
  }
  return curl;
}

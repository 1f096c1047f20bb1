/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/main.c -- the owner's server: the library's IdO role behind an HTTPS host, and the owner's commands. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/files.h"
#include "common/httpd.h"
#include "common/log.h"
#include "ido-server/admin.h"
#include "ido-server/role.h"
#include "ido_server_schema.h"

typedef struct program {
  service svc;
  stardeleg_curl *curl;
  httpd *server;
  httpd *http01;
  _Atomic(stardeleg_ido *) ido; /* NULL until the role stands */
} program;

static int handle(void *ctx, const stardeleg_http_request *request, stardeleg_http_reply **reply)
{
  program *p = ctx;
  stardeleg_ido *ido = atomic_load(&p->ido);

  return ido == NULL ? -1 : (int)stardeleg_ido_handle(ido, request, clock_now(NULL), reply);
}

static int handle_http01(void *ctx, const stardeleg_http_request *request, stardeleg_http_reply **reply)
{
  program *p = ctx;
  stardeleg_ido *ido = atomic_load(&p->ido);

  return ido == NULL ? -1 : (int)stardeleg_ido_handle_http01(ido, request, clock_now(NULL), reply);
}

static void wake(void *ctx)
{
  program *p = ctx;

  stardeleg_curl_wake(p->curl);
}

static int start_host(program *p, httpd **out, httpd_options *options, const char *configured, const char *port_name)
{
  char listen[256];
  char error[HTTPD_ERROR_SIZE];
  char port_file[600];
  int why;

  service_listen_address(&p->svc, configured, port_name, listen);
  options->listen = listen;
  options->ctx = p;
  if (httpd_start(out, options, error) != 0) {
    (void)fprintf(stderr, "cannot listen on %s: %s\n", listen, error);
    return -1;
  }
  why = file_write_port(service_path(&p->svc, port_name, port_file), httpd_port(*out));
  if (why != 0) {
    (void)fprintf(stderr, "%s: %s\n", port_file, strerror(why));
    return -1;
  }
  return 0;
}

static int start_hosts(program *p)
{
  const config *cfg = p->svc.cfg;
  const char *plain = config_text(cfg, "http-01-listen", NULL);
  httpd_options options;

  httpd_options_default(&options);
  options.cert_file = config_text(cfg, "tls.cert", NULL);
  options.key_file = config_text(cfg, "tls.key", NULL);
  options.threads = (unsigned)config_int(cfg, "threads", 2);
  options.hsts = 1;
  options.handle = handle;
  if (start_host(p, &p->server, &options, config_text(cfg, "listen", ""), "port") != 0) {
    return -1;
  }
  if (plain == NULL) {
    return 0;
  }
  httpd_options_default(&options);
  options.threads = 1;
  options.handle = handle_http01;
  return start_host(p, &p->http01, &options, plain, "http-01-port");
}

static int serve(program *p)
{
  char base_url[512];
  stardeleg_ido *ido;
  stardeleg_err err;

  p->curl = service_driver(&p->svc, "ido-server", 0);
  if (p->curl == NULL || start_hosts(p) != 0) {
    return 1;
  }
  service_base_url(config_text(p->svc.cfg, "base-url", ""), httpd_port(p->server), base_url);
  ido = role_new(&p->svc, base_url, wake, p);
  if (ido == NULL) {
    return 1;
  }
  atomic_store(&p->ido, ido);
  log_line(STARDELEG_LOG_INFO, "ido.ready", "directory=%s/directory crypto=%s", base_url, p->svc.crypto->ops->name);
  err = stardeleg_curl_add(p->curl, stardeleg_ido_engine(ido));
  if (err == STARDELEG_OK) {
    service_end_on_signals(p->curl);
    err = stardeleg_curl_run(p->curl, NULL, NULL);
  }
  if (err != STARDELEG_OK) {
    log_line(STARDELEG_LOG_ERROR, "ido.ended", "%s", stardeleg_strerror(err));
  }
  return err == STARDELEG_OK ? 0 : 1;
}

/* The owner's commands need the role but no server; the URL only matters for what is shown to delegates. */
static int command(program *p, int argc, char **argv)
{
  char base_url[512];
  char port_file[600];
  char *port = NULL;
  stardeleg_ido *ido;
  unsigned number = 0;

  if (file_read(&port, NULL, service_path(&p->svc, "port", port_file), 16) == 0) {
    for (const char *d = port; *d >= '0' && *d <= '9'; d++) {
      number = number * 10 + (unsigned)(*d - '0');
    }
  }
  free(port);
  /* Before the first start there is no port yet: any will do, as no URL is handed out by a command. */
  service_base_url(config_text(p->svc.cfg, "base-url", ""), number != 0 ? number : 443, base_url);
  ido = role_new(&p->svc, base_url, NULL, NULL);
  if (ido == NULL) {
    return 1;
  }
  atomic_store(&p->ido, ido);
  return admin_run(ido, argc, argv);
}

static void close_all(program *p)
{
  httpd_stop(p->server, 2000);
  httpd_stop(p->http01, 500);
  stardeleg_curl_free(p->curl);
  stardeleg_ido_free(atomic_load(&p->ido));
  service_close(&p->svc);
}

static int usage(void)
{
  (void)fprintf(stderr, "usage: ido-server run --config FILE\n%s", admin_usage);
  return 2;
}

int main(int argc, char **argv)
{
  program p;
  config *cfg = NULL;
  int rc;

  memset(&p, 0, sizeof(p));
  if (argc < 4 || strcmp(argv[2], "--config") != 0) {
    return usage();
  }
  if (config_load(&cfg, argv[3], &ido_server_schema) != 0) {
    return 2;
  }
  if (service_open(&p.svc, cfg, "ido-server") != 0) {
    rc = 1;
  } else if (strcmp(argv[1], "run") == 0) {
    rc = serve(&p);
  } else {
    rc = command(&p, argc - 1, argv + 1);
  }
  close_all(&p);
  config_free(cfg);
  return rc == -1 || rc == 2 ? usage() : rc;
}

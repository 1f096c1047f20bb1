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
#include "common/serving.h"
#include "ido-server/admin.h"
#include "ido-server/admin_http.h"
#include "ido-server/admin_socket.h"
#include "ido-server/check.h"
#include "ido-server/role.h"
#include "ido-server/zones.h"
#include "ido_server_schema.h"

typedef struct program {
  service svc;
  serving serves;
  stardeleg_curl *curl;
  httpd *server;
  httpd *http01;
  httpd *admin;
  zones *zones;
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

static stardeleg_ido *find_ido(void *ctx)
{
  program *p = ctx;

  return atomic_load(&p->ido);
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

  service_listen_address(&p->svc, configured, port_name, listen);
  options->listen = listen;
  options->ctx = p;
  if (httpd_start(out, options, error) != 0) {
    (void)fprintf(stderr, "cannot listen on %s: %s\n", listen, error);
    return -1;
  }
  return 0;
}

static int write_port(const program *p, const httpd *host, const char *port_name)
{
  char port_file[600];
  int why = file_write_port(service_path(&p->svc, port_name, port_file), httpd_port(host));

  if (why != 0) {
    (void)fprintf(stderr, "%s: %s\n", port_file, strerror(why));
  }
  return why;
}

/* Last of all: who waits for these files finds a server that answers. */
static int write_ports(const program *p)
{
  return write_port(p, p->server, "port") != 0 || (p->http01 != NULL && write_port(p, p->http01, "http-01-port") != 0);
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
  options.per_source = (unsigned)config_int(cfg, "connections-per-source", options.per_source);
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
  char directory_url[600];
  stardeleg_ido *ido;
  stardeleg_err err;

  p->curl = service_driver(&p->svc, "ido-server", 0);
  if (p->curl == NULL || serving_open(&p->serves, &p->svc) != 0 || zones_open(&p->zones, &p->svc, wake, p) != 0 ||
      admin_socket_serve(&p->admin, &p->svc, find_ido, p) != 0 || start_hosts(p) != 0) {
    return 1;
  }
  service_base_url(config_text(p->svc.cfg, "base-url", ""), httpd_port(p->server), base_url);
  (void)snprintf(directory_url, sizeof(directory_url), "%s/directory", base_url);
  if (httpd_set_directory(p->server, directory_url) != 0) {
    return 1;
  }
  ido = role_new(&p->svc, base_url, p->zones, wake, p);
  atomic_store(&p->ido, ido);
  if (ido == NULL || zones_start(p->zones, ido, p->curl) != 0 || write_ports(p) != 0) {
    return 1;
  }
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

/* --- The owner's commands: by the server that runs, else on the store --- */

static unsigned last_port(const program *p)
{
  char port_file[600];
  char *port = NULL;
  unsigned number = 0;

  if (file_read(&port, NULL, service_path(&p->svc, "port", port_file), 16) == 0) {
    for (const char *d = port; *d >= '0' && *d <= '9'; d++) {
      number = number * 10 + (unsigned)(*d - '0');
    }
  }
  free(port);
  /* Before the first start there is no port yet: any will do, as only URLs of accounts are told. */
  return number != 0 ? number : 443;
}

static int open_role(program *p)
{
  char base_url[512];
  stardeleg_ido *ido = NULL;

  if (service_open(&p->svc, p->svc.cfg, "ido-server") == 0) {
    service_base_url(config_text(p->svc.cfg, "base-url", ""), last_port(p), base_url);
    ido = role_new(&p->svc, base_url, NULL, NULL, NULL);
  }
  atomic_store(&p->ido, ido);
  return ido != NULL ? 0 : -1;
}

static int send_command(void *ctx, const char *name, const char *request, size_t len, char **body)
{
  program *p = ctx;
  char path[600];
  char target[64];
  size_t body_len = 0;
  int status = admin_socket_send(admin_socket_path(&p->svc, path), name, request, len, body);

  if (status != 0) {
    return status > 0 ? status : 0;
  }
  if (open_role(p) != 0) {
    return 0;
  }
  (void)snprintf(target, sizeof(target), "/%s", name);
  status = admin_answer(atomic_load(&p->ido), (stardeleg_bytes){(const uint8_t *)"POST", 4}, target,
                        (stardeleg_bytes){(const uint8_t *)request, len}, body, &body_len);
  return *body != NULL ? status : 0;
}

static void close_all(program *p)
{
  httpd_stop(p->server, 2000);
  httpd_stop(p->http01, 500);
  httpd_stop(p->admin, 500);
  stardeleg_curl_free(p->curl);
  stardeleg_ido_free(atomic_load(&p->ido));
  zones_close(p->zones);
  serving_close(&p->serves);
  service_close(&p->svc);
}

static int usage(void)
{
  (void)fprintf(stderr, "usage: ido-server COMMAND --config FILE ... [--json]\n  run\n");
  for (size_t i = 0; admin_usage[i] != NULL; i++) {
    (void)fprintf(stderr, "  %s\n", admin_usage[i]);
  }
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
  check_configure(cfg);
  if (strcmp(argv[1], "run") == 0) {
    rc = service_open(&p.svc, cfg, "ido-server") == 0 ? serve(&p) : 1;
  } else {
    p.svc.cfg = cfg;
    (void)snprintf(p.svc.state, sizeof(p.svc.state), "%s", config_text(cfg, "state", "."));
    argv[3] = argv[1]; /* the command, and the words behind the configuration */
    rc = admin_run(argc - 3, argv + 3, send_command, &p);
  }
  close_all(&p);
  config_free(cfg);
  return rc == 2 ? usage() : rc;
}

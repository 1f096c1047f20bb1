/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/main.c -- a private CA with RFC 8739: the library's CA role behind an HTTPS host. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stardeleg/ca.h>
#include "common/clock.h"
#include "common/httpd.h"
#include "common/log.h"
#include "common/service.h"
#include "common/serving.h"
#include "star-ca/offer.h"
#include "star-ca/pki.h"
#include "star-ca/validation.h"
#include "star_ca_schema.h"

typedef struct program {
  service svc;
  stardeleg_curl *curl;
  httpd *server;
  stardeleg_key *root_key;
  char *root_pem;
  validation checks;
  serving serves;
  _Atomic(stardeleg_ca *) ca; /* NULL until the role stands */
} program;

static int handle(void *ctx, const stardeleg_http_request *request, stardeleg_http_reply **reply)
{
  program *p = ctx;
  stardeleg_ca *ca = atomic_load(&p->ca);

  return ca == NULL ? -1 : (int)stardeleg_ca_handle(ca, request, clock_now(NULL), reply);
}

static void wake(void *ctx)
{
  program *p = ctx;

  stardeleg_curl_wake(p->curl);
}

static int start_host(program *p)
{
  httpd_options options;
  char listen[256];
  char cert[600];
  char key[600];
  char error[HTTPD_ERROR_SIZE];

  service_listen_address(&p->svc, config_text(p->svc.cfg, "listen", "127.0.0.1:0"), "port", listen);
  httpd_options_default(&options);
  options.listen = listen;
  options.cert_file = service_path(&p->svc, "tls.pem", cert);
  options.key_file = service_path(&p->svc, "tls.key", key);
  options.threads = (unsigned)config_int(p->svc.cfg, "threads", 2);
  options.per_source = (unsigned)config_int(p->svc.cfg, "connections-per-source", options.per_source);
  options.hsts = 1;
  options.handle = handle;
  options.ctx = p;
  if (httpd_start(&p->server, &options, error) != 0) {
    (void)fprintf(stderr, "cannot listen on %s: %s\n", listen, error);
    return -1;
  }
  return 0;
}

static int make_role(program *p)
{
  const config *cfg = p->svc.cfg;
  stardeleg_ca_options options;
  stardeleg_problem problem;
  stardeleg_ca *ca = NULL;
  char base_url[512];
  char directory_url[600];
  char port_file[600];
  offer offered;
  stardeleg_err err;

  stardeleg_ca_options_default(&options);
  if (offer_read(&offered, cfg, &options) != 0) {
    offer_clear(&offered);
    return -1;
  }
  service_base_url(config_text(cfg, "base-url", ""), httpd_port(p->server), base_url);
  options.crypto = p->svc.crypto;
  options.store = p->svc.store;
  options.secrets = p->svc.secrets;
  options.base_url = base_url;
  options.issuer_key = p->root_key;
  options.issuer_chain_pem = (stardeleg_bytes){(const uint8_t *)p->root_pem, strlen(p->root_pem)};
  options.min_lifetime_s = config_int(cfg, "min-lifetime", options.min_lifetime_s);
  options.max_duration_s = config_int(cfg, "max-duration", options.max_duration_s);
  options.fraction_permille = (unsigned)config_int(cfg, "server-fraction", options.fraction_permille);
  options.http01_port = (uint16_t)config_int(cfg, "http-01-port", options.http01_port);
  validation_apply(&p->checks, &options);
  options.eab_required = config_flag(cfg, "eab-required", 0);
  options.terms_of_service = config_text(cfg, "terms-of-service", NULL);
  options.server = p->svc.serves;
  options.lease_ms = config_int(cfg, "lease-ms", options.lease_ms);
  options.on_work = wake;
  options.on_work_ctx = p;
  options.log = log_receiver();
  err = stardeleg_ca_new(&ca, &options, &problem);
  offer_clear(&offered);
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot start the CA: %s: %s\n", stardeleg_strerror(err), problem.detail);
    return -1;
  }
  atomic_store(&p->ca, ca);
  (void)snprintf(directory_url, sizeof(directory_url), "%s/directory", base_url);
  /* Last of all: who waits for the file finds a server that answers. */
  if (httpd_set_directory(p->server, directory_url) != 0 ||
      pki_write_port(service_path(&p->svc, "port", port_file), httpd_port(p->server)) != 0) {
    return -1;
  }
  log_line(STARDELEG_LOG_INFO, "ca.ready", "directory=%s/directory crypto=%s", base_url, p->svc.crypto->ops->name);
  return 0;
}

static int serve(program *p)
{
  stardeleg_err err;

  if (pki_server_certificate(&p->svc, p->root_key, p->root_pem) != 0) {
    return 1;
  }
  if (validation_open(&p->checks, p->svc.cfg) != 0 || serving_open(&p->serves, &p->svc) != 0) {
    return 1;
  }
  p->curl = service_driver(&p->svc, "star-ca", 1);
  if (p->curl == NULL || start_host(p) != 0 || make_role(p) != 0) {
    return 1;
  }
  err = stardeleg_curl_add(p->curl, stardeleg_ca_engine(atomic_load(&p->ca)));
  if (err == STARDELEG_OK) {
    service_end_on_signals(p->curl);
    err = stardeleg_curl_run(p->curl, NULL, NULL);
  }
  if (err != STARDELEG_OK) {
    log_line(STARDELEG_LOG_ERROR, "ca.ended", "%s", stardeleg_strerror(err));
  }
  return err == STARDELEG_OK ? 0 : 1;
}

static void close_all(program *p)
{
  httpd_stop(p->server, 2000);
  stardeleg_curl_free(p->curl);
  stardeleg_ca_free(atomic_load(&p->ca));
  validation_close(&p->checks);
  serving_close(&p->serves);
  stardeleg_key_free(p->root_key);
  free(p->root_pem);
  service_close(&p->svc);
}

static int usage(void)
{
  (void)fputs("usage: star-ca run --config FILE\n"
              "       star-ca server-cert --config FILE --cert OUT --key OUT NAME...\n"
              "       star-ca eab-add --config FILE NAME\n"
              "       star-ca renew --config FILE all|SERIAL now|in HOURS|as-usual\n"
              "       star-ca revoke --config FILE SERIAL [REASON]\n",
              stderr);
  return 2;
}

/* The role on the store alone; NULL with a line on standard error. */
static stardeleg_ca *unserved_role(program *p)
{
  stardeleg_problem problem;
  stardeleg_ca_options options;
  stardeleg_ca *ca = NULL;
  stardeleg_err err;

  /* The role is not served here: any well-formed URL will do. */
  stardeleg_ca_options_default(&options);
  options.crypto = p->svc.crypto;
  options.store = p->svc.store;
  options.secrets = p->svc.secrets;
  options.base_url = "https://unserved.invalid";
  options.issuer_key = p->root_key;
  options.issuer_chain_pem = (stardeleg_bytes){(const uint8_t *)p->root_pem, strlen(p->root_pem)};
  err = stardeleg_ca_new(&ca, &options, &problem);
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot open the CA: %s: %s\n", stardeleg_strerror(err), problem.detail);
  }
  return ca;
}

static int add_eab(program *p, const char *name)
{
  char mac_key[64];
  stardeleg_ca *ca = unserved_role(p);
  stardeleg_err err;

  if (ca == NULL) {
    return 1;
  }
  err = stardeleg_ca_eab_add(ca, name, mac_key, clock_now(NULL));
  stardeleg_ca_free(ca);
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "cannot add the binding: %s\n", stardeleg_strerror(err));
    return 1;
  }
  (void)printf("%s\n", mac_key);
  return 0;
}

static int change(program *p, int (*fn)(stardeleg_ca *ca, int argc, char **argv), int argc, char **argv)
{
  stardeleg_ca *ca = unserved_role(p);
  int rc = ca != NULL ? fn(ca, argc, argv) : 1;

  stardeleg_ca_free(ca);
  return rc == 2 ? usage() : rc;
}

int main(int argc, char **argv)
{
  program p;
  config *cfg = NULL;
  const char *command = argc > 1 ? argv[1] : "";
  int rc;

  memset(&p, 0, sizeof(p));
  if (argc < 4 || strcmp(argv[2], "--config") != 0 ||
      (strcmp(command, "run") != 0 && strcmp(command, "server-cert") != 0 && strcmp(command, "eab-add") != 0 &&
       strcmp(command, "renew") != 0 && strcmp(command, "revoke") != 0)) {
    return usage();
  }
  if (config_load(&cfg, argv[3], &star_ca_schema) != 0) {
    return 2;
  }
  if (service_open(&p.svc, cfg, "star-ca") != 0 || pki_open_root(&p.svc, &p.root_key, &p.root_pem) != 0) {
    rc = 1;
  } else if (strcmp(command, "run") == 0) {
    rc = serve(&p);
  } else if (strcmp(command, "eab-add") == 0) {
    rc = argc == 5 ? add_eab(&p, argv[4]) : usage();
  } else if (strcmp(command, "renew") == 0) {
    rc = change(&p, offer_renew, argc - 4, argv + 4);
  } else if (strcmp(command, "revoke") == 0) {
    rc = change(&p, offer_revoke, argc - 4, argv + 4);
  } else {
    rc = pki_command(&p.svc, p.root_key, p.root_pem, argc - 4, argv + 4);
  }
  close_all(&p);
  config_free(cfg);
  return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido_minimal.c -- the smallest owner: one delegate, one delegation, HTTPS for the delegate and http-01 for the CA.
 * ido_minimal BASE-URL CA-DIRECTORY-URL TLS-CERT TLS-KEY FOLDER TEMPLATE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stardeleg/curl.h>
#include <stardeleg/ido.h>
#include <stardeleg/secrets_files.h>
#include <stardeleg/store_sqlite.h>

#include "common/clock.h"
#include "common/files.h"
#include "common/httpd.h"

typedef struct owner {
  stardeleg_crypto *crypto;
  stardeleg_secrets *secrets;
  stardeleg_store *store;
  stardeleg_curl *curl;
  stardeleg_ido *ido;
  stardeleg_problem why;
} owner;

static int answer(void *ctx, const stardeleg_http_request *request, stardeleg_http_reply **reply)
{
  return stardeleg_ido_handle(((owner *)ctx)->ido, request, clock_now(NULL), reply);
}

static int answer_http01(void *ctx, const stardeleg_http_request *request, stardeleg_http_reply **reply)
{
  return stardeleg_ido_handle_http01(((owner *)ctx)->ido, request, clock_now(NULL), reply);
}

static void wake(void *ctx)
{
  stardeleg_curl_wake(((owner *)ctx)->curl);
}

static stardeleg_err open_role(owner *o, const char *base_url, const char *ca, const char *folder)
{
  stardeleg_issuer_options issuer = {.size = sizeof(issuer), .name = "ca", .kind = "star", .directory_url = ca};
  stardeleg_ido_options options;
  char database[4096];
  stardeleg_err err = stardeleg_crypto_mbedtls_new(&o->crypto);

  (void)snprintf(database, sizeof(database), "%s/ido.db", folder);
  if (err == STARDELEG_OK) {
    err = stardeleg_secrets_files_new(&o->secrets, folder);
  }
  if (err == STARDELEG_OK) {
    err = stardeleg_store_sqlite_open(&o->store, database, NULL, o->why.detail, sizeof(o->why.detail));
  }
  if (err == STARDELEG_OK) {
    err = stardeleg_curl_new(&o->curl, NULL);
  }
  if (err == STARDELEG_OK) {
    stardeleg_ido_options_default(&options);
    options.crypto = o->crypto;
    options.secrets = o->secrets;
    options.store = o->store;
    options.base_url = base_url;
    options.issuers = &issuer;
    options.issuer_count = 1;
    options.on_work = wake; /* a delegate's request has left work for the engine */
    options.on_work_ctx = o;
    err = stardeleg_ido_new(&o->ido, &options, &o->why);
  }
  return err == STARDELEG_OK ? stardeleg_curl_add(o->curl, stardeleg_ido_engine(o->ido)) : err;
}

/* At the first start.  stardeleg_ido_delegation_end(ido, "first", now) ends it again. */
static stardeleg_err delegate(owner *o, const char *template_file)
{
  stardeleg_ido_delegation first = {
      .size = sizeof(first), .id = "first", .ndc = "cdn", .expires_at = STARDELEG_TIME_NEVER};
  char mac_key[64];
  char id[65];
  char *json = NULL;
  stardeleg_err err = stardeleg_ido_ndc_add(o->ido, "cdn", mac_key, clock_now(NULL));

  if (err == STARDELEG_OK) {
    (void)printf("for the delegate: EAB key id cdn, MAC key %s\n", mac_key);
    (void)fflush(stdout);
  } else if (err != STARDELEG_ERR_EXISTS) {
    return err;
  }
  if (file_read(&json, &first.csr_template.len, template_file, 65536) != 0) {
    return STARDELEG_ERR_CONFIG;
  }
  first.csr_template.base = (const uint8_t *)json;
  err = stardeleg_ido_delegation_add(o->ido, &first, id, clock_now(NULL), &o->why);
  free(json);
  return err == STARDELEG_ERR_EXISTS ? STARDELEG_OK : err;
}

static int serve(owner *o, const char *cert, const char *key)
{
  char error[HTTPD_ERROR_SIZE];
  httpd_options options;
  httpd *https = NULL;
  httpd *http = NULL;
  int rc;

  httpd_options_default(&options);
  options.ctx = o;
  options.listen = "0.0.0.0:80";
  options.handle = answer_http01;
  rc = httpd_start(&http, &options, error);
  if (rc == 0) {
    options.listen = "0.0.0.0:443";
    options.cert_file = cert;
    options.key_file = key;
    options.handle = answer;
    rc = httpd_start(&https, &options, error);
  }
  if (rc != 0) {
    (void)fprintf(stderr, "%s\n", error);
  } else {
    rc = stardeleg_curl_run(o->curl, NULL, NULL);
  }
  httpd_stop(https, 1000);
  httpd_stop(http, 1000);
  return rc;
}

int main(int argc, char **argv)
{
  owner o;
  stardeleg_err err = STARDELEG_ERR_ARGUMENT;

  memset(&o, 0, sizeof(o));
  if (argc == 7) {
    err = open_role(&o, argv[1], argv[2], argv[5]);
  }
  if (err == STARDELEG_OK) {
    err = delegate(&o, argv[6]);
  }
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "%s: %s\n", stardeleg_strerror(err), o.why.detail);
  } else if (serve(&o, argv[3], argv[4]) != 0) {
    err = STARDELEG_ERR_CALLBACK;
  }
  stardeleg_curl_free(o.curl);
  stardeleg_ido_free(o.ido);
  stardeleg_store_free(o.store);
  stardeleg_secrets_free(o.secrets);
  stardeleg_crypto_free(o.crypto);
  return err == STARDELEG_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

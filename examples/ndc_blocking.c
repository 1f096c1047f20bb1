/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_blocking.c -- the smallest delegate: takes every delegation on offer and keeps a certificate for each.
 * EAB_MAC_KEY=... ndc_blocking DIRECTORY-URL EAB-KEY-ID FOLDER */
#include <stdio.h>
#include <stdlib.h>

#include <stardeleg/curl.h>
#include <stardeleg/ndc.h>
#include <stardeleg/secrets_files.h>
#include <stardeleg/store_sqlite.h>

static int on_event(void *ctx, const stardeleg_ndc_event *event)
{
  (void)ctx;
  if (event->kind == STARDELEG_NDC_CERTIFICATE) { /* from now on serve event->chain_pem with event->key */
    return printf("%s: serial %s\n", event->names[0], event->serial) < 0 || fflush(stdout) != 0;
  }
  return fprintf(stderr, "%s: %s\n", event->delegation, event->problem->detail) < 0; /* ENDED, or FAILED for now */
}

static stardeleg_err serve(const char *url, const char *key_id, const char *folder, stardeleg_problem *why)
{
  char database[4096];
  stardeleg_crypto *crypto = NULL;
  stardeleg_secrets *secrets = NULL;
  stardeleg_store *store = NULL;
  stardeleg_ndc *ndc = NULL;
  stardeleg_curl *curl = NULL;
  stardeleg_ndc_options options;
  stardeleg_err err = stardeleg_crypto_mbedtls_new(&crypto);

  if (err == 0) {
    err = stardeleg_secrets_files_new(&secrets, folder); /* private keys: files that only you can read */
  }
  if (err == 0) { /* all the rest: kill the program at any moment, start it again, and it goes on */
    (void)snprintf(database, sizeof(database), "%s/ndc.db", folder);
    err = stardeleg_store_sqlite_open(&store, database, NULL, why->detail, sizeof(why->detail));
  }
  if (err == 0) {
    stardeleg_ndc_options_default(&options);
    options.crypto = crypto;
    options.secrets = secrets;
    options.store = store;
    options.directory_url = url;
    options.eab_key_id = key_id;
    options.eab_mac_key = getenv("EAB_MAC_KEY");
    options.on_event = on_event;
    err = stardeleg_ndc_new(&ndc, &options, why);
  }
  if (err == 0) {
    err = stardeleg_curl_new(&curl, NULL);
  }
  if (err == 0) {
    err = stardeleg_curl_add(curl, stardeleg_ndc_engine(ndc));
  }
  if (err == 0) {
    err = stardeleg_curl_run(curl, NULL, NULL); /* or under your own event loop: stardeleg_curl_attach() */
  }
  stardeleg_curl_free(curl);
  stardeleg_ndc_free(ndc);
  stardeleg_store_free(store);
  stardeleg_secrets_free(secrets);
  stardeleg_crypto_free(crypto);
  return err;
}

int main(int argc, char **argv)
{
  stardeleg_problem why = {.detail = "a directory URL, an EAB key id and a folder are wanted"};
  stardeleg_err err = argc == 4 ? serve(argv[1], argv[2], argv[3], &why) : STARDELEG_ERR_ARGUMENT;

  (void)fprintf(stderr, "%s: %s\n", stardeleg_strerror(err), why.detail);
  return EXIT_FAILURE;
}

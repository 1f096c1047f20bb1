/* SPDX-License-Identifier: Apache-2.0 */
/* consumer.c -- a program that uses each installed library once. */
#include <stdio.h>

#include <stardeleg/ca.h>
#include <stardeleg/ido.h>
#include <stardeleg/ndc.h>
#ifdef WITH_FILES
#include <stardeleg/secrets_files.h>
#endif
#ifdef WITH_OPENSSL
#include <stardeleg/crypto_openssl.h>
#endif
#ifdef WITH_SQLITE
#include <stardeleg/store_sqlite.h>
#endif
#ifdef WITH_CURL
#include <stardeleg/curl.h>
#endif
#ifdef WITH_UNBOUND
#include <stardeleg/dns_unbound.h>
#endif

static int failed;

static void want(stardeleg_err err, const char *what)
{
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "%s: %s\n", what, stardeleg_strerror(err));
    failed = 1;
  }
}

static void use_core(void)
{
  stardeleg_crypto *crypto = NULL;
  stardeleg_ndc_options options;
  stardeleg_ndc *ndc = NULL;

  want(stardeleg_crypto_mbedtls_new(&crypto), "mbedtls");
  stardeleg_ndc_options_default(&options);
  if (stardeleg_ndc_new(&ndc, &options, NULL) == STARDELEG_OK) {
    want(STARDELEG_ERR_STATE, "a role without a store");
  }
  stardeleg_crypto_free(crypto);
}

int main(int argc, char **argv)
{
  if (argc != 2 || stardeleg_version() != STARDELEG_VERSION) {
    return 2;
  }
  use_core();
#ifdef WITH_FILES
  stardeleg_secrets *secrets = NULL;

  want(stardeleg_secrets_files_new(&secrets, argv[1]), "files");
  stardeleg_secrets_free(secrets);
#endif
#ifdef WITH_OPENSSL
  stardeleg_crypto *crypto = NULL;

  want(stardeleg_crypto_openssl_new(&crypto), "openssl");
  stardeleg_crypto_free(crypto);
#endif
#ifdef WITH_SQLITE
  stardeleg_store *store = NULL;
  char path[4096];

  (void)snprintf(path, sizeof(path), "%s/store.db", argv[1]);
  want(stardeleg_store_sqlite_open(&store, path, NULL, NULL, 0), "sqlite");
  stardeleg_store_free(store);
#endif
#ifdef WITH_CURL
  stardeleg_curl *curl = NULL;

  want(stardeleg_curl_new(&curl, NULL), "curl");
  stardeleg_curl_free(curl);
#endif
#ifdef WITH_UNBOUND
  stardeleg_dns *dns = NULL;

  want(stardeleg_dns_unbound_new(&dns, NULL), "unbound");
  stardeleg_dns_unbound_free(dns);
#endif
  return failed;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/pki.c -- root and server certificates. */
#include "star-ca/pki.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stardeleg/ca.h>
#include "common/clock.h"
#include "common/files.h"

#define DAY_MS ((int64_t)86400 * 1000)
/* Read at the start only, so it has to last as long as the program runs. */
#define OWN_DAYS 825
#define OTHERS_DAYS 90
#define ROOT_MAX (64u * 1024u)

static int fail(const char *what, const char *why)
{
  (void)fprintf(stderr, "%s: %s\n", what, why);
  return -1;
}

int pki_write_port(const char *path, unsigned port)
{
  int why = file_write_port(path, (uint16_t)port);

  return why == 0 ? 0 : fail(path, strerror(why));
}

/* --- The root --- */

/* The certificate of |key|, into root.pem. */
static int write_root(const service *s, stardeleg_key *key, char **pem)
{
  stardeleg_time now = clock_now(NULL);
  char path[600];
  int why;
  stardeleg_err err = stardeleg_ca_make_root(pem, key, config_text(s->cfg, "root-name", "stardeleg root"), now - DAY_MS,
                                             now + config_int(s->cfg, "root-days", 3650) * DAY_MS);

  if (err != STARDELEG_OK) {
    return fail("cannot make the root", stardeleg_strerror(err));
  }
  why = file_write(service_path(s, "root.pem", path), *pem, strlen(*pem), 0644);
  return why == 0 ? 0 : fail(path, strerror(why));
}

/* The key first: a kill in between leaves a key without certificate, for which read_root() makes one. */
static int make_root(const service *s, stardeleg_key **key, char **pem)
{
  char path[600];
  char *text = NULL;
  size_t len = 0;
  stardeleg_err err;

  if (access(service_path(s, "root.pem", path), F_OK) == 0) {
    return fail(path, "its key is not among the secrets; a new root would be trusted by nobody");
  }
  err = stardeleg_key_generate(key, s->crypto, STARDELEG_KEY_P256);
  if (err == STARDELEG_OK) {
    err = stardeleg_key_export_pem(*key, &text, &len);
  }
  if (err == STARDELEG_OK) {
    err = s->secrets->ops->put(s->secrets->self, "root-key", (stardeleg_bytes){(const uint8_t *)text, len});
    stardeleg_secret_free(text, len);
  }
  return err == STARDELEG_OK ? write_root(s, *key, pem) : fail("cannot make the root's key", stardeleg_strerror(err));
}

static int read_root(const service *s, const uint8_t *secret, size_t len, stardeleg_key **key, char **pem)
{
  char path[600];
  int why = file_read(pem, NULL, service_path(s, "root.pem", path), ROOT_MAX);
  stardeleg_err err;

  if (why != 0 && why != ENOENT) {
    return fail(path, strerror(why));
  }
  err = stardeleg_key_import(key, s->crypto, (stardeleg_bytes){secret, len});
  if (err != STARDELEG_OK) {
    return fail("cannot read the root's key", stardeleg_strerror(err));
  }
  return why == ENOENT ? write_root(s, *key, pem) : 0;
}

int pki_open_root(const service *s, stardeleg_key **key, char **pem)
{
  uint8_t *secret = NULL;
  size_t len = 0;
  stardeleg_err err = s->secrets->ops->get(s->secrets->self, "root-key", &secret, &len);
  int rc;

  if (err == STARDELEG_ERR_NOT_FOUND) {
    return make_root(s, key, pem);
  }
  if (err != STARDELEG_OK) {
    return fail("cannot read the root's key", stardeleg_strerror(err));
  }
  rc = read_root(s, secret, len, key, pem);
  stardeleg_secret_free(secret, len);
  return rc;
}

/* --- Servers --- */

static int write_pair(const char *cert_path, const char *key_path, const char *cert, stardeleg_key *key)
{
  char *text = NULL;
  size_t len = 0;
  stardeleg_err err = stardeleg_key_export_pem(key, &text, &len);
  int why;

  if (err != STARDELEG_OK) {
    return fail(key_path, stardeleg_strerror(err));
  }
  why = file_write(key_path, text, len, 0600);
  stardeleg_secret_free(text, len);
  if (why != 0) {
    return fail(key_path, strerror(why));
  }
  why = file_write(cert_path, cert, strlen(cert), 0644);
  return why == 0 ? 0 : fail(cert_path, strerror(why));
}

/* The files are |paths[0]| and, of the key, |paths[1]|. */
static int make_pair(const service *s, stardeleg_key *root_key, const char *root_pem, const char *const *names,
                     const char *const paths[2], int64_t days)
{
  stardeleg_time now = clock_now(NULL);
  stardeleg_key *key = NULL;
  char *cert = NULL;
  int rc = -1;
  stardeleg_err err = stardeleg_key_generate(&key, s->crypto, STARDELEG_KEY_P256);

  if (err == STARDELEG_OK) {
    err = stardeleg_ca_make_server(&cert, stardeleg_key_spki(key), names, root_key,
                                   (stardeleg_bytes){(const uint8_t *)root_pem, strlen(root_pem)}, now - DAY_MS,
                                   now + days * DAY_MS);
  }
  if (err == STARDELEG_OK) {
    rc = write_pair(paths[0], paths[1], cert, key);
  } else {
    (void)fail("cannot make a server certificate", stardeleg_strerror(err));
  }
  free(cert);
  stardeleg_key_free(key);
  return rc;
}

int pki_server_certificate(const service *s, stardeleg_key *root_key, const char *root_pem)
{
  static const char *const otherwise[] = {"localhost", "127.0.0.1", NULL};
  const char **names = config_texts(s->cfg, "tls-names");
  char cert[600];
  char key[600];
  const char *const paths[] = {service_path(s, "tls.pem", cert), service_path(s, "tls.key", key)};
  int rc = make_pair(s, root_key, root_pem, names != NULL ? names : otherwise, paths, OWN_DAYS);

  free(names);
  return rc;
}

int pki_command(const service *s, stardeleg_key *root_key, const char *root_pem, int argc, char **argv)
{
  const char *const paths[] = {argc > 1 ? argv[1] : NULL, argc > 3 ? argv[3] : NULL};

  if (argc < 5 || strcmp(argv[0], "--cert") != 0 || strcmp(argv[2], "--key") != 0) {
    (void)fputs("usage: star-ca server-cert --config FILE --cert OUT --key OUT NAME...\n", stderr);
    return 2;
  }
  /* argv ends with a NULL, as main's does. */
  return make_pair(s, root_key, root_pem, (const char *const *)(argv + 4), paths, OTHERS_DAYS) == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* transport/pki.c -- certificates for tests of TLS, made on the spot with OpenSSL. */
#include "support/test.h"

#include "pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

struct pki {
  X509 *cert;
  EVP_PKEY *key;
};

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
  X509V3_CTX ctx;
  X509_EXTENSION *extension;

  X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
  extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
  assert_non_null(extension);
  assert_int_equal(X509_add_ext(cert, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

static X509 *make(const char *common_name, long serial, int64_t not_before_s, int64_t not_after_s, EVP_PKEY *key)
{
  X509 *cert = X509_new();

  assert_non_null(cert);
  assert_int_equal(X509_set_version(cert, 2), 1);
  assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial), 1);
  assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), (long)not_before_s));
  assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), (long)not_after_s));
  assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                                              (const unsigned char *)common_name, -1, -1, 0),
                   1);
  assert_int_equal(X509_set_pubkey(cert, key), 1);
  return cert;
}

static FILE *open_beside(char *temporary, size_t size, const char *path)
{
  FILE *file;

  (void)snprintf(temporary, size, "%s.new", path);
  file = fopen(temporary, "wb");
  assert_non_null(file);
  assert_int_equal(chmod(temporary, 0600), 0);
  return file;
}

static void move_in(FILE *file, const char *temporary, const char *path)
{
  assert_int_equal(fclose(file), 0);
  assert_int_equal(rename(temporary, path), 0);
}

pki *pki_new(const char *root_file)
{
  pki *ca = calloc(1, sizeof(*ca));
  char temporary[600];
  FILE *file;

  assert_non_null(ca);
  ca->key = EVP_EC_gen("P-256");
  assert_non_null(ca->key);
  ca->cert = make("Test Root", 1, -3600, 86400, ca->key);
  assert_int_equal(X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert)), 1);
  add_extension(ca->cert, ca->cert, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(ca->cert, ca->cert, NID_subject_key_identifier, "hash");
  assert_true(X509_sign(ca->cert, ca->key, EVP_sha256()) > 0);
  file = open_beside(temporary, sizeof(temporary), root_file);
  assert_int_equal(PEM_write_X509(file, ca->cert), 1);
  move_in(file, temporary, root_file);
  return ca;
}

void pki_free(pki *ca)
{
  if (ca != NULL) {
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    free(ca);
  }
}

void pki_issue(pki *ca, const pki_leaf *leaf, const char *chain_file, const char *key_file)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  EVP_PKEY *other = leaf->foreign_key ? EVP_EC_gen("P-256") : NULL;
  X509 *cert = make(leaf->name, leaf->serial, leaf->not_before_s, leaf->not_after_s, key);
  char temporary[600];
  char san[300];
  FILE *file;

  (void)snprintf(san, sizeof(san), "DNS:%s", leaf->name);
  assert_int_equal(X509_set_issuer_name(cert, X509_get_subject_name(ca->cert)), 1);
  add_extension(cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(cert, ca->cert, NID_key_usage, "critical,digitalSignature");
  add_extension(cert, ca->cert, NID_ext_key_usage, "serverAuth");
  add_extension(cert, ca->cert, NID_subject_alt_name, san);
  assert_true(X509_sign(cert, ca->key, EVP_sha256()) > 0);
  file = open_beside(temporary, sizeof(temporary), key_file);
  assert_int_equal(PEM_write_PrivateKey(file, other != NULL ? other : key, NULL, NULL, 0, NULL, NULL), 1);
  if (strcmp(chain_file, key_file) != 0) {
    move_in(file, temporary, key_file);
    file = open_beside(temporary, sizeof(temporary), chain_file);
  }
  assert_int_equal(PEM_write_X509(file, cert), 1);
  move_in(file, temporary, chain_file);
  X509_free(cert);
  EVP_PKEY_free(key);
  EVP_PKEY_free(other);
}

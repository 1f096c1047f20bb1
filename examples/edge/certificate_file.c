/* SPDX-License-Identifier: Apache-2.0 */
/* edge/certificate_file.c -- one certificate with its key, read from one file and checked. */
#include "edge/certificate_file.h"

#include "common/files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)256 * 1024)
#define CHAIN_MAX 10

/* Days from 1 January 1970, proleptic Gregorian. */
static int64_t count_days(int year, int month, int day)
{
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t shifted = month <= 2 ? month + 9 : month - 3; /* March is 0, so that leap days end a year */

  return y * 365 + y / 4 - y / 100 + y / 400 + (shifted * 153 + 2) / 5 + day - 719469;
}

static stardeleg_time read_time(const ASN1_TIME *time, stardeleg_time otherwise)
{
  struct tm parts;

  if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) {
    return otherwise;
  }
  return (count_days(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday) * 86400 + parts.tm_hour * 3600 +
          parts.tm_min * 60 + parts.tm_sec) *
         1000;
}

void certificate_describe(const X509 *leaf, char serial[SERIAL_TEXT_SIZE], stardeleg_time *not_before,
                          stardeleg_time *not_after)
{
  static const char digits[] = "0123456789abcdef";
  const ASN1_INTEGER *number = X509_get0_serialNumber(leaf);
  const unsigned char *bytes = ASN1_STRING_get0_data(number);
  int len = ASN1_STRING_length(number);
  size_t at = 0;

  for (int i = 0; i < len && at + 3 < SERIAL_TEXT_SIZE; i++) {
    serial[at++] = digits[bytes[i] >> 4];
    serial[at++] = digits[bytes[i] & 15];
  }
  serial[at] = '\0';
  /* A date that cannot be read makes the certificate one that is never valid. */
  *not_before = read_time(X509_get0_notBefore(leaf), STARDELEG_TIME_NEVER);
  *not_after = read_time(X509_get0_notAfter(leaf), INT64_MIN);
}

/* Asked for a pass phrase, it has none: nobody sits at a terminal here. */
static int no_phrase(char *out, int size, int rwflag, void *ctx)
{
  (void)out;
  (void)size;
  (void)rwflag;
  (void)ctx;
  return -1;
}

static EVP_PKEY *read_key(const char *text, size_t len)
{
  BIO *bio = BIO_new_mem_buf(text, (int)len);
  EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_phrase, NULL) : NULL;

  (void)BIO_free(bio);
  return key;
}

/* Returns NULL if all of it could be read. */
static const char *read_chain(certificate *made, const char *text, size_t len)
{
  BIO *bio = BIO_new_mem_buf(text, (int)len);
  const char *why = NULL;
  X509 *next = NULL;

  made->leaf = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_phrase, NULL) : NULL;
  made->chain = sk_X509_new_null();
  if (made->leaf == NULL || made->chain == NULL) {
    why = "no certificate in it";
  }
  while (why == NULL && (next = PEM_read_bio_X509(bio, NULL, no_phrase, NULL)) != NULL) {
    if (sk_X509_num(made->chain) == CHAIN_MAX || sk_X509_push(made->chain, next) <= 0) {
      X509_free(next);
      why = "chain too long";
    }
  }
  if (why == NULL && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    why = "chain damaged";
  }
  (void)BIO_free(bio);
  return why;
}

static const char *check(certificate *made, const char *text, size_t len, stardeleg_time now, int *again)
{
  const char *why;

  made->key = read_key(text, len);
  if (made->key == NULL) {
    return "no private key in it";
  }
  ERR_clear_error();
  why = read_chain(made, text, len);
  if (why != NULL) {
    return why;
  }
  if (X509_check_private_key(made->leaf, made->key) != 1) {
    return "key and certificate do not fit";
  }
  certificate_describe(made->leaf, made->serial, &made->not_before, &made->not_after);
  if (now >= made->not_after) {
    return "expired";
  }
  if (now < made->not_before) {
    *again = 1;
    return "not valid yet";
  }
  return NULL;
}

certificate *certificate_read(const char *path, stardeleg_time now, const char **why, int *again)
{
  certificate *made = NULL;
  char *text = NULL;
  size_t len = 0;

  *again = 1;
  *why = "cannot be read";
  if (file_read(&text, &len, path, FILE_MAX) != 0) {
    return NULL;
  }
  made = calloc(1, sizeof(*made));
  if (made != NULL) {
    *again = 0;
    atomic_init(&made->references, 1);
    *why = check(made, text, len, now, again);
  }
  OPENSSL_cleanse(text, len);
  free(text);
  ERR_clear_error();
  if (*why != NULL) {
    certificate_unref(made);
    return NULL;
  }
  return made;
}

certificate *certificate_ref(certificate *held)
{
  (void)atomic_fetch_add(&held->references, 1);
  return held;
}

void certificate_unref(certificate *held)
{
  if (held == NULL || atomic_fetch_sub(&held->references, 1) != 1) {
    return;
  }
  X509_free(held->leaf);
  EVP_PKEY_free(held->key);
  sk_X509_pop_free(held->chain, X509_free);
  free(held);
}

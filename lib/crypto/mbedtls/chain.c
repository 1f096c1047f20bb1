/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/chain.c -- the X.509 path check at an instant of the caller's choosing. */
#include "crypto/chain.h"

#include <stdbool.h>
#include <stdio.h>

#include <mbedtls/asn1.h>
#include <mbedtls/x509_crt.h>

#include "base/mem.h"
#include "base/time.h"
#include "crypto/mbedtls/mbed.h"

#define CHAIN_MAX 10
#define ROOTS_MAX 1024

/* What WebPKI has come to: SHA-2, RSA of 2048 bits, the three NIST curves. */
static const mbedtls_x509_crt_profile profile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSASSA_PSS) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1),
    2048,
};

/* A check under way.  |chain| and |roots| are arrays; they are joined to mbedTLS's lists for each attempt. */
typedef struct path_check {
  mbedtls_x509_crt *chain;
  size_t chain_count;
  mbedtls_x509_crt *roots;
  size_t root_count;
  stardeleg_time now;
  bool too_early; /* found on the path of the last attempt */
  bool too_late;
} path_check;

typedef enum validity { VALID, TOO_EARLY, TOO_LATE } validity;

static stardeleg_time instant(const mbedtls_x509_time *t, stardeleg_time otherwise)
{
  const sdg_civil civil = {t->year, t->mon, t->day, t->hour, t->min, t->sec};
  stardeleg_time at;

  return sdg_time_from_civil(&at, &civil) == 0 ? at : otherwise;
}

/* RFC 5280 4.1.2.5: "the period of time from notBefore through notAfter, inclusive"; to the second.  A date that is
 * none makes the certificate invalid. */
static validity validity_at(const mbedtls_x509_crt *crt, stardeleg_time now)
{
  const stardeleg_time from = instant(&crt->valid_from, STARDELEG_TIME_NEVER);
  const stardeleg_time to = instant(&crt->valid_to, STARDELEG_TIME_NONE);

  if (now < from) {
    return TOO_EARLY;
  }
  return to == STARDELEG_TIME_NONE || now >= to + SDG_TIME_S ? TOO_LATE : VALID;
}

/* For each certificate of the path: mbedTLS has judged its validity by its own clock; the caller's counts. */
static int judge(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
  path_check *check = ctx;
  validity found = validity_at(crt, check->now);

  (void)depth;
  *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
  check->too_early = check->too_early || found == TOO_EARLY;
  check->too_late = check->too_late || found == TOO_LATE;
  return 0;
}

/* Joins the certificates that have been read, only those valid now if |valid_only| (the first of a chain always). */
static mbedtls_x509_crt *join(mbedtls_x509_crt *items, size_t count, const path_check *check, bool valid_only,
                              bool keep_first)
{
  mbedtls_x509_crt *head = NULL;
  mbedtls_x509_crt *tail = NULL;

  for (size_t i = 0; i < count; i++) {
    items[i].next = NULL;
    if (items[i].raw.p == NULL ||
        (valid_only && !(keep_first && i == 0) && validity_at(&items[i], check->now) != VALID)) {
      continue;
    }
    if (tail != NULL) {
      tail->next = &items[i];
    } else {
      head = &items[i];
    }
    tail = &items[i];
  }
  return head;
}

/* One attempt; |*flags| without the time flags. */
static int attempt(path_check *check, bool valid_only, uint32_t *flags)
{
  mbedtls_x509_crt *roots = join(check->roots, check->root_count, check, valid_only, false);
  mbedtls_x509_crt *chain = join(check->chain, check->chain_count, check, valid_only, true);
  int ret;

  check->too_early = false;
  check->too_late = false;
  *flags = MBEDTLS_X509_BADCERT_NOT_TRUSTED;
  if (roots == NULL) {
    return 0;
  }
  ret = mbedtls_x509_crt_verify_with_profile(chain, roots, NULL, &profile, NULL, flags, judge, check);
  return ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ? 0 : ret;
}

static const char *phrase(uint32_t flags)
{
  static const struct {
    uint32_t flag;
    const char *text;
  } phrases[] = {
      {MBEDTLS_X509_BADCERT_BAD_MD, "a certificate is signed with a hash that is too weak"},
      {MBEDTLS_X509_BADCERT_BAD_KEY, "a certificate has a key that is too small or on an unknown curve"},
      {MBEDTLS_X509_BADCERT_BAD_PK, "a certificate is signed with an algorithm that is not accepted"},
      {MBEDTLS_X509_BADCERT_NOT_TRUSTED,
       "there is no path of valid signatures by certification authorities to a trusted root"},
  };

  for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
    if ((flags & phrases[i].flag) != 0) {
      return phrases[i].text;
    }
  }
  return "the chain is not acceptable";
}

static void tell(char *why, size_t why_size, const char *text)
{
  if (why != NULL && why_size > 0) {
    (void)snprintf(why, why_size, "%s", text);
  }
}

static stardeleg_err verify(path_check *check, char *why, size_t why_size)
{
  uint32_t flags = 0;
  int ret = attempt(check, true, &flags);

  /* mbedTLS prefers issuers that are valid by its own clock.  So it is first shown only those that are valid now; if
   * that does not lead anywhere, all of them, to tell "expired" from "never trusted". */
  if (ret == 0 && flags != 0) {
    ret = attempt(check, false, &flags);
  }
  if (ret != 0) {
    tell(why, why_size, "the path is too long");
    return sdg_mbed_error(ret, STARDELEG_ERR_LIMIT);
  }
  if (flags != 0) {
    tell(why, why_size, phrase(flags));
    return STARDELEG_ERR_UNTRUSTED;
  }
  if (check->too_late || check->too_early) {
    tell(why, why_size,
         check->too_late ? "a certificate of the path has expired" : "a certificate of the path is not yet valid");
    return STARDELEG_ERR_EXPIRED;
  }
  return STARDELEG_OK;
}

/* Cannot be checked is not the same as malformed: other algorithms, critical extensions mbedTLS does not know. */
static stardeleg_err parse_error(int ret, char *why, size_t why_size)
{
  const int high = -(-ret & ~0x7f);

  if (high == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG || high == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG ||
      high == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE || high == MBEDTLS_ERR_X509_SIG_MISMATCH) {
    tell(why, why_size, "a certificate uses an algorithm that cannot be checked");
    return STARDELEG_ERR_UNTRUSTED;
  }
  if (ret == MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_UNEXPECTED_TAG) {
    tell(why, why_size, "a certificate has a critical extension that cannot be checked");
    return STARDELEG_ERR_UNTRUSTED;
  }
  tell(why, why_size, "a certificate does not parse");
  return sdg_mbed_error(ret, STARDELEG_ERR_MALFORMED);
}

static stardeleg_err read_one(mbedtls_x509_crt *out, stardeleg_bytes der, char *why, size_t why_size)
{
  int ret = mbedtls_x509_crt_parse_der_nocopy(out, der.base, der.len);

  if (ret != 0) {
    mbedtls_x509_crt_free(out);
    mbedtls_x509_crt_init(out);
    return parse_error(ret, why, why_size);
  }
  if (out->raw.len != der.len) { /* mbedTLS lets bytes follow */
    tell(why, why_size, "bytes follow a certificate");
    return STARDELEG_ERR_MALFORMED;
  }
  return STARDELEG_OK;
}

/* A root that cannot be read can be no one's issuer; the others of a system's bundle still count. */
static stardeleg_err read_all(path_check *check, const stardeleg_bytes *chain, const stardeleg_bytes *roots, char *why,
                              size_t why_size)
{
  stardeleg_err rv = STARDELEG_OK;

  for (size_t i = 0; rv == 0 && i < check->chain_count; i++) {
    rv = read_one(&check->chain[i], chain[i], why, why_size);
  }
  for (size_t i = 0; rv == 0 && i < check->root_count; i++) {
    rv = read_one(&check->roots[i], roots[i], NULL, 0);
    if (rv != 0 && rv != STARDELEG_ERR_NOMEM) {
      mbedtls_x509_crt_free(&check->roots[i]);
      mbedtls_x509_crt_init(&check->roots[i]);
      rv = STARDELEG_OK;
    }
  }
  return rv;
}

stardeleg_err sdg_chain_verify(const stardeleg_bytes *chain, size_t chain_count, const stardeleg_bytes *roots,
                               size_t root_count, stardeleg_time now, char *why, size_t why_size)
{
  const size_t count = chain_count + root_count;
  path_check check = {.chain_count = chain_count, .root_count = root_count, .now = now};
  mbedtls_x509_crt *items;
  stardeleg_err rv;

  tell(why, why_size, "");
  if (chain_count == 0) {
    tell(why, why_size, "there is no certificate");
    return STARDELEG_ERR_MALFORMED;
  }
  if (chain_count > CHAIN_MAX || root_count > ROOTS_MAX) {
    tell(why, why_size, "there are too many certificates");
    return STARDELEG_ERR_LIMIT;
  }
  items = sdg_calloc(count, sizeof(*items));
  if (items == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    mbedtls_x509_crt_init(&items[i]);
  }
  check.chain = items;
  check.roots = items + chain_count;
  rv = read_all(&check, chain, roots, why, why_size);
  if (rv == 0) {
    rv = verify(&check, why, why_size);
  }
  for (size_t i = 0; i < count; i++) {
    items[i].next = NULL; /* joined in place: each is freed on its own */
    mbedtls_x509_crt_free(&items[i]);
  }
  sdg_free(items);
  return rv;
}

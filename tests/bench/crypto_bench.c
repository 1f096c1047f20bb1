/* SPDX-License-Identifier: Apache-2.0 */
/* bench/crypto_bench.c -- what signing and verifying cost with each backend, in microseconds of processor time. */
#include "support/test.h"

#include <time.h>
#if STARDELEG_HAVE_OPENSSL
#include <stardeleg/crypto_openssl.h>
#endif

#include "base/bytes.h"
#include "crypto/crypto.h"

#define AT_LEAST_NS 300000000.0

typedef struct job {
  stardeleg_key *key;
  sdg_pubkey *pub;
  const stardeleg_crypto *crypto;
  stardeleg_alg alg;
  stardeleg_key_spec spec;
  stardeleg_bytes message;
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t len;
  bool good;
} job;

static void verify(job *j)
{
  j->good = j->good && sdg_pubkey_verify(j->pub, j->alg, &j->message, 1, sdg_bytes(j->signature, j->len)) == 0;
}

static void import_and_verify(job *j)
{
  sdg_pubkey *pub = NULL;

  j->good = j->good && sdg_pubkey_import(&pub, j->crypto, stardeleg_key_spki(j->key), NULL) == 0 &&
            sdg_pubkey_verify(pub, j->alg, &j->message, 1, sdg_bytes(j->signature, j->len)) == 0;
  sdg_pubkey_free(pub);
}

static void sign(job *j)
{
  j->good = j->good && sdg_key_sign(j->key, j->alg, &j->message, 1, j->signature, &j->len) == 0;
}

static void generate(job *j)
{
  stardeleg_key *key = NULL;

  j->good = j->good && stardeleg_key_generate(&key, j->crypto, j->spec) == 0;
  stardeleg_key_free(key);
}

static double now_ns(void)
{
  struct timespec t;

  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double microseconds(void (*what)(job *), job *j)
{
  double start;
  double spent = 0;
  long n = 0;

  what(j); /* tables, look-ups */
  start = now_ns();
  do {
    what(j);
    n++;
    spent = now_ns() - start;
  } while (spent < AT_LEAST_NS);
  return spent / 1000.0 / (double)n;
}

static void measure(const stardeleg_crypto *crypto, stardeleg_key_spec spec, stardeleg_alg alg)
{
  job j = {.crypto = crypto, .alg = alg, .spec = spec, .good = true};
  double verified;
  double imported;
  double made;

  j.message = sdg_bytes_str(
      "eyJhbGciOiJFUzI1NiJ9.eyJpZGVudGlmaWVycyI6W3sidHlwZSI6ImRucyIsInZhbHVlIjoid3d3LmV4YW1wbGUub3JnIn1dfQ");
  if ((crypto->ops->key_specs & (UINT32_C(1) << spec)) == 0 || stardeleg_key_generate(&j.key, crypto, spec) != 0) {
    return;
  }
  j.good = sdg_pubkey_import(&j.pub, crypto, stardeleg_key_spki(j.key), NULL) == 0;
  made = microseconds(sign, &j);
  verified = microseconds(verify, &j);
  imported = microseconds(import_and_verify, &j);
  (void)printf("%-8s  %-6s %5u  %10.1f  %15.1f  %12.1f", crypto->ops->name, sdg_alg_info_of(alg)->name,
               sdg_key_info(j.key)->bits, verified, imported, made);
  if (sdg_key_info(j.key)->family != STARDELEG_FAMILY_RSA) {
    (void)printf("  %9.1f", microseconds(generate, &j));
  }
  (void)printf("%s\n", j.good ? "" : "  FAILED");
  sdg_pubkey_free(j.pub);
  stardeleg_key_free(j.key);
}

int main(void)
{
  static const struct {
    stardeleg_key_spec spec;
    stardeleg_alg alg;
  } rows[] = {{STARDELEG_KEY_P256, STARDELEG_ALG_ES256},    {STARDELEG_KEY_P384, STARDELEG_ALG_ES384},
              {STARDELEG_KEY_P521, STARDELEG_ALG_ES512},    {STARDELEG_KEY_RSA2048, STARDELEG_ALG_RS256},
              {STARDELEG_KEY_RSA2048, STARDELEG_ALG_PS256}, {STARDELEG_KEY_ED25519, STARDELEG_ALG_EDDSA}};
  stardeleg_crypto *crypto[2] = {NULL, NULL};

  if (stardeleg_crypto_mbedtls_new(&crypto[0]) != 0) {
    return 1;
  }
#if STARDELEG_HAVE_OPENSSL
  if (stardeleg_crypto_openssl_new(&crypto[1]) != 0) {
    return 1;
  }
#endif
  (void)printf("microseconds of processor time; \"sign\" includes the verification that follows it\n"
               "backend   alg     bits      verify  import + verify          sign   generate\n");
  for (size_t b = 0; b < 2 && crypto[b] != NULL; b++) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
      measure(crypto[b], rows[i].spec, rows[i].alg);
    }
    stardeleg_crypto_free(crypto[b]);
  }
  return 0;
}

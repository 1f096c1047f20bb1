/* SPDX-License-Identifier: Apache-2.0 */
/* bench/template_bench.c -- what loading and matching cost, next to the signature check that a CSR needs anyway. */
#include "support/test.h"

#include <time.h>

#include <stardeleg/template.h>
#if STARDELEG_HAVE_OPENSSL
#include <stardeleg/crypto_openssl.h>
#endif

#include "crypto/crypto.h"

#define AT_LEAST_NS 60000000.0
#define ROUNDS 5
/* Matching, the signature check apart, in parts of one P-256 verification (the bare one, the key read before). */
#define MATCH_RATIO_MAX 0.03
#define LOAD_US_MAX 100.0

static double now_ns(void)
{
  struct timespec t;

  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- A provider that trusts every signature: what is left is the matching --- */

static stardeleg_err import_any(void *self, void **handle, stardeleg_key_info *info, stardeleg_bytes spki)
{
  (void)self;
  (void)spki;
  *handle = NULL;
  *info = (stardeleg_key_info){STARDELEG_FAMILY_EC, 256};
  return STARDELEG_OK;
}

static void free_nothing(void *self, void *handle)
{
  (void)self;
  (void)handle;
}

static stardeleg_err verify_any(void *self, const void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces,
                                size_t n, stardeleg_bytes signature)
{
  (void)self;
  (void)handle;
  (void)alg;
  (void)pieces;
  (void)n;
  (void)signature;
  return STARDELEG_OK;
}

static const stardeleg_crypto_ops trusting_ops = {.size = sizeof(trusting_ops),
                                                  .name = "trusting",
                                                  .verify_algs = UINT32_MAX,
                                                  .public_import = import_any,
                                                  .public_free = free_nothing,
                                                  .verify = verify_any};

/* --- Jobs --- */

typedef struct job {
  const stardeleg_crypto *crypto;
  stardeleg_template *tmpl;
  stardeleg_bytes json;
  stardeleg_bytes csr;
  sdg_pubkey *public_key;
  stardeleg_bytes message;
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t signature_len;
} job;

static void load_once(job *j)
{
  stardeleg_template *tmpl = NULL;

  assert_ok(stardeleg_template_load(&tmpl, j->json, NULL, NULL));
  stardeleg_template_free(tmpl);
}

static void match_once(job *j)
{
  static const stardeleg_identifier identifier = {"dns", "abc.ido.example"};
  stardeleg_report *report = NULL;

  assert_ok(stardeleg_template_match(j->tmpl, j->crypto, j->csr, &identifier, 1, NULL, &report));
}

static void verify_once(job *j)
{
  assert_ok(sdg_pubkey_verify(j->public_key, STARDELEG_ALG_ES256, &j->message, 1,
                              (stardeleg_bytes){j->signature, j->signature_len}));
}

/* Microseconds of processor time for one call. */
static double measure_round(void (*fn)(job *), job *j)
{
  double start = now_ns();
  double spent;
  size_t calls = 0;

  do {
    for (int i = 0; i < 16; i++) {
      fn(j);
    }
    calls += 16;
    spent = now_ns() - start;
  } while (spent < AT_LEAST_NS);
  return spent / (double)calls / 1000.0;
}

/* The best of some rounds: the others had neighbours. */
static double measure(void (*fn)(job *), job *j)
{
  double best = measure_round(fn, j);

  for (int i = 1; i < ROUNDS; i++) {
    double us = measure_round(fn, j);

    best = us < best ? us : best;
  }
  return best;
}

static int report_line(const char *what, double value, double limit, const char *unit)
{
  int bad = value > limit;

  (void)printf("%-44s %10.3f %s (limit %.3f)%s\n", what, value, unit, limit, bad ? "  TOO SLOW" : "");
  return bad;
}

static void run(job *j, const char *name, double match_us, int *bad)
{
  stardeleg_key *key = NULL;
  double verify_us;
  double whole_us;

  assert_ok(stardeleg_key_generate(&key, j->crypto, STARDELEG_KEY_P256));
  assert_ok(sdg_key_sign(key, STARDELEG_ALG_ES256, &j->message, 1, j->signature, &j->signature_len));
  assert_ok(sdg_pubkey_import(&j->public_key, j->crypto, stardeleg_key_spki(key), NULL));
  verify_us = measure(verify_once, j);
  whole_us = measure(match_once, j);
  (void)printf("%-8s P-256 verify %9.2f us, match with signature check %9.2f us\n", name, verify_us, whole_us);
  *bad |= report_line("  match without signature check / verify", match_us / verify_us, MATCH_RATIO_MAX, "");
  sdg_pubkey_free(j->public_key);
  stardeleg_key_free(key);
}

int main(void)
{
  const stardeleg_crypto trusting = {.ops = &trusting_ops};
  stardeleg_crypto *crypto = NULL;
  job j = {.message = {(const uint8_t *)"message", 7}};
  size_t len = 0;
  char *json = test_file("vectors/template/GOOD_figure10.json", &len);
  char *csr;
  double match_us;
  int bad = 0;

  j.json = (stardeleg_bytes){(const uint8_t *)json, len};
  csr = test_file("vectors/template/csr/figure10_p256.der", &len);
  j.csr = (stardeleg_bytes){(const uint8_t *)csr, len};
  assert_ok(stardeleg_template_load(&j.tmpl, j.json, NULL, NULL));
  bad |= report_line("load figure 10", measure(load_once, &j), LOAD_US_MAX, "us");
  j.crypto = &trusting;
  match_us = measure(match_once, &j);
  (void)printf("match figure 10 without signature check %15.3f us\n", match_us);
#if STARDELEG_HAVE_OPENSSL
  assert_ok(stardeleg_crypto_openssl_new(&crypto));
  j.crypto = crypto;
  run(&j, "openssl", match_us, &bad);
  stardeleg_crypto_free(crypto);
#endif
  assert_ok(stardeleg_crypto_mbedtls_new(&crypto));
  j.crypto = crypto;
  run(&j, "mbedtls", match_us, &bad);
  stardeleg_crypto_free(crypto);
  stardeleg_template_free(j.tmpl);
  free(json);
  free(csr);
  return bad;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_thread_test.c -- one provider and its keys used by many threads at once.  Most telling under ThreadSanitizer.
 */
#include "support/test.h"

#include <pthread.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

#define THREADS 8
#define ROUNDS 12

typedef struct shared {
  stardeleg_key *keys[3];
  sdg_pubkey *pubs[3];
} shared;

/* cmocka's assertions are for its own thread; workers count what went wrong. */
typedef struct worker {
  pthread_t thread;
  const shared *shared;
  int number;
  int failures;
} worker;

static stardeleg_err one_round(const shared *s, size_t which, int alg, int number, int round)
{
  const int content[2] = {number, round};
  const stardeleg_bytes pieces[] = {sdg_bytes(content, sizeof(content)), sdg_bytes_str("text")};
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  uint8_t random[40];
  sdg_pubkey *own = NULL;
  size_t len = 0;
  stardeleg_err rv;

  if (!sdg_alg_fits_key((stardeleg_alg)alg, sdg_key_info(s->keys[which]))) {
    return STARDELEG_OK;
  }
  rv = sdg_key_sign(s->keys[which], (stardeleg_alg)alg, pieces, 2, signature, &len);
  if (rv == 0) {
    rv = sdg_pubkey_verify(s->pubs[which], (stardeleg_alg)alg, pieces, 2, sdg_bytes(signature, len));
  }
  if (rv == 0) {
    signature[len / 2] ^= 8;
    rv = sdg_pubkey_verify(s->pubs[which], (stardeleg_alg)alg, pieces, 2, sdg_bytes(signature, len));
    rv = rv == STARDELEG_ERR_SIGNATURE ? STARDELEG_OK : STARDELEG_ERR_CRYPTO;
  }
  if (rv == 0) { /* a key of its own, and another's */
    signature[len / 2] ^= 8;
    rv = sdg_pubkey_import(&own, test_crypto(), stardeleg_key_spki(s->keys[which]), NULL);
  }
  if (rv == 0) {
    rv = sdg_pubkey_verify(own, (stardeleg_alg)alg, pieces, 2, sdg_bytes(signature, len));
    sdg_pubkey_free(own);
  }
  return rv == 0 ? sdg_random(test_crypto(), random, sizeof(random)) : rv;
}

static void *work(void *ctx)
{
  worker *w = ctx;

  for (int round = 0; round < ROUNDS; round++) {
    for (int alg = STARDELEG_ALG_ES256; alg <= STARDELEG_ALG_PS512; alg++) {
      for (size_t which = 0; which < 3; which++) {
        w->failures += one_round(w->shared, which, alg, w->number, round) != STARDELEG_OK;
      }
    }
  }
  return NULL;
}

static void test_shared_keys(void **state)
{
  static const stardeleg_key_spec specs[3] = {STARDELEG_KEY_P256, STARDELEG_KEY_P384, STARDELEG_KEY_RSA2048};
  worker workers[THREADS];
  shared s;

  (void)state;
  for (size_t i = 0; i < 3; i++) {
    assert_ok(stardeleg_key_generate(&s.keys[i], test_crypto(), specs[i]));
    assert_ok(sdg_pubkey_import(&s.pubs[i], test_crypto(), stardeleg_key_spki(s.keys[i]), NULL));
  }
  for (int i = 0; i < THREADS; i++) {
    workers[i].shared = &s;
    workers[i].number = i;
    workers[i].failures = 0;
    assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    assert_int_equal(workers[i].failures, 0);
  }
  for (size_t i = 0; i < 3; i++) {
    sdg_pubkey_free(s.pubs[i]);
    stardeleg_key_free(s.keys[i]);
  }
}

static void *draw(void *ctx)
{
  uint8_t *out = ctx;

  return sdg_random(test_crypto(), out, 16) == STARDELEG_OK ? out : NULL;
}

/* What a thread kept goes with it, and no two threads draw the same. */
static void test_short_lived_threads(void **state)
{
  uint8_t drawn[64][16];

  (void)state;
  for (size_t i = 0; i < 64; i++) {
    pthread_t thread;
    void *result = NULL;

    assert_int_equal(pthread_create(&thread, NULL, draw, drawn[i]), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_non_null(result);
    for (size_t k = 0; k < i; k++) {
      assert_memory_not_equal(drawn[i], drawn[k], 16);
    }
  }
}

static void *make_key(void *ctx)
{
  stardeleg_key *key = NULL;

  (void)ctx;
  return stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256) == STARDELEG_OK ? key : NULL;
}

/* A key may outlive the thread that made it. */
static void test_key_outlives_thread(void **state)
{
  const stardeleg_bytes message = sdg_bytes_str("text");
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t len = 0;
  pthread_t thread;
  void *result = NULL;

  (void)state;
  assert_int_equal(pthread_create(&thread, NULL, make_key, NULL), 0);
  assert_int_equal(pthread_join(thread, &result), 0);
  assert_non_null(result);
  assert_ok(sdg_key_sign(result, STARDELEG_ALG_ES256, &message, 1, signature, &len));
  stardeleg_key_free(result);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shared_keys),
      cmocka_unit_test(test_short_lived_threads),
      cmocka_unit_test(test_key_outlives_thread),
  };

  (void)test_crypto(); /* made by this thread, before the others ask for it */
  return cmocka_run_group_tests(tests, NULL, NULL);
}

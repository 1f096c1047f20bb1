/* SPDX-License-Identifier: Apache-2.0 */
/* bench/server_bench.c -- what a POST-as-GET costs beside the one verification in it: of a resource with nothing behind
 * it, of a CA's order, and of a certificate, with the plain GET of that for comparison.
 *
 * Usage: server_bench [requests]; environment STARDELEG_TEST_CRYPTO.  CPU time of the server's share; the best of five
 * rounds, each beside verifications of the same moment. */
#include "support/ca_world.h"
#include "support/server_world.h"

#include <time.h>

#include "base/bytes.h"

#define ROUNDS 5
#define TARGET_RATIO 1.4

static double spent;
static size_t served;
static acme_peer_handle real_handle;

static double seconds(void)
{
  struct timespec now = {0};

  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static stardeleg_err timed_handle(void *server, const stardeleg_http_request *request, stardeleg_time now,
                                  stardeleg_http_reply **reply)
{
  double begin = seconds();
  stardeleg_err err = real_handle(server, request, now, reply);

  spent += seconds() - begin;
  served++;
  return err;
}

static void watch(acme_peer *peer)
{
  real_handle = peer->handle;
  peer->handle = timed_handle;
}

static double measure_verification(size_t count)
{
  static const char text[] =
      "eyJhbGciOiJFUzI1NiIsImtpZCI6Imh0dHBzOi8vY2EuZXhhbXBsZS9hY21lL2FjY3QvQUFBQUFBQUFBQUFBQUEifQ.";
  stardeleg_bytes piece = SDG_BYTES_LITERAL(text);
  stardeleg_key *key = NULL;
  sdg_pubkey *public_key = NULL;
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t len = 0;
  double begin;

  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(sdg_key_sign(key, STARDELEG_ALG_ES256, &piece, 1, signature, &len));
  assert_ok(sdg_pubkey_import(&public_key, test_crypto(), stardeleg_key_spki(key), NULL));
  for (int i = 0; i < 50; i++) { /* tables of keys used again are made now */
    assert_ok(sdg_pubkey_verify(public_key, STARDELEG_ALG_ES256, &piece, 1, sdg_bytes(signature, len)));
  }
  begin = seconds();
  for (size_t i = 0; i < count; i++) {
    assert_ok(sdg_pubkey_verify(public_key, STARDELEG_ALG_ES256, &piece, 1, sdg_bytes(signature, len)));
  }
  begin = (seconds() - begin) / (double)count;
  sdg_pubkey_free(public_key);
  stardeleg_key_free(key);
  return begin;
}

static double measure(acme_peer *peer, const char *url, bool plain, size_t count)
{
  spent = 0;
  served = 0;
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(plain ? acme_peer_get(peer, url) : acme_peer_fetch(peer, url), 200);
  }
  assert_int_equal(served, count);
  return spent / (double)count;
}

/* The smallest ratio of the rounds: what disturbs only adds. */
static double report(const char *name, acme_peer *peer, const char *url, bool plain, size_t count)
{
  double best = 1e9;
  double best_us = 0;

  for (int i = 0; i < ROUNDS; i++) {
    double verification = measure_verification(count);
    double request = measure(peer, url, plain, count);

    if (request / verification < best) {
      best = request / verification;
      best_us = request * 1e6;
    }
  }
  (void)printf("%-28s %8.1f us   %.2f verifications\n", name, best_us, best);
  return best;
}

int main(int argc, char **argv)
{
  size_t count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1000;
  static server_world bare;
  static ca_world w;
  double ratio;

  server_world_start(&bare);
  watch(&bare.peer);
  (void)printf("%s: one ES256 verification %.1f us\n", test_crypto()->ops->name, measure_verification(count) * 1e6);
  ratio = report("POST-as-GET, bare", &bare.peer, SERVER_BASE "/thing/a", false, count);
  server_world_clear(&bare);
  ca_world_start(&w);
  watch(&w.peer);
  ca_world_star(&w, 10, 86400, 0);
  (void)report("POST-as-GET, order", &w.peer, w.order, false, count);
  (void)report("POST-as-GET, certificate", &w.peer, w.star, false, count);
  (void)report("GET, certificate", &w.peer, w.star, true, count);
  ca_world_clear(&w);
  (void)printf("bare POST-as-GET: %.2f, aim %.1f: %s\n", ratio, TARGET_RATIO, ratio <= TARGET_RATIO ? "met" : "missed");
  return 0;
}

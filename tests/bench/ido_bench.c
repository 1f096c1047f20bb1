/* SPDX-License-Identifier: Apache-2.0 */
/* bench/ido_bench.c -- what a delegated order costs the owner's server: newOrder, finalize, two polls; four signatures
 * of the account and one of the CSR are verified.  The floor is those five verifications.
 *
 * Usage: ido_bench [directory [orders]]; environment STARDELEG_TEST_CRYPTO.  The directory should be on a disk. */
#include "support/ido_world.h"

#include <pthread.h>
#include <time.h>

#include "base/bytes.h"
#include "crypto/crypto.h"
#if STARDELEG_HAVE_SQLITE
#include <stardeleg/store_sqlite.h>
#endif

#define THREADS_MAX 16

/* A delegate: its requests one after the other. */
typedef struct orderer {
  pthread_t thread;
  acme_peer peer;
  const char *csr;
  size_t orders;
  double spent; /* by the server on its behalf */
  size_t requests;
} orderer;

static stardeleg_ido *ido;

static double seconds(void)
{
  struct timespec now = {0};

  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Only the server's share is counted. */
static stardeleg_err handle(void *server, const stardeleg_http_request *request, stardeleg_time now,
                            stardeleg_http_reply **reply)
{
  orderer *o = server;
  double begin = seconds();
  stardeleg_err err = stardeleg_ido_handle(ido, request, now, reply);

  o->spent += seconds() - begin;
  o->requests++;
  return err;
}

static double measure_verification(void)
{
  stardeleg_key *key = NULL;
  sdg_pubkey *public_key = NULL;
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t len = 0;
  stardeleg_bytes text = SDG_BYTES_LITERAL("what is signed");
  double begin;

  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(sdg_key_sign(key, STARDELEG_ALG_ES256, &text, 1, signature, &len));
  assert_ok(sdg_pubkey_import(&public_key, test_crypto(), stardeleg_key_spki(key), NULL));
  begin = seconds();
  for (int i = 0; i < 500; i++) {
    assert_ok(sdg_pubkey_verify(public_key, STARDELEG_ALG_ES256, &text, 1, sdg_bytes(signature, len)));
  }
  begin = (seconds() - begin) / 500;
  sdg_pubkey_free(public_key);
  stardeleg_key_free(key);
  return begin;
}

static void *place_orders(void *arg)
{
  orderer *o = arg;
  char url[256];
  char finalize[300];

  for (size_t i = 0; i < o->orders; i++) {
    assert_int_equal(acme_peer_post(&o->peer, WORLD_IDO "/new-order", ido_world_new_order("d1", "abc.ido.example")),
                     201);
    (void)snprintf(url, sizeof(url), "%s", acme_peer_header(&o->peer, "Location"));
    (void)snprintf(finalize, sizeof(finalize), "%s/finalize", url);
    assert_int_equal(acme_peer_post(&o->peer, finalize, o->csr), 200);
    assert_int_equal(acme_peer_fetch(&o->peer, url), 200);
    assert_int_equal(acme_peer_fetch(&o->peer, url), 200);
  }
  return NULL;
}

static void start(orderer *o, const ido_world *w, const char *csr, size_t orders)
{
  memset(o, 0, sizeof(*o));
  o->peer = w->ndc[0];
  o->peer.handle = handle;
  o->peer.server = o;
  o->peer.reply = NULL;
  o->peer.json = NULL;
  o->peer.nonce[0] = '\0';
  o->csr = csr;
  o->orders = orders;
  assert_int_equal(pthread_create(&o->thread, NULL, place_orders, o), 0);
}

static void run(const char *name, const stardeleg_store *store, size_t orders, size_t threads)
{
  static orderer orderers[THREADS_MAX];
  ido_world w;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  double floor = 5 * measure_verification();
  double spent = 0;

  ido_world_init(&w);
  w.options.store = store;
  w.options.log.write = NULL;
  w.options.on_work = NULL;
  ido_world_open(&w);
  ido = w.ido;
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  for (size_t i = 0; i < threads; i++) {
    start(&orderers[i], &w, csr, orders / threads);
  }
  for (size_t i = 0; i < threads; i++) {
    (void)pthread_join(orderers[i].thread, NULL);
    spent += orderers[i].spent;
    sdg_json_free(orderers[i].peer.json);
    stardeleg_http_reply_free(orderers[i].peer.reply);
  }
  spent /= (double)(orders / threads * threads);
  printf("%-8s %-7s %2zu threads %6.0f us CPU an order; five verifications %.0f us, ratio %.2f\n",
         test_crypto()->ops->name, name, threads, spent * 1e6, floor * 1e6, spent / floor);
  free(csr);
  ido_world_clear(&w);
}

#if STARDELEG_HAVE_SQLITE
static void run_sqlite(const char *directory, size_t orders, size_t threads)
{
  stardeleg_store *store = NULL;
  char path[512];

  (void)snprintf(path, sizeof(path), "%s/ido_bench_%zu.db", directory, threads);
  (void)remove(path);
  assert_ok(stardeleg_store_sqlite_open(&store, path, NULL, NULL, 0));
  run("sqlite", store, orders, threads);
  stardeleg_store_free(store);
}
#endif

int main(int argc, char **argv)
{
  size_t orders = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 1600;
  stardeleg_store *store = NULL;

  assert_ok(stardeleg_store_memory_new(&store));
  run("memory", store, orders, 1);
  stardeleg_store_free(store);
#if STARDELEG_HAVE_SQLITE
  if (argc > 1) {
    run_sqlite(argv[1], orders, 1);
    run_sqlite(argv[1], orders, THREADS_MAX);
  }
#endif
  return 0;
}

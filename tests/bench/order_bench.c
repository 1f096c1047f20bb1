/* SPDX-License-Identifier: Apache-2.0 */
/* order_bench.c -- what a delegated order costs the owner's server in CPU time, by part, beside the signatures in it.
 *
 * Four account signatures (newOrder, finalize, two polls) and one CSR are verified per order; the rest is JSON, store and
 * policy.  The order's way at the CA is measured apart: there the owner is the client.  Sixteen delegates order at once, so that commits are shared as on a busy
 * server.  Usage: order_bench [ORDERS] [memory]; STARDELEG_TEST_CRYPTO chooses the backend. */
#include "support/acme_peer.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#include <stardeleg/ca.h>
#include <stardeleg/ido.h>
#include "base/base64.h"
#include "base/bytes.h"
#if STARDELEG_HAVE_SQLITE
#include <stardeleg/store_sqlite.h>
#endif

#define BASE "https://ido.example/acme"
#define CA_BASE "https://ca.example/acme"
#define NAME "video.cp.example"
#define CLIENTS 16
#define BATCH 5 /* orders of a client before the CA's turn */
#define TEMPLATE                                                                                             \
  "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\",\"SignatureType\":"     \
  "\"ecdsa-with-SHA256\"}],\"extensions\":{\"keyUsage\":[\"digitalSignature\"],\"extendedKeyUsage\":["       \
  "\"serverAuth\"],\"subjectAltName\":{\"DNS\":[\"" NAME "\"]}}}"

struct world;

/* A delegate with a delegation of its own. */
typedef struct client {
  struct world *w;
  pthread_t thread;
  acme_peer peer;
  double handle_s; /* CPU inside handle() */
  char name[16];
  char urls[BATCH][256];
} client;

typedef struct world {
  stardeleg_time now;
  stardeleg_store *ido_store;
  stardeleg_store *ca_store;
  stardeleg_secrets *secrets;
  stardeleg_ido *ido;
  stardeleg_ca *ca;
  stardeleg_key *root_key;
  char *root_pem;
  client clients[CLIENTS];
  char *finalize;        /* payload with the CSR */
  stardeleg_bytes csr;
  double engine_s;       /* CPU inside the owner's engine */
} world;

/* CPU of this thread: whoever commits for others does it inside its own handle(). */
static double cpu_now(void)
{
  struct timespec at;

  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static stardeleg_err handle(void *ctx, const stardeleg_http_request *request, stardeleg_time now,
                            stardeleg_http_reply **reply)
{
  client *c = ctx;
  double begun = cpu_now();
  stardeleg_err err = stardeleg_ido_handle(c->w->ido, request, now, reply);

  c->handle_s += cpu_now() - begun;
  return err;
}

/* --- Making the world --- */

static void open_stores(world *w, bool memory)
{
#if STARDELEG_HAVE_SQLITE
  if (!memory) {
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/ido.db", test_directory());
    assert_ok(stardeleg_store_sqlite_open(&w->ido_store, path, NULL, NULL, 0));
  }
#endif
  if (w->ido_store == NULL) {
    assert_ok(stardeleg_store_memory_new(&w->ido_store));
  }
  (void)memory;
  assert_ok(stardeleg_store_memory_new(&w->ca_store));
  assert_ok(stardeleg_secrets_memory_new(&w->secrets));
}

static void open_ca(world *w)
{
  stardeleg_ca_options options;

  assert_ok(stardeleg_key_generate(&w->root_key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_ca_make_root(&w->root_pem, w->root_key, "bench", w->now - 86400000, w->now + INT64_C(86400000) * 3000));
  stardeleg_ca_options_default(&options);
  options.crypto = test_crypto();
  options.store = w->ca_store;
  options.base_url = CA_BASE;
  options.issuer_key = w->root_key;
  options.issuer_chain_pem = sdg_bytes_str(w->root_pem);
  options.poll_ms = 0;
  assert_ok(stardeleg_ca_new(&w->ca, &options, NULL));
}

static void register_client(client *c, const char *mac_key)
{
  sdg_buf eab;
  sdg_buf payload;

  acme_peer_init(&c->peer, handle, c, BASE, &c->w->now, STARDELEG_KEY_P256);
  sdg_buf_init(&eab, 8192);
  sdg_buf_init(&payload, 8192);
  acme_peer_eab(&c->peer, &eab, c->name, mac_key);
  sdg_buf_add_str(&payload, "{\"externalAccountBinding\":");
  sdg_buf_add_bytes(&payload, sdg_buf_bytes(&eab));
  sdg_buf_add_str(&payload, "}");
  assert_int_equal(acme_peer_new_account(&c->peer, sdg_buf_str(&payload)), 201);
  sdg_buf_clear(&eab);
  sdg_buf_clear(&payload);
}

static void open_client(world *w, size_t i)
{
  client *c = &w->clients[i];
  stardeleg_ido_delegation delegation;
  char mac_key[64];
  char id[65];

  c->w = w;
  (void)snprintf(c->name, sizeof(c->name), "cdn%zu", i);
  assert_ok(stardeleg_ido_ndc_add(w->ido, c->name, mac_key, w->now));
  memset(&delegation, 0, sizeof(delegation));
  delegation.size = sizeof(delegation);
  delegation.id = c->name;
  delegation.ndc = c->name;
  delegation.csr_template = sdg_bytes_str(TEMPLATE);
  delegation.expires_at = STARDELEG_TIME_NEVER;
  assert_ok(stardeleg_ido_delegation_add(w->ido, &delegation, id, w->now, NULL));
  register_client(c, mac_key);
  c->handle_s = 0;
}

static void open_ido(world *w)
{
  stardeleg_issuer_options issuer;
  stardeleg_ido_options options;

  memset(&issuer, 0, sizeof(issuer));
  issuer.size = sizeof(issuer);
  issuer.name = "ca";
  issuer.kind = "star";
  issuer.directory_url = CA_BASE "/directory";
  stardeleg_ido_options_default(&options);
  options.crypto = test_crypto();
  options.store = w->ido_store;
  options.secrets = w->secrets;
  options.base_url = BASE;
  options.issuers = &issuer;
  options.issuer_count = 1;
  options.poll_ms = 0;
  options.order_poll_ms = 100;
  assert_ok(stardeleg_ido_new(&w->ido, &options, NULL));
  for (size_t i = 0; i < CLIENTS; i++) {
    open_client(w, i);
  }
}

static void make_csr(world *w)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_key *key = NULL;
  uint8_t *der = NULL;
  size_t len = 0;
  sdg_buf text;

  assert_ok(stardeleg_template_load(&tmpl, sdg_bytes_str(TEMPLATE), NULL, NULL));
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_template_build(tmpl, key, NULL, 0, &der, &len, NULL));
  sdg_buf_init(&text, 16384);
  sdg_buf_add_str(&text, "{\"csr\":\"");
  sdg_base64url_write(&text, sdg_bytes(der, len));
  sdg_buf_add_str(&text, "\"}");
  assert_ok(sdg_buf_take(&text, &w->finalize, NULL));
  sdg_buf_clear(&text);
  w->csr = sdg_bytes(der, len);
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

/* --- Orders --- */

static void place(client *c, size_t i)
{
  char payload[512];
  char url[300];

  (void)snprintf(payload, sizeof(payload),
                 "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"" NAME "\"}],\"auto-renewal\":{\"end-date\":"
                 "\"2026-03-01T00:00:00Z\",\"lifetime\":345600,\"allow-certificate-get\":true},"
                 "\"delegation\":\"" BASE "/delegation/%s\"}",
                 c->name);
  assert_int_equal(acme_peer_post(&c->peer, BASE "/new-order", payload), 201);
  (void)snprintf(c->urls[i], sizeof(c->urls[i]), "%s", acme_peer_header(&c->peer, "Location"));
  (void)snprintf(url, sizeof(url), "%s/finalize", c->urls[i]);
  assert_int_equal(acme_peer_post(&c->peer, url, c->w->finalize), 200);
}

static void *place_all(void *ctx)
{
  for (size_t i = 0; i < BATCH; i++) {
    place(ctx, i);
  }
  return NULL;
}

static void *poll_all(void *ctx)
{
  client *c = ctx;

  for (size_t i = 0; i < BATCH; i++) {
    assert_int_equal(acme_peer_fetch(&c->peer, c->urls[i]), 200);
    assert_int_equal(acme_peer_fetch(&c->peer, c->urls[i]), 200);
    assert_string_equal(acme_peer_string(&c->peer, "status"), "valid");
  }
  return NULL;
}

static void together(world *w, void *(*fn)(void *ctx))
{
  for (size_t i = 0; i < CLIENTS; i++) {
    assert_int_equal(pthread_create(&w->clients[i].thread, NULL, fn, &w->clients[i]), 0);
  }
  for (size_t i = 0; i < CLIENTS; i++) {
    assert_int_equal(pthread_join(w->clients[i].thread, NULL), 0);
  }
}

static stardeleg_err route(world *w, const stardeleg_http_request *request, stardeleg_http_reply **reply)
{
  stardeleg_http_request inside = *request;

  if (strncmp(request->url, "https://ca.example", 18) == 0) {
    inside.url = request->url + 18;
    return stardeleg_ca_handle(w->ca, &inside, w->now, reply);
  }
  inside.url = strchr(request->url + 7, '/');
  return stardeleg_ido_handle_http01(w->ido, &inside, w->now, reply);
}

/* One step of an engine; true if there was something to do now. */
static bool step(world *w, const stardeleg_engine *engine, double *cpu, stardeleg_time *until)
{
  stardeleg_ask ask;
  stardeleg_http_reply *reply = NULL;
  stardeleg_outcome outcome = {0};
  double begun = cpu_now();

  assert_ok(engine->next(engine->self, &ask, w->now));
  *cpu += cpu_now() - begun;
  if (ask.want == STARDELEG_WANT_WAIT) {
    *until = ask.until < *until ? ask.until : *until;
    return false;
  }
  assert_ok(route(w, &ask.request, &reply));
  outcome.response = stardeleg_http_reply_view(reply);
  begun = cpu_now();
  assert_ok(engine->answer(engine->self, ask.id, &outcome, w->now));
  *cpu += cpu_now() - begun;
  stardeleg_http_reply_free(reply);
  return true;
}

/* Until nothing is due within the next few seconds: renewals are days away. */
static void settle(world *w)
{
  stardeleg_time end = w->now + 30000;
  double ignored = 0;

  while (w->now < end) {
    stardeleg_time until = STARDELEG_TIME_NEVER;
    bool busy = step(w, stardeleg_ido_engine(w->ido), &w->engine_s, &until);

    busy = step(w, stardeleg_ca_engine(w->ca), &ignored, &until) || busy;
    if (!busy) {
      w->now = until < end ? (until > w->now ? until : w->now + 1) : end;
    }
  }
}

static void run(world *w, size_t rounds)
{
  for (size_t done = 0; done < rounds; done++) {
    together(w, place_all);
    settle(w);
    together(w, poll_all);
  }
}

/* What the signatures alone cost: an account's key is known, the CSR's is not. */
static double measure_floor(world *w)
{
  enum { ROUNDS = 200 };
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t len = 0;
  stardeleg_bytes message = SDG_BYTES_LITERAL("a message of about the length of what is signed in a request, or so; give or take");
  sdg_pubkey *key = NULL;
  double begun;
  double floor_s;

  assert_ok(sdg_key_sign(w->clients[0].peer.key, STARDELEG_ALG_ES256, &message, 1, signature, &len));
  assert_ok(sdg_pubkey_import(&key, test_crypto(), stardeleg_key_spki(w->clients[0].peer.key), NULL));
  assert_ok(sdg_pubkey_verify(key, STARDELEG_ALG_ES256, &message, 1, sdg_bytes(signature, len)));
  begun = cpu_now();
  for (int i = 0; i < ROUNDS * 4; i++) {
    assert_ok(sdg_pubkey_verify(key, STARDELEG_ALG_ES256, &message, 1, sdg_bytes(signature, len)));
  }
  for (int i = 0; i < ROUNDS; i++) {
    sdg_pubkey *fresh = NULL;

    assert_ok(sdg_pubkey_import(&fresh, test_crypto(), stardeleg_key_spki(w->clients[0].peer.key), NULL));
    assert_ok(sdg_pubkey_verify(fresh, STARDELEG_ALG_ES256, &message, 1, sdg_bytes(signature, len)));
    sdg_pubkey_free(fresh);
  }
  floor_s = (cpu_now() - begun) / ROUNDS;
  sdg_pubkey_free(key);
  return floor_s;
}

static void close_world(world *w)
{
  for (size_t i = 0; i < CLIENTS; i++) {
    acme_peer_clear(&w->clients[i].peer);
  }
  stardeleg_ido_free(w->ido);
  stardeleg_ca_free(w->ca);
  stardeleg_key_free(w->root_key);
  free(w->root_pem);
  free(w->finalize);
  free((void *)(uintptr_t)w->csr.base);
  stardeleg_store_free(w->ido_store);
  stardeleg_store_free(w->ca_store);
  stardeleg_secrets_free(w->secrets);
}

int main(int argc, char **argv)
{
  static world w;
  size_t rounds = (argc > 1 ? (size_t)strtoumax(argv[1], NULL, 10) : 2000) / (CLIENTS * BATCH);
  bool memory = argc > 2 && strcmp(argv[2], "memory") == 0;
  double orders = (double)((rounds > 0 ? rounds : 1) * CLIENTS * BATCH);
  double handle_s = 0;
  double floor_s;

  w.now = INT64_C(1767225600000); /* 2026-01-01 */
  open_stores(&w, memory);
  open_ca(&w);
  open_ido(&w);
  make_csr(&w);
  run(&w, rounds > 0 ? rounds : 1);
  for (size_t i = 0; i < CLIENTS; i++) {
    handle_s += w.clients[i].handle_s;
  }
  floor_s = measure_floor(&w);
  (void)printf("crypto=%s store=%s orders=%.0f\n", test_crypto()->ops->name, w.ido_store->ops->name, orders);
  (void)printf("towards delegates: %.3f ms CPU per order (signatures alone %.3f ms; ratio %.2f)\n",
               handle_s * 1e3 / orders, floor_s * 1e3, handle_s / orders / floor_s);
  (void)printf("towards the CA:    %.3f ms CPU per order\n", w.engine_s * 1e3 / orders);
  close_world(&w);
  return 0;
}

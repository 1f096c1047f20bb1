/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_bench.c -- many delegations in one engine: what one costs in memory, and whether next() gets slower with them.
 *
 * The records are written by a first engine's discovery; then the engine is driven with answers that never come, so
 * that only its own work is measured.  Ends with 1 if next() with 10,000 costs more than eight times that with 100, for
 * each request it asks for. */
#include "support/test.h"

#include <malloc.h>
#include <time.h>

#include <stardeleg/ndc.h>

#include "base/bytes.h"

#define RATIO_MAX 8.0
#define EXCHANGES 20000u

static double seconds(void)
{
  struct timespec t;

  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t in_use(void)
{
  return mallinfo2().uordblks;
}

/* A delegation with a STAR certificate, as the engine writes it; the chain is what it weighs in practice. */
static void write_record(const stardeleg_store *store, size_t i, stardeleg_time now)
{
  static char text[8192];
  static char chain[3001];
  uint8_t hash[STARDELEG_HASH_MAX];
  char url[96];
  char id[64];
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  stardeleg_store_op op = {0};
  stardeleg_bytes piece;
  uint32_t bits = 0;
  int have = 0;
  size_t n = 0;

  memset(chain, 'A', sizeof(chain) - 1);
  (void)snprintf(url, sizeof(url), "https://ido.example/acme/delegation/%016zu", i);
  piece = sdg_bytes_str(url);
  assert_ok(test_crypto()->ops->hash(test_crypto()->self, STARDELEG_HASH_SHA256, &piece, 1, hash));
  for (size_t k = 0; k < 32; k++) {
    bits = bits << 8 | hash[k];
    for (have += 8; have >= 6; have -= 6) {
      id[n++] = alphabet[bits >> (have - 6) & 63];
    }
  }
  id[n++] = alphabet[bits << (6 - have) & 63];
  id[n] = '\0';
  (void)snprintf(
      text, sizeof(text),
      "{\"v\":1,\"url\":\"%s\",\"state\":\"rest\",\"current\":{\"key\":\"ndc-key-0123456789012345678901\","
      "\"template\":\"x\",\"orderUrl\":\"https://ido.example/acme/order/%016zu\","
      "\"certificateUrl\":\"https://ca.example/acme/certificate/%022zu\",\"etag\":\"\\\"0123456789abcdef\\\"\","
      "\"serial\":\"0123456789abcdef0123456789abcdef\",\"autoRenewal\":{\"end-date\":"
      "\"2030-01-01T00:00:00Z\",\"lifetime\":345600,\"allow-certificate-get\":true},\"orderedAt\":%lld,"
      "\"notBefore\":%lld,\"notAfter\":%lld,\"over\":0},\"chain\":\"%s\",\"names\":[\"n%zu.example\"]}",
      url, i, i, (long long)now, (long long)now, (long long)(now + (INT64_C(4) + (int64_t)(i % 7)) * 86400000), chain,
      i);
  op.kind = "ndc.delegation";
  op.key = id;
  op.value = sdg_bytes_str(text);
  op.verb = STARDELEG_STORE_PUT;
  op.due = STARDELEG_TIME_NEVER;
  assert_ok(store->ops->batch(store->self, &op, 1));
}

/* The certificates are over, so that none is told: that costs keys, not next(). */
static int ignore(void *ctx, const stardeleg_ndc_event *event)
{
  (void)ctx;
  (void)event;
  return 0;
}

static double measure(size_t count)
{
  const stardeleg_time begin = (stardeleg_time)1767225600 * 1000;
  stardeleg_store *store = NULL;
  stardeleg_secrets *secrets = NULL;
  stardeleg_ndc_options options;
  stardeleg_ndc *ndc = NULL;
  const stardeleg_engine *engine;
  const stardeleg_outcome lost = {.failure = STARDELEG_TRANSPORT_TIMEOUT};
  stardeleg_time now = begin + INT64_C(11) * 86400000;
  size_t exchanges = 0;
  size_t before;
  double began;
  double spent = 0;
  double each;

  assert_ok(stardeleg_store_memory_new(&store));
  assert_ok(stardeleg_secrets_memory_new(&secrets));
  for (size_t i = 0; i < count; i++) {
    write_record(store, i, begin);
  }
  stardeleg_ndc_options_default(&options);
  options.crypto = test_crypto();
  options.store = store;
  options.secrets = secrets;
  options.directory_url = "https://ido.example/acme/directory";
  options.on_event = ignore;
  before = in_use();
  began = seconds();
  assert_ok(stardeleg_ndc_new(&ndc, &options, NULL));
  printf("%6zu delegations: %.0f bytes each, read in %.0f ms", count, (double)(in_use() - before) / (double)count,
         (seconds() - began) * 1e3);
  engine = stardeleg_ndc_engine(ndc);
  while (exchanges < EXCHANGES) {
    stardeleg_ask ask;

    began = seconds();
    assert_ok(engine->next(engine->self, &ask, now));
    spent += seconds() - began;
    if (ask.want == STARDELEG_WANT_EXCHANGE) {
      assert_ok(engine->answer(engine->self, ask.id, &lost, now));
      exchanges++;
    } else {
      now = ask.until > now ? ask.until : now + 1;
    }
  }
  each = spent / EXCHANGES;
  printf(", next() %.2f us an exchange\n", each * 1e6);
  stardeleg_ndc_free(ndc);
  stardeleg_store_free(store);
  stardeleg_secrets_free(secrets);
  return each;
}

int main(void)
{
  double few = measure(100);
  double many = measure(10000);

  printf("ratio 10,000 to 100: %.2f (at most %.1f)\n", many / few, RATIO_MAX);
  return many / few <= RATIO_MAX ? 0 : 1;
}

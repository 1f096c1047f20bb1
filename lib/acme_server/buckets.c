/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/buckets.c -- the ready-made limiter: a fixed table of buckets.
 *
 * A client has a bucket in each of two rows, chosen by a keyed hash, and is refused only if both are empty: sharing
 * one with somebody busy does no harm, and nobody can choose whom to share with.  Nothing has to be swept. */
#include <stardeleg/limiter.h>

#include <pthread.h>
#include <string.h>

#include "acme_server/rate.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "crypto/crypto.h"

#define ROWS 2u
#define LIMITS ((size_t)SDG_PERS * STARDELEG_LIMIT_ACTS)
#define BUCKETS_MIN 256u
#define BUCKETS_MAX ((size_t)1 << 20)
#define EVERY_MAX (30 * SDG_TIME_DAY)

typedef struct buckets {
  stardeleg_limiter limiter; /* first: the limiter is the table */
  const stardeleg_crypto *crypto;
  const stardeleg_store *store; /* of the rarer acts; NULL: they are counted here too */
  sdg_rates rates;
  uint8_t key[32];
  pthread_mutex_t lock;
  size_t per_row;
  stardeleg_time full_at[];
} buckets;

/* Where a limit that concerns a question has its buckets. */
typedef struct limit {
  const stardeleg_rate *rate;
  size_t at[ROWS];
} limit;

void stardeleg_buckets_options_default(stardeleg_buckets_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
  options->per_source[STARDELEG_LIMIT_REQUEST] = (stardeleg_rate){600, 50};
  options->per_source[STARDELEG_LIMIT_ACCOUNT] = (stardeleg_rate){20, 600 * SDG_TIME_S};
  options->per_account[STARDELEG_LIMIT_SIGNED] = (stardeleg_rate){300, 100};
  options->per_account[STARDELEG_LIMIT_ORDER] = (stardeleg_rate){300, 36 * SDG_TIME_S};
  options->buckets = 16384;
}

/* --- Which ones --- */

static stardeleg_err choose(const buckets *b, const sdg_rate_subject *subject, size_t limit_index, size_t at[ROWS])
{
  uint8_t mac[STARDELEG_HASH_MAX];
  size_t len = 0;
  stardeleg_err err =
      sdg_mac(b->crypto, STARDELEG_ALG_HS256, sdg_bytes(b->key, sizeof(b->key)), subject->pieces, 2, mac, &len);

  for (size_t row = 0; err == STARDELEG_OK && row < ROWS; row++) {
    uint64_t number = 0;

    memcpy(&number, mac + row * sizeof(number), sizeof(number));
    /* Each limit has rows of its own: a bucket of one rate says nothing to another. */
    at[row] = (limit_index * ROWS + row) * b->per_row + (size_t)(number % b->per_row);
  }
  return err;
}

static size_t find_limits(buckets *b, const stardeleg_limit_query *query, limit found[SDG_PERS])
{
  sdg_rate_subject subject;
  size_t count = 0;

  for (size_t per = 0; per < SDG_PERS; per++) {
    /* A limit that cannot be computed must not shut out everybody. */
    if (sdg_rate_describe(&subject, b->rates, query, per) &&
        choose(b, &subject, per * STARDELEG_LIMIT_ACTS + (size_t)query->act, found[count].at) == STARDELEG_OK) {
      found[count++].rate = &b->rates[per][query->act];
    }
  }
  return count;
}

/* --- Asked --- */

/* The earlier of its rows. */
static stardeleg_time look(buckets *b, const limit *l, stardeleg_time now)
{
  stardeleg_time fits_at = STARDELEG_TIME_NEVER;

  for (size_t row = 0; row < ROWS; row++) {
    stardeleg_time at = sdg_rate_look(&b->full_at[l->at[row]], l->rate, now);

    fits_at = at < fits_at ? at : fits_at;
  }
  return fits_at;
}

/* Every limit has room, and each counts; or none does. */
static stardeleg_time ask_memory(buckets *b, const stardeleg_limit_query *query)
{
  limit found[SDG_PERS];
  size_t count = find_limits(b, query, found);
  stardeleg_time back_at = STARDELEG_TIME_NONE;

  (void)pthread_mutex_lock(&b->lock);
  for (size_t i = 0; i < count; i++) {
    stardeleg_time fits_at = look(b, &found[i], query->now);

    back_at = fits_at > query->now && fits_at > back_at ? fits_at : back_at;
  }
  for (size_t i = 0; i < count && back_at == STARDELEG_TIME_NONE; i++) {
    for (size_t row = 0; row < ROWS; row++) {
      stardeleg_time *full_at = &b->full_at[found[i].at[row]];

      *full_at = sdg_rate_take(*full_at, found[i].rate, query->now);
    }
  }
  (void)pthread_mutex_unlock(&b->lock);
  return back_at;
}

static stardeleg_time ask(void *self, const stardeleg_limit_query *query)
{
  buckets *b = self;

  if ((unsigned)query->act >= STARDELEG_LIMIT_ACTS) {
    return STARDELEG_TIME_NONE;
  }
  return b->store != NULL && (query->act == STARDELEG_LIMIT_ACCOUNT || query->act == STARDELEG_LIMIT_ORDER)
             ? sdg_rate_ask_store(b->store, b->crypto, b->rates, query)
             : ask_memory(b, query);
}

/* --- In and out --- */

static bool rate_is_good(const stardeleg_rate *rate)
{
  return rate->burst == 0 || (rate->burst <= 1000000000u && rate->every_ms >= 1 && rate->every_ms <= EVERY_MAX);
}

stardeleg_err stardeleg_buckets_new(stardeleg_limiter **out, const stardeleg_crypto *crypto,
                                    const stardeleg_buckets_options *options)
{
  buckets *b;
  stardeleg_err err;

  if (out == NULL || crypto == NULL || options == NULL || options->size != sizeof(*options) ||
      options->buckets < BUCKETS_MIN || options->buckets > BUCKETS_MAX) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (size_t i = 0; i < STARDELEG_LIMIT_ACTS; i++) {
    if (!rate_is_good(&options->per_source[i]) || !rate_is_good(&options->per_account[i])) {
      return STARDELEG_ERR_ARGUMENT;
    }
  }
  b = sdg_calloc(1, sizeof(*b) + LIMITS * ROWS * options->buckets * sizeof(b->full_at[0]));
  if (b == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_random(crypto, b->key, sizeof(b->key));
  if (err == STARDELEG_OK && pthread_mutex_init(&b->lock, NULL) != 0) {
    err = STARDELEG_ERR_NOMEM;
  }
  if (err != STARDELEG_OK) {
    sdg_free(b);
    return err;
  }
  b->limiter = (stardeleg_limiter){b, ask};
  b->crypto = crypto;
  b->store = options->store;
  memcpy(b->rates[SDG_PER_SOURCE], options->per_source, sizeof(b->rates[SDG_PER_SOURCE]));
  memcpy(b->rates[SDG_PER_ACCOUNT], options->per_account, sizeof(b->rates[SDG_PER_ACCOUNT]));
  b->per_row = options->buckets;
  *out = &b->limiter;
  return STARDELEG_OK;
}

void stardeleg_buckets_free(stardeleg_limiter *limiter)
{
  buckets *b = (buckets *)limiter; /* its first member */

  if (b != NULL) {
    (void)pthread_mutex_destroy(&b->lock);
    sdg_wipe(b->key, sizeof(b->key));
    sdg_free(b);
  }
}

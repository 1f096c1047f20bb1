/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/buckets.c -- the ready-made limiter: a fixed table of buckets.
 *
 * A client has a bucket in each of two rows, chosen by a keyed hash, and is refused only if both are empty: sharing
 * one with somebody busy does no harm, and nobody can choose whom to share with.  A bucket is one instant, that at
 * which it is full again (GCRA), so nothing ever has to be filled or swept. */
#include <stardeleg/limiter.h>

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "crypto/crypto.h"

#define ROWS 2u
#define LIMITS (2u * STARDELEG_LIMIT_ACTS)
#define BUCKETS_MIN 256u
#define BUCKETS_MAX ((size_t)1 << 20)
#define EVERY_MAX (30 * SDG_TIME_DAY)
#define IPV6_GROUPS 4u /* of the first 64 bits */

typedef struct buckets {
  stardeleg_limiter limiter; /* first: the limiter is the table */
  const stardeleg_crypto *crypto;
  stardeleg_rate rates[2][STARDELEG_LIMIT_ACTS]; /* per source, per account */
  uint8_t key[32];
  pthread_mutex_t lock;
  size_t per_row;
  stardeleg_time full_at[];
} buckets;

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

/* --- One bucket --- */

/* When one more fits; |now| or earlier: it does. */
static stardeleg_time fits_at(stardeleg_time full_at, const stardeleg_rate *rate)
{
  return full_at - ((int64_t)rate->burst - 1) * rate->every_ms;
}

/* A clock that was set back must not shut anybody out for as long: no bucket is ever emptier than empty. */
static stardeleg_time sane(stardeleg_time full_at, const stardeleg_rate *rate, stardeleg_time now)
{
  return full_at > now && full_at - now > (int64_t)rate->burst * rate->every_ms ? now : full_at;
}

/* --- Which ones --- */

static size_t hex_value(char c)
{
  if (c >= '0' && c <= '9') {
    return (size_t)(c - '0');
  }
  if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
    return (size_t)((c | 0x20) - 'a') + 10;
  }
  return 16;
}

/* The first four groups of an IPv6 address, as numbers: whoever has one address of a network has all of them.  Anything
 * that is no such address counts as it is written. */
static bool take_network(uint16_t groups[IPV6_GROUPS], const char *source)
{
  size_t n = 0;

  memset(groups, 0, IPV6_GROUPS * sizeof(groups[0]));
  if (strchr(source, ':') == NULL || strchr(source, '.') != NULL) {
    return false;
  }
  for (const char *at = source; n < IPV6_GROUPS && *at != '\0' && *at != '%'; n++) {
    unsigned value = 0;
    size_t digits = 0;

    for (; hex_value(*at) < 16 && digits < 4; at++, digits++) {
      value = value << 4 | (unsigned)hex_value(*at);
    }
    if (*at != ':' && *at != '\0' && *at != '%') {
      return false;
    }
    if (digits == 0) {
      return true; /* "::": what it leaves out in front of the 64th bit is taken as zero */
    }
    groups[n] = (uint16_t)value;
    at += *at == ':' ? 1 : 0;
  }
  return true;
}

static stardeleg_err choose(const buckets *b, size_t per, stardeleg_limit_act act, const char *who, size_t at[ROWS])
{
  const uint8_t head[2] = {(uint8_t)per, (uint8_t)act};
  uint8_t mac[STARDELEG_HASH_MAX];
  uint16_t network[IPV6_GROUPS];
  stardeleg_bytes pieces[2] = {{head, sizeof(head)}, sdg_bytes_str(who)};
  size_t len = 0;
  stardeleg_err err;

  if (per == 0 && take_network(network, who)) {
    pieces[1] = sdg_bytes((const uint8_t *)network, sizeof(network));
  }
  err = sdg_mac(b->crypto, STARDELEG_ALG_HS256, sdg_bytes(b->key, sizeof(b->key)), pieces, 2, mac, &len);
  for (size_t row = 0; err == STARDELEG_OK && row < ROWS; row++) {
    uint64_t number = 0;

    memcpy(&number, mac + row * sizeof(number), sizeof(number));
    /* Each limit has rows of its own: a bucket of one rate says nothing to another. */
    at[row] = ((per * STARDELEG_LIMIT_ACTS + act) * ROWS + row) * b->per_row + (size_t)(number % b->per_row);
  }
  return err;
}

/* --- Asked --- */

static stardeleg_time ask_one(buckets *b, size_t per, stardeleg_limit_act act, const char *who, stardeleg_time now)
{
  const stardeleg_rate *rate = &b->rates[per][act];
  stardeleg_time back_at = STARDELEG_TIME_NEVER;
  size_t at[ROWS];

  if (rate->burst == 0 || who == NULL || choose(b, per, act, who, at) != STARDELEG_OK) {
    return STARDELEG_TIME_NONE; /* a limit that cannot be computed must not shut out everybody */
  }
  (void)pthread_mutex_lock(&b->lock);
  for (size_t row = 0; row < ROWS; row++) {
    stardeleg_time fits;

    b->full_at[at[row]] = sane(b->full_at[at[row]], rate, now);
    fits = fits_at(b->full_at[at[row]], rate);
    back_at = fits < back_at ? fits : back_at;
  }
  if (back_at <= now) {
    for (size_t row = 0; row < ROWS; row++) {
      stardeleg_time *full_at = &b->full_at[at[row]];
      const stardeleg_time empty_at = now + (int64_t)rate->burst * rate->every_ms;

      *full_at = (*full_at > now ? *full_at : now) + rate->every_ms;
      *full_at = *full_at < empty_at ? *full_at : empty_at;
    }
    back_at = STARDELEG_TIME_NONE;
  }
  (void)pthread_mutex_unlock(&b->lock);
  return back_at;
}

static stardeleg_time ask(void *self, const stardeleg_limit_query *query)
{
  buckets *b = self;
  stardeleg_time back_at;

  if ((unsigned)query->act >= STARDELEG_LIMIT_ACTS) {
    return STARDELEG_TIME_NONE;
  }
  back_at = ask_one(b, 1, query->act, query->account, query->now);
  return back_at != STARDELEG_TIME_NONE ? back_at : ask_one(b, 0, query->act, query->source, query->now);
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
  memcpy(b->rates[0], options->per_source, sizeof(b->rates[0]));
  memcpy(b->rates[1], options->per_account, sizeof(b->rates[1]));
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

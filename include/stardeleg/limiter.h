/* SPDX-License-Identifier: Apache-2.0 */
/** @file limiter.h
 *  Rate limits of the servers (RFC 8555 6.6): one function that is asked, and a ready-made one with a bucket per
 *  account and per source address, in bounded memory. */
#ifndef STARDELEG_LIMITER_H
#define STARDELEG_LIMITER_H

#include <stardeleg/crypto.h>
#include <stardeleg/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a client is about to do. */
typedef enum stardeleg_limit_act {
  STARDELEG_LIMIT_REQUEST = 0, /**< any POST, before its signature is looked at; |account| is NULL */
  STARDELEG_LIMIT_SIGNED,      /**< a request whose signature by |account| is good */
  STARDELEG_LIMIT_ACCOUNT,     /**< make an account; everything else about it is in order; |account| is NULL */
  STARDELEG_LIMIT_ORDER        /**< make an order */
} stardeleg_limit_act;
/** How many there are. */
#define STARDELEG_LIMIT_ACTS 4

/** One question.  Everything is borrowed for the call. */
typedef struct stardeleg_limit_query {
  size_t size;             /**< sizeof of this struct */
  stardeleg_limit_act act; /**< what is to be done */
  const char *source;      /**< where the request comes from, from stardeleg_http_request; NULL: unknown */
  const char *account;     /**< id of the account, or NULL */
  stardeleg_time now;      /**< the instant */
} stardeleg_limit_query;

/** Who is asked.  May be shared by roles; must outlive them. */
typedef struct stardeleg_limiter {
  void *self; /**< handed to |ask| */
  /** Counts the act and returns STARDELEG_TIME_NONE: go on; or the instant, after |now|, at which to come back (the
   *  client is told rateLimited with a Retry-After): then it does not count.  Any thread; must not call the role. */
  stardeleg_time (*ask)(void *self, const stardeleg_limit_query *query);
} stardeleg_limiter;

/** |burst| at once, and one more every |every_ms| milliseconds. */
typedef struct stardeleg_rate {
  uint32_t burst;   /**< 0: no limit */
  int64_t every_ms; /**< 1 to 30 days */
} stardeleg_rate;

/** How the ready-made limiter works.  Set by stardeleg_buckets_options_default(), then changed. */
typedef struct stardeleg_buckets_options {
  size_t size;                                  /**< sizeof of this struct */
  stardeleg_rate per_source[STARDELEG_LIMIT_ACTS];  /**< by act; a request without a source is not limited by it */
  stardeleg_rate per_account[STARDELEG_LIMIT_ACTS]; /**< by act; likewise */
  size_t buckets; /**< how many for each limit, 16 bytes each; 256 to 2^20; more clients than that share theirs */
  /** Not NULL: new accounts and new orders are counted here, for all processes with the same store together, at the
   *  price of a read and a write for each; must outlive the limiter.  Requests are counted by each process in any
   *  case: each of them costs no more than what it is to be kept from. */
  const stardeleg_store *store;
} stardeleg_buckets_options;

/** Per source: 600 requests and 20 a second, 20 new accounts and one every 10 minutes.  Per account: 300 requests and
 *  10 a second, 300 new orders and one every 36 seconds.  16384 buckets, no store. */
STARDELEG_API void stardeleg_buckets_options_default(stardeleg_buckets_options *options);

/** Makes the ready-made limiter.  Its memory is fixed; without a |store| in the options each process counts by itself.
 *  An IPv6 source counts by its first 64 bits.  |crypto| must outlive it.  Returns 0, ARGUMENT, NOMEM or RANDOM.  Free
 *  with stardeleg_buckets_free(), after the roles that use it. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_buckets_new(stardeleg_limiter **out,
                                                                       const stardeleg_crypto *crypto,
                                                                       const stardeleg_buckets_options *options);
/** Frees what stardeleg_buckets_new() made; NULL allowed. */
STARDELEG_API void stardeleg_buckets_free(stardeleg_limiter *limiter);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_LIMITER_H */

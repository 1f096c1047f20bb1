/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/rate.h -- what the ready-made limiter's buckets have in common, in memory and in the store.
 *
 * A bucket is one instant, that at which it is full again (GCRA): nothing ever has to be filled. */
#ifndef SDG_ACME_SERVER_RATE_H
#define SDG_ACME_SERVER_RATE_H

#include <stdbool.h>

#include <stardeleg/limiter.h>

/* Rates by whom they count: SDG_PER_SOURCE, SDG_PER_ACCOUNT; then by act. */
enum { SDG_PER_SOURCE = 0, SDG_PER_ACCOUNT, SDG_PERS };
typedef stardeleg_rate sdg_rates[SDG_PERS][STARDELEG_LIMIT_ACTS];

/* The instant at which one more fits; |now| or earlier: it does.  |*full_at| is brought into bounds: a clock that was
 * set back must not shut anybody out for as long. */
stardeleg_time sdg_rate_look(stardeleg_time *full_at, const stardeleg_rate *rate, stardeleg_time now);
/* The bucket with one more taken out. */
stardeleg_time sdg_rate_take(stardeleg_time full_at, const stardeleg_rate *rate, stardeleg_time now);

/* What a bucket's place or name is made of. */
typedef struct sdg_rate_subject {
  uint8_t head[2];
  uint8_t network[8];
  stardeleg_bytes pieces[2]; /* point into this and into the query */
} sdg_rate_subject;
/* False if |query| does not say who it is, or there is no limit. */
bool sdg_rate_describe(sdg_rate_subject *out, sdg_rates rates, const stardeleg_limit_query *query, size_t per);

/* Asks the buckets in the store, records "rate"; each of them counts or none. */
stardeleg_time sdg_rate_ask_store(const stardeleg_store *store, const stardeleg_crypto *crypto, sdg_rates rates,
                                  const stardeleg_limit_query *query);

#endif /* SDG_ACME_SERVER_RATE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* store/store.h -- short forms of the store's calls, and the checks every backend shares. */
#ifndef SDG_STORE_STORE_H
#define SDG_STORE_STORE_H

#include <stdbool.h>

#include <stardeleg/secrets.h>
#include <stardeleg/store.h>

#define SDG_SECRETS_NAME_MAX 200
/* Longest secret, in bytes: far above every key, far below what would hurt. */
#define SDG_SECRETS_LEN_MAX (1024u * 1024u)

STARDELEG_MUST_CHECK stardeleg_err sdg_store_get(const stardeleg_store *store, const char *kind, const char *key,
                                                 stardeleg_record *out);
/* One put without due and lease. |expected_version| 0 creates. */
STARDELEG_MUST_CHECK stardeleg_err sdg_store_put(const stardeleg_store *store, const char *kind, const char *key,
                                                 stardeleg_bytes value, const char *index, uint64_t expected_version);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_del(const stardeleg_store *store, const char *kind, const char *key,
                                                 uint64_t expected_version);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_batch(const stardeleg_store *store, const stardeleg_store_op *ops,
                                                   size_t n);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_scan(const stardeleg_store *store, const char *kind, const char *index,
                                                  const char *after, size_t limit, stardeleg_store_each fn, void *ctx);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_claim(const stardeleg_store *store, const char *kind, stardeleg_time now,
                                                   const char *owner, int64_t ttl_ms, stardeleg_record *out,
                                                   size_t limit, size_t *count);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_renew(const stardeleg_store *store, const char *kind, const char *key,
                                                   uint64_t fence, stardeleg_time now, int64_t ttl_ms);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_release(const stardeleg_store *store, const char *kind, const char *key,
                                                     uint64_t fence);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_next_due(const stardeleg_store *store, const char *kind,
                                                      stardeleg_time *out);

/* ARGUMENT unless every name of the operation is printable ASCII within the limits and the value fits. */
STARDELEG_MUST_CHECK stardeleg_err sdg_store_op_check(const stardeleg_store_op *op);
/* True for a kind or a key: printable ASCII, 1 to STARDELEG_STORE_NAME_MAX bytes. */
bool sdg_store_name_is_valid(const char *name);
/* True for an index, a cursor or an owner: the same, or NULL, or "". */
bool sdg_store_text_is_valid(const char *text);
/* The instant at which a lease taken at |now| ends; ARGUMENT if |now| is no instant or |ttl_ms| not positive. */
STARDELEG_MUST_CHECK stardeleg_err sdg_store_lease_end(stardeleg_time *out, stardeleg_time now, int64_t ttl_ms);

/* Secrets in short. */
STARDELEG_MUST_CHECK stardeleg_err sdg_secrets_get(const stardeleg_secrets *secrets, const char *name, uint8_t **out,
                                                   size_t *len);
STARDELEG_MUST_CHECK stardeleg_err sdg_secrets_put(const stardeleg_secrets *secrets, const char *name,
                                                   stardeleg_bytes secret);
STARDELEG_MUST_CHECK stardeleg_err sdg_secrets_del(const stardeleg_secrets *secrets, const char *name);
/* True if |name| is allowed by secrets.h. */
int sdg_secrets_name_is_valid(const char *name);
/* ARGUMENT unless |name| is allowed and |secret| has 1 to SDG_SECRETS_LEN_MAX bytes. */
STARDELEG_MUST_CHECK stardeleg_err sdg_secrets_put_check(const char *name, stardeleg_bytes secret);

#endif /* SDG_STORE_STORE_H */

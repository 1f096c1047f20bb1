/* SPDX-License-Identifier: Apache-2.0 */
/* store/store.h -- short forms of the store's calls, and the checks every backend shares. */
#ifndef SDG_STORE_STORE_H
#define SDG_STORE_STORE_H

#include <stardeleg/secrets.h>
#include <stardeleg/store.h>

STARDELEG_MUST_CHECK stardeleg_err sdg_store_get(const stardeleg_store *store, const char *kind, const char *key,
                                                 stardeleg_record *out);
/* One put without due and lease. |expected_version| 0 creates. */
STARDELEG_MUST_CHECK stardeleg_err sdg_store_put(const stardeleg_store *store, const char *kind, const char *key,
                                                 stardeleg_bytes value, const char *index, uint64_t expected_version);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_del(const stardeleg_store *store, const char *kind, const char *key,
                                                 uint64_t expected_version);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_batch(const stardeleg_store *store, const stardeleg_store_op *ops, size_t n);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_scan(const stardeleg_store *store, const char *kind, const char *index,
                                                  const char *after, size_t limit, stardeleg_store_each fn, void *ctx);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_claim(const stardeleg_store *store, const char *kind, stardeleg_time now,
                                                   const char *owner, int64_t ttl_ms, stardeleg_record *out, size_t limit,
                                                   size_t *count);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_renew(const stardeleg_store *store, const char *kind, const char *key,
                                                   uint64_t fence, stardeleg_time now, int64_t ttl_ms);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_release(const stardeleg_store *store, const char *kind, const char *key,
                                                     uint64_t fence);
STARDELEG_MUST_CHECK stardeleg_err sdg_store_next_due(const stardeleg_store *store, const char *kind, stardeleg_time *out);

/* ARGUMENT unless every name of the operation is printable ASCII within the limits and the value fits. */
STARDELEG_MUST_CHECK stardeleg_err sdg_store_op_check(const stardeleg_store_op *op);

/* Secrets in short. */
STARDELEG_MUST_CHECK stardeleg_err sdg_secrets_get(const stardeleg_secrets *secrets, const char *name, uint8_t **out,
                                                   size_t *len);
STARDELEG_MUST_CHECK stardeleg_err sdg_secrets_put(const stardeleg_secrets *secrets, const char *name,
                                                   stardeleg_bytes secret);
STARDELEG_MUST_CHECK stardeleg_err sdg_secrets_del(const stardeleg_secrets *secrets, const char *name);
/* True if |name| is allowed by secrets.h. */
int sdg_secrets_name_is_valid(const char *name);

#endif /* SDG_STORE_STORE_H */

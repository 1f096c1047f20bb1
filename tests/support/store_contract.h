/* SPDX-License-Identifier: Apache-2.0 */
/* support/store_contract.h -- what every store must do, whatever it is made of. */
#ifndef SDG_TESTS_SUPPORT_STORE_CONTRACT_H
#define SDG_TESTS_SUPPORT_STORE_CONTRACT_H

#include "support/test.h"

#include <stardeleg/secrets.h>

/* Makes an empty store; a later call makes another. */
typedef stardeleg_store *(*store_contract_open)(void);

/* Runs all tests of the contract on stores made by |open|.  Returns how many have failed. */
int store_contract_run(const char *name, store_contract_open open);

/* The same for secrets. */
typedef stardeleg_secrets *(*secrets_contract_open)(void);
int secrets_contract_run(const char *name, secrets_contract_open open);

/* The parts, and what they share. */
extern const struct CMUnitTest store_contract_records[];
extern const size_t store_contract_records_count;
extern const struct CMUnitTest store_contract_leases[];
extern const size_t store_contract_leases_count;
extern const struct CMUnitTest store_contract_threads[];
extern const size_t store_contract_threads_count;

/* A put of |value|; the rest is to be set by the caller. */
stardeleg_store_op contract_put(const char *kind, const char *key, const char *value, uint64_t expected_version);
stardeleg_store_op contract_del(const char *kind, const char *key, uint64_t expected_version);
stardeleg_err contract_run(const stardeleg_store *store, stardeleg_store_op op);
/* Creates a record that is due at |due|. */
void contract_create_due(const stardeleg_store *store, const char *kind, const char *key, stardeleg_time due);
/* The record's value, version and fence must be these. */
void contract_assert_record(const stardeleg_store *store, const char *kind, const char *key, const char *value,
                            uint64_t version);
void contract_assert_missing(const stardeleg_store *store, const char *kind, const char *key);
/* Claims at most one record and copies its key; returns the fence, or 0 if there was none. */
uint64_t contract_claim_one(const stardeleg_store *store, const char *kind, stardeleg_time now, int64_t ttl_ms,
                            char *key);

#endif /* SDG_TESTS_SUPPORT_STORE_CONTRACT_H */

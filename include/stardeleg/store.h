/* SPDX-License-Identifier: Apache-2.0 */
/** @file store.h
 *  The store: versioned records under compare-and-swap, due work under leases.
 *  All lasting state of every role is here, so a program may be killed at any
 *  moment and started again.  Private keys never enter the store (secrets.h).
 *
 *  A record is (kind, key) -> value, with a version (1, 2, 3 ...), up to one
 *  index string for scans, and an optional due instant for claims.  Keys, kinds
 *  and indexes are printable ASCII of at most 255 bytes; values at most
 *  STARDELEG_STORE_VALUE_MAX bytes. */
#ifndef STARDELEG_STORE_H
#define STARDELEG_STORE_H

#include <stardeleg/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Longest value, in bytes. */
#define STARDELEG_STORE_VALUE_MAX (1024u * 1024u)
/** Longest kind, key, index or owner, in bytes. */
#define STARDELEG_STORE_NAME_MAX 255

/** A record handed out by a store.  The strings and the value are NUL-terminated and
 *  belong to the record; free with stardeleg_record_clear(). */
typedef struct stardeleg_record {
  char *key;          /**< its key */
  char *index;        /**< its index; "" if it has none */
  uint8_t *value;     /**< its value, with a NUL behind it that |value_len| does not count */
  size_t value_len;   /**< length of |value|, in bytes */
  uint64_t version;   /**< 1 at creation, one more with each put */
  stardeleg_time due; /**< STARDELEG_TIME_NEVER: not due */
  uint64_t fence;     /**< number of the lease, from claim; 0 if none was ever taken */
} stardeleg_record;

/** What one operation of a batch does. */
typedef enum stardeleg_store_verb {
  STARDELEG_STORE_PUT = 1, /**< write a record */
  STARDELEG_STORE_DEL      /**< remove a record */
} stardeleg_store_verb;

/** One write. */
typedef struct stardeleg_store_op {
  stardeleg_store_verb verb; /**< PUT or DEL */
  const char *kind;          /**< which kind */
  const char *key;           /**< which record */
  stardeleg_bytes value;     /**< PUT: the new value */
  const char *index;         /**< PUT: for scan; NULL or "": none */
  stardeleg_time due;        /**< PUT: when claim may hand it out; STARDELEG_TIME_NEVER: not at all; NONE: ARGUMENT */
  /** The version the record must have now; 0: it must not exist (PUT; for DEL 0 is ARGUMENT).  Otherwise,
   *  a record that is missing included, the whole batch fails with CONFLICT. */
  uint64_t expected_version;
  /** If not 0: the record's fence must still be this one, else CONFLICT.  A PUT keeps the
   *  lease; release it with |release|. */
  uint64_t fence;
  int release; /**< PUT: nonzero drops the lease in the same step */
} stardeleg_store_op;

/** Calls |fn| for each record of a scan; nonzero stops the scan.  |record| is borrowed for the call.
 *  The store must not be called from within. */
typedef int (*stardeleg_store_each)(void *ctx, const stardeleg_record *record);

/** What a store implements.  All functions may be called from many threads.  They return
 *  0, NOT_FOUND, CONFLICT, STORE, NOMEM or ARGUMENT; after a failure nothing has changed. */
typedef struct stardeleg_store_ops {
  size_t size;      /**< sizeof of this struct as the store was compiled */
  const char *name; /**< "memory", "sqlite", ... */
  /** Reads one record; NOT_FOUND if there is none. */
  stardeleg_err (*get)(void *self, const char *kind, const char *key, stardeleg_record *out);
  /** Does all |n| writes or none, one after the other: each sees what those before it did. */
  stardeleg_err (*batch)(void *self, const stardeleg_store_op *ops, size_t n);
  /** Goes through the records of |kind| with |index| (NULL: any) in the order of their keys,
   *  beginning behind the key |after| (NULL or "": at the first), at most |limit|.  |index| "": those without one. */
  stardeleg_err (*scan)(void *self, const char *kind, const char *index, const char *after, size_t limit,
                        stardeleg_store_each fn, void *ctx);
  /** Takes a lease of |ttl_ms| on at most |limit| records of |kind| that are due at |now| and not
   *  leased, and hands them out with a new fence, larger than all before: first those that could be claimed
   *  earliest.  |owner| is for people and may be NULL.  |*count| is set. */
  stardeleg_err (*claim)(void *self, const char *kind, stardeleg_time now, const char *owner, int64_t ttl_ms,
                         stardeleg_record *out, size_t limit, size_t *count);
  /** Extends the lease |fence| to |now| + |ttl_ms|; CONFLICT if it is no longer ours.  A lease that has ended is
   *  ours until somebody else claims the record. */
  stardeleg_err (*renew)(void *self, const char *kind, const char *key, uint64_t fence, stardeleg_time now,
                         int64_t ttl_ms);
  /** Drops the lease |fence|; CONFLICT if it is no longer ours. */
  stardeleg_err (*release)(void *self, const char *kind, const char *key, uint64_t fence);
  /** The earliest instant at which claim(|kind|) could find something: the smallest due of an unleased
   *  record, or end of lease of a leased one; NEVER if there is none. */
  stardeleg_err (*next_due)(void *self, const char *kind, stardeleg_time *out);
  /** Frees the store. */
  void (*free)(void *self);
} stardeleg_store_ops;

/** A store: a backend and its state. */
typedef struct stardeleg_store {
  const stardeleg_store_ops *ops; /**< not NULL */
  void *self;                     /**< the backend's state */
} stardeleg_store;

/** Makes a store in memory.  Returns 0 or NOMEM.  Free with stardeleg_store_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_store_memory_new(stardeleg_store **out);

/** Frees a store that a _new function made; NULL allowed. */
STARDELEG_API void stardeleg_store_free(stardeleg_store *store);

/** Frees what |record| holds and zeroes it; NULL allowed. */
STARDELEG_API void stardeleg_record_clear(stardeleg_record *record);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_STORE_H */

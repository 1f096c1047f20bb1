/* SPDX-License-Identifier: Apache-2.0 */
/** @file secrets.h
 *  Where private keys and MAC keys live: never in the store's records.  The
 *  usual one keeps a file per secret (secrets_files.h). */
#ifndef STARDELEG_SECRETS_H
#define STARDELEG_SECRETS_H

#include <stardeleg/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a secret store implements.  Names are 1 to 200 characters of [A-Za-z0-9._-], not
 *  beginning with a dot.  All functions may be called from many threads; they return 0, NOT_FOUND,
 *  EXISTS, SECRETS, NOMEM or ARGUMENT. */
typedef struct stardeleg_secrets_ops {
  size_t size; /**< sizeof of this struct as the implementation was compiled */
  /** Reads a secret into malloc'd memory with a NUL behind it; the caller gives it to
   *  stardeleg_secret_free(). */
  stardeleg_err (*get)(void *self, const char *name, uint8_t **out, size_t *len);
  /** Writes a new secret of 1 byte to 1 MiB, durable when it returns; EXISTS if the name is taken. */
  stardeleg_err (*put)(void *self, const char *name, stardeleg_bytes secret);
  /** Removes a secret; NOT_FOUND if there is none. */
  stardeleg_err (*del)(void *self, const char *name);
  /** Frees the implementation. */
  void (*free)(void *self);
} stardeleg_secrets_ops;

/** A secret store: an implementation and its state. */
typedef struct stardeleg_secrets {
  const stardeleg_secrets_ops *ops; /**< not NULL */
  void *self;                       /**< its state */
} stardeleg_secrets;

/** Secrets in memory, wiped when removed or freed; for tests and simulations.  Returns 0 or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_secrets_memory_new(stardeleg_secrets **out);

/** Frees a secret store that a _new function made; NULL allowed. */
STARDELEG_API void stardeleg_secrets_free(stardeleg_secrets *secrets);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_SECRETS_H */

/* SPDX-License-Identifier: Apache-2.0 */
/** @file solver.h
 *  How a program proves control of a name to a CA (RFC 8555 section 8): one
 *  callback for every challenge type. */
#ifndef STARDELEG_SOLVER_H
#define STARDELEG_SOLVER_H

#include <stardeleg/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One challenge to be met.  Everything is NUL-terminated and borrowed for the call. */
typedef struct stardeleg_challenge {
  const char *type;              /**< "http-01", "dns-01", ... */
  const char *identifier_type;   /**< "dns", ... */
  const char *identifier;        /**< the name, without "*." */
  const char *token;             /**< base64url characters only; safe in a path */
  const char *key_authorization; /**< what http-01 serves (RFC 8555 8.1) */
  const char *dns_value;         /**< what dns-01 puts into the TXT record: base64url of its SHA-256 */
} stardeleg_challenge;

/** What solves challenges.  The functions are called from the engine's thread and must not block for long nor
 *  call back into the engine. */
typedef struct stardeleg_solver {
  size_t size; /**< sizeof of this struct */
  void *ctx;   /**< handed to every function */
  /** Nonzero if this solver can meet challenges of |type| for identifiers of |identifier_type|. */
  int (*can_solve)(void *ctx, const char *type, const char *identifier_type);
  /** Makes the answer visible.  |*ready_at| is |now| on entry: set it later if the answer needs time; present
   *  is then called again at that moment (it must cope with that), until |*ready_at| stays.  Returns 0 or CALLBACK. */
  stardeleg_err (*present)(void *ctx, const stardeleg_challenge *challenge, stardeleg_time now,
                           stardeleg_time *ready_at);
  /** Takes the answer away again, valid or not.  Best effort. */
  void (*cleanup)(void *ctx, const stardeleg_challenge *challenge);
} stardeleg_solver;

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_SOLVER_H */

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
  const char *type;              /**< "http-01", "dns-01", "tls-alpn-01", "dns-account-01", "dns-persist-01", ... */
  const char *identifier_type;   /**< "dns", ... */
  const char *identifier;        /**< the name, without "*." */
  const char *token;             /**< base64url characters only; safe in a path; "" for dns-persist-01 */
  const char *key_authorization; /**< what http-01 serves (RFC 8555 8.1); "" for dns-persist-01 */
  const char *dns_value;         /**< what dns-01 puts into the TXT record: base64url of its SHA-256 */
  const char *record_name;       /**< the dns types: owner name of the TXT record, without final dot; else "" */
  const char *record_value;      /**< the dns types: its text, more than 255 bytes never; else "" */
  const char *account_url;       /**< of the account that the challenge is for */
  int wildcard;                  /**< nonzero: for "*." and the identifier */
} stardeleg_challenge;

/** What solves challenges.  The functions are called from the engine's thread and must not block for long nor
 *  call back into the engine. */
typedef struct stardeleg_solver {
  size_t size; /**< sizeof of this struct */
  void *ctx;   /**< handed to every function */
  /** How much this solver would like to meet a challenge of |type| for an identifier of |identifier_type|: 0: it
   *  cannot; of several the one with the greatest number is taken, among equals the CA's first.  Types that failed in
   *  an order before come last, whatever their number. */
  int (*can_solve)(void *ctx, const char *type, const char *identifier_type);
  /** Makes the answer visible.  |*ready_at| is |now| on entry: set it later if the answer needs time; present
   *  is then called again at that moment (it must cope with that), until |*ready_at| stays.  Returns 0 or CALLBACK. */
  stardeleg_err (*present)(void *ctx, const stardeleg_challenge *challenge, stardeleg_time now,
                           stardeleg_time *ready_at);
  /** Takes the answer away again, valid or not.  Best effort.  Not called for dns-persist-01, whose record is meant to
   *  stay. */
  void (*cleanup)(void *ctx, const stardeleg_challenge *challenge);
  /** Nonzero: the CA has asked for the answer (RFC 8555 7.5.1: it is not polled before; after some seconds it is in any
   *  case, for it may not ask again for what it knows), or that cannot be told of this challenge.  NULL: of none. */
  int (*seen)(void *ctx, const stardeleg_challenge *challenge);
} stardeleg_solver;

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_SOLVER_H */

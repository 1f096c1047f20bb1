/* SPDX-License-Identifier: Apache-2.0 */
/** @file server_options.h
 *  What the owner's role and the CA's have in common as ACME servers. */
#ifndef STARDELEG_SERVER_OPTIONS_H
#define STARDELEG_SERVER_OPTIONS_H

#include <stardeleg/limiter.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a role serves.  Set by stardeleg_server_options_default(), then changed; only needed while the role is made. */
typedef struct stardeleg_server_options {
  size_t size;                      /**< sizeof of this struct */
  const stardeleg_limiter *limiter; /**< asked before a request costs much; must outlive the role; NULL: no limits */
  const char *limits_url;           /**< what to read about the limits, sent with each refusal; NULL: none */
  /** Nonzero: nonces are good at every process with the same store and the same secrets, for 15 minutes: for several
   *  behind one address, where a client's next request may reach another one.  Each request costs a write.  0: each
   *  process has its own, in 128 KiB of memory. */
  int shared_nonces;
  /** Nonzero: accounts that agreed to other terms than |terms_of_service| of the role's options cannot order
   *  (userActionRequired, RFC 8555 7.3.3) until the program says that their owners have agreed to these. */
  int current_terms_required;
  const char *terms_action_url; /**< where they can agree; NULL: the terms themselves */
} stardeleg_server_options;

/** No limits, nonces of its own, old terms are good enough. */
STARDELEG_API void stardeleg_server_options_default(stardeleg_server_options *options);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_SERVER_OPTIONS_H */

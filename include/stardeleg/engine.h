/* SPDX-License-Identifier: Apache-2.0 */
/** @file engine.h
 *  The one interface by which every role is driven.  An engine does no I/O and
 *  reads no clock: it says what it wants, the program (or the driver in curl.h)
 *  does it and tells the outcome. */
#ifndef STARDELEG_ENGINE_H
#define STARDELEG_ENGINE_H

#include <stardeleg/base.h>
#include <stardeleg/http.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What an engine wants next. */
typedef enum stardeleg_want {
  STARDELEG_WANT_WAIT = 0, /**< nothing before |until|; STARDELEG_TIME_NEVER: only answers or new work matter */
  STARDELEG_WANT_EXCHANGE  /**< send |request|, later call answer with |id|; then call next again at once */
} stardeleg_want;

/** Why there is no response to a request. */
typedef enum stardeleg_transport_failure {
  STARDELEG_TRANSPORT_OK = 0,      /**< there is a response */
  STARDELEG_TRANSPORT_RESOLVE,     /**< the host name does not resolve */
  STARDELEG_TRANSPORT_CONNECT,     /**< refused or unreachable */
  STARDELEG_TRANSPORT_TIMEOUT,     /**< too slow */
  STARDELEG_TRANSPORT_TLS,         /**< certificate or handshake refused; the text says why */
  STARDELEG_TRANSPORT_TOO_LARGE,   /**< body or headers over the limit */
  STARDELEG_TRANSPORT_DENIED,      /**< forbidden by the transport's own rules (scheme, address) */
  STARDELEG_TRANSPORT_BROKEN       /**< connection lost, truncated or not HTTP */
} stardeleg_transport_failure;

/** The outcome of one exchange. */
typedef struct stardeleg_outcome {
  stardeleg_transport_failure failure;      /**< OK: |response| counts */
  const char *failure_text;                 /**< for people; may be NULL; borrowed for the call */
  const stardeleg_http_response *response;  /**< NULL if |failure| is not OK; borrowed for the call */
} stardeleg_outcome;

/** What next() answers. */
typedef struct stardeleg_ask {
  stardeleg_want want;             /**< which of the fields below count */
  stardeleg_time until;            /**< with WAIT */
  uint64_t id;                     /**< with EXCHANGE: never 0, unique among the open ones of this engine */
  stardeleg_http_request request;  /**< with EXCHANGE: points into the engine, valid until the next call on it */
} stardeleg_ask;

/** An engine as drivers see it.  The role objects hand one out; the table and
 *  the object behind it stay valid as long as the role object.
 *
 *  One thread at a time; neither function may be called from a callback of the
 *  same engine. */
typedef struct stardeleg_engine {
  void *self; /**< the role object */
  /** Says what to do next.  |now|: wall time; it may step back.  Returns 0 and
   *  sets |*ask|, or a negative code (NOMEM, STORE, CALLBACK class) that leaves the
   *  engine as it was: call again later. */
  stardeleg_err (*next)(void *self, stardeleg_ask *ask, stardeleg_time now);
  /** Takes the outcome of exchange |id|.  Returns 0, STARDELEG_ERR_ARGUMENT for an
   *  unknown |id|, or a code of the memory, callback or store kind: the outcome is
   *  then treated like a lost answer and the step will be repeated.  What a peer did
   *  wrong is no error here: it shows in the role's own reports. */
  stardeleg_err (*answer)(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now);
} stardeleg_engine;

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_ENGINE_H */

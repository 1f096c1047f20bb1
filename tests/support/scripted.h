/* SPDX-License-Identifier: Apache-2.0 */
/* support/scripted.h -- drives an engine by hand: the next request, an answer made of a few words. */
#ifndef SDG_TESTS_SUPPORT_SCRIPTED_H
#define SDG_TESTS_SUPPORT_SCRIPTED_H

#include "support/test.h"

#include <stardeleg/engine.h>

/* What the engine asked for, copied. */
typedef struct scripted {
  const stardeleg_engine *engine;
  stardeleg_time now;
  uint64_t id;            /* of the open exchange */
  char method[8];
  char url[512];
  char *body;             /* NUL-terminated; NULL if none */
  char header[256];       /* JSON of the protected header of a JWS body; "" otherwise */
  char *payload;          /* decoded payload of a JWS body; NULL otherwise */
  unsigned nonces;        /* counter for answers that carry one */
  stardeleg_time nonce_at; /* when the last one was given */
  const char *directory;   /* not NULL: scripted_await answers requests for a nonce, and for this, by the way */
} scripted;

void scripted_clear(scripted *s);
/* The engine must want an exchange now: it is taken.  After more than two hours a client may ask for a fresh nonce
 * before it (HEAD): that is answered. */
void scripted_expect(scripted *s, const char *method, const char *url);
/* The same, letting the clock run for at most |max_ms|; the moment. */
stardeleg_time scripted_await(scripted *s, const char *method, const char *url, int64_t max_ms);
/* The engine must want to wait; the moment. */
stardeleg_time scripted_wait(scripted *s);
/* Lets the clock run to the moment the engine wants to wait for, at most |max_ms| later. */
void scripted_sleep(scripted *s, int64_t max_ms);
/* Answers with |status|, headers ("Name: value" each, NULL-terminated list or NULL) and |body| (may be NULL).  POST and
 * HEAD answers get a Replay-Nonce unless |headers| has one. */
void scripted_answer(scripted *s, int status, const char *const *headers, const char *body);
/* No answer at all. */
void scripted_lose(scripted *s, stardeleg_transport_failure failure);

#endif /* SDG_TESTS_SUPPORT_SCRIPTED_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/agent.h -- runs many jobs over HTTP without I/O: the body of every engine.
 *
 * A job is asked what it wants (ask), gets the outcome (take), and is asked again.  ask must be repeatable: it is
 * called again after badNonce, after a lost answer, after a restart.  What must survive is written to the store by the
 * job: intent in ask, result in take.  Signed steps go through a session (session.h), which supplies directory, account
 * and nonces; while it is not ready its jobs are parked. */
#ifndef SDG_ACME_CLIENT_AGENT_H
#define SDG_ACME_CLIENT_AGENT_H

#include <stardeleg/engine.h>
#include <stardeleg/problem.h>
#include "base/buf.h"
#include "crypto/crypto.h"

typedef struct sdg_agent sdg_agent;
typedef struct sdg_job sdg_job;
typedef struct sdg_session sdg_session;

typedef enum sdg_step_kind {
  SDG_STEP_WAIT = 0, /* nothing before |at| */
  SDG_STEP_SESSION,  /* ask me again when my session is ready (directory and account known) */
  SDG_STEP_POST,     /* signed POST of |payload| to |url| */
  SDG_STEP_FETCH,    /* POST-as-GET of |url| */
  SDG_STEP_GET,      /* plain GET of |url|: no account, no nonce */
  SDG_STEP_DONE,     /* nothing more: the job is out of the agent when ask returns */
  SDG_STEP_HEAD,     /* sessions only: plain HEAD of |url| */
  SDG_STEP_RAW       /* sessions only: POST of |payload|, which is a JWS already */
} sdg_step_kind;

/* Filled in by ask.  Strings are borrowed until the next call on the job. */
typedef struct sdg_step {
  sdg_step_kind kind;
  stardeleg_time at;          /* WAIT */
  const char *url;            /* POST, FETCH, GET: absolute */
  sdg_buf *payload;           /* POST: the job appends JSON here; empty on entry */
  const char *accept;         /* NULL: none */
  const char *if_none_match;  /* GET: an ETag as it was; NULL: none */
  size_t response_max;        /* 0: 64 KiB */
  const char *address;        /* GET: where to connect to; NULL: the transport finds it */
  stardeleg_key *signer;      /* POST: NULL: the account's key; else another one, which then stands in the request
                                 itself ("jwk", RFC 8555 6.2), with no account beside it */
} sdg_step;

/* What take gets.  Borrowed for the call. */
typedef struct sdg_result {
  stardeleg_err err; /* 0: 2xx or 304; PROBLEM: the server refused; TRANSPORT: no answer; LIMIT: answer too large;
                        PROTOCOL: 1xx, 3xx */
  int status;                                 /* HTTP status, 0 without response */
  const char *url;                            /* what was asked */
  const stardeleg_http_response *response;    /* NULL without response */
  const stardeleg_problem *problem;           /* not NULL if err is not 0 */
  stardeleg_time retry_at;                    /* Retry-After within bounds (at most a day), or NONE */
} sdg_result;

typedef struct sdg_job_ops {
  /* Says what to do now.  An error of the memory, callback or store kind: asked again after a second. */
  stardeleg_err (*ask)(sdg_job *job, sdg_step *step, stardeleg_time now);
  /* Takes the outcome.  An error counts as a lost answer: ask comes again after a second. */
  stardeleg_err (*take)(sdg_job *job, const sdg_result *result, stardeleg_time now);
} sdg_job_ops;

/* To be the first member of a role's own job struct, zeroed at birth.  Small: there may be 100,000. */
struct sdg_job {
  const sdg_job_ops *ops;
  sdg_session *session;   /* NULL: plain GETs only */
  stardeleg_time due;     /* agent's */
  uint64_t exchange;      /* agent's: 0 or the open exchange */
  size_t heap_index;      /* agent's */
  sdg_job *parked_next;   /* agent's */
  sdg_job **parked_link;  /* agent's: what points to it while it is parked */
  uint8_t place;          /* agent's: where the job is */
  uint8_t nonce_tries;    /* agent's: badNonce answers in a row; at most 10, then take gets the problem */
};

STARDELEG_MUST_CHECK stardeleg_err sdg_agent_new(sdg_agent **out, const stardeleg_crypto *crypto,
                                                 const stardeleg_log *log);
/* The jobs and sessions must be gone. */
void sdg_agent_free(sdg_agent *agent);
/* Puts a job in, to be asked at |due|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_agent_add(sdg_agent *agent, sdg_job *job, stardeleg_time due);
/* Moves the moment; no effect while an exchange is open (ask follows anyway). */
void sdg_agent_set_due(sdg_agent *agent, sdg_job *job, stardeleg_time due);
/* The job has changed its mind: an answer that is still to come is dropped, and it is asked at |due|. */
void sdg_agent_restart(sdg_agent *agent, sdg_job *job, stardeleg_time due);
/* Takes a job out; an answer that is still to come is dropped. */
void sdg_agent_remove(sdg_agent *agent, sdg_job *job);
bool sdg_agent_has(const sdg_agent *agent, const sdg_job *job);
/* The two halves of the engine interface.  At most |exchanges_max| (default 64) exchanges are open at once. */
STARDELEG_MUST_CHECK stardeleg_err sdg_agent_next(sdg_agent *agent, stardeleg_ask *ask, stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_agent_answer(sdg_agent *agent, uint64_t id, const stardeleg_outcome *outcome,
                                                    stardeleg_time now);
void sdg_agent_set_exchanges_max(sdg_agent *agent, size_t max);

/* Pause before try number |tries| (1, 2, ...): min * 2^(tries-1), at most max, then between half of that and all of it
 * by |random|.  Never 0, never decreasing in its bounds, no overflow for any |tries| (field lesson: a counter that
 * wrapped made the pause 0). */
int64_t sdg_backoff_ms(uint32_t tries, int64_t min_ms, int64_t max_ms, uint32_t random);
/* A random number for jitter; 0 if the source fails. */
uint32_t sdg_agent_random(sdg_agent *agent);

/* The response's Location, resolved against the request URL; NOT_FOUND if there is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_result_location(sdg_buf *out, const sdg_result *result);
/* True if the response's Content-Type is |type| (parameters and case aside). */
bool sdg_result_is_type(const sdg_result *result, const char *type);

#endif /* SDG_ACME_CLIENT_AGENT_H */

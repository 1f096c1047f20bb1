/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/errand.h -- what single requests to a server have in common: they are repeated while that may help, with
 * growing pauses, and end done or refused. */
#ifndef SDG_ACME_CLIENT_ERRAND_H
#define SDG_ACME_CLIENT_ERRAND_H

#include "acme_client/session.h"
#include "json/json_write.h"

typedef enum sdg_errand_state { SDG_ERRAND_OPEN = 0, SDG_ERRAND_DONE, SDG_ERRAND_FAILED } sdg_errand_state;

typedef struct sdg_errand {
  sdg_errand_state state;
  uint32_t tries;            /* failures in a row */
  stardeleg_time wait_until; /* NONE: no pause */
  stardeleg_problem problem; /* the last failure; cleared when done */
  int64_t backoff_min_ms, backoff_max_ms; /* 0: 1 s, 1 h */
} sdg_errand;

void sdg_errand_init(sdg_errand *errand);
/* True if the step is a wait: the errand rests or pauses. */
bool sdg_errand_waits(const sdg_errand *errand, sdg_step *step, stardeleg_time now);
/* True if the failure is one that passes (no answer, 5xx, 429, rateLimited ...): the pause is set. */
bool sdg_errand_retries(sdg_errand *errand, sdg_agent *agent, const sdg_result *result, stardeleg_time now);
/* The same whatever the failure is: only time ends it.  |result| is the failed one, or NULL. */
void sdg_errand_again(sdg_errand *errand, sdg_agent *agent, const sdg_result *result,
                      const stardeleg_problem *problem, stardeleg_time now);
void sdg_errand_done(sdg_errand *errand);
void sdg_errand_fail(sdg_errand *errand, const stardeleg_problem *problem);
void sdg_errand_fail_text(sdg_errand *errand, stardeleg_acme_error acme, const char *detail);
/* Tries and pause as members of the object that is being written, and back: pauses go on growing over restarts. */
void sdg_errand_write_pause(sdg_json_writer *w, const sdg_errand *errand);
STARDELEG_MUST_CHECK stardeleg_err sdg_errand_read_pause(sdg_errand *errand, const sdg_json *tree);

/* Something of which the server says that it is not there (404, 410).  Whatever stands between answers so too, and a
 * server may while it is being moved: it is believed as a problem of ACME's own only (RFC 8555 6.7), said again and
 * again for hours.  All zero: nothing was said. */
typedef struct sdg_gone {
  stardeleg_time since; /* the first answer of the row */
  uint32_t count;       /* in a row */
} sdg_gone;

/* True if this answer says so. */
bool sdg_gone_is_said(const sdg_result *result);
/* Counts an answer, of whatever kind; true: it is believed. */
bool sdg_gone_take(sdg_gone *gone, const sdg_result *result, stardeleg_time now);
/* Members of the object that is being written, if there is anything to tell. */
void sdg_gone_write(sdg_json_writer *w, const sdg_gone *gone);
STARDELEG_MUST_CHECK stardeleg_err sdg_gone_read(sdg_gone *gone, const sdg_json *tree);

#endif /* SDG_ACME_CLIENT_ERRAND_H */

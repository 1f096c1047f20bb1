/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/errand.h -- what single requests to a server have in common: they are repeated while that may help, with
 * growing pauses, and end done or refused. */
#ifndef SDG_ACME_CLIENT_ERRAND_H
#define SDG_ACME_CLIENT_ERRAND_H

#include "acme_client/session.h"

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
void sdg_errand_done(sdg_errand *errand);
void sdg_errand_fail(sdg_errand *errand, const stardeleg_problem *problem);
void sdg_errand_fail_text(sdg_errand *errand, stardeleg_acme_error acme, const char *detail);

#endif /* SDG_ACME_CLIENT_ERRAND_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_share.c -- how many validations an account may have under way, and when the rest of its own is looked at. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "ca/ca_check.h"

/* What is taken for the length of a validation before one has ended. */
#define TOOK_FIRST_MS 100
/* No place in the line is farther away: a client may have mended in the meantime what kept it so long. */
#define HOLD_MAX_MS (15 * SDG_TIME_MINUTE)

struct sdg_ca_share {
  char account[SDG_ID_SIZE];
  size_t running;
  stardeleg_time taken_at;   /* when the last of them began */
  int64_t took_ms;           /* how long its validations take of late; 0: none has ended */
  stardeleg_time line_until; /* when the last of those that were put off comes back */
  sdg_ca_share *next;
};

sdg_ca_share *sdg_ca_share_of(stardeleg_ca *ca, const char *account)
{
  sdg_ca_share *share = ca->shares;

  while (share != NULL && strcmp(share->account, account) != 0) {
    share = share->next;
  }
  if (share == NULL) {
    share = sdg_calloc(1, sizeof(*share));
    if (share == NULL) {
      return NULL;
    }
    (void)snprintf(share->account, sizeof(share->account), "%s", account);
    share->line_until = STARDELEG_TIME_NONE;
    share->next = ca->shares;
    ca->shares = share;
  }
  return share;
}

/* RFC 8555 10.3: an account gets a third of the places that are free, so never more than a quarter of all, and less
 * the more accounts there are: whoever comes next finds one. */
bool sdg_ca_share_take(stardeleg_ca *ca, sdg_ca_share *share, stardeleg_time now)
{
  if (3 * share->running >= SDG_CA_CLAIM_MAX - ca->checks_running) {
    return false;
  }
  share->running++;
  share->taken_at = now;
  ca->checks_running++;
  return true;
}

void sdg_ca_share_give(stardeleg_ca *ca, sdg_ca_share *share)
{
  share->running--;
  ca->checks_running--;
}

void sdg_ca_share_took(sdg_ca_share *share, int64_t took_ms)
{
  took_ms = took_ms > 0 ? took_ms : 1;
  share->took_ms = share->took_ms == 0 ? took_ms : (3 * share->took_ms + took_ms) / 4;
}

/* They come back one after the other, twice as fast as the account's places become free: neither are they all looked at
 * again and again, nor does a place stay empty for long. */
int64_t sdg_ca_share_hold(sdg_ca_share *share, stardeleg_time now)
{
  int64_t took_ms = share->took_ms > 0 ? share->took_ms : TOOK_FIRST_MS;
  stardeleg_time from = share->line_until > now ? share->line_until : now;
  int64_t pause_ms;

  if (share->running > 0 && now - share->taken_at > took_ms) {
    took_ms = now - share->taken_at; /* and it has not ended */
  }
  pause_ms = took_ms / (SDG_CA_CLAIM_MAX / 2);
  share->line_until = sdg_time_min(sdg_time_add(from, pause_ms > 0 ? pause_ms : 1), sdg_time_add(now, HOLD_MAX_MS));
  return share->line_until - now;
}

void sdg_ca_share_sweep(stardeleg_ca *ca, stardeleg_time now)
{
  for (sdg_ca_share **link = &ca->shares; *link != NULL;) {
    sdg_ca_share *share = *link;

    if (share->running == 0 && share->line_until <= now) {
      *link = share->next;
      sdg_free(share);
    } else {
      link = &share->next;
    }
  }
}

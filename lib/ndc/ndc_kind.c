/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_kind.c -- STAR or plain, where the IdO does not say which it takes.
 *
 * RFC 9115 2.3.4 asks of an IdO's directory no more than "delegation-enabled"; whether it takes orders with
 * auto-renewal can then be learned from its answer only.  What was learned is kept with the delegation, for a while: a
 * refusal may have had another reason, and owners change their minds. */
#include "ndc/ndc_internal.h"

#include "base/time.h"

/* After that a refused kind is tried again, if it is the one we would rather have. */
#define REFUSAL_KEPT (30 * SDG_TIME_DAY)

static bool is_offered(const sdg_ndc_delegation *d)
{
  const sdg_acme_directory *directory = sdg_session_directory(d->ndc->session);

  return directory != NULL && directory->has_auto_renewal;
}

/* The kinds that are known to be refused. */
static unsigned refused(const sdg_ndc_delegation *d, stardeleg_time t)
{
  bool is_recent = d->kind_refused_at != STARDELEG_TIME_NONE && t - d->kind_refused_at < REFUSAL_KEPT;

  return is_recent ? d->kinds_refused : 0;
}

bool sdg_ndc_kind_is_star(const sdg_ndc_delegation *d, const stardeleg_ndc_policy *policy, stardeleg_time t)
{
  bool rather = policy->mode == STARDELEG_NDC_MODE_STAR_FIRST || is_offered(d);

  if (policy->mode == STARDELEG_NDC_MODE_STAR || policy->mode == STARDELEG_NDC_MODE_PLAIN) {
    return policy->mode == STARDELEG_NDC_MODE_STAR;
  }
  return refused(d, t) == (rather ? SDG_NDC_STAR_REFUSED : SDG_NDC_PLAIN_REFUSED) ? !rather : rather;
}

/* An answer to newOrder that the other kind of order might not meet.  Names, limits and the account are the same for
 * both. */
static bool is_about_kind(const stardeleg_problem *problem)
{
  if (problem->status < 400 || problem->status >= 500 || problem->status == 401 || problem->status == 429) {
    return false;
  }
  switch (problem->acme) {
  case STARDELEG_ACME_NONE:
  case STARDELEG_ACME_MALFORMED:
  case STARDELEG_ACME_UNAUTHORIZED:
    return true;
  default:
    return false;
  }
}

/* Told nothing of STAR, made an order all the same, and left auto-renewal out: it does not know the word. */
static bool is_ignorant(const sdg_ndc_delegation *d)
{
  const sdg_order_flow *flow = &d->pending->flow;

  return d->pending->star && flow->has_order && flow->order.auto_renewal == NULL && !is_offered(d);
}

static bool is_free(const sdg_ndc_delegation *d)
{
  stardeleg_ndc_policy policy;

  return sdg_ndc_policy_of(d->ndc, d->url, &policy, NULL) == STARDELEG_OK &&
         (policy.mode == STARDELEG_NDC_MODE_OFFERED || policy.mode == STARDELEG_NDC_MODE_STAR_FIRST);
}

bool sdg_ndc_kind_refused(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time now)
{
  const sdg_ndc_pending *pending = d->pending;
  stardeleg_time t = sdg_ndc_time(d->ndc, now);
  unsigned kind;
  bool is_first;

  if (pending == NULL || !is_free(d) ||
      !(is_ignorant(d) || (pending->flow.order_url == NULL && !pending->flow.has_order && is_about_kind(problem)))) {
    return false;
  }
  kind = pending->star ? SDG_NDC_STAR_REFUSED : SDG_NDC_PLAIN_REFUSED;
  is_first = (refused(d, t) & ~kind) == 0;
  /* Both refused: it is not about the kind, so nothing has been learned of it. */
  d->kinds_refused = (uint8_t)(is_first ? kind : 0);
  d->kind_refused_at = is_first ? t : STARDELEG_TIME_NONE;
  return is_first;
}

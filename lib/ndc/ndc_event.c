/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_event.c -- what the program is told. */
#include "ndc/ndc_internal.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"

void sdg_ndc_log(const stardeleg_ndc *ndc, stardeleg_log_level level, const char *event, const sdg_ndc_delegation *d,
                 const char *text)
{
  char url[256];

  sdg_text_escape(url, sizeof(url), sdg_bytes_str(d->url));
  sdg_log(&ndc->options.log, level, event, "%s%s%s: %s", d->name != NULL ? d->name : "", d->name != NULL ? " " : "",
          url, text);
}

static const char *text_of(const stardeleg_problem *problem)
{
  return problem->detail[0] != '\0' ? problem->detail : problem->type;
}

void sdg_ndc_set_reason(sdg_ndc_delegation *d, const stardeleg_problem *problem)
{
  char text[STARDELEG_PROBLEM_TYPE_SIZE + STARDELEG_PROBLEM_DETAIL_SIZE + 2];
  char *copy;

  (void)snprintf(text, sizeof(text), "%s: %s", problem->type, problem->detail);
  copy = sdg_strdup(problem->acme == STARDELEG_ACME_NONE ? text_of(problem) : text);
  if (copy != NULL) { /* only told to people: better an old reason than none */
    sdg_free(d->reason);
    d->reason = copy;
  }
}

void sdg_ndc_clear_reason(sdg_ndc_delegation *d)
{
  sdg_free(d->reason);
  d->reason = NULL;
}

static int tell(const stardeleg_ndc *ndc, const stardeleg_ndc_event *event)
{
  return ndc->options.on_event != NULL ? ndc->options.on_event(ndc->options.on_event_ctx, event) : 0;
}

static void fill(stardeleg_ndc_event *event, const sdg_ndc_delegation *d, const sdg_ndc_stored *stored)
{
  const sdg_ndc_current *current = d->current;

  event->delegation = d->url;
  event->names = stored->names;
  event->name_count = stored->name_count;
  event->not_before = current != NULL ? current->not_before : STARDELEG_TIME_NONE;
  event->not_after = current != NULL ? current->not_after : STARDELEG_TIME_NONE;
  event->serial = current != NULL ? current->serial : "";
  event->findings = "";
  event->next_try = STARDELEG_TIME_NONE;
}

static void tell_trouble(sdg_ndc_delegation *d, stardeleg_ndc_event_kind kind, const stardeleg_problem *problem,
                         stardeleg_time next_try)
{
  stardeleg_ndc_event event = {0};
  sdg_ndc_stored stored = {0};

  /* The names are told if they can be had; the trouble is told in any case. */
  if (d->current == NULL || sdg_ndc_stored_load(d, &stored) != STARDELEG_OK) {
    stored.name_count = 0;
  }
  fill(&event, d, &stored);
  event.kind = kind;
  event.problem = problem;
  event.next_try = next_try;
  (void)tell(d->ndc, &event);
  sdg_ndc_stored_clear(&stored);
}

void sdg_ndc_tell_failed(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time next_try)
{
  sdg_ndc_set_reason(d, problem);
  sdg_ndc_log(d->ndc, STARDELEG_LOG_WARNING, "ndc.failed", d, d->reason != NULL ? d->reason : text_of(problem));
  tell_trouble(d, STARDELEG_NDC_FAILED, problem, next_try);
}

void sdg_ndc_tell_ended(sdg_ndc_delegation *d, const stardeleg_problem *problem)
{
  sdg_ndc_log(d->ndc, STARDELEG_LOG_WARNING, "ndc.delegation.ended", d,
              d->reason != NULL ? d->reason : text_of(problem));
  tell_trouble(d, STARDELEG_NDC_ENDED, problem, STARDELEG_TIME_NONE);
}

void sdg_ndc_tell_role_failed(stardeleg_ndc *ndc, const stardeleg_problem *problem, stardeleg_time next_try)
{
  stardeleg_ndc_event event = {0};

  sdg_log(&ndc->options.log, STARDELEG_LOG_WARNING, "ndc.failed", "%s: %s", problem->type, text_of(problem));
  event.kind = STARDELEG_NDC_FAILED;
  event.delegation = ndc->options.directory_url;
  event.not_before = STARDELEG_TIME_NONE;
  event.not_after = STARDELEG_TIME_NONE;
  event.serial = "";
  event.findings = "";
  event.problem = problem;
  event.next_try = next_try;
  (void)tell(ndc, &event);
}

stardeleg_err sdg_ndc_tell_certificate(sdg_ndc_delegation *d)
{
  stardeleg_ndc_event event = {0};
  sdg_ndc_stored stored = {0};
  stardeleg_key *key = NULL;
  char findings[256] = "";
  stardeleg_err err = sdg_ndc_stored_load(d, &stored);

  if (err == STARDELEG_OK) {
    err = sdg_ndc_key_load(d->ndc, d->current->key, &key);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ndc_check_pair(sdg_bytes_str(stored.chain), stardeleg_key_spki(key));
  }
  if (err == STARDELEG_OK) {
    fill(&event, d, &stored);
    event.kind = STARDELEG_NDC_CERTIFICATE;
    event.chain_pem = sdg_bytes_str(stored.chain);
    event.key = key;
    sdg_ndc_compare_template(event.chain_pem, stored.template_text, findings, sizeof(findings));
    event.findings = findings;
    if (findings[0] != '\0') {
      sdg_ndc_log(d->ndc, STARDELEG_LOG_INFO, "ndc.certificate.differs", d, findings);
    }
    err = tell(d->ndc, &event) == 0 ? STARDELEG_OK : STARDELEG_ERR_CALLBACK;
  }
  stardeleg_key_free(key);
  sdg_ndc_stored_clear(&stored);
  return err;
}

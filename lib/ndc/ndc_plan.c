/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_plan.c -- from a delegation object to an order (RFC 9115 2.3.1.3, 2.3.2, 4). */
#include "ndc/ndc_internal.h"

#include <string.h>

#include "acme/order.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "template/shape.h"

#define TEMPLATE_MAX (128u * 1024u)

/* --- The template --- */

static stardeleg_err load_template(sdg_ndc_plan *plan, const sdg_delegation *object, stardeleg_problem *problem)
{
  stardeleg_report *report = NULL;
  sdg_json_writer w;
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, TEMPLATE_MAX);
  sdg_jw_init(&w, &text);
  sdg_jw_tree(&w, NULL, object->csr_template);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = stardeleg_template_load(&plan->tmpl, sdg_buf_bytes(&text), NULL, &report);
  }
  if (err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_POLICY || err == STARDELEG_ERR_LIMIT) {
    /* RFC 9115 4.1 lets us look; a template that cannot be read must not pass for one that allows everything. */
    if (report != NULL) {
      stardeleg_report_to_problem(report, problem);
    } else {
      sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "the CSR template is too large");
    }
    problem->status = 0;
    err = STARDELEG_ERR_MALFORMED;
  }
  stardeleg_report_free(report);
  sdg_buf_clear(&text);
  return err;
}

/* --- Names --- */

static bool is_dns(const stardeleg_choice *choice)
{
  return strcmp(choice->field, "DNS") == 0;
}

/* The choices are the same for every delegation; a template that has no place for one does without. */
static stardeleg_err pick_choices(sdg_ndc_plan *plan, const stardeleg_ndc_options *o)
{
  plan->choices = sdg_calloc(o->choice_count + 1, sizeof(*plan->choices));
  if (plan->choices == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < o->choice_count; i++) {
    if (sdg_template_has_place(plan->tmpl, &o->choices[i])) {
      plan->choices[plan->choice_count++] = o->choices[i];
    }
  }
  return STARDELEG_OK;
}

/* RFC 9115 2.3.2: an identifier for each delegated name; literals first, then what was chosen. */
static stardeleg_err collect_names(sdg_ndc_plan *plan, stardeleg_problem *problem)
{
  stardeleg_identifier items[SDG_IDENTIFIERS_MAX];
  const char *name;
  size_t count = 0;

  for (size_t i = 0; (name = stardeleg_template_dns(plan->tmpl, i)) != NULL && count < SDG_IDENTIFIERS_MAX; i++) {
    items[count++] = (stardeleg_identifier){"dns", name};
  }
  for (size_t i = 0; i < plan->choice_count && count < SDG_IDENTIFIERS_MAX; i++) {
    if (is_dns(&plan->choices[i])) {
      items[count++] = (stardeleg_identifier){"dns", plan->choices[i].value};
    }
  }
  if (count == 0 || count == SDG_IDENTIFIERS_MAX) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED,
                    count == 0 ? "there is no DNS name to order" : "more DNS names than an order may have");
    problem->status = 0;
    return STARDELEG_ERR_POLICY;
  }
  return sdg_identifiers_copy(&plan->names, items, count);
}

static int allow_name(void *ctx, const stardeleg_name_choice *choice)
{
  (void)ctx;
  (void)choice;
  return 1; /* ours to choose; whether we may is for the owner to say */
}

/* Does the order fit the template at all?  Better known here than by a refusal. */
static stardeleg_err check_names(const sdg_ndc_plan *plan, stardeleg_problem *problem)
{
  stardeleg_match_options options;
  stardeleg_report *report = NULL;
  stardeleg_err err;

  stardeleg_match_options_default(&options);
  options.policy = allow_name;
  err = stardeleg_template_check_identifiers(plan->tmpl, plan->names.items, plan->names.count, &options, &report);
  if (err == STARDELEG_ERR_POLICY) {
    stardeleg_report_to_problem(report, problem);
    problem->status = 0;
  }
  stardeleg_report_free(report);
  return err;
}

static stardeleg_err settle(sdg_ndc_plan *plan, stardeleg_ndc *ndc, const sdg_delegation *object,
                            stardeleg_problem *problem)
{
  stardeleg_err err = load_template(plan, object, problem);

  if (err == STARDELEG_OK) {
    err = sdg_ndc_id_of(ndc, stardeleg_template_json(plan->tmpl), plan->template_id);
  }
  if (err == STARDELEG_OK) {
    err = pick_choices(plan, &ndc->options);
  }
  if (err == STARDELEG_OK) {
    err = collect_names(plan, problem);
  }
  return err == STARDELEG_OK ? check_names(plan, problem) : err;
}

stardeleg_err sdg_ndc_plan_make(sdg_ndc_plan *plan, stardeleg_ndc *ndc, stardeleg_bytes body,
                                stardeleg_problem *problem)
{
  sdg_delegation object = {0};
  stardeleg_err err;

  memset(plan, 0, sizeof(*plan));
  sdg_problem_clear(problem);
  err = sdg_delegation_parse(&object, body, problem);
  if (err == STARDELEG_OK) {
    err = settle(plan, ndc, &object, problem);
    sdg_delegation_clear(&object);
  } else if (err == STARDELEG_ERR_LIMIT) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "the delegation object is too large");
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err != STARDELEG_OK) {
    problem->status = 0;
    sdg_ndc_plan_clear(plan);
  }
  return err;
}

void sdg_ndc_plan_clear(sdg_ndc_plan *plan)
{
  stardeleg_template_free(plan->tmpl);
  sdg_identifiers_clear(&plan->names);
  sdg_free(plan->choices);
  memset(plan, 0, sizeof(*plan));
}

/* --- newOrder --- */

/* RFC 9115 2.3.2: no notBefore, no notAfter; auto-renewal with allow-certificate-get. */
static stardeleg_err write_star(sdg_json_writer *w, const sdg_ndc_plan *plan, const sdg_acme_directory *directory,
                                stardeleg_time t, stardeleg_problem *problem)
{
  const stardeleg_ndc_policy *policy = &plan->policy;
  sdg_auto_renewal renewal = {0};
  stardeleg_err err;

  renewal.start_at = STARDELEG_TIME_NONE;
  renewal.end_at = sdg_time_floor_s(sdg_time_add(t, policy->order_duration_s * SDG_TIME_S));
  renewal.lifetime_s = policy->lifetime_s;
  renewal.lifetime_adjust_s = policy->lifetime_adjust_s;
  renewal.certificate_get = true;
  renewal.has_certificate_get = true;
  if (directory != NULL && directory->has_auto_renewal) {
    err = sdg_auto_renewal_check(&renewal, t, directory->star_min_lifetime_s, directory->star_max_duration_s, problem);
    if (err != STARDELEG_OK) {
      problem->status = 0; /* ours, not the server's */
      return STARDELEG_ERR_POLICY;
    }
  }
  sdg_auto_renewal_write(w, "auto-renewal", &renewal);
  return STARDELEG_OK;
}

/* RFC 9115 2.3.3: allow-certificate-get at the top level. */
static void write_plain(sdg_json_writer *w, const sdg_ndc_plan *plan, const sdg_ndc_current *current, stardeleg_time t)
{
  const stardeleg_ndc_policy *policy = &plan->policy;

  if (policy->not_before_s != 0) {
    sdg_jw_time(w, "notBefore", sdg_time_floor_s(sdg_time_add(t, policy->not_before_s * SDG_TIME_S)));
  }
  if (policy->not_after_s != 0) {
    sdg_jw_time(w, "notAfter", sdg_time_floor_s(sdg_time_add(t, policy->not_after_s * SDG_TIME_S)));
  }
  sdg_jw_bool(w, "allow-certificate-get", true);
  if (current != NULL && !current->star && current->over == SDG_NDC_LIVE && current->window != NULL) {
    /* RFC 9773 5: the predecessor; the order's flow leaves it out where the server has no renewalInfo. */
    sdg_jw_string(w, "replaces", current->window->id);
  }
}

stardeleg_err sdg_ndc_plan_payload(sdg_ndc_plan *plan, const sdg_ndc_delegation *d, sdg_buf *out, stardeleg_time now,
                                   stardeleg_problem *problem)
{
  const sdg_acme_directory *directory = sdg_session_directory(d->ndc->session);
  stardeleg_time t = sdg_ndc_time(d->ndc, now);
  sdg_json_writer w;
  stardeleg_err err = STARDELEG_OK;

  if (sdg_ndc_policy_of(d->ndc, d->url, &plan->policy, problem) != STARDELEG_OK) {
    return STARDELEG_ERR_POLICY;
  }
  plan->star = sdg_ndc_kind_is_star(d, &plan->policy, t);
  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_identifiers_write(&w, "identifiers", &plan->names);
  if (plan->star) {
    err = write_star(&w, plan, directory, t, problem);
  } else {
    write_plain(&w, plan, d->current, t);
  }
  sdg_jw_string(&w, "delegation", d->url);
  sdg_jw_object_end(&w);
  return err == STARDELEG_OK ? sdg_buf_error(out) : err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_search.c -- looking through the delegations another owner has for us. */
#include "ido/issuer_search.h"

#include <stdio.h>
#include <string.h>

#include "acme/account.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "ido/ido_internal.h"
#include "transport/http_message.h"

#define PAGES_MAX 1000u
#define ANSWER_MAX (1024u * 1024u)

stardeleg_err sdg_search_new(sdg_search **out, const sdg_issuer *issuer, const char *configured)
{
  sdg_search *search = sdg_calloc(1, sizeof(*search));

  if (search == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_errand_init(&search->errand);
  search->errand.backoff_min_ms = issuer->ido->options.backoff_min_ms;
  search->errand.backoff_max_ms = issuer->ido->options.backoff_max_ms;
  search->configured = sdg_strdup(configured);
  if (search->configured == NULL && configured != NULL) {
    sdg_search_free(search);
    return STARDELEG_ERR_NOMEM;
  }
  *out = search;
  return STARDELEG_OK;
}

static void drop_page(sdg_search *search)
{
  if (search->has_page) {
    sdg_delegation_list_clear(&search->page);
  }
  search->has_page = false;
  search->next = 0;
}

void sdg_search_free(sdg_search *search)
{
  if (search != NULL) {
    drop_page(search);
    sdg_free(search->page_url);
    sdg_free(search->next_url);
    sdg_free(search->configured);
    sdg_free(search->found);
    sdg_free(search);
  }
}

/* --- Asking --- */

/* The delegation to be looked at now; NULL: a page of the list is needed first. */
static const char *candidate(const sdg_search *search)
{
  if (search->configured != NULL) {
    return search->configured;
  }
  return search->has_page && search->next < search->page.count ? search->page.urls[search->next] : NULL;
}

stardeleg_err sdg_search_ask(sdg_search *search, const sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_session *session = issuance->issuer->session;
  const char *url = candidate(search);

  if (sdg_errand_waits(&search->errand, step, now)) {
    return STARDELEG_OK;
  }
  if (!sdg_session_is_ready(session)) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  if (url == NULL) {
    url = search->page_url != NULL ? search->page_url : sdg_session_kid(session);
  }
  if (sdg_session_check_url(session, url) != STARDELEG_OK) {
    sdg_errand_fail_text(&search->errand, STARDELEG_ACME_NONE,
                         "the upstream owner's list of delegations has a URL of another server");
    step->at = now;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_FETCH;
  step->url = url;
  step->response_max = ANSWER_MAX;
  return STARDELEG_OK;
}

/* --- The account and its list --- */

static stardeleg_err take_account(sdg_search *search, const sdg_result *result)
{
  sdg_acme_account account = {0};
  stardeleg_problem problem;
  stardeleg_err err = sdg_acme_account_parse(&account, result->response->body, &problem);

  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK || account.delegations == NULL) {
    sdg_errand_fail_text(&search->errand, STARDELEG_ACME_NONE,
                         "our account at the upstream owner shows no delegations (RFC 9115 2.3.1.1)");
    err = STARDELEG_OK;
  } else {
    search->page_url = sdg_strdup(account.delegations);
    err = search->page_url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  sdg_acme_account_clear(&account);
  return err;
}

static stardeleg_err read_next(sdg_search *search, const sdg_result *result)
{
  sdg_buf link;
  stardeleg_err err;

  sdg_free(search->next_url);
  search->next_url = NULL;
  sdg_buf_init(&link, 4096);
  err = sdg_http_link(&link, result->response, "next", sdg_bytes_str(result->url));
  if (err == STARDELEG_OK) {
    err = sdg_buf_take(&link, &search->next_url, NULL);
  }
  sdg_buf_clear(&link);
  return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK;
}

/* On to the next delegation, or the next page; the errand fails behind the last one. */
static void advance(sdg_search *search)
{
  while (search->has_page && search->next >= search->page.count) {
    drop_page(search);
    sdg_free(search->page_url);
    search->page_url = search->next_url;
    search->next_url = NULL;
    if (search->page_url == NULL || ++search->pages >= PAGES_MAX) {
      sdg_errand_fail_text(&search->errand, STARDELEG_ACME_NONE,
                           "no delegation that the upstream owner has for us takes this request");
    }
  }
}

static stardeleg_err take_page(sdg_search *search, const sdg_result *result)
{
  stardeleg_problem problem;
  stardeleg_err err = sdg_delegation_list_parse(&search->page, result->response->body, &problem);

  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    problem.status = 0;
    sdg_errand_fail(&search->errand, &problem);
    return STARDELEG_OK;
  }
  search->has_page = true;
  search->next = 0;
  err = read_next(search, result);
  advance(search);
  return err;
}

/* --- A delegation --- */

/* Chosen names are the upstream owner's to judge; all else that can be checked is. */
static int allow_name(void *ctx, const stardeleg_name_choice *choice)
{
  (void)ctx;
  (void)choice;
  return 1;
}

static stardeleg_err load_template(stardeleg_template **out, const sdg_delegation *delegation)
{
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err;

  sdg_buf_init(&text, ANSWER_MAX);
  sdg_jw_init(&w, &text);
  sdg_jw_tree(&w, NULL, delegation->csr_template);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = stardeleg_template_load(out, sdg_buf_bytes(&text), NULL, NULL);
  }
  sdg_buf_clear(&text);
  return err;
}

/* POLICY with |problem| if the CSR does not fit.  A template that we cannot read is left to its owner, if we were told
 * to use it; one that is only looked at does not fit. */
static stardeleg_err match(const sdg_search *search, const sdg_issuance *issuance, const sdg_delegation *delegation,
                           stardeleg_problem *problem)
{
  const stardeleg_ido_options *options = &issuance->issuer->ido->options;
  const sdg_identifiers *identifiers = &issuance->order->wire.identifiers;
  stardeleg_match_options match_options = options->match;
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  stardeleg_err err = load_template(&tmpl, delegation);

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM || search->configured == NULL ? err : STARDELEG_OK;
  }
  match_options.policy = allow_name;
  err = stardeleg_template_match(tmpl, options->crypto, sdg_buf_bytes(&issuance->order->csr), identifiers->items,
                                 identifiers->count, &match_options, &report);
  if (err == STARDELEG_ERR_POLICY) {
    stardeleg_report_to_problem(report, problem);
  }
  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
  return err;
}

/* The name, which another owner has written, is one of those that we have for it. */
static bool may_lead_to(const sdg_issuance *issuance, const sdg_ido_order *order, const char *target)
{
  const sdg_issuer *issuer = issuance->issuer;
  size_t len = strlen(target);
  char name[256];
  char shown[256];

  len -= len > 0 && target[len - 1] == '.' ? 1 : 0;
  (void)snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : 0), target);
  if (sdg_ido_scope_lists(&issuer->aliases, name)) {
    return true;
  }
  sdg_text_escape(shown, sizeof(shown), sdg_bytes_str(target));
  sdg_log(&issuer->ido->options.log, STARDELEG_LOG_WARNING, "ido.cname.foreign",
          "delegation=%s issuer=%s: the owner upstream leads to %s, which is no name for it", order->delegation,
          issuer->name, shown);
  return false;
}

/* RFC 9115 5.1.2.1: the owner's zone leads from its name to ours; what our delegate is to be reached by is one more
 * step, from our name to the delegate's. */
static stardeleg_err note_aliases(const sdg_issuance *issuance, const sdg_delegation *delegation)
{
  sdg_ido_order *order = issuance->order;
  sdg_json *tree = NULL;
  sdg_json_writer w;
  sdg_buf text;
  stardeleg_err err;

  sdg_json_free(order->aliases);
  order->aliases = NULL;
  if (delegation->cname_count == 0) {
    return STARDELEG_OK;
  }
  sdg_buf_init(&text, ANSWER_MAX);
  sdg_jw_init(&w, &text);
  sdg_jw_object(&w, NULL);
  for (size_t i = 0; i < delegation->cname_count; i++) {
    const sdg_cname *cname = &delegation->cnames[i];

    sdg_jw_string(&w, cname->name, may_lead_to(issuance, order, cname->target) ? cname->target : "");
  }
  sdg_jw_object_end(&w);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    sdg_json_limits limits = sdg_json_limits_default();

    limits.bytes_max = ANSWER_MAX;
    err = sdg_json_parse(&tree, sdg_buf_bytes(&text), &limits, NULL);
  }
  sdg_buf_clear(&text);
  if (err == STARDELEG_OK) {
    order->aliases = tree;
  }
  return err;
}

static stardeleg_err keep_found(sdg_search *search)
{
  search->found = sdg_strdup(candidate(search));
  if (search->found == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_errand_done(&search->errand);
  return STARDELEG_OK;
}

static stardeleg_err take_delegation(sdg_search *search, const sdg_issuance *issuance, const sdg_result *result)
{
  sdg_delegation delegation = {0};
  stardeleg_problem problem;
  stardeleg_err err = sdg_delegation_parse(&delegation, result->response->body, &problem);

  if (err == STARDELEG_OK) {
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the upstream owner's template cannot be read");
    err = match(search, issuance, &delegation, &problem);
    if (err == STARDELEG_OK) {
      err = note_aliases(issuance, &delegation);
    }
  }
  sdg_delegation_clear(&delegation);
  if (err == STARDELEG_OK) {
    return keep_found(search);
  }
  if (err == STARDELEG_ERR_NOMEM || err == STARDELEG_ERR_CRYPTO) {
    return err;
  }
  if (search->configured != NULL) {
    problem.status = 0;
    sdg_errand_fail(&search->errand, &problem);
    return STARDELEG_OK;
  }
  search->next++;
  advance(search);
  return STARDELEG_OK;
}

stardeleg_err sdg_search_take(sdg_search *search, const sdg_issuance *issuance, const sdg_result *result,
                              stardeleg_time now)
{
  bool is_delegation = candidate(search) != NULL;

  if (result->err != STARDELEG_OK) {
    if (sdg_errand_retries(&search->errand, issuance->issuer->ido->agent, result, now)) {
      return STARDELEG_OK;
    }
    if (is_delegation && search->configured == NULL) {
      search->next++; /* withdrawn since the list was made */
      advance(search);
    } else {
      sdg_errand_fail(&search->errand, result->problem);
    }
    return STARDELEG_OK;
  }
  search->errand.tries = 0;
  search->errand.wait_until = STARDELEG_TIME_NONE;
  if (is_delegation) {
    return take_delegation(search, issuance, result);
  }
  return search->page_url != NULL ? take_page(search, result) : take_account(search, result);
}

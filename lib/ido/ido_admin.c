/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_admin.c -- registering delegates, and what is delegated to them (RFC 9115 2.3.1). */
#include <stdio.h>
#include <string.h>

#include "acme_server/eab.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "ido/ido_internal.h"

stardeleg_err stardeleg_ido_ndc_add(stardeleg_ido *ido, const char *name, char mac_key[64], stardeleg_time now)
{
  if (ido == NULL || name == NULL || mac_key == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  return sdg_eab_add(ido->options.crypto, ido->options.store, ido->options.secrets, name, mac_key, now);
}

/* A delegation being added; the trees are owned. */
typedef struct adding {
  stardeleg_ido *ido;
  const stardeleg_ido_delegation *request;
  sdg_ido_delegation made; /* without template and names: those are checked, and stored as they came */
  sdg_json *csr_template;
  sdg_json *cname_map;
  stardeleg_problem *problem;
} adding;

static stardeleg_err refuse(const adding *a, stardeleg_err err, const char *place, const char *detail)
{
  sdg_problem_set(a->problem, STARDELEG_ACME_MALFORMED, "%s", detail);
  sdg_problem_set_place(a->problem, sdg_bytes_str(place));
  return err;
}

static stardeleg_err parse_text(const adding *a, stardeleg_bytes text, const char *what, sdg_json **out)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json_fault fault;
  stardeleg_err err;

  limits.items_max = SDG_CNAMES_MAX;
  err = sdg_json_parse(out, text, &limits, &fault);
  if (err == STARDELEG_ERR_NOMEM || err == STARDELEG_OK) {
    return err;
  }
  sdg_problem_set(a->problem, STARDELEG_ACME_MALFORMED, "%s is not acceptable JSON: %s (line %zu, column %zu)", what,
                  fault.reason, fault.line, fault.column);
  sdg_problem_set_place(a->problem, sdg_bytes_str(fault.pointer));
  return STARDELEG_ERR_CONFIG;
}

/* --- Checks --- */

static stardeleg_err choose_id(adding *a)
{
  const char *id = a->request->id;

  if (id == NULL) {
    return sdg_server_new_id(a->ido->server, a->made.id);
  }
  if (strlen(id) >= sizeof(a->made.id) || !sdg_base64url_is_text(sdg_bytes_str(id))) {
    return refuse(a, STARDELEG_ERR_CONFIG, "id", "an id is 1 to 64 characters of A-Z, a-z, 0-9, - and _");
  }
  (void)snprintf(a->made.id, sizeof(a->made.id), "%s", id);
  return STARDELEG_OK;
}

static stardeleg_err check_ndc(adding *a)
{
  char account[SDG_ID_SIZE];
  const char *ndc = a->request->ndc;
  stardeleg_err err = STARDELEG_ERR_NOT_FOUND;

  if (ndc != NULL && strlen(ndc) < sizeof(a->made.ndc) && sdg_store_name_is_valid(ndc)) {
    err = sdg_eab_get(a->ido->options.store, ndc, account);
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return refuse(a, err, "ndc", "there is no such delegate");
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(a->made.ndc, sizeof(a->made.ndc), "%s", ndc);
  }
  return err;
}

static stardeleg_err check_issuer(adding *a)
{
  for (size_t i = 0; i < a->ido->issuer_count; i++) {
    const char *name = a->ido->issuers[i].name;

    if (a->request->issuer == NULL || strcmp(name, a->request->issuer) == 0) {
      (void)snprintf(a->made.issuer, sizeof(a->made.issuer), "%s", name);
      return STARDELEG_OK;
    }
  }
  return refuse(a, STARDELEG_ERR_NOT_FOUND, "issuer", "there is no such issuer");
}

static stardeleg_err check_bounds(adding *a)
{
  const stardeleg_ido_delegation *request = a->request;

  if (request->lifetime_min_s < 0 || request->lifetime_max_s < 0 ||
      (request->lifetime_max_s > 0 && request->lifetime_min_s > request->lifetime_max_s)) {
    return refuse(a, STARDELEG_ERR_CONFIG, "lifetime", "the longest lifetime is below the shortest");
  }
  if (request->expires_at == STARDELEG_TIME_NONE) {
    return refuse(a, STARDELEG_ERR_CONFIG, "expires_at", "expires_at must be an instant, or STARDELEG_TIME_NEVER");
  }
  a->made.lifetime_min_s = request->lifetime_min_s;
  a->made.lifetime_max_s = request->lifetime_max_s;
  a->made.expires_at = request->expires_at;
  return STARDELEG_OK;
}

/* STARDEL-4.1-15: a template is checked when it is added, and one that is not good is never stored. */
static stardeleg_err check_template(adding *a)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  stardeleg_err err = stardeleg_template_load(&tmpl, a->request->csr_template, NULL, &report);

  if (err == STARDELEG_ERR_NOMEM) {
    stardeleg_report_free(report);
    return err;
  }
  if (err != STARDELEG_OK) {
    const stardeleg_finding *finding = stardeleg_report_get(report, 0);

    for (size_t i = 1; finding != NULL && finding->warning != 0; i++) {
      finding = stardeleg_report_get(report, i);
    }
    err = refuse(a, STARDELEG_ERR_CONFIG, finding != NULL ? finding->place : "",
                 finding != NULL ? finding->detail : "the template is not acceptable");
  } else {
    err = parse_text(a, a->request->csr_template, "the template", &a->csr_template);
  }
  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
  return err;
}

static stardeleg_err check_cnames(adding *a)
{
  sdg_cname *cnames = NULL;
  size_t count = 0;
  stardeleg_err err;

  if (a->request->cname_map.len == 0) {
    return STARDELEG_OK;
  }
  err = parse_text(a, a->request->cname_map, "the CNAME map", &a->cname_map);
  if (err == STARDELEG_OK) {
    err = sdg_cname_map_parse(&cnames, &count, a->cname_map, a->problem);
    err = err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_CONFIG : err;
  }
  sdg_cname_map_free(cnames, count);
  return err;
}

static stardeleg_err check_all(adding *a)
{
  stardeleg_err (*const checks[])(adding * a) = {choose_id,    check_ndc,      check_issuer,
                                                 check_bounds, check_template, check_cnames};

  for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
    stardeleg_err err = checks[i](a);

    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return STARDELEG_OK;
}

/* --- The record --- */

static stardeleg_err store_delegation(adding *a, stardeleg_time now)
{
  sdg_buf value;
  stardeleg_err err;

  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  sdg_ido_delegation_write(&value, &a->made, a->csr_template, a->cname_map, now);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_put(a->ido->options.store, "delegation", a->made.id, sdg_buf_bytes(&value), a->made.ndc, 0);
  }
  sdg_buf_clear(&value);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_EXISTS : err;
}

stardeleg_err stardeleg_ido_delegation_add(stardeleg_ido *ido, const stardeleg_ido_delegation *delegation, char id[65],
                                           stardeleg_time now, stardeleg_problem *problem)
{
  stardeleg_problem ignored;
  adding a = {.ido = ido, .request = delegation, .problem = problem != NULL ? problem : &ignored};
  stardeleg_err err;

  if (ido == NULL || delegation == NULL || id == NULL || delegation->size != sizeof(*delegation)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_problem_clear(a.problem);
  err = check_all(&a);
  if (err == STARDELEG_OK) {
    err = store_delegation(&a, now);
  }
  if (err == STARDELEG_ERR_EXISTS) {
    err = refuse(&a, err, "id", "there is a delegation with this id");
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(id, SDG_ID_SIZE, "%s", a.made.id);
  }
  sdg_json_free(a.csr_template);
  sdg_json_free(a.cname_map);
  return err;
}

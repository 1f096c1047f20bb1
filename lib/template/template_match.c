/* SPDX-License-Identifier: Apache-2.0 */
/* template/template_match.c -- a CSR, or an order's identifiers, against a template. */
#include <stardeleg/template.h>

#include <string.h>

#include "base/bytes.h"
#include "template/template_internal.h"

void stardeleg_match_options_default(stardeleg_match_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
}

stardeleg_err sdg_match_options_take(stardeleg_match_options *out, const stardeleg_match_options *options)
{
  stardeleg_match_options_default(out);
  if (options == NULL) {
    return STARDELEG_OK;
  }
  if (options->size < sizeof(options->size) || options->size > sizeof(*out)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  memcpy(out, options, options->size);
  out->size = sizeof(*out);
  if (out->account_spki_count != 0 && out->account_spkis == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  return STARDELEG_OK;
}

/* Hands the findings over and turns them into the verdict. */
static stardeleg_err conclude(sdg_findings *findings, stardeleg_err err, stardeleg_report **report)
{
  if (findings->no_memory) {
    err = STARDELEG_ERR_NOMEM;
  }
  if (err != STARDELEG_OK) {
    stardeleg_report_free(findings->report);
    return err;
  }
  *report = findings->report;
  return sdg_findings_refuse(findings) ? STARDELEG_ERR_POLICY : STARDELEG_OK;
}

static bool identifiers_are_set(const stardeleg_identifier *identifiers, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (identifiers == NULL || identifiers[i].type == NULL || identifiers[i].value == NULL) {
      return false;
    }
  }
  return true;
}

/* --- A CSR --- */

/* Only what the CSR is to blame for becomes a finding; true if it was. */
static bool is_fault_of_csr(stardeleg_err err)
{
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT || err == STARDELEG_ERR_SIGNATURE ||
         err == STARDELEG_ERR_BAD_KEY || err == STARDELEG_ERR_UNSUPPORTED;
}

static stardeleg_err parse_csr(sdg_csr *csr, stardeleg_bytes der, sdg_findings *findings)
{
  stardeleg_problem problem;
  sdg_flaw flaw = {.rule = "csr-malformed", .acme = STARDELEG_ACME_BAD_CSR};
  stardeleg_err err;

  problem.detail[0] = '\0'; /* the rest has much room, and is read only if the reader has filled it in */
  problem.place[0] = '\0';
  err = sdg_csr_parse(csr, der, &problem);
  if (!is_fault_of_csr(err)) {
    return err;
  }
  flaw.value = sdg_bytes_str(problem.place);
  sdg_findings_add(findings, &flaw, "the CSR is not well-formed: %s",
                   problem.detail[0] != '\0' ? problem.detail : stardeleg_strerror(err));
  return STARDELEG_ERR_MALFORMED;
}

/* Proof of possession.  A key or algorithm that nobody knows has its finding already. */
static stardeleg_err verify_csr(const sdg_match *match, const stardeleg_crypto *crypto)
{
  sdg_flaw flaw = {.rule = "csr-signature", .acme = STARDELEG_ACME_BAD_CSR};
  stardeleg_err err;

  if (!match->csr->key_is_known || match->csr->alg == STARDELEG_ALG_NONE) {
    return STARDELEG_OK;
  }
  err = sdg_csr_verify(match->csr, crypto, NULL);
  if (!is_fault_of_csr(err)) {
    return err;
  }
  if (err == STARDELEG_ERR_SIGNATURE) {
    sdg_findings_add(match->findings, &flaw, "the CSR's signature does not verify with its key");
  } else if (err == STARDELEG_ERR_UNSUPPORTED) {
    sdg_findings_add(match->findings, &flaw, "the CSR's signature algorithm cannot be verified here");
  } else {
    flaw.rule = "csr-key";
    sdg_findings_add(match->findings, &flaw, "the CSR's key is not valid, or does not go with its signature algorithm");
  }
  return STARDELEG_OK;
}

static stardeleg_err match_csr(sdg_match *match, const stardeleg_crypto *crypto,
                               const stardeleg_identifier *identifiers, size_t identifier_count)
{
  sdg_name list[SDG_X509_NAMES_MAX];
  sdg_names names = {.list = list, .count = 0, .repeated = STARDELEG_ACME_BAD_CSR};
  stardeleg_err err = verify_csr(match, crypto);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_match_key(match);
  sdg_match_extensions(match, &names);
  sdg_match_subject(match, &names);
  sdg_match_names(match, &names);
  if (identifiers != NULL) {
    sdg_match_identifiers(match, &names, identifiers, identifier_count);
  }
  return STARDELEG_OK;
}

stardeleg_err stardeleg_template_match(const stardeleg_template *tmpl, const stardeleg_crypto *crypto,
                                       stardeleg_bytes csr, const stardeleg_identifier *identifiers,
                                       size_t identifier_count, const stardeleg_match_options *options,
                                       stardeleg_report **report)
{
  stardeleg_match_options effective;
  sdg_findings findings = {0};
  sdg_csr view = {0};
  sdg_match match = {.tmpl = tmpl, .options = &effective, .csr = &view, .findings = &findings};
  stardeleg_err err;

  if (report == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *report = NULL;
  if (tmpl == NULL || crypto == NULL || (csr.base == NULL && csr.len != 0) ||
      !identifiers_are_set(identifiers, identifier_count)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = sdg_match_options_take(&effective, options);
  if (err != STARDELEG_OK) {
    return err;
  }
  err = parse_csr(&view, csr, &findings);
  if (err == STARDELEG_OK) {
    err = match_csr(&match, crypto, identifiers, identifier_count);
  } else if (err == STARDELEG_ERR_MALFORMED) {
    err = STARDELEG_OK; /* told in the findings */
  }
  err = conclude(&findings, err, report);
  sdg_csr_clear(&view);
  return err;
}

/* --- An order's identifiers --- */

static int kind_of(const char *type)
{
  for (int i = 0; i < SDG_SAN_COUNT; i++) {
    if (strcmp(sdg_san_kinds[i].identifier_type, type) == 0) {
      return i;
    }
  }
  return -1;
}

static void take_identifier(const sdg_match *match, sdg_name *name, const stardeleg_identifier *identifier)
{
  int kind = kind_of(identifier->type);

  *name = (sdg_name){.kind = kind, .value = sdg_bytes_str(identifier->value)};
  if (kind == SDG_SAN_URI && !match->options->allow_uri_identifiers) {
    kind = -1;
  }
  if (kind < 0) {
    sdg_flaw flaw = {.rule = "identifier-type",
                     .acme = STARDELEG_ACME_UNSUPPORTED_IDENTIFIER,
                     .identifier_value = sdg_bytes_str(identifier->value)};
    sdg_shown shown;

    name->is_bad = true;
    flaw.identifier_type = sdg_show(&shown, sdg_bytes_str(identifier->type));
    sdg_findings_add(match->findings, &flaw, "a template has no names of this type");
  }
}

/* The template's own URI names would have to be identifiers (decision 47). */
static void check_uris(const sdg_match *match)
{
  const sdg_name_rule *uris = &match->tmpl->names[SDG_SAN_URI];

  for (size_t i = 0; i < uris->count; i++) {
    sdg_match_uri_identifier(match, uris->literals[i].text);
  }
}

stardeleg_err stardeleg_template_check_identifiers(const stardeleg_template *tmpl,
                                                   const stardeleg_identifier *identifiers, size_t identifier_count,
                                                   const stardeleg_match_options *options, stardeleg_report **report)
{
  stardeleg_match_options effective;
  sdg_findings findings = {0};
  sdg_match match = {.tmpl = tmpl, .options = &effective, .findings = &findings};
  sdg_name list[SDG_X509_NAMES_MAX];
  sdg_names names = {.list = list, .count = 0, .repeated = STARDELEG_ACME_REJECTED_IDENTIFIER};
  stardeleg_err err;

  if (report == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *report = NULL;
  if (tmpl == NULL || !identifiers_are_set(identifiers, identifier_count)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = sdg_match_options_take(&effective, options);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (identifier_count > SDG_X509_NAMES_MAX) {
    sdg_flaw flaw = {.rule = "identifier-count", .acme = STARDELEG_ACME_REJECTED_IDENTIFIER};

    sdg_findings_add(&findings, &flaw, "more than %d identifiers", SDG_X509_NAMES_MAX);
    return conclude(&findings, STARDELEG_OK, report);
  }
  for (size_t i = 0; i < identifier_count; i++) {
    /* Those of a further extension are judged by it. */
    if (sdg_plugs_find_identifier(tmpl, identifiers[i].type) == tmpl->plugged_count) {
      take_identifier(&match, &list[names.count++], &identifiers[i]);
    }
  }
  sdg_match_plugged_identifiers(&match, identifiers, identifier_count);
  check_uris(&match);
  sdg_match_names(&match, &names);
  return conclude(&findings, STARDELEG_OK, report);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* template/template_compile_names.c -- from the JSON tree to the flat form: subject and subjectAltName. */
#include "template/template_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static sdg_form form_of(const char *text)
{
  if (strcmp(text, "**") == 0) {
    return SDG_FORM_MANDATORY;
  }
  return strcmp(text, "*") == 0 ? SDG_FORM_OPTIONAL : SDG_FORM_LITERAL;
}

/* --- subject --- */

static bool is_upper_letters(stardeleg_bytes text)
{
  for (size_t i = 0; i < text.len; i++) {
    if (text.base[i] < 'A' || text.base[i] > 'Z') {
      return false;
    }
  }
  return true;
}

static bool is_letters(stardeleg_bytes text)
{
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = sdg_ascii_lower(text.base[i]);

    if (c < 'a' || c > 'z') {
      return false;
    }
  }
  return true;
}

/* The author may insist on "ca"; what a delegate chooses must be upper case (decision 19). */
static const char *check_literal(int member, stardeleg_bytes text, bool *warn)
{
  *warn = false;
  if (member == SDG_SUBJECT_COUNTRY && text.len == 2 && is_letters(text)) {
    *warn = !is_upper_letters(text);
    return *warn ? "a country code in lower case; ISO 3166 has them in upper case" : NULL;
  }
  return sdg_subject_value_fault(member, text);
}

void sdg_template_compile_subject(stardeleg_template *tmpl, const sdg_json *subject, sdg_findings *findings)
{
  tmpl->subject_is_empty = sdg_json_count(subject) == 0;
  for (int i = 0; i < SDG_SUBJECT_COUNT; i++) {
    const sdg_json *value = sdg_json_member(subject, sdg_subject_kinds[i].member);
    sdg_field_rule *rule = &tmpl->subject[i];
    const char *fault;
    bool warn;

    if (value == NULL) {
      continue;
    }
    rule->form = form_of(sdg_json_string(value));
    if (rule->form != SDG_FORM_LITERAL) {
      continue;
    }
    rule->literal = sdg_template_keep(tmpl, sdg_bytes_str(sdg_json_string(value)));
    fault = check_literal(i, rule->literal, &warn);
    if (fault != NULL) {
      char place[SDG_PLACE_SIZE];
      sdg_flaw flaw = {.kind = warn ? SDG_FLAW_WARNING : SDG_FLAW_REFUSAL,
                       .place = place,
                       .rule = "subject-literal",
                       .acme = STARDELEG_ACME_MALFORMED,
                       .value = rule->literal};

      (void)snprintf(place, sizeof(place), "/subject/%s", sdg_subject_kinds[i].member);
      sdg_findings_add(findings, &flaw, "%s: %s", sdg_subject_kinds[i].member, fault);
    }
  }
}

/* --- subjectAltName --- */

/* RFC 8555 7.1.4 wants names in lower case; all comparisons are blind to case, so nothing is lost. */
static stardeleg_bytes keep_lower(stardeleg_template *tmpl, stardeleg_bytes text)
{
  char *at = tmpl->pool + tmpl->pool_len;
  stardeleg_bytes kept = sdg_template_keep(tmpl, text);

  for (size_t i = 0; i < kept.len; i++) {
    at[i] = (char)sdg_ascii_lower((uint8_t)at[i]);
  }
  return kept;
}

/* The first error of a literal; a repeated one would leave its multiplicity unclear (decision 5). */
static const char *literal_fault(int kind, const sdg_name_rule *rule, stardeleg_bytes text)
{
  const char *fault = sdg_san_fault(kind, text);

  if (fault != NULL) {
    return fault;
  }
  for (size_t i = 0; i < rule->count; i++) {
    if (sdg_san_equal(kind, rule->literals[i].text, text)) {
      return "listed twice";
    }
  }
  return NULL;
}

static void add_literal(stardeleg_template *tmpl, int kind, const char *text, size_t index, sdg_findings *findings)
{
  sdg_name_rule *rule = &tmpl->names[kind];
  stardeleg_bytes raw = sdg_bytes_str(text);
  const char *fault = literal_fault(kind, rule, raw);

  if (fault != NULL) {
    char place[SDG_PLACE_SIZE];
    sdg_flaw flaw = {.place = place, .rule = "san-literal", .acme = STARDELEG_ACME_MALFORMED, .value = raw};

    (void)snprintf(place, sizeof(place), "/extensions/subjectAltName/%s/%zu", sdg_san_kinds[kind].member, index);
    sdg_findings_add(findings, &flaw, "%s: %s", sdg_san_kinds[kind].member, fault);
  }
  rule->literals[rule->count].text = kind == SDG_SAN_DNS ? keep_lower(tmpl, raw) : sdg_template_keep(tmpl, raw);
  rule->literals[rule->count].index = index;
  rule->count++;
}

/* A reader of CSRs stops at SDG_X509_NAMES_MAX names: with more, none could ever fit. */
static void check_count(const stardeleg_template *tmpl, sdg_findings *findings)
{
  size_t count = 0;

  for (int kind = 0; kind < SDG_SAN_COUNT; kind++) {
    count += tmpl->names[kind].count + tmpl->names[kind].mandatory;
  }
  if (count > SDG_X509_NAMES_MAX) {
    sdg_flaw flaw = {.kind = SDG_FLAW_BEYOND,
                     .place = "/extensions/subjectAltName",
                     .rule = "san-count",
                     .acme = STARDELEG_ACME_MALFORMED};

    sdg_findings_add(findings, &flaw, "demands %zu names; at most %d can be in a CSR", count, SDG_X509_NAMES_MAX);
  }
}

void sdg_template_compile_names(stardeleg_template *tmpl, const sdg_json *san, sdg_findings *findings)
{
  for (int kind = 0; kind < SDG_SAN_COUNT; kind++) {
    const sdg_json *item = sdg_json_first(sdg_json_member(san, sdg_san_kinds[kind].member));
    size_t index = 0;

    for (; item != NULL; item = sdg_json_next(item)) {
      const char *text = sdg_json_string(item);
      sdg_form form = form_of(text);

      if (form == SDG_FORM_MANDATORY) {
        tmpl->names[kind].mandatory++;
      } else if (form == SDG_FORM_OPTIONAL) {
        tmpl->names[kind].optional++;
      } else {
        add_literal(tmpl, kind, text, index, findings);
      }
      index++;
    }
  }
  check_count(tmpl, findings);
}

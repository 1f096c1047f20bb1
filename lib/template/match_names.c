/* SPDX-License-Identifier: Apache-2.0 */
/* template/match_names.c -- names against literals and wildcards, the policy, and an order's identifiers. */
#include "template/template_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/name.h"

static sdg_flaw flaw_of(const char *rule, int kind, stardeleg_bytes value)
{
  sdg_flaw flaw = {.place = "/extensions/subjectAltName",
                   .rule = rule,
                   .acme = STARDELEG_ACME_REJECTED_IDENTIFIER,
                   .value = value,
                   .identifier_value = value};

  if (kind >= 0) {
    flaw.identifier_type = sdg_san_kinds[kind].identifier_type;
  }
  return flaw;
}

static void check_form(const sdg_match *match, sdg_name *name)
{
  const char *fault = name->is_bad ? NULL : sdg_san_fault(name->kind, name->value);

  if (fault != NULL) {
    sdg_flaw flaw = flaw_of("san-name", name->kind, name->value);

    name->is_bad = true;
    sdg_findings_add(match->findings, &flaw, "not an acceptable name: %s", fault);
  }
}

/* A repetition could stand for a "**" and hide that a name is missing (decision 4). */
static void check_repetition(const sdg_match *match, const sdg_names *names, size_t i)
{
  sdg_name *name = &names->list[i];

  for (size_t k = 0; k < i && !name->is_bad; k++) {
    if (names->list[k].kind == name->kind && sdg_san_equal(name->kind, names->list[k].value, name->value)) {
      sdg_flaw flaw = flaw_of("san-repeated", name->kind, name->value);

      flaw.acme = names->repeated;
      name->is_bad = true;
      sdg_findings_add(match->findings, &flaw, "this name stands there more than once");
    }
  }
}

/* Each literal takes exactly one name. */
static void take_literal(const sdg_match *match, const sdg_names *names, int kind, const sdg_literal *literal)
{
  char place[SDG_PLACE_SIZE];
  sdg_flaw flaw;

  for (size_t i = 0; i < names->count; i++) {
    sdg_name *name = &names->list[i];

    if (name->kind == kind && !name->is_taken && !name->is_bad && sdg_san_equal(kind, name->value, literal->text)) {
      name->is_taken = true;
      return;
    }
  }
  (void)snprintf(place, sizeof(place), "/extensions/subjectAltName/%s/%zu", sdg_san_kinds[kind].member, literal->index);
  flaw = flaw_of("san-literal-missing", kind, literal->text);
  flaw.place = place;
  flaw.value = sdg_bytes(NULL, 0);
  sdg_findings_add(match->findings, &flaw, "the template demands this name, and it is missing");
}

/* RFC 9115 4.1: with a wildcard "the IdO MUST apply application-specific checks [...] to ensure the requested domain
 * name is legitimate according to its local policy".  No policy, no such name. */
static void ask_policy(const sdg_match *match, const sdg_name *name)
{
  char text[SDG_NAME_MAX + 1];
  stardeleg_name_choice choice = {.name = text, .wildcard = sdg_name_is_wildcard(name->value)};
  sdg_flaw flaw;

  if (name->value.len > SDG_NAME_MAX) {
    return; /* cannot be: the form was checked */
  }
  for (size_t i = 0; i < name->value.len; i++) {
    text[i] = (char)sdg_ascii_lower(name->value.base[i]);
  }
  text[name->value.len] = '\0';
  if (match->options->policy != NULL && match->options->policy(match->options->policy_ctx, &choice) != 0) {
    return;
  }
  flaw = flaw_of("san-policy", SDG_SAN_DNS, name->value);
  flaw.place = "/extensions/subjectAltName/DNS";
  sdg_findings_add(match->findings, &flaw, "%s",
                   match->options->policy != NULL ? "the owner's policy does not allow this name"
                                                  : "there is no policy for names of the delegate's choice");
}

static void refuse_surplus(const sdg_match *match, const sdg_name *name, size_t places)
{
  sdg_flaw flaw = flaw_of("san-not-in-template", name->kind, name->value);

  sdg_findings_add(match->findings, &flaw, "%s",
                   places == 0 ? "the template does not name it" : "more names than the template has places for");
}

/* What no literal took: for DNS at least as many as there are "**", at most those and the "*" (decision 2). */
static void check_chosen(const sdg_match *match, const sdg_names *names, int kind)
{
  const sdg_name_rule *rule = &match->tmpl->names[kind];
  size_t places = rule->mandatory + rule->optional;
  size_t chosen = 0;

  for (size_t i = 0; i < names->count; i++) {
    const sdg_name *name = &names->list[i];

    if (name->kind != kind || name->is_taken || name->is_bad) {
      continue;
    }
    chosen++;
    if (chosen > places) {
      refuse_surplus(match, name, places);
    } else {
      ask_policy(match, name);
    }
  }
  if (chosen < rule->mandatory) {
    sdg_flaw flaw = flaw_of("san-mandatory-missing", -1, sdg_bytes(NULL, 0));

    flaw.place = "/extensions/subjectAltName/DNS";
    sdg_findings_add(match->findings, &flaw, "the template demands %zu names of the delegate's choice, there are %zu",
                     rule->mandatory, chosen);
  }
}

void sdg_match_names(const sdg_match *match, const sdg_names *names)
{
  for (size_t i = 0; i < names->count; i++) {
    check_form(match, &names->list[i]);
    check_repetition(match, names, i);
  }
  for (int kind = 0; kind < SDG_SAN_COUNT; kind++) {
    const sdg_name_rule *rule = &match->tmpl->names[kind];

    for (size_t i = 0; i < rule->count; i++) {
      take_literal(match, names, kind, &rule->literals[i]);
    }
    check_chosen(match, names, kind);
  }
}

/* --- The order's identifiers --- */

void sdg_match_uri_identifier(const sdg_match *match, stardeleg_bytes uri)
{
  if (!match->options->allow_uri_identifiers) {
    sdg_flaw flaw = flaw_of("identifier-uri", SDG_SAN_URI, uri);

    flaw.acme = STARDELEG_ACME_UNSUPPORTED_IDENTIFIER;
    flaw.place = "/extensions/subjectAltName/URI";
    sdg_findings_add(match->findings, &flaw, "there is no ACME identifier type for a URI, so no order can have it");
  }
}

static bool is_identifier_of(const stardeleg_identifier *identifier, const sdg_name *name)
{
  return name->kind >= 0 && strcmp(identifier->type, sdg_san_kinds[name->kind].identifier_type) == 0 &&
         sdg_san_equal(name->kind, sdg_bytes_str(identifier->value), name->value);
}

static void check_ordered(const sdg_match *match, const sdg_name *name, const stardeleg_identifier *identifiers,
                          size_t count)
{
  if (name->kind == SDG_SAN_URI) {
    sdg_match_uri_identifier(match, name->value);
    if (!match->options->allow_uri_identifiers) {
      return;
    }
  }
  for (size_t i = 0; i < count; i++) {
    if (is_identifier_of(&identifiers[i], name)) {
      return;
    }
  }
  sdg_flaw flaw = flaw_of("identifier-not-ordered", name->kind, name->value);
  sdg_findings_add(match->findings, &flaw, "the order is not for this name");
}

/* RFC 8555 7.4: "The CSR MUST indicate the exact same set of requested identifiers as the initial newOrder request." */
void sdg_match_identifiers(const sdg_match *match, const sdg_names *names, const stardeleg_identifier *identifiers,
                           size_t count)
{
  for (size_t i = 0; i < names->count; i++) {
    if (!names->list[i].is_bad) {
      check_ordered(match, &names->list[i], identifiers, count);
    }
  }
  sdg_match_plugged_identifiers(match, identifiers, count);
  for (size_t i = 0; i < count; i++) {
    sdg_flaw flaw = {.rule = "identifier-not-in-csr", .acme = STARDELEG_ACME_REJECTED_IDENTIFIER};
    bool found = sdg_plugs_find_identifier(match->tmpl, identifiers[i].type) < match->tmpl->plugged_count;

    for (size_t k = 0; k < names->count && !found; k++) {
      found = is_identifier_of(&identifiers[i], &names->list[k]);
    }
    if (!found) {
      sdg_shown shown;

      flaw.place = "/extensions/subjectAltName";
      flaw.identifier_type = sdg_show(&shown, sdg_bytes_str(identifiers[i].type));
      flaw.identifier_value = sdg_bytes_str(identifiers[i].value);
      sdg_findings_add(match->findings, &flaw, "the order is for this name, and the CSR does not have it");
    }
  }
}

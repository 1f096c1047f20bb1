/* SPDX-License-Identifier: Apache-2.0 */
/* template/match_subject.c -- the CSR's subject against the template's (RFC 9115 4.1, RFC 5280 4.1.2.6). */
#include "template/template_internal.h"

#include <stdio.h>

#include "base/bytes.h"

typedef struct seen {
  bool there[SDG_SUBJECT_COUNT];
} seen;

static sdg_flaw flaw_at(char place[SDG_PLACE_SIZE], int member, const char *rule, stardeleg_bytes value)
{
  sdg_flaw flaw = {.place = place, .rule = rule, .acme = STARDELEG_ACME_BAD_CSR, .value = value};

  (void)snprintf(place, SDG_PLACE_SIZE, "/subject/%s", sdg_subject_kinds[member].member);
  return flaw;
}

/* With the types that are read here the content octets are UTF-8 as they stand: nothing to decode. */
static const char *encoding_fault(const sdg_x509_attribute *attribute, int member)
{
  const sdg_subject_kind *kind = &sdg_subject_kinds[member];

  if (attribute->tag != kind->read_tags[0] && attribute->tag != kind->read_tags[1]) {
    return "a string type that is not allowed for it";
  }
  /* A "*" or "@" is a common mistake, and would be read differently elsewhere. */
  if (attribute->tag == SDG_DER_PRINTABLE_STRING && !sdg_x509_is_printable(attribute->value)) {
    return "a PrintableString with other characters";
  }
  return NULL;
}

static void check_value(const sdg_match *match, const sdg_x509_attribute *attribute, int member)
{
  const sdg_field_rule *rule = &match->tmpl->subject[member];
  const char *name = sdg_subject_kinds[member].member;
  const char *fault = encoding_fault(attribute, member);
  char place[SDG_PLACE_SIZE];
  sdg_shown wanted;

  if (fault != NULL) {
    sdg_flaw flaw = flaw_at(place, member, "subject-encoding", attribute->value);

    sdg_findings_add(match->findings, &flaw, "%s has %s", name, fault);
    return;
  }
  if (rule->form == SDG_FORM_LITERAL) {
    /* Exact code points (decision 16): the value ends up in a certificate. */
    if (!sdg_bytes_equal(attribute->value, rule->literal)) {
      sdg_flaw flaw = flaw_at(place, member, "subject-literal", attribute->value);

      sdg_findings_add(match->findings, &flaw, "%s must be \"%s\"", name, sdg_show(&wanted, rule->literal));
    }
    return;
  }
  fault = sdg_subject_value_fault(member, attribute->value);
  if (fault != NULL) {
    sdg_flaw flaw = flaw_at(place, member, "subject-value", attribute->value);

    sdg_findings_add(match->findings, &flaw, "%s: %s", name, fault);
  }
}

static void refuse_unknown(const sdg_match *match, const sdg_x509_attribute *attribute)
{
  sdg_flaw flaw = {.place = "/subject", .rule = "subject-unknown", .acme = STARDELEG_ACME_BAD_CSR};
  char oid[96];

  (void)sdg_der_oid_text(oid, sizeof(oid), attribute->oid);
  flaw.value = sdg_bytes_str(oid);
  sdg_findings_add(match->findings, &flaw, "the subject has an attribute that no template can allow (%s)", oid);
}

static void check_attribute(const sdg_match *match, const sdg_x509_attribute *attribute, seen *members)
{
  int member = sdg_subject_find(attribute->oid);
  char place[SDG_PLACE_SIZE];

  if (member < 0) {
    refuse_unknown(match, attribute);
    return;
  }
  if (members->there[member]) {
    sdg_flaw flaw = flaw_at(place, member, "subject-repeated", attribute->value);

    sdg_findings_add(match->findings, &flaw, "%s stands in the subject more than once",
                     sdg_subject_kinds[member].member);
    return;
  }
  members->there[member] = true;
  if (attribute->rdn_size != 1) {
    sdg_flaw flaw = flaw_at(place, member, "subject-shape", attribute->value);

    sdg_findings_add(match->findings, &flaw, "%s shares its RDN with another attribute",
                     sdg_subject_kinds[member].member);
  }
  if (match->tmpl->subject[member].form == SDG_FORM_ABSENT) {
    sdg_flaw flaw = flaw_at(place, member, "subject-not-in-template", attribute->value);

    sdg_findings_add(match->findings, &flaw, "%s is not in the template", sdg_subject_kinds[member].member);
    return;
  }
  check_value(match, attribute, member);
}

static void check_missing(const sdg_match *match, const seen *members)
{
  for (int i = 0; i < SDG_SUBJECT_COUNT; i++) {
    sdg_form form = match->tmpl->subject[i].form;

    if (!members->there[i] && (form == SDG_FORM_LITERAL || form == SDG_FORM_MANDATORY)) {
      char place[SDG_PLACE_SIZE];
      sdg_flaw flaw = flaw_at(place, i, "subject-missing", sdg_bytes(NULL, 0));

      sdg_findings_add(match->findings, &flaw, "%s is missing", sdg_subject_kinds[i].member);
    }
  }
}

/* A CA would refuse the CSR, or add the common name to the certificate's names (RFC 8555 7.4 counts it as one). */
static void check_common_name(const sdg_match *match, const sdg_names *names)
{
  for (size_t i = 0; i < match->csr->subject_count; i++) {
    const sdg_x509_attribute *attribute = &match->csr->subject[i];
    char place[SDG_PLACE_SIZE];
    bool found = false;

    if (!sdg_bytes_equal(attribute->oid, sdg_oid_common_name) || !sdg_common_name_is_host(attribute->value)) {
      continue;
    }
    for (size_t k = 0; k < names->count && !found; k++) {
      found = names->list[k].kind == SDG_SAN_DNS && sdg_san_equal(SDG_SAN_DNS, names->list[k].value, attribute->value);
    }
    if (!found) {
      sdg_flaw flaw = flaw_at(place, SDG_SUBJECT_COMMON_NAME, "common-name-not-in-san", attribute->value);

      sdg_findings_add(match->findings, &flaw, "commonName is a host name or address, but none of the DNS names");
    }
  }
}

void sdg_match_subject(const sdg_match *match, const sdg_names *names)
{
  seen members = {{false}};

  for (size_t i = 0; i < match->csr->subject_count; i++) {
    check_attribute(match, &match->csr->subject[i], &members);
  }
  check_missing(match, &members);
  check_common_name(match, names);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* template/match_extensions.c -- the CSR's attributes and extensions: the three of the template and nothing else. */
#include "template/template_internal.h"

#include <stdio.h>

#include "base/bytes.h"

static void refuse(const sdg_match *match, const char *place, const char *rule, const char *detail)
{
  sdg_flaw flaw = {.place = place, .rule = rule, .acme = STARDELEG_ACME_BAD_CSR};

  sdg_findings_add(match->findings, &flaw, "%s", detail);
}

/* RFC 9115 4.1: "The NDC MUST NOT include any fields in the CSR, including any extensions, unless they are specified in
 * the template." */
static void check_attributes(const sdg_match *match)
{
  const sdg_csr *csr = match->csr;

  for (size_t i = 0; i < csr->attribute_count; i++) {
    sdg_flaw flaw = {.rule = "attribute", .acme = STARDELEG_ACME_BAD_CSR};
    char oid[96];

    (void)sdg_der_oid_text(oid, sizeof(oid), csr->attributes[i].oid);
    flaw.value = sdg_bytes_str(oid);
    sdg_findings_add(match->findings, &flaw, "the CSR has an attribute that no template can allow (%s)", oid);
  }
  if (csr->extension_requests == 0) {
    refuse(match, "/extensions", "extension-request-missing", "the CSR requests no extensions");
  } else if (csr->extension_requests > 1) {
    refuse(match, "/extensions", "extension-request-repeated", "the CSR has more than one list of extensions");
  }
}

/* --- keyUsage --- */

static void compare_usages(const sdg_match *match, unsigned bits)
{
  unsigned wanted = match->tmpl->key_usage;
  char text[160];
  sdg_flaw flaw = {.place = "/extensions/keyUsage", .acme = STARDELEG_ACME_BAD_CSR};

  if ((wanted & ~bits) != 0) {
    flaw.rule = "key-usage-missing";
    sdg_key_usage_text(text, sizeof(text), wanted & ~bits);
    sdg_findings_add(match->findings, &flaw, "keyUsage lacks %s", text);
  }
  if ((bits & ~wanted) != 0) {
    flaw.rule = "key-usage-extra";
    sdg_key_usage_text(text, sizeof(text), bits & ~wanted);
    flaw.value = sdg_bytes_str(text);
    sdg_findings_add(match->findings, &flaw, "keyUsage has %s, which the template does not name", text);
  }
}

static void check_key_usage(const sdg_match *match, const sdg_x509_extension *extension)
{
  unsigned bits = 0;

  if (extension == NULL) {
    if (match->tmpl->key_usage != 0) {
      refuse(match, "/extensions/keyUsage", "key-usage-missing", "the CSR has no keyUsage");
    }
    return;
  }
  if (sdg_x509_read_key_usage(&bits, extension->value) != STARDELEG_OK) {
    refuse(match, "/extensions/keyUsage", "key-usage-malformed", "keyUsage is not well-formed");
  } else if (match->tmpl->key_usage == 0) {
    refuse(match, "/extensions/keyUsage", "extension-not-in-template", "keyUsage is not in the template");
  } else {
    compare_usages(match, bits);
  }
}

/* --- extendedKeyUsage --- */

static void compare_purposes(const sdg_match *match, const stardeleg_bytes *oids, size_t count)
{
  const stardeleg_template *tmpl = match->tmpl;
  sdg_flaw flaw = {.acme = STARDELEG_ACME_BAD_CSR};
  char place[SDG_PLACE_SIZE];
  char text[96];

  for (size_t i = 0; i < tmpl->eku_count; i++) {
    if (!sdg_eku_has(oids, count, tmpl->eku[i])) {
      (void)snprintf(place, sizeof(place), "/extensions/extendedKeyUsage/%zu", i);
      flaw.place = place;
      flaw.rule = "purpose-missing";
      sdg_eku_text(text, sizeof(text), tmpl->eku[i]);
      sdg_findings_add(match->findings, &flaw, "extendedKeyUsage lacks %s", text);
    }
  }
  flaw.place = "/extensions/extendedKeyUsage";
  for (size_t i = 0; i < count; i++) {
    bool known = sdg_eku_has(tmpl->eku, tmpl->eku_count, oids[i]);

    if (known && !sdg_eku_has(oids, i, oids[i])) {
      continue;
    }
    flaw.rule = known ? "purpose-repeated" : "purpose-extra";
    sdg_eku_text(text, sizeof(text), oids[i]);
    flaw.value = sdg_bytes_str(text);
    sdg_findings_add(match->findings, &flaw, "extendedKeyUsage has %s, %s", text,
                     known ? "more than once" : "which the template does not name");
  }
}

static void check_purposes(const sdg_match *match, const sdg_x509_extension *extension)
{
  static const char *const place = "/extensions/extendedKeyUsage";
  stardeleg_bytes oids[SDG_X509_NAMES_MAX];
  size_t count = 0;

  if (extension == NULL) {
    if (match->tmpl->eku_count != 0) {
      refuse(match, place, "purpose-missing", "the CSR has no extendedKeyUsage");
    }
    return;
  }
  if (sdg_x509_read_eku(oids, SDG_X509_NAMES_MAX, &count, extension->value) != STARDELEG_OK) {
    refuse(match, place, "purpose-malformed", "extendedKeyUsage is not well-formed, or too long");
  } else if (match->tmpl->eku_count == 0) {
    refuse(match, place, "extension-not-in-template", "extendedKeyUsage is not in the template");
  } else {
    compare_purposes(match, oids, count);
  }
}

/* --- subjectAltName --- */

static void read_names(const sdg_match *match, const sdg_x509_extension *extension, sdg_names *names)
{
  sdg_general_name found[SDG_X509_NAMES_MAX];
  size_t count = 0;

  names->count = 0;
  if (extension == NULL) {
    refuse(match, "/extensions/subjectAltName", "san-missing", "the CSR has no subjectAltName");
    return;
  }
  if (sdg_x509_read_san(found, SDG_X509_NAMES_MAX, &count, extension->value) != STARDELEG_OK) {
    refuse(match, "/extensions/subjectAltName", "san-malformed", "subjectAltName is not well-formed, or too long");
    return;
  }
  for (size_t i = 0; i < count; i++) {
    int kind = sdg_san_find(found[i].kind);

    names->list[i] = (sdg_name){.kind = kind, .value = found[i].value};
    if (kind < 0) {
      sdg_flaw flaw = {
          .place = "/extensions/subjectAltName", .rule = "san-kind", .acme = STARDELEG_ACME_REJECTED_IDENTIFIER};

      names->list[i].is_bad = true;
      sdg_findings_add(match->findings, &flaw, "subjectAltName has a name of kind [%d], which no template can allow",
                       (int)found[i].kind);
    }
  }
  names->count = count;
}

/* --- All extensions --- */

static void refuse_extension(const sdg_match *match, const sdg_x509_extension *extension, bool repeated)
{
  sdg_flaw flaw = {.place = "/extensions",
                   .rule = repeated ? "extension-repeated" : "extension-not-in-template",
                   .acme = STARDELEG_ACME_BAD_CSR};
  char oid[96];

  (void)sdg_der_oid_text(oid, sizeof(oid), extension->oid);
  flaw.value = sdg_bytes_str(oid);
  sdg_findings_add(match->findings, &flaw, "extension %s %s", oid,
                   repeated ? "stands in the CSR more than once" : "is not in the template");
}

/* One that a program has described (template_extension.h). */
static void take_other(sdg_match *match, const sdg_x509_extension *extension)
{
  size_t i = sdg_plugs_find(match->tmpl, extension->oid);

  if (i == match->tmpl->plugged_count || match->plugged[i].base != NULL) {
    refuse_extension(match, extension, i != match->tmpl->plugged_count);
  } else {
    match->plugged[i] = extension->value;
  }
}

void sdg_match_extensions(sdg_match *match, sdg_names *names)
{
  enum { KEY_USAGE, PURPOSES, NAMES, KINDS };
  const stardeleg_bytes *oids[KINDS] = {&sdg_oid_key_usage, &sdg_oid_ext_key_usage, &sdg_oid_subject_alt_name};
  const sdg_x509_extension *found[KINDS] = {NULL, NULL, NULL};

  check_attributes(match);
  for (size_t i = 0; i < match->csr->extension_count; i++) {
    const sdg_x509_extension *extension = &match->csr->extensions[i];
    size_t kind = 0;

    while (kind < KINDS && !sdg_bytes_equal(*oids[kind], extension->oid)) {
      kind++;
    }
    if (kind == KINDS) {
      take_other(match, extension);
    } else if (found[kind] != NULL) {
      refuse_extension(match, extension, true);
    } else {
      found[kind] = extension;
    }
  }
  check_key_usage(match, found[KEY_USAGE]);
  check_purposes(match, found[PURPOSES]);
  read_names(match, found[NAMES], names);
  sdg_match_plugged(match);
}

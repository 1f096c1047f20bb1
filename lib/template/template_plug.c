/* SPDX-License-Identifier: Apache-2.0 */
/* template/template_plug.c -- further extensions that a program has described (RFC 9115 6.5). */
#include "template/template_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "cddl/cddl.h"
#include "json/json_write.h"

static bool is_known_member(const char *name)
{
  return strcmp(name, "keyUsage") == 0 || strcmp(name, "extendedKeyUsage") == 0 || strcmp(name, "subjectAltName") == 0;
}

/* The extensions of RFC 9115 have their own rules, which a description must not replace. */
static bool is_known_oid(stardeleg_bytes oid)
{
  return sdg_bytes_equal(oid, sdg_oid_key_usage) || sdg_bytes_equal(oid, sdg_oid_ext_key_usage) ||
         sdg_bytes_equal(oid, sdg_oid_subject_alt_name);
}

/* Identifiers of these types are compared with the names in subjectAltName; a description must not take them over. */
static bool is_known_type(const char *type)
{
  for (int i = 0; i < SDG_SAN_COUNT; i++) {
    if (strcmp(sdg_san_kinds[i].identifier_type, type) == 0) {
      return true;
    }
  }
  return false;
}

/* The name stands in JSON pointers as it is. */
static bool is_plain_name(const char *name)
{
  size_t len = strlen(name);

  for (size_t i = 0; i < len; i++) {
    uint8_t c = sdg_ascii_lower((uint8_t)name[i]);

    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
      return false;
    }
  }
  return len > 0 && len < 64;
}

static bool is_complete(const stardeleg_template_extension *plug)
{
  if (plug == NULL || plug->size < sizeof(*plug) || plug->name == NULL || plug->oid == NULL) {
    return false;
  }
  if (plug->identifier_type != NULL && (plug->has_identifier == NULL || is_known_type(plug->identifier_type))) {
    return false;
  }
  return plug->load != NULL && plug->unload != NULL && plug->match != NULL && plug->build != NULL &&
         plug->explain != NULL && is_plain_name(plug->name) && !is_known_member(plug->name);
}

stardeleg_err sdg_plugs_check(const stardeleg_template_options *options)
{
  if (options->extension_count > STARDELEG_TEMPLATE_EXTENSIONS_MAX ||
      (options->extension_count != 0 && options->extensions == NULL)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (size_t i = 0; i < options->extension_count; i++) {
    const stardeleg_template_extension *plug = options->extensions[i];

    if (!is_complete(plug)) {
      return STARDELEG_ERR_ARGUMENT;
    }
    for (size_t k = 0; k < i; k++) {
      if (strcmp(options->extensions[k]->name, plug->name) == 0 ||
          strcmp(options->extensions[k]->oid, plug->oid) == 0) {
        return STARDELEG_ERR_ARGUMENT;
      }
    }
  }
  return STARDELEG_OK;
}

bool sdg_plugs_have(const stardeleg_template_options *options, const char *name)
{
  for (size_t i = 0; i < options->extension_count; i++) {
    if (strcmp(options->extensions[i]->name, name) == 0) {
      return true;
    }
  }
  return false;
}

/* --- Loading --- */

typedef struct violations {
  const stardeleg_template_extension *plug;
  sdg_findings *findings;
} violations;

static void refuse_member(sdg_findings *findings, const stardeleg_template_extension *plug, const char *below,
                          const char *detail)
{
  char place[SDG_PLACE_SIZE];
  sdg_shown shown_place;
  sdg_shown shown;
  sdg_flaw flaw = {.place = place, .rule = plug->name, .acme = STARDELEG_ACME_MALFORMED};

  (void)snprintf(place, sizeof(place), "/extensions/%s%s", plug->name, sdg_show(&shown_place, sdg_bytes_str(below)));
  sdg_findings_add(findings, &flaw, "%s: %s", plug->name, sdg_show(&shown, sdg_bytes_str(detail)));
}

static int take_violation(void *ctx, const sdg_cddl_finding *violation)
{
  const violations *v = ctx;
  char detail[160];

  (void)snprintf(detail, sizeof(detail), "expected %s", violation->expected);
  refuse_member(v->findings, v->plug, violation->pointer, detail);
  return 0;
}

static stardeleg_err check_syntax(const stardeleg_template_extension *plug, const sdg_json *value,
                                  sdg_findings *findings)
{
  violations v = {plug, findings};

  return plug->schema != NULL ? sdg_cddl_check(plug->schema, NULL, value, NULL, 0, take_violation, &v) : STARDELEG_OK;
}

static stardeleg_err load_rule(sdg_plugged *plugged, const sdg_json *value, sdg_findings *findings)
{
  const stardeleg_template_extension *plug = plugged->plug;
  stardeleg_extension_fault fault = {"", ""};
  sdg_json_writer w;
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, SIZE_MAX / 2);
  sdg_jw_init(&w, &text);
  sdg_jw_tree(&w, NULL, value);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = plug->load(plug->ctx, &plugged->rule, sdg_buf_bytes(&text), &fault);
  }
  sdg_buf_clear(&text);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOMEM) {
    fault.place[sizeof(fault.place) - 1] = '\0';
    fault.detail[sizeof(fault.detail) - 1] = '\0';
    refuse_member(findings, plug, fault.place, fault.detail[0] != '\0' ? fault.detail : "not acceptable");
    err = STARDELEG_ERR_MALFORMED;
  }
  return err;
}

static stardeleg_err load_one(stardeleg_template *tmpl, const stardeleg_template_extension *plug, const sdg_json *value,
                              sdg_findings *findings)
{
  sdg_plugged *plugged = &tmpl->plugged[tmpl->plugged_count];
  sdg_buf oid;
  stardeleg_err err;

  plugged->plug = plug;
  err = check_syntax(plug, value, findings);
  if (err == STARDELEG_OK) {
    err = load_rule(plugged, value, findings);
  }
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_MALFORMED ? STARDELEG_OK : err; /* told in the findings */
  }
  tmpl->plugged_count++; /* from here on it is unloaded with the template */
  sdg_buf_init(&oid, 256);
  err = sdg_der_oid_from_text(&oid, plug->oid);
  if (err == STARDELEG_OK && !is_known_oid(sdg_buf_bytes(&oid))) {
    size_t len = 0;
    char *taken = NULL;

    err = sdg_buf_take(&oid, &taken, &len);
    plugged->oid_copy = taken;
    plugged->oid = sdg_bytes(taken, taken != NULL ? len : 0);
  } else if (err != STARDELEG_ERR_NOMEM) {
    err = STARDELEG_ERR_ARGUMENT;
  }
  sdg_buf_clear(&oid);
  return err;
}

stardeleg_err sdg_plugs_load(stardeleg_template *tmpl, const sdg_json *extensions,
                             const stardeleg_template_options *options, sdg_findings *findings)
{
  for (size_t i = 0; i < options->extension_count; i++) {
    const sdg_json *value = sdg_json_member(extensions, options->extensions[i]->name);
    stardeleg_err err = value != NULL ? load_one(tmpl, options->extensions[i], value, findings) : STARDELEG_OK;

    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return STARDELEG_OK;
}

void sdg_plugs_unload(stardeleg_template *tmpl)
{
  for (size_t i = 0; i < tmpl->plugged_count; i++) {
    sdg_plugged *p = &tmpl->plugged[i];

    if (p->rule != NULL) {
      p->plug->unload(p->plug->ctx, p->rule);
    }
    sdg_free(p->oid_copy);
  }
  tmpl->plugged_count = 0;
}

/* --- Looking up --- */

size_t sdg_plugs_find(const stardeleg_template *tmpl, stardeleg_bytes oid)
{
  size_t i = 0;

  while (i < tmpl->plugged_count && !sdg_bytes_equal(tmpl->plugged[i].oid, oid)) {
    i++;
  }
  return i;
}

size_t sdg_plugs_find_name(const stardeleg_template *tmpl, const char *name)
{
  size_t i = 0;

  while (i < tmpl->plugged_count && strcmp(tmpl->plugged[i].plug->name, name) != 0) {
    i++;
  }
  return i;
}

size_t sdg_plugs_find_identifier(const stardeleg_template *tmpl, const char *type)
{
  size_t i = 0;

  while (i < tmpl->plugged_count && (tmpl->plugged[i].plug->identifier_type == NULL ||
                                     strcmp(tmpl->plugged[i].plug->identifier_type, type) != 0)) {
    i++;
  }
  return i;
}

/* --- Matching --- */

void sdg_match_plugged(const sdg_match *match)
{
  for (size_t i = 0; i < match->tmpl->plugged_count; i++) {
    const sdg_plugged *p = &match->tmpl->plugged[i];
    stardeleg_extension_fault fault = {"", ""};
    stardeleg_err err = p->plug->match(p->plug->ctx, p->rule, match->plugged[i], &fault);

    if (err == STARDELEG_ERR_NOMEM) {
      match->findings->no_memory = true;
    } else if (err != STARDELEG_OK) {
      char place[SDG_PLACE_SIZE];
      sdg_flaw flaw = {.place = place, .rule = p->plug->name, .acme = STARDELEG_ACME_BAD_CSR};
      sdg_shown shown_place;
      sdg_shown shown;

      fault.place[sizeof(fault.place) - 1] = '\0';
      fault.detail[sizeof(fault.detail) - 1] = '\0';
      (void)snprintf(place, sizeof(place), "/extensions/%s%s", p->plug->name,
                     sdg_show(&shown_place, sdg_bytes_str(fault.place)));
      sdg_findings_add(match->findings, &flaw, "%s: %s", p->plug->name,
                       fault.detail[0] != '\0' ? sdg_show(&shown, sdg_bytes_str(fault.detail)) : "not acceptable");
    }
  }
}

void sdg_match_plugged_identifiers(const sdg_match *match, const stardeleg_identifier *identifiers, size_t count)
{
  for (size_t i = 0; i < match->tmpl->plugged_count; i++) {
    const stardeleg_template_extension *plug = match->tmpl->plugged[i].plug;
    const void *rule = match->tmpl->plugged[i].rule;
    sdg_flaw flaw = {.rule = "identifier-extension", .acme = STARDELEG_ACME_REJECTED_IDENTIFIER};
    size_t found = 0;

    flaw.identifier_type = plug->identifier_type;
    for (size_t k = 0; k < count && plug->identifier_type != NULL; k++) {
      if (strcmp(identifiers[k].type, plug->identifier_type) != 0) {
        continue;
      }
      found++;
      if (found > 1 || !plug->has_identifier(plug->ctx, rule, match->plugged[i], identifiers[k].value)) {
        flaw.identifier_value = sdg_bytes_str(identifiers[k].value);
        sdg_findings_add(match->findings, &flaw, "the template does not have this identifier");
      }
    }
    if (plug->identifier_type != NULL && found == 0) {
      flaw.identifier_value = sdg_bytes(NULL, 0);
      sdg_findings_add(match->findings, &flaw, "the order has no identifier of this type");
    }
  }
}

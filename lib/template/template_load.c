/* SPDX-License-Identifier: Apache-2.0 */
/* template/template_load.c -- from JSON text to a template: strict JSON, the schema, the semantics; life and looks. */
#include <stardeleg/template.h>

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "cddl/cddl.h"
#include "json/json_write.h"
#include "template/csr_template_schema.h"
#include "template/template_internal.h"

#define DEPTH_MAX 8
#define UTF8_OCTETS_MAX 4

void stardeleg_template_options_default(stardeleg_template_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
  options->rsa_bits_min = 2048;
  options->rsa_bits_max = 8192;
  options->bytes_max = 65536;
  options->items_max = 100;
  options->string_max = 1024;
}

/* The part an older caller knows, over the defaults. */
static stardeleg_err take_options(stardeleg_template_options *out, const stardeleg_template_options *options)
{
  stardeleg_template_options_default(out);
  if (options == NULL) {
    return STARDELEG_OK;
  }
  if (options->size < sizeof(options->size) || options->size > sizeof(*out)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  memcpy(out, options, options->size);
  out->size = sizeof(*out);
  if (out->items_max > SDG_X509_NAMES_MAX) {
    out->items_max = SDG_X509_NAMES_MAX; /* no CSR with more is ever read */
  }
  if (sdg_plugs_check(out) != STARDELEG_OK) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (out->string_max > SIZE_MAX / UTF8_OCTETS_MAX) {
    out->string_max = SIZE_MAX / UTF8_OCTETS_MAX;
  }
  return STARDELEG_OK;
}

/* --- JSON and schema --- */

static stardeleg_err read_json(sdg_json **tree, stardeleg_bytes json, const stardeleg_template_options *options,
                               sdg_findings *findings)
{
  sdg_json_limits limits = {.bytes_max = options->bytes_max,
                            .depth_max = DEPTH_MAX,
                            .items_max = options->items_max,
                            .string_max = options->string_max * UTF8_OCTETS_MAX};
  sdg_json_fault fault = {0};
  stardeleg_err err = sdg_json_parse(tree, json, &limits, &fault);

  if (err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT) {
    sdg_flaw flaw = {.place = fault.pointer, .rule = "json", .acme = STARDELEG_ACME_MALFORMED};

    sdg_findings_add(findings, &flaw, "line %zu, column %zu: %s", fault.line, fault.column,
                     fault.reason != NULL ? fault.reason : "not acceptable");
  }
  return err;
}

/* What the two patterns of the schema mean; nobody should have to read a regular expression to mend a template. */
static const char *in_words(const sdg_cddl_finding *violation)
{
  if (strcmp(violation->rule, "regtext") == 0) {
    return "one line of text; wildcards are not allowed here";
  }
  if (strcmp(violation->rule, "regtext-or-wildcard") == 0) {
    return "one line of text, \"*\" or \"**\"";
  }
  return violation->expected;
}

/* The texts of a violation are escaped already. */
static int take_violation(void *ctx, const sdg_cddl_finding *violation)
{
  sdg_flaw flaw = {.place = violation->pointer, .rule = violation->rule, .acme = STARDELEG_ACME_MALFORMED};

  sdg_findings_add(ctx, &flaw, "expected %s", in_words(violation));
  return 0;
}

/* The parser counts octets; the limit is in characters. */
static void check_strings(const sdg_json *value, size_t chars_max, sdg_findings *findings)
{
  if (sdg_json_type_of(value) == SDG_JSON_STRING) {
    stardeleg_bytes text = sdg_bytes_str(sdg_json_string(value));

    if (text.len > chars_max && sdg_utf8_count(text) > chars_max) {
      sdg_flaw flaw = {.kind = SDG_FLAW_BEYOND, .rule = "string-length", .acme = STARDELEG_ACME_MALFORMED};

      flaw.value = text;
      sdg_findings_add(findings, &flaw, "a string of more than %zu characters", chars_max);
    }
    return;
  }
  for (const sdg_json *item = sdg_json_first(value); item != NULL; item = sdg_json_next(item)) {
    check_strings(item, chars_max, findings); /* no deeper than DEPTH_MAX */
  }
}

/* --- Canonical text --- */

static const char *const order_of_members[] = {
    "keyTypes",      "subject",    "extensions",      "PublicKeyType",    "PublicKeyLength", "namedCurve",
    "SignatureType", "country",    "stateOrProvince", "locality",         "organization",    "organizationalUnit",
    "emailAddress",  "commonName", "keyUsage",        "extendedKeyUsage", "subjectAltName",  "DNS",
    "Email",         "URI",
};
#define ORDER_COUNT (sizeof(order_of_members) / sizeof(order_of_members[0]))

static void write_value(sdg_json_writer *w, const char *name, const sdg_json *value);

/* Members in the order of the CDDL, so that two texts of one template give one canonical text. */
static void write_members(sdg_json_writer *w, const sdg_json *object)
{
  for (size_t i = 0; i < ORDER_COUNT; i++) {
    const sdg_json *member = sdg_json_member(object, order_of_members[i]);

    if (member != NULL) {
      write_value(w, order_of_members[i], member);
    }
  }
}

static void write_value(sdg_json_writer *w, const char *name, const sdg_json *value)
{
  switch (sdg_json_type_of(value)) {
  case SDG_JSON_OBJECT:
    sdg_jw_object(w, name);
    write_members(w, value);
    sdg_jw_object_end(w);
    break;
  case SDG_JSON_ARRAY:
    sdg_jw_array(w, name);
    for (const sdg_json *item = sdg_json_first(value); item != NULL; item = sdg_json_next(item)) {
      write_value(w, NULL, item);
    }
    sdg_jw_array_end(w);
    break;
  default:
    sdg_jw_tree(w, name, value);
    break;
  }
}

static void write_extensions(sdg_json_writer *w, const stardeleg_template *tmpl, const sdg_json *extensions)
{
  sdg_jw_object(w, "extensions");
  write_members(w, extensions);
  for (size_t i = 0; i < tmpl->plugged_count; i++) {
    const char *name = tmpl->plugged[i].plug->name;

    sdg_jw_tree(w, name, sdg_json_member(extensions, name));
  }
  sdg_jw_object_end(w);
}

static stardeleg_err write_canonical(stardeleg_template *tmpl, const sdg_json *tree)
{
  static const char *const members[] = {"keyTypes", "subject"};
  sdg_json_writer w;
  sdg_buf out;
  size_t len;
  stardeleg_err err;

  sdg_buf_init(&out, SIZE_MAX / 2);
  sdg_jw_init(&w, &out);
  sdg_jw_object(&w, NULL);
  for (size_t i = 0; i < 2; i++) {
    const sdg_json *member = sdg_json_member(tree, members[i]);

    if (member != NULL) {
      write_value(&w, members[i], member);
    }
  }
  write_extensions(&w, tmpl, sdg_json_member(tree, "extensions"));
  sdg_jw_object_end(&w);
  err = sdg_buf_take(&out, &tmpl->json, &len);
  sdg_buf_clear(&out);
  return err;
}

/* The RFC's schema is closed: a copy without the members that have descriptions of their own is what it judges. */
static void write_without_plugs(sdg_json_writer *w, const sdg_json *tree, const stardeleg_template_options *options)
{
  sdg_jw_object(w, NULL);
  for (const sdg_json *member = sdg_json_first(tree); member != NULL; member = sdg_json_next(member)) {
    const char *name = sdg_json_name(member);

    if (strcmp(name, "extensions") != 0 || sdg_json_type_of(member) != SDG_JSON_OBJECT) {
      sdg_jw_tree(w, name, member);
      continue;
    }
    sdg_jw_object(w, name);
    for (const sdg_json *item = sdg_json_first(member); item != NULL; item = sdg_json_next(item)) {
      if (!sdg_plugs_have(options, sdg_json_name(item))) {
        sdg_jw_tree(w, sdg_json_name(item), item);
      }
    }
    sdg_jw_object_end(w);
  }
  sdg_jw_object_end(w);
}

static stardeleg_err check_schema(const sdg_json *tree, const stardeleg_template_options *options,
                                  sdg_findings *findings)
{
  sdg_json_limits limits = {SIZE_MAX, DEPTH_MAX, SIZE_MAX, SIZE_MAX};
  sdg_json *copy = NULL;
  sdg_json_writer w;
  sdg_buf text;
  stardeleg_err err;

  if (options->extension_count == 0 || sdg_json_type_of(tree) != SDG_JSON_OBJECT) {
    return sdg_cddl_check(&sdg_csr_template_schema, NULL, tree, NULL, 0, take_violation, findings);
  }
  sdg_buf_init(&text, SIZE_MAX / 2);
  sdg_jw_init(&w, &text);
  write_without_plugs(&w, tree, options);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = sdg_json_parse(&copy, sdg_buf_bytes(&text), &limits, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_cddl_check(&sdg_csr_template_schema, NULL, copy, NULL, 0, take_violation, findings);
  }
  sdg_json_free(copy);
  sdg_buf_clear(&text);
  return err;
}

/* --- Loading --- */

static void destroy(stardeleg_template *tmpl)
{
  for (int i = 0; i < SDG_SAN_COUNT; i++) {
    sdg_free(tmpl->names[i].literals);
  }
  sdg_plugs_unload(tmpl);
  sdg_free(tmpl->keys);
  sdg_free(tmpl->eku);
  sdg_free(tmpl->json);
  sdg_free(tmpl->pool);
  sdg_free(tmpl);
}

static stardeleg_err make_template(stardeleg_template **out, const sdg_json *tree, size_t text_len,
                                   const stardeleg_template_options *options, sdg_findings *findings)
{
  stardeleg_template *tmpl = sdg_calloc(1, sizeof(*tmpl));
  stardeleg_err err = STARDELEG_ERR_NOMEM;

  if (tmpl == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  atomic_init(&tmpl->references, 1);
  tmpl->pool_cap = text_len + 1;
  tmpl->pool = sdg_calloc(1, tmpl->pool_cap);
  if (tmpl->pool != NULL) {
    err = sdg_template_compile(tmpl, tree, options, findings);
  }
  if (err == STARDELEG_OK && !sdg_findings_refuse(findings)) {
    err = write_canonical(tmpl, tree);
  }
  if (err != STARDELEG_OK || sdg_findings_refuse(findings)) {
    destroy(tmpl);
    return err;
  }
  *out = tmpl;
  return STARDELEG_OK;
}

static stardeleg_err load(stardeleg_template **out, stardeleg_bytes json, const stardeleg_template_options *options,
                          sdg_findings *findings)
{
  sdg_json *tree = NULL;
  stardeleg_err err = read_json(&tree, json, options, findings);

  if (err == STARDELEG_OK) {
    err = check_schema(tree, options, findings);
  }
  if (err == STARDELEG_OK) {
    check_strings(tree, options->string_max, findings);
    err = make_template(out, tree, json.len, options, findings);
  }
  sdg_json_free(tree);
  return err;
}

stardeleg_err stardeleg_template_load(stardeleg_template **out, stardeleg_bytes json,
                                      const stardeleg_template_options *options, stardeleg_report **report)
{
  stardeleg_template_options effective;
  stardeleg_template *tmpl = NULL;
  sdg_findings findings = {0};
  stardeleg_err err;

  if (report != NULL) {
    *report = NULL;
  }
  if (out == NULL || (json.base == NULL && json.len != 0) || take_options(&effective, options) != STARDELEG_OK) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = load(&tmpl, json, &effective, &findings);
  if (err == STARDELEG_OK && findings.refusals != 0) {
    err = STARDELEG_ERR_MALFORMED;
  } else if (err == STARDELEG_OK && findings.beyond != 0) {
    err = STARDELEG_ERR_POLICY;
  }
  if (findings.no_memory) {
    err = STARDELEG_ERR_NOMEM;
  }
  if (report != NULL && err != STARDELEG_ERR_NOMEM) {
    *report = findings.report;
  } else {
    stardeleg_report_free(findings.report);
  }
  if (err != STARDELEG_OK) {
    stardeleg_template_free(tmpl);
    return err;
  }
  *out = tmpl;
  return STARDELEG_OK;
}

stardeleg_template *stardeleg_template_ref(stardeleg_template *tmpl)
{
  if (tmpl != NULL) {
    (void)atomic_fetch_add_explicit(&tmpl->references, 1, memory_order_relaxed);
  }
  return tmpl;
}

void stardeleg_template_free(stardeleg_template *tmpl)
{
  if (tmpl != NULL && atomic_fetch_sub_explicit(&tmpl->references, 1, memory_order_acq_rel) == 1) {
    destroy(tmpl);
  }
}

const char *stardeleg_template_json(const stardeleg_template *tmpl)
{
  return tmpl->json;
}

const char *stardeleg_template_dns(const stardeleg_template *tmpl, size_t i)
{
  const sdg_name_rule *dns = &tmpl->names[SDG_SAN_DNS];

  return i < dns->count ? (const char *)dns->literals[i].text.base : NULL;
}

void stardeleg_template_dns_wildcards(const stardeleg_template *tmpl, size_t *mandatory, size_t *optional)
{
  *mandatory = tmpl->names[SDG_SAN_DNS].mandatory;
  *optional = tmpl->names[SDG_SAN_DNS].optional;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* template/template_compile.c -- from the JSON tree to the flat form: keys and usages, with what CDDL cannot say. */
#include "template/template_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"

stardeleg_bytes sdg_template_keep(stardeleg_template *tmpl, stardeleg_bytes text)
{
  char *at = tmpl->pool + tmpl->pool_len;

  if (text.len >= tmpl->pool_cap - tmpl->pool_len) {
    return sdg_bytes(NULL, 0); /* cannot be: the pool has the size of the document */
  }
  if (text.len > 0) {
    memcpy(at, text.base, text.len);
  }
  at[text.len] = '\0';
  tmpl->pool_len += text.len + 1;
  return sdg_bytes(at, text.len);
}

/* --- keyTypes --- */

static void check_rsa(sdg_key_rule *rule, const sdg_json *item, const char *place,
                      const stardeleg_template_options *options, sdg_findings *findings)
{
  int64_t bits = sdg_json_int(sdg_json_member(item, "PublicKeyLength"));

  rule->family = STARDELEG_FAMILY_RSA;
  rule->bits = 0;
  if (bits < (int64_t)options->rsa_bits_min || bits > (int64_t)options->rsa_bits_max) {
    sdg_flaw flaw = {.kind = SDG_FLAW_BEYOND, .place = place, .rule = "key-size", .acme = STARDELEG_ACME_MALFORMED};

    sdg_findings_add(findings, &flaw, "an RSA key of %lld bits; allowed are %u to %u", (long long)bits,
                     options->rsa_bits_min, options->rsa_bits_max);
    return;
  }
  rule->bits = (unsigned)bits;
}

/* RFC 9115 appendix A: "the parameters in each "keyTypes" entry form an acceptable combination"; the CDDL's
 * comments pair each curve with one hash. */
static void check_ec(sdg_key_rule *rule, const sdg_json *item, const char *place, sdg_findings *findings)
{
  const char *name = sdg_json_string(sdg_json_member(item, "namedCurve"));
  const sdg_curve *curve = sdg_curve_find(name);
  sdg_flaw flaw = {.place = place, .rule = "key-pairing", .acme = STARDELEG_ACME_MALFORMED};

  rule->family = STARDELEG_FAMILY_EC;
  if (curve == NULL) {
    sdg_findings_add(findings, &flaw, "an unknown curve");
    return;
  }
  rule->bits = curve->bits;
  if (curve->alg != rule->alg) {
    flaw.value = sdg_bytes_str(sdg_signature_type_name(rule->alg));
    sdg_findings_add(findings, &flaw, "%s goes with %s, not with %s", curve->name, sdg_signature_type_name(curve->alg),
                     sdg_signature_type_name(rule->alg));
  }
}

static void compile_keys(stardeleg_template *tmpl, const sdg_json *list, const stardeleg_template_options *options,
                         sdg_findings *findings)
{
  for (const sdg_json *item = sdg_json_first(list); item != NULL; item = sdg_json_next(item)) {
    sdg_key_rule *rule = &tmpl->keys[tmpl->key_count];
    const char *name = sdg_json_string(sdg_json_member(item, "SignatureType"));
    const sdg_signature_type *type = sdg_signature_type_find(name);
    bool is_rsa = strcmp(sdg_json_string(sdg_json_member(item, "PublicKeyType")), "rsaEncryption") == 0;
    char place[SDG_PLACE_SIZE];

    (void)snprintf(place, sizeof(place), "/keyTypes/%zu", tmpl->key_count);
    rule->alg = type != NULL ? type->alg : STARDELEG_ALG_NONE;
    if (is_rsa) {
      check_rsa(rule, item, place, options, findings);
    } else {
      check_ec(rule, item, place, findings);
    }
    tmpl->key_count++;
  }
}

/* --- keyUsage --- */

static unsigned find_usage(const char *name)
{
  for (unsigned i = 0; i < SDG_KEY_USAGE_COUNT; i++) {
    if (strcmp(sdg_key_usage_names[i], name) == 0) {
      return 1u << i;
    }
  }
  return 0;
}

static void check_usage(unsigned bit, unsigned seen, const char *name, const char *place,
                        const stardeleg_template_options *options, sdg_findings *findings)
{
  sdg_flaw flaw = {.place = place, .rule = "usage-repeated", .acme = STARDELEG_ACME_MALFORMED};

  flaw.value = sdg_bytes_str(name);
  if ((seen & bit) != 0) {
    sdg_findings_add(findings, &flaw, "%s is listed twice", name);
  }
  if ((bit & (SDG_KU_KEY_CERT_SIGN | SDG_KU_CRL_SIGN)) != 0 && !options->allow_ca_usages) {
    flaw.kind = SDG_FLAW_BEYOND;
    flaw.rule = "usage-ca";
    sdg_findings_add(findings, &flaw, "%s is for authorities; a delegated certificate has no use for it", name);
  }
}

/* RFC 5280 4.2.1.3: encipherOnly and decipherOnly are undefined without keyAgreement; EC keys encipher no keys. */
static void warn_of_usages(const stardeleg_template *tmpl, sdg_findings *findings)
{
  unsigned bits = tmpl->key_usage;
  sdg_flaw flaw = {.kind = SDG_FLAW_WARNING,
                   .place = "/extensions/keyUsage",
                   .rule = "usage-undefined",
                   .acme = STARDELEG_ACME_MALFORMED};
  bool all_ec = true;

  if ((bits & find_usage("keyAgreement")) == 0 &&
      (bits & (find_usage("encipherOnly") | find_usage("decipherOnly"))) != 0) {
    sdg_findings_add(findings, &flaw, "encipherOnly and decipherOnly mean nothing without keyAgreement");
  }
  for (size_t i = 0; i < tmpl->key_count; i++) {
    all_ec = all_ec && tmpl->keys[i].family == STARDELEG_FAMILY_EC;
  }
  if (all_ec && (bits & find_usage("keyEncipherment")) != 0) {
    flaw.rule = "usage-useless";
    sdg_findings_add(findings, &flaw, "keyEncipherment is of no use with EC keys only");
  }
}

static void compile_usages(stardeleg_template *tmpl, const sdg_json *list, const stardeleg_template_options *options,
                           sdg_findings *findings)
{
  size_t index = 0;

  for (const sdg_json *item = sdg_json_first(list); item != NULL; item = sdg_json_next(item)) {
    const char *name = sdg_json_string(item);
    unsigned bit = find_usage(name);
    char place[SDG_PLACE_SIZE];

    (void)snprintf(place, sizeof(place), "/extensions/keyUsage/%zu", index++);
    check_usage(bit, tmpl->key_usage, name, place, options, findings);
    tmpl->key_usage |= bit;
  }
  warn_of_usages(tmpl, findings);
}

/* --- extendedKeyUsage --- */

/* The schema's pattern lets "1" and "1.50" pass, which are no OIDs (X.660). */
static stardeleg_err read_purpose(stardeleg_bytes *out, stardeleg_template *tmpl, const char *text, const char *place,
                                  sdg_findings *findings)
{
  const sdg_eku_name *known = sdg_eku_find(text);
  sdg_buf oid;
  stardeleg_err err;

  *out = sdg_bytes(NULL, 0);
  if (known != NULL) {
    *out = known->oid;
    return STARDELEG_OK;
  }
  sdg_buf_init(&oid, 256);
  err = sdg_der_oid_from_text(&oid, text);
  if (err == STARDELEG_OK) {
    *out = sdg_template_keep(tmpl, sdg_buf_bytes(&oid));
  } else if (err != STARDELEG_ERR_NOMEM) {
    sdg_flaw flaw = {.place = place, .rule = "oid", .acme = STARDELEG_ACME_MALFORMED, .value = sdg_bytes_str(text)};

    sdg_findings_add(findings, &flaw, "not a valid object identifier");
    err = STARDELEG_OK;
  }
  sdg_buf_clear(&oid);
  return err;
}

static stardeleg_err compile_purposes(stardeleg_template *tmpl, const sdg_json *list, sdg_findings *findings)
{
  size_t index = 0;

  for (const sdg_json *item = sdg_json_first(list); item != NULL; item = sdg_json_next(item)) {
    const char *text = sdg_json_string(item);
    stardeleg_bytes oid;
    char place[SDG_PLACE_SIZE];
    stardeleg_err err;

    (void)snprintf(place, sizeof(place), "/extensions/extendedKeyUsage/%zu", index++);
    err = read_purpose(&oid, tmpl, text, place, findings);
    if (err != STARDELEG_OK) {
      return err;
    }
    if (oid.len == 0) {
      continue;
    }
    if (sdg_eku_has(tmpl->eku, tmpl->eku_count, oid)) { /* a name and its OID are the same thing */
      sdg_flaw flaw = {.place = place, .rule = "purpose-repeated", .acme = STARDELEG_ACME_MALFORMED};

      flaw.value = sdg_bytes_str(text);
      sdg_findings_add(findings, &flaw, "this purpose is listed twice");
    }
    tmpl->eku[tmpl->eku_count++] = oid;
  }
  return STARDELEG_OK;
}

/* --- All of it --- */

static stardeleg_err make_arrays(stardeleg_template *tmpl, const sdg_json *keys, const sdg_json *eku,
                                 const sdg_json *san)
{
  tmpl->keys = sdg_calloc(sdg_json_count(keys) + 1, sizeof(*tmpl->keys));
  tmpl->eku = sdg_calloc(sdg_json_count(eku) + 1, sizeof(*tmpl->eku));
  if (tmpl->keys == NULL || tmpl->eku == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (int i = 0; i < SDG_SAN_COUNT; i++) {
    const sdg_json *list = sdg_json_member(san, sdg_san_kinds[i].member);

    if (list == NULL) {
      continue;
    }
    tmpl->names[i].literals = sdg_calloc(sdg_json_count(list) + 1, sizeof(sdg_literal));
    if (tmpl->names[i].literals == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
  }
  return STARDELEG_OK;
}

/* RFC 5280 4.1.2.6: an address in the subject is kept for old software only; new certificates carry it in
 * subjectAltName. */
static void warn_of_email(const stardeleg_template *tmpl, sdg_findings *findings)
{
  if (tmpl->subject[SDG_SUBJECT_EMAIL].form != SDG_FORM_ABSENT && tmpl->names[SDG_SAN_EMAIL].count == 0) {
    sdg_flaw flaw = {.kind = SDG_FLAW_WARNING,
                     .place = "/subject/emailAddress",
                     .rule = "email-not-in-san",
                     .acme = STARDELEG_ACME_MALFORMED};

    sdg_findings_add(findings, &flaw, "a mail address in the subject without one in subjectAltName is out of use");
  }
}

/* A literal host name as common name must be among the names; otherwise no CSR can ever fit (decision 36). */
static void warn_of_common_name(const stardeleg_template *tmpl, sdg_findings *findings)
{
  const sdg_field_rule *rule = &tmpl->subject[SDG_SUBJECT_COMMON_NAME];
  const sdg_name_rule *dns = &tmpl->names[SDG_SAN_DNS];

  if (rule->form != SDG_FORM_LITERAL || !sdg_common_name_is_host(rule->literal) || dns->mandatory + dns->optional > 0) {
    return;
  }
  for (size_t i = 0; i < dns->count; i++) {
    if (sdg_name_equal_dns(dns->literals[i].text, rule->literal)) {
      return;
    }
  }
  sdg_flaw flaw = {.kind = SDG_FLAW_WARNING,
                   .place = "/subject/commonName",
                   .rule = "common-name-not-in-san",
                   .acme = STARDELEG_ACME_MALFORMED,
                   .value = rule->literal};
  sdg_findings_add(findings, &flaw, "no CSR can fit: a host name in commonName must be among the DNS names too");
}

stardeleg_err sdg_template_compile(stardeleg_template *tmpl, const sdg_json *tree,
                                   const stardeleg_template_options *options, sdg_findings *findings)
{
  const sdg_json *extensions = sdg_json_member(tree, "extensions");
  const sdg_json *keys = sdg_json_member(tree, "keyTypes");
  const sdg_json *eku = sdg_json_member(extensions, "extendedKeyUsage");
  const sdg_json *san = sdg_json_member(extensions, "subjectAltName");
  stardeleg_err err = make_arrays(tmpl, keys, eku, san);

  if (err == STARDELEG_OK) {
    compile_keys(tmpl, keys, options, findings);
    compile_usages(tmpl, sdg_json_member(extensions, "keyUsage"), options, findings);
    err = compile_purposes(tmpl, eku, findings);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_plugs_load(tmpl, extensions, options, findings);
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_template_compile_subject(tmpl, sdg_json_member(tree, "subject"), findings);
  sdg_template_compile_names(tmpl, san, findings);
  warn_of_email(tmpl, findings);
  warn_of_common_name(tmpl, findings);
  return STARDELEG_OK;
}

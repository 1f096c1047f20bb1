/* SPDX-License-Identifier: Apache-2.0 */
/* template/template_build.c -- a CSR that fits a template and holds nothing else (RFC 9115 4.1). */
#include <stardeleg/template.h>

#include <string.h>

#include "base/bytes.h"
#include "base/name.h"
#include "base/problem.h"
#include "template/template_internal.h"

#define EXTENSIONS_MAX (3 + STARDELEG_TEMPLATE_EXTENSIONS_MAX)
/* Most bytes of a further extension's value. */
#define PLUGGED_MAX 16384u
/* Most choices for one further extension. */
#define CHOICES_MAX 128

/* The CSR in the making.  Values are borrowed from the template and from the choices. */
typedef struct plan {
  const stardeleg_template *tmpl;
  const stardeleg_choice *choices;
  size_t choice_count;
  stardeleg_problem *problem;
  stardeleg_bytes subject[SDG_SUBJECT_COUNT]; /* base NULL: not there */
  sdg_general_name names[SDG_X509_NAMES_MAX];
  size_t name_count;
} plan;

static stardeleg_err refuse(const plan *p, const char *field, const char *value, const char *why)
{
  sdg_shown shown_field;
  sdg_shown shown_value;

  sdg_problem_set(p->problem, STARDELEG_ACME_BAD_CSR, "choice for %s%s%s%s: %s",
                  sdg_show(&shown_field, sdg_bytes_str(field)), value != NULL ? " \"" : "",
                  value != NULL ? sdg_show(&shown_value, sdg_bytes_str(value)) : "", value != NULL ? "\"" : "", why);
  sdg_problem_set_place(p->problem, sdg_bytes_str(field));
  return STARDELEG_ERR_POLICY;
}

/* --- Subject --- */

static stardeleg_err take_subject_choice(plan *p, const stardeleg_choice *choice)
{
  int member = sdg_subject_find_member(choice->field);
  sdg_form form = member < 0 ? SDG_FORM_ABSENT : p->tmpl->subject[member].form;
  stardeleg_bytes value = sdg_bytes_str(choice->value);
  const char *fault;

  if (member < 0) {
    return refuse(p, choice->field, NULL, "there is no such field");
  }
  if (form == SDG_FORM_ABSENT) {
    return refuse(p, choice->field, choice->value, "the template does not have this field");
  }
  if (form == SDG_FORM_LITERAL) {
    return refuse(p, choice->field, choice->value, "the template has a fixed value here");
  }
  if (p->subject[member].base != NULL) {
    return refuse(p, choice->field, choice->value, "chosen twice");
  }
  fault = sdg_subject_value_fault(member, value);
  if (fault != NULL) {
    return refuse(p, choice->field, choice->value, fault);
  }
  p->subject[member] = value;
  return STARDELEG_OK;
}

static stardeleg_err complete_subject(plan *p)
{
  for (int i = 0; i < SDG_SUBJECT_COUNT; i++) {
    const sdg_field_rule *rule = &p->tmpl->subject[i];

    if (rule->form == SDG_FORM_LITERAL) {
      p->subject[i] = rule->literal;
    } else if (rule->form == SDG_FORM_MANDATORY && p->subject[i].base == NULL) {
      return refuse(p, sdg_subject_kinds[i].member, NULL, "missing, and the template demands one");
    }
  }
  return STARDELEG_OK;
}

/* --- Names --- */

static bool has_name(const plan *p, int kind, stardeleg_bytes value)
{
  for (size_t i = 0; i < p->name_count; i++) {
    if (p->names[i].kind == sdg_san_kinds[kind].general_name && sdg_san_equal(kind, p->names[i].value, value)) {
      return true;
    }
  }
  return false;
}

static void put_literals(plan *p)
{
  for (int kind = 0; kind < SDG_SAN_COUNT; kind++) {
    const sdg_name_rule *rule = &p->tmpl->names[kind];

    for (size_t i = 0; i < rule->count && p->name_count < SDG_X509_NAMES_MAX; i++) {
      p->names[p->name_count++] =
          (sdg_general_name){.kind = sdg_san_kinds[kind].general_name, .value = rule->literals[i].text};
    }
  }
}

static stardeleg_err take_dns_choice(plan *p, const stardeleg_choice *choice, size_t *chosen)
{
  const sdg_name_rule *rule = &p->tmpl->names[SDG_SAN_DNS];
  stardeleg_bytes value = sdg_bytes_str(choice->value);
  const char *fault = sdg_san_fault(SDG_SAN_DNS, value);

  if (fault != NULL) {
    return refuse(p, choice->field, choice->value, fault);
  }
  if (has_name(p, SDG_SAN_DNS, value)) {
    return refuse(p, choice->field, choice->value, "this name is there already");
  }
  if (*chosen >= rule->mandatory + rule->optional || p->name_count >= SDG_X509_NAMES_MAX) {
    return refuse(p, choice->field, choice->value, "more names than the template has places for");
  }
  (*chosen)++;
  p->names[p->name_count++] = (sdg_general_name){.kind = SDG_GN_DNS, .value = value};
  return STARDELEG_OK;
}

/* The same rule as the matcher's: a host name as common name must be among the names. */
static stardeleg_err check_common_name(const plan *p)
{
  stardeleg_bytes name = p->subject[SDG_SUBJECT_COMMON_NAME];

  if (name.base == NULL || !sdg_common_name_is_host(name) || has_name(p, SDG_SAN_DNS, name)) {
    return STARDELEG_OK;
  }
  return refuse(p, "commonName", (const char *)name.base, "a host name or address must be among the DNS names");
}

static stardeleg_err take_choices(plan *p)
{
  size_t chosen = 0;
  stardeleg_err err = STARDELEG_OK;

  put_literals(p);
  for (size_t i = 0; i < p->choice_count && err == STARDELEG_OK; i++) {
    const stardeleg_choice *choice = &p->choices[i];

    if (strcmp(choice->field, "DNS") == 0) {
      err = take_dns_choice(p, choice, &chosen);
    } else if (sdg_plugs_find_name(p->tmpl, choice->field) == p->tmpl->plugged_count) {
      err = take_subject_choice(p, choice);
    }
  }
  if (err == STARDELEG_OK) {
    err = complete_subject(p);
  }
  if (err == STARDELEG_OK && chosen < p->tmpl->names[SDG_SAN_DNS].mandatory) {
    err = refuse(p, "DNS", NULL, "fewer names than the template demands");
  }
  if (err == STARDELEG_OK && p->name_count == 0) {
    err = refuse(p, "DNS", NULL, "a CSR needs at least one name");
  }
  return err == STARDELEG_OK ? check_common_name(p) : err;
}

/* --- Encoding --- */

static size_t list_subject(const plan *p, sdg_x509_attribute *out)
{
  size_t count = 0;

  for (int i = 0; i < SDG_SUBJECT_COUNT; i++) {
    if (p->subject[i].base != NULL) {
      out[count] = (sdg_x509_attribute){.oid = *sdg_subject_kinds[i].oid,
                                        .tag = sdg_subject_kinds[i].write_tag,
                                        .value = p->subject[i],
                                        .rdn = count,
                                        .rdn_size = 1};
      count++;
    }
  }
  return count;
}

/* Extension values, encoded one by one into buffers of their own. */
typedef struct encoded {
  sdg_buf values[EXTENSIONS_MAX];
  sdg_x509_extension list[EXTENSIONS_MAX];
  size_t count;
} encoded;

static stardeleg_err seal_extension(encoded *e, stardeleg_bytes oid, bool critical)
{
  sdg_buf *value = &e->values[e->count];

  e->list[e->count] = (sdg_x509_extension){.oid = oid, .critical = critical, .value = sdg_buf_bytes(value)};
  e->count++;
  return sdg_buf_error(value);
}

/* An extension that the program has described: it writes the value itself. */
static stardeleg_err encode_plugged(const plan *p, encoded *e, const sdg_plugged *plugged)
{
  const stardeleg_template_extension *plug = plugged->plug;
  stardeleg_extension_fault fault = {"", ""};
  stardeleg_choice choices[CHOICES_MAX];
  sdg_buf *value = &e->values[e->count];
  uint8_t *room = sdg_buf_add_room(value, PLUGGED_MAX);
  size_t count = 0;
  size_t len = 0;
  stardeleg_err err;

  if (room == NULL) {
    return sdg_buf_error(value);
  }
  for (size_t i = 0; i < p->choice_count; i++) {
    if (strcmp(p->choices[i].field, plug->name) == 0) {
      if (count == CHOICES_MAX) {
        return refuse(p, plug->name, NULL, "too many choices");
      }
      choices[count++] = p->choices[i];
    }
  }
  err = plug->build(plug->ctx, plugged->rule, choices, count, room, PLUGGED_MAX, &len, &fault);
  sdg_buf_truncate(value, err == STARDELEG_OK && len <= PLUGGED_MAX ? len : 0);
  if (err == STARDELEG_ERR_POLICY) {
    fault.detail[sizeof(fault.detail) - 1] = '\0';
    return refuse(p, plug->name, NULL, fault.detail[0] != '\0' ? fault.detail : "not acceptable");
  }
  if (err != STARDELEG_OK || len == 0) {
    return err;
  }
  return seal_extension(e, plugged->oid, plug->critical != 0);
}

/* Criticality as RFC 5280 has it for certificates: keyUsage SHOULD be critical, subjectAltName MUST be if and (here)
 * only if the subject is empty (4.2.1.3, 4.2.1.6). */
static stardeleg_err encode_extensions(const plan *p, encoded *e, bool subject_is_empty)
{
  stardeleg_err err = STARDELEG_OK;

  if (p->tmpl->key_usage != 0) {
    sdg_x509_put_key_usage(&e->values[e->count], p->tmpl->key_usage);
    err = seal_extension(e, sdg_oid_key_usage, true);
  }
  if (err == STARDELEG_OK && p->tmpl->eku_count != 0) {
    sdg_x509_put_eku(&e->values[e->count], p->tmpl->eku, p->tmpl->eku_count);
    err = seal_extension(e, sdg_oid_ext_key_usage, false);
  }
  if (err == STARDELEG_OK) {
    sdg_x509_put_san(&e->values[e->count], p->names, p->name_count);
    err = seal_extension(e, sdg_oid_subject_alt_name, subject_is_empty);
  }
  for (size_t i = 0; i < p->tmpl->plugged_count && err == STARDELEG_OK; i++) {
    err = encode_plugged(p, e, &p->tmpl->plugged[i]);
  }
  return err;
}

/* Signs with the first member of keyTypes that fits the key and that its owner can do: a foreign signer is asked, the
 * others say so beforehand or answer UNSUPPORTED. */
static stardeleg_err sign(sdg_buf *out, sdg_csr_plan *csr, const stardeleg_template *tmpl, stardeleg_key *key)
{
  const stardeleg_key_info *info = sdg_key_info(key);
  stardeleg_err err = STARDELEG_ERR_BAD_KEY;

  for (size_t i = 0; i < tmpl->key_count; i++) {
    const sdg_key_rule *rule = &tmpl->keys[i];

    if (rule->family != info->family || rule->bits != info->bits) {
      continue;
    }
    csr->alg = rule->alg;
    sdg_buf_reset(out);
    err = sdg_csr_build(out, csr, key);
    if (err != STARDELEG_ERR_UNSUPPORTED && err != STARDELEG_ERR_BAD_KEY) {
      return err;
    }
  }
  return err == STARDELEG_ERR_UNSUPPORTED ? STARDELEG_ERR_BAD_KEY : err;
}

static stardeleg_err encode(const plan *p, stardeleg_key *key, uint8_t **der, size_t *der_len)
{
  sdg_x509_attribute subject[SDG_SUBJECT_COUNT];
  sdg_csr_plan csr = {.subject = subject};
  encoded e = {.count = 0};
  sdg_buf out;
  char *taken = NULL;
  stardeleg_err err;

  sdg_buf_init(&out, SDG_CSR_MAX);
  for (size_t i = 0; i < EXTENSIONS_MAX; i++) {
    sdg_buf_init(&e.values[i], SDG_CSR_MAX);
  }
  csr.subject_count = list_subject(p, subject);
  err = encode_extensions(p, &e, csr.subject_count == 0);
  if (err == STARDELEG_OK) {
    csr.extensions = e.list;
    csr.extension_count = e.count;
    err = sign(&out, &csr, p->tmpl, key);
  }
  if (err == STARDELEG_OK) {
    err = sdg_buf_take(&out, &taken, der_len);
  }
  if (err == STARDELEG_OK) {
    *der = (uint8_t *)taken;
  }
  for (size_t i = 0; i < EXTENSIONS_MAX; i++) {
    sdg_buf_clear(&e.values[i]);
  }
  sdg_buf_clear(&out);
  return err;
}

static bool choices_are_set(const stardeleg_choice *choices, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (choices == NULL || choices[i].field == NULL || choices[i].value == NULL) {
      return false;
    }
  }
  return true;
}

stardeleg_err stardeleg_template_build(const stardeleg_template *tmpl, stardeleg_key *key,
                                       const stardeleg_choice *choices, size_t choice_count, uint8_t **der,
                                       size_t *der_len, stardeleg_problem *problem)
{
  plan p = {.tmpl = tmpl, .choices = choices, .choice_count = choice_count, .problem = problem};
  stardeleg_err err;

  sdg_problem_clear(problem);
  if (tmpl == NULL || key == NULL || der == NULL || der_len == NULL || !choices_are_set(choices, choice_count)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = take_choices(&p);
  if (err == STARDELEG_OK) {
    err = encode(&p, key, der, der_len);
  }
  if (err == STARDELEG_ERR_BAD_KEY) {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_CSR, "the key fits no member of keyTypes");
    sdg_problem_set_place(problem, SDG_BYTES_LITERAL("/keyTypes"));
  }
  return err;
}

/* --- Which key --- */

static stardeleg_key_spec spec_of(const sdg_key_rule *rule)
{
  static const struct {
    int family;
    unsigned bits;
    stardeleg_key_spec spec;
  } specs[] = {
      {STARDELEG_FAMILY_EC, 256, STARDELEG_KEY_P256},      {STARDELEG_FAMILY_EC, 384, STARDELEG_KEY_P384},
      {STARDELEG_FAMILY_EC, 521, STARDELEG_KEY_P521},      {STARDELEG_FAMILY_RSA, 2048, STARDELEG_KEY_RSA2048},
      {STARDELEG_FAMILY_RSA, 3072, STARDELEG_KEY_RSA3072}, {STARDELEG_FAMILY_RSA, 4096, STARDELEG_KEY_RSA4096},
  };

  for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
    if (specs[i].family == rule->family && specs[i].bits == rule->bits) {
      return specs[i].spec;
    }
  }
  return STARDELEG_KEY_NONE;
}

stardeleg_key_spec stardeleg_template_key_spec(const stardeleg_template *tmpl, const stardeleg_crypto *crypto)
{
  for (size_t i = 0; i < tmpl->key_count; i++) {
    stardeleg_key_spec spec = spec_of(&tmpl->keys[i]);

    if (spec != STARDELEG_KEY_NONE && (crypto->ops->key_specs & (1u << spec)) != 0 &&
        (crypto->ops->sign_algs & (1u << tmpl->keys[i].alg)) != 0) {
      return spec;
    }
  }
  return STARDELEG_KEY_NONE;
}

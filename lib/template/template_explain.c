/* SPDX-License-Identifier: Apache-2.0 */
/* template/template_explain.c -- a template in plain English, one sentence a line. */
#include <stardeleg/template.h>

#include <stdio.h>

#include "base/bytes.h"
#include "template/template_internal.h"

/* As long as the template is; that has a limit of its own. */
#define EXPLANATION_MAX (SIZE_MAX / 2)

static void add_literal(sdg_buf *out, stardeleg_bytes literal)
{
  char text[4096]; /* the longest literal that loads by default, each octet escaped */

  sdg_text_escape(text, sizeof(text), literal);
  sdg_buf_add_byte(out, '"');
  sdg_buf_add_str(out, text);
  sdg_buf_add_byte(out, '"');
}

static void explain_key(sdg_buf *out, const sdg_key_rule *rule)
{
  if (rule->family == STARDELEG_FAMILY_RSA) {
    sdg_buf_add_str(out, "an RSA key of exactly ");
    sdg_buf_add_int(out, (int64_t)rule->bits);
    sdg_buf_add_str(out, " bits");
  } else {
    sdg_buf_add_str(out, "an EC key on the curve ");
    sdg_buf_add_str(out, sdg_curve_name(rule->bits));
  }
  sdg_buf_add_str(out, ", the CSR signed with ");
  sdg_buf_add_str(out, sdg_signature_type_name(rule->alg));
}

static void explain_keys(sdg_buf *out, const stardeleg_template *tmpl)
{
  sdg_buf_add_str(out, "The key must be ");
  for (size_t i = 0; i < tmpl->key_count; i++) {
    sdg_buf_add_str(out, i == 0 ? "" : "; or ");
    explain_key(out, &tmpl->keys[i]);
  }
  sdg_buf_add_str(out, ".\n");
}

static void explain_subject(sdg_buf *out, const stardeleg_template *tmpl)
{
  for (int i = 0; i < SDG_SUBJECT_COUNT; i++) {
    const sdg_field_rule *rule = &tmpl->subject[i];

    if (rule->form == SDG_FORM_ABSENT) {
      continue;
    }
    sdg_buf_add_str(out, "The subject's ");
    sdg_buf_add_str(out, sdg_subject_kinds[i].member);
    if (rule->form == SDG_FORM_LITERAL) {
      sdg_buf_add_str(out, " must be ");
      add_literal(out, rule->literal);
      sdg_buf_add_str(out, ".\n");
    } else if (rule->form == SDG_FORM_MANDATORY) {
      sdg_buf_add_str(out, " must be there; the delegate chooses its value.\n");
    } else {
      sdg_buf_add_str(out, " may be there; the delegate chooses its value.\n");
    }
  }
  sdg_buf_add_str(out,
                  tmpl->subject_is_empty ? "The subject must be empty.\n" : "The subject must have nothing else.\n");
}

static void explain_wildcards(sdg_buf *out, size_t count, const char *verb)
{
  if (count == 0) {
    return;
  }
  sdg_buf_add_str(out, "The delegate ");
  sdg_buf_add_str(out, verb);
  sdg_buf_add_byte(out, ' ');
  sdg_buf_add_int(out, (int64_t)count);
  sdg_buf_add_str(out, count == 1 ? " more DNS name, subject to the owner's policy.\n"
                                  : " more DNS names, each subject to the owner's policy.\n");
}

static void explain_names(sdg_buf *out, const stardeleg_template *tmpl)
{
  static const char *const what[SDG_SAN_COUNT] = {"DNS name", "mail address", "URI"};

  for (int kind = 0; kind < SDG_SAN_COUNT; kind++) {
    const sdg_name_rule *rule = &tmpl->names[kind];

    for (size_t i = 0; i < rule->count; i++) {
      sdg_buf_add_str(out, "The certificate must be for the ");
      sdg_buf_add_str(out, what[kind]);
      sdg_buf_add_byte(out, ' ');
      add_literal(out, rule->literals[i].text);
      sdg_buf_add_str(out, ".\n");
    }
    explain_wildcards(out, rule->mandatory, "must choose");
    explain_wildcards(out, rule->optional, "may choose up to");
  }
  sdg_buf_add_str(out, "No other name may be there.\n");
}

static void explain_usages(sdg_buf *out, const stardeleg_template *tmpl)
{
  char text[160];

  if (tmpl->key_usage == 0) {
    sdg_buf_add_str(out, "There must be no keyUsage.\n");
  } else {
    sdg_key_usage_text(text, sizeof(text), tmpl->key_usage);
    sdg_buf_add_str(out, "keyUsage must be exactly ");
    sdg_buf_add_str(out, text);
    sdg_buf_add_str(out, ".\n");
  }
  if (tmpl->eku_count == 0) {
    sdg_buf_add_str(out, "There must be no extendedKeyUsage.\n");
    return;
  }
  sdg_buf_add_str(out, "extendedKeyUsage must be exactly ");
  for (size_t i = 0; i < tmpl->eku_count; i++) {
    char oid[512];

    sdg_eku_text(oid, sizeof(oid), tmpl->eku[i]);
    sdg_buf_add_str(out, i == 0 ? "" : ", ");
    sdg_buf_add_str(out, oid);
  }
  sdg_buf_add_str(out, ".\n");
}

static void explain_plugged(sdg_buf *out, const stardeleg_template *tmpl)
{
  for (size_t i = 0; i < tmpl->plugged_count; i++) {
    const sdg_plugged *p = &tmpl->plugged[i];
    char raw[512] = "";
    char text[1024];

    p->plug->explain(p->plug->ctx, p->rule, raw, sizeof(raw));
    sdg_text_escape(text, sizeof(text), sdg_bytes_str(raw));
    sdg_buf_add_str(out, text);
    sdg_buf_add_byte(out, '\n');
  }
}

stardeleg_err stardeleg_template_explain(const stardeleg_template *tmpl, char **text)
{
  sdg_buf out;
  size_t len;
  stardeleg_err err;

  sdg_buf_init(&out, EXPLANATION_MAX);
  explain_keys(&out, tmpl);
  explain_subject(&out, tmpl);
  explain_names(&out, tmpl);
  explain_usages(&out, tmpl);
  explain_plugged(&out, tmpl);
  sdg_buf_add_str(&out, "No other extension and no other attribute may be in the CSR.\n");
  err = sdg_buf_take(&out, text, &len);
  sdg_buf_clear(&out);
  return err;
}

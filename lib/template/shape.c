/* SPDX-License-Identifier: Apache-2.0 */
/* template/shape.c -- places for choices, kinds of key, and what became of the template in a certificate. */
#include "template/shape.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "template/template_internal.h"

/* Decoded values of a subject are compared up to this length; longer ones differ. */
#define VALUE_MAX 4096u

bool sdg_template_has_place(const stardeleg_template *tmpl, const stardeleg_choice *choice)
{
  size_t mandatory = 0;
  size_t optional = 0;
  int member;

  if (strcmp(choice->field, "DNS") == 0) {
    stardeleg_template_dns_wildcards(tmpl, &mandatory, &optional);
    return mandatory + optional > 0;
  }
  member = sdg_subject_find_member(choice->field);
  if (member < 0) {
    return sdg_plugs_find_name(tmpl, choice->field) < tmpl->plugged_count;
  }
  return tmpl->subject[member].form == SDG_FORM_MANDATORY || tmpl->subject[member].form == SDG_FORM_OPTIONAL;
}

bool sdg_template_is_field(const char *field)
{
  return strcmp(field, "DNS") == 0 || sdg_subject_find_member(field) >= 0;
}

bool sdg_template_takes_key(const stardeleg_template *tmpl, const stardeleg_key_info *info)
{
  for (size_t i = 0; i < tmpl->key_count; i++) {
    if (tmpl->keys[i].family == info->family && tmpl->keys[i].bits == info->bits) {
      return true;
    }
  }
  return false;
}

/* --- Comparing --- */

typedef struct listing {
  char *out;
  size_t size;
  size_t len;
} listing;

static void list(listing *l, const char *member, const char *how)
{
  int n = snprintf(l->out + l->len, l->size - l->len, "%s%s %s", l->len > 0 ? ", " : "", member, how);

  if (n > 0) {
    l->len += (size_t)n < l->size - l->len ? (size_t)n : l->size - l->len - 1;
  }
}

static bool is_text(const sdg_x509_attribute *attribute, stardeleg_bytes literal)
{
  sdg_buf text;
  bool same;

  sdg_buf_init(&text, VALUE_MAX);
  same = sdg_x509_string(&text, attribute->tag, attribute->value) == STARDELEG_OK &&
         sdg_bytes_equal(sdg_buf_bytes(&text), literal);
  sdg_buf_clear(&text);
  return same;
}

static void compare_member(listing *l, const stardeleg_template *tmpl, size_t member,
                           const sdg_x509_attribute *attributes, size_t count)
{
  const sdg_field_rule *rule = &tmpl->subject[member];
  const sdg_x509_attribute *found = NULL;

  for (size_t i = 0; i < count && found == NULL; i++) {
    found = sdg_subject_find(attributes[i].oid) == (int)member ? &attributes[i] : NULL;
  }
  if (found == NULL) {
    if (rule->form == SDG_FORM_LITERAL || rule->form == SDG_FORM_MANDATORY) {
      list(l, sdg_subject_kinds[member].member, "is missing");
    }
  } else if (rule->form == SDG_FORM_ABSENT) {
    list(l, sdg_subject_kinds[member].member, "was added");
  } else if (rule->form == SDG_FORM_LITERAL && !is_text(found, rule->literal)) {
    list(l, sdg_subject_kinds[member].member, "is another");
  }
}

static void compare_subject(listing *l, const stardeleg_template *tmpl, const sdg_cert *cert)
{
  sdg_x509_attribute attributes[SDG_X509_ATTRIBUTES_MAX];
  size_t count = 0;

  if (sdg_x509_read_name(attributes, SDG_X509_ATTRIBUTES_MAX, &count, cert->subject) != STARDELEG_OK) {
    list(l, "subject", "cannot be read");
    return;
  }
  for (size_t member = 0; member < SDG_SUBJECT_COUNT; member++) {
    compare_member(l, tmpl, member, attributes, count);
  }
}

static void compare_usages(listing *l, const stardeleg_template *tmpl, const sdg_cert *cert)
{
  bool same = tmpl->eku_count == cert->eku_count;

  if (tmpl->key_usage != (cert->has_key_usage ? cert->key_usage : 0)) {
    list(l, "keyUsage", "is another");
  }
  for (size_t i = 0; i < tmpl->eku_count && same; i++) {
    same = sdg_eku_has(cert->eku, cert->eku_count, tmpl->eku[i]);
  }
  if (!same) {
    list(l, "extendedKeyUsage", "is another");
  }
}

void sdg_template_compare(const stardeleg_template *tmpl, const sdg_cert *cert, char *out, size_t size)
{
  listing l = {out, size, 0};

  if (size == 0) {
    return;
  }
  out[0] = '\0';
  compare_subject(&l, tmpl, cert);
  compare_usages(&l, tmpl, cert);
}

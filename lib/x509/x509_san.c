/* SPDX-License-Identifier: Apache-2.0 */
/* x509/x509_san.c -- subjectAltName (RFC 5280 4.2.1.6): GeneralNames. */
#include "x509/x509.h"

#include "base/bytes.h"

/* The tag of each kind; implicit tags, but Name is a CHOICE and therefore explicit (X.680 31.2.7). */
static const int name_tags[] = {
    [SDG_GN_OTHER] = SDG_DER_CONTEXT_CONSTRUCTED(0),
    [SDG_GN_EMAIL] = SDG_DER_CONTEXT(1),
    [SDG_GN_DNS] = SDG_DER_CONTEXT(2),
    [SDG_GN_X400] = SDG_DER_CONTEXT_CONSTRUCTED(3),
    [SDG_GN_DIRECTORY] = SDG_DER_CONTEXT_CONSTRUCTED(4),
    [SDG_GN_EDI] = SDG_DER_CONTEXT_CONSTRUCTED(5),
    [SDG_GN_URI] = SDG_DER_CONTEXT(6),
    [SDG_GN_IP] = SDG_DER_CONTEXT(7),
    [SDG_GN_RID] = SDG_DER_CONTEXT(8),
};
#define NAME_KINDS (sizeof name_tags / sizeof name_tags[0])

/* A NUL within a name is how one name was once passed off as another. */
static bool is_ia5_text(stardeleg_bytes value)
{
  for (size_t i = 0; i < value.len; i++) {
    if (value.base[i] == 0 || value.base[i] >= 0x80) {
      return false;
    }
  }
  return true;
}

static bool is_one_name(stardeleg_bytes value)
{
  sdg_der reader = sdg_der_open(value);
  stardeleg_bytes content = {NULL, 0};

  return sdg_der_get(&reader, SDG_DER_SEQUENCE, &content, NULL) == STARDELEG_OK && sdg_der_end(&reader) == STARDELEG_OK;
}

/* RFC 5280 4.2.1.6: otherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY } */
static bool is_other_name(stardeleg_bytes value)
{
  sdg_der reader = sdg_der_open(value);
  sdg_der inside = reader;
  stardeleg_bytes content = {NULL, 0};
  int tag = -1;

  return sdg_der_get_oid(&reader, &content) == STARDELEG_OK &&
         sdg_der_enter(&reader, SDG_DER_CONTEXT_CONSTRUCTED(0), &inside) == STARDELEG_OK &&
         sdg_der_end(&reader) == STARDELEG_OK && sdg_der_get_any(&inside, &tag, &content, NULL) == STARDELEG_OK &&
         sdg_der_end(&inside) == STARDELEG_OK;
}

static bool is_good_value(sdg_name_kind kind, stardeleg_bytes value)
{
  switch (kind) {
  case SDG_GN_EMAIL:
  case SDG_GN_DNS:
  case SDG_GN_URI:
    return is_ia5_text(value);
  case SDG_GN_IP:
    return value.len == 4 || value.len == 16;
  case SDG_GN_RID:
    return sdg_der_is_oid(value);
  case SDG_GN_DIRECTORY:
    return is_one_name(value);
  case SDG_GN_OTHER:
    return is_other_name(value);
  default:
    return true; /* X.400 and EDI names: no one asks for them, every reader of names refuses them */
  }
}

static stardeleg_err read_general_name(sdg_general_name *out, sdg_der *list)
{
  int tag = -1;

  if (sdg_der_get_any(list, &tag, &out->value, NULL) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  for (size_t kind = 0; kind < NAME_KINDS; kind++) {
    if (name_tags[kind] == tag) {
      out->kind = (sdg_name_kind)kind;
      return is_good_value(out->kind, out->value) ? STARDELEG_OK : STARDELEG_ERR_MALFORMED;
    }
  }
  return STARDELEG_ERR_MALFORMED;
}

stardeleg_err sdg_x509_read_san(sdg_general_name *names, size_t max, size_t *count, stardeleg_bytes value)
{
  sdg_der reader = sdg_der_open(value);
  sdg_der list = reader;
  size_t n = 0;

  *count = 0;
  /* RFC 5280 4.2.1.6: "If the subjectAltName extension is present, the sequence MUST contain at least one entry." */
  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &list) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK ||
      sdg_der_is_empty(&list)) {
    return STARDELEG_ERR_MALFORMED;
  }
  while (!sdg_der_is_empty(&list)) {
    stardeleg_err rv;

    if (n == max) {
      return STARDELEG_ERR_LIMIT;
    }
    rv = read_general_name(&names[n], &list);
    if (rv != STARDELEG_OK) {
      return rv;
    }
    n++;
  }
  *count = n;
  return STARDELEG_OK;
}

void sdg_x509_put_san(sdg_buf *out, const sdg_general_name *names, size_t count)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  for (size_t i = 0; i < count; i++) {
    sdg_der_put(out, name_tags[names[i].kind], names[i].value);
  }
  sdg_der_put_end(out, mark);
}

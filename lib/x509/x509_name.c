/* SPDX-License-Identifier: Apache-2.0 */
/* x509/x509_name.c -- Names (RFC 5280 4.1.2.4): a sequence of sets of attributes. */
#include "x509/x509.h"

#include "base/bytes.h"

static stardeleg_err read_attribute(sdg_x509_attribute *out, sdg_der *set)
{
  sdg_der inside = *set;

  if (sdg_der_enter(set, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK ||
      sdg_der_get_oid(&inside, &out->oid) != STARDELEG_OK ||
      sdg_der_get_any(&inside, &out->tag, &out->value, NULL) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  return sdg_der_end(&inside);
}

/* Reads one RDN, a SET SIZE (1..MAX), behind the |*count| attributes there are. */
static stardeleg_err read_rdn(sdg_x509_attribute *attributes, size_t max, size_t *count, sdg_der *set, size_t rdn)
{
  size_t first = *count;

  if (sdg_der_is_empty(set)) {
    return STARDELEG_ERR_MALFORMED;
  }
  while (!sdg_der_is_empty(set)) {
    stardeleg_err rv;

    if (*count == max) {
      return STARDELEG_ERR_LIMIT;
    }
    rv = read_attribute(&attributes[*count], set);
    if (rv != STARDELEG_OK) {
      return rv;
    }
    attributes[*count].rdn = rdn;
    (*count)++;
  }
  for (size_t i = first; i < *count; i++) {
    attributes[i].rdn_size = *count - first;
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_x509_read_name(sdg_x509_attribute *attributes, size_t max, size_t *count, stardeleg_bytes name_der)
{
  sdg_der reader = sdg_der_open(name_der);
  sdg_der name = reader;
  size_t n = 0;

  *count = 0;
  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &name) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  for (size_t rdn = 0; !sdg_der_is_empty(&name); rdn++) {
    sdg_der set = name;
    stardeleg_err rv = sdg_der_enter(&name, SDG_DER_SET, &set);

    if (rv == STARDELEG_OK) {
      rv = read_rdn(attributes, max, &n, &set, rdn);
    }
    if (rv != STARDELEG_OK) {
      return rv;
    }
  }
  *count = n;
  return STARDELEG_OK;
}

void sdg_x509_put_name(sdg_buf *out, const sdg_x509_attribute *attributes, size_t count)
{
  size_t name = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  for (size_t i = 0; i < count; i++) {
    size_t set = sdg_der_put_begin(out, SDG_DER_SET);
    size_t pair = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

    sdg_der_put_oid(out, attributes[i].oid);
    sdg_der_put(out, attributes[i].tag, attributes[i].value);
    sdg_der_put_end(out, pair);
    sdg_der_put_end(out, set);
  }
  sdg_der_put_end(out, name);
}

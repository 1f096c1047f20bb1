/* SPDX-License-Identifier: Apache-2.0 */
/* x509/csr_build.c -- writing a PKCS#10 request (RFC 2986 4). */
#include "x509/csr.h"

#include "x509/signed.h"

/* RFC 2985 5.4.2: all extensions in one attribute with one value.  Without any there is no attribute, but the field. */
static void put_attributes(sdg_buf *out, const sdg_csr_plan *plan)
{
  size_t attributes = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(0));

  if (plan->extension_count > 0) {
    size_t attribute = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
    size_t values;

    sdg_der_put_oid(out, sdg_oid_extension_request);
    values = sdg_der_put_begin(out, SDG_DER_SET);
    sdg_x509_put_extensions(out, plan->extensions, plan->extension_count);
    sdg_der_put_end(out, values);
    sdg_der_put_end(out, attribute);
  }
  sdg_der_put_end(out, attributes);
}

stardeleg_err sdg_csr_build(sdg_buf *out, const sdg_csr_plan *plan, stardeleg_key *key)
{
  sdg_buf info;
  size_t mark;
  stardeleg_err rv;

  if (!sdg_alg_fits_key(plan->alg, sdg_key_info(key))) {
    return STARDELEG_ERR_BAD_KEY;
  }
  sdg_buf_init(&info, SDG_CSR_MAX);
  mark = sdg_der_put_begin(&info, SDG_DER_SEQUENCE);
  sdg_der_put_uint(&info, 0);
  sdg_x509_put_name(&info, plan->subject, plan->subject_count);
  sdg_der_put_raw(&info, stardeleg_key_spki(key));
  put_attributes(&info, plan);
  sdg_der_put_end(&info, mark);
  rv = sdg_buf_error(&info);
  if (rv == STARDELEG_OK) {
    rv = sdg_x509_put_signed(out, sdg_buf_bytes(&info), plan->alg, key);
  }
  sdg_buf_clear(&info);
  return rv;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* x509/signed.c -- the frame around what is signed (RFC 5280 4.1.1, RFC 2986 4.2). */
#include "x509/signed.h"

#include "base/bytes.h"

void sdg_x509_put_extensions(sdg_buf *out, const sdg_x509_extension *extensions, size_t count)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  for (size_t i = 0; i < count; i++) {
    sdg_x509_put_extension(out, extensions[i].oid, extensions[i].critical, extensions[i].value);
  }
  sdg_der_put_end(out, mark);
}

stardeleg_err sdg_x509_put_signed(sdg_buf *out, stardeleg_bytes body, stardeleg_alg alg, stardeleg_key *key)
{
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t len = 0;
  size_t before = out->len;
  size_t mark;
  stardeleg_err rv = sdg_key_sign(key, alg, &body, 1, signature, &len);

  if (rv != STARDELEG_OK) {
    return rv;
  }
  mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  sdg_der_put_raw(out, body);
  sdg_x509_put_algorithm(out, alg);
  sdg_x509_put_signature(out, alg, sdg_bytes(signature, len));
  sdg_der_put_end(out, mark);
  rv = sdg_buf_error(out);
  if (rv != STARDELEG_OK) {
    sdg_buf_truncate(out, before);
  }
  return rv;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* der/der_ecdsa.c -- ECDSA signatures: Ecdsa-Sig-Value (RFC 3279 2.2.3) and r, s at fixed length (RFC 7518 3.4). */
#include "der/der.h"

#include <string.h>

#include "base/bytes.h"

static void copy_right(uint8_t *out, size_t len, stardeleg_bytes magnitude)
{
  memset(out, 0, len - magnitude.len);
  memcpy(out + len - magnitude.len, magnitude.base, magnitude.len);
}

stardeleg_err sdg_der_ecdsa_to_raw(uint8_t *out, size_t half, stardeleg_bytes der)
{
  sdg_der reader = sdg_der_open(der);
  sdg_der inside = reader;
  stardeleg_bytes r = {NULL, 0};
  stardeleg_bytes s = {NULL, 0};

  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK ||
      sdg_der_get_magnitude(&inside, &r) != STARDELEG_OK || sdg_der_get_magnitude(&inside, &s) != STARDELEG_OK ||
      sdg_der_end(&inside) != STARDELEG_OK || r.len > half || s.len > half) {
    return STARDELEG_ERR_MALFORMED;
  }
  copy_right(out, half, r);
  copy_right(out + half, half, s);
  return STARDELEG_OK;
}

void sdg_der_ecdsa_from_raw(sdg_buf *out, stardeleg_bytes raw)
{
  size_t half = raw.len / 2;
  size_t mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  sdg_der_put_magnitude(out, sdg_bytes(raw.base, half));
  sdg_der_put_magnitude(out, sdg_bytes_from(raw, half));
  sdg_der_put_end(out, mark);
}

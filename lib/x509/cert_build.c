/* SPDX-License-Identifier: Apache-2.0 */
/* x509/cert_build.c -- writing a certificate (RFC 5280 4.1), for the CA role. */
#include "x509/cert.h"

#include <string.h>

#include "base/bytes.h"
#include "x509/signed.h"

#define SERIAL_OCTETS_MAX 20
#define KEY_ID_LEN 20

/* RFC 5280 4.1.2.2: positive, and not longer than 20 octets. */
static bool is_good_serial(stardeleg_bytes serial)
{
  while (serial.len > 0 && serial.base[0] == 0) {
    serial = sdg_bytes_from(serial, 1);
  }
  return serial.len > 0 && serial.len + (serial.base[0] >= 0x80 ? 1u : 0u) <= SERIAL_OCTETS_MAX;
}

static bool are_good_extensions(const sdg_x509_extension *extensions, size_t count)
{
  if (count > SDG_X509_EXTENSIONS_MAX) {
    return false;
  }
  for (size_t i = 1; i < count; i++) {
    for (size_t k = 0; k < i; k++) {
      if (sdg_bytes_equal(extensions[i].oid, extensions[k].oid)) {
        return false;
      }
    }
  }
  return true;
}

static void put_tbs(sdg_buf *out, const sdg_cert_plan *plan, stardeleg_alg alg)
{
  size_t tbs = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t field = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(0));

  sdg_der_put_uint(out, 2); /* v3 */
  sdg_der_put_end(out, field);
  sdg_der_put_magnitude(out, plan->serial);
  sdg_x509_put_algorithm(out, alg);
  sdg_der_put_raw(out, plan->issuer);
  field = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  sdg_der_put_time(out, plan->not_before);
  sdg_der_put_time(out, plan->not_after);
  sdg_der_put_end(out, field);
  sdg_der_put_raw(out, plan->subject);
  sdg_der_put_raw(out, plan->spki);
  if (plan->extension_count > 0) {
    field = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(3));
    sdg_x509_put_extensions(out, plan->extensions, plan->extension_count);
    sdg_der_put_end(out, field);
  }
  sdg_der_put_end(out, tbs);
}

stardeleg_err sdg_cert_build(sdg_buf *out, const sdg_cert_plan *plan, stardeleg_key *issuer_key)
{
  stardeleg_alg alg = sdg_alg_for_key(sdg_key_info(issuer_key));
  sdg_buf tbs;
  stardeleg_err rv;

  if (!is_good_serial(plan->serial) || plan->not_after < plan->not_before ||
      !are_good_extensions(plan->extensions, plan->extension_count)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_buf_init(&tbs, SDG_CHAIN_BYTES_MAX);
  put_tbs(&tbs, plan, alg);
  rv = sdg_buf_error(&tbs);
  if (rv == STARDELEG_OK) {
    rv = sdg_x509_put_signed(out, sdg_buf_bytes(&tbs), alg, issuer_key);
  }
  sdg_buf_clear(&tbs);
  return rv;
}

stardeleg_err sdg_cert_key_id(uint8_t out[20], const stardeleg_crypto *crypto, stardeleg_bytes spki)
{
  sdg_der reader = sdg_der_open(spki);
  sdg_der inside = reader;
  stardeleg_bytes algorithm = {NULL, 0};
  stardeleg_bytes bits = {NULL, 0};
  unsigned unused = 0;
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_err rv;

  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK ||
      sdg_der_get(&inside, SDG_DER_SEQUENCE, &algorithm, NULL) != STARDELEG_OK ||
      sdg_der_get_bits(&inside, &bits, &unused) != STARDELEG_OK || sdg_der_end(&inside) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  /* RFC 5280 4.2.1.2 (1): the value of the BIT STRING, without tag, length and number of unused bits */
  rv = sdg_hash(crypto, STARDELEG_HASH_SHA1, &bits, 1, hash);
  if (rv == STARDELEG_OK) {
    memcpy(out, hash, KEY_ID_LEN);
  }
  return rv;
}

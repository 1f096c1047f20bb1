/* SPDX-License-Identifier: Apache-2.0 */
/* x509/cert.c -- questions to a certificate, and chains of them (RFC 8555 7.4.2, 9.1). */
#include "x509/cert.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "der/pem.h"

bool sdg_cert_has_dns(const sdg_cert *cert, stardeleg_bytes name)
{
  for (size_t i = 0; i < cert->name_count; i++) {
    if (cert->names[i].kind == SDG_GN_DNS && sdg_name_equal_dns(cert->names[i].value, name)) {
      return true;
    }
  }
  return false;
}

void sdg_cert_serial_text(char *out, size_t size, const sdg_cert *cert)
{
  static const char digits[] = "0123456789abcdef";
  stardeleg_bytes serial = cert->serial;
  size_t nibbles = serial.len * 2;
  size_t i = 0;
  size_t len = 0;

  if (size == 0) {
    return;
  }
  while (i + 1 < nibbles && (serial.base[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf) == 0) {
    i++;
  }
  for (; i < nibbles && len + 1 < size; i++) {
    out[len++] = digits[serial.base[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
  }
  out[len] = '\0';
}

/* Reads one more block behind |out->der|; its place is kept as an offset, for the buffer moves. */
static stardeleg_err take_certificate(sdg_chain *out, stardeleg_bytes pem, size_t *offset, size_t starts[SDG_CHAIN_MAX],
                                      sdg_cert *scratch)
{
  char label[64] = "";
  size_t before = out->der.len;
  stardeleg_err rv = sdg_pem_next(&out->der, label, pem, offset);

  if (rv != STARDELEG_OK) {
    return rv;
  }
  if (out->count == SDG_CHAIN_MAX) {
    return STARDELEG_ERR_LIMIT;
  }
  /* RFC 8555 9.1: nothing but certificates; 11.4: a private key or text must not pass for one. */
  if (strcmp(label, "CERTIFICATE") != 0) {
    return STARDELEG_ERR_MALFORMED;
  }
  starts[out->count++] = before;
  return sdg_cert_parse(scratch, sdg_bytes(out->der.base + before, out->der.len - before));
}

stardeleg_err sdg_chain_parse(sdg_chain *out, stardeleg_bytes pem)
{
  size_t starts[SDG_CHAIN_MAX] = {0};
  size_t offset = 0;
  sdg_cert *scratch = NULL;
  stardeleg_err rv = STARDELEG_OK;

  memset(out, 0, sizeof *out);
  sdg_buf_init(&out->der, SDG_CHAIN_BYTES_MAX);
  if (pem.len > SDG_CHAIN_BYTES_MAX) {
    return STARDELEG_ERR_LIMIT;
  }
  scratch = sdg_calloc(1, sizeof *scratch);
  if (scratch == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  while (rv == STARDELEG_OK) {
    rv = take_certificate(out, pem, &offset, starts, scratch);
  }
  if (rv == STARDELEG_ERR_NOT_FOUND) {
    rv = out->count == 0 ? STARDELEG_ERR_MALFORMED : STARDELEG_OK;
  }
  for (size_t i = 0; rv == STARDELEG_OK && i < out->count; i++) {
    size_t end = i + 1 < out->count ? starts[i + 1] : out->der.len;
    out->certs[i] = sdg_bytes(out->der.base + starts[i], end - starts[i]);
  }
  if (rv != STARDELEG_OK) {
    sdg_chain_clear(out);
  }
  sdg_free(scratch);
  return rv;
}

void sdg_chain_clear(sdg_chain *chain)
{
  if (chain == NULL) {
    return;
  }
  sdg_buf_clear(&chain->der);
  memset(chain, 0, sizeof *chain);
}

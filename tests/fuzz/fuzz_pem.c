/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_pem.c -- PEM and chains: what is read writes and reads again; failure changes nothing. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "der/pem.h"
#include "x509/cert.h"

static void check_again(const char *label, stardeleg_bytes der)
{
  char back[64] = "";
  size_t offset = 0;
  sdg_buf pem;
  sdg_buf again;

  sdg_buf_init(&pem, 1u << 22);
  sdg_buf_init(&again, 1u << 22);
  sdg_pem_write(&pem, label, der);
  FUZZ_CHECK(sdg_pem_next(&again, back, sdg_buf_bytes(&pem), &offset) == STARDELEG_OK);
  FUZZ_CHECK(offset == pem.len && strcmp(back, label) == 0);
  FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(&again), der));
  sdg_buf_clear(&pem);
  sdg_buf_clear(&again);
}

static void check_blocks(stardeleg_bytes text)
{
  size_t offset = 0;
  sdg_buf der;

  sdg_buf_init(&der, 1u << 20);
  for (;;) {
    char label[64] = "";
    size_t before = offset;
    size_t had = der.len;
    stardeleg_err rv = sdg_pem_next(&der, label, text, &offset);

    if (rv != STARDELEG_OK) {
      FUZZ_CHECK(rv == STARDELEG_ERR_NOT_FOUND || rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT);
      FUZZ_CHECK(offset == before && (der.len == had || rv == STARDELEG_ERR_LIMIT));
      break;
    }
    FUZZ_CHECK(offset > before && offset <= text.len && der.len > had);
    check_again(label, sdg_bytes(der.base + had, der.len - had));
  }
  sdg_buf_clear(&der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  sdg_chain chain;
  stardeleg_err rv;

  check_blocks(sdg_bytes(data, size));
  rv = sdg_chain_parse(&chain, sdg_bytes(data, size));
  if (rv == STARDELEG_OK) {
    size_t total = 0;

    FUZZ_CHECK(chain.count >= 1 && chain.count <= SDG_CHAIN_MAX);
    for (size_t i = 0; i < chain.count; i++) {
      FUZZ_CHECK(chain.certs[i].base == chain.der.base + total);
      total += chain.certs[i].len;
    }
    FUZZ_CHECK(total == chain.der.len);
    sdg_chain_clear(&chain);
  } else {
    FUZZ_CHECK(rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT);
    FUZZ_CHECK(chain.count == 0 && chain.der.base == NULL);
  }
  return 0;
}

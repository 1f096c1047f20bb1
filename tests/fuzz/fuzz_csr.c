/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_csr.c -- the view of a request stays within it, and its parts read and write again as they stand. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "x509/csr.h"

#define NAMES_MAX 32

static void check_within(const sdg_csr *csr, stardeleg_bytes part)
{
  stardeleg_bytes all = sdg_buf_bytes(&csr->der);

  FUZZ_CHECK(part.len == 0 || (part.base >= all.base && part.base + part.len <= all.base + all.len));
}

static void check_subject(const sdg_csr *csr, sdg_buf *out)
{
  FUZZ_CHECK(csr->subject_count <= SDG_X509_ATTRIBUTES_MAX);
  for (size_t i = 0; i < csr->subject_count; i++) {
    const sdg_x509_attribute *a = &csr->subject[i];

    check_within(csr, a->oid);
    check_within(csr, a->value);
    FUZZ_CHECK(a->rdn <= i && a->rdn_size >= 1 && a->rdn_size <= csr->subject_count);
    if (sdg_x509_string(out, a->tag, a->value) == STARDELEG_OK) {
      FUZZ_CHECK(sdg_utf8_is_valid(sdg_buf_bytes(out)));
    } else {
      FUZZ_CHECK(out->len == 0);
    }
    sdg_buf_reset(out);
  }
}

static void check_value(stardeleg_bytes value, sdg_buf *out)
{
  sdg_general_name names[NAMES_MAX];
  stardeleg_bytes oids[NAMES_MAX];
  size_t count = 0;
  unsigned bits = 0;

  if (sdg_x509_read_key_usage(&bits, value) == STARDELEG_OK) {
    sdg_x509_put_key_usage(out, bits);
    FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(out), value));
    sdg_buf_reset(out);
  }
  if (sdg_x509_read_eku(oids, NAMES_MAX, &count, value) == STARDELEG_OK) {
    sdg_x509_put_eku(out, oids, count);
    FUZZ_CHECK(count > 0 && sdg_bytes_equal(sdg_buf_bytes(out), value));
    sdg_buf_reset(out);
  }
  if (sdg_x509_read_san(names, NAMES_MAX, &count, value) == STARDELEG_OK) {
    sdg_x509_put_san(out, names, count);
    FUZZ_CHECK(count > 0 && sdg_bytes_equal(sdg_buf_bytes(out), value));
    sdg_buf_reset(out);
  }
}

static void check_extensions(const sdg_csr *csr, sdg_buf *out)
{
  FUZZ_CHECK(csr->extension_count <= SDG_X509_EXTENSIONS_MAX);
  FUZZ_CHECK(csr->extension_requests <= csr->extension_count);
  FUZZ_CHECK((csr->extension_requests == 0) == (csr->extension_count == 0));
  for (size_t i = 0; i < csr->extension_count; i++) {
    const sdg_x509_extension *e = &csr->extensions[i];
    sdg_x509_extension back;
    size_t count = 0;

    check_within(csr, e->oid);
    check_within(csr, e->value);
    sdg_x509_put_extension(out, e->oid, e->critical, e->value);
    FUZZ_CHECK(sdg_x509_read_extensions(&back, 1, &count, sdg_buf_bytes(out)) == STARDELEG_OK && count == 1);
    FUZZ_CHECK(back.critical == e->critical && sdg_bytes_equal(back.value, e->value));
    sdg_buf_reset(out);
    check_value(e->value, out);
  }
  FUZZ_CHECK(csr->attribute_count <= SDG_X509_ATTRIBUTES_MAX);
  for (size_t i = 0; i < csr->attribute_count; i++) {
    check_within(csr, csr->attributes[i].oid);
    check_within(csr, csr->attributes[i].values);
    FUZZ_CHECK(!sdg_bytes_equal(csr->attributes[i].oid, sdg_oid_extension_request));
  }
}

static void check_algorithm(const sdg_csr *csr, sdg_buf *out)
{
  static const stardeleg_key_info p384 = {STARDELEG_FAMILY_EC, 384};
  stardeleg_alg back = STARDELEG_ALG_NONE;

  FUZZ_CHECK(memchr(csr->alg_oid, 0, sizeof csr->alg_oid) != NULL);
  FUZZ_CHECK(memchr(csr->key_fault, 0, sizeof csr->key_fault) != NULL);
  FUZZ_CHECK(csr->key_is_known == (csr->key_fault[0] == '\0'));
  if (csr->alg != STARDELEG_ALG_NONE) {
    sdg_x509_put_algorithm(out, csr->alg);
    FUZZ_CHECK(sdg_x509_read_algorithm(&back, sdg_buf_bytes(out)) == STARDELEG_OK && back == csr->alg);
    sdg_buf_reset(out);
    (void)!sdg_x509_signature_to_raw(out, sdg_alg_on_curve(csr->alg, &p384), &p384, csr->signature);
    sdg_buf_reset(out);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  stardeleg_problem problem;
  sdg_buf out;
  sdg_csr csr;
  stardeleg_err rv;

  memset(&problem, 0, sizeof problem);
  rv = sdg_csr_parse(&csr, sdg_bytes(data, size), &problem);
  if (rv != STARDELEG_OK) {
    FUZZ_CHECK(rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT);
    FUZZ_CHECK(problem.acme == STARDELEG_ACME_BAD_CSR && problem.detail[0] != '\0');
    return 0;
  }
  sdg_buf_init(&out, 1u << 20);
  FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(&csr.der), sdg_bytes(data, size)));
  check_within(&csr, csr.info);
  check_within(&csr, csr.spki);
  check_within(&csr, csr.signature);
  check_subject(&csr, &out);
  check_extensions(&csr, &out);
  check_algorithm(&csr, &out);
  sdg_buf_clear(&out);
  sdg_csr_clear(&csr);
  return 0;
}

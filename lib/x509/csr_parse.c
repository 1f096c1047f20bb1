/* SPDX-License-Identifier: Apache-2.0 */
/* x509/csr_parse.c -- reading a PKCS#10 request (RFC 2986 4) without judging what it asks for. */
#include "x509/csr.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"

#define ATTRIBUTES SDG_DER_CONTEXT_CONSTRUCTED(0)

/* Tells what is wrong, and where; the result is |err|. */
static stardeleg_err refuse(stardeleg_problem *problem, stardeleg_err err, const char *place, const char *why)
{
  sdg_problem_set(problem, STARDELEG_ACME_BAD_CSR, "%s", why);
  sdg_problem_set_place(problem, sdg_bytes_str(place));
  return err;
}

static stardeleg_err read_version(sdg_der *info, stardeleg_problem *problem)
{
  uint64_t version = 0;

  if (sdg_der_get_uint(info, &version, 0) != STARDELEG_OK) {
    return refuse(problem, STARDELEG_ERR_MALFORMED, "/version", "the version of the CSR is not 0");
  }
  return STARDELEG_OK;
}

static stardeleg_err read_subject(sdg_csr *csr, sdg_der *info, stardeleg_problem *problem)
{
  stardeleg_bytes content = {NULL, 0};
  stardeleg_bytes name = {NULL, 0};
  stardeleg_err rv;

  csr->subject = sdg_calloc(SDG_X509_ATTRIBUTES_MAX, sizeof *csr->subject);
  if (csr->subject == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  rv = sdg_der_get(info, SDG_DER_SEQUENCE, &content, &name);
  if (rv == STARDELEG_OK) {
    rv = sdg_x509_read_name(csr->subject, SDG_X509_ATTRIBUTES_MAX, &csr->subject_count, name);
  }
  if (rv == STARDELEG_ERR_LIMIT) {
    return refuse(problem, rv, "/subject", "the subject of the CSR has too many attributes");
  }
  if (rv != STARDELEG_OK) {
    return refuse(problem, rv, "/subject", "the subject of the CSR is not a well-formed Name");
  }
  return STARDELEG_OK;
}

/* Reads the key once more for the reason alone: a problem is large, and good CSRs should not pay for it. */
static stardeleg_err keep_key_fault(sdg_csr *csr)
{
  stardeleg_problem *fault = sdg_calloc(1, sizeof *fault); /* too large for the stack of a small device */

  if (fault == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (sdg_spki_read(&csr->key, csr->spki, fault) != STARDELEG_OK) {
    (void)snprintf(csr->key_fault, sizeof csr->key_fault, "%.*s", (int)(sizeof csr->key_fault - 1), fault->detail);
  }
  memset(&csr->key, 0, sizeof csr->key);
  sdg_free(fault);
  return STARDELEG_OK;
}

/* A key of a kind we do not take is a finding for the template; only a broken one ends the reading. */
static stardeleg_err read_key(sdg_csr *csr, sdg_der *info, stardeleg_problem *problem)
{
  stardeleg_bytes content = {NULL, 0};
  stardeleg_err rv;

  rv = sdg_der_get(info, SDG_DER_SEQUENCE, &content, &csr->spki);
  if (rv == STARDELEG_OK) {
    rv = sdg_spki_read(&csr->key, csr->spki, NULL);
  }
  csr->key_is_known = rv == STARDELEG_OK;
  if (rv == STARDELEG_ERR_BAD_KEY) {
    rv = keep_key_fault(csr);
  }
  if (rv != STARDELEG_OK && rv != STARDELEG_ERR_NOMEM) {
    rv = refuse(problem, STARDELEG_ERR_MALFORMED, "/subjectPKInfo",
                "the public key of the CSR is not a well-formed SubjectPublicKeyInfo");
  }
  return rv;
}

/* RFC 2985 5.4.2: the values of extensionRequest are Extensions.  More than one value, or the same extension twice, is
 * for the template to report. */
static stardeleg_err read_extension_request(sdg_csr *csr, stardeleg_bytes values)
{
  sdg_der set = sdg_der_open(values);

  while (!sdg_der_is_empty(&set)) {
    stardeleg_bytes content = {NULL, 0};
    size_t count = 0;
    stardeleg_err rv = sdg_der_get(&set, SDG_DER_SEQUENCE, &content, NULL);

    if (rv == STARDELEG_OK) {
      rv = sdg_x509_read_extensions(csr->extensions + csr->extension_count,
                                    SDG_X509_EXTENSIONS_MAX - csr->extension_count, &count, content);
    }
    if (rv != STARDELEG_OK) {
      return rv;
    }
    csr->extension_count += count;
    csr->extension_requests++;
  }
  return STARDELEG_OK;
}

/* RFC 2986 4.1: values SET SIZE (1..MAX) of anything, as long as it is DER. */
static stardeleg_err check_values(stardeleg_bytes values)
{
  sdg_der set = sdg_der_open(values);

  if (sdg_der_is_empty(&set)) {
    return STARDELEG_ERR_MALFORMED;
  }
  while (!sdg_der_is_empty(&set)) {
    stardeleg_bytes content = {NULL, 0};
    int tag = -1;

    if (sdg_der_get_any(&set, &tag, &content, NULL) != STARDELEG_OK) {
      return STARDELEG_ERR_MALFORMED;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err read_attribute(sdg_csr *csr, sdg_der *list)
{
  sdg_der inside = *list;
  stardeleg_bytes oid = {NULL, 0};
  stardeleg_bytes values = {NULL, 0};

  if (sdg_der_enter(list, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK ||
      sdg_der_get_oid(&inside, &oid) != STARDELEG_OK ||
      sdg_der_get(&inside, SDG_DER_SET, &values, NULL) != STARDELEG_OK || sdg_der_end(&inside) != STARDELEG_OK ||
      check_values(values) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  if (sdg_bytes_equal(oid, sdg_oid_extension_request)) {
    return read_extension_request(csr, values);
  }
  if (csr->attribute_count == SDG_X509_ATTRIBUTES_MAX) {
    return STARDELEG_ERR_LIMIT;
  }
  csr->attributes[csr->attribute_count++] = (sdg_csr_attribute){oid, values};
  return STARDELEG_OK;
}

static stardeleg_err read_attributes(sdg_csr *csr, sdg_der *info, stardeleg_problem *problem)
{
  sdg_der list = *info;
  char place[32];

  csr->attributes = sdg_calloc(SDG_X509_ATTRIBUTES_MAX, sizeof *csr->attributes);
  csr->extensions = sdg_calloc(SDG_X509_EXTENSIONS_MAX, sizeof *csr->extensions);
  if (csr->attributes == NULL || csr->extensions == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  /* RFC 2986 4.1: the field is not OPTIONAL; with no attributes it is the empty A0 00. */
  if (sdg_der_enter(info, ATTRIBUTES, &list) != STARDELEG_OK || sdg_der_end(info) != STARDELEG_OK) {
    return refuse(problem, STARDELEG_ERR_MALFORMED, "/attributes",
                  "the attributes of the CSR are missing or not well-formed");
  }
  for (size_t i = 0; !sdg_der_is_empty(&list); i++) {
    stardeleg_err rv = read_attribute(csr, &list);

    if (rv != STARDELEG_OK) {
      (void)snprintf(place, sizeof place, "/attributes/%zu", i);
      return refuse(problem, rv, place,
                    rv == STARDELEG_ERR_LIMIT ? "the CSR has too many attributes or extensions"
                                              : "an attribute of the CSR is not well-formed");
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err read_algorithm(sdg_csr *csr, sdg_der *outer, stardeleg_problem *problem)
{
  sdg_der inside = *outer;
  stardeleg_bytes content = {NULL, 0};
  stardeleg_bytes whole = {NULL, 0};
  stardeleg_bytes oid = {NULL, 0};
  stardeleg_err rv;

  rv = sdg_der_get(outer, SDG_DER_SEQUENCE, &content, &whole);
  if (rv == STARDELEG_OK) {
    rv = sdg_x509_read_algorithm(&csr->alg, whole);
  }
  if (rv != STARDELEG_OK && rv != STARDELEG_ERR_UNSUPPORTED) {
    return refuse(problem, STARDELEG_ERR_MALFORMED, "/signatureAlgorithm",
                  "the signature algorithm of the CSR is not a well-formed AlgorithmIdentifier");
  }
  if (csr->alg != STARDELEG_ALG_NONE) {
    return STARDELEG_OK;
  }
  inside = sdg_der_open(content);
  if (sdg_der_get_oid(&inside, &oid) == STARDELEG_OK) {
    (void)sdg_der_oid_text(csr->alg_oid, sizeof csr->alg_oid, oid); /* for messages: may be cut */
  }
  return STARDELEG_OK;
}

static stardeleg_err read_signature(sdg_csr *csr, sdg_der *outer, stardeleg_problem *problem)
{
  unsigned unused = 0;

  if (sdg_der_get_bits(outer, &csr->signature, &unused) != STARDELEG_OK || unused != 0) {
    return refuse(problem, STARDELEG_ERR_MALFORMED, "/signature", "the signature of the CSR is not a whole BIT STRING");
  }
  if (sdg_der_end(outer) != STARDELEG_OK) {
    return refuse(problem, STARDELEG_ERR_MALFORMED, "", "something follows the signature of the CSR");
  }
  return STARDELEG_OK;
}

/* Reads |csr->der|, which stays where it is. */
static stardeleg_err read_request(sdg_csr *csr, stardeleg_problem *problem)
{
  sdg_der reader = sdg_der_open(sdg_buf_bytes(&csr->der));
  sdg_der outer = reader;
  sdg_der info = reader;
  stardeleg_bytes content = {NULL, 0};
  stardeleg_err rv;

  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &outer) != STARDELEG_OK) {
    return refuse(problem, STARDELEG_ERR_MALFORMED, "", "the CSR is not a DER CertificationRequest");
  }
  if (sdg_der_end(&reader) != STARDELEG_OK) {
    return refuse(problem, STARDELEG_ERR_MALFORMED, "", "something follows the CSR");
  }
  if (sdg_der_get(&outer, SDG_DER_SEQUENCE, &content, &csr->info) != STARDELEG_OK) {
    return refuse(problem, STARDELEG_ERR_MALFORMED, "", "the CSR has no well-formed certificationRequestInfo");
  }
  info = sdg_der_open(content);
  rv = read_version(&info, problem);
  if (rv == STARDELEG_OK) {
    rv = read_subject(csr, &info, problem);
  }
  if (rv == STARDELEG_OK) {
    rv = read_key(csr, &info, problem);
  }
  if (rv == STARDELEG_OK) {
    rv = read_attributes(csr, &info, problem);
  }
  if (rv == STARDELEG_OK) {
    rv = read_algorithm(csr, &outer, problem);
  }
  if (rv == STARDELEG_OK) {
    rv = read_signature(csr, &outer, problem);
  }
  return rv;
}

stardeleg_err sdg_csr_parse(sdg_csr *out, stardeleg_bytes der, stardeleg_problem *problem)
{
  stardeleg_err rv;

  memset(out, 0, sizeof *out);
  sdg_buf_init(&out->der, SDG_CSR_MAX);
  if (der.len > SDG_CSR_MAX) {
    return refuse(problem, STARDELEG_ERR_LIMIT, "", "the CSR is too long");
  }
  sdg_buf_add_bytes(&out->der, der);
  rv = sdg_buf_error(&out->der);
  if (rv == STARDELEG_OK) {
    rv = read_request(out, problem);
  }
  if (rv != STARDELEG_OK) {
    sdg_csr_clear(out);
  }
  return rv;
}

void sdg_csr_clear(sdg_csr *csr)
{
  if (csr == NULL) {
    return;
  }
  sdg_buf_clear(&csr->der);
  sdg_free(csr->subject);
  sdg_free(csr->attributes);
  sdg_free(csr->extensions);
  memset(csr, 0, sizeof *csr);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* client/client_csr.c -- a CSR for identifiers, and whether a certificate answers one. */
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"
#include "client/client_internal.h"
#include "x509/acme_identifier.h"
#include "x509/cert.h"
#include "x509/csr.h"

/* An identifier as a GeneralName; wildcards are names here. */
static stardeleg_err to_name(sdg_general_name *out, uint8_t octets[16], const stardeleg_identifier *identifier)
{
  if (strcmp(identifier->type, "dns") == 0) {
    if (sdg_name_check_dns(sdg_bytes_str(identifier->value), SDG_NAME_ALLOW_WILDCARD | SDG_NAME_ALLOW_ONE_LABEL) !=
        SDG_NAME_OK) {
      return STARDELEG_ERR_ARGUMENT;
    }
    *out = (sdg_general_name){SDG_GN_DNS, sdg_bytes_str(identifier->value)};
    return STARDELEG_OK;
  }
  return sdg_acme_identifier_name(out, octets, identifier);
}

static stardeleg_err build(sdg_buf *out, stardeleg_key *key, const sdg_general_name *names, size_t count)
{
  sdg_csr_plan plan = {0};
  sdg_x509_extension extension = {0};
  sdg_buf san;
  stardeleg_err err;

  sdg_buf_init(&san, 65536);
  sdg_x509_put_san(&san, names, count);
  err = sdg_buf_error(&san);
  if (err == STARDELEG_OK) {
    extension.oid = sdg_oid_subject_alt_name;
    extension.value = sdg_buf_bytes(&san);
    plan.extensions = &extension;
    plan.extension_count = 1;
    plan.alg = sdg_alg_for_key(sdg_key_info(key));
    err = sdg_csr_build(out, &plan, key);
  }
  sdg_buf_clear(&san);
  return err;
}

stardeleg_err stardeleg_client_csr(uint8_t **der, size_t *len, stardeleg_key *key,
                                   const stardeleg_identifier *identifiers, size_t count)
{
  sdg_general_name *names;
  uint8_t(*octets)[16];
  char *text = NULL;
  sdg_buf out;
  stardeleg_err err = STARDELEG_OK;

  if (der == NULL || len == NULL || key == NULL || identifiers == NULL || count == 0 || count > SDG_IDENTIFIERS_MAX) {
    return STARDELEG_ERR_ARGUMENT;
  }
  names = sdg_calloc(count, sizeof(*names));
  octets = sdg_calloc(count, sizeof(*octets));
  sdg_buf_init(&out, SDG_CSR_MAX);
  if (names == NULL || octets == NULL) {
    err = STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < count && err == STARDELEG_OK; i++) {
    err = to_name(&names[i], octets[i], &identifiers[i]);
  }
  if (err == STARDELEG_OK) {
    err = build(&out, key, names, count);
  }
  if (err == STARDELEG_OK) {
    err = sdg_buf_take(&out, &text, len);
    *der = (uint8_t *)text;
  }
  sdg_buf_clear(&out);
  sdg_free(octets);
  sdg_free(names);
  return err;
}

/* --- Checking what came (RFC 8555 7.4.2, 10.1) --- */

static bool has_name(const sdg_cert *cert, const sdg_general_name *wanted)
{
  for (size_t i = 0; i < cert->name_count; i++) {
    const sdg_general_name *name = &cert->names[i];

    if (name->kind == wanted->kind && (wanted->kind == SDG_GN_DNS ? sdg_name_equal_dns(name->value, wanted->value)
                                                                  : sdg_bytes_equal(name->value, wanted->value))) {
      return true;
    }
  }
  return false;
}

static stardeleg_err check_names(const sdg_client_entry *entry, const sdg_cert *cert, stardeleg_problem *problem)
{
  const sdg_identifiers *wanted = &entry->flow.order.identifiers;
  uint8_t octets[16];
  sdg_general_name name;
  char shown[STARDELEG_PROBLEM_PLACE_SIZE];

  for (size_t i = 0; i < wanted->count; i++) {
    if (to_name(&name, octets, &wanted->items[i]) != STARDELEG_OK || !has_name(cert, &name)) {
      sdg_text_escape(shown, sizeof(shown), sdg_bytes_str(wanted->items[i].value));
      sdg_problem_set(problem, STARDELEG_ACME_NONE, "the certificate is not for %s, which was ordered", shown);
      return STARDELEG_ERR_PROTOCOL;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err check_key(const sdg_client_entry *entry, const sdg_cert *cert, stardeleg_problem *problem)
{
  sdg_csr csr;
  sdg_buf der;
  stardeleg_err err;

  sdg_buf_init(&der, SDG_CSR_MAX);
  err = sdg_base64url_read(&der, sdg_bytes_str(entry->flow.csr));
  if (err == STARDELEG_OK) {
    err = sdg_csr_parse(&csr, sdg_buf_bytes(&der), problem);
  }
  sdg_buf_clear(&der);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (!sdg_bytes_equal(csr.spki, cert->spki)) {
    sdg_problem_set(problem, STARDELEG_ACME_NONE, "the certificate is for another key than the CSR's");
    err = STARDELEG_ERR_PROTOCOL;
  }
  sdg_csr_clear(&csr);
  return err;
}

stardeleg_err sdg_client_check(const sdg_client_entry *entry, stardeleg_bytes chain_pem, stardeleg_time validity[2],
                               stardeleg_problem *problem)
{
  sdg_cert *cert = sdg_calloc(1, sizeof(*cert));
  sdg_chain chain;
  stardeleg_err err;

  if (cert == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_chain_parse(&chain, chain_pem);
  if (err == STARDELEG_OK) {
    err = sdg_cert_parse(cert, chain.certs[0]);
    if (err == STARDELEG_OK) {
      err = check_key(entry, cert, problem);
    }
    if (err == STARDELEG_OK) {
      err = check_names(entry, cert, problem);
    }
    validity[0] = cert->not_before;
    validity[1] = cert->not_after;
    sdg_chain_clear(&chain);
  }
  sdg_free(cert);
  return err;
}

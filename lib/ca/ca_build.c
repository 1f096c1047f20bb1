/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_build.c -- from a CSR to a certificate: what is checked, what is taken over, what is not.
 *
 * Names come from the order, the key from the CSR.  Of what the CSR asks for beyond that, key usages fit for TLS are
 * honoured and a common name that is one of the DNS names; nothing else is, because nobody has validated it. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"
#include "ca/ca_crl.h"
#include "ca/ca_internal.h"
#include "ca/ca_issuer.h"
#include "ca/ca_names.h"
#include "ca/ca_profile.h"
#include "der/der.h"
#include "der/pem.h"

#define KU_KEY_ENCIPHERMENT (1u << 2)
#define COMMON_NAME_MAX 64u

/* --- Checking (RFC 8555 7.4) --- */

static stardeleg_err bad_csr(stardeleg_problem *problem, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_BAD_CSR, "%s", detail);
  return STARDELEG_ERR_POLICY;
}

static const sdg_x509_extension *find_extension(const sdg_csr *csr, stardeleg_bytes oid)
{
  for (size_t i = 0; i < csr->extension_count; i++) {
    if (sdg_bytes_equal(csr->extensions[i].oid, oid)) {
      return &csr->extensions[i];
    }
  }
  return NULL;
}

/* Most of what a CSR may ask for is left out without harm.  Who asks for a CA's certificate would get something else
 * than was asked for (RFC 8555 7.4): basicConstraints may only be there empty. */
static stardeleg_err check_extensions(const sdg_csr *csr, stardeleg_problem *problem)
{
  static const uint8_t empty[] = {0x30, 0x00};

  for (size_t i = 0; i < csr->extension_count; i++) {
    if (sdg_bytes_equal(csr->extensions[i].oid, sdg_oid_basic_constraints) &&
        !sdg_bytes_equal(csr->extensions[i].value, sdg_bytes(empty, sizeof(empty)))) {
      return bad_csr(problem, "the CSR asks for the certificate of a CA");
    }
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_ca_check_csr(stardeleg_ca *ca, const sdg_ca_order *order, stardeleg_bytes der,
                               stardeleg_problem *problem)
{
  sdg_csr csr;
  stardeleg_err err = sdg_csr_parse(&csr, der, problem);

  if (err == STARDELEG_ERR_LIMIT) {
    return bad_csr(problem, "the CSR is too large");
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_csr_verify(&csr, ca->options.crypto, problem);
  if (err == STARDELEG_OK) {
    err = check_extensions(&csr, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_server_account_by_key(ca->server, csr.spki);
    if (err == STARDELEG_OK) {
      err = bad_csr(problem, "the CSR's key is the key of an account (RFC 8555 11.1)");
    } else if (err == STARDELEG_ERR_NOT_FOUND) {
      err = sdg_ca_check_names(order, &csr, problem);
    }
  }
  sdg_csr_clear(&csr);
  return err;
}

/* --- Building --- */

static unsigned choose_key_usage(uint64_t rules, const sdg_csr *csr)
{
  stardeleg_ca_choice choice = sdg_ca_rule(rules, SDG_CA_RULE_KEY_ENCIPHERMENT);
  bool encipher = csr->key.info.family == STARDELEG_FAMILY_RSA && choice != STARDELEG_CA_NEVER;
  unsigned allowed = SDG_KU_DIGITAL_SIGNATURE | (encipher ? KU_KEY_ENCIPHERMENT : 0);
  const sdg_x509_extension *wanted = find_extension(csr, sdg_oid_key_usage);
  unsigned bits = 0;

  if (encipher && choice == STARDELEG_CA_ALWAYS) {
    return allowed;
  }
  if (wanted != NULL && sdg_x509_read_key_usage(&bits, wanted->value) == STARDELEG_OK && (bits & allowed) != 0) {
    return bits & allowed;
  }
  return SDG_KU_DIGITAL_SIGNATURE;
}

static bool wants_usage(const sdg_csr *csr, stardeleg_bytes usage)
{
  const sdg_x509_extension *wanted = find_extension(csr, sdg_oid_ext_key_usage);
  stardeleg_bytes oids[32];
  size_t count = 0;

  if (wanted == NULL || sdg_x509_read_eku(oids, 32, &count, wanted->value) != STARDELEG_OK) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    if (sdg_bytes_equal(oids[i], usage)) {
      return true;
    }
  }
  return false;
}

/* The common name: what the CSR asked for, which check_names has seen to be one of the names; or the first that fits
 * (RFC 5280 A.1: ub-common-name).  An address is none.  NULL: nothing. */
static const char *choose_common_name(const sdg_ca_order *order, const sdg_csr *csr)
{
  stardeleg_ca_choice choice = sdg_ca_rule(order->rules, SDG_CA_RULE_COMMON_NAME);
  const char *first = NULL;

  for (size_t i = 0; i < order->wire.identifiers.count && choice != STARDELEG_CA_NEVER; i++) {
    const stardeleg_identifier *item = &order->wire.identifiers.items[i];

    if (sdg_ca_is_ip(item) || strlen(item->value) > COMMON_NAME_MAX) {
      continue;
    }
    first = first == NULL ? item->value : first;
    for (size_t k = 0; k < csr->subject_count; k++) {
      if (sdg_bytes_equal(csr->subject[k].oid, sdg_oid_common_name) &&
          sdg_name_equal_dns(csr->subject[k].value, sdg_bytes_str(item->value))) {
        return item->value;
      }
    }
  }
  return choice == STARDELEG_CA_ALWAYS ? first : NULL;
}

static void put_subject(sdg_buf *out, const sdg_ca_order *order, const sdg_csr *csr)
{
  const char *text = choose_common_name(order, csr);
  sdg_x509_attribute name = {.oid = sdg_oid_common_name, .tag = SDG_DER_UTF8_STRING, .rdn_size = 1};

  if (text != NULL) {
    name.value = sdg_bytes_str(text);
  }
  sdg_x509_put_name(out, &name, text != NULL ? 1 : 0);
}

static bool has_usage(const sdg_ca_order *order, sdg_ca_rule_name rule, const sdg_csr *csr, stardeleg_bytes usage)
{
  stardeleg_ca_choice choice = sdg_ca_rule(order->rules, rule);

  return choice == STARDELEG_CA_ALWAYS || (choice == STARDELEG_CA_AS_ASKED && wants_usage(csr, usage));
}

static stardeleg_err fill_extensions(stardeleg_ca *ca, const sdg_ca_order *order, const sdg_csr *csr, bool has_subject,
                                     sdg_ca_extensions *extensions)
{
  bool with_key_id = sdg_ca_rule(order->rules, SDG_CA_RULE_SUBJECT_KEY_ID) != STARDELEG_CA_NEVER;
  stardeleg_bytes usages[2];
  size_t count = 0;
  stardeleg_err err =
      sdg_ca_extensions_common(extensions, ca->options.crypto, false, with_key_id ? csr->spki : sdg_bytes(NULL, 0),
                               sdg_buf_bytes(&ca->issuer_key_id));

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_x509_put_key_usage(sdg_ca_extensions_add(extensions, sdg_oid_key_usage, true),
                         choose_key_usage(order->rules, csr));
  if (has_usage(order, SDG_CA_RULE_SERVER_AUTH, csr, sdg_ca_oid_server_auth)) {
    usages[count++] = sdg_ca_oid_server_auth;
  }
  if (has_usage(order, SDG_CA_RULE_CLIENT_AUTH, csr, sdg_ca_oid_client_auth)) {
    usages[count++] = sdg_ca_oid_client_auth;
  }
  sdg_x509_put_eku(sdg_ca_extensions_add(extensions, sdg_oid_ext_key_usage, false), usages, count);
  sdg_ca_put_names(sdg_ca_extensions_add(extensions, sdg_oid_subject_alt_name, !has_subject), order);
  if (ca->has_crl && order->wire.auto_renewal == NULL) {
    sdg_ca_crl_put_point(sdg_ca_extensions_add(extensions, sdg_ca_oid_crl_points, false), ca->crl_url);
  }
  return sdg_ca_extensions_close(extensions);
}

static stardeleg_err build_leaf(stardeleg_ca *ca, const sdg_ca_order *order, const sdg_csr *csr, sdg_cert_plan *plan,
                                sdg_buf *out)
{
  sdg_ca_extensions extensions;
  sdg_buf subject;
  stardeleg_err err;

  sdg_ca_extensions_init(&extensions);
  sdg_buf_init(&subject, 4096);
  put_subject(&subject, order, csr);
  err = sdg_buf_error(&subject);
  if (err == STARDELEG_OK) {
    err = fill_extensions(ca, order, csr, subject.len > 2, &extensions);
  }
  if (err == STARDELEG_OK) {
    plan->issuer = sdg_buf_bytes(&ca->issuer_name);
    plan->subject = sdg_buf_bytes(&subject);
    plan->spki = csr->spki;
    plan->extensions = extensions.items;
    plan->extension_count = extensions.count;
    err = sdg_cert_build(out, plan, ca->issuer_key);
  }
  sdg_buf_clear(&subject);
  sdg_ca_extensions_clear(&extensions);
  return err;
}

static void write_hex(char *out, const uint8_t *bytes, size_t len)
{
  static const char digits[] = "0123456789abcdef";

  for (size_t i = 0; i < len; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  out[2 * len] = '\0';
}

stardeleg_err sdg_ca_build_chain(stardeleg_ca *ca, const sdg_ca_order *order, stardeleg_time not_before,
                                 stardeleg_time not_after, sdg_ca_cert *cert)
{
  uint8_t serial[16];
  sdg_cert_plan plan;
  sdg_csr csr;
  sdg_buf leaf;
  sdg_buf pem;
  stardeleg_err err = sdg_csr_parse(&csr, sdg_buf_bytes(&order->csr), NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&leaf, 64u * 1024u);
  sdg_buf_init(&pem, SDG_CHAIN_BYTES_MAX);
  memset(&plan, 0, sizeof(plan));
  err = sdg_ca_new_serial(ca->options.crypto, order->wire.auto_renewal != NULL, serial);
  if (err == STARDELEG_OK) {
    plan.serial = sdg_bytes(serial, sizeof(serial));
    plan.not_before = not_before;
    plan.not_after = not_after;
    err = build_leaf(ca, order, &csr, &plan, &leaf);
  }
  if (err == STARDELEG_OK) {
    sdg_pem_write(&pem, "CERTIFICATE", sdg_buf_bytes(&leaf));
    sdg_buf_add_bytes(&pem, sdg_buf_bytes(&ca->issuer_pem));
    sdg_free(cert->chain_pem);
    cert->chain_pem = NULL;
    err = sdg_buf_take(&pem, &cert->chain_pem, NULL);
  }
  if (err == STARDELEG_OK) {
    cert->not_before = not_before;
    cert->not_after = not_after;
    write_hex(cert->serial, serial, sizeof(serial));
  }
  sdg_buf_clear(&pem);
  sdg_buf_clear(&leaf);
  sdg_csr_clear(&csr);
  return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_names.c -- identifiers of orders, names of CSRs and certificates: the same things in three forms. */
#include "ca/ca_names.h"

#include <string.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"

/* --- Addresses (RFC 8738 3) --- */

bool sdg_ca_is_ip(const stardeleg_identifier *identifier)
{
  return strcmp(identifier->type, "ip") == 0;
}

/* Only in the one way an address is written (RFC 5952): two forms of one address would pass for two identifiers.  An
 * IPv4 address in IPv6 clothes is to be ordered as what it is. */
static bool is_canonical(const char *value)
{
  static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  char text[SDG_ADDRESS_SIZE];
  uint8_t a[16];
  size_t len = 0;

  if (!sdg_address_parse(a, &len, sdg_bytes_str(value)) || (len == 16 && memcmp(a, mapped, sizeof(mapped)) == 0)) {
    return false;
  }
  sdg_address_write(text, a, len);
  return strcmp(text, value) == 0;
}

/* --- newOrder --- */

/* NULL if it is good. */
static const char *fault_of(const stardeleg_identifier *item, unsigned flags, stardeleg_acme_error *acme)
{
  sdg_name_fault fault;

  *acme = STARDELEG_ACME_REJECTED_IDENTIFIER;
  if (sdg_ca_is_ip(item)) {
    return is_canonical(item->value) ? NULL : "not an address as RFC 8738 section 3 wants it written";
  }
  if (strcmp(item->type, "dns") != 0) {
    *acme = STARDELEG_ACME_UNSUPPORTED_IDENTIFIER;
    return "identifiers of this type are not supported";
  }
  fault = sdg_name_check_dns(sdg_bytes_str(item->value), flags);
  return fault == SDG_NAME_OK ? NULL : sdg_name_fault_text(fault);
}

static stardeleg_err check_twice(const sdg_identifiers *list, stardeleg_problem *problem)
{
  for (size_t i = 1; i < list->count; i++) {
    for (size_t k = 0; k < i; k++) {
      const sdg_identifiers a = {&list->items[i], 1};
      const sdg_identifiers b = {&list->items[k], 1};

      if (sdg_identifiers_same_set(&a, &b)) {
        sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "an identifier stands there twice");
        sdg_problem_add_sub(problem, STARDELEG_ACME_MALFORMED, list->items[i].type, sdg_bytes_str(list->items[i].value),
                            "stands there twice");
        return STARDELEG_ERR_POLICY;
      }
    }
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_ca_check_identifiers(const sdg_identifiers *list, bool wildcards, stardeleg_problem *problem)
{
  unsigned flags = wildcards ? SDG_NAME_ALLOW_WILDCARD : 0;
  size_t faults = 0;

  for (size_t i = 0; i < list->count; i++) {
    const stardeleg_identifier *item = &list->items[i];
    stardeleg_acme_error acme;
    const char *fault = fault_of(item, flags, &acme);

    if (fault == NULL) {
      continue;
    }
    if (faults == 0) {
      sdg_problem_set(problem, acme, "%s", fault);
    }
    faults++;
    sdg_problem_add_sub(problem, acme, item->type, sdg_bytes_str(item->value), fault);
  }
  return faults > 0 ? STARDELEG_ERR_POLICY : check_twice(list, problem);
}

/* --- The CSR (RFC 8555 7.4) --- */

static stardeleg_err bad_csr(stardeleg_problem *problem, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_BAD_CSR, "%s", detail);
  return STARDELEG_ERR_POLICY;
}

bool sdg_ca_is_name(const stardeleg_identifier *identifier, const sdg_general_name *name)
{
  uint8_t address[16];
  size_t len = 0;

  if (sdg_ca_is_ip(identifier)) {
    return name->kind == SDG_GN_IP && sdg_address_parse(address, &len, sdg_bytes_str(identifier->value)) &&
           sdg_bytes_equal(name->value, sdg_bytes(address, len));
  }
  return name->kind == SDG_GN_DNS && sdg_name_equal_dns(name->value, sdg_bytes_str(identifier->value));
}

/* As text, so an address is one too: clients put the first identifier there, whatever it is. */
static bool is_common_name(const stardeleg_identifier *identifier, const sdg_x509_attribute *attribute)
{
  return sdg_bytes_equal(attribute->oid, sdg_oid_common_name) &&
         sdg_name_equal_dns(attribute->value, sdg_bytes_str(identifier->value));
}

static bool is_ordered(const sdg_ca_order *order, const sdg_general_name *name)
{
  for (size_t i = 0; i < order->wire.identifiers.count; i++) {
    if (sdg_ca_is_name(&order->wire.identifiers.items[i], name)) {
      return true;
    }
  }
  return false;
}

static bool is_ordered_text(const sdg_ca_order *order, const sdg_x509_attribute *attribute)
{
  for (size_t i = 0; i < order->wire.identifiers.count; i++) {
    if (is_common_name(&order->wire.identifiers.items[i], attribute)) {
      return true;
    }
  }
  return false;
}

/* RFC 8555 7.4: dns identifiers stand "either in the commonName portion [...] or in [...] a subjectAltName extension,
 * or both"; addresses in subjectAltName (RFC 8738 8). */
static bool has_name(const sdg_csr *csr, const sdg_general_name *names, size_t count,
                     const stardeleg_identifier *wanted)
{
  for (size_t i = 0; i < count; i++) {
    if (sdg_ca_is_name(wanted, &names[i])) {
      return true;
    }
  }
  for (size_t i = 0; i < csr->subject_count && !sdg_ca_is_ip(wanted); i++) {
    if (is_common_name(wanted, &csr->subject[i])) {
      return true;
    }
  }
  return false;
}

/* As sets: every name of either side is looked at. */
static stardeleg_err compare_names(const sdg_ca_order *order, const sdg_csr *csr, const sdg_general_name *names,
                                   size_t count, stardeleg_problem *problem)
{
  for (size_t i = 0; i < count; i++) {
    if (!is_ordered(order, &names[i])) {
      return bad_csr(problem, "the CSR has a name that was not ordered");
    }
  }
  for (size_t i = 0; i < csr->subject_count; i++) {
    if (sdg_bytes_equal(csr->subject[i].oid, sdg_oid_common_name) && !is_ordered_text(order, &csr->subject[i])) {
      return bad_csr(problem, "the CSR's common name was not ordered");
    }
  }
  for (size_t i = 0; i < order->wire.identifiers.count; i++) {
    if (!has_name(csr, names, count, &order->wire.identifiers.items[i])) {
      return bad_csr(problem, "the CSR lacks a name that was ordered");
    }
  }
  return STARDELEG_OK;
}

static const sdg_x509_extension *find_names(const sdg_csr *csr, size_t *count)
{
  const sdg_x509_extension *found = NULL;

  *count = 0;
  for (size_t i = 0; i < csr->extension_count; i++) {
    if (sdg_bytes_equal(csr->extensions[i].oid, sdg_oid_subject_alt_name)) {
      found = &csr->extensions[i];
      (*count)++;
    }
  }
  return found;
}

stardeleg_err sdg_ca_check_names(const sdg_ca_order *order, const sdg_csr *csr, stardeleg_problem *problem)
{
  size_t extensions;
  const sdg_x509_extension *san = find_names(csr, &extensions);
  sdg_general_name *names;
  size_t count = 0;
  stardeleg_err err = STARDELEG_OK;

  if (extensions > 1) {
    return bad_csr(problem, "the CSR has more than one subjectAltName");
  }
  names = sdg_calloc(SDG_X509_NAMES_MAX, sizeof(*names));
  if (names == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (san != NULL && sdg_x509_read_san(names, SDG_X509_NAMES_MAX, &count, san->value) != STARDELEG_OK) {
    err = bad_csr(problem, "the CSR's subjectAltName cannot be read");
  }
  if (err == STARDELEG_OK) {
    err = compare_names(order, csr, names, count, problem);
  }
  sdg_free(names);
  return err;
}

/* --- The certificate --- */

void sdg_ca_put_names(sdg_buf *value, const sdg_ca_order *order)
{
  sdg_general_name names[SDG_IDENTIFIERS_MAX];
  uint8_t addresses[SDG_IDENTIFIERS_MAX][16];

  for (size_t i = 0; i < order->wire.identifiers.count; i++) {
    const stardeleg_identifier *item = &order->wire.identifiers.items[i];
    size_t len = 0;

    if (sdg_ca_is_ip(item) && sdg_address_parse(addresses[i], &len, sdg_bytes_str(item->value))) {
      names[i] = (sdg_general_name){SDG_GN_IP, sdg_bytes(addresses[i], len)};
    } else {
      names[i] = (sdg_general_name){SDG_GN_DNS, sdg_bytes_str(item->value)};
    }
  }
  sdg_x509_put_san(value, names, order->wire.identifiers.count);
}

/* --- Authorizations --- */

bool sdg_ca_authorizes(const sdg_acme_authorization *authz, const sdg_general_name *name)
{
  sdg_general_name base = *name;

  if (authz->wildcard) {
    if (name->kind != SDG_GN_DNS || !sdg_bytes_has_prefix(name->value, "*.")) {
      return false;
    }
    base.value = sdg_bytes_from(name->value, 2);
  }
  return sdg_ca_is_name(&authz->identifier, &base);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_root.c -- the few certificates a private PKI needs besides the issued ones: a root, and its servers'. */
#include <string.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "ca/ca_issuer.h"
#include "der/der.h"
#include "der/pem.h"

#define SERVER_NAMES_MAX 32u

static stardeleg_err to_pem(char **pem, stardeleg_bytes der)
{
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, SDG_CHAIN_BYTES_MAX);
  sdg_pem_write(&text, "CERTIFICATE", der);
  err = sdg_buf_take(&text, pem, NULL);
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err build(char **pem, sdg_cert_plan *plan, sdg_ca_extensions *extensions, stardeleg_key *issuer_key)
{
  uint8_t serial[16];
  sdg_buf der;
  stardeleg_err err = sdg_ca_new_serial(sdg_key_crypto(issuer_key), false, serial);

  if (err == STARDELEG_OK) {
    err = sdg_ca_extensions_close(extensions);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  plan->serial = sdg_bytes(serial, sizeof(serial));
  plan->extensions = extensions->items;
  plan->extension_count = extensions->count;
  sdg_buf_init(&der, 64u * 1024u);
  err = sdg_cert_build(&der, plan, issuer_key);
  if (err == STARDELEG_OK) {
    err = to_pem(pem, sdg_buf_bytes(&der));
  }
  sdg_buf_clear(&der);
  return err;
}

static void put_common_name(sdg_buf *out, const char *name)
{
  sdg_x509_attribute attribute = {0};

  attribute.oid = sdg_oid_common_name;
  attribute.tag = SDG_DER_UTF8_STRING;
  attribute.value = sdg_bytes_str(name);
  attribute.rdn_size = 1;
  sdg_x509_put_name(out, &attribute, 1);
}

stardeleg_err stardeleg_ca_make_root(char **pem, stardeleg_key *key, const char *name, stardeleg_time not_before,
                                     stardeleg_time not_after)
{
  sdg_ca_extensions extensions;
  sdg_cert_plan plan;
  sdg_buf subject;
  stardeleg_err err;

  if (pem == NULL || key == NULL || name == NULL || name[0] == '\0' || strlen(name) > 64 || not_after <= not_before ||
      !sdg_utf8_is_valid(sdg_bytes_str(name))) {
    return STARDELEG_ERR_ARGUMENT;
  }
  memset(&plan, 0, sizeof(plan));
  sdg_ca_extensions_init(&extensions);
  sdg_buf_init(&subject, 256);
  put_common_name(&subject, name);
  plan.issuer = sdg_buf_bytes(&subject);
  plan.subject = plan.issuer;
  plan.not_before = not_before;
  plan.not_after = not_after;
  plan.spki = stardeleg_key_spki(key);
  err = sdg_buf_error(&subject);
  if (err == STARDELEG_OK) {
    err = sdg_ca_extensions_common(&extensions, sdg_key_crypto(key), true, plan.spki, sdg_bytes(NULL, 0));
  }
  if (err == STARDELEG_OK) {
    sdg_x509_put_key_usage(sdg_ca_extensions_add(&extensions, sdg_oid_key_usage, true),
                           SDG_KU_KEY_CERT_SIGN | SDG_KU_CRL_SIGN);
    err = build(pem, &plan, &extensions, key);
  }
  sdg_buf_clear(&subject);
  sdg_ca_extensions_clear(&extensions);
  return err;
}

/* --- A server of the PKI's own --- */

/* Names and addresses as subjectAltName. */
static stardeleg_err put_server_names(sdg_buf *value, const char *const *names)
{
  sdg_general_name list[SERVER_NAMES_MAX];
  uint8_t addresses[SERVER_NAMES_MAX][16];
  size_t len = 0;
  size_t n = 0;

  for (; names[n] != NULL; n++) {
    stardeleg_bytes text = sdg_bytes_str(names[n]);

    if (n == SERVER_NAMES_MAX) {
      return STARDELEG_ERR_ARGUMENT;
    }
    if (sdg_address_parse(addresses[n], &len, text)) {
      list[n] = (sdg_general_name){SDG_GN_IP, sdg_bytes(addresses[n], len)};
    } else if (sdg_name_check_dns(text, SDG_NAME_ALLOW_ONE_LABEL | SDG_NAME_ALLOW_WILDCARD) == SDG_NAME_OK) {
      list[n] = (sdg_general_name){SDG_GN_DNS, text};
    } else {
      return STARDELEG_ERR_ARGUMENT;
    }
  }
  if (n == 0) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_x509_put_san(value, list, n);
  return STARDELEG_OK;
}

static stardeleg_err fill_server(sdg_ca_extensions *extensions, const stardeleg_crypto *crypto, const sdg_cert *issuer,
                                 stardeleg_bytes spki, const char *const *names)
{
  stardeleg_err err = sdg_ca_extensions_common(extensions, crypto, false, spki, issuer->subject_key_id);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_x509_put_key_usage(sdg_ca_extensions_add(extensions, sdg_oid_key_usage, true), SDG_KU_DIGITAL_SIGNATURE);
  sdg_x509_put_eku(sdg_ca_extensions_add(extensions, sdg_oid_ext_key_usage, false), &sdg_ca_oid_server_auth, 1);
  return put_server_names(sdg_ca_extensions_add(extensions, sdg_oid_subject_alt_name, true), names);
}

stardeleg_err stardeleg_ca_make_server(char **pem, stardeleg_bytes server_spki, const char *const *names,
                                       stardeleg_key *issuer_key, stardeleg_bytes issuer_pem, stardeleg_time not_before,
                                       stardeleg_time not_after)
{
  static const uint8_t no_name[] = {0x30, 0x00};
  sdg_ca_extensions extensions;
  sdg_cert_plan plan;
  sdg_chain chain;
  sdg_cert *issuer;
  stardeleg_err err;

  if (pem == NULL || names == NULL || issuer_key == NULL || not_after <= not_before) {
    return STARDELEG_ERR_ARGUMENT;
  }
  issuer = sdg_calloc(1, sizeof(*issuer));
  if (issuer == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_chain_parse(&chain, issuer_pem);
  if (err != STARDELEG_OK) {
    sdg_free(issuer);
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_ARGUMENT;
  }
  sdg_ca_extensions_init(&extensions);
  memset(&plan, 0, sizeof(plan));
  err = sdg_cert_parse(issuer, chain.certs[0]);
  if (err == STARDELEG_OK) {
    err = fill_server(&extensions, sdg_key_crypto(issuer_key), issuer, server_spki, names);
  }
  if (err == STARDELEG_OK) {
    plan.issuer = issuer->subject;
    plan.subject = sdg_bytes(no_name, sizeof(no_name));
    plan.spki = server_spki;
    plan.not_before = not_before;
    plan.not_after = not_after;
    err = build(pem, &plan, &extensions, issuer_key);
  }
  sdg_ca_extensions_clear(&extensions);
  sdg_chain_clear(&chain);
  sdg_free(issuer);
  return err;
}

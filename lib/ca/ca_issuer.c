/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_issuer.c -- the issuing certificate, and the extensions every certificate of ours has. */
#include "ca/ca_issuer.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "der/der.h"
#include "der/pem.h"

static const uint8_t server_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
static const uint8_t client_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
const stardeleg_bytes sdg_ca_oid_server_auth = {server_auth, sizeof(server_auth)};
const stardeleg_bytes sdg_ca_oid_client_auth = {client_auth, sizeof(client_auth)};

static stardeleg_err refuse(stardeleg_problem *problem, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", detail);
  return STARDELEG_ERR_CONFIG;
}

static stardeleg_err keep_chain(sdg_buf *out, const sdg_chain *chain)
{
  for (size_t i = 0; i < chain->count; i++) {
    sdg_pem_write(out, "CERTIFICATE", chain->certs[i]);
  }
  return sdg_buf_error(out);
}

static bool may_issue(const sdg_cert *cert)
{
  return cert->is_ca && (!cert->has_key_usage || (cert->key_usage & SDG_KU_KEY_CERT_SIGN) != 0);
}

static stardeleg_err keep_issuer(stardeleg_ca *ca, const sdg_cert *cert, stardeleg_problem *problem)
{
  uint8_t key_id[20];
  stardeleg_err err = STARDELEG_OK;

  if (!may_issue(cert)) {
    return refuse(problem, "the first certificate of issuer_chain_pem may not issue certificates");
  }
  if (!sdg_bytes_equal(cert->spki, stardeleg_key_spki(ca->issuer_key))) {
    return refuse(problem, "issuer_key is not the key of the first certificate of issuer_chain_pem");
  }
  sdg_buf_add_bytes(&ca->issuer_name, cert->subject);
  if (cert->subject_key_id.len > 0) {
    sdg_buf_add_bytes(&ca->issuer_key_id, cert->subject_key_id);
  } else {
    err = sdg_cert_key_id(key_id, ca->options.crypto, cert->spki);
    sdg_buf_add(&ca->issuer_key_id, key_id, sizeof(key_id));
  }
  ca->issuer_not_after = cert->not_after;
  ca->has_crl = ca->options.crl_lifetime_s > 0 && (!cert->has_key_usage || (cert->key_usage & SDG_KU_CRL_SIGN) != 0);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&ca->issuer_name);
  }
  return err == STARDELEG_OK ? sdg_buf_error(&ca->issuer_key_id) : err;
}

/* --- Other ways to a root (RFC 8555 7.4.2) --- */

/* Certificates are the same whatever chain they come with, so what they say of their issuer has to be true of each. */
static bool is_same_issuer(const stardeleg_ca *ca, const sdg_cert *cert)
{
  return may_issue(cert) && sdg_bytes_equal(cert->subject, sdg_buf_bytes(&ca->issuer_name)) &&
         sdg_bytes_equal(cert->spki, stardeleg_key_spki(ca->issuer_key)) &&
         (cert->subject_key_id.len == 0 || sdg_bytes_equal(cert->subject_key_id, sdg_buf_bytes(&ca->issuer_key_id)));
}

static stardeleg_err load_alternate(stardeleg_ca *ca, stardeleg_bytes pem, sdg_cert *cert, stardeleg_problem *problem)
{
  sdg_buf *out = &ca->alternates[ca->alternate_count];
  sdg_chain chain;
  stardeleg_err err = sdg_chain_parse(&chain, pem);

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : refuse(problem, "an alternate chain is no chain of certificates");
  }
  err = sdg_cert_parse(cert, chain.certs[0]);
  if (err == STARDELEG_OK && !is_same_issuer(ca, cert)) {
    err = refuse(problem, "an alternate chain does not begin with a certificate for the issuer's name and key");
  }
  if (err == STARDELEG_OK) {
    sdg_buf_init(out, SDG_CHAIN_BYTES_MAX);
    ca->alternate_count++;
    err = keep_chain(out, &chain);
  }
  sdg_chain_clear(&chain);
  return err;
}

static stardeleg_err load_alternates(stardeleg_ca *ca, stardeleg_problem *problem)
{
  sdg_cert *cert;
  stardeleg_err err = STARDELEG_OK;

  if (ca->options.alternate_chain_count > SDG_CA_ALTERNATES_MAX) {
    return refuse(problem, "there are too many alternate chains");
  }
  cert = sdg_calloc(1, sizeof(*cert));
  if (cert == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < ca->options.alternate_chain_count && err == STARDELEG_OK; i++) {
    err = load_alternate(ca, ca->options.alternate_chains_pem[i], cert, problem);
  }
  sdg_free(cert);
  return err;
}

stardeleg_err sdg_ca_issuer_load(stardeleg_ca *ca, stardeleg_problem *problem)
{
  sdg_chain chain;
  sdg_cert *cert = sdg_calloc(1, sizeof(*cert));
  stardeleg_err err;

  sdg_buf_init(&ca->issuer_pem, SDG_CHAIN_BYTES_MAX);
  sdg_buf_init(&ca->issuer_name, 4096);
  sdg_buf_init(&ca->issuer_key_id, 256);
  if (cert == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  ca->issuer_key = stardeleg_key_ref(ca->options.issuer_key);
  err = sdg_chain_parse(&chain, ca->options.issuer_chain_pem);
  if (err != STARDELEG_OK) {
    sdg_free(cert);
    return err == STARDELEG_ERR_NOMEM ? err : refuse(problem, "issuer_chain_pem is no chain of certificates");
  }
  err = sdg_cert_parse(cert, chain.certs[0]);
  if (err == STARDELEG_OK) {
    err = keep_issuer(ca, cert, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_pubkey_import(&ca->issuer_public, ca->options.crypto, cert->spki, problem);
  }
  if (err == STARDELEG_OK) {
    err = keep_chain(&ca->issuer_pem, &chain);
  }
  sdg_chain_clear(&chain);
  sdg_free(cert);
  return err == STARDELEG_OK ? load_alternates(ca, problem) : err;
}

void sdg_ca_issuer_clear(stardeleg_ca *ca)
{
  stardeleg_key_free(ca->issuer_key);
  sdg_pubkey_free(ca->issuer_public);
  sdg_buf_clear(&ca->issuer_pem);
  sdg_buf_clear(&ca->issuer_name);
  sdg_buf_clear(&ca->issuer_key_id);
  sdg_free(ca->crl_url);
  for (size_t i = 0; i < ca->alternate_count; i++) {
    sdg_buf_clear(&ca->alternates[i]);
  }
}

/* --- Extensions --- */

void sdg_ca_extensions_init(sdg_ca_extensions *extensions)
{
  memset(extensions, 0, sizeof(*extensions));
  for (size_t i = 0; i < SDG_CA_EXTENSIONS_MAX; i++) {
    sdg_buf_init(&extensions->values[i], 64u * 1024u);
  }
}

void sdg_ca_extensions_clear(sdg_ca_extensions *extensions)
{
  for (size_t i = 0; i < SDG_CA_EXTENSIONS_MAX; i++) {
    sdg_buf_clear(&extensions->values[i]);
  }
}

sdg_buf *sdg_ca_extensions_add(sdg_ca_extensions *extensions, stardeleg_bytes oid, bool critical)
{
  sdg_x509_extension *item;

  if (extensions->count == SDG_CA_EXTENSIONS_MAX) {
    return NULL;
  }
  item = &extensions->items[extensions->count];
  item->oid = oid;
  item->critical = critical;
  return &extensions->values[extensions->count++];
}

stardeleg_err sdg_ca_extensions_close(sdg_ca_extensions *extensions)
{
  for (size_t i = 0; i < extensions->count; i++) {
    stardeleg_err err = sdg_buf_error(&extensions->values[i]);

    if (err != STARDELEG_OK) {
      return err;
    }
    extensions->items[i].value = sdg_buf_bytes(&extensions->values[i]);
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_ca_extensions_common(sdg_ca_extensions *extensions, const stardeleg_crypto *crypto, bool is_ca,
                                       stardeleg_bytes spki, stardeleg_bytes authority)
{
  uint8_t key_id[20];
  sdg_buf *value = sdg_ca_extensions_add(extensions, sdg_oid_basic_constraints, true);
  size_t mark;
  stardeleg_err err = spki.len > 0 ? sdg_cert_key_id(key_id, crypto, spki) : STARDELEG_OK;

  if (err != STARDELEG_OK) {
    return err;
  }
  mark = sdg_der_put_begin(value, SDG_DER_SEQUENCE);
  if (is_ca) {
    sdg_der_put_bool(value, true); /* FALSE is the default, which DER leaves out */
  }
  sdg_der_put_end(value, mark);
  if (spki.len > 0) {
    value = sdg_ca_extensions_add(extensions, sdg_oid_subject_key_id, false);
    sdg_der_put(value, SDG_DER_OCTET_STRING, sdg_bytes(key_id, sizeof(key_id)));
  }
  if (authority.len > 0) {
    value = sdg_ca_extensions_add(extensions, sdg_oid_authority_key_id, false);
    mark = sdg_der_put_begin(value, SDG_DER_SEQUENCE);
    sdg_der_put(value, SDG_DER_CONTEXT(0), authority);
    sdg_der_put_end(value, mark);
  }
  return STARDELEG_OK;
}

#define SERIAL_STAR 0x20

stardeleg_err sdg_ca_new_serial(const stardeleg_crypto *crypto, bool star, uint8_t out[16])
{
  stardeleg_err err = sdg_random(crypto, out, 16);

  out[0] = (uint8_t)((out[0] & 0x1f) | 0x40 | (star ? SERIAL_STAR : 0)); /* positive, and all serials of one length */
  return err;
}

bool sdg_ca_serial_is_star(stardeleg_bytes serial)
{
  return serial.len == 16 && (serial.base[0] & SERIAL_STAR) != 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* x509/acme_identifier.c -- the certificate that answers a tls-alpn-01 challenge (RFC 8737 3, RFC 8738 6). */
#include "x509/acme_identifier.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/time.h"

#define HOUR (3600 * SDG_TIME_S)
#define VALID_FOR (7 * 24 * HOUR)
#define SERIAL_LEN 16
#define EXTENSIONS 2

/* 1.3.6.1.5.5.7.1.31 */
const stardeleg_bytes sdg_oid_acme_identifier = {(const uint8_t *)"\x2b\x06\x01\x05\x05\x07\x01\x1f", 8};

/* --- The extension --- */

void sdg_acme_identifier_put(sdg_buf *out, const uint8_t digest[SDG_ACME_IDENTIFIER_LEN])
{
  sdg_der_put(out, SDG_DER_OCTET_STRING, sdg_bytes(digest, SDG_ACME_IDENTIFIER_LEN));
}

stardeleg_err sdg_acme_identifier_read(uint8_t digest[SDG_ACME_IDENTIFIER_LEN], stardeleg_bytes value)
{
  sdg_der reader = sdg_der_open(value);
  stardeleg_bytes content = {NULL, 0};

  if (sdg_der_get(&reader, SDG_DER_OCTET_STRING, &content, NULL) != STARDELEG_OK ||
      sdg_der_end(&reader) != STARDELEG_OK || content.len != SDG_ACME_IDENTIFIER_LEN) {
    return STARDELEG_ERR_MALFORMED;
  }
  memcpy(digest, content.base, SDG_ACME_IDENTIFIER_LEN);
  return STARDELEG_OK;
}

stardeleg_err sdg_acme_identifier_digest(uint8_t digest[SDG_ACME_IDENTIFIER_LEN], const stardeleg_crypto *crypto,
                                         stardeleg_bytes key_authorization)
{
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_err err = sdg_hash(crypto, STARDELEG_HASH_SHA256, &key_authorization, 1, hash);

  if (err == STARDELEG_OK) {
    memcpy(digest, hash, SDG_ACME_IDENTIFIER_LEN);
  }
  return err;
}

/* --- The name --- */

stardeleg_err sdg_acme_identifier_name(sdg_general_name *out, uint8_t octets[16],
                                       const stardeleg_identifier *identifier)
{
  stardeleg_bytes value = sdg_bytes_str(identifier->value);
  size_t len = 0;

  if (strcmp(identifier->type, "dns") == 0 && sdg_name_check_dns(value, SDG_NAME_ALLOW_ONE_LABEL) == SDG_NAME_OK) {
    *out = (sdg_general_name){SDG_GN_DNS, value};
    return STARDELEG_OK;
  }
  if (strcmp(identifier->type, "ip") == 0 && sdg_address_parse(octets, &len, value)) {
    *out = (sdg_general_name){SDG_GN_IP, sdg_bytes(octets, len)};
    return STARDELEG_OK;
  }
  return STARDELEG_ERR_ARGUMENT;
}

/* RFC 3596 2.5: every nibble a label, the last one first. */
static void write_ip6_arpa(char *out, const uint8_t octets[16])
{
  static const char digits[] = "0123456789abcdef";
  size_t at = 0;

  for (size_t i = 16; i-- > 0;) {
    out[at++] = digits[octets[i] & 15];
    out[at++] = '.';
    out[at++] = digits[octets[i] >> 4];
    out[at++] = '.';
  }
  memcpy(out + at, "ip6.arpa", sizeof("ip6.arpa"));
}

stardeleg_err sdg_acme_identifier_sni(char out[SDG_ACME_SNI_SIZE], const stardeleg_identifier *identifier)
{
  sdg_general_name name;
  uint8_t octets[16];
  stardeleg_err err = sdg_acme_identifier_name(&name, octets, identifier);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (name.kind == SDG_GN_DNS) {
    (void)snprintf(out, SDG_ACME_SNI_SIZE, "%s", identifier->value);
  } else if (name.value.len == 4) {
    (void)snprintf(out, SDG_ACME_SNI_SIZE, "%u.%u.%u.%u.in-addr.arpa", octets[3], octets[2], octets[1], octets[0]);
  } else {
    write_ip6_arpa(out, octets);
  }
  return STARDELEG_OK;
}

/* --- Making one --- */

/* Some verifiers of today refuse an empty issuer, and a name of more than 64 characters does not go into a common
 * name. */
static void put_issuer(sdg_buf *out)
{
  sdg_x509_attribute attribute = {.oid = sdg_oid_common_name,
                                  .tag = SDG_DER_UTF8_STRING,
                                  .value = SDG_BYTES_LITERAL("ACME challenge"),
                                  .rdn = 0,
                                  .rdn_size = 1};

  sdg_x509_put_name(out, &attribute, 1);
}

static stardeleg_err build(sdg_buf *out, stardeleg_key *key, const sdg_x509_extension *extensions, stardeleg_time now)
{
  uint8_t serial[SERIAL_LEN];
  sdg_buf name;
  sdg_cert_plan plan;
  stardeleg_err err = sdg_random(sdg_key_crypto(key), serial, sizeof(serial));

  if (err != STARDELEG_OK) {
    return err;
  }
  serial[0] |= 1; /* not zero */
  sdg_buf_init(&name, 256);
  put_issuer(&name);
  err = sdg_buf_error(&name);
  if (err == STARDELEG_OK) {
    plan = (sdg_cert_plan){.serial = sdg_bytes(serial, sizeof(serial)),
                           .issuer = sdg_buf_bytes(&name),
                           .subject = sdg_buf_bytes(&name),
                           .not_before = sdg_time_add(now, -HOUR),
                           .not_after = sdg_time_add(now, VALID_FOR),
                           .spki = stardeleg_key_spki(key),
                           .extensions = extensions,
                           .extension_count = EXTENSIONS};
    err = sdg_cert_build(out, &plan, key);
  }
  sdg_buf_clear(&name);
  return err;
}

stardeleg_err sdg_acme_identifier_build(sdg_buf *out, stardeleg_key *key, const stardeleg_identifier *identifier,
                                        const uint8_t digest[SDG_ACME_IDENTIFIER_LEN], stardeleg_time now)
{
  sdg_buf values[EXTENSIONS];
  sdg_general_name name;
  uint8_t octets[16];
  stardeleg_err err = sdg_acme_identifier_name(&name, octets, identifier);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&values[0], 512);
  sdg_buf_init(&values[1], 64);
  sdg_x509_put_san(&values[0], &name, 1);
  sdg_acme_identifier_put(&values[1], digest);
  err = sdg_buf_error(&values[0]);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&values[1]);
  }
  if (err == STARDELEG_OK) {
    sdg_x509_extension extensions[EXTENSIONS] = {{sdg_oid_subject_alt_name, false, sdg_buf_bytes(&values[0])},
                                                 {sdg_oid_acme_identifier, true, sdg_buf_bytes(&values[1])}};

    err = build(out, key, extensions, now);
  }
  sdg_buf_clear(&values[0]);
  sdg_buf_clear(&values[1]);
  return err;
}

/* --- Judging one --- */

const char *sdg_challenge_fault_text(sdg_challenge_fault fault)
{
  switch (fault) {
  case SDG_CHALLENGE_CERT_OK:
    return "is right";
  case SDG_CHALLENGE_CERT_MALFORMED:
    return "is no certificate with a critical acmeIdentifier";
  case SDG_CHALLENGE_CERT_NAME:
    return "is not for exactly this one name";
  case SDG_CHALLENGE_CERT_DIGEST:
    return "has the digest of another key authorization";
  case SDG_CHALLENGE_CERT_SIGNATURE:
    return "is not signed by its own key";
  }
  return "is wrong";
}

/* RFC 8737 3: "subjectAltName extension containing the dNSName being validated and no other entries". */
static bool has_just(const sdg_cert *cert, const sdg_general_name *name)
{
  if (cert->name_count != 1 || cert->names[0].kind != name->kind) {
    return false;
  }
  return name->kind == SDG_GN_DNS ? sdg_name_equal_dns(cert->names[0].value, name->value)
                                  : sdg_bytes_equal(cert->names[0].value, name->value);
}

/* An algorithm that we lack passes: the handshake has shown that the server has the key, and RFC 8737 4 leaves it to
 * the CA whether it looks at the signature at all. */
static stardeleg_err verify_own(bool *good, const stardeleg_crypto *crypto, const sdg_cert *cert)
{
  sdg_pubkey *key = NULL;
  stardeleg_err err;

  *good = sdg_bytes_equal(cert->issuer, cert->subject);
  if (!*good || cert->alg == STARDELEG_ALG_NONE) {
    return STARDELEG_OK;
  }
  err = sdg_pubkey_import(&key, crypto, cert->spki, NULL);
  if (err == STARDELEG_OK) {
    err = sdg_x509_verify(key, cert->alg, cert->tbs, cert->signature);
  }
  *good = err == STARDELEG_OK || err == STARDELEG_ERR_UNSUPPORTED;
  sdg_pubkey_free(key);
  return err == STARDELEG_ERR_NOMEM || err == STARDELEG_ERR_CRYPTO ? err : STARDELEG_OK;
}

stardeleg_err sdg_acme_identifier_check(sdg_challenge_fault *fault, const stardeleg_crypto *crypto, stardeleg_bytes der,
                                        const stardeleg_identifier *identifier,
                                        const uint8_t digest[SDG_ACME_IDENTIFIER_LEN])
{
  uint8_t presented[SDG_ACME_IDENTIFIER_LEN];
  stardeleg_bytes value = {NULL, 0};
  sdg_general_name name;
  uint8_t octets[16];
  bool good = false;
  sdg_cert *cert;
  stardeleg_err err = sdg_acme_identifier_name(&name, octets, identifier);

  if (err != STARDELEG_OK) {
    return err;
  }
  cert = sdg_calloc(1, sizeof(*cert));
  if (cert == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (sdg_cert_parse_challenge(cert, &value, der) != STARDELEG_OK ||
      sdg_acme_identifier_read(presented, value) != STARDELEG_OK) {
    *fault = SDG_CHALLENGE_CERT_MALFORMED;
  } else if (!has_just(cert, &name)) {
    *fault = SDG_CHALLENGE_CERT_NAME;
  } else if (memcmp(presented, digest, sizeof(presented)) != 0) {
    *fault = SDG_CHALLENGE_CERT_DIGEST;
  } else {
    err = verify_own(&good, crypto, cert);
    *fault = good ? SDG_CHALLENGE_CERT_OK : SDG_CHALLENGE_CERT_SIGNATURE;
  }
  sdg_free(cert);
  return err;
}

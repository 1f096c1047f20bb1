/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/key_pem.c -- private keys as people keep them: PEM or DER files. */
#include "crypto/key.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "crypto/provider.h"
#include "der/der.h"
#include "der/pem.h"

#define PEM_MAX 16384
/* Key files may hold certificates or EC parameters besides the key. */
#define FILE_MAX ((size_t)256 * 1024)

static const char *const private_labels[] = {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"};

static bool is_private_label(const char *label)
{
  for (size_t i = 0; i < sizeof(private_labels) / sizeof(private_labels[0]); i++) {
    if (strcmp(label, private_labels[i]) == 0) {
      return true;
    }
  }
  return false;
}

static bool is_pem(stardeleg_bytes text)
{
  while (text.len > 0 && strchr(" \t\r\n", text.base[0]) != NULL && text.base[0] != '\0') {
    text = sdg_bytes_from(text, 1);
  }
  return sdg_bytes_has_prefix(text, "-----BEGIN ");
}

/* The first private key of |text|; an encrypted one is BAD_KEY: there is no passphrase to open it with. */
static stardeleg_err find_key(sdg_buf *der, stardeleg_bytes text)
{
  char label[64];
  size_t offset = 0;
  stardeleg_err rv;

  for (;;) {
    sdg_buf_reset(der);
    rv = sdg_pem_next(der, label, text, &offset);
    if (rv != 0 || is_private_label(label)) {
      break;
    }
  }
  return rv == STARDELEG_ERR_NOT_FOUND ? STARDELEG_ERR_BAD_KEY : rv;
}

static stardeleg_err import_whole(stardeleg_key **out, const stardeleg_crypto *crypto, stardeleg_bytes der)
{
  sdg_der reader = sdg_der_open(der);
  stardeleg_bytes content;
  stardeleg_err rv = sdg_der_get(&reader, SDG_DER_SEQUENCE, &content, NULL);

  if (rv == 0) {
    rv = sdg_der_end(&reader);
  }
  return rv == 0 ? sdg_key_import_der(out, crypto, der) : rv;
}

stardeleg_err stardeleg_key_import(stardeleg_key **out, const stardeleg_crypto *crypto, stardeleg_bytes pkcs8)
{
  sdg_buf der;
  stardeleg_err rv;

  if (out == NULL || !sdg_crypto_is_usable(crypto) || (pkcs8.base == NULL && pkcs8.len > 0)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (pkcs8.len == 0 || pkcs8.len > FILE_MAX) {
    return STARDELEG_ERR_MALFORMED;
  }
  if (!is_pem(pkcs8)) {
    return pkcs8.len > SDG_PKCS8_MAX ? STARDELEG_ERR_MALFORMED : import_whole(out, crypto, pkcs8);
  }
  sdg_buf_init_secret(&der, SDG_PKCS8_MAX);
  rv = find_key(&der, pkcs8);
  if (rv == 0) {
    rv = import_whole(out, crypto, sdg_buf_bytes(&der));
  }
  sdg_buf_clear(&der);
  return rv == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_MALFORMED : rv;
}

stardeleg_err stardeleg_key_export_pem(const stardeleg_key *key, char **pem, size_t *len)
{
  uint8_t der[SDG_PKCS8_MAX];
  size_t der_len = 0;
  sdg_buf text;
  stardeleg_err rv;

  if (key == NULL || pem == NULL || len == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_buf_init_secret(&text, PEM_MAX);
  rv = sdg_key_export_der(key, der, sizeof(der), &der_len);
  if (rv == 0) {
    sdg_pem_write(&text, "PRIVATE KEY", (stardeleg_bytes){der, der_len});
    rv = sdg_buf_take(&text, pem, len);
  }
  sdg_buf_clear(&text);
  sdg_wipe(der, sizeof(der));
  return rv == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_CRYPTO : rv;
}

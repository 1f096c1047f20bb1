/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_key.c -- certificate keys: made, kept, found again, removed. */
#include "ndc/ndc_internal.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/log.h"
#include "store/store.h"

stardeleg_err sdg_ndc_key_name(stardeleg_ndc *ndc, char out[SDG_NDC_KEY_NAME_SIZE])
{
  sdg_buf id;
  stardeleg_err err;

  sdg_buf_init(&id, SDG_NDC_KEY_NAME_SIZE);
  err = sdg_random_name(ndc->options.crypto, &id, 16);
  if (err == STARDELEG_OK) {
    (void)snprintf(out, SDG_NDC_KEY_NAME_SIZE, "ndc-key-%s", sdg_buf_str(&id));
  }
  sdg_buf_clear(&id);
  return err;
}

stardeleg_err sdg_ndc_key_load(stardeleg_ndc *ndc, const char *name, stardeleg_key **out)
{
  uint8_t *pem = NULL;
  size_t len = 0;
  stardeleg_err err = sdg_secrets_get(ndc->options.secrets, name, &pem, &len);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = stardeleg_key_import(out, ndc->options.crypto, sdg_bytes(pem, len));
  stardeleg_secret_free(pem, len);
  return err;
}

stardeleg_err sdg_ndc_key_make(stardeleg_ndc *ndc, const char *name, stardeleg_key_spec spec, stardeleg_key **out)
{
  stardeleg_key *key = NULL;
  char *pem = NULL;
  size_t len = 0;
  stardeleg_err err = stardeleg_key_generate(&key, ndc->options.crypto, spec);

  if (err == STARDELEG_OK) {
    err = stardeleg_key_export_pem(key, &pem, &len);
  }
  if (err == STARDELEG_OK) {
    err = sdg_secrets_put(ndc->options.secrets, name, sdg_bytes(pem, len));
  }
  stardeleg_secret_free(pem, len);
  if (err == STARDELEG_ERR_EXISTS) {
    stardeleg_key_free(key);
    return sdg_ndc_key_load(ndc, name, out);
  }
  if (err != STARDELEG_OK) {
    stardeleg_key_free(key);
    return err;
  }
  *out = key;
  return STARDELEG_OK;
}

void sdg_ndc_key_remove(stardeleg_ndc *ndc, const char *name)
{
  stardeleg_err err = sdg_secrets_del(ndc->options.secrets, name);

  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOT_FOUND) {
    sdg_log(&ndc->options.log, STARDELEG_LOG_WARNING, "ndc.key.left", "%s cannot be removed: %s", name,
            stardeleg_strerror(err));
  }
}

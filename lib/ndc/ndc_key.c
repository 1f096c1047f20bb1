/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_key.c -- certificate keys: made, kept, found again, removed. */
#include "ndc/ndc_internal.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/log.h"
#include "store/store.h"

/* The secret of a key that the program keeps: no key at all. */
static const char reference[] = "stardeleg: the program keeps this key\n";

static bool is_reference(const uint8_t *secret, size_t len)
{
  return sdg_bytes_is(sdg_bytes(secret, len), reference);
}

static stardeleg_err find_key(const stardeleg_ndc *ndc, const char *name, stardeleg_key **out)
{
  const stardeleg_ndc_options *o = &ndc->options;
  stardeleg_key *key = NULL;
  stardeleg_err err;

  if (o->find_key == NULL) {
    return STARDELEG_ERR_SECRETS; /* made by a program that kept keys itself; this one does not */
  }
  err = o->find_key(o->key_ctx, name, &key);
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return err;
  }
  if (err != STARDELEG_OK || key == NULL) {
    return STARDELEG_ERR_CALLBACK;
  }
  *out = key;
  return STARDELEG_OK;
}

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
  err = is_reference(pem, len) ? find_key(ndc, name, out)
                               : stardeleg_key_import(out, ndc->options.crypto, sdg_bytes(pem, len));
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

/* The reference comes first: whatever happens in between, the key is found again or removed. */
static stardeleg_err let_make(sdg_ndc_delegation *d, const char *name, stardeleg_key_spec spec, stardeleg_key **out)
{
  const stardeleg_ndc_options *o = &d->ndc->options;
  stardeleg_key *key = NULL;
  stardeleg_err err = sdg_secrets_put(o->secrets, name, sdg_bytes_str(reference));

  if (err == STARDELEG_ERR_EXISTS) {
    err = sdg_ndc_key_load(d->ndc, name, out);
    if (err != STARDELEG_ERR_NOT_FOUND) {
      return err;
    }
    err = STARDELEG_OK;
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (o->make_key(o->key_ctx, name, d->url, spec, &key) != 0 || key == NULL) {
    return STARDELEG_ERR_CALLBACK;
  }
  *out = key;
  return STARDELEG_OK;
}

stardeleg_err sdg_ndc_key_provide(sdg_ndc_delegation *d, const char *name, stardeleg_key_spec spec, stardeleg_key **out)
{
  return d->ndc->options.make_key != NULL ? let_make(d, name, spec, out) : sdg_ndc_key_make(d->ndc, name, spec, out);
}

static void remove_elsewhere(const stardeleg_ndc *ndc, const char *name)
{
  const stardeleg_ndc_options *o = &ndc->options;
  uint8_t *secret = NULL;
  size_t len = 0;

  if (o->remove_key == NULL || sdg_secrets_get(o->secrets, name, &secret, &len) != STARDELEG_OK) {
    return;
  }
  if (is_reference(secret, len)) {
    o->remove_key(o->key_ctx, name);
  }
  stardeleg_secret_free(secret, len);
}

void sdg_ndc_key_remove(stardeleg_ndc *ndc, const char *name)
{
  stardeleg_err err;

  remove_elsewhere(ndc, name);
  err = sdg_secrets_del(ndc->options.secrets, name);

  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOT_FOUND) {
    sdg_log(&ndc->options.log, STARDELEG_LOG_WARNING, "ndc.key.left", "%s cannot be removed: %s", name,
            stardeleg_strerror(err));
  }
}

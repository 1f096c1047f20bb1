/* SPDX-License-Identifier: Apache-2.0 */
/* jose/jws_sign.c -- making a JWS (RFC 7515 5.1, RFC 8555 6.2 and 7.3.4). */
#include "jose/jws.h"

#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"

#define HEADER_MAX (16 * 1024)
#define JWS_MAX (4 * 1024 * 1024)

/* A JWS that is being made: where its signed parts are in the text. */
typedef struct draft {
  sdg_buf text;
  size_t protected_at, protected_len;
  size_t payload_at, payload_len;
} draft;

static void add_base64url(draft *d, stardeleg_bytes in, size_t *at, size_t *len)
{
  *at = d->text.len;
  sdg_base64url_write(&d->text, in);
  *len = d->text.len - *at;
}

/* Everything up to the signature. */
static stardeleg_err begin_draft(draft *d, stardeleg_bytes header, stardeleg_bytes payload)
{
  sdg_buf_init(&d->text, JWS_MAX);
  sdg_buf_add_str(&d->text, "{\"protected\":\"");
  add_base64url(d, header, &d->protected_at, &d->protected_len);
  sdg_buf_add_str(&d->text, "\",\"payload\":\"");
  add_base64url(d, payload, &d->payload_at, &d->payload_len);
  sdg_buf_add_str(&d->text, "\",\"signature\":\"");
  return sdg_buf_error(&d->text);
}

/* RFC 7515 5.1: what is signed is the protected header, a period and the payload, both as base64url text. */
static void signing_input(stardeleg_bytes pieces[3], const draft *d)
{
  pieces[0] = sdg_bytes(d->text.base + d->protected_at, d->protected_len);
  pieces[1] = SDG_BYTES_LITERAL(".");
  pieces[2] = sdg_bytes(d->text.base + d->payload_at, d->payload_len);
}

static stardeleg_err end_draft(sdg_buf *out, draft *d, const uint8_t *signature, size_t len)
{
  sdg_base64url_write(&d->text, sdg_bytes(signature, len));
  sdg_buf_add_str(&d->text, "\"}");
  if (sdg_buf_error(&d->text) != STARDELEG_OK) {
    return sdg_buf_error(&d->text);
  }
  sdg_buf_add_bytes(out, sdg_buf_bytes(&d->text));
  return sdg_buf_error(out);
}

static stardeleg_err write_header(sdg_buf *out, const sdg_jws_header *header, const char *alg_name)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_string(&w, "alg", alg_name);
  if (header->kid != NULL) {
    sdg_jw_string(&w, "kid", header->kid);
  } else {
    stardeleg_err rv;

    sdg_buf_add_str(out, ",\"jwk\":");
    rv = sdg_jwk_write(out, header->jwk_spki);
    if (rv != STARDELEG_OK) {
      return rv;
    }
  }
  if (header->nonce != NULL) {
    sdg_jw_string(&w, "nonce", header->nonce);
  }
  sdg_jw_string(&w, "url", header->url);
  sdg_jw_object_end(&w);
  return sdg_buf_error(out);
}

stardeleg_err sdg_jws_sign(sdg_buf *out, const sdg_jws_header *header, stardeleg_bytes payload, stardeleg_key *key)
{
  const sdg_alg_info *alg = sdg_alg_info_of(header->alg);
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t signature_len = 0;
  stardeleg_bytes pieces[3];
  draft d = {0};
  sdg_buf protected;
  stardeleg_err rv;

  if (alg == NULL || alg->name == NULL || header->url == NULL || key == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_buf_init(&protected, HEADER_MAX);
  rv = write_header(&protected, header, alg->name);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  rv = begin_draft(&d, sdg_buf_bytes(&protected), payload);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  signing_input(pieces, &d);
  rv = sdg_key_sign(key, header->alg, pieces, 3, signature, &signature_len);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  rv = end_draft(out, &d, signature, signature_len);
out:
  sdg_buf_clear(&d.text);
  sdg_buf_clear(&protected);
  return rv;
}

/* RFC 8555 7.3.4: "kid" is the key identifier, "url" that of the outer JWS, and there is no "nonce". */
static stardeleg_err write_eab_header(sdg_buf *out, const char *alg_name, const char *key_id, const char *url)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_string(&w, "alg", alg_name);
  sdg_jw_string(&w, "kid", key_id);
  sdg_jw_string(&w, "url", url);
  sdg_jw_object_end(&w);
  return sdg_buf_error(out);
}

stardeleg_err sdg_jws_eab_sign(sdg_buf *out, const stardeleg_crypto *crypto, stardeleg_alg alg, const char *key_id,
                               stardeleg_bytes mac_key, const char *url, stardeleg_bytes account_spki)
{
  const sdg_alg_info *info = sdg_alg_info_of(alg);
  uint8_t mac[STARDELEG_HASH_MAX];
  size_t mac_len = 0;
  stardeleg_bytes pieces[3];
  draft d = {0};
  sdg_buf protected;
  sdg_buf jwk;
  stardeleg_err rv;

  if (info == NULL || info->family != 0 || key_id == NULL || url == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_buf_init(&protected, HEADER_MAX);
  sdg_buf_init(&jwk, SDG_JWK_MAX);
  rv = write_eab_header(&protected, info->name, key_id, url);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  rv = sdg_jwk_write(&jwk, account_spki);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  rv = begin_draft(&d, sdg_buf_bytes(&protected), sdg_buf_bytes(&jwk));
  if (rv != STARDELEG_OK) {
    goto out;
  }
  signing_input(pieces, &d);
  rv = sdg_mac(crypto, alg, mac_key, pieces, 3, mac, &mac_len);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  rv = end_draft(out, &d, mac, mac_len);
out:
  sdg_buf_clear(&d.text);
  sdg_buf_clear(&jwk);
  sdg_buf_clear(&protected);
  return rv;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* jose/jwk_write.c -- public keys as JWK, and what is derived from that text (RFC 7638, RFC 8555 8.1). */
#include "jose/jwk.h"

#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"

static const char *curve_name(const stardeleg_key_info *info)
{
  if (info->family == STARDELEG_FAMILY_ED) {
    return "Ed25519";
  }
  return info->bits == 256 ? "P-256" : info->bits == 384 ? "P-384" : "P-521";
}

/* RFC 7638 3: required members only, in lexicographic order, without white space. */
static void write_parts(sdg_buf *out, const sdg_spki *parts)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  if (parts->info.family == STARDELEG_FAMILY_RSA) {
    sdg_jw_base64url(&w, "e", parts->e);
    sdg_jw_string(&w, "kty", "RSA");
    sdg_jw_base64url(&w, "n", parts->n);
  } else {
    sdg_jw_string(&w, "crv", curve_name(&parts->info));
    sdg_jw_string(&w, "kty", parts->info.family == STARDELEG_FAMILY_EC ? "EC" : "OKP");
    sdg_jw_base64url(&w, "x", parts->x);
    if (parts->info.family == STARDELEG_FAMILY_EC) {
      sdg_jw_base64url(&w, "y", parts->y);
    }
  }
  sdg_jw_object_end(&w);
}

stardeleg_err sdg_jwk_write(sdg_buf *out, stardeleg_bytes spki)
{
  sdg_spki parts;
  stardeleg_err rv = sdg_spki_read(&parts, spki, NULL);

  if (rv != STARDELEG_OK) {
    return rv;
  }
  write_parts(out, &parts);
  return sdg_buf_error(out);
}

stardeleg_err sdg_jwk_thumbprint(char out[SDG_THUMBPRINT_TEXT_SIZE], const stardeleg_crypto *crypto,
                                 stardeleg_bytes spki)
{
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_bytes text;
  sdg_buf buf;
  stardeleg_err rv;

  sdg_buf_init(&buf, SDG_JWK_MAX);
  rv = sdg_jwk_write(&buf, spki);
  if (rv == STARDELEG_OK) {
    text = sdg_buf_bytes(&buf);
    rv = sdg_hash(crypto, STARDELEG_HASH_SHA256, &text, 1, hash);
  }
  if (rv == STARDELEG_OK) {
    sdg_buf_reset(&buf);
    sdg_base64url_write(&buf, sdg_bytes(hash, SDG_THUMBPRINT_LEN));
    rv = sdg_buf_error(&buf);
  }
  if (rv == STARDELEG_OK) {
    memcpy(out, sdg_buf_str(&buf), SDG_THUMBPRINT_TEXT_SIZE);
  }
  sdg_buf_clear(&buf);
  return rv;
}

stardeleg_err sdg_jwk_key_authorization(sdg_buf *out, const stardeleg_crypto *crypto, stardeleg_bytes token,
                                        stardeleg_bytes spki)
{
  char thumbprint[SDG_THUMBPRINT_TEXT_SIZE];
  stardeleg_err rv;

  /* RFC 8555 8.3: a token "MUST NOT contain any characters outside the base64url alphabet"; it ends up in paths. */
  if (!sdg_base64url_is_text(token)) {
    return STARDELEG_ERR_MALFORMED;
  }
  rv = sdg_jwk_thumbprint(thumbprint, crypto, spki);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  sdg_buf_add_bytes(out, token);
  sdg_buf_add_byte(out, '.');
  sdg_buf_add_str(out, thumbprint);
  return sdg_buf_error(out);
}

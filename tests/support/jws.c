/* SPDX-License-Identifier: Apache-2.0 */
/* support/jws.c -- JWS made by hand. */
#include "support/jws.h"

#include "base/base64.h"
#include "base/bytes.h"

bool test_has_alg(stardeleg_alg alg)
{
  return (test_crypto()->ops->verify_algs & (UINT32_C(1) << alg)) != 0;
}

sdg_pubkey *test_jwk_import(const char *text)
{
  sdg_json *tree = NULL;
  sdg_pubkey *made = NULL;

  assert_ok(sdg_json_parse(&tree, sdg_bytes_str(text), NULL, NULL));
  assert_ok(sdg_jwk_parse(&made, test_crypto(), tree, NULL));
  sdg_json_free(tree);
  return made;
}

void test_jws_text(sdg_buf *out, const char *protected, const char *payload, const char *signature)
{
  sdg_buf_reset(out);
  sdg_buf_add_str(out, "{\"protected\":\"");
  sdg_buf_add_str(out, protected);
  sdg_buf_add_str(out, "\",\"payload\":\"");
  sdg_buf_add_str(out, payload);
  sdg_buf_add_str(out, "\",\"signature\":\"");
  sdg_buf_add_str(out, signature);
  sdg_buf_add_str(out, "\"}");
  assert_ok(sdg_buf_error(out));
}

/* |header| as it stands, signed by |signer| with |alg|. */
void test_jws_sign(sdg_buf *out, const char *header, const char *payload, stardeleg_key *signer, stardeleg_alg alg)
{
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t len = 0;
  sdg_buf parts[3];
  stardeleg_bytes pieces[3];

  for (size_t i = 0; i < 3; i++) {
    sdg_buf_init(&parts[i], 1 << 20);
  }
  sdg_base64url_write(&parts[0], sdg_bytes_str(header));
  sdg_base64url_write(&parts[1], sdg_bytes_str(payload));
  pieces[0] = sdg_buf_bytes(&parts[0]);
  pieces[1] = SDG_BYTES_LITERAL(".");
  pieces[2] = sdg_buf_bytes(&parts[1]);
  assert_ok(sdg_key_sign(signer, alg, pieces, 3, signature, &len));
  sdg_base64url_write(&parts[2], sdg_bytes(signature, len));
  test_jws_text(out, sdg_buf_str(&parts[0]), sdg_buf_str(&parts[1]), sdg_buf_str(&parts[2]));
  for (size_t i = 0; i < 3; i++) {
    sdg_buf_clear(&parts[i]);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* jose/jws_verify.c -- signatures and MACs of a JWS whose form has been read. */
#include "jose/jws.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"

static void signing_input(stardeleg_bytes pieces[3], const sdg_jws *jws)
{
  pieces[0] = jws->protected_text;
  pieces[1] = SDG_BYTES_LITERAL(".");
  pieces[2] = jws->payload_text;
}

static stardeleg_err refuse_alg(stardeleg_problem *problem, const sdg_jws *jws, const char *why)
{
  char shown[64];

  sdg_text_escape(shown, sizeof(shown), sdg_bytes_str(jws->alg_name));
  sdg_problem_set(problem, STARDELEG_ACME_BAD_SIGNATURE_ALGORITHM, "algorithm \"%s\" %s", shown, why);
  sdg_problem_set_place(problem, SDG_BYTES_LITERAL("/protected/alg"));
  return STARDELEG_ERR_PROTOCOL;
}

static stardeleg_err refuse_signature(stardeleg_problem *problem, const char *why)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", why);
  sdg_problem_set_place(problem, SDG_BYTES_LITERAL("/signature"));
  return STARDELEG_ERR_SIGNATURE;
}

stardeleg_err sdg_jws_verify(const sdg_jws *jws, const sdg_pubkey *key, stardeleg_problem *problem)
{
  const sdg_alg_info *alg = sdg_alg_info_of(jws->alg);
  stardeleg_bytes pieces[3];
  stardeleg_err rv;

  /* RFC 8555 6.2: "This field MUST NOT contain "none" or a Message Authentication Code (MAC) algorithm" -- whatever the
   * key: a public key must never be taken for a MAC key. */
  if (alg == NULL || alg->family == 0) {
    return refuse_alg(problem, jws, "is not accepted for signatures");
  }
  signing_input(pieces, jws);
  rv = sdg_pubkey_verify(key, jws->alg, pieces, 3, jws->signature);
  if (rv == STARDELEG_ERR_BAD_KEY) {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY, "algorithm \"%s\" does not go with a key of this type",
                    alg->name);
    sdg_problem_set_place(problem, SDG_BYTES_LITERAL("/protected/alg"));
  } else if (rv == STARDELEG_ERR_UNSUPPORTED) {
    return refuse_alg(problem, jws, "is not supported here");
  } else if (rv == STARDELEG_ERR_SIGNATURE) {
    return refuse_signature(problem, "the signature does not verify");
  }
  return rv;
}

stardeleg_err sdg_jws_verify_mac(const sdg_jws *jws, const stardeleg_crypto *crypto, stardeleg_bytes mac_key,
                                 stardeleg_problem *problem)
{
  const sdg_alg_info *alg = sdg_alg_info_of(jws->alg);
  uint8_t mac[STARDELEG_HASH_MAX];
  size_t len = 0;
  stardeleg_bytes pieces[3];
  stardeleg_err rv;

  if (alg == NULL || alg->family != 0) {
    return refuse_alg(problem, jws, "is no message authentication code");
  }
  signing_input(pieces, jws);
  rv = sdg_mac(crypto, jws->alg, mac_key, pieces, 3, mac, &len);
  if (rv == STARDELEG_ERR_BAD_KEY) { /* RFC 7518 3.2: "A key of the same size as the hash output [...] or larger" */
    (void)refuse_alg(problem, jws, "needs a longer key than the one that was agreed");
    return rv;
  }
  if (rv == STARDELEG_ERR_UNSUPPORTED) {
    return refuse_alg(problem, jws, "is not supported here");
  }
  if (rv == STARDELEG_OK && (jws->signature.len != len || !sdg_equal_consttime(jws->signature.base, mac, len))) {
    rv = refuse_signature(problem, "the message authentication code does not verify");
  }
  sdg_wipe(mac, sizeof(mac)); /* what a forger would have had to send */
  return rv;
}

void sdg_jws_write_algorithms(sdg_json_writer *w, const stardeleg_crypto *crypto)
{
  sdg_jw_array(w, "algorithms");
  for (int i = STARDELEG_ALG_NONE + 1; i < STARDELEG_ALG_COUNT; i++) {
    const sdg_alg_info *alg = sdg_alg_info_of((stardeleg_alg)i);

    if (alg != NULL && alg->name != NULL && alg->family != 0 && (crypto->ops->verify_algs & (UINT32_C(1) << i)) != 0) {
      sdg_jw_string(w, NULL, alg->name);
    }
  }
  sdg_jw_array_end(w);
}

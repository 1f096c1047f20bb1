/* SPDX-License-Identifier: Apache-2.0 */
/* x509/csr_verify.c -- proof of possession (RFC 2986 3): the request is signed with the key it asks for. */
#include "x509/csr.h"

#include "base/bytes.h"
#include "base/problem.h"

/* RFC 8555 6.7 keeps badPublicKey and badSignatureAlgorithm for the JWS; all that is wrong with a CSR is badCSR. */
static void tell(stardeleg_problem *problem, const char *place, const char *why, const char *what)
{
  sdg_problem_set(problem, STARDELEG_ACME_BAD_CSR, "%s%s", why, what);
  sdg_problem_set_place(problem, sdg_bytes_str(place));
}

static void tell_result(stardeleg_problem *problem, stardeleg_err err)
{
  if (err == STARDELEG_ERR_SIGNATURE) {
    tell(problem, "/signature", "the signature of the CSR does not verify with the key in it", "");
  } else if (err == STARDELEG_ERR_BAD_KEY) {
    tell(problem, "/signatureAlgorithm", "the signature algorithm of the CSR does not fit the key in it", "");
  } else if (err == STARDELEG_ERR_UNSUPPORTED) {
    tell(problem, "/signatureAlgorithm", "the signature algorithm of the CSR is not supported", "");
  }
}

stardeleg_err sdg_csr_verify(const sdg_csr *csr, const stardeleg_crypto *crypto, stardeleg_problem *problem)
{
  sdg_pubkey *key = NULL;
  stardeleg_err rv;

  if (!csr->key_is_known) {
    tell(problem, "/subjectPKInfo", "the key of the CSR is not supported: ", csr->key_fault);
    return STARDELEG_ERR_BAD_KEY;
  }
  if (csr->alg == STARDELEG_ALG_NONE) {
    tell(problem, "/signatureAlgorithm", "the signature algorithm of the CSR is not supported: ", csr->alg_oid);
    return STARDELEG_ERR_UNSUPPORTED;
  }
  rv = sdg_pubkey_import(&key, crypto, csr->spki, NULL);
  if (rv == STARDELEG_ERR_BAD_KEY || rv == STARDELEG_ERR_UNSUPPORTED) {
    tell(problem, "/subjectPKInfo", "the key of the CSR is not valid or not supported", "");
  }
  if (rv != STARDELEG_OK) {
    return rv;
  }
  rv = sdg_x509_verify(key, csr->alg, csr->info, csr->signature);
  if (rv != STARDELEG_OK) {
    tell_result(problem, rv);
  }
  sdg_pubkey_free(key);
  return rv;
}

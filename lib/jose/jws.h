/* SPDX-License-Identifier: Apache-2.0 */
/* jose/jws.h -- the JWS profile of ACME (RFC 8555 6.2): flattened JSON, protected header only. */
#ifndef SDG_JOSE_JWS_H
#define SDG_JOSE_JWS_H

#include "jose/jwk.h"

/* --- Making --- */
typedef struct sdg_jws_header {
  stardeleg_alg alg;
  const char *kid;          /* account URL; or NULL: jwk */
  stardeleg_bytes jwk_spki; /* with kid NULL: the key to embed */
  const char *nonce;        /* NULL: none (inner JWS) */
  const char *url;
} sdg_jws_header;

/* Appends {"protected":..,"payload":..,"signature":..}.  |payload| empty: POST-as-GET. */
STARDELEG_MUST_CHECK stardeleg_err sdg_jws_sign(sdg_buf *out, const sdg_jws_header *header, stardeleg_bytes payload,
                                                stardeleg_key *key);
/* External account binding (RFC 8555 7.3.4): HS256/384/512 over the account key's JWK. */
STARDELEG_MUST_CHECK stardeleg_err sdg_jws_eab_sign(sdg_buf *out, const stardeleg_crypto *crypto, stardeleg_alg alg,
                                                    const char *key_id, stardeleg_bytes mac_key, const char *url,
                                                    stardeleg_bytes account_spki);

/* --- Reading --- */
/* A JWS whose form has been checked and whose signature has not. */
typedef struct sdg_jws {
  stardeleg_alg alg; /* NONE: a name we do not know, see |alg_name| */
  const char *alg_name;
  const char *kid;                    /* or NULL */
  const sdg_json *jwk;                /* or NULL */
  const char *nonce;                  /* or NULL */
  const char *url;                    /* or NULL */
  stardeleg_bytes payload;            /* decoded; empty for POST-as-GET */
  stardeleg_bytes payload_text;       /* the base64url text: empty exactly for POST-as-GET */
  stardeleg_bytes protected_text;     /* what was signed, first part */
  stardeleg_bytes signature;          /* decoded */
  sdg_json *outer, *header;           /* owned */
  sdg_buf payload_buf, signature_buf; /* owned */
} sdg_jws;

/* Reads the form: exactly the three string members (others: malformed; "signatures", "header" by name), protected
 * header an object with "alg", no "crit", no "b64", "kid"/"nonce"/"url"/"jwk" of the right types, not both jwk and kid.
 * What must be there is the caller's check (inner and outer JWS differ).  |nonce| that is no base64url is malformed. */
STARDELEG_MUST_CHECK stardeleg_err sdg_jws_parse(sdg_jws *out, stardeleg_bytes text, stardeleg_problem *problem);
/* The same for a JWS that is already a tree (EAB, inner JWS of key change); the tree is borrowed. */
STARDELEG_MUST_CHECK stardeleg_err sdg_jws_parse_tree(sdg_jws *out, const sdg_json *tree, stardeleg_problem *problem);
void sdg_jws_clear(sdg_jws *jws);
/* Signature algorithms only, never none or MAC: PROTOCOL, badSignatureAlgorithm; not the key's own: BAD_KEY,
 * badPublicKey; does not verify: SIGNATURE, malformed with "signature". */
STARDELEG_MUST_CHECK stardeleg_err sdg_jws_verify(const sdg_jws *jws, const sdg_pubkey *key,
                                                  stardeleg_problem *problem);
/* MAC algorithms only (else PROTOCOL, badSignatureAlgorithm), constant time.  SIGNATURE if it does not verify; BAD_KEY
 * with badSignatureAlgorithm if |mac_key| is shorter than the algorithm's hash. */
STARDELEG_MUST_CHECK stardeleg_err sdg_jws_verify_mac(const sdg_jws *jws, const stardeleg_crypto *crypto,
                                                      stardeleg_bytes mac_key, stardeleg_problem *problem);
/* The algorithms sdg_jws_verify takes, as a JSON array member "algorithms" (RFC 8555 6.2). */
void sdg_jws_write_algorithms(sdg_json_writer *w, const stardeleg_crypto *crypto);

#endif /* SDG_JOSE_JWS_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* support/jws.h -- JWS made by hand, so that a spoiled one still has a good signature. */
#ifndef SDG_TESTS_SUPPORT_JWS_H
#define SDG_TESTS_SUPPORT_JWS_H

#include "support/test.h"

#include "jose/jws.h"

#define TEST_JWS_URL "https://acme.example/new-order"
#define TEST_JWS_KID "https://acme.example/acct/1"
#define TEST_JWS_NONCE "6S8IqOGY7eL2lsGoTZYifg"
/* RFC 7515 A.1 to A.3 share their payload. */
#define TEST_JWS_RFC_PAYLOAD                                                                                           \
  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

/* Whether this run's provider verifies |alg|. */
bool test_has_alg(stardeleg_alg alg);

/* The key in the text of a good JWK. */
sdg_pubkey *test_jwk_import(const char *text);

/* Replaces |out| by a flattened JWS of three base64url texts. */
void test_jws_text(sdg_buf *out, const char *protected, const char *payload, const char *signature);

/* Replaces |out| by a JWS over |header|, as it stands, signed by |signer| with |alg|. */
void test_jws_sign(sdg_buf *out, const char *header, const char *payload, stardeleg_key *signer, stardeleg_alg alg);

#endif /* SDG_TESTS_SUPPORT_JWS_H */

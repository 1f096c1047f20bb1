/* SPDX-License-Identifier: Apache-2.0 */
/* x509/acme_identifier.h -- the certificate that answers a tls-alpn-01 challenge (RFC 8737 3, RFC 8738 6): made by
 * clients, judged by a CA. */
#ifndef SDG_X509_ACME_IDENTIFIER_H
#define SDG_X509_ACME_IDENTIFIER_H

#include "x509/cert.h"

/* id-pe 31 */
extern const stardeleg_bytes sdg_oid_acme_identifier;
/* SHA-256 of the key authorization. */
#define SDG_ACME_IDENTIFIER_LEN 32

/* Authorization ::= OCTET STRING (SIZE (32)), the inside of the extension's own OCTET STRING. */
void sdg_acme_identifier_put(sdg_buf *out, const uint8_t digest[SDG_ACME_IDENTIFIER_LEN]);
/* MALFORMED for anything but exactly that. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_identifier_read(uint8_t digest[SDG_ACME_IDENTIFIER_LEN],
                                                            stardeleg_bytes value);
/* The digest of |key_authorization|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_identifier_digest(uint8_t digest[SDG_ACME_IDENTIFIER_LEN],
                                                              const stardeleg_crypto *crypto,
                                                              stardeleg_bytes key_authorization);

/* The one name a challenge certificate is about: type "dns" or "ip" (RFC 8738) to a GeneralName.  |octets| is room for
 * an address; a dNSName points to |identifier|.  ARGUMENT for other types and what is no name or no address. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_identifier_name(sdg_general_name *out, uint8_t octets[16],
                                                            const stardeleg_identifier *identifier);
/* The server name to ask for: the name itself, or for an address its name below in-addr.arpa or ip6.arpa without the
 * final dot (RFC 8738 6).  ARGUMENT as above. */
#define SDG_ACME_SNI_SIZE 256
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_identifier_sni(char out[SDG_ACME_SNI_SIZE],
                                                           const stardeleg_identifier *identifier);

/* Appends the DER of a self-signed certificate for |identifier| with the key |key|, valid from an hour before |now| for
 * a week: RFC 8737 leaves the validity open, and clocks differ.  ARGUMENT as above, else the errors of
 * sdg_cert_build. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_identifier_build(sdg_buf *out, stardeleg_key *key,
                                                             const stardeleg_identifier *identifier,
                                                             const uint8_t digest[SDG_ACME_IDENTIFIER_LEN],
                                                             stardeleg_time now);

/* What is wrong with a certificate that was presented. */
typedef enum sdg_challenge_fault {
  SDG_CHALLENGE_CERT_OK = 0,
  SDG_CHALLENGE_CERT_MALFORMED,  /* no certificate, or without a critical acmeIdentifier of the right form */
  SDG_CHALLENGE_CERT_NAME,       /* subjectAltName is not exactly the one name */
  SDG_CHALLENGE_CERT_DIGEST,     /* of another key authorization */
  SDG_CHALLENGE_CERT_SIGNATURE   /* not signed by its own key */
} sdg_challenge_fault;
const char *sdg_challenge_fault_text(sdg_challenge_fault fault);
/* Judges |der|.  Its validity and its subject do not count: neither proves anything here.  Returns 0 with |*fault|,
 * ARGUMENT for a bad |identifier|, NOMEM or CRYPTO. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_identifier_check(sdg_challenge_fault *fault, const stardeleg_crypto *crypto,
                                                             stardeleg_bytes der,
                                                             const stardeleg_identifier *identifier,
                                                             const uint8_t digest[SDG_ACME_IDENTIFIER_LEN]);

#endif /* SDG_X509_ACME_IDENTIFIER_H */

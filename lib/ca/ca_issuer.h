/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_issuer.h -- the issuing certificate and its key. */
#ifndef SDG_CA_CA_ISSUER_H
#define SDG_CA_CA_ISSUER_H

#include "ca/ca_internal.h"

/* Reads issuer_chain_pem; CONFIG if the first certificate is no CA's, or not the key's. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_issuer_load(stardeleg_ca *ca, stardeleg_problem *problem);
void sdg_ca_issuer_clear(stardeleg_ca *ca);

/* --- Certificates (ca_build.c, ca_root.c) --- */
#define SDG_CA_EXTENSIONS_MAX 8

/* Extensions under construction: each value has a buffer of its own. */
typedef struct sdg_ca_extensions {
  sdg_x509_extension items[SDG_CA_EXTENSIONS_MAX];
  sdg_buf values[SDG_CA_EXTENSIONS_MAX];
  size_t count;
} sdg_ca_extensions;
void sdg_ca_extensions_init(sdg_ca_extensions *extensions);
void sdg_ca_extensions_clear(sdg_ca_extensions *extensions);
/* The buffer of a new extension; NULL if there is no room. */
sdg_buf *sdg_ca_extensions_add(sdg_ca_extensions *extensions, stardeleg_bytes oid, bool critical);
/* Sets the values where they are now, after all were written. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_extensions_close(sdg_ca_extensions *extensions);
/* basicConstraints, subjectKeyIdentifier (|spki| empty: none), authorityKeyIdentifier (|authority| empty: none). */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_extensions_common(sdg_ca_extensions *extensions,
                                                            const stardeleg_crypto *crypto, bool is_ca,
                                                            stardeleg_bytes spki, stardeleg_bytes authority);
/* 16 random octets, positive, not zero; |star| says of what order the certificate is. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_new_serial(const stardeleg_crypto *crypto, bool star, uint8_t out[16]);
extern const stardeleg_bytes sdg_ca_oid_server_auth, sdg_ca_oid_client_auth;
/* What |star| was, for a serial (magnitude) of ours. */
bool sdg_ca_serial_is_star(stardeleg_bytes serial);

#endif /* SDG_CA_CA_ISSUER_H */

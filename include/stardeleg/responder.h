/* SPDX-License-Identifier: Apache-2.0 */
/** @file responder.h
 *  Ready-made answers to a CA's validation requests, for programs with an HTTP or a TLS server of their own: what a
 *  solver (solver.h) keeps is turned into the response of http-01 (RFC 8555 8.3) and into the certificate of
 *  tls-alpn-01 (RFC 8737, RFC 8738).  No sockets; any thread. */
#ifndef STARDELEG_RESPONDER_H
#define STARDELEG_RESPONDER_H

#include <stardeleg/crypto.h>
#include <stardeleg/http.h>
#include <stardeleg/solver.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Looks a token up: copies the key authorization of the challenge into |out| (|size| bytes, with the final NUL).
 *  |token| is NUL-terminated and has base64url characters only.  Returns 0, NOT_FOUND, or another code (503). */
typedef stardeleg_err (*stardeleg_http01_find)(void *ctx, const char *token, char *out, size_t size);

/** Answers a request on port 80.  200 with the key authorization for "/.well-known/acme-challenge/<token>" and a token
 *  that |find| knows, 404 for everything else, 405 for methods other than GET and HEAD.  Nothing of the request is
 *  repeated in the answer.  |ctx| is handed to |find|; |*reply| is to be freed with stardeleg_http_reply_free().
 *  Returns 0, ARGUMENT or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_http01_answer(stardeleg_http_reply **reply,
                                                                         const stardeleg_http_request *request,
                                                                         stardeleg_http01_find find, void *ctx);

/** The one ALPN protocol name under which the certificate of tls-alpn-01 is shown (RFC 8737 4). */
#define STARDELEG_TLS_ALPN01_PROTOCOL "acme-tls/1"
/** Room for a server name, with the final NUL. */
#define STARDELEG_SERVER_NAME_SIZE 256

/** The server name (SNI) by which the CA will ask: the identifier, or for an address its name below in-addr.arpa or
 *  ip6.arpa (RFC 8738 6).  |challenge| is of type tls-alpn-01.  Returns 0 or ARGUMENT. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err
stardeleg_tls_alpn01_server_name(char out[STARDELEG_SERVER_NAME_SIZE], const stardeleg_challenge *challenge);

/** Makes the certificate to be shown, for that server name and that protocol only, to whoever asks for it: self-signed
 *  with |key| (any key that TLS can use; a new one is best), one name, acmeIdentifier critical.  |*pem| is malloc'd and
 *  NUL-terminated, |*len| without the NUL; give it to free().  |now|: it is valid from an hour before for a week.
 *  Returns 0, ARGUMENT (not a tls-alpn-01 challenge, no name), NOMEM or CRYPTO. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_tls_alpn01_certificate(char **pem, size_t *len,
                                                                                  stardeleg_key *key,
                                                                                  const stardeleg_challenge *challenge,
                                                                                  stardeleg_time now);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_RESPONDER_H */

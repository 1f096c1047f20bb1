/* SPDX-License-Identifier: Apache-2.0 */
/* support/server_peer.h -- a small ACME client for tests of servers: speaks to a handle() function, remembers the
 * answer, and can spoil every part of a request.  Each answer is checked for what every answer must have. */
#ifndef SDG_TESTS_SUPPORT_SERVER_PEER_H
#define SDG_TESTS_SUPPORT_SERVER_PEER_H

#include "support/test.h"

#include <stardeleg/http.h>
#include "json/json.h"
#include "jose/jws.h"

typedef stardeleg_err (*server_peer_handle)(void *server, const stardeleg_http_request *request, stardeleg_time now,
                                            stardeleg_http_reply **reply);

typedef struct server_peer {
  server_peer_handle handle;
  void *server;
  const char *base_url;      /* borrowed; "https://ca.example/acme" */
  const stardeleg_time *now; /* borrowed: the virtual clock */
  stardeleg_key *key;        /* the account's; owned */
  char kid[512];             /* account URL; "" before registration */
  char nonce[256];           /* to be used next; "" if there is none */
  /* the last answer */
  stardeleg_http_reply *reply;
  int status;
  const char *body; /* NUL-terminated */
  sdg_json *json;   /* the body, if it is JSON; else NULL */
} server_peer;

void server_peer_init(server_peer *peer, server_peer_handle handle, void *server, const char *base_url,
                      const stardeleg_time *now, stardeleg_key_spec spec);
void server_peer_clear(server_peer *peer);

/* base_url and |path|; static room, good for the next seven calls. */
const char *server_peer_url(const server_peer *peer, const char *path);

/* --- Requests as they should be.  |url| is absolute; the result is the status. --- */
int server_peer_get(server_peer *peer, const char *url);
int server_peer_head(server_peer *peer, const char *url);
int server_peer_post(server_peer *peer, const char *url, const char *payload);
int server_peer_fetch(server_peer *peer, const char *url);           /* POST-as-GET */
int server_peer_new_account(server_peer *peer, const char *payload); /* keeps the account URL if there is one */
void server_peer_register(server_peer *peer);                        /* must become 201 */
/* The externalAccountBinding object for this account's key; replaces |out|. */
void server_peer_eab(const server_peer *peer, sdg_buf *out, const char *name, const char *mac_key_base64url);
/* A nonce to use: the last one, or one of newNonce. */
const char *server_peer_take_nonce(server_peer *peer);

/* --- Requests as they should not be --- */
typedef struct server_peer_jws {
  const char *url;     /* where it is sent to */
  const char *payload; /* "": POST-as-GET */
  /* Left NULL, these are what they should be.  "-": the member is left out. */
  const char *alg;              /* JSON text of the value: "\"ES256\"" */
  const char *nonce;            /* JSON text */
  const char *header_url;       /* JSON text */
  const char *kid;              /* JSON text */
  const char *jwk;              /* JSON text; NULL: left out with a kid */
  const char *more;             /* further members of the header: ",\"crit\":[\"x\"]" */
  const char *outer_more;       /* further members of the JWS: ",\"signatures\":[]" */
  const char *protected_is;     /* JSON text instead of the whole header */
  const char *payload_member;   /* JSON text instead of the member "payload"; "-": left out */
  const char *signature_member; /* JSON text instead of the member "signature"; "-": left out */
  bool by_jwk;                  /* the key itself instead of the account URL */
  stardeleg_key *signer;        /* NULL: the peer's key */
  stardeleg_alg sign_alg;       /* NONE: what fits the signer */
  const char *content_type;     /* NULL: application/jose+json; "-": none */
} server_peer_jws;

/* The body of |jws|; replaces |out|.  A nonce is taken unless one is given. */
void server_peer_build(server_peer *peer, sdg_buf *out, const server_peer_jws *jws);
int server_peer_send(server_peer *peer, const server_peer_jws *jws);
/* Anything at all.  |target| is the request target, |headers| "Name: value" lines ended by NULL, or NULL. */
int server_peer_raw(server_peer *peer, const char *method, const char *target, const char *const *headers,
                    stardeleg_bytes body);

/* --- The answer --- */
/* A header's value, static room good for the next three calls; NULL if it is not there.  More than one fails. */
const char *server_peer_header(const server_peer *peer, const char *name);
/* The target of a Link header; the same room; NULL if there is none. */
const char *server_peer_link(const server_peer *peer, const char *rel);
/* A string member of the body; fails if it is not there. */
const char *server_peer_string(const server_peer *peer, const char *name);
/* The answer must be a problem with this status and this ACME type ("malformed"). */
void server_peer_assert_problem(const server_peer *peer, int status, const char *type);

#endif /* SDG_TESTS_SUPPORT_SERVER_PEER_H */

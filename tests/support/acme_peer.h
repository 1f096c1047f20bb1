/* SPDX-License-Identifier: Apache-2.0 */
/* support/acme_peer.h -- a small ACME client for tests of servers: speaks to a handle() function, remembers the answer,
 * and can spoil every part of a request.  Each answer is checked for what every answer must have. */
#ifndef SDG_TESTS_SUPPORT_ACME_PEER_H
#define SDG_TESTS_SUPPORT_ACME_PEER_H

#include "support/test.h"

#include <stardeleg/http.h>
#include "json/json.h"
#include "jose/jws.h"

typedef stardeleg_err (*acme_peer_handle)(void *server, const stardeleg_http_request *request, stardeleg_time now,
                                          stardeleg_http_reply **reply);

typedef struct acme_peer {
  acme_peer_handle handle;
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
} acme_peer;

void acme_peer_init(acme_peer *peer, acme_peer_handle handle, void *server, const char *base_url,
                    const stardeleg_time *now, stardeleg_key_spec spec);
void acme_peer_clear(acme_peer *peer);

/* base_url and |path|; static room, good for the next seven calls. */
const char *acme_peer_url(const acme_peer *peer, const char *path);

/* --- Requests as they should be.  |url| is absolute; the result is the status. --- */
int acme_peer_get(acme_peer *peer, const char *url);
int acme_peer_head(acme_peer *peer, const char *url);
int acme_peer_post(acme_peer *peer, const char *url, const char *payload);
int acme_peer_fetch(acme_peer *peer, const char *url);             /* POST-as-GET */
int acme_peer_new_account(acme_peer *peer, const char *payload);   /* keeps the account URL if there is one */
void acme_peer_register(acme_peer *peer);                          /* must become 201 */
/* The externalAccountBinding object for this account's key; replaces |out|. */
void acme_peer_eab(const acme_peer *peer, sdg_buf *out, const char *name, const char *mac_key_base64url);
/* A nonce to use: the last one, or one of newNonce. */
const char *acme_peer_take_nonce(acme_peer *peer);

/* --- Requests as they should not be --- */
typedef struct acme_peer_jws {
  const char *url;          /* where it is sent to */
  const char *payload;      /* "": POST-as-GET */
  /* Left NULL, these are what they should be.  "-": the member is left out. */
  const char *alg;          /* JSON text of the value: "\"ES256\"" */
  const char *nonce;        /* JSON text */
  const char *header_url;   /* JSON text */
  const char *kid;          /* JSON text */
  const char *jwk;          /* JSON text; NULL: left out with a kid */
  const char *more;         /* further members of the header: ",\"crit\":[\"x\"]" */
  const char *outer_more;   /* further members of the JWS: ",\"signatures\":[]" */
  const char *protected_is; /* JSON text instead of the whole header */
  const char *payload_member;   /* JSON text instead of the member "payload"; "-": left out */
  const char *signature_member; /* JSON text instead of the member "signature"; "-": left out */
  bool by_jwk;              /* the key itself instead of the account URL */
  stardeleg_key *signer;    /* NULL: the peer's key */
  stardeleg_alg sign_alg;   /* NONE: what fits the signer */
  const char *content_type; /* NULL: application/jose+json; "-": none */
} acme_peer_jws;

/* The body of |jws|; replaces |out|.  A nonce is taken unless one is given. */
void acme_peer_build(acme_peer *peer, sdg_buf *out, const acme_peer_jws *jws);
int acme_peer_send(acme_peer *peer, const acme_peer_jws *jws);
/* Anything at all.  |target| is the request target, |headers| "Name: value" lines ended by NULL, or NULL. */
int acme_peer_raw(acme_peer *peer, const char *method, const char *target, const char *const *headers,
                  stardeleg_bytes body);

/* --- The answer --- */
/* A header's value, static room good for the next three calls; NULL if it is not there.  More than one fails. */
const char *acme_peer_header(const acme_peer *peer, const char *name);
/* The target of a Link header; the same room; NULL if there is none. */
const char *acme_peer_link(const acme_peer *peer, const char *rel);
/* A string member of the body; fails if it is not there. */
const char *acme_peer_string(const acme_peer *peer, const char *name);
/* The answer must be a problem with this status and this ACME type ("malformed"). */
void acme_peer_assert_problem(const acme_peer *peer, int status, const char *type);

#endif /* SDG_TESTS_SUPPORT_ACME_PEER_H */

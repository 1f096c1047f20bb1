/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/server.h -- what every ACME server does alike (RFC 8555 6, 7.1 to 7.3): routing, nonces, JWS checks,
 * accounts, problems, paging.  Roles bring their own routes. */
#ifndef SDG_ACME_SERVER_SERVER_H
#define SDG_ACME_SERVER_SERVER_H

#include <stardeleg/problem.h>
#include <stardeleg/server_options.h>
#include "acme/account.h"
#include "acme/directory.h"
#include "acme_server/version_cache.h"
#include "jose/jws.h"
#include "store/store.h"
#include "transport/http_message.h"

typedef struct sdg_server sdg_server;

#define SDG_ID_SIZE 65 /* of accounts, orders, ...: base64url text with the NUL */
#define SDG_PATH_PARTS_MAX 2

/* An account as the server knows it.  Immutable; shared by threads. */
typedef struct sdg_server_account {
  sdg_cached cached;              /* first */
  char id[SDG_ID_SIZE];
  char name[SDG_ID_SIZE];         /* key identifier of its external account binding, or "" */
  char thumbprint[SDG_THUMBPRINT_TEXT_SIZE];
  sdg_account_status status;
  bool terms_are_current;         /* what it agreed to is what there is now, or nobody wrote down what it was */
  sdg_pubkey *key;
} sdg_server_account;

/* One request on its way through a route. */
typedef struct sdg_call {
  sdg_server *server;
  const stardeleg_http_request *request;
  stardeleg_time now;
  char parts[SDG_PATH_PARTS_MAX][SDG_ID_SIZE]; /* what the {} of the pattern stand for */
  char cursor[SDG_ID_SIZE];       /* "cursor" of the query, or "" */
  const sdg_server_account *account; /* who signed; NULL for plain GET and for requests signed with a jwk */
  const sdg_pubkey *jwk;          /* the embedded key of a request signed with a jwk; else NULL */
  const sdg_jws *jws;             /* NULL for plain GET */
  const sdg_json *payload;        /* NULL for POST-as-GET and plain GET */
  stardeleg_http_reply *reply;    /* status 200 on entry */
  stardeleg_problem problem;      /* fill in before returning an error */
  const char *allow;              /* with a problem of status 405: the Allow header; static */
  const char *accept_encoding;    /* with a problem of status 415: the Accept-Encoding header, or NULL; static */
} sdg_call;

/* Returns 0 with the reply filled in, or an error: with a problem set it becomes the reply; without one it becomes
 * serverInternal (or 503 for STORE and NOMEM).  Anything already in the reply is thrown away then. */
typedef stardeleg_err (*sdg_route_fn)(void *role, sdg_call *call);

#define SDG_ROUTE_POST 1u  /* JWS with a payload, by kid */
#define SDG_ROUTE_FETCH 2u /* POST-as-GET, by kid */
#define SDG_ROUTE_GET 4u   /* plain GET and HEAD */
#define SDG_ROUTE_JWK 8u   /* with POST: a jwk instead of a kid is fine too (revokeCert) */
#define SDG_ROUTE_ORDER 64u /* makes an order: limited as such, and only under current terms */

/* "/order/{}/finalize": {} is one path segment of base64url characters, {.} two parts with a dot between
 * them (RFC 9773 4.1). */
typedef struct sdg_route {
  const char *pattern;
  unsigned methods;
  sdg_route_fn fn;
} sdg_route;

typedef struct sdg_server_options {
  const stardeleg_crypto *crypto;
  const stardeleg_store *store;
  const stardeleg_secrets *secrets;  /* for EAB; may be NULL without */
  const char *base_url;              /* https, no final slash; copied */
  const sdg_route *routes;           /* the role's; borrowed */
  size_t route_count;
  void *role;                        /* handed to the routes and callbacks */
  /* Sets the role's own members of the directory (meta, revoke_cert ...): |directory| has the common ones, URLs by
   * sdg_server_url. Called once, at new. */
  stardeleg_err (*fill_directory)(void *role, sdg_server *server, sdg_acme_directory *directory);
  /* Adds members to the account object ("delegations"); may be NULL. */
  void (*write_account)(void *role, sdg_server *server, sdg_json_writer *w, const sdg_server_account *account);
  /* Called before a deactivation is written, in the same request: what must not be forgotten, should the process die
   * in between.  A failure leaves the account valid.  May be NULL. */
  stardeleg_err (*on_deactivating)(void *role, const sdg_server_account *account, stardeleg_time now);
  /* Called after an account was deactivated, in the same request and, over restarts too, until it has returned 0; may
   * be NULL. */
  stardeleg_err (*on_deactivated)(void *role, const sdg_server_account *account, stardeleg_time now);
  /* Writes the "orders" list page of an account (RFC 8555 7.1.2.1) with sdg_call_page; may be NULL: no such list. */
  sdg_route_fn list_orders;
  bool eab_required;
  const char *terms_of_service;      /* or NULL */
  const char *website;               /* or NULL */
  size_t page_size;
  size_t body_max;                   /* longest request body; 0: 64 KiB */
  const stardeleg_log *log;
  const stardeleg_limiter *limiter;  /* or NULL: no limits */
  const char *limits_url;            /* rel=help of rateLimited (RFC 8555 6.6), or NULL; copied */
  /* Nonces are good at every server with this store and these secrets, for a quarter of an hour; each costs a write. */
  bool shared_nonces;
  /* Orders only from accounts that agreed to |terms_of_service| as it is now (RFC 8555 7.3.3); |terms_action_url| is
   * where their owner can (NULL: the terms themselves); sdg_server_account_agreed() tells that one did. */
  bool current_terms_required;
  const char *terms_action_url;      /* copied */
} sdg_server_options;

/* Takes over what a program says about serving; NULL: nothing.  CONFIG with a problem if it is wrong. */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_options_take(sdg_server_options *options,
                                                           const stardeleg_server_options *from,
                                                           stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_server_new(sdg_server **out, const sdg_server_options *options,
                                                  stardeleg_problem *problem);
void sdg_server_free(sdg_server *server);
/* The whole way of a request.  Threads: any number. */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_handle(sdg_server *server, const stardeleg_http_request *request,
                                                     stardeleg_time now, stardeleg_http_reply **reply);

/* Appends base_url and the parts ("/order/", id, "/finalize"); parts end with NULL. */
void sdg_server_url(const sdg_server *server, sdg_buf *out, ...) __attribute__((sentinel));
/* The same as a malloc'd string; NULL for lack of memory. */
char *sdg_server_url_dup(const sdg_server *server, ...) __attribute__((sentinel));
/* If |url| is base_url + prefix + id (+ suffix, may be NULL), exactly, copies the id; NOT_FOUND otherwise. */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_id_from_url(const sdg_server *server, const char *url, const char *prefix,
                                                          const char *suffix, char id[SDG_ID_SIZE]);
/* A new unguessable identifier: 128 random bits in base64url (RFC 8555 10.5). */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_new_id(const sdg_server *server, char id[SDG_ID_SIZE]);
/* Loads an account by id (cached); release it. NOT_FOUND if there is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_account_get(sdg_server *server, const char *id,
                                                          const sdg_server_account **out);
/* OK if some account has this key (RFC 8555 11.1: such a key must not be in a CSR); NOT_FOUND if none has. */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_account_by_key(sdg_server *server, stardeleg_bytes spki);
/* The owner of the account |url| has agreed to the terms as they are now.  NOT_FOUND if there is no such account, or
 * it is not valid any more. */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_account_agreed(sdg_server *server, const char *url);
void sdg_server_account_release(sdg_server *server, const sdg_server_account *account);

/* --- For routes --- */
/* Begins a JSON body: content type set, writer on the reply's body. */
STARDELEG_MUST_CHECK stardeleg_err sdg_call_json(sdg_call *call, sdg_json_writer *w);
/* Adds the Location header. */
STARDELEG_MUST_CHECK stardeleg_err sdg_call_location(sdg_call *call, const char *url);
/* Writes {"<name>":[urls...]} of one page and Link rel=next if |next_cursor| is not NULL. */
STARDELEG_MUST_CHECK stardeleg_err sdg_call_page(sdg_call *call, const char *name, const char *const *urls,
                                                 size_t count, const char *next_cursor);
/* Sets the problem and returns PROTOCOL, for use in return statements. */
stardeleg_err sdg_call_fail(sdg_call *call, stardeleg_acme_error acme, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));
size_t sdg_server_page_size(const sdg_server *server);
const stardeleg_crypto *sdg_server_crypto(const sdg_server *server);
const stardeleg_store *sdg_server_store(const sdg_server *server);

#endif /* SDG_ACME_SERVER_SERVER_H */

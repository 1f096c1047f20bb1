/* SPDX-License-Identifier: Apache-2.0 */
/** @file ca.h
 *  The CA's role: an ACME server (RFC 8555) that offers STAR orders (RFC 8739) with unauthenticated GET, for private
 * PKI and for tests.  handle() answers clients on many threads; the engine validates challenges and issues certificates
 * on one. */
#ifndef STARDELEG_CA_H
#define STARDELEG_CA_H

#include <stardeleg/crypto.h>
#include <stardeleg/dns.h>
#include <stardeleg/engine.h>
#include <stardeleg/problem.h>
#include <stardeleg/secrets.h>
#include <stardeleg/server_options.h>
#include <stardeleg/store.h>
#include <stardeleg/tls_probe.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The CA's role.  Opaque. */
typedef struct stardeleg_ca stardeleg_ca;

/** What becomes of something a certificate may have. */
typedef enum stardeleg_ca_choice {
  STARDELEG_CA_NEVER = 0, /**< left out */
  STARDELEG_CA_ALWAYS,    /**< put in */
  STARDELEG_CA_AS_ASKED   /**< put in if the CSR asks for it */
} stardeleg_ca_choice;

/** A kind of certificate that clients can order by name (draft-ietf-acme-profiles).  Set by
 * stardeleg_ca_profile_default(), then changed.  Copied, its strings too. */
typedef struct stardeleg_ca_profile {
  size_t size;                     /**< sizeof of this struct */
  const char *name;                /**< required: at most 64 printable characters */
  const char *description;         /**< for people; may be a URL; NULL: "" */
  int no_star;                     /**< nonzero: not for orders with auto-renewal */
  int no_plain;                    /**< nonzero: only for orders with auto-renewal */
  int64_t plain_lifetime_s;        /**< validity of certificates of orders without auto-renewal that name no end; 0: as
                                        in the options */
  int64_t lifetime_max_s;          /**< longest validity that may be ordered: notAfter minus notBefore, or lifetime
                                        of an order with auto-renewal; 0: only the options' bounds */
  stardeleg_ca_choice server_auth; /**< extended key usage serverAuth; default ALWAYS */
  stardeleg_ca_choice client_auth; /**< extended key usage clientAuth; default AS_ASKED */
  stardeleg_ca_choice key_encipherment; /**< key usage of RSA keys; default AS_ASKED */
  stardeleg_ca_choice common_name; /**< AS_ASKED (default): the CSR's, which is one of the names; ALWAYS: that, or else
                                        the first name of up to 64 characters */
  int no_subject_key_id;           /**< nonzero: without subjectKeyIdentifier */
} stardeleg_ca_profile;

/** Challenges that can be offered, to be or-ed.  http-01 (RFC 8555 8.3): names and addresses. */
#define STARDELEG_CA_HTTP_01 1u
/** dns-01 (RFC 8555 8.4): names and wildcards. */
#define STARDELEG_CA_DNS_01 2u
/** tls-alpn-01 (RFC 8737, RFC 8738): names and addresses. */
#define STARDELEG_CA_TLS_ALPN_01 4u
/** dns-account-01 (draft-ietf-acme-dns-account-label): names and wildcards, at a place of each account's own. */
#define STARDELEG_CA_DNS_ACCOUNT_01 8u

/** How the role works.  Set by stardeleg_ca_options_default(), then changed.  Strings are copied; objects are borrowed
 * and must outlive the role. */
typedef struct stardeleg_ca_options {
  size_t size;                      /**< sizeof of this struct */
  const stardeleg_crypto *crypto;   /**< required */
  const stardeleg_store *store;     /**< required */
  const stardeleg_secrets *secrets; /**< required if |eab_required| */
  const char *base_url;             /**< required: external URL below which everything is, without a final slash */
  stardeleg_bytes issuer_chain_pem; /**< required: the issuing certificate first, then what leads to the root; the root
                                       may be left out.  Copied. */
  stardeleg_key *issuer_key;        /**< required: its key; a reference is taken */
  int64_t min_lifetime_s;           /**< shortest STAR lifetime (RFC 8739 3.2, 6.2); default 1 day */
  int64_t max_duration_s;           /**< longest end-date minus start-date, and farthest start-date; default 1 year */
  unsigned fraction_permille;       /**< server padding f of RFC 8739 3.5, 500 to 999; default 500 */
  int allow_certificate_get;        /**< nonzero: unauthenticated GET can be negotiated; default 1 */
  int64_t order_pending_s;          /**< how long an order or authorization may stay unfinished; default 1 day */
  int64_t order_grace_s;            /**< how long after its end (end-date, notAfter, or the end of its time to be
                                       finished) an order can be fetched; then it is removed with its authorizations
                                       and its certificate, a revoked one when the list no longer has it.  Default 7
                                       days */
  int eab_required;                 /**< nonzero: accounts need external account binding */
  const char *terms_of_service;     /**< URL; NULL: none */
  int64_t validation_retry_ms;      /**< pause between validation attempts; default 5 s (RFC 8555 8.2) */
  unsigned validation_attempts;     /**< how many before a challenge is invalid; default 3 */
  uint16_t http01_port;             /**< default 80 (RFC 8555 8.3); others for tests */
  int64_t lease_ms;                 /**< how long a piece of work belongs to this process; default 15 s */
  /** Called after handle() stored work for the engine.  Any thread.  May be NULL. */
  void (*on_work)(void *ctx);
  void *on_work_ctx;                /**< handed to |on_work| */
  stardeleg_log log;                /**< where log lines go */
  int64_t plain_lifetime_s;         /**< validity of certificates of orders without auto-renewal; default 7 days */
  int64_t poll_ms; /**< how often the engine looks for work that other processes stored; default 1 s; 0: never */
  int64_t crl_lifetime_s; /**< nextUpdate minus thisUpdate of the list of revoked certificates (RFC 5280 5); it is made
                               anew after half of it and after each revocation, one above 64 KiB a minute after the
                               last at the earliest.  0: no list, and no address of one in certificates; default 1
                               day, none if the issuing certificate may not sign one.  STAR certificates never name
                               it, as they are not revoked */
  const char *crl_url;    /**< where relying parties fetch that list, written into certificates; NULL: |base_url| and
                               "/crl", where this role publishes it.  Another address (plain http is usual) has to lead
                               there, or to a copy */
  int64_t renewal_info_s; /**< how long a client may wait before it asks for renewal information again (RFC 9773
                               4.3.2); default 6 h; 0: none is offered */
  const stardeleg_ca_profile *profiles; /**< |profile_count| profiles, the default one first; NULL: none can be chosen,
                                             and certificates are as the default of each member says */
  size_t profile_count;                 /**< how many; at most 16 */
  const stardeleg_bytes *alternate_chains_pem; /**< |alternate_chain_count| more ways from the issuing key to a root,
                                                    each like |issuer_chain_pem| with another certificate for the
                                                    same name and key; clients can choose (RFC 8555 7.4.2).  Copied */
  size_t alternate_chain_count;                /**< how many; at most 8 */
  unsigned challenges;              /**< STARDELEG_CA_HTTP_01 and so on, or-ed: what is offered for each name, as far
                                         as it can prove it; default HTTP_01.  Wildcards take one of the DNS ones */
  const stardeleg_dns *dns;         /**< the DNS, used by the engine's thread; required for the DNS challenges and for
                                         |caa_identities|.  With it, http-01 and tls-alpn-01 connect to the addresses it
                                         finds; NULL: the transport and the probe find them */
  const stardeleg_tls_probe *tls_probe; /**< required for tls-alpn-01; used by the engine's thread */
  uint16_t tls_alpn01_port;         /**< default 443 (RFC 8737 3); others for tests */
  uint16_t https_port;              /**< where redirects of http-01 may lead by https, besides 443; default 443 */
  const char *const *allowed_networks; /**< special addresses (dns.h) that are connected to all the same:
                                         "192.168.0.0/16", NULL-terminated.  NULL: none.  Those that the
                                         transport or the probe finds are its own to guard: stardeleg_curl does so with
                                         |deny_private| and the same |allowed_networks| */
  const char *const *caa_identities; /**< what this CA is called in CAA records (RFC 8659), NULL-terminated, at most 32:
                                         the directory says so, and nothing is issued for a name whose records do not
                                         allow it, with accounturi and validationmethods (RFC 8657).  For these two the
                                         DNS has to validate DNSSEC (RFC 8657 5.6).  NULL: CAA is not looked at */
  int64_t caa_age_max_s;            /**< for how long an answer counts; default 8 h */
  int caa_at_renewal;               /**< nonzero: before each renewal of a STAR order too, not only before its first
                                         certificate; a renewal that is not allowed is tried again after an hour */
  const stardeleg_server_options *server; /**< limits, nonces, changed terms; NULL: the defaults */
  size_t crl_max; /**< longest list of revoked certificates, in bytes, some 50 for each that has not ended: default and
                       at most 16 MiB, at least 64 KiB.  Once seven eighths are used (log: ca.crl.nearly_full), orders
                       without auto-renewal are refused, with the reason, until entries have ended; what is revoked
                       from then on still finds room.  Were even that used up (ca.crl.full), the list that is out
                       stays until it ends */
  int64_t authz_reuse_s; /**< for how long after a validation later orders of the same account for the same name get an
                              authorization that is valid from the beginning (RFC 8555 7.1.3); one for a wildcard says
                              nothing of the name, and the other way round.  Deactivating an authorization ends it.
                              Never for orders with auto-renewal, whose certificates go on without anybody being asked
                              again.  CAA is looked at in any case.  Default 0: each order is validated anew */
  int64_t validation_timeout_ms; /**< how long one attempt at a challenge may take, with all its look-ups, addresses
                                      and redirects: then it has failed; default 60 s.  An engine validates up to 32
                                      names at once, of one account no more than a third as many as there are places
                                      left: 8 of a single one, and the more accounts, the fewer of each.  What has to
                                      wait is no failed attempt (RFC 8555 10.3) */
} stardeleg_ca_options;

/** A change of the time at which clients are told to renew (RFC 9773), for instance before certificates are revoked in
 * large numbers.  Set by stardeleg_ca_renewal_default(), then changed. */
typedef struct stardeleg_ca_renewal {
  size_t size;                  /**< sizeof of this struct */
  const char *serial;           /**< of one certificate, hex as the log writes it; NULL: all issued before
                                     |issued_before| */
  stardeleg_time issued_before; /**< with |serial| NULL: those issued later, replacements among them, keep their time */
  stardeleg_time start_at;      /**< beginning of the window; may be in the past: at once.  STARDELEG_TIME_NONE takes an
                                     earlier change back */
  stardeleg_time end_at;        /**< its end, a second after |start_at| or later */
  const char *explanation_url;  /**< http or https page for people, or NULL */
} stardeleg_ca_renewal;

/** The defaults named above; everything else zero. */
STARDELEG_API void stardeleg_ca_options_default(stardeleg_ca_options *options);

/** The defaults named above. */
STARDELEG_API void stardeleg_ca_profile_default(stardeleg_ca_profile *profile);

/** Makes the role.  |problem| (may be NULL) says which option is wrong.  Returns 0, CONFIG, STORE, NOMEM, CRYPTO or
 * RANDOM.  Free with stardeleg_ca_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ca_new(stardeleg_ca **out,
                                                                  const stardeleg_ca_options *options,
                                                                  stardeleg_problem *problem);

/** Answers one request, like stardeleg_ido_handle().  Any number of threads.  Returns 0, NOMEM or ARGUMENT. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ca_handle(stardeleg_ca *ca,
                                                                     const stardeleg_http_request *request,
                                                                     stardeleg_time now, stardeleg_http_reply **reply);

/** The interface to drive validation and issuance by; valid as long as |ca|.  Its exchanges are plain http GETs to the
 * names being validated. */
STARDELEG_API const stardeleg_engine *stardeleg_ca_engine(stardeleg_ca *ca);

/** Adds an external account binding: |name| is the key identifier, a new MAC key is written to |mac_key| as base64url
 * (64 bytes of room).  Returns 0, EXISTS, ARGUMENT, STORE, SECRETS, RANDOM or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ca_eab_add(stardeleg_ca *ca, const char *name,
                                                                      char mac_key[64], stardeleg_time now);

/** Revokes the certificate with |serial| (hex as the log writes it), for the operator; |reason| is 0, 1, 3, 4, 5 or 9
 * (RFC 5280 5.3.1).  STAR certificates are not revoked: their orders are canceled (RFC 8739 3.1.2).  Any thread.
 * Returns 0, ARGUMENT (no serial, no such reason), NOT_FOUND (no such certificate, or one of a STAR order), STATE (it
 * was revoked before), STORE, CONFLICT or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ca_revoke(stardeleg_ca *ca, const char *serial, int reason,
                                                                     stardeleg_time now);

/** Sets |renewal| to "all certificates, taken back". */
STARDELEG_API void stardeleg_ca_renewal_default(stardeleg_ca_renewal *renewal);

/** Moves the renewal of certificates to another time, or back to the usual one: clients that ask for renewal
 * information (RFC 9773) see it from their next request on.  What was revoked is to be renewed at once anyway.  A
 * change for one certificate goes before one for all; of each kind the last one counts.  Kept in the store.  Any
 * thread.  Returns 0, ARGUMENT (no window, no URL, or a serial that is none), NOT_FOUND (no such certificate, or one of
 * a STAR order), STORE, CONFLICT (somebody else changed it at the same time) or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ca_renewal_move(stardeleg_ca *ca,
                                                                           const stardeleg_ca_renewal *renewal);

/** Makes a self-signed root certificate for |key| with the common name |name|, valid |not_before| to |not_after|, as
 * PEM in malloc'd memory with a final NUL; free() it.  Returns 0, ARGUMENT, NOMEM, CRYPTO or RANDOM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ca_make_root(char **pem, stardeleg_key *key,
                                                                        const char *name, stardeleg_time not_before,
                                                                        stardeleg_time not_after);

/** Makes a TLS server certificate for the DNS names and IP addresses |names| (NULL-terminated), signed by |issuer_key|
 * under |issuer_pem|, for the PKI's own servers.  Result, ownership and codes as stardeleg_ca_make_root(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err
stardeleg_ca_make_server(char **pem, stardeleg_bytes server_spki, const char *const *names, stardeleg_key *issuer_key,
                         stardeleg_bytes issuer_pem, stardeleg_time not_before, stardeleg_time not_after);

/** The owner of the account |account_url| has agreed, in whatever way, to the terms of service as they are now (see
 * stardeleg_server_options).  Any thread.  Returns 0, NOT_FOUND, ARGUMENT, STORE or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ca_account_agreed(stardeleg_ca *ca, const char *account_url);

/** Frees the role; nobody may be inside handle().  NULL allowed. */
STARDELEG_API void stardeleg_ca_free(stardeleg_ca *ca);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_CA_H */

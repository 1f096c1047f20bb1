/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_internal.h -- the CA's inside: its records and what its files tell one another. */
#ifndef SDG_CA_CA_INTERNAL_H
#define SDG_CA_CA_INTERNAL_H

#include <stardeleg/ca.h>
#include "acme/authorization.h"
#include "acme/order.h"
#include "acme_client/agent.h"
#include "acme_server/server.h"
#include "acme_server/version_cache.h"
#include "star/schedule.h"
#include "x509/cert.h"
#include "x509/csr.h"

#define SDG_CA_CAS_TRIES 5
/* How many records are claimed at once, and how many validations are under way. */
#define SDG_CA_CLAIM_MAX 32u
#define SDG_CA_PROFILES_MAX 16u
#define SDG_CA_ALTERNATES_MAX 8u

struct stardeleg_ca {
  stardeleg_ca_options options;
  sdg_server *server;
  /* the issuer */
  stardeleg_key *issuer_key;
  sdg_buf issuer_pem;       /* what follows the end-entity certificate in every chain */
  sdg_buf issuer_name;      /* DER Name */
  sdg_buf issuer_key_id;    /* its subjectKeyIdentifier, or the SHA-1 of its key */
  stardeleg_time issuer_not_after;
  sdg_buf alternates[SDG_CA_ALTERNATES_MAX]; /* what may stand in the place of |issuer_pem| */
  size_t alternate_count;
  stardeleg_ca_profile *profiles; /* copies with strings of our own */
  size_t profile_count;
  sdg_pubkey *issuer_public;
  /* the engine */
  sdg_agent *agent;
  struct sdg_ca_task *tasks;   /* validations and CAA checks under way */
  struct sdg_ca_share *shares; /* of the accounts that validations are under way for, or put off */
  size_t checks_running;       /* validations under way */
  char **allowed_networks;     /* copies; NULL: none */
  char **caa_identities;       /* copies; NULL: CAA is not looked at */
  bool can_wildcard;           /* there is a challenge that proves them (RFC 8555 7.1.4, 8.3): not http-01 */
  /* the list of revoked certificates (ca_crl.c) */
  bool has_crl;
  bool crl_begun;           /* its record exists; the engine's */
  sdg_version_cache *crl_kept; /* the list as it is served */
  char *crl_url;
  stardeleg_engine engine;
};

/* An order. */
typedef struct sdg_ca_order {
  char id[SDG_ID_SIZE];
  char account[SDG_ID_SIZE];
  char cert_id[SDG_ID_SIZE];       /* of the certificate resource; set at birth */
  sdg_acme_order wire;             /* without URLs: those are made from ids when it is shown */
  char (*authz)[SDG_ID_SIZE];      /* ids of its authorizations */
  size_t authz_count;
  sdg_buf csr;                     /* DER; empty before finalize */
  stardeleg_time first_issue_at;   /* NONE before the first certificate */
  uint64_t next_index;             /* of the next period to issue */
  uint64_t rules;                  /* of its profile when it was ordered (ca_profile.h) */
  int64_t plain_lifetime_s;        /* of its profile */
  stardeleg_time caa_checked_at;   /* when CAA allowed all names; NONE: never */
  stardeleg_time caa_retry_at;     /* a renewal that it did not allow is tried again; NONE: there was none */
  uint64_t version;                /* 0: new */
  uint64_t fence;
} sdg_ca_order;

/* An authorization.  The first of its challenges is the one that counts: the client's choice once there is a key
 * authorization, and the only one once it is decided. */
typedef struct sdg_ca_authz {
  char id[SDG_ID_SIZE];
  char order[SDG_ID_SIZE];
  char account[SDG_ID_SIZE];
  sdg_acme_authorization wire;     /* challenge URLs are place holders: made from the id */
  char *key_authorization;         /* fixed when the challenge is answered (ACME-8.3-06); NULL before */
  uint32_t attempts;
  stardeleg_time expires_at;
  bool just_proven;                /* not stored: what is being written is its validation */
  uint64_t version;
  uint64_t fence;
} sdg_ca_authz;

/* What GET star-certificate needs, in one record. */
typedef struct sdg_ca_cert {
  char id[SDG_ID_SIZE];
  char order[SDG_ID_SIZE];
  char account[SDG_ID_SIZE];
  bool is_star;
  bool canceled;
  bool certificate_get;
  stardeleg_time end_at;           /* end-date; NEVER for plain orders */
  stardeleg_time not_before, not_after;
  stardeleg_time next_at;          /* when the next certificate will be here; NEVER: none to come */
  char serial[48];
  char *chain_pem;
  bool revoked;
  stardeleg_time issued_at;        /* NONE in records of older versions */
  stardeleg_time revoked_at;       /* NONE while it is not */
  int64_t reason;                  /* of the revocation, RFC 5280 5.3.1 */
  char replaced_by[SDG_ID_SIZE];   /* order that is to replace it (RFC 9773 5); "" */
  uint64_t version;
} sdg_ca_cert;

/* --- ca_record.c, ca_record_authz.c --- */
void sdg_ca_order_init(sdg_ca_order *order);
void sdg_ca_order_clear(sdg_ca_order *order);
void sdg_ca_order_write(sdg_buf *out, const sdg_ca_order *order);
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_order_read(sdg_ca_order *out, const stardeleg_record *record);
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_order_load(const stardeleg_ca *ca, const char *id, sdg_ca_order *out);
/* When the engine has to do something for the order: issue, or end it; NEVER: nothing more. */
stardeleg_time sdg_ca_order_next_at(const stardeleg_ca *ca, const sdg_ca_order *order);
/* When it is removed, with all that belongs to it; NEVER while there is something to do. */
stardeleg_time sdg_ca_order_over_at(const stardeleg_ca *ca, const sdg_ca_order *order);
void sdg_ca_authz_init(sdg_ca_authz *authz);
void sdg_ca_authz_clear(sdg_ca_authz *authz);
void sdg_ca_authz_write(sdg_buf *out, const sdg_ca_authz *authz);
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_authz_read(sdg_ca_authz *out, const stardeleg_record *record);
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_authz_load(const stardeleg_ca *ca, const char *id, sdg_ca_authz *out);
void sdg_ca_cert_init(sdg_ca_cert *cert);
void sdg_ca_cert_clear(sdg_ca_cert *cert);
void sdg_ca_cert_write(sdg_buf *out, const sdg_ca_cert *cert);
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_cert_load(const stardeleg_ca *ca, const char *id, sdg_ca_cert *out);

/* The certificate of a plain order by its serial as hex; NOT_FOUND for STAR certificates and for certificates that were
 * never a resource (the PKI's own). */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_cert_by_serial(const stardeleg_ca *ca, const char *serial, sdg_ca_cert *out);

/* Operations of a batch; |value| keeps the record's text until the batch is done. */
void sdg_ca_put_order(const stardeleg_ca *ca, stardeleg_store_op *op, sdg_buf *value, const sdg_ca_order *order,
                      bool release);
void sdg_ca_put_authz(stardeleg_store_op *op, sdg_buf *value, const sdg_ca_authz *authz, stardeleg_time due,
                      bool release);
void sdg_ca_put_cert(stardeleg_store_op *op, sdg_buf *value, const sdg_ca_cert *cert);
/* The order alone, at once; |release| drops the lease. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_save_order(const stardeleg_ca *ca, const sdg_ca_order *order, bool release);

/* --- Routes --- */
stardeleg_err sdg_ca_route_new_order(void *role, sdg_call *call);
stardeleg_err sdg_ca_route_order(void *role, sdg_call *call);
stardeleg_err sdg_ca_route_finalize(void *role, sdg_call *call);
stardeleg_err sdg_ca_route_authz(void *role, sdg_call *call);
stardeleg_err sdg_ca_route_challenge(void *role, sdg_call *call);
stardeleg_err sdg_ca_route_cert(void *role, sdg_call *call);
stardeleg_err sdg_ca_route_revoke(void *role, sdg_call *call);
stardeleg_err sdg_ca_list_orders(void *role, sdg_call *call);
/* The account is no longer: what it has not finished becomes invalid (RFC 8555 7.3.6). */
stardeleg_err sdg_ca_end_account(void *role, const sdg_server_account *account, stardeleg_time now);
/* The order as the reply. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_reply_order(stardeleg_ca *ca, sdg_call *call, const sdg_ca_order *order,
                                                      int status);

/* --- Issuing (ca_issue.c) --- */
/* The error of orders that end with their account. */
#define SDG_CA_ACCOUNT_GONE "the account was deactivated"
/* Sets status invalid and the error. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_order_fail(sdg_ca_order *order, stardeleg_acme_error acme,
                                                     const char *detail);
/* Works on a claimed order: issues what is due, or lets it expire.  The record is written and released. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_work_order(stardeleg_ca *ca, const stardeleg_record *record,
                                                     stardeleg_time now);
/* Removes a claimed order that is over, with its authorizations and its certificate (ca_remove.c).  A revoked
 * certificate stays as long as it is on the list. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_remove_order(stardeleg_ca *ca, const sdg_ca_order *order, stardeleg_time now);
/* --- The certificate itself (ca_build.c) --- */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_build_chain(stardeleg_ca *ca, const sdg_ca_order *order,
                                                      stardeleg_time not_before, stardeleg_time not_after,
                                                      sdg_ca_cert *cert);
/* Checks the CSR for |order|: DER, signature, key, names.  Problem badCSR. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_check_csr(stardeleg_ca *ca, const sdg_ca_order *order, stardeleg_bytes der,
                                                    stardeleg_problem *problem);

/* --- Renewal information (ca_renewal.c) --- */
stardeleg_err sdg_ca_route_renewal_info(void *role, sdg_call *call);
/* The certificate that a new order for |identifiers| says it |replaces|, marked as replaced by |order_id|: to be
 * written with the order.  Else a problem (RFC 9773 5). */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_replace(stardeleg_ca *ca, sdg_call *call, const sdg_identifiers *identifiers,
                                                  const char *replaces, const char *order_id, sdg_ca_cert *out);

/* --- The list of revoked certificates (ca_crl.c) --- */
#define SDG_CA_CRL_KIND "crl"
stardeleg_err sdg_ca_route_crl(void *role, sdg_call *call);
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_open(stardeleg_ca *ca);
/* Problem serverInternal (503) while the list is nearly full: nothing is to be issued that might have to be on it. */
#define SDG_CA_CRL_FULL                                                                                                \
  "the list of revoked certificates is nearly full: for now only orders with auto-renewal are accepted"
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_check_room(const stardeleg_ca *ca, stardeleg_time now,
                                                         stardeleg_problem *problem);
/* From now on certificates name the list, so there has to be one. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_begin(stardeleg_ca *ca, stardeleg_time now);
/* The operations of a revocation besides the certificate's own: |ops| gets SDG_CA_CRL_OPS at most, |*n| more. */
#define SDG_CA_CRL_OPS 2
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_add(stardeleg_ca *ca, const sdg_ca_cert *cert, stardeleg_time now,
                                                  stardeleg_store_op *ops, sdg_buf *values, size_t *n);
/* Makes it anew: |record| is claimed. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_crl_work(stardeleg_ca *ca, const stardeleg_record *record,
                                                   stardeleg_time now);

/* --- Challenges (ca_challenge.c) --- */
/* Checks and copies the options about them. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_challenges_load(stardeleg_ca *ca, stardeleg_problem *problem);
void sdg_ca_challenges_clear(stardeleg_ca *ca);
/* Every identifier can be proven by some challenge; else rejectedIdentifier. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_check_provable(const stardeleg_ca *ca, const sdg_identifiers *list,
                                                         stardeleg_problem *problem);
/* All challenges that can prove what |authz| is about. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_fill_challenges(stardeleg_ca *ca, sdg_acme_authorization *authz);
/* Type and place holder of a new challenge; no token yet. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_fill_challenge(sdg_acme_challenge *challenge, const char *type);
/* The first challenge is the only one from now on. */
void sdg_ca_drop_other_challenges(sdg_acme_authorization *authz);

/* --- What an account has proven (ca_proof.c) --- */
#define SDG_CA_PROOF_KIND "proof"
/* Makes a new authorization valid if its account has proven the identifier of late; else leaves it without challenges.
 */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_use_proof(const stardeleg_ca *ca, sdg_ca_authz *authz, stardeleg_time now);
/* Appends what |authz| makes of the proof: kept if it is just proven, gone if it is deactivated. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_put_proof(const stardeleg_ca *ca, const sdg_ca_authz *authz,
                                                    char key[SDG_ID_SIZE], stardeleg_store_op *ops, sdg_buf *value,
                                                    size_t *n);
/* Removes one that is too old: |record| is claimed. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_end_proof(const stardeleg_ca *ca, const stardeleg_record *record);

/* --- CAA (ca_caa.c) --- */
/* The identities, for the directory. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_caa_describe(const stardeleg_ca *ca, sdg_acme_directory *directory);
/* The records have to be looked at before |order| is issued for. */
bool sdg_ca_needs_caa(const stardeleg_ca *ca, const sdg_ca_order *order, stardeleg_time now);
/* Begins to look at them; |order| is claimed, and empty afterwards.  What comes of it is written to the order, which is
 * due again then. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_begin_caa(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_time now);

/* --- Validation (ca_validate.c) --- */
/* Begins the check of a claimed authorization, puts it off while its account has its share, or lets it expire. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_begin_check(stardeleg_ca *ca, const stardeleg_record *record,
                                                      stardeleg_time now);
void sdg_ca_drop_checks(stardeleg_ca *ca);
/* Writes a decided authorization together with what that makes of its order (RFC 8555 7.1.6); |release| drops the
 * lease.
 */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_store_decision(stardeleg_ca *ca, const sdg_ca_authz *authz,
                                                         stardeleg_time due, bool release);
/* Renews the leases of checks under way, and ends the wait of those whose time is over. */
void sdg_ca_renew_checks(stardeleg_ca *ca, stardeleg_time now);
/* When the time of the first of them is over; NEVER if there is none. */
stardeleg_time sdg_ca_checks_until(const stardeleg_ca *ca);
/* Forgets the accounts that have nothing under way and nothing put off. */
void sdg_ca_share_sweep(stardeleg_ca *ca, stardeleg_time now);

#endif /* SDG_CA_CA_INTERNAL_H */

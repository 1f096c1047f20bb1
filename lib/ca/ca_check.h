/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_check.h -- the validation of one challenge: what its life (ca_validate.c) and its ways (ca_check_*.c) share. */
#ifndef SDG_CA_CA_CHECK_H
#define SDG_CA_CA_CHECK_H

#include <stardeleg/tls_probe.h>
#include "ca/ca_task.h"

/* --- Addresses to connect to (ca_address.c) --- */
#define SDG_CA_ADDRESSES_MAX 4

typedef struct sdg_ca_addresses {
  char text[SDG_CA_ADDRESSES_MAX][STARDELEG_ADDRESS_SIZE];
  size_t count;
  size_t denied;   /* left out because nobody is to be reached there for others */
  bool asked[2];   /* AAAA, A */
  bool failed;     /* one of the two could not be had */
  char why[160];   /* the failure for people */
} sdg_ca_addresses;

typedef enum sdg_ca_lookup { SDG_CA_LOOKUP_WAIT = 0, SDG_CA_LOOKUP_READY, SDG_CA_LOOKUP_FAILED } sdg_ca_lookup;

/* The addresses of |host| (a name, or an address with or without brackets), IPv6 first.  WAIT until |*ready_at|; FAILED
 * with the problem set.  Without a resolver a name has none, and READY says that the transport is to find them. */
sdg_ca_lookup sdg_ca_find_addresses(stardeleg_ca *ca, const char *host, sdg_ca_addresses *out, stardeleg_time now,
                                    stardeleg_time *ready_at, stardeleg_problem *problem);
/* The address may be connected to on a client's behalf. */
bool sdg_ca_may_reach(const stardeleg_ca *ca, stardeleg_bytes address);

/* --- Shares (ca_share.c) --- */
typedef struct sdg_ca_share sdg_ca_share;

/* What |account| has under way; NULL without memory.  Good until the next sweep, or until what it runs has ended. */
sdg_ca_share *sdg_ca_share_of(stardeleg_ca *ca, const char *account);
/* A place for one more, to be given back; false: the account has to wait, or all do. */
bool sdg_ca_share_take(stardeleg_ca *ca, sdg_ca_share *share, stardeleg_time now);
void sdg_ca_share_give(stardeleg_ca *ca, sdg_ca_share *share);
/* One that had a place took so long. */
void sdg_ca_share_took(sdg_ca_share *share, int64_t took_ms);
/* For how long one that got no place is put off. */
int64_t sdg_ca_share_hold(sdg_ca_share *share, stardeleg_time now);

/* --- One validation --- */
typedef struct sdg_ca_check sdg_ca_check;

/* A way of validation. */
typedef struct sdg_ca_method {
  const char *type;  /* in challenges and in validationmethods of CAA */
  unsigned flag;     /* STARDELEG_CA_* */
  bool for_wildcard; /* can prove "*.example.org" */
  bool for_ip;       /* can prove an address */
  /* Like the ask of a task; ends with sdg_ca_check_decide(). */
  stardeleg_err (*ask)(sdg_ca_check *check, sdg_step *step, stardeleg_time now);
  stardeleg_err (*take)(sdg_ca_check *check, const sdg_result *result, stardeleg_time now); /* or NULL */
} sdg_ca_method;

struct sdg_ca_check {
  sdg_ca_task task;
  const sdg_ca_method *method;
  sdg_ca_share *share; /* its account's: it has one place of it */
  stardeleg_time begun_at;
  sdg_ca_authz authz;
  sdg_ca_addresses addresses;
  size_t address_at;
  sdg_buf url;        /* http-01 */
  sdg_buf host;       /* of |url|; dns-01: the name of the TXT record; tls-alpn-01: the server name */
  unsigned redirects;
};

extern const sdg_ca_method sdg_ca_http_01, sdg_ca_dns_01, sdg_ca_dns_account_01, sdg_ca_tls_alpn_01;
/* NULL for unknown types. */
const sdg_ca_method *sdg_ca_method_of(const char *type);

/* The addresses of |host|, for the check under way: true when they are there (in |check->addresses|); false when |step|
 * waits for them, or the check has been decided without. */
bool sdg_ca_check_has_addresses(sdg_ca_check *check, const char *host, sdg_step *step, stardeleg_time now);
/* Valid if |problem| is NULL, else failed this time.  The record is written, the task finished. */
void sdg_ca_check_decide(sdg_ca_check *check, const stardeleg_problem *problem, stardeleg_time now);

#endif /* SDG_CA_CA_CHECK_H */

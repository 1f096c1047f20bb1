/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/check.h -- does the DNS hold the delegates back (RFC 9115 7.4)? */
#ifndef EXAMPLE_IDO_SERVER_CHECK_H
#define EXAMPLE_IDO_SERVER_CHECK_H

#include <stdbool.h>

#include <stardeleg/caa.h>
#include <stardeleg/dns.h>
#include "common/config.h"

/* Which configuration the command "check" reads; once, before commands are answered. */
void check_configure(const config *cfg);

/* --- One name (check_name.c) --- */

#define CHECK_FINDINGS_MAX 10
#define CHECK_TEXT 640

/* What is known before: everything is borrowed. */
typedef struct check_subject {
  const char *name;              /* "www.example.org", "*.example.org" */
  const char *const *identities; /* of the CA; NULL or empty: not known */
  const char *account;           /* URL of our account there; "": none */
  const char *target;            /* of the name in the map, without final dot; NULL: none */
  bool cname_wanted;             /* it should be there by now */
  bool answers_dns01;            /* the issuer does */
} check_subject;

/* The rules of CAA asked about three who want a certificate. */
enum { CHECK_US, CHECK_STRANGER, CHECK_OTHER_WAY, CHECK_QUESTIONS };

typedef enum check_step { CHECK_CAA, CHECK_CNAME, CHECK_CHALLENGE, CHECK_DONE } check_step;

typedef struct check_name {
  check_subject subject;
  check_step step;
  stardeleg_time next_at;
  stardeleg_caa *caa[CHECK_QUESTIONS];
  bool answered; /* at least one look-up gave an answer */
  bool insecure; /* and not all answers were validated */
  bool bogus;
  bool others;           /* another CA is named */
  bool wants_records;    /* the CAA records are not as they should be */
  const char *caa_state; /* "open", "ours", "refused", "unknown" */
  char found_at[STARDELEG_CAA_NAME_SIZE];
  char record[STARDELEG_CAA_TEXT_SIZE];
  char cname[STARDELEG_DNS_NAME_SIZE];
  char challenge[STARDELEG_DNS_NAME_SIZE]; /* where "_acme-challenge" leads; "": nowhere else */
  char findings[CHECK_FINDINGS_MAX][CHECK_TEXT];
  size_t finding_count;
} check_name;

/* Begins; false for lack of memory. */
bool check_name_begin(check_name *c, const check_subject *subject);
/* Goes on as far as it can: to DONE, or |next_at| says when to call again. */
void check_name_go_on(check_name *c, const stardeleg_dns *dns, stardeleg_time now);
/* It takes too long. */
void check_name_give_up(check_name *c);
void check_name_end(check_name *c);
const char *check_name_dnssec(const check_name *c);

#endif /* EXAMPLE_IDO_SERVER_CHECK_H */

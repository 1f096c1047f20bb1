/* SPDX-License-Identifier: Apache-2.0 */
/** @file dns_exec.h
 *  Changes of a zone by programs: nsupdate (RFC 2136 with TSIG), lexicon, a hook of a stable contract, and hooks that
 *  were written for uacme, certbot, dehydrated, lego and acme.sh.  In its own library (stardeleg_exec).
 *
 *  Programs are run without a shell, in a process group of their own, with no descriptors but the standard ones; they
 *  are never waited for; one that takes too long is killed with its whole group.  What they print goes to the log,
 *  escaped and cut.  Everything that becomes an argument, a line of a script or an environment variable has passed
 *  stardeleg_dns_change_check(). */
#ifndef STARDELEG_DNS_EXEC_H
#define STARDELEG_DNS_EXEC_H

#include <stardeleg/dns_update.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How programs are run.  Set by stardeleg_dns_exec_options_default(), then changed.  Strings are copied.
 *
 *  Styles, and what the program gets:
 *  - "exec": `PROGRAM upsert|remove TXT|CNAME NAME VALUE`; the same in STARDELEG_ACTION, STARDELEG_TYPE,
 *    STARDELEG_NAME, STARDELEG_VALUE, and STARDELEG_TTL, STARDELEG_TOKEN.  Names have no final dot.  `upsert` puts a
 * TXT record beside others of its name and a CNAME in the place of another; `remove` takes away this record and no
 * other, and succeeds if there is none.  Exit status 0: done; 75: not now, try again; all else: failed.
 *  - "nsupdate": a script on standard input: `server`, `zone`, `update`, `send`; the key by `-k`.  TXT and CNAME.
 *  - "lexicon": `PROGRAM PROVIDER create|delete ZONE TXT|CNAME --name=NAME --content=VALUE`.
 *  - "lego" (its exec provider): `PROGRAM present|cleanup NAME. VALUE`.  TXT.
 *  - "acme.sh": `PROGRAM PLUGIN add|rm NAME VALUE`; PROGRAM is a wrapper around dns_xx_add and dns_xx_rm.  TXT.
 *  - "uacme": `PROGRAM begin|done dns-01 DOMAIN TOKEN VALUE`.  TXT at `_acme-challenge.DOMAIN`.
 *  - "dehydrated": `PROGRAM deploy_challenge|clean_challenge DOMAIN TOKEN VALUE`.  TXT as above.
 *  - "certbot" (manual hooks): CERTBOT_DOMAIN, CERTBOT_VALIDATION, CERTBOT_REMAINING_CHALLENGES, CERTBOT_ALL_DOMAINS;
 *    |cleanup_program| gets CERTBOT_AUTH_OUTPUT too, which is empty after a restart.  TXT as above. */
typedef struct stardeleg_dns_exec_options {
  size_t size;                    /**< sizeof of this struct */
  const char *style;              /**< one of the above; required */
  const char *program;            /**< path with a slash; NULL: /usr/bin/nsupdate, /usr/bin/lexicon; else required */
  const char *cleanup_program;    /**< "certbot": path; NULL: nothing is run for removals */
  const char *key_file;           /**< "nsupdate": TSIG key as BIND and knot write it; NULL: none */
  const char *server;             /**< "nsupdate": "192.0.2.53" or "127.0.0.1@8053"; NULL: nsupdate finds the primary */
  const char *zone;               /**< "nsupdate": NULL: found by nsupdate; "lexicon": required */
  const char *provider;           /**< "lexicon": required */
  const char *plugin;             /**< "acme.sh": path of the plug-in, required */
  int64_t timeout_ms;             /**< until a program is killed; default 60 s */
  size_t processes_max;           /**< most at once; further changes wait; default 8, at most 64 */
  const char *const *environment; /**< "NAME=value", NULL-terminated; NULL: that of this process.  Variables of the
                                       style are put in place of those with the same name */
  stardeleg_log log;              /**< where log lines go */
} stardeleg_dns_exec_options;

/** The defaults named above; everything else zero. */
STARDELEG_API void stardeleg_dns_exec_options_default(stardeleg_dns_exec_options *options);

/** Makes it.  |why| (may be NULL) gets a sentence of static storage when an option is wrong.  Returns 0, CONFIG or
 *  NOMEM.  Free with stardeleg_dns_exec_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_dns_exec_new(stardeleg_dns_update **out,
                                                                        const stardeleg_dns_exec_options *options,
                                                                        const char **why);

/** Nonzero if programs of |style| can put records of |type| at names that do not begin with "_acme-challenge.": what
 *  CNAMEs, dns-account-01 and an alias of `_acme-challenge` need.  0 for styles that do not exist. */
STARDELEG_API int stardeleg_dns_exec_can(const char *style, stardeleg_dns_type type);

/** Frees it.  Programs that take records away get |patience_ms| more; then everything that runs is killed.  NULL
 *  allowed. */
STARDELEG_API void stardeleg_dns_exec_free(stardeleg_dns_update *update, int64_t patience_ms);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_DNS_EXEC_H */

/* SPDX-License-Identifier: Apache-2.0 */
/** @file dns_unbound.h
 *  A resolver on libunbound, validating with DNSSEC.  In its own library (stardeleg_unbound).  libunbound works on a
 *  thread of its own; look-ups never wait. */
#ifndef STARDELEG_DNS_UNBOUND_H
#define STARDELEG_DNS_UNBOUND_H

#include <stardeleg/dns.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How it resolves.  Set by stardeleg_dns_unbound_options_default(), then changed.  Strings are copied. */
typedef struct stardeleg_dns_unbound_options {
  size_t size;                 /**< sizeof of this struct */
  const char *const *servers;  /**< resolvers to ask, NULL-terminated: "192.0.2.53" or "127.0.0.1@8053" for another
                                  port; NULL: from the root servers down */
  const char *trust_anchor;    /**< file with the root's DS or DNSKEY records (Debian: /usr/share/dns/root.key); NULL:
                                  nothing is validated, no answer is secure */
  int64_t timeout_ms;          /**< until a look-up is given up; default 10 s */
  unsigned cache_max_s;        /**< longest time an answer is kept, whatever its TTL; 0: not at all; default 60 */
} stardeleg_dns_unbound_options;

/** The defaults named above; everything else zero. */
STARDELEG_API void stardeleg_dns_unbound_options_default(stardeleg_dns_unbound_options *options);

/** Makes a resolver.  |options| NULL: the defaults.  Returns 0, NOMEM, ARGUMENT, CONFIG (a server or the trust anchor
 *  is refused) or CALLBACK (libunbound does not work here).  Free with stardeleg_dns_unbound_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err
stardeleg_dns_unbound_new(stardeleg_dns **out, const stardeleg_dns_unbound_options *options);

/** Frees the resolver and every answer that was not released.  NULL allowed. */
STARDELEG_API void stardeleg_dns_unbound_free(stardeleg_dns *dns);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_DNS_UNBOUND_H */

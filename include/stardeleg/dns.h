/* SPDX-License-Identifier: Apache-2.0 */
/** @file dns.h
 *  The door to the DNS: a table of two functions by which an engine asks without ever waiting, and readers of what
 *  comes back.  dns_unbound.h has a ready one on libunbound; any other resolver can be put behind the same table. */
#ifndef STARDELEG_DNS_H
#define STARDELEG_DNS_H

#include <stardeleg/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Record types that are asked for: their numbers in the DNS. */
typedef enum stardeleg_dns_type {
  STARDELEG_DNS_A = 1,     /**< IPv4 address */
  STARDELEG_DNS_CNAME = 5, /**< alias */
  STARDELEG_DNS_TXT = 16,  /**< text */
  STARDELEG_DNS_AAAA = 28, /**< IPv6 address */
  STARDELEG_DNS_CAA = 257  /**< certification authority authorization */
} stardeleg_dns_type;

/** How a look-up went. */
typedef enum stardeleg_dns_status {
  STARDELEG_DNS_OK = 0,    /**< the name exists; there may still be no records of the type */
  STARDELEG_DNS_NO_NAME,   /**< the name does not exist (NXDOMAIN) */
  STARDELEG_DNS_FAILED,    /**< the servers refuse or fail (SERVFAIL, REFUSED ...) */
  STARDELEG_DNS_TIMEOUT,   /**< nobody answered in time */
  STARDELEG_DNS_BOGUS      /**< DNSSEC validation failed: somebody may have tampered with it */
} stardeleg_dns_status;

/** An answer.  Everything belongs to the resolver until it is released. */
typedef struct stardeleg_dns_answer {
  stardeleg_dns_status status;     /**< the rest counts with OK and NO_NAME only, but for |failure_text| */
  int secure;                      /**< nonzero: DNSSEC-validated, absence too */
  uint32_t ttl_s;                  /**< how long it may be kept, in seconds */
  const char *canonical_name;      /**< where aliases led to, without final dot; NULL: there were none */
  const stardeleg_bytes *records;  /**< rdata as on the wire, names in it not compressed; NULL if there are none */
  size_t record_count;             /**< how many */
  const char *failure_text;        /**< for people, printable ASCII; NULL if there is nothing to say */
} stardeleg_dns_answer;

/** A resolver.  Used by one thread at a time. */
typedef struct stardeleg_dns {
  size_t size; /**< sizeof of this struct */
  void *ctx;   /**< handed to both functions */
  /** Asks for the records of |type| at |name| (ASCII, without final dot), following aliases.  Must not wait.
   *  If the answer is there, sets |*answer|; it is then the caller's to release, and forgotten: the same question later
   *  is a new one.  Otherwise |*answer| stays NULL and |*ready_at| is set after |now|: the caller asks the same again
   *  then, or never.  Returns 0, or NOMEM, ARGUMENT or CALLBACK when nothing can be asked at all. */
  stardeleg_err (*lookup)(void *ctx, const char *name, stardeleg_dns_type type, stardeleg_time now,
                          stardeleg_time *ready_at, const stardeleg_dns_answer **answer);
  /** Frees an answer. */
  void (*release)(void *ctx, const stardeleg_dns_answer *answer);
} stardeleg_dns;

/** Bytes of room for the text of a name, with the final NUL: 255 octets on the wire, each at most four characters. */
#define STARDELEG_DNS_NAME_SIZE 1024
/** Bytes of room for the text of an address, with the final NUL. */
#define STARDELEG_ADDRESS_SIZE 46

/** Reads the rdata of a TXT record: its strings, joined, NUL-terminated; |*len| (may be NULL) without the NUL, as there
 *  may be NULs within.  Returns 0, MALFORMED, or LIMIT if |size| is too small.  Any thread. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_dns_read_txt(char *out, size_t size, size_t *len,
                                                                        stardeleg_bytes rdata);

/** Reads the rdata of a CNAME record: the name without final dot, "." for the root; bytes other than letters, digits,
 *  hyphen and underscore as a backslash and three decimal digits (RFC 1035 5.1), so that the text is safe to show.
 *  Returns 0, or MALFORMED (compressed names too).  Any thread. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_dns_read_name(char out[STARDELEG_DNS_NAME_SIZE],
                                                                         stardeleg_bytes rdata);

/** Reads the rdata of an A or AAAA record as text: "192.0.2.1", "2001:db8::1" (RFC 5952).  Returns 0, or MALFORMED for
 *  any length but 4 and 16.  Any thread. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_dns_read_address(char out[STARDELEG_ADDRESS_SIZE],
                                                                            stardeleg_bytes rdata);

/** Nonzero if an address (4 or 16 octets; others count as special) is not part of the public internet by the IANA
 *  registries: loopback, private, link-local, shared, multicast, documentation, reserved, and the IPv6 forms that carry
 *  such an IPv4 address.  What must not be reached on somebody else's behalf.  Any thread. */
STARDELEG_API int stardeleg_address_is_special(stardeleg_bytes address);

/** Nonzero if |address| (4 or 16 octets) lies in |network|: "192.0.2.0/24", "2001:db8::/32", or a single address.  A
 *  text that is no network holds nothing.  Any thread. */
STARDELEG_API int stardeleg_network_has(const char *network, stardeleg_bytes address);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_DNS_H */

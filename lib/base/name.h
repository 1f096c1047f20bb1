/* SPDX-License-Identifier: Apache-2.0 */
/* base/name.h -- DNS names, IP texts and mail addresses as identifiers (RFC 5280 4.2.1.6, RFC 8555 7.1.4). */
#ifndef SDG_BASE_NAME_H
#define SDG_BASE_NAME_H

#include <stdbool.h>
#include <stardeleg/base.h>

#define SDG_NAME_MAX 253

/* What is wrong with a name; the phrase is for details of problems. */
typedef enum sdg_name_fault {
  SDG_NAME_OK = 0,
  SDG_NAME_EMPTY,
  SDG_NAME_TOO_LONG,      /* over 253 octets or a label over 63 */
  SDG_NAME_BAD_LABEL,     /* empty label, hyphen at an end, final dot */
  SDG_NAME_BAD_CHARACTER, /* anything but letters, digits, hyphen (underscore too), or U-label */
  SDG_NAME_ONE_LABEL,     /* a single label */
  SDG_NAME_IS_ADDRESS,    /* text of an IP address */
  SDG_NAME_BAD_WILDCARD,  /* a "*" that is not the whole first label of at least three, or not allowed here */
  SDG_NAME_BAD_ALABEL     /* "xn--" that does not decode, or not to itself again, or to what IDNA disallows (idna.h) */
} sdg_name_fault;

#define SDG_NAME_ALLOW_WILDCARD 1u   /* "*.example.org" */
#define SDG_NAME_ALLOW_ONE_LABEL 2u  /* "localhost" */

/* Checks a DNS name.  Case is free. */
sdg_name_fault sdg_name_check_dns(stardeleg_bytes name, unsigned flags);
const char *sdg_name_fault_text(sdg_name_fault fault);
bool sdg_name_is_wildcard(stardeleg_bytes name);
/* ASCII case-insensitive. */
bool sdg_name_equal_dns(stardeleg_bytes a, stardeleg_bytes b);
/* True for the text of an IPv4 address or a (bracketed or bare) IPv6 address. */
bool sdg_name_is_address(stardeleg_bytes name);
/* RFC 5321 dot-atom or plain local part, "@", DNS domain; ASCII; at most 254. */
bool sdg_name_is_email(stardeleg_bytes name);
/* Local part exact, domain case-insensitive (RFC 5280 7.5). */
bool sdg_name_equal_email(stardeleg_bytes a, stardeleg_bytes b);
/* Absolute URI: scheme and a non-empty rest; with an authority its host is an FQDN or an address; ASCII. */
bool sdg_name_is_uri(stardeleg_bytes name);
/* Scheme and host case-insensitive, the rest exact (RFC 5280 7.4). */
bool sdg_name_equal_uri(stardeleg_bytes a, stardeleg_bytes b);

#endif /* SDG_BASE_NAME_H */

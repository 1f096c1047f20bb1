/* SPDX-License-Identifier: Apache-2.0 */
/** @file caa.h
 *  CAA records (RFC 8659 with the parameters of RFC 8657): may this CA issue for this name, to this account, by this
 *  way of validation?  Pure evaluation: it says which name to look up next and takes the records; who asks the DNS, and
 *  how, is the program's affair (dns.h has a door to it).  For CAs, and for owners of names who want to know whether
 *  their records hold a delegate back (RFC 9115 7.4). */
#ifndef STARDELEG_CAA_H
#define STARDELEG_CAA_H

#include <stardeleg/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One CAA record.  Both parts point into the rdata it was read from. */
typedef struct stardeleg_caa_record {
  int critical;          /**< nonzero: issuer critical flag; the other flag bits do not count (RFC 8659 4.1) */
  stardeleg_bytes tag;   /**< letters and digits, as written; compared without case */
  stardeleg_bytes value; /**< any bytes */
} stardeleg_caa_record;

/** Reads the rdata of one record.  Returns 0 or MALFORMED.  Any thread. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_caa_read(stardeleg_caa_record *out, stardeleg_bytes rdata);

/** What is asked.  Copied by stardeleg_caa_new(). */
typedef struct stardeleg_caa_question {
  size_t size;                     /**< sizeof of this struct */
  const char *name;                /**< the name in the certificate, "*.example.org" for wildcards */
  const char *const *issuers;      /**< issuer domain names of the CA, NULL-terminated; at least one */
  const char *const *account_uris; /**< every URI of the account that asks, NULL-terminated; NULL: none is known, so
                                      that whatever is bound to an account does not match */
  const char *method;              /**< "dns-01" ...; NULL: not known, so that whatever is bound to methods does not
                                      match */
} stardeleg_caa_question;

/** Why the answer is what it is. */
typedef enum stardeleg_caa_reason {
  STARDELEG_CAA_NO_RECORDS = 0,   /**< allowed: no CAA records up to the root */
  STARDELEG_CAA_NOT_RESTRICTED,   /**< allowed: the records say nothing about issuing */
  STARDELEG_CAA_GRANTED,          /**< allowed: a property names the CA and all its parameters match */
  STARDELEG_CAA_CRITICAL,         /**< refused: a critical property is unknown (RFC 8659 4.1) */
  STARDELEG_CAA_MALFORMED_RECORD, /**< refused: a record cannot be read, so it may be one that forbids */
  STARDELEG_CAA_MALFORMED_VALUE,  /**< refused: nobody is named but by a value without its form (RFC 8659 4.2) */
  STARDELEG_CAA_NOBODY,           /**< refused: an empty issuer and no other */
  STARDELEG_CAA_OTHER_ISSUER,     /**< refused: only others are named */
  STARDELEG_CAA_OTHER_ACCOUNT,    /**< refused: the CA is named, for another account, or accounturi is not usable */
  STARDELEG_CAA_OTHER_METHOD,     /**< refused: the CA is named, but not this way of validation */
  STARDELEG_CAA_MALFORMED_PARAMETER /**< refused: the CA is named, with a parameter twice or without its form */
} stardeleg_caa_reason;

/** Bytes of room, with the final NUL. */
#define STARDELEG_CAA_NAME_SIZE 256
/** Bytes of room for a record as text, with the final NUL; a longer one is cut and ends in "...". */
#define STARDELEG_CAA_TEXT_SIZE 512

/** The answer.  Strings are NUL-terminated and hold no control characters. */
typedef struct stardeleg_caa_result {
  int allowed;                          /**< nonzero: CAA does not forbid it */
  stardeleg_caa_reason reason;          /**< why */
  char found_at[STARDELEG_CAA_NAME_SIZE]; /**< where the records stand that counted; "": nowhere */
  char record[STARDELEG_CAA_TEXT_SIZE];   /**< the one that decided, as `0 issue "ca.example"`; "": none did */
} stardeleg_caa_result;

/** A phrase for |reason|, to go behind the name: "is not restricted by CAA records".  Static storage.  Any thread. */
STARDELEG_API const char *stardeleg_caa_reason_text(stardeleg_caa_reason reason);

/** An evaluation under way.  Opaque; one thread at a time. */
typedef struct stardeleg_caa stardeleg_caa;

/** Begins.  Returns 0, ARGUMENT (no DNS name, no issuer) or NOMEM.  Free with stardeleg_caa_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_caa_new(stardeleg_caa **out,
                                                                   const stardeleg_caa_question *question);

/** The name whose CAA records are wanted next, without final dot; the look-up follows aliases.  NULL: the result
 *  stands.  Borrowed until the next call of stardeleg_caa_take(). */
STARDELEG_API const char *stardeleg_caa_next(const stardeleg_caa *caa);

/** Takes the records that stand at stardeleg_caa_next(): |count| pieces of rdata, 0 if there are none or no such name.
 *  An answer that could not be had must not be taken for none (RFC 8659 3): do not call this then.  Returns 0, or STATE
 *  if nothing was asked. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_caa_take(stardeleg_caa *caa, const stardeleg_bytes *rdata,
                                                                    size_t count);

/** The result, or NULL while stardeleg_caa_next() wants more.  Borrowed until stardeleg_caa_free(). */
STARDELEG_API const stardeleg_caa_result *stardeleg_caa_get(const stardeleg_caa *caa);

/** Frees |caa|; NULL allowed. */
STARDELEG_API void stardeleg_caa_free(stardeleg_caa *caa);

/** What an owner wants to be allowed, and nothing else. */
typedef struct stardeleg_caa_wish {
  size_t size;             /**< sizeof of this struct */
  const char *name;        /**< "www.example.org" or "*.example.org" */
  const char *issuer;      /**< issuer domain name: one of the CA's caaIdentities (RFC 8555 9.7.6) */
  const char *account_uri; /**< URL of the account at that CA, as it was handed out; NULL: any */
  const char *methods;     /**< "dns-01" or "dns-01,tls-alpn-01"; NULL: any */
} stardeleg_caa_wish;

/** Writes the records to be added as lines of a zone file: one `issue` property, which holds for wildcards too, and for
 *  a wildcard an `issuewild` beside it, because a property of that kind that is there already would override the first.
 *  Both parameters work only at a CA that says it honours them (RFC 8657 5.2), and only a signed zone protects the
 *  records themselves (5.6).  |out| is NUL-terminated.  Returns 0, ARGUMENT (name, issuer, URI or method without their
 *  form) or LIMIT (|size| is too small; 6000 bytes always suffice).  Any thread. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_caa_write(char *out, size_t size,
                                                                     const stardeleg_caa_wish *wish);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_CAA_H */

/* SPDX-License-Identifier: Apache-2.0 */
/** @file problem.h
 *  Problem documents (RFC 7807) with the ACME error types of RFC 8555 6.7,
 *  RFC 8739, RFC 9115 and RFC 9773.  A problem has fixed room, so that telling
 *  about a failure never allocates and never fails. */
#ifndef STARDELEG_PROBLEM_H
#define STARDELEG_PROBLEM_H

#include <stardeleg/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** ACME error types; the URN is "urn:ietf:params:acme:error:" and the name. */
typedef enum stardeleg_acme_error {
  STARDELEG_ACME_NONE = 0,                /**< no ACME type: about:blank or a foreign type */
  STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST,  /**< accountDoesNotExist */
  STARDELEG_ACME_ALREADY_REVOKED,         /**< alreadyRevoked */
  STARDELEG_ACME_ALREADY_REPLACED,        /**< alreadyReplaced (RFC 9773) */
  STARDELEG_ACME_BAD_CSR,                 /**< badCSR */
  STARDELEG_ACME_BAD_NONCE,               /**< badNonce */
  STARDELEG_ACME_BAD_PUBLIC_KEY,          /**< badPublicKey */
  STARDELEG_ACME_BAD_REVOCATION_REASON,   /**< badRevocationReason */
  STARDELEG_ACME_BAD_SIGNATURE_ALGORITHM, /**< badSignatureAlgorithm */
  STARDELEG_ACME_CAA,                     /**< caa */
  STARDELEG_ACME_COMPOUND,                /**< compound */
  STARDELEG_ACME_CONNECTION,              /**< connection */
  STARDELEG_ACME_DNS,                     /**< dns */
  STARDELEG_ACME_EXTERNAL_ACCOUNT_REQUIRED, /**< externalAccountRequired */
  STARDELEG_ACME_INCORRECT_RESPONSE,      /**< incorrectResponse */
  STARDELEG_ACME_INVALID_CONTACT,         /**< invalidContact */
  STARDELEG_ACME_INVALID_PROFILE,         /**< invalidProfile (profiles draft) */
  STARDELEG_ACME_MALFORMED,               /**< malformed */
  STARDELEG_ACME_ORDER_NOT_READY,         /**< orderNotReady */
  STARDELEG_ACME_RATE_LIMITED,            /**< rateLimited */
  STARDELEG_ACME_REJECTED_IDENTIFIER,     /**< rejectedIdentifier */
  STARDELEG_ACME_SERVER_INTERNAL,         /**< serverInternal */
  STARDELEG_ACME_TLS,                     /**< tls */
  STARDELEG_ACME_UNAUTHORIZED,            /**< unauthorized */
  STARDELEG_ACME_UNSUPPORTED_CONTACT,     /**< unsupportedContact */
  STARDELEG_ACME_UNSUPPORTED_IDENTIFIER,  /**< unsupportedIdentifier */
  STARDELEG_ACME_USER_ACTION_REQUIRED,    /**< userActionRequired */
  STARDELEG_ACME_AUTO_RENEWAL_CANCELED,   /**< autoRenewalCanceled (RFC 8739) */
  STARDELEG_ACME_AUTO_RENEWAL_EXPIRED,    /**< autoRenewalExpired (RFC 8739) */
  STARDELEG_ACME_AUTO_RENEWAL_CANCELLATION_INVALID, /**< autoRenewalCancellationInvalid (RFC 8739) */
  STARDELEG_ACME_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED, /**< autoRenewalRevocationNotSupported (RFC 8739) */
  STARDELEG_ACME_UNKNOWN_DELEGATION,      /**< unknownDelegation (RFC 9115) */
  STARDELEG_ACME_ERROR_COUNT              /**< how many there are, not a type */
} stardeleg_acme_error;

/** Bytes of room, with the final NUL. */
#define STARDELEG_PROBLEM_TYPE_SIZE 96
/** Bytes of room, with the final NUL. */
#define STARDELEG_PROBLEM_DETAIL_SIZE 512
/** Bytes of room for an identifier's value or a JSON pointer, with the final NUL. */
#define STARDELEG_PROBLEM_PLACE_SIZE 256
/** Most subproblems kept; further ones are counted in |subproblems_dropped|. */
#define STARDELEG_PROBLEM_SUB_MAX 16

/** A subproblem (RFC 8555 6.7.1). */
typedef struct stardeleg_subproblem {
  char type[STARDELEG_PROBLEM_TYPE_SIZE];               /**< URN or URI, NUL-terminated */
  char detail[256];                                     /**< for people, escaped, NUL-terminated */
  char identifier_type[16];                             /**< "dns" ..., or empty: no identifier */
  char identifier_value[STARDELEG_PROBLEM_PLACE_SIZE];  /**< escaped, NUL-terminated */
  stardeleg_acme_error acme;                            /**< what |type| means, or NONE */
} stardeleg_subproblem;

/** A problem document.  All strings are NUL-terminated UTF-8 and hold no control
 *  characters: peer text is escaped on the way in and cut to the room there is. */
typedef struct stardeleg_problem {
  stardeleg_acme_error acme;                    /**< what |type| means, or NONE */
  int status;                                   /**< HTTP status; 0 if there was none */
  char type[STARDELEG_PROBLEM_TYPE_SIZE];       /**< URN or URI; "about:blank" if there is none */
  char detail[STARDELEG_PROBLEM_DETAIL_SIZE];   /**< for people */
  char place[STARDELEG_PROBLEM_PLACE_SIZE];     /**< JSON pointer, field or name at fault; may be empty */
  char instance[STARDELEG_PROBLEM_PLACE_SIZE];  /**< URL for people (RFC 8555 7.3.3); may be empty */
  stardeleg_time retry_at;                      /**< not before then, or STARDELEG_TIME_NONE */
  size_t subproblem_count;                      /**< how many of |subproblems| are set */
  size_t subproblems_dropped;                   /**< how many more there were */
  stardeleg_subproblem subproblems[STARDELEG_PROBLEM_SUB_MAX]; /**< the first ones */
} stardeleg_problem;

/** The URN of |error|, for example "urn:ietf:params:acme:error:badNonce";
 *  "about:blank" for NONE and for unknown values.  Static storage.  Any thread. */
STARDELEG_API const char *stardeleg_acme_error_urn(stardeleg_acme_error error);

/** The HTTP status a server answers |error| with (RFC 8555, 8739, 9115; where the
 *  texts leave it open, common practice).  500 for unknown values.  Any thread. */
STARDELEG_API int stardeleg_acme_error_status(stardeleg_acme_error error);

/** The error that |urn| names, or NONE.  |urn| must not be NULL; compared
 *  exactly, but "malformedRequest" (RFC 8739 3.1.1) counts as malformed.  Any thread. */
STARDELEG_API stardeleg_acme_error stardeleg_acme_error_from_urn(const char *urn);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_PROBLEM_H */

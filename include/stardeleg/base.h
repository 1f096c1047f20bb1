/* SPDX-License-Identifier: Apache-2.0 */
/** @file base.h
 *  Bytes, time, error codes and logging: what every other header needs. */
#ifndef STARDELEG_BASE_H
#define STARDELEG_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks what the shared library exports. */
#if defined(__GNUC__)
#define STARDELEG_API __attribute__((visibility("default")))
/** The result must be looked at. */
#define STARDELEG_MUST_CHECK __attribute__((warn_unused_result))
#else
#define STARDELEG_API
#define STARDELEG_MUST_CHECK
#endif

/** Version of these headers: 0xMMmmpp (major, minor, patch). */
#define STARDELEG_VERSION 0x000100

/** Version of the library that is linked, in the form of STARDELEG_VERSION.
 *  Never fails; may be called from any thread. */
STARDELEG_API uint32_t stardeleg_version(void);

/** Bytes that somebody else owns.  |base| may be NULL only if |len| is 0.
 *  Not NUL-terminated unless the place that hands it out says so. */
typedef struct stardeleg_bytes {
  const uint8_t *base; /**< first byte, borrowed */
  size_t len;          /**< how many, in bytes */
} stardeleg_bytes;

/** An instant: milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
 *  May be negative.  The library never reads a clock: callers pass "now". */
typedef int64_t stardeleg_time;

/** "No such instant", for optional instants. */
#define STARDELEG_TIME_NONE INT64_MIN
/** "Never": later than every instant. */
#define STARDELEG_TIME_NEVER INT64_MAX

/** Result of a function that can fail: 0, or one of the negative codes below.
 *  The class of a code is told by stardeleg_err_class(). */
typedef enum stardeleg_err {
  STARDELEG_OK = 0, /**< done */

  /* argument: the caller's mistake; repeating the call will not help */
  STARDELEG_ERR_ARGUMENT = -101,    /**< a parameter is NULL, out of range or contradicts another */
  STARDELEG_ERR_UNSUPPORTED = -102, /**< this build or this backend cannot do it */
  STARDELEG_ERR_CONFIG = -103,      /**< configuration refused; the problem says where and why */

  /* memory */
  STARDELEG_ERR_NOMEM = -201, /**< no memory; nothing changed, the call may be repeated */

  /* callback: something the program supplied has failed; may be repeated */
  STARDELEG_ERR_CALLBACK = -301, /**< a callback reported failure */
  STARDELEG_ERR_RANDOM = -302,   /**< the random source failed */
  STARDELEG_ERR_STORE = -303,    /**< the store cannot read or write (disk full, lost connection) */
  STARDELEG_ERR_CRYPTO = -304,   /**< the crypto backend failed for a reason that is not the input's */
  STARDELEG_ERR_SECRETS = -305,  /**< the secret store cannot read or write */

  /* peer: what came from the other side (or from a file) is not acceptable */
  STARDELEG_ERR_MALFORMED = -401, /**< does not parse, or breaks the format's rules */
  STARDELEG_ERR_LIMIT = -402,     /**< larger, deeper or longer than the limit allows */
  STARDELEG_ERR_SIGNATURE = -403, /**< a signature or MAC does not verify */
  STARDELEG_ERR_BAD_KEY = -404,   /**< a key is invalid, too weak or of the wrong type */
  STARDELEG_ERR_PROBLEM = -405,   /**< the server answered with an error; the problem has it */
  STARDELEG_ERR_TRANSPORT = -406, /**< no answer: unreachable, timeout, TLS failure; may be repeated */
  STARDELEG_ERR_PROTOCOL = -407,  /**< well-formed, but not what the protocol allows at this point */
  STARDELEG_ERR_UNTRUSTED = -408, /**< a certificate chain does not lead to a trusted root */

  /* policy */
  STARDELEG_ERR_POLICY = -501, /**< refused by a template, a scope or a local rule */

  /* state */
  STARDELEG_ERR_STATE = -601,     /**< not possible in this state of the object */
  STARDELEG_ERR_CONFLICT = -602,  /**< somebody else changed the record first; read again, then repeat */
  STARDELEG_ERR_NOT_FOUND = -603, /**< no such thing */
  STARDELEG_ERR_EXISTS = -604,    /**< already there */

  /* expired */
  STARDELEG_ERR_EXPIRED = -701, /**< past its end; will not come back */
  STARDELEG_ERR_CANCELED = -702 /**< ended on purpose; will not come back */
} stardeleg_err;

/** What kind of failure a code is. */
typedef enum stardeleg_err_kind {
  STARDELEG_KIND_NONE = 0, /**< success */
  STARDELEG_KIND_ARGUMENT, /**< the caller's mistake */
  STARDELEG_KIND_MEMORY,   /**< out of memory */
  STARDELEG_KIND_CALLBACK, /**< a callback, store or backend failed */
  STARDELEG_KIND_PEER,     /**< bad input from outside */
  STARDELEG_KIND_POLICY,   /**< refused by policy */
  STARDELEG_KIND_STATE,    /**< wrong moment, conflict, absence */
  STARDELEG_KIND_EXPIRED   /**< ended for good */
} stardeleg_err_kind;

/** The class of |err|.  Unknown codes count as STARDELEG_KIND_ARGUMENT.  Any thread. */
STARDELEG_API stardeleg_err_kind stardeleg_err_class(stardeleg_err err);

/** Nonzero if the very same call may succeed when repeated later.  Any thread. */
STARDELEG_API int stardeleg_err_is_retryable(stardeleg_err err);

/** A short English phrase for |err|.  Static storage; never NULL.  Any thread. */
STARDELEG_API const char *stardeleg_strerror(stardeleg_err err);

/** An ACME identifier (RFC 8555 7.1.3).  Both strings NUL-terminated and borrowed. */
typedef struct stardeleg_identifier {
  const char *type;  /**< "dns", "ip", "email", ... */
  const char *value; /**< the name, as it was given */
} stardeleg_identifier;

/** How important a log line is. */
typedef enum stardeleg_log_level {
  STARDELEG_LOG_DEBUG = 0, /**< for developers */
  STARDELEG_LOG_INFO,      /**< normal progress */
  STARDELEG_LOG_WARNING,   /**< something to look at, work goes on */
  STARDELEG_LOG_ERROR      /**< something failed and needs a person or time */
} stardeleg_log_level;

/** Where log lines go.  |event| is a stable identifier such as
 *  "ndc.certificate.new"; |text| one line of printable UTF-8 without line
 *  breaks (peer text in it is escaped), without secrets.  Both are borrowed
 *  for the call.  May be called from every thread that calls the library; must
 *  not call back into the object that logs. */
typedef struct stardeleg_log {
  /** The receiver; NULL: nothing is logged. */
  void (*write)(void *ctx, stardeleg_log_level level, const char *event, const char *text);
  void *ctx; /**< handed to |write|, borrowed */
} stardeleg_log;

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_BASE_H */

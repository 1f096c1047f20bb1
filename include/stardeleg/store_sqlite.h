/* SPDX-License-Identifier: Apache-2.0 */
/** @file store_sqlite.h
 *  The embedded store: one SQLite file in WAL mode.  In its own library
 *  (stardeleg_sqlite).  Several processes may open the same file, on a local disk.
 *  A store must not be carried across fork(): open it in the child; calls there fail with STORE. */
#ifndef STARDELEG_STORE_SQLITE_H
#define STARDELEG_STORE_SQLITE_H

#include <stardeleg/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How the file is opened. */
typedef struct stardeleg_sqlite_options {
  size_t size;          /**< sizeof of this struct; set by stardeleg_sqlite_options_default() */
  int relaxed;          /**< nonzero: a power cut may lose the last moments (synchronous=NORMAL); 0: durable */
  int busy_timeout_ms;  /**< how long to wait for another process's lock */
  stardeleg_log log;    /**< gets a line "store.sqlite.error" whenever a call ends with STORE; may be empty */
} stardeleg_sqlite_options;

/** Durable, 10 s of patience, no log. */
STARDELEG_API void stardeleg_sqlite_options_default(stardeleg_sqlite_options *options);

/** Opens or creates |path| (mode 0600) and brings its schema up to date.  A schema newer than the
 *  library is refused with UNSUPPORTED.  |options| NULL: the defaults.  |why|, if not NULL, gets a
 *  reason for people on failure (|why_size| bytes with the NUL).  Returns 0, STORE, UNSUPPORTED, NOMEM
 *  or ARGUMENT.  Free with stardeleg_store_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_store_sqlite_open(stardeleg_store **out, const char *path,
                                                                            const stardeleg_sqlite_options *options,
                                                                            char *why, size_t why_size);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_STORE_SQLITE_H */

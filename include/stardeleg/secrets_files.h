/* SPDX-License-Identifier: Apache-2.0 */
/** @file secrets_files.h
 *  Secrets as files: one per secret, mode 0600, in a directory of mode 0700.
 *  In its own library (stardeleg_files). */
#ifndef STARDELEG_SECRETS_FILES_H
#define STARDELEG_SECRETS_FILES_H

#include <stardeleg/secrets.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Secrets in the files of |directory|, which is made if it is missing.  A secret is written
 *  aside, synced, then linked into place.  Files that others may read are refused.  Returns 0,
 *  SECRETS, NOMEM or ARGUMENT.  Free with stardeleg_secrets_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_secrets_files_new(stardeleg_secrets **out,
                                                                             const char *directory);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_SECRETS_FILES_H */

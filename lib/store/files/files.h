/* SPDX-License-Identifier: Apache-2.0 */
/* store/files/files.h -- what the files of the secret store share. */
#ifndef SDG_STORE_FILES_H
#define SDG_STORE_FILES_H

#include <stardeleg/base.h>

#define SDG_FILES_NAME_MAX 200
/* Longest secret, in bytes: far above every key, far below what would hurt. */
#define SDG_FILES_LEN_MAX (1024 * 1024)

/* Writes a new file in |directory|, durable when it returns.  Returns 0, EXISTS or SECRETS. */
stardeleg_err sdg_files_write(int directory, const char *name, stardeleg_bytes secret);
/* Removes what interrupted writers have left behind; a failure is harmless. */
void sdg_files_clean(int directory);

#endif /* SDG_STORE_FILES_H */

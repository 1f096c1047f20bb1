/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/account_admin.h -- what the operator of a server does to accounts, without a request of theirs. */
#ifndef SDG_ACME_SERVER_ACCOUNT_ADMIN_H
#define SDG_ACME_SERVER_ACCOUNT_ADMIN_H

#include "acme_server/server.h"

/* Makes a valid account for |key|, bound to |name| as if by an external account binding; its owner finds it by
 * newAccount.  EXISTS if an account has this key. */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_account_add(sdg_server *server, const char *name, const sdg_pubkey *key,
                                                          stardeleg_time now, char id[SDG_ID_SIZE]);
/* Revokes all valid accounts bound to |name| (RFC 8555 7.1.6): their requests answer unauthorized from then on. */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_accounts_revoke(sdg_server *server, const char *name);
/* Tells the accounts bound to |name|; nonzero from |each| stops. */
typedef struct sdg_server_account_info {
  const char *id;
  const char *thumbprint;
  sdg_account_status status;
} sdg_server_account_info;
STARDELEG_MUST_CHECK stardeleg_err sdg_server_accounts_each(sdg_server *server, const char *name,
                                                            int (*each)(void *ctx, const sdg_server_account_info *info),
                                                            void *ctx);

#endif /* SDG_ACME_SERVER_ACCOUNT_ADMIN_H */

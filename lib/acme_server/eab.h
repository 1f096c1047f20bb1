/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/eab.h -- external account bindings a server hands out (RFC 8555 7.3.4): record "eab"/name with the owner
 * as index, MAC key in the secret store.  Each binds one account; the binding is spent by compare-and-swap in the batch
 * that creates the account. */
#ifndef SDG_ACME_SERVER_EAB_H
#define SDG_ACME_SERVER_EAB_H

#include "crypto/crypto.h"
#include "store/store.h"

#define SDG_EAB_NAME_MAX 64

/* Makes a 32-byte MAC key, base64url in |mac_key|.  EXISTS, ARGUMENT for a bad name ([A-Za-z0-9._-], not beginning with
 * a dot). */
STARDELEG_MUST_CHECK stardeleg_err sdg_eab_add(const stardeleg_crypto *crypto, const stardeleg_store *store,
                                               const stardeleg_secrets *secrets, const char *name, char mac_key[64],
                                               stardeleg_time now);
/* The same for an account that is to be bound to |owner| instead of |name|: several bindings of one owner. */
STARDELEG_MUST_CHECK stardeleg_err sdg_eab_add_for(const stardeleg_crypto *crypto, const stardeleg_store *store,
                                                   const stardeleg_secrets *secrets, const char *name,
                                                   const char *owner, char mac_key[64], stardeleg_time now);
/* Removes a binding of |owner| and its MAC key; NOT_FOUND if there is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_eab_remove(const stardeleg_store *store, const stardeleg_secrets *secrets,
                                                  const char *name, const char *owner);
/* NOT_FOUND if there is no such binding.  |account_id| ("" if unused) has 65 bytes. */
STARDELEG_MUST_CHECK stardeleg_err sdg_eab_get(const stardeleg_store *store, const char *name, char account_id[65]);

#endif /* SDG_ACME_SERVER_EAB_H */

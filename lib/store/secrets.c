/* SPDX-License-Identifier: Apache-2.0 */
/* store/secrets.c -- the short forms of the secret store's calls. */
#include "store/store.h"

void stardeleg_secrets_free(stardeleg_secrets *secrets)
{
  if (secrets != NULL) {
    secrets->ops->free(secrets->self);
  }
}

stardeleg_err sdg_secrets_get(const stardeleg_secrets *secrets, const char *name, uint8_t **out, size_t *len)
{
  return secrets->ops->get(secrets->self, name, out, len);
}

stardeleg_err sdg_secrets_put(const stardeleg_secrets *secrets, const char *name, stardeleg_bytes secret)
{
  return secrets->ops->put(secrets->self, name, secret);
}

stardeleg_err sdg_secrets_del(const stardeleg_secrets *secrets, const char *name)
{
  return secrets->ops->del(secrets->self, name);
}

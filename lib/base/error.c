/* SPDX-License-Identifier: Apache-2.0 */
/* base/error.c -- version, error codes, their classes and phrases. */
#include <stardeleg/base.h>

/* One row a code. */
static const struct row {
  stardeleg_err err;
  stardeleg_err_kind kind;
  int retryable;
  const char *text;
} rows[] = {
    {STARDELEG_OK, STARDELEG_KIND_NONE, 0, "success"},
    {STARDELEG_ERR_ARGUMENT, STARDELEG_KIND_ARGUMENT, 0, "invalid argument"},
    {STARDELEG_ERR_UNSUPPORTED, STARDELEG_KIND_ARGUMENT, 0, "not supported by this build or backend"},
    {STARDELEG_ERR_CONFIG, STARDELEG_KIND_ARGUMENT, 0, "configuration refused"},
    {STARDELEG_ERR_NOMEM, STARDELEG_KIND_MEMORY, 1, "out of memory"},
    {STARDELEG_ERR_CALLBACK, STARDELEG_KIND_CALLBACK, 1, "a callback failed"},
    {STARDELEG_ERR_RANDOM, STARDELEG_KIND_CALLBACK, 1, "the random source failed"},
    {STARDELEG_ERR_STORE, STARDELEG_KIND_CALLBACK, 1, "the store failed"},
    {STARDELEG_ERR_CRYPTO, STARDELEG_KIND_CALLBACK, 1, "the crypto backend failed"},
    {STARDELEG_ERR_SECRETS, STARDELEG_KIND_CALLBACK, 1, "the secret store failed"},
    {STARDELEG_ERR_MALFORMED, STARDELEG_KIND_PEER, 0, "malformed input"},
    {STARDELEG_ERR_LIMIT, STARDELEG_KIND_PEER, 0, "input exceeds a limit"},
    {STARDELEG_ERR_SIGNATURE, STARDELEG_KIND_PEER, 0, "signature does not verify"},
    {STARDELEG_ERR_BAD_KEY, STARDELEG_KIND_PEER, 0, "key is invalid, too weak or of the wrong type"},
    {STARDELEG_ERR_PROBLEM, STARDELEG_KIND_PEER, 0, "the server answered with an error"},
    {STARDELEG_ERR_TRANSPORT, STARDELEG_KIND_PEER, 1, "no answer from the server"},
    {STARDELEG_ERR_PROTOCOL, STARDELEG_KIND_PEER, 0, "not allowed by the protocol at this point"},
    {STARDELEG_ERR_UNTRUSTED, STARDELEG_KIND_PEER, 0, "certificate chain is not trusted"},
    {STARDELEG_ERR_POLICY, STARDELEG_KIND_POLICY, 0, "refused by policy"},
    {STARDELEG_ERR_STATE, STARDELEG_KIND_STATE, 0, "not possible in this state"},
    {STARDELEG_ERR_CONFLICT, STARDELEG_KIND_STATE, 0, "changed by somebody else"},
    {STARDELEG_ERR_NOT_FOUND, STARDELEG_KIND_STATE, 0, "not found"},
    {STARDELEG_ERR_EXISTS, STARDELEG_KIND_STATE, 0, "exists already"},
    {STARDELEG_ERR_EXPIRED, STARDELEG_KIND_EXPIRED, 0, "expired"},
    {STARDELEG_ERR_CANCELED, STARDELEG_KIND_EXPIRED, 0, "canceled"},
};

static const struct row unknown = {STARDELEG_ERR_ARGUMENT, STARDELEG_KIND_ARGUMENT, 0, "unknown error code"};

static const struct row *find_row(stardeleg_err err)
{
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    if (rows[i].err == err) {
      return &rows[i];
    }
  }
  return &unknown;
}

uint32_t stardeleg_version(void)
{
  return STARDELEG_VERSION;
}

stardeleg_err_kind stardeleg_err_class(stardeleg_err err)
{
  return find_row(err)->kind;
}

int stardeleg_err_is_retryable(stardeleg_err err)
{
  return find_row(err)->retryable;
}

const char *stardeleg_strerror(stardeleg_err err)
{
  return find_row(err)->text;
}

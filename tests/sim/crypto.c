/* SPDX-License-Identifier: Apache-2.0 */
/* sim/crypto.c -- the backend's table with one function exchanged. */
#include "sim/crypto.h"

#include "sim/cheap.h"
#include "sim/rng.h"
#include "support/test.h"

static sim_rng source;
static stardeleg_crypto_ops ops;
static stardeleg_crypto crypto;

static stardeleg_err predictable(void *self, uint8_t *out, size_t len)
{
  (void)self;
  for (size_t i = 0; i < len; i++) {
    out[i] = (uint8_t)(sim_rng_next(&source) >> 24);
  }
  return STARDELEG_OK;
}

const stardeleg_crypto *sim_crypto(uint64_t seed, bool cheap)
{
  const stardeleg_crypto *backend = test_crypto();

  source.state = seed ^ UINT64_C(0x5DEECE66D5DEECE6);
  ops = *backend->ops;
  ops.random = predictable;
  ops.free = NULL;
  if (cheap) {
    sim_cheap_keys(&ops);
  }
  crypto.ops = &ops;
  crypto.self = backend->self;
  return &crypto;
}

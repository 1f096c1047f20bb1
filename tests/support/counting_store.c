/* SPDX-License-Identifier: Apache-2.0 */
/* support/counting_store.c -- the store that counts. */
#include "support/counting_store.h"

static counting_store *counter;

static stardeleg_err counted_batch(void *self, const stardeleg_store_op *ops, size_t n)
{
  counting_store *c = counter;
  bool has_cert = false;
  stardeleg_err err;

  for (size_t i = 0; i < n; i++) {
    has_cert = has_cert || strcmp(ops[i].kind, "cert") == 0;
  }
  if (n > 0 && strcmp(ops[0].kind, "crl") == 0 && c->before_crl != NULL) {
    void (*fn)(void *ctx) = c->before_crl;

    c->before_crl = NULL;
    fn(c->ctx);
  }
  if (has_cert && c->before_cert != NULL) {
    void (*fn)(void *ctx) = c->before_cert;

    c->before_cert = NULL;
    fn(c->ctx);
  }
  if (++c->batches == c->fail_at) {
    return STARDELEG_ERR_STORE;
  }
  err = c->under->ops->batch(self, ops, n);
  c->certs += has_cert && err == STARDELEG_OK ? 1 : 0;
  return err;
}

static stardeleg_err counted_get(void *self, const char *kind, const char *key, stardeleg_record *out)
{
  counter->reads += counter->read_kind != NULL && strcmp(kind, counter->read_kind) == 0 ? 1 : 0;
  return counter->under->ops->get(self, kind, key, out);
}

void ca_world_count(ca_world *w, counting_store *c)
{
  memset(c, 0, sizeof(*c));
  counter = c;
  c->under = w->store;
  c->ops = *w->store->ops;
  c->ops.batch = counted_batch;
  c->ops.get = counted_get;
  c->store = (stardeleg_store){&c->ops, w->store->self};
  w->options.store = &c->store;
  ca_world_restart(w);
}

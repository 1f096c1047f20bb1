/* SPDX-License-Identifier: Apache-2.0 */
/* support/dns_rig.c -- a keeper of a zone in memory, driven by a virtual clock. */
#include "support/dns_rig.h"

#include "support/test.h"

static void on_settled(void *ctx, const char *name, const char *target, int installed, stardeleg_err err)
{
  dns_rig *r = ctx;

  r->told.count++;
  (void)snprintf(r->told.name, sizeof(r->told.name), "%s", name);
  (void)snprintf(r->told.target, sizeof(r->told.target), "%s", target);
  r->told.installed = installed;
  r->told.err = err;
}

static void on_work(void *ctx)
{
  dns_rig *r = ctx;

  r->woken++;
}

void dns_rig_start(dns_rig *r, bool with_dns)
{
  memset(r, 0, sizeof(*r));
  r->z.now = T0;
  r->dns = (stardeleg_dns){sizeof(r->dns), &r->z, dns_zone_lookup, dns_zone_release};
  r->update = (stardeleg_dns_update){sizeof(r->update), &r->z, dns_zone_change};
  stardeleg_dns_keeper_options_default(&r->options);
  r->options.update = &r->update;
  r->options.dns = with_dns ? &r->dns : NULL;
  r->options.on_settled = on_settled;
  r->options.on_settled_ctx = r;
  r->options.on_work = on_work;
  r->options.on_work_ctx = r;
}

void dns_rig_open(dns_rig *r)
{
  assert_ok(stardeleg_dns_keeper_new(&r->keeper, &r->options));
}

void dns_rig_stop(dns_rig *r)
{
  assert_int_equal(r->z.held, 0);
  assert_int_equal(r->z.overlaps, 0);
  stardeleg_dns_keeper_free(r->keeper);
}

stardeleg_challenge dns_rig_challenge(const char *value)
{
  return (stardeleg_challenge){.type = "dns-01",
                               .identifier_type = "dns",
                               .identifier = "example.org",
                               .token = "tok_en-1",
                               .record_name = "_acme-challenge.example.org",
                               .record_value = value};
}

/* Asks as the engine of an order does, until it stands; how long that took, or the error. */
int64_t dns_rig_present(dns_rig *r, const stardeleg_challenge *c)
{
  const stardeleg_solver *solver = stardeleg_dns_keeper_solver(r->keeper);
  stardeleg_time began = r->z.now;

  for (int i = 0; i < 1000; i++) {
    stardeleg_time ready_at = r->z.now;
    stardeleg_err err = solver->present(solver->ctx, c, r->z.now, &ready_at);

    if (err != STARDELEG_OK) {
      return err;
    }
    if (ready_at <= r->z.now) {
      return r->z.now - began;
    }
    r->z.now = ready_at;
  }
  fail_msg("it never stands");
  return -1;
}

/* How long the order is told to wait, or the error. */
int64_t dns_rig_ask(dns_rig *r, const stardeleg_challenge *c)
{
  const stardeleg_solver *solver = stardeleg_dns_keeper_solver(r->keeper);
  stardeleg_time ready_at = r->z.now;
  stardeleg_err err = solver->present(solver->ctx, c, r->z.now, &ready_at);

  return err != STARDELEG_OK ? err : ready_at - r->z.now;
}

void dns_rig_clean(dns_rig *r, const stardeleg_challenge *c)
{
  const stardeleg_solver *solver = stardeleg_dns_keeper_solver(r->keeper);

  solver->cleanup(solver->ctx, c);
}

/* Turns the engine for |ms|. */
void dns_rig_run(dns_rig *r, int64_t ms)
{
  const stardeleg_engine *engine = stardeleg_dns_keeper_engine(r->keeper);
  stardeleg_time end = r->z.now + ms;

  for (int i = 0; i < 100000; i++) {
    stardeleg_ask ask;

    memset(&ask, 0, sizeof(ask));
    assert_ok(engine->next(engine->self, &ask, r->z.now));
    assert_int_equal(ask.want, STARDELEG_WANT_WAIT);
    if (ask.until > end) {
      r->z.now = end;
      return;
    }
    r->z.now = ask.until > r->z.now ? ask.until : r->z.now + 1;
  }
  fail_msg("the engine runs hot");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sim/sim_practice.c -- 400 days of 300 delegations (SIM_FULL=1; 75 else) over a plain CA with the limits and the 6-day
 * profile of a public one: three delegates for each set of names, two mass revocations that are announced by renewal
 * information, three outages of 12 hours.  No live delegation is ever without a valid certificate, and no limit is ever
 * hit. */
#include <stardeleg/ido_admin.h>

#include "support/test.h"

#include "sim/limits.h"
#include "sim/scenario.h"

#define NDCS 3u
/* All 300 take minutes, most of it for renewal information; usually fewer will do. */
#define DELEGATIONS sim_scaled(300, 75, 9)
#define DAYS 400
#define BEGIN_WITHIN (20 * SIM_DAY)
#define VALIDITY_S 576000 /* 160 hours */
/* The longest that the certificates can carry (two thirds of their validity): the fewest renewals. */
#define LIFETIME_S 384000
#define OUTAGE (12 * SIM_HOUR)
#define PATIENCE (2 * SIM_DAY)

typedef struct practice {
  sim_limits *limits;
  stardeleg_time announced_at;
  stardeleg_time behind_until; /* last moment at which a delegate used what had been revoked */
  size_t fresh;                /* delegations with a certificate of after the announcement */
  uint8_t *has_fresh;
  uint64_t recorded; /* certificates in the owner's record */
} practice;

static practice now_played;

static void tune_ca(sim_actor *actor, stardeleg_ca_options *options)
{
  static stardeleg_ca_profile profiles[2];

  (void)actor;
  stardeleg_ca_profile_default(&profiles[0]);
  profiles[0].name = "classic";
  profiles[0].plain_lifetime_s = 90 * 86400;
  stardeleg_ca_profile_default(&profiles[1]);
  profiles[1].name = "shortlived";
  profiles[1].plain_lifetime_s = VALIDITY_S;
  for (size_t i = 0; i < 2; i++) {
    profiles[i].no_star = 1;
  }
  options->profiles = profiles;
  options->profile_count = 2;
  options->allow_certificate_get = 0;
}

static void tune_ido(sim_actor *actor, stardeleg_ido_options *options, stardeleg_issuer_options *issuer)
{
  (void)actor;
  (void)options;
  issuer->kind = "renew";
  issuer->profile = "shortlived";
  issuer->validity_s = VALIDITY_S;
  issuer->set_limit = 5;
  issuer->set_window_s = 7 * 86400;
  issuer->set_reserve = 1;
}

/* --- What happens --- */

static void begin_life(sim_world *world, void *ctx, size_t ndc)
{
  (void)ctx;
  (void)sim_delegate(world, ndc);
}

static void end_life(sim_world *world, void *ctx, size_t number)
{
  (void)ctx;
  sim_end(world, number);
}

/* One set of names after the other, and each at all three; a fifth of them ends some time. */
static void plan_lives(sim_world *world)
{
  for (size_t i = 0; i < DELEGATIONS; i++) {
    stardeleg_time at = SIM_BEGIN + (int64_t)i * (BEGIN_WITHIN / (int64_t)DELEGATIONS);

    sim_world_at(world, at, begin_life, NULL, SIM_NDC + i % NDCS);
    if (sim_rng_chance(&world->rng, 200)) {
      sim_world_at(world, sim_rng_between(&world->rng, at + SIM_DAY, SIM_BEGIN + (DAYS - 8) * SIM_DAY), end_life, NULL,
                   i);
    }
  }
}

static void stop_ca(sim_world *world, void *ctx, size_t unused)
{
  (void)ctx;
  (void)unused;
  sim_trace_event(world->trace, world->now, "ca", "is away");
  sim_actor_stop(&world->actors[SIM_CA]);
}

static void start_ca(sim_world *world, void *ctx, size_t unused)
{
  (void)ctx;
  (void)unused;
  sim_actor_start(&world->actors[SIM_CA]);
}

static void kill_ido(sim_world *world, void *ctx, size_t unused)
{
  (void)ctx;
  (void)unused;
  sim_actor_restart(&world->actors[SIM_IDO]);
}

/* --- Mass revocations --- */

/* "Renew everything now": the window is open, and over in a day. */
static void announce(sim_world *world, void *ctx, size_t unused)
{
  stardeleg_ca_renewal renewal;

  (void)ctx;
  (void)unused;
  stardeleg_ca_renewal_default(&renewal);
  renewal.issued_before = world->now;
  renewal.start_at = world->now;
  renewal.end_at = world->now + SIM_DAY;
  renewal.explanation_url = "https://ca.example/incident";
  sim_trace_event(world->trace, world->now, "ca", "announces that it will revoke everything");
  assert_ok(stardeleg_ca_renewal_move(world->actors[SIM_CA].ca, &renewal));
  now_played.announced_at = world->now;
}

static int note_fresh(void *ctx, const stardeleg_ido_event *event)
{
  sim_world *world = ctx;
  size_t number = sim_watch_find(world->watch, event->delegation);

  if (strcmp(event->event, "certificate") == 0 && number != SIM_NOBODY) {
    now_played.has_fresh[number] = 1;
  }
  return 0;
}

static void revoke(sim_world *world, const char *serial)
{
  stardeleg_err err = stardeleg_ca_revoke(world->actors[SIM_CA].ca, serial, 4, world->now);

  if (err != STARDELEG_OK && err != STARDELEG_ERR_STATE) {
    sim_world_fail(world, "revoking %s: %s", serial, stardeleg_strerror(err));
  }
}

static void look_behind(sim_world *world, void *ctx, size_t unused)
{
  bool behind = false;

  (void)unused;
  for (size_t i = 0; i < sim_watch_count(world->watch); i++) {
    const sim_delegation *d = sim_watch_get(world->watch, i);

    behind = behind || (d->ended_at == STARDELEG_TIME_NEVER && d->first_at != STARDELEG_TIME_NONE &&
                        d->not_before < now_played.announced_at && world->now < d->not_after);
  }
  if (behind) {
    now_played.behind_until = world->now;
    sim_world_at(world, world->now + SIM_HOUR, look_behind, ctx, 0);
  }
}

/* By then, what the owner publishes is new for every live delegation. */
static void revoke_all(sim_world *world, void *ctx, size_t unused)
{
  stardeleg_ido_audit_query query = {
      .size = sizeof(query), .from = now_played.announced_at, .to = STARDELEG_TIME_NEVER};

  now_played.has_fresh = calloc(DELEGATIONS, 1);
  if (now_played.has_fresh == NULL) {
    abort();
  }
  assert_ok(stardeleg_ido_audit(world->actors[SIM_IDO].ido, &query, note_fresh, world));
  for (size_t i = 0; i < sim_watch_count(world->watch); i++) {
    const sim_delegation *d = sim_watch_get(world->watch, i);

    if (d->ended_at == STARDELEG_TIME_NEVER && now_played.has_fresh[i] == 0) {
      sim_world_fail(world, "%s was not renewed before its certificate is revoked", d->id);
    }
  }
  free(now_played.has_fresh);
  sim_trace_event(world->trace, world->now, "ca", "revokes everything of before");
  sim_limits_each(now_played.limits, now_played.announced_at, world->now, revoke);
  look_behind(world, ctx, unused);
}

static void plan_trouble(sim_world *world)
{
  static const int outages[] = {60, 180, 300};
  static const int revocations[] = {130, 270};

  for (size_t i = 0; i < sizeof(outages) / sizeof(outages[0]); i++) {
    sim_world_at(world, SIM_BEGIN + outages[i] * SIM_DAY, stop_ca, NULL, 0);
    sim_world_at(world, SIM_BEGIN + outages[i] * SIM_DAY + OUTAGE, start_ca, NULL, 0);
  }
  for (size_t i = 0; i < sizeof(revocations) / sizeof(revocations[0]); i++) {
    sim_world_at(world, SIM_BEGIN + revocations[i] * SIM_DAY, announce, NULL, 0);
    sim_world_at(world, SIM_BEGIN + (revocations[i] + 1) * SIM_DAY, revoke_all, NULL, 0);
  }
  for (int day = 7; day < DAYS; day += 7) {
    sim_world_at(world, SIM_BEGIN + day * SIM_DAY + sim_rng_between(&world->rng, 0, SIM_DAY), kill_ido, NULL, 0);
  }
}

/* --- Judging --- */

static int check_record(void *ctx, const stardeleg_ido_event *event)
{
  sim_world *world = ctx;

  if (strcmp(event->event, "certificate") == 0) {
    now_played.recorded++;
    if (sim_limits_issued_at(now_played.limits, event->serial) == STARDELEG_TIME_NONE) {
      sim_world_fail(world, "the owner's record has a certificate that the CA never issued: %s", event->serial);
    }
  }
  return 0;
}

static void check_audit(sim_world *world)
{
  stardeleg_ido_audit_query query = {.size = sizeof(query), .from = STARDELEG_TIME_NONE, .to = STARDELEG_TIME_NEVER};
  uint64_t issued = sim_limits_certificates(now_played.limits);
  size_t ended = 0;

  for (size_t i = 0; i < sim_watch_count(world->watch); i++) {
    ended += sim_watch_get(world->watch, i)->ended_at != STARDELEG_TIME_NEVER ? 1 : 0;
  }
  assert_ok(stardeleg_ido_audit(world->actors[SIM_IDO].ido, &query, check_record, world));
  /* What was under way when its delegation ended is not taken any more. */
  if (now_played.recorded > issued || issued - now_played.recorded > ended) {
    sim_world_fail(world, "the CA has issued %llu certificates, the owner's record has %llu",
                   (unsigned long long)issued, (unsigned long long)now_played.recorded);
  }
}

/* One certificate for each lifetime of each delegation is the least there can be. */
static double least_a_day(const sim_world *world)
{
  double least = 0;

  for (size_t i = 0; i < sim_watch_count(world->watch); i++) {
    const sim_delegation *d = sim_watch_get(world->watch, i);
    stardeleg_time end = d->ended_at < world->now ? d->ended_at : world->now;

    least += d->first_at != STARDELEG_TIME_NONE ? (double)(end - d->first_at) / (double)(LIFETIME_S * SIM_S) : 0;
  }
  return least / DAYS;
}

static void tell(const sim_world *world)
{
  const sim_limits *limits = now_played.limits;
  double certificates = (double)sim_limits_certificates(limits);

  print_message("# %.0f certificates, %.2f requests to the CA for each; %.1f a day, of which %.1f replace another; "
                "the least is %.1f a day\n",
                certificates, (double)sim_limits_requests(limits) / certificates, certificates / DAYS,
                (double)sim_limits_replacing(limits) / DAYS, least_a_day(world));
  print_message("# the fullest bucket of the CA's limits was at %.0f %%, %llu orders were refused\n",
                100 * sim_limits_fullest(limits), (unsigned long long)sim_limits_refused(limits));
  print_message("# after the second revocation, the last delegate had its new certificate %.0f hours later\n",
                (double)(now_played.behind_until - SIM_BEGIN - 271 * SIM_DAY) / SIM_HOUR);
}

static void plan_ndcs(sim_setup *setup)
{
  setup->ndc_count = NDCS;
  for (size_t i = 0; i < NDCS; i++) {
    setup->ndcs[i].lifetime_s = LIFETIME_S;
    setup->ndcs[i].order_duration_s = (60 + (int64_t)i * 15) * 86400;
    setup->ndcs[i].discovery_interval_s = 21600;
    setup->ndcs[i].template_interval_s = 7 * 86400;
  }
}

static void practise(uint64_t seed)
{
  sim_setup setup = {0};
  sim_world *world;

  setup.seed = seed;
  setup.cheap = true;
  setup.names_for = NDCS;
  setup.domains = 40;
  setup.tune_ca = tune_ca;
  setup.tune_ido = tune_ido;
  setup.faults = (sim_faults){2, 2, 2, 2, 2};
  plan_ndcs(&setup);
  world = sim_world_new(&setup);
  memset(&now_played, 0, sizeof(now_played));
  now_played.limits = sim_limits_new(world);
  plan_lives(world);
  plan_trouble(world);
  for (int day = 1; day <= DAYS && !world->failed; day++) {
    sim_world_run(world, SIM_BEGIN + day * SIM_DAY);
    sim_watch_settle(world->watch, PATIENCE);
    if (sim_limits_refused(now_played.limits) > 0) {
      sim_world_fail(world, "a limit of the CA was hit");
    }
  }
  if (!world->failed) {
    check_audit(world);
  }
  sim_tell(world, "practice", seed);
  tell(world);
  sim_limits_free(now_played.limits);
  sim_world_end(world, "sim_practice", seed);
}

static void a_public_ca_will_do(void **state)
{
  (void)state;
  sim_each_seed(1, 1, practise);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_public_ca_will_do)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sim/watch_ndc.c -- what an NDC is told: each certificate is looked at as a TLS server would. */
#include "base/bytes.h"
#include "crypto/chain.h"
#include "sim/watch.h"
#include "support/test.h"
#include "x509/cert.h"

/* A path check costs more than all else, so not each certificate gets one. */
#define CHAIN_EVERY 8u

static const char *check_leaf(const sim_delegation *d, const sdg_cert *leaf, const stardeleg_ndc_event *event)
{
  bool both = sdg_cert_has_dns(leaf, sdg_bytes_str(d->other));

  if (leaf->name_count != (both ? 2 : 1) || !sdg_cert_has_dns(leaf, sdg_bytes_str(d->name))) {
    return "is not for its names alone";
  }
  if (!sdg_bytes_equal(leaf->spki, stardeleg_key_spki(event->key))) {
    return "does not go with the key";
  }
  /* RFC 5280 4.1.2.5: the second of notAfter is valid to its end. */
  if (leaf->not_before != event->not_before || leaf->not_after + 999 != event->not_after) {
    return "is told with other dates than its own";
  }
  if (event->name_count != leaf->name_count || strcmp(event->names[0], d->name) != 0 ||
      (both && strcmp(event->names[1], d->other) != 0)) {
    return "is told with other names than its own";
  }
  return NULL;
}

static const char *check_path(const sim_world *world, const sdg_chain *chain, stardeleg_time now)
{
  sdg_chain root;
  char why[128];
  stardeleg_err err;

  assert_ok(sdg_chain_parse(&root, sdg_bytes_str(world->root_pem)));
  err = sdg_chain_verify(chain->certs, chain->count, root.certs, root.count, now, why, sizeof(why));
  sdg_chain_clear(&root);
  return err == STARDELEG_OK ? NULL : "does not lead to the root";
}

static const char *check_certificate(sim_world *world, const sim_delegation *d, const stardeleg_ndc_event *event)
{
  sdg_chain chain;
  sdg_cert *leaf;
  const char *wrong = NULL;

  if (sdg_chain_parse(&chain, event->chain_pem) != STARDELEG_OK) {
    return "cannot be read";
  }
  leaf = malloc(sizeof(*leaf));
  if (leaf == NULL) {
    abort();
  }
  wrong = sdg_cert_parse(leaf, chain.certs[0]) != STARDELEG_OK ? "cannot be read" : check_leaf(d, leaf, event);
  if (wrong == NULL && !world->setup.cheap && d->certificates % CHAIN_EVERY == 0) {
    wrong = check_path(world, &chain, sim_actor_now(&world->actors[d->ndc]));
  }
  free(leaf);
  sdg_chain_clear(&chain);
  return wrong;
}

static void note_key(const sim_world *world, sim_delegation *d, const stardeleg_ndc_event *event)
{
  stardeleg_bytes spki = stardeleg_key_spki(event->key);
  uint8_t hash[STARDELEG_HASH_MAX];

  assert_ok(world->crypto->ops->hash(world->crypto->self, STARDELEG_HASH_SHA256, &spki, 1, hash));
  memcpy(d->key, hash, sizeof(d->key));
}

static void take_certificate(sim_world *world, sim_delegation *d, const stardeleg_ndc_event *event)
{
  stardeleg_time now = sim_actor_now(&world->actors[d->ndc]);
  bool is_known = d->first_at != STARDELEG_TIME_NONE && d->not_before == event->not_before;
  const char *wrong = check_certificate(world, d, event);

  if (wrong != NULL) {
    sim_world_fail(world, "the certificate of %s %s", d->name, wrong);
  }
  if (now < event->not_before || now >= event->not_after || world->now + world->skew_max_ms < event->not_before) {
    sim_world_fail(world, "the certificate of %s is not valid now", d->name);
  }
  if (d->acked_at != STARDELEG_TIME_NONE && event->not_before > d->acked_at + world->skew_max_ms) {
    sim_world_fail(world, "a certificate of %s begins after its cancellation", d->name);
  }
  if (d->told_at != STARDELEG_TIME_NONE && !is_known) {
    sim_world_fail(world, "a new certificate of %s after its end was told", d->name);
  }
  if (d->first_at == STARDELEG_TIME_NONE) {
    d->first_at = world->now;
  }
  d->certificates += is_known ? 0 : 1;
  d->not_before = event->not_before;
  d->not_after = event->not_after;
  d->has_both = event->name_count == 2;
  note_key(world, d, event);
  sim_watch_expect(world->watch, d->not_after);
}

static void take_end(sim_world *world, sim_delegation *d)
{
  if (d->ended_at == STARDELEG_TIME_NEVER) {
    sim_world_fail(world, "an end of %s is told, which is live", d->name);
  }
  if (d->told_at == STARDELEG_TIME_NONE) {
    d->told_at = world->now;
  }
}

int sim_watch_ndc_event(sim_watch *watch, size_t ndc, const stardeleg_ndc_event *event)
{
  static const char *const kinds[] = {"?", "certificate", "ended", "failed"};
  sim_world *world = sim_watch_world(watch);
  const char *slash = strrchr(event->delegation, '/');
  size_t number = slash != NULL ? sim_watch_find(watch, slash + 1) : SIM_NOBODY;

  sim_trace_event(world->trace, world->now, world->actors[ndc].name, "is told: %s %s%s%s",
                  event->kind >= 1 && event->kind <= 3 ? kinds[event->kind] : "?",
                  slash != NULL ? slash + 1 : event->delegation, event->problem != NULL ? ": " : "",
                  event->problem != NULL ? event->problem->detail : "");
  if (event->kind == STARDELEG_NDC_FAILED) {
    return 0; /* of the role as a whole, too: then it is about the directory */
  }
  if (number == SIM_NOBODY || sim_watch_at(watch, number)->ndc != ndc) {
    sim_world_fail(world, "%s is told about a delegation that is not its own", world->actors[ndc].name);
  } else if (event->kind == STARDELEG_NDC_CERTIFICATE) {
    take_certificate(world, sim_watch_at(watch, number), event);
  } else {
    take_end(world, sim_watch_at(watch, number));
  }
  return 0;
}

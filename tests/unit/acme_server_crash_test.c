/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_crash_test.c -- the process dies right before and right after each write: accounts, bindings, changes of
 * keys and deactivations are there whole or not at all, and the client's next try goes well. */
#include "support/test.h"

#include "acme_server/eab.h"
#include "base/bytes.h"
#include "support/server_world.h"

#define KEY_CHANGE SERVER_BASE "/key-change"

/* --- A store whose process dies --- */

static stardeleg_store_ops mortal;
static stardeleg_store_ops under;
static unsigned dies_at; /* number of the write; 0: never */
static bool writes_first;
static unsigned writes;
static bool dead;

static stardeleg_err mortal_get(void *self, const char *kind, const char *key, stardeleg_record *out)
{
  return dead ? STARDELEG_ERR_STORE : under.get(self, kind, key, out);
}

static stardeleg_err mortal_batch(void *self, const stardeleg_store_op *ops, size_t n)
{
  if (dead) {
    return STARDELEG_ERR_STORE;
  }
  if (++writes == dies_at) {
    dead = true;
    if (writes_first) {
      (void)!under.batch(self, ops, n);
    }
    return STARDELEG_ERR_STORE;
  }
  return under.batch(self, ops, n);
}

/* --- The stories: each repeats its last request after the death --- */

typedef struct story {
  const char *name;
  void (*prepare)(server_world *w);
  int (*act)(server_world *w);    /* the request that must survive; its status */
  void (*judge)(server_world *w); /* how things must stand in the end */
} story;

static char mac_key[64];
static stardeleg_key *new_key;

static void prepare_nothing(server_world *w)
{
  (void)w;
}

static int act_account(server_world *w)
{
  sdg_buf eab;
  char payload[4096];
  int status;

  sdg_buf_init(&eab, 1 << 16);
  acme_peer_eab(&w->peer, &eab, "cdn", mac_key);
  (void)snprintf(payload, sizeof(payload), "{\"externalAccountBinding\":%s}", sdg_buf_str(&eab));
  status = acme_peer_new_account(&w->peer, payload);
  sdg_buf_clear(&eab);
  return status == 201 ? 200 : status;
}

static void judge_account(server_world *w)
{
  char account[65];

  assert_int_equal(server_world_count(w, "account"), 1);
  assert_int_equal(server_world_count(w, "account-key"), 1);
  assert_ok(sdg_eab_get(w->store, "cdn", account));
  assert_string_equal(account, w->peer.kid + strlen(SERVER_BASE "/acct/"));
  assert_int_equal(acme_peer_fetch(&w->peer, SERVER_BASE "/thing/a"), 200);
}

static void prepare_account(server_world *w)
{
  assert_int_equal(act_account(w), 200);
}

static int act_contacts(server_world *w)
{
  return acme_peer_post(&w->peer, w->peer.kid, "{\"contact\":[\"mailto:new@example.org\"]}");
}

static void judge_contacts(server_world *w)
{
  judge_account(w);
  assert_int_equal(acme_peer_fetch(&w->peer, w->peer.kid), 200);
  assert_non_null(strstr(w->peer.body, "mailto:new@example.org"));
}

static int act_deactivate(server_world *w)
{
  int status = acme_peer_post(&w->peer, w->peer.kid, "{\"status\":\"deactivated\"}");

  return status == 401 ? 200 : status; /* it had been written: RFC 8555 7.3.6 */
}

static void judge_deactivated(server_world *w)
{
  acme_peer other;

  assert_int_equal(acme_peer_fetch(&w->peer, SERVER_BASE "/thing/a"), 401);
  w->now += 600000;
  server_world_peer(w, &other, STARDELEG_KEY_P256);
  (void)acme_peer_fetch(&other, SERVER_BASE "/thing/a"); /* whoever comes by */
  acme_peer_clear(&other);
  assert_in_range(w->deactivations, 1, 2);
}

static void write_jwk(sdg_buf *out, const stardeleg_key *key)
{
  sdg_buf_reset(out);
  assert_ok(sdg_jwk_write(out, stardeleg_key_spki(key)));
}

static int act_key_change(server_world *w)
{
  char payload[4096];
  sdg_buf jwk;
  sdg_buf inner;
  int status;

  sdg_buf_init(&jwk, 1 << 16);
  sdg_buf_init(&inner, 1 << 16);
  write_jwk(&jwk, w->peer.key);
  (void)snprintf(payload, sizeof(payload), "{\"account\":\"%s\",\"oldKey\":%s}", w->peer.kid, sdg_buf_str(&jwk));
  acme_peer_build(
      &w->peer, &inner,
      &(acme_peer_jws){.url = KEY_CHANGE, .payload = payload, .signer = new_key, .by_jwk = true, .nonce = "-"});
  status = acme_peer_post(&w->peer, KEY_CHANGE, sdg_buf_str(&inner));
  sdg_buf_clear(&jwk);
  sdg_buf_clear(&inner);
  /* The old key may be nobody's already: the client asks with the new one (ACME-7.3.5-08). */
  return status == 400 ? 200 : status;
}

static void judge_key_change(server_world *w)
{
  stardeleg_key *old = w->peer.key;

  assert_int_equal(acme_peer_fetch(&w->peer, SERVER_BASE "/thing/a"), 400);
  w->peer.key = new_key;
  new_key = old;
  judge_account(w);
}

/* --- Each death of each story --- */

static void restart(server_world *w)
{
  dead = false;
  dies_at = 0;
  server_world_restart(w);
  w->peer.nonce[0] = '\0';
}

/* How many writes the act makes. */
static unsigned tell(const story *s, unsigned death, bool after)
{
  static server_world w;
  stardeleg_store store;
  unsigned made;

  server_world_init(&w);
  under = *w.store->ops;
  mortal = under;
  mortal.get = mortal_get;
  mortal.batch = mortal_batch;
  store = (stardeleg_store){&mortal, w.store->self};
  w.options.store = &store;
  w.options.eab_required = true;
  dies_at = 0;
  dead = false;
  server_world_open(&w);
  assert_ok(sdg_eab_add(test_crypto(), w.store, w.secrets, "cdn", mac_key, w.now));
  assert_ok(stardeleg_key_generate(&new_key, test_crypto(), STARDELEG_KEY_P256));
  s->prepare(&w);
  assert_true(acme_peer_take_nonce(&w.peer)[0] != '\0');
  writes = 0;
  dies_at = death;
  writes_first = after;
  if (s->act(&w) != 200 || dead) {
    assert_true(dead);
    restart(&w);
    if (s->act(&w) != 200) {
      fail_msg("%s, killed %s write %u: %d %s", s->name, after ? "after" : "before", death, w.peer.status, w.peer.body);
    }
  }
  made = writes;
  s->judge(&w);
  stardeleg_key_free(new_key);
  server_world_clear(&w);
  return made;
}

static void each_death(void **state)
{
  static const story stories[] = {
      {"account", prepare_nothing, act_account, judge_account},
      {"contacts", prepare_account, act_contacts, judge_contacts},
      {"deactivation", prepare_account, act_deactivate, judge_deactivated},
      {"key change", prepare_account, act_key_change, judge_key_change},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
    unsigned made = tell(&stories[i], 0, false);

    assert_in_range(made, 1, 10);
    for (unsigned death = 1; death <= made; death++) {
      (void)tell(&stories[i], death, false);
      (void)tell(&stories[i], death, true);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_death)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

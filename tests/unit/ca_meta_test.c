/* SPDX-License-Identifier: Apache-2.0 */
/* ca_meta_test.c -- what the directory says of itself is what is done: each bound from both of its sides. */
#include "support/test.h"

#include "base/time.h"
#include "support/ca_world.h"

#define ONE_NAME "'identifiers':[{'type':'dns','value':'www.example.org'}]"

/* meta, or meta.auto-renewal; NULL if it is not there. */
static const sdg_json *meta(ca_world *w, bool star)
{
  const sdg_json *all;

  assert_int_equal(acme_peer_get(&w->peer, CA_BASE "/directory"), 200);
  all = sdg_json_member(w->peer.json, "meta");
  return star ? sdg_json_member(all, "auto-renewal") : all;
}

static int64_t number(ca_world *w, const char *name)
{
  int64_t value = 0;

  assert_ok(sdg_json_get_int(&value, meta(w, true), name, SDG_JSON_REQUIRED, 1, INT64_MAX, NULL));
  return value;
}

static bool flag(ca_world *w, bool star)
{
  const sdg_json *object = meta(w, star);
  bool value = false;

  assert_non_null(object);
  assert_ok(sdg_json_get_bool(&value, object, "allow-certificate-get", SDG_JSON_OPTIONAL, NULL));
  return value;
}

/* newOrder for |start_s| (0: not said) to |end_s| seconds from now. */
static int order(ca_world *w, int64_t start_s, int64_t end_s, int64_t lifetime_s)
{
  char start[SDG_TIME_TEXT_SIZE];
  char end[SDG_TIME_TEXT_SIZE];

  sdg_time_write_rfc3339(start, w->now + start_s * 1000);
  sdg_time_write_rfc3339(end, w->now + end_s * 1000);
  return ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'auto-renewal':{%s%s%s'end-date':'%s','lifetime':%lld}}",
                                             start_s > 0 ? "'start-date':'" : "", start_s > 0 ? start : "",
                                             start_s > 0 ? "'," : "", end, (long long)lifetime_s));
}

/* STAR-3.2-01, STAR-3.2-03, STAR-6.2-01 */
static void test_bounds(void **state)
{
  const int64_t later = 10 * 86400;
  ca_world *w = *state;
  int64_t shortest = number(w, "min-lifetime");
  int64_t longest = number(w, "max-duration");

  assert_int_equal(order(w, 0, longest, shortest), 201);
  assert_int_equal(order(w, 0, longest + 1, shortest), 400);
  assert_int_equal(order(w, 0, longest, shortest - 1), 400);
  assert_int_equal(order(w, later, later + longest, shortest), 201);
  assert_int_equal(order(w, later, later + longest + 1, shortest), 400);
}

/* An authorization of today does not make a first certificate years from now. */
static void test_far_start(void **state)
{
  ca_world *w = *state;
  int64_t longest = number(w, "max-duration");

  assert_int_equal(order(w, longest, longest + 86400, 3600), 201);
  assert_int_equal(order(w, longest + 1, longest + 86400, 3600), 400);
  assert_int_equal(order(w, 5 * longest, 5 * longest + 86400, 3600), 400);
  assert_non_null(strstr(acme_peer_string(&w->peer, "detail"), "start-date"));
}

/* What an order that asks for GET is granted, and gets. */
static void negotiate(ca_world *w, bool star, bool granted)
{
  const sdg_json *shown;

  if (star) {
    ca_world_star(w, 10, 86400, 0);
  } else {
    ca_world_plain(w);
  }
  (void)ca_world_status(w);
  shown = star ? sdg_json_member(w->peer.json, "auto-renewal") : w->peer.json;
  assert_int_equal(sdg_json_member(shown, "allow-certificate-get") != NULL, granted);
  assert_int_equal(acme_peer_get(&w->peer, w->star) == 200, granted);
  assert_int_equal(acme_peer_fetch(&w->peer, w->star), 200);
}

/* STAR-3.4-01, STARDEL-2.3.5-05 */
static void test_get(void **state)
{
  ca_world *w = *state;

  for (int allowed = 1; allowed >= 0; allowed--) {
    w->options.allow_certificate_get = allowed;
    ca_world_restart(w);
    assert_int_equal(flag(w, true), allowed);
    assert_int_equal(flag(w, false), allowed);
    negotiate(w, true, allowed != 0);
    negotiate(w, false, allowed != 0);
  }
}

/* STAR-3.2-01: no auto-renewal is announced where every profile refuses it. */
static void test_star_is_not_offered(void **state)
{
  static const struct {
    int no_star;
    int64_t lifetime_max_s;
    bool offered;
  } cases[] = {{0, 0, true}, {1, 0, false}, {0, 59, false}, {0, 60, true}};
  stardeleg_ca_profile profiles[2];
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    for (size_t k = 0; k < 2; k++) {
      stardeleg_ca_profile_default(&profiles[k]);
      profiles[k].name = k == 0 ? "plain" : "both";
      profiles[k].no_star = k == 0 || cases[i].no_star;
      profiles[k].lifetime_max_s = cases[i].lifetime_max_s;
    }
    w->options.profiles = profiles;
    w->options.profile_count = 2;
    ca_world_restart(w);
    assert_int_equal(meta(w, true) != NULL, cases[i].offered);
    assert_int_equal(order(w, 0, 86400, 60), cases[i].offered ? 201 : 400);
  }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {T(test_bounds), T(test_far_start), T(test_get), T(test_star_is_not_offered)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

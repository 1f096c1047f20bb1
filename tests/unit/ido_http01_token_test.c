/* SPDX-License-Identifier: Apache-2.0 */
/* ido_http01_token_test.c -- several CAs, one resource for each token: nobody overwrites or takes away the answer to
 * somebody else's challenge (RFC 8555 8.3). */
#include "support/ido_world.h"

#include "base/bytes.h"
#include "ido/ido_internal.h"

#define TOKEN "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
#define ONE TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define TWO TOKEN ".AAg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"

static stardeleg_challenge challenge(const char *answer)
{
  return (stardeleg_challenge){.type = "http-01",
                               .identifier_type = "dns",
                               .identifier = "abc.ido.example",
                               .token = TOKEN,
                               .key_authorization = answer,
                               .dns_value = "",
                               .record_name = "",
                               .record_value = "",
                               .account_url = "https://ca.example/account/1"};
}

static void assert_answer(ido_world *w, const char *expected)
{
  stardeleg_http_request request = {.method = "GET", .url = "/.well-known/acme-challenge/" TOKEN};
  stardeleg_http_reply *reply = NULL;
  const stardeleg_http_response *view;

  assert_ok(stardeleg_ido_handle_http01(w->ido, &request, w->now, &reply));
  view = stardeleg_http_reply_view(reply);
  if (expected == NULL) {
    assert_int_equal(view->status, 404);
  } else {
    assert_int_equal(view->status, 200);
    assert_int_equal(view->body.len, strlen(expected));
    assert_memory_equal(view->body.base, expected, view->body.len);
  }
  stardeleg_http_reply_free(reply);
}

static void test_two_accounts(void **state)
{
  const stardeleg_challenge one = challenge(ONE);
  const stardeleg_challenge two = challenge(TWO);
  stardeleg_solver solver;
  stardeleg_time ready_at;
  ido_world w;

  (void)state;
  ido_world_init(&w);
  ido_world_open(&w);
  sdg_ido_http01_init(&solver, w.ido);
  ready_at = w.now;
  assert_ok(solver.present(solver.ctx, &one, w.now, &ready_at));
  assert_ok(solver.present(solver.ctx, &one, w.now, &ready_at)); /* after a restart */
  assert_err(STARDELEG_ERR_CALLBACK, solver.present(solver.ctx, &two, w.now, &ready_at));
  assert_non_null(strstr(w.log, "ido.http01.taken"));
  assert_answer(&w, ONE);
  solver.cleanup(solver.ctx, &two);
  assert_answer(&w, ONE);
  solver.cleanup(solver.ctx, &one);
  assert_answer(&w, NULL);
  assert_ok(solver.present(solver.ctx, &two, w.now, &ready_at)); /* its turn */
  assert_answer(&w, TWO);
  solver.cleanup(solver.ctx, &one);
  assert_answer(&w, TWO);
  solver.cleanup(solver.ctx, &two);
  assert_int_equal(ido_world_count(&w, "http01"), 0);
  ido_world_clear(&w);
}

/* A record that nobody can read keeps nobody from answering. */
static void test_broken(void **state)
{
  static const char *const values[] = {"no JSON", "{\"v\":1}", "{\"v\":1,\"keyAuthorization\":7}"};
  const stardeleg_challenge one = challenge(ONE);
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT, .kind = "http01", .key = TOKEN, .due = STARDELEG_TIME_NEVER};
  stardeleg_solver solver;
  stardeleg_time ready_at;
  ido_world w;

  (void)state;
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    ido_world_init(&w);
    ido_world_open(&w);
    sdg_ido_http01_init(&solver, w.ido);
    op.value = sdg_bytes_str(values[i]);
    assert_ok(w.real->ops->batch(w.real->self, &op, 1));
    ready_at = w.now;
    solver.cleanup(solver.ctx, &one);
    assert_int_equal(ido_world_count(&w, "http01"), 1);
    assert_ok(solver.present(solver.ctx, &one, w.now, &ready_at));
    assert_answer(&w, ONE);
    ido_world_clear(&w);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_two_accounts),
      cmocka_unit_test(test_broken),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

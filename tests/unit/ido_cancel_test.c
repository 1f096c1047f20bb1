/* SPDX-License-Identifier: Apache-2.0 */
/* ido_cancel_test.c -- ending a delegation while something is under way, the CA played by hand (RFC 9115 2.3.6.1). */
#include "support/ido_played.h"

/* STARDEL-2.3.6.1-01, STARDEL-7.2-04: POST {"status":"canceled"}, again and again until it is done. */
static void test_cancel_until_done(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", RENEWAL, ",\"star-certificate\":\"" CERT "\""));
  played_assert_rests(&p);
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  for (int i = 0; i < 6; i++) {
    scripted_expect(&p.ca, "POST", ORDER2);
    assert_string_equal(p.ca.payload, "{\"status\":\"canceled\"}");
    scripted_answer(&p.ca, 500, NULL, "");
    assert_string_equal(played_status(&p), "valid");
    assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
    for (stardeleg_time until = scripted_wait(&p.ca); until < p.ca.now + 500; until = scripted_wait(&p.ca)) {
      p.ca.now = until;
    }
    p.ca.now += 120 * WORLD_S;
  }
  scripted_expect(&p.ca, "POST", ORDER2);
  scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "canceled");
  assert_string_equal(ido_world_text(&p.w, 0, "star-certificate"), CERT); /* AMB-10 */
  assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ended");
  played_end(&p);
}

/* The end comes while newOrder is under way: the CSR is not sent any more, and the order is not forgotten. */
static void test_cancel_in_flight(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_new_order(&p);
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  played_assert_rests(&p);
  scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", RENEWAL, ""));
  if (strcmp(played_status(&p), "invalid") != 0) {
    scripted_expect(&p.ca, "POST", ORDER2); /* looked at once more */
    scripted_answer(&p.ca, 200, NULL, played_order2("ready", RENEWAL, ""));
  }
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "invalid");
  assert_string_equal(played_error_text(&p, "type"), "urn:ietf:params:acme:error:unknownDelegation");
  assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ended");
  played_end(&p);
}

/* The end comes while finalize is under way: the certificate may exist, so it is waited for, and cancelled. */
static void test_cancel_after_csr(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_finalize(&p);
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  played_assert_rests(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("processing", RENEWAL, ""));
  p.ca.now += 60 * WORLD_S;
  scripted_expect(&p.ca, "POST", ORDER2);
  assert_string_equal(p.ca.payload, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", RENEWAL, ",\"star-certificate\":\"" CERT "\""));
  scripted_expect(&p.ca, "POST", ORDER2);
  assert_string_equal(p.ca.payload, "{\"status\":\"canceled\"}");
  scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "canceled");
  assert_string_equal(p.w.cnames, "");
  played_end(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cancel_until_done),
      cmocka_unit_test(test_cancel_in_flight),
      cmocka_unit_test(test_cancel_after_csr),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

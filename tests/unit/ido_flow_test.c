/* SPDX-License-Identifier: Apache-2.0 */
/* ido_flow_test.c -- a delegation from its beginning to its end, against a CA in the same process. */
#include "support/test.h"

#include "support/ido_world.h"

static void begin(ido_world *w)
{
  ido_world_init(w);
  ido_world_ca_init(w);
  ido_world_ca_open(w);
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  ido_world_delegate(w, "cdn", "d1", WORLD_ONE,
                     "{\"ABC.ido.example.\":\"abc.cdn.example.\",\"x.ido.example.\":\"x.cdn.example.\"}");
}

/* STARDEL-2.3.2-16, -20, -21, STARDEL-2.3.2.1-01, AMB-26, AMB-10 */
static void test_life(void **state)
{
  ido_world w;
  char url[256];
  char certificate[512];

  (void)state;
  begin(&w);
  ido_world_place(&w, 0, "d1", url);
  assert_int_equal(w.work_count, 1);
  assert_string_equal(acme_peer_header(&w.ndc[0], "Retry-After"), "1");
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  (void)snprintf(certificate, sizeof(certificate), "%s", ido_world_text(&w, 0, "star-certificate"));
  assert_true(strncmp(certificate, WORLD_CA "/cert/", strlen(WORLD_CA "/cert/")) == 0);
  assert_string_equal(w.cnames, "+ABC.ido.example.>abc.cdn.example. ");
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "canceled");
  assert_string_equal(ido_world_text(&w, 0, "star-certificate"), certificate);
  assert_string_equal(w.cnames, "+ABC.ido.example.>abc.cdn.example. -ABC.ido.example.>abc.cdn.example. ");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_life),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

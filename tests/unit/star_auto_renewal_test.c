/* SPDX-License-Identifier: Apache-2.0 */
/* star_auto_renewal_test.c -- the auto-renewal object: one good one, and each way to spoil it. */
#include "support/test.h"

#include "base/bytes.h"
#include "base/time.h"
#include "star/auto_renewal.h"

#define NOW ((stardeleg_time)1600000000 * 1000) /* 2020-09-13 */

static stardeleg_err parse(sdg_auto_renewal *out, const char *text, stardeleg_problem *problem)
{
  sdg_json *tree = NULL;
  stardeleg_err err;

  assert_ok(sdg_json_parse(&tree, sdg_bytes_str(text), NULL, NULL));
  err = sdg_auto_renewal_parse(out, tree, problem);
  sdg_json_free(tree);
  return err;
}

/* STAR-3.1.1-02, STAR-3.1.1-06: start-date and lifetime-adjust are optional */
static void good_ones(void **state)
{
  sdg_auto_renewal renewal;

  (void)state;
  assert_ok(parse(&renewal, "{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":345600}", NULL));
  assert_int_equal(renewal.start_at, STARDELEG_TIME_NONE);
  assert_int_equal(renewal.lifetime_adjust_s, 0);
  assert_false(renewal.has_certificate_get);
  assert_ok(
      parse(&renewal,
            "{\"start-date\":\"2021-01-01T00:00:00+01:00\",\"end-date\":\"2021-04-20T00:00:00.5Z\",\"lifetime\":1,"
            "\"lifetime-adjust\":7,\"allow-certificate-get\":true,\"other\":{}}",
            NULL));
  assert_int_equal(renewal.lifetime_adjust_s, 7);
  assert_true(renewal.certificate_get);
}

/* STAR-3.1.1-03, STAR-3.1.1-04, STAR-3.1.1-05, STARDEL-2.3.2-05 */
static void spoiled_ones(void **state)
{
  static const struct {
    const char *text;
    const char *place;
  } cases[] = {
      {"[]", "/auto-renewal"},
      {"{\"lifetime\":345600}", "/auto-renewal/end-date"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\"}", "/auto-renewal/lifetime"},
      {"{\"end-date\":1618876800,\"lifetime\":345600}", "/auto-renewal/end-date"},
      {"{\"end-date\":\"\",\"lifetime\":345600}", "/auto-renewal/end-date"},
      {"{\"end-date\":\"2021-04-20\",\"lifetime\":345600}", "/auto-renewal/end-date"},
      {"{\"end-date\":\"2021-04-20T00:00:00\",\"lifetime\":345600}", "/auto-renewal/end-date"},
      {"{\"end-date\":null,\"lifetime\":345600}", "/auto-renewal/end-date"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":\"345600\"}", "/auto-renewal/lifetime"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":3.5}", "/auto-renewal/lifetime"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":1e5}", "/auto-renewal/lifetime"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":0}", "/auto-renewal/lifetime"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":-1}", "/auto-renewal/lifetime"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":9007199254740991}", "/auto-renewal/lifetime"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":9,\"lifetime-adjust\":-1}",
       "/auto-renewal/lifetime-adjust"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":9,\"lifetime-adjust\":null}",
       "/auto-renewal/lifetime-adjust"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":9,\"allow-certificate-get\":\"true\"}",
       "/auto-renewal/allow-certificate-get"},
      {"{\"start-date\":\"2021-04-20T00:00:00Z\",\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":9}",
       "/auto-renewal/end-date"},
      {"{\"endDate\":\"2021-04-20T00:00:00Z\",\"lifetime\":9}", "/auto-renewal/endDate"},
      {"{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":9,\"lifetimeAdjust\":1}", "/auto-renewal/lifetimeAdjust"},
      {"{\"recurrent-certificate-validity\":9}", "/auto-renewal/recurrent-certificate-validity"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_auto_renewal renewal = {0};
    stardeleg_problem problem;

    renewal.lifetime_s = 42;
    assert_err(STARDELEG_ERR_MALFORMED, parse(&renewal, cases[i].text, &problem));
    assert_int_equal(problem.acme, STARDELEG_ACME_MALFORMED);
    assert_string_equal(problem.place, cases[i].place);
    assert_int_equal(renewal.lifetime_s, 42); /* unchanged */
  }
}

/* STAR-3.2-03, STAR-6.2-01 */
static void bounds(void **state)
{
  sdg_auto_renewal renewal = {0};
  stardeleg_problem problem;

  (void)state;
  renewal.start_at = STARDELEG_TIME_NONE;
  renewal.end_at = NOW + 100 * SDG_TIME_DAY;
  renewal.lifetime_s = 86400;
  assert_ok(sdg_auto_renewal_check(&renewal, NOW, 86400, 100 * 86400, &problem));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_auto_renewal_check(&renewal, NOW, 86401, 100 * 86400, &problem));
  assert_string_equal(problem.place, "/auto-renewal/lifetime");
  assert_err(STARDELEG_ERR_MALFORMED, sdg_auto_renewal_check(&renewal, NOW, 1, 100 * 86400 - 1, &problem));
  assert_string_equal(problem.place, "/auto-renewal/end-date");
  assert_ok(sdg_auto_renewal_check(&renewal, NOW, 1, 0, &problem));
  renewal.start_at = NOW + 50 * SDG_TIME_DAY;
  assert_ok(sdg_auto_renewal_check(&renewal, NOW, 1, 50 * 86400, &problem));
  renewal.end_at = NOW;
  assert_err(STARDELEG_ERR_MALFORMED, sdg_auto_renewal_check(&renewal, NOW, 1, 0, &problem));
}

static void written_and_read(void **state)
{
  static const char text[] =
      "{\"start-date\":\"2021-01-01T00:00:00Z\",\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":9,"
      "\"lifetime-adjust\":4,\"allow-certificate-get\":true}";
  sdg_auto_renewal renewal;
  sdg_json_writer w;
  sdg_buf out;

  (void)state;
  assert_ok(parse(&renewal, text, NULL));
  sdg_buf_init(&out, 1000);
  sdg_jw_init(&w, &out);
  sdg_auto_renewal_write(&w, NULL, &renewal);
  assert_ok(sdg_buf_error(&out));
  assert_string_equal(sdg_buf_str(&out), text);
  sdg_buf_clear(&out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_ones),
      cmocka_unit_test(spoiled_ones),
      cmocka_unit_test(bounds),
      cmocka_unit_test(written_and_read),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

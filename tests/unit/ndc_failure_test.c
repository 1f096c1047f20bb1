/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_failure_test.c -- orders that fail, limits, templates, lists: told by their reason, never a storm. */
#include "support/ndc_story.h"

#include "base/bytes.h"
#include "ndc/ndc_internal.h"
#include "store/store.h"

static const world_event *last_failure(void)
{
  const world_event *event = world_last(&world, STARDELEG_NDC_FAILED);

  assert_non_null(event);
  return event;
}

/* --- The directory --- */

/* STARDEL-2.3.4-03: without delegation-enabled nothing is asked for, and the reason is told. */
static void test_no_delegating_server(void **state)
{
  (void)state;
  world.enabled = false;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 7200000);
  assert_non_null(strstr(last_failure()->detail, "delegation-enabled"));
  assert_string_equal(last_failure()->delegation, WORLD_DIRECTORY);
  assert_int_equal(world.object_reads, 0);
  world.enabled = true;
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
}

/* STAR-3.2-02: a plan beyond the server's limits is refused here, with the reason. */
static void test_limits(void **state)
{
  (void)state;
  world.min_lifetime_s = 5 * 86400;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 7200000);
  assert_int_equal(world.order_count, 0);
  assert_string_equal(last_failure()->place, "/auto-renewal/lifetime");
  world_clear(&world);
  world_init(&world);
  world.max_duration_s = (int64_t)29 * 86400;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 7200000);
  assert_int_equal(world.order_count, 0);
  assert_string_equal(last_failure()->place, "/auto-renewal/end-date");
}

/* --- The list --- */

/* STARDEL-2.3.1.2-03: all pages. */
static void test_pages(void **state)
{
  (void)state;
  world.delegation_count = 5;
  for (size_t i = 0; i < 5; i++) {
    world.offered[i] = true;
  }
  world.page_size = 2;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_int_equal(world.order_count, 5);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 5);
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
}

/* STARDEL-2.3.1.2-03: a page that leads to itself, or back, is told; what is held is not ended by half a list. */
static void test_page_loops(void **state)
{
  (void)state;
  world.delegation_count = 3;
  for (size_t i = 0; i < 3; i++) {
    world.offered[i] = true;
  }
  world.page_size = 2;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 3);
  for (int target = 1; target <= 2; target++) {
    size_t before = world_count(&world, STARDELEG_NDC_FAILED);

    world.page_loop = target;
    world_run(&world, world.now + 7200000);
    assert_true(world_count(&world, STARDELEG_NDC_FAILED) > before);
    assert_non_null(strstr(last_failure()->detail, "circle"));
    world.page_loop = 0;
    world_run(&world, world.now + 7200000);
  }
  assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 0);
}

static void test_chosen_ones(void **state)
{
  static const char *const chosen[] = {WORLD_DELEGATION "1", NULL};

  (void)state;
  world.delegation_count = 3;
  for (size_t i = 0; i < 3; i++) {
    world.offered[i] = true;
  }
  world.options.delegations = chosen;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_int_equal(world.order_count, 1);
  assert_string_equal(world.orders[0].delegation, WORLD_DELEGATION "1");
}

/* RFC 9115 2.3.1.2: the program may ask at any time. */
static void test_discovers_on_demand(void **state)
{
  (void)state;
  world.options.discovery_interval_s = 30 * 86400;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  world.delegation_count = 2;
  world.offered[1] = true;
  world_run(&world, WORLD_EPOCH + 120000);
  assert_int_equal(world.order_count, 1);
  stardeleg_ndc_discover(world.ndc);
  world_run(&world, WORLD_EPOCH + 180000);
  assert_int_equal(world.order_count, 2);
}

/* --- Templates --- */

/* STARDEL-4.1-15, STARDEL-2.3.1.3-04: what cannot be read is not ordered from. */
static void test_bad_templates(void **state)
{
  static const char *const bad[] = {
      "{}", "null", "\"x\"", "{\"keyTypes\":[],\"extensions\":{\"subjectAltName\":{\"DNS\":[\"a.example.org\"]}}}",
      ("{\"keyTypes\":[{\"PublicKeyType\":\"rsaEncryption\",\"PublicKeyLength\":2048,\"SignatureType\":"
       "\"sha256WithRSAEncryption\"}],\"extensions\":{\"subjectAltName\":{\"DNS\":[\"**\"]}}}")};

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    world_clear(&world);
    world_init(&world);
    world.template_json = bad[i];
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 7200000);
    assert_int_equal(world.order_count, 0);
    assert_string_equal(last_failure()->delegation, WORLD_DELEGATION "0");
    assert_true(world.object_reads <= 4); /* backoff_max between two looks */
  }
}

#define EC "\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\",\"SignatureType\":\"ecdsa-with-SHA256\""

/* STARDEL-2.1-04: a changed template means a new order with it; noticed within days. */
static void test_changed_template(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.template_json = "{\"keyTypes\":[{" EC
                        "}],\"extensions\":{\"subjectAltName\":{\"DNS\":[\"cdn.example.org\",\"new.example.org\"]}}}";
  world_run(&world, WORLD_EPOCH + 7 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_non_null(strstr(world.last_payload, "new.example.org"));
  world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
}

/* AMB-06: literals, then what was chosen; choices a template has no place for do no harm. */
static void test_choices(void **state)
{
  static const stardeleg_choice choices[] = {{"DNS", "mine.example.org"}, {"locality", "Paris"}, {"country", "FR"}};

  (void)state;
  world.options.choices = choices;
  world.options.choice_count = 3;
  world.template_json = "{\"keyTypes\":[{" EC "}],\"subject\":{\"country\":\"CA\",\"locality\":\"**\"},"
                        "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"cdn.example.org\",\"**\"]}}}";
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  assert_non_null(strstr(world.last_payload, "[{\"type\":\"dns\",\"value\":\"cdn.example.org\"},"
                                             "{\"type\":\"dns\",\"value\":\"mine.example.org\"}]"));
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
}

/* --- Orders --- */

typedef enum trouble {
  TROUBLE_NONE = 0,
  TROUBLE_REJECTED,
  TROUBLE_BAD_CSR,
  TROUBLE_UNKNOWN,
  TROUBLE_NO_GET,
  TROUBLE_NO_RENEWAL,
  TROUBLE_GET_MISSING,
  TROUBLE_HTTP_STAR,
  TROUBLE_ENDED_ORDER,
  TROUBLE_INTERNAL
} trouble;

static void replace(world_reply *reply, const char *what, const char *with)
{
  const char *body = sdg_buf_str(&reply->body);
  const char *at = strstr(body, what);
  sdg_buf out;

  if (at == NULL) {
    return;
  }
  sdg_buf_init(&out, 1u << 20);
  sdg_buf_add(&out, body, (size_t)(at - body));
  sdg_buf_add_str(&out, with);
  sdg_buf_add_str(&out, at + strlen(what));
  sdg_buf_swap(&out, &reply->body);
  sdg_buf_clear(&out);
}

static void trouble_with_orders(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  bool is_new = strcmp(url, "https://ido.example/new-order") == 0;
  bool is_finalize = strstr(url, "/finalize") != NULL;
  bool is_order = strncmp(url, "https://ido.example/order/", 26) == 0;

  (void)method;
  switch ((trouble)w->mode) {
  case TROUBLE_REJECTED:
    if (is_new) {
      world_problem(reply, 403, "rejectedIdentifier");
    }
    break;
  case TROUBLE_BAD_CSR:
    if (is_finalize) {
      world_problem(reply, 403, "badCSR");
    }
    break;
  case TROUBLE_UNKNOWN:
    if (is_new) {
      world_problem(reply, 403, "unknownDelegation");
    }
    break;
  case TROUBLE_INTERNAL:
    if (is_new) {
      world_problem(reply, 500, "serverInternal");
    }
    break;
  case TROUBLE_NO_GET:
    if (is_order && !is_finalize) {
      replace(reply, "\"status\":\"valid\"", "\"status\":\"invalid\"");
      replace(reply, "\"allow-certificate-get\":true", "\"allow-certificate-get\":false");
    }
    break;
  case TROUBLE_NO_RENEWAL:
    if (is_order && !is_finalize) {
      replace(reply, "\"auto-renewal\"", "\"something\"");
    }
    break;
  case TROUBLE_GET_MISSING:
    if (is_order && !is_finalize) {
      replace(reply, ",\"allow-certificate-get\":true", "");
    }
    break;
  case TROUBLE_HTTP_STAR:
    if (is_order && !is_finalize) {
      replace(reply, "https://ca.example/star/", "http://ca.example/star/");
    }
    break;
  case TROUBLE_ENDED_ORDER:
    if (is_order && !is_finalize) {
      replace(reply, "\"end-date\":\"2026-01", "\"end-date\":\"2025-01");
    }
    break;
  default:
    break;
  }
}

static void test_failing_orders(void **state)
{
  static const struct {
    trouble mode;
    stardeleg_acme_error acme;
    const char *place;
    size_t orders_max; /* in a day */
  } cases[] = {
      {TROUBLE_REJECTED, STARDELEG_ACME_REJECTED_IDENTIFIER, "", 25},
      {TROUBLE_BAD_CSR, STARDELEG_ACME_BAD_CSR, "", 25},
      {TROUBLE_UNKNOWN, STARDELEG_ACME_UNKNOWN_DELEGATION, "", 25},
      {TROUBLE_NO_GET, STARDELEG_ACME_NONE, "/auto-renewal/allow-certificate-get", 60}, /* STARDEL-2.3.2-27 */
      {TROUBLE_NO_RENEWAL, STARDELEG_ACME_NONE, "/auto-renewal", 60},
      {TROUBLE_GET_MISSING, STARDELEG_ACME_NONE, "/auto-renewal/allow-certificate-get", 60}, /* STAR-3.4-06 */
      {TROUBLE_HTTP_STAR, STARDELEG_ACME_NONE, "/star-certificate", 60},
      {TROUBLE_ENDED_ORDER, STARDELEG_ACME_NONE, "/auto-renewal/end-date", 60},
      {TROUBLE_INTERNAL, STARDELEG_ACME_SERVER_INTERNAL, "", 60},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    world_clear(&world);
    world_init(&world);
    world.bend = trouble_with_orders;
    world.mode = (int)cases[i].mode;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + WORLD_DAY);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 0);
    assert_int_equal(last_failure()->acme, cases[i].acme);
    if (cases[i].place[0] != '\0') {
      assert_string_equal(last_failure()->place, cases[i].place);
    }
    assert_true(last_failure()->next_try > last_failure()->at);
    assert_in_range(world.order_count, 1, cases[i].orders_max);
    world.mode = TROUBLE_NONE;
    world_run(&world, WORLD_EPOCH + WORLD_DAY + 2 * 3600000);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
  }
}

/* STAR-3.1.1-09: what the order reflects is what the timers follow. */
static void longer_adjust(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (strncmp(url, "https://ido.example/order/", 26) == 0) {
    replace(reply, "\"lifetime\":345600", "\"lifetime\":345600,\"lifetime-adjust\":259200");
    w->orders[0].renewal.lifetime_adjust_s = 259200;
  }
}

static void test_follows_what_is_reflected(void **state)
{
  (void)state;
  world.bend = longer_adjust;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY + 3600000);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 2); /* at 4 - 3 days, not at 2 */
}

/* --- Refused certificates: the order is looked at --- */

static void refuse_star(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode >= 1 && strncmp(url, WORLD_STAR, strlen(WORLD_STAR)) == 0) {
    world_problem(reply, w->mode == 1 ? 404 : 403, "unauthorized");
  }
}

static void test_looks_at_the_order(void **state)
{
  (void)state;
  world.bend = refuse_star;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.mode = 1;
  world.orders[0].canceled = true; /* the IdO knows, the CA answers something else */
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY + 3600000);
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_string_equal(world_state(&world, 0), "active");
}

/* Field lesson 1: ten thousand failures: pauses grow, stay below the bound, are never nothing. */
typedef struct pauses {
  size_t count;
  stardeleg_time last_at;
  int64_t longest;
} pauses;

static pauses seen;

static int count_pauses(void *ctx, const stardeleg_ndc_event *event)
{
  ndc_world *w = ctx;
  int64_t pause;

  if (event->kind != STARDELEG_NDC_FAILED ||
      strncmp(event->delegation, WORLD_DELEGATION, strlen(WORLD_DELEGATION)) != 0) {
    return 0;
  }
  pause = event->next_try - w->now;
  assert_true(pause >= 500);
  assert_true(pause <= 3600000);
  if (seen.count > 500) {
    assert_true(pause >= 1800000);
  }
  seen.longest = pause > seen.longest ? pause : seen.longest;
  seen.count++;
  return 0;
}

static void refuse_all(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode == 1 && (strncmp(url, WORLD_STAR, strlen(WORLD_STAR)) == 0 || strstr(url, "/dlg/") != NULL)) {
    reply->status = 503;
    sdg_buf_reset(&reply->body);
  }
}

static void test_ten_thousand_failures(void **state)
{
  size_t days;

  (void)state;
  memset(&seen, 0, sizeof(seen));
  world.bend = refuse_all;
  world.options.on_event = count_pauses;
  world.options.discovery_interval_s = (int64_t)1000 * 86400;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.mode = 1;
  days = test_scale(320, 40);
  world_run(&world, WORLD_EPOCH + (int64_t)days * WORLD_DAY);
  assert_true(seen.count >= days * 10000 / 320);
  assert_true(seen.longest > 3000000);
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + (int64_t)(days + 1) * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
}

/* --- Options --- */

static void test_options(void **state)
{
  stardeleg_problem problem;
  stardeleg_ndc_options good = world.options;
  stardeleg_ndc *ndc = NULL;
  static const char *const no_url[] = {"ftp://x.example/", NULL};
  const stardeleg_choice no_value = {"DNS", NULL};

  (void)state;
#define REFUSED(change)                                                                                                \
  do {                                                                                                                 \
    stardeleg_ndc_options o = good;                                                                                    \
    change;                                                                                                            \
    assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_new(&ndc, &o, &problem));                                           \
    assert_true(problem.detail[0] != '\0');                                                                            \
  } while (0)
  REFUSED(o.size = 8);
  REFUSED(o.crypto = NULL);
  REFUSED(o.store = NULL);
  REFUSED(o.secrets = NULL);
  REFUSED(o.directory_url = NULL);
  REFUSED(o.directory_url = "ido.example");
  REFUSED(o.lifetime_s = 0);
  REFUSED(o.lifetime_adjust_s = -1);
  REFUSED(o.order_duration_s = 0);
  REFUSED(o.discovery_interval_s = 0);
  REFUSED(o.backoff_min_ms = 0);
  REFUSED(o.backoff_max_ms = o.backoff_min_ms - 1);
  REFUSED(o.order_poll_ms = 0);
  REFUSED(o.roots_pem = SDG_BYTES_LITERAL("no certificate"));
  REFUSED(o.delegations = no_url);
  REFUSED((o.choices = &no_value, o.choice_count = 1));
  REFUSED(o.eab_key_id = "kid");
}

/* A role that is refused leaves nothing behind: no account key that nobody would ever use. */
static void test_refused_leaves_no_key(void **state)
{
  stardeleg_problem problem;
  stardeleg_ndc_options o = world.options;
  stardeleg_ndc *ndc = NULL;
  uint8_t *secret = NULL;
  size_t len = 0;

  (void)state;
  o.eab_key_id = "kid";
  o.eab_mac_key = "!";
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_new(&ndc, &o, &problem));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_secrets_get(world.secrets, "ndc-account-1", &secret, &len));
  world_start(&world);
  assert_ok(sdg_secrets_get(world.secrets, "ndc-account-1", &secret, &len));
  stardeleg_secret_free(secret, len);
  /* an account key that was there before stays */
  world_stop(&world);
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_new(&ndc, &o, &problem));
  assert_ok(sdg_secrets_get(world.secrets, "ndc-account-1", &secret, &len));
  stardeleg_secret_free(secret, len);
}

/* What an idle delegation costs, strings of a usual length included. */
static void test_memory_of_an_idle_one(void **state)
{
  (void)state;
  assert_true(sizeof(sdg_ndc_delegation) + sizeof(sdg_ndc_current) + 4 * 80 + 40 <= 1024);
}

#define FAILURE(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      FAILURE(test_no_delegating_server),
      FAILURE(test_limits),
      FAILURE(test_pages),
      FAILURE(test_page_loops),
      FAILURE(test_discovers_on_demand),
      FAILURE(test_chosen_ones),
      FAILURE(test_bad_templates),
      FAILURE(test_changed_template),
      FAILURE(test_choices),
      FAILURE(test_failing_orders),
      FAILURE(test_follows_what_is_reflected),
      FAILURE(test_looks_at_the_order),
      FAILURE(test_ten_thousand_failures),
      FAILURE(test_options),
      FAILURE(test_refused_leaves_no_key),
      FAILURE(test_memory_of_an_idle_one),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_renewal_info_test.c -- asking when to renew, against a server played by hand. */
#include "support/client_rig.h"
#include "support/test_pki.h"

#include "acme_client/renewal_info.h"
#include "base/bytes.h"
#include "base/time.h"

#define ID "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
#define INFO CLIENT_BASE "/renewal-info"
#define OFFERED ",\"renewalInfo\":\"" INFO "\""
#define WINDOW(start, end) "{\"suggestedWindow\":{\"start\":\"" start "\",\"end\":\"" end "\"}}"
/* the clock begins at 2020-09-13T12:26:40Z */
#define LATER WINDOW("2020-10-01T00:00:00Z", "2020-10-03T00:00:00Z")
#define LATER_START ((stardeleg_time)1601510400000)
#define PAST WINDOW("2020-09-01T00:00:00Z", "2020-09-02T00:00:00Z")

typedef struct watching {
  client_rig rig;
  sdg_renewal_watch watch;
  bool restarts;
  unsigned changes;
} watching;

static void reload(sdg_renewal_watch *watch)
{
  sdg_renewal_watch again;
  sdg_json_writer w;
  sdg_json *tree = NULL;
  sdg_buf text;

  sdg_buf_init(&text, 65536);
  sdg_jw_init(&w, &text);
  sdg_renewal_watch_write(&w, NULL, watch);
  assert_ok(sdg_buf_error(&text));
  assert_ok(sdg_json_parse(&tree, sdg_buf_bytes(&text), NULL, NULL));
  assert_ok(sdg_renewal_watch_read(&again, tree));
  sdg_json_free(tree);
  sdg_buf_clear(&text);
  assert_true(again.selected_at == watch->selected_at && again.check_at == watch->check_at);
  sdg_renewal_watch_clear(watch);
  *watch = again;
}

static stardeleg_err ask(client_rig *rig, sdg_step *step, stardeleg_time now)
{
  watching *w = rig->thing;

  return sdg_renewal_watch_ask(&w->watch, rig->session, step, now);
}

static stardeleg_err take(client_rig *rig, const sdg_result *result, stardeleg_time now)
{
  watching *w = rig->thing;
  bool changed = false;
  stardeleg_err err = sdg_renewal_watch_take(&w->watch, rig->agent, result, now, &changed);

  w->changes += changed ? 1 : 0;
  if (w->restarts) {
    reload(&w->watch);
  }
  return err;
}

static void begin(watching *w, const char *directory)
{
  sdg_session_options options = {.kid = CLIENT_ACCOUNT};

  memset(w, 0, sizeof(*w));
  client_rig_begin(&w->rig, &options);
  w->rig.thing = w;
  w->rig.ask = ask;
  w->rig.take = take;
  assert_ok(sdg_renewal_watch_init(&w->watch, ID, w->rig.server.now + 60 * SDG_TIME_DAY));
  client_rig_directory(&w->rig, directory);
}

static void end(watching *w)
{
  client_rig_end(&w->rig);
  sdg_renewal_watch_clear(&w->watch);
}

/* ARI-4.1-03: GET, no JWS */
static void expect_question(watching *w)
{
  client_rig_expect(&w->rig, "GET", INFO "/" ID, NULL);
  assert_null(w->rig.server.body);
}

static void answer_after(watching *w, const char *retry_after, const char *body)
{
  char header[64];
  const char *headers[] = {header, NULL};

  (void)snprintf(header, sizeof(header), "Retry-After: %s", retry_after);
  scripted_answer(&w->rig.server, 200, retry_after != NULL ? headers : NULL, body);
}

/* ARI-4.2-04, ARI-4.3-01, ARI-4.3.2-01: asked at once, drawn once, asked again when the server says */
static void window_is_kept(void **state)
{
  watching w;
  stardeleg_time selected;

  (void)state;
  for (int restarts = 0; restarts < 2; restarts++) {
    begin(&w, OFFERED);
    w.restarts = restarts != 0;
    expect_question(&w);
    answer_after(&w, "21600", LATER);
    selected = w.watch.selected_at;
    assert_in_range((uint64_t)selected, (uint64_t)LATER_START, (uint64_t)(LATER_START + 2 * SDG_TIME_DAY - 1));
    for (int i = 0; i < 20; i++) {
      assert_true(scripted_wait(&w.rig.server) == w.rig.server.now + 6 * SDG_TIME_HOUR);
      w.rig.server.now += 6 * SDG_TIME_HOUR;
      expect_question(&w);
      answer_after(&w, "21600", LATER);
      assert_true(w.watch.selected_at == selected);
    }
    /* the window moves: drawn again */
    w.rig.server.now += 6 * SDG_TIME_HOUR;
    expect_question(&w);
    answer_after(&w, "21600", PAST);
    assert_true(w.watch.selected_at < w.rig.server.now);
    assert_true(sdg_renewal_watch_moment(&w.watch, STARDELEG_TIME_NEVER, STARDELEG_TIME_NEVER) < w.rig.server.now);
    end(&w);
  }
}

/* ARI-4.2-05: there for who wants to show it, after a restart too; never asked for, and gone when the CA drops it */
static void explanation(void **state)
{
  static const char body[] = "{\"suggestedWindow\":{\"start\":\"2020-10-01T00:00:00Z\","
                             "\"end\":\"2020-10-03T00:00:00Z\"},\"explanationURL\":\"https://ca.example/incident\"}";
  watching w;

  (void)state;
  begin(&w, OFFERED);
  w.restarts = true;
  expect_question(&w);
  answer_after(&w, "21600", body);
  assert_string_equal(w.watch.explanation_url, "https://ca.example/incident");
  assert_true(scripted_wait(&w.rig.server) == w.rig.server.now + 6 * SDG_TIME_HOUR);
  w.rig.server.now += 6 * SDG_TIME_HOUR;
  expect_question(&w);
  answer_after(&w, "21600", LATER);
  assert_null(w.watch.explanation_url);
  end(&w);
}

/* ARI-4.2-04: all of the window, not only its edges */
static void drawn_all_over(void **state)
{
  unsigned quarters[4] = {0};
  watching w;

  (void)state;
  begin(&w, OFFERED);
  for (int i = 0; i < 200; i++) {
    expect_question(&w);
    answer_after(&w, "60", (i & 1) != 0 ? PAST : LATER);
    if ((i & 1) == 0) {
      quarters[(w.watch.selected_at - LATER_START) / (SDG_TIME_DAY / 2)]++;
    }
    w.rig.server.now += SDG_TIME_MINUTE;
  }
  for (int i = 0; i < 4; i++) {
    assert_in_range(quarters[i], 5, 60);
  }
  end(&w);
}

static void moment(void **state)
{
  sdg_renewal_watch watch;

  (void)state;
  assert_ok(sdg_renewal_watch_init(&watch, ID, 1000));
  assert_true(sdg_renewal_watch_moment(&watch, 500, 900) == 500);
  watch.selected_at = 700;
  assert_true(sdg_renewal_watch_moment(&watch, 500, 900) == 700);
  watch.selected_at = 5000; /* after the end of the certificate: the role's own limit counts */
  assert_true(sdg_renewal_watch_moment(&watch, 500, 900) == 900);
  sdg_renewal_watch_clear(&watch);
}

/* ARI-4.3.2-01, T-53: a minute to a day, whatever the server says */
static void retry_after_bounds(void **state)
{
  static const struct {
    const char *value;
    int64_t pause;
  } cases[] = {{"0", SDG_TIME_MINUTE},
               {"1", SDG_TIME_MINUTE},
               {"59", SDG_TIME_MINUTE},
               {"61", 61 * SDG_TIME_S},
               {"1000000000", SDG_TIME_DAY},
               {"Sun, 13 Sep 2020 14:26:40 GMT", 2 * SDG_TIME_HOUR},
               {"Sun, 13 Sep 2015 14:26:40 GMT", SDG_TIME_MINUTE},
               {"Sun, 13 Sep 2099 14:26:40 GMT", SDG_TIME_DAY},
               {"-1", 6 * SDG_TIME_HOUR},
               {"soon", 6 * SDG_TIME_HOUR},
               {NULL, 6 * SDG_TIME_HOUR}};
  watching w;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    begin(&w, OFFERED);
    expect_question(&w);
    answer_after(&w, cases[i].value, LATER);
    assert_true(scripted_wait(&w.rig.server) == w.rig.server.now + cases[i].pause);
    assert_int_equal(w.changes, 1);
    end(&w);
  }
}

/* ARI-4.2-03, ARI-4.3.3-02, T-52: long-term errors: six hours, the window that was known stays unless it is gone */
static void long_term_errors(void **state)
{
  static const struct {
    int status;
    const char *body;
    bool keeps;
  } cases[] = {{404, CLIENT_PROBLEM("malformed"), false},
               {410, NULL, false},
               {400, CLIENT_PROBLEM("malformed"), true},
               {405, NULL, true},
               {301, NULL, true},
               {200, "<html>", true},
               {200, "{}", true},
               {200, WINDOW("2020-10-01T00:00:00Z", "2020-10-01T00:00:00Z"), true},
               {200, WINDOW("2020-10-02T00:00:00Z", "2020-10-01T00:00:00Z"), true}};
  watching w;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    begin(&w, OFFERED);
    expect_question(&w);
    answer_after(&w, "60", LATER);
    w.rig.server.now += SDG_TIME_MINUTE;
    expect_question(&w);
    scripted_answer(&w.rig.server, cases[i].status, NULL, cases[i].body);
    assert_true(scripted_wait(&w.rig.server) == w.rig.server.now + 6 * SDG_TIME_HOUR);
    assert_int_equal(w.watch.selected_at != STARDELEG_TIME_NONE, cases[i].keeps);
    assert_true(sdg_renewal_watch_moment(&w.watch, 5, STARDELEG_TIME_NEVER) ==
                (cases[i].keeps ? w.watch.selected_at : 5));
    assert_true(w.watch.problem.detail[0] != '\0' || w.watch.problem.status != 0);
    w.rig.server.now += 6 * SDG_TIME_HOUR; /* not given up for good */
    expect_question(&w);
    answer_after(&w, "60", LATER);
    assert_true(w.watch.selected_at != STARDELEG_TIME_NONE);
    end(&w);
  }
}

/* ARI-4.3.3-01: temporary errors: growing pauses, bounded, then six hours */
static void temporary_errors(void **state)
{
  static const char *const later[] = {"Retry-After: 7200", NULL};
  int64_t pauses[6];
  watching w;

  (void)state;
  for (int how = 0; how < 3; how++) {
    begin(&w, OFFERED);
    for (int i = 0; i < 6; i++) {
      expect_question(&w);
      if (how == 0) {
        scripted_lose(&w.rig.server, STARDELEG_TRANSPORT_TIMEOUT);
      } else {
        scripted_answer(&w.rig.server, how == 1 ? 503 : 429, NULL, NULL);
      }
      pauses[i] = scripted_wait(&w.rig.server) - w.rig.server.now;
      w.rig.server.now += pauses[i];
    }
    for (int i = 0; i < 5; i++) {
      assert_in_range((uint64_t)pauses[i], (uint64_t)(SDG_TIME_MINUTE << i) / 2, (uint64_t)(SDG_TIME_MINUTE << i));
    }
    assert_true(pauses[5] == 6 * SDG_TIME_HOUR);
    end(&w);
  }
  begin(&w, OFFERED);
  expect_question(&w);
  scripted_answer(&w.rig.server, 503, later, NULL);
  assert_true(scripted_wait(&w.rig.server) == w.rig.server.now + 2 * SDG_TIME_HOUR);
  end(&w);
}

/* ARI-4.3-02: nothing is asked after expiry or replacement */
static void ends(void **state)
{
  watching w;

  (void)state;
  for (int how = 0; how < 2; how++) {
    begin(&w, OFFERED);
    expect_question(&w);
    answer_after(&w, "60", LATER);
    w.watch.replaced = how == 0;
    w.rig.server.now = how == 0 ? w.rig.server.now + SDG_TIME_MINUTE : w.watch.not_after + 1;
    client_rig_rests(&w.rig);
    end(&w);
  }
}

/* ARI-5-01's other half: a CA without renewalInfo is not asked; one whose renewalInfo is elsewhere neither */
static void not_offered(void **state)
{
  static const char *const directories[] = {NULL, ",\"renewalInfo\":\"https://other.example/ari\"",
                                            ",\"renewalInfo\":\"http://ca.example/acme/ari\""};
  watching w;

  (void)state;
  for (size_t i = 0; i < 3; i++) {
    sdg_session_options options = {.kid = CLIENT_ACCOUNT};

    memset(&w, 0, sizeof(w));
    client_rig_begin(&w.rig, &options);
    w.rig.thing = &w;
    w.rig.ask = ask;
    w.rig.take = take;
    assert_ok(sdg_renewal_watch_init(&w.watch, ID, w.rig.server.now + 60 * SDG_TIME_DAY));
    client_rig_directory(&w.rig, directories[i]);
    assert_true(scripted_wait(&w.rig.server) == w.rig.server.now + 6 * SDG_TIME_HOUR);
    assert_int_equal(w.rig.takes, 0);
    end(&w);
  }
}

/* A clock that was set back by years must not silence the watch. */
static void clock_set_back(void **state)
{
  watching w;

  (void)state;
  begin(&w, OFFERED);
  expect_question(&w);
  answer_after(&w, "21600", LATER);
  w.rig.server.now -= 365 * SDG_TIME_DAY;
  sdg_agent_set_due(w.rig.agent, &w.rig.job, w.rig.server.now);
  expect_question(&w);
  answer_after(&w, "21600", LATER);
  end(&w);
}

/* ARI-4.1-01, ARI-4.1-04 */
static void ids_of_certificates(void **state)
{
  static const char *const names[] = {"a.example"};
  test_root root;
  test_leaf leaf = {0};
  sdg_buf pem;
  sdg_buf id;

  (void)state;
  sdg_buf_init(&pem, 65536);
  sdg_buf_init(&id, 400);
  test_root_init(&root, "root");
  leaf = (test_leaf){stardeleg_key_spki(root.key), names, 1, 1600000000000, 1700000000000, 0x8765432100, false};
  test_root_issue(&root, &leaf, &pem);
  switch (sdg_certificate_id_of_chain(&id, sdg_buf_bytes(&pem))) {
  case STARDELEG_OK:
    assert_non_null(strchr(sdg_buf_str(&id), '.'));
    assert_string_equal(strchr(sdg_buf_str(&id), '.'), ".AIdlQyEA");
    break;
  case STARDELEG_ERR_NOT_FOUND: /* these certificates have no authority key identifier */
    break;
  default:
    fail();
  }
  assert_err(STARDELEG_ERR_MALFORMED, sdg_certificate_id(&id, SDG_BYTES_LITERAL("x")));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_certificate_id_of_chain(&id, SDG_BYTES_LITERAL("x")));
  test_root_clear(&root);
  sdg_buf_clear(&pem);
  sdg_buf_clear(&id);
}

static void spoiled_records(void **state)
{
  static const char *const bad[] = {"{}", "{\"id\":1}", "{\"id\":\"a.b\",\"start\":\"x\"}",
                                    "{\"id\":\"a.b\",\"tries\":-1}", "{\"id\":\"a.b\",\"replaced\":0}",
                                    "{\"id\":\"a.b\",\"explanationUrl\":1}"};
  sdg_renewal_watch watch;

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    sdg_json *tree = NULL;

    assert_ok(sdg_json_parse(&tree, sdg_bytes_str(bad[i]), NULL, NULL));
    assert_err(STARDELEG_ERR_MALFORMED, sdg_renewal_watch_read(&watch, tree));
    sdg_json_free(tree);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(window_is_kept),   cmocka_unit_test(drawn_all_over),   cmocka_unit_test(moment),
      cmocka_unit_test(retry_after_bounds), cmocka_unit_test(long_term_errors), cmocka_unit_test(temporary_errors),
      cmocka_unit_test(ends),             cmocka_unit_test(not_offered),      cmocka_unit_test(clock_set_back),
      cmocka_unit_test(ids_of_certificates), cmocka_unit_test(spoiled_records), cmocka_unit_test(explanation)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

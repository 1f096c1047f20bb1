/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_account_errand_test.c -- contacts, terms, deactivation and the list of orders. */
#include "support/client_rig.h"

#include "acme_client/account_errand.h"
#include "base/bytes.h"
#include "base/time.h"

#define AUTHZ CLIENT_BASE "/authz/7"
#define ORDERS CLIENT_BASE "/orders"

typedef struct running {
  client_rig rig;
  sdg_account_errand errand;
  sdg_order_list list;
  bool listing;
} running;

static stardeleg_err ask(client_rig *rig, sdg_step *step, stardeleg_time now)
{
  running *r = rig->thing;

  return r->listing ? sdg_order_list_ask(&r->list, rig->session, step, now)
                    : sdg_account_errand_ask(&r->errand, rig->session, step, now);
}

static stardeleg_err take(client_rig *rig, const sdg_result *result, stardeleg_time now)
{
  running *r = rig->thing;

  return r->listing ? sdg_order_list_take(&r->list, rig->session, rig->agent, result, now)
                    : sdg_account_errand_take(&r->errand, rig->agent, result, now);
}

static void begin(running *r, sdg_account_task task, const char *const *contacts)
{
  memset(r, 0, sizeof(*r));
  client_rig_begin(&r->rig, NULL);
  r->rig.thing = r;
  r->rig.ask = ask;
  r->rig.take = take;
  assert_ok(sdg_account_errand_init(&r->errand, task, contacts, task == SDG_AUTHORIZATION_DEACTIVATE ? AUTHZ : NULL,
                                    NULL));
  client_rig_register(&r->rig, NULL);
}

static void end(running *r)
{
  client_rig_end(&r->rig);
  sdg_account_errand_clear(&r->errand);
  sdg_order_list_clear(&r->list);
}

/* ACME-7.3.6-01, ACME-7.5.2-01, T-60: what is sent, and a body that shows little */
static void done(void **state)
{
  static const char *const two[] = {"mailto:a@b.example", "mailto:c@d.example", NULL};
  static const char *const none[] = {NULL};
  static const struct {
    sdg_account_task task;
    const char *const *contacts;
    const char *url;
    const char *payload;
  } cases[] = {
      {SDG_ACCOUNT_FETCH, NULL, CLIENT_ACCOUNT, ""},
      {SDG_ACCOUNT_UPDATE, two, CLIENT_ACCOUNT, "{\"contact\":[\"mailto:a@b.example\",\"mailto:c@d.example\"]}"},
      {SDG_ACCOUNT_UPDATE, none, CLIENT_ACCOUNT, "{\"contact\":[]}"},
      {SDG_ACCOUNT_AGREE, NULL, CLIENT_ACCOUNT, "{\"termsOfServiceAgreed\":true}"},
      {SDG_ACCOUNT_DEACTIVATE, NULL, CLIENT_ACCOUNT, "{\"status\":\"deactivated\"}"},
      {SDG_AUTHORIZATION_DEACTIVATE, NULL, AUTHZ, "{\"status\":\"deactivated\"}"}};
  running r;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    begin(&r, cases[i].task, cases[i].contacts);
    client_rig_expect(&r.rig, "POST", cases[i].url, cases[i].payload);
    assert_non_null(strstr(r.rig.server.header, "\"kid\""));
    scripted_answer(&r.rig.server, 200, NULL, "{\"status\":\"valid\"}");
    assert_int_equal(r.errand.errand.state, SDG_ERRAND_DONE);
    client_rig_rests(&r.rig);
    end(&r);
  }
}

static void refused(void **state)
{
  running r;

  (void)state;
  for (int task = SDG_ACCOUNT_FETCH; task <= SDG_AUTHORIZATION_DEACTIVATE; task++) {
    static const char *const contacts[] = {"mailto:a@b.example", NULL};

    begin(&r, (sdg_account_task)task, contacts);
    client_rig_expect(&r.rig, "POST", task == SDG_AUTHORIZATION_DEACTIVATE ? AUTHZ : CLIENT_ACCOUNT, NULL);
    scripted_answer(&r.rig.server, 403, NULL, CLIENT_PROBLEM("unauthorized"));
    /* RFC 8555 7.3.6: the first request did not deactivate anything */
    assert_int_equal(r.errand.errand.state, SDG_ERRAND_FAILED);
    assert_int_equal(r.errand.errand.problem.acme, STARDELEG_ACME_UNAUTHORIZED);
    end(&r);
  }
}

/* RFC 8555 7.3.6: the answer was lost, and now the account is closed: that is what we wanted */
static void deactivation_lost(void **state)
{
  static const struct {
    sdg_account_task task;
    int status;
    const char *body;
  } cases[] = {{SDG_ACCOUNT_DEACTIVATE, 401, CLIENT_PROBLEM("unauthorized")},
               {SDG_ACCOUNT_DEACTIVATE, 403, CLIENT_PROBLEM("unauthorized")},
               {SDG_AUTHORIZATION_DEACTIVATE, 404, CLIENT_PROBLEM("malformed")}};
  running r;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    begin(&r, cases[i].task, NULL);
    client_rig_expect(&r.rig, "POST", cases[i].task == SDG_ACCOUNT_DEACTIVATE ? CLIENT_ACCOUNT : AUTHZ, NULL);
    client_rig_lose(&r.rig, STARDELEG_TRANSPORT_BROKEN);
    scripted_sleep(&r.rig.server, 2000);
    client_rig_expect(&r.rig, "POST", cases[i].task == SDG_ACCOUNT_DEACTIVATE ? CLIENT_ACCOUNT : AUTHZ, NULL);
    scripted_answer(&r.rig.server, cases[i].status, NULL, cases[i].body);
    assert_int_equal(r.errand.errand.state, SDG_ERRAND_DONE);
    end(&r);
  }
}

static void bad_arguments(void **state)
{
  static const char *const odd[] = {"tel:+123", NULL};
  static const char *const many[] = {"mailto:a@b.example", "mailto:a@b.example", "mailto:a@b.example",
                                     "mailto:a@b.example", "mailto:a@b.example", "mailto:a@b.example",
                                     "mailto:a@b.example", "mailto:a@b.example", "mailto:a@b.example", NULL};
  stardeleg_problem problem;
  sdg_account_errand errand;

  (void)state;
  assert_int_not_equal(sdg_account_errand_init(&errand, SDG_ACCOUNT_UPDATE, odd, NULL, &problem), STARDELEG_OK);
  assert_int_equal(problem.acme, STARDELEG_ACME_UNSUPPORTED_CONTACT);
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_account_errand_init(&errand, SDG_ACCOUNT_UPDATE, many, NULL, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT,
             sdg_account_errand_init(&errand, SDG_AUTHORIZATION_DEACTIVATE, NULL, NULL, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_account_errand_init(&errand, SDG_ACCOUNT_FETCH, NULL, AUTHZ, NULL));
}

static void begin_list(running *r, const char *account)
{
  begin(r, SDG_ACCOUNT_FETCH, NULL);
  r->listing = true;
  assert_ok(sdg_order_list_init(&r->list));
  client_rig_expect(&r->rig, "POST", CLIENT_ACCOUNT, "");
  scripted_answer(&r->rig.server, 200, NULL, account);
}

/* RFC 8555 7.1.2.1: pages by Link, relative ones too */
static void lists_orders(void **state)
{
  static const char *const next[] = {"Link: </acme/directory>;rel=\"index\", <orders?page=2>;rel=\"next\"", NULL};
  running r;

  (void)state;
  begin_list(&r, "{\"status\":\"valid\",\"orders\":\"" ORDERS "\"}");
  client_rig_expect(&r.rig, "POST", ORDERS, "");
  scripted_answer(&r.rig.server, 200, next,
                  "{\"orders\":[\"" CLIENT_BASE "/order/1\",\"" CLIENT_BASE "/order/2\"]}");
  client_rig_expect(&r.rig, "POST", CLIENT_BASE "/orders?page=2", "");
  client_rig_lose(&r.rig, STARDELEG_TRANSPORT_TIMEOUT);
  scripted_sleep(&r.rig.server, 2000);
  client_rig_expect(&r.rig, "POST", CLIENT_BASE "/orders?page=2", "");
  scripted_answer(&r.rig.server, 200, NULL, "{\"orders\":[\"" CLIENT_BASE "/order/3\"]}");
  assert_int_equal(r.list.errand.state, SDG_ERRAND_DONE);
  assert_int_equal(r.list.count, 3);
  assert_string_equal(r.list.urls[2], CLIENT_BASE "/order/3");
  client_rig_rests(&r.rig);
  end(&r);
}

/* A list without end ends. */
static void endless_list(void **state)
{
  static const char *const same[] = {"Link: <" ORDERS ">;rel=\"next\"", NULL};
  char link[128];
  const char *headers[] = {link, NULL};
  running r;
  unsigned pages = 0;

  (void)state;
  begin_list(&r, "{\"status\":\"valid\",\"orders\":\"" ORDERS "\"}");
  client_rig_expect(&r.rig, "POST", ORDERS, "");
  scripted_answer(&r.rig.server, 200, same, "{\"orders\":[]}");
  assert_int_equal(r.list.errand.state, SDG_ERRAND_DONE);
  end(&r);
  begin_list(&r, "{\"status\":\"valid\",\"orders\":\"" ORDERS "\"}");
  while (r.list.errand.state == SDG_ERRAND_OPEN) {
    char url[128];

    (void)snprintf(url, sizeof(url), pages == 0 ? ORDERS : ORDERS "/%u", pages);
    client_rig_expect(&r.rig, "POST", url, "");
    pages++;
    (void)snprintf(link, sizeof(link), "Link: <" ORDERS "/%u>;rel=next", pages);
    scripted_answer(&r.rig.server, 200, headers, "{\"orders\":[\"" CLIENT_BASE "/order/1\"]}");
  }
  assert_in_range(pages, 2, 1000);
  end(&r);
}

/* T-19: no list; and lists that are none */
static void no_list(void **state)
{
  static const char *const bodies[] = {"{}", "[]", "<html>", "{\"orders\":[1]}", "{\"orders\":[\"/order/1\"]}"};
  running r;

  (void)state;
  begin_list(&r, "{\"status\":\"valid\"}");
  assert_int_equal(r.list.errand.state, SDG_ERRAND_FAILED);
  client_rig_rests(&r.rig);
  end(&r);
  for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
    begin_list(&r, "{\"status\":\"valid\",\"orders\":\"" ORDERS "\"}");
    client_rig_expect(&r.rig, "POST", ORDERS, "");
    scripted_answer(&r.rig.server, 200, NULL, bodies[i]);
    assert_int_equal(r.list.errand.state, SDG_ERRAND_FAILED);
    end(&r);
  }
  begin_list(&r, "{\"status\":\"valid\",\"orders\":\"https://elsewhere.example/orders\"}");
  client_rig_rests(&r.rig); /* never asked */
  assert_int_equal(r.list.errand.state, SDG_ERRAND_FAILED);
  end(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(done),          cmocka_unit_test(refused),
                                     cmocka_unit_test(deactivation_lost), cmocka_unit_test(bad_arguments),
                                     cmocka_unit_test(lists_orders),  cmocka_unit_test(endless_list),
                                     cmocka_unit_test(no_list)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_order_flow_renewal_test.c -- orders that name a predecessor, a profile or dates. */
#include "support/client_rig.h"

#include "acme_client/order_flow.h"
#include "base/bytes.h"
#include "base/time.h"

#define NAMES "\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"}]"
#define REPLACES "\"replaces\":\"aYhb.AIdl\""
#define ARI ",\"renewalInfo\":\"" CLIENT_BASE "/ari\""
#define PROFILES ",\"meta\":{\"profiles\":{\"shortlived\":\"six days\",\"classic\":\"as ever\"}}"
#define NEW CLIENT_BASE "/new-order"
#define ORDER(more)                                                                                                    \
  "{\"status\":\"valid\"," NAMES ",\"authorizations\":[],\"finalize\":\"" CLIENT_BASE                                  \
  "/f\",\"certificate\":\"" CLIENT_BASE "/c\"" more "}"

static const char *const location[] = {"Location: " CLIENT_BASE "/order/1", NULL};

typedef struct ordering {
  client_rig rig;
  sdg_order_flow flow;
} ordering;

static stardeleg_err ask(client_rig *rig, sdg_step *step, stardeleg_time now)
{
  return sdg_order_flow_ask(&((ordering *)rig->thing)->flow, rig->session, rig->agent, step, now);
}

static stardeleg_err take(client_rig *rig, const sdg_result *result, stardeleg_time now)
{
  ordering *o = rig->thing;
  sdg_flow_change change;
  stardeleg_err err = sdg_order_flow_take(&o->flow, rig->session, rig->agent, result, now, &change);
  sdg_order_flow again;
  sdg_json_writer w;
  sdg_json *tree = NULL;
  sdg_buf text;

  /* through a restart each time */
  sdg_buf_init(&text, 65536);
  sdg_jw_init(&w, &text);
  sdg_order_flow_write(&w, NULL, &o->flow);
  assert_ok(sdg_json_parse(&tree, sdg_buf_bytes(&text), NULL, NULL));
  assert_ok(sdg_order_flow_read(&again, tree));
  again.any_profile = o->flow.any_profile;
  sdg_json_free(tree);
  sdg_buf_clear(&text);
  sdg_order_flow_clear(&o->flow);
  o->flow = again;
  return err;
}

static void begin(ordering *o, const char *directory, const char *new_order)
{
  memset(o, 0, sizeof(*o));
  client_rig_begin(&o->rig, NULL);
  o->rig.thing = o;
  o->rig.ask = ask;
  o->rig.take = take;
  assert_ok(sdg_order_flow_init(&o->flow, new_order));
  client_rig_register(&o->rig, directory);
}

static void end(ordering *o)
{
  client_rig_end(&o->rig);
  sdg_order_flow_clear(&o->flow);
}

/* ARI-5-01: only where the directory has renewalInfo */
static void replaces_where_offered(void **state)
{
  ordering o;

  (void)state;
  begin(&o, ARI, "{" NAMES "," REPLACES "}");
  client_rig_expect(&o.rig, "POST", NEW, "{" NAMES "," REPLACES "}");
  scripted_answer(&o.rig.server, 201, location, ORDER(",\"replaces\":\"aYhb.AIdl\""));
  assert_int_equal(o.flow.state, SDG_FLOW_VALID);
  end(&o);
  begin(&o, NULL, "{" NAMES "," REPLACES ",\"notAfter\":\"2030-01-01T00:00:00Z\"}");
  client_rig_expect(&o.rig, "POST", NEW, "{" NAMES ",\"notAfter\":\"2030-01-01T00:00:00Z\"}");
  scripted_answer(&o.rig.server, 201, location, ORDER(""));
  assert_int_equal(o.flow.state, SDG_FLOW_VALID);
  end(&o);
}

/* ARI-5-05, T-52: refused with it, ordered once without it, never a third time */
static void replaces_refused(void **state)
{
  static const struct {
    int status;
    const char *body;
  } cases[] = {{409, CLIENT_PROBLEM("alreadyReplaced")}, {400, CLIENT_PROBLEM("alreadyReplaced")},
               {409, CLIENT_PROBLEM("conflict")},        {409, NULL},
               {400, CLIENT_PROBLEM("malformed")},       {404, CLIENT_PROBLEM("malformed")},
               {403, CLIENT_PROBLEM("unauthorized")}};
  ordering o;

  (void)state;
  for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
    size_t k = i / 2;

    begin(&o, ARI, "{" NAMES "," REPLACES "}");
    client_rig_expect(&o.rig, "POST", NEW, "{" NAMES "," REPLACES "}");
    scripted_answer(&o.rig.server, cases[k].status, NULL, cases[k].body);
    client_rig_expect(&o.rig, "POST", NEW, "{" NAMES "}");
    if (i % 2 == 0) {
      scripted_answer(&o.rig.server, 201, location, ORDER(""));
      assert_int_equal(o.flow.state, SDG_FLOW_VALID);
    } else {
      scripted_answer(&o.rig.server, cases[k].status, NULL, cases[k].body);
      assert_int_equal(o.flow.state, SDG_FLOW_FAILED);
      assert_int_equal(o.flow.problem.status, cases[k].status);
      if (cases[k].status == 404) { /* the directory is looked at: perhaps newOrder has moved */
        client_rig_directory(&o.rig, ARI);
      }
      client_rig_rests(&o.rig);
    }
    end(&o);
  }
}

/* What has nothing to do with it is not tried twice. */
static void other_refusals(void **state)
{
  static const struct {
    int status;
    const char *body;
    const char *new_order;
  } cases[] = {{400, CLIENT_PROBLEM("rejectedIdentifier"), "{" NAMES "," REPLACES "}"},
               {403, CLIENT_PROBLEM("userActionRequired"), "{" NAMES "," REPLACES "}"},
               /* T-20: refused dates are told, not dropped */
               {400, CLIENT_PROBLEM("malformed"), "{" NAMES ",\"notAfter\":\"2030-01-01T00:00:00Z\"}"},
               {409, CLIENT_PROBLEM("alreadyReplaced"), "{" NAMES "}"}};
  ordering o;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    begin(&o, ARI, cases[i].new_order);
    client_rig_expect(&o.rig, "POST", NEW, cases[i].new_order);
    scripted_answer(&o.rig.server, cases[i].status, NULL, cases[i].body);
    assert_int_equal(o.flow.state, SDG_FLOW_FAILED);
    assert_int_equal(o.rig.takes, 1);
    client_rig_rests(&o.rig);
    end(&o);
  }
}

/* PROF-4-01: only what is offered, unless somebody insists */
static void profile_offered(void **state)
{
  static const char *const directories[] = {PROFILES, NULL, ",\"meta\":{\"profiles\":{}}"};
  ordering o;

  (void)state;
  begin(&o, PROFILES, "{" NAMES ",\"profile\":\"shortlived\"}");
  client_rig_expect(&o.rig, "POST", NEW, "{" NAMES ",\"profile\":\"shortlived\"}");
  scripted_answer(&o.rig.server, 201, location, ORDER(",\"profile\":\"shortlived\""));
  assert_int_equal(o.flow.state, SDG_FLOW_VALID);
  assert_string_equal(o.flow.order.profile, "shortlived");
  end(&o);
  for (size_t i = 0; i < 3; i++) {
    begin(&o, directories[i], "{" NAMES ",\"profile\":\"odd\"}");
    client_rig_rests(&o.rig);
    assert_int_equal(o.flow.state, SDG_FLOW_FAILED);
    assert_int_equal(o.flow.problem.acme, STARDELEG_ACME_INVALID_PROFILE);
    end(&o);
    begin(&o, directories[i], "{" NAMES ",\"profile\":\"odd\"}");
    o.flow.any_profile = true;
    client_rig_expect(&o.rig, "POST", NEW, "{" NAMES ",\"profile\":\"odd\"}");
    scripted_answer(&o.rig.server, 201, location, ORDER(",\"profile\":\"odd\""));
    assert_int_equal(o.flow.state, SDG_FLOW_VALID);
    end(&o);
  }
}

/* PROF-4-07, T-31: an order of another profile is not ours */
static void profile_shown(void **state)
{
  static const char *const bodies[] = {ORDER(""), ORDER(",\"profile\":\"classic\""), ORDER(",\"profile\":\"\"")};
  ordering o;

  (void)state;
  for (size_t i = 0; i < 3; i++) {
    begin(&o, PROFILES, "{" NAMES ",\"profile\":\"shortlived\"}");
    client_rig_expect(&o.rig, "POST", NEW, NULL);
    scripted_answer(&o.rig.server, 201, location, bodies[i]);
    assert_int_equal(o.flow.state, SDG_FLOW_FAILED);
    assert_int_equal(o.flow.problem.acme, STARDELEG_ACME_INVALID_PROFILE);
    end(&o);
  }
  /* one that was not asked for is fine */
  begin(&o, PROFILES, "{" NAMES "}");
  client_rig_expect(&o.rig, "POST", NEW, NULL);
  scripted_answer(&o.rig.server, 201, location, bodies[1]);
  assert_int_equal(o.flow.state, SDG_FLOW_VALID);
  end(&o);
}

/* T-21, T-22: dates go as they stand, and unasked ones in the order are fine */
static void dates(void **state)
{
  ordering o;

  (void)state;
  begin(&o, NULL, "{" NAMES ",\"notBefore\":\"2020-10-01T00:00:00Z\",\"notAfter\":\"2020-10-08T00:00:00Z\"}");
  client_rig_expect(&o.rig, "POST", NEW, o.flow.new_order);
  scripted_answer(&o.rig.server, 201, location,
                  ORDER(",\"notBefore\":\"2020-10-01T00:00:00Z\",\"notAfter\":\"2020-10-08T00:00:00Z\""));
  assert_int_equal(o.flow.state, SDG_FLOW_VALID);
  assert_true(o.flow.order.not_after - o.flow.order.not_before == 7 * SDG_TIME_DAY);
  end(&o);
  begin(&o, NULL, "{" NAMES "}");
  client_rig_expect(&o.rig, "POST", NEW, NULL);
  scripted_answer(&o.rig.server, 201, location,
                  ORDER(",\"notBefore\":\"2020-10-01T00:00:00Z\",\"notAfter\":\"2020-10-08T00:00:00Z\""));
  assert_int_equal(o.flow.state, SDG_FLOW_VALID);
  end(&o);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(replaces_where_offered), cmocka_unit_test(replaces_refused),
                                     cmocka_unit_test(other_refusals),         cmocka_unit_test(profile_offered),
                                     cmocka_unit_test(profile_shown),          cmocka_unit_test(dates)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

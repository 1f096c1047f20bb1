/* SPDX-License-Identifier: Apache-2.0 */
/* support/order_rig.c -- one order's flow in an agent of its own. */
#include "support/order_rig.h"

#include "base/bytes.h"
#include "base/time.h"

#define DIRECTORY                                                                                                      \
  "{\"newNonce\":\"" RIG_BASE "/nonce\",\"newAccount\":\"" RIG_BASE "/account\",\"newOrder\":\"" RIG_BASE              \
  "/new-order\",\"newAuthz\":\"" RIG_BASE "/new-authz\"}" /* ACME-7.4.1-01: offered, and not what our flow asks for */

/* --- The job --- */

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  order_rig *rig = (order_rig *)job;

  return sdg_order_flow_ask(&rig->flow, rig->session, rig->agent, step, now);
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  order_rig *rig = (order_rig *)job;
  stardeleg_err err = sdg_order_flow_take(&rig->flow, rig->session, rig->agent, result, now, &rig->change);

  if (err == STARDELEG_OK) {
    rig->ended += rig->change == SDG_FLOW_ENDED ? 1 : 0;
    if (rig->restarts) {
      order_rig_reload(rig);
    }
  }
  return err;
}

static const sdg_job_ops ops = {ask, take};

static stardeleg_err next(void *self, stardeleg_ask *out, stardeleg_time now)
{
  return sdg_agent_next(((order_rig *)self)->agent, out, now);
}

static stardeleg_err answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  return sdg_agent_answer(((order_rig *)self)->agent, id, outcome, now);
}

/* --- The solver --- */

static int can_solve(void *ctx, const char *type, const char *identifier_type)
{
  const order_rig *rig = ctx;

  (void)identifier_type;
  return strcmp(type, rig->solves) == 0;
}

/* What reaches a solver may be put into a path: nothing but base64url characters, ever. */
static void see(order_rig *rig, const stardeleg_challenge *challenge)
{
  assert_true(strlen(challenge->token) > 0);
  assert_int_equal(strspn(challenge->token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                   strlen(challenge->token));
  assert_true(strncmp(challenge->key_authorization, challenge->token, strlen(challenge->token)) == 0);
  assert_int_equal(strlen(challenge->key_authorization), strlen(challenge->token) + 1 + 43);
  assert_int_equal(strlen(challenge->dns_value), 43);
  assert_string_equal(challenge->type, rig->solves);
  (void)snprintf(rig->token, sizeof(rig->token), "%s", challenge->token);
  (void)snprintf(rig->name, sizeof(rig->name), "%s", challenge->identifier);
  (void)snprintf(rig->name_type, sizeof(rig->name_type), "%s", challenge->identifier_type);
}

static stardeleg_err present(void *ctx, const stardeleg_challenge *challenge, stardeleg_time now,
                             stardeleg_time *ready_at)
{
  order_rig *rig = ctx;

  see(rig, challenge);
  rig->presents++;
  if (rig->present_fails) {
    return STARDELEG_ERR_CALLBACK;
  }
  if (rig->shown == 0) {
    rig->shown = 1;
    rig->ready_at = sdg_time_add(now, rig->ready_after_ms);
  }
  *ready_at = rig->ready_at > now ? rig->ready_at : now;
  return STARDELEG_OK;
}

static void cleanup(void *ctx, const stardeleg_challenge *challenge)
{
  order_rig *rig = ctx;

  see(rig, challenge);
  rig->cleanups++;
  rig->shown = 0;
}

static int seen(void *ctx, const stardeleg_challenge *challenge)
{
  order_rig *rig = ctx;

  see(rig, challenge);
  return !rig->sees || rig->asked ? 1 : 0;
}

/* --- Begin and end --- */

static void register_account(order_rig *rig)
{
  static const char *const location[] = {"Location: " RIG_BASE "/acct/1", NULL};

  scripted_expect(&rig->server, "GET", RIG_BASE "/directory");
  scripted_answer(&rig->server, 200, NULL, DIRECTORY);
  scripted_expect(&rig->server, "HEAD", RIG_BASE "/nonce");
  scripted_answer(&rig->server, 200, NULL, NULL);
  scripted_expect(&rig->server, "POST", RIG_BASE "/account");
  scripted_answer(&rig->server, 201, location, "{\"status\":\"valid\"}");
}

void order_rig_begin(order_rig *rig, const char *new_order)
{
  sdg_session_options options = {0};

  memset(rig, 0, sizeof(*rig));
  assert_ok(sdg_agent_new(&rig->agent, test_crypto(), NULL));
  assert_ok(stardeleg_key_generate(&rig->key, test_crypto(), STARDELEG_KEY_P256));
  options.directory_url = RIG_BASE "/directory";
  options.key = rig->key;
  options.directory_ttl_ms = 3650 * SDG_TIME_DAY;
  assert_ok(sdg_session_new(&rig->session, rig->agent, &options, NULL));
  rig->job.ops = &ops;
  rig->job.session = rig->session;
  rig->engine = (stardeleg_engine){rig, next, answer};
  rig->server.engine = &rig->engine;
  rig->server.now = 1600000000000;
  rig->solver = (stardeleg_solver){sizeof(rig->solver), rig, can_solve, present, cleanup, seen};
  rig->solves = "http-01";
  assert_ok(sdg_order_flow_init(&rig->flow, new_order != NULL ? new_order : RIG_NEW_ORDER));
  assert_ok(sdg_order_flow_set_csr(&rig->flow, SDG_BYTES_LITERAL("csr")));
  rig->flow.solver = &rig->solver;
  assert_ok(sdg_agent_add(rig->agent, &rig->job, rig->server.now));
  register_account(rig);
}

void order_rig_end(order_rig *rig)
{
  assert_int_equal(rig->shown, 0); /* nothing is left behind */
  scripted_clear(&rig->server);
  sdg_agent_remove(rig->agent, &rig->job);
  sdg_order_flow_clear(&rig->flow);
  sdg_session_free(rig->session);
  sdg_agent_free(rig->agent);
  stardeleg_key_free(rig->key);
}

/* --- Restarts --- */

static void write_flow(sdg_buf *out, const sdg_order_flow *flow)
{
  sdg_json_writer w;

  sdg_buf_init(out, 1u << 20);
  sdg_jw_init(&w, out);
  sdg_order_flow_write(&w, NULL, flow);
  assert_ok(sdg_buf_error(out));
}

void order_rig_reload(order_rig *rig)
{
  sdg_order_flow flow;
  sdg_json *tree = NULL;
  sdg_buf before;
  sdg_buf after;

  write_flow(&before, &rig->flow);
  assert_ok(sdg_json_parse(&tree, sdg_buf_bytes(&before), NULL, NULL));
  assert_ok(sdg_order_flow_read(&flow, tree));
  sdg_json_free(tree);
  write_flow(&after, &flow);
  assert_string_equal(sdg_buf_str(&after), sdg_buf_str(&before));
  sdg_buf_clear(&before);
  sdg_buf_clear(&after);
  flow.solver = rig->flow.solver;
  flow.backoff_min_ms = rig->flow.backoff_min_ms;
  flow.backoff_max_ms = rig->flow.backoff_max_ms;
  flow.poll_min_ms = rig->flow.poll_min_ms;
  flow.patience_ms = rig->flow.patience_ms;
  sdg_order_flow_clear(&rig->flow);
  rig->flow = flow;
}

/* --- Talking --- */

/* T-14, ACME-6.5-03, ACME-6.5-05, ACME-6.5-10: every request has a nonce of its own. */
static void check_nonce(order_rig *rig)
{
  const char *at = strstr(rig->server.header, "\"nonce\":\"");
  char *nonce = rig->nonces[rig->nonce_count];
  size_t len;

  assert_non_null(at);
  at += strlen("\"nonce\":\"");
  len = strcspn(at, "\"");
  assert_true(len < sizeof(rig->nonces[0]));
  memcpy(nonce, at, len);
  nonce[len] = '\0';
  for (size_t i = 0; i < rig->nonce_count; i++) {
    assert_string_not_equal(rig->nonces[i], nonce);
  }
  rig->nonce_count += rig->nonce_count + 1 < sizeof(rig->nonces) / sizeof(rig->nonces[0]) ? 1 : 0;
}

void order_rig_expect(order_rig *rig, const char *method, const char *url, const char *payload)
{
  for (; rig->lost > 0; rig->lost--) {
    scripted_expect(&rig->server, "HEAD", RIG_BASE "/nonce"); /* the nonce went with the answer */
    scripted_answer(&rig->server, 200, NULL, NULL);
  }
  scripted_expect(&rig->server, method, url);
  rig->exchanges++;
  if (strcmp(method, "POST") == 0) {
    check_nonce(rig);
  }
  if (payload != NULL) {
    assert_string_equal(rig->server.payload, payload);
  }
}

void order_rig_expect_new(order_rig *rig)
{
  order_rig_expect(rig, "POST", RIG_BASE "/new-order", rig->flow.new_order);
}

void order_rig_expect_finalize(order_rig *rig)
{
  order_rig_expect(rig, "POST", RIG_FINALIZE, "{\"csr\":\"Y3Ny\"}");
}

void order_rig_expect_fetch(order_rig *rig, const char *url)
{
  order_rig_expect(rig, "POST", url, "");
}

void order_rig_lose(order_rig *rig, stardeleg_transport_failure failure)
{
  scripted_lose(&rig->server, failure);
  rig->lost++;
}

void order_rig_answer_order(order_rig *rig, int http, const char *status, const char *more)
{
  static const char *const location[] = {"Location: " RIG_ORDER, NULL};

  /* T-08, ACME-7.4-19: Location is only there where it must be. */
  scripted_answer(&rig->server, http, http == 201 ? location : NULL, order_rig_order(rig, status, 0, more));
}

void order_rig_sleep(order_rig *rig, int64_t max_ms)
{
  scripted_sleep(&rig->server, max_ms);
}

void order_rig_rests(order_rig *rig, sdg_flow_state state)
{
  assert_true(scripted_wait(&rig->server) > rig->server.now + 365 * SDG_TIME_DAY); /* no one but the directory */
  assert_string_equal(sdg_flow_state_name(rig->flow.state), sdg_flow_state_name(state));
}

/* --- Bodies --- */

const char *order_rig_order(order_rig *rig, const char *status, unsigned authorizations, const char *more)
{
  static const char *const lists[] = {"", "\"" RIG_BASE "/authz/1\"",
                                      "\"" RIG_BASE "/authz/1\",\"" RIG_BASE "/authz/2\""};

  (void)snprintf(rig->body, sizeof(rig->body),
                 "{\"status\":\"%s\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.ido.example\"},"
                 "{\"type\":\"dns\",\"value\":\"b.ido.example\"}],\"authorizations\":[%s],\"finalize\":\"" RIG_FINALIZE
                 "\"%s}",
                 status, lists[authorizations], more != NULL ? more : "");
  return rig->body;
}

const char *order_rig_authz(order_rig *rig, const char *status, const char *name, const char *challenges)
{
  (void)snprintf(rig->body, sizeof(rig->body),
                 "{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":\"%s\"},\"challenges\":[%s]}", status,
                 name, challenges);
  return rig->body;
}

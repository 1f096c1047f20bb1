/* SPDX-License-Identifier: Apache-2.0 */
/* support/server_world.c -- the server with next to nothing in it. */
#include "support/server_world.h"

#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"

static stardeleg_err handle(void *server, const stardeleg_http_request *request, stardeleg_time now,
                            stardeleg_http_reply **reply)
{
  return sdg_server_handle(((server_world *)server)->server, request, now, reply);
}

static void note(server_world *w, const sdg_call *call)
{
  w->calls++;
  (void)snprintf(w->seen, sizeof(w->seen), "%s %s %s %s", call->account != NULL ? call->account->id : "-",
                 call->jwk != NULL ? "jwk" : "-", call->payload != NULL ? "payload" : "-", call->parts[0]);
}

static stardeleg_err answer_thing(void *role, sdg_call *call)
{
  sdg_json_writer w;
  stardeleg_err err = sdg_call_json(call, &w);

  note(role, call);
  sdg_jw_object(&w, NULL);
  sdg_jw_string(&w, "id", call->parts[0]);
  sdg_jw_object_end(&w);
  return err;
}

static stardeleg_err answer_list(void *role, sdg_call *call)
{
  server_world *w = role;
  char text[16][64];
  const char *urls[16];
  char next[16] = "";
  uint64_t first = 0;
  size_t n = 0;

  note(w, call);
  (void)sdg_bytes_to_uint(&first, sdg_bytes_str(call->cursor), 1000000);
  for (; n < sdg_server_page_size(call->server) && first + n < w->orders; n++) {
    (void)snprintf(text[n], sizeof(text[n]), SERVER_BASE "/thing/%zu", (size_t)first + n);
    urls[n] = text[n];
  }
  (void)snprintf(next, sizeof(next), "%zu", (size_t)first + n);
  return sdg_call_page(call, "orders", urls, n, first + n < w->orders ? next : NULL);
}

static stardeleg_err answer_failure(void *role, sdg_call *call)
{
  note(role, call);
  sdg_buf_add_str(sdg_http_reply_body(call->reply), "half of an answer");
  if (strcmp(call->parts[0], "store") == 0) {
    return STARDELEG_ERR_STORE;
  }
  if (strcmp(call->parts[0], "argument") == 0) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (strcmp(call->parts[0], "limited") == 0) {
    (void)sdg_call_fail(call, STARDELEG_ACME_RATE_LIMITED, "too many");
    call->problem.retry_at = call->now + 90500;
    return STARDELEG_ERR_PROTOCOL;
  }
  if (strcmp(call->parts[0], "closed") == 0) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "not by this method");
    call->problem.status = 405;
    call->allow = "POST";
    return STARDELEG_ERR_PROTOCOL;
  }
  (void)sdg_call_fail(call, STARDELEG_ACME_REJECTED_IDENTIFIER, "two names");
  sdg_problem_add_sub(&call->problem, STARDELEG_ACME_REJECTED_IDENTIFIER, "dns", sdg_bytes_str("a.example"), "no");
  sdg_problem_add_sub(&call->problem, STARDELEG_ACME_MALFORMED, "dns", sdg_bytes_str("b.example"), "bad");
  return STARDELEG_ERR_PROTOCOL;
}

static const sdg_route routes[] = {
    {"/thing/{}", SDG_ROUTE_POST | SDG_ROUTE_FETCH, answer_thing},
    {"/thing/{}/part/{}", SDG_ROUTE_POST, answer_thing},
    {"/open/{}", SDG_ROUTE_GET | SDG_ROUTE_FETCH, answer_thing},
    {"/free/{}", SDG_ROUTE_GET, answer_thing},
    {"/new-thing", SDG_ROUTE_POST | SDG_ROUTE_ORDER, answer_thing},
    {"/either", SDG_ROUTE_POST | SDG_ROUTE_JWK, answer_thing},
    {"/list", SDG_ROUTE_FETCH, answer_list},
    {"/fail/{}", SDG_ROUTE_POST | SDG_ROUTE_FETCH | SDG_ROUTE_GET, answer_failure},
};

static stardeleg_err count_deactivation(void *role, const sdg_server_account *account, stardeleg_time now)
{
  server_world *w = role;

  assert_int_equal(now, w->now);
  assert_true(account->id[0] != '\0');
  w->deactivations++;
  return STARDELEG_OK;
}

void server_world_init(server_world *w)
{
  memset(w, 0, sizeof(*w));
  w->now = 1700000000000;
  assert_ok(stardeleg_store_memory_new(&w->store));
  assert_ok(stardeleg_secrets_memory_new(&w->secrets));
  w->options.crypto = test_crypto();
  w->options.store = w->store;
  w->options.secrets = w->secrets;
  w->options.base_url = SERVER_BASE;
  w->options.routes = routes;
  w->options.route_count = sizeof(routes) / sizeof(routes[0]);
  w->options.role = w;
  w->options.on_deactivated = count_deactivation;
  w->options.page_size = 3;
}

void server_world_open(server_world *w)
{
  stardeleg_problem problem;

  assert_ok(sdg_server_new(&w->server, &w->options, &problem));
  server_world_peer(w, &w->peer, STARDELEG_KEY_P256);
}

void server_world_start(server_world *w)
{
  server_world_init(w);
  server_world_open(w);
  acme_peer_register(&w->peer);
}

void server_world_restart(server_world *w)
{
  stardeleg_problem problem;

  sdg_server_free(w->server);
  w->server = NULL;
  assert_ok(sdg_server_new(&w->server, &w->options, &problem));
}

void server_world_clear(server_world *w)
{
  acme_peer_clear(&w->peer);
  sdg_server_free(w->server);
  stardeleg_secrets_free(w->secrets);
  stardeleg_store_free(w->store);
}

void server_world_peer(server_world *w, acme_peer *peer, stardeleg_key_spec spec)
{
  acme_peer_init(peer, handle, w, w->options.base_url, &w->now, spec);
}

static int count_record(void *ctx, const stardeleg_record *record)
{
  (void)record;
  (*(size_t *)ctx)++;
  return 0;
}

size_t server_world_count(const server_world *w, const char *kind)
{
  size_t n = 0;

  assert_ok(w->store->ops->scan(w->store->self, kind, NULL, NULL, 1000000, count_record, &n));
  return n;
}

int server_world_set_up(void **state)
{
  static server_world w;

  server_world_start(&w);
  *state = &w;
  return 0;
}

int server_world_tear_down(void **state)
{
  server_world_clear(*state);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sim/network.c -- exchanges on their way: routed by host name, late, lost, doubled or answered by somebody in between.
 */
#include <strings.h>

#include "sim/text.h"
#include "sim/watch.h"
#include "sim/world.h"
#include "support/test.h"

#define TIMEOUT (30 * SIM_S)

typedef enum fate {
  FATE_GOOD = 0,
  FATE_LOST_REQUEST,
  FATE_LOST_REPLY,
  FATE_ERROR_BEFORE, /* an error page instead of the server */
  FATE_ERROR_AFTER,  /* an error page instead of the server's reply */
  FATE_BAD_NONCE
} fate;

typedef struct exchange {
  sim_event event; /* first */
  size_t client;   /* SIM_NOBODY: a ghost, nobody waits for the reply */
  unsigned life;
  uint64_t id;
  uint64_t number; /* of all exchanges */
  fate fate;
  stardeleg_http_request request; /* all of it in |memory| */
  char *memory;
  stardeleg_http_header *headers;
  stardeleg_transport_failure failure;
  stardeleg_http_reply *reply; /* the server's, or NULL */
  stardeleg_http_response response;
  stardeleg_http_header made[3]; /* headers of a response that no server made */
  char made_pause[24];
  char made_body[160];
} exchange;

/* --- Objects --- */

static stardeleg_bytes copy_bytes(char **at, const void *from, size_t len)
{
  stardeleg_bytes copy = {(const uint8_t *)*at, len};

  if (len > 0) {
    memcpy(*at, from, len);
  }
  (*at)[len] = '\0';
  *at += len + 1;
  return copy;
}

static exchange *copy_exchange(const stardeleg_http_request *request)
{
  exchange *x = calloc(1, sizeof(*x));
  size_t size = strlen(request->url) + request->body.len + 2;
  char *at;

  for (size_t i = 0; i < request->header_count; i++) {
    size += request->headers[i].name.len + request->headers[i].value.len + 2;
  }
  if (x == NULL || (x->memory = malloc(size)) == NULL ||
      (x->headers = calloc(request->header_count + 1, sizeof(*x->headers))) == NULL) {
    abort();
  }
  at = x->memory;
  x->request = *request;
  /* The engine's strings are gone with its next call; methods are literals. */
  x->request.method = strcmp(request->method, "POST") == 0   ? "POST"
                      : strcmp(request->method, "HEAD") == 0 ? "HEAD"
                                                             : "GET";
  x->request.url = (const char *)copy_bytes(&at, request->url, strlen(request->url)).base;
  x->request.body = copy_bytes(&at, request->body.base, request->body.len);
  for (size_t i = 0; i < request->header_count; i++) {
    x->headers[i].name = copy_bytes(&at, request->headers[i].name.base, request->headers[i].name.len);
    x->headers[i].value = copy_bytes(&at, request->headers[i].value.base, request->headers[i].value.len);
  }
  x->request.headers = x->headers;
  return x;
}

static void free_exchange(sim_event *event)
{
  exchange *x = (exchange *)event;

  stardeleg_http_reply_free(x->reply);
  free(x->headers);
  free(x->memory);
  free(x);
}

static const char *who(const sim_world *world, const exchange *x)
{
  return x->client == SIM_NOBODY ? "ghost" : world->actors[x->client].name;
}

static void put(sim_world *world, exchange *x, int64_t delay, void (*run)(sim_world *, sim_event *))
{
  x->event.at = world->now + delay;
  x->event.run = run;
  x->event.drop = free_exchange;
  sim_queue_put(&world->queue, &x->event);
}

static int64_t latency(sim_world *world)
{
  return sim_rng_between(&world->rng, 2, 40);
}

static void call_phase(sim_world *world, const exchange *x, sim_phase phase)
{
  if (world->on_phase != NULL && x->client != SIM_NOBODY) {
    world->on_phase(world, x->number, phase);
  }
}

/* --- The way back --- */

static void describe(char *out, size_t size, const stardeleg_http_response *response)
{
  char type[48];

  out[0] = '\0';
  if (response->status >= 400 && sim_text_between(type, sizeof(type), response->body, "acme:error:", "\"")) {
    (void)snprintf(out, size, " %s", type);
  }
}

/* The same answer twice: the second one is for an exchange that is over. */
static void answer_again(sim_world *world, sim_actor *client, const exchange *x, const stardeleg_outcome *outcome)
{
  bool before;
  stardeleg_err err;

  if (world->failed || !sim_rng_chance(&world->rng, world->faults.duplicate)) {
    return;
  }
  before = sim_world_enter(world, true);
  err = client->engine->answer(client->engine->self, x->id, outcome, sim_actor_now(client));
  (void)sim_world_enter(world, before);
  if (err != STARDELEG_ERR_ARGUMENT) {
    sim_world_fail(world, "%s takes the same answer twice: %s", client->name, stardeleg_strerror(err));
  }
}

static void deliver(sim_world *world, sim_event *event)
{
  exchange *x = (exchange *)event;
  sim_actor *client = x->client == SIM_NOBODY ? NULL : &world->actors[x->client];
  stardeleg_outcome outcome = {x->failure, x->failure != STARDELEG_TRANSPORT_OK ? "simulated" : NULL, NULL};
  char what[64] = "";
  stardeleg_err err;
  bool before;

  if (x->failure == STARDELEG_TRANSPORT_OK) {
    outcome.response = &x->response;
    describe(what, sizeof(what), &x->response);
  }
  sim_trace_event(world->trace, world->now, who(world, x), "<- %d%s %s",
                  x->failure == 0 ? x->response.status : -(int)x->failure, what, x->request.url);
  if (client != NULL && client->engine != NULL && client->life == x->life) {
    before = sim_world_enter(world, true);
    err = client->engine->answer(client->engine->self, x->id, &outcome, sim_actor_now(client));
    (void)sim_world_enter(world, before);
    if (err != STARDELEG_OK && !(err == STARDELEG_ERR_NOMEM && world->scarce)) {
      sim_world_fail(world, "%s: answer() fails: %s", client->name, stardeleg_strerror(err));
    }
    client->runnable = true;
    answer_again(world, client, x, &outcome);
    call_phase(world, x, SIM_ANSWERED);
  }
  free_exchange(event);
}

static void break_off(sim_world *world, exchange *x, stardeleg_transport_failure failure)
{
  stardeleg_http_reply_free(x->reply);
  x->reply = NULL;
  x->failure = failure;
  put(world, x, failure == STARDELEG_TRANSPORT_TIMEOUT ? TIMEOUT : latency(world), deliver);
}

static void set_header(stardeleg_http_header *header, const char *name, stardeleg_bytes value)
{
  header->name = (stardeleg_bytes){(const uint8_t *)name, strlen(name)};
  header->value = value;
}

static void set_problem(exchange *x, int status, const char *type)
{
  static const char media[] = "application/problem+json";
  int n = snprintf(x->made_body, sizeof(x->made_body),
                   "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"simulated\",\"status\":%d}", type, status);

  set_header(&x->made[0], "Content-Type", (stardeleg_bytes){(const uint8_t *)media, sizeof(media) - 1});
  x->response = (stardeleg_http_response){status, x->made, 1, {(const uint8_t *)x->made_body, (size_t)n}};
}

static void make_error(sim_world *world, exchange *x)
{
  static const int statuses[] = {500, 502, 503, 429};
  static const char soon[] = "30";
  int status = statuses[sim_rng_between(&world->rng, 0, 3)];

  stardeleg_http_reply_free(x->reply);
  x->reply = NULL;
  set_problem(x, status, status == 429 ? "rateLimited" : "serverInternal");
  if (status == 502) {
    x->response.body = (stardeleg_bytes){(const uint8_t *)"<html>Bad Gateway</html>", 24};
    x->response.header_count = 0;
  } else if (status == 429 || sim_rng_chance(&world->rng, 500)) {
    set_header(&x->made[1], "Retry-After", (stardeleg_bytes){(const uint8_t *)soon, 2});
    x->response.header_count = 2;
  }
  put(world, x, latency(world), deliver);
}

/* --- The server --- */

/* Who serves a URL, and under which target. */
static size_t route(const sim_world *world, const char *url, const char **target)
{
  for (size_t i = 0; i < world->actor_count; i++) {
    const char *base = world->actors[i].base;
    size_t len = strcspn(base, ":") + 3;

    len += base[0] != '\0' ? strcspn(base + len, "/") : 0;
    if (base[0] != '\0' && strncmp(url, base, len) == 0 && url[len] == '/') {
      *target = url + len;
      return i;
    }
  }
  *target = strncmp(url, "http://d", 8) == 0 ? strchr(url + 8, '/') : NULL;
  if (*target != NULL && strncmp(*target - 8, ".example", 8) == 0) {
    return SIM_IDO; /* the names themselves: the IdO's plain HTTP listener */
  }
  return SIM_NOBODY;
}

static stardeleg_http_reply *ask_server(sim_world *world, size_t server, const stardeleg_http_request *request)
{
  sim_actor *actor = &world->actors[server];
  stardeleg_http_request served = *request;
  stardeleg_http_reply *reply = NULL;
  stardeleg_time now = sim_actor_now(actor);
  const char *target;
  stardeleg_err err;
  bool before;

  (void)route(world, request->url, &target);
  served.url = target;
  served.response_max = 0;
  before = sim_world_enter(world, true);
  if (server == SIM_CA) {
    err = stardeleg_ca_handle(actor->ca, &served, now, &reply);
  } else if (strncmp(request->url, "http:", 5) == 0) {
    err = stardeleg_ido_handle_http01(actor->ido, &served, now, &reply);
  } else {
    err = stardeleg_ido_handle(actor->ido, &served, now, &reply);
  }
  (void)sim_world_enter(world, before);
  if (world->scarce && err == STARDELEG_ERR_NOMEM) {
    return NULL;
  }
  if (err != STARDELEG_OK || reply == NULL) {
    sim_world_fail(world, "%s: handle() fails: %s", actor->name, stardeleg_strerror(err));
  }
  return reply;
}

/* A nonce that the server would not take, with another to try. */
static void refuse_nonce(sim_world *world, exchange *x, size_t server)
{
  stardeleg_http_request head = {0};
  char url[80];
  const stardeleg_http_response *view;

  set_problem(x, 400, "badNonce");
  if (sim_rng_chance(&world->rng, 700)) {
    head.method = "HEAD";
    (void)snprintf(url, sizeof(url), "%s/new-nonce", world->actors[server].base);
    head.url = url;
    x->reply = ask_server(world, server, &head);
    view = x->reply != NULL ? stardeleg_http_reply_view(x->reply) : NULL;
    for (size_t i = 0; view != NULL && i < view->header_count; i++) {
      if (view->headers[i].name.len == 12 &&
          strncasecmp((const char *)view->headers[i].name.base, "Replay-Nonce", 12) == 0) {
        x->made[1] = view->headers[i];
        x->response.header_count = 2;
      }
    }
  }
  put(world, x, latency(world), deliver);
}

static void handle(sim_world *world, exchange *x, size_t server)
{
  const char *target;

  x->reply = ask_server(world, server, &x->request);
  if (x->reply == NULL && world->scarce) {
    break_off(world, x, STARDELEG_TRANSPORT_BROKEN);
    return;
  }
  if (x->reply == NULL) {
    free_exchange(&x->event);
    return;
  }
  x->response = *stardeleg_http_reply_view(x->reply);
  (void)route(world, x->request.url, &target);
  sim_trace_event(world->trace, world->now, world->actors[server].name, "   %d %s %s", x->response.status,
                  x->request.method, target);
  sim_watch_reply(world->watch, server, &x->request, target, &x->response);
  if (world->on_reply != NULL) {
    world->on_reply(world, server, &x->request, target, &x->response);
  }
  if (strcmp(x->request.method, "HEAD") == 0) {
    x->response.body.len = 0;
  }
  call_phase(world, x, SIM_HANDLED);
  if (x->fate == FATE_ERROR_AFTER) {
    make_error(world, x);
  } else if (x->fate == FATE_LOST_REPLY) {
    break_off(world, x, STARDELEG_TRANSPORT_TIMEOUT);
  } else if (x->response.body.len > x->request.response_max) {
    break_off(world, x, STARDELEG_TRANSPORT_TOO_LARGE);
  } else {
    put(world, x, latency(world), deliver);
  }
}

static bool is_limited(sim_world *world, exchange *x, size_t server, const char *target)
{
  int64_t pause_s = server == SIM_CA && world->limit != NULL ? world->limit(world, &x->request, target) : 0;

  if (pause_s > 0) {
    set_problem(x, 429, "rateLimited");
    (void)snprintf(x->made_pause, sizeof(x->made_pause), "%lld", (long long)pause_s);
    set_header(&x->made[1], "Retry-After", (stardeleg_bytes){(const uint8_t *)x->made_pause, strlen(x->made_pause)});
    x->response.header_count = 2;
  }
  return pause_s > 0;
}

static void arrive(sim_world *world, sim_event *event)
{
  exchange *x = (exchange *)event;
  const char *target;
  size_t server = route(world, x->request.url, &target);

  if (server == SIM_NOBODY) {
    sim_world_fail(world, "a request to an unknown host: %.200s", x->request.url);
    free_exchange(event);
    return;
  }
  call_phase(world, x, SIM_ARRIVING);
  if (x->fate == FATE_LOST_REQUEST) {
    break_off(world, x, STARDELEG_TRANSPORT_TIMEOUT);
  } else if (world->actors[server].engine == NULL || world->actors[server].unreachable) {
    break_off(world, x, STARDELEG_TRANSPORT_CONNECT);
  } else if (x->fate == FATE_ERROR_BEFORE) {
    make_error(world, x);
  } else if (x->fate == FATE_BAD_NONCE) {
    refuse_nonce(world, x, server);
  } else if (is_limited(world, x, server, target)) {
    put(world, x, latency(world), deliver);
  } else {
    handle(world, x, server);
  }
}

/* --- The way there --- */

static fate choose_fate(sim_world *world, bool is_post)
{
  const sim_faults *faults = &world->faults;

  if (sim_rng_chance(&world->rng, faults->lost_request)) {
    return FATE_LOST_REQUEST;
  }
  if (sim_rng_chance(&world->rng, faults->lost_reply)) {
    return FATE_LOST_REPLY;
  }
  if (sim_rng_chance(&world->rng, faults->server_error)) {
    return sim_rng_chance(&world->rng, 500) ? FATE_ERROR_BEFORE : FATE_ERROR_AFTER;
  }
  return is_post && sim_rng_chance(&world->rng, faults->bad_nonce) ? FATE_BAD_NONCE : FATE_GOOD;
}

void sim_network_send(sim_world *world, sim_actor *actor, const stardeleg_ask *ask)
{
  exchange *x = copy_exchange(&ask->request);
  bool is_post = strcmp(x->request.method, "POST") == 0;

  x->client = actor->index;
  x->life = actor->life;
  x->id = ask->id;
  x->number = ++world->exchanges;
  world->posts += is_post ? 1 : 0;
  x->fate = choose_fate(world, is_post);
  sim_trace_event(world->trace, world->now, actor->name, "-> %s %s", x->request.method, x->request.url);
  if (actor->unreachable) {
    break_off(world, x, STARDELEG_TRANSPORT_CONNECT);
    return;
  }
  put(world, x, latency(world), arrive);
  if (is_post && sim_rng_chance(&world->rng, world->faults.duplicate)) {
    exchange *ghost = copy_exchange(&ask->request);

    ghost->client = SIM_NOBODY;
    put(world, ghost, sim_rng_between(&world->rng, 1, 5 * SIM_S), arrive);
  }
}

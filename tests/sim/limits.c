/* SPDX-License-Identifier: Apache-2.0 */
/* sim/limits.c -- buckets as "theoretical arrival times": a bucket is as full as its instant is ahead of the clock. */
#include "sim/limits.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"
#include "sim/names.h"
#include "sim/text.h"
#include "sim/watch.h"
#include "support/test.h"

typedef struct rate {
  int64_t burst;
  int64_t every_ms; /* one more after so long */
} rate;

/* 300 orders in 3 hours, 50 certificates for a registered domain in 7 days, 5 for a set of names in 7 days. */
static const rate per_account = {300, 36 * SIM_S};
static const rate per_domain = {50, 7 * SIM_DAY / 50};
static const rate per_set = {5, 7 * SIM_DAY / 5};

typedef struct issued {
  char serial[48];
  stardeleg_time at;
  stardeleg_time not_after;
} issued;

struct sim_limits {
  sim_world *world;
  stardeleg_time account;
  stardeleg_time domains[1000];
  stardeleg_time sets[10000];
  sim_names orders;  /* those that are counted: which set */
  sim_names serials; /* which certificate */
  issued *certs;
  size_t cert_count;
  size_t cert_cap;
  uint64_t refused;
  uint64_t requests;
  uint64_t counted;
  double fullest;
};

/* --- Buckets --- */

/* 0, or how long until there is room for one more. */
static int64_t wait_for(const rate *r, stardeleg_time full_until, stardeleg_time now)
{
  int64_t ahead = full_until > now ? full_until - now : 0;
  int64_t room = (r->burst - 1) * r->every_ms;

  return ahead <= room ? 0 : ahead - room;
}

static void fill(sim_limits *limits, const rate *r, stardeleg_time *full_until)
{
  stardeleg_time now = limits->world->now;
  double share;

  *full_until = (*full_until > now ? *full_until : now) + r->every_ms;
  share = (double)(*full_until - now) / (double)(r->burst * r->every_ms);
  limits->fullest = share > limits->fullest ? share : limits->fullest;
}

/* --- Orders --- */

/* The payload of a signed request; free() it. */
static char *read_payload(stardeleg_bytes body)
{
  char *text = malloc(body.len + 1);
  sdg_buf out;
  char *payload = NULL;

  if (text == NULL) {
    abort();
  }
  sdg_buf_init(&out, 65536);
  if (sim_text_between(text, body.len + 1, body, "\"payload\":\"", "\"") &&
      sdg_base64url_read(&out, sdg_bytes_str(text)) == STARDELEG_OK) {
    payload = strdup(sdg_buf_str(&out));
  }
  sdg_buf_clear(&out);
  free(text);
  return payload;
}

/* The set of names an order is for, by the first of them; and whether it replaces something. */
static bool read_order(const sim_limits *limits, stardeleg_bytes body, size_t *set, bool *replaces)
{
  char *payload = read_payload(body);
  char name[64];
  size_t number = SIM_NOBODY;

  if (payload != NULL) {
    stardeleg_bytes text = sdg_bytes_str(payload);

    *replaces = sim_text_find(text, "\"replaces\"") != NULL;
    if (sim_text_between(name, sizeof(name), text, "\"value\":\"", "\"")) {
      number = sim_watch_find(limits->world->watch, name);
    }
  }
  free(payload);
  *set = number == SIM_NOBODY ? 0 : number / limits->world->setup.names_for;
  return number != SIM_NOBODY;
}

static int64_t ask(sim_world *world, const stardeleg_http_request *request, const char *target)
{
  sim_limits *limits = world->on_ctx;
  bool replaces = false;
  size_t set;
  int64_t wait;
  int64_t other;

  if (strcmp(request->method, "POST") != 0 || strcmp(target, "/acme/new-order") != 0 ||
      !read_order(limits, request->body, &set, &replaces) || replaces) {
    return 0;
  }
  wait = wait_for(&per_account, limits->account, world->now);
  other = wait_for(&per_domain, limits->domains[set % world->setup.domains], world->now);
  wait = other > wait ? other : wait;
  other = wait_for(&per_set, limits->sets[set], world->now);
  wait = other > wait ? other : wait;
  limits->refused += wait > 0 ? 1 : 0;
  return wait > 0 ? wait / SIM_S + 1 : 0;
}

static void see_reply(sim_world *world, size_t server, const stardeleg_http_request *request, const char *target,
                      const stardeleg_http_response *response)
{
  sim_limits *limits = world->on_ctx;
  bool replaces = false;
  char id[SIM_NAME_MAX];
  size_t set;

  limits->requests += server == SIM_CA ? 1 : 0;
  if (server != SIM_CA || response->status != 201 || strcmp(target, "/acme/new-order") != 0 ||
      !read_order(limits, request->body, &set, &replaces) || replaces) {
    return;
  }
  fill(limits, &per_account, &limits->account);
  if (sim_text_between(id, sizeof(id), response->body, "/order/", "/\"")) {
    sim_names_put(&limits->orders, id, set);
  }
}

/* --- Certificates --- */

static void keep(sim_limits *limits, const char *text)
{
  char date[SDG_TIME_TEXT_SIZE];
  issued *cert;

  if (limits->cert_count == limits->cert_cap) {
    limits->cert_cap = limits->cert_cap == 0 ? 1024 : limits->cert_cap * 2;
    limits->certs = realloc(limits->certs, limits->cert_cap * sizeof(*limits->certs));
    if (limits->certs == NULL) {
      abort();
    }
  }
  cert = &limits->certs[limits->cert_count];
  memset(cert, 0, sizeof(*cert));
  cert->at = limits->world->now;
  if (!sim_text_between(cert->serial, sizeof(cert->serial), sdg_bytes_str(text), "serial=", " ") ||
      !sim_text_between(date, sizeof(date), sdg_bytes_str(text), "not_after=", " ") ||
      sdg_time_read_rfc3339(&cert->not_after, sdg_bytes_str(date)) != STARDELEG_OK) {
    sim_world_fail(limits->world, "the CA logs a certificate without its serial: %s", text);
    return;
  }
  sim_names_put(&limits->serials, cert->serial, limits->cert_count++);
}

static void see_log(sim_world *world, size_t actor, const char *event, const char *text)
{
  sim_limits *limits = world->on_ctx;
  char id[SIM_NAME_MAX];
  size_t set;

  if (actor != SIM_CA || strcmp(event, "ca.issued") != 0) {
    return;
  }
  keep(limits, text);
  set = sim_text_between(id, sizeof(id), sdg_bytes_str(text), "order=", " ") ? sim_names_get(&limits->orders, id)
                                                                             : SIM_NOBODY;
  if (set != SIM_NOBODY) {
    limits->counted++;
    fill(limits, &per_domain, &limits->domains[set % world->setup.domains]);
    fill(limits, &per_set, &limits->sets[set]);
  }
}

void sim_limits_each(const sim_limits *limits, stardeleg_time before, stardeleg_time now,
                     void (*fn)(sim_world *world, const char *serial))
{
  for (size_t i = 0; i < limits->cert_count; i++) {
    if (limits->certs[i].at < before && limits->certs[i].not_after > now) {
      fn(limits->world, limits->certs[i].serial);
    }
  }
}

stardeleg_time sim_limits_issued_at(const sim_limits *limits, const char *serial)
{
  size_t number = sim_names_get(&limits->serials, serial);

  return number == SIM_NOBODY ? STARDELEG_TIME_NONE : limits->certs[number].at;
}

/* --- The object --- */

sim_limits *sim_limits_new(sim_world *world)
{
  sim_limits *limits = calloc(1, sizeof(*limits));

  if (limits == NULL) {
    abort();
  }
  limits->world = world;
  world->limit = ask;
  world->on_reply = see_reply;
  world->on_log = see_log;
  world->on_ctx = limits;
  return limits;
}

void sim_limits_free(sim_limits *limits)
{
  sim_names_clear(&limits->orders);
  sim_names_clear(&limits->serials);
  free(limits->certs);
  free(limits);
}

uint64_t sim_limits_refused(const sim_limits *limits)
{
  return limits->refused;
}

uint64_t sim_limits_requests(const sim_limits *limits)
{
  return limits->requests;
}

uint64_t sim_limits_certificates(const sim_limits *limits)
{
  return limits->cert_count;
}

uint64_t sim_limits_replacing(const sim_limits *limits)
{
  return limits->cert_count - limits->counted;
}

double sim_limits_fullest(const sim_limits *limits)
{
  return limits->fullest;
}

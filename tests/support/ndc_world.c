/* SPDX-License-Identifier: Apache-2.0 */
/* support/ndc_world.c -- drives the delegate against the played IdO and CA, and listens to what it tells. */
#include "support/ndc_world.h"

#include "base/bytes.h"
#include "support/ndc_world_server.h"
#include "x509/cert.h"

static const char world_template[] =
    "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\","
    "\"SignatureType\":\"ecdsa-with-SHA256\"}],"
    "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"cdn.example.org\",\"www.cdn.example.org\"]}}}";

/* --- Events --- */

/* Whatever is told must be a pair, for the right names, valid at this moment. */
static void check_pair(const ndc_world *w, const stardeleg_ndc_event *event)
{
  sdg_chain chain;
  sdg_cert *leaf = calloc(1, sizeof(*leaf));

  assert_non_null(leaf);
  assert_ok(sdg_chain_parse(&chain, event->chain_pem));
  assert_ok(sdg_cert_parse(leaf, chain.certs[0]));
  assert_true(sdg_bytes_equal(leaf->spki, stardeleg_key_spki(event->key)));
  assert_true(event->name_count > 0);
  for (size_t i = 0; i < event->name_count; i++) {
    assert_true(sdg_cert_has_dns(leaf, sdg_bytes_str(event->names[i])));
  }
  assert_true(leaf->not_before == event->not_before);
  assert_true(leaf->not_before <= w->now && w->now <= event->not_after);
  sdg_chain_clear(&chain);
  free(leaf);
}

static int on_event(void *ctx, const stardeleg_ndc_event *event)
{
  ndc_world *w = ctx;
  world_event *e = &w->events[w->event_count];

  assert_true(w->event_count < WORLD_EVENTS_MAX);
  w->event_count++;
  memset(e, 0, sizeof(*e));
  e->kind = event->kind;
  e->at = w->now;
  e->not_before = event->not_before;
  e->not_after = event->not_after;
  e->next_try = event->next_try;
  (void)snprintf(e->delegation, sizeof(e->delegation), "%s", event->delegation);
  (void)snprintf(e->serial, sizeof(e->serial), "%s", event->serial);
  (void)snprintf(e->findings, sizeof(e->findings), "%.127s", event->findings);
  if (event->kind == STARDELEG_NDC_CERTIFICATE) {
    assert_null(event->problem);
    check_pair(w, event);
    return w->event_answer;
  }
  assert_non_null(event->problem);
  e->acme = event->problem->acme;
  (void)snprintf(e->detail, sizeof(e->detail), "%.255s", event->problem->detail);
  (void)snprintf(e->place, sizeof(e->place), "%.127s", event->problem->place);
  return 0;
}

size_t world_count(const ndc_world *w, stardeleg_ndc_event_kind kind)
{
  size_t count = 0;

  for (size_t i = 0; i < w->event_count; i++) {
    count += w->events[i].kind == kind ? 1 : 0;
  }
  return count;
}

const world_event *world_last(const ndc_world *w, stardeleg_ndc_event_kind kind)
{
  for (size_t i = w->event_count; i > 0; i--) {
    if (w->events[i - 1].kind == kind) {
      return &w->events[i - 1];
    }
  }
  return NULL;
}

void world_forget(ndc_world *w)
{
  w->event_count = 0;
  w->gets = 0;
  w->signed_gets = 0;
  w->signed_requests = 0;
  w->object_reads = 0;
}

typedef struct look_up {
  char url[64];
  const char *state;
} look_up;

static int look(void *ctx, const stardeleg_ndc_status *status)
{
  look_up *l = ctx;

  if (strcmp(status->delegation, l->url) == 0) {
    l->state = status->state;
  }
  return 0;
}

const char *world_state(const ndc_world *w, size_t i)
{
  look_up l = {"", ""};

  (void)snprintf(l.url, sizeof(l.url), "%s%zu", WORLD_DELEGATION, i);
  stardeleg_ndc_inspect(w->ndc, look, &l);
  return l.state;
}

/* --- Life --- */

static void on_log(void *ctx, stardeleg_log_level level, const char *event, const char *text)
{
  (void)ctx;
  for (const char *p = text; *p != '\0'; p++) {
    assert_true((unsigned char)*p >= 0x20);
  }
  if (getenv("WORLD_LOG") != NULL) {
    printf("# log %d %s: %s\n", (int)level, event, text);
  }
}

void world_init(ndc_world *w)
{
  memset(w, 0, sizeof(*w));
  w->now = WORLD_EPOCH;
  assert_ok(stardeleg_store_memory_new(&w->store));
  assert_ok(stardeleg_secrets_memory_new(&w->secrets));
  test_root_init(&w->root, "Root");
  test_root_init(&w->evil, "Root");
  w->enabled = true;
  w->min_lifetime_s = 3600;
  w->max_duration_s = (int64_t)366 * 86400;
  w->template_json = world_template;
  w->delegation_count = 1;
  w->offered[0] = true;
  w->page_size = 100;
  w->polls = 1;
  w->plain_life_ms = 90 * WORLD_DAY;
  w->renewal_retry_after = "21600";
  stardeleg_ndc_options_default(&w->options);
  w->options.crypto = test_crypto();
  w->options.store = w->store;
  w->options.secrets = w->secrets;
  w->options.directory_url = WORLD_DIRECTORY;
  w->options.terms_agreed = 1;
  w->options.order_duration_s = (int64_t)30 * 86400;
  w->options.roots_pem = sdg_buf_bytes(&w->root.pem);
  w->options.on_event = on_event;
  w->options.on_event_ctx = w;
  w->options.log.write = on_log;
}

void world_start(ndc_world *w)
{
  stardeleg_problem problem;

  assert_ok(stardeleg_ndc_new(&w->ndc, &w->options, &problem));
}

void world_stop(ndc_world *w)
{
  stardeleg_ndc_free(w->ndc);
  w->ndc = NULL;
}

void world_clear(ndc_world *w)
{
  world_stop(w);
  world_server_clear(w);
  stardeleg_store_free(w->store);
  stardeleg_secrets_free(w->secrets);
  test_root_clear(&w->root);
  test_root_clear(&w->evil);
}

/* --- Driving --- */

static void fill_headers(const world_reply *reply, stardeleg_http_header *list, size_t *count, const char *nonce)
{
  const struct {
    const char *name;
    const char *value;
  } all[] = {{"Content-Type", reply->type},
             {"Location", reply->location},
             {"Link", reply->link},
             {"ETag", reply->etag},
             {"Cert-Not-Before", reply->not_before},
             {"Retry-After", reply->retry_after},
             {"Cache-Control", reply->cache_control},
             {"Replay-Nonce", nonce},
             {"Date", reply->date}};

  *count = 0;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    if (all[i].value != NULL && all[i].value[0] != '\0') {
      list[(*count)++] = (stardeleg_http_header){sdg_bytes_str(all[i].name), sdg_bytes_str(all[i].value)};
    }
  }
}

static void accept(ndc_world *w, stardeleg_err err)
{
  if (w->tolerant && (err == STARDELEG_ERR_STORE || err == STARDELEG_ERR_SECRETS || err == STARDELEG_ERR_CALLBACK)) {
    w->own_failures++;
    return;
  }
  assert_ok(err);
}

static void deliver(ndc_world *w, uint64_t id, const world_reply *reply)
{
  const stardeleg_engine *engine = stardeleg_ndc_engine(w->ndc);
  stardeleg_http_header headers[10];
  stardeleg_http_response response = {0};
  stardeleg_outcome outcome = {0};
  char nonce[32];

  (void)snprintf(nonce, sizeof(nonce), "nonce%zu", w->exchanges);
  if (reply->status == 0) {
    outcome.failure = STARDELEG_TRANSPORT_TIMEOUT;
    outcome.failure_text = "lost on the way";
  } else {
    fill_headers(reply, headers, &response.header_count, nonce);
    response.status = reply->status;
    response.headers = headers;
    response.body = sdg_buf_bytes(&reply->body);
    outcome.response = &response;
  }
  accept(w, engine->answer(engine->self, id, &outcome, w->now + w->client_ahead_ms));
}

/* One exchange, and perhaps a kill. */
static void exchange(ndc_world *w, const stardeleg_ask *ask)
{
  uint64_t id = ask->id;
  world_reply reply = {0};
  bool kill;

  sdg_buf_init(&reply.body, 1u << 20);
  world_server_answer(w, &ask->request, &reply);
  w->exchanges++;
  if (getenv("WORLD_LOG") != NULL) {
    printf("# %lld %s %s -> %d\n", (long long)((w->now - WORLD_EPOCH) / 1000), ask->request.method, ask->request.url,
           reply.status);
  }
  kill = (w->kill_every > 0 && w->exchanges % w->kill_every == 0) || w->kill_at == w->exchanges;
  if (!kill || !w->kill_before) {
    deliver(w, id, &reply);
  }
  if (kill) {
    w->kills++;
    w->now += w->kill_every > 0 ? 60000 : 0;
    world_stop(w);
    world_start(w);
  }
  sdg_buf_clear(&reply.body);
}

void world_run(ndc_world *w, stardeleg_time until)
{
  size_t limit = w->exchanges + 100000;

  for (;;) {
    const stardeleg_engine *engine = stardeleg_ndc_engine(w->ndc);
    stardeleg_ask ask;

    stardeleg_err err = engine->next(engine->self, &ask, w->now + w->client_ahead_ms);

    accept(w, err);
    if (err != STARDELEG_OK) {
      w->now += 100;
      assert_true(w->own_failures < 100000);
      continue;
    }
    if (ask.until != STARDELEG_TIME_NEVER && ask.until != STARDELEG_TIME_NONE) {
      ask.until -= w->client_ahead_ms;
    }
    if (ask.want == STARDELEG_WANT_EXCHANGE) {
      exchange(w, &ask);
      assert_true(w->exchanges < limit);
      continue;
    }
    if (ask.until > w->now && ask.until >= until) {
      break;
    }
    if (ask.until > w->now) {
      w->now = ask.until;
    }
  }
  w->now = w->now > until ? w->now : until;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* support/ido_world.c -- making the roles, and moving requests and time between them. */
#include "support/ido_world.h"

#include <strings.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/url.h"

/* --- The store, with failures --- */

static bool fails(ido_world *w, bool is_batch)
{
  if (is_batch && w->fail_batches > 0) {
    w->fail_batches--;
    return true;
  }
  if (is_batch && w->die_after > 0 && --w->die_after == 0) {
    w->dead = true;
  }
  return w->dead;
}

static stardeleg_err get(void *self, const char *kind, const char *key, stardeleg_record *out)
{
  ido_world *w = self;

  return fails(w, false) ? STARDELEG_ERR_STORE : w->real->ops->get(w->real->self, kind, key, out);
}

static stardeleg_err batch(void *self, const stardeleg_store_op *ops, size_t n)
{
  ido_world *w = self;
  void (*before)(ido_world *world) = w->before_write;

  w->before_write = NULL;
  if (before != NULL) {
    before(w);
  }
  return fails(w, true) ? STARDELEG_ERR_STORE : w->real->ops->batch(w->real->self, ops, n);
}

static stardeleg_err scan(void *self, const char *kind, const char *index, const char *after, size_t limit,
                          stardeleg_store_each fn, void *ctx)
{
  ido_world *w = self;

  return fails(w, false) ? STARDELEG_ERR_STORE : w->real->ops->scan(w->real->self, kind, index, after, limit, fn, ctx);
}

static stardeleg_err claim(void *self, const char *kind, stardeleg_time now, const char *owner, int64_t ttl_ms,
                           stardeleg_record *out, size_t limit, size_t *count)
{
  ido_world *w = self;

  return fails(w, false) ? STARDELEG_ERR_STORE
                         : w->real->ops->claim(w->real->self, kind, now, owner, ttl_ms, out, limit, count);
}

static stardeleg_err renew(void *self, const char *kind, const char *key, uint64_t fence, stardeleg_time now,
                           int64_t ttl_ms)
{
  ido_world *w = self;

  return fails(w, false) ? STARDELEG_ERR_STORE : w->real->ops->renew(w->real->self, kind, key, fence, now, ttl_ms);
}

static stardeleg_err release(void *self, const char *kind, const char *key, uint64_t fence)
{
  ido_world *w = self;

  return fails(w, false) ? STARDELEG_ERR_STORE : w->real->ops->release(w->real->self, kind, key, fence);
}

static stardeleg_err next_due(void *self, const char *kind, stardeleg_time *out)
{
  ido_world *w = self;

  return fails(w, false) ? STARDELEG_ERR_STORE : w->real->ops->next_due(w->real->self, kind, out);
}

static const stardeleg_store_ops store_ops = {sizeof(store_ops), "test",   get, batch, scan, claim, renew,
                                              release,           next_due, NULL};

/* --- The owner --- */

static void note_event(void *ctx, stardeleg_log_level level, const char *event, const char *text)
{
  ido_world *w = ctx;
  size_t len = strlen(w->log);

  (void)level;
  (void)text;
  if (len + 100 < sizeof(w->log)) {
    (void)snprintf(w->log + len, sizeof(w->log) - len, "[%s]", event);
  }
}

static void count_work(void *ctx)
{
  ido_world *w = ctx;

  __atomic_add_fetch(&w->work_count, 1, __ATOMIC_RELAXED);
}

static void note_cname(void *ctx, const char *name, const char *target, int install)
{
  ido_world *w = ctx;
  size_t len = strlen(w->cnames);

  (void)snprintf(w->cnames + len, sizeof(w->cnames) - len, "%c%s>%s ", install != 0 ? '+' : '-', name, target);
}

void ido_world_init(ido_world *w)
{
  memset(w, 0, sizeof(*w));
  w->now = WORLD_START;
  assert_ok(stardeleg_store_memory_new(&w->real));
  w->store = (stardeleg_store){&store_ops, w};
  assert_ok(stardeleg_secrets_memory_new(&w->secrets));
  w->issuer.size = sizeof(w->issuer);
  w->issuer.name = "ca";
  w->issuer.kind = "star";
  w->issuer.directory_url = WORLD_CA "/directory";
  stardeleg_ido_options_default(&w->options);
  w->options.crypto = test_crypto();
  w->options.store = &w->store;
  w->options.secrets = w->secrets;
  w->options.base_url = WORLD_IDO;
  w->options.issuers = &w->issuer;
  w->options.issuer_count = 1;
  w->options.on_work = count_work;
  w->options.on_work_ctx = w;
  w->options.log = (stardeleg_log){note_event, w};
  w->options.on_cname = note_cname;
  w->options.on_cname_ctx = w;
}

static stardeleg_err handle_ido(void *server, const stardeleg_http_request *request, stardeleg_time now,
                                stardeleg_http_reply **reply)
{
  return stardeleg_ido_handle(((ido_world *)server)->ido, request, now, reply);
}

void ido_world_open(ido_world *w)
{
  stardeleg_problem problem;
  stardeleg_err err = stardeleg_ido_new(&w->ido, &w->options, &problem);

  if (err != STARDELEG_OK) {
    fail_msg("stardeleg_ido_new: %s: %s", stardeleg_strerror(err), problem.detail);
  }
  for (size_t i = 0; i < WORLD_NDCS; i++) {
    if (w->ndc[i].key == NULL) {
      acme_peer_init(&w->ndc[i], handle_ido, w, WORLD_IDO, &w->now, STARDELEG_KEY_P256);
    }
  }
}

/* A process that is killed gives nothing back: freeing must not look better than that, so the lease is taken for lost.
 */
void ido_world_restart(ido_world *w)
{
  stardeleg_ido_free(w->ido);
  w->ido = NULL;
  for (size_t i = 0; i < WORLD_NDCS; i++) {
    w->ndc[i].nonce[0] = '\0'; /* nonces die with the process */
  }
  ido_world_open(w);
}

void ido_world_clear(ido_world *w)
{
  for (size_t i = 0; i < WORLD_NDCS; i++) {
    if (w->ndc[i].key != NULL) {
      acme_peer_clear(&w->ndc[i]);
    }
  }
  stardeleg_ido_free(w->ido);
  stardeleg_store_free(w->real);
  stardeleg_secrets_free(w->secrets);
  stardeleg_ca_free(w->ca);
  stardeleg_store_free(w->ca_store);
  stardeleg_key_free(w->ca_key);
  free(w->ca_pem);
}

int ido_world_new_account(ido_world *w, size_t i, const char *name, const char *mac_key)
{
  acme_peer *peer = &w->ndc[i];
  sdg_buf binding;
  sdg_buf payload;
  int status;

  sdg_buf_init(&binding, 1 << 16);
  sdg_buf_init(&payload, 1 << 16);
  acme_peer_eab(peer, &binding, name, mac_key);
  sdg_buf_add_str(&payload, "{\"termsOfServiceAgreed\":true,\"delegations\":\"https://evil.example/\",");
  sdg_buf_add_str(&payload, "\"externalAccountBinding\":");
  sdg_buf_add_bytes(&payload, sdg_buf_bytes(&binding));
  sdg_buf_add_str(&payload, "}");
  status = acme_peer_new_account(peer, sdg_buf_str(&payload));
  sdg_buf_clear(&payload);
  sdg_buf_clear(&binding);
  return status;
}

void ido_world_ndc(ido_world *w, size_t i, const char *name)
{
  char mac_key[64];

  assert_ok(stardeleg_ido_ndc_add(w->ido, name, mac_key, w->now));
  if (ido_world_new_account(w, i, name, mac_key) != 201) {
    fail_msg("newAccount: %d %s", w->ndc[i].status, w->ndc[i].body);
  }
}

const char *ido_world_text(const ido_world *w, size_t i, const char *name)
{
  return sdg_json_string(sdg_json_member(w->ndc[i].json, name));
}

void ido_world_delegate(ido_world *w, const char *ndc, const char *id, const char *csr_template, const char *cname_map)
{
  stardeleg_ido_delegation delegation = {.size = sizeof(delegation),
                                         .id = id,
                                         .ndc = ndc,
                                         .csr_template = sdg_bytes_str(csr_template),
                                         .cname_map = sdg_bytes_str(cname_map),
                                         .order_kinds = STARDELEG_IDO_STAR | STARDELEG_IDO_PLAIN,
                                         .expires_at = STARDELEG_TIME_NEVER};
  stardeleg_problem problem;
  char made[65];
  stardeleg_err err = stardeleg_ido_delegation_add(w->ido, &delegation, made, w->now, &problem);

  if (err != STARDELEG_OK) {
    fail_msg("delegation_add: %s: %s", stardeleg_strerror(err), problem.detail);
  }
  assert_string_equal(made, id);
}

const char *ido_world_record(ido_world *w, const char *kind, const char *key, const char *member)
{
  static char text[512];
  stardeleg_record record = {0};
  sdg_json *tree = NULL;

  text[0] = '\0';
  if (w->real->ops->get(w->real->self, kind, key, &record) == STARDELEG_OK) {
    assert_ok(sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL));
    (void)snprintf(text, sizeof(text), "%s", sdg_json_string(sdg_json_member(tree, member)));
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return text;
}

/* --- A delegate's requests --- */

const char *ido_world_new_order(const char *delegation, const char *identifiers)
{
  static _Thread_local char text[4096];
  size_t len = (size_t)snprintf(text, sizeof(text), "{\"identifiers\":[");

  for (const char *at = identifiers; *at != '\0';) {
    size_t n = strcspn(at, ",");

    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{\"type\":\"dns\",\"value\":\"%.*s\"}",
                            at == identifiers ? "" : ",", (int)n, at);
    at += n + (at[n] == ',' ? 1 : 0);
  }
  (void)snprintf(text + len, sizeof(text) - len,
                 "],\"auto-renewal\":{\"end-date\":\"" WORLD_END
                 "\",\"lifetime\":345600,\"allow-certificate-get\":true},\"delegation\":\"" WORLD_IDO
                 "/delegation/%s\"}",
                 delegation);
  return text;
}

void ido_world_order(ido_world *w, size_t i, const char *delegation, const char *identifiers, char *url)
{
  if (acme_peer_post(&w->ndc[i], WORLD_IDO "/new-order", ido_world_new_order(delegation, identifiers)) != 201) {
    fail_msg("newOrder: %d %s", w->ndc[i].status, w->ndc[i].body);
  }
  (void)snprintf(url, 256, "%s", acme_peer_header(&w->ndc[i], "Location"));
}

char *ido_world_csr(const char *csr_template, stardeleg_key *key, const stardeleg_choice *choices, size_t choice_count)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_key *made = NULL;
  uint8_t *der = NULL;
  size_t der_len = 0;
  char *payload = NULL;
  sdg_buf text;

  assert_ok(stardeleg_template_load(&tmpl, sdg_bytes_str(csr_template), NULL, NULL));
  if (key == NULL) {
    assert_ok(stardeleg_key_generate(&made, test_crypto(), STARDELEG_KEY_P256));
  }
  assert_ok(stardeleg_template_build(tmpl, key != NULL ? key : made, choices, choice_count, &der, &der_len, NULL));
  sdg_buf_init(&text, 1 << 20);
  sdg_buf_add_str(&text, "{\"csr\":\"");
  sdg_base64url_write(&text, sdg_bytes(der, der_len));
  sdg_buf_add_str(&text, "\"}");
  assert_ok(sdg_buf_take(&text, &payload, NULL));
  sdg_buf_clear(&text);
  free(der);
  stardeleg_key_free(made);
  stardeleg_template_free(tmpl);
  return payload;
}

int ido_world_finalize(ido_world *w, size_t i, const char *order_url, const char *payload)
{
  char url[512];

  (void)snprintf(url, sizeof(url), "%s/finalize", order_url);
  return acme_peer_post(&w->ndc[i], url, payload);
}

void ido_world_place(ido_world *w, size_t i, const char *delegation, char *url)
{
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  ido_world_order(w, i, delegation, "abc.ido.example", url);
  if (ido_world_finalize(w, i, url, csr) != 200) {
    fail_msg("finalize: %d %s", w->ndc[i].status, w->ndc[i].body);
  }
  assert_string_equal(ido_world_text(w, i, "status"), "processing");
  free(csr);
}

const char *ido_world_status(ido_world *w, size_t i, const char *order_url)
{
  (void)acme_peer_fetch(&w->ndc[i], order_url);
  return ido_world_text(w, i, "status");
}

/* --- The CA --- */

void ido_world_ca_init(ido_world *w)
{
  assert_ok(stardeleg_store_memory_new(&w->ca_store));
  assert_ok(stardeleg_key_generate(&w->ca_key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_ca_make_root(&w->ca_pem, w->ca_key, "Test Root", WORLD_START - WORLD_DAY,
                                   WORLD_START + 3650 * WORLD_DAY));
  stardeleg_ca_options_default(&w->ca_options);
  w->ca_options.crypto = test_crypto();
  w->ca_options.store = w->ca_store;
  w->ca_options.base_url = WORLD_CA;
  w->ca_options.issuer_chain_pem = sdg_bytes_str(w->ca_pem);
  w->ca_options.issuer_key = w->ca_key;
}

void ido_world_ca_open(ido_world *w)
{
  stardeleg_problem problem;
  stardeleg_err err = stardeleg_ca_new(&w->ca, &w->ca_options, &problem);

  if (err != STARDELEG_OK) {
    fail_msg("stardeleg_ca_new: %s: %s", stardeleg_strerror(err), problem.detail);
  }
}

/* --- Exchanges --- */

/* The server's side of a URL: its path. */
static const char *target_of(const char *url)
{
  const char *host = strstr(url, "://") + 3;
  const char *path = strchr(host, '/');

  return path != NULL ? path : "/";
}

static void answer(ido_world *w, const stardeleg_engine *engine, const stardeleg_ask *ask, bool to_ca)
{
  stardeleg_http_request request = ask->request;
  stardeleg_outcome outcome = {0};
  stardeleg_http_reply *reply = NULL;

  request.url = target_of(ask->request.url);
  if (to_ca) {
    size_t len = strlen(w->ca_log);

    (void)snprintf(w->ca_log + len, sizeof(w->ca_log) - len, "%s %s ", request.method, request.url);
  }
  if (to_ca && w->ca_is_down) {
    outcome.failure = STARDELEG_TRANSPORT_CONNECT;
  } else {
    assert_ok(to_ca ? stardeleg_ca_handle(w->ca, &request, w->now, &reply)
                    : stardeleg_ido_handle_http01(w->ido, &request, w->now, &reply));
    outcome.response = stardeleg_http_reply_view(reply);
  }
  if (to_ca && w->unheard > 0 && --w->unheard == 0) {
    w->stopped = true;
  } else {
    assert_ok(engine->answer(engine->self, ask->id, &outcome, w->now));
  }
  stardeleg_http_reply_free(reply);
}

/* Directory and nonces are never kept: whoever is killed after each of those gets nowhere. */
static bool is_preparation(const char *url)
{
  return strstr(url, "/directory") != NULL || strstr(url, "/new-nonce") != NULL;
}

/* All that engine wants now; the moment it waits for. */
static stardeleg_time drive(ido_world *w, bool is_ido)
{
  for (int i = 0; i < 10000; i++) {
    const stardeleg_engine *engine = is_ido ? stardeleg_ido_engine(w->ido) : stardeleg_ca_engine(w->ca);
    stardeleg_ask ask;
    bool prepares;

    assert_ok(engine->next(engine->self, &ask, w->now));
    if (ask.want == STARDELEG_WANT_WAIT) {
      assert_true(ask.until > w->now);
      return ask.until;
    }
    prepares = is_preparation(ask.request.url); /* before the request goes away */
    answer(w, engine, &ask, is_ido);
    if (is_ido && w->stopped) { /* nobody heard it */
      ido_world_restart(w);
      return w->now;
    }
    if (is_ido) {
      w->exchanges++;
      w->stopped = w->stop_after > 0 && --w->stop_after == 0;
    }
    if (is_ido && w->restart_always && !prepares) {
      ido_world_restart(w);
    }
    if (w->stopped) {
      return w->now;
    }
  }
  fail_msg("the engine does not come to rest");
  return 0;
}

void ido_world_run(ido_world *w, int64_t ms)
{
  stardeleg_time end = w->now + ms;

  w->stopped = false;
  for (;;) {
    stardeleg_time ido = drive(w, true);
    stardeleg_time ca = w->stopped ? w->now : drive(w, false);
    stardeleg_time next = ido < ca ? ido : ca;

    if (w->stopped) {
      return;
    }
    if (next >= end) {
      break;
    }
    w->now = next;
  }
  w->now = end;
}

void ido_world_run_owner(ido_world *w)
{
  (void)drive(w, true);
}

/* --- Looking around --- */

int ido_world_ca_get(ido_world *w, const char *url)
{
  stardeleg_http_request request = {.method = "GET", .url = target_of(url)};
  stardeleg_http_reply *reply = NULL;
  int status;

  assert_ok(stardeleg_ca_handle(w->ca, &request, w->now, &reply));
  status = stardeleg_http_reply_view(reply)->status;
  stardeleg_http_reply_free(reply);
  return status;
}

static int count_valid(void *ctx, const stardeleg_record *record)
{
  size_t *count = ctx;
  sdg_json *tree = NULL;

  assert_ok(sdg_json_parse(&tree, sdg_bytes(record->value, record->value_len), NULL, NULL));
  *count += strcmp(sdg_json_string(sdg_json_member(sdg_json_member(tree, "order"), "status")), "valid") == 0;
  sdg_json_free(tree);
  return 0;
}

size_t ido_world_ca_valid(ido_world *w)
{
  size_t count = 0;

  assert_ok(w->ca_store->ops->scan(w->ca_store->self, "order", NULL, NULL, 1000, count_valid, &count));
  return count;
}

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  ++*(size_t *)ctx;
  return 0;
}

size_t ido_world_count(ido_world *w, const char *kind)
{
  size_t count = 0;

  assert_ok(w->real->ops->scan(w->real->self, kind, NULL, NULL, 100000, count_one, &count));
  return count;
}

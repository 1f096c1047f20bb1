/* SPDX-License-Identifier: Apache-2.0 */
/* support/ido_chain.c -- three owners, a CA and a delegate, and the wires between them. */
#include "support/ido_chain.h"

#include "base/base64.h"
#include "base/bytes.h"

const char *const chain_bases[CHAIN_OWNERS] = {"https://cp.example/acme", "https://ucdn.example/acme",
                                               "https://dcdn.example/acme"};

/* --- The wires --- */

static int index_of(const char *url)
{
  for (int i = 0; i < CHAIN_OWNERS; i++) {
    if (strncmp(url, chain_bases[i], strlen(chain_bases[i])) == 0) {
      return i;
    }
  }
  return -1;
}

const char *chain_target_of(const char *url)
{
  return strchr(strstr(url, "://") + 3, '/');
}

static void decode_member(char *out, size_t size, const sdg_json *tree, const char *name)
{
  sdg_buf text;

  sdg_buf_init(&text, 1 << 20);
  assert_ok(sdg_base64url_read(&text, sdg_bytes_str(sdg_json_string(sdg_json_member(tree, name)))));
  (void)snprintf(out, size, "%s", sdg_buf_str(&text));
  sdg_buf_clear(&text);
}

static void note_request(chain_owner *o, const stardeleg_http_request *request)
{
  size_t len = strlen(o->log);
  sdg_json *tree = NULL;

  (void)snprintf(o->log + len, sizeof(o->log) - len, "%s %s ", request->method, request->url);
  if (strcmp(request->method, "POST") != 0) {
    return;
  }
  assert_ok(sdg_json_parse(&tree, request->body, NULL, NULL));
  if (strstr(request->url, "/new-order") != NULL) {
    decode_member(o->last_new_order, sizeof(o->last_new_order), tree, "payload");
    decode_member(o->last_headers, sizeof(o->last_headers), tree, "protected");
  } else if (strstr(request->url, "/finalize") != NULL) {
    decode_member(o->last_finalize, sizeof(o->last_finalize), tree, "payload");
  }
  sdg_json_free(tree);
}

static stardeleg_err handle_owner(void *server, const stardeleg_http_request *request, stardeleg_time now,
                                  stardeleg_http_reply **reply)
{
  chain_owner *o = server;

  note_request(o, request);
  return stardeleg_ido_handle(o->ido, request, now, reply);
}

static void exchange(ido_chain *r, const stardeleg_engine *engine, const stardeleg_ask *ask, bool from_ca)
{
  stardeleg_http_request request = ask->request;
  stardeleg_outcome outcome = {0};
  stardeleg_http_reply *reply = NULL;
  int to = from_ca ? -1 : index_of(ask->request.url);

  request.url = chain_target_of(ask->request.url);
  if (to >= 0 && r->dead[to]) {
    outcome.failure = STARDELEG_TRANSPORT_CONNECT;
  } else {
    if (from_ca) {
      assert_ok(stardeleg_ido_handle_http01(r->owners[0].ido, &request, r->now, &reply));
    } else if (to >= 0) {
      assert_ok(handle_owner(&r->owners[to], &request, r->now, &reply));
    } else {
      assert_ok(stardeleg_ca_handle(r->ca, &request, r->now, &reply));
    }
    outcome.response = stardeleg_http_reply_view(reply);
  }
  assert_ok(engine->answer(engine->self, ask->id, &outcome, r->now));
  stardeleg_http_reply_free(reply);
}

/* One engine's work at this moment; when it wants to go on. */
static stardeleg_time drive(ido_chain *r, int i)
{
  for (int n = 0; n < 10000; n++) {
    const stardeleg_engine *engine =
        i < CHAIN_OWNERS ? stardeleg_ido_engine(r->owners[i].ido) : stardeleg_ca_engine(r->ca);
    stardeleg_ask ask;

    assert_ok(engine->next(engine->self, &ask, r->now));
    if (ask.want == STARDELEG_WANT_WAIT) {
      return ask.until;
    }
    exchange(r, engine, &ask, i == CHAIN_OWNERS);
  }
  fail_msg("an engine does not come to rest");
  return 0;
}

void chain_run(ido_chain *r, int64_t ms)
{
  stardeleg_time end = r->now + ms;

  while (r->now < end) {
    stardeleg_time next = end;

    for (int i = 0; i <= CHAIN_OWNERS; i++) {
      stardeleg_time until = drive(r, i);

      next = until < next ? until : next;
    }
    r->now = next > r->now ? next : r->now + 1;
  }
}

/* --- Setting up --- */

static void note_cname(void *ctx, const char *name, const char *target, int install)
{
  chain_owner *o = ctx;
  size_t len = strlen(o->cnames);

  (void)snprintf(o->cnames + len, sizeof(o->cnames) - len, "%c%s>%s ", install != 0 ? '+' : '-', name, target);
}

static void begin_ca(ido_chain *r)
{
  stardeleg_ca_options options;

  assert_ok(stardeleg_store_memory_new(&r->ca_store));
  assert_ok(stardeleg_key_generate(&r->ca_key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_ca_make_root(&r->ca_pem, r->ca_key, "Test Root", WORLD_START - WORLD_DAY,
                                   WORLD_START + 3650 * WORLD_DAY));
  stardeleg_ca_options_default(&options);
  options.crypto = test_crypto();
  options.store = r->ca_store;
  options.base_url = WORLD_CA;
  options.issuer_chain_pem = sdg_bytes_str(r->ca_pem);
  options.issuer_key = r->ca_key;
  assert_ok(stardeleg_ca_new(&r->ca, &options, NULL));
}

static const char *const alias_names[CHAIN_OWNERS][2] = {{NULL}, {"abc.ucdn.example", NULL}, {"*.dcdn.example", NULL}};

static void begin_owner(ido_chain *r, int i)
{
  chain_owner *o = &r->owners[i];
  stardeleg_problem problem;

  assert_ok(stardeleg_store_memory_new(&o->store));
  assert_ok(stardeleg_secrets_memory_new(&o->secrets));
  o->issuer.size = sizeof(o->issuer);
  o->issuer.name = "up";
  o->issuer.kind = i == 0 ? "star" : "proxy";
  (void)snprintf(o->directory, sizeof(o->directory), "%s/directory", i == 0 ? WORLD_CA : chain_bases[i - 1]);
  o->issuer.directory_url = o->directory;
  o->issuer.alias_names = i > 0 ? alias_names[i] : NULL;
  if (i > 0) {
    (void)snprintf(o->eab_name, sizeof(o->eab_name), "owner%d", i);
    assert_ok(stardeleg_ido_ndc_add(r->owners[i - 1].ido, o->eab_name, o->mac_key, r->now));
    o->issuer.eab_key_id = o->eab_name;
    o->issuer.eab_mac_key = o->mac_key;
  }
  stardeleg_ido_options_default(&o->options);
  o->options.crypto = test_crypto();
  o->options.store = o->store;
  o->options.secrets = o->secrets;
  o->options.base_url = chain_bases[i];
  o->options.issuers = &o->issuer;
  o->options.issuer_count = 1;
  o->options.on_cname = note_cname;
  o->options.on_cname_ctx = o;
  if (stardeleg_ido_new(&o->ido, &o->options, &problem) != STARDELEG_OK) {
    fail_msg("%s", problem.detail);
  }
}

void chain_begin(ido_chain *r)
{
  memset(r, 0, sizeof(*r));
  r->now = WORLD_START;
  begin_ca(r);
  for (int i = 0; i < CHAIN_OWNERS; i++) {
    begin_owner(r, i);
  }
}

void chain_end(ido_chain *r)
{
  acme_peer_clear(&r->ndc);
  for (int i = CHAIN_OWNERS - 1; i >= 0; i--) {
    stardeleg_ido_free(r->owners[i].ido);
    stardeleg_store_free(r->owners[i].store);
    stardeleg_secrets_free(r->owners[i].secrets);
  }
  stardeleg_ca_free(r->ca);
  stardeleg_store_free(r->ca_store);
  stardeleg_key_free(r->ca_key);
  free(r->ca_pem);
}

void chain_delegate(ido_chain *r, int i, const char *ndc, const char *id, const char *csr_template,
                    const char *upstream)
{
  stardeleg_ido_delegation d = {.size = sizeof(d),
                                .id = id,
                                .ndc = ndc,
                                .csr_template = sdg_bytes_str(csr_template),
                                .order_kinds = STARDELEG_IDO_STAR | STARDELEG_IDO_PLAIN,
                                .expires_at = STARDELEG_TIME_NEVER,
                                .upstream = upstream};
  stardeleg_problem problem;
  char made[65];

  if (stardeleg_ido_delegation_add(r->owners[i].ido, &d, made, r->now, &problem) != STARDELEG_OK) {
    fail_msg("%s", problem.detail);
  }
}

void chain_begin_ndc(ido_chain *r)
{
  char mac_key[64];
  char payload[4096];
  sdg_buf binding;

  assert_ok(stardeleg_ido_ndc_add(r->owners[CHAIN_OWNERS - 1].ido, "edge", mac_key, r->now));
  acme_peer_init(&r->ndc, handle_owner, &r->owners[CHAIN_OWNERS - 1], chain_bases[CHAIN_OWNERS - 1], &r->now,
                 STARDELEG_KEY_P256);
  sdg_buf_init(&binding, 1 << 16);
  acme_peer_eab(&r->ndc, &binding, "edge", mac_key);
  (void)snprintf(payload, sizeof(payload), "{\"externalAccountBinding\":%s}", sdg_buf_str(&binding));
  assert_int_equal(acme_peer_new_account(&r->ndc, payload), 201);
  sdg_buf_clear(&binding);
}

/* The same template all the way; each delegates to the next. */
void chain_begin_all(ido_chain *r)
{
  chain_begin(r);
  chain_delegate(r, 0, "owner1", "x1", WORLD_TEMPLATE("\"other.ido.example\""), NULL); /* not this one */
  chain_delegate(r, 0, "owner1", "x2", WORLD_ONE, NULL);
  chain_delegate(r, 1, "owner2", "y", WORLD_ONE, NULL);
  chain_begin_ndc(r);
  chain_delegate(r, 2, "edge", "edge", WORLD_ONE, NULL);
}

void chain_order(ido_chain *r, const char *payload)
{
  if (acme_peer_post(&r->ndc, "https://dcdn.example/acme/new-order", payload) != 201) {
    fail_msg("%s", r->ndc.body);
  }
  (void)snprintf(r->url, sizeof(r->url), "%s", acme_peer_header(&r->ndc, "Location"));
}

int chain_finalize(ido_chain *r, const char *csr)
{
  char url[512];

  (void)snprintf(url, sizeof(url), "%s/finalize", r->url);
  return acme_peer_post(&r->ndc, url, csr);
}

const char *chain_status(ido_chain *r)
{
  assert_int_equal(acme_peer_fetch(&r->ndc, r->url), 200);
  return acme_peer_string(&r->ndc, "status");
}

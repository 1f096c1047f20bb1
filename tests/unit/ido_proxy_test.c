/* SPDX-License-Identifier: Apache-2.0 */
/* ido_proxy_test.c -- owners one behind the other: a delegate orders from the last of three, the first has the CA (RFC
 * 9115 2.4, 5.1.2). */
#include "support/acme_peer.h"

#include <stardeleg/ca.h>
#include <stardeleg/ido.h>
#include <stardeleg/ido_admin.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "support/ido_world.h"

#define OWNERS 3

static const char *const bases[OWNERS] = {"https://cp.example/acme", "https://ucdn.example/acme",
                                          "https://dcdn.example/acme"};

typedef struct owner {
  stardeleg_store *store;
  stardeleg_secrets *secrets;
  stardeleg_issuer_options issuer;
  stardeleg_ido_options options;
  stardeleg_ido *ido;
  char directory[64];
  char eab_name[32];
  char mac_key[64]; /* what this one registers upstream with */
  char log[16384];  /* requests it got: "POST /acme/new-order " */
  char last_new_order[4096];
  char last_finalize[16384];
  char last_headers[4096]; /* protected headers of these, joined */
  char cnames[512];
} owner;

typedef struct rig {
  stardeleg_time now;
  owner owners[OWNERS]; /* [0] has the CA, each other one has the one before it */
  stardeleg_store *ca_store;
  stardeleg_key *ca_key;
  char *ca_pem;
  stardeleg_ca *ca;
  acme_peer ndc; /* of the last one */
  char url[256];
  bool dead[OWNERS]; /* does not answer */
} rig;

/* --- The wires --- */

static int index_of(const char *url)
{
  for (int i = 0; i < OWNERS; i++) {
    if (strncmp(url, bases[i], strlen(bases[i])) == 0) {
      return i;
    }
  }
  return -1;
}

static const char *target_of(const char *url)
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

static void note_request(owner *o, const stardeleg_http_request *request)
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
  owner *o = server;

  note_request(o, request);
  return stardeleg_ido_handle(o->ido, request, now, reply);
}

static void exchange(rig *r, const stardeleg_engine *engine, const stardeleg_ask *ask, bool from_ca)
{
  stardeleg_http_request request = ask->request;
  stardeleg_outcome outcome = {0};
  stardeleg_http_reply *reply = NULL;
  int to = from_ca ? -1 : index_of(ask->request.url);

  request.url = target_of(ask->request.url);
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
static stardeleg_time drive(rig *r, int i)
{
  for (int n = 0; n < 10000; n++) {
    const stardeleg_engine *engine = i < OWNERS ? stardeleg_ido_engine(r->owners[i].ido) : stardeleg_ca_engine(r->ca);
    stardeleg_ask ask;

    assert_ok(engine->next(engine->self, &ask, r->now));
    if (ask.want == STARDELEG_WANT_WAIT) {
      return ask.until;
    }
    exchange(r, engine, &ask, i == OWNERS);
  }
  fail_msg("an engine does not come to rest");
  return 0;
}

static void run(rig *r, int64_t ms)
{
  stardeleg_time end = r->now + ms;

  while (r->now < end) {
    stardeleg_time next = end;

    for (int i = 0; i <= OWNERS; i++) {
      stardeleg_time until = drive(r, i);

      next = until < next ? until : next;
    }
    r->now = next > r->now ? next : r->now + 1;
  }
}

/* --- Setting up --- */

static void note_cname(void *ctx, const char *name, const char *target, int install)
{
  owner *o = ctx;
  size_t len = strlen(o->cnames);

  (void)snprintf(o->cnames + len, sizeof(o->cnames) - len, "%c%s>%s ", install != 0 ? '+' : '-', name, target);
}

static void begin_ca(rig *r)
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

static const char *const alias_names[OWNERS][2] = {{NULL}, {"abc.ucdn.example", NULL}, {"*.dcdn.example", NULL}};

static void begin_owner(rig *r, int i)
{
  owner *o = &r->owners[i];
  stardeleg_problem problem;

  assert_ok(stardeleg_store_memory_new(&o->store));
  assert_ok(stardeleg_secrets_memory_new(&o->secrets));
  o->issuer.size = sizeof(o->issuer);
  o->issuer.name = "up";
  o->issuer.kind = i == 0 ? "star" : "proxy";
  (void)snprintf(o->directory, sizeof(o->directory), "%s/directory", i == 0 ? WORLD_CA : bases[i - 1]);
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
  o->options.base_url = bases[i];
  o->options.issuers = &o->issuer;
  o->options.issuer_count = 1;
  o->options.on_cname = note_cname;
  o->options.on_cname_ctx = o;
  if (stardeleg_ido_new(&o->ido, &o->options, &problem) != STARDELEG_OK) {
    fail_msg("%s", problem.detail);
  }
}

static void begin(rig *r)
{
  memset(r, 0, sizeof(*r));
  r->now = WORLD_START;
  begin_ca(r);
  for (int i = 0; i < OWNERS; i++) {
    begin_owner(r, i);
  }
}

static void end(rig *r)
{
  acme_peer_clear(&r->ndc);
  for (int i = OWNERS - 1; i >= 0; i--) {
    stardeleg_ido_free(r->owners[i].ido);
    stardeleg_store_free(r->owners[i].store);
    stardeleg_secrets_free(r->owners[i].secrets);
  }
  stardeleg_ca_free(r->ca);
  stardeleg_store_free(r->ca_store);
  stardeleg_key_free(r->ca_key);
  free(r->ca_pem);
}

static void delegate(rig *r, int i, const char *ndc, const char *id, const char *csr_template, const char *upstream)
{
  stardeleg_ido_delegation d = {.size = sizeof(d),
                                .id = id,
                                .ndc = ndc,
                                .csr_template = sdg_bytes_str(csr_template),
                                .expires_at = STARDELEG_TIME_NEVER,
                                .upstream = upstream};
  stardeleg_problem problem;
  char made[65];

  if (stardeleg_ido_delegation_add(r->owners[i].ido, &d, made, r->now, &problem) != STARDELEG_OK) {
    fail_msg("%s", problem.detail);
  }
}

static void begin_ndc(rig *r)
{
  char mac_key[64];
  char payload[4096];
  sdg_buf binding;

  assert_ok(stardeleg_ido_ndc_add(r->owners[OWNERS - 1].ido, "edge", mac_key, r->now));
  acme_peer_init(&r->ndc, handle_owner, &r->owners[OWNERS - 1], bases[OWNERS - 1], &r->now, STARDELEG_KEY_P256);
  sdg_buf_init(&binding, 1 << 16);
  acme_peer_eab(&r->ndc, &binding, "edge", mac_key);
  (void)snprintf(payload, sizeof(payload), "{\"externalAccountBinding\":%s}", sdg_buf_str(&binding));
  assert_int_equal(acme_peer_new_account(&r->ndc, payload), 201);
  sdg_buf_clear(&binding);
}

#define NAME "\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}]"
#define STAR "\"auto-renewal\":{\"x-more\":[1],\"end-date\":\"" WORLD_END \
  "\",\"lifetime\":345600,\"allow-certificate-get\":true}"
#define MINE "\"delegation\":\"https://dcdn.example/acme/delegation/edge\""

/* The same template all the way; each delegates to the next. */
static void begin_chain(rig *r)
{
  begin(r);
  delegate(r, 0, "owner1", "x1", WORLD_TEMPLATE("\"other.ido.example\""), NULL); /* not this one */
  delegate(r, 0, "owner1", "x2", WORLD_ONE, NULL);
  delegate(r, 1, "owner2", "y", WORLD_ONE, NULL);
  begin_ndc(r);
  delegate(r, 2, "edge", "edge", WORLD_ONE, NULL);
}

static void order(rig *r, const char *payload)
{
  if (acme_peer_post(&r->ndc, "https://dcdn.example/acme/new-order", payload) != 201) {
    fail_msg("%s", r->ndc.body);
  }
  (void)snprintf(r->url, sizeof(r->url), "%s", acme_peer_header(&r->ndc, "Location"));
}

static int finalize(rig *r, const char *csr)
{
  char url[512];

  (void)snprintf(url, sizeof(url), "%s/finalize", r->url);
  return acme_peer_post(&r->ndc, url, csr);
}

static const char *status(rig *r)
{
  assert_int_equal(acme_peer_fetch(&r->ndc, r->url), 200);
  return acme_peer_string(&r->ndc, "status");
}

/* --- The chain --- */

static bool is_at(const char *url, int i)
{
  return strncmp(url, bases[i], strlen(bases[i])) == 0;
}

/* -06, -07, -08, -11: all addresses of the answer are the proxy's. */
static void assert_ours(rig *r)
{
  assert_true(is_at(acme_peer_string(&r->ndc, "finalize"), 2));
  assert_true(is_at(acme_peer_header(&r->ndc, "Location"), 2));
  assert_true(is_at(acme_peer_link(&r->ndc, "index"), 2));
  assert_string_equal(acme_peer_string(&r->ndc, "delegation"), "https://dcdn.example/acme/delegation/edge");
  assert_null(strstr(r->ndc.body, "/ucdn."));
}

/* STARDEL-2.4-02 to -04, -06 to -08, -10 to -13, -15: what goes up, and what comes back, through three owners. */
static void test_three_deep(void **state)
{
  rig r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  char cert[512];
  const stardeleg_http_response *view;
  stardeleg_http_reply *reply = NULL;
  stardeleg_http_request get = {.method = "GET"};

  (void)state;
  begin_chain(&r);
  order(&r, "{" NAME "," STAR "," MINE "}");
  assert_ours(&r);
  assert_string_equal(status(&r), "ready");
  assert_int_equal(finalize(&r, csr), 200);
  assert_ours(&r); /* -13 */
  run(&r, 120 * WORLD_S);
  if (strcmp(status(&r), "valid") != 0) {
    fail_msg("%s", r.ndc.body);
  }
  /* -02, -03, -04: the rest as it came, the delegation each one's own */
  assert_string_equal(r.owners[1].last_new_order,
                      "{" NAME "," STAR ",\"delegation\":\"https://ucdn.example/acme/delegation/y\"}");
  assert_string_equal(r.owners[0].last_new_order,
                      "{" NAME "," STAR ",\"delegation\":\"https://cp.example/acme/delegation/x2\"}");
  /* -12: byte by byte */
  assert_string_equal(r.owners[1].last_finalize, csr);
  assert_string_equal(r.owners[0].last_finalize, csr);
  /* -15: signed anew by each, with its own account */
  assert_non_null(strstr(r.owners[0].last_headers, "\"kid\":\"https://cp.example/acme/acct/"));
  assert_non_null(strstr(r.owners[1].last_headers, "\"kid\":\"https://ucdn.example/acme/acct/"));
  assert_ours(&r); /* -10: but for the certificate's */
  (void)snprintf(cert, sizeof(cert), "%s", acme_peer_string(&r.ndc, "star-certificate"));
  assert_int_equal(strncmp(cert, WORLD_CA, strlen(WORLD_CA)), 0);
  assert_non_null(strstr(r.ndc.body, "\"x-more\":[1]"));
  get.url = target_of(cert);
  assert_ok(stardeleg_ca_handle(r.ca, &get, r.now, &reply));
  view = stardeleg_http_reply_view(reply);
  assert_int_equal(view->status, 200);
  stardeleg_http_reply_free(reply);
  free(csr);
  end(&r);
}

/* RFC 9115 5.1.2.1, STARDEL-2.3.2.1-01: each zone has one step of the way; the name itself is in the owner's only. */
static void test_cnames(void **state)
{
  static const char *const maps[OWNERS] = {"{\"abc.ido.example.\":\"abc.ucdn.example.\"}",
                                           "{\"abc.ido.example.\":\"abc.dcdn.example.\"}",
                                           "{\"abc.ido.example.\":\"abc.edge.example.\"}"};
  static const char *const wanted[OWNERS] = {"abc.ido.example.>abc.ucdn.example. ",
                                             "abc.ucdn.example.>abc.dcdn.example. ",
                                             "abc.dcdn.example.>abc.edge.example. "};
  static const char *const ids[OWNERS] = {"x2", "y", "edge"};
  rig r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  begin_chain(&r);
  for (int i = 0; i < OWNERS; i++) {
    stardeleg_ido_delegation change = {.size = sizeof(change), .cname_map = sdg_bytes_str(maps[i])};

    assert_ok(stardeleg_ido_delegation_change(r.owners[i].ido, ids[i], &change, STARDELEG_IDO_CNAME_MAP, r.now, NULL));
  }
  order(&r, "{" NAME "," STAR "," MINE "}");
  assert_int_equal(finalize(&r, csr), 200);
  run(&r, 120 * WORLD_S);
  assert_string_equal(status(&r), "valid");
  for (int i = 0; i < OWNERS; i++) {
    assert_string_equal(r.owners[i].cnames + 1, wanted[i]);
    assert_int_equal(r.owners[i].cnames[0], '+');
    r.owners[i].cnames[0] = '\0';
  }
  assert_ok(stardeleg_ido_delegation_end(r.owners[0].ido, "x2", r.now));
  run(&r, 24 * 3600 * WORLD_S);
  for (int i = 0; i < OWNERS; i++) { /* one after the other, each takes its own away */
    assert_string_equal(r.owners[i].cnames + 1, wanted[i]);
    assert_int_equal(r.owners[i].cnames[0], '-');
  }
  free(csr);
  end(&r);
}

/* What an owner upstream writes into its map does not choose records of our zone: only the names that we have for it
 * are told, and all others make no CNAME at all, neither there nor at the owner's own name. */
static void test_foreign_aliases(void **state)
{
  static const char *const aliases[] = {"www.ucdn.example.", "ucdn.example.",     "x.abc.ucdn.example.",
                                        "abc.ido.example.",  "abc.ucdn.exampl.", "ABC.UCDN.EXAMPLE."};
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
    stardeleg_ido_delegation change = {.size = sizeof(change)};
    bool good = i == 5;
    char map[256];
    rig r;

    begin_chain(&r);
    (void)snprintf(map, sizeof(map), "{\"abc.ido.example.\":\"%s\"}", aliases[i]);
    change.cname_map = sdg_bytes_str(map);
    assert_ok(
        stardeleg_ido_delegation_change(r.owners[0].ido, "x2", &change, STARDELEG_IDO_CNAME_MAP, r.now, NULL));
    change.cname_map = sdg_bytes_str("{\"abc.ido.example.\":\"abc.dcdn.example.\"}");
    assert_ok(stardeleg_ido_delegation_change(r.owners[1].ido, "y", &change, STARDELEG_IDO_CNAME_MAP, r.now, NULL));
    order(&r, "{" NAME "," STAR "," MINE "}");
    assert_int_equal(finalize(&r, csr), 200);
    run(&r, 120 * WORLD_S);
    assert_string_equal(status(&r), "valid");
    assert_string_equal(r.owners[1].cnames, good ? "+ABC.UCDN.EXAMPLE.>abc.dcdn.example. " : "");
    end(&r);
  }
  free(csr);
}

/* STARDEL-2.4-09: expires is that of the order upstream, as soon as there is one. */
static void test_expires(void **state)
{
  rig r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  char first[64];

  (void)state;
  begin(&r);
  stardeleg_ido_free(r.owners[0].ido);
  r.owners[0].options.order_grace_s = 86400; /* other than the proxies' */
  r.owners[0].ido = NULL;
  assert_ok(stardeleg_ido_new(&r.owners[0].ido, &r.owners[0].options, NULL));
  delegate(&r, 0, "owner1", "x2", WORLD_ONE, NULL);
  delegate(&r, 1, "owner2", "y", WORLD_ONE, NULL);
  begin_ndc(&r);
  delegate(&r, 2, "edge", "edge", WORLD_ONE, NULL);
  order(&r, "{" NAME "," STAR "," MINE "}");
  (void)snprintf(first, sizeof(first), "%s", acme_peer_string(&r.ndc, "expires"));
  assert_int_equal(finalize(&r, csr), 200);
  run(&r, 120 * WORLD_S);
  assert_string_equal(status(&r), "valid");
  assert_string_not_equal(acme_peer_string(&r.ndc, "expires"), first);
  assert_string_equal(acme_peer_string(&r.ndc, "expires"), "2026-03-02T00:00:00Z");
  free(csr);
  end(&r);
}

/* STARDEL-2.4-16: what our own template does not allow never leaves. */
static void test_own_template(void **state)
{
  rig r;
  char *csr = ido_world_csr(WORLD_TEMPLATE("\"evil.example\""), NULL, NULL, 0);

  (void)state;
  begin_chain(&r);
  order(&r, "{" NAME "," STAR "," MINE "}");
  assert_int_equal(finalize(&r, csr), 403);
  run(&r, 120 * WORLD_S);
  assert_null(strstr(r.owners[1].log, "/new-order"));
  assert_string_equal(status(&r), "invalid");
  free(csr);
  end(&r);
}

/* Upstream has nothing for it: neither by the list nor by what is configured. */
static void test_nothing_upstream(void **state)
{
  static const struct {
    const char *upstream;
    const char *type;
  } cases[] = {
      {NULL, NULL},
      {"https://ucdn.example/acme/delegation/narrow", "urn:ietf:params:acme:error:rejectedIdentifier"},
      {"https://ucdn.example/acme/delegation/none", NULL},
      {"https://elsewhere.example/acme/delegation/y", NULL},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rig r;
    char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

    begin(&r);
    delegate(&r, 1, "owner2", "narrow", WORLD_TEMPLATE("\"only.ido.example\""), NULL);
    begin_ndc(&r);
    delegate(&r, 2, "edge", "edge", WORLD_ONE, cases[i].upstream);
    order(&r, "{" NAME "," STAR "," MINE "}");
    assert_int_equal(finalize(&r, csr), 200);
    run(&r, 120 * WORLD_S);
    assert_string_equal(status(&r), "invalid");
    assert_null(strstr(r.owners[1].log, "/new-order"));
    if (cases[i].type != NULL) {
      assert_non_null(strstr(r.ndc.body, cases[i].type));
    }
    free(csr);
    end(&r);
  }
}

/* STARDEL-2.4-01: one delegation of an owner goes one way, another goes another; here the configured one of two. */
static void test_configured(void **state)
{
  rig r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  begin(&r);
  delegate(&r, 0, "owner1", "x", WORLD_ONE, NULL);
  delegate(&r, 1, "owner2", "a", WORLD_ONE, NULL);
  delegate(&r, 1, "owner2", "b", WORLD_ONE, NULL);
  begin_ndc(&r);
  delegate(&r, 2, "edge", "edge", WORLD_ONE, "https://ucdn.example/acme/delegation/b");
  order(&r, "{" NAME "," STAR "," MINE "}");
  assert_int_equal(finalize(&r, csr), 200);
  run(&r, 120 * WORLD_S);
  assert_string_equal(status(&r), "valid");
  assert_non_null(strstr(r.owners[1].last_new_order, "/delegation/b\""));
  free(csr);
  end(&r);
}

/* STARDEL-2.4-17: what upstream says comes through, without its addresses; and silence is waited out. */
static void test_upstream_refuses(void **state)
{
  rig r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  begin_chain(&r);
  r.dead[0] = true;
  order(&r, "{" NAME "," STAR "," MINE "}");
  assert_int_equal(finalize(&r, csr), 200);
  run(&r, 3600 * WORLD_S);
  assert_string_equal(status(&r), "processing");
  assert_ok(stardeleg_ido_delegation_end(r.owners[0].ido, "x2", r.now)); /* there is none any more */
  r.dead[0] = false;
  run(&r, 2 * 3600 * WORLD_S);
  assert_string_equal(status(&r), "invalid");
  assert_null(strstr(r.ndc.body, "cp.example"));
  assert_null(strstr(r.ndc.body, "ucdn.example"));
  free(csr);
  end(&r);
}

/* Without auto-renewal: allow-certificate-get goes with it, and the dates (AMB-07). */
static void test_plain(void **state)
{
  rig r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  begin_chain(&r);
  order(&r, "{" NAME ",\"allow-certificate-get\":true,\"notAfter\":\"2026-01-07T00:00:00Z\"," MINE "}");
  assert_int_equal(finalize(&r, csr), 200);
  run(&r, 120 * WORLD_S);
  if (strcmp(status(&r), "valid") != 0) {
    fail_msg("%s", r.ndc.body);
  }
  assert_non_null(strstr(r.owners[0].last_new_order, "\"notAfter\":\"2026-01-07T00:00:00Z\""));
  assert_non_null(strstr(r.owners[0].last_new_order, "\"allow-certificate-get\":true"));
  assert_int_equal(strncmp(acme_peer_string(&r.ndc, "certificate"), WORLD_CA, strlen(WORLD_CA)), 0);
  assert_string_equal(acme_peer_string(&r.ndc, "notAfter"), "2026-01-07T00:00:00Z");
  free(csr);
  end(&r);
}

/* The end in the middle: the order is not the proxy's to cancel upstream (AMB-09); it is asked for until it is over. */
static void test_end(void **state)
{
  rig r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  begin_chain(&r);
  order(&r, "{" NAME "," STAR "," MINE "}");
  assert_int_equal(finalize(&r, csr), 200);
  run(&r, 120 * WORLD_S);
  assert_string_equal(status(&r), "valid");
  r.owners[0].log[0] = '\0';
  assert_ok(stardeleg_ido_delegation_end(r.owners[1].ido, "y", r.now));
  run(&r, 2 * 3600 * WORLD_S);
  assert_non_null(strstr(r.owners[0].log, "POST /acme/order/"));
  /* the owner ends it: then everybody knows */
  assert_ok(stardeleg_ido_delegation_end(r.owners[0].ido, "x2", r.now));
  run(&r, 18 * 3600 * WORLD_S);
  assert_string_equal(status(&r), "canceled"); /* STARDEL-2.4-09: status as it is upstream */
  (void)acme_peer_post(&r.ndc, "https://dcdn.example/acme/new-order", "{" NAME "," STAR "," MINE "}");
  assert_int_equal(r.ndc.status, 201); /* its own owner has not ended anything */
  (void)snprintf(r.url, sizeof(r.url), "%s", acme_peer_header(&r.ndc, "Location"));
  assert_int_equal(finalize(&r, csr), 200);
  run(&r, 600 * WORLD_S);
  assert_string_equal(status(&r), "invalid"); /* but nothing is behind it any more */
  free(csr);
  end(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_three_deep),       cmocka_unit_test(test_expires),
      cmocka_unit_test(test_own_template),     cmocka_unit_test(test_nothing_upstream),
      cmocka_unit_test(test_configured),       cmocka_unit_test(test_upstream_refuses),
      cmocka_unit_test(test_cnames),           cmocka_unit_test(test_foreign_aliases),
      cmocka_unit_test(test_plain),            cmocka_unit_test(test_end),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* support/ca_world.c -- the CA's surroundings. */
#include "support/ca_world.h"

#include <stdlib.h>
#if STARDELEG_HAVE_SQLITE
#include <stardeleg/store_sqlite.h>
#endif

#include "base/address.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "crypto/chain.h"

static stardeleg_err handle(void *server, const stardeleg_http_request *request, stardeleg_time now,
                            stardeleg_http_reply **reply)
{
  return stardeleg_ca_handle(((ca_world *)server)->ca, request, now, reply);
}

static void count_work(void *ctx)
{
  ((ca_world *)ctx)->work++;
}

/* Tests use the addresses of documentation. */
static const char *const everywhere[] = {"0.0.0.0/0", "::/0", NULL};

/* In memory, or a new SQLite file for each world (environment STARDELEG_TEST_STORE=sqlite). */
static void open_store(stardeleg_store **out)
{
  const char *kind = getenv("STARDELEG_TEST_STORE");

#if STARDELEG_HAVE_SQLITE
  if (kind != NULL && strcmp(kind, "sqlite") == 0) {
    static unsigned worlds;
    stardeleg_sqlite_options options;
    char path[512];

    stardeleg_sqlite_options_default(&options);
    options.relaxed = 1; /* no power is cut here */
    (void)snprintf(path, sizeof(path), "%s/world%u.db", test_directory(), worlds++);
    assert_ok(stardeleg_store_sqlite_open(out, path, &options, NULL, 0));
    return;
  }
#endif
  assert_true(kind == NULL || strcmp(kind, "memory") == 0);
  assert_ok(stardeleg_store_memory_new(out));
}

void ca_world_init(ca_world *w)
{
  memset(w, 0, sizeof(*w));
  w->now = CA_START;
  open_store(&w->store);
  assert_ok(stardeleg_secrets_memory_new(&w->secrets));
  assert_ok(stardeleg_key_generate(&w->root_key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_key_generate(&w->key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_ca_make_root(&w->root_pem, w->root_key, "Test Root", w->now - CA_DAY, w->now + 3650 * CA_DAY));
  stardeleg_ca_options_default(&w->options);
  w->options.allowed_networks = everywhere;
  w->options.crypto = test_crypto();
  w->options.store = w->store;
  w->options.secrets = w->secrets;
  w->options.base_url = CA_BASE;
  w->options.issuer_chain_pem = sdg_bytes_str(w->root_pem);
  w->options.issuer_key = w->root_key;
  w->options.min_lifetime_s = 60;
  w->options.on_work = count_work;
  w->options.on_work_ctx = w;
}

void ca_world_peer(ca_world *w, acme_peer *peer)
{
  acme_peer_init(peer, handle, w, CA_BASE, &w->now, STARDELEG_KEY_P256);
  acme_peer_register(peer);
}

void ca_world_open(ca_world *w)
{
  stardeleg_problem problem;

  assert_ok(stardeleg_ca_new(&w->ca, &w->options, &problem));
  ca_world_peer(w, &w->peer);
}

void ca_world_start(ca_world *w)
{
  ca_world_init(w);
  ca_world_open(w);
}

void ca_world_restart(ca_world *w)
{
  stardeleg_problem problem;

  stardeleg_ca_free(w->ca);
  w->ca = NULL;
  w->held = 0;
  w->peer.nonce[0] = '\0';
  assert_ok(stardeleg_ca_new(&w->ca, &w->options, &problem));
}

void ca_world_clear(ca_world *w)
{
  acme_peer_clear(&w->peer);
  stardeleg_ca_free(w->ca);
  stardeleg_key_free(w->key);
  stardeleg_key_free(w->root_key);
  free(w->root_pem);
  stardeleg_secrets_free(w->secrets);
  stardeleg_store_free(w->store);
}

int ca_world_set_up(void **state)
{
  static ca_world w;

  ca_world_start(&w);
  *state = &w;
  return 0;
}

int ca_world_tear_down(void **state)
{
  ca_world_clear(*state);
  return 0;
}

/* --- The web servers --- */

static void write_answer(const ca_world *w, sdg_buf *body)
{
  const char *token = strstr(w->asked_url, "/.well-known/acme-challenge/");
  const acme_peer *peer = w->web_peer != NULL ? w->web_peer : &w->peer;

  assert_non_null(token);
  token += strlen("/.well-known/acme-challenge/");
  assert_ok(sdg_jwk_key_authorization(body, test_crypto(), sdg_bytes_str(token), stardeleg_key_spki(peer->key)));
}

static void answer(ca_world *w, const stardeleg_engine *engine, uint64_t id, ca_web web)
{
  stardeleg_http_header location = {SDG_BYTES_LITERAL("Location"), sdg_bytes_str(w->web_location)};
  stardeleg_http_response response = {.status = 200};
  stardeleg_outcome outcome = {.response = &response};
  sdg_buf body;

  sdg_buf_init(&body, 4096);
  if (web == CA_WEB_RIGHT || web == CA_WEB_SPACES || web == CA_WEB_WRONG) {
    write_answer(w, &body);
    sdg_buf_add_str(&body, web == CA_WEB_SPACES ? " \t\r\n\n" : (web == CA_WEB_WRONG ? "x" : ""));
  } else if (web == CA_WEB_MISSING) {
    response.status = 404;
    sdg_buf_add_str(&body, "<html>secret of somebody</html>");
  } else if (web == CA_WEB_DEAD) {
    outcome.failure = STARDELEG_TRANSPORT_CONNECT;
    outcome.failure_text = "refused";
    outcome.response = NULL;
  } else {
    response.status = 302;
    response.headers = &location;
    response.header_count = 1;
    w->web = web == CA_WEB_REDIRECT ? CA_WEB_RIGHT : web;
  }
  response.body = sdg_buf_bytes(&body);
  assert_ok(engine->answer(engine->self, id, &outcome, w->now));
  sdg_buf_clear(&body);
}

stardeleg_time ca_world_run_engine(ca_world *w, const stardeleg_engine *engine)
{
  stardeleg_ask ask;

  for (unsigned i = 0; i < 10000; i++) {
    assert_ok(engine->next(engine->self, &ask, w->now));
    if (ask.want == STARDELEG_WANT_WAIT) {
      return ask.until;
    }
    assert_string_equal(ask.request.method, "GET");
    (void)snprintf(w->asked_url, sizeof(w->asked_url), "%s", ask.request.url);
    (void)snprintf(w->asked_address, sizeof(w->asked_address), "%s",
                   ask.request.address != NULL ? ask.request.address : "");
    w->asked++;
    w->asked_max = ask.request.response_max;
    if (w->web == CA_WEB_HOLD) {
      w->held = ask.id;
    } else {
      answer(w, engine, ask.id, w->web);
    }
  }
  fail_msg("the engine never waits");
  return 0;
}

stardeleg_time ca_world_run(ca_world *w)
{
  return ca_world_run_engine(w, stardeleg_ca_engine(w->ca));
}

void ca_world_release(ca_world *w, ca_web web)
{
  uint64_t id = w->held;

  assert_true(id != 0);
  w->held = 0;
  w->web = web;
  answer(w, stardeleg_ca_engine(w->ca), id, web);
  (void)ca_world_run(w);
}

/* --- Orders --- */

const char *ca_world_json(const char *text, ...)
{
  static char room[8][4096];
  static unsigned turn;
  char *out = room[turn++ % 8];
  va_list args;

  va_start(args, text);
  assert_true(vsnprintf(out, sizeof(room[0]), text, args) < (int)sizeof(room[0]));
  va_end(args);
  for (char *at = out; *at != '\0'; at++) {
    *at = *at == '\'' ? '"' : *at;
  }
  return out;
}

const char *ca_world_digest(const char *text)
{
  static char out[64];
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_bytes bytes = sdg_bytes_str(text);
  sdg_buf value;

  assert_ok(sdg_hash(test_crypto(), STARDELEG_HASH_SHA256, &bytes, 1, hash));
  sdg_buf_init(&value, 64);
  sdg_base64url_write(&value, sdg_bytes(hash, 32));
  (void)snprintf(out, sizeof(out), "%s", sdg_buf_str(&value));
  sdg_buf_clear(&value);
  return out;
}

static void keep_member(const ca_world *w, char *out, size_t size, const char *name)
{
  const sdg_json *member = sdg_json_member(w->peer.json, name);

  if (member != NULL) {
    (void)snprintf(out, size, "%s", sdg_json_string(member));
  }
}

int ca_world_new_order(ca_world *w, const char *payload)
{
  int status = acme_peer_post(&w->peer, CA_BASE "/new-order", payload);

  if (status == 201) {
    assert_non_null(acme_peer_header(&w->peer, "Location")); /* ACME-7.4-03 */
    (void)snprintf(w->order, sizeof(w->order), "%s", acme_peer_header(&w->peer, "Location"));
    keep_member(w, w->finalize, sizeof(w->finalize), "finalize");
    w->star[0] = '\0';
  }
  return status;
}

const char *ca_world_status(ca_world *w)
{
  static char room[4][32];
  static unsigned turn;
  char *out = room[turn++ % 4];

  if (acme_peer_fetch(&w->peer, w->order) != 200) {
    fail_msg("order: %d %s", w->peer.status, w->peer.body);
  }
  (void)snprintf(out, sizeof(room[0]), "%s", acme_peer_string(&w->peer, "status"));
  keep_member(w, w->star, sizeof(w->star), "certificate");
  keep_member(w, w->star, sizeof(w->star), "star-certificate");
  return out;
}

const char *ca_world_authz(ca_world *w, size_t n)
{
  static char room[8][512];
  static unsigned turn;
  char *out = room[turn++ % 8];
  const sdg_json *item;

  (void)ca_world_status(w);
  item = sdg_json_first(sdg_json_member(w->peer.json, "authorizations"));
  for (; n > 0 && item != NULL; n--) {
    item = sdg_json_next(item);
  }
  if (item == NULL) {
    return NULL;
  }
  (void)snprintf(out, sizeof(room[0]), "%s", sdg_json_string(item));
  return out;
}

const char *ca_world_challenge(ca_world *w, const char *authz)
{
  static char room[8][512];
  static unsigned turn;
  char *out = room[turn++ % 8];
  const sdg_json *challenge;

  assert_int_equal(acme_peer_fetch(&w->peer, authz), 200);
  challenge = sdg_json_first(sdg_json_member(w->peer.json, "challenges"));
  (void)snprintf(out, sizeof(room[0]), "%s", sdg_json_string(sdg_json_member(challenge, "url")));
  return out;
}

void ca_world_validate(ca_world *w)
{
  const char *authz;

  for (size_t n = 0; (authz = ca_world_authz(w, n)) != NULL; n++) {
    assert_int_equal(acme_peer_post(&w->peer, ca_world_challenge(w, authz), "{}"), 200);
  }
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "ready");
}

const char *ca_world_csr(ca_world *w, const char *cn, ...)
{
  static char room[4][8192];
  static unsigned turn;
  char *out = room[turn++ % 4];
  sdg_general_name names[SDG_X509_NAMES_MAX];
  static uint8_t addresses[SDG_X509_NAMES_MAX][16];
  size_t len = 0;
  sdg_x509_attribute subject = {.oid = sdg_oid_common_name, .tag = SDG_DER_UTF8_STRING, .rdn_size = 1};
  sdg_x509_extension extension = {.oid = sdg_oid_subject_alt_name};
  sdg_csr_plan plan = {.alg = sdg_alg_for_key(sdg_key_info(w->key))};
  size_t n = 0;
  const char *name;
  va_list args;
  sdg_buf san;
  sdg_buf der;
  sdg_buf text;

  sdg_buf_init(&san, 1 << 16);
  sdg_buf_init(&der, 1 << 16);
  sdg_buf_init(&text, sizeof(room[0]) - 1);
  va_start(args, cn);
  while ((name = va_arg(args, const char *)) != NULL) {
    names[n] = (sdg_general_name){SDG_GN_DNS, sdg_bytes_str(name)};
    if (strncmp(name, "ip:", 3) == 0) {
      assert_true(sdg_address_parse(addresses[n], &len, sdg_bytes_str(name + 3)));
      names[n] = (sdg_general_name){SDG_GN_IP, sdg_bytes(addresses[n], len)};
    }
    n++;
  }
  va_end(args);
  if (n > 0) {
    sdg_x509_put_san(&san, names, n);
    extension.value = sdg_buf_bytes(&san);
    plan.extensions = &extension;
    plan.extension_count = 1;
  }
  if (cn != NULL) {
    subject.value = sdg_bytes_str(cn);
    plan.subject = &subject;
    plan.subject_count = 1;
  }
  assert_ok(sdg_csr_build(&der, &plan, w->key));
  sdg_base64url_write(&text, sdg_buf_bytes(&der));
  assert_ok(sdg_buf_error(&text));
  (void)snprintf(out, sizeof(room[0]), "%s", sdg_buf_str(&text));
  sdg_buf_clear(&san);
  sdg_buf_clear(&der);
  sdg_buf_clear(&text);
  return out;
}

int ca_world_finalize(ca_world *w, const char *csr)
{
  char payload[16384];

  (void)snprintf(payload, sizeof(payload), "{\"csr\":\"%s\"}", csr);
  return acme_peer_post(&w->peer, w->finalize, payload);
}

static void finish(ca_world *w)
{
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  assert_true(w->star[0] != '\0');
}

void ca_world_star(ca_world *w, int days, int64_t lifetime_s, int64_t adjust_s)
{
  char end[SDG_TIME_TEXT_SIZE];

  sdg_time_write_rfc3339(end, w->now + days * CA_DAY);
  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}],"
                                                       "'auto-renewal':{'end-date':'%s','lifetime':%lld,"
                                                       "'lifetime-adjust':%lld,'allow-certificate-get':true}}",
                                                       end, (long long)lifetime_s, (long long)adjust_s)),
                   201);
  finish(w);
}

void ca_world_plain(ca_world *w)
{
  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}],"
                                                       "'allow-certificate-get':true}")),
                   201);
  finish(w);
}

/* --- Certificates --- */

void ca_world_leaf(const ca_world *w, const acme_peer *peer, ca_leaf *leaf)
{
  sdg_chain root;
  char why[256] = "";
  stardeleg_time at = w->now;

  assert_ok(sdg_chain_parse(&leaf->chain, sdg_bytes_str(peer->body)));
  assert_ok(sdg_cert_parse(&leaf->cert, leaf->chain.certs[0]));
  sdg_cert_serial_text(leaf->serial, sizeof(leaf->serial), &leaf->cert);
  assert_ok(sdg_chain_parse(&root, sdg_bytes_str(w->root_pem)));
  at = at < leaf->cert.not_before ? leaf->cert.not_before : at; /* the first one may begin later */
  if (sdg_chain_verify(leaf->chain.certs, leaf->chain.count, root.certs, 1, at, why, sizeof(why)) != STARDELEG_OK) {
    fail_msg("chain: %s", why);
  }
  assert_true(sdg_bytes_equal(leaf->cert.spki, stardeleg_key_spki(w->key)));
  sdg_chain_clear(&root);
}

void ca_leaf_clear(ca_leaf *leaf)
{
  sdg_chain_clear(&leaf->chain);
}

void ca_world_get_leaf(ca_world *w, ca_leaf *leaf)
{
  if (acme_peer_get(&w->peer, w->star) != 200) {
    fail_msg("certificate: %d %s", w->peer.status, w->peer.body);
  }
  ca_world_leaf(w, &w->peer, leaf);
}

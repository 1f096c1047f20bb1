/* SPDX-License-Identifier: Apache-2.0 */
/* support/acme_peer.c -- requests of an ACME client, good and bad, and a look at every answer. */
#include "support/acme_peer.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "transport/http_message.h"

#define TEXT_MAX (1u << 20)
#define HEADERS_MAX 8

void acme_peer_init(acme_peer *peer, acme_peer_handle handle, void *server, const char *base_url,
                      const stardeleg_time *now, stardeleg_key_spec spec)
{
  memset(peer, 0, sizeof(*peer));
  peer->handle = handle;
  peer->server = server;
  peer->base_url = base_url;
  peer->now = now;
  assert_ok(stardeleg_key_generate(&peer->key, test_crypto(), spec));
}

static void forget_answer(acme_peer *peer)
{
  sdg_json_free(peer->json);
  stardeleg_http_reply_free(peer->reply);
  peer->json = NULL;
  peer->reply = NULL;
  peer->body = "";
  peer->status = 0;
}

void acme_peer_clear(acme_peer *peer)
{
  forget_answer(peer);
  stardeleg_key_free(peer->key);
  peer->key = NULL;
}

const char *acme_peer_url(const acme_peer *peer, const char *path)
{
  static _Thread_local char room[8][1024];
  static _Thread_local unsigned turn;
  char *out = room[turn++ % 8];

  (void)snprintf(out, sizeof(room[0]), "%s%s", peer->base_url, path);
  return out;
}

/* What stands behind scheme, host and port. */
static const char *target_of(const char *url)
{
  const char *host = strstr(url, "://");
  const char *path = host != NULL ? strchr(host + 3, '/') : NULL;

  assert_non_null(path);
  return path;
}

/* --- The answer --- */

const char *acme_peer_header(const acme_peer *peer, const char *name)
{
  static _Thread_local char room[4][2048];
  static _Thread_local unsigned turn;
  const stardeleg_http_response *view = stardeleg_http_reply_view(peer->reply);
  char *out = room[turn++ % 4];
  stardeleg_bytes value;
  size_t count = 0;

  if (!sdg_http_header(&value, view->headers, view->header_count, name, &count)) {
    return NULL;
  }
  assert_int_equal(count, 1);
  assert_true(value.len < sizeof(room[0]));
  (void)snprintf(out, sizeof(room[0]), "%.*s", (int)value.len, (const char *)value.base);
  return out;
}

typedef struct found_link {
  char text[1024];
  size_t count;
} found_link;

static int keep_link(void *ctx, stardeleg_bytes target)
{
  found_link *found = ctx;

  (void)snprintf(found->text, sizeof(found->text), "%.*s", (int)target.len, (const char *)target.base);
  found->count++;
  return 0;
}

const char *acme_peer_link(const acme_peer *peer, const char *rel)
{
  static _Thread_local found_link room[4];
  static _Thread_local unsigned turn;
  found_link *found = &room[turn++ % 4];

  found->count = 0;
  sdg_http_links(stardeleg_http_reply_view(peer->reply), rel, keep_link, found);
  assert_true(found->count <= 1);
  return found->count == 1 ? found->text : NULL;
}

const char *acme_peer_string(const acme_peer *peer, const char *name)
{
  const sdg_json *member = sdg_json_member(peer->json, name);

  if (sdg_json_type_of(member) != SDG_JSON_STRING) {
    fail_msg("no string \"%s\" in %d %s", name, peer->status, peer->body);
  }
  return sdg_json_string(member);
}

/* ACME-6.5.1-02: 1*base64url, without padding. */
static void keep_nonce(acme_peer *peer)
{
  const char *nonce = acme_peer_header(peer, "Replay-Nonce");

  if (nonce != NULL) {
    assert_true(sdg_base64url_is_text(sdg_bytes_str(nonce)));
    assert_true(strlen(nonce) >= 22);
    assert_true(strlen(nonce) < sizeof(peer->nonce));
    (void)snprintf(peer->nonce, sizeof(peer->nonce), "%s", nonce);
  }
}

/* ACME-6.5-01, 6.5-02 (each POST has a nonce), 7.1-02 (Link rel=index on all but the directory), and nothing that a
 * cache would keep unless the server says so itself. */
static void check_answer(acme_peer *peer, const char *method, const char *target)
{
  const char *directory = acme_peer_url(peer, "/directory");
  bool is_directory = strcmp(target, target_of(directory)) == 0;

  assert_true(peer->status >= 200 && peer->status < 600);
  assert_non_null(acme_peer_header(peer, "Cache-Control"));
  if (strcmp(method, "POST") == 0) {
    assert_non_null(acme_peer_header(peer, "Replay-Nonce"));
    assert_string_equal(acme_peer_header(peer, "Cache-Control"), "no-store");
  }
  if (is_directory && peer->status == 200) {
    assert_null(acme_peer_link(peer, "index"));
  } else if (!is_directory) {
    assert_non_null(acme_peer_link(peer, "index"));
    assert_string_equal(acme_peer_link(peer, "index"), directory);
  }
  if (peer->status >= 400) {
    assert_string_equal(acme_peer_header(peer, "Content-Type"), "application/problem+json");
  }
}

void acme_peer_assert_problem(const acme_peer *peer, int status, const char *type)
{
  char urn[128];
  const sdg_json *member;

  (void)snprintf(urn, sizeof(urn), "urn:ietf:params:acme:error:%s", type);
  if (peer->status != status || strcmp(sdg_json_string(sdg_json_member(peer->json, "type")), urn) != 0) {
    fail_msg("expected %d %s, got %d %s", status, type, peer->status, peer->body);
  }
  assert_true(stardeleg_acme_error_from_urn(urn) != STARDELEG_ACME_NONE); /* ACME-6.7-02 */
  assert_true(acme_peer_string(peer, "detail")[0] != '\0');
  member = sdg_json_member(peer->json, "status");
  if (member != NULL) { /* RFC 9457 3.1.2: the status of this answer */
    assert_int_equal(sdg_json_type_of(member), SDG_JSON_INT);
    assert_int_equal(sdg_json_int(member), status);
  }
  assert_null(sdg_json_member(peer->json, "identifier")); /* ACME-6.7.1-02 */
}

/* --- Sending --- */

static size_t split_headers(stardeleg_http_header *out, const char *const *lines)
{
  size_t n = 0;

  for (; lines != NULL && lines[n] != NULL; n++) {
    const char *colon = strchr(lines[n], ':');

    assert_non_null(colon);
    assert_true(n < HEADERS_MAX);
    out[n].name = sdg_bytes(lines[n], (size_t)(colon - lines[n]));
    out[n].value = sdg_bytes_trim(sdg_bytes_str(colon + 1));
  }
  return n;
}

int acme_peer_raw(acme_peer *peer, const char *method, const char *target, const char *const *headers,
                    stardeleg_bytes body)
{
  stardeleg_http_header fields[HEADERS_MAX + 1];
  stardeleg_http_request request = {0};
  const stardeleg_http_response *view;
  const char *type;
  char kept[2048]; /* |target| may be a part of the answer before */

  assert_true((size_t)snprintf(kept, sizeof(kept), "%s", target) < sizeof(kept));
  target = kept;
  forget_answer(peer);
  request.method = method;
  request.url = target;
  request.headers = fields;
  request.header_count = split_headers(fields, headers);
  request.body = body;
  assert_ok(peer->handle(peer->server, &request, *peer->now, &peer->reply));
  view = stardeleg_http_reply_view(peer->reply);
  peer->status = view->status;
  peer->body = view->body.len > 0 ? (const char *)view->body.base : "";
  type = acme_peer_header(peer, "Content-Type");
  if (type != NULL && strstr(type, "json") != NULL && view->body.len > 0) {
    assert_ok(sdg_json_parse(&peer->json, view->body, NULL, NULL));
  }
  keep_nonce(peer);
  check_answer(peer, method, target);
  return peer->status;
}

int acme_peer_get(acme_peer *peer, const char *url)
{
  return acme_peer_raw(peer, "GET", target_of(url), NULL, sdg_bytes(NULL, 0));
}

int acme_peer_head(acme_peer *peer, const char *url)
{
  return acme_peer_raw(peer, "HEAD", target_of(url), NULL, sdg_bytes(NULL, 0));
}

const char *acme_peer_take_nonce(acme_peer *peer)
{
  static _Thread_local char room[4][256];
  static _Thread_local unsigned turn;
  char *out = room[turn++ % 4];

  if (peer->nonce[0] == '\0') {
    assert_int_equal(acme_peer_head(peer, acme_peer_url(peer, "/new-nonce")), 200);
    assert_true(peer->nonce[0] != '\0');
  }
  (void)snprintf(out, sizeof(room[0]), "%s", peer->nonce);
  peer->nonce[0] = '\0';
  return out;
}

static void add_member(sdg_buf *out, const char *name, const char *value, const char *instead)
{
  if (instead != NULL && strcmp(instead, "-") == 0) {
    return;
  }
  sdg_buf_add_str(out, out->len > 1 ? ",\"" : "\"");
  sdg_buf_add_str(out, name);
  sdg_buf_add_str(out, "\":");
  if (instead != NULL) {
    sdg_buf_add_str(out, instead);
  } else {
    sdg_buf_add_byte(out, '"');
    sdg_buf_add_str(out, value);
    sdg_buf_add_byte(out, '"');
  }
}

static void add_key_member(acme_peer *peer, sdg_buf *out, const acme_peer_jws *jws)
{
  stardeleg_key *signer = jws->signer != NULL ? jws->signer : peer->key;
  sdg_buf jwk;

  sdg_buf_init(&jwk, TEXT_MAX);
  if (jws->by_jwk || jws->jwk != NULL) {
    assert_ok(sdg_jwk_write(&jwk, stardeleg_key_spki(signer)));
    add_member(out, "jwk", "", jws->jwk != NULL ? jws->jwk : sdg_buf_str(&jwk));
  }
  if ((!jws->by_jwk && jws->jwk == NULL) || jws->kid != NULL) {
    add_member(out, "kid", peer->kid, jws->kid);
  }
  sdg_buf_clear(&jwk);
}

static void write_header(acme_peer *peer, sdg_buf *out, const acme_peer_jws *jws, stardeleg_alg alg)
{
  const sdg_alg_info *info = sdg_alg_info_of(alg);

  if (jws->protected_is != NULL) {
    sdg_buf_add_str(out, jws->protected_is);
    return;
  }
  sdg_buf_add_byte(out, '{');
  add_member(out, "alg", info->name, jws->alg);
  add_key_member(peer, out, jws);
  add_member(out, "nonce", jws->nonce == NULL ? acme_peer_take_nonce(peer) : "", jws->nonce);
  add_member(out, "url", jws->url, jws->header_url);
  if (jws->more != NULL) {
    sdg_buf_add_str(out, jws->more);
  }
  sdg_buf_add_byte(out, '}');
}

void acme_peer_build(acme_peer *peer, sdg_buf *out, const acme_peer_jws *jws)
{
  stardeleg_key *signer = jws->signer != NULL ? jws->signer : peer->key;
  stardeleg_alg alg = jws->sign_alg != STARDELEG_ALG_NONE ? jws->sign_alg : sdg_alg_for_key(sdg_key_info(signer));
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t len = 0;
  sdg_buf parts[4];
  stardeleg_bytes pieces[3];

  for (size_t i = 0; i < 4; i++) {
    sdg_buf_init(&parts[i], TEXT_MAX);
  }
  write_header(peer, &parts[3], jws, alg);
  sdg_base64url_write(&parts[0], sdg_buf_bytes(&parts[3]));
  sdg_base64url_write(&parts[1], sdg_bytes_str(jws->payload));
  pieces[0] = sdg_buf_bytes(&parts[0]);
  pieces[1] = SDG_BYTES_LITERAL(".");
  pieces[2] = sdg_buf_bytes(&parts[1]);
  assert_ok(sdg_key_sign(signer, alg, pieces, 3, signature, &len));
  sdg_base64url_write(&parts[2], sdg_bytes(signature, len));
  sdg_buf_reset(out);
  sdg_buf_add_byte(out, '{');
  add_member(out, "protected", sdg_buf_str(&parts[0]), NULL);
  add_member(out, "payload", sdg_buf_str(&parts[1]), jws->payload_member);
  add_member(out, "signature", sdg_buf_str(&parts[2]), jws->signature_member);
  sdg_buf_add_str(out, jws->outer_more != NULL ? jws->outer_more : "");
  sdg_buf_add_byte(out, '}');
  assert_ok(sdg_buf_error(out));
  for (size_t i = 0; i < 4; i++) {
    sdg_buf_clear(&parts[i]);
  }
}

int acme_peer_send(acme_peer *peer, const acme_peer_jws *jws)
{
  const char *type = jws->content_type != NULL ? jws->content_type : "application/jose+json";
  char line[256];
  char url[2048];
  const char *headers[2] = {line, NULL};
  acme_peer_jws kept = *jws;
  sdg_buf body;
  int status;

  (void)snprintf(line, sizeof(line), "Content-Type: %s", type);
  assert_true((size_t)snprintf(url, sizeof(url), "%s", jws->url) < sizeof(url));
  kept.url = url;
  sdg_buf_init(&body, 2 * TEXT_MAX);
  acme_peer_build(peer, &body, &kept);
  status = acme_peer_raw(peer, "POST", target_of(url), strcmp(type, "-") == 0 ? NULL : headers, sdg_buf_bytes(&body));
  sdg_buf_clear(&body);
  return status;
}

int acme_peer_post(acme_peer *peer, const char *url, const char *payload)
{
  return acme_peer_send(peer, &(acme_peer_jws){.url = url, .payload = payload});
}

int acme_peer_fetch(acme_peer *peer, const char *url)
{
  return acme_peer_post(peer, url, "");
}

int acme_peer_new_account(acme_peer *peer, const char *payload)
{
  int status = acme_peer_send(
      peer, &(acme_peer_jws){.url = acme_peer_url(peer, "/new-account"), .payload = payload, .by_jwk = true});
  const char *location = acme_peer_header(peer, "Location");

  if (status < 300) {
    assert_non_null(location); /* ACME-7.3-10 */
    (void)snprintf(peer->kid, sizeof(peer->kid), "%s", location);
  }
  return status;
}

void acme_peer_register(acme_peer *peer)
{
  if (acme_peer_new_account(peer, "{\"termsOfServiceAgreed\":true}") != 201) {
    fail_msg("no account: %d %s", peer->status, peer->body);
  }
}

void acme_peer_eab(const acme_peer *peer, sdg_buf *out, const char *name, const char *mac_key_base64url)
{
  sdg_buf key;

  sdg_buf_init(&key, 1024);
  assert_ok(sdg_base64url_read(&key, sdg_bytes_str(mac_key_base64url)));
  sdg_buf_reset(out);
  assert_ok(sdg_jws_eab_sign(out, test_crypto(), STARDELEG_ALG_HS256, name, sdg_buf_bytes(&key),
                             acme_peer_url(peer, "/new-account"), stardeleg_key_spki(peer->key)));
  sdg_buf_clear(&key);
}

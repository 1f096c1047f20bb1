/* SPDX-License-Identifier: Apache-2.0 */
/* support/net_world.c -- a CA that offers several challenges, with a DNS and TLS servers that are tables. */
#include "support/net_world.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "x509/acme_identifier.h"

int net_set_up(void **state)
{
  static net_world n;

  memset(&n, 0, sizeof(n));
  fake_dns_init(&n.dns);
  fake_tls_init(&n.tls);
  sdg_buf_init(&n.certificate, 10000);
  ca_world_init(&n.w);
  n.w.options.dns = &n.dns.dns;
  n.w.options.tls_probe = &n.tls.probe;
  n.w.options.challenges = NET_ALL;
  ca_world_open(&n.w);
  *state = &n;
  return 0;
}

int net_tear_down(void **state)
{
  net_world *n = *state;

  assert_int_equal(n->dns.open, 0);
  assert_int_equal(n->tls.open, 0);
  sdg_buf_clear(&n->certificate);
  ca_world_clear(&n->w);
  return 0;
}

void net_reopen(net_world *n, unsigned challenges)
{
  n->w.options.challenges = challenges;
  ca_world_restart(&n->w);
}

void net_order(net_world *n, const char *payload)
{
  if (ca_world_new_order(&n->w, ca_world_json("%s", payload)) != 201) {
    fail_msg("newOrder: %d %s", n->w.peer.status, n->w.peer.body);
  }
}

const char *net_find(net_world *n, size_t i, const char *type, char token[300])
{
  static char url[4][600];
  static unsigned turn;
  char *out = url[turn++ % 4];

  assert_int_equal(acme_peer_fetch(&n->w.peer, ca_world_authz(&n->w, i)), 200);
  for (const sdg_json *c = sdg_json_first(sdg_json_member(n->w.peer.json, "challenges")); c != NULL;
       c = sdg_json_next(c)) {
    if (strcmp(sdg_json_string(sdg_json_member(c, "type")), type) == 0) {
      (void)snprintf(out, sizeof(url[0]), "%s", sdg_json_string(sdg_json_member(c, "url")));
      (void)snprintf(token, 300, "%s", sdg_json_string(sdg_json_member(c, "token")));
      return out;
    }
  }
  return NULL;
}

size_t net_count_challenges(net_world *n, size_t i)
{
  assert_int_equal(acme_peer_fetch(&n->w.peer, ca_world_authz(&n->w, i)), 200);
  return sdg_json_count(sdg_json_member(n->w.peer.json, "challenges"));
}

void net_key_authorization(net_world *n, const char *token, sdg_buf *out)
{
  sdg_buf_init(out, 512);
  assert_ok(sdg_jwk_key_authorization(out, test_crypto(), sdg_bytes_str(token), stardeleg_key_spki(n->w.peer.key)));
}

void net_dns_value(net_world *n, const char *token, char out[64])
{
  uint8_t digest[SDG_ACME_IDENTIFIER_LEN];
  sdg_buf text;
  sdg_buf value;

  net_key_authorization(n, token, &text);
  assert_ok(sdg_acme_identifier_digest(digest, test_crypto(), sdg_buf_bytes(&text)));
  sdg_buf_init(&value, 64);
  sdg_base64url_write(&value, sdg_bytes(digest, sizeof(digest)));
  (void)snprintf(out, 64, "%s", sdg_buf_str(&value));
  sdg_buf_clear(&value);
  sdg_buf_clear(&text);
}

void net_start(net_world *n, const char *url)
{
  assert_int_equal(acme_peer_post(&n->w.peer, url, "{}"), 200);
}

const char *net_authz_status(net_world *n, size_t i)
{
  assert_int_equal(acme_peer_fetch(&n->w.peer, ca_world_authz(&n->w, i)), 200);
  return acme_peer_string(&n->w.peer, "status");
}

void net_assert_error(net_world *n, const char *url, const char *type)
{
  char urn[128];
  const sdg_json *error;

  assert_int_equal(acme_peer_fetch(&n->w.peer, url), 200);
  error = sdg_json_member(n->w.peer.json, "error");
  assert_non_null(error);
  (void)snprintf(urn, sizeof(urn), "urn:ietf:params:acme:error:%s", type);
  assert_string_equal(sdg_json_string(sdg_json_member(error, "type")), urn);
  assert_null(strchr(n->w.peer.body, 0x1b));
}

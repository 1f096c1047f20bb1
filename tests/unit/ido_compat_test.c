/* SPDX-License-Identifier: Apache-2.0 */
/* ido_compat_test.c -- ordinary ACME clients at an owner: orders that name no delegation (AMB-17, AMB-24), with a whole
 * CA at the other end. */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"
#include "acme_client/renewal_info.h"
#include "x509/cert.h"

#define VALIDITY_S (INT64_C(90) * 86400)
#define ONE "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}]}"
#define WILD WORLD_TEMPLATE("\"*.abc.ido.example\"")

typedef struct rig {
  ido_world w;
  char url[256];  /* of the order */
  char cert[256]; /* of the certificate */
  char id[300];   /* the certificate's identifier */
  uint8_t der[8192];
  size_t der_len;
  stardeleg_time not_before, not_after;
} rig;

static void begin(rig *r, const char *kind)
{
  memset(r, 0, sizeof(*r));
  ido_world_init(&r->w);
  r->w.issuer.kind = kind;
  r->w.issuer.validity_s = strcmp(kind, "renew") == 0 ? VALIDITY_S : 0;
  r->w.options.poll_ms = 0;
  ido_world_ca_init(&r->w);
  r->w.ca_options.plain_lifetime_s = VALIDITY_S;
  r->w.ca_options.poll_ms = 0;
}

static void open(rig *r)
{
  ido_world_ca_open(&r->w);
  ido_world_open(&r->w);
  ido_world_ndc(&r->w, 0, "cdn");
  ido_world_ndc(&r->w, 1, "other");
  ido_world_delegate(&r->w, "cdn", "d1", WORLD_ONE, NULL);
}

static void set_default(rig *r, const char *id)
{
  assert_ok(stardeleg_ido_ndc_set_default_delegation(r->w.ido, "cdn", id, "test", r->w.now));
}

static void begin_with_default(rig *r, const char *kind)
{
  begin(r, kind);
  open(r);
  set_default(r, "d1");
}

static int order(rig *r, size_t i, const char *payload)
{
  int status = acme_peer_post(&r->w.ndc[i], WORLD_IDO "/new-order", payload);

  if (status == 201) {
    (void)snprintf(r->url, sizeof(r->url), "%s", acme_peer_header(&r->w.ndc[i], "Location"));
  }
  return status;
}

/* Everything a client does up to its certificate, kept in |r|. */
static void obtain(rig *r, const char *payload, const char *csr_template)
{
  acme_peer *peer = &r->w.ndc[0];
  char *csr = ido_world_csr(csr_template, NULL, NULL, 0);
  sdg_cert *leaf = calloc(1, sizeof(*leaf));
  sdg_chain chain;
  sdg_buf id;

  if (order(r, 0, payload) != 201) {
    fail_msg("%s", peer->body);
  }
  assert_int_equal(ido_world_finalize(&r->w, 0, r->url, csr), 200);
  free(csr);
  ido_world_run(&r->w, 120 * WORLD_S);
  if (strcmp(ido_world_status(&r->w, 0, r->url), "valid") != 0) {
    fail_msg("%s %s", peer->body, r->w.log);
  }
  (void)snprintf(r->cert, sizeof(r->cert), "%s", ido_world_text(&r->w, 0, "certificate"));
  assert_non_null(strstr(r->cert, WORLD_IDO "/cert/"));
  assert_int_equal(acme_peer_fetch(peer, r->cert), 200);
  assert_string_equal(acme_peer_header(peer, "Content-Type"), "application/pem-certificate-chain");
  assert_ok(sdg_chain_parse(&chain, sdg_bytes_str(peer->body)));
  assert_ok(sdg_cert_parse(leaf, chain.certs[0]));
  sdg_buf_init(&id, 512);
  assert_ok(sdg_certificate_id(&id, chain.certs[0]));
  (void)snprintf(r->id, sizeof(r->id), "%s", sdg_buf_str(&id));
  r->der_len = chain.certs[0].len;
  assert_true(r->der_len <= sizeof(r->der));
  memcpy(r->der, chain.certs[0].base, r->der_len);
  r->not_before = leaf->not_before;
  r->not_after = leaf->not_after;
  sdg_buf_clear(&id);
  sdg_chain_clear(&chain);
  free(leaf);
}

/* The URL of the only one. */
static const char *authorization(rig *r)
{
  static char url[300];
  const sdg_json *urls;

  (void)acme_peer_fetch(&r->w.ndc[0], r->url);
  urls = sdg_json_member(r->w.ndc[0].json, "authorizations");
  assert_int_equal(sdg_json_count(urls), 1);
  (void)snprintf(url, sizeof(url), "%s", sdg_json_string(sdg_json_first(urls)));
  return url;
}

/* AMB-17: ready at once, each authorization valid already, the certificate fetched with the account it was ordered
 * with, whatever kind the issuer is. */
static void test_order(void **state)
{
  static const char *const kinds[] = {"renew", "star"};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    rig r;
    acme_peer *peer = &r.w.ndc[0];
    char url[300];

    begin_with_default(&r, kinds[i]);
    assert_int_equal(order(&r, 0, ONE), 201);
    assert_string_equal(ido_world_text(&r.w, 0, "status"), "ready");
    assert_null(sdg_json_member(peer->json, "delegation"));
    assert_null(sdg_json_member(peer->json, "allow-certificate-get"));
    assert_int_equal(sdg_json_count(sdg_json_member(peer->json, "authorizations")), 1);
    (void)snprintf(url, sizeof(url), "%s", authorization(&r));
    assert_int_equal(acme_peer_fetch(peer, url), 200);
    assert_string_equal(ido_world_text(&r.w, 0, "status"), "valid");
    assert_null(sdg_json_member(peer->json, "wildcard"));
    assert_string_equal(
        sdg_json_string(sdg_json_member(sdg_json_member(peer->json, "identifier"), "value")), "abc.ido.example");
    /* ACME-7.5.1: a client that answers the challenge all the same finds it valid, and the way back */
    const sdg_json *challenge = sdg_json_first(sdg_json_member(peer->json, "challenges"));
    char challenge_url[300];

    assert_string_equal(sdg_json_string(sdg_json_member(challenge, "status")), "valid");
    (void)snprintf(challenge_url, sizeof(challenge_url), "%s", sdg_json_string(sdg_json_member(challenge, "url")));
    assert_int_equal(acme_peer_post(peer, challenge_url, "{}"), 200);
    assert_string_equal(ido_world_text(&r.w, 0, "status"), "valid");
    assert_string_equal(acme_peer_link(peer, "up"), url);
    obtain(&r, ONE, WORLD_ONE);
    assert_int_equal(acme_peer_get(peer, r.cert), 200); /* STARDEL-2.3.5: published, so plain GET is fine too */
    (void)acme_peer_fetch(&r.w.ndc[1], r.cert);
    acme_peer_assert_problem(&r.w.ndc[1], 404, "unauthorized");
    assert_int_equal(ido_world_count(&r.w, "published"), 1);
    ido_world_clear(&r.w);
  }
}

/* RFC 8555 7.1.4: the authorization of a wildcard is for the name below it, with "wildcard". */
static void test_wildcard(void **state)
{
  rig r;
  const char *url;

  (void)state;
  begin(&r, "renew");
  open(&r);
  ido_world_delegate(&r.w, "cdn", "w1", WILD, NULL);
  set_default(&r, "w1");
  assert_int_equal(order(&r, 0, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"*.abc.ido.example\"}]}"), 201);
  url = authorization(&r);
  assert_int_equal(acme_peer_fetch(&r.w.ndc[0], url), 200);
  assert_true(sdg_json_bool(sdg_json_member(r.w.ndc[0].json, "wildcard")));
  assert_string_equal(sdg_json_string(sdg_json_member(sdg_json_member(r.w.ndc[0].json, "identifier"), "value")),
                      "abc.ido.example");
  ido_world_clear(&r.w);
}

/* A client with auto-renewal but without delegation: STAR, under the same delegation. */
static void test_star(void **state)
{
  rig r;
  char *csr;

  (void)state;
  begin(&r, "star");
  open(&r);
  set_default(&r, "d1");
  assert_int_equal(order(&r, 0, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"auto-renewal\":{"
                                "\"end-date\":\"" WORLD_END "\",\"lifetime\":345600,\"allow-certificate-get\":true}}"),
                   201);
  csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  assert_int_equal(ido_world_finalize(&r.w, 0, r.url, csr), 200);
  free(csr);
  ido_world_run(&r.w, 120 * WORLD_S);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
  assert_non_null(strstr(ido_world_text(&r.w, 0, "star-certificate"), WORLD_CA));
  ido_world_clear(&r.w);
}

/* AMB-24: without a default delegation nothing has changed; what names one is judged by that name alone. */
static void test_not_bound(void **state)
{
  rig r;
  acme_peer *peer = &r.w.ndc[0];

  (void)state;
  begin(&r, "renew");
  open(&r);
  (void)order(&r, 0, ONE);
  acme_peer_assert_problem(peer, 400, "malformed");
  assert_non_null(strstr(peer->body, "/delegation"));
  set_default(&r, "d1");
  (void)order(&r, 1, ONE); /* another account */
  acme_peer_assert_problem(&r.w.ndc[1], 400, "malformed");
  (void)order(&r, 0, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"delegation\":\"" WORLD_IDO
                     "/delegation/d1\"}");
  acme_peer_assert_problem(peer, 400, "malformed"); /* STARDEL-2.3.3-01: allow-certificate-get, for those who know it */
  (void)order(&r, 0, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"delegation\":\"" WORLD_IDO
                     "/delegation/none\",\"allow-certificate-get\":true}");
  acme_peer_assert_problem(peer, 403, "unknownDelegation");
  set_default(&r, NULL);
  (void)order(&r, 0, ONE);
  acme_peer_assert_problem(peer, 400, "malformed");
  assert_int_equal(ido_world_count(&r.w, "order"), 0);
  ido_world_clear(&r.w);
}

/* Names: exactly as for others (STARDEL-2.3.2, AMB-06). */
static void test_names(void **state)
{
  static const char *const bad[] = {
      "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"x.ido.example\"}]}",
      ("{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"},{\"type\":\"dns\",\"value\":"
       "\"x.ido.example\"}]}"),
      "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"*.abc.ido.example\"}]}",
      "{\"identifiers\":[]}",
  };
  rig r;

  (void)state;
  begin_with_default(&r, "renew");
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_true(order(&r, 0, bad[i]) >= 400);
    assert_int_equal(ido_world_count(&r.w, "order"), 0);
  }
  ido_world_clear(&r.w);
}

/* CSRs: a common name, an extension or a key that the template does not have. */
static void test_csrs(void **state)
{
  static const char *const wide[] = {
      "{" WORLD_KEYS ",\"subject\":{\"commonName\":\"abc.ido.example\"},\"extensions\":{\"subjectAltName\":{\"DNS\":["
      "\"abc.ido.example\"]}}}",
      "{" WORLD_KEYS ",\"extensions\":{\"keyUsage\":[\"digitalSignature\"],\"subjectAltName\":{\"DNS\":["
      "\"abc.ido.example\"]}}}",
      WORLD_TWO,
  };
  rig r;

  (void)state;
  begin_with_default(&r, "renew");
  for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
    char *csr = ido_world_csr(wide[i], NULL, NULL, 0);

    assert_int_equal(order(&r, 0, ONE), 201);
    (void)ido_world_finalize(&r.w, 0, r.url, csr);
    acme_peer_assert_problem(&r.w.ndc[0], 403, i == 2 ? "rejectedIdentifier" : "badCSR");
    assert_string_equal(ido_world_status(&r.w, 0, r.url), "invalid");
    free(csr);
  }
  ido_world_run(&r.w, 120 * WORLD_S);
  assert_int_equal(ido_world_ca_valid(&r.w), 0);
  ido_world_clear(&r.w);
}

/* Kinds, and the end of the delegation, bind these orders too. */
static void test_scope(void **state)
{
  stardeleg_ido_delegation d = {.size = sizeof(d),
                                .id = "s1",
                                .ndc = "cdn",
                                .csr_template = sdg_bytes_str(WORLD_ONE),
                                .order_kinds = STARDELEG_IDO_STAR,
                                .expires_at = STARDELEG_TIME_NEVER};
  char id[65];
  rig r;

  (void)state;
  begin(&r, "renew");
  open(&r);
  assert_ok(stardeleg_ido_delegation_add(r.w.ido, &d, id, r.w.now, NULL));
  set_default(&r, "s1");
  assert_true(order(&r, 0, ONE) >= 400); /* star orders only */
  assert_non_null(strstr(r.w.ndc[0].body, "s1"));
  d.id = "s2";
  d.order_kinds = STARDELEG_IDO_PLAIN;
  d.expires_at = r.w.now + 30 * WORLD_DAY;
  assert_ok(stardeleg_ido_delegation_add(r.w.ido, &d, id, r.w.now, NULL));
  set_default(&r, "s2");
  (void)order(&r, 0, ONE); /* a certificate of 90 days would outlive it, and the CA takes no notAfter */
  acme_peer_assert_problem(&r.w.ndc[0], 400, "malformed");
  assert_non_null(strstr(r.w.ndc[0].body, "/notAfter"));
  assert_ok(stardeleg_ido_delegation_end(r.w.ido, "s2", r.w.now));
  (void)order(&r, 0, ONE);
  acme_peer_assert_problem(&r.w.ndc[0], 403, "unknownDelegation"); /* STARDEL-7.2-02 */
  assert_int_equal(ido_world_count(&r.w, "order"), 0);
  ido_world_clear(&r.w);
}

/* Where the CA takes notAfter, the owner's bounds are put into the orders of clients that cannot ask for them. */
static void check_until(const stardeleg_ido_delegation *change, unsigned what, stardeleg_time most)
{
  rig r;

  begin(&r, "renew");
  r.w.issuer.takes_not_after = 1;
  open(&r);
  assert_ok(stardeleg_ido_delegation_change(r.w.ido, "d1", change, what, r.w.now, NULL));
  set_default(&r, "d1");
  obtain(&r, ONE, WORLD_ONE);
  assert_true(r.not_after <= most);
  ido_world_clear(&r.w);
}

static void test_until(void **state)
{
  const stardeleg_ido_delegation change = {.size = sizeof(change), .expires_at = WORLD_START + 30 * WORLD_DAY,
                                           .lifetime_max_s = 20 * 86400};

  (void)state;
  check_until(&change, STARDELEG_IDO_EXPIRY, change.expires_at);
  check_until(&change, STARDELEG_IDO_LIFETIME, WORLD_START + 21 * WORLD_DAY);
}

/* Other people's orders, and those of RFC 9115 clients, have no authorizations. */
static void test_authorizations(void **state)
{
  rig r;
  char url[300];
  char mine[256];

  (void)state;
  begin_with_default(&r, "star");
  assert_int_equal(order(&r, 0, ONE), 201);
  (void)snprintf(url, sizeof(url), "%s", authorization(&r));
  (void)acme_peer_fetch(&r.w.ndc[1], url);
  acme_peer_assert_problem(&r.w.ndc[1], 403, "unauthorized");
  (void)acme_peer_post(&r.w.ndc[0], url, "{\"status\":\"deactivated\"}");
  acme_peer_assert_problem(&r.w.ndc[0], 403, "unauthorized");
  for (size_t i = 0; i < 3; i++) {
    static const char *const none[] = {"/authz/1", "/authz/00", "/authz/x"};

    (void)snprintf(url, sizeof(url), "%s%s", r.url, none[i]);
    (void)acme_peer_fetch(&r.w.ndc[0], url);
    acme_peer_assert_problem(&r.w.ndc[0], 403, "unauthorized");
  }
  ido_world_order(&r.w, 0, "d1", "abc.ido.example", mine);
  assert_int_equal(sdg_json_count(sdg_json_member(r.w.ndc[0].json, "authorizations")), 0); /* STARDEL-2.3.2-11 */
  (void)snprintf(url, sizeof(url), "%s/authz/0", mine);
  (void)acme_peer_fetch(&r.w.ndc[0], url);
  acme_peer_assert_problem(&r.w.ndc[0], 403, "unauthorized");
  (void)snprintf(url, sizeof(url), "%s/authz/0/challenge", mine);
  (void)acme_peer_post(&r.w.ndc[0], url, "{}");
  acme_peer_assert_problem(&r.w.ndc[0], 403, "unauthorized");
  ido_world_clear(&r.w);
}

static void read_window(rig *r, stardeleg_time *start, stardeleg_time *end)
{
  char url[512];
  const sdg_json *window;

  (void)snprintf(url, sizeof(url), WORLD_IDO "/renewal-info/%s", r->id);
  assert_int_equal(acme_peer_get(&r->w.ndc[0], url), 200);
  assert_non_null(acme_peer_header(&r->w.ndc[0], "Retry-After")); /* ARI-4.3 */
  window = sdg_json_member(r->w.ndc[0].json, "suggestedWindow");
  assert_ok(sdg_time_read_rfc3339(start, sdg_bytes_str(sdg_json_string(sdg_json_member(window, "start")))));
  assert_ok(sdg_time_read_rfc3339(end, sdg_bytes_str(sdg_json_string(sdg_json_member(window, "end")))));
  assert_true(*end > *start);
}

static void test_renewal_info(void **state)
{
  static const char *const unknown[] = {"/renewal-info/AAAA.BBBB", "/renewal-info/AAAA", "/renewal-info/."};
  stardeleg_ca_renewal moved;
  stardeleg_time start;
  stardeleg_time end;
  stardeleg_time soon;
  rig r;

  (void)state;
  begin_with_default(&r, "renew");
  obtain(&r, ONE, WORLD_ONE);
  read_window(&r, &start, &end);
  assert_true(start > r.not_before + (r.not_after - r.not_before) / 2 && end < r.not_after);
  for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
    char url[300];

    (void)snprintf(url, sizeof(url), WORLD_IDO "%s", unknown[i]);
    assert_int_equal(acme_peer_get(&r.w.ndc[0], url), 404);
  }
  /* The CA wants it gone: whoever asks us hears of it. */
  stardeleg_ca_renewal_default(&moved);
  soon = sdg_time_floor_s(r.w.now) + WORLD_DAY;
  moved.start_at = soon;
  moved.end_at = soon + WORLD_DAY;
  assert_ok(stardeleg_ca_renewal_move(r.w.ca, &moved));
  ido_world_run(&r.w, WORLD_DAY / 2);
  read_window(&r, &start, &end);
  assert_int_equal(start, soon);
  assert_int_equal(end, soon + WORLD_DAY);
  ido_world_clear(&r.w);
}

/* RFC 9773 5: "replaces" must be one's own, and goes on to the CA. */
static void test_replaces(void **state)
{
  rig r;
  char payload[1024];
  char first[300];

  (void)state;
  begin_with_default(&r, "renew");
  obtain(&r, ONE, WORLD_ONE);
  (void)snprintf(first, sizeof(first), "%s", r.id);
  (void)snprintf(payload, sizeof(payload),
                 "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"replaces\":\"%s\"}", first);
  ido_world_delegate(&r.w, "other", "o1", WORLD_ONE, NULL);
  assert_ok(stardeleg_ido_ndc_set_default_delegation(r.w.ido, "other", "o1", NULL, r.w.now));
  (void)order(&r, 1, payload);
  acme_peer_assert_problem(&r.w.ndc[1], 400, "malformed");
  assert_non_null(strstr(r.w.ndc[1].body, "/replaces"));
  (void)order(&r, 0, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"replaces\":\"AAAA.BBBB\"}");
  acme_peer_assert_problem(&r.w.ndc[0], 400, "malformed");
  obtain(&r, payload, WORLD_ONE);
  assert_string_not_equal(first, r.id);
  assert_int_equal(ido_world_ca_valid(&r.w), 2);
  ido_world_clear(&r.w);
}

static int revoke(rig *r, size_t i, bool doubled)
{
  char payload[16384];
  sdg_buf text;

  sdg_buf_init(&text, sizeof(payload));
  sdg_base64url_write(&text, sdg_bytes(r->der, r->der_len));
  (void)snprintf(payload, sizeof(payload), "{\"certificate\":\"%s%s\",\"reason\":1}", sdg_buf_str(&text),
                 doubled ? "AAAA" : "");
  sdg_buf_clear(&text);
  return acme_peer_post(&r->w.ndc[i], WORLD_IDO "/revoke-cert", payload);
}

/* STARDEL-2.3.6.2: the owner revokes; unless configured otherwise nobody else does. */
static void test_revocation_refused(void **state)
{
  rig r;

  (void)state;
  begin_with_default(&r, "renew");
  obtain(&r, ONE, WORLD_ONE);
  (void)revoke(&r, 0, false);
  acme_peer_assert_problem(&r.w.ndc[0], 403, "unauthorized");
  assert_non_null(strstr(r.w.ndc[0].body, "owner"));
  ido_world_run(&r.w, 120 * WORLD_S);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
  assert_int_equal(acme_peer_get(&r.w.ndc[0], r.cert), 200);
  ido_world_clear(&r.w);
}

static void test_revocation(void **state)
{
  static const char *const kinds[] = {"renew", "star"};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    rig r;
    stardeleg_time start;
    stardeleg_time end;

    begin(&r, kinds[i]);
    r.w.options.delegates_may_revoke = 1;
    open(&r);
    set_default(&r, "d1");
    obtain(&r, ONE, WORLD_ONE);
    (void)revoke(&r, 1, false); /* ACME-7.6: another account */
    acme_peer_assert_problem(&r.w.ndc[1], 403, "unauthorized");
    (void)revoke(&r, 0, true); /* not that certificate */
    assert_true(r.w.ndc[0].status >= 400);
    assert_int_equal(acme_peer_post(&r.w.ndc[0], WORLD_IDO "/revoke-cert", "{}"), 400);
    assert_int_equal(revoke(&r, 0, false), 200);
    (void)revoke(&r, 0, false);
    acme_peer_assert_problem(&r.w.ndc[0], 400, "alreadyRevoked");
    ido_world_run(&r.w, 300 * WORLD_S);
    assert_non_null(strstr(r.w.ca_log, "/revoke-cert "));
    assert_string_equal(ido_world_status(&r.w, 0, r.url), "invalid");
    assert_non_null(strstr(r.w.ndc[0].body, "revoked by its delegate"));
    assert_int_equal(acme_peer_get(&r.w.ndc[0], r.cert), 403);
    read_window(&r, &start, &end);
    assert_true(end < r.w.now); /* at once */
    obtain(&r, ONE, WORLD_ONE); /* the delegation goes on */
    ido_world_clear(&r.w);
  }
}

/* What was ordered under a delegation by name is the owner's to revoke, whatever the option says. */
static void test_revocation_of_others(void **state)
{
  rig r;

  (void)state;
  begin(&r, "renew");
  r.w.options.delegates_may_revoke = 1;
  open(&r);
  obtain(&r,
         "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"allow-certificate-get\":true,"
         "\"delegation\":\"" WORLD_IDO "/delegation/d1\"}",
         WORLD_ONE);
  (void)revoke(&r, 0, false);
  acme_peer_assert_problem(&r.w.ndc[0], 404, "malformed");
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
  ido_world_clear(&r.w);
}

typedef struct listed {
  char name[65];
  char delegation[65];
} listed;

static int keep_first(void *ctx, const stardeleg_ido_ndc *ndc)
{
  listed *l = ctx;

  (void)snprintf(l->name, sizeof(l->name), "%s", ndc->name);
  (void)snprintf(l->delegation, sizeof(l->delegation), "%s", ndc->default_delegation);
  return 1;
}

static void test_desk(void **state)
{
  rig r;
  listed l = {.name = ""};

  (void)state;
  begin(&r, "renew");
  open(&r);
  ido_world_delegate(&r.w, "other", "o1", WORLD_ONE, NULL);
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_set_default_delegation(r.w.ido, "cdn", "o1", NULL, r.w.now));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_set_default_delegation(r.w.ido, "cdn", "none", NULL, r.w.now));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_set_default_delegation(r.w.ido, "cdn", "a b", NULL, r.w.now));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_set_default_delegation(r.w.ido, "nobody", "d1", NULL, r.w.now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_ndc_set_default_delegation(r.w.ido, NULL, "d1", NULL, r.w.now));
  set_default(&r, "d1");
  set_default(&r, "d1");
  assert_ok(stardeleg_ido_ndc_list(r.w.ido, NULL, 0, keep_first, &l));
  assert_string_equal(l.name, "cdn");
  assert_string_equal(l.delegation, "d1");
  ido_world_restart(&r.w);
  assert_int_equal(order(&r, 0, ONE), 201); /* it is in the store */
  assert_ok(stardeleg_ido_delegation_end(r.w.ido, "d1", r.w.now));
  assert_err(STARDELEG_ERR_STATE, stardeleg_ido_ndc_set_default_delegation(r.w.ido, "cdn", "d1", NULL, r.w.now));
  r.w.fail_batches = 1;
  assert_err(STARDELEG_ERR_STORE, stardeleg_ido_ndc_set_default_delegation(r.w.ido, "cdn", NULL, NULL, r.w.now));
  set_default(&r, NULL);
  assert_ok(stardeleg_ido_ndc_disable(r.w.ido, "cdn", NULL, r.w.now));
  assert_err(STARDELEG_ERR_STATE, stardeleg_ido_ndc_set_default_delegation(r.w.ido, "cdn", NULL, NULL, r.w.now));
  ido_world_clear(&r.w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_wildcard),
      cmocka_unit_test(test_star),
      cmocka_unit_test(test_not_bound),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_csrs),
      cmocka_unit_test(test_scope),
      cmocka_unit_test(test_until),
      cmocka_unit_test(test_authorizations),
      cmocka_unit_test(test_renewal_info),
      cmocka_unit_test(test_replaces),
      cmocka_unit_test(test_revocation_refused),
      cmocka_unit_test(test_revocation),
      cmocka_unit_test(test_revocation_of_others),
      cmocka_unit_test(test_desk),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

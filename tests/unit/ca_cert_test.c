/* SPDX-License-Identifier: Apache-2.0 */
/* ca_cert_test.c -- the certificate as a resource, plain orders, revocation, and what openssl says of it all. */
#include "support/test.h"

#include <unistd.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"
#include "support/ca_world.h"
#include "support/counting_store.h"

static int64_t max_age(const ca_world *w)
{
  const char *text = acme_peer_header(&w->peer, "Cache-Control");
  const char *at = strstr(text, "max-age=");
  uint64_t seconds = 0;

  assert_non_null(at);
  at += strlen("max-age=");
  assert_true(sdg_bytes_to_uint(&seconds, sdg_bytes(at, strcspn(at, ",")), INT32_MAX));
  return (int64_t)seconds;
}

/* For caches that know no max-age: the same moment, whatever Date says. */
static void assert_expires(const ca_world *w, int64_t age)
{
  stardeleg_time expires = 0;

  assert_ok(sdg_time_read_http(&expires, sdg_bytes_str(acme_peer_header(&w->peer, "Expires")), w->now));
  assert_true(expires >= w->now + age * 1000 - 999 && expires <= w->now + age * 1000 + 999);
}

/* The headers of the certificate in the answer; |leaf| is that certificate (STAR-3.3-02 to -04). */
static void assert_headers(ca_world *w, const ca_leaf *leaf)
{
  char date[SDG_TIME_TEXT_SIZE];
  char tag[64];

  sdg_time_write_http(date, leaf->cert.not_before);
  assert_string_equal(acme_peer_header(&w->peer, "Cert-Not-Before"), date);
  sdg_time_write_http(date, leaf->cert.not_after);
  assert_string_equal(acme_peer_header(&w->peer, "Cert-Not-After"), date);
  (void)snprintf(tag, sizeof(tag), "\"%s\"", leaf->serial);
  assert_string_equal(acme_peer_header(&w->peer, "ETag"), tag);
}

/* --- Fetching --- */

/* STAR-3.3-02, STAR-3.4-01, STAR-3.4-04, STAR-3.4-05, ACME-7.4.2-01 */
static void test_three_methods(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;

  ca_world_star(w, 10, 86400, 0);
  ca_world_get_leaf(w, &leaf);
  assert_string_equal(acme_peer_header(&w->peer, "Content-Type"), "application/pem-certificate-chain");
  assert_int_equal(leaf.chain.count, 2);
  assert_headers(w, &leaf);
  assert_true(w->peer.body[strlen(w->peer.body) - 1] == '\n');
  assert_null(strstr(w->peer.body, "\n\n")); /* EID 5983 */
  assert_int_equal(acme_peer_head(&w->peer, w->star), 200);
  assert_headers(w, &leaf);
  assert_int_equal(acme_peer_fetch(&w->peer, w->star), 200);
  assert_headers(w, &leaf);
  assert_string_equal(acme_peer_header(&w->peer, "Content-Type"), "application/pem-certificate-chain");
  ca_leaf_clear(&leaf);
  (void)acme_peer_post(&w->peer, w->star, "{}");
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  assert_true(strlen(w->star) >= strlen(CA_BASE "/cert/") + 22); /* STAR-6.3-01, ACME-10.5-01 */
  assert_string_not_equal(w->star + strlen(CA_BASE "/cert/"), w->order + strlen(CA_BASE "/order/"));
}

/* ACME-6.3-01, STARDEL-2.3.5-05: GET only where it was negotiated; other accounts never */
static void test_access(void **state)
{
  ca_world *w = *state;
  acme_peer other;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}],"
                                                       "'auto-renewal':{'end-date':'2026-02-01T00:00:00Z',"
                                                       "'lifetime':86400}}")),
                   201);
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  (void)acme_peer_get(&w->peer, w->star);
  acme_peer_assert_problem(&w->peer, 405, "malformed");
  assert_string_equal(acme_peer_header(&w->peer, "Allow"), "POST");
  assert_null(acme_peer_header(&w->peer, "Cert-Not-After"));
  assert_int_equal(acme_peer_head(&w->peer, w->star), 405);
  assert_int_equal(acme_peer_fetch(&w->peer, w->star), 200);
  ca_world_peer(w, &other);
  (void)acme_peer_fetch(&other, w->star);
  acme_peer_assert_problem(&other, 404, "unauthorized");
  /* what is not there answers in the same way, word for word (RFC 8555 10.5) */
  (void)acme_peer_get(&w->peer, CA_BASE "/cert/AAAAAAAAAAAAAAAAAAAAAA");
  acme_peer_assert_problem(&w->peer, 405, "malformed");
  assert_string_equal(acme_peer_header(&w->peer, "Allow"), "POST");
  (void)acme_peer_fetch(&w->peer, CA_BASE "/cert/AAAAAAAAAAAAAAAAAAAAAA");
  acme_peer_assert_problem(&w->peer, 404, "unauthorized");
  /* RFC 8739 3.1.2: 403 to any requests once it is canceled */
  assert_int_equal(acme_peer_post(&w->peer, w->order, "{\"status\":\"canceled\"}"), 200);
  (void)acme_peer_get(&w->peer, w->star);
  acme_peer_assert_problem(&w->peer, 403, "autoRenewalCanceled");
  (void)acme_peer_fetch(&w->peer, w->star);
  acme_peer_assert_problem(&w->peer, 403, "autoRenewalCanceled");
  (void)acme_peer_fetch(&other, w->star);
  acme_peer_assert_problem(&other, 404, "unauthorized");
  acme_peer_clear(&other);
}

/* STAR-4.3-01, HTTP-05: no cache keeps it beyond the coming of the next one, and never beyond its life */
static void test_caching(void **state)
{
  ca_world *w = *state;
  stardeleg_time end = w->now + 3 * CA_DAY;

  ca_world_star(w, 3, 86400, 0);
  for (; w->now < end; w->now += CA_HOUR / 2) {
    ca_leaf leaf;
    int64_t age;

    (void)ca_world_run(w);
    ca_world_get_leaf(w, &leaf);
    age = max_age(w);
    assert_true(age >= 0 && w->now + age * 1000 <= leaf.cert.not_after && w->now + age * 1000 <= end);
    /* four caches that do not tell the age of what they pass on, each as late as can be */
    assert_true(w->now + 4 * age * 1000 <= leaf.cert.not_after);
    assert_expires(w, age);
    assert_int_equal(acme_peer_fetch(&w->peer, w->star), 200);
    assert_string_equal(acme_peer_header(&w->peer, "Cache-Control"), "no-store");
    ca_leaf_clear(&leaf);
  }
}

/* The engine is late: stale at once. */
static void test_late_engine(void **state)
{
  ca_world *w = *state;

  ca_world_star(w, 3, 86400, 0);
  w->now += CA_DAY / 2 - 1000;
  assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
  assert_int_equal(max_age(w), 1);
  w->now += CA_HOUR;
  assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
  assert_int_equal(max_age(w), 0);
}

static int get_if_none_match(ca_world *w, const char *tag)
{
  char line[512];
  const char *headers[] = {line, NULL};

  (void)snprintf(line, sizeof(line), "If-None-Match: %s", tag);
  return acme_peer_raw(&w->peer, "GET", w->star + strlen("https://ca.example"), headers, sdg_bytes(NULL, 0));
}

static void test_conditional(void **state)
{
  ca_world *w = *state;
  char tag[64];
  char text[256];
  ca_leaf leaf;

  ca_world_star(w, 10, 86400, 0);
  ca_world_get_leaf(w, &leaf);
  (void)snprintf(tag, sizeof(tag), "\"%s\"", leaf.serial);
  assert_int_equal(get_if_none_match(w, tag), 304);
  assert_string_equal(w->peer.body, "");
  assert_headers(w, &leaf);
  assert_true(max_age(w) > 0);
  (void)snprintf(text, sizeof(text), "\"x\" , W/%s,\"y\"", tag);
  assert_int_equal(get_if_none_match(w, text), 304);
  assert_int_equal(get_if_none_match(w, "*"), 304);
  assert_int_equal(get_if_none_match(w, "\"x\""), 200);
  assert_int_equal(get_if_none_match(w, leaf.serial), 200);
  assert_int_equal(get_if_none_match(w, ","), 200);
  assert_int_equal(get_if_none_match(w, ""), 200);
  (void)snprintf(text, sizeof(text), "%.10s", tag);
  assert_int_equal(get_if_none_match(w, text), 200);
  w->now += CA_DAY / 2; /* the next one has another tag */
  (void)ca_world_run(w);
  assert_int_equal(get_if_none_match(w, tag), 200);
  assert_int_equal(acme_peer_post(&w->peer, w->order, "{\"status\":\"canceled\"}"), 200);
  assert_int_equal(get_if_none_match(w, "*"), 403);
  ca_leaf_clear(&leaf);
}

/* --- Plain orders --- */

static void test_plain(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;

  ca_world_plain(w);
  assert_true(sdg_json_bool(sdg_json_member(w->peer.json, "allow-certificate-get"))); /* STARDEL-2.3.5-03 */
  assert_null(sdg_json_member(w->peer.json, "star-certificate"));
  ca_world_get_leaf(w, &leaf);
  assert_headers(w, &leaf);
  assert_int_equal(max_age(w), 7 * 86400 / 4); /* ACME-7.4.2-05: longer than that of a STAR certificate */
  assert_int_equal(leaf.cert.not_before, w->now);
  assert_int_equal(leaf.cert.not_after, w->now + 7 * CA_DAY);
  w->now += 6 * CA_DAY;
  (void)ca_world_run(w);
  assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
  assert_string_equal(ca_world_status(w), "valid");
  ca_leaf_clear(&leaf);
}

static void order_validity(ca_world *w, const char *members)
{
  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}],"
                                                       "'allow-certificate-get':true%s}",
                                                       members)),
                   201);
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
}

/* ACME-7.4.2-07: no form with one certificate alone is given, whatever is asked for: the chain is never lost */
static void test_single_form(void **state)
{
  static const char *const headers[] = {"Content-Type: application/jose+json", "Accept: application/pkix-cert", NULL};
  ca_world *w = *state;
  sdg_buf body;

  ca_world_plain(w);
  sdg_buf_init(&body, 1 << 16);
  acme_peer_build(&w->peer, &body, &(acme_peer_jws){.url = w->star});
  assert_int_equal(acme_peer_raw(&w->peer, "POST", w->star + strlen("https://ca.example"), headers,
                                 sdg_buf_bytes(&body)), 200);
  assert_string_equal(acme_peer_header(&w->peer, "Content-Type"), "application/pem-certificate-chain");
  assert_non_null(strstr(strstr(w->peer.body, "-----END CERTIFICATE-----"), "-----BEGIN CERTIFICATE-----"));
  sdg_buf_clear(&body);
}

/* ACME-7.4-02: what was ordered or nothing */
static void test_validity(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;

  order_validity(w, ",'notBefore':'2026-01-09T12:00:00Z','notAfter':'2026-01-12T00:00:00+02:00'");
  assert_string_equal(acme_peer_string(&w->peer, "notBefore"), "2026-01-09T12:00:00Z");
  assert_string_equal(acme_peer_string(&w->peer, "notAfter"), "2026-01-11T22:00:00Z");
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  ca_world_get_leaf(w, &leaf);
  assert_int_equal(leaf.cert.not_before, CA_START - CA_DAY / 2);
  assert_int_equal(leaf.cert.not_after, CA_START + 46 * CA_HOUR);
  ca_leaf_clear(&leaf);
  order_validity(w, ",'notBefore':'2026-01-15T00:00:00Z'");
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  ca_world_get_leaf(w, &leaf);
  assert_int_equal(leaf.cert.not_before, CA_START + 5 * CA_DAY);
  assert_int_equal(leaf.cert.not_after, CA_START + 12 * CA_DAY);
  ca_leaf_clear(&leaf);
  /* over before the engine came: the order fails instead of being tried for ever */
  order_validity(w, ",'notAfter':'2026-01-10T01:00:00Z'");
  w->now += CA_HOUR;
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "invalid");
}

/* Near the end of the issuer's own life nothing outlives it. */
static void test_issuer_life(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;

  w->now = CA_START + 3650 * CA_DAY - 2 * CA_DAY;
  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  assert_int_equal(leaf.cert.not_after, CA_START + 3650 * CA_DAY);
  ca_leaf_clear(&leaf);
}

/* --- Revocation --- */

static int revoke(ca_world *w, acme_peer *peer, const ca_leaf *leaf, const char *more, stardeleg_key *signer)
{
  char payload[8192];
  sdg_buf text;

  (void)w;
  sdg_buf_init(&text, sizeof(payload));
  sdg_base64url_write(&text, leaf->cert.der);
  (void)snprintf(payload, sizeof(payload), "{\"certificate\":\"%s\"%s}", sdg_buf_str(&text), more);
  sdg_buf_clear(&text);
  return acme_peer_send(
      peer,
      &(acme_peer_jws){.url = CA_BASE "/revoke-cert", .payload = payload, .by_jwk = signer != NULL, .signer = signer});
}

/* STAR-3.1.2-10: by account and by key, the current one and those before it */
static void test_revoke_star(void **state)
{
  ca_world *w = *state;
  acme_peer other;
  ca_leaf first;
  ca_leaf second;

  ca_world_star(w, 10, 86400, 0);
  ca_world_get_leaf(w, &first);
  w->now += CA_DAY / 2;
  (void)ca_world_run(w);
  ca_world_get_leaf(w, &second);
  assert_string_not_equal(first.serial, second.serial);
  ca_world_peer(w, &other);
  for (unsigned i = 0; i < 2; i++) {
    const ca_leaf *leaf = i == 0 ? &first : &second;

    (void)revoke(w, &w->peer, leaf, "", NULL);
    acme_peer_assert_problem(&w->peer, 403, "autoRenewalRevocationNotSupported");
    (void)revoke(w, &w->peer, leaf, "", w->key);
    acme_peer_assert_problem(&w->peer, 403, "autoRenewalRevocationNotSupported");
    assert_int_equal(revoke(w, &other, leaf, "", NULL), 403);
  }
  assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
  acme_peer_clear(&other);
  ca_leaf_clear(&first);
  ca_leaf_clear(&second);
}

/* ACME-7.6-02, ACME-7.6-03, ACME-7.6-05 */
static void test_revoke_plain(void **state)
{
  static const char *const bad[] = {",\"reason\":7", ",\"reason\":11", ",\"reason\":-1", ",\"reason\":2",
                                    ",\"reason\":6", ",\"reason\":8",  ",\"reason\":10"};
  ca_world *w = *state;
  acme_peer other;
  stardeleg_key *stranger = NULL;
  ca_leaf leaf;

  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  ca_world_peer(w, &other);
  assert_ok(stardeleg_key_generate(&stranger, test_crypto(), STARDELEG_KEY_P256));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)revoke(w, &w->peer, &leaf, bad[i], NULL);
    acme_peer_assert_problem(&w->peer, 400, "badRevocationReason");
    assert_non_null(strstr(acme_peer_string(&w->peer, "detail"), "0, 1, 3, 4, 5, 9"));
  }
  (void)revoke(w, &w->peer, &leaf, ",\"reason\":\"1\"", NULL);
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  (void)revoke(w, &other, &leaf, "", NULL);
  acme_peer_assert_problem(&other, 403, "unauthorized");
  (void)revoke(w, &w->peer, &leaf, "", stranger);
  acme_peer_assert_problem(&w->peer, 403, "unauthorized");
  assert_int_equal(revoke(w, &w->peer, &leaf, ",\"reason\":4", NULL), 200);
  (void)revoke(w, &w->peer, &leaf, "", NULL);
  acme_peer_assert_problem(&w->peer, 400, "alreadyRevoked");
  (void)revoke(w, &w->peer, &leaf, "", w->key);
  acme_peer_assert_problem(&w->peer, 400, "alreadyRevoked");
  (void)revoke(w, &other, &leaf, "", NULL);
  acme_peer_assert_problem(&other, 403, "unauthorized");
  ca_leaf_clear(&leaf);
  stardeleg_key_free(stranger);
  acme_peer_clear(&other);
}

static void test_revoke_by_key(void **state)
{
  ca_world *w = *state;
  ca_leaf leaf;

  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  assert_int_equal(revoke(w, &w->peer, &leaf, "", w->key), 200);
  (void)revoke(w, &w->peer, &leaf, "", NULL);
  acme_peer_assert_problem(&w->peer, 400, "alreadyRevoked");
  ca_leaf_clear(&leaf);
}

/* ACME-7.6-04: an account with authorizations for all names, as long as they are valid */
static void test_revoke_by_authorizations(void **state)
{
  ca_world *w = *state;
  acme_peer owner;
  acme_peer first;
  ca_leaf leaf;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'a.example.org'},"
                                                       "{'type':'dns','value':'b.example.org'}],"
                                                       "'allow-certificate-get':true}")),
                   201);
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "a.example.org", "b.example.org", NULL)), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  ca_world_get_leaf(w, &leaf);
  first = w->peer;
  ca_world_peer(w, &owner);
  w->peer = owner;
  w->peer.nonce[0] = '\0';
  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'a.example.org'}]}")),
                   201);
  ca_world_validate(w);
  (void)revoke(w, &w->peer, &leaf, "", NULL);
  acme_peer_assert_problem(&w->peer, 403, "unauthorized"); /* one of two */
  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'B.example.org'}]}")),
                   201);
  ca_world_validate(w);
  w->now += CA_DAY;
  (void)revoke(w, &w->peer, &leaf, "", NULL);
  acme_peer_assert_problem(&w->peer, 403, "unauthorized"); /* expired */
  w->now -= CA_HOUR;
  assert_int_equal(revoke(w, &w->peer, &leaf, "", NULL), 200);
  acme_peer_clear(&w->peer);
  w->peer = first;
  ca_leaf_clear(&leaf);
}

/* Somebody else's certificate is no way to make the server read all of one's own authorizations. */
static void test_revoke_costs_little(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  acme_peer stranger;
  acme_peer first;
  ca_leaf leaf;

  ca_world_count(w, &c);
  ca_world_plain(w);
  ca_world_get_leaf(w, &leaf);
  first = w->peer;
  ca_world_peer(w, &stranger);
  w->peer = stranger;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'a.example.org'},"
                                                         "{'type':'dns','value':'b.example.org'}]}")),
                     201);
  }
  c.read_kind = "authz";
  (void)revoke(w, &w->peer, &leaf, "", NULL);
  acme_peer_assert_problem(&w->peer, 403, "unauthorized");
  assert_int_equal(c.reads, 0);
  acme_peer_clear(&w->peer);
  w->peer = first;
  ca_leaf_clear(&leaf);
}

static void test_revoke_foreign(void **state)
{
  static const char *const bad[] = {"{}",
                                    "{\"certificate\":1}",
                                    "{\"certificate\":\"\"}",
                                    "{\"certificate\":\"AAAA\"}",
                                    "{\"certificate\":\"MIIB=\"}",
                                    "{\"certificate\":null}"};
  static const char *const names[] = {"www.example.org", NULL};
  ca_world *w = *state;
  stardeleg_key *evil = NULL;
  char *root = NULL;
  char *pem = NULL;
  ca_leaf leaf;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)acme_peer_post(&w->peer, CA_BASE "/revoke-cert", bad[i]);
    acme_peer_assert_problem(&w->peer, 400, "malformed");
  }
  (void)acme_peer_fetch(&w->peer, CA_BASE "/revoke-cert");
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  /* of a CA that calls itself as ours, and the PKI's own server certificate */
  assert_ok(stardeleg_key_generate(&evil, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_ca_make_root(&root, evil, "Test Root", w->now - CA_DAY, w->now + CA_DAY));
  for (unsigned i = 0; i < 2; i++) {
    assert_ok(stardeleg_ca_make_server(&pem, stardeleg_key_spki(w->key), names, i == 0 ? evil : w->root_key,
                                       sdg_bytes_str(i == 0 ? root : w->root_pem), w->now, w->now + CA_DAY));
    assert_ok(sdg_chain_parse(&leaf.chain, sdg_bytes_str(pem)));
    assert_ok(sdg_cert_parse(&leaf.cert, leaf.chain.certs[0]));
    (void)revoke(w, &w->peer, &leaf, "", w->key);
    acme_peer_assert_problem(&w->peer, 404, "malformed");
    ca_leaf_clear(&leaf);
    free(pem);
    pem = NULL;
  }
  free(root);
  stardeleg_key_free(evil);
}

/* --- A second opinion --- */

static void write_file(const char *path, const char *text)
{
  FILE *file = fopen(path, "wb");

  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
  assert_int_equal(fclose(file), 0);
}

/* openssl finds what it expects of a TLS server's certificate, by its strict rules. */
static void test_openssl_verify(void **state)
{
  ca_world *w = *state;
  const char *folder = test_directory();
  char root[300];
  char leaf[300];
  char command[1200];

  if (system("openssl version > /dev/null 2>&1") != 0) {
    skip();
  }
  (void)snprintf(root, sizeof(root), "%s/root.pem", folder);
  (void)snprintf(leaf, sizeof(leaf), "%s/leaf.pem", folder);
  write_file(root, w->root_pem);
  for (unsigned i = 0; i < 3; i++) {
    if (i == 0) {
      ca_world_star(w, 10, 86400, 3600);
    } else if (i == 1) {
      w->now += CA_DAY / 2;
      (void)ca_world_run(w);
    } else {
      ca_world_plain(w);
    }
    assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
    write_file(leaf, w->peer.body);
    (void)snprintf(command, sizeof(command),
                   "openssl verify -x509_strict -check_ss_sig -purpose sslserver -verify_hostname www.example.org "
                   "-attime %lld -CAfile %s %s > /dev/null",
                   (long long)(w->now / 1000 + 1), root, leaf);
    assert_int_equal(system(command), 0);
  }
}

/* --- Bindings --- */

static void test_eab(void **state)
{
  ca_world *w = *state;
  acme_peer peer;
  char mac_key[64];
  char payload[4096];
  sdg_buf eab;

  w->options.eab_required = 1;
  ca_world_restart(w);
  assert_ok(stardeleg_ca_eab_add(w->ca, "cdn", mac_key, w->now));
  assert_err(STARDELEG_ERR_EXISTS, stardeleg_ca_eab_add(w->ca, "cdn", payload, w->now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_eab_add(NULL, "cdn", mac_key, w->now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_eab_add(w->ca, "a b", mac_key, w->now));
  assert_ok(stardeleg_ca_eab_add(w->ca, "cdn2", mac_key, w->now));
  peer = w->peer;
  peer.key = NULL;
  peer.reply = NULL;
  peer.json = NULL;
  assert_ok(stardeleg_key_generate(&peer.key, test_crypto(), STARDELEG_KEY_P256));
  sdg_buf_init(&eab, 4096);
  acme_peer_eab(&peer, &eab, "cdn2", mac_key);
  (void)snprintf(payload, sizeof(payload), "{\"externalAccountBinding\":%s}", sdg_buf_str(&eab));
  assert_int_equal(acme_peer_new_account(&peer, payload), 201);
  sdg_buf_clear(&eab);
  acme_peer_clear(&peer);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_three_methods),  T(test_access),         T(test_caching),       T(test_late_engine),
      T(test_conditional),    T(test_plain),          T(test_validity),      T(test_issuer_life),
      T(test_revoke_star),    T(test_revoke_plain),   T(test_revoke_by_key), T(test_revoke_by_authorizations),
      T(test_revoke_foreign), T(test_openssl_verify), T(test_eab),           T(test_revoke_costs_little),
      T(test_single_form),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

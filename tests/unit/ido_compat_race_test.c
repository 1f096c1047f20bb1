/* SPDX-License-Identifier: Apache-2.0 */
/* ido_compat_race_test.c -- an ordinary client revokes while the engine works on the order. */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "x509/cert.h"

#define DAYS90 (INT64_C(90) * 86400)
#define ONE "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}]}"

static char request[16384]; /* of revokeCert */

static void begin(ido_world *w)
{
  ido_world_init(w);
  w->issuer.kind = "renew";
  w->issuer.validity_s = DAYS90;
  w->options.poll_ms = 0;
  w->options.delegates_may_revoke = 1;
  ido_world_ca_init(w);
  w->ca_options.plain_lifetime_s = DAYS90;
  w->ca_options.poll_ms = 0;
  ido_world_ca_open(w);
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  ido_world_delegate(w, "cdn", "d1", WORLD_ONE, NULL);
  assert_ok(stardeleg_ido_ndc_set_default_delegation(w->ido, "cdn", "d1", NULL, w->now));
}

static void obtain(ido_world *w, char url[256])
{
  acme_peer *peer = &w->ndc[0];
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  char cert[300];
  sdg_chain chain;
  sdg_buf text;

  assert_int_equal(acme_peer_post(peer, WORLD_IDO "/new-order", ONE), 201);
  (void)snprintf(url, 256, "%s", acme_peer_header(peer, "Location"));
  assert_int_equal(ido_world_finalize(w, 0, url, csr), 200);
  free(csr);
  ido_world_run(w, 120 * WORLD_S);
  assert_string_equal(ido_world_status(w, 0, url), "valid");
  (void)snprintf(cert, sizeof(cert), "%s", ido_world_text(w, 0, "certificate"));
  assert_int_equal(acme_peer_fetch(peer, cert), 200);
  assert_ok(sdg_chain_parse(&chain, sdg_bytes_str(peer->body)));
  sdg_buf_init(&text, sizeof(request));
  sdg_base64url_write(&text, chain.certs[0]);
  (void)snprintf(request, sizeof(request), "{\"certificate\":\"%s\"}", sdg_buf_str(&text));
  sdg_buf_clear(&text);
  sdg_chain_clear(&chain);
}

static void revoke(ido_world *w)
{
  assert_int_equal(acme_peer_post(&w->ndc[0], WORLD_IDO "/revoke-cert", request), 200);
}

/* Neither the demand nor its reason is lost. */
static void test_meanwhile(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  obtain(&w, url);
  w.before_write = revoke; /* when the CA has been asked for its window, and that is noted */
  ido_world_run(&w, WORLD_DAY);
  assert_null(w.before_write);
  assert_non_null(strstr(w.ca_log, "/revoke-cert "));
  assert_string_equal(ido_world_status(&w, 0, url), "invalid");
  assert_non_null(strstr(w.ndc[0].body, "revoked by its delegate"));
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_meanwhile)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

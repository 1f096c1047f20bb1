/* SPDX-License-Identifier: Apache-2.0 */
/* ido_compat_budget_test.c -- an ordinary client cannot spend more certificates than the CA gives for its names by
 * saying that each replaces the last (RFC 9773 5). */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"
#include "acme_client/renewal_info.h"

#define DAYS90 (INT64_C(90) * 86400)

/* One order as far as it gets within two minutes; |replaces| ("": nothing) becomes the new certificate's identifier. */
static const char *order(ido_world *w, char replaces[300])
{
  acme_peer *peer = &w->ndc[0];
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  char payload[600];
  char url[256];
  char cert[300];
  sdg_buf id;

  (void)snprintf(payload, sizeof(payload),
                 "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}]%s%s%s}",
                 replaces[0] != '\0' ? ",\"replaces\":\"" : "", replaces, replaces[0] != '\0' ? "\"" : "");
  assert_int_equal(acme_peer_post(peer, WORLD_IDO "/new-order", payload), 201);
  (void)snprintf(url, sizeof(url), "%s", acme_peer_header(peer, "Location"));
  assert_int_equal(ido_world_finalize(w, 0, url, csr), 200);
  free(csr);
  ido_world_run(w, 120 * WORLD_S);
  if (strcmp(ido_world_status(w, 0, url), "valid") == 0) {
    (void)snprintf(cert, sizeof(cert), "%s", ido_world_text(w, 0, "certificate"));
    assert_int_equal(acme_peer_fetch(peer, cert), 200);
    sdg_buf_init(&id, 512);
    assert_ok(sdg_certificate_id_of_chain(&id, sdg_bytes_str(peer->body)));
    (void)snprintf(replaces, 300, "%s", sdg_buf_str(&id));
    sdg_buf_clear(&id);
    return "valid";
  }
  return "waits";
}

/* A CA with renewalInfo does not count replacements; one without does not even read them. */
static void test_budget(void **state)
{
  (void)state;
  for (int offered = 0; offered < 2; offered++) {
    ido_world w;
    char replaces[300] = "";

    ido_world_init(&w);
    w.issuer.kind = "renew";
    w.issuer.validity_s = DAYS90;
    w.issuer.set_limit = 1;
    w.options.poll_ms = 0;
    ido_world_ca_init(&w);
    w.ca_options.plain_lifetime_s = DAYS90;
    w.ca_options.poll_ms = 0;
    w.ca_options.renewal_info_s = offered ? 21600 : 0;
    ido_world_ca_open(&w);
    ido_world_open(&w);
    ido_world_ndc(&w, 0, "cdn");
    ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
    assert_ok(stardeleg_ido_ndc_set_default_delegation(w.ido, "cdn", "d1", NULL, w.now));
    assert_string_equal(order(&w, replaces), "valid");
    assert_string_equal(order(&w, replaces), offered ? "valid" : "waits");
    replaces[0] = '\0';
    assert_string_equal(order(&w, replaces), "waits");
    ido_world_clear(&w);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_budget)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

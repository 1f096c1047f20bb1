/* SPDX-License-Identifier: Apache-2.0 */
/* ido_proxy_test.c -- owners one behind the other: a delegate orders from the last of three, the first has the CA (RFC
 * 9115 2.4, 5.1.2). */
#include "support/ido_chain.h"

#include "base/bytes.h"

/* --- The chain --- */

static bool is_at(const char *url, int i)
{
  return strncmp(url, chain_bases[i], strlen(chain_bases[i])) == 0;
}

/* -06, -07, -08, -11: all addresses of the answer are the proxy's. */
static void assert_ours(ido_chain *r)
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
  ido_chain r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  char cert[512];
  const stardeleg_http_response *view;
  stardeleg_http_reply *reply = NULL;
  stardeleg_http_request get = {.method = "GET"};

  (void)state;
  chain_begin_all(&r);
  chain_order(&r, "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
  assert_ours(&r);
  assert_string_equal(chain_status(&r), "ready");
  assert_int_equal(chain_finalize(&r, csr), 200);
  assert_ours(&r); /* -13 */
  chain_run(&r, 120 * WORLD_S);
  if (strcmp(chain_status(&r), "valid") != 0) {
    fail_msg("%s", r.ndc.body);
  }
  /* -02, -03, -04: the rest as it came, the delegation each one's own */
  assert_string_equal(r.owners[1].last_new_order,
                      "{" CHAIN_NAME "," CHAIN_STAR ",\"delegation\":\"https://ucdn.example/acme/delegation/y\"}");
  assert_string_equal(r.owners[0].last_new_order,
                      "{" CHAIN_NAME "," CHAIN_STAR ",\"delegation\":\"https://cp.example/acme/delegation/x2\"}");
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
  get.url = chain_target_of(cert);
  assert_ok(stardeleg_ca_handle(r.ca, &get, r.now, &reply));
  view = stardeleg_http_reply_view(reply);
  assert_int_equal(view->status, 200);
  stardeleg_http_reply_free(reply);
  free(csr);
  chain_end(&r);
}

/* RFC 9115 5.1.2.1, STARDEL-2.3.2.1-01: each zone has one step of the way; the name itself is in the owner's only. */
static void test_cnames(void **state)
{
  static const char *const maps[CHAIN_OWNERS] = {"{\"abc.ido.example.\":\"abc.ucdn.example.\"}",
                                                 "{\"abc.ido.example.\":\"abc.dcdn.example.\"}",
                                                 "{\"abc.ido.example.\":\"abc.edge.example.\"}"};
  static const char *const wanted[CHAIN_OWNERS] = {"abc.ido.example.>abc.ucdn.example. ",
                                                   "abc.ucdn.example.>abc.dcdn.example. ",
                                                   "abc.dcdn.example.>abc.edge.example. "};
  static const char *const ids[CHAIN_OWNERS] = {"x2", "y", "edge"};
  ido_chain r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  chain_begin_all(&r);
  for (int i = 0; i < CHAIN_OWNERS; i++) {
    stardeleg_ido_delegation change = {.size = sizeof(change), .cname_map = sdg_bytes_str(maps[i])};

    assert_ok(stardeleg_ido_delegation_change(r.owners[i].ido, ids[i], &change, STARDELEG_IDO_CNAME_MAP, r.now, NULL));
  }
  chain_order(&r, "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
  assert_int_equal(chain_finalize(&r, csr), 200);
  chain_run(&r, 120 * WORLD_S);
  assert_string_equal(chain_status(&r), "valid");
  for (int i = 0; i < CHAIN_OWNERS; i++) {
    assert_string_equal(r.owners[i].cnames + 1, wanted[i]);
    assert_int_equal(r.owners[i].cnames[0], '+');
    r.owners[i].cnames[0] = '\0';
  }
  assert_ok(stardeleg_ido_delegation_end(r.owners[0].ido, "x2", r.now));
  chain_run(&r, 24 * 3600 * WORLD_S);
  for (int i = 0; i < CHAIN_OWNERS; i++) { /* one after the other, each takes its own away */
    assert_string_equal(r.owners[i].cnames + 1, wanted[i]);
    assert_int_equal(r.owners[i].cnames[0], '-');
  }
  free(csr);
  chain_end(&r);
}

/* What an owner upstream writes into its map does not choose records of our zone: only the names that we have for it
 * are told, and all others make no CNAME at all, neither there nor at the owner's own name. */
static void test_foreign_aliases(void **state)
{
  static const char *const aliases[] = {"www.ucdn.example.", "ucdn.example.",    "x.abc.ucdn.example.",
                                        "abc.ido.example.",  "abc.ucdn.exampl.", "ABC.UCDN.EXAMPLE."};
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
    stardeleg_ido_delegation change = {.size = sizeof(change)};
    bool good = i == 5;
    char map[256];
    ido_chain r;

    chain_begin_all(&r);
    (void)snprintf(map, sizeof(map), "{\"abc.ido.example.\":\"%s\"}", aliases[i]);
    change.cname_map = sdg_bytes_str(map);
    assert_ok(stardeleg_ido_delegation_change(r.owners[0].ido, "x2", &change, STARDELEG_IDO_CNAME_MAP, r.now, NULL));
    change.cname_map = sdg_bytes_str("{\"abc.ido.example.\":\"abc.dcdn.example.\"}");
    assert_ok(stardeleg_ido_delegation_change(r.owners[1].ido, "y", &change, STARDELEG_IDO_CNAME_MAP, r.now, NULL));
    chain_order(&r, "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
    assert_int_equal(chain_finalize(&r, csr), 200);
    chain_run(&r, 120 * WORLD_S);
    assert_string_equal(chain_status(&r), "valid");
    assert_string_equal(r.owners[1].cnames, good ? "+ABC.UCDN.EXAMPLE.>abc.dcdn.example. " : "");
    chain_end(&r);
  }
  free(csr);
}

/* STARDEL-2.4-09: expires is that of the order upstream, as soon as there is one. */
static void test_expires(void **state)
{
  ido_chain r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  char first[64];

  (void)state;
  chain_begin(&r);
  stardeleg_ido_free(r.owners[0].ido);
  r.owners[0].options.order_grace_s = 86400; /* other than the proxies' */
  r.owners[0].ido = NULL;
  assert_ok(stardeleg_ido_new(&r.owners[0].ido, &r.owners[0].options, NULL));
  chain_delegate(&r, 0, "owner1", "x2", WORLD_ONE, NULL);
  chain_delegate(&r, 1, "owner2", "y", WORLD_ONE, NULL);
  chain_begin_ndc(&r);
  chain_delegate(&r, 2, "edge", "edge", WORLD_ONE, NULL);
  chain_order(&r, "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
  (void)snprintf(first, sizeof(first), "%s", acme_peer_string(&r.ndc, "expires"));
  assert_int_equal(chain_finalize(&r, csr), 200);
  chain_run(&r, 120 * WORLD_S);
  assert_string_equal(chain_status(&r), "valid");
  assert_string_not_equal(acme_peer_string(&r.ndc, "expires"), first);
  assert_string_equal(acme_peer_string(&r.ndc, "expires"), "2026-03-02T00:00:00Z");
  free(csr);
  chain_end(&r);
}

/* STARDEL-2.4-16: what our own template does not allow never leaves. */
static void test_own_template(void **state)
{
  ido_chain r;
  char *csr = ido_world_csr(WORLD_TEMPLATE("\"evil.example\""), NULL, NULL, 0);

  (void)state;
  chain_begin_all(&r);
  chain_order(&r, "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
  assert_int_equal(chain_finalize(&r, csr), 403);
  chain_run(&r, 120 * WORLD_S);
  assert_null(strstr(r.owners[1].log, "/new-order"));
  assert_string_equal(chain_status(&r), "invalid");
  free(csr);
  chain_end(&r);
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
    ido_chain r;
    char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

    chain_begin(&r);
    chain_delegate(&r, 1, "owner2", "narrow", WORLD_TEMPLATE("\"only.ido.example\""), NULL);
    chain_begin_ndc(&r);
    chain_delegate(&r, 2, "edge", "edge", WORLD_ONE, cases[i].upstream);
    chain_order(&r, "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
    assert_int_equal(chain_finalize(&r, csr), 200);
    chain_run(&r, 120 * WORLD_S);
    assert_string_equal(chain_status(&r), "invalid");
    assert_null(strstr(r.owners[1].log, "/new-order"));
    if (cases[i].type != NULL) {
      assert_non_null(strstr(r.ndc.body, cases[i].type));
    }
    free(csr);
    chain_end(&r);
  }
}

/* STARDEL-2.4-01: one delegation of an owner goes one way, another goes another; here the configured one of two. */
static void test_configured(void **state)
{
  ido_chain r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  chain_begin(&r);
  chain_delegate(&r, 0, "owner1", "x", WORLD_ONE, NULL);
  chain_delegate(&r, 1, "owner2", "a", WORLD_ONE, NULL);
  chain_delegate(&r, 1, "owner2", "b", WORLD_ONE, NULL);
  chain_begin_ndc(&r);
  chain_delegate(&r, 2, "edge", "edge", WORLD_ONE, "https://ucdn.example/acme/delegation/b");
  chain_order(&r, "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
  assert_int_equal(chain_finalize(&r, csr), 200);
  chain_run(&r, 120 * WORLD_S);
  assert_string_equal(chain_status(&r), "valid");
  assert_non_null(strstr(r.owners[1].last_new_order, "/delegation/b\""));
  free(csr);
  chain_end(&r);
}

/* STARDEL-2.4-17: what upstream says comes through, without its addresses; and silence is waited out. */
static void test_upstream_refuses(void **state)
{
  ido_chain r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  chain_begin_all(&r);
  r.dead[0] = true;
  chain_order(&r, "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
  assert_int_equal(chain_finalize(&r, csr), 200);
  chain_run(&r, 3600 * WORLD_S);
  assert_string_equal(chain_status(&r), "processing");
  assert_ok(stardeleg_ido_delegation_end(r.owners[0].ido, "x2", r.now)); /* there is none any more */
  r.dead[0] = false;
  chain_run(&r, 2 * 3600 * WORLD_S);
  assert_string_equal(chain_status(&r), "invalid");
  assert_null(strstr(r.ndc.body, "cp.example"));
  assert_null(strstr(r.ndc.body, "ucdn.example"));
  free(csr);
  chain_end(&r);
}

/* Without auto-renewal: allow-certificate-get goes with it, and the dates (AMB-07). */
static void test_plain(void **state)
{
  ido_chain r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  chain_begin_all(&r);
  chain_order(&r,
              "{" CHAIN_NAME ",\"allow-certificate-get\":true,\"notAfter\":\"2026-01-07T00:00:00Z\"," CHAIN_MINE "}");
  assert_int_equal(chain_finalize(&r, csr), 200);
  chain_run(&r, 120 * WORLD_S);
  if (strcmp(chain_status(&r), "valid") != 0) {
    fail_msg("%s", r.ndc.body);
  }
  assert_non_null(strstr(r.owners[0].last_new_order, "\"notAfter\":\"2026-01-07T00:00:00Z\""));
  assert_non_null(strstr(r.owners[0].last_new_order, "\"allow-certificate-get\":true"));
  assert_int_equal(strncmp(acme_peer_string(&r.ndc, "certificate"), WORLD_CA, strlen(WORLD_CA)), 0);
  assert_string_equal(acme_peer_string(&r.ndc, "notAfter"), "2026-01-07T00:00:00Z");
  free(csr);
  chain_end(&r);
}

/* The end in the middle: the order is not the proxy's to cancel upstream (AMB-09); it is asked for until it is over. */
static void test_end(void **state)
{
  ido_chain r;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  chain_begin_all(&r);
  chain_order(&r, "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
  assert_int_equal(chain_finalize(&r, csr), 200);
  chain_run(&r, 120 * WORLD_S);
  assert_string_equal(chain_status(&r), "valid");
  r.owners[0].log[0] = '\0';
  assert_ok(stardeleg_ido_delegation_end(r.owners[1].ido, "y", r.now));
  chain_run(&r, 2 * 3600 * WORLD_S);
  assert_non_null(strstr(r.owners[0].log, "POST /acme/order/"));
  /* the owner ends it: then everybody knows */
  assert_ok(stardeleg_ido_delegation_end(r.owners[0].ido, "x2", r.now));
  chain_run(&r, 18 * 3600 * WORLD_S);
  assert_string_equal(chain_status(&r), "canceled"); /* STARDEL-2.4-09: status as it is upstream */
  (void)acme_peer_post(&r.ndc, "https://dcdn.example/acme/new-order", "{" CHAIN_NAME "," CHAIN_STAR "," CHAIN_MINE "}");
  assert_int_equal(r.ndc.status, 201); /* its own owner has not ended anything */
  (void)snprintf(r.url, sizeof(r.url), "%s", acme_peer_header(&r.ndc, "Location"));
  assert_int_equal(chain_finalize(&r, csr), 200);
  chain_run(&r, 600 * WORLD_S);
  assert_string_equal(chain_status(&r), "invalid"); /* but nothing is behind it any more */
  free(csr);
  chain_end(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_three_deep),   cmocka_unit_test(test_expires),
      cmocka_unit_test(test_own_template), cmocka_unit_test(test_nothing_upstream),
      cmocka_unit_test(test_configured),   cmocka_unit_test(test_upstream_refuses),
      cmocka_unit_test(test_cnames),       cmocka_unit_test(test_foreign_aliases),
      cmocka_unit_test(test_plain),        cmocka_unit_test(test_end),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

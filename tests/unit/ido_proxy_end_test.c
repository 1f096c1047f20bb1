/* SPDX-License-Identifier: Apache-2.0 */
/* ido_proxy_end_test.c -- a single certificate of another owner (RFC 9115 2.4) when the delegation ends. */
#include "support/ido_played.h"

#include "base/bytes.h"
#include "support/test_pki.h"

#define PLAIN "\"allow-certificate-get\":true"
#define PLAIN_CERT WORLD_CA "/cert/a"
#define REVOKE WORLD_CA "/revoke-cert"
#define UPSTREAM_DIRECTORY(more) "{" more "\"renewalInfo\":\"" WORLD_CA "/ari\"," SERVES
#define SERVES                                                                                                         \
  "\"newNonce\":\"" WORLD_CA "/new-nonce\",\"newAccount\":\"" WORLD_CA "/new-account\",\"newOrder\":\"" WORLD_CA      \
  "/new-order\",\"meta\":{\"delegation-enabled\":true," PLAIN "}}"
#define SHOWN "," PLAIN ",\"delegation\":\"" UPSTREAM "\""

static void await(played *p, const char *method, const char *url)
{
  (void)scripted_await(&p->ca, method, url, 10000);
}

/* The delegate has the certificate, and Order1 is valid. */
static void reach_valid(played *p, const char *directory)
{
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 90 * WORLD_DAY);

  played_open_proxy(p, STARDELEG_IDO_PLAIN);
  assert_int_equal(acme_peer_post(&p->w.ndc[0], WORLD_IDO "/new-order",
                                  "{" NAMES ",\"delegation\":\"" WORLD_IDO "/delegation/d1\"," PLAIN "}"),
                   201);
  (void)snprintf(p->url, sizeof(p->url), "%s", acme_peer_header(&p->w.ndc[0], "Location"));
  played_finalize(p);
  p->ca.directory = directory;
  played_give_directory(p, directory);
  scripted_expect(&p->ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p->ca, 200, NULL, NULL);
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-account");
  scripted_answer(&p->ca, 201, played_account_location, "{\"status\":\"valid\"}");
  scripted_expect(&p->ca, "POST", UPSTREAM);
  scripted_answer(&p->ca, 200, NULL, "{\"csr-template\":" WORLD_ONE "}");
  await(p, "POST", WORLD_CA "/new-order");
  scripted_answer(&p->ca, 201, played_order_location, played_order2("ready", "", SHOWN));
  await(p, "POST", ORDER2 "/finalize");
  scripted_answer(&p->ca, 200, NULL, played_order2("valid", "", SHOWN ",\"certificate\":\"" PLAIN_CERT "\""));
  await(p, "GET", PLAIN_CERT);
  scripted_answer(&p->ca, 200, NULL, pem);
  free(pem);
  assert_string_equal(played_status(p), "valid");
}

/* RFC 9115 2.3.6.2: the owner upstream keeps revocation to himself, by a refusal or by not offering it.  What is ours
 * ends, and it is said. */
static void test_refused(void **state)
{
  static const char *const directories[] = {UPSTREAM_DIRECTORY("\"revokeCert\":\"" REVOKE "\","),
                                            UPSTREAM_DIRECTORY("")};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    played p;

    reach_valid(&p, directories[i]);
    assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
    if (i == 0) {
      await(&p, "POST", REVOKE);
      scripted_answer(&p.ca, 403, NULL,
                      "{\"type\":\"urn:ietf:params:acme:error:unauthorized\",\"detail\":\"it is the owner's\"}");
    } else {
      scripted_sleep(&p.ca, 10);
    }
    played_assert_ended(&p, "invalid");
    assert_non_null(strstr(p.w.log, "ido.revoke.failed"));
    played_end(&p);
  }
}

/* What passes is waited for, as at any CA; an owner who lets others revoke is believed. */
static void test_revoked(void **state)
{
  played p;

  (void)state;
  reach_valid(&p, UPSTREAM_DIRECTORY("\"revokeCert\":\"" REVOKE "\","));
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  for (int i = 0; i < 3; i++) {
    await(&p, "POST", REVOKE);
    scripted_answer(&p.ca, 500, NULL, "");
    assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
  }
  (void)scripted_await(&p.ca, "POST", REVOKE, WORLD_DAY);
  scripted_answer(&p.ca, 200, NULL, NULL);
  played_assert_ended(&p, "invalid");
  assert_null(strstr(p.w.log, "ido.revoke.failed"));
  played_end(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_revoked),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

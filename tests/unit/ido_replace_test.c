/* SPDX-License-Identifier: Apache-2.0 */
/* ido_replace_test.c -- what replaces what, where ordinary clients say so (RFC 9773 5): a certificate is replaced once,
 * and nobody gets more certificates by that than the CA has for the names. */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "acme_client/renewal_info.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "x509/cert.h"

#define DAYS90 (INT64_C(90) * 86400)

typedef struct made {
  char url[256];
  char id[300]; /* of the certificate */
  sdg_buf revocation; /* payload of revokeCert */
} made;

static void begin(ido_world *w)
{
  memset(w, 0, sizeof(*w));
  ido_world_init(w);
  w->issuer.kind = "renew";
  w->issuer.validity_s = DAYS90;
  w->issuer.set_limit = 2;
  w->issuer.set_reserve = 1;
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

/* newOrder that replaces the certificate |id| (NULL: none); the status. */
static int order(ido_world *w, const char *id, made *out)
{
  acme_peer *peer = &w->ndc[0];
  char payload[600];

  (void)snprintf(payload, sizeof(payload), "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}]%s%s%s}",
                 id != NULL ? ",\"replaces\":\"" : "", id != NULL ? id : "", id != NULL ? "\"" : "");
  if (acme_peer_post(peer, WORLD_IDO "/new-order", payload) == 201) {
    (void)snprintf(out->url, sizeof(out->url), "%s", acme_peer_header(peer, "Location"));
  }
  return peer->status;
}

static void finalize(ido_world *w, const made *m, const char *csr_template, int status)
{
  char *csr = ido_world_csr(csr_template, NULL, NULL, 0);

  assert_int_equal(ido_world_finalize(w, 0, m->url, csr), status);
  free(csr);
}

static void keep_certificate(ido_world *w, made *m)
{
  char url[300];
  sdg_chain chain;
  sdg_buf id;

  (void)snprintf(url, sizeof(url), "%s", ido_world_text(w, 0, "certificate"));
  assert_int_equal(acme_peer_fetch(&w->ndc[0], url), 200);
  assert_ok(sdg_chain_parse(&chain, sdg_bytes_str(w->ndc[0].body)));
  sdg_buf_init(&id, 512);
  assert_ok(sdg_certificate_id(&id, chain.certs[0]));
  (void)snprintf(m->id, sizeof(m->id), "%s", sdg_buf_str(&id));
  sdg_buf_clear(&id);
  sdg_buf_init(&m->revocation, 65536);
  sdg_buf_add_str(&m->revocation, "{\"certificate\":\"");
  sdg_base64url_write(&m->revocation, chain.certs[0]);
  sdg_buf_add_str(&m->revocation, "\"}");
  assert_ok(sdg_buf_error(&m->revocation));
  sdg_chain_clear(&chain);
}

/* Ordered and issued. */
static void obtain(ido_world *w, const char *id, made *m)
{
  assert_int_equal(order(w, id, m), 201);
  finalize(w, m, WORLD_ONE, 200);
  ido_world_run(w, 120 * WORLD_S);
  if (strcmp(ido_world_status(w, 0, m->url), "valid") != 0) {
    fail_msg("%s %s", w->ndc[0].body, w->log);
  }
  keep_certificate(w, m);
}

/* ARI-5: "MUST return an HTTP 409 (Conflict) with a problem document of type alreadyReplaced"; not where the order that
 * replaced it has become invalid. */
static void test_once(void **state)
{
  made first;
  made second;
  made third;
  ido_world w;

  (void)state;
  begin(&w);
  obtain(&w, NULL, &first);
  assert_int_equal(order(&w, first.id, &second), 201);
  assert_int_equal(order(&w, first.id, &third), 409);
  acme_peer_assert_problem(&w.ndc[0], 409, "alreadyReplaced");
  finalize(&w, &second, WORLD_TWO, 403); /* that one is lost */
  assert_string_equal(ido_world_status(&w, 0, second.url), "invalid");
  obtain(&w, first.id, &second);
  assert_int_equal(order(&w, first.id, &third), 409);
  ido_world_restart(&w);
  assert_int_equal(order(&w, first.id, &third), 409);
  assert_string_equal(ido_world_status(&w, 0, first.url), "valid");
  assert_int_equal(order(&w, second.id, &third), 201); /* one after the other */
  assert_int_equal(ido_world_ca_valid(&w), 2);
  sdg_buf_clear(&first.revocation);
  sdg_buf_clear(&second.revocation);
  ido_world_clear(&w);
}

/* --- Two at the same moment --- */

static char winner[256]; /* its order's id */

/* Another process notes its order as the one that replaces the only certificate. */
static void replace_meanwhile(ido_world *w)
{
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT, .kind = "order", .index = "d1", .due = STARDELEG_TIME_NEVER};
  stardeleg_record record = {0};
  sdg_buf value;

  assert_ok(w->real->ops->get(w->real->self, "order", winner, &record));
  sdg_buf_init(&value, 1 << 20);
  sdg_buf_add_str(&value, "{\"replacedBy\":\"");
  sdg_buf_add_str(&value, winner);
  sdg_buf_add_str(&value, "\",");
  sdg_buf_add_bytes(&value, sdg_bytes(record.value + 1, record.value_len - 1));
  op.key = winner;
  op.value = sdg_buf_bytes(&value);
  op.expected_version = record.version;
  assert_ok(w->real->ops->batch(w->real->self, &op, 1));
  sdg_buf_clear(&value);
  stardeleg_record_clear(&record);
}

/* The certificate's own order stands for the one of the faster process: it is valid. */
static void test_race(void **state)
{
  made first;
  made second;
  ido_world w;

  (void)state;
  begin(&w);
  obtain(&w, NULL, &first);
  (void)snprintf(winner, sizeof(winner), "%s", strrchr(first.url, '/') + 1);
  w.before_write = replace_meanwhile;
  assert_int_equal(order(&w, first.id, &second), 409);
  assert_null(w.before_write);
  assert_int_equal(ido_world_count(&w, "order"), 1);
  sdg_buf_clear(&first.revocation);
  ido_world_clear(&w);
}

/* --- The CA has another opinion --- */

/* Our order of the successor was lost, the CA's was not: the next one is counted, and waits where nothing is left. */
static void test_counted(void **state)
{
  (void)state;
  for (int restart = 0; restart < 2; restart++) {
    made first;
    made second;
    made third;
    ido_world w;

    begin(&w);
    obtain(&w, NULL, &first);           /* the only one beside the reserve */
    obtain(&w, first.id, &second);      /* not counted */
    assert_int_equal(acme_peer_post(&w.ndc[0], WORLD_IDO "/revoke-cert", sdg_buf_str(&second.revocation)), 200);
    ido_world_run(&w, 300 * WORLD_S);
    assert_string_equal(ido_world_status(&w, 0, second.url), "invalid");
    w.restart_always = restart != 0;
    assert_int_equal(order(&w, first.id, &third), 201);
    finalize(&w, &third, WORLD_ONE, 200);
    w.ca_log[0] = '\0';
    ido_world_run(&w, 7200 * WORLD_S);
    assert_string_equal(ido_world_status(&w, 0, third.url), "processing");
    assert_int_equal(ido_world_ca_valid(&w), 2);
    assert_non_null(strstr(w.ca_log, "/new-order "));
    assert_null(strstr(strstr(w.ca_log, "/new-order ") + 1, "/new-order ")); /* asked once */
    sdg_buf_clear(&first.revocation);
    sdg_buf_clear(&second.revocation);
    ido_world_clear(&w);
  }
}

/* Where something is left it goes on at once, without "replaces", and is counted. */
static void test_paid(void **state)
{
  made first;
  made second;
  made third;
  ido_world w;

  (void)state;
  begin(&w);
  obtain(&w, NULL, &first);
  obtain(&w, first.id, &second);
  assert_int_equal(acme_peer_post(&w.ndc[0], WORLD_IDO "/revoke-cert", sdg_buf_str(&second.revocation)), 200);
  ido_world_run(&w, 8 * WORLD_DAY); /* the first one counts no longer */
  obtain(&w, first.id, &third);
  assert_int_equal(ido_world_ca_valid(&w), 3);
  sdg_buf_clear(&third.revocation);
  assert_int_equal(order(&w, NULL, &third), 201);
  finalize(&w, &third, WORLD_ONE, 200);
  ido_world_run(&w, 7200 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, third.url), "processing"); /* so did that one */
  sdg_buf_clear(&first.revocation);
  sdg_buf_clear(&second.revocation);
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_once),
      cmocka_unit_test(test_race),
      cmocka_unit_test(test_counted),
      cmocka_unit_test(test_paid),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

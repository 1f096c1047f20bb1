/* SPDX-License-Identifier: Apache-2.0 */
/* ido_finalize_test.c -- the gate: which CSR gets through, once, and what becomes of the order (RFC 9115 2.3.2, 4). */
#include "support/ido_world.h"

#include <pthread.h>

#include "base/base64.h"
#include "base/bytes.h"

#define WITH_EMAIL                                                                                                     \
  "{" WORLD_KEYS ",\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"],\"Email\":[\"a@ido.example\"]}}}"
#define WITH_SUBJECT                                                                                                   \
  "{" WORLD_KEYS ",\"subject\":{\"country\":\"CA\"},\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\""  \
  "]}}}"
#define WITH_USAGE                                                                                                     \
  "{" WORLD_KEYS ",\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"]},\"keyUsage\":["                  \
  "\"digitalSignature\"]}}"
#define P384                                                                                                           \
  "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp384r1\",\"SignatureType\":\"ecdsa-with-"  \
  "SHA384\"}],\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"]}}}"
#define EVIL WORLD_TEMPLATE("\"evil.example\"")
#define EXTRA WORLD_TEMPLATE("\"abc.ido.example\",\"evil.example\",\"bad.example\"")

static int allow_all(void *ctx, const stardeleg_name_choice *choice)
{
  (void)ctx;
  (void)choice;
  return 1;
}

static void begin(ido_world *w)
{
  ido_world_init(w);
  w->options.match.policy = allow_all;
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  ido_world_ndc(w, 1, "other");
  ido_world_delegate(w, "cdn", "one", WORLD_ONE, NULL);
  ido_world_delegate(w, "cdn", "two", WORLD_TWO, NULL);
  ido_world_delegate(w, "cdn", "open", WORLD_OPEN, NULL);
}

/* --- Refused --- */

typedef struct bad_csr {
  const char *csr_template; /* what the CSR is built from */
  const char *type;
  size_t subproblems;
} bad_csr;

/* STARDEL-2.3.2-13, -14, -15, STARDEL-4.1-01, -05, -09, -16: the order is for delegation "one" and abc.ido.example. */
static const bad_csr bad_csrs[] = {
    {EVIL, "rejectedIdentifier", 2},
    {EXTRA, "rejectedIdentifier", 2},
    {WORLD_TWO, "rejectedIdentifier", 1},
    {WITH_EMAIL, "rejectedIdentifier", 1},
    {WITH_SUBJECT, "badCSR", 0},
    {WITH_USAGE, "badCSR", 0},
    {P384, "badCSR", 0},
};

static char *build(const char *csr_template)
{
  stardeleg_key *key = NULL;
  char *csr;

  assert_ok(stardeleg_key_generate(&key, test_crypto(),
                                   strcmp(csr_template, P384) == 0 ? STARDELEG_KEY_P384 : STARDELEG_KEY_P256));
  csr = ido_world_csr(csr_template, key, NULL, 0);
  stardeleg_key_free(key);
  return csr;
}

/* STARDEL-2.2-03, STARDEL-4.1-11, AMB-01: every one is looked at; 403, the order invalid with the same error, and no
 * second try. */
static void test_bad_csrs(void **state)
{
  ido_world w;
  char url[256];
  char *good = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  begin(&w);
  for (size_t i = 0; i < sizeof(bad_csrs) / sizeof(bad_csrs[0]); i++) {
    char *csr = build(bad_csrs[i].csr_template);
    const sdg_json *error;

    print_message("%s\n", bad_csrs[i].csr_template);
    ido_world_order(&w, 0, "one", "abc.ido.example", url);
    (void)ido_world_finalize(&w, 0, url, csr);
    acme_peer_assert_problem(&w.ndc[0], 403, bad_csrs[i].type);
    assert_true(sdg_json_count(sdg_json_member(w.ndc[0].json, "subproblems")) >= bad_csrs[i].subproblems);
    assert_string_equal(ido_world_status(&w, 0, url), "invalid");
    error = sdg_json_member(w.ndc[0].json, "error");
    assert_non_null(strstr(sdg_json_string(sdg_json_member(error, "type")), bad_csrs[i].type));
    assert_true(sdg_json_count(sdg_json_member(error, "subproblems")) >= bad_csrs[i].subproblems);
    (void)ido_world_finalize(&w, 0, url, good);
    acme_peer_assert_problem(&w.ndc[0], 403, "orderNotReady");
    assert_string_equal(ido_world_status(&w, 0, url), "invalid");
    free(csr);
  }
  assert_int_equal(w.work_count, 0);
  free(good);
  ido_world_clear(&w);
}

/* AMB-01: the option. */
static void test_keep_ready(void **state)
{
  ido_world w;
  char url[256];
  char *bad = build(EVIL);
  char *good = build(WORLD_ONE);

  (void)state;
  ido_world_init(&w);
  w.options.keep_ready_after_bad_csr = 1;
  ido_world_open(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "one", WORLD_ONE, NULL);
  ido_world_order(&w, 0, "one", "abc.ido.example", url);
  (void)ido_world_finalize(&w, 0, url, bad);
  acme_peer_assert_problem(&w.ndc[0], 403, "rejectedIdentifier");
  assert_string_equal(ido_world_status(&w, 0, url), "ready");
  assert_int_equal(ido_world_finalize(&w, 0, url, good), 200);
  free(bad);
  free(good);
  ido_world_clear(&w);
}

/* A request that is none says nothing about the CSR: the order stays as it was. */
static void test_malformed(void **state)
{
  static const char *const payloads[] = {"{}", "{\"csr\":7}", "{\"csr\":\"***\"}", "{\"csr\":null}"};
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "one", "abc.ido.example", url);
  for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
    (void)ido_world_finalize(&w, 0, url, payloads[i]);
    acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
    assert_string_equal(ido_world_status(&w, 0, url), "ready");
  }
  (void)ido_world_finalize(&w, 0, url, ""); /* POST-as-GET */
  acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
  (void)ido_world_finalize(&w, 0, url, "{\"csr\":\"AAAA\"}"); /* decodes, but is no CSR */
  acme_peer_assert_problem(&w.ndc[0], 403, "badCSR");
  assert_string_equal(ido_world_status(&w, 0, url), "invalid");
  ido_world_clear(&w);
}

/* STARDEL-4.1-12: a bit of the signature. */
static void test_tampered(void **state)
{
  ido_world w;
  char url[256];
  char *csr = build(WORLD_ONE);
  char *last = csr + strlen(csr) - 6;

  (void)state;
  begin(&w);
  *last = *last == 'A' ? 'B' : 'A';
  ido_world_order(&w, 0, "one", "abc.ido.example", url);
  (void)ido_world_finalize(&w, 0, url, csr);
  acme_peer_assert_problem(&w.ndc[0], 403, "badCSR");
  free(csr);
  ido_world_clear(&w);
}

/* ACME-11.1-03: the delegate's own account key, another delegate's, and ours at the CA. */
static void test_account_keys(void **state)
{
  ido_world w;
  char url[256];
  uint8_t *pem = NULL;
  size_t len = 0;
  stardeleg_key *ours = NULL;
  stardeleg_key *keys[3];

  (void)state;
  begin(&w);
  assert_ok(w.secrets->ops->get(w.secrets->self, "ido-ca-ca", &pem, &len));
  assert_ok(stardeleg_key_import(&ours, test_crypto(), sdg_bytes(pem, len)));
  keys[0] = w.ndc[0].key;
  keys[1] = w.ndc[1].key;
  keys[2] = ours;
  for (size_t i = 0; i < 3; i++) {
    char *csr = ido_world_csr(WORLD_ONE, keys[i], NULL, 0);

    ido_world_order(&w, 0, "one", "abc.ido.example", url);
    (void)ido_world_finalize(&w, 0, url, csr);
    acme_peer_assert_problem(&w.ndc[0], 403, "badCSR");
    assert_string_equal(ido_world_status(&w, 0, url), "invalid");
    free(csr);
  }
  stardeleg_secret_free(pem, len);
  stardeleg_key_free(ours);
  ido_world_clear(&w);
}

/* STARDEL-4.1-16, AMB-06: chosen names are those of the order, not just any that the template would take. */
static void test_chosen_names(void **state)
{
  static const stardeleg_choice ordered[] = {{"DNS", "a.ido.example"}};
  static const stardeleg_choice other[] = {{"DNS", "b.ido.example"}};
  ido_world w;
  char url[256];
  char *wrong = ido_world_csr(WORLD_OPEN, NULL, other, 1);
  char *right = ido_world_csr(WORLD_OPEN, NULL, ordered, 1);

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "open", "abc.ido.example,a.ido.example", url);
  (void)ido_world_finalize(&w, 0, url, wrong);
  acme_peer_assert_problem(&w.ndc[0], 403, "rejectedIdentifier");
  ido_world_order(&w, 0, "open", "abc.ido.example,a.ido.example", url);
  assert_int_equal(ido_world_finalize(&w, 0, url, right), 200);
  free(wrong);
  free(right);
  ido_world_clear(&w);
}

/* --- The delegation between newOrder and finalize (AMB-19, STARDEL-7.2-02) --- */

static void change_template(ido_world *w, const char *id, const char *from, const char *to)
{
  stardeleg_record record = {0};
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT, .kind = "delegation", .due = STARDELEG_TIME_NEVER};
  char value[4096];
  const char *at;

  assert_ok(w->real->ops->get(w->real->self, "delegation", id, &record));
  at = strstr((const char *)record.value, from);
  assert_non_null(at);
  (void)snprintf(value, sizeof(value), "%.*s%s%s", (int)(at - (const char *)record.value), (const char *)record.value,
                 to, at + strlen(from));
  op.key = id;
  op.index = record.index;
  op.value = sdg_bytes_str(value);
  op.expected_version = record.version;
  assert_ok(w->real->ops->batch(w->real->self, &op, 1));
  stardeleg_record_clear(&record);
}

/* Both the template as it was and as it is must allow the CSR. */
static void test_changed_template(void **state)
{
  static const stardeleg_choice chosen[] = {{"DNS", "def.ido.example"}};
  ido_world w;
  char url[256];
  char *two = ido_world_csr(WORLD_TWO, NULL, NULL, 0);
  char *loose = ido_world_csr(WORLD_TEMPLATE("\"abc.ido.example\",\"**\""), NULL, chosen, 1);

  (void)state;
  begin(&w);
  /* narrowed: what was good at newOrder is not any more */
  ido_world_delegate(&w, "cdn", "narrow", WORLD_TEMPLATE("\"abc.ido.example\",\"**\""), NULL);
  ido_world_order(&w, 0, "narrow", "abc.ido.example,def.ido.example", url);
  change_template(&w, "narrow", "\"**\"", "\"xyz.ido.example\"");
  (void)ido_world_finalize(&w, 0, url, loose);
  acme_peer_assert_problem(&w.ndc[0], 403, "rejectedIdentifier");
  /* widened, and here swapped: what the template takes now, the agreed one did not */
  ido_world_delegate(&w, "cdn", "swap", WORLD_TWO, NULL);
  ido_world_order(&w, 0, "swap", "abc.ido.example,def.ido.example", url);
  change_template(&w, "swap", "secp256r1\",\"SignatureType\":\"ecdsa-with-SHA256",
                  "secp384r1\",\"SignatureType\":\"ecdsa-with-SHA384");
  (void)ido_world_finalize(&w, 0, url, two);
  acme_peer_assert_problem(&w.ndc[0], 403, "badCSR");
  /* changed to something that both allow */
  ido_world_delegate(&w, "cdn", "same", WORLD_TWO, NULL);
  ido_world_order(&w, 0, "same", "abc.ido.example,def.ido.example", url);
  change_template(&w, "same", "\"def.ido.example\"", "\"**\"");
  assert_int_equal(ido_world_finalize(&w, 0, url, two), 200);
  free(two);
  free(loose);
  ido_world_clear(&w);
}

static void test_ended(void **state)
{
  ido_world w;
  char url[256];
  char *csr = build(WORLD_ONE);

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "one", "abc.ido.example", url);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "one", w.now));
  (void)ido_world_finalize(&w, 0, url, csr);
  acme_peer_assert_problem(&w.ndc[0], 403, "unknownDelegation");
  assert_string_not_equal(ido_world_status(&w, 0, url), "processing");
  free(csr);
  ido_world_clear(&w);
}

/* STARDEL-2.3.2-13: the CSR of one delegation in the order of another. */
static void test_other_delegation(void **state)
{
  ido_world w;
  char url[256];
  char *one = build(WORLD_ONE);

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "two", "abc.ido.example,def.ido.example", url);
  (void)ido_world_finalize(&w, 0, url, one);
  acme_peer_assert_problem(&w.ndc[0], 403, "rejectedIdentifier");
  free(one);
  ido_world_clear(&w);
}

/* --- Accepted --- */

/* STARDEL-2.2-04, STARDEL-2.3.2-16, STARDEL-4.1-10, AMB-25 */
static void test_good(void **state)
{
  ido_world w;
  char url[256];
  char *csr = build(WORLD_ONE);
  char stored[4096];

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "one", "ABC.ido.example", url);
  assert_int_equal(ido_world_finalize(&w, 0, url, csr), 200);
  assert_string_equal(ido_world_text(&w, 0, "status"), "processing");
  assert_string_equal(acme_peer_header(&w.ndc[0], "Location"), url);
  assert_string_equal(acme_peer_header(&w.ndc[0], "Retry-After"), "1");
  assert_int_equal(w.work_count, 1);
  /* STARDEL-2.2-07: what was sent is in the store before the answer leaves */
  (void)snprintf(stored, sizeof(stored), "{\"csr\":\"%.500s\"}",
                 ido_world_record(&w, "order", strrchr(url, '/') + 1, "csr"));
  assert_string_equal(stored, csr);
  (void)ido_world_finalize(&w, 0, url, csr);
  acme_peer_assert_problem(&w.ndc[0], 403, "orderNotReady");
  assert_string_equal(ido_world_status(&w, 0, url), "processing");
  free(csr);
  ido_world_clear(&w);
}

/* Without its one write there is no "processing". */
static void test_store_failure(void **state)
{
  ido_world w;
  char url[256];
  char *csr = build(WORLD_ONE);

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "one", "abc.ido.example", url);
  w.fail_batches = 1;
  (void)ido_world_finalize(&w, 0, url, csr);
  acme_peer_assert_problem(&w.ndc[0], 503, "serverInternal");
  assert_int_equal(w.work_count, 0);
  assert_string_equal(ido_world_status(&w, 0, url), "ready");
  assert_int_equal(ido_world_finalize(&w, 0, url, csr), 200);
  free(csr);
  ido_world_clear(&w);
}

/* --- Sixteen at once --- */

#define THREADS 16

typedef struct racer {
  pthread_t thread;
  acme_peer peer;
  sdg_buf body;
  const char *target;
  pthread_barrier_t *barrier;
  int status;
} racer;

static void *race(void *arg)
{
  static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
  racer *r = arg;

  (void)pthread_barrier_wait(r->barrier);
  r->status = acme_peer_raw(&r->peer, "POST", r->target, headers, sdg_buf_bytes(&r->body));
  return NULL;
}

static void prepare(racer *r, ido_world *w, const char *url, pthread_barrier_t *barrier)
{
  char *csr = build(WORLD_ONE);
  char finalize[512];

  (void)snprintf(finalize, sizeof(finalize), "%s/finalize", url);
  r->peer = w->ndc[0];
  r->peer.reply = NULL;
  r->peer.json = NULL;
  r->peer.nonce[0] = '\0';
  r->barrier = barrier;
  sdg_buf_init(&r->body, 1 << 20);
  acme_peer_build(&r->peer, &r->body, &(acme_peer_jws){.url = finalize, .payload = csr});
  free(csr);
}

/* Different CSRs for one order: exactly one is taken. */
static void test_race(void **state)
{
  ido_world w;
  racer racers[THREADS];
  pthread_barrier_t barrier;
  char url[256];
  char target[300];
  size_t won = 0;

  (void)state;
  begin(&w);
  memset(racers, 0, sizeof(racers));
  for (int round = 0; round < 3; round++) {
    ido_world_order(&w, 0, "one", "abc.ido.example", url);
    (void)snprintf(target, sizeof(target), "%s/finalize", strchr(url + 8, '/'));
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
      prepare(&racers[i], &w, url, &barrier);
      racers[i].target = target;
    }
    for (size_t i = 0; i < THREADS; i++) {
      assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    won = 0;
    for (size_t i = 0; i < THREADS; i++) {
      assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
      if (racers[i].status == 200) {
        won++;
      } else {
        acme_peer_assert_problem(&racers[i].peer, 403, "orderNotReady");
      }
      sdg_json_free(racers[i].peer.json);
      stardeleg_http_reply_free(racers[i].peer.reply);
      sdg_buf_clear(&racers[i].body);
    }
    assert_int_equal(won, 1);
    (void)pthread_barrier_destroy(&barrier);
  }
  assert_int_equal(w.work_count, 3);
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bad_csrs),         cmocka_unit_test(test_keep_ready),
      cmocka_unit_test(test_malformed),        cmocka_unit_test(test_tampered),
      cmocka_unit_test(test_account_keys),     cmocka_unit_test(test_chosen_names),
      cmocka_unit_test(test_changed_template), cmocka_unit_test(test_ended),
      cmocka_unit_test(test_other_delegation), cmocka_unit_test(test_good),
      cmocka_unit_test(test_store_failure),    cmocka_unit_test(test_race),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

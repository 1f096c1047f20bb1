/* SPDX-License-Identifier: Apache-2.0 */
/* ido_change_test.c -- delegations changed and shown; CNAMEs told once per change, over restarts. */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"

#define MAP_A "{\"abc.ido.example.\":\"a.cdn.example.\"}"
#define MAP_B "{\"abc.ido.example.\":\"b.cdn.example.\"}"
#define PLUS_A "+abc.ido.example.>a.cdn.example. "
#define MINUS_A "-abc.ido.example.>a.cdn.example. "
#define PLUS_B "+abc.ido.example.>b.cdn.example. "
#define MINUS_B "-abc.ido.example.>b.cdn.example. "
#define TIGHT                                                                                                          \
  "{" WORLD_KEYS ",\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"]},\"keyUsage\":["                  \
  "\"digitalSignature\"]}}"

static void begin(ido_world *w)
{
  ido_world_init(w);
  ido_world_ca_init(w);
  ido_world_ca_open(w);
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
}

static stardeleg_err change(ido_world *w, unsigned members, stardeleg_ido_delegation delegation,
                            stardeleg_problem *problem)
{
  delegation.size = sizeof(delegation);
  return stardeleg_ido_delegation_change(w->ido, "d1", &delegation, members, w->now, problem);
}

/* --- The template --- */

/* AMB-19: an order keeps the template it was made with; at finalize both must accept. */
static void test_template(void **state)
{
  ido_world w;
  char old_order[256];
  char new_order[256];
  char *plain = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  char *tight = ido_world_csr(TIGHT, NULL, NULL, 0);

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  ido_world_order(&w, 0, "d1", "abc.ido.example", old_order);
  assert_ok(change(&w, STARDELEG_IDO_TEMPLATE, (stardeleg_ido_delegation){.csr_template = sdg_bytes_str(TIGHT)}, NULL));
  assert_int_equal(acme_peer_fetch(&w.ndc[0], WORLD_IDO "/delegation/d1"), 200);
  assert_non_null(strstr(w.ndc[0].body, "digitalSignature"));
  ido_world_order(&w, 0, "d1", "abc.ido.example", new_order);
  /* The old order's CSR fits what it was made with, but the owner has tightened it since. */
  assert_int_equal(ido_world_finalize(&w, 0, old_order, plain), 403);
  assert_int_equal(ido_world_finalize(&w, 0, new_order, tight), 200);
  /* And what only the new one allows, the old order does not get. */
  assert_ok(
      change(&w, STARDELEG_IDO_TEMPLATE, (stardeleg_ido_delegation){.csr_template = sdg_bytes_str(WORLD_ONE)}, NULL));
  ido_world_order(&w, 0, "d1", "abc.ido.example", old_order);
  assert_ok(change(&w, STARDELEG_IDO_TEMPLATE, (stardeleg_ido_delegation){.csr_template = sdg_bytes_str(TIGHT)}, NULL));
  assert_int_equal(ido_world_finalize(&w, 0, old_order, tight), 403);
  free(plain);
  free(tight);
  ido_world_clear(&w);
}

static void test_bad_changes(void **state)
{
  ido_world w;
  stardeleg_problem problem;
  stardeleg_ido_delegation empty = {.size = sizeof(empty)};

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, MAP_A);
  assert_err(STARDELEG_ERR_CONFIG, change(&w, STARDELEG_IDO_TEMPLATE,
                                          (stardeleg_ido_delegation){.csr_template = sdg_bytes_str("{}")}, &problem));
  assert_true(problem.detail[0] != '\0');
  assert_err(STARDELEG_ERR_CONFIG, change(&w, STARDELEG_IDO_CNAME_MAP,
                                          (stardeleg_ido_delegation){.cname_map = sdg_bytes_str("[]")}, &problem));
  assert_string_equal(problem.place, "/cname-map");
  assert_err(STARDELEG_ERR_CONFIG,
             change(&w, STARDELEG_IDO_LIFETIME, (stardeleg_ido_delegation){.lifetime_min_s = 2, .lifetime_max_s = 1},
                    &problem));
  assert_err(STARDELEG_ERR_CONFIG,
             change(&w, STARDELEG_IDO_LIFETIME, (stardeleg_ido_delegation){.lifetime_max_s = INT64_MAX}, &problem));
  assert_err(STARDELEG_ERR_CONFIG,
             change(&w, STARDELEG_IDO_EXPIRY, (stardeleg_ido_delegation){.expires_at = INT64_MAX - 1}, &problem));
  assert_err(STARDELEG_ERR_NOT_FOUND,
             change(&w, STARDELEG_IDO_ISSUER, (stardeleg_ido_delegation){.issuer = "none"}, &problem));
  assert_string_equal(problem.place, "issuer");
  assert_err(STARDELEG_ERR_ARGUMENT, change(&w, 0, (stardeleg_ido_delegation){0}, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, change(&w, 1024, (stardeleg_ido_delegation){0}, NULL));
  assert_err(STARDELEG_ERR_NOT_FOUND,
             stardeleg_ido_delegation_change(w.ido, "d9", &empty, STARDELEG_IDO_QUOTA, w.now, NULL));
  assert_err(STARDELEG_ERR_NOT_FOUND,
             stardeleg_ido_delegation_change(w.ido, "", &empty, STARDELEG_IDO_QUOTA, w.now, NULL));
  empty.size = 8;
  assert_err(STARDELEG_ERR_ARGUMENT,
             stardeleg_ido_delegation_change(w.ido, "d1", &empty, STARDELEG_IDO_QUOTA, w.now, NULL));
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "changedAt"), "");
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  assert_err(STARDELEG_ERR_STATE, change(&w, STARDELEG_IDO_QUOTA, (stardeleg_ido_delegation){0}, &problem));
  ido_world_clear(&w);
}

/* --- What somebody else changed meanwhile --- */

static int keep_revision(void *ctx, const stardeleg_ido_delegation_view *view)
{
  *(uint64_t *)ctx = view->delegation.revision;
  return 0;
}

static void change_meanwhile(ido_world *w)
{
  assert_ok(change(w, STARDELEG_IDO_LIFETIME, (stardeleg_ido_delegation){.lifetime_min_s = 60}, NULL));
}

static int64_t lifetime_min(ido_world *w)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  int64_t value;

  assert_ok(w->real->ops->get(w->real->self, "delegation", "d1", &record));
  assert_ok(sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL));
  value = sdg_json_int(sdg_json_member(tree, "lifetimeMin"));
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return value;
}

/* A change made from what was seen does not overwrite what has been changed since, however late that was. */
static void test_revision(void **state)
{
  stardeleg_ido_delegation made = {.lifetime_max_s = 900};
  stardeleg_problem problem;
  uint64_t revision = 0;
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  assert_ok(stardeleg_ido_delegation_show(w.ido, "d1", keep_revision, &made.revision));
  assert_true(made.revision > 0);
  w.before_write = change_meanwhile; /* between its look and its write */
  assert_err(STARDELEG_ERR_CONFLICT, change(&w, STARDELEG_IDO_LIFETIME, made, &problem));
  assert_string_equal(problem.place, "revision");
  assert_int_equal(lifetime_min(&w), 60);
  assert_err(STARDELEG_ERR_CONFLICT, change(&w, STARDELEG_IDO_LIFETIME, made, &problem)); /* before its look */
  assert_int_equal(lifetime_min(&w), 60);
  assert_ok(stardeleg_ido_delegation_show(w.ido, "d1", keep_revision, &revision));
  assert_true(revision != made.revision);
  made.revision = revision;
  assert_ok(change(&w, STARDELEG_IDO_LIFETIME, made, &problem));
  assert_int_equal(lifetime_min(&w), 0);
  made.revision = 0; /* whatever it is */
  w.before_write = change_meanwhile;
  assert_ok(change(&w, STARDELEG_IDO_LIFETIME, made, &problem));
  assert_int_equal(lifetime_min(&w), 0);
  ido_world_clear(&w);
}

/* --- Shown --- */

typedef struct seen {
  char ids[256];
  stardeleg_ido_delegation_view view;
  char csr_template[1024];
  char map[256];
  char names[256];
  char ndc[65];
} seen;

static int see(void *ctx, const stardeleg_ido_delegation_view *view)
{
  seen *s = ctx;
  size_t len = strlen(s->ids);

  (void)snprintf(s->ids + len, sizeof(s->ids) - len, "%s=%s/%s ", view->delegation.id, view->state, view->ended_by);
  s->view = *view;
  (void)snprintf(s->csr_template, sizeof(s->csr_template), "%.*s", (int)view->delegation.csr_template.len,
                 (const char *)view->delegation.csr_template.base);
  (void)snprintf(s->map, sizeof(s->map), "%.*s", (int)view->delegation.cname_map.len,
                 view->delegation.cname_map.len > 0 ? (const char *)view->delegation.cname_map.base : "");
  (void)snprintf(s->ndc, sizeof(s->ndc), "%s", view->delegation.ndc);
  s->names[0] = '\0';
  for (size_t i = 0; view->delegation.names[i] != NULL; i++) {
    len = strlen(s->names);
    (void)snprintf(s->names + len, sizeof(s->names) - len, "%s ", view->delegation.names[i]);
  }
  return 0;
}

/* A change touches what it is about, and nothing else. */
static void test_show(void **state)
{
  static const char *const names[] = {"x.ido.example", "*.ido.example", NULL};
  ido_world w;
  seen s = {.ids = ""};

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 1, "other");
  ido_world_delegate(&w, "cdn", "d1", WORLD_OPEN, MAP_A);
  ido_world_delegate(&w, "cdn", "d2", WORLD_ONE, NULL);
  ido_world_delegate(&w, "other", "d3", WORLD_ONE, NULL);
  w.now += 5;
  assert_ok(
      change(&w, STARDELEG_IDO_NAMES | STARDELEG_IDO_QUOTA | STARDELEG_IDO_LIFETIME,
             (stardeleg_ido_delegation){
                 .names = names, .orders_max = 5, .orders_period_s = 60, .lifetime_min_s = 1, .lifetime_max_s = 9},
             NULL));
  w.now += 5;
  assert_ok(change(&w, STARDELEG_IDO_KEY_KINDS | STARDELEG_IDO_EXPIRY,
                   (stardeleg_ido_delegation){.key_kinds = 1u << STARDELEG_KEY_P256, .expires_at = w.now + WORLD_DAY},
                   NULL));
  assert_ok(stardeleg_ido_delegation_show(w.ido, "d1", see, &s));
  assert_string_equal(s.names, "x.ido.example *.ido.example ");
  assert_string_equal(s.csr_template, WORLD_OPEN);
  assert_string_equal(s.map, MAP_A);
  assert_string_equal(s.ndc, "cdn");
  assert_int_equal(s.view.delegation.orders_max, 5);
  assert_int_equal(s.view.delegation.orders_period_s, 60);
  assert_int_equal(s.view.delegation.lifetime_min_s, 1);
  assert_int_equal(s.view.delegation.lifetime_max_s, 9);
  assert_int_equal(s.view.delegation.key_kinds, 1u << STARDELEG_KEY_P256);
  assert_int_equal(s.view.delegation.order_kinds, STARDELEG_IDO_STAR | STARDELEG_IDO_PLAIN);
  assert_true(s.view.delegation.expires_at == w.now + WORLD_DAY);
  assert_true(s.view.created_at == WORLD_START);
  assert_true(s.view.changed_at == w.now);
  assert_true(s.view.ended_at == STARDELEG_TIME_NONE);
  assert_ok(stardeleg_ido_delegation_end_by(w.ido, "d2", "bob", w.now));
  s.ids[0] = '\0';
  assert_ok(stardeleg_ido_delegation_list(w.ido, NULL, NULL, 0, see, &s));
  assert_string_equal(s.ids, "d1=active/ d2=ending/bob d3=active/ ");
  s.ids[0] = '\0';
  assert_ok(stardeleg_ido_delegation_list(w.ido, "cdn", "d1", 5, see, &s));
  assert_string_equal(s.ids, "d2=ending/bob ");
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_delegation_show(w.ido, "x", see, &s));
  ido_world_clear(&w);
}

/* --- CNAMEs --- */

static int note_cname(void *ctx, const stardeleg_ido_cname *cname)
{
  char *text = ctx;
  size_t len = strlen(text);

  (void)snprintf(text + len, 512 - len, "%s>%s=%s ", cname->name, cname->target, cname->state);
  return 0;
}

static void assert_cnames(ido_world *w, const char *delegation, const char *expected)
{
  char text[512] = "";

  assert_ok(stardeleg_ido_cname_list(w->ido, delegation, note_cname, text));
  assert_string_equal(text, expected);
}

/* STARDEL-2.3.2.1-01: told once for two orders that both want it, taken away with the last of them, listed until it is
 * gone. */
static void test_cnames(void **state)
{
  ido_world w;
  char first[256];
  char second[256];

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, MAP_A);
  assert_cnames(&w, "d1", "");
  ido_world_place(&w, 0, "d1", first);
  ido_world_run(&w, 60 * WORLD_S);
  ido_world_place(&w, 0, "d1", second);
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, second), "valid");
  assert_string_equal(w.cnames, PLUS_A);
  assert_cnames(&w, NULL, "abc.ido.example.>a.cdn.example.=installed ");
  /* Another target: the old one goes first. */
  assert_ok(change(&w, STARDELEG_IDO_CNAME_MAP, (stardeleg_ido_delegation){.cname_map = sdg_bytes_str(MAP_B)}, NULL));
  ido_world_run(&w, 10 * WORLD_S);
  assert_string_equal(w.cnames, PLUS_A MINUS_A PLUS_B);
  assert_cnames(&w, "d1", "abc.ido.example.>a.cdn.example.=remove abc.ido.example.>b.cdn.example.=installed ");
  assert_ok(stardeleg_ido_cname_removed(w.ido, "d1", "ABC.ido.example", w.now));
  assert_cnames(&w, "d1", "abc.ido.example.>b.cdn.example.=installed ");
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_cname_removed(w.ido, "d1", "abc.ido.example.", w.now));
  /* The same map once more changes nothing. */
  assert_ok(change(&w, STARDELEG_IDO_CNAME_MAP, (stardeleg_ido_delegation){.cname_map = sdg_bytes_str(MAP_B)}, NULL));
  ido_world_run(&w, 10 * WORLD_S);
  assert_string_equal(w.cnames, PLUS_A MINUS_A PLUS_B);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(w.cnames, PLUS_A MINUS_A PLUS_B MINUS_B);
  assert_cnames(&w, "d1", "abc.ido.example.>b.cdn.example.=remove ");
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_cname_list(w.ido, "d9", note_cname, NULL));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_cname_removed(w.ido, "d9", "abc.ido.example.", w.now));
  ido_world_clear(&w);
}

/* The process is killed after every exchange, and once between the order's write and the telling. */
static void test_cnames_killed(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, MAP_A);
  ido_world_place(&w, 0, "d1", url);
  w.restart_always = true;
  ido_world_run(&w, 600 * WORLD_S);
  w.restart_always = false;
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  assert_string_equal(w.cnames, PLUS_A);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  w.restart_always = true;
  ido_world_run(&w, 600 * WORLD_S);
  w.restart_always = false;
  assert_string_equal(w.cnames, PLUS_A MINUS_A);
  ido_world_clear(&w);
}

static const char *stored_status(ido_world *w, const char *url)
{
  static char text[32];
  stardeleg_record record = {0};
  const char *at;

  assert_ok(w->real->ops->get(w->real->self, "order", strrchr(url, '/') + 1, &record));
  at = strstr((const char *)record.value, "\"status\":\"");
  assert_non_null(at);
  (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(at + 10, "\""), at + 10);
  stardeleg_record_clear(&record);
  return text;
}

/* Told, but the store could not note it: told again, and no more often than that. */
static void test_cnames_unnoted(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, MAP_A);
  ido_world_place(&w, 0, "d1", url);
  for (int i = 0; i < 100 && strcmp(stored_status(&w, url), "valid") != 0; i++) {
    w.stop_after = 1;
    ido_world_run(&w, 60 * WORLD_S);
  }
  assert_string_equal(w.cnames, "");
  w.stop_after = 0;
  w.fail_batches = 1;
  ido_world_run(&w, WORLD_S);
  assert_string_equal(w.cnames, PLUS_A);
  ido_world_restart(&w);
  ido_world_run(&w, 600 * WORLD_S);
  assert_string_equal(w.cnames, PLUS_A PLUS_A);
  assert_cnames(&w, "d1", "abc.ido.example.>a.cdn.example.=installed ");
  ido_world_clear(&w);
}

static void run_engine(stardeleg_ido *ido, stardeleg_time now)
{
  const stardeleg_engine *engine = stardeleg_ido_engine(ido);
  stardeleg_ask ask;

  assert_ok(engine->next(engine->self, &ask, now));
}

/* Two processes on one store, both with somebody to tell: one of them does. */
static void test_cnames_two_engines(void **state)
{
  ido_world w;
  stardeleg_ido *second = NULL;
  char url[256];

  (void)state;
  begin(&w);
  assert_ok(stardeleg_ido_new(&second, &w.options, NULL));
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, MAP_A);
  ido_world_place(&w, 0, "d1", url);
  for (int i = 0; i < 100 && strcmp(stored_status(&w, url), "valid") != 0; i++) {
    w.stop_after = 1;
    ido_world_run(&w, 60 * WORLD_S);
  }
  w.stop_after = 0;
  run_engine(second, w.now);
  assert_string_equal(w.cnames, PLUS_A);
  ido_world_run(&w, 60 * WORLD_S);
  run_engine(second, w.now);
  assert_string_equal(w.cnames, PLUS_A);
  stardeleg_ido_free(second);
  ido_world_clear(&w);
}

/* Nobody to tell: the list says what is to be done. */
static void test_cnames_by_hand(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  ido_world_init(&w);
  w.options.on_cname = NULL;
  ido_world_ca_init(&w);
  ido_world_ca_open(&w);
  ido_world_open(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, MAP_A);
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 60 * WORLD_S);
  assert_cnames(&w, "d1", "abc.ido.example.>a.cdn.example.=install ");
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 60 * WORLD_S);
  assert_cnames(&w, "d1", "abc.ido.example.>a.cdn.example.=remove ");
  ido_world_clear(&w);
}

static void note_whose(void *ctx, const char *delegation, const char *name, const char *target, int install)
{
  ido_world *w = ctx;
  size_t len = strlen(w->cnames);

  (void)snprintf(w->cnames + len, sizeof(w->cnames) - len, "%s%s:%s>%s ", install != 0 ? "+" : "-", delegation, name,
                 target);
}

/* Who wants to know whose map it is, is told instead. */
static void test_cnames_with_delegation(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  ido_world_init(&w);
  w.options.on_cname_of = note_whose;
  ido_world_ca_init(&w);
  ido_world_ca_open(&w);
  ido_world_open(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, MAP_A);
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 60 * WORLD_S);
  assert_cnames(&w, "d1", "abc.ido.example.>a.cdn.example.=installed ");
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(w.cnames, "+d1:abc.ido.example.>a.cdn.example. -d1:abc.ido.example.>a.cdn.example. ");
  assert_ok(stardeleg_ido_cname_removed(w.ido, "d1", "abc.ido.example.", w.now));
  assert_cnames(&w, "d1", "");
  ido_world_clear(&w);
}

/* An order that is over and removed takes its CNAME with it. */
static void test_cnames_expired(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, MAP_A);
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 70 * WORLD_DAY);
  assert_int_equal(ido_world_count(&w, "order"), 0);
  assert_string_equal(w.cnames, PLUS_A MINUS_A);
  ido_world_clear(&w);
}

static int note_issuer(void *ctx, const stardeleg_ido_issuer *issuer)
{
  size_t *accounts = ctx;

  assert_string_equal(issuer->kind, "star");
  assert_true(strncmp(issuer->directory_url, "https://", 8) == 0);
  assert_non_null(issuer->caa_identities);
  assert_null(issuer->caa_identities[0]); /* the CA says nothing */
  *accounts += strncmp(issuer->account_url, "https://", 8) == 0 ? 1 : 0;
  return 0;
}

/* What CAA records are to bind: known as soon as there is an account, in any process (STARDEL-7.4-01). */
static void test_issuers(void **state)
{
  ido_world w;
  size_t accounts = 0;

  (void)state;
  ido_world_init(&w);
  ido_world_ca_init(&w);
  ido_world_ca_open(&w);
  ido_world_open(&w);
  assert_ok(stardeleg_ido_issuer_list(w.ido, note_issuer, &accounts));
  assert_int_equal(accounts, 0);
  ido_world_run(&w, 60 * WORLD_S);
  ido_world_restart(&w);
  assert_ok(stardeleg_ido_issuer_list(w.ido, note_issuer, &accounts));
  assert_int_equal(accounts, 1);
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_issuer_list(NULL, note_issuer, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_issuer_list(w.ido, NULL, NULL));
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_template),
      cmocka_unit_test(test_bad_changes),
      cmocka_unit_test(test_revision),
      cmocka_unit_test(test_show),
      cmocka_unit_test(test_cnames),
      cmocka_unit_test(test_cnames_killed),
      cmocka_unit_test(test_cnames_unnoted),
      cmocka_unit_test(test_cnames_by_hand),
      cmocka_unit_test(test_cnames_with_delegation),
      cmocka_unit_test(test_cnames_expired),
      cmocka_unit_test(test_issuers),
      cmocka_unit_test(test_cnames_two_engines),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

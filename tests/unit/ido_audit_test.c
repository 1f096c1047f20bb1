/* SPDX-License-Identifier: Apache-2.0 */
/* ido_audit_test.c -- the audit record: complete, in order, in the same write, free of secrets, bounded. */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"

#define TEXT_SIZE 16384

static void begin(ido_world *w)
{
  ido_world_init(w);
  ido_world_ca_init(w);
  ido_world_ca_open(w);
  ido_world_open(w);
}

typedef struct notes {
  char text[TEXT_SIZE]; /* "event/by " */
  char all[TEXT_SIZE];  /* every text of every entry */
  char cursor[300];
  size_t count;
  stardeleg_time last;
  stardeleg_ido_event event; /* the last one; numbers only */
  char place[256];
  char detail[512];
  char names[256];
  char key[65];
  char url[512];
} notes;

static int note(void *ctx, const stardeleg_ido_event *event)
{
  notes *n = ctx;
  size_t len = strlen(n->text);
  size_t all = strlen(n->all);

  assert_true(event->at >= n->last);
  n->last = event->at;
  n->count++;
  (void)snprintf(n->text + len, sizeof(n->text) - len, "%s/%s ", event->event, event->by);
  (void)snprintf(n->all + all, sizeof(n->all) - all, "%s %s %s %s %s %s %s %s %s %s %s\n", event->event,
                 event->delegation, event->ndc, event->order, event->by, event->names, event->key, event->serial,
                 event->url, event->place, event->detail);
  (void)snprintf(n->cursor, sizeof(n->cursor), "%s", event->cursor);
  (void)snprintf(n->place, sizeof(n->place), "%s", event->place);
  (void)snprintf(n->detail, sizeof(n->detail), "%s", event->detail);
  (void)snprintf(n->names, sizeof(n->names), "%s", event->names);
  (void)snprintf(n->key, sizeof(n->key), "%s", event->key);
  (void)snprintf(n->url, sizeof(n->url), "%s", event->url);
  return 0;
}

static const notes *read_audit(ido_world *w, const char *delegation, stardeleg_time from, stardeleg_time to,
                               const char *after, size_t limit)
{
  static notes n;
  stardeleg_ido_audit_query query = {sizeof(query), delegation, from, to, after, limit};

  memset(&n, 0, sizeof(n));
  assert_ok(stardeleg_ido_audit(w->ido, &query, note, &n));
  return &n;
}

static const notes *read_all(ido_world *w, const char *delegation)
{
  return read_audit(w, delegation, STARDELEG_TIME_NONE, STARDELEG_TIME_NEVER, NULL, 0);
}

/* RFC 9115 7.2: who got what, from the first order to the end. */
static void test_life(void **state)
{
  ido_world w;
  const notes *n;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  w.now += 1000;
  ido_world_place(&w, 0, "d1", url);
  n = read_all(&w, "d1");
  assert_string_equal(n->text, "delegation-added/owner order-made/delegate csr-accepted/delegate ");
  assert_int_equal(strlen(n->key), 64);
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  n = read_all(&w, "d1");
  assert_string_equal(n->text, "delegation-added/owner order-made/delegate csr-accepted/delegate order-valid/ca ");
  assert_string_equal(n->names, "abc.ido.example");
  assert_string_equal(n->url, ido_world_text(&w, 0, "star-certificate"));
  assert_string_equal(n->key, ido_world_record(&w, "order", strrchr(url, '/') + 1, "key"));
  assert_ok(stardeleg_ido_delegation_end_by(w.ido, "d1", "alice", w.now));
  ido_world_run(&w, 60 * WORLD_S);
  n = read_all(&w, "d1");
  assert_string_equal(strstr(n->text, "order-valid"),
                      "order-valid/ca delegation-ending/alice order-ending/engine order-canceled/ca "
                      "delegation-ended/engine ");
  n = read_all(&w, "ndc:cdn");
  assert_string_equal(n->text, "ndc-added/owner ndc-mac-key-added/owner ");
  ido_world_clear(&w);
}

/* A refused CSR: with the finding's place in the template, whether the order is lost or stays. */
static void test_refused(void **state)
{
  (void)state;
  for (int keep = 0; keep < 2; keep++) {
    ido_world w;
    const notes *n;
    char url[256];
    char *csr = ido_world_csr("{" WORLD_KEYS
                              ",\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"]},\"keyUsage\":["
                              "\"digitalSignature\"]}}",
                              NULL, NULL, 0);

    ido_world_init(&w);
    w.options.keep_ready_after_bad_csr = keep;
    ido_world_open(&w);
    ido_world_ndc(&w, 0, "cdn");
    ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
    ido_world_order(&w, 0, "d1", "abc.ido.example", url);
    assert_int_equal(ido_world_finalize(&w, 0, url, csr), 403);
    n = read_all(&w, "d1");
    assert_non_null(strstr(n->text, "csr-refused/delegate "));
    assert_string_equal(n->place, "/extensions/keyUsage");
    assert_true(n->detail[0] != '\0');
    assert_string_equal(ido_world_status(&w, 0, url), keep ? "ready" : "invalid");
    assert_int_equal(ido_world_finalize(&w, 0, url, csr), 403);
    assert_int_equal(read_all(&w, "d1")->count, keep ? 4 : 3); /* each refusal; not what was never looked at */
    free(csr);
    ido_world_clear(&w);
  }
}

/* The entry and what it tells of are one write: none without the other. */
static void test_one_write(void **state)
{
  ido_world w;
  char url[256];
  size_t before;

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  before = ido_world_count(&w, "audit");
  w.fail_batches = 1;
  assert_int_equal(acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", ido_world_new_order("d1", "abc.ido.example")),
                   503);
  assert_int_equal(ido_world_count(&w, "audit"), before);
  assert_int_equal(ido_world_count(&w, "order"), 0);
  ido_world_place(&w, 0, "d1", url);
  assert_int_equal(ido_world_count(&w, "audit"), before + 2);
  /* However often the process is killed on the way, nothing is told twice. */
  w.restart_always = true;
  ido_world_run(&w, 600 * WORLD_S);
  w.restart_always = false;
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  assert_string_equal(read_all(&w, "d1")->text,
                      "delegation-added/owner order-made/delegate csr-accepted/delegate order-valid/ca ");
  ido_world_clear(&w);
}

/* Whenever the end comes: demanded once, told once. */
static void test_end_any_time(void **state)
{
  (void)state;
  for (size_t stop = 1; stop < 14; stop++) {
    ido_world w;
    const notes *n;
    const char *first;
    char url[256];

    begin(&w);
    ido_world_ndc(&w, 0, "cdn");
    ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
    ido_world_place(&w, 0, "d1", url);
    w.stop_after = stop;
    ido_world_run(&w, 60 * WORLD_S);
    w.stop_after = 0;
    assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
    ido_world_run(&w, 600 * WORLD_S);
    n = read_all(&w, "d1");
    first = strstr(n->text, "order-ending/");
    assert_non_null(first);
    assert_null(strstr(first + 1, "order-ending/"));
    assert_true((strstr(n->text, "order-canceled/") != NULL) != (strstr(n->text, "order-failed/") != NULL));
    assert_non_null(strstr(n->text, "delegation-ended/"));
    ido_world_clear(&w);
  }
}

static void test_paging(void **state)
{
  ido_world w;
  const notes *n;
  char cursor[300] = "";
  size_t seen = 0;

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  ido_world_delegate(&w, "cdn", "d2", WORLD_ONE, NULL);
  for (int i = 0; i < 7; i++) {
    char url[256];

    w.now = WORLD_START + (i + 1) * WORLD_S;
    ido_world_order(&w, 0, i % 2 == 0 ? "d1" : "d2", "abc.ido.example", url);
  }
  do {
    n = read_audit(&w, "d1", WORLD_START, STARDELEG_TIME_NEVER, cursor[0] != '\0' ? cursor : NULL, 2);
    (void)snprintf(cursor, sizeof(cursor), "%.*s", (int)sizeof(cursor) - 1, n->cursor);
    seen += n->count;
  } while (n->count == 2);
  assert_int_equal(seen, 5);
  assert_int_equal(read_audit(&w, "d1", WORLD_START + 3 * WORLD_S, STARDELEG_TIME_NEVER, NULL, 0)->count, 3);
  assert_int_equal(read_audit(&w, "d1", WORLD_START + 3 * WORLD_S, WORLD_START + 7 * WORLD_S, NULL, 0)->count, 2);
  assert_int_equal(read_audit(&w, NULL, WORLD_START + 3 * WORLD_S, WORLD_START + 5 * WORLD_S, NULL, 0)->count, 2);
  assert_int_equal(read_audit(&w, "d3", STARDELEG_TIME_NONE, STARDELEG_TIME_NEVER, NULL, 0)->count, 0);
  ido_world_clear(&w);
}

static void test_arguments(void **state)
{
  stardeleg_ido_audit_query query = {.size = sizeof(query), .to = STARDELEG_TIME_NEVER};
  notes n = {.count = 0};
  ido_world w;

  (void)state;
  begin(&w);
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_audit(w.ido, NULL, note, &n));
  query.delegation = "a\nb";
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_audit(w.ido, &query, note, &n));
  query.delegation = NULL;
  query.after = "\x01";
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_audit(w.ido, &query, note, &n));
  query.size = 1;
  query.after = NULL;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_audit(w.ido, &query, note, &n));
  ido_world_clear(&w);
}

/* No MAC key, no key, no control character; what the owner says of itself is escaped too. */
static void test_clean(void **state)
{
  ido_world w;
  const notes *n;
  char mac_key[64];
  char url[256];

  (void)state;
  begin(&w);
  assert_ok(stardeleg_ido_ndc_add(w.ido, "cdn", mac_key, w.now));
  assert_int_equal(ido_world_new_account(&w, 0, "cdn", mac_key), 201);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  ido_world_place(&w, 0, "d1", url);
  assert_ok(stardeleg_ido_delegation_end_by(w.ido, "d1", "eve\x1b[2J\n", w.now));
  n = read_all(&w, NULL);
  assert_null(strstr(n->all, mac_key));
  assert_non_null(strstr(n->text, "delegation-ending/eve\\x1b[2J\\x0a "));
  for (const char *c = n->all; *c != '\0'; c++) {
    assert_true((unsigned char)*c >= 0x20 || *c == '\n');
  }
  ido_world_clear(&w);
}

/* Old entries go, in bounded steps; the young ones stay. */
static void test_retention(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  ido_world_init(&w);
  ido_world_ca_init(&w);
  ido_world_ca_open(&w);
  w.options.audit_keep_s = 86400;
  w.options.order_pending_s = 60;
  w.options.order_grace_s = 60;
  ido_world_open(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  for (int i = 0; i < 100; i++) {
    ido_world_order(&w, 0, "d1", "abc.ido.example", url);
  }
  ido_world_run(&w, 12 * 3600 * WORLD_S);
  assert_int_equal(ido_world_count(&w, "audit"), 3 + 200);
  ido_world_order(&w, 0, "d1", "abc.ido.example", url);
  ido_world_run(&w, 14 * 3600 * WORLD_S);
  assert_string_equal(read_all(&w, NULL)->text, "order-made/delegate order-failed/engine ");
  w.options.audit_keep_s = -1;
  {
    stardeleg_ido *ido = NULL;

    assert_err(STARDELEG_ERR_CONFIG, stardeleg_ido_new(&ido, &w.options, NULL));
  }
  ido_world_clear(&w);
}

/* The sum in the store; -1: none is there. */
static int64_t noted_size(ido_world *w)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  int64_t bytes = -1;

  if (w->real->ops->get(w->real->self, "audit-size", "audit", &record) == STARDELEG_OK) {
    assert_ok(sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL));
    bytes = sdg_json_int(sdg_json_member(tree, "bytes"));
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return bytes;
}

static int add_size(void *ctx, const stardeleg_record *record)
{
  *(int64_t *)ctx += (int64_t)(record->value_len + strlen(record->key) + strlen(record->index));
  return 0;
}

static int64_t true_size(ido_world *w)
{
  int64_t bytes = 0;

  assert_ok(w->real->ops->scan(w->real->self, "audit", NULL, NULL, SIZE_MAX, add_size, &bytes));
  return bytes;
}

static void order_many(ido_world *w, size_t count)
{
  char url[256];

  for (size_t i = 0; i < count; i++) {
    w->now += WORLD_S;
    ido_world_order(w, 0, "d1", "abc.ido.example", url);
  }
}

static void begin_bound(ido_world *w, int64_t bytes_max)
{
  ido_world_init(w);
  ido_world_ca_init(w);
  ido_world_ca_open(w);
  w->options.audit_max_bytes = bytes_max;
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  ido_world_delegate(w, "cdn", "d1", WORLD_ONE, NULL);
}

/* Bound by its size: the oldest go, those of the last minutes stay, and no more than has to go does. */
static void test_size(void **state)
{
  ido_world w;
  size_t before;

  (void)state;
  begin_bound(&w, 20000);
  order_many(&w, 300);
  before = ido_world_count(&w, "audit");
  ido_world_run(&w, WORLD_S);
  assert_true(ido_world_count(&w, "audit") >= before - 1); /* too young to be counted */
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  assert_int_equal(noted_size(&w), true_size(&w));
  assert_true(noted_size(&w) <= 20000);
  assert_true(noted_size(&w) > 19000);
  assert_non_null(strstr(w.log, "[ido.audit.full]"));
  assert_null(strstr(read_all(&w, NULL)->text, "ndc-added"));
  order_many(&w, 10); /* and so on */
  w.restart_always = true;
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  assert_int_equal(noted_size(&w), true_size(&w));
  assert_true(noted_size(&w) <= 20000);
  ido_world_clear(&w);
}

/* A store that was not bound before; a bound that goes, and comes again when more has been written and removed. */
static void test_size_later(void **state)
{
  ido_world w;
  size_t count;

  (void)state;
  begin_bound(&w, 0);
  order_many(&w, 100);
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  count = ido_world_count(&w, "audit");
  assert_int_equal(noted_size(&w), -1);
  w.options.audit_max_bytes = 1000000;
  ido_world_restart(&w);
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  assert_int_equal(ido_world_count(&w, "audit"), count);
  assert_int_equal(noted_size(&w), true_size(&w));
  w.options.audit_max_bytes = 0;
  ido_world_restart(&w);
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  assert_int_equal(noted_size(&w), -1);
  w.options.audit_max_bytes = 5000;
  w.options.audit_keep_s = 0;
  ido_world_restart(&w);
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  assert_int_equal(noted_size(&w), true_size(&w));
  assert_true(noted_size(&w) <= 5000 && noted_size(&w) > 4000);
  ido_world_clear(&w);
}

/* Two that prune at once: what one has removed the other does not take off again. */
static void prune_meanwhile(ido_world *w)
{
  stardeleg_ido *other = NULL;
  stardeleg_ask ask;

  assert_ok(stardeleg_ido_new(&other, &w->options, NULL));
  assert_ok(stardeleg_ido_engine(other)->next(stardeleg_ido_engine(other)->self, &ask, w->now));
  stardeleg_ido_free(other);
}

static void test_size_together(void **state)
{
  ido_world w;

  (void)state;
  begin_bound(&w, 10000);
  order_many(&w, 200);
  w.now += 3600 * WORLD_S;
  ido_world_restart(&w);
  w.before_write = prune_meanwhile;
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  assert_null(w.before_write);
  assert_int_equal(noted_size(&w), true_size(&w));
  assert_true(noted_size(&w) <= 10000 && noted_size(&w) > 9000);
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_life),      cmocka_unit_test(test_refused),      cmocka_unit_test(test_one_write),
      cmocka_unit_test(test_paging),    cmocka_unit_test(test_arguments),    cmocka_unit_test(test_clean),
      cmocka_unit_test(test_retention), cmocka_unit_test(test_end_any_time),
      cmocka_unit_test(test_size),      cmocka_unit_test(test_size_later),   cmocka_unit_test(test_size_together),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido_ended_test.c -- delegations that have ended are kept, and are in nobody's way. */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"

static void begin(ido_world *w)
{
  ido_world_init(w);
  ido_world_ca_init(w);
  ido_world_ca_open(w);
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
}

static void end(ido_world *w, const char *id)
{
  assert_ok(stardeleg_ido_delegation_end(w->ido, id, w->now));
}

static void get_record(ido_world *w, const char *kind, const char *key, stardeleg_record *record)
{
  assert_ok(w->real->ops->get(w->real->self, kind, key, record));
}

static void assert_index(ido_world *w, const char *id, const char *index)
{
  stardeleg_record record = {0};

  get_record(w, "delegation", id, &record);
  assert_string_equal(record.index, index);
  assert_true(strcmp(index, "cdn") == 0 || record.due == STARDELEG_TIME_NEVER);
  stardeleg_record_clear(&record);
}

/* Writes a delegation's record with this index, with its value or another one. */
static void put(ido_world *w, const char *id, const char *index, const char *value)
{
  stardeleg_record record = {0};
  stardeleg_store_op op = {
      .verb = STARDELEG_STORE_PUT, .kind = "delegation", .key = id, .index = index, .due = STARDELEG_TIME_NEVER};

  if (value == NULL) {
    get_record(w, "delegation", id, &record);
    op.expected_version = record.version;
    op.value = sdg_bytes(record.value, record.value_len);
  } else {
    op.value = sdg_bytes_str(value);
  }
  assert_ok(w->real->ops->batch(w->real->self, &op, 1));
  stardeleg_record_clear(&record);
}

/* The delegate's own list. */
static const char *list(ido_world *w)
{
  static char text[1024];
  char url[512];

  assert_int_equal(acme_peer_fetch(&w->ndc[0], w->ndc[0].kid), 200);
  (void)snprintf(url, sizeof(url), "%s", ido_world_text(w, 0, "delegations"));
  assert_int_equal(acme_peer_fetch(&w->ndc[0], url), 200);
  text[0] = '\0';
  for (const sdg_json *i = sdg_json_first(sdg_json_member(w->ndc[0].json, "delegations")); i != NULL;
       i = sdg_json_next(i)) {
    size_t len = strlen(text);

    (void)snprintf(text + len, sizeof(text) - len, "%s ", strrchr(sdg_json_string(i), '/') + 1);
  }
  return text;
}

static int note(void *ctx, const stardeleg_ido_delegation_view *view)
{
  char *text = ctx;
  size_t len = strlen(text);

  assert_string_equal(view->delegation.ndc, "cdn");
  (void)snprintf(text + len, 8192 - len, "%s=%s ", view->delegation.id, view->state);
  return 0;
}

static const char *listed(ido_world *w, const char *after, size_t limit)
{
  static char text[8192];

  text[0] = '\0';
  assert_ok(stardeleg_ido_delegation_list(w->ido, "cdn", after, limit, note, text));
  return text;
}

/* The owner sees them all, in the order of their ids; the delegate those that are left. */
static void test_lists(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  for (int i = 1; i <= 5; i++) {
    char id[8];

    (void)snprintf(id, sizeof(id), "d%d", i);
    ido_world_delegate(&w, "cdn", id, WORLD_ONE, NULL);
  }
  end(&w, "d2");
  end(&w, "d5");
  assert_string_equal(listed(&w, NULL, 0), "d1=active d2=ending d3=active d4=active d5=ending ");
  ido_world_run(&w, 60 * WORLD_S);
  assert_index(&w, "d1", "cdn");
  assert_index(&w, "d2", "ended:cdn");
  assert_string_equal(listed(&w, NULL, 0), "d1=active d2=ended d3=active d4=active d5=ended ");
  assert_string_equal(listed(&w, "d1", 2), "d2=ended d3=active ");
  assert_string_equal(listed(&w, "d4", 0), "d5=ended ");
  assert_string_equal(listed(&w, "d5", 0), "");
  assert_string_equal(list(&w), "d1 d3 d4 ");
  {
    char text[8192] = "";

    assert_ok(stardeleg_ido_delegation_list(w.ido, "ended:cdn", NULL, 0, note, text));
    assert_ok(stardeleg_ido_delegation_list(w.ido, "", NULL, 0, note, text));
    assert_string_equal(text, "");
    assert_ok(stardeleg_ido_delegation_show(w.ido, "d2", note, text));
    assert_string_equal(text, "d2=ended ");
  }
  end(&w, "d2"); /* ending twice is fine */
  assert_index(&w, "d2", "ended:cdn");
  ido_world_clear(&w);
}

/* Many: more than a page of either kind. */
static void test_pages(void **state)
{
  char expected[8192] = "";
  ido_world w;

  (void)state;
  begin(&w);
  for (int i = 0; i < 200; i++) {
    size_t len = strlen(expected);
    char id[8];

    (void)snprintf(id, sizeof(id), "e%03d", i);
    ido_world_delegate(&w, "cdn", id, WORLD_ONE, NULL);
    (void)snprintf(expected + len, sizeof(expected) - len, "%s=%s ", id, i % 3 != 0 ? "ended" : "active");
    if (i % 3 != 0) {
      end(&w, id);
    }
  }
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(listed(&w, NULL, 0), expected);
  ido_world_clear(&w);
}

/* What is asked every day reads none of them: one that nobody can read is not noticed. */
static void test_not_read(void **state)
{
  char url[256];
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  put(&w, "trap", "ended:cdn", "{}");
  assert_string_equal(list(&w), "d1 ");
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  assert_int_equal(acme_peer_fetch(&w.ndc[0], w.ndc[0].kid), 200);
  (void)snprintf(url, sizeof(url), "%s", ido_world_text(&w, 0, "orders"));
  assert_int_equal(acme_peer_fetch(&w.ndc[0], url), 200); /* the list of orders */
  assert_int_equal(sdg_json_count(sdg_json_member(w.ndc[0].json, "orders")), 1);
  assert_ok(stardeleg_ido_ndc_disable(w.ido, "cdn", NULL, w.now));
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  assert_ok(stardeleg_ido_ndc_remove(w.ido, "cdn", NULL, w.now));
  ido_world_clear(&w);
}

/* A store of a version that left them where they were: the delegate's list moves them, everything else stays. */
static void test_written_before(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  for (int i = 0; i < 40; i++) {
    char id[8];

    (void)snprintf(id, sizeof(id), "o%02d", i);
    ido_world_delegate(&w, "cdn", id, WORLD_ONE, NULL);
    end(&w, id);
  }
  ido_world_run(&w, 60 * WORLD_S);
  ido_world_delegate(&w, "cdn", "x", WORLD_ONE, NULL);
  for (int i = 0; i < 40; i++) {
    char id[8];

    (void)snprintf(id, sizeof(id), "o%02d", i);
    put(&w, id, "cdn", NULL);
  }
  w.now += 3600 * WORLD_S;
  assert_string_equal(list(&w), "x ");
  assert_index(&w, "o00", "ended:cdn");
  assert_index(&w, "o39", "cdn");
  w.fail_batches = 1; /* it is not worth an error */
  assert_string_equal(list(&w), "x ");
  assert_string_equal(list(&w), "x ");
  assert_index(&w, "o39", "ended:cdn");
  assert_string_equal(ido_world_record(&w, "delegation", "o39", "endedBy"), "owner");
  assert_string_equal(list(&w), "x ");
  assert_index(&w, "x", "cdn");
  ido_world_clear(&w);
}

/* Nor do their CNAMEs stay, once they are gone. */
static void test_cnames(void **state)
{
  char url[256];
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, "{\"abc.ido.example.\":\"abc.cdn.example.\"}");
  ido_world_delegate(&w, "cdn", "d2", WORLD_ONE, NULL);
  ido_world_place(&w, 0, "d1", url);
  ido_world_place(&w, 0, "d2", url);
  ido_world_run(&w, 60 * WORLD_S);
  assert_int_equal(ido_world_count(&w, "chore"), 1);
  end(&w, "d1");
  ido_world_run(&w, 60 * WORLD_S);
  assert_int_equal(ido_world_count(&w, "chore"), 1); /* to be removed from the zone */
  assert_ok(stardeleg_ido_cname_removed(w.ido, "d1", "abc.ido.example.", w.now));
  assert_int_equal(ido_world_count(&w, "chore"), 0);
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_cname_removed(w.ido, "d1", "abc.ido.example.", w.now));
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lists),          cmocka_unit_test(test_pages),  cmocka_unit_test(test_not_read),
      cmocka_unit_test(test_written_before), cmocka_unit_test(test_cnames),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido_delegation_test.c -- delegations: added, listed, shown, and to whom (RFC 9115 2.3.1). */
#include "support/ido_world.h"

#include "base/bytes.h"

static void begin(ido_world *w)
{
  ido_world_init(w);
  w->options.page_size = 2;
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  ido_world_ndc(w, 1, "other");
}

static const char *list_url(const ido_world *w, size_t i)
{
  static char url[600];

  (void)snprintf(url, sizeof(url), WORLD_IDO "/delegations/%s", strrchr(w->ndc[i].kid, '/') + 1);
  return url;
}

/* --- The list --- */

/* Fetches all pages; |text| becomes the ids, each with a blank.  The number of pages. */
static size_t fetch_list(ido_world *w, size_t i, char *text, size_t size)
{
  char url[1024];
  size_t pages = 0;

  text[0] = '\0';
  (void)snprintf(url, sizeof(url), "%s", list_url(w, i));
  while (url[0] != '\0') {
    const sdg_json *list;

    assert_int_equal(acme_peer_fetch(&w->ndc[i], url), 200);
    pages++;
    assert_true(pages < 20);
    list = sdg_json_member(w->ndc[i].json, "delegations");
    assert_int_equal(sdg_json_type_of(list), SDG_JSON_ARRAY);
    for (const sdg_json *item = sdg_json_first(list); item != NULL; item = sdg_json_next(item)) {
      const char *id = strrchr(sdg_json_string(item), '/') + 1;
      size_t len = strlen(text);

      assert_true(strncmp(sdg_json_string(item), WORLD_IDO "/delegation/", strlen(WORLD_IDO "/delegation/")) == 0);
      (void)snprintf(text + len, size - len, "%s ", id);
    }
    (void)snprintf(url, sizeof(url), "%s",
                   acme_peer_link(&w->ndc[i], "next") != NULL ? acme_peer_link(&w->ndc[i], "next") : "");
  }
  return pages;
}

/* STARDEL-2.3.1.2-01, -02, STARDEL-7.2-05, STARDEL-2.3.1-01 */
static void test_list(void **state)
{
  static const char *const ids[] = {"d1", "d2", "d3", "d4", "d5"};
  ido_world w;
  char text[256];

  (void)state;
  begin(&w);
  assert_int_equal(fetch_list(&w, 0, text, sizeof(text)), 1);
  assert_string_equal(text, "");
  for (size_t i = 0; i < 5; i++) {
    ido_world_delegate(&w, "cdn", ids[i], WORLD_ONE, NULL);
  }
  ido_world_delegate(&w, "other", "d3x", WORLD_ONE, NULL);
  assert_int_equal(fetch_list(&w, 0, text, sizeof(text)), 3);
  assert_string_equal(text, "d1 d2 d3 d4 d5 ");
  assert_int_equal(fetch_list(&w, 1, text, sizeof(text)), 1);
  assert_string_equal(text, "d3x ");
  /* ended ones are not there, and leave no gaps */
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d2", w.now));
  assert_int_equal(fetch_list(&w, 0, text, sizeof(text)), 2);
  assert_string_equal(text, "d1 d3 d4 d5 ");
  ido_world_clear(&w);
}

/* STARDEL-2.3.1.2-04 */
static void test_foreign_list(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  (void)acme_peer_fetch(&w.ndc[1], list_url(&w, 0));
  acme_peer_assert_problem(&w.ndc[1], 403, "unauthorized");
  assert_null(strstr(w.ndc[1].body, "d1"));
  (void)acme_peer_fetch(&w.ndc[1], WORLD_IDO "/delegations/nobody");
  acme_peer_assert_problem(&w.ndc[1], 403, "unauthorized");
  assert_int_equal(acme_peer_get(&w.ndc[0], list_url(&w, 0)), 405);
  assert_int_equal(acme_peer_post(&w.ndc[0], list_url(&w, 0), "{}"), 400);
  ido_world_clear(&w);
}

/* --- The object --- */

/* STARDEL-2.3.1.3-01, -02, -05 */
static void test_object(void **state)
{
  ido_world w;
  sdg_json *wanted = NULL;

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_TWO, "{\"abc.ido.example.\":\"abc.cdn.example.\"}");
  ido_world_delegate(&w, "cdn", "d2", WORLD_ONE, NULL);
  assert_int_equal(acme_peer_fetch(&w.ndc[0], WORLD_IDO "/delegation/d1"), 200);
  assert_string_equal(acme_peer_header(&w.ndc[0], "Content-Type"), "application/json");
  assert_ok(sdg_json_parse(
      &wanted,
      sdg_bytes_str("{\"csr-template\":" WORLD_TWO ",\"cname-map\":{\"abc.ido.example.\":\"abc.cdn.example.\"}}"), NULL,
      NULL));
  assert_true(sdg_json_equal(w.ndc[0].json, wanted));
  sdg_json_free(wanted);
  assert_int_equal(acme_peer_fetch(&w.ndc[0], WORLD_IDO "/delegation/d2"), 200);
  assert_int_equal(sdg_json_count(w.ndc[0].json), 1);
  /* read-only */
  (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/delegation/d1", "{\"csr-template\":{}}");
  acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
  assert_int_equal(acme_peer_get(&w.ndc[0], WORLD_IDO "/delegation/d1"), 405);
  ido_world_clear(&w);
}

/* STARDEL-2.3.1.2-04, STARDEL-7.2-05: the same answer, to the letter, whatever the reason. */
static void test_foreign_object(void **state)
{
  static const char *const urls[] = {WORLD_IDO "/delegation/d1", WORLD_IDO "/delegation/none",
                                     WORLD_IDO "/delegation/mine"};
  char first[1024] = "";
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  ido_world_delegate(&w, "other", "mine", WORLD_ONE, NULL);
  assert_int_equal(acme_peer_fetch(&w.ndc[1], urls[2]), 200);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "mine", w.now));
  for (size_t i = 0; i < 3; i++) {
    (void)acme_peer_fetch(&w.ndc[1], urls[i]);
    acme_peer_assert_problem(&w.ndc[1], 403, "unauthorized");
    if (i == 0) {
      (void)snprintf(first, sizeof(first), "%s", w.ndc[1].body);
    }
    assert_string_equal(w.ndc[1].body, first);
  }
  ido_world_clear(&w);
}

/* A delegation that has expired is as good as ended. */
static void test_expired(void **state)
{
  stardeleg_ido_delegation delegation = {.size = sizeof(delegation),
                                         .id = "d1",
                                         .ndc = "cdn",
                                         .csr_template = sdg_bytes_str(WORLD_ONE),
                                         .expires_at = WORLD_START + WORLD_DAY};
  ido_world w;
  char id[65];
  char text[64];

  (void)state;
  begin(&w);
  assert_ok(stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, NULL));
  assert_int_equal(acme_peer_fetch(&w.ndc[0], WORLD_IDO "/delegation/d1"), 200);
  w.now = WORLD_START + WORLD_DAY - 1;
  assert_int_equal(acme_peer_fetch(&w.ndc[0], WORLD_IDO "/delegation/d1"), 200);
  w.now = WORLD_START + WORLD_DAY;
  assert_int_equal(acme_peer_fetch(&w.ndc[0], WORLD_IDO "/delegation/d1"), 403);
  (void)fetch_list(&w, 0, text, sizeof(text));
  assert_string_equal(text, "");
  (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", ido_world_new_order("d1", "abc.ido.example"));
  acme_peer_assert_problem(&w.ndc[0], 403, "unknownDelegation");
  ido_world_clear(&w);
}

/* --- Adding --- */

typedef struct add_case {
  stardeleg_err err;
  const char *place; /* how the problem's begins; NULL: not looked at */
  const char *id;
  const char *ndc;
  const char *issuer;
  const char *csr_template;
  const char *cname_map;
  int64_t min_s, max_s;
  stardeleg_time expires_at;
} add_case;

#define NEVER STARDELEG_TIME_NEVER
#define SAN "/extensions/subjectAltName"

static const add_case bad_adds[] = {
    {STARDELEG_ERR_CONFIG, "id", "a b", "cdn", NULL, WORLD_ONE, NULL, 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, "id", "", "cdn", NULL, WORLD_ONE, NULL, 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, "id", "12345678901234567890123456789012345678901234567890123456789012345", "cdn", NULL,
     WORLD_ONE, NULL, 0, 0, NEVER},
    {STARDELEG_ERR_EXISTS, "id", "there", "cdn", NULL, WORLD_ONE, NULL, 0, 0, NEVER},
    {STARDELEG_ERR_NOT_FOUND, "ndc", "x", "nobody", NULL, WORLD_ONE, NULL, 0, 0, NEVER},
    {STARDELEG_ERR_NOT_FOUND, "ndc", "x", NULL, NULL, WORLD_ONE, NULL, 0, 0, NEVER},
    {STARDELEG_ERR_NOT_FOUND, "ndc", "x", "", NULL, WORLD_ONE, NULL, 0, 0, NEVER},
    {STARDELEG_ERR_NOT_FOUND, "issuer", "x", "cdn", "none", WORLD_ONE, NULL, 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, "lifetime", "x", "cdn", NULL, WORLD_ONE, NULL, 2, 1, NEVER},
    {STARDELEG_ERR_CONFIG, "lifetime", "x", "cdn", NULL, WORLD_ONE, NULL, -1, 0, NEVER},
    {STARDELEG_ERR_CONFIG, "expires_at", "x", "cdn", NULL, WORLD_ONE, NULL, 0, 0, STARDELEG_TIME_NONE},
    /* STARDEL-4.1-15, STARDEL-A-01 ... : the place is told */
    {STARDELEG_ERR_CONFIG, NULL, "x", "cdn", NULL, "", NULL, 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, NULL, "x", "cdn", NULL, "{}", NULL, 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, NULL, "x", "cdn", NULL, "[]", NULL, 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, SAN "/DNS/0", "x", "cdn", NULL, WORLD_TEMPLATE("\"not a host\""), NULL, 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, SAN "/DNS", "x", "cdn", NULL, WORLD_TEMPLATE(""), NULL, 0, 0, NEVER},
    /* STARDEL-2.3.1.3-02, -03 */
    {STARDELEG_ERR_CONFIG, "/cname-map", "x", "cdn", NULL, WORLD_ONE, "[]", 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, NULL, "x", "cdn", NULL, WORLD_ONE, "{", 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, "/cname-map/abc.ido.example", "x", "cdn", NULL, WORLD_ONE,
     "{\"abc.ido.example\":\"abc.cdn.example.\"}", 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, "/cname-map/abc.ido.example.", "x", "cdn", NULL, WORLD_ONE,
     "{\"abc.ido.example.\":\"abc.cdn.example\"}", 0, 0, NEVER},
    {STARDELEG_ERR_CONFIG, "/cname-map/abc.ido.example.", "x", "cdn", NULL, WORLD_ONE, "{\"abc.ido.example.\":{}}", 0,
     0, NEVER},
};

static void test_bad_adds(void **state)
{
  ido_world w;
  char text[64];

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "other", "there", WORLD_ONE, NULL);
  for (size_t i = 0; i < sizeof(bad_adds) / sizeof(bad_adds[0]); i++) {
    const add_case *c = &bad_adds[i];
    stardeleg_ido_delegation delegation = {.size = sizeof(delegation),
                                           .id = c->id,
                                           .ndc = c->ndc,
                                           .issuer = c->issuer,
                                           .csr_template = sdg_bytes_str(c->csr_template),
                                           .cname_map = sdg_bytes_str(c->cname_map),
                                           .lifetime_min_s = c->min_s,
                                           .lifetime_max_s = c->max_s,
                                           .expires_at = c->expires_at};
    stardeleg_problem problem = {0};
    char id[65];
    stardeleg_err err = stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, &problem);

    if (err != c->err || problem.detail[0] == '\0') {
      fail_msg("case %zu: %s: \"%s\"", i, stardeleg_strerror(err), problem.detail);
    }
    if (c->place != NULL && strncmp(problem.place, c->place, strlen(c->place)) != 0) {
      fail_msg("case %zu: place \"%s\"", i, problem.place);
    }
  }
  (void)fetch_list(&w, 0, text, sizeof(text));
  assert_string_equal(text, "");
  ido_world_clear(&w);
}

static void test_add(void **state)
{
  stardeleg_ido_delegation delegation = {.size = sizeof(delegation),
                                         .ndc = "cdn",
                                         .issuer = "ca",
                                         .csr_template = sdg_bytes_str(WORLD_ONE),
                                         .expires_at = STARDELEG_TIME_NEVER};
  ido_world w;
  char id[65];
  char again[65];

  (void)state;
  begin(&w);
  assert_ok(stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, NULL));
  assert_ok(stardeleg_ido_delegation_add(w.ido, &delegation, again, w.now, NULL));
  assert_int_equal(strlen(id), 22);
  assert_string_not_equal(id, again);
  for (int i = 0; i < 400; i++) { /* words on command lines: one in 64 would look like an option */
    assert_ok(stardeleg_ido_delegation_add(w.ido, &delegation, again, w.now, NULL));
    assert_int_not_equal(again[0], '-');
  }
  delegation.size = 1;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, NULL));
  ido_world_clear(&w);
}

static void test_end(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_delegation_end(w.ido, "none", w.now));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_delegation_end(w.ido, "", w.now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_delegation_end(w.ido, NULL, w.now));
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  assert_int_equal(w.work_count, 1);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ending");
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now)); /* twice is fine */
  ido_world_clear(&w);
}

/* A record of a later version keeps what this one does not know. */
static void test_unknown_members(void **state)
{
  ido_world w;
  stardeleg_record record = {0};
  stardeleg_store_op op = {
      .verb = STARDELEG_STORE_PUT, .kind = "delegation", .key = "d1", .index = "cdn", .due = NEVER};
  char value[2048];

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  assert_ok(w.real->ops->get(w.real->self, "delegation", "d1", &record));
  (void)snprintf(value, sizeof(value), "{\"later\":\"kept\",%s", (const char *)record.value + 1);
  op.value = sdg_bytes_str(value);
  op.expected_version = record.version;
  assert_ok(w.real->ops->batch(w.real->self, &op, 1));
  stardeleg_record_clear(&record);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ending");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "later"), "kept");
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_list),
      cmocka_unit_test(test_foreign_list),
      cmocka_unit_test(test_object),
      cmocka_unit_test(test_foreign_object),
      cmocka_unit_test(test_expired),
      cmocka_unit_test(test_bad_adds),
      cmocka_unit_test(test_add),
      cmocka_unit_test(test_end),
      cmocka_unit_test(test_unknown_members),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

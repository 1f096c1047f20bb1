/* SPDX-License-Identifier: Apache-2.0 */
/* ido_http01_test.c -- the listener of the built-in solver, open to the world under the owner's names (RFC 8555 8.3).
 */
#include "support/ido_world.h"

#include "base/bytes.h"
#include "transport/http_message.h"

#define PATH "/.well-known/acme-challenge/"
#define TOKEN "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
#define ANSWER TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"

static void put_answer(ido_world *w, const char *token, const char *value)
{
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT,
                           .kind = "http01",
                           .key = token,
                           .value = sdg_bytes_str(value),
                           .due = STARDELEG_TIME_NEVER};

  assert_ok(w->real->ops->batch(w->real->self, &op, 1));
}

typedef struct answer {
  int status;
  char body[512];
  char type[64];
} answer;

static answer ask(ido_world *w, const char *method, const char *url)
{
  stardeleg_http_request request = {.method = method, .url = url};
  stardeleg_http_reply *reply = NULL;
  const stardeleg_http_response *view;
  stardeleg_bytes type = {NULL, 0};
  answer a = {0};

  assert_ok(stardeleg_ido_handle_http01(w->ido, &request, w->now, &reply));
  view = stardeleg_http_reply_view(reply);
  a.status = view->status;
  (void)snprintf(a.body, sizeof(a.body), "%.*s", (int)view->body.len, (const char *)view->body.base);
  assert_true(sdg_http_header(&type, view->headers, view->header_count, "Content-Type", NULL));
  (void)snprintf(a.type, sizeof(a.type), "%.*s", (int)type.len, (const char *)type.base);
  assert_false(sdg_http_header(&type, view->headers, view->header_count, "Replay-Nonce", NULL));
  stardeleg_http_reply_free(reply);
  return a;
}

static void begin(ido_world *w)
{
  ido_world_init(w);
  ido_world_open(w);
  put_answer(w, TOKEN, "{\"v\":1,\"keyAuthorization\":\"" ANSWER "\",\"name\":\"abc.ido.example\"}");
}

static void test_known(void **state)
{
  ido_world w;
  answer a;

  (void)state;
  begin(&w);
  a = ask(&w, "GET", PATH TOKEN);
  assert_int_equal(a.status, 200);
  assert_string_equal(a.body, ANSWER);
  assert_string_equal(a.type, "application/octet-stream");
  assert_int_equal(ask(&w, "HEAD", PATH TOKEN).status, 200);
  ido_world_clear(&w);
}

/* Nothing of what was asked for comes back. */
static void test_unknown(void **state)
{
  static const char *const urls[] = {
      "",
      "/",
      PATH,
      PATH "unknown",
      PATH TOKEN "/",
      PATH TOKEN "?x=1",
      PATH TOKEN "%20",
      PATH "../" TOKEN,
      "/.well-known/acme-challenge",
      "/.well-known//acme-challenge/" TOKEN,
      "//" PATH TOKEN,
      "http://abc.ido.example" PATH TOKEN,
      PATH "<script>",
      "/directory",
      PATH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
           "aaaaaaaaaaaaaaaaaaaaa"
           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
           "aaaaaaaaaaaaaaaaaaaaaaaaa",
  };
  ido_world w;

  (void)state;
  begin(&w);
  for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
    answer a = ask(&w, "GET", urls[i]);

    assert_int_equal(a.status, 404);
    assert_string_equal(a.body, "");
  }
  assert_int_equal(ask(&w, "POST", PATH TOKEN).status, 405);
  assert_string_equal(ask(&w, "POST", PATH TOKEN).body, "");
  ido_world_clear(&w);
}

static void test_failures(void **state)
{
  ido_world w;
  stardeleg_http_request request = {.method = "GET", .url = PATH TOKEN};
  stardeleg_http_reply *reply = NULL;

  (void)state;
  begin(&w);
  put_answer(&w, "broken", "{\"v\":1}");
  put_answer(&w, "worse", "no JSON");
  assert_int_equal(ask(&w, "GET", PATH "broken").status, 503);
  assert_int_equal(ask(&w, "GET", PATH "worse").status, 503);
  w.dead = true;
  assert_int_equal(ask(&w, "GET", PATH TOKEN).status, 503);
  w.dead = false;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_handle_http01(NULL, &request, 0, &reply));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_handle_http01(w.ido, NULL, 0, &reply));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_handle_http01(w.ido, &request, 0, NULL));
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_known),
      cmocka_unit_test(test_unknown),
      cmocka_unit_test(test_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

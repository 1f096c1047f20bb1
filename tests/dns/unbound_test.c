/* SPDX-License-Identifier: Apache-2.0 */
/* dns/unbound_test.c -- the libunbound resolver: answers, aliases, absence, failure, silence, nobody coming back. */
#include "support/test.h"

#include <time.h>

#include <stardeleg/caa.h>
#include <stardeleg/dns_unbound.h>
#include "name_server.h"

#define NOW INT64_C(1768003200000)

static const name_row rows[] = {
    {"www.example.org", STARDELEG_DNS_A, 0, "c0000201"},
    {"www.example.org", STARDELEG_DNS_A, 0, "c0000202"},
    {"www.example.org", STARDELEG_DNS_AAAA, 0, "20010db8000000000000000000000001"},
    {"_acme-challenge.example.org", STARDELEG_DNS_TXT, 0, "0568656c6c6f"},
    {"_acme-challenge.example.org", STARDELEG_DNS_TXT, 0, "0161026263"},
    {"alias.example.org", STARDELEG_DNS_CNAME, 0, "03777777076578616d706c65036f726700"},
    {"example.org", STARDELEG_DNS_CAA, 0, "000569737375652263612e6578616d706c6522"},
    {"broken.example.org", 0, 2, NULL},
    {"refused.example.org", 0, 5, NULL},
    {"silent.example.org", 0, -1, NULL},
    {NULL, 0, 0, NULL},
};

typedef struct dns_world {
  name_server server;
  stardeleg_dns *dns;
  stardeleg_time now; /* a variable: only deadlines look at it */
} dns_world;

static stardeleg_dns *open_dns(const name_server *server, int64_t timeout_ms)
{
  stardeleg_dns_unbound_options options;
  char address[32];
  const char *servers[] = {address, NULL};
  stardeleg_dns *dns = NULL;

  (void)snprintf(address, sizeof(address), "127.0.0.1@%u", (unsigned)server->port);
  stardeleg_dns_unbound_options_default(&options);
  options.servers = servers;
  options.timeout_ms = timeout_ms;
  options.cache_max_s = 0;
  assert_ok(stardeleg_dns_unbound_new(&dns, &options));
  return dns;
}

static int set_up(void **state)
{
  static dns_world w;

  name_server_start(&w.server, rows);
  w.dns = open_dns(&w.server, 600000);
  w.now = NOW;
  *state = &w;
  return 0;
}

static int tear_down(void **state)
{
  dns_world *w = *state;

  stardeleg_dns_unbound_free(w->dns);
  name_server_stop(&w->server);
  return 0;
}

static void pause_a_little(void)
{
  struct timespec pause = {0, 2 * 1000 * 1000};

  (void)nanosleep(&pause, NULL);
}

/* Asks until there is an answer; the resolver's threads are real, so this waits for them. */
static const stardeleg_dns_answer *ask(dns_world *w, const char *name, stardeleg_dns_type type)
{
  const stardeleg_dns_answer *answer = NULL;

  for (int i = 0; i < 30000 && answer == NULL; i++) {
    stardeleg_time ready_at = w->now;

    assert_ok(w->dns->lookup(w->dns->ctx, name, type, w->now, &ready_at, &answer));
    if (answer == NULL) {
      assert_true(ready_at > w->now);
      pause_a_little();
    }
  }
  assert_non_null(answer);
  return answer;
}

static void release(dns_world *w, const stardeleg_dns_answer *answer)
{
  w->dns->release(w->dns->ctx, answer);
}

static void finds_addresses(void **state)
{
  dns_world *w = *state;
  const stardeleg_dns_answer *answer = ask(w, "www.example.org", STARDELEG_DNS_A);
  char text[STARDELEG_ADDRESS_SIZE];

  assert_int_equal(answer->status, STARDELEG_DNS_OK);
  assert_int_equal(answer->record_count, 2);
  assert_null(answer->canonical_name);
  assert_int_equal(answer->secure, 0);
  assert_ok(stardeleg_dns_read_address(text, answer->records[0]));
  assert_int_equal(strncmp(text, "192.0.2.", 8), 0);
  release(w, answer);
  answer = ask(w, "WWW.example.org", STARDELEG_DNS_AAAA);
  assert_int_equal(answer->record_count, 1);
  assert_ok(stardeleg_dns_read_address(text, answer->records[0]));
  assert_string_equal(text, "2001:db8::1");
  release(w, answer);
}

static void finds_all_texts(void **state)
{
  dns_world *w = *state;
  const stardeleg_dns_answer *answer = ask(w, "_acme-challenge.example.org", STARDELEG_DNS_TXT);
  unsigned found = 0;

  assert_int_equal(answer->record_count, 2);
  for (size_t i = 0; i < 2; i++) {
    char text[64];

    assert_ok(stardeleg_dns_read_txt(text, sizeof(text), NULL, answer->records[i]));
    found |= strcmp(text, "hello") == 0 ? 1u : 0u;
    found |= strcmp(text, "abc") == 0 ? 2u : 0u;
  }
  assert_int_equal(found, 3);
  release(w, answer);
}

static void follows_aliases(void **state)
{
  dns_world *w = *state;
  const stardeleg_dns_answer *answer = ask(w, "alias.example.org", STARDELEG_DNS_A);

  assert_int_equal(answer->status, STARDELEG_DNS_OK);
  assert_int_equal(answer->record_count, 2);
  assert_string_equal(answer->canonical_name, "www.example.org");
  release(w, answer);
}

/* No records, no name, and servers that fail are three things: CAA depends on it (RFC 8659 3). */
static void tells_absence_from_failure(void **state)
{
  static const struct {
    const char *name;
    stardeleg_dns_type type;
    stardeleg_dns_status status;
  } cases[] = {{"www.example.org", STARDELEG_DNS_TXT, STARDELEG_DNS_OK},
               {"nothing.example.org", STARDELEG_DNS_TXT, STARDELEG_DNS_NO_NAME},
               {"broken.example.org", STARDELEG_DNS_CAA, STARDELEG_DNS_FAILED},
               {"refused.example.org", STARDELEG_DNS_CAA, STARDELEG_DNS_FAILED}};
  dns_world *w = *state;

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const stardeleg_dns_answer *answer = ask(w, cases[i].name, cases[i].type);

    print_message("%s: %s\n", cases[i].name, answer->failure_text != NULL ? answer->failure_text : "-");
    assert_int_equal(answer->status, cases[i].status);
    assert_int_equal(answer->record_count, 0);
    assert_true((answer->failure_text != NULL) == (cases[i].status == STARDELEG_DNS_FAILED));
    release(w, answer);
  }
}

static void hands_over_caa(void **state)
{
  dns_world *w = *state;
  const stardeleg_dns_answer *answer = ask(w, "example.org", STARDELEG_DNS_CAA);
  stardeleg_caa_record record;

  assert_int_equal(answer->record_count, 1);
  assert_ok(stardeleg_caa_read(&record, answer->records[0]));
  assert_int_equal(record.tag.len, 5);
  assert_memory_equal(record.tag.base, "issue", 5);
  release(w, answer);
}

static void gives_up_at_the_deadline(void **state)
{
  dns_world *w = *state;
  const stardeleg_dns_answer *answer = NULL;
  stardeleg_time ready_at = w->now;

  assert_ok(w->dns->lookup(w->dns->ctx, "silent.example.org", STARDELEG_DNS_A, w->now, &ready_at, &answer));
  assert_null(answer);
  for (int i = 0; i < 10; i++) { /* asked all the time, so that it is not forgotten */
    w->now += 59000;
    assert_ok(w->dns->lookup(w->dns->ctx, "silent.example.org", STARDELEG_DNS_A, w->now, &ready_at, &answer));
    assert_null(answer);
  }
  w->now = NOW + 600000;
  assert_ok(w->dns->lookup(w->dns->ctx, "silent.example.org", STARDELEG_DNS_A, w->now, &ready_at, &answer));
  assert_non_null(answer);
  assert_int_equal(answer->status, STARDELEG_DNS_TIMEOUT);
  release(w, answer);
}

/* An answer is given once: the next question is asked anew. */
static void forgets_what_it_gave(void **state)
{
  dns_world *w = *state;
  unsigned before;

  release(w, ask(w, "www.example.org", STARDELEG_DNS_A));
  before = atomic_load(&w->server.asked);
  release(w, ask(w, "www.example.org", STARDELEG_DNS_A));
  assert_true(atomic_load(&w->server.asked) > before);
}

/* Questions nobody came back for, and answers nobody released, end with the resolver. */
static void frees_what_is_left(void **state)
{
  dns_world *w = *state;
  stardeleg_dns *dns = open_dns(&w->server, 1000);
  dns_world other = {.dns = dns, .now = NOW};
  const stardeleg_dns_answer *answer = NULL;
  stardeleg_time ready_at = NOW;

  (void)ask(&other, "www.example.org", STARDELEG_DNS_A);
  for (int i = 0; i < 50; i++) {
    char name[64];

    (void)snprintf(name, sizeof(name), "n%d.example.org", i);
    assert_ok(dns->lookup(dns->ctx, name, STARDELEG_DNS_A, NOW, &ready_at, &answer));
    assert_null(answer);
  }
  assert_ok(dns->lookup(dns->ctx, "x.example.org", STARDELEG_DNS_A, NOW + 3600000, &ready_at, &answer));
  assert_ok(dns->lookup(dns->ctx, "x.example.org", STARDELEG_DNS_TXT, NOW - 3600000, &ready_at, &answer));
  stardeleg_dns_unbound_free(dns);
}

static void refuses_nonsense(void **state)
{
  dns_world *w = *state;
  static const char *const bad[] = {"not an address", NULL};
  const stardeleg_dns_answer *answer = NULL;
  stardeleg_dns_unbound_options options;
  stardeleg_time ready_at = NOW;
  stardeleg_dns *dns = NULL;
  char name[300];

  memset(name, 'a', sizeof(name));
  name[299] = '\0';
  assert_err(STARDELEG_ERR_ARGUMENT, w->dns->lookup(w->dns->ctx, name, STARDELEG_DNS_A, NOW, &ready_at, &answer));
  assert_err(STARDELEG_ERR_ARGUMENT, w->dns->lookup(w->dns->ctx, "", STARDELEG_DNS_A, NOW, &ready_at, &answer));
  assert_err(STARDELEG_ERR_ARGUMENT, w->dns->lookup(w->dns->ctx, NULL, STARDELEG_DNS_A, NOW, &ready_at, &answer));
  stardeleg_dns_unbound_options_default(&options);
  options.servers = bad;
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_dns_unbound_new(&dns, &options));
  stardeleg_dns_unbound_options_default(&options);
  options.timeout_ms = 0;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_unbound_new(&dns, &options));
  stardeleg_dns_unbound_options_default(&options);
  options.size--;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_unbound_new(&dns, &options));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_unbound_new(NULL, NULL));
  assert_null(dns);
  stardeleg_dns_unbound_free(NULL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(finds_addresses),          T(finds_all_texts), T(follows_aliases),       T(tells_absence_from_failure),
      T(hands_over_caa),           T(gives_up_at_the_deadline), T(forgets_what_it_gave), T(frees_what_is_left),
      T(refuses_nonsense),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

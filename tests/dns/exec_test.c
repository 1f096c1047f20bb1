/* SPDX-License-Identifier: Apache-2.0 */
/* dns/exec_test.c -- programs that change zones: what each style is given, and that nothing of it reaches a shell. */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <stardeleg/dns_exec.h>

#define HOOK SDG_TESTS_DIR "/dns/hook.sh"
#define NAME "_acme-challenge.www.example.org"
#define VALUE "-Ps_wTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo" /* the hyphen in front is allowed by base64url */
#define TOKEN "DGyRejmCefe7v4NfDGDKfA"
#define HANGING_MS 60000 /* the hook's own time in its mode "hang" */

typedef struct rig {
  const char *folder; /* removed by tests/support, also after a failure */
  char record[512];
  char record_variable[544];
  char mode_variable[64];
  const char *environment[5];
  stardeleg_dns_exec_options options;
  stardeleg_dns_update *update;
  char log[16384];
} rig;

static void take_log(void *ctx, stardeleg_log_level level, const char *event, const char *text)
{
  rig *r = ctx;
  size_t len = strlen(r->log);

  (void)level;
  (void)snprintf(r->log + len, sizeof(r->log) - len, "%s: %s\n", event, text);
}

static void start(rig *r, const char *style, const char *mode)
{
  memset(r, 0, sizeof(*r));
  r->folder = test_directory();
  (void)snprintf(r->record, sizeof(r->record), "%s/record", r->folder);
  (void)snprintf(r->record_variable, sizeof(r->record_variable), "HOOK_RECORD=%s", r->record);
  (void)snprintf(r->mode_variable, sizeof(r->mode_variable), "HOOK_MODE=%s", mode);
  r->environment[0] = "PATH=/usr/bin:/bin";
  r->environment[1] = r->record_variable;
  r->environment[2] = r->mode_variable;
  stardeleg_dns_exec_options_default(&r->options);
  r->options.style = style;
  r->options.program = HOOK;
  r->options.environment = r->environment;
  r->options.log = (stardeleg_log){.write = take_log, .ctx = r};
}

static void open_update(rig *r)
{
  const char *why = "";
  stardeleg_err err = stardeleg_dns_exec_new(&r->update, &r->options, &why);

  if (err != STARDELEG_OK) {
    fail_msg("%s: %s", stardeleg_strerror(err), why);
  }
}

static void stop(rig *r)
{
  static const char *const files[] = {"record", "record.again", "record.child"};
  char path[560];

  stardeleg_dns_exec_free(r->update, 0);
  for (size_t i = 0; i < 3; i++) {
    (void)snprintf(path, sizeof(path), "%s/%s", r->folder, files[i]);
    (void)unlink(path);
  }
  assert_int_equal(rmdir(r->folder), 0); /* nothing else was made */
}

static stardeleg_dns_change txt(stardeleg_dns_action action)
{
  return (stardeleg_dns_change){sizeof(stardeleg_dns_change), action, STARDELEG_DNS_TXT, NAME, VALUE, 60, TOKEN};
}

static stardeleg_dns_change cname(stardeleg_dns_action action)
{
  return (stardeleg_dns_change){
      sizeof(stardeleg_dns_change), action, STARDELEG_DNS_CNAME, "www.example.org", "edge.cdn.example", 300, ""};
}

static stardeleg_time now_ms(void)
{
  struct timespec t;

  assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
  return (stardeleg_time)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
  const struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

  (void)nanosleep(&t, NULL);
}

/* Asks until it stands. */
static stardeleg_err settle(rig *r, const stardeleg_dns_change *change)
{
  for (int i = 0; i < 2000; i++) {
    stardeleg_time now = now_ms();
    stardeleg_time ready_at = now;
    stardeleg_err err = r->update->change(r->update->ctx, change, now, &ready_at);

    if (err != STARDELEG_OK || ready_at <= now) {
      assert_true(now_ms() - now < HANGING_MS / 2); /* it never waits */
      return err;
    }
    sleep_ms(ready_at - now < 100 ? ready_at - now : 100);
  }
  fail_msg("it never ends");
  return STARDELEG_OK;
}

static char *recorded(const rig *r, char out[8192])
{
  int fd = open(r->record, O_RDONLY);
  ssize_t n = fd >= 0 ? read(fd, out, 8191) : 0;

  out[n > 0 ? n : 0] = '\0';
  if (fd >= 0) {
    (void)close(fd);
  }
  return out;
}

static void expect(rig *r, const stardeleg_dns_change *change, const char *wanted)
{
  char text[8192];

  (void)unlink(r->record);
  assert_ok(settle(r, change));
  assert_string_equal(recorded(r, text), wanted);
}

/* --- What each style is given --- */

static void speaks_exec(void **state)
{
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  stardeleg_dns_change take = cname(STARDELEG_DNS_REMOVE);
  rig r;

  (void)state;
  start(&r, "exec", "");
  r.environment[3] = NULL;
  open_update(&r);
  expect(&r, &add,
         "arg=upsert\narg=TXT\narg=" NAME "\narg=" VALUE "\nSTARDELEG_ACTION=upsert\nSTARDELEG_NAME=" NAME
         "\nSTARDELEG_TOKEN=" TOKEN "\nSTARDELEG_TTL=60\nSTARDELEG_TYPE=TXT\nSTARDELEG_VALUE=" VALUE "\nend\n");
  expect(&r, &take,
         "arg=remove\narg=CNAME\narg=www.example.org\narg=edge.cdn.example\nSTARDELEG_ACTION=remove\n"
         "STARDELEG_NAME=www.example.org\nSTARDELEG_TOKEN=\nSTARDELEG_TTL=300\nSTARDELEG_TYPE=CNAME\n"
         "STARDELEG_VALUE=edge.cdn.example\nend\n");
  stop(&r);
}

static void speaks_the_hooks_of_others(void **state)
{
  static const struct {
    const char *style;
    const char *add;
    const char *take;
  } rows[] = {
      {"lego", "arg=present\narg=" NAME ".\narg=" VALUE "\nend\n", "arg=cleanup\narg=" NAME ".\narg=" VALUE "\nend\n"},
      {"acme.sh", "arg=/x/dns_y.sh\narg=add\narg=" NAME "\narg=" VALUE "\nend\n",
       "arg=/x/dns_y.sh\narg=rm\narg=" NAME "\narg=" VALUE "\nend\n"},
      {"uacme", "arg=begin\narg=dns-01\narg=www.example.org\narg=" TOKEN "\narg=" VALUE "\nend\n",
       "arg=done\narg=dns-01\narg=www.example.org\narg=" TOKEN "\narg=" VALUE "\nend\n"},
      {"dehydrated", "arg=deploy_challenge\narg=www.example.org\narg=" TOKEN "\narg=" VALUE "\nend\n",
       "arg=clean_challenge\narg=www.example.org\narg=" TOKEN "\narg=" VALUE "\nend\n"},
      {"lexicon",
       "arg=gandi\narg=create\narg=example.org\narg=TXT\narg=--name=" NAME ".\narg=--content=" VALUE
       "\narg=--ttl=60\nend\n",
       "arg=gandi\narg=delete\narg=example.org\narg=TXT\narg=--name=" NAME ".\narg=--content=" VALUE "\nend\n"},
  };
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  stardeleg_dns_change take = txt(STARDELEG_DNS_REMOVE);

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    rig r;

    start(&r, rows[i].style, "");
    r.options.plugin = "/x/dns_y.sh";
    r.options.provider = "gandi";
    r.options.zone = "example.org";
    open_update(&r);
    expect(&r, &add, rows[i].add);
    expect(&r, &take, rows[i].take);
    stop(&r);
  }
}

/* The wrapper around plug-ins of acme.sh, which has to be there but is not needed by this one. */
static void wraps_acme_sh(void **state)
{
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  stardeleg_dns_change take = txt(STARDELEG_DNS_REMOVE);
  rig r;

  (void)state;
  start(&r, "acme.sh", "");
  r.environment[3] = "HOME=/nowhere";
  r.options.program = SDG_TESTS_DIR "/../examples/hooks/acme-sh.sh";
  r.options.plugin = SDG_TESTS_DIR "/dns/dns_fake.sh";
  open_update(&r);
  add.value = "$(id) `id` ; x";
  expect(&r, &add, "add " NAME " $(id) `id` ; x\n");
  expect(&r, &take, "rm " NAME " " VALUE "\n");
  stop(&r);
  start(&r, "acme.sh", "");
  r.environment[3] = "HOME=/nowhere";
  r.options.program = SDG_TESTS_DIR "/../examples/hooks/acme-sh.sh";
  r.options.plugin = "/nowhere/dns_x.sh";
  open_update(&r);
  assert_err(STARDELEG_ERR_CALLBACK, settle(&r, &take));
  stop(&r);
}

static void speaks_certbot(void **state)
{
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  stardeleg_dns_change take = txt(STARDELEG_DNS_REMOVE);
  rig r;

  (void)state;
  start(&r, "certbot", "say");
  r.options.cleanup_program = HOOK;
  open_update(&r);
  expect(&r, &add,
         "CERTBOT_ALL_DOMAINS=www.example.org\nCERTBOT_DOMAIN=www.example.org\nCERTBOT_REMAINING_CHALLENGES=0\n"
         "CERTBOT_VALIDATION=" VALUE "\nend\n");
  expect(&r, &take,
         "CERTBOT_ALL_DOMAINS=www.example.org\nCERTBOT_AUTH_OUTPUT=created record 17\nCERTBOT_DOMAIN=www.example.org\n"
         "CERTBOT_REMAINING_CHALLENGES=0\nCERTBOT_VALIDATION=" VALUE "\nend\n");
  stop(&r);
  start(&r, "certbot", "");
  open_update(&r);
  expect(&r, &take, ""); /* no hook for it: nothing is run, and that is fine */
  stop(&r);
}

static void speaks_nsupdate(void **state)
{
  stardeleg_dns_change changes[] = {txt(STARDELEG_DNS_UPSERT), txt(STARDELEG_DNS_REMOVE), cname(STARDELEG_DNS_UPSERT),
                                    cname(STARDELEG_DNS_REMOVE)};
  static const char *const updates[] = {"update add " NAME ". 60 TXT \"" VALUE "\"\n",
                                        "update delete " NAME ". TXT \"" VALUE "\"\n",
                                        "update add www.example.org. 300 CNAME edge.cdn.example.\n",
                                        "update delete www.example.org. CNAME edge.cdn.example.\n"};
  rig r;

  (void)state;
  start(&r, "nsupdate", "read");
  r.options.key_file = "/x/key";
  r.options.server = "127.0.0.1@5353";
  r.options.zone = "example.org";
  open_update(&r);
  for (size_t i = 0; i < 4; i++) {
    char wanted[1024];

    (void)snprintf(
        wanted, sizeof(wanted),
        "arg=-v\narg=-t\narg=61\narg=-k\narg=/x/key\nend\nserver 127.0.0.1 5353\nzone example.org.\n%ssend\n",
        updates[i]);
    expect(&r, &changes[i], wanted);
  }
  stop(&r);
  start(&r, "nsupdate", "read");
  open_update(&r);
  expect(&r, &changes[1], "arg=-v\narg=-t\narg=61\nend\nupdate delete " NAME ". TXT \"" VALUE "\"\nsend\n");
  stop(&r);
}

/* --- What is refused --- */

/* Bug class: text of a CA or of a delegate in a shell, a path or a script. */
static void runs_nothing_hostile(void **state)
{
  static const char *const styles[] = {"exec", "nsupdate", "lego", "uacme", "dehydrated", "certbot"};
  static const char *const values[] = {"$(touch /tmp/sdg-x)\n", "a\nupdate delete example.org.", "a\"b", "`id`\\"};
  static const char *const names[] = {"_acme-challenge.$(id).example", "_acme-challenge.a b", "../../x",
                                      "_acme-challenge.x\nsend", "-rf.example"};

  (void)state;
  for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
    stardeleg_dns_change change = txt(STARDELEG_DNS_UPSERT);
    rig r;

    start(&r, styles[i], "");
    open_update(&r);
    for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
      change.value = values[k];
      assert_err(STARDELEG_ERR_ARGUMENT, settle(&r, &change));
    }
    change = txt(STARDELEG_DNS_UPSERT);
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
      change.name = names[k];
      assert_err(STARDELEG_ERR_ARGUMENT, settle(&r, &change));
    }
    change = txt(STARDELEG_DNS_UPSERT);
    change.token = "../../../etc/cron.d/x";
    assert_err(STARDELEG_ERR_ARGUMENT, settle(&r, &change));
    assert_int_equal(access(r.record, F_OK), -1);
    stop(&r);
  }
}

/* What looks like shell in a value that is allowed stays a word. */
static void quotes_nothing(void **state)
{
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  rig r;

  (void)state;
  start(&r, "lego", "");
  open_update(&r);
  add.value = "$(touch $HOOK_RECORD.child); `id` ${PATH} * ~ & | > x";
  expect(&r, &add, "arg=present\narg=" NAME ".\narg=$(touch $HOOK_RECORD.child); `id` ${PATH} * ~ & | > x\nend\n");
  stop(&r);
}

static void knows_its_limits(void **state)
{
  stardeleg_dns_change alias = txt(STARDELEG_DNS_UPSERT);
  stardeleg_dns_change name = cname(STARDELEG_DNS_UPSERT);
  rig r;

  (void)state;
  alias.name = "www.acme.example.net"; /* where an alias leads */
  start(&r, "uacme", "");
  open_update(&r);
  assert_err(STARDELEG_ERR_UNSUPPORTED, settle(&r, &alias));
  assert_err(STARDELEG_ERR_UNSUPPORTED, settle(&r, &name));
  stop(&r);
  start(&r, "lego", "");
  open_update(&r);
  expect(&r, &alias, "arg=present\narg=www.acme.example.net.\narg=" VALUE "\nend\n");
  assert_err(STARDELEG_ERR_UNSUPPORTED, settle(&r, &name));
  stop(&r);
  assert_true(stardeleg_dns_exec_can("nsupdate", STARDELEG_DNS_CNAME));
  assert_true(stardeleg_dns_exec_can("lexicon", STARDELEG_DNS_CNAME));
  assert_true(stardeleg_dns_exec_can("lego", STARDELEG_DNS_TXT));
  assert_false(stardeleg_dns_exec_can("lego", STARDELEG_DNS_CNAME));
  assert_false(stardeleg_dns_exec_can("certbot", STARDELEG_DNS_TXT));
  assert_false(stardeleg_dns_exec_can("carrier-pigeon", STARDELEG_DNS_TXT));
}

static void refuse(const char *style, const char *program, const char *server, const char *zone, const char *provider)
{
  const char *why = NULL;
  rig r;

  start(&r, style, "");
  r.options.program = program;
  r.options.server = server;
  r.options.zone = zone;
  r.options.provider = provider;
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_dns_exec_new(&r.update, &r.options, &why));
  assert_non_null(why);
  assert_true(why[0] != '\0');
  stop(&r);
}

static void refuses_options(void **state)
{
  (void)state;
  refuse(NULL, HOOK, NULL, NULL, NULL);
  refuse("telepathy", HOOK, NULL, NULL, NULL);
  refuse("exec", NULL, NULL, NULL, NULL);
  refuse("exec", "hook.sh", NULL, NULL, NULL); /* no search by PATH */
  refuse("nsupdate", NULL, "127.0.0.1@", NULL, NULL);
  refuse("nsupdate", NULL, "127.0.0.1@x", NULL, NULL);
  refuse("nsupdate", NULL, "127.0.0.1\nzone x", NULL, NULL);
  refuse("nsupdate", NULL, NULL, "example.org\nsend", NULL);
  refuse("lexicon", NULL, NULL, NULL, "gandi");
  refuse("lexicon", NULL, NULL, "example.org", NULL);
  refuse("lexicon", NULL, NULL, "example.org", "--help");
  refuse("acme.sh", HOOK, NULL, NULL, NULL);
}

/* --- How programs end --- */

static void tells_failures(void **state)
{
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  rig r;

  (void)state;
  start(&r, "exec", "fail");
  open_update(&r);
  assert_err(STARDELEG_ERR_CALLBACK, settle(&r, &add));
  assert_non_null(strstr(r.log, "exit status 3"));
  assert_non_null(strstr(r.log, "no\\x1b[31m way"));
  assert_null(strchr(r.log, '\033'));
  stop(&r);
  start(&r, "exec", "");
  r.options.program = "/nowhere/hook";
  open_update(&r);
  assert_err(STARDELEG_ERR_CALLBACK, settle(&r, &add));
  assert_non_null(strstr(r.log, "cannot be run"));
  stop(&r);
}

static void tries_again(void **state)
{
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  stardeleg_time now = now_ms();
  stardeleg_time ready_at = now;
  char text[8192];
  rig r;

  (void)state;
  start(&r, "lego", "again");
  open_update(&r);
  for (int i = 0; i < 6000 && ready_at - now < 5000; i++) {
    now = ready_at = now_ms();
    assert_ok(r.update->change(r.update->ctx, &add, now, &ready_at));
    sleep_ms(10);
  }
  assert_int_equal(ready_at - now, 5000);
  assert_ok(settle(&r, &add)); /* a new run */
  assert_string_equal(recorded(&r, text), "arg=present\narg=" NAME ".\narg=" VALUE "\nend\narg=present\narg=" NAME
                                          ".\narg=" VALUE "\nend\n");
  stop(&r);
}

static pid_t child_of(const rig *r)
{
  char path[560];
  char text[32] = "";
  int fd;
  ssize_t n = -1;

  (void)snprintf(path, sizeof(path), "%s.child", r->record);
  for (int i = 0; i < HANGING_MS / 20 && n <= 0; i++) {
    fd = open(path, O_RDONLY);
    n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0) {
      (void)close(fd);
    }
    sleep_ms(10);
  }
  return (pid_t)strtoul(text, NULL, 10);
}

/* What the program started goes with it. */
static void kills_the_group(void **state)
{
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  stardeleg_time now = now_ms();
  stardeleg_time ready_at = now;
  pid_t child;
  bool gone = false;
  rig r;

  (void)state;
  start(&r, "exec", "hang");
  r.options.timeout_ms = 3000;
  open_update(&r);
  assert_ok(r.update->change(r.update->ctx, &add, now, &ready_at));
  child = child_of(&r);
  assert_true(child > 1);
  assert_int_equal(kill(child, 0), 0);
  now += 2999;
  ready_at = now;
  assert_ok(r.update->change(r.update->ctx, &add, now, &ready_at));
  now = ready_at = now + 2;
  assert_err(STARDELEG_ERR_CALLBACK, r.update->change(r.update->ctx, &add, now, &ready_at));
  assert_non_null(strstr(r.log, "took too long"));
  for (int i = 0; i < HANGING_MS / 20 && !gone; i++) {
    char path[64];
    char text[512] = "";
    char *word;
    int fd;

    /* Killed, whether init has taken it off the list already or not. */
    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)child);
    fd = open(path, O_RDONLY);
    if (fd >= 0) {
      gone = read(fd, text, sizeof(text) - 1) <= 0;
      (void)close(fd);
    }
    word = strrchr(text, ')');
    gone = gone || fd < 0 || (word != NULL && word[1] != '\0' && word[2] == 'Z');
    sleep_ms(10);
  }
  assert_true(gone);
  stop(&r);
}

/* Output beyond the ceiling is read and dropped: the program is not held up, and memory does not grow. */
static void swallows_noise(void **state)
{
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  rig r;

  (void)state;
  start(&r, "exec", "noisy");
  open_update(&r);
  assert_ok(settle(&r, &add));
  assert_true(strlen(r.log) < 2000);
  stop(&r);
}

static void keeps_within_its_places(void **state)
{
  stardeleg_dns_change changes[3];
  char values[3][8];
  stardeleg_time now = now_ms();
  stardeleg_time ready_at;
  rig r;

  (void)state;
  start(&r, "exec", "hang");
  r.options.processes_max = 2;
  open_update(&r);
  for (size_t i = 0; i < 3; i++) {
    changes[i] = txt(STARDELEG_DNS_UPSERT);
    (void)snprintf(values[i], sizeof(values[i]), "v%zu", i);
    changes[i].value = values[i];
    ready_at = now;
    assert_ok(r.update->change(r.update->ctx, &changes[i], now, &ready_at));
    assert_int_equal(ready_at - now, i < 2 ? 10 : 100);
  }
  assert_true(now_ms() - now < HANGING_MS / 2); /* nobody was waited for */
  assert_true(child_of(&r) > 1);
  stop(&r); /* and both are gone with it */
}

/* Hooks get standard descriptors and nothing of the program's: no database, no sockets. */
static void hands_no_descriptors_on(void **state)
{
  stardeleg_dns_change add = txt(STARDELEG_DNS_UPSERT);
  int leak = open("/dev/zero", O_RDONLY);
  char text[8192];
  rig r;

  (void)state;
  assert_true(leak > 2);
  start(&r, "lego", "");
  open_update(&r);
  assert_ok(settle(&r, &add));
  assert_null(strstr(recorded(&r, text), "/dev/zero"));
  (void)close(leak);
  stop(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(speaks_exec),
      cmocka_unit_test(speaks_the_hooks_of_others),
      cmocka_unit_test(wraps_acme_sh),
      cmocka_unit_test(speaks_certbot),
      cmocka_unit_test(speaks_nsupdate),
      cmocka_unit_test(runs_nothing_hostile),
      cmocka_unit_test(quotes_nothing),
      cmocka_unit_test(knows_its_limits),
      cmocka_unit_test(refuses_options),
      cmocka_unit_test(tells_failures),
      cmocka_unit_test(tries_again),
      cmocka_unit_test(kills_the_group),
      cmocka_unit_test(swallows_noise),
      cmocka_unit_test(keeps_within_its_places),
      cmocka_unit_test(hands_no_descriptors_on),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

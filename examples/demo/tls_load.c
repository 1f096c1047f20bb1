/* SPDX-License-Identifier: Apache-2.0 */
/* demo/tls_load.c -- tls-load: keeps opening fresh TLS connections and tells what it saw. */
#include "demo/tls_load.h"

#include "common/clock.h"
#include "common/listener.h"
#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 64
/* After the first refusal it goes on for so long: none may succeed any more. */
#define LINGER_MS 2000

typedef struct settings {
  const char *connect;
  const char *name;
  const char *root;
  const char *summary;
  long threads;
  long pause_ms;
  long seconds; /* 0: until a signal */
  bool until_refused;
} settings;

typedef struct load {
  probe_target target;
  tally *results;
  long pause_ms;
  atomic_int over;
} load;

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
  (void)number;
  ended = 1;
}

static int usage(void)
{
  (void)fprintf(
      stderr,
      "usage: tls-load --connect HOST:PORT --name NAME --root FILE --summary FILE [--threads N] [--pause-ms N]\n"
      "                [--seconds N] [--until-refused]\n"
      "Opens fresh TLS 1.3 connections until SIGTERM or for N seconds; 0 if all of them succeeded.\n"
      "--until-refused: they shall begin to be refused; 0 if then none succeeds any more.\n");
  return 2;
}

static int read_number(long *out, const char *text, long min, long max)
{
  char *end = NULL;
  intmax_t value;

  errno = 0;
  value = strtoimax(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < min || value > max) {
    return -1;
  }
  *out = (long)value;
  return 0;
}

static int read_pair(settings *out, const char *option, const char *value)
{
  const struct {
    const char *option;
    const char **text;
    long *number;
    long min;
    long max;
  } table[] = {
      {"--connect", &out->connect, NULL, 0, 0},
      {"--name", &out->name, NULL, 0, 0},
      {"--root", &out->root, NULL, 0, 0},
      {"--summary", &out->summary, NULL, 0, 0},
      {"--threads", NULL, &out->threads, 1, THREADS_MAX},
      {"--pause-ms", NULL, &out->pause_ms, 0, 60000},
      {"--seconds", NULL, &out->seconds, 0, 86400 * 30},
  };

  for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
    if (strcmp(option, table[i].option) != 0) {
      continue;
    }
    if (table[i].text != NULL) {
      *table[i].text = value;
      return 0;
    }
    return read_number(table[i].number, value, table[i].min, table[i].max);
  }
  return -1;
}

static int read_arguments(settings *out, int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--until-refused") == 0) {
      out->until_refused = true;
    } else if (i + 1 == argc || read_pair(out, argv[i], argv[i + 1]) != 0) {
      return -1;
    } else {
      i++;
    }
  }
  return out->connect != NULL && out->name != NULL && out->root != NULL && out->summary != NULL ? 0 : -1;
}

static void nap(long ms)
{
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

  (void)nanosleep(&time, NULL);
}

static void *hammer(void *ctx)
{
  load *all = ctx;
  probe_result result;

  do { /* once at least, however short the time */
    probe(&all->target, &result);
    tally_add(all->results, &result);
    nap(all->pause_ms);
  } while (atomic_load(&all->over) == 0);
  OPENSSL_thread_stop();
  return NULL;
}

/* Sleeps until it is time to end. */
static void watch(const settings *with, tally *results)
{
  int64_t end = with->seconds > 0 ? clock_ticks() + (int64_t)with->seconds * 1000 : INT64_MAX;

  while (!ended && clock_ticks() < end) {
    if (with->until_refused && tally_first_refusal(results) != STARDELEG_TIME_NONE && end > clock_ticks() + LINGER_MS) {
      end = clock_ticks() + LINGER_MS;
    }
    nap(50);
  }
}

static bool is_ok(const settings *with, const tally *results)
{
  if (results->good == 0 || results->failed > 0) {
    return false;
  }
  if (with->until_refused) {
    return results->refused > 0 && results->good_after_refusal == 0;
  }
  return results->refused == 0;
}

static int run(const settings *with, load *all)
{
  pthread_t threads[THREADS_MAX];
  long started = 0;
  bool ok;

  while (started < with->threads && pthread_create(&threads[started], NULL, hammer, all) == 0) {
    started++;
  }
  if (started > 0) {
    watch(with, all->results);
  }
  atomic_store(&all->over, 1);
  for (long i = 0; i < started; i++) {
    (void)pthread_join(threads[i], NULL);
  }
  ok = started == with->threads && is_ok(with, all->results);
  log_line(STARDELEG_LOG_INFO, "tls-load.end", "ok=%s handshakes=%" PRIu64 " failures=%" PRIu64 " refusals=%" PRIu64,
           ok ? "true" : "false", all->results->good, all->results->failed, all->results->refused);
  if (tally_write(all->results, with->summary, ok) != 0) {
    (void)fprintf(stderr, "tls-load: cannot write %s\n", with->summary);
    return 1;
  }
  return ok ? 0 : 1;
}

static int catch_signals(void)
{
  struct sigaction action;

  memset(&action, 0, sizeof(action));
  action.sa_handler = on_signal;
  if (sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0) {
    return -1;
  }
  action.sa_handler = SIG_IGN;
  return sigaction(SIGPIPE, &action, NULL);
}

int main(int argc, char **argv)
{
  settings with = {.threads = 4, .pause_ms = 5};
  char host[256];
  char port[8];
  load all;
  int rv;

  memset(&all, 0, sizeof(all));
  if (read_arguments(&with, argc, argv) != 0 ||
      address_split(with.connect, host, sizeof(host), port, sizeof(port)) != 0) {
    return usage();
  }
  all.target.host = host;
  all.target.port = port;
  all.target.name = with.name;
  all.target.tls = probe_context(with.root);
  all.pause_ms = with.pause_ms;
  all.results = malloc(sizeof(*all.results));
  if (all.target.tls == NULL || all.results == NULL || catch_signals() != 0) {
    (void)fprintf(stderr, "tls-load: cannot read %s\n", with.root);
    SSL_CTX_free(all.target.tls);
    free(all.results);
    return 1;
  }
  tally_init(all.results);
  rv = run(&with, &all);
  (void)pthread_mutex_destroy(&all.results->lock);
  free(all.results);
  SSL_CTX_free(all.target.tls);
  return rv;
}

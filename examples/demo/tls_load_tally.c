/* SPDX-License-Identifier: Apache-2.0 */
/* demo/tls_load_tally.c -- counts what came of the handshakes. */
#include "demo/tls_load.h"

#include "common/clock.h"
#include "common/files.h"
#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void tally_init(tally *all)
{
  memset(all, 0, sizeof(*all));
  (void)pthread_mutex_init(&all->lock, NULL);
  all->started_at = clock_now(NULL);
  all->first_good_at = all->last_good_at = all->last_good_begun_at = all->first_refused_at = STARDELEG_TIME_NONE;
}

static void count_serial(tally *all, const probe_result *result)
{
  char before[CLOCK_TEXT_SIZE];
  char after[CLOCK_TEXT_SIZE];
  size_t at = all->serial_count;

  /* from the end: the newest is the one in use */
  while (at > 0 && strcmp(all->serials[at - 1].serial, result->serial) != 0) {
    at--;
  }
  if (at > 0) {
    all->serials[at - 1].count++;
    all->serials[at - 1].last_at = result->ended_at;
    return;
  }
  clock_write(before, result->not_before);
  clock_write(after, result->not_after);
  log_line(STARDELEG_LOG_INFO, "tls-load.serial", "serial=%s not_before=%s not_after=%s", result->serial, before,
           after);
  if (all->serial_count < SERIALS_MAX) {
    at = all->serial_count++;
    (void)snprintf(all->serials[at].serial, SERIAL_SIZE, "%s", result->serial);
    all->serials[at].not_before = result->not_before;
    all->serials[at].not_after = result->not_after;
    all->serials[at].first_at = all->serials[at].last_at = result->ended_at;
    all->serials[at].count = 1;
  }
}

static void count_reason(tally *all, const probe_result *result)
{
  size_t at = 0;

  while (at < all->reason_count && strcmp(all->reasons[at].reason, result->reason) != 0) {
    at++;
  }
  if (at == all->reason_count) {
    if (at == REASONS_MAX) {
      return;
    }
    log_line(STARDELEG_LOG_WARNING, "tls-load.failure", "%s", result->reason);
    (void)snprintf(all->reasons[at].reason, REASON_SIZE, "%s", result->reason);
    all->reason_count++;
  }
  all->reasons[at].count++;
}

void tally_add(tally *all, const probe_result *result)
{
  (void)pthread_mutex_lock(&all->lock);
  if (result->end == PROBE_GOOD) {
    all->good++;
    if (all->first_good_at == STARDELEG_TIME_NONE) {
      all->first_good_at = result->ended_at;
    }
    if (all->last_good_at == STARDELEG_TIME_NONE || result->ended_at > all->last_good_at) {
      all->last_good_at = result->ended_at;
    }
    if (all->last_good_begun_at == STARDELEG_TIME_NONE || result->begun_at > all->last_good_begun_at) {
      all->last_good_begun_at = result->begun_at;
    }
    if (all->first_refused_at != STARDELEG_TIME_NONE && result->begun_at > all->first_refused_at) {
      all->good_after_refusal++;
    }
    count_serial(all, result);
  } else {
    all->refused += result->end == PROBE_REFUSED ? 1 : 0;
    all->failed += result->end == PROBE_FAILED ? 1 : 0;
    if (result->end == PROBE_REFUSED &&
        (all->first_refused_at == STARDELEG_TIME_NONE || result->ended_at < all->first_refused_at)) {
      all->first_refused_at = result->ended_at;
    }
    count_reason(all, result);
  }
  (void)pthread_mutex_unlock(&all->lock);
}

stardeleg_time tally_first_refusal(tally *all)
{
  stardeleg_time at;

  (void)pthread_mutex_lock(&all->lock);
  at = all->first_refused_at;
  (void)pthread_mutex_unlock(&all->lock);
  return at;
}

static void write_time(FILE *out, const char *name, stardeleg_time at, const char *end)
{
  char text[CLOCK_TEXT_SIZE];

  if (at == STARDELEG_TIME_NONE) {
    (void)fprintf(out, "  \"%s\": null%s\n", name, end);
    return;
  }
  clock_write(text, at);
  (void)fprintf(out, "  \"%s\": \"%s\"%s\n", name, text, end);
}

/* Reasons hold text of libraries and the system: quotes and what is not plain become "?". */
static void write_text(FILE *out, const char *text)
{
  (void)fputc('"', out);
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;

    (void)fputc(c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? '?' : c, out);
  }
  (void)fputc('"', out);
}

static void write_serials(FILE *out, const tally *all)
{
  char text[4][CLOCK_TEXT_SIZE];

  (void)fprintf(out, "  \"serials\": [");
  for (size_t i = 0; i < all->serial_count; i++) {
    clock_write(text[0], all->serials[i].not_before);
    clock_write(text[1], all->serials[i].not_after);
    clock_write(text[2], all->serials[i].first_at);
    clock_write(text[3], all->serials[i].last_at);
    (void)fprintf(out,
                  "%s\n    {\"serial\": \"%s\", \"not_before\": \"%s\", \"not_after\": \"%s\", \"first_seen\": \"%s\", "
                  "\"last_seen\": \"%s\", \"handshakes\": %" PRIu64 "}",
                  i > 0 ? "," : "", all->serials[i].serial, text[0], text[1], text[2], text[3], all->serials[i].count);
  }
  (void)fprintf(out, "%s],\n", all->serial_count > 0 ? "\n  " : "");
}

static void write_summary(FILE *out, const tally *all, bool ok)
{
  (void)fprintf(out,
                "{\n  \"ok\": %s,\n  \"handshakes\": %" PRIu64 ",\n  \"failures\": %" PRIu64
                ",\n  \"refusals\": %" PRIu64 ",\n  \"successes_after_refusal\": %" PRIu64 ",\n",
                ok ? "true" : "false", all->good, all->failed, all->refused, all->good_after_refusal);
  write_time(out, "started_at", all->started_at, ",");
  write_time(out, "ended_at", all->ended_at, ",");
  write_time(out, "first_success_at", all->first_good_at, ",");
  write_time(out, "last_success_at", all->last_good_at, ",");
  write_time(out, "last_success_began_at", all->last_good_begun_at, ",");
  write_time(out, "first_refusal_at", all->first_refused_at, ",");
  (void)fprintf(out, "  \"distinct_serials\": %zu,\n", all->serial_count);
  write_serials(out, all);
  (void)fprintf(out, "  \"reasons\": {");
  for (size_t i = 0; i < all->reason_count; i++) {
    (void)fprintf(out, "%s", i > 0 ? ", " : "");
    write_text(out, all->reasons[i].reason);
    (void)fprintf(out, ": %" PRIu64, all->reasons[i].count);
  }
  (void)fprintf(out, "}\n}\n");
}

int tally_write(tally *all, const char *path, bool ok)
{
  char *text = NULL;
  size_t len = 0;
  FILE *out = open_memstream(&text, &len);
  int rv;

  if (out == NULL) {
    return errno;
  }
  (void)pthread_mutex_lock(&all->lock);
  all->ended_at = clock_now(NULL);
  write_summary(out, all, ok);
  (void)pthread_mutex_unlock(&all->lock);
  rv = fclose(out) == 0 ? file_write(path, text, len, 0644) : ENOMEM;
  free(text);
  return rv;
}

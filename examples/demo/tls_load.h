/* SPDX-License-Identifier: Apache-2.0 */
/* demo/tls_load.h -- what the files of tls-load share. */
#ifndef EXAMPLE_DEMO_TLS_LOAD_H
#define EXAMPLE_DEMO_TLS_LOAD_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stardeleg/base.h>
#include <stdbool.h>
#include <stdio.h>

#define SERIAL_SIZE 64
#define REASON_SIZE 160
#define SERIALS_MAX 4096
#define REASONS_MAX 32

/* How one handshake ended. */
typedef enum probe_end {
  PROBE_GOOD = 0,
  PROBE_REFUSED, /* the server answered "unrecognized name": there is no certificate for it any more */
  PROBE_FAILED
} probe_end;

typedef struct probe_result {
  probe_end end;
  stardeleg_time begun_at;
  stardeleg_time ended_at;
  char serial[SERIAL_SIZE];
  stardeleg_time not_before;
  stardeleg_time not_after;
  char reason[REASON_SIZE]; /* if it did not end well */
} probe_result;

typedef struct probe_target {
  const char *host;
  const char *port;
  const char *name;
  SSL_CTX *tls;
} probe_target;

/* A context that trusts |root_file| alone and resumes nothing; NULL: it cannot be read. */
SSL_CTX *probe_context(const char *root_file);
/* One fresh connection: handshake, verification, one request, its answer. */
void probe(const probe_target *target, probe_result *result);

/* All results together.  Any thread. */
typedef struct tally {
  pthread_mutex_t lock;
  stardeleg_time started_at;
  stardeleg_time ended_at;
  uint64_t good;
  uint64_t refused;
  uint64_t failed;
  uint64_t good_after_refusal; /* begun after the first refusal, and yet served */
  stardeleg_time first_good_at;
  stardeleg_time last_good_at;
  stardeleg_time last_good_begun_at; /* of those that were served, the last to begin */
  stardeleg_time first_refused_at;
  size_t serial_count;
  struct {
    char serial[SERIAL_SIZE];
    stardeleg_time not_before;
    stardeleg_time not_after;
    stardeleg_time first_at;
    stardeleg_time last_at;
    uint64_t count;
  } serials[SERIALS_MAX];
  size_t reason_count;
  struct {
    char reason[REASON_SIZE];
    uint64_t count;
  } reasons[REASONS_MAX];
} tally;

void tally_init(tally *all);
/* Adds |result|; logs the first handshake with each serial number and the first failure of each kind. */
void tally_add(tally *all, const probe_result *result);
stardeleg_time tally_first_refusal(tally *all);
/* Writes the summary as JSON, replacing |path|.  Returns 0 or an errno value. */
int tally_write(tally *all, const char *path, bool ok);

#endif /* EXAMPLE_DEMO_TLS_LOAD_H */

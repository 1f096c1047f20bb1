/* SPDX-License-Identifier: Apache-2.0 */
/* transport/script.h -- an engine that asks for a list of requests at once and keeps what came of them. */
#ifndef SDG_TESTS_TRANSPORT_SCRIPT_H
#define SDG_TESTS_TRANSPORT_SCRIPT_H

#include <pthread.h>
#include <stdbool.h>
#include <stardeleg/curl.h>

#define SCRIPT_MAX 600

/* One request and its outcome. */
typedef struct script_step {
  char url[300];
  const char *method;
  const char *body;
  const stardeleg_http_header *headers;
  size_t header_count;
  size_t response_max;
  bool answered;
  stardeleg_transport_failure failure;
  char text[400];
  int status;
  char names[110][80];
  char values[110][200];
  size_t fields;
  char *answer; /* body, NUL-terminated */
  size_t answer_len;
} script_step;

typedef struct script {
  script_step *steps;
  size_t count;
  size_t asked;
  size_t answers;
  int next_calls;
  int wrong_calls;              /* of what the protocol forbids */
  stardeleg_time until;         /* of its WAIT; NEVER by default */
  stardeleg_err next_errors[4]; /* answered by next() first, until OK */
  size_t next_error_at;
  stardeleg_err answer_error; /* answered once by answer() */
  bool in_call;
} script;

void script_init(script *list);
void script_clear(script *list);
/* Adds "METHOD http://127.0.0.1:<port><path>". */
script_step *script_add(script *list, const char *method, uint16_t port, const char *path);
/* Adds one with the URL as it is. */
script_step *script_add_url(script *list, const char *method, const char *url);
stardeleg_engine script_engine(script *list);
/* For stardeleg_curl_run(): nonzero once all are answered. */
int script_done(void *list);
/* The value of the first field called so; NULL: there is none. */
const char *script_field(const script_step *step, const char *name);

/* Options for tests: plain http, short timeouts. */
void script_options(stardeleg_curl_options *options);
/* Runs all of |list| under a driver of its own. */
void script_run(script *list, const stardeleg_curl_options *options);

#endif /* SDG_TESTS_TRANSPORT_SCRIPT_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* acme-client/solver.c -- meets challenges. */
#include "acme-client/solver.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stardeleg/responder.h>
#include "acme-client/tls_responder.h"
#include "common/clock.h"
#include "common/httpd.h"
#include "common/log.h"

#define ANSWERS_MAX 128
#define HOOK_MS 30000
#define TYPES 5

/* What http-01 answers for a token. */
typedef struct answer {
  char token[257];
  char text[512];
  int asked;
} answer;

struct solver {
  stardeleg_solver table;
  const stardeleg_crypto *crypto;
  const char **types; /* by preference */
  const char *dns_hook;
  int64_t dns_delay_ms;
  stardeleg_time dns_ready_at; /* of the record under way */
  char dns_value[300];
  httpd *http;
  tls_responder *tls;
  pthread_mutex_t lock;
  answer answers[ANSWERS_MAX];
};

/* --- http-01 --- */

static stardeleg_err find_answer(void *ctx, const char *token, char *out, size_t size)
{
  solver *s = ctx;
  stardeleg_err err = STARDELEG_ERR_NOT_FOUND;

  (void)pthread_mutex_lock(&s->lock);
  for (size_t i = 0; i < ANSWERS_MAX; i++) {
    if (s->answers[i].token[0] != '\0' && strcmp(s->answers[i].token, token) == 0) {
      (void)snprintf(out, size, "%s", s->answers[i].text);
      s->answers[i].asked = 1;
      err = STARDELEG_OK;
    }
  }
  (void)pthread_mutex_unlock(&s->lock);
  return err;
}

static int handle(void *ctx, const stardeleg_http_request *request, stardeleg_http_reply **reply)
{
  return stardeleg_http01_answer(reply, request, find_answer, ctx) == STARDELEG_OK ? 0 : -1;
}

/* |text| NULL takes the answer away. */
static int set_answer(solver *s, const char *token, const char *text)
{
  answer *room = NULL;

  (void)pthread_mutex_lock(&s->lock);
  for (size_t i = 0; i < ANSWERS_MAX; i++) {
    if (strcmp(s->answers[i].token, token) == 0) {
      room = &s->answers[i];
      break;
    }
    if (room == NULL && s->answers[i].token[0] == '\0') {
      room = &s->answers[i];
    }
  }
  if (room != NULL) {
    (void)snprintf(room->token, sizeof(room->token), "%s", text != NULL ? token : "");
    (void)snprintf(room->text, sizeof(room->text), "%s", text != NULL ? text : "");
    room->asked = 0;
  }
  (void)pthread_mutex_unlock(&s->lock);
  return room != NULL ? 0 : -1;
}

/* --- The dns types --- */

/* Waits for |pid|; what takes too long is ended.  Returns its exit code or -1. */
static int wait_for(pid_t pid)
{
  int64_t until = clock_ticks() + HOOK_MS;
  int status = 0;
  pid_t got;

  while ((got = waitpid(pid, &status, WNOHANG)) == 0) {
    if (clock_ticks() > until) {
      (void)kill(pid, SIGKILL);
      (void)waitpid(pid, &status, 0);
      return -1;
    }
    (void)poll(NULL, 0, 20);
  }
  return got == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* No shell: what the CA says is an argument and nothing else. */
static int run_hook(const solver *s, const char *what, const stardeleg_challenge *challenge)
{
  pid_t pid = fork();
  int rc;

  if (pid == 0) {
    (void)execl(s->dns_hook, s->dns_hook, what, challenge->record_name, challenge->record_value, (char *)NULL);
    _exit(127);
  }
  rc = pid > 0 ? wait_for(pid) : -1;
  if (rc != 0) {
    log_line(STARDELEG_LOG_WARNING, "client.hook", "%s %s %s: exit %d", s->dns_hook, what, challenge->record_name, rc);
  }
  return rc;
}

static stardeleg_err present_dns(solver *s, const stardeleg_challenge *challenge, stardeleg_time now,
                                 stardeleg_time *ready_at)
{
  if (strcmp(s->dns_value, challenge->record_value) != 0) {
    if (run_hook(s, "present", challenge) != 0) {
      return STARDELEG_ERR_CALLBACK;
    }
    (void)snprintf(s->dns_value, sizeof(s->dns_value), "%s", challenge->record_value);
    s->dns_ready_at = now + s->dns_delay_ms;
  }
  *ready_at = s->dns_ready_at > now ? s->dns_ready_at : now;
  return STARDELEG_OK;
}

/* --- tls-alpn-01 --- */

static stardeleg_err present_tls(solver *s, const stardeleg_challenge *challenge, stardeleg_time now)
{
  char name[STARDELEG_SERVER_NAME_SIZE];
  stardeleg_key *key = NULL;
  char *cert_pem = NULL;
  char *key_pem = NULL;
  size_t cert_len = 0;
  size_t key_len = 0;
  stardeleg_err err = stardeleg_tls_alpn01_server_name(name, challenge);

  if (err == STARDELEG_OK) {
    err = stardeleg_key_generate(&key, s->crypto, STARDELEG_KEY_P256);
  }
  if (err == STARDELEG_OK) {
    err = stardeleg_tls_alpn01_certificate(&cert_pem, &cert_len, key, challenge, now);
  }
  if (err == STARDELEG_OK) {
    err = stardeleg_key_export_pem(key, &key_pem, &key_len);
  }
  if (err == STARDELEG_OK && tls_responder_add(s->tls, name, cert_pem, key_pem) != 0) {
    err = STARDELEG_ERR_CALLBACK;
  }
  stardeleg_key_free(key);
  stardeleg_secret_free(key_pem, key_len);
  free(cert_pem);
  return err;
}

/* --- The solver --- */

static int can_meet(const solver *s, const char *type)
{
  if (strcmp(type, "http-01") == 0) {
    return s->http != NULL;
  }
  if (strcmp(type, "tls-alpn-01") == 0) {
    return s->tls != NULL;
  }
  return strncmp(type, "dns-", 4) == 0 && s->dns_hook != NULL;
}

static int can_solve(void *ctx, const char *type, const char *identifier_type)
{
  const solver *s = ctx;

  if (strcmp(identifier_type, "dns") != 0 && (strcmp(identifier_type, "ip") != 0 || strncmp(type, "dns-", 4) == 0)) {
    return 0;
  }
  for (int i = 0; i < TYPES && s->types != NULL && s->types[i] != NULL; i++) {
    if (strcmp(s->types[i], type) == 0) {
      return can_meet(s, type) != 0 ? TYPES - i : 0;
    }
  }
  return s->types == NULL ? can_meet(s, type) : 0;
}

static stardeleg_err present(void *ctx, const stardeleg_challenge *challenge, stardeleg_time now,
                             stardeleg_time *ready_at)
{
  solver *s = ctx;

  if (strcmp(challenge->type, "http-01") == 0) {
    return set_answer(s, challenge->token, challenge->key_authorization) == 0 ? STARDELEG_OK : STARDELEG_ERR_CALLBACK;
  }
  if (strcmp(challenge->type, "tls-alpn-01") == 0) {
    return present_tls(s, challenge, now);
  }
  return present_dns(s, challenge, now, ready_at);
}

static void cleanup(void *ctx, const stardeleg_challenge *challenge)
{
  solver *s = ctx;
  char name[STARDELEG_SERVER_NAME_SIZE];

  if (strcmp(challenge->type, "http-01") == 0) {
    (void)set_answer(s, challenge->token, NULL);
  } else if (strcmp(challenge->type, "tls-alpn-01") == 0) {
    if (stardeleg_tls_alpn01_server_name(name, challenge) == STARDELEG_OK) {
      tls_responder_remove(s->tls, name);
    }
  } else {
    s->dns_value[0] = '\0';
    (void)run_hook(s, "cleanup", challenge);
  }
}

static int was_asked(solver *s, const char *token)
{
  int asked = 0;

  (void)pthread_mutex_lock(&s->lock);
  for (size_t i = 0; i < ANSWERS_MAX; i++) {
    if (strcmp(s->answers[i].token, token) == 0) {
      asked = s->answers[i].asked;
    }
  }
  (void)pthread_mutex_unlock(&s->lock);
  return asked;
}

/* Whoever asks the name servers of the hook is not seen here. */
static int seen(void *ctx, const stardeleg_challenge *challenge)
{
  solver *s = ctx;
  char name[STARDELEG_SERVER_NAME_SIZE];

  if (strcmp(challenge->type, "http-01") == 0) {
    return was_asked(s, challenge->token);
  }
  if (strcmp(challenge->type, "tls-alpn-01") != 0 ||
      stardeleg_tls_alpn01_server_name(name, challenge) != STARDELEG_OK) {
    return 1;
  }
  return tls_responder_asked(s->tls, name);
}

static int start_http(solver *s, const char *where)
{
  httpd_options options;
  char error[HTTPD_ERROR_SIZE];

  httpd_options_default(&options);
  options.listen = where;
  options.threads = 1;
  options.handle = handle;
  options.ctx = s;
  if (httpd_start(&s->http, &options, error) != 0) {
    (void)fprintf(stderr, "cannot answer http-01 at %s: %s\n", where, error);
    return -1;
  }
  return 0;
}

solver *solver_start(const config *cfg, const stardeleg_crypto *crypto)
{
  const char *http = config_text(cfg, "http-listen", NULL);
  const char *tls = config_text(cfg, "tls-listen", NULL);
  solver *s = calloc(1, sizeof(*s));
  uint16_t port = 0;

  if (s == NULL) {
    return NULL;
  }
  (void)pthread_mutex_init(&s->lock, NULL);
  s->table = (stardeleg_solver){sizeof(s->table), s, can_solve, present, cleanup, seen};
  s->crypto = crypto;
  s->types = config_texts(cfg, "challenges");
  s->dns_hook = config_text(cfg, "dns-hook", NULL);
  s->dns_delay_ms = config_int(cfg, "dns-delay-ms", 0);
  s->tls = tls != NULL ? tls_responder_start(tls, &port) : NULL;
  if ((http != NULL && start_http(s, http) != 0) || (tls != NULL && s->tls == NULL)) {
    solver_stop(s);
    return NULL;
  }
  return s;
}

const stardeleg_solver *solver_table(const solver *s)
{
  return &s->table;
}

void solver_stop(solver *s)
{
  if (s == NULL) {
    return;
  }
  httpd_stop(s->http, 0);
  tls_responder_stop(s->tls);
  (void)pthread_mutex_destroy(&s->lock);
  free(s->types);
  free(s);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* edge/connection.c -- one connection: handshake, one request, one answer. */
#include "edge/connection.h"

#include "common/clock.h"
#include "edge/certificate_file.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define HANDSHAKE_MS 5000
#define REQUEST_MS 10000

connection *connection_new(SSL_CTX *tls, int fd)
{
  connection *made = calloc(1, sizeof(*made));

  if (made == NULL) {
    (void)close(fd);
    return NULL;
  }
  made->fd = fd;
  made->ssl = SSL_new(tls);
  if (made->ssl == NULL || SSL_set_fd(made->ssl, fd) != 1) {
    connection_free(made);
    return NULL;
  }
  SSL_set_accept_state(made->ssl);
  made->until = clock_ticks() + HANDSHAKE_MS;
  return made;
}

void connection_free(connection *held)
{
  SSL_free(held->ssl);
  (void)close(held->fd);
  free(held);
}

static void write_answer(connection *held)
{
  const char *name = SSL_get_servername(held->ssl, TLSEXT_NAMETYPE_host_name);
  X509 *leaf = SSL_get_certificate(held->ssl);
  char serial[SERIAL_TEXT_SIZE] = "";
  char before[CLOCK_TEXT_SIZE];
  char after[CLOCK_TEXT_SIZE];
  char body[ANSWER_SIZE / 2];
  stardeleg_time not_before = 0;
  stardeleg_time not_after = 0;
  int head = strncmp(held->request, "HEAD ", 5) == 0;
  int len;

  if (leaf != NULL) {
    certificate_describe(leaf, serial, &not_before, &not_after);
  }
  clock_write(before, not_before);
  clock_write(after, not_after);
  len = snprintf(body, sizeof(body), "name=%.255s\nserial=%s\nnot_before=%s\nnot_after=%s\n", name != NULL ? name : "",
                 serial, before, after);
  len = snprintf(held->answer, sizeof(held->answer),
                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
                 "Cache-Control: no-store\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
                 len, head ? "" : body);
  held->answer_len = len > 0 && (size_t)len < sizeof(held->answer) ? (size_t)len : 0;
}

/* After a call that answered |result| <= 0: what to wait for; 0: it is over. */
static uint32_t explain(connection *held, int result)
{
  int error = SSL_get_error(held->ssl, result);

  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) {
    return EPOLLIN;
  }
  if (error == SSL_ERROR_WANT_WRITE) {
    return EPOLLOUT;
  }
  held->step = STEP_END;
  return 0;
}

static uint32_t do_handshake(connection *held)
{
  int result = SSL_accept(held->ssl);

  if (result <= 0) {
    return explain(held, result);
  }
  held->step = STEP_READ;
  held->until = clock_ticks() + REQUEST_MS;
  return 0;
}

static uint32_t do_read(connection *held)
{
  size_t room = sizeof(held->request) - 1 - held->request_len;
  int result = room > 0 ? SSL_read(held->ssl, held->request + held->request_len, (int)room) : 0;

  if (room == 0) {
    held->step = STEP_END; /* nobody needs so much to ask for so little */
    return 0;
  }
  if (result <= 0) {
    return explain(held, result);
  }
  held->request_len += (size_t)result;
  held->request[held->request_len] = '\0';
  if (strstr(held->request, "\r\n\r\n") != NULL) {
    write_answer(held);
    held->step = STEP_WRITE;
  }
  return 0;
}

static uint32_t do_write(connection *held)
{
  int result = SSL_write(held->ssl, held->answer + held->answer_at, (int)(held->answer_len - held->answer_at));

  if (result <= 0) {
    return explain(held, result);
  }
  held->answer_at += (size_t)result;
  if (held->answer_at == held->answer_len) {
    held->step = STEP_CLOSE;
  }
  return 0;
}

static uint32_t do_close(connection *held)
{
  int result = SSL_shutdown(held->ssl); /* our close_notify; the other one is not waited for */

  held->step = result >= 0 ? STEP_END : held->step;
  return result >= 0 ? 0 : explain(held, result);
}

uint32_t connection_work(connection *held)
{
  static uint32_t (*const steps[])(connection *) = {do_handshake, do_read, do_write, do_close};
  uint32_t wanted = 0;

  ERR_clear_error();
  while (held->step != STEP_END && wanted == 0) {
    wanted = steps[held->step](held);
  }
  return held->step == STEP_END ? 0 : wanted;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* transport/fault_replies.c -- the ways to misbehave. */
#include "support/test.h"

#include "fault_server.h"

#include <sys/socket.h>
#include <time.h>

static bool send_all(const fault_call *call, const void *data, size_t len)
{
  const char *at = data;

  while (len > 0 && atomic_load(call->stopping) == 0) {
    ssize_t put = send(call->fd, at, len, MSG_NOSIGNAL);

    if (put <= 0) {
      return false;
    }
    at += put;
    len -= (size_t)put;
  }
  return len == 0;
}

static bool send_text(const fault_call *call, const char *text)
{
  return send_all(call, text, strlen(text));
}

static void nap(int ms)
{
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

  (void)nanosleep(&time, NULL);
}

static bool reply_chunked_flood(const fault_call *call)
{
  static char chunk[4096];

  memset(chunk, 'x', sizeof(chunk));
  (void)send_text(call, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 100; i++) { /* 409,600 bytes */
    if (!send_text(call, "1000\r\n") || !send_all(call, chunk, sizeof(chunk)) || !send_text(call, "\r\n")) {
      return false;
    }
  }
  return send_text(call, "0\r\n\r\n");
}

static bool reply_big_header(const fault_call *call)
{
  static char part[65536];

  memset(part, 'h', sizeof(part));
  (void)send_text(call, "HTTP/1.1 200 OK\r\nX-Big: ");
  for (int i = 0; i < 160; i++) { /* 10 MB */
    if (!send_all(call, part, sizeof(part))) {
      return false;
    }
  }
  (void)send_text(call, "\r\nContent-Length: 0\r\n\r\n");
  return false;
}

static bool send_headers(const fault_call *call, int count)
{
  char line[64];

  (void)send_text(call, "HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < count; i++) {
    (void)snprintf(line, sizeof(line), "X-%d: %d\r\n", i, i);
    if (!send_text(call, line)) {
      return false;
    }
  }
  return send_text(call, "Content-Length: 2\r\n\r\nok");
}

static bool reply_header_flood(const fault_call *call)
{
  return send_headers(call, 200000);
}

static bool reply_100_headers(const fault_call *call)
{
  return send_headers(call, 99); /* and Content-Length */
}

static bool reply_101_headers(const fault_call *call)
{
  return send_headers(call, 100);
}

static bool reply_interim_flood(const fault_call *call)
{
  while (send_text(call, "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")) {
  }
  return false;
}

static bool drip(const fault_call *call, const char *text)
{
  while (send_text(call, text)) {
    nap(20);
  }
  return false;
}

static bool reply_drip_body(const fault_call *call)
{
  return send_text(call, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n") && drip(call, "b");
}

static bool reply_drip_head(const fault_call *call)
{
  return send_text(call, "HTTP/1.1 200 OK\r\nX-Slow: ") && drip(call, "h");
}

static bool reply_silent(const fault_call *call)
{
  char byte;

  return recv(call->fd, &byte, 1, 0) > 0 && false; /* until the client goes away */
}

static bool reply_reset(const fault_call *call)
{
  struct linger now = {.l_onoff = 1, .l_linger = 0};

  (void)setsockopt(call->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  return false;
}

static bool reply_reset_in_body(const fault_call *call)
{
  (void)send_text(call, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  nap(50);
  return reply_reset(call);
}

static bool reply_slow(const fault_call *call)
{
  nap(100);
  return send_text(call, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow");
}

static bool reply_5000(const fault_call *call)
{
  char body[5000];

  memset(body, 'q', sizeof(body));
  (void)send_text(call, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
  return strcmp(call->method, "HEAD") == 0 || send_all(call, body, sizeof(body));
}

static const struct {
  const char *path;
  const char *text; /* whole answer; NULL: |fn| */
  bool (*fn)(const fault_call *call);
  bool keep;
} replies[] = {
    {"/ok",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nReplay-Nonce: abc\r\nX-Spaces: \t padded \t \r\nX-Empty:\r\n"
     "X-Twice: 1\r\nx-twice: 2\r\n\r\nhello",
     NULL, true},
    {"/truncated", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", NULL, false},
    {"/truncated-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this", NULL, false},
    {"/truncated-head", "HTTP/1.1 200 OK\r\nContent-Le", NULL, false},
    {"/long", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more than announced", NULL, false},
    {"/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", NULL, false},
    {"/announced", "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n", NULL, false},
    {"/garbage", "SSH-2.0-OpenSSH_9.2\r\n", NULL, false},
    {"/http09", "<html>no status line</html>", NULL, false},
    {"/nothing", "", NULL, false},
    {"/nul", NULL, NULL, false},
    {"/redirect",
     "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n", NULL,
     true},
    {"/interim",
     "HTTP/1.1 100 Continue\r\nReplay-Nonce: wrong\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </wrong>\r\n\r\n"
     "HTTP/1.1 201 Created\r\nReplay-Nonce: right\r\nContent-Length: 2\r\n\r\nok",
     NULL, true},
    {"/empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL, true},
    {"/204", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", NULL, true},
    {"/head", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nReplay-Nonce: n1\r\n\r\n", NULL, true},
    {"/trailers",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nReplay-Nonce: head\r\n\r\n2\r\nok\r\n0\r\n"
     "Replay-Nonce: trailer\r\n\r\n",
     NULL, true},
    {"/folded", "HTTP/1.1 200 OK\r\nX-Folded: one\r\n  two\r\n\tthree\r\nContent-Length: 0\r\n\r\n", NULL, true},
    {"/odd-lines", "HTTP/1.1 200 OK\r\nBad Name: x\r\n folded onto bad\r\nX-Good: y\r\nContent-Length: 0\r\n\r\n", NULL,
     true},
    {"/gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot a zip", NULL, true},
    {"/cookie", "HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/\r\nContent-Length: 0\r\n\r\n", NULL, true},
    {"/lf-only", "HTTP/1.1 200 OK\nContent-Length: 2\nX-A: b\n\nok", NULL, true},
    {"/error-text", "HTTP/1.1 200 \x1b[31mOK\r\nTransfer-Encoding: \x1b]0;boo\x07\r\n\r\nzz", NULL, false},
    {"/chunked-flood", NULL, reply_chunked_flood, true},
    {"/big-header", NULL, reply_big_header, false},
    {"/header-flood", NULL, reply_header_flood, false},
    {"/100-headers", NULL, reply_100_headers, true},
    {"/101-headers", NULL, reply_101_headers, true},
    {"/interim-flood", NULL, reply_interim_flood, false},
    {"/drip-body", NULL, reply_drip_body, false},
    {"/drip-head", NULL, reply_drip_head, false},
    {"/silent", NULL, reply_silent, false},
    {"/reset", NULL, reply_reset, false},
    {"/reset-in-body", NULL, reply_reset_in_body, false},
    {"/slow", NULL, reply_slow, true},
    {"/5000", NULL, reply_5000, true},
};

bool fault_reply(const fault_call *call)
{
  static const char with_nul[] = "HTTP/1.1 200 OK\r\nReplay-Nonce: a\0b\r\nContent-Length: 0\r\n\r\n";

  for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
    if (strcmp(call->path, replies[i].path) != 0) {
      continue;
    }
    if (replies[i].fn != NULL) {
      return replies[i].fn(call);
    }
    if (replies[i].text == NULL) {
      (void)send_all(call, with_nul, sizeof(with_nul) - 1);
      return false;
    }
    return send_text(call, replies[i].text) && replies[i].keep;
  }
  return send_text(call, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

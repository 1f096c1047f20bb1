/* SPDX-License-Identifier: Apache-2.0 */
/* edge/main.c -- edge: a TLS 1.3 server whose certificates are swapped under live handshakes. */
#include "edge/certificates.h"
#include "edge/event.h"
#include "edge/tls.h"
#include "edge/worker.h"

#include "common/clock.h"
#include "common/files.h"
#include "common/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKERS 4
#define LOOK_MS 50
#define ACCEPTS_PER_TURN 256

typedef struct settings {
  const char *listen;
  const char *port_file;
  const char *certs;
} settings;

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
  (void)number;
  ended = 1;
}

static int usage(void)
{
  (void)fprintf(stderr,
                "usage: edge --listen HOST:PORT --certs DIR [--port-file FILE]\n"
                "Serves TLS 1.3 with the certificates in DIR: files <name>.pem, each a private key and a chain,\n"
                "replaced by rename.  Port 0 takes a free one; FILE then tells which.\n");
  return 2;
}

static int read_arguments(settings *out, int argc, char **argv)
{
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) {
      return -1;
    }
    if (strcmp(argv[i], "--listen") == 0) {
      out->listen = argv[i + 1];
    } else if (strcmp(argv[i], "--port-file") == 0) {
      out->port_file = argv[i + 1];
    } else if (strcmp(argv[i], "--certs") == 0) {
      out->certs = argv[i + 1];
    } else {
      return -1;
    }
  }
  return out->listen != NULL && out->certs != NULL ? 0 : -1;
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

static void accept_some(int listener, workers *all)
{
  static const int on = 1;

  for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
    int fd = accept(listener, NULL, NULL);

    if (fd < 0) {
      return;
    }
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      (void)close(fd);
      continue;
    }
    /* Small records follow one another: waiting for the peer's delayed ACK would cost 40 ms each time. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    workers_give(all, fd);
  }
}

static void run(int listener, certificates *certs, workers *all)
{
  struct pollfd watched = {.fd = listener, .events = POLLIN};
  int64_t next_look = clock_ticks();

  while (!ended) {
    int64_t now = clock_ticks();
    int ready;

    if (now >= next_look) {
      certificates_refresh(certs, clock_now(NULL));
      next_look = now + LOOK_MS;
    }
    ready = poll(&watched, 1, LOOK_MS);
    if (ready > 0) {
      accept_some(listener, all);
    }
  }
}

static int serve(const settings *with, int listener, uint16_t port)
{
  certificates *certs = certificates_new(with->certs);
  SSL_CTX *tls = certs != NULL ? tls_context_new(certs) : NULL;
  workers *all = NULL;
  char text[32];
  int rv = 1;

  if (tls == NULL) {
    event_plain("error", "no TLS context");
    goto out;
  }
  certificates_refresh(certs, clock_now(NULL));
  all = workers_start(tls, WORKERS);
  if (all == NULL) {
    event_plain("error", "no threads");
    goto out;
  }
  (void)snprintf(text, sizeof(text), "port=%u", (unsigned)port);
  event_plain("listen", text);
  rv = with->port_file != NULL ? file_write_port(with->port_file, port) : 0;
  if (rv != 0) {
    event_plain("error", "cannot write the port file");
    goto out;
  }
  run(listener, certs, all);
  event_plain("stop", "");
out:
  workers_stop(all);
  SSL_CTX_free(tls);
  certificates_free(certs);
  return rv != 0;
}

int main(int argc, char **argv)
{
  settings with = {NULL, NULL, NULL};
  struct stat info;
  uint16_t port = 0;
  int listener = -1;
  int rv;

  if (read_arguments(&with, argc, argv) != 0) {
    return usage();
  }
  if (stat(with.certs, &info) != 0 || !S_ISDIR(info.st_mode)) {
    (void)fprintf(stderr, "edge: %s is no directory\n", with.certs);
    return 1;
  }
  rv = catch_signals() == 0 ? listener_open(&listener, &port, with.listen) : errno;
  if (rv != 0) {
    (void)fprintf(stderr, "edge: cannot listen at %s: %s\n", with.listen, strerror(rv));
    return 1;
  }
  rv = serve(&with, listener, port);
  (void)close(listener);
  listener_remove(with.listen);
  return rv;
}

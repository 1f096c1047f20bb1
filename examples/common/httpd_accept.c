/* SPDX-License-Identifier: Apache-2.0 */
/* common/httpd_accept.c -- takes connections in and deals them out to the workers in turn. */
#include "common/httpd_accept.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Out of descriptors or memory: trying again at once would only burn time. */
static bool is_shortage(int error)
{
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void accept_some(const httpd_accept *self)
{
  static const struct timespec nap = {.tv_sec = 0, .tv_nsec = 50 * 1000 * 1000};
  struct sockaddr_storage peer;
  int fd;

  do {
    socklen_t len = sizeof(peer);

    fd = accept(self->listener, (struct sockaddr *)&peer, &len);
    if (fd >= 0) {
      (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
      /* Over the limit it is closed. */
      (void)MHD_add_connection(self->daemon, fd, (const struct sockaddr *)&peer, len);
    }
  } while (fd >= 0 || errno == EINTR || errno == ECONNABORTED);
  if (is_shortage(errno)) {
    (void)nanosleep(&nap, NULL);
  }
}

static void *run(void *ctx)
{
  const httpd_accept *self = ctx;
  struct pollfd watched[2] = {{.fd = self->listener, .events = POLLIN}, {.fd = self->stop[0], .events = POLLIN}};

  while (watched[1].revents == 0) {
    if (poll(watched, 2, -1) > 0 && watched[0].revents != 0) {
      accept_some(self);
    }
  }
  return NULL;
}

int httpd_accept_start(httpd_accept *self, int listener, struct MHD_Daemon *daemon)
{
  int rv;

  self->listener = listener;
  self->daemon = daemon;
  if (pipe(self->stop) != 0) {
    return errno;
  }
  (void)fcntl(self->stop[0], F_SETFD, FD_CLOEXEC);
  (void)fcntl(self->stop[1], F_SETFD, FD_CLOEXEC);
  rv = pthread_create(&self->thread, NULL, run, self);
  if (rv != 0) {
    (void)close(self->stop[0]);
    (void)close(self->stop[1]);
    return rv;
  }
  self->running = true;
  return 0;
}

void httpd_accept_stop(httpd_accept *self)
{
  if (!self->running) {
    return;
  }
  (void)close(self->stop[1]);
  (void)pthread_join(self->thread, NULL);
  (void)close(self->stop[0]);
  (void)close(self->listener);
  self->running = false;
}

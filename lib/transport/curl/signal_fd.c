/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/signal_fd.c -- an eventfd, or a pipe where there is none. */
#include "signal_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#endif

#ifndef __linux__
static bool prepare(int fd)
{
  return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}
#endif

bool sdg_curl_signal_open(sdg_curl_signal *signal)
{
#ifdef __linux__
  signal->read_fd = signal->write_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return signal->read_fd >= 0;
#else
  int fds[2];

  signal->read_fd = signal->write_fd = -1;
  if (pipe(fds) != 0) {
    return false;
  }
  signal->read_fd = fds[0];
  signal->write_fd = fds[1];
  return prepare(fds[0]) && prepare(fds[1]);
#endif
}

void sdg_curl_signal_raise(const sdg_curl_signal *signal)
{
  static const uint64_t one = 1;
  int saved = errno;

  /* Full means that it is readable already; EINTR cannot happen on a descriptor that does not block. */
  if (write(signal->write_fd, &one, sizeof(one)) < 0) {
    errno = saved;
  }
}

void sdg_curl_signal_drain(const sdg_curl_signal *signal)
{
  uint64_t bytes[8];

  while (read(signal->read_fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes)) {
  }
}

void sdg_curl_signal_close(sdg_curl_signal *signal)
{
  if (signal->write_fd >= 0 && signal->write_fd != signal->read_fd) {
    (void)close(signal->write_fd);
  }
  if (signal->read_fd >= 0) {
    (void)close(signal->read_fd);
  }
  signal->read_fd = signal->write_fd = -1;
}

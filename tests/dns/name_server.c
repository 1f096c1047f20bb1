/* SPDX-License-Identifier: Apache-2.0 */
/* dns/name_server.c -- a name server on a free port of 127.0.0.1 that says what it is told to. */
#include "name_server.h"

#include "support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 12u
#define PACKET_MAX 4096u
#define CNAME 5

/* The name of the question as text; how many octets it takes. */
static size_t read_question(char *name, const uint8_t *packet, size_t len)
{
  size_t at = HEADER;
  size_t out = 0;

  while (at < len && packet[at] != 0 && packet[at] < 64 && at + packet[at] < len && out + packet[at] + 2 < 256) {
    if (out > 0) {
      name[out++] = '.';
    }
    memcpy(name + out, packet + at + 1, packet[at]);
    out += packet[at];
    at += packet[at] + 1u;
  }
  name[out] = '\0';
  return at + 1 - HEADER;
}

static size_t put_record(uint8_t *out, const uint8_t *owner, size_t owner_len, const name_row *row)
{
  size_t rdata_len = 0;
  uint8_t *rdata = test_hex(row->rdata, &rdata_len);
  uint8_t fixed[10] = {(uint8_t)(row->type >> 8), (uint8_t)row->type, 0, 1, 0, 0, 0, 30, (uint8_t)(rdata_len >> 8),
                       (uint8_t)rdata_len};

  memcpy(out, owner, owner_len);
  memcpy(out + owner_len, fixed, sizeof(fixed));
  memcpy(out + owner_len + sizeof(fixed), rdata, rdata_len);
  free(rdata);
  return owner_len + sizeof(fixed) + rdata_len;
}

/* The answer's length; 0: none. */
static size_t answer(const name_row *rows, uint8_t *out, const uint8_t *packet, size_t len)
{
  char name[256];
  size_t name_len = read_question(name, packet, len);
  size_t at = HEADER + name_len + 4;
  int type = packet[HEADER + name_len] << 8 | packet[HEADER + name_len + 1];
  int rcode = 3;
  unsigned count = 0;

  memset(out, 0, HEADER);
  memcpy(out, packet, at);
  for (const name_row *row = rows; row->name != NULL; row++) {
    if (strcasecmp(row->name, name) != 0) {
      continue;
    }
    rcode = 0;
    if (row->rdata == NULL) {
      rcode = row->rcode;
      break;
    }
    if (row->type == type || row->type == CNAME) {
      at += put_record(out + at, packet + HEADER, name_len, row);
      count++;
    }
  }
  out[2] = (uint8_t)(0x84 | (packet[2] & 1)); /* response, authoritative */
  out[3] = (uint8_t)(0x80 | (rcode & 15));    /* recursion available */
  out[7] = (uint8_t)count;
  memset(out + 8, 0, 4);
  return rcode < 0 ? 0 : at;
}

static void *serve(void *ctx)
{
  name_server *server = ctx;
  uint8_t in[PACKET_MAX];
  uint8_t out[PACKET_MAX];
  struct sockaddr_in peer;
  socklen_t peer_len = sizeof(peer);
  ssize_t len;

  while ((len = recvfrom(server->fd, in, sizeof(in), 0, (struct sockaddr *)&peer, &peer_len)) > 1) {
    size_t reply = len > (ssize_t)HEADER + 5 ? answer(server->rows, out, in, (size_t)len) : 0;

    (void)atomic_fetch_add(&server->asked, 1);
    if (reply > 0) {
      (void)sendto(server->fd, out, reply, 0, (struct sockaddr *)&peer, peer_len);
    }
    peer_len = sizeof(peer);
  }
  return NULL;
}

void name_server_start(name_server *server, const name_row *rows)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(address);

  memset(server, 0, sizeof(*server));
  server->rows = rows;
  server->fd = socket(AF_INET, SOCK_DGRAM, 0);
  assert_true(server->fd >= 0);
  assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
  server->port = ntohs(address.sin_port);
  assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

/* One octet is no question: the thread takes it for the end. */
void name_server_stop(name_server *server)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

  address.sin_port = htons(server->port);
  (void)sendto(server->fd, "", 1, 0, (struct sockaddr *)&address, sizeof(address));
  (void)pthread_join(server->thread, NULL);
  (void)close(server->fd);
}

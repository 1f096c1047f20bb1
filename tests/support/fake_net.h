/* SPDX-License-Identifier: Apache-2.0 */
/* support/fake_net.h -- a DNS and TLS servers that are tables, for tests of who asks them. */
#ifndef SDG_TESTS_SUPPORT_FAKE_NET_H
#define SDG_TESTS_SUPPORT_FAKE_NET_H

#include "support/test.h"

#include <stardeleg/dns.h>
#include <stardeleg/tls_probe.h>

#define FAKE_ROWS_MAX 64

typedef struct fake_row {
  char name[256];
  stardeleg_dns_type type; /* 0: every type */
  stardeleg_dns_status status;
  char text[1024]; /* an address, a text, or for CAA `0 issue ca.example`; "": no record */
} fake_row;

typedef struct fake_dns {
  stardeleg_dns dns;
  fake_row rows[FAKE_ROWS_MAX]; /* names that are in none exist, without records */
  size_t count;
  unsigned delay; /* how often a question is put off before it is answered */
  unsigned put_off;
  unsigned asked; /* answers given */
  char last[256];
  size_t open; /* answers not released */
} fake_dns;

void fake_dns_init(fake_dns *f);
void fake_dns_add(fake_dns *f, const char *name, stardeleg_dns_type type, const char *text);
void fake_dns_fail(fake_dns *f, const char *name, stardeleg_dns_type type, stardeleg_dns_status status);
void fake_dns_clear(fake_dns *f);

/* One TLS server at every address but those that are dead. */
typedef struct fake_tls {
  stardeleg_tls_probe probe;
  stardeleg_tls_status status;
  stardeleg_bytes certificate; /* borrowed */
  const char *dead;            /* an address where nobody is; NULL: none */
  unsigned delay;
  unsigned put_off;
  unsigned asked;
  char address[64]; /* of the last probe; "" if it was to find out */
  char server_name[256];
  uint16_t port;
  size_t open;
} fake_tls;

void fake_tls_init(fake_tls *f);

#endif /* SDG_TESTS_SUPPORT_FAKE_NET_H */

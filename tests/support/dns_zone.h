/* SPDX-License-Identifier: Apache-2.0 */
/* support/dns_zone.h -- a zone in memory, with servers that are slow by a virtual clock, behind both doors of the DNS.
 */
#ifndef SDG_TESTS_SUPPORT_DNS_ZONE_H
#define SDG_TESTS_SUPPORT_DNS_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stardeleg/dns_update.h>

#define DNS_ZONE_MAX 32

typedef struct dns_zone_record {
  stardeleg_dns_type type;
  char name[256];
  char value[256];
  stardeleg_time shown_at; /* in the DNS, after the zone has it */
} dns_zone_record;

/* A zone, its slow servers, and who changes it. */
typedef struct dns_zone {
  dns_zone_record records[DNS_ZONE_MAX];
  size_t count;
  const char *alias_from;
  const char *alias_to;
  int64_t change_ms;  /* how long a change takes */
  int64_t show_ms;    /* until the DNS shows it */
  stardeleg_err fail; /* what changes answer */
  int fails;          /* so many times; -1: for ever */
  stardeleg_dns_status status;
  bool is_deaf; /* changes are accepted and not made */
  size_t changes;
  bool busy;
  stardeleg_dns_action action;
  char busy_value[256];
  stardeleg_time ready_at;
  size_t overlaps; /* changes of one record begun while another was under way */
  stardeleg_dns_answer answer;
  stardeleg_bytes rdata[DNS_ZONE_MAX];
  uint8_t octets[DNS_ZONE_MAX][300];
  size_t held;
  stardeleg_time now;
} dns_zone;

/* |value| NULL: any. */
dns_zone_record *dns_zone_find(dns_zone *z, stardeleg_dns_type type, const char *name, const char *value);
/* The functions of stardeleg_dns_update and stardeleg_dns; |ctx| is the zone. */
stardeleg_err dns_zone_change(void *ctx, const stardeleg_dns_change *c, stardeleg_time now, stardeleg_time *ready_at);
stardeleg_err dns_zone_lookup(void *ctx, const char *name, stardeleg_dns_type type, stardeleg_time now,
                              stardeleg_time *ready_at, const stardeleg_dns_answer **answer);
void dns_zone_release(void *ctx, const stardeleg_dns_answer *answer);

#endif /* SDG_TESTS_SUPPORT_DNS_ZONE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* support/dns_zone.c -- a zone in memory. */
#include "support/dns_zone.h"

#include "support/test.h"

dns_zone_record *dns_zone_find(dns_zone *z, stardeleg_dns_type type, const char *name, const char *value)
{
  for (size_t i = 0; i < z->count; i++) {
    dns_zone_record *r = &z->records[i];

    if (r->type == type && strcmp(r->name, name) == 0 && (value == NULL || strcmp(r->value, value) == 0)) {
      return r;
    }
  }
  return NULL;
}

static void apply(dns_zone *z, const stardeleg_dns_change *c)
{
  dns_zone_record *r = dns_zone_find(
      z, c->type, c->name, c->type == STARDELEG_DNS_CNAME && c->action == STARDELEG_DNS_UPSERT ? NULL : c->value);

  z->changes++;
  if (z->is_deaf) {
    return;
  }
  if (c->action == STARDELEG_DNS_REMOVE) {
    if (r != NULL) {
      *r = z->records[--z->count];
    }
    return;
  }
  if (r == NULL) {
    assert_true(z->count < DNS_ZONE_MAX);
    r = &z->records[z->count++];
  }
  r->type = c->type;
  (void)snprintf(r->name, sizeof(r->name), "%s", c->name);
  (void)snprintf(r->value, sizeof(r->value), "%s", c->value);
  r->shown_at = z->now + z->show_ms;
}

stardeleg_err dns_zone_change(void *ctx, const stardeleg_dns_change *c, stardeleg_time now, stardeleg_time *ready_at)
{
  dns_zone *z = ctx;

  assert_ok(stardeleg_dns_change_check(c));
  assert_int_equal(*ready_at, now);
  if (z->fails != 0) {
    z->fails -= z->fails > 0 ? 1 : 0;
    z->busy = false;
    return z->fail;
  }
  if (z->change_ms > 0 && (!z->busy || z->action != c->action || strcmp(z->busy_value, c->value) != 0)) {
    z->overlaps += z->busy ? 1 : 0;
    z->busy = true;
    z->action = c->action;
    (void)snprintf(z->busy_value, sizeof(z->busy_value), "%s", c->value);
    z->ready_at = now + z->change_ms;
  }
  if (z->busy && now < z->ready_at) {
    *ready_at = z->ready_at;
    return STARDELEG_OK;
  }
  z->busy = false;
  apply(z, c);
  return STARDELEG_OK;
}

static size_t put_rdata(uint8_t *out, const dns_zone_record *r)
{
  size_t len = strlen(r->value);
  size_t label = 0;

  if (r->type == STARDELEG_DNS_TXT) {
    out[0] = (uint8_t)len;
    memcpy(out + 1, r->value, len);
    return len + 1;
  }
  memcpy(out + 1, r->value, len + 1);
  for (size_t i = 0; i <= len; i++) {
    if (r->value[i] == '.' || r->value[i] == '\0') {
      out[i - label] = (uint8_t)label;
      label = 0;
    } else {
      label++;
    }
  }
  out[len + 1] = 0;
  return len + 2;
}

stardeleg_err dns_zone_lookup(void *ctx, const char *name, stardeleg_dns_type type, stardeleg_time now,
                              stardeleg_time *ready_at, const stardeleg_dns_answer **answer)
{
  dns_zone *z = ctx;
  bool is_alias = z->alias_from != NULL && strcmp(name, z->alias_from) == 0;
  const char *at = is_alias ? z->alias_to : name;

  (void)ready_at;
  memset(&z->answer, 0, sizeof(z->answer));
  z->answer.status = z->status;
  z->answer.canonical_name = is_alias ? z->alias_to : NULL;
  z->answer.records = z->rdata;
  for (size_t i = 0; i < z->count; i++) {
    const dns_zone_record *r = &z->records[i];

    if (r->type == type && strcmp(r->name, at) == 0 && now >= r->shown_at) {
      size_t n = z->answer.record_count++;

      z->rdata[n] = (stardeleg_bytes){z->octets[n], put_rdata(z->octets[n], r)};
    }
  }
  if (z->answer.record_count == 0 && z->status == STARDELEG_DNS_OK) {
    z->answer.status = STARDELEG_DNS_NO_NAME;
  }
  z->held++;
  *answer = &z->answer;
  return STARDELEG_OK;
}

void dns_zone_release(void *ctx, const stardeleg_dns_answer *answer)
{
  dns_zone *z = ctx;

  assert_ptr_equal(answer, &z->answer);
  z->held--;
}

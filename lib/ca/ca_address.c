/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_address.c -- where a validator may connect to: addresses of a name, and the guard before them. */
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "ca/ca_check.h"

/* What stands in a client's zone must not make this CA a window into its own network. */
bool sdg_ca_may_reach(const stardeleg_ca *ca, stardeleg_bytes address)
{
  if (stardeleg_address_is_special(address) == 0) {
    return true;
  }
  for (size_t i = 0; ca->allowed_networks != NULL && ca->allowed_networks[i] != NULL; i++) {
    if (stardeleg_network_has(ca->allowed_networks[i], address) != 0) {
      return true;
    }
  }
  return false;
}

static void add_address(const stardeleg_ca *ca, sdg_ca_addresses *out, stardeleg_bytes octets, size_t room)
{
  if (!sdg_ca_may_reach(ca, octets)) {
    out->denied++;
  } else if (out->count < room) {
    sdg_address_write(out->text[out->count++], octets.base, octets.len);
  }
}

static sdg_ca_lookup refuse(sdg_ca_addresses *out, stardeleg_problem *problem)
{
  if (out->denied > 0) {
    sdg_problem_set(problem, STARDELEG_ACME_CONNECTION, "the address is not one that this CA connects to");
  } else if (out->failed) {
    sdg_problem_set(problem, STARDELEG_ACME_DNS, "the addresses cannot be looked up: %s", out->why);
  } else {
    sdg_problem_set(problem, STARDELEG_ACME_DNS, "the name has no address");
  }
  return SDG_CA_LOOKUP_FAILED;
}

static sdg_ca_lookup take_literal(const stardeleg_ca *ca, stardeleg_bytes host, sdg_ca_addresses *out,
                                  stardeleg_problem *problem, bool *is_literal)
{
  uint8_t octets[16];
  size_t len = 0;

  if (host.len > 2 && host.base[0] == '[' && host.base[host.len - 1] == ']') {
    host = sdg_bytes(host.base + 1, host.len - 2);
  }
  *is_literal = sdg_address_parse(octets, &len, host);
  if (!*is_literal) {
    return SDG_CA_LOOKUP_WAIT;
  }
  out->count = 0;
  add_address(ca, out, sdg_bytes(octets, len), SDG_CA_ADDRESSES_MAX);
  return out->count > 0 ? SDG_CA_LOOKUP_READY : refuse(out, problem);
}

static void take_answer(const stardeleg_ca *ca, const stardeleg_dns_answer *answer, size_t octets,
                        sdg_ca_addresses *out)
{
  /* Half of the room is kept for the other kind. */
  size_t room = octets == 16 ? SDG_CA_ADDRESSES_MAX / 2 : SDG_CA_ADDRESSES_MAX;

  if (answer->status != STARDELEG_DNS_OK && answer->status != STARDELEG_DNS_NO_NAME) {
    out->failed = true;
    sdg_text_escape(out->why, sizeof(out->why),
                    sdg_bytes_str(answer->failure_text != NULL ? answer->failure_text : "no answer"));
    return;
  }
  for (size_t i = 0; i < answer->record_count; i++) {
    if (answer->records[i].len == octets) {
      add_address(ca, out, answer->records[i], room);
    }
  }
}

sdg_ca_lookup sdg_ca_find_addresses(stardeleg_ca *ca, const char *host, sdg_ca_addresses *out, stardeleg_time now,
                                    stardeleg_time *ready_at, stardeleg_problem *problem)
{
  static const stardeleg_dns_type types[2] = {STARDELEG_DNS_AAAA, STARDELEG_DNS_A};
  const stardeleg_dns *dns = ca->options.dns;
  bool is_literal = false;
  sdg_ca_lookup found = take_literal(ca, sdg_bytes_str(host), out, problem, &is_literal);

  if (is_literal) {
    return found;
  }
  if (dns == NULL) {
    return SDG_CA_LOOKUP_READY;
  }
  for (size_t i = 0; i < 2; i++) {
    const stardeleg_dns_answer *answer = NULL;

    if (out->asked[i]) {
      continue;
    }
    *ready_at = now;
    if (dns->lookup(dns->ctx, host, types[i], now, ready_at, &answer) != STARDELEG_OK) {
      sdg_problem_set(problem, STARDELEG_ACME_DNS, "the addresses cannot be looked up at the moment");
      return SDG_CA_LOOKUP_FAILED;
    }
    if (answer == NULL) {
      return SDG_CA_LOOKUP_WAIT;
    }
    out->asked[i] = true;
    take_answer(ca, answer, i == 0 ? 16 : 4, out);
    dns->release(dns->ctx, answer);
  }
  return out->count > 0 ? SDG_CA_LOOKUP_READY : refuse(out, problem);
}

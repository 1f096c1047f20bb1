/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_scope.c -- a delegation's bounds beyond its template. */
#include "ido/ido_scope.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"
#include "crypto/crypto.h"

static const struct {
  stardeleg_key_spec spec;
  const char *name;
  int family;
  unsigned bits;
} key_kinds[] = {
    {STARDELEG_KEY_P256, "P-256", STARDELEG_FAMILY_EC, 256},
    {STARDELEG_KEY_P384, "P-384", STARDELEG_FAMILY_EC, 384},
    {STARDELEG_KEY_P521, "P-521", STARDELEG_FAMILY_EC, 521},
    {STARDELEG_KEY_RSA2048, "RSA-2048", STARDELEG_FAMILY_RSA, 2048},
    {STARDELEG_KEY_RSA3072, "RSA-3072", STARDELEG_FAMILY_RSA, 3072},
    {STARDELEG_KEY_RSA4096, "RSA-4096", STARDELEG_FAMILY_RSA, 4096},
    {STARDELEG_KEY_ED25519, "Ed25519", STARDELEG_FAMILY_ED, 255},
};
#define KEY_KINDS (sizeof(key_kinds) / sizeof(key_kinds[0]))
#define PERIOD_MAX_S ((int64_t)3653 * 86400)
#define CERTIFICATES_MAX 1000000
#define ORDER_KINDS_ALL ((unsigned)STARDELEG_IDO_STAR | (unsigned)STARDELEG_IDO_PLAIN)

const char *sdg_ido_key_kind_name(stardeleg_key_spec spec)
{
  for (size_t i = 0; i < KEY_KINDS; i++) {
    if (key_kinds[i].spec == spec) {
      return key_kinds[i].name;
    }
  }
  return NULL;
}

void sdg_ido_scope_clear(sdg_ido_scope *scope)
{
  for (size_t i = 0; i < scope->name_count; i++) {
    sdg_free(scope->names[i]);
  }
  sdg_free(scope->names);
  memset(scope, 0, sizeof(*scope));
}

/* --- From the owner --- */

static stardeleg_err refuse(stardeleg_problem *problem, const char *place, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", detail);
  sdg_problem_set_place(problem, sdg_bytes_str(place));
  return STARDELEG_ERR_CONFIG;
}

static stardeleg_err add_name(sdg_ido_scope *out, const char *name)
{
  out->names[out->name_count] = sdg_strdup(name);
  if (out->names[out->name_count] == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  out->name_count++;
  return STARDELEG_OK;
}

static stardeleg_err take_names(sdg_ido_scope *out, const char *const *names, stardeleg_problem *problem)
{
  size_t count = 0;
  stardeleg_err err = STARDELEG_OK;

  while (names != NULL && names[count] != NULL && count <= SDG_SCOPE_NAMES_MAX) {
    count++;
  }
  if (count == 0) {
    return STARDELEG_OK;
  }
  if (count > SDG_SCOPE_NAMES_MAX) {
    return refuse(problem, "names", "there are more than 256 names");
  }
  out->names = sdg_calloc(count, sizeof(*out->names));
  if (out->names == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < count && err == STARDELEG_OK; i++) {
    sdg_name_fault fault = sdg_name_check_dns(sdg_bytes_str(names[i]), SDG_NAME_ALLOW_WILDCARD);

    if (fault != SDG_NAME_OK) {
      char place[32];

      (void)snprintf(place, sizeof(place), "names/%zu", i);
      return refuse(problem, place, sdg_name_fault_text(fault));
    }
    err = add_name(out, names[i]);
  }
  return err;
}

stardeleg_err sdg_ido_scope_take(sdg_ido_scope *out, const stardeleg_ido_delegation *request,
                                 stardeleg_problem *problem)
{
  unsigned known = 0;

  for (size_t i = 0; i < KEY_KINDS; i++) {
    known |= 1u << key_kinds[i].spec;
  }
  if ((request->key_kinds & ~known) != 0) {
    return refuse(problem, "key_kinds", "there is no such kind of key");
  }
  if ((request->order_kinds & ~ORDER_KINDS_ALL) != 0) {
    return refuse(problem, "order_kinds", "there is no such kind of order");
  }
  if (request->orders_max < 0 || request->orders_max > SDG_SCOPE_ORDERS_MAX) {
    return refuse(problem, "orders_max", "orders_max must be 0 to 1000");
  }
  if (request->orders_period_s < 0 || (request->orders_max > 0) != (request->orders_period_s > 0) ||
      request->orders_period_s > PERIOD_MAX_S) {
    return refuse(problem, "orders_period_s", "orders_max and orders_period_s go together; ten years at most");
  }
  if (request->certificates_max < 0 || request->certificates_max > CERTIFICATES_MAX) {
    return refuse(problem, "certificates_max", "certificates_max must be 0 to 1000000");
  }
  out->key_kinds = request->key_kinds;
  out->order_kinds = request->order_kinds;
  out->orders_max = request->orders_max;
  out->orders_period_s = request->orders_period_s;
  out->certificates_max = request->certificates_max;
  return take_names(out, request->names, problem);
}

/* --- The record --- */

static bool is_empty(const sdg_ido_scope *scope)
{
  return scope->name_count == 0 && scope->key_kinds == 0 && scope->order_kinds == 0 && scope->orders_max == 0 &&
         scope->certificates_max == 0;
}

void sdg_ido_scope_write(sdg_json_writer *w, const sdg_ido_scope *scope)
{
  if (is_empty(scope)) {
    return;
  }
  sdg_jw_object(w, "scope");
  if (scope->name_count > 0) {
    sdg_jw_array(w, "names");
    for (size_t i = 0; i < scope->name_count; i++) {
      sdg_jw_string(w, NULL, scope->names[i]);
    }
    sdg_jw_array_end(w);
  }
  sdg_jw_int(w, "keyKinds", scope->key_kinds);
  sdg_jw_int(w, "orderKinds", scope->order_kinds);
  sdg_jw_int(w, "ordersMax", scope->orders_max);
  sdg_jw_int(w, "ordersPeriod", scope->orders_period_s);
  sdg_jw_int(w, "certificatesMax", scope->certificates_max);
  sdg_jw_object_end(w);
}

static stardeleg_err read_names(sdg_ido_scope *out, const sdg_json *scope)
{
  const sdg_json *array = NULL;
  stardeleg_err err = sdg_json_get_array(&array, scope, "names", SDG_JSON_OPTIONAL, NULL);

  if (err != STARDELEG_OK || sdg_json_count(array) == 0) {
    return err;
  }
  out->names = sdg_calloc(sdg_json_count(array), sizeof(*out->names));
  if (out->names == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (const sdg_json *item = sdg_json_first(array); err == STARDELEG_OK && item != NULL; item = sdg_json_next(item)) {
    err = add_name(out, sdg_json_string(item));
  }
  return err;
}

stardeleg_err sdg_ido_scope_read(sdg_ido_scope *out, const sdg_json *tree)
{
  const sdg_json *scope = NULL;
  int64_t keys = 0;
  int64_t orders = 0;
  stardeleg_err err = sdg_json_get_object(&scope, tree, "scope", SDG_JSON_OPTIONAL, NULL);

  memset(out, 0, sizeof(*out));
  if (err != STARDELEG_OK || scope == NULL) {
    return err;
  }
  err = sdg_json_get_int(&keys, scope, "keyKinds", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&orders, scope, "orderKinds", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);
  }
  out->key_kinds = (unsigned)keys;
  out->order_kinds = (unsigned)orders;
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->orders_max, scope, "ordersMax", SDG_JSON_OPTIONAL, 0, SDG_SCOPE_ORDERS_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->orders_period_s, scope, "ordersPeriod", SDG_JSON_OPTIONAL, 0, PERIOD_MAX_S, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->certificates_max, scope, "certificatesMax", SDG_JSON_OPTIONAL, 0, CERTIFICATES_MAX,
                           NULL);
  }
  return err == STARDELEG_OK ? read_names(out, scope) : err;
}

/* --- Names of the delegate's choice --- */

/* "*.example.org" stands for one label; a DNS wildcard is much wider than that, and is never meant. */
bool sdg_ido_scope_lists(const sdg_ido_scope *scope, const char *name)
{
  stardeleg_bytes chosen = sdg_bytes_str(name);
  const char *dot = strchr(name, '.');
  bool found = false;

  for (size_t i = 0; i < scope->name_count; i++) {
    stardeleg_bytes listed = sdg_bytes_str(scope->names[i]);

    if (!sdg_name_is_wildcard(listed)) {
      found = found || sdg_name_equal_dns(listed, chosen);
    } else if (dot != NULL && dot != name) {
      found = found || sdg_name_equal_dns(sdg_bytes_from(listed, 2), sdg_bytes_str(dot + 1));
    }
  }
  return found;
}

static int ask_scope(void *ctx, const stardeleg_name_choice *choice)
{
  const sdg_ido_scope_policy *policy = ctx;

  if (choice->wildcard != 0 || !sdg_ido_scope_lists(policy->scope, choice->name)) {
    return 0;
  }
  return policy->base->policy == NULL || policy->base->policy(policy->base->policy_ctx, choice) != 0;
}

void sdg_ido_scope_match(stardeleg_match_options *match, sdg_ido_scope_policy *ctx)
{
  if (ctx->scope->name_count > 0) {
    match->policy = ask_scope;
    match->policy_ctx = ctx;
  }
}

/* --- Orders and keys --- */

stardeleg_err sdg_ido_scope_check_kind(const sdg_ido_scope *scope, const char *id, bool star,
                                       stardeleg_problem *problem)
{
  unsigned kind = star ? STARDELEG_IDO_STAR : STARDELEG_IDO_PLAIN;

  /* What is not said is not allowed: a certificate without auto-renewal outlives the end of its delegation unless
   * somebody looks at revocations. */
  unsigned allowed = scope->order_kinds != 0 ? scope->order_kinds : (unsigned)STARDELEG_IDO_STAR;

  if ((allowed & kind) != 0) {
    return STARDELEG_OK;
  }
  sdg_problem_set(problem, STARDELEG_ACME_UNAUTHORIZED, "delegation %s takes %s only: auto-renewal is %s", id,
                  star ? "orders without auto-renewal" : "STAR orders", star ? "there" : "missing");
  sdg_problem_set_place(problem, SDG_BYTES_LITERAL("/auto-renewal"));
  return STARDELEG_ERR_POLICY;
}

static void join_kinds(char *out, size_t size, unsigned kinds)
{
  size_t len = 0;

  out[0] = '\0';
  for (size_t i = 0; i < KEY_KINDS && len < size; i++) {
    if ((kinds & (1u << key_kinds[i].spec)) != 0) {
      int n = snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", key_kinds[i].name);

      len += n > 0 ? (size_t)n : 0;
    }
  }
}

stardeleg_err sdg_ido_scope_check_key(const sdg_ido_scope *scope, const char *id, stardeleg_bytes spki,
                                      stardeleg_problem *problem)
{
  static const char *const families[] = {"unknown", "EC", "RSA", "Ed25519"};
  char allowed[128];
  sdg_spki key;
  stardeleg_err err;

  if (scope->key_kinds == 0) {
    return STARDELEG_OK;
  }
  memset(&key, 0, sizeof(key));
  err = sdg_spki_read(&key, spki, NULL);
  for (size_t i = 0; err == STARDELEG_OK && i < KEY_KINDS; i++) {
    if (key_kinds[i].family == key.info.family && key_kinds[i].bits == key.info.bits &&
        (scope->key_kinds & (1u << key_kinds[i].spec)) != 0) {
      return STARDELEG_OK;
    }
  }
  join_kinds(allowed, sizeof(allowed), scope->key_kinds);
  sdg_problem_set(
      problem, STARDELEG_ACME_BAD_CSR, "the CSR's key is of the kind %s with %u bits; delegation %s allows %s",
      families[key.info.family > 0 && key.info.family < 4 ? key.info.family : 0], key.info.bits, id, allowed);
  problem->status = 403;
  return STARDELEG_ERR_POLICY;
}

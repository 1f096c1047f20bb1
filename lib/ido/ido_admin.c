/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_admin.c -- delegations made and changed by the owner (RFC 9115 2.3.1). */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"

/* Longer is no lifetime of a certificate: a hundred years. */
#define LIFETIME_MAX_S ((int64_t)36525 * 86400)
/* The last instant that has a date. */
#define LAST_INSTANT INT64_C(253402300799999)

/* A delegation being made or changed; the trees and the scope are owned. */
typedef struct edit {
  stardeleg_ido *ido;
  stardeleg_ido_delegation request;
  unsigned members;        /* of stardeleg_ido_member: what is to be written */
  sdg_ido_delegation made; /* without template and names: those are checked, and stored as they came */
  sdg_json *csr_template;
  sdg_json *cname_map;
  stardeleg_problem *problem;
} edit;

#define ALL_MEMBERS 1023u
#define SCOPE_MEMBERS                                                                                                  \
  ((unsigned)STARDELEG_IDO_NAMES | STARDELEG_IDO_KEY_KINDS | STARDELEG_IDO_ORDER_KINDS | STARDELEG_IDO_QUOTA |         \
   STARDELEG_IDO_CERTIFICATES)

/* A program that was compiled before the last members came has a shorter struct: they are zero for it. */
static stardeleg_err open_edit(edit *a, stardeleg_ido *ido, const stardeleg_ido_delegation *request,
                               stardeleg_problem *problem)
{
  if (request->size < offsetof(stardeleg_ido_delegation, names) || request->size > sizeof(a->request)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  memset(a, 0, sizeof(*a));
  memcpy(&a->request, request, request->size);
  a->request.by = a->request.by != NULL ? a->request.by : "owner";
  a->ido = ido;
  a->problem = problem;
  sdg_problem_clear(problem);
  return STARDELEG_OK;
}

static void close_edit(edit *a)
{
  sdg_json_free(a->csr_template);
  sdg_json_free(a->cname_map);
  sdg_ido_scope_clear(&a->made.scope);
}

static stardeleg_err refuse(const edit *a, stardeleg_err err, const char *place, const char *detail)
{
  sdg_problem_set(a->problem, STARDELEG_ACME_MALFORMED, "%s", detail);
  sdg_problem_set_place(a->problem, sdg_bytes_str(place));
  return err;
}

static stardeleg_err parse_text(const edit *a, stardeleg_bytes text, const char *what, sdg_json **out)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json_fault fault;
  stardeleg_err err;

  limits.items_max = SDG_CNAMES_MAX;
  err = sdg_json_parse(out, text, &limits, &fault);
  if (err == STARDELEG_ERR_NOMEM || err == STARDELEG_OK) {
    return err;
  }
  sdg_problem_set(a->problem, STARDELEG_ACME_MALFORMED, "%s is not acceptable JSON: %s (line %zu, column %zu)", what,
                  fault.reason, fault.line, fault.column);
  sdg_problem_set_place(a->problem, sdg_bytes_str(fault.pointer));
  return STARDELEG_ERR_CONFIG;
}

/* --- Checks --- */

/* People give these ids to commands: none looks like an option. */
static stardeleg_err make_id(const sdg_server *server, char id[SDG_ID_SIZE])
{
  stardeleg_err err = sdg_server_new_id(server, id);

  for (int i = 0; err == STARDELEG_OK && id[0] == '-' && i < 100; i++) {
    err = sdg_server_new_id(server, id);
  }
  return err;
}

static stardeleg_err choose_id(edit *a)
{
  const char *id = a->request.id;

  if (id == NULL) {
    return make_id(a->ido->server, a->made.id);
  }
  if (strlen(id) >= sizeof(a->made.id) || !sdg_base64url_is_text(sdg_bytes_str(id))) {
    return refuse(a, STARDELEG_ERR_CONFIG, "id", "an id is 1 to 64 characters of A-Z, a-z, 0-9, - and _");
  }
  (void)snprintf(a->made.id, sizeof(a->made.id), "%s", id);
  return STARDELEG_OK;
}

static stardeleg_err check_ndc(edit *a)
{
  const char *ndc = a->request.ndc;
  bool active = false;
  stardeleg_err err = STARDELEG_ERR_NOT_FOUND;

  if (ndc != NULL && strlen(ndc) < sizeof(a->made.ndc) && sdg_store_name_is_valid(ndc)) {
    err = sdg_ido_ndc_is_active(a->ido->options.store, ndc, &active);
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return refuse(a, err, "ndc", "there is no such delegate");
  }
  if (err == STARDELEG_OK && !active) {
    return refuse(a, STARDELEG_ERR_STATE, "ndc", "the delegate is disabled");
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(a->made.ndc, sizeof(a->made.ndc), "%s", ndc);
  }
  return err;
}

static stardeleg_err check_issuer(edit *a)
{
  for (size_t i = 0; i < a->ido->issuer_count; i++) {
    const char *name = a->ido->issuers[i].name;

    if (a->request.issuer == NULL || strcmp(name, a->request.issuer) == 0) {
      (void)snprintf(a->made.issuer, sizeof(a->made.issuer), "%s", name);
      a->made.upstream = a->request.upstream; /* borrowed, like the request */
      return STARDELEG_OK;
    }
  }
  return refuse(a, STARDELEG_ERR_NOT_FOUND, "issuer", "there is no such issuer");
}

static stardeleg_err check_lifetime(edit *a)
{
  const stardeleg_ido_delegation *request = &a->request;

  if (request->lifetime_min_s < 0 || request->lifetime_max_s < 0 || request->lifetime_min_s > LIFETIME_MAX_S ||
      request->lifetime_max_s > LIFETIME_MAX_S ||
      (request->lifetime_max_s > 0 && request->lifetime_min_s > request->lifetime_max_s)) {
    return refuse(a, STARDELEG_ERR_CONFIG, "lifetime",
                  "lifetimes are 0 to a hundred years, the longest not below the shortest");
  }
  a->made.lifetime_min_s = request->lifetime_min_s;
  a->made.lifetime_max_s = request->lifetime_max_s;
  return STARDELEG_OK;
}

static stardeleg_err check_expiry(edit *a)
{
  stardeleg_time at = a->request.expires_at;

  if (at == STARDELEG_TIME_NONE || (at != STARDELEG_TIME_NEVER && (at < 0 || at > LAST_INSTANT))) {
    return refuse(a, STARDELEG_ERR_CONFIG, "expires_at", "expires_at must be an instant, or STARDELEG_TIME_NEVER");
  }
  a->made.expires_at = at;
  return STARDELEG_OK;
}

static stardeleg_err check_scope(edit *a)
{
  return sdg_ido_scope_take(&a->made.scope, &a->request, a->problem);
}

/* STARDEL-4.1-15: a template is checked when it is added, and one that is not good is never stored. */
static stardeleg_err check_template(edit *a)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  stardeleg_err err = stardeleg_template_load(&tmpl, a->request.csr_template, NULL, &report);

  if (err == STARDELEG_ERR_NOMEM) {
    stardeleg_report_free(report);
    return err;
  }
  if (err != STARDELEG_OK) {
    const stardeleg_finding *finding = stardeleg_report_get(report, 0);

    for (size_t i = 1; finding != NULL && finding->warning != 0; i++) {
      finding = stardeleg_report_get(report, i);
    }
    err = refuse(a, STARDELEG_ERR_CONFIG, finding != NULL ? finding->place : "",
                 finding != NULL ? finding->detail : "the template is not acceptable");
  } else {
    err = parse_text(a, a->request.csr_template, "the template", &a->csr_template);
  }
  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
  return err;
}

static stardeleg_err check_cnames(edit *a)
{
  sdg_cname *cnames = NULL;
  size_t count = 0;
  stardeleg_err err;

  if (a->request.cname_map.len == 0) {
    return STARDELEG_OK;
  }
  err = parse_text(a, a->request.cname_map, "the CNAME map", &a->cname_map);
  if (err == STARDELEG_OK) {
    err = sdg_cname_map_parse(&cnames, &count, a->cname_map, a->problem);
    err = err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_CONFIG : err;
  }
  sdg_cname_map_free(cnames, count);
  return err;
}

typedef stardeleg_err (*check_fn)(edit *a);

static stardeleg_err check_members(edit *a)
{
  static const struct {
    unsigned member;
    check_fn check;
  } checks[] = {{STARDELEG_IDO_ISSUER, check_issuer},     {STARDELEG_IDO_LIFETIME, check_lifetime},
                {STARDELEG_IDO_EXPIRY, check_expiry},     {SCOPE_MEMBERS, check_scope},
                {STARDELEG_IDO_TEMPLATE, check_template}, {STARDELEG_IDO_CNAME_MAP, check_cnames}};
  stardeleg_err err = STARDELEG_OK;

  for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && err == STARDELEG_OK; i++) {
    if ((a->members & checks[i].member) != 0) {
      err = checks[i].check(a);
    }
  }
  return err;
}

/* --- A new one --- */

static void tell(sdg_ido_also *also, const edit *a, const char *what, const char *detail, uint64_t version,
                 stardeleg_time now)
{
  stardeleg_ido_event event = {.at = now,
                               .event = what,
                               .delegation = a->made.id,
                               .ndc = a->made.ndc,
                               .by = a->request.by,
                               .detail = detail,
                               .not_after = STARDELEG_TIME_NONE};

  sdg_ido_audit_add(also, &event, a->made.id, version, 0);
}

static stardeleg_err store_new(edit *a, sdg_ido_also *also, stardeleg_time now)
{
  stardeleg_store_op *op = sdg_ido_also_put(also, "delegation", a->made.id, a->made.ndc);
  stardeleg_err err = STARDELEG_ERR_LIMIT;

  if (op != NULL) {
    op->due = a->made.expires_at; /* it ends then */
    sdg_ido_delegation_write(sdg_ido_also_value(also), &a->made, a->csr_template, a->cname_map, now);
    tell(also, a, "delegation-added", NULL, 1, now);
    err = sdg_ido_also_write(also, a->ido->options.store, NULL, 0);
  }
  if (err == STARDELEG_ERR_CONFLICT) {
    err = refuse(a, STARDELEG_ERR_EXISTS, "id", "there is a delegation with this id");
  }
  return err;
}

/* Who disables the delegate ends what there is; what came to be while that was under way is ended here. */
static stardeleg_err check_again(const edit *a, stardeleg_time now)
{
  bool active = false;
  stardeleg_err err = sdg_ido_ndc_is_active(a->ido->options.store, a->made.ndc, &active);

  if ((err != STARDELEG_OK && err != STARDELEG_ERR_NOT_FOUND) || active) {
    return err;
  }
  err = stardeleg_ido_delegation_end_by(a->ido, a->made.id, a->request.by, now);
  return err == STARDELEG_OK ? refuse(a, STARDELEG_ERR_STATE, "ndc", "the delegate is disabled") : err;
}

stardeleg_err stardeleg_ido_delegation_add(stardeleg_ido *ido, const stardeleg_ido_delegation *delegation, char id[65],
                                           stardeleg_time now, stardeleg_problem *problem)
{
  stardeleg_problem ignored;
  sdg_ido_also *also;
  edit a;
  stardeleg_err err;

  if (ido == NULL || delegation == NULL || id == NULL ||
      open_edit(&a, ido, delegation, problem != NULL ? problem : &ignored) != STARDELEG_OK) {
    return STARDELEG_ERR_ARGUMENT;
  }
  also = sdg_calloc(1, sizeof(*also));
  if (also == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_ido_also_init(also);
  a.members = ALL_MEMBERS;
  err = choose_id(&a);
  if (err == STARDELEG_OK) {
    err = check_ndc(&a);
  }
  if (err == STARDELEG_OK) {
    err = check_members(&a);
  }
  if (err == STARDELEG_OK) {
    err = store_new(&a, also, now);
  }
  if (err == STARDELEG_OK) {
    err = check_again(&a, now);
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(id, SDG_ID_SIZE, "%s", a.made.id);
  }
  sdg_ido_also_clear(also);
  sdg_free(also);
  close_edit(&a);
  return err;
}

/* --- A change --- */

/* Which members of a record a change writes anew. */
static const struct {
  unsigned member;
  const char *name;
  const char *told; /* in the audit record */
} written[] = {{STARDELEG_IDO_TEMPLATE, "template", "template"},
               {STARDELEG_IDO_CNAME_MAP, "cnameMap", "cname-map"},
               {STARDELEG_IDO_LIFETIME, "lifetimeMin", "lifetime"},
               {STARDELEG_IDO_LIFETIME, "lifetimeMax", NULL},
               {STARDELEG_IDO_EXPIRY, "expiresAt", "expiry"},
               {STARDELEG_IDO_ISSUER, "issuer", "issuer"},
               {STARDELEG_IDO_ISSUER, "upstream", NULL},
               {STARDELEG_IDO_NAMES, "scope", "names"},
               {STARDELEG_IDO_KEY_KINDS, "scope", "key kinds"},
               {STARDELEG_IDO_ORDER_KINDS, "scope", "order kinds"},
               {STARDELEG_IDO_QUOTA, "scope", "quota"},
               {STARDELEG_IDO_CERTIFICATES, "scope", "certificates"},
               {ALL_MEMBERS, "changedAt", NULL}};
#define WRITTEN (sizeof(written) / sizeof(written[0]))

static bool is_replaced(unsigned members, const char *name)
{
  for (size_t i = 0; i < WRITTEN; i++) {
    if ((members & written[i].member) != 0 && strcmp(written[i].name, name) == 0) {
      return true;
    }
  }
  return false;
}

static void write_changed(sdg_buf *out, const edit *a, const sdg_json *tree, stardeleg_time now)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  for (const sdg_json *item = sdg_json_first(tree); item != NULL; item = sdg_json_next(item)) {
    if (!is_replaced(a->members, sdg_json_name(item))) {
      sdg_jw_tree(&w, sdg_json_name(item), item);
    }
  }
  if ((a->members & STARDELEG_IDO_TEMPLATE) != 0) {
    sdg_jw_tree(&w, "template", a->csr_template);
  }
  if ((a->members & STARDELEG_IDO_CNAME_MAP) != 0 && sdg_json_count(a->cname_map) > 0) {
    sdg_jw_tree(&w, "cnameMap", a->cname_map);
  }
  if ((a->members & STARDELEG_IDO_LIFETIME) != 0) {
    sdg_jw_int(&w, "lifetimeMin", a->made.lifetime_min_s);
    sdg_jw_int(&w, "lifetimeMax", a->made.lifetime_max_s);
  }
  if ((a->members & STARDELEG_IDO_EXPIRY) != 0 && a->made.expires_at != STARDELEG_TIME_NEVER) {
    sdg_jw_int(&w, "expiresAt", a->made.expires_at);
  }
  if ((a->members & STARDELEG_IDO_ISSUER) != 0) {
    sdg_jw_string(&w, "issuer", a->made.issuer);
    sdg_jw_string_opt(&w, "upstream", a->made.upstream);
  }
  if ((a->members & SCOPE_MEMBERS) != 0) {
    sdg_ido_scope_write(&w, &a->made.scope);
  }
  sdg_jw_int(&w, "changedAt", now);
  sdg_jw_object_end(&w);
}

/* What of the scope is not changed stays as it is in the record. */
static stardeleg_err merge_scope(edit *a, const sdg_json *tree)
{
  sdg_ido_scope stored;
  sdg_ido_scope *made = &a->made.scope;
  stardeleg_err err = sdg_ido_scope_read(&stored, tree);

  if (err == STARDELEG_OK && (a->members & STARDELEG_IDO_NAMES) == 0) {
    sdg_ido_scope old = *made;

    made->names = stored.names;
    made->name_count = stored.name_count;
    stored.names = old.names;
    stored.name_count = old.name_count;
  }
  made->key_kinds = (a->members & STARDELEG_IDO_KEY_KINDS) != 0 ? made->key_kinds : stored.key_kinds;
  made->order_kinds = (a->members & STARDELEG_IDO_ORDER_KINDS) != 0 ? made->order_kinds : stored.order_kinds;
  made->orders_max = (a->members & STARDELEG_IDO_QUOTA) != 0 ? made->orders_max : stored.orders_max;
  made->orders_period_s = (a->members & STARDELEG_IDO_QUOTA) != 0 ? made->orders_period_s : stored.orders_period_s;
  made->certificates_max =
      (a->members & STARDELEG_IDO_CERTIFICATES) != 0 ? made->certificates_max : stored.certificates_max;
  sdg_ido_scope_clear(&stored);
  return err;
}

static void describe(char *out, size_t size, unsigned members)
{
  size_t len = 0;

  out[0] = '\0';
  for (size_t i = 0; i < WRITTEN && len < size; i++) {
    if ((members & written[i].member) != 0 && written[i].told != NULL) {
      int n = snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", written[i].told);

      len += n > 0 ? (size_t)n : 0;
    }
  }
}

/* STATE unless it is active. */
static stardeleg_err read_active(edit *a, const stardeleg_record *record, sdg_json **tree)
{
  sdg_ido_delegation_state state;
  stardeleg_err err = sdg_ido_delegation_tree(tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_state(&state, *tree);
  }
  if (err == STARDELEG_OK && state != SDG_DELEGATION_ACTIVE) {
    return refuse(a, STARDELEG_ERR_STATE, "", "the delegation has ended");
  }
  if (err == STARDELEG_OK && a->request.revision != 0 && a->request.revision != record->version) {
    return refuse(a, STARDELEG_ERR_CONFLICT, "revision", "the delegation has been changed since that revision");
  }
  if (err == STARDELEG_OK && (a->members & STARDELEG_IDO_EXPIRY) == 0) {
    err = sdg_ido_delegation_read_expiry(&a->made.expires_at, *tree);
  }
  return err == STARDELEG_OK && (a->members & SCOPE_MEMBERS) != 0 ? merge_scope(a, *tree) : err;
}

/* One attempt. */
static stardeleg_err store_change(edit *a, sdg_ido_also *also, stardeleg_time now)
{
  const stardeleg_store *store = a->ido->options.store;
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  char detail[256];
  stardeleg_store_op *op;
  stardeleg_err err = sdg_store_get(store, "delegation", a->made.id, &record);

  if (err == STARDELEG_OK) {
    (void)snprintf(a->made.ndc, sizeof(a->made.ndc), "%s", record.index);
    err = read_active(a, &record, &tree);
  }
  op = err == STARDELEG_OK ? sdg_ido_also_put(also, "delegation", a->made.id, a->made.ndc) : NULL;
  if (op != NULL) {
    op->due = a->made.expires_at;
    op->expected_version = record.version;
    write_changed(sdg_ido_also_value(also), a, tree, now);
    describe(detail, sizeof(detail), a->members);
    tell(also, a, "delegation-changed", detail, record.version + 1, now);
    if ((a->members & STARDELEG_IDO_CNAME_MAP) != 0) {
      err = sdg_ido_cname_mark(also, store, a->made.id, now);
    }
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_also_write(also, store, NULL, 0);
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err;
}

static stardeleg_err change_surely(edit *a, stardeleg_time now)
{
  sdg_ido_also *also = sdg_calloc(1, sizeof(*also));
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  if (also == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    sdg_ido_also_init(also);
    err = store_change(a, also, now);
    sdg_ido_also_clear(also);
  }
  sdg_free(also);
  /* With a revision, whoever was faster has changed what it was made from. */
  return err == STARDELEG_ERR_CONFLICT && a->request.revision == 0 ? STARDELEG_ERR_STORE : err;
}

stardeleg_err stardeleg_ido_delegation_change(stardeleg_ido *ido, const char *id,
                                              const stardeleg_ido_delegation *change, unsigned members,
                                              stardeleg_time now, stardeleg_problem *problem)
{
  stardeleg_problem ignored;
  edit a;
  stardeleg_err err;

  if (ido == NULL || id == NULL || change == NULL || members == 0 || (members & ~ALL_MEMBERS) != 0 ||
      open_edit(&a, ido, change, problem != NULL ? problem : &ignored) != STARDELEG_OK) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (!sdg_store_name_is_valid(id) || strlen(id) >= sizeof(a.made.id)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  (void)snprintf(a.made.id, sizeof(a.made.id), "%s", id);
  a.members = members;
  err = check_members(&a);
  if (err == STARDELEG_OK) {
    err = change_surely(&a, now);
  }
  if (err == STARDELEG_OK) {
    sdg_log(&ido->options.log, STARDELEG_LOG_INFO, "ido.delegation.changed", "delegation=%s", id);
    sdg_ido_work_waits(ido);
  }
  close_edit(&a);
  return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_ndc.c -- delegates: registered, with what they can show, disabled, removed.  Kind "delegate", key the name.
 */
#include <stdio.h>
#include <string.h>

#include "acme_server/account_admin.h"
#include "acme_server/eab.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "ido/ido_internal.h"

#define KIND "delegate"
#define PAGE 64u
/* Disabling is carried out by the call itself; should its process die, by an engine after this. */
#define CHORE_PAUSE (10 * SDG_TIME_S)

typedef struct delegate {
  bool exists;
  bool disabled;
  char delegation[SDG_ID_SIZE]; /* its default one, for ordinary ACME clients; "": none */
  stardeleg_time created_at;
  uint64_t version;
} delegate;

static bool name_is_valid(const char *name)
{
  return name != NULL && strlen(name) <= SDG_EAB_NAME_MAX && sdg_secrets_name_is_valid(name) != 0;
}

/* --- The record --- */

static stardeleg_err read_delegate(delegate *out, const stardeleg_record *record)
{
  const char *delegation = NULL;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ido_delegation_tree(&tree, record);

  memset(out, 0, sizeof(*out));
  out->exists = true;
  out->version = record->version;
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&out->disabled, tree, "disabled", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->created_at, tree, "createdAt", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&delegation, tree, "defaultDelegation", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && delegation != NULL &&
      (size_t)snprintf(out->delegation, sizeof(out->delegation), "%s", delegation) >= sizeof(out->delegation)) {
    err = STARDELEG_ERR_STORE;
  }
  sdg_json_free(tree);
  return err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_STORE : err;
}

static stardeleg_err load(delegate *out, const stardeleg_store *store, const char *name)
{
  stardeleg_record record = {0};
  stardeleg_err err = name_is_valid(name) ? sdg_store_get(store, KIND, name, &record) : STARDELEG_ERR_NOT_FOUND;

  memset(out, 0, sizeof(*out));
  if (err == STARDELEG_OK) {
    err = read_delegate(out, &record);
  }
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err sdg_ido_ndc_is_active(const stardeleg_store *store, const char *name, bool *active)
{
  delegate found;
  stardeleg_err err = load(&found, store, name);

  *active = err == STARDELEG_OK && !found.disabled;
  return err;
}

stardeleg_err sdg_ido_ndc_default(const stardeleg_store *store, const char *name, char id[SDG_ID_SIZE])
{
  delegate found;
  stardeleg_err err = load(&found, store, name);

  (void)snprintf(id, SDG_ID_SIZE, "%s", err == STARDELEG_OK && !found.disabled ? found.delegation : "");
  return err == STARDELEG_OK && id[0] == '\0' ? STARDELEG_ERR_NOT_FOUND : err;
}

static void put_delegate(sdg_ido_also *also, const char *name, const delegate *d)
{
  stardeleg_store_op *op = sdg_ido_also_put(also, KIND, name, "");
  sdg_json_writer w;

  if (op == NULL) {
    return;
  }
  op->expected_version = d->version;
  sdg_jw_init(&w, sdg_ido_also_value(also));
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_bool(&w, "disabled", d->disabled);
  sdg_jw_string_opt(&w, "defaultDelegation", d->delegation);
  sdg_jw_int(&w, "createdAt", d->created_at);
  sdg_jw_object_end(&w);
}

/* --- The audit record --- */

/* What was done, with its number: a delegate's record does not change with each. */
static void tell(sdg_ido_also *also, const stardeleg_ido *ido, const stardeleg_ido_event *event)
{
  char id[SDG_ID_SIZE];
  stardeleg_err err = sdg_server_new_id(ido->server, id);

  if (err != STARDELEG_OK) {
    also->err = err;
    return;
  }
  sdg_ido_audit_add(also, event, id, 1, 0);
}

static stardeleg_ido_event event_of(const char *what, const char *name, const char *by, stardeleg_time now)
{
  return (stardeleg_ido_event){
      .at = now, .event = what, .ndc = name, .by = by != NULL ? by : "owner", .not_after = STARDELEG_TIME_NONE};
}

/* Writes |d| (NULL: not) and the event. */
static stardeleg_err write_told(stardeleg_ido *ido, const char *name, const delegate *d,
                                const stardeleg_ido_event *event)
{
  sdg_ido_also *also = sdg_calloc(1, sizeof(*also));
  stardeleg_err err;

  if (also == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_ido_also_init(also);
  if (d != NULL) {
    put_delegate(also, name, d);
  }
  tell(also, ido, event);
  err = sdg_ido_also_write(also, ido->options.store, NULL, 0);
  sdg_ido_also_clear(also);
  sdg_free(also);
  return err;
}

/* --- Registering --- */

/* Makes the delegate if there is none; STATE if it is disabled. */
static stardeleg_err must_be_active(stardeleg_ido *ido, const char *name, bool make, const char *by, stardeleg_time now)
{
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    delegate found;

    err = load(&found, ido->options.store, name);
    if (err == STARDELEG_OK) {
      return found.disabled ? STARDELEG_ERR_STATE : STARDELEG_OK;
    }
    if (err == STARDELEG_ERR_NOT_FOUND && make) {
      stardeleg_ido_event event = event_of("ndc-added", name, by, now);

      found.created_at = now;
      err = write_told(ido, name, &found, &event);
    }
  }
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

stardeleg_err sdg_ido_ndc_register(stardeleg_ido *ido, const char *name, const char *by, stardeleg_time now)
{
  return must_be_active(ido, name, true, by, now);
}

stardeleg_err sdg_ido_ndc_tell(stardeleg_ido *ido, const char *what, const char *name, const char *by,
                               const char *detail, stardeleg_time now)
{
  stardeleg_ido_event event = event_of(what, name, by, now);

  event.detail = detail;
  return write_told(ido, name, NULL, &event);
}

stardeleg_err stardeleg_ido_ndc_add(stardeleg_ido *ido, const char *name, char mac_key[64], stardeleg_time now)
{
  return stardeleg_ido_ndc_add_by(ido, name, NULL, mac_key, now);
}

/* The delegate first: of two at once one finds it there, and should the process die, a key can still be added. */
stardeleg_err stardeleg_ido_ndc_add_by(stardeleg_ido *ido, const char *name, const char *by, char mac_key[64],
                                       stardeleg_time now)
{
  stardeleg_ido_event event = event_of("ndc-added", name, by, now);
  delegate made = {.created_at = now};
  char account[SDG_ID_SIZE];
  stardeleg_err err;

  if (ido == NULL || mac_key == NULL || !name_is_valid(name)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = sdg_eab_get(ido->options.store, name, account);
  if (err != STARDELEG_ERR_NOT_FOUND) {
    return err == STARDELEG_OK ? STARDELEG_ERR_EXISTS : err;
  }
  err = write_told(ido, name, &made, &event);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_EXISTS : err;
  }
  err = sdg_eab_add(ido->options.crypto, ido->options.store, ido->options.secrets, name, mac_key, now);
  return err == STARDELEG_OK ? sdg_ido_ndc_tell(ido, "ndc-mac-key-added", name, by, name, now) : err;
}

stardeleg_err stardeleg_ido_ndc_add_mac_key(stardeleg_ido *ido, const char *name, const char *key_id, const char *by,
                                            char mac_key[64], stardeleg_time now)
{
  stardeleg_err err;

  if (ido == NULL || mac_key == NULL || !name_is_valid(key_id)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = must_be_active(ido, name, false, by, now);
  if (err == STARDELEG_OK) {
    err = sdg_eab_add_for(ido->options.crypto, ido->options.store, ido->options.secrets, key_id, name, mac_key, now);
  }
  if (err == STARDELEG_OK && must_be_active(ido, name, false, by, now) != STARDELEG_OK) {
    /* disabled meanwhile, which takes away only the keys that it finds */
    sdg_wipe(mac_key, 64);
    err = sdg_eab_remove(ido->options.store, ido->options.secrets, key_id, name);
    err = err == STARDELEG_OK || err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_ERR_STATE : err;
  }
  return err == STARDELEG_OK ? sdg_ido_ndc_tell(ido, "ndc-mac-key-added", name, by, key_id, now) : err;
}

stardeleg_err stardeleg_ido_ndc_remove_mac_key(stardeleg_ido *ido, const char *name, const char *key_id, const char *by,
                                               stardeleg_time now)
{
  stardeleg_err err;

  if (ido == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (!name_is_valid(name) || !name_is_valid(key_id)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  err = sdg_eab_remove(ido->options.store, ido->options.secrets, key_id, name);
  return err == STARDELEG_OK ? sdg_ido_ndc_tell(ido, "ndc-mac-key-removed", name, by, key_id, now) : err;
}

/* --- The default delegation --- */

/* An order of another owner's needs the member that ordinary clients do not send (RFC 9115 2.4). */
static stardeleg_err check_default(stardeleg_ido *ido, const char *name, const char *id, stardeleg_time now)
{
  const sdg_ido_delegation *delegation = NULL;
  const sdg_issuer *issuer;
  stardeleg_err err = sdg_ido_delegations_get(ido->delegations, id, &delegation);

  if (err != STARDELEG_OK) {
    return err;
  }
  issuer = sdg_ido_find_issuer(ido, delegation->issuer);
  if (strcmp(delegation->ndc, name) != 0) {
    err = STARDELEG_ERR_NOT_FOUND;
  } else if (!sdg_ido_delegation_is_open(delegation, now)) {
    err = STARDELEG_ERR_STATE;
  } else if (issuer != NULL && issuer->ops == &sdg_issuer_proxy) {
    err = STARDELEG_ERR_UNSUPPORTED;
  }
  sdg_ido_delegations_release(ido->delegations, delegation);
  return err;
}

static stardeleg_err put_default(stardeleg_ido *ido, const char *name, const char *id, const char *by,
                                 stardeleg_time now)
{
  stardeleg_ido_event event = event_of("ndc-changed", name, by, now);
  delegate found;
  stardeleg_err err = load(&found, ido->options.store, name);

  if (err != STARDELEG_OK || found.disabled) {
    return err == STARDELEG_OK ? STARDELEG_ERR_STATE : err;
  }
  if (strcmp(found.delegation, id) == 0) {
    return STARDELEG_OK;
  }
  (void)snprintf(found.delegation, sizeof(found.delegation), "%s", id);
  event.detail = id[0] != '\0' ? id : "no default delegation";
  return write_told(ido, name, &found, &event);
}

stardeleg_err stardeleg_ido_ndc_set_default_delegation(stardeleg_ido *ido, const char *name, const char *delegation,
                                                       const char *by, stardeleg_time now)
{
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  if (ido == NULL || name == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (delegation != NULL && (strlen(delegation) >= SDG_ID_SIZE || !sdg_store_name_is_valid(delegation))) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = delegation != NULL ? check_default(ido, name, delegation, now) : STARDELEG_OK;
    if (err == STARDELEG_OK) {
      err = put_default(ido, name, delegation != NULL ? delegation : "", by, now);
    }
  }
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

/* --- Disabling --- */

/* The chore first, with the state in one write: what follows is done sooner or later. */
static stardeleg_err mark_disabled(stardeleg_ido *ido, const char *name, const char *by, stardeleg_time now)
{
  stardeleg_ido_event event = event_of("ndc-disabled", name, by, now);
  sdg_ido_also *also = NULL;
  char key[SDG_ALSO_NAME_SIZE];
  delegate found;
  stardeleg_store_op *op;
  stardeleg_err err = load(&found, ido->options.store, name);

  if (err != STARDELEG_OK || found.disabled) {
    return err;
  }
  also = sdg_calloc(1, sizeof(*also));
  if (also == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_ido_also_init(also);
  found.disabled = true;
  put_delegate(also, name, &found);
  tell(also, ido, &event);
  (void)snprintf(key, sizeof(key), SDG_CHORE_NDC "%s", name);
  op = sdg_ido_also_put(also, SDG_CHORE_KIND, key, "");
  if (op != NULL) {
    sdg_json_writer w;

    op->due = sdg_time_add(now, CHORE_PAUSE);
    sdg_jw_init(&w, sdg_ido_also_value(also));
    sdg_jw_object(&w, NULL);
    sdg_jw_int(&w, "v", 1);
    sdg_jw_string(&w, "by", event.by);
    sdg_jw_object_end(&w);
  }
  err = sdg_ido_also_write(also, ido->options.store, NULL, 0);
  sdg_ido_also_clear(also);
  sdg_free(also);
  return err;
}

typedef struct page {
  char names[PAGE][SDG_ID_SIZE];
  size_t count;
} page;

static int collect(void *ctx, const stardeleg_record *record)
{
  page *p = ctx;

  (void)snprintf(p->names[p->count++], SDG_ID_SIZE, "%s", record->key);
  return p->count == PAGE;
}

static stardeleg_err remove_mac_keys(stardeleg_ido *ido, const char *name)
{
  page p = {.count = PAGE};
  stardeleg_err err = STARDELEG_OK;

  while (err == STARDELEG_OK && p.count == PAGE) {
    p.count = 0;
    err = sdg_store_scan(ido->options.store, "eab", name, NULL, PAGE, collect, &p);
    for (size_t i = 0; err == STARDELEG_OK && i < p.count; i++) {
      err = sdg_eab_remove(ido->options.store, ido->options.secrets, p.names[i], name);
      err = err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
    }
  }
  return err;
}

/* MAC keys before accounts: none can be made any more when those there are have been revoked. */
static stardeleg_err carry_out(stardeleg_ido *ido, const char *name, const char *by, stardeleg_time now)
{
  stardeleg_err err = remove_mac_keys(ido, name);

  if (err == STARDELEG_OK) {
    err = sdg_server_accounts_revoke(ido->server, name);
  }
  return err == STARDELEG_OK ? sdg_ido_end_all(ido, name, by, now) : err;
}

static stardeleg_err finish_chore(stardeleg_ido *ido, const char *key, uint64_t version, uint64_t fence)
{
  stardeleg_store_op op = {.verb = STARDELEG_STORE_DEL,
                           .kind = SDG_CHORE_KIND,
                           .key = key,
                           .due = STARDELEG_TIME_NEVER,
                           .expected_version = version,
                           .fence = fence};
  stardeleg_err err = sdg_store_batch(ido->options.store, &op, 1);

  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_OK : err; /* somebody else has done the same */
}

stardeleg_err sdg_ido_ndc_work(stardeleg_ido *ido, const stardeleg_record *record, stardeleg_time now)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ido_delegation_tree(&tree, record);

  if (err == STARDELEG_OK) {
    err = carry_out(ido, record->key + strlen(SDG_CHORE_NDC), sdg_json_string(sdg_json_member(tree, "by")), now);
  }
  sdg_json_free(tree);
  return err == STARDELEG_OK ? finish_chore(ido, record->key, record->version, record->fence) : err;
}

stardeleg_err stardeleg_ido_ndc_disable(stardeleg_ido *ido, const char *name, const char *by, stardeleg_time now)
{
  char key[SDG_ALSO_NAME_SIZE];
  stardeleg_record chore = {0};
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  if (ido == NULL || name == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = mark_disabled(ido, name, by, now);
  }
  if (err == STARDELEG_OK) {
    err = carry_out(ido, name, by, now);
  }
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
  }
  sdg_log(&ido->options.log, STARDELEG_LOG_INFO, "ido.ndc.disabled", "ndc=%s", name);
  (void)snprintf(key, sizeof(key), SDG_CHORE_NDC "%s", name);
  err = sdg_store_get(ido->options.store, SDG_CHORE_KIND, key, &chore);
  if (err == STARDELEG_OK) {
    err = finish_chore(ido, key, chore.version, 0);
  }
  stardeleg_record_clear(&chore);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

/* --- Removing --- */

typedef struct living {
  bool found;
  stardeleg_err err;
} living;

static int look_for_living(void *ctx, const stardeleg_record *record)
{
  living *l = ctx;
  sdg_ido_delegation_state state;
  sdg_json *tree = NULL;

  l->err = sdg_ido_delegation_tree(&tree, record);
  if (l->err == STARDELEG_OK) {
    l->err = sdg_ido_delegation_read_state(&state, tree);
  }
  l->found = l->err == STARDELEG_OK && state != SDG_DELEGATION_ENDED;
  sdg_json_free(tree);
  return l->err != STARDELEG_OK || l->found;
}

/* STATE unless the delegate can go. */
static stardeleg_err check_removable(stardeleg_ido *ido, const char *name, delegate *found)
{
  char key[SDG_ALSO_NAME_SIZE];
  stardeleg_record chore = {0};
  living l = {false, STARDELEG_OK};
  stardeleg_err err = load(found, ido->options.store, name);

  if (err != STARDELEG_OK || !found->disabled) {
    return err == STARDELEG_OK ? STARDELEG_ERR_STATE : err;
  }
  (void)snprintf(key, sizeof(key), SDG_CHORE_NDC "%s", name);
  err = sdg_store_get(ido->options.store, SDG_CHORE_KIND, key, &chore);
  stardeleg_record_clear(&chore);
  if (err != STARDELEG_ERR_NOT_FOUND) {
    return err == STARDELEG_OK ? STARDELEG_ERR_STATE : err;
  }
  err = sdg_store_scan(ido->options.store, "delegation", name, NULL, SIZE_MAX, look_for_living, &l);
  err = err == STARDELEG_OK ? l.err : err;
  return err == STARDELEG_OK && l.found ? STARDELEG_ERR_STATE : err;
}

stardeleg_err stardeleg_ido_ndc_remove(stardeleg_ido *ido, const char *name, const char *by, stardeleg_time now)
{
  stardeleg_ido_event event = event_of("ndc-removed", name, by, now);
  sdg_ido_also *also;
  delegate found;
  stardeleg_err err;

  if (ido == NULL || name == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = check_removable(ido, name, &found);
  if (err != STARDELEG_OK) {
    return err;
  }
  also = sdg_calloc(1, sizeof(*also));
  if (also == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_ido_also_init(also);
  tell(also, ido, &event);
  {
    stardeleg_store_op op = {.verb = STARDELEG_STORE_DEL,
                             .kind = KIND,
                             .key = name,
                             .due = STARDELEG_TIME_NEVER,
                             .expected_version = found.version};

    err = sdg_ido_also_write(also, ido->options.store, &op, 1);
  }
  sdg_ido_also_clear(also);
  sdg_free(also);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

/* --- Listing --- */

typedef struct listing {
  int (*each)(void *ctx, const stardeleg_ido_ndc *ndc);
  void *ctx;
  stardeleg_err err;
} listing;

static int tell_delegate(void *ctx, const stardeleg_record *record)
{
  listing *l = ctx;
  delegate found;
  stardeleg_ido_ndc ndc = {.size = sizeof(ndc), .name = record->key};

  l->err = read_delegate(&found, record);
  if (l->err != STARDELEG_OK) {
    return 1;
  }
  ndc.state = found.disabled ? "disabled" : "active";
  ndc.created_at = found.created_at;
  ndc.default_delegation = found.delegation;
  return l->each(l->ctx, &ndc);
}

stardeleg_err stardeleg_ido_ndc_list(stardeleg_ido *ido, const char *after, size_t limit,
                                     int (*each)(void *ctx, const stardeleg_ido_ndc *ndc), void *ctx)
{
  listing l = {each, ctx, STARDELEG_OK};
  stardeleg_err err;

  if (ido == NULL || each == NULL || !sdg_store_text_is_valid(after)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = sdg_store_scan(ido->options.store, KIND, NULL, after, limit > 0 ? limit : SIZE_MAX, tell_delegate, &l);
  return err == STARDELEG_OK ? l.err : err;
}

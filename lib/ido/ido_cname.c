/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_cname.c -- CNAMEs: what is wanted, what was told, and the difference. */
#include "ido/ido_cname.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "ido/ido_internal.h"

/* Entries of one chore: what the map has, and what is to be removed.  Beyond, the oldest of the latter are let go. */
#define ENTRIES_MAX ((size_t)4 * SDG_CNAMES_MAX)

typedef enum entry_state { STATE_INSTALL = 0, STATE_INSTALLED, STATE_REMOVE } entry_state;

static const char *const state_names[] = {"install", "installed", "remove"};

typedef struct entry {
  char *name;
  char *target;
  entry_state state;
  stardeleg_time told_at; /* or NONE */
} entry;

typedef struct entries {
  entry items[ENTRIES_MAX];
  size_t count;
} entries;

static void clear(entries *list)
{
  for (size_t i = 0; i < list->count; i++) {
    sdg_free(list->items[i].name);
    sdg_free(list->items[i].target);
  }
  list->count = 0;
}

static void drop(entries *list, size_t i)
{
  sdg_free(list->items[i].name);
  sdg_free(list->items[i].target);
  memmove(&list->items[i], &list->items[i + 1], (list->count - i - 1) * sizeof(list->items[0]));
  list->count--;
}

static stardeleg_err add(entries *list, const char *name, const char *target, entry_state state, stardeleg_time told_at)
{
  entry *e;

  for (size_t i = 0; list->count == ENTRIES_MAX && i < list->count; i++) {
    if (list->items[i].state == STATE_REMOVE) {
      drop(list, i);
      break;
    }
  }
  if (list->count == ENTRIES_MAX) {
    return STARDELEG_ERR_LIMIT;
  }
  e = &list->items[list->count];
  *e = (entry){sdg_strdup(name), sdg_strdup(target), state, told_at};
  if (e->name == NULL || e->target == NULL) {
    sdg_free(e->name);
    sdg_free(e->target);
    return STARDELEG_ERR_NOMEM;
  }
  list->count++;
  return STARDELEG_OK;
}

/* --- The record --- */

static stardeleg_err read_entry(entries *list, const sdg_json *item)
{
  const char *state = sdg_json_string(sdg_json_member(item, "state"));
  stardeleg_time told_at = STARDELEG_TIME_NONE;
  stardeleg_err err = sdg_json_get_int(&told_at, item, "toldAt", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);

  for (size_t i = 0; err == STARDELEG_OK && i < 3; i++) {
    if (strcmp(state, state_names[i]) == 0) {
      return add(list, sdg_json_string(sdg_json_member(item, "name")), sdg_json_string(sdg_json_member(item, "target")),
                 (entry_state)i, told_at);
    }
  }
  return STARDELEG_ERR_STORE;
}

static stardeleg_err parse_record(sdg_json **out, const stardeleg_record *record)
{
  sdg_json_limits limits = sdg_json_limits_default();
  stardeleg_err err;

  limits.bytes_max = STARDELEG_STORE_VALUE_MAX;
  limits.items_max = ENTRIES_MAX;
  err = sdg_json_parse(out, sdg_bytes(record->value, record->value_len), &limits, NULL);
  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
}

static stardeleg_err read_record(entries *list, const stardeleg_record *record)
{
  sdg_json *tree = NULL;
  stardeleg_err err = parse_record(&tree, record);

  if (err == STARDELEG_OK) {
    const sdg_json *item = sdg_json_first(sdg_json_member(tree, "entries"));

    for (; err == STARDELEG_OK && item != NULL; item = sdg_json_next(item)) {
      err = read_entry(list, item);
    }
  }
  sdg_json_free(tree);
  return err;
}

static void write_entries(sdg_buf *out, const entries *list)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_array(&w, "entries");
  for (size_t i = 0; i < list->count; i++) {
    const entry *e = &list->items[i];

    sdg_jw_object(&w, NULL);
    sdg_jw_string(&w, "name", e->name);
    sdg_jw_string(&w, "target", e->target);
    sdg_jw_string(&w, "state", state_names[e->state]);
    if (e->told_at != STARDELEG_TIME_NONE) {
      sdg_jw_int(&w, "toldAt", e->told_at);
    }
    sdg_jw_object_end(&w);
  }
  sdg_jw_array_end(&w);
  sdg_jw_object_end(&w);
}

static void key_of(char key[SDG_ALSO_NAME_SIZE], const char *delegation)
{
  (void)snprintf(key, SDG_ALSO_NAME_SIZE, SDG_CHORE_CNAME "%s", delegation);
}

stardeleg_err sdg_ido_cname_mark(sdg_ido_also *also, const stardeleg_store *store, const char *delegation,
                                 stardeleg_time now)
{
  stardeleg_record record = {0};
  char key[SDG_ALSO_NAME_SIZE];
  stardeleg_store_op *op;
  stardeleg_err err;

  key_of(key, delegation);
  err = sdg_store_get(store, SDG_CHORE_KIND, key, &record);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOT_FOUND) {
    return err;
  }
  op = sdg_ido_also_put(also, SDG_CHORE_KIND, key, delegation);
  if (op != NULL) {
    op->due = now;
    op->expected_version = record.version;
    if (err == STARDELEG_OK) {
      sdg_buf_add(sdg_ido_also_value(also), record.value, record.value_len);
    } else {
      sdg_buf_add_str(sdg_ido_also_value(also), "{\"v\":1,\"entries\":[]}");
    }
  }
  stardeleg_record_clear(&record);
  return also->err;
}

/* --- What is wanted --- */

/* AMB-26: compared without the final dot and without case. */
static bool is_same_name(const char *fqdn, const char *identifier)
{
  stardeleg_bytes a = sdg_bytes_str(fqdn);
  stardeleg_bytes b = sdg_bytes_str(identifier);

  a.len -= a.len > 0 && a.base[a.len - 1] == '.' ? 1 : 0;
  b.len -= b.len > 0 && b.base[b.len - 1] == '.' ? 1 : 0;
  return sdg_name_equal_dns(a, b);
}

typedef struct wish {
  const sdg_ido_delegation *delegation; /* NULL: there is none */
  bool wanted[SDG_CNAMES_MAX];          /* by the place in its map */
  char *alias[SDG_CNAMES_MAX];          /* the name it has in our zone, if the names are another owner's; owned */
  stardeleg_err err;
} wish;

static bool has_name(const sdg_ido_order *order, const char *name)
{
  bool found = false;

  for (size_t i = 0; i < order->wire.identifiers.count; i++) {
    const stardeleg_identifier *identifier = &order->wire.identifiers.items[i];

    found = found || (strcmp(identifier->type, "dns") == 0 && is_same_name(name, identifier->value));
  }
  return found;
}

/* What stands behind |name| in the map of the owner upstream; "": nothing that we would make a record of; NULL:
 * nothing at all, the name is ours. */
static const char *alias_of(const sdg_ido_order *order, const char *name)
{
  for (const sdg_json *item = sdg_json_first(order->aliases); item != NULL; item = sdg_json_next(item)) {
    if (is_same_name(sdg_json_name(item), name)) {
      return sdg_json_string(item);
    }
  }
  return NULL;
}

static void add_wish(wish *w, size_t i, const sdg_ido_order *order)
{
  const char *name = w->delegation->cnames[i].name;
  const char *alias = alias_of(order, name);

  if (!has_name(order, name) || (alias != NULL && alias[0] == '\0')) {
    return;
  }
  w->wanted[i] = true;
  if (alias != NULL && w->alias[i] == NULL) {
    w->alias[i] = sdg_strdup(alias);
    w->err = w->alias[i] != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
}

/* The CNAME that is to be in our zone. */
static sdg_cname wished(const wish *w, size_t i)
{
  const sdg_cname *cname = &w->delegation->cnames[i];

  return (sdg_cname){w->alias[i] != NULL ? w->alias[i] : cname->name, cname->target};
}

static void clear_wish(const stardeleg_ido *ido, wish *w)
{
  for (size_t i = 0; i < SDG_CNAMES_MAX; i++) {
    sdg_free(w->alias[i]);
  }
  sdg_ido_delegations_release(ido->delegations, w->delegation);
}

static int add_wishes(void *ctx, const stardeleg_record *record)
{
  wish *w = ctx;
  sdg_ido_order order;

  w->err = sdg_ido_order_read(&order, record);
  if (w->err != STARDELEG_OK) {
    return 1;
  }
  for (size_t i = 0; order.cnames && i < w->delegation->cname_count && i < SDG_CNAMES_MAX; i++) {
    add_wish(w, i, &order);
  }
  sdg_ido_order_clear(&order);
  return w->err != STARDELEG_OK;
}

static stardeleg_err make_wish(const stardeleg_ido *ido, const char *delegation, wish *w)
{
  stardeleg_err err = sdg_ido_delegations_get(ido->delegations, delegation, &w->delegation);

  if (err == STARDELEG_ERR_NOT_FOUND) {
    return STARDELEG_OK;
  }
  if (err == STARDELEG_OK && w->delegation->cname_count > 0) {
    err = sdg_store_scan(ido->options.store, "order", delegation, NULL, SIZE_MAX, add_wishes, w);
    err = err == STARDELEG_OK ? w->err : err;
  }
  return err;
}

static bool is_wanted(const wish *w, const entry *e)
{
  for (size_t i = 0; w->delegation != NULL && i < w->delegation->cname_count && i < SDG_CNAMES_MAX; i++) {
    sdg_cname cname = wished(w, i);

    if (w->wanted[i] && is_same_name(cname.name, e->name) && is_same_name(cname.target, e->target)) {
      return true;
    }
  }
  return false;
}

/* --- The difference --- */

static bool can_tell_of(const stardeleg_ido *ido)
{
  return ido->options.on_cname_of != NULL || ido->options.on_cname != NULL;
}

static void tell(const stardeleg_ido *ido, const char *delegation, entry *e, bool install, stardeleg_time now)
{
  const stardeleg_ido_options *options = &ido->options;
  bool can_tell = can_tell_of(ido);

  if (options->on_cname_of != NULL) {
    options->on_cname_of(options->on_cname_ctx, delegation, e->name, e->target, install ? 1 : 0);
  } else if (can_tell) {
    options->on_cname(options->on_cname_ctx, e->name, e->target, install ? 1 : 0);
  }
  e->state = !install ? STATE_REMOVE : can_tell ? STATE_INSTALLED : STATE_INSTALL;
  e->told_at = can_tell ? now : STARDELEG_TIME_NONE;
}

static entry *find(entries *list, const sdg_cname *cname)
{
  for (size_t i = 0; i < list->count; i++) {
    if (is_same_name(list->items[i].name, cname->name) && is_same_name(list->items[i].target, cname->target)) {
      return &list->items[i];
    }
  }
  return NULL;
}

/* Removals first: a name has one CNAME, and its target may have changed. */
static stardeleg_err settle(const stardeleg_ido *ido, const char *delegation, const wish *w, entries *list,
                            stardeleg_time now)
{
  stardeleg_err err = STARDELEG_OK;

  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i].state != STATE_REMOVE && !is_wanted(w, &list->items[i])) {
      tell(ido, delegation, &list->items[i], false, now);
    }
  }
  for (size_t i = 0; w->delegation != NULL && err == STARDELEG_OK && i < w->delegation->cname_count; i++) {
    sdg_cname cname;
    entry *e;

    if (i >= SDG_CNAMES_MAX || !w->wanted[i]) {
      continue;
    }
    cname = wished(w, i);
    e = find(list, &cname);
    if (e == NULL) {
      err = add(list, cname.name, cname.target, STATE_REMOVE, STARDELEG_TIME_NONE);
      e = err == STARDELEG_OK ? &list->items[list->count - 1] : NULL;
    }
    if (e != NULL && (e->state == STATE_REMOVE || (e->state == STATE_INSTALL && can_tell_of(ido)))) {
      tell(ido, delegation, e, true, now);
    }
  }
  return err;
}

/* What was told is noted; with nothing left to be noted, the chore goes.  If somebody has made it due again meanwhile,
 * it stays due. */
static stardeleg_err note(stardeleg_ido *ido, const stardeleg_record *record, const entries *list, stardeleg_time now)
{
  stardeleg_store_op op = {.verb = list->count > 0 ? STARDELEG_STORE_PUT : STARDELEG_STORE_DEL,
                           .kind = SDG_CHORE_KIND,
                           .key = record->key,
                           .index = record->index,
                           .due = STARDELEG_TIME_NEVER,
                           .expected_version = record->version,
                           .fence = record->fence,
                           .release = 1};
  sdg_buf value;
  stardeleg_err err;

  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  write_entries(&value, list);
  err = sdg_buf_error(&value);
  op.value = sdg_buf_bytes(&value);
  for (int i = 0; err == STARDELEG_OK && i < SDG_IDO_CAS_TRIES; i++) {
    stardeleg_record fresh = {0};

    err = sdg_store_batch(ido->options.store, &op, 1);
    if (err != STARDELEG_ERR_CONFLICT) {
      break;
    }
    err = sdg_store_get(ido->options.store, SDG_CHORE_KIND, record->key, &fresh);
    if (err == STARDELEG_OK && fresh.fence != record->fence) {
      err = STARDELEG_ERR_CONFLICT; /* the lease is somebody else's, and so is the chore */
    }
    op.verb = STARDELEG_STORE_PUT;
    op.expected_version = fresh.version;
    op.due = now;
    stardeleg_record_clear(&fresh);
  }
  sdg_buf_clear(&value);
  return err;
}

stardeleg_err sdg_ido_cname_work(stardeleg_ido *ido, const stardeleg_record *record, stardeleg_time now)
{
  entries *list = sdg_calloc(1, sizeof(*list));
  wish *w = sdg_calloc(1, sizeof(*w));
  stardeleg_err err = list != NULL && w != NULL ? read_record(list, record) : STARDELEG_ERR_NOMEM;

  if (err == STARDELEG_OK) {
    err = make_wish(ido, record->key + strlen(SDG_CHORE_CNAME), w);
  }
  if (err == STARDELEG_OK) {
    err = settle(ido, record->key + strlen(SDG_CHORE_CNAME), w, list, now);
  }
  if (err == STARDELEG_OK) {
    err = note(ido, record, list, now);
  }
  if (w != NULL) {
    clear_wish(ido, w);
  }
  if (list != NULL) {
    clear(list);
  }
  sdg_free(w);
  sdg_free(list);
  return err;
}

/* --- For people --- */

typedef struct listing {
  int (*each)(void *ctx, const stardeleg_ido_cname *cname);
  void *ctx;
  entries *list;
  bool stopped;
  stardeleg_err err;
} listing;

static int tell_chore(void *ctx, const stardeleg_record *record)
{
  listing *l = ctx;

  if (strncmp(record->key, SDG_CHORE_CNAME, strlen(SDG_CHORE_CNAME)) != 0) {
    return 0;
  }
  clear(l->list);
  l->err = read_record(l->list, record);
  for (size_t i = 0; l->err == STARDELEG_OK && !l->stopped && i < l->list->count; i++) {
    const entry *e = &l->list->items[i];
    stardeleg_ido_cname cname = {sizeof(cname), record->index, e->name, e->target, state_names[e->state], e->told_at};

    l->stopped = l->each(l->ctx, &cname) != 0;
  }
  return l->err != STARDELEG_OK || l->stopped;
}

static stardeleg_err must_exist(const stardeleg_ido *ido, const char *delegation)
{
  stardeleg_record record = {0};
  stardeleg_err err = STARDELEG_ERR_NOT_FOUND;

  if (sdg_store_name_is_valid(delegation)) {
    err = sdg_store_get(ido->options.store, "delegation", delegation, &record);
  }
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err stardeleg_ido_cname_list(stardeleg_ido *ido, const char *delegation,
                                       int (*each)(void *ctx, const stardeleg_ido_cname *cname), void *ctx)
{
  listing l = {.each = each, .ctx = ctx};
  stardeleg_err err = STARDELEG_OK;

  if (ido == NULL || each == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (delegation != NULL) {
    err = must_exist(ido, delegation);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  l.list = sdg_calloc(1, sizeof(*l.list));
  if (l.list == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_store_scan(ido->options.store, SDG_CHORE_KIND, delegation, NULL, SIZE_MAX, tell_chore, &l);
  clear(l.list);
  sdg_free(l.list);
  return err == STARDELEG_OK ? l.err : err;
}

/* One attempt. */
static stardeleg_err remove_entries(stardeleg_ido *ido, const char *delegation, const char *name, entries *list)
{
  stardeleg_record record = {0};
  char key[SDG_ALSO_NAME_SIZE];
  size_t before;
  sdg_buf value;
  stardeleg_err err;

  key_of(key, delegation);
  err = sdg_store_get(ido->options.store, SDG_CHORE_KIND, key, &record);
  if (err == STARDELEG_OK) {
    err = read_record(list, &record);
  }
  before = list->count;
  for (size_t i = list->count; i > 0; i--) {
    if (list->items[i - 1].state == STATE_REMOVE && is_same_name(list->items[i - 1].name, name)) {
      drop(list, i - 1);
    }
  }
  if (err == STARDELEG_OK && list->count == before) {
    err = STARDELEG_ERR_NOT_FOUND;
  }
  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  write_entries(&value, list);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&value);
  }
  if (err == STARDELEG_OK) {
    bool is_over = list->count == 0 && record.due == STARDELEG_TIME_NEVER;
    stardeleg_store_op op = {.verb = is_over ? STARDELEG_STORE_DEL : STARDELEG_STORE_PUT,
                             .kind = SDG_CHORE_KIND,
                             .key = key,
                             .value = sdg_buf_bytes(&value),
                             .index = delegation,
                             .due = record.due,
                             .expected_version = record.version};

    err = sdg_store_batch(ido->options.store, &op, 1);
  }
  sdg_buf_clear(&value);
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err stardeleg_ido_cname_removed(stardeleg_ido *ido, const char *delegation, const char *name,
                                          stardeleg_time now)
{
  entries *list;
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  (void)now;
  if (ido == NULL || delegation == NULL || name == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (!sdg_store_name_is_valid(delegation) || strlen(delegation) >= SDG_ID_SIZE) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  list = sdg_calloc(1, sizeof(*list));
  if (list == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = remove_entries(ido, delegation, name, list);
    clear(list);
  }
  sdg_free(list);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

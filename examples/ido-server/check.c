/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/check.c -- the command "check": every delegated name looked up, and the records that should be there. */
#include "ido-server/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "common/clock.h"
#include "ido-server/admin_call.h"
#include "ido-server/zones.h"

#define NAMES_MAX ((size_t)4096)
#define ISSUERS_MAX 16u
/* Names looked up at once, and all of them together: who asks waits two minutes. */
#define ACTIVE_MAX 64u
#define PATIENCE_MS (90 * 1000)
#define ADD_SIZE 6000

static const config *configuration;

void check_configure(const config *cfg)
{
  configuration = cfg;
}

typedef struct issuer {
  char *name;
  char *account;
  char **identities; /* as the CA's directory has them */
  const char **configured;
  bool answers_dns01;
} issuer;

typedef struct row {
  char *delegation;
  char *name;
  char *target; /* NULL: none */
  size_t issuer;
  bool cname_wanted;
  check_name check;
} row;

typedef struct checking {
  issuer issuers[ISSUERS_MAX];
  size_t issuer_count;
  row **rows;
  size_t row_count;
  stardeleg_err err;
} checking;

/* --- What there is --- */

static void free_texts(char **texts)
{
  for (size_t i = 0; texts != NULL && texts[i] != NULL; i++) {
    free(texts[i]);
  }
  free(texts);
}

static char **copy_texts(const char *const *texts)
{
  size_t count = 0;
  char **out;

  while (texts[count] != NULL) {
    count++;
  }
  out = calloc(count + 1, sizeof(*out));
  for (size_t i = 0; out != NULL && i < count; i++) {
    out[i] = strdup(texts[i]);
    if (out[i] == NULL) {
      free_texts(out);
      return NULL;
    }
  }
  return out;
}

static int note_issuer(void *ctx, const stardeleg_ido_issuer *view)
{
  checking *all = ctx;
  issuer *i = &all->issuers[all->issuer_count];
  char path[64];

  if (all->issuer_count == ISSUERS_MAX) {
    return 1;
  }
  i->name = strdup(view->name);
  i->account = strdup(view->account_url);
  i->identities = copy_texts(view->caa_identities);
  (void)snprintf(path, sizeof(path), "issuers.%zu.caa-identities", all->issuer_count);
  i->configured = config_texts(configuration, path);
  (void)snprintf(path, sizeof(path), "issuers.%zu.dns-update.style", all->issuer_count);
  i->answers_dns01 = config_text(configuration, path, NULL) != NULL;
  all->issuer_count++;
  all->err = i->name != NULL && i->account != NULL && i->identities != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  return all->err != STARDELEG_OK;
}

static size_t find_issuer(const checking *all, const char *name)
{
  for (size_t i = 0; i < all->issuer_count; i++) {
    if (strcmp(all->issuers[i].name, name) == 0) {
      return i;
    }
  }
  return 0;
}

static char *without_dot(const char *name)
{
  size_t len = strlen(name);

  return strndup(name, len - (len > 0 && name[len - 1] == '.' ? 1 : 0));
}

static row *find_row(const checking *all, const char *delegation, const char *name)
{
  size_t len = strlen(name) - (name[0] != '\0' && name[strlen(name) - 1] == '.' ? 1 : 0);

  for (size_t i = all->row_count; i > 0; i--) {
    row *r = all->rows[i - 1];

    if (strcmp(r->delegation, delegation) == 0 &&
        sdg_bytes_equal_nocase(sdg_bytes_str(r->name), sdg_bytes(name, len))) {
      return r;
    }
  }
  return NULL;
}

/* A name that can be asked for: not "*" or "**", which stand for names to be chosen. */
static bool is_name(const char *name)
{
  const char *rest = strncmp(name, "*.", 2) == 0 ? name + 2 : name;

  return strchr(rest, '.') != NULL && strchr(rest, '*') == NULL;
}

static row *add_row(checking *all, const stardeleg_ido_delegation *d, const char *name)
{
  row *found = find_row(all, d->id, name);
  row **rows;
  row *r;

  if (found != NULL || !is_name(name) || all->row_count >= NAMES_MAX) {
    return found;
  }
  rows = realloc(all->rows, (all->row_count + 1) * sizeof(*rows));
  r = calloc(1, sizeof(*r));
  all->rows = rows != NULL ? rows : all->rows;
  if (rows == NULL || r == NULL) {
    free(r);
    all->err = STARDELEG_ERR_NOMEM;
    return NULL;
  }
  all->rows[all->row_count++] = r;
  r->delegation = strdup(d->id);
  r->name = without_dot(name);
  r->issuer = find_issuer(all, d->issuer);
  all->err = r->delegation != NULL && r->name != NULL ? all->err : STARDELEG_ERR_NOMEM;
  return r;
}

static void add_map(checking *all, const stardeleg_ido_delegation *d)
{
  sdg_json *map = NULL;
  stardeleg_err err = d->cname_map.len > 0 ? sdg_json_parse(&map, d->cname_map, NULL, NULL) : STARDELEG_OK;

  for (const sdg_json *item = sdg_json_first(map); item != NULL && all->err == STARDELEG_OK;
       item = sdg_json_next(item)) {
    row *r = add_row(all, d, sdg_json_name(item));

    if (r != NULL && r->target == NULL) {
      r->target = without_dot(sdg_json_string(item));
    }
  }
  all->err = all->err == STARDELEG_OK ? err : all->err;
  sdg_json_free(map);
}

static int note_delegation(void *ctx, const stardeleg_ido_delegation_view *view)
{
  checking *all = ctx;
  const stardeleg_ido_delegation *d = &view->delegation;
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json *tree = NULL;
  const sdg_json *names;

  if (strcmp(view->state, "active") != 0) {
    return 0;
  }
  limits.bytes_max = 1024u * 1024u;
  all->err = sdg_json_parse(&tree, d->csr_template, &limits, NULL);
  names = sdg_json_member(sdg_json_member(sdg_json_member(tree, "extensions"), "subjectAltName"), "DNS");
  if (sdg_json_type_of(names) == SDG_JSON_ARRAY) {
    for (const sdg_json *i = sdg_json_first(names); i != NULL && all->err == STARDELEG_OK; i = sdg_json_next(i)) {
      (void)add_row(all, d, sdg_json_string(i));
    }
  }
  for (size_t i = 0; d->names != NULL && d->names[i] != NULL && all->err == STARDELEG_OK; i++) {
    if (d->names[i][0] != '*') { /* a pattern of names to be chosen */
      (void)add_row(all, d, d->names[i]);
    }
  }
  if (all->err == STARDELEG_OK) {
    add_map(all, d);
  }
  sdg_json_free(tree);
  return all->err != STARDELEG_OK;
}

static int note_cname(void *ctx, const stardeleg_ido_cname *cname)
{
  const checking *all = ctx;
  row *r = find_row(all, cname->delegation, cname->name);

  if (r != NULL && strcmp(cname->state, "installed") == 0) {
    r->cname_wanted = true;
  }
  return 0;
}

static stardeleg_err collect(checking *all, const admin_call *call)
{
  const char *id = admin_text(call, "id");
  stardeleg_err err = stardeleg_ido_issuer_list(call->ido, note_issuer, all);

  if (err == STARDELEG_OK && all->err == STARDELEG_OK) {
    err = id != NULL ? stardeleg_ido_delegation_show(call->ido, id, note_delegation, all)
                     : stardeleg_ido_delegation_list(call->ido, NULL, NULL, 0, note_delegation, all);
  }
  if (err == STARDELEG_OK && all->err == STARDELEG_OK) {
    err = stardeleg_ido_cname_list(call->ido, id, note_cname, all);
  }
  return err == STARDELEG_OK ? all->err : err;
}

/* --- Looking --- */

static stardeleg_err begin(checking *all, row *r)
{
  const issuer *i = &all->issuers[r->issuer];
  check_subject subject = {.name = r->name,
                           .account = i->account,
                           .target = r->target,
                           .cname_wanted = r->cname_wanted,
                           .answers_dns01 = i->answers_dns01};

  subject.identities = i->configured != NULL ? i->configured : (const char *const *)i->identities;
  return check_name_begin(&r->check, &subject) ? STARDELEG_OK : STARDELEG_ERR_ARGUMENT;
}

static void look(checking *all, const stardeleg_dns *dns)
{
  const struct timespec pause = {0, 10 * 1000 * 1000};
  int64_t until = clock_ticks() + PATIENCE_MS;
  size_t first = 0;

  while (first < all->row_count && clock_ticks() < until) {
    stardeleg_time now = clock_now(NULL);

    for (size_t i = first; i < all->row_count && i < first + ACTIVE_MAX; i++) {
      check_name_go_on(&all->rows[i]->check, dns, now);
    }
    if (all->rows[first]->check.step == CHECK_DONE) {
      first++;
    } else {
      (void)nanosleep(&pause, NULL);
    }
  }
  for (size_t i = first; i < all->row_count; i++) {
    check_name_give_up(&all->rows[i]->check);
  }
}

/* --- Telling --- */

static const char *cname_state(const row *r)
{
  if (r->target == NULL) {
    return r->check.cname[0] != '\0' ? "other" : "none";
  }
  if (r->check.cname[0] == '\0') {
    return r->cname_wanted ? "missing" : "not-yet";
  }
  return sdg_bytes_is_nocase(sdg_bytes_str(r->check.cname), r->target) ? "in-place" : "other";
}

/* Where records can stand: beside a CNAME there are no others.  Those of its target count first (RFC 8659 3), then
 * those of the names above, which hold for all names below them. */
static const char *name_for_records(const row *r)
{
  const char *name = strncmp(r->name, "*.", 2) == 0 ? r->name + 2 : r->name;
  const char *parent = strchr(name, '.');

  if (r->target == NULL && r->check.cname[0] == '\0') {
    return r->name;
  }
  return parent != NULL && strchr(parent + 1, '.') != NULL ? parent + 1 : NULL;
}

/* RFC 9115 7.4: the CA named, the account bound, dns-01 alone. */
static void write_add(sdg_json_writer *w, const checking *all, const row *r)
{
  const issuer *i = &all->issuers[r->issuer];
  const check_subject *s = &r->check.subject;
  stardeleg_caa_wish wish = {
      .size = sizeof(wish), .name = name_for_records(r), .account_uri = i->account, .methods = "dns-01"};
  char *text = calloc(1, ADD_SIZE);

  if (text == NULL || !r->check.wants_records || s->identities == NULL || s->identities[0] == NULL ||
      i->account[0] == '\0' || wish.name == NULL) {
    free(text);
    return;
  }
  wish.issuer = s->identities[0];
  if (stardeleg_caa_write(text, ADD_SIZE, &wish) == STARDELEG_OK) {
    sdg_jw_array(w, "add");
    for (const char *at = text; *at != '\0';) {
      size_t len = strcspn(at, "\n");

      sdg_jw_bytes(w, NULL, sdg_bytes(at, len));
      at += len + (at[len] == '\n' ? 1 : 0);
    }
    sdg_jw_array_end(w);
  }
  free(text);
}

static void write_row(sdg_json_writer *w, const checking *all, const row *r)
{
  const check_name *c = &r->check;

  sdg_jw_object(w, NULL);
  sdg_jw_string(w, "delegation", r->delegation);
  sdg_jw_string(w, "name", r->name);
  sdg_jw_string(w, "issuer", all->issuers[r->issuer].name);
  sdg_jw_string(w, "caa", c->caa_state);
  sdg_jw_string_opt(w, "caa-at", c->found_at);
  sdg_jw_string_opt(w, "caa-record", c->record);
  sdg_jw_string(w, "cname", cname_state(r));
  sdg_jw_string_opt(w, "cname-target", c->cname);
  sdg_jw_string_opt(w, "acme-challenge", c->challenge);
  sdg_jw_string(w, "dnssec", check_name_dnssec(c));
  sdg_jw_array(w, "findings");
  for (size_t i = 0; i < c->finding_count; i++) {
    sdg_jw_string(w, NULL, c->findings[i]);
  }
  if (!c->subject.answers_dns01 && c->wants_records) {
    sdg_jw_string(w, NULL, "the issuer answers http-01: set its dns-update before the records allow dns-01 only");
  }
  sdg_jw_array_end(w);
  write_add(w, all, r);
  sdg_jw_object_end(w);
}

static void clear(checking *all)
{
  for (size_t i = 0; i < all->row_count; i++) {
    row *r = all->rows[i];

    check_name_end(&r->check);
    free(r->delegation);
    free(r->name);
    free(r->target);
    free(r);
  }
  free(all->rows);
  for (size_t i = 0; i < all->issuer_count; i++) {
    free(all->issuers[i].name);
    free(all->issuers[i].account);
    free(all->issuers[i].configured);
    free_texts(all->issuers[i].identities);
  }
}

stardeleg_err admin_check(admin_call *call)
{
  checking all = {.err = STARDELEG_OK};
  stardeleg_dns *dns = NULL;
  size_t wrong = 0;
  stardeleg_err err = collect(&all, call);

  for (size_t i = 0; i < all.row_count && err == STARDELEG_OK; i++) {
    err = begin(&all, all.rows[i]);
  }
  if (err == STARDELEG_OK) {
    dns = zones_resolver_new(configuration);
    err = dns != NULL ? STARDELEG_OK : STARDELEG_ERR_UNSUPPORTED;
  }
  if (err == STARDELEG_OK) {
    look(&all, dns);
    sdg_jw_array(&call->w, "names");
    for (size_t i = 0; i < all.row_count; i++) {
      write_row(&call->w, &all, all.rows[i]);
      wrong += all.rows[i]->check.finding_count > 0 ? 1 : 0;
    }
    sdg_jw_array_end(&call->w);
    sdg_jw_int(&call->w, "wrong", (int64_t)wrong);
  }
  zones_resolver_free(dns);
  clear(&all);
  return err;
}

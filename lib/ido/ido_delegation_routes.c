/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_delegation_routes.c -- delegations as resources (RFC 9115 2.3.1.2, 2.3.1.3). */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "ido/ido_internal.h"

#define AWAY_MAX 16u

typedef struct page {
  stardeleg_ido *ido;
  stardeleg_time now;
  char **urls;
  size_t count;
  size_t max;
  char last[SDG_ID_SIZE];
  bool more;
  char away[AWAY_MAX][SDG_ID_SIZE]; /* ended, but not yet out of the way */
  size_t away_count;
  stardeleg_err err;
} page;

static stardeleg_err look_at(page *p, const stardeleg_record *record, bool *open)
{
  sdg_ido_delegation_state state = SDG_DELEGATION_ACTIVE;
  stardeleg_time expires_at = STARDELEG_TIME_NEVER;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ido_delegation_tree(&tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_state(&state, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_expiry(&expires_at, tree);
  }
  sdg_json_free(tree);
  *open = err == STARDELEG_OK && state == SDG_DELEGATION_ACTIVE && p->now < expires_at;
  if (state == SDG_DELEGATION_ENDED && p->away_count < AWAY_MAX) {
    (void)snprintf(p->away[p->away_count++], SDG_ID_SIZE, "%s", record->key);
  }
  return err;
}

static int add_delegation(void *ctx, const stardeleg_record *record)
{
  page *p = ctx;
  bool open = false;

  p->err = look_at(p, record, &open);
  if (p->err != STARDELEG_OK) {
    return 1;
  }
  if (!open) {
    return 0;
  }
  if (p->count == p->max) {
    p->more = true;
    return 1;
  }
  p->urls[p->count] = sdg_server_url_dup(p->ido->server, "/delegation/", record->key, NULL);
  if (p->urls[p->count] == NULL) {
    p->err = STARDELEG_ERR_NOMEM;
    return 1;
  }
  p->count++;
  (void)snprintf(p->last, sizeof(p->last), "%s", record->key);
  return 0;
}

/* Stores of a version that left ended delegations among the others: a few of them with each look. */
static void move_away(const page *p)
{
  const sdg_ido_delegation_move move = {
      .state = SDG_DELEGATION_ENDED, .due = STARDELEG_TIME_NEVER, .by = "engine", .now = p->now};

  for (size_t i = 0; i < p->away_count; i++) {
    stardeleg_record record = {0};
    stardeleg_err err = sdg_store_get(p->ido->options.store, "delegation", p->away[i], &record);

    if (err == STARDELEG_OK) {
      err = sdg_ido_delegation_put_state(p->ido->options.store, &record, &move);
    }
    (void)err; /* next time */
    stardeleg_record_clear(&record);
  }
}

/* An account without a name has no delegations, and an empty index would mean those of nobody. */
static stardeleg_err fill_page(page *p, const sdg_call *call)
{
  stardeleg_err err;

  if (call->account->name[0] == '\0') {
    return STARDELEG_OK;
  }
  err = sdg_store_scan(p->ido->options.store, "delegation", call->account->name,
                       call->cursor[0] != '\0' ? call->cursor : NULL, SIZE_MAX, add_delegation, p);
  move_away(p);
  return err == STARDELEG_OK ? p->err : err;
}

stardeleg_err sdg_ido_route_delegations(void *role, sdg_call *call)
{
  page p;
  stardeleg_err err;

  if (strcmp(call->parts[0], call->account->id) != 0) {
    return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "not your account");
  }
  memset(&p, 0, sizeof(p));
  p.ido = role;
  p.now = call->now;
  p.max = sdg_server_page_size(p.ido->server);
  p.urls = sdg_calloc(p.max, sizeof(char *));
  if (p.urls == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = fill_page(&p, call);
  if (err == STARDELEG_OK) {
    err = sdg_call_page(call, "delegations", (const char *const *)p.urls, p.count, p.more ? p.last : NULL);
  }
  for (size_t i = 0; i < p.count; i++) {
    sdg_free(p.urls[i]);
  }
  sdg_free(p.urls);
  return err;
}

/* --- The object --- */

static stardeleg_err reply_object(stardeleg_ido *ido, sdg_call *call)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  const sdg_json *map;
  sdg_json_writer w;
  stardeleg_err err = sdg_store_get(ido->options.store, "delegation", call->parts[0], &record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_tree(&tree, &record);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_json(call, &w);
  }
  if (err == STARDELEG_OK) {
    map = sdg_json_member(tree, "cnameMap");
    sdg_jw_object(&w, NULL);
    sdg_jw_tree(&w, "csr-template", sdg_json_member(tree, "template"));
    if (map != NULL) {
      sdg_jw_tree(&w, "cname-map", map);
    }
    sdg_jw_object_end(&w);
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err sdg_ido_route_delegation(void *role, sdg_call *call)
{
  stardeleg_ido *ido = role;
  const sdg_ido_delegation *delegation = NULL;
  stardeleg_err err = sdg_ido_own_delegation(ido, call, call->parts[0], &delegation);

  if (err == STARDELEG_ERR_NOT_FOUND) { /* foreign, missing and ended ones look the same */
    return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "no such delegation of yours");
  }
  if (err == STARDELEG_OK) {
    sdg_ido_delegations_release(ido->delegations, delegation);
    err = reply_object(ido, call);
  }
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_ERR_STORE : err;
}

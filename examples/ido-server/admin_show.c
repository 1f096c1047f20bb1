/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_show.c -- commands that tell how things stand: delegations, orders, CNAMEs, the audit record. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "ido-server/admin_call.h"

typedef struct listing {
  admin_call *call;
  size_t count;
  char last[300];
  stardeleg_err err;
} listing;

/* --- Delegations --- */

static stardeleg_err write_json(sdg_json_writer *w, const char *name, stardeleg_bytes text)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json *tree = NULL;
  stardeleg_err err;

  if (text.len == 0) {
    return STARDELEG_OK;
  }
  limits.bytes_max = 1024u * 1024u;
  err = sdg_json_parse(&tree, text, &limits, NULL);
  if (err == STARDELEG_OK) {
    sdg_jw_tree(w, name, tree);
  }
  sdg_json_free(tree);
  return err;
}

static void write_kinds(sdg_json_writer *w, const stardeleg_ido_delegation *d)
{
  if (d->key_kinds != 0) {
    sdg_jw_array(w, "key-kinds");
    for (size_t i = 0; i < ADMIN_KEY_KINDS; i++) {
      if ((d->key_kinds & (1u << admin_key_kinds[i].spec)) != 0) {
        sdg_jw_string(w, NULL, admin_key_kinds[i].name);
      }
    }
    sdg_jw_array_end(w);
  }
  if (d->order_kinds != 0) {
    sdg_jw_array(w, "order-kinds");
    if ((d->order_kinds & STARDELEG_IDO_STAR) != 0) {
      sdg_jw_string(w, NULL, "star");
    }
    if ((d->order_kinds & STARDELEG_IDO_PLAIN) != 0) {
      sdg_jw_string(w, NULL, "plain");
    }
    sdg_jw_array_end(w);
  }
}

static void write_number(sdg_json_writer *w, const char *name, int64_t value)
{
  if (value != 0) {
    sdg_jw_int(w, name, value);
  }
}

static void write_scope(sdg_json_writer *w, const stardeleg_ido_delegation *d)
{
  write_number(w, "lifetime-min", d->lifetime_min_s);
  write_number(w, "lifetime-max", d->lifetime_max_s);
  admin_write_time(w, "expires-at", d->expires_at);
  if (d->names != NULL && d->names[0] != NULL) {
    sdg_jw_array(w, "names");
    for (size_t i = 0; d->names[i] != NULL; i++) {
      sdg_jw_string(w, NULL, d->names[i]);
    }
    sdg_jw_array_end(w);
  }
  write_kinds(w, d);
  write_number(w, "orders-max", d->orders_max);
  write_number(w, "orders-period", d->orders_period_s);
  write_number(w, "certificates-max", d->certificates_max);
}

/* The members of one delegation; its template and map only where one is asked for. */
static stardeleg_err write_members(sdg_json_writer *w, const stardeleg_ido_delegation_view *view, bool whole)
{
  const stardeleg_ido_delegation *d = &view->delegation;
  stardeleg_err err = STARDELEG_OK;

  sdg_jw_string(w, "delegation", d->id);
  sdg_jw_string(w, "ndc", d->ndc);
  sdg_jw_string(w, "issuer", d->issuer);
  sdg_jw_string_opt(w, "upstream", d->upstream);
  sdg_jw_string(w, "state", view->state);
  sdg_jw_int(w, "revision", (int64_t)d->revision);
  write_scope(w, d);
  admin_write_time(w, "created-at", view->created_at);
  admin_write_time(w, "changed-at", view->changed_at);
  admin_write_time(w, "ended-at", view->ended_at);
  sdg_jw_string_opt(w, "ended-by", view->ended_by);
  if (whole) {
    err = write_json(w, "csr-template", d->csr_template);
    if (err == STARDELEG_OK) {
      err = write_json(w, "cname-map", d->cname_map);
    }
  }
  return err;
}

static int write_delegation(void *ctx, const stardeleg_ido_delegation_view *view)
{
  listing *l = ctx;

  sdg_jw_object(&l->call->w, NULL);
  l->err = write_members(&l->call->w, view, false);
  sdg_jw_object_end(&l->call->w);
  l->count++;
  (void)snprintf(l->last, sizeof(l->last), "%s", view->delegation.id);
  return l->err != STARDELEG_OK;
}

static int write_whole(void *ctx, const stardeleg_ido_delegation_view *view)
{
  listing *l = ctx;

  l->err = write_members(&l->call->w, view, true);
  return 0;
}

stardeleg_err admin_delegation_list(admin_call *call)
{
  listing l = {.call = call};
  stardeleg_err err;

  sdg_jw_array(&call->w, "delegations");
  err = stardeleg_ido_delegation_list(call->ido, admin_text(call, "ndc"), admin_text(call, "after"), admin_limit(call),
                                      write_delegation, &l);
  sdg_jw_array_end(&call->w);
  admin_write_next(call, l.count, l.last);
  return err == STARDELEG_OK ? l.err : err;
}

stardeleg_err admin_delegation_show(admin_call *call)
{
  listing l = {.call = call};
  stardeleg_err err = stardeleg_ido_delegation_show(call->ido, admin_text(call, "id"), write_whole, &l);

  return err == STARDELEG_OK ? l.err : err;
}

/* --- Orders --- */

static int write_status(void *ctx, const stardeleg_ido_status *status)
{
  admin_call *call = ctx;
  sdg_json_writer *w = &call->w;

  sdg_jw_object(w, NULL);
  sdg_jw_string(w, "delegation", status->delegation);
  sdg_jw_string(w, "ndc", status->ndc);
  sdg_jw_string(w, "state", status->delegation_state);
  if (status->order[0] != '\0') {
    sdg_jw_string(w, "order", status->order);
    sdg_jw_string(w, "status", status->order_status);
    admin_write_time(w, "end", status->end_at);
    admin_write_time(w, "last_success", status->last_success);
    admin_write_time(w, "next_try", status->next_try);
    sdg_jw_string_opt(w, "step", status->step);
    sdg_jw_string_opt(w, "certificate", status->certificate_url);
    sdg_jw_string_opt(w, "reason", status->reason);
  }
  sdg_jw_object_end(w);
  return sdg_buf_error(w->out) != STARDELEG_OK;
}

stardeleg_err admin_inspect(admin_call *call)
{
  stardeleg_err err;

  sdg_jw_array(&call->w, "orders");
  err = stardeleg_ido_inspect(call->ido, admin_text(call, "id"), write_status, call);
  sdg_jw_array_end(&call->w);
  return err;
}

/* --- CNAMEs --- */

static int write_cname(void *ctx, const stardeleg_ido_cname *cname)
{
  admin_call *call = ctx;

  sdg_jw_object(&call->w, NULL);
  sdg_jw_string(&call->w, "delegation", cname->delegation);
  sdg_jw_string(&call->w, "name", cname->name);
  sdg_jw_string(&call->w, "target", cname->target);
  sdg_jw_string(&call->w, "state", cname->state);
  admin_write_time(&call->w, "told-at", cname->told_at);
  sdg_jw_object_end(&call->w);
  return sdg_buf_error(call->w.out) != STARDELEG_OK;
}

stardeleg_err admin_cname_list(admin_call *call)
{
  stardeleg_err err;

  sdg_jw_array(&call->w, "cnames");
  err = stardeleg_ido_cname_list(call->ido, admin_text(call, "delegation"), write_cname, call);
  sdg_jw_array_end(&call->w);
  return err;
}

stardeleg_err admin_cname_removed(admin_call *call)
{
  return stardeleg_ido_cname_removed(call->ido, admin_text(call, "delegation"), admin_text(call, "name"), call->now);
}

/* --- The audit record --- */

static int write_event(void *ctx, const stardeleg_ido_event *event)
{
  listing *l = ctx;
  sdg_json_writer *w = &l->call->w;

  sdg_jw_object(w, NULL);
  sdg_jw_time(w, "at", event->at);
  sdg_jw_string(w, "event", event->event);
  sdg_jw_string_opt(w, "delegation", event->delegation);
  sdg_jw_string_opt(w, "ndc", event->ndc);
  sdg_jw_string_opt(w, "order", event->order);
  sdg_jw_string_opt(w, "by", event->by);
  sdg_jw_string_opt(w, "names", event->names);
  sdg_jw_string_opt(w, "key", event->key);
  sdg_jw_string_opt(w, "serial", event->serial);
  admin_write_time(w, "not-after", event->not_after);
  sdg_jw_string_opt(w, "url", event->url);
  sdg_jw_string_opt(w, "place", event->place);
  sdg_jw_string_opt(w, "detail", event->detail);
  sdg_jw_object_end(w);
  l->count++;
  (void)snprintf(l->last, sizeof(l->last), "%s", event->cursor);
  return 0;
}

stardeleg_err admin_audit(admin_call *call)
{
  stardeleg_ido_audit_query query = {
      .size = sizeof(query), .from = STARDELEG_TIME_NONE, .to = STARDELEG_TIME_NEVER, .limit = admin_limit(call)};
  listing l = {.call = call};
  char subject[80];
  stardeleg_err err = STARDELEG_OK;

  query.delegation = admin_text(call, "delegation");
  query.after = admin_text(call, "after");
  if (query.delegation == NULL && admin_text(call, "ndc") != NULL) {
    (void)snprintf(subject, sizeof(subject), "ndc:%s", admin_text(call, "ndc"));
    query.delegation = subject;
  }
  if (admin_text(call, "from") != NULL) {
    err = sdg_json_get_time(&query.from, call->body, "from", SDG_JSON_REQUIRED, &call->problem);
  }
  if (err == STARDELEG_OK && admin_text(call, "to") != NULL) {
    err = sdg_json_get_time(&query.to, call->body, "to", SDG_JSON_REQUIRED, &call->problem);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_jw_array(&call->w, "events");
  err = stardeleg_ido_audit(call->ido, &query, write_event, &l);
  sdg_jw_array_end(&call->w);
  admin_write_next(call, l.count, l.last);
  return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_published.c -- certificates that the owner publishes itself. */
#include "ido/issuer_published.h"

#include <stdio.h>
#include <string.h>

#include "acme_client/renewal_info.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "ido/ido_publication.h"
#include "x509/cert.h"
#include "x509/csr.h"

/* Between two rounds that failed: CAs count failed validations by the hour. */
#define PAUSE_MIN (5 * SDG_TIME_MINUTE)
#define PAUSE_MAX (6 * SDG_TIME_HOUR)

void sdg_published_init(sdg_published *published)
{
  memset(published, 0, sizeof(*published));
  published->first_at = STARDELEG_TIME_NONE;
  published->held.ordered_at = STARDELEG_TIME_NONE;
  sdg_buf_init(&published->leaf, SDG_CHAIN_BYTES_MAX);
}

static void drop_older(sdg_published *published, size_t i)
{
  sdg_buf_clear(&published->older[i].leaf);
  memmove(&published->older[i], &published->older[i + 1],
          (published->older_count - i - 1) * sizeof(published->older[0]));
  published->older_count--;
}

/* Takes the content of |leaf| over. */
static void add_older(sdg_published *published, sdg_buf *leaf, stardeleg_time not_after)
{
  sdg_published_older *last;

  if (published->older_count == SDG_OLDER_MAX) {
    drop_older(published, 0);
  }
  last = &published->older[published->older_count++];
  sdg_buf_init(&last->leaf, SDG_CHAIN_BYTES_MAX);
  sdg_buf_swap(&last->leaf, leaf);
  last->not_after = not_after;
}

void sdg_published_clear(sdg_published *published)
{
  while (published->older_count > 0) {
    drop_older(published, published->older_count - 1);
  }
  sdg_buf_clear(&published->leaf);
  sdg_published_init(published);
}

/* --- As a record --- */

static void write_instant(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  if (at != STARDELEG_TIME_NONE) {
    sdg_jw_int(w, name, at);
  }
}

void sdg_published_write(sdg_json_writer *w, const char *name, const sdg_published *published)
{
  sdg_jw_object(w, name);
  write_instant(w, "firstAt", published->first_at);
  if (published->held.ordered_at != STARDELEG_TIME_NONE) {
    sdg_jw_int(w, "orderedAt", published->held.ordered_at);
    sdg_jw_int(w, "notBefore", published->held.not_before);
    sdg_jw_int(w, "notAfter", published->held.not_after);
    sdg_jw_base64url(w, "leaf", sdg_buf_bytes(&published->leaf));
  }
  sdg_jw_bool(w, "withdrawn", published->withdrawn);
  if (published->older_count > 0) {
    sdg_jw_array(w, "older");
    for (size_t i = 0; i < published->older_count; i++) {
      sdg_jw_object(w, NULL);
      sdg_jw_int(w, "notAfter", published->older[i].not_after);
      sdg_jw_base64url(w, "leaf", sdg_buf_bytes(&published->older[i].leaf));
      sdg_jw_object_end(w);
    }
    sdg_jw_array_end(w);
  }
  sdg_jw_object_end(w);
}

static stardeleg_err read_older(sdg_published *published, const sdg_json *tree)
{
  const sdg_json *array = NULL;
  stardeleg_err err = sdg_json_get_array(&array, tree, "older", SDG_JSON_OPTIONAL, NULL);

  for (const sdg_json *item = sdg_json_first(array); err == STARDELEG_OK && item != NULL; item = sdg_json_next(item)) {
    int64_t not_after = 0;
    sdg_buf leaf;

    sdg_buf_init(&leaf, SDG_CHAIN_BYTES_MAX);
    err = sdg_json_get_int(&not_after, item, "notAfter", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
    if (err == STARDELEG_OK) {
      err = sdg_json_get_base64url(&leaf, item, "leaf", SDG_JSON_REQUIRED, NULL);
    }
    if (err == STARDELEG_OK) {
      add_older(published, &leaf, not_after);
    }
    sdg_buf_clear(&leaf);
  }
  return err;
}

stardeleg_err sdg_published_read(sdg_published *published, const sdg_json *tree)
{
  const struct {
    stardeleg_time *out;
    const char *name;
  } instants[] = {{&published->first_at, "firstAt"},
                  {&published->held.ordered_at, "orderedAt"},
                  {&published->held.not_before, "notBefore"},
                  {&published->held.not_after, "notAfter"}};
  stardeleg_err err = sdg_json_get_bool(&published->withdrawn, tree, "withdrawn", SDG_JSON_REQUIRED, NULL);

  for (size_t i = 0; err == STARDELEG_OK && i < sizeof(instants) / sizeof(instants[0]); i++) {
    err = sdg_json_get_int(instants[i].out, tree, instants[i].name, SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_base64url(&published->leaf, tree, "leaf", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && (published->leaf.len == 0) != (published->held.ordered_at == STARDELEG_TIME_NONE)) {
    err = STARDELEG_ERR_MALFORMED;
  }
  return err == STARDELEG_OK ? read_older(published, tree) : err;
}

/* --- When --- */

stardeleg_err sdg_published_renewal(const sdg_ido_order *order, sdg_auto_renewal *out)
{
  stardeleg_err err = sdg_auto_renewal_parse(out, order->wire.auto_renewal, NULL);

  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
}

stardeleg_err sdg_published_next(const sdg_published *published, const sdg_issuance *issuance, stardeleg_time now,
                                 stardeleg_time *at)
{
  const sdg_star_supply *supply = &issuance->issuer->supply;
  bool is_first = published->held.ordered_at == STARDELEG_TIME_NONE;
  sdg_auto_renewal renewal;
  stardeleg_err err;

  if (!sdg_ido_order_is_star(issuance->order)) {
    *at = is_first ? now : STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  err = sdg_published_renewal(issuance->order, &renewal);
  if (err == STARDELEG_OK) {
    *at = is_first ? sdg_star_supply_first(supply, &renewal, now)
                   : sdg_star_supply_next(supply, &renewal, published->first_at, &published->held);
  }
  return err;
}

/* --- Is it the one that was ordered? --- */

static stardeleg_err refuse(stardeleg_problem *problem, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_NONE, "the CA's certificate is not published: %s", detail);
  problem->status = 0;
  return STARDELEG_ERR_POLICY;
}

/* RFC 8555 7.4: the CSR's key, the order's names, nothing more and nothing less. */
static stardeleg_err check_names(const sdg_ido_order *order, const sdg_cert *leaf, stardeleg_problem *problem)
{
  size_t count = 0;

  for (size_t i = 0; i < order->wire.identifiers.count; i++) {
    const stardeleg_identifier *identifier = &order->wire.identifiers.items[i];

    if (strcmp(identifier->type, "dns") == 0) {
      count++;
      if (!sdg_cert_has_dns(leaf, sdg_bytes_str(identifier->value))) {
        return refuse(problem, "it lacks a name of the order");
      }
    }
  }
  /* Names are a set on either side; so, with each of the order's there, a larger number means foreign ones. */
  for (size_t i = 0; i < leaf->name_count; i++) {
    sdg_name_kind kind = leaf->names[i].kind;

    if ((kind != SDG_GN_DNS && kind != SDG_GN_URI) || (kind == SDG_GN_DNS && count-- == 0)) {
      return refuse(problem, "it has a name that was not ordered");
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err check_star_time(const sdg_ido_order *order, const sdg_cert *leaf, stardeleg_problem *problem)
{
  sdg_auto_renewal renewal;
  stardeleg_err err = sdg_published_renewal(order, &renewal);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (leaf->not_after > renewal.end_at) {
    return refuse(problem, "it is valid beyond end-date");
  }
  if (renewal.start_at != STARDELEG_TIME_NONE && leaf->not_before < sdg_time_floor_s(renewal.start_at)) {
    return refuse(problem, "it is valid before start-date");
  }
  return STARDELEG_OK;
}

static stardeleg_err check_time(const sdg_ido_order *order, const sdg_cert *leaf, stardeleg_time now,
                                stardeleg_problem *problem)
{
  if (leaf->not_after < now) {
    return refuse(problem, "it has expired");
  }
  if (sdg_ido_order_is_star(order)) {
    return check_star_time(order, leaf, problem);
  }
  if (order->wire.not_after != STARDELEG_TIME_NONE && leaf->not_after > order->wire.not_after) {
    return refuse(problem, "it is valid beyond notAfter");
  }
  return STARDELEG_OK;
}

static stardeleg_err check_leaf(const sdg_ido_order *order, const sdg_cert *leaf, stardeleg_time now,
                                stardeleg_problem *problem)
{
  sdg_csr csr;
  stardeleg_err err = sdg_csr_parse(&csr, sdg_buf_bytes(&order->csr), NULL);

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  if (!sdg_bytes_equal(csr.spki, leaf->spki)) {
    err = refuse(problem, "its key is not the CSR's");
  }
  sdg_csr_clear(&csr);
  if (err == STARDELEG_OK) {
    err = check_names(order, leaf, problem);
  }
  return err == STARDELEG_OK ? check_time(order, leaf, now, problem) : err;
}

/* --- Publishing --- */

static stardeleg_err choose_url(sdg_issuance *issuance)
{
  sdg_ido_order *order = issuance->order;
  char **place = sdg_ido_order_is_star(order) ? &order->wire.star_certificate : &order->wire.certificate;
  stardeleg_err err = STARDELEG_OK;

  if (order->published[0] == '\0') {
    err = sdg_server_new_id(issuance->issuer->ido->server, order->published);
  }
  if (err == STARDELEG_OK && *place == NULL) {
    *place = sdg_server_url_dup(issuance->issuer->ido->server, "/cert/", order->published, NULL);
    err = *place != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return err;
}

/* RFC 9115 2.3.3: the dates of what was issued; the order is kept as long as there may be something to revoke. */
static void show_plain_dates(sdg_issuance *issuance, const sdg_cert *leaf)
{
  sdg_acme_order *wire = &issuance->order->wire;

  wire->not_before = leaf->not_before;
  wire->not_after = leaf->not_after;
  wire->expires = sdg_time_add(leaf->not_after, issuance->issuer->ido->options.order_grace_s * SDG_TIME_S);
}

/* Plain orders are renewed by another order, and whoever places it asks when (RFC 9773); a certificate without
 * authority key identifier cannot be asked for. */
static stardeleg_err name_certificate(const sdg_ido_order *order, stardeleg_bytes der, char out[SDG_PUBLISHED_ID_SIZE])
{
  sdg_buf id;
  stardeleg_err err;

  out[0] = '\0';
  if (sdg_ido_order_is_star(order) || der.len == 0) {
    return STARDELEG_OK;
  }
  sdg_buf_init(&id, SDG_PUBLISHED_ID_SIZE);
  err = sdg_certificate_id(&id, der);
  if (err == STARDELEG_OK) {
    (void)snprintf(out, SDG_PUBLISHED_ID_SIZE, "%s", sdg_buf_str(&id));
  }
  sdg_buf_clear(&id);
  return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK;
}

static stardeleg_err publish(sdg_published *published, sdg_issuance *issuance, const sdg_cert *leaf,
                             stardeleg_bytes pem, stardeleg_time now)
{
  sdg_ido_order *order = issuance->order;
  sdg_ido_publication *made = sdg_calloc(1, sizeof(*made));
  sdg_auto_renewal renewal = {.end_at = STARDELEG_TIME_NEVER};
  stardeleg_err err = made != NULL ? choose_url(issuance) : STARDELEG_ERR_NOMEM;

  if (err == STARDELEG_OK) {
    err = sdg_published_next(published, issuance, now, &made->next_at);
  }
  if (err == STARDELEG_OK && sdg_ido_order_is_star(order)) {
    err = sdg_published_renewal(order, &renewal);
  }
  if (err == STARDELEG_OK) {
    made->chain_pem = sdg_bytes_dup(pem);
    err = made->chain_pem != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  if (err == STARDELEG_OK) {
    err = name_certificate(order, leaf->der, made->certificate_id);
  }
  if (err != STARDELEG_OK) {
    sdg_ido_publication_free(made);
    return err;
  }
  sdg_cert_serial_text(made->serial, sizeof(made->serial), leaf);
  made->not_before = leaf->not_before;
  made->not_after = leaf->not_after;
  made->end_at = renewal.end_at;
  (void)snprintf(order->certificate.serial, sizeof(order->certificate.serial), "%.47s", made->serial);
  order->certificate.not_after = leaf->not_after;
  if (!sdg_ido_order_is_star(order)) {
    show_plain_dates(issuance, leaf);
  }
  sdg_ido_publication_free(order->publication);
  order->publication = made;
  sdg_published_rest(issuance, made->next_at);
  return STARDELEG_OK;
}

static stardeleg_err hold(sdg_published *published, sdg_issuance *issuance, const sdg_cert *leaf, stardeleg_bytes pem,
                          stardeleg_time ordered_at, stardeleg_time now)
{
  sdg_published before;
  sdg_buf copy;
  stardeleg_err err;

  (void)sdg_published_older_leaf(published, now); /* what has expired is forgotten */
  before = *published;
  sdg_buf_init(&copy, SDG_CHAIN_BYTES_MAX);
  sdg_buf_add_bytes(&copy, leaf->der);
  err = sdg_buf_error(&copy);
  if (err == STARDELEG_OK) {
    published->first_at = published->first_at != STARDELEG_TIME_NONE ? published->first_at : ordered_at;
    published->held = (sdg_star_held){ordered_at, leaf->not_before, leaf->not_after};
    err = publish(published, issuance, leaf, pem, now);
  }
  if (err != STARDELEG_OK) {
    *published = before;
  } else {
    sdg_buf_swap(&published->leaf, &copy);
    if (issuance->issuer->revoke_at_end && before.leaf.len > 0 && before.held.not_after > now) {
      add_older(published, &copy, before.held.not_after);
    }
  }
  sdg_buf_clear(&copy);
  return err;
}

stardeleg_err sdg_published_take(sdg_published *published, sdg_issuance *issuance, stardeleg_bytes pem,
                                 stardeleg_time ordered_at, stardeleg_time now, stardeleg_problem *problem)
{
  sdg_cert *leaf = sdg_calloc(1, sizeof(*leaf));
  sdg_chain chain;
  stardeleg_err err = leaf != NULL ? sdg_chain_parse(&chain, pem) : STARDELEG_ERR_NOMEM;

  if (err != STARDELEG_OK) {
    sdg_free(leaf);
    return err == STARDELEG_ERR_NOMEM ? err : refuse(problem, "it is no chain of certificates");
  }
  err = sdg_cert_parse(leaf, chain.certs[0]);
  if (err == STARDELEG_OK) {
    err = check_leaf(issuance->order, leaf, now, problem);
  }
  if (err == STARDELEG_OK) {
    err = hold(published, issuance, leaf, pem, ordered_at, now);
  }
  sdg_chain_clear(&chain);
  sdg_free(leaf);
  return err;
}

/* --- Ending --- */

stardeleg_err sdg_published_withdraw(sdg_published *published, sdg_issuance *issuance)
{
  sdg_ido_order *order = issuance->order;
  sdg_ido_publication *made;

  published->withdrawn = true;
  order->renew_at = STARDELEG_TIME_NEVER;
  issuance->news = SDG_NEWS_MOVED;
  if (order->publications == 0 && order->publication == NULL) {
    return STARDELEG_OK;
  }
  made = sdg_calloc(1, sizeof(*made));
  if (made != NULL) {
    made->chain_pem = sdg_strdup("");
  }
  if (made == NULL || made->chain_pem == NULL ||
      name_certificate(order, sdg_buf_bytes(&published->leaf), made->certificate_id) != STARDELEG_OK) {
    sdg_ido_publication_free(made);
    published->withdrawn = false;
    issuance->news = SDG_NEWS_NONE;
    return STARDELEG_ERR_NOMEM;
  }
  made->canceled = true;
  made->not_before = published->held.not_before;
  made->not_after = published->held.not_after;
  made->next_at = STARDELEG_TIME_NEVER;
  made->end_at = STARDELEG_TIME_NEVER;
  sdg_ido_publication_free(order->publication);
  order->publication = made;
  return STARDELEG_OK;
}

stardeleg_bytes sdg_published_older_leaf(sdg_published *published, stardeleg_time now)
{
  for (size_t i = published->older_count; i-- > 0;) {
    if (published->older[i].not_after <= now) {
      drop_older(published, i);
    }
  }
  return published->older_count > 0 ? sdg_buf_bytes(&published->older[0].leaf) : sdg_bytes(NULL, 0);
}

stardeleg_err sdg_published_owe(sdg_published *published, stardeleg_bytes der)
{
  sdg_cert *leaf = sdg_calloc(1, sizeof(*leaf));
  sdg_buf copy;
  stardeleg_err err = leaf != NULL ? sdg_cert_parse(leaf, der) : STARDELEG_ERR_NOMEM;

  sdg_buf_init(&copy, SDG_CHAIN_BYTES_MAX);
  if (err == STARDELEG_OK) {
    sdg_buf_add_bytes(&copy, der);
    err = sdg_buf_error(&copy);
  }
  if (err == STARDELEG_OK) {
    add_older(published, &copy, leaf->not_after);
  }
  sdg_buf_clear(&copy);
  sdg_free(leaf);
  return err == STARDELEG_ERR_MALFORMED ? STARDELEG_OK : err; /* what is no certificate cannot be revoked */
}

void sdg_published_drop_older(sdg_published *published)
{
  if (published->older_count > 0) {
    drop_older(published, 0);
  }
}

stardeleg_err sdg_published_fail(sdg_issuance *issuance, const stardeleg_problem *problem)
{
  stardeleg_problem ended;

  issuance->news = SDG_NEWS_FAILED;
  if (issuance->order->wire.error != NULL) {
    return STARDELEG_OK;
  }
  if (issuance->order->cancel || problem == NULL) {
    sdg_ido_set_ended_problem(&ended);
    problem = &ended;
  }
  return sdg_ido_order_set_error(issuance->order, problem);
}

stardeleg_err sdg_published_ended(sdg_issuance *issuance)
{
  const sdg_ido_order *order = issuance->order;

  if (sdg_ido_order_is_star(order) && order->publications > 0 && order->wire.error == NULL) {
    issuance->news = SDG_NEWS_CANCELED;
    return STARDELEG_OK;
  }
  return sdg_published_fail(issuance, NULL);
}

void sdg_published_rest(sdg_issuance *issuance, stardeleg_time at)
{
  issuance->order->renew_at = at;
  issuance->news = SDG_NEWS_VALID;
}

void sdg_published_pause(const sdg_published *published, sdg_errand *errand, sdg_issuance *issuance,
                         const stardeleg_problem *problem, stardeleg_time now)
{
  uint32_t random = sdg_agent_random(issuance->issuer->ido->agent);
  int64_t pause;

  errand->tries += errand->tries < UINT32_MAX ? 1 : 0;
  errand->problem = *problem;
  pause = sdg_backoff_ms(errand->tries, PAUSE_MIN, PAUSE_MAX, random);
  if (published->held.ordered_at != STARDELEG_TIME_NONE && pause > (published->held.not_after - now) / 8) {
    pause = (published->held.not_after - now) / 8;
  }
  errand->wait_until = sdg_time_add(now, pause > PAUSE_MIN ? pause : PAUSE_MIN);
  sdg_issuance_tell_try(issuance, errand->tries, problem);
}

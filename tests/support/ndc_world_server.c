/* SPDX-License-Identifier: Apache-2.0 */
/* support/ndc_world_server.c -- an IdO and a STAR CA that believe everything: enough to answer the delegate. */
#include "support/ndc_world_server.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"
#include "json/json_write.h"
#include "star/schedule.h"
#include "transport/http_message.h"
#include "x509/csr.h"

void world_problem(world_reply *reply, int status, const char *type)
{
  char text[256];

  (void)snprintf(text, sizeof(text), "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"no\",\"status\":%d}",
                 type, status);
  reply->status = status;
  reply->type = "application/problem+json";
  reply->etag[0] = '\0';
  sdg_buf_reset(&reply->body);
  sdg_buf_add_str(&reply->body, text);
}

/* --- The request --- */

static sdg_json *read_payload(const stardeleg_http_request *request)
{
  sdg_json *jws = NULL;
  sdg_json *payload = NULL;
  sdg_buf text;

  sdg_buf_init(&text, 1u << 20);
  assert_ok(sdg_json_parse(&jws, request->body, NULL, NULL));
  assert_ok(sdg_base64url_read(&text, sdg_bytes_str(sdg_json_string(sdg_json_member(jws, "payload")))));
  if (text.len > 0) {
    assert_ok(sdg_json_parse(&payload, sdg_buf_bytes(&text), NULL, NULL));
  }
  sdg_buf_clear(&text);
  sdg_json_free(jws);
  return payload;
}

static bool begins(const char *text, const char *prefix)
{
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

static size_t number_of(const char *url, const char *prefix)
{
  return (size_t)strtoul(url + strlen(prefix), NULL, 10);
}

/* --- The IdO --- */

static void answer_directory(const ndc_world *w, world_reply *reply)
{
  char text[1024];

  (void)snprintf(text, sizeof(text),
                 "{\"newNonce\":\"https://ido.example/nonce\",\"newAccount\":\"https://ido.example/new-acct\","
                 "\"newOrder\":\"https://ido.example/new-order\",%s\"meta\":{%s\"%s\":{\"min-lifetime\":%lld,"
                 "\"max-duration\":%lld,\"allow-certificate-get\":true}}}",
                 w->renewal_info ? "\"renewalInfo\":\"https://ido.example/renewal\"," : "",
                 w->enabled ? "\"delegation-enabled\":true," : "", w->no_star ? "nothing" : "auto-renewal",
                 (long long)w->min_lifetime_s, (long long)w->max_duration_s);
  sdg_buf_add_str(&reply->body, text);
}

static void answer_account(ndc_world *w, world_reply *reply, bool is_new)
{
  if (is_new) {
    w->new_accounts++;
    reply->status = w->new_accounts == 1 ? 201 : 200;
    (void)snprintf(reply->location, sizeof(reply->location), "https://ido.example/acct/1");
  }
  sdg_buf_add_str(&reply->body, "{\"status\":\"valid\",\"orders\":\"https://ido.example/acct/1/orders\","
                                "\"delegations\":\"https://ido.example/acct/1/dlgs?page=0\"}");
}

static void answer_list(ndc_world *w, world_reply *reply, size_t page)
{
  sdg_json_writer jw;
  char url[64];
  size_t seen = 0;

  sdg_jw_init(&jw, &reply->body);
  sdg_jw_object(&jw, NULL);
  sdg_jw_array(&jw, "delegations");
  for (size_t i = 0; i < w->delegation_count; i++) {
    if (!w->offered[i]) {
      continue;
    }
    if (seen >= page * w->page_size && seen < (page + 1) * w->page_size) {
      (void)snprintf(url, sizeof(url), "%s%zu", WORLD_DELEGATION, i);
      sdg_jw_string(&jw, NULL, url);
    }
    seen++;
  }
  sdg_jw_array_end(&jw);
  sdg_jw_object_end(&jw);
  if (seen > (page + 1) * w->page_size || w->page_loop != 0) {
    (void)snprintf(reply->link, sizeof(reply->link),
                   "<https://ido.example/dir>;rel=\"index\", </acct/1/dlgs?page=%zu>;rel=\"next\"",
                   w->page_loop != 0 ? (size_t)(w->page_loop - 1) : page + 1);
  }
}

static void answer_object(ndc_world *w, world_reply *reply, size_t i)
{
  w->object_reads++;
  if (i >= w->delegation_count || !w->offered[i]) {
    world_problem(reply, 403, "unauthorized");
    return;
  }
  sdg_buf_add_str(&reply->body, "{\"csr-template\":");
  sdg_buf_add_str(&reply->body, w->template_json);
  sdg_buf_add_str(&reply->body, ",\"cname-map\":{\"cdn.example.org.\":\"edge.ndc.example.\"}}");
}

/* --- Orders --- */

static const char *status_of(const world_order *o)
{
  if (o->invalid) {
    return "invalid";
  }
  if (o->canceled) {
    return "canceled";
  }
  return !o->finalized ? "ready" : (o->polls > 0 ? "processing" : "valid");
}

static void write_order(const ndc_world *w, world_reply *reply, const world_order *o, size_t i)
{
  const char *status = status_of(o);
  sdg_json_writer jw;
  char url[64];

  sdg_jw_init(&jw, &reply->body);
  sdg_jw_object(&jw, NULL);
  sdg_jw_string(&jw, "status", status);
  sdg_jw_tree(&jw, "identifiers", o->identifiers);
  if (o->star) {
    sdg_jw_tree(&jw, "auto-renewal", o->renewal_json);
  } else if (!w->no_grant) {
    sdg_jw_bool(&jw, "allow-certificate-get", true);
  }
  sdg_jw_array(&jw, "authorizations");
  sdg_jw_array_end(&jw);
  (void)snprintf(url, sizeof(url), "https://ido.example/order/%zu/finalize", i);
  sdg_jw_string(&jw, "finalize", url);
  if (strcmp(status, "valid") == 0) {
    (void)snprintf(url, sizeof(url), "%s%zu", w->own_certificates ? WORLD_OWN : WORLD_STAR, i);
    sdg_jw_string(&jw, o->star ? "star-certificate" : "certificate", url);
  }
  sdg_jw_string(&jw, "delegation", o->delegation);
  sdg_jw_object_end(&jw);
  (void)snprintf(reply->location, sizeof(reply->location), "https://ido.example/order/%zu", i);
}

static void keep_payload(ndc_world *w, const sdg_json *payload)
{
  sdg_json_writer jw;
  sdg_buf text;

  sdg_buf_init(&text, 4096);
  sdg_jw_init(&jw, &text);
  sdg_jw_tree(&jw, NULL, payload);
  (void)snprintf(w->last_payload, sizeof(w->last_payload), "%s", sdg_buf_str(&text));
  sdg_buf_clear(&text);
}

static void read_kind(world_order *o, const sdg_json *payload)
{
  const sdg_json *at;

  o->star = sdg_json_member(payload, "auto-renewal") != NULL;
  if (o->star) {
    assert_null(sdg_json_member(payload, "notBefore")); /* STARDEL-2.3.2-03 */
    assert_null(sdg_json_member(payload, "notAfter"));
    assert_ok(sdg_auto_renewal_parse(&o->renewal, sdg_json_member(payload, "auto-renewal"), NULL));
    o->renewal_json = sdg_json_copy(sdg_json_member(payload, "auto-renewal"));
    return;
  }
  /* STARDEL-2.3.3-03, STARDEL-2.3.5-02 */
  assert_true(sdg_json_bool(sdg_json_member(payload, "allow-certificate-get")));
  o->renewal.end_at = STARDELEG_TIME_NONE;
  at = sdg_json_member(payload, "notAfter");
  if (at != NULL) {
    assert_ok(sdg_time_read_rfc3339(&o->renewal.end_at, sdg_bytes_str(sdg_json_string(at))));
  }
}

static void answer_renewal(ndc_world *w, const stardeleg_http_request *request, world_reply *reply)
{
  sdg_json_writer jw;

  assert_string_equal(request->method, "GET"); /* ARI-4.1-03 */
  assert_true(w->renewal_info);
  w->renewal_reads++;
  (void)snprintf(w->last_renewal_url, sizeof(w->last_renewal_url), "%s", request->url);
  if (w->renewal_status != 0) {
    world_problem(reply, w->renewal_status, "malformed");
    return;
  }
  (void)snprintf(reply->retry_after, sizeof(reply->retry_after), "%s", w->renewal_retry_after);
  sdg_jw_init(&jw, &reply->body);
  sdg_jw_object(&jw, NULL);
  sdg_jw_object(&jw, "suggestedWindow");
  sdg_jw_time(&jw, "start", w->window_start);
  sdg_jw_time(&jw, "end", w->window_end);
  sdg_jw_object_end(&jw);
  sdg_jw_object_end(&jw);
}

static void answer_new_order(ndc_world *w, const stardeleg_http_request *request, world_reply *reply)
{
  sdg_json *payload = read_payload(request);
  world_order *o = &w->orders[w->order_count];

  assert_true(w->order_count < WORLD_ORDERS_MAX);
  keep_payload(w, payload);
  if (w->forgets_replaces && sdg_json_member(payload, "replaces") != NULL) {
    world_problem(reply, 409, "alreadyReplaced");
    sdg_json_free(payload);
    return;
  }
  read_kind(o, payload);
  o->identifiers = sdg_json_copy(sdg_json_member(payload, "identifiers"));
  o->delegation = strdup(sdg_json_string(sdg_json_member(payload, "delegation")));
  o->polls = w->polls;
  sdg_buf_init(&o->csr, 65536);
  sdg_buf_init(&o->spki, 65536);
  reply->status = 201;
  write_order(w, reply, o, w->order_count);
  w->order_count++;
  sdg_json_free(payload);
}

static void answer_finalize(ndc_world *w, const stardeleg_http_request *request, world_reply *reply, size_t i)
{
  world_order *o = &w->orders[i];
  sdg_json *payload;
  sdg_csr csr;

  if (o->finalized) {
    world_problem(reply, 403, "orderNotReady");
    return;
  }
  payload = read_payload(request);
  assert_ok(sdg_base64url_read(&o->csr, sdg_bytes_str(sdg_json_string(sdg_json_member(payload, "csr")))));
  assert_ok(sdg_csr_parse(&csr, sdg_buf_bytes(&o->csr), NULL));
  sdg_buf_add_bytes(&o->spki, csr.spki);
  sdg_csr_clear(&csr);
  sdg_json_free(payload);
  o->finalized = true;
  o->first_at = w->now;
  write_order(w, reply, o, i);
}

static void answer_order(ndc_world *w, world_reply *reply, size_t i)
{
  world_order *o = &w->orders[i];

  assert_true(i < w->order_count);
  if (o->finalized && o->polls > 0) {
    o->polls--;
  }
  write_order(w, reply, o, i);
}

/* --- The CA --- */

static void issue(ndc_world *w, const world_order *o, const sdg_star_period *period, world_reply *reply)
{
  const char *names[64];
  const test_root *root = &w->root;
  uint64_t serial = period->index + 100 + (uint64_t)o->reissued * 10000;
  test_leaf leaf = {sdg_buf_bytes(&o->spki), names, 0, period->not_before, period->not_after, serial, true};

  for (const sdg_json *item = sdg_json_first(o->identifiers); item != NULL; item = sdg_json_next(item)) {
    names[leaf.name_count++] = sdg_json_string(sdg_json_member(item, "value"));
  }
  if (w->forge != NULL) {
    w->forge(w, &leaf, &root);
  }
  test_root_issue(root, &leaf, &reply->body);
  sdg_buf_add_bytes(&reply->body, sdg_buf_bytes(&root->pem));
  sdg_time_write_http(reply->not_before, leaf.not_before);
}

static bool is_get(const stardeleg_http_request *request)
{
  return strcmp(request->method, "GET") == 0;
}

static void issue_plain(ndc_world *w, const world_order *o, size_t i, world_reply *reply)
{
  sdg_star_period period = {0};

  period.index = i;
  period.not_before = sdg_time_floor_s(o->first_at);
  period.not_after =
      o->renewal.end_at != STARDELEG_TIME_NONE ? o->renewal.end_at : period.not_before + w->plain_life_ms;
  reply->type = "application/pem-certificate-chain";
  issue(w, o, &period, reply);
}

static void answer_star(ndc_world *w, const stardeleg_http_request *request, world_reply *reply, size_t i)
{
  world_order *o = &w->orders[i];
  sdg_star_schedule schedule;
  sdg_star_period period;
  stardeleg_bytes etag = {NULL, 0};

  w->gets += is_get(request) ? 1 : 0;
  w->signed_gets += is_get(request) ? 0 : 1;
  w->last_if_none_match[0] = '\0';
  if (sdg_http_header(&etag, request->headers, request->header_count, "If-None-Match", NULL)) {
    (void)snprintf(w->last_if_none_match, sizeof(w->last_if_none_match), "%.*s", (int)etag.len,
                   (const char *)etag.base);
  }
  if (w->own_certificates && is_get(request) && !w->own_by_get) {
    world_problem(reply, 405, "malformed");
    return;
  }
  if (!o->star) {
    issue_plain(w, o, i, reply);
    return;
  }
  if (o->canceled) {
    world_problem(reply, 403, "autoRenewalCanceled");
    return;
  }
  if (sdg_star_schedule_init(&schedule, &o->renewal, o->first_at, 500) != STARDELEG_OK ||
      sdg_star_schedule_at(&schedule, w->now, &period) != STARDELEG_OK) {
    world_problem(reply, 403, "autoRenewalExpired");
    return;
  }
  reply->type = "application/pem-certificate-chain";
  (void)snprintf(reply->etag, sizeof(reply->etag), "\"%zu-%llu\"", i,
                 (unsigned long long)period.index + (unsigned long long)o->reissued * 10000);
  if (w->max_age_s > 0) {
    (void)snprintf(reply->cache_control, sizeof(reply->cache_control), "public, max-age=%lld", (long long)w->max_age_s);
  }
  if (w->forge == NULL && sdg_bytes_is(etag, reply->etag)) {
    reply->status = 304;
    return;
  }
  issue(w, o, &period, reply);
}

/* --- The account --- */

/* STARDEL-2.3.6.1-02: whatever a delegate posts with a status, it is not a cancellation. */
static void watch_payload(ndc_world *w, const stardeleg_http_request *request, world_reply *reply)
{
  sdg_json *payload = read_payload(request);
  const char *status = sdg_json_string(sdg_json_member(payload, "status"));

  w->signed_requests++;
  if (sdg_json_member(payload, "status") != NULL) {
    assert_string_equal(status, "deactivated");
    assert_string_equal(request->url, WORLD_ACCOUNT);
    if (!w->deactivated) {
      w->deactivated = true;
      sdg_buf_add_str(&reply->body, "{\"status\":\"deactivated\"}");
      sdg_json_free(payload);
      return;
    }
  }
  if (w->deactivated) {
    world_problem(reply, 401, "unauthorized"); /* ACME-7.3.6: and nothing else ever */
  }
  sdg_json_free(payload);
}

/* --- All --- */

void world_server_answer(ndc_world *w, const stardeleg_http_request *request, world_reply *reply)
{
  const char *url = request->url;

  (void)snprintf(w->last_url, sizeof(w->last_url), "%s", url);
  reply->status = 200;
  reply->type = "application/json";
  if (w->dates) {
    sdg_time_write_http(reply->date, w->now + (begins(url, "https://ido.example/") ? w->ido_ahead_ms : 0));
  }
  if (strcmp(request->method, "POST") == 0) {
    watch_payload(w, request, reply);
  }
  if (reply->body.len > 0) {
    reply->type = reply->status == 200 ? reply->type : "application/problem+json";
  } else if (strcmp(url, WORLD_DIRECTORY) == 0) {
    answer_directory(w, reply);
  } else if (strcmp(url, "https://ido.example/nonce") == 0) {
    reply->type = NULL;
  } else if (strcmp(url, "https://ido.example/new-acct") == 0) {
    answer_account(w, reply, true);
  } else if (strcmp(url, WORLD_ACCOUNT) == 0) {
    answer_account(w, reply, false);
  } else if (begins(url, "https://ido.example/acct/1/dlgs?page=")) {
    answer_list(w, reply, number_of(url, "https://ido.example/acct/1/dlgs?page="));
  } else if (begins(url, WORLD_DELEGATION)) {
    assert_string_equal(request->method, "POST"); /* STARDEL-2.3.1.1-04 */
    answer_object(w, reply, number_of(url, WORLD_DELEGATION));
  } else if (strcmp(url, "https://ido.example/new-order") == 0) {
    answer_new_order(w, request, reply);
  } else if (begins(url, "https://ido.example/order/") && strstr(url, "/finalize") != NULL) {
    answer_finalize(w, request, reply, number_of(url, "https://ido.example/order/"));
  } else if (begins(url, "https://ido.example/order/")) {
    answer_order(w, reply, number_of(url, "https://ido.example/order/"));
  } else if (begins(url, "https://ido.example/renewal/")) {
    answer_renewal(w, request, reply);
  } else if (begins(url, WORLD_OWN)) {
    answer_star(w, request, reply, number_of(url, WORLD_OWN));
  } else if (begins(url, WORLD_STAR)) {
    assert_string_equal(request->method, "GET"); /* AMB-21 */
    answer_star(w, request, reply, number_of(url, WORLD_STAR));
  } else {
    fail_msg("the delegate asks for %s %s", request->method, url);
  }
  if (w->bend != NULL) {
    w->bend(w, request->method, url, reply);
  }
}

void world_server_clear(ndc_world *w)
{
  for (size_t i = 0; i < w->order_count; i++) {
    world_order *o = &w->orders[i];

    free(o->delegation);
    sdg_json_free(o->identifiers);
    sdg_json_free(o->renewal_json);
    sdg_buf_clear(&o->csr);
    sdg_buf_clear(&o->spki);
  }
  w->order_count = 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/server.c -- a request's whole way: route, authentication, answer, common headers. */
#include "acme_server/server.h"

#include <string.h>

#include "acme/problem_document.h"
#include "acme_server/server_internal.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"

/* --- Making one --- */

static stardeleg_err make_link(char **out, const char *target, const char *rel)
{
  sdg_buf link;
  stardeleg_err err;

  sdg_buf_init(&link, SDG_URL_MAX + 64);
  sdg_buf_add_byte(&link, '<');
  sdg_buf_add_str(&link, target);
  sdg_buf_add_str(&link, ">;rel=\"");
  sdg_buf_add_str(&link, rel);
  sdg_buf_add_byte(&link, '"');
  err = sdg_buf_take(&link, out, NULL);
  sdg_buf_clear(&link);
  return err;
}

static stardeleg_err make_links(sdg_server *server, const sdg_server_options *options)
{
  char *directory = sdg_server_url_dup(server, "/directory", NULL);
  stardeleg_err err = directory != NULL ? make_link(&server->index_link, directory, "index") : STARDELEG_ERR_NOMEM;

  sdg_free(directory);
  if (err == STARDELEG_OK && server->terms != NULL) {
    err = make_link(&server->terms_link, server->terms, "terms-of-service");
  }
  if (err == STARDELEG_OK && options->limits_url != NULL) {
    err = make_link(&server->limits_link, options->limits_url, "help");
  }
  return err;
}

static stardeleg_err copy_urls(sdg_server *server, const sdg_server_options *options, stardeleg_problem *problem)
{
  sdg_url url;
  stardeleg_bytes base = sdg_bytes_str(options->base_url);

  if (options->base_url == NULL || sdg_url_parse(&url, base) != STARDELEG_OK || !url.https ||
      base.base[base.len - 1] == '/' || memchr(base.base, '?', base.len) != NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "base_url must be an https URL without a final slash");
    return STARDELEG_ERR_CONFIG;
  }
  server->path_len = url.path.len;
  server->base_url = sdg_strdup(options->base_url);
  server->origin = sdg_bytes_dup(sdg_bytes(base.base, base.len - url.path.len));
  server->terms = sdg_strdup(options->terms_of_service);
  server->website = sdg_strdup(options->website);
  server->terms_action = sdg_strdup(options->terms_action_url);
  if (server->base_url == NULL || server->origin == NULL ||
      (options->terms_of_service != NULL && server->terms == NULL) ||
      (options->website != NULL && server->website == NULL) ||
      (options->terms_action_url != NULL && server->terms_action == NULL)) {
    return STARDELEG_ERR_NOMEM;
  }
  return make_links(server, options);
}

static stardeleg_err write_directory(sdg_server *server)
{
  sdg_acme_directory directory;
  sdg_json_writer w;
  stardeleg_err err = STARDELEG_OK;

  memset(&directory, 0, sizeof(directory));
  directory.new_nonce = sdg_server_url_dup(server, "/new-nonce", NULL);
  directory.new_account = sdg_server_url_dup(server, "/new-account", NULL);
  directory.new_order = sdg_server_url_dup(server, "/new-order", NULL);
  directory.key_change = sdg_server_url_dup(server, "/key-change", NULL);
  directory.terms_of_service = sdg_strdup(server->terms);
  directory.website = sdg_strdup(server->website);
  directory.external_account_required = server->options.eab_required;
  if (directory.new_nonce == NULL || directory.new_account == NULL || directory.new_order == NULL ||
      directory.key_change == NULL || (server->terms != NULL && directory.terms_of_service == NULL) ||
      (server->website != NULL && directory.website == NULL)) {
    err = STARDELEG_ERR_NOMEM;
  }
  if (err == STARDELEG_OK && server->options.fill_directory != NULL) {
    err = server->options.fill_directory(server->options.role, server, &directory);
  }
  if (err == STARDELEG_OK) {
    sdg_jw_init(&w, &server->directory);
    sdg_acme_directory_write(&w, &directory);
    err = sdg_buf_error(&server->directory);
  }
  sdg_acme_directory_clear(&directory);
  return err;
}

/* A binding that nobody can verify would let everybody in. */
static stardeleg_err check_secrets(const sdg_server_options *options, stardeleg_problem *problem)
{
  if (options->secrets != NULL || (!options->shared_nonces && !options->eab_required)) {
    return STARDELEG_OK;
  }
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s need a secret store",
                  options->eab_required ? "external account bindings" : "shared nonces");
  return STARDELEG_ERR_CONFIG;
}

static stardeleg_err open_nonces(sdg_server *server)
{
  const sdg_server_options *options = &server->options;

  if (!options->shared_nonces) {
    return sdg_nonces_new(&server->nonces, options->crypto);
  }
  return sdg_shared_nonces_new(&server->shared_nonces, options->crypto, options->store, options->secrets);
}

stardeleg_err sdg_server_new(sdg_server **out, const sdg_server_options *options, stardeleg_problem *problem)
{
  sdg_server *server = sdg_calloc(1, sizeof(*server));
  stardeleg_err err;

  if (server == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_problem_clear(problem);
  server->options = *options;
  atomic_init(&server->tended_at, INT64_MIN);
  sdg_buf_init(&server->directory, SDG_BODY_MAX);
  err = copy_urls(server, options, problem);
  if (err == STARDELEG_OK) {
    err = check_secrets(options, problem);
  }
  if (err == STARDELEG_OK) {
    err = open_nonces(server);
  }
  if (err == STARDELEG_OK) {
    err = sdg_version_cache_new(&server->accounts, SDG_ACCOUNTS_KEPT, sdg_server_account_free);
  }
  if (err == STARDELEG_OK) {
    err = write_directory(server);
  }
  if (err != STARDELEG_OK) {
    sdg_server_free(server);
    return err;
  }
  *out = server;
  return STARDELEG_OK;
}

void sdg_server_free(sdg_server *server)
{
  if (server == NULL) {
    return;
  }
  sdg_version_cache_free(server->accounts);
  sdg_nonces_free(server->nonces);
  sdg_shared_nonces_free(server->shared_nonces);
  sdg_buf_clear(&server->directory);
  sdg_free(server->index_link);
  sdg_free(server->terms_link);
  sdg_free(server->limits_link);
  sdg_free(server->terms_action);
  sdg_free(server->website);
  sdg_free(server->terms);
  sdg_free(server->origin);
  sdg_free(server->base_url);
  sdg_free(server);
}

/* --- Errors as replies --- */

static bool is_head_or_get(const stardeleg_http_request *request)
{
  return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

/* What a failure without a problem looks like from outside: nothing of the inside. */
static void describe_failure(sdg_call *call, stardeleg_err err)
{
  if (call->problem.type[0] != '\0' && call->problem.status >= 400) {
    return;
  }
  sdg_log(call->server->options.log, STARDELEG_LOG_ERROR, "server.internal", "%s %s: %s", call->request->method,
          "request failed", stardeleg_strerror(err));
  sdg_problem_set(&call->problem, STARDELEG_ACME_SERVER_INTERNAL, "the server cannot answer now");
  if (stardeleg_err_is_retryable(err)) {
    call->problem.status = 503;
  }
}

static stardeleg_err write_problem(sdg_call *call)
{
  sdg_json_writer w;
  sdg_http_reply_set_status(call->reply, call->problem.status);
  stardeleg_err err = sdg_http_reply_add_header(call->reply, "Content-Type", "application/problem+json");

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_jw_init(&w, sdg_http_reply_body(call->reply));
  if (call->problem.acme == STARDELEG_ACME_BAD_SIGNATURE_ALGORITHM) {
    /* RFC 8555 6.2: the list of algorithms goes into the document; the writer closes the object. */
    sdg_problem_write(&w, NULL, &call->problem);
    sdg_buf_truncate(w.out, w.out->len - 1);
    w.comma = true;
    sdg_jws_write_algorithms(&w, call->server->options.crypto);
    sdg_buf_add_byte(w.out, '}');
  } else {
    sdg_problem_write(&w, NULL, &call->problem);
  }
  return sdg_buf_error(sdg_http_reply_body(call->reply));
}

static stardeleg_err add_retry_after(sdg_call *call)
{
  char text[24];
  sdg_buf buf;
  stardeleg_err err;

  if (call->problem.retry_at == STARDELEG_TIME_NONE || call->problem.retry_at <= call->now) {
    return STARDELEG_OK;
  }
  sdg_buf_init(&buf, sizeof(text));
  sdg_buf_add_int(&buf, (call->problem.retry_at - call->now + SDG_TIME_S - 1) / SDG_TIME_S);
  err = sdg_http_reply_add_header(call->reply, "Retry-After", sdg_buf_str(&buf));
  sdg_buf_clear(&buf);
  return err;
}

/* What to read about it: RFC 8555 6.6 and 7.3.3. */
static const char *problem_link(const sdg_call *call)
{
  if (call->problem.acme == STARDELEG_ACME_RATE_LIMITED) {
    return call->server->limits_link;
  }
  return call->problem.acme == STARDELEG_ACME_USER_ACTION_REQUIRED ? call->server->terms_link : NULL;
}

/* The reply so far is thrown away: it may be half done. */
static stardeleg_err reply_problem(sdg_call *call, stardeleg_err cause)
{
  const char *link;
  stardeleg_err err;

  stardeleg_http_reply_free(call->reply);
  call->reply = NULL;
  describe_failure(call, cause);
  err = sdg_http_reply_new(&call->reply, call->problem.status);
  if (err == STARDELEG_OK) {
    err = write_problem(call);
  }
  if (err == STARDELEG_OK && call->problem.status == 405 && call->allow != NULL) {
    err = sdg_http_reply_add_header(call->reply, "Allow", call->allow); /* RFC 9110 15.5.6 */
  }
  if (err == STARDELEG_OK && call->problem.status == 415 && call->accept_encoding != NULL) {
    err = sdg_http_reply_add_header(call->reply, "Accept-Encoding", call->accept_encoding);
  }
  link = problem_link(call);
  if (err == STARDELEG_OK && link != NULL) {
    err = sdg_http_reply_add_header(call->reply, "Link", link);
  }
  return err == STARDELEG_OK ? add_retry_after(call) : err;
}

/* --- Common headers --- */

stardeleg_err sdg_server_spend_nonce(sdg_server *server, const char *text, stardeleg_time now)
{
  return server->shared_nonces != NULL ? sdg_shared_nonces_spend(server->shared_nonces, text, now)
                                       : sdg_nonces_spend(server->nonces, text);
}

static stardeleg_err add_nonce(sdg_call *call)
{
  const sdg_server *server = call->server;
  char nonce[SDG_SHARED_NONCE_SIZE];
  stardeleg_err err = server->shared_nonces != NULL ? sdg_shared_nonces_mint(server->shared_nonces, call->now, nonce)
                                                    : sdg_nonces_mint(server->nonces, nonce);

  return err == STARDELEG_OK ? sdg_http_reply_add_header(call->reply, "Replay-Nonce", nonce) : err;
}

static stardeleg_err add_common_headers(sdg_call *call, const sdg_route *route)
{
  const stardeleg_http_response *view = stardeleg_http_reply_view(call->reply);
  bool is_directory = route != NULL && route->fn == sdg_route_directory;
  bool wants_nonce = !is_head_or_get(call->request) || (route != NULL && (route->methods & SDG_ROUTE_NONCE) != 0);
  stardeleg_bytes ignored;
  stardeleg_err err = STARDELEG_OK;

  if (!sdg_http_header(&ignored, view->headers, view->header_count, "Cache-Control", NULL)) {
    err = sdg_http_reply_add_header(call->reply, "Cache-Control", "no-store");
  }
  if (err == STARDELEG_OK && !is_directory) {
    err = sdg_http_reply_add_header(call->reply, "Link", call->server->index_link);
  }
  if (err == STARDELEG_OK && wants_nonce) {
    err = add_nonce(call);
  }
  return err;
}

/* --- The way --- */

static stardeleg_err refuse_method(sdg_call *call, const sdg_route *route)
{
  bool get = (route->methods & SDG_ROUTE_GET) != 0;
  bool post = (route->methods & (SDG_ROUTE_POST | SDG_ROUTE_FETCH)) != 0;

  (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "method not allowed here");
  call->problem.status = 405;
  call->allow = get && post ? "GET, HEAD, POST" : (get ? "GET, HEAD" : "POST");
  return reply_problem(call, STARDELEG_ERR_PROTOCOL);
}

static stardeleg_err run_post(sdg_call *call, const sdg_route *route, void *role)
{
  sdg_jws jws;
  sdg_json *payload = NULL;
  stardeleg_err err;

  memset(&jws, 0, sizeof(jws));
  err = sdg_authenticate(call, route, &jws, &payload);
  if (err == STARDELEG_OK) {
    err = route->fn(role, call);
  }
  sdg_authenticate_end(call);
  call->jws = NULL;
  call->payload = NULL;
  sdg_json_free(payload);
  sdg_jws_clear(&jws);
  return err;
}

static stardeleg_err run_route(sdg_call *call, const sdg_route *route, void *role)
{
  stardeleg_err err;

  if (route == NULL) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "no such resource");
    call->problem.status = 404;
    return reply_problem(call, STARDELEG_ERR_PROTOCOL);
  }
  if (is_head_or_get(call->request)) {
    if ((route->methods & SDG_ROUTE_GET) == 0) {
      return refuse_method(call, route);
    }
    err = route->fn(role, call);
  } else if (strcmp(call->request->method, "POST") == 0 && (route->methods & (SDG_ROUTE_POST | SDG_ROUTE_FETCH)) != 0) {
    err = run_post(call, route, role);
  } else {
    return refuse_method(call, route);
  }
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(sdg_http_reply_body(call->reply));
  }
  return err == STARDELEG_OK ? STARDELEG_OK : reply_problem(call, err);
}

stardeleg_err sdg_server_handle(sdg_server *server, const stardeleg_http_request *request, stardeleg_time now,
                                stardeleg_http_reply **reply)
{
  sdg_call *call;
  const sdg_route *route;
  void *role = NULL;
  stardeleg_err err;

  if (request == NULL || request->method == NULL || request->url == NULL || reply == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  call = sdg_calloc(1, sizeof(*call));
  if (call == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  call->server = server;
  call->request = request;
  call->now = now;
  sdg_problem_clear(&call->problem);
  sdg_server_tend(server, now);
  err = sdg_http_reply_new(&call->reply, 200);
  if (err == STARDELEG_OK) {
    route = sdg_route_find(server, call, &role);
    err = run_route(call, route, role);
    if (err == STARDELEG_OK) {
      err = add_common_headers(call, route);
    }
  }
  if (err == STARDELEG_OK) {
    *reply = call->reply;
  } else {
    stardeleg_http_reply_free(call->reply);
    err = STARDELEG_ERR_NOMEM; /* whatever it was: there is no answer to be had */
  }
  sdg_free(call);
  return err;
}

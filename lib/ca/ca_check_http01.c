/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_check_http01.c -- http-01: plain GETs to the addresses of the name (RFC 8555 8.3, RFC 8738 5). */
#include <string.h>

#include "base/bytes.h"
#include "base/problem.h"
#include "base/url.h"
#include "ca/ca_check.h"

/* A key authorization has 43 + 1 + 43 characters, but redirects and refusals come with pages of their own, and have to
 * be known for what they are. */
#define ANSWER_MAX (64u * 1024u)
#define REDIRECTS_MAX 5u

/* The text |url| is split, its host kept for the look-up. */
static stardeleg_err set_url(sdg_ca_check *check, sdg_buf *text)
{
  sdg_url url;
  stardeleg_err err = sdg_buf_error(text);

  if (err == STARDELEG_OK) {
    err = sdg_url_parse(&url, sdg_buf_bytes(text));
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_reset(&check->host);
  sdg_buf_add_bytes(&check->host, url.host);
  memset(&check->addresses, 0, sizeof(check->addresses));
  check->address_at = 0;
  sdg_buf_swap(&check->url, text);
  return sdg_buf_error(&check->host);
}

/* RFC 8555 8.3; RFC 8738 5: an address stands where the name would, and in the Host header. */
static stardeleg_err begin(sdg_ca_check *check)
{
  const stardeleg_identifier *identifier = &check->authz.wire.identifier;
  bool is_v6 = strcmp(identifier->type, "ip") == 0 && strchr(identifier->value, ':') != NULL;
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, SDG_URL_MAX);
  sdg_buf_add_str(&text, "http://");
  sdg_buf_add_str(&text, is_v6 ? "[" : "");
  sdg_buf_add_str(&text, identifier->value);
  sdg_buf_add_str(&text, is_v6 ? "]" : "");
  if (check->task.ca->options.http01_port != 80) {
    sdg_buf_add_byte(&text, ':');
    sdg_buf_add_int(&text, check->task.ca->options.http01_port);
  }
  sdg_buf_add_str(&text, "/.well-known/acme-challenge/");
  sdg_buf_add_str(&text, check->authz.wire.challenges[0].token);
  err = set_url(check, &text);
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err ask(sdg_ca_check *check, sdg_step *step, stardeleg_time now)
{
  stardeleg_err err = check->url.len == 0 ? begin(check) : STARDELEG_OK;

  if (err != STARDELEG_OK) {
    return err;
  }
  if (!sdg_ca_check_has_addresses(check, sdg_buf_str(&check->host), step, now)) {
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_GET;
  step->url = sdg_buf_str(&check->url);
  step->address = check->addresses.count > 0 ? check->addresses.text[check->address_at] : NULL;
  step->response_max = ANSWER_MAX;
  return STARDELEG_OK;
}

/* RFC 8555 8.3: redirects are followed, a few, to http and https on their ports; each host is looked up and guarded
 * like the first. */
static bool follow(sdg_ca_check *check, const sdg_result *result)
{
  const stardeleg_ca_options *options = &check->task.ca->options;
  sdg_buf target;
  sdg_url url;
  bool is_good;

  if (result->response == NULL || result->status < 301 || result->status > 308 || result->status == 304 ||
      check->redirects == REDIRECTS_MAX) {
    return false;
  }
  sdg_buf_init(&target, SDG_URL_MAX);
  is_good = sdg_result_location(&target, result) == STARDELEG_OK &&
            sdg_url_parse(&url, sdg_buf_bytes(&target)) == STARDELEG_OK &&
            (url.https ? url.port == 443 || url.port == options->https_port
                       : url.port == 80 || url.port == options->http01_port);
  if (is_good) {
    check->redirects++;
    is_good = set_url(check, &target) == STARDELEG_OK;
  }
  sdg_buf_clear(&target);
  return is_good;
}

/* Trailing white space does not count (RFC 8555 8.3). */
static bool is_answer(stardeleg_bytes body, const char *expected)
{
  while (body.len > 0 && (body.base[body.len - 1] == ' ' || body.base[body.len - 1] == '\t' ||
                          body.base[body.len - 1] == '\r' || body.base[body.len - 1] == '\n')) {
    body.len--;
  }
  return sdg_bytes_is(body, expected);
}

/* What came back is not repeated: it may be of a host that the client must not read through us. */
static bool is_right(const sdg_ca_check *check, const sdg_result *result, stardeleg_problem *problem)
{
  if (result->response == NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_CONNECTION, "http-01: %s", result->problem->detail);
    return false;
  }
  if (result->status != 200) {
    sdg_problem_set(problem, STARDELEG_ACME_UNAUTHORIZED, "http-01: the answer has HTTP status %d", result->status);
    return false;
  }
  if (result->err != STARDELEG_OK || !is_answer(result->response->body, check->authz.key_authorization)) {
    sdg_problem_set(problem, STARDELEG_ACME_INCORRECT_RESPONSE, "http-01: the answer is not the key authorization");
    return false;
  }
  return true;
}

static stardeleg_err take(sdg_ca_check *check, const sdg_result *result, stardeleg_time now)
{
  stardeleg_problem problem;
  bool right;

  if (follow(check, result)) {
    return STARDELEG_OK; /* asked again, for the new URL */
  }
  /* A name with several addresses may have one that is out of order. */
  if (result->response == NULL && check->address_at + 1 < check->addresses.count) {
    check->address_at++;
    return STARDELEG_OK;
  }
  right = is_right(check, result, &problem);
  sdg_ca_check_decide(check, right ? NULL : &problem, now);
  return STARDELEG_OK;
}

const sdg_ca_method sdg_ca_http_01 = {"http-01", STARDELEG_CA_HTTP_01, false, true, ask, take};

/* SPDX-License-Identifier: Apache-2.0 */
/* jose/jws.c -- reading the form of a JWS (RFC 7515 7.2.2, RFC 8555 6.2). */
#include "jose/jws.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "json/json_pointer.h"

#define TEXT_MAX (256 * 1024)
#define STRING_MAX (192 * 1024)
#define HEADER_MAX (16 * 1024)
#define NONCE_MAX 512

static stardeleg_err refuse(stardeleg_problem *problem, const char *place, const char *why)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", why);
  sdg_problem_set_place(problem, sdg_bytes_str(place));
  return STARDELEG_ERR_MALFORMED;
}

/* A fault in JSON becomes a problem; |place| is the pointer of the text itself. */
static void tell_fault(stardeleg_problem *problem, const char *place, const sdg_json_fault *fault)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "the %s is not acceptable JSON: %s at offset %zu%s%s",
                  place[0] == '\0' ? "JWS" : "protected header", fault->reason, fault->offset,
                  fault->pointer[0] != '\0' ? ", " : "", fault->pointer);
  sdg_problem_set_place(problem, sdg_bytes_str(place));
}

/* --- the outer object --- */

/* Which of the three members |name| is; otherwise says why it is refused. */
static stardeleg_err check_outer_name(const char *name, stardeleg_problem *problem)
{
  char place[STARDELEG_PROBLEM_PLACE_SIZE] = "";

  if (strcmp(name, "protected") == 0 || strcmp(name, "payload") == 0 || strcmp(name, "signature") == 0) {
    return STARDELEG_OK;
  }
  if (strcmp(name, "signatures") == 0) {
    return refuse(problem, "/signatures", "a JWS with several signatures is not allowed (RFC 8555 6.2)");
  }
  if (strcmp(name, "header") == 0) {
    return refuse(problem, "/header", "an unprotected JWS header is not allowed (RFC 8555 6.2)");
  }
  sdg_json_pointer_add(place, sizeof(place), name);
  return refuse(problem, place, "a JWS has the members protected, payload and signature only");
}

static stardeleg_err read_outer(const char *parts[3], const sdg_json *tree, stardeleg_problem *problem)
{
  static const char *const names[] = {"protected", "payload", "signature"};

  if (sdg_json_type_of(tree) != SDG_JSON_OBJECT) {
    return refuse(problem, "", "the JWS must be a JSON object (flattened serialization, RFC 8555 6.2)");
  }
  for (const sdg_json *item = sdg_json_first(tree); item != NULL; item = sdg_json_next(item)) {
    stardeleg_err rv = check_outer_name(sdg_json_name(item), problem);

    if (rv != STARDELEG_OK) {
      return rv;
    }
  }
  for (size_t i = 0; i < 3; i++) {
    stardeleg_err rv = sdg_json_get_string(&parts[i], tree, names[i], SDG_JSON_REQUIRED, problem);

    if (rv != STARDELEG_OK) {
      return rv;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err decode_part(sdg_buf *out, const char *text, const char *place, stardeleg_problem *problem)
{
  stardeleg_err rv = sdg_base64url_read(out, sdg_bytes_str(text));

  if (rv == STARDELEG_ERR_MALFORMED) {
    return refuse(problem, place, "not base64url text without padding");
  }
  if (rv == STARDELEG_ERR_LIMIT) {
    (void)refuse(problem, place, "too long");
  }
  return rv;
}

/* --- the protected header --- */

static stardeleg_err parse_header(sdg_json **out, const char *text, stardeleg_problem *problem)
{
  const sdg_json_limits limits = {HEADER_MAX, 8, 64, HEADER_MAX};
  sdg_json_fault fault;
  sdg_buf decoded;
  stardeleg_err rv;

  sdg_buf_init(&decoded, HEADER_MAX);
  rv = decode_part(&decoded, text, "/protected", problem);
  if (rv == STARDELEG_OK) {
    rv = sdg_json_parse(out, sdg_buf_bytes(&decoded), &limits, &fault);
    if (rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT) {
      tell_fault(problem, "/protected", &fault);
    }
  }
  sdg_buf_clear(&decoded);
  if (rv == STARDELEG_OK && sdg_json_type_of(*out) != SDG_JSON_OBJECT) {
    return refuse(problem, "/protected", "the protected header must be a JSON object");
  }
  return rv;
}

/* A string of the header; the place of a fault is below "/protected". */
static stardeleg_err get_parameter(const char **out, const sdg_json *header, const char *name, sdg_json_need need,
                                   stardeleg_problem *problem)
{
  stardeleg_err rv = sdg_json_get_string(out, header, name, need, problem);
  char place[64];

  if (rv != STARDELEG_OK) {
    (void)snprintf(place, sizeof(place), "/protected/%s", name);
    sdg_problem_set_place(problem, sdg_bytes_str(place));
  }
  return rv;
}

/* RFC 8555 6.5.2: a nonce that is "not valid according to this encoding" is malformed. */
static stardeleg_err check_nonce(const char *nonce, stardeleg_problem *problem)
{
  sdg_buf scratch;
  stardeleg_err rv;

  sdg_buf_init(&scratch, NONCE_MAX);
  rv = nonce[0] != '\0' ? sdg_base64url_read(&scratch, sdg_bytes_str(nonce)) : STARDELEG_ERR_MALFORMED;
  sdg_buf_clear(&scratch);
  if (rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT) {
    return refuse(problem, "/protected/nonce", "the nonce is not valid base64url");
  }
  return rv;
}

static stardeleg_err check_key_parameters(sdg_jws *jws, stardeleg_problem *problem)
{
  jws->jwk = sdg_json_member(jws->header, "jwk");
  if (jws->jwk != NULL && sdg_json_type_of(jws->jwk) != SDG_JSON_OBJECT) {
    return refuse(problem, "/protected/jwk", "member \"jwk\" must be an object");
  }
  if (jws->jwk != NULL && jws->kid != NULL) {
    return refuse(problem, "/protected/kid", "\"jwk\" and \"kid\" are mutually exclusive (RFC 8555 6.2)");
  }
  return STARDELEG_OK;
}

/* Parameters we do not know are ignored (RFC 7515 4), those that bring or point to keys ("x5c", "jku", ...) with them:
 * the only keys are "jwk" and "kid". */
static stardeleg_err read_header(sdg_jws *jws, stardeleg_problem *problem)
{
  const sdg_alg_info *alg;
  stardeleg_err rv;

  /* RFC 7515 4.1.11: extensions that are critical must be understood, and we know none.  RFC 8555 6.2: "The JWS
   * Unencoded Payload Option [RFC7797] MUST NOT be used". */
  if (sdg_json_member(jws->header, "crit") != NULL) {
    return refuse(problem, "/protected/crit", "critical header parameters (\"crit\") are not supported");
  }
  if (sdg_json_member(jws->header, "b64") != NULL) {
    return refuse(problem, "/protected/b64", "the unencoded payload option (\"b64\") is not allowed (RFC 8555 6.2)");
  }
  rv = get_parameter(&jws->alg_name, jws->header, "alg", SDG_JSON_REQUIRED, problem);
  if (rv == STARDELEG_OK) {
    rv = get_parameter(&jws->kid, jws->header, "kid", SDG_JSON_OPTIONAL, problem);
  }
  if (rv == STARDELEG_OK) {
    rv = get_parameter(&jws->url, jws->header, "url", SDG_JSON_OPTIONAL, problem);
  }
  if (rv == STARDELEG_OK) {
    rv = get_parameter(&jws->nonce, jws->header, "nonce", SDG_JSON_OPTIONAL, problem);
  }
  if (rv == STARDELEG_OK && jws->nonce != NULL) {
    rv = check_nonce(jws->nonce, problem);
  }
  if (rv != STARDELEG_OK) {
    return rv;
  }
  alg = sdg_alg_by_name(jws->alg_name);
  jws->alg = alg != NULL ? alg->alg : STARDELEG_ALG_NONE;
  return check_key_parameters(jws, problem);
}

/* --- the whole --- */

static void start(sdg_jws *jws)
{
  memset(jws, 0, sizeof(*jws));
  sdg_buf_init(&jws->payload_buf, STRING_MAX);
  sdg_buf_init(&jws->signature_buf, STARDELEG_SIGNATURE_MAX);
}

static stardeleg_err fill(sdg_jws *jws, const sdg_json *tree, stardeleg_problem *problem)
{
  const char *parts[3] = {NULL, NULL, NULL};
  stardeleg_err rv = read_outer(parts, tree, problem);

  if (rv != STARDELEG_OK) {
    return rv;
  }
  rv = parse_header(&jws->header, parts[0], problem);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  rv = read_header(jws, problem);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  rv = decode_part(&jws->payload_buf, parts[1], "/payload", problem);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  rv = decode_part(&jws->signature_buf, parts[2], "/signature", problem);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  jws->protected_text = sdg_bytes_str(parts[0]);
  jws->payload_text = sdg_bytes_str(parts[1]);
  jws->payload = sdg_buf_bytes(&jws->payload_buf);
  jws->signature = sdg_buf_bytes(&jws->signature_buf);
  return STARDELEG_OK;
}

stardeleg_err sdg_jws_parse_tree(sdg_jws *out, const sdg_json *tree, stardeleg_problem *problem)
{
  stardeleg_err rv;

  start(out);
  rv = fill(out, tree, problem);
  if (rv != STARDELEG_OK) {
    sdg_jws_clear(out);
  }
  return rv;
}

stardeleg_err sdg_jws_parse(sdg_jws *out, stardeleg_bytes text, stardeleg_problem *problem)
{
  const sdg_json_limits limits = {TEXT_MAX, 16, 64, STRING_MAX};
  sdg_json *tree = NULL;
  sdg_json_fault fault;
  stardeleg_err rv;

  start(out);
  rv = sdg_json_parse(&tree, text, &limits, &fault);
  if (rv != STARDELEG_OK) {
    if (rv != STARDELEG_ERR_NOMEM) {
      tell_fault(problem, "", &fault);
    }
    return rv;
  }
  rv = sdg_jws_parse_tree(out, tree, problem);
  if (rv != STARDELEG_OK) {
    sdg_json_free(tree);
    return rv;
  }
  out->outer = tree;
  return STARDELEG_OK;
}

void sdg_jws_clear(sdg_jws *jws)
{
  if (jws == NULL) {
    return;
  }
  sdg_json_free(jws->outer);
  sdg_json_free(jws->header);
  sdg_buf_clear(&jws->payload_buf);
  sdg_buf_clear(&jws->signature_buf);
  memset(jws, 0, sizeof(*jws));
}

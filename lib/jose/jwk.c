/* SPDX-License-Identifier: Apache-2.0 */
/* jose/jwk.c -- public keys out of JWK (RFC 7517, RFC 7518 6, RFC 8037 2). */
#include "jose/jwk.h"

#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "json/json_pointer.h"

#define RSA_BYTES_MAX 1024

/* The numbers of a key, decoded; the family says which two. */
typedef struct numbers {
  sdg_buf first;  /* n or x */
  sdg_buf second; /* e or y */
} numbers;

static const struct {
  const char *kty;
  const char *crv;
  stardeleg_key_info info;
} curves[] = {
    {"EC", "P-256", {STARDELEG_FAMILY_EC, 256}},
    {"EC", "P-384", {STARDELEG_FAMILY_EC, 384}},
    {"EC", "P-521", {STARDELEG_FAMILY_EC, 521}},
    {"OKP", "Ed25519", {STARDELEG_FAMILY_ED, 255}},
};

/* |member| NULL: the key as a whole. */
static stardeleg_err refuse(stardeleg_problem *problem, const char *member, const char *why)
{
  char pointer[STARDELEG_PROBLEM_PLACE_SIZE] = "";

  if (member == NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY, "the JWK %s", why);
    return STARDELEG_ERR_BAD_KEY;
  }
  sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY, "member \"%s\" of the JWK %s", member, why);
  sdg_json_pointer_add(pointer, sizeof(pointer), member);
  sdg_problem_set_place(problem, sdg_bytes_str(pointer));
  return STARDELEG_ERR_BAD_KEY;
}

/* RFC 7517 9.2: private members have no business in a request.  Whoever sends one has given the key away; refusing
 * tells him. */
static stardeleg_err refuse_private(const sdg_json *jwk, stardeleg_problem *problem)
{
  static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (sdg_json_member(jwk, names[i]) != NULL) {
      return refuse(problem, names[i], "belongs to a private or symmetric key");
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err get_text(const char **out, const sdg_json *jwk, const char *name, stardeleg_problem *problem)
{
  const sdg_json *member = sdg_json_member(jwk, name);

  if (member == NULL) {
    return refuse(problem, name, "is missing");
  }
  if (sdg_json_type_of(member) != SDG_JSON_STRING) {
    return refuse(problem, name, "must be a string");
  }
  *out = sdg_json_string(member);
  return STARDELEG_OK;
}

static stardeleg_err get_number(sdg_buf *out, const sdg_json *jwk, const char *name, stardeleg_problem *problem)
{
  const char *text = NULL;
  stardeleg_err rv = get_text(&text, jwk, name, problem);

  if (rv != STARDELEG_OK) {
    return rv;
  }
  rv = sdg_base64url_read(out, sdg_bytes_str(text));
  if (rv == STARDELEG_ERR_MALFORMED) {
    return refuse(problem, name, "must be base64url text without padding");
  }
  if (rv == STARDELEG_ERR_LIMIT) {
    return refuse(problem, name, "is too long");
  }
  return rv;
}

/* RFC 7518 6.2.1.2: "The length of this octet string MUST be the full size of a coordinate", leading zeros included. */
static stardeleg_err get_coordinate(sdg_buf *out, const sdg_json *jwk, const char *name, unsigned bits,
                                    stardeleg_problem *problem)
{
  stardeleg_err rv = get_number(out, jwk, name, problem);

  if (rv == STARDELEG_OK && out->len != (bits + 7) / 8) {
    return refuse(problem, name, "does not have the length that the curve asks for");
  }
  return rv;
}

/* RFC 7518 2, Base64urlUInt: "the minimum number of octets"; a second spelling of a number would be a second
 * thumbprint. */
static stardeleg_err get_magnitude(sdg_buf *out, const sdg_json *jwk, const char *name, stardeleg_problem *problem)
{
  stardeleg_err rv = get_number(out, jwk, name, problem);

  if (rv == STARDELEG_OK && (out->len == 0 || out->base[0] == 0)) {
    return refuse(problem, name, "must be a number above zero without leading zero octets");
  }
  return rv;
}

static stardeleg_err read_on_curve(sdg_spki *parts, numbers *n, const sdg_json *jwk, const char *kty,
                                   stardeleg_problem *problem)
{
  const char *crv = NULL;
  stardeleg_err rv = get_text(&crv, jwk, "crv", problem);

  if (rv != STARDELEG_OK) {
    return rv;
  }
  for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
    if (strcmp(curves[i].kty, kty) == 0 && strcmp(curves[i].crv, crv) == 0) {
      parts->info = curves[i].info;
    }
  }
  if (parts->info.family == 0) {
    return refuse(problem, "crv",
                  strcmp(kty, "EC") == 0 ? "must be P-256, P-384 or P-521" : "must be Ed25519 for key type OKP");
  }
  rv = get_coordinate(&n->first, jwk, "x", parts->info.bits, problem);
  if (rv == STARDELEG_OK && parts->info.family == STARDELEG_FAMILY_EC) {
    rv = get_coordinate(&n->second, jwk, "y", parts->info.bits, problem);
  }
  parts->x = sdg_buf_bytes(&n->first);
  parts->y = sdg_buf_bytes(&n->second);
  return rv;
}

static stardeleg_err read_rsa(sdg_spki *parts, numbers *n, const sdg_json *jwk, stardeleg_problem *problem)
{
  stardeleg_err rv = get_magnitude(&n->first, jwk, "n", problem);

  if (rv == STARDELEG_OK) {
    rv = get_magnitude(&n->second, jwk, "e", problem);
  }
  parts->info.family = STARDELEG_FAMILY_RSA;
  parts->n = sdg_buf_bytes(&n->first);
  parts->e = sdg_buf_bytes(&n->second);
  return rv;
}

static stardeleg_err read_numbers(sdg_spki *parts, numbers *n, const sdg_json *jwk, stardeleg_problem *problem)
{
  const char *kty = NULL;
  stardeleg_err rv = get_text(&kty, jwk, "kty", problem);

  if (rv != STARDELEG_OK) {
    return rv;
  }
  if (strcmp(kty, "RSA") == 0) {
    return read_rsa(parts, n, jwk, problem);
  }
  if (strcmp(kty, "EC") == 0 || strcmp(kty, "OKP") == 0) {
    return read_on_curve(parts, n, jwk, kty, problem);
  }
  return refuse(problem, "kty", "must be EC, RSA or OKP");
}

/* RFC 7517 4.3: no operation twice, and ours among them. */
static stardeleg_err check_key_ops(const sdg_json *ops, stardeleg_problem *problem)
{
  bool verify = false;

  if (sdg_json_type_of(ops) != SDG_JSON_ARRAY) {
    return refuse(problem, "key_ops", "must be an array of strings");
  }
  for (const sdg_json *op = sdg_json_first(ops); op != NULL; op = sdg_json_next(op)) {
    if (sdg_json_type_of(op) != SDG_JSON_STRING) {
      return refuse(problem, "key_ops", "must be an array of strings");
    }
    for (const sdg_json *other = sdg_json_first(ops); other != op; other = sdg_json_next(other)) {
      if (sdg_json_equal(op, other)) {
        return refuse(problem, "key_ops", "holds an operation twice");
      }
    }
    verify = verify || strcmp(sdg_json_string(op), "verify") == 0;
  }
  return verify ? STARDELEG_OK : refuse(problem, "key_ops", "does not allow to verify");
}

/* What the key says about its own purpose, if it says anything. */
static stardeleg_err check_purpose(const sdg_json *jwk, const stardeleg_key_info *info, stardeleg_problem *problem)
{
  const sdg_json *use = sdg_json_member(jwk, "use");
  const sdg_json *ops = sdg_json_member(jwk, "key_ops");
  const sdg_json *alg = sdg_json_member(jwk, "alg");

  if (use != NULL && strcmp(sdg_json_string(use), "sig") != 0) {
    return refuse(problem, "use", "must be \"sig\"");
  }
  if (ops != NULL) {
    stardeleg_err rv = check_key_ops(ops, problem);

    if (rv != STARDELEG_OK) {
      return rv;
    }
  }
  if (alg != NULL) {
    const sdg_alg_info *named = sdg_alg_by_name(sdg_json_string(alg));

    if (named == NULL || !sdg_alg_fits_key(named->alg, info)) {
      return refuse(problem, "alg", "is no signature algorithm of such a key");
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err import_parts(sdg_pubkey **out, const stardeleg_crypto *crypto, const sdg_spki *parts,
                                  stardeleg_problem *problem)
{
  sdg_buf spki;
  stardeleg_err rv;

  sdg_buf_init(&spki, SDG_SPKI_MAX);
  sdg_spki_write(&spki, parts);
  rv = sdg_buf_error(&spki);
  if (rv == STARDELEG_OK) {
    rv = sdg_pubkey_import(out, crypto, sdg_buf_bytes(&spki), problem);
  } else if (rv == STARDELEG_ERR_LIMIT) {
    rv = refuse(problem, NULL, "is too large");
  }
  sdg_buf_clear(&spki);
  if (rv == STARDELEG_ERR_UNSUPPORTED) { /* the backend's gap, but the peer has to bring another key */
    return refuse(problem, NULL, "is of a type that is not supported here");
  }
  return rv;
}

stardeleg_err sdg_jwk_parse(sdg_pubkey **out, const stardeleg_crypto *crypto, const sdg_json *jwk,
                            stardeleg_problem *problem)
{
  sdg_pubkey *key = NULL;
  sdg_spki parts;
  numbers n;
  stardeleg_err rv;

  memset(&parts, 0, sizeof(parts));
  sdg_buf_init(&n.first, RSA_BYTES_MAX);
  sdg_buf_init(&n.second, RSA_BYTES_MAX);
  if (sdg_json_type_of(jwk) != SDG_JSON_OBJECT) {
    rv = refuse(problem, NULL, "must be a JSON object");
    goto out;
  }
  rv = refuse_private(jwk, problem);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  rv = read_numbers(&parts, &n, jwk, problem);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  rv = import_parts(&key, crypto, &parts, problem);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  rv = check_purpose(jwk, sdg_pubkey_info(key), problem);
  if (rv != STARDELEG_OK) {
    goto out;
  }
  *out = key;
  key = NULL;
out:
  sdg_pubkey_free(key);
  sdg_buf_clear(&n.first);
  sdg_buf_clear(&n.second);
  return rv;
}

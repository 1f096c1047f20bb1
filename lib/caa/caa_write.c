/* SPDX-License-Identifier: Apache-2.0 */
/* caa/caa_write.c -- the records an owner adds (RFC 9115 7.4, RFC 8657). */
#include <stardeleg/caa.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/name.h"
#include "base/uri_text.h"
#include "caa/caa_value.h"

#define LINES_MAX 6000u
#define URI_MAX 2048u
#define METHODS_MAX 256u

static bool is_account_uri(stardeleg_bytes uri)
{
  size_t scheme = sdg_uri_scheme_len(uri);

  /* A semicolon is fine in a URI, but ends a parameter. */
  return scheme > 0 && scheme + 1 < uri.len && uri.len <= URI_MAX && sdg_caa_is_parameter_value(uri) &&
         sdg_uri_find(uri, "\"\\") == uri.len;
}

static bool is_good_wish(const stardeleg_caa_wish *wish)
{
  stardeleg_bytes methods;

  if (wish == NULL || wish->size != sizeof(*wish) || wish->name == NULL || wish->issuer == NULL ||
      sdg_name_check_dns(sdg_bytes_str(wish->name), SDG_NAME_ALLOW_WILDCARD | SDG_NAME_ALLOW_ONE_LABEL) !=
          SDG_NAME_OK ||
      sdg_bytes_str(wish->issuer).len > SDG_NAME_MAX || !sdg_caa_is_issuer(sdg_bytes_str(wish->issuer))) {
    return false;
  }
  methods = sdg_bytes_str(wish->methods);
  /* An empty list of methods is well-formed, and matches nothing. */
  return (wish->account_uri == NULL || is_account_uri(sdg_bytes_str(wish->account_uri))) &&
         (wish->methods == NULL || (methods.len > 0 && methods.len <= METHODS_MAX && sdg_caa_is_methods(methods)));
}

static void add_line(sdg_buf *out, const char *name, const char *tag, const stardeleg_caa_wish *wish)
{
  sdg_buf_add_str(out, name);
  sdg_buf_add_str(out, ". IN CAA 0 ");
  sdg_buf_add_str(out, tag);
  sdg_buf_add_str(out, " \"");
  sdg_buf_add_str(out, wish->issuer);
  if (wish->account_uri != NULL) {
    sdg_buf_add_str(out, "; accounturi=");
    sdg_buf_add_str(out, wish->account_uri);
  }
  if (wish->methods != NULL) {
    sdg_buf_add_str(out, "; validationmethods=");
    sdg_buf_add_str(out, wish->methods);
  }
  sdg_buf_add_str(out, "\"\n");
}

stardeleg_err stardeleg_caa_write(char *out, size_t size, const stardeleg_caa_wish *wish)
{
  sdg_buf text;
  bool wildcard;
  const char *name;
  stardeleg_err err;

  if (out == NULL || size == 0 || !is_good_wish(wish)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  wildcard = sdg_name_is_wildcard(sdg_bytes_str(wish->name));
  name = wish->name + (wildcard ? 2 : 0);
  sdg_buf_init(&text, size - 1 < LINES_MAX ? size - 1 : LINES_MAX);
  add_line(&text, name, "issue", wish);
  if (wildcard) {
    add_line(&text, name, "issuewild", wish);
  }
  err = sdg_buf_error(&text);
  out[0] = '\0';
  if (err == STARDELEG_OK) {
    for (size_t i = 0; i <= text.len; i++) {
      out[i] = sdg_buf_str(&text)[i];
    }
  }
  sdg_buf_clear(&text);
  return err;
}

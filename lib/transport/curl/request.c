/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/request.c -- the request side of an easy handle: security settings, then one request. */
#include "request.h"

#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LOW_SPEED_BYTES 16L
#define LOW_SPEED_S 30L
#define CONNECTION_AGE_S 600L
#define FIELD_MAX 8192

static const struct {
  CURLoption option;
  long value;
} fixed[] = {
    {CURLOPT_NOSIGNAL, 1L},
    {CURLOPT_NOPROGRESS, 1L},
    {CURLOPT_VERBOSE, 0L},
    /* RFC 9110 15.4: a signed request must not follow a redirect; the engines decide about the others. */
    {CURLOPT_FOLLOWLOCATION, 0L},
    {CURLOPT_SSL_VERIFYPEER, 1L},
    {CURLOPT_SSL_VERIFYHOST, 2L},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_DISALLOW_USERNAME_IN_URL, 1L},
    {CURLOPT_HTTP09_ALLOWED, 0L},
    {CURLOPT_HTTP_CONTENT_DECODING, 0L},
    {CURLOPT_PATH_AS_IS, 1L}, /* the JWS names this very URL */
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L},
    {CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES},
    {CURLOPT_LOW_SPEED_TIME, LOW_SPEED_S},
    {CURLOPT_MAXLIFETIME_CONN, CONNECTION_AGE_S},
    {CURLOPT_PIPEWAIT, 1L},
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name server that does not answer must not hold up the event loop when a transfer is given up. */
    {CURLOPT_QUICK_EXIT, 1L},
#endif
};

static stardeleg_err explain(CURLcode code)
{
  if (code == CURLE_OK) {
    return STARDELEG_OK;
  }
  return code == CURLE_OUT_OF_MEMORY ? STARDELEG_ERR_NOMEM : STARDELEG_ERR_UNSUPPORTED;
}

static void set_long(CURLcode *code, CURL *easy, CURLoption option, long value)
{
  if (*code == CURLE_OK) {
    *code = curl_easy_setopt(easy, option, value);
  }
}

static void set_text(CURLcode *code, CURL *easy, CURLoption option, const char *value)
{
  if (*code == CURLE_OK) {
    *code = curl_easy_setopt(easy, option, value);
  }
}

stardeleg_err sdg_curl_request_settings(CURL *easy, const sdg_curl_settings *settings)
{
  const stardeleg_curl_options *options = &settings->options;
  CURLcode code = CURLE_OK;

  for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
    set_long(&code, easy, fixed[i].option, fixed[i].value);
  }
  if (options->any_certificate) {
    set_long(&code, easy, CURLOPT_SSL_VERIFYPEER, 0L);
    set_long(&code, easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  set_long(&code, easy, CURLOPT_HTTP_VERSION, settings->http_version);
  set_long(&code, easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
  set_long(&code, easy, CURLOPT_TIMEOUT_MS, (long)options->total_timeout_ms);
  set_text(&code, easy, CURLOPT_PROTOCOLS_STR, options->allow_http ? "http,https" : "https");
  set_text(&code, easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set_text(&code, easy, CURLOPT_ACCEPT_ENCODING, NULL);
  /* "" and not NULL: NULL would let the environment choose. */
  set_text(&code, easy, CURLOPT_PROXY, options->proxy != NULL ? options->proxy : "");
  set_text(&code, easy, CURLOPT_NOPROXY, "");
  set_text(&code, easy, CURLOPT_USERAGENT, settings->user_agent);
  if (options->ca_file != NULL) {
    set_text(&code, easy, CURLOPT_CAINFO, options->ca_file);
    set_text(&code, easy, CURLOPT_CAPATH, NULL); /* else the system's roots would stay trusted beside it */
  }
  if (options->pinned_public_key != NULL) {
    set_text(&code, easy, CURLOPT_PINNEDPUBLICKEY, options->pinned_public_key);
  }
  if (code == CURLE_OK && settings->connect_to != NULL) {
    code = curl_easy_setopt(easy, CURLOPT_CONNECT_TO, settings->connect_to);
  }
  return explain(code);
}

static bool has_field(const stardeleg_http_request *request, const char *name)
{
  for (size_t i = 0; i < request->header_count; i++) {
    if (request->headers[i].name.len == strlen(name) &&
        strncasecmp((const char *)request->headers[i].name.base, name, strlen(name)) == 0) {
      return true;
    }
  }
  return false;
}

static stardeleg_err add_line(struct curl_slist **fields, const char *line)
{
  struct curl_slist *grown = curl_slist_append(*fields, line);

  if (grown == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  *fields = grown;
  return STARDELEG_OK;
}

/* Neither part may break out of its line. */
static bool is_safe(const stardeleg_http_header *field)
{
  if (field->name.len == 0 || field->name.len > FIELD_MAX || field->value.len > FIELD_MAX) {
    return false;
  }
  for (size_t i = 0; i < field->name.len; i++) {
    if (field->name.base[i] <= 0x20 || field->name.base[i] >= 0x7f || strchr(":;", field->name.base[i]) != NULL) {
      return false;
    }
  }
  for (size_t i = 0; i < field->value.len; i++) {
    if ((field->value.base[i] < 0x20 && field->value.base[i] != '\t') || field->value.base[i] == 0x7f) {
      return false;
    }
  }
  return true;
}

static stardeleg_err add_field(struct curl_slist **fields, const stardeleg_http_header *field)
{
  size_t size = field->name.len + field->value.len + sizeof(": ");
  stardeleg_err rv;
  char *line;

  if (!is_safe(field)) {
    return STARDELEG_ERR_POLICY;
  }
  line = malloc(size);
  if (line == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  /* libcurl reads "Name:" as "leave it out" and "Name;" as "send it empty". */
  (void)snprintf(line, size, "%.*s%s%.*s", (int)field->name.len, (const char *)field->name.base,
                 field->value.len > 0 ? ": " : ";", (int)field->value.len,
                 field->value.len > 0 ? (const char *)field->value.base : "");
  rv = add_line(fields, line);
  free(line);
  return rv;
}

static stardeleg_err add_fields(struct curl_slist **fields, const sdg_curl_settings *settings,
                                const stardeleg_http_request *request)
{
  stardeleg_err rv = add_line(fields, "Expect:"); /* no 100-continue pause before large bodies */

  for (size_t i = 0; rv == STARDELEG_OK && i < request->header_count; i++) {
    rv = add_field(fields, &request->headers[i]);
  }
  if (rv == STARDELEG_OK && !has_field(request, "Accept-Language")) {
    rv = add_line(fields, settings->accept_language);
  }
  if (rv == STARDELEG_OK && !has_field(request, "Content-Type")) {
    rv = add_line(fields, "Content-Type:"); /* libcurl would claim a web form */
  }
  return rv;
}

/* Behind a proxy the address is the proxy's to choose; what can be seen in the URL is still refused. */
static stardeleg_err check_host(const sdg_curl_settings *settings, const char *url)
{
  CURLU *parts;
  char *host = NULL;
  stardeleg_err rv = STARDELEG_OK;

  if (!settings->options.deny_private || settings->options.proxy == NULL) {
    return STARDELEG_OK;
  }
  parts = curl_url();
  if (parts == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
      curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK || sdg_curl_host_is_private(host)) {
    rv = STARDELEG_ERR_POLICY;
  }
  curl_free(host);
  curl_url_cleanup(parts);
  return rv;
}

static stardeleg_err set_method(CURL *easy, const stardeleg_http_request *request)
{
  CURLcode code = CURLE_OK;

  if (strcmp(request->method, "GET") == 0) {
    set_long(&code, easy, CURLOPT_HTTPGET, 1L);
  } else if (strcmp(request->method, "HEAD") == 0) {
    set_long(&code, easy, CURLOPT_NOBODY, 1L);
  } else if (strcmp(request->method, "POST") == 0) {
    set_long(&code, easy, CURLOPT_POST, 1L);
    if (code == CURLE_OK) {
      code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    }
    set_text(&code, easy, CURLOPT_COPYPOSTFIELDS, request->body.len > 0 ? (const char *)request->body.base : "");
  } else {
    return STARDELEG_ERR_POLICY;
  }
  return explain(code);
}

stardeleg_err sdg_curl_request_write(CURL *easy, struct curl_slist **fields, const sdg_curl_settings *settings,
                                     const stardeleg_http_request *request)
{
  CURLcode code = CURLE_OK;
  stardeleg_err rv = check_host(settings, request->url);

  if (rv == STARDELEG_OK) {
    rv = set_method(easy, request);
  }
  if (rv == STARDELEG_OK) {
    rv = add_fields(fields, settings, request);
  }
  if (rv != STARDELEG_OK) {
    return rv;
  }
  set_text(&code, easy, CURLOPT_URL, request->url);
  if (code == CURLE_OK) {
    code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *fields);
  }
  return explain(code);
}

/* libcurl takes the first entry that fits. */
static stardeleg_err add_connect_to(struct curl_slist **list, const sdg_curl_settings *settings, const char *address)
{
  char entry[INET6_ADDRSTRLEN + 8];
  uint8_t octets[16];
  bool is_v6 = inet_pton(AF_INET6, address, octets) == 1;
  stardeleg_err rv = STARDELEG_OK;

  if (!is_v6 && inet_pton(AF_INET, address, octets) != 1) {
    return STARDELEG_ERR_POLICY;
  }
  for (const struct curl_slist *item = settings->connect_to; rv == STARDELEG_OK && item != NULL; item = item->next) {
    rv = add_line(list, item->data);
  }
  (void)snprintf(entry, sizeof(entry), is_v6 ? "::[%s]:" : "::%s:", address);
  return rv == STARDELEG_OK ? add_line(list, entry) : rv;
}

stardeleg_err sdg_curl_request_connect_to(CURL *easy, struct curl_slist **list, const sdg_curl_settings *settings,
                                          const char *address)
{
  stardeleg_err rv = add_connect_to(list, settings, address);

  return rv == STARDELEG_OK ? explain(curl_easy_setopt(easy, CURLOPT_CONNECT_TO, *list)) : rv;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/settings.c -- the options of a driver, checked and owned. */
#include "settings.h"

#include "allowed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* HTTP/2 over the event interface had stalls up to 8.1 and settled by 8.5. */
#define HTTP2_SINCE 0x080500U
#define USER_AGENT_MAX 512
#define RESOLVE_ENTRY_MAX 600
#define RESPONSE_MAX ((size_t)256 * 1024)
#define HEADER_MAX ((size_t)32 * 1024)

void stardeleg_curl_options_default(stardeleg_curl_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
  options->connect_timeout_ms = 10 * 1000;
  options->total_timeout_ms = 30 * 1000;
  options->response_max = RESPONSE_MAX;
  options->header_max = HEADER_MAX;
  options->connections_per_host = 8;
}

/* A field value that cannot break out of its line. */
static bool is_field_value(const char *text)
{
  for (; *text != '\0'; text++) {
    if ((unsigned char)*text < 0x20 || *text == 0x7f) {
      return false;
    }
  }
  return true;
}

static bool are_sane(const stardeleg_curl_options *options)
{
  if (options->connect_timeout_ms < 1 || options->connect_timeout_ms > INT32_MAX || options->total_timeout_ms < 1 ||
      options->total_timeout_ms > INT32_MAX) {
    return false;
  }
  if (options->response_max < 1 || options->response_max > INT32_MAX || options->header_max < 1 ||
      options->header_max > INT32_MAX || options->connections_per_host < 1) {
    return false;
  }
  if ((options->user_agent != NULL && !is_field_value(options->user_agent)) ||
      (options->accept_language != NULL && !is_field_value(options->accept_language))) {
    return false;
  }
  /* Better told now than at the first exchange. */
  return options->ca_file == NULL || access(options->ca_file, R_OK) == 0;
}

static char *copy_text(const char *text)
{
  size_t size = strlen(text) + 1;
  char *copy = malloc(size);

  if (copy != NULL) {
    memcpy(copy, text, size);
  }
  return copy;
}

/* Replaces a borrowed string by a copy. */
static stardeleg_err own_text(const char **text)
{
  if (*text != NULL) {
    *text = copy_text(*text);
    if (*text == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
  }
  return STARDELEG_OK;
}

/* RFC 8555 6.1: the client "SHOULD include the name and version of the ACME software in addition to the name and
 * version of the underlying HTTP client library." */
static stardeleg_err write_user_agent(sdg_curl_settings *settings, const char *program)
{
  char text[USER_AGENT_MAX];
  uint32_t version = stardeleg_version();
  int len = snprintf(text, sizeof(text), "%s%sstardeleg/%u.%u.%u libcurl/%s", program != NULL ? program : "",
                     program != NULL ? " " : "", (unsigned)(version >> 16), (unsigned)(version >> 8 & 0xff),
                     (unsigned)(version & 0xff), curl_version_info(CURLVERSION_NOW)->version);

  if (len < 0 || (size_t)len >= sizeof(text)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  settings->user_agent = copy_text(text);
  return settings->user_agent != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

static stardeleg_err write_accept_language(sdg_curl_settings *settings, const char *value)
{
  static const char name[] = "Accept-Language: ";
  const char *text = value != NULL ? value : "en";
  size_t size = sizeof(name) + strlen(text);

  settings->accept_language = malloc(size);
  if (settings->accept_language == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)snprintf(settings->accept_language, size, "%s%s", name, text);
  return STARDELEG_OK;
}

/* Cuts "host:port:address[:port]" into libcurl's "host:port:address:port"; that form moves ports too, which
 * CURLOPT_RESOLVE cannot.  An IPv6 address stands in brackets, or bare without a port of its own. */
static stardeleg_err write_connect_to(char *out, size_t size, const char *entry)
{
  const char *port = strchr(entry, ':');
  const char *address = port != NULL ? strchr(port + 1, ':') : NULL;
  const char *moved;
  bool any = strncmp(entry, "*:", 2) == 0;
  bool bare_ipv6;
  int host_len;
  int port_len;
  int address_len;
  int len;

  if (address == NULL || address[1] == '\0' || address == port + 1 || strlen(entry) >= size / 2) {
    return STARDELEG_ERR_ARGUMENT;
  }
  host_len = any ? 0 : (int)(port - entry);
  port_len = (int)(address - port - 1);
  address++;
  moved = address[0] == '[' ? strchr(address, ']') : address;
  if (moved == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  moved = strchr(moved, ':');
  bare_ipv6 = address[0] != '[' && moved != NULL && strchr(moved + 1, ':') != NULL;
  if (bare_ipv6) {
    moved = NULL;
  }
  address_len = (int)(moved != NULL ? (size_t)(moved - address) : strlen(address));
  len = snprintf(out, size, "%.*s:%.*s:%s%.*s%s:%.*s", host_len, entry, port_len, port + 1, bare_ipv6 ? "[" : "",
                 address_len, address, bare_ipv6 ? "]" : "", moved != NULL ? (int)strlen(moved + 1) : port_len,
                 moved != NULL ? moved + 1 : port + 1);
  return len > 0 && (size_t)len < size ? STARDELEG_OK : STARDELEG_ERR_ARGUMENT;
}

static stardeleg_err write_resolve(sdg_curl_settings *settings, const char *const *resolve)
{
  char entry[RESOLVE_ENTRY_MAX];
  struct curl_slist *grown;

  for (; resolve != NULL && *resolve != NULL; resolve++) {
    stardeleg_err rv = write_connect_to(entry, sizeof(entry), *resolve);

    if (rv != STARDELEG_OK) {
      return rv;
    }
    grown = curl_slist_append(settings->connect_to, entry);
    if (grown == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    settings->connect_to = grown;
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_curl_settings_init(sdg_curl_settings *settings, const stardeleg_curl_options *options)
{
  stardeleg_curl_options given;
  stardeleg_curl_options *own = &settings->options;
  stardeleg_err rv;

  memset(settings, 0, sizeof(*settings));
  stardeleg_curl_options_default(&given);
  if (options != NULL) {
    if (options->size < sizeof(options->size) || options->size > sizeof(given)) {
      return STARDELEG_ERR_ARGUMENT;
    }
    memcpy(&given, options, options->size); /* a program built before a field was added keeps its default */
  }
  if (!are_sane(&given)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *own = given;
  own->ca_file = own->proxy = own->pinned_public_key = own->user_agent = own->accept_language = NULL;
  own->resolve = own->allowed_networks = NULL;
  settings->http_version =
      curl_version_info(CURLVERSION_NOW)->version_num >= HTTP2_SINCE ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
  rv = write_user_agent(settings, given.user_agent);
  if (rv == STARDELEG_OK) {
    rv = write_accept_language(settings, given.accept_language);
  }
  if (rv == STARDELEG_OK) {
    rv = write_resolve(settings, given.resolve);
  }
  if (rv == STARDELEG_OK) {
    rv = sdg_curl_allowed_init(settings, given.allowed_networks);
  }
  if (rv == STARDELEG_OK) {
    rv = own_text(&given.ca_file);
    own->ca_file = rv == STARDELEG_OK ? given.ca_file : NULL;
  }
  if (rv == STARDELEG_OK) {
    rv = own_text(&given.proxy);
    own->proxy = rv == STARDELEG_OK ? given.proxy : NULL;
  }
  if (rv == STARDELEG_OK) {
    rv = own_text(&given.pinned_public_key);
    own->pinned_public_key = rv == STARDELEG_OK ? given.pinned_public_key : NULL;
  }
  return rv;
}

static void free_text(const char *text)
{
  free((void *)(uintptr_t)text); /* they are our copies; only the public struct calls them const */
}

void sdg_curl_settings_clear(sdg_curl_settings *settings)
{
  free(settings->user_agent);
  free(settings->accept_language);
  curl_slist_free_all(settings->connect_to);
  sdg_curl_allowed_clear(settings);
  free_text(settings->options.ca_file);
  free_text(settings->options.proxy);
  free_text(settings->options.pinned_public_key);
  memset(settings, 0, sizeof(*settings));
}

static int64_t read_clock(clockid_t id)
{
  struct timespec now = {0, 0};

  (void)clock_gettime(id, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

stardeleg_time sdg_curl_now(const sdg_curl_settings *settings)
{
  if (settings->options.clock != NULL) {
    return settings->options.clock(settings->options.clock_ctx);
  }
  return read_clock(CLOCK_REALTIME);
}

int64_t sdg_curl_ticks(void)
{
  return read_clock(CLOCK_MONOTONIC);
}

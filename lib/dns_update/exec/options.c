/* SPDX-License-Identifier: Apache-2.0 */
/* dns_update/exec/options.c -- copying options, and what is wrong with them. */
#include "exec.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS (60 * 1000)
#define PROCESSES 8
#define PROCESSES_MAX 64

void stardeleg_dns_exec_options_default(stardeleg_dns_exec_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
  options->timeout_ms = TIMEOUT_MS;
  options->processes_max = PROCESSES;
}

static bool copy(char **out, const char *text)
{
  *out = text != NULL ? strdup(text) : NULL;
  return text == NULL || *out != NULL;
}

static bool copy_environment(sdg_exec_options *out, const char *const *environment)
{
  size_t count = 0;

  if (environment == NULL) {
    return true;
  }
  while (environment[count] != NULL) {
    count++;
  }
  out->environment = calloc(count + 1, sizeof(*out->environment));
  for (size_t i = 0; out->environment != NULL && i < count; i++) {
    out->environment[i] = strdup(environment[i]);
    if (out->environment[i] == NULL) {
      return false;
    }
  }
  return out->environment != NULL;
}

/* "address" or "address@port": the port goes into a string of its own. */
static bool split_server(sdg_exec_options *out)
{
  char *at = out->server != NULL ? strchr(out->server, '@') : NULL;

  if (at == NULL) {
    return true;
  }
  *at = '\0';
  return copy(&out->port, at + 1);
}

bool sdg_exec_options_copy(sdg_exec_options *out, const stardeleg_dns_exec_options *options)
{
  const sdg_exec_style *style = sdg_exec_find_style(options->style);

  out->timeout_ms = options->timeout_ms;
  out->processes_max = options->processes_max;
  out->log = options->log;
  return copy(&out->style, options->style) &&
         copy(&out->program, options->program != NULL || style == NULL ? options->program : style->program) &&
         copy(&out->cleanup_program, options->cleanup_program) && copy(&out->key_file, options->key_file) &&
         copy(&out->server, options->server) && split_server(out) && copy(&out->zone, options->zone) &&
         copy(&out->provider, options->provider) && copy(&out->plugin, options->plugin) &&
         copy_environment(out, options->environment);
}

static bool is_word(const char *text, const char *others)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.";

  if (text == NULL) {
    return true;
  }
  for (const char *c = text; *c != '\0'; c++) {
    if (strchr(plain, *c) == NULL && strchr(others, *c) == NULL) {
      return false;
    }
  }
  return text[0] != '\0' && text[0] != '-' && strlen(text) <= 253;
}

static bool is_path(const char *path)
{
  return path == NULL || strchr(path, '/') != NULL;
}

const char *sdg_exec_options_complain(const sdg_exec_options *o)
{
  if (sdg_exec_find_style(o->style) == NULL) {
    return "there is no such style";
  }
  if (o->program == NULL || !is_path(o->program) || !is_path(o->cleanup_program)) {
    return "the program has to be a path with a slash";
  }
  if (strcmp(o->style, "lexicon") == 0 && (o->provider == NULL || o->zone == NULL)) {
    return "lexicon needs a provider and a zone";
  }
  if (strcmp(o->style, "acme.sh") == 0 && (o->plugin == NULL || !is_path(o->plugin))) {
    return "acme.sh needs the path of a plug-in";
  }
  if (!is_word(o->server, "-_:%") || !is_word(o->zone, "-_") || !is_word(o->provider, "-_")) {
    return "a character in server, zone or provider that has no place there";
  }
  if (o->port != NULL &&
      (o->port[0] == '\0' || strlen(o->port) > 5 || strspn(o->port, "0123456789") != strlen(o->port))) {
    return "the port behind @ is no number";
  }
  if (o->timeout_ms <= 0 || o->timeout_ms > 24 * 3600 * INT64_C(1000) || o->processes_max == 0 ||
      o->processes_max > PROCESSES_MAX) {
    return "timeout or number of processes is out of range";
  }
  return NULL;
}

void sdg_exec_options_clear(sdg_exec_options *o)
{
  for (size_t i = 0; o->environment != NULL && o->environment[i] != NULL; i++) {
    free(o->environment[i]);
  }
  free(o->environment);
  free(o->style);
  free(o->program);
  free(o->cleanup_program);
  free(o->key_file);
  free(o->server);
  free(o->port);
  free(o->zone);
  free(o->provider);
  free(o->plugin);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* common/config.c -- configuration files. */
#include "common/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cddl/cddl.h"
#include "common/files.h"
#include "common/json_line.h"
#include "json/json.h"

#define CONFIG_MAX (256u * 1024u)

struct config {
  char *path;
  char *text;
  size_t len;
  sdg_json *tree;
};

void config_free(config *cfg)
{
  if (cfg == NULL) {
    return;
  }
  sdg_json_free(cfg->tree);
  free(cfg->text);
  free(cfg->path);
  free(cfg);
}

static int complain_schema(void *ctx, const sdg_cddl_finding *finding)
{
  const config *cfg = ctx;

  (void)fprintf(stderr, "%s:%zu: %s: expected %s (rule %s)\n", cfg->path,
                json_line_of(cfg->text, cfg->len, finding->pointer),
                finding->pointer[0] != '\0' ? finding->pointer : "/", finding->expected, finding->rule);
  return 0;
}

static int parse(config *cfg, const struct sdg_cddl_schema *schema)
{
  sdg_json_fault fault;
  stardeleg_bytes text = {(const uint8_t *)cfg->text, cfg->len};
  stardeleg_err err = sdg_json_parse(&cfg->tree, text, NULL, &fault);

  if (err == STARDELEG_ERR_NOMEM) {
    (void)fprintf(stderr, "%s: out of memory\n", cfg->path);
    return -1;
  }
  if (err != STARDELEG_OK) {
    (void)fprintf(stderr, "%s:%zu:%zu: %s: %s\n", cfg->path, fault.line, fault.column,
                  fault.pointer[0] != '\0' ? fault.pointer : "/", fault.reason);
    return -1;
  }
  err = sdg_cddl_check(schema, NULL, cfg->tree, NULL, 0, complain_schema, cfg);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_MALFORMED) {
    (void)fprintf(stderr, "%s: cannot be checked: %s\n", cfg->path, stardeleg_strerror(err));
  }
  return err == STARDELEG_OK ? 0 : -1;
}

int config_load(config **out, const char *path, const struct sdg_cddl_schema *schema)
{
  config *cfg = calloc(1, sizeof(*cfg));
  int why;

  if (cfg == NULL || (cfg->path = strdup(path)) == NULL) {
    free(cfg);
    (void)fprintf(stderr, "%s: out of memory\n", path);
    return -1;
  }
  why = file_read(&cfg->text, &cfg->len, path, CONFIG_MAX);
  if (why != 0) {
    (void)fprintf(stderr, "%s: %s\n", path, strerror(why));
    config_free(cfg);
    return -1;
  }
  if (parse(cfg, schema) != 0) {
    config_free(cfg);
    return -1;
  }
  *out = cfg;
  return 0;
}

/* --- Looking things up --- */

static const sdg_json *element(const sdg_json *array, const char *digits, size_t len)
{
  const sdg_json *item = sdg_json_first(array);
  size_t index = 0;

  for (size_t i = 0; i < len; i++) {
    if (digits[i] < '0' || digits[i] > '9') {
      return NULL;
    }
    index = index * 10 + (size_t)(digits[i] - '0');
  }
  for (; item != NULL && index > 0; index--) {
    item = sdg_json_next(item);
  }
  return item;
}

static const sdg_json *find(const config *cfg, const char *path)
{
  const sdg_json *at = cfg->tree;
  char name[64];

  while (at != NULL && *path != '\0') {
    size_t len = strcspn(path, ".");

    if (sdg_json_type_of(at) == SDG_JSON_ARRAY) {
      at = element(at, path, len);
    } else {
      (void)snprintf(name, sizeof(name), "%.*s", (int)len, path);
      at = sdg_json_member(at, name);
    }
    path += len;
    path += *path == '.' ? 1 : 0;
  }
  return at;
}

const char *config_text(const config *cfg, const char *path, const char *otherwise)
{
  const sdg_json *found = find(cfg, path);

  return sdg_json_type_of(found) == SDG_JSON_STRING ? sdg_json_string(found) : otherwise;
}

int64_t config_int(const config *cfg, const char *path, int64_t otherwise)
{
  const sdg_json *found = find(cfg, path);

  return sdg_json_type_of(found) == SDG_JSON_INT ? sdg_json_int(found) : otherwise;
}

int config_flag(const config *cfg, const char *path, int otherwise)
{
  const sdg_json *found = find(cfg, path);

  return sdg_json_type_of(found) == SDG_JSON_BOOL ? sdg_json_bool(found) : otherwise;
}

size_t config_count(const config *cfg, const char *path)
{
  return sdg_json_count(find(cfg, path));
}

const char **config_texts(const config *cfg, const char *path)
{
  const sdg_json *array = find(cfg, path);
  const char **texts;
  size_t n = 0;

  if (sdg_json_type_of(array) != SDG_JSON_ARRAY) {
    return NULL;
  }
  texts = calloc(sdg_json_count(array) + 1, sizeof(*texts));
  for (const sdg_json *item = sdg_json_first(array); texts != NULL && item != NULL; item = sdg_json_next(item)) {
    texts[n++] = sdg_json_string(item);
  }
  return texts;
}

void config_complain(const config *cfg, const char *path, const char *what)
{
  char pointer[256];
  size_t n = 0;

  pointer[n++] = '/';
  for (; *path != '\0' && n + 1 < sizeof(pointer); path++) {
    pointer[n++] = (char)(*path == '.' ? '/' : *path);
  }
  pointer[n] = '\0';
  (void)fprintf(stderr, "%s:%zu: %s: %s\n", cfg->path, json_line_of(cfg->text, cfg->len, pointer), pointer, what);
}

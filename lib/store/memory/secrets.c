/* SPDX-License-Identifier: Apache-2.0 */
/* store/memory/secrets.c -- secrets in memory. */
#include <stardeleg/secrets.h>

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "store/memory/tree.h"
#include "store/store.h"

typedef struct secret {
  sdg_tree_link link; /* first, so that a link is a secret */
  uint8_t *value;
  size_t len;
  char name[SDG_SECRETS_NAME_MAX + 1];
} secret;

typedef struct memory_secrets {
  stardeleg_secrets base;
  pthread_mutex_t lock;
  sdg_tree tree;
} memory_secrets;

static int compare_name(const void *probe, const sdg_tree_link *link)
{
  return strcmp(probe, ((const secret *)link)->name);
}

static void free_secret(secret *one)
{
  if (one != NULL) {
    if (one->value != NULL) {
      sdg_wipe(one->value, one->len);
    }
    sdg_free(one->value);
    sdg_free(one);
  }
}

static stardeleg_err get_secret(void *self, const char *name, uint8_t **out, size_t *len)
{
  memory_secrets *secrets = self;
  stardeleg_err rv = STARDELEG_ERR_NOT_FOUND;
  const secret *one;

  if (out == NULL || len == NULL || !sdg_secrets_name_is_valid(name)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *out = NULL;
  *len = 0;
  (void)pthread_mutex_lock(&secrets->lock);
  one = (const secret *)sdg_tree_find(&secrets->tree, name);
  if (one != NULL) {
    *out = (uint8_t *)sdg_bytes_dup((stardeleg_bytes){one->value, one->len});
    rv = *out == NULL ? STARDELEG_ERR_NOMEM : STARDELEG_OK;
    *len = *out == NULL ? 0 : one->len;
  }
  (void)pthread_mutex_unlock(&secrets->lock);
  return rv;
}

static stardeleg_err put_secret(void *self, const char *name, stardeleg_bytes value)
{
  memory_secrets *secrets = self;
  stardeleg_err rv = sdg_secrets_put_check(name, value);
  secret *one;

  if (rv != STARDELEG_OK) {
    return rv;
  }
  one = sdg_calloc(1, sizeof *one);
  if (one == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  memcpy(one->name, name, strlen(name) + 1);
  one->len = value.len;
  one->value = (uint8_t *)sdg_bytes_dup(value);
  if (one->value == NULL) {
    free_secret(one);
    return STARDELEG_ERR_NOMEM;
  }
  (void)pthread_mutex_lock(&secrets->lock);
  if (sdg_tree_find(&secrets->tree, name) != NULL) {
    rv = STARDELEG_ERR_EXISTS;
  } else {
    sdg_tree_insert(&secrets->tree, name, &one->link);
  }
  (void)pthread_mutex_unlock(&secrets->lock);
  if (rv != STARDELEG_OK) {
    free_secret(one);
  }
  return rv;
}

static stardeleg_err del_secret(void *self, const char *name)
{
  memory_secrets *secrets = self;
  secret *one;

  if (!sdg_secrets_name_is_valid(name)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  (void)pthread_mutex_lock(&secrets->lock);
  one = (secret *)sdg_tree_find(&secrets->tree, name);
  if (one != NULL) {
    sdg_tree_remove(&secrets->tree, name);
  }
  (void)pthread_mutex_unlock(&secrets->lock);
  if (one == NULL) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  free_secret(one);
  return STARDELEG_OK;
}

static void free_below(sdg_tree_link *link)
{
  if (link != NULL) {
    free_below(link->child[0]);
    free_below(link->child[1]);
    free_secret((secret *)link);
  }
}

static void free_secrets(void *self)
{
  memory_secrets *secrets = self;

  free_below(secrets->tree.root);
  (void)pthread_mutex_destroy(&secrets->lock);
  sdg_free(secrets);
}

static const stardeleg_secrets_ops memory_ops = {.size = sizeof(stardeleg_secrets_ops),
                                                 .get = get_secret,
                                                 .put = put_secret,
                                                 .del = del_secret,
                                                 .free = free_secrets};

stardeleg_err stardeleg_secrets_memory_new(stardeleg_secrets **out)
{
  memory_secrets *secrets;

  if (out == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *out = NULL;
  secrets = sdg_calloc(1, sizeof *secrets);
  if (secrets == NULL || pthread_mutex_init(&secrets->lock, NULL) != 0) {
    sdg_free(secrets);
    return STARDELEG_ERR_NOMEM;
  }
  secrets->tree.compare = compare_name;
  secrets->base = (stardeleg_secrets){&memory_ops, secrets};
  *out = &secrets->base;
  return STARDELEG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_issuers.c -- what is known of the issuers, for people and for checks of the DNS. */
#include <string.h>

#include <stardeleg/ido_admin.h>
#include "base/bytes.h"
#include "base/mem.h"
#include "ido/ido_internal.h"

/* More names than a CA has. */
#define IDENTITIES_MAX 16u

static void tell_identities(stardeleg_ido_issuer *view, const char *names[IDENTITIES_MAX + 1], const sdg_json *array)
{
  size_t count = 0;

  for (const sdg_json *item = sdg_json_first(array); item != NULL && count < IDENTITIES_MAX;
       item = sdg_json_next(item)) {
    if (sdg_json_type_of(item) == SDG_JSON_STRING) {
      names[count++] = sdg_json_string(item);
    }
  }
  names[count] = NULL;
  view->caa_identities = names;
}

/* Of another server's account nothing counts (see issuer.c). */
static stardeleg_err read_record(const stardeleg_ido *ido, const sdg_issuer *issuer, sdg_json **tree)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ido->options.store, "issuer", issuer->name, &record);

  *tree = NULL;
  if (err == STARDELEG_OK) {
    err = sdg_json_parse(tree, sdg_bytes(record.value, record.value_len), NULL, NULL);
    err = err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  } else if (err == STARDELEG_ERR_NOT_FOUND) {
    err = STARDELEG_OK;
  }
  stardeleg_record_clear(&record);
  if (err == STARDELEG_OK && *tree != NULL &&
      (issuer->directory_url == NULL ||
       strcmp(sdg_json_string(sdg_json_member(*tree, "directory")), issuer->directory_url) != 0)) {
    sdg_json_free(*tree);
    *tree = NULL;
  }
  return err;
}

stardeleg_err stardeleg_ido_issuer_list(stardeleg_ido *ido, int (*each)(void *ctx, const stardeleg_ido_issuer *issuer),
                                        void *ctx)
{
  int stopped = 0;

  if (ido == NULL || each == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (size_t i = 0; i < ido->issuer_count && stopped == 0; i++) {
    const sdg_issuer *issuer = &ido->issuers[i];
    const char *names[IDENTITIES_MAX + 1];
    stardeleg_ido_issuer view = {.size = sizeof(view), .name = issuer->name, .kind = issuer->ops->kind};
    sdg_json *tree = NULL;
    stardeleg_err err = read_record(ido, issuer, &tree);

    if (err != STARDELEG_OK) {
      return err;
    }
    view.directory_url = issuer->directory_url != NULL ? issuer->directory_url : "";
    view.account_url = sdg_json_string(sdg_json_member(tree, "account"));
    tell_identities(&view, names, sdg_json_member(tree, "caaIdentities"));
    stopped = each(ctx, &view);
    sdg_json_free(tree);
  }
  return STARDELEG_OK;
}

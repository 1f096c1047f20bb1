/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_ndc.c -- commands about delegates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "ido-server/admin_call.h"

#define MAC_KEY_SIZE 64

static void write_mac_key(admin_call *call, const char *key_id, char mac_key[MAC_KEY_SIZE])
{
  sdg_jw_string(&call->w, "key-id", key_id);
  sdg_jw_string(&call->w, "mac-key", mac_key);
  sdg_wipe(mac_key, MAC_KEY_SIZE);
}

stardeleg_err admin_ndc_add(admin_call *call)
{
  const char *name = admin_text(call, "name");
  char mac_key[MAC_KEY_SIZE];
  stardeleg_err err = stardeleg_ido_ndc_add_by(call->ido, name, admin_text(call, "by"), mac_key, call->now);

  if (err == STARDELEG_OK) {
    sdg_jw_string(&call->w, "name", name);
    write_mac_key(call, name, mac_key);
  }
  return err;
}

stardeleg_err admin_ndc_mac_key_add(admin_call *call)
{
  const char *key_id = admin_text(call, "key-id");
  char mac_key[MAC_KEY_SIZE];
  stardeleg_err err = stardeleg_ido_ndc_add_mac_key(call->ido, admin_text(call, "name"), key_id, admin_text(call, "by"),
                                                    mac_key, call->now);

  if (err == STARDELEG_OK) {
    write_mac_key(call, key_id, mac_key);
  }
  return err;
}

stardeleg_err admin_ndc_mac_key_remove(admin_call *call)
{
  return stardeleg_ido_ndc_remove_mac_key(call->ido, admin_text(call, "name"), admin_text(call, "key-id"),
                                          admin_text(call, "by"), call->now);
}

/* A JWK comes as an object, PEM as a text. */
stardeleg_err admin_ndc_key_add(admin_call *call)
{
  const sdg_json *key = sdg_json_member(call->body, "key");
  sdg_json_writer w;
  sdg_buf text;
  char *url = NULL;
  stardeleg_err err;

  sdg_buf_init(&text, 64u * 1024u);
  if (sdg_json_type_of(key) == SDG_JSON_STRING) {
    sdg_buf_add_str(&text, sdg_json_string(key));
  } else {
    sdg_jw_init(&w, &text);
    sdg_jw_tree(&w, NULL, key);
  }
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = stardeleg_ido_ndc_add_key(call->ido, admin_text(call, "name"), sdg_buf_bytes(&text), admin_text(call, "by"),
                                    call->now, &url, &call->problem);
  }
  if (err == STARDELEG_OK) {
    sdg_jw_string(&call->w, "account", url);
  }
  free(url);
  sdg_buf_clear(&text);
  return err;
}

stardeleg_err admin_ndc_default(admin_call *call)
{
  stardeleg_err err = stardeleg_ido_ndc_set_default_delegation(call->ido, admin_text(call, "name"),
                                                               admin_text(call, "delegation"), admin_text(call, "by"),
                                                               call->now);

  if (err == STARDELEG_ERR_UNSUPPORTED) {
    sdg_problem_set(&call->problem, STARDELEG_ACME_NONE, "orders to another owner need to name their delegation");
  }
  return err;
}

stardeleg_err admin_ndc_disable(admin_call *call)
{
  return stardeleg_ido_ndc_disable(call->ido, admin_text(call, "name"), admin_text(call, "by"), call->now);
}

stardeleg_err admin_ndc_remove(admin_call *call)
{
  return stardeleg_ido_ndc_remove(call->ido, admin_text(call, "name"), admin_text(call, "by"), call->now);
}

stardeleg_err admin_terms_agreed(admin_call *call)
{
  return stardeleg_ido_account_agreed_by(call->ido, admin_text(call, "account"), admin_text(call, "by"), call->now);
}

/* --- Lists --- */

typedef struct listing {
  admin_call *call;
  size_t count;
  char last[256];
} listing;

static int write_ndc(void *ctx, const stardeleg_ido_ndc *ndc)
{
  listing *l = ctx;
  sdg_json_writer *w = &l->call->w;

  sdg_jw_object(w, NULL);
  sdg_jw_string(w, "ndc", ndc->name);
  sdg_jw_string(w, "state", ndc->state);
  admin_write_time(w, "created-at", ndc->created_at);
  sdg_jw_string_opt(w, "default-delegation", ndc->default_delegation);
  sdg_jw_object_end(w);
  l->count++;
  (void)snprintf(l->last, sizeof(l->last), "%s", ndc->name);
  return 0;
}

stardeleg_err admin_ndc_list(admin_call *call)
{
  listing l = {.call = call};
  stardeleg_err err;

  sdg_jw_array(&call->w, "ndcs");
  err = stardeleg_ido_ndc_list(call->ido, admin_text(call, "after"), admin_limit(call), write_ndc, &l);
  sdg_jw_array_end(&call->w);
  admin_write_next(call, l.count, l.last);
  return err;
}

static int write_credential(void *ctx, const stardeleg_ido_credential *credential)
{
  admin_call *call = ctx;

  sdg_jw_object(&call->w, NULL);
  sdg_jw_string(&call->w, "kind", credential->kind);
  sdg_jw_string(&call->w, "id", credential->id);
  sdg_jw_string(&call->w, "status", credential->status);
  sdg_jw_string_opt(&call->w, "thumbprint", credential->thumbprint);
  sdg_jw_object_end(&call->w);
  return 0;
}

stardeleg_err admin_ndc_show(admin_call *call)
{
  stardeleg_err err;

  sdg_jw_array(&call->w, "credentials");
  err = stardeleg_ido_ndc_credentials(call->ido, admin_text(call, "name"), write_credential, call);
  sdg_jw_array_end(&call->w);
  return err;
}

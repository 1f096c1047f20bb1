/* SPDX-License-Identifier: Apache-2.0 */
/* acme/directory.c -- the directory object. */
#include "acme/directory.h"

#include <string.h>

#include "acme/fields.h"
#include "base/mem.h"
#include "base/problem.h"

#define DURATION_MAX ((int64_t)1 << 52)
#define CAA_IDENTITIES_MAX 32u

static stardeleg_err read_urls(sdg_acme_directory *out, const sdg_json *tree, stardeleg_problem *problem)
{
  const struct {
    char **out;
    const char *name;
    sdg_json_need need;
  } urls[] = {
      {&out->new_nonce, "newNonce", SDG_JSON_REQUIRED},      {&out->new_account, "newAccount", SDG_JSON_REQUIRED},
      {&out->new_order, "newOrder", SDG_JSON_REQUIRED},      {&out->new_authz, "newAuthz", SDG_JSON_NULLABLE},
      {&out->revoke_cert, "revokeCert", SDG_JSON_NULLABLE},  {&out->key_change, "keyChange", SDG_JSON_NULLABLE},
      {&out->renewal_info, "renewalInfo", SDG_JSON_NULLABLE}};

  for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
    stardeleg_err err = sdg_field_url(urls[i].out, tree, urls[i].name, urls[i].need, problem);

    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err read_auto_renewal(sdg_acme_directory *out, const sdg_json *meta, stardeleg_problem *problem)
{
  const sdg_json *renewal = NULL;
  stardeleg_err err = sdg_json_get_object(&renewal, meta, "auto-renewal", SDG_JSON_NULLABLE, problem);

  if (err != STARDELEG_OK || renewal == NULL) {
    return err;
  }
  out->has_auto_renewal = true;
  err =
      sdg_json_get_int(&out->star_min_lifetime_s, renewal, "min-lifetime", SDG_JSON_REQUIRED, 0, DURATION_MAX, problem);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->star_max_duration_s, renewal, "max-duration", SDG_JSON_REQUIRED, 0, DURATION_MAX,
                           problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&out->star_certificate_get, renewal, "allow-certificate-get", SDG_JSON_NULLABLE, problem);
  }
  return err;
}

static stardeleg_err read_meta(sdg_acme_directory *out, const sdg_json *tree, stardeleg_problem *problem)
{
  const sdg_json *meta = NULL;
  stardeleg_err err = sdg_json_get_object(&meta, tree, "meta", SDG_JSON_NULLABLE, problem);

  if (err != STARDELEG_OK || meta == NULL) {
    return err;
  }
  err = sdg_field_text(&out->terms_of_service, meta, "termsOfService", SDG_JSON_NULLABLE, problem);
  if (err == STARDELEG_OK) {
    err = sdg_field_text(&out->website, meta, "website", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err =
        sdg_json_get_bool(&out->external_account_required, meta, "externalAccountRequired", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&out->delegation_enabled, meta, "delegation-enabled", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&out->certificate_get, meta, "allow-certificate-get", SDG_JSON_NULLABLE, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_texts(&out->caa_identities, &out->caa_identity_count, meta, "caaIdentities", CAA_IDENTITIES_MAX,
                          problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_field_tree_or_null(&out->profiles, meta, "profiles", problem);
  }
  return err == STARDELEG_OK ? read_auto_renewal(out, meta, problem) : err;
}

stardeleg_err sdg_acme_directory_parse(sdg_acme_directory *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  sdg_acme_directory directory;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_field_object(&tree, body, "directory", problem);

  memset(&directory, 0, sizeof(directory));
  if (err == STARDELEG_OK) {
    err = read_urls(&directory, tree, problem);
  }
  if (err == STARDELEG_OK) {
    err = read_meta(&directory, tree, problem);
  }
  sdg_json_free(tree);
  if (err != STARDELEG_OK) {
    sdg_acme_directory_clear(&directory);
    return err;
  }
  *out = directory;
  return STARDELEG_OK;
}

static void write_meta(sdg_json_writer *w, const sdg_acme_directory *directory)
{
  sdg_jw_object(w, "meta");
  sdg_jw_string_opt(w, "termsOfService", directory->terms_of_service);
  sdg_jw_string_opt(w, "website", directory->website);
  if (directory->external_account_required) {
    sdg_jw_bool(w, "externalAccountRequired", true);
  }
  if (directory->caa_identity_count > 0) {
    sdg_jw_array(w, "caaIdentities");
    for (size_t i = 0; i < directory->caa_identity_count; i++) {
      sdg_jw_string(w, NULL, directory->caa_identities[i]);
    }
    sdg_jw_array_end(w);
  }
  if (directory->profiles != NULL) {
    sdg_jw_tree(w, "profiles", directory->profiles);
  }
  if (directory->has_auto_renewal) {
    sdg_jw_object(w, "auto-renewal");
    sdg_jw_int(w, "min-lifetime", directory->star_min_lifetime_s);
    sdg_jw_int(w, "max-duration", directory->star_max_duration_s);
    if (directory->star_certificate_get) {
      sdg_jw_bool(w, "allow-certificate-get", true);
    }
    sdg_jw_object_end(w);
  }
  if (directory->delegation_enabled) {
    sdg_jw_bool(w, "delegation-enabled", true);
  }
  if (directory->certificate_get) {
    sdg_jw_bool(w, "allow-certificate-get", true);
  }
  sdg_jw_object_end(w);
}

void sdg_acme_directory_write(sdg_json_writer *w, const sdg_acme_directory *directory)
{
  sdg_jw_object(w, NULL);
  sdg_jw_string(w, "newNonce", directory->new_nonce);
  sdg_jw_string(w, "newAccount", directory->new_account);
  sdg_jw_string(w, "newOrder", directory->new_order);
  /* RFC 8555 7.1.1: what is not offered is left out. */
  sdg_jw_string_opt(w, "newAuthz", directory->new_authz);
  sdg_jw_string_opt(w, "revokeCert", directory->revoke_cert);
  sdg_jw_string_opt(w, "keyChange", directory->key_change);
  sdg_jw_string_opt(w, "renewalInfo", directory->renewal_info);
  write_meta(w, directory);
  sdg_jw_object_end(w);
}

bool sdg_acme_directory_has_profile(const sdg_acme_directory *directory, const char *name)
{
  return sdg_json_member(directory->profiles, name) != NULL;
}

void sdg_acme_directory_clear(sdg_acme_directory *directory)
{
  sdg_free(directory->new_nonce);
  sdg_free(directory->new_account);
  sdg_free(directory->new_order);
  sdg_free(directory->new_authz);
  sdg_free(directory->revoke_cert);
  sdg_free(directory->key_change);
  sdg_free(directory->renewal_info);
  sdg_free(directory->terms_of_service);
  sdg_free(directory->website);
  sdg_field_urls_free(directory->caa_identities, directory->caa_identity_count);
  sdg_json_free(directory->profiles);
  memset(directory, 0, sizeof(*directory));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme/renewal_info.c -- the renewalInfo object and the identifiers of certificates. */
#include "acme/renewal_info.h"

#include <string.h>

#include "acme/fields.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"

/* A key identifier is a hash, a serial number has at most 20 octets (RFC 5280 4.1.2.2); both with room to spare. */
#define ID_PART_MAX 128u

static stardeleg_err read_window(sdg_acme_renewal_info *out, const sdg_json *tree, stardeleg_problem *problem)
{
  const sdg_json *window = NULL;
  stardeleg_err err = sdg_json_get_object(&window, tree, "suggestedWindow", SDG_JSON_REQUIRED, problem);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_time(&out->start, window, "start", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_time(&out->end, window, "end", SDG_JSON_REQUIRED, problem);
  }
  /* RFC 9773 4.2: "in which the end timestamp equals or precedes the start timestamp is invalid". */
  if (err == STARDELEG_OK && out->end <= out->start) {
    return sdg_field_refuse(problem, "/suggestedWindow", "the window ends before it begins");
  }
  return err;
}

stardeleg_err sdg_acme_renewal_info_parse(sdg_acme_renewal_info *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  sdg_acme_renewal_info info = {STARDELEG_TIME_NONE, STARDELEG_TIME_NONE, NULL};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_field_object(&tree, body, "renewalInfo", problem);

  if (err == STARDELEG_OK) {
    err = read_window(&info, tree, problem);
  }
  if (err == STARDELEG_OK) {
    /* For people only: one that is no URL is not worth losing the window. */
    err = sdg_field_url(&info.explanation_url, tree, "explanationURL", SDG_JSON_NULLABLE, NULL);
    err = err == STARDELEG_ERR_MALFORMED ? STARDELEG_OK : err;
  }
  sdg_json_free(tree);
  if (err != STARDELEG_OK) {
    sdg_acme_renewal_info_clear(&info);
    return err;
  }
  *out = info;
  return STARDELEG_OK;
}

void sdg_acme_renewal_info_write(sdg_json_writer *w, const sdg_acme_renewal_info *info)
{
  sdg_jw_object(w, NULL);
  sdg_jw_object(w, "suggestedWindow");
  sdg_jw_time(w, "start", info->start);
  sdg_jw_time(w, "end", info->end);
  sdg_jw_object_end(w);
  sdg_jw_string_opt(w, "explanationURL", info->explanation_url);
  sdg_jw_object_end(w);
}

void sdg_acme_renewal_info_clear(sdg_acme_renewal_info *info)
{
  sdg_free(info->explanation_url);
  memset(info, 0, sizeof(*info));
}

/* --- Identifiers --- */

stardeleg_err sdg_acme_certificate_id_write(sdg_buf *out, stardeleg_bytes key_id, stardeleg_bytes serial)
{
  if (key_id.len == 0 || serial.len == 0) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  sdg_base64url_write(out, key_id);
  sdg_buf_add_byte(out, '.');
  sdg_base64url_write(out, serial);
  return sdg_buf_error(out);
}

stardeleg_err sdg_acme_certificate_id_read(sdg_buf *key_id, sdg_buf *serial, stardeleg_bytes text)
{
  const uint8_t *dot = text.len > 0 ? memchr(text.base, '.', text.len) : NULL;
  stardeleg_bytes first;
  stardeleg_bytes second;
  stardeleg_err err;

  if (dot == NULL) {
    return STARDELEG_ERR_MALFORMED;
  }
  first = sdg_bytes(text.base, (size_t)(dot - text.base));
  second = sdg_bytes_from(text, first.len + 1);
  if (first.len == 0 || second.len == 0 || first.len > ID_PART_MAX || second.len > ID_PART_MAX) {
    return STARDELEG_ERR_MALFORMED;
  }
  err = sdg_base64url_read(key_id, first);
  if (err == STARDELEG_OK) {
    err = sdg_base64url_read(serial, second);
  }
  return err;
}

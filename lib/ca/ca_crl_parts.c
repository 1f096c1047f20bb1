/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_crl_parts.c -- a list of revoked certificates that is too long for one record.
 *
 * All parts are written in one batch with the list's own record and bear its number: whoever reads while they change
 * sees two numbers and reads again. */
#include "ca/ca_crl.h"

#include "base/bytes.h"
#include "ca/ca_record_internal.h"

#define PART_KIND "crl-part"

static const char *const keys[SDG_CA_CRL_PARTS_MAX] = {"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11",
                                                       "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22",
                                                       "23", "24", "25", "26", "27", "28", "29", "30", "31", "32"};

int64_t sdg_ca_crl_parts_of(size_t len)
{
  return len <= SDG_CA_CRL_INLINE_MAX ? 0 : (int64_t)((len + SDG_CA_CRL_PART_SIZE - 1) / SDG_CA_CRL_PART_SIZE);
}

static stardeleg_err read_part(const stardeleg_record *record, int64_t number, sdg_buf *out)
{
  sdg_json *tree = NULL;
  int64_t found = 0;
  stardeleg_err err = sdg_ca_parse_record(&tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&found, tree, "number", SDG_JSON_REQUIRED, 0, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK && found == number) {
    err = sdg_json_get_base64url(out, tree, "der", SDG_JSON_REQUIRED, NULL);
  } else if (err == STARDELEG_OK) {
    err = STARDELEG_ERR_CONFLICT;
  }
  sdg_json_free(tree);
  return err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_STORE : err;
}

stardeleg_err sdg_ca_crl_load_parts(const stardeleg_ca *ca, sdg_ca_crl *list)
{
  stardeleg_err err = STARDELEG_OK;

  for (int64_t part = 1; part <= list->parts && err == STARDELEG_OK; part++) {
    stardeleg_record record = {0};
    sdg_buf der;

    sdg_buf_init(&der, SDG_CA_CRL_PART_SIZE);
    err = sdg_store_get(ca->options.store, PART_KIND, keys[part - 1], &record);
    if (err == STARDELEG_OK) {
      err = read_part(&record, list->number, &der);
    }
    if (err == STARDELEG_OK) {
      sdg_buf_add_bytes(&list->der, sdg_buf_bytes(&der));
      err = sdg_buf_error(&list->der);
    }
    sdg_buf_clear(&der);
    stardeleg_record_clear(&record);
  }
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_ERR_CONFLICT : err;
}

static stardeleg_err find_version(const stardeleg_ca *ca, const char *key, uint64_t *version)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ca->options.store, PART_KIND, key, &record);

  *version = err == STARDELEG_OK ? record.version : 0;
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

static void write_part(sdg_buf *value, const sdg_ca_crl *list, int64_t part)
{
  stardeleg_bytes rest = sdg_bytes_from(sdg_buf_bytes(&list->der), (size_t)(part - 1) * SDG_CA_CRL_PART_SIZE);
  sdg_json_writer w;

  rest.len = rest.len < SDG_CA_CRL_PART_SIZE ? rest.len : SDG_CA_CRL_PART_SIZE;
  sdg_jw_init(&w, value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_int(&w, "number", list->number);
  sdg_jw_base64url(&w, "der", rest);
  sdg_jw_object_end(&w);
}

stardeleg_err sdg_ca_crl_put_parts(const stardeleg_ca *ca, const sdg_ca_crl *list, int64_t before,
                                   stardeleg_store_op *ops, sdg_buf *values, size_t *n)
{
  stardeleg_err err = STARDELEG_OK;

  for (int64_t part = 1; part <= (int64_t)SDG_CA_CRL_PARTS_MAX && err == STARDELEG_OK; part++) {
    bool is_wanted = part <= list->parts;
    stardeleg_store_op op = {.verb = is_wanted ? STARDELEG_STORE_PUT : STARDELEG_STORE_DEL,
                             .kind = PART_KIND,
                             .key = keys[part - 1],
                             .due = STARDELEG_TIME_NEVER};

    if (!is_wanted && part > before) {
      break;
    }
    err = find_version(ca, op.key, &op.expected_version);
    if (err == STARDELEG_OK && is_wanted) {
      write_part(&values[*n], list, part);
      err = sdg_buf_error(&values[*n]);
      op.value = sdg_buf_bytes(&values[*n]);
    }
    if (err == STARDELEG_OK && (is_wanted || op.expected_version > 0)) {
      ops[(*n)++] = op;
    }
  }
  return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_renewal.c -- when certificates should be renewed, and what replaces what (RFC 9773).
 *
 * Certificates of plain orders only: those of STAR orders are renewed here, nobody has to ask. */
#include <stdio.h>
#include <string.h>

#include "acme/renewal_info.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "ca/ca_internal.h"
#include "ca/ca_record_internal.h"

#define MOVED_KIND "renewal"
#define ALL_KEY "all"
#define SERIAL_OCTETS 16u

/* --- Changes by the operator --- */

typedef struct moved {
  stardeleg_time issued_before;
  stardeleg_time start;
  stardeleg_time end;
  char *url;
} moved;

static stardeleg_err read_moved(const stardeleg_record *record, moved *out)
{
  const char *url = NULL;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ca_parse_record(&tree, record);

  memset(out, 0, sizeof(*out));
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->issued_before, tree, "before", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->start, tree, "start", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->end, tree, "end", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&url, tree, "url", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && url != NULL) {
    out->url = sdg_strdup(url);
    err = out->url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  sdg_json_free(tree);
  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
}

/* The change that concerns |cert|; NOT_FOUND if there is none. */
static stardeleg_err find_moved(const stardeleg_ca *ca, const sdg_ca_cert *cert, moved *out)
{
  const char *const keys[] = {cert->serial, ALL_KEY};
  stardeleg_time issued_at = cert->issued_at != STARDELEG_TIME_NONE ? cert->issued_at : cert->not_before;
  stardeleg_err err = STARDELEG_ERR_NOT_FOUND;

  for (size_t i = 0; i < 2 && err == STARDELEG_ERR_NOT_FOUND; i++) {
    stardeleg_record record = {0};

    err = sdg_store_get(ca->options.store, MOVED_KIND, keys[i], &record);
    if (err == STARDELEG_OK) {
      err = read_moved(&record, out);
    }
    stardeleg_record_clear(&record);
    if (err == STARDELEG_OK && issued_at >= out->issued_before) {
      sdg_free(out->url);
      err = STARDELEG_ERR_NOT_FOUND;
    }
  }
  return err;
}

void stardeleg_ca_renewal_default(stardeleg_ca_renewal *renewal)
{
  memset(renewal, 0, sizeof(*renewal));
  renewal->size = sizeof(*renewal);
  renewal->issued_before = STARDELEG_TIME_NEVER;
  renewal->start_at = STARDELEG_TIME_NONE;
  renewal->end_at = STARDELEG_TIME_NONE;
}

static bool is_good_change(const stardeleg_ca_renewal *renewal)
{
  sdg_url url;

  if (renewal->start_at == STARDELEG_TIME_NONE) {
    return true;
  }
  return sdg_time_floor_s(renewal->end_at) > sdg_time_floor_s(renewal->start_at) &&
         renewal->end_at != STARDELEG_TIME_NEVER && renewal->issued_before != STARDELEG_TIME_NONE &&
         (renewal->explanation_url == NULL ||
          sdg_url_parse(&url, sdg_bytes_str(renewal->explanation_url)) == STARDELEG_OK);
}

static void put_moved(sdg_buf *value, const stardeleg_ca_renewal *renewal)
{
  sdg_json_writer w;
  /* What JSON's integers hold; the year 9999 is far below it. */
  stardeleg_time before = sdg_time_min(renewal->issued_before, ((int64_t)1 << 53) - 1);

  sdg_jw_init(&w, value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_int(&w, "before", renewal->serial != NULL ? ((int64_t)1 << 53) - 1 : before);
  sdg_jw_int(&w, "start", sdg_time_floor_s(renewal->start_at));
  sdg_jw_int(&w, "end", sdg_time_floor_s(renewal->end_at));
  sdg_jw_string_opt(&w, "url", renewal->explanation_url);
  sdg_jw_object_end(&w);
}

static stardeleg_err write_change(stardeleg_ca *ca, const stardeleg_ca_renewal *renewal)
{
  stardeleg_record record = {0};
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT, .kind = MOVED_KIND, .due = STARDELEG_TIME_NEVER};
  sdg_buf value;
  stardeleg_err err;

  sdg_buf_init(&value, 8192);
  op.key = renewal->serial != NULL ? renewal->serial : ALL_KEY;
  err = sdg_store_get(ca->options.store, MOVED_KIND, op.key, &record);
  if (err == STARDELEG_ERR_NOT_FOUND && renewal->start_at == STARDELEG_TIME_NONE) {
    return STARDELEG_OK; /* nothing to take back */
  }
  if (err == STARDELEG_OK || err == STARDELEG_ERR_NOT_FOUND) {
    op.expected_version = err == STARDELEG_OK ? record.version : 0;
    err = STARDELEG_OK;
    if (renewal->start_at == STARDELEG_TIME_NONE) {
      op.verb = STARDELEG_STORE_DEL;
    } else {
      put_moved(&value, renewal);
      op.value = sdg_buf_bytes(&value);
      err = sdg_buf_error(&value);
    }
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, &op, 1);
  }
  stardeleg_record_clear(&record);
  sdg_buf_clear(&value);
  return err;
}

stardeleg_err stardeleg_ca_renewal_move(stardeleg_ca *ca, const stardeleg_ca_renewal *renewal)
{
  sdg_ca_cert cert;

  if (ca == NULL || renewal == NULL || renewal->size != sizeof(*renewal) || !is_good_change(renewal)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (renewal->serial != NULL) {
    stardeleg_err err;

    if (strlen(renewal->serial) != 2 * SERIAL_OCTETS ||
        strspn(renewal->serial, "0123456789abcdef") != 2 * SERIAL_OCTETS) {
      return STARDELEG_ERR_ARGUMENT;
    }
    err = sdg_ca_cert_by_serial(ca, renewal->serial, &cert);
    if (err != STARDELEG_OK) {
      return err;
    }
    sdg_ca_cert_clear(&cert);
  }
  return write_change(ca, renewal);
}

/* --- Finding --- */

/* By the two parts of its identifier (4.1); NOT_FOUND if it is none of ours. */
static stardeleg_err find_cert(const stardeleg_ca *ca, stardeleg_bytes key_id, stardeleg_bytes serial, sdg_ca_cert *out)
{
  char text[2 * SERIAL_OCTETS + 1];

  if (!sdg_bytes_equal(key_id, sdg_buf_bytes(&ca->issuer_key_id)) || serial.len != SERIAL_OCTETS) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  for (size_t i = 0; i < serial.len; i++) {
    (void)snprintf(text + 2 * i, 3, "%02x", serial.base[i]);
  }
  return sdg_ca_cert_by_serial(ca, text, out);
}

static stardeleg_err find_by_id(const stardeleg_ca *ca, stardeleg_bytes id, sdg_ca_cert *out)
{
  sdg_buf key_id;
  sdg_buf serial;
  stardeleg_err err;

  sdg_buf_init(&key_id, 256);
  sdg_buf_init(&serial, 256);
  err = sdg_acme_certificate_id_read(&key_id, &serial, id);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&key_id) == STARDELEG_OK ? sdg_buf_error(&serial) : sdg_buf_error(&key_id);
  }
  if (err == STARDELEG_OK) {
    err = find_cert(ca, sdg_buf_bytes(&key_id), sdg_buf_bytes(&serial), out);
  }
  sdg_buf_clear(&key_id);
  sdg_buf_clear(&serial);
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_NOT_FOUND : err;
}

/* --- The resource --- */

/* From two thirds to three quarters of its life; for what was revoked, a window that has passed: "immediately" (4.2).
 */
static stardeleg_err choose_window(const stardeleg_ca *ca, const sdg_ca_cert *cert, sdg_acme_renewal_info *out)
{
  int64_t life = cert->not_after - cert->not_before;
  moved change;
  stardeleg_err err = find_moved(ca, cert, &change);

  memset(out, 0, sizeof(*out));
  if (err == STARDELEG_OK) {
    out->start = change.start;
    out->end = change.end;
    out->explanation_url = change.url;
  } else if (err == STARDELEG_ERR_NOT_FOUND) {
    out->start = sdg_time_add(cert->not_before, life * 2 / 3);
    out->end = sdg_time_add(cert->not_before, life * 3 / 4);
    err = STARDELEG_OK;
  }
  if (cert->revoked) {
    stardeleg_time at = cert->revoked_at != STARDELEG_TIME_NONE ? cert->revoked_at : cert->not_before;

    out->start = sdg_time_add(at, -SDG_TIME_HOUR);
    out->end = at;
  }
  out->start = sdg_time_floor_s(out->start);
  out->end = sdg_time_max(sdg_time_floor_s(out->end), sdg_time_add(out->start, SDG_TIME_S)); /* ARI-4.2-02 */
  return err;
}

static stardeleg_err reply_info(stardeleg_ca *ca, sdg_call *call, const sdg_ca_cert *cert)
{
  sdg_acme_renewal_info info;
  sdg_json_writer w;
  char text[32];
  stardeleg_err err = choose_window(ca, cert, &info);

  (void)snprintf(text, sizeof(text), "%lld", (long long)ca->options.renewal_info_s);
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_add_header(call->reply, "Retry-After", text);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_json(call, &w);
  }
  if (err == STARDELEG_OK) {
    sdg_acme_renewal_info_write(&w, &info);
  }
  sdg_acme_renewal_info_clear(&info);
  return err;
}

stardeleg_err sdg_ca_route_renewal_info(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_ca_cert cert;
  char id[2 * SDG_ID_SIZE];
  stardeleg_err err = STARDELEG_ERR_NOT_FOUND;

  (void)snprintf(id, sizeof(id), "%s.%s", call->parts[0], call->parts[1]);
  if (ca->options.renewal_info_s > 0) {
    err = find_by_id(ca, sdg_bytes_str(id), &cert);
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "no certificate that would be renewed by an order");
    call->problem.status = 404;
    return STARDELEG_ERR_PROTOCOL;
  }
  if (err == STARDELEG_OK) {
    err = reply_info(ca, call, &cert);
    sdg_ca_cert_clear(&cert);
  }
  return err;
}

/* --- Replacing --- */

/* Its first successor's failure makes it free again ("a different Order that is not invalid"). */
static stardeleg_err check_free(const stardeleg_ca *ca, sdg_call *call, const sdg_ca_cert *cert)
{
  sdg_ca_order other;
  stardeleg_err err;

  if (cert->replaced_by[0] == '\0') {
    return STARDELEG_OK;
  }
  err = sdg_ca_order_load(ca, cert->replaced_by, &other);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  if (other.wire.status != SDG_ORDER_INVALID) {
    err = sdg_call_fail(call, STARDELEG_ACME_ALREADY_REPLACED, "another order replaces that certificate");
  }
  sdg_ca_order_clear(&other);
  return err;
}

static stardeleg_err check_replaced(const stardeleg_ca *ca, sdg_call *call, const sdg_identifiers *identifiers,
                                    const sdg_ca_cert *cert)
{
  sdg_ca_order before;
  bool shared;
  stardeleg_err err = sdg_ca_order_load(ca, cert->order, &before);

  if (err != STARDELEG_OK) {
    return err;
  }
  shared = sdg_identifiers_share(&before.wire.identifiers, identifiers);
  sdg_ca_order_clear(&before);
  if (!shared) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the certificate to be replaced has none of these names");
  }
  return check_free(ca, call, cert);
}

stardeleg_err sdg_ca_replace(stardeleg_ca *ca, sdg_call *call, const sdg_identifiers *identifiers, const char *replaces,
                             const char *order_id, sdg_ca_cert *out)
{
  stardeleg_err err = find_by_id(ca, sdg_bytes_str(replaces), out);

  if (err == STARDELEG_OK && strcmp(out->account, call->account->id) != 0) {
    sdg_ca_cert_clear(out);
    err = STARDELEG_ERR_NOT_FOUND; /* another account's looks like none at all (RFC 8555 10.5) */
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    err = sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "no certificate of yours can be replaced under that name");
    sdg_problem_set_place(&call->problem, sdg_bytes_str("/replaces"));
    return err;
  }
  if (err == STARDELEG_OK) {
    err = check_replaced(ca, call, identifiers, out);
    if (err != STARDELEG_OK) {
      sdg_ca_cert_clear(out);
    }
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(out->replaced_by, sizeof(out->replaced_by), "%s", order_id);
  }
  return err;
}

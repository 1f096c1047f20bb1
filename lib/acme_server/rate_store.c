/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/rate_store.c -- buckets as records, for several processes: one read and one write for what counts.
 *
 * Two that ask at the same time cannot both take the last one: whoever comes second is told CONFLICT and looks again.
 * A record is due when its bucket is full again, which is as good as none; it is removed then by those that ask. */
#include <string.h>

#include "acme_server/rate.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "json/json_write.h"
#include "store/store.h"

#define KIND "rate"
#define NAME_SIZE 44 /* base64url of 32 octets, with the NUL */
#define TRIES 5
/* Clocks may differ by that much before a bucket is forgotten too early. */
#define KEPT_MS SDG_TIME_MINUTE
#define SWEEP_MAX 8u

typedef struct bucket {
  const stardeleg_rate *rate;
  char name[NAME_SIZE];
  stardeleg_time full_at;
  uint64_t version;
  sdg_buf value;
} bucket;

static stardeleg_err name_bucket(bucket *b, const stardeleg_crypto *crypto, const sdg_rate_subject *subject)
{
  uint8_t digest[STARDELEG_HASH_MAX];
  sdg_buf text;
  stardeleg_err err = sdg_hash(crypto, STARDELEG_HASH_SHA256, subject->pieces, 2, digest);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&text, NAME_SIZE);
  sdg_base64url_write(&text, sdg_bytes(digest, 32));
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    memcpy(b->name, sdg_buf_str(&text), NAME_SIZE);
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err load(const stardeleg_store *store, bucket *b, stardeleg_time now)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_store_get(store, KIND, b->name, &record);

  b->full_at = now;
  b->version = record.version;
  if (err == STARDELEG_OK) {
    err = sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&b->full_at, tree, "fullAt", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

static void fill_op(stardeleg_store_op *op, bucket *b)
{
  sdg_json_writer w;

  sdg_jw_init(&w, &b->value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_int(&w, "fullAt", b->full_at);
  sdg_jw_object_end(&w);
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                             .kind = KIND,
                             .key = b->name,
                             .value = sdg_buf_bytes(&b->value),
                             .due = sdg_time_add(b->full_at, KEPT_MS),
                             .expected_version = b->version};
}

static stardeleg_err save(const stardeleg_store *store, bucket *buckets, size_t count)
{
  stardeleg_store_op ops[SDG_PERS];
  stardeleg_err err = STARDELEG_OK;

  for (size_t i = 0; i < count; i++) {
    sdg_buf_init(&buckets[i].value, 128);
    fill_op(&ops[i], &buckets[i]);
    err = err == STARDELEG_OK ? sdg_buf_error(&buckets[i].value) : err;
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(store, ops, count);
  }
  for (size_t i = 0; i < count; i++) {
    sdg_buf_clear(&buckets[i].value);
  }
  return err;
}

/* One look at all of them: |*back_at| says which has none left, NONE that each has given one. */
static stardeleg_err ask_once(const stardeleg_store *store, bucket *buckets, size_t count, stardeleg_time now,
                              stardeleg_time *back_at)
{
  *back_at = STARDELEG_TIME_NONE;
  for (size_t i = 0; i < count; i++) {
    stardeleg_err err = load(store, &buckets[i], now);
    stardeleg_time fits_at;

    if (err != STARDELEG_OK) {
      return err;
    }
    fits_at = sdg_rate_look(&buckets[i].full_at, buckets[i].rate, now);
    if (fits_at > now && fits_at > *back_at) {
      *back_at = fits_at;
    }
    buckets[i].full_at = sdg_rate_take(buckets[i].full_at, buckets[i].rate, now);
  }
  return *back_at == STARDELEG_TIME_NONE ? save(store, buckets, count) : STARDELEG_OK;
}

/* Whoever makes a record takes away more than that. */
static void sweep(const stardeleg_store *store, stardeleg_time now)
{
  stardeleg_record records[SWEEP_MAX];
  size_t count = 0;

  memset(records, 0, sizeof(records));
  if (sdg_store_claim(store, KIND, now, "server", SDG_TIME_MINUTE, records, SWEEP_MAX, &count) != STARDELEG_OK) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    (void)!sdg_store_del(store, KIND, records[i].key, records[i].version); /* in use again, or due again */
    stardeleg_record_clear(&records[i]);
  }
}

stardeleg_time sdg_rate_ask_store(const stardeleg_store *store, const stardeleg_crypto *crypto, sdg_rates rates,
                                  const stardeleg_limit_query *query)
{
  bucket buckets[SDG_PERS];
  sdg_rate_subject subject;
  stardeleg_time back_at = STARDELEG_TIME_NONE;
  size_t count = 0;
  stardeleg_err err = STARDELEG_OK;

  memset(buckets, 0, sizeof(buckets));
  for (size_t per = 0; per < SDG_PERS && err == STARDELEG_OK; per++) {
    if (sdg_rate_describe(&subject, rates, query, per)) {
      buckets[count].rate = &rates[per][query->act];
      err = name_bucket(&buckets[count++], crypto, &subject);
    }
  }
  if (err != STARDELEG_OK || count == 0) {
    return STARDELEG_TIME_NONE;
  }
  err = STARDELEG_ERR_CONFLICT;
  for (int i = 0; i < TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = ask_once(store, buckets, count, query->now, &back_at);
  }
  if (err == STARDELEG_ERR_CONFLICT) {
    return query->now + SDG_TIME_S; /* so many at once are too many; nothing was counted */
  }
  if (err == STARDELEG_OK && back_at == STARDELEG_TIME_NONE && (buckets[0].version == 0 || buckets[1].version == 0)) {
    sweep(store, query->now);
  }
  /* A store that does not work lets nothing be made either; the limit need not say so first. */
  return err == STARDELEG_OK ? back_at : STARDELEG_TIME_NONE;
}

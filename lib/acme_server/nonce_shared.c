/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/nonce_shared.c -- a nonce is an instant, a random number and the MAC of both.  Nothing is stored when it
 * is made; spending it creates the record "nonce"/text, which fails for everybody but the first.  Records are due when
 * no server takes the nonce any longer, and are removed then by those that spend. */
#include "acme_server/nonce_shared.h"

#include <stdatomic.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"

#define SECRET_NAME "acme-nonces"
#define KEY_LEN 32u
#define TIME_LEN 8u
#define RANDOM_LEN 8u
#define HEAD_LEN (TIME_LEN + RANDOM_LEN)
#define MAC_LEN 16u
#define NONCE_LEN (HEAD_LEN + MAC_LEN)
/* Every so many spent, twice as many of those that are due are removed: what is stored stays bounded by the rate. */
#define SWEEP_EVERY 16u
#define SWEEP_MAX 32u

struct sdg_shared_nonces {
  const stardeleg_crypto *crypto;
  const stardeleg_store *store;
  uint8_t key[KEY_LEN];
  atomic_uint spent;
};

static stardeleg_err load_key(sdg_shared_nonces *nonces, const stardeleg_secrets *secrets)
{
  uint8_t *secret = NULL;
  size_t len = 0;
  stardeleg_err err = sdg_secrets_get(secrets, SECRET_NAME, &secret, &len);

  if (err == STARDELEG_OK) {
    err = len == KEY_LEN ? STARDELEG_OK : STARDELEG_ERR_SECRETS;
  }
  if (err == STARDELEG_OK) {
    memcpy(nonces->key, secret, KEY_LEN);
  }
  stardeleg_secret_free(secret, len);
  return err;
}

/* Of several servers that start at once, one makes the key; the others read it. */
static stardeleg_err make_key(sdg_shared_nonces *nonces, const stardeleg_secrets *secrets)
{
  stardeleg_err err = sdg_random(nonces->crypto, nonces->key, KEY_LEN);

  if (err == STARDELEG_OK) {
    err = sdg_secrets_put(secrets, SECRET_NAME, sdg_bytes(nonces->key, KEY_LEN));
  }
  return err == STARDELEG_OK || err == STARDELEG_ERR_EXISTS ? load_key(nonces, secrets) : err;
}

stardeleg_err sdg_shared_nonces_new(sdg_shared_nonces **out, const stardeleg_crypto *crypto,
                                    const stardeleg_store *store, const stardeleg_secrets *secrets)
{
  sdg_shared_nonces *nonces = sdg_calloc(1, sizeof(*nonces));
  stardeleg_err err;

  if (nonces == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  nonces->crypto = crypto;
  nonces->store = store;
  atomic_init(&nonces->spent, 0);
  err = load_key(nonces, secrets);
  if (err == STARDELEG_ERR_NOT_FOUND) {
    err = make_key(nonces, secrets);
  }
  if (err != STARDELEG_OK) {
    sdg_shared_nonces_free(nonces);
    return err;
  }
  *out = nonces;
  return STARDELEG_OK;
}

void sdg_shared_nonces_free(sdg_shared_nonces *nonces)
{
  if (nonces != NULL) {
    sdg_wipe(nonces->key, KEY_LEN);
    sdg_free(nonces);
  }
}

static stardeleg_err seal(const sdg_shared_nonces *nonces, const uint8_t head[HEAD_LEN], uint8_t mac[MAC_LEN])
{
  uint8_t full[STARDELEG_HASH_MAX];
  stardeleg_bytes piece = {head, HEAD_LEN};
  size_t len = 0;
  stardeleg_err err =
      sdg_mac(nonces->crypto, STARDELEG_ALG_HS256, sdg_bytes(nonces->key, KEY_LEN), &piece, 1, full, &len);

  if (err == STARDELEG_OK) {
    memcpy(mac, full, MAC_LEN);
  }
  return err;
}

stardeleg_err sdg_shared_nonces_mint(const sdg_shared_nonces *nonces, stardeleg_time now,
                                     char out[SDG_SHARED_NONCE_SIZE])
{
  uint8_t bytes[NONCE_LEN];
  sdg_buf text;
  stardeleg_err err = sdg_random(nonces->crypto, bytes + TIME_LEN, RANDOM_LEN);

  for (size_t i = 0; i < TIME_LEN; i++) {
    bytes[i] = (uint8_t)((uint64_t)now >> (56 - 8 * i));
  }
  if (err == STARDELEG_OK) {
    err = seal(nonces, bytes, bytes + HEAD_LEN);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&text, SDG_SHARED_NONCE_SIZE);
  sdg_base64url_write(&text, sdg_bytes(bytes, sizeof(bytes)));
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    memcpy(out, sdg_buf_str(&text), SDG_SHARED_NONCE_SIZE);
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err open_nonce(const sdg_shared_nonces *nonces, const char *text, stardeleg_time *minted_at)
{
  uint8_t expected[MAC_LEN];
  uint64_t at = 0;
  sdg_buf bytes;
  stardeleg_err err;

  if (strlen(text) != SDG_SHARED_NONCE_SIZE - 1) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  sdg_buf_init(&bytes, NONCE_LEN);
  err = sdg_base64url_read(&bytes, sdg_bytes_str(text));
  if (err != STARDELEG_OK || bytes.len != NONCE_LEN) {
    err = err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_NOT_FOUND;
    goto out;
  }
  err = seal(nonces, bytes.base, expected);
  if (err == STARDELEG_OK && !sdg_equal_consttime(expected, bytes.base + HEAD_LEN, MAC_LEN)) {
    err = STARDELEG_ERR_NOT_FOUND;
  }
  for (size_t i = 0; i < TIME_LEN; i++) {
    at = at << 8 | bytes.base[i];
  }
  *minted_at = (stardeleg_time)at;
out:
  sdg_buf_clear(&bytes);
  return err;
}

static void sweep(const sdg_shared_nonces *nonces, stardeleg_time now)
{
  stardeleg_record records[SWEEP_MAX];
  size_t count = 0;

  memset(records, 0, sizeof(records));
  if (sdg_store_claim(nonces->store, "nonce", now, "server", 60000, records, SWEEP_MAX, &count) != STARDELEG_OK) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    (void)!sdg_store_del(nonces->store, "nonce", records[i].key, records[i].version); /* what stays is due again */
    stardeleg_record_clear(&records[i]);
  }
}

stardeleg_err sdg_shared_nonces_spend(sdg_shared_nonces *nonces, const char *text, stardeleg_time now)
{
  stardeleg_time minted_at = 0;
  stardeleg_store_op op = {
      .verb = STARDELEG_STORE_PUT, .kind = "nonce", .key = text, .value = SDG_BYTES_LITERAL("{\"v\":1}")};
  stardeleg_err err = open_nonce(nonces, text, &minted_at);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (minted_at < now - SDG_SHARED_NONCE_MS || minted_at > now + SDG_SHARED_NONCE_MS) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  if (atomic_fetch_add(&nonces->spent, 1) % SWEEP_EVERY == 0) {
    sweep(nonces, now);
  }
  /* A server whose clock is behind by as much as is allowed takes it for as long again. */
  op.due = minted_at + 2 * SDG_SHARED_NONCE_MS + 1;
  err = sdg_store_batch(nonces->store, &op, 1);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_NOT_FOUND : err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/nonce.c -- a nonce is a number and its MAC; a ring of bits knows which of the last numbers are spent.
 *
 * The 16 bytes of MAC make a nonce unpredictable (RFC 8555 6.5.1).  The number in front is scrambled by a secret, so
 * that it tells an onlooker nothing about the traffic; nothing else depends on the scrambling, so it may be cheap. Only
 * the last WINDOW numbers count: the memory is bounded whatever clients do, and a client that comes back later gets
 * badNonce with a fresh one. */
#include "acme_server/nonce.h"

#include <stdatomic.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"

#define WINDOW ((uint64_t)1 << 20)
#define WORDS (WINDOW / 64)
#define NUMBER_LEN 8u
#define MAC_LEN 16u
#define NONCE_LEN (NUMBER_LEN + MAC_LEN)
/* Odd, and its inverse modulo 2^64. */
#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)
#define INVERSE UINT64_C(0xf1de83e19937733d)

struct sdg_nonces {
  const stardeleg_crypto *crypto;
  uint8_t key[32];
  uint64_t secrets[2];
  _Atomic uint64_t next;
  _Atomic uint64_t spent[WORDS];
};

stardeleg_err sdg_nonces_new(sdg_nonces **out, const stardeleg_crypto *crypto)
{
  sdg_nonces *nonces = sdg_calloc(1, sizeof(*nonces));
  stardeleg_err err;

  if (nonces == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  nonces->crypto = crypto;
  atomic_init(&nonces->next, 0);
  for (size_t i = 0; i < WORDS; i++) {
    atomic_init(&nonces->spent[i], 0);
  }
  err = sdg_random(crypto, nonces->key, sizeof(nonces->key));
  if (err == STARDELEG_OK) {
    err = sdg_random(crypto, (uint8_t *)nonces->secrets, sizeof(nonces->secrets));
  }
  if (err != STARDELEG_OK) {
    sdg_free(nonces);
    return err;
  }
  *out = nonces;
  return STARDELEG_OK;
}

void sdg_nonces_free(sdg_nonces *nonces)
{
  if (nonces != NULL) {
    sdg_wipe(nonces->key, sizeof(nonces->key));
    sdg_free(nonces);
  }
}

static void write_number(uint8_t out[NUMBER_LEN], uint64_t number)
{
  for (size_t i = 0; i < NUMBER_LEN; i++) {
    out[i] = (uint8_t)(number >> (56 - 8 * i));
  }
}

/* Invertible steps of 64 bits: xor with a secret, odd multiplication, shifts. */
static uint64_t scramble(const sdg_nonces *nonces, uint64_t number)
{
  number = (number ^ nonces->secrets[0]) * MULTIPLIER;
  number ^= number >> 32;
  return (number ^ nonces->secrets[1]) * MULTIPLIER;
}

static uint64_t unscramble(const sdg_nonces *nonces, uint64_t number)
{
  number = number * INVERSE ^ nonces->secrets[1];
  number ^= number >> 32;
  return number * INVERSE ^ nonces->secrets[0];
}

static stardeleg_err seal(const sdg_nonces *nonces, const uint8_t number[NUMBER_LEN], uint8_t mac[MAC_LEN])
{
  uint8_t full[STARDELEG_HASH_MAX];
  stardeleg_bytes piece = {number, NUMBER_LEN};
  size_t len = 0;
  stardeleg_err err;

  err =
      sdg_mac(nonces->crypto, STARDELEG_ALG_HS256, sdg_bytes(nonces->key, sizeof(nonces->key)), &piece, 1, full, &len);
  if (err == STARDELEG_OK) {
    memcpy(mac, full, MAC_LEN);
  }
  return err;
}

stardeleg_err sdg_nonces_mint(sdg_nonces *nonces, char out[SDG_NONCE_SIZE])
{
  uint64_t number = atomic_fetch_add(&nonces->next, 1);
  uint8_t bytes[NONCE_LEN];
  sdg_buf text;
  stardeleg_err err;

  /* The place in the ring is taken over from number - WINDOW, which counts as spent from now on. */
  (void)atomic_fetch_and(&nonces->spent[number % WINDOW / 64], ~((uint64_t)1 << (number % 64)));
  write_number(bytes, scramble(nonces, number));
  err = seal(nonces, bytes, bytes + NUMBER_LEN);
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&text, SDG_NONCE_SIZE);
  sdg_base64url_write(&text, sdg_bytes(bytes, sizeof(bytes)));
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    memcpy(out, sdg_buf_str(&text), SDG_NONCE_SIZE);
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err open_nonce(const sdg_nonces *nonces, const char *text, uint64_t *number)
{
  uint8_t expected[MAC_LEN];
  sdg_buf bytes;
  stardeleg_err err;

  sdg_buf_init(&bytes, NONCE_LEN);
  *number = 0;
  if (strlen(text) != SDG_NONCE_SIZE - 1) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  err = sdg_base64url_read(&bytes, sdg_bytes_str(text));
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK || bytes.len != NONCE_LEN) {
    err = STARDELEG_ERR_NOT_FOUND;
    goto out;
  }
  err = seal(nonces, bytes.base, expected);
  if (err == STARDELEG_OK && !sdg_equal_consttime(expected, bytes.base + NUMBER_LEN, MAC_LEN)) {
    err = STARDELEG_ERR_NOT_FOUND;
  }
  for (size_t i = 0; i < NUMBER_LEN; i++) {
    *number = *number << 8 | bytes.base[i];
  }
  *number = unscramble(nonces, *number);
out:
  sdg_buf_clear(&bytes);
  return err;
}

stardeleg_err sdg_nonces_spend(sdg_nonces *nonces, const char *text)
{
  uint64_t number;
  uint64_t bit;
  uint64_t before;
  stardeleg_err err = open_nonce(nonces, text, &number);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (number >= atomic_load(&nonces->next) || atomic_load(&nonces->next) - number > WINDOW) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  bit = (uint64_t)1 << (number % 64);
  before = atomic_fetch_or(&nonces->spent[number % WINDOW / 64], bit);
  /* Asked again: a mint that took the place over in between has cleared the bit, and a nonce spent before would pass.
   * A mint counts before it clears, so whoever sees the cleared bit sees the count too. */
  return (before & bit) != 0 || atomic_load(&nonces->next) - number > WINDOW ? STARDELEG_ERR_NOT_FOUND : STARDELEG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_hash_test.c -- hashes (FIPS 180-4 examples), MACs (RFC 4231, RFC 7515 A.1) and random bytes. */
#include "support/test.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

static void assert_hex(const uint8_t *got, size_t len, const char *hex)
{
  size_t n = 0;
  uint8_t *expected = test_hex(hex, &n);

  assert_int_equal(len, n);
  assert_memory_equal(got, expected, n);
  free(expected);
}

static void test_hash(void **state)
{
  static const struct {
    stardeleg_hash hash;
    const char *text;
    const char *hex;
  } rows[] = {
      {STARDELEG_HASH_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {STARDELEG_HASH_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {STARDELEG_HASH_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {STARDELEG_HASH_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {STARDELEG_HASH_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {STARDELEG_HASH_SHA384, "abc",
       "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
      {STARDELEG_HASH_SHA512, "abc",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80"
       "e2a9ac9"
       "4fa54ca49f"},
  };
  uint8_t out[STARDELEG_HASH_MAX];

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const size_t len = strlen(rows[i].text);

    for (size_t cut = 0; cut <= len; cut++) { /* in pieces, one of them empty */
      const stardeleg_bytes pieces[] = {
          sdg_bytes(rows[i].text, cut), {NULL, 0}, sdg_bytes(rows[i].text + cut, len - cut)};

      assert_ok(sdg_hash(test_crypto(), rows[i].hash, pieces, 3, out));
      assert_hex(out, sdg_hash_len(rows[i].hash), rows[i].hex);
    }
  }
  assert_ok(sdg_hash(test_crypto(), STARDELEG_HASH_SHA256, NULL, 0, out));
  assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_hash(test_crypto(), STARDELEG_HASH_SHA256, NULL, 1, out));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_hash(test_crypto(), (stardeleg_hash)0, NULL, 0, out));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_hash(NULL, STARDELEG_HASH_SHA256, NULL, 0, out));
}

/* RFC 4231 4.2 and 4.7, with keys the operations table takes at any length. */
static void test_hmac(void **state)
{
  static const char long_key_text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
  static const struct {
    size_t key_len;
    uint8_t key_byte;
    const char *text;
    stardeleg_hash hash;
    const char *hex;
  } rows[] = {
      {20, 0x0b, "Hi There", STARDELEG_HASH_SHA256, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {131, 0xaa, long_key_text, STARDELEG_HASH_SHA256,
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {131, 0xaa, long_key_text, STARDELEG_HASH_SHA384,
       "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"},
      {131, 0xaa, long_key_text, STARDELEG_HASH_SHA512,
       "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0ae"
       "c8b915a"
       "985d786598"},
      {0, 0, "", STARDELEG_HASH_SHA256, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
  };
  const stardeleg_crypto *crypto = test_crypto();

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    uint8_t key[131];
    uint8_t out[STARDELEG_HASH_MAX];
    const stardeleg_bytes pieces[] = {sdg_bytes(rows[i].text, strlen(rows[i].text) / 2),
                                      sdg_bytes_str(rows[i].text + strlen(rows[i].text) / 2)};

    memset(key, rows[i].key_byte, sizeof(key));
    assert_ok(crypto->ops->hmac(crypto->self, rows[i].hash, (stardeleg_bytes){key, rows[i].key_len}, pieces, 2, out));
    assert_hex(out, sdg_hash_len(rows[i].hash), rows[i].hex);
  }
}

/* RFC 7515 A.1. */
static void test_mac(void **state)
{
  static const char signing_input[] =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const stardeleg_bytes piece = sdg_bytes_str(signing_input);
  uint8_t out[STARDELEG_HASH_MAX];
  size_t len = 0;
  sdg_buf key;
  sdg_buf text;

  (void)state;
  sdg_buf_init(&key, 64);
  sdg_buf_init(&text, 100);
  assert_ok(sdg_base64url_read(
      &key, sdg_bytes_str("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")));
  assert_ok(sdg_mac(test_crypto(), STARDELEG_ALG_HS256, sdg_buf_bytes(&key), &piece, 1, out, &len));
  sdg_base64url_write(&text, (stardeleg_bytes){out, len});
  assert_string_equal(sdg_buf_str(&text), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");

  /* RFC 7518 3.2: "A key of the same size as the hash output [...] or larger MUST be used" */
  assert_int_equal(key.len, 64);
  assert_ok(sdg_mac(test_crypto(), STARDELEG_ALG_HS512, sdg_buf_bytes(&key), &piece, 1, out, &len));
  assert_int_equal(len, 64);
  for (int alg = STARDELEG_ALG_HS256; alg <= STARDELEG_ALG_HS512; alg++) {
    const size_t need = sdg_hash_len(sdg_alg_info_of((stardeleg_alg)alg)->hash);

    assert_ok(sdg_mac(test_crypto(), (stardeleg_alg)alg, sdg_bytes(key.base, need), &piece, 1, out, &len));
    assert_err(STARDELEG_ERR_BAD_KEY,
               sdg_mac(test_crypto(), (stardeleg_alg)alg, sdg_bytes(key.base, need - 1), &piece, 1, out, &len));
  }
  assert_err(STARDELEG_ERR_ARGUMENT,
             sdg_mac(test_crypto(), STARDELEG_ALG_ES256, sdg_buf_bytes(&key), &piece, 1, out, &len));
  assert_err(STARDELEG_ERR_ARGUMENT,
             sdg_mac(test_crypto(), STARDELEG_ALG_NONE, sdg_buf_bytes(&key), &piece, 1, out, &len));
  sdg_buf_clear(&key);
  sdg_buf_clear(&text);
}

static void test_random(void **state)
{
  uint8_t a[3000] = {0}; /* more than one request of mbedTLS's generator */
  uint8_t b[3000] = {0};
  size_t counts[256] = {0};
  sdg_buf name;

  (void)state;
  assert_ok(sdg_random(test_crypto(), a, sizeof(a)));
  assert_ok(sdg_random(test_crypto(), b, sizeof(b)));
  assert_memory_not_equal(a, b, 32);
  assert_memory_not_equal(a + sizeof(a) - 32, b + sizeof(b) - 32, 32);
  for (size_t i = 0; i < sizeof(a); i++) {
    counts[a[i]]++;
  }
  for (size_t i = 0; i < 256; i++) {
    assert_true(counts[i] < 60); /* 12 expected */
  }
  assert_ok(sdg_random(test_crypto(), NULL, 0));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_random(test_crypto(), NULL, 1));

  sdg_buf_init(&name, 100);
  sdg_buf_add_str(&name, "/acme/order/");
  assert_ok(sdg_random_name(test_crypto(), &name, 16));
  assert_int_equal(name.len, 12 + 22);
  assert_true(sdg_base64url_is_text(sdg_bytes_from(sdg_buf_bytes(&name), 12)));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_random_name(test_crypto(), &name, 0));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_random_name(test_crypto(), &name, 65));
  sdg_buf_clear(&name);
  sdg_buf_init(&name, 10);
  assert_err(STARDELEG_ERR_LIMIT, sdg_random_name(test_crypto(), &name, 16));
  sdg_buf_clear(&name);
}

/* A child must not draw its parent's numbers. */
static void test_fork(void **state)
{
  uint8_t mine[32];
  uint8_t theirs[32] = {0};
  int fds[2];
  int status = 0;
  pid_t child;

  (void)state;
  assert_ok(sdg_random(test_crypto(), mine, sizeof(mine)));
  assert_int_equal(pipe(fds), 0);
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    bool good = sdg_random(test_crypto(), theirs, sizeof(theirs)) == STARDELEG_OK &&
                write(fds[1], theirs, sizeof(theirs)) == (ssize_t)sizeof(theirs);

    _exit(good ? 0 : 1);
  }
  assert_ok(sdg_random(test_crypto(), mine, sizeof(mine)));
  assert_int_equal(read(fds[0], theirs, sizeof(theirs)), sizeof(theirs));
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_memory_not_equal(mine, theirs, sizeof(mine));
  (void)close(fds[0]);
  (void)close(fds[1]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hash),   cmocka_unit_test(test_hmac), cmocka_unit_test(test_mac),
      cmocka_unit_test(test_random), cmocka_unit_test(test_fork),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

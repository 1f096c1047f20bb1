/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_chain_test.c -- the path check against certificates of tests/vectors/chain (made by make.sh there). */
#include "support/test.h"

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/chain.h"

#define CERTS_MAX 16

typedef struct cert_list {
  uint8_t *owned[CERTS_MAX];
  stardeleg_bytes certs[CERTS_MAX];
  size_t count;
} cert_list;

static void load_one(cert_list *list, const char *name, int name_len)
{
  char path[128];
  size_t len = 0;

  assert_true(list->count < CERTS_MAX);
  (void)snprintf(path, sizeof(path), "vectors/chain/%.*s.der", name_len, name);
  list->owned[list->count] = (uint8_t *)test_file(path, &len);
  list->certs[list->count] = (stardeleg_bytes){list->owned[list->count], len};
  list->count++;
}

/* |names| with commas between; "-" for none. */
static void load(cert_list *list, const char *names)
{
  memset(list, 0, sizeof(*list));
  if (strcmp(names, "-") == 0) {
    return;
  }
  for (const char *comma; (comma = strchr(names, ',')) != NULL; names = comma + 1) {
    load_one(list, names, (int)(comma - names));
  }
  load_one(list, names, (int)strlen(names));
}

static void unload(cert_list *list)
{
  for (size_t i = 0; i < list->count; i++) {
    free(list->owned[i]);
  }
}

static stardeleg_err verdict_of(const char *word)
{
  static const struct {
    const char *word;
    stardeleg_err err;
  } verdicts[] = {{"ok", STARDELEG_OK},
                  {"expired", STARDELEG_ERR_EXPIRED},
                  {"untrusted", STARDELEG_ERR_UNTRUSTED},
                  {"limit", STARDELEG_ERR_LIMIT},
                  {"malformed", STARDELEG_ERR_MALFORMED}};

  for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
    if (strcmp(word, verdicts[i].word) == 0) {
      return verdicts[i].err;
    }
  }
  fail_msg("no such verdict: %s", word);
  return STARDELEG_ERR_ARGUMENT;
}

static void run_line(const char *line)
{
  char verdict[16];
  char chain[256];
  char roots[128];
  char at[32];
  cert_list chain_list;
  cert_list root_list;
  char why[128] = "untouched";
  stardeleg_time now = 0;
  stardeleg_err got;

  assert_int_equal(sscanf(line, "%15s %255s %127s %31s", verdict, chain, roots, at), 4);
  assert_ok(sdg_time_read_rfc3339(&now, sdg_bytes_str(at)));
  load(&chain_list, chain);
  load(&root_list, roots);
  got = sdg_chain_verify(chain_list.certs, chain_list.count, root_list.certs, root_list.count, now, why, sizeof(why));
  if (got != verdict_of(verdict)) {
    fail_msg("%s: got %s (%s)", line, stardeleg_strerror(got), why);
  }
  assert_int_equal(why[0] == '\0', got == STARDELEG_OK); /* a phrase for each failure, none for success */
  unload(&chain_list);
  unload(&root_list);
}

static void test_cases(void **state)
{
  char *text = test_file("vectors/chain/cases.txt", NULL);
  size_t count = 0;

  (void)state;
  for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    if (line[0] != '#') {
      run_line(line);
      count++;
    }
  }
  assert_true(count >= 50);
  free(text);
}

#define NOW INT64_C(2209161600000) /* 2040-01-03 */

/* Each single flipped bit of the leaf must end the trust: everything but the signature is signed, and so is it. */
static void test_flipped_bits(void **state)
{
  cert_list leaf;
  cert_list roots;

  (void)state;
  load(&leaf, "leaf_rsa");
  load(&roots, "inter_rsa");
  assert_ok(sdg_chain_verify(leaf.certs, 1, roots.certs, 1, NOW, NULL, 0));
  for (size_t i = 0; i < leaf.certs[0].len; i++) {
    uint8_t saved = leaf.owned[0][i];

    leaf.owned[0][i] = (uint8_t)(saved ^ (1u << (i % 8)));
    assert_int_not_equal(sdg_chain_verify(leaf.certs, 1, roots.certs, 1, NOW, NULL, 0), STARDELEG_OK);
    leaf.owned[0][i] = saved;
  }
  unload(&leaf);
  unload(&roots);
}

static void test_damaged_encodings(void **state)
{
  cert_list chain;
  cert_list roots;
  uint8_t longer[4096];
  char why[8];

  (void)state;
  load(&chain, "leaf,inter");
  load(&roots, "root");
  for (size_t i = 0; i < 2; i++) {
    stardeleg_bytes whole = chain.certs[i];

    for (size_t len = 0; len < whole.len; len++) { /* cut short */
      uint8_t *cut = malloc(len + 1);

      assert_non_null(cut);
      memcpy(cut, whole.base, len);
      chain.certs[i] = (stardeleg_bytes){cut, len};
      assert_err(STARDELEG_ERR_MALFORMED, sdg_chain_verify(chain.certs, 2, roots.certs, 1, NOW, why, sizeof(why)));
      free(cut);
    }
    memcpy(longer, whole.base, whole.len); /* one byte too many */
    longer[whole.len] = 0;
    chain.certs[i] = (stardeleg_bytes){longer, whole.len + 1};
    assert_err(STARDELEG_ERR_MALFORMED, sdg_chain_verify(chain.certs, 2, roots.certs, 1, NOW, why, sizeof(why)));
    assert_int_equal(strlen(why), sizeof(why) - 1); /* cut to its room */
    chain.certs[i] = whole;
  }
  assert_ok(sdg_chain_verify(chain.certs, 2, roots.certs, 1, NOW, why, sizeof(why)));
  unload(&chain);
  unload(&roots);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases),
      cmocka_unit_test(test_flipped_bits),
      cmocka_unit_test(test_damaged_encodings),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

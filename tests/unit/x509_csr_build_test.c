/* SPDX-License-Identifier: Apache-2.0 */
/* unit/x509_csr_build_test.c -- what the builder of requests writes, read by us and by the openssl program. */
#include "support/test.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "x509/csr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

extern char **environ;

/* Runs "openssl req -verify" on |der|: 0 if it agrees, -1 if there is no such program. */
static int ask_openssl(stardeleg_bytes der)
{
  char path[512];
  FILE *file;
  pid_t child;
  int status = 0;
  char words[7][16] = {"openssl", "req", "-inform", "DER", "-verify", "-noout", "-in"}; /* argv is not of const text */
  char *argv[] = {words[0], words[1], words[2], words[3], words[4], words[5], words[6], path, NULL};
  posix_spawn_file_actions_t actions;

  (void)snprintf(path, sizeof path, "%s/request.der", test_directory());
  file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(der.base, 1, der.len, file), der.len);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
  assert_int_equal(posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0), 0);
  if (posix_spawnp(&child, argv[0], &actions, NULL, argv, environ) != 0) {
    status = -1;
  } else {
    assert_int_equal(waitpid(child, &status, 0), child);
    status = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
  }
  (void)posix_spawn_file_actions_destroy(&actions);
  return status == 127 ? -1 : status;
}

static const struct {
  stardeleg_key_spec spec;
  stardeleg_alg alg;
} kinds[] = {
    {STARDELEG_KEY_P256, STARDELEG_ALG_ES256},    {STARDELEG_KEY_P384, STARDELEG_ALG_ES384},
    {STARDELEG_KEY_P521, STARDELEG_ALG_ES512},    {STARDELEG_KEY_RSA2048, STARDELEG_ALG_RS256},
    {STARDELEG_KEY_RSA2048, STARDELEG_ALG_RS384}, {STARDELEG_KEY_RSA2048, STARDELEG_ALG_RS512},
    {STARDELEG_KEY_RSA2048, STARDELEG_ALG_PS256}, {STARDELEG_KEY_RSA2048, STARDELEG_ALG_PS384},
    {STARDELEG_KEY_RSA2048, STARDELEG_ALG_PS512}, {STARDELEG_KEY_ED25519, STARDELEG_ALG_EDDSA},
};

static bool is_supported(size_t kind)
{
  const stardeleg_crypto_ops *ops = test_crypto()->ops;

  return (ops->key_specs & 1u << kinds[kind].spec) != 0 && (ops->sign_algs & 1u << kinds[kind].alg) != 0;
}

/* A plan with all that a template can ask for; the values live in |values|. */
static sdg_csr_plan full_plan(sdg_buf *values, sdg_x509_extension extensions[3])
{
  static const sdg_x509_attribute subject[] = {
      {{(const uint8_t *)"\x55\x04\x06", 3}, SDG_DER_PRINTABLE_STRING, {(const uint8_t *)"CA", 2}, 0, 0},
      {{(const uint8_t *)"\x55\x04\x07", 3},
       SDG_DER_UTF8_STRING,
       {(const uint8_t *)"Montr\xc3\xa9"
                         "al",
        9},
       0,
       0},
  };
  static const stardeleg_bytes eku[] = {{(const uint8_t *)"\x2b\x06\x01\x05\x05\x07\x03\x01", 8}};
  const sdg_general_name names[] = {{SDG_GN_DNS, sdg_bytes_str("abc.ido.example")},
                                    {SDG_GN_EMAIL, sdg_bytes_str("ops@ido.example")}};
  size_t ends[2];

  sdg_x509_put_key_usage(values, SDG_KU_DIGITAL_SIGNATURE);
  ends[0] = values->len;
  sdg_x509_put_eku(values, eku, COUNT(eku));
  ends[1] = values->len;
  sdg_x509_put_san(values, names, COUNT(names));
  assert_ok(sdg_buf_error(values));
  extensions[0] = (sdg_x509_extension){sdg_oid_key_usage, true, sdg_bytes(values->base, ends[0])};
  extensions[1] =
      (sdg_x509_extension){sdg_oid_ext_key_usage, false, sdg_bytes(values->base + ends[0], ends[1] - ends[0])};
  extensions[2] =
      (sdg_x509_extension){sdg_oid_subject_alt_name, false, sdg_bytes(values->base + ends[1], values->len - ends[1])};
  return (sdg_csr_plan){subject, COUNT(subject), extensions, 3, STARDELEG_ALG_NONE};
}

/* STARDEL-4.1-04: nothing is in the request but what the plan has */
static void check_view(const sdg_csr *csr, const sdg_csr_plan *plan, const stardeleg_key *key)
{
  assert_int_equal(csr->alg, plan->alg);
  assert_true(sdg_bytes_equal(csr->spki, stardeleg_key_spki(key)));
  assert_int_equal(csr->subject_count, plan->subject_count);
  for (size_t i = 0; i < plan->subject_count; i++) {
    assert_true(sdg_bytes_equal(csr->subject[i].oid, plan->subject[i].oid));
    assert_true(sdg_bytes_equal(csr->subject[i].value, plan->subject[i].value));
    assert_int_equal(csr->subject[i].tag, plan->subject[i].tag);
  }
  assert_int_equal(csr->attribute_count, 0);
  assert_int_equal(csr->extension_requests, plan->extension_count > 0 ? 1 : 0);
  assert_int_equal(csr->extension_count, plan->extension_count);
  for (size_t i = 0; i < plan->extension_count; i++) {
    assert_true(sdg_bytes_equal(csr->extensions[i].oid, plan->extensions[i].oid));
    assert_true(sdg_bytes_equal(csr->extensions[i].value, plan->extensions[i].value));
    assert_int_equal(csr->extensions[i].critical, plan->extensions[i].critical);
  }
}

static void build_and_check(stardeleg_key *key, const sdg_csr_plan *plan)
{
  sdg_buf out;
  sdg_csr csr;
  int verdict;

  sdg_buf_init(&out, SDG_CSR_MAX);
  assert_ok(sdg_csr_build(&out, plan, key));
  assert_ok(sdg_csr_parse(&csr, sdg_buf_bytes(&out), NULL));
  check_view(&csr, plan, key);
  assert_ok(sdg_csr_verify(&csr, test_crypto(), NULL));
  verdict = ask_openssl(sdg_buf_bytes(&out));
  if (verdict < 0) {
    print_message("no openssl program: skipped\n");
  } else {
    assert_int_equal(verdict, 0);
  }
  sdg_csr_clear(&csr);
  sdg_buf_clear(&out);
}

static void builds_for_every_key(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(kinds); i++) {
    stardeleg_key *key = NULL;
    sdg_x509_extension extensions[3];
    sdg_csr_plan plan;
    sdg_buf values;

    if (!is_supported(i)) {
      continue;
    }
    print_message("algorithm %d\n", (int)kinds[i].alg);
    assert_ok(stardeleg_key_generate(&key, test_crypto(), kinds[i].spec));
    sdg_buf_init(&values, 1000);
    plan = full_plan(&values, extensions);
    plan.alg = kinds[i].alg;
    build_and_check(key, &plan);
    sdg_buf_clear(&values);
    stardeleg_key_free(key);
  }
}

static void builds_the_smallest(void **state)
{
  const sdg_csr_plan plan = {.alg = STARDELEG_ALG_ES256};
  stardeleg_key *key = NULL;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  build_and_check(key, &plan);
  stardeleg_key_free(key);
}

static void refuses_unfit_algorithms(void **state)
{
  static const stardeleg_alg bad[] = {STARDELEG_ALG_NONE,  STARDELEG_ALG_ES384, STARDELEG_ALG_ES512,
                                      STARDELEG_ALG_RS256, STARDELEG_ALG_PS256, STARDELEG_ALG_EDDSA,
                                      STARDELEG_ALG_HS256, STARDELEG_ALG_COUNT};
  stardeleg_key *key = NULL;
  sdg_buf out;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  sdg_buf_init(&out, SDG_CSR_MAX);
  for (size_t i = 0; i < COUNT(bad); i++) {
    const sdg_csr_plan plan = {.alg = bad[i]};

    assert_err(STARDELEG_ERR_BAD_KEY, sdg_csr_build(&out, &plan, key));
    assert_int_equal(out.len, 0);
  }
  sdg_buf_clear(&out);
  stardeleg_key_free(key);
}

/* What was in the buffer before stays if there is no room. */
static void keeps_the_ceiling(void **state)
{
  const sdg_csr_plan plan = {.alg = STARDELEG_ALG_ES256};
  stardeleg_key *key = NULL;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  for (size_t max = 4; max < 180; max += 35) {
    sdg_buf out;

    sdg_buf_init(&out, max);
    sdg_buf_add_str(&out, "kept");
    assert_err(STARDELEG_ERR_LIMIT, sdg_csr_build(&out, &plan, key));
    assert_true(sdg_bytes_is(sdg_buf_bytes(&out), "kept"));
    sdg_buf_clear(&out);
  }
  stardeleg_key_free(key);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(builds_for_every_key),
      cmocka_unit_test(builds_the_smallest),
      cmocka_unit_test(refuses_unfit_algorithms),
      cmocka_unit_test(keeps_the_ceiling),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

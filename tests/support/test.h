/* SPDX-License-Identifier: Apache-2.0 */
/* support/test.h -- what every test program includes first. */
#ifndef SDG_TESTS_SUPPORT_TEST_H
#define SDG_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stardeleg/crypto.h>
#include <stardeleg/store.h>

/* The result must be 0; shows the code's text if it is not. */
#define assert_ok(expression)                                                             \
  do {                                                                                    \
    stardeleg_err err_ = (expression);                                                    \
    if (err_ != STARDELEG_OK) {                                                           \
      fail_msg("%s: %s (%d)", #expression, stardeleg_strerror(err_), (int)err_);          \
    }                                                                                     \
  } while (0)
/* The result must be exactly |expected|. */
#define assert_err(expected, expression)                                                  \
  do {                                                                                    \
    stardeleg_err err_ = (expression);                                                    \
    if (err_ != (expected)) {                                                             \
      fail_msg("%s: %s (%d), expected %s", #expression, stardeleg_strerror(err_), (int)err_, #expected); \
    }                                                                                     \
  } while (0)

/* The crypto provider this run is about (environment STARDELEG_TEST_CRYPTO: mbedtls or openssl; default mbedtls).  One
 * for the process, freed at exit; fails the test if it cannot be made. */
const stardeleg_crypto *test_crypto(void);

/* How much of something long to do: |full| with the fastest crypto backend, |small| with the others. */
size_t test_scale(size_t full, size_t small);

/* Reads tests/<path>; the result is NUL-terminated and to be freed with free().  Fails the test if it cannot. */
char *test_file(const char *path, size_t *len);

/* Calls |fn| for each file of tests/<directory> whose name begins with |prefix|, in alphabetical order; returns how
 * many. */
size_t test_files(const char *directory, const char *prefix, void (*fn)(const char *path, const char *name));

/* A directory of its own below TMPDIR, removed at exit.  Static until the next call. */
const char *test_directory(void);

/* Hex to bytes; free() the result. */
uint8_t *test_hex(const char *hex, size_t *len);

#endif /* SDG_TESTS_SUPPORT_TEST_H */

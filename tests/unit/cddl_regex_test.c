/* SPDX-License-Identifier: Apache-2.0 */
/* unit/cddl_regex_test.c -- expressions compiled on the spot: languages, and that the automata are minimal. */
#include "support/test.h"

#include "base/bytes.h"
#include "cddl/cddl_run.h"
#include "cddl/gen/regex.h"

/* Does |expression| take |text|?  |states| (may be NULL) gets the size of the automaton. */
static bool takes(const char *expression, const char *text, unsigned *states)
{
  sdg_gen gen;
  sdg_cddl_dfa dfa;
  bool yes;

  sdg_gen_init(&gen);
  if (!sdg_gen_regex_compile(&gen, (sdg_gen_place){1, 1}, expression, &dfa)) {
    fail_msg("%s: %s", expression, gen.message);
  }
  yes = sdg_cddl_dfa_match(&dfa, sdg_bytes_str(text));
  if (states != NULL) {
    *states = dfa.state_count;
  }
  sdg_gen_clear(&gen);
  return yes;
}

static void test_languages(void **state)
{
  static const struct {
    const char *expression;
    const char *yes[4];
    const char *no[4];
  } vectors[] = {
      {"", {""}, {"a"}},
      {"a", {"a"}, {"", "b", "aa"}},
      {"ab|cd", {"ab", "cd"}, {"abcd", "ad", ""}},
      {"a|", {"a", ""}, {"b"}},
      {"()", {""}, {"a"}},
      {"a?b*c+", {"c", "abbc", "bcc"}, {"", "ab", "aac"}},
      {"a{3}", {"aaa"}, {"aa", "aaaa"}},
      {"a{2,}", {"aa", "aaaaaa"}, {"a", ""}},
      {"a{0,2}b", {"b", "ab", "aab"}, {"aaab"}},
      {"(ab){1,2}", {"ab", "abab"}, {"", "ababab"}},
      {"a{0}", {""}, {"a"}},
      {".", {"a", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x94\x92"}, {"\n", "\r", "", "ab"}},
      {"[^a]", {"b", "\n", "\xF0\x9F\x94\x92", "\xC3\xBC"}, {"a", "", "bb"}},
      {"[a\xC3\xBC\xE2\x82\xAC]", {"a", "\xC3\xBC", "\xE2\x82\xAC"}, {"\xC3\xBD", "b", "\xE2\x82\xAD"}},
      {"[\xC3\xA0-\xE2\x82\xAC]", {"\xC3\xA0", "\xDF\xBF", "\xE2\x82\xAC"}, {"\xC3\x9F", "\xE2\x82\xAD", "a"}},
      {"[-a]", {"-", "a"}, {"b"}},
      {"[a-]", {"-", "a"}, {"b"}},
      {"[^-]", {"a"}, {"-"}},
      {"[a^]", {"a", "^"}, {"b"}},
      {"[a-z-[aeiou]]+", {"xyz"}, {"a", "xa", "A"}},
      {"[^a-c-[x]]", {"d", "y"}, {"x", "a"}},
      {"[\\]\\[\\\\\\-]", {"]", "[", "\\", "-"}, {"a"}},
      {"\\s\\S", {" a", "\tb", "\n\xC3\xBC"}, {"ab", "  "}},
      {"[\\s0]", {" ", "0"}, {"s"}},
      {"\\n\\r\\t\\.\\*\\?\\+", {"\n\r\t.*?+"}, {"nrt"}},
      /* XSD has no anchors: these are characters */
      {"^a$", {"^a$"}, {"a"}},
  };

  (void)state;
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    for (size_t j = 0; j < 4 && vectors[i].yes[j] != NULL; j++) {
      if (!takes(vectors[i].expression, vectors[i].yes[j], NULL)) {
        fail_msg("%s does not take \"%s\"", vectors[i].expression, vectors[i].yes[j]);
      }
    }
    for (size_t j = 0; j < 4 && vectors[i].no[j] != NULL; j++) {
      if (takes(vectors[i].expression, vectors[i].no[j], NULL)) {
        fail_msg("%s takes \"%s\"", vectors[i].expression, vectors[i].no[j]);
      }
    }
  }
}

/* Bytes that are no UTF-8 are no characters. */
static void test_bad_utf8(void **state)
{
  static const char *const texts[] = {"\x80", "\xC3",    "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                      "\xFF", "\xE2\x82"};

  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_false(takes("(.|\n|\r)*", texts[i], NULL));
    assert_false(takes("[^a]*", texts[i], NULL));
  }
}

/* Known sizes, the trap included. */
static void test_minimal(void **state)
{
  static const struct {
    const char *expression;
    unsigned states;
  } vectors[] = {
      {"a", 3},           {"a|a|a", 3},    {"a*", 2},     {"(a|b)*abb", 5},     {"a{3}|aaa", 5},
      {"(a*)*|(b*)*", 4}, {"[ab]|a|b", 3}, {"aa*|a+", 3}, {"(ab|ac|bb|bc)", 4},
  };
  unsigned states;

  (void)state;
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    (void)takes(vectors[i].expression, "", &states);
    if (states != vectors[i].states) {
      fail_msg("%s: %u states, not %u", vectors[i].expression, states, vectors[i].states);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_languages),
      cmocka_unit_test(test_bad_utf8),
      cmocka_unit_test(test_minimal),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

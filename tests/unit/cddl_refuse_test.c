/* SPDX-License-Identifier: Apache-2.0 */
/* unit/cddl_refuse_test.c -- what the CDDL compiler does not take, and where it says the mistake is: the program is run
 * on each. */
#include "support/test.h"

#include <sys/wait.h>

typedef struct vector {
  const char *source;
  unsigned line, column;
  const char *says; /* part of the message */
} vector;

/* One for the process. */
static const char *folder(void)
{
  static char path[512];

  if (path[0] == '\0') {
    (void)snprintf(path, sizeof path, "%s", test_directory());
  }
  return path;
}

static void write_source(const char *path, const char *source)
{
  FILE *file = fopen(path, "wb");

  assert_non_null(file);
  assert_int_equal(fwrite(source, 1, strlen(source), file), strlen(source));
  assert_int_equal(fclose(file), 0);
}

/* Runs the compiler; |out| gets what it says.  Returns its exit status. */
static int run_compiler(const char *source, char *out, size_t size)
{
  char command[4096];
  char path[1024];
  size_t len;
  FILE *pipe;
  int status;

  (void)snprintf(path, sizeof path, "%s/x.cddl", folder());
  write_source(path, source);
  (void)snprintf(command, sizeof command, "'%s' sdg_x '%s' '%s.c' '%s.h' 2>&1", SDG_CDDL_GEN, path, path, path);
  pipe = popen(command, "r");
  assert_non_null(pipe);
  len = fread(out, 1, size - 1, pipe);
  out[len] = '\0';
  status = pclose(pipe);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void check_vectors(const vector *vectors, size_t count)
{
  char out[2048];
  char place[1200];

  for (size_t i = 0; i < count; i++) {
    const vector *v = &vectors[i];
    int status = run_compiler(v->source, out, sizeof out);
    (void)snprintf(place, sizeof place, "%s/x.cddl:%u:%u: error: ", folder(), v->line, v->column);
    if (status != 1 || strncmp(out, place, strlen(place)) != 0 || strstr(out, v->says) == NULL) {
      fail_msg("%s\ngave %d, %sinstead of %s...%s", v->source, status, out, place, v->says);
    }
  }
}

#define CHECK(vectors) check_vectors(vectors, sizeof(vectors) / sizeof(vectors)[0])

static void test_tokens(void **state)
{
  static const vector vectors[] = {
      {"", 1, 1, "the name of a rule"},
      {"; only a comment", 1, 17, "the name of a rule"},
      {"a = \"x", 1, 5, "does not end"},
      {"a = \"x\ny\"", 1, 7, "control character"},
      {"a = \"\\d\"", 1, 6, "unknown escape"},
      {"a = text .regexp \"1\\.2\"", 1, 20, "unknown escape"},
      {"a = \"\\u12\"", 1, 10, "hexadecimal"},
      {"a = \"\\ud800\"", 1, 6, "surrogate"},
      {"a = \"\\ud800\\u0041\"", 1, 6, "surrogate"},
      {"a = \"\\u0000\"", 1, 6, "U+0000"},
      {"a = \"\xC0\xAF\"", 1, 6, "UTF-8"},
      {"a = int ; \xFF\n", 1, 11, "UTF-8"},
      {"a = int ; \x01\n", 1, 11, "control character"},
      {"a =\tint", 1, 4, "tab"},
      {"a = int\r", 1, 8, "no meaning"},
      {"a = %", 1, 5, "no meaning"},
      {"a = 007", 1, 5, "leading zero"},
      {"a = 0x", 1, 7, "digit"},
      {"a = 0b2", 1, 7, "digit"},
      {"a = 0x1p3", 1, 8, "hexadecimal fractions"},
      {"a = 18446744073709551616", 1, 5, "64 bits"},
      {"a = 'bytes'", 1, 5, "byte strings"},
      {"a = h'00'", 1, 5, "byte strings"},
      {"a = b64'AA'", 1, 5, "byte strings"},
      {"a = [ 3*2 int ]", 1, 7, "lower limit"},
      {"a = [ 4294967295* int ]", 1, 7, "too large"},
      {"a = [ *4294967296 int ]", 1, 7, "too large"},
  };

  (void)state;
  CHECK(vectors);
}

static void test_syntax(void **state)
{
  static const vector vectors[] = {
      {"a", 1, 2, "'=', '/=' or '//='"},
      {"a =", 1, 4, "a type"},
      {"a = int\nb", 2, 2, "'='"},
      {"a = int int", 1, 12, "'='"},
      {"1 = int", 1, 1, "the name of a rule"},
      {"a = { b: int", 1, 13, "expected '}'"},
      {"a = [ int )", 1, 11, "expected ']'"},
      {"a = ( int", 1, 10, "expected ')'"},
      {"a = int /", 1, 10, "a type"},
      {"a = { b: }", 1, 10, "a type"},
      {"a = { \"b\" = int }", 1, 11, "a type"},
      {"a = { b ^ int }", 1, 11, "=>"},
      {"a = { ^ => int }", 1, 7, "a type"},
      {"a = [ ? ? int ]", 1, 9, "an occurrence"},
      {"a = (int, text) / null", 1, 5, "a group"},
      {"a = [ (int, text) / null ]", 1, 7, "a group"},
      {"a = { x: (int, text) }", 1, 10, "a group"},
      {"a = 1 .. 2 .. 3", 1, 12, "'..' found"},
      {"a = int .ge 1 .le 2", 1, 15, "the name of a rule"},
      {"a<> = int", 1, 3, "generic parameter"},
      {"a<t, t> = int", 1, 6, "twice"},
      {"a<t = int", 1, 5, "expected '>'"},
      {"a = b <int>\nb<t> = t", 1, 7, "without a blank"},
      {"a = b<int\nb<t> = t", 2, 1, "expected '>'"},
      {"a = #6.1(int)", 1, 5, "tags"},
      {"a = #", 1, 5, "'any'"},
      {"a = ~b\nb = [int]", 1, 5, "unwrapping"},
      {"a = &(b: 1)", 1, 5, "out of groups"},
      {"a = [ * ~b ]", 1, 9, "unwrapping"},
  };

  (void)state;
  CHECK(vectors);
}

static void test_names(void **state)
{
  static const vector vectors[] = {
      {"a = b", 1, 5, "not defined"},
      {"a = [ int,\n  nowhere ]", 2, 3, "not defined"},
      {"a = int\na = text", 2, 1, "already defined in line 1"},
      {"a /= int\na = text", 2, 1, "already defined"},
      {"int = text", 1, 1, "prelude"},
      {"a = any\nuri = text", 2, 1, "prelude"},
      {"a = bstr", 1, 5, "no JSON form"},
      {"a = { t: tdate }", 1, 10, "no JSON form"},
      {"a = float16", 1, 5, "no JSON form"},
      {"a = undefined", 1, 5, "no JSON form"},
      {"a = bigint", 1, 5, "no JSON form"},
      {"$a = int", 1, 1, "/="},
      {"$$a /= int", 1, 1, "//="},
      {"$a //= (x: int)", 1, 1, "/="},
      {"$a<t> /= t", 1, 1, "generic"},
      {"a = b<int>\nb = text", 1, 5, "takes 0 generic arguments, not 1"},
      {"a = b\nb<t> = t", 1, 5, "takes 1 generic arguments, not 0"},
      {"a = b<int, int>\nb<t> = t", 1, 5, "takes 1 generic arguments, not 2"},
      {"a<t> = t", 1, 1, "cannot be generic"},
      {"a = any\nb<t> = t\nb<t> /= t", 3, 1, "cannot be extended"},
      {"a = b<int>\nb<t> = t<int>", 2, 8, "takes 0 generic arguments"},
      {"a = { x: g }\ng = (y: int)", 1, 10, "a group where a type"},
      {"a = (x: int)\na /= text", 1, 1, "extended with //="},
      {"a = int\na //= (x: int)", 1, 1, "extended with /="},
  };

  (void)state;
  CHECK(vectors);
}

static void test_controls(void **state)
{
  static const vector vectors[] = {
      {"a = text .cbor text", 1, 10, ".cbor"},
      {"a = int .bits b\nb = 1", 1, 9, ".bits"},
      {"a = int .eq 1", 1, 9, ".eq"},
      {"a = int .default 1", 1, 9, ".default"},
      {"a = text .ge 1", 1, 10, "for numbers"},
      {"a = (int / text) .ge 1", 1, 18, "for numbers"},
      {"a = any .lt 1", 1, 9, "for numbers"},
      {"a = int .ge \"1\"", 1, 9, "needs a number"},
      {"a = int .ge int", 1, 9, "needs a number"},
      {"a = int .regexp \"a\"", 1, 9, "for text"},
      {"a = any .regexp \"a\"", 1, 9, "for text"},
      {"a = text .regexp text", 1, 10, "needs a text string"},
      {"a = text .regexp 1", 1, 10, "needs a text string"},
      {"a = int .size 1", 1, 9, "for text or for unsigned"},
      {"a = (text / uint) .size 1", 1, 19, "for text or for unsigned"},
      {"a = text .size -1", 1, 10, "needs an unsigned"},
      {"a = text .size \"1\"", 1, 10, "needs an unsigned"},
      {"a = text .size (0...0)", 1, 10, "needs an unsigned"},
      {"a = text .size 1.5", 1, 10, "needs an unsigned"},
      {"a = uint .size (1..2)", 1, 10, "one number"},
      {"a = 1 .. \"b\"", 1, 7, "a range needs"},
      {"a = 0..10.0", 1, 6, "a range needs"},
      {"a = 0.0..10", 1, 8, "a range needs"},
      {"a = int .. 5", 1, 9, "a range needs"},
      {"a = \"a\"..\"c\"", 1, 8, "a range needs"},
  };

  (void)state;
  CHECK(vectors);
}

static void test_shapes(void **state)
{
  static const vector vectors[] = {
      {"a = { int }", 1, 7, "needs a member key"},
      {"a = [ int ]\nb = { g }\ng = (c: text, int)", 3, 15, "needs a member key"},
      {"a = { 1: int }", 1, 7, "is text"},
      {"a = { * int => text }", 1, 9, "is text"},
      {"a = { * [text] => text }", 1, 9, "is text"},
      {"a = a", 1, 1, "refers to itself"},
      {"a = int / b\nb = text / a", 1, 1, "refers to itself"},
      {"a = (a) .and text", 1, 1, "refers to itself"},
      {"a = [ g ]\ng = (int, ? g)", 2, 1, "refers to itself"},
      {"$a /= $a", 1, 1, "refers to itself"},
      {"a = b<int>\nb<t> = [ b<[t]> ]", 2, 1, "without end"},
      {"a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 1, 69, "nested too deep"},
  };

  (void)state;
  CHECK(vectors);
}

static void test_regexps(void **state)
{
  static const struct {
    const char *expression;
    const char *says;
  } vectors[] = {
      {"a**", "byte 3"},
      {"*a", "byte 1"},
      {"a|*", "byte 3"},
      {"(a", "')' is missing"},
      {"a)", "')' without"},
      {"(?:a)", "no (?...)"},
      {"[", "too early"},
      {"[]", "empty class"},
      {"[^]", "empty class"},
      {"[a", "too early"},
      {"[z-a]", "wrong order"},
      {"[a-\\\\s]", "end of a range"},
      {"[a--]", "escaped"},
      {"[a-b-c]", "escaped"},
      {"[[]", "escaped"},
      {"a{", "number"},
      {"a{2", "'}' is missing"},
      {"a{2,1}", "wrong order"},
      {"a{,2}", "number"},
      {"a{1001}", "1000"},
      {"}", "escaped"},
      {"]", "escaped"},
      {"\\\\d", "not supported"},
      {"\\\\w+", "not supported"},
      {"\\\\p{L}", "not supported"},
      {"\\\\i\\\\c*", "not supported"},
      {"\\\\x41", "does not know"},
      {"\\\\$", "does not know"},
      {"\\\\", "does not know"},
      {"[a-z-[aeiou]", "']' is missing"},
      {"[a-[b]c]", "']' is missing"},
      {"(a{1000}){1000}", "too large"},
      {"(a|b)*a(a|b){20}", "too large"},
  };
  char source[256];
  vector v;

  (void)state;
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    (void)snprintf(source, sizeof source, "a = text\nb = text .regexp \"%s\"", vectors[i].expression);
    v = (vector){source, 2, 18, vectors[i].says};
    check_vectors(&v, 1);
  }
}

static void test_program(void **state)
{
  char out[512];
  char command[1024];

  (void)state;
  assert_int_equal(run_compiler("a = int\n", out, sizeof out), 0);
  assert_string_equal(out, "");
  (void)snprintf(command, sizeof command, "'%s' sdg_x /nonexistent/x.cddl /dev/null /dev/null 2>/dev/null",
                 SDG_CDDL_GEN);
  assert_int_equal(WEXITSTATUS(system(command)), 2);
  (void)snprintf(command, sizeof command, "'%s' 2>/dev/null", SDG_CDDL_GEN);
  assert_int_equal(WEXITSTATUS(system(command)), 2);
  (void)snprintf(command, sizeof command, "'%s' sdg_x '%s/x.cddl' /nonexistent/x.c /dev/null 2>/dev/null", SDG_CDDL_GEN,
                 folder());
  assert_int_equal(WEXITSTATUS(system(command)), 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tokens),   cmocka_unit_test(test_syntax), cmocka_unit_test(test_names),
      cmocka_unit_test(test_controls), cmocka_unit_test(test_shapes), cmocka_unit_test(test_regexps),
      cmocka_unit_test(test_program),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

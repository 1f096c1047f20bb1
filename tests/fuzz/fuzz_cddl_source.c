/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_cddl_source.c -- any text as a schema: a complaint with a place in it, or tables that can be written and
 * run. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "cddl/cddl.h"
#include "cddl/gen/emit.h"

static const char *const values[] = {
    "null",
    "17",
    "-0.5e3",
    "\"a\"",
    "[1,\"a\",[],{}]",
    "[[[[[1]]]]]",
    "{\"a\":1,\"b\":\"x\",\"c\":{\"a\":[1,2,3]},\"type\":\"y\"}",
    "{\"left\":{\"left\":{\"right\":{}}}}",
};

static int check_finding(void *ctx, const sdg_cddl_finding *finding)
{
  size_t *count = ctx;

  FUZZ_CHECK(sdg_utf8_is_valid(sdg_bytes_str(finding->pointer)));
  FUZZ_CHECK(sdg_utf8_is_valid(sdg_bytes_str(finding->expected)));
  FUZZ_CHECK(finding->rule != NULL && ++*count <= 64);
  return 0;
}

static void run_schema(const sdg_cddl_schema *schema)
{
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    sdg_json *value = NULL;
    FUZZ_CHECK(sdg_json_parse(&value, sdg_bytes_str(values[i]), NULL, NULL) == STARDELEG_OK);
    for (uint32_t rule = 0; rule < schema->rule_count && rule < 8; rule++) {
      const char *name = schema->text + schema->rules[rule].name;
      size_t count = 0;
      stardeleg_err err = sdg_cddl_check(schema, name, value, NULL, 0, check_finding, &count);
      FUZZ_CHECK(err == STARDELEG_OK || err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ||
                 (err == STARDELEG_ERR_ARGUMENT && schema->nodes[schema->rules[rule].node].group != 0));
      FUZZ_CHECK((err == STARDELEG_ERR_MALFORMED) == (count > 0));
    }
    sdg_json_free(value);
  }
}

static void write_tables(const sdg_gen_model *model)
{
  const sdg_gen_names names = {"x.cddl", "sdg_x", "x.h", "cddl/cddl_table.h"};
  FILE *out = fopen("/dev/null", "w");

  if (out != NULL) {
    FUZZ_CHECK(sdg_gen_emit_source(out, model, &names));
    (void)fclose(out);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  sdg_gen gen;
  sdg_gen_model model;
  char *source;

  sdg_gen_init(&gen);
  source = sdg_gen_copy(&gen, (const char *)data, size);
  if (sdg_gen_compile(&gen, source, size, &model)) {
    sdg_cddl_schema schema = sdg_gen_schema(&model);
    FUZZ_CHECK(!gen.failed);
    write_tables(&model);
    run_schema(&schema);
  } else {
    FUZZ_CHECK(gen.failed && gen.message[0] != '\0');
    FUZZ_CHECK(gen.place.line >= 1 && gen.place.column >= 1 && gen.place.line <= size + 1);
  }
  sdg_gen_clear(&gen);
  return 0;
}

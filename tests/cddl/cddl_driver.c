/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_driver.c -- reads JSON texts, one a line, and prints a verdict a line: "valid", "invalid" or "unreadable";
 * with -v also what is wrong.  The schema is the template's committed tables, or a CDDL file compiled on the spot.
 * Usage: cddl_driver [-v] [SCHEMA.cddl] < texts */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/bytes.h"
#include "cddl/cddl.h"
#include "cddl/gen/emit.h"
#include "json/json.h"
#include "template/csr_template_schema.h"

#define LINE_SIZE ((size_t)1 << 20)

static int print_finding(void *ctx, const sdg_cddl_finding *finding)
{
  (void)ctx;
  (void)printf("  %s | %s | %s\n", finding->pointer, finding->rule, finding->expected);
  return 0;
}

static int check_line(const sdg_cddl_schema *schema, const char *line, bool verbose)
{
  sdg_json *value = NULL;
  stardeleg_err err;

  if (sdg_json_parse(&value, sdg_bytes_str(line), NULL, NULL) != STARDELEG_OK) {
    return puts("unreadable") < 0;
  }
  /* What is wrong is always looked for, so that explaining is exercised as often as matching; it is only shown on
   * demand. */
  err = sdg_cddl_check(schema, NULL, value, NULL, 0, NULL, NULL);
  (void)puts(err == STARDELEG_OK ? "valid" : err == STARDELEG_ERR_MALFORMED ? "invalid" : stardeleg_strerror(err));
  if (verbose && err == STARDELEG_ERR_MALFORMED) {
    err = sdg_cddl_check(schema, NULL, value, NULL, 0, print_finding, NULL);
  }
  sdg_json_free(value);
  return err != STARDELEG_OK && err != STARDELEG_ERR_MALFORMED;
}

static bool load_schema(sdg_gen *gen, sdg_gen_model *model, const char *path)
{
  FILE *file = fopen(path, "rb");
  char *text = malloc(LINE_SIZE);
  size_t len = 0;
  bool good = file != NULL && text != NULL;

  if (good) {
    char *source;
    len = fread(text, 1, LINE_SIZE, file);
    source = sdg_gen_copy(gen, text, len);
    good = sdg_gen_compile(gen, source, len, model);
  }
  if (file != NULL) {
    (void)fclose(file);
  }
  free(text);
  if (!good) {
    (void)fprintf(stderr, "%s:%u:%u: error: %s\n", path, (unsigned)gen->place.line, (unsigned)gen->place.column,
                  gen->message);
  }
  return good;
}

int main(int argc, char **argv)
{
  bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
  const char *path = argc > 1 + verbose ? argv[1 + verbose] : NULL;
  char *line = malloc(LINE_SIZE);
  sdg_gen gen;
  sdg_gen_model model;
  sdg_cddl_schema schema = sdg_csr_template_schema;
  int status = 0;

  sdg_gen_init(&gen);
  if (path != NULL) {
    if (!load_schema(&gen, &model, path)) {
      status = 2;
    } else {
      schema = sdg_gen_schema(&model);
    }
  }
  while (status == 0 && line != NULL && fgets(line, (int)LINE_SIZE, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    status = check_line(&schema, line, verbose);
  }
  sdg_gen_clear(&gen);
  free(line);
  return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/main.c -- the program: sdg_cddl_gen SYMBOL SCHEMA.cddl OUT.c OUT.h [INCLUDE].  A complaint reads
 * "file:line:column: error: ..." and ends with 1; wrong use and files that cannot be read or written end with 2. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cddl/gen/emit.h"

#define SOURCE_MAX ((size_t)1 << 24)

static char *read_file(sdg_gen *gen, const char *path, size_t *len)
{
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  size_t cap = 0, got;

  *len = 0;
  if (file == NULL) {
    return NULL;
  }
  do {
    if (*len + 4096 > cap) {
      char *more = sdg_gen_alloc(gen, cap * 2 + 8192, 1);
      if (*len > 0) {
        memcpy(more, text, *len);
      }
      cap = cap * 2 + 8192;
      text = more;
    }
    got = fread(text + *len, 1, cap - *len - 1, file);
    *len += got;
  } while (got > 0 && *len < SOURCE_MAX);
  if (ferror(file) != 0) {
    text = NULL;
  }
  (void)fclose(file);
  return text;
}

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');

  return slash == NULL ? path : slash + 1;
}

static int complain(const char *path)
{
  (void)fprintf(stderr, "sdg_cddl_gen: cannot read or write %s\n", path);
  return 2;
}

static int write_files(const sdg_gen_model *model, const sdg_gen_names *names, const char *source, const char *header)
{
  FILE *out = fopen(source, "w");
  bool good = out != NULL && sdg_gen_emit_source(out, model, names);

  if (out != NULL && fclose(out) != 0) {
    good = false;
  }
  if (!good) {
    return complain(source);
  }
  out = fopen(header, "w");
  good = out != NULL && sdg_gen_emit_header(out, names);
  if (out != NULL && fclose(out) != 0) {
    good = false;
  }
  return good ? 0 : complain(header);
}

static int run(sdg_gen *gen, char **argv, const char *include)
{
  sdg_gen_names names = {base_name(argv[2]), argv[1], include, "cddl/cddl_table.h"};
  sdg_gen_model model;
  size_t len;
  char *source = read_file(gen, argv[2], &len);

  if (source == NULL) {
    return complain(argv[2]);
  }
  if (!sdg_gen_compile(gen, source, len, &model)) {
    (void)fprintf(stderr, "%s:%lu:%lu: error: %s\n", argv[2], (unsigned long)gen->place.line,
                  (unsigned long)gen->place.column, gen->message);
    return 1;
  }
  return write_files(&model, &names, argv[3], argv[4]);
}

int main(int argc, char **argv)
{
  sdg_gen gen;
  int status;

  if (argc != 5 && argc != 6) {
    (void)fprintf(stderr, "usage: sdg_cddl_gen SYMBOL SCHEMA.cddl OUT.c OUT.h [INCLUDE]\n"
                          "Compiles a CDDL schema (RFC 8610, what of it JSON can use) to C tables.  INCLUDE is how\n"
                          "OUT.c includes OUT.h (default: its base name).\n");
    return 2;
  }
  sdg_gen_init(&gen);
  status = run(&gen, argv, argc == 6 ? argv[5] : base_name(argv[4]));
  sdg_gen_clear(&gen);
  return status;
}

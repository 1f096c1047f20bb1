/* SPDX-License-Identifier: Apache-2.0 */
/* support/cddl.c -- checks of JSON texts against compiled schemas, for tests. */
#include "support/test.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "support/cddl.h"

static int write_finding(void *ctx, const sdg_cddl_finding *finding)
{
  sdg_buf *out = ctx;

  sdg_buf_add_str(out, finding->pointer);
  sdg_buf_add_str(out, " | ");
  sdg_buf_add_str(out, finding->rule);
  sdg_buf_add_str(out, " | ");
  sdg_buf_add_str(out, finding->expected);
  sdg_buf_add_str(out, "\n");
  return 0;
}

stardeleg_err test_cddl(const sdg_cddl_schema *schema, const char *rule, const char *json, const sdg_cddl_plug *plugs,
                        size_t plug_count, char **found)
{
  const sdg_json_limits limits = {1u << 22, 2000, 100000, 1u << 22};
  sdg_json *value = NULL;
  sdg_json_fault fault;
  sdg_buf out;
  stardeleg_err err;

  sdg_buf_init(&out, 1u << 20);
  if (sdg_json_parse(&value, sdg_bytes_str(json), &limits, &fault) != STARDELEG_OK) {
    fail_msg("not JSON (%s): %s", fault.reason, json);
  }
  err = sdg_cddl_check(schema, rule, value, plugs, plug_count, write_finding, &out);
  sdg_json_free(value);
  if (found != NULL) {
    size_t len = 0;
    assert_ok(sdg_buf_take(&out, found, &len));
  }
  sdg_buf_clear(&out);
  return err;
}

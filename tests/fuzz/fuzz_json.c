/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_json.c -- what the reader takes, the writer writes so that it reads the same. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "json/json_write.h"

/* The first byte chooses the limits. */
static sdg_json_limits choose_limits(uint8_t choice)
{
  sdg_json_limits limits = sdg_json_limits_default();

  if ((choice & 1) != 0) {
    limits.depth_max = (size_t)(choice >> 1 & 7);
  }
  if ((choice & 0x10) != 0) {
    limits.items_max = (size_t)(choice >> 5);
    limits.string_max = (size_t)(choice >> 5) * 3;
  }
  return limits;
}

static void check_fault(const sdg_json_fault *fault, size_t len)
{
  FUZZ_CHECK(fault->offset <= len);
  FUZZ_CHECK(fault->line >= 1 && fault->column >= 1 && fault->column <= len + 1);
  FUZZ_CHECK(fault->reason[0] != '\0');
  FUZZ_CHECK(memchr(fault->pointer, 0, sizeof(fault->pointer)) != NULL);
  FUZZ_CHECK(sdg_utf8_is_valid(sdg_bytes_str(fault->pointer)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const sdg_json_limits wide = {SIZE_MAX, 512, SIZE_MAX, SIZE_MAX};
  sdg_json_limits limits;
  sdg_json_fault fault;
  sdg_json *tree = NULL;
  sdg_json *again = NULL;
  sdg_json *copy = NULL;
  sdg_json_writer w;
  sdg_buf out;
  stardeleg_err rv;

  if (size == 0) {
    return 0;
  }
  limits = choose_limits(data[0]);
  sdg_buf_init(&out, 1u << 22);
  rv = sdg_json_parse(&tree, sdg_bytes(data + 1, size - 1), &limits, &fault);
  if (rv != STARDELEG_OK) {
    FUZZ_CHECK(tree == NULL);
    FUZZ_CHECK(rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT);
    check_fault(&fault, size - 1);
    return 0;
  }
  sdg_jw_init(&w, &out);
  sdg_jw_tree(&w, NULL, tree);
  FUZZ_CHECK(sdg_buf_error(&out) == STARDELEG_OK);
  FUZZ_CHECK(sdg_json_parse(&again, sdg_buf_bytes(&out), &wide, NULL) == STARDELEG_OK);
  FUZZ_CHECK(sdg_json_equal(tree, again));
  copy = sdg_json_copy(tree);
  FUZZ_CHECK(sdg_json_equal(again, copy));
  sdg_json_free(copy);
  sdg_json_free(again);
  sdg_json_free(tree);
  sdg_buf_clear(&out);
  return 0;
}

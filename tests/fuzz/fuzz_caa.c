/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_caa.c -- CAA: lines of the input are records, each first as a value, then as rdata. */
#include "fuzz/fuzz.h"

#include <string.h>

#include <stardeleg/caa.h>
#include "base/bytes.h"
#include "caa/caa_value.h"

static void check_value(stardeleg_bytes text)
{
  sdg_caa_value value;
  sdg_caa_parameter parameter;
  size_t count = 0;

  if (!sdg_caa_value_open(&value, text)) {
    return;
  }
  FUZZ_CHECK(value.issuer.len == 0 || sdg_caa_is_issuer(value.issuer));
  while (sdg_caa_value_next(&parameter, &value)) {
    FUZZ_CHECK(parameter.tag.len > 0 && sdg_caa_is_parameter_value(parameter.value));
    count++;
  }
  FUZZ_CHECK(value.rest.len == 0 && count <= text.len);
}

static void check_set(const stardeleg_bytes *rdata, size_t count, const char *name)
{
  static const char *const issuers[] = {"ca.example", NULL};
  static const char *const uris[] = {"https://ca.example/1", NULL};
  stardeleg_caa_question question = {sizeof(question), name, issuers, uris, "dns-01"};
  stardeleg_caa *caa = NULL;

  FUZZ_CHECK(stardeleg_caa_new(&caa, &question) == STARDELEG_OK);
  FUZZ_CHECK(stardeleg_caa_take(caa, rdata, count) == STARDELEG_OK);
  if (count > 0) {
    const stardeleg_caa_result *result = stardeleg_caa_get(caa);

    FUZZ_CHECK(result != NULL && strlen(result->record) < sizeof(result->record));
    FUZZ_CHECK((result->allowed != 0) == (result->reason <= STARDELEG_CAA_GRANTED));
    for (size_t i = 0; i < count; i++) {
      stardeleg_caa_record record;

      FUZZ_CHECK(stardeleg_caa_read(&record, rdata[i]) == STARDELEG_OK || result->allowed == 0);
    }
  }
  stardeleg_caa_free(caa);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  stardeleg_bytes all = sdg_bytes(data, size);
  stardeleg_bytes rdata[16];
  size_t count = 0;
  size_t start = 0;

  check_value(all);
  for (size_t i = 0; i <= size && count < 16; i++) {
    if (i == size || data[i] == '\n') {
      rdata[count] = sdg_bytes_part(all, start, i - start);
      check_value(rdata[count]);
      count++;
      start = i + 1;
    }
  }
  check_set(rdata, count, "www.example.org");
  check_set(rdata, count, "*.example.org");
  return 0;
}

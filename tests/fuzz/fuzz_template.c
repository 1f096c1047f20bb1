/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_template.c -- any bytes as a template: refused with findings, or loaded, explained and stable. */
#include "fuzz/fuzz.h"

#include <string.h>

#include <stardeleg/template.h>

/* Fit for a log line: no control characters. */
static void check_text(const char *text)
{
  for (const char *c = text; *c != '\0'; c++) {
    FUZZ_CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
  }
}

static void check_findings(const stardeleg_report *report)
{
  for (size_t i = 0; i < stardeleg_report_count(report); i++) {
    const stardeleg_finding *f = stardeleg_report_get(report, i);

    FUZZ_CHECK(f->rule[0] != '\0' && f->detail[0] != '\0');
    FUZZ_CHECK(f->acme == STARDELEG_ACME_MALFORMED);
    check_text(f->value);
    check_text(f->place);
    check_text(f->detail);
  }
}

static void check_loaded(stardeleg_template *tmpl)
{
  const char *json = stardeleg_template_json(tmpl);
  stardeleg_template *again = NULL;
  char *text = NULL;

  FUZZ_CHECK(stardeleg_template_load(&again, (stardeleg_bytes){(const uint8_t *)json, strlen(json)}, NULL, NULL) ==
             STARDELEG_OK);
  FUZZ_CHECK(strcmp(stardeleg_template_json(again), json) == 0);
  FUZZ_CHECK(stardeleg_template_explain(again, &text) == STARDELEG_OK);
  for (const char *c = text; *c != '\0'; c++) {
    FUZZ_CHECK((unsigned char)*c >= 0x20 || *c == '\n');
  }
  free(text);
  stardeleg_template_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  stardeleg_err err = stardeleg_template_load(&tmpl, (stardeleg_bytes){data, size}, NULL, &report);

  check_findings(report);
  if (err == STARDELEG_OK) {
    FUZZ_CHECK(!stardeleg_report_is_refusal(report));
    check_loaded(tmpl);
  } else {
    FUZZ_CHECK(tmpl == NULL);
    FUZZ_CHECK(stardeleg_report_is_refusal(report));
  }
  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
  return 0;
}

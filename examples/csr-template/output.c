/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/output.c -- answers for people and for programs. */
#include "output.h"

#include <stdio.h>

/* How many bytes the UTF-8 sequence (RFC 3629 4) at |text| has; 0: it is none. */
static size_t utf8_len(const char *text)
{
  const unsigned char *p = (const unsigned char *)text;
  size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

  for (size_t i = 1; i < n; i++) {
    if ((p[i] & 0xc0) != 0x80) {
      return 0;
    }
  }
  return (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
                 (p[0] == 0xf4 && p[1] > 0x8f)
             ? 0
             : n;
}

void output_json_string(const char *text)
{
  (void)putchar('"');
  while (*text != '\0') {
    unsigned char c = (unsigned char)*text;
    size_t n = utf8_len(text);

    if (c == '"' || c == '\\') {
      (void)printf("\\%c", c);
    } else if (c < 0x20) {
      (void)printf("\\u%04x", c);
    } else if (n == 0) {
      (void)fputs("\\ufffd", stdout);
    } else {
      (void)fwrite(text, 1, n, stdout);
    }
    text += n > 0 ? n : 1;
  }
  (void)putchar('"');
}

static void put_member(const char *name, const char *value)
{
  (void)printf(",\"%s\":", name);
  output_json_string(value);
}

static void put_finding(const stardeleg_finding *f)
{
  (void)printf("{\"warning\":%s", f->warning ? "true" : "false");
  put_member("place", f->place);
  put_member("rule", f->rule);
  put_member("detail", f->detail);
  put_member("value", f->value);
  put_member("error", stardeleg_acme_error_urn(f->acme));
  if (f->identifier_type[0] != '\0') {
    (void)fputs(",\"identifier\":{\"type\":", stdout);
    output_json_string(f->identifier_type);
    put_member("value", f->identifier_value);
    (void)putchar('}');
  }
  (void)putchar('}');
}

static void put_json(const char *subject, bool accepted, const stardeleg_report *report)
{
  stardeleg_problem problem;

  (void)fputs("{\"file\":", stdout);
  output_json_string(subject);
  (void)printf(",\"accepted\":%s,\"findings\":[", accepted ? "true" : "false");
  for (size_t i = 0; i < stardeleg_report_count(report); i++) {
    (void)fputs(i == 0 ? "" : ",", stdout);
    put_finding(stardeleg_report_get(report, i));
  }
  (void)putchar(']');
  if (!accepted) {
    stardeleg_report_to_problem(report, &problem);
    (void)printf(",\"problem\":{\"status\":%d", problem.status);
    put_member("type", problem.type);
    put_member("detail", problem.detail);
    (void)putchar('}');
  }
  (void)fputs("}\n", stdout);
}

void output_report(const char *subject, bool accepted, const stardeleg_report *report, bool json)
{
  if (json) {
    put_json(subject, accepted, report);
    return;
  }
  (void)printf("%s: %s\n", subject, accepted ? "accepted" : "REFUSED");
  for (size_t i = 0; i < stardeleg_report_count(report); i++) {
    const stardeleg_finding *f = stardeleg_report_get(report, i);

    (void)printf("  %s: ", f->warning ? "warning" : "refused");
    if (f->place[0] != '\0') {
      (void)printf("%s: ", f->place);
    }
    if (f->identifier_value[0] != '\0') {
      (void)printf("%s %s: ", f->identifier_type, f->identifier_value);
    }
    (void)printf("%s [%s]\n", f->detail, f->rule);
  }
}

void output_text(const char *name, const char *text, bool json)
{
  if (!json) {
    (void)fputs(text, stdout);
    return;
  }
  (void)printf("{\"%s\":", name);
  output_json_string(text);
  (void)fputs("}\n", stdout);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* template/report.c -- the list of findings and its summary as a problem document. */
#include "template/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"

/* More findings help nobody, and a peer must not choose how much we keep. */
#define FINDINGS_MAX 1000
#define TEXT_SIZE 600

struct stardeleg_report {
  struct entry {
    stardeleg_finding finding;
    char *block; /* all strings of the finding, one after the other */
  } * entries;
  size_t count;
  size_t capacity;
  bool refuses;
};

const char *sdg_show(sdg_shown *room, stardeleg_bytes raw)
{
  sdg_text_escape(room->text, sizeof(room->text), raw);
  return room->text;
}

bool sdg_findings_refuse(const sdg_findings *findings)
{
  return findings->refusals + findings->beyond != 0;
}

/* The next free entry, or NULL. */
static struct entry *make_room(sdg_findings *findings)
{
  stardeleg_report *report = findings->report;

  if (report == NULL) {
    report = sdg_calloc(1, sizeof(*report));
    if (report == NULL) {
      return NULL;
    }
    findings->report = report;
  }
  if (report->count == report->capacity) {
    size_t capacity = report->capacity == 0 ? 4 : report->capacity * 2;
    struct entry *entries = sdg_realloc(report->entries, capacity, sizeof(*entries));

    if (entries == NULL) {
      return NULL;
    }
    report->entries = entries;
    report->capacity = capacity;
  }
  return &report->entries[report->count];
}

/* Copies |text| to |*at| and moves |*at| behind it. */
static const char *put_text(char **at, const char *text)
{
  size_t size = strlen(text) + 1;
  char *start = *at;

  memcpy(start, text, size);
  *at = start + size;
  return start;
}

static const char *or_empty(const char *text)
{
  return text != NULL ? text : "";
}

static bool store_finding(struct entry *entry, const sdg_flaw *flaw, const char *detail)
{
  char value[TEXT_SIZE];
  char name[TEXT_SIZE];
  const char *place = or_empty(flaw->place);
  const char *type = or_empty(flaw->identifier_type);
  size_t size;
  char *at;

  sdg_text_escape(value, sizeof(value), flaw->value);
  sdg_text_escape(name, sizeof(name), flaw->identifier_value);
  size = strlen(place) + strlen(flaw->rule) + strlen(value) + strlen(detail) + strlen(type) + strlen(name) + 6;
  at = sdg_calloc(1, size);
  if (at == NULL) {
    return false;
  }
  entry->block = at;
  entry->finding.place = put_text(&at, place);
  entry->finding.rule = put_text(&at, flaw->rule);
  entry->finding.value = put_text(&at, value);
  entry->finding.detail = put_text(&at, detail);
  entry->finding.identifier_type = put_text(&at, type);
  entry->finding.identifier_value = put_text(&at, name);
  entry->finding.acme = flaw->acme;
  entry->finding.warning = flaw->kind == SDG_FLAW_WARNING;
  return true;
}

void sdg_findings_add(sdg_findings *findings, const sdg_flaw *flaw, const char *detail, ...)
{
  char text[TEXT_SIZE];
  struct entry *entry;
  va_list args;

  if (flaw->kind == SDG_FLAW_REFUSAL) {
    findings->refusals++;
  } else if (flaw->kind == SDG_FLAW_BEYOND) {
    findings->beyond++;
  }
  if (findings->report != NULL && findings->report->count >= FINDINGS_MAX) {
    findings->report->refuses = findings->report->refuses || flaw->kind != SDG_FLAW_WARNING;
    return;
  }
  va_start(args, detail);
  (void)vsnprintf(text, sizeof(text), detail, args);
  va_end(args);
  entry = make_room(findings);
  if (entry == NULL || !store_finding(entry, flaw, text)) {
    findings->no_memory = true;
    return;
  }
  findings->report->count++;
  findings->report->refuses = findings->report->refuses || flaw->kind != SDG_FLAW_WARNING;
}

size_t stardeleg_report_count(const stardeleg_report *report)
{
  return report != NULL ? report->count : 0;
}

const stardeleg_finding *stardeleg_report_get(const stardeleg_report *report, size_t i)
{
  return i < stardeleg_report_count(report) ? &report->entries[i].finding : NULL;
}

int stardeleg_report_is_refusal(const stardeleg_report *report)
{
  return report != NULL && report->refuses;
}

void stardeleg_report_free(stardeleg_report *report)
{
  if (report == NULL) {
    return;
  }
  for (size_t i = 0; i < report->count; i++) {
    sdg_free(report->entries[i].block);
  }
  sdg_free(report->entries);
  sdg_free(report);
}

/* Findings with a name at fault get a subproblem (RFC 8555 6.7.1); the others are the problem itself. */
static bool is_about_name(const stardeleg_finding *finding)
{
  return finding->acme == STARDELEG_ACME_REJECTED_IDENTIFIER || finding->acme == STARDELEG_ACME_UNSUPPORTED_IDENTIFIER;
}

/* True if an earlier refusal had the same name: one subproblem each is enough. */
static bool is_told(const stardeleg_report *report, size_t end)
{
  const stardeleg_finding *finding = &report->entries[end].finding;

  for (size_t i = 0; i < end; i++) {
    const stardeleg_finding *other = &report->entries[i].finding;

    if (!other->warning && is_about_name(other) && finding->identifier_type[0] != '\0' &&
        strcmp(other->identifier_type, finding->identifier_type) == 0 &&
        strcmp(other->identifier_value, finding->identifier_value) == 0) {
      return true;
    }
  }
  return false;
}

typedef struct summary {
  const stardeleg_finding *first; /* the first refusal that is not hidden behind the type */
  size_t refusals;
  stardeleg_acme_error acme;
} summary;

/* The type that covers all: badCSR (or malformed) over rejectedIdentifier over unsupportedIdentifier. */
static int rank(stardeleg_acme_error acme)
{
  switch (acme) {
  case STARDELEG_ACME_UNSUPPORTED_IDENTIFIER:
    return 1;
  case STARDELEG_ACME_REJECTED_IDENTIFIER:
    return 2;
  case STARDELEG_ACME_BAD_CSR:
    return 3;
  default:
    return 4;
  }
}

static summary sum_up(const stardeleg_report *report)
{
  summary sum = {0};

  for (size_t i = 0; i < stardeleg_report_count(report); i++) {
    const stardeleg_finding *finding = &report->entries[i].finding;

    if (finding->warning) {
      continue;
    }
    sum.refusals++;
    if (sum.first == NULL || rank(finding->acme) > rank(sum.acme)) {
      sum.first = finding;
      sum.acme = finding->acme;
    }
  }
  return sum;
}

/* The texts of a report are escaped already; the second escaping of sdg_problem_add_sub() would double every
 * backslash, so they are put in behind its back. */
static void add_subproblem(stardeleg_problem *problem, const stardeleg_finding *finding)
{
  size_t at = problem->subproblem_count;
  stardeleg_subproblem *sub;

  sdg_problem_add_sub(problem, finding->acme, finding->identifier_type[0] != '\0' ? finding->identifier_type : NULL,
                      sdg_bytes(NULL, 0), "");
  if (problem->subproblem_count == at) {
    return;
  }
  sub = &problem->subproblems[at];
  (void)snprintf(sub->identifier_value, sizeof(sub->identifier_value), "%s", finding->identifier_value);
  (void)snprintf(sub->detail, sizeof(sub->detail), "%s", finding->detail);
}

void stardeleg_report_to_problem(const stardeleg_report *report, stardeleg_problem *problem)
{
  summary sum = sum_up(report);

  if (sum.first == NULL) {
    sdg_problem_clear(problem);
    return;
  }
  if (sum.refusals == 1) {
    sdg_problem_set(problem, sum.acme, "%s", sum.first->detail);
  } else {
    sdg_problem_set(problem, sum.acme, "%s (and %zu more)", sum.first->detail, sum.refusals - 1);
  }
  if (sum.acme != STARDELEG_ACME_MALFORMED) {
    problem->status = 403; /* RFC 8555 7.4: finalize with a CSR that is not acceptable */
  }
  (void)snprintf(problem->place, sizeof(problem->place), "%s", sum.first->place);
  for (size_t i = 0; i < report->count; i++) {
    const stardeleg_finding *finding = &report->entries[i].finding;

    if (!finding->warning && is_about_name(finding) && !is_told(report, i)) {
      add_subproblem(problem, finding);
    }
  }
}

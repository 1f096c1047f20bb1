/* SPDX-License-Identifier: Apache-2.0 */
/* template/report.h -- collecting findings: nothing is allocated until there is one. */
#ifndef SDG_TEMPLATE_REPORT_H
#define SDG_TEMPLATE_REPORT_H

#include <stdbool.h>
#include <stardeleg/template.h>

/* What kind of finding; decides the code a loader returns. */
typedef enum sdg_flaw_kind {
  SDG_FLAW_REFUSAL = 0, /* against the format, or against the template */
  SDG_FLAW_BEYOND,      /* well-formed, but more than the options allow */
  SDG_FLAW_WARNING      /* said, not refused */
} sdg_flaw_kind;

/* A finding in the making.  Strings NULL: "".  Raw texts of a peer are escaped on the way in. */
typedef struct sdg_flaw {
  sdg_flaw_kind kind;
  const char *place;
  const char *rule;
  stardeleg_acme_error acme;
  stardeleg_bytes value; /* raw */
  const char *identifier_type;
  stardeleg_bytes identifier_value; /* raw */
} sdg_flaw;

/* The collector.  Begin with all zero; hand |report| over or free it. */
typedef struct sdg_findings {
  stardeleg_report *report;
  size_t refusals; /* of kind REFUSAL */
  size_t beyond;   /* of kind BEYOND */
  bool no_memory;  /* a finding was lost: the verdict must not be "accepted" */
} sdg_findings;

/* Room for peer text inside of a sentence. */
typedef struct sdg_shown {
  char text[200];
} sdg_shown;

/* |raw| made safe for a sentence; the result is |room|'s text. */
const char *sdg_show(sdg_shown *room, stardeleg_bytes raw);

/* Adds a finding; the sentence |detail| is a printf format whose peer texts went through sdg_show(). */
void sdg_findings_add(sdg_findings *findings, const sdg_flaw *flaw, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/* True if anything refuses. */
bool sdg_findings_refuse(const sdg_findings *findings);

#endif /* SDG_TEMPLATE_REPORT_H */

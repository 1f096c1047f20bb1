/* SPDX-License-Identifier: Apache-2.0 */
/* caa/caa.c -- the evaluation of CAA records: climbing, then judging (RFC 8659 3, 4). */
#include <stardeleg/caa.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "caa/caa_value.h"

/* Nobody has that many; each costs a little. */
#define RECORDS_MAX 500u
#define LIST_MAX 32u

struct stardeleg_caa {
  char name[STARDELEG_CAA_NAME_SIZE]; /* without "*." */
  const char *at;                     /* what is asked next, within |name| */
  bool wildcard;
  char **issuers;
  char **account_uris;
  char *method;
  bool decided;
  stardeleg_caa_result result;
};

static const char *const reasons[] = {
    [STARDELEG_CAA_NO_RECORDS] = "has no CAA records",
    [STARDELEG_CAA_NOT_RESTRICTED] = "is not restricted by its CAA records",
    [STARDELEG_CAA_GRANTED] = "is open to this CA by its CAA records",
    [STARDELEG_CAA_CRITICAL] = "has a critical CAA property that is unknown here",
    [STARDELEG_CAA_MALFORMED_RECORD] = "has a CAA record that cannot be read",
    [STARDELEG_CAA_MALFORMED_VALUE] = "has a CAA property without the form of one, which forbids everybody",
    [STARDELEG_CAA_NOBODY] = "is closed to everybody by its CAA records",
    [STARDELEG_CAA_OTHER_ISSUER] = "is open to other CAs only by its CAA records",
    [STARDELEG_CAA_OTHER_ACCOUNT] = "is open to another account only by its CAA records",
    [STARDELEG_CAA_OTHER_METHOD] = "is not open to this way of validation by its CAA records",
    [STARDELEG_CAA_MALFORMED_PARAMETER] = "has a CAA property with a parameter twice or without its form",
};
#define REASON_COUNT (sizeof(reasons) / sizeof(reasons[0]))

const char *stardeleg_caa_reason_text(stardeleg_caa_reason reason)
{
  return (size_t)reason < REASON_COUNT ? reasons[reason] : "has unknown CAA records";
}

/* --- In and out --- */

static bool is_good_question(const stardeleg_caa_question *question)
{
  if (question == NULL || question->size != sizeof(*question) || question->name == NULL || question->issuers == NULL ||
      question->issuers[0] == NULL) {
    return false;
  }
  for (size_t i = 0; question->issuers[i] != NULL; i++) {
    if (!sdg_caa_is_issuer(sdg_bytes_str(question->issuers[i]))) {
      return false;
    }
  }
  return sdg_name_check_dns(sdg_bytes_str(question->name), SDG_NAME_ALLOW_WILDCARD | SDG_NAME_ALLOW_ONE_LABEL) ==
         SDG_NAME_OK;
}

stardeleg_err stardeleg_caa_new(stardeleg_caa **out, const stardeleg_caa_question *question)
{
  stardeleg_caa *caa;
  stardeleg_err err;

  if (out == NULL || !is_good_question(question)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  caa = sdg_calloc(1, sizeof(*caa));
  if (caa == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  caa->wildcard = sdg_name_is_wildcard(sdg_bytes_str(question->name));
  (void)snprintf(caa->name, sizeof(caa->name), "%s", question->name + (caa->wildcard ? 2 : 0));
  caa->at = caa->name;
  err = sdg_strings_dup(&caa->issuers, question->issuers, LIST_MAX);
  if (err == STARDELEG_OK) {
    err = sdg_strings_dup(&caa->account_uris, question->account_uris, LIST_MAX);
  }
  if (err == STARDELEG_OK && question->method != NULL) {
    caa->method = sdg_strdup(question->method);
    err = caa->method != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  if (err != STARDELEG_OK) {
    stardeleg_caa_free(caa);
    return err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_ARGUMENT : err;
  }
  *out = caa;
  return STARDELEG_OK;
}

void stardeleg_caa_free(stardeleg_caa *caa)
{
  if (caa != NULL) {
    sdg_strings_free(caa->issuers);
    sdg_strings_free(caa->account_uris);
    sdg_free(caa->method);
    sdg_free(caa);
  }
}

const char *stardeleg_caa_next(const stardeleg_caa *caa)
{
  return caa->decided ? NULL : caa->at;
}

const stardeleg_caa_result *stardeleg_caa_get(const stardeleg_caa *caa)
{
  return caa->decided ? &caa->result : NULL;
}

/* --- One record --- */

stardeleg_err stardeleg_caa_read(stardeleg_caa_record *out, stardeleg_bytes rdata)
{
  size_t tag_len;

  if (rdata.len < 2) {
    return STARDELEG_ERR_MALFORMED;
  }
  tag_len = rdata.base[1];
  if (tag_len == 0 || tag_len > rdata.len - 2) {
    return STARDELEG_ERR_MALFORMED;
  }
  out->critical = (rdata.base[0] & 0x80) != 0;
  out->tag = sdg_bytes_part(rdata, 2, tag_len);
  out->value = sdg_bytes_from(rdata, 2 + tag_len);
  for (size_t i = 0; i < tag_len; i++) {
    uint8_t c = sdg_ascii_lower(out->tag.base[i]);

    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
      return STARDELEG_ERR_MALFORMED; /* no hyphens here (erratum 5934) */
    }
  }
  return STARDELEG_OK;
}

/* "0 issue \"ca.example\"", as far as it goes. */
static void describe(char out[STARDELEG_CAA_TEXT_SIZE], stardeleg_bytes rdata)
{
  char tag[300];
  char value[STARDELEG_CAA_TEXT_SIZE];
  stardeleg_caa_record record;
  int len;

  if (stardeleg_caa_read(&record, rdata) != STARDELEG_OK) {
    (void)snprintf(out, STARDELEG_CAA_TEXT_SIZE, "(%zu octets that are no CAA record)", rdata.len);
    return;
  }
  sdg_text_escape(tag, sizeof(tag), record.tag);
  sdg_text_escape(value, sizeof(value), record.value);
  len = snprintf(out, STARDELEG_CAA_TEXT_SIZE, "%u %s \"%s\"", (unsigned)rdata.base[0], tag, value);
  if (len >= STARDELEG_CAA_TEXT_SIZE) {
    memcpy(out + STARDELEG_CAA_TEXT_SIZE - 4, "...", 4);
  }
}

static bool is_known(stardeleg_bytes tag)
{
  return sdg_bytes_is_nocase(tag, "issue") || sdg_bytes_is_nocase(tag, "issuewild") ||
         sdg_bytes_is_nocase(tag, "iodef");
}

/* --- Judging --- */

static bool is_in_list(char *const *list, stardeleg_bytes text, bool nocase)
{
  for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
    if (nocase ? sdg_bytes_is_nocase(text, list[i]) : sdg_bytes_is(text, list[i])) {
      return true;
    }
  }
  return false;
}

/* RFC 8657 3, 4.  What a parameter of another name means is the CA's affair alone (RFC 8659 4.2); this library gives
 * none a meaning. */
static stardeleg_caa_reason judge_parameters(const stardeleg_caa *caa, sdg_caa_value *value)
{
  stardeleg_caa_reason reason = STARDELEG_CAA_GRANTED;
  size_t uris = 0;
  size_t methods = 0;
  sdg_caa_parameter parameter;

  while (sdg_caa_value_next(&parameter, value)) {
    if (sdg_bytes_is_nocase(parameter.tag, "accounturi")) {
      uris++;
      if (!is_in_list(caa->account_uris, parameter.value, false)) {
        reason = STARDELEG_CAA_OTHER_ACCOUNT;
      }
    } else if (sdg_bytes_is_nocase(parameter.tag, "validationmethods")) {
      methods++;
      if (!sdg_caa_is_methods(parameter.value)) {
        return STARDELEG_CAA_MALFORMED_PARAMETER;
      }
      if (reason == STARDELEG_CAA_GRANTED &&
          (caa->method == NULL || !sdg_caa_has_method(parameter.value, caa->method))) {
        reason = STARDELEG_CAA_OTHER_METHOD;
      }
    }
  }
  return uris > 1 || methods > 1 ? STARDELEG_CAA_MALFORMED_PARAMETER : reason;
}

static stardeleg_caa_reason judge_property(const stardeleg_caa *caa, stardeleg_bytes text)
{
  sdg_caa_value value;

  if (!sdg_caa_value_open(&value, text)) {
    return STARDELEG_CAA_MALFORMED_VALUE;
  }
  if (value.issuer.len == 0) {
    return STARDELEG_CAA_NOBODY;
  }
  if (!is_in_list(caa->issuers, value.issuer, true)) {
    return STARDELEG_CAA_OTHER_ISSUER;
  }
  return judge_parameters(caa, &value);
}

/* Properties add up (RFC 8659 4.2): the friendliest counts, and among refusals the one that was nearest to letting us
 * in tells its reader most. */
static unsigned rank(stardeleg_caa_reason reason)
{
  switch (reason) {
  case STARDELEG_CAA_GRANTED:
    return 6;
  case STARDELEG_CAA_OTHER_METHOD:
    return 5;
  case STARDELEG_CAA_OTHER_ACCOUNT:
    return 4;
  case STARDELEG_CAA_MALFORMED_PARAMETER:
    return 3;
  case STARDELEG_CAA_OTHER_ISSUER:
    return 2;
  case STARDELEG_CAA_MALFORMED_VALUE:
    return 1;
  default:
    return 0;
  }
}

static void decide(stardeleg_caa *caa, stardeleg_caa_reason reason, const stardeleg_bytes *record)
{
  caa->decided = true;
  caa->result.reason = reason;
  caa->result.allowed = reason == STARDELEG_CAA_NO_RECORDS || reason == STARDELEG_CAA_NOT_RESTRICTED ||
                        reason == STARDELEG_CAA_GRANTED;
  if (reason != STARDELEG_CAA_NO_RECORDS) {
    (void)snprintf(caa->result.found_at, sizeof(caa->result.found_at), "%s", caa->at);
  }
  if (record != NULL) {
    describe(caa->result.record, *record);
  }
}

/* What forbids by itself: looked for in every record before any is believed.  |*tag| becomes the property that
 * counts. */
static bool survey(stardeleg_caa *caa, const stardeleg_bytes *rdata, size_t count, const char **tag)
{
  stardeleg_caa_record record;

  *tag = "issue";
  for (size_t i = 0; i < count; i++) {
    if (i == RECORDS_MAX || stardeleg_caa_read(&record, rdata[i]) != STARDELEG_OK) {
      decide(caa, STARDELEG_CAA_MALFORMED_RECORD, &rdata[i]);
      return false;
    }
    if (record.critical && !is_known(record.tag)) {
      decide(caa, STARDELEG_CAA_CRITICAL, &rdata[i]);
      return false;
    }
    /* RFC 8659 4.3: one issuewild, and issue does not count for wildcards; for others issuewild never does. */
    if (caa->wildcard && sdg_bytes_is_nocase(record.tag, "issuewild")) {
      *tag = "issuewild";
    }
  }
  return true;
}

static void judge(stardeleg_caa *caa, const stardeleg_bytes *rdata, size_t count)
{
  stardeleg_caa_reason best = STARDELEG_CAA_NOT_RESTRICTED;
  const stardeleg_bytes *decisive = NULL;
  const char *tag;

  if (!survey(caa, rdata, count, &tag)) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    stardeleg_caa_record record;
    stardeleg_caa_reason reason;

    if (stardeleg_caa_read(&record, rdata[i]) != STARDELEG_OK || !sdg_bytes_is_nocase(record.tag, tag)) {
      continue;
    }
    reason = judge_property(caa, record.value);
    if (decisive == NULL || rank(reason) > rank(best)) {
      best = reason;
      decisive = &rdata[i];
    }
  }
  decide(caa, best, decisive);
}

stardeleg_err stardeleg_caa_take(stardeleg_caa *caa, const stardeleg_bytes *rdata, size_t count)
{
  const char *dot;

  if (caa->decided) {
    return STARDELEG_ERR_STATE;
  }
  if (count > 0) {
    judge(caa, rdata, count);
    return STARDELEG_OK;
  }
  /* RFC 8659 3: up from the name that was asked for, not from what an alias led to, and not to the root. */
  dot = strchr(caa->at, '.');
  if (dot == NULL) {
    decide(caa, STARDELEG_CAA_NO_RECORDS, NULL);
  } else {
    caa->at = dot + 1;
  }
  return STARDELEG_OK;
}

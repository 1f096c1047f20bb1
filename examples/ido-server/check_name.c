/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/check_name.c -- what the DNS says of one delegated name: CAA, its CNAME, its challenges. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "ido-server/check.h"

static void find_fault(check_name *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void find_fault(check_name *c, const char *format, ...)
{
  va_list arguments;

  if (c->finding_count < CHECK_FINDINGS_MAX) {
    va_start(arguments, format);
    sdg_text_format(c->findings[c->finding_count++], CHECK_TEXT, format, arguments);
    va_end(arguments);
  }
}

static bool knows_ca(const check_subject *s)
{
  return s->identities != NULL && s->identities[0] != NULL;
}

static const char *without_star(const char *name)
{
  return strncmp(name, "*.", 2) == 0 ? name + 2 : name;
}

/* --- CAA --- */

bool check_name_begin(check_name *c, const check_subject *subject)
{
  static const char *const nobody[] = {"nobody.invalid", NULL};
  static const char *const stranger[] = {"https://nobody.invalid/account", NULL};
  const char *const ours[] = {subject->account, NULL};
  bool ok = true;

  memset(c, 0, sizeof(*c));
  c->subject = *subject;
  c->caa_state = "unknown";
  for (int i = 0; i < CHECK_QUESTIONS && ok; i++) {
    stardeleg_caa_question question = {.size = sizeof(question), .name = subject->name};

    question.issuers = knows_ca(subject) ? subject->identities : nobody;
    question.account_uris = i == CHECK_STRANGER ? stranger : subject->account[0] != '\0' ? ours : NULL;
    question.method = i == CHECK_OTHER_WAY ? "http-01" : "dns-01";
    ok = stardeleg_caa_new(&c->caa[i], &question) == STARDELEG_OK;
  }
  return ok;
}

void check_name_end(check_name *c)
{
  for (int i = 0; i < CHECK_QUESTIONS; i++) {
    stardeleg_caa_free(c->caa[i]);
    c->caa[i] = NULL;
  }
}

/* Does a property that lets CAs issue name one that is not ours? */
static bool names_other(const check_name *c, stardeleg_bytes rdata)
{
  stardeleg_caa_record record;
  stardeleg_bytes issuer;

  if (stardeleg_caa_read(&record, rdata) != STARDELEG_OK ||
      (!sdg_bytes_is_nocase(record.tag, "issue") && !sdg_bytes_is_nocase(record.tag, "issuewild"))) {
    return false;
  }
  issuer = record.value;
  for (size_t i = 0; i < issuer.len; i++) {
    if (issuer.base[i] == ';') {
      issuer.len = i;
    }
  }
  issuer = sdg_bytes_trim(issuer);
  for (size_t i = 0; knows_ca(&c->subject) && c->subject.identities[i] != NULL; i++) {
    if (sdg_bytes_is_nocase(issuer, c->subject.identities[i])) {
      return false;
    }
  }
  return issuer.len > 0;
}

static void judge_caa(check_name *c)
{
  const stardeleg_caa_result *us = stardeleg_caa_get(c->caa[CHECK_US]);
  const stardeleg_caa_result *stranger = stardeleg_caa_get(c->caa[CHECK_STRANGER]);
  const stardeleg_caa_result *other_way = stardeleg_caa_get(c->caa[CHECK_OTHER_WAY]);

  (void)snprintf(c->found_at, sizeof(c->found_at), "%s", us->found_at);
  (void)snprintf(c->record, sizeof(c->record), "%s", us->record);
  if (us->reason == STARDELEG_CAA_NO_RECORDS || us->reason == STARDELEG_CAA_NOT_RESTRICTED) {
    c->caa_state = "open";
    c->wants_records = true;
    find_fault(c, "%s %s: whoever answers for the name can have a certificate of his own", c->subject.name,
               stardeleg_caa_reason_text(us->reason));
    return;
  }
  if (!knows_ca(&c->subject)) {
    find_fault(c, "what the CA is called in CAA records is not known: set caa-identities of the issuer");
    return;
  }
  c->caa_state = us->allowed ? "ours" : "refused";
  if (!us->allowed) {
    find_fault(c, "%s %s: our CA cannot issue", c->subject.name, stardeleg_caa_reason_text(us->reason));
  } else if (stranger->allowed) {
    find_fault(c, "accounturi does not bind the CA to our account: any account there can order");
  }
  if (us->allowed && other_way->allowed) {
    find_fault(c, "validationmethods lets other ways in than dns-01: who serves the name can answer http-01");
  }
  if (c->others) {
    find_fault(c, "another CA is named beside ours");
  }
  c->wants_records = c->finding_count > 0;
}

static void take_caa(check_name *c, const stardeleg_dns_answer *answer)
{
  bool named = false;

  for (size_t i = 0; i < answer->record_count; i++) {
    named = named || names_other(c, answer->records[i]);
  }
  for (int i = 0; i < CHECK_QUESTIONS; i++) {
    if (stardeleg_caa_take(c->caa[i], answer->records, answer->record_count) != STARDELEG_OK) {
      c->step = CHECK_CNAME;
      return;
    }
  }
  c->others = c->others || named;
  if (answer->record_count > 0 && answer->canonical_name != NULL) {
    find_fault(c, "the CAA records of %s count, where the CNAME leads: the delegate decides them",
               answer->canonical_name);
  }
  if (stardeleg_caa_next(c->caa[CHECK_US]) == NULL) {
    judge_caa(c);
    c->step = CHECK_CNAME;
  }
}

/* --- Names --- */

/* Is |name| at |zone| or below? */
static bool is_below(const char *name, const char *zone)
{
  size_t len = strlen(name);
  size_t zone_len = strlen(zone);

  return len >= zone_len && strcasecmp(name + len - zone_len, zone) == 0 &&
         (len == zone_len || name[len - zone_len - 1] == '.');
}

/* Where a target's zone begins cannot be seen from outside: its parent, if that is more than a top-level domain. */
static bool is_with_delegate(const char *name, const char *target)
{
  const char *parent = strchr(target, '.');

  return is_below(name, target) || (parent != NULL && strchr(parent + 1, '.') != NULL && is_below(name, parent + 1));
}

static void take_cname(check_name *c, const stardeleg_dns_answer *answer)
{
  const char *target = c->subject.target;

  if (answer->record_count > 0 && stardeleg_dns_read_name(c->cname, answer->records[0]) != STARDELEG_OK) {
    c->cname[0] = '\0';
  }
  if (target != NULL && c->cname[0] != '\0' && strcasecmp(c->cname, target) != 0) {
    find_fault(c, "the CNAME leads to %s instead of %s", c->cname, target);
  } else if (target != NULL && c->cname[0] == '\0' && c->subject.cname_wanted) {
    find_fault(c, "the CNAME to %s is not there", target);
  }
}

static void take_challenge(check_name *c, const stardeleg_dns_answer *answer)
{
  const char *target = c->subject.target != NULL ? c->subject.target : c->cname;

  if (answer->canonical_name != NULL) {
    (void)snprintf(c->challenge, sizeof(c->challenge), "%s", answer->canonical_name);
  }
  if (c->challenge[0] != '\0' && target[0] != '\0' && is_with_delegate(c->challenge, target)) {
    find_fault(c, "_acme-challenge leads to %s, which the delegate controls: he can answer dns-01 himself",
               c->challenge);
  }
}

/* --- The way through --- */

static const char *question_of(const check_name *c, char room[STARDELEG_DNS_NAME_SIZE], stardeleg_dns_type *type)
{
  switch (c->step) {
  case CHECK_CAA:
    *type = STARDELEG_DNS_CAA;
    return stardeleg_caa_next(c->caa[CHECK_US]);
  case CHECK_CNAME:
    *type = STARDELEG_DNS_CNAME;
    return c->subject.name;
  default:
    *type = STARDELEG_DNS_TXT;
    (void)snprintf(room, STARDELEG_DNS_NAME_SIZE, "_acme-challenge.%s", without_star(c->subject.name));
    return room;
  }
}

static void take_failure(check_name *c, const stardeleg_dns_answer *answer)
{
  static const char *const asked[] = {"CAA records", "the CNAME", "_acme-challenge"};
  char why[160];

  sdg_text_escape(why, sizeof(why),
                  sdg_bytes_str(answer != NULL && answer->failure_text != NULL ? answer->failure_text : "no answer"));
  c->bogus = c->bogus || (answer != NULL && answer->status == STARDELEG_DNS_BOGUS);
  find_fault(c, "%s cannot be looked up: %s", asked[c->step], why);
}

static void take(check_name *c, const stardeleg_dns_answer *answer)
{
  check_step step = c->step;

  if (answer->status != STARDELEG_DNS_OK && answer->status != STARDELEG_DNS_NO_NAME) {
    take_failure(c, answer);
    c->step++;
    return;
  }
  c->answered = true;
  c->insecure = c->insecure || !answer->secure;
  if (step == CHECK_CAA) {
    take_caa(c, answer);
    return;
  }
  if (step == CHECK_CNAME) {
    take_cname(c, answer);
  } else {
    take_challenge(c, answer);
  }
  c->step++;
}

void check_name_go_on(check_name *c, const stardeleg_dns *dns, stardeleg_time now)
{
  while (c->step != CHECK_DONE && c->next_at <= now) {
    const stardeleg_dns_answer *answer = NULL;
    char room[STARDELEG_DNS_NAME_SIZE];
    stardeleg_dns_type type;
    const char *name = question_of(c, room, &type);
    stardeleg_time ready_at = now;

    if (dns->lookup(dns->ctx, name, type, now, &ready_at, &answer) != STARDELEG_OK) {
      take_failure(c, NULL);
      c->step++;
    } else if (answer == NULL) {
      c->next_at = ready_at > now ? ready_at : now + 1;
    } else {
      take(c, answer);
      dns->release(dns->ctx, answer);
    }
  }
}

void check_name_give_up(check_name *c)
{
  if (c->step != CHECK_DONE) {
    find_fault(c, "the DNS did not answer in time");
    c->step = CHECK_DONE;
  }
}

const char *check_name_dnssec(const check_name *c)
{
  return c->bogus ? "bogus" : !c->answered ? "unknown" : c->insecure ? "insecure" : "secure";
}

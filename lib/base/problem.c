/* SPDX-License-Identifier: Apache-2.0 */
/* base/problem.c -- the table of ACME error types, and filling in problems. */
#include "base/problem.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define URN(name) "urn:ietf:params:acme:error:" name

/* RFC 8555, Section 6.7; RFC 8739, Section 5.3; RFC 9115, Section 6.5; RFC 9773, Section 7.3.  One row a type, in the
 * order of the enumeration.  "retryable": the same request may be answered otherwise later. */
static const struct row {
  const char *urn;
  int status;
  int retryable;
} rows[STARDELEG_ACME_ERROR_COUNT] = {
    [STARDELEG_ACME_NONE] = {"about:blank", 500, 0},
    [STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST] = {URN("accountDoesNotExist"), 400, 0},
    [STARDELEG_ACME_ALREADY_REVOKED] = {URN("alreadyRevoked"), 400, 0},
    [STARDELEG_ACME_ALREADY_REPLACED] = {URN("alreadyReplaced"), 409, 0},
    /* RFC 9115, Section 2.3.2: "an error response with status code 403"; plain ACME leaves the status open. */
    [STARDELEG_ACME_BAD_CSR] = {URN("badCSR"), 403, 0},
    [STARDELEG_ACME_BAD_NONCE] = {URN("badNonce"), 400, 1},
    [STARDELEG_ACME_BAD_PUBLIC_KEY] = {URN("badPublicKey"), 400, 0},
    [STARDELEG_ACME_BAD_REVOCATION_REASON] = {URN("badRevocationReason"), 400, 0},
    [STARDELEG_ACME_BAD_SIGNATURE_ALGORITHM] = {URN("badSignatureAlgorithm"), 400, 0},
    [STARDELEG_ACME_CAA] = {URN("caa"), 403, 0},
    [STARDELEG_ACME_COMPOUND] = {URN("compound"), 400, 0},
    [STARDELEG_ACME_CONNECTION] = {URN("connection"), 400, 1},
    [STARDELEG_ACME_DNS] = {URN("dns"), 400, 1},
    [STARDELEG_ACME_EXTERNAL_ACCOUNT_REQUIRED] = {URN("externalAccountRequired"), 400, 0},
    [STARDELEG_ACME_INCORRECT_RESPONSE] = {URN("incorrectResponse"), 403, 0},
    [STARDELEG_ACME_INVALID_CONTACT] = {URN("invalidContact"), 400, 0},
    [STARDELEG_ACME_INVALID_PROFILE] = {URN("invalidProfile"), 400, 0},
    [STARDELEG_ACME_MALFORMED] = {URN("malformed"), 400, 0},
    [STARDELEG_ACME_ORDER_NOT_READY] = {URN("orderNotReady"), 403, 1},
    [STARDELEG_ACME_RATE_LIMITED] = {URN("rateLimited"), 429, 1},
    [STARDELEG_ACME_REJECTED_IDENTIFIER] = {URN("rejectedIdentifier"), 403, 0},
    [STARDELEG_ACME_SERVER_INTERNAL] = {URN("serverInternal"), 500, 1},
    [STARDELEG_ACME_TLS] = {URN("tls"), 400, 1},
    [STARDELEG_ACME_UNAUTHORIZED] = {URN("unauthorized"), 403, 0},
    [STARDELEG_ACME_UNSUPPORTED_CONTACT] = {URN("unsupportedContact"), 400, 0},
    [STARDELEG_ACME_UNSUPPORTED_IDENTIFIER] = {URN("unsupportedIdentifier"), 400, 0},
    [STARDELEG_ACME_USER_ACTION_REQUIRED] = {URN("userActionRequired"), 403, 0},
    [STARDELEG_ACME_AUTO_RENEWAL_CANCELED] = {URN("autoRenewalCanceled"), 403, 0},
    [STARDELEG_ACME_AUTO_RENEWAL_EXPIRED] = {URN("autoRenewalExpired"), 403, 0},
    [STARDELEG_ACME_AUTO_RENEWAL_CANCELLATION_INVALID] = {URN("autoRenewalCancellationInvalid"), 400, 0},
    [STARDELEG_ACME_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED] = {URN("autoRenewalRevocationNotSupported"), 403, 0},
    [STARDELEG_ACME_UNKNOWN_DELEGATION] = {URN("unknownDelegation"), 403, 0},
};

static const struct row *find_row(stardeleg_acme_error error)
{
  /* Through unsigned: whether the enumeration is signed is the compiler's choice. */
  unsigned index = (unsigned)error;

  return &rows[index < STARDELEG_ACME_ERROR_COUNT ? index : STARDELEG_ACME_NONE];
}

const char *stardeleg_acme_error_urn(stardeleg_acme_error error)
{
  return find_row(error)->urn;
}

int stardeleg_acme_error_status(stardeleg_acme_error error)
{
  return find_row(error)->status;
}

stardeleg_acme_error stardeleg_acme_error_from_urn(const char *urn)
{
  for (unsigned i = STARDELEG_ACME_NONE + 1; i < STARDELEG_ACME_ERROR_COUNT; i++) {
    if (strcmp(rows[i].urn, urn) == 0) {
      return (stardeleg_acme_error)i;
    }
  }
  /* RFC 8739, Section 3.1.1 asks for a type that was never registered. */
  return strcmp(urn, URN("malformedRequest")) == 0 ? STARDELEG_ACME_MALFORMED : STARDELEG_ACME_NONE;
}

int sdg_acme_error_is_retryable(stardeleg_acme_error error)
{
  return find_row(error)->retryable;
}

static void copy_text(char *out, size_t size, const char *text)
{
  (void)snprintf(out, size, "%s", text);
}

void sdg_problem_clear(stardeleg_problem *problem)
{
  if (problem == NULL) {
    return;
  }
  memset(problem, 0, sizeof(*problem));
  copy_text(problem->type, sizeof(problem->type), stardeleg_acme_error_urn(STARDELEG_ACME_NONE));
  problem->retry_at = STARDELEG_TIME_NONE;
}

void sdg_problem_set(stardeleg_problem *problem, stardeleg_acme_error acme, const char *detail, ...)
{
  char text[STARDELEG_PROBLEM_DETAIL_SIZE];
  va_list args;

  if (problem == NULL) {
    return;
  }
  /* Aside first: the arguments may be parts of |problem|. */
  va_start(args, detail);
  sdg_text_format(text, sizeof(text), detail, args);
  va_end(args);
  sdg_problem_clear(problem);
  problem->acme = acme;
  problem->status = acme != STARDELEG_ACME_NONE ? stardeleg_acme_error_status(acme) : 0;
  copy_text(problem->type, sizeof(problem->type), stardeleg_acme_error_urn(acme));
  copy_text(problem->detail, sizeof(problem->detail), text);
}

void sdg_problem_set_place(stardeleg_problem *problem, stardeleg_bytes place)
{
  if (problem != NULL) {
    sdg_text_escape(problem->place, sizeof(problem->place), place);
  }
}

void sdg_problem_add_sub(stardeleg_problem *problem, stardeleg_acme_error acme, const char *identifier_type,
                         stardeleg_bytes identifier_value, const char *detail)
{
  stardeleg_subproblem *sub;

  if (problem == NULL) {
    return;
  }
  if (problem->subproblem_count >= STARDELEG_PROBLEM_SUB_MAX) {
    problem->subproblems_dropped++;
    return;
  }
  sub = &problem->subproblems[problem->subproblem_count];
  memset(sub, 0, sizeof(*sub));
  sub->acme = acme;
  copy_text(sub->type, sizeof(sub->type), stardeleg_acme_error_urn(acme));
  sdg_text_escape(sub->detail, sizeof(sub->detail), sdg_bytes_str(detail));
  if (identifier_type != NULL) {
    sdg_text_escape(sub->identifier_type, sizeof(sub->identifier_type), sdg_bytes_str(identifier_type));
    sdg_text_escape(sub->identifier_value, sizeof(sub->identifier_value), identifier_value);
  }
  problem->subproblem_count++;
}

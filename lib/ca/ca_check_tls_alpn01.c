/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_check_tls_alpn01.c -- tls-alpn-01: the certificate a server shows to acme-tls/1 (RFC 8737 3, RFC 8738 6). */
#include "base/bytes.h"
#include "base/problem.h"
#include "ca/ca_check.h"
#include "x509/acme_identifier.h"

static stardeleg_err begin(sdg_ca_check *check)
{
  char name[SDG_ACME_SNI_SIZE];
  stardeleg_err err = sdg_acme_identifier_sni(name, &check->authz.wire.identifier);

  if (err == STARDELEG_OK) {
    sdg_buf_add_str(&check->host, name);
    err = sdg_buf_error(&check->host);
  }
  return err;
}

/* The probe's word on what failed; nothing of what the peer sent is in it. */
static void tell_failure(const stardeleg_tls_answer *answer, stardeleg_problem *problem)
{
  stardeleg_acme_error acme = STARDELEG_ACME_CONNECTION;
  char why[160];

  sdg_text_escape(why, sizeof(why), sdg_bytes_str(answer->failure_text != NULL ? answer->failure_text : "no answer"));
  if (answer->status == STARDELEG_TLS_RESOLVE) {
    acme = STARDELEG_ACME_DNS;
  } else if (answer->status == STARDELEG_TLS_FAILED) {
    acme = STARDELEG_ACME_TLS;
  } else if (answer->status == STARDELEG_TLS_NO_ALPN) {
    acme = STARDELEG_ACME_UNAUTHORIZED;
  }
  sdg_problem_set(problem, acme, "tls-alpn-01: %s", why);
}

static stardeleg_err judge(sdg_ca_check *check, const stardeleg_tls_answer *answer, stardeleg_time now)
{
  const stardeleg_crypto *crypto = check->task.ca->options.crypto;
  sdg_challenge_fault fault = SDG_CHALLENGE_CERT_MALFORMED;
  uint8_t digest[SDG_ACME_IDENTIFIER_LEN];
  stardeleg_problem problem;
  stardeleg_err err;

  if (answer->status != STARDELEG_TLS_OK) {
    tell_failure(answer, &problem);
    sdg_ca_check_decide(check, &problem, now);
    return STARDELEG_OK;
  }
  err = sdg_acme_identifier_digest(digest, crypto, sdg_bytes_str(check->authz.key_authorization));
  if (err == STARDELEG_OK) {
    err = sdg_acme_identifier_check(&fault, crypto, answer->certificate, &check->authz.wire.identifier, digest);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_problem_set(&problem,
                  fault == SDG_CHALLENGE_CERT_SIGNATURE ? STARDELEG_ACME_TLS : STARDELEG_ACME_INCORRECT_RESPONSE,
                  "tls-alpn-01: the server's certificate %s", sdg_challenge_fault_text(fault));
  sdg_ca_check_decide(check, fault == SDG_CHALLENGE_CERT_OK ? NULL : &problem, now);
  return STARDELEG_OK;
}

/* One that cannot be reached does not count while there are others. */
static bool try_next(sdg_ca_check *check, const stardeleg_tls_answer *answer)
{
  if ((answer->status == STARDELEG_TLS_CONNECT || answer->status == STARDELEG_TLS_TIMEOUT) &&
      check->address_at + 1 < check->addresses.count) {
    check->address_at++;
    return true;
  }
  return false;
}

static stardeleg_err probe(sdg_ca_check *check, sdg_step *step, stardeleg_time now)
{
  const stardeleg_tls_probe *tls = check->task.ca->options.tls_probe;
  const stardeleg_tls_answer *answer = NULL;
  stardeleg_tls_target target = {.port = check->task.ca->options.tls_alpn01_port,
                                 .server_name = sdg_buf_str(&check->host)};
  stardeleg_problem problem;
  stardeleg_err err;

  target.address = check->addresses.count > 0 ? check->addresses.text[check->address_at] : NULL;
  step->kind = SDG_STEP_WAIT;
  step->at = now;
  if (tls->probe(tls->ctx, &target, now, &step->at, &answer) != STARDELEG_OK) {
    sdg_problem_set(&problem, STARDELEG_ACME_CONNECTION, "tls-alpn-01: the server cannot be probed at the moment");
    sdg_ca_check_decide(check, &problem, now);
    return STARDELEG_OK;
  }
  if (answer == NULL) {
    return STARDELEG_OK;
  }
  err = try_next(check, answer) ? STARDELEG_OK : judge(check, answer, now);
  tls->release(tls->ctx, answer);
  return err;
}

static stardeleg_err ask(sdg_ca_check *check, sdg_step *step, stardeleg_time now)
{
  stardeleg_err err = check->host.len == 0 ? begin(check) : STARDELEG_OK;

  if (err != STARDELEG_OK || !sdg_ca_check_has_addresses(check, check->authz.wire.identifier.value, step, now)) {
    return err;
  }
  return probe(check, step, now);
}

const sdg_ca_method sdg_ca_tls_alpn_01 = {"tls-alpn-01", STARDELEG_CA_TLS_ALPN_01, false, true, ask, NULL};

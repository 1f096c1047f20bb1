/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_check_dns01.c -- dns-01 and dns-account-01: a TXT record below the name (RFC 8555 8.4). */
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "ca/ca_check.h"

/* base64url of a SHA-256 */
#define VALUE_LEN 43u
/* Of a record that is not ours much more may be there; it is not looked at. */
#define TEXT_SIZE 256

/* The label of dns-account-01: base32 of the first 10 octets of the SHA-256 of the account's URL, in lower case. */
static stardeleg_err put_account_label(sdg_ca_check *check, sdg_buf *out)
{
  static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
  stardeleg_ca *ca = check->task.ca;
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_bytes text;
  sdg_buf url;
  stardeleg_err err;

  sdg_buf_init(&url, 2200);
  sdg_server_url(ca->server, &url, "/acct/", check->authz.account, NULL);
  text = sdg_buf_bytes(&url);
  err = sdg_buf_error(&url);
  if (err == STARDELEG_OK) {
    err = sdg_hash(ca->options.crypto, STARDELEG_HASH_SHA256, &text, 1, hash);
  }
  sdg_buf_clear(&url);
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_add_byte(out, '_');
  for (size_t bit = 0; bit < 80; bit += 5) {
    unsigned pair = (unsigned)hash[bit / 8] << 8 | hash[bit / 8 + 1];

    sdg_buf_add_byte(out, (uint8_t)digits[pair >> (11 - bit % 8) & 31]);
  }
  sdg_buf_add_byte(out, '.');
  return STARDELEG_OK;
}

static stardeleg_err begin(sdg_ca_check *check)
{
  stardeleg_err err = STARDELEG_OK;

  if (check->method == &sdg_ca_dns_account_01) {
    err = put_account_label(check, &check->host);
  }
  sdg_buf_add_str(&check->host, "_acme-challenge.");
  sdg_buf_add_str(&check->host, check->authz.wire.identifier.value);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&check->host);
  }
  if (err != STARDELEG_OK) {
    sdg_buf_reset(&check->host);
  }
  return err;
}

static stardeleg_err expected_value(const sdg_ca_check *check, char out[VALUE_LEN + 1])
{
  stardeleg_bytes text = sdg_bytes_str(check->authz.key_authorization);
  uint8_t hash[STARDELEG_HASH_MAX];
  sdg_buf value;
  stardeleg_err err = sdg_hash(check->task.ca->options.crypto, STARDELEG_HASH_SHA256, &text, 1, hash);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&value, VALUE_LEN);
  sdg_base64url_write(&value, sdg_bytes(hash, 32));
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    memcpy(out, sdg_buf_str(&value), VALUE_LEN + 1);
  }
  sdg_buf_clear(&value);
  return err;
}

/* There may be several: of the wildcard and of the name itself, of other orders, of other people's services. */
static bool has_value(const stardeleg_dns_answer *answer, const char *value)
{
  for (size_t i = 0; i < answer->record_count; i++) {
    char text[TEXT_SIZE];
    size_t len = 0;

    if (stardeleg_dns_read_txt(text, sizeof(text), &len, answer->records[i]) == STARDELEG_OK && len == VALUE_LEN &&
        memcmp(text, value, VALUE_LEN) == 0) {
      return true;
    }
  }
  return false;
}

static stardeleg_err judge(sdg_ca_check *check, const stardeleg_dns_answer *answer, stardeleg_time now)
{
  char value[VALUE_LEN + 1];
  char why[160] = "no answer";
  stardeleg_problem problem;
  bool right = false;
  stardeleg_err err = expected_value(check, value);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (answer->failure_text != NULL) {
    sdg_text_escape(why, sizeof(why), sdg_bytes_str(answer->failure_text));
  }
  if (answer->status == STARDELEG_DNS_NO_NAME) {
    sdg_problem_set(&problem, STARDELEG_ACME_DNS, "%s: there is no such name as _acme-challenge below it",
                    check->method->type);
  } else if (answer->status != STARDELEG_DNS_OK) {
    sdg_problem_set(&problem, STARDELEG_ACME_DNS, "%s: the TXT record cannot be looked up: %s", check->method->type,
                    why);
  } else if (answer->record_count == 0) {
    sdg_problem_set(&problem, STARDELEG_ACME_UNAUTHORIZED, "%s: there is no TXT record", check->method->type);
  } else {
    right = has_value(answer, value);
    sdg_problem_set(&problem, STARDELEG_ACME_INCORRECT_RESPONSE,
                    "%s: no TXT record has the digest of the key authorization", check->method->type);
  }
  sdg_ca_check_decide(check, right ? NULL : &problem, now);
  return STARDELEG_OK;
}

static stardeleg_err ask(sdg_ca_check *check, sdg_step *step, stardeleg_time now)
{
  const stardeleg_dns *dns = check->task.ca->options.dns;
  const stardeleg_dns_answer *answer = NULL;
  stardeleg_problem problem;
  stardeleg_err err = check->host.len == 0 ? begin(check) : STARDELEG_OK;

  if (err != STARDELEG_OK) {
    return err;
  }
  step->kind = SDG_STEP_WAIT;
  step->at = now;
  err = dns->lookup(dns->ctx, sdg_buf_str(&check->host), STARDELEG_DNS_TXT, now, &step->at, &answer);
  if (err != STARDELEG_OK) {
    sdg_problem_set(&problem, STARDELEG_ACME_DNS, "%s: the TXT record cannot be looked up at the moment",
                    check->method->type);
    sdg_ca_check_decide(check, &problem, now);
    return STARDELEG_OK;
  }
  if (answer != NULL) {
    err = judge(check, answer, now);
    dns->release(dns->ctx, answer);
  }
  return err;
}

const sdg_ca_method sdg_ca_dns_01 = {"dns-01", STARDELEG_CA_DNS_01, true, false, ask, NULL};
const sdg_ca_method sdg_ca_dns_account_01 = {"dns-account-01", STARDELEG_CA_DNS_ACCOUNT_01, true, false, ask, NULL};

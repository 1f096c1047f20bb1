/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_crl_room.c -- a list of revoked certificates that is nearly full: nothing is issued then that might have to be
 * on it.
 *
 * What has been issued may be revoked at any time, and has to find room.  So the last eighth is left to it; a record
 * beside the list says so to all processes, and is there only then. */
#include "ca/ca_crl.h"

#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"

#define FULL_KEY "full"
#define RETRY_MS SDG_TIME_HOUR

bool sdg_ca_crl_is_nearly_full(const stardeleg_ca *ca, size_t len)
{
  return len > ca->options.crl_max - ca->options.crl_max / 8;
}

stardeleg_err sdg_ca_crl_mark_full(const stardeleg_ca *ca, bool full, stardeleg_store_op *ops, size_t *n)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ca->options.store, SDG_CA_CRL_KIND, FULL_KEY, &record);
  bool is_marked = err == STARDELEG_OK;

  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOT_FOUND) {
    return err;
  }
  if (full != is_marked) {
    ops[(*n)++] = (stardeleg_store_op){.verb = full ? STARDELEG_STORE_PUT : STARDELEG_STORE_DEL,
                                       .kind = SDG_CA_CRL_KIND,
                                       .key = FULL_KEY,
                                       .value = SDG_BYTES_LITERAL("{\"v\":1}"),
                                       .due = STARDELEG_TIME_NEVER,
                                       .expected_version = record.version};
  }
  stardeleg_record_clear(&record);
  return STARDELEG_OK;
}

stardeleg_err sdg_ca_crl_check_room(const stardeleg_ca *ca, stardeleg_time now, stardeleg_problem *problem)
{
  stardeleg_record record = {0};
  stardeleg_err err =
      ca->has_crl ? sdg_store_get(ca->options.store, SDG_CA_CRL_KIND, FULL_KEY, &record) : STARDELEG_ERR_NOT_FOUND;

  stardeleg_record_clear(&record);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  sdg_problem_set(problem, STARDELEG_ACME_SERVER_INTERNAL, "%s", SDG_CA_CRL_FULL);
  problem->status = 503;
  problem->retry_at = sdg_time_add(now, RETRY_MS);
  return STARDELEG_ERR_POLICY;
}

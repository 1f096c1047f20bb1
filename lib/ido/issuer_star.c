/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_star.c -- a CA with unauthenticated GET: Order1 is passed on to it (RFC 9115 2.3.2, 2.3.3). */
#include "ido/issuer_forward.h"

static stardeleg_err begin(sdg_issuance *issuance)
{
  stardeleg_err err = sdg_forward_begin(issuance);

  if (err == STARDELEG_OK && !sdg_forward_of(issuance)->has_flow) {
    err = sdg_forward_start(issuance, NULL);
    if (err != STARDELEG_OK) {
      sdg_forward_end(issuance);
    }
  }
  return err;
}

const sdg_issuer_ops sdg_issuer_star = {
    .kind = "star",
    .open = sdg_forward_open,
    .close = sdg_forward_close,
    .begin = begin,
    .end = sdg_forward_end,
    .write = sdg_forward_write,
    .ask = sdg_forward_ask,
    .take = sdg_forward_take,
    .step_name = sdg_forward_step_name,
};

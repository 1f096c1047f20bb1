/* SPDX-License-Identifier: Apache-2.0 */
/* acme-client/solver.h -- meets challenges: http-01 and tls-alpn-01 by servers of its own, the dns types by a hook. */
#ifndef EXAMPLE_ACME_CLIENT_SOLVER_H
#define EXAMPLE_ACME_CLIENT_SOLVER_H

#include <stardeleg/crypto.h>
#include <stardeleg/solver.h>
#include "common/config.h"

typedef struct solver solver;

/* By the members "challenges", "http-listen", "tls-listen", "dns-hook" of the configuration.  Returns NULL after a line
 * on standard error. */
solver *solver_start(const config *cfg, const stardeleg_crypto *crypto);
const stardeleg_solver *solver_table(const solver *s);
void solver_stop(solver *s);

#endif /* EXAMPLE_ACME_CLIENT_SOLVER_H */

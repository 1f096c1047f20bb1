/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/role.h -- the IdO role made from the configuration. */
#ifndef EXAMPLE_IDO_SERVER_ROLE_H
#define EXAMPLE_IDO_SERVER_ROLE_H

#include <stardeleg/ido.h>
#include "common/service.h"
#include "ido-server/zones.h"

/* Called by the role when there is work for the engine; NULL where no engine runs. */
typedef void (*role_wake)(void *ctx);

/* Makes the role; |base_url| as delegates see it; |z| (borrowed) NULL where no engine runs.  Returns NULL after a line
 * on standard error. */
stardeleg_ido *role_new(const service *s, const char *base_url, zones *z, role_wake wake, void *ctx);

#endif /* EXAMPLE_IDO_SERVER_ROLE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* common/serving.h -- what the configurations of both ACME servers say of limits, nonces and terms. */
#ifndef EXAMPLE_COMMON_SERVING_H
#define EXAMPLE_COMMON_SERVING_H

#include <stardeleg/server_options.h>
#include "common/service.h"

typedef struct serving {
  stardeleg_server_options options;
  stardeleg_limiter *limiter;
} serving;

/* Reads "limits", "shared-nonces", "terms-must-be-current" and "terms-action-url".  Returns 0, or -1 after a line on
 * standard error.  |svc| points to it then.  |s| must outlive the role; the configuration too. */
int serving_open(serving *s, service *svc);
void serving_close(serving *s);

#endif /* EXAMPLE_COMMON_SERVING_H */

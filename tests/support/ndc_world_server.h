/* SPDX-License-Identifier: Apache-2.0 */
/* support/ndc_world_server.h -- the answering half of ndc_world. */
#ifndef SDG_TESTS_SUPPORT_NDC_WORLD_SERVER_H
#define SDG_TESTS_SUPPORT_NDC_WORLD_SERVER_H

#include "support/ndc_world.h"

#include <stardeleg/http.h>

void world_server_answer(ndc_world *w, const stardeleg_http_request *request, world_reply *reply);
void world_server_clear(ndc_world *w);

#endif /* SDG_TESTS_SUPPORT_NDC_WORLD_SERVER_H */

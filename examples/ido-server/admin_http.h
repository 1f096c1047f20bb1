/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_http.h -- the owner's commands as requests: POST /COMMAND, JSON in, JSON or a problem document out.
 */
#ifndef EXAMPLE_IDO_SERVER_ADMIN_HTTP_H
#define EXAMPLE_IDO_SERVER_ADMIN_HTTP_H

#include <stardeleg/http.h>
#include <stardeleg/ido.h>

/* Longest request. */
#define ADMIN_BODY_MAX ((size_t)512 * 1024)

/* Answers one request; any thread.  |*body| is NUL-terminated and to be freed with free(); NULL if there is no memory.
 * Returns the status. */
int admin_answer(stardeleg_ido *ido, stardeleg_bytes method, const char *target, stardeleg_bytes request, char **body,
                 size_t *len);

#endif /* EXAMPLE_IDO_SERVER_ADMIN_HTTP_H */

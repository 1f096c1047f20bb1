/* SPDX-License-Identifier: Apache-2.0 */
/* acme-client/commands.h -- what the program can be told to do. */
#ifndef EXAMPLE_ACME_CLIENT_COMMANDS_H
#define EXAMPLE_ACME_CLIENT_COMMANDS_H

#include <stardeleg/client.h>
#include "common/service.h"

typedef struct program {
  service svc;
  stardeleg_client *client;
  const char *waits_name; /* the order that is waited for; NULL: none */
  uint64_t waits_task;    /* the task that is waited for; 0: none */
  int over;
  int failed;
  char live[600];
} program;

/* Called when the client exists and before it runs.  Returns 0, or an exit code after a line on standard error. */
int command_begin(program *p, const char *command, char **args);
/* Whether |command| is known and takes that many arguments. */
int command_is_good(const char *command, int args);
/* The client's events. */
int command_on_event(void *ctx, const stardeleg_client_event *event);
/* After the run: what has been asked for is printed. */
void command_end(program *p, const char *command, char **args);

#endif /* EXAMPLE_ACME_CLIENT_COMMANDS_H */

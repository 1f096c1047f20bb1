/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/commands.h -- what the program does. */
#ifndef EXAMPLE_CSR_TEMPLATE_COMMANDS_H
#define EXAMPLE_CSR_TEMPLATE_COMMANDS_H

#include "options.h"

/* Runs the command; returns the exit code. */
int command_run(const options *opts);

#endif /* EXAMPLE_CSR_TEMPLATE_COMMANDS_H */

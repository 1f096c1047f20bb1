/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/main.c -- CSR templates (RFC 9115) on the command line: check, explain, build, match. */
#include "commands.h"

#include <stdio.h>

int main(int argc, char **argv)
{
  options opts;
  bool done;
  int code = options_read(&opts, argc, argv, &done);

  if (code == 0 && !done) {
    code = command_run(&opts);
  }
  if (fflush(stdout) != 0) {
    code = EXIT_TROUBLE;
  }
  return code;
}

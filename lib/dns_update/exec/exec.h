/* SPDX-License-Identifier: Apache-2.0 */
/* dns_update/exec/exec.h -- programs that change zones: what they are given, and how they are run. */
#ifndef SDG_DNS_UPDATE_EXEC_H
#define SDG_DNS_UPDATE_EXEC_H

#include <stardeleg/dns_exec.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SDG_EXEC_ARGS_MAX 12
#define SDG_EXEC_VARIABLES_MAX 8
/* What a pipe takes at once by POSIX is 512, by Linux and the BSDs 4096 and more: longer scripts are not written. */
#define SDG_EXEC_SCRIPT_MAX 2048
/* Kept of what a program prints. */
#define SDG_EXEC_OUTPUT_MAX 4096
/* "Try again", as mail systems use it. */
#define SDG_EXEC_AGAIN 75

/* --- What a program is given --- */

typedef struct sdg_exec_options {
  char *style;
  char *program;
  char *cleanup_program;
  char *key_file;
  char *server; /* without port */
  char *port;
  char *zone;
  char *provider;
  char *plugin;
  char **environment; /* NULL: that of this process */
  int64_t timeout_ms;
  size_t processes_max;
  stardeleg_log log;
} sdg_exec_options;

/* False: no memory; what was copied is there to be cleared. */
bool sdg_exec_options_copy(sdg_exec_options *out, const stardeleg_dns_exec_options *options);
/* What is wrong; NULL: nothing. */
const char *sdg_exec_options_complain(const sdg_exec_options *options);
void sdg_exec_options_clear(sdg_exec_options *options);

typedef struct sdg_exec_plan {
  const char *argv[SDG_EXEC_ARGS_MAX + 1];
  size_t argc;
  const char *variables[SDG_EXEC_VARIABLES_MAX + 1]; /* "NAME=value" */
  size_t variable_count;
  char script[SDG_EXEC_SCRIPT_MAX]; /* "": no standard input */
  char room[24 * 1024];             /* for composed texts */
  size_t used;
  bool too_long;
  bool nothing; /* there is no program for this */
} sdg_exec_plan;

typedef struct sdg_exec_style {
  const char *name;
  const char *program; /* where NULL is given */
  bool does_cname;
  bool any_name; /* not only "_acme-challenge." and a domain */
  bool (*plan)(sdg_exec_plan *plan, const sdg_exec_options *options, const stardeleg_dns_change *change,
               const char *auth_output);
} sdg_exec_style;

const sdg_exec_style *sdg_exec_find_style(const char *name);
/* True if |change| can be given to the programs of |style|. */
bool sdg_exec_style_can(const sdg_exec_style *style, const stardeleg_dns_change *change);

/* --- Running --- */

typedef struct sdg_exec_stream {
  int fd; /* -1: closed */
  size_t len;
  char text[SDG_EXEC_OUTPUT_MAX + 1];
} sdg_exec_stream;

typedef struct sdg_exec_process {
  pid_t pid; /* leads a group of the same number; 0: ended */
  sdg_exec_stream out;
  sdg_exec_stream err;
  int status; /* exit status; -1: killed, or not known */
} sdg_exec_process;

/* Starts what |plan| says.  False: it could not be started. */
bool sdg_exec_start(sdg_exec_process *process, const sdg_exec_plan *plan, char *const *environment);
/* Takes what was printed; true if the process has ended. */
bool sdg_exec_poll(sdg_exec_process *process);
/* Kills the group and waits for its leader. */
void sdg_exec_kill(sdg_exec_process *process);

#endif /* SDG_DNS_UPDATE_EXEC_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin.c -- the owner's commands. */
#include "ido-server/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/files.h"

#define TEMPLATE_MAX (128u * 1024u)

const char admin_usage[] =
    "       ido-server ndc-add --config FILE NAME\n"
    "       ido-server delegation-add --config FILE --ndc NAME --template FILE [--id ID] [--issuer NAME]\n"
    "                  [--cname-map FILE] [--lifetime-min S] [--lifetime-max S]\n"
    "       ido-server end --config FILE ID\n"
    "       ido-server list --config FILE [ID]\n";

static int fail(const char *what, stardeleg_err err, const stardeleg_problem *problem)
{
  (void)fprintf(stderr, "%s: %s", what, stardeleg_strerror(err));
  if (problem != NULL && problem->detail[0] != '\0') {
    (void)fprintf(stderr, ": %s%s%s", problem->detail, problem->place[0] != '\0' ? " at " : "", problem->place);
  }
  (void)fputc('\n', stderr);
  return 1;
}

static int add_ndc(stardeleg_ido *ido, int argc, char **argv)
{
  char mac_key[64];
  stardeleg_err err;

  if (argc != 1) {
    return 2;
  }
  err = stardeleg_ido_ndc_add(ido, argv[0], mac_key, clock_now(NULL));
  if (err != STARDELEG_OK) {
    return fail("cannot add the delegate", err, NULL);
  }
  (void)printf("%s\n", mac_key);
  return 0;
}

/* The value of |option| among |argv|; NULL if it is not there. */
static const char *value_of(int argc, char **argv, const char *option)
{
  for (int i = 0; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], option) == 0) {
      return argv[i + 1];
    }
  }
  return NULL;
}

static int64_t seconds_of(int argc, char **argv, const char *option)
{
  const char *text = value_of(argc, argv, option);
  int64_t value = 0;

  for (; text != NULL && *text >= '0' && *text <= '9' && value < INT64_MAX / 100; text++) {
    value = value * 10 + (*text - '0');
  }
  return value;
}

static int add_delegation(stardeleg_ido *ido, int argc, char **argv)
{
  stardeleg_ido_delegation delegation;
  stardeleg_problem problem;
  const char *template_file = value_of(argc, argv, "--template");
  const char *map_file = value_of(argc, argv, "--cname-map");
  char *template_text = NULL;
  char *map_text = NULL;
  size_t template_len = 0;
  size_t map_len = 0;
  char id[65];
  int rc = 2;
  stardeleg_err err;

  memset(&delegation, 0, sizeof(delegation));
  delegation.size = sizeof(delegation);
  delegation.id = value_of(argc, argv, "--id");
  delegation.ndc = value_of(argc, argv, "--ndc");
  delegation.issuer = value_of(argc, argv, "--issuer");
  delegation.lifetime_min_s = seconds_of(argc, argv, "--lifetime-min");
  delegation.lifetime_max_s = seconds_of(argc, argv, "--lifetime-max");
  delegation.expires_at = STARDELEG_TIME_NEVER;
  if (delegation.ndc == NULL || template_file == NULL) {
    return 2;
  }
  if (file_read(&template_text, &template_len, template_file, TEMPLATE_MAX) != 0 ||
      (map_file != NULL && file_read(&map_text, &map_len, map_file, TEMPLATE_MAX) != 0)) {
    (void)fprintf(stderr, "cannot read %s\n", template_text == NULL ? template_file : map_file);
    goto out;
  }
  delegation.csr_template = (stardeleg_bytes){(const uint8_t *)template_text, template_len};
  delegation.cname_map = (stardeleg_bytes){(const uint8_t *)map_text, map_len};
  err = stardeleg_ido_delegation_add(ido, &delegation, id, clock_now(NULL), &problem);
  rc = err == STARDELEG_OK ? 0 : fail("cannot add the delegation", err, &problem);
  if (rc == 0) {
    (void)printf("%s\n", id);
  }
out:
  free(template_text);
  free(map_text);
  return rc;
}

static int end(stardeleg_ido *ido, int argc, char **argv)
{
  stardeleg_err err;

  if (argc != 1) {
    return 2;
  }
  err = stardeleg_ido_delegation_end(ido, argv[0], clock_now(NULL));
  return err == STARDELEG_OK ? 0 : fail("cannot end the delegation", err, NULL);
}

static void print_time(const char *label, stardeleg_time at)
{
  char text[CLOCK_TEXT_SIZE];

  if (at != STARDELEG_TIME_NONE && at != STARDELEG_TIME_NEVER) {
    clock_write(text, at);
    (void)printf(" %s=%s", label, text);
  }
}

static int print_status(void *ctx, const stardeleg_ido_status *status)
{
  (void)ctx;
  (void)printf("delegation=%s ndc=%s state=%s", status->delegation, status->ndc, status->delegation_state);
  if (status->order[0] != '\0') {
    (void)printf(" order=%s status=%s", status->order, status->order_status);
    print_time("end", status->end_at);
    print_time("last_success", status->last_success);
    print_time("next_try", status->next_try);
  }
  if (status->step[0] != '\0') {
    (void)printf(" step=%s", status->step);
  }
  if (status->certificate_url[0] != '\0') {
    (void)printf(" certificate=%s", status->certificate_url);
  }
  if (status->reason[0] != '\0') {
    (void)printf(" reason=\"%s\"", status->reason);
  }
  (void)fputc('\n', stdout);
  return 0;
}

static int list(stardeleg_ido *ido, int argc, char **argv)
{
  stardeleg_err err;

  if (argc > 1) {
    return 2;
  }
  err = stardeleg_ido_inspect(ido, argc == 1 ? argv[0] : NULL, print_status, NULL);
  return err == STARDELEG_OK ? 0 : fail("cannot list", err, NULL);
}

int admin_run(stardeleg_ido *ido, int argc, char **argv)
{
  static const struct {
    const char *name;
    int (*run)(stardeleg_ido *ido, int argc, char **argv);
  } commands[] = {{"ndc-add", add_ndc}, {"delegation-add", add_delegation}, {"end", end}, {"list", list}};

  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
    if (strcmp(argv[0], commands[i].name) == 0) {
      /* argv: command --config FILE rest... */
      return commands[i].run(ido, argc - 3, argv + 3);
    }
  }
  return -1;
}

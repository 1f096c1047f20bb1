/* SPDX-License-Identifier: Apache-2.0 */
/* acme-client/commands.c -- what the program can be told to do. */
#include "acme-client/commands.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/files.h"

#define NAMES_MAX 100
#define PEM_MAX (1024u * 1024u)

static int complain(const char *what, stardeleg_err err)
{
  (void)fprintf(stderr, "%s: %s\n", what, stardeleg_strerror(err));
  return 1;
}

static char *live_path(const program *p, const char *name, const char *suffix, char out[900])
{
  (void)snprintf(out, 900, "%s/%.200s.%s", p->live, name, suffix);
  return out;
}

/* Names of orders become names of files. */
static int is_file_name(const char *name)
{
  return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL && strlen(name) <= 200;
}

/* --- Keys of certificates --- */

static stardeleg_key_spec spec_of(const program *p)
{
  const char *kind = config_text(p->svc.cfg, "key", "p256");

  if (strcmp(kind, "rsa2048") == 0) {
    return STARDELEG_KEY_RSA2048;
  }
  return strcmp(kind, "p384") == 0 ? STARDELEG_KEY_P384 : STARDELEG_KEY_P256;
}

static stardeleg_err read_key(const program *p, const char *name, stardeleg_key **out)
{
  char path[900];
  char *pem = NULL;
  size_t len = 0;
  stardeleg_err err;

  if (file_read(&pem, &len, live_path(p, name, "key", path), PEM_MAX) != 0) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  err = stardeleg_key_import(out, p->svc.crypto, (stardeleg_bytes){(const uint8_t *)pem, len});
  stardeleg_secret_free(pem, len);
  return err;
}

/* The key is on the disk before anybody certifies it. */
static stardeleg_err open_key(const program *p, const char *name, stardeleg_key **out)
{
  char path[900];
  char *pem = NULL;
  size_t len = 0;
  stardeleg_err err = read_key(p, name, out);

  if (err != STARDELEG_ERR_NOT_FOUND) {
    return err;
  }
  err = stardeleg_key_generate(out, p->svc.crypto, spec_of(p));
  if (err == STARDELEG_OK) {
    err = stardeleg_key_export_pem(*out, &pem, &len);
  }
  if (err == STARDELEG_OK && file_write(live_path(p, name, "key", path), pem, len, 0600) != 0) {
    err = STARDELEG_ERR_SECRETS;
  }
  stardeleg_secret_free(pem, len);
  return err;
}

/* --- order --- */

static int is_address(const char *text)
{
  return strchr(text, ':') != NULL || strspn(text, "0123456789.") == strlen(text);
}

static int begin_order(program *p, const char *name, char **names)
{
  stardeleg_identifier identifiers[NAMES_MAX];
  stardeleg_client_order_spec spec;
  stardeleg_key *key = NULL;
  uint8_t *csr = NULL;
  size_t csr_len = 0;
  size_t count = 0;
  stardeleg_err err;

  if (!is_file_name(name)) {
    (void)fprintf(stderr, "%s cannot be a file's name\n", name);
    return 1;
  }
  for (; names[count] != NULL && count < NAMES_MAX; count++) {
    identifiers[count] = (stardeleg_identifier){is_address(names[count]) ? "ip" : "dns", names[count]};
  }
  err = open_key(p, name, &key);
  if (err == STARDELEG_OK) {
    err = stardeleg_client_csr(&csr, &csr_len, key, identifiers, count);
  }
  if (err == STARDELEG_OK) {
    stardeleg_client_order_default(&spec);
    spec.identifiers = identifiers;
    spec.identifier_count = count;
    spec.csr = (stardeleg_bytes){csr, csr_len};
    spec.profile = config_text(p->svc.cfg, "profile", NULL);
    spec.any_profile = config_flag(p->svc.cfg, "any-profile", 0);
    err = stardeleg_client_order(p->client, name, &spec);
  }
  p->waits_name = name;
  free(csr);
  stardeleg_key_free(key);
  return err == STARDELEG_OK ? 0 : complain("order", err);
}

/* --- revoke --- */

static int begin_revoke(program *p, const char *name, char **args)
{
  int reason = STARDELEG_CLIENT_NO_REASON;
  stardeleg_client_status status;
  stardeleg_key *key = NULL;
  stardeleg_err err = stardeleg_client_look(p->client, name, &status);

  for (; err == STARDELEG_OK && *args != NULL; args++) {
    if (strcmp(*args, "--by-key") == 0) {
      err = key == NULL ? read_key(p, name, &key) : STARDELEG_OK;
    } else if (strlen(*args) <= 2 && strspn(*args, "0123456789") == strlen(*args) && **args != '\0') {
      reason = **args - '0';
      reason = (*args)[1] != '\0' ? reason * 10 + (*args)[1] - '0' : reason;
    } else {
      err = STARDELEG_ERR_ARGUMENT;
    }
  }
  if (err == STARDELEG_OK) {
    err = stardeleg_client_revoke(p->client, status.chain_pem, reason, key, &p->waits_task);
  }
  stardeleg_key_free(key);
  return err == STARDELEG_OK ? 0 : complain("revoke", err);
}

/* --- All of them --- */

static const struct {
  const char *name;
  int args_min;
  int args_max;
} commands[] = {{"register", 0, 0},   {"facts", 0, 0},  {"order", 2, 101},   {"look", 1, 1},
                {"revoke", 1, 3},     {"orders", 0, 0}, {"change-key", 0, 0}, {"contacts", 0, 8},
                {"deactivate", 0, 0}, {"agree", 0, 0},  {"deactivate-authorization", 1, 1}};

int command_is_good(const char *command, int args)
{
  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
    if (strcmp(commands[i].name, command) == 0) {
      return args >= commands[i].args_min && args <= commands[i].args_max;
    }
  }
  return 0;
}

static int begin_task(program *p, const char *command, char **args)
{
  stardeleg_err err = STARDELEG_ERR_ARGUMENT;

  if (strcmp(command, "orders") == 0) {
    err = stardeleg_client_list_orders(p->client, &p->waits_task);
  } else if (strcmp(command, "change-key") == 0) {
    err = stardeleg_client_change_key(p->client, NULL, &p->waits_task);
  } else if (strcmp(command, "contacts") == 0) {
    err = stardeleg_client_set_contacts(p->client, (const char *const *)args, &p->waits_task);
  } else if (strcmp(command, "agree") == 0) {
    err = stardeleg_client_agree(p->client, &p->waits_task);
  } else if (strcmp(command, "deactivate") == 0) {
    err = stardeleg_client_deactivate(p->client, &p->waits_task);
  } else if (strcmp(command, "deactivate-authorization") == 0) {
    err = stardeleg_client_deactivate_authorization(p->client, args[0], &p->waits_task);
  }
  return err == STARDELEG_OK ? 0 : complain(command, err);
}

int command_begin(program *p, const char *command, char **args)
{
  char path[600];
  stardeleg_err err;

  (void)snprintf(p->live, sizeof(p->live), "%s", service_path(&p->svc, "live", path));
  if (mkdir(p->live, 0700) != 0 && errno != EEXIST) {
    (void)fprintf(stderr, "cannot make the directory %s: %s\n", p->live, strerror(errno));
    return 1;
  }
  if (strcmp(command, "order") == 0) {
    return begin_order(p, args[0], args + 1);
  }
  if (strcmp(command, "revoke") == 0) {
    return begin_revoke(p, args[0], args + 1);
  }
  if (strcmp(command, "look") == 0) {
    p->over = 1;
    return 0;
  }
  if (strcmp(command, "register") == 0 || strcmp(command, "facts") == 0) {
    err = stardeleg_client_check_account(p->client, &p->waits_task);
    return err == STARDELEG_OK ? 0 : complain(command, err);
  }
  return begin_task(p, command, args);
}

/* --- Events --- */

static int write_chain(const program *p, const stardeleg_client_event *event)
{
  char path[900];

  return file_write(live_path(p, event->name, "pem", path), event->chain_pem.base, event->chain_pem.len, 0644);
}

int command_on_event(void *ctx, const stardeleg_client_event *event)
{
  program *p = ctx;
  bool mine = (event->task != 0 && event->task == p->waits_task) ||
              (event->name != NULL && p->waits_name != NULL && strcmp(event->name, p->waits_name) == 0);

  switch (event->kind) {
  case STARDELEG_CLIENT_ACCOUNT:
    (void)printf("account=%s\n", event->url);
    break;
  case STARDELEG_CLIENT_CERTIFICATE:
    if (write_chain(p, event) != 0) {
      return 1;
    }
    p->over |= mine ? 1 : 0;
    break;
  case STARDELEG_CLIENT_FAILED:
    (void)fprintf(stderr, "failed: %s (type %s, status %d)%s%s\n", event->problem->detail, event->problem->type,
                  event->problem->status, event->problem->instance[0] != '\0' ? ": see " : "",
                  event->problem->instance);
    p->failed |= mine ? 1 : 0;
    p->over |= mine ? 1 : 0;
    break;
  case STARDELEG_CLIENT_DONE:
    for (size_t i = 0; i < event->order_count; i++) {
      (void)printf("order=%s\n", event->orders[i]);
    }
    p->over |= mine ? 1 : 0;
    break;
  default:
    break;
  }
  return 0;
}

static void print_look(const program *p, const char *name)
{
  stardeleg_client_status status;
  char from[CLOCK_TEXT_SIZE] = "-";
  char until[CLOCK_TEXT_SIZE] = "-";
  char renew[CLOCK_TEXT_SIZE] = "-";

  if (stardeleg_client_look(p->client, name, &status) != STARDELEG_OK) {
    (void)printf("name=%s state=unknown\n", name);
    return;
  }
  if (status.not_before != STARDELEG_TIME_NONE) {
    clock_write(from, status.not_before);
    clock_write(until, status.not_after);
    clock_write(renew, status.renew_at);
  }
  (void)printf("name=%s state=%s not_before=%s not_after=%s renew_at=%s id=%s reason=\"%s\"\n", name, status.state,
               from, until, renew, status.certificate_id, status.reason);
}

static int print_profile(void *ctx, const char *name, const char *description)
{
  (void)ctx;
  (void)printf("profile=%s (%s)\n", name, description);
  return 0;
}

void command_end(program *p, const char *command, char **args)
{
  stardeleg_client_ca ca;

  if (strcmp(command, "order") == 0 || strcmp(command, "look") == 0) {
    print_look(p, args[0]);
  } else if (strcmp(command, "facts") == 0) {
    stardeleg_client_ca_facts(p->client, &ca);
    (void)printf("terms=%s\nwebsite=%s\neab=%d\nari=%d\nkey-change=%d\nrevocation=%d\n",
                 ca.terms_of_service != NULL ? ca.terms_of_service : "-", ca.website != NULL ? ca.website : "-",
                 ca.external_account_required, ca.has_renewal_info, ca.has_key_change, ca.has_revocation);
    for (size_t i = 0; i < ca.caa_identity_count; i++) {
      (void)printf("caa=%s\n", ca.caa_identities[i]);
    }
    stardeleg_client_profiles(p->client, print_profile, NULL);
  }
}

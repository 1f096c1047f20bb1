/* SPDX-License-Identifier: Apache-2.0 */
/* client/client.c -- the plain client as programs see it: options, engine, facts about the CA. */
#include "client/client_internal.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"

void stardeleg_client_options_default(stardeleg_client_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
  options->account_key_spec = STARDELEG_KEY_P256;
  options->backoff_min_ms = SDG_TIME_S;
  options->backoff_max_ms = SDG_TIME_HOUR;
  options->order_poll_ms = SDG_TIME_S;
  options->order_patience_ms = SDG_TIME_DAY;
  options->order_attempts = 3;
}

void stardeleg_client_order_default(stardeleg_client_order_spec *spec)
{
  memset(spec, 0, sizeof(*spec));
  spec->size = sizeof(*spec);
  spec->not_before = STARDELEG_TIME_NONE;
  spec->not_after = STARDELEG_TIME_NONE;
}

static stardeleg_err refuse(stardeleg_problem *problem, const char *what)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", what);
  return STARDELEG_ERR_CONFIG;
}

static stardeleg_err check_options(const stardeleg_client_options *o, stardeleg_problem *problem)
{
  if (o->crypto == NULL || o->store == NULL || (o->secrets == NULL && o->account_key == NULL)) {
    return refuse(problem, "crypto, store and secrets are required");
  }
  if (o->directory_url == NULL) {
    return refuse(problem, "directory_url is required");
  }
  if (o->backoff_min_ms < 1 || o->backoff_max_ms < o->backoff_min_ms || o->order_poll_ms < 1 ||
      o->order_patience_ms < 1) {
    return refuse(problem, "pauses must be positive, the longest not below the shortest");
  }
  return STARDELEG_OK;
}

int sdg_client_tell(const stardeleg_client *client, const stardeleg_client_event *event)
{
  return client->options.on_event != NULL ? client->options.on_event(client->options.ctx, event) : 0;
}

/* --- The engine --- */

static stardeleg_err next(void *self, stardeleg_ask *ask, stardeleg_time now)
{
  stardeleg_client *client = self;

  sdg_client_tasks_reap(client);
  return sdg_agent_next(client->agent, ask, now);
}

static stardeleg_err answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  return sdg_agent_answer(((stardeleg_client *)self)->agent, id, outcome, now);
}

const stardeleg_engine *stardeleg_client_engine(stardeleg_client *client)
{
  return &client->engine;
}

/* --- In and out --- */

static stardeleg_err copy_options(stardeleg_client *client, const stardeleg_client_options *options,
                                  stardeleg_problem *problem)
{
  stardeleg_client_options *o = &client->options;
  stardeleg_err err;

  stardeleg_client_options_default(o);
  memcpy(o, options, options->size < sizeof(*o) ? options->size : sizeof(*o));
  o->size = sizeof(*o);
  err = check_options(o, problem);
  if (err != STARDELEG_OK) {
    o->directory_url = NULL;
    return err;
  }
  o->directory_url = sdg_strdup(options->directory_url);
  return o->directory_url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

stardeleg_err stardeleg_client_new(stardeleg_client **out, const stardeleg_client_options *options,
                                   stardeleg_problem *problem)
{
  stardeleg_client *client;
  stardeleg_err err;

  sdg_problem_clear(problem);
  if (out == NULL || options == NULL || options->size < offsetof(stardeleg_client_options, directory_url)) {
    return STARDELEG_ERR_CONFIG;
  }
  client = sdg_calloc(1, sizeof(*client));
  if (client == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  client->engine = (stardeleg_engine){client, next, answer};
  err = copy_options(client, options, problem);
  if (err == STARDELEG_OK) {
    err = sdg_agent_new(&client->agent, client->options.crypto, &client->options.log);
  }
  if (err == STARDELEG_OK) {
    err = sdg_client_account_open(client, problem);
  }
  /* The session has copied what it needs; the program's arrays may go. */
  client->options.contacts = NULL;
  client->options.eab_key_id = NULL;
  client->options.eab_mac_key = NULL;
  if (err == STARDELEG_OK) {
    err = sdg_client_entries_open(client);
  }
  if (err == STARDELEG_OK) {
    err = sdg_client_resume_key_change(client);
  }
  if (err != STARDELEG_OK) {
    stardeleg_client_free(client);
    return err;
  }
  *out = client;
  return STARDELEG_OK;
}

void stardeleg_client_free(stardeleg_client *client)
{
  if (client == NULL) {
    return;
  }
  while (client->tasks != NULL) {
    sdg_client_task *task = client->tasks;

    client->tasks = task->next;
    sdg_client_task_free(task);
  }
  while (client->entries != NULL) {
    sdg_client_entry *entry = client->entries;

    client->entries = entry->next;
    sdg_client_entry_free(entry);
  }
  sdg_session_free(client->session);
  sdg_agent_free(client->agent);
  stardeleg_key_free(client->key);
  sdg_free(client->kid);
  sdg_free((char *)(uintptr_t)client->options.directory_url);
  sdg_free(client);
}

/* --- Facts --- */

const stardeleg_problem *stardeleg_client_problem(const stardeleg_client *client)
{
  return sdg_session_problem(client->session);
}

void stardeleg_client_ca_facts(const stardeleg_client *client, stardeleg_client_ca *ca)
{
  const sdg_acme_directory *directory = sdg_session_directory(client->session);

  memset(ca, 0, sizeof(*ca));
  ca->account_url = sdg_session_kid(client->session);
  if (directory == NULL) {
    return;
  }
  ca->terms_of_service = directory->terms_of_service;
  ca->website = directory->website;
  ca->caa_identities = (const char *const *)directory->caa_identities;
  ca->caa_identity_count = directory->caa_identity_count;
  ca->external_account_required = directory->external_account_required ? 1 : 0;
  ca->has_renewal_info = directory->renewal_info != NULL ? 1 : 0;
  ca->has_key_change = directory->key_change != NULL ? 1 : 0;
  ca->has_revocation = directory->revoke_cert != NULL ? 1 : 0;
}

void stardeleg_client_profiles(const stardeleg_client *client,
                               int (*each)(void *ctx, const char *name, const char *description), void *ctx)
{
  const sdg_acme_directory *directory = sdg_session_directory(client->session);
  const sdg_json *profile = directory != NULL ? sdg_json_first(directory->profiles) : NULL;

  while (profile != NULL && each(ctx, sdg_json_name(profile), sdg_json_string(profile)) == 0) {
    profile = sdg_json_next(profile);
  }
}

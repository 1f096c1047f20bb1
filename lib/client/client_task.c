/* SPDX-License-Identifier: Apache-2.0 */
/* client/client_task.c -- single tasks about the account and its certificates. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "client/client_internal.h"
#include "x509/cert.h"

/* --- The job --- */

static const sdg_errand *errand_of(const sdg_client_task *task)
{
  switch (task->kind) {
  case SDG_CLIENT_TASK_REVOKE:
    return &task->revoke.errand;
  case SDG_CLIENT_TASK_KEY:
    return &task->change.errand;
  case SDG_CLIENT_TASK_ACCOUNT:
    return &task->account.errand;
  default:
    return &task->list.errand;
  }
}

/* The account's record knows the key that counts before anybody is told. */
static stardeleg_err settle_key(sdg_client_task *task, bool done)
{
  stardeleg_client *client = task->client;
  int64_t old = client->key_number;
  stardeleg_err err;

  if (task->key_number != 0) {
    client->key_number = done ? task->key_number : old;
    client->next_key_number = 0;
    err = sdg_client_account_save(client);
    if (err != STARDELEG_OK) {
      client->key_number = old;
      client->next_key_number = task->key_number;
      return err;
    }
    if (done) {
      sdg_client_key_remove(client, old);
    }
  }
  if (done) {
    stardeleg_key_free(client->key);
    client->key = stardeleg_key_ref(task->change.key);
  }
  return STARDELEG_OK;
}

static stardeleg_err settle_deactivation(sdg_client_task *task)
{
  stardeleg_err err;

  task->client->deactivated = true;
  err = sdg_client_account_save(task->client);
  task->client->deactivated = err == STARDELEG_OK;
  return err;
}

static void tell(sdg_client_task *task, const sdg_errand *errand)
{
  stardeleg_client_event event = {.kind = STARDELEG_CLIENT_DONE, .task = task->number};

  event.not_before = STARDELEG_TIME_NONE;
  event.not_after = STARDELEG_TIME_NONE;
  if (errand->state == SDG_ERRAND_FAILED) {
    event.kind = STARDELEG_CLIENT_FAILED;
    event.problem = &errand->problem;
  } else if (task->kind == SDG_CLIENT_TASK_LIST) {
    event.orders = (const char *const *)task->list.urls;
    event.order_count = task->list.count;
  }
  (void)sdg_client_tell(task->client, &event);
}

/* Called until it has worked: what a task has changed is in the store before it is told. */
static stardeleg_err settle(sdg_client_task *task)
{
  const sdg_errand *errand = errand_of(task);
  bool done = errand->state == SDG_ERRAND_DONE;
  stardeleg_err err = STARDELEG_OK;

  if (task->kind == SDG_CLIENT_TASK_KEY) {
    err = settle_key(task, done);
  } else if (done && task->kind == SDG_CLIENT_TASK_ACCOUNT && task->account.task == SDG_ACCOUNT_DEACTIVATE) {
    err = settle_deactivation(task);
  }
  if (err == STARDELEG_OK) {
    task->over = true;
    tell(task, errand);
  }
  return err;
}

static stardeleg_err ask_errand(sdg_client_task *task, sdg_step *step, stardeleg_time now)
{
  sdg_session *session = task->client->session;

  switch (task->kind) {
  case SDG_CLIENT_TASK_REVOKE:
    return sdg_revoke_ask(&task->revoke, session, step, now);
  case SDG_CLIENT_TASK_KEY:
    return sdg_key_change_ask(&task->change, &task->job, task->client->agent, step, now);
  case SDG_CLIENT_TASK_ACCOUNT:
    return sdg_account_errand_ask(&task->account, session, step, now);
  default:
    return sdg_order_list_ask(&task->list, session, step, now);
  }
}

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_client_task *task = (sdg_client_task *)job;
  stardeleg_err err = STARDELEG_OK;

  if (errand_of(task)->state == SDG_ERRAND_OPEN) {
    err = ask_errand(task, step, now);
  }
  if (err == STARDELEG_OK && errand_of(task)->state != SDG_ERRAND_OPEN) {
    err = task->over ? STARDELEG_OK : settle(task);
    step->kind = SDG_STEP_DONE;
  }
  return err;
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_client_task *task = (sdg_client_task *)job;
  sdg_session *session = task->client->session;
  sdg_agent *agent = task->client->agent;

  switch (task->kind) {
  case SDG_CLIENT_TASK_REVOKE:
    return sdg_revoke_take(&task->revoke, session, agent, result, now);
  case SDG_CLIENT_TASK_KEY:
    return sdg_key_change_take(&task->change, &task->job, agent, result, now);
  case SDG_CLIENT_TASK_ACCOUNT:
    return sdg_account_errand_take(&task->account, agent, result, now);
  default:
    return sdg_order_list_take(&task->list, session, agent, result, now);
  }
}

static const sdg_job_ops ops = {ask, take};

/* --- In and out --- */

void sdg_client_task_free(sdg_client_task *task)
{
  sdg_agent_remove(task->client->agent, &task->job);
  switch (task->kind) {
  case SDG_CLIENT_TASK_REVOKE:
    sdg_revoke_clear(&task->revoke);
    break;
  case SDG_CLIENT_TASK_KEY:
    sdg_key_change_clear(&task->change, task->client->session);
    break;
  case SDG_CLIENT_TASK_ACCOUNT:
    sdg_account_errand_clear(&task->account);
    break;
  default:
    sdg_order_list_clear(&task->list);
    break;
  }
  sdg_free(task);
}

void sdg_client_tasks_reap(stardeleg_client *client)
{
  sdg_client_task **at = &client->tasks;

  while (*at != NULL) {
    sdg_client_task *task = *at;

    if (task->over && !sdg_agent_has(client->agent, &task->job)) {
      *at = task->next;
      sdg_client_task_free(task);
    } else {
      at = &task->next;
    }
  }
}

static stardeleg_err new_task(sdg_client_task **out, stardeleg_client *client, sdg_client_task_kind kind)
{
  sdg_client_task *task;

  if (client->deactivated) {
    return STARDELEG_ERR_STATE;
  }
  task = sdg_calloc(1, sizeof(*task));
  if (task == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  task->client = client;
  task->kind = kind;
  task->job.ops = &ops;
  task->job.session = client->session;
  *out = task;
  return STARDELEG_OK;
}

/* Takes |task| over; |err| is what preparing it gave. */
static stardeleg_err start(stardeleg_client *client, sdg_client_task *task, stardeleg_err err, uint64_t *number)
{
  sdg_client_task **at = &client->tasks;

  if (err == STARDELEG_OK) {
    err = sdg_agent_add(client->agent, &task->job, STARDELEG_TIME_NONE);
  }
  if (err != STARDELEG_OK) {
    sdg_client_task_free(task);
    return err;
  }
  task->number = ++client->last_task;
  while (*at != NULL) {
    at = &(*at)->next;
  }
  *at = task;
  if (number != NULL) {
    *number = task->number;
  }
  return STARDELEG_OK;
}

/* --- What programs ask for --- */

stardeleg_err stardeleg_client_revoke(stardeleg_client *client, stardeleg_bytes chain_pem, int reason,
                                      stardeleg_key *key, uint64_t *task)
{
  sdg_client_task *made = NULL;
  sdg_chain chain;
  stardeleg_err err = new_task(&made, client, SDG_CLIENT_TASK_REVOKE);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_chain_parse(&chain, chain_pem);
  if (err == STARDELEG_OK) {
    err = sdg_revoke_init(&made->revoke, chain.certs[0], reason, key);
    sdg_chain_clear(&chain);
  }
  return start(client, made, err, task);
}

static bool is_changing(const stardeleg_client *client)
{
  for (const sdg_client_task *task = client->tasks; task != NULL; task = task->next) {
    if (task->kind == SDG_CLIENT_TASK_KEY && !task->over) {
      return true;
    }
  }
  return false;
}

/* The new key is in the secret store first, then in the record, then on the way. */
static stardeleg_err prepare_key(stardeleg_client *client, sdg_client_task *task)
{
  int64_t number = client->key_number + 1;
  stardeleg_key *key = NULL;
  stardeleg_err err;

  do {
    err = sdg_client_key_make(client, number, &key);
    number += err == STARDELEG_ERR_EXISTS ? 1 : 0; /* left over from a change that was refused */
  } while (err == STARDELEG_ERR_EXISTS && number < client->key_number + 1000);
  if (err != STARDELEG_OK) {
    return err;
  }
  client->next_key_number = number;
  err = sdg_client_account_save(client);
  if (err != STARDELEG_OK) {
    client->next_key_number = 0;
    sdg_client_key_remove(client, number);
  } else {
    task->key_number = number;
    sdg_key_change_init(&task->change, key, false);
  }
  stardeleg_key_free(key);
  return err;
}

stardeleg_err stardeleg_client_change_key(stardeleg_client *client, stardeleg_key *key, uint64_t *task)
{
  sdg_client_task *made = NULL;
  bool own = client->options.account_key != NULL;
  stardeleg_err err;

  if (own != (key != NULL)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (is_changing(client)) {
    return STARDELEG_ERR_STATE;
  }
  err = new_task(&made, client, SDG_CLIENT_TASK_KEY);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (own) {
    sdg_key_change_init(&made->change, key, true); /* perhaps it was asked for before a restart */
  } else {
    err = prepare_key(client, made);
  }
  return start(client, made, err, task);
}

stardeleg_err sdg_client_resume_key_change(stardeleg_client *client)
{
  sdg_client_task *made = NULL;
  stardeleg_key *key = NULL;
  stardeleg_err err;

  if (client->next_key_number == 0 || client->deactivated) {
    return STARDELEG_OK;
  }
  err = sdg_client_key_load(client, client->next_key_number, &key);
  if (err != STARDELEG_OK) {
    return err;
  }
  err = new_task(&made, client, SDG_CLIENT_TASK_KEY);
  if (err == STARDELEG_OK) {
    made->key_number = client->next_key_number;
    sdg_key_change_init(&made->change, key, true);
    err = start(client, made, STARDELEG_OK, NULL);
  }
  stardeleg_key_free(key);
  return err;
}

static stardeleg_err start_account(stardeleg_client *client, sdg_account_task what, const char *const *contacts,
                                   const char *url, uint64_t *task)
{
  sdg_client_task *made = NULL;
  stardeleg_err err = new_task(&made, client, SDG_CLIENT_TASK_ACCOUNT);

  if (err != STARDELEG_OK) {
    return err;
  }
  return start(client, made, sdg_account_errand_init(&made->account, what, contacts, url, NULL), task);
}

stardeleg_err stardeleg_client_check_account(stardeleg_client *client, uint64_t *task)
{
  return start_account(client, SDG_ACCOUNT_FETCH, NULL, NULL, task);
}

stardeleg_err stardeleg_client_set_contacts(stardeleg_client *client, const char *const *contacts, uint64_t *task)
{
  return start_account(client, SDG_ACCOUNT_UPDATE, contacts, NULL, task);
}

stardeleg_err stardeleg_client_agree(stardeleg_client *client, uint64_t *task)
{
  return start_account(client, SDG_ACCOUNT_AGREE, NULL, NULL, task);
}

stardeleg_err stardeleg_client_deactivate(stardeleg_client *client, uint64_t *task)
{
  return start_account(client, SDG_ACCOUNT_DEACTIVATE, NULL, NULL, task);
}

stardeleg_err stardeleg_client_deactivate_authorization(stardeleg_client *client, const char *url, uint64_t *task)
{
  return start_account(client, SDG_AUTHORIZATION_DEACTIVATE, NULL, url, task);
}

stardeleg_err stardeleg_client_list_orders(stardeleg_client *client, uint64_t *task)
{
  sdg_client_task *made = NULL;
  stardeleg_err err = new_task(&made, client, SDG_CLIENT_TASK_LIST);

  return err == STARDELEG_OK ? start(client, made, sdg_order_list_init(&made->list), task) : err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/tls_probe.c -- the table of probes under way, a thread each. */
#include "star-ca/tls_probe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "star-ca/tls_handshake.h"

#define PROBES_MAX 32u
#define PAUSE_MS 20
#define FORGOTTEN_MS 60000

typedef struct probes probes;

typedef struct one_probe {
  stardeleg_tls_answer answer; /* first: what the caller holds */
  struct one_probe *next;
  char address[64]; /* "": to be found */
  char server_name[256];
  uint16_t port;
  pthread_t thread;
  atomic_int done;
  const probes *all;
  uint8_t *certificate;
  stardeleg_time asked_at;
} one_probe;

struct probes {
  stardeleg_tls_probe table; /* first: what the caller holds */
  one_probe *list;           /* under way */
  size_t count;
  const char *const *networks;
  atomic_int stop;
};

static void *run(void *ctx)
{
  one_probe *p = ctx;
  stardeleg_tls_target target = {p->address[0] != '\0' ? p->address : NULL, p->port, p->server_name};
  size_t len = 0;

  p->answer.status =
      tls_handshake(&target, p->all->networks, &p->all->stop, &p->certificate, &len, &p->answer.failure_text);
  p->answer.certificate = (stardeleg_bytes){p->certificate, len};
  atomic_store(&p->done, 1);
  return NULL;
}

static void free_probe(one_probe *p)
{
  free(p->certificate);
  free(p);
}

/* Takes it out of the table; its thread has ended or will in a moment. */
static one_probe *take_out(probes *all, one_probe **link)
{
  one_probe *p = *link;

  *link = p->next;
  all->count--;
  (void)pthread_join(p->thread, NULL);
  return p;
}

static void drop_forgotten(probes *all, stardeleg_time now)
{
  for (one_probe **link = &all->list; *link != NULL;) {
    if (atomic_load(&(*link)->done) != 0 && now - (*link)->asked_at > FORGOTTEN_MS) {
      free_probe(take_out(all, link));
    } else {
      link = &(*link)->next;
    }
  }
}

static one_probe **find(probes *all, const stardeleg_tls_target *target)
{
  one_probe **link = &all->list;

  while (*link != NULL && (strcmp((*link)->address, target->address != NULL ? target->address : "") != 0 ||
                           strcmp((*link)->server_name, target->server_name) != 0 || (*link)->port != target->port)) {
    link = &(*link)->next;
  }
  return link;
}

static stardeleg_err begin(probes *all, const stardeleg_tls_target *target, stardeleg_time now)
{
  one_probe *p = calloc(1, sizeof(*p));

  if (p == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)snprintf(p->address, sizeof(p->address), "%s", target->address != NULL ? target->address : "");
  (void)snprintf(p->server_name, sizeof(p->server_name), "%s", target->server_name);
  p->port = target->port;
  p->asked_at = now;
  p->all = all;
  if (pthread_create(&p->thread, NULL, run, p) != 0) {
    free(p);
    return STARDELEG_ERR_CALLBACK;
  }
  p->next = all->list;
  all->list = p;
  all->count++;
  return STARDELEG_OK;
}

static stardeleg_err probe(void *ctx, const stardeleg_tls_target *target, stardeleg_time now, stardeleg_time *ready_at,
                           const stardeleg_tls_answer **answer)
{
  probes *all = ctx;
  one_probe **link;

  drop_forgotten(all, now);
  link = find(all, target);
  *ready_at = now + PAUSE_MS;
  if (*link == NULL) {
    return all->count < PROBES_MAX ? begin(all, target, now) : STARDELEG_OK;
  }
  (*link)->asked_at = now;
  if (atomic_load(&(*link)->done) != 0) {
    *answer = &take_out(all, link)->answer;
  }
  return STARDELEG_OK;
}

static void release(void *ctx, const stardeleg_tls_answer *answer)
{
  (void)ctx;
  free_probe((one_probe *)(uintptr_t)answer);
}

int tls_probe_open(stardeleg_tls_probe **out, const char *const *networks)
{
  probes *all = calloc(1, sizeof(*all));

  if (all == NULL) {
    return -1;
  }
  all->table = (stardeleg_tls_probe){sizeof(all->table), all, probe, release};
  all->networks = networks;
  *out = &all->table;
  return 0;
}

void tls_probe_close(stardeleg_tls_probe *table)
{
  probes *all = table != NULL ? table->ctx : NULL;

  if (all == NULL) {
    return;
  }
  atomic_store(&all->stop, 1);
  while (all->list != NULL) {
    free_probe(take_out(all, &all->list));
  }
  free(all);
}

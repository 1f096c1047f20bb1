/* SPDX-License-Identifier: Apache-2.0 */
/* dns/unbound/unbound.c -- the door to the DNS on libunbound. */
#include <stardeleg/dns_unbound.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unbound.h>

#define CLASS_IN 1
#define RCODE_NXDOMAIN 3
#define TIMEOUT_MS (10 * 1000)
#define CACHE_MAX_S 60
/* Look-ups under way; whoever asks for more at once waits. */
#define LOOKUPS_MAX 1000u
/* Nobody came back for it. */
#define FORGOTTEN_MS (60 * 1000)
/* How often a caller comes back: soon, then less often. */
#define PAUSE_MIN_MS 10
#define PAUSE_MAX_MS 200
#define NAME_MAX_LEN 253
#define TEXT_SIZE 128

/* An answer with all it points to in one piece of memory. */
typedef struct held_answer {
  stardeleg_dns_answer view; /* first: what the caller holds */
  struct held_answer *next;
  stardeleg_bytes *records;
  uint8_t *octets;
  char *canonical_name;
  char text[TEXT_SIZE];
} held_answer;

typedef struct lookup {
  struct lookup *next;
  stardeleg_dns_type type;
  int async_id;
  bool done;
  stardeleg_err err;       /* why there is no answer although it is done */
  held_answer *answer;
  stardeleg_time deadline;
  stardeleg_time asked_at; /* last */
  int64_t pause_ms;
  char name[NAME_MAX_LEN + 1];
} lookup;

typedef struct resolver {
  stardeleg_dns dns; /* first: what the caller holds */
  struct ub_ctx *ub;
  lookup *lookups;
  size_t lookup_count;
  held_answer *held; /* handed out */
  int64_t timeout_ms;
} resolver;

/* --- Answers --- */

static void free_answer(held_answer *answer)
{
  if (answer != NULL) {
    free(answer->records);
    free(answer->octets);
    free(answer->canonical_name);
    free(answer);
  }
}

/* Our own copy: libunbound's result ends with the callback. */
static bool copy_records(held_answer *answer, const struct ub_result *result)
{
  size_t count = 0;
  size_t total = 0;
  uint8_t *at;

  while (result->data != NULL && result->data[count] != NULL) {
    if (result->len[count] < 0) {
      return false;
    }
    total += (size_t)result->len[count++];
  }
  if (count == 0) {
    return true;
  }
  answer->records = calloc(count, sizeof(*answer->records));
  answer->octets = malloc(total > 0 ? total : 1);
  if (answer->records == NULL || answer->octets == NULL) {
    return false;
  }
  at = answer->octets;
  for (size_t i = 0; i < count; i++) {
    size_t len = (size_t)result->len[i];

    if (len > 0) {
      memcpy(at, result->data[i], len);
    }
    answer->records[i] = (stardeleg_bytes){at, len};
    at += len;
  }
  answer->view.records = answer->records;
  answer->view.record_count = count;
  return true;
}

static bool copy_canonical_name(held_answer *answer, const struct ub_result *result)
{
  size_t len = result->canonname != NULL ? strlen(result->canonname) : 0;

  /* libunbound names the question itself where there was no alias. */
  if (len == 0 || strcasecmp(result->canonname, result->qname) == 0) {
    return true;
  }
  answer->canonical_name = calloc(len + 1, 1);
  if (answer->canonical_name == NULL) {
    return false;
  }
  memcpy(answer->canonical_name, result->canonname, len);
  if (len > 1 && answer->canonical_name[len - 1] == '.') {
    answer->canonical_name[len - 1] = '\0';
  }
  answer->view.canonical_name = answer->canonical_name;
  return true;
}

/* Printable ASCII: the text may quote names. */
static void set_text(held_answer *answer, const char *text)
{
  size_t at = 0;

  for (; *text != '\0' && at + 1 < sizeof(answer->text); text++) {
    answer->text[at++] = *text >= ' ' && *text <= '~' ? *text : '?';
  }
  answer->text[at] = '\0';
  answer->view.failure_text = answer->text;
}

static void set_failure(held_answer *answer, const struct ub_result *result)
{
  char text[TEXT_SIZE];

  if (result->bogus) {
    answer->view.status = STARDELEG_DNS_BOGUS;
    set_text(answer, result->why_bogus != NULL ? result->why_bogus : "DNSSEC validation failed");
  } else {
    answer->view.status = STARDELEG_DNS_FAILED;
    (void)snprintf(text, sizeof(text), "the name servers answer with code %d", result->rcode);
    set_text(answer, text);
  }
}

static held_answer *make_answer(const struct ub_result *result)
{
  held_answer *answer = calloc(1, sizeof(*answer));

  if (answer == NULL) {
    return NULL;
  }
  if (result->bogus || (result->rcode != 0 && result->rcode != RCODE_NXDOMAIN)) {
    set_failure(answer, result);
    return answer;
  }
  answer->view.status = result->nxdomain ? STARDELEG_DNS_NO_NAME : STARDELEG_DNS_OK;
  answer->view.secure = result->secure;
  answer->view.ttl_s = result->ttl > 0 ? (uint32_t)result->ttl : 0;
  if (!copy_records(answer, result) || !copy_canonical_name(answer, result)) {
    free_answer(answer);
    return NULL;
  }
  return answer;
}

/* Called from ub_process, on the caller's thread. */
static void take_result(void *ctx, int code, struct ub_result *result)
{
  lookup *l = ctx;

  l->done = true;
  if (code != 0 || result == NULL) {
    l->answer = calloc(1, sizeof(*l->answer));
    if (l->answer != NULL) {
      l->answer->view.status = STARDELEG_DNS_FAILED;
      set_text(l->answer, ub_strerror(code));
    }
  } else {
    l->answer = make_answer(result);
  }
  l->err = l->answer != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  ub_resolve_free(result);
}

/* --- Look-ups --- */

static void drop_lookup(resolver *r, lookup **link)
{
  lookup *l = *link;

  *link = l->next;
  r->lookup_count--;
  if (!l->done) {
    (void)ub_cancel(r->ub, l->async_id);
  }
  free_answer(l->answer);
  free(l);
}

static void drop_forgotten(resolver *r, stardeleg_time now)
{
  for (lookup **link = &r->lookups; *link != NULL;) {
    /* A clock that was turned back must not keep them for ever either. */
    if (now - (*link)->asked_at > FORGOTTEN_MS || now < (*link)->asked_at - FORGOTTEN_MS) {
      drop_lookup(r, link);
    } else {
      link = &(*link)->next;
    }
  }
}

static lookup **find_lookup(resolver *r, const char *name, stardeleg_dns_type type)
{
  lookup **link = &r->lookups;

  while (*link != NULL && ((*link)->type != type || strcasecmp((*link)->name, name) != 0)) {
    link = &(*link)->next;
  }
  return link;
}

static stardeleg_err begin_lookup(resolver *r, const char *name, stardeleg_dns_type type, stardeleg_time now)
{
  lookup *l = calloc(1, sizeof(*l));
  int code;

  if (l == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)snprintf(l->name, sizeof(l->name), "%s", name);
  l->type = type;
  l->deadline = now + r->timeout_ms;
  l->asked_at = now;
  l->pause_ms = PAUSE_MIN_MS;
  code = ub_resolve_async(r->ub, l->name, (int)type, CLASS_IN, l, take_result, &l->async_id);
  if (code != 0) {
    free(l);
    return code == UB_NOMEM ? STARDELEG_ERR_NOMEM : STARDELEG_ERR_CALLBACK;
  }
  l->next = r->lookups;
  r->lookups = l;
  r->lookup_count++;
  return STARDELEG_OK;
}

static void give_up(resolver *r, lookup *l)
{
  (void)ub_cancel(r->ub, l->async_id);
  l->done = true;
  l->answer = calloc(1, sizeof(*l->answer));
  l->err = l->answer != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  if (l->answer != NULL) {
    l->answer->view.status = STARDELEG_DNS_TIMEOUT;
    set_text(l->answer, "no answer in time");
  }
}

/* The answer becomes the caller's, the look-up is over. */
static stardeleg_err hand_out(resolver *r, lookup **link, const stardeleg_dns_answer **answer)
{
  lookup *l = *link;
  stardeleg_err err = l->err;

  if (err == STARDELEG_OK) {
    l->answer->next = r->held;
    r->held = l->answer;
    *answer = &l->answer->view;
    l->answer = NULL;
  }
  drop_lookup(r, link);
  return err;
}

static stardeleg_err resolver_lookup(void *ctx, const char *name, stardeleg_dns_type type, stardeleg_time now,
                                     stardeleg_time *ready_at, const stardeleg_dns_answer **answer)
{
  resolver *r = ctx;
  lookup **link;
  stardeleg_err err;

  *answer = NULL;
  if (name == NULL || name[0] == '\0' || strlen(name) > NAME_MAX_LEN) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (ub_poll(r->ub) && ub_process(r->ub) != 0) {
    return STARDELEG_ERR_CALLBACK;
  }
  drop_forgotten(r, now);
  link = find_lookup(r, name, type);
  if (*link == NULL) {
    if (r->lookup_count >= LOOKUPS_MAX) {
      *ready_at = now + PAUSE_MAX_MS;
      return STARDELEG_OK;
    }
    err = begin_lookup(r, name, type, now);
    *ready_at = now + PAUSE_MIN_MS;
    return err;
  }
  if (!(*link)->done && now >= (*link)->deadline) {
    give_up(r, *link);
  }
  if ((*link)->done) {
    return hand_out(r, link, answer);
  }
  (*link)->asked_at = now;
  (*link)->pause_ms = (*link)->pause_ms * 2 < PAUSE_MAX_MS ? (*link)->pause_ms * 2 : PAUSE_MAX_MS;
  *ready_at = now + (*link)->pause_ms;
  return STARDELEG_OK;
}

static void resolver_release(void *ctx, const stardeleg_dns_answer *answer)
{
  resolver *r = ctx;

  for (held_answer **link = &r->held; *link != NULL; link = &(*link)->next) {
    if (&(*link)->view == answer) {
      held_answer *found = *link;

      *link = found->next;
      free_answer(found);
      return;
    }
  }
}

/* --- In and out --- */

void stardeleg_dns_unbound_options_default(stardeleg_dns_unbound_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
  options->timeout_ms = TIMEOUT_MS;
  options->cache_max_s = CACHE_MAX_S;
}

/* libunbound changes what it is given in some versions: it gets a copy. */
static stardeleg_err with_copy(struct ub_ctx *ub, const char *text, int (*call)(struct ub_ctx *, const char *))
{
  size_t size = strlen(text) + 1;
  char *copy = malloc(size);
  int code;

  if (copy == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  memcpy(copy, text, size);
  code = call(ub, copy);
  free(copy);
  return code == 0 ? STARDELEG_OK : (code == UB_NOMEM ? STARDELEG_ERR_NOMEM : STARDELEG_ERR_CONFIG);
}

static stardeleg_err set_servers(struct ub_ctx *ub, const char *const *servers)
{
  stardeleg_err err = STARDELEG_OK;

  if (servers == NULL || servers[0] == NULL) {
    return STARDELEG_OK;
  }
  /* A resolver on this host or in this network, with names of this network, is what its operator wants. */
  if (ub_ctx_set_option(ub, "do-not-query-localhost:", "no") != 0 ||
      ub_ctx_set_option(ub, "unblock-lan-zones:", "yes") != 0 ||
      ub_ctx_set_option(ub, "insecure-lan-zones:", "yes") != 0) {
    return STARDELEG_ERR_CALLBACK;
  }
  for (size_t i = 0; servers[i] != NULL && err == STARDELEG_OK; i++) {
    err = with_copy(ub, servers[i], ub_ctx_set_fwd);
  }
  return err;
}

static stardeleg_err configure(struct ub_ctx *ub, const stardeleg_dns_unbound_options *options)
{
  char seconds[16];
  stardeleg_err err;

  (void)snprintf(seconds, sizeof(seconds), "%u", options->cache_max_s);
  /* Answers are about whether to issue now, so old ones are of little use, and old failures of none. */
  if (ub_ctx_set_option(ub, "cache-max-ttl:", seconds) != 0 ||
      ub_ctx_set_option(ub, "cache-max-negative-ttl:", seconds) != 0 ||
      ub_ctx_set_option(ub, "minimal-responses:", "yes") != 0 || ub_ctx_set_option(ub, "qname-minimisation:", "yes") ||
      ub_ctx_set_option(ub, "use-caps-for-id:", "no") != 0 || ub_ctx_set_option(ub, "do-daemonize:", "no") != 0) {
    return STARDELEG_ERR_CALLBACK;
  }
  err = set_servers(ub, options->servers);
  if (err == STARDELEG_OK && options->trust_anchor != NULL) {
    err = with_copy(ub, options->trust_anchor, ub_ctx_add_ta_file);
  }
  if (err == STARDELEG_OK && ub_ctx_async(ub, 1) != 0) {
    err = STARDELEG_ERR_CALLBACK;
  }
  return err;
}

stardeleg_err stardeleg_dns_unbound_new(stardeleg_dns **out, const stardeleg_dns_unbound_options *options)
{
  stardeleg_dns_unbound_options given;
  resolver *r;
  stardeleg_err err;

  stardeleg_dns_unbound_options_default(&given);
  if (options != NULL) {
    if (options->size != sizeof(given) || options->timeout_ms < 1) {
      return STARDELEG_ERR_ARGUMENT;
    }
    given = *options;
  }
  if (out == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  r = calloc(1, sizeof(*r));
  if (r == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  r->dns = (stardeleg_dns){sizeof(r->dns), r, resolver_lookup, resolver_release};
  r->timeout_ms = given.timeout_ms;
  r->ub = ub_ctx_create();
  err = r->ub != NULL ? configure(r->ub, &given) : STARDELEG_ERR_NOMEM;
  if (err != STARDELEG_OK) {
    stardeleg_dns_unbound_free(&r->dns);
    return err;
  }
  *out = &r->dns;
  return STARDELEG_OK;
}

void stardeleg_dns_unbound_free(stardeleg_dns *dns)
{
  resolver *r = dns != NULL ? dns->ctx : NULL;

  if (r == NULL) {
    return;
  }
  while (r->lookups != NULL) {
    drop_lookup(r, &r->lookups);
  }
  while (r->held != NULL) {
    held_answer *answer = r->held;

    r->held = answer->next;
    free_answer(answer);
  }
  ub_ctx_delete(r->ub);
  free(r);
}

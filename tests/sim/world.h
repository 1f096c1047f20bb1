/* SPDX-License-Identifier: Apache-2.0 */
/* sim/world.h -- a CA, an IdO and several NDCs in one process, by their public interfaces only, with a clock that jumps
 * to whatever comes next.
 *
 * A world is made from a setup and runs the same way each time.  The first thing that is wrong stops it. */
#ifndef SDG_TESTS_SIM_WORLD_H
#define SDG_TESTS_SIM_WORLD_H

#include <stardeleg/ca.h>
#include <stardeleg/ido.h>
#include <stardeleg/ndc.h>

#include "sim/queue.h"
#include "sim/rng.h"
#include "sim/trace.h"

#define SIM_S ((int64_t)1000)
#define SIM_MINUTE (60 * SIM_S)
#define SIM_HOUR (60 * SIM_MINUTE)
#define SIM_DAY (24 * SIM_HOUR)
#define SIM_BEGIN ((stardeleg_time)1767225600000) /* 2026-01-01T00:00:00Z */

#define SIM_CA 0u
#define SIM_IDO 1u
#define SIM_NDC 2u /* the first of them */
#define SIM_NDCS_MAX 16u
#define SIM_IDOS_MAX 3u /* each delegates to the next one */
#define SIM_ACTORS_MAX (SIM_NDC + SIM_NDCS_MAX + SIM_IDOS_MAX - 1)
#define SIM_NOBODY SIZE_MAX

/* How bad the network is: chances for each exchange, in 1000. */
typedef struct sim_faults {
  unsigned lost_request;
  unsigned lost_reply;
  unsigned duplicate;    /* of POSTs: the second one comes up to 5 s later; of replies: the engine gets it twice */
  unsigned server_error; /* 500, 502, 503, 429, before or after the request was worked on */
  unsigned bad_nonce;    /* POST refused with badNonce, with or without a new one */
} sim_faults;

/* What an NDC asks for. */
typedef struct sim_ndc_plan {
  int64_t lifetime_s;
  int64_t lifetime_adjust_s;
  int64_t order_duration_s;
  int64_t discovery_interval_s;
  bool check_chain;
  size_t depth;                /* at which IdO: 0 or 1: that of the names, 2: the one it delegates to, 3 */
  bool plain;                  /* orders without auto-renewal */
  int64_t template_interval_s; /* 0: the default */
  unsigned weight;             /* how many of the delegations it gets, compared with others; 0: 1 */
} sim_ndc_plan;

struct sim_actor;
struct sim_world;

/* What a world is made from. */
typedef struct sim_setup {
  uint64_t seed;
  bool cheap;       /* keys of cheap.h */
  size_t ido_count; /* 0: 1 */
  size_t names_for; /* so many delegations in a row have the same names; 0: 1 */
  size_t domains;   /* their names are spread over so many domains; 0: 1 */
  /* Change what the roles are made with; NULL: nothing. */
  void (*tune_ca)(struct sim_actor *actor, stardeleg_ca_options *options);
  void (*tune_ido)(struct sim_actor *actor, stardeleg_ido_options *options, stardeleg_issuer_options *issuer);
  sim_faults faults;
  size_t ndc_count;
  sim_ndc_plan ndcs[SIM_NDCS_MAX];
} sim_setup;

/* One process. */
typedef struct sim_actor {
  char name[16];
  char base[48];   /* its URL; "" for NDCs */
  size_t upstream; /* whose client it is; the CA: SIM_NOBODY */
  struct sim_world *world;
  size_t index;
  /* What outlives it. */
  stardeleg_store *store;
  stardeleg_secrets *secrets;
  char mac_key[64];
  sim_ndc_plan plan;
  /* The role; all NULL while the process is down. */
  stardeleg_ca *ca;
  stardeleg_ido *ido;
  stardeleg_ndc *ndc;
  const stardeleg_engine *engine;
  stardeleg_time wake_at;
  bool runnable;
  bool unreachable; /* runs, but the network to it is cut */
  int64_t skew_ms;  /* its clock is so much ahead */
  unsigned life;    /* one more with each start: answers to earlier lives are lost */
} sim_actor;

/* Where an exchange is; for tests that interfere. */
typedef enum sim_phase {
  SIM_ARRIVING = 0, /* the request is about to be handled */
  SIM_HANDLED,      /* the reply is on its way */
  SIM_ANSWERED      /* the engine has taken the outcome, but was not asked what is next */
} sim_phase;

typedef struct sim_watch sim_watch;

typedef struct sim_world {
  stardeleg_time now;
  sim_rng rng;
  sim_setup setup;
  sim_faults faults;
  int64_t skew_max_ms; /* no clock is further from the truth than that */
  const stardeleg_crypto *crypto;
  stardeleg_key *root_key;
  char *root_pem;
  sim_actor actors[SIM_ACTORS_MAX];
  size_t actor_count;
  size_t ndc_count;
  sim_queue queue;
  sim_trace *trace;
  sim_watch *watch;
  uint64_t exchanges; /* sent so far */
  uint64_t posts;
  unsigned steps_at_once; /* events without the clock going on */
  bool failed;
  char failure[512];
  /* May stop and start processes. */
  void (*on_phase)(struct sim_world *world, uint64_t exchange, sim_phase phase);
  const void *on_phase_ctx;
  /* Asked before the CA is: seconds until the client may come back (it is told rateLimited), or 0. */
  int64_t (*limit)(struct sim_world *world, const stardeleg_http_request *request, const char *target);
  /* Told what the servers answer and what they log; NULL: nobody is. */
  void (*on_reply)(struct sim_world *world, size_t server, const stardeleg_http_request *request, const char *target,
                   const stardeleg_http_response *response);
  void (*on_log)(struct sim_world *world, size_t actor, const char *event, const char *text);
  void *on_ctx;
  /* Told when control goes into the library and comes back; NULL: nobody is. */
  void (*on_library)(bool inside);
  bool in_library;
  bool scarce; /* lack of memory is no failure: servers do not answer, engines are asked again */
} sim_world;

sim_world *sim_world_new(const sim_setup *setup);
void sim_world_free(sim_world *world);
/* Until |end| or the first failure. */
void sim_world_run(sim_world *world, stardeleg_time end);
/* Something is wrong; only the first one counts. */
void sim_world_fail(sim_world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Control is inside of the library from now on, or back; returns where it was. */
bool sim_world_enter(sim_world *world, bool library);
/* Calls |fn| at |at|. */
typedef void (*sim_script_fn)(sim_world *world, void *ctx, size_t argument);
void sim_world_at(sim_world *world, stardeleg_time at, sim_script_fn fn, void *ctx, size_t argument);
/* Frees the world and, if it has failed, the test with it, after telling the last lines of the trace. */
void sim_world_end(sim_world *world, const char *scenario, uint64_t seed);

/* --- roles.c --- */
void sim_actor_init(sim_world *world, size_t index);
void sim_actor_clear(sim_actor *actor);
void sim_actor_start(sim_actor *actor);
void sim_actor_stop(sim_actor *actor);
void sim_actor_restart(sim_actor *actor);

/* The |level|th IdO on the way from the CA, from 0 on. */
sim_actor *sim_ido(sim_world *world, size_t level);

/* What its clock shows. */
stardeleg_time sim_actor_now(const sim_actor *actor);

/* --- network.c --- */
/* Takes an exchange of |actor| onto the network. */
void sim_network_send(sim_world *world, sim_actor *actor, const stardeleg_ask *ask);

#endif /* SDG_TESTS_SIM_WORLD_H */

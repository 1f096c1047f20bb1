/* SPDX-License-Identifier: Apache-2.0 */
/* sim/queue.h -- what is to happen, by its moment; what comes at the same moment happens in the order it was put in. */
#ifndef SDG_TESTS_SIM_QUEUE_H
#define SDG_TESTS_SIM_QUEUE_H

#include <stardeleg/base.h>

typedef struct sim_event sim_event;
struct sim_world;

/* To be the first member of what it is about. */
struct sim_event {
  stardeleg_time at;
  uint64_t number;                                        /* the queue's */
  void (*run)(struct sim_world *world, sim_event *event); /* owns the event from here on */
  void (*drop)(sim_event *event);                         /* the world ends first */
};

typedef struct sim_queue {
  sim_event **events;
  size_t count;
  size_t cap;
  uint64_t number;
} sim_queue;

void sim_queue_put(sim_queue *queue, sim_event *event);
/* The first one stays in the queue; NULL if there is none. */
sim_event *sim_queue_first(const sim_queue *queue);
sim_event *sim_queue_take(sim_queue *queue);
void sim_queue_clear(sim_queue *queue);

#endif /* SDG_TESTS_SIM_QUEUE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* sim/queue.c -- a binary heap. */
#include "sim/queue.h"

#include <stdbool.h>
#include <stdlib.h>

static bool is_earlier(const sim_event *a, const sim_event *b)
{
  return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void swap(sim_queue *queue, size_t a, size_t b)
{
  sim_event *event = queue->events[a];

  queue->events[a] = queue->events[b];
  queue->events[b] = event;
}

void sim_queue_put(sim_queue *queue, sim_event *event)
{
  size_t i = queue->count;

  if (queue->count == queue->cap) {
    queue->cap = queue->cap == 0 ? 256 : queue->cap * 2;
    queue->events = realloc(queue->events, queue->cap * sizeof(sim_event *));
    if (queue->events == NULL) {
      abort();
    }
  }
  event->number = queue->number++;
  queue->events[queue->count++] = event;
  while (i > 0 && is_earlier(queue->events[i], queue->events[(i - 1) / 2])) {
    swap(queue, i, (i - 1) / 2);
    i = (i - 1) / 2;
  }
}

sim_event *sim_queue_first(const sim_queue *queue)
{
  return queue->count > 0 ? queue->events[0] : NULL;
}

sim_event *sim_queue_take(sim_queue *queue)
{
  sim_event *first = sim_queue_first(queue);
  size_t i = 0;

  if (first == NULL) {
    return NULL;
  }
  queue->events[0] = queue->events[--queue->count];
  for (;;) {
    size_t least = i;

    for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
      if (child < queue->count && is_earlier(queue->events[child], queue->events[least])) {
        least = child;
      }
    }
    if (least == i) {
      return first;
    }
    swap(queue, i, least);
    i = least;
  }
}

void sim_queue_clear(sim_queue *queue)
{
  for (size_t i = 0; i < queue->count; i++) {
    queue->events[i]->drop(queue->events[i]);
  }
  free(queue->events);
  *queue = (sim_queue){0};
}

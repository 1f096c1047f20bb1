/* SPDX-License-Identifier: Apache-2.0 */
/* support/ndc_story.c -- what the delegate's tests begin and end with, and ask again and again: one world at a time. */
#include "support/ndc_story.h"

ndc_world world;

int story_begin(void **state)
{
  (void)state;
  world_init(&world);
  return 0;
}

int story_end(void **state)
{
  (void)state;
  world_clear(&world);
  return 0;
}

size_t certificates(void)
{
  return world_count(&world, STARDELEG_NDC_CERTIFICATE);
}

size_t failures(void)
{
  return world_count(&world, STARDELEG_NDC_FAILED);
}

size_t ends(void)
{
  return world_count(&world, STARDELEG_NDC_ENDED);
}

void assert_never_without(void)
{
  stardeleg_time until = 0;

  for (size_t i = 0; i < world.event_count; i++) {
    if (world.events[i].kind == STARDELEG_NDC_CERTIFICATE) {
      assert_true(until == 0 || world.events[i].at < until);
      until = world.events[i].not_after;
    }
  }
  assert_true(until > world.now);
}

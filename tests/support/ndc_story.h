/* SPDX-License-Identifier: Apache-2.0 */
/* support/ndc_story.h -- what the delegate's tests begin and end with, and ask again and again: one world at a time. */
#ifndef SDG_TESTS_SUPPORT_NDC_STORY_H
#define SDG_TESTS_SUPPORT_NDC_STORY_H

#include "support/ndc_world.h"

extern ndc_world world;

/* For cmocka: world_init() and world_clear(). */
int story_begin(void **state);
int story_end(void **state);

/* How often each was told. */
size_t certificates(void);
size_t failures(void);
size_t ends(void);
/* Each certificate was told before the one before it had ended, and the last one is good now. */
void assert_never_without(void);

#endif /* SDG_TESTS_SUPPORT_NDC_STORY_H */

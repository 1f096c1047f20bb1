/* SPDX-License-Identifier: Apache-2.0 */
/* support/spoil.h -- one fault at a time: objects made of a valid one by changing a single member. */
#ifndef SDG_TESTS_SUPPORT_SPOIL_H
#define SDG_TESTS_SUPPORT_SPOIL_H

#include "support/test.h"

#include <stdbool.h>

#include <stardeleg/problem.h>

/* One case: the member gets this value (JSON text; NULL: it is left out), then the object is taken or not. */
typedef struct spoiling {
  const char *member;
  const char *value;
  bool taken;
  const char *place; /* told in the problem if it is not; NULL: none is looked at */
} spoiling;

/* Parses |text|; the problem is looked at if it is refused. */
typedef stardeleg_err (*spoil_parser)(const char *text, stardeleg_problem *problem);

/* |object| with one member changed, added or left out; to be freed with free(). */
char *spoil_member(const char *object, const char *member, const char *value);
/* |object| itself is taken, with an unknown member too; each member twice is not; then the cases. */
void spoil_all(spoil_parser parser, const char *object, const spoiling *cases, size_t count);

#endif /* SDG_TESTS_SUPPORT_SPOIL_H */

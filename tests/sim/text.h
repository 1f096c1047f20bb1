/* SPDX-License-Identifier: Apache-2.0 */
/* sim/text.h -- picking pieces out of bodies and log lines. */
#ifndef SDG_TESTS_SIM_TEXT_H
#define SDG_TESTS_SIM_TEXT_H

#include <stdbool.h>
#include <stardeleg/base.h>

/* Where |text| begins in |in|; NULL if it does not occur. */
const char *sim_text_find(stardeleg_bytes in, const char *text);
/* Copies what stands between the first |before| and the next |after| (a character of it, or the end); false if |before|
 * does not occur. */
bool sim_text_between(char *out, size_t size, stardeleg_bytes in, const char *before, const char *after);

#endif /* SDG_TESTS_SIM_TEXT_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* sim/limits.h -- the published rate limits of a public CA in front of ours: orders of an account, certificates of a
 * registered domain and of an exact set of names.  Each is a bucket that fills up again; orders that say what they
 * replace (RFC 9773 5) are in none of them. */
#ifndef SDG_TESTS_SIM_LIMITS_H
#define SDG_TESTS_SIM_LIMITS_H

#include "sim/world.h"

typedef struct sim_limits sim_limits;

/* Takes the world's hooks |limit|, |on_reply| and |on_log|. */
sim_limits *sim_limits_new(sim_world *world);
void sim_limits_free(sim_limits *limits);

/* Orders that the limits forbade. */
uint64_t sim_limits_refused(const sim_limits *limits);
/* Requests that the CA has answered; certificates; those of orders that replace something. */
uint64_t sim_limits_requests(const sim_limits *limits);
uint64_t sim_limits_certificates(const sim_limits *limits);
uint64_t sim_limits_replacing(const sim_limits *limits);
/* The most that any bucket ever had in it, in parts of what it takes. */
double sim_limits_fullest(const sim_limits *limits);
/* Calls |fn| for each certificate that was issued before |before| and is valid at |now|. */
void sim_limits_each(const sim_limits *limits, stardeleg_time before, stardeleg_time now,
                     void (*fn)(sim_world *world, const char *serial));
/* When the certificate |serial| was issued; NONE: never. */
stardeleg_time sim_limits_issued_at(const sim_limits *limits, const char *serial);

#endif /* SDG_TESTS_SIM_LIMITS_H */

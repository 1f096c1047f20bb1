/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_profile.h -- profiles (draft-ietf-acme-profiles): which there are, and what an order keeps of its own.
 *
 * An order keeps the rules it was granted, so certificates of a STAR order stay the same over years of changed
 * configuration. */
#ifndef SDG_CA_CA_PROFILE_H
#define SDG_CA_CA_PROFILE_H

#include "ca/ca_internal.h"

/* A rule is a stardeleg_ca_choice in two bits of sdg_ca_order.rules; the numbers are in the store. */
typedef enum sdg_ca_rule_name {
  SDG_CA_RULE_SERVER_AUTH = 0,
  SDG_CA_RULE_CLIENT_AUTH = 1,
  SDG_CA_RULE_KEY_ENCIPHERMENT = 2,
  SDG_CA_RULE_COMMON_NAME = 3,
  SDG_CA_RULE_SUBJECT_KEY_ID = 4
} sdg_ca_rule_name;
/* serverAuth always, the rest as asked, with subjectKeyIdentifier. */
#define SDG_CA_RULES_DEFAULT                                                                                           \
  ((uint64_t)1 << 0 | (uint64_t)2 << 2 | (uint64_t)2 << 4 | (uint64_t)2 << 6 | (uint64_t)1 << 8)
stardeleg_ca_choice sdg_ca_rule(uint64_t rules, sdg_ca_rule_name name);

/* Copies the options' profiles; CONFIG for one that is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_profiles_load(stardeleg_ca *ca, stardeleg_problem *problem);
void sdg_ca_profiles_clear(stardeleg_ca *ca);
/* There are orders with auto-renewal that some profile allows. */
bool sdg_ca_profiles_allow_star(const stardeleg_ca *ca);
/* meta.profiles. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_profiles_describe(const stardeleg_ca *ca, sdg_json **out);
/* The profile that was asked for, or the first, into |order|; problem invalidProfile if it does not fit. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_choose_profile(const stardeleg_ca *ca, sdg_call *call,
                                                         const sdg_acme_new_order *request, sdg_ca_order *order);
/* Problem invalidProfile if the order's profile is no longer there. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_profile_is_offered(const stardeleg_ca *ca, sdg_call *call,
                                                             const sdg_ca_order *order);
/* Validity of a certificate whose order names no end. */
int64_t sdg_ca_plain_lifetime_s(const stardeleg_ca *ca, const sdg_ca_order *order);

#endif /* SDG_CA_CA_PROFILE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* dns_update/keeper.h -- records on their way into the zone and out of it. */
#ifndef SDG_DNS_UPDATE_KEEPER_H
#define SDG_DNS_UPDATE_KEEPER_H

#include <stdbool.h>
#include <stardeleg/dns_update.h>

/* With the final NUL. */
#define SDG_DNS_NAME_SIZE 254

typedef enum sdg_dns_step {
  SDG_DNS_ALIAS = 0, /* where does its name lead? */
  SDG_DNS_CHANGE,    /* the zone is being changed */
  SDG_DNS_SEE,       /* until the DNS shows it */
  SDG_DNS_DELAY,
  SDG_DNS_DONE
} sdg_dns_step;

typedef struct sdg_dns_item {
  struct sdg_dns_item *next;
  stardeleg_dns_type type;
  stardeleg_dns_action want;
  stardeleg_dns_action doing; /* while |pending|: what was begun ends before something else begins */
  bool pending;
  bool look_first; /* nothing is changed if the DNS shows it */
  sdg_dns_step step;
  stardeleg_time next_at; /* not looked at before */
  stardeleg_time deadline;
  stardeleg_time asked_at; /* by the solver's caller, last */
  uint32_t failures;
  char name[SDG_DNS_NAME_SIZE];   /* as asked */
  char target[SDG_DNS_NAME_SIZE]; /* where the record goes; "": not known yet */
  char value[256];
  char token[257];
} sdg_dns_item;

struct stardeleg_dns_keeper {
  stardeleg_dns_keeper_options options;
  stardeleg_solver solver;
  stardeleg_engine engine;
  sdg_dns_item *items;
  size_t count;
};

/* Letters, digits, hyphens, underscores in labels of 1 to 63; no final dot. */
bool sdg_dns_is_owner_name(const char *name);

/* The item of a record, made if there is none.  Returns 0, NOMEM, or LIMIT: too many. */
STARDELEG_MUST_CHECK stardeleg_err sdg_dns_item_get(sdg_dns_item **out, stardeleg_dns_keeper *keeper,
                                                    stardeleg_dns_type type, const char *name, const char *value);
sdg_dns_item *sdg_dns_item_find(const stardeleg_dns_keeper *keeper, stardeleg_dns_type type, const char *name,
                                const char *value);
void sdg_dns_item_drop(stardeleg_dns_keeper *keeper, sdg_dns_item *item);
/* From now on |action| is wanted; what is under way ends first. */
void sdg_dns_item_want(sdg_dns_item *item, stardeleg_dns_action action);
/* Is it not yet |item|'s time? */
bool sdg_dns_item_is_early(const stardeleg_dns_keeper *keeper, const sdg_dns_item *item, stardeleg_time now);
/* Goes on as far as it can: to DONE, or |next_at| says when to ask again.  A failure sets it back to its beginning.
 * Returns 0, CALLBACK or NOMEM: not now; UNSUPPORTED, ARGUMENT: never. */
STARDELEG_MUST_CHECK stardeleg_err sdg_dns_item_advance(stardeleg_dns_keeper *keeper, sdg_dns_item *item,
                                                        stardeleg_time now);

#endif /* SDG_DNS_UPDATE_KEEPER_H */

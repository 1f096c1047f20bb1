/* SPDX-License-Identifier: Apache-2.0 */
/* client/client_internal.h -- the inside of the plain client, shared by its files. */
#ifndef SDG_CLIENT_CLIENT_INTERNAL_H
#define SDG_CLIENT_CLIENT_INTERNAL_H

#include <stardeleg/client.h>
#include "acme_client/account_errand.h"
#include "acme_client/download.h"
#include "acme_client/key_change.h"
#include "acme_client/order_flow.h"
#include "acme_client/renewal_info.h"
#include "acme_client/revoke.h"

#define SDG_CLIENT_KEY_NAME_SIZE 40

typedef enum sdg_client_phase {
  SDG_CLIENT_ORDERING = 0,
  SDG_CLIENT_DOWNLOAD,
  SDG_CLIENT_HELD,  /* rests; there is a certificate */
  SDG_CLIENT_FAILED /* rests; there is none */
} sdg_client_phase;

/* One name: an order under way, a certificate that is held, or both (a renewal). */
typedef struct sdg_client_entry {
  sdg_job job; /* first */
  stardeleg_client *client;
  struct sdg_client_entry *next;
  char *name;
  uint64_t version;    /* of the record */
  bool unsaved;        /* the record is older than this */
  sdg_client_phase phase;
  unsigned attempts;   /* orders tried in this round */
  bool has_flow;
  sdg_order_flow flow;
  bool has_download;
  sdg_download download;
  /* what is held */
  char *chain;         /* PEM, or NULL */
  char *certificate_url;
  stardeleg_time not_before, not_after;
  bool has_watch;
  sdg_renewal_watch watch;
  bool told;           /* CERTIFICATE has been taken; not in the record */
  bool renew_told;
  stardeleg_time tell_at;
  bool reported;       /* FAILED has been told; not in the record */
  stardeleg_problem problem; /* of the last failure */
} sdg_client_entry;

typedef enum sdg_client_task_kind {
  SDG_CLIENT_TASK_REVOKE = 0,
  SDG_CLIENT_TASK_KEY,
  SDG_CLIENT_TASK_ACCOUNT,
  SDG_CLIENT_TASK_LIST
} sdg_client_task_kind;

typedef struct sdg_client_task {
  sdg_job job; /* first */
  stardeleg_client *client;
  struct sdg_client_task *next;
  uint64_t number;
  sdg_client_task_kind kind;
  bool over;
  sdg_revoke revoke;
  sdg_key_change change;
  int64_t key_number; /* of the new account key; 0: the program's own */
  sdg_account_errand account;
  sdg_order_list list;
} sdg_client_task;

struct stardeleg_client {
  stardeleg_client_options options; /* strings owned */
  stardeleg_engine engine;
  sdg_agent *agent;
  sdg_session *session;
  stardeleg_key *key;
  int64_t key_number;      /* 0: the program's own */
  int64_t next_key_number; /* 0: none */
  uint64_t account_version;
  char *kid;               /* as recorded */
  bool deactivated;
  sdg_client_entry *entries;
  sdg_client_task *tasks;
  uint64_t last_task;
};

/* The account's record, keys and session (client_account.c). */
STARDELEG_MUST_CHECK stardeleg_err sdg_client_account_open(stardeleg_client *client, stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_client_account_save(stardeleg_client *client);
STARDELEG_MUST_CHECK stardeleg_err sdg_client_key_make(stardeleg_client *client, int64_t number, stardeleg_key **out);
STARDELEG_MUST_CHECK stardeleg_err sdg_client_key_load(stardeleg_client *client, int64_t number, stardeleg_key **out);
void sdg_client_key_remove(stardeleg_client *client, int64_t number);

/* Orders and what they give (client_entry.c, client_order.c). */
STARDELEG_MUST_CHECK stardeleg_err sdg_client_entries_open(stardeleg_client *client);
sdg_client_entry *sdg_client_entry_find(const stardeleg_client *client, const char *name);
STARDELEG_MUST_CHECK stardeleg_err sdg_client_entry_new(sdg_client_entry **out, stardeleg_client *client,
                                                        const char *name);
void sdg_client_entry_free(sdg_client_entry *entry);
STARDELEG_MUST_CHECK stardeleg_err sdg_client_entry_save(sdg_client_entry *entry);
extern const sdg_job_ops sdg_client_entry_ops;
/* The moment of RENEW; NONE without a certificate. */
stardeleg_time sdg_client_renew_at(const sdg_client_entry *entry);
void sdg_client_flow_settings(sdg_client_entry *entry);

/* The downloaded chain against what was ordered: PROTOCOL with |problem| if it is another certificate. */
STARDELEG_MUST_CHECK stardeleg_err sdg_client_check(const sdg_client_entry *entry, stardeleg_bytes chain_pem,
                                                    stardeleg_time validity[2], stardeleg_problem *problem);

/* Tasks (client_task.c). */
STARDELEG_MUST_CHECK stardeleg_err sdg_client_resume_key_change(stardeleg_client *client);
void sdg_client_tasks_reap(stardeleg_client *client);
void sdg_client_task_free(sdg_client_task *task);

/* Events. */
int sdg_client_tell(const stardeleg_client *client, const stardeleg_client_event *event);

#endif /* SDG_CLIENT_CLIENT_INTERNAL_H */

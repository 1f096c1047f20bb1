/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_call.h -- one request of the owner on its way through its handler. */
#ifndef EXAMPLE_IDO_SERVER_ADMIN_CALL_H
#define EXAMPLE_IDO_SERVER_ADMIN_CALL_H

#include <stardeleg/ido_admin.h>
#include "json/json_write.h"

typedef struct admin_call {
  stardeleg_ido *ido;
  const sdg_json *body; /* fits the rule of the command */
  stardeleg_time now;
  sdg_json_writer w; /* of the answer, an object that is open */
  stardeleg_problem problem;
} admin_call;

typedef stardeleg_err (*admin_fn)(admin_call *call);

/* Commands of each file. */
stardeleg_err admin_ndc_add(admin_call *call);
stardeleg_err admin_ndc_key_add(admin_call *call);
stardeleg_err admin_ndc_mac_key_add(admin_call *call);
stardeleg_err admin_ndc_mac_key_remove(admin_call *call);
stardeleg_err admin_terms_agreed(admin_call *call);
stardeleg_err admin_ndc_default(admin_call *call);
stardeleg_err admin_ndc_disable(admin_call *call);
stardeleg_err admin_ndc_remove(admin_call *call);
stardeleg_err admin_ndc_list(admin_call *call);
stardeleg_err admin_ndc_show(admin_call *call);
stardeleg_err admin_delegation_add(admin_call *call);
stardeleg_err admin_delegation_change(admin_call *call);
stardeleg_err admin_delegation_end(admin_call *call);
stardeleg_err admin_delegation_list(admin_call *call);
stardeleg_err admin_delegation_show(admin_call *call);
stardeleg_err admin_inspect(admin_call *call);
stardeleg_err admin_cname_list(admin_call *call);
stardeleg_err admin_cname_removed(admin_call *call);
stardeleg_err admin_audit(admin_call *call);
stardeleg_err admin_check(admin_call *call);

/* Kinds of key, as they are called here. */
#define ADMIN_KEY_KINDS 7
typedef struct admin_key_kind {
  const char *name;
  stardeleg_key_spec spec;
} admin_key_kind;
extern const admin_key_kind admin_key_kinds[ADMIN_KEY_KINDS];

/* A string member; NULL if it is not there. */
const char *admin_text(const admin_call *call, const char *name);
int64_t admin_int(const admin_call *call, const char *name, int64_t otherwise);
/* How many a page has, and the member "next" behind a full one. */
size_t admin_limit(const admin_call *call);
void admin_write_next(admin_call *call, size_t count, const char *last);
/* An instant as a date; nothing for NONE and NEVER. */
void admin_write_time(sdg_json_writer *w, const char *name, stardeleg_time at);

#endif /* EXAMPLE_IDO_SERVER_ADMIN_CALL_H */

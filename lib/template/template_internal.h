/* SPDX-License-Identifier: Apache-2.0 */
/* template/template_internal.h -- a template as it is matched: flat, immutable, no JSON left. */
#ifndef SDG_TEMPLATE_TEMPLATE_INTERNAL_H
#define SDG_TEMPLATE_TEMPLATE_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stardeleg/template_extension.h>

#include "json/json.h"
#include "template/report.h"
#include "x509/csr.h"

#define SDG_PLACE_SIZE 192

/* What RFC 9115 4.1 lets a field be. */
typedef enum sdg_form {
  SDG_FORM_ABSENT = 0, /* must not be there */
  SDG_FORM_LITERAL,    /* must be there with this value */
  SDG_FORM_MANDATORY,  /* "**": must be there, value free */
  SDG_FORM_OPTIONAL    /* "*": may be there, value free */
} sdg_form;

/* --- The fixed vocabulary (template_tables.c) --- */

enum { SDG_SUBJECT_COUNTRY = 0, SDG_SUBJECT_COMMON_NAME = 5, SDG_SUBJECT_EMAIL = 6, SDG_SUBJECT_COUNT = 7 };

typedef struct sdg_subject_kind {
  const char *member; /* name in the template */
  const stardeleg_bytes *oid;
  int write_tag;    /* string type a builder uses */
  int read_tags[2]; /* string types a reader takes (decision 17) */
  size_t chars_max; /* upper bound of RFC 5280 appendix A.1 */
} sdg_subject_kind;
extern const sdg_subject_kind sdg_subject_kinds[SDG_SUBJECT_COUNT];
/* The member with this OID; -1 for none. */
int sdg_subject_find(stardeleg_bytes oid);
/* The member called |name|; -1 for none. */
int sdg_subject_find_member(const char *name);

enum { SDG_SAN_DNS = 0, SDG_SAN_EMAIL = 1, SDG_SAN_URI = 2, SDG_SAN_COUNT = 3 };

typedef struct sdg_san_kind {
  const char *member;          /* name in the template */
  const char *identifier_type; /* ACME identifier type */
  sdg_name_kind general_name;
} sdg_san_kind;
extern const sdg_san_kind sdg_san_kinds[SDG_SAN_COUNT];
/* The kind for a GeneralName's tag; -1 for none. */
int sdg_san_find(sdg_name_kind general_name);
/* Equality as RFC 5280 7.2, 7.4 and 7.5 have it for this kind. */
bool sdg_san_equal(int kind, stardeleg_bytes a, stardeleg_bytes b);
/* NULL if |value| is well-formed for |kind| (wildcard DNS names are), else a phrase that says what is wrong. */
const char *sdg_san_fault(int kind, stardeleg_bytes value);

#define SDG_KEY_USAGE_COUNT 9
extern const char *const sdg_key_usage_names[SDG_KEY_USAGE_COUNT];
/* Appends the names of |bits| with commas, for sentences; cut to |size|. */
void sdg_key_usage_text(char *out, size_t size, unsigned bits);

typedef struct sdg_eku_name {
  const char *name;
  stardeleg_bytes oid;
} sdg_eku_name;
/* NULL for an unknown name. */
const sdg_eku_name *sdg_eku_find(const char *name);
const sdg_eku_name *sdg_eku_find_oid(stardeleg_bytes oid);
/* True if |oid| is one of |oids|. */
bool sdg_eku_has(const stardeleg_bytes *oids, size_t count, stardeleg_bytes oid);
/* Name or dotted OID, for sentences. */
void sdg_eku_text(char *out, size_t size, stardeleg_bytes oid);

typedef struct sdg_signature_type {
  const char *name;
  stardeleg_alg alg;
  int family;
} sdg_signature_type;
/* NULL for an unknown name. */
const sdg_signature_type *sdg_signature_type_find(const char *name);
/* The template's name for |alg|; "unknown" if it has none. */
const char *sdg_signature_type_name(stardeleg_alg alg);

typedef struct sdg_curve {
  const char *name;
  unsigned bits;
  stardeleg_alg alg; /* the signature it is paired with */
} sdg_curve;
const sdg_curve *sdg_curve_find(const char *name);
const char *sdg_curve_name(unsigned bits);

/* --- The compiled template --- */

typedef struct sdg_key_rule {
  int family; /* STARDELEG_FAMILY_EC or _RSA */
  unsigned bits;
  stardeleg_alg alg;
} sdg_key_rule;

typedef struct sdg_field_rule {
  sdg_form form;
  stardeleg_bytes literal; /* NUL behind */
} sdg_field_rule;

/* A literal and its place in the template's array. */
typedef struct sdg_literal {
  stardeleg_bytes text; /* NUL behind; DNS names in lower case */
  size_t index;
} sdg_literal;

typedef struct sdg_name_rule {
  sdg_literal *literals;
  size_t count;
  size_t mandatory; /* number of "**" */
  size_t optional;  /* number of "*" */
} sdg_name_rule;

/* A further extension that the template has (template_extension.h). */
typedef struct sdg_plugged {
  const stardeleg_template_extension *plug;
  stardeleg_bytes oid;
  char *oid_copy; /* what |oid| points to */
  void *rule;
} sdg_plugged;

struct stardeleg_template {
  atomic_size_t references;
  sdg_key_rule *keys;
  size_t key_count;
  sdg_field_rule subject[SDG_SUBJECT_COUNT];
  bool subject_is_empty;
  unsigned key_usage; /* 0: must not be there */
  stardeleg_bytes *eku;
  size_t eku_count; /* 0: must not be there */
  sdg_name_rule names[SDG_SAN_COUNT];
  sdg_plugged plugged[STARDELEG_TEMPLATE_EXTENSIONS_MAX];
  size_t plugged_count;
  char *json; /* canonical text */
  char *pool; /* all strings */
  size_t pool_len;
  size_t pool_cap;
};

/* A copy with a NUL behind; the pool is as large as the document, so it holds every string once. */
stardeleg_bytes sdg_template_keep(stardeleg_template *tmpl, stardeleg_bytes text);

/* --- Loading --- */

/* Fills |tmpl| from a tree that conforms to the schema and reports what the schema cannot say.  0 or NOMEM. */
STARDELEG_MUST_CHECK stardeleg_err sdg_template_compile(stardeleg_template *tmpl, const sdg_json *tree,
                                                        const stardeleg_template_options *options,
                                                        sdg_findings *findings);
/* The part for "subject" and "subjectAltName". */
void sdg_template_compile_subject(stardeleg_template *tmpl, const sdg_json *subject, sdg_findings *findings);
void sdg_template_compile_names(stardeleg_template *tmpl, const sdg_json *san, sdg_findings *findings);

/* --- Further extensions (template_plug.c) --- */

/* ARGUMENT for a description that cannot be. */
STARDELEG_MUST_CHECK stardeleg_err sdg_plugs_check(const stardeleg_template_options *options);
/* True if |name| is that of a described extension. */
bool sdg_plugs_have(const stardeleg_template_options *options, const char *name);
/* Loads the described members of "extensions" into |tmpl|.  0 or NOMEM. */
STARDELEG_MUST_CHECK stardeleg_err sdg_plugs_load(stardeleg_template *tmpl, const sdg_json *extensions,
                                                  const stardeleg_template_options *options, sdg_findings *findings);
void sdg_plugs_unload(stardeleg_template *tmpl);
/* The index of the one with this OID, or |tmpl->plugged_count|. */
size_t sdg_plugs_find(const stardeleg_template *tmpl, stardeleg_bytes oid);
/* The index of the one with this name, or |tmpl->plugged_count|. */
size_t sdg_plugs_find_name(const stardeleg_template *tmpl, const char *name);
/* The index of the one whose identifiers have this type, or |tmpl->plugged_count|. */
size_t sdg_plugs_find_identifier(const stardeleg_template *tmpl, const char *type);

/* --- Values of the subject (subject_value.c) --- */

/* NULL if |utf8| may stand in the member; else a phrase that says what is wrong (decisions 15, 19, 37). */
const char *sdg_subject_value_fault(int member, stardeleg_bytes utf8);
/* True if a common name would be taken for a host name or an address (decision 36). */
bool sdg_common_name_is_host(stardeleg_bytes common_name);

/* --- Matching --- */

typedef struct sdg_match {
  const stardeleg_template *tmpl;
  const stardeleg_match_options *options;
  const sdg_csr *csr;
  sdg_findings *findings;
  stardeleg_bytes plugged[STARDELEG_TEMPLATE_EXTENSIONS_MAX]; /* values of tmpl->plugged; base NULL: not there */
} sdg_match;

/* One name of a CSR or of an order. */
typedef struct sdg_name {
  int kind; /* SDG_SAN_*; -1: a kind no template can allow */
  stardeleg_bytes value;
  bool is_bad;   /* not well-formed, or a repetition: told already, counts for nothing */
  bool is_taken; /* a literal of the template has it */
} sdg_name;

typedef struct sdg_names {
  sdg_name *list;
  size_t count;
  stardeleg_acme_error repeated; /* what a repetition is: badCSR in a CSR */
} sdg_names;

/* The names against the template and the policy (section 4, steps 6 and 7). */
void sdg_match_names(const sdg_match *match, const sdg_names *names);
/* The names of a CSR against those of the order (step 8). */
void sdg_match_identifiers(const sdg_match *match, const sdg_names *names, const stardeleg_identifier *identifiers,
                           size_t count);
/* Adds an unsupportedIdentifier finding for a URI name if the options do not make it an identifier (decision 47). */
void sdg_match_uri_identifier(const sdg_match *match, stardeleg_bytes uri);

void sdg_match_key(const sdg_match *match);
void sdg_match_subject(const sdg_match *match, const sdg_names *names);
/* Attributes and extensions, but for what is inside of subjectAltName: fills |names| (room for SDG_X509_NAMES_MAX). */
void sdg_match_extensions(sdg_match *match, sdg_names *names);
/* What goes with the further extensions: their values, and the identifiers of their types. */
void sdg_match_plugged(const sdg_match *match);
void sdg_match_plugged_identifiers(const sdg_match *match, const stardeleg_identifier *identifiers, size_t count);

/* |options| merged over the defaults as far as its size says; ARGUMENT for a size that cannot be. */
STARDELEG_MUST_CHECK stardeleg_err sdg_match_options_take(stardeleg_match_options *out,
                                                          const stardeleg_match_options *options);

#endif /* SDG_TEMPLATE_TEMPLATE_INTERNAL_H */

/* SPDX-License-Identifier: Apache-2.0 */
/** @file template.h
 *  The CSR template of RFC 9115 section 4 and appendix A: load, explain, match a CSR against it, build a CSR
 *  from it.  A template is the security boundary of a delegation: what it does not clearly allow is refused. */
#ifndef STARDELEG_TEMPLATE_H
#define STARDELEG_TEMPLATE_H

#include <stardeleg/crypto.h>
#include <stardeleg/problem.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A loaded template.  Opaque and immutable: many threads may use one at once. */
typedef struct stardeleg_template stardeleg_template;

/** All that was found wrong, in order.  Opaque. */
typedef struct stardeleg_report stardeleg_report;

/** One finding.  Strings are NUL-terminated, never NULL, free of control characters, and live as long as the report. */
typedef struct stardeleg_finding {
  const char *place;            /**< JSON pointer into the template ("/extensions/subjectAltName/DNS/0"), or "" */
  const char *rule;             /**< schema rule or check, a stable identifier ("keyTypes", "san-literal-missing") */
  const char *value;            /**< what the CSR (or the template) has there; may be "" */
  const char *detail;           /**< a sentence for people */
  stardeleg_acme_error acme;    /**< CSRs: BAD_CSR, REJECTED_IDENTIFIER, UNSUPPORTED_IDENTIFIER; templates: MALFORMED */
  const char *identifier_type;  /**< "dns", ... if a name is at fault; else "" */
  const char *identifier_value; /**< the name; else "" */
  int warning;                  /**< nonzero: does not by itself refuse */
} stardeleg_finding;

/** How many findings, warnings included.  NULL counts as none. */
STARDELEG_API size_t stardeleg_report_count(const stardeleg_report *report);
/** Finding |i|, or NULL beyond the end. */
STARDELEG_API const stardeleg_finding *stardeleg_report_get(const stardeleg_report *report, size_t i);
/** Nonzero if a finding refuses.  NULL: 0. */
STARDELEG_API int stardeleg_report_is_refusal(const stardeleg_report *report);
/** Sums the report up as a problem: rejectedIdentifier with a subproblem per name if only names are at fault
 *  (unsupportedIdentifier if all of them are of a type no order can have), else badCSR (with the same subproblems);
 * status 403.  malformed for templates.  Without a refusal |problem| is cleared.  |problem| must not be NULL. */
STARDELEG_API void stardeleg_report_to_problem(const stardeleg_report *report, stardeleg_problem *problem);
/** Frees; NULL allowed. */
STARDELEG_API void stardeleg_report_free(stardeleg_report *report);

struct stardeleg_template_extension;

/** What a loader accepts beyond the schema.  Set by stardeleg_template_options_default(). */
typedef struct stardeleg_template_options {
  size_t size;           /**< sizeof of this struct */
  unsigned rsa_bits_min; /**< smallest PublicKeyLength; default 2048 (below, a template loads but no CSR fits it) */
  unsigned rsa_bits_max; /**< largest PublicKeyLength; default 8192 (above, as below) */
  int allow_ca_usages;   /**< nonzero: keyCertSign and cRLSign in keyUsage are accepted */
  size_t bytes_max;      /**< longest document; default 65536 */
  size_t items_max;      /**< most elements of one array; default 100, never more than 256 */
  size_t string_max;     /**< longest string, in characters; default 1024 */
  const struct stardeleg_template_extension *const *extensions; /**< template_extension.h; borrowed by the template */
  size_t extension_count;                                       /**< how many; at most 8 */
} stardeleg_template_options;

/** The defaults named above. */
STARDELEG_API void stardeleg_template_options_default(stardeleg_template_options *options);

/** Loads a template from the JSON text |json| (copied): strict JSON, the CDDL of RFC 9115 appendix A with erratum 7336,
 * then all that the CDDL cannot say.  |options| NULL: the defaults.  |*report| (|report| may be NULL) is set whenever
 * there are findings, warnings included, else NULL; free it.  Returns 0, MALFORMED (not a valid template), POLICY
 * (valid, but beyond |options|), LIMIT or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_template_load(stardeleg_template **out, stardeleg_bytes json,
                                                                         const stardeleg_template_options *options,
                                                                         stardeleg_report **report);

/** Adds a reference.  NULL allowed (answers NULL). */
STARDELEG_API stardeleg_template *stardeleg_template_ref(stardeleg_template *tmpl);

/** Drops a reference; the last one frees.  NULL allowed. */
STARDELEG_API void stardeleg_template_free(stardeleg_template *tmpl);

/** The template as compact JSON in a stable form; borrowed as long as |tmpl| lives; NUL-terminated. */
STARDELEG_API const char *stardeleg_template_json(const stardeleg_template *tmpl);

/** Says in plain English what the template demands: one sentence a line.  |*text| is NUL-terminated and malloc'd;
 * free() it.  Returns 0 or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_template_explain(const stardeleg_template *tmpl,
                                                                            char **text);

/** The DNS names the template demands literally, lower case: |i| from 0, NULL beyond the last.  Borrowed as long as
 * |tmpl| lives. */
STARDELEG_API const char *stardeleg_template_dns(const stardeleg_template *tmpl, size_t i);

/** Counts the wildcards among the DNS names: names the delegate chooses.  |mandatory| counts "**", |optional| "*"; both
 * must not be NULL. */
STARDELEG_API void stardeleg_template_dns_wildcards(const stardeleg_template *tmpl, size_t *mandatory,
                                                    size_t *optional);

struct stardeleg_match_options;

/** Checks an order's identifiers against the template before there is a CSR (RFC 9115 2.3.2): every literal name is
 * there, others fit the wildcards and the policy, nothing twice.  Arguments and results as with
 * stardeleg_template_match(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_template_check_identifiers(
    const stardeleg_template *tmpl, const stardeleg_identifier *identifiers, size_t identifier_count,
    const struct stardeleg_match_options *options, stardeleg_report **report);

/** What the policy callback is asked about: a DNS name the delegate chose where the template has "*" or "**" (RFC
 * 9115 4.1). */
typedef struct stardeleg_name_choice {
  const char *name; /**< the name, lower case, NUL-terminated */
  int wildcard;     /**< nonzero: it is a DNS wildcard ("*.example.org"), much wider than a name */
} stardeleg_name_choice;

/** Allows (nonzero) or refuses (0) a chosen name.  May be called from any thread that matches. */
typedef int (*stardeleg_name_policy)(void *ctx, const stardeleg_name_choice *choice);

/** Allows (nonzero) or refuses (0) the CSR's key: known weak keys, keys seen before.  |spki| is its DER
 * SubjectPublicKeyInfo, borrowed for the call.  May be called from any thread that matches. */
typedef int (*stardeleg_key_policy)(void *ctx, stardeleg_bytes spki);

/** How a CSR is matched.  Set by stardeleg_match_options_default(). */
typedef struct stardeleg_match_options {
  size_t size;                  /**< sizeof of this struct */
  stardeleg_name_policy policy; /**< for chosen names; NULL: every chosen name is refused */
  void *policy_ctx;             /**< handed to |policy| */
  int key_only; /**< nonzero: SignatureType binds nothing but must be known; 0: it is the CSR's own algorithm */
  int allow_uri_identifiers; /**< nonzero: URI names count as identifiers of type "uri"; 0: they make the order
                                impossible */
  const stardeleg_bytes *account_spkis; /**< keys that must not be in a CSR (RFC 8555 11.1): DER SubjectPublicKeyInfo */
  size_t account_spki_count;            /**< how many */
  stardeleg_key_policy key_policy;      /**< NULL: every key that fits the template is allowed */
  void *key_policy_ctx;                 /**< handed to |key_policy| */
} stardeleg_match_options;

/** No policy, strict. */
STARDELEG_API void stardeleg_match_options_default(stardeleg_match_options *options);

/** Checks the DER CSR |csr| against the template: strict DER, its own signature, key, subject, attributes, extensions,
 * names, and that its names are exactly |identifiers| (NULL: that comparison is left out).  All findings are collected;
 * |*report| (must not be NULL) is NULL if there are none; free it.  |options| NULL: the defaults.  Returns 0 (accepted,
 * maybe with warnings), POLICY (refused, see the report), NOMEM, CRYPTO or ARGUMENT. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err
stardeleg_template_match(const stardeleg_template *tmpl, const stardeleg_crypto *crypto, stardeleg_bytes csr,
                         const stardeleg_identifier *identifiers, size_t identifier_count,
                         const stardeleg_match_options *options, stardeleg_report **report);

/** A value for a wildcard. */
typedef struct stardeleg_choice {
  const char *field; /**< a subject member ("locality"), "DNS" (once per chosen name), or an extension's name */
  const char *value; /**< the value, UTF-8 */
} stardeleg_choice;

/** Builds a CSR that fits the template and holds nothing else, signed by |key| (which may be a foreign signer).  Every
 * "**" needs a choice, a "*" without one is left out.  |*der| is malloc'd, free() it.  |problem| (may be NULL) says
 * which choice is missing or bad.  Returns 0, POLICY (a choice is missing, too many or invalid), BAD_KEY (the key fits
 * no keyTypes member), NOMEM, CRYPTO or CALLBACK. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_template_build(const stardeleg_template *tmpl,
                                                                          stardeleg_key *key,
                                                                          const stardeleg_choice *choices,
                                                                          size_t choice_count, uint8_t **der,
                                                                          size_t *der_len, stardeleg_problem *problem);

/** The kind of key to generate for this template with |crypto|: the first keyTypes member that the provider can
 * generate and sign with; STARDELEG_KEY_NONE if there is none. */
STARDELEG_API stardeleg_key_spec stardeleg_template_key_spec(const stardeleg_template *tmpl,
                                                             const stardeleg_crypto *crypto);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_TEMPLATE_H */

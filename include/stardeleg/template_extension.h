/* SPDX-License-Identifier: Apache-2.0 */
/** @file template_extension.h
 *  Further members of a template's "extensions" (RFC 9115 6.5: a name, a syntax in CDDL, a mapping to an X.509
 *  extension).  A program describes one here and names it in stardeleg_template_options; every template loaded
 *  with these options then knows it.  Without a description such a member makes a template invalid, and such an
 * extension makes a CSR unacceptable. */
#ifndef STARDELEG_TEMPLATE_EXTENSION_H
#define STARDELEG_TEMPLATE_EXTENSION_H

#include <stardeleg/template.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A compiled CDDL schema, as sdg_cddl_gen writes it.  Opaque. */
struct sdg_cddl_schema;

/** Most extensions in one set of options. */
#define STARDELEG_TEMPLATE_EXTENSIONS_MAX 8

/** Where a callback says what is wrong.  Text of a peer is escaped by the library. */
typedef struct stardeleg_extension_fault {
  char place[128];  /**< JSON pointer below the member ("/0"), or empty */
  char detail[256]; /**< a sentence for people; empty: a general one is used */
} stardeleg_extension_fault;

/** One extension.  Immutable; must outlive every template that was loaded with it.  Callbacks may be called from any
 * thread; they return what is said here or NOMEM.  |rule| is what |load| made of the member. */
typedef struct stardeleg_template_extension {
  size_t size;                          /**< sizeof of this struct */
  const char *name;                     /**< the member's name, none of the three of RFC 9115 */
  const char *oid;                      /**< the certificate extension, dotted */
  int critical;                         /**< nonzero: a builder marks it critical (a matcher does not look) */
  const struct sdg_cddl_schema *schema; /**< syntax of the member's value: its first rule; NULL: |load| alone judges */
  const char *identifier_type; /**< ACME identifier type that goes with it ("TNAuthList", RFC 9448), none of "dns",
                                  "email", "uri"; or NULL */
  void *ctx;                   /**< handed to the callbacks */
  /** Reads the member's value: |json| is compact JSON, valid by |schema|.  Sets |*rule|.  0, or MALFORMED with |fault|.
   */
  stardeleg_err (*load)(void *ctx, void **rule, stardeleg_bytes json, stardeleg_extension_fault *fault);
  /** Frees a rule; never called with NULL. */
  void (*unload)(void *ctx, void *rule);
  /** Compares the CSR's extension with the rule.  |value| is the DER inside of the OCTET STRING, unchecked; base NULL:
   * the CSR does not have the extension.  0, or POLICY with |fault|. */
  stardeleg_err (*match)(void *ctx, const void *rule, stardeleg_bytes value, stardeleg_extension_fault *fault);
  /** Writes the extension's DER value into |out| of |cap| bytes and sets |*len|; 0 bytes: left out.  |choices| are
   * those whose field is |name|.  0, POLICY with |fault|, or LIMIT. */
  stardeleg_err (*build)(void *ctx, const void *rule, const stardeleg_choice *choices, size_t choice_count,
                         uint8_t *out, size_t cap, size_t *len, stardeleg_extension_fault *fault);
  /** Says in one sentence without line break what the rule demands; cut to |size|, NUL-terminated. */
  void (*explain)(void *ctx, const void *rule, char *out, size_t size);
  /** Nonzero if an identifier of type |identifier_type| is what the rule (and |value|, as with |match|, base NULL: no
   * CSR yet) stands for.  Needed only with |identifier_type|; then an order must have exactly one such identifier. */
  int (*has_identifier)(void *ctx, const void *rule, stardeleg_bytes value, const char *identifier);
} stardeleg_template_extension;

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_TEMPLATE_EXTENSION_H */

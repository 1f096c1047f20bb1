/* SPDX-License-Identifier: Apache-2.0 */
/* caa/caa_value.h -- the value of an issue or issuewild property (RFC 8659 4.2) and its parameters (RFC 8657). */
#ifndef SDG_CAA_CAA_VALUE_H
#define SDG_CAA_CAA_VALUE_H

#include <stdbool.h>
#include <stardeleg/base.h>

typedef struct sdg_caa_parameter {
  stardeleg_bytes tag;
  stardeleg_bytes value; /* without blanks and semicolons; may be empty */
} sdg_caa_parameter;

/* A value that is read parameter by parameter. */
typedef struct sdg_caa_value {
  stardeleg_bytes issuer; /* issuer-domain-name; may be empty */
  stardeleg_bytes rest;   /* parameters still to be read */
} sdg_caa_value;

/* False unless the whole |text| has the form of an issue-value. */
bool sdg_caa_value_open(sdg_caa_value *out, stardeleg_bytes text);
/* The next parameter; false behind the last. */
bool sdg_caa_value_next(sdg_caa_parameter *out, sdg_caa_value *value);

/* The form of an issuer-domain-name: letters, digits and inner hyphens in labels, no final dot. */
bool sdg_caa_is_issuer(stardeleg_bytes text);
/* The form of a parameter's value: printable ASCII but for blank and semicolon. */
bool sdg_caa_is_parameter_value(stardeleg_bytes text);
/* The form of a validationmethods value (RFC 8657 4). */
bool sdg_caa_is_methods(stardeleg_bytes text);
/* True if |method| is one of the labels of |methods|, which has that form. */
bool sdg_caa_has_method(stardeleg_bytes methods, const char *method);

#endif /* SDG_CAA_CAA_VALUE_H */

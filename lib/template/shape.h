/* SPDX-License-Identifier: Apache-2.0 */
/* template/shape.h -- what a delegate asks about a template beyond the public functions. */
#ifndef SDG_TEMPLATE_SHAPE_H
#define SDG_TEMPLATE_SHAPE_H

#include <stdbool.h>
#include <stardeleg/template.h>
#include "x509/cert.h"

/* True if the template has a wildcard that |choice| could fill. */
bool sdg_template_has_place(const stardeleg_template *tmpl, const stardeleg_choice *choice);
/* True if a template without further extensions can have a place of that name: "DNS" or a member of subject. */
bool sdg_template_is_field(const char *field);
/* True if a key of this kind fits a member of keyTypes. */
bool sdg_template_takes_key(const stardeleg_template *tmpl, const stardeleg_key_info *info);
/* In what |cert| differs from what the template promised, names and key aside: a list of members with commas, "" if in
 * nothing; cut to |size|.  CAs leave out or replace subject fields and usages as their policies say, so this is for
 * people, never a reason to refuse a certificate. */
void sdg_template_compare(const stardeleg_template *tmpl, const sdg_cert *cert, char *out, size_t size);

#endif /* SDG_TEMPLATE_SHAPE_H */

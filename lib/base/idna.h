/* SPDX-License-Identifier: Apache-2.0 */
/* base/idna.h -- which code points cannot stand in a U-label (RFC 5891, RFC 5892). */
#ifndef SDG_BASE_IDNA_H
#define SDG_BASE_IDNA_H

#include "base/punycode.h"

/* False for a label that IDNA2008 surely disallows: hyphens in the third and fourth place or at an end, a combining
 * mark in front, and code points of blocks without a single allowed one (controls, spaces, punctuation, symbols,
 * capitals of the first scripts, compatibility forms, private use, noncharacters).
 *
 * Not looked at, because it takes the tables of a Unicode version: unassigned code points, capitals and compatibility
 * characters scattered over other blocks, normalization form C, the Bidi rule (RFC 5893), and the contextual rules but
 * for MIDDLE DOT.  ASCII letters may be of either case, as in every name. */
bool sdg_idna_may_be_label(const sdg_code_points *label);

#endif /* SDG_BASE_IDNA_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_table.h -- the layout of compiled schemas: what cddl/gen writes and the run-time reads. */
#ifndef SDG_CDDL_CDDL_TABLE_H
#define SDG_CDDL_CDDL_TABLE_H

#include <stdint.h>

/* Changes with the layout; a table made for another layout does not compile (see sdg_cddl_schema.layout). */
#define SDG_CDDL_LAYOUT 1u

/* "No such node", "no upper limit". */
#define SDG_CDDL_NONE UINT32_MAX

/* What a node is.  The operands a, b, c, d are: node = index in nodes, text = offset in text, list = first index in
 * lists. */
typedef enum sdg_cddl_kind {
  /* either */
  SDG_CDDL_RULE = 0, /* body of a named rule: a node */
  /* types */
  SDG_CDDL_ANY,
  SDG_CDDL_UINT,
  SDG_CDDL_NINT,
  SDG_CDDL_INT,
  SDG_CDDL_NUMBER,
  SDG_CDDL_TEXT,
  SDG_CDDL_BOOL,
  SDG_CDDL_FALSE,
  SDG_CDDL_TRUE,
  SDG_CDDL_NULL,
  SDG_CDDL_LITERAL_TEXT,   /* a text */
  SDG_CDDL_LITERAL_INT,    /* a text, decimal */
  SDG_CDDL_LITERAL_NUMBER, /* a text, with a fraction or an exponent */
  SDG_CDDL_RANGE,          /* a text, b text; flag: SDG_CDDL_RANGE_* */
  SDG_CDDL_COMPARE,        /* a node (target), b text (number); flag: sdg_cddl_compare_op */
  SDG_CDDL_REGEXP,         /* a node (target), b index in dfas, c text (the expression) */
  SDG_CDDL_SIZE,           /* a node (target), b least, c most: bytes */
  SDG_CDDL_AND,            /* a node, b node */
  SDG_CDDL_CHOICE,         /* a list of nodes, b count */
  SDG_CDDL_SOCKET,         /* a list of nodes, b count, c text ("$name") */
  SDG_CDDL_ARRAY,          /* a node (group) */
  SDG_CDDL_MAP,            /* a node (group) */
  /* groups */
  SDG_CDDL_ENTRY,        /* a least, b most, c node (key) or NONE, d node (value); flag: 1 if the key cuts */
  SDG_CDDL_REPEAT,       /* a least, b most, d node (group) */
  SDG_CDDL_SEQUENCE,     /* a list of nodes, b count */
  SDG_CDDL_GROUP_CHOICE, /* a list of nodes, b count */
  SDG_CDDL_GROUP_SOCKET  /* a list of nodes, b count, c text ("$$name") */
} sdg_cddl_kind;

#define SDG_CDDL_RANGE_OPEN 1u   /* "..." : the upper bound is not part of it */
#define SDG_CDDL_RANGE_NUMBER 2u /* between fractions: any number, not only integers */

typedef enum sdg_cddl_compare_op { SDG_CDDL_GE = 0, SDG_CDDL_LE, SDG_CDDL_GT, SDG_CDDL_LT } sdg_cddl_compare_op;

typedef struct sdg_cddl_node {
  uint8_t kind; /* sdg_cddl_kind */
  uint8_t flag;
  uint16_t group; /* kind RULE only: 1 if the rule is a group */
  uint32_t rule;  /* kind RULE only: text, the rule's name */
  uint32_t a, b, c, d;
} sdg_cddl_node;

/* A rule that can be named from outside (generic rules cannot). */
typedef struct sdg_cddl_rule {
  uint32_t name; /* text */
  uint32_t node; /* kind RULE */
} sdg_cddl_rule;

/* A minimal automaton over bytes.  A state is stored as its row's first index in |next|, so that a step is next[state +
 * classes[byte]]. State 0 is the trap: nothing leads out of it. */
typedef struct sdg_cddl_dfa {
  const uint8_t *classes; /* 256: the class of a byte */
  const uint16_t *next;   /* state_count rows of class_count */
  const uint8_t *accepts; /* state_count: 1 if the text may end there */
  uint16_t class_count;
  uint16_t state_count;
  uint16_t start; /* row's first index */
} sdg_cddl_dfa;

typedef struct sdg_cddl_schema {
  uint32_t layout;  /* SDG_CDDL_LAYOUT */
  const char *text; /* strings, each with a NUL behind it; offset 0 is "" */
  const sdg_cddl_node *nodes;
  const uint32_t *lists;
  const sdg_cddl_dfa *dfas;
  const sdg_cddl_rule *rules; /* the first is the root */
  uint32_t node_count;
  uint32_t list_count;
  uint32_t dfa_count;
  uint32_t rule_count;
} sdg_cddl_schema;

#endif /* SDG_CDDL_CDDL_TABLE_H */

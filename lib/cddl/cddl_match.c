/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_match.c -- does a value match a type?  (RFC 8610 appendix C) */
#include <string.h>
#include "base/bytes.h"
#include "cddl/cddl_run.h"

/* Integers are integers by notation (RFC 8610 appendix E would let 10.0 and 1e1 pass as uint; what a template or a
 * configuration calls a count is written as one). */
static bool match_prelude(uint8_t kind, sdg_cddl_item item)
{
  sdg_json_type type = sdg_cddl_item_type(item);

  switch (kind) {
  case SDG_CDDL_ANY:
    return type != SDG_JSON_NONE;
  case SDG_CDDL_UINT:
    return type == SDG_JSON_INT && sdg_json_int(item.json) >= 0;
  case SDG_CDDL_NINT:
    return type == SDG_JSON_INT && sdg_json_int(item.json) < 0;
  case SDG_CDDL_INT:
    return type == SDG_JSON_INT;
  case SDG_CDDL_NUMBER:
    return type == SDG_JSON_INT || type == SDG_JSON_NUMBER;
  case SDG_CDDL_TEXT:
    return type == SDG_JSON_STRING;
  case SDG_CDDL_BOOL:
    return type == SDG_JSON_BOOL;
  case SDG_CDDL_FALSE:
    return type == SDG_JSON_BOOL && !sdg_json_bool(item.json);
  case SDG_CDDL_TRUE:
    return type == SDG_JSON_BOOL && sdg_json_bool(item.json);
  case SDG_CDDL_NULL:
    return type == SDG_JSON_NULL;
  default:
    return false;
  }
}

static bool is_number(sdg_cddl_item item, bool any)
{
  sdg_json_type type = sdg_cddl_item_type(item);

  return type == SDG_JSON_INT || (any && type == SDG_JSON_NUMBER);
}

static int compare(sdg_cddl_item item, const char *number)
{
  char room[24];

  return sdg_cddl_number_compare(sdg_cddl_number_text(item.json, room), number);
}

static bool match_range(sdg_cddl_at at, const sdg_cddl_node *node, sdg_cddl_item item)
{
  int above;

  if (!is_number(item, (node->flag & SDG_CDDL_RANGE_NUMBER) != 0)) {
    return false;
  }
  above = compare(item, sdg_cddl_text(at, node->b));
  return compare(item, sdg_cddl_text(at, node->a)) >= 0 &&
         ((node->flag & SDG_CDDL_RANGE_OPEN) != 0 ? above < 0 : above <= 0);
}

static bool match_compare(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_item item)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  int order;

  if (!is_number(item, true) || !sdg_cddl_match(run, sdg_cddl_to(at, node->a), item)) {
    return false;
  }
  order = compare(item, sdg_cddl_text(at, node->b));
  switch (node->flag) {
  case SDG_CDDL_GE:
    return order >= 0;
  case SDG_CDDL_LE:
    return order <= 0;
  case SDG_CDDL_GT:
    return order > 0;
  default:
    return order < 0;
  }
}

static bool match_regexp(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_item item)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  stardeleg_bytes text;

  if (sdg_cddl_item_type(item) != SDG_JSON_STRING || !sdg_cddl_match(run, sdg_cddl_to(at, node->a), item)) {
    return false;
  }
  text = sdg_bytes_str(sdg_cddl_item_text(item));
  return sdg_cddl_spend(run, text.len / 16) && sdg_cddl_dfa_match(&at.schema->dfas[node->b], text);
}

/* RFC 8610 3.8.1: bytes of a text, or the bytes that an unsigned integer needs at most. */
static bool match_size(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_item item)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  sdg_json_type type = sdg_cddl_item_type(item);

  if (!sdg_cddl_match(run, sdg_cddl_to(at, node->a), item)) {
    return false;
  }
  if (type == SDG_JSON_STRING) {
    size_t len = strlen(sdg_cddl_item_text(item));
    return len >= node->b && len <= node->c;
  }
  if (type == SDG_JSON_INT && sdg_json_int(item.json) >= 0) {
    return node->c >= 8 || ((uint64_t)sdg_json_int(item.json) >> (8 * node->c)) == 0;
  }
  return false;
}

static bool match_choice(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_item item)
{
  sdg_cddl_at alternative;

  for (size_t i = 0; sdg_cddl_alternative(run, at, i, &alternative); i++) {
    if (sdg_cddl_match(run, alternative, item)) {
      return true;
    }
  }
  return false;
}

static bool match_node(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_item item)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);

  switch (node->kind) {
  case SDG_CDDL_LITERAL_TEXT:
    return sdg_cddl_item_type(item) == SDG_JSON_STRING &&
           strcmp(sdg_cddl_item_text(item), sdg_cddl_text(at, node->a)) == 0;
  case SDG_CDDL_LITERAL_INT:
    return is_number(item, false) && compare(item, sdg_cddl_text(at, node->a)) == 0;
  case SDG_CDDL_LITERAL_NUMBER:
    return is_number(item, true) && compare(item, sdg_cddl_text(at, node->a)) == 0;
  case SDG_CDDL_RANGE:
    return match_range(at, node, item);
  case SDG_CDDL_COMPARE:
    return match_compare(run, at, item);
  case SDG_CDDL_REGEXP:
    return match_regexp(run, at, item);
  case SDG_CDDL_SIZE:
    return match_size(run, at, item);
  case SDG_CDDL_AND:
    return sdg_cddl_match(run, sdg_cddl_to(at, node->a), item) && sdg_cddl_match(run, sdg_cddl_to(at, node->b), item);
  case SDG_CDDL_CHOICE:
  case SDG_CDDL_SOCKET:
    return match_choice(run, at, item);
  case SDG_CDDL_ARRAY:
    return sdg_cddl_item_type(item) == SDG_JSON_ARRAY &&
           sdg_cddl_match_container(run, sdg_cddl_to(at, node->a), item.json);
  case SDG_CDDL_MAP:
    return sdg_cddl_item_type(item) == SDG_JSON_OBJECT &&
           sdg_cddl_match_container(run, sdg_cddl_to(at, node->a), item.json);
  default:
    return match_prelude(node->kind, item);
  }
}

bool sdg_cddl_match(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_item item)
{
  bool yes;

  if (!sdg_cddl_enter(run)) {
    return false;
  }
  yes = match_node(run, sdg_cddl_body(at, NULL), item);
  sdg_cddl_leave(run);
  return yes && run->err == STARDELEG_OK;
}

bool sdg_cddl_match_json(sdg_cddl_run *run, sdg_cddl_at at, const sdg_json *value)
{
  return sdg_cddl_match(run, at, (sdg_cddl_item){value, NULL});
}

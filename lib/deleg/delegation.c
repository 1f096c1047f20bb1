/* SPDX-License-Identifier: Apache-2.0 */
/* deleg/delegation.c -- the delegation object and the list of delegations. */
#include "deleg/delegation.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"
#include "base/url.h"
#include "json/json_pointer.h"

#define DELEGATION_BYTES_MAX (128u * 1024u)

static stardeleg_err refuse(stardeleg_problem *problem, const char *place, const char *detail)
{
  if (problem != NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", detail);
    sdg_problem_set_place(problem, sdg_bytes_str(place));
  }
  return STARDELEG_ERR_MALFORMED;
}

/* RFC 9115 2.3.1.3: an FQDN with the final dot. */
static bool is_dotted(const char *name, unsigned flags)
{
  stardeleg_bytes bytes = sdg_bytes_str(name);

  if (bytes.len < 2 || bytes.base[bytes.len - 1] != '.') {
    return false;
  }
  bytes.len--;
  return sdg_name_check_dns(bytes, flags) == SDG_NAME_OK;
}

void sdg_cname_map_free(sdg_cname *cnames, size_t count)
{
  for (size_t i = 0; cnames != NULL && i < count; i++) {
    sdg_free(cnames[i].name);
    sdg_free(cnames[i].target);
  }
  sdg_free(cnames);
}

static stardeleg_err read_cname(sdg_cname *out, const sdg_json *item, stardeleg_problem *problem)
{
  char place[STARDELEG_PROBLEM_PLACE_SIZE] = "/cname-map";

  sdg_json_pointer_add(place, sizeof(place), sdg_json_name(item));
  if (!is_dotted(sdg_json_name(item), SDG_NAME_ALLOW_WILDCARD)) {
    return refuse(problem, place, "the name must be an FQDN with a final dot");
  }
  /* A wildcard may own a CNAME record, but nothing can point to one. */
  if (sdg_json_type_of(item) != SDG_JSON_STRING || !is_dotted(sdg_json_string(item), 0)) {
    return refuse(problem, place, "the target must be an FQDN with a final dot");
  }
  out->name = sdg_strdup(sdg_json_name(item));
  out->target = sdg_strdup(sdg_json_string(item));
  return out->name != NULL && out->target != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

/* JSON tells apart what DNS does not: two targets for one name would be a riddle. */
static stardeleg_err check_twice(const sdg_cname *cnames, size_t count, stardeleg_problem *problem)
{
  char place[STARDELEG_PROBLEM_PLACE_SIZE] = "/cname-map";

  for (size_t i = 0; i + 1 < count; i++) {
    if (sdg_name_equal_dns(sdg_bytes_str(cnames[i].name), sdg_bytes_str(cnames[count - 1].name))) {
      sdg_json_pointer_add(place, sizeof(place), cnames[count - 1].name);
      return refuse(problem, place, "the same name twice");
    }
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_cname_map_parse(sdg_cname **out, size_t *count, const sdg_json *map, stardeleg_problem *problem)
{
  size_t total = sdg_json_count(map);
  sdg_cname *cnames = NULL;
  size_t n = 0;
  stardeleg_err err = STARDELEG_OK;

  if (map != NULL && sdg_json_type_of(map) != SDG_JSON_OBJECT) {
    return refuse(problem, "/cname-map", "must be an object of names and targets");
  }
  if (total > SDG_CNAMES_MAX) {
    return refuse(problem, "/cname-map", "too many names");
  }
  if (total > 0 && (cnames = sdg_calloc(total, sizeof(*cnames))) == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (const sdg_json *item = sdg_json_first(map); item != NULL && err == STARDELEG_OK; item = sdg_json_next(item)) {
    err = read_cname(&cnames[n++], item, problem);
    if (err == STARDELEG_OK) {
      err = check_twice(cnames, n, problem);
    }
  }
  if (err != STARDELEG_OK) {
    sdg_cname_map_free(cnames, n);
    return err;
  }
  *out = cnames;
  *count = n;
  return STARDELEG_OK;
}

/* --- The object --- */

static stardeleg_err parse_object(sdg_json **out, stardeleg_bytes body, size_t items_max, stardeleg_problem *problem)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json_fault fault;
  stardeleg_err err;

  limits.bytes_max = DELEGATION_BYTES_MAX;
  limits.items_max = items_max;
  err = sdg_json_parse(out, body, &limits, &fault);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "not acceptable JSON: %s (line %zu, column %zu)", fault.reason,
                    fault.line, fault.column);
    return STARDELEG_ERR_MALFORMED;
  }
  if (sdg_json_type_of(*out) != SDG_JSON_OBJECT) {
    sdg_json_free(*out);
    *out = NULL;
    return refuse(problem, "", "must be a JSON object");
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_delegation_parse(sdg_delegation *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  sdg_delegation delegation = {NULL, NULL, 0};
  const sdg_json *template_tree = NULL;
  sdg_json *tree = NULL;
  stardeleg_err err = parse_object(&tree, body, SDG_CNAMES_MAX, problem);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&template_tree, tree, "csr-template", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_cname_map_parse(&delegation.cnames, &delegation.cname_count, sdg_json_member(tree, "cname-map"), problem);
  }
  if (err == STARDELEG_OK) {
    delegation.csr_template = sdg_json_copy(template_tree);
    err = delegation.csr_template != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  sdg_json_free(tree);
  if (err != STARDELEG_OK) {
    sdg_delegation_clear(&delegation);
    return err;
  }
  *out = delegation;
  return STARDELEG_OK;
}

void sdg_delegation_write(sdg_json_writer *w, const sdg_delegation *delegation)
{
  sdg_jw_object(w, NULL);
  sdg_jw_tree(w, "csr-template", delegation->csr_template);
  if (delegation->cname_count > 0) {
    sdg_jw_object(w, "cname-map");
    for (size_t i = 0; i < delegation->cname_count; i++) {
      sdg_jw_string(w, delegation->cnames[i].name, delegation->cnames[i].target);
    }
    sdg_jw_object_end(w);
  }
  sdg_jw_object_end(w);
}

void sdg_delegation_clear(sdg_delegation *delegation)
{
  sdg_json_free(delegation->csr_template);
  sdg_cname_map_free(delegation->cnames, delegation->cname_count);
  memset(delegation, 0, sizeof(*delegation));
}

/* --- The list --- */

static stardeleg_err copy_url(char **out, const sdg_json *item, size_t index, stardeleg_problem *problem)
{
  sdg_url url;
  char place[64];

  if (sdg_json_type_of(item) != SDG_JSON_STRING ||
      sdg_url_parse(&url, sdg_bytes_str(sdg_json_string(item))) != STARDELEG_OK) {
    (void)snprintf(place, sizeof(place), "/delegations/%zu", index);
    return refuse(problem, place, "must be an absolute http or https URL");
  }
  *out = sdg_strdup(sdg_json_string(item));
  return *out != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

stardeleg_err sdg_delegation_list_parse(sdg_delegation_list *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  sdg_delegation_list list = {NULL, 0};
  const sdg_json *array = NULL;
  sdg_json *tree = NULL;
  stardeleg_err err = parse_object(&tree, body, SDG_DELEGATIONS_PAGE_MAX, problem);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_array(&array, tree, "delegations", SDG_JSON_REQUIRED, problem);
  }
  if (err == STARDELEG_OK && sdg_json_count(array) > 0) {
    list.urls = sdg_calloc(sdg_json_count(array), sizeof(char *));
    err = list.urls != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  for (const sdg_json *item = sdg_json_first(array); item != NULL && err == STARDELEG_OK; item = sdg_json_next(item)) {
    err = copy_url(&list.urls[list.count], item, list.count, problem);
    list.count += err == STARDELEG_OK ? 1 : 0;
  }
  sdg_json_free(tree);
  if (err != STARDELEG_OK) {
    sdg_delegation_list_clear(&list);
    return err;
  }
  *out = list;
  return STARDELEG_OK;
}

void sdg_delegation_list_clear(sdg_delegation_list *list)
{
  for (size_t i = 0; i < list->count; i++) {
    sdg_free(list->urls[i]);
  }
  sdg_free(list->urls);
  list->urls = NULL;
  list->count = 0;
}

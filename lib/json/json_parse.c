/* SPDX-License-Identifier: Apache-2.0 */
/* json/json_parse.c -- the strict reader: builds the tree from the tokens. */
#include "json/json.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "json/json_pointer.h"
#include "json/json_scan.h"

/* However deep a caller allows texts to be: the reader, the writer and cJSON_Delete recurse, and stacks are small. */
#define DEPTH_CEILING 512

/* The way from the root to a value: one for each level of the recursion. */
typedef struct place {
  const struct place *up; /* NULL: the root */
  const char *name;       /* of the member; NULL: an element */
  size_t index;           /* of the element */
  size_t depth;           /* how many containers are around the value */
} place;

typedef struct member {
  const char *name; /* the tree's */
  size_t at;        /* offset of its opening quote */
} member;

typedef struct reader {
  sdg_json_scan scan;
  size_t depth_max;
  size_t items_max;
  member *members; /* of all objects that are open, innermost last */
  size_t member_count;
  size_t member_cap;
  bool placed;       /* |pointer| is set */
  char pointer[320]; /* longer than what is shown, so that the cut shows */
} reader;

static stardeleg_err read_value(cJSON **out, reader *r, const place *where);

sdg_json_limits sdg_json_limits_default(void)
{
  sdg_json_limits limits = {64 * 1024, 16, 256, 32 * 1024};

  return limits;
}

static void add_place(reader *r, const place *where)
{
  if (where->up == NULL) {
    return;
  }
  add_place(r, where->up);
  if (where->name != NULL) {
    sdg_json_pointer_add(r->pointer, sizeof(r->pointer), where->name);
  } else {
    sdg_json_pointer_add_index(r->pointer, sizeof(r->pointer), where->index);
  }
}

/* The innermost place wins: the first to be noted on the way back. */
static void note_place(reader *r, const place *where)
{
  if (!r->placed) {
    r->placed = true;
    add_place(r, where);
  }
}

static stardeleg_err push_member(reader *r, const char *name, size_t at)
{
  if (r->member_count == r->member_cap) {
    size_t cap = r->member_cap == 0 ? 32 : r->member_cap * 2;
    member *grown = sdg_realloc(r->members, cap, sizeof(*grown));

    if (grown == NULL) {
      return sdg_json_scan_fail(&r->scan, STARDELEG_ERR_NOMEM, at, "out of memory");
    }
    r->members = grown;
    r->member_cap = cap;
  }
  r->members[r->member_count].name = name;
  r->members[r->member_count].at = at;
  r->member_count++;
  return STARDELEG_OK;
}

/* By name; the same name by place in the text. */
static bool is_before(const member *a, const member *b)
{
  int order = strcmp(a->name, b->name);

  return order < 0 || (order == 0 && a->at < b->at);
}

static void sift_down(member *heap, size_t root, size_t count)
{
  for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
    member swap = heap[root];

    if (child + 1 < count && is_before(&heap[child], &heap[child + 1])) {
      child++;
    }
    if (!is_before(&swap, &heap[child])) {
      return;
    }
    heap[root] = heap[child];
    heap[child] = swap;
    root = child;
  }
}

/* Heap sort: the peer chooses the names, and neither a hash nor a quick sort may turn quadratic on its choice. */
static void sort_members(member *members, size_t count)
{
  for (size_t i = count / 2; i > 0; i--) {
    sift_down(members, i - 1, count);
  }
  for (size_t end = count; end > 1; end--) {
    member swap = members[0];

    members[0] = members[end - 1];
    members[end - 1] = swap;
    sift_down(members, 0, end - 1);
  }
}

/* "The names within an object SHOULD be unique" (RFC 8259 4): a MUST in RFC 7493 2.3 and here, as two readers of the
 * same text could each see another value.  Drops the members from |first| on. */
static stardeleg_err check_unique(reader *r, size_t first, const place *where)
{
  member *members;
  size_t count = r->member_count - first;
  const member *twin = NULL;
  place at = {where, NULL, 0, where->depth + 1};

  r->member_count = first;
  if (count < 2) {
    return STARDELEG_OK;
  }
  members = r->members + first;
  sort_members(members, count);
  for (size_t i = 1; i < count; i++) {
    if (strcmp(members[i - 1].name, members[i].name) == 0 && (twin == NULL || members[i].at < twin->at)) {
      twin = &members[i];
    }
  }
  if (twin == NULL) {
    return STARDELEG_OK;
  }
  at.name = twin->name;
  note_place(r, &at);
  return sdg_json_scan_fail(&r->scan, STARDELEG_ERR_MALFORMED, twin->at, "duplicate member name");
}

/* Behind an element or member: true if a comma says that there is one more. */
static stardeleg_err read_separator(bool *more, reader *r, int end)
{
  sdg_json_scan *s = &r->scan;
  int c;

  sdg_json_scan_space(s);
  c = sdg_json_scan_peek(s);
  if (c == end) {
    *more = false;
    s->at++;
    return STARDELEG_OK;
  }
  if (c != ',') {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at,
                              c < 0 ? "unexpected end" : "a comma or the end of the array or object is missing");
  }
  *more = true;
  s->at++;
  sdg_json_scan_space(s);
  if (sdg_json_scan_peek(s) == end) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "trailing comma");
  }
  return STARDELEG_OK;
}

/* |s| stands behind "[" or "{".  True if the container is empty; its end is then taken. */
static bool take_empty(sdg_json_scan *s, int end)
{
  sdg_json_scan_space(s);
  if (sdg_json_scan_peek(s) != end) {
    return false;
  }
  s->at++;
  return true;
}

static stardeleg_err read_elements(cJSON *array, reader *r, const place *where)
{
  place at = {where, NULL, 0, where->depth + 1};
  bool more = !take_empty(&r->scan, ']');

  for (; more; at.index++) {
    cJSON *item = NULL;
    stardeleg_err rv;

    if (at.index >= r->items_max) {
      return sdg_json_scan_fail(&r->scan, STARDELEG_ERR_LIMIT, r->scan.at, "too many elements");
    }
    rv = read_value(&item, r, &at);
    if (rv != STARDELEG_OK) {
      return rv;
    }
    (void)cJSON_AddItemToArray(array, item); /* links it in; fails for NULL only */
    rv = read_separator(&more, r, ']');
    if (rv != STARDELEG_OK) {
      return rv;
    }
  }
  return STARDELEG_OK;
}

/* Reads a name and its colon. */
static stardeleg_err read_name(char **out, reader *r)
{
  sdg_json_scan *s = &r->scan;
  char *name = NULL;
  stardeleg_err rv;

  sdg_json_scan_space(s);
  if (sdg_json_scan_peek(s) != '"') {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "a member name is missing");
  }
  rv = sdg_json_scan_string(&name, s);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  sdg_json_scan_space(s);
  if (sdg_json_scan_peek(s) != ':') {
    cJSON_free(name);
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "a colon is missing");
  }
  s->at++;
  *out = name;
  return STARDELEG_OK;
}

/* Reads one member into |object|, which owns the name from then on: no second copy as cJSON_AddItemToObject makes. */
static stardeleg_err read_member(cJSON *object, reader *r, const place *where)
{
  place at = {where, NULL, 0, where->depth + 1};
  size_t begin = r->scan.at;
  char *name = NULL;
  cJSON *item = NULL;
  stardeleg_err rv = read_name(&name, r);

  if (rv != STARDELEG_OK) {
    return rv;
  }
  at.name = name;
  rv = read_value(&item, r, &at);
  if (rv != STARDELEG_OK) {
    cJSON_free(name);
    return rv;
  }
  item->string = name;
  (void)cJSON_AddItemToArray(object, item);
  return push_member(r, name, begin);
}

static stardeleg_err read_members(cJSON *object, reader *r, const place *where)
{
  size_t first = r->member_count;
  bool more = !take_empty(&r->scan, '}');

  while (more) {
    stardeleg_err rv;

    if (r->member_count - first >= r->items_max) {
      return sdg_json_scan_fail(&r->scan, STARDELEG_ERR_LIMIT, r->scan.at, "too many members");
    }
    rv = read_member(object, r, where);
    if (rv == STARDELEG_OK) {
      rv = read_separator(&more, r, '}');
    }
    if (rv != STARDELEG_OK) {
      return rv;
    }
  }
  return check_unique(r, first, where);
}

static stardeleg_err read_container(cJSON **out, reader *r, const place *where, bool object)
{
  cJSON *made;
  stardeleg_err rv;

  if (where->depth >= r->depth_max) {
    return sdg_json_scan_fail(&r->scan, STARDELEG_ERR_LIMIT, r->scan.at, "nested too deeply");
  }
  made = object ? cJSON_CreateObject() : cJSON_CreateArray();
  if (made == NULL) {
    return sdg_json_scan_fail(&r->scan, STARDELEG_ERR_NOMEM, r->scan.at, "out of memory");
  }
  r->scan.at++;
  rv = object ? read_members(made, r, where) : read_elements(made, r, where);
  if (rv != STARDELEG_OK) {
    note_place(r, where); /* before the names in |where| go */
    cJSON_Delete(made);
    return rv;
  }
  *out = made;
  return STARDELEG_OK;
}

static stardeleg_err read_string(cJSON **out, reader *r)
{
  size_t begin = r->scan.at;
  char *text = NULL;
  cJSON *made;
  stardeleg_err rv = sdg_json_scan_string(&text, &r->scan);

  if (rv != STARDELEG_OK) {
    return rv;
  }
  made = cJSON_CreateNull();
  if (made == NULL) {
    cJSON_free(text);
    return sdg_json_scan_fail(&r->scan, STARDELEG_ERR_NOMEM, begin, "out of memory");
  }
  made->type = cJSON_String;
  made->valuestring = text;
  *out = made;
  return STARDELEG_OK;
}

static stardeleg_err read_value(cJSON **out, reader *r, const place *where)
{
  stardeleg_err rv;
  int c;

  sdg_json_scan_space(&r->scan);
  c = sdg_json_scan_peek(&r->scan);
  if (c == '{' || c == '[') {
    rv = read_container(out, r, where, c == '{');
  } else if (c == '"') {
    rv = read_string(out, r);
  } else if (c == '-' || (c >= '0' && c <= '9')) {
    rv = sdg_json_scan_number(out, &r->scan);
  } else {
    rv = sdg_json_scan_literal(out, &r->scan);
  }
  if (rv != STARDELEG_OK) {
    note_place(r, where);
  }
  return rv;
}

/* One value and nothing behind it. */
static stardeleg_err read_text(cJSON **out, reader *r, size_t bytes_max)
{
  const place root = {NULL, NULL, 0, 0};
  sdg_json_scan *s = &r->scan;
  stardeleg_err rv;

  if (s->len > bytes_max) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_LIMIT, bytes_max, "text too long");
  }
  if (s->len >= 3 && memcmp(s->base, "\xef\xbb\xbf", 3) == 0) {
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, 0, "byte order mark");
  }
  rv = read_value(out, r, &root);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  sdg_json_scan_space(s);
  if (s->at < s->len) {
    cJSON_Delete(*out);
    *out = NULL;
    return sdg_json_scan_fail(s, STARDELEG_ERR_MALFORMED, s->at, "more text behind the value");
  }
  return STARDELEG_OK;
}

static void tell_fault(sdg_json_fault *fault, const reader *r)
{
  const sdg_json_scan *s = &r->scan;

  memset(fault, 0, sizeof(*fault));
  fault->line = 1;
  fault->column = 1;
  fault->offset = s->fault_at;
  fault->reason = s->reason != NULL ? s->reason : "";
  for (size_t i = 0; i < s->fault_at && i < s->len; i++) {
    fault->column++;
    if (s->base[i] == '\n') {
      fault->line++;
      fault->column = 1;
    }
  }
  sdg_text_escape(fault->pointer, sizeof(fault->pointer), sdg_bytes_str(r->pointer));
}

stardeleg_err sdg_json_parse(sdg_json **out, stardeleg_bytes text, const sdg_json_limits *limits, sdg_json_fault *fault)
{
  sdg_json_limits chosen = limits != NULL ? *limits : sdg_json_limits_default();
  cJSON *root = NULL;
  reader r;
  stardeleg_err rv;

  memset(&r, 0, sizeof(r));
  r.scan.base = text.base;
  r.scan.len = text.len;
  r.scan.string_max = chosen.string_max;
  r.depth_max = chosen.depth_max < DEPTH_CEILING ? chosen.depth_max : DEPTH_CEILING;
  r.items_max = chosen.items_max;
  rv = read_text(&root, &r, chosen.bytes_max);
  if (rv == STARDELEG_OK) {
    *out = root;
  }
  if (fault != NULL) {
    tell_fault(fault, &r);
  }
  sdg_free(r.members);
  return rv;
}

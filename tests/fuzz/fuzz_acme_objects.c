/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_acme_objects.c -- any bytes as each of the objects: refused with a reason, or written to what reads the
 * same. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "acme/account.h"
#include "acme/authorization.h"
#include "acme/directory.h"
#include "acme/order.h"
#include "acme/problem_document.h"
#include "base/bytes.h"
#include "deleg/delegation.h"

/* Every kind of object the same way. */
typedef struct kind {
  stardeleg_err (*parse)(void *out, stardeleg_bytes body, stardeleg_problem *problem);
  void (*write)(sdg_json_writer *w, const void *object);
  void (*clear)(void *object);
} kind;

typedef union object {
  sdg_acme_directory directory;
  sdg_acme_account account;
  sdg_acme_order order;
  sdg_acme_authorization authorization;
  sdg_delegation delegation;
  sdg_delegation_list list;
} object;

static stardeleg_err parse_directory(void *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  return sdg_acme_directory_parse(out, body, problem);
}

static void write_directory(sdg_json_writer *w, const void *o)
{
  sdg_acme_directory_write(w, o);
}

static void clear_directory(void *o)
{
  sdg_acme_directory_clear(o);
}

static stardeleg_err parse_account(void *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  return sdg_acme_account_parse(out, body, problem);
}

static void write_account(sdg_json_writer *w, const void *o)
{
  sdg_jw_object(w, NULL);
  sdg_acme_account_write_members(w, o);
  sdg_jw_object_end(w);
}

static void clear_account(void *o)
{
  sdg_acme_account_clear(o);
}

static stardeleg_err parse_order(void *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  return sdg_acme_order_parse(out, body, problem);
}

static void write_order(sdg_json_writer *w, const void *o)
{
  sdg_acme_order_write(w, NULL, o);
}

static void clear_order(void *o)
{
  sdg_acme_order_clear(o);
}

static stardeleg_err parse_authorization(void *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  return sdg_acme_authorization_parse(out, body, problem);
}

static void write_authorization(sdg_json_writer *w, const void *o)
{
  sdg_acme_authorization_write(w, NULL, o);
}

static void clear_authorization(void *o)
{
  sdg_acme_authorization_clear(o);
}

static stardeleg_err parse_delegation(void *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  return sdg_delegation_parse(out, body, problem);
}

static void write_delegation(sdg_json_writer *w, const void *o)
{
  sdg_delegation_write(w, o);
}

static void clear_delegation(void *o)
{
  sdg_delegation_clear(o);
}

static stardeleg_err parse_list(void *out, stardeleg_bytes body, stardeleg_problem *problem)
{
  return sdg_delegation_list_parse(out, body, problem);
}

static void clear_list(void *o)
{
  sdg_delegation_list_clear(o);
}

static const kind kinds[] = {
    {parse_directory, write_directory, clear_directory},
    {parse_account, write_account, clear_account},
    {parse_order, write_order, clear_order},
    {parse_authorization, write_authorization, clear_authorization},
    {parse_delegation, write_delegation, clear_delegation},
    {parse_list, NULL, clear_list},
};

static void check_texts(const char *text)
{
  for (; *text != '\0'; text++) {
    FUZZ_CHECK((unsigned char)*text >= 0x20 && *text != 0x7f);
  }
}

/* Written and read twice: the same bytes. */
static void check_stable(const kind *k, const object *first)
{
  object again;
  sdg_json_writer w;
  sdg_buf a;
  sdg_buf b;

  sdg_buf_init(&a, 1u << 22);
  sdg_buf_init(&b, 1u << 22);
  sdg_jw_init(&w, &a);
  k->write(&w, first);
  FUZZ_CHECK(sdg_buf_error(&a) == STARDELEG_OK);
  memset(&again, 0, sizeof(again));
  FUZZ_CHECK(k->parse(&again, sdg_buf_bytes(&a), NULL) == STARDELEG_OK);
  sdg_jw_init(&w, &b);
  k->write(&w, &again);
  FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(&a), sdg_buf_bytes(&b)));
  k->clear(&again);
  sdg_buf_clear(&a);
  sdg_buf_clear(&b);
}

static void check_problem(stardeleg_bytes body)
{
  stardeleg_http_response response = {0};
  stardeleg_problem problem;
  stardeleg_problem again;
  sdg_json *tree = NULL;
  sdg_json_writer w;
  sdg_buf out;
  sdg_buf twice;

  response.status = 400;
  response.body = body;
  sdg_problem_from_response(&problem, &response, 1600000000000);
  check_texts(problem.type);
  check_texts(problem.detail);
  check_texts(problem.instance);
  FUZZ_CHECK(problem.subproblem_count <= STARDELEG_PROBLEM_SUB_MAX);
  sdg_buf_init(&out, 1u << 20);
  sdg_jw_init(&w, &out);
  sdg_problem_write_record(&w, NULL, &problem);
  FUZZ_CHECK(sdg_json_parse(&tree, sdg_buf_bytes(&out), NULL, NULL) == STARDELEG_OK);
  sdg_problem_from_record(&again, tree);
  sdg_buf_init(&twice, 1u << 20);
  sdg_jw_init(&w, &twice);
  sdg_problem_write_record(&w, NULL, &again);
  FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(&out), sdg_buf_bytes(&twice)));
  sdg_buf_clear(&twice);
  sdg_json_free(tree);
  sdg_buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    stardeleg_problem problem = {0};
    object o;
    stardeleg_err err;

    memset(&o, 0, sizeof(o));
    err = kinds[i].parse(&o, (stardeleg_bytes){data, size}, &problem);
    if (err != STARDELEG_OK) {
      FUZZ_CHECK(err == STARDELEG_ERR_MALFORMED && problem.detail[0] != '\0');
      check_texts(problem.detail);
      check_texts(problem.place);
      continue;
    }
    if (kinds[i].write != NULL) {
      check_stable(&kinds[i], &o);
    }
    kinds[i].clear(&o);
  }
  check_problem((stardeleg_bytes){data, size});
  return 0;
}

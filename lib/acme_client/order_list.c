/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_list.c -- the orders of an account, page by page (RFC 8555 7.1.2.1). */
#include <string.h>

#include "acme/fields.h"
#include "acme_client/account_errand.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/url.h"
#include "transport/http_message.h"

#define PAGES_MAX 200u

stardeleg_err sdg_order_list_init(sdg_order_list *list)
{
  memset(list, 0, sizeof(*list));
  sdg_errand_init(&list->errand);
  return sdg_account_errand_init(&list->account, SDG_ACCOUNT_FETCH, NULL, NULL, NULL);
}

void sdg_order_list_clear(sdg_order_list *list)
{
  sdg_account_errand_clear(&list->account);
  sdg_field_urls_free(list->urls, list->count);
  sdg_free(list->next);
  memset(list, 0, sizeof(*list));
}

stardeleg_err sdg_order_list_ask(sdg_order_list *list, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  if (list->errand.state == SDG_ERRAND_OPEN && list->next == NULL) {
    return sdg_account_errand_ask(&list->account, session, step, now);
  }
  if (!sdg_errand_waits(&list->errand, step, now)) {
    step->kind = SDG_STEP_FETCH;
    step->url = list->next;
    step->response_max = 256u * 1024u;
  }
  return STARDELEG_OK;
}

static stardeleg_err take_account(sdg_order_list *list, sdg_agent *agent, const sdg_result *result, stardeleg_time now)
{
  stardeleg_err err = sdg_account_errand_take(&list->account, agent, result, now);

  if (err != STARDELEG_OK || list->account.errand.state == SDG_ERRAND_OPEN) {
    return err;
  }
  if (list->account.errand.state == SDG_ERRAND_FAILED) {
    sdg_errand_fail(&list->errand, &list->account.errand.problem);
    return STARDELEG_OK;
  }
  if (list->account.account.orders == NULL) {
    sdg_errand_fail_text(&list->errand, STARDELEG_ACME_NONE, "the CA keeps no list of orders"); /* T-19 */
    return STARDELEG_OK;
  }
  list->next = sdg_strdup(list->account.account.orders);
  return list->next != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

/* |urls| becomes part of the list, or is freed. */
static stardeleg_err append(sdg_order_list *list, char **urls, size_t count)
{
  size_t take = count < SDG_ORDER_LIST_MAX - list->count ? count : SDG_ORDER_LIST_MAX - list->count;
  char **all = sdg_realloc(list->urls, list->count + take + 1, sizeof(*all));

  if (all == NULL) {
    sdg_field_urls_free(urls, count);
    return STARDELEG_ERR_NOMEM;
  }
  list->urls = all;
  for (size_t i = 0; i < count; i++) {
    if (i < take) {
      all[list->count++] = urls[i];
    } else {
      sdg_free(urls[i]);
    }
  }
  sdg_free(urls);
  return STARDELEG_OK;
}

/* The page after this one; NULL at the end, and for a list that leads back to itself. */
static stardeleg_err find_next(sdg_order_list *list, const sdg_result *result)
{
  sdg_buf url;
  char *next = NULL;
  stardeleg_err err;

  sdg_buf_init(&url, SDG_URL_MAX);
  err = sdg_http_link(&url, result->response, "next", sdg_bytes_str(result->url));
  if (err == STARDELEG_OK) {
    err = sdg_buf_take(&url, &next, NULL);
  }
  sdg_buf_clear(&url);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK || strcmp(next, result->url) == 0 || list->pages >= PAGES_MAX ||
      list->count >= SDG_ORDER_LIST_MAX) {
    sdg_free(next);
    sdg_errand_done(&list->errand);
    return STARDELEG_OK;
  }
  sdg_free(list->next);
  list->next = next;
  return STARDELEG_OK;
}

static stardeleg_err take_page(sdg_order_list *list, const sdg_result *result)
{
  stardeleg_problem problem;
  sdg_json *tree = NULL;
  char **urls = NULL;
  size_t count = 0;
  stardeleg_err err = sdg_field_object(&tree, result->response->body, "list of orders", &problem);

  if (err == STARDELEG_OK) {
    err = sdg_field_urls(&urls, &count, tree, "orders",
                         sdg_json_member(tree, "orders") != NULL ? SDG_JSON_NULLABLE : SDG_JSON_REQUIRED, &problem);
  }
  sdg_json_free(tree);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    problem.status = 0;
    sdg_errand_fail(&list->errand, &problem);
    return STARDELEG_OK;
  }
  list->pages++;
  err = append(list, urls, count);
  return err == STARDELEG_OK ? find_next(list, result) : err;
}

stardeleg_err sdg_order_list_take(sdg_order_list *list, sdg_session *session, sdg_agent *agent,
                                  const sdg_result *result, stardeleg_time now)
{
  (void)session;
  if (list->next == NULL) {
    return take_account(list, agent, result, now);
  }
  if (result->err == STARDELEG_OK) {
    return take_page(list, result);
  }
  if (!sdg_errand_retries(&list->errand, agent, result, now)) {
    sdg_errand_fail(&list->errand, result->problem);
  }
  return STARDELEG_OK;
}

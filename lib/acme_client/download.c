/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/download.c -- a certificate and its alternate chains. */
#include "acme_client/download.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/url.h"
#include "der/pem.h"
#include "transport/http_message.h"
#include "x509/cert.h"

#define UNREADABLE_MAX 5u

stardeleg_err sdg_download_init(sdg_download *download, const char *url, bool alternates_wanted)
{
  memset(download, 0, sizeof(*download));
  sdg_errand_init(&download->errand);
  for (size_t i = 0; i < SDG_DOWNLOAD_CHAINS_MAX; i++) {
    sdg_buf_init(&download->chains[i], 2u * SDG_CHAIN_BYTES_MAX);
  }
  sdg_buf_init(&download->leaf, SDG_CHAIN_BYTES_MAX);
  download->alternates_wanted = alternates_wanted;
  download->url = sdg_strdup(url);
  return download->url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

void sdg_download_clear(sdg_download *download)
{
  sdg_free(download->url);
  sdg_buf_clear(&download->leaf);
  for (size_t i = 0; i < SDG_DOWNLOAD_CHAINS_MAX; i++) {
    sdg_free(download->links[i]);
    sdg_buf_clear(&download->chains[i]);
  }
  memset(download, 0, sizeof(*download));
}

/* Not NULL while there is something to fetch. */
static const char *next_url(const sdg_download *download)
{
  return download->chain_count == 0 ? download->url : download->links[download->link_next];
}

stardeleg_err sdg_download_ask(sdg_download *download, sdg_step *step, stardeleg_time now)
{
  if (!sdg_errand_waits(&download->errand, step, now)) {
    step->kind = SDG_STEP_FETCH;
    step->url = next_url(download);
    step->accept = "application/pem-certificate-chain";
    step->response_max = SDG_CHAIN_BYTES_MAX;
  }
  return STARDELEG_OK;
}

/* --- Links --- */

typedef struct collecting {
  sdg_download *download;
  const sdg_session *session;
  const char *base;
  stardeleg_err err;
} collecting;

static bool is_known(const sdg_download *download, const char *url)
{
  bool known = strcmp(download->url, url) == 0;

  for (size_t i = 0; i < download->link_count; i++) {
    known = known || strcmp(download->links[i], url) == 0;
  }
  return known;
}

static int collect_link(void *ctx, stardeleg_bytes target)
{
  collecting *c = ctx;
  sdg_download *download = c->download;
  sdg_buf url;
  stardeleg_err err;

  sdg_buf_init(&url, SDG_URL_MAX);
  err = sdg_url_resolve(&url, sdg_bytes_str(c->base), target);
  if (err == STARDELEG_OK && !is_known(download, sdg_buf_str(&url)) &&
      sdg_session_check_url(c->session, sdg_buf_str(&url)) == STARDELEG_OK) {
    err = sdg_buf_take(&url, &download->links[download->link_count], NULL);
    download->link_count += err == STARDELEG_OK ? 1 : 0;
  }
  sdg_buf_clear(&url);
  c->err = err == STARDELEG_ERR_NOMEM ? err : c->err;
  return c->err != STARDELEG_OK || download->link_count + 1 >= SDG_DOWNLOAD_CHAINS_MAX;
}

/* T-44: only the first answer's links count; those of the alternates lead back. */
static stardeleg_err collect_links(sdg_download *download, const sdg_session *session, const sdg_result *result)
{
  collecting c = {download, session, result->url, STARDELEG_OK};

  if (download->alternates_wanted) {
    sdg_http_links(result->response, "alternate", collect_link, &c);
  }
  return c.err;
}

/* --- Chains --- */

static bool is_root(stardeleg_bytes der)
{
  sdg_cert *cert = sdg_calloc(1, sizeof(*cert));
  bool root = cert != NULL && sdg_cert_parse(cert, der) == STARDELEG_OK && sdg_bytes_equal(cert->issuer, cert->subject);

  sdg_free(cert);
  return root;
}

/* T-46: taken in any form that is clear, kept in one. */
static stardeleg_err keep_chain(sdg_download *download, const sdg_result *result)
{
  sdg_buf *out = &download->chains[download->chain_count];
  sdg_chain chain;
  size_t count;
  stardeleg_err err = sdg_chain_parse(&chain, result->response->body);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (download->chain_count == 0) {
    sdg_buf_reset(&download->leaf);
    sdg_buf_add_bytes(&download->leaf, chain.certs[0]);
  }
  if (!sdg_bytes_equal(chain.certs[0], sdg_buf_bytes(&download->leaf))) {
    sdg_chain_clear(&chain);
    return STARDELEG_ERR_PROTOCOL; /* an alternate is for the same certificate */
  }
  count = chain.count;
  if (download->drop_roots && count > 1 && is_root(chain.certs[count - 1])) {
    count--; /* T-47 */
  }
  sdg_buf_reset(out);
  for (size_t i = 0; i < count; i++) {
    sdg_pem_write(out, "CERTIFICATE", chain.certs[i]);
  }
  sdg_chain_clear(&chain);
  err = sdg_buf_error(out) != STARDELEG_OK ? sdg_buf_error(out) : sdg_buf_error(&download->leaf);
  if (err == STARDELEG_OK) {
    download->chain_count++;
  }
  return err;
}

static void go_on(sdg_download *download)
{
  download->unreadable = 0;
  download->errand.tries = 0;
  download->errand.wait_until = STARDELEG_TIME_NONE;
  if (download->link_next >= download->link_count) {
    sdg_errand_done(&download->errand);
  }
}

/* The first chain is what it is about; an alternate that cannot be had is one less to choose from. */
static void give_up(sdg_download *download, const stardeleg_problem *problem)
{
  if (download->chain_count == 0) {
    sdg_errand_fail(&download->errand, problem);
    return;
  }
  download->link_next++;
  go_on(download);
}

static stardeleg_err take_chain(sdg_download *download, const sdg_session *session, sdg_agent *agent,
                                const sdg_result *result, stardeleg_time now)
{
  bool is_first = download->chain_count == 0;
  stardeleg_problem problem;
  sdg_result unreadable = *result;
  stardeleg_err err = keep_chain(download, result);

  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err == STARDELEG_OK && is_first) {
    err = collect_links(download, session, result);
  }
  if (err == STARDELEG_OK) {
    download->link_next += is_first ? 0 : 1;
    go_on(download);
    return STARDELEG_OK;
  }
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "what the certificate URL gives is no chain of certificates");
  problem.status = 0;
  unreadable.err = STARDELEG_ERR_TRANSPORT; /* half an answer: worth a few more tries */
  unreadable.problem = &problem;
  download->unreadable++;
  if (err == STARDELEG_ERR_PROTOCOL || download->unreadable >= UNREADABLE_MAX ||
      !sdg_errand_retries(&download->errand, agent, &unreadable, now)) {
    give_up(download, &problem);
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_download_take(sdg_download *download, sdg_session *session, sdg_agent *agent,
                                const sdg_result *result, stardeleg_time now)
{
  if (result->err == STARDELEG_OK) {
    return take_chain(download, session, agent, result, now);
  }
  if (download->chain_count > 0 && download->errand.tries >= UNREADABLE_MAX) {
    give_up(download, result->problem); /* nobody waits for an alternate all day */
  } else if (!sdg_errand_retries(&download->errand, agent, result, now)) {
    give_up(download, result->problem);
  }
  return STARDELEG_OK;
}

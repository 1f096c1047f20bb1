/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_order_flow.c -- the bytes decide what the server answers: no order makes the engine crash, spin, lose a
 * challenge's answer or write a record it cannot read. */
#include "fuzz/fuzz.h"

#include <string.h>

#include <stardeleg/crypto.h>
#if STARDELEG_HAVE_OPENSSL
#include <stardeleg/crypto_openssl.h>
#endif
#include "acme_client/order_flow.h"
#include "base/bytes.h"
#include "base/time.h"

#define BASE "https://ca.example"
#define NAMES "\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"}]"
/* More would be a loop without a pause. */
#define EXCHANGES_PER_HOUR 4000u
#define STEPS_MAX 2000u

typedef struct world {
  sdg_job job; /* first */
  sdg_agent *agent;
  sdg_session *session;
  sdg_order_flow flow;
  stardeleg_solver solver;
  stardeleg_time now;
  const uint8_t *data;
  size_t size;
  unsigned nonces;
  int shown;
} world;

static stardeleg_crypto *crypto;
static stardeleg_key *key;

static uint8_t take_byte(world *w)
{
  uint8_t byte = w->size > 0 ? w->data[0] : 0;

  w->data += w->size > 0 ? 1 : 0;
  w->size -= w->size > 0 ? 1 : 0;
  return byte;
}

/* --- The job and its solver --- */

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  world *w = (world *)job;

  return sdg_order_flow_ask(&w->flow, w->session, w->agent, step, now);
}

static void write_flow(sdg_buf *out, const sdg_order_flow *flow)
{
  sdg_json_writer w;

  sdg_buf_init(out, 1u << 22);
  sdg_jw_init(&w, out);
  sdg_order_flow_write(&w, NULL, flow);
  FUZZ_CHECK(sdg_buf_error(out) == STARDELEG_OK);
}

static void restart(world *w)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json *tree = NULL;
  sdg_order_flow flow;
  sdg_buf before;
  sdg_buf after;

  limits.bytes_max = 1u << 22;
  limits.string_max = 1u << 22;
  write_flow(&before, &w->flow);
  FUZZ_CHECK(sdg_json_parse(&tree, sdg_buf_bytes(&before), &limits, NULL) == STARDELEG_OK);
  FUZZ_CHECK(sdg_order_flow_read(&flow, tree) == STARDELEG_OK);
  write_flow(&after, &flow);
  FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(&before), sdg_buf_bytes(&after)));
  flow.solver = w->flow.solver;
  sdg_order_flow_clear(&w->flow);
  w->flow = flow;
  sdg_json_free(tree);
  sdg_buf_clear(&before);
  sdg_buf_clear(&after);
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  world *w = (world *)job;
  sdg_flow_change change = SDG_FLOW_SAME;
  stardeleg_err err = sdg_order_flow_take(&w->flow, w->session, w->agent, result, now, &change);

  FUZZ_CHECK(err == STARDELEG_OK);
  restart(w);
  return err;
}

static const sdg_job_ops ops = {ask, take};

static int can_solve(void *ctx, const char *type, const char *identifier_type)
{
  (void)ctx;
  (void)identifier_type;
  return strcmp(type, "http-01") == 0;
}

static stardeleg_err present(void *ctx, const stardeleg_challenge *challenge, stardeleg_time now,
                             stardeleg_time *ready_at)
{
  world *w = ctx;

  (void)now;
  (void)ready_at;
  FUZZ_CHECK(strcmp(challenge->identifier, "a.example") == 0);
  FUZZ_CHECK(strpbrk(challenge->token, "./\\$`'\"\n ") == NULL && challenge->token[0] != '\0');
  w->shown = 1;
  return STARDELEG_OK;
}

static void cleanup(void *ctx, const stardeleg_challenge *challenge)
{
  (void)challenge;
  ((world *)ctx)->shown = 0;
}

/* --- The server --- */

static const char *const bodies[] = {
    "{\"status\":\"pending\"," NAMES ",\"authorizations\":[\"" BASE "/z\"],\"finalize\":\"" BASE "/f\"}",
    "{\"status\":\"ready\"," NAMES ",\"authorizations\":[\"" BASE "/z\"],\"finalize\":\"" BASE "/f\"}",
    "{\"status\":\"processing\"," NAMES ",\"authorizations\":[\"" BASE "/z\"],\"finalize\":\"" BASE "/f\"}",
    "{\"status\":\"valid\"," NAMES ",\"authorizations\":[\"" BASE "/z\"],\"finalize\":\"" BASE
    "/f\",\"auto-renewal\":{},\"star-certificate\":\"" BASE "/c\"}",
    "{\"status\":\"invalid\"," NAMES ",\"authorizations\":[\"" BASE "/z\"],\"finalize\":\"" BASE
    "/f\",\"error\":{\"detail\":\"\\u001b\\\\\"}}",
    "{\"status\":\"canceled\"," NAMES ",\"authorizations\":[\"" BASE "/z\"],\"finalize\":\"" BASE "/f\"}",
    "{\"status\":\"ready\"," NAMES ",\"authorizations\":[],\"finalize\":\"" BASE "/f\"}",
    "{\"status\":\"processing\"," NAMES ",\"authorizations\":[],\"finalize\":\"" BASE "/f\"}",
    "{\"status\":\"valid\"," NAMES ",\"authorizations\":[],\"finalize\":\"" BASE "/f\",\"certificate\":\"" BASE "/c\"}",
    "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},\"challenges\":[{\"type\":"
    "\"http-01\","
    "\"url\":\"" BASE "/h\",\"token\":\"tok\"}]}",
    "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},\"challenges\":[{\"type\":"
    "\"http-01\","
    "\"url\":\"" BASE "/h\",\"token\":\"tok\",\"error\":{\"type\":\"urn:x\"}}]}",
    "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},\"challenges\":[{\"type\":"
    "\"http-01\","
    "\"url\":\"" BASE "/h\",\"token\":\"tok\",\"status\":\"invalid\"},{\"type\":\"http-01\",\"url\":\"" BASE
    "/h2\",\"token\":\"../\"}]}",
    "{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},\"challenges\":[]}",
    "{\"status\":\"expired\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},\"challenges\":[]}",
    "{\"type\":\"urn:ietf:params:acme:error:orderNotReady\"}",
    "{\"type\":\"urn:ietf:params:acme:error:badNonce\"}",
    "{\"type\":\"urn:ietf:params:acme:error:accountDoesNotExist\"}",
    "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"\\u0007\"}",
    "{\"type\":\"urn:ietf:params:acme:error:unauthorized\"}",
    "<html>",
    ""};

static const int statuses[] = {200, 200, 200, 200, 201, 200, 400, 403, 404, 410, 429, 500, 503, 302, 304, 200};
static const char *const retry_after[] = {NULL, NULL, "0", "1", "86400", "junk", "Sun, 13 Sep 2020 12:26:40 GMT", NULL};

static void answer(world *w, const stardeleg_ask *wanted)
{
  stardeleg_http_header headers[4];
  stardeleg_http_response response = {0};
  stardeleg_outcome outcome = {0};
  char nonce[24];
  char body[512];
  uint8_t how = take_byte(w);
  uint8_t what = take_byte(w);
  const char *retry = retry_after[how >> 4 & 7];

  (void)snprintf(nonce, sizeof(nonce), "n%u", w->nonces++);
  headers[response.header_count++] = (stardeleg_http_header){SDG_BYTES_LITERAL("Replay-Nonce"), sdg_bytes_str(nonce)};
  headers[response.header_count++] =
      (stardeleg_http_header){SDG_BYTES_LITERAL("Location"), SDG_BYTES_LITERAL(BASE "/o")};
  if (retry != NULL) {
    headers[response.header_count++] = (stardeleg_http_header){SDG_BYTES_LITERAL("Retry-After"), sdg_bytes_str(retry)};
  }
  response.headers = headers;
  response.status = statuses[how & 15];
  if (strcmp(wanted->request.url, BASE "/d") == 0) {
    response.status = 200;
    response.body =
        SDG_BYTES_LITERAL("{\"newNonce\":\"" BASE "/n\",\"newAccount\":\"" BASE "/a\",\"newOrder\":\"" BASE "/p\"}");
  } else if (strcmp(wanted->request.url, BASE "/a") == 0) {
    response.status = 201;
    response.body = SDG_BYTES_LITERAL("{\"status\":\"valid\"}");
  } else if (what < 0xf0) {
    response.body = sdg_bytes_str(bodies[what % (sizeof(bodies) / sizeof(bodies[0]))]);
  } else {
    size_t len = w->size < sizeof(body) ? w->size : sizeof(body);

    memcpy(body, w->data, len); /* the rest of the input, raw */
    response.body = sdg_bytes(body, len);
  }
  if (how == 0xff) {
    outcome.failure = (stardeleg_transport_failure)(1 + what % 7);
  } else {
    outcome.response = &response;
  }
  FUZZ_CHECK(sdg_agent_answer(w->agent, wanted->id, &outcome, w->now) == STARDELEG_OK);
}

static void play(world *w)
{
  stardeleg_time hour = w->now;
  unsigned exchanges = 0;
  unsigned idle = 0;

  for (unsigned step = 0; step < STEPS_MAX && (w->size > 0 || step < 64); step++) {
    stardeleg_ask wanted;

    FUZZ_CHECK(sdg_agent_next(w->agent, &wanted, w->now) == STARDELEG_OK);
    if (wanted.want == STARDELEG_WANT_EXCHANGE) {
      FUZZ_CHECK(strncmp(wanted.request.url, BASE "/", strlen(BASE "/")) == 0); /* never elsewhere */
      FUZZ_CHECK(++exchanges < EXCHANGES_PER_HOUR);
      idle = 0;
      answer(w, &wanted);
    } else {
      FUZZ_CHECK(wanted.until > w->now);
      FUZZ_CHECK(++idle < 16); /* every wait has a use */
      if (wanted.until > w->now + 400 * SDG_TIME_DAY) {
        break;
      }
      w->now = wanted.until;
    }
    if (w->now - hour >= SDG_TIME_HOUR) {
      hour = w->now;
      exchanges = 0;
    }
    if (w->size > 0 && w->data[0] == 0xee) {
      (void)take_byte(w);
      sdg_order_flow_cancel(&w->flow);
    }
  }
}

static void set_up(void)
{
#if STARDELEG_HAVE_OPENSSL
  FUZZ_CHECK(stardeleg_crypto_openssl_new(&crypto) == STARDELEG_OK); /* many signatures: the quicker one */
#else
  FUZZ_CHECK(stardeleg_crypto_mbedtls_new(&crypto) == STARDELEG_OK);
#endif
  FUZZ_CHECK(stardeleg_key_generate(&key, crypto, STARDELEG_KEY_P256) == STARDELEG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  sdg_session_options options = {0};
  world w;

  if (crypto == NULL) {
    set_up();
  }
  memset(&w, 0, sizeof(w));
  w.data = data;
  w.size = size;
  w.now = 1600000000000;
  options.directory_url = BASE "/d";
  options.key = key;
  options.kid = BASE "/acct";
  options.directory_ttl_ms = 3650 * SDG_TIME_DAY;
  FUZZ_CHECK(sdg_agent_new(&w.agent, crypto, NULL) == STARDELEG_OK);
  FUZZ_CHECK(sdg_session_new(&w.session, w.agent, &options, NULL) == STARDELEG_OK);
  FUZZ_CHECK(sdg_order_flow_init(&w.flow, "{" NAMES "}") == STARDELEG_OK);
  FUZZ_CHECK(sdg_order_flow_set_csr(&w.flow, SDG_BYTES_LITERAL("csr")) == STARDELEG_OK);
  w.solver = (stardeleg_solver){sizeof(w.solver), &w, can_solve, present, cleanup, NULL};
  w.flow.solver = &w.solver;
  w.job.ops = &ops;
  w.job.session = w.session;
  FUZZ_CHECK(sdg_agent_add(w.agent, &w.job, w.now) == STARDELEG_OK);
  play(&w);
  FUZZ_CHECK(w.shown == 0 || w.flow.challenge_token != NULL); /* shown: then it is known that it has to be cleaned */
  sdg_agent_remove(w.agent, &w.job);
  sdg_order_flow_clear(&w.flow);
  sdg_session_free(w.session);
  sdg_agent_free(w.agent);
  return 0;
}

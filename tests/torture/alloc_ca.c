/* SPDX-License-Identifier: Apache-2.0 */
/* torture/alloc_ca.c -- the CA's requests and works besides STAR, each with every one of its allocations failing in
 * turn: it answers, or says "later" and can be asked again; nothing leaks (the sanitizers look). */
#include "support/test.h"

#include "acme/renewal_info.h"
#include "alloc.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "support/ca_world.h"

static stardeleg_ca_profile profile;
static stardeleg_bytes alternate;

typedef struct scene {
  ca_world w;
  ca_leaf leaf;
  char revoke[4096];
  char order[1024];
  char info[600];
  char chain[600];
} scene;

/* Only the CA's own allocations are counted. */
static stardeleg_err handle(void *server, const stardeleg_http_request *request, stardeleg_time now,
                            stardeleg_http_reply **reply)
{
  stardeleg_err err;

  alloc_scope(true);
  err = stardeleg_ca_handle(((ca_world *)server)->ca, request, now, reply);
  alloc_scope(false);
  return err;
}

static void write_payloads(scene *s)
{
  sdg_buf id;
  sdg_buf der;

  sdg_buf_init(&id, 256);
  sdg_buf_init(&der, sizeof(s->revoke) / 2);
  assert_ok(sdg_acme_certificate_id_write(&id, s->leaf.cert.authority_key_id, s->leaf.cert.serial_octets));
  sdg_base64url_write(&der, s->leaf.cert.der);
  (void)snprintf(s->revoke, sizeof(s->revoke), "{\"certificate\":\"%s\",\"reason\":4}", sdg_buf_str(&der));
  (void)snprintf(s->order, sizeof(s->order), "%s",
                 ca_world_json("{'identifiers':[{'type':'ip','value':'2001:db8::1'},{'type':'dns','value':"
                               "'www.example.org'}],'profile':'short','replaces':'%s'}",
                               sdg_buf_str(&id)));
  (void)snprintf(s->info, sizeof(s->info), "%s/renewal-info/%s", CA_BASE, sdg_buf_str(&id));
  (void)snprintf(s->chain, sizeof(s->chain), "%s/1", s->w.star);
  sdg_buf_clear(&id);
  sdg_buf_clear(&der);
}

static void scene_open(scene *s)
{
  memset(s, 0, sizeof(*s));
  ca_world_init(&s->w);
  stardeleg_ca_profile_default(&profile);
  profile.name = "short";
  profile.common_name = STARDELEG_CA_ALWAYS;
  alternate = sdg_bytes_str(s->w.root_pem);
  s->w.options.profiles = &profile;
  s->w.options.profile_count = 1;
  s->w.options.alternate_chains_pem = &alternate;
  s->w.options.alternate_chain_count = 1;
  s->w.options.authz_reuse_s = 30 * 86400;
  ca_world_open(&s->w);
  ca_world_plain(&s->w);
  ca_world_get_leaf(&s->w, &s->leaf);
  write_payloads(s);
  s->w.peer.handle = handle;
}

static void scene_close(scene *s)
{
  ca_leaf_clear(&s->leaf);
  ca_world_clear(&s->w);
}

/* --- What is tried: 1 it went as it should, 0 it is to be tried again --- */

/* No memory for an answer at all is for the HTTP host to tell. */
static int request(scene *s, const char *url, const char *payload, int expected)
{
  const char *nonce = payload != NULL ? acme_peer_take_nonce(&s->w.peer) : "";
  sdg_buf body;
  stardeleg_http_request request = {.method = payload != NULL ? "POST" : "GET"};
  stardeleg_http_header type = {SDG_BYTES_LITERAL("Content-Type"), SDG_BYTES_LITERAL("application/jose+json")};
  stardeleg_http_reply *reply = NULL;
  char quoted[300];
  stardeleg_err err;
  int status;

  sdg_buf_init(&body, 1 << 16);
  if (payload != NULL) {
    (void)snprintf(quoted, sizeof(quoted), "\"%s\"", nonce);
    acme_peer_build(&s->w.peer, &body, &(acme_peer_jws){.url = url, .payload = payload, .nonce = quoted});
    request.headers = &type;
    request.header_count = 1;
    request.body = sdg_buf_bytes(&body);
    s->w.peer.nonce[0] = '\0';
  }
  request.url = url + strlen("https://ca.example");
  err = handle(&s->w, &request, s->w.now, &reply);
  status = err == STARDELEG_OK ? stardeleg_http_reply_view(reply)->status : 503;
  stardeleg_http_reply_free(reply);
  sdg_buf_clear(&body);
  if (status != expected && status != 503 && status != 500) {
    fail_msg("%s: %d", url, status);
  }
  return status == expected;
}

static int try_list(scene *s)
{
  return request(s, CA_BASE "/crl", NULL, 200);
}

static int try_info(scene *s)
{
  return request(s, s->info, NULL, 200);
}

static int try_chain(scene *s)
{
  return request(s, s->chain, NULL, 200);
}

static int try_move(scene *s)
{
  stardeleg_ca_renewal change;
  stardeleg_err err;

  stardeleg_ca_renewal_default(&change);
  change.start_at = s->w.now;
  change.end_at = s->w.now + CA_HOUR;
  change.explanation_url = "https://ca.example/why";
  alloc_scope(true);
  err = stardeleg_ca_renewal_move(s->w.ca, &change);
  alloc_scope(false);
  assert_true(err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM);
  return err == STARDELEG_OK;
}

/* The engine makes the list anew. */
static int try_engine(scene *s)
{
  const stardeleg_engine *engine = stardeleg_ca_engine(s->w.ca);
  stardeleg_ask ask;
  stardeleg_err err;

  s->w.now += CA_DAY / 2;
  alloc_scope(true);
  err = engine->next(engine->self, &ask, s->w.now);
  alloc_scope(false);
  assert_true(err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM);
  return err == STARDELEG_OK;
}

static int try_new(scene *s)
{
  stardeleg_ca *ca = NULL;
  stardeleg_problem problem;
  stardeleg_err err;

  alloc_scope(true);
  err = stardeleg_ca_new(&ca, &s->w.options, &problem);
  stardeleg_ca_free(ca);
  alloc_scope(false);
  /* Providers say in their own way that they had no memory. */
  return err == STARDELEG_OK;
}

/* Fails allocation 1, 2, 3 ... until there is none left to fail; then it has to go well. */
static void exhaust(scene *s, const char *what, int (*fn)(scene *s), size_t most)
{
  size_t at = 1;
  bool hit = true;

  for (; hit && at < most; at++) {
    alloc_fail(at);
    (void)fn(s);
    hit = alloc_counted() >= at;
    alloc_fail(0);
  }
  if (fn(s) != 1) {
    fail_msg("%s does not recover", what);
  }
  (void)printf("# %s: %zu\n", what, at);
}

static void everything_but_orders(void **state)
{
  scene *s = calloc(1, sizeof(*s));

  (void)state;
  assert_non_null(s);
  scene_open(s);
  exhaust(s, "list", try_list, 4000);
  exhaust(s, "renewal information", try_info, 4000);
  exhaust(s, "alternate chain", try_chain, 4000);
  exhaust(s, "moved renewal", try_move, 4000);
  exhaust(s, "engine", try_engine, 4000);
  exhaust(s, "new", try_new, 4000);
  scene_close(s);
  free(s);
}

/* These change something: each failure has a world of its own, and the second try finds it as it was, or finds done
 * what the first could not tell any more. */
static void once(const char *what, bool revoke)
{
  bool hit = true;

  for (size_t at = 1; hit; at += 1 + at / 16) {
    scene *s = calloc(1, sizeof(*s));
    int done;

    assert_non_null(s);
    scene_open(s);
    alloc_fail(at);
    done =
        revoke ? request(s, CA_BASE "/revoke-cert", s->revoke, 200) : request(s, CA_BASE "/new-order", s->order, 201);
    hit = alloc_counted() >= at;
    alloc_fail(0);
    if (done == 0) {
      int status = revoke ? acme_peer_post(&s->w.peer, CA_BASE "/revoke-cert", s->revoke)
                          : acme_peer_post(&s->w.peer, CA_BASE "/new-order", s->order);

      if (status != (revoke ? 200 : 201) && status != (revoke ? 400 : 409)) {
        fail_msg("%s, allocation %zu: then %d %s", what, at, status, s->w.peer.body);
      }
    }
    scene_close(s);
    free(s);
  }
}

static void orders(void **state)
{
  (void)state;
  once("newOrder", false);
}

static void revocation(void **state)
{
  (void)state;
  once("revokeCert", true);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything_but_orders),
      cmocka_unit_test(orders),
      cmocka_unit_test(revocation),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_server.c -- a CA is asked anything: whatever comes, there is an answer with all that every answer has, and
 * the engine goes on.
 *
 * An input is four bytes and a text: the method, how it is signed, which resource, what the text is; then the text.  */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "support/ca_world.h"

#define TEXT_MAX 60000
/* The store grows with what is created; now and then everything begins anew. */
#define INPUTS_PER_WORLD 5000

enum signing { SIGN_KID = 0, SIGN_JWK, SIGN_HEADER, SIGN_NOTHING, SIGN_COUNT };

static ca_world world;
static unsigned inputs;
static char known[10][512]; /* URLs of resources there are */

static void keep(size_t at, const char *url)
{
  (void)snprintf(known[at], sizeof(known[at]), "%s", url != NULL ? url : "");
}

static void begin(void)
{
  ca_world_start(&world);
  ca_world_star(&world, 10, 86400, 0);
  keep(0, world.order);
  keep(1, world.star);
  FUZZ_CHECK(ca_world_new_order(&world, ca_world_json("{'identifiers':[{'type':'dns','value':'a.example.org'}]}")) ==
             201);
  keep(2, world.order);
  keep(3, world.finalize);
  keep(4, ca_world_authz(&world, 0));
  keep(5, ca_world_challenge(&world, known[4]));
  ca_world_validate(&world);
  keep(6, world.peer.kid);
  keep(7, CA_BASE "/new-order");
  keep(8, CA_BASE "/revoke-cert");
  keep(9, CA_BASE "/key-change");
}

static const char *choose_url(uint8_t which, const char *text)
{
  static char room[1024];
  size_t len = strcspn(text, "\n");

  if (which < 10) {
    return known[which];
  }
  if (which < 14) {
    static const char *const others[] = {"/new-account", "/new-nonce", "/directory", "/acct/x/orders"};

    (void)snprintf(room, sizeof(room), CA_BASE "%s", others[which - 10]);
  } else {
    (void)snprintf(room, sizeof(room), "https://ca.example/%.*s", (int)(len < 900 ? len : 900), text);
  }
  return room;
}

/* The answer's form is checked by the peer; here what it says. */
static void check(const char *method)
{
  FUZZ_CHECK(world.peer.status != 500 && world.peer.status != 503);
  if (world.peer.status >= 400) {
    FUZZ_CHECK(sdg_json_type_of(sdg_json_member(world.peer.json, "type")) == SDG_JSON_STRING);
    FUZZ_CHECK(sdg_json_int(sdg_json_member(world.peer.json, "status")) == world.peer.status);
  }
  FUZZ_CHECK(strcmp(method, "POST") != 0 || world.peer.nonce[0] != '\0');
}

static void send_signed(uint8_t signing, const char *url, const char *text)
{
  acme_peer_jws jws = {.url = url, .payload = text};

  jws.by_jwk = signing == SIGN_JWK;
  if (signing == SIGN_HEADER) {
    jws.protected_is = text;
    jws.payload = "{}";
  }
  (void)acme_peer_send(&world.peer, &jws);
}

static void play(const uint8_t *head, const char *text, size_t len)
{
  static const char *const methods[] = {"POST", "GET", "HEAD", "PUT", "OPTIONS", "DELETE"};
  static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
  const char *method = methods[head[0] % 6];
  const char *url = choose_url(head[2] % 20, text);
  uint8_t signing = head[1] % SIGN_COUNT;

  if (strcmp(method, "POST") == 0 && signing != SIGN_NOTHING) {
    send_signed(signing, url, text);
  } else {
    (void)acme_peer_raw(&world.peer, method, url + strlen("https://ca.example"), headers, sdg_bytes(text, len));
  }
  check(method);
  if ((head[3] & 1) != 0) {
    world.now += (int64_t)head[3] * 60000;
  }
  world.web = (ca_web)(head[3] % CA_WEB_REDIRECT);
  (void)ca_world_run(&world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *text;

  if (size < 4 || size - 4 > TEXT_MAX) {
    return 0;
  }
  if (inputs++ % INPUTS_PER_WORLD == 0) {
    if (world.ca != NULL) {
      ca_world_clear(&world);
    }
    begin();
  }
  text = malloc(size - 4 + 1);
  FUZZ_CHECK(text != NULL);
  memcpy(text, data + 4, size - 4);
  text[size - 4] = '\0';
  play(data, text, size - 4);
  free(text);
  /* The account may be gone (deactivated): then everything begins anew. */
  if (acme_peer_fetch(&world.peer, world.peer.kid) != 200) {
    ca_world_clear(&world);
    begin();
  }
  return 0;
}

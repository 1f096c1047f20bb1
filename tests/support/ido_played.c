/* SPDX-License-Identifier: Apache-2.0 */
/* support/ido_played.c -- the CA's usual steps. */
#include "support/ido_played.h"

#include "base/bytes.h"

const char *const played_account_location[] = {"Location: " WORLD_CA "/acct/1", NULL};
const char *const played_order_location[] = {"Location: " ORDER2, NULL};

/* The body of Order2. */
const char *played_order2(const char *status, const char *renewal, const char *more)
{
  static char text[4096];

  (void)snprintf(text, sizeof(text),
                 "{\"status\":\"%s\"," NAMES ",\"authorizations\":[],\"finalize\":\"" ORDER2 "/finalize\"%s%s%s%s}",
                 status, renewal[0] != '\0' ? ",\"auto-renewal\":{" : "", renewal, renewal[0] != '\0' ? "}" : "", more);
  return text;
}

void played_open(played *p)
{
  ido_world_init(&p->w);
  ido_world_open(&p->w);
  ido_world_ndc(&p->w, 0, "cdn");
  ido_world_delegate(&p->w, "cdn", "d1", WORLD_ONE, "{\"abc.ido.example.\":\"abc.cdn.example.\"}");
  memset(&p->ca, 0, sizeof(p->ca));
  p->ca.engine = stardeleg_ido_engine(p->w.ido);
  p->ca.now = p->w.now;
}

void played_open_proxy(played *p, unsigned order_kinds)
{
  stardeleg_ido_delegation d = {.size = sizeof(d),
                                .id = "d1",
                                .ndc = "cdn",
                                .csr_template = sdg_bytes_str(WORLD_ONE),
                                .upstream = UPSTREAM,
                                .order_kinds = order_kinds,
                                .expires_at = STARDELEG_TIME_NEVER};
  char made[65];

  memset(p, 0, sizeof(*p));
  ido_world_init(&p->w);
  p->w.issuer.kind = "proxy";
  ido_world_open(&p->w);
  ido_world_ndc(&p->w, 0, "cdn");
  assert_ok(stardeleg_ido_delegation_add(p->w.ido, &d, made, p->w.now, NULL));
  p->ca.engine = stardeleg_ido_engine(p->w.ido);
  p->ca.now = p->w.now;
}

void played_finalize(played *p)
{
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  assert_int_equal(ido_world_finalize(&p->w, 0, p->url, csr), 200);
  free(csr);
}

void played_begin(played *p)
{
  played_open(p);
  ido_world_order(&p->w, 0, "d1", "abc.ido.example", p->url);
  played_finalize(p);
}

void played_end(played *p)
{
  scripted_clear(&p->ca);
  ido_world_clear(&p->w);
}

void played_give_directory(played *p, const char *directory)
{
  scripted_expect(&p->ca, "GET", WORLD_CA "/directory");
  scripted_answer(&p->ca, 200, NULL, directory);
}

/* Directory, nonce and account; then newOrder is out. */
void played_reach_new_order(played *p)
{
  played_give_directory(p, DIRECTORY(STAR_META));
  scripted_expect(&p->ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p->ca, 200, NULL, NULL);
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-account");
  scripted_answer(&p->ca, 201, played_account_location, "{\"status\":\"valid\"}");
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-order");
}

void played_reach_finalize(played *p)
{
  played_reach_new_order(p);
  scripted_answer(&p->ca, 201, played_order_location, played_order2("ready", RENEWAL, ""));
  scripted_expect(&p->ca, "POST", ORDER2 "/finalize");
}

/* Order1 as the delegate sees it. */
const char *played_status(played *p)
{
  p->w.now = p->ca.now;
  return ido_world_status(&p->w, 0, p->url);
}

const sdg_json *played_renewal_member(played *p, const char *name)
{
  return sdg_json_member(sdg_json_member(p->w.ndc[0].json, "auto-renewal"), name);
}

const char *played_error_text(played *p, const char *name)
{
  return sdg_json_string(sdg_json_member(sdg_json_member(p->w.ndc[0].json, "error"), name));
}

void played_assert_rests(played *p)
{
  assert_true(scripted_wait(&p->ca) > p->ca.now);
}

void played_assert_ended(played *p, const char *status)
{
  for (int i = 0; i < 3; i++) { /* the order, its delegation, its CNAMEs */
    played_assert_rests(p);
  }
  assert_string_equal(played_status(p), status);
  assert_string_equal(ido_world_record(&p->w, "delegation", "d1", "state"), "ended");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_renewal.c -- what an issuer makes of the auto-renewal object a delegate asked for. */
#include "ido/issuer_renewal.h"

#include <string.h>

#include "base/problem.h"
#include "base/time.h"
#include "star/auto_renewal.h"

static void write_renewal_member(sdg_json_writer *w, const sdg_json *item, const sdg_auto_renewal *values)
{
  const char *name = sdg_json_name(item);

  if (strcmp(name, "allow-certificate-get") == 0) {
    sdg_jw_bool(w, name, values->certificate_get);
  } else if (strcmp(name, "lifetime") == 0) {
    sdg_jw_int(w, name, values->lifetime_s);
  } else if (strcmp(name, "lifetime-adjust") == 0) {
    sdg_jw_int(w, name, values->lifetime_adjust_s);
  } else {
    sdg_jw_tree(w, name, item);
  }
}

/* Puts the values that can change into the order's own object; all other members stay as the delegate sent them. */
static stardeleg_err show_renewal(sdg_ido_order *order, const sdg_auto_renewal *values)
{
  sdg_json *tree = NULL;
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err;

  sdg_buf_init(&text, 64u * 1024u);
  sdg_jw_init(&w, &text);
  sdg_jw_object(&w, NULL);
  for (const sdg_json *item = sdg_json_first(order->wire.auto_renewal); item != NULL; item = sdg_json_next(item)) {
    write_renewal_member(&w, item, values);
  }
  if (sdg_json_member(order->wire.auto_renewal, "lifetime-adjust") == NULL && values->lifetime_adjust_s > 0) {
    sdg_jw_int(&w, "lifetime-adjust", values->lifetime_adjust_s);
  }
  sdg_jw_object_end(&w);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = sdg_json_parse(&tree, sdg_buf_bytes(&text), NULL, NULL);
  }
  sdg_buf_clear(&text);
  if (err == STARDELEG_OK) {
    sdg_json_free(order->wire.auto_renewal);
    order->wire.auto_renewal = tree;
  }
  return err;
}

static stardeleg_err show_lack(sdg_ido_order *order)
{
  sdg_auto_renewal renewal;
  stardeleg_err err;

  if (!sdg_ido_order_is_star(order)) {
    order->wire.certificate_get = SDG_FALSE;
    return STARDELEG_OK;
  }
  err = sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL);
  if (err == STARDELEG_OK) {
    renewal.certificate_get = false;
    err = show_renewal(order, &renewal);
  }
  return err;
}

/* RFC 9115 2.3.2: "it MUST move the Order status to invalid and set the allow-certificate-get in the auto-renewal
 * object to false"; 2.3.3 the same with the one at the top. */
stardeleg_err sdg_issuer_lack_get(sdg_ido_order *order, const char *detail)
{
  stardeleg_problem problem;
  stardeleg_err err = show_lack(order);

  if (err == STARDELEG_OK) {
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "%s", detail);
    problem.status = 0;
    err = sdg_ido_order_set_error(order, &problem);
  }
  return err;
}

static stardeleg_err change_not_allowed(sdg_ido_order *order, const char *member)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the CA has changed auto-renewal in a way that was not asked for: %s",
                  member);
  problem.status = 0;
  return sdg_ido_order_set_error(order, &problem);
}

static bool same_second(stardeleg_time a, stardeleg_time b)
{
  return a == b || (a != STARDELEG_TIME_NONE && b != STARDELEG_TIME_NONE && sdg_time_floor_s(a) == sdg_time_floor_s(b));
}

static stardeleg_err judge_values(sdg_ido_order *order, const sdg_auto_renewal *asked, const sdg_auto_renewal *given,
                                  bool *fits)
{
  if (!same_second(asked->start_at, given->start_at)) {
    return change_not_allowed(order, "start-date");
  }
  if (!same_second(asked->end_at, given->end_at)) {
    return change_not_allowed(order, "end-date");
  }
  if (given->lifetime_s > asked->lifetime_s) {
    return change_not_allowed(order, "a longer lifetime");
  }
  *fits = true;
  return STARDELEG_OK;
}

static stardeleg_err judge_star(sdg_ido_order *order, const sdg_json *reflected, bool assumed, bool *fits)
{
  sdg_auto_renewal asked;
  sdg_auto_renewal given;
  stardeleg_err err = sdg_auto_renewal_parse(&asked, order->wire.auto_renewal, NULL);

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  err = sdg_auto_renewal_parse(&given, reflected, NULL);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    return reflected == NULL
               ? sdg_issuer_lack_get(order, "the CA does not reflect auto-renewal, nor its allow-certificate-get")
               : change_not_allowed(order, "it cannot be read any more");
  }
  if (!given.certificate_get && !assumed) {
    return sdg_issuer_lack_get(order, "the CA does not reflect allow-certificate-get");
  }
  return judge_values(order, &asked, &given, fits);
}

static bool is_within(stardeleg_time given, stardeleg_time asked)
{
  return asked == STARDELEG_TIME_NONE ||
         (given != STARDELEG_TIME_NONE && sdg_time_floor_s(given) <= sdg_time_floor_s(asked));
}

static stardeleg_err lives_too_long(sdg_ido_order *order, const char *detail)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "%s", detail);
  problem.status = 0;
  return sdg_ido_order_set_error(order, &problem);
}

/* RFC 8555 7.4: a CA "MUST NOT issue a certificate with contents other than those requested"; how long it may live is
 * a bound of the delegation.  A CA that does not show the notAfter it was asked for does not know of it. */
static stardeleg_err judge_plain(sdg_ido_order *order, const sdg_acme_order *given, bool *fits)
{
  *fits = is_within(given->not_after, order->wire.not_after);
  if (*fits) {
    return STARDELEG_OK;
  }
  return lives_too_long(order, given->not_after == STARDELEG_TIME_NONE
                                   ? "the CA does not reflect notAfter"
                                   : "the CA's notAfter is later than what was asked for");
}

stardeleg_err sdg_issuer_judge_end(sdg_ido_order *order, stardeleg_time not_after, bool *fits)
{
  *fits = is_within(not_after, order->wire.not_after);
  return *fits ? STARDELEG_OK : lives_too_long(order, "the certificate is valid beyond the notAfter asked for");
}

stardeleg_err sdg_issuer_judge(sdg_ido_order *order, const sdg_acme_order *given, bool assumed, bool *fits)
{
  *fits = false;
  if (sdg_ido_order_is_star(order)) {
    return judge_star(order, given->auto_renewal, assumed, fits);
  }
  if (given->certificate_get != SDG_TRUE && !assumed) {
    return sdg_issuer_lack_get(order, "the CA does not reflect allow-certificate-get");
  }
  return judge_plain(order, given, fits);
}

stardeleg_err sdg_issuer_adopt_renewal(sdg_ido_order *order, const sdg_json *reflected)
{
  sdg_auto_renewal asked;
  sdg_auto_renewal given;
  stardeleg_err err = sdg_auto_renewal_parse(&asked, order->wire.auto_renewal, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_auto_renewal_parse(&given, reflected, NULL);
  }
  if (err != STARDELEG_OK ||
      (asked.lifetime_s == given.lifetime_s && asked.lifetime_adjust_s == given.lifetime_adjust_s)) {
    return err;
  }
  given.certificate_get = asked.certificate_get; /* judged before, or assumed */
  return show_renewal(order, &given);
}

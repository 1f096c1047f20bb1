/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_download_test.c -- certificates and alternates as servers really send them. */
#include "support/client_rig.h"
#include "support/test_pki.h"

#include "acme_client/download.h"
#include "base/bytes.h"
#include "base/time.h"

#define CERT CLIENT_BASE "/cert/1"

typedef struct downloading {
  client_rig rig;
  sdg_download download;
  char *leaf; /* PEM */
  char *root;
} downloading;

static stardeleg_err ask(client_rig *rig, sdg_step *step, stardeleg_time now)
{
  return sdg_download_ask(&((downloading *)rig->thing)->download, step, now);
}

static stardeleg_err take(client_rig *rig, const sdg_result *result, stardeleg_time now)
{
  return sdg_download_take(&((downloading *)rig->thing)->download, rig->session, rig->agent, result, now);
}

static void begin(downloading *d, bool alternates)
{
  static const char *const names[] = {"a.example"};
  test_root root;
  test_leaf leaf;
  sdg_buf pem;

  memset(d, 0, sizeof(*d));
  client_rig_begin(&d->rig, NULL);
  d->rig.thing = d;
  d->rig.ask = ask;
  d->rig.take = take;
  sdg_buf_init(&pem, 65536);
  test_root_init(&root, "root");
  leaf = (test_leaf){stardeleg_key_spki(root.key), names, 1, 1600000000000, 1700000000000, 7, false};
  test_root_issue(&root, &leaf, &pem);
  assert_ok(sdg_buf_take(&pem, &d->leaf, NULL));
  d->root = strdup(sdg_buf_str(&root.pem));
  test_root_clear(&root);
  assert_ok(sdg_download_init(&d->download, CERT, alternates));
  client_rig_register(&d->rig, NULL);
}

static void end(downloading *d)
{
  client_rig_end(&d->rig);
  sdg_download_clear(&d->download);
  free(d->leaf);
  free(d->root);
}

/* ACME-7.4.2-01, T-46, T-48: any clear form is taken; one form is kept */
static void forms(void **state)
{
  static const char *const types[] = {"Content-Type: application/pem-certificate-chain",
                                      "Content-Type: application/pem-certificate-chain; charset=utf-8",
                                      "Content-Type: text/html", NULL};
  char text[16384];
  downloading d;

  (void)state;
  for (int form = 0; form < 6; form++) {
    const char *headers[] = {types[form % 4], NULL};
    char clean[8192];
    size_t n = 0;

    begin(&d, false);
    (void)snprintf(clean, sizeof(clean), "%s%s", d.leaf, d.root);
    switch (form) {
    case 1: /* blank lines between */
      (void)snprintf(text, sizeof(text), "%s\n\n%s\n", d.leaf, d.root);
      break;
    case 2: /* no final newline */
      (void)snprintf(text, sizeof(text), "%.*s", (int)strlen(clean) - 1, clean);
      break;
    case 3: /* CRLF */
      for (const char *p = clean; *p != '\0'; p++) {
        if (*p == '\n') {
          text[n++] = '\r';
        }
        text[n++] = *p;
      }
      text[n] = '\0';
      break;
    case 4: /* white space before and behind */
      (void)snprintf(text, sizeof(text), "\n\n%s \n\n", clean);
      break;
    default:
      (void)snprintf(text, sizeof(text), "%s", clean);
      break;
    }
    client_rig_expect(&d.rig, "POST", CERT, "");
    scripted_answer(&d.rig.server, 200, headers, text);
    assert_int_equal(d.download.errand.state, SDG_ERRAND_DONE);
    assert_int_equal(d.download.chain_count, 1);
    assert_string_equal(sdg_buf_str(&d.download.chains[0]), clean);
    client_rig_rests(&d.rig);
    end(&d);
  }
}

/* T-47: the root may go, the leaf alone stays */
static void roots(void **state)
{
  char both[8192];
  downloading d;

  (void)state;
  for (int drop = 0; drop < 2; drop++) {
    begin(&d, false);
    d.download.drop_roots = drop != 0;
    (void)snprintf(both, sizeof(both), "%s%s", d.leaf, d.root);
    client_rig_expect(&d.rig, "POST", CERT, "");
    scripted_answer(&d.rig.server, 200, NULL, both);
    assert_string_equal(sdg_buf_str(&d.download.chains[0]), drop != 0 ? d.leaf : both);
    end(&d);
    begin(&d, false);
    d.download.drop_roots = drop != 0;
    client_rig_expect(&d.rig, "POST", CERT, "");
    scripted_answer(&d.rig.server, 200, NULL, d.root);
    assert_string_equal(sdg_buf_str(&d.download.chains[0]), d.root);
    end(&d);
  }
}

/* ACME-7.4.2-04, T-44, T-45, T-55: a set, resolved, without recursion, of our server only */
static void alternates(void **state)
{
  static const char *const links[] = {
      "Link: <" CLIENT_BASE "/directory>;rel=\"index\"",
      ("link: </acme/cert/1/1>; rel=\"alternate\", <" CLIENT_BASE "/cert/1/1>;rel=alternate, "
       "<1/2>;title=\"a,b\";rel=\"alternate\""),
      "LINK: <" CERT ">;rel=\"alternate\"",
      "Link: <https://elsewhere.example/x>;rel=\"alternate\"",
      "Link: <http://ca.example/acme/cert/1/3>;rel=\"alternate\"",
      "Link: <mailto:a@b>;rel=\"alternate\"",
      NULL};
  static const char *const back[] = {"Link: <" CERT ">;rel=\"alternate\"",
                                     "Link: <" CLIENT_BASE "/cert/1/9>;rel=\"alternate\"", NULL};
  char both[8192];
  downloading d;

  (void)state;
  begin(&d, true);
  (void)snprintf(both, sizeof(both), "%s%s", d.leaf, d.root);
  client_rig_expect(&d.rig, "POST", CERT, "");
  scripted_answer(&d.rig.server, 200, links, d.leaf);
  client_rig_expect(&d.rig, "POST", CLIENT_BASE "/cert/1/1", "");
  scripted_answer(&d.rig.server, 200, back, both);
  client_rig_expect(&d.rig, "POST", CLIENT_BASE "/cert/1/2", "");
  scripted_answer(&d.rig.server, 404, NULL, NULL); /* one less */
  assert_int_equal(d.download.errand.state, SDG_ERRAND_DONE);
  assert_int_equal(d.download.chain_count, 2);
  assert_string_equal(sdg_buf_str(&d.download.chains[0]), d.leaf);
  assert_string_equal(sdg_buf_str(&d.download.chains[1]), both);
  client_rig_rests(&d.rig);
  end(&d);
  begin(&d, false); /* nobody wants to choose */
  client_rig_expect(&d.rig, "POST", CERT, "");
  scripted_answer(&d.rig.server, 200, links, d.leaf);
  assert_int_equal(d.download.errand.state, SDG_ERRAND_DONE);
  end(&d);
}

/* ACME-7.4.2-04: an alternate is for the same certificate, or it is none */
static void other_leaf(void **state)
{
  static const char *const links[] = {"Link: <" CLIENT_BASE "/cert/1/1>;rel=alternate", NULL};
  downloading d;

  (void)state;
  begin(&d, true);
  client_rig_expect(&d.rig, "POST", CERT, "");
  scripted_answer(&d.rig.server, 200, links, d.leaf);
  client_rig_expect(&d.rig, "POST", CLIENT_BASE "/cert/1/1", "");
  scripted_answer(&d.rig.server, 200, NULL, d.root);
  assert_int_equal(d.download.errand.state, SDG_ERRAND_DONE);
  assert_int_equal(d.download.chain_count, 1);
  end(&d);
}

static void too_many_alternates(void **state)
{
  char texts[20][80];
  const char *links[13] = {NULL};
  downloading d;
  unsigned asked = 0;

  (void)state;
  for (unsigned i = 0; i < 12; i++) {
    (void)snprintf(texts[i], sizeof(texts[i]), "Link: <" CLIENT_BASE "/cert/1/%u>;rel=alternate", i);
    links[i] = texts[i];
  }
  begin(&d, true);
  client_rig_expect(&d.rig, "POST", CERT, "");
  scripted_answer(&d.rig.server, 200, links, d.leaf);
  while (d.download.errand.state == SDG_ERRAND_OPEN) {
    char url[80];

    (void)snprintf(url, sizeof(url), CLIENT_BASE "/cert/1/%u", asked++);
    client_rig_expect(&d.rig, "POST", url, "");
    scripted_answer(&d.rig.server, 200, NULL, d.leaf);
  }
  assert_int_equal(asked, 8);
  assert_int_equal(d.download.chain_count, 9);
  end(&d);
}

/* What is no chain is asked for a few times more; what is refused, not. */
static void failures(void **state)
{
  static const char *const bad[] = {"", "<html>", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};
  downloading d;

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    unsigned asked = 0;

    begin(&d, true);
    while (d.download.errand.state == SDG_ERRAND_OPEN) {
      if (asked++ > 0) {
        scripted_sleep(&d.rig.server, SDG_TIME_HOUR);
      }
      client_rig_expect(&d.rig, "POST", CERT, "");
      scripted_answer(&d.rig.server, 200, NULL, bad[i]);
    }
    assert_int_equal(d.download.errand.state, SDG_ERRAND_FAILED);
    assert_in_range(asked, 2, 10);
    end(&d);
  }
  begin(&d, true);
  client_rig_expect(&d.rig, "POST", CERT, "");
  scripted_answer(&d.rig.server, 404, NULL, CLIENT_PROBLEM("malformed"));
  assert_int_equal(d.download.errand.state, SDG_ERRAND_FAILED);
  end(&d);
  begin(&d, true);
  client_rig_expect(&d.rig, "POST", CERT, "");
  scripted_answer(&d.rig.server, 500, NULL, NULL);
  scripted_sleep(&d.rig.server, 2000);
  client_rig_expect(&d.rig, "POST", CERT, "");
  scripted_answer(&d.rig.server, 200, NULL, d.leaf);
  assert_int_equal(d.download.errand.state, SDG_ERRAND_DONE);
  end(&d);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(forms),
                                     cmocka_unit_test(roots),
                                     cmocka_unit_test(alternates),
                                     cmocka_unit_test(other_leaf),
                                     cmocka_unit_test(too_many_alternates),
                                     cmocka_unit_test(failures)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_check.c -- is this the certificate we ordered?  Nothing gets to the program that was not checked here. */
#include "ndc/ndc_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"
#include "base/time.h"
#include "crypto/chain.h"
#include "template/shape.h"
#include "transport/http_message.h"
#include "x509/cert.h"

/* What the checks share. */
typedef struct inspection {
  stardeleg_ndc *ndc;
  const sdg_ndc_expected *expected;
  const sdg_chain *chain;
  const sdg_cert *leaf;
  stardeleg_time now;
  stardeleg_problem *problem;
} inspection;

static sdg_ndc_verdict bad(const inspection *in, const char *detail)
{
  sdg_problem_set(in->problem, STARDELEG_ACME_NONE, "the certificate is not used: %s", detail);
  in->problem->status = 0;
  return SDG_NDC_CERT_BAD;
}

/* notAfter names the last second of validity (RFC 5280 4.1.2.5). */
static stardeleg_time end_of(const sdg_cert *leaf)
{
  return sdg_time_add(leaf->not_after, SDG_TIME_S - 1);
}

static bool is_ordered(const sdg_ndc_expected *expected, stardeleg_bytes name)
{
  for (size_t i = 0; i < expected->name_count; i++) {
    if (sdg_name_equal_dns(name, sdg_bytes_str(expected->names[i]))) {
      return true;
    }
  }
  return false;
}

/* Exactly the ordered names, each of them, and nothing else of any kind. */
static sdg_ndc_verdict check_names(const inspection *in)
{
  char shown[256];
  char detail[320];

  for (size_t i = 0; i < in->leaf->name_count; i++) {
    const sdg_general_name *name = &in->leaf->names[i];

    if (name->kind != SDG_GN_DNS || !is_ordered(in->expected, name->value)) {
      sdg_text_escape(shown, sizeof(shown), name->kind == SDG_GN_DNS ? name->value : sdg_bytes(NULL, 0));
      (void)snprintf(detail, sizeof(detail), "it has a name that was not ordered%s%s", shown[0] != '\0' ? ": " : "",
                     shown);
      return bad(in, detail);
    }
  }
  for (size_t i = 0; i < in->expected->name_count; i++) {
    if (!sdg_cert_has_dns(in->leaf, sdg_bytes_str(in->expected->names[i]))) {
      sdg_text_escape(shown, sizeof(shown), sdg_bytes_str(in->expected->names[i]));
      (void)snprintf(detail, sizeof(detail), "it lacks the ordered name %s", shown);
      return bad(in, detail);
    }
  }
  return SDG_NDC_CERT_NEW;
}

static sdg_ndc_verdict check_key(const inspection *in)
{
  return sdg_bytes_equal(in->leaf->spki, in->expected->spki) ? SDG_NDC_CERT_NEW : bad(in, "its key is not ours");
}

static sdg_ndc_verdict check_time(const inspection *in)
{
  const sdg_cert *leaf = in->leaf;

  if (leaf->not_after < leaf->not_before) {
    return bad(in, "it ends before it begins");
  }
  if (end_of(leaf) <= in->now) {
    return bad(in, "it has expired");
  }
  if (leaf->not_before > in->now) {
    (void)bad(in, "it is not valid yet; is the clock right?");
    return SDG_NDC_CERT_EARLY;
  }
  return SDG_NDC_CERT_NEW;
}

/* One URL serves one certificate after the other; a cache may turn time back (RFC 8739 4.3). */
static sdg_ndc_verdict check_age(const inspection *in)
{
  const sdg_ndc_current *older = in->expected->older;
  char serial[64];

  if (older == NULL) {
    return SDG_NDC_CERT_NEW;
  }
  if (in->leaf->not_before < older->not_before) {
    return SDG_NDC_CERT_STALE;
  }
  sdg_cert_serial_text(serial, sizeof(serial), in->leaf);
  if (in->leaf->not_before == older->not_before && end_of(in->leaf) == older->not_after &&
      strcmp(serial, older->serial) == 0) {
    return SDG_NDC_CERT_SAME;
  }
  return SDG_NDC_CERT_NEW;
}

static sdg_ndc_verdict check_chain(const inspection *in)
{
  char why[128] = "";
  char detail[256];
  stardeleg_err err;

  if (in->ndc->root_count == 0) {
    return SDG_NDC_CERT_NEW;
  }
  err = sdg_chain_verify(in->chain->certs, in->chain->count, in->ndc->roots, in->ndc->root_count, in->now, why,
                         sizeof(why));
  if (err == STARDELEG_OK) {
    return SDG_NDC_CERT_NEW;
  }
  (void)snprintf(detail, sizeof(detail), "its chain leads to no trusted root (%s)",
                 why[0] != '\0' ? why : stardeleg_strerror(err));
  return bad(in, detail);
}

static sdg_ndc_verdict inspect(const inspection *in)
{
  static sdg_ndc_verdict (*const checks[])(const inspection *in) = {check_key, check_names, check_time, check_age,
                                                                    check_chain};

  for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
    sdg_ndc_verdict verdict = checks[i](in);

    if (verdict != SDG_NDC_CERT_NEW) {
      return verdict;
    }
  }
  return SDG_NDC_CERT_NEW;
}

/* --- What is odd but no reason to refuse --- */

/* RFC 8739 3.3: the headers must equal the certificate.  If they do not, the certificate is what is signed. */
static void compare_header(const inspection *in, const sdg_result *result, const char *name, stardeleg_time expected)
{
  stardeleg_bytes value;
  stardeleg_time at;
  char shown[64];

  if (!sdg_http_header(&value, result->response->headers, result->response->header_count, name, NULL)) {
    return;
  }
  if (sdg_time_read_http(&at, value, in->now) != STARDELEG_OK || at != expected) {
    sdg_text_escape(shown, sizeof(shown), value);
    sdg_log(&in->ndc->options.log, STARDELEG_LOG_WARNING, "ndc.certificate.header",
            "%s \"%s\" is not what the certificate says; the certificate counts", name, shown);
  }
}

static void look_for_oddities(const inspection *in, const sdg_result *result)
{
  const sdg_auto_renewal *renewal = in->expected->renewal;

  compare_header(in, result, "Cert-Not-Before", in->leaf->not_before);
  compare_header(in, result, "Cert-Not-After", in->leaf->not_after);
  if (renewal == NULL) {
    return;
  }
  if (in->leaf->not_after > renewal->end_at) {
    sdg_log(&in->ndc->options.log, STARDELEG_LOG_WARNING, "ndc.certificate.long",
            "the certificate ends after the order's end-date (RFC 8739 3.3)");
  }
  /* Adjusted certificates last for up to twice the nominal lifetime (RFC 8739 3.5). */
  if ((in->leaf->not_after - in->leaf->not_before) / (2 * SDG_TIME_S) > renewal->lifetime_s) {
    sdg_log(&in->ndc->options.log, STARDELEG_LOG_WARNING, "ndc.certificate.long",
            "the certificate lasts far longer than the order's lifetime");
  }
}

/* --- Doors --- */

stardeleg_err sdg_ndc_check_certificate(stardeleg_ndc *ndc, const sdg_ndc_expected *expected, const sdg_result *result,
                                        stardeleg_time now, sdg_ndc_verdict *verdict, sdg_ndc_found *found,
                                        stardeleg_problem *problem)
{
  sdg_chain chain;
  sdg_cert *leaf = NULL;
  inspection in = {ndc, expected, &chain, NULL, sdg_ndc_time(ndc, now), problem};
  stardeleg_err err = sdg_chain_parse(&chain, result->response->body);

  memset(found, 0, sizeof(*found));
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    *verdict = bad(&in, "the answer is no PEM certificate chain");
    return STARDELEG_OK;
  }
  leaf = sdg_calloc(1, sizeof(*leaf));
  if (leaf == NULL) {
    sdg_chain_clear(&chain);
    return STARDELEG_ERR_NOMEM;
  }
  if (sdg_cert_parse(leaf, chain.certs[0]) != STARDELEG_OK) {
    *verdict = bad(&in, "the end-entity certificate cannot be read");
  } else {
    in.leaf = leaf;
    *verdict = inspect(&in);
    found->not_before = leaf->not_before;
    found->not_after = end_of(leaf);
    sdg_cert_serial_text(found->serial, sizeof(found->serial), leaf);
    if (*verdict == SDG_NDC_CERT_NEW) {
      look_for_oddities(&in, result);
    }
  }
  sdg_free(leaf);
  sdg_chain_clear(&chain);
  return STARDELEG_OK;
}

/* The end-entity certificate of |pem| on the heap, over |chain|, which is to be cleared after success. */
static stardeleg_err open_leaf(sdg_chain *chain, sdg_cert **out, stardeleg_bytes pem)
{
  stardeleg_err err = sdg_chain_parse(chain, pem);

  if (err != STARDELEG_OK) {
    return err;
  }
  *out = sdg_calloc(1, sizeof(**out));
  err = *out != NULL ? sdg_cert_parse(*out, chain->certs[0]) : STARDELEG_ERR_NOMEM;
  if (err != STARDELEG_OK) {
    sdg_free(*out);
    sdg_chain_clear(chain);
  }
  return err;
}

stardeleg_err sdg_ndc_check_pair(stardeleg_bytes pem, stardeleg_bytes spki)
{
  sdg_chain chain;
  sdg_cert *leaf = NULL;
  stardeleg_err err = open_leaf(&chain, &leaf, pem);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_bytes_equal(leaf->spki, spki) ? STARDELEG_OK : STARDELEG_ERR_BAD_KEY;
  sdg_free(leaf);
  sdg_chain_clear(&chain);
  return err;
}

void sdg_ndc_compare_template(stardeleg_bytes pem, const char *template_text, char *out, size_t size)
{
  stardeleg_template *tmpl = NULL;
  sdg_chain chain;
  sdg_cert *leaf = NULL;

  out[0] = '\0';
  if (template_text[0] == '\0' ||
      stardeleg_template_load(&tmpl, sdg_bytes_str(template_text), NULL, NULL) != STARDELEG_OK) {
    return;
  }
  if (open_leaf(&chain, &leaf, pem) == STARDELEG_OK) {
    sdg_template_compare(tmpl, leaf, out, size);
    sdg_free(leaf);
    sdg_chain_clear(&chain);
  }
  stardeleg_template_free(tmpl);
}

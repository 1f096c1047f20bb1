/* SPDX-License-Identifier: Apache-2.0 */
/* template/match_key.c -- the CSR's key and signature algorithm against keyTypes (RFC 9115 4.1). */
#include "template/template_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static const char *family_name(int family)
{
  switch (family) {
  case STARDELEG_FAMILY_EC:
    return "EC";
  case STARDELEG_FAMILY_RSA:
    return "RSA";
  case STARDELEG_FAMILY_ED:
    return "Ed25519";
  default:
    return "unknown";
  }
}

static void describe_key(char *out, size_t size, const stardeleg_key_info *info)
{
  if (info->family == STARDELEG_FAMILY_EC) {
    (void)snprintf(out, size, "%s", sdg_curve_name(info->bits));
  } else {
    (void)snprintf(out, size, "%s, %u bits", family_name(info->family), info->bits);
  }
}

/* How far the nearest member of keyTypes is met; says the right thing about a key that fits none. */
typedef struct nearness {
  bool family;
  bool key;
  size_t member; /* the first one with the right key */
} nearness;

static bool find_member(const sdg_match *match, nearness *near)
{
  const stardeleg_template *tmpl = match->tmpl;
  const stardeleg_key_info *info = &match->csr->key.info;

  for (size_t i = 0; i < tmpl->key_count; i++) {
    const sdg_key_rule *rule = &tmpl->keys[i];

    near->family = near->family || rule->family == info->family;
    if (rule->family != info->family || rule->bits != info->bits) {
      continue;
    }
    if (match->options->key_only || rule->alg == match->csr->alg) {
      return true;
    }
    if (!near->key) {
      near->key = true;
      near->member = i;
    }
  }
  return false;
}

static void refuse_key(const sdg_match *match, const nearness *near)
{
  const sdg_csr *csr = match->csr;
  sdg_flaw flaw = {.place = "/keyTypes", .rule = "key-type", .acme = STARDELEG_ACME_BAD_CSR};
  char text[80];
  char place[SDG_PLACE_SIZE];

  describe_key(text, sizeof(text), &csr->key.info);
  flaw.value = sdg_bytes_str(text);
  if (near->key) {
    (void)snprintf(place, sizeof(place), "/keyTypes/%zu/SignatureType", near->member);
    flaw.place = place;
    flaw.rule = "signature-type";
    flaw.value = sdg_bytes_str(sdg_signature_type_name(csr->alg));
    sdg_findings_add(match->findings, &flaw, "the CSR is signed with %s, the template wants %s with this key",
                     sdg_signature_type_name(csr->alg), sdg_signature_type_name(match->tmpl->keys[near->member].alg));
  } else if (near->family) {
    flaw.rule = "key-size";
    sdg_findings_add(match->findings, &flaw, "the template lists no key of this size or curve (%s)", text);
  } else {
    sdg_findings_add(match->findings, &flaw, "the template lists no key of this type (%s)", text);
  }
}

/* RFC 8555 11.1: a certificate key must not be an account key. */
static void check_account_keys(const sdg_match *match)
{
  for (size_t i = 0; i < match->options->account_spki_count; i++) {
    if (sdg_bytes_equal(match->options->account_spkis[i], match->csr->spki)) {
      sdg_flaw flaw = {.rule = "account-key", .acme = STARDELEG_ACME_BAD_CSR};

      sdg_findings_add(match->findings, &flaw, "the key in the CSR is an account key");
      return;
    }
  }
}

/* Lists of weak keys and of keys that were used before are the program's (decisions 49 and 51). */
static void ask_policy(const sdg_match *match)
{
  const stardeleg_match_options *options = match->options;

  if (options->key_policy != NULL && options->key_policy(options->key_policy_ctx, match->csr->spki) == 0) {
    sdg_flaw flaw = {.rule = "key-policy", .acme = STARDELEG_ACME_BAD_CSR};

    sdg_findings_add(match->findings, &flaw, "the owner's policy does not allow the key in the CSR");
  }
}

void sdg_match_key(const sdg_match *match)
{
  const sdg_csr *csr = match->csr;
  nearness near = {0};

  check_account_keys(match);
  if (!csr->key_is_known) {
    sdg_flaw flaw = {.place = "/keyTypes", .rule = "key-type", .acme = STARDELEG_ACME_BAD_CSR};
    sdg_shown shown;

    sdg_findings_add(match->findings, &flaw, "the key in the CSR is not acceptable: %s",
                     sdg_show(&shown, sdg_bytes_str(csr->key_fault)));
    return;
  }
  if (csr->alg == STARDELEG_ALG_NONE) {
    sdg_flaw flaw = {.place = "/keyTypes", .rule = "signature-type", .acme = STARDELEG_ACME_BAD_CSR};

    flaw.value = sdg_bytes_str(csr->alg_oid);
    sdg_findings_add(match->findings, &flaw, "the CSR's signature algorithm is unknown, or has parameters of its own");
    return;
  }
  if (!find_member(match, &near)) {
    refuse_key(match, &near);
  }
  ask_policy(match);
}

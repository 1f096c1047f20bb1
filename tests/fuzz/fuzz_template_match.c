/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_template_match.c -- any bytes as a CSR, every signature taken for good: what is accepted is clean. */
#include "fuzz/fuzz.h"

#include <string.h>

#include <stardeleg/template.h>

#include "x509/csr.h"

#define EC "{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\",\"SignatureType\":\"ecdsa-with-SHA256\"}"
#define RSA                                                                                                            \
  "{\"PublicKeyType\":\"rsaEncryption\",\"PublicKeyLength\":2048,\"SignatureType\":\"sha256WithRSAEncryption\"}"

/* The first byte of the input chooses one, the second the options. */
static const char *const templates[] = {
    "{\"keyTypes\":[" RSA "," EC "],\"subject\":{\"country\":\"CA\",\"stateOrProvince\":\"**\",\"locality\":\"**\"},"
    "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"]},\"keyUsage\":[\"digitalSignature\"],"
    "\"extendedKeyUsage\":[\"serverAuth\",\"clientAuth\"]}}",
    "{\"keyTypes\":[" EC "],\"subject\":{\"commonName\":\"*\",\"organization\":\"*\",\"emailAddress\":\"*\"},"
    "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"**\",\"*\",\"abc.ido.example\"]}}}",
    "{\"keyTypes\":[" EC "],\"extensions\":{\"subjectAltName\":{\"DNS\":[\"*\"],\"Email\":[\"a@ido.example\"],"
    "\"URI\":[\"https://ido.example/x\"]}}}",
};
#define TEMPLATE_COUNT (sizeof(templates) / sizeof(templates[0]))

static stardeleg_err import_any(void *self, void **handle, stardeleg_key_info *info, stardeleg_bytes spki)
{
  sdg_spki parts;
  stardeleg_err err = sdg_spki_read(&parts, spki, NULL);

  (void)self;
  if (err == STARDELEG_OK) {
    *info = parts.info;
    *handle = NULL;
  }
  return err;
}

static void free_nothing(void *self, void *handle)
{
  (void)self;
  (void)handle;
}

static stardeleg_err verify_any(void *self, const void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces,
                                size_t n, stardeleg_bytes signature)
{
  (void)self;
  (void)handle;
  (void)alg;
  (void)pieces;
  (void)n;
  (void)signature;
  return STARDELEG_OK;
}

static const stardeleg_crypto_ops ops = {.size = sizeof(ops),
                                         .name = "trusting",
                                         .verify_algs = UINT32_MAX,
                                         .public_import = import_any,
                                         .public_free = free_nothing,
                                         .verify = verify_any};

static int allow_all(void *ctx, const stardeleg_name_choice *choice)
{
  (void)ctx;
  FUZZ_CHECK(choice->name[0] != '\0' && strlen(choice->name) <= 253);
  for (const char *c = choice->name; *c != '\0'; c++) {
    FUZZ_CHECK((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '.' || *c == '*');
  }
  return 1;
}

static void check_accepted(const uint8_t *der, size_t len)
{
  sdg_csr csr = {0};

  FUZZ_CHECK(sdg_csr_parse(&csr, (stardeleg_bytes){der, len}, NULL) == STARDELEG_OK);
  FUZZ_CHECK(csr.attribute_count == 0 && csr.extension_requests == 1);
  FUZZ_CHECK(csr.extension_count >= 1 && csr.extension_count <= 3);
  FUZZ_CHECK(csr.key_is_known && csr.alg != STARDELEG_ALG_NONE);
  for (size_t i = 0; i < csr.subject_count; i++) {
    FUZZ_CHECK(csr.subject[i].rdn_size == 1 && csr.subject[i].value.len > 0);
  }
  sdg_csr_clear(&csr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const stardeleg_identifier identifiers[] = {{"dns", "abc.ido.example"}};
  stardeleg_crypto crypto = {.ops = &ops};
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  stardeleg_match_options options;
  stardeleg_problem problem;
  const char *json;
  stardeleg_err err;

  if (size < 2) {
    return 0;
  }
  json = templates[data[0] % TEMPLATE_COUNT];
  FUZZ_CHECK(stardeleg_template_load(&tmpl, (stardeleg_bytes){(const uint8_t *)json, strlen(json)}, NULL, NULL) ==
             STARDELEG_OK);
  stardeleg_match_options_default(&options);
  options.policy = (data[1] & 1) != 0 ? allow_all : NULL;
  options.key_only = data[1] & 2;
  options.allow_uri_identifiers = data[1] & 4;
  err =
      stardeleg_template_match(tmpl, &crypto, (stardeleg_bytes){data + 2, size - 2},
                               (data[1] & 8) != 0 ? identifiers : NULL, (data[1] & 8) != 0 ? 1 : 0, &options, &report);
  FUZZ_CHECK(err == STARDELEG_OK || err == STARDELEG_ERR_POLICY);
  FUZZ_CHECK(stardeleg_report_is_refusal(report) == (err != STARDELEG_OK));
  if (err == STARDELEG_OK) {
    check_accepted(data + 2, size - 2);
  }
  stardeleg_report_to_problem(report, &problem);
  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
  return 0;
}

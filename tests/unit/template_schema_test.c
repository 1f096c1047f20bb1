/* SPDX-License-Identifier: Apache-2.0 */
/* unit/template_schema_test.c -- the compiled schema of RFC 9115 appendix A: what it takes, and what it says about the
 * rest. */
#include "support/test.h"

#include "support/cddl.h"
#include "template/csr_template_schema.h"

typedef struct vector {
  const char *json;
  const char *found;
} vector;

static void test_findings(void **state)
{
  static const vector vectors[] = {
      {"[]", " | csr-template-schema | an object\n"},
      {"{}",
       " | csr-template-schema | member \"keyTypes\": an array\n | csr-template-schema | member \"extensions\": an "
       "object\n"},
      {"{\"keyTypes\":[{\"PublicKeyType\":\"rsaEncryption\",\"PublicKeyLength\":2048.0,\"SignatureType\":\"x\"},"
       "{\"PublicKeyType\":\"dsa\"}],\"subject\":{},\"extensions\":{\"subjectAltName\":{\"DNS\":[],\"IP\":[]},"
       "\"extendedKeyUsage\":[\"1.02\"]},\"comment\":\"\"}",
       "/keyTypes/0/PublicKeyLength | rsaKeySize | an unsigned integer\n"
       "/keyTypes/0/SignatureType | $rsaSignatureType | \"sha256WithRSAEncryption\", \"sha384WithRSAEncryption\", "
       "\"sha512WithRSAEncryption\", \"sha256WithRSAandMGF1\", \"sha384WithRSAandMGF1\" or \"sha512WithRSAandMGF1\"\n"
       "/keyTypes/1/PublicKeyType | $keyType | \"rsaEncryption\" or \"id-ecPublicKey\"\n"
       "/subject | non-empty<distinguishedName> | at least 1 more member\n"
       "/extensions/extendedKeyUsage/0 | extendedKeyUsageType | \"serverAuth\", \"clientAuth\", \"codeSigning\", "
       "\"emailProtection\", \"timeStamping\", \"OCSPSigning\" or text matching ([0-2])((\\.0)|(\\.[1-9][0-9]*))*\n"
       "/extensions/subjectAltName/DNS | subjectaltname | one more item: text matching "
       "([^*].*)|([*][^*].*)|([*][*].+), \"**\" or "
       "\"*\"\n"
       "/extensions/subjectAltName/IP | subjectaltname | no member \"IP\"\n"
       "/comment | csr-template-schema | no member \"comment\"\n"},
      {"{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"P-256\",\"SignatureType\":\"ecdsa-with-"
       "SHA256\"}],"
       "\"subject\":{\"country\":\"\"},\"extensions\":{\"subjectAltName\":{\"Email\":[\"*\",\"a\\nb\"]}}}",
       "/keyTypes/0/namedCurve | $ecdsaCurve | \"secp256r1\", \"secp384r1\" or \"secp521r1\"\n"
       "/subject/country | regtext-or-wildcard | text matching ([^*].*)|([*][^*].*)|([*][*].+), \"**\" or \"*\"\n"
       "/extensions/subjectAltName/Email/0 | regtext | text matching ([^*].*)|([*][^*].*)|([*][*].+)\n"
       "/extensions/subjectAltName/Email/1 | regtext | text matching ([^*].*)|([*][^*].*)|([*][*].+)\n"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    char *found = NULL;
    assert_err(STARDELEG_ERR_MALFORMED, test_cddl(&sdg_csr_template_schema, NULL, vectors[i].json, NULL, 0, &found));
    assert_string_equal(found, vectors[i].found);
    free(found);
  }
}

/* Errata 7336; the regular expressions of regtext and oid. */
static void test_texts(void **state)
{
  static const struct {
    const char *rule;
    const char *json;
    bool valid;
  } vectors[] = {
      {"regtext", "\"a\"", true},
      {"regtext", "\"***\"", true},
      {"regtext", "\"*.example\"", true},
      {"regtext", "\"** \"", true},
      {"regtext", "\"*\"", false},
      {"regtext", "\"**\"", false},
      {"regtext", "\"\"", false},
      {"regtext", "\"a\\nb\"", false},
      {"regtext", "\"a\\r\"", false},
      {"regtext", "\"\\ud83d\\udd12\"", true},
      {"regtext", "1", false},
      {"wildcard", "\"*\"", true},
      {"wildcard", "\"**\"", true},
      {"wildcard", "\"***\"", false},
      {"regtext-or-wildcard", "\"*\"", true},
      {"oid", "\"1\"", true},
      {"oid", "\"1.3.6.1.5.5.7.3.1\"", true},
      {"oid", "\"2.0.0\"", true},
      {"oid", "\"3.1\"", false},
      {"oid", "\"1.02\"", false},
      {"oid", "\"1x2\"", false},
      {"oid", "\"1.\"", false},
      {"oid", "\"\"", false},
      {"oid", "\"1..2\"", false},
      {"oid", "\"01\"", false},
      {"rsaKeySize", "2048", true},
      {"rsaKeySize", "-2048", false},
      {"rsaKeySize", "2048.0", false},
      {"rsaKeySize", "\"2048\"", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    stardeleg_err err = test_cddl(&sdg_csr_template_schema, vectors[i].rule, vectors[i].json, NULL, 0, NULL);
    if (err != (vectors[i].valid ? STARDELEG_OK : STARDELEG_ERR_MALFORMED)) {
      fail_msg("%s against %s: %s", vectors[i].json, vectors[i].rule, stardeleg_strerror(err));
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_findings),
      cmocka_unit_test(test_texts),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

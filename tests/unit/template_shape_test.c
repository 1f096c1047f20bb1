/* SPDX-License-Identifier: Apache-2.0 */
/* template_shape_test.c -- places for choices, kinds of key, and what a CA made of a template (T-28). */
#include "support/test_pki.h"

#include "base/bytes.h"
#include "template/shape.h"

static const char wide[] =
    "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\","
    "\"SignatureType\":\"ecdsa-with-SHA256\"}],\"subject\":{\"organization\":\"Owner\",\"locality\":\"*\","
    "\"country\":\"**\"},\"extensions\":{\"subjectAltName\":{\"DNS\":[\"a.example\",\"*\"]},"
    "\"keyUsage\":[\"digitalSignature\"],\"extendedKeyUsage\":[\"serverAuth\"]}}";
static const char narrow[] =
    "{\"keyTypes\":[{\"PublicKeyType\":\"rsaEncryption\",\"PublicKeyLength\":2048,"
    "\"SignatureType\":\"sha256WithRSAEncryption\"}],\"extensions\":{\"subjectAltName\":{\"DNS\":[\"a.example\"]}}}";

static stardeleg_template *load(const char *json)
{
  stardeleg_template *tmpl = NULL;

  assert_ok(stardeleg_template_load(&tmpl, sdg_bytes_str(json), NULL, NULL));
  return tmpl;
}

static void test_places(void **state)
{
  static const struct {
    const char *field;
    bool in_wide;
  } cases[] = {{"DNS", true},           {"locality", true}, {"country", true}, {"organization", false},
               {"emailAddress", false}, {"no such", false}, {"", false}};
  stardeleg_template *a = load(wide);
  stardeleg_template *b = load(narrow);

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const stardeleg_choice choice = {cases[i].field, "x"};

    assert_int_equal(sdg_template_has_place(a, &choice), cases[i].in_wide);
    assert_false(sdg_template_has_place(b, &choice));
  }
  stardeleg_template_free(a);
  stardeleg_template_free(b);
}

static void test_keys(void **state)
{
  stardeleg_template *a = load(wide);
  stardeleg_template *b = load(narrow);
  const stardeleg_key_info p256 = {STARDELEG_FAMILY_EC, 256};
  const stardeleg_key_info p384 = {STARDELEG_FAMILY_EC, 384};
  const stardeleg_key_info rsa = {STARDELEG_FAMILY_RSA, 2048};
  const stardeleg_key_info longer = {STARDELEG_FAMILY_RSA, 3072};

  (void)state;
  assert_true(sdg_template_takes_key(a, &p256));
  assert_false(sdg_template_takes_key(a, &p384));
  assert_false(sdg_template_takes_key(a, &rsa));
  assert_true(sdg_template_takes_key(b, &rsa));
  assert_false(sdg_template_takes_key(b, &longer));
  assert_false(sdg_template_takes_key(b, &p256));
  stardeleg_template_free(a);
  stardeleg_template_free(b);
}

static const uint8_t owner[] = {0x30, 0x1d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06,
                                0x13, 0x02, 'D',  'E',  0x31, 0x0e, 0x30, 0x0c, 0x06, 0x03, 0x55,
                                0x04, 0x0a, 0x0c, 0x05, 'O',  'w',  'n',  'e',  'r'};
static const uint8_t other[] = {0x30, 0x10, 0x31, 0x0e, 0x30, 0x0c, 0x06, 0x03, 0x55,
                                0x04, 0x0a, 0x0c, 0x05, 'O',  't',  'h',  'e',  'r'};
static const uint8_t added[] = {0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, 'x'};
static const uint8_t empty[] = {0x30, 0x00};

/* T-28: subject and usages are the CA's to decide; what it changed is told. */
static void test_comparison(void **state)
{
  stardeleg_template *a = load(wide);
  stardeleg_template *b = load(narrow);
  sdg_cert *cert = calloc(1, sizeof(*cert));
  static const uint8_t server[] = {0x2b, 6, 1, 5, 5, 7, 3, 1};
  static const uint8_t client[] = {0x2b, 6, 1, 5, 5, 7, 3, 2};
  char text[256];
  char small[12];

  (void)state;
  assert_non_null(cert);
  cert->subject = sdg_bytes(owner, sizeof(owner));
  cert->has_key_usage = true;
  cert->key_usage = SDG_KU_DIGITAL_SIGNATURE;
  cert->eku[0] = sdg_bytes(server, sizeof(server));
  cert->eku_count = 1;
  sdg_template_compare(a, cert, text, sizeof(text));
  assert_string_equal(text, "");
  cert->subject = sdg_bytes(other, sizeof(other));
  cert->eku[0] = sdg_bytes(client, sizeof(client));
  sdg_template_compare(a, cert, text, sizeof(text));
  assert_string_equal(text, "country is missing, organization is another, extendedKeyUsage is another");
  cert->subject = sdg_bytes(empty, sizeof(empty));
  cert->eku_count = 0;
  cert->has_key_usage = false;
  sdg_template_compare(a, cert, text, sizeof(text));
  assert_string_equal(text, "country is missing, organization is missing, keyUsage is another, "
                            "extendedKeyUsage is another");
  sdg_template_compare(b, cert, text, sizeof(text));
  assert_string_equal(text, "");
  cert->subject = sdg_bytes(added, sizeof(added));
  sdg_template_compare(b, cert, text, sizeof(text));
  assert_string_equal(text, "commonName was added");
  sdg_template_compare(b, cert, small, sizeof(small)); /* cut, never beyond */
  assert_string_equal(small, "commonName ");
  cert->subject = sdg_bytes(added, 3);
  sdg_template_compare(b, cert, text, sizeof(text));
  assert_string_equal(text, "subject cannot be read");
  free(cert);
  stardeleg_template_free(a);
  stardeleg_template_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_keys),
      cmocka_unit_test(test_comparison),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}

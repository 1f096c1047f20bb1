/* SPDX-License-Identifier: Apache-2.0 */
/* support/test_pki.c -- certificates for tests. */
#include "support/test_pki.h"

#include "base/bytes.h"
#include "der/pem.h"
#include "x509/cert.h"

static void put_ca(sdg_buf *out)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  sdg_der_put_bool(out, true);
  sdg_der_put_end(out, mark);
}

static void put_names(sdg_buf *out, const test_leaf *leaf)
{
  sdg_general_name names[64];

  assert_true(leaf->name_count <= 64);
  for (size_t i = 0; i < leaf->name_count; i++) {
    names[i] = (sdg_general_name){SDG_GN_DNS, sdg_bytes_str(leaf->names[i])};
  }
  sdg_x509_put_san(out, names, leaf->name_count);
}

static void build(const test_root *root, const test_leaf *leaf, bool is_ca, sdg_buf *pem)
{
  sdg_buf usage;
  sdg_buf extra;
  sdg_buf der;
  sdg_x509_extension extensions[3];
  sdg_cert_plan plan = {0};
  uint8_t serial[8];
  size_t skip = 0;

  sdg_buf_init(&usage, 64);
  sdg_buf_init(&extra, 65536);
  sdg_buf_init(&der, 65536);
  for (size_t i = 0; i < sizeof(serial); i++) {
    serial[i] = (uint8_t)(leaf->serial >> (56 - 8 * i));
  }
  while (serial[skip] == 0) {
    skip++;
  }
  sdg_x509_put_key_usage(&usage, is_ca ? SDG_KU_KEY_CERT_SIGN | SDG_KU_CRL_SIGN : SDG_KU_DIGITAL_SIGNATURE);
  if (is_ca) {
    put_ca(&extra);
  } else {
    put_names(&extra, leaf);
  }
  extensions[0] = (sdg_x509_extension){sdg_oid_key_usage, true, sdg_buf_bytes(&usage)};
  extensions[1] =
      (sdg_x509_extension){is_ca ? sdg_oid_basic_constraints : sdg_oid_subject_alt_name, true, sdg_buf_bytes(&extra)};
  plan.serial = sdg_bytes(serial + skip, sizeof(serial) - skip);
  plan.issuer = sdg_buf_bytes(&root->name);
  plan.subject = is_ca ? plan.issuer : SDG_BYTES_LITERAL("\x30\x00");
  plan.not_before = leaf->not_before;
  plan.not_after = leaf->not_after;
  plan.spki = leaf->spki;
  plan.extensions = extensions;
  plan.extension_count = !is_ca && leaf->name_count == 0 ? 1 : 2;
  if (leaf->names_issuer_key) {
    extensions[plan.extension_count++] =
        (sdg_x509_extension){sdg_oid_authority_key_id, false, SDG_BYTES_LITERAL("\x30\x06\x80\x04\xca\xfe\xca\xfe")};
  }
  assert_ok(sdg_cert_build(&der, &plan, root->key));
  sdg_pem_write(pem, "CERTIFICATE", sdg_buf_bytes(&der));
  assert_ok(sdg_buf_error(pem));
  sdg_buf_clear(&usage);
  sdg_buf_clear(&extra);
  sdg_buf_clear(&der);
}

void test_root_init(test_root *root, const char *common_name)
{
  sdg_x509_attribute name = {sdg_oid_common_name, SDG_DER_UTF8_STRING, sdg_bytes_str(common_name), 0, 1};
  test_leaf self = {0};

  assert_ok(stardeleg_key_generate(&root->key, test_crypto(), STARDELEG_KEY_P256));
  sdg_buf_init(&root->name, 1024);
  sdg_buf_init(&root->pem, 65536);
  sdg_x509_put_name(&root->name, &name, 1);
  self.spki = stardeleg_key_spki(root->key);
  self.not_before = (stardeleg_time)946684800 * 1000;
  self.not_after = (stardeleg_time)2493072000 * 1000;
  self.serial = 1;
  build(root, &self, true, &root->pem);
}

void test_root_clear(test_root *root)
{
  stardeleg_key_free(root->key);
  sdg_buf_clear(&root->name);
  sdg_buf_clear(&root->pem);
}

void test_root_issue(const test_root *root, const test_leaf *leaf, sdg_buf *pem)
{
  build(root, leaf, false, pem);
}

char *test_pki_leaf_pem(const char *name, stardeleg_time not_before, stardeleg_time not_after)
{
  stardeleg_key *key = NULL;
  test_root root;
  test_leaf leaf = {.names = &name, .name_count = 1, .not_before = not_before, .not_after = not_after, .serial = 77};
  char *text = NULL;
  sdg_buf pem;

  test_root_init(&root, "Any Root");
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  leaf.spki = stardeleg_key_spki(key);
  sdg_buf_init(&pem, 65536);
  test_root_issue(&root, &leaf, &pem);
  assert_ok(sdg_buf_take(&pem, &text, NULL));
  sdg_buf_clear(&pem);
  stardeleg_key_free(key);
  test_root_clear(&root);
  return text;
}

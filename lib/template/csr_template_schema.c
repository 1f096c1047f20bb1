/* SPDX-License-Identifier: Apache-2.0 */
/* template/csr_template_schema.c -- made by sdg_cddl_gen from csr-template.cddl: change that file and run it again. */
#include "template/csr_template_schema.h"

#if SDG_CDDL_LAYOUT != 1u
#error "the tables are of another layout: run sdg_cddl_gen again"
#endif

static const char text[] = {
  0, 'c', 's', 'r', '-', 't', 'e', 'm', 'p', 'l', 'a', 't', 'e', '-', 's', 'c', 'h', 'e', 'm', 'a', 0, 'k', 'e',
  'y', 'T', 'y', 'p', 'e', 's', 0, '$', 'k', 'e', 'y', 'T', 'y', 'p', 'e', 0, 'r', 's', 'a', 'K', 'e', 'y', 'T',
  'y', 'p', 'e', 0, 'P', 'u', 'b', 'l', 'i', 'c', 'K', 'e', 'y', 'T', 'y', 'p', 'e', 0, 'r', 's', 'a', 'E', 'n',
  'c', 'r', 'y', 'p', 't', 'i', 'o', 'n', 0, 'P', 'u', 'b', 'l', 'i', 'c', 'K', 'e', 'y', 'L', 'e', 'n', 'g', 't',
  'h', 0, 'r', 's', 'a', 'K', 'e', 'y', 'S', 'i', 'z', 'e', 0, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', 'T',
  'y', 'p', 'e', 0, '$', 'r', 's', 'a', 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', 'T', 'y', 'p', 'e', 0, 's',
  'h', 'a', '2', '5', '6', 'W', 'i', 't', 'h', 'R', 'S', 'A', 'E', 'n', 'c', 'r', 'y', 'p', 't', 'i', 'o', 'n', 0,
  's', 'h', 'a', '3', '8', '4', 'W', 'i', 't', 'h', 'R', 'S', 'A', 'E', 'n', 'c', 'r', 'y', 'p', 't', 'i', 'o',
  'n', 0, 's', 'h', 'a', '5', '1', '2', 'W', 'i', 't', 'h', 'R', 'S', 'A', 'E', 'n', 'c', 'r', 'y', 'p', 't', 'i',
  'o', 'n', 0, 's', 'h', 'a', '2', '5', '6', 'W', 'i', 't', 'h', 'R', 'S', 'A', 'a', 'n', 'd', 'M', 'G', 'F', '1',
  0, 's', 'h', 'a', '3', '8', '4', 'W', 'i', 't', 'h', 'R', 'S', 'A', 'a', 'n', 'd', 'M', 'G', 'F', '1', 0, 's',
  'h', 'a', '5', '1', '2', 'W', 'i', 't', 'h', 'R', 'S', 'A', 'a', 'n', 'd', 'M', 'G', 'F', '1', 0, 'e', 'c', 'd',
  's', 'a', 'K', 'e', 'y', 'T', 'y', 'p', 'e', 0, 'i', 'd', '-', 'e', 'c', 'P', 'u', 'b', 'l', 'i', 'c', 'K', 'e',
  'y', 0, 'n', 'a', 'm', 'e', 'd', 'C', 'u', 'r', 'v', 'e', 0, '$', 'e', 'c', 'd', 's', 'a', 'C', 'u', 'r', 'v',
  'e', 0, 's', 'e', 'c', 'p', '2', '5', '6', 'r', '1', 0, 's', 'e', 'c', 'p', '3', '8', '4', 'r', '1', 0, 's', 'e',
  'c', 'p', '5', '2', '1', 'r', '1', 0, '$', 'e', 'c', 'd', 's', 'a', 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e',
  'T', 'y', 'p', 'e', 0, 'e', 'c', 'd', 's', 'a', '-', 'w', 'i', 't', 'h', '-', 'S', 'H', 'A', '2', '5', '6', 0,
  'e', 'c', 'd', 's', 'a', '-', 'w', 'i', 't', 'h', '-', 'S', 'H', 'A', '3', '8', '4', 0, 'e', 'c', 'd', 's', 'a',
  '-', 'w', 'i', 't', 'h', '-', 'S', 'H', 'A', '5', '1', '2', 0, 's', 'u', 'b', 'j', 'e', 'c', 't', 0, 'd', 'i',
  's', 't', 'i', 'n', 'g', 'u', 'i', 's', 'h', 'e', 'd', 'N', 'a', 'm', 'e', 0, 'c', 'o', 'u', 'n', 't', 'r', 'y',
  0, 'r', 'e', 'g', 't', 'e', 'x', 't', '-', 'o', 'r', '-', 'w', 'i', 'l', 'd', 'c', 'a', 'r', 'd', 0, 'r', 'e',
  'g', 't', 'e', 'x', 't', 0, '(', '[', '^', '*', ']', '.', '*', ')', '|', '(', '[', '*', ']', '[', '^', '*', ']',
  '.', '*', ')', '|', '(', '[', '*', ']', '[', '*', ']', '.', '+', ')', 0, 'w', 'i', 'l', 'd', 'c', 'a', 'r', 'd',
  0, 'm', 'a', 'n', 'd', 'a', 't', 'o', 'r', 'y', '-', 'w', 'i', 'l', 'd', 'c', 'a', 'r', 'd', 0, '*', '*', 0, 'o',
  'p', 't', 'i', 'o', 'n', 'a', 'l', '-', 'w', 'i', 'l', 'd', 'c', 'a', 'r', 'd', 0, '*', 0, 's', 't', 'a', 't',
  'e', 'O', 'r', 'P', 'r', 'o', 'v', 'i', 'n', 'c', 'e', 0, 'l', 'o', 'c', 'a', 'l', 'i', 't', 'y', 0, 'o', 'r',
  'g', 'a', 'n', 'i', 'z', 'a', 't', 'i', 'o', 'n', 0, 'o', 'r', 'g', 'a', 'n', 'i', 'z', 'a', 't', 'i', 'o', 'n',
  'a', 'l', 'U', 'n', 'i', 't', 0, 'e', 'm', 'a', 'i', 'l', 'A', 'd', 'd', 'r', 'e', 's', 's', 0, 'c', 'o', 'm',
  'm', 'o', 'n', 'N', 'a', 'm', 'e', 0, 'n', 'o', 'n', '-', 'e', 'm', 'p', 't', 'y', '<', 'd', 'i', 's', 't', 'i',
  'n', 'g', 'u', 'i', 's', 'h', 'e', 'd', 'N', 'a', 'm', 'e', '>', 0, 'e', 'x', 't', 'e', 'n', 's', 'i', 'o', 'n',
  's', 0, 'k', 'e', 'y', 'U', 's', 'a', 'g', 'e', 0, 'k', 'e', 'y', 'U', 's', 'a', 'g', 'e', 'T', 'y', 'p', 'e', 0,
  'd', 'i', 'g', 'i', 't', 'a', 'l', 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', 0, 'n', 'o', 'n', 'R', 'e', 'p',
  'u', 'd', 'i', 'a', 't', 'i', 'o', 'n', 0, 'k', 'e', 'y', 'E', 'n', 'c', 'i', 'p', 'h', 'e', 'r', 'm', 'e', 'n',
  't', 0, 'd', 'a', 't', 'a', 'E', 'n', 'c', 'i', 'p', 'h', 'e', 'r', 'm', 'e', 'n', 't', 0, 'k', 'e', 'y', 'A',
  'g', 'r', 'e', 'e', 'm', 'e', 'n', 't', 0, 'k', 'e', 'y', 'C', 'e', 'r', 't', 'S', 'i', 'g', 'n', 0, 'c', 'R',
  'L', 'S', 'i', 'g', 'n', 0, 'e', 'n', 'c', 'i', 'p', 'h', 'e', 'r', 'O', 'n', 'l', 'y', 0, 'd', 'e', 'c', 'i',
  'p', 'h', 'e', 'r', 'O', 'n', 'l', 'y', 0, 'e', 'x', 't', 'e', 'n', 'd', 'e', 'd', 'K', 'e', 'y', 'U', 's', 'a',
  'g', 'e', 0, 'e', 'x', 't', 'e', 'n', 'd', 'e', 'd', 'K', 'e', 'y', 'U', 's', 'a', 'g', 'e', 'T', 'y', 'p', 'e',
  0, 's', 'e', 'r', 'v', 'e', 'r', 'A', 'u', 't', 'h', 0, 'c', 'l', 'i', 'e', 'n', 't', 'A', 'u', 't', 'h', 0, 'c',
  'o', 'd', 'e', 'S', 'i', 'g', 'n', 'i', 'n', 'g', 0, 'e', 'm', 'a', 'i', 'l', 'P', 'r', 'o', 't', 'e', 'c', 't',
  'i', 'o', 'n', 0, 't', 'i', 'm', 'e', 'S', 't', 'a', 'm', 'p', 'i', 'n', 'g', 0, 'O', 'C', 'S', 'P', 'S', 'i',
  'g', 'n', 'i', 'n', 'g', 0, 'o', 'i', 'd', 0, '(', '[', '0', '-', '2', ']', ')', '(', '(', '\\', '.', '0', ')',
  '|', '(', '\\', '.', '[', '1', '-', '9', ']', '[', '0', '-', '9', ']', '*', ')', ')', '*', 0, 's', 'u', 'b', 'j',
  'e', 'c', 't', 'A', 'l', 't', 'N', 'a', 'm', 'e', 0, 's', 'u', 'b', 'j', 'e', 'c', 't', 'a', 'l', 't', 'n', 'a',
  'm', 'e', 0, 'D', 'N', 'S', 0, 'E', 'm', 'a', 'i', 'l', 0, 'U', 'R', 'I', 0, '$', '$', 's', 'u', 'b', 'j', 'e',
  'c', 't', 'a', 'l', 't', 'n', 'a', 'm', 'e', '-', 'e', 'x', 't', 'e', 'n', 's', 'i', 'o', 'n', 0, 'n', 'o', 'n',
  '-', 'e', 'm', 'p', 't', 'y', '<', 's', 'u', 'b', 'j', 'e', 'c', 't', 'a', 'l', 't', 'n', 'a', 'm', 'e', '>', 0,
};

static const sdg_cddl_node nodes[] = {
  {SDG_CDDL_RULE, 0, 0, 1, 139, 0, 0, 0}, /* 0 csr-template-schema */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 21, 0, 0, 0}, /* 1 keyTypes */
  {SDG_CDDL_RULE, 0, 0, 30, 41, 0, 0, 0}, /* 2 $keyType */
  {SDG_CDDL_RULE, 0, 0, 39, 22, 0, 0, 0}, /* 3 rsaKeyType */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 50, 0, 0, 0}, /* 4 PublicKeyType */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 64, 0, 0, 0}, /* 5 rsaEncryption */
  {SDG_CDDL_ENTRY, 1, 0, 0, 1, 1, 4, 5}, /* 6 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 78, 0, 0, 0}, /* 7 PublicKeyLength */
  {SDG_CDDL_RULE, 0, 0, 94, 9, 0, 0, 0}, /* 8 rsaKeySize */
  {SDG_CDDL_UINT, 0, 0, 0, 0, 0, 0, 0}, /* 9 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 1, 1, 7, 8}, /* 10 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 105, 0, 0, 0}, /* 11 SignatureType */
  {SDG_CDDL_RULE, 0, 0, 119, 19, 0, 0, 0}, /* 12 $rsaSignatureType */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 137, 0, 0, 0}, /* 13 sha256WithRSAEncryption */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 161, 0, 0, 0}, /* 14 sha384WithRSAEncryption */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 185, 0, 0, 0}, /* 15 sha512WithRSAEncryption */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 209, 0, 0, 0}, /* 16 sha256WithRSAandMGF1 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 230, 0, 0, 0}, /* 17 sha384WithRSAandMGF1 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 251, 0, 0, 0}, /* 18 sha512WithRSAandMGF1 */
  {SDG_CDDL_SOCKET, 0, 0, 0, 0, 6, 119, 0}, /* 19 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 1, 1, 11, 12}, /* 20 */
  {SDG_CDDL_SEQUENCE, 0, 0, 0, 6, 3, 0, 0}, /* 21 */
  {SDG_CDDL_MAP, 0, 0, 0, 21, 0, 0, 0}, /* 22 */
  {SDG_CDDL_RULE, 0, 0, 272, 40, 0, 0, 0}, /* 23 ecdsaKeyType */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 285, 0, 0, 0}, /* 24 id-ecPublicKey */
  {SDG_CDDL_ENTRY, 1, 0, 0, 1, 1, 4, 24}, /* 25 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 300, 0, 0, 0}, /* 26 namedCurve */
  {SDG_CDDL_RULE, 0, 0, 311, 31, 0, 0, 0}, /* 27 $ecdsaCurve */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 323, 0, 0, 0}, /* 28 secp256r1 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 333, 0, 0, 0}, /* 29 secp384r1 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 343, 0, 0, 0}, /* 30 secp521r1 */
  {SDG_CDDL_SOCKET, 0, 0, 0, 9, 3, 311, 0}, /* 31 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 1, 1, 26, 27}, /* 32 */
  {SDG_CDDL_RULE, 0, 0, 353, 37, 0, 0, 0}, /* 33 $ecdsaSignatureType */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 373, 0, 0, 0}, /* 34 ecdsa-with-SHA256 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 391, 0, 0, 0}, /* 35 ecdsa-with-SHA384 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 409, 0, 0, 0}, /* 36 ecdsa-with-SHA512 */
  {SDG_CDDL_SOCKET, 0, 0, 0, 12, 3, 353, 0}, /* 37 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 1, 1, 11, 33}, /* 38 */
  {SDG_CDDL_SEQUENCE, 0, 0, 0, 15, 3, 0, 0}, /* 39 */
  {SDG_CDDL_MAP, 0, 0, 0, 39, 0, 0, 0}, /* 40 */
  {SDG_CDDL_SOCKET, 0, 0, 0, 18, 2, 30, 0}, /* 41 */
  {SDG_CDDL_ENTRY, 0, 0, 0, 1, SDG_CDDL_NONE, SDG_CDDL_NONE, 2}, /* 42 */
  {SDG_CDDL_ARRAY, 0, 0, 0, 42, 0, 0, 0}, /* 43 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 1, 1, 1, 43}, /* 44 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 427, 0, 0, 0}, /* 45 subject */
  {SDG_CDDL_RULE, 0, 0, 435, 74, 0, 0, 0}, /* 46 distinguishedName */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 453, 0, 0, 0}, /* 47 country */
  {SDG_CDDL_RULE, 0, 0, 461, 59, 0, 0, 0}, /* 48 regtext-or-wildcard */
  {SDG_CDDL_RULE, 0, 0, 481, 52, 0, 0, 0}, /* 49 regtext */
  {SDG_CDDL_TEXT, 0, 0, 0, 0, 0, 0, 0}, /* 50 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 489, 0, 0, 0}, /* 51 */
  {SDG_CDDL_REGEXP, 0, 0, 0, 50, 0, 489, 0}, /* 52 */
  {SDG_CDDL_RULE, 0, 0, 521, 58, 0, 0, 0}, /* 53 wildcard */
  {SDG_CDDL_RULE, 0, 0, 530, 55, 0, 0, 0}, /* 54 mandatory-wildcard */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 549, 0, 0, 0}, /* 55 */
  {SDG_CDDL_RULE, 0, 0, 552, 57, 0, 0, 0}, /* 56 optional-wildcard */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 570, 0, 0, 0}, /* 57 */
  {SDG_CDDL_CHOICE, 0, 0, 0, 20, 2, 0, 0}, /* 58 */
  {SDG_CDDL_CHOICE, 0, 0, 0, 22, 2, 0, 0}, /* 59 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 47, 48}, /* 60 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 572, 0, 0, 0}, /* 61 stateOrProvince */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 61, 48}, /* 62 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 588, 0, 0, 0}, /* 63 locality */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 63, 48}, /* 64 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 597, 0, 0, 0}, /* 65 organization */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 65, 48}, /* 66 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 610, 0, 0, 0}, /* 67 organizationalUnit */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 67, 48}, /* 68 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 629, 0, 0, 0}, /* 69 emailAddress */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 69, 48}, /* 70 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 642, 0, 0, 0}, /* 71 commonName */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 71, 48}, /* 72 */
  {SDG_CDDL_SEQUENCE, 0, 0, 0, 24, 7, 0, 0}, /* 73 */
  {SDG_CDDL_MAP, 0, 0, 0, 73, 0, 0, 0}, /* 74 */
  {SDG_CDDL_RULE, 0, 0, 653, 79, 0, 0, 0}, /* 75 non-empty<distinguishedName> */
  {SDG_CDDL_ANY, 0, 0, 0, 0, 0, 0, 0}, /* 76 */
  {SDG_CDDL_ENTRY, 0, 0, 0, 1, SDG_CDDL_NONE, 76, 76}, /* 77 */
  {SDG_CDDL_MAP, 0, 0, 0, 77, 0, 0, 0}, /* 78 */
  {SDG_CDDL_AND, 0, 0, 0, 46, 78, 0, 0}, /* 79 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 45, 75}, /* 80 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 682, 0, 0, 0}, /* 81 extensions */
  {SDG_CDDL_RULE, 0, 0, 682, 136, 0, 0, 0}, /* 82 extensions */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 693, 0, 0, 0}, /* 83 keyUsage */
  {SDG_CDDL_RULE, 0, 0, 702, 94, 0, 0, 0}, /* 84 keyUsageType */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 715, 0, 0, 0}, /* 85 digitalSignature */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 732, 0, 0, 0}, /* 86 nonRepudiation */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 747, 0, 0, 0}, /* 87 keyEncipherment */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 763, 0, 0, 0}, /* 88 dataEncipherment */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 780, 0, 0, 0}, /* 89 keyAgreement */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 793, 0, 0, 0}, /* 90 keyCertSign */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 805, 0, 0, 0}, /* 91 cRLSign */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 813, 0, 0, 0}, /* 92 encipherOnly */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 826, 0, 0, 0}, /* 93 decipherOnly */
  {SDG_CDDL_CHOICE, 0, 0, 0, 31, 9, 0, 0}, /* 94 */
  {SDG_CDDL_ENTRY, 0, 0, 0, 1, SDG_CDDL_NONE, SDG_CDDL_NONE, 84}, /* 95 */
  {SDG_CDDL_ARRAY, 0, 0, 0, 95, 0, 0, 0}, /* 96 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 83, 96}, /* 97 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 839, 0, 0, 0}, /* 98 extendedKeyUsage */
  {SDG_CDDL_RULE, 0, 0, 856, 109, 0, 0, 0}, /* 99 extendedKeyUsageType */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 877, 0, 0, 0}, /* 100 serverAuth */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 888, 0, 0, 0}, /* 101 clientAuth */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 899, 0, 0, 0}, /* 102 codeSigning */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 911, 0, 0, 0}, /* 103 emailProtection */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 927, 0, 0, 0}, /* 104 timeStamping */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 940, 0, 0, 0}, /* 105 OCSPSigning */
  {SDG_CDDL_RULE, 0, 0, 952, 108, 0, 0, 0}, /* 106 oid */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 956, 0, 0, 0}, /* 107 */
  {SDG_CDDL_REGEXP, 0, 0, 0, 50, 1, 956, 0}, /* 108 */
  {SDG_CDDL_CHOICE, 0, 0, 0, 40, 7, 0, 0}, /* 109 */
  {SDG_CDDL_ENTRY, 0, 0, 0, 1, SDG_CDDL_NONE, SDG_CDDL_NONE, 99}, /* 110 */
  {SDG_CDDL_ARRAY, 0, 0, 0, 110, 0, 0, 0}, /* 111 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 98, 111}, /* 112 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 988, 0, 0, 0}, /* 113 subjectAltName */
  {SDG_CDDL_RULE, 0, 0, 1003, 131, 0, 0, 0}, /* 114 subjectaltname */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 1018, 0, 0, 0}, /* 115 DNS */
  {SDG_CDDL_ENTRY, 0, 0, 0, 1, SDG_CDDL_NONE, SDG_CDDL_NONE, 48}, /* 116 */
  {SDG_CDDL_ARRAY, 0, 0, 0, 116, 0, 0, 0}, /* 117 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 115, 117}, /* 118 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 1022, 0, 0, 0}, /* 119 Email */
  {SDG_CDDL_ENTRY, 0, 0, 0, 1, SDG_CDDL_NONE, SDG_CDDL_NONE, 49}, /* 120 */
  {SDG_CDDL_ARRAY, 0, 0, 0, 120, 0, 0, 0}, /* 121 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 119, 121}, /* 122 */
  {SDG_CDDL_LITERAL_TEXT, 0, 0, 0, 1028, 0, 0, 0}, /* 123 URI */
  {SDG_CDDL_ENTRY, 0, 0, 0, 1, SDG_CDDL_NONE, SDG_CDDL_NONE, 49}, /* 124 */
  {SDG_CDDL_ARRAY, 0, 0, 0, 124, 0, 0, 0}, /* 125 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 0, 1, 123, 125}, /* 126 */
  {SDG_CDDL_RULE, 0, 1, 1032, 128, 0, 0, 0}, /* 127 $$subjectaltname-extension */
  {SDG_CDDL_GROUP_SOCKET, 0, 0, 0, 0, 0, 1032, 0}, /* 128 */
  {SDG_CDDL_REPEAT, 0, 0, 0, 0, SDG_CDDL_NONE, 0, 127}, /* 129 */
  {SDG_CDDL_SEQUENCE, 0, 0, 0, 47, 4, 0, 0}, /* 130 */
  {SDG_CDDL_MAP, 0, 0, 0, 130, 0, 0, 0}, /* 131 */
  {SDG_CDDL_RULE, 0, 0, 1059, 133, 0, 0, 0}, /* 132 non-empty<subjectaltname> */
  {SDG_CDDL_AND, 0, 0, 0, 114, 78, 0, 0}, /* 133 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 1, 1, 113, 132}, /* 134 */
  {SDG_CDDL_SEQUENCE, 0, 0, 0, 51, 3, 0, 0}, /* 135 */
  {SDG_CDDL_MAP, 0, 0, 0, 135, 0, 0, 0}, /* 136 */
  {SDG_CDDL_ENTRY, 1, 0, 0, 1, 1, 81, 82}, /* 137 */
  {SDG_CDDL_SEQUENCE, 0, 0, 0, 54, 3, 0, 0}, /* 138 */
  {SDG_CDDL_MAP, 0, 0, 0, 138, 0, 0, 0}, /* 139 */
};

static const uint32_t lists[] = {
  13, 14, 15, 16, 17, 18, 6, 10, 20, 28, 29, 30, 34, 35, 36, 25, 32, 38, 3, 23, 54, 56, 49, 53, 60, 62, 64, 66, 68,
  70, 72, 85, 86, 87, 88, 89, 90, 91, 92, 93, 100, 101, 102, 103, 104, 105, 106, 118, 122, 126, 129, 97, 112, 134,
  44, 80, 137,
};

static const uint8_t classes_0[256] = {
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5,
  5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6,
  6, 6, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 9, 9, 9,
  9, 9, 9, 9, 9, 9, 9, 9, 9, 10, 9, 9, 11, 12, 12, 12, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

static const uint16_t next_0[] = {
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 28, 42, 0, 0, 0, 56, 70, 84, 98, 112, 126, 140, 0, 28, 0, 28, 0,
  0, 0, 56, 70, 84, 98, 112, 126, 140, 0, 28, 28, 154, 0, 0, 0, 56, 70, 84, 98, 112, 126, 140, 0, 0, 0, 0, 28, 28,
  28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 56, 56, 56, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 56, 56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 84, 84, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 84, 84, 84,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 84, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0, 28, 0, 0, 0, 56, 70, 84, 98, 112, 126,
  140,
};

static const uint8_t accepts_0[] = {
  0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

static const uint8_t classes_1[256] = {
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 3, 3, 4, 4, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

static const uint16_t next_1[] = {
  0, 0, 0, 0, 0, 0, 0, 10, 10, 0, 0, 15, 0, 0, 0, 0, 0, 10, 20, 20, 0, 15, 20, 20, 20,
};

static const uint8_t accepts_1[] = {
  0, 0, 1, 0, 1,
};

static const sdg_cddl_dfa dfas[] = {
  {classes_0, next_0, accepts_0, 14, 12, 14},
  {classes_1, next_1, accepts_1, 5, 5, 5},
};

static const sdg_cddl_rule rules[] = {
  {1, 0},
  {530, 54},
  {552, 56},
  {521, 53},
  {481, 49},
  {461, 48},
  {435, 46},
  {30, 2},
  {39, 3},
  {94, 8},
  {119, 12},
  {272, 23},
  {311, 27},
  {353, 33},
  {1003, 114},
  {682, 82},
  {702, 84},
  {856, 99},
  {952, 106},
  {1032, 127},
};

const sdg_cddl_schema sdg_csr_template_schema = {
  .layout = 1u,
  .text = text,
  .nodes = nodes,
  .lists = lists,
  .dfas = dfas,
  .rules = rules,
  .node_count = 140,
  .list_count = 57,
  .dfa_count = 2,
  .rule_count = 20,
};

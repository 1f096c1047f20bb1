#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the key files of this folder anew.  They protect nothing.  Needs the openssl program (3.0) and perl.
set -eu
cd "$(dirname "$0")"
ec() { openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1" -out "$2"; }
rsa() {
  openssl genpkey -algorithm "$1" -pkeyopt "rsa_keygen_bits:$2" -pkeyopt "rsa_keygen_pubexp:$3" -out "$4" 2>/dev/null
}

ec P-256 ec_pkcs8.pem
openssl pkey -in ec_pkcs8.pem -outform DER -out ec_pkcs8.der
openssl ec -in ec_pkcs8.pem -out ec_sec1.pem 2>/dev/null
openssl ec -in ec_pkcs8.pem -outform DER -out ec_sec1.der 2>/dev/null
{ openssl ecparam -name prime256v1; cat ec_sec1.pem; } > ec_sec1_params.pem
openssl ec -in ec_pkcs8.pem -conv_form compressed -out ec_compressed.pem 2>/dev/null
perl -pe 's/\n/\r\n/' < ec_pkcs8.pem > ec_crlf.pem
openssl req -x509 -new -key ec_pkcs8.pem -subj /CN=test -days 1 -out certificate.tmp
cat certificate.tmp ec_pkcs8.pem > ec_with_certificate.pem
rm certificate.tmp
openssl pkey -in ec_pkcs8.pem -pubout -out public.pem
openssl pkcs8 -topk8 -in ec_pkcs8.pem -passout pass:secret -out encrypted.pem
# the scalar of one key with the point of another
ec P-256 other.tmp
openssl pkey -in other.tmp -outform DER -out other.tmp.der
perl -0777 -e 'open A, "ec_pkcs8.der"; open B, "other.tmp.der"; $a = <A>; $b = <B>;
  print substr($a, 0, -65), substr($b, -65)' \
  > ec_other_half.der
rm other.tmp other.tmp.der
rsa RSA 2048 65537 rsa_pkcs8.pem
openssl rsa -traditional -in rsa_pkcs8.pem -out rsa_pkcs1.pem 2>/dev/null
openssl rsa -traditional -in rsa_pkcs8.pem -outform DER -out rsa_pkcs1.der 2>/dev/null
rsa RSA 1024 65537 rsa1024.pem
rsa RSA 2048 3 rsa_e3.pem
rsa RSA-PSS 2048 65537 rsa_pss.pem
ec secp256k1 secp256k1.pem
openssl genpkey -algorithm X25519 -out x25519.pem

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the certificates of this folder anew, with keys that are thrown away.  Needs the openssl program (3.0).
# Dates lie in 2040, outside any run's own: whoever looks at the machine's clock fails the tests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
touch index.txt
echo 1000 > serial

cat > ca.cnf <<'CNF'
[ca]
default_ca = any
[any]
database = index.txt
serial = serial
new_certs_dir = .
unique_subject = no
policy = anything
default_md = sha256
copy_extensions = none
[anything]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca_any]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ca_pathlen0]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign
[ca_false]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyCertSign
[ca_nothing]
subjectKeyIdentifier = hash
[ca_no_cert_sign]
basicConstraints = critical,CA:TRUE
keyUsage = critical,cRLSign,digitalSignature
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:www.example.org
[leaf_critical]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:www.example.org
1.3.6.1.4.1.99999.1 = critical,ASN1:UTF8String:unknown
[ca_name_constraints]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
nameConstraints = critical,permitted;DNS:example.com
CNF

ca_from=20390101000000Z
ca_to=20600101000000Z # from 2050 on GeneralizedTime
from=20400101000000Z
to=20400107235959Z

key() { # name type
  case $2 in
  rsa*) openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" -out "$1.key" 2>/dev/null ||
        openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" -out "$1.key" 2>/dev/null ;;
  ed25519) openssl genpkey -algorithm ED25519 -out "$1.key" ;;
  *) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1.key" ;;
  esac
}

issue() { # file, subject, key type, issuer file ("" for itself), extensions, from, to, [more options of openssl ca]
  file=$1 subject=$2 type=$3 issuer=$4 extensions=$5 start=$6 end=$7
  shift 7
  [ -f "$file.key" ] || key "$file" "$type"
  openssl req -new -config ca.cnf -key "$file.key" -subj "/CN=$subject" -out "$file.csr"
  if [ -z "$issuer" ]; then
    set -- -selfsign -keyfile "$file.key" "$@"
  else
    set -- -cert "$issuer.pem" -keyfile "$issuer.key" "$@"
  fi
  openssl ca -batch -notext -config ca.cnf -extensions "$extensions" -startdate "$start" -enddate "$end" \
    -in "$file.csr" -out "$file.pem" "$@" 2> log || { cat log; exit 1; }
  openssl x509 -in "$file.pem" -outform DER -out "$file.der"
}

issue root "Test Root" P-256 "" root $ca_from $ca_to
issue root_rsa "Test Root RSA" rsa2048 "" root $ca_from $ca_to
issue root_p384 "Test Root P-384" P-384 "" root $ca_from $ca_to
issue root_p521 "Test Root P-521" P-521 "" root $ca_from $ca_to
issue root_twin "Test Root" P-256 "" root $ca_from $ca_to           # same name, another key
cp root.key root_expired.key
issue root_expired "Test Root" P-256 "" root $ca_from 20391231235959Z # same name, same key, too old
issue root_today "Test Root" P-256 "" root 20200101000000Z 20391231235959Z # another key; valid by a machine's clock
issue root_ed "Test Root Ed25519" ed25519 "" root $ca_from $ca_to

issue inter "Test Intermediate" P-256 root ca_any $ca_from $ca_to
issue inter_rsa "Test Intermediate RSA" rsa2048 root_rsa ca_any $ca_from $ca_to
issue inter_pss "Test Intermediate PSS" rsa2048 root_rsa ca_any $ca_from $ca_to -sigopt rsa_padding_mode:pss \
  -sigopt rsa_pss_saltlen:32
issue inter_p384 "Test Intermediate P-384" P-384 root_p384 ca_any $ca_from $ca_to -md sha384
issue inter_p521 "Test Intermediate P-521" P-521 root_p521 ca_any $ca_from $ca_to -md sha512
issue inter_pathlen0 "Test Pathlen 0" P-256 root ca_pathlen0 $ca_from $ca_to
issue inter_below "Test Below Pathlen 0" P-256 inter_pathlen0 ca_any $ca_from $ca_to
issue inter_ca_false "Test CA False" P-256 root ca_false $ca_from $ca_to
issue inter_nothing "Test CA Nothing" P-256 root ca_nothing $ca_from $ca_to
issue inter_no_cert_sign "Test No keyCertSign" P-256 root ca_no_cert_sign $ca_from $ca_to
issue inter_expired "Test Expired" P-256 root ca_any $ca_from 20391231235959Z
issue inter_sha1 "Test SHA-1" P-256 root ca_any $ca_from $ca_to -md sha1
issue inter_rsa1024 "Test RSA 1024" rsa1024 root_rsa ca_any $ca_from $ca_to
issue inter_k1 "Test secp256k1" secp256k1 root ca_any $ca_from $ca_to
issue inter_constrained "Test Constrained" P-256 root ca_name_constraints $ca_from $ca_to
cp inter.key inter_twin.key
issue inter_twin "Test Intermediate" P-256 root_twin ca_any $ca_from $ca_to # cross-signed by a stranger

issue leaf "leaf" P-256 inter leaf $from $to
issue leaf_root "leaf" P-256 root leaf $from $to
issue leaf_pathlen0 "leaf" P-256 inter_pathlen0 leaf $from $to
issue leaf_below "leaf" P-256 inter_below leaf $from $to
for kind in rsa pss p384 p521 ca_false nothing no_cert_sign expired sha1 rsa1024 k1 constrained; do
  issue "leaf_$kind" "leaf" P-256 "inter_$kind" leaf $from $to
done
issue leaf_sha1_itself "leaf" P-256 inter leaf $from $to -md sha1
issue leaf_critical "leaf" P-256 inter leaf_critical $from $to
issue leaf_rsa_key "leaf" rsa2048 inter leaf $from $to
issue leaf_rsa1024_key "leaf" rsa1024 inter leaf $from $to
issue leaf_ed_key "leaf" ed25519 inter leaf $from $to
issue leaf_self "leaf" P-256 "" leaf $from $to
issue leaf_under_leaf "leaf 2" P-256 leaf leaf $from $to

previous=root
for n in 1 2 3 4 5 6 7 8 9; do # a long path
  issue "long_$n" "Test Long $n" P-256 "$previous" ca_any $ca_from $ca_to
  previous=long_$n
done
issue leaf_long8 "leaf" P-256 long_8 leaf $from $to
issue leaf_long9 "leaf" P-256 long_9 leaf $from $to

rm -f "$here"/*.der
cp ./*.der "$here"/

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAM VECTORS -- commands, exit codes and both kinds of output of csr-template.
set -u
program=$1
vectors=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

# want CODE TEXT ARGUMENT...: the program ends with CODE, and TEXT is in what it writes.
want()
{
  code=$1
  text=$2
  shift 2
  "$program" "$@" >"$dir/out" 2>&1
  got=$?
  if [ "$got" -ne "$code" ] || { [ -n "$text" ] && ! grep -qF -- "$text" "$dir/out"; }; then
    echo "FAILED ($got, wanted $code and \"$text\"): $*"
    cat "$dir/out"
    failed=1
  fi
}

figure10=$vectors/GOOD_figure10.json
want 0 "usage:" --help
want 2 "a command is missing"
want 2 "no such command" dance "$figure10"
want 2 "--help" check --dance "$figure10"
want 2 "exactly one TEMPLATE" check
want 2 "match wants" match "$figure10"
want 2 "either --key or --new-key" build "$figure10"
want 2 "FIELD=VALUE" build --key x --choose locality "$figure10"
want 2 "TYPE:NAME" match --identifier name "$figure10" x
want 2 "No such file" check "$dir/none.json"
want 2 "only one of the files" match - -
want 2 "only one of the files" build --key - -
want 2 "no such backend" match --crypto rot13 "$figure10" "$vectors/csr/figure10_p256.der"

want 0 "accepted" check "$figure10"
want 0 '"accepted":true,"findings":[]' check --json "$figure10"
odd=$dir/$(printf 'n\377\355\240\200\303\251.json')
cp "$figure10" "$odd"
want 0 "$(printf 'n\\ufffd\\ufffd\\ufffd\\ufffd\303\251.json","accepted":true')" check --json "$odd"
want 0 "warning: /extensions/keyUsage" check "$vectors/GOOD_ku_encipher_only_warns.json"
want 1 "/extensions/keyUsage/1" check "$vectors/FAIL_ku_twice.json"
want 1 '"rule":"usage-repeated"' check --json "$vectors/FAIL_ku_twice.json"
want 1 "wildcards are not allowed here" check "$vectors/FAIL_email_wildcard.json"
want 1 "usage-ca" check "$vectors/FAIL_ku_key_cert_sign.json"
want 0 "accepted" check --allow-ca-usages "$vectors/FAIL_ku_key_cert_sign.json"
want 0 'The subject'"'"'s country must be "CA".' explain "$figure10"
want 0 '{"explanation":"The key must be' explain --json "$figure10"
want 1 "REFUSED" explain "$vectors/FAIL_dns_ulabel.json"

want 1 "stateOrProvince: missing" build --key "$vectors/keys/p256.pem" --choose locality=Laval "$figure10"
want 1 '"place":"stateOrProvince"' build --json --key "$vectors/keys/p256.pem" --choose locality=Laval "$figure10"
want 1 "fits no member" build --key "$vectors/keys/p384.pem" --choose locality=Laval --choose stateOrProvince=Quebec \
  "$figure10"
# A refused request leaves a key that is there already alone.
echo precious >"$dir/old.pem"
want 1 "stateOrProvince: missing" build --new-key "$dir/old.pem" --choose locality=Laval "$figure10"
[ "$(cat "$dir/old.pem")" = precious ] || { echo "FAILED: the old key is gone"; failed=1; }
want 1 "stateOrProvince: missing" build --new-key "$dir/new.pem" --choose locality=Laval "$figure10"
[ ! -e "$dir/new.pem" ] || { echo "FAILED: a key for no request"; failed=1; }
want 2 "none.pem" build --key "$dir/none.pem" "$figure10"
for form in "" --der; do
  want 0 "" build $form --new-key "$dir/key.pem" --out "$dir/csr" --choose locality=Laval \
    --choose stateOrProvince=Quebec "$figure10"
  want 0 "accepted" match --identifier dns:abc.ido.example "$figure10" "$dir/csr"
done
[ "$(ls -l "$dir/key.pem" | cut -c1-10)" = "-rw-------" ] || { echo "FAILED: mode of the key"; failed=1; }
"$program" build --key "$vectors/keys/p256.pem" --choose DNS=a.ido.example "$vectors/GOOD_dns_mandatory.json" \
  >"$dir/a.pem" || failed=1
want 1 "there is no policy" match "$vectors/GOOD_dns_mandatory.json" "$dir/a.pem"
want 0 "accepted" match --allow ido.example "$vectors/GOOD_dns_mandatory.json" "$dir/a.pem"
want 0 "accepted" match --allow IDO.example "$vectors/GOOD_dns_mandatory.json" "$dir/a.pem"
want 1 "policy does not allow" match --allow do.example "$vectors/GOOD_dns_mandatory.json" "$dir/a.pem"
want 1 "policy does not allow" match --allow ido.example "$vectors/GOOD_dns_mandatory.json" \
  "$vectors/csr/dns_wildcard.der"
want 0 "accepted" match --allow ido.example --allow-wildcards "$vectors/GOOD_dns_mandatory.json" \
  "$vectors/csr/dns_wildcard.der"
want 1 '"status":403,"type":"urn:ietf:params:acme:error:rejectedIdentifier"' match --json "$figure10" \
  "$vectors/csr/figure10_san_xyz.der"
want 1 "signature-type" match "$figure10" "$vectors/csr/key_rsa2048_sha512.der"
want 0 "accepted" match --key-only "$figure10" "$vectors/csr/key_rsa2048_sha512.der"
want 1 "identifier-uri" match --identifier uri:https://ido.example/x "$vectors/GOOD_uri_only.json" \
  "$vectors/csr/uri_only.der"
want 0 "accepted" match --uri-identifiers --identifier uri:https://ido.example/x "$vectors/GOOD_uri_only.json" \
  "$vectors/csr/uri_only.der"

# The extension TNAuthList: the worked example of <stardeleg/template_extension.h>.
stir()
{
  printf '%s%s%s' '{"keyTypes":[{"PublicKeyType":"id-ecPublicKey","namedCurve":"secp256r1",
    "SignatureType":"ecdsa-with-SHA256"}],"extensions":{"TNAuthList":' "$1" ',
    "subjectAltName":{"URI":["https://sp1.example/"]}}}' >"$dir/stir.json"
}
stir '["spc:709J","one:12155551212","range:12155551000+100"]'
want 1 "/extensions/TNAuthList" check "$dir/stir.json"
want 0 "accepted" check --stir "$dir/stir.json"
want 0 "TNAuthList must have exactly" explain --stir "$dir/stir.json"
want 0 "" build --stir --key "$vectors/keys/p256.pem" --out "$dir/stir.pem" "$dir/stir.json"
want 0 "accepted" match --stir "$dir/stir.json" "$dir/stir.pem"
want 0 "accepted" match --stir --uri-identifiers --identifier uri:https://sp1.example/ \
  --identifier TNAuthList:MCugBhYENzA5SqINFgsxMjE1NTU1MTIxMqESMBAWCzEyMTU1NTUxMDAwAgFk "$dir/stir.json" "$dir/stir.pem"
want 1 "identifier-extension" match --stir --uri-identifiers --identifier uri:https://sp1.example/ \
  --identifier TNAuthList:MCugBhYENzA5SqINFgsxMjE1NTU1MTIxMqESMBAWCzEyMTU1NTUxMDAwAgFl "$dir/stir.json" "$dir/stir.pem"
want 1 "the template has fixed values" build --stir --key "$vectors/keys/p256.pem" --choose TNAuthList=one:1 \
  "$dir/stir.json"
stir '["spc:709J","one:12155551212","range:12155551000+101"]'
want 1 "not the numbers" match --stir "$dir/stir.json" "$dir/stir.pem"
stir '["range:12155551000+1"]'
want 1 "/extensions/TNAuthList/0: TNAuthList: a range" check --stir "$dir/stir.json"
for bad in '[]' '["one:"]' '["one:123x"]' '["12"]' '[1]' '"one:1"' '["one:1234567890123456"]'; do
  stir "$bad"
  want 1 "/extensions/TNAuthList" check --stir "$dir/stir.json"
done
stir '["one:1","one:2","one:3","one:4","one:5","one:6","one:7","one:8","one:9","one:10","one:11","one:12","one:13",
  "one:14","one:15","one:16","one:17","one:18","range:128+128","range:1+999999999","spc:A"]'
want 0 "" build --stir --key "$vectors/keys/p256.pem" --out "$dir/stir.pem" "$dir/stir.json"
want 0 "accepted" match --stir "$dir/stir.json" "$dir/stir.pem"

echo "-----BEGIN X-----" >"$dir/broken.pem"
want 1 "csr-malformed" match "$figure10" "$dir/broken.pem"
"$program" match "$figure10" - <"$vectors/csr/figure10_p256.der" >/dev/null ||
  { echo "FAILED: standard input"; failed=1; }
exit $failed

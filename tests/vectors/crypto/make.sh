#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes rsa_signatures.txt anew: signatures over "sample" by a key that is thrown away, right ones and forged ones.
# Needs the openssl program (3.0) and perl.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
out=rsa_signatures.txt
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem 2>/dev/null
printf sample > message

hex() { perl -0777 -ne 'print unpack("H*", $_)'; }
unhex() { perl -0777 -ne 's/\s//g; print pack("H*", $_)'; }
line() { echo "$1 $2 $3 $(hex)" >> $out; } # verdict, name, algorithm
sign() { openssl dgst "-sha$1" -sign key.pem -out sig message; }
pss() { # hash, MGF1 hash, salt length
  openssl dgst "-sha$1" -sigopt rsa_padding_mode:pss -sigopt "rsa_mgf1_md:sha$2" -sigopt "rsa_pss_saltlen:$3" \
    -sign key.pem -out sig message
}
repeat() { perl -e 'print $ARGV[0] x $ARGV[1]' "$1" "$2"; }
forge() { # name, whole encoded message in hex: 256 bytes (raw decryption is raw signing)
  printf %s "$2" | unhex > em
  openssl pkeyutl -decrypt -inkey key.pem -pkeyopt rsa_padding_mode:none -in em -out sig
  line bad "$1" RS256 < sig
}
fill() { # what follows the separator, in hex: 00 01 FF... 00 T
  t=$1
  printf '0001%s00%s' "$(repeat ff $((253 - ${#t} / 2)))" "$t"
}

{
  echo "# Made by make.sh.  verdict, name, algorithm, signature of \"sample\"; first the key's SubjectPublicKeyInfo."
} > $out
openssl pkey -in key.pem -pubout -outform DER | line key spki -
for bits in 256 384 512; do
  sign $bits && line good "pkcs1_$bits" "RS$bits" < sig
  pss $bits $bits $((bits / 8)) && line good "pss_$bits" "PS$bits" < sig
done
# an algorithm is more than its hash
sign 384 && line bad pkcs1_other_hash RS256 < sig
sign 256 && line bad pkcs1_as_pss PS256 < sig
pss 256 256 32 && line bad pss_as_pkcs1 RS256 < sig
pss 384 384 48 && line bad pss_other_hash PS256 < sig
pss 256 512 32 && line bad pss_other_mgf1 PS256 < sig
# RFC 7518 3.5: "the size of the salt value is the same size as the hash function output"
for salt in 0 20 31 33 64 222; do
  pss 256 256 $salt && line bad "pss_salt_$salt" PS256 < sig
done
pss 512 512 32 && line bad pss_512_salt_32 PS512 < sig
# RFC 8017 9.2, bent
h=$(openssl dgst -sha256 -binary message | hex)
info=3031300d060960864801650304020105000420
forge no_null "$(fill "302f300b06096086480165030402010420$h")"
forge trailing_garbage_inside "$(printf '0001%s00%s%s%s' "$(repeat ff 8)" "$info" "$h" "$(repeat 5a 194)")"
forge short_padding_garbage_in_parameters "$(printf '0001%s00%s' "$(repeat ff 8)" \
  "3081f23081cd06096086480165030402010581bf$(repeat 5a 191)0420$h$(repeat 00 1)" | cut -c1-512)"
forge sha512_info "$(fill "3031300d060960864801650304020305000420$h")"
forge sha1_info "$(fill "3021300906052b0e03021a05000414$(printf %s "$h" | cut -c1-40)")"
forge long_form_length "$(fill "308131300d060960864801650304020105000420$h")"
forge hash_alone "$(fill "$h")"
forge hash_short "$(fill "3030300d06096086480165030402010500041f$(printf %s "$h" | cut -c1-62)")"
forge other_hash_value "$(fill "$info$(repeat 00 32)")"
forge block_type_2 "$(fill "$info$h" | sed 's/^0001/0002/')"
forge block_type_0 "$(fill "$info$h" | sed 's/^0001/0000/')"
forge first_octet "$(fill "$info$h" | sed 's/^0001ff/0101ff/')"
forge padding_not_ff "$(fill "$info$h" | sed 's/^0001ffffffff/0001ffff7fff/')"
forge no_separator "$(fill "$info$h" | sed 's/ff00303130/ffff303130/')"
cp $out "$here"/

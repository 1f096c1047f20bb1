#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# uacme-hook.sh METHOD TYPE IDENTIFIER TOKEN AUTH -- answers http-01 with files in $CHALLENGES, or, if there is
# $UALPN_SOCKET, tls-alpn-01 through the ualpn behind it.
if [ -n "$UALPN_SOCKET" ]; then
  [ "$2" = tls-alpn-01 ] || exit 1
  case $1 in
    begin) answer=$(echo "auth $3 $5" | ualpn -s "$UALPN_SOCKET") ;;
    *) answer=$(echo "unauth $3" | ualpn -s "$UALPN_SOCKET") ;;
  esac
  [ "$answer" = OK ]
  exit
fi
[ "$2" = http-01 ] || exit 1
case $1 in
  begin) printf %s "$5" >"$CHALLENGES/$4" ;;
  *) rm -f "$CHALLENGES/$4" ;;
esac

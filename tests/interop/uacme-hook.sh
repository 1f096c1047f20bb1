#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# uacme-hook.sh METHOD TYPE IDENTIFIER TOKEN AUTH -- answers http-01 with files in $CHALLENGES.
[ "$2" = http-01 ] || exit 1
case $1 in
  begin) printf %s "$5" >"$CHALLENGES/$4" ;;
  *) rm -f "$CHALLENGES/$4" ;;
esac

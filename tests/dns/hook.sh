#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A hook that writes down what it was given: arguments and variables, one a line, into $HOOK_RECORD.
{
  for word in "$@"; do
    printf 'arg=%s\n' "$word"
  done
  env | grep -E '^(STARDELEG_|CERTBOT_)' | sort
  for fd in "/proc/$$/fd"/*; do
    [ "$(readlink "$fd")" = /dev/zero ] && echo leaked=/dev/zero
  done
  echo end
} >>"$HOOK_RECORD"
case ${HOOK_MODE:-} in
  fail) printf 'no\033[31m way\n' >&2; exit 3 ;;
  again) [ -e "$HOOK_RECORD.again" ] || { : >"$HOOK_RECORD.again"; exit 75; } ;;
  hang) sleep 60 & echo $! >"$HOOK_RECORD.child"; wait ;;
  noisy)
    i=0
    while [ $i -lt 3000 ]; do
      echo "line $i of very many lines that nobody wants to read"
      i=$((i + 1))
    done
    ;;
  say) echo "created record 17" ;;
  read) cat >>"$HOOK_RECORD" ;;
esac
exit 0

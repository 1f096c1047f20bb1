#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# acme-sh.sh PLUGIN add|rm NAME VALUE -- calls a DNS plug-in of acme.sh (dnsapi/dns_xx.sh), for "style": "acme.sh".
#
# The plug-ins are shell functions and expect acme.sh around them: ACME_SH says where its script is (default:
# ~/.acme.sh/acme.sh).  Credentials are environment variables, as each plug-in documents them.  Needs bash or another
# shell that acme.sh runs in.
set -u
[ $# -eq 4 ] || { echo "usage: acme-sh.sh PLUGIN add|rm NAME VALUE" >&2; exit 2; }
plugin=$1 action=$2 name=$3 value=$4
case $action in
  add | rm) ;;
  *) echo "what is $action?" >&2; exit 2 ;;
esac
main=${ACME_SH:-$HOME/.acme.sh/acme.sh}
function=$(basename "$plugin" .sh)
case $function in
  *[!A-Za-z0-9_]* | '') echo "$plugin: its name is no name of a function" >&2; exit 2 ;;
esac
[ -r "$plugin" ] || { echo "$plugin: cannot be read" >&2; exit 2; }
# acme.sh does nothing but define its functions when it is read without arguments.
set --
if [ -r "$main" ]; then
  # shellcheck disable=SC1090
  . "$main" >/dev/null || exit 1
  command -v _initpath >/dev/null && _initpath >/dev/null
fi
# shellcheck disable=SC1090
. "$plugin" || exit 1
"${function}_$action" "$name" "$value"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dns-hook.sh ... -- answers dns-01 by $DNS_HOOK present|cleanup NAME VALUE, however the client says it.
case $1 in
  certbot-auth) set -- present "_acme-challenge.$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION" ;;
  certbot-cleanup) set -- cleanup "_acme-challenge.$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION" ;;
  present | cleanup) set -- "$1" "${2%.}" "$3" ;;                    # lego's exec
  deploy_challenge) set -- present "_acme-challenge.$2" "$4" ;;      # dehydrated
  clean_challenge) set -- cleanup "_acme-challenge.$2" "$4" ;;
  begin)                                                             # uacme
    [ "$2" = dns-01 ] || exit 1
    set -- present "_acme-challenge.$3" "$5"
    ;;
  done | failed) set -- cleanup "_acme-challenge.$3" "$5" ;;
  *) exit 0 ;;                                                       # what else dehydrated tells
esac
exec "$DNS_HOOK" "$@"

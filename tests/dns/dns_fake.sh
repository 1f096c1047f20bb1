# SPDX-License-Identifier: Apache-2.0
# A plug-in as those of acme.sh are: functions that are called with a name and a text.
dns_fake_add()
{
  printf 'add %s %s\n' "$1" "$2" >>"$HOOK_RECORD"
}

dns_fake_rm()
{
  printf 'rm %s %s\n' "$1" "$2" >>"$HOOK_RECORD"
}

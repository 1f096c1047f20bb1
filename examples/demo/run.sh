#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing (Debian 12, root or sudo), builds, and runs the demonstration.  Arguments go to demo.py:
# --chaos, --crypto mbedtls ...
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

packages=(gcc cmake ninja-build pkg-config libmbedtls-dev libcjson-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev
  libmicrohttpd-dev python3)
missing=()
for package in "${packages[@]}"; do
  if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
    missing+=("$package")
  fi
done
if [ "${#missing[@]}" -gt 0 ]; then
  echo "installing: ${missing[*]}"
  sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -q
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

build=$root/build-demo
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSTARDELEG_TESTS=OFF >"$build.log" 2>&1 ||
  { cat "$build.log"; exit 1; }
cmake --build "$build" -j "${JOBS:-2}" >>"$build.log" 2>&1 || { tail -n 50 "$build.log"; exit 1; }
exec python3 "$root/examples/demo/demo.py" --bin "$build" "$@"

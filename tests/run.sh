#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh -- installs what is missing (Debian), builds three ways, runs every test.
#
# The last line is "N passed, N failed[, N skipped]"; the exit status is 0 only if nothing failed.
#   JOBS=n            how many jobs at once (default: all processors)
#   STARDELEG_APT=0   install nothing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
jobs=${JOBS:-$(nproc)}
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 CTEST_OUTPUT_ON_FAILURE=1

# The library and its programs; the tests; what checks the checkers; other people's servers and clients.
packages=(gcc g++ clang libclang-rt-14-dev cmake ninja-build pkg-config binutils
          libmbedtls-dev libcjson-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev libmicrohttpd-dev libgnutls28-dev
          libunbound-dev
          libcmocka-dev libxml2-dev openssl python3 python3-cryptography curl doxygen ca-certificates
          pebble caddy nginx-light haproxy knot bind9 bind9-dnsutils knot-dnsutils
          certbot lego uacme dehydrated acme-tiny python3-acme)

as_root()
{
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

is_installed()
{
  dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

install_missing()
{
  local missing=() package
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  echo "== installing: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 --no-install-recommends install \
    "${missing[@]}"
}

# build NAME OPTION...: configures and builds build-NAME.
build()
{
  local name=$1
  shift
  echo "== build-$name: configure and build"
  cmake -S "$root" -B "build-$name" -G Ninja -DSTARDELEG_WERROR=ON "${launcher[@]}" "$@" >"build-$name.log" 2>&1 &&
    cmake --build "build-$name" -j "$jobs" -- -k 0 >>"build-$name.log" 2>&1
}

# run NAME OPTION...: runs the tests of build-NAME; what they said is left in build-NAME/tests.xml.
run()
{
  local name=$1
  shift
  echo "== build-$name: test"
  rm -f "build-$name/tests.xml"
  (cd "build-$name" &&
    "${under[@]}" ctest -j "$jobs" --output-junit "$root/build-$name/tests.xml" --test-output-size-passed 10000000 \
      --test-output-size-failed 10000000 "$@") || true
  reports+=("build-$name/tests.xml")
}

# Sets |under|, the prefix under which sanitized programs run, and ASAN_OPTIONS, by what a small program can do here:
# clang 14 does not cope with the address randomisation of new kernels, and containers may forbid looking for leaks.
prepare_sanitizers()
{
  local probe
  export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
  export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
  if [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ] && setarch -R true 2>/dev/null; then
    under=(setarch -R)
  fi
  probe=$(mktemp)
  if echo 'int main(void) { return 0; }' | clang -x c -fsanitize=address - -o "$probe" && ! "${under[@]}" "$probe"; then
    echo "== leaks cannot be looked for here"
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
  fi
  rm -f "$probe"
}

# test_build NAME STATUS CTEST-OPTION...: tells of a build that failed (STATUS not 0), which counts as one failed case,
# and runs the tests; each test that is missing because of it counts as one, too.
test_build()
{
  local name=$1 status=$2
  shift 2
  if [ "$status" -ne 0 ]; then
    grep -E 'error|warning|CMake Error|FAILED' -A6 "build-$name.log" | head -200 || true
    echo "build-$name does not build: see build-$name.log"
    broken=$((broken + 1))
  fi
  if [ -e "build-$name/CTestTestfile.cmake" ]; then
    run "$name" "$@"
  fi
}

launcher=()
under=()
reports=()
broken=0
if command -v dpkg-query >/dev/null && [ "${STARDELEG_APT:-1}" != 0 ]; then
  install_missing || echo "== not everything could be installed"
fi
if command -v ccache >/dev/null; then
  launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
fi

# As it is used; the rules of the house (tests/house) are tests of this one.
status=0
build gcc -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo || status=$?

# The others are built while its tests run, many of which wait most of the time.
#   clang: everything that finds mistakes while running.
#   core: what needs neither OpenSSL nor SQLite nor libcurl.
prepare_sanitizers
(
  renice -n 10 -p "$BASHPID" >/dev/null
  clang_status=0
  core_status=0
  build clang -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 -DSTARDELEG_SANITIZE=ON ||
    clang_status=$?
  build core -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug -DSTARDELEG_OPENSSL=OFF -DSTARDELEG_SQLITE=OFF \
    -DSTARDELEG_CURL=OFF -DSTARDELEG_EXAMPLES=OFF || core_status=$?
  echo "$clang_status $core_status" >build-others.status
) &
others=$!
sanitized=("${under[@]}")
under=()
test_build gcc "$status"
wait "$others" || true
read -r clang_status core_status <build-others.status || true
rm -f build-others.status

# Without what compares opinions and runs Python most of the time.
under=("${sanitized[@]}")
test_build clang "${clang_status:-1}" \
  --exclude-regex '^(cddl_interpreter_.*|cddl_ajv|cddl_regex_oracle|template_vectors_are_rebuilt)$'
under=()
units=$(cd tests/unit && printf '%s\n' *_test.c | sed 's/\.c$//' | paste -sd '|')
test_build core "${core_status:-1}" --tests-regex "^($units)(\\.|\$)"

exec python3 tests/house/count.py --broken "$broken" "${reports[@]}"

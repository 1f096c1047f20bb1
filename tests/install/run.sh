#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD CC GENERATOR -- installs BUILD into an empty prefix, moves the prefix, and builds a program with what is
# there.
set -u
build=$1
cc=$2
generator=$3
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
number=0
failed=0

# try TITLE COMMAND...: one TAP line.
try()
{
  title=$1
  shift
  number=$((number + 1))
  if "$@" >"$dir/out" 2>&1; then
    echo "ok $number - $title"
  else
    echo "not ok $number - $title"
    sed 's/^/# /' "$dir/out" | tail -30
    failed=1
  fi
}

install_moved()
{
  cmake --install "$build" --prefix "$dir/first" && mv "$dir/first" "$dir/prefix"
}

# The shared libraries that programs link are found by name and major version.
has_sonames()
{
  for library in "$libdir"/libstardeleg*.so; do
    name=$(basename "$library")
    readelf -dW "$library" | grep -q "SONAME.*\[$name\.[0-9]*\]" && [ -e "$libdir/$name" ] || return 1
  done
}

# configure FOLDER PARTS OPTION...
configure()
{
  rm -rf "${dir:?}/$1"
  cmake -S "$here/consumer" -B "$dir/$1" -G "$generator" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$dir/prefix" \
    -DPARTS="$2" ${3:+"$3"}
}

by_cmake()
{
  configure by-cmake "$(echo "$parts" | tr ' ' ';')" "$@" && cmake --build "$dir/by-cmake" &&
    mkdir -p -m 700 "$dir/state" && "$dir/by-cmake/consumer" "$dir/state"
}

refuses_unknown()
{
  ! configure unknown "files;telepathy" 2>"$dir/refusal" && grep -q telepathy "$dir/refusal"
}

by_pkg_config()
{
  packages=stardeleg
  defines=
  for part in $parts; do
    packages="$packages stardeleg-$part"
    defines="$defines -DWITH_$(echo "$part" | tr '[:lower:]' '[:upper:]')"
  done
  # Word splitting is what is wanted here.
  # shellcheck disable=SC2046,SC2086
  $cc $defines "$here/consumer/consumer.c" -o "$dir/by-pkg-config" \
    $(PKG_CONFIG_PATH="$libdir/pkgconfig" pkg-config --cflags --libs $packages) -Wl,-rpath,"$libdir" &&
    mkdir -p -m 700 "$dir/state" && "$dir/by-pkg-config" "$dir/state"
}

headers_fit()
{
  for header in "$dir/prefix/include/stardeleg"/*.h; do
    echo "#include <stardeleg/$(basename "$header")>"
  done | $cc -x c -fsyntax-only -I"$dir/prefix/include" -
}

try "installs" install_moved
libdir=$(dirname "$(find "$dir/prefix" -name 'libstardeleg.so' | head -1)")
parts=$(cd "$libdir/pkgconfig" && ls stardeleg-*.pc | sed 's/stardeleg-\(.*\)\.pc/\1/' | tr '\n' ' ' | sed 's/ $//')
try "libraries have a SONAME" has_sonames
try "installed headers compile" headers_fit
try "a program finds it by CMake" by_cmake
try "a program finds the archives by CMake" by_cmake -DARCHIVES=ON
try "a component that is not there is refused" refuses_unknown
try "a program finds it by pkg-config" by_pkg_config
echo "1..$number"
exit $failed

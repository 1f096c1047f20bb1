# SPDX-License-Identifier: Apache-2.0
# Warnings and sanitizers, the same for every target of the project.
add_library(sdg_flags INTERFACE)
target_compile_options(sdg_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2 -fno-strict-aliasing
  -fstack-protector-strong)
target_compile_definitions(sdg_flags INTERFACE _POSIX_C_SOURCE=200809L)
if(STARDELEG_WERROR)
  target_compile_options(sdg_flags INTERFACE -Werror)
endif()
if(STARDELEG_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(STARDELEG_FUZZERS)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "STARDELEG_FUZZERS needs clang (libFuzzer)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

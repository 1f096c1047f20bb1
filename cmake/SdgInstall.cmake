# SPDX-License-Identifier: Apache-2.0
# Installation: headers, libraries, CMake package, pkg-config files.
include(CMakePackageConfigHelpers)
install(DIRECTORY include/stardeleg DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# SPDX-License-Identifier: Apache-2.0
# Installation: headers, libraries, the CMake package "stardeleg" and pkg-config files.
#
#   find_package(stardeleg 0.1 REQUIRED COMPONENTS curl openssl)   target_link_libraries(x PRIVATE stardeleg::curl ...)
#   pkg-config --libs stardeleg-curl stardeleg-openssl
#
# The archives are targets too (stardeleg::stardeleg_static, stardeleg::curl_static ...), with the component "static".
include(CMakePackageConfigHelpers)

# sdg_pc_dirs(): sets pc_prefix, pc_libdir, pc_includedir; relative to the file, so that the tree may be moved.
function(sdg_pc_dirs)
  set(prefix "${CMAKE_INSTALL_PREFIX}")
  if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    file(RELATIVE_PATH up "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(prefix "\${pcfiledir}/${up}")
  endif()
  foreach(dir LIBDIR INCLUDEDIR)
    string(TOLOWER ${dir} name)
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
      set(pc_${name} "${CMAKE_INSTALL_${dir}}" PARENT_SCOPE)
    else()
      set(pc_${name} "\${prefix}/${CMAKE_INSTALL_${dir}}" PARENT_SCOPE)
    endif()
  endforeach()
  set(pc_prefix "${prefix}" PARENT_SCOPE)
endfunction()

# sdg_install_pc(<name> <library> <sentence> REQUIRES ... PRIVATE ... LIBS ...): one pkg-config file.
function(sdg_install_pc name library sentence)
  cmake_parse_arguments(PC "" "" "REQUIRES;PRIVATE;LIBS" ${ARGN})
  sdg_pc_dirs()
  set(pc_name ${name})
  set(pc_library ${library})
  set(pc_description "${sentence}")
  string(REPLACE ";" ", " pc_requires "${PC_REQUIRES}")
  string(REPLACE ";" ", " pc_requires_private "${PC_PRIVATE}")
  string(REPLACE ";" " " pc_libs_private "${PC_LIBS}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/stardeleg.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
          COMPONENT development)
endfunction()

# sdg_install_library(<target stem> <exported name>): both kinds, in export sets of their own.
function(sdg_install_library stem name)
  foreach(kind shared static)
    string(REPLACE "_shared" "" exported "${name}_${kind}")
    set_target_properties(${stem}_${kind} PROPERTIES EXPORT_NAME ${exported})
    install(TARGETS ${stem}_${kind} EXPORT stardeleg-${kind}
            LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT development
            ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
  endforeach()
endfunction()

set(SDG_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/stardeleg")
set(SDG_COMPONENTS files exec)
set(sdg_left_out)
set(sdg_header_openssl crypto_openssl.h)
set(sdg_header_sqlite store_sqlite.h)
set(sdg_header_curl curl.h)
set(sdg_header_unbound dns_unbound.h)
foreach(adapter openssl sqlite curl unbound)
  string(TOUPPER ${adapter} upper)
  if(STARDELEG_HAVE_${upper})
    list(APPEND SDG_COMPONENTS ${adapter})
  else()
    list(APPEND sdg_left_out PATTERN ${sdg_header_${adapter}} EXCLUDE)
  endif()
endforeach()

install(DIRECTORY include/stardeleg DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development
        FILES_MATCHING PATTERN "*.h" ${sdg_left_out})
sdg_install_library(stardeleg stardeleg)
sdg_install_pc(stardeleg stardeleg "${PROJECT_DESCRIPTION}" PRIVATE "libcjson" LIBS -lmbedx509 -lmbedcrypto -pthread)
foreach(component IN LISTS SDG_COMPONENTS)
  sdg_install_library(stardeleg_${component} ${component})
endforeach()
sdg_install_pc(stardeleg-files stardeleg_files "Secrets in files, for libstardeleg" REQUIRES stardeleg)
sdg_install_pc(stardeleg-exec stardeleg_exec "Changes of DNS zones by programs, for libstardeleg" REQUIRES stardeleg)
if(STARDELEG_HAVE_OPENSSL)
  sdg_install_pc(stardeleg-openssl stardeleg_openssl "The OpenSSL provider of libstardeleg" REQUIRES stardeleg
                 PRIVATE "libcrypto >= 3.0")
endif()
if(STARDELEG_HAVE_SQLITE)
  sdg_install_pc(stardeleg-sqlite stardeleg_sqlite "The SQLite store of libstardeleg" REQUIRES stardeleg
                 PRIVATE "sqlite3 >= 3.37" LIBS -pthread)
endif()
if(STARDELEG_HAVE_CURL)
  sdg_install_pc(stardeleg-curl stardeleg_curl "The libcurl driver of libstardeleg" REQUIRES stardeleg
                 PRIVATE "libcurl >= 7.85" LIBS -pthread)
endif()
if(STARDELEG_HAVE_UNBOUND)
  sdg_install_pc(stardeleg-unbound stardeleg_unbound "The libunbound resolver of libstardeleg" REQUIRES stardeleg
                 LIBS -lunbound -pthread) # not by its pkg-config file: that needs libevent's, which Debian leaves out
endif()

foreach(kind shared static)
  install(EXPORT stardeleg-${kind} NAMESPACE stardeleg:: FILE stardeleg-${kind}.cmake
          DESTINATION "${SDG_PACKAGE_DIR}" COMPONENT development)
endforeach()
configure_package_config_file(cmake/stardeleg-config.cmake.in "${PROJECT_BINARY_DIR}/stardeleg-config.cmake"
                              INSTALL_DESTINATION "${SDG_PACKAGE_DIR}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/stardeleg-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/stardeleg-config.cmake" "${PROJECT_BINARY_DIR}/stardeleg-config-version.cmake"
        DESTINATION "${SDG_PACKAGE_DIR}" COMPONENT development)

# SPDX-License-Identifier: Apache-2.0
# The floors of the house.  A module is one folder under lib/ and one object library.  It sees its own headers, the
# public headers and those of the modules it names: a folder of links in the build tree is its only include path, so an
# include that goes sideways or up does not compile.

set(SDG_SEE_DIR "${CMAKE_BINARY_DIR}/see")

# sdg_see(<name> <module>...): makes the include folder <name> that shows exactly the given modules.
function(sdg_see name)
  set(dir "${SDG_SEE_DIR}/${name}")
  file(REMOVE_RECURSE "${dir}")
  file(MAKE_DIRECTORY "${dir}")
  foreach(module IN LISTS ARGN)
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/lib/${module}" "${dir}/${module}" SYMBOLIC)
  endforeach()
endfunction()

# sdg_module(<name> [FOLDER <folder>] [SEES <module>...] [LINK <target>...]): the object library sdg_<name> of all .c
# files of lib/<folder>.
function(sdg_module name)
  cmake_parse_arguments(M "" "FOLDER" "SEES;LINK" ${ARGN})
  if(NOT M_FOLDER)
    set(M_FOLDER ${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/${M_FOLDER}/*.c")
  if(NOT sources)
    set(sources "${PROJECT_SOURCE_DIR}/cmake/empty.c")
  endif()
  sdg_see(${name} ${name} ${M_SEES})
  add_library(sdg_${name} OBJECT ${sources})
  target_include_directories(sdg_${name} PRIVATE "${SDG_SEE_DIR}/${name}" "${PROJECT_SOURCE_DIR}/include")
  target_link_libraries(sdg_${name} PRIVATE sdg_flags ${M_LINK})
  target_compile_definitions(sdg_${name} PRIVATE STARDELEG_BUILDING)
  set_property(GLOBAL APPEND PROPERTY SDG_CORE_MODULES ${name})
  set_property(GLOBAL PROPERTY SDG_SEES_${name} ${M_SEES})
endfunction()

# sdg_adapter(<name> <folder> <target>...): a library of its own that sees public headers only.
function(sdg_adapter name folder)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/${folder}/*.c")
  if(NOT sources)
    set(sources "${PROJECT_SOURCE_DIR}/cmake/empty.c")
  endif()
  foreach(kind SHARED STATIC)
    string(TOLOWER ${kind} suffix)
    set(target stardeleg_${name}_${suffix})
    add_library(${target} ${kind} ${sources})
    target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                               $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:sdg_flags> PUBLIC stardeleg_${suffix})
    target_link_libraries(${target} PRIVATE ${ARGN})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME stardeleg_${name} VERSION ${PROJECT_VERSION}
                          SOVERSION ${PROJECT_VERSION_MAJOR})
    set_property(GLOBAL APPEND PROPERTY SDG_LIBRARIES ${target})
  endforeach()
endfunction()

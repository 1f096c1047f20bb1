# SPDX-License-Identifier: Apache-2.0
# Compiles lib/template's schema into the build tree and compares the result with the committed files.
execute_process(COMMAND "${GEN}" sdg_csr_template_schema "${FOLDER}/csr-template.cddl" "${OUT}/csr_template_schema.c"
                        "${OUT}/csr_template_schema.h" template/csr_template_schema.h RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the schema does not compile")
endif()
foreach(file csr_template_schema.c csr_template_schema.h)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${OUT}/${file}" "${FOLDER}/${file}"
                  RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "lib/template/${file} is not what the compiler makes of csr-template.cddl: build the target "
                        "regenerate_schemas")
  endif()
endforeach()

# leash_test(NAME SOURCE... [LIBRARIES TARGET...] [ARGUMENTS ARG...] [TIMEOUT SECONDS])
#
# One cmocka executable, linked with every layer of the analyzer and registered in ctest as NAME.
# It runs in the source tree, so that it can open fixtures by their path in the repository, and
# finds the tool as $LEASH.
#
# leash_test_setup(NAME... [TIMEOUT SECONDS]) gives the same surroundings to tests that were
# registered by add_test().
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
if(NOT CMOCKA_FOUND)
  message(WARNING "cmocka is not installed (libcmocka-dev): its tests are left out")
endif()

function(leash_test_setup)
  cmake_parse_arguments(PARSE_ARGV 0 test "" "TIMEOUT" "")
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 60)
  endif()
  set_tests_properties(${test_UNPARSED_ARGUMENTS} PROPERTIES TIMEOUT ${test_TIMEOUT}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    ENVIRONMENT "LEASH=${PROJECT_BINARY_DIR}/leash;ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1;UBSAN_OPTIONS=print_stacktrace=1")
endfunction()

function(leash_test name)
  if(NOT CMOCKA_FOUND)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 test "" "TIMEOUT" "LIBRARIES;ARGUMENTS")
  add_executable(${name} ${test_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE leash_flags ${test_LIBRARIES} PkgConfig::CMOCKA)
  if(TARGET leash_all)
    target_link_libraries(${name} PRIVATE leash_all)
  endif()
  add_test(NAME ${name} COMMAND ${name} ${test_ARGUMENTS})
  leash_test_setup(${name} TIMEOUT ${test_TIMEOUT})
endfunction()

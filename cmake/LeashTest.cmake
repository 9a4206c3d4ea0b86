# leash_test(NAME SOURCE... [LIBRARIES TARGET...] [ARGUMENTS ARG...] [TIMEOUT SECONDS])
#
# One cmocka executable, linked with every layer of the analyzer and registered in ctest as NAME.
# It runs in the source tree, so that it can open fixtures by their path in the repository, and
# finds the tool as $LEASH.
#
# leash_runtime_test(NAME SOURCE... [PLAIN] [NO_VALGRIND] [LIBRARIES TARGET...] [ARGUMENTS ARG...]
#                    [VALGRIND_ARGUMENTS ARG...] [TIMEOUT SECONDS])
#
# One executable on libleash, with cmocka unless PLAIN, registered with the label "runtime".  In the
# full builds valgrind_NAME runs it once more, where valgrind is installed.
#
# leash_test_setup(NAME... [TIMEOUT SECONDS]) gives the same surroundings to tests that were
# registered by add_test().
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
if(NOT CMOCKA_FOUND AND NOT CMAKE_CROSSCOMPILING)
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
  target_link_libraries(${name} PRIVATE leash_all ${test_LIBRARIES} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name} ${test_ARGUMENTS})
  leash_test_setup(${name} TIMEOUT ${test_TIMEOUT})
endfunction()

# What runs a program under valgrind; empty where that cannot be, or is left to the full builds.
set(leash_valgrind "")
if(NOT LEASH_SANITIZE AND NOT LEASH_RUNTIME_ONLY)
  find_program(VALGRIND valgrind)
  mark_as_advanced(VALGRIND)
  if(VALGRIND)
    set(leash_valgrind ${VALGRIND} --quiet --error-exitcode=99 --leak-check=full
      --errors-for-leak-kinds=definite,possible --fair-sched=yes
      --suppressions=${PROJECT_SOURCE_DIR}/tests/runtime/valgrind.supp)
  endif()
endif()

function(leash_runtime_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "PLAIN;NO_VALGRIND" "TIMEOUT"
    "LIBRARIES;ARGUMENTS;VALGRIND_ARGUMENTS")
  if(NOT test_PLAIN)
    if(NOT CMOCKA_FOUND)
      return()
    endif()
    list(APPEND test_LIBRARIES PkgConfig::CMOCKA)
  endif()
  add_executable(${name} ${test_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE leash_flags ${test_LIBRARIES} libleash)
  add_test(NAME ${name} COMMAND ${name} ${test_ARGUMENTS})
  leash_test_setup(${name} TIMEOUT ${test_TIMEOUT})
  set_tests_properties(${name} PROPERTIES LABELS runtime)
  if(leash_valgrind AND NOT test_NO_VALGRIND)
    add_test(NAME valgrind_${name}
      COMMAND ${leash_valgrind} $<TARGET_FILE:${name}> ${test_ARGUMENTS}
      ${test_VALGRIND_ARGUMENTS})
    leash_test_setup(valgrind_${name} TIMEOUT 300)
    set_tests_properties(valgrind_${name} PROPERTIES LABELS "runtime;valgrind")
  endif()
endfunction()
